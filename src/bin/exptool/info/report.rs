// SPDX-License-Identifier: MPL-2.0
//! Everything that is known of a recording, gathered frame by frame.

use crate::common::{
    Common, Failure, Input,
    clock::Zone,
    frames::{Damage, Frame, Front, Summary, codec_name},
    walk::Event,
};
use gstexp::container::{
    reader::{Codec, FileInfo, Media, Mode, StreamKey},
    timeline::Break,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Runs that are listed; a file with more has its number only.
const MAX_RUNS: usize = 100_000;

/// A recording.
#[derive(Debug, Serialize)]
pub struct Report {
    /// As it was named.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// Name of the format.
    pub container: String,
    /// Short name of the family.
    pub family: String,
    /// 0 to 100.
    pub confidence: u32,
    /// How the family was told.
    pub evidence: String,
    /// Layout of the records, and how sure it is as a whole.
    pub layout: Option<LayoutName>,
    /// Recorder model, empty where it is not told; likewise the others.
    pub model: String,
    /// Recorder's name.
    pub server: String,
    /// Television standard.
    pub video_standard: Option<&'static str>,
    /// Offset that local times are shown with.
    pub utc_offset: ZoneName,
    /// Where times come from.
    pub clock: &'static str,
    /// What the header says, to hold against what was read.
    pub header: HeaderSays,
    /// Every record was read; otherwise counts and runs are those of both ends.
    pub exact: bool,
    /// Records with pictures or sound.
    pub records: u64,
    /// Time of the first and of the last frame.
    pub span: Option<Span>,
    /// Cameras and sound channels.
    pub streams: Vec<Stream>,
    /// Runs of recording.
    pub runs: Vec<Run>,
    /// Number of runs, which may be more than are listed.
    pub run_count: usize,
    /// Breaks in which nothing was recorded.
    pub gaps: u64,
    /// Times that the clock was set back.
    pub clock_steps: u64,
    /// Bytes before the first record that are no header that is known.
    pub front: Option<Front>,
    /// Damaged regions.
    pub damage: Vec<Damage>,
    /// Their number and bytes.
    pub damaged_regions: u64,
    /// Bytes in them.
    pub damaged_bytes: u64,
    /// The last record, where the file ends inside it.
    pub cut: Option<Cut>,
    /// What does not agree.
    pub warnings: Vec<String>,
}

/// A layout and its state.
#[derive(Debug, Serialize)]
pub struct LayoutName {
    /// Short name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// verified, stated, assumed or learnt.
    pub status: gstexp::container::exp::layout::Status,
}

/// An offset from UTC.
#[derive(Debug, Serialize)]
pub struct ZoneName {
    /// Minutes east.
    pub minutes: i32,
    /// As `+01:00`.
    pub text: String,
    /// Who says so.
    pub from: &'static str,
}

/// What the header says.
#[derive(Debug, Default, Serialize)]
pub struct HeaderSays {
    /// Number of records.
    pub records: Option<u64>,
    /// First and last time, UTC.
    pub first: Option<String>,
    /// See `first`.
    pub last: Option<String>,
    /// Offset of the first record.
    pub data_start: u64,
    /// Offset of the index.
    pub index: Option<u64>,
    /// Entries of the index.
    pub index_entries: Option<u64>,
}

/// A stretch of time.
#[derive(Clone, Debug, Serialize)]
pub struct Span {
    /// UTC.
    pub start: String,
    /// UTC.
    pub end: String,
    /// Local.
    pub start_local: String,
    /// Local.
    pub end_local: String,
}

/// A camera or a sound channel.
#[derive(Debug, Serialize)]
pub struct Stream {
    /// Number.
    pub camera: u16,
    /// Title in the header or in the first frame that has one.
    pub title: String,
    /// video or audio.
    pub media: &'static str,
    /// Codec.
    pub codec: &'static str,
    /// Picture size.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Rate that the header names, pictures a second.
    pub nominal_rate: Option<f64>,
    /// Rate as recorded, gaps left out.
    pub recorded_rate: Option<f64>,
    /// Samples a second, of sound.
    pub sample_rate: Option<u32>,
    /// Frames.
    pub frames: u64,
    /// Key pictures.
    pub key_frames: u64,
    /// Pictures without their reference.
    pub orphans: u64,
    /// Coded bytes.
    pub bytes: u64,
    /// Frames by recording mode.
    pub modes: BTreeMap<&'static str, u64>,
}

/// A run of recording.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// From 1.
    pub number: usize,
    /// start, gap or clock-back.
    pub begins: &'static str,
    /// Seconds that were not recorded before it, or that the clock was set back.
    pub break_seconds: f64,
    /// Clock of the first picture, ns since 1970 (since the first slot, without a clock).
    pub start_ns: i64,
    /// Clock of the last picture.
    pub end_ns: i64,
    /// Running time of the first picture, ns.
    pub running_ns: i64,
    /// Offset of the first picture's record.
    pub offset: u64,
    /// In words; `None` without a clock.
    pub span: Option<Span>,
    /// Pictures.
    pub frames: u64,
    /// Pictures by mode.
    pub modes: BTreeMap<&'static str, u64>,
    /// Cameras that recorded in it.
    pub cameras: Vec<u16>,
}

/// A record that the file ends in.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cut {
    /// Its offset.
    pub offset: u64,
    /// Bytes of it that are there.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Tally {
    frames: u64,
    keys: u64,
    orphans: u64,
    bytes: u64,
    width: u16,
    height: u16,
    title: Option<String>,
    sample_rate: Option<u32>,
    modes: BTreeMap<&'static str, u64>,
    /// Pictures but the first of each run, and the time they took.
    steps: u64,
    time: i64,
    last: Option<(usize, i64)>,
}

/// Takes frames in the order of the file.
#[derive(Debug, Default)]
pub struct Gather {
    streams: BTreeMap<(bool, StreamKey), Tally>,
    runs: Vec<Run>,
    run_count: usize,
    gaps: u64,
    steps: u64,
    span: Option<(i64, i64)>,
}

fn mode_name(mode: Mode) -> &'static str {
    mode.name().unwrap_or("not told")
}

impl Gather {
    /// Takes a frame.
    pub fn add(&mut self, frame: &Frame) {
        let video = frame.is_video();
        let tally = self.streams.entry((!video, frame.stream)).or_default();
        tally.frames += 1;
        tally.keys += u64::from(frame.key && video);
        tally.orphans += u64::from(frame.orphan);
        tally.bytes += frame.bytes;
        if frame.width > 0 {
            (tally.width, tally.height) = (frame.width, frame.height);
        }
        if tally.title.is_none() {
            tally.title.clone_from(&frame.title);
        }
        tally.sample_rate = frame.audio.map(|audio| audio.rate).or(tally.sample_rate);
        if !video {
            return;
        }
        *tally.modes.entry(mode_name(frame.mode)).or_insert(0) += 1;
        if let Some((run, clock)) = tally.last
            && run == frame.run
        {
            tally.steps += 1;
            tally.time += frame.clock - clock;
        }
        tally.last = Some((frame.run, frame.clock));
        let (first, last) = self.span.get_or_insert((frame.clock, frame.clock));
        *first = (*first).min(frame.clock);
        *last = (*last).max(frame.clock);
        self.run(frame);
    }

    fn run(&mut self, frame: &Frame) {
        if let Some(begins) = frame.begins {
            self.run_count += 1;
            let (name, ns) = match begins {
                Break::Start => ("start", 0),
                Break::Gap(ns) => ("gap", ns),
                Break::Back(ns) => ("clock-back", ns),
            };
            self.gaps += u64::from(name == "gap");
            self.steps += u64::from(name == "clock-back");
            if self.runs.len() < MAX_RUNS {
                self.runs.push(Run {
                    number: self.runs.len() + 1,
                    begins: name,
                    break_seconds: seconds(ns),
                    start_ns: frame.clock,
                    end_ns: frame.clock,
                    running_ns: frame.running,
                    offset: frame.offset,
                    span: None,
                    frames: 0,
                    modes: BTreeMap::new(),
                    cameras: Vec::new(),
                });
            }
        }
        if let Some(run) = self.runs.get_mut(frame.run) {
            run.frames += 1;
            run.end_ns = run.end_ns.max(frame.clock);
            *run.modes.entry(mode_name(frame.mode)).or_insert(0) += 1;
            if let Err(place) = run.cameras.binary_search(&frame.stream.camera) {
                run.cameras.insert(place, frame.stream.camera);
            }
        }
    }

    /// All frames were there.
    pub fn report(self, common: &Common, input: &Input, summary: &Summary) -> Report {
        let info = &summary.info;
        let zone = common.zone(info.utc_offset);
        let span = |first, last| summary.has_clock().then(|| Span::new(zone, first, last));
        let mut report = Report::of(common, input, info);
        report.clock = summary.clock_name();
        report.exact = true;
        report.records = summary.records;
        report.span = self.span.and_then(|(first, last)| span(first, last));
        report.streams = self
            .streams
            .into_iter()
            .map(|((_, key), tally)| tally.stream(key, info))
            .collect();
        report.runs = self.runs;
        for run in &mut report.runs {
            run.span = span(run.start_ns, run.end_ns);
        }
        report.run_count = self.run_count;
        report.gaps = self.gaps;
        report.clock_steps = self.steps;
        report.front = summary.front;
        report.damage = summary.damage.clone();
        report.damaged_regions = summary.damaged;
        report.damaged_bytes = summary.damaged_bytes;
        report.cut = summary.cut.map(|(offset, bytes)| Cut { offset, bytes });
        report.warnings = summary.warnings.clone();
        report
    }
}

impl Report {
    /// Something was found that a whole recording does not have.
    pub fn is_hurt(&self) -> bool {
        self.front.is_some() || self.damaged_regions > 0 || self.cut.is_some()
    }

    /// What the header alone says.
    pub fn of(common: &Common, input: &Input, info: &FileInfo) -> Report {
        let zone = common.zone(info.utc_offset);
        let utc = |seconds: i64| Zone::utc(seconds.saturating_mul(1_000_000_000));
        Report {
            file: input.name.clone(),
            size: input.size,
            container: info.container.to_owned(),
            family: info.family.to_owned(),
            confidence: input.confidence,
            evidence: input.evidence.clone(),
            layout: input.layout().map(|layout| LayoutName {
                name: layout.name,
                title: layout.title,
                status: layout.status,
            }),
            model: info.model.clone(),
            server: info.server.clone(),
            video_standard: info.standard.name(),
            utc_offset: ZoneName {
                minutes: zone.minutes,
                text: zone.offset_name(),
                from: zone.from.name(),
            },
            clock: "not known",
            header: HeaderSays {
                records: info.records,
                first: info.span.map(|(first, _)| utc(first)),
                last: info.span.map(|(_, last)| utc(last)),
                data_start: info.data_start,
                index: info.index.map(|index| index.offset),
                index_entries: info.index.map(|index| index.count),
            },
            exact: false,
            records: 0,
            span: None,
            streams: Vec::new(),
            runs: Vec::new(),
            run_count: 0,
            gaps: 0,
            clock_steps: 0,
            front: None,
            damage: Vec::new(),
            damaged_regions: 0,
            damaged_bytes: 0,
            cut: None,
            warnings: Vec::new(),
        }
    }
}

impl Span {
    /// Two times in words.
    pub fn new(zone: Zone, first: i64, last: i64) -> Span {
        Span {
            start: Zone::utc(first),
            end: Zone::utc(last),
            start_local: zone.local(first),
            end_local: zone.local(last),
        }
    }
}

impl Tally {
    fn stream(self, key: StreamKey, info: &FileInfo) -> Stream {
        let listed = info
            .cameras
            .iter()
            .find(|camera| camera.number == key.camera);
        let video = key.codec.media() == Media::Video;
        let nominal = listed.and_then(|camera| camera.rate).filter(|_| video);
        Stream {
            camera: key.camera,
            title: self
                .title
                .or_else(|| listed.map(|camera| camera.title.clone()))
                .unwrap_or_default(),
            media: if video { "video" } else { "audio" },
            codec: codec_name(key.codec),
            width: self.width,
            height: self.height,
            nominal_rate: nominal.map(|(num, den)| f64::from(num) / f64::from(den)),
            recorded_rate: (video && self.time > 0)
                .then(|| (self.steps as f64 / seconds(self.time) * 1000.0).round() / 1000.0),
            sample_rate: self.sample_rate,
            frames: self.frames,
            key_frames: self.keys,
            orphans: self.orphans,
            bytes: self.bytes,
            modes: self.modes,
        }
    }
}

/// Nanoseconds as seconds.
fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

/// The recorder's offset from UTC, which NetVu streams tell a little later than in their first bytes.
///
/// # Errors
/// A file that cannot be read.
pub fn utc_offset(input: &Input) -> Result<Option<i32>, Failure> {
    let mut walk = input.walk()?;
    for _ in 0..64 {
        match walk.next()? {
            Some((_, Event::Packet(packet, _))) if packet.stream.codec != Codec::Text => {
                let told = packet.details.and_then(|details| details.utc_offset);
                return Ok(walk.info().utc_offset.or(told));
            }
            Some(_) => {}
            None => break,
        }
    }
    Ok(walk.info().utc_offset)
}
