// SPDX-License-Identifier: MPL-2.0
//! The fields of the configuration text, as data.
//!
//! What a unit lets one configure and in which ranges is **stated** (manuals of the DS2, DV-IP and BX2); the names of sections
//! and keys are **assumed**, they are this project's own. Everything that reads, checks, compares or writes a configuration
//! works from [`SECTIONS`]; a field is added by one line here.

mod fields;

pub use fields::SECTIONS;

use super::value::Type;

/// How the sections of one kind are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// There is one: `[network]`.
    None,
    /// By a number from 1 to this one: `[camera.3]`.
    Number(u16),
    /// By a name: `[profile.day]`.
    Name,
    /// By a weekday: `[schedule.monday]`.
    Day,
}

/// One kind of section.
#[derive(Clone, Copy, Debug)]
pub struct SectionDef {
    /// First part of the name.
    pub name: &'static str,
    /// The rest of the name.
    pub id: Id,
    /// Its keys.
    pub fields: &'static [FieldDef],
    /// What it is for.
    pub help: &'static str,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// The key; a `#` in it stands for a number from 1 to 16.
    pub key: &'static str,
    /// What values are allowed.
    pub kind: Type,
    /// What it is for.
    pub help: &'static str,
}

/// The six recording modes a schedule can know (stated).
pub const MODES: [&str; 6] = ["day", "night", "weekend", "unset", "set", "override"];

/// Weekdays in the order of a week that starts on Monday.
pub const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Longest title of a camera, alarm or zone, in characters (stated; a frame header has room for 30 and a NUL, verified).
pub const TITLE: usize = 30;
/// Highest camera number of a configuration (assumed: the largest units list 64 cameras in their masks).
pub const CAMERAS: u16 = 64;
/// Zones of a unit (stated).
pub const ZONES: u16 = 32;
/// The zones whose meaning is preset, from number 27 on (stated).
pub const PRESET_ZONES: [&str; 6] = [
    "archive slow",
    "archive fault",
    "disk low",
    "disk full",
    "disk fault",
    "panic",
];

/// The section that this name is one of, and the part after the dot.
///
/// The name has to be in lower case. An id that is out of range gives nothing: see [`why_unknown`].
pub fn section(name: &str) -> Option<(&'static SectionDef, &str)> {
    let (kind, id) = match name.split_once('.') {
        Some((kind, id)) => (kind, id),
        None => (name, ""),
    };
    SECTIONS
        .iter()
        .find(|def| def.name == kind && def.id.allows(id))
        .map(|def| (def, id))
}

/// The field of that key.
pub fn field_of(def: &SectionDef, key: &str) -> Option<&'static FieldDef> {
    def.fields
        .iter()
        .find(|field| match field.key.strip_suffix('#') {
            None => field.key == key,
            Some(stem) => key
                .strip_prefix(stem)
                .is_some_and(|n| Id::Number(16).allows(n)),
        })
}

/// The field of a path's two halves.
pub fn lookup(section_name: &str, key: &str) -> Option<&'static FieldDef> {
    section(section_name).and_then(|(def, _)| field_of(def, key))
}

/// What sections or keys are allowed instead of an unknown one.
pub fn why_unknown(section_name: &str, key: Option<&str>) -> String {
    if let (Some((def, _)), Some(_)) = (section(section_name), key) {
        let keys: Vec<&str> = def.fields.iter().map(|field| field.key).collect();
        return format!("allowed in [{section_name}]: {}", keys.join(", "));
    }
    let kind = section_name.split('.').next().unwrap_or_default();
    let same: Vec<String> = SECTIONS
        .iter()
        .filter(|def| def.name == kind)
        .map(SectionDef::pattern)
        .collect();
    if same.is_empty() {
        let all: Vec<String> = SECTIONS.iter().map(SectionDef::pattern).collect();
        format!("allowed: {}", all.join(", "))
    } else {
        format!("allowed: {}", same.join(", "))
    }
}

impl SectionDef {
    /// The name with its id, for messages: `[camera.1..64]`.
    pub fn pattern(&self) -> String {
        match self.id {
            Id::None => format!("[{}]", self.name),
            Id::Number(max) => format!("[{}.1..{max}]", self.name),
            Id::Name => format!("[{}.NAME]", self.name),
            Id::Day => format!("[{}.monday..sunday]", self.name),
        }
    }
}

impl Id {
    /// Whether the part after the dot is one of these.
    pub fn allows(self, id: &str) -> bool {
        match self {
            Id::None => id.is_empty(),
            Id::Number(max) => {
                !id.starts_with('0')
                    && id.bytes().all(|b| b.is_ascii_digit())
                    && id.parse::<u16>().is_ok_and(|n| n >= 1 && n <= max)
            }
            Id::Name => is_name(id),
            Id::Day => DAYS.contains(&id),
        }
    }
}

/// A name of a profile or account: 1 to 30 letters, digits, `-`, `_` and blanks inside.
pub fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    !text.is_empty()
        && text.chars().count() <= TITLE
        && text.trim() == text
        && text.chars().all(inner)
}
