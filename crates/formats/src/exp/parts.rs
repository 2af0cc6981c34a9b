// SPDX-License-Identifier: MPL-2.0
//! Exports that were put behind each other: what the header of each part says of its own records.

use super::header::Header;
use crate::reader::FileInfo;

/// Parts whose headers are remembered.
const MAX_PARTS: usize = 64;

/// The parts of a file, by the offsets of their headers.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Offset of the first header, which is the file's.
    first: Option<u64>,
    /// Offsets of the others, and what they say.
    others: Vec<(u64, FileInfo)>,
}

impl Parts {
    /// A header stands at `offset`. What is to be said of one that is not the first, once.
    pub fn begin(&mut self, offset: u64, header: &Header) -> Vec<String> {
        let first = *self.first.get_or_insert(offset);
        let known = |(at, _): &(u64, FileInfo)| *at == offset;
        if offset <= first || self.others.len() >= MAX_PARTS || self.others.iter().any(known) {
            return Vec::new();
        }
        let info = &header.info;
        let mut warnings = vec![format!(
            "a second header at offset {offset}: server {:?}, model {:?}, {} minutes from UTC; the file is several exports in one, and names and local times after it are shown by the first header",
            info.server,
            info.model,
            info.utc_offset.unwrap_or(0)
        )];
        warnings.extend(header.warnings.iter().cloned());
        self.others.push((offset, info.clone()));
        self.others.sort_by_key(|(at, _)| *at);
        warnings
    }

    /// Offset of the header that a record at `offset` stands behind, and what it says; `file` is what the first one says.
    pub fn find<'a>(&'a self, offset: u64, file: &'a FileInfo) -> (u64, &'a FileInfo) {
        let behind = self.others.iter().rev().find(|(at, _)| *at <= offset);
        match behind {
            Some((at, info)) => (*at, info),
            None => (self.first.unwrap_or(0), file),
        }
    }
}
