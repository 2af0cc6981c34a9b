// SPDX-License-Identifier: MPL-2.0
//! Which pads there are, and what they say before and between the buffers.

use testing::common;

use common::{
    collect::{Ev, Feed, Outcome, begins_well, decoded, run, run_with},
    make::{Coded, Exp, START, ffmpeg_pictures, h264, mpeg4, pictures, tiny, tiny_exp},
};
use formats::reader::Mode;
use gst::prelude::*;
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

const FEEDS: [Feed; 2] = [Feed::Pull, Feed::Push(4096)];

fn at(n: usize) -> i64 {
    START + 100 * n as i64
}

/// Camera 1 all the time, camera 2 from picture 96 on.
fn late_camera() -> Vec<u8> {
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (2, 64, 48, "Yard")]);
    for (n, coded) in tiny().iter().cycle().take(160).enumerate() {
        exp.camera(1, at(n), Mode::Motion, coded);
        if n >= 96 {
            exp.camera(2, at(n) + 5, Mode::Alarm, coded);
        }
    }
    exp.finish().bytes
}

#[test]
fn a_camera_that_appears_late_gets_its_pad() {
    for feed in FEEDS {
        let outcome = run(&late_camera(), feed).well();
        assert_eq!(outcome.names(), ["video_1", "video_2"]);
        let (one, two) = (outcome.pad("video_1"), outcome.pad("video_2"));
        begins_well(one);
        begins_well(two);
        // a look over the file, or its header, shows the camera before it records
        assert!(!one.late && !two.late);
        assert_eq!(one.frames().len(), 160);
        let frames = two.frames();
        assert_eq!(frames.len(), 64);
        assert_eq!(frames[0].pts(), 9_605_000_000);
        assert_eq!(frames[0].unix, Some((at(96) + 5) as u64 * 1_000_000));
        assert_eq!(outcome.collections.last(), Some(&2));
        let sizes = one.events.iter().filter_map(|event| match event {
            Ev::Collection(size) => Some(*size),
            _ => None,
        });
        assert_eq!(sizes.collect::<Vec<_>>(), [2]);
    }
}

#[test]
fn streams_begin_with_all_that_a_player_needs() {
    let upstream = Arc::new(Mutex::new(None));
    let seen = upstream.clone();
    let made = tiny_exp(20);
    let outcome = run_with(&made.bytes, Feed::Push(500), move |demux| {
        let seen = seen.clone();
        let pad = demux.static_pad("sink").unwrap();
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::EventView::StreamStart(start)) = info.event().map(|e| e.view()) {
                *seen.lock().unwrap() = start.group_id();
            }
            gst::PadProbeReturn::Ok
        });
    });
    let outcome = outcome.well();
    let pad = outcome.pad("video_1");
    begins_well(pad);
    let Ev::StreamStart { id, group } = &pad.events[0] else {
        panic!("{:?}", pad.events[0]);
    };
    assert!(id.ends_with("/001"), "the camera's number is in {id}");
    let expected = *upstream.lock().unwrap();
    assert!(expected.is_some());
    assert_eq!(*group, expected, "upstream's group");
    let Some(Ev::Segment(segment)) = pad.events.iter().find(|e| matches!(e, Ev::Segment(_))) else {
        panic!("no segment");
    };
    let segment = segment.downcast_ref::<gst::ClockTime>().unwrap();
    assert_eq!(segment.start(), Some(gst::ClockTime::ZERO));
    assert_eq!(segment.time(), Some(gst::ClockTime::ZERO));
}

#[test]
fn caps_and_header_say_what_a_decoder_needs() {
    let coded = pictures(&mpeg4("704x480", "30000/1001", 20, &[]));
    let bytes = eight_a_second(&coded);
    for feed in FEEDS {
        let outcome = run(&bytes, feed).well();
        let pad = outcome.pad("video_1");
        let caps = pad.caps();
        assert_eq!(caps.len(), 1);
        let said = caps[0].structure(0).unwrap();
        assert_eq!(said.name(), "video/mpeg");
        assert_eq!(said.get::<i32>("mpegversion"), Ok(4));
        assert_eq!(said.get::<bool>("systemstream"), Ok(false));
        assert_eq!(said.get::<i32>("width"), Ok(704));
        assert_eq!(said.get::<i32>("height"), Ok(480));
        // 4:3 on the screen: 704 * 10/11 = 640
        let aspect = said.get::<gst::Fraction>("pixel-aspect-ratio");
        assert_eq!(aspect, Ok(gst::Fraction::new(10, 11)));
        let rate = said.get::<gst::Fraction>("framerate");
        assert_eq!(rate, Ok(gst::Fraction::new(8, 1)));
        let header = said.get::<gst::Buffer>("codec_data").unwrap();
        let header = header.map_readable().unwrap().to_vec();
        let frames = pad.frames();
        // once before the first keyframe, never inside
        assert_eq!(
            frames[0].data,
            [header.as_slice(), &coded[0].bytes].concat()
        );
        for (frame, coded) in frames.iter().zip(&coded).skip(1) {
            assert!(
                frame.data == coded.bytes,
                "bytes of a picture are as recorded"
            );
        }
        for (n, (frame, coded)) in frames.iter().zip(&coded).enumerate() {
            assert_eq!((frame.key, frame.header), (coded.key, n == 0));
        }
    }
}

fn eight_a_second(coded: &[Coded]) -> Vec<u8> {
    let mut exp = Exp::one(704, 480);
    for (n, coded) in coded.iter().enumerate() {
        exp.picture(START + n as i64 * 1000 / 8, coded);
    }
    exp.finish().bytes
}

#[test]
fn no_more_pads_comes_also_where_the_file_ends_too_early() {
    let made = tiny_exp(4);
    for feed in FEEDS {
        for end in [
            7,
            12,
            100,
            128,
            150,
            made.records[0].start,
            made.records[0].start + 30,
        ] {
            let outcome = run(&made.bytes[..end], feed);
            assert_eq!(outcome.no_more_pads, 1, "cut at {end}, {feed:?}");
            assert!(outcome.pads.is_empty(), "cut at {end}");
            let (text, debug, _) = outcome.error.expect("an error");
            assert!(!text.is_empty() && !debug.is_empty(), "{text} {debug}");
        }
        let outcome = run(&made.bytes[..made.records[0].end], feed).well();
        assert_eq!(outcome.pad("video_1").frames().len(), 1);
    }
}

#[test]
fn a_change_of_size_is_reported_and_decodes() {
    let (small, large) = (
        mpeg4("352x240", "10", 16, &[]),
        mpeg4("704x480", "10", 16, &[]),
    );
    let mut exp = Exp::one(352, 240);
    let parts = [pictures(&small), pictures(&large), pictures(&small)];
    let mut n = 0;
    for (part, size) in parts.iter().zip([(352, 240), (704, 480), (352, 240)]) {
        exp.size = size;
        for coded in part {
            exp.picture(at(n), coded);
            n += 1;
        }
    }
    let made = exp.finish();
    for feed in FEEDS {
        let outcome = run(&made.bytes, feed).well();
        let pad = outcome.pad("video_1");
        let sizes = pad.caps().into_iter().map(|caps| {
            let caps = caps.structure(0).unwrap();
            (caps.get("width").unwrap(), caps.get("height").unwrap())
        });
        assert_eq!(
            sizes.collect::<Vec<(i32, i32)>>(),
            [(352, 240), (704, 480), (352, 240)]
        );
        // each with a header of its own before its first keyframe
        let frames = pad.frames();
        for (n, frame) in frames.iter().enumerate() {
            let first = n % 16 == 0;
            assert_eq!(frame.data.len() > frame.vop().len(), first, "picture {n}");
            assert_eq!(frame.header, first, "picture {n}");
        }
    }
    let mut expected = Vec::new();
    for stream in [&small, &large, &small] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(stream).unwrap();
        expected.extend(ffmpeg_pictures(file.path(), &["-f", "m4v"]));
    }
    assert!(
        decoded(&made.bytes, "avdec_mpeg4") == expected,
        "other pixels"
    );
}

#[test]
fn cameras_of_the_h264_age_make_h264_pads() {
    let units = h264("64x48", 32);
    // what the record's kind says is not believed: all say P, or all say key
    for kind in [None, Some(false), Some(true)] {
        let mut exp = Exp::of(&[(1, 64, 48, "Old"), (2, 64, 48, "New")]);
        for (n, (old, new)) in tiny().iter().zip(&units).enumerate() {
            exp.camera(1, at(n), Mode::Motion, old);
            let mut new = new.clone();
            new.key = kind.unwrap_or(new.key);
            exp.camera(2, at(n) + 1, Mode::Motion, &new);
        }
        let bytes = exp.finish().bytes;
        for feed in FEEDS {
            let outcome = run(&bytes, feed).well();
            assert_eq!(outcome.names(), ["video_1", "video_2"]);
            let caps = outcome.pad("video_1").caps()[0].to_string();
            assert!(caps.starts_with("video/mpeg, mpegversion=(int)4"), "{caps}");
            let pad = outcome.pad("video_2");
            begins_well(pad);
            let caps = pad.caps()[0].to_string();
            assert!(caps.starts_with("video/x-h264, "), "{caps}");
            for part in [
                "stream-format=(string)byte-stream",
                "alignment=(string)au",
                "width=(int)64",
                "height=(int)48",
                "pixel-aspect-ratio=(fraction)1/1",
            ] {
                assert!(caps.contains(part), "{caps}");
            }
            let frames = pad.frames();
            assert_eq!(frames.len(), 32, "kind {kind:?}");
            for (n, (frame, unit)) in frames.iter().zip(&units).enumerate() {
                assert!(frame.data == unit.bytes, "unit {n}");
                assert_eq!(frame.key, n % 8 == 0, "kind {kind:?}, unit {n}");
            }
        }
    }
}

#[test]
fn a_change_of_mode_sends_the_tag_again() {
    let mut exp = Exp::one(64, 48);
    let modes = [
        Mode::Motion,
        Mode::Alarm,
        Mode::Alarm,
        Mode::PreAlarm,
        Mode::Motion,
    ];
    for (n, coded) in tiny()[..40].iter().enumerate() {
        exp.camera(1, at(n), modes[n / 8], coded);
    }
    let bytes = exp.finish().bytes;
    for feed in FEEDS {
        let outcome = run(&bytes, feed).well();
        let pad = outcome.pad("video_1");
        assert_eq!(
            pad.texts("exp-recording-mode"),
            ["motion", "alarm", "pre-alarm", "motion"]
        );
        // each before the first picture that it holds for
        let (mut frames, mut places) = (0, Vec::new());
        for event in &pad.events {
            match event {
                Ev::Frame(_) => frames += 1,
                Ev::Tags(tags) if tags.generic("exp-recording-mode").is_some() => {
                    places.push(frames)
                }
                _ => {}
            }
        }
        assert_eq!(places, [0, 8, 24, 32]);
    }
}

#[test]
fn tags_say_what_the_file_says() {
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (7, 64, 48, "Café, Ostseite")]);
    for (n, coded) in tiny()[..20].iter().enumerate() {
        exp.camera(1, at(n), Mode::Schedule, coded);
        exp.camera(7, at(n), Mode::Instant, coded);
    }
    let bytes = exp.finish().bytes;
    for feed in FEEDS {
        let outcome = run(&bytes, feed).well();
        assert_eq!(outcome.names(), ["video_1", "video_7"]);
        for (name, number, title, mode) in [
            ("video_1", 1_u32, "Gate", "schedule"),
            ("video_7", 7, "Café, Ostseite", "instant"),
        ] {
            let pad = outcome.pad(name);
            for (tag, expected) in [
                ("title", title),
                ("exp-recording-mode", mode),
                ("video-codec", "MPEG-4 Part 2"),
                ("container-format", "Pelco DX export (EXP)"),
                ("device-model", "DX4104"),
                ("exp-recorder-name", "LOBBY-DVR"),
                ("exp-video-standard", "NTSC"),
            ] {
                assert_eq!(pad.texts(tag), [expected], "{name}, {tag}");
            }
            let lists = pad.tags();
            let find = |tag: &str| {
                lists
                    .iter()
                    .find_map(|list| list.generic(tag).map(|value| value.to_value()))
            };
            assert_eq!(
                find("exp-camera-number").unwrap().get::<u32>().unwrap(),
                number
            );
            assert_eq!(
                find("exp-recorder-utc-offset")
                    .unwrap()
                    .get::<i32>()
                    .unwrap(),
                -300
            );
            let date = lists
                .iter()
                .find_map(|list| list.get::<gst::tags::DateTime>());
            assert_eq!(date.unwrap().get().to_string(), "2009-11-10T14:15:30Z");
        }
    }
}

/// P pictures first, as where an export begins in the middle of a group.
fn without_its_first_key() -> Vec<u8> {
    let mut exp = Exp::one(64, 48);
    for (n, coded) in tiny()[3..35].iter().enumerate() {
        exp.picture(at(n), coded);
    }
    exp.finish().bytes
}

fn orphans(drop: bool, feed: Feed) -> Outcome {
    run_with(&without_its_first_key(), feed, |demux| {
        demux.set_property("drop-orphans", drop);
    })
    .well()
}

#[test]
fn pictures_without_a_reference_are_dropped_unless_wanted() {
    for feed in FEEDS {
        let dropped = orphans(true, feed);
        let frames = dropped.pad("video_1").frames();
        assert_eq!((frames.len(), dropped.stat("orphans")), (27, 5));
        assert!(frames[0].key && frames[0].discont);
        assert_eq!(frames[0].vop(), tiny()[8].bytes);
        let kept = orphans(false, feed);
        let frames = kept.pad("video_1").frames();
        assert_eq!((frames.len(), kept.stat("orphans")), (32, 0));
        assert!(!frames[0].key);
        assert_eq!(frames[0].pts, Some(0));
    }
}

#[test]
fn one_camera_can_be_chosen() {
    let mut exp = Exp::of(&[(1, 64, 48, "a"), (2, 64, 48, "b"), (3, 64, 48, "c")]);
    for (n, coded) in tiny()[..16].iter().enumerate() {
        for camera in 1..=3 {
            exp.camera(camera, at(n) + i64::from(camera), Mode::Motion, coded);
        }
    }
    let bytes = exp.finish().bytes;
    for feed in FEEDS {
        let outcome = run_with(&bytes, feed, |demux| demux.set_property("camera", 2_u32));
        let outcome = outcome.well();
        assert_eq!(outcome.names(), ["video_2"]);
        assert_eq!(outcome.pad("video_2").frames().len(), 16);
        assert_eq!(run(&bytes, feed).well().pads.len(), 3);
    }
}

/// A file of two cameras, only one of which is listened to.
fn play_one(bytes: &[u8], listened: &'static str) -> common::Ending {
    common::init();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let description = format!(
        "filesrc location={} ! expdemux name=d fakesink name=s",
        file.path().display()
    );
    let pipeline = gst::parse::launch(&description).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("s").unwrap().static_pad("sink").unwrap();
    pipeline
        .by_name("d")
        .unwrap()
        .connect_pad_added(move |_, pad| {
            if pad.name() == listened {
                pad.link(&sink).unwrap();
            }
        });
    common::play(&pipeline)
}

#[test]
fn a_camera_that_nobody_listens_to_stops_nothing() {
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (2, 64, 48, "Yard")]);
    for (n, coded) in tiny().iter().cycle().take(160).enumerate() {
        exp.camera(1, at(n), Mode::Motion, coded);
        exp.camera(2, at(n) + 5, Mode::Motion, coded);
    }
    let bytes = exp.finish().bytes;
    for listened in ["video_1", "video_2"] {
        assert_eq!(play_one(&bytes, listened).error, None, "{listened}");
    }
    let error = play_one(&bytes, "video_9").error.expect("an error");
    assert!(error.contains("data stream error"), "{error}");
}

#[test]
fn events_from_upstream_go_through() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let bytes = late_camera();
    let pieces = (bytes.len() / 200 * 9 / 10) as i64;
    let heard = seen.clone();
    let outcome = run_with(&bytes, Feed::Push(200), move |demux| {
        let heard = heard.clone();
        demux.connect_pad_added(move |_, pad| {
            let heard = heard.clone();
            let kind = gst::PadProbeType::EVENT_DOWNSTREAM;
            pad.add_probe(kind, move |_, info| {
                let event = info.event().unwrap();
                if event.type_() == gst::EventType::CustomDownstream {
                    let name = event.structure().unwrap().name().to_string();
                    heard.lock().unwrap().push(name);
                }
                gst::PadProbeReturn::Ok
            });
        });
        // when both cameras have come
        let sink = demux.static_pad("sink").unwrap();
        let weak = sink.downgrade();
        let countdown = Mutex::new(pieces);
        sink.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            let mut left = countdown.lock().unwrap();
            *left -= 1;
            if *left == 0 {
                let custom = gst::Structure::new_empty("upstream-says");
                weak.upgrade()
                    .unwrap()
                    .send_event(gst::event::CustomDownstream::new(custom));
            }
            gst::PadProbeReturn::Ok
        });
    });
    assert_eq!(outcome.well().pad("video_1").frames().len(), 160);
    assert_eq!(*seen.lock().unwrap(), ["upstream-says", "upstream-says"]);
}
