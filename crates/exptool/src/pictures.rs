// SPDX-License-Identifier: MPL-2.0
//! Single pictures of a camera, decoded, by the recorder's time.

use crate::common::{
    Failure,
    coded::hash_coded,
    media::{self, Source},
};
use crate::recording::{Camera, CameraRun, Recording};
use formats::timeline::SECOND;
use gst::prelude::*;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// Longest wait for a picture.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(60);
/// Nanoseconds by which the times of frames are rounded.
const ROUNDED: i64 = SECOND / 1000;
/// Hashes of coded frames that are remembered: more than any decoder holds back.
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
    /// SHA-256 of the coded frame, as `verify` computes it.
    pub sha256: Option<[u8; 32]>,
}

/// A moment of one run of a camera, which distinguishes it from the same time in another pass of an hour that was recorded twice.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// The camera.
    pub camera: &'a Camera,
    /// The run, from 0.
    pub run: usize,
    /// Clock, nanoseconds.
    pub clock: i64,
}

/// A time at which a camera recorded nothing.
#[derive(Clone, Copy)]
pub struct Unrecorded<'a> {
    /// Clock, nanoseconds.
    pub asked: i64,
    /// The last frame before.
    pub before: Option<Moment<'a>>,
    /// The first frame after.
    pub after: Option<Moment<'a>>,
}

impl<'a> Unrecorded<'a> {
    /// The frame that is nearest in time.
    pub fn nearest(&self) -> Option<Moment<'a>> {
        let moments = [self.before, self.after].into_iter().flatten();
        moments.min_by_key(|moment| moment.clock.abs_diff(self.asked))
    }
}

impl<'a> Moment<'a> {
    /// The run.
    pub fn span(&self) -> Option<&'a CameraRun> {
        self.camera.runs.get(self.run)
    }

    /// The moment that is shown when somebody asks for `clock`: in the `pass`-th run that holds it.
    ///
    /// # Errors
    /// What was recorded before and after, where nothing was at that time.
    pub fn find(camera: &'a Camera, clock: i64, pass: u32) -> Result<Moment<'a>, Unrecorded<'a>> {
        let pass = usize::try_from(pass).unwrap_or(usize::MAX);
        let runs = || {
            let runs = camera.runs.iter().enumerate();
            runs.filter_map(|(n, run)| Some((n, run, run.decodable?)))
        };
        let holding = |(_, run, _): &(usize, &CameraRun, i64)| {
            (run.start..camera.end_of(run)).contains(&clock)
        };
        let moment = |run: usize, clock: i64| Moment { camera, run, clock };
        if let Some((run, span, first)) = runs().filter(holding).nth(pass) {
            return Ok(moment(run, clock.clamp(first, span.last.max(first))));
        }
        let before = runs().filter(|(_, run, _)| camera.end_of(run) <= clock);
        let after = runs().filter(|(.., first)| *first > clock);
        Err(Unrecorded {
            asked: clock,
            before: before
                .max_by_key(|(_, run, _)| run.last)
                .map(|(n, run, _)| moment(n, run.last)),
            after: after
                .min_by_key(|(.., first)| *first)
                .map(|(n, _, first)| moment(n, first)),
        })
    }

    /// How many earlier runs hold this very moment, as `seek-clock` counts them: a run holds its last picture's duration too, a
    /// second at least.
    fn pass(&self) -> u32 {
        self.holding(self.camera.interval.max(SECOND))
    }

    /// How many earlier runs have pictures before and after it.
    pub fn earlier(&self) -> u32 {
        self.holding(0)
    }

    fn holding(&self, slack: i64) -> u32 {
        let earlier = self.camera.runs.iter().take(self.run);
        let holding = earlier
            .filter(|run| (run.start..=run.last.saturating_add(slack)).contains(&self.clock))
            .count();
        u32::try_from(holding).unwrap_or(u32::MAX)
    }

    /// Whether a picture of this time can be the one that was meant: in its run, give or take what a clock of whole seconds leaves
    /// open.
    fn fits(&self, clock: i64) -> bool {
        self.span().is_some_and(|run| {
            let slack = self.camera.interval.max(SECOND);
            (run.start.saturating_sub(slack)..=run.last.saturating_add(slack)).contains(&clock)
        })
    }
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
        let source = Source {
            input: &recording.input,
            camera: camera.number,
            preserve: false,
            layout,
        };
        let scaled = width.map(|width| format!(",width={width}"));
        // made small before the colours take 3 bytes a pixel
        let pipeline = media::launch(&format!(
            "{} queue name=head max-size-buffers=1 ! {} ! videoscale ! videoconvert \
             ! video/x-raw,format=RGB,pixel-aspect-ratio=1/1{} ! appsink name=out sync=false max-buffers=1",
            source.describe("frames"),
            media::decoder(camera.codec).join(" ! "),
            scaled.unwrap_or_default()
        ))?;
        let demux = source.set(&pipeline, "frames")?;
        let sink = media::by_name(&pipeline, "out")?;
        let head = media::by_name(&pipeline, "head")?.static_pad("sink");
        let head = head.ok_or_else(|| Failure::Media("a queue without a pad".to_owned()))?;
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

    /// Waits until a picture is there, or fails with the reason.
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

    /// The picture that is shown at a moment. `None` where the file gives none.
    ///
    /// # Errors
    /// A file that does not play.
    pub fn at(&self, moment: &Moment<'_>) -> Result<Option<Picture>, Failure> {
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
        let time = u64::try_from(moment.clock).unwrap_or(0);
        self.hashes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        let found = match self.has_clock {
            true => self
                .demux
                .emit_by_name::<bool>("seek-clock", &[&time, &moment.pass(), &flags]),
            false => self
                .pipeline
                .seek_simple(flags, gst::ClockTime::from_nseconds(time))
                .is_ok(),
        };
        if !found {
            return Ok(None);
        }
        self.settle()?;
        let Some(mut picture) = self.pull()? else {
            return Ok(None);
        };
        // durations are rounded, too, so that a frame may reach into the next one
        let away = moment.clock.saturating_sub(picture.clock);
        if self.has_clock && away >= moment.camera.interval.saturating_sub(ROUNDED) {
            let step = gst::event::Step::new(gst::format::Buffers::ONE, 1.0, true, false);
            if self.sink.send_event(step) {
                self.settle()?;
                let next = self.pull()?;
                let next = next.filter(|next| (picture.clock..=moment.clock).contains(&next.clock));
                picture = next.unwrap_or(picture);
            }
        }
        Ok(Some(picture).filter(|picture| !self.has_clock || moment.fits(picture.clock)))
    }

    fn pull(&self) -> Result<Option<Picture>, Failure> {
        let wait = gst::ClockTime::from_seconds(5).nseconds();
        let sample: Option<gst::Sample> = self.sink.emit_by_name("try-pull-preroll", &[&wait]);
        sample.map(|sample| self.picture(&sample)).transpose()
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
        // without a clock, the decoder cuts a picture's time at the beginning of the segment: it is the last one before
        let time = time_of(buffer);
        let hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        let coded = hashes
            .iter()
            .filter(|(coded, _)| *coded == time || !self.has_clock && *coded < time)
            .max_by_key(|(coded, _)| *coded);
        let clock = coded.map_or(time, |(clock, _)| *clock);
        let sha256 = coded.map(|(_, sum)| *sum);
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
    gstexp::recorder_time(buffer).unwrap_or_else(|| {
        let pts = buffer.pts().map_or(0, gst::ClockTime::nseconds);
        i64::try_from(pts).unwrap_or(i64::MAX)
    })
}
