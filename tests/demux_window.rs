// SPDX-License-Identifier: MPL-2.0
//! What a window costs that is played backwards.

use crate::families::{FAMILIES, Family, Stage};
use testing::common::make::{Coded, START, tiny};

use gst::prelude::*;

const SECOND: u64 = 1_000_000_000;
/// Bytes of a frame, and frames of a group.
const FRAME: usize = 40_000;
const GROUP: usize = 8;
/// Opening a file reads this at most: its head, and places where late cameras are looked for.
const OPENING: usize = 3 << 20;
/// A survey of a file without an index may read this before it plays.
const SURVEY: usize = 3 << 19;
/// 120 s of large frames, ten per second.
fn recording(family: Family) -> Vec<u8> {
    let large: Vec<Coded> = tiny()
        .iter()
        .take(GROUP)
        .map(|coded| {
            let mut bytes = coded.bytes.clone();
            bytes.resize(FRAME, 0x55);
            Coded {
                bytes,
                ..coded.clone()
            }
        })
        .collect();
    let large: &'static [Coded] = large.leak();
    let frames = large.iter().cycle().take(1200).enumerate();
    let shots: Vec<_> = frames
        .map(|(n, coded)| (START + 100 * n as i64, coded))
        .collect();
    family.record(&shots)
}

#[test]
fn a_window_played_backwards_reads_no_more_than_the_group_below_its_start() {
    for family in FAMILIES {
        let stage = Stage::new(family, &recording(family), false);
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
        // begins in the middle of a group
        assert!(stage.seek(-1.0, flags, 60 * SECOND + SECOND / 2, Some(64 * SECOND)));
        stage.play();
        stage.end();
        let frames = stage.frames("video_1");
        let shown = 35..=35 + GROUP;
        assert!(
            shown.contains(&frames.len()),
            "{family:?}: {}",
            frames.len()
        );
        let least = frames.iter().map(|frame| frame.pts()).min().unwrap();
        assert!(least >= 59 * SECOND, "{family:?}: {least}");
        let window = (35 + 2 * GROUP) * FRAME;
        let stats = stage.demux.property::<gst::Structure>("stats");
        let cost = stats.get::<u64>("bytes-read").unwrap() as usize;
        // ranges are read with as much around them as places their frames in time
        assert!(
            cost <= OPENING + SURVEY + 3 * window,
            "{family:?}: {cost} bytes for {window}"
        );
        assert!(cost >= 35 * FRAME, "{family:?}: {cost}");
    }
}
