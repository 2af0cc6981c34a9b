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
use std::path::{Path, PathBuf};

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
    /// Only this camera
    #[arg(long, value_name = "N|TITLE")]
    camera: Option<String>,
    /// Write recorder time, camera and mode below the frame
    #[arg(long)]
    clock: bool,
    /// PNG or JPEG; without it the suffix of the output decides, else it is PNG
    #[arg(long, value_enum)]
    to: Option<Kind>,
    /// File (NAME.png; of several frames NAME-camera1.png, NAME-TIME.png and so on) or folder; without it, the current folder
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
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
    /// SHA-256 of the file.
    sum: String,
}

/// What the command did so far.
#[derive(Default)]
struct Work {
    /// Several files, cameras, moments.
    several: (bool, bool, bool),
    /// Times that were found in some recording, by their place among those that were asked for.
    found: Vec<bool>,
    told: Vec<serde_json::Value>,
    lines: String,
    /// Times that nothing was recorded at.
    unrecorded: Vec<(usize, String, serde_json::Value)>,
    failed: Vec<Failure>,
}

impl Snapshot {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        self.check()?;
        media::init()?;
        let items = plan::inputs(&self.inputs)?;
        let mut work = Work {
            found: vec![false; self.at.len()],
            ..Work::default()
        };
        work.several.0 = items.len() > 1;
        for item in &items {
            let done = item.open(common).and_then(|input| match input {
                Some(input) => self.source(common, input, &mut work),
                None => Ok(()),
            });
            if let Err(failure) = done {
                work.failed.push(failure);
            }
        }
        work.finish(common, items.len() == 1)
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
    fn source(&self, common: &Common, input: Input, work: &mut Work) -> Result<(), Failure> {
        let recording = Recording::read(common, input, Options::default(), &mut |_| Ok(()))?;
        let base = Base::of(&recording);
        let times: Vec<i64> = self
            .at
            .iter()
            .map(|text| base.read(text))
            .collect::<Result<_, _>>()?;
        let sum = file_sha256(common, &recording.input)?;
        let source = Source { recording, sum };
        let cameras = cameras::choose(&source.recording, self.camera.as_deref())?;
        work.several.1 = cameras.len() > 1;
        work.several.2 = times.len() != 1;
        for camera in &cameras {
            let wanted = match self.every {
                Some(step) => every(camera, step),
                None => self.moments(work, &source, camera, &times),
            };
            if let Err(failure) = self.camera(common, work, &source, camera, &wanted) {
                work.failed.push(failure);
            }
        }
        Ok(())
    }

    /// The moments of a camera that were asked for. Those that were not recorded are noted.
    fn moments<'a>(
        &self,
        work: &mut Work,
        source: &Source,
        camera: &'a Camera,
        times: &[i64],
    ) -> Vec<Wanted<'a>> {
        let mut found = Vec::new();
        for (n, time) in times.iter().enumerate() {
            let moment = Moment::find(camera, *time, self.pass);
            let nearest =
                |unrecorded: &Unrecorded<'a>| unrecorded.nearest().filter(|_| self.nearest);
            let moment = moment.or_else(|unrecorded| nearest(&unrecorded).ok_or(unrecorded));
            match moment {
                Ok(moment) => {
                    if let Some(found) = work.found.get_mut(n) {
                        *found = true;
                    }
                    let asked = Some(*time);
                    found.push(Wanted { moment, asked });
                }
                Err(unrecorded) => {
                    let (text, fact) = self.describe(source, camera, *time, &unrecorded);
                    work.unrecorded.push((n, text, fact));
                }
            }
        }
        found
    }

    /// Says that a moment was not recorded, and what is around it.
    fn describe(
        &self,
        source: &Source,
        camera: &Camera,
        time: i64,
        unrecorded: &Unrecorded<'_>,
    ) -> (String, serde_json::Value) {
        let recording = &source.recording;
        let shown = |moment: &Option<Moment<'_>>| moment.map(|moment| recording.time(moment.clock));
        let (before, after) = (shown(&unrecorded.before), shown(&unrecorded.after));
        let around: Vec<String> = [("before", &before), ("after", &after)]
            .into_iter()
            .filter_map(|(word, time)| Some(format!("the frame {word} is of {}", time.as_ref()?)))
            .collect();
        let pass = match self.pass {
            0 => String::new(),
            pass => format!(" in pass {pass}"),
        };
        let text = format!(
            "{}: {} recorded nothing at {}{pass}: {} (--nearest takes the nearest)",
            plain::path(&recording.input.path),
            plain(&camera.name()),
            recording.time(time),
            around.join(", ")
        );
        let fact = json!({
            "input": recording.input.path,
            "camera": camera.number,
            "asked": recording.time(time),
            "status": "not recorded",
            "before": before,
            "after": after,
        });
        (text, fact)
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
                Ok(Some(picture)) => self.save(work, source, wanted, picture),
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
        work: &mut Work,
        source: &Source,
        wanted: &Wanted<'_>,
        picture: Picture,
    ) -> Result<(), Failure> {
        let recording = &source.recording;
        let path = self.path(work, recording, wanted, &picture);
        if self.every.is_none() || self.force || !path.exists() {
            let texts = texts(source, wanted, &picture);
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
        work.told.push(json!({
            "input": recording.input.path,
            "output": path,
            "camera": wanted.moment.camera.number,
            "run": wanted.moment.run + 1,
            "asked": wanted.asked.map(|asked| recording.time(asked)),
            "seconds_after_asked": away.map(|away| away as f64 / 1e9),
            "time": time,
            "utc": recording.has_clock().then(|| recording.zone.format_utc(picture.clock)),
            "coded_sha256": picture.sha256.map(|sum| hex(&sum)),
            "source_sha256": source.sum,
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

impl Work {
    /// Prints what was written, and what was not. `one`: of one recording, so that each of its cameras counts.
    fn finish(self, common: &Common, one: bool) -> Done {
        // among several recordings a moment is there if one of them has it
        let missing = self
            .unrecorded
            .iter()
            .filter(|(n, ..)| one || !self.found.get(*n).copied().unwrap_or(false));
        let missing: Vec<_> = missing.collect();
        match common.json {
            true => {
                let facts = missing.iter().map(|(.., fact)| fact);
                output::print_json(&self.told.iter().chain(facts).collect::<Vec<_>>())?;
            }
            false => {
                output::print(&self.lines)?;
                for (_, text, _) in &missing {
                    eprintln!("exptool: {text}");
                }
            }
        }
        for failure in &self.failed {
            failure.report(common.json);
        }
        Ok(match self.failed.first() {
            Some(failure) if self.told.is_empty() => failure.code(),
            None if missing.is_empty() => 0,
            _ => 1,
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
    for (run, stretch) in camera.runs.iter().enumerate() {
        let mut next = stretch.decodable;
        while let Some(clock) = next.filter(|clock| *clock <= stretch.last) {
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
    let spans = wanted.moment.stretch().map(|run| run.modes.as_slice());
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
fn texts(source: &Source, wanted: &Wanted<'_>, picture: &Picture) -> Vec<(String, String)> {
    let recording = &source.recording;
    let name = recording.input.path.file_name().unwrap_or_default();
    let mut texts = vec![
        ("Software", format!("exptool {}", env!("CARGO_PKG_VERSION"))),
        ("Title", wanted.moment.camera.name()),
        ("Recorder time", recording.time(picture.clock)),
        ("Source", name.to_string_lossy().into_owned()),
        ("Source SHA-256", source.sum.clone()),
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
