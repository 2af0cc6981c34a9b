// SPDX-License-Identifier: MPL-2.0
//! `exptool convert`: into files that everything plays, without encoding again.

mod captions;
mod graph;
mod join;
mod look;
mod mp4;
mod origin;
pub mod plan;
mod write;

use crate::common::{
    Common, Done, Failure,
    clock::duration,
    failure, media, output,
    plain::{self, plain, plain_lines},
    when::{Base, parse_length},
};
use clap::{Args, ValueEnum};
use graph::Encoding;
use look::{Look, Window};
use plan::Names;
use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use write::{Outcome, Status};

/// Container of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// MP4
    Mp4,
    /// Matroska
    Mkv,
    /// QuickTime
    Mov,
    /// AVI (frames at a constant rate: it has no times)
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
            Format::Mov => "mov",
            Format::Avi => "avi",
            Format::M4v => "m4v",
        }
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Format::Mp4 => "MP4",
            Format::Mkv => "Matroska",
            Format::Mov => "QuickTime",
            Format::Avi => "AVI",
            Format::M4v => "an m4v stream",
        }
    }

    /// The GStreamer element that writes it; `None` for a bare stream.
    pub fn muxer(self) -> Option<&'static str> {
        match self {
            Format::Mp4 => Some("mp4mux"),
            Format::Mkv => Some("matroskamux"),
            Format::Mov => Some("qtmux"),
            Format::Avi => Some("avimux"),
            Format::M4v => None,
        }
    }

    /// By the suffix of a name.
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
    /// Into the frames, which are then encoded to H.264
    Burn,
    /// Below the frames, which are then encoded to H.264
    Below,
}

/// What becomes of gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Gaps {
    /// Playback continues at once
    #[default]
    Collapse,
    /// They keep their length
    Preserve,
}

/// What frames are encoded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encode {
    /// H.264, constant quality
    H264,
}

/// What an output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    /// Plays on any PC and in presentations: H.264 in MP4, clock and camera below the frames, constant rate, hash and statement beside it
    Court,
    /// Plays in browsers: H.264 in MP4 at a constant rate
    Web,
    /// For editing programs: ProRes 422 in QuickTime at a constant rate, audio as PCM
    Edit,
    /// Keeps the coded frames: Matroska with the clock as subtitles, and the table of frames
    Archive,
}

const EXAMPLES: &str = "\
Examples:
  exptool convert lobby.exp -o lobby.mp4
  exptool convert 'exports/*.exp' -o converted/ --to mkv --clock subtitle --jobs 2
  exptool convert lobby.exp --from-time '2009-11-10 09:15' --to-time '2009-11-10 09:20' -o part.mp4
  exptool convert lobby.exp --camera Gate --from-time 9:15am --duration 2m --for court -o exhibit-4.mp4
  exptool convert monday-1.exp monday-2.exp --join -o monday.mp4
  exptool convert two-cameras.exp --grid --clock burn -o mosaic.mp4";

/// Into MP4, Matroska, QuickTime, AVI or a bare stream, one file for each camera, without encoding again.
///
/// Each file is written under a temporary name until it is complete. One that already exists and was made of the same recording in
/// the same way is left alone, unless --force is given. MP4 and Matroska get a chapter for each run of recording (MP4: the first 255).
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", failure::exit_codes("all outputs are written, or already exist", "some could not be written, lack something that was asked for, or nothing was recorded in that time", &[2, 3, 4, 5])))]
pub struct Convert {
    /// Recordings, folders (all recordings in them), wildcards
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// Only this camera
    #[arg(long, value_name = "N|TITLE", conflicts_with = "grid")]
    camera: Option<String>,
    /// One output for each camera of all inputs: exports that continue each other. Frames that two files hold are written once
    #[arg(long)]
    join: bool,
    /// All cameras in one picture, encoded to H.264
    #[arg(long)]
    grid: bool,
    /// Leave audio out
    #[arg(long, alias = "no-sound")]
    no_audio: bool,
    /// Only what was recorded from this time on: '2009-11-10 09:15:30', with an offset or Z, 10/11/2009 9:15am, 9:15, or +SECONDS.
    /// A copy begins with the keyframe before
    #[arg(long, value_name = "TIME")]
    from_time: Option<String>,
    /// Only what was recorded before this time
    #[arg(long, value_name = "TIME")]
    to_time: Option<String>,
    /// Only so much from --from-time on, or from the beginning: 90, 2m, 1:30
    #[arg(long, value_name = "LENGTH", value_parser = parse_length, conflicts_with = "to_time")]
    duration: Option<i64>,
    /// What becomes of time in which nothing was recorded
    #[arg(long, value_enum, default_value_t)]
    gaps: Gaps,
    /// What the output is for: sets container, codec, clock and rate
    #[arg(long = "for", value_enum, value_name = "PURPOSE")]
    purpose: Option<Purpose>,
    /// Encode the frames
    #[arg(long, value_enum, value_name = "CODEC")]
    transcode: Option<Encode>,
    /// Widest that encoded frames may be; without it none is made smaller than it was
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(64..=8192))]
    max_width: Option<u32>,
    /// Where the recorder's clock, camera and mode are shown
    #[arg(long, value_enum)]
    clock: Option<ClockIn>,
    /// Inputs that are worked on at a time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    jobs: u8,
    /// File, or folder (a name without suffix), to write to; without it, the current folder
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Container; without it the suffix of the output decides, else it is MP4 (Matroska for what MP4 cannot hold)
    #[arg(long, value_enum)]
    to: Option<Format>,
    /// Write a table of all frames beside the outputs: times, offsets, modes, checksums, SHA-256
    #[arg(long)]
    frames_csv: bool,
    /// Replace outputs that already exist
    #[arg(long)]
    force: bool,
}

/// Does `work` with each of several things, so many at a time; what came of each, in their order.
fn in_parallel<T: Sync, R: Send>(all: &[T], jobs: u8, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let take = || {
        while let Some((n, one)) = {
            let n = next.fetch_add(1, Ordering::Relaxed);
            all.get(n).map(|one| (n, one))
        } {
            let result = work(one);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((n, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..usize::from(jobs).min(all.len()) {
            scope.spawn(take);
        }
        take();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}

impl Convert {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        self.check_options()?;
        media::init()?;
        let items = plan::inputs(&self.inputs)?;
        if items.is_empty() {
            return Err(plan::nothing());
        }
        if self.join {
            let names = Names::new(self.output.as_deref(), false);
            let outcomes = join::join(self, common, &items, &names)?;
            return self.report(common, outcomes.iter().collect());
        }
        let several = items.len() > 1 || self.inputs.iter().any(|input| input.is_dir());
        let names = Names::new(self.output.as_deref(), several);
        let outcomes = in_parallel(&items, self.jobs, |item| {
            write::input(self, common, item, &names)
        });
        self.report(common, outcomes.iter().flatten().collect())
    }

    /// The container where nothing speaks against it.
    fn format(&self) -> Format {
        let by_name = self.output.as_deref().and_then(Format::of);
        let by_purpose = self.purpose.map(|purpose| match purpose {
            Purpose::Court | Purpose::Web => Format::Mp4,
            Purpose::Edit => Format::Mov,
            Purpose::Archive => Format::Mkv,
        });
        self.to.or(by_name).or(by_purpose).unwrap_or(Format::Mp4)
    }

    /// Nobody asked for a container.
    fn may_choose_format(&self) -> bool {
        let named = self.output.as_deref().and_then(Format::of);
        self.to.is_none() && named.is_none() && self.purpose.is_none()
    }

    fn encoding(&self) -> Option<Encoding> {
        match (self.purpose, self.transcode, self.clock()) {
            (Some(Purpose::Court), ..) => Some(Encoding::H264(18)),
            (Some(Purpose::Web), ..) => Some(Encoding::H264(23)),
            (Some(Purpose::Edit), ..) => Some(Encoding::ProRes),
            (_, Some(Encode::H264), _) | (.., ClockIn::Burn | ClockIn::Below) => {
                Some(Encoding::H264(20))
            }
            _ => self.max_width.map(|_| Encoding::H264(20)),
        }
    }

    fn clock(&self) -> ClockIn {
        self.clock.unwrap_or(match self.purpose {
            Some(Purpose::Court) => ClockIn::Below,
            Some(Purpose::Archive) => ClockIn::Subtitle,
            _ => ClockIn::None,
        })
    }

    fn has_constant_rate(&self) -> bool {
        let plain = [None, Some(Purpose::Archive)].contains(&self.purpose);
        !plain
    }

    fn has_square_pixels(&self) -> bool {
        self.has_constant_rate() || self.clock() == ClockIn::Below
    }

    fn has_statement(&self) -> bool {
        self.purpose == Some(Purpose::Court)
    }

    fn wants_table(&self) -> bool {
        self.frames_csv || self.purpose == Some(Purpose::Archive)
    }

    /// What was asked for, in words: two calls with the same words make the same outputs.
    fn asked(&self) -> Vec<String> {
        let mut asked = vec![format!("gaps {:?}", self.gaps)];
        asked.push(format!("clock {:?}", self.clock()));
        asked.extend(self.purpose.map(|purpose| format!("for {purpose:?}")));
        asked.extend(self.transcode.map(|Encode::H264| "h264".to_owned()));
        asked.extend(self.max_width.map(|width| format!("width {width}")));
        asked.extend(
            self.camera
                .as_ref()
                .map(|camera| format!("only camera {camera}")),
        );
        asked.extend(self.join.then(|| "joined".to_owned()));
        asked.extend(self.grid.then(|| "all cameras".to_owned()));
        asked.extend(self.no_audio.then(|| "no audio".to_owned()));
        for (word, time) in [("from", &self.from_time), ("to", &self.to_time)] {
            asked.extend(time.as_ref().map(|time| format!("{word} {time}")));
        }
        asked.extend(
            self.duration
                .map(|length| format!("for {}", duration(length))),
        );
        asked
    }

    /// Things that cannot go together.
    fn check_options(&self) -> Result<(), Failure> {
        let wrong = |text: &str| Err(Failure::Use(text.to_owned()));
        if let Some(out) = self.output.as_deref().filter(|out| !plan::is_folder(out)) {
            let list = "expected .mp4, .mkv, .mov, .avi or .m4v, or a folder";
            match (Format::of(out), self.to) {
                (None, _) => return wrong(&format!("{}: unknown suffix: {list}", out.display())),
                (Some(named), Some(to)) if named != to => {
                    return wrong(&format!(
                        "{}: is named as {}, but --to asks for {}",
                        out.display(),
                        named.name(),
                        to.name()
                    ));
                }
                _ => {}
            }
        }
        let format = self.format();
        let encode = self.encoding().is_some() || self.grid;
        if format == Format::M4v && (encode || self.clock() != ClockIn::None) {
            return wrong(
                "an m4v stream holds the recorder's own frames and no times: neither --grid, --transcode, --for nor --clock",
            );
        }
        if self.grid && self.clock() == ClockIn::Subtitle {
            return wrong("the cameras of a mosaic share no subtitles: use --clock burn");
        }
        if self.purpose == Some(Purpose::Archive) && encode {
            return wrong(
                "--for archive keeps the coded frames: neither --grid, --transcode, --max-width nor --clock burn",
            );
        }
        let fits = match self.purpose {
            None => true,
            Some(Purpose::Court | Purpose::Web) => format == Format::Mp4,
            Some(Purpose::Edit) => format == Format::Mov && !self.grid,
            Some(Purpose::Archive) => format == Format::Mkv,
        };
        match fits {
            true => Ok(()),
            false => wrong(
                "--for court and --for web make MP4, --for edit QuickTime (.mov, no --grid), --for archive Matroska (.mkv)",
            ),
        }
    }

    /// The window that was asked for.
    fn window(&self, look: &Look, base: &Base) -> Result<Option<Window>, Failure> {
        if self.from_time.is_none() && self.to_time.is_none() && self.duration.is_none() {
            return Ok(None);
        }
        let read = |text: &Option<String>| {
            let text = text.as_deref();
            if let Some(text) = text.filter(|text| !text.starts_with('+'))
                && !look.recording.has_clock()
            {
                return Err(Failure::Input(format!(
                    "{}: has no clock, so {text:?} cannot be found: expected +SECONDS from the beginning",
                    look.recording.input.name
                )));
            }
            text.map(|text| base.read(text)).transpose()
        };
        let (from, to) = (read(&self.from_time)?, read(&self.to_time)?);
        let length = self
            .duration
            .map(|length| from.unwrap_or(base.first).saturating_add(length));
        let window = (from.unwrap_or(i64::MIN), to.or(length).unwrap_or(i64::MAX));
        match window.0 < window.1 {
            true => Ok(Some(window)),
            false => Err(Failure::Use(
                "--from-time is not before --to-time".to_owned(),
            )),
        }
    }

    /// The summary on the standard output, what failed on the error output.
    fn report(&self, common: &Common, all: Vec<&Outcome>) -> Done {
        if all.is_empty() {
            return Err(plan::nothing());
        }
        let failed: Vec<Failure> = all.iter().filter_map(|outcome| outcome.failure()).collect();
        let outside = || {
            all.iter()
                .filter(|outcome| matches!(outcome.status, Status::Outside(_)))
        };
        // where nothing at all was recorded in the window, that is what there is to say
        let nothing = outside().count() == all.len();
        if common.json {
            output::print_json(&all.iter().map(|o| o.json()).collect::<Vec<_>>())?;
        } else if !(nothing || all.len() == failed.len()) {
            let first = all.first().map(|outcome| &outcome.input);
            let one = all.iter().all(|outcome| Some(&outcome.input) == first);
            let mut text: String = all.iter().map(|outcome| line(outcome, one)).collect();
            let count = |status: &str| all.iter().filter(|o| o.status.name() == status).count();
            let counts = ["written", "already exists", "not recorded", "failed"];
            let counts = counts.iter().map(|status| (count(status), status));
            let counts: Vec<String> = counts
                .filter(|(count, status)| *count > 0 || **status == "written")
                .map(|(count, status)| format!("{count} {status}"))
                .collect();
            text.push_str(&format!("{}\n", counts.join(", ")));
            output::print(&text)?;
        }
        for failure in &failed {
            failure.report(common.json);
        }
        if nothing && !common.json {
            let text = nothing_text(outside().copied().collect());
            eprintln!("exptool: {}", plain_lines(&text));
        }
        let incomplete = all.iter().any(|outcome| outcome.incomplete);
        Ok(match failed.first() {
            Some(failure) if failed.len() == all.len() => failure.code(),
            None if !incomplete && !nothing => 0,
            _ => 1,
        })
    }
}

/// Says that nothing was recorded in the window, and when something was.
fn nothing_text(all: Vec<&Outcome>) -> String {
    let span = |outcome: &&Outcome| match &outcome.status {
        Status::Outside(Some((first, last))) => Some(format!(
            "{}, {}: recorded from {first} to {last}",
            plain::path(&outcome.input),
            plain(&outcome.camera)
        )),
        _ => None,
    };
    let spans: Vec<String> = all.iter().filter_map(span).take(3).collect();
    let more = match all.len().saturating_sub(spans.len()) {
        0 => String::new(),
        more => format!("\n(and {more} more)"),
    };
    format!(
        "nothing was recorded in that time\n{}{more}",
        spans.join("\n")
    )
}

/// What became of an output; `one`: all are of one input.
fn line(outcome: &Outcome, one: bool) -> String {
    let input = plain::path(&outcome.input);
    let output = outcome
        .output
        .as_deref()
        .map(plain::path)
        .unwrap_or_default();
    let mut text = match &outcome.status {
        Status::Written => format!(
            "{input} -> {output}: {}, {} frames, {}\n",
            plain(&outcome.camera),
            outcome.frames,
            duration(i64::try_from(outcome.length).unwrap_or(i64::MAX))
        ),
        Status::Exists => format!("{input} -> {output}: already exists\n"),
        Status::Outside(_) if one => {
            format!(
                "{input}: {}: not recorded in that time\n",
                plain(&outcome.camera)
            )
        }
        // what failed is on the error output, what lies outside the window is only counted
        Status::Outside(_) | Status::Failed(_) | Status::Open => return String::new(),
    };
    for note in &outcome.notes {
        text.push_str(&format!("  {}\n", plain(note)));
    }
    text
}
