// SPDX-License-Identifier: MPL-2.0
//! NetVu: recordings and live streams of Dedicated Micros (AD-Holdings) units.
//!
//! Five forms carry the same frames: binary and minimal streams with a six-byte [`separator`] before each packet, MIME
//! multipart, raw picture headers, Digital Sprite messages and `.par` partitions. Each has a reader; what is inside a packet
//! ([`picture`] header, [`audio`] header, [`text`], whole or stripped [`jpeg`] frames) is read in one place for all of them.
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

use crate::reader::{Reader, Timestamp, Window};
use crate::recording::{Event, Parser};
use scan::{Found, Scanner};
use std::ops::ControlFlow;

/// What was looked for, for the message that says it is not there.
pub const EXPECTED: &str = "a separator and packet of a NetVu binary stream, a NetVu MIME boundary, a picture header (DECADE10, DECADE11), \
     a Digital Sprite message or a PAR partition (not a Parchive)";

/// A reader of that form, which reports everything.
pub fn open(kind: Kind) -> Box<dyn Reader> {
    open_terse(kind, false)
}

/// A reader of that form. `terse`: facts that every frame has (its number, quality factor and wanted size, activity masks in
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
    let mut found = None;
    let whole = Window {
        offset: 0,
        data,
        last: true,
        unread: None,
    };
    Parser::new(open(kind)).read_window(&whole, |event| match event {
        Event::Packet { packet, .. } if packet.timestamp.is_some() => {
            found = packet.timestamp;
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found
}

/// Bytes that the binary reader skips from the start of `data` to the next packet that proves itself, for measuring.
pub fn bytes_to_next_packet(data: &[u8]) -> usize {
    match binary::find(data, 0, true, None) {
        Found::At(at) | Found::Perhaps { at, .. } | Found::NotBefore(at) => at,
    }
}
