// SPDX-License-Identifier: MPL-2.0
//! `exptool make`: a recording out of any video, so that everybody can try the plugin without a recorder.

mod clock;
mod pipeline;

use crate::common::{
    Common, Done, Failure, media,
    output::{self, NewFile},
    progress::Progress,
};
use clap::{Args, ValueEnum};
use clock::Break;
use gst::prelude::*;
use gstexp::container::reader::Mode;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  exptool make door.mp4 -o door.exp
  exptool make front.mp4 yard.mkv -o both.exp --title 'Front door' --title Yard --start 2010-01-01T08:00:00-05:00
  exptool make test:ball -o ball.exp --seconds 60 --break 20:300 --break 40:-3600 --mode continuous --mode-at 20:motion

INPUT is any video that GStreamer can read, or test:PATTERN (a pattern of videotestsrc, such as test:ball).
A break of N seconds lets the recorder's clock jump there: nothing was recorded, or, below zero, the clock was set back.";

/// How pictures are coded.
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
#[command(after_help = EXAMPLES)]
pub struct Make {
    /// Videos, one for each camera
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    pub force: bool,
    /// Number of a camera, one for each INPUT in their order (1, 2, …)
    #[arg(long = "camera", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=255))]
    pub cameras: Vec<u32>,
    /// Title of a camera, one for each INPUT in their order
    #[arg(long = "title", value_name = "TEXT")]
    pub titles: Vec<String>,
    /// Recorder's time of the first picture, such as 2010-01-01T08:00:00-05:00 (now)
    #[arg(long, value_name = "TIME")]
    pub start: Option<jiff::Timestamp>,
    /// Length of what is taken of each INPUT
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
    /// Clock jumps by N seconds with the first key picture from S seconds of video on; may be given several times
    #[arg(long = "break", value_name = "S:N", value_parser = clock::parse_break, allow_hyphen_values = true)]
    pub breaks: Vec<Break>,
    /// Recording mode: continuous, motion, alarm, instant, pre-alarm, schedule
    #[arg(long, value_name = "MODE", value_parser = clock::parse_mode, default_value = "continuous")]
    pub mode: Mode,
    /// Recording mode from S seconds of video on; may be given several times
    #[arg(long = "mode-at", value_name = "S:MODE", value_parser = clock::parse_mode_at)]
    pub modes: Vec<(i64, Mode)>,
    /// Pictures a second
    #[arg(long, value_name = "N or N/M", default_value = "15/2", value_parser = clock::parse_rate)]
    pub rate: (i32, i32),
    /// Picture size, WxH (352x240, or 352x288 with --standard pal)
    #[arg(long, value_name = "WxH", value_parser = clock::parse_size)]
    pub size: Option<(i32, i32)>,
    /// Television standard
    #[arg(long, value_enum, default_value = "ntsc")]
    pub standard: Standard,
    /// Codec
    #[arg(long, value_enum, default_value = "mpeg4")]
    pub codec: Codec,
    /// Bits a second of each camera
    #[arg(long, value_name = "N", default_value_t = 400_000)]
    pub bitrate: u32,
    /// Pictures from one key picture to the next
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub gop: u32,
    /// Also record the sound of the first INPUT (mu-law, 8 kHz)
    #[arg(long)]
    pub sound: bool,
    /// Recorder model in the header
    #[arg(long, value_name = "TEXT", default_value = "DX4104")]
    pub model: String,
    /// Recorder's name in the header
    #[arg(long, value_name = "TEXT", default_value = "EXPTOOL")]
    pub server: String,
}

impl Make {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        self.check()?;
        media::init()?;
        let file = NewFile::create(&self.output, self.force)?;
        let offset = common.utc_offset.unwrap_or(0);
        let pipeline = pipeline::build(self, file.temporary(), offset)?;
        let total = self.seconds.map(|seconds| (seconds * 1000.0) as u64);
        let mut progress = match total {
            Some(total) => Progress::count(common, total, "milliseconds made"),
            None => Progress::none(),
        };
        media::run(&pipeline, |pipeline| {
            if let Some(position) = pipeline.query_position::<gst::ClockTime>() {
                progress.at(position.mseconds());
            }
            file.write_back()
        })?;
        drop(progress);
        file.finish()?;
        let size = std::fs::metadata(&self.output).map_or(0, |meta| meta.len());
        let name = self.output.display().to_string();
        if common.json {
            output::print_json(&serde_json::json!({ "file": name, "size": size }))?;
        } else {
            output::print(&format!("{name}: {size} bytes\n"))?;
        }
        Ok(0)
    }

    fn check(&self) -> Result<(), Failure> {
        let count = self.inputs.len();
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
            if !std::path::Path::new(input).is_file() {
                return Err(Failure::Input(format!("{input}: expected a video file")));
            }
            output::protect(std::path::Path::new(input));
        }
        if self.sound
            && self
                .inputs
                .first()
                .is_some_and(|input| input.starts_with("test:"))
        {
            return Err(Failure::Use(
                "a test pattern has no sound; --sound needs a file as the first INPUT".to_owned(),
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
