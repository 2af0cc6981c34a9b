// SPDX-License-Identifier: MPL-2.0
//! Dates and times that somebody types.

use formats::{timeline::SECOND, zone::Zone};
use jiff::{
    Timestamp,
    civil::{DateTime, Time},
    tz::Offset,
};

/// Reads a time of the recorder's clock: `2009-11-10 09:15:30.2`, with an offset or `Z` where it is not local time; `09:15` or
/// `09:15:30` on the day of `here`; `+12.5`, seconds from `first`. Nanoseconds since 1970.
pub fn read(text: &str, zone: &Zone, here: i64, first: i64) -> Option<i64> {
    let text = text.split('(').next()?.trim();
    if let Some(seconds) = text.strip_prefix('+') {
        let seconds: f64 = seconds.trim().trim_end_matches('s').trim().parse().ok()?;
        return (0.0..4e9)
            .contains(&seconds)
            .then(|| first.saturating_add((seconds * SECOND as f64).round() as i64));
    }
    // the offset as the window shows it
    let joined = text.replace(" +", "+").replace(" -", "-");
    if let Ok(time) = joined.parse::<Timestamp>() {
        return zone.read_utc_time(time);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return zone.read_local_time(time);
    }
    let padded = match text.find(':') {
        Some(1) => format!("0{text}"),
        _ => text.to_owned(),
    };
    let time: Time = padded.parse().ok()?;
    let here = Timestamp::from_nanosecond(i128::from(zone.local_ns(here))).ok()?;
    let date = Offset::UTC.to_datetime(here).date();
    zone.read_local_time(DateTime::from_parts(date, time))
}
