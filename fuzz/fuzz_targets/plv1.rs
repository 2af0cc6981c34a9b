// SPDX-License-Identifier: MPL-2.0
#![no_main]
#[path = "../driver.rs"]
mod driver;

use std::sync::LazyLock;

use gstexp::container::exp::layout::Layout;
use gstexp::container::exp::probe::open_layout;

static LAYOUT: LazyLock<Layout> = LazyLock::new(|| Layout::built_in("plv1").unwrap());

libfuzzer_sys::fuzz_target!(|input: &[u8]| driver::run(|| open_layout(LAYOUT.clone()), input));
