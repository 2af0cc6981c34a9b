// SPDX-License-Identifier: MPL-2.0
//! Where the coded picture of a record begins, and what it is.

use super::{
    layout::{Layout, PayloadLayout, RecordLayout, Transform, Video},
    record::{Kind, Parsed, Record, ends_agree},
};
use crate::{
    mpeg4::{h264, start_code},
    reader::{Codec, swap32},
};

/// Bytes of an H.264 access unit in which its first slice is looked for: parameter sets and messages stand before it.
const SLICE_SEARCH: usize = 4096;

/// The first bytes of a JPEG picture.
pub const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// Where the coded bytes of a record begin.
pub(super) enum Start {
    /// Here, and what they are.
    At(usize, Codec),
    /// No start code stands where one could.
    Nowhere,
}

/// Where the coded picture begins: at its usual place, or where its start code is found.
pub(super) fn start_of(
    fields: &RecordLayout,
    part: &PayloadLayout,
    data: &[u8],
    size: usize,
) -> Result<Start, Parsed> {
    let head_end = part.payload.saturating_add(8).min(size);
    if data.len() < head_end {
        return Err(Parsed::Need(head_end));
    }
    if fields.video == Video::Jpeg {
        let head = data.get(part.payload..).unwrap_or_default();
        return Ok(match head.starts_with(&JPEG) {
            true => Start::At(part.payload, Codec::Jpeg),
            false => Start::Nowhere,
        });
    }
    if let Some(codec) = codec_at(part, data, part.payload, size) {
        return Ok(Start::At(part.payload, codec));
    }
    let end = part.search.min(size);
    if end <= part.payload {
        return Ok(Start::Nowhere);
    }
    if data.len() < end {
        return Err(Parsed::Need(end));
    }
    let code: &[u8] = match part.transform {
        Transform::Swap32 => &[0xb6, 1, 0, 0],
        Transform::None => &[0, 0, 1, 0xb6],
    };
    let from = 12.min(end);
    let found = memchr::memmem::find_iter(data.get(from..end).unwrap_or_default(), code)
        .map(|at| at.saturating_add(from))
        .find(|at| length_agrees(fields, part, data, *at, size));
    Ok(match found {
        Some(at) => Start::At(at, Codec::Mpeg4),
        None => Start::Nowhere,
    })
}

/// Whether the length field before a start code that was searched for ends where the record does.
fn length_agrees(
    fields: &RecordLayout,
    part: &PayloadLayout,
    data: &[u8],
    at: usize,
    size: usize,
) -> bool {
    let Some(field) = &part.length else {
        return true;
    };
    let Ok(length) = field.read(data, at) else {
        return false;
    };
    let end = at.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    end <= size && (size == usize::MAX || ends_agree(fields, size, end))
}

/// The codec whose start code stands at `at`.
fn codec_at(part: &PayloadLayout, data: &[u8], at: usize, size: usize) -> Option<Codec> {
    let stored = data.get(at..at.saturating_add(8).min(size).min(data.len()))?;
    let mut head = [0; 8];
    let head = head.get_mut(..stored.len())?;
    match part.transform {
        Transform::None => head.copy_from_slice(stored),
        Transform::Swap32 => swap32(stored, head),
    }
    coded_as(head)
}

/// The video codec that bytes begin as.
pub fn coded_as(head: &[u8]) -> Option<Codec> {
    if start_code::looks_like_mpeg4(head) {
        Some(Codec::Mpeg4)
    } else if h264::looks_like_h264(head) {
        Some(Codec::H264)
    } else {
        None
    }
}

/// The first coded bytes, at most `most`, of a record that may still be incomplete.
pub(super) fn head_of(record: &Record, data: &[u8], most: usize) -> Vec<u8> {
    let end = record
        .payload
        .end
        .min(record.payload.start.saturating_add(most))
        .min(data.len());
    let mut part = record.clone();
    part.payload.end = end.max(record.payload.start);
    part.stored_end = record.stored_end.min(part.payload.end);
    part.stored_payload().to_vec(data)
}

/// Bytes of a record that [`shows_key`] looks at.
pub fn key_shown_in(record: &Record) -> usize {
    let search = if record.codec == Codec::H264 {
        SLICE_SEARCH
    } else {
        0
    };
    let end = record.payload.start.saturating_add(search);
    end.min(record.stored_end)
}

/// Whether a whole record holds a picture that needs no other. The kind says so of MPEG-4 (verified); of H.264, where the kind is
/// not known (assumed), the first slice does.
pub fn shows_key(record: &Record, data: &[u8]) -> bool {
    let claimed = record.kind == Kind::Key;
    match record.codec {
        Codec::H264 => {
            h264::first_slice_is_key(&head_of(record, data, SLICE_SEARCH)).unwrap_or(claimed)
        }
        _ => claimed,
    }
}

/// Whether coded bytes hold a picture that needs no other.
pub fn is_key(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Mpeg4 => start_code::vop_offset(payload)
            .and_then(|at| payload.get(at..))
            .and_then(crate::mpeg4::vop::vop_type)
            .is_some_and(|kind| kind == crate::mpeg4::vop::VopType::I),
        Codec::H264 => h264::is_key(payload),
        _ => true,
    }
}

/// Distance between a record's start and its coded picture, for every way a picture can be stored. Used to find records by
/// their start codes.
pub fn start_code_places(layout: &Layout) -> [(usize, Transform); 3] {
    let (p, key) = (&layout.record.p, &layout.record.key);
    [
        (p.payload, p.transform),
        (key.payload, key.transform),
        (key.payload.saturating_add(8), key.transform),
    ]
}
