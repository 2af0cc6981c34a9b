// SPDX-License-Identifier: MPL-2.0
//! `get` and `set`.

use crate::failure::Failure;
use crate::input::{NetArgs, open, open_text};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::check::{Severity, check};
use parconfig::{ConfigText, Path};
use serde_json::{Map, Value};

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig get unit.par camera.3.title
  parconfig get unit.par schedule.monday.day network.address
  parconfig get unit.par                       (everything, as PATH=VALUE)")]
pub struct Get {
    /// Configuration text, recording, folder, ZIP or URL
    file: String,
    /// Paths such as camera.3.title
    paths: Vec<String>,
    #[command(flatten)]
    net: NetArgs,
}

impl Get {
    pub fn run(self, common: Common) -> Done {
        let config = open(&self.file, &self.net)?.config()?;
        let mut found: Vec<(Path, Option<String>)> = Vec::new();
        if self.paths.is_empty() {
            for section in &config.sections {
                for entry in &section.entries {
                    found.push((
                        Path::new(&section.name, &entry.key),
                        Some(entry.value.clone()),
                    ));
                }
            }
        }
        for text in &self.paths {
            let path = Path::parse(text)?;
            let value = config.get(&path)?.map(str::to_owned);
            found.push((path, value));
        }
        let missing = found.iter().any(|(_, value)| value.is_none());
        let shown: Vec<(Path, Option<String>)> = found
            .into_iter()
            .map(|(path, value)| {
                let value = value.map(|v| output::masked(&path, &v, common.show_secrets));
                (path, value)
            })
            .collect();
        if common.json {
            let object: Map<String, Value> = shown
                .into_iter()
                .map(|(path, value)| (path.to_string(), value.into()))
                .collect();
            output::print_json(&Value::Object(object))?;
        } else if let ([_], [(_, value)]) = (self.paths.as_slice(), shown.as_slice()) {
            match value {
                Some(value) => output::print(&format!("{value}\n"))?,
                None => eprintln!("parconfig: {}: not set", self.paths.join(" ")),
            }
        } else {
            let lines = shown.iter().map(|(path, value)| match value {
                Some(value) => format!("{path}={value}\n"),
                None => format!("{path}: not set\n"),
            });
            output::print(&lines.collect::<String>())?;
        }
        Ok(u8::from(missing))
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig set unit.par camera.3.title='Loading bay' schedule.monday.day=07:00-19:00
  parconfig set unit.par --unset camera.4.title
  parconfig set unit.par network.address=10.0.0.9 --dry-run

The old file is kept as FILE~.")]
pub struct Set {
    /// Configuration text
    file: String,
    /// What to set
    #[arg(value_name = "PATH=VALUE")]
    values: Vec<String>,
    /// Take out a value
    #[arg(long, value_name = "PATH")]
    unset: Vec<String>,
    /// Show the difference, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Keep no backup
    #[arg(long)]
    no_backup: bool,
}

impl Set {
    pub fn run(self, common: Common) -> Done {
        if self.values.is_empty() && self.unset.is_empty() {
            return Err(Failure::Use(
                "nothing to set; PATH=VALUE or --unset PATH is expected".into(),
            ));
        }
        let mut text = open_text(&self.file)?;
        let before = text.to_bytes();
        let known = problems(&text);
        let mut values = Vec::new();
        for pair in &self.values {
            let (path, value) = pair
                .split_once('=')
                .ok_or_else(|| Failure::Use(format!("{pair}: PATH=VALUE is expected")))?;
            values.push((Path::parse(path)?, value.to_owned()));
        }
        let mut edits = text.set_all(&values)?;
        for path in &self.unset {
            edits.extend(text.remove(&Path::parse(path)?)?);
        }
        edits.retain(|edit| edit.old != edit.new);
        let after = text.to_bytes();
        let changed = after != before;
        if changed && !self.dry_run {
            output::write(std::path::Path::new(&self.file), &after, !self.no_backup)?;
        }
        let new: Vec<String> = problems(&text)
            .into_iter()
            .filter(|p| !known.contains(p))
            .collect();
        if common.json {
            output::print_json(&serde_json::json!({
                "file": self.file,
                "written": changed && !self.dry_run,
                "edits": output::edits_json(&edits, common.show_secrets),
                "problems": new,
            }))?;
        } else {
            output::print(&output::edits_text(&edits, common.show_secrets))?;
            for problem in new {
                eprintln!("parconfig: {}: {problem}", self.file);
            }
        }
        Ok(0)
    }
}

/// What check finds, without places: those move with every edit.
fn problems(text: &ConfigText) -> Vec<String> {
    let name = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    check(text.config())
        .into_iter()
        .map(|f| format!("{}: {}: {}", name(f.severity), f.path, f.message))
        .collect()
}
