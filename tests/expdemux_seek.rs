// SPDX-License-Identifier: MPL-2.0
//! Every kind of seek, each compared with the run from start to end.

use testing::seek_tools;

use seek_tools::*;
use std::collections::BTreeMap;

const FLUSH: gst::SeekFlags = gst::SeekFlags::FLUSH;
const ACCURATE: gst::SeekFlags = gst::SeekFlags::ACCURATE;

type Run = BTreeMap<String, Vec<Frame>>;

/// The frames of `all` from the last keyframe at or before `time` on.
fn from_key(all: &[Frame], time: u64) -> &[Frame] {
    let key = all.iter().rposition(|frame| frame.key && frame.pts <= time);
    &all[key.unwrap_or(0)..]
}

fn assert_same(have: &[Frame], want: &[Frame], what: &str) {
    for (n, (one, other)) in have.iter().zip(want).enumerate() {
        assert!(
            one.same(other),
            "{what}: frame {n}: {one:?} where {other:?} was expected"
        );
    }
    assert_eq!(have.len(), want.len(), "{what}: number of frames");
    assert!(
        have.first().is_none_or(|first| first.discont),
        "{what}: no DISCONT"
    );
}

/// Seeks to random times in a playing pipeline; what follows must be what the straight run has there.
fn random_seeks(plan: &Plan, push: bool, seeks: u64, settings: &[(&str, &str)]) {
    let file = file(&build(plan));
    let all: Run = straight(file.path(), false, settings);
    let end = all.values().flatten().map(|frame| frame.pts).max().unwrap();
    let mut dice = Dice(plan.seed + 77);
    let player = Player::new(file.path(), push, settings);
    player.play();
    player.wait_end();
    player.take();
    for n in 0..seeks {
        let time = dice.below(end + 1_000_000_000);
        let what = format!("{plan:?} seek {n} to {time}");
        let (done, seqnum) = player.seek(1.0, FLUSH | ACCURATE, time, None);
        assert!(done, "{what}");
        player.wait_end();
        let notes = player.take();
        for (pad, frames_of_all) in &all {
            let notes = after_flush(&notes[pad]);
            let have = frames(notes);
            let want = from_key(frames_of_all, time.min(end));
            if plan.cameras == 1 {
                assert_same(&have, want, &what);
            } else {
                // a camera without a keyframe in this run before the time begins with the next one
                let first = have.first().map(|frame| frame.number);
                let at = frames_of_all
                    .iter()
                    .position(|frame| Some(frame.number) == first);
                assert_same(&have, &frames_of_all[at.unwrap()..], &what);
                assert!(have[0].key, "{what}");
            }
            for note in notes {
                match note {
                    Note::Segment(segment, number) => {
                        assert_eq!(*number, seqnum, "{what}");
                        assert!(segment.start().unwrap().nseconds() <= time, "{what}");
                    }
                    Note::Eos(number) => assert_eq!(*number, seqnum, "{what}"),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn frame_after_a_seek_is_that_of_the_straight_run() {
    for seed in 1..=24 {
        let mut dice = Dice(seed * 7919);
        let plan = Plan {
            seed,
            pictures: 60 + dice.below(600),
            interval: [1000.0 / 7.5, 40.0, 33.3667, 100.0, 500.0][dice.below(5) as usize],
            group: 1 + dice.below(20),
            gaps: [0, 0, 100, 12, 4][dice.below(5) as usize],
            back: dice.below(3) == 0,
            header: dice.below(4) != 0,
            index: dice.below(2) == 0,
            ..Plan::default()
        };
        let policy = if seed % 3 == 0 {
            "preserve"
        } else {
            "collapse"
        };
        random_seeks(&plan, false, 5, &[("gap-policy", policy)]);
    }
}

#[test]
fn whole_second_clocks_are_placed_as_in_the_straight_run() {
    for seed in 100..=108 {
        let plan = Plan {
            seed,
            seconds: true,
            gaps: if seed % 2 == 0 { 60 } else { 0 },
            index: seed % 3 == 0,
            ..Plan::default()
        };
        random_seeks(&plan, false, 6, &[]);
    }
}

#[test]
fn cameras_stay_in_step() {
    for seed in 200..=206 {
        let plan = Plan {
            seed,
            cameras: 2 + (seed % 3) as u16,
            gaps: if seed % 2 == 0 { 80 } else { 0 },
            ..Plan::default()
        };
        random_seeks(&plan, false, 4, &[]);
    }
}

#[test]
fn push_mode_seeks_by_bytes() {
    for seed in 300..=304 {
        let plan = Plan {
            seed,
            pictures: 3000,
            ..Plan::default()
        };
        let file = file(&build(&plan));
        let all: Run = straight(file.path(), true, &[]);
        let frames_of_all = &all["video_1"];
        let player = Player::new(file.path(), true, &[]);
        player.play();
        player.wait_end();
        player.take();
        let mut dice = Dice(seed);
        for _ in 0..4 {
            let time = dice.below(frames_of_all.last().unwrap().pts);
            let (done, seqnum) = player.seek(1.0, FLUSH | ACCURATE, time, None);
            assert!(done);
            player.wait_end();
            let notes = player.take();
            let notes = after_flush(&notes["video_1"]);
            let have = frames(notes);
            let at = frames_of_all
                .iter()
                .position(|frame| frame.number == have[0].number)
                .unwrap();
            assert_same(&have, &frames_of_all[at..], "push");
            assert!(
                have[0].key && (have[0].pts <= time || at == 0),
                "{seed}: {time}: {:?}",
                have[0]
            );
            let segment = notes.iter().find_map(|note| match note {
                Note::Segment(segment, number) => {
                    Some((segment.start().unwrap().nseconds(), *number))
                }
                _ => None,
            });
            assert_eq!(segment, Some((time, seqnum)));
        }
    }
}
