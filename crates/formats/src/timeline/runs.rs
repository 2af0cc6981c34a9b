// SPDX-License-Identifier: MPL-2.0
//! Runs of recording, and the running time that goes through them without ever going back.

use super::{SECOND, timing::FrameTiming};

/// What becomes of the time in which nothing was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GapPolicy {
    /// Playback continues at once.
    #[default]
    Collapse,
    /// The real distance is kept.
    Preserve,
}

/// A range of recording without interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Clock of its first frame.
    pub clock: i64,
    /// Clock of its last frame so far.
    pub clock_end: i64,
    /// Running time of its first frame.
    pub running: i64,
    /// Offset in the file of its first frame.
    pub offset: u64,
}

/// Why a run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The first frame of all.
    Start,
    /// Nothing was recorded for this long.
    Gap(i64),
    /// The clock stepped back by this much (set by hand, or the end of daylight saving).
    Back(i64),
    /// The clock was set forward by this much from a time that cannot be, such as 1970 after its battery failed, or to one.
    Forward(i64),
}

impl Break {
    /// `start`, `gap`, `clock-back` or `clock-forward`.
    pub fn name(self) -> &'static str {
        match self {
            Break::Start => "start",
            Break::Gap(_) => "gap",
            Break::Back(_) => "clock-back",
            Break::Forward(_) => "clock-forward",
        }
    }

    /// How long nothing was recorded, or how far the clock was set; nanoseconds from the last frame to the next.
    pub fn length(self) -> i64 {
        match self {
            Break::Start => 0,
            Break::Gap(length) | Break::Back(length) | Break::Forward(length) => length,
        }
    }
}

/// Where a record came to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Running time, never negative.
    pub running: i64,
    /// A new run begins with this record.
    pub begins: Option<Break>,
    /// This camera was interrupted, if only this one: what it had before is no reference any more.
    pub interrupted: bool,
}

#[derive(Debug)]
struct Last {
    camera: u16,
    clock: i64,
}

/// Maps clock times to running time.
#[derive(Debug)]
pub struct RunMap {
    policy: GapPolicy,
    interval: i64,
    gap: i64,
    base: Option<i64>,
    last_clock: i64,
    last_running: i64,
    cameras: Vec<Last>,
    runs: Vec<Run>,
    /// The step that is a gap for a camera that is slower than all cameras together.
    gaps: Vec<(u16, i64)>,
    /// Audio begins so much before the first frame, which has this running time.
    lead: i64,
    /// Clock of the first audio, before any frame.
    audio: Option<i64>,
}

/// First second that a recorder's clock can show: 1990-01-01.
const EARLIEST: i64 = 631_152_000;
/// First second that it cannot: 2100-01-01.
const LATEST: i64 = 4_102_444_800;

/// Whether no recorder can have recorded at this time, nanoseconds since 1970: its clock's battery had failed, or a damaged
/// clock shows it.
pub fn is_implausible(clock: i64) -> bool {
    !(EARLIEST..LATEST).contains(&clock.div_euclid(SECOND))
}

/// The step that is a gap where frames usually are this far apart, nanoseconds: at least 2 s and 4 intervals.
pub fn gap_after(interval: i64) -> i64 {
    interval.saturating_mul(4).max(2 * SECOND)
}

/// Runs that are remembered by a map; a file with more keeps its first ones.
const MAX_RUNS: usize = 100_000;

impl RunMap {
    /// A map for a file of this timing, at its beginning.
    pub fn new(policy: GapPolicy, timing: &FrameTiming) -> RunMap {
        RunMap {
            policy,
            interval: timing.interval,
            gap: timing.gap(),
            base: None,
            last_clock: i64::MIN,
            last_running: 0,
            cameras: Vec::new(),
            runs: Vec::new(),
            gaps: Vec::new(),
            lead: timing.lead,
            audio: None,
        }
    }

    /// Reading begins somewhere else: the first frame there has running time 0, whatever audio came before.
    pub fn without_lead(self) -> RunMap {
        RunMap { lead: 0, ..self }
    }

    /// A map that knows how far apart each camera's frames usually are, in nanoseconds.
    pub fn with_intervals(mut self, intervals: &[(u16, i64)]) -> RunMap {
        let slow = intervals
            .iter()
            .map(|(camera, interval)| (*camera, gap_after(*interval)));
        self.gaps = slow.filter(|(_, gap)| *gap > self.gap).collect();
        self
    }

    fn gap_of(&self, camera: u16) -> i64 {
        let own = self.gaps.iter().find(|(known, _)| *known == camera);
        own.map_or(self.gap, |(_, gap)| *gap)
    }

    /// Reading continues inside a run whose clock `clock` has the running time `running`.
    pub fn resume(&mut self, clock: i64, running: i64) {
        self.base = Some(clock.saturating_sub(running));
        self.last_clock = i64::MIN;
        self.last_running = 0;
        self.cameras.clear();
        self.runs.clear();
    }

    /// The runs seen since the map began or was resumed.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The step that is a gap, in nanoseconds.
    pub fn gap(&self) -> i64 {
        self.gap
    }

    /// Places a frame.
    pub fn picture(&mut self, camera: u16, clock: i64, offset: u64) -> Place {
        let own = self.cameras.iter().position(|last| last.camera == camera);
        let before = own
            .and_then(|own| self.cameras.get(own))
            .map(|last| last.clock);
        let begins = self.breaks(before, clock);
        let first = self.base.is_none();
        match begins {
            Some(Break::Start) => self.base = Some(clock.saturating_sub(self.lead)),
            Some(Break::Gap(step)) if self.policy == GapPolicy::Collapse => {
                let cut = step.saturating_sub(self.interval);
                self.base = self.base.map(|base| base.saturating_add(cut));
            }
            Some(Break::Back(_) | Break::Forward(_)) => {
                // frames go on one usual interval after the last; the clocks of the other cameras belong to the old time
                let next = self.last_running.saturating_add(self.interval);
                self.base = Some(clock.saturating_sub(next));
                self.cameras.clear();
                self.last_clock = i64::MIN;
            }
            Some(Break::Gap(_)) | None => {}
        }
        let running = self.running(clock);
        // a clock that was set takes no reference away: no record is missing
        let interrupted = match begins {
            Some(Break::Back(_) | Break::Forward(_)) => false,
            Some(Break::Start | Break::Gap(_)) => true,
            None => {
                before.is_some_and(|before| clock.saturating_sub(before) >= self.gap_of(camera))
            }
        };
        self.remember(camera, clock);
        self.last_clock = self.last_clock.max(clock);
        self.last_running = self.last_running.max(running);
        self.note_run(begins.is_some() || first, clock, running, offset);
        Place {
            running,
            begins,
            interrupted,
        }
    }

    /// Recording went on without a break up to this clock time.
    pub fn pass(&mut self, clock: i64) {
        self.last_clock = clock;
        self.last_running = self.last_running.max(self.running(clock));
        for last in &mut self.cameras {
            last.clock = clock;
        }
        if let Some(run) = self.runs.last_mut() {
            run.clock_end = run.clock_end.max(clock);
        }
    }

    /// Places audio: it follows the frames and never begins a run. Before the first frame it counts from the first audio.
    pub fn audio(&mut self, clock: i64) -> i64 {
        match self.base {
            Some(_) => self.running(clock),
            None if self.lead > 0 => {
                let first = *self.audio.get_or_insert(clock);
                clock.saturating_sub(first).max(0)
            }
            None => 0,
        }
    }

    fn breaks(&self, before: Option<i64>, clock: i64) -> Option<Break> {
        if self.base.is_none() {
            return Some(Break::Start);
        }
        if self.last_clock == i64::MIN {
            return None;
        }
        let ahead = clock.saturating_sub(self.last_clock);
        let back = match before {
            Some(before) if clock < before => Some(before.saturating_sub(clock)),
            None if ahead <= self.gap.saturating_neg() => Some(ahead.saturating_neg()),
            _ => None,
        };
        if let Some(back) = back {
            return Some(Break::Back(back));
        }
        if ahead < self.gap {
            return None;
        }
        match is_implausible(self.last_clock) == is_implausible(clock) {
            true => Some(Break::Gap(ahead)),
            false => Some(Break::Forward(ahead)),
        }
    }

    fn running(&self, clock: i64) -> i64 {
        clock.saturating_sub(self.base.unwrap_or(clock)).max(0)
    }

    fn remember(&mut self, camera: u16, clock: i64) {
        match self.cameras.iter_mut().find(|last| last.camera == camera) {
            Some(last) => last.clock = clock,
            None => self.cameras.push(Last { camera, clock }),
        }
    }

    fn note_run(&mut self, begins: bool, clock: i64, running: i64, offset: u64) {
        if (begins || self.runs.is_empty()) && self.runs.len() < MAX_RUNS {
            self.runs.push(Run {
                clock,
                clock_end: clock,
                running,
                offset,
            });
        } else if let Some(run) = self.runs.last_mut() {
            run.clock_end = run.clock_end.max(clock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MILLI, SECOND};
    use super::*;

    fn map(policy: GapPolicy) -> RunMap {
        RunMap::new(
            policy,
            &FrameTiming {
                interval: 100 * MILLI,
                ..FrameTiming::default()
            },
        )
    }

    #[test]
    fn collapse_goes_on_at_once() {
        let mut map = map(GapPolicy::Collapse);
        assert_eq!(map.picture(1, 50 * SECOND, 0).running, 0);
        assert_eq!(map.picture(1, 51 * SECOND, 1).running, SECOND);
        let place = map.picture(1, 99 * SECOND, 2);
        assert_eq!(place.running, SECOND + 100 * MILLI);
        assert_eq!(place.begins, Some(Break::Gap(48 * SECOND)));
        assert_eq!(map.runs().len(), 2);
        assert_eq!(map.runs()[1].offset, 2);
    }

    #[test]
    fn preserve_keeps_the_distance() {
        let mut map = map(GapPolicy::Preserve);
        map.picture(1, 50 * SECOND, 0);
        let place = map.picture(1, 99 * SECOND, 0);
        assert_eq!(place.running, 49 * SECOND);
        assert!(place.interrupted);
    }

    #[test]
    fn a_clock_that_steps_back_never_turns_running_time() {
        for policy in [GapPolicy::Collapse, GapPolicy::Preserve] {
            let mut map = map(policy);
            map.picture(1, 7200 * SECOND, 0);
            map.picture(2, 7200 * SECOND, 0);
            let place = map.picture(1, 3600 * SECOND, 0);
            assert_eq!(place.running, 100 * MILLI);
            assert_eq!(place.begins, Some(Break::Back(3600 * SECOND)));
            // the other camera follows on the new clock
            let place = map.picture(2, 3600 * SECOND + MILLI, 0);
            assert_eq!(place.running, 101 * MILLI);
            assert_eq!(place.begins, None);
        }
    }

    #[test]
    fn one_silent_camera_is_interrupted_alone() {
        let mut map = map(GapPolicy::Collapse);
        map.picture(1, 0, 0);
        map.picture(2, 0, 0);
        for n in 1..50 {
            assert!(!map.picture(1, n * 100 * MILLI, 0).interrupted);
        }
        let place = map.picture(2, 5 * SECOND, 0);
        assert_eq!(place.running, 5 * SECOND);
        assert!(place.interrupted && place.begins.is_none());
    }

    #[test]
    fn resuming_gives_the_same_running_times() {
        let mut map = map(GapPolicy::Collapse);
        map.resume(99 * SECOND, SECOND);
        let place = map.picture(1, 99 * SECOND + 5 * MILLI, 0);
        assert_eq!((place.running, place.begins), (SECOND + 5 * MILLI, None));
    }
}
