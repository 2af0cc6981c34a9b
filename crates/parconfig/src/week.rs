// SPDX-License-Identifier: MPL-2.0
//! The schedule as a week: which mode holds at which minute, and how much is recorded then.

use super::model::Config;
use super::schema::{DAYS, MODES};
use super::times::{self, DAY, Span};

/// A part of a day in which one mode holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// From, in minutes since midnight.
    pub from: u16,
    /// To, in minutes since midnight, at most 1440.
    pub to: u16,
    /// One of [`MODES`].
    pub mode: &'static str,
}

/// A week that starts on Monday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// The blocks of the seven days; each day is covered without gaps.
    pub days: Vec<Vec<Block>>,
}

/// How much is recorded in a mode, in canonical spelling; `None` where the schedule does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Standard recording.
    pub standard: Option<String>,
    /// Recording during an event.
    pub event: Option<String>,
}

/// Whether the unit works with set, unset and override instead of day, night and weekend: as `schedule.modes` says, else by the times
/// that are given.
pub fn is_set_style(config: &Config) -> bool {
    match config.canonical("schedule", "modes").as_deref() {
        Some(modes) => modes == "set-unset-override",
        None => DAYS.iter().any(|day| {
            let section = format!("schedule.{day}");
            ["set", "unset", "override"]
                .iter()
                .any(|key| config.value(&section, key).is_some())
        }),
    }
}

/// The modes that the unit knows.
pub fn modes(config: &Config) -> &'static [&'static str] {
    let (first, second) = MODES.split_at_checked(3).unwrap_or((&MODES, &[]));
    if is_set_style(config) { second } else { first }
}

/// The spans of one key of one weekday.
pub fn spans_of(config: &Config, day: &str, key: &str) -> Option<Vec<Span>> {
    let value = config.value(&format!("schedule.{day}"), key)?;
    times::spans(&value.to_ascii_lowercase())
}

/// Minutes of a week.
const WEEK: usize = 7 * DAY as usize;

struct Grid(Vec<&'static str>);

impl Grid {
    /// Marks minutes from `from` to `to`, counted from Monday, 00:00; beyond Sunday it goes on with Monday.
    fn mark(&mut self, from: usize, to: usize, mode: &'static str) {
        for minute in from..to {
            if let Some(slot) = self.0.get_mut(minute.checked_rem(WEEK).unwrap_or(0)) {
                *slot = mode;
            }
        }
    }

    fn mark_days(&mut self, config: &Config, key: &str, mode: &'static str) {
        for (at, day) in DAYS.iter().enumerate() {
            let start = at.saturating_mul(usize::from(DAY));
            for (from, to) in spans_of(config, day, key).unwrap_or_default() {
                let (from, to) = (usize::from(from), usize::from(to));
                self.mark(start.saturating_add(from), start.saturating_add(to), mode);
            }
        }
    }
}

/// The week of a configuration. Where no times are given at all, the first mode holds all the time.
pub fn week(config: &Config) -> Week {
    let any = |key: &str| DAYS.iter().any(|day| spans_of(config, day, key).is_some());
    let grid = if is_set_style(config) {
        let rest = if any("unset") && !any("set") {
            "set"
        } else {
            "unset"
        };
        let mut grid = Grid(vec![rest; WEEK]);
        grid.mark_days(config, "unset", "unset");
        grid.mark_days(config, "set", "set");
        grid.mark_days(config, "override", "override");
        grid
    } else {
        let rest = if any("day") { "night" } else { "day" };
        let mut grid = Grid(vec![rest; WEEK]);
        grid.mark_days(config, "night", "night");
        grid.mark_days(config, "day", "day");
        if let Some((from, to)) = weekend(config) {
            let to = if to <= from {
                to.saturating_add(WEEK)
            } else {
                to
            };
            grid.mark(from, to, "weekend");
        }
        grid
    };
    Week {
        days: grid.0.chunks(usize::from(DAY)).map(blocks).collect(),
    }
}

/// Start and end of the weekend in minutes of the week, where both are given.
fn weekend(config: &Config) -> Option<(usize, usize)> {
    let moment = |key: &str| {
        let value = config.value("schedule", key)?.to_ascii_lowercase();
        times::moment(&value).map(usize::from)
    };
    Some((moment("weekend-start")?, moment("weekend-end")?))
}

fn blocks(day: &[&'static str]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (minute, mode) in (0_u16..).zip(day) {
        let to = minute.saturating_add(1);
        match blocks.last_mut() {
            Some(block) if block.mode == *mode => block.to = to,
            _ => blocks.push(Block {
                from: minute,
                to,
                mode,
            }),
        }
    }
    blocks
}

/// What the schedule says of a mode's rates.
pub fn rates(config: &Config, mode: &str) -> Rates {
    Rates {
        standard: config.canonical("schedule", &format!("rate-{mode}")),
        event: config.canonical("schedule", &format!("event-rate-{mode}")),
    }
}

/// The week as text: a line for each day, a letter (the mode's first) for each half hour, by the mode at its start.
pub fn grid(week: &Week) -> String {
    let mut out = String::from("            0     3     6     9     12    15    18    21\n");
    for (day, blocks) in DAYS.iter().zip(&week.days) {
        out.push_str(&format!("{day:<12}"));
        for half in 0..48_u16 {
            let minute = half.saturating_mul(30);
            let block = blocks.iter().find(|b| (b.from..b.to).contains(&minute));
            let letter = block.and_then(|b| b.mode.chars().next()).unwrap_or('?');
            out.push(letter.to_ascii_uppercase());
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::ConfigText;
    use super::*;

    fn week_of(text: &str) -> Week {
        week(ConfigText::parse(text.as_bytes()).unwrap().config())
    }

    fn block(from: u16, to: u16, mode: &'static str) -> Block {
        Block { from, to, mode }
    }

    #[test]
    fn day_night_and_weekend() {
        let week = week_of(
            "; par 1\n[schedule]\nweekend-start = fri 18:00\nweekend-end = mon 06:00\n\
             [schedule.monday]\nday = 05:00-08:00\n[schedule.friday]\nday = 08:00-20:00\n",
        );
        assert_eq!(
            week.days[0],
            [
                block(0, 360, "weekend"),
                block(360, 480, "day"),
                block(480, 1440, "night")
            ]
        );
        assert_eq!(week.days[1], [block(0, 1440, "night")]);
        assert_eq!(
            week.days[4],
            [
                block(0, 480, "night"),
                block(480, 1080, "day"),
                block(1080, 1440, "weekend")
            ]
        );
        assert_eq!(week.days[6], [block(0, 1440, "weekend")]);
    }

    #[test]
    fn a_span_over_midnight_ends_on_the_next_day() {
        let week = week_of("; par 1\n[schedule.sunday]\nset = 22:00-06:00\n");
        assert_eq!(
            week.days[6],
            [block(0, 1320, "unset"), block(1320, 1440, "set")]
        );
        assert_eq!(
            week.days[0],
            [block(0, 360, "set"), block(360, 1440, "unset")]
        );
        assert!(grid(&week).contains(&format!(
            "monday      {}{}\n",
            "S".repeat(12),
            "U".repeat(36)
        )));
    }

    #[test]
    fn no_times_are_all_day() {
        assert!(
            week_of("; par 1\n")
                .days
                .iter()
                .all(|day| day == &[block(0, 1440, "day")])
        );
    }
}
