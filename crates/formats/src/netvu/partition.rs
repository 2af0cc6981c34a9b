// SPDX-License-Identifier: MPL-2.0
//! Records found by their headers alone: `.par` partitions, whose index and front are not public, and the raw form of picture
//! headers with JPEG data behind each other.
//!
//! Every place with one of the magic words, in either byte order, is a candidate; it must prove itself by its fields, by what
//! its payload begins with, and by its size. Tried on synthetic partitions only: no real one is public (stated, assumed).
//!
//! A partition is a slice of a ring, which may hold a record twice. One with the time, camera and bytes of another shortly before it
//! is left out, see [`Copies`]; a copy farther away is shown, so that no part of the slice is missing.

use super::audio::{self, AudioHeader};
use super::copies::{Copies, Record};
use super::find::{self, Found, Proof, Sign};
use super::jfif::Jfif;
use super::packet_builder::PacketBuilder;
use super::picture::{self, Fields, Format, NoPicture, Order, PictureHeader};
use crate::cursor::bytes_at;
use crate::reader::{Damage, FileInfo, MAX_RECORD, Reader, Step, Timestamp, Window};
use memchr::memmem;
use std::ops::Range;
use std::sync::LazyLock;

/// First bytes of a partition (stated).
pub const MAGIC: [u8; 4] = *b"PAR\0";

/// Seconds of 1990 and 2100, between which a time is believed.
const YEARS: std::ops::Range<i64> = 631_152_000..4_102_444_800;

/// Of eight signs of a picture header, how many it must have.
const ENOUGH: usize = 6;

/// Payload bytes that are looked at to tell a picture from other bytes.
const LOOK: usize = 256;

static SIGNS: LazyLock<[Sign; 4]> = LazyLock::new(|| {
    [
        Sign::new(&[0xde, 0xca, 0xde], 0),
        Sign::new(&[0xde, 0xca, 0xde], 1),
        Sign::new(&[0x00, 0xab, 0xcd, 0xef], 0),
        Sign::new(&[0xef, 0xcd, 0xab, 0x00], 0),
    ]
});

/// Reader of records found by their headers.
#[derive(Clone)]
pub struct PartitionReader {
    packet_builder: PacketBuilder,
    /// Bytes between records are no damage: fronts, indexes and padding are unknown.
    gaps: bool,
    quiet: bool,
    records: u64,
    copies: Copies,
}

impl PartitionReader {
    /// Reader of a `.par` partition.
    pub fn partition(terse: bool) -> PartitionReader {
        PartitionReader {
            packet_builder: PacketBuilder::new(
                "Dedicated Micros partition (PAR)",
                "netvu-partition",
                terse,
            ),
            gaps: true,
            quiet: true,
            records: 0,
            copies: Copies::default(),
        }
    }

    /// Reader of picture headers, texts and JPEG data with nothing between them.
    pub fn raw(terse: bool) -> PartitionReader {
        PartitionReader {
            packet_builder: PacketBuilder::new("NetVu raw stream", "netvu-raw", terse),
            gaps: false,
            quiet: true,
            records: 0,
            copies: Copies::default(),
        }
    }

    /// The record that was found at the start of the window.
    fn record(&mut self, window: &Window<'_>) -> Option<Step> {
        self.records = self.records.saturating_add(1);
        self.quiet = self.gaps;
        let data = window.data;
        if picture::order_of(bytes_at(data, 0).ok()?).is_none() {
            return self.sound(window);
        }
        let header = PictureHeader::parse(data).ok()?;
        let place = place(&header, data, true).ok()??;
        let record = data.get(..place.end)?;
        let start = picture::LEN.saturating_add(place.text);
        let copy = self.copy(window, header.timestamp, header.camera, start..place.end);
        if copy.is_some() {
            return copy;
        }
        let picture = self
            .packet_builder
            .headed(record, &header, place.text, place.end, 0)
            .ok()?;
        Some(self.packet_builder.hand_out(picture, place.end))
    }

    fn sound(&mut self, window: &Window<'_>) -> Option<Step> {
        let data = window.data;
        let header = AudioHeader::parse(data).ok()??;
        let start = sound_start(&header, data)?;
        let end = start.saturating_add(header.size);
        let mode = header.mode?;
        // The upper half holds flags, bit 15 says that the sound belongs to the camera of that number (stated).
        let channel = u16::try_from(header.channel & 0x7fff).unwrap_or(1).max(1);
        let copy = self.copy(window, header.timestamp, channel, start..end);
        if copy.is_some() {
            return copy;
        }
        self.packet_builder
            .sound(data, start..end, mode, channel, header.timestamp, end)
    }

    /// Passes over a record that was read shortly before. Only partitions hold such copies.
    fn copy(
        &mut self,
        window: &Window<'_>,
        timestamp: Option<Timestamp>,
        camera: u16,
        payload: Range<usize>,
    ) -> Option<Step> {
        if !self.gaps {
            return None;
        }
        let end = payload.end;
        let record = Record::new(window.offset, timestamp?, camera, window.data.get(payload)?);
        let first = self.copies.copy_of(record)?;
        if self.copies.is_first() {
            let text = format!(
                "the record is the same as the one at offset {first} and is left out, as are further copies"
            );
            self.packet_builder.warn(window.offset, &text);
        }
        Some(Step::Skip(end as u64))
    }
}

impl Reader for PartitionReader {
    fn next(&mut self, window: &Window<'_>) -> Step {
        if window.data.is_empty() {
            if window.last && self.gaps && self.records == 0 {
                self.packet_builder
                    .warn(window.offset, "no record was found up to here");
            }
            return if window.last {
                Step::End
            } else {
                Step::Need(1)
            };
        }
        let mut from = 0;
        let length = match next(window.data, from, window.last) {
            Found::At(0) => {
                if let Some(step) = self.record(window) {
                    return step;
                }
                from = 1;
                match next(window.data, from, window.last) {
                    Found::At(at) | Found::Perhaps { at, .. } | Found::NotBefore(at) => at,
                }
            }
            Found::Perhaps { at: 0, need } => return Step::Need(need),
            Found::At(at) | Found::Perhaps { at, .. } | Found::NotBefore(at) => at,
        };
        let length = length.max(from);
        if length == 0 {
            return Step::Need(find::more(window.data.len()));
        }
        if self.quiet {
            return Step::Skip(length as u64);
        }
        Step::Damaged(Damage {
            length,
            expected: "a picture header",
        })
    }

    fn resync(&mut self) {
        self.quiet = true;
        self.copies.forget();
        self.packet_builder.resync();
    }

    fn info(&self) -> &FileInfo {
        &self.packet_builder.info
    }

    fn fork(&self) -> Box<dyn Reader> {
        let mut fork = self.clone();
        fork.resync();
        Box::new(fork)
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.packet_builder.take_warnings()
    }
}

/// The first record from `from` on that proves itself.
pub fn next(data: &[u8], from: usize, last: bool) -> Found {
    next_within(data, from, data.len(), last)
}

/// As [`next`], for records whose magic word is among the first `limit` bytes of `data`; they may end behind them.
pub fn next_within(data: &[u8], from: usize, limit: usize, last: bool) -> Found {
    let front = data.get(..limit).unwrap_or(data);
    let over = last || data.len() > limit;
    find::hunt(&SIGNS, front, from, over, |at| {
        let rest = data.get(at..).unwrap_or_default();
        match prove(rest, last) {
            Proof::Need(need) => Proof::Need(need.saturating_add(at)),
            proof => proof,
        }
    })
}

/// Whether a record stands at the start of `data`. What is needed counts from there.
fn prove(data: &[u8], last: bool) -> Proof {
    let Ok(word) = bytes_at::<4>(data, 0) else {
        return need(4, last);
    };
    if let Some(order) = picture::order_of(word) {
        let points = match picture_points(data, last) {
            Ok(points) if points >= ENOUGH => points,
            Ok(_) => return Proof::No,
            Err(bytes) => return need(bytes, last),
        };
        // a byte 10 or 11 before a big-endian header makes a little-endian one, whose small numbers are small there too
        let shifted = data.get(1..).unwrap_or_default();
        let both = bytes_at(shifted, 0).is_ok_and(|word| picture::order_of(word).is_some());
        if order == Order::Big || !both {
            return Proof::Yes;
        }
        return match picture_points(shifted, last) {
            Ok(other) if other >= points => Proof::No,
            Err(bytes) if !last => Proof::Need(bytes.saturating_add(1)),
            _ => Proof::Yes,
        };
    }
    match AudioHeader::parse(data) {
        Ok(Some(header)) => prove_sound(&header, data, last),
        Ok(None) => Proof::No,
        Err(_) => need(audio::LEN, last),
    }
}

/// Points of the picture header at the start of `data`, 0 where it or its payload is none; an error with the bytes needed to tell.
fn picture_points(data: &[u8], last: bool) -> Result<usize, usize> {
    match PictureHeader::parse(data) {
        Ok(header) => Ok(match place(&header, data, last)? {
            Some(_) => points(&header, data),
            None => 0,
        }),
        Err(NoPicture::Short(_)) => Err(picture::LEN),
        Err(NoPicture::Expected(_)) => Ok(0),
    }
}

fn need(bytes: usize, last: bool) -> Proof {
    if last { Proof::No } else { Proof::Need(bytes) }
}

/// Points of a header besides its size, its text and its payload, which are beyond dispute (two of the eight). A size of a picture
/// that makes no sense was refused before (one more).
fn points(header: &PictureHeader<'_>, data: &[u8]) -> usize {
    let fields = Fields {
        data,
        order: header.order,
    };
    let word = |at| fields.u32(at).unwrap_or(u32::MAX);
    let printable = |at: usize, len: usize| {
        let field = data.get(at..at.saturating_add(len)).unwrap_or_default();
        let end = memchr::memchr(0, field).unwrap_or(field.len());
        let (text, rest) = field.split_at_checked(end).unwrap_or((field, &[]));
        text.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f) && rest.iter().all(|byte| *byte == 0)
    };
    let signs = [
        word(4) <= 255,
        word(24) <= 64 << 20,
        header.utc_offset.is_some(),
        printable(56, 31) && printable(130, 30),
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

/// Where text and payload of a picture stand.
#[derive(Clone, Copy)]
struct Place {
    /// Bytes of the text.
    text: usize,
    /// End of the payload, from the header's start.
    end: usize,
}

/// Finds text and payload behind a header. `Ok(None)` where no payload of its format stands there, an error with the bytes that
/// must be there to tell.
fn place(header: &PictureHeader<'_>, data: &[u8], last: bool) -> Result<Option<Place>, usize> {
    let total = header.total();
    if total > MAX_RECORD || (last && total > data.len()) {
        return Ok(None);
    }
    let start = picture::LEN.saturating_add(header.text_len);
    let look = start.saturating_add(header.size.min(LOOK));
    let Some(payload) = data.get(start..look) else {
        return Err(look);
    };
    if begins_as(header.format, payload) {
        return match data.len() < total {
            true => Err(total),
            false => Ok(Some(Place {
                text: header.text_len,
                end: total,
            })),
        };
    }
    // Files written by another program keep the text's own NUL and whole JPEG files, and their sizes do not tell of it.
    let text = data.get(picture::LEN..).unwrap_or_default();
    let text = text.get(..picture::MAX_TEXT).unwrap_or(text);
    let Some(nul) = memchr::memchr(0, text) else {
        return Ok(None);
    };
    let text_len = nul.saturating_add(1);
    let start = picture::LEN.saturating_add(text_len);
    let body = data.get(start..).unwrap_or_default();
    if !body.starts_with(&[0xff, 0xd8]) || !matches!(header.format, Format::Jpeg { .. }) {
        return Ok(None);
    }
    match (Jfif::read(body), memmem::find(body, &[0xff, 0xd9])) {
        (Ok(Some(_)), Some(end)) => Ok(Some(Place {
            text: text_len,
            end: start.saturating_add(end).saturating_add(2),
        })),
        (Ok(None), _) => Ok(None),
        _ if last || body.len() > header.size.saturating_add(LOOK) => Ok(None),
        _ => Err(data.len().saturating_add(1)),
    }
}

/// The first bytes of a payload are those of its format.
fn begins_as(format: Format, payload: &[u8]) -> bool {
    let code = payload.starts_with(&[0, 0, 1]) || payload.starts_with(&[0, 0, 0, 1]);
    match format {
        Format::Jpeg { .. } => {
            payload.starts_with(&[0xff, 0xd8])
                || payload
                    .windows(2)
                    .all(|pair| !matches!(pair, [0xff, next] if !matches!(next, 0 | 0xd9 | 0xff)))
        }
        Format::Mpeg4 => code,
        Format::H264 => code || payload.starts_with(b"P4"),
    }
}

/// Where a block begins: 28 bytes on, or 32 where a pointer of the recorder's memory was stored with the header (assumed).
fn sound_start(header: &AudioHeader, data: &[u8]) -> Option<usize> {
    let starts = [audio::LEN, audio::LEN.saturating_add(4)]
        .map(|start| start.saturating_add(header.additional));
    let mode = header.mode?;
    let fits = |start: &usize| {
        let block = data.get(*start..start.saturating_add(header.size));
        block.is_some_and(|block| {
            !mode.adpcm || super::adpcm::State::parse(block).is_ok_and(|state| state.is_some())
        })
    };
    let followed = |start: &usize| {
        let end = start.saturating_add(header.size);
        bytes_at::<4>(data, end)
            .is_ok_and(|word| picture::order_of(word).is_some() || audio::order_of(word).is_some())
    };
    let mut fitting = starts.into_iter().filter(fits);
    let first = fitting.next()?;
    match fitting.next() {
        Some(second) if !followed(&first) && followed(&second) => Some(second),
        _ => Some(first),
    }
}

fn prove_sound(header: &AudioHeader, data: &[u8], last: bool) -> Proof {
    let plausible = header.mode.is_some()
        && header.additional <= 4096
        && header.size > super::adpcm::HEADER
        && header
            .timestamp
            .is_some_and(|timestamp| YEARS.contains(&timestamp.seconds));
    if !plausible {
        return Proof::No;
    }
    // The longer form and the word behind it, so that the choice between the two does not depend on the window.
    let longest = header.total().saturating_add(8);
    if data.len() < longest && !last {
        return Proof::Need(longest);
    }
    match sound_start(header, data) {
        Some(_) => Proof::Yes,
        None => Proof::No,
    }
}
