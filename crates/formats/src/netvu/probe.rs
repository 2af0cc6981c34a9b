// SPDX-License-Identifier: MPL-2.0
//! Telling the five forms apart by their first bytes.

use super::find::Found;
use super::mime_part::{BOUNDARY, Part};
use super::picture::{self, PictureHeader};
use super::{binary, partition, sprite};
use memchr::memmem;

/// A form of NetVu recording or stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// AD binary or minimal stream.
    Binary,
    /// MIME multipart.
    Mime,
    /// Picture headers and JPEG data with nothing between them.
    Raw,
    /// Digital Sprite messages.
    Sprite,
    /// `.par` partition.
    Partition,
}

/// Packets of a binary stream that are looked at.
const PACKETS: usize = 8;

/// Bytes in which a record is looked for in a partition that looks like a Parchive (stated: 4 MiB).
const PARTITION_LOOK: usize = 4 << 20;

/// Bytes in which a raw stream's first header is looked for.
const RAW_LOOK: usize = 65_536;

/// What the first bytes of a file or stream are, and how sure that is: 1 to 100. `None` for everything that is no NetVu form;
/// plain JPEG files, Parchive, Parquet and Solid Edge files are never claimed.
///
/// More bytes make it surer, 64 KiB are plenty. A stream of weak packets needs three of them for 100.
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
    let look = head.get(..PARTITION_LOOK).unwrap_or(head);
    match partition::next(look, 0, false) {
        Found::At(_) => 100,
        // A header that fits, of a picture longer than what was read.
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
        line.ends_with(b")1qaz") && memmem::find(line, BOUNDARY).is_some_and(|at| at <= 8)
            || line.ends_with(b":Server-Push:Boundary-String)1qaz")
    });
    if boundary {
        return 100;
    }
    // A unit that leaves the first boundary out; its name stands in the header.
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
        .max()
        .unwrap_or(0)
}

fn walk(head: &[u8]) -> u32 {
    let mut rest = head;
    let mut sum = 0u32;
    for _ in 0..PACKETS {
        if rest.len() < super::separator::LEN {
            break;
        }
        let Some((points, total)) = binary::score(rest) else {
            return 0;
        };
        sum = sum.saturating_add(points);
        if sum >= 100 {
            return 100;
        }
        let Some(behind) = rest.get(total..) else {
            break;
        };
        rest = behind;
    }
    sum
}

fn probe_raw(head: &[u8]) -> u32 {
    let look = head.get(..RAW_LOOK).unwrap_or(head);
    let jpeg = |at: usize| {
        let header = PictureHeader::parse(look.get(at..).unwrap_or_default());
        header.is_ok_and(|header| matches!(header.format, picture::Format::Jpeg { .. }))
    };
    match partition::next(look, 0, false) {
        Found::At(at) if at <= 2 && jpeg(at) => 90,
        Found::Perhaps { at, .. } if at <= 2 && jpeg(at) => 90,
        Found::At(at) if jpeg(at) => 50,
        _ => 0,
    }
}
