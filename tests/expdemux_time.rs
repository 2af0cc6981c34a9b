// SPDX-License-Identifier: MPL-2.0
//! The recorder's clock becomes running time, and stands on every buffer.

use testing::common;

use common::{
    collect::{Chapter, Feed, Outcome, PadLog, run, run_with},
    make::{Coded, Exp, START, tiny, tiny_exp, tiny_timed},
    plv1::Avi,
};
use formats::reader::Mode;
use gst::prelude::*;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
/// A slot of the PLV1 timeline, 1001/30000 s.
const SLOT: u64 = 33_366_666;

fn both(bytes: &[u8], set: impl Fn(&gst::Element)) -> [Outcome; 2] {
    [Feed::Pull, Feed::Push(4096)].map(|feed| run_with(bytes, feed, &set).well())
}

/// Time, decoding time and duration are on every buffer, and time only goes on.
fn audio_times(pad: &PadLog) {
    let mut last = None;
    for (n, frame) in pad.frames().into_iter().enumerate() {
        let about = format!("{} buffer {n}: {frame:?}", pad.name);
        assert!(frame.pts.is_some() && frame.dts.is_some(), "{about}");
        assert!(frame.duration.is_some_and(|length| length > 0), "{about}");
        assert_eq!(frame.pts, frame.dts, "pictures are not reordered: {about}");
        assert!(last < frame.pts, "after {last:?}: {about}");
        last = frame.pts;
    }
}

fn times(pad: &PadLog) -> Vec<u64> {
    audio_times(pad);
    pad.frames().iter().map(|frame| frame.pts()).collect()
}

fn clocks(pad: &PadLog) -> Vec<u64> {
    let frames = pad.frames();
    frames
        .iter()
        .map(|frame| frame.unix.expect("recorder time"))
        .collect()
}

fn near(got: u64, expected: u64, by: u64, about: &str) {
    assert!(
        got.abs_diff(expected) <= by,
        "{about}: {got}, expected {expected}"
    );
}

#[test]
fn real_milliseconds_are_kept_to_the_last() {
    // unsteady on purpose
    let at = |n: usize| START + 100 * n as i64 + [0, 13, -9, 40, 2][n % 5];
    let made = tiny_timed(48, at);
    for outcome in both(&made.bytes, |_| {}) {
        let pad = outcome.pad("video_1");
        let expected = (0..48)
            .map(|n| (at(n) - START) as u64 * MS)
            .collect::<Vec<_>>();
        assert_eq!(times(pad), expected);
        let expected = (0..48).map(|n| at(n) as u64 * MS).collect::<Vec<_>>();
        assert_eq!(clocks(pad), expected);
    }
}

#[test]
fn whole_seconds_are_spread_over_the_second() {
    // milliseconds that say the same all through a second are none
    for same in [0, 77] {
        let made = tiny_timed(80, |n| START + n as i64 / 8 * 1000 + same);
        for outcome in both(&made.bytes, |_| {}) {
            let pad = outcome.pad("video_1");
            let expected = (0..80).map(|n| n * SECOND / 8).collect::<Vec<u64>>();
            assert_eq!(times(pad), expected, "milliseconds {same}");
            for (n, clock) in clocks(pad).into_iter().enumerate() {
                let second = (START / 1000) as u64 + n as u64 / 8;
                assert_eq!(clock / SECOND, second, "the recorder's second stays");
            }
            let caps = pad.caps()[0].to_string();
            assert!(caps.contains("framerate=(fraction)8/1"), "{caps}");
        }
    }
}

#[test]
fn the_recorder_s_seconds_may_hold_different_numbers_of_pictures() {
    let counts = [3, 7, 5, 8, 1, 7, 7, 6, 4];
    let mut exp = Exp::one(64, 48);
    let mut coded = tiny().iter();
    for (second, count) in counts.iter().enumerate() {
        for _ in 0..*count {
            exp.picture(START + second as i64 * 1000, coded.next().unwrap());
        }
    }
    for outcome in both(&exp.finish().bytes, |_| {}) {
        let pad = outcome.pad("video_1");
        let (times, clocks) = (times(pad), clocks(pad));
        let mut n = 0;
        for (second, count) in counts.iter().enumerate() {
            for clock in &clocks[n..n + count] {
                assert_eq!(clock / SECOND, (START / 1000) as u64 + second as u64);
            }
            // inside a whole second they stand evenly
            if second > 0 && second + 1 < counts.len() {
                for k in 1..*count {
                    let step = times[n + k] - times[n + k - 1];
                    near(step, SECOND / *count as u64, 2, "step");
                }
            }
            n += count;
        }
    }
}

#[test]
fn slots_place_the_pictures_of_plv1_inside_the_second() {
    // pictures stand at uneven slots; the AVI's own 29.97 frames per second are not believed
    let distances = [4, 4, 8, 4, 2, 6];
    let mut avi = Avi::new(64, 48);
    let (mut slot, mut placed) = (0_u64, Vec::new());
    for (n, coded) in tiny().iter().enumerate() {
        let second = slot * 1001 / 30_000;
        avi.picture((START / 1000) as u32 + second as u32, coded, 88);
        placed.push((second, slot));
        let distance = distances[n % distances.len()];
        avi.padding(distance as u32 - 1);
        slot += distance;
    }
    // the first slot of each second
    let begin = |second: u64| {
        placed
            .iter()
            .find(|(s, _)| *s == second)
            .map(|(_, slot)| *slot)
    };
    for outcome in both(&avi.finish(), |_| {}) {
        let pad = outcome.pad("video_1");
        let (times, clocks) = (times(pad), clocks(pad));
        assert_eq!(times.len(), 48);
        for (n, (second, slot)) in placed.iter().enumerate() {
            let about = format!("picture {n} in slot {slot}");
            // the second is the recorder's, the place inside it the slots'
            let (begins, ends) = (begin(*second).unwrap(), begin(second + 1));
            let inside = match ends {
                Some(ends) => (slot - begins) * SECOND / (ends - begins),
                None => (slot - begins) * SLOT,
            };
            near(times[n], second * SECOND + inside, 50, &about);
            near(
                clocks[n],
                START as u64 * MS + second * SECOND + inside,
                50,
                &about,
            );
        }
    }
}

#[test]
fn plv1_without_a_clock_goes_by_its_slots() {
    let mut avi = Avi::new(64, 48);
    for coded in tiny() {
        avi.plain(coded);
        avi.padding(3);
    }
    for outcome in both(&avi.finish(), |_| {}) {
        let pad = outcome.pad("video_1");
        for (n, got) in times(pad).iter().enumerate() {
            near(*got, n as u64 * 4 * 1001 * SECOND / 30_000, 1, "picture");
        }
        let caps = pad.caps()[0].to_string();
        assert!(caps.contains("framerate=(fraction)7500/1001"), "{caps}");
        // no recorder time is made up
        assert!(pad.frames().iter().all(|frame| frame.unix.is_none()));
    }
}

/// The pictures of two recordings, an hour apart.
fn gap_ms(n: usize) -> i64 {
    START + 100 * n as i64 + if n < 24 { 0 } else { 3_600_000 }
}

#[test]
fn a_gap_is_collapsed() {
    let made = tiny_timed(48, gap_ms);
    for outcome in both(&made.bytes, |_| {}) {
        let pad = outcome.pad("video_1");
        let expected = (0..48).map(|n| n * 100 * MS).collect::<Vec<u64>>();
        assert_eq!(times(pad), expected);
        let frames = pad.frames();
        assert!(frames[0].discont && frames[24].discont);
        assert_eq!(frames.iter().filter(|frame| frame.discont).count(), 2);
        assert_eq!(frames[24].unix, Some(gap_ms(24) as u64 * MS));
        assert_eq!(outcome.stat("gaps"), 1);
        assert_eq!(pad.gaps(), []);
    }
}

#[test]
fn a_gap_is_preserved() {
    let made = tiny_timed(48, gap_ms);
    for outcome in both(&made.bytes, |demux| {
        demux.set_property_from_str("gap-policy", "preserve");
    }) {
        let pad = outcome.pad("video_1");
        let expected = (0..48).map(|n| (gap_ms(n) - START) as u64 * MS);
        assert_eq!(times(pad), expected.collect::<Vec<_>>());
        assert!(pad.frames()[24].discont);
        let (from, to) = (2400 * MS, 3_602_400 * MS);
        assert_eq!(pad.gaps(), [(from, to - from)]);
    }
}

#[test]
fn a_step_is_a_gap_from_two_seconds_and_four_intervals_on() {
    // ten frames per second: 1.9 s are none, 2 s are one; a picture every 3 s: 11 s are none, 12 s are one
    for (interval, step, gaps) in [
        (100, 1900, 0),
        (100, 2000, 1),
        (3000, 11_000, 0),
        (3000, 12_000, 1),
    ] {
        let made = tiny_timed(48, |n| {
            START + interval * n as i64 + if n < 24 { 0 } else { step - interval }
        });
        for outcome in both(&made.bytes, |_| {}) {
            let about = format!("interval {interval}, step {step}");
            assert_eq!(outcome.stat("gaps"), gaps, "{about}");
            times(outcome.pad("video_1"));
            assert_eq!(outcome.pad("video_1").frames().len(), 48, "{about}");
        }
    }
}

#[test]
fn the_hour_that_daylight_saving_repeats_is_played_twice() {
    let back = |n: usize| START + 100 * n as i64 - if n < 24 { 0 } else { 3_600_000 };
    let made = tiny_timed(48, back);
    for policy in ["collapse", "preserve"] {
        for outcome in both(&made.bytes, |demux| {
            demux.set_property_from_str("gap-policy", policy);
        }) {
            let pad = outcome.pad("video_1");
            let expected = (0..48).map(|n| n * 100 * MS).collect::<Vec<u64>>();
            assert_eq!(times(pad), expected, "{policy}");
            let expected = (0..48).map(|n| back(n) as u64 * MS).collect::<Vec<_>>();
            assert_eq!(clocks(pad), expected);
            assert!(pad.frames()[24].discont);
            assert_eq!((outcome.stat("clock-steps"), outcome.stat("gaps")), (1, 0));
        }
    }
}

#[test]
fn pictures_without_a_reference_after_a_gap_are_dropped() {
    // the second recording begins with five P pictures
    let mut exp = Exp::one(64, 48);
    for (n, coded) in tiny()[..16].iter().enumerate() {
        exp.picture(START + 100 * n as i64, coded);
    }
    for (n, coded) in tiny()[19..40].iter().enumerate() {
        exp.picture(START + 90_000 + 100 * n as i64, coded);
    }
    let made = exp.finish();
    for outcome in both(&made.bytes, |_| {}) {
        let pad = outcome.pad("video_1");
        assert_eq!(outcome.stat("orphans"), 5);
        let frames = pad.frames();
        assert_eq!(frames.len(), 16 + 16);
        assert!(frames[16].key && frames[16].discont);
        assert_eq!(frames[16].vop(), tiny()[24].bytes);
        times(pad);
    }
    for outcome in both(&made.bytes, |demux| {
        demux.set_property("drop-orphans", false)
    }) {
        assert_eq!(outcome.pad("video_1").frames().len(), 16 + 21);
        assert_eq!(outcome.stat("orphans"), 0);
    }
}

fn first_date(pad: &PadLog) -> String {
    let tags = pad.tags().into_iter();
    let mut dates =
        tags.filter_map(|list| Some(list.get::<gst::tags::DateTime>()?.get().to_string()));
    dates.next().expect("a date")
}

#[test]
fn the_clock_may_be_local() {
    let made = tiny_exp(16);
    // the file's header says 300 minutes west
    for (clock, offset, unix, date) in [
        ("utc", None, START, "2009-11-10T14:15:30Z"),
        ("local", None, START + 300 * 60_000, "2009-11-10T19:15:30Z"),
        (
            "local",
            Some(60),
            START - 60 * 60_000,
            "2009-11-10T13:15:30Z",
        ),
        ("utc", Some(60), START, "2009-11-10T14:15:30Z"),
    ] {
        for outcome in both(&made.bytes, |demux| {
            demux.set_property_from_str("recorder-clock", clock);
            if let Some(minutes) = offset {
                demux.set_property("utc-offset", minutes);
            }
        }) {
            let pad = outcome.pad("video_1");
            let about = format!("{clock}, {offset:?}");
            let expected = (0..16).map(|n| (unix + 100 * n) as u64 * MS);
            assert_eq!(clocks(pad), expected.collect::<Vec<_>>(), "{about}");
            assert_eq!(first_date(pad), date, "{about}");
            // running time has nothing to do with it
            assert_eq!(times(pad)[1], 100 * MS);
        }
    }
}

/// Three runs: motion, alarm, and the clock stepped back an hour.
fn three_runs() -> Vec<u8> {
    let mut exp = Exp::one(64, 48);
    for (n, coded) in tiny().iter().enumerate() {
        let shift = [0, 600_000, -3_600_000][n / 16];
        let mode = [Mode::Motion, Mode::Alarm, Mode::Unknown][n / 16];
        exp.camera(1, START + 100 * n as i64 + shift, mode, coded);
    }
    exp.finish().bytes
}

#[test]
fn the_table_of_contents_has_the_runs_in_local_time() {
    let bytes = three_runs();
    let chapter = |title: &str, start: u64, stop: u64| Chapter {
        title: title.to_owned(),
        start: (start * MS) as i64,
        stop: (stop * MS) as i64,
    };
    let outcome = run(&bytes, Feed::Pull).well();
    let expected = [
        chapter("2009-11-10 09:15:30-05:00, motion", 0, 1600),
        chapter("2009-11-10 09:25:31-05:00, alarm", 1600, 3200),
        chapter("2009-11-10 08:15:33-05:00", 3200, 4800),
    ];
    assert_eq!(outcome.pad("video_1").toc(), Some(expected.as_slice()));
    let local = run_with(&bytes, Feed::Pull, |demux| {
        demux.set_property_from_str("recorder-clock", "local");
        demux.set_property("utc-offset", 330);
    });
    let local = local.well();
    let toc = local.pad("video_1").toc().unwrap();
    assert_eq!(toc[0].title, "2009-11-10 14:15:30+05:30, motion");
    assert_eq!(toc[1].title, "2009-11-10 14:25:31+05:30, alarm");
    let kept = run_with(&bytes, Feed::Pull, |demux| {
        demux.set_property_from_str("gap-policy", "preserve");
    });
    let toc = kept.well().pad("video_1").toc().unwrap().to_vec();
    assert_eq!(
        (toc[1].start, toc[2].start),
        ((601_600 * MS) as i64, (603_200 * MS) as i64)
    );
}

#[test]
fn cameras_share_one_running_time() {
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (2, 64, 48, "Yard")]);
    let stay = |coded: &Coded| coded.clone();
    for (n, coded) in tiny().iter().map(stay).enumerate() {
        exp.camera(1, START + 100 * n as i64, Mode::Motion, &coded);
        exp.camera(2, START + 100 * n as i64 + 33, Mode::Motion, &coded);
    }
    for outcome in both(&exp.finish().bytes, |_| {}) {
        let (one, two) = (times(outcome.pad("video_1")), times(outcome.pad("video_2")));
        assert_eq!(one.len(), 48);
        for (n, (one, two)) in one.iter().zip(&two).enumerate() {
            assert_eq!(
                (*one, *two),
                (n as u64 * 100 * MS, (n as u64 * 100 + 33) * MS)
            );
        }
    }
}

#[test]
fn a_recording_without_an_interval_has_no_frame_rate() {
    let steps = [40, 300, 30, 570, 100, 640, 20, 880];
    let at = |n: usize| START + (0..n).map(|k| steps[k % 8]).sum::<i64>();
    let made = tiny_timed(48, at);
    for outcome in both(&made.bytes, |_| {}) {
        let pad = outcome.pad("video_1");
        let expected = (0..48).map(|n| (at(n) - START) as u64 * MS);
        assert_eq!(times(pad), expected.collect::<Vec<_>>());
        let caps = pad.caps()[0].to_string();
        assert!(caps.contains("framerate=(fraction)0/1"), "{caps}");
    }
}
