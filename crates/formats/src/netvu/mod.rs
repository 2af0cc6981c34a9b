// SPDX-License-Identifier: MPL-2.0
//! NetVu: recordings and live streams of Dedicated Micros (AD-Holdings) units.
//!
//! Five forms carry the same pictures: binary and minimal streams with a six-byte [`separator`] before each packet, MIME
//! multipart, raw picture headers, Digital Sprite messages and `.par` partitions. Each has a reader; what stands inside a packet
//! ([`picture`] header, [`audio`] header, [`text`], whole or stripped [`jpeg`] pictures) is read in one place for all of them.
//!
//! Facts marked verified were checked on captures of real units of 2008; stated ones come from published programs only.

pub mod adpcm;
pub mod audio;
mod binary;
mod captions;
mod carve;
mod duplicates;
pub mod headers;
pub mod jfif;
pub mod jpeg;
mod jpeg_tables;
mod mime;
mod mime_part;
mod packet_builder;
mod par;
mod partition;
pub mod pbm;
pub mod picture;
mod probe;
mod scan;
pub mod separator;
mod sniff;
mod sprite;
pub mod text;

pub use probe::{Kind, MAX_PROBE, probe};

use crate::reader::{Reader, Step, Timestamp, Window};
use scan::{Found, Scanner};

/// What was looked for, for the message that says it is not there.
pub const EXPECTED: &str = "a separator and packet of a NetVu binary stream, a NetVu MIME boundary, a picture header (DECADE10, DECADE11), \
     a Digital Sprite message or a PAR partition (not a Parchive)";

/// A reader of that form, which tells everything.
pub fn open(kind: Kind) -> Box<dyn Reader> {
    open_terse(kind, false)
}

/// A reader of that form. `terse`: facts that every picture has (its number, quality factor and wanted size, activity masks in
/// which nothing is set) are left out, which saves half of the time.
pub fn open_terse(kind: Kind, terse: bool) -> Box<dyn Reader> {
    match kind {
        Kind::Binary => Box::new(Scanner::new(binary::Binary::new(terse))),
        Kind::Mime => Box::new(Scanner::new(mime::Mime::new(terse))),
        Kind::Raw => Box::new(Scanner::new(partition::Raw::new(terse))),
        Kind::Sprite => Box::new(Scanner::new(sprite::Sprite::new(terse))),
        Kind::Partition => Box::new(par::ParReader::new(terse)),
    }
}

/// Time of the first record in `data`, the start of a file or all of it. `None` where no whole record with a time is in it.
///
/// Files of one recording put into the order of these times follow each other as they were recorded (assumed; names of `.par`
/// files count up in a ring, so the highest need not be the newest).
pub fn first_time(data: &[u8]) -> Option<Timestamp> {
    let (kind, _) = probe(data)?;
    let mut reader = open(kind);
    let mut at = 0usize;
    loop {
        let window = Window {
            offset: at as u64,
            data: data.get(at..).unwrap_or_default(),
            last: true,
            unread: 0,
        };
        let taken = match reader.next(&window) {
            Step::Packet(packet) if packet.timestamp.is_some() => return packet.timestamp,
            Step::Packet(packet) => packet.size,
            Step::Skip(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
            Step::Damaged(damage) => damage.length,
            Step::Need(_) | Step::Cut(_) | Step::End => return None,
        };
        at = at.saturating_add(taken);
    }
}

/// Bytes that the binary reader passes over from the start of `data` to the next packet that proves itself, for measuring.
pub fn bytes_to_next_packet(data: &[u8]) -> usize {
    match binary::find(data, 0, true, None) {
        Found::At(at) | Found::Perhaps { at, .. } | Found::NotBefore(at) => at,
    }
}

/// Reads all of `data` with a reader of that form, first in windows that grow by `grow` bytes at a time (0 = all at once), and
/// gives each step with its offset and window to `tell`. For tests, fuzzing and tools that hold a whole file.
///
/// Returns the offset that was reached. A reader that makes no progress breaks its promise, which is told as `None`.
pub fn read_all(
    kind: Kind,
    data: &[u8],
    grow: usize,
    mut tell: impl FnMut(u64, &[u8], &Step),
) -> Option<usize> {
    let mut reader = open(kind);
    let (mut at, mut end, mut idle) = (0usize, 0usize, 0u32);
    loop {
        let start = at.min(data.len());
        end = match grow {
            0 => data.len(),
            _ => end.clamp(start, data.len()),
        };
        let window = Window {
            offset: at as u64,
            data: data.get(start..end).unwrap_or_default(),
            last: end == data.len(),
            unread: 0,
        };
        let step = reader.next(&window);
        tell(window.offset, window.data, &step);
        let taken = match &step {
            Step::Need(bytes) if *bytes > window.data.len() && !window.last => {
                end = end
                    .saturating_add(grow.max(1))
                    .max(start.saturating_add(if grow > 1 { *bytes } else { 0 }));
                continue;
            }
            Step::Need(_) => return None,
            Step::Skip(bytes) => usize::try_from(*bytes).unwrap_or(usize::MAX),
            Step::Packet(packet) => packet.size,
            Step::Damaged(damage) => damage.length,
            Step::Cut(bytes) => *bytes,
            Step::End => return Some(at),
        };
        // A text may come before its picture, and takes nothing; two in a row would be one too many.
        idle = if taken == 0 {
            idle.saturating_add(1)
        } else {
            0
        };
        if idle > 1 {
            return None;
        }
        at = at.saturating_add(taken);
    }
}
