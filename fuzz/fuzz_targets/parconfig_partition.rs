// SPDX-License-Identifier: MPL-2.0
//! The effective configuration of any bytes: as they are, and behind the magic of a partition.
#![no_main]

use parconfig::compare::compare;
use parconfig::effective::Effective;
use parconfig::picture::recorded_svg;

fn read(bytes: &[u8]) {
    let Ok(found) = Effective::read(bytes, "input") else {
        return;
    };
    recorded_svg(&found);
    let config = found.config();
    compare(&config, &found);
    for camera in found.cameras.values() {
        assert!(camera.spans.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    read(input);
    read(&[b"PAR\0\x01\x02\x03\x04", input].concat());
});
