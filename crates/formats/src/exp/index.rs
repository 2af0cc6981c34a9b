// SPDX-License-Identifier: MPL-2.0
//! The index at the end of a file in the reference layout (assumed): `DXIX`, count, entries, checksum. A hint, never believed.

use super::header::{INDEX_ENTRY, INDEX_HEAD};
use crate::{
    cursor,
    reader::{IndexEntry, Timestamp},
};

/// First bytes of an index.
pub const MAGIC: &[u8; 4] = b"DXIX";

/// Reads an entry: u64 offset, u32 seconds, u16 milliseconds, u8 camera, u8 kind, little-endian.
pub fn entry(data: &[u8]) -> Option<IndexEntry> {
    Some(IndexEntry {
        offset: cursor::u64_le(data, 0).ok()?,
        timestamp: Some(Timestamp {
            seconds: i64::from(cursor::u32_le(data, 8).ok()?),
            millis: Some(cursor::u16_le(data, 12).ok()?).filter(|millis| *millis < 1000),
        }),
        slot: None,
        camera: u16::from(cursor::u8_at(data, 14).ok()?),
        key: cursor::u8_at(data, 15).ok()? == 6,
        video: matches!(cursor::u8_at(data, 15).ok()?, 4 | 6),
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
        let count = cursor::u32_le(data, 4).ok()?;
        Some(Walk {
            offset,
            count,
            left: u64::from(count).saturating_mul(INDEX_ENTRY as u64),
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
            return Passed::Some(INDEX_HEAD);
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
