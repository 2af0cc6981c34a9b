// SPDX-License-Identifier: MPL-2.0
//! What a recording holds, camera by camera: runs, modes, gaps, damage. One walk over the file, bounded memory.

pub mod build;

use crate::common::{
    Common, Failure, Input,
    clock::{Zone, duration},
    frames::{self, Frame, Options, Summary},
    progress::Progress,
};
use build::Builder;
use formats::{
    reader::{Codec, Mode},
    timeline::{FrameTiming, SECOND},
};

/// A stretch of one run in one mode. Times are nanoseconds of the recorder's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First picture.
    pub start: i64,
    /// End of the last picture.
    pub end: i64,
    /// Why it was recorded.
    pub mode: Mode,
}

/// Recording of one camera without interruption. Times are nanoseconds of the recorder's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// First picture.
    pub start: i64,
    /// Last picture.
    pub last: i64,
    /// First picture that has its reference.
    pub decodable: Option<i64>,
    /// Pictures that have their reference.
    pub frames: u64,
    /// Pictures whose reference is missing.
    pub orphans: u64,
    /// Its modes, in order.
    pub spans: Vec<Span>,
    /// Running time of its first picture where gaps are left out.
    pub collapsed: i64,
    /// The clock stepped back before it.
    pub stepped_back: bool,
    /// How many earlier runs hold its first moment: 0, or more where an hour was recorded twice.
    pub pass: u32,
}

/// Sound of a recording.
#[derive(Clone, Copy, Debug)]
pub struct Sound {
    /// How it is coded.
    pub codec: Codec,
}

/// A camera of a recording.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Its number.
    pub number: u16,
    /// Its title, empty where there is none.
    pub title: String,
    /// Codec of its pictures.
    pub codec: Codec,
    /// Picture size, 0 = not told.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Clock and usual distance of its pictures.
    pub timing: FrameTiming,
    /// Its runs.
    pub runs: Vec<Stretch>,
    /// Runs that were not remembered because there are too many.
    pub more_runs: u64,
    /// Sound on the channel of its number.
    pub sound: Option<Sound>,
}

impl Camera {
    /// Pictures that have their reference, which is what the demuxers output.
    pub fn frames(&self) -> u64 {
        self.runs.iter().map(|run| run.frames).sum()
    }

    /// `camera 2 (Gate)`.
    pub fn name(&self) -> String {
        match self.title.as_str() {
            "" => format!("camera {}", self.number),
            title => format!("camera {} ({title})", self.number),
        }
    }

    /// End of a run: its last picture lasts one usual interval.
    pub fn end_of(&self, run: &Stretch) -> i64 {
        run.last.saturating_add(self.timing.interval)
    }
}

/// A damaged place, and about when it is.
#[derive(Clone, Copy, Debug)]
pub struct Hurt {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Clock of a picture shortly before, where there is one.
    pub clock: Option<i64>,
}

/// A recording.
pub struct Recording {
    /// The file.
    pub input: Input,
    /// What the walk found beside the frames.
    pub summary: Summary,
    /// Its cameras by number.
    pub cameras: Vec<Camera>,
    /// Damaged places and a cut end.
    pub damage: Vec<Hurt>,
    /// Times are shown in this zone.
    pub zone: Zone,
}

impl Recording {
    /// Walks over a file. `tell` sees every frame.
    ///
    /// # Errors
    /// A file that cannot be read, and what `tell` fails with.
    pub fn read(
        common: &Common,
        input: Input,
        options: Options,
        tell: &mut dyn FnMut(&Frame) -> Result<(), Failure>,
    ) -> Result<Recording, Failure> {
        let mut builder = Builder::default();
        let mut progress = Progress::bytes(common, input.size, "reading");
        let summary = frames::read(&input, options, &mut progress, &mut |frame| {
            builder.add(&frame);
            tell(&frame)
        })?;
        let zone = common
            .zone(summary.info.utc_offset)
            .with_resolution(summary.timing.resolution);
        let (cameras, damage) = builder.finish(&summary);
        Ok(Recording {
            input,
            summary,
            cameras,
            damage,
            zone,
        })
    }

    /// The same, of a file that is given by its path and whose frames nobody wants to see.
    ///
    /// # Errors
    /// As [`Recording::read`].
    pub fn open(common: &Common, path: &std::path::Path) -> Result<Recording, Failure> {
        let input = common.open(path)?;
        Recording::read(common, input, Options::default(), &mut |_| Ok(()))
    }

    /// Times are times of day.
    pub fn has_clock(&self) -> bool {
        self.summary.has_clock()
    }

    /// A time for people: local time, or the distance from the beginning in a file without a clock.
    pub fn time(&self, ns: i64) -> String {
        match self.has_clock() {
            true => self.zone.local(ns),
            false => format!("+{}", duration(ns)),
        }
    }

    /// The same to the second and without the offset, for labels.
    pub fn short_time(&self, ns: i64) -> String {
        match self.has_clock() {
            true => self.zone.local_plain(ns).chars().take(19).collect(),
            false => format!("+{}", duration(ns / SECOND * SECOND)),
        }
    }

    /// File name without its suffix.
    pub fn stem(&self) -> String {
        let stem = self.input.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }
}

/// SHA-256 of the whole file, as `sha256sum` prints it.
///
/// # Errors
/// A file that cannot be read.
pub fn file_sha256(common: &Common, input: &Input) -> Result<String, Failure> {
    let mut progress = Progress::bytes(common, input.size, "SHA-256");
    path_sha256(&input.path, &mut |done| progress.at(done))
}

/// The same of any file; `tell` is told the bytes that are done.
///
/// # Errors
/// A file that cannot be read.
pub fn path_sha256(path: &std::path::Path, tell: &mut dyn FnMut(u64)) -> Result<String, Failure> {
    use sha2::Digest;
    use std::io::Read;
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", path.display()));
    let mut file = std::fs::File::open(path).map_err(fail)?;
    let mut buffer = vec![0; 1 << 20];
    let mut sum = sha2::Sha256::new();
    let mut done = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok(frames::hex(&sum.finalize())),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(fail(error)),
        };
        sum.update(buffer.get(..count).unwrap_or_default());
        done += count as u64;
        tell(done);
    }
}
