// SPDX-License-Identifier: MPL-2.0
//! INI text that is edited without loss.
//!
//! [`Ini::parse`] followed by [`Ini::to_bytes`] gives back any bytes unchanged. An edit changes the value it was asked to
//! change and nothing else: comments (`;`, `#`), blank lines, order, line ends, blanks round `=`, code page, a trailing NUL or
//! 0x1A, duplicate keys and keys before any section all stay. Units keep their settings in such files (stated: manuals); the
//! names in them are not public, so nothing here knows any.

use crate::code_page::CodePage;
use crate::error::{Error, Position, Result};
use std::ops::Range;

/// Largest text that is read, in bytes (assumed: a unit's settings are a few ten kilobytes). With [`MAX_LINES`] it keeps memory
/// under 64 MiB.
pub const MAX_TEXT: usize = 1 << 20;
/// Most lines that are read.
pub const MAX_LINES: usize = 20_000;
/// Byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// What a line is. Ranges count bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Blank,
    Comment,
    Section(Range<usize>),
    Key(Range<usize>, Range<usize>),
    /// None of these: kept, reported, never touched.
    Other,
}

#[derive(Clone, Debug)]
struct Line {
    /// With the line end.
    text: Box<str>,
    kind: Kind,
}

/// One `key = value` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Section it is in; empty before the first section.
    pub section: String,
    /// Key as written.
    pub key: String,
    /// Value as written, without the blanks around it.
    pub value: String,
    /// Where the value begins.
    pub position: Position,
}

/// One thing found while reading a text from top to bottom; blank lines and comments are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// `[name]`
    Section(String),
    /// `key = value`
    Entry(Entry),
    /// A line that is neither comment, section nor `key = value`.
    Other(String, Position),
}

/// An INI text.
#[derive(Clone, Debug, Default)]
pub struct Ini {
    bom: bool,
    lines: Vec<Line>,
    /// NUL and 0x1A bytes at the very end.
    tail: Vec<u8>,
    code_page: CodePage,
}

impl Ini {
    /// Reads any bytes.
    ///
    /// # Errors
    /// More than [`MAX_TEXT`] bytes or [`MAX_LINES`] lines.
    pub fn parse(bytes: &[u8]) -> Result<Ini> {
        if bytes.len() > MAX_TEXT {
            return Err(Error::too_large("the text", format!("{MAX_TEXT} bytes")));
        }
        Ini::parse_as(bytes, CodePage::detect(bytes))
    }

    fn parse_as(bytes: &[u8], code_page: CodePage) -> Result<Ini> {
        let end = bytes.iter().rposition(|b| !matches!(b, 0 | 0x1a));
        let end = end.map_or(0, |at| at.saturating_add(1));
        let (text, tail) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        let body = text.strip_prefix(BOM);
        let mut ini = Ini {
            bom: body.is_some(),
            tail: tail.to_vec(),
            code_page,
            ..Ini::default()
        };
        let text = code_page.decode(body.unwrap_or(text));
        let mut rest = text.as_str();
        while !rest.is_empty() {
            if ini.lines.len() >= MAX_LINES {
                return Err(Error::too_large("the text", format!("{MAX_LINES} lines")));
            }
            let (line, more) = split_line(rest);
            ini.lines.push(Line::new(line));
            rest = more;
        }
        Ok(ini)
    }

    /// The text as it was read, with the edits.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text: String = self.lines.iter().map(|line| &*line.text).collect();
        let bom = if self.bom { BOM } else { &[] };
        [bom, &self.code_page.encode(&text), &self.tail].concat()
    }

    /// How the text's bytes are characters.
    pub fn code_page(&self) -> CodePage {
        self.code_page
    }

    /// Believes the caller instead of the bytes.
    ///
    /// # Errors
    /// Bytes that are not text of this code page.
    pub fn set_code_page(&mut self, code_page: CodePage) -> Result<()> {
        let bytes = self.to_bytes();
        if code_page == CodePage::Utf8 && CodePage::detect(&bytes) != code_page {
            return Err(Error::Refused("the text is not UTF-8".into()));
        }
        *self = Ini::parse_as(&bytes, code_page)?;
        Ok(())
    }

    /// Everything but blank lines and comments, from top to bottom.
    pub fn items(&self) -> impl Iterator<Item = Item> + '_ {
        let mut section = String::new();
        let mut start = if self.bom { BOM.len() } else { 0 };
        (1_usize..)
            .zip(&self.lines)
            .filter_map(move |(number, line)| {
                let position = |column: usize| {
                    let before = line.text.get(..column).unwrap_or_default();
                    Position {
                        offset: start.saturating_add(self.code_page.encode(before).len()),
                        line: number,
                        column: before.chars().count().saturating_add(1),
                    }
                };
                let item = match &line.kind {
                    Kind::Blank | Kind::Comment => None,
                    Kind::Other => Some(Item::Other(line.text.trim().to_owned(), position(0))),
                    Kind::Section(name) => {
                        section = line.part(name).to_owned();
                        Some(Item::Section(section.clone()))
                    }
                    Kind::Key(key, value) => Some(Item::Entry(Entry {
                        section: section.clone(),
                        key: line.part(key).to_owned(),
                        value: line.part(value).to_owned(),
                        position: position(value.start),
                    })),
                };
                start = start.saturating_add(self.code_page.encode(&line.text).len());
                item
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
    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        let at = *self.find(section, key).last()?;
        self.lines.get(at)?.value()
    }

    /// Indexes of the lines that hold this key.
    fn find(&self, section: &str, key: &str) -> Vec<usize> {
        let mut here = section.is_empty();
        let mut found = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let is = |range, name| line.part(range).eq_ignore_ascii_case(name);
            match &line.kind {
                Kind::Section(name) => here = is(name, section),
                Kind::Key(range, _) if here && is(range, key) => found.push(at),
                _ => {}
            }
        }
        found
    }

    /// Gives a key a value. Where the key occurs more than once it is the last one, which is the one [`Ini::get`] returns. A key
    /// that is missing is added to the end of its section, a section that is missing to the end of the text, in the style of what
    /// exists.
    ///
    /// # Errors
    /// Names or a value that cannot be written.
    pub fn set(&mut self, section: &str, key: &str, value: &str) -> Result<()> {
        self.check(section, key, value)?;
        let at = self.find(section, key).last().copied();
        let Some(line) = at.and_then(|at| self.lines.get_mut(at)) else {
            return self.add(section, key, value);
        };
        if let Kind::Key(_, old) = &line.kind {
            let mut text = String::from(&*line.text);
            text.replace_range(old.clone(), value);
            *line = Line::new(&text);
        }
        Ok(())
    }

    /// Adds a `key = value` line to the end of its section, also where the key exists.
    ///
    /// # Errors
    /// Names or a value that cannot be written.
    pub fn add(&mut self, section: &str, key: &str, value: &str) -> Result<()> {
        self.check(section, key, value)?;
        let ending = self.lines.first().map_or("", Line::ending).to_owned();
        let ending = if ending.is_empty() { "\n" } else { &ending };
        let at = self.end_of(section).unwrap_or(self.lines.len());
        // The last line of a text may have no end.
        if let Some(before) = at.checked_sub(1).and_then(|at| self.lines.get_mut(at))
            && before.ending().is_empty()
        {
            *before = Line::new(&format!("{}{ending}", before.text));
        }
        let (above, below) = self.lines.split_at_checked(at).unwrap_or_default();
        let style = above.iter().rev().chain(below).find_map(Line::separator);
        let entry = format!("{key}{}{value}{ending}", style.unwrap_or(" = "));
        let mut new = vec![Line::new(&entry)];
        if self.end_of(section).is_none() {
            new.insert(0, Line::new(&format!("[{section}]{ending}")));
            if above.last().is_some_and(|last| last.kind != Kind::Blank) {
                new.insert(0, Line::new(ending));
            }
        }
        self.lines.splice(at..at, new);
        Ok(())
    }

    /// Removes a key, everywhere it occurs in the section.
    pub fn remove(&mut self, section: &str, key: &str) {
        for at in self.find(section, key).into_iter().rev() {
            self.lines.remove(at);
        }
    }

    /// Index of the line after the last key of a section; of the keys before any section also after their comments.
    fn end_of(&self, section: &str) -> Option<usize> {
        let mut here = section.is_empty();
        let mut end = here.then_some(0);
        for (after, line) in (1_usize..).zip(&self.lines) {
            match &line.kind {
                Kind::Section(name) => here = line.part(name).eq_ignore_ascii_case(section),
                Kind::Key(..) => {}
                Kind::Comment if section.is_empty() => {}
                _ => continue,
            }
            if here {
                end = Some(after);
            }
        }
        end
    }

    fn check(&self, section: &str, key: &str, value: &str) -> Result<()> {
        let fail = |message: &str| Err(Error::refuse(format!("{section}/{key}"), message));
        if section.trim() != section || section.contains(']') {
            return fail("the section's name cannot be written between [ and ]");
        }
        if key.is_empty() || key.trim() != key || key.contains('=') {
            return fail("a key is text without '=' and without blanks around it");
        }
        if key.starts_with([';', '#', '[', '\u{feff}']) {
            return fail("a key does not start with ';', '#' or '['");
        }
        if value.trim_matches(BLANKS) != value {
            return fail("blanks before or after the value would be lost");
        }
        for text in [section, key, value] {
            if let Some(c) = text.chars().find(|c| c.is_control() && *c != '\t') {
                let code = u32::from(c);
                return fail(&format!("control character U+{code:04X} is not allowed"));
            }
            if let Some(c) = self.code_page.lacks(text) {
                let page = self.code_page.name();
                return fail(&format!("the file is {page}, which has no {c:?}"));
            }
        }
        Ok(())
    }
}

/// The first line with its end, LF, CR LF or CR alone (units write all three, verified in their texts), and what follows it.
fn split_line(text: &str) -> (&str, &str) {
    let end = match text.find(['\n', '\r']) {
        None => text.len(),
        Some(at) => {
            let two = text.get(at..).is_some_and(|rest| rest.starts_with("\r\n"));
            at.saturating_add(if two { 2 } else { 1 })
        }
    };
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The range without blanks and line ends around it.
fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let left = part.trim_start_matches(BLANKS);
    let start = range.end.saturating_sub(left.len());
    start..start.saturating_add(left.trim_end_matches(BLANKS).len())
}

impl Line {
    fn new(text: &str) -> Line {
        Line {
            kind: kind_of(text),
            text: text.into(),
        }
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn value(&self) -> Option<&str> {
        match &self.kind {
            Kind::Key(_, value) => Some(self.part(value)),
            _ => None,
        }
    }

    /// What is between key and value.
    fn separator(&self) -> Option<&str> {
        match &self.kind {
            Kind::Key(key, value) => self.text.get(key.end..value.start),
            _ => None,
        }
    }

    fn ending(&self) -> &str {
        let body = self.text.trim_end_matches(['\r', '\n']);
        self.text.get(body.len()..).unwrap_or_default()
    }
}

fn kind_of(text: &str) -> Kind {
    let body = trim(text, 0..text.len());
    let inner = text.get(body.clone()).unwrap_or_default();
    let after = |at: usize| body.start.saturating_add(at).saturating_add(1);
    match inner.chars().next() {
        None => Kind::Blank,
        Some(';' | '#') => Kind::Comment,
        Some('[') => match inner.find(']') {
            Some(close) => Kind::Section(trim(text, after(0)..body.start.saturating_add(close))),
            None => Kind::Other,
        },
        Some(_) => match inner.find('=').filter(|equals| *equals > 0) {
            Some(equals) => {
                let content = text.trim_end_matches(['\r', '\n']).len();
                let key = trim(text, body.start..body.start.saturating_add(equals));
                Kind::Key(key, trim(text, after(equals)..content))
            }
            None => Kind::Other,
        },
    }
}
