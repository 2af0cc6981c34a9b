// SPDX-License-Identifier: MPL-2.0
//! Where in the file a stream time is, and the keyframes to begin decoding from.

use super::{
    lister::{Listed, Lister},
    map::{Space, TimeMap},
    profile::Profile,
    source::Source,
};
use crate::{
    reader::Reader,
    timeline::{FrameTiming, Mark, Resolution, Run, SECOND, timing::slot_time},
};
use std::{collections::HashMap, ops::ControlFlow};

/// Bytes that are searched backwards for keyframes.
const MAX_BACK: u64 = 64 << 20;
/// How far the search goes back first, in bytes.
const FIRST_STEP: u64 = 128 << 10;

/// Which keyframe a seek goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snap {
    /// The time itself: decoding begins before it.
    Accurate,
    /// The keyframe at or before.
    Before,
    /// The keyframe at or after.
    After,
    /// The nearer of both.
    Nearest,
}

/// Where playback continues.
#[derive(Clone, Debug, Default)]
pub struct SeekTarget {
    /// Offset from which records are read.
    pub offset: u64,
    /// A clock time and the running time it has, to count on from.
    pub clock: i64,
    /// See `clock`.
    pub running: i64,
    /// Stream time that the segment begins with.
    pub time: i64,
    /// Offset of the first frame to output, for each camera.
    pub from: HashMap<u16, u64>,
    /// Slot of the record at `offset`, in files without a clock, or where `before` has slots.
    pub slot: Option<u64>,
    /// Frames before `offset` that the time of the one there depends on.
    pub before: Vec<Mark>,
}

/// A search in one file.
pub struct Seeker<'a, S: Source + Clone> {
    source: S,
    reader: &'a dyn Reader,
    map: &'a TimeMap,
    timing: FrameTiming,
    cameras: Vec<u16>,
    records: Lister<S>,
    index: Option<Lister<S>>,
    first_record: u64,
}

/// A run, and a clock time in it. Positions are those of the map.
struct Span {
    run: Run,
    number: usize,
    end: u64,
    clock: i64,
    /// Offset of the run's first record, and of the first one after it.
    first: u64,
    behind: u64,
}

impl<'a, S: Source + Clone> Seeker<'a, S> {
    /// A search by this map. `reader` knows the index; `cameras` are those with a stream, `camera` the only one to look at, 0 = all.
    pub fn new(
        source: S,
        reader: &'a dyn Reader,
        map: &'a TimeMap,
        profile: &Profile,
        cameras: Vec<u16>,
        camera: u16,
        first_record: u64,
    ) -> Option<Seeker<'a, S>> {
        let records = Lister::new(source.clone(), reader, Space::Records, camera)?;
        let index = match map.space {
            Space::Records => None,
            Space::Index => Lister::new(source.clone(), reader, Space::Index, camera),
        };
        Some(Seeker {
            source,
            reader,
            map,
            timing: profile.timing,
            cameras,
            records,
            index,
            first_record,
        })
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        let index = self.index.as_ref().map_or(0, Lister::bytes_read);
        self.records.bytes_read().saturating_add(index)
    }

    /// Finds the place for a running time. `None` where nothing is known of the file.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn locate(&mut self, target: i64, snap: Snap) -> Result<Option<SeekTarget>, S::Error> {
        if self.timing.resolution == Resolution::Slots {
            return self.by_slots(target, snap);
        }
        let Some(number) = self.map.at_running(target) else {
            return Ok(None);
        };
        let mut span = self.span(number, |run| {
            run.clock
                .saturating_add(target.saturating_sub(run.running))
                .clamp(run.clock, run.clock_end)
        })?;
        while let Some(now) = span {
            let found = self.in_run(&now, snap)?;
            if found.is_some() {
                return Ok(found);
            }
            // no keyframe on that side in this run: the neighbour's nearest one
            span = match snap {
                Snap::After => self.span(now.number.saturating_add(1), |run| run.clock)?,
                _ => match now.number.checked_sub(1) {
                    Some(number) => self.span(number, |run| run.clock_end)?,
                    None => None,
                },
            };
            if span.is_none() {
                return match snap {
                    Snap::After => self.locate(target, Snap::Before),
                    _ => Ok(Some(self.start_of(&now))),
                };
            }
        }
        Ok(None)
    }

    fn span(
        &mut self,
        number: usize,
        clock: impl Fn(&Run) -> i64,
    ) -> Result<Option<Span>, S::Error> {
        let Some(run) = self.map.runs.get(number).copied() else {
            return Ok(None);
        };
        let end = self.map.end_of(number).max(run.offset);
        let (first, behind) = match &mut self.index {
            None => (run.offset, end),
            Some(index) => {
                let first = index.sample(run.offset, end)?;
                let next = match self.map.runs.get(number.saturating_add(1)) {
                    Some(next) => index.sample(next.offset, next.offset.saturating_add(1))?,
                    None => None,
                };
                (
                    first.map_or(self.first_record, |first| first.mark.offset),
                    next.map_or(self.map.end_offset(), |next| next.mark.offset),
                )
            }
        };
        Ok(Some(Span {
            run,
            number,
            end,
            clock: clock(&run),
            first,
            behind,
        }))
    }

    /// The beginning of a run, where no keyframe is found.
    fn start_of(&self, span: &Span) -> SeekTarget {
        SeekTarget {
            offset: span.first,
            clock: span.run.clock,
            running: span.run.running,
            time: span.run.running,
            ..SeekTarget::default()
        }
    }

    fn in_run(&mut self, span: &Span, snap: Snap) -> Result<Option<SeekTarget>, S::Error> {
        let near = self.position_near(span)?;
        let (mut from, mut back) = (near, FIRST_STEP);
        loop {
            let whole = from <= span.first;
            let entries = self.frames_around(span, from, whole, snap)?;
            let enough =
                self.has_keys(&entries, span.clock) && self.is_warm(&entries, span.clock, whole);
            if enough || whole || near.saturating_sub(from) > MAX_BACK {
                return Ok(self.choose(span, &entries, snap, whole));
            }
            from = from.saturating_sub(back).max(span.first);
            back = back.saturating_mul(3);
        }
    }

    /// The offset of a record shortly before the span's clock, by interpolation and bisection.
    fn position_near(&mut self, span: &Span) -> Result<u64, S::Error> {
        // frames of a second are placed by its neighbours, and a keyframe is seldom more than two seconds back
        let margin = match self.timing.resolution {
            Resolution::Seconds => 4 * SECOND,
            _ => self.timing.interval,
        };
        let target = span.clock.saturating_sub(margin);
        let (mut low, mut high) = self.map.bracket(span.clock, span.run.offset, span.end);
        let (mut low_clock, mut high_clock) = (span.run.clock, span.run.clock_end);
        let mut offset = match &self.index {
            Some(_) => span.first,
            None => low,
        };
        let fine = match &self.index {
            Some(_) => 64,
            None => FIRST_STEP / 2,
        };
        let lister = self.index.as_mut().unwrap_or(&mut self.records);
        for turn in 0..48 {
            if high.saturating_sub(low) <= fine || target <= low_clock {
                break;
            }
            let width = high.saturating_sub(low);
            let guess = match turn % 3 {
                2 => width / 2,
                _ => interpolate(
                    width,
                    target.saturating_sub(low_clock),
                    high_clock.saturating_sub(low_clock),
                ),
            };
            // a little early is better than a little late
            let at = low.saturating_add(
                guess
                    .saturating_sub(fine / 4)
                    .clamp(1, width.saturating_sub(1)),
            );
            let sample = lister.sample(at, high)?;
            match sample.and_then(|listed| Some((listed, listed.mark.clock()?))) {
                None => high = at,
                Some((listed, clock)) if clock <= target => {
                    low = listed.position;
                    offset = listed.mark.offset;
                    low_clock = clock;
                    if target.saturating_sub(clock) < SECOND / 2 {
                        break;
                    }
                }
                Some((_, clock)) => {
                    high = at;
                    high_clock = clock;
                }
            }
        }
        Ok(offset.max(span.first))
    }

    /// The frames from an offset to shortly behind the span's clock; to the next keyframe where that is looked for.
    fn frames_around(
        &mut self,
        span: &Span,
        from: u64,
        whole: bool,
        snap: Snap,
    ) -> Result<Vec<(Listed, i64)>, S::Error> {
        let clock = span.clock;
        let reference = self.cameras.first().copied().unwrap_or(1);
        let further = matches!(snap, Snap::After | Snap::Nearest);
        let slack = self.timing.interval;
        self.records.timed(
            from,
            span.behind,
            &self.timing,
            whole,
            &mut |listed, time| {
                if further {
                    time >= clock && listed.mark.key && listed.mark.camera == reference
                } else {
                    time > clock.saturating_add(slack)
                }
            },
        )
    }

    fn has_keys(&self, entries: &[(Listed, i64)], clock: i64) -> bool {
        self.cameras.iter().all(|camera| {
            entries.iter().any(|(listed, time)| {
                listed.mark.key && listed.mark.camera == *camera && *time <= clock
            })
        })
    }

    /// Whether reading from the first entry on places the keyframe as playing from the start does.
    fn is_warm(&self, entries: &[(Listed, i64)], clock: i64, whole: bool) -> bool {
        if self.timing.resolution != Resolution::Seconds || whole {
            return true;
        }
        let second = |time: i64| time.div_euclid(SECOND);
        // each camera's last keyframe counts: there is always an earlier one that is not warm
        let key = self
            .cameras
            .iter()
            .filter_map(|camera| {
                let own = entries.iter().rfind(|(listed, time)| {
                    listed.mark.key && listed.mark.camera == *camera && *time <= clock
                });
                own.map(|(_, time)| second(*time))
            })
            .min();
        let first = entries.first().map(|(_, time)| second(*time));
        matches!((first, key), (Some(first), Some(key)) if first.saturating_add(2) <= key)
    }

    fn choose(
        &self,
        span: &Span,
        entries: &[(Listed, i64)],
        snap: Snap,
        whole: bool,
    ) -> Option<SeekTarget> {
        let reference = *self.cameras.first()?;
        let keys = || {
            entries
                .iter()
                .filter(|(listed, _)| listed.mark.key && listed.mark.camera == reference)
        };
        let before = keys().rfind(|(_, time)| *time <= span.clock);
        let after = keys().find(|(_, time)| *time >= span.clock);
        let chosen = match snap {
            Snap::Accurate | Snap::Before => before?,
            Snap::After => after?,
            Snap::Nearest => match (before, after) {
                (Some(before), Some(after)) => {
                    let left = span.clock.saturating_sub(before.1);
                    let right = after.1.saturating_sub(span.clock);
                    if right < left { after } else { before }
                }
                (one, other) => one.or(other)?,
            },
        };
        let limit = match snap {
            Snap::Accurate => span.clock,
            _ => chosen.1,
        };
        let mut from = HashMap::new();
        let mut first = chosen.0.mark.offset;
        for camera in &self.cameras {
            let own = entries.iter().rfind(|(listed, time)| {
                listed.mark.key && listed.mark.camera == *camera && *time <= limit
            });
            let offset = own.map_or(chosen.0.mark.offset, |(listed, _)| listed.mark.offset);
            from.insert(*camera, offset);
            first = first.min(offset);
        }
        let (mut before, mut slot) = (Vec::new(), None);
        if self.timing.resolution == Resolution::Seconds {
            let warm = warm_offset(entries, first, whole);
            let marks = || entries.iter().map(|(listed, _)| listed.mark);
            // each camera counts its own slots
            match marks().all(|mark| mark.camera == reference) {
                true => {
                    before = marks()
                        .filter(|mark| (warm..first).contains(&mark.offset))
                        .collect();
                    slot = chosen.0.mark.slot;
                }
                false => first = warm,
            }
        }
        let running = span
            .run
            .running
            .saturating_add(limit.saturating_sub(span.run.clock));
        Some(SeekTarget {
            offset: first,
            clock: span.run.clock,
            running: span.run.running,
            time: running.max(0),
            from,
            slot,
            before,
        })
    }

    /// Without a clock, slots or frames count from the start: every record before the target is passed.
    fn by_slots(&mut self, target: i64, snap: Snap) -> Result<Option<SeekTarget>, S::Error> {
        let mut fork = self.reader.fork();
        fork.set_slot(0);
        let Some(mut lister) = Lister::new(self.source.clone(), &*fork, Space::Records, 0) else {
            return Ok(None);
        };
        let mut before: Option<(Listed, i64)> = None;
        let mut after: Option<(Listed, i64)> = None;
        let rate = self.timing.slot_rate;
        let interval = self.timing.interval;
        let mut number = 0_i64;
        lister.walk(0, u64::MAX, false, &mut |listed| {
            let by_slot = listed
                .mark
                .slot
                .and_then(|slot| slot_time(i64::try_from(slot).ok()?, rate));
            let time = by_slot.unwrap_or_else(|| number.saturating_mul(interval));
            number = number.saturating_add(1);
            if !listed.mark.key {
                return ControlFlow::Continue(());
            }
            if time <= target {
                before = Some((listed, time));
            }
            if time >= target {
                after = Some((listed, time));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let chosen = match (snap, before, after) {
            (Snap::After, _, Some(after)) => Some(after),
            (Snap::Nearest, Some(before), Some(after)) => {
                let right = after.1.saturating_sub(target);
                Some(if right < target.saturating_sub(before.1) {
                    after
                } else {
                    before
                })
            }
            (_, before, after) => before.or(after),
        };
        Ok(chosen.map(|(listed, time)| SeekTarget {
            offset: listed.mark.offset.max(self.first_record),
            clock: time,
            running: time,
            time: if snap == Snap::Accurate { target } else { time },
            from: HashMap::new(),
            slot: listed.mark.slot,
            before: Vec::new(),
        }))
    }
}

/// Offset of a record two seconds before the one at `offset`, or the run's first.
fn warm_offset(entries: &[(Listed, i64)], offset: u64, whole: bool) -> u64 {
    let second = |time: i64| time.div_euclid(SECOND);
    let Some(own) = entries
        .iter()
        .find(|(listed, _)| listed.mark.offset == offset)
    else {
        return offset;
    };
    let warm = entries
        .iter()
        .rfind(|(_, time)| second(*time).saturating_add(2) <= second(own.1));
    match (warm, entries.first()) {
        (Some((listed, _)), _) => listed.mark.offset,
        (None, Some((first, _))) if whole => first.mark.offset,
        _ => offset,
    }
}

/// The part of `width` that `part` is of `whole`.
fn interpolate(width: u64, part: i64, whole: i64) -> u64 {
    if whole <= 0 || part <= 0 {
        return 0;
    }
    let at = i128::from(width)
        .saturating_mul(i128::from(part))
        .checked_div(i128::from(whole))
        .unwrap_or(0);
    u64::try_from(at).unwrap_or(width).min(width)
}
