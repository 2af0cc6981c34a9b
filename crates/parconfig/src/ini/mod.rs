// SPDX-License-Identifier: MPL-2.0
//! INI text that is edited without loss.
//!
//! [`Ini::parse`] followed by [`Ini::to_bytes`] gives back any bytes unchanged. An edit changes the value it was asked to
//! change and nothing else: comments (`;`, `#`), blank lines, order, line ends, blanks round `=`, code page, a trailing NUL or
//! 0x1A, duplicate keys and keys before any section all stay. Units keep their settings in such files (stated: manuals); the
//! names in them are not public, so nothing here knows any.

pub mod code_page;
mod edit;

pub use edit::Edit;

use crate::error::{Error, Place, Result};
use code_page::CodePage;
use std::ops::Range;

/// Largest text that is read, in bytes (assumed: a unit's settings are a few ten kilobytes). With [`MAX_LINES`] it keeps memory
/// under 64 MiB.
pub const MAX_TEXT: usize = 1 << 20;
/// Most lines that are read.
pub const MAX_LINES: usize = 20_000;

/// What a line is. Ranges count from the line's first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    Comment,
    Section {
        name: Range<usize>,
    },
    Key {
        key: Range<usize>,
        value: Range<usize>,
    },
    /// Neither: kept, reported, never touched.
    Other,
}

#[derive(Clone, Debug)]
pub(super) struct Line {
    /// With the line end.
    pub(super) bytes: Box<[u8]>,
    pub(super) kind: Kind,
}

/// One `key = value` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Section it is in; empty before the first section.
    pub section: String,
    /// Key as written.
    pub key: String,
    /// Value as written, blanks round it off.
    pub value: String,
    /// Where the value begins.
    pub place: Place,
}

/// One thing found while reading a text from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// `[name]`
    Section(String, Place),
    /// `key = value`
    Entry(Entry),
    /// A comment, with its `;` or `#`.
    Comment(String, Place),
    /// A line that is neither comment, section nor `key = value`.
    Other(String, Place),
}

/// An INI text.
#[derive(Clone, Debug, Default)]
pub struct Ini {
    pub(super) lines: Vec<Line>,
    /// NUL and 0x1A bytes at the very end.
    pub(super) tail: Vec<u8>,
    pub(super) code_page: CodePage,
}

impl Ini {
    /// Reads any bytes.
    ///
    /// # Errors
    /// Only [`Error::TooLarge`]: more than [`MAX_TEXT`] bytes or [`MAX_LINES`] lines.
    pub fn parse(bytes: &[u8]) -> Result<Ini> {
        if bytes.len() > MAX_TEXT {
            return Err(Error::TooLarge {
                what: format!("the text of {} bytes", bytes.len()),
                limit: format!("{MAX_TEXT} bytes"),
            });
        }
        let end = bytes
            .iter()
            .rposition(|b| !matches!(b, 0 | 0x1a))
            .map_or(0, |at| at.saturating_add(1));
        let (text, tail) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        let mut ini = Ini {
            lines: Vec::new(),
            tail: tail.to_vec(),
            code_page: CodePage::detect(bytes),
        };
        let mut rest = text;
        while !rest.is_empty() {
            if ini.lines.len() >= MAX_LINES {
                return Err(Error::TooLarge {
                    what: "the text".into(),
                    limit: format!("{MAX_LINES} lines"),
                });
            }
            let (line, more) = rest
                .split_at_checked(line_length(rest))
                .unwrap_or((rest, &[]));
            ini.lines.push(Line::new(line, ini.lines.is_empty()));
            rest = more;
        }
        Ok(ini)
    }

    /// The text as it was read, with the edits.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.lines.iter().map(|l| l.bytes.len()).sum());
        for line in &self.lines {
            out.extend_from_slice(&line.bytes);
        }
        out.extend_from_slice(&self.tail);
        out
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// A text without a line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How the text's bytes are characters.
    pub fn code_page(&self) -> CodePage {
        self.code_page
    }

    /// Believes the caller instead of the bytes: new values are written, and all are read, in this code page.
    pub fn set_code_page(&mut self, code_page: CodePage) {
        self.code_page = code_page;
    }

    /// Everything but blank lines, from top to bottom.
    pub fn items(&self) -> impl Iterator<Item = Item> + '_ {
        let mut section = String::new();
        let mut offset = 0_usize;
        self.lines.iter().enumerate().filter_map(move |(at, line)| {
            let start = offset;
            offset = offset.saturating_add(line.bytes.len());
            let place = |column: usize| self.place(line, at, start, column);
            Some(match &line.kind {
                Kind::Blank => return None,
                Kind::Comment => Item::Comment(self.content(line), place(0)),
                Kind::Other => Item::Other(self.content(line), place(0)),
                Kind::Section { name } => {
                    section = self.text(line, name);
                    Item::Section(section.clone(), place(name.start))
                }
                Kind::Key { key, value } => Item::Entry(Entry {
                    section: section.clone(),
                    key: self.text(line, key),
                    value: self.text(line, value),
                    place: place(value.start),
                }),
            })
        })
    }

    /// All `key = value` lines, from top to bottom.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.items().filter_map(|item| match item {
            Item::Entry(entry) => Some(entry),
            _ => None,
        })
    }

    /// The last value of a key, upper and lower case alike.
    pub fn get(&self, section: &str, key: &str) -> Option<String> {
        self.find(section, key)
            .last()
            .and_then(|at| self.value_of(*at))
    }

    fn value_of(&self, at: usize) -> Option<String> {
        let line = self.lines.get(at)?;
        match &line.kind {
            Kind::Key { value, .. } => Some(self.text(line, value)),
            _ => None,
        }
    }

    /// Indexes of the lines that hold this key.
    pub(super) fn find(&self, section: &str, key: &str) -> Vec<usize> {
        let coded = (self.code_page.encode(section), self.code_page.encode(key));
        let (Ok(section), Ok(key)) = coded else {
            return Vec::new();
        };
        let mut here = section.is_empty();
        let mut found = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let is = |range: &Range<usize>, name: &[u8]| {
                let bytes = line.bytes.get(range.clone()).unwrap_or_default();
                bytes.eq_ignore_ascii_case(name)
            };
            match &line.kind {
                Kind::Section { name } => here = is(name, &section),
                Kind::Key { key: range, .. } if here && is(range, &key) => found.push(at),
                _ => {}
            }
        }
        found
    }

    /// The characters of a part of a line.
    pub(super) fn text(&self, line: &Line, range: &Range<usize>) -> String {
        self.code_page
            .decode(line.bytes.get(range.clone()).unwrap_or_default())
    }

    fn content(&self, line: &Line) -> String {
        self.text(line, &trim(&line.bytes, 0..line.bytes.len()))
    }

    fn place(&self, line: &Line, at: usize, start: usize, column: usize) -> Place {
        let before = self.text(line, &(0..column));
        let bom = before.starts_with('\u{feff}');
        Place {
            offset: start.saturating_add(column),
            line: at.saturating_add(1),
            column: before
                .chars()
                .count()
                .saturating_sub(usize::from(bom))
                .saturating_add(1),
        }
    }
}

/// Bytes of the first line with its end: LF, CR LF or CR alone (units write all three, verified in their texts).
fn line_length(text: &[u8]) -> usize {
    match memchr::memchr2(b'\n', b'\r', text) {
        None => text.len(),
        Some(at) => {
            let two = text.get(at..at.saturating_add(2)) == Some(b"\r\n");
            at.saturating_add(if two { 2 } else { 1 })
        }
    }
}

/// The range without blanks and line ends round it.
pub(super) fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let part = bytes.get(range.clone()).unwrap_or_default();
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let Some(first) = part.iter().position(|b| !blank(b)) else {
        return range.end..range.end;
    };
    let last = part.iter().rposition(|b| !blank(b)).unwrap_or(first);
    range.start.saturating_add(first)..range.start.saturating_add(last).saturating_add(1)
}

impl Line {
    pub(super) fn new(bytes: &[u8], first: bool) -> Line {
        let start = if first && bytes.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        Line {
            kind: kind_of(bytes, trim(bytes, start..bytes.len())),
            bytes: bytes.into(),
        }
    }

    /// The bytes that end the line.
    pub(super) fn ending(&self) -> &[u8] {
        let end = self
            .bytes
            .iter()
            .rposition(|b| !matches!(b, b'\r' | b'\n'))
            .map_or(0, |at| at.saturating_add(1));
        self.bytes.get(end..).unwrap_or_default()
    }
}

fn kind_of(bytes: &[u8], body: Range<usize>) -> Kind {
    let text = bytes.get(body.clone()).unwrap_or_default();
    match text.first() {
        None => Kind::Blank,
        Some(b';' | b'#') => Kind::Comment,
        Some(b'[') => match memchr::memchr(b']', text) {
            Some(close) => Kind::Section {
                name: trim(
                    bytes,
                    body.start.saturating_add(1)..body.start.saturating_add(close),
                ),
            },
            None => Kind::Other,
        },
        Some(_) => match memchr::memchr(b'=', text) {
            Some(equals) if equals > 0 => {
                let equals = body.start.saturating_add(equals);
                let content = bytes
                    .iter()
                    .rposition(|b| !matches!(b, b'\r' | b'\n'))
                    .map_or(0, |at| at.saturating_add(1));
                let after = equals.saturating_add(1);
                let value = trim(bytes, after..content.max(after));
                Kind::Key {
                    key: trim(bytes, body.start..equals),
                    value,
                }
            }
            _ => Kind::Other,
        },
    }
}
