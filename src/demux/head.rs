// SPDX-License-Identifier: MPL-2.0
//! The first records of a file, held back until clock, codec and missing headers are known.

use super::state::{Item, State};
use formats::{
    mpeg4::{
        infer::{Inference, Inferred},
        start_code,
    },
    reader::{Codec, FileInfo, Media, Standard, StreamKey},
    timeline::{FrameTiming, Mark, Resolution, TimingSample},
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Bytes of payload that are held back at most.
const MAX_BYTES: usize = 768 << 10;

/// What the head told about the file.
#[derive(Clone, Debug, Default)]
pub struct Tuning {
    /// Clock and usual distance of pictures.
    pub timing: FrameTiming,
    /// Widths of VOP fields, where there are MPEG-4 pictures.
    pub widths: Option<Inferred>,
    /// Video codec of each camera, as most of its first records say.
    pub codecs: Vec<(u16, Codec)>,
}

/// Records held back.
#[derive(Default)]
pub struct Head {
    /// In the order of the file.
    pub items: Vec<(Item, Mark)>,
    samples: Vec<TimingSample>,
    inference: Inference,
    votes: HashMap<(u16, Codec), u32>,
    bytes: usize,
    mpeg4: bool,
    since: Option<Instant>,
}

impl Head {
    /// How long the first record has been held back.
    pub fn age(&self) -> Duration {
        self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Takes a record. True when enough are there.
    pub fn add(&mut self, item: Item, mark: Mark, records: usize) -> bool {
        self.since.get_or_insert_with(Instant::now);
        if mark.video {
            self.samples.push(TimingSample {
                camera: mark.camera,
                timestamp: mark.timestamp,
                slot: mark.slot,
            });
            let votes = self
                .votes
                .entry((mark.camera, item.stream.codec))
                .or_insert(0);
            *votes = votes.saturating_add(1);
            if item.stream.codec == Codec::Mpeg4 {
                self.mpeg4 = true;
                if let Ok(map) = item.buffer.map_readable()
                    && let Some(at) = start_code::vop_offset(&map)
                {
                    self.inference.add(map.get(at..).unwrap_or_default());
                }
            }
        }
        self.bytes = self.bytes.saturating_add(item.buffer.size());
        self.items.push((item, mark));
        self.items.len() >= records || self.bytes >= MAX_BYTES
    }

    /// A stream has records here.
    pub fn has(&self, key: StreamKey) -> bool {
        self.items.iter().any(|(item, _)| item.stream == key)
    }

    /// What the records tell.
    pub fn tuning(&self, info: &FileInfo) -> Tuning {
        let nominal = info.cameras.iter().find_map(|camera| camera.rate);
        Tuning {
            timing: FrameTiming::measure(&self.samples, nominal, info.slot_rate),
            widths: self.mpeg4.then(|| self.inference.result()),
            codecs: self.codecs(),
        }
    }

    fn codecs(&self) -> Vec<(u16, Codec)> {
        let mut best: HashMap<u16, (Codec, u32)> = HashMap::new();
        for ((camera, codec), votes) in &self.votes {
            let entry = best.entry(*camera).or_insert((*codec, 0));
            if *votes > entry.1 {
                *entry = (*codec, *votes);
            }
        }
        best.into_iter()
            .map(|(camera, (codec, _))| (camera, codec))
            .collect()
    }
}

impl Tuning {
    /// The stream of a packet. MPEG-4 and H.264 share some first bytes, so each camera has the codec that most of its first
    /// pictures have.
    pub fn stream(&self, key: StreamKey) -> StreamKey {
        let mixed = matches!(key.codec, Codec::Mpeg4 | Codec::H264);
        let known = self.codecs.iter().find(|(camera, _)| *camera == key.camera);
        match known.map(|(_, codec)| codec) {
            Some(codec) if mixed && matches!(codec, Codec::Mpeg4 | Codec::H264) => StreamKey {
                codec: *codec,
                ..key
            },
            _ => key,
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

    /// The clock in words.
    pub fn clock_name(&self) -> &'static str {
        match self.timing.resolution {
            Resolution::Millis => "milliseconds",
            Resolution::Seconds => "whole seconds",
            Resolution::Slots => "file timeline",
        }
    }
}

impl State {
    /// Frame rate of a camera: the header's, the slots', or the measured timing.
    pub fn frame_rate(&self, camera: u16) -> Option<(u32, u32)> {
        let info = self.reader.as_ref()?.info();
        let listed = info
            .cameras
            .iter()
            .find(|listed| listed.number == camera)
            .and_then(|camera| camera.rate);
        listed.or_else(|| self.tuning.timing.frame_rate())
    }

    /// Whether the item is a picture.
    pub fn is_video(item: &Item) -> bool {
        item.stream.codec.media() == Media::Video
    }
}
