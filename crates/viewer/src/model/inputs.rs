// SPDX-License-Identifier: MPL-2.0
//! Files and folders that somebody opens.

use super::{
    recording::{OpenError, Part, Recording},
    words::{tr, trf},
};
use std::path::{Path, PathBuf};

/// Files of a folder that are looked at, and folders inside each other.
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 4;

/// What became of the files that were opened.
#[derive(Debug, Default)]
pub struct Opening {
    pub recordings: Vec<Recording>,
    /// Files that were asked for and are not shown, for people.
    pub problems: Vec<String>,
    /// Other files of the folders.
    pub skipped: usize,
}

/// Opens files and folders by their first records. Files of a folder that are not recordings are skipped.
pub fn open(paths: &[PathBuf]) -> Opening {
    let mut opening = Opening::default();
    let mut parts = Vec::new();
    for path in paths {
        if !path.is_dir() {
            match Part::open(path) {
                Ok(part) => parts.push(part),
                Err(error) => opening.problems.push(explain(path, &error)),
            }
            continue;
        }
        let before = parts.len();
        let mut files = Vec::new();
        list(path, 0, &mut files);
        for file in files {
            match Part::open(&file) {
                Ok(part) => parts.push(part),
                Err(_) => opening.skipped += 1,
            }
        }
        if parts.len() == before {
            let name = path.display().to_string();
            let text = trf("{name}: no recordings in this folder", &[("name", &name)]);
            opening.problems.push(text);
        }
    }
    opening.recordings = Recording::group(parts);
    opening
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || files.len() >= MAX_FILES {
            continue;
        }
        match std::fs::metadata(&path) {
            Ok(meta) if meta.is_dir() && depth < MAX_DEPTH => list(&path, depth + 1, files),
            Ok(meta) if meta.is_file() && meta.len() > 0 => files.push(path),
            _ => {}
        }
    }
}

/// Why a file is not shown, in plain words.
pub fn explain(path: &Path, error: &OpenError) -> String {
    let name = path.display().to_string();
    match error {
        OpenError::Io(error) => format!("{name}: {error}"),
        OpenError::Unknown { expected, read } => trf(
            "{name} is not a recording that can be read: expected {expected}, in the first {count} bytes",
            &[
                ("name", &name),
                ("expected", expected),
                ("count", &read.to_string()),
            ],
        ),
        OpenError::Cancelled => format!("{name}: {}", tr("cancelled")),
    }
}
