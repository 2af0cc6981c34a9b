// SPDX-License-Identifier: MPL-2.0
//! Manifests of recordings: JSON Lines, each line an object with a `type`, so that other programs can read them and none has to
//! hold one in memory. docs/exptool.md describes every field.
//!
//! First comes a line `manifest`; then for each recording a line `file`, a line `frame` for each of its frames in the order of the
//! file, and a line `end` with its SHA-256.

use super::rows::{Row, RowWriter, Rows};
use crate::{
    common::{Failure, Input, output::NewFile},
    recording::Frame,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
};

/// Version that is written.
const VERSION: u32 = 3;
/// The version before, which is read, too: one recording, lines without a type.
const OLD_VERSION: u32 = 2;
/// Bytes of the longest line.
const MAX_LINE: u64 = 64 << 10;

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    /// The first.
    Manifest { version: u32, program: String },
    /// A recording begins.
    File { name: String, size: u64 },
    /// A frame of it.
    Frame(Row),
    /// The recording ends.
    End { frames: u64, sha256: String },
}

/// A line of a manifest of version 2.
#[derive(Deserialize)]
#[serde(untagged)]
enum OldLine {
    Frame(Row),
    End {
        frames: u64,
        file_sha256: String,
    },
    Begin {
        exptool_manifest: u32,
        file: String,
        size: u64,
    },
}

/// Writes a manifest.
pub struct Writer {
    out: NewFile,
    name: String,
    frames: u64,
}

impl Writer {
    /// Begins a manifest.
    ///
    /// # Errors
    /// A file that cannot be written, or already exists and `force` is not given.
    pub fn create(path: &Path, force: bool) -> Result<Writer, Failure> {
        let mut writer = Writer {
            out: NewFile::create(path, force)?,
            name: path.display().to_string(),
            frames: 0,
        };
        writer.line(&Line::Manifest {
            version: VERSION,
            program: concat!("exptool ", env!("CARGO_PKG_VERSION")).to_owned(),
        })?;
        Ok(writer)
    }

    fn line(&mut self, line: &Line) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, line)
            .map_err(std::io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(|error| Failure::Output(format!("{}: {error}", self.name)))
    }

    /// Begins a recording.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn begin(&mut self, input: &Input) -> Result<(), Failure> {
        self.frames = 0;
        let name = input.path.file_name().unwrap_or_default();
        self.line(&Line::File {
            name: name.to_string_lossy().into_owned(),
            size: input.size,
        })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn add(&mut self, frame: &Frame) -> Result<(), Failure> {
        self.frames += 1;
        self.line(&Line::Frame(Row::from_frame(frame)))
    }

    /// Ends a recording.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn end(&mut self, sha256: &str) -> Result<(), Failure> {
        let (frames, sha256) = (self.frames, sha256.to_owned());
        self.line(&Line::End { frames, sha256 })
    }

    /// The manifest is complete.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn finish(self) -> Result<(), Failure> {
        self.out.finish()
    }
}

/// A recording of a manifest.
#[derive(Debug)]
pub struct Recording {
    /// Name of the file.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its frames.
    pub rows: Rows,
    /// The cameras that have video in it.
    pub cameras: BTreeSet<u16>,
}

/// A manifest.
#[derive(Debug)]
pub struct Manifest {
    /// Its recordings, at least one.
    pub recordings: Vec<Recording>,
}

impl Manifest {
    /// Reads a manifest; its frames go to a temporary file.
    ///
    /// # Errors
    /// A file that cannot be read or is not a complete manifest of a known version.
    pub fn read(path: &Path) -> Result<Manifest, Failure> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| Failure::Input(format!("{name}: {error}")))?;
        let mut lines = Lines {
            lines: BufReader::with_capacity(1 << 16, file),
            name,
            number: 0,
            version: VERSION,
        };
        let mut all = RowWriter::new()?;
        let mut parts = Vec::new();
        let mut next = lines.begin()?;
        loop {
            let Some(Line::File { name, .. }) = next else {
                return Err(lines.expected("a line of type file"));
            };
            let first = all.count();
            let mut cameras = BTreeSet::new();
            let sha256 = loop {
                let found = u64::from(all.count() - first);
                match lines.next()? {
                    Some(Line::Frame(frame)) if frame.n == found => {
                        if frame.is_video() {
                            cameras.insert(frame.camera);
                        }
                        all.push(&frame)?;
                    }
                    Some(Line::Frame(frame)) => {
                        let n = frame.n;
                        return Err(lines.expected(&format!("frame {found}, found frame {n}")));
                    }
                    Some(Line::End { frames, sha256 }) if frames == found => break sha256,
                    Some(Line::End { frames, .. }) => {
                        return Err(
                            lines.expected(&format!("{frames} frames before it, found {found}"))
                        );
                    }
                    Some(_) => return Err(lines.expected("a frame, or the end of the recording")),
                    None => {
                        return Err(lines.expected("a frame or an end; the manifest is cut short"));
                    }
                }
            };
            parts.push((name, sha256, cameras, first, all.count() - first));
            next = lines.next()?;
            // several manifests, one after the other, are one
            if let Some(Line::Manifest { version, .. }) = next {
                lines.check_version(version, VERSION..=VERSION)?;
                next = lines.next()?;
            }
            if next.is_none() {
                break;
            }
        }
        let rows = all.finish()?;
        let recordings = parts.into_iter();
        let recordings = recordings.map(|(name, sha256, cameras, first, count)| Recording {
            name,
            sha256,
            rows: rows.part(first, count),
            cameras,
        });
        Ok(Manifest {
            recordings: recordings.collect(),
        })
    }

    /// The cameras that have video in it.
    pub fn cameras(&self) -> BTreeSet<u16> {
        let cameras = self.recordings.iter().flat_map(|one| &one.cameras);
        cameras.copied().collect()
    }
}

/// Reads the lines of a manifest.
struct Lines {
    lines: BufReader<File>,
    name: String,
    /// Number of the line that was read last.
    number: u64,
    version: u32,
}

impl Lines {
    /// Reads the first line and the line `file` that follows it; version 2 has both in one.
    fn begin(&mut self) -> Result<Option<Line>, Failure> {
        let first = self.text()?.unwrap_or_default();
        if let Ok(OldLine::Begin {
            exptool_manifest: version,
            file: name,
            size,
        }) = serde_json::from_slice(&first)
        {
            self.check_version(version, OLD_VERSION..=OLD_VERSION)?;
            return Ok(Some(Line::File { name, size }));
        }
        match serde_json::from_slice(&first) {
            Ok(Line::Manifest { version, .. }) => {
                self.check_version(version, VERSION..=VERSION)?;
                self.next()
            }
            _ => Err(self.expected("the first line of an exptool manifest")),
        }
    }

    fn check_version(
        &mut self,
        version: u32,
        known: std::ops::RangeInclusive<u32>,
    ) -> Result<(), Failure> {
        self.version = version;
        if known.contains(&version) {
            return Ok(());
        }
        Err(self.expected(&format!(
            "version {OLD_VERSION} or {VERSION} of the manifest, found {version}"
        )))
    }

    fn next(&mut self) -> Result<Option<Line>, Failure> {
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        let line = match self.version {
            OLD_VERSION => match serde_json::from_slice(&text) {
                Ok(OldLine::Frame(frame)) => Some(Line::Frame(frame)),
                Ok(OldLine::End {
                    frames,
                    file_sha256: sha256,
                }) => Some(Line::End { frames, sha256 }),
                _ => None,
            },
            _ => serde_json::from_slice(&text).ok(),
        };
        line.map(Some)
            .ok_or_else(|| self.expected("a frame with a sha256, a file or an end"))
    }

    fn text(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        self.number += 1;
        let mut line = Vec::new();
        let lines = self.lines.by_ref();
        match lines.take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(line)),
            Err(error) => Err(Failure::Input(format!(
                "{}, line {}: {error}",
                self.name, self.number
            ))),
        }
    }

    fn expected(&self, what: &str) -> Failure {
        Failure::Input(format!(
            "{}, line {}: expected {what}",
            self.name, self.number
        ))
    }
}
