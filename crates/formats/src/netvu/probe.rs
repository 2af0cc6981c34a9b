// SPDX-License-Identifier: MPL-2.0
//! Telling the five forms apart by their first bytes, or, where the beginning is damaged or something else is before, by the first
//! record that proves itself.

use super::mime_part::{Part, is_boundary};
use super::picture::{self, PictureHeader};
use super::scan::Found;
use super::{binary, mime, partition, sprite};
use memchr::memmem;

/// A form of NetVu recording or stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// AD binary or minimal stream.
    Binary,
    /// MIME multipart.
    Mime,
    /// Frame headers and JPEG data with nothing between them.
    Raw,
    /// Digital Sprite messages.
    Sprite,
    /// `.par` partition.
    Partition,
}

/// Points that show a binary stream.
const SURE: u32 = 100;

/// Pairs of weak packets that may be there by chance before a stream begins.
const CHANCES: usize = 64;

/// Packets of a binary stream that are looked at.
const PACKETS: usize = 8;

/// Bytes in which the first record of any form is looked for (assumed).
pub const MAX_PROBE: usize = 4 << 20;

/// Points of a recording whose beginning is damaged or behind something else.
const BEHIND: u32 = 60;

/// Bytes in which a raw stream's first header is looked for.
const RAW_LOOK: usize = 65_536;

/// What the first bytes of a file or stream are, and how sure that is: 1 to 100. `None` where nothing of NetVu is in them;
/// plain JPEG files, Parchive, Parquet and Solid Edge files are never claimed.
///
/// More bytes make it surer: 64 KiB are plenty for a whole recording, up to [`MAX_PROBE`] find one whose beginning is damaged
/// or that is behind something else (60 at most). A stream of weak packets needs three of them for 100.
pub fn probe(head: &[u8]) -> Option<(Kind, u32)> {
    let sure = [
        (Kind::Sprite, probe_sprite(head)),
        (Kind::Partition, probe_partition(head)),
        (Kind::Mime, probe_mime(head)),
        (Kind::Binary, probe_binary(head)),
        (Kind::Raw, probe_raw(head)),
    ];
    sure.into_iter()
        .filter(|(_, score)| *score > 0)
        .max_by_key(|(_, score)| *score)
        .or_else(|| first_record(head.get(..MAX_PROBE).unwrap_or(head)))
}

/// The form of the first record that proves itself, wherever it is.
fn first_record(head: &[u8]) -> Option<(Kind, u32)> {
    let at = |found: Found| match found {
        Found::At(at) => Some(at),
        _ => None,
    };
    // a packet has a header inside
    let packet = first_packet(head);
    let headed = at(partition::find(head, 0, false)).filter(|_| packet.is_none());
    let kind = |record: usize| {
        // records of a partition do not follow each other without a gap only
        let raw = is_raw(head, record);
        if raw { Kind::Raw } else { Kind::Partition }
    };
    let first = [
        (packet, Kind::Binary),
        (at(mime::find(head, 0, false)), Kind::Mime),
        (at(sprite::find(head, 0, false)), Kind::Sprite),
        (headed, headed.map_or(Kind::Partition, kind)),
    ];
    first
        .into_iter()
        .filter_map(|(at, kind)| Some((at?, kind)))
        .min_by_key(|(at, _)| *at)
        .map(|(_, kind)| (kind, BEHIND))
}

/// The first packet of a binary stream that proves itself. Two weak ones are in any large file by chance: as many as in front
/// are needed here.
fn first_packet(head: &[u8]) -> Option<usize> {
    let mut from = 0;
    for _ in 0..CHANCES {
        let Found::At(at) = binary::find(head, from, false, None) else {
            return None;
        };
        if walk(head.get(at..).unwrap_or_default()).0 >= SURE {
            return Some(at);
        }
        from = at.saturating_add(1);
    }
    None
}

/// A picture header with JPEG data and another one right behind it.
fn is_raw(head: &[u8], at: usize) -> bool {
    let header = |at: usize| PictureHeader::parse(head.get(at..).unwrap_or_default()).ok();
    let jpeg = |header: &PictureHeader| matches!(header.format, picture::Format::Jpeg { .. });
    header(at)
        .filter(jpeg)
        .and_then(|first| header(at.saturating_add(first.total())))
        .is_some_and(|next| jpeg(&next))
}

/// As [`probe`], for the forms whose records no search for headers finds.
pub(super) fn probe_other(head: &[u8]) -> Option<(Kind, u32)> {
    let sure = [
        (Kind::Sprite, probe_sprite(head)),
        (Kind::Mime, probe_mime(head)),
        (Kind::Binary, probe_binary(head)),
    ];
    sure.into_iter().max_by_key(|(_, score)| *score)
}

fn probe_sprite(head: &[u8]) -> u32 {
    if !head.starts_with(&sprite::MAGIC) {
        return 0;
    }
    match sprite::is_message(head) {
        Some(true) => 100,
        Some(false) => 0,
        None => 50,
    }
}

/// Parchive files of version 1 begin with the same four bytes, four more NULs and the version 0x00010000.
fn is_parchive(head: &[u8]) -> bool {
    head.get(4..12) == Some(&[0, 0, 0, 0, 0, 0, 1, 0])
}

fn probe_partition(head: &[u8]) -> u32 {
    if !head.starts_with(&partition::MAGIC) {
        return 0;
    }
    let look = head.get(..MAX_PROBE).unwrap_or(head);
    match partition::find(look, 0, false) {
        Found::At(_) => 100,
        // A header that fits, of a frame longer than what was read.
        Found::Perhaps { at, .. }
            if PictureHeader::parse(look.get(at..).unwrap_or_default()).is_ok() =>
        {
            100
        }
        _ if is_parchive(head) || head.len() < 12 => 0,
        _ => 80,
    }
}

fn probe_mime(head: &[u8]) -> u32 {
    let blank = head
        .iter()
        .take(2)
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    let rest = head.get(blank..).unwrap_or_default();
    let line = memchr::memchr(b'\n', rest).and_then(|end| rest.get(..end));
    let boundary = line.is_some_and(|line| {
        let line = line.trim_ascii_end();
        is_boundary(line) && line.ends_with(b")1qaz")
    });
    if boundary || line.is_some_and(is_boundary) && Part::parse(head).is_ok() {
        return 100;
    }
    // A unit that leaves the first boundary out; its name is in the header.
    let named = || memmem::find(head.get(..1024).unwrap_or(head), b"Server: ADH-Web").is_some();
    if rest.starts_with(b"HTTP/") && Part::parse(head).is_ok() && named() {
        return 90;
    }
    0
}

/// Walks from packet to packet: all must be sane, and the points of what they hold are added.
fn probe_binary(head: &[u8]) -> u32 {
    let blank = head
        .iter()
        .take(2)
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    (0..=blank)
        .map(|skip| walk(head.get(skip..).unwrap_or_default()))
        .filter_map(|(points, sane)| sane.then_some(points))
        .max()
        .unwrap_or(0)
}

/// Points of the packets from the start of `head` on, up to [`SURE`]; and whether all were sane.
fn walk(head: &[u8]) -> (u32, bool) {
    let mut rest = head;
    let mut sum = 0u32;
    for _ in 0..PACKETS {
        if rest.len() < super::separator::LEN {
            break;
        }
        let Some((points, total)) = binary::score(rest) else {
            return (sum, false);
        };
        sum = sum.saturating_add(points);
        if sum >= SURE {
            return (SURE, true);
        }
        let Some(behind) = rest.get(total..) else {
            break;
        };
        rest = behind;
    }
    (sum, true)
}

fn probe_raw(head: &[u8]) -> u32 {
    let look = head.get(..RAW_LOOK).unwrap_or(head);
    let jpeg = |at: usize| {
        let header = PictureHeader::parse(look.get(at..).unwrap_or_default());
        header.is_ok_and(|header| matches!(header.format, picture::Format::Jpeg { .. }))
    };
    match partition::find(look, 0, false) {
        Found::At(at) if at <= 2 && jpeg(at) => 90,
        Found::Perhaps { at, .. } if at <= 2 && jpeg(at) => 90,
        _ => 0,
    }
}
