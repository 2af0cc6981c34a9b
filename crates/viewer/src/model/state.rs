// SPDX-License-Identifier: MPL-2.0
//! What the program remembers: window, layout, recent files. It is kept in the user's folders (XDG), never beside a recording.

use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Recent openings that are remembered.
const MAX_RECENT: usize = 10;

/// What is remembered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct State {
    pub width: i32,
    pub height: i32,
    pub maximized: bool,
    /// `system`, `light` or `dark`.
    pub style: String,
    /// Playback continues at once after a gap.
    pub skip_gaps: bool,
    pub muted: bool,
    /// The panel at the side is shown.
    pub panel: bool,
    /// Case details that are printed.
    pub case: String,
    pub examiner: String,
    /// What was opened last, newest first.
    pub recent: Vec<Vec<PathBuf>>,
}

impl Default for State {
    fn default() -> State {
        State {
            width: 1100,
            height: 760,
            maximized: false,
            style: "system".to_owned(),
            skip_gaps: true,
            muted: false,
            panel: false,
            case: String::new(),
            examiner: String::new(),
            recent: Vec::new(),
        }
    }
}

impl State {
    /// Reads it; what cannot be read is as it is at first.
    pub fn load(path: &Path) -> State {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        toml::from_str(&text).unwrap_or_default()
    }

    /// Writes it.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = toml::to_string(self).map_err(io::Error::other)?;
        replace(path, text.as_bytes())
    }

    /// Remembers what was opened.
    pub fn add_recent(&mut self, paths: Vec<PathBuf>) {
        self.recent.retain(|known| *known != paths);
        self.recent.insert(0, paths);
        self.recent.truncate(MAX_RECENT);
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
/// A folder that cannot be written to.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    std::fs::write(&new, bytes)?;
    std::fs::rename(&new, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&new);
    })
}
