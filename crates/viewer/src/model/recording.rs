// SPDX-License-Identifier: MPL-2.0
//! A recording of one or several files of one recorder: its cameras and runs, and where each moment is. Nothing of a format is
//! known here: all facts are those of [`formats::recording`].

use super::{axis::Axis, words::tr};
use formats::{
    reader::{Codec, Media, Mode},
    recording::{
        self, FileSource, Format, Formats, OPENING, Opened, Scanner, Survey,
        contents::{Camera, Contents, ContentsBuilder, RecordingRun},
        find_index, find_streams,
        frames::{self, Findings, Frame},
    },
    timeline::{Break, GapPolicy, Resolution, SECOND},
    zone::{Zone, duration},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Frames whose times are remembered for stepping: 64 MB.
const MAX_TICKS: usize = 8_000_000;
/// Records that show what a file is, before all of it is read.
const FIRST: u64 = 64;
/// Alarm texts that are remembered of a file.
const MAX_ALARMS: usize = 10_000;

/// Why a file is not opened.
#[derive(Debug)]
pub enum OpenError {
    /// It cannot be read.
    Io(io::Error),
    /// It is not a recording: what was expected, and the bytes that were looked at.
    Unknown { expected: String, read: usize },
    /// Nobody wants it any more.
    Cancelled,
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> OpenError {
        OpenError::Io(error)
    }
}

/// A moment at which an alarm began, nanoseconds of the recorder's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub camera: u16,
    pub clock: i64,
    /// Stream time of its part.
    pub time: i64,
    /// What the recorder wrote of it, empty where it wrote nothing.
    pub text: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Name of the element that plays it.
    pub demuxer: &'static str,
    /// Stream time of its part at which it begins, nanoseconds.
    pub offset: i64,
    /// Cameras that were recorded in it.
    pub cameras: Vec<u16>,
}

/// One file, or several beside each other that hold other cameras of the same time.
#[derive(Debug)]
pub struct Part {
    /// At least one.
    pub inputs: Vec<Input>,
    /// All of it was read, not only its first records.
    pub complete: bool,
    /// All cameras that are known of, and their titles.
    pub cameras: BTreeMap<u16, String>,
    pub contents: Contents,
    pub findings: Findings,
    /// Times are shown in this zone.
    pub zone: Zone,
    /// Stream times of each camera's frames that can be decoded, in the order of the file; empty where there are too many.
    pub ticks: BTreeMap<u16, Vec<i64>>,
    pub alarms: Vec<Alarm>,
}

impl Part {
    /// Reads the first records of a file and looks over the rest: enough to name its cameras and to show times.
    ///
    /// # Errors
    /// A file that cannot be read, or is not a recording.
    pub fn open(path: &Path) -> Result<Part, OpenError> {
        Part::scan(path, GapPolicy::Collapse, Some(FIRST), &mut |_| true)
    }

    /// Reads all frames of a file. `progress` gets the offset that was reached, and returns whether to continue.
    ///
    /// # Errors
    /// A file that cannot be read, or is not a recording; `progress` that ended it.
    pub fn read(
        path: &Path,
        policy: GapPolicy,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Part, OpenError> {
        Part::scan(path, policy, None, progress)
    }

    fn scan(
        path: &Path,
        policy: GapPolicy,
        first: Option<u64>,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Part, OpenError> {
        let mut file = File::open(path)?;
        let size = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let (format, _) = match recording::open_file(&mut file, size, Formats::All)? {
            (Opened::Recording { format, .. }, read) => (format, read),
            (Opened::Unknown { expected }, read) => {
                return Err(OpenError::Unknown { expected, read });
            }
            (Opened::Need(_), read) => {
                return Err(OpenError::Unknown {
                    expected: "a longer file".to_owned(),
                    read,
                });
            }
        };
        let mut start = [0; 4];
        file.rewind()?;
        let is_riff = io::Read::read_exact(&mut file, &mut start).is_ok() && &start == b"RIFF";
        let mut builder = ContentsBuilder::default();
        let mut marks = Marks::default();
        let options = frames::Options {
            policy,
            first,
            ..frames::Options::default()
        };
        let mut scanner = Scanner::new(FileSource::new(file), format.reader(false));
        let findings = frames::read(
            &mut scanner,
            &options,
            format.known_front(is_riff),
            &mut |_, _, _| (),
            &mut |frame: Frame<()>| {
                builder.add(&frame);
                marks.add(&frame);
                match !frame.number.is_multiple_of(256) || progress(frame.offset) {
                    true => Ok(()),
                    false => Err(OpenError::Cancelled),
                }
            },
        )?;
        let mut contents = builder.finish(&findings);
        let mut cameras = BTreeMap::new();
        if first.is_some() {
            let found = survey(&mut scanner, &findings, policy, &mut contents)?;
            cameras.extend(found.into_iter().map(|camera| (camera, String::new())));
        }
        let recorded = contents.cameras.iter().map(|camera| camera.number);
        let recorded: BTreeSet<u16> = recorded.chain(cameras.keys().copied()).collect();
        let listed = findings.info.cameras.iter();
        cameras.extend(listed.map(|camera| (camera.number, camera.title.clone())));
        for camera in &contents.cameras {
            let title = cameras.entry(camera.number).or_default();
            if !camera.title.is_empty() {
                title.clone_from(&camera.title);
            }
        }
        let zone = Zone::new(None, findings.info.utc_offset.or(marks.utc_offset))
            .with_resolution(findings.profile.timing.resolution);
        Ok(Part {
            inputs: vec![Input {
                path: path.to_owned(),
                size,
                demuxer: match format {
                    Format::NetVu(_) => "netvudemux",
                    _ => "expdemux",
                },
                offset: 0,
                cameras: recorded.into_iter().collect(),
            }],
            complete: first.is_none(),
            cameras,
            contents,
            findings,
            zone,
            ticks: marks.ticks,
            alarms: marks.alarms,
        })
    }

    /// Times are times of day.
    pub fn has_clock(&self) -> bool {
        self.findings.has_clock()
    }

    /// The recorder's name, else its model.
    pub fn recorder(&self) -> &str {
        match self.findings.info.server.as_str() {
            "" => &self.findings.info.model,
            server => server,
        }
    }

    /// First and last frame, nanoseconds of the recorder's clock.
    pub fn span(&self) -> (i64, i64) {
        self.contents.span.unwrap_or_default()
    }

    /// Its first file.
    pub fn path(&self) -> &Path {
        let first = self.inputs.first();
        first.map_or(Path::new(""), |input| &input.path)
    }

    /// The file that a camera is in.
    pub fn input_of(&self, camera: u16) -> Option<&Input> {
        let mut inputs = self.inputs.iter();
        let own = inputs.find(|input| input.cameras.contains(&camera));
        own.or(self.inputs.first())
    }

    /// Gaps keep their length in the stream time, so that files beside each other stay in step.
    pub fn keeps_gaps(&self) -> bool {
        self.inputs.len() > 1
    }

    /// Times of day, of the same recorder.
    pub fn is_of_recorder(&self, other: &Part) -> bool {
        self.has_clock()
            && other.has_clock()
            && self.findings.info.family == other.findings.info.family
            && self.recorder() == other.recorder()
    }

    fn camera(&self, number: u16) -> Option<&Camera> {
        let mut cameras = self.contents.cameras.iter();
        cameras.find(|camera| camera.number == number)
    }
}

/// Looks over a file whose first records were read, within the bytes that opening may take: its runs, as far as these show, and
/// all its cameras.
fn survey(
    scanner: &mut Scanner<FileSource>,
    findings: &Findings,
    policy: GapPolicy,
    contents: &mut Contents,
) -> io::Result<Vec<u16>> {
    let mut source = scanner.source_mut().clone();
    let mut reader = scanner.reader().fork();
    find_index(&mut source, &mut *reader)?;
    let runs = contents.runs.iter();
    let start = runs
        .map(|run| run.offset)
        .min()
        .unwrap_or(findings.info.data_start);
    let streams = find_streams(&source, &*reader, start)?;
    let survey = Survey {
        source,
        reader: &*reader,
        profile: &findings.profile,
        policy,
        camera: 0,
        start,
        budget: OPENING,
    };
    let map = survey.run()?;
    if !map.runs.is_empty() {
        let mut before: Option<i64> = None;
        let runs = map.runs.iter().map(|run| {
            let begins = match before.replace(run.clock_end) {
                None => Break::Start,
                Some(end) if run.clock < end => Break::Back(end.saturating_sub(run.clock)),
                Some(end) => Break::Gap(run.clock.saturating_sub(end)),
            };
            RecordingRun {
                begins,
                start: run.clock,
                last: run.clock_end,
                running: run.running,
                offset: run.offset,
                frames: 0,
                doubtful: 0,
                modes: Vec::new(),
                cameras: Vec::new(),
            }
        });
        contents.runs = runs.collect();
        let first = map.runs.iter().map(|run| run.clock).min();
        let last = map.runs.iter().map(|run| run.clock_end).max();
        contents.span = first.zip(last);
    }
    let pictures =
        |codec: Codec| codec.media() == Media::Video && !matches!(codec, Codec::Pbm | Codec::Bmp);
    let cameras = streams.iter().filter(|found| pictures(found.key.codec));
    Ok(cameras.map(|found| found.key.camera).collect())
}

/// What is noted of frames beside the contents.
#[derive(Default)]
struct Marks {
    ticks: BTreeMap<u16, Vec<i64>>,
    count: usize,
    alarms: Vec<Alarm>,
    /// Text of the alarm that is on, or an empty one, by camera.
    on: BTreeMap<u16, (Mode, Option<String>)>,
    utc_offset: Option<i32>,
}

impl Marks {
    fn add(&mut self, frame: &Frame<()>) {
        if let Some(details) = &frame.packet.details {
            self.utc_offset = self.utc_offset.or(details.utc_offset);
        }
        if !frame.is_video() || matches!(frame.packet.stream.codec, Codec::Pbm | Codec::Bmp) {
            return;
        }
        let camera = frame.packet.stream.camera;
        if !frame.orphan && self.count < MAX_TICKS {
            self.count += 1;
            self.ticks.entry(camera).or_default().push(frame.running);
            if self.count == MAX_TICKS {
                self.ticks.clear();
            }
        }
        let details = frame.packet.details.as_ref();
        let text = details.and_then(|details| details.alarm.clone());
        let now = (frame.packet.mode, text);
        let before = self.on.get(&camera);
        let began = (now.0 == Mode::Alarm && before.is_none_or(|before| before.0 != Mode::Alarm))
            || (now.1.is_some() && before.is_none_or(|before| before.1 != now.1));
        if began && self.alarms.len() < MAX_ALARMS {
            self.alarms.push(Alarm {
                camera,
                clock: frame.clock,
                time: frame.running,
                text: now.1.clone().unwrap_or_default(),
            });
        }
        if before != Some(&now) {
            self.on.insert(camera, now);
        }
    }
}

/// A place that is played: a file, and a stream time in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the file, from 0.
    pub part: usize,
    /// Nanoseconds.
    pub time: i64,
}

impl Place {
    /// The first of some places after this one, or the last before it.
    pub fn neighbour(self, others: impl Iterator<Item = Place>, forward: bool) -> Option<Place> {
        match forward {
            true => others.filter(|other| *other > self).min(),
            false => others.filter(|other| *other < self).max(),
        }
    }
}

/// A run of all cameras together. Times are nanoseconds of the recorder's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub part: usize,
    pub begins: Break,
    /// First frame.
    pub start: i64,
    /// End of the last frame.
    pub end: i64,
    /// Stream time of the first frame.
    pub time: i64,
    /// How many earlier runs hold its first moment.
    pub pass: u32,
}

/// A part of a row: recorded in one mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    pub start: i64,
    pub end: i64,
    pub mode: Mode,
    pub pass: u32,
}

/// What the timeline shows of a camera.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub camera: u16,
    pub title: String,
    pub bars: Vec<Bar>,
    /// Passes that are shown below each other.
    pub lanes: u32,
}

/// A recording.
#[derive(Debug, Default)]
pub struct Recording {
    pub parts: Vec<Part>,
    pub runs: Vec<Run>,
    pub rows: Vec<Row>,
    pub alarms: Vec<Alarm>,
    /// Steps of the clock: the time before and after.
    pub steps: Vec<(i64, i64)>,
    /// Damaged places, by the clock of a frame shortly before.
    pub damage: Vec<i64>,
    pub axis: Axis,
}

impl Recording {
    /// Files of one recorder whose times follow each other make one recording; the others are their own.
    pub fn group(mut parts: Vec<Part>) -> Vec<Recording> {
        parts.sort_by(|a, b| (a.span().0, a.path()).cmp(&(b.span().0, b.path())));
        let parts = Part::together(parts);
        let mut groups: Vec<Vec<Part>> = Vec::new();
        for part in parts {
            let slack = part.findings.profile.timing.gap();
            let continued = groups.iter_mut().find(|group| {
                group.last().is_some_and(|last| {
                    last.is_of_recorder(&part)
                        && part.span().0.saturating_add(slack) >= last.span().1
                })
            });
            match continued {
                Some(group) => group.push(part),
                None => groups.push(vec![part]),
            }
        }
        groups.into_iter().map(Recording::new).collect()
    }

    /// Files in the order in which they are played.
    pub fn new(parts: Vec<Part>) -> Recording {
        let mut recording = Recording::default();
        for (n, part) in parts.iter().enumerate() {
            recording.add_runs(n, part);
            recording.alarms.extend(part.alarms.iter().cloned());
            let clocks = part.contents.damage.iter().filter_map(|place| place.clock);
            recording.damage.extend(clocks);
            for (camera, title) in &part.cameras {
                recording.add_row(
                    *camera,
                    title,
                    part.camera(*camera).filter(|_| part.complete),
                );
            }
        }
        recording.rows.sort_by_key(|row| row.camera);
        recording.alarms.sort_by_key(|alarm| alarm.clock);
        for row in &mut recording.rows {
            let lanes = row.bars.iter().map(|bar| bar.pass).max().unwrap_or(0);
            row.lanes = lanes.min(3).saturating_add(1);
        }
        let spans = recording.runs.iter().map(|run| (run.start, run.end));
        recording.axis = Axis::new(spans.collect());
        recording.parts = parts;
        recording
    }

    fn add_runs(&mut self, n: usize, part: &Part) {
        let interval = part.findings.profile.timing.interval;
        for run in &part.contents.runs {
            let step = matches!(run.begins, Break::Back(_) | Break::Forward(_));
            if step && let Some(before) = self.runs.last() {
                self.steps.push((before.end, run.start));
            }
            let near = self.runs.iter().rev().take(64);
            let pass = near
                .filter(|earlier| (earlier.start..earlier.end).contains(&run.start))
                .count();
            self.runs.push(Run {
                part: n,
                begins: run.begins,
                start: run.start,
                end: run.last.saturating_add(interval),
                time: run.running,
                // files that overlap by a frame have no second pass
                pass: if step { pass as u32 } else { 0 },
            });
        }
    }

    fn add_row(&mut self, number: u16, title: &str, camera: Option<&Camera>) {
        let place = self.rows.iter().position(|row| row.camera == number);
        let place = place.unwrap_or_else(|| {
            self.rows.push(Row {
                camera: number,
                ..Row::default()
            });
            self.rows.len() - 1
        });
        let Some(row) = self.rows.get_mut(place) else {
            return;
        };
        if !title.is_empty() {
            row.title = title.to_owned();
        }
        let Some(camera) = camera else {
            return;
        };
        for run in &camera.runs {
            let spans = run.modes.iter().enumerate();
            let bars = spans.map(|(n, span)| Bar {
                start: span.start,
                // the last frame lasts one interval
                end: match n + 1 == run.modes.len() {
                    true => camera.end_of(run).max(span.end),
                    false => span.end,
                },
                mode: span.mode,
                pass: run.pass,
            });
            row.bars.extend(bars);
        }
    }

    /// All files.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.parts.iter().flat_map(|part| &part.inputs)
    }

    /// All files were read whole.
    pub fn is_complete(&self) -> bool {
        self.parts.iter().all(|part| part.complete)
    }

    /// Times are times of day.
    pub fn has_clock(&self) -> bool {
        self.parts.first().is_some_and(Part::has_clock)
    }

    /// A time for people: local time with its offset, or the distance from the beginning in a file without a clock.
    pub fn time_text(&self, clock: i64) -> String {
        match self.parts.first() {
            Some(part) if part.has_clock() => part.zone.local(clock),
            _ => format!("+{}", duration(clock)),
        }
    }

    /// The same to the second and without the offset.
    pub fn short_time(&self, clock: i64) -> String {
        match self.parts.first() {
            Some(part) if part.has_clock() => part.zone.in_seconds().local_plain(clock),
            _ => format!("+{}", duration(clock / SECOND * SECOND)),
        }
    }

    /// Times in it are written in this zone.
    pub fn zone(&self) -> Zone {
        let first = self.parts.first();
        first.map_or_else(|| Zone::new(None, None), |part| part.zone)
    }

    /// The clock has fractions of a second that were recorded.
    pub fn has_fractions(&self) -> bool {
        let first = self.parts.first();
        first.is_some_and(|part| part.findings.profile.timing.resolution == Resolution::Millis)
    }

    /// Name for the window's title: the recorder, else the file.
    pub fn title(&self) -> String {
        let Some(part) = self.parts.first() else {
            return String::new();
        };
        match part.recorder() {
            "" => file_name(part.path()),
            recorder => recorder.to_owned(),
        }
    }

    /// File name, or how many files.
    pub fn subtitle(&self) -> String {
        let inputs: Vec<&Input> = self.inputs().collect();
        match inputs.as_slice() {
            [] => String::new(),
            [one] => file_name(&one.path),
            [first, .., last] => format!(
                "{} … {} ({})",
                file_name(&first.path),
                file_name(&last.path),
                inputs.len()
            ),
        }
    }

    /// What the timeline shows, in words.
    pub fn summary(&self) -> String {
        if !self.is_complete() {
            return self.subtitle();
        }
        let counts = [
            (tr("Runs"), self.runs.len()),
            (tr("Alarms"), self.alarms.len()),
            (tr("Clock steps"), self.steps.len()),
            (tr("Damaged places"), self.damage.len()),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        let counts = counts.map(|(text, count)| format!("{text}: {count}"));
        let all: Vec<String> = std::iter::once(self.subtitle()).chain(counts).collect();
        all.join(" · ")
    }

    /// Title of a camera, empty where it has none.
    pub fn title_of(&self, camera: u16) -> &str {
        let row = self.rows.iter().find(|row| row.camera == camera);
        row.map_or("", |row| row.title.as_str())
    }

    /// Cameras, by number.
    pub fn cameras(&self) -> Vec<u16> {
        self.rows.iter().map(|row| row.camera).collect()
    }

    /// Usual distance of a camera's frames, nanoseconds.
    pub fn interval(&self, part: usize, camera: u16) -> i64 {
        let part = self.parts.get(part);
        let own = part.and_then(|part| part.camera(camera));
        let own = own.map(|camera| camera.interval).filter(|own| *own > 0);
        own.or_else(|| part.map(|part| part.findings.profile.timing.interval))
            .unwrap_or(SECOND / 25)
            .max(1)
    }

    /// The run that a place is in.
    pub fn run_at(&self, place: Place) -> Option<&Run> {
        let own = self.runs.iter().filter(|run| run.part == place.part);
        let begun = own.clone().rfind(|run| run.time <= place.time);
        begun.or_else(|| own.clone().next())
    }

    /// The recorder's clock at a place. In a gap that keeps its length, it goes on.
    pub fn clock_at(&self, place: Place) -> Option<i64> {
        let run = self.run_at(place)?;
        let into = place.time.saturating_sub(run.time).max(0);
        Some(
            run.start
                .saturating_add(into)
                .min(run.end.max(self.limit(run))),
        )
    }

    /// The earliest time that was recorded.
    pub fn first_clock(&self) -> i64 {
        let starts = self.runs.iter().map(|run| run.start);
        starts.min().unwrap_or(0)
    }

    /// Up to where the clock of a run can go on: the next run, where the gap to it is played.
    fn limit(&self, run: &Run) -> i64 {
        let length = run.end.saturating_sub(run.start);
        let next = self
            .runs
            .iter()
            .find(|next| next.part == run.part && next.time > run.time.saturating_add(length));
        match next {
            Some(next) if matches!(next.begins, Break::Gap(_)) => next.start,
            _ => run.end,
        }
    }

    /// Where a time of the recorder's clock is, in its `pass`-th recording; and whether something was recorded then. Otherwise where
    /// recording continues; after all of it, its end.
    pub fn place_of(&self, clock: i64, pass: u32) -> Option<(Place, bool)> {
        let at = |run: &Run, clock: i64| Place {
            part: run.part,
            time: run.time.saturating_add(clock.saturating_sub(run.start)),
        };
        let mut holding = self
            .runs
            .iter()
            .filter(|run| (run.start..run.end).contains(&clock));
        let first = holding.next();
        let chosen = first
            .into_iter()
            .chain(holding)
            .filter(|run| run.pass <= pass)
            .max_by_key(|run| run.pass);
        if let Some(run) = chosen {
            return Some((at(run, clock), true));
        }
        let later = self.runs.iter().filter(|run| run.start >= clock);
        if let Some(next) = later.min_by_key(|run| run.start) {
            return Some((at(next, next.start), false));
        }
        let last = self.runs.iter().max_by_key(|run| run.end)?;
        Some((at(last, last.end.saturating_sub(1).max(last.start)), false))
    }

    /// Which pass of a repeated hour a place is in.
    pub fn pass_at(&self, place: Place) -> u32 {
        self.run_at(place).map_or(0, |run| run.pass)
    }

    /// The mode in which a camera recorded at a place; `None` where it recorded nothing.
    pub fn mode_at(&self, camera: u16, place: Place) -> Option<Mode> {
        let part = self.parts.get(place.part)?;
        let own = part.camera(camera)?;
        let run = own.runs.iter().rfind(|run| run.running <= place.time)?;
        let shown = match part.ticks.get(&camera) {
            Some(_) => self.frame_at(Some(camera), place)?,
            // too many frames to remember each
            None => {
                let last = run.last.saturating_sub(run.start);
                let time = place.time.min(run.running.saturating_add(last));
                Place { time, ..place }
            }
        };
        // a frame may be late by a little
        let lasts = own.interval.saturating_add(own.interval.max(SECOND / 2));
        if place.time.saturating_sub(shown.time) >= lasts {
            return None;
        }
        let clock = self.clock_at(shown)?;
        let span = run.modes.iter().rfind(|span| span.start <= clock);
        Some(span.map_or(Mode::Unknown, |span| span.mode))
    }

    /// End of a file, stream time.
    pub fn end_of(&self, part: usize) -> i64 {
        let runs = self.runs.iter().filter(|run| run.part == part);
        let ends = runs.map(|run| {
            let length = run.end.saturating_sub(run.start);
            run.time.saturating_add(length)
        });
        ends.max().unwrap_or(0)
    }

    /// Where a file is entered when the one before it has ended: after what both hold.
    pub fn entry(&self, part: usize) -> Place {
        let start = Place { part, time: 0 };
        let Some(before) = part.checked_sub(1) else {
            return start;
        };
        let end = self
            .parts
            .get(before)
            .map_or(i64::MIN, |part| part.span().1);
        let own = self.runs.iter().find(|run| run.part == part);
        match own {
            Some(run) if (run.start..run.end).contains(&end) => Place {
                part,
                time: run.time.saturating_add(end - run.start).saturating_add(1),
            },
            _ => start,
        }
    }

    /// First place of all.
    pub fn first(&self) -> Place {
        Place::default()
    }

    /// The last frame of all.
    pub fn last(&self) -> Place {
        let part = self.parts.len().saturating_sub(1);
        let ticks = self.parts.get(part).map(|part| part.ticks.values());
        let last = ticks.and_then(|ticks| ticks.filter_map(|ticks| ticks.last()).max().copied());
        let time = last.unwrap_or_else(|| self.end_of(part).saturating_sub(1).max(0));
        Place { part, time }
    }

    /// The next frame of a camera, or of any where it is `None`.
    pub fn frame_after(&self, camera: Option<u16>, place: Place) -> Option<Place> {
        let first_after = |part: usize, time: i64| {
            let found = self.ticks_of(part, camera).filter_map(|ticks| {
                let next = ticks.partition_point(|tick| *tick <= time);
                ticks.get(next).copied()
            });
            found.min().map(|time| Place { part, time })
        };
        first_after(place.part, place.time).or_else(|| {
            let next = place.part.checked_add(1)?;
            self.parts.get(next)?;
            let entry = self.entry(next);
            first_after(next, entry.time.saturating_sub(1))
        })
    }

    /// The frame of a camera that is shown at a place, or of any where it is `None`.
    pub fn frame_at(&self, camera: Option<u16>, place: Place) -> Option<Place> {
        let found = self.ticks_of(place.part, camera).filter_map(|ticks| {
            let next = ticks.partition_point(|tick| *tick <= place.time);
            ticks.get(next.checked_sub(1)?).copied()
        });
        found.max().map(|time| Place { time, ..place })
    }

    /// The frame of a camera before, or of any where it is `None`.
    pub fn frame_before(&self, camera: Option<u16>, place: Place) -> Option<Place> {
        let last_before = |part: usize, time: i64| {
            let found = self.ticks_of(part, camera).filter_map(|ticks| {
                let next = ticks.partition_point(|tick| *tick < time);
                ticks.get(next.checked_sub(1)?).copied()
            });
            found.max().map(|time| Place { part, time })
        };
        last_before(place.part, place.time).or_else(|| {
            let before = place.part.checked_sub(1)?;
            let entry = self.entry(place.part);
            // what both files hold is shown from the first
            let from = if entry.time >= place.time || entry.time == 0 {
                i64::MAX
            } else {
                place.time
            };
            last_before(before, from)
        })
    }

    fn ticks_of(&self, part: usize, camera: Option<u16>) -> impl Iterator<Item = &Vec<i64>> {
        let ticks = self
            .parts
            .get(part)
            .into_iter()
            .flat_map(|part| &part.ticks);
        ticks
            .filter(move |(number, _)| camera.is_none_or(|camera| camera == **number))
            .map(|(_, ticks)| ticks)
    }

    /// Beginning of the next run.
    pub fn run_after(&self, place: Place) -> Option<Place> {
        let starts = self.runs.iter().map(start_of);
        starts.filter(|start| *start > place).min()
    }

    /// Beginning of this run, or of the one before where it has just begun.
    pub fn run_before(&self, place: Place) -> Option<Place> {
        let starts = self.runs.iter().map(start_of);
        let begun = Place {
            time: place.time.saturating_sub(SECOND),
            ..place
        };
        starts.filter(|start| *start < begun).max()
    }

    /// Places at which alarms begin.
    pub fn alarm_places(&self) -> impl Iterator<Item = Place> {
        let parts = self.parts.iter().enumerate();
        parts.flat_map(|(part, read)| {
            let alarms = read.alarms.iter();
            alarms.map(move |alarm| Place {
                part,
                time: alarm.time,
            })
        })
    }

    /// How many earlier runs of a camera hold this moment in its file: what `exptool --pass` takes. `None` where it recorded nothing.
    pub fn camera_pass(&self, camera: u16, place: Place) -> Option<u32> {
        let part = self.parts.get(place.part)?;
        if !part.complete {
            return Some(0);
        }
        self.mode_at(camera, place)?;
        let clock = self.clock_at(place)?;
        let camera = part.camera(camera)?;
        let mut runs = camera.runs.iter();
        let now = runs.rposition(|run| run.running <= place.time)?;
        let earlier = camera.runs.iter().take(now);
        let holding = earlier.filter(|run| (run.start..camera.end_of(run)).contains(&clock));
        u32::try_from(holding.count()).ok()
    }
}

fn start_of(run: &Run) -> Place {
    Place {
        part: run.part,
        time: run.time,
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
