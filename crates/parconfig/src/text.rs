// SPDX-License-Identifier: MPL-2.0
//! The configuration text: INI with the first line `; par 1`. Its form is **assumed**, it is this project's own.

use super::code_page;
use super::error::{Error, Place, Result};
use super::ini::{Ini, Item};
use super::ini_edit::Edit;
use super::model::{Config, check_value};
use super::path::{Path, section_rank};
use super::schema;
use std::borrow::Cow;

/// Version of the text that is read and written.
pub const VERSION: u32 = 1;
/// Most sections of a configuration; all known ones together are under 1000.
pub const MAX_SECTIONS: usize = 4096;
/// First line of a configuration text.
pub const FIRST_LINE: &str = "; par 1";

/// A configuration together with the text it stands in.
#[derive(Clone, Debug, Default)]
pub struct ConfigText {
    ini: Ini,
    config: Config,
}

impl ConfigText {
    /// Reads a configuration text.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::Text`] for bytes that are no UTF-8 text, and for a version this program does not know. What is
    /// merely not allowed is told by [`check`](super::check::check).
    pub fn parse(bytes: &[u8]) -> Result<ConfigText> {
        let ini = Ini::parse(bytes)?;
        code_page::check_text(bytes)?;
        if let Some(Item::Comment(comment, place)) = ini.items().next()
            && let Some(found) = version(&comment)
            && found != VERSION
        {
            return Err(Error::Text {
                place,
                message: format!("the text is of version {found}; {VERSION} is expected"),
            });
        }
        let config = Config::from_ini(&ini);
        if config.sections.len() > MAX_SECTIONS {
            return Err(Error::TooLarge {
                what: format!("a configuration of {} sections", config.sections.len()),
                limit: format!("{MAX_SECTIONS} sections"),
            });
        }
        Ok(ConfigText { ini, config })
    }

    /// The text of a configuration.
    pub fn from_config(config: &Config) -> Result<ConfigText> {
        ConfigText::parse(write(config).as_bytes())
    }

    /// The values.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The text with the edits, everything else byte for byte as it was read.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.ini.to_bytes()
    }

    /// Sets a value; everything else stays byte for byte.
    ///
    /// # Errors
    /// [`Error::Value`] for a value that is not allowed, [`Error::Path`] for an unknown path that the text does not hold either.
    pub fn set(&mut self, path: &Path, value: &str) -> Result<Edit> {
        self.permit(path, value)?;
        self.set_unchecked(path, value)
    }

    /// Sets several values, all or none of them.
    ///
    /// # Errors
    /// As [`ConfigText::set`].
    pub fn set_all(&mut self, values: &[(Path, String)]) -> Result<Vec<Edit>> {
        for (path, value) in values {
            self.permit(path, value)?;
        }
        let mut ini = self.ini.clone();
        let edits: Result<Vec<Edit>> = values
            .iter()
            .map(|(path, value)| ini.set(&path.section, &path.key, &quote(value), None))
            .collect();
        let edits = edits?;
        self.ini = ini;
        self.reread();
        Ok(edits)
    }

    fn permit(&self, path: &Path, value: &str) -> Result<()> {
        if self.config.value(&path.section, &path.key).is_none() {
            path.field()?;
        }
        check_value(path, value)
    }

    /// Sets a value without asking the schema.
    ///
    /// # Errors
    /// [`Error::Value`] for what cannot be written in one line.
    pub fn set_unchecked(&mut self, path: &Path, value: &str) -> Result<Edit> {
        let edit = self
            .ini
            .set(&path.section, &path.key, &quote(value), None)?;
        self.reread();
        Ok(edit)
    }

    /// Adds a value, also where the key stands already.
    ///
    /// # Errors
    /// As [`ConfigText::set_unchecked`].
    pub fn add(&mut self, path: &Path, value: &str) -> Result<Edit> {
        let edit = self.ini.add(&path.section, &path.key, &quote(value))?;
        self.config = Config::from_ini(&self.ini);
        Ok(edit)
    }

    /// Takes out all values of a path.
    ///
    /// # Errors
    /// [`Error::Path`] where there is none.
    pub fn remove(&mut self, path: &Path) -> Result<Vec<Edit>> {
        let edits = self.ini.remove(&path.section, &path.key, None)?;
        self.config = Config::from_ini(&self.ini);
        Ok(edits)
    }

    /// The text as lines.
    pub fn ini(&self) -> &Ini {
        &self.ini
    }

    pub(super) fn ini_mut(&mut self) -> &mut Ini {
        &mut self.ini
    }

    pub(super) fn reread(&mut self) {
        self.config = Config::from_ini(&self.ini);
    }
}

/// The number in a comment `; par 1`.
pub(super) fn version(comment: &str) -> Option<u32> {
    let words = comment.trim_start_matches([';', '#']);
    words.trim().strip_prefix("par ")?.trim().parse().ok()
}

/// How the marks of a merge begin.
pub(super) const MARKS: [&str; 3] = ["; <<<<<<<", "; =======", "; >>>>>>>"];

pub(super) fn is_conflict(comment: &str) -> bool {
    MARKS.iter().any(|mark| comment.starts_with(mark))
}

/// A value without the quotes that keep blanks round it.
pub(super) fn unquote(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value)
}

/// A value as it is written: in quotes where it would change without them.
pub(super) fn quote(value: &str) -> Cow<'_, str> {
    let blank = |c: char| c == ' ' || c == '\t';
    if value.starts_with(blank) || value.ends_with(blank) || unquote(value) != value {
        format!("\"{value}\"").into()
    } else {
        value.into()
    }
}

/// The canonical text: known sections and keys in the order of the schema, then the unknown ones as they came.
pub fn write(config: &Config) -> String {
    let mut out = format!("{FIRST_LINE}\n");
    let mut sections: Vec<_> = config
        .sections
        .iter()
        .filter(|section| !section.entries.is_empty())
        .collect();
    // Keys before any section have to come first; unknown sections keep their order behind the known ones.
    sections.sort_by(|a, b| {
        let rank = |name: &'_ str| {
            let known = schema::section(name).is_some();
            (!name.is_empty(), !known)
        };
        rank(&a.name).cmp(&rank(&b.name)).then_with(|| {
            if schema::section(&a.name).is_some() && schema::section(&b.name).is_some() {
                section_rank(&a.name).cmp(&section_rank(&b.name))
            } else {
                std::cmp::Ordering::Equal
            }
        })
    });
    for section in sections {
        let known = schema::section(&section.name).is_some();
        if !section.name.is_empty() {
            let name = if known { &section.name } else { &section.raw };
            out.push_str(&format!("\n[{name}]\n"));
        }
        let mut entries: Vec<_> = section.entries.iter().collect();
        entries.sort_by_key(|entry| {
            let path = Path::new(&section.name, &entry.key);
            let known = path.field().is_ok();
            (!known, known.then_some(path))
        });
        for entry in entries {
            let key = if known { &entry.key } else { &entry.raw_key };
            out.push_str(&format!("{key} = {}\n", quote(&entry.value)));
        }
    }
    out
}

/// The place of a path's value, or of its section.
pub fn place_of(config: &Config, path: &Path) -> Option<Place> {
    let section = config.section(&path.section)?;
    Some(
        section
            .entry(&path.key)
            .map_or(section.place, |entry| entry.place),
    )
}
