// SPDX-License-Identifier: MPL-2.0
//! DOS times and Unix seconds: the bytes of the one often read as the other.

use super::{
    millis,
    rows::Rows,
    time::{Candidate, civil_year},
};
use crate::exp::layout::{Number, TimeField, TimeType};

/// Years in which digital recorders wrote most of what there is: only a guess rests on them.
const USUAL_YEARS: std::ops::Range<i64> = 2000..2017;

/// Steps of two seconds.
pub fn is_dos(field: TimeField) -> bool {
    matches!(
        field.time,
        TimeType::Dos | TimeType::Dosbe | TimeType::Dosdate
    )
}

/// One is the other as Unix seconds: the same four bytes.
pub fn are_pair(a: TimeField, b: TimeField) -> bool {
    let is_unix = |unix: TimeType, dos: TimeType| {
        matches!(
            (unix, dos),
            (TimeType::Unix32le, TimeType::Dos) | (TimeType::Unix32be, TimeType::Dosbe)
        )
    };
    a.at == b.at && (is_unix(a.time, b.time) || is_unix(b.time, a.time))
}

/// Answers which it is, and whether that is more than a guess. A DOS time has 30 of the 32 values of its low five bits, for its
/// seconds, and goes from the 30th to the next minute; milliseconds beside it start over twice for each of its steps.
pub fn or_unix(rows: &Rows<'_>, all: &[Candidate], best: Candidate) -> (Candidate, bool) {
    let mut others = all.iter().copied();
    let Some(other) = others.find(|other| are_pair(other.field, best.field)) else {
        return (best, true);
    };
    let (as_dos, as_unix) = if is_dos(best.field) {
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
    let steps = || values.iter().zip(values.iter().skip(1));
    let single = steps().filter(|(a, b)| a.saturating_add(1) == **b).count();
    let minutes = steps()
        .filter(|(a, b)| **a & 31 == 29 && a.saturating_add(3) == **b)
        .count();
    if seen.count_ones() >= 29 || (minutes > 0 && single >= 8) {
        return (as_dos, true);
    }
    if let Some((beside, _)) = millis::find(rows, as_dos.field) {
        let parts = rows
            .numbers(beside.at, beside.number)
            .map(|(_, value)| value);
        let placed: Vec<(u64, u64)> = values.iter().copied().zip(parts).collect();
        let following = placed.iter().zip(placed.iter().skip(1));
        let over = following
            .filter(|(a, b)| b.1 < a.1 && b.0.saturating_sub(a.0) <= 1)
            .count();
        // once for each step of seconds, twice for each of two seconds
        let twice = over.saturating_mul(2) >= single.saturating_mul(3);
        return (if twice { as_dos } else { as_unix }, single >= 3);
    }
    let mut odds = odds_of_dos(&values, as_dos, as_unix);
    if as_unix.is_count() && !as_dos.is_count() {
        odds *= 8.0;
    }
    (if odds > 1.0 { as_dos } else { as_unix }, false)
}

/// How much likelier the one of two readings is that nothing decides between.
fn odds_of_dos(values: &[u64], as_dos: Candidate, as_unix: Candidate) -> f64 {
    // a run of Unix seconds is no DOS time if it is longer than there are values up to 29
    let mut odds = 1.0;
    let mut first = values.first().copied().unwrap_or(0);
    for (a, b) in values.iter().zip(values.iter().skip(1).chain([&u64::MAX])) {
        if b.abs_diff(*a) > 32 {
            let run = a.abs_diff(first).min(29) as f64;
            odds *= 32.0 / (30.0 - run);
            first = *b;
        }
    }
    let usual = |candidate: Candidate| USUAL_YEARS.contains(&civil_year(candidate.first));
    odds *= if usual(as_dos) { 6.0 } else { 1.0 };
    odds /= if usual(as_unix) { 6.0 } else { 1.0 };
    odds
}
