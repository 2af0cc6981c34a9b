// SPDX-License-Identifier: MPL-2.0
//! What players rely on in unusual moments: flushes from upstream, seeks past the end, empty segments, errors, statistics, and
//! the recorder's clock.

use crate::families::{FAMILIES, Family, Stage, rising, shots};
use testing::{
    common::{
        collect::{Ev, Feed, PadLog, finish, watch},
        make::{Exp, START},
    },
    netvu_make::Made,
};

use formats::reader::Mode;
use gst::prelude::*;
use std::{
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const FLUSH: gst::SeekFlags = gst::SeekFlags::FLUSH;
const ACCURATE: gst::SeekFlags = gst::SeekFlags::ACCURATE;

/// Pushes bytes as a source element does.
struct Pusher {
    pad: gst::Pad,
}

impl Pusher {
    fn new(demux: &gst::Element) -> Pusher {
        let pad = gst::Pad::builder(gst::PadDirection::Src)
            .name("pusher")
            .build();
        pad.link(&demux.static_pad("sink").unwrap()).unwrap();
        pad.set_active(true).unwrap();
        pad.push_event(gst::event::StreamStart::new("pushed"));
        Pusher { pad }
    }

    fn push(&self, bytes: &[u8], offset: u64) {
        let mut segment = gst::FormattedSegment::<gst::format::Bytes>::new();
        segment.set_start(gst::format::Bytes::from_u64(offset));
        self.pad.push_event(gst::event::Segment::new(&segment));
        for piece in bytes.chunks(4096) {
            self.pad
                .push(gst::Buffer::from_slice(piece.to_vec()))
                .unwrap();
        }
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..4000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{what}: not within 20 s");
}

#[test]
fn a_flush_from_upstream_begins_a_new_segment() {
    for family in FAMILIES {
        let about = format!("{family:?}");
        let all = shots(96, |n| START + 100 * n as i64);
        let bytes = family.record(&all);
        let demux = family.element();
        let pipeline = gst::Pipeline::new();
        pipeline.add(&demux).unwrap();
        let watch = watch(&pipeline, &demux);
        pipeline.set_state(gst::State::Playing).unwrap();
        let pusher = Pusher::new(&demux);
        pusher.push(&bytes, 0);
        let frames = || watch.logs().first().map_or(0, |log| log.frames().len());
        until(&about, || frames() >= 48);
        pusher.pad.push_event(gst::event::FlushStart::new());
        pusher.pad.push_event(gst::event::FlushStop::new(true));
        pusher.push(&bytes, 0);
        pusher.pad.push_event(gst::event::Eos::new());
        let outcome = finish(&pipeline, &demux, &watch).well();
        let log = outcome.pad("video_1");
        let at = log
            .events
            .iter()
            .position(|event| matches!(event, Ev::Flush))
            .expect("a flush");
        let after = PadLog {
            events: log.events[at..].to_vec(),
            ..log.clone()
        };
        assert_eq!(after.frames().len(), 96, "{about}");
        assert_eq!(rising(&after, &about)[0], 0, "{about}");
        let first = after.events.iter().find_map(|event| match event {
            Ev::Segment(segment) => Some(segment.downcast_ref::<gst::ClockTime>().unwrap().start()),
            Ev::Frame(_) => panic!("{about}: a frame before the segment"),
            _ => None,
        });
        assert_eq!(first, Some(Some(gst::ClockTime::ZERO)), "{about}");
    }
}

#[test]
fn position_is_answered_from_the_start_and_past_the_end() {
    for family in FAMILIES {
        let bytes = family.record(&shots(96, |n| START + 100 * n as i64));
        for push in [false, true] {
            let about = format!("{family:?} pushed: {push}");
            let stage = Stage::new(family, &bytes, push);
            stage.pipeline.set_state(gst::State::Paused).unwrap();
            until(&about, || {
                stage
                    .demux
                    .src_pads()
                    .first()
                    .is_some_and(|pad| pad.is_linked())
            });
            let pad = stage.demux.src_pads()[0].clone();
            until(&about, || !stage.frames("video_1").is_empty());
            let position = || pad.query_position::<gst::ClockTime>();
            assert_eq!(position(), Some(gst::ClockTime::ZERO), "{about}");
            stage.play();
            stage.end();
            assert!(
                stage.seek(1.0, FLUSH | ACCURATE, 5000 * SECOND, None),
                "{about}"
            );
            stage.end();
            assert!(
                position().is_some_and(|time| time >= gst::ClockTime::from_seconds(9)),
                "{about}"
            );
            let has_segment =
                |events: &[Ev]| events.iter().any(|event| matches!(event, Ev::Segment(_)));
            assert!(has_segment(&stage.since_flush("video_1")), "{about}");
            // nothing is in it
            assert!(
                stage.seek(1.0, FLUSH | ACCURATE, 4 * SECOND, Some(4 * SECOND)),
                "{about}"
            );
            stage.end();
            assert!(has_segment(&stage.since_flush("video_1")), "{about}");
        }
    }
}

#[test]
fn a_fault_is_one_error() {
    for family in FAMILIES {
        // no recording at all, and a header alone
        for bytes in [
            vec![0x5a; 300_000],
            family.record(&shots(1, |_| START))[..24].to_vec(),
        ] {
            for push in [false, true] {
                let stage = Stage::new(family, &bytes, push);
                let _ = stage.pipeline.set_state(gst::State::Playing);
                let bus = stage.pipeline.bus().unwrap();
                let first = bus.timed_pop_filtered(
                    gst::ClockTime::from_seconds(20),
                    &[gst::MessageType::Error],
                );
                assert_eq!(
                    first.unwrap().src(),
                    Some(stage.demux.upcast_ref()),
                    "{family:?} {push}"
                );
                let others = bus.timed_pop_filtered(
                    gst::ClockTime::from_mseconds(100),
                    &[gst::MessageType::Error],
                );
                let again =
                    others.is_some_and(|error| error.src() == Some(stage.demux.upcast_ref()));
                assert!(!again, "{family:?} {push}");
            }
        }
    }
}

/// 48 frames, a minute of nothing, 48 frames.
fn two_runs(family: Family) -> Vec<u8> {
    family.record(&shots(96, |n| {
        START + 100 * n as i64 + if n < 48 { 0 } else { 60_000 }
    }))
}

#[test]
fn a_seek_counts_nothing_twice() {
    for family in FAMILIES {
        let mut bytes = two_runs(family);
        // damage, away from the ends
        let middle = bytes.len() / 3;
        bytes[middle..middle + 400].fill(0xee);
        for push in [false, true] {
            let about = format!("{family:?} pushed: {push}");
            let stage = Stage::new(family, &bytes, push);
            stage.play();
            stage.end();
            let stats = || {
                let mut stats = stage.demux.property::<gst::Structure>("stats");
                stats.remove_field("bytes-read");
                stats.remove_field("runs");
                stats.to_string()
            };
            let before = stats();
            assert!(before.contains("gaps=(guint64)1"), "{about}: {before}");
            for start in [0, 3, 6] {
                assert!(
                    stage.seek(1.0, FLUSH | ACCURATE, start * SECOND, None),
                    "{about}"
                );
                stage.end();
                assert!(!stage.frames("video_1").is_empty(), "{about}");
                assert_eq!(stats(), before, "{about} from {start} s");
            }
            assert!(
                stage.seek(-1.0, FLUSH | ACCURATE, 0, Some(9 * SECOND)),
                "{about}"
            );
            stage.end();
            assert_eq!(stats(), before, "{about} backwards");
        }
    }
}

/// The recorder's clock in nanoseconds, milliseconds after the beginning.
fn clock(ms: i64) -> u64 {
    (START + ms) as u64 * MS
}

#[test]
fn the_recorders_clock_can_be_sought_and_asked_for() {
    for family in FAMILIES {
        // a clock of whole seconds places frames to a second
        let by = if family == Family::Exp {
            100 * MS
        } else {
            SECOND
        };
        let near = |got: u64, wanted: u64| got.abs_diff(wanted) <= by;
        let bytes = two_runs(family);
        for push in [false, true] {
            let about = format!("{family:?} pushed: {push}");
            let stage = Stage::new(family, &bytes, push);
            stage.play();
            stage.end();
            let pad = stage.demux.src_pads()[0].clone();
            for (wanted, reached, at) in [
                (clock(30_000), clock(64_800), "gap"),
                (clock(-10_000), clock(0), "before"),
                (clock(1_000_000), clock(69_600), "after"),
            ] {
                stage.pipeline.bus().unwrap().set_flushing(true);
                stage.pipeline.bus().unwrap().set_flushing(false);
                let done = stage
                    .demux
                    .emit_by_name::<bool>("seek-clock", &[&wanted, &0u32, &(FLUSH | ACCURATE)]);
                assert!(done, "{about} {at}");
                let message = stage.wait(&[gst::MessageType::Element]);
                let said = message.structure().unwrap();
                assert_eq!(said.name(), "exp-clock-seek", "{about}");
                assert_eq!(said.get::<u64>("wanted").unwrap(), wanted, "{about}");
                assert_eq!(said.get::<&str>("where").unwrap(), at, "{about}");
                assert!(!said.get::<bool>("recorded").unwrap(), "{about}");
                let got = said.get::<u64>("reached").unwrap();
                assert!(
                    near(got, reached),
                    "{about} {at}: {got}, expected {reached}"
                );
                stage.end();
            }
            for (time, ms) in [(2 * SECOND, 2000), (7 * SECOND, 67_000)] {
                let structure = gst::Structure::builder("exp-clock")
                    .field("stream-time", time)
                    .build();
                let mut query = gst::query::Custom::new(structure);
                assert!(pad.query(query.query_mut()), "{about}");
                let found = query.structure().unwrap().get::<u64>("clock").unwrap();
                assert!(
                    near(found, clock(ms)),
                    "{about}: {found}, expected {}",
                    clock(ms)
                );
                let structure = gst::Structure::builder("exp-clock")
                    .field("clock", found)
                    .build();
                let mut query = gst::query::Custom::new(structure);
                assert!(pad.query(query.query_mut()), "{about}");
                let back = query
                    .structure()
                    .unwrap()
                    .get::<u64>("stream-time")
                    .unwrap();
                assert!(
                    back.abs_diff(time) <= MS,
                    "{about}: {back}, expected {time}"
                );
            }
        }
    }
}

#[test]
fn titles_in_code_page_1252_become_tags() {
    use testing::netvu_make::Made;
    let all = shots(24, |n| START + 100 * n as i64);
    let mut net = Vec::new();
    for (ms, coded) in &all {
        net.extend(
            Made {
                title: "CafX",
                format: if coded.key { 3 } else { 2 },
                unix_ms: *ms as u64,
                payload: coded.bytes.clone(),
                ..Made::default()
            }
            .packet(),
        );
    }
    let mut exp = testing::common::make::Exp::of(&[(1, 64, 48, "CafX")]);
    for (ms, coded) in &all {
        exp.picture(*ms, coded);
    }
    for (family, mut bytes) in [(Family::Exp, exp.finish().bytes), (Family::NetVu, net)] {
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, b"CafX").collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at + 3] = 0xe9;
        }
        for feed in [Feed::Pull, Feed::Push(4096)] {
            let outcome = family.play(&bytes, feed, |_| {}).well();
            assert_eq!(
                outcome
                    .pad("video_1")
                    .texts("title")
                    .last()
                    .map(String::as_str),
                Some("Café"),
                "{family:?}"
            );
        }
    }
}

/// A player that shows another camera unlinks one and links the other. The pad that is linked now counts as linked at once, though its
/// camera has no frame for a while.
#[test]
fn a_camera_that_is_chosen_anew_keeps_the_pipeline_running() {
    for family in [Family::Exp, Family::NetVu] {
        let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (2, 64, 48, "Yard")]);
        let mut net = Vec::new();
        for (n, (ms, coded)) in shots(160, |n| START + 100 * n as i64)
            .into_iter()
            .enumerate()
        {
            // the second camera has a frame at first, and the next ones much later
            for camera in if (8..80).contains(&n) { 1..=1 } else { 1..=2 } {
                exp.camera(camera, ms, Mode::Motion, coded);
                let made = Made {
                    camera: camera.into(),
                    format: if coded.key { 3 } else { 2 },
                    unix_ms: ms as u64,
                    payload: coded.bytes.clone(),
                    size: (64, 48),
                    ..Made::default()
                };
                net.extend(made.packet());
            }
        }
        let bytes = match family {
            Family::NetVu => net,
            _ => exp.finish().bytes,
        };
        let demux = family.element();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let source = gst::ElementFactory::make("filesrc")
            .property("location", file.path().to_str().unwrap())
            .build()
            .unwrap();
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([&source, &demux]).unwrap();
        source.link(&demux).unwrap();
        // which pad takes buffers, and how many came to each
        let chosen = Arc::new(AtomicUsize::new(1));
        let counts: Arc<[AtomicUsize; 2]> = Arc::default();
        let sinks: Arc<Mutex<Vec<gst::Pad>>> = Arc::default();
        let (ended, end) = std::sync::mpsc::channel();
        let (kept, seen) = (sinks.clone(), counts.clone());
        demux.connect_pad_added(move |_, pad| {
            let number = if pad.name() == "video_1" { 1 } else { 2 };
            let (chosen, seen, ended) = (chosen.clone(), seen.clone(), ended.clone());
            let others = kept.clone();
            let sink = gst::Pad::builder(gst::PadDirection::Sink)
                .chain_function(move |_, _, _| {
                    let count = seen[number - 1].fetch_add(1, Ordering::SeqCst);
                    if number == 1 && count == 20 {
                        chosen.store(2, Ordering::SeqCst);
                        // as linking a pad does it
                        let other = others.lock().unwrap()[1].clone();
                        other.push_event(gst::event::Reconfigure::new());
                    }
                    match chosen.load(Ordering::SeqCst) == number {
                        true => Ok(gst::FlowSuccess::Ok),
                        false => Err(gst::FlowError::NotLinked),
                    }
                })
                .event_function(move |_, _, event| {
                    if event.type_() == gst::EventType::Eos {
                        let _ = ended.send(number);
                    }
                    true
                })
                .build();
            sink.set_active(true).unwrap();
            pad.link(&sink).unwrap();
            kept.lock().unwrap().push(sink);
        });
        pipeline.set_state(gst::State::Playing).unwrap();
        for _ in 0..2 {
            end.recv_timeout(Duration::from_secs(30)).expect("an end");
        }
        let error = pipeline
            .bus()
            .unwrap()
            .pop_filtered(&[gst::MessageType::Error]);
        pipeline.set_state(gst::State::Null).unwrap();
        assert!(error.is_none(), "{family:?}: {error:?}");
        let counts = [0, 1].map(|n| counts[n].load(Ordering::SeqCst));
        assert_eq!(counts, [160, 88], "{family:?}");
    }
}
