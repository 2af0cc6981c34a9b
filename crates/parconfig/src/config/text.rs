// SPDX-License-Identifier: MPL-2.0
//! A configuration together with the TOML text it is in. Comments and order survive an edit.

use super::check::{Finding, Severity};
use super::fields::Config;
use crate::error::{Error, Place, Result};
use crate::ini::code_page;
use serde::Deserialize;
use toml::Value;
use toml_edit::{Document, DocumentMut, Item, Table, TableLike};

/// Largest text, in bytes.
pub const MAX_TEXT: usize = 1 << 20;
/// Most values of a text; all known ones together are under 8000.
pub const MAX_VALUES: usize = 20_000;
/// Deepest value: `schedule.monday.day`, `camera.3.profiles.night`.
const MAX_DEPTH: usize = 4;

/// A configuration text.
#[derive(Clone, Debug, Default)]
pub struct ConfigText {
    text: String,
    document: DocumentMut,
    config: Config,
    problems: Vec<Finding>,
}

/// A value by its keys.
type Leaf = (Vec<String>, Value);

/// Collects the values of a table.
fn flatten(table: &toml::Table, path: &mut Vec<String>, out: &mut Vec<Leaf>) {
    for (key, value) in table {
        path.push(key.clone());
        match value {
            Value::Table(inner) if path.len() < MAX_DEPTH && !inner.is_empty() => {
                flatten(inner, path, out)
            }
            value => out.push((path.clone(), value.clone())),
        }
        path.pop();
    }
}

/// All values of a configuration in canonical spelling, by path, in the order of the fields.
pub fn flat(config: &Config) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    if let Ok(Value::Table(table)) = Value::try_from(config) {
        flatten(&table, &mut Vec::new(), &mut out);
    }
    out.into_iter()
        .map(|(path, value)| (path.join("."), value))
        .collect()
}

/// A value for people: text without its quotes.
pub fn spell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(spell).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

fn insert(table: &mut toml::Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let inner = table
                .entry(key.clone())
                .or_insert_with(|| Value::Table(toml::Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// All values of a text by path, which need not be allowed: for templates.
///
/// # Errors
/// As [`ConfigText::parse`].
pub fn leaves(bytes: &[u8]) -> Result<Vec<(String, Value)>> {
    if bytes.len() > MAX_TEXT {
        return Err(too_large(format!("{MAX_TEXT} bytes")));
    }
    let text = code_page::check_text(bytes)?;
    let table: toml::Table =
        toml::from_str(text).map_err(|error| code_page::toml_error(text, &error))?;
    let mut out = Vec::new();
    flatten(&table, &mut Vec::new(), &mut out);
    if out.len() > MAX_VALUES {
        return Err(too_large(format!("{MAX_VALUES} values")));
    }
    Ok(out
        .into_iter()
        .map(|(path, value)| (path.join("."), value))
        .collect())
}

fn too_large(limit: String) -> Error {
    Error::TooLarge {
        what: "the text".into(),
        limit,
    }
}

/// The configuration of values that are allowed, as [`value_of`] returns them.
pub fn config_of(values: impl IntoIterator<Item = (String, Value)>) -> Config {
    let mut table = toml::Table::new();
    for (path, value) in values {
        let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
        insert(&mut table, &keys, value);
    }
    Config::deserialize(Value::Table(table)).unwrap_or_default()
}

/// Whether a path is one of the fields.
///
/// # Errors
/// [`Error::Path`] with the nearest name.
pub fn check_path(path: &str) -> Result<()> {
    match permit(&split(path)?, &Value::Boolean(true)) {
        Err(message) if message.starts_with("unknown key") => Err(Error::Path {
            path: path.into(),
            message,
        }),
        _ => Ok(()),
    }
}

/// Whether one value is allowed at its place.
///
/// # Errors
/// What is wrong and what is allowed, with the nearest name for an unknown one.
fn permit(path: &[String], value: &Value) -> Result<(), String> {
    let mut table = toml::Table::new();
    insert(&mut table, path, value.clone());
    match Config::deserialize(Value::Table(table)) {
        Ok(_) => Ok(()),
        Err(error) => Err(explain(error.message())),
    }
}

/// The message of serde for an unknown field or word, with the nearest one named first.
fn explain(message: &str) -> String {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let Some((name, allowed)) = words.split_first().filter(|_| unknown) else {
        return message.trim_end().to_owned();
    };
    let what = match message.starts_with("unknown field") {
        true => "key",
        false => "value",
    };
    let nearest = crate::place::nearest(name, allowed.iter().copied());
    let hint = nearest.map_or(String::new(), |nearest| {
        format!("did you mean {nearest:?}? ")
    });
    format!(
        "unknown {what} {name:?}; {hint}allowed: {}",
        allowed.join(", ")
    )
}

/// The keys that are allowed in a section such as `camera.1`.
pub fn keys_of(section: &str) -> Vec<String> {
    let mut path: Vec<String> = section
        .split('.')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    path.push("?".into());
    match permit(&path, &Value::Boolean(true)) {
        Err(message) => {
            let allowed = message.split_once("allowed: ").map_or("", |(_, rest)| rest);
            allowed.split(", ").map(str::to_owned).collect()
        }
        Ok(()) => Vec::new(),
    }
}

/// The value at a path that a text means: as text, number, yes or no, in whatever case the field wants.
///
/// # Errors
/// [`Error::Value`] with what is allowed.
pub fn value_of(path: &str, text: &str) -> Result<Value> {
    let keys = split(path)?;
    let lower = text.to_ascii_lowercase();
    let truth = match lower.as_str() {
        "yes" | "true" | "on" | "1" => Some(Value::Boolean(true)),
        "no" | "false" | "off" | "0" => Some(Value::Boolean(false)),
        _ => None,
    };
    let words = match lower.as_str() {
        "none" | "" => Vec::new(),
        words => words
            .split(',')
            .map(|word| Value::String(word.trim().to_owned()))
            .collect(),
    };
    let candidates = [
        text.parse().ok().map(Value::Integer),
        Some(Value::String(text.to_owned())),
        truth,
        Some(Value::String(lower.clone())),
        Some(Value::String(text.to_ascii_uppercase())),
        Some(Value::Array(words)),
    ];
    let good = candidates
        .into_iter()
        .flatten()
        .find(|value| permit(&keys, value).is_ok());
    let Some(value) = good else {
        let message = permit(&keys, &Value::String(text.to_owned()))
            .err()
            .unwrap_or_default();
        return Err(Error::Value {
            path: path.into(),
            message,
        });
    };
    // Text that happens to be digits stays text where the field is text.
    let canonical = flat(&config_of([(path.to_owned(), value.clone())]));
    match canonical.as_slice() {
        [(_, Value::String(_))] if value.is_integer() => Ok(Value::String(text.to_owned())),
        _ => Ok(value),
    }
}

/// The keys of a path such as `camera.3.title`, written as a key of TOML is.
fn split(path: &str) -> Result<Vec<String>> {
    let keys = toml_edit::Key::parse(path)
        .ok()
        .filter(|keys| keys.len() > 1 && keys.len() <= MAX_DEPTH);
    let fail = || Error::Path {
        path: path.into(),
        message: "expected a path such as camera.3.title".into(),
    };
    Ok(keys
        .ok_or_else(fail)?
        .iter()
        .map(|key| key.get().to_owned())
        .collect())
}

impl ConfigText {
    /// Reads a text. What is not allowed in it becomes a finding of [`ConfigText::check`]; everything else is in the configuration.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::Text`] for what is not TOML in UTF-8.
    pub fn parse(bytes: &[u8]) -> Result<ConfigText> {
        let leaves = leaves(bytes)?;
        let text = code_page::check_text(bytes)?;
        let document = Document::parse(text.to_owned()).map_err(|error| Error::Text {
            place: code_page::place_of(text.as_bytes(), error.span().map_or(0, |span| span.start)),
            message: error.message().chars().take(300).collect(),
        })?;
        let mut problems = Vec::new();
        let mut good = toml::Table::new();
        for (path, value) in leaves {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            match permit(&path, &value) {
                Ok(()) => insert(&mut good, &path, value),
                Err(message) => problems.push(Finding {
                    severity: Severity::Error,
                    rule: if message.starts_with("unknown") {
                        "unknown"
                    } else {
                        "value"
                    },
                    place: place(text, &document, &path),
                    path: path.join("."),
                    message,
                }),
            }
        }
        for (at, line) in text.split_inclusive('\n').scan(0_usize, |at, line| {
            let start = *at;
            *at = at.saturating_add(line.len());
            Some((start, line))
        }) {
            if super::diff::MARKS.iter().any(|mark| line.starts_with(mark)) {
                problems.push(Finding {
                    severity: Severity::Error,
                    rule: "conflict",
                    place: code_page::place_of(text.as_bytes(), at),
                    path: "text".into(),
                    message: "a conflict of a merge is not resolved".into(),
                });
            }
        }
        let config = Config::deserialize(Value::Table(good))
            .map_err(|error| code_page::toml_error("", &error))?;
        Ok(ConfigText {
            text: text.to_owned(),
            document: document.into_mut(),
            config,
            problems,
        })
    }

    /// The text of a configuration.
    ///
    /// # Errors
    /// [`Error::Table`] where TOML cannot hold it.
    pub fn from_config(config: &Config) -> Result<ConfigText> {
        let text = toml::to_string(config).map_err(|error| Error::Table(error.to_string()))?;
        ConfigText::parse(text.as_bytes())
    }

    /// The values that are allowed.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The text with the edits.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All findings: of the text, of its values, and of the rules across them, in the order of the text.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = self.problems.clone();
        let document = Document::parse(self.text.clone());
        found.extend(
            super::check::check(&self.config)
                .into_iter()
                .map(|mut finding| {
                    let path: Vec<String> = finding.path.split('.').map(str::to_owned).collect();
                    finding.place = document.as_ref().map_or_else(
                        |_| Place::default(),
                        |document| place(&self.text, document, &path),
                    );
                    finding
                }),
        );
        found.sort_by_key(|finding| finding.place);
        found
    }

    /// Sets values; everything else stays as it is written. All or none.
    ///
    /// # Errors
    /// [`Error::Path`], [`Error::Value`].
    pub fn set(&mut self, values: &[(String, Value)]) -> Result<()> {
        let mut document = self.document.clone();
        for (path, value) in values {
            let keys = split(path)?;
            permit(&keys, value).map_err(|message| Error::Value {
                path: path.clone(),
                message,
            })?;
            put(&mut document, &keys, to_item(value)?).ok_or_else(|| Error::Path {
                path: path.clone(),
                message: "is not a table in this text".into(),
            })?;
        }
        *self = ConfigText::parse(document.to_string().as_bytes())?;
        Ok(())
    }

    /// Removes values, and the tables that are then empty.
    ///
    /// # Errors
    /// [`Error::Path`] where there is none.
    pub fn remove(&mut self, path: &str) -> Result<()> {
        let keys = split(path)?;
        let mut document = self.document.clone();
        if !take(document.as_table_mut(), &keys) {
            return Err(Error::Path {
                path: path.into(),
                message: "is not set".into(),
            });
        }
        *self = ConfigText::parse(document.to_string().as_bytes())?;
        Ok(())
    }

    /// Puts comment lines before a value, or at the end where there is none.
    pub(super) fn comment(&mut self, path: &str, lines: &[String]) -> Result<()> {
        let keys = split(path)?;
        let comment: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut document = self.document.clone();
        let parent = keys.split_last().and_then(|(key, above)| {
            let mut table: &mut dyn TableLike = document.as_table_mut();
            for name in above {
                table = table.get_mut(name)?.as_table_like_mut()?;
            }
            table.key_mut(key)
        });
        match parent {
            Some(mut key) => {
                let decor = key.leaf_decor_mut();
                let old = decor
                    .prefix()
                    .and_then(|prefix| prefix.as_str())
                    .unwrap_or_default()
                    .to_owned();
                decor.set_prefix(format!("{old}{comment}"));
            }
            None => {
                let old = document.trailing().as_str().unwrap_or_default().to_owned();
                document.set_trailing(format!("{old}{comment}"));
            }
        }
        *self = ConfigText::parse(document.to_string().as_bytes())?;
        Ok(())
    }
}

fn to_item(value: &Value) -> Result<toml_edit::Value> {
    let text = format!("v = {value}\n");
    let parsed: Option<DocumentMut> = text.parse().ok();
    let item = parsed
        .and_then(|mut document| document.remove("v"))
        .and_then(|item| item.into_value().ok());
    item.ok_or_else(|| Error::Table("the value cannot be written".into()))
}

fn put(document: &mut DocumentMut, keys: &[String], value: toml_edit::Value) -> Option<()> {
    let (key, above) = keys.split_last()?;
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for (depth, name) in above.iter().enumerate() {
        let missing = || {
            let mut new = Table::new();
            // [camera] alone would be an empty heading over [camera.3].
            new.set_implicit(depth.saturating_add(1) < above.len());
            Item::Table(new)
        };
        table = table
            .entry(name)
            .or_insert_with(missing)
            .as_table_like_mut()?;
    }
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
    Some(())
}

fn take(table: &mut dyn TableLike, keys: &[String]) -> bool {
    match keys {
        [] => false,
        [key] => table.remove(key).is_some(),
        [key, rest @ ..] => {
            let Some(inner) = table.get_mut(key).and_then(Item::as_table_like_mut) else {
                return false;
            };
            let taken = take(inner, rest);
            if inner.is_empty() {
                table.remove(key);
            }
            taken
        }
    }
}

/// Where a value is, or the last of its tables that is there.
fn place(text: &str, document: &Document<String>, path: &[String]) -> Place {
    let mut table: &dyn TableLike = document.as_table();
    let mut at = None;
    for name in path {
        let Some((key, item)) = table.get_key_value(name) else {
            break;
        };
        let span = item
            .span()
            .filter(|_| item.is_table())
            .or(key.span())
            .or(item.span());
        at = span.map(|span| span.start).or(at);
        match item.as_table_like() {
            Some(inner) => table = inner,
            None => break,
        }
    }
    at.map_or_else(Place::default, |at| {
        code_page::place_of(text.as_bytes(), at)
    })
}
