// SPDX-License-Identifier: MPL-2.0
//! Clocks that are wrong: frames are output whatever their clock shows, and dropped only where a reference is missing.

use crate::families::{FAMILIES, FEEDS, Family, Shot, rising, shots, whole};
use testing::common::{
    collect::{Outcome, PadLog},
    make::START,
};

use gst::prelude::*;

const SECOND: u64 = 1_000_000_000;
/// Clocks of a recorder whose battery has failed, milliseconds since 1970: 1970-01-01 00:01:40, 0, and 2106-02-07.
const DEAD: [i64; 3] = [100_000, 0, 4_294_960_000_000];

/// One warning, of the clock. Where no NetVu record has a time, there is no clock to warn of.
fn warned_once(outcome: &Outcome, unset: bool, about: &str) {
    let warnings = &outcome.warnings;
    assert_eq!(warnings.len(), usize::from(!unset), "{about}: {warnings:?}");
    assert!(
        warnings.iter().all(|text| text.contains("clock")),
        "{about}: {warnings:?}"
    );
}

fn is_doubtful(pad: &PadLog) -> bool {
    let mut tags = pad.tags().into_iter();
    tags.any(|tags| {
        let tag = tags.generic("exp-clock-doubtful");
        tag.is_some_and(|tag| tag.get::<bool>().unwrap())
    })
}

fn each(shots: &[Shot], check: impl Fn(Family, Outcome, &str)) {
    for family in FAMILIES {
        let bytes = family.record(shots);
        for feed in FEEDS {
            let outcome = family.play(&bytes, feed, |_| {}).well();
            check(family, outcome, &format!("{family:?} {feed:?}"));
        }
    }
}

#[test]
fn a_dead_clock_costs_no_frame() {
    for dead in DEAD {
        let all = shots(96, |n| if dead == 0 { 0 } else { dead + 100 * n as i64 });
        each(&all, |family, outcome, about| {
            let about = format!("{about}, {dead} ms");
            let pad = outcome.pad("video_1");
            whole(pad, &all, &about);
            let unset = family == Family::NetVu && dead == 0;
            warned_once(&outcome, unset, &about);
            assert_eq!(is_doubtful(pad), !unset, "{about}");
            assert_eq!(outcome.stat("orphans"), 0, "{about}");
            // a clock that stands still is no time of day
            let dated = pad.frames().iter().any(|frame| frame.unix.is_some());
            assert_eq!(dated, dead != 0, "{about}");
        });
    }
}

#[test]
fn a_clock_that_is_dead_for_a_while_costs_no_frame() {
    for dead in DEAD {
        let all = shots(96, |n| match n {
            32..64 if dead == 0 => 0,
            32..64 => dead + 100 * (n as i64 - 32),
            _ => START + 100 * n as i64,
        });
        each(&all, |family, outcome, about| {
            let about = format!("{about}, {dead} ms");
            let pad = outcome.pad("video_1");
            let times = whole(pad, &all, &about);
            warned_once(&outcome, false, &about);
            assert!(is_doubtful(pad), "{about}");
            // a NetVu record whose time is 0 has none
            let unset = family == Family::NetVu && dead == 0;
            let steps = if unset { 0 } else { 2 };
            let counts = (outcome.stat("clock-steps"), outcome.stat("gaps"));
            assert_eq!(counts, (steps, 0), "{about}");
            assert!(times[95] < 12 * SECOND, "{about}: {}", times[95]);
        });
    }
}

#[test]
fn one_damaged_clock_is_mended_by_its_neighbours() {
    // three days ahead, years back, and one that cannot be
    for wrong in [START + 3 * 86_400_000, START - 200_000_000_000, 0] {
        let all = shots(200, |n| {
            if n == 101 {
                wrong
            } else {
                START + 100 * n as i64
            }
        });
        for family in FAMILIES {
            let bytes = family.record(&all);
            for (feed, policy) in FEEDS.into_iter().zip(["preserve", "collapse"]) {
                let about = format!("{family:?} {feed:?}, {wrong} ms");
                let set = |demux: &gst::Element| demux.set_property_from_str("gap-policy", policy);
                let outcome = family.play(&bytes, feed, set).well();
                let pad = outcome.pad("video_1");
                let times = whole(pad, &all, &about);
                assert!(
                    times[102] - times[100] < SECOND,
                    "{about}: {:?}",
                    &times[100..103]
                );
                assert!(times[199] < 22 * SECOND, "{about}: {}", times[199]);
                warned_once(&outcome, false, &about);
                let gaps = pad.gaps();
                assert!(
                    gaps.iter().all(|(_, length)| *length < 2 * SECOND),
                    "{about}: {gaps:?}"
                );
                assert_eq!(
                    (outcome.stat("gaps"), outcome.stat("clock-steps")),
                    (0, 0),
                    "{about}"
                );
            }
        }
    }
}

#[test]
fn two_swapped_clocks_cost_no_frame() {
    let all = shots(200, |n| {
        let place = match n {
            100 => 101,
            101 => 100,
            n => n,
        };
        START + 100 * place as i64
    });
    each(&all, |_, outcome, about| {
        let times = whole(outcome.pad("video_1"), &all, about);
        assert!(times[199] < 22 * SECOND, "{about}: {}", times[199]);
        assert_eq!(outcome.stat("orphans"), 0, "{about}");
    });
}

#[test]
fn a_clock_that_is_corrected_takes_no_reference_away() {
    // frame 44 stands between the keyframes 40 and 48
    for step in [-200, -3_600_000, 1500] {
        let all = shots(96, |n| {
            START + 100 * n as i64 + if n < 44 { 0 } else { step }
        });
        each(&all, |family, outcome, about| {
            let about = format!("{about}, step of {step} ms");
            whole(outcome.pad("video_1"), &all, &about);
            assert_eq!(outcome.stat("orphans"), 0, "{about}");
            let steps = outcome.stat("clock-steps");
            // 0.2 s do not show on a clock of whole seconds unless a second turns
            match step {
                -200 if family == Family::Plv1 => assert!(steps <= 1, "{about}: {steps}"),
                1500 => assert_eq!(steps, 0, "{about}"),
                _ => assert_eq!(steps, 1, "{about}"),
            }
        });
    }
}

#[test]
fn a_gap_without_a_keyframe_behind_it_drops_frames_until_one() {
    let all = shots(96, |n| {
        START + 100 * n as i64 + if n < 44 { 0 } else { 30_000 }
    });
    each(&all, |_, outcome, about| {
        let pad = outcome.pad("video_1");
        rising(pad, about);
        let frames = pad.frames();
        assert_eq!(frames.len(), 92, "{about}");
        assert!(frames[44].key && frames[44].discont, "{about}");
        assert_eq!(frames[44].vop(), all[48].1.bytes, "{about}");
        assert_eq!(
            (outcome.stat("orphans"), outcome.stat("gaps")),
            (4, 1),
            "{about}"
        );
    });
}
