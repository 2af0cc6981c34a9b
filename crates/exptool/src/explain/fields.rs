// SPDX-License-Identifier: MPL-2.0
//! Fields of a stretch of bytes, and how they are shown.

use crate::common::plain::plain;
use formats::exp::layout::Status;
use serde::Serialize;
use std::{collections::HashMap, fmt::Write, ops::Range};

/// Bytes in a line of hexadecimal digits.
const ROW: usize = 16;
/// Bytes of a long field that are shown at its beginning.
const SHOWN: usize = 48;

/// One field.
#[derive(Debug, Serialize)]
pub struct Field {
    /// Offset from the start of what is shown.
    pub at: usize,
    /// Bytes.
    pub length: usize,
    /// Name.
    pub name: String,
    /// What it says.
    pub value: String,
    /// verified, stated, assumed, inferred or unknown.
    pub known: &'static str,
    /// The bytes, the first of them where they are many.
    pub hex: String,
}

/// A header or a record.
#[derive(Debug, Default, Serialize)]
pub struct Sheet {
    /// What it is.
    pub title: String,
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub size: usize,
    /// Its fields in their order.
    pub fields: Vec<Field>,
    /// What is to be known beside.
    pub notes: Vec<String>,
}

/// The word for a status.
pub fn word(status: Status) -> &'static str {
    match status {
        Status::Verified => "verified",
        Status::Stated => "stated",
        Status::Assumed => "assumed",
        Status::Inferred => "inferred",
    }
}

impl Sheet {
    /// Adds a field that takes these bytes. Fields without bytes and such as cross another are left out.
    pub fn add(&mut self, range: Range<usize>, name: &str, value: String, known: &'static str) {
        let crosses = |field: &Field| field.at < range.end && range.start < field.at + field.length;
        if range.is_empty() || self.fields.iter().any(crosses) {
            return;
        }
        self.fields.push(Field {
            at: range.start,
            length: range.len(),
            name: name.to_owned(),
            value,
            known,
            hex: String::new(),
        });
    }

    /// Names all bytes between the fields unknown.
    pub fn fill_unknown(&mut self, size: usize) {
        self.size = size;
        self.fields.sort_by_key(|field| field.at);
        let mut free = Vec::new();
        let mut at = 0;
        for field in &self.fields {
            free.push(at..field.at);
            at = field.at + field.length;
        }
        free.push(at..size);
        for range in free.into_iter().filter(|range| range.start < range.end) {
            self.add(range, "—", String::new(), "unknown");
        }
        self.fields.sort_by_key(|field| field.at);
    }

    /// Puts the bytes to the fields.
    pub fn take_bytes(&mut self, bytes: &[u8]) {
        for field in &mut self.fields {
            let end = field.at + field.length.min(SHOWN);
            let part = bytes
                .get(field.at..end.min(bytes.len()))
                .unwrap_or_default();
            let digits: Vec<String> = part.iter().map(|byte| format!("{byte:02x}")).collect();
            field.hex = digits.join(" ");
            if field.known == "unknown"
                && field.value.is_empty()
                && bytes
                    .get(field.at..field.at + field.length)
                    .is_some_and(|all| all.iter().all(|byte| *byte == 0))
            {
                field.value = "all zero".to_owned();
            }
        }
    }

    /// The sheet for people.
    pub fn text(&self, file: &str) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{}, offset {} (0x{:x}), {} bytes: {}\n",
            plain(file),
            self.offset,
            self.offset,
            self.size,
            plain(&self.title)
        );
        let width = ROW * 3 - 1;
        let _ = writeln!(
            out,
            "{:>10}  {:<width$}  {:<9} {:<18} value",
            "offset", "bytes", "known", "field"
        );
        for field in &self.fields {
            self.row(&mut out, field);
        }
        for note in &self.notes {
            let _ = write!(out, "\n{}", plain(note));
        }
        out.push('\n');
        out
    }

    fn row(&self, out: &mut String, field: &Field) {
        let width = ROW * 3 - 1;
        let hex: Vec<&str> = field.hex.split(' ').collect();
        for (n, row) in hex.chunks(ROW).enumerate() {
            let at = self.offset + (field.at + n * ROW) as u64;
            let line = match n {
                0 => format!(
                    "{at:>10}  {:<width$}  {:<9} {:<18} {}",
                    row.join(" "),
                    field.known,
                    field.name,
                    plain(&field.value)
                ),
                _ => format!("{at:>10}  {}", row.join(" ")),
            };
            let _ = writeln!(out, "{}", line.trim_end());
        }
        if field.length > SHOWN {
            let _ = writeln!(out, "{:>10}  … {} more bytes", "", field.length - SHOWN);
        }
    }
}

/// How well each field of a layout is known, by its key such as `record.time`: the word in the comment behind it, else the
/// layout's status.
pub struct Known {
    words: HashMap<String, &'static str>,
    rest: &'static str,
}

impl Known {
    /// Reads the words out of a layout's TOML text.
    pub fn read(text: &str, status: Status) -> Known {
        let mut section = String::new();
        let mut words = HashMap::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|line| line.split(']').next())
            {
                name.trim_start_matches('[').clone_into(&mut section);
                continue;
            }
            let (Some((key, _)), Some((_, comment))) =
                (line.split_once('='), line.rsplit_once('#'))
            else {
                continue;
            };
            let first = comment
                .split(|c: char| !c.is_ascii_alphabetic())
                .find(|word| !word.is_empty());
            let statuses = [
                Status::Verified,
                Status::Stated,
                Status::Assumed,
                Status::Inferred,
            ];
            let known = statuses
                .into_iter()
                .map(word)
                .find(|status| first == Some(*status));
            if let Some(known) = known
                && !line.starts_with('#')
            {
                words.insert(format!("{section}.{}", key.trim()), known);
            }
        }
        Known {
            words,
            rest: word(status),
        }
    }

    /// The word for a field.
    pub fn of(&self, key: &str) -> &'static str {
        self.words.get(key).copied().unwrap_or(self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::exp::layout::BUILT_IN;

    #[test]
    fn words_behind_fields_are_read() {
        let known = Known::read(BUILT_IN[0].1, Status::Assumed);
        assert_eq!(known.of("record.time"), "verified");
        assert_eq!(known.of("record.p.length"), "verified");
        assert_eq!(known.of("record.audio.length"), "assumed");
        assert_eq!(known.of("record.size"), "assumed");
    }

    #[test]
    fn bytes_between_fields_are_unknown() {
        let mut sheet = Sheet::default();
        sheet.add(4..8, "b", String::new(), "verified");
        sheet.add(0..2, "a", String::new(), "verified");
        // crosses the first, and is left out
        sheet.add(6..10, "c", String::new(), "verified");
        sheet.fill_unknown(9);
        let places: Vec<_> = sheet
            .fields
            .iter()
            .map(|field| (field.at, field.length, field.known))
            .collect();
        assert_eq!(
            places,
            [
                (0, 2, "verified"),
                (2, 2, "unknown"),
                (4, 4, "verified"),
                (8, 1, "unknown")
            ]
        );
    }
}
