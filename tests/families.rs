// SPDX-License-Identifier: MPL-2.0
//! The same recording in each verified family and in the native layout, and a pipeline that can be sought in.

use testing::{
    common::{
        self,
        collect::{Ev, Feed, Frame, Outcome, PadLog, Watch, run_element, watch},
        make::{Coded, Exp, tiny},
        plv1::Avi,
    },
    netvu_make::Made,
};

use gst::prelude::*;
use std::io::Write;

/// A family of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Exp,
    Plv1,
    NetVu,
}

pub const FAMILIES: [Family; 3] = [Family::Exp, Family::Plv1, Family::NetVu];

/// How bytes reach the demuxer in most tests.
pub const FEEDS: [Feed; 2] = [Feed::Pull, Feed::Push(4096)];

/// A coded frame and the recorder's clock on it, milliseconds since 1970.
pub type Shot = (i64, &'static Coded);

impl Family {
    /// Its demuxer.
    pub fn element(self) -> gst::Element {
        common::init();
        let name = match self {
            Family::Exp | Family::Plv1 => "expdemux",
            Family::NetVu => "netvudemux",
        };
        gst::ElementFactory::make(name).build().unwrap()
    }

    /// A recording of camera 1. PLV1 has whole seconds, and three slots of its timeline for each frame.
    pub fn record(self, shots: &[Shot]) -> Vec<u8> {
        match self {
            Family::Exp => {
                let mut exp = Exp::one(64, 48);
                for (ms, coded) in shots {
                    exp.picture(*ms, coded);
                }
                exp.finish().bytes
            }
            Family::Plv1 => {
                let mut avi = Avi::new(64, 48);
                for (ms, coded) in shots {
                    avi.picture(ms.div_euclid(1000) as u32, coded, 88);
                    avi.padding(2);
                }
                avi.finish()
            }
            Family::NetVu => {
                let packets = shots.iter().map(|(ms, coded)| {
                    Made {
                        format: if coded.key { 3 } else { 2 },
                        unix_ms: *ms as u64,
                        payload: coded.bytes.clone(),
                        size: (64, 48),
                        ..Made::default()
                    }
                    .packet()
                });
                packets.collect::<Vec<_>>().concat()
            }
        }
    }

    /// Plays bytes to the end.
    pub fn play(self, bytes: &[u8], feed: Feed, set: impl Fn(&gst::Element)) -> Outcome {
        let demux = self.element();
        set(&demux);
        run_element(&demux, bytes, feed)
    }
}

/// `count` frames of 64x48, every eighth a keyframe, with the clocks that `ms` gives.
pub fn shots(count: usize, ms: impl Fn(usize) -> i64) -> Vec<Shot> {
    let frames = tiny().iter().cycle().take(count).enumerate();
    frames.map(|(n, coded)| (ms(n), coded)).collect()
}

/// All frames are there, in their order, and time goes on from each to the next.
pub fn whole(pad: &PadLog, shots: &[Shot], about: &str) -> Vec<u64> {
    let frames = pad.frames();
    assert_eq!(frames.len(), shots.len(), "{about}");
    for (n, (frame, (_, coded))) in frames.iter().zip(shots).enumerate() {
        assert_eq!(frame.vop(), coded.bytes, "{about}: frame {n}");
    }
    rising(pad, about)
}

/// Times of the frames, each later than the one before.
pub fn rising(pad: &PadLog, about: &str) -> Vec<u64> {
    let times: Vec<u64> = pad.frames().iter().map(|frame| frame.pts()).collect();
    for (n, pair) in times.windows(2).enumerate() {
        assert!(pair[0] < pair[1], "{about}: frame {n}: {pair:?}");
    }
    times
}

/// A pipeline that stays where it is until it is asked for more.
pub struct Stage {
    pub pipeline: gst::Pipeline,
    pub demux: gst::Element,
    watch: Watch,
    _file: Option<tempfile::NamedTempFile>,
}

impl Stage {
    /// The demuxer behind `filesrc`, or behind `filesrc ! queue`, which pushes and can seek in bytes.
    pub fn new(family: Family, bytes: &[u8], push: bool) -> Stage {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        common::init();
        let source = gst::ElementFactory::make("filesrc")
            .property("location", file.path().to_str().unwrap())
            .build()
            .unwrap();
        let queue = push.then(|| gst::ElementFactory::make("queue").build().unwrap());
        let mut stage = Stage::behind(family, [Some(source), queue].into_iter().flatten());
        stage._file = Some(file);
        stage
    }

    /// The demuxer behind these elements.
    pub fn behind(family: Family, front: impl IntoIterator<Item = gst::Element>) -> Stage {
        let demux = family.element();
        let pipeline = gst::Pipeline::new();
        let mut chain: Vec<gst::Element> = front.into_iter().collect();
        chain.push(demux.clone());
        pipeline.add_many(&chain).unwrap();
        gst::Element::link_many(&chain).unwrap();
        let watch = watch(&pipeline, &demux);
        Stage {
            pipeline,
            demux,
            watch,
            _file: None,
        }
    }

    pub fn play(&self) {
        self.pipeline.set_state(gst::State::Playing).unwrap();
    }

    /// Waits for the end of what is played.
    pub fn end(&self) {
        let message = self.wait(&[gst::MessageType::Eos]);
        assert_eq!(message.type_(), gst::MessageType::Eos);
    }

    /// Waits for a message. An error fails.
    pub fn wait(&self, kinds: &[gst::MessageType]) -> gst::Message {
        let mut all = kinds.to_vec();
        all.push(gst::MessageType::Error);
        let bus = self.pipeline.bus().unwrap();
        let message = bus
            .timed_pop_filtered(gst::ClockTime::from_seconds(30), &all)
            .unwrap_or_else(|| panic!("no {kinds:?} within 30 s"));
        if let gst::MessageView::Error(error) = message.view() {
            panic!("{} {:?}", error.error(), error.debug());
        }
        message
    }

    /// Plays from a seek that is sent before the file is known, or while it plays, to the end of its segment.
    pub fn seek(&self, rate: f64, flags: gst::SeekFlags, start: u64, stop: Option<u64>) -> bool {
        let event = gst::event::Seek::new(
            rate,
            flags,
            gst::SeekType::Set,
            gst::ClockTime::from_nseconds(start),
            gst::SeekType::Set,
            stop.map(gst::ClockTime::from_nseconds),
        );
        // ends of what was played before do not count
        self.pipeline.bus().unwrap().set_flushing(true);
        self.pipeline.bus().unwrap().set_flushing(false);
        self.demux.send_event(event)
    }

    /// What a pad saw since the last flush; nothing where there is no such pad yet.
    pub fn since_flush(&self, pad: &str) -> Vec<Ev> {
        let logs = self.watch.logs();
        let Some(log) = logs.iter().find(|log| log.name == pad) else {
            return Vec::new();
        };
        let at = log
            .events
            .iter()
            .rposition(|event| matches!(event, Ev::Flush));
        log.events[at.map_or(0, |at| at + 1)..].to_vec()
    }

    /// The frames since the last flush.
    pub fn frames(&self, pad: &str) -> Vec<Frame> {
        let events = self.since_flush(pad);
        let frames = events.into_iter().filter_map(|event| match event {
            Ev::Frame(frame) => Some(frame),
            _ => None,
        });
        frames.collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
