// SPDX-License-Identifier: MPL-2.0
//! A recording of which only the first records, and the index or samples, are read.

use crate::common::{Common, Failure, Input, input::InputSource};
use crate::recording::{Options, Recording};
use formats::{
    reader::Reader,
    recording::{Accuracy, Listed, Lister, Seeker, Snap, Space, Survey, TimeMap, find_index},
    timeline::{FrameTiming, GapPolicy, runs::gap_after},
};

/// Records that are read at the beginning.
const FIRST: u64 = 64;

/// See the module.
pub struct Surveyed {
    /// Its first records.
    pub recording: Recording,
    source: InputSource,
    /// Knows header and index.
    reader: Box<dyn Reader>,
    /// Offset of the first frame.
    start: u64,
}

impl Surveyed {
    /// Reads the first records.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(common: &Common, input: Input) -> Result<Surveyed, Failure> {
        let options = Options {
            first: Some(FIRST),
            ..Options::default()
        };
        let recording = Recording::read(common, input, options, &mut |_| Ok(()))?;
        let mut source = recording.input.source()?;
        let runs = recording.contents.runs.iter();
        let start = runs.map(|run| run.offset).min().unwrap_or(0);
        // the reader has to know the header
        let mut scanner = recording.input.scanner()?;
        while scanner.offset() <= start && scanner.scan()?.is_some() {}
        let mut reader = scanner.reader().fork();
        find_index(&mut source, &mut *reader)?;
        Ok(Surveyed {
            recording,
            source,
            reader,
            start,
        })
    }

    /// The runs of a camera, 0 = of all cameras together, as far as about `budget` bytes show them; none without a clock.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn map(&self, camera: u16, budget: u64) -> Result<TimeMap, Failure> {
        let has_frames = !self.recording.contents.runs.is_empty();
        if !has_frames || !self.recording.has_clock() {
            return Ok(TimeMap::default());
        }
        Survey {
            source: self.source.clone(),
            reader: &*self.reader,
            profile: &self.recording.findings.profile,
            policy: GapPolicy::Collapse,
            camera,
            start: self.start,
            budget,
        }
        .run()
    }

    /// What a camera recorded at a moment, or from it up to another; else the frames around it. Nanoseconds of the recorder's clock.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn search(
        &self,
        map: &TimeMap,
        camera: u16,
        (from, until): (i64, Option<i64>),
    ) -> Result<Search, Failure> {
        let interval = self.recording.findings.profile.interval(camera);
        let mut search = Search::default();
        for (number, run) in map.runs.iter().enumerate() {
            let end = run.clock_end.saturating_add(interval);
            if end <= from {
                self.note_before(&mut search, run.clock_end);
                continue;
            }
            if run.clock >= until.unwrap_or(from.saturating_add(1)) {
                self.note_after(&mut search, run.clock);
                continue;
            }
            let start = run.clock.max(from);
            let near = self.near(map, number, camera, start)?;
            let shown = near
                .shown
                .filter(|(clock, _)| start.saturating_sub(*clock) < gap_after(interval));
            match (shown, until) {
                (Some((clock, offset)), _) => search.found.push(Moment {
                    end: until.map(|until| end.min(until)),
                    offset: Some(offset),
                    keyframe: near.keyframe,
                    ..self.moment(clock)
                }),
                // a survey may have overlooked a gap
                (None, _) => {
                    if let Some((clock, _)) = near.shown {
                        self.note_before(&mut search, clock);
                    }
                    let Some((clock, offset)) = near.next else {
                        continue;
                    };
                    match until.filter(|until| clock < *until) {
                        Some(until) => search.found.push(Moment {
                            end: Some(end.min(until)),
                            offset: Some(offset),
                            keyframe: near.keyframe,
                            ..self.moment(clock)
                        }),
                        None => self.note_after(&mut search, clock),
                    }
                }
            }
        }
        // samples may show a gap where there is none: the frames from the last run before on decide
        let before = map.runs.iter().enumerate();
        let before = before.filter(|(_, run)| run.clock_end <= from);
        if search.found.is_empty()
            && map.accuracy < Accuracy::Exact
            && let Some((number, _)) = before.max_by_key(|(_, run)| run.clock_end)
        {
            let near = self.near(map, number, camera, from)?;
            if let Some((clock, offset)) = near.shown {
                match from.saturating_sub(clock) < gap_after(interval) {
                    true => search.found.push(Moment {
                        end: until.map(|_| clock.saturating_add(interval)),
                        offset: Some(offset),
                        keyframe: near.keyframe,
                        ..self.moment(clock)
                    }),
                    false => self.note_before(&mut search, clock),
                }
            }
            if let Some((clock, _)) = near.next {
                self.note_after(&mut search, clock);
            }
        }
        Ok(search)
    }

    /// The frames around a time of a run, or after it.
    fn near(&self, map: &TimeMap, number: usize, camera: u16, clock: i64) -> Result<Near, Failure> {
        let profile = &self.recording.findings.profile;
        let source = || self.source.clone();
        let seeker = Seeker::new(
            source(),
            &*self.reader,
            map,
            profile,
            vec![camera],
            camera,
            self.start,
        );
        let lister = Lister::new(source(), &*self.reader, Space::Records, camera);
        let (Some(mut seeker), Some(mut lister), Some(run)) =
            (seeker, lister, map.runs.get(number))
        else {
            return Ok(Near::default());
        };
        let inside = clock.min(run.clock_end).saturating_sub(run.clock);
        let running = run.running.saturating_add(inside);
        let Some(target) = seeker.locate(running, Snap::Accurate)? else {
            return Ok(Near::default());
        };
        let timing = FrameTiming {
            interval: profile.interval(camera),
            ..profile.timing
        };
        let from = target
            .before
            .first()
            .map_or(target.offset, |mark| mark.offset);
        let whole = from <= self.start;
        let end = map.end_offset();
        let frames = lister.timed(from, end, &timing, whole, &mut |_, time| time > clock)?;
        let place = |(listed, time): &(Listed, i64)| (*time, listed.mark.offset);
        let shown = frames.iter().rfind(|(_, time)| *time <= clock).map(place);
        let next = frames.iter().find(|(_, time)| *time > clock).map(place);
        let until = shown.or(next).map_or(0, |(_, offset)| offset);
        let keys = frames.iter().filter(|(listed, _)| listed.mark.key);
        let offsets = keys.map(|(listed, _)| listed.mark.offset);
        let keyframe = offsets.filter(|offset| *offset <= until).max();
        Ok(Near {
            shown,
            next,
            keyframe: keyframe.or_else(|| target.from.get(&camera).copied()),
        })
    }

    fn moment(&self, clock: i64) -> Moment {
        Moment {
            file: self.recording.input.name.clone(),
            clock,
            end: None,
            offset: None,
            keyframe: None,
        }
    }

    fn note_before(&self, search: &mut Search, clock: i64) {
        if search
            .before
            .as_ref()
            .is_none_or(|known| known.clock < clock)
        {
            search.before = Some(self.moment(clock));
        }
    }

    fn note_after(&self, search: &mut Search, clock: i64) {
        if search
            .after
            .as_ref()
            .is_none_or(|known| known.clock > clock)
        {
            search.after = Some(self.moment(clock));
        }
    }
}

/// A frame, or a span of frames.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Its file.
    pub file: String,
    /// Clock of the frame, nanoseconds.
    pub clock: i64,
    /// Where the span ends.
    pub end: Option<i64>,
    /// Offset of the frame's record.
    pub offset: Option<u64>,
    /// Offset of the keyframe that decoding begins with.
    pub keyframe: Option<u64>,
}

/// What a search found.
#[derive(Default)]
pub struct Search {
    /// In each run that has it, in the order of recording.
    pub found: Vec<Moment>,
    /// The nearest frame before.
    pub before: Option<Moment>,
    /// The nearest frame after.
    pub after: Option<Moment>,
}

/// Clock and offset of the frames around a time.
#[derive(Default)]
struct Near {
    /// The last at or before it.
    shown: Option<(i64, u64)>,
    /// The first after it.
    next: Option<(i64, u64)>,
    keyframe: Option<u64>,
}
