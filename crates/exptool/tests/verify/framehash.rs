// SPDX-License-Identifier: MPL-2.0
//! Hashes of coded frames are those that ffmpeg computes of a copy.

use crate::{
    exptool_tools::{complaint, one_camera, run, text, two_cameras},
    verify::{
        converted,
        files::{bare, records},
        manifest,
    },
};
use std::path::Path;
use testing::{make, plv1::Avi};

/// What `--framehash` writes of a camera.
fn framehash(file: &Path, camera: u32) -> String {
    let out = file.with_extension("framehash");
    let camera = camera.to_string();
    let arguments = ["verify", text(file), "--camera", &camera];
    let more = ["--framehash", text(&out), "--force"];
    run(&[&arguments[..], &more].concat(), 0);
    std::fs::read_to_string(out).unwrap()
}

/// What ffmpeg says of the video of a file, `more` being options of its output.
fn ffmpeg(file: &Path, more: &[&str]) -> String {
    let input = ["-v", "error", "-i", text(file), "-map", "0:v", "-c", "copy"];
    let output = ["-bitexact", "-f", "framehash", "-"];
    let hashes = make::output("ffmpeg", &[&input[..], more, &output].concat());
    String::from_utf8(hashes).unwrap()
}

fn check(file: &Path, camera: u32, chain: &str) {
    let copy = converted(file, camera, chain, "matroskamux", "mkv");
    let theirs = ffmpeg(&copy, &[]);
    assert!(theirs.lines().count() > 40, "{theirs}");
    assert_eq!(framehash(file, camera), theirs, "{}", file.display());
}

#[test]
fn hashes_of_frames_are_those_of_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    check(&file, 1, "identity");
    check(&file, 2, "identity");
    // the first keyframe is gone, and a copy begins with the second
    let all = records(&one_camera(folder.path(), 12));
    check(&bare(folder.path(), "bare.exp", &all[1..]), 1, "identity");
    let words = complaint(&["verify", text(&file), "--framehash", "x"], 2);
    assert!(words.contains("the recording has cameras 1, 2"), "{words}");
    let h264 = folder.path().join("h264.exp");
    run(
        &[
            "make",
            "test:ball",
            "--codec=h264",
            "--seconds=6",
            "-o",
            text(&h264),
        ],
        0,
    );
    check(&h264, 1, "h264parse");
}

#[test]
fn hashes_of_plv1_are_those_of_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    let mut avi = Avi::new(64, 48);
    for (n, coded) in make::tiny().iter().enumerate() {
        avi.picture(1_000_000_000 + n as u32 / 6, coded, 88);
        avi.padding(4);
    }
    let file = folder.path().join("plv1.avi");
    std::fs::write(&file, avi.finish()).unwrap();
    check(&file, 1, "identity");
}

/// ffmpeg takes away the headers before frames, which containers add and leave out at will: what is left is what a manifest hashes.
#[test]
fn a_manifest_has_the_hashes_of_ffmpeg_without_headers() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 4);
    let lines = std::fs::read_to_string(manifest(&file)).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let ours: Vec<String> = lines
        .filter(|line: &serde_json::Value| line["type"] == "frame")
        .map(|line| line["sha256"].as_str().unwrap().to_owned())
        .collect();
    let copy = converted(&file, 1, "identity", "matroskamux", "mkv");
    let theirs: Vec<String> = ffmpeg(&copy, &["-bsf:v", "remove_extra=all"])
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit(", ").next().unwrap().to_owned())
        .collect();
    assert_eq!(ours.len(), 30);
    assert_eq!(ours, theirs);
}
