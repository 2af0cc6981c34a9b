// SPDX-License-Identifier: MPL-2.0
//! The index held against the records, entry by entry.

use crate::common::{Failure, Input, frames::Frame};
use gstexp::container::reader::{IndexEntry, IndexPlace, Reader};
use serde::Serialize;
use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
};

/// Entries that are told one by one.
const MAX_TOLD: usize = 100;

/// How the index compares with the records.
#[derive(Debug, Default, Serialize)]
pub struct IndexCheck {
    /// Entries that it has.
    pub entries: u64,
    /// Entries that agree with their record.
    pub agree: u64,
    /// Entries that do not, and records without an entry.
    pub wrong: u64,
    /// The first hundred of these.
    pub told: Vec<String>,
}

/// Reads the index beside the records.
pub struct IndexWalk {
    file: BufReader<File>,
    reader: Box<dyn Reader>,
    place: IndexPlace,
    next: u64,
    peeked: Option<IndexEntry>,
    check: IndexCheck,
}

impl IndexWalk {
    /// The index of `input`, where its header names one.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(input: &Input) -> Result<Option<IndexWalk>, Failure> {
        let mut walk = input.walk()?;
        // the header is the first step
        let _ = walk.next()?;
        let Some(place) = walk.info().index else {
            return Ok(None);
        };
        let room = input.size.saturating_sub(place.offset) / place.entry_size.max(1) as u64;
        let mut check = IndexCheck {
            entries: place.count.min(room),
            ..IndexCheck::default()
        };
        if room < place.count {
            check.wrong = 1;
            check.told.push(format!(
                "the header names {} entries from offset {} on; the file has room for {room}",
                place.count, place.offset
            ));
        }
        let place = IndexPlace {
            count: check.entries,
            ..place
        };
        let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", input.name));
        let mut file = File::open(&input.path).map_err(fail)?;
        file.seek(SeekFrom::Start(place.offset)).map_err(fail)?;
        Ok(Some(IndexWalk {
            file: BufReader::with_capacity(1 << 16, file),
            reader: walk.fork(),
            place,
            next: 0,
            peeked: None,
            check,
        }))
    }

    fn peek(&mut self) -> Option<IndexEntry> {
        if self.peeked.is_none() && self.next < self.place.count {
            let mut bytes = vec![0; self.place.entry_size];
            self.next += 1;
            if self.file.read_exact(&mut bytes).is_err() {
                self.next = self.place.count;
                return None;
            }
            self.peeked = self.reader.index_entry(&bytes);
        }
        self.peeked
    }

    /// Holds a record against the index. Records come in the order of the file.
    pub fn record(&mut self, frame: &Frame) {
        if self.place.count == 0 {
            return;
        }
        while let Some(entry) = self.peek() {
            if entry.offset > frame.offset {
                break;
            }
            self.peeked = None;
            if entry.offset < frame.offset {
                self.wrong(format!(
                    "entry {} points to offset {}, where no record begins",
                    self.next - 1,
                    entry.offset
                ));
                continue;
            }
            let agrees = frame.stamp.is_none_or(|stamp| {
                stamp.seconds == entry.stamp.seconds && stamp.millis == entry.stamp.millis
            }) && entry.camera == frame.stream.camera
                && entry.video == frame.is_video()
                && (entry.key == frame.key || !frame.is_video());
            if agrees {
                self.check.agree += 1;
            } else {
                self.wrong(format!(
                    "entry {} and the record at offset {} disagree in time, camera or kind",
                    self.next - 1,
                    frame.offset
                ));
            }
            return;
        }
        self.wrong(format!(
            "the record at offset {} has no entry",
            frame.offset
        ));
    }

    fn wrong(&mut self, what: String) {
        self.check.wrong += 1;
        if self.check.told.len() < MAX_TOLD {
            self.check.told.push(what);
        }
    }

    /// All records were there.
    pub fn finish(mut self) -> IndexCheck {
        while let Some(entry) = self.peek() {
            self.peeked = None;
            self.wrong(format!(
                "entry {} points to offset {}, where no record begins",
                self.next - 1,
                entry.offset
            ));
        }
        self.check
    }
}
