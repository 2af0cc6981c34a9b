// SPDX-License-Identifier: MPL-2.0
//! What a check and a comparison found, for people.

use super::{compare::Outcome, native::Checked};
use crate::common::plain::plain;
use std::fmt::Write;

/// Differences that are shown to people.
const SHOWN: usize = 20;

impl Checked {
    /// For people.
    pub fn text(&self, out: &mut String) {
        let _ = writeln!(out, "  size       {} bytes", self.size);
        let _ = writeln!(out, "  sha256     {}", self.sha256);
        let _ = writeln!(
            out,
            "  records    {}: checksums of {} right, of {} wrong, {} have none",
            self.records, self.crc_right, self.crc_wrong, self.crc_absent
        );
        if self.other_records > 0 {
            let others = self.other_records;
            let _ = writeln!(out, "             and {others} of unknown kinds, skipped");
        }
        for offset in &self.crc_wrong_at {
            let _ = writeln!(out, "    wrong checksum: record at offset {offset}");
        }
        self.header_text(out);
        self.index_text(out);
        if let Some(sequence) = self.sequence.as_ref().filter(|found| found.jumps > 0) {
            let _ = writeln!(
                out,
                "  sequence   numbers of records do not go on by one, {} times in all; {} may be missing",
                sequence.jumps, sequence.missing
            );
            for jump in &sequence.told {
                let _ = writeln!(out, "    {jump}");
            }
        }
        if let Some(front) = &self.front {
            let _ = writeln!(out, "  front      {}", front.text());
        }
        for damage in &self.damage {
            let _ = writeln!(
                out,
                "  damage     {} bytes at offset {}: expected {}",
                damage.length, damage.offset, damage.expected
            );
        }
        if let Some((offset, bytes)) = self.cut {
            let _ = writeln!(
                out,
                "  cut        the file ends inside the record at offset {offset}, {bytes} bytes of it are there"
            );
        }
        for warning in &self.warnings {
            let _ = writeln!(out, "  warning    {}", plain(warning));
        }
    }

    fn header_text(&self, out: &mut String) {
        let (records, all) = (self.records, self.records + self.other_records);
        let _ = match self.header_records {
            None => Ok(()),
            Some(told) if told == all || told == records => {
                writeln!(out, "  header     counts {told} records, as there are")
            }
            Some(told) => writeln!(out, "  header     counts {told} records where {all} are"),
        };
        for wrong in &self.header_wrong {
            let _ = writeln!(out, "  header     {wrong}");
        }
    }

    fn index_text(&self, out: &mut String) {
        let Some(index) = &self.index else {
            return;
        };
        if index.misplaced && index.entries == 0 {
            for text in &index.told {
                let _ = writeln!(out, "  index      {text}");
            }
            return;
        }
        let _ = write!(
            out,
            "  index      {} entries: {} agree with their record, {} do not",
            index.entries, index.agree, index.wrong
        );
        let _ = match index.without_entry {
            0 => writeln!(out),
            1 => writeln!(out, "; 1 record has no entry"),
            records => writeln!(out, "; {records} records have no entry"),
        };
        for text in &index.told {
            let _ = writeln!(out, "    {text}");
        }
    }
}

impl Outcome {
    /// For people.
    pub fn text(&self, out: &mut String) {
        let camera = match self.camera {
            Some(camera) => format!(", camera {camera}"),
            None => String::new(),
        };
        let _ = write!(
            out,
            "  compared   {} against {}{camera}: {} the same, {} changed, {} missing, {} moved, {} repeated, {} none of the recording",
            self.what,
            self.manifest_of,
            self.same,
            self.changed,
            self.missing,
            self.moved,
            self.repeated,
            self.foreign
        );
        let _ = match self.orphans_left_out {
            0 => writeln!(out),
            left => writeln!(
                out,
                ";\n             {left} of the recording are not here: pictures without their reference, which conversion leaves out"
            ),
        };
        if self.outside_part > 0 {
            let _ = writeln!(
                out,
                "             {} lie outside the part that is there",
                self.outside_part
            );
        }
        if self.order_coarse {
            let _ = writeln!(
                out,
                "             so much is out of order that fewer may have moved than are told"
            );
        }
        self.says_text(out);
        let mut shown = 0;
        for difference in self.differences.iter().take(SHOWN) {
            let _ = writeln!(out, "    {difference}");
            shown += 1;
        }
        let rest = self.differences_left_out + (self.differences.len() - shown) as u64;
        if rest > 0 {
            let listed = self.differences.len();
            let _ = writeln!(out, "    … and {rest} more (--json lists {listed})");
        }
    }

    fn says_text(&self, out: &mut String) {
        if let Some(count) = self.says_differ.filter(|count| *count > 0) {
            let fields: Vec<String> = self
                .says_differ_in
                .iter()
                .map(|(field, count)| format!("{field} of {count}"))
                .collect();
            let _ = writeln!(
                out,
                "             what the record says differs for {count}: {}",
                fields.join(", ")
            );
        }
        if self.says_differ.is_some() && !self.says_complete {
            let _ = writeln!(
                out,
                "             the manifest is of version 1: it does not hold times, modes and sequence numbers as records have them"
            );
        }
        let _ = match self.same_file {
            Some(true) => writeln!(
                out,
                "             the whole file is the same, byte for byte"
            ),
            Some(false) => writeln!(out, "             the whole file is not the same"),
            None => Ok(()),
        };
    }
}
