// SPDX-License-Identifier: MPL-2.0
//! Finds the runs of a recording without playing it, within a number of bytes.
//!
//! In order of preference: the file's index, where it agrees with the records it points to; a walk over all records, where the
//! file is small enough; samples from all over the file, narrowed down where the clock moved by another amount than sequence
//! numbers, slots or places in the index explain. Without any of these, both ends of the file.
//!
//! What samples cannot show is an interruption that another irregularity between the same two samples makes up for: such a map is
//! called sampled, not exact.

use super::{
    lister::{Listed, Lister},
    map::{Accuracy, Space, TimeMap},
    placement::{Placed, Placement},
    profile::Profile,
    source::Source,
};
use crate::{
    reader::{Mode, Reader},
    timeline::{
        FrameTiming, GapPolicy, MILLI, Resolution, Run, RunMap, SECOND, TimingSample,
        timing::slot_time,
    },
};
use std::ops::ControlFlow;

/// Bytes that a survey may read while a file is opened.
pub const OPENING: u64 = 1 << 20;
/// Bytes that a survey may read for the first seek.
pub const SEEKING: u64 = 3 << 19;

/// Index entries that are compared with their records before the index is used.
const CHECKS: u64 = 3;
/// An index with clocks of no more bytes is read whole.
const WHOLE_INDEX: u64 = 256 << 10;
/// Bytes of records between the first samples, where the budget allows that many.
const SPACING: u64 = 16 << 20;
/// Index entries between them.
const INDEX_SPACING: u64 = 16 << 10;
/// A range of this many bytes of records is walked over.
const WALK: u64 = 256 << 10;
/// Bytes behind the last entry of an index that are gone over for audio.
const BEHIND: u64 = 512 << 10;
/// A range of this many index entries with clocks is.
const INDEX_WALK: u64 = 512;
/// Records whose bytes a survey may read where they are so large that the budget is only a few of them.
const RECORDS: u64 = 32;
/// What a sample costs, in bytes.
const SAMPLE_COST: u64 = 40 << 10;
/// What a sample of an index costs.
const INDEX_COST: u64 = 6 << 10;
/// Records in which a sequence number comes back.
const WRAP: i64 = 65_536;
/// Records at the start that show how regularly frames come.
const FIRST_RECORDS: usize = 48;
/// Runs whose mode is looked up.
const MAX_MODES: usize = 16;
/// Bytes before the file's end in which the last record is looked for first, and at most.
const TAIL: u64 = 64 << 10;
const MAX_TAIL: u64 = 16 << 20;

/// A survey of one file.
pub struct Survey<'a, S: Source + Clone> {
    /// The file.
    pub source: S,
    /// Its reader, which knows the index.
    pub reader: &'a dyn Reader,
    /// What the first records show.
    pub profile: &'a Profile,
    /// What becomes of gaps.
    pub policy: GapPolicy,
    /// The only camera of interest, 0 = all.
    pub camera: u16,
    /// Offset of the first record.
    pub start: u64,
    /// Bytes that may be read, about.
    pub budget: u64,
}

impl<S: Source + Clone> Survey<'_, S> {
    /// The best map that the budget gives.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn run(&self) -> Result<TimeMap, S::Error> {
        let Some(end) = self.source.size() else {
            return Ok(TimeMap::default());
        };
        let mut map = self.find_runs(end)?;
        map.modes = self.modes(&map)?;
        map.interval = self.profile.timing.interval;
        // a small file is gone over where more may be read
        map.complete &= end.saturating_sub(self.start) > SEEKING;
        map.complete |= map.accuracy == Accuracy::Exact;
        map.set_size(Some(end));
        Ok(map)
    }

    fn find_runs(&self, end: u64) -> Result<TimeMap, S::Error> {
        let small = end.saturating_sub(self.start) <= self.budget;
        if self.profile.timing.resolution != Resolution::Slots
            && let Some(mut index) = self.lister(Space::Index)
            && let Some(audio) = self.index_agrees(&mut index, end)?
        {
            let has_clocks = index.sample_clock()?;
            let (count, bytes) = index
                .index()
                .map_or((0, 0), |all| (all.count(), all.bytes()));
            if has_clocks && bytes <= WHOLE_INDEX {
                let map = self.walk(Space::Index, 0, count)?;
                return Ok(audio.add_to(map));
            }
            if !small && let Some(map) = self.sampled_index(&mut index, count)? {
                return Ok(audio.add_to(map));
            }
        }
        match small {
            true => self.walk(Space::Records, self.start, end),
            false => self.ends(end),
        }
    }

    fn lister(&self, space: Space) -> Option<Lister<S>> {
        Lister::new(self.source.clone(), self.reader, space, self.camera)
    }

    /// Modes of the first runs, from their first records.
    fn modes(&self, map: &TimeMap) -> Result<Vec<Mode>, S::Error> {
        let mut modes = Vec::new();
        let (Some(mut entries), Some(mut records)) =
            (self.lister(map.space), self.lister(Space::Records))
        else {
            return Ok(modes);
        };
        for run in map.runs.iter().take(MAX_MODES) {
            let entry = entries.sample(run.offset, run.offset.saturating_add(1))?;
            let record = match entry.filter(|_| map.space == Space::Index) {
                Some(entry) => records.record_at(entry.mark.offset)?,
                None => entry,
            };
            modes.push(record.map(|record| record.mode).unwrap_or_default());
        }
        Ok(modes)
    }

    /// Compares some entries of the index with the records they point to, and its ends with those of the file. Where they agree,
    /// the end of audio behind the last frame, which an index need not list.
    fn index_agrees(
        &self,
        entries: &mut Lister<S>,
        end: u64,
    ) -> Result<Option<AudioEnd>, S::Error> {
        let Some(last) = entries
            .index()
            .and_then(|index| index.count().checked_sub(1))
        else {
            return Ok(None);
        };
        if entries.index().is_none_or(|index| index.end() > end) {
            return Ok(None);
        }
        let mut furthest = 0;
        for n in 0..CHECKS {
            let number = last
                .saturating_mul(n)
                .checked_div(CHECKS.saturating_sub(1))
                .unwrap_or(0);
            let mut from = number;
            let mut entry = entries.sample(from, u64::MAX)?;
            // only audio from here on: the last frame before
            for _ in 0..64 {
                if entry.is_some() {
                    break;
                }
                from = from.saturating_sub(64);
                entry = entries.sample(from, number.saturating_add(1))?;
            }
            let Some(entry) = entry else {
                return Ok(None);
            };
            let Some(record) = entries.record_at(entry.mark.offset)? else {
                return Ok(None);
            };
            let seconds = |listed: &Listed| listed.mark.timestamp.map(|time| time.seconds);
            let agrees = record.mark.offset == entry.mark.offset
                && seconds(&record) == seconds(&entry)
                && record.mark.camera == entry.mark.camera
                && record.mark.key == entry.mark.key;
            if !agrees || (n == 0 && self.camera == 0 && entry.mark.offset > self.start) {
                return Ok(None);
            }
            furthest = furthest.max(entry.mark.offset);
        }
        // records that were written after the index are not in it
        let Some(records) = self.lister(Space::Records) else {
            return Ok(None);
        };
        let mut records = records.with_audio();
        // a record begins at the last entry, which audio behind it is found from
        let from = match end.saturating_sub(furthest) <= BEHIND {
            true => furthest,
            false => end.saturating_sub(TAIL),
        };
        let mut unlisted = None;
        let mut tail = self.tail();
        records.walk(from, end, true, &mut |listed| {
            if listed.mark.video && listed.mark.offset > furthest {
                unlisted.get_or_insert(listed);
            }
            tail.push(&listed);
            ControlFlow::Continue(())
        })?;
        let audio = tail.finish(records.audio_end);
        match unlisted {
            None => Ok(Some(audio)),
            // the last entries may be of another camera or of audio
            Some(listed) => {
                let mut known = false;
                let from = last.saturating_sub(256);
                entries.walk(from, u64::MAX, false, &mut |entry| {
                    known |= entry.mark.offset >= listed.mark.offset;
                    ControlFlow::Continue(())
                })?;
                Ok(known.then_some(audio))
            }
        }
    }

    /// Goes over all entries or records between two positions.
    fn walk(&self, space: Space, from: u64, to: u64) -> Result<TimeMap, S::Error> {
        let Some(lister) = self.lister(space) else {
            return Ok(TimeMap::default());
        };
        let mut lister = lister.with_audio();
        let jump = space == Space::Records && from > self.start;
        let mut runs = Runs::new(space);
        let mut tail = self.tail();
        lister.walk(from, to, jump, &mut |listed| {
            tail.push_and(&listed, &mut |placed| runs.extend(placed));
            ControlFlow::Continue(())
        })?;
        let audio = tail.finish_and(lister.audio_end, &mut |placed| runs.extend(placed));
        Ok(audio.add_to(TimeMap {
            space,
            runs: runs.runs,
            accuracy: Accuracy::Exact,
            end: to,
            interval: self.profile.timing.interval,
            ..TimeMap::default()
        }))
    }

    fn tail(&self) -> Tail {
        Tail {
            placement: Placement::with_profile(self.policy, self.profile.clone()),
            last_frame: None,
            last_clock: None,
            audio: Vec::new(),
        }
    }

    /// Samples of a large index.
    fn sampled_index(
        &self,
        index: &mut Lister<S>,
        count: u64,
    ) -> Result<Option<TimeMap>, S::Error> {
        let first = index.sample(0, count)?;
        let mut last = None;
        index.walk(count.saturating_sub(256), count, false, &mut |listed| {
            last = Some(listed);
            ControlFlow::Continue(())
        })?;
        let last = match last {
            Some(last) => index.sample(last.position, count)?,
            None => None,
        };
        match (first, last) {
            (Some(first), Some(last)) => self.sampled(Space::Index, first, last, count),
            _ => Ok(None),
        }
    }

    /// Samples from all over the file.
    fn sampled(
        &self,
        space: Space,
        first: Listed,
        last: Listed,
        end: u64,
    ) -> Result<Option<TimeMap>, S::Error> {
        let Some(mut records) = self.lister(Space::Records) else {
            return Ok(None);
        };
        let (mut samples, mut cameras) = (Vec::new(), Vec::new());
        let mut reached = first.mark.offset;
        records.walk_few(first.mark.offset, u64::MAX, true, &mut |listed| {
            samples.push(TimingSample {
                camera: listed.mark.camera,
                timestamp: listed.mark.timestamp,
                slot: None,
            });
            reached = listed.mark.offset;
            if !cameras.contains(&listed.mark.camera) {
                cameras.push(listed.mark.camera);
            }
            match samples.len() < FIRST_RECORDS {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        // records explain the clock only where frames come regularly
        let usual = FrameTiming::measure(&samples, None, None);
        let by_slots = first.mark.slot.is_some() && self.profile.timing.slot_rate.is_some();
        if !usual.steady && !by_slots {
            return Ok(None);
        }
        let bytes = reached.saturating_sub(first.mark.offset);
        let steps = (samples.len() as u64).saturating_sub(1).max(1);
        let record_bytes = bytes.checked_div(steps).unwrap_or(1).max(1);
        let Some(lister) = self.lister(space) else {
            return Ok(None);
        };
        let mut sampling = Sampling {
            lister,
            space,
            timing: FrameTiming {
                slot_rate: self.profile.timing.slot_rate,
                ..usual
            },
            cameras: i64::try_from(cameras.len()).unwrap_or(1),
            runs: RunMap::new(self.policy, &self.profile.timing)
                .with_intervals(&self.profile.intervals),
            budget: self.budget.max(record_bytes.saturating_mul(RECORDS)),
            record_bytes,
            complete: true,
        };
        sampling.run(first, last)?;
        Ok(Some(TimeMap {
            space,
            runs: sampling.runs.runs().to_vec(),
            accuracy: Accuracy::Sampled,
            complete: sampling.complete,
            end,
            interval: self.profile.timing.interval,
            ..TimeMap::default()
        }))
    }

    /// The last frame before `end`, looked for in at most `most` bytes.
    fn last_before(
        &self,
        lister: &mut Lister<S>,
        end: u64,
        most: u64,
    ) -> Result<Option<(Listed, AudioEnd)>, S::Error> {
        let mut back = TAIL;
        loop {
            let from = end.saturating_sub(back).max(self.start);
            let mut last = None;
            let mut tail = self.tail();
            lister.walk(from, end, true, &mut |listed| {
                last = Some(listed).filter(|listed| listed.mark.video).or(last);
                tail.push(&listed);
                ControlFlow::Continue(())
            })?;
            if last.is_some() || from == self.start || back >= most {
                let audio = tail.finish(lister.audio_end);
                return Ok(last.map(|last| (last, audio)));
            }
            back = back.saturating_mul(4);
        }
    }

    /// The time that the first frame is played at.
    fn first_clock(&self, lister: &mut Lister<S>) -> Result<Option<i64>, S::Error> {
        let mut first = None;
        let mut tail = self.tail();
        lister.walk_few(self.start, u64::MAX, false, &mut |listed| {
            tail.push_and(&listed, &mut |placed| {
                first = first.or(placed.mark.video.then_some(placed.clock));
            });
            match first {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        })?;
        Ok(first)
    }

    /// The first and the last record, taken for one run; or samples between them, where records are numbered.
    fn ends(&self, end: u64) -> Result<TimeMap, S::Error> {
        let empty = TimeMap {
            interval: self.profile.timing.interval,
            end,
            ..TimeMap::default()
        };
        let Some(mut lister) = self.lister(Space::Records) else {
            return Ok(empty);
        };
        let Some(first) = lister.sample(self.start, end)? else {
            return Ok(empty);
        };
        let mut lister = lister.with_audio();
        // the header may say where records end; it is believed only where nothing later is found
        let claimed = self.reader.info().data_end.filter(|claimed| *claimed < end);
        let before_index = match claimed {
            Some(claimed) => self.last_before(&mut lister, claimed, MAX_TAIL)?,
            None => None,
        };
        let tail = match before_index {
            Some(_) => TAIL,
            None => MAX_TAIL,
        };
        let at_end = self.last_before(&mut lister, end, tail)?;
        let last = at_end
            .into_iter()
            .chain(before_index)
            .max_by_key(|(listed, _)| listed.position);
        let (Some((last, audio)), Some(clock)) = (last, first.mark.clock()) else {
            return Ok(empty);
        };
        if self.budget >= SEEKING
            && first.sequence.is_some()
            && let Some(map) = self.sampled(Space::Records, first, last, end)?
        {
            return Ok(audio.add_to(map));
        }
        let mut runs = RunMap::new(self.policy, &self.profile.timing);
        // as finely as they are played
        let clock = self.first_clock(&mut lister)?.unwrap_or(clock);
        let end = audio.frame.or(last.mark.clock()).unwrap_or(clock);
        runs.picture(first.mark.camera, clock, self.start);
        runs.pass(end.max(clock));
        Ok(audio.add_to(TimeMap {
            runs: runs.runs().to_vec(),
            accuracy: Accuracy::Ends,
            complete: first.sequence.is_none(),
            ..empty
        }))
    }
}

impl<S: Source + Clone> Lister<S> {
    /// Whether the entries of the index have clocks of their own.
    fn sample_clock(&mut self) -> Result<bool, S::Error> {
        let mut has = false;
        self.walk(0, u64::MAX, false, &mut |listed| {
            has = listed.mark.timestamp.is_some();
            ControlFlow::Break(())
        })?;
        Ok(has)
    }
}

/// Where audio ends.
#[derive(Clone, Copy, Debug, Default)]
struct AudioEnd {
    /// By the recorder's clock, where the last block has one.
    clock: Option<i64>,
    /// Nanoseconds behind the last frame, where that was met.
    behind: Option<i64>,
    /// Clock of that frame, as it is played.
    frame: Option<i64>,
}

impl AudioEnd {
    /// The map, with audio that outlasts its frames.
    fn add_to(self, map: TimeMap) -> TimeMap {
        let Some(last) = map.runs.last() else {
            return map;
        };
        let length = last.clock_end.saturating_sub(last.clock);
        let by_clock = self
            .clock
            .filter(|clock| *clock > last.clock_end)
            .map(|clock| clock.saturating_sub(last.clock));
        let behind = self.behind.filter(|behind| *behind > 0);
        let end = by_clock.or(behind.map(|behind| length.saturating_add(behind)));
        TimeMap {
            audio_end: end.map(|end| last.running.saturating_add(end)),
            ..map
        }
    }
}

/// The end of the recording as it is played: audio without a clock of its own continues where it ended, whatever frames follow.
struct Tail {
    placement: Placement<(u64, i64)>,
    /// Offset and running time of the last frame.
    last_frame: Option<(u64, i64)>,
    /// Its clock.
    last_clock: Option<i64>,
    audio: Vec<Track>,
}

/// Audio of one channel.
struct Track {
    channel: u16,
    /// The last frame before its last block.
    frame: Option<u64>,
    /// Running time at which that block ends.
    end: i64,
    /// How much earlier than the frames its blocks come in the file, where they have no clock.
    early: Option<i64>,
}

/// What is shown of records that have their place.
type ShowPlaced<'a> = dyn FnMut(&Placed<(u64, i64)>) + 'a;

impl Tail {
    fn push(&mut self, listed: &Listed) {
        self.push_and(listed, &mut |_| {});
    }

    fn push_and(&mut self, listed: &Listed, show: &mut ShowPlaced<'_>) {
        let item = (listed.position, listed.length);
        if let Some(placed) = self.placement.push(item, listed.mark, &[], true) {
            self.note(&placed);
            show(&placed);
        }
        self.drain(show);
    }

    fn drain(&mut self, show: &mut ShowPlaced<'_>) {
        while let Some(placed) = self.placement.pop() {
            self.note(&placed);
            show(&placed);
        }
    }

    fn note(&mut self, placed: &Placed<(u64, i64)>) {
        let (mark, running) = (placed.mark, placed.place.running);
        if mark.video {
            self.last_frame = Some((mark.offset, running));
            self.last_clock = Some(placed.clock);
            return;
        }
        let (frame, length) = (self.last_frame.map(|(offset, _)| offset), placed.item.1);
        let known = self
            .audio
            .iter_mut()
            .find(|track| track.channel == mark.camera);
        let Some(track) = known else {
            self.audio.push(Track {
                channel: mark.camera,
                frame,
                end: running.saturating_add(length),
                early: frame.map(|_| 0),
            });
            return;
        };
        if mark.timestamp.is_some() {
            track.end = running;
        } else if track.frame != frame {
            let early = track.end.saturating_sub(running).max(0);
            let early = *track.early.get_or_insert(early);
            let running = running.saturating_add(early);
            if running.saturating_sub(track.end).abs() >= SECOND {
                track.end = running;
            }
        }
        track.frame = frame;
        track.end = track.end.saturating_add(length);
    }

    /// `clock`: where audio that has one ends by it.
    fn finish(self, clock: Option<i64>) -> AudioEnd {
        self.finish_and(clock, &mut |_| {})
    }

    fn finish_and(mut self, clock: Option<i64>, show: &mut ShowPlaced<'_>) -> AudioEnd {
        self.placement.finish();
        self.drain(show);
        let end = self.audio.iter().map(|track| track.end).max();
        let behind = end
            .zip(self.last_frame)
            .map(|(end, (_, frame))| end.saturating_sub(frame));
        AudioEnd {
            clock,
            behind,
            frame: self.last_clock,
        }
    }
}

/// Runs as a placement shows them, at positions of the survey.
struct Runs {
    space: Space,
    runs: Vec<Run>,
}

impl Runs {
    fn new(space: Space) -> Runs {
        Runs {
            space,
            runs: Vec::new(),
        }
    }

    fn extend(&mut self, placed: &Placed<(u64, i64)>) {
        if !placed.mark.video {
            return;
        }
        let offset = match self.space {
            Space::Records => placed.mark.offset,
            Space::Index => placed.item.0,
        };
        match self.runs.last_mut() {
            Some(run) if placed.place.begins.is_none() => {
                run.clock_end = run.clock_end.max(placed.clock);
            }
            _ => self.runs.push(Run {
                clock: placed.clock,
                clock_end: placed.clock,
                running: placed.place.running,
                offset,
            }),
        }
    }
}

/// Finds the runs between two frames by samples.
struct Sampling<S: Source + Clone> {
    lister: Lister<S>,
    space: Space,
    timing: FrameTiming,
    /// Cameras that are recorded in turns.
    cameras: i64,
    runs: RunMap,
    budget: u64,
    /// Bytes of a record, on average, as far as known.
    record_bytes: u64,
    /// The budget was enough for all that samples can show.
    complete: bool,
}

impl<S: Source + Clone> Sampling<S> {
    fn run(&mut self, first: Listed, last: Listed) -> Result<(), S::Error> {
        let width = last.position.saturating_sub(first.position);
        let (spacing, cost) = match self.space {
            Space::Records => (SPACING, SAMPLE_COST),
            Space::Index => (INDEX_SPACING, INDEX_COST),
        };
        // half of the budget shows where something happened, the other half what
        let most = (self.budget / 2).checked_div(cost).unwrap_or(1).max(1);
        let wanted = width.checked_div(spacing).unwrap_or(1);
        let parts = wanted.clamp(1, most);
        self.complete &= wanted <= most;
        self.take(&first);
        let mut before = first;
        for part in 1..=parts {
            let step = width.checked_div(parts).unwrap_or(0).saturating_mul(part);
            let sample = match part == parts {
                true => Some(last),
                false => self
                    .lister
                    .sample(first.position.saturating_add(step), last.position)?,
            };
            if let Some(sample) = sample.filter(|sample| sample.position > before.position) {
                self.narrow(before, sample, 0)?;
                before = sample;
            }
        }
        Ok(())
    }

    fn take(&mut self, listed: &Listed) {
        if let Some(clock) = listed.mark.clock() {
            self.runs
                .picture(listed.mark.camera, clock, listed.position);
        }
    }

    /// Takes a range in which something happened for one interruption before its end.
    fn take_range(&mut self, from: &Listed, to: &Listed) {
        if let (Some(before), Some(after), Some(taken)) = (
            from.mark.clock(),
            to.mark.clock(),
            self.time_between(from, to),
        ) {
            let recorded = taken.saturating_sub(self.timing.interval).max(0);
            let until = before.saturating_add(recorded);
            if until <= after {
                self.runs.pass(until);
            }
        }
        self.take(to);
    }

    /// Accounts for what is between two frames, the second included.
    fn narrow(&mut self, from: Listed, to: Listed, depth: u32) -> Result<(), S::Error> {
        if self.is_explained(&from, &to) {
            if let Some(clock) = to.mark.clock() {
                self.runs.pass(clock);
            }
            return Ok(());
        }
        let width = to.position.saturating_sub(from.position);
        // an index without clocks is not walked over: each of its records would be read
        let (walk, walks) = match self.space {
            Space::Records => (WALK, true),
            Space::Index => (INDEX_WALK, from.mark.slot.is_none()),
        };
        let spent = self.lister.bytes_read() > self.budget || depth > 40;
        self.complete &= !spent;
        if !spent && (width > walk || (!walks && width > 1)) {
            let half = from.position.saturating_add(width / 2);
            let middle = self.lister.sample(half, to.position)?;
            if let Some(middle) = middle.filter(|middle| middle.position > from.position) {
                self.narrow(from, middle, depth.saturating_add(1))?;
                return self.narrow(middle, to, depth.saturating_add(1));
            }
        }
        if spent || !walks {
            self.take_range(&from, &to);
            return Ok(());
        }
        let mut seen = Vec::new();
        let end = to.position.saturating_add(1);
        self.lister.walk(from.position, end, true, &mut |listed| {
            if listed.position > from.position {
                seen.push(listed);
            }
            ControlFlow::Continue(())
        })?;
        for listed in &seen {
            self.take(listed);
        }
        Ok(())
    }

    /// Whether the clock moved by as much as the records between take.
    fn is_explained(&self, from: &Listed, to: &Listed) -> bool {
        let (Some(before), Some(after)) = (from.mark.clock(), to.mark.clock()) else {
            return false;
        };
        let moved = after.saturating_sub(before);
        let Some(taken) = self.time_between(from, to) else {
            return false;
        };
        // an interruption adds at least its own length less one interval
        let tolerance = self
            .runs
            .gap()
            .saturating_mul(3)
            .checked_div(4)
            .unwrap_or(0)
            .saturating_sub(MILLI.saturating_mul(2));
        moved.saturating_sub(taken).saturating_abs() < tolerance
    }

    /// Time that the records from one to the other take, nanoseconds.
    fn time_between(&self, from: &Listed, to: &Listed) -> Option<i64> {
        self.slots_between(from, to).or_else(|| {
            let records = self.records_between(from, to)?;
            let frames = records.checked_div(self.cameras.max(1))?;
            Some(self.timing.interval.saturating_mul(frames))
        })
    }

    /// Time from one to the other by the file's own timeline.
    fn slots_between(&self, from: &Listed, to: &Listed) -> Option<i64> {
        let slots = to.mark.slot?.checked_sub(from.mark.slot?)?;
        slot_time(i64::try_from(slots).ok()?, self.timing.slot_rate)
    }

    /// Records from one to the other: entries of the index, or by sequence numbers, where bytes show how often these came round.
    fn records_between(&self, from: &Listed, to: &Listed) -> Option<i64> {
        let width = i64::try_from(to.position.saturating_sub(from.position)).ok()?;
        if self.space == Space::Index {
            return Some(width);
        }
        let step = i64::from(to.sequence?.wrapping_sub(from.sequence?));
        let about = width.checked_div(i64::try_from(self.record_bytes).ok()?)?;
        let rounds = about
            .saturating_sub(step)
            .saturating_add(WRAP / 2)
            .div_euclid(WRAP);
        Some(step.saturating_add(rounds.max(0).saturating_mul(WRAP)))
    }
}
