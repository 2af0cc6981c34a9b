// SPDX-License-Identifier: MPL-2.0
//! A configuration against what was really recorded.

use super::effective::{Camera, Effective};
use super::model::Config;
use super::path::Path;
use super::{schema, times};
use std::collections::BTreeSet;

/// One thing that was recorded differently from how it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The field of the configuration.
    pub path: Path,
    /// How it is set, canonical; empty where it is not.
    pub set: String,
    /// How it was recorded.
    pub recorded: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.path.section.strip_prefix("camera.") {
            Some(number) => format!("camera {number}"),
            None => self.path.section.clone(),
        };
        let set = if self.set.is_empty() {
            "nothing"
        } else {
            &self.set
        };
        write!(
            f,
            "{what} is set to {set}, recorded {} ({})",
            self.recorded, self.path
        )
    }
}

/// Compares a configuration with a recording. A field that the configuration leaves open is no mismatch.
pub fn compare(config: &Config, found: &Effective) -> Vec<Mismatch> {
    let mut out = Vec::new();
    let mut tell = |section: &str, key: &str, set: &str, recorded: String| {
        out.push(Mismatch {
            path: Path::new(section, key),
            set: set.to_owned(),
            recorded,
        });
    };
    for (key, recorded) in [
        ("site", found.site.clone()),
        (
            "utc-offset",
            found.utc_offset.map(|offset| offset.to_string()),
        ),
        ("locale", found.locale.clone()),
    ] {
        if let (Some(set), Some(recorded)) = (config.canonical("unit", key), recorded)
            && set != recorded
        {
            tell("unit", key, &set, recorded);
        }
    }
    for (number, camera) in &found.cameras {
        let section = format!("camera.{number}");
        if config.section(&section).is_none() {
            tell(
                &section,
                "enabled",
                "",
                format!("{} pictures", camera.pictures),
            );
            continue;
        }
        if config.canonical(&section, "enabled").as_deref() == Some("no") {
            tell(
                &section,
                "enabled",
                "no",
                format!("{} pictures", camera.pictures),
            );
        }
        if let (Some(set), Some(title)) = (config.value(&section, "title"), camera.title())
            && set != title
        {
            tell(&section, "title", set, title.to_owned());
        }
        for (key, set, recorded) in against_profiles(config, &section, camera) {
            tell(&section, key, &set, recorded);
        }
    }
    for number in config.numbers_of("camera") {
        let section = format!("camera.{number}");
        let off = config.canonical(&section, "enabled").as_deref() == Some("no");
        if !off && !found.cameras.contains_key(&number) {
            tell(&section, "enabled", "yes", "nothing".into());
        }
    }
    out
}

/// The values of a key in all profiles that the camera may be recorded with.
fn allowed(config: &Config, section: &str, key: &str) -> BTreeSet<String> {
    let modes = schema::MODES.iter().map(|mode| format!("profile-{mode}"));
    std::iter::once("profile".to_owned())
        .chain(modes)
        .filter_map(|key| config.canonical(section, &key))
        .filter_map(|profile| config.canonical(&format!("profile.{profile}"), key))
        .collect()
}

fn against_profiles(
    config: &Config,
    section: &str,
    camera: &Camera,
) -> Vec<(&'static str, String, String)> {
    let mut found = Vec::new();
    let join = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" or ");
    for (key, recorded) in camera.profile() {
        let set = allowed(config, section, key);
        if set.is_empty() || set.contains(&recorded) {
            continue;
        }
        let differs = match key {
            // Measured: a tenth more or less is the same.
            "rate" => {
                let measured = camera.rate().unwrap_or(0.0);
                set.iter()
                    .filter_map(|set| times::per_second(set))
                    .all(|set| (set - measured).abs() > set * 0.1)
            }
            _ => true,
        };
        if differs {
            found.push((key, join(&set), recorded));
        }
    }
    let sizes = allowed(config, section, "resolution");
    for (width, height) in camera.sizes.iter().skip(1) {
        let recorded = format!("{width}x{height}");
        if !sizes.is_empty() && !sizes.contains(&recorded) {
            found.push(("resolution", join(&sizes), recorded));
        }
    }
    found
}
