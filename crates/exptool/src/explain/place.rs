// SPDX-License-Identifier: MPL-2.0
//! What stands at an offset: a record, a header, the index, or bytes that are none of these.

use super::{avi, fields::Sheet, header, is_frame, netvu, sheet};
use crate::common::{
    Common, Failure, Input,
    walk::{Event, Walk},
};
use formats::exp::{
    index,
    index::{Entry, Head},
};
use formats::fields::Header as _;
use std::{fs::File, os::unix::fs::FileExt};

/// Bytes before the asked offset from which on records are followed: none is longer.
const LOOK: u64 = 16 << 20;
/// No header is longer.
const HEADER: u64 = 64 << 10;
/// Bytes that are shown where nothing is known of them.
const SHOWN: u64 = 256;
/// Bytes of one field of them.
const ROW: usize = 48;

/// Bytes that belong together and are no record.
struct Stretch {
    offset: u64,
    length: u64,
    title: String,
}

/// The sheet of what stands at `wanted`.
///
/// # Errors
/// An offset beyond the file; a file that cannot be read.
pub fn at(common: &Common, input: &Input, wanted: u64) -> Result<Sheet, Failure> {
    if wanted >= input.size {
        return Err(Failure::Use(format!(
            "{}: offset {wanted} is beyond its {} bytes",
            input.name, input.size
        )));
    }
    // headers tell the reader what it needs to know
    let mut start = input.walk()?;
    let begin = loop {
        let info = start.info().clone();
        let Some((offset, event)) = start.next()? else {
            break input.size;
        };
        let records = matches!(event, Event::Packet(..));
        if let Some(sheet) = covering(common, input, offset, event, wanted)? {
            return match sheet {
                Found::Stretch(mut stretch) => {
                    let nameless = info.data_start == 0 && stretch.title == PASSED;
                    if nameless && stretch.offset >= input.known_front() {
                        FRONT.clone_into(&mut stretch.title);
                    }
                    told(input, &stretch, wanted)
                }
                Found::Sheet(sheet) => Ok(sheet),
            };
        }
        if records || offset > wanted {
            break offset;
        }
    };
    follow(common, input, &start, begin, wanted)
}

/// Follows the records from some way before the offset.
fn follow(
    common: &Common,
    input: &Input,
    start: &Walk,
    begin: u64,
    wanted: u64,
) -> Result<Sheet, Failure> {
    let from = wanted.saturating_sub(LOOK);
    let mut walk = match from <= begin {
        true => input.walk()?,
        false => Walk::at(input, start.fork(), from)?,
    };
    let mut entries = None;
    while let Some((offset, event)) = walk.next()? {
        if let Event::Skip(length) = event
            && length == Head::SIZE as u64
            && bytes_at(input, offset, 4)? == index::MAGIC
        {
            entries = Some(offset);
        }
        if let Some(begin) = entries
            && let Some(sheet) = index_part(input, begin, wanted)?
        {
            return Ok(sheet);
        }
        match covering(common, input, offset, event, wanted)? {
            Some(Found::Sheet(sheet)) => return Ok(sheet),
            Some(Found::Stretch(stretch)) => return told(input, &stretch, wanted),
            None if offset > wanted => break,
            None => {}
        }
    }
    let stretch = Stretch {
        offset: wanted,
        length: input.size.saturating_sub(wanted),
        title: "bytes behind the last record".to_owned(),
    };
    unknown(input, &stretch, wanted)
}

/// What an event says of an offset.
enum Found {
    Sheet(Sheet),
    Stretch(Stretch),
}

const PASSED: &str = "bytes that hold no picture and no sound";
const FRONT: &str = "bytes before the first record that are no header that is known";

fn covering(
    common: &Common,
    input: &Input,
    offset: u64,
    event: Event<'_>,
    wanted: u64,
) -> Result<Option<Found>, Failure> {
    let covers = |length: u64| offset <= wanted && wanted < offset.saturating_add(length);
    let stretch = |length, title: String| {
        Some(Found::Stretch(Stretch {
            offset,
            length,
            title,
        }))
    };
    Ok(match event {
        Event::Packet(packet, data) if covers(packet.size as u64) => match is_frame(&packet) {
            true => Some(Found::Sheet(sheet(common, input, offset, &packet, data)?)),
            false => stretch(packet.size as u64, "a text or an overlay".to_owned()),
        },
        Event::Skip(length) if covers(length) => stretch(length, PASSED.to_owned()),
        Event::Damaged { length, expected } if covers(length) => {
            stretch(length, format!("damaged bytes: expected {expected}"))
        }
        Event::Cut(length) if covers(length) => stretch(
            length,
            "the beginning of a record that the file ends in".to_owned(),
        ),
        _ => None,
    })
}

/// The file's header, where it has one that is known. One of the reference layout ends at `end`.
pub fn head(input: &Input, end: u64) -> Result<Option<Sheet>, Failure> {
    let head = input.head(HEADER as usize)?;
    let size = usize::try_from(end).unwrap_or(usize::MAX);
    Ok(header::sheet(&head, size).or_else(|| avi::headers(&head)))
}

/// The part of the index that `wanted` lies in.
fn index_part(input: &Input, begin: u64, wanted: u64) -> Result<Option<Sheet>, Failure> {
    let head = bytes_at(input, begin, Head::SIZE)?;
    let Some(count) = index::Walk::new(&head, begin).map(|walk| u64::from(walk.count())) else {
        return Ok(None);
    };
    let Some(inside) = wanted.checked_sub(begin) else {
        return Ok(None);
    };
    let entries = (Head::SIZE as u64).saturating_add(count.saturating_mul(Entry::SIZE as u64));
    let (at, length) = match inside.checked_sub(Head::SIZE as u64) {
        None => (begin, Head::SIZE),
        Some(inside) if inside < entries - Head::SIZE as u64 => {
            let entry = inside / Entry::SIZE as u64 * Entry::SIZE as u64;
            (begin + Head::SIZE as u64 + entry, Entry::SIZE)
        }
        Some(_) if inside < entries.saturating_add(4) => (begin.saturating_add(entries), 4),
        Some(_) => return Ok(None),
    };
    let bytes = bytes_at(input, at, length)?;
    let mut sheet = super::index::sheet(&bytes, at, (begin, count));
    sheet.offset = at;
    sheet.fill_unknown(bytes.len());
    sheet.take_bytes(&bytes);
    Ok(Some(sheet))
}

/// A header, which readers pass over too, or bytes of which nothing is known.
fn told(input: &Input, stretch: &Stretch, wanted: u64) -> Result<Sheet, Failure> {
    let length = usize::try_from(stretch.length.min(HEADER)).unwrap_or(0);
    let bytes = bytes_at(input, stretch.offset, length)?;
    if let Some(mut sheet) = header::sheet(&bytes, length) {
        sheet.offset = stretch.offset;
        return Ok(sheet);
    }
    if input.layout().is_none()
        && let Some(mut sheet) = netvu::packet(&bytes)
    {
        sheet.offset = stretch.offset;
        return Ok(sheet);
    }
    match head(input, 0)? {
        Some(sheet) if sheet.size as u64 > wanted => Ok(sheet),
        _ => unknown(input, stretch, wanted),
    }
}

/// Bytes of which nothing is known.
fn unknown(input: &Input, stretch: &Stretch, wanted: u64) -> Result<Sheet, Failure> {
    let end = stretch.offset.saturating_add(stretch.length);
    // from the beginning, where the asked offset is near it
    let from = match wanted.saturating_sub(stretch.offset) < SHOWN / 2 {
        true => stretch.offset,
        false => wanted & !15,
    };
    let length = end.saturating_sub(from).min(SHOWN);
    let bytes = bytes_at(input, from, usize::try_from(length).unwrap_or(0))?;
    let mut sheet = Sheet {
        title: stretch.title.clone(),
        offset: from,
        ..Sheet::default()
    };
    for at in (0..bytes.len()).step_by(ROW) {
        let to = at.saturating_add(ROW).min(bytes.len());
        sheet.add(at..to, "—", String::new(), "unknown");
    }
    sheet.fill_unknown(bytes.len());
    sheet.take_bytes(&bytes);
    sheet.notes.push(format!(
        "These are {} of {} bytes from offset {} on.",
        bytes.len(),
        stretch.length,
        stretch.offset
    ));
    Ok(sheet)
}

/// Bytes of the file, fewer at its end.
fn bytes_at(input: &Input, offset: u64, length: usize) -> Result<Vec<u8>, Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", input.name));
    let file = File::open(&input.path).map_err(fail)?;
    let mut bytes = vec![0; length];
    let mut have = 0;
    while have < length {
        let space = bytes.get_mut(have..).unwrap_or_default();
        match file.read_at(space, offset.saturating_add(have as u64)) {
            Ok(0) => break,
            Ok(read) => have += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fail(error)),
        }
    }
    bytes.truncate(have);
    Ok(bytes)
}
