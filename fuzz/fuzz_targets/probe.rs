// SPDX-License-Identifier: MPL-2.0
#![no_main]
//! Telling what a file is: an answer always comes, and a file that is shown whole needs no more bytes.
use formats::exp::probe::{Probe, probe};
use formats::reader::Window;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let whole = Window {
        offset: 0,
        data,
        last: true,
        unread: 0,
    };
    assert!(!matches!(probe(&whole), Probe::Need(_)));
    let part = Window {
        offset: 0,
        data: &data[..data.len() / 2],
        last: false,
        unread: 0,
    };
    if let Probe::Need(bytes) = probe(&part) {
        assert!(bytes > part.data.len());
    }
});
