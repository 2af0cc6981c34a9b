// SPDX-License-Identifier: MPL-2.0
//! Files with known pictures, and a player that notes everything a pad outputs.

use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{Camera, Mode, Standard, Timestamp},
};
use gst::prelude::*;
use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

pub use crate::common::init;

/// A small generator of numbers, the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 20) % limit.max(1)
    }
}

/// What a file is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub cameras: u16,
    pub pictures: u64,
    /// Milliseconds between pictures.
    pub interval: f64,
    /// Pictures from key to key.
    pub group: u64,
    /// One in so many pictures comes after a gap; 0 = none.
    pub gaps: u64,
    /// Steps back of the clock as well.
    pub back: bool,
    pub header: bool,
    pub index: bool,
    /// Bytes of a P picture, at most.
    pub size: u64,
    /// Only the seconds of the clock are real.
    pub seconds: bool,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            seed: 1,
            cameras: 1,
            pictures: 400,
            interval: 1000.0 / 7.5,
            group: 10,
            gaps: 0,
            back: false,
            header: true,
            index: true,
            size: 600,
            seconds: false,
        }
    }
}

/// A VOP of 5-bit increment and quantiser, with a number in it to know it again, and bytes that are no start code.
pub fn vop(key: bool, number: u32, size: usize, dice: &mut Dice) -> Vec<u8> {
    let mut out = vec![
        0,
        0,
        1,
        0xb6,
        if key { 0x10 } else { 0x50 },
        0x60,
        0x90 | 0x05,
    ];
    for digit in format!("{number:08}").bytes() {
        out.push(digit);
    }
    while out.len() < size.max(16) {
        out.push(1 + dice.below(255) as u8);
    }
    out
}

/// Builds a file.
pub fn build(plan: &Plan) -> Vec<u8> {
    let mut dice = Dice(plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let camera = |number| Camera {
        number,
        width: 352,
        height: 240,
        rate: None,
        title: format!("Camera {number}"),
    };
    let head = Head {
        model: "DX4104".into(),
        server: "TEST".into(),
        utc_offset: -300,
        standard: Standard::Ntsc,
        cameras: (1..=plan.cameras).map(camera).collect(),
        audio: false,
    };
    let mut time = 1_257_862_530_000.0 + (plan.seed % 1000) as f64;
    let timestamp = |time: f64, seconds: bool| Timestamp {
        seconds: time as i64 / 1000,
        millis: Some(if seconds {
            7
        } else {
            (time as i64 % 1000) as u16
        }),
    };
    let (mut writer, header) = Writer::new(head, timestamp(time, plan.seconds)).unwrap();
    let mut out = header.clone();
    let mut number = 0;
    for n in 0..plan.pictures {
        if n > 0 && plan.gaps > 0 && dice.below(plan.gaps) == 0 {
            let step = 2500 + dice.below(90_000);
            if plan.back && dice.below(4) == 0 {
                time -= step as f64;
            } else {
                time += step as f64;
            }
        }
        for camera in 1..=plan.cameras {
            // the cameras' keyframes do not stand side by side
            let key = (n + u64::from(camera) * 3) % plan.group == 0;
            let size = if key {
                plan.size * 3
            } else {
                40 + dice.below(plan.size)
            };
            let payload = vop(key, number, size as usize, &mut dice);
            number += 1;
            let picture = Picture {
                camera,
                timestamp: timestamp(time + f64::from(camera) * 2.0, plan.seconds),
                mode: Mode::Motion,
                width: 352,
                height: 240,
                key,
            };
            out.extend(writer.picture(&picture, &payload).unwrap());
        }
        time += plan.interval;
    }
    if plan.index {
        out.extend(writer.finish());
    }
    let done = writer.header();
    out[..done.len()].copy_from_slice(&done);
    if plan.header {
        out
    } else {
        out.split_off(header.len())
    }
}

pub fn file(data: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".exp").tempfile().unwrap();
    file.write_all(data).unwrap();
    file.flush().unwrap();
    file
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub number: u32,
    pub pts: u64,
    pub dts: u64,
    pub unix: Option<u64>,
    pub key: bool,
    pub discont: bool,
}

impl Frame {
    /// All but what a seek changes.
    pub fn same(&self, other: &Frame) -> bool {
        (self.number, self.pts, self.dts, self.unix, self.key)
            == (other.number, other.pts, other.dts, other.unix, other.key)
    }
}

#[derive(Clone, Debug)]
pub enum Note {
    Frame(Frame),
    Segment(gst::FormattedSegment<gst::ClockTime>, gst::Seqnum),
    Gap(u64),
    Eos(gst::Seqnum),
    SegmentDone(gst::Seqnum),
    FlushStop(gst::Seqnum),
}

type Notes = Arc<Mutex<BTreeMap<String, Vec<Note>>>>;

pub struct Player {
    pub pipeline: gst::Pipeline,
    pub demux: gst::Element,
    notes: Notes,
}

impl Player {
    /// `push`: bytes come through a queue. `location` is the file.
    pub fn new(path: &std::path::Path, push: bool, settings: &[(&str, &str)]) -> Player {
        init();
        let pipeline = gst::Pipeline::new();
        let make = |name: &str| gst::ElementFactory::make(name).build().unwrap();
        let (source, demux) = (make("filesrc"), make("expdemux"));
        source.set_property("location", path.to_str().unwrap());
        for (name, value) in settings {
            demux.set_property_from_str(name, value);
        }
        pipeline.add_many([&source, &demux]).unwrap();
        if push {
            let queue = make("queue");
            pipeline.add(&queue).unwrap();
            gst::Element::link_many([&source, &queue, &demux]).unwrap();
        } else {
            source.link(&demux).unwrap();
        }
        let notes = Notes::default();
        let (weak, kept) = (pipeline.downgrade(), notes.clone());
        let sinks: Arc<Mutex<BTreeMap<String, gst::Element>>> = Arc::default();
        let added = sinks.clone();
        demux.connect_pad_added(move |_, pad| {
            let pipeline = weak.upgrade().unwrap();
            let sink = gst::ElementFactory::make("fakesink").build().unwrap();
            sink.set_property("sync", false);
            // every stream prerolls on its own
            sink.set_property("async", false);
            pipeline.add(&sink).unwrap();
            sink.sync_state_with_parent().unwrap();
            added
                .lock()
                .unwrap()
                .insert(pad.name().to_string(), sink.clone());
            listen(pad, &kept);
            pad.link(&sink.static_pad("sink").unwrap()).unwrap();
        });
        let weak = pipeline.downgrade();
        demux.connect_pad_removed(move |_, pad| {
            let sink = sinks.lock().unwrap().remove(&pad.name().to_string());
            if let (Some(pipeline), Some(sink)) = (weak.upgrade(), sink) {
                sink.set_state(gst::State::Null).unwrap();
                pipeline.remove(&sink).unwrap();
            }
        });
        Player {
            pipeline,
            demux,
            notes,
        }
    }

    pub fn play(&self) {
        self.pipeline.set_state(gst::State::Playing).unwrap();
    }

    /// Waits for pads, with nothing flowing beyond the first buffers.
    pub fn wait_for_pads(&self, pads: usize) {
        for _ in 0..2000 {
            if self.demux.src_pads().len() >= pads {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("no pads");
    }

    /// Waits for the end; an error is a failure.
    pub fn wait_end(&self) -> gst::Message {
        let bus = self.pipeline.bus().unwrap();
        let kinds = [
            gst::MessageType::Eos,
            gst::MessageType::Error,
            gst::MessageType::SegmentDone,
        ];
        let message = bus
            .timed_pop_filtered(gst::ClockTime::from_seconds(30), &kinds)
            .expect("no end within 30 s");
        if let gst::MessageView::Error(error) = message.view() {
            panic!("{} {:?}", error.error(), error.debug());
        }
        message
    }

    /// Waits for the end that belongs to this seek; ends of earlier seeks may still arrive.
    pub fn wait_end_of(&self, seqnum: gst::Seqnum) {
        while self.wait_end().seqnum() != seqnum {}
    }

    pub fn pad(&self) -> gst::Pad {
        self.demux.src_pads()[0].clone()
    }

    pub fn seek(
        &self,
        rate: f64,
        flags: gst::SeekFlags,
        start: u64,
        stop: Option<u64>,
    ) -> (bool, gst::Seqnum) {
        let seqnum = gst::Seqnum::next();
        let stop = stop.map(gst::ClockTime::from_nseconds);
        let event = gst::event::Seek::builder(
            rate,
            flags,
            gst::SeekType::Set,
            gst::ClockTime::from_nseconds(start),
            gst::SeekType::Set,
            stop,
        )
        .seqnum(seqnum)
        .build();
        (self.pad().send_event(event), seqnum)
    }

    /// What was noted so far, and a clean sheet.
    pub fn take(&self) -> BTreeMap<String, Vec<Note>> {
        std::mem::take(&mut *self.notes.lock().unwrap())
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn listen(pad: &gst::Pad, notes: &Notes) {
    let (name, kept) = (pad.name().to_string(), notes.clone());
    let kinds = gst::PadProbeType::BUFFER
        | gst::PadProbeType::EVENT_DOWNSTREAM
        | gst::PadProbeType::EVENT_FLUSH;
    pad.add_probe(kinds, move |_, info| {
        let note = match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => Some(Note::Frame(frame(buffer))),
            Some(gst::PadProbeData::Event(event)) => match event.view() {
                gst::EventView::Segment(segment) => segment
                    .segment()
                    .downcast_ref::<gst::ClockTime>()
                    .map(|segment| Note::Segment(segment.clone(), event.seqnum())),
                gst::EventView::Gap(gap) => Some(Note::Gap(gap.get().0.nseconds())),
                gst::EventView::Eos(_) => Some(Note::Eos(event.seqnum())),
                gst::EventView::SegmentDone(_) => Some(Note::SegmentDone(event.seqnum())),
                gst::EventView::FlushStop(_) => Some(Note::FlushStop(event.seqnum())),
                _ => None,
            },
            _ => None,
        };
        if let Some(note) = note {
            kept.lock()
                .unwrap()
                .entry(name.clone())
                .or_default()
                .push(note);
        }
        gst::PadProbeReturn::Ok
    });
}

fn frame(buffer: &gst::Buffer) -> Frame {
    let map = buffer.map_readable().unwrap();
    let at = map
        .windows(4)
        .position(|code| code == [0, 0, 1, 0xb6])
        .unwrap();
    let digits = std::str::from_utf8(&map[at + 7..at + 15]).unwrap();
    let unix = gst::Caps::new_empty_simple("timestamp/x-unix");
    Frame {
        number: digits.parse().unwrap(),
        pts: buffer.pts().unwrap().nseconds(),
        dts: buffer.dts().unwrap().nseconds(),
        unix: buffer
            .iter_meta::<gst::ReferenceTimestampMeta>()
            .find(|meta| meta.reference() == unix.as_ref())
            .map(|meta| meta.timestamp().nseconds()),
        key: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
        discont: buffer.flags().contains(gst::BufferFlags::DISCONT),
    }
}

pub fn frames(notes: &[Note]) -> Vec<Frame> {
    notes
        .iter()
        .filter_map(|note| match note {
            Note::Frame(frame) => Some(frame.clone()),
            _ => None,
        })
        .collect()
}

/// What was noted after the last flush.
pub fn after_flush(notes: &[Note]) -> &[Note] {
    let at = notes
        .iter()
        .rposition(|note| matches!(note, Note::FlushStop(_)));
    &notes[at.map_or(0, |at| at + 1)..]
}

/// All frames of a file, played from start to end.
pub fn straight(
    path: &std::path::Path,
    push: bool,
    settings: &[(&str, &str)],
) -> BTreeMap<String, Vec<Frame>> {
    let player = Player::new(path, push, settings);
    player.play();
    player.wait_end();
    player
        .take()
        .into_iter()
        .map(|(pad, notes)| (pad, frames(&notes)))
        .collect()
}
