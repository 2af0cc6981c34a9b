// SPDX-License-Identifier: MPL-2.0
//! What kind of clock a file has, measured over its first records.

use super::{MILLI, SECOND};
use crate::reader::Timestamp;

/// How fine the clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The milliseconds are real.
    Millis,
    /// Only the seconds count.
    Seconds,
    /// There is no clock; slots of the file's own timeline take its place.
    Slots,
}

/// A record as the measurement sees it.
#[derive(Clone, Copy, Debug)]
pub struct TimingSample {
    /// Its camera.
    pub camera: u16,
    /// Its time.
    pub timestamp: Option<Timestamp>,
    /// Its slot.
    pub slot: Option<u64>,
}

/// The clock of a file and its usual frame distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTiming {
    /// How fine the clock is.
    pub resolution: Resolution,
    /// Usual distance between two frames of a camera, nanoseconds; at least 1.
    pub interval: i64,
    /// The distances hardly vary, so that `interval` makes a frame rate.
    pub steady: bool,
    /// Duration of a slot, nanoseconds as a fraction of a second: numerator and denominator of slots a second.
    pub slot_rate: Option<(u32, u32)>,
    /// Usual distance in slots.
    pub slots: Option<u64>,
    /// Audio begins so much before the first frame, nanoseconds; 0 where it does not.
    pub lead: i64,
}

impl Default for FrameTiming {
    fn default() -> FrameTiming {
        FrameTiming {
            resolution: Resolution::Millis,
            interval: SECOND / 25,
            steady: false,
            slot_rate: None,
            slots: None,
            lead: 0,
        }
    }
}

impl FrameTiming {
    /// Measures the first frames of a file. `nominal` is the header's rate, `slot_rate` the slots in a second.
    ///
    /// Milliseconds are real where two records of one camera in one second differ in them. Where all of a second say the same,
    /// they are not (assumed; in verified files these bytes are unread).
    pub fn measure(
        samples: &[TimingSample],
        nominal: Option<(u32, u32)>,
        slot_rate: Option<(u32, u32)>,
    ) -> FrameTiming {
        let resolution = resolution(samples);
        let slots = median(differences(samples, |sample| {
            sample.slot.and_then(|slot| i64::try_from(slot).ok())
        }));
        let mut timing = FrameTiming {
            resolution,
            slot_rate,
            slots: slots.and_then(|slots| u64::try_from(slots).ok()),
            ..FrameTiming::default()
        };
        let by_slots = slots.and_then(|slots| slot_time(slots, slot_rate));
        let by_rate = nominal.and_then(|(num, den)| slot_time(i64::from(den), Some((num, 1))));
        let measured = match resolution {
            Resolution::Millis => by_millis(samples),
            Resolution::Seconds => by_seconds(samples),
            Resolution::Slots => None,
        };
        if let Some((interval, steady)) = measured {
            timing.interval = interval;
            timing.steady = steady;
        }
        if let Some(interval) = by_slots.or(if measured.is_none() { by_rate } else { None }) {
            timing.interval = interval;
            timing.steady = true;
        }
        // a usual rate is meant exactly, though milliseconds show it rounded
        if let Some(exact) = timing
            .frame_rate()
            .and_then(|(num, den)| slot_time(i64::from(den), Some((num, 1))))
        {
            timing.interval = exact;
        }
        timing.interval = timing.interval.max(1);
        timing
    }

    /// Frame rate as a fraction, from slots or a steady timing.
    pub fn frame_rate(&self) -> Option<(u32, u32)> {
        if let (Some((num, den)), Some(slots)) = (self.slot_rate, self.slots.filter(|s| *s > 0)) {
            let den = u64::from(den).checked_mul(slots)?;
            return reduce(u64::from(num), den);
        }
        if !self.steady {
            return None;
        }
        nearest_rate(self.interval)
    }

    /// The step that is a gap: at least 2 s and 4 usual intervals.
    pub fn gap(&self) -> i64 {
        super::runs::gap_after(self.interval)
    }
}

/// Time of `slots` slots, in nanoseconds.
pub fn slot_time(slots: i64, rate: Option<(u32, u32)>) -> Option<i64> {
    let (num, den) = rate?;
    let time = i128::from(slots)
        .checked_mul(i128::from(den))?
        .checked_mul(i128::from(SECOND))?
        .checked_div(i128::from(num))?;
    i64::try_from(time).ok()
}

/// Records of one moment after which a clock is have stopped: more than any recorder keeps in a second.
const STANDING: usize = 62;

fn resolution(samples: &[TimingSample]) -> Resolution {
    let mut same = false;
    let mut fine = false;
    let mut timed = false;
    for camera in cameras(samples) {
        let mut previous: Option<Timestamp> = None;
        for timestamp in timestamps(samples, camera) {
            timed = true;
            fine |= timestamp.millis.is_some();
            if let Some(before) = previous
                && before.seconds == timestamp.seconds
            {
                if before.millis != timestamp.millis {
                    return Resolution::Millis;
                }
                same = true;
            }
            previous = Some(timestamp);
        }
    }
    // a clock that has stopped is none
    let mut all = samples.iter().filter_map(|sample| sample.timestamp);
    if let Some(first) = all.next()
        && samples.len() >= STANDING
        && all.all(|timestamp| timestamp == first)
    {
        return Resolution::Slots;
    }
    match (timed, same, fine) {
        (false, ..) => Resolution::Slots,
        (true, false, true) => Resolution::Millis,
        _ => Resolution::Seconds,
    }
}

fn cameras(samples: &[TimingSample]) -> Vec<u16> {
    let mut cameras: Vec<u16> = samples.iter().map(|sample| sample.camera).collect();
    cameras.sort_unstable();
    cameras.dedup();
    cameras
}

fn timestamps(samples: &[TimingSample], camera: u16) -> impl Iterator<Item = Timestamp> + '_ {
    samples
        .iter()
        .filter(move |sample| sample.camera == camera)
        .filter_map(|sample| sample.timestamp)
}

/// Positive differences between neighbours of one camera.
fn differences(samples: &[TimingSample], value: impl Fn(&TimingSample) -> Option<i64>) -> Vec<i64> {
    let mut all = Vec::new();
    for camera in cameras(samples) {
        let mut previous: Option<i64> = None;
        for now in samples
            .iter()
            .filter(|sample| sample.camera == camera)
            .filter_map(&value)
        {
            if let Some(before) = previous.filter(|before| now > *before) {
                all.push(now.saturating_sub(before));
            }
            previous = Some(now);
        }
    }
    all
}

fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// Interval and steadiness where milliseconds are real.
fn by_millis(samples: &[TimingSample]) -> Option<(i64, bool)> {
    let steps = differences(samples, |sample| Some(sample.timestamp?.unix_ms()));
    let middle = median(steps.clone())?;
    let tolerance = (middle / 5).max(2);
    let near: Vec<i64> = steps
        .iter()
        .copied()
        .filter(|step| step.abs_diff(middle) <= tolerance.unsigned_abs())
        .collect();
    let steady = near.len() >= 4 && near.len().saturating_mul(10) >= steps.len().saturating_mul(9);
    let sum: i64 = near.iter().fold(0, |sum, step| sum.saturating_add(*step));
    let count = i64::try_from(near.len()).unwrap_or(i64::MAX).max(1);
    // the mean of the usual steps is finer than any one of them
    let mean = sum.saturating_mul(MILLI).checked_div(count)?;
    Some((mean.max(1), steady))
}

/// Interval where only seconds count: from the number of frames in whole seconds, or from the distance of the seconds.
fn by_seconds(samples: &[TimingSample]) -> Option<(i64, bool)> {
    let mut full = Vec::new();
    for camera in cameras(samples) {
        let mut groups: Vec<(i64, i64)> = Vec::new();
        for timestamp in timestamps(samples, camera) {
            match groups.last_mut() {
                Some((second, count)) if *second == timestamp.seconds => {
                    *count = count.saturating_add(1)
                }
                _ => groups.push((timestamp.seconds, 1)),
            }
        }
        // the first and the last second may have begun before or end after
        let inner = groups
            .get(1..groups.len().saturating_sub(1))
            .unwrap_or_default();
        full.extend(inner.iter().map(|(_, count)| *count));
        if inner.is_empty() {
            full.extend(groups.iter().map(|(_, count)| *count).max());
        }
    }
    let count = median(full.clone())?;
    let steps = median(differences(samples, |sample| {
        Some(sample.timestamp?.seconds)
    }))?;
    if count > 1 {
        let near = full
            .iter()
            .filter(|other| other.abs_diff(count) <= 1)
            .count();
        let steady = near >= 2 && near.saturating_mul(10) >= full.len().saturating_mul(8);
        let sum: i64 = full
            .iter()
            .fold(0_i64, |sum, n| sum.saturating_add(*n))
            .max(1);
        let seconds = i64::try_from(full.len()).unwrap_or(1);
        let interval = seconds.saturating_mul(SECOND).checked_div(sum)?;
        return Some((interval.max(1), steady));
    }
    Some((steps.saturating_mul(SECOND), false))
}

fn reduce(num: u64, den: u64) -> Option<(u32, u32)> {
    let (mut a, mut b) = (num, den);
    while b != 0 {
        (a, b) = (b, a.checked_rem(b)?);
    }
    let num = u32::try_from(num.checked_div(a)?).ok()?;
    let den = u32::try_from(den.checked_div(a)?).ok()?;
    let fits = |value: u32| i32::try_from(value).is_ok();
    (fits(num) && fits(den)).then_some((num, den))
}

/// The usual frame rate nearest to an interval, within 1 %: whole rates, their halves and quarters, and those of NTSC.
fn nearest_rate(interval: i64) -> Option<(u32, u32)> {
    let mut best: Option<(u64, (u32, u32))> = None;
    let mut consider = |num: u32, den: u32| {
        let Some(ideal) = slot_time(i64::from(den), Some((num, 1))) else {
            return;
        };
        let error = ideal.abs_diff(interval);
        if error.saturating_mul(100) <= ideal.unsigned_abs()
            && best.is_none_or(|(least, _)| error < least)
        {
            best = Some((error, (num, den)));
        }
    };
    for num in 1..=60 {
        consider(num, 1);
        consider(num, 4);
        consider(num, 2);
        consider(num, 10);
    }
    for den in 1..=30 {
        consider(30_000, 1001_u32.saturating_mul(den));
        consider(25, den);
    }
    let (_, (num, den)) = best?;
    reduce(u64::from(num), u64::from(den))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(times: &[(i64, Option<u16>)]) -> Vec<TimingSample> {
        times
            .iter()
            .map(|(seconds, millis)| TimingSample {
                camera: 1,
                timestamp: Some(Timestamp {
                    seconds: *seconds,
                    millis: *millis,
                }),
                slot: None,
            })
            .collect()
    }

    #[test]
    fn real_milliseconds_give_the_rate() {
        let times: Vec<_> = (0..32_i64)
            .map(|n| {
                let ms = n * 2000 / 15;
                (1000 + ms / 1000, Some((ms % 1000) as u16))
            })
            .collect();
        let timing = FrameTiming::measure(&samples(&times), None, None);
        assert_eq!(timing.resolution, Resolution::Millis);
        assert_eq!(timing.frame_rate(), Some((15, 2)));
        assert_eq!(timing.gap(), 2 * SECOND);
    }

    #[test]
    fn one_value_in_a_second_is_no_milliseconds() {
        let times: Vec<_> = (0..40_i64).map(|n| (1000 + n / 8, Some(77))).collect();
        let timing = FrameTiming::measure(&samples(&times), None, None);
        assert_eq!(timing.resolution, Resolution::Seconds);
        assert_eq!(timing.frame_rate(), Some((8, 1)));
    }

    #[test]
    fn a_slow_recording_is_no_row_of_gaps() {
        let times: Vec<_> = (0..20_i64).map(|n| (1000 + n * 5, Some(0))).collect();
        let timing = FrameTiming::measure(&samples(&times), None, None);
        assert_eq!(timing.gap(), 20 * SECOND);
        assert_eq!(timing.frame_rate(), Some((1, 5)));
    }

    #[test]
    fn slots_give_the_rate_of_plv1() {
        let mut row = samples(&[(1000, None); 9]);
        for (n, sample) in row.iter_mut().enumerate() {
            sample.slot = Some(n as u64 * 4);
        }
        let timing = FrameTiming::measure(&row, None, Some((30_000, 1001)));
        assert_eq!(timing.resolution, Resolution::Seconds);
        assert_eq!(timing.frame_rate(), Some((7500, 1001)));
    }

    #[test]
    fn an_unsteady_recording_has_no_rate() {
        let times: Vec<_> = [0, 40, 300, 330, 900, 1000, 1600, 1640, 2500, 3300]
            .iter()
            .map(|ms: &i64| (1000 + ms / 1000, Some((ms % 1000) as u16)))
            .collect();
        assert_eq!(
            FrameTiming::measure(&samples(&times), None, None).frame_rate(),
            None
        );
    }
}
