// SPDX-License-Identifier: MPL-2.0
//! Cameras and alarms as CSV, for spreadsheets.
//!
//! The first column is `camera` or `alarm` and holds the number, the others are named by their keys. An empty cell says nothing. A
//! cell that a spreadsheet would take for a formula gets a `'` before it, which is taken off again.

use super::diff::{MASK, is_secret};
use super::error::{Error, Result};
use super::ini_edit::Edit;
use super::model::{Config, check_value};
use super::path::Path;
use super::schema::{self, FieldDef};
use super::text::ConfigText;
use std::collections::BTreeSet;

/// Kinds of section that can be a table.
pub const KINDS: [&str; 2] = ["camera", "alarm"];

/// The sections `kind.N` as CSV. All known keys are columns, so that cells can be filled in.
///
/// # Errors
/// [`Error::Table`] where `kind` is none of [`KINDS`].
pub fn to_csv(config: &Config, kind: &str, secrets: bool) -> Result<String> {
    if !KINDS.contains(&kind) {
        return Err(Error::Table(format!(
            "{kind}: allowed are {}",
            KINDS.join(", ")
        )));
    }
    let sections = config.sections_of(kind);
    let fields = schema::section(&format!("{kind}.1")).map_or(&[][..], |(def, _)| def.fields);
    let mut columns: Vec<String> = fields
        .iter()
        .filter(|f| !f.key.ends_with('#'))
        .map(name)
        .collect();
    let mut others = BTreeSet::new();
    for (_, section) in &sections {
        for entry in &section.entries {
            if !columns.contains(&entry.key) {
                others.insert(Path::new(&section.name, &entry.key).key);
            }
        }
    }
    columns.extend(others);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |error: csv::Error| Error::Table(error.to_string());
    let head = std::iter::once(kind).chain(columns.iter().map(String::as_str));
    writer.write_record(head).map_err(fail)?;
    for (id, section) in sections {
        let mut row = vec![id.to_owned()];
        for key in &columns {
            let secret = is_secret(&Path::new(&section.name, key)) && !secrets;
            row.push(match section.value(key) {
                None => String::new(),
                Some(_) if secret => MASK.into(),
                Some(value) => guard(value),
            });
        }
        writer.write_record(&row).map_err(fail)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::Table(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| Error::Table(error.to_string()))
}

fn name(field: &FieldDef) -> String {
    field.key.to_owned()
}

fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t'])
}

fn guard(text: &str) -> String {
    if is_formula(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn unguard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => text,
    }
}

/// Sets what the table says; everything else of the text stays. Nothing is changed if one cell is wrong.
///
/// # Errors
/// [`Error::Table`] with the line of the table.
pub fn from_csv(table: &str, text: &mut ConfigText) -> Result<Vec<Edit>> {
    let mut values = Vec::new();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(table.trim_start_matches('\u{feff}').as_bytes());
    let fail = |error: csv::Error| Error::Table(error.to_string());
    let head = reader.headers().map_err(fail)?.clone();
    let kind = head.get(0).unwrap_or_default().to_ascii_lowercase();
    if !KINDS.contains(&kind.as_str()) {
        return Err(Error::Table(format!(
            "line 1: the first column is {kind:?}; allowed: {}",
            KINDS.join(", ")
        )));
    }
    for record in reader.records() {
        let record = record.map_err(fail)?;
        let line = record.position().map_or(0, csv::Position::line);
        let at = |error: Error| Error::Table(format!("line {line}: {error}"));
        let section = format!("{kind}.{}", record.get(0).unwrap_or_default());
        if schema::section(&section).is_none() {
            let message = format!("[{section}]: {}", schema::why_unknown(&section, None));
            return Err(Error::Table(format!("line {line}: {message}")));
        }
        for (key, cell) in head.iter().zip(&record).skip(1) {
            let path = Path::new(&section, key);
            let value = unguard(cell);
            if value.is_empty() || (is_secret(&path) && value == MASK) {
                continue;
            }
            if text.config().value(&path.section, &path.key) == Some(value) {
                continue;
            }
            path.field().map_err(at)?;
            check_value(&path, value).map_err(at)?;
            values.push((path, value.to_owned()));
        }
    }
    text.set_all(&values)
}
