// SPDX-License-Identifier: MPL-2.0
//! The schedule as a week: which mode holds at which minute, and how much is recorded then.

use super::fields::{Mode, Modes, Schedule};
use super::times::{self, DAY, DAYS, Span};

/// A part of a day in which one mode holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Block {
    /// From, in minutes since midnight.
    pub from: u16,
    /// To, in minutes since midnight, at most 1440.
    pub to: u16,
    /// The mode.
    pub mode: Mode,
}

/// The modes that the unit knows: as `modes` says, else by the times that are given.
pub fn modes(schedule: &Schedule) -> [Mode; 3] {
    let has_set = || {
        let set = |mode: Mode| {
            schedule
                .days()
                .iter()
                .any(|(_, day)| day.of_mode(mode).is_some())
        };
        set(Mode::Set) || set(Mode::Unset) || set(Mode::Override)
    };
    match schedule.modes {
        Some(Modes::SetUnsetOverride) => [Mode::Unset, Mode::Set, Mode::Override],
        None if has_set() => [Mode::Unset, Mode::Set, Mode::Override],
        _ => [Mode::Day, Mode::Night, Mode::Weekend],
    }
}

/// The times of a mode in the week, in minutes since Monday, 00:00, with the weekday; sorted by weekday.
pub fn spans(schedule: &Schedule, mode: Mode) -> Vec<(u32, u32, &'static str)> {
    let mut found = Vec::new();
    for (start, (day, times)) in (0_u32..).step_by(usize::from(DAY)).zip(schedule.days()) {
        let spans: Vec<Span> = times
            .of_mode(mode)
            .and_then(|times| times::spans(times.as_str()))
            .unwrap_or_default();
        found.extend(spans.iter().map(|(from, to)| {
            (
                start.saturating_add(u32::from(*from)),
                start.saturating_add(u32::from(*to)),
                day,
            )
        }));
    }
    found
}

/// The blocks of the seven days from Monday; each day is covered without gaps. Where no times are given at all, the first mode
/// holds all the time.
pub fn week(schedule: &Schedule) -> Vec<Vec<Block>> {
    const WEEK: usize = 7 * DAY as usize;
    let given = |mode: Mode| {
        schedule
            .days()
            .iter()
            .any(|(_, day)| day.of_mode(mode).is_some())
    };
    let known = modes(schedule);
    let [first, second, last] = known;
    let (rest, order) = match (first, given(first), given(second)) {
        (Mode::Day, true, _) => (second, [second, first]),
        (Mode::Day, false, _) => (first, [second, first]),
        (_, true, false) => (second, [first, second]),
        _ => (first, [first, second]),
    };
    let mut grid = vec![rest; WEEK];
    let mut mark = |from: u32, to: u32, mode: Mode| {
        for minute in from..to {
            let at = usize::try_from(minute).unwrap_or(0).checked_rem(WEEK);
            if let Some(slot) = at.and_then(|at| grid.get_mut(at)) {
                *slot = mode;
            }
        }
    };
    for mode in order
        .into_iter()
        .chain((last == Mode::Override).then_some(last))
    {
        for (from, to, _) in spans(schedule, mode) {
            mark(from, to, mode);
        }
    }
    let moment = |moment: &Option<super::types::Moment>| {
        moment
            .as_ref()
            .and_then(|moment| times::moment(moment.as_str()))
    };
    if let (Mode::Weekend, Some(from), Some(to)) = (
        last,
        moment(&schedule.weekend_start),
        moment(&schedule.weekend_end),
    ) {
        let over = if to <= from { WEEK as u32 } else { 0 };
        mark(
            u32::from(from),
            u32::from(to).saturating_add(over),
            Mode::Weekend,
        );
    }
    grid.chunks(usize::from(DAY)).map(blocks).collect()
}

fn blocks(day: &[Mode]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (minute, mode) in (0_u16..).zip(day) {
        let to = minute.saturating_add(1);
        match blocks.last_mut() {
            Some(block) if block.mode == *mode => block.to = to,
            _ => blocks.push(Block {
                from: minute,
                to,
                mode: *mode,
            }),
        }
    }
    blocks
}

/// The week as text: a line for each day, a letter (the mode's first) for each half hour, by the mode at its start.
pub fn grid(schedule: &Schedule) -> String {
    let mut out = String::from("            0     3     6     9     12    15    18    21\n");
    for (day, blocks) in DAYS.iter().zip(week(schedule)) {
        out.push_str(&format!("{day:<12}"));
        for minute in (0..DAY).step_by(30) {
            let block = blocks.iter().find(|b| (b.from..b.to).contains(&minute));
            let letter = block
                .and_then(|b| b.mode.as_str().chars().next())
                .unwrap_or('?');
            out.push(letter.to_ascii_uppercase());
        }
        out.push('\n');
    }
    out
}
