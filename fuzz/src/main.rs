// SPDX-License-Identifier: MPL-2.0
//! The fuzz targets. `FUZZ_TARGET` names the one to run, `FUZZ_SEEDS` a folder to write seeds for all of them into.
#![no_main]

mod seeds;
mod texts;

use formats::{
    exp::{
        infer::infer,
        probe::{Probe, open_inferred, probe},
    },
    netvu,
    reader::Window,
    recording::{Formats, Opened, open},
};
use parconfig::{
    picture::recorded_svg,
    recording::Effective,
    sniff::{Kind, sniff},
};
use std::sync::LazyLock;
use testing::{driver, operations};

type Target = fn(&[u8]);

/// Name and function of each target.
const TARGETS: [(&str, Target); 7] = [
    ("readers", driver::readers),
    ("probes", probes),
    ("infer", inference),
    ("texts", texts::run),
    ("partition", partition),
    ("pipeline", operations::run),
    ("round_trip", operations::round_trip),
];

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    match TARGETS.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => *target,
        None => {
            let names = TARGETS.map(|(name, _)| name);
            panic!("FUZZ_TARGET={name}: expected one of {}", names.join(", "))
        }
    }
});

/// Before the first input.
fn prepare() {
    if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
        seeds::write(folder.as_ref());
        std::process::exit(0);
    }
    LazyLock::force(&TARGET);
}

libfuzzer_sys::fuzz_target!(init: prepare(), |input: &[u8]| TARGET(input));

/// What a file is: an answer always comes, and a file that is shown whole needs no more bytes. The typefinders look at the same
/// bytes.
fn probes(data: &[u8]) {
    let window = |data, last| Window {
        offset: 0,
        data,
        last,
        unread: None,
    };
    let whole = window(data, true);
    assert!(!matches!(probe(&whole), Probe::Need(_)));
    for formats in [Formats::Exp, Formats::NetVu, Formats::All] {
        assert!(!matches!(open(&whole, formats), Opened::Need(_)));
    }
    let half = &data[..data.len() / 2];
    if let Probe::Need(bytes) = probe(&window(half, false)) {
        assert!(bytes > half.len());
    }
    if let Some((_, score)) = netvu::probe(data) {
        assert!((1..=100).contains(&score));
    }
    testing::common::init();
    // typefinders say nothing of an empty buffer
    if !data.is_empty() {
        let _ = gst_base::type_find_helper_for_data(None::<&gst::Object>, data);
    }
}

/// Inferred layouts read the file they come from as every reader does.
fn inference(data: &[u8]) {
    if let Ok(found) = infer(data)
        && found.is_readable()
    {
        driver::run(|| open_inferred(found.layout.clone(), String::new()), data);
    }
}

/// The effective configuration of any bytes: as they are, and behind the magic of a partition.
fn partition(input: &[u8]) {
    for bytes in [input.to_vec(), [b"PAR\0\x01\x02\x03\x04", input].concat()] {
        let Ok(Kind::Recording(format)) = sniff(&mut &bytes[..]) else {
            continue;
        };
        let Ok(found) = Effective::read(&bytes[..], &format);
        recorded_svg(&found);
        found.compare(&found.config());
    }
}
