// SPDX-License-Identifier: MPL-2.0
//! Three-way merge by meaning: what only one side changed is taken, what both changed differently is a conflict.

use super::error::Result;
use super::model::Flat;
use super::path::Path;
use super::text::{ConfigText, MARKS, quote};
use std::collections::BTreeSet;

/// A field that both sides changed, each to something else. Values in canonical spelling, empty where not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The field.
    pub path: Path,
    /// Before.
    pub base: Vec<String>,
    /// What our side made of it; this is what the merged text says.
    pub ours: Vec<String>,
    /// What their side made of it.
    pub theirs: Vec<String>,
}

/// What a merge gave.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Our text with their changes. Conflicts are marked by comments before the line, and our value holds.
    pub text: ConfigText,
    /// The fields that were taken from their side.
    pub taken: Vec<Path>,
    /// The fields that were not.
    pub conflicts: Vec<Conflict>,
}

/// Merges what two sides made of one configuration. Our text stays byte for byte where their side changed nothing.
///
/// # Errors
/// A value of theirs that cannot be written.
pub fn merge(base: &ConfigText, ours: &ConfigText, theirs: &ConfigText) -> Result<Merged> {
    let flats = [base, ours, theirs].map(|text| text.config().flat());
    let [base, our, their] = &flats;
    let paths: BTreeSet<&Path> = flats.iter().flat_map(Flat::keys).collect();
    let mut merged = Merged {
        text: ours.clone(),
        taken: Vec::new(),
        conflicts: Vec::new(),
    };
    for path in paths {
        let [base, our, their] =
            [base, our, their].map(|flat| flat.get(path).cloned().unwrap_or_default());
        if their == base || their == our {
            continue;
        }
        if our == base {
            take(&mut merged.text, theirs, path, (&our, &their))?;
            merged.taken.push(path.clone());
        } else {
            merged.conflicts.push(Conflict {
                path: path.clone(),
                base,
                ours: our,
                theirs: their,
            });
        }
    }
    for conflict in &merged.conflicts {
        mark(&mut merged.text, conflict);
    }
    merged.text.reread();
    Ok(merged)
}

fn take(
    text: &mut ConfigText,
    from: &ConfigText,
    path: &Path,
    (ours, theirs): (&[String], &[String]),
) -> Result<()> {
    // Names as their side spells them, should our side not have them yet.
    let section = from.config().section(&path.section);
    let name = section.map_or(path.section.as_str(), |section| &section.raw);
    let entry = section.and_then(|section| section.entry(&path.key));
    let key = entry.map_or(path.key.as_str(), |entry| &entry.raw_key);
    let ini = text.ini_mut();
    if let ([_], [value]) = (ours, theirs) {
        ini.set(name, key, &quote(value), None)?;
        return Ok(());
    }
    if !ours.is_empty() {
        ini.remove(name, key, None)?;
    }
    for value in theirs {
        ini.add(name, key, &quote(value))?;
    }
    Ok(())
}

/// Puts the marks of a conflict as comments before our line, or at the end where our side took the line out.
fn mark(text: &mut ConfigText, conflict: &Conflict) {
    let path = &conflict.path;
    let ini = text.ini_mut();
    let at = ini
        .find(&path.section, &path.key)
        .first()
        .copied()
        .unwrap_or(ini.lines.len());
    let [open, middle, close] = MARKS;
    let mut lines = vec![format!("{open} {path}: ours is {}", tell(&conflict.ours))];
    lines.push(format!("{middle} base was {}", tell(&conflict.base)));
    lines.push(format!("{close} theirs is {}", tell(&conflict.theirs)));
    for (line, index) in lines.iter().zip(at..) {
        ini.insert_comment(index, line);
    }
}

fn tell(values: &[String]) -> String {
    match values {
        [] => "not set".into(),
        values => values.join(" | "),
    }
}
