// SPDX-License-Identifier: MPL-2.0
//! One record of a [`Layout`], read and made to prove itself: size, kind, time and start code have to agree.

use super::{
    coded::{Start, head_of, is_key, shows_key, start_of},
    layout::{
        Layout, PLAUSIBLE_SECONDS, PayloadLayout, RecordLayout, ShortGroup, Ticks, Transform,
    },
};
use crate::{
    cursor::Short,
    reader::{AudioFormat, Codec, MAX_RECORD, Mode, Payload, Timestamp},
};
use std::ops::Range;

pub use super::codes::{AUDIO_CODECS, AUDIO_RATES, MODES};

/// Bytes of the shortest coded frame: a start code and something behind it.
pub const MIN_FRAME: usize = 5;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A P picture.
    P,
    /// A keyframe.
    Key,
    /// Audio.
    Audio,
    /// Something to skip.
    Other,
}

/// A record that proved itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Bytes of the whole record, padding included.
    pub size: usize,
    /// The recorder's time.
    pub timestamp: Option<Timestamp>,
    /// Camera, from 1; 1 where the layout has no such field.
    pub camera: u16,
    /// Recording mode.
    pub mode: Mode,
    /// The format byte: 1 CIF, 2 2CIF, 3 4CIF, 0 unknown.
    pub format: u8,
    /// Sequence number.
    pub sequence: Option<u16>,
    /// The coded bytes, counted from the record's start.
    pub payload: Range<usize>,
    /// End of the coded bytes as they are stored: a padded last group is longer than what it means.
    pub stored_end: usize,
    /// How they are stored.
    pub transform: Transform,
    /// A last shorter group of reversed ones is as it was coded.
    pub keeps_group: bool,
    /// CRC-32 that they should have.
    pub crc: Option<u32>,
    /// What they are: shown by the start code, for audio by the record.
    pub codec: Codec,
    /// Audio parameters.
    pub audio: Option<AudioFormat>,
}

impl Record {
    /// A video frame.
    pub fn is_frame(&self) -> bool {
        matches!(self.kind, Kind::P | Kind::Key)
    }

    /// Whether the payload has the checksum that the record gives; `None` where it gives none.
    pub fn checksum_ok(&self, payload: &[u8]) -> Option<bool> {
        self.crc.map(|crc| crc == crc32fast::hash(payload))
    }

    /// The payload as a packet carries it.
    pub fn stored_payload(&self) -> Payload {
        match self.transform {
            Transform::None => Payload::Plain(self.payload.clone()),
            Transform::Swap32 => Payload::Swap32 {
                range: self.payload.start..self.stored_end,
                len: self.payload.len(),
                kept: self.keeps_group,
            },
        }
    }
}

/// Outcome of reading a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// More bytes are needed, counted from the record's start.
    Need(usize),
    /// Header and size are those of a record, but the coded bytes do not begin as any picture does.
    NoPicture {
        /// Bytes of the whole record.
        size: usize,
    },
    /// No record stands here.
    Bad(&'static str),
    /// A record.
    Record(Record),
}

impl From<Short> for Parsed {
    fn from(_: Short) -> Parsed {
        Parsed::Bad("a field inside the record")
    }
}

/// Reads the record at the start of `data`. `outer` is the record's size where the file around it gives it (an AVI chunk).
///
/// The whole record need not be there: the answer comes as soon as the record has proven itself.
pub fn parse(layout: &Layout, data: &[u8], outer: Option<usize>) -> Parsed {
    let fields = &layout.record;
    let need = fields.header.min(outer.unwrap_or(usize::MAX));
    if data.len() < need {
        return Parsed::Need(need);
    }
    match parse_fields(fields, data, outer) {
        Ok(parsed) | Err(parsed) => parsed,
    }
}

fn parse_fields(
    fields: &RecordLayout,
    data: &[u8],
    outer: Option<usize>,
) -> Result<Parsed, Parsed> {
    for constant in &fields.constant {
        let end = constant.at.saturating_add(constant.bytes.len());
        match data.get(constant.at..end) {
            Some(found) if found == constant.bytes => {}
            Some(_) => return Err(Parsed::Bad("the constant bytes of a record")),
            None => return Err(Parsed::Need(end)),
        }
    }
    let mut unpadded = outer.unwrap_or(usize::MAX);
    let given = match (outer, &fields.size) {
        (Some(size), _) => Some(size),
        (None, Some(_)) => match fields.read_size(data)? {
            Some((size, end))
                if end >= fields.header && size <= MAX_RECORD && size == fields.padded(size) =>
            {
                unpadded = end;
                Some(size)
            }
            _ => return Err(Parsed::Bad("a record size")),
        },
        (None, None) => None,
    };
    let kind = kind_of(fields, data)?;
    let timestamp = match &fields.time {
        Some(field) => field.time.read_any(data, field.at)?,
        None => None,
    };
    // a clock that cannot be right refuses only what nothing else proves
    let plausible = timestamp.is_some_and(|time| PLAUSIBLE_SECONDS.contains(&time.seconds));
    if fields.time.is_some() && !plausible && !proven_without_clock(fields, kind, given) {
        return Err(Parsed::Bad("a time between 1995 and 2040"));
    }
    let timestamp = with_millis(fields, data, timestamp)?;
    let camera = match &fields.camera {
        Some(field) => u16::try_from(field.read(data, 0)?).unwrap_or(u16::MAX),
        None => 1,
    };
    let mut record = Record {
        kind: kind.unwrap_or(Kind::P),
        size: given.unwrap_or(0),
        timestamp,
        camera,
        mode: Mode::Unknown,
        format: small(fields.format.as_ref(), data)?,
        sequence: match &fields.sequence {
            Some(field) => u16::try_from(field.read(data, 0)? & 0xffff).ok(),
            None => None,
        },
        payload: 0..0,
        stored_end: 0,
        transform: Transform::None,
        keeps_group: false,
        crc: None,
        codec: Codec::Mpeg4,
        audio: None,
    };
    match kind {
        Some(Kind::Other) => {
            return given
                .map(|_| Parsed::Record(record))
                .ok_or(Parsed::Bad("a record of a known kind"));
        }
        Some(Kind::Audio) => audio(fields, data, given, &mut record)?,
        Some(Kind::P) => picture(fields, &fields.p, data, (given, unpadded), &mut record)?,
        Some(Kind::Key) => picture(fields, &fields.key, data, (given, unpadded), &mut record)?,
        None => match either(fields, data, (given, unpadded), &mut record) {
            // no field gives the kind: what is not a frame is something else
            Err(Parsed::NoPicture { .. }) => record.kind = Kind::Other,
            result => result?,
        },
    }
    if record.kind != Kind::Audio {
        let mode = small(fields.mode.as_ref(), data)?;
        record.mode = MODES.get(usize::from(mode)).copied().unwrap_or_default();
    }
    Ok(Parsed::Record(record))
}

/// A picture whose layout has no kind: the coded bytes show it.
fn either(
    fields: &RecordLayout,
    data: &[u8],
    given: (Option<usize>, usize),
    record: &mut Record,
) -> Result<(), Parsed> {
    record.kind = Kind::Key;
    let as_key = picture(fields, &fields.key, data, given, record);
    if let Err(error) = as_key {
        record.kind = Kind::P;
        return picture(fields, &fields.p, data, given, record).map_err(|_| error);
    }
    // in H.264 parameter sets and messages of any size stand before the first slice
    let key = match record.codec {
        Codec::H264 => shows_key(record, data),
        codec => is_key(codec, &head_of(record, data, 64)),
    };
    if !key {
        record.kind = Kind::P;
        if fields.p != fields.key {
            return picture(fields, &fields.p, data, given, record);
        }
    }
    Ok(())
}

/// Whether kind, the record's size and the payload's length, which have to agree, prove a record whatever its clock says.
fn proven_without_clock(fields: &RecordLayout, kind: Option<Kind>, given: Option<usize>) -> bool {
    let part = match kind {
        Some(Kind::P) => Some(&fields.p),
        Some(Kind::Key) => Some(&fields.key),
        Some(Kind::Audio) => fields.audio.as_ref(),
        Some(Kind::Other) | None => None,
    };
    given.is_some() && part.is_some_and(|part| part.length.is_some())
}

fn small(field: Option<&super::layout::Field>, data: &[u8]) -> Result<u8, Short> {
    match field {
        Some(field) => Ok(u8::try_from(field.read(data, 0)?).unwrap_or(0)),
        None => Ok(0),
    }
}

fn with_millis(
    fields: &RecordLayout,
    data: &[u8],
    timestamp: Option<Timestamp>,
) -> Result<Option<Timestamp>, Parsed> {
    if let Some(ticks) = &fields.ticks {
        return with_ticks(ticks, data, timestamp);
    }
    let (Some(mut timestamp), Some(field)) = (timestamp, &fields.millis) else {
        return Ok(timestamp);
    };
    let millis = field.read(data, 0)?;
    timestamp.millis = u16::try_from(millis).ok().filter(|millis| *millis < 1000);
    Ok(Some(timestamp))
}

/// The time with ticks as its parts of a second. Without a time they count from 1970.
fn with_ticks(
    ticks: &Ticks,
    data: &[u8],
    timestamp: Option<Timestamp>,
) -> Result<Option<Timestamp>, Parsed> {
    let at = usize::try_from(ticks.at).map_err(|_| Parsed::Bad("a count of ticks"))?;
    let value = ticks.number.read(data, at)?.saturating_add(ticks.phase);
    let whole = value.checked_div(ticks.rate).unwrap_or(0);
    let part = u128::from(value.checked_rem(ticks.rate).unwrap_or(0));
    let millis = part.saturating_mul(1000).checked_div(ticks.rate.into());
    let seconds = timestamp.map_or(0, |timestamp| timestamp.seconds);
    let adds = ticks.adds || timestamp.is_none();
    let seconds = seconds.saturating_add_unsigned(if adds { whole } else { 0 });
    // damaged ticks may count to the end of all time
    Ok((seconds < PLAUSIBLE_SECONDS.end).then_some(Timestamp {
        seconds,
        millis: u16::try_from(millis.unwrap_or(0)).ok(),
    }))
}

/// What the record's kind says; `None` where the layout has no such field.
pub(super) fn kind_of(fields: &RecordLayout, data: &[u8]) -> Result<Option<Kind>, Parsed> {
    let Some(field) = &fields.kind else {
        return Ok(None);
    };
    let at = usize::try_from(field.at).map_err(|_| Parsed::Bad("a record kind"))?;
    let value = field.number.read(data, at)?;
    Ok(Some(if field.p.contains(&value) {
        Kind::P
    } else if field.key.contains(&value) {
        Kind::Key
    } else if field.audio.contains(&value) {
        Kind::Audio
    } else {
        Kind::Other
    }))
}

/// Whether `size` is what a record with its payload ending at `end` takes. Where the record does not give its own size (an AVI
/// chunk does), what follows the picture is not known and may be anything.
pub(super) fn ends_agree(fields: &RecordLayout, size: usize, end: usize) -> bool {
    let slack = match fields.size {
        Some(_) => fields.align.max(4),
        None => usize::MAX,
    };
    let end = end.saturating_add(fields.trailer);
    end <= size && size.saturating_sub(end) < slack
}

fn padded(end: usize, align: usize) -> usize {
    end.checked_next_multiple_of(align.max(1)).unwrap_or(end)
}

fn picture(
    fields: &RecordLayout,
    part: &PayloadLayout,
    data: &[u8],
    (given, unpadded): (Option<usize>, usize),
    record: &mut Record,
) -> Result<(), Parsed> {
    let size = given.unwrap_or(usize::MAX);
    let (at, codec) = match start_of(fields, part, data, size)? {
        Start::At(at, codec) => (at, codec),
        Start::Nowhere => {
            return Err(match given {
                Some(size) => Parsed::NoPicture { size },
                None => Parsed::Bad("a start code"),
            });
        }
    };
    let length = match &part.length {
        Some(field) => usize::try_from(field.read(data, at)?).unwrap_or(usize::MAX),
        None => unpadded
            .min(size)
            .saturating_sub(at.saturating_add(fields.trailer)),
    };
    let mut end = at.saturating_add(length);
    if length == 0 || end > MAX_RECORD {
        return Err(Parsed::Bad("a frame length"));
    }
    if fields.trim {
        let stored = data.get(at..end).ok_or(Parsed::Need(end))?;
        let whole = part.transform == Transform::Swap32 && part.short_group == ShortGroup::Filled;
        end = end.saturating_sub(trailing(stored, whole, fields.align, fields.fill));
    }
    let length = end.saturating_sub(at);
    // the reversed region is made of whole groups where the record has its own size
    let mut stored = length;
    let stored_end = match (part.transform, given) {
        (Transform::Swap32, _) if part.short_group == ShortGroup::Filled => {
            stored = padded(length, 4);
            let room = if fields.size_unpadded {
                usize::MAX
            } else {
                size
            };
            at.saturating_add(stored).min(room)
        }
        _ => end,
    };
    match given {
        // a reversed picture fills its last group, and the padding comes after that
        Some(size)
            if end > size
                || !fields.trim
                    && !ends_agree(fields, size, end)
                    && !ends_agree(fields, size, stored_end) =>
        {
            return Err(Parsed::Bad(
                "a frame length that agrees with the record size",
            ));
        }
        Some(size) if length < MIN_FRAME => return Err(Parsed::NoPicture { size }),
        None if length < MIN_FRAME => return Err(Parsed::Bad("a frame length")),
        // a reversed frame is filled up before the record is padded
        Some(_) if fields.size_unpadded => {
            let stored_end = at.saturating_add(stored).saturating_add(fields.trailer);
            record.size = record.size.max(fields.padded(stored_end));
        }
        Some(_) => {}
        None => record.size = fields.padded(stored_end.saturating_add(fields.trailer)),
    }
    record.payload = at..end;
    record.stored_end = stored_end;
    record.transform = part.transform;
    record.keeps_group = part.short_group == ShortGroup::Kept;
    record.codec = codec;
    record.crc = crc_of(part, data, at)?;
    Ok(())
}

/// Padding at the end of a payload whose length counts it: fewer bytes than a whole round of `align`. The last of `whole` reversed
/// groups may be filled as well, with the same byte or with 0, which no frame ends with.
pub(super) fn trailing(stored: &[u8], whole: bool, align: usize, fill: u8) -> usize {
    let end = |bytes: &[u8], byte: u8| bytes.iter().rev().take_while(|last| **last == byte).count();
    let filled = end(stored, fill).min(align.saturating_sub(1));
    let mut kept = stored.len().saturating_sub(filled);
    if whole {
        kept = padded(kept, 4).min(stored.len());
        let group = stored.get(..kept).unwrap_or_default().chunks(4).next_back();
        let mut plain = group.unwrap_or_default().to_vec();
        plain.reverse();
        kept = kept.saturating_sub(end(&plain, fill).max(end(&plain, 0)).min(3));
    }
    stored.len().saturating_sub(kept)
}

fn crc_of(part: &PayloadLayout, data: &[u8], at: usize) -> Result<Option<u32>, Short> {
    match &part.crc {
        Some(field) => Ok(u32::try_from(field.read(data, at)?)
            .ok()
            .filter(|crc| *crc != 0)),
        None => Ok(None),
    }
}

fn audio(
    fields: &RecordLayout,
    data: &[u8],
    given: Option<usize>,
    record: &mut Record,
) -> Result<(), Parsed> {
    let Some(part) = &fields.audio else {
        return Err(Parsed::Bad("a frame"));
    };
    let at = part.payload;
    let field_end = at.min(given.unwrap_or(at));
    if data.len() < field_end {
        return Err(Parsed::Need(field_end));
    }
    let length = match &part.length {
        Some(field) => usize::try_from(field.read(data, at)?).unwrap_or(usize::MAX),
        None => given.unwrap_or(0).saturating_sub(at),
    };
    let end = at.saturating_add(length);
    let agrees = given.is_none_or(|size| ends_agree(fields, size, end));
    if length == 0 || end > MAX_RECORD || !agrees {
        return Err(Parsed::Bad(
            "an audio length that agrees with the record size",
        ));
    }
    if given.is_none() {
        record.size = fields.padded(end);
    }
    let codec = usize::from(small(part.codec.as_ref(), data)?);
    let rate = usize::from(small(part.rate.as_ref(), data)?);
    match (
        AUDIO_CODECS.get(codec).copied().flatten(),
        AUDIO_RATES.get(rate),
    ) {
        (Some(codec), Some(rate)) => {
            record.codec = codec;
            record.audio = Some(AudioFormat {
                rate: *rate,
                channels: 1,
                block_align: match codec {
                    Codec::ImaAdpcm => u16::try_from(length).unwrap_or(0),
                    _ => 0,
                },
            });
        }
        _ => record.kind = Kind::Other,
    }
    record.payload = at..end;
    record.stored_end = end;
    record.crc = crc_of(part, data, at)?;
    Ok(())
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]
mod tests {
    use super::*;

    fn layout(record: &str) -> Layout {
        let text = format!(
            "name = \"x\"\ntitle = \"x\"\nstatus = \"inferred\"\n[record]\nheader = 8\n{record}"
        );
        Layout::from_toml(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    const PAYLOADS: &str = "[record.p]\npayload = 8\n[record.key]\npayload = 8\n";
    /// 10 bytes of a P frame.
    const FRAME: [u8; 10] = [0, 0, 1, 0xb6, 0x50, 1, 2, 3, 4, 5];

    fn read(layout: &Layout, data: &[u8]) -> (Record, Vec<u8>) {
        match parse(layout, data, None) {
            Parsed::Record(record) => {
                let bytes = record.stored_payload().to_vec(data);
                (record, bytes)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_size_that_counts_what_follows_it_leaves_padding_out() {
        let layout = layout(&format!(
            "align = 8\nsize = {{ at = 2, type = \"u24be\" }}\nsize_counts = \"after\"\nsize_unpadded = true\n{PAYLOADS}"
        ));
        // after the field: 3 bytes of header and the frame
        let data = [&[7, 7, 0, 0, 13, 7, 7, 7][..], &FRAME, &[0; 6]].concat();
        let (record, frame) = read(&layout, &data);
        assert_eq!((record.size, frame), (24, FRAME.to_vec()));
    }

    #[test]
    fn padding_that_is_counted_is_trimmed() {
        for (transform, stored) in [
            ("none", [&FRAME[..], &[0; 6]].concat()),
            ("swap32", {
                let plain = [&FRAME[..], &[0; 6]].concat();
                plain
                    .chunks(4)
                    .flat_map(|group| group.iter().rev().copied())
                    .collect()
            }),
        ] {
            let layout = layout(&format!(
                "align = 8\ntrim = true\nsize = {{ at = 0, type = \"u16le\" }}\n[record.p]\npayload = 8\ntransform = \"{transform}\"\n[record.key]\npayload = 8\n"
            ));
            let data = [&[24, 0, 7, 7, 7, 7, 7, 7][..], &stored].concat();
            let (record, frame) = read(&layout, &data);
            assert_eq!((record.size, frame), (24, FRAME.to_vec()), "{transform}");
        }
    }

    #[test]
    fn padding_may_be_that_of_the_payload_alone() {
        let layout = layout(
            "align = 8\nalign_from = 6\n[record.p]\npayload = 6\nlength = { at = 0, type = \"u16le\" }\n[record.key]\npayload = 6\n",
        );
        let data = [&[10, 0, 7, 7, 7, 7][..], &FRAME, &[0; 6]].concat();
        assert_eq!(read(&layout, &data).0.size, 22);
    }

    #[test]
    fn ticks_part_the_second_or_add_to_midnight() {
        let time = "time = { at = 0, type = \"unix32le\" }\n";
        let size = "header = 14\n[record.p]\npayload = 14\nlength = { at = 12, type = \"u16le\" }\n[record.key]\npayload = 14\n";
        let midnight = 1_257_811_200_u32;
        let ticks = 9_045_000_u64;
        let mut data = [&midnight.to_le_bytes()[..], &ticks.to_le_bytes(), &[10, 0]].concat();
        data.extend(FRAME);
        for (keys, seconds, millis) in [
            ("rate = 90000, adds = true", 1_257_811_300, 500),
            ("rate = 90000, phase = 45000", 1_257_811_200, 0),
        ] {
            let text = format!(
                "name = \"x\"\ntitle = \"x\"\nstatus = \"inferred\"\n[record]\n{time}ticks = {{ at = 4, type = \"u64le\", {keys} }}\n{size}"
            );
            let timestamp = read(&Layout::from_toml(&text).unwrap(), &data)
                .0
                .timestamp
                .unwrap();
            assert_eq!(
                (timestamp.seconds, timestamp.millis),
                (seconds, Some(millis))
            );
        }
        // a count that reaches beyond 2040 gives no time
        let text = format!(
            "name = \"x\"\ntitle = \"x\"\nstatus = \"inferred\"\n[record]\n{time}ticks = {{ at = 4, type = \"u64le\", rate = 1, adds = true }}\n{size}"
        );
        let mut damaged = data.clone();
        damaged[11] = 0x7f;
        let layout = Layout::from_toml(&text).unwrap();
        assert_eq!(read(&layout, &damaged).0.timestamp, None);
        // ticks alone count from 1970
        let text = format!(
            "name = \"x\"\ntitle = \"x\"\nstatus = \"inferred\"\n[record]\nticks = {{ at = 4, type = \"u64le\", rate = 90000 }}\n{size}"
        );
        let timestamp = read(&Layout::from_toml(&text).unwrap(), &data)
            .0
            .timestamp
            .unwrap();
        assert_eq!((timestamp.seconds, timestamp.millis), (100, Some(500)));
    }

    #[test]
    fn jpeg_frames_are_read_where_the_layout_says_so() {
        let layout = layout(&format!(
            "video = \"jpeg\"\nsize = {{ at = 0, type = \"u16le\" }}\n{PAYLOADS}"
        ));
        let data = [14, 0, 7, 7, 7, 7, 7, 7, 0xff, 0xd8, 0xff, 0xe0, 0xff, 0xd9];
        let (record, frame) = read(&layout, &data);
        assert_eq!((record.codec, record.kind), (Codec::Jpeg, Kind::Key));
        assert_eq!(frame, data[8..]);
    }
}
