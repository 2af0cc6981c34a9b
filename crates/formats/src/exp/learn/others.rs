// SPDX-License-Identifier: MPL-2.0
//! Records between the pictures: sound or something else.

use super::{rows::Rows, shape::Shape};
use crate::exp::layout::Number;

/// More records in a row than this are not followed.
const MAX_CHAIN: usize = 4096;

/// How the records between pictures say how long they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By the field that gives the size of the whole record.
    Size,
    /// By the field that gives a P picture's length.
    Length,
}

/// What stands between the pictures.
#[derive(Clone, Debug, Default)]
pub struct Others {
    /// Offsets of records that hold no picture.
    pub starts: Vec<usize>,
    /// How long they are; `None` where there are none.
    pub by: Option<By>,
    /// Stretches between pictures.
    pub stretches: usize,
    /// Stretches that are made of whole records.
    pub explained: usize,
}

/// Follows records from `at`; the starts when they end exactly at `end`.
fn follow(
    at: usize,
    end: usize,
    size_at: impl Fn(usize) -> Option<i64>,
    least: usize,
) -> Option<Vec<usize>> {
    let mut starts = Vec::new();
    let mut at = at;
    while at < end {
        let size = usize::try_from(size_at(at)?).ok()?;
        if size < least || starts.len() >= MAX_CHAIN {
            return None;
        }
        starts.push(at);
        at = at.checked_add(size)?;
    }
    (at == end).then_some(starts)
}

fn field(bytes: &[u8], start: usize, at: usize, number: Number) -> Option<i64> {
    i64::try_from(number.read(bytes, start.checked_add(at)?).ok()?).ok()
}

/// Looks at all that stands between the pictures.
pub fn find(rows: &Rows<'_>, shape: &Shape) -> Others {
    let between: Vec<(usize, usize)> = rows.between().collect();
    let by_size = |start: usize| {
        let (at, number, plus) = shape.size?;
        Some(field(rows.bytes, start, at, number)?.saturating_add(plus))
    };
    let by_length = |start: usize| {
        let length = shape.length?;
        let at = shape.header.checked_sub(length.distance)?;
        let value = field(rows.bytes, start, at, length.number)?;
        let size = value.saturating_add(shape.header as i64);
        Some(super::shape::padded(size, shape.align))
    };
    let all = |size_at: &dyn Fn(usize) -> Option<i64>| -> (Vec<usize>, usize) {
        let chains: Vec<Vec<usize>> = between
            .iter()
            .filter_map(|(at, end)| follow(*at, *end, size_at, rows.header.max(1)))
            .collect();
        let count = chains.len();
        (chains.concat(), count)
    };
    let mut others = Others {
        stretches: between.len(),
        ..Others::default()
    };
    for (by, (starts, explained)) in [(By::Size, all(&by_size)), (By::Length, all(&by_length))] {
        if explained > others.explained {
            others.by = Some(by);
            others.starts = starts;
            others.explained = explained;
        }
    }
    others
}
