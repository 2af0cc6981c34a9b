// SPDX-License-Identifier: MPL-2.0
//! `exptool learn`: infers the layout of a file that nobody described.

use crate::common::{
    Common, Done, Failure, failure,
    output::{self, NewFile},
    plain::plain,
};
use clap::Args;
use formats::exp::infer::{self, Confidence, Hints, Inferred, USUAL_SAMPLE};
use jiff::civil::DateTime;
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
  exptool learn unknown.exp --known-time '2009-11-10 09:15:30' --cameras 1,2,5
  exptool learn monday.exp tuesday.exp -o recorder.toml
  exptool info --layout unknown.toml unknown.exp

Each finding is printed with the number of records that agree, and what else it could be. A layout is certain only where all frames
are read by it, from enough records, and nothing else explains them. Where it is not, the text after 'open' names the readings
that compete and what would decide. Several files of one recorder are also read together.";

/// Bytes that are looked at where the usual sample does not make the layout certain.
const LARGE_SAMPLE: usize = 16 << 20;
/// Files that are read together: each needs a sample in memory.
const TOGETHER: usize = 8;

/// Infer the layout of a file that nobody described, and show how sure each finding is.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", failure::exit_codes("a layout was inferred for each file", "for at least one file no layout was inferred", &[2, 3, 4])))]
pub struct Learn {
    /// Files with MPEG-4, H.264 or JPEG frames
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The camera numbers in the file
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    cameras: Vec<u16>,
    /// A time that the file's frames reach, as the recorder's own clock shows it
    #[arg(long, value_name = "TIME", value_parser = clock_time)]
    known_time: Vec<i64>,
    /// Write the layout, with the findings as comments; of several FILEs the one that they share
    #[arg(short, long, value_name = "TOML")]
    output: Option<PathBuf>,
    /// Replace a layout that already exists
    #[arg(long, requires = "output")]
    force: bool,
}

fn clock_time(text: &str) -> Result<i64, String> {
    let time: DateTime = text
        .parse()
        .map_err(|error: jiff::Error| error.to_string())?;
    let utc = time.in_tz("UTC").map_err(|error| error.to_string())?;
    Ok(utc.timestamp().as_second())
}

impl Learn {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        let hints = Hints {
            times: self.known_time.clone(),
            cameras: self.cameras.clone(),
        };
        let mut all = Vec::new();
        let mut nothing = false;
        let mut found: Vec<(String, Inferred)> = Vec::new();
        for path in &self.files {
            let name = path.display().to_string();
            match with_hints(path, &hints)? {
                Ok(inferred) => {
                    all.push(value(&name, &inferred));
                    if !common.json {
                        output::print(&text(&name, &inferred))?;
                    }
                    found.push((name, inferred));
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
        let shared = match found.as_slice() {
            [] => None,
            [(_, one)] => Some(one.clone()),
            several => Some(self.together(several, &hints)?),
        };
        if let Some(inferred) = shared.as_ref().filter(|_| found.len() > 1) {
            all.push(value("all files", inferred));
            if !common.json {
                output::print(&text("all files", inferred))?;
            }
        }
        if let (Some(output), Some(inferred)) = (&self.output, &shared) {
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

    /// The layout that several files share.
    fn together(&self, several: &[(String, Inferred)], hints: &Hints) -> Result<Inferred, Failure> {
        let mut samples = Vec::new();
        for (name, _) in several.iter().take(TOGETHER) {
            samples.push(sample(Path::new(name), USUAL_SAMPLE / 2)?);
        }
        let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).collect();
        infer::infer_files(&samples, hints).map_err(|error| {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Failure::Input(format!(
                "{}: do not share a layout: {error}",
                names.join(", ")
            ))
        })
    }

    fn write(&self, path: &Path, inferred: &Inferred) -> Result<(), Failure> {
        let fail =
            |error: &dyn std::fmt::Display| Failure::Output(format!("{}: {error}", path.display()));
        let toml = inferred.to_toml().map_err(|error| fail(&error))?;
        let mut file = NewFile::create(path, self.force)?;
        file.write_all(toml.as_bytes())
            .map_err(|error| fail(&error))?;
        file.finish()
    }
}

/// Infers the layout from the first bytes of a file, and from more where these do not make it certain. The reason, where there
/// is none.
///
/// # Errors
/// A file that cannot be read.
pub fn of_file(path: &Path) -> Result<Result<Inferred, String>, Failure> {
    with_hints(path, &Hints::default())
}

fn sample(path: &Path, size: usize) -> Result<Vec<u8>, Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", path.display()));
    output::protect(path);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fail)?;
    file.take(size as u64)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    Ok(bytes)
}

fn with_hints(path: &Path, hints: &Hints) -> Result<Result<Inferred, String>, Failure> {
    let mut best: Option<Inferred> = None;
    let mut reason = String::new();
    for size in [USUAL_SAMPLE, LARGE_SAMPLE] {
        let bytes = sample(path, size)?;
        match infer::infer_files(&[&bytes], hints) {
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
        if bytes.len() < size {
            break;
        }
    }
    Ok(best.ok_or(reason))
}

fn value(name: &str, inferred: &Inferred) -> Value {
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
        "frames": inferred.frames,
        "read": inferred.read,
        "open": inferred.open,
        "findings": findings,
        "layout": inferred.layout,
    })
}

fn text(name: &str, inferred: &Inferred) -> String {
    let mut out = format!(
        "{}\n  layout is {}: {} of {} frames are read by it\n",
        plain(name),
        inferred.confidence.name(),
        inferred.read,
        inferred.frames
    );
    for finding in &inferred.findings {
        out.push_str(&format!("  {:<22} {}\n", finding.field, finding.line()));
    }
    for open in &inferred.open {
        out.push_str(&format!("  {:<22} {open}\n", "open"));
    }
    out
}
