// SPDX-License-Identifier: MPL-2.0
//! Writes the reference layout (assumed, built around the verified frame record): file header, records, index.
//!
//! Pure: every call hands back bytes, and the caller puts them one after the other. All integers are little-endian but
//! for two fields of the key record, which stand in its byte-reversed region.

use super::codes::{AUDIO_CODECS, AUDIO_RATES, MODES};
use super::header::size_format;
use crate::reader::{AudioFormat, Camera, Codec, MAX_RECORD, Mode, Standard, Timestamp, swap32};

/// Bytes of the file header before its camera entries (assumed).
pub const HEADER_SIZE: usize = 128;
/// Bytes of one camera entry (assumed).
pub const CAMERA_SIZE: usize = 48;
/// Bytes before the payload of a P picture or of sound (verified for P pictures).
pub const RECORD_HEAD: usize = 24;
/// Bytes before the payload of a keyframe (verified: 88 or 96 were seen; the reference layout has 88).
pub const KEY_HEAD: usize = 88;
/// Entries of an index that is kept in memory: 64 MiB. A longer file gets no index; that costs speed, never frames.
pub const MAX_INDEX: usize = 4 << 20;

const KIND_AUDIO: u8 = 1;
const KIND_P: u8 = 4;
const KIND_KEY: u8 = 6;
const INDEX_ENTRY: usize = 16;

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
    /// The file will have sound.
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
            camera_byte(camera.number)?;
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
        let camera = camera_byte(picture.camera)?;
        let (kind, head) = if picture.key {
            (KIND_KEY, KEY_HEAD)
        } else {
            (KIND_P, RECORD_HEAD)
        };
        let n = payload_len(head, payload)?;
        let marks = [
            camera,
            mode_byte(picture.mode),
            size_format(picture.width, picture.height),
            kind,
        ];
        let mut out = self.start_record(head, payload.len(), picture.timestamp, marks)?;
        let check = crc32fast::hash(payload);
        if picture.key {
            out.resize(KEY_HEAD.saturating_sub(8), 0);
            out.extend_from_slice(&n.to_be_bytes());
            out.extend_from_slice(&check.to_be_bytes());
            // Zeros fill the last group before it is reversed, so the body is made in two parts.
            let whole = payload.len() & !3;
            let (groups, rest) = payload.split_at_checked(whole).unwrap_or((payload, &[]));
            let at = out.len();
            out.resize(at.saturating_add(groups.len()), 0);
            swap32(groups, out.get_mut(at..).unwrap_or_default());
            if !rest.is_empty() {
                let mut last = [0; 4];
                for (to, from) in last.iter_mut().rev().zip(rest) {
                    *to = *from;
                }
                out.extend_from_slice(&last);
            }
        } else {
            push_plain(&mut out, n, check, payload);
        }
        self.count(picture.timestamp, camera, kind, out.len())?;
        Ok(out)
    }

    /// The record of a block of sound (assumed).
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
        let channel = camera_byte(channel)?;
        let (codec, rate) =
            audio_bytes(codec, format).ok_or(WriteError::Audio(codec, format.rate))?;
        let n = payload_len(RECORD_HEAD, payload)?;
        let marks = [channel, codec, rate, KIND_AUDIO];
        let mut out = self.start_record(RECORD_HEAD, payload.len(), timestamp, marks)?;
        push_plain(&mut out, n, crc32fast::hash(payload), payload);
        self.count(timestamp, channel, KIND_AUDIO, out.len())?;
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
        let mut out = Vec::with_capacity(self.index.len().saturating_add(12));
        out.extend_from_slice(b"DXIX");
        out.extend_from_slice(&self.records.to_le_bytes());
        out.extend_from_slice(&self.index);
        out.extend_from_slice(&crc32fast::hash(&self.index).to_le_bytes());
        self.advance(out.len());
        out
    }

    /// The file header as it is known now, to be written at offset 0. As long as the one that [`Writer::new`] gave.
    pub fn header(&self) -> Vec<u8> {
        let cameras = &self.head.cameras;
        let size = cameras
            .len()
            .saturating_mul(CAMERA_SIZE)
            .saturating_add(HEADER_SIZE);
        let flags = u32::from(self.index_at != 0) | u32::from(self.head.audio) << 1;
        let (first, last) = self.span.unwrap_or_default();
        let (width, height) = cameras.first().map_or((0, 0), |c| (c.width, c.height));
        let standard = match self.head.standard {
            Standard::Unknown => 0u8,
            Standard::Ntsc => 1,
            Standard::Pal => 2,
        };
        let mut out = Vec::with_capacity(size);
        out.extend_from_slice(b"DXEXP\0");
        out.extend_from_slice(&1u16.to_le_bytes());
        out.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&flags.to_le_bytes());
        push_text(&mut out, &self.head.model, 16);
        push_text(&mut out, &self.head.server, 32);
        out.extend_from_slice(&0u16.to_le_bytes());
        out.extend_from_slice(&self.head.utc_offset.to_le_bytes());
        out.extend_from_slice(&first.to_le_bytes());
        out.extend_from_slice(&last.to_le_bytes());
        out.extend_from_slice(&self.records.to_le_bytes());
        out.extend_from_slice(&self.index_at.to_le_bytes());
        out.push(standard);
        out.push(u8::try_from(cameras.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(&0u16.to_le_bytes());
        out.extend_from_slice(&width.to_le_bytes());
        out.extend_from_slice(&height.to_le_bytes());
        out.resize(120, 0);
        let check = crc32fast::hash(&out);
        out.extend_from_slice(&0u32.to_le_bytes());
        out.extend_from_slice(&check.to_le_bytes());
        for camera in cameras {
            push_camera(&mut out, camera);
        }
        out
    }

    /// The 16 bytes that all records share.
    fn start_record(
        &self,
        head: usize,
        payload: usize,
        timestamp: Timestamp,
        marks: [u8; 4],
    ) -> Result<Vec<u8>, WriteError> {
        let size = head.saturating_add(payload).next_multiple_of(4);
        let mut out = Vec::with_capacity(size);
        out.extend_from_slice(
            &u32::try_from(size)
                .map_err(|_| WriteError::Size(size))?
                .to_le_bytes(),
        );
        out.extend_from_slice(&seconds(timestamp)?.to_le_bytes());
        out.extend_from_slice(&marks);
        out.extend_from_slice(&timestamp.millis.unwrap_or(0).min(999).to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        Ok(out)
    }

    /// Counts a record of `size` bytes that begins at the present offset.
    fn count(
        &mut self,
        timestamp: Timestamp,
        camera: u8,
        kind: u8,
        size: usize,
    ) -> Result<(), WriteError> {
        let at = seconds(timestamp)?;
        if self.index.len() >= MAX_INDEX.saturating_mul(INDEX_ENTRY) {
            self.index = Vec::new();
            self.index_full = true;
        }
        if !self.index_full {
            self.index.extend_from_slice(&self.offset.to_le_bytes());
            self.index.extend_from_slice(&at.to_le_bytes());
            self.index
                .extend_from_slice(&timestamp.millis.unwrap_or(0).min(999).to_le_bytes());
            self.index.extend_from_slice(&[camera, kind]);
        }
        self.span = Some((self.span.map_or(at, |(first, _)| first), at));
        self.records = self.records.saturating_add(1);
        self.sequence = self.sequence.wrapping_add(1);
        self.advance(size);
        Ok(())
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

fn mode_byte(mode: Mode) -> u8 {
    let number = MODES.iter().position(|known| *known == mode);
    number
        .and_then(|number| u8::try_from(number).ok())
        .unwrap_or(0)
}

fn camera_byte(number: u16) -> Result<u8, WriteError> {
    match u8::try_from(number) {
        Ok(byte) if byte > 0 => Ok(byte),
        _ => Err(WriteError::Number(number)),
    }
}

fn seconds(timestamp: Timestamp) -> Result<u32, WriteError> {
    u32::try_from(timestamp.seconds).map_err(|_| WriteError::Clock(timestamp.seconds))
}

/// The field n, once it is sure that the record is one that readers accept.
fn payload_len(head: usize, payload: &[u8]) -> Result<u32, WriteError> {
    let size = head.saturating_add(payload.len()).saturating_add(3);
    if size > MAX_RECORD {
        return Err(WriteError::Size(size));
    }
    u32::try_from(payload.len()).map_err(|_| WriteError::Size(size))
}

fn push_plain(out: &mut Vec<u8>, n: u32, check: u32, payload: &[u8]) {
    out.extend_from_slice(&n.to_le_bytes());
    out.extend_from_slice(&check.to_le_bytes());
    out.extend_from_slice(payload);
    out.resize(out.len().next_multiple_of(4), 0);
}

fn push_camera(out: &mut Vec<u8>, camera: &Camera) {
    let rate = camera.rate.map_or(0, |(num, den)| {
        // Rounded to a hundredth of a frame per second.
        let half = u64::from(den) / 2;
        u64::from(num)
            .saturating_mul(100)
            .saturating_add(half)
            .checked_div(u64::from(den))
            .unwrap_or(0)
    });
    out.push(u8::try_from(camera.number).unwrap_or(u8::MAX));
    out.push(0);
    out.extend_from_slice(&camera.width.to_le_bytes());
    out.extend_from_slice(&camera.height.to_le_bytes());
    out.extend_from_slice(&u16::try_from(rate).unwrap_or(0).to_le_bytes());
    push_text(out, &camera.title, 40);
}

/// `text` in a field of `len` bytes, padded with NUL, cut between two characters where it is longer.
fn push_text(out: &mut Vec<u8>, text: &str, len: usize) {
    let end = text.floor_char_boundary(len);
    let end_of_field = out.len().saturating_add(len);
    out.extend_from_slice(text.as_bytes().get(..end).unwrap_or_default());
    out.resize(end_of_field, 0);
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
