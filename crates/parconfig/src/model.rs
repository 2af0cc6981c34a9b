// SPDX-License-Identifier: MPL-2.0
//! A configuration: sections with keys and values, known ones and unknown ones alike.

use super::error::{Error, Place, Result};
use super::ini::{Ini, Item};
use super::path::{Path, section_rank};
use super::schema;
use super::text;
use super::value::Type;
use std::collections::{BTreeMap, HashMap};

/// One value of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Key in lower case.
    pub key: String,
    /// Key as written.
    pub raw_key: String,
    /// Value, quotes off.
    pub value: String,
    /// Where the value stands in the text; line 0 for a value that was never in one.
    pub place: Place,
}

/// One section of a configuration. Sections of one name are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Name in lower case; empty for keys before any section.
    pub name: String,
    /// Name as written.
    pub raw: String,
    /// Where the name stands first.
    pub place: Place,
    /// Its values, in the order of the text.
    pub entries: Vec<Entry>,
}

/// Something in the text that is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A line that says nothing.
    Stray(String, Place),
    /// A mark that [`merge`](super::merge::merge) left.
    Conflict(Place),
    /// A section's name that stands again.
    Again(String, Place),
    /// The first line is not `; par 1`.
    NoVersion,
}

/// A configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Sections in the order of the text.
    pub sections: Vec<Section>,
    /// What else was found in the text.
    pub notes: Vec<Note>,
}

/// What recordings may lack and a configuration tells: for the tags of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Titles {
    /// Name of the unit, else its site id.
    pub unit: Option<String>,
    /// Minutes that the unit's local time is east of UTC, where the configuration gives a fixed number.
    pub utc_offset: Option<i32>,
    /// Time zone (IANA), where the configuration names one.
    pub time_zone: Option<String>,
    /// Titles by camera number, from 1.
    pub cameras: BTreeMap<u16, String>,
}

/// The values of a configuration by path, each in canonical spelling; more than one where a key stands more than once.
pub type Flat = BTreeMap<Path, Vec<String>>;

impl Config {
    /// Reads the values out of an INI text.
    pub fn from_ini(ini: &Ini) -> Config {
        let mut config = Config::default();
        let mut opened = HashMap::new();
        let mut at = None;
        let mut version = false;
        for item in ini.items() {
            match item {
                Item::Section(raw, place) => at = Some(config.open(&mut opened, &raw, place)),
                Item::Entry(entry) => {
                    let index = match at {
                        Some(index) => index,
                        None => config.open(&mut opened, "", Place::default()),
                    };
                    at = Some(index);
                    if let Some(section) = config.sections.get_mut(index) {
                        section.entries.push(Entry {
                            key: entry.key.to_ascii_lowercase(),
                            raw_key: entry.key,
                            value: text::unquote(&entry.value).to_owned(),
                            place: entry.place,
                        });
                    }
                }
                Item::Comment(comment, place) => {
                    version |= text::version(&comment).is_some();
                    if text::is_conflict(&comment) {
                        config.notes.push(Note::Conflict(place));
                    }
                }
                Item::Other(line, place) => config.notes.push(Note::Stray(line, place)),
            }
        }
        if !version {
            config.notes.push(Note::NoVersion);
        }
        config
    }

    fn open(&mut self, opened: &mut HashMap<String, usize>, raw: &str, place: Place) -> usize {
        let name = raw.to_ascii_lowercase();
        if let Some(at) = opened.get(&name) {
            self.notes.push(Note::Again(name, place));
            return *at;
        }
        let at = self.sections.len();
        opened.insert(name.clone(), at);
        self.sections.push(Section {
            name,
            raw: raw.to_owned(),
            place,
            entries: Vec::new(),
        });
        at
    }

    /// The section of that name (lower case).
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The sections `kind.N` or `kind.NAME`, with the part after the dot, sorted.
    pub fn sections_of<'a>(&'a self, kind: &str) -> Vec<(&'a str, &'a Section)> {
        let mut found: Vec<(&str, &Section)> = self
            .sections
            .iter()
            .filter_map(|section| {
                let (def, id) = schema::section(&section.name)?;
                (def.name == kind && !id.is_empty()).then_some((id, section))
            })
            .collect();
        found.sort_by_key(|(_, section)| section_rank(&section.name));
        found
    }

    /// The numbers of the sections `kind.N`, sorted.
    pub fn numbers_of(&self, kind: &str) -> Vec<u16> {
        self.sections_of(kind)
            .iter()
            .filter_map(|(id, _)| id.parse().ok())
            .collect()
    }

    /// A value as written; the last one where the key stands more than once.
    pub fn value(&self, section: &str, key: &str) -> Option<&str> {
        self.section(section)?.value(key)
    }

    /// A value in canonical spelling; `None` where there is none or it is not allowed.
    pub fn canonical(&self, section: &str, key: &str) -> Option<String> {
        let value = self.value(section, key)?;
        schema::lookup(section, key)?.kind.canonical(value).ok()
    }

    /// A whole number.
    pub fn number(&self, section: &str, key: &str) -> Option<i32> {
        self.canonical(section, key)?.parse().ok()
    }

    /// The value of a path.
    ///
    /// # Errors
    /// [`Error::Path`] where the path names no field of this configuration nor of the schema; `Ok(None)` where the field is not set.
    pub fn get(&self, path: &Path) -> Result<Option<&str>> {
        match self.value(&path.section, &path.key) {
            Some(value) => Ok(Some(value)),
            None => path.field().map(|_| None),
        }
    }

    /// Sets a value in the model alone. Replaces the last one of the key. See [`super::ConfigText::set`] for texts.
    ///
    /// # Errors
    /// [`Error::Value`] where a known field does not allow the value.
    pub fn set(&mut self, path: &Path, value: &str) -> Result<()> {
        check_value(path, value)?;
        self.set_unchecked(path, value);
        Ok(())
    }

    /// Sets a value without asking the schema.
    pub fn set_unchecked(&mut self, path: &Path, value: &str) {
        let Some(section) = self.section_mut(&path.section) else {
            return;
        };
        match section.entries.iter_mut().rev().find(|e| e.key == path.key) {
            Some(entry) => value.clone_into(&mut entry.value),
            None => section.push(&path.key, value),
        }
    }

    /// Takes out all values of a path.
    pub fn remove(&mut self, path: &Path) {
        if let Some(section) = self.sections.iter_mut().find(|s| s.name == path.section) {
            section.entries.retain(|entry| entry.key != path.key);
        }
    }

    /// Adds a value, also where the key stands already.
    pub fn add(&mut self, path: &Path, value: &str) {
        if let Some(section) = self.section_mut(&path.section) {
            section.push(&path.key, value);
        }
    }

    /// Adds a value; a section and key that are new keep the spelling given here.
    pub fn add_named(&mut self, section: &str, key: &str, value: &str) {
        let name = section.to_ascii_lowercase();
        let new = !self.sections.iter().rev().any(|s| s.name == name);
        if let Some(found) = self.section_mut(&name) {
            if new {
                section.clone_into(&mut found.raw);
            }
            found.push(key, value);
        }
    }

    fn section_mut(&mut self, name: &str) -> Option<&mut Section> {
        // From the end: values mostly come section by section.
        if !self.sections.iter().rev().any(|s| s.name == name) {
            self.sections.push(Section::new(name));
        }
        self.sections.iter_mut().rev().find(|s| s.name == name)
    }

    /// All values by path, for comparing by meaning.
    pub fn flat(&self) -> Flat {
        let mut flat = Flat::new();
        for section in &self.sections {
            for entry in &section.entries {
                let kind = schema::lookup(&section.name, &entry.key).map(|field| field.kind);
                let value = kind
                    .and_then(|kind| kind.canonical(&entry.value).ok())
                    .unwrap_or_else(|| entry.value.clone());
                flat.entry(Path::new(&section.name, &entry.key))
                    .or_default()
                    .push(value);
            }
        }
        flat
    }

    /// A configuration of these values, in canonical order.
    pub fn from_flat(flat: &Flat) -> Config {
        let mut config = Config::default();
        for (path, values) in flat {
            for value in values {
                config.add(path, value);
            }
        }
        config
    }

    /// Camera titles, name of the unit and its UTC offset.
    pub fn titles(&self) -> Titles {
        let text = |key: &str| {
            self.value("unit", key)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        let cameras = self.sections_of("camera");
        Titles {
            unit: text("name").or_else(|| text("site")),
            utc_offset: self.number("unit", "utc-offset"),
            time_zone: self.canonical("unit", "time-zone"),
            cameras: cameras
                .into_iter()
                .filter_map(|(id, section)| {
                    let title = section.value("title").filter(|title| !title.is_empty())?;
                    Some((id.parse().ok()?, title.to_owned()))
                })
                .collect(),
        }
    }
}

impl Titles {
    /// Minutes that local time is east of UTC at a time (seconds since 1970): the fixed number, else by the time zone.
    pub fn utc_offset_at(&self, unix_seconds: i64) -> Option<i32> {
        self.utc_offset.or_else(|| {
            let zone = jiff::tz::TimeZone::get(self.time_zone.as_deref()?).ok()?;
            let time = jiff::Timestamp::from_second(unix_seconds).ok()?;
            zone.to_offset(time).seconds().checked_div(60)
        })
    }
}

/// Asks the schema whether a value is allowed. Unknown fields allow any text of one line.
///
/// # Errors
/// [`Error::Value`] with what is allowed.
pub fn check_value(path: &Path, value: &str) -> Result<()> {
    let kind = match schema::lookup(&path.section, &path.key) {
        Some(field) => field.kind,
        None => Type::Text(usize::MAX),
    };
    match kind.canonical(value) {
        Ok(_) => Ok(()),
        Err(message) => Err(Error::Value {
            path: path.to_string(),
            message,
        }),
    }
}

impl Section {
    fn new(name: &str) -> Section {
        Section {
            name: name.to_ascii_lowercase(),
            raw: name.to_owned(),
            place: Place::default(),
            entries: Vec::new(),
        }
    }

    /// The last value of a key (lower case).
    pub fn value(&self, key: &str) -> Option<&str> {
        self.entry(key).map(|entry| entry.value.as_str())
    }

    /// The last entry of a key (lower case).
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.key == key)
    }

    fn push(&mut self, key: &str, value: &str) {
        self.entries.push(Entry {
            key: key.to_ascii_lowercase(),
            raw_key: key.to_owned(),
            value: value.to_owned(),
            place: Place::default(),
        });
    }
}
