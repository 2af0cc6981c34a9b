// SPDX-License-Identifier: MPL-2.0
//! The pipeline, without a display.

use crate::footage::{self, SECOND_RUN};
use formats::timeline::GapPolicy;
use gst::prelude::*;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::Path,
    rc::Rc,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use testing::make::START;
use viewer::{
    model::recording::{Input, Part, Place, Recording},
    player::{Event, Frame, Player, Precision, Seek, Source, missing},
};

const MILLI: i64 = 1_000_000;

/// A pipeline in a main loop of its own.
struct Bench {
    context: glib::MainContext,
    player: Rc<Player>,
    events: Rc<RefCell<Vec<Event>>>,
    frames: Rc<RefCell<Vec<Frame>>>,
}

impl Bench {
    fn open(path: &Path, preserve: bool) -> Bench {
        Bench::of(&Source::Files(vec![input(path, 0)]), preserve)
    }

    fn of(source: &Source, preserve: bool) -> Bench {
        let context = glib::MainContext::new();
        let events = Rc::new(RefCell::new(Vec::new()));
        let frames = Rc::new(RefCell::new(Vec::new()));
        let (noted, kept) = (events.clone(), frames.clone());
        let player = context
            .with_thread_default(|| {
                Player::new(source, preserve, None, move |player, event| {
                    if event == Event::Frames {
                        kept.borrow_mut().extend(player.take_frames());
                    }
                    noted.borrow_mut().push(event);
                })
            })
            .unwrap()
            .unwrap();
        Bench {
            context,
            player,
            events,
            frames,
        }
    }

    /// Runs the loop until something was noted.
    fn until(&self, what: impl Fn(&Event) -> bool) -> Event {
        let begun = Instant::now();
        loop {
            self.context.iteration(false);
            let mut events = self.events.borrow_mut();
            if let Some(place) = events.iter().position(&what) {
                let event = events.remove(place);
                events.clear();
                return event;
            }
            drop(events);
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{:?}",
                self.events
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn settle(&self) {
        let event = self.until(|event| matches!(event, Event::Settled | Event::Failed(_)));
        assert_eq!(event, Event::Settled);
        // the last frames may have been posted after it
        while self.context.iteration(false) {}
        self.events.borrow_mut().clear();
        self.frames.borrow_mut().extend(self.player.take_frames());
    }

    fn seek(&self, time: i64, precision: Precision) {
        self.frames.borrow_mut().clear();
        self.player.seek(Seek {
            time,
            precision,
            rate: 1.0,
            stop: None,
        });
        self.settle();
    }

    /// What is heard from now on.
    fn listen(&self) -> Arc<Mutex<Vec<i16>>> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        let volume = self.player.pipeline().by_name("volume").unwrap();
        let pad = volume.static_pad("src").unwrap();
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let caps = pad.current_caps().unwrap();
            let format = caps.structure(0).unwrap().get::<String>("format").unwrap();
            let map = info.buffer().unwrap().map_readable().unwrap();
            let samples: Vec<i16> = match format.as_str() {
                "S16LE" => map
                    .chunks_exact(2)
                    .map(|two| i16::from_le_bytes([two[0], two[1]]))
                    .collect(),
                "F32LE" => map
                    .chunks_exact(4)
                    .map(|four| {
                        (f32::from_le_bytes([four[0], four[1], four[2], four[3]]) * 32767.0) as i16
                    })
                    .collect(),
                other => panic!("{other}"),
            };
            kept.lock().unwrap().extend(samples);
            gst::PadProbeReturn::Ok
        });
        heard
    }

    /// Clock of each camera's last frame, milliseconds after the beginning.
    fn clocks(&self) -> BTreeMap<u16, i64> {
        let frames = self.frames.borrow();
        let clocks = frames
            .iter()
            .map(|frame| (frame.camera, frame.clock.unwrap() / MILLI - START));
        clocks.collect()
    }
}

fn input(path: &Path, offset: i64) -> Input {
    Input {
        path: path.to_owned(),
        size: 0,
        demuxer: "expdemux",
        offset,
        cameras: Vec::new(),
    }
}

fn all(ms: i64) -> BTreeMap<u16, i64> {
    (1..=4).map(|camera| (camera, ms)).collect()
}

#[test]
fn all_cameras_show_their_first_frames_and_those_of_any_place() {
    let path = footage::file("lobby.exp");
    let bench = Bench::open(&path, false);
    bench.settle();
    assert_eq!(bench.clocks(), all(0));
    {
        let frames = bench.frames.borrow();
        assert_eq!((frames[0].width, frames[0].height), (320, 240));
        assert!(
            (frames[0].pixel_aspect - 1.0).abs() < 0.01,
            "{}",
            frames[0].pixel_aspect
        );
        assert_eq!(frames[0].pixels.len(), 320 * 240 * 4);
    }
    // what is shown is what the table of frames has at that place
    let recording = Recording::new(vec![
        Part::read(&path, GapPolicy::Collapse, &mut |_| true).unwrap(),
    ]);
    for ms in [12_300, 100, 19_900, 20_000, 3500] {
        let place = Place {
            part: 0,
            time: ms * MILLI,
        };
        bench.seek(place.time, Precision::Exact);
        let clock = recording.clock_at(place).unwrap() / MILLI - START;
        assert_eq!(bench.clocks(), all(clock), "{ms}");
        assert_eq!(bench.player.position(), place.time);
    }
    // every frame of a camera, one after the other, back over the gap
    let mut place = recording
        .place_of((START + SECOND_RUN + 300) * MILLI, 0)
        .unwrap()
        .0;
    for _ in 0..6 {
        place = recording.frame_before(Some(2), place).unwrap();
        bench.seek(place.time, Precision::Exact);
        let clock = recording.clock_at(place).unwrap() / MILLI - START;
        assert_eq!(bench.clocks().get(&2), Some(&clock));
    }
    assert_eq!(bench.clocks(), all(19_700));
}

#[test]
fn a_seek_to_keyframes_ends_at_the_nearest() {
    let bench = Bench::open(&footage::file("lobby.exp"), false);
    bench.settle();
    bench.seek(7200 * MILLI, Precision::Keyframe);
    assert_eq!(bench.clocks(), all(7000));
}

#[test]
fn many_seeks_end_at_the_last() {
    let bench = Bench::open(&footage::file("lobby.exp"), false);
    bench.settle();
    for n in 1..50 {
        bench.player.seek(Seek {
            time: n * 300 * MILLI,
            precision: Precision::Keyframe,
            rate: 1.0,
            stop: None,
        });
    }
    bench.seek(5500 * MILLI, Precision::Exact);
    assert_eq!(bench.clocks(), all(5500));
}

#[test]
fn a_seek_whose_end_is_not_announced_settles() {
    let bench = Bench::open(&footage::file("lobby.exp"), false);
    bench.settle();
    let bus = bench.player.pipeline().bus().unwrap();
    bus.set_sync_handler(|_, message| match message.type_() {
        gst::MessageType::AsyncDone => gst::BusSyncReply::Drop,
        _ => gst::BusSyncReply::Pass,
    });
    bench.player.seek(Seek {
        time: 600 * MILLI,
        precision: Precision::Exact,
        rate: 1.0,
        stop: None,
    });
    let begun = Instant::now();
    while bench.player.catch_up() != Some(Event::Settled) {
        assert!(begun.elapsed() < Duration::from_secs(60));
        bench.context.iteration(false);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!bench.player.is_busy());
    assert_eq!(bench.player.position(), 600 * MILLI);
    bus.unset_sync_handler();
}

#[test]
fn backwards_frames_come_in_the_other_order() {
    let bench = Bench::open(&footage::file("lobby.exp"), false);
    bench.settle();
    bench.frames.borrow_mut().clear();
    bench.player.seek(Seek {
        time: 1500 * MILLI,
        precision: Precision::Exact,
        rate: -2.0,
        stop: None,
    });
    bench.settle();
    bench.player.set_playing(true);
    bench.until(|event| *event == Event::Ended);
    let frames = bench.frames.borrow();
    let clocks: Vec<i64> = frames
        .iter()
        .filter(|frame| frame.camera == 3)
        .map(|frame| frame.clock.unwrap())
        .collect();
    assert!(clocks.is_sorted_by(|a, b| a >= b), "{clocks:?}");
    // a machine that is too busy leaves frames out
    assert_eq!(clocks.first(), Some(&((START + 1500) * MILLI)));
    assert!(clocks.len() > 2, "{clocks:?}");
}

#[test]
fn playback_ends_where_it_is_asked_to() {
    let bench = Bench::open(&footage::file("lobby.exp"), false);
    bench.settle();
    bench.player.seek(Seek {
        time: 1000 * MILLI,
        precision: Precision::Exact,
        rate: 8.0,
        stop: Some(3000 * MILLI),
    });
    bench.settle();
    bench.player.set_playing(true);
    bench.until(|event| *event == Event::Ended);
    let last = bench
        .frames
        .borrow()
        .iter()
        .map(|frame| frame.clock.unwrap() / MILLI - START)
        .max();
    assert!(last.is_some_and(|last| last < 3000), "{last:?}");
}

#[test]
fn a_damaged_recording_is_played_to_its_end() {
    let bench = Bench::open(&footage::file("damaged.exp"), false);
    bench.settle();
    bench.seek(45_500 * MILLI, Precision::Exact);
    bench.player.set_playing(true);
    bench.until(|event| *event == Event::Ended);
}

#[test]
fn what_cannot_be_read_is_said() {
    let bench = Bench::open(Path::new("/nowhere/x.exp"), false);
    let Event::Failed(text) = bench.until(|event| matches!(event, Event::Failed(_))) else {
        unreachable!()
    };
    assert!(text.contains("/nowhere/x.exp"), "{text}");
    assert!(bench.player.has_failed());
    assert!(missing("avdec_mpeg4").contains("gstreamer1.0-libav"));
    assert!(missing("souphttpsrc").contains("gstreamer1.0-plugins-good"));
}

/// Frames are due as far apart as they are in the recording, divided by the speed.
#[test]
fn every_speed_is_played_in_both_directions() {
    let bench = Bench::open(&footage::file("lobby.exp"), false);
    bench.settle();
    for rate in [0.25, 0.5, 2.0, 4.0, 8.0, 16.0, -0.25, -1.0, -16.0] {
        bench.frames.borrow_mut().clear();
        bench.player.seek(Seek {
            time: 4000 * MILLI,
            precision: Precision::Exact,
            rate,
            stop: Some(if rate < 0.0 { 3800 } else { 4300 } * MILLI),
        });
        bench.settle();
        bench.player.set_playing(true);
        bench.until(|event| *event == Event::Ended);
        bench.player.set_playing(false);
        let frames = bench.frames.borrow();
        let own: Vec<&Frame> = frames.iter().filter(|frame| frame.camera == 2).collect();
        let (first, last) = (own[0], own[own.len() - 1]);
        assert_eq!(first.time, 4000 * MILLI, "{rate}");
        assert!(own.len() > 1, "{rate}");
        let due = (last.time - first.time) as f64 / rate;
        let apart = (last.running - first.running) as f64;
        assert!((apart - due).abs() < 1000.0, "{rate}: {apart} is not {due}");
    }
}

#[test]
fn audio_is_played_as_it_was_recorded_and_is_muted_at_other_speeds() {
    let bench = Bench::open(&footage::file("lobby.exp"), false);
    bench.settle();
    assert!(bench.player.has_audio());
    let heard = bench.listen();
    bench.player.set_playing(true);
    bench.until(|_| heard.lock().unwrap().len() > 8000);
    let loud = |samples: &[i16]| {
        samples
            .iter()
            .filter(|one| one.unsigned_abs() > 1000)
            .count()
    };
    // a square wave of 400 Hz: all samples are loud, and as many above as below
    let samples = heard.lock().unwrap().clone();
    assert!(
        loud(&samples) > samples.len() * 9 / 10,
        "{} of {}",
        loud(&samples),
        samples.len()
    );
    let above = samples.iter().filter(|one| **one > 0).count();
    assert!(
        (samples.len() * 2 / 5..samples.len() * 3 / 5).contains(&above),
        "{above}"
    );
    for (rate, muted) in [(1.0, true), (2.0, false)] {
        bench.player.set_muted(muted);
        bench.player.seek(Seek {
            time: 0,
            precision: Precision::Exact,
            rate,
            stop: None,
        });
        bench.settle();
        heard.lock().unwrap().clear();
        bench.until(|_| heard.lock().unwrap().len() > 4000);
        assert_eq!(loud(&heard.lock().unwrap()), 0, "at {rate}");
    }
}

#[test]
fn a_unit_is_played_live_with_user_and_password() {
    let unit = footage::live();
    let open = |password: &str| {
        let source = Source::Live {
            url: unit.url(),
            user: "viewer".to_owned(),
            password: password.to_owned(),
        };
        Bench::of(&source, false)
    };
    let bench = open("secret");
    bench.until(|event| matches!(event, Event::Title(3, title) if title == "Quay"));
    bench.until(|_| !bench.frames.borrow().is_empty());
    let first = bench.frames.borrow()[0].clone();
    assert_eq!((first.camera, first.width, first.height), (3, 320, 240));
    let clocks = 0..20;
    let mut clocks = clocks.map(|n| (footage::LIVE_START + n * footage::INTERVAL) * MILLI);
    assert!(clocks.any(|clock| first.clock == Some(clock)));
    let bench = open("wrong");
    let Event::Failed(text) = bench.until(|event| matches!(event, Event::Failed(_))) else {
        unreachable!()
    };
    assert!(text.contains("Unauthorized"), "{text}");
}

#[test]
fn files_beside_each_other_are_played_in_step() {
    let files = [("hall/hall-1.exp", 0), ("hall/hall-2.exp", 1000 * MILLI)];
    let files = files.map(|(name, offset)| input(&footage::file(name), offset));
    let bench = Bench::of(&Source::Files(files.into()), true);
    bench.settle();
    for ms in [4000, 1000, 7900, 3300] {
        bench.seek(ms * MILLI, Precision::Exact);
        assert_eq!(bench.clocks(), BTreeMap::from([(1, ms), (2, ms)]));
        assert_eq!(bench.player.position(), ms * MILLI);
    }
    // one of them begins later, ends earlier
    for (from, to, rate) in [
        (500, 1500, 4.0),
        (7500, 8500, 4.0),
        (1500, 500, -4.0),
        (8500, 7500, -4.0),
    ] {
        bench.frames.borrow_mut().clear();
        bench.player.seek(Seek {
            time: from * MILLI,
            precision: Precision::Exact,
            rate,
            stop: Some(to * MILLI),
        });
        bench.settle();
        bench.player.set_playing(true);
        bench.until(|event| *event == Event::Ended);
        bench.player.set_playing(false);
        for frame in &*bench.frames.borrow() {
            let due = ((frame.time - from * MILLI) as f64 / rate) as i64;
            assert!(
                (frame.running - due).abs() < 2 * MILLI,
                "{rate}: camera {} at {} is due at {}, not {due}",
                frame.camera,
                frame.time,
                frame.running,
            );
            assert_eq!(frame.clock, Some(START * MILLI + frame.time));
        }
        let shown: std::collections::BTreeSet<u16> = bench
            .frames
            .borrow()
            .iter()
            .map(|frame| frame.camera)
            .collect();
        assert_eq!(shown.len(), 2, "{from}");
    }
}
