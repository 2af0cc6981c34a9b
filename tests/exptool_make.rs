// SPDX-License-Identifier: MPL-2.0
//! `exptool make` makes recordings that play, from any video.
#![cfg(all(feature = "plugin", feature = "tools"))]

mod common;
mod exptool_tools;

use exptool_tools::{complaint, json, one_camera, run, text};

#[test]
fn a_break_begins_with_a_key_picture() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("breaks.exp");
    let arguments = [
        "make",
        "test:ball",
        "-o",
        text(&file),
        "--seconds=6",
        "--break=2.5:100",
        "--start=2010-01-01T08:00:00Z",
    ];
    run(&arguments, 0);
    let report = json(&["info", text(&file)], 0);
    assert_eq!(report["gaps"], 1);
    assert_eq!(report["records"], 45);
    assert_eq!(report["streams"][0]["orphans"], 0);
    let second = report["runs"][1]["offset"].to_string();
    let sheet = json(&["explain", text(&file), "--at", &second], 0);
    assert!(
        sheet["title"].as_str().unwrap().starts_with("key picture"),
        "{sheet}"
    );
}

#[test]
fn a_video_with_sound_becomes_a_recording_with_sound() {
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("video.mkv");
    common::launch_well(&format!(
        "matroskamux name=mux ! filesink location={} \
         videotestsrc num-buffers=75 ! video/x-raw,width=320,height=240,framerate=25/1 ! jpegenc ! mux. \
         audiotestsrc num-buffers=130 ! audio/x-raw,rate=44100,channels=2 ! mux.",
        video.display()
    ));
    let file = folder.path().join("sound.exp");
    let arguments = [
        "make",
        text(&video),
        "-o",
        text(&file),
        "--sound",
        "--standard=pal",
        "--rate=12.5",
        "--camera=7",
        "--mode=alarm",
    ];
    run(&arguments, 0);
    let report = json(&["info", text(&file)], 0);
    assert_eq!(report["video_standard"], "PAL");
    let streams = report["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 2);
    assert_eq!(streams[0]["camera"], 7);
    assert_eq!(streams[0]["height"], 288);
    assert_eq!(streams[0]["modes"]["alarm"], streams[0]["frames"]);
    assert!(streams[0]["frames"].as_u64().unwrap().abs_diff(38) <= 1);
    assert_eq!(streams[1]["codec"], "mu-law");
    assert_eq!(streams[1]["sample_rate"], 8000);
    run(&["verify", text(&file)], 0);
}

#[test]
fn nothing_is_overwritten_and_nothing_half_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 1);
    let before = std::fs::read(&file).unwrap();
    let words = complaint(&["make", "test:ball", "-o", text(&file)], 4);
    assert!(words.contains("--force"), "{words}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let new = folder.path().join("new.exp");
    let words = complaint(&["make", "test:nonsense", "-o", text(&new)], 2);
    assert!(words.contains("no such pattern"), "{words}");
    // no video at all
    let noise = folder.path().join("noise");
    std::fs::write(&noise, [7; 3000]).unwrap();
    complaint(&["make", text(&noise), "-o", text(&new)], 5);
    complaint(&["make", "/nonexistent.mp4", "-o", text(&new)], 3);
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_missing_plugin_is_named_with_its_package() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.exp");
    // an empty plugin path: only what is linked in is there
    let output = exptool_tools::exptool()
        .args(["make", "test:ball", "-o", text(&new)])
        .env("GST_PLUGIN_SYSTEM_PATH_1_0", folder.path())
        .env("GST_PLUGIN_PATH_1_0", "")
        .env("GST_REGISTRY", folder.path().join("registry"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("apt install"), "{words}");
}
