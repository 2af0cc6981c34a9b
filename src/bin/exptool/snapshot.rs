// SPDX-License-Identifier: MPL-2.0
//! `exptool snapshot`: single pictures as PNG.

use crate::common::{
    Common, Done, Failure, clock::Zone, failure::EXIT_CODES, frames::hex, media, output,
    progress::Progress,
};
use crate::draw;
use crate::pictures::{Picture, Pictures};
use crate::recording::{Camera, Recording, file_sha256, when::Base};
use crate::timeline::save;
use clap::Args;
use gstexp::container::timeline::SECOND;
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
    #[arg(long, value_name = "N")]
    camera: Option<u16>,
    /// File (of one picture) or folder; without it, beside the input
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Replace pictures that are there already
    #[arg(long)]
    force: bool,
}

impl Snapshot {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        media::init()?;
        let input = common.open(&self.input)?;
        let base = Base::of(common, &input)?;
        let recording = Recording::open(common, &self.input)?;
        let mut times = Vec::new();
        for text in &self.at {
            let at = base.read(text)?;
            times.push(if recording.has_clock() {
                at
            } else {
                at - base.first
            });
        }
        let sum = file_sha256(common, &recording.input)?;
        let cameras = recording.wanted(self.camera)?;
        let mut told = Vec::new();
        for camera in &cameras {
            let alone = cameras.len() == 1 && times.len() == 1;
            let moments = match self.every {
                Some(seconds) => every(camera, i64::from(seconds) * SECOND),
                None => times.iter().map(|time| (*time, self.pass)).collect(),
            };
            self.camera(common, &recording, camera, &moments, alone, &sum, &mut told)?;
        }
        if common.json {
            output::print_json(&told)?;
        } else {
            let lines = told
                .iter()
                .map(|told| format!("{}\n", told["output"].as_str().unwrap_or_default()));
            output::print(&lines.collect::<String>())?;
        }
        Ok(0)
    }

    #[allow(clippy::too_many_arguments)]
    fn camera(
        &self,
        common: &Common,
        recording: &Recording,
        camera: &Camera,
        moments: &[(i64, u32)],
        alone: bool,
        sum: &str,
        told: &mut Vec<serde_json::Value>,
    ) -> Result<(), Failure> {
        let pictures = Pictures::open(
            recording,
            camera,
            width_of(camera),
            common.layout.as_deref(),
        )?;
        let mut progress = Progress::count(common, moments.len() as u64, "pictures");
        for (n, (time, pass)) in moments.iter().enumerate() {
            progress.at(n as u64);
            let Some(picture) = pictures.at(*time, *pass)? else {
                return Err(Failure::Input(format!(
                    "{}: {} has no picture at {}",
                    recording.input.name,
                    camera.name(),
                    recording.time(*time)
                )));
            };
            let path = self.path(recording, camera, &picture, *pass, alone);
            let texts = texts(recording, camera, &picture, sum);
            if self.every.is_none() || self.force || !path.exists() {
                let size = (picture.width, picture.height);
                save(
                    &path,
                    &draw::png_rgb(size, &picture.rgb, &texts)?,
                    self.force,
                )?;
            }
            told.push(json!({
                "output": path,
                "camera": camera.number,
                "time": recording.time(picture.clock),
                "utc": recording.has_clock().then(|| Zone::utc(picture.clock)),
                "coded_sha256": picture.sha256.map(|sum| hex(&sum)),
                "source_sha256": sum,
            }));
        }
        Ok(())
    }

    fn path(
        &self,
        recording: &Recording,
        camera: &Camera,
        picture: &Picture,
        pass: u32,
        alone: bool,
    ) -> PathBuf {
        let folder = match &self.output {
            Some(path) if alone && path.extension().is_some_and(|end| end == "png") => {
                return path.clone();
            }
            Some(path) => {
                // told when the file cannot be written
                let _ = std::fs::create_dir_all(path);
                path.clone()
            }
            None => self.input.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let time: String = match recording.has_clock() {
            true => recording.zone.local_plain(picture.clock),
            false => format!("{:010.3}", picture.clock as f64 / 1e9),
        };
        let time: String = time.replace(' ', "_").replace(':', "");
        let pass = if pass > 0 {
            format!("_pass{}", pass + 1)
        } else {
            String::new()
        };
        folder.join(format!(
            "{}_camera{}_{time}{pass}.png",
            recording.stem(),
            camera.number
        ))
    }
}

/// Width that loses no pixel: pictures are shown 4:3, so one side of the stored grid is stretched.
fn width_of(camera: &Camera) -> Option<u32> {
    let (width, height) = (u32::from(camera.width), u32::from(camera.height));
    (width > 0 && height > 0).then(|| width.max(height * 4 / 3))
}

/// Moments of all runs, `step` apart.
fn every(camera: &Camera, step: i64) -> Vec<(i64, u32)> {
    let mut out = Vec::new();
    for run in &camera.runs {
        let Some(first) = run.decodable else {
            continue;
        };
        let mut at = first;
        while at <= run.last {
            out.push((at, run.pass));
            at += step;
        }
    }
    out
}

/// Texts for a PNG.
fn texts(
    recording: &Recording,
    camera: &Camera,
    picture: &Picture,
    sum: &str,
) -> Vec<(String, String)> {
    let spans = camera.runs.iter().flat_map(|run| &run.spans);
    let mode = spans
        .filter(|span| (span.start..=span.end).contains(&picture.clock))
        .find_map(|span| span.mode.name());
    let name = recording.input.path.file_name().unwrap_or_default();
    let mut texts = vec![
        ("Software", format!("exptool {}", env!("CARGO_PKG_VERSION"))),
        ("Title", camera.name()),
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
