// SPDX-License-Identifier: MPL-2.0
//! A recording as the commands see it: what all frames of a file show, and the zone in which its times are written.

pub use formats::recording::{
    contents::{Camera, CameraRun},
    frames::{Checksum, Findings},
};

use crate::common::{
    Common, Failure, Input,
    clock::{Zone, duration},
    coded::{hash_coded, hex},
    progress::Progress,
};
use formats::{
    recording::{
        contents::{Contents, ContentsBuilder},
        frames,
    },
    timeline::{Break, GapPolicy, Resolution, SECOND},
};
use sha2::Digest;
use std::{io::Read, path::Path};

/// A frame; beside it the SHA-256 of its coded bytes, where that was asked for.
pub type Frame = frames::Frame<Option<[u8; 32]>>;

/// What is wanted of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Compare each record's bytes with its checksum.
    pub checksums: bool,
    /// SHA-256 of each coded frame, see [`hash_coded`].
    pub hashes: bool,
    /// What becomes of gaps in the running time.
    pub policy: GapPolicy,
    /// Only so many records.
    pub first: Option<u64>,
}

/// A recording.
pub struct Recording {
    /// The file.
    pub input: Input,
    /// What was found beside the frames.
    pub findings: Findings,
    /// Cameras, runs, gaps, damage.
    pub contents: Contents,
    /// Times are shown in this zone.
    pub zone: Zone,
}

impl Recording {
    /// Reads a file. `see` gets every frame.
    ///
    /// # Errors
    /// A file that cannot be read, and what `see` fails with.
    pub fn read(
        common: &Common,
        mut input: Input,
        options: Options,
        see: &mut dyn FnMut(&Frame) -> Result<(), Failure>,
    ) -> Result<Recording, Failure> {
        let mut builder = ContentsBuilder::default();
        let mut progress = Progress::bytes(common, input.size, "reading");
        let wanted = frames::Options {
            policy: options.policy,
            checksums: options.checksums,
            first: options.first,
            payloads: options.hashes,
        };
        let mut findings = frames::read(
            &mut input.scanner()?,
            &wanted,
            input.known_front(),
            &mut |_, packet, coded| {
                let hash = || hash_coded(packet.stream.codec, coded);
                options.hashes.then(hash)
            },
            &mut |frame: Frame| -> Result<(), Failure> {
                progress.at(frame.offset);
                builder.add(&frame);
                see(&frame)
            },
        )?;
        // a recorder may still be writing: the size is that of the file that was read
        let now = std::fs::metadata(&input.path).map_or(0, |meta| meta.len());
        if now > 0 && now != input.size {
            findings.warn(format!(
                "the file had {} bytes when it was opened and {now} when it had been read: it is still being written",
                input.size
            ));
            input.size = now;
        }
        let contents = builder.finish(&findings);
        let zone = common
            .zone(findings.info.utc_offset)
            .with_resolution(findings.profile.timing.resolution);
        Ok(Recording {
            input,
            findings,
            contents,
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
        self.findings.has_clock()
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
            true => self.zone.in_seconds().local_plain(ns),
            false => format!("+{}", duration(ns / SECOND * SECOND)),
        }
    }

    /// A length of time for people: to the second where the recorder's clock counts these.
    pub fn length(&self, ns: i64) -> String {
        match self.findings.profile.timing.resolution {
            Resolution::Seconds => {
                let seconds = ns.saturating_add(SECOND / 2).div_euclid(SECOND);
                format!("about {}", duration(seconds.saturating_mul(SECOND)))
            }
            _ => duration(ns),
        }
    }

    /// Why a run begins; `None` for the first.
    pub fn describe_break(&self, begins: Break) -> Option<String> {
        let length = self.length(begins.length());
        match begins {
            Break::Start => None,
            Break::Gap(_) => Some(format!("gap of {length}")),
            Break::Back(_) => Some(format!("clock set back by {length}")),
            Break::Forward(_) => Some(format!("clock set forward by {length}")),
        }
    }

    /// What identifies the recorder: its name, else its model.
    pub fn recorder(&self) -> &str {
        let info = &self.findings.info;
        match info.server.as_str() {
            "" => &info.model,
            server => server,
        }
    }

    /// A time to the second for tables, with its offset from UTC.
    pub fn zone_time(&self, ns: i64) -> String {
        match self.has_clock() {
            true => self.zone.in_seconds().local(ns),
            false => self.short_time(ns),
        }
    }

    /// Whether another file of the same recorder continues this one, with the first of its frames or with those behind an overlap:
    /// begin and end of both, nanoseconds of the recorder's clock.
    pub fn is_continued_by(
        &self,
        (first, end): (i64, i64),
        next: &Recording,
        (start, last): (i64, i64),
    ) -> bool {
        let cameras = || self.contents.cameras.iter();
        let mut theirs = next.contents.cameras.iter();
        self.has_clock()
            && next.has_clock()
            && self.has_recorder_of(next)
            && theirs.any(|camera| cameras().any(|own| own.number == camera.number))
            && first < start
            && start < end.saturating_add(self.findings.profile.timing.gap())
            && last > end
    }

    /// Whether another file is of the same recorder, by its format, name and model.
    pub fn has_recorder_of(&self, other: &Recording) -> bool {
        self.findings.info.family == other.findings.info.family
            && self.recorder() == other.recorder()
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
/// The same of any file; `progress` gets the bytes that are done.
///
/// # Errors
/// A file that cannot be read.
pub fn path_sha256(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<String, Failure> {
    digest::<sha2::Sha256>(path, progress)
}

/// A file's digest, as hexadecimal digits.
///
/// # Errors
/// A file that cannot be read.
pub fn digest<D: Digest>(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<String, Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", path.display()));
    let mut file = std::fs::File::open(path).map_err(fail)?;
    let mut buffer = vec![0; 1 << 20];
    let mut sum = D::new();
    let mut done = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&sum.finalize())),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(fail(error)),
        };
        sum.update(buffer.get(..count).unwrap_or_default());
        done += count as u64;
        progress(done);
    }
}
