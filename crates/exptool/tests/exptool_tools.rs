// SPDX-License-Identifier: MPL-2.0
//! Runs the built program as a user would.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The program, without input.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exptool"));
    command.stdin(Stdio::null());
    command
}

/// The same, for at most `seconds`: then its code is 124.
pub fn limited(seconds: u32) -> Command {
    let mut command = Command::new("timeout");
    command.arg(seconds.to_string());
    command.arg(env!("CARGO_BIN_EXE_exptool"));
    command.stdin(Stdio::null());
    command
}

/// The same, for as long as anything may take.
pub fn exptool() -> Command {
    limited(120)
}

/// Runs it. It has to end with `code`.
pub fn ends_with(code: i32, command: &mut Command) {
    let output = command.output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{errors}");
}

/// Runs it, and gives its standard output. It has to end with `code`.
pub fn run(arguments: &[&str], code: i32) -> String {
    let output = exptool().args(arguments).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(code),
        "exptool {arguments:?}\n{text}\n{errors}"
    );
    text
}

/// Runs it, and gives what it says on the error output. It has to end with `code`.
pub fn complaint(arguments: &[&str], code: i32) -> String {
    let output = exptool().args(arguments).output().expect("it runs");
    assert_eq!(output.status.code(), Some(code), "exptool {arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The same, with `--json`, read.
pub fn json(arguments: &[&str], code: i32) -> serde_json::Value {
    let mut all = vec!["--json"];
    all.extend(arguments);
    let text = run(&all, code);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A file made by the program: two cameras, 12 s, a gap of 300 s at 4 s, the clock set back by 60 s at 8 s, motion from 4 s on.
pub fn two_cameras(folder: &Path) -> PathBuf {
    let path = folder.join("two.exp");
    let arguments = [
        "make",
        "test:ball",
        "test:smpte",
        "-o",
        text(&path),
        "--seconds=12",
        "--break=4:300",
        "--break=8:-60",
        "--mode-at=4:motion",
        "--title=Front door",
        "--title=Yard",
        "--start=2010-01-01T08:00:00Z",
        "--utc-offset=-5",
    ];
    run(&arguments, 0);
    path
}

/// A file made by the program: one camera, `seconds` long.
pub fn one_camera(folder: &Path, seconds: u32) -> PathBuf {
    let path = folder.join("one.exp");
    let seconds = format!("--seconds={seconds}");
    let arguments = [
        "make",
        "test:ball",
        "-o",
        text(&path),
        &seconds,
        "--start=2010-01-01T08:00:00Z",
    ];
    run(&arguments, 0);
    path
}

/// What another program prints. It has to be there and to succeed: `scripts/setup test` installs it.
pub fn other(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}, see scripts/setup: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
