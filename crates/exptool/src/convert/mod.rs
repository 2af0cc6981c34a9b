// SPDX-License-Identifier: MPL-2.0
//! `exptool convert`: into files that everything plays, without encoding again.

mod captions;
mod chapters;
mod clip;
pub mod graph;
mod grid;
mod origin;
mod plan;
pub mod watch;
mod write;

use crate::common::{
    Common, Done, Failure,
    clock::duration,
    failure::EXIT_CODES,
    media, output,
    plain::{self, plain, plain_lines},
};
use clap::{Args, ValueEnum};
use plan::{Item, Names};
use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use write::Outcome;

/// Container of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// MP4
    Mp4,
    /// Matroska
    Mkv,
    /// AVI (pictures at a constant rate: it has no times)
    Avi,
    /// The bare MPEG-4 stream, without times
    M4v,
}

impl Format {
    /// Its suffix.
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Mp4 => "mp4",
            Format::Mkv => "mkv",
            Format::Avi => "avi",
            Format::M4v => "m4v",
        }
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Format::Mp4 => "MP4",
            Format::Mkv => "Matroska",
            Format::Avi => "AVI",
            Format::M4v => "an m4v stream",
        }
    }

    /// The GStreamer element that writes it; `None` for a bare stream.
    pub fn muxer(self) -> Option<&'static str> {
        match self {
            Format::Mp4 => Some("mp4mux"),
            Format::Mkv => Some("matroskamux"),
            Format::Avi => Some("avimux"),
            Format::M4v => None,
        }
    }

    fn of(path: &Path) -> Option<Format> {
        let suffix = path.extension()?.to_str()?.to_lowercase();
        <Format as ValueEnum>::from_str(&suffix, true).ok()
    }
}

/// Where the recorder's clock, camera and mode go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ClockIn {
    /// Nowhere
    #[default]
    None,
    /// Into a subtitle track; beside an AVI as .srt
    Subtitle,
    /// Into the pictures, which are then encoded to H.264
    Burn,
}

/// What becomes of gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Gaps {
    /// Playback goes on at once
    #[default]
    Collapse,
    /// They keep their length
    Preserve,
}

/// What pictures are encoded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encode {
    /// H.264, constant quality
    H264,
}

const EXAMPLES: &str = "\
Examples:
  exptool convert lobby.exp -o lobby.mp4
  exptool convert 'exports/*.exp' -o converted/ --to mkv --clock subtitle --jobs 2
  exptool convert lobby.exp --from-time '2009-11-10 09:15' --to-time '2009-11-10 09:20' -o part.mp4
  exptool convert two-cameras.exp --grid --clock burn -o mosaic.mp4";

/// Into MP4, Matroska, AVI or a bare stream, one file for each camera, without encoding again.
///
/// Each file is written under a temporary name until it is complete. One that already exists is taken for finished and left
/// alone, unless --force is given. MP4 and Matroska get a chapter for each run of recording (MP4: the first 255).
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Convert {
    /// Recordings, folders (all recordings in them), wildcards
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// File, or folder, to write to; without it, beside each input
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Container; without it the suffix of the output tells, else it is MP4
    #[arg(long, value_enum)]
    to: Option<Format>,
    /// Only this camera
    #[arg(long, value_name = "N", conflicts_with = "grid")]
    camera: Option<u16>,
    /// All cameras in one picture, encoded to H.264
    #[arg(long)]
    grid: bool,
    /// Encode the pictures
    #[arg(long, value_enum, value_name = "CODEC")]
    transcode: Option<Encode>,
    /// Where the recorder's clock, camera and mode are shown
    #[arg(long, value_enum, default_value_t)]
    clock: ClockIn,
    /// Only what was recorded from this time on: '2009-11-10 09:15:30', with an offset or Z, 09:15, or +SECONDS.
    /// A copy begins with the keyframe before
    #[arg(long, value_name = "TIME")]
    from_time: Option<String>,
    /// Only what was recorded before this time
    #[arg(long, value_name = "TIME")]
    to_time: Option<String>,
    /// What becomes of time in which nothing was recorded
    #[arg(long, value_enum, default_value_t)]
    gaps: Gaps,
    /// Leave sound out
    #[arg(long)]
    no_sound: bool,
    /// Inputs that are worked on at a time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    jobs: u8,
    /// Replace outputs that are there already
    #[arg(long)]
    force: bool,
    /// Write a table of all frames beside the outputs: times, offsets, modes, checksums, SHA-256
    #[arg(long)]
    frames_csv: bool,
}

impl Convert {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        media::init()?;
        let format = self.format();
        self.fits(format)?;
        let items = plan::inputs(&self.inputs)?;
        if items.is_empty() {
            return Err(Failure::Input("no recordings in these folders".to_owned()));
        }
        let several = items.len() > 1 || self.inputs.iter().any(|input| input.is_dir());
        let names = Names::new(self.output.as_deref(), format, several);
        let outcomes = self.all(common, &items, &names, format);
        self.tell(common, &outcomes)
    }

    fn format(&self) -> Format {
        let by_name = self.output.as_deref().and_then(Format::of);
        self.to.or(by_name).unwrap_or(Format::Mp4)
    }

    /// Things that cannot go together.
    fn fits(&self, format: Format) -> Result<(), Failure> {
        let encode = self.encodes();
        if format == Format::M4v && (encode || self.grid || self.clock != ClockIn::None) {
            return Err(Failure::Use(
                "an m4v stream holds the recorder's own pictures and no times: neither --grid, --transcode nor --clock".to_owned(),
            ));
        }
        if self.grid && self.clock == ClockIn::Subtitle {
            return Err(Failure::Use(
                "the cameras of a mosaic share no subtitles: use --clock burn".to_owned(),
            ));
        }
        Ok(())
    }

    fn encodes(&self) -> bool {
        self.transcode.is_some() || self.clock == ClockIn::Burn
    }

    /// Works on all inputs, `--jobs` at a time; the outcomes in the order of the inputs.
    fn all(
        &self,
        common: &Common,
        items: &[Item],
        names: &Names,
        format: Format,
    ) -> Vec<Vec<Outcome>> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Vec<Outcome>)>> = Mutex::new(Vec::new());
        let work = || {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(n) else {
                    return;
                };
                let outcome = write::input(self, common, item, names, format);
                done.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((n, outcome));
            }
        };
        let jobs = usize::from(self.jobs).min(items.len());
        std::thread::scope(|scope| {
            for _ in 1..jobs {
                scope.spawn(work);
            }
            work();
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(n, _)| *n);
        done.into_iter().map(|(_, outcomes)| outcomes).collect()
    }

    /// The summary.
    fn tell(&self, common: &Common, outcomes: &[Vec<Outcome>]) -> Done {
        let all: Vec<&Outcome> = outcomes.iter().flatten().collect();
        let failed: Vec<&Failure> = all.iter().filter_map(|o| o.failure.as_ref()).collect();
        if common.json {
            output::print_json(&all.iter().map(|o| o.json()).collect::<Vec<_>>())?;
        } else {
            let mut text = String::new();
            for outcome in &all {
                text.push_str(&line(outcome));
            }
            let count = |status| all.iter().filter(|o| o.status() == status).count();
            text.push_str(&format!(
                "{} written, {} there already, {} failed\n",
                count("written"),
                count("there already"),
                count("failed")
            ));
            output::print(&text)?;
        }
        match (failed.first(), all.len()) {
            (None, _) => Ok(0),
            // one job that failed is told as such
            (Some(failure), 1) => Err((*failure).clone()),
            (Some(failure), all) if failed.len() == all => Err((*failure).clone()),
            _ => {
                for failure in failed {
                    failure.tell(common.json);
                }
                Ok(1)
            }
        }
    }
}

fn line(outcome: &Outcome) -> String {
    let input = plain::path(&outcome.input);
    let mut text = match (&outcome.output, &outcome.failure) {
        (Some(output), None) if outcome.written => format!(
            "{} -> {}: {}, {} frames, {}\n",
            input,
            plain::path(output),
            plain(&outcome.camera.to_string()),
            outcome.frames,
            duration(i64::try_from(outcome.length).unwrap_or(i64::MAX))
        ),
        (Some(output), None) => format!("{} -> {}: already exists\n", input, plain::path(output)),
        (_, Some(failure)) => format!("{input}: {}\n", plain_lines(failure.text())),
        (None, None) => format!("{input}: nothing to do\n"),
    };
    for note in &outcome.notes {
        text.push_str(&format!("  {}\n", plain(note)));
    }
    text
}
