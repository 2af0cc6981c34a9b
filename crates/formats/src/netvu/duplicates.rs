// SPDX-License-Identifier: MPL-2.0
//! Records that a partition holds twice.
//!
//! Two records are the same where time, camera, and size and first bytes of the payload agree: time and size alone would take two
//! frames for one where a unit's clock is coarse (assumed; no real partition is public). The last 256 records are remembered.

use crate::reader::Timestamp;
use std::collections::VecDeque;

/// Records that are remembered.
const MEMORY: usize = 256;

/// What two copies of a record have in common: time, camera, bytes of the payload and CRC-32 of the first ones.
pub type Identity = (Timestamp, u16, usize, u32);

/// The last records of a partition.
#[derive(Clone, Default)]
pub struct Duplicates {
    last: VecDeque<(Identity, u64)>,
}

impl Duplicates {
    /// Remembers the record at `offset` of the file. Answers the offset of the one it is a copy of, where that is remembered; the
    /// record that was shown last may be shown again and is not a copy of itself.
    pub fn copy_of(&mut self, record: Identity, offset: u64) -> Option<u64> {
        let known = self.last.iter().find(|(known, _)| *known == record);
        if let Some((_, known)) = known {
            return Some(*known).filter(|known| *known != offset);
        }
        if self.last.len() >= MEMORY {
            self.last.pop_front();
        }
        self.last.push_back((record, offset));
        None
    }

    /// Reading continues elsewhere: what was read before is no longer near.
    pub fn forget(&mut self) {
        self.last.clear();
    }
}
