// SPDX-License-Identifier: MPL-2.0
//! Finds the next record by the start code of its picture, where the chain of records is broken.

use super::{
    coded,
    layout::{Layout, Transform, Video},
    record::{self, Parsed},
};
use memchr::memmem;

/// Bytes around each record: an AVI chunk's header, or nothing.
pub trait Frame {
    /// Bytes before each record.
    const BEFORE: usize;

    /// Reads the record (with what is around it) at the start of `data`.
    fn parse(&self, data: &[u8]) -> Parsed;

    /// The bytes that a frame begins with, where they are stored as they are.
    fn code(&self) -> &'static [u8] {
        &[0, 0, 1]
    }

    /// Places of start codes in a record, counted from the record's start.
    fn places(&self) -> Vec<(usize, Transform)>;
}

/// Records one after the other.
pub struct Bare<'a>(pub &'a Layout);

impl Frame for Bare<'_> {
    const BEFORE: usize = 0;

    fn parse(&self, data: &[u8]) -> Parsed {
        record::parse(self.0, data, None)
    }

    fn places(&self) -> Vec<(usize, Transform)> {
        coded::start_code_places(self.0).to_vec()
    }

    fn code(&self) -> &'static [u8] {
        match self.0.record.video {
            Video::Mpeg => &[0, 0, 1],
            Video::Jpeg => &coded::JPEG,
        }
    }
}

/// Where the search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A record, or the beginning of what may be one, stands here.
    At(usize),
    /// None begins before this offset; what follows is too short to tell.
    NoneBefore(usize),
}

/// Looks for the first record at `from` or later.
pub fn find<F: Frame>(frame: &F, data: &[u8], from: usize, last: bool) -> Found {
    let places = frame.places();
    let reach = places
        .iter()
        .map(|(place, _)| place.saturating_add(F::BEFORE))
        .max()
        .unwrap_or(0)
        .saturating_add(8);
    let mut best: Option<usize> = None;
    for (place, transform) in places {
        let distance = place.saturating_add(F::BEFORE);
        let limit = best.unwrap_or(data.len());
        let found = match transform {
            Transform::None => first(frame, data, from, limit, distance, frame.code(), 0),
            // a reversed group is `xx 01 00 00`, or `01 00 00 00` for a start code of four bytes
            Transform::Swap32 => first(frame, data, from, limit, distance, &[1, 0, 0], 1)
                .into_iter()
                .chain(first(frame, data, from, limit, distance, &[1, 0, 0, 0], 0))
                .min(),
        };
        best = found.into_iter().chain(best).min();
    }
    match best {
        Some(at) => Found::At(at),
        None if last => Found::NoneBefore(data.len()),
        None => Found::NoneBefore(data.len().saturating_sub(reach).max(from.min(data.len()))),
    }
}

/// First place before `limit` where `code` stands `distance + lead` bytes on and a record proves itself.
fn first<F: Frame>(
    frame: &F,
    data: &[u8],
    from: usize,
    limit: usize,
    distance: usize,
    code: &[u8],
    lead: usize,
) -> Option<usize> {
    let skip = distance.checked_add(lead)?;
    let start = from.checked_add(skip)?;
    let end = limit
        .saturating_add(skip)
        .saturating_add(code.len())
        .min(data.len());
    memmem::find_iter(data.get(start..end)?, code).find_map(|found| {
        let at = found.checked_add(from)?;
        let proven = match frame.parse(data.get(at..)?) {
            Parsed::Record(record) => {
                !matches!(record.kind, record::Kind::Other | record::Kind::Audio)
            }
            Parsed::Need(_) => true,
            Parsed::NoPicture { .. } | Parsed::Bad(_) => false,
        };
        (proven && at < limit).then_some(at)
    })
}
