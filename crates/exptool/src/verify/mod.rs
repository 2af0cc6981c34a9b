// SPDX-License-Identifier: MPL-2.0
//! `exptool verify`: checksums, index and counts against the records; hashes of the file and of each coded picture; and whether
//! another file holds the same pictures.

mod align;
mod chain;
mod compare;
mod converted;
mod difference;
mod elementary;
mod gap;
mod header;
mod index;
mod join;
pub mod manifest;
mod native;
mod others;
mod place;
mod rows;
mod sequence;
mod sort;
mod structure;
mod text;

use crate::common::{
    Common, Done, Failure, Input, failure::EXIT_CODES, output, output::NewFile, plain::plain,
};
use clap::Args;
use compare::Outcome;
use manifest::Manifest;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[allow(unused_imports, reason = "the report checks its input too")]
pub use native::{Checked, check};

const EXAMPLES: &str = "\
Examples:
  exptool verify lobby.exp                             checksums, index, counts, SHA-256
  exptool verify lobby.exp --manifest lobby.manifest   and a hash of each coded picture
  exptool verify lobby.exp --against lobby.manifest    which pictures differ today
  exptool verify lobby.mp4 --against lobby.manifest    does it hold the same pictures?

The manifest is text, one JSON object a line: the file; its frames, each with what its record
says and the SHA-256 of its coded bytes; its end with the SHA-256 of the file. The hash of a
picture is of its MPEG-4 bytes from the VOP's start code on, of its H.264 slices, or of the
whole JPEG: what containers keep.

Of a recording, --against compares pictures, sound, what the records say of them (time, camera,
mode, kind, sequence number) and the whole file. Of a converted file it compares the coded
pictures and their order: not the sound, not the times, and not what stands before pictures
(VOL, parameter sets).";

/// What a good comparison of a converted file does not prove.
const NOT_PROVED: [&str; 3] = [
    "sound",
    "times of pictures",
    "headers before pictures (VOL, parameter sets)",
];

/// Check a recording, hash it, and compare it with what it was.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
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
    /// Compare only this camera's pictures; without it a converted stream is of the camera that has most of its pictures
    #[arg(long, value_name = "N", requires = "against")]
    camera: Option<u16>,
    /// FILE is meant to hold only a part: pictures missing before its first and after its last are no difference
    #[arg(long, requires = "against")]
    part: bool,
    /// Replace a manifest that already exists
    #[arg(long, requires = "manifest")]
    force: bool,
}

/// What `verify` answers.
#[derive(Debug, Serialize)]
struct Answer {
    file: String,
    /// Nothing to complain about.
    good: bool,
    /// The same in words.
    result: String,
    /// Of a recording; `None` of a converted file.
    checked: Option<Checked>,
    /// Of each stream that was compared.
    against: Vec<Outcome>,
    /// Of a converted file: what the comparison does not prove.
    not_proved: Vec<&'static str>,
    /// Of a converted file: the manifest's cameras that none of its streams was compared with.
    cameras_not_in_file: Vec<u16>,
}

impl Verify {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        self.against.iter().for_each(|path| output::protect(path));
        let old = self.against.as_deref().map(Manifest::open).transpose()?;
        if let (Some(camera), Some(old)) = (self.camera, &old) {
            known(camera, old)?;
        }
        let answer = match (self.open(common), &old) {
            (Ok(input), _) => {
                let new = match &self.manifest {
                    Some(path) => Some(NewFile::create(path, self.force)?),
                    None => None,
                };
                let comparison = old.as_ref().map(|old| (old, self.camera, self.part));
                let (checked, outcome) = native::run(common, &input, new, comparison)?;
                Answer::of_recording(input.name.clone(), checked, outcome)
            }
            // no recording: a converted file can only be compared with a manifest
            (Err(failure), Some(old)) if is_something(&self.file) => {
                if self.manifest.is_some() {
                    return Err(match failure {
                        Failure::Input(_) => Failure::Use(
                            "a manifest is made of a recording, not of a converted file".to_owned(),
                        ),
                        failure => failure,
                    });
                }
                let against = converted::run(&self.file, old, self.camera, self.part)?;
                Answer::of_converted(&self.file, old, against)?
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

impl Verify {
    /// Opens a recording. A bare stream is none, and need not be looked at any longer.
    fn open(&self, common: &Common) -> Result<Input, Failure> {
        if self
            .file
            .metadata()
            .is_ok_and(|meta| meta.is_file() && meta.len() == 0)
        {
            return Err(Failure::Input(format!("{}: is empty", self.file.display())));
        }
        if common.layout.is_none() && elementary::begins(&self.file).is_some() {
            return Err(Failure::Input(format!(
                "{}: is no recording but a bare video stream, which --against can compare with a manifest",
                self.file.display()
            )));
        }
        common.open(&self.file)
    }
}

/// A file with bytes in it.
fn is_something(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.len() > 0)
}

/// Refuses a camera that the manifest does not have.
fn known(camera: u16, old: &Manifest) -> Result<(), Failure> {
    let cameras = old.cameras()?;
    if cameras.contains(&camera) {
        return Ok(());
    }
    let has = list(cameras);
    Err(Failure::Use(format!(
        "--camera {camera}: the manifest has no pictures of that camera, only of {has}"
    )))
}

fn list(cameras: impl IntoIterator<Item = u16>) -> String {
    let cameras: Vec<String> = cameras
        .into_iter()
        .map(|camera| camera.to_string())
        .collect();
    match cameras.is_empty() {
        true => "none".to_owned(),
        false => cameras.join(", "),
    }
}

impl Answer {
    fn of_recording(file: String, checked: Checked, outcome: Option<Outcome>) -> Answer {
        let good = checked.good() && outcome.iter().all(Outcome::good);
        let result = match &outcome {
            None if good && !checked.has_check_sums() => {
                "nothing wrong was found; this file has no checksums to test"
            }
            Some(outcome) if !outcome.good() && outcome.same_frames() => {
                match outcome.says_complete {
                    true => {
                        "NOT all right: all pictures and what the records say of them are the same, but other bytes of the file differ"
                    }
                    false => {
                        "NOT all right: all pictures are the same, but other bytes of the file differ, and the manifest does not hold what the records say"
                    }
                }
            }
            _ if good => "all right",
            Some(outcome) if outcome.good() => {
                "NOT all right: something is wrong with the recording, which is as the manifest has it"
            }
            _ => "NOT all right",
        };
        Answer {
            file,
            good,
            result: result.to_owned(),
            checked: Some(checked),
            against: outcome.into_iter().collect(),
            not_proved: Vec::new(),
            cameras_not_in_file: Vec::new(),
        }
    }

    fn of_converted(path: &Path, old: &Manifest, against: Vec<Outcome>) -> Result<Answer, Failure> {
        let good = !against.is_empty() && against.iter().all(Outcome::good);
        let mut cameras = old.cameras()?;
        for outcome in &against {
            if let Some(camera) = &outcome.camera {
                cameras.remove(camera);
            }
        }
        let left_out: u64 = against.iter().map(|outcome| outcome.orphans_left_out).sum();
        let result = match (good, left_out) {
            (false, _) => "NOT all right".to_owned(),
            (true, 0) => "all right".to_owned(),
            (true, left_out) => format!(
                "all right, but for {left_out} pictures without reference, which are not here"
            ),
        };
        Ok(Answer {
            file: path.display().to_string(),
            good,
            result,
            checked: None,
            against,
            not_proved: NOT_PROVED.to_vec(),
            cameras_not_in_file: cameras.into_iter().collect(),
        })
    }

    fn text(&self) -> String {
        let mut out = format!("{}\n", plain(&self.file));
        if let Some(checked) = &self.checked {
            checked.text(&mut out);
        }
        for outcome in &self.against {
            outcome.text(&mut out);
        }
        if !self.cameras_not_in_file.is_empty() {
            let cameras = list(self.cameras_not_in_file.iter().copied());
            out.push_str(&format!(
                "  cameras    the manifest has others, which are not in this file: {cameras}\n"
            ));
        }
        if !self.not_proved.is_empty() {
            let not = self.not_proved.join("; ");
            out.push_str(&format!("  not proved {not}\n"));
        }
        out.push_str(&format!("  result     {}\n", self.result));
        out
    }
}
