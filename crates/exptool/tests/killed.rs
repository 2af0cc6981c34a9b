// SPDX-License-Identifier: MPL-2.0
//! kill -9 at any moment: an output is the old one or the new one, never half of it.

use crate::recording_tools as tools;

use formats::reader::Mode;
use std::{
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};
use tools::{Run, write};

const OLD: &[u8] = b"what was there before";

fn exptool(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exptool"));
    command.current_dir(folder).args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// `whole`: whether these are the bytes of a file that is complete.
fn killed_anywhere(arguments: &[&str], output: &str, whole: impl Fn(&[u8]) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(output);
    let runs: Vec<Run> = (0..8)
        .map(|n| Run {
            camera: 1,
            at: n * 100,
            seconds: 60,
            mode: Mode::Motion,
        })
        .collect();
    write(&folder.path().join("x.exp"), &runs);
    let begin = Instant::now();
    let status = exptool(folder.path(), arguments).status().unwrap();
    assert!(status.code().is_some_and(|code| code <= 1), "{status}");
    let took = begin.elapsed();
    assert!(
        whole(&std::fs::read(&path).unwrap()),
        "{output} is not whole without a kill"
    );
    let (mut killed, mut old) = (0, 0);
    for step in 0..24 {
        std::fs::write(&path, OLD).unwrap();
        let mut child = exptool(folder.path(), arguments).spawn().unwrap();
        // nothing depends on how far it comes
        std::thread::sleep(took * step / 20);
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().signal() == Some(9));
        let now = std::fs::read(&path).unwrap();
        old += usize::from(now == OLD);
        assert!(
            now == OLD || whole(&now),
            "{output}, step {step}: {} bytes",
            now.len()
        );
    }
    println!("{output}: killed {killed} of 24 times, {old} times the old file");
    assert!(killed > 0 && old > 0);
}

#[test]
fn a_conversion() {
    // boxes to the end of the file, the movie header among them
    let whole = |bytes: &[u8]| {
        let (mut at, mut movie) = (0, false);
        while let Some(head) = bytes.get(at..at + 8) {
            let size = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
            movie |= &head[4..] == b"moov";
            at += size.max(8);
        }
        at == bytes.len() && movie
    };
    killed_anywhere(
        &["convert", "x.exp", "-o", "x.mp4", "--force"],
        "x.mp4",
        whole,
    );
}

#[test]
fn a_report() {
    let whole = |bytes: &[u8]| bytes.trim_ascii_end().ends_with(b"</html>");
    killed_anywhere(
        &["report", "x.exp", "-o", "x.html", "--force"],
        "x.html",
        whole,
    );
}

#[test]
fn a_manifest() {
    let whole = |bytes: &[u8]| {
        let last = bytes.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
        last.is_some_and(|line| memchr::memmem::find(line, b"\"type\":\"end\"").is_some())
    };
    killed_anywhere(
        &["verify", "x.exp", "--manifest", "x.manifest", "--force"],
        "x.manifest",
        whole,
    );
}
