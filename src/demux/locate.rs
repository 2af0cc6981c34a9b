// SPDX-License-Identifier: MPL-2.0
//! Where in the file a stream time stands, and the keyframes to begin decoding from.

use super::{
    Inner, Settings,
    listing::{Entry, RecordScanner},
    survey::clock_of,
    time_map::Space,
};
use formats::{
    reader::Media,
    timeline::{FrameTiming, Resolution, Run, SECOND},
};
use std::collections::HashMap;

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

/// Where playback goes on.
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
    /// Offset of the first picture to output, for each camera.
    pub from: HashMap<u16, u64>,
    /// Slot of the record at `offset`, in files without a clock.
    pub slot: Option<u64>,
}

/// Bytes that are searched backwards for keyframes at most.
const MAX_BACK: u64 = 64 << 20;

/// All that a search needs of the state.
struct Search<'a> {
    listing: RecordScanner<'a>,
    timing: FrameTiming,
    cameras: Vec<u16>,
    space: Space,
}

/// A run, and where the search goes on when the run has nothing.
struct Span {
    run: Run,
    number: usize,
    /// First position behind it.
    end: u64,
    /// Narrower bounds, from what was played.
    bracket: (u64, u64),
    clock: i64,
}

impl Inner {
    /// Finds the place for a stream time. `None` where nothing is known of the file.
    pub(super) fn locate(
        &self,
        settings: &Settings,
        target: i64,
        snap: Snap,
    ) -> Result<Option<SeekTarget>, gst::FlowError> {
        let Some(mut search) = self.search(settings)? else {
            return Ok(None);
        };
        if search.timing.resolution == Resolution::Slots {
            // the lock is not held while reading
            let first = self.lock().first_record.unwrap_or(0);
            return search.by_slots(target, snap, first);
        }
        let Some(mut span) = self.span_at(target) else {
            return Ok(None);
        };
        loop {
            let found = search.in_run(&span, snap)?;
            if found.is_some() {
                return Ok(found);
            }
            // no keyframe on that side in this run: the neighbour's nearest one
            let next = match snap {
                Snap::After => self.span_start(span.number.saturating_add(1)),
                _ => span
                    .number
                    .checked_sub(1)
                    .and_then(|number| self.span_end(number)),
            };
            match next {
                Some(next) => span = next,
                None if snap == Snap::After => return self.locate(settings, target, Snap::Before),
                None => return Ok(Some(search.start_of(&span))),
            }
        }
    }

    fn search(&self, settings: &Settings) -> Result<Option<Search<'_>>, gst::FlowError> {
        let (reader, space, timing, cameras) = {
            let state = self.lock();
            let Some(reader) = state.reader.as_ref() else {
                return Ok(None);
            };
            let cameras: Vec<u16> = state
                .streams
                .iter()
                .filter(|stream| stream.key.codec.media() == Media::Video)
                .map(|stream| stream.key.camera)
                .collect();
            let mut fork = reader.fork();
            // where slots are counted, it is from the file's start
            fork.set_slot(0);
            (fork, state.map.space, state.tuning.timing, cameras)
        };
        Ok(
            RecordScanner::new(self, reader, space, settings.camera).map(|listing| Search {
                listing,
                timing,
                cameras,
                space,
            }),
        )
    }

    fn span_at(&self, target: i64) -> Option<Span> {
        let number = self.lock().map.at_running(target)?;
        self.span(number, |run| {
            run.clock
                .saturating_add(target.saturating_sub(run.running))
                .clamp(run.clock, run.clock_end)
        })
    }

    fn span_end(&self, number: usize) -> Option<Span> {
        self.span(number, |run| run.clock_end)
    }

    fn span_start(&self, number: usize) -> Option<Span> {
        self.span(number, |run| run.clock)
    }

    fn span(&self, number: usize, clock: impl Fn(&Run) -> i64) -> Option<Span> {
        let state = self.lock();
        let run = *state.map.runs.get(number)?;
        let end = state.map.end_of(number).max(run.offset);
        let clock = clock(&run);
        Some(Span {
            run,
            number,
            end,
            bracket: state.map.bracket(clock, run.offset, end),
            clock,
        })
    }
}

impl Search<'_> {
    /// The beginning of a run, where no keyframe is found.
    fn start_of(&mut self, span: &Span) -> SeekTarget {
        let first = self
            .listing
            .sample(span.run.offset, span.end)
            .ok()
            .flatten();
        SeekTarget {
            offset: first.map_or(span.run.offset, |entry| entry.offset),
            clock: span.run.clock,
            running: span.run.running,
            time: span.run.running,
            ..SeekTarget::default()
        }
    }

    fn in_run(&mut self, span: &Span, snap: Snap) -> Result<Option<SeekTarget>, gst::FlowError> {
        let near = self.near(span)?;
        let (mut from, mut back) = (near, self.first_step());
        loop {
            let entries = self.around(span, from, snap)?;
            let whole = from <= span.run.offset;
            let enough =
                self.has_keys(&entries, span.clock) && self.is_warm(&entries, span.clock, whole);
            if enough || whole || near.saturating_sub(from) > MAX_BACK {
                return Ok(self.land(span, &entries, snap, whole));
            }
            from = from.saturating_sub(back).max(span.run.offset);
            back = back.saturating_mul(3);
        }
    }

    /// How far the search goes back first.
    fn first_step(&self) -> u64 {
        match self.space {
            Space::Records => 128 << 10,
            Space::Index => 2 << 10,
        }
    }

    /// A position shortly before the span's clock, by interpolation and bisection.
    fn near(&mut self, span: &Span) -> Result<u64, gst::FlowError> {
        // pictures of a second are placed by its neighbours
        let margin = match self.timing.resolution {
            Resolution::Seconds => 2 * SECOND,
            _ => self.timing.interval,
        };
        let target = span.clock.saturating_sub(margin);
        let (mut low, mut high) = span.bracket;
        let (mut low_clock, mut high_clock) = (span.run.clock, span.run.clock_end);
        let fine = self.first_step() / 2;
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
            match self
                .listing
                .sample(at, high)?
                .filter(|entry| clock_of(entry).is_some())
            {
                None => high = at,
                Some(entry) => {
                    let clock = clock_of(&entry).unwrap_or(low_clock);
                    if clock <= target {
                        low = entry.position;
                        low_clock = clock;
                        if target.saturating_sub(clock) < SECOND / 2 {
                            break;
                        }
                    } else {
                        high = at;
                        high_clock = clock;
                    }
                }
            }
        }
        Ok(low.max(span.run.offset))
    }

    /// The pictures from a position to shortly behind the span's clock; to the next keyframe where that is looked for.
    fn around(
        &mut self,
        span: &Span,
        from: u64,
        snap: Snap,
    ) -> Result<Vec<(Entry, i64)>, gst::FlowError> {
        let clock = span.clock;
        let reference = self.cameras.first().copied().unwrap_or(1);
        let further = match snap {
            Snap::After | Snap::Nearest => true,
            Snap::Accurate | Snap::Before => false,
        };
        let slack = self.timing.interval;
        self.listing.timed(
            from,
            span.end,
            &self.timing,
            from <= span.run.offset,
            |entry, time| {
                if further {
                    time >= clock && entry.key && entry.camera == reference
                } else {
                    time > clock.saturating_add(slack)
                }
            },
        )
    }

    fn has_keys(&self, entries: &[(Entry, i64)], clock: i64) -> bool {
        self.cameras.iter().all(|camera| {
            entries
                .iter()
                .any(|(entry, time)| entry.key && entry.camera == *camera && *time <= clock)
        })
    }

    /// Whether reading from the first entry on places the keyframe as playing from the start does.
    fn is_warm(&self, entries: &[(Entry, i64)], clock: i64, whole: bool) -> bool {
        if self.timing.resolution != Resolution::Seconds || whole {
            return true;
        }
        let second = |time: i64| time.div_euclid(SECOND);
        let key = entries
            .iter()
            .filter(|(entry, time)| entry.key && *time <= clock)
            .map(|(_, time)| second(*time))
            .min();
        let first = entries.first().map(|(_, time)| second(*time));
        matches!((first, key), (Some(first), Some(key)) if first.saturating_add(2) <= key)
    }

    fn land(
        &self,
        span: &Span,
        entries: &[(Entry, i64)],
        snap: Snap,
        whole: bool,
    ) -> Option<SeekTarget> {
        let reference = *self.cameras.first()?;
        let keys = || {
            entries
                .iter()
                .filter(|(entry, _)| entry.key && entry.camera == reference)
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
        let limit = if snap == Snap::Accurate {
            span.clock
        } else {
            chosen.1
        };
        let mut from = HashMap::new();
        let mut first = chosen.0.offset;
        for camera in &self.cameras {
            let own = entries
                .iter()
                .rfind(|(entry, time)| entry.key && entry.camera == *camera && *time <= limit);
            let offset = own.map_or(chosen.0.offset, |(entry, _)| entry.offset);
            from.insert(*camera, offset);
            first = first.min(offset);
        }
        if self.timing.resolution == Resolution::Seconds {
            first = self.warm_offset(entries, first, whole);
        }
        let running = |time: i64| {
            span.run
                .running
                .saturating_add(time.saturating_sub(span.run.clock))
        };
        Some(SeekTarget {
            offset: first,
            clock: span.run.clock,
            running: span.run.running,
            time: running(if snap == Snap::Accurate {
                span.clock
            } else {
                chosen.1
            })
            .max(0),
            from,
            slot: None,
        })
    }

    /// Offset of a record two seconds before the one at `offset`, or the run's first.
    fn warm_offset(&self, entries: &[(Entry, i64)], offset: u64, whole: bool) -> u64 {
        let second = |time: i64| time.div_euclid(SECOND);
        let Some(own) = entries.iter().find(|(entry, _)| entry.offset == offset) else {
            return offset;
        };
        let warm = entries
            .iter()
            .rfind(|(_, time)| second(*time).saturating_add(2) <= second(own.1));
        match (warm, entries.first()) {
            (Some((entry, _)), _) => entry.offset,
            (None, Some((first, _))) if whole => first.offset,
            _ => offset,
        }
    }

    /// Without a clock, slots count from the start: every record before the target is passed.
    fn by_slots(
        &mut self,
        target: i64,
        snap: Snap,
        first: u64,
    ) -> Result<Option<SeekTarget>, gst::FlowError> {
        let mut before: Option<(Entry, i64)> = None;
        let mut after: Option<(Entry, i64)> = None;
        let timing = self.timing;
        let time_of = |entry: &Entry| {
            let slot = i64::try_from(entry.slot?).ok()?;
            formats::timeline::timing::slot_time(slot, timing.slot_rate)
        };
        self.listing.walk(0, u64::MAX, false, |entry| {
            let Some(time) = time_of(&entry).filter(|_| entry.key) else {
                return std::ops::ControlFlow::Continue(());
            };
            if time <= target {
                before = Some((entry, time));
            }
            if time >= target {
                after = Some((entry, time));
                return std::ops::ControlFlow::Break(());
            }
            std::ops::ControlFlow::Continue(())
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
        Ok(chosen.map(|(entry, time)| SeekTarget {
            offset: entry.offset.max(first),
            clock: time,
            running: time,
            time: if snap == Snap::Accurate { target } else { time },
            from: HashMap::new(),
            slot: entry.slot,
        }))
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
