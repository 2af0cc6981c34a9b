// SPDX-License-Identifier: MPL-2.0
//! The records of the pictures as rows of a table, whose columns are searched for fields.

use super::{pictures::Picture, shape::Shape};
use crate::exp::layout::Number;

/// Rows that are looked at.
const MAX_ROWS: usize = 4000;

/// A picture's record.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Offset of the record.
    pub start: usize,
    /// Offset of the first byte after it; the same as `start` where it is not known.
    pub end: usize,
    /// Its picture.
    pub picture: Picture,
}

/// All of them.
pub struct Rows<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// In the order of the file.
    pub list: Vec<Row>,
    /// Bytes of header that every record has.
    pub header: usize,
    /// The byte order of lengths: little-endian, where one is known.
    pub little: Option<bool>,
    /// Columns that hold a known field.
    taken: Vec<bool>,
}

impl<'a> Rows<'a> {
    /// The records of these pictures.
    pub fn new(bytes: &'a [u8], pictures: &[Picture], shape: &Shape) -> Rows<'a> {
        let header = shape.header.min(shape.key_header);
        let mut list: Vec<Row> = Vec::new();
        for picture in pictures.iter().take(MAX_ROWS) {
            let before = list.last().map_or(0, |row| row.end);
            let usual = if picture.key {
                shape.key_header
            } else {
                shape.header
            };
            let distance = picture.start.saturating_sub(before);
            let start = match picture.key
                && shape.key_varies
                && before > 0
                && distance <= usual.saturating_add(64)
            {
                true => before,
                false => match picture.start.checked_sub(usual) {
                    Some(start) => start,
                    None => continue,
                },
            };
            let size = shape
                .record_size(bytes, picture)
                .and_then(|size| usize::try_from(size).ok());
            // a header of another size than usual is part of the record
            let more = picture.start.saturating_sub(start).saturating_sub(usual);
            let end = size.map_or(start, |size| {
                start.saturating_add(size).saturating_add(more)
            });
            list.push(Row {
                start,
                end,
                picture: *picture,
            });
        }
        let mut rows = Rows {
            bytes,
            list,
            header,
            little: length_order(shape),
            taken: vec![false; header],
        };
        if let Some((at, number, _)) = shape.size {
            rows.take_used(at, number);
        }
        let lengths = [
            (shape.length, shape.header),
            (shape.key_length, shape.key_header),
        ];
        for (length, header) in lengths {
            if let Some(length) = length
                && let Some(at) = header.checked_sub(length.distance)
            {
                rows.take_used(at, length.number);
            }
        }
        rows
    }

    /// Marks columns as known.
    pub fn take(&mut self, at: usize, width: usize) {
        for taken in self.taken.iter_mut().skip(at).take(width) {
            *taken = true;
        }
    }

    /// Marks the columns of a number as known, but for an upper half that is always 0: it may belong to another field.
    fn take_used(&mut self, at: usize, number: Number) {
        let narrow = !self.numbers(at, number).any(|(_, value)| value > 0xffff);
        match lower_half(number).filter(|_| narrow) {
            Some((by, half)) => self.take(at.saturating_add(by), half.width()),
            None => self.take(at, number.width()),
        }
    }

    /// None of these columns is known, and all are in the header.
    pub fn free(&self, at: usize, width: usize) -> bool {
        let columns = self.taken.get(at..at.saturating_add(width));
        columns.is_some_and(|columns| columns.iter().all(|taken| !taken))
    }

    /// Columns where a field of this width may stand.
    pub fn places(&self, width: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.header).filter(move |at| self.free(*at, width))
    }

    /// The values of a field, one for each record that has it.
    pub fn numbers(&self, at: usize, number: Number) -> impl Iterator<Item = (Row, u64)> + '_ {
        self.list.iter().filter_map(move |row| {
            let value = number.read(self.bytes, row.start.checked_add(at)?).ok()?;
            Some((*row, value))
        })
    }

    /// What stands between the records: offset and first byte after it.
    pub fn between(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let following = self.list.iter().zip(self.list.iter().skip(1));
        following
            .filter(|(row, _)| row.end > row.start)
            .map(|(row, next)| (row.end, next.start))
            .filter(|(end, start)| end < start)
    }
}

fn length_order(shape: &Shape) -> Option<bool> {
    let length = shape.length.map(|length| length.number);
    let size = shape.size.map(|(_, number, _)| number);
    match length.or(size)? {
        Number::U8 => None,
        number => Some(matches!(
            number,
            Number::U16le | Number::U32le | Number::U64le
        )),
    }
}

/// The lower half of a 32-bit number: how many bytes later it stands, and its type.
pub fn lower_half(number: Number) -> Option<(usize, Number)> {
    match number {
        Number::U32le => Some((0, Number::U16le)),
        Number::U32be => Some((2, Number::U16be)),
        _ => None,
    }
}
