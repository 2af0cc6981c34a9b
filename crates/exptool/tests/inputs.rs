// SPDX-License-Identifier: MPL-2.0
//! `exptool` never writes over what it reads, whatever the options are.

use crate::{
    exptool_tools::{limited, program},
    recording_tools as tools,
};

use tools::single;

#[test]
fn no_input_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let (input, link) = (dir.path().join("x.exp"), dir.path().join("link.exp"));
    single(&input);
    std::os::unix::fs::symlink(&input, &link).unwrap();
    let hard = dir.path().join("hard.exp");
    std::fs::hard_link(&input, &hard).unwrap();
    let before = std::fs::read(&input).unwrap();
    let commands: [&[&str]; 9] = [
        &["verify", "IN", "--manifest", "OUT"],
        &["info", "IN", "--frames-csv", "OUT"],
        &["learn", "IN", "-o", "OUT"],
        &["convert", "IN", "-o", "OUT", "--to", "mkv"],
        &["report", "IN", "-o", "OUT"],
        &["snapshot", "IN", "--at", "+1", "-o", "OUT"],
        &["contact-sheet", "IN", "-o", "OUT"],
        &["timeline", "IN", "-o", "OUT"],
        &["make", "IN", "-o", "OUT"],
    ];
    for output in [&input, &link, &hard] {
        for command in commands {
            let arguments = command.iter().map(|word| match *word {
                "IN" => input.as_os_str(),
                "OUT" => output.as_os_str(),
                word => word.as_ref(),
            });
            let done = program().args(arguments).arg("--force").output().unwrap();
            let reported = String::from_utf8_lossy(&done.stderr);
            assert_ne!(done.status.code(), Some(0), "{command:?}: {reported}");
            assert!(
                std::fs::read(&input).unwrap() == before,
                "{command:?} wrote over its input"
            );
            assert!(link.is_symlink(), "{command:?} replaced the link");
        }
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
}

#[test]
fn an_output_is_not_written_through_a_link_or_into_a_pipe() {
    use std::os::unix::fs::FileTypeExt;
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.exp");
    single(&input);
    let [target, link, pipe, nowhere] =
        ["target", "link", "pipe", "nowhere"].map(|name| dir.path().join(name));
    let run = |output: &std::path::Path, more: &[&str]| {
        let mut command = limited(60);
        let command = command.arg("verify").arg(&input).arg("--manifest");
        command.arg(output).args(more).output().unwrap().status
    };
    std::fs::write(&target, "kept").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    std::os::unix::fs::symlink(dir.path().join("missing"), &nowhere).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    // what has the name is left alone, unless it may be replaced
    for output in [&link, &nowhere, &pipe] {
        assert_eq!(run(output, &[]).code(), Some(4), "{}", output.display());
    }
    assert!(link.is_symlink() && nowhere.is_symlink());
    assert!(pipe.metadata().unwrap().file_type().is_fifo());
    // then it is replaced itself, not what it leads to
    for output in [&link, &nowhere, &pipe] {
        assert!(run(output, &["--force"]).success(), "{}", output.display());
        let found = output.symlink_metadata().unwrap();
        assert!(found.is_file() && found.len() > 0, "{}", output.display());
    }
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "kept");
    assert!(!dir.path().join("missing").exists());
}

#[test]
fn a_layout_without_an_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (input, pipe) = (dir.path().join("x.exp"), dir.path().join("pipe"));
    single(&input);
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for layout in [std::path::Path::new("/dev/zero"), &pipe] {
        let mut command = limited(60);
        let command = command.arg("info").arg(&input).arg("--layout").arg(layout);
        let done = command.output().unwrap();
        let reported = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(3), "{reported}");
        assert!(reported.contains("is not a regular file"), "{reported}");
    }
}
