// SPDX-License-Identifier: MPL-2.0
//! Single pictures of a camera, decoded, by the recorder's time.

use crate::common::{Failure, frames::hash_coded, media};
use crate::convert::{graph, watch::clock_of};
use crate::recording::{Camera, Recording};
use gst::prelude::*;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// Longest wait for a picture.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(60);
/// Hashes of coded pictures that are remembered: more than any decoder holds back.
const HASHES: usize = 64;

/// A decoded picture with square pixels.
pub struct Picture {
    /// Pixels.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// 3 bytes a pixel, rows without padding.
    pub rgb: Vec<u8>,
    /// Clock of the picture, nanoseconds; without a clock, running time.
    pub clock: i64,
    /// SHA-256 of the coded picture, as `verify` computes it.
    pub sha256: Option<[u8; 32]>,
}

type Hashes = Arc<Mutex<VecDeque<(i64, [u8; 32])>>>;

/// A camera whose pictures are looked at.
pub struct Pictures {
    pipeline: gst::Pipeline,
    demux: gst::Element,
    sink: gst::Element,
    hashes: Hashes,
    has_clock: bool,
    name: String,
}

impl Pictures {
    /// Opens a camera. `width` scales its pictures.
    ///
    /// # Errors
    /// A missing element, a file that does not play.
    pub fn open(
        recording: &Recording,
        camera: &Camera,
        width: Option<u32>,
        layout: Option<&str>,
    ) -> Result<Pictures, Failure> {
        let pipeline = gst::Pipeline::new();
        let demux = graph::source(&pipeline, recording, camera.number, false, layout)?;
        let mut elements = graph::decoder(camera.codec)?;
        for name in ["videoconvert", "videoscale", "capsfilter", "appsink"] {
            elements.push(media::element(name)?);
        }
        let mut caps = gst::Caps::builder("video/x-raw")
            .field("format", "RGB")
            .field("pixel-aspect-ratio", gst::Fraction::new(1, 1));
        if let Some(width) = width {
            caps = caps.field("width", i32::try_from(width).unwrap_or(i32::MAX));
        }
        let (head, sink) = graph::chain(&pipeline, &elements)?;
        if let [.., filter, _] = elements.as_slice() {
            filter.set_property("caps", caps.build());
        }
        sink.set_property("sync", false);
        sink.set_property("max-buffers", 1_u32);
        let hashes = Hashes::default();
        let pictures = Pictures {
            pipeline,
            demux,
            sink,
            hashes,
            has_clock: recording.has_clock(),
            name: recording.input.name.clone(),
        };
        pictures.connect(camera, head);
        let _ = pictures.pipeline.set_state(gst::State::Paused);
        pictures.settle()?;
        Ok(pictures)
    }

    fn connect(&self, camera: &Camera, head: gst::Pad) {
        let wanted = format!("video_{}", camera.number);
        let (hashes, codec) = (self.hashes.clone(), camera.codec);
        self.demux.connect_pad_added(move |_, pad| {
            if pad.name() != wanted {
                return;
            }
            let hashes = hashes.clone();
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                if let Some(buffer) = info.buffer()
                    && let Ok(map) = buffer.map_readable()
                {
                    let mut hashes = hashes.lock().unwrap_or_else(PoisonError::into_inner);
                    hashes.truncate(HASHES);
                    hashes.push_front((time_of(buffer), hash_coded(codec, &map)));
                }
                gst::PadProbeReturn::Ok
            });
            // a failure shows in the missing picture
            let _ = pad.link(&head);
        });
    }

    /// Waits until a picture is there, or tells why there is none.
    fn settle(&self) -> Result<(), Failure> {
        let bus = self
            .pipeline
            .bus()
            .ok_or_else(|| Failure::Media("a pipeline without a bus".to_owned()))?;
        let kinds = [
            gst::MessageType::AsyncDone,
            gst::MessageType::Error,
            gst::MessageType::Eos,
        ];
        let message = bus.timed_pop_filtered(PATIENCE, &kinds);
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => Err(Failure::Media(format!(
                "{}: {} ({})",
                self.name,
                error.error(),
                error
                    .debug()
                    .unwrap_or_default()
                    .lines()
                    .last()
                    .unwrap_or_default()
            ))),
            Some(_) => Ok(()),
            None => Err(Failure::Media(format!(
                "{}: no picture within {PATIENCE}",
                self.name
            ))),
        }
    }

    /// The picture that is shown at a moment; in a gap, the next. `pass` picks among several places with that time.
    ///
    /// # Errors
    /// A time after the end, a file that does not play.
    pub fn at(&self, clock: i64, pass: u32) -> Result<Option<Picture>, Failure> {
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
        let time = u64::try_from(clock).unwrap_or(0);
        let found = match self.has_clock {
            true => self
                .demux
                .emit_by_name::<bool>("seek-clock", &[&time, &pass, &flags]),
            false => self
                .pipeline
                .seek_simple(flags, gst::ClockTime::from_nseconds(time))
                .is_ok(),
        };
        if !found {
            return Ok(None);
        }
        self.settle()?;
        let wait = gst::ClockTime::from_seconds(5).nseconds();
        let sample: Option<gst::Sample> = self.sink.emit_by_name("try-pull-preroll", &[&wait]);
        let Some(sample) = sample else {
            return Ok(None);
        };
        self.picture(&sample).map(Some)
    }

    fn picture(&self, sample: &gst::Sample) -> Result<Picture, Failure> {
        let wrong = || Failure::Media(format!("{}: the decoder gave no picture", self.name));
        let caps = sample
            .caps()
            .and_then(|caps| caps.structure(0))
            .ok_or_else(wrong)?;
        let side = |name: &str| {
            caps.get::<i32>(name)
                .ok()
                .and_then(|side| u32::try_from(side).ok())
        };
        let (width, height) = side("width").zip(side("height")).ok_or_else(wrong)?;
        let buffer = sample.buffer().ok_or_else(wrong)?;
        let map = buffer.map_readable().map_err(|_| wrong())?;
        let line = width as usize * 3;
        // rows are padded to four bytes
        let stride = line.next_multiple_of(4);
        let rows = map.chunks(stride).take(height as usize);
        let rgb: Vec<u8> = rows
            .filter_map(|row| row.get(..line))
            .flatten()
            .copied()
            .collect();
        if rgb.len() != line * height as usize {
            return Err(wrong());
        }
        let clock = time_of(buffer);
        let hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        let sha256 = hashes
            .iter()
            .find(|(time, _)| *time == clock)
            .map(|(_, sum)| *sum);
        Ok(Picture {
            width,
            height,
            rgb,
            clock,
            sha256,
        })
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// The recorder's time, else the running time.
fn time_of(buffer: &gst::BufferRef) -> i64 {
    clock_of(buffer).unwrap_or_else(|| {
        let pts = buffer.pts().map_or(0, gst::ClockTime::nseconds);
        i64::try_from(pts).unwrap_or(i64::MAX)
    })
}
