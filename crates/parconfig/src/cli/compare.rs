// SPDX-License-Identifier: MPL-2.0
//! `diff` and `merge`.

use crate::input::{Input, NetArgs, open, open_text};
use crate::{Common, Done, output};
use clap::{Args, ValueEnum};
use parconfig::compare::{Mismatch, compare};
use parconfig::diff::{self, Match};
use parconfig::merge::merge;
use serde_json::json;
use std::path::PathBuf;

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// Camera 3 is camera 3
    Number,
    /// Cameras of one title are one
    Title,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig diff north.par south.par
  parconfig diff old.par new.par --by title
  parconfig diff unit.par recording.adbin      (how it is set, and how it was recorded)
  parconfig diff unit.par http://10.0.0.5

Exit code 1 if there is a difference.")]
pub struct Diff {
    /// First: file, folder, ZIP or URL
    a: String,
    /// Second
    b: String,
    /// How cameras are matched
    #[arg(long, value_enum, default_value = "number")]
    by: By,
    #[command(flatten)]
    net: NetArgs,
}

impl Diff {
    pub fn run(self, common: Common) -> Done {
        let (a, b) = (open(&self.a, &self.net)?, open(&self.b, &self.net)?);
        match (&a.input, &b.input) {
            (Input::Config(text), Input::Recording(found))
            | (Input::Recording(found), Input::Config(text)) => {
                return recorded(&compare(text.config(), found), common);
            }
            _ => {}
        }
        let by = match self.by {
            By::Number => Match::Number,
            By::Title => Match::Title,
        };
        let found = diff::diff(&a.config()?, &b.config()?, by);
        if common.json {
            let changes: Vec<_> = found
                .changes
                .iter()
                .map(|change| {
                    let (old, new) = change.shown(common.show_secrets);
                    let value = |text: String, is: bool| if is { Some(text) } else { None };
                    json!({
                        "path": change.path.to_string(),
                        "old": value(old, !change.old.is_empty()),
                        "new": value(new, !change.new.is_empty()),
                    })
                })
                .collect();
            let moved: Vec<_> = found
                .moved
                .iter()
                .map(|(a, b)| json!({ "old": a, "new": b }))
                .collect();
            output::print_json(&json!({ "moved": moved, "changes": changes }))?;
        } else {
            let mut out = String::new();
            for (from, to) in &found.moved {
                out.push_str(&format!("camera {from} is camera {to} there\n"));
            }
            for change in &found.changes {
                let (old, new) = change.shown(common.show_secrets);
                out.push_str(&match (change.old.is_empty(), change.new.is_empty()) {
                    (true, _) => format!("+ {} = {new}\n", change.path),
                    (_, true) => format!("- {} = {old}\n", change.path),
                    _ => format!("~ {}: {old} -> {new}\n", change.path),
                });
            }
            output::print(&out)?;
        }
        Ok(u8::from(!found.is_empty()))
    }
}

fn recorded(found: &[Mismatch], common: Common) -> Done {
    if common.json {
        let list: Vec<_> = found
            .iter()
            .map(|m| json!({ "path": m.path.to_string(), "set": m.set, "recorded": m.recorded }))
            .collect();
        output::print_json(&json!({ "mismatches": list }))?;
    } else {
        output::print(&found.iter().map(|m| format!("{m}\n")).collect::<String>())?;
    }
    Ok(u8::from(!found.is_empty()))
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig merge base.par ours.par theirs.par -o merged.par

What only one side changed is taken. What both changed differently stays as ours, with comments that mark it; check complains
until they are gone. Exit code 1 if there are conflicts.")]
pub struct Merge {
    /// What both sides began with
    base: String,
    /// Our side, whose text is kept
    ours: String,
    /// Their side
    theirs: String,
    /// File to write; without it the text is printed
    #[arg(short, long)]
    output: Option<PathBuf>,
}

impl Merge {
    pub fn run(self, common: Common) -> Done {
        let merged = merge(
            &open_text(&self.base)?,
            &open_text(&self.ours)?,
            &open_text(&self.theirs)?,
        )?;
        let conflicts: Vec<_> = merged
            .conflicts
            .iter()
            .map(|c| {
                let show = |values: &[String]| {
                    let all: Vec<String> = values
                        .iter()
                        .map(|v| output::masked(&c.path, v, common.show_secrets))
                        .collect();
                    if all.is_empty() {
                        "not set".to_owned()
                    } else {
                        all.join(" | ")
                    }
                };
                (
                    c.path.to_string(),
                    show(&c.base),
                    show(&c.ours),
                    show(&c.theirs),
                )
            })
            .collect();
        if common.json {
            let bytes = merged.text.to_bytes();
            if let Some(path) = &self.output {
                output::write(path, &bytes, true)?;
            }
            let list: Vec<_> = conflicts
                .iter()
                .map(|(path, base, ours, theirs)| json!({ "path": path, "base": base, "ours": ours, "theirs": theirs }))
                .collect();
            let taken: Vec<_> = merged.taken.iter().map(ToString::to_string).collect();
            output::print_json(&json!({ "taken": taken, "conflicts": list }))?;
        } else {
            output::write_text(self.output.as_deref(), &merged.text, common.show_secrets)?;
            for path in &merged.taken {
                eprintln!("taken: {path}");
            }
            for (path, base, ours, theirs) in &conflicts {
                eprintln!("conflict: {path}: base {base}, ours {ours}, theirs {theirs}");
            }
        }
        Ok(u8::from(!conflicts.is_empty()))
    }
}
