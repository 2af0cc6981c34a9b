// SPDX-License-Identifier: MPL-2.0
//! `exptool snapshot`: single frames as PNG or JPEG.

use crate::common::{
    Common, Done, Failure, Input, cameras,
    clock::duration,
    coded::hex,
    failure, media, output,
    plain::{self, plain},
    progress::Progress,
    when::{Base, parse_length},
};
use crate::convert::plan;
use crate::draw;
use crate::pictures::{Moment, Picture, Pictures, Unrecorded};
use crate::recording::{Camera, Options, Recording, file_sha256};
use crate::timeline::save;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  exptool snapshot lobby.exp --at '2009-11-10 09:15:30' -o door.png
  exptool snapshot lobby.exp --camera Gate --at 9:15am --clock -o exhibit-3.jpg
  exptool snapshot 'disc/*.exp' --at 9:15 -o stills/
  exptool snapshot lobby.exp --every 10 -o stills/";

/// How a still is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// PNG: nothing is lost
    Png,
    /// JPEG
    #[value(alias = "jpg")]
    Jpeg,
}

impl Kind {
    fn of(path: &Path) -> Option<Kind> {
        let suffix = path.extension()?.to_str()?.to_lowercase();
        <Kind as ValueEnum>::from_str(&suffix, true).ok()
    }

    fn suffix(self) -> &'static str {
        match self {
            Kind::Png => "png",
            Kind::Jpeg => "jpg",
        }
    }
}

/// Save the frames of a moment, or one every so many seconds, as PNG or JPEG.
///
/// The file's texts hold the recorder's time, camera, mode, and the SHA-256 of the source and of the coded frame.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", failure::exit_codes("all frames are written", "nothing was recorded at a moment, or not all frames could be decoded or written", &[2, 3, 4, 5])))]
pub struct Snapshot {
    /// Recordings, folders (all recordings in them), wildcards
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// Only this camera
    #[arg(long, value_name = "N|TITLE")]
    camera: Option<String>,
    /// Moments: '2009-11-10 09:15:30', with an offset or Z, 10/11/2009 9:15am, 9:15, or +SECONDS from the beginning
    #[arg(long, value_name = "TIME", required_unless_present = "every")]
    at: Vec<String>,
    /// Where nothing was recorded at that moment, take the nearest frame
    #[arg(long)]
    nearest: bool,
    /// A frame every so many seconds of each run (10, 2m)
    #[arg(long, value_name = "LENGTH", conflicts_with_all = ["at", "nearest"], value_parser = parse_step)]
    every: Option<i64>,
    /// Which of several places with that time: 0, or 1 for the second pass of an hour that was recorded twice
    #[arg(long, default_value_t = 0, value_name = "N")]
    pass: u32,
    /// Write recorder time, camera and mode below the frame
    #[arg(long)]
    clock: bool,
    /// File (NAME.png; of several frames NAME-camera1.png, NAME-TIME.png and so on) or folder; without it, the current folder
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// PNG or JPEG; without it the suffix of the output decides, else it is PNG
    #[arg(long, value_enum)]
    to: Option<Kind>,
    /// Replace files that already exist
    #[arg(long)]
    force: bool,
}

fn parse_step(text: &str) -> Result<i64, String> {
    match parse_length(text)? {
        0 => Err("expected a length of more than 0".to_owned()),
        length => Ok(length),
    }
}

/// A frame that is wanted: where it is, and the time that was asked for, where one was.
struct Wanted<'a> {
    moment: Moment<'a>,
    asked: Option<i64>,
}

/// One recording.
struct Source {
    recording: Recording,
    /// SHA-256 of the file, where it was asked for.
    sum: OnceCell<String>,
    /// The times that were asked for, on its clock.
    times: Vec<i64>,
}

impl Source {
    fn sum(&self, common: &Common) -> Result<String, Failure> {
        if let Some(sum) = self.sum.get() {
            return Ok(sum.clone());
        }
        let sum = file_sha256(common, &self.recording.input)?;
        Ok(self.sum.get_or_init(|| sum).clone())
    }
}

/// A time that was asked for, by its number, and a camera of a recorder: the same in all files of the recorder.
type Asked = (usize, String, u16);

/// A frame beside a time at which nothing was recorded: its clock, nanoseconds and in words, and its file.
type Beside = Option<(i64, String, PathBuf)>;

/// A time at which a camera recorded nothing in any file.
struct Missed {
    asked: Asked,
    camera: String,
    input: PathBuf,
    time: String,
    before: Beside,
    after: Beside,
}

/// What the command did so far.
#[derive(Default)]
struct Work {
    /// Several files, cameras, moments.
    several: (bool, bool, bool),
    /// The file that has a time or, with --nearest, the frame that is nearest to it, and how far that is away.
    best: BTreeMap<Asked, (u64, usize)>,
    /// Frames that were written, by recorder, camera, time and hash: files that overlap have them more than once.
    seen: BTreeSet<(String, u16, i64, Option<[u8; 32]>)>,
    written: Vec<serde_json::Value>,
    lines: String,
    missed: Vec<Missed>,
    failed: Vec<Failure>,
}

impl Snapshot {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        self.check()?;
        media::init()?;
        let items = plan::inputs(&self.inputs)?;
        let mut work = Work::default();
        let mut sources = Vec::new();
        for item in &items {
            let open = |input| self.open(common, input);
            match item
                .open(common)
                .and_then(|input| input.map(open).transpose())
            {
                Ok(source) => sources.extend(source),
                Err(failure) => work.failed.push(failure),
            }
        }
        sources.sort_by_key(|source| source.recording.contents.span);
        work.several.0 = items.len() > 1;
        work.several.2 = self.at.len() != 1;
        for (number, source) in sources.iter().enumerate() {
            let cameras = cameras::choose(&source.recording, self.camera.as_deref());
            for camera in cameras.iter().flatten() {
                work.look(source, number, camera, self.pass);
            }
        }
        for (number, source) in sources.iter().enumerate() {
            if let Err(failure) = self.source(common, source, number, &mut work) {
                work.failed.push(failure);
            }
        }
        work.finish(common, self.pass)
    }

    fn open(&self, common: &Common, input: Input) -> Result<Source, Failure> {
        let recording = Recording::read(common, input, Options::default(), &mut |_| Ok(()))?;
        let base = Base::of(&recording);
        let times = self.at.iter().map(|text| base.read(text));
        Ok(Source {
            times: times.collect::<Result<_, _>>()?,
            recording,
            sum: OnceCell::new(),
        })
    }

    /// Names that say something else than they are.
    fn check(&self) -> Result<(), Failure> {
        let Some(path) = self.output.as_deref().filter(|path| !plan::is_folder(path)) else {
            return Ok(());
        };
        let name = path.display();
        match (Kind::of(path), self.to) {
            (None, _) => Err(Failure::Use(format!(
                "{name}: unknown suffix: expected .png, .jpg or .jpeg, or a folder"
            ))),
            (Some(named), Some(to)) if named != to => Err(Failure::Use(format!(
                "{name}: is named otherwise than --to asks for"
            ))),
            _ => Ok(()),
        }
    }

    fn kind(&self) -> Kind {
        let named = self.output.as_deref().and_then(Kind::of);
        self.to.or(named).unwrap_or(Kind::Png)
    }

    /// All frames of one recording.
    fn source(
        &self,
        common: &Common,
        source: &Source,
        number: usize,
        work: &mut Work,
    ) -> Result<(), Failure> {
        let cameras = cameras::choose(&source.recording, self.camera.as_deref())?;
        work.several.1 = cameras.len() > 1;
        for camera in &cameras {
            let wanted = match self.every {
                Some(step) => every(camera, step),
                None => self.moments(work, source, number, camera),
            };
            if let Err(failure) = self.camera(common, work, source, camera, &wanted) {
                work.failed.push(failure);
            }
        }
        Ok(())
    }

    /// The moments of a camera that were asked for. Those that no file has are noted.
    fn moments<'a>(
        &self,
        work: &mut Work,
        source: &Source,
        number: usize,
        camera: &'a Camera,
    ) -> Vec<Wanted<'a>> {
        let mut found = Vec::new();
        for (n, time) in source.times.iter().enumerate() {
            let asked = asked(n, source, camera);
            let best = work.best.get(&asked).copied();
            let moment = match Moment::find(camera, *time, self.pass) {
                Ok(moment) => Some(moment),
                Err(unrecorded) => {
                    if best.is_none_or(|(away, _)| away > 0) && !self.nearest {
                        work.miss(asked, source, camera, &unrecorded);
                    }
                    let here = best.is_some_and(|(away, best)| away > 0 && best == number);
                    unrecorded.nearest().filter(|_| self.nearest && here)
                }
            };
            found.extend(moment.map(|moment| Wanted {
                moment,
                asked: Some(*time),
            }));
        }
        found
    }

    fn camera(
        &self,
        common: &Common,
        work: &mut Work,
        source: &Source,
        camera: &Camera,
        wanted: &[Wanted<'_>],
    ) -> Result<(), Failure> {
        if wanted.is_empty() {
            return Ok(());
        }
        let recording = &source.recording;
        let layout = common.layout.as_deref();
        let pictures = Pictures::open(recording, camera, width_of(camera), layout)?;
        let mut progress = Progress::count(common, wanted.len() as u64, "frames");
        for (n, wanted) in wanted.iter().enumerate() {
            progress.at(n as u64);
            let done = match pictures.at(&wanted.moment) {
                Ok(Some(picture)) => self.save(common, work, source, wanted, picture),
                Ok(None) => Err(Failure::Input(format!(
                    "{}: {}: the frame of {} cannot be decoded",
                    recording.input.name,
                    camera.name(),
                    recording.time(wanted.moment.clock)
                ))),
                Err(failure) => Err(failure),
            };
            if let Err(failure) = done {
                work.failed.push(failure);
            }
        }
        Ok(())
    }

    fn save(
        &self,
        common: &Common,
        work: &mut Work,
        source: &Source,
        wanted: &Wanted<'_>,
        picture: Picture,
    ) -> Result<(), Failure> {
        let recording = &source.recording;
        let number = wanted.moment.camera.number;
        let frame = (
            recording.recorder().to_owned(),
            number,
            picture.clock,
            picture.sha256,
        );
        let is_known = picture.sha256.is_some() && recording.has_clock();
        if !work.seen.insert(frame) && is_known && work.several.0 {
            return Ok(());
        }
        let path = self.path(work, recording, wanted, &picture);
        let sum = source.sum(common)?;
        if self.every.is_none() || self.force || !path.exists() {
            let texts = texts(source, &sum, wanted, &picture);
            let mut size = (picture.width, picture.height);
            let mut rgb = picture.rgb;
            if self.clock {
                let mode = mode_of(wanted, picture.clock);
                let lines = [
                    recording.time(picture.clock),
                    below(wanted.moment.camera, mode),
                ];
                (size, rgb) = draw::add_lines_below(size, &rgb, &lines)?;
            }
            let bytes = match self.kind() {
                Kind::Png => draw::png_rgb(size, &rgb, &texts)?,
                Kind::Jpeg => media::jpeg(size, rgb, &texts)?,
            };
            save(&path, &bytes, self.force)?;
        }
        let time = recording.time(picture.clock);
        let away = wanted
            .asked
            .map(|asked| picture.clock.saturating_sub(asked));
        // what was on at a moment began before it
        let end = wanted.moment.camera.interval.saturating_mul(2);
        let note = match (away, wanted.asked) {
            (Some(away), Some(asked)) if away > 0 || away < -end && self.nearest => {
                let word = if away > 0 { "after" } else { "before" };
                let away = duration(away.saturating_abs());
                format!(" ({away} {word} {})", recording.time(asked))
            }
            _ => String::new(),
        };
        work.lines
            .push_str(&format!("{}: {time}{note}\n", plain::path(&path)));
        work.written.push(json!({
            "input": recording.input.path,
            "output": path,
            "camera": wanted.moment.camera.number,
            "run": wanted.moment.run + 1,
            "asked": wanted.asked.map(|asked| recording.time(asked)),
            "seconds_after_asked": away.map(|away| away as f64 / 1e9),
            "time": time,
            "utc": recording.has_clock().then(|| recording.zone.format_utc(picture.clock)),
            "coded_sha256": picture.sha256.map(|sum| hex(&sum)),
            "source_sha256": sum,
        }));
        Ok(())
    }

    fn path(
        &self,
        work: &Work,
        recording: &Recording,
        wanted: &Wanted<'_>,
        picture: &Picture,
    ) -> PathBuf {
        let moment = &wanted.moment;
        let time = match recording.has_clock() {
            true => recording.zone.file_name(picture.clock),
            false => format!("{:010.3}", picture.clock as f64 / 1e9),
        };
        let pass = match moment.earlier() {
            0 => String::new(),
            pass => format!("_pass{}", pass + 1),
        };
        let number = moment.camera.number;
        let suffix = self.kind().suffix();
        let stem = recording.stem();
        match &self.output {
            Some(path) if !plan::is_folder(path) => {
                let (files, cameras, moments) = work.several;
                if !(files || cameras || moments) {
                    return path.clone();
                }
                let mut name = path.file_stem().unwrap_or_default().to_os_string();
                let parts = [
                    files.then(|| format!("-{stem}")),
                    cameras.then(|| format!("-camera{number}")),
                    moments.then(|| format!("-{time}{pass}")),
                ];
                parts.into_iter().flatten().for_each(|part| name.push(part));
                name.push(format!(
                    ".{}",
                    path.extension().unwrap_or_default().to_string_lossy()
                ));
                path.with_file_name(name)
            }
            folder => {
                let folder = folder.clone().unwrap_or_default();
                folder.join(format!("{stem}_camera{number}_{time}{pass}.{suffix}"))
            }
        }
    }
}

/// A time and camera as all files of the recorder have it.
fn asked(n: usize, source: &Source, camera: &Camera) -> Asked {
    (n, source.recording.recorder().to_owned(), camera.number)
}

impl Work {
    /// Notes how near a file's frames are to the times.
    fn look(&mut self, source: &Source, number: usize, camera: &Camera, pass: u32) {
        for (n, time) in source.times.iter().enumerate() {
            let away = match Moment::find(camera, *time, pass) {
                Ok(_) => Some(0),
                Err(unrecorded) => {
                    let near = unrecorded.nearest();
                    near.map(|near| near.clock.abs_diff(*time))
                }
            };
            if let Some(away) = away {
                let best = self.best.entry(asked(n, source, camera));
                let best = best.or_insert((away, number));
                *best = (*best).min((away, number));
            }
        }
    }

    /// Notes a time at which a camera recorded nothing, with the frames that are nearest in all files.
    fn miss(
        &mut self,
        asked: Asked,
        source: &Source,
        camera: &Camera,
        unrecorded: &Unrecorded<'_>,
    ) {
        let recording = &source.recording;
        let input = &recording.input.path;
        let beside = |moment: &Option<Moment<'_>>| {
            let clock = moment.as_ref()?.clock;
            Some((clock, recording.time(clock), input.clone()))
        };
        let (before, after) = (beside(&unrecorded.before), beside(&unrecorded.after));
        let Some(known) = self.missed.iter_mut().find(|missed| missed.asked == asked) else {
            return self.missed.push(Missed {
                asked,
                camera: camera.name(),
                input: input.clone(),
                time: recording.time(unrecorded.asked),
                before,
                after,
            });
        };
        known.before = known.before.take().max(before);
        known.after = match (known.after.take(), after) {
            (Some(known), Some(after)) => Some(known.min(after)),
            (known, after) => known.or(after),
        };
    }

    /// Prints what was written, and what was not.
    fn finish(self, common: &Common, pass: u32) -> Done {
        let several = self.several.0;
        // among several recordings a moment is there if one of them has it
        let found = |n: usize| {
            let mut best = self.best.iter();
            best.any(|((time, ..), (away, _))| *time == n && *away == 0)
        };
        let missed = self.missed.iter();
        let missed = missed.filter(|missed| !several || !found(missed.asked.0));
        let missed: Vec<&Missed> = missed.collect();
        match common.json {
            true => {
                let facts: Vec<_> = missed.iter().map(|missed| missed.json()).collect();
                output::print_json(&self.written.iter().chain(&facts).collect::<Vec<_>>())?;
            }
            false => {
                output::print(&self.lines)?;
                for missed in &missed {
                    eprintln!("exptool: {}", missed.text(several, pass));
                }
            }
        }
        for failure in &self.failed {
            failure.report(common.json);
        }
        Ok(match self.failed.first() {
            Some(failure) if self.written.is_empty() => failure.code(),
            None if missed.is_empty() => 0,
            _ => 1,
        })
    }
}

impl Missed {
    fn text(&self, several: bool, pass: u32) -> String {
        let beside = |word: &str, beside: &Beside| {
            let (_, time, file) = beside.as_ref()?;
            let file = match several {
                true => format!(" in {}", plain::path(file)),
                false => String::new(),
            };
            Some(format!("the frame {word} is of {time}{file}"))
        };
        let around = [beside("before", &self.before), beside("after", &self.after)];
        let around: Vec<String> = around.into_iter().flatten().collect();
        let pass = match pass {
            0 => String::new(),
            pass => format!(" in pass {pass}"),
        };
        let (camera, recorder) = (plain(&self.camera), plain(&self.asked.1));
        let who = match (several, recorder.is_empty()) {
            (false, _) => format!("{}: {camera}", plain::path(&self.input)),
            (true, true) => camera.into_owned(),
            (true, false) => format!("{camera} of {recorder}"),
        };
        format!(
            "{who} recorded nothing at {}{pass}: {} (--nearest takes the nearest)",
            self.time,
            around.join(", ")
        )
    }

    fn json(&self) -> serde_json::Value {
        let time = |beside: &Beside| beside.as_ref().map(|(_, time, _)| time.clone());
        let file = |beside: &Beside| beside.as_ref().map(|(.., file)| file.clone());
        json!({
            "input": self.input,
            "camera": self.asked.2,
            "asked": self.time,
            "status": "not recorded",
            "before": time(&self.before),
            "before_in": file(&self.before),
            "after": time(&self.after),
            "after_in": file(&self.after),
        })
    }
}

/// Width that loses no pixel: frames are shown 4:3, so one side of the stored grid is stretched.
fn width_of(camera: &Camera) -> Option<u32> {
    let (width, height) = (u32::from(camera.width), u32::from(camera.height));
    (width > 0 && height > 0).then(|| width.max(height * 4 / 3))
}

/// Moments of all runs, `step` nanoseconds apart.
fn every(camera: &Camera, step: i64) -> Vec<Wanted<'_>> {
    let mut out = Vec::new();
    for (run, span) in camera.runs.iter().enumerate() {
        let mut next = span.decodable;
        while let Some(clock) = next.filter(|clock| *clock <= span.last) {
            let moment = Moment { camera, run, clock };
            let asked = None;
            out.push(Wanted { moment, asked });
            next = clock.checked_add(step);
        }
    }
    out
}

/// Why the frame of this time was recorded.
fn mode_of(wanted: &Wanted<'_>, clock: i64) -> Option<&'static str> {
    let spans = wanted.moment.span().map(|run| run.modes.as_slice());
    let mut spans = spans.unwrap_or_default().iter();
    let span = spans.find(|span| (span.start..=span.end).contains(&clock));
    span.and_then(|span| span.mode.name())
}

fn below(camera: &Camera, mode: Option<&str>) -> String {
    match mode {
        Some(mode) => format!("{}, {mode}", camera.name()),
        None => camera.name(),
    }
}

/// Texts for the file.
fn texts(
    source: &Source,
    sum: &str,
    wanted: &Wanted<'_>,
    picture: &Picture,
) -> Vec<(String, String)> {
    let recording = &source.recording;
    let name = recording.input.path.file_name().unwrap_or_default();
    let mut texts = vec![
        ("Software", format!("exptool {}", env!("CARGO_PKG_VERSION"))),
        ("Title", wanted.moment.camera.name()),
        ("Recorder time", recording.time(picture.clock)),
        ("Source", name.to_string_lossy().into_owned()),
        ("Source SHA-256", sum.to_owned()),
    ];
    if recording.has_clock() {
        let utc = recording.zone.format_utc(picture.clock);
        texts.push(("Recorder time UTC", utc));
    }
    if let Some(mode) = mode_of(wanted, picture.clock) {
        texts.push(("Recording mode", mode.to_owned()));
    }
    if let Some(sum) = picture.sha256 {
        texts.push(("Coded picture SHA-256", hex(&sum)));
    }
    texts
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}
