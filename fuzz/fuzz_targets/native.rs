// SPDX-License-Identifier: MPL-2.0
#![no_main]
use testing::driver;

use std::sync::LazyLock;

use formats::exp::layout::Layout;
use formats::exp::probe::open_layout;

static LAYOUT: LazyLock<Layout> = LazyLock::new(|| Layout::built_in("reference").unwrap());

libfuzzer_sys::fuzz_target!(|input: &[u8]| driver::run(|| open_layout(LAYOUT.clone()), input));
