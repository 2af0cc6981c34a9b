// SPDX-License-Identifier: MPL-2.0
//! ZIP files of a unit's settings. Bounded in files, bytes and depth; nothing is unpacked to disk; no ZIP in a ZIP is opened.

use crate::error::{Error, Result};
use crate::files::{Budget, Contents, MAX_FILE, MAX_FILES};
use std::io::{Cursor, Read};

/// Largest ZIP that is read, in bytes. Its directory, which is read first, is then small too.
pub const MAX_ZIP: usize = 8 << 20;

/// All files of a ZIP.
///
/// # Errors
/// A damaged ZIP, names that lead out of it, links, and what is beyond the limits.
pub fn read_zip(bytes: &[u8]) -> Result<Contents> {
    let refuse =
        |entry: &str, message: &dyn std::fmt::Display| Error::refuse(format!("{entry:?}"), message);
    let damaged = |error| Error::refuse("the ZIP file is damaged", error);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > MAX_FILES {
        let entries = archive.len();
        let message = format!("{entries} entries; at most {MAX_FILES} are read");
        return Err(Error::Refused(message));
    }
    let mut found = Contents::new();
    let mut budget = Budget::default();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let inner = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let leads_out = entry.enclosed_name().is_none()
            || inner.starts_with('/')
            || inner.contains(['\\', ':'])
            || inner.chars().any(char::is_control);
        if leads_out {
            let message = "the name leads out of the ZIP; expected a relative name";
            return Err(refuse(&inner, &message));
        }
        if entry.is_symlink() {
            return Err(refuse(&inner, &"is a link; expected a file"));
        }
        if entry.is_dir() {
            continue;
        }
        let mut bytes = Vec::new();
        let read = entry
            .take((MAX_FILE as u64).saturating_add(1))
            .read_to_end(&mut bytes);
        read.map_err(|error| refuse(&inner, &error))?;
        budget.add(&inner, bytes.len() as u64)?;
        found.insert(inner, bytes);
    }
    Ok(found)
}
