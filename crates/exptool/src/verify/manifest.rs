// SPDX-License-Identifier: MPL-2.0
//! The manifest of a recording: JSON Lines, so that it can be written, read and compared without holding it.
//!
//! The first line is of the file, then one for each frame in the order of the file, then one with the file's SHA-256.

use super::rows::Row;
use crate::common::{
    Failure, Input,
    clock::Zone,
    frames::{Frame, codec_name, hex},
};
use serde::{Deserialize, Serialize};
use std::{
    cell::OnceCell,
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

/// Version of the manifest's form.
const VERSION: u32 = 2;
/// The version before, which is read too: it lacks what [`Entry`] has a default for.
const OLD_VERSION: u32 = 1;
/// No line is longer.
const MAX_LINE: u64 = 64 << 10;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Begin {
    /// Version of this form.
    pub exptool_manifest: u32,
    /// Program version.
    pub version: String,
    /// Name of the recording.
    pub file: String,
    /// Its bytes.
    pub size: u64,
}

/// A frame's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number, from 0.
    pub n: u64,
    /// Offset of its record.
    pub offset: u64,
    /// Coded bytes.
    pub bytes: u64,
    /// Camera or channel.
    pub camera: u16,
    /// Codec.
    pub codec: String,
    /// A picture.
    pub video: bool,
    /// A keyframe.
    pub key: bool,
    /// A picture without its reference, which players and conversions leave out.
    pub orphan: bool,
    /// Recorder's time, UTC, finer than the record's own where that has only seconds.
    pub time: Option<String>,
    /// Recorder's time as it stands in the record: seconds since 1970.
    #[serde(default)]
    pub seconds: Option<i64>,
    /// Its milliseconds, where the record has them.
    #[serde(default)]
    pub millis: Option<u16>,
    /// Sequence number of the record.
    #[serde(default)]
    pub sequence: Option<u16>,
    /// Recording mode.
    #[serde(default)]
    pub mode: Option<String>,
    /// SHA-256 of the coded picture.
    pub sha256: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
pub struct End {
    /// Frames.
    pub frames: u64,
    /// SHA-256 of the file.
    pub file_sha256: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Entry(Box<Entry>),
    End(End),
}

impl Entry {
    /// The line of a frame.
    pub fn of(frame: &Frame) -> Entry {
        Entry {
            n: frame.number,
            offset: frame.offset,
            bytes: frame.bytes,
            camera: frame.stream.camera,
            codec: codec_name(frame.stream.codec).to_owned(),
            video: frame.is_video(),
            key: frame.key,
            orphan: frame.orphan,
            time: frame.has_clock.then(|| Zone::utc(frame.clock)),
            seconds: frame.timestamp.map(|timestamp| timestamp.seconds),
            millis: frame.timestamp.and_then(|timestamp| timestamp.millis),
            sequence: frame.sequence,
            mode: frame.mode.name().map(str::to_owned),
            sha256: frame.sha256.map(|sum| hex(&sum)).unwrap_or_default(),
        }
    }
}

/// Writes a manifest.
pub struct Writer<W: Write> {
    out: W,
    name: String,
    frames: u64,
}

impl<W: Write> Writer<W> {
    /// Begins the manifest of `input`.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn new(out: W, input: &Input) -> Result<Writer<W>, Failure> {
        let mut writer = Writer {
            out,
            name: "manifest".to_owned(),
            frames: 0,
        };
        let file = input.path.file_name().unwrap_or_default();
        writer.line(&Begin {
            exptool_manifest: VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            file: file.to_string_lossy().into_owned(),
            size: input.size,
        })?;
        Ok(writer)
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, line)
            .map_err(std::io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(|error| Failure::Output(format!("{}: {error}", self.name)))
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn add(&mut self, entry: &Entry) -> Result<(), Failure> {
        self.frames += 1;
        self.line(entry)
    }

    /// Ends the manifest.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn finish(mut self, file_sha256: &str) -> Result<W, Failure> {
        let end = End {
            frames: self.frames,
            file_sha256: file_sha256.to_owned(),
        };
        self.line(&end)?;
        Ok(self.out)
    }
}

/// A manifest that can be read.
#[derive(Debug)]
pub struct Manifest {
    path: PathBuf,
    /// The recording it is of.
    pub begin: Begin,
    cameras: OnceCell<BTreeSet<u16>>,
}

/// Reads the frames of a manifest.
pub struct Entries {
    name: String,
    lines: BufReader<File>,
    /// Number of the line that was read last.
    number: u64,
    /// Frames that were read.
    frames: u64,
    records: bool,
    /// The last line, once it was reached.
    pub end: Option<End>,
}

impl Manifest {
    /// Opens a manifest.
    ///
    /// # Errors
    /// A file that cannot be read or is no manifest of this version.
    pub fn open(path: &Path) -> Result<Manifest, Failure> {
        let name = path.display().to_string();
        let wrong = |what: &str| Failure::Input(format!("{name}, line 1: expected {what}"));
        let file = File::open(path).map_err(|error| Failure::Input(format!("{name}: {error}")))?;
        let mut lines = BufReader::new(file);
        let first = read_line(&mut lines, &name, 1)?;
        let begin: Begin = first
            .and_then(|line| serde_json::from_str(&line).ok())
            .ok_or_else(|| wrong("the first line of an exptool manifest"))?;
        if !(OLD_VERSION..=VERSION).contains(&begin.exptool_manifest) {
            let version = begin.exptool_manifest;
            return Err(wrong(&format!(
                "version {OLD_VERSION} or {VERSION} of the manifest, found {version}"
            )));
        }
        Ok(Manifest {
            path: path.to_owned(),
            begin,
            cameras: OnceCell::new(),
        })
    }

    /// It holds what records say, as it stands in the file.
    pub fn holds_records(&self) -> bool {
        self.begin.exptool_manifest >= VERSION
    }

    /// The cameras that have pictures in it.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn cameras(&self) -> Result<BTreeSet<u16>, Failure> {
        if let Some(cameras) = self.cameras.get() {
            return Ok(cameras.clone());
        }
        let mut cameras = BTreeSet::new();
        let mut entries = self.entries()?;
        while let Some(row) = entries.next()? {
            if row.video {
                cameras.insert(row.says.camera);
            }
        }
        Ok(self.cameras.get_or_init(|| cameras).clone())
    }

    /// Reads the frames from the first on.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn entries(&self) -> Result<Entries, Failure> {
        let name = self.path.display().to_string();
        let file =
            File::open(&self.path).map_err(|error| Failure::Input(format!("{name}: {error}")))?;
        let mut entries = Entries {
            lines: BufReader::new(file),
            number: 1,
            frames: 0,
            records: self.holds_records(),
            end: None,
            name,
        };
        read_line(&mut entries.lines, &entries.name, 1)?;
        Ok(entries)
    }
}

impl Entries {
    /// The next frame; `None` behind the last.
    ///
    /// # Errors
    /// A line that is no frame, or not the next; a manifest that was cut.
    pub fn next(&mut self) -> Result<Option<Row>, Failure> {
        if self.end.is_some() {
            return Ok(None);
        }
        let Some(line) = self.line()? else {
            return Err(self.wrong("the manifest's last line; it is cut short"));
        };
        match serde_json::from_str(&line) {
            Ok(Line::Entry(entry)) => self.frame(&entry).map(Some),
            Ok(Line::End(end)) => {
                let frames = self.frames;
                if end.frames != frames {
                    let told = end.frames;
                    return Err(self.wrong(&format!("{told} frames before it, found {frames}")));
                }
                if self.line()?.is_some() {
                    return Err(self.wrong("nothing behind the end of the manifest"));
                }
                self.end = Some(end);
                Ok(None)
            }
            Err(_) => Err(self.wrong("a frame or the end of the manifest")),
        }
    }

    fn frame(&mut self, entry: &Entry) -> Result<Row, Failure> {
        let (expected, found) = (self.frames, entry.n);
        if found != expected {
            return Err(self.wrong(&format!("frame {expected}, found frame {found}")));
        }
        let Some(sha256) = unhex(&entry.sha256) else {
            return Err(self.wrong("a sha256 of 64 hexadecimal digits"));
        };
        self.frames += 1;
        Ok(Row::of_entry(entry, sha256, self.records))
    }

    fn line(&mut self) -> Result<Option<String>, Failure> {
        self.number += 1;
        read_line(&mut self.lines, &self.name, self.number)
    }

    fn wrong(&self, what: &str) -> Failure {
        Failure::Input(format!(
            "{}, line {}: expected {what}",
            self.name, self.number
        ))
    }
}

/// The bytes that 64 hexadecimal digits mean.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if !rest.is_empty() {
        return None;
    }
    bytes.try_into().ok()
}

fn read_line(
    lines: &mut BufReader<File>,
    name: &str,
    number: u64,
) -> Result<Option<String>, Failure> {
    use std::io::Read;
    let mut line = Vec::new();
    let read = lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
    match read {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(String::from_utf8_lossy(&line).into_owned())),
        Err(error) => Err(Failure::Input(format!("{name}, line {number}: {error}"))),
    }
}
