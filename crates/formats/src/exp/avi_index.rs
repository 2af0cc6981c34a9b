// SPDX-License-Identifier: MPL-2.0
//! The indexes of an AVI file: `idx1` after the frames of its first part, and OpenDML's `indx` in the header, which lists an `ix##`
//! chunk for each part (source: OpenDML AVI File Format Extensions 1.02). Integers are little-endian.
//!
//! An index is used only where the chunks at its beginning and end are what it claims.

use super::{
    avi_fields::{Idx1Entry, StandardIndex, StandardIndexEntry, SuperIndex, SuperIndexEntry},
    riff::{CHUNK_HEAD, Chunk},
};
use crate::{
    fields::Header,
    reader::{IndexEntry, IndexPlace, Window},
};
use std::collections::VecDeque;

/// Bytes of an entry of `idx1`.
pub const IDX1_ENTRY: usize = Idx1Entry::SIZE;
const STANDARD_ENTRY: usize = StandardIndexEntry::SIZE;
/// Bytes before the first entry of a standard index, without the chunk's head.
const ODML_HEAD: usize = StandardIndex::SIZE;
/// Parts of an index that are looked at: of files of 1 GiB each, a terabyte of two streams.
const MAX_PARTS: usize = 2048;
/// Chunks of this many bytes or fewer hold no frame.
const PADDING: u32 = 4;

/// Whether these bytes are an entry of `idx1`.
pub fn is_idx1_entry(entry: &[u8; IDX1_ENTRY]) -> bool {
    let id = entry.first_chunk::<4>().copied().unwrap_or_default();
    id == *b"rec " || Chunk { id, size: 0 }.stream().is_some()
}

/// Whether these bytes, the first of an `idx1`, are entries: at least half of them.
pub fn begins_idx1(data: &[u8]) -> bool {
    let (entries, _) = data.as_chunks::<IDX1_ENTRY>();
    let good = entries.iter().filter(|entry| is_idx1_entry(entry)).count();
    good.saturating_mul(2) >= entries.len()
}

/// What is asked for next.
#[derive(Clone, Copy, Debug)]
enum Ask {
    /// The head of `idx1`, and its first entry.
    Idx1(u64),
    /// The last entry of `idx1`.
    Idx1Last,
    /// The head of the standard index of this number, and its first entry.
    Standard(usize),
    /// Its last entry.
    StandardLast(usize),
    /// The chunk that an entry names, at this offset. `absolute`: where the entry's offset counts from the file's start.
    Chunk {
        at: u64,
        named: Chunk,
        absolute: Option<u64>,
    },
}

/// One standard index.
#[derive(Clone, Copy, Debug)]
struct Standard {
    /// Offset of the `ix##` chunk.
    at: u64,
    id: [u8; 4],
    /// Slots of the stream before it.
    slot: u64,
    /// Slots that the super index claims for it.
    slots: u32,
    /// What its entries' offsets count from.
    base: u64,
    count: u64,
    /// Offset of the first chunk it lists.
    first: u64,
}

/// `idx1`.
#[derive(Clone, Copy, Debug)]
struct Idx1 {
    /// Offset of the first entry.
    at: u64,
    count: u64,
    /// What its entries' offsets count from.
    base: u64,
}

/// The indexes of a file, as far as they were found.
#[derive(Clone, Debug, Default)]
pub struct AviIndex {
    asks: VecDeque<Ask>,
    standard: Vec<Standard>,
    idx1: Option<Idx1>,
    /// Offset of the FourCC `movi` of the first part.
    movi: Option<u64>,
    /// Streams that have frames or audio.
    streams: usize,
    /// The standard indexes, or `idx1`, are not what they claim.
    odml_lies: bool,
    idx1_lies: bool,
}

fn stream_of(id: [u8; 4]) -> Option<usize> {
    chunk_of(id).stream()
}

fn chunk_of(id: [u8; 4]) -> Chunk {
    Chunk { id, size: 0 }
}

impl AviIndex {
    /// A track's header was read.
    pub fn add_stream(&mut self) {
        self.streams = self.streams.saturating_add(1);
    }

    /// Reads the body of an `indx` chunk of the header.
    pub fn super_index(&mut self, body: &[u8]) {
        let head = SuperIndex::parse(body).ok();
        let of_indexes = |head: &SuperIndex| head.lists_indexes() && stream_of(head.id.0).is_some();
        let Some(SuperIndex { id, count, .. }) = head.filter(of_indexes) else {
            return;
        };
        let (entries, _) = body
            .get(SuperIndex::SIZE..)
            .unwrap_or_default()
            .as_chunks::<{ SuperIndexEntry::SIZE }>();
        let mut slot: u64 = 0;
        for entry in entries.iter().take(count as usize) {
            let entry = SuperIndexEntry::parse(entry).ok();
            let (at, slots) = entry.map_or((0, 0), |entry| (entry.offset, entry.slots));
            if at == 0 || self.standard.len() >= MAX_PARTS {
                self.odml_lies = true;
                return;
            }
            self.asks.push_back(Ask::Standard(self.standard.len()));
            self.standard.push(Standard {
                at,
                id: id.0,
                slot,
                slots,
                base: 0,
                count: 0,
                first: 0,
            });
            slot = slot.saturating_add(u64::from(slots));
        }
    }

    /// The list `movi` is at `offset` and claims so many bytes in all; `idx1` follows the first.
    pub fn movi(&mut self, offset: u64, bytes: u64) {
        if self.movi.is_none() {
            self.movi = Some(offset.saturating_add(CHUNK_HEAD as u64));
            self.asks.push_back(Ask::Idx1(offset.saturating_add(bytes)));
        }
    }

    /// Offset and number of bytes that decide more.
    pub fn request(&self) -> Option<(u64, usize)> {
        Some(match self.asks.front()? {
            Ask::Idx1(at) => (*at, CHUNK_HEAD.saturating_add(IDX1_ENTRY)),
            Ask::Idx1Last => {
                let idx1 = self.idx1?;
                let last = idx1
                    .count
                    .saturating_sub(1)
                    .saturating_mul(IDX1_ENTRY as u64);
                (idx1.at.saturating_add(last), IDX1_ENTRY)
            }
            Ask::Standard(n) => {
                let head = CHUNK_HEAD.saturating_add(ODML_HEAD);
                (
                    self.standard.get(*n)?.at,
                    head.saturating_add(STANDARD_ENTRY),
                )
            }
            Ask::StandardLast(n) => {
                let place = self.standard.get(*n)?.place();
                let last = place
                    .count
                    .saturating_sub(1)
                    .saturating_mul(STANDARD_ENTRY as u64);
                (place.offset.saturating_add(last), STANDARD_ENTRY)
            }
            Ask::Chunk { at, .. } => (*at, CHUNK_HEAD),
        })
    }

    /// Shows what was asked for.
    pub fn show(&mut self, window: &Window<'_>) {
        let Some(ask) = self.asks.pop_front() else {
            return;
        };
        let agrees = match ask {
            Ask::Idx1(_) => self.show_idx1(window),
            Ask::Idx1Last => self.check_idx1(window.data),
            Ask::Standard(n) => self.show_standard(n, window.data),
            Ask::StandardLast(n) => self.check_standard(n, window.data),
            Ask::Chunk {
                at,
                named,
                absolute,
            } => self.show_chunk(window, at, named, absolute),
        };
        // what OpenDML lists, `idx1` lists in part again
        if agrees.is_some()
            && !self.standard.is_empty()
            && !self.odml_lies
            && let Some(Ask::Idx1(_)) = self.asks.front()
        {
            self.asks.pop_front();
        }
        if agrees.is_none() {
            // an index that lies once is not asked any more
            let of_idx1 = self.standard.is_empty()
                || self.odml_lies
                || matches!(ask, Ask::Idx1(_) | Ask::Idx1Last);
            match of_idx1 {
                true => self.idx1_lies = true,
                false => self.odml_lies = true,
            }
            self.asks.retain(|ask| match ask {
                Ask::Idx1(_) => !of_idx1,
                _ => false,
            });
        }
    }

    fn show_idx1(&mut self, window: &Window<'_>) -> Option<()> {
        let chunk = Chunk::read(window.data)
            .ok()
            .filter(|chunk| chunk.id == *b"idx1")?;
        self.idx1 = Some(Idx1 {
            at: window.offset.saturating_add(CHUNK_HEAD as u64),
            count: (chunk.size as usize / IDX1_ENTRY) as u64,
            base: self.movi?,
        });
        self.check_idx1(window.data.get(CHUNK_HEAD..)?)?;
        self.asks.push_back(Ask::Idx1Last);
        Some(())
    }

    /// Asks for the chunk that an entry of `idx1` names.
    fn check_idx1(&mut self, entry: &[u8]) -> Option<()> {
        let entry = Idx1Entry::parse(entry).ok()?;
        let (id, size) = (entry.id.0, entry.size);
        let offset = u64::from(entry.offset);
        let base = self.idx1?.base;
        if id == *b"rec " {
            return Some(());
        }
        stream_of(id)?;
        // the offset counts from `movi`, in files of some programs from the file's start
        let absolute = (base > 0 && self.movi == Some(base)).then_some(offset);
        self.asks.push_front(Ask::Chunk {
            at: base.saturating_add(offset),
            named: Chunk { id, size },
            absolute,
        });
        Some(())
    }

    fn show_standard(&mut self, n: usize, data: &[u8]) -> Option<()> {
        let standard = self.standard.get_mut(n)?;
        let chunk = Chunk::read(data)
            .ok()
            .filter(|chunk| chunk.id.starts_with(b"ix"))?;
        let body = data.get(CHUNK_HEAD..)?;
        let head = StandardIndex::parse(body).ok()?;
        let room = (chunk.size as usize).checked_sub(ODML_HEAD)? / STANDARD_ENTRY;
        let fits = 1..=room;
        if !head.lists_chunks()
            || head.id.0 != standard.id
            || !fits.contains(&(head.count as usize))
            // each chunk of a video stream is a slot
            || chunk_of(head.id.0).is_picture() && head.count != standard.slots
        {
            return None;
        }
        let entries = body.get(ODML_HEAD..)?;
        let first = StandardIndexEntry::parse(entries).ok()?;
        standard.count = u64::from(head.count);
        standard.base = head.base;
        standard.first = head.base.saturating_add(u64::from(first.offset));
        self.check_standard(n, entries)?;
        self.asks
            .insert(1.min(self.asks.len()), Ask::StandardLast(n));
        Some(())
    }

    /// Asks for the chunk that an entry of a standard index names.
    fn check_standard(&mut self, n: usize, entry: &[u8]) -> Option<()> {
        let standard = self.standard.get(n)?;
        let entry = StandardIndexEntry::parse(entry).ok()?;
        let (at, size) = (u64::from(entry.offset), entry.bytes());
        self.asks.push_front(Ask::Chunk {
            at: standard
                .base
                .saturating_add(at)
                .checked_sub(CHUNK_HEAD as u64)?,
            named: Chunk {
                id: standard.id,
                size,
            },
            absolute: None,
        });
        Some(())
    }

    fn show_chunk(
        &mut self,
        window: &Window<'_>,
        at: u64,
        named: Chunk,
        absolute: Option<u64>,
    ) -> Option<()> {
        let found = Chunk::read(window.data)
            .ok()
            .filter(|_| window.offset == at)?;
        // keyframes are `00db` and others `00dc`, and an index may use one for both
        if stream_of(found.id) == stream_of(named.id) && found.size == named.size {
            return Some(());
        }
        self.idx1.as_mut().filter(|_| absolute.is_some())?.base = 0;
        self.asks.push_front(Ask::Chunk {
            at: absolute?,
            named,
            absolute: None,
        });
        Some(())
    }

    /// The parts of the index that were found to agree with the file.
    pub fn places(&self) -> Vec<IndexPlace> {
        if !self.asks.is_empty() {
            return Vec::new();
        }
        if !self.standard.is_empty() && !self.odml_lies {
            let mut parts = self.standard.clone();
            parts.sort_by_key(|part| (part.first, part.at));
            return parts.iter().map(Standard::place).collect();
        }
        // of a file of several parts, `idx1` lists the first alone
        let several = self.standard.iter().any(|part| part.slot > 0);
        let idx1 = self.idx1.filter(|_| !self.idx1_lies && !several);
        idx1.iter()
            .map(|idx1| IndexPlace {
                offset: idx1.at,
                count: idx1.count,
                entry_size: IDX1_ENTRY,
            })
            .collect()
    }

    /// Reads an entry: the stream, and the entry with its camera still to be filled in.
    pub fn entry(
        &self,
        place: &IndexPlace,
        number: u64,
        entry: &[u8],
    ) -> Option<(usize, IndexEntry)> {
        let found = |offset, slot, key, size: u32| IndexEntry {
            offset,
            timestamp: None,
            slot,
            camera: 0,
            key: key && size > PADDING,
            // a chunk of padding takes a slot and is not a frame
            video: size > PADDING,
        };
        if place.entry_size == IDX1_ENTRY {
            let idx1 = self.idx1?;
            let entry = Idx1Entry::parse(entry).ok()?;
            let offset = idx1.base.saturating_add(u64::from(entry.offset));
            let slot = (self.streams == 1).then_some(number);
            let stream = stream_of(entry.id.0)?;
            return Some((stream, found(offset, slot, entry.is_key(), entry.size)));
        }
        let part = self.standard.iter().find(|part| part.place() == *place)?;
        let entry = StandardIndexEntry::parse(entry).ok()?;
        let body = part.base.saturating_add(u64::from(entry.offset));
        let offset = body.checked_sub(CHUNK_HEAD as u64)?;
        let slot = Some(part.slot.saturating_add(number));
        let stream = stream_of(part.id)?;
        Some((stream, found(offset, slot, entry.is_key(), entry.bytes())))
    }
}

impl Standard {
    fn place(&self) -> IndexPlace {
        let head = CHUNK_HEAD.saturating_add(ODML_HEAD);
        IndexPlace {
            offset: self.at.saturating_add(head as u64),
            count: self.count,
            entry_size: STANDARD_ENTRY,
        }
    }
}
