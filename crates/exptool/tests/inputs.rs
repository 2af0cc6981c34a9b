// SPDX-License-Identifier: MPL-2.0
//! `exptool` never writes over what it reads, whatever it is told.

use crate::recording_tools as tools;

use assert_cmd::Command;
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
            let done = Command::new(env!("CARGO_BIN_EXE_exptool"))
                .args(arguments)
                .arg("--force")
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&done.stderr);
            assert_ne!(done.status.code(), Some(0), "{command:?}: {told}");
            assert!(
                std::fs::read(&input).unwrap() == before,
                "{command:?} wrote over its input"
            );
            assert!(link.is_symlink(), "{command:?} replaced the link");
        }
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
}
