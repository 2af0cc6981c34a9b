// SPDX-License-Identifier: MPL-2.0
//! `exptool verify` finds every changed byte, and proves that converted files hold the same frames.

mod against;
mod avi;
use crate::exptool_tools;
use testing::{common, make};
mod encoded;
mod files;
mod framehash;
mod several;
mod structure;

use exptool_tools::{complaint, exptool, json, one_camera, run, text, two_cameras};
use std::path::{Path, PathBuf};

/// The manifest of a file.
fn manifest(file: &Path) -> PathBuf {
    let path = file.with_extension("manifest");
    run(&["verify", text(file), "--manifest", text(&path)], 0);
    path
}

#[test]
fn an_untouched_file_is_all_right_and_its_hash_is_that_of_sha256sum() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let manifest = manifest(&file);
    let answer = json(&["verify", text(&file), "--against", text(&manifest)], 0);
    assert_eq!(answer["good"], true);
    let checked = &answer["checked"];
    assert_eq!(checked["records"], 180);
    assert_eq!(checked["checksums_ok"], 180);
    assert_eq!(checked["index"]["agree"], 180);
    assert_eq!(answer["against"][0]["same"], 180);
    let sum = String::from_utf8(make::output("sha256sum", &[text(&file)])).unwrap();
    assert_eq!(checked["sha256"].as_str(), sum.split(' ').next());
    // what is there is not replaced
    complaint(&["verify", text(&file), "--manifest", text(&manifest)], 4);
}

#[test]
fn a_changed_frame_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let manifest = manifest(&file);
    let sheet = json(&["explain", text(&file), "--record", "17"], 0);
    let (at, size) = (
        sheet["offset"].as_u64().unwrap(),
        sheet["size"].as_u64().unwrap(),
    );
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[(at + size - 8) as usize] ^= 0x10;
    std::fs::write(&file, bytes).unwrap();
    let answer = json(&["verify", text(&file), "--against", text(&manifest)], 1);
    assert_eq!(answer["good"], false);
    assert_eq!(answer["checked"]["checksums_mismatch"], 1);
    assert_eq!(answer["checked"]["checksum_mismatch_at"][0], at);
    let against = &answer["against"][0];
    assert_eq!(
        (&against["same"], &against["changed"], &against["missing"]),
        (&59.into(), &1.into(), &0.into())
    );
    assert_eq!(against["differences"][0]["frame"], 17);
    assert_eq!(against["differences"][0]["difference"], "changed");
}

#[test]
fn lost_records_are_named_and_the_rest_still_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let manifest = manifest(&file);
    let place = |n: &str| {
        let sheet = json(&["explain", text(&file), "--record", n], 0);
        sheet["offset"].as_u64().unwrap() as usize
    };
    let (from, to) = (place("20"), place("23"));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.drain(from..to);
    std::fs::write(&file, bytes).unwrap();
    let answer = json(&["verify", text(&file), "--against", text(&manifest)], 1);
    let against = &answer["against"][0];
    assert_eq!(
        (&against["same"], &against["changed"], &against["missing"]),
        (&57.into(), &0.into(), &3.into())
    );
    let frames: Vec<_> = against["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|difference| difference["frame"].as_u64().unwrap())
        .collect();
    assert_eq!(frames, [20, 21, 22]);
    // the index and the header's count do not fit any more
    assert_eq!(answer["checked"]["index"]["misplaced"], true);
}

/// Copies the coded frames of a camera into another container, by a pipeline of its own.
fn converted(file: &Path, camera: u32, parser: &str, muxer: &str, suffix: &str) -> PathBuf {
    let out = file.with_extension(format!("{camera}.{suffix}"));
    common::launch_well(&format!(
        "filesrc location={} ! expdemux camera={camera} ! {parser} ! {muxer} ! filesink location={}",
        file.display(),
        out.display()
    ));
    out
}

#[test]
fn converted_files_are_proved_to_hold_the_same_frames() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let manifest = manifest(&file);
    for (muxer, suffix) in [
        ("mp4mux", "mp4"),
        ("matroskamux", "mkv"),
        ("avimux", "avi"),
        ("identity", "m4v"),
    ] {
        let out = converted(&file, 2, "mpeg4videoparse", muxer, suffix);
        let answer = json(&["verify", text(&out), "--against", text(&manifest)], 0);
        let against = &answer["against"][0];
        assert_eq!(against["camera"], 2, "{suffix}");
        assert_eq!(against["same"], 90, "{suffix}");
        if suffix != "m4v" {
            assert_eq!(count_frames(&out), 90, "{suffix}");
        }
    }
}

/// Number of frames as ffprobe counts them.
fn count_frames(file: &Path) -> u64 {
    let entries = ["-count_packets", "-show_entries", "stream=nb_read_packets"];
    let arguments = [
        &["-v", "error"],
        &entries[..],
        &["-of", "csv=p=0", text(file)],
    ]
    .concat();
    let count = String::from_utf8(make::output("ffprobe", &arguments)).unwrap();
    count.trim().parse().unwrap()
}

#[test]
fn h264_is_compared_whatever_its_framing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("h264.exp");
    let arguments = [
        "make",
        "test:ball",
        "--codec=h264",
        "--seconds=6",
        "-o",
        text(&file),
    ];
    run(&arguments, 0);
    let manifest = manifest(&file);
    let out = converted(&file, 1, "h264parse", "mp4mux", "mp4");
    let answer = json(&["verify", text(&out), "--against", text(&manifest)], 0);
    assert_eq!(answer["against"][0]["same"], 45);
}

#[test]
fn a_converted_file_with_another_frame_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let manifest = manifest(&file);
    let out = converted(&file, 1, "mpeg4videoparse", "mp4mux", "mp4");
    // the bytes of the tenth P frame, found in the converted file
    let sheet = json(&["explain", text(&file), "--record", "10"], 0);
    let at = sheet["offset"].as_u64().unwrap() as usize + 24;
    let original = std::fs::read(&file).unwrap();
    let mut bytes = std::fs::read(&out).unwrap();
    let needle = &original[at..at + 40];
    let place = bytes.windows(40).position(|part| part == needle).unwrap();
    bytes[place + 30] ^= 1;
    std::fs::write(&out, bytes).unwrap();
    let answer = json(&["verify", text(&out), "--against", text(&manifest)], 1);
    let against = &answer["against"][0];
    assert_eq!(
        (&against["same"], &against["changed"]),
        (&59.into(), &1.into())
    );
    assert_eq!(against["differences"][0]["frame"], 10);
}

#[test]
fn a_part_is_no_difference_where_one_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 12);
    let manifest = manifest(&file);
    let place = |n: &str| {
        let sheet = json(&["explain", text(&file), "--record", n], 0);
        sheet["offset"].as_u64().unwrap() as usize
    };
    let (from, to) = (place("30"), place("60"));
    let part = folder.path().join("part.exp");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&part, &bytes[from..to]).unwrap();
    let whole = json(&["verify", text(&part), "--against", text(&manifest)], 1);
    assert_eq!(whole["against"][0]["missing"], 60);
    let answer = json(
        &[
            "verify",
            text(&part),
            "--against",
            text(&manifest),
            "--part",
        ],
        0,
    );
    assert_eq!(answer["against"][0]["same"], 30);
    assert_eq!(answer["against"][0]["outside_part"], 60);
}

#[test]
fn what_is_not_a_manifest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 2);
    let words = complaint(&["verify", text(&file), "--against", text(&file)], 3);
    assert!(
        words.contains("first line of an exptool manifest"),
        "{words}"
    );
    let manifest = manifest(&file);
    let lines = std::fs::read_to_string(&manifest).unwrap();
    let cut: Vec<&str> = lines.lines().take(5).collect();
    std::fs::write(&manifest, cut.join("\n") + "\n").unwrap();
    let words = complaint(&["verify", text(&file), "--against", text(&manifest)], 3);
    assert!(words.contains("cut short"), "{words}");
}

#[test]
fn damage_is_found_in_the_samples() {
    let Some(folder) = common::samples("dx") else {
        return;
    };
    for (name, code) in [
        ("lobby.exp", 0),
        ("two-cameras.exp", 0),
        ("real-footage.exp", 0),
        ("plv1.avi", 0),
        ("no-header.exp", 0),
        ("damaged.exp", 1),
        ("cut-short.exp", 1),
    ] {
        json(&["verify", text(&folder.join(name))], code);
    }
}

#[test]
fn no_bar_is_drawn_into_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 2);
    let output = exptool().args(["verify", text(&file)]).output().unwrap();
    assert!(output.stderr.is_empty(), "{:?}", output.stderr);
}
