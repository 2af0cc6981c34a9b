// SPDX-License-Identifier: MPL-2.0
//! The effective configuration: what a partition or stream claims it was recorded with.
//!
//! Every frame carries the settings it was coded with (**verified** on captures of six units): site, camera, title, frame size,
//! the encoder's target and quality, time zone. What was recorded when is the schedule as it was really kept.

use crate::config::fields::{CAMERAS, Config, TITLE};
use crate::config::text::{config_of, flat, spell, value_of};
use crate::config::times;
use crate::config::types::{Id, Text};
use formats::netvu::picture::PictureHeader;
use formats::reader::{Codec, Media};
use formats::recording::contents::{CameraRun, ContentsBuilder};
use formats::recording::frames::{self, Frame, Options};
use formats::recording::{Format, Scanner, Source};
use std::collections::{BTreeMap, BTreeSet};

/// Most titles, sizes and alarm texts that are kept.
pub const MAX_NAMES: usize = 256;
/// Nanoseconds of a millisecond.
const MS: i64 = 1_000_000;

/// What was recorded of one camera.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Camera {
    /// Titles, in the order they came up; the last one holds.
    pub titles: Vec<String>,
    /// Coding of most frames.
    #[serde(serialize_with = "codec_name")]
    pub codec: Option<Codec>,
    /// Frame sizes in pixels, in the order they came up.
    pub sizes: Vec<(u16, u16)>,
    /// Frames.
    pub frames: u64,
    /// Frames that can be decoded without an earlier one.
    pub keyframes: u64,
    /// Frames per second within the runs, on average.
    pub rate: Option<f64>,
    /// Encoder's target: bytes of a JPEG image, or bit/s.
    pub target: Option<u32>,
    /// What was cut out of the camera's picture, of the first frame that has it.
    pub crop: Option<Crop>,
    /// Quality factor, from and to.
    pub quality: Option<(u32, u32)>,
    /// Runs in milliseconds since 1970, from the first to the last frame of each, sorted.
    pub spans: Vec<(i64, i64)>,
}

fn codec_name<S: serde::Serializer>(codec: &Option<Codec>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_some(&codec.map(name_codec))
}

fn name_codec(codec: Codec) -> String {
    format!("{codec:?}").to_lowercase()
}

/// The part of the camera's picture that was recorded, in pixels (verified on captures of five units).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Crop {
    /// Width and height of the whole picture.
    pub source: (u16, u16),
    /// Where the recorded part begins, from the left and from the top.
    pub offset: (u16, u16),
}

/// Reads the crop out of the header at the start of a record, or behind its separator of six bytes.
fn read_crop(data: &[u8]) -> Option<Crop> {
    let head = |at| Some((PictureHeader::parse(data.get(at..)?).ok()?, data.get(at..)?));
    let (header, head) = [0, 6].into_iter().find_map(head)?;
    // The numbers are in the order that gives the size which the header was found to have.
    let pair = |at: usize, little: bool| {
        let bytes: [u8; 4] = head.get(at..at.saturating_add(4))?.try_into().ok()?;
        let [a, b, c, d] = bytes;
        Some(match little {
            true => (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
            false => (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
        })
    };
    let fits = |little: &bool| pair(122, *little) == Some((header.width, header.height));
    let little = [false, true].into_iter().find(fits)?;
    Some(Crop {
        source: pair(118, little)?,
        offset: pair(126, little)?,
    })
}

/// What a recording reports of its unit.
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
    /// Bytes that were not a valid record.
    pub damaged: u64,
    /// What was wrong with the file.
    pub warnings: Vec<String>,
}

impl Camera {
    /// The title that holds at the end.
    pub fn title(&self) -> Option<&str> {
        self.titles.last().map(String::as_str)
    }

    /// The name of the coding.
    pub fn codec_name(&self) -> Option<String> {
        self.codec.map(name_codec)
    }

    fn add_field(&mut self, name: &str, value: &str) {
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

/// Frames per second within runs, on average.
fn mean_rate(runs: &[CameraRun]) -> Option<f64> {
    let (mut steps, mut length) = (0_u64, 0_i64);
    for run in runs {
        steps = steps.saturating_add(run.all_frames().saturating_sub(1));
        length = length.saturating_add(run.last.saturating_sub(run.start).max(0));
    }
    (steps > 0 && length > 0).then(|| steps as f64 * 1e9 / length as f64)
}

impl Effective {
    /// Reads a whole partition or stream. Memory does not grow with its length.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn read<S: Source>(source: S, format: &Format) -> Result<Effective, S::Error> {
        let mut found = Effective::default();
        let mut contents = ContentsBuilder::default();
        let mut first: BTreeMap<u16, u64> = BTreeMap::new();
        let mut scanner = Scanner::new(source, format.reader(false));
        let mut show = |frame: Frame<()>| {
            contents.add(&frame);
            let number = frame.packet.stream.camera;
            first.entry(number).or_insert(frame.offset);
            found.add(&frame);
            Ok(())
        };
        let options = Options::default();
        let findings = frames::read(&mut scanner, &options, 0, &mut |_, _, _| (), &mut show)?;
        for recorded in contents.finish(&findings).cameras {
            let Some(camera) = found.cameras.get_mut(&recorded.number) else {
                continue;
            };
            if camera.titles.is_empty() && !recorded.title.is_empty() {
                camera.titles.push(recorded.title);
            }
            camera.codec = Some(recorded.codec);
            camera.frames = recorded.frames;
            camera.keyframes = recorded.keyframes;
            camera.rate = mean_rate(&recorded.runs);
            if findings.has_clock() {
                let span = |run: &CameraRun| (run.start / MS, run.last / MS);
                camera.spans = recorded.runs.iter().map(span).collect();
                camera.spans.sort_unstable();
            }
            let offset = first.get(&recorded.number).copied().unwrap_or_default();
            camera.crop = read_crop(scanner.source_mut().read_at(offset, 256, None)?.as_ref());
        }
        found.damaged = findings.damaged_bytes;
        found.warnings = findings.warnings;
        if found.site.is_none() && !findings.info.server.is_empty() {
            found.site = Some(findings.info.server.clone());
        }
        found.utc_offset = found.utc_offset.or(findings.info.utc_offset);
        if found.cameras.is_empty() {
            found.warnings.push("no frame was found".into());
        }
        Ok(found)
    }

    fn add(&mut self, frame: &Frame<()>) {
        let packet = &frame.packet;
        let number = packet.stream.camera;
        let is_audio = packet.stream.codec.media() == Media::Audio;
        self.audio_blocks = self.audio_blocks.saturating_add(u64::from(is_audio));
        let room = self.cameras.len() < MAX_NAMES || self.cameras.contains_key(&number);
        if frame.is_video() && room {
            let camera = self.cameras.entry(number).or_default();
            let size = (packet.width, packet.height);
            if packet.width > 0 && camera.sizes.len() < MAX_NAMES && !camera.sizes.contains(&size) {
                camera.sizes.push(size);
            }
            if let Some(details) = &packet.details {
                let title = details.title.as_deref().filter(|title| !title.is_empty());
                let new = title.filter(|title| Some(*title) != camera.title());
                if camera.titles.len() < MAX_NAMES {
                    camera.titles.extend(new.map(str::to_owned));
                }
                for (name, value) in &details.fields {
                    camera.add_field(name, value);
                }
            }
        }
        let Some(details) = &packet.details else {
            return;
        };
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        self.site = text(&details.site).or(self.site.take());
        self.locale = text(&details.locale).or(self.locale.take());
        self.utc_offset = details.utc_offset.or(self.utc_offset);
        if self.alarms.len() < MAX_NAMES {
            self.alarms.extend(text(&details.alarm));
        }
        for (name, value) in &details.fields {
            let is_set = value.bytes().any(|b| !matches!(b, b'0' | b'x'));
            let is_mask = name.starts_with("Active-") && is_set;
            if is_mask && self.masks.len() < MAX_NAMES && value.len() < 100 {
                self.masks.insert(format!("{name}={value}"));
            }
        }
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
        for (number, camera) in self.cameras.range(1..=CAMERAS) {
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
        let set = |(path, value): (&'static str, &Option<String>)| Some((path, value.clone()?));
        all.into_iter().filter_map(set).collect()
    }

    /// First and last recorded time in milliseconds since 1970.
    pub fn span(&self) -> Option<(i64, i64)> {
        let all = || self.cameras.values().flat_map(|camera| camera.spans.iter());
        Some((all().map(|s| s.0).min()?, all().map(|s| s.1).max()?))
    }

    /// What was recorded differently from how it is set. A value that the configuration leaves open is not a mismatch.
    pub fn compare(&self, config: &Config) -> Vec<Mismatch> {
        let values = flat(config).into_iter();
        let set: BTreeMap<String, String> =
            values.map(|(path, value)| (path, spell(&value))).collect();
        let mut found = Vec::new();
        let mut differs = |path: String, set: &str, recorded: String| {
            let set = set.to_owned();
            found.push(Mismatch {
                path,
                set,
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
            let known = config.camera.get(&Id(*number));
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
            let other_sizes = camera.sizes.iter().skip(1);
            let other_sizes = other_sizes.map(|(w, h)| ("resolution", format!("{w}x{h}")));
            for (key, recorded) in camera.profile().into_iter().chain(other_sizes) {
                let profiles = known.profile.iter().chain(known.profiles.values());
                let allowed = profiles.filter_map(|name| set.get(&format!("profile.{name}.{key}")));
                let allowed: BTreeSet<&str> = allowed.map(String::as_str).collect();
                // Measured: a tenth more or less is the same.
                let is_near = |set: &&str| match (times::per_second(set), camera.rate) {
                    (Some(set), Some(measured)) => (set - measured).abs() <= set * 0.1,
                    _ => false,
                };
                let is_same = allowed.contains(recorded.as_str())
                    || key == "rate" && allowed.iter().any(is_near);
                if !allowed.is_empty() && !is_same {
                    let allowed = allowed.into_iter().collect::<Vec<_>>().join(" or ");
                    differs(path(key), &allowed, recorded);
                }
            }
        }
        for (Id(number), camera) in &config.camera {
            if camera.enabled != Some(false) && !self.cameras.contains_key(number) {
                differs(format!("camera.{number}.enabled"), "yes", "nothing".into());
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
        if let Some((width, height)) = self.sizes.first() {
            found.push(("resolution", format!("{width}x{height}")));
        }
        if let Some(target) = self.target {
            // Units give 15000 or 18432 bytes (verified): thousands, or 1024s. Bit rates are thousands or 1024s too.
            let is_binary = target.checked_rem(1024) == Some(0);
            let kilo = if is_binary { 1024 } else { 1000 };
            let value = target.checked_div(kilo).unwrap_or(0).to_string();
            let is_jpeg = compression == "jpeg";
            found.push((if is_jpeg { "jpeg-size" } else { "bit-rate" }, value));
        }
        if let Some(rate) = self.rate {
            let value = match rate >= 0.95 {
                true => format!("{}", rate.round().clamp(1.0, 30.0)),
                false => format!("{} ms", (1000.0 / rate).round()),
            };
            found.push(("rate", value));
        }
        found
    }
}
