// SPDX-License-Identifier: MPL-2.0
//! What an output was made of, in a comment inside it: who gets the file knows where it comes from, and a second call knows its own.

use super::{Convert, Format, plan::Item};
use crate::common::Failure;
use gst::prelude::*;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// Muxers write comments near the beginning or the end of a file; the tables of an MP4 file may be this long.
const SEARCHED: u64 = 8 << 20;
/// Where the SHA-256 of the source goes, which is known only when all of it was read.
const SUM: &str = "################################################################";

/// The beginning of a comment: program, inputs with their sizes, and what was asked for.
pub fn describe(convert: &Convert, items: &[Item]) -> String {
    let inputs = items.iter().map(|item| {
        let name = item.path.file_name().unwrap_or_default().to_string_lossy();
        let size = item.path.metadata().map_or(0, |meta| meta.len());
        format!("{name}, {size} bytes")
    });
    format!(
        "exptool {}: made of {}; {};",
        env!("CARGO_PKG_VERSION"),
        inputs.collect::<Vec<_>>().join(" + "),
        convert.asked().join(", ").to_lowercase()
    )
}

/// The whole comment, with room for the SHA-256 of each source.
pub fn complete(beginning: &str, camera: &str, sources: usize) -> String {
    format!("{beginning} {camera}; SHA-256 {}", room(sources))
}

/// Room for the SHA-256 of each source.
pub fn room(sources: usize) -> String {
    vec![SUM; sources].join(", ")
}

/// Has a muxer write the comment. Without effect where it has no place for it.
pub fn write(mux: &gst::Element, comment: &str) {
    // GStreamer 1.22's Matroska muxer writes texts of tags in quotes, with backslashes
    if mux.has_property("writing-app") {
        mux.set_property("writing-app", comment);
    } else if let Some(setter) = mux.dynamic_cast_ref::<gst::TagSetter>() {
        setter.add_tag::<gst::tags::Comment>(&comment, gst::TagMergeMode::Replace);
    }
}

/// Puts the SHA-256 of each source into a finished file that has room for them.
///
/// # Errors
/// A file that cannot be changed.
pub fn write_sums(path: &Path, sums: &[String]) -> Result<(), Failure> {
    let fail = |error: io::Error| Failure::Output(format!("{}: {error}", path.display()));
    if let Some(at) = find(path, &room(sums.len())).map_err(fail)? {
        let mut file = OpenOptions::new().write(true).open(path).map_err(fail)?;
        file.seek(SeekFrom::Start(at)).map_err(fail)?;
        file.write_all(sums.join(", ").as_bytes()).map_err(fail)?;
    }
    Ok(())
}

/// Whether a file that already exists has a comment that begins so. A bare stream has no place for one and is taken for what its name
/// says.
pub fn agrees(path: &Path, format: Format, beginning: &str) -> bool {
    if format == Format::M4v {
        return path.metadata().is_ok_and(|meta| meta.len() > 0);
    }
    // one of another version is as good
    let made_of = beginning
        .split_once(": ")
        .map_or(beginning, |(_, rest)| rest);
    find(path, made_of).is_ok_and(|found| found.is_some())
}

/// Offset of a text near the beginning or the end of a file.
fn find(path: &Path, text: &str) -> io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut bytes = Vec::new();
    for from in [size.saturating_sub(SEARCHED), 0] {
        bytes.clear();
        file.seek(SeekFrom::Start(from))?;
        Read::by_ref(&mut file)
            .take(SEARCHED)
            .read_to_end(&mut bytes)?;
        if let Some(at) = memchr::memmem::find(&bytes, text.as_bytes()) {
            return Ok(Some(from + at as u64));
        }
    }
    Ok(None)
}
