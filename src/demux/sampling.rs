// SPDX-License-Identifier: MPL-2.0
//! Runs of a large recording, found by samples of its records or of its index.
//!
//! Between two samples the sequence numbers, or the places in the index, tell how many records there are. Where the clock moved by what that many pictures
//! take, nothing was interrupted; where it moved by more or less, the stretch is halved, and walked over in the end. What one
//! cannot see this way is an interruption made up for by another irregularity in the same stretch: the map is called sampled, not exact.

use super::{
    listing::{Entry, RecordScanner},
    survey::clock_of,
    time_map::{Accuracy, Space, TimeMap},
};
use formats::timeline::{FrameTiming, MILLI, RunMap};
use std::ops::ControlFlow;

/// Bytes of records between the first samples.
const SPACING: u64 = 16 << 20;
/// Bytes of an index between them.
const INDEX_SPACING: u64 = 256 << 10;
/// Samples at the beginning, at most.
const MAX_FIRST: u64 = 512;
/// A stretch of this many bytes of records is walked over.
const WALK: u64 = 2 << 20;
/// A stretch of this many bytes of an index is.
const INDEX_WALK: u64 = 8 << 10;
/// Records in which a sequence number comes back.
const WRAP: i64 = 65_536;

/// Finds the runs between two records.
pub struct Sampling<'a> {
    /// Reads the records or entries.
    pub listing: RecordScanner<'a>,
    /// Which of them.
    pub space: Space,
    /// Clock and distance of pictures.
    pub timing: FrameTiming,
    /// Cameras that are recorded in turns.
    pub cameras: i64,
    /// Where the runs come together.
    pub runs: RunMap,
    /// Bytes to read at most.
    pub budget: u64,
    /// Bytes of a record, on average, as far as known.
    pub record_bytes: u64,
}

impl Sampling<'_> {
    /// The map, from the file's first record to its last.
    pub fn run(mut self, first: Entry, last: Entry, end: u64) -> Result<TimeMap, gst::FlowError> {
        let width = last.position.saturating_sub(first.position);
        let (spacing, _) = self.steps();
        let parts = (width / spacing).clamp(1, MAX_FIRST);
        self.take(&first);
        let mut before = first;
        for part in 1..=parts {
            let at = first.position.saturating_add(width / parts * part);
            let sample = if part == parts {
                Some(last)
            } else {
                self.listing.sample(at, last.position)?
            };
            if let Some(sample) = sample.filter(|sample| sample.position > before.position) {
                self.stretch(before, sample, 0)?;
                before = sample;
            }
        }
        Ok(TimeMap {
            space: self.space,
            runs: self.runs.runs().to_vec(),
            accuracy: Accuracy::Sampled,
            end,
            interval: self.timing.interval,
            ..TimeMap::default()
        })
    }

    /// Bytes between the first samples, and of a stretch that is walked over.
    fn steps(&self) -> (u64, u64) {
        match self.space {
            Space::Records => (SPACING, WALK),
            Space::Index => (INDEX_SPACING, INDEX_WALK),
        }
    }

    fn take(&mut self, entry: &Entry) {
        if let Some(clock) = clock_of(entry) {
            self.runs.picture(entry.camera, clock, entry.position);
        }
    }

    /// Accounts for what lies between two records, the second included.
    fn stretch(&mut self, from: Entry, to: Entry, depth: u32) -> Result<(), gst::FlowError> {
        let clock = clock_of(&to);
        if self.is_explained(&from, &to) || self.listing.read > self.budget || depth > 40 {
            if let Some(clock) = clock {
                self.runs.pass(clock);
            }
            return Ok(());
        }
        let width = to.position.saturating_sub(from.position);
        if width > self.steps().1 {
            let middle = self
                .listing
                .sample(from.position.saturating_add(width / 2), to.position)?;
            if let Some(middle) = middle.filter(|middle| middle.position > from.position) {
                self.stretch(from, middle, depth.saturating_add(1))?;
                return self.stretch(middle, to, depth.saturating_add(1));
            }
        }
        let mut seen = Vec::new();
        self.listing.walk(
            from.position,
            to.position.saturating_add(1),
            true,
            |entry| {
                if entry.position > from.position {
                    seen.push(entry);
                }
                ControlFlow::Continue(())
            },
        )?;
        for entry in &seen {
            self.take(entry);
        }
        Ok(())
    }

    /// Whether the clock moved by as much as the records between take.
    fn is_explained(&self, from: &Entry, to: &Entry) -> bool {
        let (Some(before), Some(after)) = (clock_of(from), clock_of(to)) else {
            return false;
        };
        let moved = after.saturating_sub(before);
        let Some(records) = self.records_between(from, to) else {
            return false;
        };
        let pictures = records.checked_div(self.cameras.max(1)).unwrap_or(records);
        let taken = self.timing.interval.saturating_mul(pictures);
        // an interruption adds at least its own length less one interval
        let tolerance = self.runs.gap() / 4 * 3;
        moved.saturating_sub(taken).saturating_abs() < tolerance - 2 * MILLI
    }

    /// Records from one to the other, by their sequence numbers; their bytes tell how often these came round.
    fn records_between(&self, from: &Entry, to: &Entry) -> Option<i64> {
        if self.space == Space::Index {
            let width = to.position.saturating_sub(from.position);
            return i64::try_from(width.checked_div(self.record_bytes)?).ok();
        }
        let step = i64::from(to.sequence?.wrapping_sub(from.sequence?));
        let width = i64::try_from(to.position.saturating_sub(from.position)).ok()?;
        let about = width.checked_div(i64::try_from(self.record_bytes.max(1)).ok()?)?;
        let rounds = about
            .saturating_sub(step)
            .saturating_add(WRAP / 2)
            .div_euclid(WRAP);
        Some(step.saturating_add(rounds.max(0).saturating_mul(WRAP)))
    }
}
