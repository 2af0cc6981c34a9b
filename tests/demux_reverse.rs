// SPDX-License-Identifier: MPL-2.0
//! Several streams backwards, through queues as players have them.

use crate::families::{FAMILIES, Family, Stage, shots};
use testing::{
    common::{
        collect::{Feed, Frame, frame},
        make::{Exp, START, tiny},
    },
    netvu_make::{Made, audio, packet},
};

use formats::reader::{Codec, Mode};
use gst::prelude::*;
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
};

const FRAMES: usize = 400;

/// 40 s of camera 1 and of a second camera or audio.
fn recording(family: Family, second: &str) -> Vec<u8> {
    let cameras = [(1, 64, 48, "one"), (2, 64, 48, "two")];
    // a second camera that is declared and never recorded must not hold up the others either
    let mut exp = Exp::of(&cameras);
    let mut net = Vec::new();
    for (n, coded) in tiny().iter().cycle().take(FRAMES).enumerate() {
        let ms = START + 100 * n as i64;
        let made = |camera| Made {
            camera,
            format: if coded.key { 3 } else { 2 },
            unix_ms: ms as u64,
            payload: coded.bytes.clone(),
            size: (64, 48),
            ..Made::default()
        };
        match (family, second) {
            (Family::NetVu, "video_2") => net.extend([made(1).packet(), made(2).packet()].concat()),
            (Family::NetVu, _) => {
                net.extend(made(1).packet());
                net.extend(packet(4, 0, &audio(ms as u64, 404)));
            }
            (_, "video_2") => {
                exp.camera(1, ms, Mode::Motion, coded);
                exp.camera(2, ms, Mode::Motion, coded);
            }
            _ => {
                exp.camera(1, ms, Mode::Motion, coded);
                exp.audio(1, ms, Codec::MuLaw, 8000, &[0x55; 800]);
            }
        }
    }
    if family == Family::NetVu {
        net
    } else {
        exp.finish().bytes
    }
}

/// Frames of each pad, backwards from the end of the file, each pad behind a `queue`.
fn backwards(family: Family, bytes: &[u8], about: &str) -> BTreeMap<String, Vec<Frame>> {
    let demux = family.element();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let source = gst::ElementFactory::make("filesrc")
        .property("location", file.path().to_str().unwrap())
        .build()
        .unwrap();
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&source, &demux]).unwrap();
    source.link(&demux).unwrap();
    let seen: Arc<Mutex<BTreeMap<String, Vec<Frame>>>> = Arc::default();
    let (kept, weak) = (seen.clone(), pipeline.downgrade());
    demux.connect_pad_added(move |_, pad| {
        let queue = gst::ElementFactory::make("queue").build().unwrap();
        let sink = gst::ElementFactory::make("fakesink")
            .property("sync", false)
            .build()
            .unwrap();
        weak.upgrade().unwrap().add_many([&queue, &sink]).unwrap();
        queue.link(&sink).unwrap();
        let (kept, name) = (kept.clone(), pad.name().to_string());
        let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_FLUSH;
        pad.add_probe(kinds, move |_, info| {
            let mut kept = kept.lock().unwrap();
            let frames = kept.entry(name.clone()).or_default();
            match info.buffer() {
                Some(buffer) => frames.push(frame(buffer)),
                None => frames.clear(),
            }
            gst::PadProbeReturn::Ok
        });
        pad.link(&queue.static_pad("sink").unwrap()).unwrap();
        queue.sync_state_with_parent().unwrap();
        sink.sync_state_with_parent().unwrap();
    });
    let bus = pipeline.bus().unwrap();
    let wait = |kind| {
        let kinds = [kind, gst::MessageType::Error];
        let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &kinds);
        let message = message.unwrap_or_else(|| panic!("{about}: no {kind:?} within 20 s"));
        assert_eq!(message.type_(), kind, "{about}");
    };
    pipeline.set_state(gst::State::Paused).unwrap();
    wait(gst::MessageType::AsyncDone);
    let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
    let end = demux.src_pads()[0].query_duration::<gst::ClockTime>();
    pipeline
        .seek(
            -1.0,
            flags,
            gst::SeekType::Set,
            gst::ClockTime::ZERO,
            gst::SeekType::Set,
            end,
        )
        .unwrap();
    wait(gst::MessageType::AsyncDone);
    pipeline.set_state(gst::State::Playing).unwrap();
    wait(gst::MessageType::Eos);
    pipeline.set_state(gst::State::Null).unwrap();
    std::mem::take(&mut *seen.lock().unwrap())
}

#[test]
fn two_streams_go_backwards_through_queues() {
    for family in [Family::Exp, Family::NetVu] {
        for second in ["video_2", "audio_1"] {
            let about = format!("{family:?} with {second}");
            let seen = backwards(family, &recording(family, second), &about);
            assert!(seen.contains_key(second), "{about}");
            for (name, frames) in seen {
                if name != "video_1" && name != second {
                    assert!(frames.is_empty(), "{about}: {name}");
                    continue;
                }
                assert_eq!(frames.len(), FRAMES, "{about}: {name}");
                let keys: Vec<u64> = frames
                    .iter()
                    .filter(|frame| frame.key)
                    .map(Frame::pts)
                    .collect();
                assert!(keys.is_sorted_by(|one, next| one > next), "{about}: {name}");
                if name.starts_with("video") {
                    assert_eq!(keys.len(), FRAMES / 8, "{about}: {name}");
                    // inside a group, forwards
                    for group in frames.chunks(8) {
                        assert!(group[0].key && group[0].discont, "{about}: {name}");
                        assert!(group.is_sorted_by_key(Frame::pts), "{about}: {name}");
                    }
                }
            }
        }
    }
}

/// Backwards come the frames that come forwards, with the same bytes and times, pulled and pushed.
#[test]
fn frames_backwards_are_those_forwards() {
    for family in FAMILIES {
        let bytes = family.record(&shots(FRAMES, |n| START + 100 * n as i64));
        let forwards = family.play(&bytes, Feed::Pull, |_| {}).well();
        let forwards = forwards.pad("video_1").frames();
        let facts = |frame: &Frame| {
            let coded = frame.vop().to_vec();
            (frame.pts, frame.duration, frame.unix, frame.key, coded)
        };
        let groups = forwards.chunk_by(|_, next| !next.key).rev();
        let expected: Vec<_> = groups.flatten().map(|frame| facts(frame)).collect();
        assert_eq!(expected.len(), FRAMES, "{family:?}");
        for push in [false, true] {
            let about = format!("{family:?}, push {push}");
            let stage = Stage::new(family, &bytes, push);
            stage.play();
            stage.end();
            let pad = stage.demux.static_pad("video_1").unwrap();
            let end: gst::ClockTime = pad.query_duration().unwrap();
            let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
            assert!(stage.seek(-1.0, flags, 0, Some(end.nseconds())), "{about}");
            stage.end();
            let found: Vec<_> = stage.frames("video_1").iter().map(facts).collect();
            assert_eq!(found.len(), FRAMES, "{about}");
            for (n, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(found, expected, "{about}: frame {n}");
            }
        }
    }
}
