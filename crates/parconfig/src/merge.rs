// SPDX-License-Identifier: MPL-2.0
//! Three-way merge by meaning: what only one side changed is taken, what both changed differently is a conflict.

use super::error::Result;
use super::ini::Ini;
use super::model::Flat;
use super::path::Path;
use super::text::{ConfigText, MARKS, quote};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let mut edits = Edits::new(&mut merged.text);
    for path in paths {
        let of = |flat: &Flat| flat.get(path).cloned().unwrap_or_default();
        let (base, our, their) = (of(base), of(our), of(their));
        if their == base || their == our {
            continue;
        }
        if our == base {
            edits.take(theirs, path, (&our, &their))?;
            merged.taken.push(path.clone());
        } else {
            let conflict = Conflict {
                path: path.clone(),
                base,
                ours: our,
                theirs: their,
            };
            edits.mark(&conflict);
            merged.conflicts.push(conflict);
        }
    }
    edits.finish()?;
    merged.text.reread();
    Ok(merged)
}

/// Edits of our text. Values are replaced at once; lines come and go at the end, while the index of lines still holds.
struct Edits<'a> {
    ini: &'a mut Ini,
    index: HashMap<(String, String), Vec<usize>>,
    gone: BTreeSet<usize>,
    marks: Vec<(usize, String)>,
    /// Keys and values by section, as their side spells them.
    new: BTreeMap<String, Vec<(String, String)>>,
}

impl<'a> Edits<'a> {
    fn new(text: &'a mut ConfigText) -> Edits<'a> {
        let ini = text.ini_mut();
        Edits {
            index: ini.index(),
            ini,
            gone: BTreeSet::new(),
            marks: Vec::new(),
            new: BTreeMap::new(),
        }
    }

    fn lines_of(&self, path: &Path) -> &[usize] {
        let place = (path.section.clone(), path.key.clone());
        self.index.get(&place).map_or(&[], Vec::as_slice)
    }

    fn take(
        &mut self,
        from: &ConfigText,
        path: &Path,
        (ours, theirs): (&[String], &[String]),
    ) -> Result<()> {
        if let ([_], [value], [at]) = (ours, theirs, self.lines_of(path)) {
            let at = *at;
            self.ini
                .replace(at, &path.section, &path.key, &quote(value))?;
            return Ok(());
        }
        let lines = self.lines_of(path).to_vec();
        self.gone.extend(lines);
        // Names as their side spells them, should our side not have them yet.
        let section = from.config().section(&path.section);
        let name = section.map_or(path.section.as_str(), |section| &section.raw);
        let entry = section.and_then(|section| section.entry(&path.key));
        let key = entry.map_or(path.key.as_str(), |entry| &entry.raw_key);
        let list = self.new.entry(name.to_owned()).or_default();
        list.extend(
            theirs
                .iter()
                .map(|value| (key.to_owned(), quote(value).into_owned())),
        );
        Ok(())
    }

    /// Marks a conflict by comments before our line, or at the end where our side took the line out.
    fn mark(&mut self, conflict: &Conflict) {
        let path = &conflict.path;
        let end = self.ini.lines.len();
        let at = self.lines_of(path).first().copied().unwrap_or(end);
        let [open, middle, close] = MARKS;
        for line in [
            format!("{open} {path}: ours is {}", tell(&conflict.ours)),
            format!("{middle} base was {}", tell(&conflict.base)),
            format!("{close} theirs is {}", tell(&conflict.theirs)),
        ] {
            self.marks.push((at, line));
        }
    }

    fn finish(self) -> Result<()> {
        // Marks count lines as they were, so they come first; the lines to go move with them.
        let mut marks: Vec<usize> = self.marks.iter().map(|(at, _)| *at).collect();
        marks.sort_unstable();
        let moved = |at: &usize| at.saturating_add(marks.partition_point(|mark| mark <= at));
        let gone = self.gone.iter().map(moved).collect();
        self.ini.insert_comments(&self.marks);
        self.ini.remove_lines(&gone);
        for (section, entries) in &self.new {
            let entries: Vec<(&str, &str)> = entries
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            if !entries.is_empty() {
                self.ini.add_all(section, &entries)?;
            }
        }
        Ok(())
    }
}

fn tell(values: &[String]) -> String {
    match values {
        [] => "not set".into(),
        values => values.join(" | "),
    }
}
