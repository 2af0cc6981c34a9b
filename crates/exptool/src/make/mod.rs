// SPDX-License-Identifier: MPL-2.0
//! `exptool make`: a recording out of any video, so that everybody can try the plugin without a recorder.

mod clock;
mod input;
mod pipeline;
mod watch;

use crate::common::{
    Common, Done, Failure, failure, media,
    output::{self, NewFile},
};
use clap::{Args, ValueEnum};
use clock::{Break, Start};
use formats::reader::Mode;
use std::path::{Path, PathBuf};
use watch::Watch;

const EXAMPLES: &str = "\
Examples:
  exptool make door.mp4 -o door.exp
  exptool make front.mp4 yard.mkv -o both.exp --title 'Front door' --title Yard --start 2010-01-01T08:00:00-05:00
  exptool make test:ball -o ball.exp --seconds 60 --break 20:300 --break 40:-3600 --mode continuous --mode-at 20:motion

INPUT is any video that GStreamer can read, or test:PATTERN (a pattern of videotestsrc, such as test:ball).
A break of N seconds lets the recorder's clock jump there: nothing was recorded, or, below zero, the clock was set back.";

/// How frames are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Codec {
    /// MPEG-4 Part 2
    Mpeg4,
    /// H.264
    H264,
}

/// Television standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Standard {
    /// 60 fields a second
    Ntsc,
    /// 50 fields a second
    Pal,
}

/// Make a recording out of any video.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", failure::exit_codes("written", "", &[2, 3, 4, 5])))]
pub struct Make {
    /// Videos, one for each camera
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Number of a camera, one for each INPUT in their order (1, 2, …)
    #[arg(long = "camera", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=255))]
    pub cameras: Vec<u32>,
    /// Title of a camera, one for each INPUT in their order
    #[arg(long = "title", value_name = "TEXT")]
    pub titles: Vec<String>,
    /// Also record the audio of the first INPUT (mu-law, 8 kHz)
    #[arg(long, alias = "sound")]
    pub audio: bool,
    /// Recorder model in the header
    #[arg(long, value_name = "TEXT", default_value = "DX4104")]
    pub model: String,
    /// Recorder's name in the header
    #[arg(long, value_name = "TEXT", default_value = "EXPTOOL")]
    pub server: String,
    /// Recorder's time of the first frame, such as 2010-01-01T08:00:00-05:00, whose offset becomes the recording's (without it,
    /// and without --break, the times that an INPUT brings along, as recordings do, else now)
    #[arg(long, value_name = "TIME", value_parser = clock::parse_start)]
    pub start: Option<Start>,
    /// Length of what is taken of each INPUT
    #[arg(long, value_name = "S", value_parser = clock::parse_seconds, allow_hyphen_values = true)]
    pub seconds: Option<f64>,
    /// Clock jumps by N seconds with the first keyframe from S seconds of video on; may be given several times
    #[arg(long = "break", value_name = "S:N", value_parser = clock::parse_break, allow_hyphen_values = true)]
    pub breaks: Vec<Break>,
    /// Recording mode from S seconds of video on; may be given several times
    #[arg(long = "mode-at", value_name = "S:MODE", value_parser = clock::parse_mode_at)]
    pub modes: Vec<(i64, Mode)>,
    /// Recording mode: continuous, motion, alarm, instant, pre-alarm, schedule
    #[arg(long, value_name = "MODE", value_parser = clock::parse_mode, default_value = "continuous")]
    pub mode: Mode,
    /// Frames per second
    #[arg(long, value_name = "N or N/M", default_value = "15/2", value_parser = clock::parse_rate)]
    pub rate: (i32, i32),
    /// Frame size, WxH (352x240, or 352x288 with --standard pal)
    #[arg(long, value_name = "WxH", value_parser = clock::parse_size)]
    pub size: Option<(i32, i32)>,
    /// Television standard
    #[arg(long, value_enum, default_value = "ntsc")]
    pub standard: Standard,
    /// Codec
    #[arg(long, value_enum, default_value = "mpeg4")]
    pub codec: Codec,
    /// Bits a second of each camera
    #[arg(long, value_name = "N", default_value_t = 400_000, value_parser = clap::value_parser!(u32).range(1000..=100_000_000))]
    pub bitrate: u32,
    /// Frames from one keyframe to the next
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub gop: u32,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace a file that already exists
    #[arg(long)]
    pub force: bool,
}

/// Bytes of a camera's title, the model and the recorder's name in the header.
const TITLE: usize = 40;
const MODEL: usize = 16;
const SERVER: usize = 32;
/// Most minutes that the header's local time is from UTC.
const MAX_OFFSET: i32 = 840;

impl Make {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        self.check(common)?;
        media::init()?;
        self.warn_of_cut_texts();
        if let Some(folder) = self.output.parent() {
            // reported when the file cannot be written
            let _ = std::fs::create_dir_all(folder);
        }
        let file = NewFile::create(&self.output, self.force)?;
        let watch = Watch::default();
        let made = pipeline::build(self, file.temporary(), self.offset(common), &watch)?;
        watch::run(self, common, &made, &watch, || file.write_back())?;
        // the pipeline's elements hold the file open
        drop(made);
        file.finish()?;
        for text in self.not_reached(&watch) {
            eprintln!("exptool: {text}");
        }
        let size = std::fs::metadata(&self.output).map_or(0, |meta| meta.len());
        let name = self.output.display().to_string();
        if common.json {
            output::print_json(&serde_json::json!({ "file": name, "size": size }))?;
        } else {
            output::print(&format!("{name}: {size} bytes\n"))?;
        }
        Ok(0)
    }

    /// Minutes that the recording's local time is east of UTC.
    fn offset(&self, common: &Common) -> i32 {
        let time = self.start.map_or(0, |start| start.time);
        let given = common.utc_offset.map(|offset| offset.minutes_at(time));
        let start = self.start.and_then(|start| start.offset);
        given.or(start).unwrap_or(0)
    }

    /// The recorder's clock is given on the command line, and not by what the inputs bring along.
    pub fn own_clock(&self) -> bool {
        self.start.is_some() || !self.breaks.is_empty()
    }

    fn warn_of_cut_texts(&self) {
        let titles = self.titles.iter().map(|title| ("title", title, TITLE));
        let others = [
            ("model", &self.model, MODEL),
            ("server", &self.server, SERVER),
        ];
        for (what, text, most) in titles.chain(others) {
            if text.len() > most {
                let cut = text.get(..text.floor_char_boundary(most));
                eprintln!(
                    "exptool: the {what} {text:?} is longer than the {most} bytes that a header has for it: {:?} is written",
                    cut.unwrap_or_default()
                );
            }
        }
    }

    /// What was asked for beyond the end of the video.
    fn not_reached(&self, watch: &Watch) -> Vec<String> {
        let (last, key) = watch.ends();
        let seconds = |ns: i64| ns as f64 / 1e9;
        let breaks = self.breaks.iter().filter(|jump| jump.at > key);
        let breaks = breaks.map(|jump| ("--break", jump.at, "last keyframe", key));
        let modes = self.modes.iter().filter(|(at, _)| *at > last);
        let modes = modes.map(|(at, _)| ("--mode-at", *at, "last frame", last));
        let position = |(option, at, what, end)| {
            format!(
                "{option} {}: has no effect, the {what} is at {:.3} s",
                seconds(at),
                seconds(end)
            )
        };
        breaks.chain(modes).map(position).collect()
    }

    /// The recorder's clock has to stay among the times that readers believe.
    fn check_clock(&self) -> Result<(), Failure> {
        let mut clock = self.start.map_or(0, |start| start.time);
        let mut breaks = self.breaks.clone();
        breaks.sort_by_key(|jump| jump.at);
        for jump in breaks.iter().filter(|_| self.start.is_some()) {
            clock = clock.saturating_add(jump.by);
            if !clock::plausible(clock.saturating_add(jump.at)) {
                return Err(Failure::Use(format!(
                    "--break {}:{}: leads out of the years from 1995 to 2039, in which readers look for a recording's time",
                    jump.at as f64 / 1e9,
                    jump.by as f64 / 1e9
                )));
            }
        }
        Ok(())
    }

    fn check(&self, common: &Common) -> Result<(), Failure> {
        let count = self.inputs.len();
        if let Some(layout) = common.layout.as_deref()
            && !matches!(layout, "reference" | "auto")
        {
            return Err(Failure::Use(format!(
                "--layout {layout}: recordings are made in the reference layout only"
            )));
        }
        if self.offset(common).abs() > MAX_OFFSET {
            return Err(Failure::Use(format!(
                "an offset of {} minutes from UTC: expected at most 14 hours",
                self.offset(common)
            )));
        }
        self.check_clock()?;
        for (given, name) in [
            (self.cameras.len(), "--camera"),
            (self.titles.len(), "--title"),
        ] {
            if given > count {
                return Err(Failure::Use(format!(
                    "{name} is given {given} times for {count} INPUTs"
                )));
            }
        }
        let mut numbers: Vec<u32> = (0..count).map(|n| self.number(n)).collect();
        numbers.sort_unstable();
        if numbers.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(Failure::Use("two cameras have the same number".to_owned()));
        }
        for input in self
            .inputs
            .iter()
            .filter(|input| !input.starts_with("test:"))
        {
            let path = Path::new(input);
            let meta = path
                .metadata()
                .map_err(|error| Failure::Input(format!("{input}: {error}")))?;
            if !meta.is_file() {
                return Err(Failure::Input(format!("{input}: expected a video file")));
            }
            output::protect(Path::new(input));
        }
        if self.audio
            && self
                .inputs
                .first()
                .is_some_and(|input| input.starts_with("test:"))
        {
            return Err(Failure::Use(
                "a test pattern has no audio; --audio needs a file as the first INPUT".to_owned(),
            ));
        }
        Ok(())
    }

    /// Number of the camera of an input.
    pub fn number(&self, input: usize) -> u32 {
        let next = u32::try_from(input).unwrap_or(0).saturating_add(1);
        self.cameras.get(input).copied().unwrap_or(next)
    }
}
