// SPDX-License-Identifier: MPL-2.0
//! Manifests of recordings: JSON Lines, each line an object with a `type`, so that other programs can read them and none has to
//! hold one in memory. docs/exptool.md describes every field.
//!
//! First comes a line `manifest`; then for each recording a line `file`, a line `frame` for each of its frames in the order of the
//! file, and a line `end` with its SHA-256.

use super::rows::{Fields, Row, RowWriter, Rows, codec_number, mode_number};
use crate::common::{
    Failure, Input,
    clock::Zone,
    coded::{codec_name, hex},
    output::NewFile,
};
use crate::recording::Frame;
use formats::timeline::Resolution;
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
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    /// The first.
    Manifest { version: u32, program: String },
    /// A recording begins.
    File { name: String, size: u64 },
    /// A frame of it.
    Frame(Box<FrameLine>),
    /// The recording ends.
    End { frames: u64, sha256: String },
}

/// A line of a manifest of version 2.
#[derive(Deserialize)]
#[serde(untagged)]
enum OldLine {
    Frame(Box<FrameLine>),
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

/// A frame.
#[derive(Debug, Serialize, Deserialize)]
struct FrameLine {
    /// Number, from 0.
    n: u64,
    /// Offset of its record in the file, bytes.
    offset: u64,
    /// Coded bytes.
    bytes: u64,
    /// Camera, or audio channel.
    camera: u16,
    codec: String,
    /// Video, not audio.
    video: bool,
    /// A keyframe.
    key: bool,
    /// Its reference is missing: players and conversions leave it out.
    orphan: bool,
    /// Recorder's time, RFC 3339, UTC; interpolated where the record has whole seconds only.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// The record's time: seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
    /// The record's milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    millis: Option<u16>,
    /// The record's sequence number.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u16>,
    /// The record's recording mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// SHA-256 of the coded frame.
    sha256: String,
}

impl FrameLine {
    fn from_frame(frame: &Frame) -> FrameLine {
        let packet = &frame.packet;
        let has_clock = frame.resolution != Resolution::Slots;
        FrameLine {
            n: frame.number,
            offset: frame.offset,
            bytes: packet.payload.len() as u64,
            camera: packet.stream.camera,
            codec: codec_name(packet.stream.codec).to_owned(),
            video: frame.is_video(),
            key: packet.key,
            orphan: frame.orphan,
            time: has_clock.then(|| Zone::utc(frame.clock)),
            seconds: packet.timestamp.map(|timestamp| timestamp.seconds),
            millis: packet.timestamp.and_then(|timestamp| timestamp.millis),
            sequence: packet.sequence,
            mode: packet.mode.name().map(str::to_owned),
            sha256: frame.extra.map(|sum| hex(&sum)).unwrap_or_default(),
        }
    }

    fn row(&self, sha256: [u8; 32]) -> Row {
        Row {
            n: self.n,
            offset: self.offset,
            sha256,
            fields: Fields {
                seconds: self.seconds,
                millis: self.millis,
                sequence: self.sequence,
                camera: self.camera,
                mode: mode_number(self.mode.as_deref()),
                codec: codec_number(&self.codec),
                key: self.key,
            },
            video: self.video,
            orphan: self.orphan,
        }
    }
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
        self.line(&Line::Frame(Box::new(FrameLine::from_frame(frame))))
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
                        let Some(sha256) = unhex(&frame.sha256) else {
                            return Err(lines.expected("a sha256 of 64 hexadecimal digits"));
                        };
                        if frame.video {
                            cameras.insert(frame.camera);
                        }
                        all.push(&frame.row(sha256))?;
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
        }) = serde_json::from_str(&first)
        {
            self.check_version(version, OLD_VERSION..=OLD_VERSION)?;
            return Ok(Some(Line::File { name, size }));
        }
        match serde_json::from_str(&first) {
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
            OLD_VERSION => match serde_json::from_str(&text) {
                Ok(OldLine::Frame(frame)) => Some(Line::Frame(frame)),
                Ok(OldLine::End {
                    frames,
                    file_sha256: sha256,
                }) => Some(Line::End { frames, sha256 }),
                _ => None,
            },
            _ => serde_json::from_str(&text).ok(),
        };
        line.map(Some)
            .ok_or_else(|| self.expected("a line of a manifest"))
    }

    fn text(&mut self) -> Result<Option<String>, Failure> {
        self.number += 1;
        let mut line = Vec::new();
        let lines = self.lines.by_ref();
        match lines.take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(String::from_utf8_lossy(&line).into_owned())),
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

/// The bytes that 64 hexadecimal digits mean.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let [high, low] = *pair;
        *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(bytes)
}
