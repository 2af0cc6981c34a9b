// SPDX-License-Identifier: MPL-2.0
//! What was found, for people.

use super::{
    Answer, Answers,
    check::Checked,
    compare::{Difference, Outcome},
    list,
};
use crate::common::plain::plain;
use std::fmt::{self, Display, Formatter, Write};

/// Differences that are shown.
const SHOWN: usize = 20;

impl Answer {
    /// A file without problems among others.
    pub fn line(&self) -> String {
        let hash = self.checked.as_ref().map(|checked| checked.sha256.as_str());
        let same = self.against.iter().find(|one| one.same_file == Some(true));
        let of = match same {
            Some(outcome) => format!(", is {}", plain(&outcome.recording)),
            None => String::new(),
        };
        let hash = hash.map_or(String::new(), |hash| format!(", SHA-256 {hash}"));
        format!("{}: {}{of}{hash}\n", plain(&self.file), self.result)
    }

    /// All that was found in a file.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n", plain(&self.file));
        if let Some(checked) = &self.checked {
            checked.text(&mut out);
        }
        for outcome in &self.against {
            outcome.text(&mut out);
        }
        let cameras = list(self.cameras_not_in_file.iter().copied());
        if cameras != "none" {
            let _ = writeln!(
                out,
                "  cameras    the recording has others, not in this file: {cameras}"
            );
        }
        if !self.not_proved.is_empty() {
            let not = self.not_proved.join("; ");
            let _ = writeln!(out, "  not proved {not}");
        }
        let _ = writeln!(out, "  result     {}", self.result);
        out
    }
}

impl Answers {
    /// The end of a list of several files.
    pub fn text(&self) -> String {
        let Answers {
            good,
            with_problems,
            unreadable,
            ..
        } = self;
        let all = good + with_problems + unreadable;
        let mut out = String::new();
        for name in &self.recordings_not_found {
            let _ = writeln!(
                out,
                "{}: in the manifest, but not among these files",
                plain(name)
            );
        }
        let _ = writeln!(
            out,
            "{all} files: {good} without problems, {with_problems} with problems, {unreadable} unreadable"
        );
        out
    }
}

impl Checked {
    fn text(&self, out: &mut String) {
        let _ = writeln!(out, "  size       {} bytes", self.size);
        let _ = writeln!(out, "  sha256     {}", self.sha256);
        let _ = writeln!(
            out,
            "  records    {}: checksums {} ok, {} mismatch, {} absent",
            self.records, self.checksums_ok, self.checksums_mismatch, self.checksums_absent
        );
        if self.other_records > 0 {
            let others = self.other_records;
            let _ = writeln!(out, "             and {others} of unknown kinds, skipped");
        }
        for offset in &self.checksum_mismatch_at {
            let _ = writeln!(out, "    checksum mismatch: record at offset {offset}");
        }
        self.header_text(out);
        self.index_text(out);
        if let Some(sequence) = self.sequence.as_ref().filter(|found| found.jumps > 0) {
            let _ = writeln!(
                out,
                "  sequence   {} breaks in the sequence numbers of records; {} records may be missing",
                sequence.jumps, sequence.missing
            );
            for jump in &sequence.listed {
                let _ = writeln!(out, "    {jump}");
            }
        }
        if let Some(front) = &self.front {
            let _ = writeln!(
                out,
                "  front      {}",
                crate::info::front_text(front.offset, front.length)
            );
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
                "  cut        the file ends inside the record at offset {offset}, after {bytes} of its bytes"
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
            Some(count) if count == all || count == records => {
                writeln!(out, "  header     counts {count} records, as there are")
            }
            Some(count) => writeln!(
                out,
                "  header     counts {count} records, but there are {all}"
            ),
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
            for text in &index.listed {
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
        for text in &index.listed {
            let _ = writeln!(out, "    {text}");
        }
    }
}

impl Outcome {
    fn text(&self, out: &mut String) {
        let camera = match (self.camera, self.camera_from) {
            (Some(camera), Some("comment")) => {
                format!(", camera {camera} (the file's comment names it)")
            }
            (Some(camera), Some("frames")) => {
                format!(", camera {camera} (which has most of the frames)")
            }
            (Some(camera), _) => format!(", camera {camera}"),
            (None, _) => String::new(),
        };
        let recording = plain(&self.recording);
        let what = &self.what;
        if let Some(reason) = &self.not_comparable {
            let _ = writeln!(
                out,
                "  compared   {what} with {recording}{camera}: coded frames cannot be compared: {reason}"
            );
            return;
        }
        let _ = writeln!(
            out,
            "  compared   {what} with {recording}{camera}: {} same, {} changed, {} missing, {} moved, {} repeated, {} foreign",
            self.same, self.changed, self.missing, self.moved, self.repeated, self.foreign
        );
        let mut note = |text: String| {
            let _ = writeln!(out, "             {text}");
        };
        if self.orphans_left_out > 0 {
            note(format!(
                "{} frames without their reference are not in the file: conversion leaves them out",
                self.orphans_left_out
            ));
        }
        if self.outside_part > 0 {
            note(format!(
                "{} frames are before or after this part",
                self.outside_part
            ));
        }
        if self.order_coarse {
            note("so much is alike and out of order that fewer frames may have moved".to_owned());
        }
        if let Some(count) = self.fields_differ.filter(|count| *count > 0) {
            let fields = self.fields_differ_in.iter();
            let fields: Vec<_> = fields
                .map(|(field, count)| format!("{field} of {count}"))
                .collect();
            note(format!(
                "records of {count} frames differ: {}",
                fields.join(", ")
            ));
        }
        match self.same_file {
            Some(true) => note("the whole file is the same, byte for byte".to_owned()),
            Some(false) => note("the whole file is not the same".to_owned()),
            None => {}
        }
        for difference in self.differences.iter().take(SHOWN) {
            let _ = writeln!(out, "    {difference}");
        }
        let listed = self.differences.len();
        let rest = self.differences_left_out + listed.saturating_sub(SHOWN) as u64;
        if rest > 0 {
            let _ = writeln!(out, "    … and {rest} more (--json lists {listed})");
        }
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let time = self.time.as_deref();
        let time = time.map_or(String::new(), |time| format!(" at {time}"));
        let offset = self
            .offset
            .map_or(String::new(), |offset| format!(" (offset {offset})"));
        let old = self.frame.unwrap_or_default();
        let new = self.at.unwrap_or_default();
        match self.difference {
            "changed" => write!(
                f,
                "frame {old}{time}{offset} is changed: number {new} in this file"
            )?,
            "missing" => write!(f, "frame {old}{time}{offset} is missing")?,
            "moved" => write!(
                f,
                "frame {old}{time}{offset} has moved: number {new} in this file"
            )?,
            "repeated" => write!(f, "number {new}{time} in this file repeats frame {old}")?,
            "foreign" => write!(f, "number {new}{time} in this file is not in the recording")?,
            _ => write!(
                f,
                "frame {old}{time}{offset} is the same, but its record differs"
            )?,
        }
        for (n, change) in self.fields.iter().enumerate() {
            let before = if n == 0 { ": " } else { ", " };
            write!(
                f,
                "{before}{} was {}, is {}",
                change.field, change.was, change.is
            )?;
        }
        Ok(())
    }
}
