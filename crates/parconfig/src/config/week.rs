// SPDX-License-Identifier: MPL-2.0
//! The schedule as a week: which mode holds at which minute, and how much is recorded then.

use super::fields::{Mode, Modes, Schedule};
use super::times::{self, DAY, DAYS};

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

/// Times are given for a mode on any day.
fn is_given(schedule: &Schedule, mode: Mode) -> bool {
    let mut days = schedule.days().into_iter();
    days.any(|(_, times)| times.of_mode(mode).is_some())
}

/// The modes that the unit knows: as `modes` says, else by the times that are given.
pub fn modes(schedule: &Schedule) -> [Mode; 3] {
    let by_set = [Mode::Unset, Mode::Set, Mode::Override];
    match schedule.modes {
        Some(Modes::SetUnsetOverride) => by_set,
        None if by_set.iter().any(|mode| is_given(schedule, *mode)) => by_set,
        _ => [Mode::Day, Mode::Night, Mode::Weekend],
    }
}

/// The times of a mode in the week, in minutes since Monday, 00:00, with the weekday; sorted by weekday.
pub fn spans(schedule: &Schedule, mode: Mode) -> Vec<(u32, u32, &'static str)> {
    let mut found = Vec::new();
    for (start, (day, times)) in (0_u32..).step_by(usize::from(DAY)).zip(schedule.days()) {
        let spans = times.of_mode(mode).and_then(|times| times::spans(times));
        for (from, to) in spans.unwrap_or_default() {
            let [from, to] = [from, to].map(|minute| start.saturating_add(u32::from(minute)));
            found.push((from, to, day));
        }
    }
    found
}

/// The blocks of the seven days from Monday; each day is covered without gaps. Where no times are given at all, the first mode
/// holds all the time.
pub fn week(schedule: &Schedule) -> Vec<Vec<Block>> {
    const WEEK: usize = 7 * DAY as usize;
    let [first, second, last] = modes(schedule);
    let given = [first, second].map(|mode| is_given(schedule, mode));
    // What holds where no times are given, and the modes from the weakest.
    let (rest, order) = match (first, given) {
        (Mode::Day, [true, _]) => (second, [second, first]),
        (Mode::Day, [false, _]) => (first, [second, first]),
        (_, [true, false]) => (second, [first, second]),
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
    let strongest = (last == Mode::Override).then_some(last);
    for mode in order.into_iter().chain(strongest) {
        for (from, to, _) in spans(schedule, mode) {
            mark(from, to, mode);
        }
    }
    let (start, end) = (&schedule.weekend_start, &schedule.weekend_end);
    let [start, end] = [start, end].map(|moment| moment.as_deref().and_then(times::moment));
    if let (Mode::Weekend, Some(from), Some(to)) = (last, start, end) {
        let over = if to <= from { WEEK as u32 } else { 0 };
        let to = u32::from(to).saturating_add(over);
        mark(u32::from(from), to, Mode::Weekend);
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
