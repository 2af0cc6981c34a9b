// SPDX-License-Identifier: MPL-2.0
//! Times of records in the forms that recorders store them in.

use serde::{Deserialize, Serialize};

use super::layout::Number::{self, *};
use crate::{cursor::Short, reader::Timestamp};

/// Seconds since 1970 that a recording may carry: 1995-01-01 to 2040-01-01.
pub const PLAUSIBLE_SECONDS: std::ops::Range<i64> = 788_918_400..2_208_988_800;

/// Where numbers count from, in Unix seconds.
const Y1601: i64 = -11_644_473_600;
const Y1900: i64 = -2_208_988_800;
const Y1970: i64 = 0;
const Y1980: i64 = 315_532_800;
const Y2000: i64 = 946_684_800;
/// 1899-12-30, from which OLE and Delphi count days.
const OLE: i64 = -2_209_161_600;

/// How the parts of a date are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// A binary number.
    Is(Number),
    /// Packed BCD, two digits in a byte.
    Bcd,
    /// Two ASCII digits.
    Digits,
}

/// What the bytes of a time are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// A number of units since a moment, and how many units make a second.
    Since(Number, i64, u128),
    /// A double (as a number of 64 bits) of units of so many seconds since a moment.
    Float(Number, i64, f64),
    /// Parts of a date and time, one after the other:
    ///
    /// - `Y` the year; `L` and `B` the same in two bytes, little- and big-endian; `C` its hundreds, `y` what is left of them (from 1990
    ///   where there is no `C`; binary ones from 2000), `t` years since 1900
    /// - `M` the month, `N` the same from 0, `D` the day, `h`, `m`, `s`, `c` hundredths, `f` milliseconds (three digits)
    /// - `w` and `W` a weekday up to 6 and 7, `_` anything, `-` a byte that is no digit
    Parts(Part, &'static str),
    /// DOS date and time in the halves of a number, the date in the upper one.
    Dos(Number, bool),
    /// The decimal number YYYYMMDDhhmmss.
    Decimal(Number),
    /// The decimal numbers YYYYMMDD and hhmmss.
    Decimals(Number),
    /// Bits, from the highest: year from 2000 (6), month (4), day (5), hour (5), minute (6), second (6).
    Packed(Number),
}

/// The types of time with their forms.
macro_rules! types {
    ($($(#[$doc:meta])* $name:ident: $form:expr;)*) => {
        /// How a time is stored.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum TimeType {
            $($(#[$doc])* $name,)*
        }

        impl TimeType {
            /// All types.
            pub const ALL: &[TimeType] = &[$(TimeType::$name),*];

            fn form(self) -> Form {
                use {Form::*, Part::*};
                match self {
                    $(TimeType::$name => $form,)*
                }
            }
        }
    };
}

types! {
    /// Unix seconds, 32 bits little-endian.
    Unix32le: Since(U32le, Y1970, 1);
    /// Unix seconds, 32 bits big-endian.
    Unix32be: Since(U32be, Y1970, 1);
    /// Unix seconds, 64 bits little-endian.
    Unix64le: Since(U64le, Y1970, 1);
    /// Unix seconds, 64 bits big-endian.
    Unix64be: Since(U64be, Y1970, 1);
    /// Seconds since 1980, 32 bits little-endian.
    Since1980le: Since(U32le, Y1980, 1);
    /// The same, big-endian.
    Since1980be: Since(U32be, Y1980, 1);
    /// Seconds since 2000, 32 bits little-endian.
    Since2000le: Since(U32le, Y2000, 1);
    /// The same, big-endian.
    Since2000be: Since(U32be, Y2000, 1);
    /// NTP: seconds since 1900 and their fraction, 32 bits each, little-endian.
    Ntp64le: Since(U64le, Y1900, 1 << 32);
    /// The same, big-endian (stated: RFC 5905).
    Ntp64be: Since(U64be, Y1900, 1 << 32);
    /// Windows FILETIME: 100 ns since 1601, 64 bits little-endian.
    Filetime: Since(U64le, Y1601, 10_000_000);
    /// The same, big-endian.
    Filetimebe: Since(U64be, Y1601, 10_000_000);
    /// Windows SYSTEMTIME: eight little-endian 16-bit numbers (year, month, weekday, day, hour, minute, second, millisecond).
    Systemtime: Parts(Is(U16le), "YMwDhmsf");
    /// The same, big-endian.
    Systemtimebe: Parts(Is(U16be), "YMwDhmsf");
    /// Little-endian 16-bit numbers: year, month, day, hour, minute, second.
    Date16le: Parts(Is(U16le), "YMDhms");
    /// The same, big-endian.
    Date16be: Parts(Is(U16be), "YMDhms");
    /// Little-endian 32-bit numbers: year, month, day, hour, minute, second.
    Date32le: Parts(Is(U32le), "YMDhms");
    /// The same, big-endian.
    Date32be: Parts(Is(U32be), "YMDhms");
    /// The beginning of C's `struct tm`: little-endian 32-bit numbers second, minute, hour, day, month from 0, year from 1900.
    Tm32le: Parts(Is(U32le), "smhDNt");
    /// The same, big-endian.
    Tm32be: Parts(Is(U32be), "smhDNt");
    /// DOS time then DOS date, 16 bits each, little-endian; steps of 2 seconds.
    Dos: Dos(U32le, true);
    /// The same, date first and big-endian.
    Dosbe: Dos(U32be, true);
    /// DOS date then DOS time, little-endian.
    Dosdate: Dos(U32le, false);
    /// Packed BCD `YY MM DD hh mm ss`, years from 1990.
    Bcd6: Parts(Bcd, "yMDhms");
    /// Packed BCD `YY YY MM DD hh mm ss`.
    Bcd7: Parts(Bcd, "CyMDhms");
    /// Packed BCD `YY MM DD hh mm ss cc`, the last hundredths of a second.
    Bcd7hund: Parts(Bcd, "yMDhmsc");
    /// Packed BCD `YY YY MM DD hh mm ss cc`, the last hundredths of a second.
    Bcd8: Parts(Bcd, "CyMDhmsc");
    /// Packed BCD `ss mm hh DD MM YY`, years from 1990.
    Bcd6le: Parts(Bcd, "smhDMy");
    /// Packed BCD `ss mm hh DD MM YY YY`, the century last.
    Bcd7le: Parts(Bcd, "smhDMyC");
    /// Packed BCD `ss mm hh WW DD MM YY` with a weekday of 0 to 7, as clock chips have it (stated: data sheet of the DS1307).
    Bcd7chip: Parts(Bcd, "smhWDMy");
    /// Six bytes: year from 2000, month, day, hour, minute, second.
    Bytes6: Parts(Is(U8), "yMDhms");
    /// Six bytes: hour, minute, second, day, month, year from 2000.
    Bytes6time: Parts(Is(U8), "hmsDMy");
    /// Six bytes: second, minute, hour, day, month, year from 2000.
    Bytes6le: Parts(Is(U8), "smhDMy");
    /// A 16-bit little-endian year, then month, day, hour, minute and second in a byte each.
    Bytes7le: Parts(Is(U8), "LMDhms");
    /// The same with a big-endian year.
    Bytes7be: Parts(Is(U8), "BMDhms");
    /// As `Bytes7le`, then hundredths of a second.
    Bytes8le: Parts(Is(U8), "LMDhmsc");
    /// As `Bytes7be`, then hundredths of a second.
    Bytes8be: Parts(Is(U8), "BMDhmsc");
    /// ASCII digits `YYYYMMDDhhmmss`.
    Ascii14: Parts(Digits, "CyMDhms");
    /// ASCII digits `YYMMDDhhmmss`, years from 1990.
    Ascii12: Parts(Digits, "yMDhms");
    /// ASCII digits `YYYYMMDDhhmmssfff`, the last three milliseconds.
    Ascii17: Parts(Digits, "CyMDhmsf");
    /// ASCII digits `YYYY-MM-DD hh:mm:ss`, with any characters between them.
    Ascii19: Parts(Digits, "Cy-M-D-h-m-s");
    /// ASCII digits `YYYY-MM-DD hh:mm:ss.fff`, with any characters between them.
    Ascii23: Parts(Digits, "Cy-M-D-h-m-s-f");
    /// The decimal number YYYYMMDDhhmmss, 64 bits little-endian.
    Decimal64le: Decimal(U64le);
    /// The same, big-endian.
    Decimal64be: Decimal(U64be);
    /// The decimal numbers YYYYMMDD and hhmmss, 32 bits each, little-endian.
    Decimal32le: Decimals(U32le);
    /// The same, big-endian.
    Decimal32be: Decimals(U32be);
    /// Bits, from the highest: year from 2000 (6), month (4), day (5), hour (5), minute (6), second (6); little-endian.
    Packed32le: Packed(U32le);
    /// The same, big-endian.
    Packed32be: Packed(U32be);
    /// Unix milliseconds, 64 bits little-endian.
    Millis64le: Since(U64le, Y1970, 1000);
    /// Unix milliseconds, 64 bits big-endian.
    Millis64be: Since(U64be, Y1970, 1000);
    /// Unix microseconds, 64 bits little-endian.
    Micros64le: Since(U64le, Y1970, 1_000_000);
    /// Unix microseconds, 64 bits big-endian.
    Micros64be: Since(U64be, Y1970, 1_000_000);
    /// Unix seconds as an IEEE 754 double, little-endian.
    Double64le: Float(U64le, Y1970, 1.0);
    /// The same, big-endian.
    Double64be: Float(U64be, Y1970, 1.0);
    /// Unix milliseconds as an IEEE 754 double, little-endian.
    Doublems64le: Float(U64le, Y1970, 0.001);
    /// The same, big-endian.
    Doublems64be: Float(U64be, Y1970, 0.001);
    /// Days since 1899-12-30 as an IEEE 754 double, as OLE and Delphi have them, little-endian.
    Oledatele: Float(U64le, OLE, 86_400.0);
    /// The same, big-endian.
    Oledatebe: Float(U64be, OLE, 86_400.0);
}

impl TimeType {
    /// Bytes it takes.
    pub fn width(self) -> usize {
        match self.form() {
            Form::Since(number, ..) | Form::Float(number, ..) | Form::Dos(number, _) => {
                number.width()
            }
            Form::Decimal(number) | Form::Packed(number) => number.width(),
            Form::Decimals(number) => number.width().saturating_mul(2),
            Form::Parts(part, order) => order.bytes().map(|what| part.width(what)).sum(),
        }
    }

    /// It is an IEEE 754 number.
    pub fn is_float(self) -> bool {
        matches!(self.form(), Form::Float(..))
    }

    /// The type that has the same date without what divides its seconds, where such a one begins at the same place.
    pub fn whole(self) -> Option<TimeType> {
        Some(match self {
            TimeType::Bcd7hund => TimeType::Bcd6,
            TimeType::Bcd8 => TimeType::Bcd7,
            TimeType::Bytes8le => TimeType::Bytes7le,
            TimeType::Bytes8be => TimeType::Bytes7be,
            TimeType::Ascii17 => TimeType::Ascii14,
            TimeType::Ascii23 => TimeType::Ascii19,
            _ => return None,
        })
    }

    /// How the seconds are stored, where the time is a number of seconds since 1970.
    pub fn unix_seconds(self) -> Option<Number> {
        match self.form() {
            Form::Since(number, Y1970, 1) => Some(number),
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
        Ok(match self.form() {
            Form::Since(number, epoch, rate) => since(number.read(data, at)?, epoch, rate),
            Form::Float(number, epoch, unit) => {
                let millis = f64::from_bits(number.read(data, at)?) * unit * 1000.0;
                // a number that is none of this range is no time either
                let known = (1.0..1e15)
                    .contains(&millis)
                    .then_some(millis.round() as u64);
                known.and_then(|millis| since(millis, epoch, 1000))
            }
            Form::Parts(part, order) => {
                // all of it is there, though what is wrong at its beginning is read no further
                U8.read(data, at.saturating_add(self.width()).saturating_sub(1))?;
                parts(part, order, data, at)?
            }
            Form::Dos(number, date_first) => {
                let both = number.read(data, at)?;
                let (high, low) = (both >> 16, both & 0xffff);
                if date_first {
                    dos(high, low)
                } else {
                    dos(low, high)
                }
            }
            Form::Decimal(number) => decimal(number.read(data, at)?),
            Form::Decimals(number) => {
                let date = number.read(data, at)?;
                let time = number.read(data, at.saturating_add(number.width()))?;
                let both = date.checked_mul(1_000_000).filter(|_| time < 1_000_000);
                both.and_then(|date| decimal(date.saturating_add(time)))
            }
            Form::Packed(number) => packed(number.read(data, at)?),
        })
    }
}

impl Part {
    fn width(self, what: u8) -> usize {
        match (self, what) {
            (_, b'-') => 1,
            (_, b'L' | b'B') => 2,
            (Part::Is(number), _) => number.width(),
            (Part::Bcd, _) => 1,
            (Part::Digits, b'f') => 3,
            (Part::Digits, _) => 2,
        }
    }

    /// The part at `at`; `None` where it is no number of this kind.
    fn read(self, what: u8, data: &[u8], at: usize) -> Result<Option<i64>, Short> {
        let digits = |value: i64, digit: u8| {
            let digit = Some(digit).filter(|digit| *digit <= 9)?;
            value.checked_mul(10)?.checked_add(i64::from(digit))
        };
        let wide = match what {
            b'L' => Some(U16le),
            b'B' => Some(U16be),
            _ => None,
        };
        Ok(match (self, wide) {
            (_, Some(number)) | (Part::Is(number), None) => {
                i64::try_from(number.read(data, at)?).ok()
            }
            (Part::Bcd, None) => {
                let byte = U8.read(data, at)? as u8;
                digits(0, byte >> 4).and_then(|high| digits(high, byte & 0xf))
            }
            (Part::Digits, None) => {
                let mut value = Some(0);
                for at in (at..).take(self.width(what)) {
                    let digit = (U8.read(data, at)? as u8).wrapping_sub(b'0');
                    value = value.and_then(|value| digits(value, digit));
                }
                value
            }
        })
    }
}

/// A number of units since a moment.
fn since(value: u64, epoch: i64, rate: u128) -> Option<Timestamp> {
    let millis = u128::from(value).checked_mul(1000)?.checked_div(rate)?;
    Some(Timestamp {
        seconds: i64::try_from(millis / 1000).ok()?.checked_add(epoch)?,
        millis: u16::try_from(millis % 1000).ok().filter(|_| rate > 1),
    })
}

/// Parts of a date, as [`Form::Parts`] lists them.
fn parts(part: Part, order: &str, data: &[u8], at: usize) -> Result<Option<Timestamp>, Short> {
    let mut at = at;
    let [
        mut year,
        mut month,
        mut day,
        mut hour,
        mut minute,
        mut second,
    ] = [0_i64; 6];
    let mut millis = None;
    let mut right = true;
    // two digits of a binary year count from 2000, others from 1990
    let century = match part {
        Part::Is(_) => |_| 2000,
        _ => |year| if year >= 90 { 1900 } else { 2000 },
    };
    for what in order.bytes() {
        let width = part.width(what);
        if what == b'-' {
            right &= !(U8.read(data, at)? as u8).is_ascii_digit();
        } else {
            let value = part.read(what, data, at)?;
            let Some(value) = value.filter(|value| *value < 10_000) else {
                return Ok(None);
            };
            match what {
                b'Y' | b'L' | b'B' => year = value,
                b'C' => year = year.saturating_add(value.saturating_mul(100)),
                b'y' if order.contains('C') => year = year.saturating_add(value),
                b'y' => year = value.saturating_add(century(value)),
                b't' => year = value.saturating_add(1900),
                b'M' => month = value,
                b'N' => month = value.saturating_add(1),
                b'D' => day = value,
                b'h' => hour = value,
                b'm' => minute = value,
                b's' => second = value,
                b'c' => {
                    right &= value < 100;
                    millis = u16::try_from(value.saturating_mul(10)).ok();
                }
                b'f' => {
                    right &= value < 1000;
                    millis = u16::try_from(value).ok();
                }
                _ => right &= value <= if what == b'w' { 6 } else { 7 },
            }
        }
        at = at.saturating_add(width);
    }
    let timestamp = civil(year, month, day, hour, minute, second);
    Ok(timestamp.filter(|_| right).map(|timestamp| Timestamp {
        millis,
        ..timestamp
    }))
}

/// The number YYYYMMDDhhmmss.
fn decimal(value: u64) -> Option<Timestamp> {
    let two = |divisor: u64| i64::try_from(value.checked_div(divisor)? % 100).ok();
    let year = i64::try_from(value / 10_000_000_000).ok()?;
    let (month, day) = (two(100_000_000)?, two(1_000_000)?);
    civil(year, month, day, two(10_000)?, two(100)?, two(1)?)
}

fn packed(value: u64) -> Option<Timestamp> {
    let bits = |from: u32, mask: u64| (value >> from & mask) as i64;
    let year = bits(26, 0x3f).saturating_add(2000);
    let (month, day) = (bits(22, 0xf), bits(17, 0x1f));
    civil(
        year,
        month,
        day,
        bits(12, 0x1f),
        bits(6, 0x3f),
        bits(0, 0x3f),
    )
}

fn dos(date: u64, time: u64) -> Option<Timestamp> {
    let bits = |value: u64, from: u32, mask: u64| (value >> from & mask) as i64;
    let year = bits(date, 9, 0x7f).saturating_add(1980);
    let (month, day) = (bits(date, 5, 0xf), bits(date, 0, 0x1f));
    let second = bits(time, 0, 0x1f).saturating_mul(2);
    civil(
        year,
        month,
        day,
        bits(time, 11, 0x1f),
        bits(time, 5, 0x3f),
        second,
    )
}

/// The time of a date of the Gregorian calendar from 1600 on; `None` where there is no such date.
pub fn civil(
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
) -> Option<Timestamp> {
    let small = |part: i64| i8::try_from(part).ok();
    let year = i16::try_from(year).ok().filter(|year| *year >= 1600)?;
    let date = jiff::civil::Date::new(year, small(month)?, small(day)?).ok()?;
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    let at = jiff::tz::Offset::UTC
        .to_timestamp(date.to_datetime(time))
        .ok()?;
    Some(Timestamp {
        seconds: at.as_second(),
        millis: None,
    })
}
