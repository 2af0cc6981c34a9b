// SPDX-License-Identifier: MPL-2.0
//! `diff` and `history`.

use crate::failure::Failure;
use crate::input::{Input, InputArgs};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::config::diff::diff;
use parconfig::textdiff::unified;
use parconfig::unit::history::commit;
use parconfig::unit::set::{Contents, UnitSet};
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
            let changes = UnitSet::open(Path::new(&self.a))?.changes()?;
            let pair = |change: &parconfig::unit::set::Changed| {
                (change.name.clone(), change.old.clone(), change.new.clone())
            };
            return files(
                &self.a,
                &changes.iter().map(pair).collect::<Vec<_>>(),
                common,
            );
        };
        let (a, b) = (self.from.open(&self.a)?, self.from.open(b)?);
        match (&a.input, &b.input) {
            (Input::Files(old), Input::Files(new)) if self.from.map.is_none() => {
                return files(&self.a, &pairs(old, new), common);
            }
            (Input::Recording(found), other) | (other, Input::Recording(found))
                if !matches!(other, Input::Recording(_)) =>
            {
                let set = if matches!(a.input, Input::Recording(_)) {
                    &b
                } else {
                    &a
                };
                let mismatches = found.compare(&self.from.config(set)?.0);
                if common.json {
                    output::print_json(&json!({ "mismatches": mismatches }))?;
                } else {
                    let line = |m: &parconfig::recording::Mismatch| {
                        let set = if m.set.is_empty() { "not set" } else { &m.set };
                        format!("{}: set to {set}, recorded {}\n", m.path, m.recorded)
                    };
                    output::print(&mismatches.iter().map(line).collect::<String>())?;
                }
                return Ok(u8::from(!mismatches.is_empty()));
            }
            _ => {}
        }
        let changes = diff(&self.from.config(&a)?.0, &self.from.config(&b)?.0);
        let shown = changes
            .iter()
            .map(|change| (&change.path, change.shown(common.show_secrets)));
        if common.json {
            let list: Vec<_> = shown
                .map(|(path, (old, new))| json!({ "path": path, "old": old, "new": new }))
                .collect();
            output::print_json(&json!({ "changes": list }))?;
        } else {
            let line = |(path, values): (&String, (Option<String>, Option<String>))| match values {
                (None, Some(new)) => format!("+ {path} = {new}\n"),
                (Some(old), None) => format!("- {path} = {old}\n"),
                (Some(old), Some(new)) if old == new => format!("~ {path}: {old} -> another\n"),
                (old, new) => format!(
                    "~ {path}: {} -> {}\n",
                    old.unwrap_or_default(),
                    new.unwrap_or_default()
                ),
            };
            output::print(&shown.map(line).collect::<String>())?;
        }
        Ok(u8::from(!changes.is_empty()))
    }
}

fn pairs(old: &Contents, new: &Contents) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    // One file is compared with one file whatever their names.
    if let (Some((name, old)), Some((_, new)), 1, 1) =
        (old.iter().next(), new.iter().next(), old.len(), new.len())
    {
        return vec![(name.clone(), old.clone(), new.clone())];
    }
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let bytes = |contents: &Contents, name| contents.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .map(|name| (name.clone(), bytes(old, name), bytes(new, name)))
        .collect()
}

fn files(folder: &str, pairs: &[(String, Vec<u8>, Vec<u8>)], common: Common) -> Done {
    let different = pairs.iter().filter(|(_, old, new)| old != new);
    let texts: Vec<(&String, String)> = different
        .map(|(name, old, new)| (name, unified(name, old, new, common.show_secrets)))
        .collect();
    if common.json {
        let list: Vec<_> = texts
            .iter()
            .map(|(name, text)| json!({ "file": name, "difference": text }))
            .collect();
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

--commit makes one commit for each unit and day: a second one on the same day replaces the first if that is the newest commit and
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
                text.push_str(
                    &made
                        .as_ref()
                        .map_or(format!("{name}: nothing new\n"), |id| {
                            format!("{name}: committed {id}\n")
                        }),
                );
                list.push(json!({ "set": folder, "commit": made }));
                continue;
            }
            let journal = UnitSet::open(folder)?
                .folder
                .join(".parconfig/journal.jsonl");
            let bytes = parconfig::files::read(&journal, 64 << 20)?;
            for line in String::from_utf8_lossy(&bytes).lines() {
                // The last line may be cut off by a crash.
                let Ok(entry) = serde_json::from_str::<serde_json::Value>(line) else {
                    continue;
                };
                let word = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
                let details = &entry["details"];
                let files = details["files"]
                    .as_array()
                    .or(details["changed"].as_array());
                let name_of = |file: &serde_json::Value| {
                    file.as_str()
                        .or(file["name"].as_str())
                        .unwrap_or_default()
                        .to_owned()
                };
                let mut names: Vec<String> = files.into_iter().flatten().map(name_of).collect();
                names.extend(details["file"].as_str().map(str::to_owned));
                let (time, event, names) = (word("time"), word("event"), names.join(", "));
                text.push_str(&format!("{time} {name}: {event}: {names}\n"));
                list.push(json!({ "set": folder, "entry": entry }));
            }
        }
        if common.json {
            output::print_json(&json!(list))?
        } else {
            output::print(&text)?
        }
        Ok(0)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Output(error.to_string())
    }
}
