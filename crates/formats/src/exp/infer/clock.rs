// SPDX-License-Identifier: MPL-2.0
//! The recorder's time in the columns of the headers, and the ticks beside it.
//!
//! Every form of time is tried at every place. What reads as a time in all records is weighed: how unlikely that is by chance, and
//! whether it moves as a clock does: by even steps, or by whole units of its own where several records share one.

use super::{Hints, bounds::code_length, minus, plus};
use crate::exp::{
    layout::{Number, Ticks, TimeField},
    time::TimeType,
};
use std::collections::{BTreeMap, BTreeSet};

/// Records in which the steps of a clock are compared with each other.
const SPAN: usize = 128;
/// Forward steps beyond this are gaps of the recording.
const GAP: i64 = 600_000;
/// Ticks per second that are in use, the commonest first.
const RATES: [u64; 8] = [1000, 90_000, 10_000_000, 1_000_000, 100, 50, 60, 10];

/// Unix seconds at which years begin.
const Y1999: i64 = 915_148_800;
const Y2003: i64 = 1_041_379_200;
const Y2016: i64 = 1_451_606_400;
const Y2026: i64 = 1_767_225_600;

/// Milliseconds between records beyond which a clock moves slowly.
const SLOW: f64 = 2000.0;
/// Milliseconds in which every clock moves, but a start time does not.
const STANDS: i64 = 10_000;
/// How ticks are stored.
const TICKS: [Number; 7] = [
    Number::U16le,
    Number::U16be,
    Number::U32le,
    Number::U32be,
    Number::U64le,
    Number::U64be,
    Number::U8,
];

/// The header of one frame's record.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its bytes, up to the frame.
    pub head: &'a [u8],
    /// The first of its file.
    pub first: bool,
}

/// A way to read the time.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Place and form.
    pub field: TimeField,
    /// Ticks beside it.
    pub ticks: Option<Ticks>,
    /// Where ticks are that do not say more than it does.
    pub vague: Option<Ticks>,
    /// Bits that speak for it.
    pub bits: f64,
    /// Records that it is valid in.
    pub valid: usize,
    /// Records in which it moves on.
    pub moves: usize,
    /// Times in milliseconds, `None` where it is none.
    times: Vec<Option<i64>>,
    /// Units of the clock, milliseconds.
    unit: i64,
    /// Usual step between records, milliseconds.
    mean: f64,
    /// It goes on by one with each record.
    pub counts: bool,
    /// The share of records in which it is as in the one before.
    standing: f64,
}

impl Reading {
    /// What it is, in words.
    pub fn text(&self) -> String {
        let ticks = self.ticks.map_or(String::new(), |ticks| {
            let word = if ticks.adds { "plus" } else { "with" };
            format!(" {word} ticks of 1/{} s at {}", ticks.rate, ticks.at)
        });
        format!("{:?} at {}{ticks}", self.field.time, self.field.at).to_lowercase()
    }

    /// Where its bytes end.
    fn end(&self) -> usize {
        self.field.at.saturating_add(self.field.time.width())
    }

    /// Few other bytes read as such a time.
    pub fn is_rare(&self) -> bool {
        rarity(self.field.time) >= 10.0
    }

    /// Too few of its bytes move for what stands still to be more than some other fixed bytes before a number: how many do.
    pub fn moves_in_few(&self, rows: &[Row<'_>]) -> Option<usize> {
        let all = self.field.at..self.end();
        let byte = |row: &Row<'_>, at: usize| row.head.get(at).copied();
        let moving = |at: &usize| {
            let first = rows.first().and_then(|row| byte(row, *at));
            let others = rows.iter().filter(|row| byte(row, *at) != first).count();
            others.saturating_mul(20) > rows.len()
        };
        let count = all.filter(moving).count();
        let least = match self.field.time {
            time if time.is_float() => 5,
            time if rarity(time) >= 14.0 => 0,
            time if rarity(time) >= 10.0 => 3,
            _ => 2,
        };
        (count < least).then_some(count)
    }

    /// Records are seconds apart: a counter of something else may move so as well.
    pub fn steps_by_seconds(&self) -> bool {
        self.mean > SLOW
    }

    /// The byte below its lowest one takes all values, and falls whenever the time moves on: it is the upper part of a longer number.
    pub fn is_upper_part(&self, rows: &[Row<'_>]) -> bool {
        let below = match is_big_endian(self.field.time) {
            Some(true) => Some(self.end()),
            Some(false) => self.field.at.checked_sub(1),
            None => None,
        };
        let byte = |row: &Row<'_>| row.head.get(below?).copied();
        let (mut turns, mut falls, mut moves) = (0_usize, 0_usize, 0_usize);
        let pairs = rows.iter().zip(rows.iter().skip(1));
        for ((a, b), step) in pairs.zip(steps_of(&self.times)) {
            let (a, b) = (byte(a), byte(b));
            let turn = step.is_some_and(|step| step > 0 && step <= plus(self.unit, self.unit));
            turns = turns.saturating_add(usize::from(turn));
            falls = falls.saturating_add(usize::from(turn && b < a));
            moves = moves.saturating_add(usize::from(!turn && a != b));
        }
        let most = rows.iter().filter_map(byte).max();
        let wide = most.is_some_and(|most| most > 200) && moves > 0;
        wide && turns >= 8 && falls.saturating_mul(5) >= turns.saturating_mul(3)
    }

    /// A time that stands still, to which ticks are added; whether it is another one in each of several files.
    pub fn is_base(&self, rows: &[Row<'_>]) -> Option<bool> {
        self.ticks.filter(|ticks| ticks.adds)?;
        let own = |row: &Row<'_>| row.head.get(self.field.at..self.end()).map(<[u8]>::to_vec);
        let bases: Vec<_> = rows.iter().filter(|row| row.first).map(own).collect();
        let differ = bases.iter().zip(bases.iter().skip(1)).all(|(a, b)| a != b);
        Some(differ && bases.len() > 1)
    }

    /// Seconds since another moment than nearly all recorders count from.
    pub fn counts_from_odd_year(&self) -> bool {
        use TimeType::*;
        matches!(
            self.field.time,
            Since1980le | Since1980be | Since2000le | Since2000be
        )
    }

    /// It divides the second.
    pub fn is_fine(&self) -> bool {
        self.unit < 1000 || self.ticks.is_some()
    }

    /// The first record has a time.
    pub fn begins(&self) -> bool {
        self.times.first().is_some_and(Option::is_some)
    }

    /// The first time, Unix seconds.
    pub fn first(&self) -> i64 {
        self.times
            .iter()
            .flatten()
            .next()
            .map_or(0, |time| time.div_euclid(1000))
    }

    /// Times of two readings differ by more than their units.
    pub fn differs(&self, other: &Reading) -> bool {
        let apart = |(a, b): (&Option<i64>, &Option<i64>)| match (a, b) {
            (Some(a), Some(b)) => minus(*a, *b).abs() >= 1000,
            _ => false,
        };
        self.times
            .iter()
            .zip(&other.times)
            .filter(|pair| apart(*pair))
            .count()
            > 0
    }

    /// Times in milliseconds with their ticks.
    pub fn exact(&self, rows: &[Row<'_>]) -> Vec<Option<i64>> {
        let part = |row: &Row<'_>| {
            let ticks = self.ticks.filter(|ticks| !ticks.adds)?;
            let value = ticks
                .number
                .read(row.head, usize::try_from(ticks.at).ok()?)
                .ok()?;
            let part = value.wrapping_add(ticks.phase).checked_rem(ticks.rate)? as f64;
            Some((part * 1000.0 / ticks.rate as f64) as i64)
        };
        let all = self.times.iter().zip(rows);
        all.map(|(time, row)| time.map(|time| plus(time, part(row).unwrap_or(0))))
            .collect()
    }
}

/// From each number to the next, where both are there.
fn steps_of(all: &[Option<i64>]) -> impl Iterator<Item = Option<i64>> {
    let pairs = all.iter().zip(all.iter().skip(1));
    pairs.map(|(a, b)| Some(minus((*b)?, (*a)?)))
}

fn greatest_divisor(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a, b);
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

/// Bits by which a valid reading is unlikely where other bytes are: the share of all values that are times of 1995 to 2040.
fn rarity(time: TimeType) -> f64 {
    use TimeType::*;
    match time {
        // what divides the second of another form
        time if time.whole().is_some() => 6.0 + time.whole().map_or(0.0, rarity),
        // the commonest
        Unix32le | Unix32be => 3.0,
        Dos | Dosbe => 2.1,
        // seen elsewhere, but rarely
        Dosdate => 0.0,
        Packed32le | Packed32be => -2.0,
        Ntp64le | Ntp64be => -24.0,
        Since1980le | Since1980be | Since2000le | Since2000be => -5.0,
        // zeros are nothing rare in headers
        Unix64le | Unix64be => 3.5,
        Filetime | Filetimebe => 10.0,
        Millis64le | Millis64be | Micros64le | Micros64be => 12.0,
        time if time.is_float() => 12.0,
        Decimal64le | Decimal64be => 14.0,
        Bytes6 | Bytes6le | Bytes6time => 17.0,
        Bcd6 | Bcd6le => 21.0,
        Bcd7chip => 23.0,
        Ascii12 => 45.0,
        // one more number than the next ones
        Systemtime | Systemtimebe => 53.0,
        Date16le | Date16be | Date32le | Date32be | Tm32le | Tm32be => 45.0,
        Ascii14 | Ascii19 => 60.0,
        _ => 30.0,
    }
}

/// Byte order of a form of time; `None` where it has none.
fn is_big_endian(time: TimeType) -> Option<bool> {
    let name = format!("{time:?}");
    match (name.ends_with("be"), name.ends_with("le")) {
        (false, false)
            if !matches!(
                time,
                TimeType::Dos | TimeType::Filetime | TimeType::Systemtime
            ) =>
        {
            None
        }
        (big, _) => Some(big),
    }
}

/// A number whose lowest byte moves where a higher one does: place of that byte.
fn lowest_byte(field: &TimeField) -> Option<usize> {
    match field.time {
        TimeType::Filetime | TimeType::Millis64le | TimeType::Micros64le => Some(field.at),
        TimeType::Filetimebe | TimeType::Millis64be | TimeType::Micros64be => {
            Some(field.at.saturating_add(7))
        }
        _ => None,
    }
}

/// Readings of the time, the likeliest first.
pub fn readings(
    rows: &[Row<'_>],
    header: usize,
    taken: &[(usize, usize)],
    counter: Option<(usize, usize)>,
    big_endian: bool,
    hints: &Hints,
) -> Vec<Reading> {
    let mut all: Vec<Reading> = Vec::new();
    let probe = rows.len().div_ceil(12).max(1);
    for at in 0..header {
        for time in TimeType::ALL.iter().copied() {
            let end = at.saturating_add(time.width());
            let free = || !taken.iter().any(|(from, to)| at < *to && *from < end);
            if end > header || !free() {
                continue;
            }
            let read = |row: &Row<'_>| time.read(row.head, at).ok().flatten();
            let bad = rows
                .iter()
                .step_by(probe)
                .filter(|row| read(row).is_none())
                .count();
            if bad <= 1 {
                all.extend(Reading::new(rows, TimeField { at, time }));
            }
        }
    }
    // a start that stands still, and ticks since then
    if all.iter().all(|reading| reading.bits < 25.0) {
        let others: Vec<(usize, usize)> = taken.iter().copied().chain(counter).collect();
        let ticks = rising(rows, header, &others);
        // no other clock moves beside them
        let alone = |(_, ticks): &&(f64, Ticks)| {
            let from = ticks.at as usize;
            let end = from.saturating_add(ticks.number.width());
            let beside = |other: &Reading| other.end() <= from || end <= other.field.at;
            !all.iter()
                .any(|other| other.moves > 0 && other.bits > 0.0 && beside(other))
        };
        let few = ticks.iter().take(4).filter(alone);
        let since =
            few.flat_map(|ticks| all.iter().filter_map(|base| base.plus_ticks(rows, ticks)));
        let since: Vec<Reading> = since.collect();
        all.extend(since);
    }
    for reading in &mut all {
        // a counter of records, where there is none elsewhere
        let elsewhere =
            |(from, to): (usize, usize)| to <= reading.field.at || reading.end() <= from;
        if reading.counts && !counter.is_some_and(elsewhere) {
            reading.bits -= 16.0;
        }
        // a recorder has one byte order
        reading.bits += match is_big_endian(reading.field.time) {
            Some(big) if big != big_endian => -4.0,
            _ => 0.0,
        };
        reading.bits += if hints.times.is_empty() {
            0.0
        } else if hints.times.iter().all(|known| reading.reaches(*known)) {
            100.0
        } else {
            -100.0
        };
    }
    // digits that are a part of a longer form
    let longer: Vec<(usize, usize, f64)> = all
        .iter()
        .filter(|reading| reading.bits > 0.0 && reading.is_rare())
        .map(|reading| (reading.field.at, reading.end(), rarity(reading.field.time)))
        .collect();
    for reading in &mut all {
        let (own, least) = (reading.field.at, rarity(reading.field.time) + 5.0);
        let inside = |(from, to, rare): &(usize, usize, f64)| {
            *from <= own && reading.end() <= *to && *rare >= least
        };
        if longer.iter().any(inside) {
            reading.bits -= 30.0;
        }
    }
    all.sort_by(|a, b| b.bits.total_cmp(&a.bits));
    all.truncate(12);
    for reading in &mut all {
        let own = reading.field.at..reading.end();
        // what counts records does not divide seconds, where it is not the clock itself
        let counter = counter.filter(|(from, to)| *to <= own.start || own.end <= *from);
        let taken: Vec<(usize, usize)> = taken.iter().copied().chain(counter).collect();
        if reading.ticks.is_none() {
            reading.add_ticks(rows, header, &taken, big_endian);
        }
    }
    all.sort_by(|a, b| b.bits.total_cmp(&a.bits));
    all
}

impl Reading {
    fn new(rows: &[Row<'_>], field: TimeField) -> Option<Reading> {
        let stamps: Vec<_> = rows
            .iter()
            .map(|row| field.time.read(row.head, field.at).ok().flatten())
            .collect();
        let valid = stamps.iter().flatten().count();
        if valid.saturating_mul(100) < rows.len().saturating_mul(97) {
            return None;
        }
        let fine = stamps
            .iter()
            .flatten()
            .any(|stamp| stamp.millis.unwrap_or(0) != 0);
        let unit = match field.time {
            _ if fine => 1,
            TimeType::Dos | TimeType::Dosbe | TimeType::Dosdate => 2000,
            _ => 1000,
        };
        let in_millis = |stamp: crate::reader::Timestamp| {
            plus(
                stamp.seconds.saturating_mul(1000),
                i64::from(stamp.millis.unwrap_or(0)),
            )
        };
        let times: Vec<Option<i64>> = stamps
            .into_iter()
            .map(|stamp| stamp.map(in_millis))
            .collect();
        let mut reading = Reading {
            field,
            ticks: None,
            vague: None,
            bits: 0.0,
            valid,
            moves: 0,
            times,
            unit,
            mean: 0.0,
            counts: false,
            standing: 0.0,
        };
        reading.weigh(rows);
        Some(reading)
    }

    /// The same where ticks are added to a time that stands still.
    fn plus_ticks(&self, rows: &[Row<'_>], (rises, rising): &(f64, Ticks)) -> Option<Reading> {
        let own = self.field.at..self.end();
        let at = rising.at as usize;
        let apart = at.saturating_add(rising.number.width()) <= own.start || own.end <= at;
        if self.moves > 0 || !apart || self.field.time.whole().is_some() {
            return None;
        }
        let read = |row: &Row<'_>| rising.number.read(row.head, at).ok();
        let rates = RATES.iter().take(3).map(|rate| {
            let part = |value: u64| {
                let millis = u128::from(value).saturating_mul(1000);
                i64::try_from(millis.checked_div(u128::from(*rate))?).ok()
            };
            let exact =
                |(base, row): (&Option<i64>, &Row<'_>)| Some(plus((*base)?, part(read(row)?)?));
            let mut reading = Reading {
                ticks: Some(Ticks {
                    rate: *rate,
                    adds: true,
                    ..*rising
                }),
                times: self.times.iter().zip(rows).map(exact).collect(),
                unit: 1,
                ..self.clone()
            };
            reading.weigh(rows);
            // how often a second a camera records alone distinguishes one rate from another
            reading.bits +=
                rises - 10.0 - 3.0 * (1000.0 / reading.mean.max(0.01) / 12.0).log2().abs();
            reading.bits += match reading.is_base(rows) {
                Some(true) => 20.0,
                _ if rows.iter().filter(|row| row.first).count() > 1 => -60.0,
                _ => 0.0,
            };
            reading
        });
        // in a short file a clock of whole seconds hardly moves, and is none that stands still
        let lasts = |reading: &Reading| {
            let known = || reading.times.iter().flatten().copied();
            minus(known().max().unwrap_or(0), known().min().unwrap_or(0)) >= STANDS
        };
        rates.max_by(|a, b| a.bits.total_cmp(&b.bits)).filter(lasts)
    }

    fn reaches(&self, known: i64) -> bool {
        let known = known.saturating_mul(1000);
        self.times
            .iter()
            .flatten()
            .any(|time| minus(*time, known).abs() <= 2000)
    }

    /// Steps from each record to the next of its file.
    fn steps(&self, rows: &[Row<'_>]) -> Vec<i64> {
        let pairs = steps_of(&self.times).zip(rows.iter().skip(1));
        pairs
            .filter_map(|(step, row)| step.filter(|_| !row.first))
            .collect()
    }

    /// A number whose lowest byte hardly moves when it does begins before the true one.
    fn is_shifted(&self, rows: &[Row<'_>]) -> bool {
        let Some(at) = lowest_byte(&self.field).filter(|_| self.ticks.is_none()) else {
            return false;
        };
        let low = |row: &Row<'_>| row.head.get(at).copied();
        let pairs = rows.iter().zip(rows.iter().skip(1));
        let (mut moves, mut own) = (0_usize, 0_usize);
        for ((a, b), step) in pairs.zip(steps_of(&self.times)) {
            if step.is_some_and(|step| step != 0) {
                moves = moves.saturating_add(1);
                own = own.saturating_add(usize::from(low(a) != low(b)));
            }
        }
        own.saturating_mul(4) < moves
    }

    /// What is less than a second takes many values, and begins anew whenever the next one does.
    fn divides_seconds(&self, steps: &[i64]) -> bool {
        let parts = || {
            self.times
                .iter()
                .flatten()
                .map(|time| time.rem_euclid(1000))
        };
        let many = parts().collect::<BTreeSet<i64>>().len() >= 5;
        let far = steps.iter().filter(|step| **step >= 1000 || **step < 0);
        let few = far.count().saturating_mul(20) < steps.len();
        // 60 hundredths and more: what reads so from a byte before the true one has the seconds there
        many && parts().any(|part| part >= 600) && (few || self.mean > 300.0)
    }

    fn weigh(&mut self, rows: &[Row<'_>]) {
        let steps = self.steps(rows);
        let unit = self.unit as f64;
        // damage and what is not a record are rare
        let invalid = rows.len().saturating_sub(self.valid) as f64;
        let mut bits = rarity(self.field.time) - 12.0 * invalid;
        // bytes before the true number
        if self.is_shifted(rows) {
            bits -= 80.0;
        }
        let (mut good, mut zero, mut uneven) = (0.0, 0.0, 0.0_f64);
        let mut means = Vec::new();
        for span in steps.chunks(SPAN) {
            // without the largest and the least, which may be gaps or clocks that were set
            let mut sorted: Vec<i64> = span.to_vec();
            sorted.sort_unstable();
            let inner = sorted
                .get(1..sorted.len().saturating_sub(1))
                .filter(|inner| !inner.is_empty());
            let inner = inner.unwrap_or(&sorted);
            let mean = inner.iter().map(|step| *step as f64).sum::<f64>() / inner.len() as f64;
            means.push(mean);
            // cameras that record at the same moment make bursts
            let usual = sorted
                .get(sorted.len().saturating_mul(19) / 20)
                .copied()
                .unwrap_or(0);
            let limit = (mean * 3.0).max(usual as f64 * 1.3) + unit + 5.0;
            for step in span {
                let size = *step as f64;
                if *step < 0 {
                    // cameras of one recorder are a little out of order
                    bits -= match self.unit {
                        1 if size >= mean * -3.0 => 0.5,
                        1000 if *step == -1000 => 3.0,
                        _ => 6.0,
                    };
                } else if *step == 0 {
                    zero += 1.0;
                } else if size <= limit {
                    good += 1.0;
                } else if *step > GAP {
                    bits -= 3.5;
                } else {
                    uneven += 1.0;
                }
            }
        }
        // cameras of one recorder begin when they like
        let usual = if self.unit == 1 { 0.05 } else { 0.0 };
        bits -= 3.0 * (uneven - usual * steps.len() as f64).max(0.0);
        self.moves = good as usize;
        // bytes before the true number make a clock that only knows large steps
        let in_units = steps
            .iter()
            .filter(|step| **step > 0 && **step < GAP)
            .map(|step| step.checked_div(self.unit).unwrap_or(0));
        if good > 4.0 && self.unit > 1 && in_units.fold(0, greatest_divisor) >= 64 {
            bits -= 80.0;
        }
        // a form that many bytes read as proves little, however it moves; one that few do proves something even where it stands
        let is_rare = self.is_rare();
        bits += f64::min(good * 1.5, if is_rare { 60.0 } else { 30.0 });
        if good == 0.0 {
            bits -= if is_rare { 15.0 } else { 30.0 };
        }
        means.sort_by(f64::total_cmp);
        let mean = means.get(means.len() / 2).copied().unwrap_or(0.0);
        self.mean = mean;
        bits -= match mean {
            mean if mean > 600_000.0 => 60.0,
            mean if mean > 60_000.0 => 40.0,
            mean if mean > 15_000.0 => 10.0,
            mean if mean > 0.0 && mean < 0.9 => 30.0,
            mean if mean > 0.0 && mean < 2.0 => 12.0,
            _ => 0.0,
        };
        // a counter of records goes on by one each time, a slow clock now and then
        let ones = steps.iter().filter(|step| **step == self.unit).count();
        if ones.saturating_mul(3) < steps.len().saturating_mul(2) && self.unit >= 1000 {
            bits += ones.min(4) as f64 * 4.0;
        }
        self.standing = zero / steps.len().max(1) as f64;
        self.counts = zero == 0.0 && ones.saturating_mul(10) > steps.len().saturating_mul(9);
        // numbers of another kind would soon name a 61st second
        let period = match self.field.time {
            TimeType::Packed32le | TimeType::Packed32be => 64.0,
            _ if self.unit == 2000 => 32.0,
            _ => f64::INFINITY,
        };
        let moved = steps.iter().filter(|step| **step != 0).count() as f64;
        bits -= (1.0 - (moved + 1.0) / period).max(0.02).log2();
        // a fine clock moves in many of its bytes
        if self.unit == 1 && good > 4.0 {
            let end = self.field.at.saturating_add(self.field.time.width());
            let moving = (self.field.at..end).filter(|at| column(rows, *at) > rows.len() as f64);
            bits += 4.0 * moving.count() as f64;
        }
        // recorders of this kind were sold from about 2000 to 2015
        let first = self.first();
        bits -= match first {
            Y2003..Y2016 => 0.0,
            Y1999..Y2003 => 2.0,
            Y2016..Y2026 => 4.0,
            _ => 10.0,
        };
        // a counter of anything reads as seconds since some year
        if self.counts_from_odd_year() {
            bits -= if (Y2003..Y2016).contains(&first) {
                0.0
            } else {
                100.0
            };
        }
        let ntp = matches!(self.field.time, TimeType::Ntp64le | TimeType::Ntp64be);
        if mean > SLOW && (ntp || self.counts_from_odd_year()) {
            bits -= 60.0;
        }
        // a number behind fixed bytes fills no seconds
        if ntp && steps.iter().sum::<i64>() < 2000 {
            bits -= 60.0;
        }
        // other bytes behind the same date
        if self.field.time.whole().is_some() && !self.divides_seconds(&steps) {
            bits -= 200.0;
        }
        self.bits = bits;
    }

    /// Ticks beside a clock of whole seconds: what explains most of its own bytes by even steps of the exact time.
    fn add_ticks(
        &mut self,
        rows: &[Row<'_>],
        header: usize,
        taken: &[(usize, usize)],
        big_endian: bool,
    ) {
        if self.unit < 1000 || self.moves < 2 {
            return;
        }
        let own = (
            self.field.at,
            self.field.at.saturating_add(self.field.time.width()),
        );
        // as the time itself, where that has an order
        let big_endian = is_big_endian(self.field.time).unwrap_or(big_endian);
        let mut best: Option<(u8, f64, Ticks)> = None;
        for at in 0..header {
            for number in TICKS {
                let end = at.saturating_add(number.width());
                let free = |(from, to): &(usize, usize)| end <= *from || *to <= at;
                if end > header || !taken.iter().chain([&own]).all(free) {
                    continue;
                }
                let read = |row: &Row<'_>| i64::try_from(number.read(row.head, at).ok()?).ok();
                let values: Vec<i64> = rows.iter().filter_map(read).collect();
                if values.len() != rows.len() {
                    continue;
                }
                let columns = (at..end).map(|at| column(rows, at)).sum::<f64>();
                // thousandths and the like before other parts of a second, and these before what runs beside the clock
                let within = within_second(&values, number, self.is_slow());
                let running = self.running(&values, number);
                let odd = number.width() > 1 && number.is_big_endian() != big_endian;
                let within = within.map(|(rate, prior)| {
                    let rank = match prior {
                        _ if self.is_slow() || prior < 0.0 => 0,
                        _ if odd || prior == 0.0 => 1,
                        _ => 2,
                    };
                    (rank, (rate, 0, prior))
                });
                let running = running.map(|running| (0, running));
                for (rank, (rate, phase, prior)) in within.into_iter().chain(running) {
                    let ticks = Ticks {
                        at: at as i32,
                        number,
                        rate,
                        phase,
                        adds: false,
                    };
                    // of a number and its wider readings, the narrowest that serves
                    if rate == 0 || !self.turns(rows, &values, &ticks) {
                        continue;
                    }
                    let bits = columns - self.surprise(rows, &values, &ticks, rank == 2) + prior
                        - number.width() as f64 * 0.5
                        - if odd { 6.0 } else { 0.0 };
                    let slow = if self.is_slow() { 1.5 } else { 0.0 };
                    let least = 12.0 + slow * values.len() as f64;
                    let better =
                        |(other, most, _): &(u8, f64, Ticks)| (rank, bits) > (*other, *most);
                    if bits > least && best.as_ref().is_none_or(better) {
                        best = Some((rank, bits, ticks));
                    }
                }
            }
        }
        if let Some((_, bits, ticks)) = best {
            self.bits += bits.min(if self.is_slow() { 8.0 } else { 25.0 });
            // steps of two seconds leave open which of the two a part belongs to
            match self.unit {
                1000 => self.ticks = Some(ticks),
                _ => self.vague = Some(ticks),
            }
        }
    }

    /// A second has less than two records: its ticks may do anything.
    fn is_slow(&self) -> bool {
        self.standing * 2.0 < 1.0
    }

    /// Exact times in hundredths of a second.
    fn hundredths(&self, values: &[i64], ticks: &Ticks) -> Vec<Option<i64>> {
        let exact = |(time, value): (&Option<i64>, &i64)| {
            let part = (*value as u64)
                .wrapping_add(ticks.phase)
                .checked_rem(ticks.rate)?;
            let part = part as f64 * 100.0 / ticks.rate as f64;
            Some(plus(((*time)?).div_euclid(10), part as i64))
        };
        self.times.iter().zip(values).map(exact).collect()
    }

    /// The part of a second is less whenever the next one begins; a number that goes on by one each time counts records.
    fn turns(&self, rows: &[Row<'_>], values: &[i64], ticks: &Ticks) -> bool {
        for (shift, most) in [(0, 8), (8, 1), (16, 1)] {
            let pairs = values.iter().zip(values.iter().skip(1));
            let counts =
                pairs.filter(|(a, b)| (1..=most).contains(&minus(**b >> shift, **a >> shift)));
            if counts.count().saturating_mul(10) > values.len().saturating_mul(9) {
                return false;
            }
        }
        if self.is_slow() {
            return true;
        }
        let exact = self.hundredths(values, ticks);
        let (mut all, mut good, mut falls) = (0_usize, 0_usize, 0_usize);
        for ((whole, part), row) in steps_of(&self.times)
            .zip(steps_of(&exact))
            .zip(rows.iter().skip(1))
        {
            if let (Some(whole), Some(part), false) = (whole, part, row.first) {
                let turn = whole == self.unit;
                all = all.saturating_add(usize::from(turn));
                // cameras of one recorder are a little out of order
                falls = falls.saturating_add(usize::from(whole == 0 && part < -10));
                good = good.saturating_add(usize::from(turn && part.saturating_mul(10) < whole));
            }
        }
        // a step of two seconds has a second that begins within it
        let within = match self.unit {
            1000 => falls.saturating_mul(4) <= all,
            _ => falls.saturating_mul(2) >= all,
        };
        all >= 2 && good.saturating_mul(5) >= all.saturating_mul(4) && within
    }

    /// Bits that the ticks of all records take when the exact time moves by even steps.
    fn surprise(&self, rows: &[Row<'_>], values: &[i64], ticks: &Ticks, exact_steps: bool) -> f64 {
        let exact = self.hundredths(values, ticks);
        let (mut bins, mut back) = (Vec::new(), 0.0);
        for (step, row) in steps_of(&exact).zip(rows.iter().skip(1)) {
            if let (Some(step), false) = (step, row.first) {
                back += if (-200..-10).contains(&step) {
                    4.0
                } else {
                    0.0
                };
                bins.push(step.rem_euclid(256) as u8);
            }
        }
        // each step is known to 10 ms
        let size = (ticks.rate as f64).log2();
        let rest = (size - 100_f64.log2()).max(0.0) * values.len() as f64;
        let rough = code_length(&bins) + rest;
        if !exact_steps {
            return rough + back;
        }
        // or exactly, where the same few come again and again
        let pairs = values.iter().zip(values.iter().skip(1));
        let turns = |(a, b): (&i64, &i64)| minus(*b, *a).rem_euclid(ticks.rate as i64);
        let mut counts = BTreeMap::<i64, f64>::new();
        for step in pairs.map(turns) {
            *counts.entry(step).or_default() += 1.0;
        }
        let all: f64 = counts.values().sum();
        let same: f64 = counts.values().map(|n| n * (all / n).log2() + size).sum();
        rough.min(same + size) + back
    }

    /// Ticks since midnight or since some start: as many in each second as the rate says. Rate, phase, and bits for what they count from.
    fn running(&self, values: &[i64], number: Number) -> Option<(u64, u64, f64)> {
        if number.width() < 4 {
            return None;
        }
        let known = || {
            let all = self.times.iter().zip(values);
            all.filter_map(|(time, value)| Some(((*time)?, *value)))
        };
        let first = known().next()?;
        let unit = self.unit as f64 / 1000.0;
        // the clock may have been set, or have passed midnight
        let half = values.len() / 2;
        let ends = [
            (0, values.len()),
            (0, half),
            (half.saturating_add(1), values.len()),
        ];
        let rate = ends.into_iter().find_map(|(from, to)| {
            let mut span = known().take(to).skip(from);
            let (first, last) = (span.next()?, span.last()?);
            let passed = minus(last.0, first.0) as f64 / 1000.0;
            let counted = minus(last.1, first.1) as f64;
            let near = |rate: &&u64| (counted / **rate as f64 - passed).abs() <= unit * 1.01;
            RATES
                .iter()
                .find(near)
                .filter(|_| passed >= 2.0 && counted > 0.0)
        })?;
        let (rate, signed) = (*rate, i64::try_from(*rate).ok()?);
        let day = signed.saturating_mul(86_400);
        let rest =
            |(time, value): (i64, i64)| minus(value, time.div_euclid(1000).saturating_mul(signed));
        let from = rest(first);
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        let mut outside = 0_usize;
        for pair in known() {
            let away = plus(minus(rest(pair), from), day / 2).rem_euclid(day);
            let rest = plus(from, minus(away, day / 2));
            let all = (low.min(rest), high.max(rest));
            if minus(all.1, all.0) as f64 <= rate as f64 * unit * 1.02 {
                (low, high) = all;
            } else {
                outside = outside.saturating_add(1);
            }
        }
        if outside.saturating_mul(50) > values.len() {
            return None;
        }
        // whole seconds begin at multiples of the rate where that agrees with the clock
        let phase = if low.div_euclid(signed) == high.div_euclid(signed) {
            0
        } else {
            let slack = minus(signed, minus(high, low)).max(0) / 2;
            plus(minus(0, low), slack).rem_euclid(signed)
        };
        let of_day = first.0.div_euclid(1000).rem_euclid(86_400);
        let prior = match first.1.checked_div(signed)? {
            since if minus(since, of_day).abs() <= 1 => 10.0,
            0 => 5.0,
            _ => 0.0,
        };
        Some((
            rate,
            phase as u64,
            prior - if phase > 0 { 5.0 } else { 0.0 },
        ))
    }
}

/// Ticks that begin anew with each second, below the rate: the rate, and bits for it.
fn within_second(values: &[i64], number: Number, slow: bool) -> Option<(u64, f64)> {
    // a damaged header or two may hold any number
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let (most, usual) = (
        *sorted.last()?,
        *sorted.iter().rev().nth(values.len() / 100)?,
    );
    let most = if most / 16 > usual { usual } else { most } as f64;
    let room = 2_f64.powi((number.width() as i32).saturating_mul(8));
    let fits = |rate: &&u64| {
        let (rate, small) = (**rate as f64, **rate < 1000);
        // frames of a fast camera are no more than a few steps apart
        let least = match (small, slow) {
            (true, true) => 0.95,
            (true, false) => 0.75,
            _ => 0.45,
        };
        (least..1.0).contains(&(most / rate)) && rate < room && small == (number == Number::U8)
    };
    let mut rates = RATES;
    rates.sort_unstable();
    // thousandths and millionths are what most recorders have
    let usual = |rate: u64| {
        if matches!(rate, 1000 | 1_000_000) {
            20.0
        } else {
            0.0
        }
    };
    let second = rates.iter().find(fits).map(|rate| (*rate, usual(*rate)));
    // milliseconds of the minute
    let minute = number.width() == 2 && !slow && (54_000.0..60_000.0).contains(&most);
    let minute = minute.then_some((1000, -5.0));
    second.or(minute)
}

/// Bits that a byte of the headers takes by itself.
fn column(rows: &[Row<'_>], at: usize) -> f64 {
    let bytes: Vec<u8> = rows
        .iter()
        .filter_map(|row| row.head.get(at))
        .copied()
        .collect();
    // what is predicted by nothing takes no more than its bits
    code_length(&bytes).min(bytes.len() as f64 * 8.0)
}

/// Ticks without any clock beside them: a number that rises evenly, at its likeliest rate, and in how many records it rises.
pub fn ticks_alone(
    rows: &[Row<'_>],
    header: usize,
    taken: &[(usize, usize)],
) -> Option<(Ticks, usize)> {
    let (_, ticks) = rising(rows, header, taken).into_iter().next()?;
    let values = || {
        rows.iter()
            .filter_map(|row| ticks.number.read(row.head, ticks.at as usize).ok())
    };
    let even = values()
        .zip(values().skip(1))
        .filter(|(a, b)| a <= b)
        .count();
    Some((ticks, even))
}

/// Numbers that rise evenly, the most even first, each with the rate that makes it a camera's, and the bits that its shape speaks for it.
fn rising(rows: &[Row<'_>], header: usize, taken: &[(usize, usize)]) -> Vec<(f64, Ticks)> {
    let mut found: Vec<(f64, f64, Ticks)> = Vec::new();
    for at in 0..header {
        for number in [Number::U32le, Number::U32be, Number::U64le, Number::U64be] {
            let end = at.saturating_add(number.width());
            if end > header || taken.iter().any(|(from, to)| at < *to && *from < end) {
                continue;
            }
            let values: Vec<f64> = rows
                .iter()
                .filter_map(|row| Some(number.read(row.head, at).ok()? as f64))
                .collect();
            let within = values
                .iter()
                .zip(values.iter().skip(1))
                .zip(rows.iter().skip(1));
            let mut steps: Vec<f64> = within
                .filter(|(_, row)| !row.first)
                .map(|((a, b), _)| b - a)
                .collect();
            steps.sort_by(f64::total_cmp);
            let nth = |part: usize| {
                steps
                    .get(steps.len().saturating_mul(part) / 20)
                    .copied()
                    .unwrap_or(0.0)
            };
            let (low, middle, high) = (nth(1), nth(10), nth(18));
            let mean = steps.iter().sum::<f64>() / steps.len().max(1) as f64;
            // by ones a record counts, it does not time
            if low < 0.0
                || low == high
                || mean < 8.0
                || high > mean.max(middle) * 4.0 + 2.0
                || values.last().is_none_or(|last| *last > 1e15)
            {
                continue;
            }
            let even = steps.iter().filter(|step| **step >= 0.0).count();
            // a number that begins before or behind the true one: its lowest byte stands still, or one below that moves
            let moves = |at: Option<usize>| {
                let byte = |row: &Row<'_>| row.head.get(at?).copied();
                let pairs = rows.iter().zip(rows.iter().skip(1));
                let moving = pairs.filter(|(a, b)| byte(a) != byte(b)).count();
                moving.saturating_mul(2) > rows.len()
            };
            let (lowest, below) = match number.is_big_endian() {
                true => (end.checked_sub(1), Some(end)),
                false => (Some(at), at.checked_sub(1)),
            };
            let shape =
                if moves(lowest) { 0.0 } else { -40.0 } - if moves(below) { 8.0 } else { 0.0 };
            let bits = even as f64 - number.width() as f64 * 0.1 + shape;
            // 25 frames per second is the likeliest of all rates
            let per_second = |rate: &u64| *rate as f64 / mean;
            let rate = RATES.iter().take(3).min_by(|a, b| {
                let far = |rate: &u64| (per_second(rate) / 12.0).log2().abs();
                far(a).total_cmp(&far(b))
            });
            found.extend(rate.map(|rate| {
                let ticks = Ticks {
                    at: at as i32,
                    number,
                    rate: *rate,
                    phase: 0,
                    adds: false,
                };
                (bits, shape, ticks)
            }));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
        .into_iter()
        .map(|(_, shape, ticks)| (shape, ticks))
        .collect()
}
