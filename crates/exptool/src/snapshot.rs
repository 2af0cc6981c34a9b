// SPDX-License-Identifier: MPL-2.0
//! `exptool snapshot`: single pictures as PNG.

use crate::common::when::Base;
use crate::common::{
    Common, Done, Failure, cameras, clock::Zone, coded::hex, failure::EXIT_CODES, media, output,
    progress::Progress,
};
use crate::draw;
use crate::pictures::{Moment, Picture, Pictures};
use crate::recording::{Camera, Options, Recording, file_sha256};
use crate::timeline::save;
use clap::Args;
use formats::timeline::SECOND;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Save pictures of a moment, or every so many seconds, as PNG.
///
/// The PNG's text chunks hold the recorder's time, camera, mode, and the SHA-256 of the file and of the coded picture.
#[derive(Args)]
#[command(after_help = format!("Examples:\n  exptool snapshot lobby.exp --at '2009-11-10 09:15:30' -o door.png\n  exptool snapshot lobby.exp --every 10 -o pictures/\n\n{EXIT_CODES}"))]
pub struct Snapshot {
    /// Recording
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Moments: '2009-11-10 09:15:30', with an offset or Z, 09:15, or +SECONDS from the beginning
    #[arg(long, value_name = "TIME", required_unless_present = "every")]
    at: Vec<String>,
    /// A picture every so many seconds of each run
    #[arg(long, value_name = "SECONDS", conflicts_with = "at", value_parser = clap::value_parser!(u32).range(1..))]
    every: Option<u32>,
    /// Which of several places with that time: 0, or 1 for the second pass of an hour that was recorded twice
    #[arg(long, default_value_t = 0, value_name = "N")]
    pass: u32,
    /// Only this camera
    #[arg(long, value_name = "N|TITLE")]
    camera: Option<String>,
    /// File (NAME.png; of several pictures NAME-camera1.png, NAME-TIME.png and so on) or folder; without it, beside the input
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Replace pictures that are there already
    #[arg(long)]
    force: bool,
}

/// A picture that is wanted: where it is, and the time that was asked for, where one was.
struct Wanted<'a> {
    moment: Moment<'a>,
    asked: Option<i64>,
}

/// What the command works on, and what it did.
struct Work<'a> {
    common: &'a Common,
    recording: &'a Recording,
    /// SHA-256 of the file.
    sum: String,
    /// Several pictures are made, of several cameras, of several moments.
    several: (bool, bool),
    told: Vec<serde_json::Value>,
    lines: String,
    failed: Vec<Failure>,
}

impl Snapshot {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        self.check()?;
        media::init()?;
        let input = common.open(&self.input)?;
        let recording = Recording::read(common, input, Options::default(), &mut |_| Ok(()))?;
        let base = Base::of(&recording);
        let mut times = Vec::new();
        for text in &self.at {
            let at = base.read(text)?;
            times.push(if recording.has_clock() {
                at
            } else {
                at.saturating_sub(base.first)
            });
        }
        let cameras = cameras::choose(&recording, self.camera.as_deref())?;
        let mut work = Work {
            common,
            recording: &recording,
            sum: file_sha256(common, &recording.input)?,
            several: (cameras.len() > 1, times.len() != 1),
            told: Vec::new(),
            lines: String::new(),
            failed: Vec::new(),
        };
        for camera in &cameras {
            let wanted = match self.every {
                Some(seconds) => every(camera, i64::from(seconds) * SECOND),
                None => self.moments(&mut work, camera, &times),
            };
            if let Err(failure) = self.camera(&mut work, camera, &wanted) {
                work.failed.push(failure);
            }
        }
        work.finish()
    }

    /// Pictures are PNG: a name that says otherwise is a mistake.
    fn check(&self) -> Result<(), Failure> {
        let Some(path) = self.output.as_deref().filter(|path| !path.is_dir()) else {
            return Ok(());
        };
        let end = path.extension().map(|end| end.to_ascii_lowercase());
        let other = ["jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "svg"];
        match end.and_then(|end| end.to_str().map(str::to_owned)) {
            Some(end) if other.contains(&end.as_str()) => Err(Failure::Use(format!(
                "{}: pictures are written as PNG: expected a name with .png, or a folder",
                path.display()
            ))),
            _ => Ok(()),
        }
    }

    /// The moments of a camera that were asked for. Those without a picture are noted as failed.
    fn moments<'a>(
        &self,
        work: &mut Work<'_>,
        camera: &'a Camera,
        times: &[i64],
    ) -> Vec<Wanted<'a>> {
        let mut found = Vec::new();
        for time in times {
            if let Some(moment) = Moment::of(camera, *time, self.pass) {
                let asked = Some(*time);
                found.push(Wanted { moment, asked });
                continue;
            }
            let pass = match self.pass {
                0 => String::new(),
                pass => format!(" in pass {pass}"),
            };
            let last = camera.runs.iter().map(|run| run.last).max();
            let end =
                last.map(|last| format!(": its last picture is of {}", work.recording.time(last)));
            work.failed.push(Failure::Input(format!(
                "{}: {} has no picture at {}{pass}{}",
                work.recording.input.name,
                camera.name(),
                work.recording.time(*time),
                end.unwrap_or_default()
            )));
        }
        found
    }

    fn camera(
        &self,
        work: &mut Work<'_>,
        camera: &Camera,
        wanted: &[Wanted<'_>],
    ) -> Result<(), Failure> {
        if wanted.is_empty() {
            return Ok(());
        }
        let recording = work.recording;
        let layout = work.common.layout.as_deref();
        let pictures = Pictures::open(recording, camera, width_of(camera), layout)?;
        let mut progress = Progress::count(work.common, wanted.len() as u64, "pictures");
        for (n, wanted) in wanted.iter().enumerate() {
            progress.at(n as u64);
            let done = match pictures.at(&wanted.moment) {
                Ok(Some(picture)) => self.save(work, wanted, &picture),
                Ok(None) => Err(Failure::Input(format!(
                    "{}: {}: no picture could be got at {}",
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
        work: &mut Work<'_>,
        wanted: &Wanted<'_>,
        picture: &Picture,
    ) -> Result<(), Failure> {
        let recording = work.recording;
        let path = self.path(work, wanted, picture);
        if self.every.is_none() || self.force || !path.exists() {
            let size = (picture.width, picture.height);
            let texts = texts(recording, wanted, picture, &work.sum);
            let png = draw::png_rgb(size, &picture.rgb, &texts)?;
            save(&path, &png, self.force)?;
        }
        let time = recording.time(picture.clock);
        // what was on at a moment began before it
        let later = wanted.asked.filter(|asked| picture.clock > *asked);
        let note = later.map(|asked| format!(" (the next after {})", recording.time(asked)));
        let line = format!("{}: {time}{}\n", path.display(), note.unwrap_or_default());
        work.lines.push_str(&line);
        work.told.push(json!({
            "output": path,
            "camera": wanted.moment.camera.number,
            "run": wanted.moment.run + 1,
            "asked": wanted.asked.map(|asked| recording.time(asked)),
            "later_than_asked": later.is_some(),
            "time": time,
            "utc": recording.has_clock().then(|| Zone::utc(picture.clock)),
            "coded_sha256": picture.sha256.map(|sum| hex(&sum)),
            "source_sha256": work.sum,
        }));
        Ok(())
    }

    fn path(&self, work: &Work<'_>, wanted: &Wanted<'_>, picture: &Picture) -> PathBuf {
        let (recording, moment) = (work.recording, &wanted.moment);
        let time: String = match recording.has_clock() {
            true => recording.zone.local_plain(picture.clock),
            false => format!("{:010.3}", picture.clock as f64 / 1e9),
        };
        let time: String = time.replace(' ', "_").replace(':', "");
        let pass = match moment.earlier() {
            0 => String::new(),
            pass => format!("_pass{}", pass + 1),
        };
        let number = moment.camera.number;
        let is_png = |path: &Path| {
            path.extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("png"))
        };
        match &self.output {
            Some(path) if is_png(path) && !path.is_dir() => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let name = match work.several {
                    (false, false) => return path.clone(),
                    (true, false) => format!("{stem}-camera{number}.png"),
                    (false, true) => format!("{stem}-{time}{pass}.png"),
                    (true, true) => format!("{stem}-camera{number}-{time}{pass}.png"),
                };
                path.with_file_name(name)
            }
            output => {
                let beside = || self.input.parent().map(Path::to_owned).unwrap_or_default();
                let folder = output.clone().unwrap_or_else(beside);
                let stem = recording.stem();
                folder.join(format!("{stem}_camera{number}_{time}{pass}.png"))
            }
        }
    }
}

impl Work<'_> {
    /// Tells what was written, and what was not. Where nothing was, it is the failure of the first.
    fn finish(self) -> Done {
        let mut failed = self.failed;
        if self.told.is_empty() && !failed.is_empty() {
            let last = failed.remove(0);
            for failure in &failed {
                failure.tell(self.common.json);
            }
            return Err(last);
        }
        match self.common.json {
            true => output::print_json(&self.told)?,
            false => output::print(&self.lines)?,
        }
        for failure in &failed {
            failure.tell(self.common.json);
        }
        Ok(u8::from(!failed.is_empty()))
    }
}

/// Width that loses no pixel: pictures are shown 4:3, so one side of the stored grid is stretched.
fn width_of(camera: &Camera) -> Option<u32> {
    let (width, height) = (u32::from(camera.width), u32::from(camera.height));
    (width > 0 && height > 0).then(|| width.max(height * 4 / 3))
}

/// Moments of all runs, `step` apart.
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

/// Texts for a PNG.
fn texts(
    recording: &Recording,
    wanted: &Wanted<'_>,
    picture: &Picture,
    sum: &str,
) -> Vec<(String, String)> {
    let spans = wanted.moment.stretch().map(|run| run.modes.as_slice());
    let mode = spans
        .unwrap_or_default()
        .iter()
        .filter(|span| (span.start..=span.end).contains(&picture.clock))
        .find_map(|span| span.mode.name());
    let name = recording.input.path.file_name().unwrap_or_default();
    let mut texts = vec![
        ("Software", format!("exptool {}", env!("CARGO_PKG_VERSION"))),
        ("Title", wanted.moment.camera.name()),
        ("Recorder time", recording.time(picture.clock)),
        ("Source", name.to_string_lossy().into_owned()),
        ("Source SHA-256", sum.to_owned()),
    ];
    if recording.has_clock() {
        texts.push(("Recorder time UTC", Zone::utc(picture.clock)));
    }
    if let Some(mode) = mode {
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
