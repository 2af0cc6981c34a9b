// SPDX-License-Identifier: MPL-2.0
//! ZIP files of a unit's settings. Bounded in files, bytes and depth; nothing is unpacked to disk; no ZIP in a ZIP is opened.

use crate::error::{Error, Result};
use crate::unit::ftp::{MAX_DEPTH, MAX_FILE, MAX_FILES};
use crate::unit::set::{Contents, MAX_TOTAL};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// All files of a ZIP.
///
/// # Errors
/// [`Error::Archive`] for a damaged ZIP, names that lead out of it, links, and what is beyond the limits.
pub fn read_zip(mut file: File, name: &str) -> Result<Contents> {
    let refuse = |entry: &str, message: String| Error::Archive {
        entry: format!("{name}: {entry:?}"),
        message,
    };
    let broken = |error: &dyn std::fmt::Display| refuse("", format!("a damaged ZIP file: {error}"));
    check_directory(&mut file).map_err(|message| refuse("", message))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| broken(&error))?;
    let mut found = Contents::new();
    let mut total = 0_usize;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let inner = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let leads_out = entry.enclosed_name().is_none()
            || inner.starts_with('/')
            || inner.contains(['\\', ':']);
        if leads_out || inner.chars().any(char::is_control) {
            return Err(refuse(
                &inner,
                "the name leads out of the ZIP; expected a relative name".into(),
            ));
        }
        if entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            return Err(refuse(&inner, "is a link; expected a file".into()));
        }
        if inner.matches('/').count() > MAX_DEPTH {
            return Err(refuse(
                &inner,
                format!("more than {MAX_DEPTH} folders in each other"),
            ));
        }
        let mut bytes = Vec::new();
        let read = entry
            .take((MAX_FILE as u64).saturating_add(1))
            .read_to_end(&mut bytes);
        read.map_err(|error| refuse(&inner, error.to_string()))?;
        total = total.saturating_add(bytes.len());
        if bytes.len() > MAX_FILE || total > MAX_TOTAL {
            return Err(refuse(
                &inner,
                format!("more than {MAX_FILE} bytes, or {MAX_TOTAL} bytes together"),
            ));
        }
        found.insert(inner, bytes);
    }
    Ok(found)
}

/// Reads the ZIP's closing record, so that a directory of millions of entries is refused before it is read.
fn check_directory(file: &mut File) -> Result<(), String> {
    // Closing record of 22 bytes and a comment of at most 65,535 (stated: APPNOTE 4.3.16).
    const LONGEST: u64 = 65_557;
    let mut tail = Vec::new();
    let length = file
        .seek(SeekFrom::End(0))
        .and_then(|length| {
            file.seek(SeekFrom::Start(length.saturating_sub(LONGEST)))
                .map(|_| length)
        })
        .and_then(|length| file.take(LONGEST).read_to_end(&mut tail).map(|_| length))
        .and_then(|length| file.seek(SeekFrom::Start(0)).map(|_| length))
        .map_err(|error| error.to_string())?;
    let Some(at) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else {
        return Err(format!(
            "byte {length}: the ZIP file is cut off; its closing record is expected at the end"
        ));
    };
    let entries = formats::cursor::u16_le(&tail, at.saturating_add(10)).unwrap_or(u16::MAX);
    let size = formats::cursor::u32_le(&tail, at.saturating_add(12)).unwrap_or(u32::MAX);
    if usize::from(entries) > MAX_FILES || size > 1 << 20 {
        return Err(format!("{entries} entries; at most {MAX_FILES} are read"));
    }
    Ok(())
}
