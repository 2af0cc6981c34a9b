// SPDX-License-Identifier: MPL-2.0
//! Puts cameras and their runs together from frames.

use super::{Camera, Hurt, Sound, Span, Stretch};
use crate::common::frames::{Frame, Summary};
use formats::{
    reader::{Codec, Media, StreamKey},
    timeline::{FrameTiming, SECOND, TimingSample},
};
use std::collections::{BTreeMap, HashMap};

/// Pictures that the timing of a camera is measured over, as in the demuxers.
const BEATS: usize = 64;
/// Runs of a camera that are remembered.
const MAX_RUNS: usize = 20_000;
/// Runs and changes of mode of all cameras together that are remembered: about 20 MB.
const MAX_ALL: usize = 100_000;
/// Cameras that are remembered.
const MAX_CAMERAS: usize = 1024;
/// Changes of mode that are remembered in a run.
const MAX_SPANS: usize = 1000;
/// Steps of the clock that may turn out to be a gap: no gap is shorter than 2 s.
const STEP: i64 = 2 * SECOND;
/// Places that link offsets to times, for damage.
const MAX_PLACES: usize = 8192;

/// What is known of a camera while frames come in.
struct Line {
    key: StreamKey,
    title: Option<String>,
    width: u16,
    height: u16,
    samples: Vec<TimingSample>,
    runs: Vec<Stretch>,
    more_runs: u64,
    /// Pictures of each codec.
    codecs: Vec<(Codec, u64)>,
}

/// See the module.
#[derive(Default)]
pub struct Builder {
    lines: BTreeMap<u16, Line>,
    sound: HashMap<u16, Sound>,
    places: Vec<(u64, i64)>,
    /// Every so many frames one place is remembered.
    stride: u64,
    seen: u64,
    /// Runs and changes of mode so far.
    stored: usize,
}

impl Builder {
    /// Takes the next frame of the file.
    pub fn add(&mut self, frame: &Frame) {
        if frame.stream.codec.media() == Media::Audio {
            self.sound.entry(frame.stream.camera).or_insert(Sound {
                codec: frame.stream.codec,
            });
        }
        if !frame.is_video() {
            return;
        }
        self.note_place(frame);
        let known = self.lines.contains_key(&frame.stream.camera);
        if !known && self.lines.len() >= MAX_CAMERAS {
            return;
        }
        let line = self.lines.entry(frame.stream.camera).or_insert(Line {
            key: frame.stream,
            title: None,
            width: 0,
            height: 0,
            samples: Vec::new(),
            runs: Vec::new(),
            more_runs: 0,
            codecs: Vec::new(),
        });
        self.stored += line.add(frame, self.stored < MAX_ALL);
    }

    /// Thins out when there are too many, so that memory stays bounded however long the file.
    fn note_place(&mut self, frame: &Frame) {
        let stride = self.stride.max(1);
        if self.seen.is_multiple_of(stride) {
            if self.places.len() >= MAX_PLACES {
                let mut n = 0_u32;
                self.places.retain(|_| {
                    n += 1;
                    n % 2 == 1
                });
                self.stride = stride * 2;
            }
            self.places.push((frame.offset, frame.clock));
        }
        self.seen += 1;
    }

    /// All frames were seen.
    pub fn finish(self, summary: &Summary) -> (Vec<Camera>, Vec<Hurt>) {
        let cut = summary.cut.iter().copied();
        let hurt = |offset: u64, length: u64| {
            let after = self.places.partition_point(|(at, _)| *at <= offset);
            let place = self.places.get(after.saturating_sub(1));
            Hurt {
                offset,
                length,
                clock: place.map(|(_, clock)| *clock),
            }
        };
        let front = summary
            .front
            .iter()
            .map(|front| (front.offset, front.length));
        let damage = front
            .chain(
                summary
                    .damage
                    .iter()
                    .map(|damage| (damage.offset, damage.length)),
            )
            .chain(cut)
            .map(|(offset, length)| hurt(offset, length))
            .collect();
        let cameras = self
            .lines
            .into_values()
            .map(|line| {
                let sound = self.sound.get(&line.key.camera).copied();
                line.finish(summary, sound)
            })
            .collect();
        (cameras, damage)
    }
}

impl Line {
    /// Takes a picture. `room`: a new run or mode may be remembered. Gives how many were.
    fn add(&mut self, frame: &Frame, room: bool) -> usize {
        let codec = frame.stream.codec;
        match self.codecs.iter_mut().find(|(known, _)| *known == codec) {
            Some((_, count)) => *count += 1,
            None => self.codecs.push((codec, 1)),
        }
        if frame.title.is_some() {
            self.title.clone_from(&frame.title);
        }
        if self.width == 0 {
            (self.width, self.height) = (frame.width, frame.height);
        }
        if self.samples.len() < BEATS {
            self.samples.push(TimingSample {
                camera: self.key.camera,
                timestamp: frame.timestamp,
                slot: None,
            });
        }
        let clock = frame.clock;
        let begins = self
            .runs
            .last()
            .is_none_or(|run| clock < run.last || clock.saturating_sub(run.last) >= STEP);
        // the first run of a camera is what everything else hangs on
        let room = room || self.runs.is_empty();
        let stored = begins && room && self.runs.len() < MAX_RUNS;
        if stored {
            self.runs.push(Stretch {
                start: clock,
                last: clock,
                decodable: None,
                frames: 0,
                orphans: 0,
                spans: Vec::new(),
                collapsed: 0,
                stepped_back: self.runs.last().is_some_and(|run| clock < run.last),
                pass: 0,
            });
        } else if begins {
            self.more_runs += 1;
        }
        let Some(run) = self.runs.last_mut() else {
            return 0;
        };
        run.last = clock;
        match frame.orphan {
            true => run.orphans += 1,
            false => run.frames += 1,
        }
        if !frame.orphan && run.decodable.is_none() {
            run.decodable = Some(clock);
        }
        usize::from(stored) + usize::from(note_mode(run, frame, room))
    }

    fn finish(self, summary: &Summary, sound: Option<Sound>) -> Camera {
        let listed = summary
            .info
            .cameras
            .iter()
            .find(|listed| listed.number == self.key.camera);
        let nominal = summary.info.cameras.iter().find_map(|camera| camera.rate);
        let timing = match summary.has_clock() && summary.info.slot_rate.is_none() {
            true => FrameTiming::measure(&self.samples, nominal, None),
            false => summary.timing,
        };
        let title = self
            .title
            .or_else(|| listed.map(|listed| listed.title.clone()));
        let size = match (self.width, listed) {
            (0, Some(listed)) => (listed.width, listed.height),
            _ => (self.width, self.height),
        };
        let codec = self.codecs.iter().max_by_key(|(_, count)| *count);
        let mut runs = join(self.runs, &timing);
        place(&mut runs, &timing);
        Camera {
            number: self.key.camera,
            title: title.unwrap_or_default(),
            codec: codec.map_or(self.key.codec, |(codec, _)| *codec),
            width: size.0,
            height: size.1,
            timing,
            runs,
            more_runs: self.more_runs,
            sound,
        }
    }
}

/// Whether a change of mode was remembered.
fn note_mode(run: &mut Stretch, frame: &Frame, room: bool) -> bool {
    let full = !room || run.spans.len() >= MAX_SPANS;
    if let Some(span) = run.spans.last_mut() {
        span.end = frame.clock;
        if span.mode == frame.mode || full {
            return false;
        }
    }
    run.spans.push(Span {
        start: frame.clock,
        end: frame.clock,
        mode: frame.mode,
    });
    true
}

/// Joins what was cut at steps that the camera's timing does not call a gap.
fn join(cut: Vec<Stretch>, timing: &FrameTiming) -> Vec<Stretch> {
    let mut runs: Vec<Stretch> = Vec::with_capacity(cut.len());
    for next in cut {
        match runs.last_mut() {
            Some(run) if next.start >= run.last && next.start - run.last < timing.gap() => {
                run.last = next.last;
                run.frames += next.frames;
                run.orphans += next.orphans;
                run.decodable = run.decodable.or(next.decodable);
                run.spans.extend(next.spans);
            }
            _ => runs.push(next),
        }
    }
    runs
}

/// Running times and passes of the runs.
fn place(runs: &mut [Stretch], timing: &FrameTiming) {
    let mut running = 0_i64;
    for n in 0..runs.len() {
        let (before, rest) = runs.split_at_mut(n);
        let Some(run) = rest.first_mut() else {
            return;
        };
        run.collapsed = running;
        let holds = |earlier: &&Stretch| (earlier.start..=earlier.last).contains(&run.start);
        // an hour that was recorded twice is near; a search over thousands of runs would be for nothing
        let near = before.len().saturating_sub(64);
        let earlier = before.iter().skip(near).filter(holds).count();
        run.pass = u32::try_from(earlier).unwrap_or(0);
        let length = run.last.saturating_sub(run.start);
        running = running
            .saturating_add(length)
            .saturating_add(timing.interval);
        if let Some(span) = run.spans.last_mut() {
            span.end = run.last.saturating_add(timing.interval);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::reader::Mode;

    fn run(start: i64, last: i64) -> Stretch {
        Stretch {
            start: start * SECOND,
            last: last * SECOND,
            decodable: None,
            frames: 5,
            orphans: 0,
            spans: vec![Span {
                start: start * SECOND,
                end: last * SECOND,
                mode: Mode::Motion,
            }],
            collapsed: 0,
            stepped_back: false,
            pass: 0,
        }
    }

    #[test]
    fn gaps_are_left_out_of_running_time_and_passes_are_counted() {
        let timing = FrameTiming {
            interval: SECOND / 10,
            ..FrameTiming::default()
        };
        let mut runs = join(vec![run(100, 110), run(500, 510), run(105, 108)], &timing);
        assert_eq!(runs.len(), 3);
        place(&mut runs, &timing);
        assert_eq!(runs[1].collapsed, 10 * SECOND + SECOND / 10);
        assert_eq!(runs[2].collapsed, 20 * SECOND + SECOND / 5);
        assert_eq!(runs[2].pass, 1);
        assert_eq!(runs[0].pass, 0);
    }

    #[test]
    fn a_slow_camera_has_no_gaps() {
        let timing = FrameTiming {
            interval: 5 * SECOND,
            ..FrameTiming::default()
        };
        let cut = (0..10).map(|n| run(n * 5, n * 5)).collect();
        let runs = join(cut, &timing);
        assert_eq!((runs.len(), runs[0].frames), (1, 50));
    }
}
