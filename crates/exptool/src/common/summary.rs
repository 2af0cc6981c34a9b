// SPDX-License-Identifier: MPL-2.0
//! What a walk over a recording finds beside its frames.

use formats::{
    mpeg4::infer::Inferred,
    reader::FileInfo,
    timeline::{FrameTiming, Resolution},
};
use serde::Serialize;

/// Damaged regions and warnings that are remembered.
const MAX_TOLD: usize = 10_000;

/// Bytes that are no record.
#[derive(Clone, Debug, Serialize)]
pub struct Damage {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// What a valid file has there.
    pub expected: String,
}

/// Bytes before the first record that no header accounts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Front {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

impl Front {
    /// In words.
    pub fn text(&self) -> String {
        format!(
            "{} bytes at offset {}, before the first record, are no header that is known",
            self.length, self.offset
        )
    }
}

/// What was found beside the frames.
#[derive(Debug, Default)]
pub struct Summary {
    /// What the header says.
    pub info: FileInfo,
    /// Clock and usual picture distance.
    pub timing: FrameTiming,
    /// Widths of VOP fields, where there are MPEG-4 pictures.
    pub widths: Option<Inferred>,
    /// Records with frames.
    pub records: u64,
    /// Bytes before the first record that are no header.
    pub front: Option<Front>,
    /// Damaged regions, the first 10,000.
    pub damage: Vec<Damage>,
    /// Number of damaged regions.
    pub damaged: u64,
    /// Bytes in them.
    pub damaged_bytes: u64,
    /// Bytes of the last record where the file ends inside it, and its offset.
    pub cut: Option<(u64, u64)>,
    /// What does not agree.
    pub warnings: Vec<String>,
    /// Wrong checksums.
    pub wrong_crc: u64,
    /// Records whose checksum was compared with their bytes.
    pub checked_crc: u64,
    /// A header was passed: what is skipped after it has a reason.
    has_header: bool,
}

impl Summary {
    /// Name of the clock that times come from.
    pub fn clock_name(&self) -> &'static str {
        match self.timing.resolution {
            Resolution::Millis => "milliseconds",
            Resolution::Seconds => "whole seconds",
            Resolution::Slots => "file timeline",
        }
    }

    /// Clock times are times of day.
    pub fn has_clock(&self) -> bool {
        self.timing.resolution != Resolution::Slots
    }

    /// Bytes were skipped. Before the first record they are told, unless they are a header or among the first `known` bytes.
    pub fn passed(&mut self, offset: u64, length: u64, info: &FileInfo, known: u64) {
        let end = offset.saturating_add(length);
        self.has_header |= info.family == "native" && info.data_start == end;
        let from = offset.max(known);
        if self.has_header || self.records > 0 || from >= end {
            return;
        }
        let front = self.front.get_or_insert(Front {
            offset: from,
            length: 0,
        });
        front.length = front.length.saturating_add(end.saturating_sub(from));
    }

    /// Bytes are damaged.
    pub fn damaged(&mut self, offset: u64, length: u64, expected: &str) {
        self.damaged_bytes = self.damaged_bytes.saturating_add(length);
        if let Some(last) = self.damage.last_mut()
            && last.offset.saturating_add(last.length) == offset
        {
            last.length = last.length.saturating_add(length);
            return;
        }
        self.damaged += 1;
        if self.damage.len() < MAX_TOLD {
            self.damage.push(Damage {
                offset,
                length,
                expected: expected.to_owned(),
            });
        }
    }

    /// Something does not agree.
    pub fn warn(&mut self, warning: String) {
        if self.warnings.len() < MAX_TOLD {
            self.warnings.push(warning);
        }
    }

    /// Whether the walk met anything that a whole recording does not have.
    pub fn is_hurt(&self) -> bool {
        let cut = self.cut.is_some() && !has_no_end(self.info.family);
        self.front.is_some() || self.damaged > 0 || cut
    }
}

/// Captures of streams end wherever they were broken off, partitions of a ring where the ring goes on: no fault of theirs.
pub fn has_no_end(family: &str) -> bool {
    family.starts_with("netvu")
}
