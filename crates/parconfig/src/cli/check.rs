// SPDX-License-Identifier: MPL-2.0
//! `check`.

use crate::failure::Failure;
use crate::input::{Input, NetArgs, open, open_text};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::archive::{self, Member};
use parconfig::check::{Finding, Severity, check};
use parconfig::sniff::{Kind, sniff};
use parconfig::{ConfigText, Error};
use serde_json::json;
use std::fs::File;
use std::io::Read;
use std::path::Path;

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig check unit.par
  parconfig check units/ --strict
  parconfig check backup.zip --json

Prints FILE:LINE:COLUMN: what is wrong and what is allowed. Exit code 1 if there are errors, with --strict also for warnings.")]
pub struct Check {
    /// Configuration texts, or folders and ZIP files of them
    #[arg(required = true)]
    files: Vec<String>,
    /// Warnings count as errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    net: NetArgs,
}

impl Check {
    pub fn run(self, common: Common) -> Done {
        let mut tally = Tally {
            common,
            ..Tally::default()
        };
        for file in &self.files {
            check_one(file, &self.net, &mut tally)?;
        }
        let (errors, warnings) = (tally.errors, tally.warnings);
        if common.json {
            output::print_json(&json!({
                "files": tally.files,
                "errors": errors,
                "warnings": warnings,
                "findings": tally.list,
            }))?;
        } else {
            let plural =
                |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
            if tally.untold > 0 {
                tally
                    .text
                    .push_str(&format!("… and {} more\n", tally.untold));
            }
            tally.text.push_str(&format!(
                "{}: {}, {}\n",
                plural(tally.files, "file"),
                plural(errors, "error"),
                plural(warnings, "warning")
            ));
            output::print(&tally.text)?;
        }
        Ok(u8::from(errors > 0 || (self.strict && warnings > 0)))
    }
}

/// Most findings that are told.
const TOLD: usize = 5000;

/// What was found in all files.
#[derive(Default)]
struct Tally {
    common: Common,
    files: usize,
    errors: usize,
    warnings: usize,
    untold: usize,
    text: String,
    list: Vec<serde_json::Value>,
}

impl Tally {
    fn add(&mut self, file: &str, text: &ConfigText) {
        self.files += 1;
        for finding in check(text.config()) {
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
            }
            if self.errors + self.warnings > TOLD {
                self.untold += 1;
            } else if self.common.json {
                self.list.push(json_of(file, &finding));
            } else {
                self.text.push_str(&format!("{file}:{finding}\n"));
            }
        }
    }
}

fn check_one(file: &str, net: &NetArgs, tally: &mut Tally) -> Result<(), Failure> {
    let path = Path::new(file);
    let mut found = 0;
    let mut visit = |member: Member| {
        if member.kind == Kind::Config {
            let bytes = member.bytes.as_deref().unwrap_or_default();
            let text = ConfigText::parse(bytes).map_err(|error| Error::Archive {
                entry: member.name.clone(),
                message: error.to_string(),
            })?;
            tally.add(&format!("{file}/{}", member.name), &text);
            found += 1;
        }
        Ok(())
    };
    let fail = |error: Error| Failure::input(file, &error);
    if path.is_dir() {
        archive::visit_folder(path, &mut visit).map_err(fail)?;
    } else if path.is_file() && head_kind(path)? == Kind::Zip {
        let zip = File::open(path).map_err(|error| fail(Error::io(file, error)))?;
        archive::visit_zip(zip, file, &mut visit).map_err(fail)?;
    } else {
        return check_file(file, net, tally);
    }
    if found == 0 {
        return Err(Failure::Input(format!(
            "{file}: holds no configuration text"
        )));
    }
    Ok(())
}

fn head_kind(path: &Path) -> Result<Kind, Failure> {
    let name = path.display().to_string();
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut head))
        .map_err(|error| Failure::input(&name, &Error::io(&name, error)))?;
    Ok(sniff(&head))
}

fn check_file(file: &str, net: &NetArgs, tally: &mut Tally) -> Result<(), Failure> {
    let source = open(file, net)?;
    match source.input {
        Input::Config(text) => tally.add(file, &text),
        Input::Ini(_) => tally.add(file, &open_text(file)?),
        _ => {
            return Err(Failure::Input(format!(
                "{file}: this is a {}; a configuration text is expected (import makes one)",
                source.kind
            )));
        }
    }
    Ok(())
}

fn json_of(file: &str, finding: &Finding) -> serde_json::Value {
    json!({
        "file": file,
        "line": finding.place.line,
        "column": finding.place.column,
        "offset": finding.place.offset,
        "severity": finding.severity.to_string(),
        "rule": finding.rule,
        "path": finding.path,
        "message": finding.message,
    })
}
