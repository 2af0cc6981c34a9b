// SPDX-License-Identifier: MPL-2.0
//! What is known between two buffers: the tracks, the clock, and the writer.

use gst::prelude::*;

use super::VideoStandard;
use super::track::{Format, Track, check_headers};
use crate::tags;
use formats::exp::writer::{Head, Picture, Writer};
use formats::mpeg4::h264::{is_key, looks_like_h264};
use formats::mpeg4::start_code::{start_codes, vop_offset};
use formats::mpeg4::{VopType, vop_type};
use formats::reader::{AudioFormat, Camera, Codec, Standard, Timestamp};

const FINISHED: &str = "the file is finished";

/// The properties.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub model: String,
    pub server: String,
    /// Minutes east of UTC, instead of the tag's.
    pub utc_offset: Option<i32>,
    pub standard: VideoStandard,
    /// Unix time of the first record in nanoseconds; `u64::MAX` is "now".
    pub start_time: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            model: String::new(),
            server: String::new(),
            utc_offset: None,
            standard: VideoStandard::Auto,
            start_time: u64::MAX,
        }
    }
}

/// A buffer with its times in nanoseconds.
pub(super) struct Input {
    pub pad: gst_base::AggregatorPad,
    pub buffer: gst::Buffer,
    /// Running time; may be before 0. `None` where the buffer has no time.
    pub running: Option<i64>,
    /// Unix time of the reference timestamp meta.
    pub unix: Option<i64>,
}

/// What a buffer became.
#[derive(Default)]
pub(super) struct Output {
    pub header: Option<Vec<u8>>,
    pub records: Vec<Vec<u8>>,
    pub warnings: Vec<String>,
}

/// Everything but the properties.
#[derive(Debug, Default)]
pub(super) struct State {
    tracks: Vec<Track>,
    model: Option<String>,
    server: Option<String>,
    standard: Option<Standard>,
    utc_offset: Option<i32>,
    writer: Option<Writer>,
    /// Unix time minus running time, nanoseconds.
    base: Option<i64>,
}

impl State {
    pub fn track(&mut self, pad: &gst_base::AggregatorPad) -> &mut Track {
        let at = match self.tracks.iter().position(|track| track.pad == *pad) {
            Some(at) => at,
            None => {
                self.tracks.push(Track::new(pad));
                self.tracks.len() - 1
            }
        };
        &mut self.tracks[at]
    }

    pub fn forget(&mut self, pad: &gst::Pad) {
        self.tracks
            .retain(|track| track.pad.upcast_ref::<gst::Pad>() != pad);
    }

    /// When the next buffer of the pad is expected, for one that says nothing itself.
    pub fn expected(&mut self, pad: &gst_base::AggregatorPad) -> i64 {
        self.track(pad).next
    }

    pub fn set_tags(&mut self, pad: &gst_base::AggregatorPad, list: &gst::TagListRef) {
        self.track(pad).set_tags(list);
        if let Some(model) = list.get::<gst::tags::DeviceModel>() {
            self.model = Some(model.get().to_owned());
        }
        if let Some(server) = list.get::<tags::RecorderName>() {
            self.server = Some(server.get().to_owned());
        }
        if let Some(standard) = list.get::<tags::VideoStandard>() {
            self.standard = [Standard::Ntsc, Standard::Pal]
                .into_iter()
                .find(|known| known.name() == Some(standard.get()));
        }
        if let Some(minutes) = list.get::<tags::RecorderUtcOffset>() {
            self.utc_offset = Some(minutes.get());
        }
    }

    /// Turns a buffer into records, with the file header before the first of them.
    ///
    /// # Errors
    /// A text for people: the stream cannot be kept in this format.
    pub fn record(&mut self, settings: &Settings, input: &Input) -> Result<Output, String> {
        let mut out = Output::default();
        let running = input.running.unwrap_or_else(|| self.expected(&input.pad));
        let unix = self.unix_time(settings, running, input.unix);
        if self.writer.is_none() {
            out.header = Some(self.begin(settings, timestamp(unix), &mut out.warnings)?);
        }
        let number = self.number(&input.pad, &mut out.warnings)?;
        let duration = input.buffer.duration().map_or(0, |time| time.nseconds());
        let track = self.track(&input.pad);
        track.next = running.saturating_add_unsigned(duration);
        let mode = track.mode;
        let format = track
            .format
            .clone()
            .ok_or("a buffer came before the caps")?;
        let map = input
            .buffer
            .map_readable()
            .map_err(|error| error.to_string())?;
        match format {
            Format::Video {
                codec,
                width,
                height,
                ..
            } => {
                let Some((payload, key)) = coded_picture(codec, &map)? else {
                    self.complain(&input.pad, &mut out.warnings);
                    return Ok(out);
                };
                let picture = Picture {
                    camera: number,
                    timestamp: timestamp(unix),
                    mode,
                    width,
                    height,
                    key,
                };
                let writer = self.writer.as_mut().ok_or(FINISHED)?;
                let record = writer
                    .picture(&picture, payload)
                    .map_err(|e| e.to_string())?;
                out.records.push(record);
            }
            Format::Audio { codec, format } => {
                let writer = self.writer.as_mut().ok_or(FINISHED)?;
                out.records = audio(writer, number, unix, codec, &format, &map)?;
            }
        }
        Ok(out)
    }

    /// The header of a file without a record, where none was written yet.
    pub fn begin_empty(&mut self, settings: &Settings) -> Result<Option<Vec<u8>>, String> {
        if self.writer.is_some() {
            return Ok(None);
        }
        self.begin(settings, timestamp(0), &mut Vec::new())
            .map(Some)
    }

    /// The index, and the header as it is now. Titles that came later than the first record are in it.
    pub fn finish(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut writer = self.writer.take()?;
        for track in self.tracks.iter().filter(|track| track.is_video()) {
            writer.set_title(track.number.unwrap_or(0), &track.title);
        }
        let index = writer.finish();
        Some((index, writer.header()))
    }

    /// What was written so far is void: the next record begins a new file of the same streams.
    pub fn flush(&mut self) {
        self.writer = None;
        self.base = None;
        for track in &mut self.tracks {
            track.number = None;
            track.next = 0;
        }
    }

    fn unix_time(&mut self, settings: &Settings, running: i64, meta: Option<i64>) -> i64 {
        if let Some(unix) = meta {
            self.base = Some(unix.saturating_sub(running));
            return unix;
        }
        let base = *self.base.get_or_insert_with(|| {
            let start = match settings.start_time {
                u64::MAX => glib::real_time().saturating_mul(1000),
                time => i64::try_from(time).unwrap_or(i64::MAX),
            };
            start.saturating_sub(running)
        });
        base.saturating_add(running)
    }

    fn begin(
        &mut self,
        settings: &Settings,
        start: Timestamp,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<u8>, String> {
        self.tracks
            .sort_by_key(|track| (!track.is_video(), track.index()));
        let pads = self
            .tracks
            .iter()
            .map(|track| track.pad.clone())
            .collect::<Vec<_>>();
        for pad in &pads {
            self.number(pad, warnings)?;
        }
        let mut cameras = self.tracks.iter().filter_map(camera).collect::<Vec<_>>();
        cameras.sort_by_key(|camera| camera.number);
        let or = |set: &str, tag: &Option<String>| match (set, tag) {
            ("", Some(tag)) => tag.clone(),
            (set, _) => set.to_owned(),
        };
        let head = Head {
            model: or(&settings.model, &self.model),
            server: or(&settings.server, &self.server),
            utc_offset: settings
                .utc_offset
                .or(self.utc_offset)
                .unwrap_or(0)
                .clamp(-840, 840) as i16,
            standard: self.standard_of(settings, cameras.first()),
            audio: self.tracks.iter().any(|track| !track.is_video()),
            cameras,
        };
        let (writer, header) = Writer::new(head, start).map_err(|e| e.to_string())?;
        self.writer = Some(writer);
        Ok(header)
    }

    fn standard_of(&self, settings: &Settings, first: Option<&Camera>) -> Standard {
        match (
            settings.standard,
            self.standard,
            first.map_or(0, |camera| camera.height),
        ) {
            (VideoStandard::Ntsc, ..) => Standard::Ntsc,
            (VideoStandard::Pal, ..) => Standard::Pal,
            (VideoStandard::Unknown, ..) => Standard::Unknown,
            (VideoStandard::Auto, Some(tagged), _) => tagged,
            (VideoStandard::Auto, None, 120 | 240 | 480) => Standard::Ntsc,
            (VideoStandard::Auto, None, 144 | 256 | 288 | 576) => Standard::Pal,
            _ => Standard::Unknown,
        }
    }

    /// The number that the pad's records carry: that of its tag, else the pad's own, else the next free one.
    fn number(
        &mut self,
        pad: &gst_base::AggregatorPad,
        warnings: &mut Vec<String>,
    ) -> Result<u16, String> {
        let (video, late) = (self.track(pad).is_video(), self.writer.is_some());
        if let Some(number) = self.track(pad).number {
            return Ok(number);
        }
        let taken = (self.tracks.iter())
            .filter(|track| track.is_video() == video)
            .filter_map(|track| track.number)
            .collect::<Vec<_>>();
        let track = self.track(pad);
        let wanted = track
            .tagged
            .unwrap_or_else(|| track.index().saturating_add(1));
        let number = std::iter::once(wanted)
            .chain(1..=255)
            .find(|number| (1..=255).contains(number) && !taken.contains(number))
            .ok_or("a file has 255 cameras at most")?;
        track.number = Some(number);
        if number != wanted {
            warnings.push(format!(
                "camera number {wanted} of {} is taken or not in 1..=255: it is written as camera {number}",
                pad.name()
            ));
        }
        if late && video {
            warnings.push(format!(
                "camera {number} came after the file header was written: the header does not list it"
            ));
        }
        Ok(number)
    }

    fn complain(&mut self, pad: &gst_base::AggregatorPad, warnings: &mut Vec<String>) {
        let track = self.track(pad);
        if !std::mem::replace(&mut track.complained, true) {
            warnings.push(format!(
                "{} has a buffer without a coded frame: left out",
                pad.name()
            ));
        }
    }
}

/// The records of a buffer of audio: one, or one for each block that is decoded on its own.
fn audio(
    writer: &mut Writer,
    number: u16,
    unix: i64,
    codec: Codec,
    format: &AudioFormat,
    data: &[u8],
) -> Result<Vec<Vec<u8>>, String> {
    let block = match codec {
        Codec::ImaAdpcm if format.block_align > 0 => usize::from(format.block_align),
        _ => data.len().max(1),
    };
    // A block of mono IMA ADPCM: 4 bytes with one sample, then two samples a byte.
    let samples = block.saturating_sub(4).saturating_mul(2).saturating_add(1) as u64;
    let step = samples * 1_000_000_000 / u64::from(format.rate.max(1));
    (0u64..)
        .zip(data.chunks(block))
        .map(|(n, block)| {
            let at = timestamp(unix.saturating_add_unsigned(step * n));
            writer
                .audio(number, at, codec, format, block)
                .map_err(|error| error.to_string())
        })
        .collect()
}

/// The camera entry of a track.
fn camera(track: &Track) -> Option<Camera> {
    let Some(Format::Video {
        width,
        height,
        rate,
        ..
    }) = track.format
    else {
        return None;
    };
    Some(Camera {
        number: track.number?,
        width,
        height,
        rate,
        title: track.title.clone(),
    })
}

/// The coded frame in an access unit, headers before it left out, and whether it is a keyframe.
fn coded_picture(codec: Codec, data: &[u8]) -> Result<Option<(&[u8], bool)>, String> {
    if codec == Codec::H264 {
        return Ok(looks_like_h264(data).then(|| (data, is_key(data))));
    }
    let Some(at) = vop_offset(data) else {
        return Ok(None);
    };
    let (headers, picture) = data.split_at(at);
    check_headers(headers)?;
    // Another start code behind the frame begins what is not part of it.
    let end = start_codes(picture)
        .nth(1)
        .map_or(picture.len(), |(at, _)| at);
    match vop_type(picture) {
        Some(VopType::B) => Err(
            "the stream has B-frames, which the format has no kind for; \
            encode without them (avenc_mpeg4 max-bframes=0)"
                .to_owned(),
        ),
        kind => Ok(Some((&picture[..end], kind == Some(VopType::I)))),
    }
}

/// Rounded to the millisecond, because running times of a steady rate are cut to nanoseconds.
fn timestamp(unix_ns: i64) -> Timestamp {
    let ms = unix_ns.saturating_add(500_000).div_euclid(1_000_000);
    Timestamp {
        seconds: ms.div_euclid(1000),
        millis: Some(ms.rem_euclid(1000) as u16),
    }
}
