// SPDX-License-Identifier: MPL-2.0
//! One configuration for many units: a template and a table (CSV) with a line for each unit.
//!
//! A column whose name has a dot is a path (`network.address`): its cell replaces the template's value, an empty cell leaves it. Any
//! other column is a variable: `{{site}}` in a value of the template is replaced by the cell of column `site`. The column `file`
//! names the file to write; without it the name is made from `unit.name`. Everything else of the template stays byte for byte.

mod template;

use template::{Part, Slot, parts, slots, variable};

use super::check::{self, Finding, Severity};
use super::error::{Error, Result};
use super::model::Config;
use super::path::Path;
use super::schema;
use super::text::{ConfigText, quote};
use csv::StringRecord;
use std::collections::HashMap;

/// Most units of one table.
pub const MAX_UNITS: usize = 100_000;

/// Most errors and most warnings that are kept; after so many errors the check stops.
pub const MAX_TOLD: usize = 1000;

/// A template made ready for a table.
pub struct Rollout {
    columns: Vec<String>,
    rows: Vec<StringRecord>,
    parts: Vec<Part>,
    slots: Vec<Slot>,
    config: Config,
    file: Option<usize>,
    /// What is wrong with the template's own lines and values, whatever the unit.
    pub template: Vec<Finding>,
}

/// One unit's configuration.
pub struct Unit {
    /// File to write, without a folder.
    pub file: String,
    /// Line of the table.
    pub line: u64,
    /// Name and address, for telling units apart.
    pub name: String,
    /// `network.address`, empty where there is none.
    pub address: String,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// What a check of all units gave.
#[derive(Default)]
pub struct Report {
    /// Units in the table.
    pub units: usize,
    /// Names of the files to write, one for each unit that was checked.
    pub files: Vec<String>,
    /// What forbids writing, as text with the line of the table.
    pub errors: Vec<String>,
    /// The same for what is allowed but most likely not meant.
    pub warnings: Vec<String>,
    /// There was so much to tell that not all units were checked: nothing may be written.
    pub stopped: bool,
}

impl Rollout {
    /// Reads the table and takes the template apart.
    ///
    /// # Errors
    /// [`Error::Table`] for a table that does not fit the template, with its line.
    pub fn new(template: &ConfigText, table: &str) -> Result<Rollout> {
        let (columns, rows) = read_table(table)?;
        let paths = path_columns(&columns)?;
        let mut prepared = template.clone();
        for (path, _) in &paths {
            if prepared.config().value(&path.section, &path.key).is_none() {
                prepared.ini_mut().add(&path.section, &path.key, "")?;
            }
        }
        prepared.reread();
        let parts = parts(template, &prepared, &paths, &columns)?;
        let mut config = prepared.config().clone();
        let slots = slots(&mut config, template, &paths);
        let varies = |finding: &Finding| {
            slots
                .iter()
                .any(|slot| slot.path.to_string() == finding.path)
        };
        let template = check::check_single(template.config())
            .into_iter()
            .filter(|finding| !varies(finding))
            .collect();
        let file = columns.iter().position(|name| name == "file");
        Ok(Rollout {
            columns,
            rows,
            parts,
            slots,
            config,
            file,
            template,
        })
    }

    /// Number of units in the table.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// A table without units.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The configuration of one unit, from 0.
    pub fn unit(&mut self, index: usize) -> Option<Unit> {
        let row = self.rows.get(index)?;
        let mut findings = Vec::new();
        for slot in &self.slots {
            let cell = slot
                .column
                .map(|column| row.get(column).unwrap_or_default());
            let value = match cell.filter(|cell| !cell.is_empty()) {
                Some(cell) => cell.to_owned(),
                None => self.fill(&slot.value, row),
            };
            let field = schema::lookup(&slot.path.section, &slot.path.key);
            let skip = value.is_empty() && slot.column.is_some() && slot.value.is_empty();
            if let Some(Err(message)) = field.filter(|_| !skip).map(|f| f.kind.canonical(&value)) {
                findings.push(Finding {
                    severity: Severity::Error,
                    rule: "value",
                    place: Default::default(),
                    path: slot.path.to_string(),
                    message,
                });
            }
            let section = self.config.sections.get_mut(slot.section);
            if let Some(entry) = section.and_then(|s| s.entries.get_mut(slot.entry)) {
                // A line that is left out of the text is left out of the model too.
                entry.key.clear();
                if !skip {
                    entry.key.push_str(&slot.path.key);
                }
                entry.value = value;
            }
        }
        findings.extend(check::check_across(&self.config));
        let text = |section: &str, key: &str| {
            self.config
                .value(section, key)
                .unwrap_or_default()
                .to_owned()
        };
        let name = text("unit", "name");
        let file = match self.file.and_then(|column| row.get(column)) {
            Some(cell) if !cell.is_empty() => cell.to_owned(),
            _ => slug(&name),
        };
        Some(Unit {
            file,
            line: row.position().map_or(0, csv::Position::line),
            name,
            address: text("network", "address"),
            findings,
        })
    }

    /// The text of one unit, from 0, without checking it.
    pub fn text_of(&self, index: usize) -> Option<Vec<u8>> {
        self.rows.get(index).map(|row| self.text(row))
    }

    fn text(&self, row: &StringRecord) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Fixed(bytes) => out.extend_from_slice(bytes),
                Part::Cell(column) => {
                    out.extend_from_slice(row.get(*column).unwrap_or_default().as_bytes());
                }
                Part::Line {
                    column,
                    before,
                    after,
                    line,
                } => match row.get(*column).unwrap_or_default() {
                    "" => out.extend_from_slice(
                        self.fill(&String::from_utf8_lossy(line), row).as_bytes(),
                    ),
                    cell => {
                        out.extend_from_slice(before);
                        out.extend_from_slice(quote(cell).as_bytes());
                        out.extend_from_slice(after);
                    }
                },
            }
        }
        out
    }

    /// Replaces the variables in a value.
    fn fill(&self, text: &str, row: &StringRecord) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, column, after)) = variable(rest, &self.columns) {
            out.push_str(before);
            out.push_str(row.get(column).unwrap_or_default());
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// Checks all units, each by itself and all against each other.
    pub fn check_all(&mut self) -> Report {
        let mut report = Report {
            units: self.len(),
            ..Report::default()
        };
        for finding in &self.template {
            report.tell(finding.severity, format!("template: {finding}"));
        }
        let mut seen = HashMap::new();
        let mut told: HashMap<(Severity, String, String), Told> = HashMap::new();
        for index in 0..self.len() {
            let Some(unit) = self.unit(index) else { break };
            let line = unit.line;
            report.files.push(unit.file.clone());
            if let Err(message) = check_file_name(&unit.file) {
                report.errors.push(format!("line {line}: {message}"));
            }
            for (what, value) in [
                ("file", &unit.file),
                ("network.address", &unit.address),
                ("unit.name", &unit.name),
            ] {
                if value.is_empty() || value == "0.0.0.0" {
                    continue;
                }
                if let Some(first) = seen.insert((what, value.to_lowercase()), line) {
                    let message =
                        format!("line {line}: {what} {value:?} is that of line {first} too");
                    report.errors.push(message);
                }
            }
            if report.errors.len() >= MAX_TOLD || told.len() >= MAX_TOLD {
                report.stopped = true;
                break;
            }
            for finding in unit.findings {
                let first = told
                    .entry((finding.severity, finding.path, finding.message))
                    .or_insert(Told {
                        line,
                        file: unit.file.clone(),
                        more: 0,
                    });
                first.more = first.more.saturating_add(1);
            }
        }
        report.tell_units(told);
        report
    }
}

/// The first unit of a finding, and how many have it.
struct Told {
    line: u64,
    file: String,
    more: u64,
}

impl Report {
    fn tell(&mut self, severity: Severity, message: String) {
        match severity {
            Severity::Error => self.errors.push(message),
            Severity::Warning => self.warnings.push(message),
        }
    }

    /// Tells a finding that many units share once, in the order of the table.
    fn tell_units(&mut self, told: HashMap<(Severity, String, String), Told>) {
        let mut told: Vec<_> = told.into_iter().collect();
        told.sort_by(|(a, x), (b, y)| (x.line, a).cmp(&(y.line, b)));
        for ((severity, path, message), Told { line, file, more }) in told {
            let others = match more.saturating_sub(1) {
                0 => String::new(),
                n => format!(" (and {n} more units)"),
            };
            self.tell(
                severity,
                format!("line {line} ({file}): {path}: {message}{others}"),
            );
        }
    }
}

fn read_table(table: &str) -> Result<(Vec<String>, Vec<StringRecord>)> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(table.trim_start_matches('\u{feff}').as_bytes());
    let fail = |error: csv::Error| Error::Table(error.to_string());
    let head = reader.headers().map_err(fail)?;
    let columns: Vec<String> = head.iter().map(str::to_owned).collect();
    for (at, name) in columns.iter().enumerate() {
        let before = columns.get(..at).unwrap_or_default();
        if name.is_empty() || before.contains(name) {
            return Err(Error::Table(format!(
                "line 1: column {name:?} is empty or stands twice"
            )));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(fail)?;
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() >= MAX_UNITS {
            return Err(Error::TooLarge {
                what: "a table of more units".into(),
                limit: format!("{MAX_UNITS} units"),
            });
        }
        if let Some(cell) = record
            .iter()
            .find(|cell| cell.chars().any(char::is_control))
        {
            return Err(Error::Table(format!(
                "line {line}: control character in {cell:?}"
            )));
        }
        rows.push(record);
    }
    Ok((columns, rows))
}

fn path_columns(columns: &[String]) -> Result<Vec<(Path, usize)>> {
    let mut paths = Vec::new();
    for (column, name) in columns.iter().enumerate() {
        if name.contains('.') {
            let path = Path::parse(name)?;
            path.field()?;
            paths.push((path, column));
        }
    }
    Ok(paths)
}

/// A file name made of a unit's name.
fn slug(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return String::new();
    }
    format!("{}.par", words.join("-"))
}

/// Refuses what would not stay in the folder.
fn check_file_name(name: &str) -> Result<(), String> {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if name.is_empty() {
        return Err("has neither file nor unit.name".into());
    }
    if name.starts_with('.') || name.len() > 120 || !name.chars().all(good) {
        return Err(format!(
            "file {name:?}: allowed are letters, digits, '-', '_', '.' and blanks, not '.' first, 120 bytes at most"
        ));
    }
    Ok(())
}
