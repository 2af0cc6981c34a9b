// SPDX-License-Identifier: MPL-2.0
//! The index at the end of a file in the reference layout (assumed): `DXIX`, count, entries, checksum. A hint, never believed.

use super::{codes::KIND_NAMES, layout::Layout};
use crate::{
    cursor,
    fields::{Header, Text, header},
    reader::{IndexEntry, IndexPlace, Timestamp},
};

/// First bytes of an index.
pub const MAGIC: &[u8; 4] = b"DXIX";

header! {
    /// What the index begins with.
    pub struct Head: 8 bytes, Little {
        0 magic: Text<4>, "magic",   Assumed;
        4 count: u32,     "entries", Assumed;
    }
}

header! {
    /// One entry: a record.
    pub struct Entry: 16 bytes, Little {
        0  offset: u64,  "record offset", Assumed;
        8  seconds: u32, "recorder time", Assumed, UnixTime("if UTC (assumed)");
        12 millis: u16,  "milliseconds",  Assumed, Unit("ms");
        14 camera: u8,   "camera",        Assumed;
        15 kind: u8,     "kind",          Assumed, Names(KIND_NAMES);
    }
}

header! {
    /// What the index ends with.
    pub struct Tail: 4 bytes, Little {
        0 crc: u32, "CRC-32 of entries", Assumed, Hex;
    }
}

/// Where the entries are of an index of `count` entries whose magic is at `offset`.
pub fn place(offset: u64, count: u64) -> IndexPlace {
    IndexPlace {
        offset: offset.saturating_add(Head::SIZE as u64),
        count,
        entry_size: Entry::SIZE,
    }
}

/// Reads an entry; `None` where `data` is too short.
pub fn entry(data: &[u8]) -> Option<IndexEntry> {
    let entry = Entry::parse(data).ok()?;
    let kind = Layout::reference().record.kind.as_ref()?;
    let number = u64::from(entry.kind);
    let key = kind.key.contains(&number);
    Some(IndexEntry {
        offset: entry.offset,
        timestamp: Some(Timestamp {
            seconds: i64::from(entry.seconds),
            millis: Some(entry.millis).filter(|millis| *millis < 1000),
        }),
        slot: None,
        camera: u16::from(entry.camera),
        key,
        video: key || kind.p.contains(&number),
    })
}

/// Walks over an index that stands where records end, and compares it with what was read.
#[derive(Clone, Debug)]
pub struct Walk {
    offset: u64,
    count: u32,
    left: u64,
    sum: crc32fast::Hasher,
    begun: bool,
}

/// Outcome of a step over the index.
pub enum Passed {
    /// More bytes are needed.
    Need(usize),
    /// This many bytes are the index.
    Some(usize),
    /// The index ends after these bytes; what it says that is not so.
    Done(usize, Option<String>),
}

impl Walk {
    /// An index whose magic stands at `offset`; `None` where the count is not there yet.
    pub fn new(data: &[u8], offset: u64) -> Option<Walk> {
        let count = Head::parse(data).ok()?.count;
        Some(Walk {
            offset,
            count,
            left: u64::from(count).saturating_mul(Entry::SIZE as u64),
            sum: crc32fast::Hasher::new(),
            begun: false,
        })
    }

    /// Entries that the index says it has.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Passes over what `data` holds of the index. `last`: the file ends with `data`.
    pub fn pass(&mut self, data: &[u8], last: bool) -> Passed {
        if !self.begun {
            self.begun = true;
            return Passed::Some(Head::SIZE);
        }
        if self.left > 0 {
            let here = usize::try_from(self.left)
                .unwrap_or(usize::MAX)
                .min(data.len());
            if here == 0 {
                return if last {
                    Passed::Done(
                        0,
                        Some(format!("index at offset {}: cut short", self.offset)),
                    )
                } else {
                    Passed::Need(1)
                };
            }
            self.sum.update(data.get(..here).unwrap_or_default());
            self.left = self.left.saturating_sub(here as u64);
            return Passed::Some(here);
        }
        match cursor::u32_le(data, 0) {
            Ok(told) => {
                let actual = self.sum.clone().finalize();
                let wrong = (told != actual).then(|| {
                    format!(
                        "index at offset {}: checksum {told:08x} where its entries have {actual:08x}",
                        self.offset
                    )
                });
                Passed::Done(4, wrong)
            }
            Err(_) if last => Passed::Done(
                data.len(),
                Some(format!("index at offset {}: cut short", self.offset)),
            ),
            Err(_) => Passed::Need(4),
        }
    }
}
