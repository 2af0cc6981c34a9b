// SPDX-License-Identifier: MPL-2.0
//! The pipeline, without a display.

use crate::footage::{self, SECOND_RUN};
use formats::timeline::GapPolicy;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};
use testing::make::START;
use viewer::{
    model::recording::{Part, Place, Recording},
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
        let context = glib::MainContext::new();
        let events = Rc::new(RefCell::new(Vec::new()));
        let frames = Rc::new(RefCell::new(Vec::new()));
        let source = Source::File {
            path: path.to_owned(),
            demuxer: "expdemux",
        };
        let (noted, kept) = (events.clone(), frames.clone());
        let player = context
            .with_thread_default(|| {
                Player::new(&source, preserve, None, move |player, event| {
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

    /// Clock of each camera's last frame, milliseconds after the beginning.
    fn clocks(&self) -> BTreeMap<u16, i64> {
        let frames = self.frames.borrow();
        let clocks = frames
            .iter()
            .map(|frame| (frame.camera, frame.clock.unwrap() / MILLI - START));
        clocks.collect()
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
