// SPDX-License-Identifier: MPL-2.0
//! The index compared with the records, entry by entry.

use super::structure::Records;
use crate::common::{Failure, Input};
use formats::{
    exp::index::{Head, MAGIC, place},
    fields::Header,
    reader::{IndexEntry, IndexPlace, Reader},
};
use serde::Serialize;
use std::{fs::File, io, os::unix::fs::FileExt};

/// Disagreements that are listed one by one.
const MOST_LISTED: usize = 100;
/// Entries that are read at a time.
const BLOCK: u64 = 4096;

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
    /// The header names an index where none is, or not all of one.
    pub misplaced: bool,
    /// The first hundred disagreements.
    pub listed: Vec<String>,
}

/// The index of a file. Memory: 17 bytes for each entry.
pub struct Index {
    file: File,
    reader: Box<dyn Reader>,
    place: IndexPlace,
    /// Offsets that entries name, and the numbers of the entries, in this order.
    entries: Vec<(u64, u32)>,
    /// Entries whose record was met, in the same order.
    met: Vec<bool>,
    check: IndexCheck,
}

impl Index {
    /// The index whose magic the header has at `offset`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(input: &Input, reader: Box<dyn Reader>, offset: u64) -> Result<Index, Failure> {
        let fail = |error: io::Error| Failure::Input(format!("{}: {error}", input.name));
        let mut index = Index {
            file: File::open(&input.path).map_err(fail)?,
            reader,
            place: place(offset, 0),
            entries: Vec::new(),
            met: Vec::new(),
            check: IndexCheck::default(),
        };
        index.find(offset, input.size).map_err(fail)?;
        index.read_offsets().map_err(fail)?;
        Ok(index)
    }

    /// Reads the head of the index.
    fn find(&mut self, offset: u64, size: u64) -> io::Result<()> {
        let mut head = [0; Head::SIZE];
        let inside = offset
            .checked_add(Head::SIZE as u64)
            .is_some_and(|end| end <= size);
        if inside {
            self.file.read_exact_at(&mut head, offset)?;
        }
        let found = Head::parse(&head).ok().filter(|_| head.starts_with(MAGIC));
        let Some(head) = found else {
            self.check.misplaced = true;
            let what = match inside {
                true => "where there is none: expected DXIX".to_owned(),
                false => format!("but the file ends at {size}"),
            };
            self.check.list(format!(
                "the header names an index at offset {offset}, {what}"
            ));
            return Ok(());
        };
        let count = u64::from(head.count);
        let room = size.saturating_sub(self.place.offset) / self.place.entry_size as u64;
        if room < count {
            self.check.misplaced = true;
            self.check.list(format!(
                "the index at offset {offset} counts {count} entries, but the file has room for {room}"
            ));
        }
        self.place.count = count.min(room);
        self.check.entries = self.place.count;
        Ok(())
    }

    fn read_offsets(&mut self) -> io::Result<()> {
        self.entries.reserve_exact(self.place.count as usize);
        for first in (0..self.place.count).step_by(BLOCK as usize) {
            let count = (self.place.count - first).min(BLOCK) as usize;
            let mut bytes = vec![0; count * self.place.entry_size];
            self.file.read_exact_at(&mut bytes, self.offset_of(first))?;
            for (n, entry) in bytes.chunks_exact(self.place.entry_size).enumerate() {
                let number = first + n as u64;
                let entry = self.reader.index_entry(&self.place, number, entry);
                let offset = entry.map_or(u64::MAX, |entry| entry.offset);
                self.entries.push((offset, number as u32));
            }
        }
        self.entries.sort_unstable();
        self.met = vec![false; self.entries.len()];
        Ok(())
    }

    fn offset_of(&self, number: u64) -> u64 {
        self.place.offset + number * self.place.entry_size as u64
    }

    fn entry(&self, number: u32) -> Option<IndexEntry> {
        let mut bytes = vec![0; self.place.entry_size];
        let number = u64::from(number);
        let offset = self.offset_of(number);
        self.file.read_exact_at(&mut bytes, offset).ok()?;
        self.reader.index_entry(&self.place, number, &bytes)
    }

    /// Compares a record with its entry. `other`: it is of an unknown kind.
    pub fn compare(&mut self, record: &IndexEntry, other: bool) {
        let place = self
            .entries
            .partition_point(|entry| entry.0 < record.offset);
        let found = self.entries.get(place);
        let Some(&(_, number)) = found.filter(|entry| entry.0 == record.offset) else {
            if !other && self.check.entries > 0 {
                self.check.without_entry += 1;
                self.check.list(format!(
                    "the record at offset {} has no entry",
                    record.offset
                ));
            }
            return;
        };
        self.met[place] = true;
        let agrees = self.entry(number).is_some_and(|entry| {
            (record.timestamp.is_none() || record.timestamp == entry.timestamp)
                && (entry.camera, entry.video) == (record.camera, record.video)
                && (entry.key == record.key || !record.video)
        });
        if agrees {
            self.check.agree += 1;
        } else {
            self.check.wrong += 1;
            self.check.list(format!(
                "entry {number} and the record at offset {} disagree in time, camera or kind",
                record.offset
            ));
        }
    }

    /// All records were compared.
    pub fn finish(mut self, records: &Records) -> IndexCheck {
        let mut astray: Vec<(u32, usize)> = Vec::new();
        for (place, met) in self.met.iter().enumerate() {
            if !met {
                astray.push((self.entries[place].1, place));
            }
        }
        astray.sort_unstable();
        self.check.wrong += astray.len() as u64;
        for (number, place) in astray.into_iter().take(MOST_LISTED) {
            let offset = self.entries[place].0;
            let before = place.checked_sub(1).map(|before| self.entries[before]);
            let what = match before.filter(|before| before.0 == offset) {
                Some((_, other)) => format!("as entry {other} does"),
                None => records.describe(offset).to_owned(),
            };
            self.check
                .list(format!("entry {number} points to offset {offset}, {what}"));
        }
        self.check
    }
}

impl IndexCheck {
    /// Lists a disagreement.
    pub fn list(&mut self, what: String) {
        if self.listed.len() < MOST_LISTED {
            self.listed.push(what);
        }
    }

    /// Nothing was found.
    pub fn good(&self) -> bool {
        self.wrong == 0 && self.without_entry == 0 && !self.misplaced
    }
}
