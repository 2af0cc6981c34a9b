// SPDX-License-Identifier: MPL-2.0
//! Blocks in which the headers of all records stand together, before the payloads that they are of, in the same order.
//!
//! A header and its payload put one behind the other make a record as any other layout has it.

use super::{
    layout::{Layout, ShortGroup, Transform},
    record::{self, Kind, Parsed},
};
use crate::reader::{MAX_RECORD, Window};
use std::sync::Arc;

/// Bytes of the headers of one block.
const MAX_TABLE: usize = 256 << 10;
/// Bytes in which a payload shows what it is.
const HEAD: usize = 512;

/// The payloads of a block: where each is in the file, and its header.
#[derive(Clone, Debug, Default)]
pub struct Block(Arc<Vec<(u64, Vec<u8>)>>);

/// What is at the start of a window.
pub enum Table {
    /// More bytes are needed.
    Need(usize),
    /// No block, after so many headers that may be some.
    Not(usize),
    /// The headers of a block, and how many bytes they take.
    Is(usize, Block),
}

impl Block {
    /// The header of the payload at this offset.
    pub fn header(&self, offset: u64) -> Option<&[u8]> {
        let n = self.0.binary_search_by_key(&offset, |(at, _)| *at).ok()?;
        self.0.get(n).map(|(_, header)| header.as_slice())
    }

    /// Bytes to the next payload, from a place among them.
    pub fn to_next(&self, offset: u64) -> Option<u64> {
        let (first, _) = self.0.first()?;
        let next = self.0.partition_point(|(at, _)| *at < offset);
        let (at, _) = self.0.get(next).filter(|_| *first <= offset)?;
        at.checked_sub(offset)
    }
}

/// Bytes of the payload and its padding.
pub fn payload_size(layout: &Layout, header: &[u8]) -> Option<usize> {
    let fields = &layout.record;
    let (size, end) = fields.read_size(header).ok()??;
    let part = match record::kind_of(fields, header).ok()? {
        Some(Kind::Key) => &fields.key,
        Some(Kind::Audio) => fields.audio.as_ref()?,
        _ => &fields.p,
    };
    let around = part.payload.saturating_add(fields.trailer);
    let size = match part.transform {
        // a reversed frame is filled up before it is padded
        Transform::Swap32 if part.short_group == ShortGroup::Filled && fields.size_unpadded => {
            let groups = end.checked_sub(around)?.checked_next_multiple_of(4)?;
            fields.padded(groups.saturating_add(around))
        }
        _ => size,
    };
    let size = size.checked_sub(fields.header)?;
    (1..=MAX_RECORD).contains(&size).then_some(size)
}

/// Whether these bytes may be a header: nothing in them is wrong.
pub fn may_be_header(layout: &Layout, bytes: &[u8]) -> bool {
    payload_size(layout, bytes).is_some()
        && !matches!(record::parse(layout, bytes, None), Parsed::Bad(_))
}

fn proves(layout: &Layout, header: &[u8], payload: &[u8]) -> bool {
    let shown = |most: usize| payload.get(..most.min(payload.len())).unwrap_or_default();
    let parse = |most: usize| record::parse(layout, &[header, shown(most)].concat(), None);
    match parse(HEAD) {
        // a keyframe's headers may be long
        Parsed::Need(bytes) => matches!(parse(bytes), Parsed::Record(record) if record.is_frame()),
        Parsed::Record(record) => record.is_frame(),
        _ => false,
    }
}

/// The block at a window's start.
pub fn table(layout: &Layout, before: usize, window: &Window<'_>) -> Table {
    let (data, step) = (window.data, layout.record.header);
    let more = |headers: usize, bytes: usize| match window.last {
        true => Table::Not(headers),
        false => Table::Need(bytes.max(data.len().saturating_add(1))),
    };
    let place = |n: usize| before.saturating_add(n.saturating_mul(step));
    let header = |n: usize| data.get(place(n)..place(n.saturating_add(1)));
    let mut sizes = Vec::new();
    loop {
        let n = sizes.len();
        // the headers end where the first payload begins
        let at = place(n);
        if n > 0 {
            let Some(rest) = data
                .get(at..)
                .filter(|rest| rest.len() >= HEAD || window.last)
            else {
                return more(n, at.saturating_mul(2).max(at.saturating_add(HEAD)));
            };
            let first = header(0).unwrap_or_default();
            if proves(layout, first, rest) {
                let next = at.saturating_add(sizes.first().copied().unwrap_or(0));
                let Some(behind) = data
                    .get(next..)
                    .filter(|rest| rest.len() >= HEAD || window.last)
                else {
                    return more(n, next.saturating_add(HEAD));
                };
                // the next payload, the next block or the file's end
                let after = || behind.get(place(0)..place(1));
                let follows = match header(1).filter(|_| n > 1) {
                    Some(second) => proves(layout, second, behind),
                    None => {
                        behind.is_empty()
                            || after().is_some_and(|bytes| may_be_header(layout, bytes))
                    }
                };
                if follows {
                    break;
                }
            }
        }
        let Some(next) = header(n) else {
            return more(n, place(n.saturating_add(2)));
        };
        match payload_size(layout, next).filter(|_| at < MAX_TABLE && may_be_header(layout, next)) {
            Some(size) => sizes.push(size),
            None => return Table::Not(n),
        }
    }
    let end = place(sizes.len());
    let mut at = window.offset.saturating_add(end as u64);
    let bodies = sizes.iter().enumerate().map(|(n, size)| {
        let own = at;
        at = at.saturating_add(*size as u64);
        (own, header(n).unwrap_or_default().to_vec())
    });
    Table::Is(end, Block(Arc::new(bodies.collect())))
}
