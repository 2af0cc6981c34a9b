// SPDX-License-Identifier: MPL-2.0
//! Records that a partition holds twice.
//!
//! Two records are the same where time, camera, and size and CRC-32 of the payload agree: time and size alone would take two
//! pictures for one where a unit's clock is coarse (assumed; no real partition is public). The last 256 records are remembered.

use crate::reader::Timestamp;
use std::collections::VecDeque;

/// Records that are remembered.
const MEMORY: usize = 256;

/// What is remembered of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    offset: u64,
    timestamp: Timestamp,
    camera: u16,
    size: usize,
    crc: u32,
}

impl Record {
    /// The record at that offset of the file.
    pub fn new(offset: u64, timestamp: Timestamp, camera: u16, payload: &[u8]) -> Record {
        Record {
            offset,
            timestamp,
            camera,
            size: payload.len(),
            crc: crc32fast::hash(payload),
        }
    }

    fn is_like(&self, other: &Record) -> bool {
        let same = |record: &Record| (record.timestamp, record.camera, record.size, record.crc);
        same(self) == same(other)
    }
}

/// The last records of a partition.
#[derive(Clone, Default)]
pub struct Copies {
    last: VecDeque<Record>,
    told: bool,
}

impl Copies {
    /// Remembers the record. Offset of the one it is a copy of, where that is remembered; the record that was shown last may be
    /// shown again and is no copy of itself.
    pub fn copy_of(&mut self, record: Record) -> Option<u64> {
        let known = self.last.iter().find(|known| known.is_like(&record));
        if let Some(known) = known {
            return Some(known.offset).filter(|offset| *offset != record.offset);
        }
        if self.last.len() >= MEMORY {
            self.last.pop_front();
        }
        self.last.push_back(record);
        None
    }

    /// True the first time: the copy at hand is to be told.
    pub fn is_first(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }

    /// Reading goes on elsewhere: what was read before is no longer near.
    pub fn forget(&mut self) {
        self.last.clear();
    }
}
