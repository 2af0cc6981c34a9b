// SPDX-License-Identifier: MPL-2.0
//! The recorder's clock over the running time of the video, and the options that tell it.

use gstexp::container::reader::Mode;

const SECOND: f64 = 1e9;

/// The clock jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// Running time at which it jumps, ns.
    pub at: i64,
    /// By so much, ns; below 0 the clock is set back.
    pub by: i64,
}

/// The clock at a running time: the start, the running time, and all jumps so far. In ns since 1970.
pub fn at(start: i64, breaks: &[Break], running: i64) -> i64 {
    let passed = breaks.iter().filter(|jump| jump.at <= running);
    passed.fold(start.saturating_add(running), |clock, jump| {
        clock.saturating_add(jump.by)
    })
}

/// Number of jumps up to a running time.
pub fn passed(breaks: &[Break], running: i64) -> usize {
    breaks.iter().filter(|jump| jump.at <= running).count()
}

fn ns(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    (seconds.abs() < 1e9).then(|| (seconds * SECOND).round() as i64)
}

/// Reads `S:N`.
pub fn parse_break(text: &str) -> Result<Break, String> {
    let wrong = || format!("{text:?} is no break, such as 20:300 or 40:-3600");
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
    let wrong = || format!("{text:?} is no rate, such as 7.5 or 15/2");
    let (num, den) = match text.split_once('/') {
        Some((num, den)) => (num.parse().ok(), den.parse().ok()),
        None => {
            let rate: f64 = text.parse().map_err(|_| wrong())?;
            (Some((rate * 1000.0).round() as i32), Some(1000))
        }
    };
    match (num, den) {
        (Some(num), Some(den)) if num > 0 && den > 0 => Ok((num, den)),
        _ => Err(wrong()),
    }
}

/// Reads `WxH`.
pub fn parse_size(text: &str) -> Result<(i32, i32), String> {
    let size = text.split_once('x').and_then(|(width, height)| {
        let (width, height): (u16, u16) = (width.parse().ok()?, height.parse().ok()?);
        let fits = width > 0 && height > 0 && width % 16 == 0 && height % 16 == 0;
        fits.then_some((i32::from(width), i32::from(height)))
    });
    size.ok_or_else(|| format!("{text:?} is no size in whole macroblocks, such as 352x240"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_jumps_where_it_is_told() {
        let breaks = [
            parse_break("2:300").unwrap(),
            parse_break("3.5:-10").unwrap(),
        ];
        let clock = |running: f64| at(0, &breaks, (running * SECOND) as i64) as f64 / SECOND;
        assert_eq!(clock(1.0), 1.0);
        assert_eq!(clock(2.0), 302.0);
        assert_eq!(clock(3.5), 293.5);
        assert_eq!(passed(&breaks, 2_500_000_000), 1);
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
        assert_eq!(
            parse_mode_at("1.5:motion"),
            Ok((1_500_000_000, Mode::Motion))
        );
    }
}
