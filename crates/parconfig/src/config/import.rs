// SPDX-License-Identifier: MPL-2.0
//! Texts of the older form, INI with the first line `; par 1`, become TOML.

use super::text::{ConfigText, check_text, value_of};
use crate::error::Result;
use crate::ini::{Ini, Item};

/// What an import brought.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The text.
    pub text: ConfigText,
    /// What could not be taken over, with its line.
    pub notes: Vec<String>,
}

/// Whether a text begins as the older form does.
pub fn is_old_form(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = text
        .split(|b| matches!(b, b'\n' | b'\r'))
        .find(|line| !line.trim_ascii().is_empty());
    let comment = first.and_then(|line| line.trim_ascii().strip_prefix(b";"));
    comment.is_some_and(|comment| comment.trim_ascii() == b"par 1")
}

/// The name here of a key of the older form.
fn renamed(section: &str, key: &str) -> String {
    let (section, key) = (section.to_lowercase(), key.to_lowercase());
    let camera = section.starts_with("camera.");
    let key = match key.rsplit_once('-') {
        Some(("motion", zone)) if camera => format!("motion.{zone}"),
        Some(("profile", mode)) if camera => format!("profiles.{mode}"),
        Some((rate @ ("rate" | "event-rate"), mode)) if section == "schedule" => {
            format!("{rate}.{mode}")
        }
        _ => key,
    };
    format!("{section}.{key}")
}

/// Reads a text of the older form.
///
/// # Errors
/// Bytes that are not text in UTF-8, or too many of them.
pub fn import(bytes: &[u8]) -> Result<Imported> {
    check_text(bytes)?;
    let ini = Ini::parse(bytes)?;
    let mut imported = Imported::default();
    let mut values = Vec::new();
    for item in ini.items() {
        let entry = match item {
            Item::Entry(entry) => entry,
            Item::Other(line, position) => {
                let message = "neither [section], key = value nor a comment";
                imported
                    .notes
                    .push(format!("{position}: {message}: {line:?}"));
                continue;
            }
            Item::Section(..) => continue,
        };
        let quoted = entry
            .value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let path = renamed(&entry.section, &entry.key);
        match value_of(&path, quoted.unwrap_or(&entry.value)) {
            Ok(value) => values.push((path, value)),
            Err(error) => imported.notes.push(format!("{}: {error}", entry.position)),
        }
    }
    // The last of several values of a key counted.
    imported.text.set(&values)?;
    Ok(imported)
}
