// SPDX-License-Identifier: MPL-2.0
//! Audio against the recorder's clock, and audio that is longer than the video.

use crate::families::{FAMILIES, FEEDS, Family, Stage};
use testing::{
    common::{
        collect::{Ev, Feed, Outcome},
        make::{Exp, START, tiny},
        plv1::{Avi, Wave},
    },
    netvu_make::{Made, audio, packet},
};

use formats::reader::Codec;
use gst::prelude::*;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
/// Audio begins so much later than video, milliseconds: a NetVu clock is sure of its fraction once a second has turned.
const LEAD: i64 = 2000;
/// Bytes of a record of half a second: mu-law, and ADPCM with the 4 bytes of its header.
const MU_LAW: usize = 4000;
const ADPCM: usize = 2004;

/// Frames every 200 ms for `video` ms, and records of half a second of audio every `step` ms for `audio` ms.
fn recording(family: Family, video: i64, audio: i64, step: i64) -> Vec<u8> {
    record(family, 0, video, LEAD, audio, step)
}

/// The same with frames from `begin` ms and audio from `lead` ms on.
fn record(family: Family, begin: i64, video: i64, lead: i64, audio: i64, step: i64) -> Vec<u8> {
    let mut frames = tiny()
        .iter()
        .cycle()
        .enumerate()
        .map(|(n, coded)| (begin + 200 * n as i64, coded));
    let mut pieces = (0..)
        .map(|n| lead + step * n)
        .take_while(|ms| *ms < audio)
        .peekable();
    let mut exp = Exp::one(64, 48);
    let mut avi = Avi::new(64, 48).wave(Wave {
        tag: 7,
        rate: 8000,
        bits: 8,
        align: 1,
    });
    let mut net = Vec::new();
    loop {
        let frame = frames.next().filter(|(ms, _)| *ms < video);
        let before = frame.map_or(i64::MAX, |(ms, _)| ms);
        while let Some(ms) = pieces.next_if(|ms| *ms < before && before == begin) {
            audio_block(family, &mut exp, &mut avi, &mut net, ms);
        }
        if let Some((ms, coded)) = frame {
            match family {
                Family::Exp => exp.picture(START + ms, coded),
                Family::Plv1 => {
                    avi.picture(((START + ms) / 1000) as u32, coded, 88);
                    avi.padding(5);
                }
                Family::NetVu => net.extend(
                    Made {
                        format: if coded.key { 3 } else { 2 },
                        unix_ms: (START + ms) as u64,
                        payload: coded.bytes.clone(),
                        size: (64, 48),
                        ..Made::default()
                    }
                    .packet(),
                ),
            }
        }
        let until = frame.map_or(i64::MAX, |(ms, _)| ms + 200);
        while let Some(ms) = pieces.next_if(|ms| *ms < until) {
            audio_block(family, &mut exp, &mut avi, &mut net, ms);
        }
        if frame.is_none() {
            break;
        }
    }
    match family {
        Family::Exp => exp.finish().bytes,
        Family::Plv1 => avi.finish(),
        Family::NetVu => net,
    }
}

fn audio_block(family: Family, exp: &mut Exp, avi: &mut Avi, net: &mut Vec<u8>, ms: i64) {
    match family {
        Family::Exp => exp.audio(1, START + ms, Codec::MuLaw, 8000, &[0x55; MU_LAW]),
        Family::Plv1 => avi.audio(&[0x55; MU_LAW]),
        Family::NetVu => net.extend(packet(4, 0, &audio((START + ms) as u64, ADPCM))),
    }
}

/// Audio buffers, recorded every `step` ms, stay within 200 ms of the recorder's clock; how often they were corrected.
fn follows(outcome: &Outcome, step: i64, about: &str) -> usize {
    let pad = outcome.pad("audio_1");
    // NetVu frames have a counter for the fraction of their second: where their clock begins shows on the first
    let begins = outcome.pad("video_1").frames()[0].unix.unwrap();
    let mut end = 0;
    let mut last = None;
    let mut corrected = 0;
    for (n, frame) in pad.frames().into_iter().enumerate() {
        let recorded = match frame.unix {
            Some(unix) => unix.saturating_sub(begins),
            None => (LEAD as u64 + n as u64 * step as u64) * MS,
        };
        let off = frame.pts().abs_diff(recorded);
        assert!(off <= 200 * MS, "{about}: buffer {n} is {off} ns off");
        assert!(last < frame.pts, "{about}: buffer {n}");
        if n > 0 {
            let jumps = frame.pts().abs_diff(end) > MS;
            assert_eq!(
                frame.discont,
                jumps,
                "{about}: buffer {n}, {end} to {}",
                frame.pts()
            );
            corrected += usize::from(jumps);
        }
        last = frame.pts;
        end = frame.pts() + frame.duration.unwrap();
    }
    corrected
}

#[test]
fn audio_that_drifts_is_corrected_in_both_directions() {
    const LENGTH: i64 = 1_800_000;
    // the recorder's clock runs 3 % faster than the audio, and slower
    for step in [515, 485] {
        for family in FAMILIES {
            let bytes = recording(family, LENGTH, LENGTH, step);
            let about = format!("{family:?}, {step} ms");
            let outcome = family.play(&bytes, Feed::Pull, |_| {}).well();
            let count = outcome.pad("audio_1").frames().len();
            assert!(count as i64 >= (LENGTH - LEAD) / step, "{about}");
            // 54 s in steps of 150 ms; of 100 ms and more where only the frames around a block show its time
            let corrected = follows(&outcome, step, &about);
            let most = if family == Family::Plv1 { 560 } else { 375 };
            assert!((250..=most).contains(&corrected), "{about}: {corrected}");
        }
    }
}

#[test]
fn audio_that_begins_before_the_first_frame_is_never_corrected() {
    for family in FAMILIES {
        let bytes = record(family, 1300, 60_000, 0, 60_000, 500);
        for feed in FEEDS {
            let about = format!("{family:?} {feed:?}");
            let outcome = family.play(&bytes, feed, |_| {}).well();
            let audio = outcome.pad("audio_1").frames();
            for f in audio.iter().take(8) {
                eprintln!("{about} a {} {:?} {}", f.pts(), f.unix, f.discont);
            }
            for f in outcome.pad("video_1").frames().iter().take(4) {
                eprintln!("{about} v {} {:?} {}", f.pts(), f.unix, f.discont);
            }
            let again = audio.iter().skip(1).filter(|frame| frame.discont);
            assert_eq!(again.count(), 0, "{about}");
            let video = outcome.pad("video_1").frames();
            // the AVI has no clock for audio: it follows the frame before it
            let Some(begins) = audio[0].unix else {
                continue;
            };
            assert_eq!(audio[0].pts(), 0, "{about}");
            for frame in video.iter().chain(&audio) {
                let off = frame.pts().abs_diff(frame.unix.unwrap() - begins);
                assert!(off <= 200 * MS, "{about}: {off}");
            }
            let duration = 60_000_u64.abs_diff(audio.last().unwrap().pts() / MS + 500);
            assert!(duration <= 300, "{about}: {duration}");
        }
    }
}

#[test]
fn audio_without_drift_is_never_corrected() {
    for family in [Family::Exp, Family::NetVu, Family::Plv1] {
        let bytes = recording(family, 60_000, 60_000, 500);
        for feed in FEEDS {
            let about = format!("{family:?} {feed:?}");
            let outcome = family.play(&bytes, feed, |_| {}).well();
            assert_eq!(follows(&outcome, 500, &about), 0, "{about}");
        }
    }
}

#[test]
fn audio_behind_the_video_counts_and_can_be_sought_in() {
    for family in FAMILIES {
        let bytes = recording(family, 30_000, 60_000, 500);
        for push in [false, true] {
            let about = format!("{family:?} pushed: {push}");
            let stage = Stage::new(family, &bytes, push);
            stage.play();
            stage.end();
            assert_eq!(stage.frames("audio_1").len(), 116, "{about}");
            let duration = stage.demux.src_pads()[0].query_duration::<gst::ClockTime>();
            let duration = duration.unwrap().mseconds();
            assert!((59_500..=60_500).contains(&duration), "{about}: {duration}");
            let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
            assert!(stage.seek(1.0, flags, 45 * SECOND, None), "{about}");
            stage.end();
            let frames = stage.frames("audio_1");
            let first = frames.first().expect(&about).pts();
            assert!(first <= 45 * SECOND, "{about}: {first}");
            assert!(frames.last().unwrap().pts() >= 59 * SECOND, "{about}");
            let segments =
                stage
                    .since_flush("audio_1")
                    .into_iter()
                    .filter_map(|event| match event {
                        Ev::Segment(segment) => segment.downcast::<gst::ClockTime>().ok(),
                        _ => None,
                    });
            let starts: Vec<_> = segments.map(|segment| segment.start()).collect();
            assert_eq!(starts, [Some(gst::ClockTime::from_seconds(45))], "{about}");
        }
    }
}
