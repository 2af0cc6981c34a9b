// SPDX-License-Identifier: MPL-2.0
//! `diff` and `history`.

use crate::input::{Input, InputArgs, Source};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::config::diff::{diff, shown};
use parconfig::files::Contents;
use parconfig::recording::Mismatch;
use parconfig::textdiff::unified;
use parconfig::unit::history::commit;
use parconfig::unit::set::UnitSet;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig diff backup/north                             (edits that were not pushed)
  parconfig diff backup/north backup/south                (files of two sets, line by line)
  parconfig diff backup/north backup/south --map mapping.toml      (by meaning)
  parconfig diff backup/north recording.adbin --map mapping.toml   (how it is set, and how it was recorded)
  parconfig diff old.toml new.toml
  parconfig diff unit.toml http://10.0.0.5

Exit code 1 if there is a difference.")]
pub struct Diff {
    /// Set, configuration text, .ini file, ZIP, recording or URL
    a: String,
    /// Another; without it the set is compared with what its unit has
    b: Option<String>,
    #[command(flatten)]
    from: InputArgs,
}

impl Diff {
    pub fn run(self, common: Common) -> Done {
        let Some(b) = &self.b else {
            let set = UnitSet::open(Path::new(&self.a))?;
            let (mut old, mut new) = (Contents::new(), Contents::new());
            for change in set.changes()? {
                old.insert(change.name.clone(), change.old);
                new.insert(change.name, change.new);
            }
            return files(&self.a, &old, &new, common);
        };
        let (a, b) = (self.from.open(&self.a)?, self.from.open(b)?);
        match (&a.input, &b.input) {
            (Input::Files(old), Input::Files(new)) if self.from.map.is_none() => {
                files(&self.a, old, new, common)
            }
            (Input::Recording(_), Input::Recording(_)) => self.by_meaning(&a, &b, common),
            (Input::Recording(found), _) => {
                mismatches(&found.compare(&self.from.config(&b)?.0), common)
            }
            (_, Input::Recording(found)) => {
                mismatches(&found.compare(&self.from.config(&a)?.0), common)
            }
            _ => self.by_meaning(&a, &b, common),
        }
    }

    fn by_meaning(&self, a: &Source, b: &Source, common: Common) -> Done {
        let changes = diff(&self.from.config(a)?.0, &self.from.config(b)?.0);
        let (mut list, mut text) = (Vec::new(), String::new());
        for change in &changes {
            let path = &change.path;
            let [old, new] = [&change.old, &change.new].map(|value| {
                value
                    .as_ref()
                    .map(|v| shown(path, Some(v), common.show_secrets))
            });
            text.push_str(&match (&old, &new) {
                (None, Some(new)) => format!("+ {path} = {new}\n"),
                (Some(old), Some(new)) if old == new => format!("~ {path}: {old} -> another\n"),
                (Some(old), Some(new)) => format!("~ {path}: {old} -> {new}\n"),
                (old, None) => format!("- {path} = {}\n", old.as_deref().unwrap_or_default()),
            });
            list.push(json!({ "path": path, "old": old, "new": new }));
        }
        match common.json {
            true => output::print_json(&json!({ "changes": list }))?,
            false => output::print(&text)?,
        }
        Ok(u8::from(!changes.is_empty()))
    }
}

/// What was recorded differently from how it is set.
fn mismatches(mismatches: &[Mismatch], common: Common) -> Done {
    let line = |m: &Mismatch| {
        let set = if m.set.is_empty() { "not set" } else { &m.set };
        format!("{}: set to {set}, recorded {}\n", m.path, m.recorded)
    };
    match common.json {
        true => output::print_json(&json!({ "mismatches": mismatches }))?,
        false => output::print(&mismatches.iter().map(line).collect::<String>())?,
    }
    Ok(u8::from(!mismatches.is_empty()))
}

/// Two sets of files, line by line.
fn files(folder: &str, old: &Contents, new: &Contents, common: Common) -> Done {
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut compare = |name: &String, old: &[u8], new: &[u8]| {
        if old != new {
            texts.push((name.clone(), unified(name, old, new, common.show_secrets)));
        }
    };
    if (old.len(), new.len()) == (1, 1) {
        // One file is compared with one file whatever their names.
        for ((name, old), new) in old.iter().zip(new.values()) {
            compare(name, old, new);
        }
    } else {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let bytes = |files: &Contents, name| files.get(name).cloned().unwrap_or_default();
        for name in names {
            compare(name, &bytes(old, name), &bytes(new, name));
        }
    }
    if common.json {
        let json = |(name, text): &(String, String)| json!({ "file": name, "difference": text });
        let list: Vec<_> = texts.iter().map(json).collect();
        output::print_json(&json!({ "set": folder, "files": list }))?;
    } else {
        output::print(
            &texts
                .iter()
                .map(|(_, text)| text.as_str())
                .collect::<String>(),
        )?;
    }
    Ok(u8::from(!texts.is_empty()))
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig history backup/north               (what was done to the unit and when)
  parconfig history backup/* --commit          (the files into the git repository that the folder is in)

--commit makes one commit for each unit and day: a second one on the same day replaces the first if that is the newest commit and \
is on no remote branch. Only the unit's files are committed; they hold its passwords.")]
pub struct History {
    /// Fetched sets
    #[arg(required = true, value_name = "DIR")]
    sets: Vec<PathBuf>,
    /// Commit the files as the units have them
    #[arg(long)]
    commit: bool,
}

impl History {
    pub fn run(self, common: Common) -> Done {
        let mut list = Vec::new();
        let mut text = String::new();
        for folder in &self.sets {
            let name = folder.display();
            if self.commit {
                let made = commit(folder)?;
                text.push_str(&match &made {
                    Some(id) => format!("{name}: committed {id}\n"),
                    None => format!("{name}: nothing new\n"),
                });
                list.push(json!({ "set": folder, "commit": made }));
                continue;
            }
            for entry in UnitSet::open(folder)?.entries()? {
                let names = entry.files.join(", ");
                let (time, event) = (&entry.time, &entry.event);
                text.push_str(&format!("{time} {name}: {event}: {names}\n"));
                list.push(json!({ "set": folder, "entry": entry }));
            }
        }
        match common.json {
            true => output::print_json(&json!(list))?,
            false => output::print(&text)?,
        }
        Ok(0)
    }
}
