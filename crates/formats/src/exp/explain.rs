// SPDX-License-Identifier: MPL-2.0
//! What the bytes of a Pelco DX export stand for, field by field: file header, index, records by any layout, AVI chunks.

use super::{
    avi_fields::{
        ChunkHead, Idx1Entry, ListHead, MainHeader, StandardIndex, StandardIndexEntry,
        StreamHeader, SuperIndex, SuperIndexEntry, VideoFormat, WaveFormat,
    },
    codes::{AUDIO_CODECS, AUDIO_RATES, MODES},
    header::{CameraEntry, FileHeader},
    index,
    layout::{Field, KindField, Layout, Number, PayloadLayout, TimeField, Transform},
};
use crate::{
    fields::{Explained, Header, Status, Table},
    reader::{Codec, Media, Packet},
};
use std::ops::Range;

/// The file header of the reference layout that `data` begins with, `size` bytes with its cameras.
pub fn file_header(data: &[u8], size: usize) -> Vec<Explained> {
    let data = data.get(..size).unwrap_or(data);
    let mut rows = FileHeader::TABLE.explain(data, 0);
    for (n, at) in (FileHeader::SIZE..data.len())
        .step_by(CameraEntry::SIZE)
        .enumerate()
    {
        rows.extend(CameraEntry::TABLE.explain(data, at).into_iter().map(|row| {
            let name = format!("camera {}: {}", n.saturating_add(1), row.name);
            Explained { name, ..row }
        }));
    }
    rows
}

/// The headers of an AVI file that `data` begins with, up to its first frame, and how many bytes they are. `None` where it does not
/// begin as one.
pub fn avi_headers(data: &[u8]) -> Option<(usize, Vec<Explained>)> {
    if !data.starts_with(b"RIFF") {
        return None;
    }
    let (mut at, mut rows, mut audio) = (0_usize, Vec::new(), false);
    while let Ok(list) = ListHead::parse(data.get(at..).unwrap_or_default()) {
        if matches!(&list.id.0, b"RIFF" | b"LIST") {
            rows.extend(ListHead::TABLE.explain(data, at));
            at = at.saturating_add(ListHead::SIZE);
            match &list.kind.0 {
                // frames follow
                b"movi" => break,
                _ => continue,
            }
        }
        if !list.id.0.is_ascii() {
            break;
        }
        rows.extend(ChunkHead::TABLE.explain(data, at));
        let body = at.saturating_add(ChunkHead::SIZE);
        let end = body.saturating_add(list.size as usize);
        let chunk = data.get(..end).unwrap_or(data);
        rows.extend(match &list.id.0 {
            b"avih" => MainHeader::TABLE.explain(chunk, body),
            b"strh" => {
                // the type of the stream, where in other chunks the type of a list is
                audio = list.kind.0 == *b"auds";
                StreamHeader::TABLE.explain(chunk, body)
            }
            b"strf" if audio => WaveFormat::TABLE.explain(chunk, body),
            b"strf" => VideoFormat::TABLE.explain(chunk, body),
            b"indx" => super_index(chunk, body),
            _ => Vec::new(),
        });
        at = end.saturating_add((list.size & 1) as usize);
    }
    Some((at.min(data.len()), rows))
}

/// The body of `indx`, which begins at `body` and ends with `data`.
fn super_index(data: &[u8], body: usize) -> Vec<Explained> {
    let mut rows = SuperIndex::TABLE.explain(data, body);
    let head = SuperIndex::parse(data.get(body..).unwrap_or_default());
    let count = head.map_or(0, |head| head.count as usize);
    let first = body.saturating_add(SuperIndex::SIZE);
    let places = (first..data.len()).step_by(SuperIndexEntry::SIZE);
    for (n, at) in places.enumerate().take(count) {
        let part = SuperIndexEntry::TABLE.explain(data, at);
        rows.extend(part.into_iter().map(|row| {
            let name = format!("part {}: {}", n.saturating_add(1), row.name);
            Explained { name, ..row }
        }));
    }
    rows
}

/// The head of an AVI file's `idx1` or `ix##` chunk or one of its entries, whichever is at `at`: as [`index_part`]. `head` are the
/// chunk's first bytes, and `begin` is its offset. `None` for other chunks.
pub fn avi_index_part(begin: u64, head: &[u8], at: u64) -> Option<(Range<u64>, String, Table)> {
    let chunk = ChunkHead::parse(head).ok()?;
    let body = begin.saturating_add(ChunkHead::SIZE as u64);
    let end = body.saturating_add(u64::from(chunk.size));
    let id = chunk.id.decode();
    let (first, size, table) = match &chunk.id.0 {
        b"idx1" => (body, Idx1Entry::SIZE, Idx1Entry::TABLE),
        [b'i', b'x', ..] => (
            body.saturating_add(StandardIndex::SIZE as u64),
            StandardIndexEntry::SIZE,
            StandardIndexEntry::TABLE,
        ),
        _ => return None,
    };
    let (start, length, name, table) = if at < body {
        (
            begin,
            ChunkHead::SIZE,
            format!("head of {id}"),
            ChunkHead::TABLE,
        )
    } else if at < first {
        (
            body,
            StandardIndex::SIZE,
            format!("head of the index {id}"),
            StandardIndex::TABLE,
        )
    } else {
        let number = at.saturating_sub(first).checked_div(size as u64)?;
        let count = end.saturating_sub(first).checked_div(size as u64)?;
        let start = first.saturating_add(number.saturating_mul(size as u64));
        (
            start,
            size,
            format!("entry {number} of {count} of {id}"),
            table,
        )
    };
    let range = start..start.saturating_add(length as u64);
    (range.contains(&at) && range.end <= end).then_some((range, name, table))
}

/// The chunk of an AVI file that `data` is, which the reader gave `packet` for: its head, and a record by `layout` or bare coded
/// bytes.
pub fn chunk(layout: &Layout, packet: &Packet, data: &[u8]) -> Vec<Explained> {
    let mut rows = ChunkHead::TABLE.explain(data, 0);
    let size = ChunkHead::parse(data).map_or(0, |head| head.size as usize);
    let end = ChunkHead::SIZE.saturating_add(size);
    let body = data.get(..end).unwrap_or(data);
    // a record has a time; without one the coded bytes are all of the chunk
    if packet.timestamp.is_some() && packet.stream.codec.media() == Media::Video {
        rows.extend(record(layout, packet, body, ChunkHead::SIZE));
    } else {
        let coded = ChunkHead::SIZE..body.len();
        let value = format!("{} coded bytes, without a record", coded.len());
        rows.push(coded_row(packet, coded, value, Status::Assumed));
    }
    if end < data.len() {
        rows.push(row(
            end..data.len(),
            "padding",
            String::new(),
            Status::Verified,
        ));
    }
    rows
}

/// The head of an index, one of its entries or its checksum, whichever is at `at` in a file whose index begins at `begin` and has
/// `count` entries: where it is, what it is called, and its fields' table. `None` where the index has ended.
pub fn index_part(begin: u64, count: u64, at: u64) -> Option<(Range<u64>, String, Table)> {
    let place = index::place(begin, count);
    let size = place.entry_size as u64;
    let end = place.offset.saturating_add(count.saturating_mul(size));
    let (start, length, name, table) = if at < begin {
        return None;
    } else if at < place.offset {
        (
            begin,
            index::Head::SIZE,
            "head of the index".to_owned(),
            index::Head::TABLE,
        )
    } else if at < end {
        let number = at.saturating_sub(place.offset).checked_div(size)?;
        let start = place.offset.saturating_add(number.saturating_mul(size));
        let name = format!("entry {number} of {count} of the index");
        (start, place.entry_size, name, index::Entry::TABLE)
    } else {
        (
            end,
            index::Tail::SIZE,
            "end of the index".to_owned(),
            index::Tail::TABLE,
        )
    };
    let range = start..start.saturating_add(length as u64);
    range.contains(&at).then_some((range, name, table))
}

/// The record that begins at `base` in `data` and ends with it, by its layout; the reader gave `packet` for `data`.
pub fn record(layout: &Layout, packet: &Packet, data: &[u8], base: usize) -> Vec<Explained> {
    let record = &layout.record;
    let stored = packet.payload.range().unwrap_or(data.len()..data.len());
    let mut rows = Rows::new(layout, packet, data, base);
    let (name, part) = (rows.part, part_of(layout, packet));
    if let Some(field) = &record.time {
        rows.time(field);
    }
    for constant in &record.constant {
        let end = constant.at.saturating_add(constant.bytes.len());
        rows.add(
            constant.at..end,
            "record.constant",
            "constant",
            String::new(),
        );
    }
    rows.number(record.size, "record.size", "record size", in_bytes);
    rows.number(record.millis, "record.millis", "milliseconds", plain);
    if let Some(ticks) = record.ticks {
        let value = |value| format!("{value} of {} per second", ticks.rate);
        rows.number(
            whole(ticks.at, ticks.number),
            "record.ticks",
            "ticks",
            value,
        );
    }
    rows.number(record.sequence, "record.sequence", "sequence number", plain);
    if rows.is_video() {
        rows.number(record.camera, "record.camera", "camera", plain);
        rows.number(record.mode, "record.mode", "recording mode", mode);
        rows.number(record.format, "record.format", "video format", video_format);
    } else {
        rows.number(record.camera, "record.camera", "channel", plain);
    }
    if let Some(field) = &record.kind {
        let field_place = whole(field.at, field.number);
        rows.number(field_place, "record.kind", "kind", |value| {
            kind(field, value)
        });
    }
    let mut coded = format!("{} coded bytes", packet.payload.len());
    if let Some(part) = part {
        rows.number(
            part.codec,
            &format!("{name}.codec"),
            "audio codec",
            audio_codec,
        );
        rows.number(
            part.rate,
            &format!("{name}.rate"),
            "sample rate",
            audio_rate,
        );
        rows.number(
            part.length,
            &format!("{name}.length"),
            "payload size",
            in_bytes,
        );
        let checksum = |value| checksum(value, packet, data);
        rows.number(
            part.crc,
            &format!("{name}.crc"),
            "CRC-32 of payload",
            checksum,
        );
        if part.transform == Transform::Swap32 {
            coded.push_str(", in reversed groups of four");
        }
    }
    let (payload, padding) = (format!("{name}.payload"), "record.align");
    let (known, align) = (rows.status(&payload), rows.status(padding));
    let mut rows = rows.rows;
    if !stored.is_empty() {
        rows.push(coded_row(packet, stored.clone(), coded, known));
    }
    if stored.end < data.len() {
        rows.push(row(stored.end..data.len(), "padding", String::new(), align));
    }
    rows
}

/// The rows of a record.
struct Rows<'a> {
    layout: &'a Layout,
    packet: &'a Packet,
    data: &'a [u8],
    /// Where in `data` the record begins.
    base: usize,
    /// Where in the record the coded bytes begin.
    start: usize,
    /// What the layout calls this kind of record.
    part: &'static str,
    rows: Vec<Explained>,
}

impl<'a> Rows<'a> {
    fn new(layout: &'a Layout, packet: &'a Packet, data: &'a [u8], base: usize) -> Rows<'a> {
        let stored = packet.payload.range();
        Rows {
            layout,
            packet,
            data,
            base,
            start: stored.map_or(0, |stored| stored.start.saturating_sub(base)),
            part: match (packet.stream.codec.media(), packet.key) {
                (Media::Video, true) => "record.key",
                (Media::Video, false) => "record.p",
                _ => "record.audio",
            },
            rows: Vec::new(),
        }
    }

    fn is_video(&self) -> bool {
        self.packet.stream.codec.media() == Media::Video
    }

    /// How well a field of this record is known: of coded bytes only MPEG-4 was seen in such records, and no audio at all.
    fn status(&self, key: &str) -> Status {
        let seen = self.packet.stream.codec == Codec::Mpeg4
            || self.is_video() && !key.starts_with(self.part);
        match self.layout.status_of(key) {
            Status::Verified if !seen => Status::Assumed,
            status => status,
        }
    }

    /// Adds a field. Fields that share their bytes, by masks, are one row.
    fn add(&mut self, at: Range<usize>, key: &str, name: &str, value: String) {
        let status = self.status(key);
        let new = row(
            at.start.saturating_add(self.base)..at.end.saturating_add(self.base),
            name,
            value,
            status,
        );
        let same = |row: &&mut Explained| (row.at, row.length) == (new.at, new.length);
        match self.rows.iter_mut().find(same) {
            Some(row) => {
                row.name = format!("{}, {}", row.name, new.name);
                row.value = format!("{}; {}", row.value, new.value);
            }
            None => self.rows.push(new),
        }
    }

    fn number(
        &mut self,
        field: Option<Field>,
        key: &str,
        name: &str,
        describe: impl Fn(u64) -> String,
    ) {
        let bytes = self.data.get(self.base..).unwrap_or_default();
        if let Some(field) = field
            && let Ok(value) = field.read(bytes, self.start)
        {
            self.add(field.range(self.start), key, name, describe(value));
        }
    }

    fn time(&mut self, field: &TimeField) {
        let bytes = self.data.get(self.base..).unwrap_or_default();
        let time = field.time.read(bytes, field.at).ok().flatten();
        let value = time.and_then(|time| {
            let utc = jiff::Timestamp::from_millisecond(time.unix_ms()).ok()?;
            Some(format!("{} s = {utc} if UTC (assumed)", time.seconds))
        });
        let end = field.at.saturating_add(field.time.width());
        let value = value.unwrap_or_default();
        self.add(field.at..end, "record.time", "recorder time", value);
    }
}

/// Where a layout has the coded bytes of a record such as this.
pub fn part_of<'a>(layout: &'a Layout, packet: &Packet) -> Option<&'a PayloadLayout> {
    let record = &layout.record;
    match (packet.stream.codec.media(), packet.key) {
        (Media::Video, true) => Some(&record.key),
        (Media::Video, false) => Some(&record.p),
        _ => record.audio.as_ref(),
    }
}

/// A field of which all bits count.
fn whole(at: i32, number: Number) -> Option<Field> {
    Some(Field::new(at, number))
}

fn row(at: Range<usize>, name: &str, value: String, status: Status) -> Explained {
    Explained {
        at: at.start,
        length: at.len(),
        name: name.to_owned(),
        value,
        status,
    }
}

fn coded_row(packet: &Packet, at: Range<usize>, value: String, status: Status) -> Explained {
    let name = match packet.stream.codec.media() {
        Media::Video => "coded frame",
        _ => "coded audio",
    };
    row(at, name, value, status)
}

fn plain(value: u64) -> String {
    value.to_string()
}

fn in_bytes(value: u64) -> String {
    format!("{value} bytes")
}

/// A number and what it stands for in a table.
fn named(value: u64, name: Option<&str>) -> String {
    format!("{value} {}", name.unwrap_or("unknown"))
}

fn entry<T: Copy>(table: &[T], value: u64) -> Option<T> {
    table.get(usize::try_from(value).ok()?).copied()
}

fn mode(value: u64) -> String {
    named(value, entry(&MODES, value).and_then(|mode| mode.name()))
}

fn audio_codec(value: u64) -> String {
    named(
        value,
        entry(&AUDIO_CODECS, value).flatten().map(Codec::name),
    )
}

fn audio_rate(value: u64) -> String {
    let rate = entry(&AUDIO_RATES, value).map(|rate| format!("{rate} Hz"));
    named(value, rate.as_deref())
}

fn video_format(value: u64) -> String {
    let format = entry(&[None, Some("CIF"), Some("2CIF"), Some("4CIF")], value);
    named(value, format.flatten())
}

fn kind(field: &KindField, value: u64) -> String {
    let kinds = [
        (&field.p, "P frame"),
        (&field.key, "keyframe"),
        (&field.audio, "audio"),
    ];
    let found = kinds.iter().find(|(values, _)| values.contains(&value));
    named(value, found.map(|(_, name)| *name))
}

fn checksum(value: u64, packet: &Packet, data: &[u8]) -> String {
    let actual = crc32fast::hash(&packet.payload.to_vec(data));
    match value {
        0 => "absent".to_owned(),
        value if value == u64::from(actual) => format!("{value:08x}, ok"),
        value => format!("{value:08x}, mismatch: the payload has {actual:08x}"),
    }
}
