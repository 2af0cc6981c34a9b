// SPDX-License-Identifier: MPL-2.0
//! Tables of units: CSV as spreadsheets write it.
//!
//! Columns are separated by `,`, `;` or tab, whichever the first line has most of, or as a line `sep=;` before it says. UTF-8,
//! UTF-16 with a byte order mark and Windows-1252 are read; `="0012"` is the text 0012; empty columns and lines at the end are left
//! out.

use crate::code_page::CodePage;
use crate::error::{Error, Result};
use std::collections::BTreeSet;

/// Most bytes of a table.
pub const MAX_TABLE: usize = 16 << 20;
/// Most units.
pub const MAX_UNITS: usize = 100_000;
/// Most columns.
pub const MAX_COLUMNS: usize = 256;

/// A table with a line for each unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Units.
    pub rows: Vec<Row>,
}

/// One unit's line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Line in the file, from 1.
    pub line: u64,
    /// As many cells as there are columns.
    pub cells: Vec<String>,
}

fn fail<T>(line: u64, message: impl std::fmt::Display) -> Result<T> {
    Err(Error::refuse(format!("line {line}"), message))
}

fn decode(bytes: &[u8]) -> String {
    // The byte order mark decides; without one it is UTF-8 if it can be.
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding.decode(bytes).0.into_owned(),
        None => CodePage::detect(bytes).decode(bytes),
    }
}

/// `="0012"` is how a spreadsheet is kept from making a number of a text.
fn plain(cell: &str) -> &str {
    let cell = cell.trim();
    let inner = cell
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(cell)
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// What is wrong, with its line, or beyond the limits.
    pub fn parse(bytes: &[u8]) -> Result<Table> {
        let too_large = |limit: String| Error::too_large("the table", limit);
        if bytes.len() > MAX_TABLE {
            return Err(too_large(format!("{MAX_TABLE} bytes")));
        }
        let text = decode(bytes);
        let first = text.lines().next().unwrap_or_default();
        let named = first
            .trim()
            .strip_prefix("sep=")
            .and_then(|rest| rest.bytes().next().or(Some(b'\t')));
        let body = if named.is_some() {
            text.split_once('\n').map_or("", |(_, rest)| rest)
        } else {
            &text
        };
        let header = body.lines().next().unwrap_or_default();
        let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
        let delimiter = named.unwrap_or_else(|| {
            *[b',', b';', b'\t']
                .iter()
                .rev()
                .max_by_key(|d| count(d))
                .unwrap_or(&b',')
        });
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(body.as_bytes());
        let before = u64::from(named.is_some());
        let mut table = Table::default();
        for record in reader.records() {
            let record = record.map_err(|error| Error::Refused(error.to_string()))?;
            let line = record
                .position()
                .map_or(0, csv::Position::line)
                .saturating_add(before);
            let mut cells: Vec<String> = record.iter().map(|cell| plain(cell).to_owned()).collect();
            while cells.last().is_some_and(String::is_empty) {
                cells.pop();
            }
            if cells.is_empty() {
                continue;
            }
            if table.columns.is_empty() {
                if cells.len() > MAX_COLUMNS {
                    return Err(too_large(format!("{MAX_COLUMNS} columns")));
                }
                table.columns = cells;
                table.check_columns(line)?;
                continue;
            }
            if cells.len() > table.columns.len() {
                return fail(
                    line,
                    format!("{} cells, but {} columns", cells.len(), table.columns.len()),
                );
            }
            if let Some(cell) = cells.iter().find(|cell| cell.chars().any(char::is_control)) {
                return fail(
                    line,
                    format!("{cell:?} has a control character or a line end"),
                );
            }
            if table.rows.len() >= MAX_UNITS {
                return Err(too_large(format!("{MAX_UNITS} units")));
            }
            cells.resize(table.columns.len(), String::new());
            table.rows.push(Row { line, cells });
        }
        if table.columns.is_empty() {
            fail(1, "the table is empty")
        } else {
            Ok(table)
        }
    }

    fn check_columns(&self, line: u64) -> Result<()> {
        let mut seen = BTreeSet::new();
        for (name, number) in self.columns.iter().zip(1_usize..) {
            if name.is_empty() {
                return fail(line, format!("column {number} has no name"));
            }
            if !seen.insert(name.to_lowercase()) {
                return fail(line, format!("column {name} occurs twice"));
            }
        }
        Ok(())
    }

    /// The place of a column, upper and lower case alike.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.eq_ignore_ascii_case(name))
    }

    /// A cell by column name; empty where there is none.
    pub fn cell<'a>(&self, row: &'a Row, name: &str) -> &'a str {
        self.column(name)
            .and_then(|at| row.cells.get(at))
            .map_or("", String::as_str)
    }

    /// The names in the column `unit`, each of which names a folder.
    ///
    /// # Errors
    /// A name that is missing, occurs twice or cannot be used on every system.
    pub fn units<'a>(&'a self) -> Result<Vec<&'a str>> {
        let Some(at) = self.column("unit") else {
            return fail(
                1,
                format!(
                    "expected a column \"unit\"; found {}",
                    self.columns.join(", ")
                ),
            );
        };
        let mut seen = BTreeSet::new();
        for row in &self.rows {
            let name = row.cells.get(at).map_or("", String::as_str);
            if let Some(why) = unusable(name) {
                return fail(
                    row.line,
                    format!("{name:?} cannot be used as a folder's name: {why}"),
                );
            }
            if !seen.insert(name.to_lowercase()) {
                return fail(row.line, format!("unit {name} occurs twice"));
            }
        }
        let name = |row: &'a Row| row.cells.get(at).map_or("", String::as_str);
        Ok(self.rows.iter().map(name).collect())
    }
}

/// Why a name cannot be that of a folder on every system (Windows reserves the most: stated, its documentation).
pub fn unusable(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    let device = stem.strip_suffix(|c: char| c.is_ascii_digit() || "¹²³".contains(c));
    let is_port = device.is_some_and(|device| ["com", "lpt"].contains(&device));
    if name.is_empty() {
        Some("it is empty")
    } else if name.len() > 200 {
        Some("it is longer than 200 bytes")
    } else if is_port || ["con", "prn", "aux", "nul"].contains(&stem.as_str()) {
        Some("Windows reserves it")
    } else if name.ends_with(['.', ' ']) {
        Some("Windows drops the dot or blank at its end")
    } else if name.starts_with(['.', '-', ' ']) {
        Some("it begins with a dot, a hyphen or a blank")
    } else if name.contains(['<', '>', ':', '"', '/', '\\', '|', '?', '*'])
        || name.chars().any(char::is_control)
    {
        Some("it has one of < > : \" / \\ | ? * or a control character")
    } else {
        None
    }
}
