// SPDX-License-Identifier: MPL-2.0
//! Records of unknown kinds, which hand nothing out and are skipped by their size: header and index may count them all the same.

use crate::common::{Failure, Input};
use crate::recording::Frame;
use formats::{
    exp::{
        layout::Layout,
        record::{self, Kind, Parsed, Record},
    },
    reader::Timestamp,
};
use std::{fs::File, os::unix::fs::FileExt};

/// Bytes that are looked at to tell a record, beyond its header.
const LOOK: usize = 256;

/// A record, as far as an index tells it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Offset in the file.
    pub offset: u64,
    /// Its time.
    pub timestamp: Option<Timestamp>,
    /// Its camera.
    pub camera: u16,
    /// A picture.
    pub video: bool,
    /// A keyframe.
    pub key: bool,
    /// Of an unknown kind.
    pub other: bool,
}

impl Seen {
    /// A record that output a frame.
    pub fn of(frame: &Frame) -> Seen {
        Seen {
            offset: frame.offset,
            timestamp: frame.packet.timestamp,
            camera: frame.packet.stream.camera,
            video: frame.is_video(),
            key: frame.packet.key,
            other: false,
        }
    }
}

/// Reads single records by the file's layout.
pub struct Records {
    file: File,
    layout: Layout,
    size: u64,
}

impl Records {
    /// Of a file whose records stand behind each other; `None` of others.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn open(input: &Input, family: &str) -> Result<Option<Records>, Failure> {
        let Some(layout) = input.layout().filter(|_| !family.starts_with("plv1")) else {
            return Ok(None);
        };
        let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", input.name));
        Ok(Some(Records {
            file: File::open(&input.path).map_err(fail)?,
            layout,
            size: input.size,
        }))
    }

    fn parse(&self, offset: u64) -> Option<Parsed> {
        let most = self.layout.record.header.saturating_add(LOOK) as u64;
        let here = self.size.saturating_sub(offset).min(most);
        let mut bytes = vec![0; usize::try_from(here).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, offset).ok()?;
        Some(record::parse(&self.layout, &bytes, None))
    }

    /// The record of an unknown kind that stands here and ends before `to`.
    fn other(&self, offset: u64, to: u64) -> Option<Record> {
        match self.parse(offset) {
            Some(Parsed::Record(record)) if record.kind == Kind::Other && record.size > 0 => {
                let end = offset.checked_add(record.size as u64)?;
                (end <= to).then_some(record)
            }
            _ => None,
        }
    }

    /// What stands here, in words.
    pub fn what_begins(&self, offset: u64) -> &'static str {
        match self.parse(offset) {
            Some(Parsed::Record(_)) => "where another record begins",
            Some(Parsed::NoPicture { .. }) => "where a damaged record begins",
            _ => "where no record begins",
        }
    }
}

/// Goes along with the frames, and tells of the records between them.
pub struct Others {
    records: Option<Records>,
    /// Where the record before ends.
    at: u64,
}

impl Others {
    /// From the first record on.
    pub fn new(records: Option<Records>, data_start: u64) -> Others {
        Others {
            records,
            at: data_start,
        }
    }

    /// The next record before `to`, if it is of an unknown kind.
    pub fn next(&mut self, to: u64) -> Option<Seen> {
        if self.at >= to {
            return None;
        }
        let record = self.records.as_ref()?.other(self.at, to)?;
        let offset = self.at;
        self.at = offset.saturating_add(record.size as u64);
        Some(Seen {
            offset,
            timestamp: record.timestamp,
            camera: record.camera,
            video: false,
            key: false,
            other: true,
        })
    }

    /// A frame's record stands here.
    pub fn pass(&mut self, frame: &Frame) {
        self.at = frame.offset.saturating_add(frame.packet.size as u64);
    }

    /// Bytes of the file.
    pub fn end(&self) -> u64 {
        self.records.as_ref().map_or(0, |records| records.size)
    }
}
