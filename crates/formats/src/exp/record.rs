// SPDX-License-Identifier: MPL-2.0
//! One record of a [`Layout`], read and made to prove itself: size, kind, time and start code have to agree.

use super::{
    coded::{Start, head_of, is_key, start_of},
    layout::{Layout, PayloadLayout, RecordLayout, Transform},
};
use crate::{
    cursor::Short,
    reader::{AudioFormat, Codec, MAX_RECORD, Mode, Payload, Timestamp},
};
use std::ops::Range;

pub use super::codes::{AUDIO_CODECS, AUDIO_RATES, MODES};

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A P picture.
    P,
    /// A keyframe.
    Key,
    /// Sound.
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
    /// CRC-32 that they should have.
    pub crc: Option<u32>,
    /// What they are: told from the start code, for sound from the record.
    pub codec: Codec,
    /// Sound parameters.
    pub audio: Option<AudioFormat>,
}

impl Record {
    /// The payload as a packet carries it.
    pub fn stored_payload(&self) -> Payload {
        match self.transform {
            Transform::None => Payload::Plain(self.payload.clone()),
            Transform::Swap32 => Payload::Swap32 {
                range: self.payload.start..self.stored_end,
                len: self.payload.len(),
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
    let given = match (outer, &fields.size) {
        (Some(size), _) => Some(size),
        (None, Some(field)) => {
            let size = usize::try_from(field.read(data, 0)?).unwrap_or(usize::MAX);
            let aligned = fields.align < 2 || size.checked_rem(fields.align) == Some(0);
            if size < fields.header || size > MAX_RECORD || !aligned {
                return Err(Parsed::Bad("a record size"));
            }
            Some(size)
        }
        (None, None) => None,
    };
    let timestamp = match &fields.time {
        Some(field) => match field.time.read(data, field.at)? {
            Some(timestamp) => Some(timestamp),
            None => return Err(Parsed::Bad("a time between 1995 and 2040")),
        },
        None => None,
    };
    let timestamp = with_millis(fields, data, timestamp)?;
    let kind = kind_of(fields, data)?;
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
        Some(Kind::P) => picture(fields, &fields.p, data, given, &mut record)?,
        Some(Kind::Key) => picture(fields, &fields.key, data, given, &mut record)?,
        None => either(fields, data, given, &mut record)?,
    }
    if record.kind != Kind::Audio {
        let mode = small(fields.mode.as_ref(), data)?;
        record.mode = MODES.get(usize::from(mode)).copied().unwrap_or_default();
    }
    Ok(Parsed::Record(record))
}

/// A picture whose layout does not tell I from P: the coded bytes do.
fn either(
    fields: &RecordLayout,
    data: &[u8],
    given: Option<usize>,
    record: &mut Record,
) -> Result<(), Parsed> {
    record.kind = Kind::Key;
    let as_key = picture(fields, &fields.key, data, given, record);
    if let Err(error) = as_key {
        record.kind = Kind::P;
        return picture(fields, &fields.p, data, given, record).map_err(|_| error);
    }
    let head = head_of(record, data, 64);
    if !is_key(record.codec, &head) {
        record.kind = Kind::P;
        if fields.p != fields.key {
            return picture(fields, &fields.p, data, given, record);
        }
    }
    Ok(())
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
    let (Some(mut timestamp), Some(field)) = (timestamp, &fields.millis) else {
        return Ok(timestamp);
    };
    let millis = field.read(data, 0)?;
    timestamp.millis = u16::try_from(millis).ok().filter(|millis| *millis < 1000);
    Ok(Some(timestamp))
}

fn kind_of(fields: &RecordLayout, data: &[u8]) -> Result<Option<Kind>, Parsed> {
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
    end <= size && size.saturating_sub(end) < slack
}

fn padded(end: usize, align: usize) -> usize {
    end.checked_next_multiple_of(align.max(1)).unwrap_or(end)
}

fn picture(
    fields: &RecordLayout,
    part: &PayloadLayout,
    data: &[u8],
    given: Option<usize>,
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
        None => size.saturating_sub(at),
    };
    let end = at.saturating_add(length);
    if length == 0 || end > MAX_RECORD {
        return Err(Parsed::Bad("a picture length"));
    }
    // the reversed region is made of whole groups where the record has its own size
    let stored_end = match (part.transform, given) {
        (Transform::Swap32, _) if !part.short_group => {
            at.saturating_add(padded(length, 4)).min(size)
        }
        _ => end,
    };
    match given {
        // a reversed picture fills its last group, and the padding comes after that
        Some(size)
            if end > size
                || !ends_agree(fields, size, end) && !ends_agree(fields, size, stored_end) =>
        {
            return Err(Parsed::Bad(
                "a picture length that agrees with the record size",
            ));
        }
        Some(_) => {}
        None => record.size = padded(stored_end, fields.align),
    }
    record.payload = at..end;
    record.stored_end = stored_end;
    record.transform = part.transform;
    record.codec = codec;
    record.crc = crc_of(part, data, at)?;
    Ok(())
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
        return Err(Parsed::Bad("a picture"));
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
            "a sound length that agrees with the record size",
        ));
    }
    if given.is_none() {
        record.size = padded(end, fields.align);
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
