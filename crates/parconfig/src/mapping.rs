// SPDX-License-Identifier: MPL-2.0
//! Which key of a unit's `.ini` files is which field of a configuration: a table of the user's, in TOML.
//!
//! The names in units' files are in no public text, so none is built in. A rule:
//!
//! ```toml
//! [[map]]
//! path = "camera.*.enabled"     # `*` is the number
//! file = "cameras.ini"
//! section = "Input *"
//! key = "Active"
//! first = 0                     # the number in the file that is number 1 here; 1 if left out
//! values = { yes = "1", no = "0" }
//! ```

use super::code_page::toml_error;
use super::error::{Error, Result};
use super::ini::Ini;
use super::ini_edit::Edit;
use super::model::{Config, check_value};
use super::path::Path;
use super::schema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The files of a unit by name.
pub type Files = BTreeMap<String, Ini>;

/// One line of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Path here, `*` for a number.
    pub path: String,
    /// File name.
    pub file: String,
    /// Section in the file, `*` for the number; empty for keys before any section.
    #[serde(default)]
    pub section: String,
    /// Key in the file, `*` for the number.
    pub key: String,
    /// The number in the file that is 1 here.
    #[serde(default = "one")]
    pub first: u32,
    /// Canonical value here -> value in the file.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

/// The table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Its rules; the first that fits holds.
    #[serde(default)]
    pub map: Vec<Rule>,
}

/// What an import gave.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The values.
    pub config: Config,
    /// Values that are not allowed here, as `file: path: message`. They are taken over as they are.
    pub doubtful: Vec<String>,
    /// Keys of the files that no rule names, as `file [section] key`.
    pub unmapped: Vec<String>,
}

/// What an export did.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// The edits by file.
    pub edits: Vec<(String, Edit)>,
    /// Paths that no rule names.
    pub unmapped: Vec<Path>,
}

impl Mapping {
    /// Reads a table.
    ///
    /// # Errors
    /// [`Error::Table`] with line and column, or the rule that cannot hold.
    pub fn parse(text: &str) -> Result<Mapping> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
        for rule in &mapping.map {
            rule.check()?;
        }
        Ok(mapping)
    }

    /// Reads a configuration out of a unit's files.
    pub fn import(&self, files: &Files) -> Imported {
        let mut out = Imported::default();
        let mut used = BTreeSet::new();
        let mut config = Config::default();
        for rule in &self.map {
            let Some(ini) = files.get(&rule.file) else {
                continue;
            };
            for entry in ini.entries() {
                let Some(number) = rule.number_in(&entry.section, &entry.key) else {
                    continue;
                };
                used.insert((rule.file.clone(), entry.section.clone(), entry.key.clone()));
                let Some(path) = rule.path_of(number) else {
                    continue;
                };
                let value = rule.value_here(&entry.value);
                if let Err(error) = check_value(&path, value) {
                    out.doubtful.push(format!("{}: {error}", rule.file));
                }
                config.set_unchecked(&path, value);
            }
        }
        for (file, ini) in files {
            for entry in ini.entries() {
                let place = (file.clone(), entry.section, entry.key);
                if !used.contains(&place) {
                    out.unmapped
                        .push(format!("{} [{}] {}", place.0, place.1, place.2));
                }
            }
        }
        out.config = Config::from_flat(&config.flat());
        out
    }

    /// Writes a configuration into a unit's files. What no rule names stays as it is; files that are missing are made.
    ///
    /// # Errors
    /// A value that cannot be written in the file's code page.
    pub fn export(&self, config: &Config, files: &mut Files) -> Result<Exported> {
        let mut out = Exported::default();
        for (path, values) in config.flat() {
            let found = self
                .map
                .iter()
                .find_map(|rule| Some((rule, rule.number_of(&path)?)));
            let (Some((rule, number)), Some(value)) = (found, values.last()) else {
                out.unmapped.push(path);
                continue;
            };
            let (section, key) = rule.place_of(number);
            let value = rule.values.get(value).unwrap_or(value);
            let ini = files.entry(rule.file.clone()).or_default();
            if ini.get(&section, &key).as_deref() != Some(value) {
                let edit = ini.set(&section, &key, value, None)?;
                out.edits.push((rule.file.clone(), edit));
            }
        }
        Ok(out)
    }
}

impl Rule {
    fn check(&self) -> Result<()> {
        let fail = |message: &str| Err(Error::Table(format!("rule for {}: {message}", self.path)));
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
        if self.file.is_empty() || self.file.starts_with('.') || !self.file.chars().all(plain) {
            return fail("file is a plain file name, without a folder");
        }
        if [&self.path, &self.section, &self.key]
            .iter()
            .any(|text| text.matches('*').count() > 1)
        {
            return fail("one '*' in each of path, section and key at most");
        }
        let starred = self.section.contains('*') || self.key.contains('*');
        if self.path.contains('*') != starred {
            return fail("'*' stands in path and in section or key, or in none of them");
        }
        match self.path_of(1) {
            Some(path) => path.field().map(|_| ()),
            None => fail("path is a section, a dot and a key"),
        }
    }

    /// The path here of a number here.
    fn path_of(&self, number: u32) -> Option<Path> {
        Path::parse(&self.path.replace('*', &number.to_string())).ok()
    }

    /// The number here of a path; 0 for a rule without a number.
    fn number_of(&self, path: &Path) -> Option<u32> {
        let pattern = self.path.to_ascii_lowercase();
        let number = star(&pattern, &path.to_string())?;
        schema::lookup(&path.section, &path.key).map(|_| number.unwrap_or(0))
    }

    /// Section and key in the file of a number here.
    fn place_of(&self, number: u32) -> (String, String) {
        let there = number
            .saturating_sub(1)
            .saturating_add(self.first)
            .to_string();
        (
            self.section.replace('*', &there),
            self.key.replace('*', &there),
        )
    }

    /// The number here of a place in the file.
    fn number_in(&self, section: &str, key: &str) -> Option<u32> {
        let lower = |text: &str| text.to_ascii_lowercase();
        let in_section = star(&lower(&self.section), &lower(section))?;
        let in_key = star(&lower(&self.key), &lower(key))?;
        match (in_section, in_key) {
            (Some(a), Some(b)) if a != b => None,
            (Some(number), _) | (None, Some(number)) => {
                number.checked_sub(self.first)?.checked_add(1)
            }
            (None, None) => Some(0),
        }
    }

    fn value_here<'a>(&'a self, there: &'a str) -> &'a str {
        self.values
            .iter()
            .find(|(_, value)| value.as_str() == there)
            .map_or(there, |(here, _)| here)
    }
}

/// The number that stands for `*`, `None` where the pattern has none; nothing where the text does not fit.
fn star(pattern: &str, text: &str) -> Option<Option<u32>> {
    match pattern.split_once('*') {
        None => (pattern == text).then_some(None),
        Some((before, after)) => {
            let digits = text.strip_prefix(before)?.strip_suffix(after)?;
            let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty();
            plain.then(|| digits.parse().ok()).flatten().map(Some)
        }
    }
}
