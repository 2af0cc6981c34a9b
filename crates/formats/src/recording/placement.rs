// SPDX-License-Identifier: MPL-2.0
//! Gives every record its time, run and reference, in the order of the file.
//!
//! The first records are held back until they show what clock the file has ([`Head`]). A clock that jumps is compared with the
//! next record's before it is believed: one damaged clock must not end a run. Then the [`Interpolator`] gives each record a time,
//! the [`RunMap`] a run and a running time, and each stream remembers whether its frames have what they refer to.

use super::profile::{HEAD_RECORDS, Head, Profile};
use crate::{
    reader::{FileInfo, StreamKey, Timestamp},
    timeline::{
        FrameTiming, GapPolicy, Interpolator, MILLI, Mark, Place, Resolution, RunMap, SECOND,
        is_implausible,
    },
};
use std::collections::VecDeque;

/// Records that wait for the next clock at most.
const MAX_WAITING: usize = 64;

/// A record with all that is known of it beside the packet.
#[derive(Debug)]
pub struct Placed<T> {
    /// What was pushed.
    pub item: T,
    /// The record. Its timestamp is a neighbour's where [`Placed::doubtful`] is set.
    pub mark: Mark,
    /// Its time, finer than the timestamp where only seconds count: nanoseconds since 1970; without a clock, since the first slot.
    pub clock: i64,
    /// Its run and running time.
    pub place: Place,
    /// A frame whose reference is missing: before the first keyframe, or after a gap before the next.
    pub orphan: bool,
    /// Its clock shows a time that cannot be; it agrees neither with the record before nor with the one after it and was not believed;
    /// or the frame has no time, in a recording whose others have one.
    pub doubtful: bool,
}

/// How clocks of the file behaved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockFaults {
    /// Offset of the first record whose clock was not believed, and how many there were.
    pub stray: Option<(u64, u64)>,
    /// Offset of the first record that shows a time that cannot be, and how many did.
    pub implausible: Option<(u64, u64)>,
    /// Offset of the first frame that has no time, in a recording whose others have one, and how many have none.
    pub undated: Option<(u64, u64)>,
}

impl ClockFaults {
    /// How many records have no time that can be right; `None` where all have one.
    pub fn doubtful(&self) -> Option<u64> {
        let counts = [self.implausible, self.undated].into_iter().flatten();
        let count = counts.fold(0u64, |sum, (_, count)| sum.saturating_add(count));
        (count > 0).then_some(count)
    }
}

/// Finds a clock time and the running time it has, for a record's offset and clock.
type FindRun = Box<dyn FnOnce(u64, i64) -> Option<(i64, i64)> + Send>;

/// See the module.
pub struct Placement<T> {
    policy: GapPolicy,
    head: Option<Head<T>>,
    profile: Profile,
    guard: ClockGuard<Option<T>>,
    interpolator: Interpolator<(Option<T>, bool)>,
    runs: RunMap,
    /// Streams, and whether their next frame has its reference.
    references: Vec<(StreamKey, bool)>,
    /// The first frame of a stream has its reference.
    trusts: bool,
    faults: ClockFaults,
    resume: Option<FindRun>,
}

impl<T> Placement<T> {
    /// At the beginning of a file.
    pub fn new(policy: GapPolicy) -> Placement<T> {
        Placement {
            head: Some(Head::default()),
            ..Placement::with_profile(policy, Profile::default())
        }
    }

    /// In a file that was measured before.
    pub fn with_profile(policy: GapPolicy, profile: Profile) -> Placement<T> {
        let timing = profile.timing;
        Placement {
            policy,
            head: None,
            guard: ClockGuard::new(&timing),
            interpolator: Interpolator::new(timing),
            runs: RunMap::new(policy, &timing).with_intervals(&profile.intervals),
            profile,
            references: Vec::new(),
            trusts: false,
            faults: ClockFaults::default(),
            resume: None,
        }
    }

    /// What the first records show; empty before [`Placement::settle`].
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The records held back, before [`Placement::settle`].
    pub fn head(&self) -> Option<&Head<T>> {
        self.head.as_ref()
    }

    /// Enough records are held back to measure the file.
    pub fn is_head_full(&self) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| head.is_full(HEAD_RECORDS))
    }

    /// The runs.
    pub fn runs(&self) -> &RunMap {
        &self.runs
    }

    /// How clocks behaved so far.
    pub fn faults(&self) -> ClockFaults {
        self.faults
    }

    /// Takes the next record. `coded` gives its coded bytes while the head is measured; `trusted` is false where their checksum
    /// failed. Gives the record back where its time is known at once and nothing waits before it; see [`Placement::pop`].
    pub fn push(&mut self, item: T, mark: Mark, coded: &[u8], trusted: bool) -> Option<Placed<T>> {
        if let Some(head) = &mut self.head {
            head.add(item, mark, mark.stream(), coded, trusted);
            return None;
        }
        if self.guard.is_idle() && self.guard.agrees(&mark) {
            self.guard.note(&mark);
            if let Some(clock) = self.interpolator.at_once(&mark) {
                return Some(self.finish_one(item, mark, clock, false));
            }
            self.interpolator.push((Some(item), false), mark);
            return None;
        }
        self.guard.push(Some(item), mark);
        self.drain_guard(false);
        None
    }

    /// The next record whose time is known.
    pub fn pop(&mut self) -> Option<Placed<T>> {
        loop {
            let ((item, doubtful), mark, clock) = self.interpolator.pop()?;
            match item {
                Some(item) => return Some(self.finish_one(item, mark, clock, doubtful)),
                None => drop(self.finish_one((), mark, clock, doubtful)),
            }
        }
    }

    /// Takes records that are before the next one and are not wanted: its time depends on theirs. Call after [`Placement::jump`].
    pub fn pass(&mut self, before: &[Mark]) {
        for mark in before {
            self.guard.push(None, *mark);
            self.drain_guard(false);
        }
    }

    /// The first records are measured; what was held back can be popped. `measured`: what else is to be done with the profile.
    pub fn settle(&mut self, info: &FileInfo) {
        if let Some(head) = &self.head {
            let profile = head.measure(info);
            self.settle_as(profile);
        }
    }

    /// The same with a profile that was worked out by [`Head::measure`].
    pub fn settle_as(&mut self, profile: Profile) {
        let Some(head) = self.head.take() else {
            return;
        };
        let timing = profile.timing;
        self.guard = ClockGuard::new(&timing);
        self.interpolator = Interpolator::new(timing);
        self.runs = RunMap::new(self.policy, &timing).with_intervals(&profile.intervals);
        self.profile = profile;
        let mut items = head.into_items();
        self.mend_first(&mut items);
        if let Some(first) = items.iter().find_map(|(_, mark)| mark.timestamp) {
            self.interpolator.begin(first);
        }
        for (item, mark) in items {
            self.guard.push(Some(item), mark);
            self.drain_guard(false);
        }
    }

    /// Uses another map of runs, for sources that are live.
    pub fn set_runs(&mut self, runs: RunMap) {
        self.runs = runs;
    }

    /// The file ends: everything that waits can be popped.
    pub fn finish(&mut self) {
        self.drain_guard(true);
        self.interpolator.finish();
    }

    /// Reading continues somewhere else. What waits is dropped; `resume` is a clock and the running time it has there.
    pub fn jump(&mut self, resume: Option<(i64, i64)>) {
        let timing = self.profile.timing;
        self.guard = ClockGuard::new(&timing);
        self.interpolator = Interpolator::new(timing);
        self.runs = RunMap::new(self.policy, &timing)
            .with_intervals(&self.profile.intervals)
            .without_lead();
        if let Some((clock, running)) = resume {
            self.runs.resume(clock, running);
        }
        self.references.clear();
        self.trusts = false;
        self.resume = None;
    }

    /// The next frame shows where running time is: `find` gives a clock time and the running time it has, for the frame's offset
    /// and clock.
    pub fn resume_by(&mut self, find: FindRun) {
        self.resume = Some(find);
    }

    /// The next frames count as having their reference, until a gap. Call after [`Placement::jump`].
    pub fn trust_references(&mut self) {
        self.trusts = true;
    }

    fn drain_guard(&mut self, ends: bool) {
        while let Some((item, mark, doubtful)) = self.guard.pop(ends) {
            self.interpolator.push((item, doubtful), mark);
        }
    }

    /// A first clock that all others disagree with is not the beginning of the recording.
    fn mend_first(&mut self, items: &mut [(T, Mark)]) {
        let gap = self.profile.timing.gap();
        let mut frames = items
            .iter_mut()
            .map(|(_, mark)| mark)
            .filter(|mark| mark.video && mark.timestamp.is_some());
        let (Some(first), Some(second), Some(third)) =
            (frames.next(), frames.next(), frames.next())
        else {
            return;
        };
        let near = |one: i64, other: i64| other.saturating_sub(one).abs() < gap;
        if let (Some(one), Some(two), Some(three)) = (first.clock(), second.clock(), third.clock())
            && !near(one, two)
            && !near(one, three)
            && near(two, three)
            && is_implausible(one) != is_implausible(two)
        {
            let clock = two.saturating_sub(self.profile.timing.interval);
            note(&mut self.faults.stray, first.offset);
            first.timestamp = Some(timestamp(clock, first.timestamp));
        }
    }

    fn finish_one<I>(&mut self, item: I, mark: Mark, clock: i64, doubtful: bool) -> Placed<I> {
        if doubtful {
            note(&mut self.faults.stray, mark.offset);
        }
        let clocked = self.profile.timing.resolution != Resolution::Slots;
        let impossible = clocked && mark.timestamp.is_some() && is_implausible(clock);
        if impossible {
            note(&mut self.faults.implausible, mark.offset);
        }
        let undated = clocked && mark.video && mark.timestamp.is_none();
        if undated {
            note(&mut self.faults.undated, mark.offset);
        }
        let doubtful = doubtful || impossible || undated;
        if !mark.video {
            return Placed {
                place: Place {
                    running: self.runs.audio(clock),
                    begins: None,
                    interrupted: false,
                },
                item,
                mark,
                clock,
                orphan: false,
                doubtful,
            };
        }
        if let Some((clock, running)) = self.resume.take().and_then(|find| find(mark.offset, clock))
        {
            self.runs.resume(clock, running);
        }
        let place = self.runs.picture(mark.camera, clock, mark.offset);
        let stream = self.profile.stream(mark.stream());
        let orphan = match self.references.iter_mut().find(|(key, _)| *key == stream) {
            Some((_, has)) => {
                *has = mark.key || (*has && !place.interrupted);
                !*has
            }
            None => {
                let has = mark.key || self.trusts;
                self.references.push((stream, has));
                !has
            }
        };
        Placed {
            item,
            mark,
            clock,
            place,
            orphan,
            doubtful,
        }
    }
}

fn note(fault: &mut Option<(u64, u64)>, offset: u64) {
    let (_, count) = fault.get_or_insert((offset, 0));
    *count = count.saturating_add(1);
}

/// A clock as a timestamp with the digits that `like` has.
fn timestamp(clock: i64, like: Option<Timestamp>) -> Timestamp {
    let millis = clock.rem_euclid(SECOND).checked_div(MILLI).unwrap_or(0);
    Timestamp {
        seconds: clock.div_euclid(SECOND),
        millis: like
            .and_then(|like| like.millis)
            .and_then(|_| u16::try_from(millis).ok()),
    }
}

/// Holds a record whose clock jumps until the next clock shows which of both is to be believed.
#[derive(Debug)]
struct ClockGuard<T> {
    gap: i64,
    interval: i64,
    active: bool,
    /// The last clock of each camera.
    last: Vec<(u16, i64)>,
    waiting: VecDeque<(T, Mark)>,
}

impl<T> ClockGuard<T> {
    fn new(timing: &FrameTiming) -> ClockGuard<T> {
        ClockGuard {
            gap: timing.gap(),
            interval: timing.interval,
            active: timing.resolution != Resolution::Slots,
            last: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The clock that a record of this camera continues.
    fn last(&self, camera: u16) -> Option<i64> {
        let own = self.last.iter().find(|(known, _)| *known == camera);
        let newest = || self.last.iter().map(|(_, clock)| *clock).max();
        own.map(|(_, clock)| *clock).or_else(newest)
    }

    fn follows(&self, last: i64, clock: i64) -> bool {
        (0..self.gap).contains(&clock.saturating_sub(last))
    }

    /// Whether the record's clock continues what came before, or says nothing.
    fn agrees(&self, mark: &Mark) -> bool {
        if !self.active || !mark.video {
            return true;
        }
        let Some(clock) = mark.clock() else {
            return true;
        };
        self.last(mark.camera)
            .is_none_or(|last| self.follows(last, clock))
    }

    fn note(&mut self, mark: &Mark) {
        if let Some(clock) = mark.clock().filter(|_| mark.video && self.active) {
            match self
                .last
                .iter_mut()
                .find(|(known, _)| *known == mark.camera)
            {
                Some((_, last)) => *last = clock,
                None => self.last.push((mark.camera, clock)),
            }
        }
    }

    fn push(&mut self, item: T, mark: Mark) {
        self.waiting.push_back((item, mark));
    }

    /// The next record that needs not wait, and whether its clock was replaced.
    fn pop(&mut self, ends: bool) -> Option<(T, Mark, bool)> {
        let (_, front) = self.waiting.front()?;
        let mut doubtful = false;
        let mut mended = None;
        if !self.agrees(front) {
            let next = self
                .waiting
                .iter()
                .skip(1)
                .find(|(_, mark)| mark.video && mark.timestamp.is_some())
                .map(|(_, mark)| *mark);
            if next.is_none() && !ends && self.waiting.len() < MAX_WAITING {
                return None;
            }
            if let Some(next) = next
                && self.is_stray(front, &next)
            {
                doubtful = true;
                let last = self.last(front.camera).unwrap_or(0);
                mended = Some(timestamp(
                    last.saturating_add(self.interval),
                    front.timestamp,
                ));
            }
        }
        let (item, mut mark) = self.waiting.pop_front()?;
        mark.timestamp = mended.or(mark.timestamp);
        self.note(&mark);
        Some((item, mark, doubtful))
    }

    /// Whether `next` continues what was before `front`, and not `front`.
    fn is_stray(&self, front: &Mark, next: &Mark) -> bool {
        let (Some(clock), Some(after)) = (front.clock(), next.clock()) else {
            return false;
        };
        let continues = after.saturating_sub(clock).abs() < self.gap;
        let before = self.last(next.camera);
        !continues && before.is_some_and(|before| self.follows(before, after))
    }
}
