// SPDX-License-Identifier: MPL-2.0
//! Frames of either side as rows of one size in a temporary file: a comparison looks at them more than once, and they may be many.

use super::manifest::Entry;
use crate::common::{
    Failure,
    clock::Zone,
    frames::{Frame, codec_name},
};
use formats::{exp::record::MODES, reader::Codec};
use serde::Serialize;
use std::{cell::RefCell, fs::File, io::Write, os::unix::fs::FileExt};

/// Bytes of a row.
const ROW: usize = 75;
/// Rows that are read and written at a time.
const BLOCK: usize = 512;
/// Name of the field of sequence numbers.
pub const SEQUENCE: &str = "sequence number";
/// Stands for what is not told.
const NONE: i64 = i64::MIN;

/// Codecs by the number they have in a row.
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

/// What a record says of its frame, as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says {
    /// Seconds since 1970 on the recorder's clock.
    pub seconds: Option<i64>,
    /// Milliseconds.
    pub millis: Option<u16>,
    /// Sequence number.
    pub sequence: Option<u16>,
    /// Camera or channel.
    pub camera: u16,
    /// Place in the list of modes.
    pub mode: u8,
    /// Place in the list of codecs.
    pub codec: u8,
    /// A keyframe.
    pub key: bool,
}

/// A field in which two records differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub field: &'static str,
    /// What the manifest has.
    pub was: String,
    /// What the file has.
    pub is: String,
}

/// A frame of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number in its file or stream, from 0.
    pub n: u64,
    /// Offset of its record, 0 in a converted file.
    pub offset: u64,
    /// SHA-256 of the coded picture.
    pub sha256: [u8; 32],
    /// What its record says; nothing in a converted file.
    pub says: Says,
    /// A picture.
    pub video: bool,
    /// A picture without its reference.
    pub orphan: bool,
}

fn code(name: &str) -> u8 {
    let place = CODECS.iter().position(|codec| codec_name(*codec) == name);
    place.and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX)
}

fn mode_code(name: Option<&str>) -> u8 {
    let place = MODES.iter().position(|mode| mode.name() == name);
    place.and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX)
}

/// A recorder's time in words.
pub fn timestamp_text(seconds: Option<i64>, millis: Option<u16>) -> Option<String> {
    let ns = seconds?.saturating_mul(1_000_000_000);
    let text = Zone::utc(ns.saturating_add(i64::from(millis.unwrap_or(0)) * 1_000_000));
    Some(match millis {
        Some(_) => text,
        None => text.replace(".000Z", "Z"),
    })
}

impl Says {
    /// Nothing, of a camera.
    pub fn nothing(camera: u16) -> Says {
        Says {
            seconds: None,
            millis: None,
            sequence: None,
            camera,
            mode: 0,
            codec: u8::MAX,
            key: false,
        }
    }

    /// Where another record says something else. `all`: also time, sequence number and mode, which old manifests do not hold.
    pub fn differences(&self, is: &Says, all: bool) -> Vec<Field> {
        let none = || "none".to_owned();
        let time = |says: &Says| timestamp_text(says.seconds, says.millis).unwrap_or_else(none);
        let number = |says: &Says| says.sequence.map_or_else(none, |number| number.to_string());
        let mode = |says: &Says| {
            let mode = MODES.get(usize::from(says.mode)).copied();
            mode.and_then(|mode| mode.name())
                .unwrap_or("unknown")
                .to_owned()
        };
        let codec = |says: &Says| {
            let codec = CODECS.get(usize::from(says.codec));
            codec
                .map_or("unknown", |codec| codec_name(*codec))
                .to_owned()
        };
        let kind = |says: &Says| if says.key { "key" } else { "P" }.to_owned();
        let mut fields = Vec::new();
        let mut add = |differs: bool, field, text: &dyn Fn(&Says) -> String| {
            if differs {
                let (was, is) = (text(self), text(is));
                fields.push(Field { field, was, is });
            }
        };
        let same_time = (self.seconds, self.millis) == (is.seconds, is.millis);
        add(all && !same_time, "time", &time);
        add(self.camera != is.camera, "camera", &|says| {
            says.camera.to_string()
        });
        add(all && self.mode != is.mode, "mode", &mode);
        add(self.key != is.key, "kind", &kind);
        add(self.codec != is.codec, "codec", &codec);
        add(all && self.sequence != is.sequence, SEQUENCE, &number);
        fields
    }
}

impl Row {
    /// Of a frame of a recording.
    pub fn of_frame(frame: &Frame) -> Row {
        Row {
            n: frame.number,
            offset: frame.offset,
            sha256: frame.sha256.unwrap_or_default(),
            says: Says {
                seconds: frame.timestamp.map(|timestamp| timestamp.seconds),
                millis: frame.timestamp.and_then(|timestamp| timestamp.millis),
                sequence: frame.sequence,
                camera: frame.stream.camera,
                mode: mode_code(frame.mode.name()),
                codec: code(codec_name(frame.stream.codec)),
                key: frame.key,
            },
            video: frame.is_video(),
            orphan: frame.orphan,
        }
    }

    /// Of a manifest's line.
    ///
    /// `records`: it holds what the record says. Old manifests have the time in words alone: good enough to tell people which
    /// frame is meant.
    pub fn of_entry(entry: &Entry, sha256: [u8; 32], records: bool) -> Row {
        let words = entry.time.as_deref().filter(|_| !records);
        let time = words.and_then(|words| words.parse::<jiff::Timestamp>().ok());
        let seconds = time.map(|time| time.as_second());
        let millis = time.and_then(|time| u16::try_from(time.subsec_millisecond()).ok());
        Row {
            n: entry.n,
            offset: entry.offset,
            sha256,
            says: Says {
                seconds: entry.seconds.or(seconds),
                millis: entry.millis.or(millis),
                sequence: entry.sequence,
                camera: entry.camera,
                mode: mode_code(entry.mode.as_deref()),
                codec: code(&entry.codec),
                key: entry.key,
            },
            video: entry.video,
            orphan: entry.orphan,
        }
    }

    /// Its time in words.
    pub fn time(&self) -> Option<String> {
        timestamp_text(self.says.seconds, self.says.millis)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let says = &self.says;
        out.extend_from_slice(&self.n.to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.sha256);
        out.extend_from_slice(&says.seconds.unwrap_or(NONE).to_le_bytes());
        out.extend_from_slice(&says.sequence.map_or(NONE, i64::from).to_le_bytes());
        out.extend_from_slice(&says.millis.map_or(-1, i32::from).to_le_bytes());
        out.extend_from_slice(&says.camera.to_le_bytes());
        out.extend_from_slice(&[
            says.mode,
            says.codec,
            flag(says.key, 1),
            flag(self.video, 1),
            flag(self.orphan, 1),
        ]);
    }

    fn read(mut bytes: &[u8]) -> Row {
        let from = &mut bytes;
        Row {
            n: u64::from_le_bytes(take(from)),
            offset: u64::from_le_bytes(take(from)),
            sha256: take(from),
            says: Says {
                seconds: Some(i64::from_le_bytes(take(from))).filter(|told| *told != NONE),
                sequence: u16::try_from(i64::from_le_bytes(take(from))).ok(),
                millis: u16::try_from(i32::from_le_bytes(take(from))).ok(),
                camera: u16::from_le_bytes(take(from)),
                mode: u8::from_le_bytes(take(from)),
                codec: u8::from_le_bytes(take(from)),
                key: take(from) == [1],
            },
            video: take(from) == [1],
            orphan: take(from) == [1],
        }
    }
}

fn take<const N: usize>(from: &mut &[u8]) -> [u8; N] {
    match from.split_first_chunk::<N>() {
        Some((head, rest)) => {
            *from = rest;
            *head
        }
        None => [0; N],
    }
}

/// A failure of the disk that holds what does not fit into memory.
pub fn no_room(error: std::io::Error) -> Failure {
    Failure::Output(format!(
        "a temporary file in {}: {error}",
        std::env::temp_dir().display()
    ))
}

/// Rows in a temporary file.
pub struct Table {
    file: File,
    count: u32,
    unwritten: Vec<u8>,
    /// The block that was read last, and its number.
    block: RefCell<(Option<u64>, Vec<u8>)>,
}

impl Table {
    /// No rows yet.
    ///
    /// # Errors
    /// No temporary file can be made.
    pub fn new() -> Result<Table, Failure> {
        Ok(Table {
            file: tempfile::tempfile().map_err(no_room)?,
            count: 0,
            unwritten: Vec::new(),
            block: RefCell::new((None, Vec::new())),
        })
    }

    /// Rows.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Adds a row.
    ///
    /// # Errors
    /// A disk that is full; more rows than can be numbered.
    pub fn push(&mut self, row: &Row) -> Result<(), Failure> {
        self.count = self.count.checked_add(1).ok_or_else(|| {
            Failure::Input(format!("more than {} frames cannot be compared", u32::MAX))
        })?;
        row.write(&mut self.unwritten);
        if self.unwritten.len() >= ROW * BLOCK {
            self.flush()?;
        }
        Ok(())
    }

    /// All rows were added.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.file.write_all(&self.unwritten).map_err(no_room)?;
        self.unwritten.clear();
        Ok(())
    }

    /// A row. Neighbours are read with it.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn get(&self, n: u32) -> Result<Row, Failure> {
        let (number, place) = (u64::from(n) / BLOCK as u64, n as usize % BLOCK);
        let (shown, bytes) = &mut *self.block.borrow_mut();
        if *shown != Some(number) {
            *shown = None;
            let first = number * BLOCK as u64;
            let rows = u64::from(self.count)
                .saturating_sub(first)
                .min(BLOCK as u64);
            bytes.resize(rows as usize * ROW, 0);
            self.file
                .read_exact_at(bytes, first * ROW as u64)
                .map_err(no_room)?;
            *shown = Some(number);
        }
        let row = bytes.get(place * ROW..(place + 1) * ROW);
        Ok(Row::read(row.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        let mut table = Table::new().unwrap();
        let row = |n: u64| Row {
            n,
            offset: n * 1000,
            sha256: [n as u8; 32],
            says: Says {
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
        };
        for n in 0..1300 {
            table.push(&row(n)).unwrap();
        }
        table.flush().unwrap();
        for n in (0..1300).rev().chain(0..1300) {
            assert_eq!(table.get(n).unwrap(), row(u64::from(n)));
        }
    }
}
