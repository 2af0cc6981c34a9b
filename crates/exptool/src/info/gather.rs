// SPDX-License-Identifier: MPL-2.0
//! Puts a report together, frame by frame and with bounded memory.

use super::{
    report::{CameraRun, Cut, Listed, Modes, Report, Run, Stream},
    times::{Times, seconds},
};
use crate::{
    common::{
        Common, Input,
        frames::{Frame, Summary, codec_name},
    },
    recording::{Camera, build::Builder},
};
use formats::{
    exp::layout::Status,
    reader::{FileInfo, Media, Mode, StreamKey},
    timeline::{Break, Resolution},
};
use std::collections::BTreeMap;

/// Runs that are listed; a file with more has its number only.
const MAX_RUNS: usize = 10_000;
/// Cameras that a file can have and be told one by one.
const MAX_STREAMS: usize = 1024;

#[derive(Debug, Default)]
struct Tally {
    frames: u64,
    keys: u64,
    orphans: u64,
    bytes: u64,
    width: u16,
    height: u16,
    /// The size before the first change, and the offset of that change.
    resized: Option<(u16, u16, u64)>,
    title: Option<String>,
    sample_rate: Option<u32>,
    modes: Modes,
}

/// Takes frames in the order of the file.
#[derive(Default)]
pub struct Gather {
    streams: BTreeMap<(bool, StreamKey), Tally>,
    cameras: Builder,
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
        let key = (!video, frame.stream);
        if self.streams.len() < MAX_STREAMS || self.streams.contains_key(&key) {
            self.streams.entry(key).or_default().add(frame, video);
        }
        if !video {
            return;
        }
        self.cameras.add(frame);
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
                Break::Forward(ns) => ("clock-forward", ns),
            };
            self.gaps += u64::from(name == "gap");
            self.steps += u64::from(name.starts_with("clock"));
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
                    modes: Modes::default(),
                    cameras: Vec::new(),
                });
            }
        }
        if let Some(run) = self.runs.get_mut(frame.run) {
            run.frames += 1;
            run.end_ns = run.end_ns.max(frame.clock);
            run.modes.add(mode_name(frame.mode));
            if let Err(place) = run.cameras.binary_search(&frame.stream.camera) {
                run.cameras.insert(place, frame.stream.camera);
            }
        }
    }

    /// All frames were there.
    pub fn report(self, common: &Common, input: &Input, summary: &Summary) -> Report {
        let info = &summary.info;
        let times = times(common, summary);
        let mut report = Report::of(common, input, info, times);
        report.exact = true;
        report.records = Some(summary.records);
        report.span_of = "earliest and latest picture";
        report.span = self
            .span
            .and_then(|(first, last)| times.span(first, Some(last)));
        report.without_pictures = without_pictures(info, self.streams.keys());
        report.warnings = summary.warnings.clone();
        for ((_, key), tally) in &self.streams {
            if let Some((width, height, offset)) = tally.resized {
                report.warnings.push(format!(
                    "camera {}: its pictures are {width}x{height} up to offset {offset}, and others behind",
                    key.camera
                ));
            }
        }
        let (cameras, _) = self.cameras.finish(summary);
        report.streams = self
            .streams
            .into_iter()
            .map(|((_, key), tally)| tally.stream(key, info))
            .collect();
        add_cameras(&mut report.streams, &cameras, times);
        report.runs = self.runs;
        for run in &mut report.runs {
            run.span = times.span(run.start_ns, Some(run.end_ns));
        }
        report.run_count = Some(self.run_count);
        report.gaps = Some(self.gaps);
        report.clock_steps = Some(self.steps);
        report.front = summary.front;
        report.damage = summary.damage.clone();
        report.damaged_regions = Some(summary.damaged);
        report.damaged_bytes = Some(summary.damaged_bytes);
        report.cut = summary.cut.map(|(offset, bytes)| Cut { offset, bytes });
        say_unframed(&mut report, summary);
        report
    }
}

/// How times of this file are shown.
pub fn times(common: &Common, summary: &Summary) -> Times {
    Times {
        zone: common.zone(summary.info.utc_offset),
        resolution: summary.timing.resolution,
    }
}

/// Pictures that stand in an AVI without a record around them have no layout that anybody has seen.
fn say_unframed(report: &mut Report, summary: &Summary) {
    if summary.timing.resolution == Resolution::Slots
        && summary.records > 0
        && let Some(layout) = report.layout.as_mut().filter(|l| l.name == "plv1")
    {
        layout.status = Status::Assumed;
        layout.title =
            "Pelco PLV1 AVI export, pictures without a record: such files may exist".to_owned();
    }
}

fn without_pictures<'a>(
    info: &FileInfo,
    seen: impl Iterator<Item = &'a (bool, StreamKey)>,
) -> Vec<Listed> {
    let seen: Vec<u16> = seen
        .filter(|(sound, _)| !sound)
        .map(|(_, key)| key.camera)
        .collect();
    info.cameras
        .iter()
        .filter(|camera| !seen.contains(&camera.number))
        .map(|camera| Listed {
            camera: camera.number,
            title: camera.title.clone(),
        })
        .collect()
}

/// Puts each camera's own runs to its stream.
fn add_cameras(streams: &mut [Stream], cameras: &[Camera], times: Times) {
    let mut room = MAX_RUNS;
    for stream in streams.iter_mut().filter(|stream| stream.media == "video") {
        let Some(camera) = cameras.iter().find(|c| c.number == stream.camera) else {
            continue;
        };
        let ends = camera.runs.iter().fold(None, |ends, run| {
            let (first, last) = ends.unwrap_or((run.start, run.last));
            Some((run.start.min(first), run.last.max(last)))
        });
        stream.span = ends.and_then(|(first, last)| times.span(first, Some(last)));
        stream.recorded_rate = rate(camera);
        let runs = camera_runs(camera, times);
        let count = |name: &str| runs.iter().filter(|run| run.begins == name).count() as u64;
        stream.run_count = Some((runs.len() as u64).saturating_add(camera.more_runs));
        stream.gaps = Some(count("gap"));
        stream.clock_steps = Some(count("clock-back"));
        let shown = runs.len().min(room);
        room -= shown;
        stream.runs = runs.into_iter().take(shown).collect();
    }
}

fn camera_runs(camera: &Camera, times: Times) -> Vec<CameraRun> {
    let mut last: Option<i64> = None;
    let mut runs = Vec::with_capacity(camera.runs.len());
    for run in &camera.runs {
        let (begins, ns) = match last {
            None => ("start", 0),
            Some(last) if run.start < last => ("clock-back", last.saturating_sub(run.start)),
            Some(last) => ("gap", run.start.saturating_sub(last)),
        };
        last = Some(run.last);
        runs.push(CameraRun {
            begins,
            break_seconds: seconds(ns),
            start_ns: run.start,
            end_ns: run.last,
            span: times.span(run.start, Some(run.last)),
            frames: run.frames.saturating_add(run.orphans),
        });
    }
    runs
}

/// Frames per second inside the camera's own runs, so that no hole makes it slower.
fn rate(camera: &Camera) -> Option<f64> {
    let (mut steps, mut time) = (0_u64, 0_i64);
    for run in &camera.runs {
        let frames = run.frames.saturating_add(run.orphans);
        steps = steps.saturating_add(frames.saturating_sub(1));
        time = time.saturating_add(run.last.saturating_sub(run.start));
    }
    (time > 0).then(|| (steps as f64 / seconds(time) * 1000.0).round() / 1000.0)
}

impl Tally {
    fn add(&mut self, frame: &Frame, video: bool) {
        self.frames += 1;
        self.keys += u64::from(frame.key && video);
        self.orphans += u64::from(frame.orphan);
        self.bytes = self.bytes.saturating_add(frame.bytes);
        let size = (frame.width, frame.height);
        if size.0 > 0 && self.width > 0 && size != (self.width, self.height) {
            self.resized
                .get_or_insert((self.width, self.height, frame.offset));
        }
        if size.0 > 0 {
            (self.width, self.height) = size;
        }
        if self.title.is_none() {
            self.title.clone_from(&frame.title);
        }
        self.sample_rate = frame.audio.map(|audio| audio.rate).or(self.sample_rate);
        if video {
            self.modes.add(mode_name(frame.mode));
        }
    }

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
            recorded_rate: None,
            sample_rate: self.sample_rate,
            frames: Some(self.frames),
            key_frames: Some(self.keys),
            orphans: Some(self.orphans),
            bytes: Some(self.bytes),
            modes: self.modes,
            span: None,
            runs: Vec::new(),
            run_count: None,
            gaps: None,
            clock_steps: None,
        }
    }
}
