// SPDX-License-Identifier: MPL-2.0
//! What is at an offset: a record, a header, the index, or bytes that are none of these.

use super::{is_frame, record, sheet::Sheet};
use crate::common::{Common, Failure, Input};
use formats::{
    exp::{
        avi_fields::{ChunkHead, ListHead},
        explain, header, index,
        riff::Chunk,
    },
    fields::{Header, Table},
    netvu::headers,
    recording::{Scanned, Source},
};
use std::ops::Range;

/// Bytes before the wanted offset from which on records are followed: none is longer.
const LOOK: u64 = 16 << 20;
/// No header is longer.
const HEADER: u64 = 64 << 10;
/// Bytes that are shown where nothing is known of them.
const SHOWN: u64 = 256;

/// What is to be shown.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// The record of this number, from 0.
    Record(u64),
    /// What is at this offset.
    Offset(u64),
}

/// Bytes that belong together and are not a record.
struct Part {
    offset: u64,
    length: u64,
    title: String,
}

/// The sheet of what is wanted.
///
/// # Errors
/// A record or offset that the file does not have; a file that cannot be read.
pub fn find(common: &Common, input: &Input, wanted: Wanted) -> Result<Sheet, Failure> {
    let at = match wanted {
        Wanted::Record(_) => u64::MAX,
        Wanted::Offset(at) if at < input.size => at,
        Wanted::Offset(at) => {
            let (name, size) = (&input.name, input.size);
            return Err(Failure::Use(format!(
                "{name}: offset {at} is beyond its {size} bytes"
            )));
        }
    };
    let mut scanner = input.scanner()?;
    let mut records = 0;
    // the last chunk whose head was skipped by itself: the entries of an index follow it
    let mut chunk = 0;
    loop {
        let before_records = records == 0 && scanner.info().data_start == 0;
        let Some(scanned) = scanner.scan()? else {
            break;
        };
        let (offset, length) = match &scanned {
            Scanned::Packet { offset, packet, .. } => (*offset, packet.size as u64),
            Scanned::Skipped { offset, length } | Scanned::Cut { offset, length } => {
                (*offset, *length)
            }
            Scanned::Damaged(damage) => (damage.offset, damage.length),
        };
        if offset > at {
            break;
        }
        let covers = at < offset.saturating_add(length);
        if length == ChunkHead::SIZE as u64 && matches!(scanned, Scanned::Skipped { .. }) {
            chunk = offset;
        }
        let title = match scanned {
            Scanned::Packet { packet, data, .. } if is_frame(&packet) => {
                let is_wanted = match wanted {
                    Wanted::Record(number) => number == records,
                    Wanted::Offset(_) => covers,
                };
                if is_wanted {
                    return record(common, input, offset, &packet, data);
                }
                let from = at.saturating_sub(LOOK);
                if records == 0 && matches!(wanted, Wanted::Offset(_)) && from > offset {
                    // the headers are known, and the last records before the offset suffice
                    let index = scanner.info().index.map(|place| place.offset);
                    let begin = index.and_then(|at| at.checked_sub(index::Head::SIZE as u64));
                    if let Some(begin) = begin
                        && let Some(sheet) = index_part(input, begin, at)?
                    {
                        return Ok(sheet);
                    }
                    scanner.jump(from);
                }
                records += 1;
                continue;
            }
            Scanned::Skipped { .. }
                if covers || length == index::Head::SIZE as u64 && at < u64::MAX =>
            {
                if let Some(sheet) = index_part(input, offset, at)? {
                    return Ok(sheet);
                }
                match before_records && offset >= input.known_front() {
                    true => "bytes before the first record, not a known header".to_owned(),
                    false => "bytes without video or audio".to_owned(),
                }
            }
            Scanned::Packet { .. } => "text or overlay".to_owned(),
            Scanned::Damaged(damage) => format!("damaged bytes: expected {}", damage.expected),
            Scanned::Cut { .. } => "the beginning of a record that the file ends in".to_owned(),
            Scanned::Skipped { .. } => continue,
        };
        if covers {
            let part = Part {
                offset,
                length,
                title,
            };
            return explain_part(input, &part, chunk, at);
        }
    }
    if let Wanted::Record(number) = wanted {
        return Err(Failure::Use(format!(
            "{}: has {records} records, numbered from 0; expected one of these instead of {number}",
            input.name
        )));
    }
    let rest = Part {
        offset: at,
        length: input.size.saturating_sub(at),
        title: "bytes after the last record".to_owned(),
    };
    unknown(input, &rest, at)
}

/// The file's header, where it begins with one that is known.
pub fn file_header(input: &Input) -> Result<Option<Sheet>, Failure> {
    let mut scanner = input.scanner()?;
    let part = match scanner.scan()? {
        Some(Scanned::Skipped { offset, length } | Scanned::Cut { offset, length })
            if offset == 0 =>
        {
            Part {
                offset,
                length,
                title: String::new(),
            }
        }
        _ => return Ok(None),
    };
    let bytes = bytes_at(input, 0, HEADER)?;
    Ok(known_header(&part, &bytes).or_else(|| avi_headers(&bytes)))
}

/// The header of the reference layout that `bytes` begin with.
fn known_header(part: &Part, bytes: &[u8]) -> Option<Sheet> {
    let size = usize::try_from(part.length).unwrap_or(usize::MAX);
    let bytes = bytes.get(..size).unwrap_or(bytes);
    let title = "file header of the reference layout (assumed, as a whole)".to_owned();
    let rows = explain::file_header(bytes, size);
    header::is_header(bytes).then(|| Sheet::new(title, part.offset, bytes, rows))
}

fn avi_headers(bytes: &[u8]) -> Option<Sheet> {
    let (size, rows) = explain::avi_headers(bytes)?;
    let title = "headers of the AVI file".to_owned();
    let mut sheet = Sheet::new(title, 0, bytes.get(..size).unwrap_or(bytes), rows);
    sheet.notes.push(
        "The rate in these headers is not that of the frames: the recorder's clock and the slots give it.".to_owned(),
    );
    Some(sheet)
}

/// The part of the index that begins at `begin` which `at` is in.
fn index_part(input: &Input, begin: u64, at: u64) -> Result<Option<Sheet>, Failure> {
    let head = bytes_at(input, begin, index::Head::SIZE as u64)?;
    let count = match index::Head::parse(&head) {
        Ok(head) if &head.magic.0 == index::MAGIC => u64::from(head.count),
        _ => return Ok(None),
    };
    let Some((range, name, table)) = explain::index_part(begin, count, at) else {
        return Ok(None);
    };
    let bytes = bytes_at(input, range.start, range.end - range.start)?;
    let title = format!("{name} of the reference layout (assumed, as a whole)");
    let rows = table.explain(&bytes, 0);
    Ok(Some(Sheet::new(title, range.start, &bytes, rows)))
}

/// A header, a packet without a frame, or bytes of which nothing is known.
fn explain_part(input: &Input, part: &Part, chunk: u64, at: u64) -> Result<Sheet, Failure> {
    let bytes = bytes_at(input, part.offset, part.length.min(HEADER))?;
    if let Some(sheet) = known_header(part, &bytes) {
        return Ok(sheet);
    }
    if input.layout().is_none() {
        if let Some(rows) = headers::explain_packet(&bytes) {
            let title = "packet without frame or audio".to_owned();
            return Ok(Sheet::new(title, part.offset, &bytes, rows));
        }
    } else if let Some(sheet) = avi_headers(&bytes_at(input, 0, HEADER)?)
        && sheet.size as u64 > at
    {
        return Ok(sheet);
    } else if let Some((range, name, table)) = avi_index_part(input, [part.offset, chunk], at)? {
        let bytes = bytes_at(input, range.start, range.end - range.start)?;
        let rows = table.explain(&bytes, 0);
        return Ok(Sheet::new(name, range.start, &bytes, rows));
    } else if let Ok(chunk) = Chunk::read(&bytes)
        && chunk.is_known()
        && at - part.offset < SHOWN
    {
        let table = match chunk.is_list() {
            true => ListHead::TABLE,
            false => ChunkHead::TABLE,
        };
        let rows = table.explain(&bytes, 0);
        let shown = bytes.get(..SHOWN as usize).unwrap_or(&bytes);
        let title = "chunk without frame or audio".to_owned();
        return Ok(Sheet::new(title, part.offset, shown, rows));
    }
    unknown(input, part, at)
}

/// The part of an AVI file's index that `at` is in, if the index begins at one of these places.
fn avi_index_part(
    input: &Input,
    begins: [u64; 2],
    at: u64,
) -> Result<Option<(Range<u64>, String, Table)>, Failure> {
    for begin in begins {
        let head = bytes_at(input, begin, ChunkHead::SIZE as u64)?;
        if let Some(found) = explain::avi_index_part(begin, &head, at) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Bytes of which nothing is known.
fn unknown(input: &Input, part: &Part, at: u64) -> Result<Sheet, Failure> {
    let end = part.offset.saturating_add(part.length);
    // from the beginning, where the wanted offset is near it
    let from = match at.saturating_sub(part.offset) < SHOWN / 2 {
        true => part.offset,
        false => at & !15,
    };
    let bytes = bytes_at(input, from, end.saturating_sub(from).min(SHOWN))?;
    let mut sheet = Sheet::new(part.title.clone(), from, &bytes, Vec::new());
    sheet.notes.push(format!(
        "These are {} of {} bytes from offset {} on.",
        bytes.len(),
        part.length,
        part.offset
    ));
    Ok(sheet)
}

/// Bytes of the file, fewer at its end.
fn bytes_at(input: &Input, offset: u64, length: u64) -> Result<Vec<u8>, Failure> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    input.source()?.read_at(offset, length, None)
}
