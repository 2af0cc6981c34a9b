// SPDX-License-Identifier: MPL-2.0
//! Fields of a range of bytes, and how they are shown.

use crate::common::plain::plain;
use formats::fields::Explained;
use serde::Serialize;
use std::fmt::Write;

/// Bytes in a line of hexadecimal digits.
const LINE: usize = 16;
/// Bytes of a long field that are shown, from its beginning.
const SHOWN: usize = 48;
/// The same of bytes that nobody knows.
const SHOWN_UNKNOWN: usize = 256;
/// What separates fields on a terminal: foreground colours that are legible on black and on white.
const COLOURS: [u8; 6] = [36, 33, 32, 35, 34, 31];
const DIM: u8 = 90;

/// One field.
#[derive(Debug, Serialize)]
pub struct Field {
    /// Offset from the start of what is shown.
    at: usize,
    /// Bytes.
    length: usize,
    /// Name.
    pub name: String,
    /// What it says.
    pub value: String,
    /// verified, stated, assumed, inferred or unknown.
    known: &'static str,
    /// The bytes, the first of them where they are many.
    hex: String,
    #[serde(skip)]
    colour: u8,
}

/// A header or a record.
#[derive(Debug, Serialize)]
pub struct Sheet {
    /// What it is.
    pub title: String,
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub size: usize,
    /// Its fields in their order: every byte is in one.
    pub fields: Vec<Field>,
    /// What else there is to know.
    pub notes: Vec<String>,
    #[serde(skip)]
    bytes: Vec<u8>,
}

impl Sheet {
    /// The bytes at `offset` in the file and what they stand for. Rows that cross an earlier one or the end are left out; bytes
    /// without a row are unknown.
    pub fn new(title: String, offset: u64, bytes: &[u8], rows: Vec<Explained>) -> Sheet {
        let mut sheet = Sheet {
            title,
            offset,
            size: bytes.len(),
            fields: Vec::new(),
            notes: Vec::new(),
            bytes: bytes.to_vec(),
        };
        let mut rows: Vec<Explained> = rows.into_iter().filter(|row| row.length > 0).collect();
        rows.sort_by_key(|row| row.at);
        let mut end = 0;
        for row in rows {
            if row.at < end || row.at + row.length > bytes.len() {
                continue;
            }
            sheet.add_unknown(end, row.at);
            end = row.at + row.length;
            let known = row.status.word();
            sheet.add(row.at, row.length, row.name, row.value, known);
        }
        sheet.add_unknown(end, bytes.len());
        sheet
    }

    fn add_unknown(&mut self, from: usize, to: usize) {
        let bytes = self.bytes.get(from..to).unwrap_or_default();
        let value = match bytes.iter().all(|byte| *byte == 0) {
            true => "all zero",
            false => "",
        };
        if from < to {
            self.add(from, to - from, "—".to_owned(), value.to_owned(), "unknown");
        }
    }

    fn add(&mut self, at: usize, length: usize, name: String, value: String, known: &'static str) {
        let shown = match known {
            "unknown" => SHOWN_UNKNOWN,
            _ => SHOWN,
        };
        let bytes = self.bytes.get(at..at + length.min(shown));
        let hex: Vec<String> = bytes
            .unwrap_or_default()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let number = self
            .fields
            .iter()
            .filter(|field| field.colour != DIM)
            .count();
        self.fields.push(Field {
            colour: match known {
                "unknown" => DIM,
                _ => COLOURS[number % COLOURS.len()],
            },
            at,
            length,
            name,
            value,
            known,
            hex: hex.join(" "),
        });
    }

    /// The sheet for people: a table of fields, or with `colour` a hexdump in which every field has its colour and the table below.
    pub fn text(&self, file: &str, colour: bool) -> String {
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
        match colour {
            true => self.hexdump(&mut out),
            false => self.table(&mut out),
        }
        for note in &self.notes {
            let _ = write!(out, "\n{}", plain(note));
        }
        out.push('\n');
        out
    }

    fn table(&self, out: &mut String) {
        let width = LINE * 3 - 1;
        let heads = ("offset", "bytes", "known", "field");
        let _ = writeln!(
            out,
            "{:>10}  {:<width$}  {:<9} {:<22} value",
            heads.0, heads.1, heads.2, heads.3
        );
        for field in &self.fields {
            let hex: Vec<&str> = field.hex.split(' ').collect();
            for (n, line) in hex.chunks(LINE).enumerate() {
                let at = self.offset + (field.at + n * LINE) as u64;
                let line = line.join(" ");
                let line = match n {
                    0 => format!(
                        "{at:>10}  {line:<width$}  {:<9} {:<22} {}",
                        field.known,
                        field.name,
                        plain(&field.value)
                    ),
                    _ => format!("{at:>10}  {line}"),
                };
                let _ = writeln!(out, "{}", line.trim_end());
            }
            if let Some(more) = field.length.checked_sub(hex.len()).filter(|more| *more > 0) {
                let _ = writeln!(out, "{:>10}  … {more} more bytes", "");
            }
        }
    }

    fn hexdump(&self, out: &mut String) {
        let field_at = |at: usize| self.fields.partition_point(|field| field.at <= at) - 1;
        // a line that is wholly in the part of a field that is not shown
        let is_hidden = |at: usize| {
            let field = &self.fields[field_at(at)];
            let shown = field.hex.split(' ').count();
            at >= field.at + shown && at + LINE <= field.at + field.length
        };
        let mut hidden = 0;
        for (n, line) in self.bytes.chunks(LINE).enumerate() {
            let at = n * LINE;
            if is_hidden(at) {
                hidden += line.len();
                continue;
            }
            if std::mem::take(&mut hidden) > 0 {
                let _ = writeln!(out, "{:>10}  …", "");
            }
            let _ = write!(out, "{:>10}  ", self.offset + at as u64);
            let mut letters = String::new();
            for (n, byte) in line.iter().enumerate() {
                let colour = self.fields[field_at(at + n)].colour;
                let letter = match byte {
                    0x20..0x7f => char::from(*byte),
                    _ => '.',
                };
                let _ = write!(out, "\x1b[{colour}m{byte:02x}\x1b[0m ");
                let _ = write!(letters, "\x1b[{colour}m{letter}\x1b[0m");
            }
            let _ = writeln!(
                out,
                "{:width$} {letters}",
                "",
                width = (LINE - line.len()) * 3
            );
        }
        if hidden > 0 {
            let _ = writeln!(out, "{:>10}  …", "");
        }
        let _ = writeln!(
            out,
            "\n{:>10} {:>7}  {:<9} {:<22} value",
            "offset", "bytes", "known", "field"
        );
        for field in &self.fields {
            let _ = writeln!(
                out,
                "{:>10} {:>7}  {:<9} \x1b[{}m{:<22}\x1b[0m {}",
                self.offset + field.at as u64,
                field.length,
                field.known,
                field.colour,
                field.name,
                plain(&field.value)
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::fields::Status;

    fn row(at: usize, length: usize, name: &str) -> Explained {
        Explained {
            at,
            length,
            name: name.to_owned(),
            value: String::new(),
            status: Status::Verified,
        }
    }

    #[test]
    fn bytes_between_fields_are_unknown() {
        let rows = vec![
            row(4, 4, "b"),
            row(0, 2, "a"),
            row(6, 3, "crosses b"),
            row(8, 9, "too long"),
        ];
        let sheet = Sheet::new(String::new(), 0, &[0, 0, 0, 0, 0, 0, 0, 0, 1], rows);
        let places: Vec<_> = sheet
            .fields
            .iter()
            .map(|field| (field.at, field.length, field.known, field.value.as_str()))
            .collect();
        assert_eq!(
            places,
            [
                (0, 2, "verified", ""),
                (2, 2, "unknown", "all zero"),
                (4, 4, "verified", ""),
                (8, 1, "unknown", "")
            ]
        );
    }

    #[test]
    fn a_hexdump_shows_every_byte_in_the_colour_of_its_field() {
        let bytes: Vec<u8> = (0..200).map(|n| n ^ 0x40).collect();
        let sheet = Sheet::new(
            String::new(),
            1000,
            &bytes,
            vec![row(0, 3, "a"), row(3, 190, "b")],
        );
        let text = sheet.text("x", true);
        let first = text
            .lines()
            .find(|line| line.starts_with("      1000"))
            .unwrap();
        let (a, b) = (COLOURS[0], COLOURS[1]);
        assert!(
            first.contains(&format!("\x1b[{a}m42\x1b[0m \x1b[{b}m43\x1b[0m")),
            "{first:?}"
        );
        assert!(first.ends_with(&format!("\x1b[{b}mO\x1b[0m")), "{first:?}");
        // the middle of a long field is left out, its end and what follows are not
        let offsets: Vec<&str> = text.lines().filter_map(|line| line.get(6..10)).collect();
        assert!(
            offsets.contains(&"1048") && !offsets.contains(&"1064"),
            "{offsets:?}"
        );
        assert!(text.contains(&format!("\x1b[{DIM}m81\x1b[0m")), "{text:?}");
        assert!(!sheet.text("x", false).contains('\x1b'));
    }
}
