// SPDX-License-Identifier: MPL-2.0
//! Differences of configurations by meaning, and the three-way merge of their texts.

use super::fields::Config;
use super::text::{ConfigText, flat, spell};
use crate::error::Result;
use crate::place::masked;
use std::collections::BTreeMap;
use toml::Value;

/// One difference, in canonical spelling.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Path such as `camera.3.title`.
    pub path: String,
    /// Value in the first configuration.
    pub old: Option<Value>,
    /// Value in the second.
    pub new: Option<Value>,
}

/// A value for people, "not set" where there is none; secrets only if asked for.
pub fn shown(path: &str, value: Option<&Value>, secrets: bool) -> String {
    let key = path.rsplit('.').next().unwrap_or_default();
    value.map_or("not set".into(), |value| {
        masked(key, &spell(value), secrets).to_owned()
    })
}

/// All differences, in the order of the fields.
pub fn diff(a: &Config, b: &Config) -> Vec<Change> {
    let (a, b) = (flat(a), flat(b));
    let (old, new): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (a.iter().cloned().collect(), b.iter().cloned().collect());
    let only_new = b.iter().filter(|(path, _)| !old.contains_key(path));
    let mut changes: Vec<Change> = a
        .iter()
        .chain(only_new)
        .map(|(path, _)| Change {
            path: path.clone(),
            old: old.get(path).cloned(),
            new: new.get(path).cloned(),
        })
        .filter(|change| change.old != change.new)
        .collect();
    changes.sort_by_key(|change| natural(&change.path));
    changes
}

/// Numbers in a path sort as numbers: camera 2 before camera 10.
fn natural(path: &str) -> Vec<(bool, u64, String)> {
    let part = |part: &str| {
        (
            part.parse::<u64>().is_err(),
            part.parse().unwrap_or(0),
            part.to_owned(),
        )
    };
    path.split('.').map(part).collect()
}

/// What both sides changed differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Path of the value.
    pub path: String,
    /// What both began with.
    pub base: Option<Value>,
    /// Our value.
    pub ours: Option<Value>,
    /// Their value.
    pub theirs: Option<Value>,
}

/// Result of a merge.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// Our text with what only their side changed.
    pub text: ConfigText,
    /// Paths that were taken from their side.
    pub taken: Vec<String>,
    /// What both sides changed differently.
    pub conflicts: Vec<Conflict>,
}

/// Merges what two sides made of one configuration. Of a conflict our value stays, or theirs where that is preferred.
///
/// # Errors
/// Where a value cannot be written into our text.
pub fn merge(
    base: &ConfigText,
    ours: &ConfigText,
    theirs: &ConfigText,
    prefer_theirs: bool,
) -> Result<Merged> {
    let mut merged = Merged {
        text: ours.clone(),
        ..Merged::default()
    };
    let mine = diff(base.config(), ours.config());
    for change in diff(base.config(), theirs.config()) {
        let own = mine.iter().find(|own| own.path == change.path);
        let is_conflict = own.is_some_and(|own| own.new != change.new);
        if own.is_none() || is_conflict && prefer_theirs {
            match &change.new {
                Some(value) => merged.text.set(&[(change.path.clone(), value.clone())])?,
                None => merged.text.remove(&change.path)?,
            }
        }
        match own.filter(|_| is_conflict) {
            Some(own) => merged.conflicts.push(Conflict {
                path: change.path,
                base: change.old,
                ours: own.new.clone(),
                theirs: change.new,
            }),
            None if own.is_none() => merged.taken.push(change.path),
            None => {}
        }
    }
    Ok(merged)
}
