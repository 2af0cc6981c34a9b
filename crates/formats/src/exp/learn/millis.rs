// SPDX-License-Identifier: MPL-2.0
//! The milliseconds beside a time that has none: a number below 1000 with which the times still never decrease.

use super::{dos::is_dos, rows::Rows};
use crate::exp::layout::{Number, TimeField, TimeType};

/// A number that can be the milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Millis {
    /// Column.
    pub at: usize,
    /// How it is stored.
    pub number: Number,
    /// Records that agree.
    pub agree: usize,
    /// Different values, roughly: a reading that is a byte off has few.
    scale: u32,
    uneven: u64,
}

/// Looks for the milliseconds: the best, and others that are about as good.
pub fn find(rows: &Rows<'_>, time: TimeField) -> Option<(Millis, Vec<Millis>)> {
    let read = |start: usize| {
        let at = start.checked_add(time.at)?;
        time.time.read(rows.bytes, at).ok().flatten()
    };
    // where the type has milliseconds of its own, they are always 0
    let seconds: Vec<i64> = rows
        .list
        .iter()
        .map(|row| read(row.start).map_or(i64::MIN, |timestamp| timestamp.unix_ms()))
        .collect();
    let mut all: Vec<Millis> = Vec::new();
    for number in [Number::U16le, Number::U16be] {
        for at in rows.places(2) {
            let values: Vec<u64> = rows.numbers(at, number).map(|(_, value)| value).collect();
            if values.len() != seconds.len() || !can_be_millis(&values) {
                continue;
            }
            let scale = different(&values, u64::MAX).checked_ilog2().unwrap_or(0);
            let placed: Vec<(i64, u64)> = seconds.iter().copied().zip(values).collect();
            let Some(agree) = agreeing(&placed, is_dos(time)) else {
                continue;
            };
            // a reading that takes in a byte of its neighbour makes the steps of time uneven; a recorder writes its numbers in
            // one byte order
            let mut uneven = unevenness(&placed);
            let order = is_little(time.time).or(rows.little);
            if order.is_some_and(|little| little != (number == Number::U16le)) {
                uneven = uneven.saturating_add(uneven / 2).saturating_add(1);
            }
            all.push(Millis {
                at,
                number,
                agree,
                scale,
                uneven,
            });
        }
    }
    let most = all.iter().map(|millis| millis.scale).max()?;
    let full = all
        .iter()
        .filter(|millis| millis.scale.saturating_add(1) >= most);
    let best = full.copied().min_by_key(|millis| millis.uneven)?;
    let close = |other: &Millis| {
        let other_place = (other.at, other.number) != (best.at, best.number);
        other_place && other.scale.saturating_add(2) >= best.scale
    };
    all.retain(close);
    Some((best, all))
}

/// How many different values there are, of these bits.
fn different(values: &[u64], mask: u64) -> usize {
    let mut values: Vec<u64> = values.iter().map(|value| value & mask).collect();
    values.sort_unstable();
    values.dedup();
    values.len()
}

/// All are below 1000, they are far apart, and it is not a count. The low byte moves: where it does not, the reading is a byte
/// off.
fn can_be_millis(values: &[u64]) -> bool {
    let (mut low, mut high, mut ones) = (u64::MAX, 0u64, 0usize);
    for value in values {
        low = low.min(*value);
        high = high.max(*value);
    }
    for (a, b) in values.iter().zip(values.iter().skip(1)) {
        ones = ones.saturating_add(usize::from(a.saturating_add(1) == *b));
    }
    let counts = ones.saturating_mul(10) > values.len().saturating_mul(9);
    high < 1000 && high.saturating_sub(low) >= 400 && !counts && different(values, 0xff) >= 3
}

/// Records in which time goes on with these milliseconds; `None` where they are none.
fn agreeing(placed: &[(i64, u64)], dos: bool) -> Option<usize> {
    // two seconds share a DOS time: the milliseconds may start over once in each
    let coarse: usize = if dos { 2 } else { 1 };
    let (mut left, mut wrong) = (coarse, 0usize);
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
    let turns = || following().filter(|(a, b)| a.0 < b.0);
    let over = turns().filter(|(a, b)| b.1 < a.1).count();
    let fits = wrong <= placed.len() / 12
        && moves >= 3
        && over.saturating_mul(2) >= turns().count()
        && over > 0;
    fits.then(|| placed.len().saturating_sub(wrong))
}

/// Byte order of a time type that has one: true for little-endian.
pub fn is_little(time: TimeType) -> Option<bool> {
    Some(match time {
        TimeType::Unix32le | TimeType::Unix64le | TimeType::Filetime => true,
        TimeType::Systemtime | TimeType::Dos | TimeType::Dosdate => true,
        TimeType::Unix32be | TimeType::Unix64be | TimeType::Filetimebe => false,
        TimeType::Systemtimebe | TimeType::Dosbe => false,
        _ => return None,
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
