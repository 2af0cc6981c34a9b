// SPDX-License-Identifier: MPL-2.0
//! A configuration together with the TOML text it is in. Comments and order survive an edit.

use super::check::{Finding, Severity};
use super::fields::Config;
use crate::error::{Error, Position, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
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
    config: Config,
    problems: Vec<Finding>,
}

/// The text, without NUL and 0x1A at the end and without a byte order mark. Refuses what no configuration text can hold: UTF-16,
/// control characters, bytes that are not UTF-8, and more than [`MAX_TEXT`] bytes.
///
/// # Errors
/// [`Error::Text`] with the position of the first such byte.
pub fn check_text(bytes: &[u8]) -> Result<&str> {
    let fail = |offset: usize, message: String| {
        let position = Position::find(bytes, offset);
        Err(Error::Text { position, message })
    };
    if bytes.len() > MAX_TEXT {
        return Err(Error::too_large("the text", format!("{MAX_TEXT} bytes")));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return fail(0, "the text is UTF-16; UTF-8 is expected".into());
    }
    let end = bytes.iter().rposition(|b| !matches!(b, 0 | 0x1a));
    let end = end.map_or(0, |at| at.saturating_add(1));
    let text = bytes.get(..end).unwrap_or_default();
    let byte = |at: usize| text.get(at).copied().unwrap_or_default();
    let control = |b: &u8| (*b < 0x20 && !matches!(b, b'\t' | b'\r' | b'\n')) || *b == 0x7f;
    match (std::str::from_utf8(text), text.iter().position(control)) {
        (Err(error), _) => {
            let at = error.valid_up_to();
            let advice = "a configuration text is UTF-8; a unit's own file is edited with parconfig edit-ini";
            fail(
                at,
                format!("byte 0x{:02X} is not UTF-8: {advice}", byte(at)),
            )
        }
        (_, Some(at)) => fail(at, format!("control character 0x{:02X}", byte(at))),
        (Ok(text), None) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
    }
}

/// Reads TOML. The message of a failure does not repeat the line, which may be long or hold a secret.
///
/// # Errors
/// [`Error::Text`] with its position.
pub fn read_toml<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| Error::Text {
        position: Position::find(text.as_bytes(), error.span().map_or(0, |span| span.start)),
        message: error.message().chars().take(300).collect(),
    })
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
    let table: toml::Table = read_toml(check_text(bytes)?)?;
    let mut out = Vec::new();
    flatten(&table, &mut Vec::new(), &mut out);
    if out.len() > MAX_VALUES {
        return Err(Error::too_large("the text", format!("{MAX_VALUES} values")));
    }
    let leaves = out.into_iter();
    Ok(leaves
        .map(|(path, value)| (path.join("."), value))
        .collect())
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
/// A path that is not, with the nearest name.
pub fn check_path(path: &str) -> Result<()> {
    match permit(&split(path)?, &Value::Boolean(true)) {
        Err(message) if message.starts_with("unknown key") => Err(Error::refuse(path, message)),
        Err(message) if message.contains("expected struct") => {
            Err(Error::refuse(path, "is a table; expected one of its keys"))
        }
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
    let mut path: Vec<String> = section.split_terminator('.').map(str::to_owned).collect();
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
/// A text that means none, with what is allowed.
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
    let is_permitted = |value: &Value| permit(&keys, value).is_ok();
    let mut candidates = candidates.into_iter().flatten();
    let Some(value) = candidates.find(is_permitted) else {
        let message = permit(&keys, &Value::String(text.to_owned())).err();
        return Err(Error::refuse(path, message.unwrap_or_default()));
    };
    // Text that happens to be digits stays text where the field is text.
    let canonical = flat(&config_of([(path.to_owned(), value.clone())]));
    match canonical.as_slice() {
        [(_, Value::String(_))] if value.is_integer() => Ok(Value::String(text.to_owned())),
        _ => Ok(value),
    }
}

/// The keys of a path such as `camera.3.title`.
fn split(path: &str) -> Result<Vec<String>> {
    let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
    let is_path = (2..=MAX_DEPTH).contains(&keys.len()) && keys.iter().all(|key| !key.is_empty());
    match is_path {
        true => Ok(keys),
        false => Err(Error::refuse(
            path,
            "expected a path such as camera.3.title",
        )),
    }
}

impl ConfigText {
    /// Reads a text. What is not allowed in it becomes a finding of [`ConfigText::check`]; everything else is in the configuration.
    ///
    /// # Errors
    /// A text that is too large, or not TOML in UTF-8.
    pub fn parse(bytes: &[u8]) -> Result<ConfigText> {
        let mut problems = Vec::new();
        let mut good = toml::Table::new();
        for (path, value) in leaves(bytes)? {
            let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
            match permit(&keys, &value) {
                Ok(()) => insert(&mut good, &keys, value),
                Err(message) => {
                    let is_unknown = message.starts_with("unknown");
                    let rule = if is_unknown { "unknown" } else { "value" };
                    problems.push(Finding::new(Severity::Error, rule, path, message));
                }
            }
        }
        Ok(ConfigText {
            text: check_text(bytes)?.to_owned(),
            config: Config::deserialize(Value::Table(good)).unwrap_or_default(),
            problems,
        })
    }

    /// The text of a configuration.
    ///
    /// # Errors
    /// Where TOML cannot hold it.
    pub fn from_config(config: &Config) -> Result<ConfigText> {
        let text = toml::to_string(config).map_err(|error| Error::Refused(error.to_string()))?;
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
        found.extend(super::check::check(&self.config));
        if let Ok(document) = Document::parse(self.text.as_str()) {
            for finding in &mut found {
                finding.position = find_path(&self.text, document.as_table(), &finding.path);
            }
        }
        found.sort_by_key(|finding| finding.position);
        found
    }

    fn edit(&mut self, act: impl FnOnce(&mut DocumentMut) -> Result<()>) -> Result<()> {
        let document = self.text.parse::<DocumentMut>();
        let mut document = document.map_err(|error| Error::Refused(error.to_string()))?;
        act(&mut document)?;
        *self = ConfigText::parse(document.to_string().as_bytes())?;
        Ok(())
    }

    /// Sets values; everything else stays as it is written. All or none.
    ///
    /// # Errors
    /// Paths and values that are not allowed.
    pub fn set(&mut self, values: &[(String, Value)]) -> Result<()> {
        self.edit(|document| {
            for (path, value) in values {
                let keys = split(path)?;
                permit(&keys, value).map_err(|message| Error::refuse(path, message))?;
                put(document, &keys, to_item(value)?)
                    .ok_or_else(|| Error::refuse(path, "is not a table in this text"))?;
            }
            Ok(())
        })
    }

    /// Removes a value, and the tables that are then empty.
    ///
    /// # Errors
    /// Where it is not set.
    pub fn remove(&mut self, path: &str) -> Result<()> {
        let keys = split(path)?;
        self.edit(|document| match take(document.as_table_mut(), &keys) {
            true => Ok(()),
            false => Err(Error::refuse(path, "is not set")),
        })
    }
}

fn to_item(value: &Value) -> Result<toml_edit::Value> {
    let item = value.to_string().parse();
    item.map_err(|_| Error::Refused("the value cannot be written".into()))
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

/// Where a value is, or the last of its tables that exists.
fn find_path(text: &str, table: &dyn TableLike, path: &str) -> Position {
    let mut table = table;
    let mut start = None;
    for name in path.split('.') {
        let Some((key, item)) = table.get_key_value(name) else {
            break;
        };
        let table_start = item.span().filter(|_| item.is_table());
        let span = table_start.or(key.span()).or(item.span());
        start = span.map(|span| span.start).or(start);
        match item.as_table_like() {
            Some(inner) => table = inner,
            None => break,
        }
    }
    let find = |start| Position::find(text.as_bytes(), start);
    start.map_or_else(Position::default, find)
}
