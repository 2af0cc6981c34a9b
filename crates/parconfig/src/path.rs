// SPDX-License-Identifier: MPL-2.0
//! Paths such as `camera.3.title`: a section's name, a dot, a key.

use super::error::{Error, Result};
use super::schema::{self, DAYS, Id, SECTIONS};
use std::cmp::Ordering;
use std::fmt;

/// A field of a configuration. In lower case; sorted as a configuration is written, camera 2 before camera 10.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Section, empty before the first.
    pub section: String,
    /// Key.
    pub key: String,
}

impl Path {
    /// A path of its two halves.
    pub fn new(section: &str, key: &str) -> Path {
        Path {
            section: section.to_ascii_lowercase(),
            key: key.to_ascii_lowercase(),
        }
    }

    /// Reads `camera.3.title`. The key is what stands after the last dot.
    ///
    /// # Errors
    /// [`Error::Path`] where there is no dot or nothing round it.
    pub fn parse(text: &str) -> Result<Path> {
        match text.trim().rsplit_once('.') {
            Some((section, key)) if !section.is_empty() && !key.is_empty() => {
                Ok(Path::new(section, key))
            }
            _ => Err(Error::Path {
                path: text.into(),
                message: "a path is a section, a dot and a key, such as camera.3.title".into(),
            }),
        }
    }

    /// The field in the schema.
    ///
    /// # Errors
    /// [`Error::Path`] with what is allowed, where the schema has no such field.
    pub fn field(&self) -> Result<&'static schema::FieldDef> {
        schema::lookup(&self.section, &self.key).ok_or_else(|| Error::Path {
            path: self.to_string(),
            message: format!(
                "is unknown; {}",
                schema::why_unknown(&self.section, Some(&self.key))
            ),
        })
    }

    fn rank(&self) -> (usize, u64, &str, usize, u64) {
        let (group, number, text) = section_rank(&self.section);
        let fields = schema::section(&self.section).map(|(def, _)| def.fields);
        let place = fields.and_then(|fields| {
            fields
                .iter()
                .position(|field| match field.key.strip_suffix('#') {
                    None => field.key == self.key,
                    Some(stem) => self.key.starts_with(stem),
                })
        });
        let digits = self.key.trim_start_matches(|c: char| !c.is_ascii_digit());
        (
            group,
            number,
            text,
            place.unwrap_or(usize::MAX),
            digits.parse().unwrap_or(0),
        )
    }
}

/// Where a section stands among the others: its kind, its number or weekday, its name.
pub(super) fn section_rank(name: &str) -> (usize, u64, &str) {
    let Some((def, id)) = schema::section(name) else {
        return (SECTIONS.len(), 0, name);
    };
    let group = SECTIONS
        .iter()
        .position(|other| other.name == def.name && other.id == def.id)
        .unwrap_or(SECTIONS.len());
    let number = match def.id {
        Id::Number(_) => id.parse().unwrap_or(0),
        Id::Day => DAYS
            .iter()
            .position(|day| *day == id)
            .map_or(0, |at| at as u64),
        _ => 0,
    };
    (group, number, id)
}

impl Ord for Path {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other {
            return Ordering::Equal;
        }
        if self.section == other.section && schema::section(&self.section).is_none() {
            return self.key.cmp(&other.key);
        }
        self.rank()
            .cmp(&other.rank())
            .then_with(|| self.section.cmp(&other.section))
            .then_with(|| self.key.cmp(&other.key))
    }
}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.section.is_empty() {
            f.write_str(&self.key)
        } else {
            write!(f, "{}.{}", self.section, self.key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_sort_as_a_configuration_is_written() {
        let mut paths: Vec<Path> = [
            "zone.1.title",
            "schedule.sunday.day",
            "schedule.monday.day",
            "schedule.modes",
            "camera.10.title",
            "camera.2.motion-10",
            "camera.2.motion-9",
            "camera.2.title",
            "own.thing",
            "unit.name",
        ]
        .iter()
        .map(|text| Path::parse(text).unwrap())
        .collect();
        paths.sort();
        let sorted: Vec<String> = paths.iter().map(Path::to_string).collect();
        assert_eq!(
            sorted,
            [
                "unit.name",
                "camera.2.title",
                "camera.2.motion-9",
                "camera.2.motion-10",
                "camera.10.title",
                "schedule.modes",
                "schedule.monday.day",
                "schedule.sunday.day",
                "zone.1.title",
                "own.thing",
            ]
        );
    }

    #[test]
    fn no_two_fields_are_one() {
        let mut all = std::collections::BTreeSet::new();
        let mut count = 0;
        for def in SECTIONS {
            for field in def.fields {
                let section = match def.id {
                    Id::None => def.name.to_owned(),
                    Id::Number(_) => format!("{}.2", def.name),
                    Id::Name => format!("{}.x", def.name),
                    Id::Day => format!("{}.monday", def.name),
                };
                let path = Path::new(&section, &field.key.replace('#', "3"));
                assert!(path.field().is_ok(), "{path}");
                all.insert(path);
                count += 1;
            }
        }
        all.insert(Path::new("own", "a"));
        all.insert(Path::new("other", "a"));
        assert_eq!(all.len(), count + 2);
    }

    #[test]
    fn an_unknown_path_says_what_is_allowed() {
        let message = Path::parse("camera.3.titel")
            .unwrap()
            .field()
            .unwrap_err()
            .to_string();
        assert!(message.contains("title"), "{message}");
        let message = Path::parse("camera.99.title")
            .unwrap()
            .field()
            .unwrap_err()
            .to_string();
        assert!(message.contains("[camera.1..64]"), "{message}");
        assert!(Path::parse("title").is_err());
    }
}
