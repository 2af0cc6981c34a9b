// SPDX-License-Identifier: MPL-2.0
//! The effective configuration: what a partition or stream says it was recorded with.
//!
//! Every frame carries the settings it was coded with (**verified** on captures of six units): site, camera, title, frame size,
//! the encoder's target and quality, time zone. What was recorded when is the schedule as it was really kept.

use crate::config::fields::{CAMERAS, Config, TITLE};
use crate::config::text::{config_of, flat, spell, value_of};
use crate::config::times;
use crate::config::types::Text;
use crate::error::{Error, Result};
use crate::sniff::{HEAD, Kind, MORE, sniff};
use formats::cursor;
use formats::netvu;
use formats::netvu::picture::PictureHeader;
use formats::reader::{Codec, Media, Packet, Reader, Step, Window};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// A pause longer than this ends a span of recording, in milliseconds (assumed; the slowest rate of a unit is one frame per second).
pub const PAUSE: i64 = 10_000;
/// Most spans that are kept for a camera; later ones lengthen the last.
pub const MAX_SPANS: usize = 4096;
/// Most cameras and alarm texts that are kept.
pub const MAX_NAMES: usize = 256;
/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;

/// What was recorded of one camera.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Camera {
    /// Titles, in the order they came up; the last one holds.
    pub titles: Vec<String>,
    /// Coding of the first frame.
    #[serde(serialize_with = "codec_name")]
    pub codec: Option<Codec>,
    /// Frame sizes in pixels, in the order they came up.
    pub sizes: Vec<(u16, u16)>,
    /// Frames.
    pub frames: u64,
    /// Frames that can be decoded without an earlier one.
    pub keyframes: u64,
    /// Encoder's target: bytes of a JPEG image, or bit/s.
    pub target: Option<u32>,
    /// What was cut out of the camera's picture, of the first frame that says so.
    pub crop: Option<Crop>,
    /// Quality factor, from and to.
    pub quality: Option<(u32, u32)>,
    /// Recorded time in milliseconds since 1970, from the first to the last frame of each span, sorted.
    pub spans: Vec<(i64, i64)>,
    /// Times between frames in a span: number and sum of milliseconds.
    #[serde(skip)]
    steps: (u64, i64),
    #[serde(skip)]
    last: Option<i64>,
}

fn codec_name<S: serde::Serializer>(codec: &Option<Codec>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_some(&codec.map(|codec| format!("{codec:?}").to_lowercase()))
}

/// The part of the camera's picture that was recorded, in pixels (verified on captures of five units).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Crop {
    /// Width and height of the whole picture.
    pub source: (u16, u16),
    /// Where the recorded part begins, from the left and from the top.
    pub offset: (u16, u16),
}

/// Reads the crop out of the picture header at the start of a packet, or behind its separator of six bytes.
fn read_crop(data: &[u8]) -> Option<Crop> {
    let head = [0, 6].into_iter().find_map(|at| {
        let head = data.get(at..)?;
        Some((PictureHeader::parse(head).ok()?, head))
    });
    let (header, head) = head?;
    // The numbers are in the order that gives the size which the header was found to have.
    [cursor::u16_be, cursor::u16_le]
        .into_iter()
        .find_map(|read| {
            let pair = |at| Some((read(head, at).ok()?, read(head, at.saturating_add(2)).ok()?));
            let found = Crop {
                source: pair(118)?,
                offset: pair(126)?,
            };
            (pair(122)? == (header.width, header.height)).then_some(found)
        })
}

/// What a recording says of its unit.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Effective {
    /// Site id.
    pub site: Option<String>,
    /// Minutes that local time is east of UTC.
    pub utc_offset: Option<i32>,
    /// Name of the time zone.
    pub locale: Option<String>,
    /// By camera number.
    pub cameras: BTreeMap<u16, Camera>,
    /// Alarm texts that were seen.
    pub alarms: BTreeSet<String>,
    /// Alarm and detector masks that were seen, as `name=value`.
    pub masks: BTreeSet<String>,
    /// Blocks of audio.
    pub audio_blocks: u64,
    /// Bytes that were no valid record.
    pub damaged: u64,
    /// What was wrong with the file.
    pub warnings: Vec<String>,
}

impl Camera {
    /// Frames per second inside the spans, measured; `None` for less than two frames with a time.
    pub fn rate(&self) -> Option<f64> {
        let (steps, sum) = self.steps;
        (steps > 0 && sum > 0).then(|| steps as f64 * 1000.0 / sum as f64)
    }

    /// The title that holds at the end.
    pub fn title(&self) -> Option<&str> {
        self.titles.last().map(String::as_str)
    }

    /// The size of the first frame.
    pub fn size(&self) -> Option<(u16, u16)> {
        self.sizes.first().copied()
    }

    fn add(&mut self, packet: &Packet) {
        self.frames = self.frames.saturating_add(1);
        self.keyframes = self.keyframes.saturating_add(u64::from(packet.key));
        self.codec.get_or_insert(packet.stream.codec);
        let size = (packet.width, packet.height);
        if packet.width > 0 && self.sizes.len() < MAX_NAMES && !self.sizes.contains(&size) {
            self.sizes.push(size);
        }
        if let Some(timestamp) = packet.timestamp {
            self.add_time(timestamp.unix_ms());
        }
    }

    fn add_time(&mut self, time: i64) {
        let step = self.last.map(|last| time.saturating_sub(last));
        self.last = Some(time);
        let full = self.spans.len() >= MAX_SPANS;
        match (step, self.spans.last_mut()) {
            (Some(step @ 0..=PAUSE), Some(span)) => {
                span.1 = span.1.max(time);
                self.steps = (
                    self.steps.0.saturating_add(1),
                    self.steps.1.saturating_add(step),
                );
            }
            (_, Some(span)) if full => {
                *span = (span.0.min(time), span.1.max(time));
            }
            _ => self.spans.push((time, time)),
        }
    }

    /// Sorts the spans and joins those that touch: a partition is a part of a ring and may begin in the middle.
    fn finish(&mut self) {
        self.spans.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for (from, to) in self.spans.drain(..) {
            match joined.last_mut() {
                Some(last) if from <= last.1.saturating_add(PAUSE) => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        self.spans = joined;
    }
}

impl Effective {
    /// Reads a whole partition or stream. Memory does not grow with its length.
    ///
    /// # Errors
    /// [`Error::Foreign`] for what is not a recording, [`Error::Io`] where reading fails.
    pub fn read(mut input: impl Read, name: &str) -> Result<Effective> {
        let mut head = Vec::new();
        let fail = |source| Error::io(name, source);
        input
            .by_ref()
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(fail)?;
        if head.starts_with(b"PAR\0") {
            let more = MORE.saturating_sub(head.len()) as u64;
            input
                .by_ref()
                .take(more)
                .read_to_end(&mut head)
                .map_err(fail)?;
        }
        let kind = match sniff(&head) {
            Kind::Recording(kind) => kind,
            kind => {
                kind.refuse()?;
                return Err(Error::Foreign(format!(
                    "this is a {}; a recording is expected",
                    kind.name()
                )));
            }
        };
        let mut reading = Reading {
            reader: netvu::open(kind),
            found: Effective::default(),
            buffer: head,
            start: 0,
            offset: 0,
            ended: false,
        };
        reading.run(input, name)?;
        let mut found = reading.found;
        found.warnings = reading.reader.take_warnings();
        let info = reading.reader.info();
        if found.site.is_none() && !info.server.is_empty() {
            found.site = Some(info.server.clone());
        }
        found.utc_offset = found.utc_offset.or(info.utc_offset);
        for camera in found.cameras.values_mut() {
            camera.finish();
        }
        if found.cameras.is_empty() {
            found.warnings.push("no frame was found".into());
        }
        Ok(found)
    }

    fn add(&mut self, packet: &Packet, data: &[u8]) {
        let room = self.cameras.len() < MAX_NAMES;
        let number = packet.stream.camera;
        match packet.stream.codec.media() {
            Media::Video if room || self.cameras.contains_key(&number) => {
                let camera = self.cameras.entry(number).or_default();
                camera.add(packet);
                camera.crop = camera.crop.or_else(|| read_crop(data));
                if let Some(details) = &packet.details {
                    let title = details.title.as_ref().filter(|title| !title.is_empty());
                    if let Some(title) =
                        title.filter(|title| Some(title.as_str()) != camera.title())
                        && camera.titles.len() < MAX_NAMES
                    {
                        camera.titles.push(title.clone());
                    }
                    for (name, value) in &details.fields {
                        camera.field(name, value);
                    }
                }
            }
            Media::Audio => self.audio_blocks = self.audio_blocks.saturating_add(1),
            _ => {}
        }
        let Some(details) = &packet.details else {
            return;
        };
        let keep = |old: &mut Option<String>, new: &Option<String>| {
            if let Some(new) = new.as_ref().filter(|text| !text.is_empty()) {
                *old = Some(new.clone());
            }
        };
        keep(&mut self.site, &details.site);
        keep(&mut self.locale, &details.locale);
        self.utc_offset = details.utc_offset.or(self.utc_offset);
        if let Some(alarm) = details.alarm.as_ref().filter(|alarm| !alarm.is_empty())
            && self.alarms.len() < MAX_NAMES
        {
            self.alarms.insert(alarm.clone());
        }
        for (name, value) in &details.fields {
            let mask =
                name.starts_with("Active-") && value.bytes().any(|b| !matches!(b, b'0' | b'x'));
            if mask && self.masks.len() < MAX_NAMES && value.len() < 100 {
                self.masks.insert(format!("{name}={value}"));
            }
        }
    }
}

impl Camera {
    fn field(&mut self, name: &str, value: &str) {
        let Ok(number) = value.trim().parse::<u32>() else {
            return;
        };
        match name.to_ascii_lowercase().as_str() {
            "q-factor" => {
                let (from, to) = self.quality.unwrap_or((number, number));
                self.quality = Some((from.min(number), to.max(number)));
            }
            "target-size" if number > 0 => self.target = Some(number),
            _ => {}
        }
    }
}

struct Reading {
    reader: Box<dyn Reader>,
    found: Effective,
    /// Bytes of the file from `offset` on.
    buffer: Vec<u8>,
    /// First byte of `buffer` that is not dealt with.
    start: usize,
    offset: u64,
    ended: bool,
}

impl Reading {
    fn run(&mut self, mut input: impl Read, name: &str) -> Result<()> {
        let mut idle = 0_u32;
        loop {
            let window = Window {
                offset: self.offset.saturating_add(self.start as u64),
                data: self.buffer.get(self.start..).unwrap_or_default(),
                last: self.ended,
                unread: 0,
            };
            let have = window.data.len();
            let taken = match self.reader.next(&window) {
                Step::Need(_) if self.ended => return Ok(()),
                Step::Need(bytes) => {
                    self.fill(&mut input, bytes.max(have.saturating_add(1)), name)?;
                    continue;
                }
                Step::Packet(packet) => {
                    self.found.add(&packet, window.data);
                    packet.size as u64
                }
                Step::Skip(bytes) => bytes,
                Step::Damaged(damage) => {
                    self.found.damaged = self.found.damaged.saturating_add(damage.length as u64);
                    damage.length as u64
                }
                Step::Cut(bytes) => bytes as u64,
                Step::End => return Ok(()),
            };
            idle = if taken == 0 {
                idle.saturating_add(1)
            } else {
                0
            };
            if idle > 4 {
                return Ok(());
            }
            self.advance(&mut input, taken, name)?;
        }
    }

    /// Advances by `bytes`, which may lie beyond the buffer.
    fn advance(&mut self, input: &mut impl Read, bytes: u64, name: &str) -> Result<()> {
        let here = (self.buffer.len().saturating_sub(self.start)) as u64;
        if bytes <= here {
            self.start = self
                .start
                .saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
            return Ok(());
        }
        let beyond = bytes.saturating_sub(here);
        let skipped = std::io::copy(&mut input.take(beyond), &mut std::io::sink())
            .map_err(|source| Error::io(name, source))?;
        self.offset = self
            .offset
            .saturating_add(self.buffer.len() as u64)
            .saturating_add(skipped);
        self.buffer.clear();
        self.start = 0;
        self.ended |= skipped < beyond;
        Ok(())
    }

    /// Reads until the window holds `bytes`.
    fn fill(&mut self, input: &mut impl Read, bytes: usize, name: &str) -> Result<()> {
        self.buffer.drain(..self.start.min(self.buffer.len()));
        self.offset = self.offset.saturating_add(self.start as u64);
        self.start = 0;
        let more = bytes.saturating_sub(self.buffer.len()).max(BLOCK);
        self.buffer.reserve_exact(more);
        let got = input
            .take(more as u64)
            .read_to_end(&mut self.buffer)
            .map_err(|source| Error::io(name, source))?;
        self.ended = got < more;
        Ok(())
    }
}

impl Effective {
    /// The configuration that the recording shows: unit, cameras, and a profile for each camera. Titles are cut to what is allowed.
    pub fn config(&self) -> Config {
        let mut values = Vec::new();
        let mut put = |path: String, text: &str| {
            // Recordings are not bound to what a unit lets one configure: what is not allowed is left out.
            values.extend(value_of(&path, text).ok().map(|value| (path, value)));
        };
        let plain = |text: &str| String::from(Text::<TITLE>::cut(text));
        for (path, text) in self.unit() {
            put(path.into(), &plain(&text));
        }
        for (number, camera) in self
            .cameras
            .iter()
            .filter(|(number, _)| (1..=CAMERAS).contains(*number))
        {
            let section = format!("camera.{number}");
            put(format!("{section}.enabled"), "yes");
            if let Some(title) = camera.title() {
                put(format!("{section}.title"), &plain(title));
            }
            put(format!("{section}.profile"), &format!("camera-{number}"));
            for (key, value) in camera.profile() {
                put(format!("profile.camera-{number}.{key}"), &value);
            }
        }
        config_of(values)
    }

    fn unit(&self) -> Vec<(&'static str, String)> {
        let offset = self.utc_offset.map(|offset| offset.to_string());
        let all = [
            ("unit.site", &self.site),
            ("unit.utc-offset", &offset),
            ("unit.locale", &self.locale),
        ];
        all.into_iter()
            .filter_map(|(path, value)| Some((path, value.clone()?)))
            .collect()
    }

    /// First and last recorded time in milliseconds since 1970.
    pub fn span(&self) -> Option<(i64, i64)> {
        let all = || self.cameras.values().flat_map(|camera| camera.spans.iter());
        Some((all().map(|s| s.0).min()?, all().map(|s| s.1).max()?))
    }

    /// What was recorded differently from how it is set. A value that the configuration leaves open is not a mismatch.
    pub fn compare(&self, config: &Config) -> Vec<Mismatch> {
        let set: BTreeMap<String, String> = flat(config)
            .into_iter()
            .map(|(path, value)| (path, spell(&value)))
            .collect();
        let mut found = Vec::new();
        let mut differs = |path: String, set: &str, recorded: String| {
            found.push(Mismatch {
                path,
                set: set.to_owned(),
                recorded,
            });
        };
        for (path, recorded) in self.unit() {
            if let Some(set) = set.get(path).filter(|set| **set != recorded) {
                differs(path.into(), set, recorded);
            }
        }
        for (number, camera) in &self.cameras {
            let path = |key: &str| format!("camera.{number}.{key}");
            let known = config
                .camera
                .iter()
                .find(|(id, _)| id.0 == *number)
                .map(|(_, camera)| camera);
            let Some(known) = known.filter(|camera| camera.enabled != Some(false)) else {
                let how = if known.is_some() { "no" } else { "" };
                differs(path("enabled"), how, format!("{} frames", camera.frames));
                continue;
            };
            if let (Some(set), Some(title)) = (set.get(&path("title")), camera.title())
                && set != title
            {
                differs(path("title"), set, title.to_owned());
            }
            let profiles: Vec<&str> = known
                .profile
                .iter()
                .chain(known.profiles.values())
                .map(|name| name.as_str())
                .collect();
            let allowed = |key: &str| -> BTreeSet<&String> {
                profiles
                    .iter()
                    .filter_map(|name| set.get(&format!("profile.{name}.{key}")))
                    .collect()
            };
            let sizes = camera
                .sizes
                .iter()
                .skip(1)
                .map(|(width, height)| ("resolution", format!("{width}x{height}")));
            for (key, recorded) in camera.profile().into_iter().chain(sizes) {
                let allowed = allowed(key);
                // Measured: a tenth more or less is the same.
                let near = |set: &&String| {
                    let (set, measured) = (times::per_second(set), camera.rate());
                    key == "rate"
                        && set
                            .zip(measured)
                            .is_some_and(|(set, measured)| (set - measured).abs() <= set * 0.1)
                };
                if !allowed.is_empty() && !allowed.contains(&recorded) && !allowed.iter().any(near)
                {
                    let set: Vec<&str> = allowed.iter().map(|set| set.as_str()).collect();
                    differs(path(key), &set.join(" or "), recorded);
                }
            }
        }
        for (id, camera) in &config.camera {
            if camera.enabled != Some(false) && !self.cameras.contains_key(&id.0) {
                differs(format!("camera.{}.enabled", id.0), "yes", "nothing".into());
            }
        }
        found
    }
}

/// One thing that was recorded differently from how it is set.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mismatch {
    /// The value of the configuration.
    pub path: String,
    /// How it is set; empty where it is not.
    pub set: String,
    /// How it was recorded.
    pub recorded: String,
}

impl Camera {
    /// Keys and values of the profile that this camera was recorded with.
    fn profile(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let compression = match self.codec {
            Some(Codec::Jpeg) => "jpeg",
            Some(Codec::Mpeg4) => "mpeg4",
            Some(Codec::H264) => "h264",
            _ => return found,
        };
        found.push(("compression", compression.to_owned()));
        if let Some((width, height)) = self.size() {
            found.push(("resolution", format!("{width}x{height}")));
        }
        if let Some(target) = self.target {
            // Units give 15000 or 18432 bytes (verified): thousands, or 1024s. Bit rates are thousands or 1024s too.
            let kilo = if target.checked_rem(1024) == Some(0) {
                1024
            } else {
                1000
            };
            let value = target.checked_div(kilo).unwrap_or(0).to_string();
            let key = if compression == "jpeg" {
                "jpeg-size"
            } else {
                "bit-rate"
            };
            found.push((key, value));
        }
        if let Some(rate) = self.rate() {
            let value = if rate >= 0.95 {
                format!("{}", rate.round().clamp(1.0, 30.0))
            } else {
                format!("{} ms", (1000.0 / rate).round())
            };
            found.push(("rate", value));
        }
        found
    }
}
