// SPDX-License-Identifier: MPL-2.0
//! Which pictures go into the output, and when they are shown there.

use super::captions::{Cues, Words};
use crate::common::frames::Frame;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, OnceLock},
};

/// Finds what lies in a window of the recorder's clock, and the keyframes that it can be decoded from.
pub struct Finder {
    /// First moment, nanoseconds.
    pub from: i64,
    /// Moment after the last.
    pub to: i64,
    cameras: HashMap<u16, Crossing>,
}

#[derive(Default)]
struct Crossing {
    key: i64,
    /// Pictures since the keyframe, and those that are in the window or needed for it.
    since_key: u64,
    frames: u64,
    inside: bool,
    stays: Vec<Stay>,
}

/// A time that a recording is in the window, by the clocks of its pictures.
#[derive(Clone, Copy, Debug)]
struct Stay {
    /// The keyframe that it is decoded from.
    key: i64,
    first: i64,
    last: i64,
}

impl Finder {
    /// Finds what is from `from` up to, not including, `to`.
    pub fn new(from: i64, to: i64) -> Finder {
        Finder {
            from,
            to,
            cameras: HashMap::new(),
        }
    }

    /// Sees the next frame of the file.
    pub fn see(&mut self, frame: &Frame) {
        if !frame.is_video() || frame.orphan {
            return;
        }
        let camera = self.cameras.entry(frame.stream.camera).or_default();
        camera.since_key += 1;
        if frame.key {
            camera.key = frame.clock;
            camera.since_key = 0;
        }
        let inside = (self.from..self.to).contains(&frame.clock);
        if inside && !camera.inside {
            camera.stays.push(Stay {
                key: camera.key,
                first: frame.clock,
                last: frame.clock,
            });
            camera.frames += camera.since_key;
        }
        camera.frames += u64::from(inside);
        if let Some(stay) = camera.stays.last_mut().filter(|_| inside) {
            stay.last = frame.clock;
        }
        camera.inside = inside;
    }

    /// Pictures of a camera that its part of the output is made of.
    pub fn frames(&self, camera: u16) -> u64 {
        self.cameras.get(&camera).map_or(0, |camera| camera.frames)
    }

    /// What is to be kept of a camera; `None` where nothing is. `slack` allows for times that were rounded otherwise.
    pub fn clip(&self, camera: u16, slack: i64) -> Option<Clip> {
        let stays = &self.cameras.get(&camera)?.stays;
        (!stays.is_empty()).then(|| Clip {
            from: self.from,
            to: self.to,
            stays: stays.clone(),
            slack,
        })
    }
}

/// A window of the recorder's clock.
#[derive(Clone, Debug)]
pub struct Clip {
    from: i64,
    to: i64,
    /// Each time that the recording is in the window: more than one where an hour occurs twice.
    stays: Vec<Stay>,
    /// A keyframe may come this much earlier, by another rounding.
    slack: i64,
}

/// What becomes of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on, and is shown this many nanoseconds earlier.
    Keep(u64),
    /// It goes on to be decoded, but is not shown.
    Decode,
    /// It is left out.
    Drop,
    /// It is left out, and so is all that follows.
    End,
}

/// Part of the input that is shown.
#[derive(Clone, Copy, Debug)]
struct Shown {
    start: u64,
    end: u64,
    shift: u64,
}

/// Follows the pictures of one camera through the pipeline.
pub struct Tracker {
    clip: Option<Clip>,
    /// Pictures are encoded anew, so the window is met exactly.
    exact: bool,
    /// Gaps are left out.
    collapse: bool,
    words: Words,
    /// Subtitles.
    pub cues: Option<Cues>,
    /// The container has no times: pictures follow each other at this distance, nanoseconds.
    pub steady: Option<u64>,
    /// Shift that all cameras of a mosaic have.
    pub common: Option<Arc<OnceLock<u64>>>,
    keeping: bool,
    shown: VecDeque<Shown>,
    closed: usize,
    out_end: u64,
    mode: String,
    modes: VecDeque<(u64, String)>,
    /// Pictures that went on.
    pub frames: u64,
    /// Where the output ends, nanoseconds.
    pub end: u64,
    /// Sound came in when the output had begun without.
    pub late_sound: bool,
    /// Clock of the first and the last picture that is shown.
    pub span: Option<(i64, i64)>,
    /// Time and clock of the last picture.
    last: Option<(u64, i64)>,
}

impl Tracker {
    /// At the beginning.
    pub fn new(clip: Option<Clip>, exact: bool, collapse: bool, words: Words) -> Tracker {
        Tracker {
            clip,
            exact,
            collapse,
            words,
            cues: None,
            steady: None,
            common: None,
            keeping: false,
            shown: VecDeque::new(),
            closed: 0,
            out_end: 0,
            mode: String::new(),
            modes: VecDeque::new(),
            frames: 0,
            end: 0,
            late_sound: false,
            span: None,
            last: None,
        }
    }

    /// The mode of the pictures that follow.
    pub fn set_mode(&mut self, mode: &str) {
        mode.clone_into(&mut self.mode);
    }

    /// A picture comes in. Times are nanoseconds.
    pub fn picture(
        &mut self,
        (pts, duration): (u64, u64),
        clock: Option<i64>,
        key: bool,
        bytes: usize,
    ) -> Verdict {
        let clock = clock.unwrap_or_else(|| i64::try_from(pts).unwrap_or(i64::MAX));
        self.last = Some((pts, clock));
        if self.modes.back().is_none_or(|(_, mode)| *mode != self.mode) {
            self.modes.push_back((pts, self.mode.clone()));
        }
        let verdict = self.decide(pts, clock, key);
        match verdict {
            Verdict::Keep(shift) => {
                let (start, duration) = match self.steady {
                    None => (pts.saturating_sub(shift), duration),
                    Some(interval) => (self.frames.saturating_mul(interval), interval),
                };
                self.end = start.saturating_add(duration);
                self.out_end = pts.saturating_sub(shift).saturating_add(duration);
                self.frames += 1;
                self.span = Some((self.span.map_or(clock, |(first, _)| first), clock));
                if let Some(cues) = &mut self.cues {
                    let text = self.words.at(clock, &self.mode, 19, ", ");
                    cues.picture(text, start, self.end, bytes);
                }
            }
            Verdict::End => self.finish(),
            Verdict::Decode | Verdict::Drop => {}
        }
        verdict
    }

    fn decide(&mut self, pts: u64, clock: i64, key: bool) -> Verdict {
        let Some(clip) = &self.clip else {
            if self.shown.is_empty() {
                self.show(pts);
            }
            return Verdict::Keep(self.shown.back().map_or(0, |shown| shown.shift));
        };
        let (decoded, wanted) = clip.holds(clock);
        if !decoded {
            return self.leave(pts);
        }
        if !self.keeping && !key {
            return Verdict::Drop;
        }
        let begins = !std::mem::replace(&mut self.keeping, true);
        let open = self.shown.back().is_some_and(|shown| shown.end == u64::MAX);
        if self.exact && !wanted {
            return Verdict::Decode;
        }
        if begins || !open {
            self.show(pts);
        }
        Verdict::Keep(self.shown.back().map_or(0, |shown| shown.shift))
    }

    fn leave(&mut self, pts: u64) -> Verdict {
        if std::mem::replace(&mut self.keeping, false) {
            self.closed += 1;
            if let Some(shown) = self.shown.back_mut() {
                shown.end = shown.end.min(pts);
            }
        }
        let all = self
            .clip
            .as_ref()
            .map_or(usize::MAX, |clip| clip.stays.len());
        match self.closed >= all {
            true => Verdict::End,
            false => Verdict::Drop,
        }
    }

    fn show(&mut self, pts: u64) {
        let shift = match (&self.common, self.collapse, self.shown.back()) {
            (Some(common), _, _) => *common.get_or_init(|| pts),
            (None, false, Some(shown)) => shown.shift,
            (None, _, _) => pts.saturating_sub(self.out_end),
        };
        self.shown.push_back(Shown {
            start: pts,
            end: u64::MAX,
            shift,
        });
    }

    /// How much earlier a decoded picture or sound of this time is shown; `None` where it is not.
    pub fn shift(&self, pts: u64) -> Option<u64> {
        let shown = self.shown.iter().rev();
        let mut holding = shown.filter(|shown| (shown.start..shown.end).contains(&pts));
        holding.next().map(|shown| shown.shift)
    }

    /// How much of a time without pictures, from `start` on, goes into the output; `None` where nothing does.
    pub fn silence(&self, start: u64, length: u64) -> Option<u64> {
        let Some(clip) = &self.clip else {
            return Some(length);
        };
        let (pts, clock) = self.last.filter(|_| self.keeping)?;
        let passed = i64::try_from(start.saturating_sub(pts)).unwrap_or(i64::MAX);
        let left = clip.to.saturating_sub(clock.saturating_add(passed));
        Some(length.min(u64::try_from(left).unwrap_or(0))).filter(|length| *length > 0)
    }

    /// Text to burn into the picture of this time.
    pub fn text(&mut self, pts: u64, clock: Option<i64>, digits: usize) -> String {
        while self.modes.get(1).is_some_and(|(from, _)| *from <= pts) {
            self.modes.pop_front();
        }
        let mode = self.modes.front().map_or("", |(_, mode)| mode.as_str());
        let clock = clock.unwrap_or_else(|| i64::try_from(pts).unwrap_or(i64::MAX));
        self.words.at(clock, mode, digits, "\n")
    }

    /// No picture follows.
    pub fn finish(&mut self) {
        if let Some(cues) = &mut self.cues {
            cues.end();
        }
    }
}

impl Clip {
    /// Whether a picture is needed, and whether it is itself wanted.
    fn holds(&self, clock: i64) -> (bool, bool) {
        let wanted = (self.from..self.to).contains(&clock);
        let needed = self
            .stays
            .iter()
            .any(|stay| (stay.key.saturating_sub(self.slack)..self.from).contains(&clock));
        (wanted || needed, wanted)
    }

    /// Whether any of this stretch of the clock is wanted.
    pub fn meets(&self, start: i64, last: i64) -> bool {
        start < self.to && last >= self.from
    }

    /// Of a run that is partly wanted: where it begins in the output, its first picture that is shown, and its last. `exact`: of a
    /// copy, the pictures since the keyframe before the window are shown too.
    pub fn part(&self, run: (i64, i64), decodable: i64, exact: bool) -> (i64, i64, i64) {
        let (start, last) = run;
        let within = |time: &i64| (start..=last).contains(time);
        let keys = self.stays.iter().map(|stay| stay.key).filter(within);
        let firsts = self.stays.iter().map(|stay| stay.first).filter(within);
        let lasts = self.stays.iter().map(|stay| stay.last).filter(within);
        let wanted = firsts.min().unwrap_or(start);
        let first = match keys.max() {
            Some(key) if !exact => key.min(wanted),
            _ => wanted,
        };
        let shown = first.max(decodable);
        let begins = if start >= self.from { start } else { shown };
        let last = lasts.max().unwrap_or(last);
        (begins, shown, last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::clock::Zone;

    const SECOND: i64 = 1_000_000_000;

    fn tracker(exact: bool, keys: &[i64]) -> Tracker {
        let clip = Clip {
            from: 105 * SECOND,
            to: 108 * SECOND,
            stays: keys
                .iter()
                .map(|key| Stay {
                    key: key * SECOND,
                    first: 105 * SECOND,
                    last: 107 * SECOND,
                })
                .collect(),
            slack: 0,
        };
        let words = Words {
            zone: Zone::new(None, None),
            has_clock: true,
            camera: String::new(),
        };
        Tracker::new(Some(clip), exact, true, words)
    }

    fn run(tracker: &mut Tracker, clocks: impl Iterator<Item = i64>) -> Vec<Verdict> {
        let at = |n: usize| n as u64 * 1_000_000_000;
        clocks
            .enumerate()
            .map(|(n, clock)| {
                tracker.picture((at(n), at(1)), Some(clock * SECOND), clock % 4 == 0, 1)
            })
            .collect()
    }

    #[test]
    fn a_copy_begins_with_the_keyframe_before_the_window() {
        use Verdict::{Drop, End, Keep};
        let mut tracker = tracker(false, &[104]);
        let shift = Keep(4_000_000_000);
        let expected = [Drop, Drop, Drop, Drop, shift, shift, shift, shift, End];
        assert_eq!(run(&mut tracker, 100..109), expected);
        assert_eq!(tracker.frames, 4);
        assert_eq!(tracker.span, Some((104 * SECOND, 107 * SECOND)));
    }

    #[test]
    fn a_run_is_cut_where_its_pictures_are() {
        let second = |(a, b, c): (i64, i64, i64)| (a / SECOND, b / SECOND, c / SECOND);
        let clip = tracker(false, &[104]).clip.unwrap();
        let run = (100 * SECOND, 120 * SECOND);
        assert_eq!(second(clip.part(run, run.0, true)), (105, 105, 107));
        assert_eq!(second(clip.part(run, run.0, false)), (104, 104, 107));
        // a run that begins in the window, with a picture that has no reference
        let run = (106 * SECOND, 120 * SECOND);
        let part = clip.part(run, 107 * SECOND, false);
        assert_eq!(second(part), (106, 107, 107));
    }

    #[test]
    fn silence_ends_with_the_window() {
        let mut tracker = tracker(false, &[104]);
        assert_eq!(tracker.silence(0, 9), None);
        run(&mut tracker, 100..107);
        // the last picture is of 106, the window ends before 108
        assert_eq!(tracker.silence(7_000_000_000, 500), Some(500));
        let hour = 3_600_000_000_000;
        assert_eq!(tracker.silence(7_000_000_000, hour), Some(1_000_000_000));
        assert_eq!(tracker.silence(9_000_000_000, hour), None);
    }

    #[test]
    fn an_encoded_output_begins_with_the_window() {
        use Verdict::{Decode, Drop, End, Keep};
        let mut tracker = tracker(true, &[104]);
        let shift = Keep(5_000_000_000);
        let expected = [Drop, Drop, Drop, Drop, Decode, shift, shift, shift, End];
        assert_eq!(run(&mut tracker, 100..109), expected);
        assert_eq!(tracker.shift(4_000_000_000), None);
        assert_eq!(tracker.shift(6_000_000_000), Some(5_000_000_000));
        assert_eq!(tracker.shift(9_000_000_000), None);
    }

    #[test]
    fn both_passes_of_an_hour_that_occurs_twice_are_kept() {
        let mut tracker = tracker(false, &[104, 104]);
        let clocks = (100..110).chain(100..110);
        let kept = run(&mut tracker, clocks)
            .into_iter()
            .filter(|verdict| matches!(verdict, Verdict::Keep(_)))
            .count();
        assert_eq!(kept, 8);
        // the second pass follows the first at once
        assert_eq!(tracker.end, 8_000_000_000);
    }
}
