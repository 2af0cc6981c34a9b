// SPDX-License-Identifier: MPL-2.0
//! One look at a recording: what of each camera goes into which output, and where that is in the demuxer's stream.

use super::Gaps;
use crate::common::{Common, Failure, Input, when::Base};
use crate::recording::{Camera, CameraRun, Frame, Options, Recording};
use formats::{reader::Codec, timeline::GapPolicy};
use std::collections::BTreeMap;

/// Running times are shifted by so much, nanoseconds, so that a rounding never takes in the frame before or the one after.
const SLACK: u64 = 1000;
/// No camera has less time between two frames, nanoseconds.
const SHORTEST: u64 = 10_000_000;
/// Frames that a copy has more than the window at most: back to a keyframe.
const AROUND: u64 = 300;
/// Runs that are made chapters of at most.
pub const MAX_CHAPTERS: usize = 1000;

/// A recording, and what is needed to cut it.
pub struct Look {
    /// Cameras and runs.
    pub recording: Recording,
    gaps: Gaps,
    sizes: BTreeMap<u16, Sizes>,
}

/// Frames of a camera so far, and those with which its size changes.
#[derive(Default)]
struct Sizes {
    frames: u64,
    changes: Vec<(u64, i64, (u16, u16))>,
}

/// A run in the demuxer's stream. Nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Clock of the first frame, and where the last one ends.
    clock: (i64, i64),
    /// Clock of the first frame that can be decoded.
    shown: i64,
    /// Running time of the first frame.
    running: i64,
    /// Frames.
    frames: u64,
}

impl Run {
    fn running_at(&self, clock: i64) -> i64 {
        self.running
            .saturating_add(clock.saturating_sub(self.clock.0))
    }
}

/// A window of the recorder's clock: first moment, and the moment after the last.
pub type Window = (i64, i64);

/// Running times that go into an output, nanoseconds: from, and up to and not including.
pub type Range = (u64, u64);

/// What of a camera, or of all, goes into one output.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Where it is in the demuxer's stream; empty for all of it.
    pub ranges: Vec<Range>,
    /// Length, nanoseconds; a copy may be longer, by the frames since the keyframe before.
    pub length: u64,
    /// The same without gaps.
    pub recorded: u64,
    /// Frames at most.
    pub frames: u64,
    /// Frame size, where it is known.
    pub size: (u16, u16),
    /// The camera has another size elsewhere.
    pub size_changes: bool,
    /// Clock of its first frame.
    pub first: i64,
    /// Beginnings and ends, nanoseconds from the output's beginning.
    pub chapters: Vec<Chapter>,
    /// Running time at which its last frame ends, nanoseconds.
    pub stop: u64,
    /// Number of the run whose end is in it.
    ended: Option<usize>,
}

/// A chapter of an output: nanoseconds from its beginning, and the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Beginning.
    pub start: u64,
    /// End.
    pub end: u64,
    /// Beginning of the run in local time, and its mode.
    pub title: String,
}

impl Look {
    /// Looks at a file. `see` gets every frame.
    ///
    /// # Errors
    /// A file that cannot be read, and what `see` fails with.
    pub fn take(
        common: &Common,
        input: Input,
        gaps: Gaps,
        hashes: bool,
        see: &mut dyn FnMut(&Frame) -> Result<(), Failure>,
    ) -> Result<Look, Failure> {
        let mut sizes: BTreeMap<u16, Sizes> = BTreeMap::new();
        let options = Options {
            checksums: hashes,
            hashes,
            policy: match gaps {
                Gaps::Collapse => GapPolicy::Collapse,
                Gaps::Preserve => GapPolicy::Preserve,
            },
            ..Options::default()
        };
        let recording = Recording::read(common, input, options, &mut |frame| {
            if frame.is_video() {
                let camera = frame.packet.stream.camera;
                sizes.entry(camera).or_default().add(frame);
            }
            see(frame)
        })?;
        Ok(Look {
            recording,
            gaps,
            sizes,
        })
    }

    /// Seconds since 1970, UTC, of the first frame of a part, where there is a clock.
    pub fn created(&self, part: &Part) -> Option<i64> {
        let clock = self.recording.has_clock();
        clock.then(|| {
            self.recording
                .zone
                .utc_ns(part.first)
                .div_euclid(1_000_000_000)
        })
    }

    /// What is needed to read times.
    pub fn base(&self) -> Base {
        Base::of(&self.recording)
    }

    /// Channel and codec of the audio that belongs to a camera.
    pub fn audio_of(&self, camera: &Camera) -> Option<(u16, Codec)> {
        let track = self.recording.contents.audio_of(camera.number)?;
        Some((track.key.camera, track.key.codec))
    }

    /// Channels of audio that belong to no camera.
    pub fn audio_of_none(&self) -> Vec<u16> {
        let contents = &self.recording.contents;
        let cameras = contents.cameras.iter();
        let owned = cameras.filter_map(|camera| self.audio_of(camera));
        let owned: Vec<u16> = owned.map(|(channel, _)| channel).collect();
        let channels = contents.audio.iter().map(|track| track.key.camera);
        channels
            .filter(|channel| !owned.contains(channel))
            .collect()
    }

    /// The outputs of a camera: one, or more where its size changes; none where nothing was recorded in the window.
    pub fn parts(&self, camera: &Camera, window: Option<Window>) -> Vec<Part> {
        let runs = self.runs(camera);
        // a run without a keyframe shows nothing
        let decodable = runs
            .iter()
            .zip(&camera.runs)
            .filter(|(_, run)| run.decodable.is_some());
        let decodable = decodable.map(|(run, _)| *run).enumerate();
        let changes = self.changes(camera, &runs);
        let mut parts: Vec<Part> = Vec::new();
        let mut last: Option<(usize, (u16, u16))> = None;
        for (n, run) in decodable {
            let Some((from, to)) = cut(&run, window) else {
                continue;
            };
            for ((from, to), size) in split(&run, (from, to), &changes) {
                let size = size.unwrap_or((camera.width, camera.height));
                if parts.is_empty() || last.is_some_and(|(_, before)| before != size) {
                    parts.push(Part {
                        size,
                        size_changes: changes.len() > 1,
                        first: from,
                        ..Part::default()
                    });
                }
                last = Some((parts.len(), size));
                if let Some(part) = parts.last_mut() {
                    part.add((n, &run), (from, to), self.title(camera, from));
                }
            }
        }
        let all_shown = camera
            .runs
            .first()
            .is_some_and(|run| run.decodable == Some(run.start));
        if let ([part], None, true) = (parts.as_mut_slice(), window, all_shown) {
            // nothing to seek for
            part.ranges.clear();
        }
        if let Some(part) = parts.last_mut() {
            part.open_end(window);
        }
        parts
    }

    /// What of all cameras together goes into a mosaic.
    pub fn together(&self, window: Option<Window>) -> Option<Part> {
        let mut part: Option<Part> = None;
        let interval = self.recording.findings.profile.timing.interval;
        // as a demuxer that outputs all cameras plays them
        let runs = self.recording.contents.runs.iter().map(|run| Run {
            clock: (run.start, run.last.saturating_add(interval)),
            shown: run.start,
            running: run.running,
            frames: run.frames,
        });
        for (n, run) in runs.enumerate() {
            let run = &run;
            let Some((from, to)) = cut(run, window) else {
                continue;
            };
            let part = part.get_or_insert_with(|| Part {
                first: from,
                ..Part::default()
            });
            let title = self.start_title(from);
            part.add((n, run), (from, to), title);
        }
        if let (Some(part), None) = (&mut part, window) {
            part.ranges.clear();
        }
        if let Some(part) = &mut part {
            part.open_end(window);
        }
        part
    }

    /// Times of a window in which a camera recorded nothing.
    pub fn unrecorded(&self, camera: &Camera, window: Window) -> Vec<Window> {
        let mut runs: Vec<Window> = self.runs(camera).iter().map(|run| run.clock).collect();
        runs.sort_unstable();
        let mut out = Vec::new();
        let mut at = match window.0 {
            i64::MIN => runs.first().map_or(0, |run| run.0),
            from => from,
        };
        // less than two frames apart is no gap
        let slack = camera.interval.saturating_mul(2);
        for (start, end) in runs {
            if start.min(window.1) > at.saturating_add(slack) {
                out.push((at, start.min(window.1)));
            }
            at = at.max(end);
        }
        if window.1 != i64::MAX && window.1 > at.saturating_add(slack) {
            out.push((at, window.1));
        }
        out
    }

    fn runs(&self, camera: &Camera) -> Vec<Run> {
        let mut running = 0_i64;
        let mut before: Option<i64> = None;
        let place = |run: &CameraRun| {
            let end = camera.end_of(run);
            let gap = before.map_or(0, |before| run.start.saturating_sub(before).max(0));
            if self.gaps == Gaps::Preserve {
                running = running.saturating_add(gap);
            }
            let placed = Run {
                clock: (run.start, end),
                shown: run.decodable.unwrap_or(run.start),
                running,
                frames: run.frames,
            };
            running = running.saturating_add(end.saturating_sub(run.start));
            before = Some(end);
            placed
        };
        camera.runs.iter().map(place).collect()
    }

    /// Running times from which on a camera has another size.
    fn changes(&self, camera: &Camera, runs: &[Run]) -> Vec<(i64, (u16, u16))> {
        let Some(sizes) = self.sizes.get(&camera.number) else {
            return Vec::new();
        };
        let counts = camera.runs.iter().map(|run| run.frames + run.orphans);
        let ends: Vec<u64> = counts
            .scan(0, |sum, count| {
                *sum += count;
                Some(*sum)
            })
            .collect();
        let changes = sizes.changes.iter().filter_map(|(frame, clock, size)| {
            let run = runs.get(ends.partition_point(|end| end <= frame))?;
            Some((run.running_at(*clock), *size))
        });
        changes.collect()
    }

    fn start_title(&self, clock: i64) -> String {
        match self.recording.has_clock() {
            true => self.recording.zone.in_seconds().local(clock),
            false => self.recording.short_time(clock),
        }
    }

    /// Title of the chapter that begins at a time.
    fn title(&self, camera: &Camera, clock: i64) -> String {
        let time = self.start_title(clock);
        let spans = camera.runs.iter().flat_map(|run| &run.modes);
        let mode = spans
            .filter(|span| (span.start..=span.end).contains(&clock))
            .find_map(|span| span.mode.name());
        match mode {
            Some(mode) => format!("{time}, {mode}"),
            None => time,
        }
    }
}

impl Sizes {
    fn add(&mut self, frame: &Frame) {
        let packet = &frame.packet;
        let size = (packet.width, packet.height);
        let before = self.changes.last().map(|(.., size)| *size);
        if packet.key && packet.width > 0 && packet.height > 0 && before != Some(size) {
            self.changes.push((self.frames, frame.clock, size));
        }
        self.frames += 1;
    }
}

/// The part of a run that is in the window, by its clock, from its first frame that can be decoded on.
fn cut(run: &Run, window: Option<Window>) -> Option<Window> {
    let (from, to) = window.unwrap_or((i64::MIN, i64::MAX));
    let (from, to) = (from.max(run.shown), to.min(run.clock.1));
    (from < to).then_some((from, to))
}

/// Splits a part of a run where the size changes.
fn split(
    run: &Run,
    (from, to): Window,
    changes: &[(i64, (u16, u16))],
) -> Vec<(Window, Option<(u16, u16)>)> {
    let at = run.running_at(from);
    let mut size = changes
        .iter()
        .rev()
        .find(|(change, _)| *change <= at)
        .map(|(_, size)| *size);
    let mut out = Vec::new();
    let mut begin = from;
    for (change, next) in changes {
        let clock = run
            .clock
            .0
            .saturating_add(change.saturating_sub(run.running));
        if (begin + 1..to).contains(&clock) && *change > at {
            out.push(((begin, clock), size));
            begin = clock;
            size = Some(*next);
        }
    }
    out.push(((begin, to), size));
    out
}

impl Part {
    /// Adds a part of the `n`-th run.
    fn add(&mut self, (n, run): (usize, &Run), (from, to): Window, title: String) {
        let whole = to == run.clock.1;
        let unsigned = |time: i64| time.max(0).unsigned_abs();
        let (start, stop) = (unsigned(run.running_at(from)), unsigned(run.running_at(to)));
        // frames from `start` on, and none from `stop` on
        let range = match whole {
            true => (start + SLACK, stop),
            false => (start + SLACK, stop.saturating_sub(SLACK)),
        };
        let length = stop.saturating_sub(start);
        self.stop = stop;
        let most = length / SHORTEST + AROUND;
        self.recorded = self.recorded.saturating_add(length);
        self.frames = self.frames.saturating_add(run.frames.min(most));
        // a run that follows the one before is played on into, whatever time passed between
        let follows = from == run.shown && self.ended.is_some_and(|before| before + 1 == n);
        let begin = match self.ranges.last_mut().filter(|_| follows) {
            Some(last) => {
                let begin = self.length.saturating_add(start.saturating_sub(last.1));
                last.1 = range.1;
                begin
            }
            None => {
                self.ranges.push(range);
                self.length
            }
        };
        self.length = begin.saturating_add(length);
        self.ended = whole.then_some(n);
        if self.chapters.len() < MAX_CHAPTERS {
            self.chapters.push(Chapter {
                start: begin,
                end: self.length,
                title,
            });
        }
    }

    /// Adds what another file continues with after `gap` nanoseconds, of which `kept` stay in the output.
    pub fn append(&mut self, mut next: Part, gap: Option<u64>, kept: u64) {
        let begin = self.length.saturating_add(kept);
        next.chapters.iter_mut().for_each(|chapter| {
            chapter.start = chapter.start.saturating_add(begin);
            chapter.end = chapter.end.saturating_add(begin);
        });
        let mode = |chapter: &Chapter| {
            chapter
                .title
                .split_once(", ")
                .map(|(_, mode)| mode.to_owned())
        };
        let mut chapters = next.chapters.into_iter().peekable();
        // recording that goes on in the next file is one run
        if gap.is_none()
            && let Some(last) = self.chapters.last_mut()
            && let Some(first) = chapters.next_if(|first| mode(first) == mode(last))
        {
            last.end = first.end;
        }
        self.chapters.extend(chapters);
        self.chapters.truncate(MAX_CHAPTERS);
        self.length = begin.saturating_add(next.length);
        self.recorded = self.recorded.saturating_add(next.recorded);
        self.frames = self.frames.saturating_add(next.frames);
        self.size_changes |= next.size_changes;
    }

    /// Nothing follows in the recording: whatever comes is in it.
    fn open_end(&mut self, window: Option<Window>) {
        if window.is_none_or(|(_, to)| to == i64::MAX)
            && let Some(range) = self.ranges.last_mut()
        {
            range.1 = u64::MAX;
        }
    }

    /// The chapters, where the output begins at this stream time, nanoseconds: a copy with the keyframe before what was asked for.
    pub fn chapters_from(&self, begin: u64) -> Vec<Chapter> {
        let asked = self
            .ranges
            .first()
            .map(|range| range.0.saturating_sub(SLACK));
        let early = asked.map_or(0, |asked| asked.saturating_sub(begin));
        let mut chapters = self.chapters.clone();
        for (n, chapter) in chapters.iter_mut().enumerate() {
            chapter.end += early;
            chapter.start += if n == 0 { 0 } else { early };
        }
        chapters
    }
}
