// SPDX-License-Identifier: MPL-2.0
//! `exptool learn`: works out the layout of a file nobody described.

use crate::common::{
    Common, Done, Failure,
    output::{self, NewFile},
    plain::plain,
};
use clap::Args;
use formats::exp::learn::{self, Confidence, Learnt, USUAL_SAMPLE};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  exptool learn unknown.exp
  exptool learn unknown.exp -o unknown.toml
  exptool info --layout unknown.toml unknown.exp

Every finding is told with the number of records that agree, and what else it could be. A layout is only certain where all
pictures are read by it, from enough records, and nothing else explains them.
Exit code 1: nothing holds.";

/// Bytes that are looked at where the usual sample does not make the layout certain.
const LARGE_SAMPLE: usize = 16 << 20;

/// Work out the layout of a file nobody described, and tell how sure each finding is.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Learn {
    /// Files with MPEG-4 pictures
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the layout, with the findings as comments; of several FILEs the one that all of them teach
    #[arg(short, long, value_name = "TOML")]
    output: Option<PathBuf>,
    /// Replace a layout that already exists
    #[arg(long, requires = "output")]
    force: bool,
}

impl Learn {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        let mut all = Vec::new();
        // what all files so far teach, and the first of them
        let mut common_to_all: Option<(String, Learnt)> = None;
        let mut nothing = false;
        for path in &self.files {
            let name = path.display().to_string();
            match of_file(path)? {
                Ok(inferred) => {
                    all.push(told(&name, &inferred));
                    if !common.json {
                        output::print(&text(&name, &inferred))?;
                    }
                    match &common_to_all {
                        Some((first, other))
                            if self.output.is_some()
                                && other.layout.record != inferred.layout.record =>
                        {
                            return Err(Failure::Input(format!(
                                "{name}: teaches another layout than {first}: expected one layout for -o"
                            )));
                        }
                        Some(_) => {}
                        None => common_to_all = Some((name, inferred)),
                    }
                }
                Err(reason) => {
                    nothing = true;
                    all.push(json!({ "file": name, "nothing": reason }));
                    if !common.json {
                        output::print(&format!("{}\n  {reason}\n", plain(&name)))?;
                    }
                }
            }
        }
        if let (Some(output), Some((_, inferred))) = (&self.output, &common_to_all) {
            self.write(output, inferred)?;
        }
        if common.json {
            match all.as_slice() {
                [one] => output::print_json(one)?,
                all => output::print_json(&all)?,
            }
        }
        Ok(u8::from(nothing))
    }

    fn write(&self, path: &Path, inferred: &Learnt) -> Result<(), Failure> {
        let fail =
            |error: &dyn std::fmt::Display| Failure::Output(format!("{}: {error}", path.display()));
        let toml = inferred.to_toml().map_err(|error| fail(&error))?;
        let mut file = NewFile::create(path, self.force)?;
        file.write_all(toml.as_bytes())
            .map_err(|error| fail(&error))?;
        file.finish()
    }
}

/// Learns from the first bytes of a file, and from more where these do not make it certain. The reason, where nothing holds.
///
/// # Errors
/// A file that cannot be read.
pub fn of_file(path: &Path) -> Result<Result<Learnt, String>, Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", path.display()));
    output::protect(path);
    let mut file = File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    let mut best: Option<Learnt> = None;
    let mut reason = String::new();
    for sample in [USUAL_SAMPLE, LARGE_SAMPLE] {
        let more = sample.saturating_sub(bytes.len()) as u64;
        let got = Read::by_ref(&mut file)
            .take(more)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        match learn::learn(&bytes) {
            Ok(inferred) => {
                let done = inferred.confidence == Confidence::Certain;
                let better = best
                    .as_ref()
                    .is_none_or(|best| inferred.confidence >= best.confidence);
                if better {
                    best = Some(inferred);
                }
                if done {
                    break;
                }
            }
            Err(nothing) => reason = nothing.to_string(),
        }
        if (got as u64) < more {
            break;
        }
    }
    Ok(best.ok_or(reason))
}

fn told(name: &str, inferred: &Learnt) -> Value {
    let findings: Vec<Value> = inferred
        .findings
        .iter()
        .map(|finding| {
            json!({
                "field": finding.field,
                "text": finding.text,
                "agree": finding.agree,
                "of": finding.of,
                "rivals": finding.rivals,
            })
        })
        .collect();
    json!({
        "file": name,
        "confidence": inferred.confidence.name(),
        "pictures": inferred.pictures,
        "read": inferred.read,
        "findings": findings,
        "layout": inferred.layout,
    })
}

fn text(name: &str, inferred: &Learnt) -> String {
    let mut out = format!(
        "{}\n  layout is {}: {} of {} pictures are read by it\n",
        plain(name),
        inferred.confidence.name(),
        inferred.read,
        inferred.pictures
    );
    for finding in &inferred.findings {
        out.push_str(&format!("  {:<22} {}\n", finding.field, finding.line()));
    }
    out
}
