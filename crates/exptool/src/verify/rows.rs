// SPDX-License-Identifier: MPL-2.0
//! Frames as rows of one size in a temporary file: a comparison looks at them more than once, and there may be millions.

use crate::{
    common::{Failure, clock::Zone, coded::codec_name},
    recording::Frame,
};
use formats::{exp::record::MODES, reader::Codec};
use serde::{Deserialize, Deserializer, Serialize};
use std::{
    cell::RefCell,
    fs::File,
    io::{BufWriter, Write},
    os::unix::fs::FileExt,
    sync::Arc,
};

/// Bytes of a row.
const ROW: usize = 73;
/// Rows that are read at a time.
const BLOCK: u32 = 512;
/// Name of the field of sequence numbers.
pub const SEQUENCE: &str = "sequence number";
/// Stands for codecs and modes without a name.
const UNKNOWN: &str = "unknown";

/// Codecs, each at the number it has in a row.
const CODECS: [Codec; 11] = [
    Codec::Mpeg4,
    Codec::H264,
    Codec::Jpeg,
    Codec::PcmU8,
    Codec::PcmS16le,
    Codec::MuLaw,
    Codec::ALaw,
    Codec::ImaAdpcm,
    Codec::Text,
    Codec::Pbm,
    Codec::Bmp,
];
/// Codecs of video, which come first.
const VIDEO: usize = 3;

/// Camera, seconds and milliseconds: what tells frames with equal bytes apart.
pub type Moment = (u16, i64, Option<u16>);

/// A name out of a list. (As an alias, so that serde does not take it for borrowed text.)
pub type Name = &'static str;

/// A frame, and what its record claims of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Number in its file or stream, from 0.
    pub n: u64,
    /// Offset of its record in the file, bytes; 0 in a converted file.
    pub offset: u64,
    /// Coded bytes.
    pub bytes: u32,
    /// Camera, or audio channel.
    pub camera: u16,
    /// Its name.
    #[serde(deserialize_with = "read_codec")]
    pub codec: Name,
    /// A keyframe.
    pub key: bool,
    /// Cannot be decoded: its reference is missing.
    pub orphan: bool,
    /// Recorder's clock: seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
    /// Its milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub millis: Option<u16>,
    /// Sequence number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u16>,
    /// Name of the recording mode.
    #[serde(deserialize_with = "read_mode", default = "unknown")]
    pub mode: Name,
    /// SHA-256 of the coded frame.
    #[serde(with = "hex")]
    pub sha256: [u8; 32],
}

fn codecs() -> impl Iterator<Item = &'static str> {
    CODECS.iter().map(|codec| codec_name(*codec))
}

fn modes() -> impl Iterator<Item = &'static str> {
    MODES.iter().map(|mode| mode.name().unwrap_or(UNKNOWN))
}

fn read_codec<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    let name = String::deserialize(from)?;
    Ok(codecs().find(|known| *known == name).unwrap_or(UNKNOWN))
}

fn read_mode<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    let name = Option::<String>::deserialize(from)?;
    let known = modes().find(|known| Some(*known) == name.as_deref());
    Ok(known.unwrap_or(UNKNOWN))
}

fn unknown() -> &'static str {
    UNKNOWN
}

/// The number of a name in a row.
fn number(mut names: impl Iterator<Item = &'static str>, name: &str) -> u8 {
    let place = names.position(|known| known == name);
    place.map_or(u8::MAX, |n| n as u8)
}

/// A field in which two records differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Its name.
    pub field: &'static str,
    /// The manifest's value.
    pub was: String,
    /// The file's value.
    pub is: String,
}

/// A recorder's time as text, with milliseconds only where the recorder has them.
pub fn timestamp_text(seconds: Option<i64>, millis: Option<u16>) -> Option<String> {
    let ns = seconds?.saturating_mul(1_000_000_000);
    let text = Zone::utc(ns.saturating_add(i64::from(millis.unwrap_or(0)) * 1_000_000));
    Some(match millis {
        Some(_) => text,
        None => text.replace(".000Z", "Z"),
    })
}

impl Row {
    /// The row of a frame of a recording.
    pub fn from_frame(frame: &Frame) -> Row {
        let packet = &frame.packet;
        Row {
            n: frame.number,
            offset: frame.offset,
            bytes: u32::try_from(packet.payload.len()).unwrap_or(u32::MAX),
            camera: packet.stream.camera,
            codec: codec_name(packet.stream.codec),
            key: packet.key,
            orphan: frame.orphan,
            seconds: packet.timestamp.map(|timestamp| timestamp.seconds),
            millis: packet.timestamp.and_then(|timestamp| timestamp.millis),
            sequence: packet.sequence,
            mode: packet.mode.name().unwrap_or(UNKNOWN),
            sha256: frame.extra.unwrap_or_default(),
        }
    }

    /// The row of a coded frame of a converted file, which has no record.
    pub fn from_hash(n: u32, codec: Codec, sha256: [u8; 32]) -> Row {
        Row {
            n: u64::from(n),
            offset: 0,
            bytes: 0,
            camera: 0,
            codec: codec_name(codec),
            key: false,
            orphan: false,
            seconds: None,
            millis: None,
            sequence: None,
            mode: UNKNOWN,
            sha256,
        }
    }

    /// A frame of a camera, not audio.
    pub fn is_video(&self) -> bool {
        codecs().take(VIDEO).any(|codec| codec == self.codec)
    }

    /// Its time as text.
    pub fn time(&self) -> Option<String> {
        timestamp_text(self.seconds, self.millis)
    }

    /// Its camera and time, where the record has a time.
    pub fn moment(&self) -> Option<Moment> {
        Some((self.camera, self.seconds?, self.millis))
    }

    /// The part of the hash that frames are matched by: 128 bits, more than anybody can find two frames for.
    pub fn key(&self) -> [u8; 16] {
        self.sha256.first_chunk().copied().unwrap_or_default()
    }

    /// The fields in which another record differs.
    pub fn changes(&self, now: &Row) -> Vec<FieldChange> {
        let record = |row: &Row| (row.moment(), row.sequence, row.mode, row.codec, row.key);
        if (self.camera, record(self)) == (now.camera, record(now)) {
            return Vec::new();
        }
        let none = || "none".to_owned();
        let texts = |row: &Row| {
            [
                ("time", row.time().unwrap_or_else(none)),
                ("camera", row.camera.to_string()),
                ("mode", row.mode.to_owned()),
                (
                    "kind",
                    if row.key { "keyframe" } else { "P frame" }.to_owned(),
                ),
                ("codec", row.codec.to_owned()),
                (SEQUENCE, row.sequence.map_or_else(none, |n| n.to_string())),
            ]
        };
        let pairs = texts(self).into_iter().zip(texts(now));
        pairs
            .filter(|((_, was), (_, is))| was != is)
            .map(|((field, was), (_, is))| FieldChange { field, was, is })
            .collect()
    }

    fn to_bytes(&self) -> Vec<u8> {
        [
            &self.n.to_le_bytes()[..],
            &self.offset.to_le_bytes(),
            &self.bytes.to_le_bytes(),
            &self.sha256,
            &self.seconds.unwrap_or(i64::MIN).to_le_bytes(),
            &self.millis.map_or(u32::MAX, u32::from).to_le_bytes(),
            &self.sequence.map_or(u32::MAX, u32::from).to_le_bytes(),
            &self.camera.to_le_bytes(),
            &[
                number(codecs(), self.codec),
                number(modes(), self.mode),
                u8::from(self.key) | u8::from(self.orphan) << 1,
            ],
        ]
        .concat()
    }

    fn from_bytes(mut bytes: &[u8]) -> Row {
        fn take<const N: usize>(from: &mut &[u8]) -> [u8; N] {
            match from.split_first_chunk::<N>() {
                Some((head, rest)) => {
                    *from = rest;
                    *head
                }
                None => [0; N],
            }
        }
        let from = &mut bytes;
        let (n, offset) = (
            u64::from_le_bytes(take(from)),
            u64::from_le_bytes(take(from)),
        );
        let (bytes, sha256) = (u32::from_le_bytes(take(from)), take(from));
        let seconds = Some(i64::from_le_bytes(take(from)));
        let millis = u16::try_from(u32::from_le_bytes(take(from))).ok();
        let sequence = u16::try_from(u32::from_le_bytes(take(from))).ok();
        let camera = u16::from_le_bytes(take(from));
        let [codec, mode, flags] = take(from);
        Row {
            n,
            offset,
            bytes,
            camera,
            codec: codecs().nth(codec.into()).unwrap_or(UNKNOWN),
            key: flags & 1 != 0,
            orphan: flags & 2 != 0,
            seconds: seconds.filter(|seconds| *seconds != i64::MIN),
            millis,
            sequence,
            mode: modes().nth(mode.into()).unwrap_or(UNKNOWN),
            sha256,
        }
    }
}

/// The failure of a temporary file.
fn temporary_failed(error: std::io::Error) -> Failure {
    let folder = std::env::temp_dir();
    Failure::Output(format!("a temporary file in {}: {error}", folder.display()))
}

/// Writes rows to a temporary file.
pub struct RowWriter {
    out: BufWriter<File>,
    count: u32,
}

impl RowWriter {
    /// No rows yet.
    ///
    /// # Errors
    /// No temporary file can be made.
    pub fn new() -> Result<RowWriter, Failure> {
        let file = tempfile::tempfile().map_err(temporary_failed)?;
        Ok(RowWriter {
            out: BufWriter::with_capacity(1 << 16, file),
            count: 0,
        })
    }

    /// Rows so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Adds a row.
    ///
    /// # Errors
    /// A disk that is full; more than 2³¹ − 1 rows.
    pub fn push(&mut self, row: &Row) -> Result<(), Failure> {
        if self.count >= i32::MAX.unsigned_abs() {
            let text = format!("more than {} frames cannot be compared", i32::MAX);
            return Err(Failure::Input(text));
        }
        self.count += 1;
        self.out
            .write_all(&row.to_bytes())
            .map_err(temporary_failed)
    }

    /// All rows were added.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn finish(self) -> Result<Rows, Failure> {
        let file = self.out.into_inner();
        let file = file.map_err(|error| temporary_failed(error.into_error()))?;
        Ok(Rows {
            file: Arc::new(file),
            first: 0,
            count: self.count,
            block: RefCell::default(),
        })
    }
}

/// Rows in a temporary file, or some of them.
#[derive(Clone, Debug)]
pub struct Rows {
    file: Arc<File>,
    first: u32,
    count: u32,
    /// Number and bytes of the block that was read last.
    block: RefCell<(Option<u32>, Vec<u8>)>,
}

impl Rows {
    /// Rows.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// `count` of them, from `first` on.
    pub fn part(&self, first: u32, count: u32) -> Rows {
        Rows {
            file: self.file.clone(),
            first: self.first + first,
            count,
            block: RefCell::default(),
        }
    }

    /// A row. Its neighbours are read with it.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn get(&self, n: u32) -> Result<Row, Failure> {
        let (number, place) = (n / BLOCK, (n % BLOCK) as usize);
        let (held, bytes) = &mut *self.block.borrow_mut();
        if *held != Some(number) {
            let count = self.count.saturating_sub(number * BLOCK).min(BLOCK);
            let from = u64::from(self.first + number * BLOCK) * ROW as u64;
            *held = None;
            bytes.resize(count as usize * ROW, 0);
            let read = self.file.read_exact_at(bytes, from);
            read.map_err(temporary_failed)?;
            *held = Some(number);
        }
        let row = bytes.get(place * ROW..(place + 1) * ROW);
        Ok(Row::from_bytes(row.unwrap_or_default()))
    }

    /// All rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = Result<Row, Failure>> {
        (0..self.count).map(|n| self.get(n))
    }

    /// Those that are wanted.
    ///
    /// # Errors
    /// A disk that fails or is full.
    pub fn filter(&self, wanted: impl Fn(&Row) -> bool) -> Result<Rows, Failure> {
        let mut rows = RowWriter::new()?;
        for row in self.iter() {
            let row = row?;
            if wanted(&row) {
                rows.push(&row)?;
            }
        }
        rows.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let mut rows = RowWriter::new().unwrap();
        let row = |n: u32| Row {
            offset: u64::from(n) * 1000,
            bytes: n * 7,
            camera: 7,
            key: n.is_multiple_of(7),
            orphan: n.is_multiple_of(4),
            seconds: (!n.is_multiple_of(3)).then_some(-5),
            millis: (!n.is_multiple_of(2)).then_some(999),
            sequence: (!n.is_multiple_of(5)).then_some(65535),
            mode: modes().nth(n as usize % MODES.len()).unwrap(),
            ..Row::from_hash(n, CODECS[n as usize % CODECS.len()], [n as u8; 32])
        };
        for n in 0..1300 {
            rows.push(&row(n)).unwrap();
        }
        let rows = rows.finish().unwrap();
        for n in (0..1300).rev().chain(0..1300) {
            assert_eq!(rows.get(n).unwrap(), row(n));
            let json = serde_json::to_string(&row(n)).unwrap();
            assert_eq!(serde_json::from_str::<Row>(&json).unwrap(), row(n));
        }
        let part = rows.part(700, 600);
        assert_eq!(part.get(599).unwrap(), row(1299));
        let keys = part.filter(|row| row.key).unwrap();
        assert_eq!((keys.len(), keys.get(1).unwrap()), (86, row(707)));
        assert_eq!(keys.filter(Row::is_video).unwrap().len(), 23);
    }
}
