// SPDX-License-Identifier: MPL-2.0
//! Runs the command in a folder with copies of the examples.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub fn example(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("examples/parconfig")
        .join(name)
}

/// A folder with copies of the examples.
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["north.par", "south.par", "units.csv", "mapping.toml"] {
        fs::copy(example(name), folder.path().join(name)).unwrap();
    }
    folder
}

pub fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parconfig"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Runs, wants an exit code, and answers what was printed.
#[track_caller]
pub fn ok(folder: &TempDir, code: i32, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{}{error}",
        out(&output)
    );
    out(&output)
}

#[track_caller]
pub fn error(folder: &TempDir, code: i32, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{}{error}",
        out(&output)
    );
    error
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

pub fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}
