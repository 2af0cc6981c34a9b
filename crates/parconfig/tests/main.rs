// SPDX-License-Identifier: MPL-2.0
//! The tests of this package, as one program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod docs;
mod http;
mod laws;
mod limits;
mod recordings;
mod sets;
mod texts;
mod unit_http;
mod units;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in a folder.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parconfig"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("PARCONFIG_PASSWORD", "pass word");
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

/// All that was printed.
fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Writes a file.
fn put(folder: &tempfile::TempDir, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(folder.path().join(name), bytes).unwrap();
}
