// SPDX-License-Identifier: MPL-2.0
//! Times and lengths as people give them on the command line.

use super::{Failure, clock::Zone};
use crate::recording::Recording;
use formats::timeline::SECOND;
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
};
use std::sync::{Mutex, PoisonError};

/// Forms of a time, for help texts.
pub const FORMS: &str = "'2009-11-10 09:15:30', with an offset or Z, 10/11/2009 9:15am, 9:15, or +SECONDS from the beginning";

/// What is needed to read a time: the recording's zone, beginning and end. Nanoseconds of the recorder's clock.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    /// Zone of local times.
    pub zone: Zone,
    /// Clock of the first frame.
    pub first: i64,
    /// Clock of the last frame.
    pub last: i64,
}

impl Base {
    /// From the runs of a recording.
    pub fn of(recording: &Recording) -> Base {
        let cameras = &recording.contents.cameras;
        let firsts = cameras.iter().filter_map(|camera| camera.runs.first());
        let lasts = cameras.iter().flat_map(|camera| &camera.runs);
        Base {
            zone: recording.zone,
            first: firsts.map(|run| run.start).min().unwrap_or(0),
            last: lasts.map(|run| run.last).max().unwrap_or(0),
        }
    }

    /// Reads a time: a date and a time of day in several ways of writing, with an offset, `Z` or neither (then it is local time); a
    /// time of day alone (on the first day of the recording that has it); or `+12.5` (seconds after the beginning). Nanoseconds of
    /// the recorder's clock. A date that can be read in two ways is read as the one that was recorded; which one that is is printed.
    ///
    /// # Errors
    /// A text that is none of these.
    pub fn read(&self, text: &str) -> Result<i64, Failure> {
        let text = text.trim();
        let found = match text.strip_prefix('+') {
            Some(length) => parse_length(length)
                .ok()
                .map(|length| self.first.saturating_add(length)),
            None => match text.parse::<Timestamp>() {
                Ok(time) => self.zone.read_utc_time(time),
                Err(_) => self.read_local(text),
            },
        };
        found.ok_or_else(|| {
            Failure::Use(format!("{text:?} is not a time: expected such as {FORMS}"))
        })
    }

    fn read_local(&self, text: &str) -> Option<i64> {
        if let Some(time) = read_time(text) {
            return self.on_a_day(time);
        }
        let (date, time) = match text.split_once([' ', 'T']) {
            Some((date, time)) => (date, read_time(time)?),
            None => (text, Time::midnight()),
        };
        let dates = read_date(date);
        let mut times = dates.iter().filter_map(|(date, order)| {
            let ns = self.zone.read_local_time(date.to_datetime(time))?;
            Some((ns, *date, *order))
        });
        let recorded = |(ns, ..): &(i64, Date, &str)| {
            let day = 86_400 * SECOND;
            (self.first.saturating_sub(day)..self.last.saturating_add(day)).contains(ns)
        };
        let chosen = times.clone().find(recorded).or_else(|| times.next())?;
        if dates.len() > 1 {
            print_once(format!("{date} is read as {} ({})", chosen.2, chosen.1));
        }
        Some(chosen.0)
    }

    /// A time of day on the day on which the recording begins, or on the next where only that was recorded.
    fn on_a_day(&self, time: Time) -> Option<i64> {
        let wall = Timestamp::from_nanosecond(i128::from(self.zone.local_ns(self.first))).ok()?;
        let date = jiff::tz::Offset::UTC.to_datetime(wall).date();
        let on = |date: Date| self.zone.read_local_time(DateTime::from_parts(date, time));
        let (today, next) = (on(date)?, on(date.checked_add(1.day()).ok()?)?);
        Some(match today < self.first && next <= self.last {
            true => next,
            false => today,
        })
    }
}

/// `9:15`, `09:15:30.5`, `9:15am`, `9 pm`.
fn read_time(text: &str) -> Option<Time> {
    let text = text.trim().to_lowercase();
    let half = ["am", "pm", "a.m.", "p.m."]
        .into_iter()
        .find_map(|end| Some((text.strip_suffix(end)?.trim_end(), end.starts_with('p'))));
    let (digits, afternoon) = match half {
        Some((digits, afternoon)) => (digits, Some(afternoon)),
        None => (text.as_str(), None),
    };
    let mut parts = digits.split(':');
    let hour: i8 = two_digits(parts.next()?)?;
    let minute = parts.next();
    let second = parts.next().unwrap_or("0");
    if parts.next().is_some() || minute.is_none() && afternoon.is_none() {
        return None;
    }
    let hour = match afternoon {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    let minute = minute.map_or(Some(0), two_digits)?;
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let valid = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = format!("{fraction:0<9}");
    let nanoseconds = fraction.get(..9).filter(|_| valid)?.parse().ok()?;
    Time::new(hour, minute, two_digits(second)?, nanoseconds).ok()
}

fn two_digits(text: &str) -> Option<i8> {
    let valid = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| valid)
}

/// The dates that a text can mean, and the order in which each reads it.
fn read_date(text: &str) -> Vec<(Date, &'static str)> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let (Some(&first), Some(&second), Some(&third), 3) =
        (parts.first(), parts.get(1), parts.get(2), parts.len())
    else {
        return Vec::new();
    };
    let date = |year: &str, month: &str, day: &str| {
        let year = year.parse().ok().filter(|_| year.len() == 4)?;
        Date::new(year, two_digits(month)?, two_digits(day)?).ok()
    };
    if let Some(date) = date(first, second, third) {
        return vec![(date, "year/month/day")];
    }
    let both = [
        (date(third, second, first), "day/month/year"),
        (date(third, first, second), "month/day/year"),
    ];
    let both = both
        .into_iter()
        .filter_map(|(date, order)| Some((date?, order)));
    // with points between, nobody puts the month first
    let mut dates: Vec<_> = both.take(if text.contains('.') { 1 } else { 2 }).collect();
    dates.dedup_by_key(|(date, _)| *date);
    dates
}

/// Reads a length: seconds (`90`, `12.5`), `2m`, `1h30m`, `1:30`, `1:00:00`. Nanoseconds.
///
/// # Errors
/// A text that is none of these.
pub fn parse_length(text: &str) -> Result<i64, String> {
    let seconds = match text.split(':').collect::<Vec<_>>().as_slice() {
        [one] => read_units(one),
        many if many.len() <= 3 => many.iter().try_fold(0.0, |sum, part| {
            let part: f64 = part.parse().ok()?;
            Some(sum * 60.0 + part)
        }),
        _ => None,
    };
    seconds
        .filter(|seconds| (0.0..4e9).contains(seconds))
        .map(|seconds| (seconds * SECOND as f64).round() as i64)
        .ok_or_else(|| {
            format!("{text:?} is not a length: expected seconds (90), or such as 2m, 1h30m or 1:30")
        })
}

fn read_units(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let mut sum = 0.0;
    let mut rest = Some(text).filter(|text| !text.is_empty())?;
    while !rest.is_empty() {
        let at = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, unit) = rest.split_at(at);
        let end = unit
            .find(|letter: char| !letter.is_ascii_alphabetic())
            .unwrap_or(unit.len());
        let (unit, next) = unit.split_at(end);
        let factor = match unit {
            "h" => 3600.0,
            "m" | "min" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        sum += number.trim().parse::<f64>().ok()? * factor;
        rest = next.trim_start();
    }
    Some(sum)
}

/// Prints a remark on the error output, however many recordings it is made for.
fn print_once(text: String) {
    static PRINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut printed = PRINTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !printed.contains(&text) {
        eprintln!("exptool: {text}");
        printed.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: i64 = 1_257_862_530;

    fn base() -> Base {
        Base {
            zone: Zone::new(None, Some(-300)),
            first: FIRST * SECOND,
            last: (FIRST + 86_400) * SECOND,
        }
    }

    #[test]
    fn times_are_read_in_the_zone_of_the_recording() {
        for text in [
            "2009-11-10 09:15:30",
            "2009-11-10T09:15:30",
            "2009-11-10T14:15:30Z",
            "2009-11-10 09:15:30-05:00",
            "10/11/2009 9:15:30",
            "11/10/2009 9:15:30am",
            "10.11.2009 09:15:30",
            "09:15:30",
            "9:15:30 AM",
            "+0",
        ] {
            assert_eq!(base().read(text), Ok(FIRST * SECOND), "{text}");
        }
        let after = |seconds: f64| Ok(FIRST * SECOND + (seconds * 1e9) as i64);
        assert_eq!(base().read("09:15:30.250"), after(0.25));
        assert_eq!(base().read("+12.5"), after(12.5));
        assert_eq!(base().read("+2m"), after(120.0));
        // a day that was not recorded, and the order that is meant then
        assert_eq!(base().read("01/02/2009"), base().read("2009-02-01"));
        assert_eq!(base().read("9pm"), base().read("21:00"));
        // before the beginning of the first day, but on the second
        assert_eq!(base().read("08:00"), base().read("2009-11-11 08:00"));
        for text in [
            "soon",
            "9",
            "13pm",
            "25:00",
            "1/2/3",
            "9:15:",
            "2009-13-01",
            "",
        ] {
            assert!(base().read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_are_read() {
        for (text, seconds) in [
            ("90", 90.0),
            ("2m", 120.0),
            ("1h30m", 5400.0),
            ("1:30", 90.0),
            ("0.5s", 0.5),
        ] {
            assert_eq!(parse_length(text), Ok((seconds * 1e9) as i64), "{text}");
        }
        for text in ["", "m", "-3", "1x", "1:2:3:4", "nan"] {
            assert!(parse_length(text).is_err(), "{text}");
        }
    }
}
