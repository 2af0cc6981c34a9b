// SPDX-License-Identifier: MPL-2.0
//! The recorder's clock over the running time of the video, and the options that set it.

use formats::{exp::time::PLAUSIBLE_SECONDS, reader::Mode};
use jiff::{Timestamp, fmt::temporal::Pieces};

const SECOND: f64 = 1e9;
/// Largest width and height: what both codecs take.
const MAX_SIDE: u16 = 4096;
/// Most frames per second.
const MAX_RATE: i32 = 120;

/// When the first frame was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// ns since 1970.
    pub time: i64,
    /// Minutes that local time is east of UTC, where it was given so.
    pub offset: Option<i32>,
}

/// The clock jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// Running time at which it jumps, ns.
    pub at: i64,
    /// By so much, ns; below 0 the clock is set back.
    pub by: i64,
}

/// The recorder's clock of a camera.
#[derive(Debug)]
pub struct Clock {
    start: i64,
    breaks: Vec<Break>,
    /// Sum of the jumps so far.
    jumped: i64,
}

impl Clock {
    /// A clock that shows `start` at running time 0; in ns since 1970.
    pub fn new(start: i64, breaks: &[Break]) -> Clock {
        let mut breaks = breaks.to_vec();
        breaks.sort_by_key(|jump| jump.at);
        Clock {
            start,
            breaks,
            jumped: 0,
        }
    }

    /// What it shows for a frame at this running time. It jumps with keyframes only, as a recorder that begins anew does.
    pub fn at(&mut self, running: i64, key: bool) -> i64 {
        if key {
            let passed = self.breaks.partition_point(|jump| jump.at <= running);
            for jump in self.breaks.drain(..passed) {
                self.jumped = self.jumped.saturating_add(jump.by);
            }
        }
        self.start
            .saturating_add(running)
            .saturating_add(self.jumped)
    }
}

fn ns(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    (seconds.abs() < 1e9).then(|| (seconds * SECOND).round() as i64)
}

/// Whether a recording may carry this time, ns since 1970.
pub fn plausible(time: i64) -> bool {
    PLAUSIBLE_SECONDS.contains(&time.div_euclid(1_000_000_000))
}

/// Reads a time with its offset from UTC.
pub fn parse_start(text: &str) -> Result<Start, String> {
    let wrong = |error: jiff::Error| {
        format!("{error}: expected a time with its offset, such as 2010-01-01T08:00:00-05:00")
    };
    let time = text.parse::<Timestamp>().map_err(wrong)?;
    let time = time.as_millisecond().saturating_mul(1_000_000);
    if !plausible(time) {
        return Err(
            "no reader takes it for a recording's time: expected one from 1995 to 2039".to_owned(),
        );
    }
    // Z says when it was, not where
    let zulu = text.ends_with(['Z', 'z']);
    let offset = Pieces::parse(text).ok().filter(|_| !zulu);
    let offset = offset.and_then(|pieces| pieces.to_numeric_offset());
    Ok(Start {
        time,
        offset: offset.map(|offset| offset.seconds() / 60),
    })
}

/// Reads a length, more than 0.
pub fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| {
        let seconds: f64 = *seconds;
        seconds > 0.0 && seconds < 1e8
    });
    seconds.ok_or_else(|| format!("{text:?} is not a length: expected seconds, more than 0"))
}

/// Reads `S:N`.
pub fn parse_break(text: &str) -> Result<Break, String> {
    let wrong = || format!("{text:?} is not a break: expected S:N, such as 20:300 or 40:-3600");
    let (at, by) = text.split_once(':').ok_or_else(wrong)?;
    let (at, by) = (ns(at).ok_or_else(wrong)?, ns(by).ok_or_else(wrong)?);
    if at <= 0 || by == 0 {
        return Err(wrong());
    }
    Ok(Break { at, by })
}

/// Reads a recording mode.
pub fn parse_mode(text: &str) -> Result<Mode, String> {
    if text == "unknown" {
        return Ok(Mode::Unknown);
    }
    Mode::from_name(text).ok_or_else(|| {
        format!("{text:?} is none of continuous, motion, alarm, instant, pre-alarm, schedule")
    })
}

/// Reads `S:MODE`.
pub fn parse_mode_at(text: &str) -> Result<(i64, Mode), String> {
    let wrong = || format!("{text:?} is not such as 20:motion");
    let (at, mode) = text.split_once(':').ok_or_else(wrong)?;
    Ok((ns(at).ok_or_else(wrong)?, parse_mode(mode)?))
}

/// Reads `N`, `N.N` or `N/M`.
pub fn parse_rate(text: &str) -> Result<(i32, i32), String> {
    let wrong = || format!("{text:?} is not a rate up to {MAX_RATE}, such as 7.5 or 15/2");
    let (num, den) = match text.split_once('/') {
        Some((num, den)) => (num.parse().ok(), den.parse().ok()),
        None => {
            let rate: f64 = text.parse().map_err(|_| wrong())?;
            (Some((rate * 1000.0).round() as i32), Some(1000))
        }
    };
    match (num, den) {
        (Some(num), Some(den)) if num > 0 && den > 0 && num / den <= MAX_RATE => Ok((num, den)),
        _ => Err(wrong()),
    }
}

/// Reads `WxH`.
pub fn parse_size(text: &str) -> Result<(i32, i32), String> {
    let size = text.split_once('x').and_then(|(width, height)| {
        let (width, height): (u16, u16) = (width.parse().ok()?, height.parse().ok()?);
        let fits = |side: u16| (16..=MAX_SIDE).contains(&side) && side.is_multiple_of(16);
        (fits(width) && fits(height)).then_some((i32::from(width), i32::from(height)))
    });
    size.ok_or_else(|| {
        format!(
            "{text:?} is not a size in whole macroblocks up to {MAX_SIDE}x{MAX_SIDE}, such as 352x240"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_jumps_where_it_is_set_to() {
        let breaks = [
            parse_break("3.5:-10").unwrap(),
            parse_break("2:300").unwrap(),
        ];
        let mut clock = Clock::new(0, &breaks);
        let mut at = |running: f64, key| clock.at((running * SECOND) as i64, key) as f64 / SECOND;
        assert_eq!(at(1.0, true), 1.0);
        assert_eq!(at(2.0, false), 2.0);
        assert_eq!(at(2.5, true), 302.5);
        assert_eq!(at(3.0, true), 303.0);
        assert_eq!(at(4.0, true), 294.0);
        assert!(parse_break("2").is_err());
        assert!(parse_break("0:5").is_err());
    }

    #[test]
    fn options_are_read() {
        assert_eq!(parse_rate("7.5"), Ok((7500, 1000)));
        assert_eq!(parse_rate("30000/4004"), Ok((30000, 4004)));
        assert!(parse_rate("0").is_err());
        assert_eq!(parse_size("352x288"), Ok((352, 288)));
        assert!(parse_size("350x240").is_err());
        assert!(parse_size("8192x8192").is_err());
        assert!(parse_seconds("0").is_err() && parse_seconds("-1").is_err());
        let start = parse_start("2010-01-01T08:00:00-05:00").unwrap();
        assert_eq!(start.offset, Some(-300));
        assert_eq!(start.time, 1_262_350_800_000_000_000);
        assert_eq!(
            parse_start("2010-01-01T13:00:00Z"),
            Ok(Start {
                offset: None,
                ..start
            })
        );
        for text in ["1994-12-31T23:59:59Z", "2040-01-01T00:00:00Z", "soon"] {
            assert!(parse_start(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_mode_at("1.5:motion"),
            Ok((1_500_000_000, Mode::Motion))
        );
    }
}
