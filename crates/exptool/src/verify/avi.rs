// SPDX-License-Identifier: MPL-2.0
//! The indexes of an AVI file compared with its chunks, entry by entry.

use super::index::IndexCheck;
use crate::common::{Failure, Input};
use formats::{
    exp::{
        avi_fields::{
            Idx1Entry, ListHead, StandardIndex, StandardIndexEntry, SuperIndex, SuperIndexEntry,
        },
        riff::{CHUNK_HEAD, Chunk},
    },
    fields::Header,
    reader::IndexEntry,
};
use std::{fs::File, io, os::unix::fs::FileExt};

/// Chunks outside `movi` that are looked at.
const MAX_CHUNKS: u32 = 10_000;
/// Bytes of a header chunk that are read at most.
const MAX_HEADER: u32 = 1 << 20;
/// Bytes of entries that are read at a time.
const BLOCK: u64 = 1 << 16;

/// An entry.
#[derive(Clone, Copy)]
struct Entry {
    /// Offset of its chunk.
    offset: u64,
    /// Index that it is in, by number, and its own number in there.
    place: (u32, u32),
    key: bool,
    is_right: bool,
}

/// The indexes of a file. Memory: 24 bytes for each entry.
pub struct AviIndexes {
    file: File,
    /// Name and offset of each index.
    indexes: Vec<(String, u64)>,
    /// By offset.
    entries: Vec<Entry>,
    /// Some entries are of keyframes, and some are not: otherwise the flags say nothing.
    has_keys: bool,
    check: IndexCheck,
}

impl AviIndexes {
    /// The indexes of a file; `None` where it has none.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(input: &Input) -> Result<Option<AviIndexes>, Failure> {
        let fail = |error: io::Error| Failure::Input(format!("{}: {error}", input.name));
        let mut all = AviIndexes {
            file: File::open(&input.path).map_err(fail)?,
            indexes: Vec::new(),
            entries: Vec::new(),
            has_keys: false,
            check: IndexCheck::default(),
        };
        all.find(input.size).map_err(fail)?;
        let keys = all.entries.iter().filter(|entry| entry.key).count();
        all.has_keys = (1..all.entries.len()).contains(&keys);
        all.entries.sort_by_key(|entry| (entry.offset, entry.place));
        all.check.entries = all.entries.len() as u64;
        let found = !all.indexes.is_empty() || all.check.misplaced;
        Ok(found.then_some(all))
    }

    /// Goes through the chunks around the frames.
    fn find(&mut self, size: u64) -> io::Result<()> {
        let (mut at, mut movi) = (0, None);
        for _ in 0..MAX_CHUNKS {
            let Some(list) = self.header::<ListHead>(at, size)? else {
                break;
            };
            let chunk = Chunk {
                id: list.id.0,
                size: list.size,
            };
            let enters = chunk.is_list() && list.kind.0 != *b"movi";
            match &chunk.id {
                b"LIST" if !enters => movi = movi.or(Some(at + CHUNK_HEAD as u64)),
                b"indx" => self.read_super(at, chunk, size)?,
                b"idx1" => self.read_idx1(at, chunk, movi.unwrap_or(0), size)?,
                _ => {}
            }
            at += if enters {
                ListHead::SIZE
            } else {
                chunk.padded()
            } as u64;
        }
        Ok(())
    }

    fn header<H: Header>(&self, at: u64, size: u64) -> io::Result<Option<H>> {
        let mut bytes = vec![0; H::SIZE];
        if at.saturating_add(H::SIZE as u64) > size {
            return Ok(None);
        }
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(H::parse(&bytes).ok())
    }

    /// The `ix##` chunks that `indx` lists.
    fn read_super(&mut self, at: u64, chunk: Chunk, size: u64) -> io::Result<()> {
        let body = at + CHUNK_HEAD as u64;
        let room = (chunk.size.min(MAX_HEADER) as usize).saturating_sub(SuperIndex::SIZE)
            / SuperIndexEntry::SIZE;
        let Some(head) = self.header::<SuperIndex>(body, size)? else {
            return Ok(());
        };
        if !head.lists_indexes() {
            return Ok(());
        }
        for n in 0..(head.count as usize).min(room) {
            let place = body + (SuperIndex::SIZE + n * SuperIndexEntry::SIZE) as u64;
            if let Some(entry) = self.header::<SuperIndexEntry>(place, size)? {
                self.read_standard(entry.offset, head.id.0, size)?;
            }
        }
        Ok(())
    }

    fn read_standard(&mut self, at: u64, id: [u8; 4], size: u64) -> io::Result<()> {
        let body = at.saturating_add(CHUNK_HEAD as u64);
        let found = self
            .header::<ListHead>(at, size)?
            .filter(|found| found.id.0.starts_with(b"ix"));
        let head = self.header::<StandardIndex>(body, size)?;
        let head = head.filter(|head| head.lists_chunks() && head.id.0 == id);
        let (Some(found), Some(head)) = (found, head) else {
            self.check.misplaced = true;
            let id = String::from_utf8_lossy(&id).into_owned();
            self.check.list(format!(
                "indx names an index of {id} at offset {at}, where there is none: expected ix##"
            ));
            return Ok(());
        };
        let index = self.begin(String::from_utf8_lossy(&found.id.0).into_owned(), at);
        let room =
            found.size.saturating_sub(StandardIndex::SIZE as u32) / StandardIndexEntry::SIZE as u32;
        let first = body + StandardIndex::SIZE as u64;
        let all = self.read::<StandardIndexEntry>(first, head.count.min(room), size)?;
        for (number, entry) in (0..).zip(all) {
            let chunk = Chunk {
                id,
                size: entry.bytes(),
            };
            let place = head.base.saturating_add(u64::from(entry.offset));
            let offset = place.saturating_sub(CHUNK_HEAD as u64);
            self.add((index, number), offset, chunk, entry.is_key());
        }
        Ok(())
    }

    /// Offsets count from the FourCC `movi`, in files of some programs from the file's start: as the first entry has it.
    fn read_idx1(&mut self, at: u64, chunk: Chunk, movi: u64, size: u64) -> io::Result<()> {
        let index = self.begin("idx1".to_owned(), at);
        let count = chunk.size / Idx1Entry::SIZE as u32;
        let all = self.read::<Idx1Entry>(at + CHUNK_HEAD as u64, count, size)?;
        let named = |entry: &Idx1Entry| Chunk {
            id: entry.id.0,
            size: entry.size,
        };
        let absolute = all.first().is_some_and(|entry| {
            let offset = u64::from(entry.offset);
            self.is_at(offset, named(entry))
                && !self.is_at(movi.saturating_add(offset), named(entry))
        });
        let base = if absolute { 0 } else { movi };
        for (number, entry) in (0..).zip(&all) {
            let offset = base.saturating_add(u64::from(entry.offset));
            self.add((index, number), offset, named(entry), entry.is_key());
        }
        Ok(())
    }

    fn begin(&mut self, name: String, at: u64) -> u32 {
        self.indexes.push((name, at));
        u32::try_from(self.indexes.len() - 1).unwrap_or(u32::MAX)
    }

    /// Entries one behind the other, as far as the file has them.
    fn read<H: Header>(&self, at: u64, count: u32, size: u64) -> io::Result<Vec<H>> {
        let end = at
            .saturating_add(u64::from(count) * H::SIZE as u64)
            .min(size);
        let mut all = Vec::new();
        let step = BLOCK / H::SIZE as u64 * H::SIZE as u64;
        for from in (at..end).step_by(step as usize) {
            let mut bytes = vec![0; (end - from).min(step) as usize];
            self.file.read_exact_at(&mut bytes, from)?;
            all.extend(
                bytes
                    .chunks_exact(H::SIZE)
                    .filter_map(|one| H::parse(one).ok()),
            );
        }
        Ok(all)
    }

    /// Whether there is such a chunk. A keyframe is `00db` and another `00dc`, and an index may use one for both.
    fn is_at(&self, offset: u64, named: Chunk) -> bool {
        let mut head = [0; CHUNK_HEAD];
        let read = self.file.read_exact_at(&mut head, offset);
        let found = Chunk::read(&head).ok().filter(|_| read.is_ok());
        found.is_some_and(|found| match &named.id {
            b"rec " => found.is_list(),
            _ => {
                found.stream() == named.stream()
                    && found.stream().is_some()
                    && found.size == named.size
            }
        })
    }

    fn add(&mut self, place: (u32, u32), offset: u64, named: Chunk, key: bool) {
        let is_right = self.is_at(offset, named);
        if !is_right {
            self.check.wrong += 1;
            let name = self.name(place);
            let id = String::from_utf8_lossy(&named.id).into_owned();
            self.check.list(format!(
                "{name} names a chunk {id} of {} bytes at offset {offset}, where there is none",
                named.size
            ));
        }
        self.entries.push(Entry {
            offset,
            place,
            key,
            is_right,
        });
    }

    fn name(&self, (index, number): (u32, u32)) -> String {
        let index = usize::try_from(index)
            .ok()
            .and_then(|n| self.indexes.get(n));
        let (name, at) = index.map_or(("index", 0), |(name, at)| (name.as_str(), *at));
        format!("entry {number} of {name} at offset {at}")
    }

    /// Compares a frame with its entries.
    pub fn compare(&mut self, frame: &IndexEntry) {
        let place = self
            .entries
            .partition_point(|entry| entry.offset < frame.offset);
        let entries = self.entries.get(place..).unwrap_or_default().iter();
        let entries: Vec<Entry> = entries
            .take_while(|entry| entry.offset == frame.offset)
            .copied()
            .collect();
        if entries.is_empty() && !self.entries.is_empty() {
            self.check.without_entry += 1;
            self.check
                .list(format!("the frame at offset {} has no entry", frame.offset));
        }
        for entry in entries {
            if entry.is_right && self.has_keys && frame.video && entry.key != frame.key {
                self.check.wrong += 1;
                let (name, is) = (
                    self.name(entry.place),
                    if frame.key { "is" } else { "is not" },
                );
                self.check.list(format!(
                    "{name} is wrong about the frame at offset {}, which {is} a keyframe",
                    frame.offset
                ));
            }
        }
    }

    /// All frames were compared.
    pub fn finish(mut self) -> IndexCheck {
        self.check.agree = self.check.entries.saturating_sub(self.check.wrong);
        self.check
    }
}
