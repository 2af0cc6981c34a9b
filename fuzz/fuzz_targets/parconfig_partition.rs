// SPDX-License-Identifier: MPL-2.0
//! The effective configuration of any bytes: as they are, and behind the magic of a partition.
#![no_main]

use parconfig::picture::recorded_svg;
use parconfig::recording::Effective;
use parconfig::sniff::{Kind, sniff};

fn read(bytes: &[u8]) {
    let mut source = bytes;
    let Ok(Kind::Recording(format)) = sniff(&mut source) else {
        return;
    };
    let Ok(found) = Effective::read(bytes, &format);
    recorded_svg(&found);
    found.compare(&found.config());
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    read(input);
    read(&[b"PAR\0\x01\x02\x03\x04", input].concat());
});
