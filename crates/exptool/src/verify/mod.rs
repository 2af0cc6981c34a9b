// SPDX-License-Identifier: MPL-2.0
//! `exptool verify`: checksums, index and counts compared with the records; hashes of the file and of each coded frame; and whether
//! another file has the same frames.

mod avi;
mod check;
mod compare;
mod converted;
mod framehash;
mod index;
mod manifest;
mod matching;
mod rows;
mod structure;
mod text;

use crate::common::{Common, Done, Failure, Input, failure, output, output::NewFile};
use crate::convert::plan::{self, Item};
use check::Checked;
use clap::Args;
use compare::{How, Outcome, compare, sorted_keys};
use manifest::{Manifest, Recording, Writer};
use rows::Rows;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  exptool verify lobby.exp                             checksums, index, counts, SHA-256
  exptool verify *.exp --manifest disc.manifest        and a hash of each coded frame
  exptool verify *.exp --against disc.manifest         what differs today; copies may have other names
  exptool verify lobby.mp4 --against disc.manifest     does it have the same frames?
  exptool verify lobby.exp --camera 1 --framehash lobby.framehash
                                                       hashes to compare with those of ffmpeg

A manifest is text, one JSON object a line: each file, its frames with the fields of their records
and the SHA-256 of their coded bytes, and the SHA-256 of the file. The hash of a frame is of its
MPEG-4 bytes from the VOP's start code on, of its H.264 slices, or of the whole JPEG: what
containers keep.

--against finds the recording by the file's SHA-256, else by its frames, whatever the file is
called. Of a recording it compares video and audio frames, the fields of their records (time,
camera, mode, kind, sequence number) and the whole file. Of a converted file it compares the coded
frames and their order, not audio, times, or headers before frames (VOL, parameter sets). Frames
that were encoded again cannot be compared.";

/// What a good comparison of a converted file does not prove.
const NOT_PROVED: [&str; 3] = [
    "audio",
    "times of frames",
    "headers before frames (VOL, parameter sets)",
];

/// Check recordings, hash them, and compare them with what they were.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", failure::exit_codes("nothing was found", "something was found: damage, checksums that do not match, differences; or a file could not be read", &[2, 3, 4, 5])))]
pub struct Verify {
    /// Recordings, or folders of them; with --against also converted MP4, MKV, AVI or MPEG-4 files
    #[arg(required = true, value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// Report exactly which frames differ from those of a manifest
    #[arg(long, value_name = "MANIFEST")]
    against: Option<PathBuf>,
    /// FILE is meant to be only a part: frames missing before its first and after its last are not a difference
    #[arg(long, requires = "against")]
    part: bool,
    /// Only this camera's frames, with --against or --framehash. Without it, a converted file's comment or its frames decide
    #[arg(long, value_name = "N")]
    camera: Option<u16>,
    /// Write a manifest: hashes of each file and of each coded frame
    #[arg(long, value_name = "MANIFEST")]
    manifest: Option<PathBuf>,
    /// Write hashes of a camera's coded frames in ffmpeg's framehash format
    #[arg(long, value_name = "HASHES")]
    framehash: Option<PathBuf>,
    /// Replace a manifest or hashes that already exist
    #[arg(long)]
    force: bool,
}

/// What `verify` found in a file.
#[derive(Debug, Serialize)]
struct Answer {
    file: String,
    /// Nothing was found.
    good: bool,
    /// The same in words.
    result: String,
    /// Of a recording; `None` of a converted file.
    checked: Option<Checked>,
    /// Of each stream that was compared.
    against: Vec<Outcome>,
    /// Of a converted file: what the comparison does not prove.
    not_proved: Vec<&'static str>,
    /// Of a converted file: the recording's cameras that none of its streams was compared with.
    cameras_not_in_file: Vec<u16>,
}

/// Of several files.
#[derive(Serialize)]
struct Answers {
    files: Vec<Answer>,
    good: usize,
    with_problems: usize,
    unreadable: usize,
    /// Recordings of the manifest that none of the files was compared with.
    recordings_not_found: Vec<String>,
}

impl Verify {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        self.check_options()?;
        self.files
            .iter()
            .chain(&self.against)
            .for_each(|path| output::protect(path));
        let old = self.against.as_deref().map(Manifest::read).transpose()?;
        if let (Some(camera), Some(old)) = (self.camera, &old) {
            let cameras = old.cameras();
            if !cameras.contains(&camera) {
                let cameras = list(cameras);
                return Err(Failure::Use(format!(
                    "--camera {camera}: the manifest has no frames of that camera, only of {cameras}"
                )));
            }
        }
        let mut manifest = match &self.manifest {
            Some(path) => Some(Writer::create(path, self.force)?),
            None => None,
        };
        let mut answers = Answers {
            files: Vec::new(),
            good: 0,
            with_problems: 0,
            unreadable: 0,
            recordings_not_found: Vec::new(),
        };
        let items = plan::inputs(&self.files)?;
        let several = items.len() > 1;
        for item in &items {
            let answer = match &item.problem {
                Some(problem) => Err(Failure::Input(format!(
                    "{}: {problem}",
                    item.path.display()
                ))),
                None => self.verify(common, item, &mut manifest, old.as_ref()),
            };
            match answer {
                Ok(answer) => answers.add(answer, common.json, several)?,
                Err(Failure::Foreign(text)) if item.in_folder => {
                    plan::skipped(&text);
                }
                Err(failure) if !several => return Err(failure),
                Err(failure @ (Failure::Output(_) | Failure::Use(_))) => return Err(failure),
                Err(failure) => {
                    failure.report(common.json);
                    answers.unreadable += 1;
                }
            }
        }
        if let Some(manifest) = manifest
            && answers.unreadable < items.len()
        {
            manifest.finish()?;
        }
        answers.finish(common.json, old.as_ref(), several)
    }

    fn check_options(&self) -> Result<(), Failure> {
        let wrong = |text: &str| Err(Failure::Use(text.to_owned()));
        if self.camera.is_some() && self.against.is_none() && self.framehash.is_none() {
            return wrong("--camera is for --against or --framehash");
        }
        let one = matches!(self.files.as_slice(), [one] if !one.is_dir());
        if self.framehash.is_some() && !one {
            return wrong("--framehash is for one FILE at a time");
        }
        if self.force && self.manifest.is_none() && self.framehash.is_none() {
            return wrong("--force is for --manifest or --framehash");
        }
        Ok(())
    }

    fn verify(
        &self,
        common: &Common,
        item: &Item,
        manifest: &mut Option<Writer>,
        old: Option<&Manifest>,
    ) -> Result<Answer, Failure> {
        let path = item.path.as_path();
        let failure = match self.open(common, path) {
            Ok(input) => return self.verify_recording(common, &input, manifest, old),
            Err(failure @ Failure::Foreign(_)) if item.in_folder => return Err(failure),
            Err(failure) => failure,
        };
        // what is not a recording can only be compared with a manifest
        let has_bytes = path
            .metadata()
            .is_ok_and(|meta| meta.is_file() && meta.len() > 0);
        match (failure, old) {
            (Failure::Input(_) | Failure::Foreign(_), Some(_))
                if has_bytes && manifest.is_some() =>
            {
                Err(Failure::Use(format!(
                    "{}: a manifest is made of a recording, not of a converted file",
                    path.display()
                )))
            }
            (Failure::Input(_) | Failure::Foreign(_), Some(old)) if has_bytes => {
                self.verify_converted(path, old)
            }
            (failure, _) => Err(failure),
        }
    }

    /// Opens a recording. A bare stream is not one, and need not be searched for records.
    fn open(&self, common: &Common, path: &Path) -> Result<Input, Failure> {
        use std::io::Read;
        let name = path.display();
        let mut head = Vec::new();
        if path.is_file() {
            let file = std::fs::File::open(path);
            let read = file.and_then(|file| file.take(4).read_to_end(&mut head));
            read.map_err(|error| Failure::Input(format!("{name}: {error}")))?;
            if head.is_empty() {
                return Err(Failure::Input(format!("{name}: is empty")));
            }
        }
        let bare = matches!(head.as_slice(), [0, 0, 1, ..] | [0, 0, 0, 1]);
        if common.layout.is_none() && bare {
            return Err(Failure::Input(format!(
                "{name}: is not a recording but a bare video stream, which --against can compare with a manifest"
            )));
        }
        common.open(path)
    }

    fn verify_recording(
        &self,
        common: &Common,
        input: &Input,
        manifest: &mut Option<Writer>,
        old: Option<&Manifest>,
    ) -> Result<Answer, Failure> {
        let framehash = match &self.framehash {
            Some(path) => Some((path, NewFile::create(path, self.force)?)),
            None => None,
        };
        let wanted = old.is_some() || framehash.is_some();
        let (checked, rows) = check::check(common, input, manifest, wanted)?;
        let outcome = match (old, &rows) {
            (Some(old), Some(rows)) => {
                let (sum, codec) = (Some(checked.sha256.as_str()), None);
                let mut outcome = self.compare("frames", old, rows, sum, codec, self.camera)?;
                outcome.same_file = Some(outcome.recording_sha256 == checked.sha256);
                Some(outcome)
            }
            _ => None,
        };
        if let (Some((path, out)), Some(rows)) = (framehash, &rows) {
            let camera = self.only_camera(rows)?;
            let name = path.display().to_string();
            let layout = common.layout.as_deref();
            framehash::write(input, layout, camera, out, &name)?.finish()?;
        }
        Ok(Answer::of_recording(input.name.clone(), checked, outcome))
    }

    /// `--camera`, or the only one that there is.
    fn only_camera(&self, rows: &Rows) -> Result<u16, Failure> {
        let mut cameras = BTreeSet::new();
        for row in rows.iter() {
            let row = row?;
            if row.is_video() {
                cameras.insert(row.camera);
            }
        }
        match (self.camera, cameras.first()) {
            (Some(camera), _) if cameras.contains(&camera) => Ok(camera),
            (None, Some(camera)) if cameras.len() == 1 => Ok(*camera),
            (camera, _) => Err(Failure::Use(format!(
                "--framehash{} the recording has cameras {}",
                camera.map_or(" needs --camera:".to_owned(), |n| format!(", camera {n}:")),
                list(cameras)
            ))),
        }
    }

    fn verify_converted(&self, path: &Path, old: &Manifest) -> Result<Answer, Failure> {
        let origin = converted::read_origin(path);
        let mut outcomes = Vec::new();
        for (number, (codec, frames)) in converted::read_streams(path)?.into_iter().enumerate() {
            let what = format!("video stream {number}");
            let sum = origin.sha256.as_deref();
            outcomes.push(self.compare(&what, old, &frames, sum, Some(codec), origin.camera)?);
        }
        Ok(Answer::of_converted(path, old, outcomes))
    }

    /// Compares frames with the recording of this SHA-256, or else with the one that has most of them. `codec`: of a converted file,
    /// which has one camera: `--camera`, or else the one that it names, that has most of the frames, or that is the only one.
    fn compare(
        &self,
        what: &str,
        old: &Manifest,
        frames: &Rows,
        sha256: Option<&str>,
        codec: Option<String>,
        named: Option<u16>,
    ) -> Result<Outcome, Failure> {
        let by_hash = |one: &Recording| Some(one.sha256.as_str()) == sha256;
        let by_hash = old.recordings.iter().position(by_hash);
        let converted = codec.is_some();
        let votes = match by_hash.is_some() && !converted {
            true => BTreeMap::new(),
            false => count_common(old, frames)?,
        };
        let by_frames = most(votes.iter().map(|((one, _), count)| (*one, *count)));
        let chosen = by_hash.or(by_frames).unwrap_or(0);
        let recording = &old.recordings[chosen];
        let of_chosen = votes.iter().filter(|((one, _), _)| *one == chosen);
        let likely = most(of_chosen.map(|((_, camera), count)| (*camera, *count)));
        let only = recording
            .cameras
            .first()
            .filter(|_| recording.cameras.len() == 1);
        let choices = [
            (self.camera, "option"),
            (
                named.filter(|camera| recording.cameras.contains(camera)),
                "comment",
            ),
            (likely, "frames"),
            (only.copied(), "only"),
        ];
        let choice = choices.into_iter().take(if converted { 4 } else { 1 });
        let choice = choice
            .filter_map(|(camera, from)| Some((camera?, from)))
            .next();
        let how = How {
            camera: choice.map(|(camera, _)| camera),
            converted,
            part: self.part,
        };
        let mut outcome = compare(what, recording, frames, how)?;
        outcome.camera_from = choice.map(|(_, from)| from);
        if outcome.has_nothing_equal() {
            let here = match codec {
                Some(codec) => BTreeSet::from([codec]),
                None => codecs(frames, None)?,
            };
            outcome.not_comparable = Some(match likely.filter(|_| converted) {
                Some(other) => format!("the frames are those of camera {other}"),
                None => encoded_again(here, codecs(&recording.rows, how.camera)?),
            });
        }
        Ok(outcome)
    }
}

/// How many of a file's frames each recording and camera of a manifest has.
fn count_common(old: &Manifest, new: &Rows) -> Result<BTreeMap<(usize, u16), u64>, Failure> {
    let keys = sorted_keys(new)?;
    let mut votes = BTreeMap::new();
    for (number, recording) in old.recordings.iter().enumerate() {
        for row in recording.rows.iter() {
            let row = row?;
            if row.is_video() && keys.binary_search(&row.key()).is_ok() {
                *votes.entry((number, row.camera)).or_default() += 1;
            }
        }
    }
    Ok(votes)
}

/// What has the most votes; of equal ones the first.
fn most<T: Ord>(votes: impl Iterator<Item = (T, u64)>) -> Option<T> {
    let mut sums: BTreeMap<T, u64> = BTreeMap::new();
    for (what, count) in votes {
        *sums.entry(what).or_default() += count;
    }
    let best = sums.into_iter().rev().max_by_key(|(_, count)| *count);
    best.map(|(what, _)| what)
}

/// The codecs of video frames.
fn codecs(rows: &Rows, camera: Option<u16>) -> Result<BTreeSet<String>, Failure> {
    let mut codecs = BTreeSet::new();
    for row in rows.iter() {
        let row = row?;
        if row.is_video() && camera.is_none_or(|camera| camera == row.camera) {
            codecs.insert(row.codec);
        }
    }
    Ok(codecs.into_iter().map(str::to_owned).collect())
}

/// Why coded frames cannot be compared, of which none is equal.
fn encoded_again(here: BTreeSet<String>, there: BTreeSet<String>) -> String {
    let join = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    if here.is_disjoint(&there) {
        let (here, there) = (join(here), join(there));
        return format!("they were encoded again ({here} here, {there} in the recording)");
    }
    "none has the bytes of one in the manifest, so they were encoded again, or are of another recording"
        .to_owned()
}

fn list(cameras: impl IntoIterator<Item = u16>) -> String {
    let cameras = cameras.into_iter().map(|camera| camera.to_string());
    let cameras: Vec<String> = cameras.collect();
    match cameras.is_empty() {
        true => "none".to_owned(),
        false => cameras.join(", "),
    }
}

impl Answer {
    fn of_recording(file: String, checked: Checked, outcome: Option<Outcome>) -> Answer {
        let good = checked.good() && outcome.iter().all(Outcome::good);
        let result = match &outcome {
            Some(outcome) if outcome.not_comparable.is_some() => "coded frames cannot be compared",
            Some(outcome) if !outcome.good() && outcome.same_frames() => {
                "problems found: all frames and the fields of their records are the same, but other bytes of the file differ"
            }
            Some(outcome) if outcome.good() && !good => {
                "problems found in the recording, which is as the manifest describes it"
            }
            _ if !good => "problems found",
            _ if checked.cut.is_some() => {
                "complete but for the last record, which the end of the file cuts off"
            }
            None if !checked.has_checksums() => {
                "no problems found; this file has no checksums to test frames by"
            }
            _ => "no problems found",
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

    fn of_converted(path: &Path, old: &Manifest, against: Vec<Outcome>) -> Answer {
        let good = !against.is_empty() && against.iter().all(Outcome::good);
        let compared = |one: &&Recording| {
            let same = |outcome: &Outcome| outcome.recording_sha256 == one.sha256;
            against.iter().any(same)
        };
        let recordings = old.recordings.iter().filter(compared);
        let mut cameras: BTreeSet<u16> = recordings.flat_map(|one| one.cameras.clone()).collect();
        for camera in against.iter().filter_map(|outcome| outcome.camera) {
            cameras.remove(&camera);
        }
        let left_out: u64 = against.iter().map(|outcome| outcome.orphans_left_out).sum();
        let result = match (good, left_out) {
            (true, 0) => "the frames are those of the recording".to_owned(),
            (true, left_out) => format!(
                "the frames are those of the recording; {left_out} without their reference are left out"
            ),
            _ if against.iter().all(|one| one.not_comparable.is_some()) => {
                "coded frames cannot be compared".to_owned()
            }
            _ => "problems found".to_owned(),
        };
        Answer {
            file: path.display().to_string(),
            good,
            result,
            checked: None,
            not_proved: match good {
                true => NOT_PROVED.to_vec(),
                false => Vec::new(),
            },
            against,
            cameras_not_in_file: cameras.into_iter().collect(),
        }
    }
}

impl Answers {
    fn add(&mut self, answer: Answer, json: bool, several: bool) -> Result<(), Failure> {
        if answer.good {
            self.good += 1;
        } else {
            self.with_problems += 1;
        }
        if !json {
            // of many files, those without problems take a line each
            let text = match answer.good && several {
                true => answer.line(),
                false => answer.text(),
            };
            output::print(&text)?;
        }
        self.files.push(answer);
        Ok(())
    }

    fn finish(mut self, json: bool, old: Option<&Manifest>, several: bool) -> Done {
        let problems = self.with_problems + self.unreadable > 0;
        let outcomes = || self.files.iter().flat_map(|answer| &answer.against);
        let missing =
            |one: &&Recording| outcomes().all(|outcome| outcome.recording_sha256 != one.sha256);
        if let Some(old) = old {
            let names = old.recordings.iter().filter(missing);
            self.recordings_not_found = names.map(|one| one.name.clone()).collect();
        }
        match (json, several) {
            (true, true) => output::print_json(&self)?,
            (true, false) => output::print_json(&self.files.first())?,
            (false, true) => output::print(&self.text())?,
            (false, false) => {}
        }
        Ok(u8::from(problems))
    }
}
