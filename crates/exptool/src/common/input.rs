// SPDX-License-Identifier: MPL-2.0
//! Opens any input by its content.

use super::{
    Failure,
    evidence::{Evidence, LOOK},
    walk::Walk,
};
use formats::{
    exp::{
        header,
        layout::{BUILT_IN, Layout},
        learn::Confidence,
        probe::{self, Family, MAX_PROBE, Probe},
    },
    netvu,
    reader::{Reader, Window},
    recording::{self, FileSource, Scanner},
};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

/// Bytes that are looked at first.
const FIRST_LOOK: usize = 64 << 10;

/// What reads the file.
#[derive(Clone)]
enum Source {
    /// A known family of EXP.
    Exp(Family),
    /// Records of a given layout, and its TOML text.
    Layout(Box<Layout>, String),
    /// A NetVu form.
    NetVu(netvu::Kind),
}

/// A recording.
#[derive(Clone)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its name for messages.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// How the family was told, for people.
    pub evidence: String,
    /// 0 to 100.
    pub confidence: u32,
    source: Source,
    /// Bytes whose chunks tell what they are: all of an AVI, none of a file that does not begin as one.
    chunks: u64,
}

impl Input {
    /// Opens a file by its content, or by a layout: the name of a built-in one, or a TOML file.
    ///
    /// # Errors
    /// A file that cannot be read or is no recording; a layout that cannot be read.
    pub fn open(path: &Path, layout: Option<&str>) -> Result<Input, Failure> {
        let name = path.display().to_string();
        let fail = |error: std::io::Error| Failure::Input(format!("{name}: {error}"));
        can_be_read_twice(path, &name)?;
        let mut file = File::open(path).map_err(fail)?;
        // a disk has no length of its own, only an end
        let size = file.seek(SeekFrom::End(0)).map_err(fail)?;
        file.rewind().map_err(fail)?;
        let (source, evidence, confidence) = match layout.filter(|layout| *layout != "auto") {
            Some("learn") => inferred(path).map_err(|failure| named(&name, failure))?,
            Some(layout) => {
                let (loaded, text) = load_layout(layout)?;
                (Source::Layout(Box::new(loaded), text), String::new(), 0)
            }
            // known families first, else what can be inferred
            None => recognise(&mut file, size)
                .or_else(|unknown| match begins_foreign(path) {
                    // another container's own framing must not pass for a layout
                    true => Err(unknown),
                    false => inferred(path).map_err(|_| unknown),
                })
                .map_err(|failure| named(&name, failure))?,
        };
        let mut input = Input {
            path: path.to_owned(),
            name,
            size,
            evidence,
            confidence,
            source,
            chunks: 0,
        };
        if input.head(4)? == b"RIFF" {
            input.chunks = u64::MAX;
        }
        if input.evidence.is_empty() {
            input.measure()?;
        }
        Ok(input)
    }

    /// Says how sure the family or layout is, by the records themselves.
    fn measure(&mut self) -> Result<(), Failure> {
        let mut walk = self.walk()?;
        (self.confidence, self.evidence) = match &self.source {
            Source::Exp(Family::Native) => {
                Evidence::of(&mut walk, LOOK)?.with_header(&self.head(header::SIZE)?)
            }
            Source::Layout(layout, _) => {
                // before a file is said to hold no such record, all of it is looked through
                let found = Evidence::of(&mut walk, u64::MAX)?;
                if found.pictures == 0 {
                    return Err(Failure::Input(format!(
                        "{}: no record of the layout {} was found in its {} bytes",
                        self.name, layout.name, self.size
                    )));
                }
                found.by_layout(layout)
            }
            _ => Evidence::of(&mut walk, LOOK)?.alone(),
        };
        Ok(())
    }

    /// A new reader, at the file's beginning.
    pub fn reader(&self) -> Box<dyn Reader> {
        match &self.source {
            Source::Exp(family) => match probe::open(*family) {
                Some(reader) => reader,
                None => unreachable!("the built-in layouts are valid"),
            },
            Source::Layout(layout, _) => probe::open_layout((**layout).clone()),
            Source::NetVu(kind) => netvu::open(*kind),
        }
    }

    /// A scanner of its records, from the file's beginning.
    ///
    /// # Errors
    /// A file that cannot be opened any more.
    pub fn scanner(&self) -> Result<Scanner<InputSource>, Failure> {
        let fail = |error| Failure::Input(format!("{}: {error}", self.name));
        let source = InputSource {
            name: self.name.clone(),
            file: FileSource::new(File::open(&self.path).map_err(fail)?),
        };
        Ok(Scanner::new(source, self.reader()))
    }

    /// A walk over all of the file.
    ///
    /// # Errors
    /// A file that cannot be opened any more.
    pub fn walk(&self) -> Result<Walk, Failure> {
        Walk::new(self, self.reader())
    }

    /// The layout its records are read by; `None` for NetVu.
    pub fn layout(&self) -> Option<Layout> {
        match &self.source {
            Source::Exp(Family::Plv1) => Layout::built_in("plv1"),
            Source::Exp(_) => Layout::built_in("reference"),
            Source::Layout(layout, _) => Some((**layout).clone()),
            Source::NetVu(_) => None,
        }
    }

    /// TOML text of the layout, empty for NetVu: the words behind its fields say how well each is known.
    pub fn layout_text(&self) -> String {
        let built_in = |name| {
            let found = BUILT_IN.iter().find(|(known, _)| *known == name);
            found
                .map(|(_, text)| (*text).to_owned())
                .unwrap_or_default()
        };
        match &self.source {
            Source::Exp(Family::Plv1) => built_in("plv1"),
            Source::Exp(_) => built_in("reference"),
            Source::Layout(_, text) => text.clone(),
            Source::NetVu(_) => String::new(),
        }
    }

    /// Bytes at the file's beginning that may be anything: a header that the layout calls opaque, the front of a partition, the
    /// chunks of an AVI.
    pub fn known_front(&self) -> u64 {
        match &self.source {
            Source::NetVu(_) => u64::MAX,
            Source::Exp(Family::Plv1) => self.chunks,
            Source::Exp(_) => 0,
            Source::Layout(layout, _) if layout.name == "plv1" => self.chunks,
            Source::Layout(layout, _) => layout.file_header.unwrap_or(0),
        }
    }

    /// Name of the GStreamer element that plays it.
    pub fn demuxer(&self) -> &'static str {
        match self.source {
            Source::NetVu(_) => "netvudemux",
            _ => "expdemux",
        }
    }

    /// The first bytes of the file, `length` at most.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn head(&self, length: usize) -> Result<Vec<u8>, Failure> {
        let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", self.name));
        let mut bytes = Vec::new();
        File::open(&self.path)
            .map_err(fail)?
            .take(length as u64)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        Ok(bytes)
    }
}

/// A recording's bytes; failures name it.
#[derive(Debug)]
pub struct InputSource {
    name: String,
    file: FileSource,
}

impl recording::Source for InputSource {
    type Block = Vec<u8>;
    type Error = Failure;

    fn read_at(
        &mut self,
        offset: u64,
        want: usize,
        old: Option<Vec<u8>>,
    ) -> Result<Vec<u8>, Failure> {
        let read = recording::Source::read_at(&mut self.file, offset, want, old);
        read.map_err(|error| Failure::Input(format!("{}, offset {offset}: {error}", self.name)))
    }

    fn size(&self) -> Option<u64> {
        recording::Source::size(&self.file)
    }

    fn prefetch(&mut self, offset: u64, bytes: u64) {
        recording::Source::prefetch(&mut self.file, offset, bytes);
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

/// A built-in layout, or one from a file, with its TOML text.
fn load_layout(name: &str) -> Result<(Layout, String), Failure> {
    let text = match BUILT_IN.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => (*text).to_owned(),
        None => std::fs::read_to_string(name)
            .map_err(|error| Failure::Input(format!("layout {name}: {error}")))?,
    };
    let layout =
        Layout::from_toml(&text).map_err(|error| Failure::Input(format!("{name}: {error}")))?;
    Ok((layout, text))
}

/// The failure, with the file's name.
fn named(name: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Input(text) => Failure::Input(format!("{name}: {text}")),
        other => other,
    }
}

/// Whether the file begins as one of another kind does.
fn begins_foreign(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut head));
    read.is_ok_and(|read| formats::exp::probe::is_foreign(head.get(..read).unwrap_or_default()))
}

/// A layout that the file itself teaches.
fn inferred(path: &Path) -> Result<(Source, String, u32), Failure> {
    let inferred = crate::learn::of_file(path)?.map_err(Failure::Input)?;
    let confidence = match inferred.confidence {
        Confidence::Certain => 95,
        Confidence::Probable => 60,
        Confidence::Doubtful => 20,
    };
    let evidence = format!(
        "the layout was inferred from the file and is {}: it reads {} of {} pictures",
        inferred.confidence.name(),
        inferred.read,
        inferred.pictures
    );
    let text = inferred.to_toml().unwrap_or_default();
    Ok((
        Source::Layout(Box::new(inferred.layout), text),
        evidence,
        confidence,
    ))
}

/// Told from the first bytes: what reads them, why, and how sure.
fn recognise(file: &mut File, size: u64) -> Result<(Source, String, u32), Failure> {
    let fail = |error: std::io::Error| Failure::Input(error.to_string());
    let mut bytes = Vec::new();
    let mut want = FIRST_LOOK;
    loop {
        let more = want.saturating_sub(bytes.len()) as u64;
        let got = Read::by_ref(file)
            .take(more)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        let window = Window {
            offset: 0,
            data: &bytes,
            last: got == 0 || bytes.len() as u64 >= size,
            unread: 0,
        };
        match probe::probe(&window) {
            Probe::Is { family, .. } => {
                // how sure it is, the records say
                return Ok((Source::Exp(family), String::new(), 0));
            }
            Probe::Need(bytes) if !window.last && want < MAX_PROBE => {
                // NetVu tells itself early, and an EXP is searched for in 4 MiB
                if let Some(found) = netvu_form(window.data, 90) {
                    return Ok(found);
                }
                want = bytes.clamp(want.saturating_mul(2), MAX_PROBE);
            }
            _ => break,
        }
    }
    netvu_form(&bytes, 1).ok_or_else(|| {
        Failure::Input(format!(
            "is no recording that this program knows: expected {}, or a NetVu stream, in the first {} bytes",
            probe::EXPECTED,
            bytes.len()
        ))
    })
}

fn netvu_form(bytes: &[u8], at_least: u32) -> Option<(Source, String, u32)> {
    let (kind, score) = netvu::probe(bytes).filter(|(_, score)| *score >= at_least)?;
    let evidence = format!("the first packets are a NetVu stream ({kind:?})");
    Some((Source::NetVu(kind), evidence, score))
}
