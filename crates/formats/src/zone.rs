// SPDX-License-Identifier: MPL-2.0
//! The recorder's time in words. Times are nanoseconds since 1970 in `i64` as the recorder wrote them. Whether recorders write UTC or
//! local time is not publicly known: UTC is assumed unless somebody says otherwise.

use crate::timeline::Resolution;
use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

const MINUTE: i64 = 60_000_000_000;

/// Where the offset of local time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSource {
    /// Whoever reads the recording.
    Option,
    /// The file.
    File,
    /// Nothing states it.
    Unknown,
}

impl OffsetSource {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            OffsetSource::Option => "command line",
            OffsetSource::File => "file",
            OffsetSource::Unknown => "unknown",
        }
    }
}

/// What the recorder's timestamps count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecorderClock {
    /// UTC
    #[default]
    Utc,
    /// The recorder's local time
    Local,
}

/// An offset of local time from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UtcOffset {
    /// Minutes east of UTC.
    Fixed(i32),
    /// A zone of the time zone database, whose offset changes with the seasons.
    Named(&'static TimeZone),
}

impl UtcOffset {
    /// Seconds east of UTC at a moment, nanoseconds since 1970.
    fn seconds_at(self, utc: i64) -> i64 {
        match self {
            UtcOffset::Fixed(minutes) => i64::from(minutes).saturating_mul(60),
            UtcOffset::Named(zone) => Timestamp::from_nanosecond(i128::from(utc))
                .map_or(0, |time| i64::from(zone.to_offset(time).seconds())),
        }
    }

    /// Minutes east of UTC at a moment, nanoseconds since 1970.
    pub fn minutes_at(self, utc: i64) -> i32 {
        i32::try_from(self.seconds_at(utc).div_euclid(60)).unwrap_or(0)
    }
}

/// How times are shown: offset of local time from UTC, and the digits that the recorder wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    offset: UtcOffset,
    /// Where the offset comes from.
    pub from: OffsetSource,
    recorder_clock: RecorderClock,
    whole_seconds: bool,
}

impl Zone {
    /// An offset that somebody gives, else the file's in minutes east of UTC, else none.
    pub fn new(option: Option<UtcOffset>, file: Option<i32>) -> Zone {
        let (offset, from) = match (option, file) {
            (Some(offset), _) => (offset, OffsetSource::Option),
            (None, Some(minutes)) => (UtcOffset::Fixed(minutes), OffsetSource::File),
            (None, None) => (UtcOffset::Fixed(0), OffsetSource::Unknown),
        };
        Zone {
            offset,
            from,
            recorder_clock: RecorderClock::Utc,
            whole_seconds: false,
        }
    }

    /// The same for a recorder whose timestamps are of this kind.
    pub fn with_recorder_clock(self, recorder_clock: RecorderClock) -> Zone {
        Zone {
            recorder_clock,
            ..self
        }
    }

    /// The same for a clock of this resolution: no digit is shown that the recorder did not write.
    pub fn with_resolution(self, resolution: Resolution) -> Zone {
        Zone {
            whole_seconds: resolution == Resolution::Seconds,
            ..self
        }
    }

    /// The same, to the second.
    pub fn in_seconds(self) -> Zone {
        self.with_resolution(Resolution::Seconds)
    }

    /// `2010-01-01 01:02:03.456 -05:00`; with a clock of whole seconds `2010-01-01 01:02:03 -05:00`. Where no offset is known,
    /// `2010-01-01 06:02:03 (UTC offset unknown)`.
    pub fn local(&self, ns: i64) -> String {
        match self.from {
            OffsetSource::Unknown => format!("{} (UTC offset unknown)", self.local_plain(ns)),
            _ => format!("{} {}", self.local_plain(ns), self.offset_at(ns)),
        }
    }

    /// The same without the offset.
    pub fn local_plain(&self, ns: i64) -> String {
        self.write(self.local_ns(ns), "%Y-%m-%d %H:%M:%S")
    }

    /// The same for the name of a file: `2010-01-01_010203.456`.
    pub fn file_name(&self, ns: i64) -> String {
        self.write(self.local_ns(ns), "%Y-%m-%d_%H%M%S")
    }

    /// RFC 3339 in UTC, `2010-01-01T06:02:03.456Z`.
    pub fn format_utc(&self, ns: i64) -> String {
        self.write(self.utc_ns(ns), "%Y-%m-%dT%H:%M:%S") + "Z"
    }

    /// RFC 3339 in local time, `2010-01-01T01:02:03.456-05:00`; an offset of `-00:00` is unknown, as RFC 3339 has it.
    pub fn rfc3339(&self, ns: i64) -> String {
        let offset = match self.from {
            OffsetSource::Unknown => "-00:00".to_owned(),
            _ => self.offset_at(ns),
        };
        self.write(self.local_ns(ns), "%Y-%m-%dT%H:%M:%S") + &offset
    }

    /// A timestamp as the recorder wrote it, taken for UTC: RFC 3339 with milliseconds.
    pub fn utc(ns: i64) -> String {
        Zone::new(None, None).format_utc(ns)
    }

    /// Offset of local time at a moment: `+01:00`.
    pub fn offset_at(&self, ns: i64) -> String {
        offset_text(self.minutes_at(ns))
    }

    /// `+01:00`, or the name of a time zone.
    pub fn offset_name(&self) -> String {
        match self.offset {
            UtcOffset::Fixed(minutes) => offset_text(minutes),
            UtcOffset::Named(zone) => zone.iana_name().unwrap_or_default().to_owned(),
        }
    }

    /// `UTC-05:00`, `America/New_York` or `UTC offset unknown`.
    pub fn describe(&self) -> String {
        match (self.from, self.offset) {
            (OffsetSource::Unknown, _) => "UTC offset unknown".to_owned(),
            (_, UtcOffset::Fixed(minutes)) => format!("UTC{}", offset_text(minutes)),
            (_, UtcOffset::Named(_)) => self.offset_name(),
        }
    }

    /// Minutes that local time is east of UTC at a moment.
    pub fn minutes_at(&self, ns: i64) -> i32 {
        self.offset.minutes_at(self.utc_ns(ns))
    }

    /// The recorder's timestamp of a local time that somebody read from a clock.
    pub fn read_local_time(&self, time: DateTime) -> Option<i64> {
        let wall = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
        match (self.recorder_clock, self.offset) {
            (RecorderClock::Local, _) => nanoseconds(wall),
            (_, UtcOffset::Fixed(minutes)) => {
                Some(nanoseconds(wall)?.saturating_sub(i64::from(minutes).saturating_mul(MINUTE)))
            }
            (_, UtcOffset::Named(zone)) => {
                nanoseconds(time.to_zoned(zone.clone()).ok()?.timestamp())
            }
        }
    }

    /// The recorder's timestamp of a moment.
    pub fn read_utc_time(&self, time: Timestamp) -> Option<i64> {
        let utc = nanoseconds(time)?;
        Some(match self.recorder_clock {
            RecorderClock::Utc => utc,
            RecorderClock::Local => {
                utc.saturating_add(self.offset.seconds_at(utc).saturating_mul(1_000_000_000))
            }
        })
    }

    /// Local time as nanoseconds, as if it were UTC.
    pub fn local_ns(&self, ns: i64) -> i64 {
        match self.recorder_clock {
            RecorderClock::Local => ns,
            RecorderClock::Utc => {
                ns.saturating_add(self.offset.seconds_at(ns).saturating_mul(1_000_000_000))
            }
        }
    }

    /// Nanoseconds since 1970, UTC.
    pub fn utc_ns(&self, ns: i64) -> i64 {
        match (self.recorder_clock, self.offset) {
            (RecorderClock::Utc, _) => ns,
            (RecorderClock::Local, UtcOffset::Fixed(minutes)) => {
                ns.saturating_sub(i64::from(minutes).saturating_mul(MINUTE))
            }
            (RecorderClock::Local, UtcOffset::Named(zone)) => {
                let civil = Timestamp::from_nanosecond(i128::from(ns))
                    .map(|time| Offset::UTC.to_datetime(time));
                civil
                    .and_then(|civil| civil.to_zoned(zone.clone()))
                    .ok()
                    .and_then(|time| nanoseconds(time.timestamp()))
                    .unwrap_or(ns)
            }
        }
    }

    /// The one place where times become digits: whole seconds where the recorder counts these (the times between them are this
    /// program's), else to the nearest millisecond.
    fn write(&self, ns: i64, pattern: &str) -> String {
        let (ms, fraction) = match self.whole_seconds {
            true => (ns.div_euclid(1_000_000_000).saturating_mul(1000), ""),
            false => (ns.saturating_add(500_000).div_euclid(1_000_000), "%.3f"),
        };
        match Timestamp::from_millisecond(ms) {
            Ok(time) => time.strftime(&format!("{pattern}{fraction}")).to_string(),
            Err(_) => format!("{ms} ms"),
        }
    }
}

fn nanoseconds(time: Timestamp) -> Option<i64> {
    i64::try_from(time.as_nanosecond()).ok()
}

fn offset_text(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    let (hours, minutes) = (minutes.wrapping_div(60), minutes.wrapping_rem(60));
    format!("{sign}{hours:02}:{minutes:02}")
}

/// Reads `+01:00`, `-5`, `+0530`, `Z` or the name of a time zone.
///
/// # Errors
/// A text that is none of these.
pub fn parse_offset(text: &str) -> Result<UtcOffset, String> {
    let wrong = || {
        format!(
            "{text:?} is not an offset from UTC: expected such as +01:00, -5, Z or the name of a time zone (America/New_York)"
        )
    };
    if matches!(text, "Z" | "z" | "UTC" | "utc") {
        return Ok(UtcOffset::Fixed(0));
    }
    if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        let zone = TimeZone::get(text).map_err(|_| wrong())?;
        // once for each run of the program
        return Ok(UtcOffset::Named(Box::leak(Box::new(zone))));
    }
    let (sign, rest) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(rest), _) => (-1, rest),
        (_, Some(rest)) => (1, rest),
        _ => (1, text),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 && rest.is_ascii() => {
            rest.split_at_checked(2).unwrap_or((rest, "0"))
        }
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
    let minutes = hours.saturating_mul(60).saturating_add(minutes);
    Ok(UtcOffset::Fixed(minutes.saturating_mul(sign)))
}

/// A length of time for people: `1.234 s`, `2 min 3 s`, `5 h 0 min 1 s`.
pub fn duration(ns: i64) -> String {
    let ms = ns.saturating_add(500_000).div_euclid(1_000_000);
    let (seconds, rest) = (ms.div_euclid(1000), ms.rem_euclid(1000));
    let (hours, minutes) = (
        seconds.div_euclid(3600),
        seconds.div_euclid(60).rem_euclid(60),
    );
    let second = match (seconds.rem_euclid(60), rest) {
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
            assert_eq!(parse_offset(text), Ok(UtcOffset::Fixed(minutes)), "{text}");
        }
        for text in ["", "+1:99", "abc", "+25", "+-5", "--5", "America/Nowhere"] {
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
    fn no_digit_is_shown_that_the_recorder_did_not_write() {
        let half = 1_262_304_000_500_000_000;
        let seconds = Zone::new(None, Some(-300)).with_resolution(Resolution::Seconds);
        assert_eq!(seconds.local(half), "2009-12-31 19:00:00 -05:00");
        assert_eq!(seconds.format_utc(half), "2010-01-01T00:00:00Z");
        assert_eq!(seconds.file_name(half), "2009-12-31_190000");
        let unknown = Zone::new(None, None);
        assert_eq!(
            unknown.local(half),
            "2010-01-01 00:00:00.500 (UTC offset unknown)"
        );
        assert_eq!(unknown.rfc3339(half), "2010-01-01T00:00:00.500-00:00");
    }

    #[test]
    fn a_named_zone_changes_with_the_seasons_and_a_local_clock_is_not_moved() {
        let zone = Zone::new(parse_offset("America/New_York").ok(), None);
        let (winter, summer) = (1_262_304_000_000_000_000, 1_277_942_400_000_000_000);
        assert_eq!(zone.local(winter), "2009-12-31 19:00:00.000 -05:00");
        assert_eq!(zone.local(summer), "2010-06-30 20:00:00.000 -04:00");
        let local = zone.with_recorder_clock(RecorderClock::Local);
        assert_eq!(local.local(summer), "2010-07-01 00:00:00.000 -04:00");
        assert_eq!(local.format_utc(summer), "2010-07-01T04:00:00.000Z");
        for zone in [zone, local] {
            let time = "2010-07-01T00:00:00".parse().unwrap();
            assert!(
                zone.local(zone.read_local_time(time).unwrap())
                    .starts_with("2010-07-01 00:00:00")
            );
            let time = "2010-07-01T04:00:00Z".parse().unwrap();
            assert_eq!(
                zone.format_utc(zone.read_utc_time(time).unwrap()),
                "2010-07-01T04:00:00.000Z"
            );
        }
    }

    #[test]
    fn durations_are_for_people() {
        assert_eq!(duration(1_500_000_000), "1.500 s");
        assert_eq!(duration(123_000_000_000), "2 min 3 s");
        assert_eq!(duration(3_601_000_000_000), "1 h 0 min 1 s");
    }
}
