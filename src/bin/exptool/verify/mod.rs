// SPDX-License-Identifier: MPL-2.0
//! `exptool verify`: check sums, index and counts against the records; hashes of the file and of each coded picture; and whether
//! another file holds the same pictures.

mod compare;
mod converted;
mod index;
pub mod manifest;
mod native;

use crate::common::{Common, Done, Failure, output, output::NewFile, plain::plain};
use clap::Args;
use compare::Outcome;
use manifest::Manifest;
use serde::Serialize;
use std::path::PathBuf;

#[allow(unused_imports, reason = "the report checks its input too")]
pub use native::{Checked, check};

const EXAMPLES: &str = "\
Examples:
  exptool verify lobby.exp                                   check sums, index, counts, SHA-256
  exptool verify lobby.exp --manifest lobby.manifest         and a hash of each coded picture
  exptool verify lobby.exp --against lobby.manifest          which pictures differ today
  exptool verify lobby.mp4 --against lobby.manifest          does the converted file hold the same pictures?

The manifest is text, one JSON object a line: the file, its frames, its end with the SHA-256 of the file. The hash of a picture
is of its MPEG-4 bytes from the VOP's start code on, of its H.264 slices, or of the whole JPEG: what containers keep.";

/// Check a recording, hash it, and compare it with what it was.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    /// Recording; with --against also a converted MP4, MKV, AVI or MPEG-4 file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write a manifest: hashes of the file and of each coded picture
    #[arg(long, value_name = "MANIFEST")]
    manifest: Option<PathBuf>,
    /// Tell exactly which pictures differ from those of a manifest
    #[arg(long, value_name = "MANIFEST")]
    against: Option<PathBuf>,
    /// Compare only this camera's pictures; without it a converted stream's first picture tells its camera
    #[arg(long, value_name = "N", requires = "against")]
    camera: Option<u16>,
    /// FILE is meant to hold only a part: pictures missing before its first and after its last are no difference
    #[arg(long, requires = "against")]
    part: bool,
    /// Replace a manifest that is there already
    #[arg(long, requires = "manifest")]
    force: bool,
}

/// What `verify` answers.
#[derive(Debug, Serialize)]
struct Answer {
    file: String,
    /// Nothing to complain about.
    good: bool,
    /// Of a recording; `None` of a converted file.
    checked: Option<Checked>,
    /// Of each stream that was compared.
    against: Vec<Outcome>,
}

impl Verify {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        let old = self.against.as_deref().map(Manifest::open).transpose()?;
        let answer = match (common.open(&self.file), &old) {
            (Ok(input), _) => {
                let new = match &self.manifest {
                    Some(path) => Some(NewFile::create(path, self.force)?),
                    None => None,
                };
                let comparison = old.as_ref().map(|old| (old, self.camera, self.part));
                let (checked, outcome) = native::run(common, &input, new, comparison)?;
                Answer {
                    file: input.name.clone(),
                    good: checked.good() && outcome.iter().all(Outcome::good),
                    checked: Some(checked),
                    against: outcome.into_iter().collect(),
                }
            }
            // no recording: a converted file can only be held against a manifest
            (Err(_), Some(old)) if self.file.is_file() => {
                if self.manifest.is_some() {
                    return Err(Failure::Use(
                        "a manifest is made of a recording, not of a converted file".to_owned(),
                    ));
                }
                let against = converted::run(&self.file, old, self.camera, self.part)?;
                Answer {
                    file: self.file.display().to_string(),
                    good: !against.is_empty() && against.iter().all(Outcome::good),
                    checked: None,
                    against,
                }
            }
            (Err(failure), _) => return Err(failure),
        };
        if common.json {
            output::print_json(&answer)?;
        } else {
            output::print(&answer.text())?;
        }
        Ok(u8::from(!answer.good))
    }
}

impl Answer {
    fn text(&self) -> String {
        let mut out = format!("{}\n", plain(&self.file));
        if let Some(checked) = &self.checked {
            checked.text(&mut out);
        }
        for outcome in &self.against {
            outcome.text(&mut out);
            if let Some(checked) = &self.checked {
                let same = match checked.sha256 == outcome.manifest_sha256 {
                    true => "the whole file is the same, byte for byte",
                    false => "the whole file is not the same",
                };
                out.push_str(&format!("             {same}\n"));
            }
        }
        let result = match self.good {
            true => "all right",
            false => "NOT all right",
        };
        out.push_str(&format!("  result     {result}\n"));
        out
    }
}
