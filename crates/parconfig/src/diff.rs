// SPDX-License-Identifier: MPL-2.0
//! What is different between two configurations, by meaning: order, comments and spelling do not count.

use super::model::{Config, Flat};
use super::path::Path;
use super::schema;
use super::value::Type;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One difference. Values are in canonical spelling; more than one where a key stands more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field, by the camera numbers of the first configuration where cameras are matched by title.
    pub path: Path,
    /// What the first configuration says; empty where it says nothing.
    pub old: Vec<String>,
    /// What the second configuration says; empty where it says nothing.
    pub new: Vec<String>,
}

/// How cameras of two configurations are matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Match {
    /// Camera 3 is camera 3.
    #[default]
    Number,
    /// Cameras of one title are one; those without a partner go by number.
    Title,
}

/// All differences of two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Cameras that have another number in the second configuration: first number, second number.
    pub moved: Vec<(u16, u16)>,
    /// The differences, sorted by path.
    pub changes: Vec<Change>,
}

impl Diff {
    /// No difference.
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.changes.is_empty()
    }
}

/// Compares two configurations.
pub fn diff(a: &Config, b: &Config, by: Match) -> Diff {
    let moved = match by {
        Match::Number => Vec::new(),
        Match::Title => moves(a, b),
    };
    let second = renumber(b.flat(), &moved);
    Diff {
        changes: changes(&a.flat(), &second),
        moved,
    }
}

/// Differences of values by path.
pub fn changes(a: &Flat, b: &Flat) -> Vec<Change> {
    let paths: BTreeSet<&Path> = a.keys().chain(b.keys()).collect();
    let values = |flat: &Flat, path: &Path| flat.get(path).cloned().unwrap_or_default();
    paths
        .into_iter()
        .filter_map(|path| {
            let (old, new) = (values(a, path), values(b, path));
            (old != new).then(|| Change {
                path: path.clone(),
                old,
                new,
            })
        })
        .collect()
}

/// The second configuration of a [`Diff`] by number, from the first one. Values are in canonical spelling.
pub fn patch(a: &Config, diff: &Diff) -> Config {
    let mut flat = a.flat();
    for change in &diff.changes {
        if change.new.is_empty() {
            flat.remove(&change.path);
        } else {
            flat.insert(change.path.clone(), change.new.clone());
        }
    }
    Config::from_flat(&flat)
}

/// Which camera of `b` is which of `a`, by title: pairs (number in a, number in b) for those whose number differs. A camera whose
/// number is taken by a moved one goes where that one came from, so that the pairs are a permutation.
fn moves(a: &Config, b: &Config) -> Vec<(u16, u16)> {
    let unique = |config: &Config| {
        let mut by_title: BTreeMap<String, Option<u16>> = BTreeMap::new();
        for (number, title) in config.titles().cameras {
            by_title
                .entry(title.to_lowercase())
                .and_modify(|entry| *entry = None)
                .or_insert(Some(number));
        }
        by_title
    };
    let (first, second) = (unique(a), unique(b));
    let mut to_first: BTreeMap<u16, u16> = BTreeMap::new();
    for (title, number) in &second {
        if let (Some(in_b), Some(Some(in_a))) = (number, first.get(title)) {
            to_first.insert(*in_b, *in_a);
        }
    }
    let taken: BTreeSet<u16> = to_first.values().copied().collect();
    let numbers: BTreeSet<u16> = a
        .numbers_of("camera")
        .into_iter()
        .chain(b.numbers_of("camera"))
        .collect();
    let mut free: Vec<u16> = numbers
        .iter()
        .copied()
        .filter(|n| !taken.contains(n))
        .collect();
    let rest: Vec<u16> = numbers
        .iter()
        .copied()
        .filter(|n| !to_first.contains_key(n))
        .collect();
    for number in &rest {
        if let Some(at) = free.iter().position(|n| n == number) {
            to_first.insert(*number, free.remove(at));
        }
    }
    for number in rest {
        if let std::collections::btree_map::Entry::Vacant(slot) = to_first.entry(number)
            && !free.is_empty()
        {
            slot.insert(free.remove(0));
        }
    }
    let present = b.numbers_of("camera");
    to_first
        .into_iter()
        .filter(|(in_b, in_a)| in_b != in_a && present.contains(in_b))
        .map(|(in_b, in_a)| (in_a, in_b))
        .collect()
}

/// Gives cameras the numbers of the first configuration, also where zones and accounts list them.
fn renumber(flat: Flat, moved: &[(u16, u16)]) -> Flat {
    if moved.is_empty() {
        return flat;
    }
    let number = |old: u16| {
        moved
            .iter()
            .find(|(_, b)| *b == old)
            .map_or(old, |(a, _)| *a)
    };
    flat.into_iter()
        .map(|(mut path, mut values)| {
            if let Some(old) = path
                .section
                .strip_prefix("camera.")
                .and_then(|n| n.parse().ok())
            {
                path.section = format!("camera.{}", number(old));
            }
            if path.key == "cameras"
                && let Some(Type::Numbers(max)) = path.field().ok().map(|field| field.kind)
            {
                for value in &mut values {
                    if let Some(set) = super::value::numbers(value, max) {
                        *value =
                            super::value::spell_numbers(&set.into_iter().map(number).collect());
                    }
                }
            }
            (path, values)
        })
        .collect()
}

/// Whether values of this path are secret.
pub fn is_secret(path: &Path) -> bool {
    let kind = schema::lookup(&path.section, &path.key).map(|field| field.kind);
    // A key of an unknown section may hold a secret too: its name tells.
    let looks = ["password", "passwd", "ftppass", "secret", "pin"]
        .iter()
        .any(|word| path.key == *word || (word.len() > 3 && path.key.contains(word)));
    kind == Some(Type::Secret) || (kind.is_none() && looks)
}

/// What stands instead of a secret.
pub const MASK: &str = "********";

impl Change {
    /// Old and new value for people; secrets only if asked for.
    pub fn shown(&self, secrets: bool) -> (String, String) {
        let show = |values: &[String]| match values {
            [] => "(not set)".to_owned(),
            _ if is_secret(&self.path) && !secrets => MASK.to_owned(),
            values => values.join(" | "),
        };
        let (old, mut new) = (show(&self.old), show(&self.new));
        if old == MASK && new == MASK {
            new.push_str(" (another)");
        }
        (old, new)
    }
}

impl fmt::Display for Change {
    /// Secrets are masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = self.shown(false);
        write!(f, "{}: {old} -> {new}", self.path)
    }
}
