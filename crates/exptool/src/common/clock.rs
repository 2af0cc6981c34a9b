// SPDX-License-Identifier: MPL-2.0
//! The recorder's time in words. Times are nanoseconds since 1970 in `i64`, taken for UTC (assumed; whether recorders timestamp UTC
//! or local time is not publicly known).

use jiff::{Timestamp, tz::Offset};

/// Where the offset of local time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The command line.
    Option,
    /// The file.
    File,
    /// Nothing told it: UTC.
    Nothing,
}

impl From {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            From::Option => "command line",
            From::File => "file",
            From::Nothing => "not known",
        }
    }
}

/// Offset of local time from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Minutes east of UTC.
    pub minutes: i32,
    /// Who says so.
    pub from: From,
}

impl Zone {
    /// The command line's offset, else the file's, else UTC.
    pub fn new(option: Option<i32>, file: Option<i32>) -> Zone {
        let (minutes, from) = match (option, file) {
            (Some(minutes), _) => (minutes, From::Option),
            (None, Some(minutes)) => (minutes, From::File),
            (None, None) => (0, From::Nothing),
        };
        Zone { minutes, from }
    }

    /// `2010-01-01 01:02:03.456 -05:00`.
    pub fn local(&self, ns: i64) -> String {
        format!("{} {}", self.local_plain(ns), self.offset_name())
    }

    /// `2010-01-01 01:02:03.456`, local time without its offset.
    pub fn local_plain(&self, ns: i64) -> String {
        written(ns, self.minutes, "%Y-%m-%d %H:%M:%S%.3f")
    }

    /// RFC 3339 in UTC, `2010-01-01T06:02:03.456Z`.
    pub fn utc(ns: i64) -> String {
        written(ns, 0, "%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    /// RFC 3339 in local time, `2010-01-01T01:02:03.456-05:00`.
    pub fn rfc3339(&self, ns: i64) -> String {
        format!(
            "{}{}",
            written(ns, self.minutes, "%Y-%m-%dT%H:%M:%S%.3f"),
            self.offset_name()
        )
    }

    /// `+01:00`.
    pub fn offset_name(&self) -> String {
        let (sign, minutes) = (
            if self.minutes < 0 { '-' } else { '+' },
            self.minutes.unsigned_abs(),
        );
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A time by a strftime pattern, to the nearest millisecond.
fn written(ns: i64, minutes: i32, pattern: &str) -> String {
    let ms = ns.saturating_add(500_000).div_euclid(1_000_000);
    let offset = Offset::from_seconds(minutes.saturating_mul(60)).unwrap_or(Offset::UTC);
    match Timestamp::from_millisecond(ms) {
        Ok(time) => time
            .to_zoned(offset.to_time_zone())
            .strftime(pattern)
            .to_string(),
        Err(_) => format!("{ms} ms"),
    }
}

/// Reads `+01:00`, `-5`, `+0530`, `Z` as minutes east of UTC.
pub fn parse_offset(text: &str) -> Result<i32, String> {
    let wrong = || format!("{text:?} is no offset from UTC, such as +01:00, -5 or Z");
    if matches!(text, "Z" | "z" | "UTC" | "utc") {
        return Ok(0);
    }
    let (sign, rest) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => (-1, rest),
        (_, Some(rest)) => (1, rest),
        _ => (1, text),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 && rest.is_ascii() => rest.split_at(2),
        None => (rest, "0"),
    };
    let digits = |part: &str| match part.bytes().all(|byte| byte.is_ascii_digit()) {
        true => part.parse::<i32>().map_err(|_| wrong()),
        false => Err(wrong()),
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    if hours > 18 || minutes > 59 {
        return Err(wrong());
    }
    Ok(sign * (hours * 60 + minutes))
}

/// A length of time for people: `1.234 s`, `2 min 3 s`, `5 h 0 min 1 s`.
pub fn duration(ns: i64) -> String {
    let ms = ns.saturating_add(500_000).div_euclid(1_000_000);
    let (seconds, rest) = (ms.div_euclid(1000), ms.rem_euclid(1000));
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let second = match (seconds % 60, rest) {
        (second, 0) => format!("{second} s"),
        (second, rest) => format!("{second}.{rest:03} s"),
    };
    match (hours, minutes) {
        (0, 0) => second,
        (0, minutes) => format!("{minutes} min {second}"),
        (hours, minutes) => format!("{hours} h {minutes} min {second}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read() {
        for (text, minutes) in [
            ("+01:00", 60),
            ("-5", -300),
            ("Z", 0),
            ("+0530", 330),
            ("-03:30", -210),
            ("0", 0),
        ] {
            assert_eq!(parse_offset(text), Ok(minutes), "{text}");
        }
        for text in ["", "+1:99", "abc", "+25", "+-5", "--5"] {
            assert!(parse_offset(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_written_with_their_offset() {
        let zone = Zone::new(None, Some(-300));
        assert_eq!(
            zone.local(1_262_304_000_133_000_000),
            "2009-12-31 19:00:00.133 -05:00"
        );
        assert_eq!(
            zone.rfc3339(1_262_304_000_000_000_000),
            "2009-12-31T19:00:00.000-05:00"
        );
        assert_eq!(
            Zone::utc(1_262_304_000_133_000_000),
            "2010-01-01T00:00:00.133Z"
        );
    }

    #[test]
    fn durations_are_for_people() {
        assert_eq!(duration(1_500_000_000), "1.500 s");
        assert_eq!(duration(123_000_000_000), "2 min 3 s");
        assert_eq!(duration(3_601_000_000_000), "1 h 0 min 1 s");
    }
}
