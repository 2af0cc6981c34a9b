// SPDX-License-Identifier: MPL-2.0
//! The entries of a file's index, numbered through all its parts.

use super::source::Source;
use crate::reader::{IndexEntry, IndexPlace, Reader};

/// Bytes of an index read at a time.
const BLOCK: usize = 64 << 10;
/// Bytes read at a time for one entry.
const SAMPLE: usize = 4 << 10;
/// Parts of an index that are asked for.
const MAX_REQUESTS: usize = 4096;

/// Reads the entries of an index.
pub struct IndexScanner<S: Source> {
    source: S,
    reader: Box<dyn Reader>,
    /// The parts, and the number of the first entry of each.
    parts: Vec<(u64, IndexPlace)>,
    count: u64,
    /// Part, number in the part of the first entry, and bytes that were read last.
    block: Option<(usize, u64, S::Block)>,
    read: u64,
}

/// Shows the reader what it needs to find the file's index.
///
/// # Errors
/// Whatever the source fails with.
pub fn find_index<S: Source>(source: &mut S, reader: &mut dyn Reader) -> Result<u64, S::Error> {
    let mut read = 0_u64;
    for _ in 0..MAX_REQUESTS {
        let Some((offset, bytes)) = reader.index_request() else {
            break;
        };
        // a place that lies may be none that a file can have
        let there = source.size().is_none_or(|size| offset < size);
        let read_there = || source.read_at(offset, bytes.min(BLOCK), None);
        let block = there.then(read_there).transpose()?;
        let data = block.as_ref().map_or(&[][..], AsRef::as_ref);
        read = read.saturating_add(data.len() as u64);
        reader.show_index(&crate::reader::Window {
            offset,
            data,
            last: data.len() < bytes,
            unread: None,
        });
    }
    Ok(read)
}

impl<S: Source> IndexScanner<S> {
    /// The index of the reader's file; `None` where there is none.
    pub fn new(source: S, reader: Box<dyn Reader>) -> Option<IndexScanner<S>> {
        let mut count = 0_u64;
        let mut parts = Vec::new();
        for place in reader.index() {
            if place.count == 0 || place.entry_size == 0 {
                continue;
            }
            parts.push((count, place));
            count = count.saturating_add(place.count);
        }
        (count > 0).then_some(IndexScanner {
            source,
            reader,
            parts,
            count,
            block: None,
            read: 0,
        })
    }

    /// Number of entries.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Offset of the first byte after the last part.
    pub fn end(&self) -> u64 {
        let end = |place: &IndexPlace| {
            let bytes = place.count.saturating_mul(place.entry_size as u64);
            place.offset.saturating_add(bytes)
        };
        let ends = self.parts.iter().map(|(_, place)| end(place));
        ends.max().unwrap_or(0)
    }

    /// Bytes of all parts.
    pub fn bytes(&self) -> u64 {
        let sizes = self
            .parts
            .iter()
            .map(|(_, place)| place.count.saturating_mul(place.entry_size as u64));
        sizes.fold(0, u64::saturating_add)
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Entry `number`; `None` behind the last, or where it cannot be one. `many`: those after it will be asked for too.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn entry(&mut self, number: u64, many: bool) -> Result<Option<IndexEntry>, S::Error> {
        let after = self.parts.partition_point(|(first, _)| *first <= number);
        let Some(at) = after.checked_sub(1) else {
            return Ok(None);
        };
        let Some((first, place)) = self.parts.get(at).copied() else {
            return Ok(None);
        };
        let inside = number.saturating_sub(first);
        if inside >= place.count {
            return Ok(None);
        }
        let size = place.entry_size;
        if !self.holds(at, inside, size) {
            let most = if many { BLOCK } else { SAMPLE };
            let left = place
                .count
                .saturating_sub(inside)
                .saturating_mul(size as u64);
            let want = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(most.max(size));
            let offset = place
                .offset
                .saturating_add(inside.saturating_mul(size as u64));
            let old = self.block.take().map(|(.., block)| block);
            let block = self.source.read_at(offset, want, old)?;
            self.read = self.read.saturating_add(block.as_ref().len() as u64);
            self.block = Some((at, inside, block));
        }
        let Some((_, from, block)) = &self.block else {
            return Ok(None);
        };
        let skip = usize::try_from(inside.saturating_sub(*from))
            .unwrap_or(usize::MAX)
            .saturating_mul(size);
        let raw = block.as_ref().get(skip..skip.saturating_add(size));
        Ok(raw.and_then(|raw| self.reader.index_entry(&place, inside, raw)))
    }

    fn holds(&self, part: usize, number: u64, size: usize) -> bool {
        self.block.as_ref().is_some_and(|(own, from, block)| {
            let entries = block.as_ref().len().checked_div(size).unwrap_or(0) as u64;
            *own == part && *from <= number && number.saturating_sub(*from) < entries
        })
    }
}
