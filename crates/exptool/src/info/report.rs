// SPDX-License-Identifier: MPL-2.0
//! Everything that is known of a recording, as it is told.

use super::times::{Times, without_fraction};
use crate::common::{
    Common, Failure, Input,
    clock::Zone,
    frames::{Damage, Front},
    summary::has_no_end,
    walk::Event,
};
use formats::{
    exp::layout::Status,
    reader::{Codec, FileInfo},
};
use serde::{Serialize, Serializer};

/// A recording. What a quick look does not tell is `None`.
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
    /// What the times are taken for, and how well that is known.
    pub times_are: &'static str,
    /// Whether the fractions of seconds are the recorder's.
    pub time_is: &'static str,
    /// What the header says, to hold against what was read.
    pub header: HeaderSays,
    /// Every record was read; otherwise only both ends were looked at.
    pub exact: bool,
    /// Records with pictures or sound; of a quick look, those that the header counts.
    pub records: Option<u64>,
    /// Time of the earliest and of the latest picture; of a quick look, of the first and the last record.
    pub span: Option<Span>,
    /// What `span` is of.
    pub span_of: &'static str,
    /// Cameras and sound channels.
    pub streams: Vec<Stream>,
    /// Cameras that the header names and that have no picture.
    pub without_pictures: Vec<Listed>,
    /// Runs of recording.
    pub runs: Vec<Run>,
    /// Number of runs, which may be more than are listed.
    pub run_count: Option<usize>,
    /// Breaks in which nothing was recorded.
    pub gaps: Option<u64>,
    /// Times that the clock was set back.
    pub clock_steps: Option<u64>,
    /// Bytes before the first record that are no header that is known.
    pub front: Option<Front>,
    /// Damaged regions.
    pub damage: Vec<Damage>,
    /// Their number and bytes.
    pub damaged_regions: Option<u64>,
    /// Bytes in them.
    pub damaged_bytes: Option<u64>,
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
    /// verified, stated, assumed or inferred.
    pub status: Status,
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

/// A stretch of time. The end is `None` where a quick look did not find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// UTC.
    pub start: String,
    /// UTC.
    pub end: Option<String>,
    /// Local.
    pub start_local: String,
    /// Local.
    pub end_local: Option<String>,
}

/// A camera of the header.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Number.
    pub camera: u16,
    /// Title.
    pub title: String,
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
    /// Rate that the header names, frames per second.
    pub nominal_rate: Option<f64>,
    /// Rate as recorded, gaps left out; of a quick look, that of the first records.
    pub recorded_rate: Option<f64>,
    /// Samples a second, of sound.
    pub sample_rate: Option<u32>,
    /// Frames.
    pub frames: Option<u64>,
    /// Keyframes.
    pub key_frames: Option<u64>,
    /// Pictures without their reference.
    pub orphans: Option<u64>,
    /// Coded bytes.
    pub bytes: Option<u64>,
    /// Frames by recording mode.
    pub modes: Modes,
    /// Time of its first and last picture.
    pub span: Option<Span>,
    /// Runs of this camera alone: where another camera goes on, the file has no gap, and this one may.
    pub runs: Vec<CameraRun>,
    /// Their number, which may be more than are listed.
    pub run_count: Option<u64>,
    /// Breaks of this camera alone.
    pub gaps: Option<u64>,
    /// Times that its clock was set back.
    pub clock_steps: Option<u64>,
}

/// A run of one camera.
#[derive(Clone, Debug, Serialize)]
pub struct CameraRun {
    /// start, gap or clock-back.
    pub begins: &'static str,
    /// Seconds before it that this camera did not record, or that the clock was set back.
    pub break_seconds: f64,
    /// Clock of its first picture, ns.
    pub start_ns: i64,
    /// Clock of its last picture, ns.
    pub end_ns: i64,
    /// In words; `None` without a clock.
    pub span: Option<Span>,
    /// Pictures.
    pub frames: u64,
}

/// Numbers of frames by recording mode, in the order in which the modes come up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modes(pub Vec<(&'static str, u64)>);

impl Modes {
    /// One frame more.
    pub fn add(&mut self, mode: &'static str) {
        match self.0.iter_mut().find(|(name, _)| *name == mode) {
            Some((_, count)) => *count += 1,
            None => self.0.push((mode, 1)),
        }
    }
}

impl Serialize for Modes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(mode, count)| (mode, count)))
    }
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
    pub modes: Modes,
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

impl Report {
    /// Something was found that a whole recording does not have.
    pub fn is_hurt(&self) -> bool {
        self.front.is_some()
            || self.damaged_regions.is_some_and(|count| count > 0)
            || self.cut.is_some() && !has_no_end(&self.family)
    }

    /// Only the seconds of its times are the recorder's.
    pub fn is_whole_seconds(&self) -> bool {
        self.time_is == super::times::ESTIMATED
    }

    /// What the header alone says.
    pub fn of(common: &Common, input: &Input, info: &FileInfo, times: Times) -> Report {
        let zone = common.zone(info.utc_offset);
        // the header counts whole seconds
        let utc =
            |seconds: i64| without_fraction(&Zone::utc(seconds.saturating_mul(1_000_000_000)));
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
                minutes: zone.minutes_at(
                    info.span
                        .map_or(0, |(first, _)| first.saturating_mul(1_000_000_000)),
                ),
                text: zone.offset_name(),
                from: zone.from.name(),
            },
            clock: times.clock_name(),
            times_are: times.taken_for(info.family),
            time_is: times.fraction(),
            header: HeaderSays {
                records: info.records,
                first: info.span.map(|(first, _)| utc(first)),
                last: info.span.map(|(_, last)| utc(last)),
                data_start: info.data_start,
                index: info.index.map(|index| index.offset),
                index_entries: info.index.map(|index| index.count),
            },
            exact: false,
            records: info.records,
            span: None,
            span_of: "first and last record",
            streams: Vec::new(),
            without_pictures: Vec::new(),
            runs: Vec::new(),
            run_count: None,
            gaps: None,
            clock_steps: None,
            front: None,
            damage: Vec::new(),
            damaged_regions: None,
            damaged_bytes: None,
            cut: None,
            warnings: Vec::new(),
        }
    }
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
