// SPDX-License-Identifier: MPL-2.0
//! Camera titles, unit name and UTC offset out of a configuration text, for what a recording lacks.
//!
//! The text is `parconfig`'s own (assumed): TOML with a `[unit]` table and a `[camera.N]` table for each camera. Every other key
//! is left to `parconfig`.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Larger texts are refused, in bytes.
pub const MAX_TEXT: usize = 1 << 20;

/// What a configuration text names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Titles {
    /// Name of the unit.
    pub unit: Option<String>,
    /// Minutes that the unit's local time is east of UTC.
    pub utc_offset: Option<i32>,
    /// Titles by camera number, from 1.
    pub cameras: BTreeMap<u16, String>,
}

/// Why a configuration text cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TitlesError {
    /// The text is longer than [`MAX_TEXT`].
    #[error("the text is longer than {MAX_TEXT} bytes")]
    TooLong,
    /// Not TOML, or a value of the wrong type.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// A camera table whose name is not a number from 1 to 65,535.
    #[error("[camera.{0}]: expected a camera number from 1")]
    Camera(String),
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Text {
    unit: Unit,
    camera: BTreeMap<String, Camera>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Unit {
    name: Option<String>,
    utc_offset: Option<i32>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Camera {
    title: Option<String>,
}

impl Titles {
    /// Reads a configuration text.
    ///
    /// # Errors
    /// See [`TitlesError`].
    pub fn parse(text: &str) -> Result<Titles, TitlesError> {
        if text.len() > MAX_TEXT {
            return Err(TitlesError::TooLong);
        }
        let text: Text = toml::from_str(text)?;
        let mut cameras = BTreeMap::new();
        for (name, camera) in text.camera {
            let number = name.parse().ok().filter(|number| *number > 0);
            let Some(number) = number else {
                return Err(TitlesError::Camera(name));
            };
            cameras.extend(camera.title.map(|title| (number, title)));
        }
        Ok(Titles {
            unit: text.unit.name,
            utc_offset: text.unit.utc_offset,
            cameras,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_other_keys_ignored() {
        let text = "[unit]\nname = 'Depot'\nutc-offset = -60\n[camera.2]\ntitle = 'Gate'\nprofile = 'day'\n[network]\nmask = 24\n";
        let titles = Titles::parse(text).unwrap();
        assert_eq!(titles.unit.as_deref(), Some("Depot"));
        assert_eq!(titles.utc_offset, Some(-60));
        assert_eq!(titles.cameras[&2], "Gate");
    }

    #[test]
    fn a_wrong_camera_is_an_error() {
        let error = Titles::parse("[camera.x]\ntitle = 'Gate'\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "[camera.x]: expected a camera number from 1"
        );
        assert!(Titles::parse("[unit]\nutc-offset = 'one'\n").is_err());
    }
}
