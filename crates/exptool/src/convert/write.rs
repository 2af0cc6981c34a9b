// SPDX-License-Identifier: MPL-2.0
//! Writes the outputs of one input.

use super::{
    ClockIn, Convert, Format, Gaps,
    graph::{self, Encoding, Graph, Job, Treatment, lock},
    look::{Look, Window},
    mp4, origin,
    plan::{Item, Names},
};
use crate::common::{
    Common, Failure, Input, cameras, clock::duration, coded::codec_name, csv::Table,
    output::NewFile, progress::Progress,
};
use crate::recording::{Camera, path_sha256};
use formats::{
    reader::{Codec, Standard},
    timeline::SECOND,
};
use serde_json::json;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Times without recording that are named for a camera at most.
const MAX_NAMED: usize = 20;

/// What became of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It was written now.
    Written,
    /// It already exists and was made of this input in the same way.
    Exists,
    /// Nothing was recorded in the window. When something was.
    Outside(Option<(String, String)>),
    /// It failed.
    Failed(Failure),
    /// Nothing happened yet.
    #[default]
    Open,
}

impl Status {
    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Status::Written => "written",
            Status::Exists => "already exists",
            Status::Outside(_) => "not recorded",
            Status::Failed(_) | Status::Open => "failed",
        }
    }
}

/// An output, or an input that has none.
#[derive(Default)]
pub struct Outcome {
    /// The input.
    pub input: PathBuf,
    /// The output.
    pub output: Option<PathBuf>,
    /// Which cameras, in words.
    pub camera: String,
    /// What became of it.
    pub status: Status,
    /// Frames.
    pub frames: u64,
    /// Frames of the input that are left out because the frame that they refer to is missing.
    pub orphans: u64,
    /// Nanoseconds.
    pub length: u64,
    /// Clock of the first and the last frame, nanoseconds, and in RFC 3339.
    pub span: Option<((i64, i64), (String, String))>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Something that was asked for is not in the output.
    pub incomplete: bool,
}

impl Outcome {
    /// Why it failed, with the name of the input.
    pub fn failure(&self) -> Option<Failure> {
        let Status::Failed(failure) = &self.status else {
            return None;
        };
        let name = self.input.display().to_string();
        let named = failure.text().starts_with(&name);
        let output = self.output.as_ref().map(|path| path.display().to_string());
        let named = named || output.is_some_and(|name| failure.text().starts_with(&name));
        Some(match named {
            true => failure.clone(),
            false => failure.with_text(format!("{name}: {}", failure.text())),
        })
    }

    /// For machines.
    pub fn json(&self) -> serde_json::Value {
        let failure = match &self.status {
            Status::Failed(failure) => Some(failure.text()),
            _ => None,
        };
        json!({
            "input": self.input,
            "output": self.output,
            "cameras": self.camera,
            "status": self.status.name(),
            "complete": !self.incomplete && failure.is_none(),
            "frames": self.frames,
            "frames_without_reference": self.orphans,
            "seconds": self.length as f64 / 1e9,
            "first_utc": self.span.as_ref().map(|(_, (first, _))| first),
            "last_utc": self.span.as_ref().map(|(_, (_, last))| last),
            "notes": self.notes,
            "error": failure,
        })
    }
}

/// An input that is being converted, or several that are joined.
pub struct Work<'a> {
    pub convert: &'a Convert,
    pub common: &'a Common,
    /// Names the outputs.
    pub item: &'a Item,
    /// What the outputs are made of.
    pub sources: &'a [Item],
    pub names: &'a Names,
    /// Beginning of the comment, see [`origin`].
    pub origin: String,
    /// SHA-256 of each source.
    pub sums: OnceLock<Result<Vec<String>, Failure>>,
}

/// Converts one input. What fails is among the outcomes.
pub fn input(convert: &Convert, common: &Common, item: &Item, names: &Names) -> Vec<Outcome> {
    let sources = std::slice::from_ref(item);
    let work = Work::new(convert, common, (item, sources), names);
    work.start().unwrap_or_else(|failure| {
        vec![Outcome {
            input: item.path.clone(),
            status: Status::Failed(failure),
            ..Outcome::default()
        }]
    })
}

impl<'a> Work<'a> {
    /// Work on `sources`, whose outputs are named after `item`.
    pub fn new(
        convert: &'a Convert,
        common: &'a Common,
        (item, sources): (&'a Item, &'a [Item]),
        names: &'a Names,
    ) -> Work<'a> {
        Work {
            convert,
            common,
            item,
            sources,
            names,
            origin: origin::describe(convert, sources),
            sums: OnceLock::new(),
        }
    }

    /// An output of which nothing is known yet.
    pub fn outcome(&self, output: PathBuf, camera: String) -> Outcome {
        Outcome {
            input: self.item.path.clone(),
            output: Some(output),
            camera,
            ..Outcome::default()
        }
    }

    fn start(&self) -> Result<Vec<Outcome>, Failure> {
        // the usual file of one camera: no need to read it again to know that it is done
        let format = self.convert.format();
        let only = self.names.output(self.item, None, None, format);
        if !self.convert.wants_table() && !self.convert.force && self.agrees(&only, format, None) {
            self.names.claim(&only, &self.item.path)?;
            let mut outcome = self.outcome(only, String::new());
            outcome.status = Status::Exists;
            return Ok(vec![outcome]);
        }
        let Some(input) = self.item.open(self.common)? else {
            return Ok(Vec::new());
        };
        // hashing keeps a processor busy while the rest waits for another
        std::thread::scope(|scope| {
            scope.spawn(|| self.sums());
            self.all(input)
        })
    }

    fn all(&self, input: Input) -> Result<Vec<Outcome>, Failure> {
        let look = look(
            self.convert,
            self.common,
            self.names,
            (self.item, input),
            false,
        )?;
        let window = self.convert.window(&look, &look.base())?;
        let cameras = cameras::choose(&look.recording, self.convert.camera.as_deref())?;
        let mut outcomes = Vec::new();
        if self.convert.grid && cameras.len() > 1 {
            outcomes.push(self.mosaic(&look, &cameras, window));
        } else {
            for camera in &cameras {
                self.camera(&look, camera, cameras.len() > 1, window, &mut outcomes);
            }
        }
        let stray = look.audio_of_none();
        if let Some(first) = outcomes.first_mut()
            && !stray.is_empty()
            && !self.convert.no_audio
        {
            let stray: Vec<String> = stray.iter().map(u16::to_string).collect();
            first.notes.push(format!(
                "audio of channel {} belongs to no camera and is left out (--no-audio does so without this remark)",
                stray.join(", ")
            ));
            first.incomplete = true;
        }
        Ok(outcomes)
    }

    /// What is done to the frames of a camera.
    pub fn treatment(&self, look: &Look, format: Format) -> Treatment {
        let convert = self.convert;
        let standard = look.recording.findings.info.standard;
        Treatment {
            format,
            encode: convert.encoding(),
            clock: convert.clock(),
            preserve: convert.gaps == Gaps::Preserve,
            rate: convert.has_constant_rate().then_some(match standard {
                Standard::Pal => 25,
                _ => 30,
            }),
            square: convert.has_square_pixels(),
            max_width: convert.max_width,
            audio: !convert.no_audio,
        }
    }

    /// The same for all cameras in one picture.
    pub fn mosaic_treatment(&self, look: &Look, format: Format) -> Treatment {
        let treatment = self.treatment(look, format);
        Treatment {
            encode: treatment.encode.or(Some(Encoding::H264(20))),
            ..treatment
        }
    }

    /// One camera into a file of its own, or into several where its size changes.
    fn camera(
        &self,
        look: &Look,
        camera: &Camera,
        many: bool,
        window: Option<Window>,
        outcomes: &mut Vec<Outcome>,
    ) {
        let mut format = self.convert.format();
        let mut notes = Vec::new();
        if !self.fits(format, camera) && self.convert.may_choose_format() {
            notes.push(format!(
                "written as Matroska: MP4 cannot hold {}",
                codec_name(camera.codec)
            ));
            format = Format::Mkv;
        }
        let parts = look.parts(camera, window);
        let several = look.recording.contents.cameras.len() > 1;
        let number = (many || several).then_some(camera.number);
        let path = |part: Option<usize>| match many {
            true => self.names.output(self.item, number, part, format),
            false => self.names.only_camera(self.item, number, part, format),
        };
        if parts.is_empty() {
            let mut outcome = self.outcome(path(None), camera.name());
            let runs = || camera.runs.iter();
            let first = runs().map(|run| run.start).min();
            let last = runs().map(|run| run.last).max();
            let time = |ns| look.recording.time(ns);
            outcome.status = Status::Outside(first.map(time).zip(last.map(time)));
            outcomes.push(outcome);
            return;
        }
        if let Some(window) = window {
            notes.extend(unrecorded(look, camera, window));
        }
        if parts.len() > 1 {
            let sizes = parts.iter().map(|part| {
                let (width, height) = part.size;
                format!("{width}x{height} from {}", look.recording.time(part.first))
            });
            let sizes: Vec<String> = sizes.collect();
            notes.push(format!(
                "the frame size changes, so there is a file for each: {}",
                sizes.join(", ")
            ));
        }
        let treatment = self.treatment(look, format);
        for (n, part) in parts.iter().enumerate() {
            let which = (parts.len() > 1).then_some(n + 1);
            let path = path(which);
            let mut outcome = self.outcome(path.clone(), camera.name());
            outcome.notes = std::mem::take(&mut notes);
            let job = Job {
                look,
                cameras: &[camera],
                part,
                treatment: &treatment,
                layout: self.common.layout.as_deref(),
                comment: &self.comment(&which_part(&camera.name(), which)),
                steps: &[],
            };
            self.output(&job, &path, &mut outcome);
            if outcome.status == Status::Written {
                let copied = treatment.encode.is_none();
                if let Some(window) = window.filter(|_| copied) {
                    note_early(look, window, &mut outcome);
                } else if window.is_none() && parts.len() == 1 && copied {
                    note_missing(camera, &mut outcome);
                }
            }
            outcomes.push(outcome);
        }
    }

    /// All cameras into one picture.
    fn mosaic(&self, look: &Look, cameras: &[&Camera], window: Option<Window>) -> Outcome {
        let format = self.convert.format();
        let path = self.names.output(self.item, None, None, format);
        let names: Vec<String> = cameras.iter().map(|camera| camera.name()).collect();
        let mut outcome = self.outcome(path.clone(), names.join(", "));
        let Some(part) = look.together(window) else {
            let base = look.base();
            let time = |ns| look.recording.time(ns);
            outcome.status = Status::Outside(Some((time(base.first), time(base.last))));
            return outcome;
        };
        if cameras.len() > graph::MAX_CAMERAS {
            outcome.status = Status::Failed(graph::too_many(&self.item.path, cameras.len()));
            return outcome;
        }
        if let Some(window) = window {
            for camera in cameras {
                outcome.notes.extend(unrecorded(look, camera, window));
            }
        }
        let job = Job {
            look,
            cameras,
            part: &part,
            treatment: &self.mosaic_treatment(look, format),
            layout: self.common.layout.as_deref(),
            comment: &self.comment("all cameras"),
            steps: &[],
        };
        self.output(&job, &path, &mut outcome);
        outcome
    }

    /// Whether an output already exists and was made of this input in the same way.
    fn agrees(&self, path: &Path, format: Format, camera: Option<&str>) -> bool {
        let comment = match camera {
            Some(camera) => format!("{} {camera};", self.origin),
            None => self.origin.clone(),
        };
        path.exists() && origin::agrees(path, format, &comment)
    }

    /// Whether a container can hold a camera's frames.
    pub fn fits(&self, format: Format, camera: &Camera) -> bool {
        match format {
            _ if self.convert.encoding().is_some() => true,
            Format::Mp4 => camera.codec != Codec::Jpeg,
            Format::M4v => camera.codec == Codec::Mpeg4,
            Format::Mkv | Format::Avi | Format::Mov => true,
        }
    }

    /// One output.
    pub fn output(&self, job: &Job<'_>, path: &Path, outcome: &mut Outcome) {
        outcome.status = match self.try_output(job, path, outcome) {
            Ok(status) => status,
            Err(failure) => Status::Failed(failure),
        };
    }

    fn try_output(
        &self,
        job: &Job<'_>,
        path: &Path,
        outcome: &mut Outcome,
    ) -> Result<Status, Failure> {
        let format = job.treatment.format;
        self.names.claim(path, &self.item.path)?;
        if let [camera] = job.cameras
            && !self.fits(format, camera)
        {
            return Err(Failure::Use(format!(
                "{}: the frames of {} are {}, which {} cannot hold: expected --to mkv, or --transcode h264 (--to mp4)",
                self.item.path.display(),
                camera.name(),
                codec_name(camera.codec),
                format.name()
            )));
        }
        if !self.convert.force && path.exists() {
            let camera = job
                .comment
                .strip_prefix(self.origin.as_str())
                .unwrap_or_default();
            let camera = camera.split(';').next().unwrap_or_default().trim();
            return match self.agrees(path, format, Some(camera)) {
                true => Ok(Status::Exists),
                false => Err(Failure::Output(format!(
                    "{}: already exists, and was not made of this recording with these options (--force replaces it)",
                    path.display()
                ))),
            };
        }
        make_folder(path)?;
        let file = NewFile::create(path, self.convert.force)?;
        let srt_path = path.with_extension("srt");
        let beside = job.treatment.clock == ClockIn::Subtitle && format == Format::Avi;
        let srt = beside
            .then(|| NewFile::create(&srt_path, self.convert.force))
            .transpose()?;
        let mut graph = graph::build(job, file.temporary(), srt)?;
        outcome
            .notes
            .extend(graph::audio_note(job).map(str::to_owned));
        self.play(job, &mut graph, &file, outcome)?;
        self.finish(job, &graph, &file, outcome)?;
        let cues = graph
            .streams
            .first()
            .and_then(|stream| lock(stream).cues.take());
        if let (Some(srt), failed) = cues.map_or((None, None), |cues| cues.into_file()) {
            if let Some(error) = failed {
                return Err(Failure::Output(format!("{}: {error}", srt_path.display())));
            }
            srt.finish()?;
        }
        // the pipeline's elements hold the file open
        drop(graph);
        file.finish()?;
        if self.convert.has_statement() {
            self.state(job, path, outcome)?;
        }
        Ok(Status::Written)
    }

    /// Runs the pipeline, and notes what went through it.
    fn play(
        &self,
        job: &Job<'_>,
        graph: &mut Graph<'_>,
        file: &NewFile,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let name = self.item.path.file_name().unwrap_or_default();
        let what = format!("{}, seconds", name.to_string_lossy());
        let mut progress = Progress::count(self.common, job.part.length / 1_000_000_000, &what);
        let streams = graph.streams.clone();
        let end = || streams.iter().map(|stream| lock(stream).end).max();
        let warnings = graph.run(&mut || {
            progress.at(end().unwrap_or(0) / 1_000_000_000);
            file.write_back()
        })?;
        // a change of size is named by the outputs that it makes
        let is_news =
            |text: &String| !(job.part.size_changes && text.contains("frame size changes"));
        outcome.notes.extend(warnings.into_iter().filter(is_news));
        if graph.has_silent_audio() {
            outcome
                .notes
                .push("the recording has only silence, or no audio, in this part".to_owned());
        }
        outcome.length = end().unwrap_or(0);
        outcome.frames = streams.iter().map(|stream| lock(stream).frames).sum();
        let spans = streams.iter().filter_map(|stream| lock(stream).span);
        let span = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let zone = job.look.recording.zone;
        outcome.span = span
            .filter(|_| job.look.recording.has_clock())
            .map(|span| (span, (zone.format_utc(span.0), zone.format_utc(span.1))));
        match outcome.frames {
            0 => Err(Failure::Input(format!(
                "{}: no frame that can be decoded",
                self.item.path.display()
            ))),
            _ => Ok(()),
        }
    }

    /// What the muxer cannot do.
    fn finish(
        &self,
        job: &Job<'_>,
        graph: &Graph<'_>,
        file: &NewFile,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let format = job.treatment.format;
        let begin = graph.streams.first().and_then(|stream| lock(stream).begin);
        let chapters = job.part.chapters_from(begin.unwrap_or(0));
        let runs = chapters.len();
        match format {
            Format::Mp4 | Format::Mov if runs > mp4::MAX_CHAPTERS => outcome.notes.push(format!(
                "{runs} runs, of which the first {} are chapters",
                mp4::MAX_CHAPTERS
            )),
            Format::Avi | Format::M4v if runs > 1 => outcome.notes.push(format!(
                "{} has no chapters for the {runs} runs",
                format.name()
            )),
            _ => {}
        }
        if format == Format::Avi {
            outcome
                .notes
                .push("AVI has no times: frames are at the usual distance".to_owned());
        }
        if format == Format::M4v && job.treatment.audio && job.has_audio() {
            outcome.incomplete = true;
            outcome.notes.push(
                "the audio is left out: an m4v stream holds none (--no-audio does so without this remark)"
                    .to_owned(),
            );
        }
        let sums = self.sums()?;
        let (room, text) = (origin::room(sums.len()), sums.join(", "));
        if matches!(format, Format::Mp4 | Format::Mov) {
            let clock = graph.streams.first().and_then(|stream| lock(stream).span);
            let zone = job.look.recording.zone;
            let created = clock
                .filter(|_| job.look.recording.has_clock())
                .map(|(first, _)| zone.utc_ns(first).div_euclid(SECOND));
            let additions = mp4::Additions {
                chapters: &chapters,
                created,
                replace: (room.as_bytes(), text.as_bytes()),
            };
            mp4::finish(file.temporary(), &additions)
        } else {
            origin::write_sums(file.temporary(), &sums)
        }
    }

    /// The comment of an output.
    pub fn comment(&self, camera: &str) -> String {
        origin::complete(&self.origin, camera, self.sources.len())
    }

    /// SHA-256 of each source.
    pub fn sums(&self) -> Result<Vec<String>, Failure> {
        let sum = |item: &Item| path_sha256(&item.path, &mut |_| ());
        self.sums
            .get_or_init(|| self.sources.iter().map(sum).collect())
            .clone()
    }

    /// Writes the SHA-256 of an output and a statement of what was done beside it.
    fn state(&self, job: &Job<'_>, path: &Path, outcome: &mut Outcome) -> Result<(), Failure> {
        let look = job.look;
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let sum = path_sha256(path, &mut |_| ())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let span = outcome
            .span
            .as_ref()
            .map(|(span, _)| (look.recording.time(span.0), look.recording.time(span.1)));
        let span = span.unwrap_or_default();
        let mut lines = vec![
            "Statement of conversion".to_owned(),
            String::new(),
            format!("Output:            {name}"),
            format!("SHA-256:           {sum}"),
        ];
        for (item, sum) in self.sources.iter().zip(self.sums()?) {
            let source = item.path.file_name().unwrap_or_default().to_string_lossy();
            lines.push(format!("Source:            {source}"));
            lines.push(format!("SHA-256:           {sum}"));
        }
        lines.extend([
            format!("Camera:            {}", outcome.camera),
            format!("Frames:            {}", outcome.frames),
            format!("First frame:       {}", span.0),
            format!("Last frame:        {}", span.1),
            format!("Time shown in:     {}", job.look.recording.zone.describe()),
            format!("Made with:         exptool {}", env!("CARGO_PKG_VERSION")),
            format!("Options:           {}", self.convert.asked().join(", ").to_lowercase()),
            String::new(),
            "The frames were decoded and encoded again as H.264 (yuv420p, square pixels) at a constant rate, so that".to_owned(),
            "ordinary players show them; a frame is repeated until the next one. Camera, recorder time and offset from".to_owned(),
            "UTC were added below the picture. Nothing was added inside it. The source is the original evidence.".to_owned(),
        ]);
        if !outcome.notes.is_empty() {
            lines.push(String::new());
            lines.push("Remarks:".to_owned());
            lines.extend(outcome.notes.iter().map(|note| format!("- {note}")));
        }
        let sums = format!("{sum}  {name}\n");
        for (path, text) in [
            (beside(".sha256"), sums),
            (beside(".txt"), lines.join("\n") + "\n"),
        ] {
            let mut file = NewFile::create(&path, true)?;
            file.write_all(text.as_bytes())
                .map_err(|error| Failure::Output(format!("{}: {error}", path.display())))?;
            file.finish()?;
            outcome.notes.push(format!("{}: written", path.display()));
        }
        Ok(())
    }
}

/// Looks at an input, and writes its table of frames unless that already exists. `joined`: it is one of several of an output.
///
/// # Errors
/// An input that cannot be read, a table that cannot be written.
pub fn look(
    convert: &Convert,
    common: &Common,
    names: &Names,
    (item, input): (&Item, Input),
    joined: bool,
) -> Result<Look, Failure> {
    let mut table = None;
    if convert.wants_table() {
        let path = names.table(item, joined);
        names.claim(&path, &item.path)?;
        if convert.force || !path.exists() {
            make_folder(&path)?;
            let file = NewFile::create(&path, convert.force)?;
            let zone = common.zone(input.utc_offset()?);
            table = Some(Table::new(file, zone, &path.display().to_string())?);
        }
    }
    let hashes = table.is_some();
    let look = Look::take(
        common,
        input,
        convert.gaps,
        hashes,
        &mut |frame| match &mut table {
            Some(table) => table.add(frame),
            None => Ok(()),
        },
    )?;
    if let Some(table) = table {
        table.finish()?.finish()?;
    }
    Ok(look)
}

/// A camera, and which of its outputs.
pub fn which_part(camera: &str, part: Option<usize>) -> String {
    match part {
        Some(part) => format!("{camera} part {part}"),
        None => camera.to_owned(),
    }
}

/// Names the times of a window in which a camera recorded nothing.
pub fn unrecorded(look: &Look, camera: &Camera, window: Window) -> Vec<String> {
    let recording = &look.recording;
    let times = look.unrecorded(camera, window);
    let more = times.len().saturating_sub(MAX_NAMED);
    let named = times.iter().take(MAX_NAMED).map(|(from, to)| {
        format!(
            "{}: not recorded from {} to {} ({})",
            camera.name(),
            recording.time(*from),
            recording.time(*to),
            duration(to.saturating_sub(*from))
        )
    });
    let more =
        (more > 0).then(|| format!("{}: {more} more times were not recorded", camera.name()));
    named.chain(more).collect()
}

/// Says that a copy begins before the window, with its keyframe.
pub fn note_early(look: &Look, (from, _): Window, outcome: &mut Outcome) {
    let time = |ns| look.recording.time(ns);
    let first = outcome.span.as_ref().map(|((first, _), _)| *first);
    // as times are shown, so that no difference is named that nobody sees
    let early = first.filter(|first| *first < from && time(*first) != time(from));
    if let Some(first) = early.filter(|_| from != i64::MIN) {
        outcome.notes.push(format!(
            "begins before {}, with its keyframe of {}: --transcode h264 begins at the time itself",
            time(from),
            time(first)
        ));
    }
}

/// Says which frames of a camera are not in its output.
fn note_missing(camera: &Camera, outcome: &mut Outcome) {
    outcome.orphans = camera.runs.iter().map(|run| run.orphans).sum();
    if outcome.orphans > 0 {
        outcome.notes.push(format!(
            "{} more frames of the recording are left out: the frame that they refer to is missing",
            outcome.orphans
        ));
    }
    let expected = camera.decodable();
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
