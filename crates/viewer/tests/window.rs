// SPDX-License-Identifier: MPL-2.0
//! The window, by what a person does with it: `window.py` inside Xvfb. `VIEWER_SCREENSHOTS` names a folder for screenshots, and
//! `VIEWER_PARTS` the parts to do.

use crate::footage;
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use testing::display::Display;

/// What is needed beside the program, and the Debian package of each.
const PROGRAMS: [(&str, &[&str], &str); 5] = [
    ("xvfb-run", &["--help"], "xvfb"),
    ("dbus-run-session", &["--version"], "dbus"),
    ("xdotool", &[], "xdotool"),
    ("ffprobe", &["-version"], "ffmpeg"),
    (
        "/usr/bin/python3",
        &[
            "-c",
            "import gi; gi.require_version('Atspi', '2.0'); from gi.repository import Atspi",
        ],
        "python3-pyatspi",
    ),
];

/// Parts of `window.py` that are done one after the other, beside the other groups.
const GROUPS: [&str; 3] = [
    "lobby looking saving others growing disc live drops missing",
    "timeline marks passes printing sixteen beside",
    "pictures documents exporting families recent keys",
];

/// `exptool`, which is built where it is not there yet.
fn exptool() -> PathBuf {
    let viewer = PathBuf::from(env!("CARGO_BIN_EXE_exp-viewer"));
    let exptool = viewer.with_file_name("exptool");
    if !exptool.is_file() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--locked", "-p", "exptool"])
            .status();
        assert!(built.unwrap().success());
    }
    exptool
}

#[test]
fn a_person_uses_the_window_unless_a_program_for_that_is_missing() {
    for (program, arguments, package) in PROGRAMS {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // some programs have nothing to say without a display
        let found = command.status();
        if !found.is_ok_and(|status| status.success() || arguments.is_empty()) {
            // not by eprintln!, which is kept back while the test passes
            let text = format!(
                "\nNOT RUN: the viewer's window was not tested: {program} is missing (apt install {package})\n"
            );
            let _ = std::io::stderr().write_all(text.as_bytes());
            return;
        }
    }
    let exptool = exptool();
    let given = std::env::var("VIEWER_PARTS");
    let groups = match &given {
        Ok(parts) => vec![parts.as_str()],
        Err(_) => GROUPS.to_vec(),
    };
    // most of the time is spent waiting for the window
    std::thread::scope(|scope| {
        for parts in groups {
            let exptool = &exptool;
            scope.spawn(move || walk(exptool, parts));
        }
    });
}

/// Does some of the parts of `window.py`, on a display and in a home of their own.
fn walk(exptool: &Path, parts: &str) {
    let work = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/window.py");
    let runtime = work.path().join("run");
    std::fs::create_dir(&runtime).unwrap();
    std::fs::set_permissions(
        &runtime,
        std::os::unix::fs::PermissionsExt::from_mode(0o700),
    )
    .unwrap();
    let unit = footage::live();
    let display = Display::start("1280x860");
    let mut command = Command::new("dbus-run-session");
    command.args(["--", "timeout", "1500", "/usr/bin/python3", script]);
    command.env("DISPLAY", &display.name);
    command
        .arg(env!("CARGO_BIN_EXE_exp-viewer"))
        .arg(exptool)
        .arg(&footage::folder().path)
        .args(parts.split(' '));
    command.env("VIEWER_WORK", work.path());
    command.env("VIEWER_LIVE", unit.url());
    command
        .env("HOME", work.path())
        .env("XDG_RUNTIME_DIR", &runtime);
    for (name, folder) in [
        ("XDG_STATE_HOME", "state"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        command.env(name, work.path().join(folder));
    }
    // the same on every machine
    command
        .env("GSK_RENDERER", "cairo")
        .env("GDK_BACKEND", "x11")
        .env("LC_ALL", "C.UTF-8")
        .env("GTK_A11Y", "atspi");
    command
        .env("G_DEBUG", "fatal-criticals")
        .env_remove("WAYLAND_DISPLAY")
        .env("NO_AT_BRIDGE", "0");
    let output = command.output().unwrap();
    let (done, text) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && done.ends_with("done\n"),
        "{parts}: {done}\n{text}"
    );
}
