// SPDX-License-Identifier: MPL-2.0
//! Several files at once, and copies that go by other names.

use crate::{
    exptool_tools::{complaint, exptool, json, one_camera, run, text, two_cameras},
    verify::files::{bare, numbers, records, spoil},
};
use std::process::Command;
use testing::make;

#[test]
fn renamed_copies_are_found_by_their_hash_or_their_frames() {
    let folder = tempfile::tempdir().unwrap();
    let one = one_camera(folder.path(), 8);
    let two = two_cameras(folder.path());
    let manifest = folder.path().join("disc.manifest");
    let arguments = [
        "verify",
        text(&one),
        text(&two),
        "--manifest",
        text(&manifest),
    ];
    let words = run(&arguments, 0);
    let summary = "2 files: 2 without problems, 0 with problems, 0 unreadable\n";
    assert!(words.ends_with(summary), "{words}");
    // the names are exchanged
    let moved = folder.path().join("moved.exp");
    std::fs::rename(&one, &moved).unwrap();
    std::fs::rename(&two, &one).unwrap();
    let arguments = [
        "verify",
        text(&one),
        text(&moved),
        "--against",
        text(&manifest),
    ];
    let answer = json(&arguments, 0);
    let found = |answer: &serde_json::Value, n: usize| {
        let outcome = &answer["files"][n]["against"][0];
        (outcome["recording"].clone(), outcome["same_file"].clone())
    };
    assert_eq!(found(&answer, 0), ("two.exp".into(), true.into()));
    assert_eq!(found(&answer, 1), ("one.exp".into(), true.into()));
    assert_eq!(
        (&answer["good"], &answer["with_problems"]),
        (&2.into(), &0.into())
    );
    let words = run(&arguments, 0);
    assert!(
        words.contains("moved.exp: no problems found, is one.exp, SHA-256 "),
        "{words}"
    );
    // one that was changed is still compared with what it was, and the others are named
    let mut all = records(&moved);
    spoil(&mut all[5]);
    let changed = bare(folder.path(), "changed.exp", &all);
    let answer = json(&["verify", text(&changed), "--against", text(&manifest)], 1);
    assert_eq!(answer["against"][0]["recording"], "one.exp");
    assert_eq!(numbers(&answer), [59, 1, 0, 0, 0, 0]);
    let again = folder.path().join("again.exp");
    std::fs::copy(&changed, &again).unwrap();
    let arguments = [
        "verify",
        text(&changed),
        text(&again),
        "--against",
        text(&manifest),
    ];
    let words = run(&arguments, 1);
    assert!(
        words.contains("two.exp: in the manifest, but not among these files"),
        "{words}"
    );
    let summary = "2 files: 0 without problems, 2 with problems, 0 unreadable\n";
    assert!(words.ends_with(summary), "{words}");
}

#[test]
fn an_unreadable_file_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let one = one_camera(folder.path(), 2);
    let odd = folder.path().join("odd.exp");
    std::fs::write(&odd, "not a recording").unwrap();
    let output = exptool()
        .args(["verify", text(&odd), text(&one)])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let (words, errors) = (output.stdout, String::from_utf8(output.stderr).unwrap());
    let words = String::from_utf8(words).unwrap();
    assert!(errors.contains("odd.exp: "), "{errors}");
    let summary = "2 files: 1 without problems, 0 with problems, 1 unreadable\n";
    assert!(words.ends_with(summary), "{words}");
    for arguments in [
        &["verify", text(&one), "--camera", "1"][..],
        &["verify", text(&one), text(&one), "--framehash", "x"],
        &["verify", text(&one), "--force"],
    ] {
        complaint(arguments, 2);
    }
}

/// Each line of a manifest is a JSON object, and Python with `sha256sum` can use it without this program.
#[test]
fn other_programs_read_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let one = one_camera(folder.path(), 4);
    let two = two_cameras(folder.path());
    let manifest = folder.path().join("disc.manifest");
    run(
        &[
            "verify",
            text(&one),
            text(&two),
            "--manifest",
            text(&manifest),
        ],
        0,
    );
    let script = "import json, sys
name, frames = None, 0
for line in open(sys.argv[1]):
    line = json.loads(line)
    if line['type'] == 'file': name, frames = line['name'], 0
    if line['type'] == 'frame':
        assert line['n'] == frames and len(line['sha256']) == 64
        frames += 1
    if line['type'] == 'end':
        assert line['frames'] == frames
        print(line['sha256'] + '  ' + name)
";
    let sums = make::output("python3", &["-c", script, text(&manifest)]);
    let sums = String::from_utf8(sums).unwrap();
    assert_eq!(sums.lines().count(), 2);
    let list = folder.path().join("SHA256SUMS");
    std::fs::write(&list, &sums).unwrap();
    let check = Command::new("sha256sum")
        .current_dir(folder.path())
        .args(["--check", "--quiet", "SHA256SUMS"])
        .status();
    assert!(check.unwrap().success(), "{sums}");
}
