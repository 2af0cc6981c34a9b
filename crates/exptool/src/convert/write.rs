// SPDX-License-Identifier: MPL-2.0
//! Writes the outputs of one input.

use super::{
    ClockIn, Convert, Format, Gaps,
    chapters::{self, Chapter, MP4_MAX},
    clip::Finder,
    graph::{self, Graph, Shared, lock},
    grid, origin,
    plan::{Item, Names},
};
use crate::common::{
    Common, Failure, Input,
    clock::Zone,
    csv::Table,
    frames::{Options, codec_name},
    media,
    output::NewFile,
    progress::Progress,
};
use crate::{
    common::when::Base,
    recording::{Camera, Recording},
};
use formats::reader::Codec;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What became of an output, or of an input that has none.
#[derive(Default)]
pub struct Outcome {
    /// The input.
    pub input: PathBuf,
    /// The output.
    pub output: Option<PathBuf>,
    /// Which cameras, in words.
    pub camera: String,
    /// It was written now.
    pub written: bool,
    /// Pictures.
    pub frames: u64,
    /// Pictures of the input that are left out because the picture that they build on is missing.
    pub orphans: u64,
    /// Nanoseconds.
    pub length: u64,
    /// Clock of the first and the last picture.
    pub span: Option<(i64, i64)>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

impl Outcome {
    /// In a word.
    pub fn status(&self) -> &'static str {
        match (&self.failure, self.written) {
            (Some(_), _) => "failed",
            (None, true) => "written",
            (None, false) => "there already",
        }
    }

    /// For machines.
    pub fn json(&self) -> serde_json::Value {
        json!({
            "input": self.input,
            "output": self.output,
            "cameras": self.camera,
            "status": self.status(),
            "frames": self.frames,
            "frames_without_reference": self.orphans,
            "seconds": self.length as f64 / 1e9,
            "first_utc": self.span.as_ref().map(|(first, _)| Zone::utc(*first)),
            "last_utc": self.span.as_ref().map(|(_, last)| Zone::utc(*last)),
            "notes": self.notes,
            "error": self.failure.as_ref().map(Failure::text),
        })
    }
}

/// One input that is being converted.
struct Work<'a> {
    convert: &'a Convert,
    common: &'a Common,
    item: &'a Item,
    names: &'a Names,
    format: Format,
    /// See [`origin`].
    origin: String,
}

/// Converts one input. What fails is among the outcomes.
pub fn input(
    convert: &Convert,
    common: &Common,
    item: &Item,
    names: &Names,
    format: Format,
) -> Vec<Outcome> {
    let work = Work {
        convert,
        common,
        item,
        names,
        format,
        origin: origin::of(convert, item),
    };
    work.start().unwrap_or_else(|failure| {
        vec![Outcome {
            input: item.path.clone(),
            failure: Some(failure),
            ..Outcome::default()
        }]
    })
}

impl Work<'_> {
    fn outcome(&self, output: PathBuf, camera: String) -> Outcome {
        Outcome {
            input: self.item.path.clone(),
            output: Some(output),
            camera,
            ..Outcome::default()
        }
    }

    fn start(&self) -> Result<Vec<Outcome>, Failure> {
        if let Some(problem) = &self.item.problem {
            return Err(Failure::Input(format!(
                "{}: {problem}",
                self.item.path.display()
            )));
        }
        // the usual file of one camera: no need to read it again to know that it is done
        let only = self.names.output(self.item, None);
        if !self.convert.frames_csv && self.is_done(&only)? {
            self.names.claim(&only, &self.item.path)?;
            return Ok(vec![self.outcome(only, String::new())]);
        }
        self.all()
    }

    fn all(&self) -> Result<Vec<Outcome>, Failure> {
        let input = self.common.open(&self.item.path)?;
        let mut window = self.window(&input)?;
        let table = self.table();
        let kept = self.convert.frames_csv && !self.convert.force && table.exists();
        if self.convert.frames_csv {
            self.names.claim(&table, &self.item.path)?;
        }
        let recording = self.read(input, window.as_mut())?;
        if window.is_some() && !recording.has_clock() {
            return Err(Failure::Input(format!(
                "{}: has no clock, so no time can be looked for",
                recording.input.name
            )));
        }
        let cameras = recording.wanted(self.convert.camera)?;
        if self.convert.grid {
            return Ok(vec![self.grid(&recording, &cameras, window.as_ref())]);
        }
        let many = recording.cameras.len() > 1;
        let outcomes = cameras
            .iter()
            .map(|camera| self.camera(&recording, camera, many, window.as_ref()));
        let mut outcomes: Vec<Outcome> = outcomes.collect();
        if let Some(first) = outcomes.first_mut().filter(|_| kept) {
            first
                .notes
                .push(format!("{}: already exists", table.display()));
        }
        Ok(outcomes)
    }

    /// Where the table of frames goes.
    fn table(&self) -> PathBuf {
        self.names.output(self.item, None).with_extension("csv")
    }

    fn window(&self, input: &Input) -> Result<Option<Finder>, Failure> {
        let (from, to) = (&self.convert.from_time, &self.convert.to_time);
        if from.is_none() && to.is_none() {
            return Ok(None);
        }
        let base = Base::of(self.common, input)?;
        let read = |text: &Option<String>| text.as_deref().map(|text| base.read(text)).transpose();
        let from = read(from)?.unwrap_or(i64::MIN);
        let to = read(to)?.unwrap_or(i64::MAX);
        if from >= to {
            return Err(Failure::Use(
                "--from-time is not before --to-time".to_owned(),
            ));
        }
        Ok(Some(Finder::new(from, to)))
    }

    /// Walks over the input, and writes its table of frames unless that already exists.
    fn read(&self, input: Input, mut window: Option<&mut Finder>) -> Result<Recording, Failure> {
        let mut table = None;
        let path = self.table();
        if self.convert.frames_csv && (self.convert.force || !path.exists()) {
            make_folder(&path)?;
            let base = Base::of(self.common, &input)?;
            let file = NewFile::create(&path, self.convert.force)?;
            let name = path.display().to_string();
            table = Some(Table::new(file, base.zone, &name)?);
        }
        let options = Options {
            crc: table.is_some(),
            sha256: table.is_some(),
            ..Options::default()
        };
        let recording = Recording::read(self.common, input, options, &mut |frame| {
            if let Some(window) = &mut window {
                window.see(frame);
            }
            match &mut table {
                Some(table) => table.add(frame),
                None => Ok(()),
            }
        })?;
        if let Some(table) = table {
            table.finish()?.finish()?;
        }
        Ok(recording)
    }

    /// One camera into a file of its own.
    fn camera(
        &self,
        recording: &Recording,
        camera: &Camera,
        many: bool,
        window: Option<&Finder>,
    ) -> Outcome {
        let path = self.names.output(self.item, many.then_some(camera.number));
        let mut outcome = self.outcome(path.clone(), camera.name());
        match self
            .refuse(&path, camera)
            .and_then(|()| self.is_done(&path))
        {
            Ok(false) => {}
            done => {
                outcome.failure = done.err();
                return outcome;
            }
        }
        let clip = match window {
            None => None,
            Some(finder) => match finder.clip(camera.number, camera.timing.interval / 2) {
                None => {
                    let text = format!("{} has nothing in that time", camera.name());
                    outcome.failure = Some(Failure::Input(text));
                    return outcome;
                }
                clip => clip,
            },
        };
        let whole = clip.is_none();
        let job = graph::Job {
            recording,
            camera,
            format: self.format,
            encode: self.convert.encodes(),
            clock: self.convert.clock,
            preserve: self.convert.gaps == Gaps::Preserve,
            clip,
            sound: !self.convert.no_sound,
            layout: self.common.layout.as_deref(),
            origin: &self.origin,
        };
        let total = match window {
            Some(finder) => finder.frames(camera.number),
            None => camera.frames(),
        };
        if let Err(failure) = self.write_camera(&job, &path, total, &mut outcome) {
            outcome.failure = Some(failure);
        }
        if whole && outcome.written {
            tell_missing(camera, &mut outcome);
        }
        outcome
    }

    /// Whether an output already exists and needs no work.
    fn is_done(&self, path: &Path) -> Result<bool, Failure> {
        match !self.convert.force && path.exists() {
            false => Ok(false),
            true if origin::agrees(path, self.format, &self.origin) => Ok(true),
            true => Err(Failure::Output(format!(
                "{}: already exists, and was not made of this recording with these options (--force replaces it)",
                path.display()
            ))),
        }
    }

    /// What cannot become an output.
    fn refuse(&self, path: &Path, camera: &Camera) -> Result<(), Failure> {
        self.names.claim(path, &self.item.path)?;
        let fits = match self.format {
            _ if self.convert.encodes() => true,
            Format::Mp4 => camera.codec != Codec::Jpeg,
            Format::M4v => camera.codec == Codec::Mpeg4,
            Format::Mkv | Format::Avi => true,
        };
        match fits {
            true => Ok(()),
            false => Err(Failure::Use(format!(
                "the pictures of {} are {}, which {} does not hold: expected --to mkv, or --transcode h264 (--to mp4)",
                camera.name(),
                codec_name(camera.codec),
                self.format.name()
            ))),
        }
    }

    fn write_camera(
        &self,
        job: &graph::Job<'_>,
        path: &Path,
        total: u64,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        make_folder(path)?;
        let file = NewFile::create(path, self.convert.force)?;
        let srt_path = path.with_extension("srt");
        let beside = job.clock == ClockIn::Subtitle && job.format == Format::Avi;
        let srt = beside
            .then(|| NewFile::create(&srt_path, self.convert.force))
            .transpose()?;
        let chapters = self.chapters(job, outcome);
        let built = graph::build(job, file.temporary(), srt, &chapters)?;
        outcome.notes.extend(built.notes.iter().cloned());
        let trackers = std::slice::from_ref(&built.tracker);
        self.play(&built, trackers, (&file, total), outcome)?;
        if job.format == Format::Avi {
            outcome
                .notes
                .push("AVI has no times: all pictures stand at the usual distance".to_owned());
        }
        if job.format == Format::Mp4 && chapters.len() > 1 {
            chapters::write_mp4(file.temporary(), &chapters)?;
        }
        let cues = lock(&built.tracker).cues.take();
        if let (Some(srt), failed) = cues.map_or((None, None), |cues| cues.into_file()) {
            if let Some(error) = failed {
                return Err(Failure::Output(format!("{}: {error}", srt_path.display())));
            }
            srt.finish()?;
        }
        file.finish()?;
        outcome.written = true;
        Ok(())
    }

    /// Chapters, where the container has them and there is more than one run.
    fn chapters(&self, job: &graph::Job<'_>, outcome: &mut Outcome) -> Vec<Chapter> {
        let clip = job.clip.as_ref();
        let chapters = chapters::of(job.recording, job.camera, clip, job.preserve, job.encode);
        if chapters.len() < 2 {
            return Vec::new();
        }
        match job.format {
            Format::Mkv | Format::Mp4 => {
                let most = match job.format {
                    Format::Mp4 => MP4_MAX,
                    _ => chapters::MAX,
                };
                let runs = job.camera.runs.len() as u64 + job.camera.more_runs;
                if clip.is_none() && runs > most as u64 {
                    outcome.notes.push(format!(
                        "{runs} runs, of which the first {most} are chapters"
                    ));
                }
                chapters
            }
            Format::Avi | Format::M4v => {
                outcome.notes.push(format!(
                    "{} has no chapters for the {} runs",
                    job.format.name(),
                    chapters.len()
                ));
                Vec::new()
            }
        }
    }

    /// All cameras into one picture.
    fn grid(&self, recording: &Recording, cameras: &[&Camera], window: Option<&Finder>) -> Outcome {
        let path = self.names.output(self.item, None);
        let names: Vec<String> = cameras.iter().map(|camera| camera.name()).collect();
        let mut outcome = self.outcome(path.clone(), names.join(", "));
        let claimed = self.names.claim(&path, &self.item.path);
        match claimed.and_then(|()| self.is_done(&path)) {
            Ok(false) => {}
            done => {
                outcome.failure = done.err();
                return outcome;
            }
        }
        if cameras.iter().any(|camera| camera.sound.is_some()) {
            outcome.notes.push("a mosaic has no sound".to_owned());
        }
        let job = grid::Job {
            recording,
            cameras,
            format: self.format,
            clock: self.convert.clock,
            preserve: self.convert.gaps == Gaps::Preserve,
            window,
            layout: self.common.layout.as_deref(),
            origin: &self.origin,
        };
        let frames = |camera: &&Camera| match window {
            Some(finder) => finder.frames(camera.number),
            None => camera.frames(),
        };
        let total = cameras.iter().map(frames).sum();
        let written = (|| {
            make_folder(&path)?;
            let file = NewFile::create(&path, self.convert.force)?;
            let (built, trackers) = grid::build(&job, file.temporary())?;
            self.play(&built, &trackers, (&file, total), &mut outcome)?;
            file.finish()
        })();
        match written {
            Ok(()) => outcome.written = true,
            Err(failure) => outcome.failure = Some(failure),
        }
        outcome
    }

    /// Runs the pipeline, which writes `file` of about `total` pictures, and notes what went through it.
    fn play(
        &self,
        graph: &Graph,
        trackers: &[Shared],
        (file, total): (&NewFile, u64),
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let name = self.item.path.file_name().unwrap_or_default();
        let mut progress = Progress::count(self.common, total, &name.to_string_lossy());
        let seen = || trackers.iter().map(|tracker| lock(tracker).frames).sum();
        let warnings = media::run(&graph.pipeline, |_| {
            progress.at(seen());
            file.write_back()
        })?;
        outcome.notes.extend(warnings);
        outcome.frames = seen();
        for tracker in trackers {
            let tracker = lock(tracker);
            outcome.length = outcome.length.max(tracker.end);
            if tracker.late_sound {
                outcome
                    .notes
                    .push("sound begins only later and is left out".to_owned());
            }
            if let Some((first, last)) = tracker.span {
                let span = outcome.span.get_or_insert((first, last));
                *span = (span.0.min(first), span.1.max(last));
            }
        }
        if outcome.frames == 0 {
            return Err(Failure::Input(format!(
                "{}: holds no picture that can be decoded",
                self.item.path.display()
            )));
        }
        Ok(())
    }
}

/// Tells which pictures of a camera are not in its output.
fn tell_missing(camera: &Camera, outcome: &mut Outcome) {
    outcome.orphans = camera.runs.iter().map(|run| run.orphans).sum();
    if outcome.orphans > 0 {
        outcome.notes.push(format!(
            "{} more pictures of the recording are left out: the picture that they build on is missing",
            outcome.orphans
        ));
    }
    let expected = camera.frames();
    if camera.more_runs == 0 && outcome.frames != expected {
        outcome.notes.push(format!(
            "{} frames were written, but the file has {expected} that can be decoded",
            outcome.frames
        ));
    }
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .map_err(|error| Failure::Output(format!("{}: {error}", folder.display()))),
        _ => Ok(()),
    }
}
