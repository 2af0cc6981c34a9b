// SPDX-License-Identifier: MPL-2.0
//! Records found by their headers alone: `.par` partitions, whose index and front are not public, and the raw form of frame
//! headers with JPEG data behind each other.
//!
//! Every place with one of the magic words, in either byte order, is a candidate; it must prove itself by its fields, by what
//! its payload begins with, and by its size: no other record begins inside. Tried on synthetic partitions only: no real one is
//! public (stated, assumed).
//!
//! A partition is a slice of a ring, which may hold a record twice. One with the time, camera and bytes of another shortly before it
//! is left out, see [`Duplicates`]; a copy farther away is output, so that no part of the slice is missing.

use super::audio::{self, AudioHeader};
use super::duplicates::Duplicates;
use super::jfif::Jfif;
use super::packet_builder::{PacketBuilder, TAIL, seen};
use super::picture::{self, Format, NoPicture, Order, PictureHeader};
use super::scan::{self, Form, Found, Missing, Proof, Sign};
use super::sniff;
use crate::cursor::bytes_at;
use crate::reader::{Ask, FileInfo, MAX_RECORD, Step, Timestamp, Window};
use memchr::memmem;
use std::ops::Range;
use std::sync::LazyLock;

/// First bytes of a partition (stated).
pub const MAGIC: [u8; 4] = *b"PAR\0";

/// Seconds of 1990 and 2100: a time between them speaks for a header.
const YEARS: Range<i64> = 631_152_000..4_102_444_800;

/// Of eight signs of a picture header, how many it must have.
const ENOUGH: usize = 6;

/// Payload bytes that are looked at to tell a frame from other bytes, and from another frame.
const LOOK: usize = 256;

/// Bytes by which a JPEG file may be longer than its header says (assumed).
const LONGER: usize = 64 << 10;

static SIGNS: LazyLock<[Sign; 4]> = LazyLock::new(|| {
    [
        Sign::new(&[0xde, 0xca, 0xde], 0),
        Sign::new(&[0xde, 0xca, 0xde], 1),
        Sign::new(&[0x00, 0xab, 0xcd, 0xef], 0),
        Sign::new(&[0xef, 0xcd, 0xab, 0x00], 0),
    ]
});

/// Records of a partition.
#[derive(Clone)]
pub struct Partition {
    builder: PacketBuilder,
    records: u64,
    copies: Duplicates,
    /// A copy was reported.
    reported: bool,
}

impl Partition {
    /// The form; `terse` leaves out facts that every frame has.
    pub fn new(terse: bool) -> Partition {
        let name = "Dedicated Micros partition (PAR)";
        Partition {
            builder: PacketBuilder::new(name, "netvu-partition", terse),
            records: 0,
            copies: Duplicates::default(),
            reported: false,
        }
    }

    /// Skips a record that was read shortly before.
    fn copy(&mut self, window: &Window<'_>, record: &Record) -> Option<Step> {
        let payload = seen(window.data, &record.payload);
        let identity = (
            record.timestamp()?,
            record.camera(),
            record.payload.len(),
            crc32fast::hash(payload.get(..LOOK).unwrap_or(payload)),
        );
        let first = self.copies.copy_of(identity, window.offset)?;
        if !std::mem::replace(&mut self.reported, true) {
            let text = format!(
                "the record is the same as the one at offset {first} and is left out, as are further copies"
            );
            self.builder.warn(window.offset, &text);
        }
        Some(Step::Skip(record.payload.end as u64))
    }
}

impl Form for Partition {
    const EXPECTED: &'static str = "a picture header";
    const GAPS: bool = true;

    fn builder(&mut self) -> &mut PacketBuilder {
        &mut self.builder
    }

    fn info(&self) -> &FileInfo {
        &self.builder.info
    }

    fn find(&self, data: &[u8], from: usize, last: bool) -> Found {
        find(data, from, last)
    }

    fn read(&mut self, window: &Window<'_>) -> Result<Step, Missing> {
        let record = match record(window, &self.builder) {
            Ok(record) => record.ok_or(Missing::Before(1))?,
            Err(ask) => return Ok(ask.into()),
        };
        self.records = self.records.saturating_add(1);
        if let Some(step) = self.copy(window, &record) {
            return Ok(step);
        }
        record
            .read(&mut self.builder, window)
            .ok_or(Missing::Before(1))
    }

    fn moved(&mut self) {
        self.copies.forget();
    }

    fn ended(&mut self, offset: u64) {
        if self.records == 0 {
            self.builder.warn(offset, "no record was found up to here");
        }
    }
}

/// Frame headers, texts and JPEG data with nothing between them.
#[derive(Clone)]
pub struct Raw(PacketBuilder);

impl Raw {
    /// The form; `terse` leaves out facts that every frame has.
    pub fn new(terse: bool) -> Raw {
        Raw(PacketBuilder::new("NetVu raw stream", "netvu-raw", terse))
    }
}

impl Form for Raw {
    const EXPECTED: &'static str = "a picture header";

    fn builder(&mut self) -> &mut PacketBuilder {
        &mut self.0
    }

    fn info(&self) -> &FileInfo {
        &self.0.info
    }

    fn find(&self, data: &[u8], from: usize, last: bool) -> Found {
        find(data, from, last)
    }

    fn read(&mut self, window: &Window<'_>) -> Result<Step, Missing> {
        match record(window, &self.0) {
            Ok(record) => record
                .and_then(|record| record.read(&mut self.0, window))
                .ok_or(Missing::Before(1)),
            Err(ask) => Ok(ask.into()),
        }
    }
}

/// A header that proved itself.
enum Header {
    Picture(PictureHeader),
    Audio(AudioHeader),
}

/// A record: its header, and where its payload is.
struct Record {
    header: Header,
    payload: Range<usize>,
}

impl Record {
    fn timestamp(&self) -> Option<Timestamp> {
        match &self.header {
            Header::Picture(header) => header.timestamp,
            Header::Audio(header) => header.timestamp,
        }
    }

    fn camera(&self) -> u16 {
        match &self.header {
            Header::Picture(header) => header.camera,
            // The upper half holds flags, bit 15 says that the audio belongs to the camera of that number (stated).
            Header::Audio(header) => u16::try_from(header.channel & 0x7fff).unwrap_or(1).max(1),
        }
    }

    /// Its packet, or the text before it.
    fn read(&self, builder: &mut PacketBuilder, window: &Window<'_>) -> Option<Step> {
        let end = self.payload.end;
        match &self.header {
            Header::Picture(header) => {
                let text = self.payload.start.saturating_sub(picture::LEN);
                let frame = builder.headed(window, header, 0, text, end).ok()?;
                Some(builder.emit(frame, end))
            }
            Header::Audio(header) => {
                let range = self.payload.clone();
                builder.audio(
                    window.data,
                    range,
                    header.mode?,
                    self.camera(),
                    header.timestamp,
                    end,
                )
            }
        }
    }
}

/// The first record from `from` on that proves itself.
pub fn find(data: &[u8], from: usize, last: bool) -> Found {
    find_within(data, from, data.len(), last)
}

/// As [`find`], for records whose magic word is among the first `limit` bytes of `data`; they may end behind them.
pub fn find_within(data: &[u8], from: usize, limit: usize, last: bool) -> Found {
    let front = data.get(..limit).unwrap_or(data);
    let over = last || data.len() > limit;
    scan::find(&SIGNS, front, from, over, |at| {
        match whole(data.get(at..).unwrap_or_default(), last) {
            Ok(Some(_)) => Proof::Yes,
            Ok(None) => Proof::No,
            Err(need) => Proof::Need(need.saturating_add(at)),
        }
    })
}

/// The record at the start of a window: `Ok(None)` where there is none, an error with what must be seen to tell.
fn record(window: &Window<'_>, builder: &PacketBuilder) -> Result<Option<Record>, Ask> {
    let (data, last) = (window.data, window.last);
    if window.unread.is_some()
        && let Some(record) = begun_in(window).map_err(Ask::Need)?
        && record.payload.end > data.len()
        && let Header::Picture(header) = &record.header
    {
        let end = record.payload.end;
        let claimed = (header.width, header.height);
        let format = header.format;
        if let Some(ask) = builder.asks(window, header.camera, format, claimed, &record.payload) {
            return Err(ask);
        }
        // not all of it is seen: the record behind proves its size
        match begun_in(&window.behind(end)) {
            Ok(Some(_)) => return Ok(Some(record)),
            // the frame's end is asked for again, or each would take the place of the other
            Err(need) => {
                let at = end.saturating_sub(TAIL);
                return Err(window.ask(at, end.saturating_add(need)));
            }
            Ok(None) => {}
        }
    }
    whole(data, last).map_err(Ask::Need)
}

/// The record that is whole at the start of `data`: `Ok(None)` where there is none, an error with the bytes that must be there to
/// tell.
fn whole(data: &[u8], last: bool) -> Result<Option<Record>, usize> {
    match begun(data, last, 0)? {
        // the size is wrong where another record begins inside
        Some(record) if !holds_another(data, record.payload.end) => Ok(Some(record)),
        _ => Ok(None),
    }
}

/// As [`begun`], of a window that may hide payloads.
fn begun_in(window: &Window<'_>) -> Result<Option<Record>, usize> {
    begun(window.data, window.last, window.bytes_unread())
}

fn holds_another(data: &[u8], end: usize) -> bool {
    let record = data.get(..end).unwrap_or_default();
    let other = scan::find(&SIGNS, record, audio::LEN, true, |at| {
        match begun(record.get(at..).unwrap_or_default(), true, 0) {
            Ok(Some(_)) => Proof::Yes,
            _ => Proof::No,
        }
    });
    matches!(other, Found::At(_))
}

/// As [`whole`], by the record's beginning alone. The payload of a frame may end in `unread` bytes behind `data`.
fn begun(data: &[u8], last: bool, unread: u64) -> Result<Option<Record>, usize> {
    let need = |bytes: usize| match last {
        true => Ok(None),
        false => Err(bytes),
    };
    let Ok(word) = bytes_at::<4>(data, 0) else {
        return need(4);
    };
    let Some(order) = picture::order_of(word) else {
        return match AudioHeader::parse(data) {
            Ok(Some(header)) => audio_record(header, data, last),
            Ok(None) => Ok(None),
            Err(_) => need(audio::LEN),
        };
    };
    let Some((points, record)) = picture_record(data, last, unread)? else {
        return Ok(None);
    };
    // a byte 10 or 11 before a big-endian header makes a little-endian one, whose small numbers are small there too
    let shifted = data.get(1..).unwrap_or_default();
    let both = bytes_at(shifted, 0).is_ok_and(|word| picture::order_of(word).is_some());
    if order == Order::Little && both {
        let other =
            picture_record(shifted, last, unread).map_err(|bytes| bytes.saturating_add(1))?;
        if other.is_some_and(|(other, _)| other >= points) {
            return Ok(None);
        }
    }
    Ok(Some(record))
}

/// The frame record at the start of `data`, and how many signs its header has.
fn picture_record(data: &[u8], last: bool, unread: u64) -> Result<Option<(usize, Record)>, usize> {
    let header = match PictureHeader::parse(data) {
        Ok(header) => header,
        Err(NoPicture::Short(_)) if !last => return Err(picture::LEN),
        Err(_) => return Ok(None),
    };
    let points = points(&header);
    if points < ENOUGH {
        return Ok(None);
    }
    let payload = payload(&header, data, last, unread)?;
    let header = Header::Picture(header);
    Ok(payload.map(|payload| (points, Record { header, payload })))
}

/// Points of a header besides its size, its text and its payload, which are beyond dispute (two of the eight). A frame size
/// that makes no sense was refused before (one more).
fn points(header: &PictureHeader) -> usize {
    let data = &header.data;
    let printable = |field: &[u8]| {
        let end = memchr::memchr(0, field).unwrap_or(field.len());
        let (text, rest) = field.split_at_checked(end).unwrap_or((field, &[]));
        text.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f) && rest.iter().all(|byte| *byte == 0)
    };
    let signs = [
        (0..=255).contains(&data.mode),
        (0..=64 << 20).contains(&data.max_size),
        header.utc_offset.is_some(),
        printable(&data.title.0) && printable(&data.locale.0),
        header
            .timestamp
            .is_some_and(|timestamp| YEARS.contains(&timestamp.seconds)),
    ];
    signs
        .into_iter()
        .filter(|sign| *sign)
        .count()
        .saturating_add(3)
}

/// Where the payload behind a header is. `Ok(None)` where no payload of its format is there, an error with the bytes that must be
/// there to tell.
fn payload(
    header: &PictureHeader,
    data: &[u8],
    last: bool,
    unread: u64,
) -> Result<Option<Range<usize>>, usize> {
    let total = header.total();
    if total > MAX_RECORD {
        return Ok(None);
    }
    let need = |bytes: usize| match last {
        true => Ok(None),
        false => Err(bytes),
    };
    let start = picture::LEN.saturating_add(header.text_len);
    let look = start.saturating_add(header.size.min(LOOK));
    let Some(first) = data.get(start..look) else {
        return need(look);
    };
    if begins_as(header.format, first) {
        return match (data.len() as u64).saturating_add(unread) < total as u64 {
            true => need(total),
            false => Ok(Some(start..total)),
        };
    }
    // Files written by another program keep the text's own NUL and whole JPEG files, and their sizes do not count them.
    let body = data.get(start.saturating_add(1)..).unwrap_or_default();
    let most = header.size.saturating_add(LONGER);
    let body = body.get(..most).unwrap_or(body);
    if first.first() != Some(&0)
        || !body.starts_with(&[0xff, 0xd8])
        || !matches!(header.format, Format::Jpeg { .. })
    {
        return Ok(None);
    }
    let start = start.saturating_add(1);
    match (Jfif::read(body), memmem::find(body, &[0xff, 0xd9])) {
        (Ok(Some(_)), Some(end)) => Ok(Some(start..start.saturating_add(end).saturating_add(2))),
        (Ok(None), _) => Ok(None),
        _ if body.len() == most => Ok(None),
        _ => need(data.len().saturating_add(1)),
    }
}

/// The first bytes of a payload are those of its format.
fn begins_as(format: Format, payload: &[u8]) -> bool {
    let entropy_coded =
        |pair: &[u8]| !matches!(pair, [0xff, next] if !matches!(next, 0 | 0xd9 | 0xff));
    match format {
        Format::Jpeg { .. } => {
            payload.starts_with(&[0xff, 0xd8]) || payload.windows(2).all(entropy_coded)
        }
        Format::Mpeg4 => sniff::begins_with_code(payload),
        Format::H264 => sniff::begins_with_code(payload) || payload.starts_with(b"P4"),
    }
}

/// The audio record at the start of `data`. Its clock is asked where its block has no sign of its own.
fn audio_record(header: AudioHeader, data: &[u8], last: bool) -> Result<Option<Record>, usize> {
    let clock = header
        .timestamp
        .is_some_and(|timestamp| YEARS.contains(&timestamp.seconds));
    let likely = header.mode.is_some_and(|mode| mode.adpcm || clock)
        && header.additional <= 4096
        && header.size > super::adpcm::HEADER;
    if !likely {
        return Ok(None);
    }
    // The longer form and the word behind it, so that the choice between the two does not depend on the window.
    let longest = header.total().saturating_add(8);
    if data.len() < longest && !last {
        return Err(longest);
    }
    Ok(audio_payload(&header, data).map(|payload| Record {
        header: Header::Audio(header),
        payload,
    }))
}

/// Where a block is: behind the header of 28 bytes, or 4 bytes on where a pointer of the recorder's memory was stored with it
/// (assumed).
fn audio_payload(header: &AudioHeader, data: &[u8]) -> Option<Range<usize>> {
    let mode = header.mode?;
    let places = [header.start(), header.start().saturating_add(4)]
        .map(|start| start..start.saturating_add(header.size));
    let fits = |place: &Range<usize>| {
        data.get(place.clone())
            .is_some_and(|block| mode.begins(block))
    };
    let followed = |place: &Range<usize>| {
        bytes_at::<4>(data, place.end)
            .is_ok_and(|word| picture::order_of(word).is_some() || audio::order_of(word).is_some())
    };
    let mut fitting = places.into_iter().filter(fits);
    let first = fitting.next()?;
    match fitting.next() {
        Some(second) if !followed(&first) && followed(&second) => Some(second),
        _ => Some(first),
    }
}
