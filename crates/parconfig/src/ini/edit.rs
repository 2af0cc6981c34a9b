// SPDX-License-Identifier: MPL-2.0
//! Edits of an [`Ini`] text that leave every other byte alone.

use super::{Ini, Kind, Line};
use crate::error::{Error, Result};

/// Byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// One edit that was made, for showing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Section, empty before the first.
    pub section: String,
    /// Key.
    pub key: String,
    /// Value before, `None` where there was none.
    pub old: Option<String>,
    /// Value after, `None` where the line was removed.
    pub new: Option<String>,
    /// Line of the edit, from 1, in the text before it.
    pub line: usize,
}

impl Ini {
    /// Gives a key a value. Where the key occurs more than once it is the last one, which is the one [`Ini::get`] returns. A key
    /// that is missing is added to the end of its section, a section that is missing to the end of the text, in the style of what is
    /// there already.
    ///
    /// # Errors
    /// [`Error::Value`] where the names or the value cannot be written.
    pub fn set(&mut self, section: &str, key: &str, value: &str) -> Result<Edit> {
        check_names(section, key)?;
        match self.find(section, key).last() {
            None => self.add(section, key, value),
            Some(at) => self.replace(*at, section, key, value),
        }
    }

    /// Adds a `key = value` line to the end of its section, also where the key exists already.
    ///
    /// # Errors
    /// [`Error::Value`] where the names or the value cannot be written.
    pub fn add(&mut self, section: &str, key: &str, value: &str) -> Result<Edit> {
        check_names(section, key)?;
        let coded = (
            self.encode(section, key, key)?,
            self.encode(section, key, value)?,
        );
        let (at, separator) = match self.end_of(section) {
            Some(found) => found,
            None => self.append_section(section)?,
        };
        let ending = self.ending();
        self.finish_line(at, &ending);
        let at = at.min(self.lines.len());
        self.insert_line(at, [coded.0, separator, coded.1, ending].concat());
        Ok(Edit {
            section: section.into(),
            key: key.into(),
            old: None,
            new: Some(value.into()),
            line: at.saturating_add(1),
        })
    }

    /// Removes a key, everywhere it occurs in the section.
    ///
    /// # Errors
    /// [`Error::Path`] where there is nothing to remove.
    pub fn remove(&mut self, section: &str, key: &str) -> Result<Vec<Edit>> {
        let mut edits = Vec::new();
        for at in self.find(section, key).into_iter().rev() {
            let line = self.take_line(at);
            let old = match &line.kind {
                Kind::Key { value, .. } => Some(self.text(&line, value)),
                _ => None,
            };
            edits.push(Edit {
                section: section.into(),
                key: key.into(),
                old,
                new: None,
                line: at.saturating_add(1),
            });
        }
        edits.reverse();
        if edits.is_empty() {
            return Err(Error::Path {
                path: format!("{section}/{key}"),
                message: "there is no such key".into(),
            });
        }
        Ok(edits)
    }

    /// A byte order mark stays at the start of the text, whatever line comes first.
    fn insert_line(&mut self, at: usize, mut bytes: Vec<u8>) {
        if at == 0
            && let Some(first) = self.lines.first_mut()
            && let Some(rest) = first.bytes.strip_prefix(BOM)
        {
            *first = Line::new(rest, false);
            bytes = [BOM, &bytes].concat();
        }
        self.lines.insert(at, Line::new(&bytes, at == 0));
    }

    /// The same for a line that goes.
    fn take_line(&mut self, at: usize) -> Line {
        let line = self.lines.remove(at);
        if at == 0 && line.bytes.starts_with(BOM) {
            let next = self.lines.first().map_or(&[][..], |next| &next.bytes);
            let bytes = [BOM, next].concat();
            match self.lines.first_mut() {
                Some(first) => *first = Line::new(&bytes, true),
                None => self.lines.push(Line::new(&bytes, true)),
            }
        }
        line
    }

    fn replace(&mut self, at: usize, section: &str, key: &str, value: &str) -> Result<Edit> {
        let coded = self.encode(section, key, value)?;
        let Some(line) = self.lines.get(at) else {
            return Err(Error::Path {
                path: format!("{section}/{key}"),
                message: "there is no such line".into(),
            });
        };
        let Kind::Key { value: range, .. } = &line.kind else {
            return Err(Error::Path {
                path: format!("{section}/{key}"),
                message: "is not a key".into(),
            });
        };
        let old = self.text(line, range);
        let mut bytes = line.bytes.get(..range.start).unwrap_or_default().to_vec();
        bytes.extend_from_slice(&coded);
        bytes.extend_from_slice(line.bytes.get(range.end..).unwrap_or_default());
        let new = Line::new(&bytes, at == 0);
        if let Some(line) = self.lines.get_mut(at) {
            *line = new;
        }
        Ok(Edit {
            section: section.into(),
            key: key.into(),
            old: Some(old),
            new: Some(value.into()),
            line: at.saturating_add(1),
        })
    }

    fn encode(&self, section: &str, key: &str, text: &str) -> Result<Vec<u8>> {
        let fail = |message: String| Error::Value {
            path: format!("{section}/{key}"),
            message,
        };
        if let Some(c) = text.chars().find(|c| c.is_control() && *c != '\t') {
            return Err(fail(format!(
                "control character U+{:04X} cannot be in a value",
                u32::from(c)
            )));
        }
        if text.trim_matches([' ', '\t']) != text {
            return Err(fail(
                "blanks before or after the value would be lost".into(),
            ));
        }
        self.code_page.encode(text).map_err(|c| {
            fail(format!(
                "the file is {}, which has no {c:?}",
                self.code_page.name()
            ))
        })
    }

    /// Where a new key of the section goes, and what is around `=` there.
    fn end_of(&self, section: &str) -> Option<(usize, Vec<u8>)> {
        let mut here = section.is_empty();
        let mut end = here.then_some(0);
        let mut separator = b" = ".to_vec();
        for (at, line) in self.lines.iter().enumerate() {
            match &line.kind {
                Kind::Section { name } => {
                    here = self.text(line, name).eq_ignore_ascii_case(section);
                    if here {
                        end = Some(at.saturating_add(1));
                    }
                }
                Kind::Key { key, value } => {
                    if let Some(style) = line.bytes.get(key.end..value.start)
                        && (here || end.is_none())
                    {
                        separator = style.to_vec();
                    }
                    if here {
                        end = Some(at.saturating_add(1));
                    }
                }
                Kind::Comment if section.is_empty() && here => end = Some(at.saturating_add(1)),
                _ => {}
            }
        }
        end.map(|at| (at, separator))
    }

    fn append_section(&mut self, section: &str) -> Result<(usize, Vec<u8>)> {
        let name = self.encode(section, "", section)?;
        let ending = self.ending();
        self.finish_line(self.lines.len(), &ending);
        let blank = |line: &Line| line.kind == Kind::Blank;
        if self.lines.last().is_some_and(|last| !blank(last)) {
            self.lines.push(Line::new(&ending, false));
        }
        let bytes = [b"[", name.as_slice(), b"]", &ending].concat();
        let first = self.lines.is_empty();
        self.lines.push(Line::new(&bytes, first));
        let separator = self
            .lines
            .iter()
            .rev()
            .find_map(|line| match &line.kind {
                Kind::Key { key, value } => line.bytes.get(key.end..value.start),
                _ => None,
            })
            .unwrap_or(b" = ")
            .to_vec();
        Ok((self.lines.len(), separator))
    }

    /// The line end of this text: that of its first line.
    fn ending(&self) -> Vec<u8> {
        let first = self.lines.first().map(Line::ending).unwrap_or_default();
        if first.is_empty() {
            b"\n".to_vec()
        } else {
            first.to_vec()
        }
    }

    /// Ends the line before `at`, which may be the last one of a text that ends without a line end.
    fn finish_line(&mut self, at: usize, ending: &[u8]) {
        let Some(before) = at.checked_sub(1) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(before)
            && line.ending().is_empty()
        {
            let bytes = [&line.bytes, ending].concat();
            *line = Line::new(&bytes, before == 0);
        }
    }
}

fn check_names(section: &str, key: &str) -> Result<()> {
    let fail = |message: &str| {
        Err(Error::Value {
            path: format!("{section}/{key}"),
            message: message.into(),
        })
    };
    if section.trim() != section || section.contains([']', '\r', '\n', '\0']) {
        return fail("the section's name cannot be written between [ and ]");
    }
    if key.is_empty() || key.trim() != key || key.contains(['=', '\r', '\n', '\0']) {
        return fail("a key is text without '=' and blanks round it");
    }
    if key.starts_with([';', '#', '[', '\u{feff}']) {
        return fail("a key does not start with ';', '#' or '['");
    }
    Ok(())
}
