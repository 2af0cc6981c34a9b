// SPDX-License-Identifier: MPL-2.0
//! The field that is the recorder's time: it reads as a time between 1995 and 2040 in every record and never decreases.

use super::{
    dos::{self, is_dos},
    millis::is_little,
    rows::{Row, Rows},
};
use crate::exp::layout::{Number, TimeField, TimeType};
use std::collections::BTreeMap;

/// A recording is no longer than this, in milliseconds: 400 days.
const LONGEST: i64 = 400 * 86_400_000;
/// A clock that moves less often than this in the file may be anything.
const FEW_MOVES: usize = 8;

/// A field that can be the time.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Where and how.
    pub field: TimeField,
    /// Records in which it reads as a time.
    pub valid: usize,
    /// The first time, in seconds since 1970.
    pub first: i64,
    /// It moves after about as many pictures each time; see [`is_steady`].
    steady: bool,
    /// Thousandths of its steps that are a clock's: a second, two for DOS, or less.
    even: usize,
    rank: Rank,
}

/// How convincing a time is; compared in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    moves: bool,
    /// Of the type; see [`tier`].
    tier: u8,
    is_no_count: bool,
    /// Number of its moves, roughly.
    scale: u32,
    /// Never set back.
    forward: bool,
    /// Byte order of the lengths.
    usual_order: bool,
    /// Number of its moves.
    different: usize,
}

/// The time, and what else could be it.
#[derive(Debug)]
pub struct Found {
    /// The best.
    pub best: Candidate,
    /// Others that tell other times and are about as good.
    pub rivals: Vec<Candidate>,
    /// The times hardly change: nothing shows that it is a clock.
    pub still: bool,
}

impl Candidate {
    /// It goes on like a count of records.
    pub fn is_count(&self) -> bool {
        !self.rank.is_no_count
    }

    /// Both read some of the same bytes.
    fn crosses(&self, other: &Candidate) -> bool {
        let ends = |field: TimeField| field.at.saturating_add(field.time.width());
        self.field.at < ends(other.field)
            && other.field.at < ends(self.field)
            && self.field.at != other.field.at
    }

    /// A reading that is a byte off changes 256 times as rarely.
    fn moves_as_often(&self, other: &Candidate) -> bool {
        self.rank.different.saturating_mul(32) >= other.rank.different
    }
}

/// Facts of a series of times.
struct Series {
    different: usize,
    /// A quarter of the steps that are not 0 are no longer, in milliseconds: gaps may be more than the seconds between them.
    least: i64,
    counts: bool,
    backwards: usize,
    /// Thousandths of the steps that are not 0 and no longer than a clock's.
    even: usize,
}

fn series(times: &[i64], unit: i64) -> Option<Series> {
    let (first, last) = (times.first()?, times.last()?);
    let steps = || {
        times
            .iter()
            .zip(times.iter().skip(1))
            .map(|(a, b)| b.saturating_sub(*a))
    };
    let backwards = steps().filter(|step| *step < 0).count();
    // where the clock was set back the last time may be before the first
    let span = last.abs_diff(*first);
    if backwards > times.len() / 100 || span > LONGEST.unsigned_abs() {
        return None;
    }
    let mut moves: Vec<i64> = steps().filter(|step| *step > 0).collect();
    moves.sort_unstable();
    let different = steps().filter(|step| *step != 0).count();
    let even = moves.iter().filter(|step| **step <= unit).count();
    Some(Series {
        backwards,
        different,
        least: moves.get(moves.len() / 4).copied().unwrap_or(0),
        counts: steps()
            .filter(|step| (1000..=4000).contains(step))
            .count()
            .saturating_mul(100)
            >= times.len().saturating_mul(97),
        even: even
            .saturating_mul(1000)
            .checked_div(different)
            .unwrap_or(0),
    })
}

/// Cameras have about as many pictures in each second. What counts something else, now and then, has many times as many in one
/// step as in another.
fn is_steady(times: &[i64]) -> bool {
    let mut runs: Vec<usize> = times.chunk_by(|a, b| a == b).map(<[i64]>::len).collect();
    // the first and the last are cut off
    runs.pop();
    let mut runs: Vec<usize> = runs.into_iter().skip(1).collect();
    runs.sort_unstable();
    let middle = runs.get(runs.len() / 2).copied().unwrap_or(0);
    let usual = middle / 2..=middle.saturating_add(middle / 2).saturating_add(1);
    let near = runs.iter().filter(|run| usual.contains(*run)).count();
    near.saturating_mul(5) >= runs.len().saturating_mul(3)
}

/// Types that few bytes read as by chance come first.
fn tier(time: TimeType) -> u8 {
    match time {
        TimeType::Systemtime | TimeType::Systemtimebe => 3,
        TimeType::Bcd7 => 3,
        // of a FILETIME only the upper two bytes say whether it is one
        TimeType::Filetime | TimeType::Filetimebe | TimeType::Bcd6 => 2,
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
    let mut minutes: Vec<i64> = times.iter().map(|time| time.div_euclid(60_000)).collect();
    minutes.sort_unstable();
    minutes.dedup();
    let seen = times.iter().fold(0u64, |seen, time| {
        let second = time.div_euclid(1000).rem_euclid(60);
        seen | 1u64.wrapping_shl(second as u32)
    });
    matches!(time, TimeType::Bcd6 | TimeType::Bcd7)
        && minutes.len() >= 10
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
        .map(|timestamp| timestamp.unix_ms())
        .collect();
    if times.len().saturating_mul(200) < rows.list.len().saturating_mul(199) {
        return None;
    }
    let unit = if is_dos(TimeField { at, time }) {
        2000
    } else {
        1000
    };
    let facts = series(&times, unit)?;
    let off = is_text(rows, at, time) || is_shifted(&times, time);
    if off || facts.different >= 3 && ticks_stand_still(rows, at, time, &times) {
        return None;
    }
    // a count does not go from 59 to the next minute, as dates in digits do
    let counter = tier(time) < 2
        && (facts.counts || is_count(rows, at, time) || counts_by_camera(rows, camera, &times));
    let order = is_little(time).zip(rows.little);
    Some(Candidate {
        field: TimeField { at, time },
        valid: times.len(),
        first: times.first().map_or(0, |first| first.div_euclid(1000)),
        even: facts.even,
        steady: tier(time) > 1 || is_steady(&times),
        rank: Rank {
            moves: facts.different > 0 && (tier(time) > 1 || facts.least <= 60_000),
            tier: tier(time),
            is_no_count: !counter,
            forward: facts.backwards == 0,
            scale: facts.different.checked_ilog2().unwrap_or(0),
            usual_order: order.is_none_or(|(own, usual)| own == usual),
            different: facts.different,
        },
    })
}

/// The lowest byte of the 100 ns of a FILETIME is always the same, or records are closer than cameras can be: no clock that runs.
fn ticks_stand_still(rows: &Rows<'_>, at: usize, time: TimeType, times: &[i64]) -> bool {
    let low = match time {
        TimeType::Filetime => at,
        TimeType::Filetimebe => at.saturating_add(7),
        _ => return false,
    };
    let mut ticks = rows.numbers(low, Number::U8).map(|(_, ticks)| ticks);
    let first = ticks.next();
    let span = times.last().zip(times.first());
    let span = span.map_or(0, |(last, first)| last.abs_diff(*first));
    ticks.all(|ticks| Some(ticks) == first) || span < times.len() as u64
}

/// The low 16 bits of Unix seconds go on with every record, or begin with 0 and hardly move: a sequence number beside bytes that
/// change rarely reads as seconds too.
fn is_count(rows: &Rows<'_>, at: usize, time: TimeType) -> bool {
    let (number, low) = match time {
        TimeType::Unix32le | TimeType::Unix64le => (Number::U16le, at),
        TimeType::Unix32be => (Number::U16be, at.saturating_add(2)),
        TimeType::Unix64be => (Number::U16be, at.saturating_add(6)),
        _ => return false,
    };
    let values: Vec<u64> = rows.numbers(low, number).map(|(_, value)| value).collect();
    let steps = values.iter().zip(values.iter().skip(1));
    let ones = steps
        .filter(|(a, b)| (1..=4).contains(&(b.wrapping_sub(**a) & 0xffff)))
        .count();
    values.first().is_some_and(|first| *first < 8)
        || ones.saturating_mul(100) >= values.len().saturating_mul(97)
}

/// Looks for the time. `camera` is the column of the camera, where it is known.
pub fn find(rows: &Rows<'_>, camera: Option<usize>) -> Option<Found> {
    let mut all: Vec<Candidate> = Vec::new();
    for time in TimeType::ALL.into_iter().take(13) {
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
    let best = steadier(&all, best);
    let (best, decided) = dos::or_unix(rows, &all, best);
    let is_rival = |other: &&Candidate| {
        if dos::are_pair(other.field, best.field) {
            return !decided;
        }
        other.rank.moves && rivals(other, &best)
    };
    let rivals = all
        .iter()
        .filter(is_rival)
        .filter(|other| !same(rows, other.field, best.field))
        .copied()
        .collect();
    Some(Found {
        best,
        rivals,
        still: !best.rank.moves
            || !best.rank.is_no_count
            || best.rank.different < FEW_MOVES
            || !best.steady,
    })
}

/// Both tell the same seconds.
fn same(rows: &Rows<'_>, a: TimeField, b: TimeField) -> bool {
    let step = (rows.list.len() / 16).max(1);
    rows.list.iter().step_by(step).all(|row: &Row| {
        let read = |field: TimeField| {
            let at = row.start.checked_add(field.at)?;
            let timestamp = field.time.read(rows.bytes, at).ok().flatten()?;
            Some(timestamp.seconds)
        };
        read(a) == read(b)
    })
}

/// The reading that crosses `best` and moves like a clock, where `best`, which moves as often, does not: it may have taken in a
/// byte of the milliseconds.
fn steadier(all: &[Candidate], best: Candidate) -> Candidate {
    let other = all.iter().filter(|other| {
        other.field.time == best.field.time
            && other.rank.is_no_count >= best.rank.is_no_count
            && other.crosses(&best)
            && other.moves_as_often(&best)
            && other.even > best.even.saturating_add(200)
    });
    other
        .max_by_key(|other| other.even)
        .copied()
        .unwrap_or(best)
}

/// `other` is about as much of a clock as `best`.
fn rivals(other: &Candidate, best: &Candidate) -> bool {
    if !other.crosses(best) {
        // two bytes of a FILETIME are often right by chance, as one of Unix seconds is
        let weak = matches!(best.field.time, TimeType::Filetime | TimeType::Filetimebe);
        let least = best.rank.tier.saturating_sub(u8::from(weak));
        return other.rank.tier >= least && other.rank.is_no_count >= best.rank.is_no_count;
    }
    // gaps make the steps of the true one uneven: that does not speak against it
    other.rank.tier == best.rank.tier
        && other.rank.different >= 2
        && (other.moves_as_often(best) || other.even > best.even)
}

/// The year of seconds since 1970, near enough.
pub fn civil_year(seconds: i64) -> i64 {
    seconds.div_euclid(31_556_952).saturating_add(1970)
}
