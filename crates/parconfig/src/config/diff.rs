// SPDX-License-Identifier: MPL-2.0
//! Differences of configurations by meaning, and the three-way merge of their texts.

use super::fields::Config;
use super::text::{ConfigText, flat, spell};
use crate::error::Result;
use crate::place::{MASK, is_secret};
use std::collections::BTreeMap;
use toml::Value;

/// How the marks of a conflict begin.
pub(super) const MARKS: [&str; 3] = ["# <<<<<<<", "# =======", "# >>>>>>>"];

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

impl Change {
    /// Old and new value for people; secrets only if asked for.
    pub fn shown(&self, secrets: bool) -> (Option<String>, Option<String>) {
        let show = |value: &Option<Value>| {
            value
                .as_ref()
                .map(|value| shown(&self.path, value, secrets))
        };
        (show(&self.old), show(&self.new))
    }
}

/// A value for people; secrets only if asked for.
pub fn shown(path: &str, value: &Value, secrets: bool) -> String {
    let key = path.rsplit('.').next().unwrap_or_default();
    if is_secret(key) && !secrets {
        MASK.into()
    } else {
        spell(value)
    }
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
    /// Our value, which stays.
    pub ours: Option<Value>,
    /// Their value.
    pub theirs: Option<Value>,
}

/// Result of a merge.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// Our text with what only their side changed, and marks at the conflicts.
    pub text: ConfigText,
    /// Paths that were taken from their side.
    pub taken: Vec<String>,
    /// What is left to decide.
    pub conflicts: Vec<Conflict>,
}

/// Merges what two sides made of one configuration.
///
/// # Errors
/// Where a value cannot be written into our text.
pub fn merge(base: &ConfigText, ours: &ConfigText, theirs: &ConfigText) -> Result<Merged> {
    let mut merged = Merged {
        text: ours.clone(),
        ..Merged::default()
    };
    let mine: BTreeMap<String, Change> = diff(base.config(), ours.config())
        .into_iter()
        .map(|change| (change.path.clone(), change))
        .collect();
    for change in diff(base.config(), theirs.config()) {
        match mine.get(&change.path) {
            Some(own) if own.new == change.new => {}
            Some(own) => merged.conflicts.push(Conflict {
                path: change.path,
                base: change.old,
                ours: own.new.clone(),
                theirs: change.new,
            }),
            None => {
                match change.new {
                    Some(value) => merged.text.set(&[(change.path.clone(), value)])?,
                    None => merged.text.remove(&change.path)?,
                }
                merged.taken.push(change.path);
            }
        }
    }
    for conflict in &merged.conflicts {
        let [open, middle, close] = MARKS;
        let say = |value: &Option<Value>| {
            value.as_ref().map_or("not set".into(), |value| {
                shown(&conflict.path, value, false)
            })
        };
        let lines = [
            format!("{open} {}: ours is {}", conflict.path, say(&conflict.ours)),
            format!("{middle} base was {}", say(&conflict.base)),
            format!("{close} theirs is {}", say(&conflict.theirs)),
        ];
        merged.text.comment(&conflict.path, &lines)?;
    }
    Ok(merged)
}
