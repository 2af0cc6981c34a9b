// SPDX-License-Identifier: MPL-2.0
//! Opens any input by its content.

use super::Failure;
use formats::{
    exp::{
        header::{self, FileHeader},
        layout::{BUILT_IN, Layout, Status},
        probe::Family,
    },
    fields::Header,
    reader::{Codec, Media, Reader},
    recording::{self, FileSource, Format, Formats, Opened, Scanned, Scanner, Source},
    text_file,
};
use rustix::fs::{Advice, fadvise};
use std::{
    fs::File,
    io::{Seek, SeekFrom},
    num::NonZeroU64,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Frames that show how surely a file is read.
const ENOUGH: u32 = 8;
/// Bytes without a frame after which the next is not waited for any longer.
const PATIENCE: u64 = 4 << 20;

/// A recording.
#[derive(Clone)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its name for messages.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// What shows the format, for people.
    pub evidence: String,
    /// 0 to 100.
    pub confidence: u32,
    format: Format,
    is_riff: bool,
}

impl Input {
    /// Opens a file by its content, or by a layout: `auto`, `learn`, the name of a built-in one, or a TOML file.
    ///
    /// # Errors
    /// A file that cannot be read or is not a recording; a layout that cannot be read.
    pub fn open(path: &Path, layout: Option<&str>) -> Result<Input, Failure> {
        let name = path.display().to_string();
        let fail = |error: std::io::Error| Failure::Input(format!("{name}: {error}"));
        can_be_read_twice(path, &name)?;
        let mut file = File::open(path).map_err(fail)?;
        // a disk has no length of its own, only an end
        let size = file.seek(SeekFrom::End(0)).map_err(fail)?;
        file.rewind().map_err(fail)?;
        let (format, evidence, confidence) = match layout.filter(|layout| *layout != "auto") {
            Some("learn") => infer(path, &name)?,
            Some(layout) => (
                Format::Layout(Box::new(load_layout(layout)?)),
                String::new(),
                0,
            ),
            None => recognise(&mut file, size, &name)?,
        };
        let mut input = Input {
            path: path.to_owned(),
            name,
            size,
            evidence,
            confidence,
            format,
            is_riff: false,
        };
        input.is_riff = input.head(4)? == b"RIFF";
        if input.evidence.is_empty() {
            input.measure()?;
        }
        Ok(input)
    }

    /// How surely the file is read, by the records themselves.
    fn measure(&mut self) -> Result<(), Failure> {
        (self.confidence, self.evidence) = match &self.format {
            Format::Exp(Family::Native) => {
                Evidence::find(self, PATIENCE)?.with_header(&self.head(header::SIZE)?)
            }
            Format::Layout(layout) | Format::Inferred(layout, _) => {
                // before a file is said to hold no such record, all of it is looked through
                let found = Evidence::find(self, u64::MAX)?;
                if found.frames == 0 {
                    return Err(Failure::Input(format!(
                        "{}: no record of the layout {} was found in its {} bytes",
                        self.name, layout.name, self.size
                    )));
                }
                found.by_layout(layout)
            }
            _ => Evidence::find(self, PATIENCE)?.alone(),
        };
        Ok(())
    }

    /// A reader, at the file's beginning.
    pub fn reader(&self) -> Box<dyn Reader> {
        self.format.reader(false)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// A file that cannot be opened any more.
    pub fn source(&self) -> Result<InputSource, Failure> {
        let file = File::open(&self.path)
            .map_err(|error| Failure::Input(format!("{}: {error}", self.name)))?;
        Ok(InputSource {
            file: FileSource::new(file),
            name: self.name.as_str().into(),
        })
    }

    /// Reads all of the file's records.
    ///
    /// # Errors
    /// A file that cannot be opened any more.
    pub fn scanner(&self) -> Result<Scanner<InputSource>, Failure> {
        Ok(Scanner::new(self.source()?, self.reader()))
    }

    /// The recorder's offset from UTC in minutes, which NetVu streams give a little later than in their first bytes.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn utc_offset(&self) -> Result<Option<i32>, Failure> {
        let mut scanner = self.scanner()?;
        for _ in 0..64 {
            let in_packet = match scanner.scan()? {
                Some(Scanned::Packet { packet, .. }) if packet.stream.codec != Codec::Text => {
                    packet.details.map(|details| details.utc_offset)
                }
                Some(_) => None,
                None => break,
            };
            if let Some(offset) = in_packet {
                return Ok(scanner.info().utc_offset.or(offset));
            }
        }
        Ok(scanner.info().utc_offset)
    }

    /// The layout its records are read by; `None` where no layout file describes them.
    pub fn layout(&self) -> Option<Layout> {
        match &self.format {
            Format::Exp(Family::Plv1) => Layout::built_in("plv1"),
            Format::Exp(_) => Layout::built_in("reference"),
            Format::Layout(layout) | Format::Inferred(layout, _) => Some((**layout).clone()),
            _ => None,
        }
    }

    /// Bytes at the file's beginning that may be anything: a header that the layout calls opaque, the front of a partition, the
    /// chunks of an AVI.
    pub fn known_front(&self) -> u64 {
        self.format.known_front(self.is_riff)
    }

    /// Name of the GStreamer element that plays it.
    pub fn demuxer(&self) -> &'static str {
        match self.format {
            Format::NetVu(_) => "netvudemux",
            _ => "expdemux",
        }
    }

    /// The first bytes of the file, `length` at most.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn head(&self, length: usize) -> Result<Vec<u8>, Failure> {
        self.source()?.read_at(0, length, None)
    }
}

/// An input's bytes; what goes wrong is named after it.
#[derive(Clone)]
pub struct InputSource {
    file: FileSource,
    name: Arc<str>,
}

impl Source for InputSource {
    type Block = Vec<u8>;
    type Error = Failure;

    fn read_at(
        &mut self,
        offset: u64,
        want: usize,
        old: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, Failure> {
        self.file
            .read_at(offset, want, old)
            .map_err(|error| Failure::Input(format!("{}, offset {offset}: {error}", self.name)))
    }

    fn size(&self) -> Option<u64> {
        self.file.size()
    }

    fn prefetch(&mut self, offset: u64, bytes: u64) {
        // no matter where it is not taken
        let length = NonZeroU64::new(bytes);
        let _ = fadvise(self.file.file(), offset, length, Advice::WillNeed);
    }
}

/// Refuses what gives its bytes only once, before it is opened: opening a pipe may wait for ever.
///
/// # Errors
/// A pipe, a terminal or another device without an end, a socket, a folder; something that is not there.
pub fn can_be_read_twice(path: &Path, name: &str) -> Result<(), Failure> {
    let refuse = |what: &str| Err(Failure::Input(format!("{name}: {what}")));
    let meta = std::fs::metadata(path);
    let kind = meta.map_err(|error| Failure::Input(format!("{name}: {error}")))?;
    let kind = kind.file_type();
    if kind.is_dir() {
        return refuse("is a folder");
    }
    if kind.is_fifo() || kind.is_socket() {
        return refuse(
            "is a pipe, which can be read only once; expected a file: save it to one first",
        );
    }
    if kind.is_char_device() {
        return refuse("is a device without an end; expected a file or a disk");
    }
    Ok(())
}

/// A built-in layout, or one from a file.
fn load_layout(name: &str) -> Result<Layout, Failure> {
    let text = match BUILT_IN.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => (*text).to_owned(),
        None => text_file::read(Path::new(name))
            .map_err(|error| Failure::Input(format!("layout {name}: {error}")))?,
    };
    Layout::from_toml(&text).map_err(|error| Failure::Input(format!("{name}: {error}")))
}

type Recognised = (Format, String, u32);

/// A layout inferred from the file, however doubtful: somebody asked for it.
fn infer(path: &Path, name: &str) -> Result<Recognised, Failure> {
    let inferred = crate::learn::of_file(path)?
        .map_err(|reason| Failure::Input(format!("{name}: {reason}")))?;
    let confidence = inferred.confidence.percent();
    let evidence = format!(
        "the layout was inferred from the file and is {}: it reads {} of {} frames",
        inferred.confidence.name(),
        inferred.read,
        inferred.frames
    );
    Ok((
        Format::Layout(Box::new(inferred.layout)),
        evidence,
        confidence,
    ))
}

/// What reads the file, by its first bytes; why, and how surely.
fn recognise(file: &mut File, size: u64, name: &str) -> Result<Recognised, Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{name}: {error}"));
    match recording::open_file(file, size, Formats::All).map_err(fail)? {
        (
            Opened::Recording {
                format,
                evidence,
                confidence,
            },
            _,
        ) => Ok((format, evidence, confidence)),
        (Opened::Need(_), _) => Err(Failure::Foreign(format!(
            "{name}: ends before its format can be recognised"
        ))),
        (Opened::Unknown { expected }, read) => Err(Failure::Foreign(format!(
            "{name}: is not a recording: expected {expected}, in the first {read} bytes"
        ))),
    }
}

/// What the first records show of how surely a file is read.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    /// Frames that validate, 8 at most.
    frames: u32,
    /// Damaged bytes before and between them.
    damaged: u64,
    /// Bytes that were read.
    read: u64,
}

impl Evidence {
    /// Counts the first frames of a file. The first of them is waited for `most` bytes.
    fn find(input: &Input, most: u64) -> Result<Evidence, Failure> {
        let mut scanner = input.scanner()?;
        let mut found = Evidence::default();
        let mut until = most;
        while found.frames < ENOUGH && found.read < until {
            scanner.set_limit(until);
            let Some(scanned) = scanner.scan()? else {
                break;
            };
            match scanned {
                Scanned::Packet { offset, packet, .. } => {
                    found.frames += u32::from(packet.stream.codec.media() == Media::Video);
                    found.read = offset.saturating_add(packet.size as u64);
                    until = found.read.saturating_add(PATIENCE);
                }
                Scanned::Damaged(range) => {
                    found.damaged = found.damaged.saturating_add(range.length);
                    found.read = range.end();
                }
                Scanned::Skipped { offset, length } | Scanned::Cut { offset, length } => {
                    found.read = offset.saturating_add(length);
                }
            }
        }
        Ok(found)
    }

    /// 0 to 100: a quarter for each frame, less what was damaged.
    fn accuracy(&self) -> u32 {
        let whole = self.read.saturating_sub(self.damaged);
        let part = whole
            .saturating_mul(100)
            .checked_div(self.read)
            .unwrap_or(0);
        let part = u32::try_from(part).unwrap_or(100);
        self.frames.saturating_mul(25).min(part)
    }

    fn text(&self) -> String {
        let mut text = match self.frames {
            0 => "no frame validates".to_owned(),
            1 => "1 frame validates".to_owned(),
            count => format!("the first {count} frames validate"),
        };
        if self.damaged > 0 {
            text.push_str(&format!(", with {} damaged bytes among them", self.damaged));
        }
        text
    }

    /// Of a file with a header of the reference layout: its magic is assumed, so its checksum and the records decide.
    fn with_header(&self, head: &[u8]) -> (u32, String) {
        let records = self.accuracy();
        let (sure, header) = match FileHeader::parse(head) {
            Err(_) => (0, "the header is cut off"),
            Ok(header) if header.crc == header.checksum() => (
                40 + records.saturating_mul(6) / 10,
                "the header's checksum is ok",
            ),
            Ok(_) => (
                records.saturating_mul(9) / 10,
                "the header's checksum does not match",
            ),
        };
        (sure, format!("{header}, {}", self.text()))
    }

    /// Of a file without one.
    fn alone(&self) -> (u32, String) {
        (self.accuracy(), self.text())
    }

    /// Of a file that is read by a layout somebody asked for. An inferred layout is no surer than it was when it was inferred.
    fn by_layout(&self, layout: &Layout) -> (u32, String) {
        let (most, how) = match (layout.status, layout.title.rsplit(", ").next()) {
            (Status::Inferred, Some("certain")) => (95, ", which was inferred and is certain"),
            (Status::Inferred, Some("doubtful")) => (20, ", which was inferred and is doubtful"),
            (Status::Inferred, _) => (60, ", which was inferred and is probable"),
            _ => (100, ""),
        };
        let sure = self.accuracy().min(most);
        let name = &layout.name;
        let text = format!("by layout {name}, as asked for{how}, {}", self.text());
        (sure, text)
    }
}
