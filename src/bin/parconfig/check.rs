// SPDX-License-Identifier: MPL-2.0
//! `check`.

use crate::failure::Failure;
use crate::input::{Input, NetArgs, Source, open, open_text};
use crate::{Common, Done, output};
use clap::Args;
use gstexp::parconfig::ConfigText;
use gstexp::parconfig::check::{Finding, Severity, check};
use gstexp::parconfig::sniff::Kind;
use serde_json::json;

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
        let mut all: Vec<(String, Vec<Finding>)> = Vec::new();
        for file in &self.files {
            all.extend(check_one(file, &self.net)?);
        }
        let count = |severity| {
            all.iter()
                .flat_map(|(_, f)| f)
                .filter(|f| f.severity == severity)
                .count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        if common.json {
            let findings = all
                .iter()
                .flat_map(|(file, found)| found.iter().map(move |f| json_of(file, f)));
            output::print_json(&json!({
                "files": all.len(),
                "errors": errors,
                "warnings": warnings,
                "findings": findings.collect::<Vec<_>>(),
            }))?;
        } else {
            let mut out = String::new();
            for (file, found) in &all {
                for finding in found {
                    out.push_str(&format!("{file}:{finding}\n"));
                }
            }
            let plural =
                |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
            out.push_str(&format!(
                "{}: {}, {}\n",
                plural(all.len(), "file"),
                plural(errors, "error"),
                plural(warnings, "warning")
            ));
            output::print(&out)?;
        }
        Ok(u8::from(errors > 0 || (self.strict && warnings > 0)))
    }
}

fn check_one(file: &str, net: &NetArgs) -> Result<Vec<(String, Vec<Finding>)>, Failure> {
    let source = match open(file, net)? {
        Source {
            input: Input::Ini(_),
            ..
        } => {
            let text = open_text(file)?;
            return Ok(vec![(file.to_owned(), check(text.config()))]);
        }
        source => source,
    };
    match source.input {
        Input::Config(text) => Ok(vec![(file.to_owned(), check(text.config()))]),
        Input::Set(members) => {
            let mut all = Vec::new();
            for member in members.iter().filter(|member| member.kind == Kind::Config) {
                let name = format!("{file}/{}", member.name);
                let text = ConfigText::parse(member.bytes.as_deref().unwrap_or_default())
                    .map_err(|error| Failure::input(&name, &error))?;
                all.push((name, check(text.config())));
            }
            if all.is_empty() {
                return Err(Failure::Input(format!(
                    "{file}: holds no configuration text"
                )));
            }
            Ok(all)
        }
        _ => Err(Failure::Input(format!(
            "{file}: this is a {}; a configuration text is expected (import makes one)",
            source.kind
        ))),
    }
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
