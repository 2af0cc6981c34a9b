// SPDX-License-Identifier: MPL-2.0
//! Times of records in the forms that recorders store them in.

use serde::{Deserialize, Serialize};

use super::layout::Number;
use crate::{
    cursor::{self, Short},
    reader::Timestamp,
};

/// Seconds since 1970 that a recording may carry: 1995-01-01 to 2040-01-01.
pub const PLAUSIBLE_SECONDS: std::ops::Range<i64> = 788_918_400..2_208_988_800;

/// How a time is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeType {
    /// Unix seconds, 32 bits little-endian.
    Unix32le,
    /// Unix seconds, 32 bits big-endian.
    Unix32be,
    /// Unix seconds, 64 bits little-endian.
    Unix64le,
    /// Unix seconds, 64 bits big-endian.
    Unix64be,
    /// Windows FILETIME: 100 ns since 1601, 64 bits little-endian.
    Filetime,
    /// The same, big-endian.
    Filetimebe,
    /// Windows SYSTEMTIME: eight little-endian 16-bit numbers (year, month, weekday, day, hour, minute, second, millisecond).
    Systemtime,
    /// The same, big-endian.
    Systemtimebe,
    /// DOS time then DOS date, 16 bits each, little-endian; steps of 2 seconds.
    Dos,
    /// The same, date first and big-endian.
    Dosbe,
    /// DOS date then DOS time, little-endian.
    Dosdate,
    /// Packed BCD `YY MM DD hh mm ss`, years from 1990.
    Bcd6,
    /// Packed BCD `YY YY MM DD hh mm ss`.
    Bcd7,
}

impl TimeType {
    /// All types.
    pub const ALL: [TimeType; 13] = [
        TimeType::Unix32le,
        TimeType::Unix32be,
        TimeType::Unix64le,
        TimeType::Unix64be,
        TimeType::Filetime,
        TimeType::Filetimebe,
        TimeType::Systemtime,
        TimeType::Systemtimebe,
        TimeType::Dos,
        TimeType::Dosbe,
        TimeType::Dosdate,
        TimeType::Bcd6,
        TimeType::Bcd7,
    ];

    /// Bytes it takes.
    pub fn width(self) -> usize {
        match self {
            TimeType::Unix32le | TimeType::Unix32be => 4,
            TimeType::Dos | TimeType::Dosbe | TimeType::Dosdate => 4,
            TimeType::Unix64le | TimeType::Unix64be => 8,
            TimeType::Filetime | TimeType::Filetimebe => 8,
            TimeType::Systemtime | TimeType::Systemtimebe => 16,
            TimeType::Bcd6 => 6,
            TimeType::Bcd7 => 7,
        }
    }

    /// How the seconds are stored, where the time is a number of seconds since 1970.
    pub fn unix_seconds(self) -> Option<Number> {
        match self {
            TimeType::Unix32le => Some(Number::U32le),
            TimeType::Unix32be => Some(Number::U32be),
            TimeType::Unix64le => Some(Number::U64le),
            TimeType::Unix64be => Some(Number::U64be),
            _ => None,
        }
    }

    /// The time at `at`, if it is one between 1995 and 2040. Types finer than a second fill the milliseconds in.
    pub fn read(self, data: &[u8], at: usize) -> Result<Option<Timestamp>, Short> {
        let number = |kind: Number| kind.read(data, at);
        let timestamp = match self {
            TimeType::Unix32le | TimeType::Unix32be | TimeType::Unix64le | TimeType::Unix64be => {
                let seconds = self.unix_seconds().map(number).transpose()?;
                whole(seconds.and_then(|seconds| i64::try_from(seconds).ok()))
            }
            TimeType::Filetime => filetime(number(Number::U64le)?),
            TimeType::Filetimebe => filetime(number(Number::U64be)?),
            TimeType::Systemtime => systemtime(data, at, Number::U16le)?,
            TimeType::Systemtimebe => systemtime(data, at, Number::U16be)?,
            TimeType::Dos => {
                let both = cursor::u32_le(data, at)?;
                dos(both.checked_shr(16).unwrap_or(0), both & 0xffff)
            }
            TimeType::Dosbe => {
                let both = cursor::u32_be(data, at)?;
                dos(both.checked_shr(16).unwrap_or(0), both & 0xffff)
            }
            TimeType::Dosdate => {
                let both = cursor::u32_le(data, at)?;
                dos(both & 0xffff, both.checked_shr(16).unwrap_or(0))
            }
            TimeType::Bcd6 => {
                let [yy, mm, dd, h, m, s] = cursor::bytes_at::<6>(data, at)?;
                bcd([if yy >= 0x90 { 0x19 } else { 0x20 }, yy, mm, dd, h, m, s])
            }
            TimeType::Bcd7 => bcd(cursor::bytes_at::<7>(data, at)?),
        };
        Ok(timestamp.filter(|timestamp| PLAUSIBLE_SECONDS.contains(&timestamp.seconds)))
    }
}

fn whole(seconds: Option<i64>) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: seconds?,
        millis: None,
    })
}

fn filetime(ticks: u64) -> Option<Timestamp> {
    let seconds = i64::try_from(ticks.checked_div(10_000_000)?).ok()?;
    let millis = ticks.checked_div(10_000)?.checked_rem(1000)?;
    Some(Timestamp {
        seconds: seconds.checked_sub(11_644_473_600)?,
        millis: u16::try_from(millis).ok(),
    })
}

fn systemtime(data: &[u8], at: usize, number: Number) -> Result<Option<Timestamp>, Short> {
    let mut parts = [0_i64; 8];
    for (n, part) in parts.iter_mut().enumerate() {
        let place = at.saturating_add(n.saturating_mul(2));
        *part = i64::try_from(number.read(data, place)?).unwrap_or(i64::MAX);
    }
    let [year, month, weekday, day, hour, minute, second, millis] = parts;
    let timestamp = civil(year, month, day, hour, minute, second);
    Ok(timestamp
        .filter(|_| weekday <= 6 && millis <= 999)
        .map(|timestamp| Timestamp {
            millis: u16::try_from(millis).ok(),
            ..timestamp
        }))
}

fn dos(date: u32, time: u32) -> Option<Timestamp> {
    let bits =
        |value: u32, from: u32, mask: u32| i64::from(value.checked_shr(from).unwrap_or(0) & mask);
    civil(
        bits(date, 9, 0x7f).checked_add(1980)?,
        bits(date, 5, 0xf),
        bits(date, 0, 0x1f),
        bits(time, 11, 0x1f),
        bits(time, 5, 0x3f),
        bits(time, 0, 0x1f).checked_mul(2)?,
    )
}

fn bcd(field: [u8; 7]) -> Option<Timestamp> {
    let mut digits = [0_i64; 7];
    for (digit, byte) in digits.iter_mut().zip(field) {
        let (high, low) = (byte >> 4, byte & 0xf);
        if high > 9 || low > 9 {
            return None;
        }
        *digit = i64::from(high)
            .checked_mul(10)?
            .checked_add(i64::from(low))?;
    }
    let [century, year, month, day, hour, minute, second] = digits;
    civil(
        century.checked_mul(100)?.checked_add(year)?,
        month,
        day,
        hour,
        minute,
        second,
    )
}

/// Seconds since 1970 of a date of the Gregorian calendar; `None` where there is no such date.
pub fn civil(
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
) -> Option<Timestamp> {
    let leap =
        year.checked_rem(4)? == 0 && (year.checked_rem(100)? != 0 || year.checked_rem(400)? == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    let fits = (1..=days).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second)
        && (1600..10_000).contains(&year);
    if !fits {
        return None;
    }
    // years are counted from March, so that the leap day is the last of its year
    let shifted = if month > 2 {
        year
    } else {
        year.checked_sub(1)?
    };
    let month_from_march = month.checked_add(9)?.checked_rem(12)?;
    let day_of_year = month_from_march
        .checked_mul(153)?
        .checked_add(2)?
        .checked_div(5)?
        .checked_add(day)?
        .checked_sub(1)?;
    let days = shifted
        .checked_mul(365)?
        .checked_add(shifted.checked_div(4)?)?
        .checked_sub(shifted.checked_div(100)?)?
        .checked_add(shifted.checked_div(400)?)?
        .checked_add(day_of_year)?
        .checked_sub(719_468)?;
    whole(
        days.checked_mul(86_400)?
            .checked_add(hour.checked_mul(3600)?)?
            .checked_add(minute.checked_mul(60)?)?
            .checked_add(second),
    )
}
