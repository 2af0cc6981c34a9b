// SPDX-License-Identifier: MPL-2.0
//! The index compared with the records, entry by entry. It is a hint: nothing that is wrong with it is more than told.

use super::{
    header::Header,
    others::{Records, Seen},
};
use crate::common::{Failure, Input};
use formats::{
    cursor,
    exp::index::{Head, MAGIC},
    fields::Header as _,
    reader::{IndexEntry, IndexPlace, Reader},
};
use serde::Serialize;
use std::{
    collections::VecDeque,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
};

/// Things that are told one by one.
const MOST_LISTED: usize = 100;

/// How the index compares with the records.
#[derive(Debug, Default, Serialize)]
pub struct IndexCheck {
    /// Entries that it has.
    pub entries: u64,
    /// Entries that agree with their record.
    pub agree: u64,
    /// Entries that do not.
    pub wrong: u64,
    /// Records without an entry; those of unknown kinds may have none.
    pub without_entry: u64,
    /// No index stands where the header names one, or not all of it.
    pub misplaced: bool,
    /// The first hundred of what is wrong.
    pub listed: Vec<String>,
}

/// Reads the index beside the records.
pub struct IndexWalk {
    file: BufReader<File>,
    reader: Box<dyn Reader>,
    records: Option<Records>,
    place: IndexPlace,
    next: u64,
    /// Entries that were looked at before their turn, each with its number.
    peeked: VecDeque<(u64, IndexEntry)>,
    /// Offset of the last record that agreed with an entry.
    last: Option<u64>,
    check: IndexCheck,
}

impl IndexWalk {
    /// The index of `input`, where its header names one.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(
        input: &Input,
        header: Option<&Header>,
        records: Option<Records>,
    ) -> Result<Option<IndexWalk>, Failure> {
        let mut scanner = input.scanner()?;
        // the header is the first step
        let _ = scanner.scan()?;
        let Some(place) = scanner.info().index else {
            return Ok(None);
        };
        let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", input.name));
        let file = File::open(&input.path).map_err(fail)?;
        let mut index = IndexWalk {
            file: BufReader::with_capacity(1 << 16, file),
            reader: scanner.reader().fork(),
            records,
            place: IndexPlace { count: 0, ..place },
            next: 0,
            peeked: VecDeque::new(),
            last: None,
            check: IndexCheck::default(),
        };
        let at = header.map_or(place.offset, |header| header.index_at);
        index.begin(at, input.size).map_err(fail)?;
        Ok(Some(index))
    }

    /// Looks at the index's own head.
    fn begin(&mut self, at: u64, size: u64) -> std::io::Result<()> {
        let head_end = at.checked_add(Head::SIZE as u64).filter(|end| *end <= size);
        let mut head = [0; Head::SIZE];
        if head_end.is_some() {
            self.file.seek(SeekFrom::Start(at))?;
            self.file.read_exact(&mut head)?;
        }
        let Some(begin) = head_end.filter(|_| head.starts_with(MAGIC)) else {
            self.check.misplaced = true;
            self.tell(match head_end {
                Some(_) => format!(
                    "the header names an index at offset {at}, where none begins: expected DXIX"
                ),
                None => {
                    format!("the header names an index at offset {at}, but the file ends at {size}")
                }
            });
            return Ok(());
        };
        let told = u64::from(cursor::u32_le(&head, 4).unwrap_or(0));
        let room = size.saturating_sub(begin) / self.place.entry_size.max(1) as u64;
        if room < told {
            self.check.misplaced = true;
            self.tell(format!(
                "the index at offset {at} counts {told} entries; the file has room for {room}"
            ));
        }
        self.place.count = told.min(room);
        self.check.entries = self.place.count;
        Ok(())
    }

    /// The entry that comes `ahead` entries after the next.
    fn peek(&mut self, ahead: usize) -> Option<(u64, IndexEntry)> {
        while self.peeked.len() <= ahead && self.next < self.place.count {
            let mut bytes = vec![0; self.place.entry_size];
            let number = self.next;
            self.next += 1;
            if self.file.read_exact(&mut bytes).is_err() {
                self.next = self.place.count;
                break;
            }
            if let Some(entry) = self.reader.index_entry(&self.place, number, &bytes) {
                self.peeked.push_back((number, entry));
            }
        }
        self.peeked.get(ahead).copied()
    }

    /// Holds a record against the index. Records come in the order of the file.
    pub fn record(&mut self, record: &Seen) {
        if self.check.misplaced && self.check.entries == 0 {
            return;
        }
        while let Some((number, entry)) = self.peek(0) {
            if entry.offset == record.offset {
                self.peeked.pop_front();
                self.agree(number, &entry, record);
                return;
            }
            let after = self.peek(1).map(|(_, entry)| entry.offset);
            // an entry that points ahead is of a later record, unless those behind it go on with this one
            let ahead =
                entry.offset > record.offset && after.is_none_or(|after| after > entry.offset);
            if ahead {
                break;
            }
            self.peeked.pop_front();
            self.astray(number, entry.offset);
        }
        if !record.other {
            self.check.without_entry += 1;
            self.tell(format!(
                "the record at offset {} has no entry",
                record.offset
            ));
        }
    }

    fn agree(&mut self, number: u64, entry: &IndexEntry, record: &Seen) {
        self.last = Some(record.offset);
        let same_time = record
            .timestamp
            .is_none_or(|timestamp| entry.timestamp.is_none_or(|listed| listed == timestamp));
        let agrees = same_time
            && entry.camera == record.camera
            && entry.video == record.video
            && (entry.key == record.key || !record.video);
        if agrees {
            self.check.agree += 1;
            return;
        }
        self.check.wrong += 1;
        self.tell(format!(
            "entry {number} and the record at offset {} disagree in time, camera or kind",
            record.offset
        ));
    }

    /// An entry that no record belongs to.
    fn astray(&mut self, number: u64, offset: u64) {
        self.check.wrong += 1;
        let what = match &self.records {
            _ if self.last == Some(offset) => "as the entry before does",
            Some(records) => records.what_begins(offset),
            None => "where no record begins",
        };
        self.tell(format!("entry {number} points to offset {offset}, {what}"));
    }

    fn tell(&mut self, what: String) {
        if self.check.listed.len() < MOST_LISTED {
            self.check.listed.push(what);
        }
    }

    /// All records were there.
    pub fn finish(mut self) -> IndexCheck {
        while let Some((number, entry)) = self.peek(0) {
            self.peeked.pop_front();
            self.astray(number, entry.offset);
        }
        self.check
    }
}

impl IndexCheck {
    /// Nothing to complain about.
    pub fn good(&self) -> bool {
        self.wrong == 0 && self.without_entry == 0 && !self.misplaced
    }
}
