// SPDX-License-Identifier: MPL-2.0
//! Which pictures go into the output, and when they are shown there.

use super::captions::{Cues, Words};
use crate::common::frames::Frame;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, OnceLock},
};

/// Finds what lies in a window of the recorder's clock, and the key pictures that it can be decoded from.
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
    inside: bool,
    found: Vec<i64>,
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
        if frame.key {
            camera.key = frame.clock;
        }
        let inside = (self.from..self.to).contains(&frame.clock);
        if inside && !camera.inside {
            camera.found.push(camera.key);
        }
        camera.inside = inside;
    }

    /// What is to be kept of a camera; `None` where nothing is. `slack` allows for times that were rounded otherwise.
    pub fn clip(&self, camera: u16, slack: i64) -> Option<Clip> {
        let keys = self.cameras.get(&camera)?.found.clone();
        (!keys.is_empty()).then_some(Clip {
            from: self.from,
            to: self.to,
            keys,
            slack,
        })
    }
}

/// A window of the recorder's clock.
#[derive(Clone, Debug)]
pub struct Clip {
    from: i64,
    to: i64,
    /// Clock of the key picture before each time that the recording enters the window: more than one where an hour occurs twice.
    keys: Vec<i64>,
    /// A key picture may come this much earlier, by another rounding.
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
            .map_or(usize::MAX, |clip| clip.keys.len());
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
            .keys
            .iter()
            .any(|key| (key.saturating_sub(self.slack)..self.from).contains(&clock));
        (wanted || needed, wanted)
    }

    /// Whether any of this stretch of the clock is wanted.
    pub fn meets(&self, start: i64, last: i64) -> bool {
        start < self.to && last >= self.from
    }

    /// What is wanted of a stretch of the clock.
    pub fn cut(&self, start: i64, last: i64) -> (i64, i64) {
        (start.max(self.from), last.min(self.to.saturating_sub(1)))
    }

    /// First moment that the copied output holds.
    pub fn first(&self, start: i64, last: i64) -> i64 {
        let keys = self.keys.iter().copied();
        let key = keys.filter(|key| (start..=last).contains(key)).max();
        key.unwrap_or(start.max(self.from))
            .min(self.from.max(start))
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
            keys: keys.iter().map(|key| key * SECOND).collect(),
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
    fn a_copy_begins_with_the_key_picture_before_the_window() {
        use Verdict::{Drop, End, Keep};
        let mut tracker = tracker(false, &[104]);
        let shift = Keep(4_000_000_000);
        let expected = [Drop, Drop, Drop, Drop, shift, shift, shift, shift, End];
        assert_eq!(run(&mut tracker, 100..109), expected);
        assert_eq!(tracker.frames, 4);
        assert_eq!(tracker.span, Some((104 * SECOND, 107 * SECOND)));
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
