// SPDX-License-Identifier: MPL-2.0
//! A template taken apart: what is the same for all units, and what comes from the table.

use crate::error::{Error, Result};
use crate::ini::Kind;
use crate::model::Config;
use crate::path::Path;
use crate::text::ConfigText;
use std::collections::HashMap;

/// A part of the text to write.
pub(super) enum Part {
    /// As in the template.
    Fixed(Vec<u8>),
    /// A variable inside a value.
    Cell(usize),
    /// A whole line of a path column; `line` stands instead of an empty cell.
    Line {
        column: usize,
        before: Vec<u8>,
        after: Vec<u8>,
        line: Vec<u8>,
    },
}

/// A value of the model that changes from unit to unit.
pub(super) struct Slot {
    pub(super) section: usize,
    pub(super) entry: usize,
    pub(super) path: Path,
    /// The template's value.
    pub(super) value: String,
    /// Path column.
    pub(super) column: Option<usize>,
}

/// The first `{{name}}` whose name is a column.
pub(super) fn variable<'a>(text: &'a str, columns: &[String]) -> Option<(&'a str, usize, &'a str)> {
    let mut from = 0;
    loop {
        let (before, rest) = text.split_at_checked(from)?;
        let open = rest.find("{{")?;
        let (skipped, marked) = rest.split_at_checked(open)?;
        let start = before.len().saturating_add(skipped.len());
        if let Some((name, after)) = marked.strip_prefix("{{").and_then(|m| m.split_once("}}"))
            && let Some(column) = columns.iter().position(|c| c == name.trim())
        {
            return Some((text.get(..start)?, column, after));
        }
        from = start.saturating_add(2);
    }
}

/// Names in `{{}}` that are no column.
fn unknown_variable(text: &str, columns: &[String]) -> Option<String> {
    text.split("{{")
        .skip(1)
        .filter_map(|part| part.split_once("}}"))
        .map(|(name, _)| name.trim().to_owned())
        .find(|name| !columns.contains(name))
}

pub(super) fn parts(
    template: &ConfigText,
    prepared: &ConfigText,
    paths: &[(Path, usize)],
    columns: &[String],
) -> Result<Vec<Part>> {
    let ini = prepared.ini();
    let mut line_of = HashMap::new();
    for (path, column) in paths {
        let new = template.config().value(&path.section, &path.key).is_none();
        if let Some(at) = ini.find(&path.section, &path.key).last() {
            line_of.insert(*at, (*column, new));
        }
    }
    let mut parts = Vec::new();
    for (at, line) in ini.lines.iter().enumerate() {
        let Kind::Key { value, .. } = &line.kind else {
            push_fixed(&mut parts, &line.bytes);
            continue;
        };
        let get =
            |range: std::ops::Range<usize>| line.bytes.get(range).unwrap_or_default().to_vec();
        let text = ini.text(line, &(0..line.bytes.len()));
        if let Some(name) = unknown_variable(&text, columns) {
            let message = format!(
                "template, line {}: there is no column {name:?}",
                at.saturating_add(1)
            );
            return Err(Error::Table(message));
        }
        if let Some((column, new)) = line_of.get(&at) {
            parts.push(Part::Line {
                column: *column,
                before: get(0..value.start),
                after: get(value.end..line.bytes.len()),
                line: if *new {
                    Vec::new()
                } else {
                    line.bytes.to_vec()
                },
            });
            continue;
        }
        let mut rest = text.as_str();
        while let Some((before, column, after)) = variable(rest, columns) {
            push_fixed(&mut parts, before.as_bytes());
            parts.push(Part::Cell(column));
            rest = after;
        }
        push_fixed(&mut parts, rest.as_bytes());
    }
    push_fixed(&mut parts, &ini.tail);
    Ok(parts)
}

fn push_fixed(parts: &mut Vec<Part>, bytes: &[u8]) {
    match parts.last_mut() {
        Some(Part::Fixed(last)) => last.extend_from_slice(bytes),
        _ => parts.push(Part::Fixed(bytes.to_vec())),
    }
}

pub(super) fn slots(
    config: &mut Config,
    template: &ConfigText,
    paths: &[(Path, usize)],
) -> Vec<Slot> {
    let mut slots = Vec::new();
    for (section_at, section) in config.sections.iter().enumerate() {
        for (entry_at, entry) in section.entries.iter().enumerate() {
            let path = Path::new(&section.name, &entry.key);
            let column = paths
                .iter()
                .find(|(p, _)| *p == path)
                .map(|(_, column)| *column);
            if column.is_some() || entry.value.contains("{{") {
                let value = template.config().value(&path.section, &path.key);
                slots.push(Slot {
                    section: section_at,
                    entry: entry_at,
                    value: value.unwrap_or_default().to_owned(),
                    path,
                    column,
                });
            }
        }
    }
    slots
}
