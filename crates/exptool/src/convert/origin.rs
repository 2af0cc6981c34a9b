// SPDX-License-Identifier: MPL-2.0
//! What an output was made of, in a comment inside it: who gets the file knows where it comes from, and a second call knows its own.

use super::{Convert, Encode, Format, plan::Item};
use gst::prelude::*;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// Muxers write comments near the beginning or the end of a file; the tables of an MP4 file may be this long.
const SEARCHED: u64 = 8 << 20;

/// The comment: program, input with its size, and what was asked for.
pub fn of(convert: &Convert, item: &Item) -> String {
    let name = item.path.file_name().unwrap_or_default().to_string_lossy();
    let size = item.path.metadata().map_or(0, |meta| meta.len());
    let mut asked = vec![format!("gaps {:?}", convert.gaps)];
    asked.push(format!("clock {:?}", convert.clock));
    asked.extend(convert.transcode.map(|Encode::H264| "h264".to_owned()));
    asked.extend(convert.grid.then(|| "all cameras".to_owned()));
    asked.extend(convert.no_sound.then(|| "no sound".to_owned()));
    for (word, time) in [("from", &convert.from_time), ("to", &convert.to_time)] {
        asked.extend(time.as_ref().map(|time| format!("{word} {time}")));
    }
    format!(
        "exptool {}: made of {name}, {size} bytes; {}",
        env!("CARGO_PKG_VERSION"),
        asked.join(", ").to_lowercase()
    )
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

/// Whether a file that already exists has this comment. A bare stream has no place for one and is taken for what its name says.
pub fn agrees(path: &Path, format: Format, comment: &str) -> bool {
    if format == Format::M4v {
        return path.metadata().is_ok_and(|meta| meta.len() > 0);
    }
    // one of another version is as good
    let made_of = comment.split_once(": ").map_or(comment, |(_, rest)| rest);
    holds(path, made_of).unwrap_or(false)
}

fn holds(path: &Path, comment: &str) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut bytes = Vec::new();
    for from in [size.saturating_sub(SEARCHED), 0] {
        bytes.clear();
        file.seek(SeekFrom::Start(from))?;
        Read::by_ref(&mut file)
            .take(SEARCHED)
            .read_to_end(&mut bytes)?;
        if memchr::memmem::find(&bytes, comment.as_bytes()).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
