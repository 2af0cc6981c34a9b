// SPDX-License-Identifier: MPL-2.0
//! `exptool learn` works out a layout that `exptool` then reads by.

use crate::exptool_tools;
use testing::common;

use exptool_tools::{json, one_camera, run, text};

#[test]
fn an_inferred_layout_reads_the_same_frames() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 40);
    let known = json(&["info", text(&file)], 0);
    // without its header nothing says what the file is but the records themselves
    let records = folder.path().join("records");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&records, &bytes[176..]).unwrap();
    let toml = folder.path().join("layout.toml");
    let inferred = json(&["learn", text(&records), "-o", text(&toml)], 0);
    assert_eq!(inferred["frames"], 300);
    assert_eq!(inferred["read"], 300);
    let report = json(&["info", "--layout", text(&toml), text(&records)], 0);
    assert_eq!(report["records"], 300);
    assert_eq!(report["layout"]["status"], "inferred");
    assert_eq!(report["runs"][0]["start_ns"], known["runs"][0]["start_ns"]);
    let sheet = json(
        &[
            "explain",
            "--layout",
            text(&toml),
            text(&records),
            "--record=1",
        ],
        0,
    );
    let fields = sheet["fields"].as_array().unwrap();
    let time = fields.iter().find(|field| field["name"] == "recorder time");
    assert_eq!(time.unwrap()["known"], "inferred");
}

#[test]
fn nothing_is_inferred_from_noise() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("noise");
    std::fs::write(&file, [0x55; 100_000]).unwrap();
    let words = run(&["learn", text(&file)], 1);
    assert!(words.contains("no layout can be inferred"), "{words}");
}

#[test]
fn a_recording_of_another_maker_is_read_as_an_unknown_layout() {
    let Some(folder) = common::samples("netvu") else {
        return;
    };
    let file = folder.join("dvip2-mpeg4.adbin");
    let report = json(&["info", "--layout", "learn", text(&file)], 0);
    assert_eq!(report["records"], 19);
    assert_eq!(
        report["span"]["start"].as_str().map(|t| &t[..19]),
        Some("2008-11-13T11:57:17")
    );
}

#[test]
fn several_files_give_one_layout_only_where_they_agree() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 40);
    let bytes = std::fs::read(&file).unwrap();
    let (one, other, strange) = (
        folder.path().join("one"),
        folder.path().join("other"),
        folder.path().join("strange"),
    );
    std::fs::write(&one, &bytes[176..]).unwrap();
    std::fs::write(&other, &bytes[176..]).unwrap();
    std::fs::write(&strange, vec![0x5a; 100_000]).unwrap();
    let toml = folder.path().join("layout.toml");
    json(&["learn", text(&one), text(&other), "-o", text(&toml)], 0);
    let report = json(&["info", "--layout", text(&toml), text(&other)], 0);
    assert_eq!(report["records"], 300);
    // nothing is inferred from one of them: the layout is that of the other, and the exit code says so
    let force = ["-o", text(&toml), "--force"];
    let inferred = json(
        &[&["learn", text(&one), text(&strange)][..], &force].concat(),
        1,
    );
    assert_eq!(inferred.as_array().unwrap().len(), 2);
}
