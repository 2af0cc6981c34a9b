// SPDX-License-Identifier: MPL-2.0
//! What the first records of a file show about all of it: clock, frame interval, codecs, widths of VOP fields.

use crate::{
    mpeg4::{
        infer::{Inference, Inferred},
        start_code,
    },
    reader::{Codec, FileInfo, Standard, StreamKey},
    timeline::{FrameTiming, Mark, Resolution, SECOND, TimingSample},
};
use std::collections::HashMap;

/// Records that are measured.
pub const HEAD_RECORDS: usize = 64;
/// Audio that begins longer before the first frame than this is not believed, nanoseconds.
const MAX_LEAD: i64 = 60 * SECOND;
/// Bytes of payload after which fewer do.
pub const HEAD_BYTES: usize = 1 << 20;

/// What the first records of a file show.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Clock and usual distance of frames, over all cameras.
    pub timing: FrameTiming,
    /// Usual distance of each camera's frames, nanoseconds.
    pub intervals: Vec<(u16, i64)>,
    /// Widths of VOP fields, where there are MPEG-4 frames.
    pub widths: Option<Inferred>,
    /// Video codec of each camera, as most of its first records have it.
    pub codecs: Vec<(u16, Codec)>,
}

impl Profile {
    /// The stream of a packet. MPEG-4 and H.264 share some first bytes, so each camera has the codec that most of its first
    /// frames have.
    pub fn stream(&self, key: StreamKey) -> StreamKey {
        let mixed = |codec| matches!(codec, Codec::Mpeg4 | Codec::H264);
        let known = self.codecs.iter().find(|(camera, _)| *camera == key.camera);
        match known {
            Some((_, codec)) if mixed(key.codec) && mixed(*codec) => StreamKey {
                codec: *codec,
                ..key
            },
            _ => key,
        }
    }

    /// Usual distance of a camera's frames, nanoseconds.
    pub fn interval(&self, camera: u16) -> i64 {
        let own = self.intervals.iter().find(|(known, _)| *known == camera);
        own.map_or(self.timing.interval, |(_, interval)| *interval)
    }

    /// Name of the clock that times come from.
    pub fn clock_name(&self) -> &'static str {
        match self.timing.resolution {
            Resolution::Millis => "milliseconds",
            Resolution::Seconds => "whole seconds",
            Resolution::Slots => "file timeline",
        }
    }

    /// Units of the VOPs' time that fit the television standard.
    pub fn resolution_hint(standard: Standard) -> Option<u16> {
        match standard {
            Standard::Pal => Some(25),
            Standard::Ntsc => Some(30),
            Standard::Unknown => None,
        }
    }
}

/// The first records of a file, held back until enough are there to measure.
#[derive(Debug)]
pub struct Head<T> {
    items: Vec<(T, Mark)>,
    samples: Vec<TimingSample>,
    inference: Inference,
    votes: HashMap<StreamKey, u32>,
    bytes: usize,
    mpeg4: bool,
}

impl<T> Default for Head<T> {
    fn default() -> Head<T> {
        Head {
            items: Vec::new(),
            samples: Vec::new(),
            inference: Inference::default(),
            votes: HashMap::new(),
            bytes: 0,
            mpeg4: false,
        }
    }
}

impl<T> Head<T> {
    /// Takes the next record. `coded` gives its coded bytes; `trusted` is false where their checksum failed, so that a damaged
    /// frame decides nothing.
    pub fn add(&mut self, item: T, mark: Mark, key: StreamKey, coded: &[u8], trusted: bool) {
        if mark.video {
            self.samples.push(TimingSample {
                camera: mark.camera,
                timestamp: mark.timestamp,
                slot: mark.slot,
            });
            if trusted {
                let votes = self.votes.entry(key).or_insert(0);
                *votes = votes.saturating_add(1);
            }
            if key.codec == Codec::Mpeg4 {
                self.mpeg4 = true;
                let vop = start_code::vop_offset(coded).filter(|_| trusted);
                if let Some(vop) = vop.and_then(|at| coded.get(at..)) {
                    self.inference.add(vop);
                }
            }
        }
        self.bytes = self.bytes.saturating_add(coded.len());
        self.items.push((item, mark));
    }

    /// Whether this many records, or as many bytes as are measured, are there.
    pub fn is_full(&self, records: usize) -> bool {
        self.items.len() >= records || self.bytes >= HEAD_BYTES
    }

    /// Records so far.
    pub fn items(&self) -> &[(T, Mark)] {
        &self.items
    }

    /// All records.
    pub fn into_items(self) -> Vec<(T, Mark)> {
        self.items
    }

    /// What the records show.
    pub fn measure(&self, info: &FileInfo) -> Profile {
        let nominal = info.cameras.iter().find_map(|camera| camera.rate);
        let mut timing = FrameTiming::measure(&self.samples, nominal, info.slot_rate);
        timing.lead = self.lead(&timing);
        Profile {
            timing,
            intervals: self.intervals(info, &timing),
            widths: self.mpeg4.then(|| self.inference.result()),
            codecs: self.codecs(),
        }
    }

    /// How long before the first frame audio begins, by the recorder's clock.
    fn lead(&self, timing: &FrameTiming) -> i64 {
        let marks = || self.items.iter().map(|(_, mark)| mark);
        let first = marks().position(|mark| mark.video);
        let (Some(first), true) = (first, timing.resolution != Resolution::Slots) else {
            return 0;
        };
        let before = marks().take(first).filter(|mark| !mark.video);
        let audio = before.filter_map(Mark::clock).min();
        let frame = marks().find(|mark| mark.video).and_then(Mark::clock);
        let lead = frame
            .zip(audio)
            .map(|(frame, audio)| frame.saturating_sub(audio));
        // further away it belongs to another time
        lead.filter(|lead| (0..MAX_LEAD).contains(lead))
            .unwrap_or(0)
    }

    fn intervals(&self, info: &FileInfo, timing: &FrameTiming) -> Vec<(u16, i64)> {
        let mut cameras: Vec<u16> = self.samples.iter().map(|sample| sample.camera).collect();
        cameras.sort_unstable();
        cameras.dedup();
        // slots count all frames of the file
        if cameras.len() < 2 || info.slot_rate.is_some() {
            return Vec::new();
        }
        let of_camera = |camera: u16| -> Vec<TimingSample> {
            let own = self.samples.iter().filter(|one| one.camera == camera);
            own.copied().collect()
        };
        cameras
            .into_iter()
            .filter_map(|camera| {
                let samples = of_camera(camera);
                let own = FrameTiming::measure(&samples, None, None);
                (samples.len() > 2 && own.resolution == timing.resolution)
                    .then_some((camera, own.interval))
            })
            .collect()
    }

    fn codecs(&self) -> Vec<(u16, Codec)> {
        let mut best: HashMap<u16, (Codec, u32)> = HashMap::new();
        let mut votes: Vec<_> = self.votes.iter().collect();
        votes.sort_unstable();
        for (key, votes) in votes {
            let entry = best.entry(key.camera).or_insert((key.codec, 0));
            if *votes > entry.1 {
                *entry = (key.codec, *votes);
            }
        }
        let mut codecs: Vec<_> = best
            .into_iter()
            .map(|(camera, (codec, _))| (camera, codec))
            .collect();
        codecs.sort_unstable();
        codecs
    }
}
