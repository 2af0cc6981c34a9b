// SPDX-License-Identifier: MPL-2.0
//! Reads text files that somebody names: layouts, configurations of units.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Larger texts are refused, in bytes.
pub const MAX_TEXT: u64 = 1 << 20;

/// The text of a regular file of at most [`MAX_TEXT`] bytes. Devices and pipes are refused, as they may have no end or never begin.
///
/// # Errors
/// A file that cannot be read, is not a regular one, is too large, or is not UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    let refused = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
    // asked before it is opened: that alone waits for somebody to write to a pipe
    if !path.metadata()?.is_file() {
        return Err(refused("is not a regular file".to_owned()));
    }
    let mut text = String::new();
    let mut file = File::open(path)?.take(MAX_TEXT.saturating_add(1));
    file.read_to_string(&mut text)?;
    match text.len() as u64 > MAX_TEXT {
        true => Err(refused(format!("is larger than {MAX_TEXT} bytes"))),
        false => Ok(text),
    }
}
