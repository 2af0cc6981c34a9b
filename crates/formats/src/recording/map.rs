// SPDX-License-Identifier: MPL-2.0
//! What is known of the recording as a whole: its runs, where they are in the file, and how sure that is.
//!
//! The runs are found by a survey: from the file's index where it agrees with the records, by walking over all records of a small
//! file, else by sampling. What is met while playing corrects it.

use crate::{
    reader::Mode,
    timeline::{FrameTiming, Run, SECOND},
};

/// Where positions of the survey count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// Offsets of records.
    #[default]
    Records,
    /// Numbers of entries in the file's index, from 0.
    Index,
}

/// How sure the runs are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Accuracy {
    /// Nothing was looked at.
    #[default]
    Unknown,
    /// From both ends of the file only.
    Ends,
    /// From samples: an interruption may hide between two of them.
    Sampled,
    /// From every record, or from an index that agrees with the records.
    Exact,
}

impl Accuracy {
    /// The name that the `stats` property has for it.
    pub fn name(self) -> &'static str {
        match self {
            Accuracy::Unknown => "unknown",
            Accuracy::Ends => "estimated",
            Accuracy::Sampled => "sampled",
            Accuracy::Exact => "exact",
        }
    }
}

/// Runs of the recording. `Run::offset` counts in `space`.
#[derive(Clone, Debug, Default)]
pub struct TimeMap {
    /// Where positions count.
    pub space: Space,
    /// In the order of the file.
    pub runs: Vec<Run>,
    /// Modes of the first of them.
    pub modes: Vec<Mode>,
    /// How sure that is.
    pub accuracy: Accuracy,
    /// A survey that reads more shows no more.
    pub complete: bool,
    /// First position after the last record or entry.
    pub end: u64,
    /// Bytes of the file.
    pub bytes: Option<u64>,
    /// Usual distance of frames, nanoseconds.
    pub interval: i64,
    /// Running time at which audio ends that outlasts all frames, nanoseconds.
    pub audio_end: Option<i64>,
    /// Record offsets and clock times met while playing, thinned out.
    pub seen: Vec<(u64, i64)>,
}

/// Places met while playing that are kept.
const MAX_SEEN: usize = 16_384;

impl TimeMap {
    /// Bytes of the file, where known.
    pub fn size(&self) -> Option<u64> {
        self.bytes
    }

    /// Sets the bytes of the file.
    pub fn set_size(&mut self, bytes: Option<u64>) {
        self.bytes = bytes;
    }

    /// Offset of the first byte behind the last record, where positions are offsets; else the file's end.
    pub fn end_offset(&self) -> u64 {
        match self.space {
            Space::Records => self.end,
            Space::Index => self.bytes.unwrap_or(self.end),
        }
    }

    /// Running time at which the recording ends.
    pub fn duration(&self) -> Option<i64> {
        let frames = self.runs.last().map(|last| {
            let length = last.clock_end.saturating_sub(last.clock);
            last.running
                .saturating_add(length)
                .saturating_add(self.interval)
        });
        frames.max(self.audio_end)
    }

    /// The run that is played at this running time: the last that begins at or before it.
    pub fn at_running(&self, running: i64) -> Option<usize> {
        let after = self.runs.partition_point(|run| run.running <= running);
        if self.runs.is_empty() {
            None
        } else {
            Some(after.saturating_sub(1))
        }
    }

    /// The run that a position of the survey lies in.
    pub fn at_position(&self, position: u64) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.offset <= position);
        self.runs.get(after.saturating_sub(1))
    }

    /// The run of a record, by its offset where positions are offsets, else by its clock among runs that may overlap.
    pub fn run_holding(&self, offset: u64, clock: i64) -> Option<Run> {
        if self.space == Space::Records {
            return self.at_position(offset).copied();
        }
        let share = |run: &&Run| run.clock <= clock && clock <= run.clock_end;
        self.runs.iter().find(share).or(self.runs.last()).copied()
    }

    /// First position behind a run.
    pub fn end_of(&self, run: usize) -> u64 {
        self.runs
            .get(run.saturating_add(1))
            .map_or(self.end, |next| next.offset)
    }

    /// Runs whose clock holds this time, in the order of the file.
    pub fn at_clock(&self, clock: i64) -> impl Iterator<Item = &Run> {
        let slack = self.interval.max(SECOND);
        self.runs
            .iter()
            .filter(move |run| run.clock <= clock && clock <= run.clock_end.saturating_add(slack))
    }

    /// Without a survey the map follows what is played, as long as that is from the start.
    pub fn follow(&mut self, played: &[Run], timing: &FrameTiming) {
        if self.accuracy > Accuracy::Ends || played.len() <= self.runs.len() {
            return;
        }
        let begins = |run: &Run| run.running == 0 || run.running == timing.lead;
        if played.first().is_some_and(begins) {
            self.runs = played.to_vec();
            self.interval = timing.interval;
            self.accuracy = Accuracy::Ends;
        }
    }

    /// A break was met while playing where the map has none: the record at `offset`, of this clock time, begins a run and is played
    /// at `running`; `before` is the clock of the frame before it. What follows moves along. True where the map changed.
    pub fn correct(&mut self, offset: u64, before: i64, clock: i64, running: i64) -> bool {
        if self.accuracy >= Accuracy::Exact || self.space != Space::Records {
            return false;
        }
        let known = |run: &Run| run.offset == offset || run.clock == clock;
        let after = self.runs.partition_point(|run| run.offset <= offset);
        let Some(number) = after.checked_sub(1) else {
            return false;
        };
        if self.runs.iter().skip(number).take(2).any(known) {
            return false;
        }
        let Some(run) = self.runs.get_mut(number) else {
            return false;
        };
        // a step back may be at the very place where the next run was found to begin
        let end = run.clock_end;
        let claimed = run.running.saturating_add(clock.saturating_sub(run.clock));
        run.clock_end = before.max(run.clock);
        let moved = running.saturating_sub(claimed);
        for later in self.runs.iter_mut().skip(after) {
            later.running = later.running.saturating_add(moved).max(running);
        }
        self.runs.insert(
            after,
            Run {
                clock,
                clock_end: end.max(clock),
                running,
                offset,
            },
        );
        self.modes.truncate(after);
        true
    }

    /// A frame was played: remembers its place. Duration grows with a file that is still written.
    pub fn note(&mut self, offset: u64, clock: i64, running: i64) {
        if self
            .seen
            .last()
            .is_none_or(|(last, _)| offset > last.saturating_add(65_536))
        {
            if self.seen.len() >= MAX_SEEN {
                let mut n = 0_usize;
                self.seen.retain(|_| {
                    n = n.wrapping_add(1);
                    n.is_multiple_of(2)
                });
            }
            self.seen.push((offset, clock));
        }
        if let Some(last) = self.runs.last_mut() {
            let base = last.clock.saturating_sub(last.running);
            // the same run played beyond the end that was known
            if clock > last.clock_end && clock.saturating_sub(running) == base {
                last.clock_end = clock;
            }
        }
    }

    /// Record offsets around a clock time inside a range of the file, from what was played.
    pub fn bracket(&self, clock: i64, from: u64, to: u64) -> (u64, u64) {
        if self.space != Space::Records {
            return (from, to);
        }
        let inside = || self.seen.iter().filter(|(at, _)| (from..to).contains(at));
        let low = inside()
            .filter(|(_, time)| *time < clock)
            .map(|(at, _)| *at)
            .max();
        let high = inside()
            .filter(|(_, time)| *time > clock)
            .map(|(at, _)| *at)
            .min();
        let (low, high) = (low.unwrap_or(from), high.unwrap_or(to));
        if low < high { (low, high) } else { (from, to) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> TimeMap {
        let run = |offset, clock, clock_end, running| Run {
            clock: clock * SECOND,
            clock_end: clock_end * SECOND,
            running: running * SECOND,
            offset,
        };
        TimeMap {
            runs: vec![
                run(10, 100, 110, 0),
                run(50, 200, 205, 11),
                run(90, 150, 160, 17),
            ],
            end: 200,
            interval: SECOND,
            ..TimeMap::default()
        }
    }

    #[test]
    fn running_time_finds_its_run() {
        let map = map();
        assert_eq!(map.at_running(0), Some(0));
        assert_eq!(map.at_running(12 * SECOND), Some(1));
        assert_eq!(map.at_running(99 * SECOND), Some(2));
        assert_eq!(map.duration(), Some(28 * SECOND));
        assert_eq!((map.end_of(0), map.end_of(2)), (50, 200));
    }

    #[test]
    fn clock_times_may_lie_in_several_runs() {
        let mut map = map();
        assert_eq!(map.at_clock(203 * SECOND).count(), 1);
        map.runs[2].clock = 202 * SECOND;
        map.runs[2].clock_end = 210 * SECOND;
        assert_eq!(map.at_clock(203 * SECOND).count(), 2);
        assert_eq!(map.at_clock(50 * SECOND).count(), 0);
    }

    #[test]
    fn a_break_that_was_overlooked_moves_what_follows() {
        let mut map = map();
        map.accuracy = Accuracy::Ends;
        // in the first run, between 103 and 108 s nothing was recorded; a gap is played as one interval
        assert!(map.correct(30, 103 * SECOND, 108 * SECOND, 4 * SECOND));
        let at: Vec<_> = map
            .runs
            .iter()
            .map(|run| (run.offset, run.clock / SECOND, run.running / SECOND))
            .collect();
        assert_eq!(
            at,
            [(10, 100, 0), (30, 108, 4), (50, 200, 7), (90, 150, 13)]
        );
        assert_eq!(map.runs[0].clock_end, 103 * SECOND);
        assert_eq!(map.runs[1].clock_end, 110 * SECOND);
        assert_eq!(map.duration(), Some(24 * SECOND));
        // met again, it is known
        assert!(!map.correct(30, 103 * SECOND, 108 * SECOND, 4 * SECOND));
        map.accuracy = Accuracy::Exact;
        assert!(!map.correct(40, 109 * SECOND, 110 * SECOND, 5 * SECOND));
    }

    #[test]
    fn what_was_played_narrows_the_search() {
        let mut map = map();
        for n in 0..100_u64 {
            map.note(n * 100_000, n as i64 * SECOND, n as i64 * SECOND);
        }
        let (low, high) = map.bracket(50 * SECOND + 1, 0, u64::MAX);
        assert_eq!((low, high), (50 * 100_000, 51 * 100_000));
    }
}
