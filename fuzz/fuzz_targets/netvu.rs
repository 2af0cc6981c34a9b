// SPDX-License-Identifier: MPL-2.0
#![no_main]
use testing::driver;

use formats::netvu::{Kind, open, probe};

const KINDS: [Kind; 5] = [
    Kind::Binary,
    Kind::Mime,
    Kind::Raw,
    Kind::Sprite,
    Kind::Partition,
];

// The first byte picks the form.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((form, input)) = input.split_first() else {
        return;
    };
    let kind = KINDS[usize::from(*form) % KINDS.len()];
    let _ = probe(driver::split(input).1);
    driver::run(|| open(kind), input);
});
