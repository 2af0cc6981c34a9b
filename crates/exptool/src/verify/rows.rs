// SPDX-License-Identifier: MPL-2.0
//! Frames as rows of one size in a temporary file: a comparison looks at them more than once, and there may be millions.

use crate::common::{Failure, clock::Zone, coded::codec_name};
use crate::recording::Frame;
use formats::{exp::record::MODES, reader::Codec};
use serde::Serialize;
use std::{
    cell::RefCell,
    fs::File,
    io::{BufWriter, Write},
    os::unix::fs::FileExt,
    sync::Arc,
};

/// Bytes of a row.
const ROW: usize = 69;
/// Rows that are read at a time.
const BLOCK: u32 = 512;
/// Name of the field of sequence numbers.
pub const SEQUENCE: &str = "sequence number";

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

/// What a record claims of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Recorder's clock: seconds since 1970.
    pub seconds: Option<i64>,
    /// Its milliseconds.
    pub millis: Option<u16>,
    /// Sequence number.
    pub sequence: Option<u16>,
    /// Camera, or audio channel.
    pub camera: u16,
    /// Index into [`MODES`], 255 = unknown.
    pub mode: u8,
    /// Index into [`CODECS`], 255 = unknown.
    pub codec: u8,
    /// A keyframe.
    pub key: bool,
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

/// Camera, seconds and milliseconds: what tells frames with equal bytes apart.
pub type Moment = (u16, i64, Option<u16>);

/// A frame of either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number in its file or stream, from 0.
    pub n: u64,
    /// Offset of its record in the file, bytes; 0 in a converted file.
    pub offset: u64,
    /// SHA-256 of the coded frame.
    pub sha256: [u8; 32],
    /// What its record claims; nothing in a converted file.
    pub fields: Fields,
    /// Video, not audio.
    pub video: bool,
    /// Cannot be decoded: its reference is missing.
    pub orphan: bool,
}

/// The number of a codec's name in a row.
pub fn codec_number(name: &str) -> u8 {
    let place = CODECS.iter().position(|codec| codec_name(*codec) == name);
    place.and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX)
}

/// The number of a mode's name in a row.
pub fn mode_number(name: Option<&str>) -> u8 {
    let place = MODES.iter().position(|mode| mode.name() == name);
    place.and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX)
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

impl Fields {
    /// Name of the codec.
    pub fn codec_name(&self) -> &'static str {
        let codec = CODECS.get(usize::from(self.codec));
        codec.map_or("unknown", |codec| codec_name(*codec))
    }

    /// Each field as text, in one order.
    fn texts(&self) -> [(&'static str, String); 6] {
        let mode = MODES.get(usize::from(self.mode)).copied();
        let time = timestamp_text(self.seconds, self.millis);
        let none = || "none".to_owned();
        [
            ("time", time.unwrap_or_else(none)),
            ("camera", self.camera.to_string()),
            (
                "mode",
                mode.and_then(|mode| mode.name())
                    .unwrap_or("unknown")
                    .to_owned(),
            ),
            (
                "kind",
                if self.key { "keyframe" } else { "P frame" }.to_owned(),
            ),
            ("codec", self.codec_name().to_owned()),
            (
                SEQUENCE,
                self.sequence.map_or_else(none, |number| number.to_string()),
            ),
        ]
    }

    /// The fields in which another record differs.
    pub fn changes(&self, now: &Fields) -> Vec<FieldChange> {
        if self == now {
            return Vec::new();
        }
        let pairs = self.texts().into_iter().zip(now.texts());
        pairs
            .filter(|((_, was), (_, is))| was != is)
            .map(|((field, was), (_, is))| FieldChange { field, was, is })
            .collect()
    }
}

impl Row {
    /// The row of a frame.
    pub fn from_frame(frame: &Frame) -> Row {
        let packet = &frame.packet;
        Row {
            n: frame.number,
            offset: frame.offset,
            sha256: frame.extra.unwrap_or_default(),
            fields: Fields {
                seconds: packet.timestamp.map(|timestamp| timestamp.seconds),
                millis: packet.timestamp.and_then(|timestamp| timestamp.millis),
                sequence: packet.sequence,
                camera: packet.stream.camera,
                mode: mode_number(packet.mode.name()),
                codec: codec_number(codec_name(packet.stream.codec)),
                key: packet.key,
            },
            video: frame.is_video(),
            orphan: frame.orphan,
        }
    }

    /// The row of a coded frame of a converted file, which has no record.
    pub fn from_hash(n: u64, sha256: [u8; 32]) -> Row {
        Row {
            n,
            offset: 0,
            sha256,
            fields: Fields {
                seconds: None,
                millis: None,
                sequence: None,
                camera: 0,
                mode: u8::MAX,
                codec: u8::MAX,
                key: false,
            },
            video: true,
            orphan: false,
        }
    }

    /// Its time as text.
    pub fn time(&self) -> Option<String> {
        timestamp_text(self.fields.seconds, self.fields.millis)
    }

    /// Its camera and time, where the record has a time.
    pub fn moment(&self) -> Option<Moment> {
        let fields = &self.fields;
        Some((fields.camera, fields.seconds?, fields.millis))
    }

    /// The part of the hash that frames are matched by: 128 bits, more than anybody can find two frames for.
    pub fn key(&self) -> [u8; 16] {
        self.sha256.first_chunk().copied().unwrap_or_default()
    }

    fn to_bytes(self) -> Vec<u8> {
        let fields = &self.fields;
        let flags = u8::from(fields.key) | u8::from(self.video) << 1 | u8::from(self.orphan) << 2;
        [
            &self.n.to_le_bytes()[..],
            &self.offset.to_le_bytes(),
            &self.sha256,
            &fields.seconds.unwrap_or(i64::MIN).to_le_bytes(),
            &fields.millis.map_or(u32::MAX, u32::from).to_le_bytes(),
            &fields.sequence.map_or(u32::MAX, u32::from).to_le_bytes(),
            &fields.camera.to_le_bytes(),
            &[fields.mode, fields.codec, flags],
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
        let sha256 = take(from);
        let seconds = Some(i64::from_le_bytes(take(from))).filter(|seconds| *seconds != i64::MIN);
        let millis = u16::try_from(u32::from_le_bytes(take(from))).ok();
        let sequence = u16::try_from(u32::from_le_bytes(take(from))).ok();
        let camera = u16::from_le_bytes(take(from));
        let [mode, codec, flags] = take(from);
        Row {
            n,
            offset,
            sha256,
            fields: Fields {
                seconds,
                millis,
                sequence,
                camera,
                mode,
                codec,
                key: flags & 1 != 0,
            },
            video: flags & 2 != 0,
            orphan: flags & 4 != 0,
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
            let most = i32::MAX;
            return Err(Failure::Input(format!(
                "more than {most} frames cannot be compared"
            )));
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
#[derive(Debug)]
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
            self.file
                .read_exact_at(bytes, from)
                .map_err(temporary_failed)?;
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
        let row = |n: u64| Row {
            n,
            offset: n * 1000,
            fields: Fields {
                seconds: (!n.is_multiple_of(3)).then_some(-5),
                millis: (!n.is_multiple_of(2)).then_some(999),
                sequence: (!n.is_multiple_of(5)).then_some(65535),
                camera: 7,
                mode: 2,
                codec: 1,
                key: n.is_multiple_of(7),
            },
            video: n.is_multiple_of(2),
            orphan: n.is_multiple_of(4),
            ..Row::from_hash(n, [n as u8; 32])
        };
        for n in 0..1300 {
            rows.push(&row(n)).unwrap();
        }
        let rows = rows.finish().unwrap();
        for n in (0..1300).rev().chain(0..1300) {
            assert_eq!(rows.get(n).unwrap(), row(u64::from(n)));
        }
        let part = rows.part(700, 600);
        assert_eq!(part.get(599).unwrap(), row(1299));
        let even = part.filter(|row| row.video).unwrap();
        assert_eq!((even.len(), even.get(1).unwrap()), (300, row(702)));
    }
}
