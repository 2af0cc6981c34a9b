// SPDX-License-Identifier: MPL-2.0
//! A configuration as JSON or TOML: `{"par": 1, "unit": {…}, "camera": {"1": {…}}, "schedule": {"modes": …, "monday": {…}}}`.
//!
//! Unknown sections and keys are carried over. A key that stands more than once becomes a list. Secrets are masked unless asked
//! for, and a masked secret is not read back.

use super::code_page::toml_error;
use super::diff::{MASK, is_secret};
use super::error::{Error, Result};
use super::ini::MAX_LINES;
use super::model::{Config, Section};
use super::path::Path;
use super::schema;
use super::text::{MAX_SECTIONS, VERSION};
use super::value::Type;
use serde_json::{Map, Value};

/// Largest JSON or TOML text that should be read, in bytes: as a tree it takes many times its size.
pub const MAX_TREE: usize = 512 << 10;

/// The configuration as a JSON value.
///
/// # Errors
/// [`Error::Table`] where a key and a section would have one name.
pub fn to_json(config: &Config, secrets: bool) -> Result<Value> {
    let mut root = Map::new();
    root.insert("par".into(), VERSION.into());
    for section in &config.sections {
        let known = schema::section(&section.name).is_some();
        let name = if known { &section.name } else { &section.raw };
        let (kind, id) = match name.split_once('.') {
            Some((kind, id)) => (kind, Some(id)),
            None => (name.as_str(), None),
        };
        let mut object = object_in(&mut root, kind, name)?;
        if let Some(id) = id {
            object = object_in(object, id, name)?;
        }
        for (key, value) in members(section, secrets) {
            if object.insert(key.clone(), value).is_some() {
                return Err(clash(&format!("{name}.{key}")));
            }
        }
    }
    Ok(Value::Object(root))
}

fn clash(name: &str) -> Error {
    Error::Table(format!(
        "{name}: a key and a section of one name have no place in JSON and TOML"
    ))
}

fn object_in<'a>(
    map: &'a mut Map<String, Value>,
    key: &str,
    name: &str,
) -> Result<&'a mut Map<String, Value>> {
    map.entry(key)
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()
        .ok_or_else(|| clash(name))
}

fn members(section: &Section, secrets: bool) -> Map<String, Value> {
    let mut members = Map::new();
    for entry in &section.entries {
        let field = schema::lookup(&section.name, &entry.key);
        let secret = is_secret(&Path::new(&section.name, &entry.key)) && !secrets;
        let value = match field.map(|field| field.kind) {
            _ if secret => MASK.into(),
            Some(kind @ (Type::Bool | Type::Int(..))) => typed(kind, &entry.value),
            _ => entry.value.as_str().into(),
        };
        let key = if field.is_some() {
            &entry.key
        } else {
            &entry.raw_key
        };
        match members.get_mut(key) {
            None => {
                members.insert(key.clone(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    members
}

fn typed(kind: Type, text: &str) -> Value {
    match kind.canonical(text).as_deref() {
        Ok("yes") => true.into(),
        Ok("no") => false.into(),
        Ok(number) => number
            .parse::<i64>()
            .map_or_else(|_| text.into(), Value::from),
        Err(_) => text.into(),
    }
}

/// A configuration out of a JSON value, and the paths of masked secrets, which were left out.
///
/// # Errors
/// [`Error::Table`] with the place in the tree.
pub fn from_json(root: &Value) -> Result<(Config, Vec<Path>)> {
    let wrong = |at: &str, expected: &str| Error::Table(format!("{at}: {expected} is expected"));
    let root = root.as_object().ok_or_else(|| wrong("top", "an object"))?;
    let mut read = Reading::default();
    for (kind, value) in root {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    match value {
                        Value::Object(inner) => {
                            let section = format!("{kind}.{key}");
                            for (key, value) in inner {
                                read.add(&section, key, value)?;
                            }
                        }
                        value => read.add(kind, key, value)?,
                    }
                }
            }
            value if kind == "par" => {
                if value.as_u64() != Some(u64::from(VERSION)) {
                    return Err(wrong("par", &format!("version {VERSION}")));
                }
            }
            _ => return Err(wrong(kind, "an object (a section)")),
        }
    }
    Ok((read.config, read.masked))
}

#[derive(Default)]
struct Reading {
    config: Config,
    masked: Vec<Path>,
    values: usize,
}

impl Reading {
    fn add(&mut self, section: &str, key: &str, value: &Value) -> Result<()> {
        let text = match value {
            Value::Array(list) => {
                for value in list {
                    if value.is_array() {
                        return Err(Error::Table(format!(
                            "{section}.{key}: a list in a list is not allowed"
                        )));
                    }
                    self.add(section, key, value)?;
                }
                return Ok(());
            }
            Value::String(text) => text.clone(),
            Value::Bool(true) => "yes".into(),
            Value::Bool(false) => "no".into(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Object(_) => {
                let message =
                    format!("{section}.{key}: a text, a number, true, false or a list is expected");
                return Err(Error::Table(message));
            }
        };
        let path = Path::new(section, key);
        if is_secret(&path) && text == MASK {
            self.masked.push(path);
            return Ok(());
        }
        writable(section, key, &text)?;
        self.values = self.values.saturating_add(1);
        for (what, count, limit) in [
            ("sections", self.config.sections.len(), MAX_SECTIONS),
            ("values", self.values, MAX_LINES),
        ] {
            if count > limit {
                return Err(Error::TooLarge {
                    what: format!("the number of {what}"),
                    limit: limit.to_string(),
                });
            }
        }
        self.config.add_named(section, key, &text);
        Ok(())
    }
}

/// What could not be written as one line of text is refused here already.
fn writable(section: &str, key: &str, value: &str) -> Result<()> {
    let bad = |text: &str| text.chars().any(char::is_control);
    let name = section.trim() != section || section.contains(']') || bad(section);
    let key_bad = key.trim() != key
        || key.is_empty()
        || key.contains('=')
        || bad(key)
        || key.starts_with([';', '#', '[']);
    if name || key_bad || bad(value) {
        return Err(Error::Table(format!(
            "{:?}: a name or value that cannot be written in one line of text",
            format!("{section}.{key}")
        )));
    }
    Ok(())
}

/// The configuration as TOML.
///
/// # Errors
/// As [`to_json`].
pub fn to_toml(config: &Config, secrets: bool) -> Result<String> {
    toml::to_string_pretty(&to_json(config, secrets)?)
        .map_err(|error| Error::Table(error.to_string()))
}

/// A configuration out of TOML; see [`from_json`].
///
/// # Errors
/// [`Error::Table`] with line and column.
pub fn from_toml(text: &str) -> Result<(Config, Vec<Path>)> {
    let table: toml::Table = toml::from_str(text).map_err(|error| toml_error(text, &error))?;
    let value = serde_json::to_value(&table).map_err(|error| Error::Table(error.to_string()))?;
    from_json(&value)
}
