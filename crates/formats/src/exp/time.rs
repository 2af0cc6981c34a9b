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
    /// Packed BCD `ss mm hh DD MM YY`, years from 1990.
    Bcd6le,
    /// Packed BCD `ss mm hh DD MM YY YY`, the century last.
    Bcd7le,
    /// Packed BCD `ss mm hh WW DD MM YY` with a weekday of 0 to 7, as clock chips have it (stated: data sheet of the DS1307).
    Bcd7chip,
    /// Six bytes: year from 2000, month, day, hour, minute, second.
    Bytes6,
    /// Six bytes: hour, minute, second, day, month, year from 2000.
    Bytes6time,
    /// A 16-bit little-endian year, then month, day, hour, minute and second in a byte each.
    Bytes7le,
    /// The same with a big-endian year.
    Bytes7be,
    /// ASCII digits `YYYYMMDDhhmmss`.
    Ascii14,
    /// ASCII digits `YYMMDDhhmmss`.
    Ascii12,
    /// ASCII digits `YYYY-MM-DD hh:mm:ss`, with any characters between them.
    Ascii19,
    /// The decimal number YYYYMMDDhhmmss, 64 bits little-endian.
    Decimal64le,
    /// The same, big-endian.
    Decimal64be,
    /// The decimal numbers YYYYMMDD and hhmmss, 32 bits each, little-endian.
    Decimal32le,
    /// The same, big-endian.
    Decimal32be,
    /// Bits, from the highest: year from 2000 (6), month (4), day (5), hour (5), minute (6), second (6); little-endian.
    Packed32le,
    /// The same, big-endian.
    Packed32be,
    /// Unix milliseconds, 64 bits little-endian.
    Millis64le,
    /// Unix milliseconds, 64 bits big-endian.
    Millis64be,
    /// Unix microseconds, 64 bits little-endian.
    Micros64le,
    /// Unix microseconds, 64 bits big-endian.
    Micros64be,
    /// Unix seconds as an IEEE 754 double, little-endian.
    Double64le,
    /// The same, big-endian.
    Double64be,
}

impl TimeType {
    /// All types.
    pub const ALL: [TimeType; 35] = [
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
        TimeType::Bcd6le,
        TimeType::Bcd7le,
        TimeType::Bcd7chip,
        TimeType::Bytes6,
        TimeType::Bytes6time,
        TimeType::Bytes7le,
        TimeType::Bytes7be,
        TimeType::Ascii14,
        TimeType::Ascii12,
        TimeType::Ascii19,
        TimeType::Decimal64le,
        TimeType::Decimal64be,
        TimeType::Decimal32le,
        TimeType::Decimal32be,
        TimeType::Packed32le,
        TimeType::Packed32be,
        TimeType::Millis64le,
        TimeType::Millis64be,
        TimeType::Micros64le,
        TimeType::Micros64be,
        TimeType::Double64le,
        TimeType::Double64be,
    ];

    /// Bytes it takes.
    pub fn width(self) -> usize {
        match self {
            TimeType::Unix32le | TimeType::Unix32be => 4,
            TimeType::Dos | TimeType::Dosbe | TimeType::Dosdate => 4,
            TimeType::Unix64le | TimeType::Unix64be => 8,
            TimeType::Filetime | TimeType::Filetimebe => 8,
            TimeType::Systemtime | TimeType::Systemtimebe => 16,
            TimeType::Packed32le | TimeType::Packed32be => 4,
            TimeType::Bcd6 | TimeType::Bcd6le => 6,
            TimeType::Bytes6 | TimeType::Bytes6time => 6,
            TimeType::Bcd7 | TimeType::Bcd7le | TimeType::Bcd7chip => 7,
            TimeType::Bytes7le | TimeType::Bytes7be => 7,
            TimeType::Decimal64le | TimeType::Decimal64be => 8,
            TimeType::Decimal32le | TimeType::Decimal32be => 8,
            TimeType::Millis64le | TimeType::Millis64be => 8,
            TimeType::Micros64le | TimeType::Micros64be => 8,
            TimeType::Double64le | TimeType::Double64be => 8,
            TimeType::Ascii12 => 12,
            TimeType::Ascii14 => 14,
            TimeType::Ascii19 => 19,
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
        let timestamp = self.read_any(data, at)?;
        Ok(timestamp.filter(|timestamp| PLAUSIBLE_SECONDS.contains(&timestamp.seconds)))
    }

    /// The time at `at`, however early or late; `None` where the bytes are no date at all.
    pub fn read_any(self, data: &[u8], at: usize) -> Result<Option<Timestamp>, Short> {
        let number = |kind: Number| kind.read(data, at);
        Ok(match self {
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
            TimeType::Bcd6le => {
                let [s, m, h, dd, mm, yy] = cursor::bytes_at::<6>(data, at)?;
                bcd([if yy >= 0x90 { 0x19 } else { 0x20 }, yy, mm, dd, h, m, s])
            }
            TimeType::Bcd7le => {
                let [s, m, h, dd, mm, yy, century] = cursor::bytes_at::<7>(data, at)?;
                bcd([century, yy, mm, dd, h, m, s])
            }
            TimeType::Bcd7chip => {
                let [s, m, h, weekday, dd, mm, yy] = cursor::bytes_at::<7>(data, at)?;
                let century = if yy >= 0x90 { 0x19 } else { 0x20 };
                bcd([century, yy, mm, dd, h, m, s]).filter(|_| weekday <= 7)
            }
            TimeType::Bytes6time => {
                let [hour, minute, second, day, month, year] = cursor::bytes_at::<6>(data, at)?;
                let year = u16::from(year).saturating_add(2000);
                calendar(year, [month, day, hour, minute, second])
            }
            TimeType::Bytes6 => {
                let [year, rest @ ..] = cursor::bytes_at::<6>(data, at)?;
                calendar(u16::from(year).saturating_add(2000), rest)
            }
            TimeType::Bytes7le => {
                let [low, high, rest @ ..] = cursor::bytes_at::<7>(data, at)?;
                calendar(u16::from_le_bytes([low, high]), rest)
            }
            TimeType::Bytes7be => {
                let [high, low, rest @ ..] = cursor::bytes_at::<7>(data, at)?;
                calendar(u16::from_le_bytes([low, high]), rest)
            }
            TimeType::Ascii14 => ascii(&cursor::bytes_at::<14>(data, at)?).and_then(decimal),
            TimeType::Ascii19 => {
                let text = cursor::bytes_at::<19>(data, at)?;
                let between = |at: usize| matches!(at, 4 | 7 | 10 | 13 | 16);
                let (gaps, digits): (Vec<_>, Vec<_>) = text
                    .into_iter()
                    .enumerate()
                    .partition(|(at, _)| between(*at));
                let digits: Vec<u8> = digits.into_iter().map(|(_, digit)| digit).collect();
                let apart = gaps.iter().all(|(_, byte)| !byte.is_ascii_digit());
                ascii(&digits).filter(|_| apart).and_then(decimal)
            }
            TimeType::Ascii12 => ascii(&cursor::bytes_at::<12>(data, at)?)
                .and_then(|value| value.checked_add(20_000_000_000_000))
                .and_then(decimal),
            TimeType::Decimal64le => decimal(number(Number::U64le)?),
            TimeType::Decimal64be => decimal(number(Number::U64be)?),
            TimeType::Decimal32le | TimeType::Decimal32be => {
                let kind = match self {
                    TimeType::Decimal32le => Number::U32le,
                    _ => Number::U32be,
                };
                let (date, time) = (number(kind)?, kind.read(data, at.saturating_add(4))?);
                date.checked_mul(1_000_000)
                    .filter(|_| time < 1_000_000)
                    .and_then(|both| decimal(both.saturating_add(time)))
            }
            TimeType::Packed32le => packed(cursor::u32_le(data, at)?),
            TimeType::Packed32be => packed(cursor::u32_be(data, at)?),
            TimeType::Millis64le => unix_millis(number(Number::U64le)?),
            TimeType::Millis64be => unix_millis(number(Number::U64be)?),
            TimeType::Micros64le => unix_millis(number(Number::U64le)? / 1000),
            TimeType::Micros64be => unix_millis(number(Number::U64be)? / 1000),
            TimeType::Double64le => double(number(Number::U64le)?),
            TimeType::Double64be => double(number(Number::U64be)?),
        })
    }
}

fn whole(seconds: Option<i64>) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: seconds?,
        millis: None,
    })
}

fn unix_millis(millis: u64) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: i64::try_from(millis.checked_div(1000)?).ok()?,
        millis: u16::try_from(millis.checked_rem(1000)?).ok(),
    })
}

fn double(bits: u64) -> Option<Timestamp> {
    let millis = f64::from_bits(bits) * 1000.0;
    // a number that is none of this range is no time either
    (1.0..1e15)
        .contains(&millis)
        .then(|| unix_millis(millis as u64))?
}

/// Month, day, hour, minute and second in a byte each.
fn calendar(year: u16, rest: [u8; 5]) -> Option<Timestamp> {
    let [month, day, hour, minute, second] = rest.map(i64::from);
    civil(i64::from(year), month, day, hour, minute, second)
}

fn ascii(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The number YYYYMMDDhhmmss.
fn decimal(value: u64) -> Option<Timestamp> {
    let two = |divisor: u64| value.checked_div(divisor)?.checked_rem(100);
    let year = value.checked_div(10_000_000_000)?;
    let rest = [
        two(100_000_000)?,
        two(1_000_000)?,
        two(10_000)?,
        two(100)?,
        two(1)?,
    ];
    calendar(u16::try_from(year).ok()?, rest.map(|part| part as u8))
}

fn packed(value: u32) -> Option<Timestamp> {
    let bits = |from: u32, mask: u32| (value.checked_shr(from).unwrap_or(0) & mask) as u8;
    let rest = [
        bits(22, 0xf),
        bits(17, 0x1f),
        bits(12, 0x1f),
        bits(6, 0x3f),
        bits(0, 0x3f),
    ];
    calendar(u16::from(bits(26, 0x3f)).saturating_add(2000), rest)
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
