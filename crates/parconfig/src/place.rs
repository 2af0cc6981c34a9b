// SPDX-License-Identifier: MPL-2.0
//! Places in a unit's files: `FILE/SECTION/KEY`, each part with `*` and `?` where several are meant.
//!
//! `ip.ini/Port 1/Address` is one key, `inputs.ini/Input */Active` that key of every section, `ip.ini//Version` a key before any
//! section. Upper and lower case are alike. The names are the unit's own; none is built in.

use crate::error::{Error, Result};
use crate::ini::{Edit, Ini};
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

/// The keys that a place names, each once.
///
/// # Errors
/// [`Error::Path`] with the nearest key or file where there is none.
pub fn find(files: &Files, text: &str) -> Result<Vec<Place>> {
    let mut found = Vec::new();
    for (file, section, key) in splits(text) {
        for (name, ini) in files.iter().filter(|(name, _)| fits(file, name)) {
            for entry in ini.entries() {
                if fits(section, &entry.section) && fits(key, &entry.key) {
                    found.push(Place {
                        file: name.clone(),
                        section: entry.section,
                        key: entry.key,
                    });
                }
            }
        }
    }
    let lower = |place: &Place| place.to_string().to_lowercase();
    found.sort_by_key(lower);
    found.dedup_by_key(|place| lower(place));
    if found.is_empty() {
        Err(unknown(files, text))
    } else {
        Ok(found)
    }
}

fn unknown(files: &Files, text: &str) -> Error {
    let fail = |message: String| Error::Path {
        path: text.into(),
        message,
    };
    if splits(text).next().is_none() {
        return fail("expected FILE/SECTION/KEY, or FILE//KEY for a key before any section".into());
    }
    let all: Vec<String> = files
        .iter()
        .flat_map(|(file, ini)| {
            ini.entries()
                .map(move |entry| format!("{file}/{}/{}", entry.section, entry.key))
        })
        .collect();
    let has_file = splits(text).any(|(file, ..)| files.keys().any(|name| fits(file, name)));
    let what = if has_file {
        "there is no such key"
    } else {
        "there is no such file"
    };
    match nearest(text, all.iter().map(String::as_str)) {
        Some(other) => fail(format!("{what}; the nearest key is {other}")),
        None => fail(what.into()),
    }
}

/// Gives every key that a place names a value.
///
/// # Errors
/// [`Error::Path`] where there is none, [`Error::Value`] for a value that its file cannot hold.
pub fn set(files: &mut Files, text: &str, value: &str) -> Result<Vec<(String, Edit)>> {
    let mut edits = Vec::new();
    for place in find(files, text)? {
        let Some(ini) = files.get_mut(&place.file) else {
            continue;
        };
        if ini.get(&place.section, &place.key).as_deref() != Some(value) {
            let edit = ini.set(&place.section, &place.key, value)?;
            edits.push((place.file, edit));
        }
    }
    Ok(edits)
}

/// Adds a key to a file that exists; the place has no `*`.
///
/// # Errors
/// [`Error::Path`] where the file does not exist or the key does.
pub fn add(files: &mut Files, text: &str, value: &str) -> Result<(String, Edit)> {
    let fail = |message: &str| {
        Err(Error::Path {
            path: text.into(),
            message: message.into(),
        })
    };
    if text.contains(['*', '?']) {
        return fail("a key to add is named in full");
    }
    let names: Vec<&String> = files.keys().collect();
    let known = splits(text).find_map(|(file, section, key)| {
        let name = names.iter().find(|name| fits(file, name))?;
        Some(((*name).clone(), section, key))
    });
    let Some((file, section, key)) = known else {
        return Err(unknown(files, text));
    };
    match files.get_mut(&file) {
        Some(ini) if ini.get(section, key).is_some() => fail("already exists; set changes it"),
        Some(ini) => {
            let edit = ini.add(section, key, value)?;
            Ok((file, edit))
        }
        None => fail("there is no such file"),
    }
}

/// Removes every key that a place names.
///
/// # Errors
/// [`Error::Path`] where there is none.
pub fn remove(files: &mut Files, text: &str) -> Result<Vec<(String, Edit)>> {
    let mut edits = Vec::new();
    for place in find(files, text)? {
        if let Some(ini) = files.get_mut(&place.file) {
            let removed = ini.remove(&place.section, &place.key)?;
            edits.extend(removed.into_iter().map(|edit| (place.file.clone(), edit)));
        }
    }
    Ok(edits)
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
