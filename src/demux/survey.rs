// SPDX-License-Identifier: MPL-2.0
//! Finds the runs of a recording without playing it, in pull mode.
//!
//! In order of preference: the file's index, where it agrees with the records it points to; a walk over all records, where the file
//! is small enough for the budget; samples from all over the file, narrowed down where the clock moved by another amount than
//! the sequence numbers explain. Without any of these, both ends of the file.

use super::{
    Inner, Settings,
    listing::{Entry, RecordScanner},
    sampling::Sampling,
    time_map::{Accuracy, Space, TimeMap},
};
use formats::{
    reader::{IndexPlace, Mode, Reader},
    timeline::{FrameTiming, Interpolator, Resolution, Run, RunMap, TimingSample},
};
use gst::prelude::*;
use std::ops::ControlFlow;

/// Bytes that a survey may read while the file is opened.
pub const OPENING: u64 = 1 << 20;
/// Bytes that a survey may read for the first seek.
pub const SEEKING: u64 = 256 << 20;

/// Index entries that are compared with their records before the index is used.
const CHECKS: u64 = 3;
/// An index of no more bytes is read whole.
const WHOLE_INDEX: u64 = 256 << 10;
/// Bytes that may follow the last index entry: a checksum, or padding.
const TRAILER: u64 = 64;
/// Records at the start that tell how regularly pictures come.
const FIRST_RECORDS: usize = 48;
/// Runs whose mode is looked up at most.
const MAX_MODES: usize = 16;
/// Bytes before the file's end in which the last record is looked for.
const TAIL: u64 = 64 << 10;
/// Bytes in which it is looked for at most.
const MAX_TAIL: u64 = 16 << 20;

/// A survey of one file.
struct Survey<'a> {
    inner: &'a Inner,
    settings: &'a Settings,
    timing: FrameTiming,
    reader: Box<dyn Reader>,
    start: u64,
    end: u64,
    budget: u64,
}

impl Inner {
    /// Brings the map of the file to the best that `budget` bytes of reading give.
    pub(super) fn survey(&self, settings: &Settings, budget: u64) -> Result<(), gst::FlowError> {
        let size = self
            .sink
            .peer_query_duration::<gst::format::Bytes>()
            .map(|bytes| *bytes);
        let (survey, known) = {
            let mut state = self.lock();
            let state = &mut *state;
            let (Some(reader), Some(size)) = (state.reader.as_ref(), size) else {
                return Ok(());
            };
            if !state.pull || state.map.accuracy == Accuracy::Exact || budget <= state.surveyed {
                return Ok(());
            }
            state.surveyed = budget;
            let info = reader.info();
            let survey = Survey {
                inner: self,
                settings,
                timing: state.tuning.timing,
                reader: reader.fork(),
                start: state.first_record.unwrap_or(info.data_start),
                end: size,
                budget,
            };
            (survey, state.map.accuracy)
        };
        let mut found = survey.run()?;
        found.modes = survey.modes(&found)?;
        found.set_size(size);
        if found.accuracy > known || known == Accuracy::Unknown {
            let changed = {
                let mut state = self.lock();
                state.stats.runs = found.accuracy.name();
                state.map = found;
                let now = state.playing_time();
                state.duration.is_some() && state.duration != now
            };
            // somebody was told another duration
            if changed {
                self.duration_changed();
            }
        }
        Ok(())
    }
}

impl Survey<'_> {
    fn run(&self) -> Result<TimeMap, gst::FlowError> {
        if let Some(place) = self.reader.info().index
            && self.timing.resolution != Resolution::Slots
            && self.index_agrees(place)?
        {
            let end = place.count.saturating_mul(place.entry_size as u64);
            let sampled = match end > WHOLE_INDEX {
                true => self.sampled_index(place)?,
                false => None,
            };
            if sampled.is_some() || end > self.budget.max(WHOLE_INDEX) {
                return sampled.map_or_else(|| self.ends(), Ok);
            }
            return self.walk(Space::Index, place.offset, place.offset.saturating_add(end));
        }
        if self.end.saturating_sub(self.start) <= self.budget {
            return self.walk(Space::Records, self.start, self.end);
        }
        self.ends()
    }

    /// Modes of the first runs, from their first records.
    fn modes(&self, map: &TimeMap) -> Result<Vec<Mode>, gst::FlowError> {
        let mut entries = self.listing(map.space)?;
        let mut records = self.listing(Space::Records)?;
        let mut modes = Vec::new();
        for run in map.runs.iter().take(MAX_MODES) {
            let entry = entries.sample(run.offset, run.offset.saturating_add(1))?;
            let record = match entry.filter(|_| map.space == Space::Index) {
                Some(entry) => records.sample(entry.offset, entry.offset.saturating_add(1))?,
                None => entry,
            };
            modes.push(record.map(|record| record.mode).unwrap_or_default());
        }
        Ok(modes)
    }

    fn listing(&self, space: Space) -> Result<RecordScanner<'_>, gst::FlowError> {
        RecordScanner::new(self.inner, self.reader.fork(), space, self.settings.camera)
            .ok_or(gst::FlowError::Error)
    }

    /// Holds some entries of the index against the records they point to, and the first against the file's first record.
    fn index_agrees(&self, place: IndexPlace) -> Result<bool, gst::FlowError> {
        // records behind the index are not in it
        let length = place.count.saturating_mul(place.entry_size as u64);
        let behind = self.end.saturating_sub(place.offset.saturating_add(length));
        if place.count == 0 || behind > TRAILER {
            return Ok(false);
        }
        let mut entries = self.listing(Space::Index)?;
        let mut records = self.listing(Space::Records)?;
        let size = place.entry_size as u64;
        let last = place.count.saturating_sub(1);
        for n in 0..CHECKS {
            let number = last.saturating_mul(n).checked_div(CHECKS - 1).unwrap_or(0);
            let at = place.offset.saturating_add(number.saturating_mul(size));
            let Some(entry) = entries.sample(at, u64::MAX)? else {
                // only sound from here on
                return Ok(n > 0);
            };
            let end = entry.offset.saturating_add(1);
            let Some(record) = records.sample(entry.offset, end)? else {
                return Ok(false);
            };
            let agrees = record.offset == entry.offset
                && record.timestamp.map(|timestamp| timestamp.seconds)
                    == entry.timestamp.map(|timestamp| timestamp.seconds)
                && record.camera == entry.camera
                && record.key == entry.key;
            if !agrees || (n == 0 && self.settings.camera == 0 && entry.offset != self.start) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Goes over all entries or records between two positions.
    fn walk(&self, space: Space, from: u64, to: u64) -> Result<TimeMap, gst::FlowError> {
        let mut listing = self.listing(space)?;
        let mut interpolator: Interpolator<u64> = Interpolator::new(self.timing);
        let mut runs = RunMap::new(self.settings.gap_policy, &self.timing);
        let mut take = |interpolator: &mut Interpolator<u64>| {
            while let Some((position, mark, time)) = interpolator.pop() {
                runs.picture(mark.camera, time, position);
            }
        };
        listing.walk(
            from,
            to,
            space == Space::Records && from > self.start,
            |entry: Entry| {
                interpolator.push(entry.position, entry.mark());
                take(&mut interpolator);
                ControlFlow::Continue(())
            },
        )?;
        interpolator.finish();
        take(&mut interpolator);
        Ok(TimeMap {
            space,
            runs: runs.runs().to_vec(),
            accuracy: Accuracy::Exact,
            end: to,
            interval: self.timing.interval,
            ..TimeMap::default()
        })
    }

    /// Samples of a large index.
    fn sampled_index(&self, place: IndexPlace) -> Result<Option<TimeMap>, gst::FlowError> {
        let size = place.entry_size as u64;
        let end = place
            .offset
            .saturating_add(place.count.saturating_mul(size));
        let mut listing = self.listing(Space::Index)?;
        let first = listing.sample(place.offset, end)?;
        let last = self.last_entry(&mut listing, end, size)?;
        match (first, last) {
            (Some(first), Some(last)) => self.sampled_in(Space::Index, first, last, end, size),
            _ => Ok(None),
        }
    }

    /// The last picture of an index: the entries behind it are sound.
    fn last_entry(
        &self,
        listing: &mut RecordScanner<'_>,
        end: u64,
        size: u64,
    ) -> Result<Option<Entry>, gst::FlowError> {
        let mut last = None;
        let from = end.saturating_sub(size.saturating_mul(256));
        listing.walk(from, end, true, |entry| {
            last = Some(entry);
            ControlFlow::Continue(())
        })?;
        Ok(last)
    }

    /// Samples of the records.
    fn sampled(&self, first: Entry, last: Entry) -> Result<Option<TimeMap>, gst::FlowError> {
        self.sampled_in(Space::Records, first, last, self.end, 0)
    }

    /// Samples from all over the file. `size` is that of a record where all have the same, else 0.
    fn sampled_in(
        &self,
        space: Space,
        first: Entry,
        last: Entry,
        end: u64,
        size: u64,
    ) -> Result<Option<TimeMap>, gst::FlowError> {
        let mut listing = self.listing(space)?;
        let (mut samples, mut cameras) = (Vec::new(), Vec::new());
        let mut reached = first.position;
        listing.walk(first.position, end, false, |entry| {
            samples.push(TimingSample {
                camera: entry.camera,
                timestamp: entry.timestamp,
                slot: None,
            });
            reached = entry.position;
            if !cameras.contains(&entry.camera) {
                cameras.push(entry.camera);
            }
            if samples.len() < FIRST_RECORDS {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        // records explain the clock only where pictures come regularly
        let usual = FrameTiming::measure(&samples, None, None);
        if !usual.steady {
            return Ok(None);
        }
        let bytes = reached.saturating_sub(first.position);
        let seen = samples.len() as u64;
        let sampling = Sampling {
            listing,
            space,
            timing: usual,
            cameras: i64::try_from(cameras.len()).unwrap_or(1),
            runs: RunMap::new(self.settings.gap_policy, &self.timing),
            budget: self.budget,
            record_bytes: match size {
                0 => bytes
                    .checked_div(seen.saturating_sub(1).max(1))
                    .unwrap_or(1),
                size => size,
            },
        };
        let mut map = sampling.run(first, last, end)?;
        map.interval = self.timing.interval;
        Ok(Some(map))
    }

    /// The last picture before `end`, looked for in at most `most` bytes.
    fn last_before(
        &self,
        listing: &mut RecordScanner<'_>,
        end: u64,
        most: u64,
    ) -> Result<Option<Entry>, gst::FlowError> {
        let mut back = TAIL;
        loop {
            let from = end.saturating_sub(back).max(self.start);
            let mut last = None;
            listing.walk(from, end, true, |entry| {
                last = Some(entry);
                ControlFlow::Continue(())
            })?;
            if last.is_some() || from == self.start || back >= most {
                return Ok(last);
            }
            back = back.saturating_mul(4);
        }
    }

    /// The first and the last record, taken for one run.
    fn ends(&self) -> Result<TimeMap, gst::FlowError> {
        let mut listing = self.listing(Space::Records)?;
        let empty = TimeMap {
            interval: self.timing.interval,
            end: self.end,
            ..TimeMap::default()
        };
        let Some(first) = listing.sample(self.start, self.end)? else {
            return Ok(empty);
        };
        // the header may say where records end; it is believed only where nothing later is found
        let told = self.reader.info().data_end.filter(|told| *told < self.end);
        let before_index = match told {
            Some(told) => self.last_before(&mut listing, told, MAX_TAIL)?,
            None => None,
        };
        let tail = if before_index.is_some() {
            TAIL
        } else {
            MAX_TAIL
        };
        let at_end = self.last_before(&mut listing, self.end, tail)?;
        let last = at_end
            .into_iter()
            .chain(before_index)
            .max_by_key(|entry| entry.position);
        let (Some(last), Some(clock)) = (last, clock_of(&first)) else {
            return Ok(empty);
        };
        if self.budget >= SEEKING && first.sequence.is_some() {
            let sampled = self.sampled(first, last)?;
            if let Some(sampled) = sampled {
                return Ok(sampled);
            }
        }
        Ok(TimeMap {
            runs: vec![Run {
                clock,
                clock_end: clock_of(&last).unwrap_or(clock).max(clock),
                running: 0,
                offset: self.start,
            }],
            accuracy: Accuracy::Ends,
            ..empty
        })
    }
}

/// Clock of an entry as it stands, nanoseconds.
pub fn clock_of(entry: &Entry) -> Option<i64> {
    Some(entry.timestamp?.unix_ms().saturating_mul(1_000_000))
}
