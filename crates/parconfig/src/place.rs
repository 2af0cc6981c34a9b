// SPDX-License-Identifier: MPL-2.0
//! Places in a unit's files: `FILE/SECTION/KEY`, each part with `*` and `?` where several are meant.
//!
//! `ip.ini/Port 1/Address` is one key, `inputs.ini/Input */Active` that key of every section, `ip.ini//Version` a key before any
//! section. Upper and lower case are alike. The names are the unit's own; none is built in.

use crate::error::{Error, Result};
use crate::ini::Ini;
use std::collections::BTreeMap;

/// The files of a unit by name, `/` between folders.
pub type Files = BTreeMap<String, Ini>;

/// Upper and lower case alike; `*` also stands for `/`.
pub const ANY_CASE: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: false,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

/// Whether a name is meant by a pattern: as it is, or with `*` and `?`.
pub fn fits(pattern: &str, name: &str) -> bool {
    pattern.eq_ignore_ascii_case(name)
        || pattern.contains(['*', '?'])
            && glob::Pattern::new(pattern).is_ok_and(|p| p.matches_with(name, ANY_CASE))
}

/// The candidate most like `name`, if any is like it at all.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates
        .into_iter()
        .map(|other| (strsim::jaro_winkler(&name, &other.to_lowercase()), other))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

/// A key of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Name of the file.
    pub file: String,
    /// Section, empty before the first.
    pub section: String,
    /// Key.
    pub key: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.file, self.section, self.key)
    }
}

/// The ways to read `FILE/SECTION/KEY`: a file may be in a folder, a section may have a `/` in its name.
fn splits(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    text.match_indices('/').filter_map(|(at, _)| {
        let (file, rest) = (text.get(..at)?, text.get(at.saturating_add(1)..)?);
        let (section, key) = rest.rsplit_once('/')?;
        (!file.is_empty() && !key.is_empty()).then_some((file, section, key))
    })
}

/// All keys of the files, duplicates included.
fn places(files: &Files) -> impl Iterator<Item = Place> {
    files.iter().flat_map(|(file, ini)| {
        ini.entries().map(|entry| Place {
            file: file.clone(),
            section: entry.section,
            key: entry.key,
        })
    })
}

/// The keys that a place names, each once.
///
/// # Errors
/// Where there is none, with the nearest key or file.
pub fn find(files: &Files, text: &str) -> Result<Vec<Place>> {
    let named = |place: &Place| {
        splits(text).any(|(file, section, key)| {
            fits(file, &place.file) && fits(section, &place.section) && fits(key, &place.key)
        })
    };
    let lower = |place: &Place| place.to_string().to_lowercase();
    let mut found: Vec<Place> = places(files).filter(named).collect();
    found.sort_by_key(lower);
    found.dedup_by_key(|place| lower(place));
    match found.is_empty() {
        true => Err(unknown(files, text)),
        false => Ok(found),
    }
}

fn unknown(files: &Files, text: &str) -> Error {
    if splits(text).next().is_none() {
        let expected = "expected FILE/SECTION/KEY, or FILE//KEY for a key before any section";
        return Error::refuse(text, expected);
    }
    let has_file = splits(text).any(|(file, ..)| files.keys().any(|name| fits(file, name)));
    let what = if has_file { "key" } else { "file" };
    let all: Vec<String> = places(files).map(|place| place.to_string()).collect();
    let hint = nearest(text, all.iter().map(String::as_str));
    let hint = hint.map_or(String::new(), |key| format!("; the nearest key is {key}"));
    Error::refuse(text, format!("there is no such {what}{hint}"))
}

/// Gives every key that a place names a value.
///
/// # Errors
/// Where there is no such key, and for a value that its file cannot hold.
pub fn set(files: &mut Files, text: &str, value: &str) -> Result<()> {
    for Place { file, section, key } in find(files, text)? {
        if let Some(ini) = files.get_mut(&file) {
            ini.set(&section, &key, value)?;
        }
    }
    Ok(())
}

/// Adds a key to a file that exists; the place has no `*`.
///
/// # Errors
/// Where the file does not exist or the key does.
pub fn add(files: &mut Files, text: &str, value: &str) -> Result<()> {
    if text.contains(['*', '?']) {
        return Err(Error::refuse(text, "a key to add is named in full"));
    }
    for (file, section, key) in splits(text) {
        let named = files.iter_mut().find(|(name, _)| fits(file, name));
        match named.map(|(_, ini)| ini) {
            Some(ini) if ini.get(section, key).is_some() => {
                return Err(Error::refuse(text, "already exists; set changes it"));
            }
            Some(ini) => return ini.add(section, key, value),
            None => {}
        }
    }
    Err(unknown(files, text))
}

/// Removes every key that a place names.
///
/// # Errors
/// Where there is none.
pub fn remove(files: &mut Files, text: &str) -> Result<()> {
    for Place { file, section, key } in find(files, text)? {
        if let Some(ini) = files.get_mut(&file) {
            ini.remove(&section, &key);
        }
    }
    Ok(())
}

/// Whether the value of a key is a secret, by the key's name.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "passwd", "passphrase", "secret", "ftppass"]
        .iter()
        .any(|word| key.contains(word))
        || matches!(key.as_str(), "pin" | "pass" | "pwd" | "community")
}

/// Shown instead of a secret.
pub const MASK: &str = "********";

/// A value for people; secrets only if asked for.
pub fn masked<'a>(key: &str, value: &'a str, secrets: bool) -> &'a str {
    if is_secret(key) && !secrets {
        MASK
    } else {
        value
    }
}
