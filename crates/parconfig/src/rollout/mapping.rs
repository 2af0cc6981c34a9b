// SPDX-License-Identifier: MPL-2.0
//! Friendly names for places in a unit's files: a table of the user's, in TOML.
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

use crate::config::fields::Config;
use crate::config::text::{check_path, check_text, config_of, flat, read_toml, spell, value_of};
use crate::error::{Error, Result};
use crate::place::Files;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most rules of a table.
const MAX_RULES: usize = 4096;

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name here, `*` for a number.
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
    /// Value here -> value in the file.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

/// The table; the first rule that fits holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Its rules.
    #[serde(default)]
    pub map: Vec<Rule>,
}

/// What a set is by a mapping.
#[derive(Clone, Debug, Default)]
pub struct Mapped {
    /// The values.
    pub config: Config,
    /// Values that are not allowed, as `file: message`; they are left out.
    pub doubtful: Vec<String>,
    /// Keys of the files that no rule names.
    pub unmapped: Vec<String>,
}

impl Mapping {
    /// Reads a table.
    ///
    /// # Errors
    /// [`Error::Text`] with its position; a rule that cannot hold, and too many of them.
    pub fn parse(bytes: &[u8]) -> Result<Mapping> {
        let mapping: Mapping = read_toml(check_text(bytes)?)?;
        if mapping.map.len() > MAX_RULES {
            return Err(Error::too_large(
                "the mapping",
                format!("{MAX_RULES} rules"),
            ));
        }
        mapping.map.iter().try_for_each(Rule::check)?;
        Ok(mapping)
    }

    /// The place and the value in the files that a name and a value here mean.
    pub fn resolve(&self, path: &str, value: &str) -> Option<(String, String)> {
        let (rule, number) = self
            .map
            .iter()
            .find_map(|rule| Some((rule, star(&rule.path, path)?)))?;
        let there = number
            .unwrap_or(0)
            .saturating_sub(1)
            .saturating_add(rule.first)
            .to_string();
        let place = format!("{}/{}/{}", rule.file, rule.section, rule.key).replace('*', &there);
        let value = rule.values.get(value).map_or(value, String::as_str);
        Some((place, value.to_owned()))
    }

    /// The places and values of a whole configuration.
    ///
    /// # Errors
    /// A value that no rule names.
    pub fn resolve_all(&self, config: &Config) -> Result<Vec<(String, String)>> {
        let resolve = |(path, value): (String, toml::Value)| {
            let words = match value {
                toml::Value::Boolean(true) => "yes".into(),
                toml::Value::Boolean(false) => "no".into(),
                value => spell(&value),
            };
            let resolved = self.resolve(&path, &words);
            resolved.ok_or_else(|| Error::refuse(&path, "no rule of the mapping names it"))
        };
        flat(config).into_iter().map(resolve).collect()
    }

    /// Reads a configuration out of a unit's files.
    pub fn read(&self, files: &Files) -> Mapped {
        let mut mapped = Mapped::default();
        let mut values = Vec::new();
        let all = files.iter();
        for (file, entry) in all.flat_map(|(file, ini)| ini.entries().map(move |e| (file, e))) {
            let name = |rule: &'_ Rule| rule.name_of(file, &entry.section, &entry.key);
            let mut named = self.map.iter().filter_map(|rule| Some((name(rule)?, rule)));
            let Some((path, rule)) = named.next() else {
                let place = format!("{file}/{}/{}", entry.section, entry.key);
                mapped.unmapped.push(place);
                continue;
            };
            let mut words = rule.values.iter();
            let word = words.find(|(_, there)| **there == entry.value);
            match value_of(&path, word.map_or(&entry.value, |(here, _)| here)) {
                Ok(value) => values.push((path, value)),
                Err(error) => {
                    let doubt = format!("{file}: {}: {error}", entry.position);
                    mapped.doubtful.push(doubt);
                }
            }
        }
        mapped.config = config_of(values);
        mapped
    }
}

impl Rule {
    fn check(&self) -> Result<()> {
        let fail = |message: &str| Err(Error::refuse(format!("rule for {}", self.path), message));
        let stars = |text: &str| text.matches('*').count();
        let [path, section, key] = [&self.path, &self.section, &self.key].map(|text| stars(text));
        if path.max(section).max(key) > 1 || stars(&self.file) > 0 {
            return fail("at most one '*' in each of path, section and key");
        }
        if (path == 1) != (section.max(key) > 0) {
            return fail("'*' is in path and in section or key, or in none of them");
        }
        check_path(&self.path.replace('*', "1"))
    }

    /// The name here of a place in the files.
    fn name_of(&self, file: &str, section: &str, key: &str) -> Option<String> {
        if !self.file.eq_ignore_ascii_case(file) {
            return None;
        }
        let number = match (star(&self.section, section)?, star(&self.key, key)?) {
            (Some(a), Some(b)) if a != b => return None,
            (Some(number), _) | (None, Some(number)) => {
                number.checked_sub(self.first)?.checked_add(1)?
            }
            (None, None) => return Some(self.path.clone()),
        };
        Some(self.path.replace('*', &number.to_string()))
    }
}

/// The number that `*` is, `None` where the pattern has none; nothing where the text does not fit.
fn star(pattern: &str, text: &str) -> Option<Option<u32>> {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    match pattern.split_once('*') {
        None => (pattern == text).then_some(None),
        Some((before, after)) => {
            let digits = text.strip_prefix(before)?.strip_suffix(after)?;
            let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty();
            plain.then(|| digits.parse().ok()).flatten().map(Some)
        }
    }
}
