// SPDX-License-Identifier: MPL-2.0
//! Files of which nobody said what they are: the layout is inferred from the records, the picture size from the pictures.

use testing::common;
use testing::layouts::{self, Recording};

use common::{
    collect::{Feed, Outcome, run, run_with},
    make::{Exp, START, mpeg4, pictures},
};
use layouts::frames::{Coding, families};
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Random layouts that are played.
const LAYOUTS: usize = 16;

fn sizes(outcome: &Outcome, pad: &str) -> Vec<(i32, i32)> {
    let caps = outcome.pad(pad).caps();
    caps.iter()
        .filter_map(|caps| caps.structure(0))
        .map(|caps| (caps.get("width").unwrap(), caps.get("height").unwrap()))
        .collect()
}

/// A picture without the headers before it, which the demuxer may have put there.
fn coded(bytes: &[u8]) -> Vec<u8> {
    let at = memchr::memmem::find(bytes, &[0, 0, 1, 0xb6]).expect("a picture");
    bytes[at..].to_vec()
}

/// Every picture of all cameras.
fn expected(made: &Recording) -> Vec<Vec<u8>> {
    let mut all: Vec<_> = made.truth.iter().map(|truth| coded(&truth.bytes)).collect();
    all.sort();
    all
}

fn played(outcome: &Outcome) -> Vec<Vec<u8>> {
    let video = outcome
        .pads
        .iter()
        .filter(|pad| pad.name.starts_with("video"));
    let mut all: Vec<_> = video
        .flat_map(|pad| pad.frames())
        .map(|frame| coded(&frame.data))
        .collect();
    all.sort();
    all
}

#[test]
fn layouts_nobody_described_play() {
    let families = families();
    let (mut whole, mut refused) = (0, 0);
    let fits = |made: &Recording| made.plan.coding == Coding::Mpeg4 && made.plan.damage == 0;
    let recordings = (0..)
        .map(|seed| layouts::recording(seed, &families))
        .filter(fits);
    for (seed, made) in (0_u64..).zip(recordings.take(LAYOUTS)) {
        let feed = if seed % 4 == 3 {
            Feed::Push(40_000)
        } else {
            Feed::Pull
        };
        // gaps in the recording leave pictures without a reference
        let outcome = run_with(&made.file, feed, |demux| {
            gst::prelude::ObjectExt::set_property(demux, "drop-orphans", false);
        });
        if let Some((_, debug, wrong_type)) = &outcome.error {
            assert!(*wrong_type && debug.contains("frames"), "{seed}: {debug}");
            refused += 1;
            continue;
        }
        let reported = outcome
            .warnings
            .iter()
            .any(|text| text.contains("layout of the records was inferred"));
        assert!(reported, "{seed}: {:?}", outcome.warnings);
        whole += usize::from(expected(&made) == played(&outcome));
    }
    println!("{LAYOUTS} random layouts: {whole} play with every picture, {refused} are refused");
    assert!(whole * 10 >= LAYOUTS * 8, "{whole} of {LAYOUTS}");
}

#[test]
fn what_shows_no_layout_is_refused_with_the_reason() {
    let mut random = StdRng::seed_from_u64(3);
    let noise: Vec<u8> = (0..300_000).map(|_| random.random()).collect();
    let (_, debug, wrong_type) = run(&noise, Feed::Pull).error.expect("an error");
    assert!(wrong_type, "{debug}");
    assert!(debug.contains("no layout can be inferred"), "{debug}");
}

#[test]
fn a_named_layout_is_not_inferred_away() {
    let made = common::make::tiny_exp(40);
    let outcome = run_with(&made.records_only(), Feed::Pull, |demux| {
        gst::prelude::ObjectExt::set_property(demux, "layout", "reference");
    })
    .well();
    assert!(
        !outcome
            .warnings
            .iter()
            .any(|text| text.contains("inferred"))
    );
    assert_eq!(outcome.pad("video_1").frames().len(), 40);
}

#[test]
fn keyframes_show_their_size_where_no_header_does() {
    for (width, height) in [(352, 240), (352, 288), (704, 240), (704, 480), (704, 576)] {
        let coded = pictures(&mpeg4(&format!("{width}x{height}"), "8", 16, &[]));
        let mut exp = Exp::one(width, height);
        for (n, coded) in coded.iter().enumerate() {
            exp.picture(START + 125 * n as i64, coded);
        }
        let made = exp.finish();
        for feed in [Feed::Pull, Feed::Push(10_000)] {
            let outcome = run(&made.records_only(), feed).well();
            let size = (i32::from(width), i32::from(height));
            assert_eq!(sizes(&outcome, "video_1"), [size]);
            let assumed = outcome.warnings.iter().any(|text| text.contains("assumed"));
            assert!(!assumed, "{:?}", outcome.warnings);
        }
    }
}

#[test]
fn a_size_that_no_keyframe_shows_is_called_assumed() {
    // pictures that are noise behind their headers
    let mut exp = Exp::one(352, 240);
    let mut random = StdRng::seed_from_u64(5);
    // two keyframes: no more may come to tell it
    for n in 0..20 {
        let key = n % 10 == 0;
        let mut vop = vec![0, 0, 1, 0xb6, if key { 0x10 } else { 0x50 }, 0x60, 0x95];
        vop.extend((0..400).map(|_| random.random_range(1..=255_u8)));
        let coded = common::make::Coded { bytes: vop, key };
        exp.picture(START + 125 * n, &coded);
    }
    let outcome = run(&exp.finish().records_only(), Feed::Pull).well();
    let assumed = |text: &&String| text.contains("352x240 is assumed");
    assert_eq!(outcome.warnings.iter().filter(assumed).count(), 1);
    assert_eq!(sizes(&outcome, "video_1"), [(352, 240)]);
}
