// SPDX-License-Identifier: MPL-2.0
//! Writes the reference layout (assumed, built around the verified frame record): file header, records, index.
//!
//! Pure: every call returns bytes, and the caller puts them one after the other. Where the fields are, the tables of
//! [`header`](super::header) and [`index`] and the layout `reference` say; here is what they hold.

use super::{
    codes::{AUDIO_CODECS, AUDIO_RATES, MODES, STANDARDS, number_of},
    header::{CameraEntry, FLAG_AUDIO, FLAG_INDEX, FileHeader, MAGIC, size_format},
    index,
    layout::{Field, Layout, PayloadLayout, Transform},
};
use crate::{
    fields::{Header, Text},
    reader::{AudioFormat, Camera, Codec, MAX_RECORD, Mode, Standard, Timestamp, swap32},
};

/// Entries of an index that is kept in memory: 64 MiB. A longer file gets no index; that costs speed, never frames.
pub const MAX_INDEX: usize = 4 << 20;

/// Why a record or a header cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The number of cameras is one byte.
    #[error("{0} cameras do not fit, a file has 255 at most")]
    Cameras(usize),
    /// The camera number is one byte, from 1.
    #[error("camera number {0} is not in 1..=255")]
    Number(u16),
    /// The clock field is a u32 of seconds since 1970.
    #[error("second {0} since 1970 does not fit the clock field of 32 bits")]
    Clock(i64),
    /// A reader believes no record beyond [`MAX_RECORD`].
    #[error("a record of {0} bytes is longer than the {MAX_RECORD} that readers accept")]
    Size(usize),
    /// The codec has no number in an audio record.
    #[error("{0:?} at {1}/s has no place in an audio record")]
    Audio(Codec, u32),
}

/// What the file header says, known before the first record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Recorder model, cut to 16 bytes.
    pub model: String,
    /// Recorder's name, cut to 32 bytes.
    pub server: String,
    /// Minutes that the recorder's local time is east of UTC.
    pub utc_offset: i16,
    /// Television standard.
    pub standard: Standard,
    /// Cameras in the order of their entries.
    pub cameras: Vec<Camera>,
    /// The file will have audio.
    pub audio: bool,
}

/// What a picture's record says beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Camera number, 1..=255.
    pub camera: u16,
    /// Recorder time.
    pub timestamp: Timestamp,
    /// Why it was recorded.
    pub mode: Mode,
    /// Picture size in pixels, for the format byte; 0 = not known.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// A keyframe.
    pub key: bool,
}

/// Writes one file.
#[derive(Debug)]
pub struct Writer {
    head: Head,
    offset: u64,
    sequence: u16,
    records: u32,
    span: Option<(u32, u32)>,
    index: Vec<u8>,
    index_full: bool,
    index_at: u64,
}

impl Writer {
    /// A writer and the header that begins the file. The header is complete but for what only the end knows: it says that
    /// the number of records is not known, that there is no index, and that the last record is at `start`.
    ///
    /// # Errors
    /// More than 255 cameras, a number that is no byte, or a start outside 1970..2106.
    pub fn new(head: Head, start: Timestamp) -> Result<(Writer, Vec<u8>), WriteError> {
        if head.cameras.len() > usize::from(u8::MAX) {
            return Err(WriteError::Cameras(head.cameras.len()));
        }
        for camera in &head.cameras {
            camera_number(camera.number)?;
        }
        let start = seconds(start)?;
        let mut writer = Writer {
            head,
            offset: 0,
            sequence: 0,
            records: 0,
            span: Some((start, start)),
            index: Vec::new(),
            index_full: false,
            index_at: 0,
        };
        let header = writer.header();
        writer.advance(header.len());
        writer.span = None;
        Ok((writer, header))
    }

    /// Offset in the file of the next byte to be written.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Records written.
    pub fn records(&self) -> u32 {
        self.records
    }

    /// The record of a picture. `payload` begins with its start code; a keyframe is stored in reversed groups of four
    /// (verified), behind a prefix of unknown meaning that is written as zeros.
    ///
    /// # Errors
    /// See [`WriteError`]; nothing has been counted then.
    pub fn picture(&mut self, picture: &Picture, payload: &[u8]) -> Result<Vec<u8>, WriteError> {
        let record = &Layout::reference().record;
        let kinds = record.kind.as_ref();
        let (part, kinds) = match picture.key {
            true => (&record.key, kinds.map(|kind| &kind.key)),
            false => (&record.p, kinds.map(|kind| &kind.p)),
        };
        let format = size_format(picture.width, picture.height);
        let marks = [
            (record.mode, number_of(&MODES, &picture.mode)),
            (record.format, format),
        ];
        let (camera, timestamp) = (picture.camera, picture.timestamp);
        self.record(part, kinds, camera, timestamp, marks, payload)
    }

    /// The record of a block of audio (assumed).
    ///
    /// # Errors
    /// See [`WriteError`]; nothing has been counted then.
    pub fn audio(
        &mut self,
        channel: u16,
        timestamp: Timestamp,
        codec: Codec,
        format: &AudioFormat,
        payload: &[u8],
    ) -> Result<Vec<u8>, WriteError> {
        let record = &Layout::reference().record;
        let refused = WriteError::Audio(codec, format.rate);
        let (Some((codec, rate)), Some(part)) = (audio_bytes(codec, format), &record.audio) else {
            return Err(refused);
        };
        let marks = [(part.codec, codec), (part.rate, rate)];
        let kinds = record.kind.as_ref().map(|kind| &kind.audio);
        self.record(part, kinds, channel, timestamp, marks, payload)
    }

    /// One record; `marks` are the two fields that frames and audio have of their own, and their values.
    fn record(
        &mut self,
        part: &PayloadLayout,
        kinds: Option<&Vec<u64>>,
        camera: u16,
        timestamp: Timestamp,
        marks: [(Option<Field>, u8); 2],
        payload: &[u8],
    ) -> Result<Vec<u8>, WriteError> {
        let record = &Layout::reference().record;
        let number = camera_number(camera)?;
        let time = seconds(timestamp)?;
        let millis = timestamp.millis.unwrap_or(0).min(999);
        let head = part.payload;
        let size = head.saturating_add(payload.len());
        if size.saturating_add(3) > MAX_RECORD {
            return Err(WriteError::Size(size));
        }
        let size = size.next_multiple_of(record.align.max(1));
        let mut out = Vec::with_capacity(size);
        out.resize(head, 0);
        let kind = kinds.and_then(|kinds| kinds.first()).copied().unwrap_or(0);
        if let Some(field) = &record.kind
            && let Ok(at) = usize::try_from(field.at)
        {
            field.number.write(&mut out, at, kind);
        }
        if let Some(field) = &record.time
            && let Some(as_number) = field.time.unix_seconds()
        {
            as_number.write(&mut out, field.at, u64::from(time));
        }
        let common = [
            (record.size, size as u64),
            (record.camera, u64::from(number)),
            (record.millis, u64::from(millis)),
            (record.sequence, u64::from(self.sequence)),
            (part.length, payload.len() as u64),
            (part.crc, u64::from(crc32fast::hash(payload))),
        ];
        let marks = marks.map(|(field, value)| (field, u64::from(value)));
        for (field, value) in common.into_iter().chain(marks) {
            if let Some(field) = field {
                field.write(&mut out, head, value);
            }
        }
        push_payload(&mut out, part.transform, payload);
        out.resize(size, 0);
        self.count(index::Entry {
            offset: self.offset,
            seconds: time,
            millis,
            camera: number,
            kind: u8::try_from(kind).unwrap_or(0),
        });
        self.advance(out.len());
        Ok(out)
    }

    /// Gives a camera of the header another title, for the header that is written at the end.
    pub fn set_title(&mut self, number: u16, title: &str) {
        let listed = self
            .head
            .cameras
            .iter_mut()
            .find(|camera| camera.number == number);
        if let Some(camera) = listed {
            camera.title = title.to_owned();
        }
    }

    /// The index, to be written behind the last record. Empty where it grew beyond [`MAX_INDEX`] entries.
    pub fn finish(&mut self) -> Vec<u8> {
        if self.index_full {
            return Vec::new();
        }
        self.index_at = self.offset;
        let head = index::Head {
            magic: Text(*index::MAGIC),
            count: self.records,
        };
        let tail = index::Tail {
            crc: crc32fast::hash(&self.index),
        };
        let out = [head.to_bytes(), self.index.clone(), tail.to_bytes()].concat();
        self.advance(out.len());
        out
    }

    /// The file header as it is known now, to be written at offset 0. As long as the one that [`Writer::new`] gave.
    pub fn header(&self) -> Vec<u8> {
        let cameras = &self.head.cameras;
        let (first, last) = self.span.unwrap_or_default();
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        let mut header = FileHeader {
            magic: Text(*MAGIC),
            version: 1,
            flags: flag(self.index_at != 0, FLAG_INDEX) | flag(self.head.audio, FLAG_AUDIO),
            model: Text::new(&self.head.model),
            server: Text::new(&self.head.server),
            utc_offset: self.head.utc_offset,
            first,
            last,
            records: self.records,
            index: self.index_at,
            standard: number_of(&STANDARDS, &self.head.standard),
            cameras: u8::try_from(cameras.len()).unwrap_or(u8::MAX),
            ..FileHeader::default()
        };
        if let Some(camera) = cameras.first() {
            (header.width, header.height) = (camera.width, camera.height);
        }
        header.size = u32::try_from(header.size_of_cameras()).unwrap_or(u32::MAX);
        header.crc = header.checksum();
        let mut out = header.to_bytes();
        for camera in cameras {
            CameraEntry::new(camera).write(&mut out);
        }
        out
    }

    /// Counts a record.
    fn count(&mut self, entry: index::Entry) {
        if self.index.len() >= MAX_INDEX.saturating_mul(index::Entry::SIZE) {
            self.index = Vec::new();
            self.index_full = true;
        }
        if !self.index_full {
            entry.write(&mut self.index);
        }
        let first = self.span.map_or(entry.seconds, |(first, _)| first);
        self.span = Some((first, entry.seconds));
        self.records = self.records.saturating_add(1);
        self.sequence = self.sequence.wrapping_add(1);
    }

    fn advance(&mut self, bytes: usize) {
        self.offset = self.offset.saturating_add(bytes as u64);
    }
}

/// Codec and rate bytes of an audio record (assumed); `None` where the reference layout has no number for them.
fn audio_bytes(codec: Codec, format: &AudioFormat) -> Option<(u8, u8)> {
    let codec = AUDIO_CODECS
        .iter()
        .position(|known| *known == Some(codec))?;
    let rate = AUDIO_RATES.iter().position(|known| *known == format.rate)?;
    let fits = format.channels == 1;
    fits.then_some((u8::try_from(codec).ok()?, u8::try_from(rate).ok()?))
}

fn camera_number(number: u16) -> Result<u8, WriteError> {
    match u8::try_from(number) {
        Ok(byte) if byte > 0 => Ok(byte),
        _ => Err(WriteError::Number(number)),
    }
}

fn seconds(timestamp: Timestamp) -> Result<u32, WriteError> {
    u32::try_from(timestamp.seconds).map_err(|_| WriteError::Clock(timestamp.seconds))
}

/// Appends the coded bytes as they are stored. Zeros fill the last group of four before it is reversed.
fn push_payload(out: &mut Vec<u8>, transform: Transform, payload: &[u8]) {
    if transform == Transform::None {
        return out.extend_from_slice(payload);
    }
    let (groups, rest) = payload.as_chunks::<4>();
    let at = out.len();
    out.resize(at.saturating_add(groups.len().saturating_mul(4)), 0);
    swap32(groups.as_flattened(), out.get_mut(at..).unwrap_or_default());
    if !rest.is_empty() {
        let mut last = [0; 4];
        for (to, from) in last.iter_mut().rev().zip(rest) {
            *to = *from;
        }
        out.extend_from_slice(&last);
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
