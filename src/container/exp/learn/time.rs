// SPDX-License-Identifier: MPL-2.0
//! The field that is the recorder's time: it reads as a time between 1995 and 2040 in every record and never decreases.

use super::rows::Rows;
use crate::container::exp::layout::{Number, TimeField, TimeType};
use std::collections::BTreeMap;

/// A recording is no longer than this, in milliseconds: 400 days.
const LONGEST: i64 = 400 * 86_400_000;
/// Records are on the average no further apart than this, in milliseconds.
const SLOWEST: i64 = 3_600_000;

/// A field that can be the time.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Where and how.
    pub field: TimeField,
    /// Records in which it reads as a time.
    pub valid: usize,
    /// How convincing it is; compared in order.
    rank: (bool, u8, bool, bool, usize),
}

/// The time, and what else could be it.
#[derive(Debug)]
pub struct Found {
    /// The best.
    pub best: Candidate,
    /// Others that tell other times and are about as good.
    pub rivals: Vec<Candidate>,
    /// The times are all the same: nothing shows that it is a clock.
    pub still: bool,
}

/// Facts of a series of times.
struct Series {
    different: usize,
    /// Half of the steps that are not 0 are no longer, in milliseconds.
    usual: i64,
    counts: bool,
    backwards: usize,
}

fn series(times: &[i64]) -> Option<Series> {
    let (first, last) = (times.first()?, times.last()?);
    let steps = || {
        times
            .iter()
            .zip(times.iter().skip(1))
            .map(|(a, b)| b.saturating_sub(*a))
    };
    let backwards = steps().filter(|step| *step < 0).count();
    let span = last.saturating_sub(*first);
    let pictures = times.len() as i64;
    if backwards > times.len() / 100
        || !(0..=LONGEST.min(SLOWEST.saturating_mul(pictures))).contains(&span)
    {
        return None;
    }
    let mut moves: Vec<i64> = steps().filter(|step| *step > 0).collect();
    moves.sort_unstable();
    Some(Series {
        backwards,
        different: steps().filter(|step| *step != 0).count(),
        usual: moves.get(moves.len() / 2).copied().unwrap_or(0),
        counts: steps()
            .filter(|step| (1000..=4000).contains(step))
            .count()
            .saturating_mul(100)
            >= times.len().saturating_mul(97),
    })
}

/// Types that few bytes read as by chance come first.
fn tier(time: TimeType) -> u8 {
    match time {
        TimeType::Systemtime | TimeType::Filetime | TimeType::Filetimebe => 3,
        TimeType::Bcd7 => 3,
        TimeType::Bcd6 => 2,
        _ => 1,
    }
}

/// Each camera's records are one second apart, all of them: that is a sequence number.
fn counts_by_camera(rows: &Rows<'_>, camera: Option<usize>, times: &[i64]) -> bool {
    let Some(camera) = camera else {
        return false;
    };
    let mut last: BTreeMap<u64, i64> = BTreeMap::new();
    let mut compared = 0usize;
    let numbers = rows.numbers(camera, Number::U8);
    let ones = numbers.zip(times).filter(|((_, camera), time)| {
        let before = last.insert(*camera, **time);
        compared = compared.saturating_add(usize::from(before.is_some()));
        before.is_some_and(|before| time.saturating_sub(before) == 1000)
    });
    let ones = ones.count();
    compared > 0 && ones.saturating_mul(100) >= compared.saturating_mul(97)
}

/// The bytes are digits or line ends in every record: a number written as text.
fn is_text(rows: &Rows<'_>, at: usize, time: TimeType) -> bool {
    rows.list.len() >= 8
        && rows.list.iter().all(|row| {
            let start = row.start.saturating_add(at);
            let field = rows.bytes.get(start..start.saturating_add(time.width()));
            let text =
                |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'\r' | b'\n' | b':' | b'.');
            field.unwrap_or_default().iter().all(text)
        })
}

/// Only few seconds of a minute occur in many minutes: the reading is a byte off.
fn is_shifted(times: &[i64], time: TimeType) -> bool {
    let span = times
        .last()
        .zip(times.first())
        .map_or(0, |(last, first)| last.saturating_sub(*first));
    let seen = times.iter().fold(0u64, |seen, time| {
        let second = time.div_euclid(1000).rem_euclid(60);
        seen | 1u64.wrapping_shl(second as u32)
    });
    matches!(time, TimeType::Bcd6 | TimeType::Bcd7)
        && span > 120_000
        && times.len() > 50
        && seen.count_ones() < 6
}

fn test(rows: &Rows<'_>, at: usize, time: TimeType, camera: Option<usize>) -> Option<Candidate> {
    let read = |start: usize| time.read(rows.bytes, start.checked_add(at)?).ok().flatten();
    let step = (rows.list.len() / 12).max(1);
    let missing = rows
        .list
        .iter()
        .step_by(step)
        .filter(|row| read(row.start).is_none())
        .count();
    if missing > 1 {
        return None;
    }
    let times: Vec<i64> = rows
        .list
        .iter()
        .filter_map(|row| read(row.start))
        .map(|stamp| stamp.unix_ms())
        .collect();
    if times.len().saturating_mul(200) < rows.list.len().saturating_mul(199) {
        return None;
    }
    let facts = series(&times)?;
    if is_text(rows, at, time) || is_shifted(&times, time) {
        return None;
    }
    // a sequence number before bytes that never change reads as seconds too
    let low = match time {
        TimeType::Unix32le | TimeType::Unix64le | TimeType::Unix32be | TimeType::Unix64be => times
            .first()
            .map_or(0, |first| first.saturating_div(1000) & 0xffff),
        _ => i64::MAX,
    };
    let counter = facts.counts || low < 8 || counts_by_camera(rows, camera, &times);
    let fine = tier(time) > 1 || facts.usual <= 60_000;
    Some(Candidate {
        field: TimeField { at, time },
        valid: times.len(),
        rank: (
            facts.different > 0 && fine,
            tier(time),
            !counter,
            facts.backwards == 0,
            facts.different,
        ),
    })
}

/// Looks for the time. `camera` is the column of the camera, where it is known.
pub fn find(rows: &Rows<'_>, camera: Option<usize>) -> Option<Found> {
    let mut all: Vec<Candidate> = Vec::new();
    for time in TimeType::ALL {
        all.extend(
            rows.places(time.width())
                .filter_map(|at| test(rows, at, time, camera)),
        );
    }
    // the plainer type first where two tell the same
    let best = all
        .iter()
        .copied()
        .rev()
        .max_by_key(|candidate| candidate.rank)?;
    let (best, decided) = dos_or_unix(rows, &all, best);
    let same = |other: &Candidate| {
        rows.list
            .iter()
            .step_by((rows.list.len() / 16).max(1))
            .all(|row| {
                let read = |field: TimeField| {
                    let stamp = field
                        .time
                        .read(rows.bytes, row.start.saturating_add(field.at))
                        .ok()
                        .flatten();
                    stamp.map(|stamp| stamp.seconds)
                };
                read(other.field) == read(best.field)
            })
    };
    // a reading that is some bytes off changes more rarely
    let overlaps = |other: &Candidate| {
        let ends = |field: TimeField| field.at.saturating_add(field.time.width());
        other.field.at < ends(best.field)
            && best.field.at < ends(other.field)
            && other.field.at != best.field.at
    };
    let close = |other: &&Candidate| {
        other.rank.0
            && other.rank.1 >= best.rank.1
            && other.rank.2 >= best.rank.2
            && !overlaps(other)
    };
    let overruled = |other: &Candidate| {
        decided && (unix_at(other.field, best.field) || unix_at(best.field, other.field))
    };
    let unsure = |other: &&Candidate| {
        let pair = unix_at(other.field, best.field) || unix_at(best.field, other.field);
        pair && !decided
    };
    let rivals = all
        .iter()
        .filter(|other| close(other) || unsure(other))
        .filter(|other| !same(other) && !overruled(other))
        .copied()
        .collect();
    Some(Found {
        best,
        rivals,
        still: !best.rank.0 || !best.rank.2,
    })
}

fn dos(field: TimeField) -> bool {
    matches!(field.time, TimeType::Dos | TimeType::Dosbe)
}

/// The same four bytes as Unix seconds.
fn unix_at(field: TimeField, dos: TimeField) -> bool {
    field.at == dos.at
        && matches!(
            (field.time, dos.time),
            (TimeType::Unix32le, TimeType::Dos) | (TimeType::Unix32be, TimeType::Dosbe)
        )
}

/// The bytes of a DOS time often read as Unix seconds and the other way round. Answers which it is, and whether that is more
/// than a guess. A DOS time has 30 of the 32 values of its low five bits, for its seconds, and goes from the 30th to the next
/// minute; milliseconds beside it start over twice for each of its steps.
fn dos_or_unix(rows: &Rows<'_>, all: &[Candidate], best: Candidate) -> (Candidate, bool) {
    let pair = |a: Candidate, b: Candidate| unix_at(a.field, b.field) || unix_at(b.field, a.field);
    let Some(other) = all.iter().copied().find(|other| pair(*other, best)) else {
        return (best, true);
    };
    let (as_dos, as_unix) = if dos(best.field) {
        (best, other)
    } else {
        (other, best)
    };
    let number = if as_dos.field.time == TimeType::Dos {
        Number::U32le
    } else {
        Number::U32be
    };
    let values: Vec<u64> = rows
        .numbers(as_dos.field.at, number)
        .map(|(_, value)| value)
        .collect();
    let seen = values.iter().fold(0u32, |seen, value| {
        seen | 1u32.wrapping_shl((value & 31) as u32)
    });
    let steps = || {
        values
            .iter()
            .zip(values.iter().skip(1))
            .filter(|(a, b)| a != b)
    };
    let single = steps().filter(|(a, b)| a.saturating_add(1) == **b).count();
    let minutes = steps()
        .filter(|(a, b)| **a & 31 == 29 && a.saturating_add(3) == **b)
        .count();
    if seen.count_ones() >= 29 || (minutes > 0 && single >= 8) {
        return (as_dos, true);
    }
    // Unix seconds would have shown a value that no DOS time has, more likely than not
    let guess = if seen.count_ones() >= 12 {
        as_dos
    } else {
        as_unix
    };
    let Some((at, beside, _)) = millis(rows, as_dos.field) else {
        return (guess, false);
    };
    let parts = rows.numbers(at, beside).map(|(_, value)| value);
    let placed: Vec<(u64, u64)> = values.iter().copied().zip(parts).collect();
    let following = placed.iter().zip(placed.iter().skip(1));
    let over = following
        .filter(|(a, b)| b.1 < a.1 && b.0.saturating_sub(a.0) <= 1)
        .count();
    // once for each step of seconds, twice for each of two seconds
    let (over, steps) = (over.saturating_mul(10), single.saturating_mul(10));
    if over >= steps.saturating_add(steps / 2) {
        (as_dos, single >= 3)
    } else {
        (as_unix, single >= 3)
    }
}

/// The milliseconds beside a time that has none: a number below 1000 with which the times still never decrease.
pub fn millis(rows: &Rows<'_>, time: TimeField) -> Option<(usize, Number, usize)> {
    let seconds: Vec<i64> = rows
        .list
        .iter()
        .map(|row| {
            let stamp = time
                .time
                .read(rows.bytes, row.start.saturating_add(time.at))
                .ok()
                .flatten();
            stamp.map_or(i64::MIN, |stamp| stamp.unix_ms())
        })
        .collect();
    let coarse: usize = if dos(time) { 2 } else { 1 };
    let mut best: Option<((usize, Number, usize), u64)> = None;
    for number in [Number::U16le, Number::U16be] {
        for at in rows.places(2) {
            let values: Vec<u64> = rows.numbers(at, number).map(|(_, value)| value).collect();
            if values.len() != seconds.len() || values.iter().any(|value| *value > 999) {
                continue;
            }
            let spread = values
                .iter()
                .max()
                .zip(values.iter().min())
                .map_or(0, |(high, low)| high.saturating_sub(*low));
            let mut different = values.clone();
            different.sort_unstable();
            different.dedup();
            let ones = values
                .iter()
                .zip(values.iter().skip(1))
                .filter(|(a, b)| a.saturating_add(1) == **b)
                .count();
            let counts = ones.saturating_mul(10) > values.len().saturating_mul(9);
            if spread < 400 || different.len() < 3 || counts {
                continue;
            }
            let placed: Vec<(i64, u64)> = seconds
                .iter()
                .copied()
                .zip(values.iter().copied())
                .collect();
            // two seconds share a DOS time: the milliseconds may start over once in each
            let mut left = coarse;
            let mut wrong = 0usize;
            for (a, b) in placed.iter().zip(placed.iter().skip(1)) {
                if b.0 != a.0 {
                    left = coarse;
                } else if b.1 < a.1 {
                    left = left.saturating_sub(1);
                    wrong = wrong.saturating_add(usize::from(left == 0));
                }
            }
            let following = || placed.iter().zip(placed.iter().skip(1));
            let moves = following().filter(|(a, b)| a.0 == b.0 && a.1 < b.1).count();
            // with the next second they start over, which a count does not
            let turns = following().filter(|(a, b)| a.0 < b.0);
            let (over, all) = turns.fold((0usize, 0usize), |(over, all), (a, b)| {
                (
                    over.saturating_add(usize::from(b.1 < a.1)),
                    all.saturating_add(1),
                )
            });
            let agree = placed.len().saturating_sub(wrong);
            let fits = wrong <= placed.len() / 12
                && moves >= 3
                && over.saturating_mul(2) >= all
                && over > 0;
            // a reading that is a byte off, or takes in a byte of its neighbour, makes the steps of time uneven; a recorder
            // writes its numbers in one byte order
            let mut uneven = unevenness(&placed);
            if is_little(time.time).is_some_and(|little| little != (number == Number::U16le)) {
                uneven = uneven.saturating_add(uneven / 2).saturating_add(1);
            }
            if fits && best.is_none_or(|(_, least)| uneven < least) {
                best = Some(((at, number, agree), uneven));
            }
        }
    }
    best.map(|(found, _)| found)
}

/// Byte order of a time type that has one: true for little-endian.
fn is_little(time: TimeType) -> Option<bool> {
    Some(match time {
        TimeType::Unix32le | TimeType::Unix64le | TimeType::Filetime => true,
        TimeType::Systemtime | TimeType::Dos => true,
        TimeType::Unix32be | TimeType::Unix64be | TimeType::Filetimebe | TimeType::Dosbe => false,
        TimeType::Bcd6 | TimeType::Bcd7 => return None,
    })
}

/// How far the steps between neighbouring times are from their median, milliseconds in all.
fn unevenness(placed: &[(i64, u64)]) -> u64 {
    let time = |(base, millis): &(i64, u64)| base.saturating_add_unsigned(*millis);
    let steps: Vec<i64> = placed
        .iter()
        .zip(placed.iter().skip(1))
        .map(|(a, b)| time(b).saturating_sub(time(a)))
        .collect();
    let mut sorted = steps.clone();
    sorted.sort_unstable();
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    steps
        .iter()
        .fold(0_u64, |sum, step| sum.saturating_add(step.abs_diff(middle)))
}
