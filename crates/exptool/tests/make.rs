// SPDX-License-Identifier: MPL-2.0
//! `exptool make` makes recordings that play, from any video.

use crate::exptool_tools;
use testing::common;

use exptool_tools::{complaint, json, one_camera, run, text};
use std::path::{Path, PathBuf};

#[test]
fn a_break_begins_with_a_keyframe() {
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
        sheet["title"].as_str().unwrap().starts_with("keyframe"),
        "{sheet}"
    );
}

#[test]
fn a_video_with_audio_becomes_a_recording_with_audio() {
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("video.mkv");
    common::launch_well(&format!(
        "matroskamux name=mux ! filesink location={} \
         videotestsrc num-buffers=75 ! video/x-raw,width=320,height=240,framerate=25/1 ! jpegenc ! mux. \
         audiotestsrc num-buffers=130 ! audio/x-raw,rate=44100,channels=2 ! mux.",
        video.display()
    ));
    let file = folder.path().join("audio.exp");
    let arguments = [
        "make",
        text(&video),
        "-o",
        text(&file),
        "--audio",
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
    let words = complaint(&["make", text(&noise), "-o", text(&new)], 3);
    assert!(words.contains("noise: expected a video"), "{words}");
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

/// Writes a file with a pipeline.
fn launch(folder: &Path, name: &str, pipeline: &str) -> PathBuf {
    let path = folder.join(name);
    common::launch_well(&format!(
        "{pipeline} ! filesink location={}",
        path.display()
    ));
    path
}

#[test]
fn inputs_without_video_or_audio_are_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.exp");
    let silent = launch(
        folder.path(),
        "silent.mkv",
        "videotestsrc num-buffers=25 ! video/x-raw,width=320,height=240 ! jpegenc ! matroskamux",
    );
    let still = launch(
        folder.path(),
        "still.jpg",
        "videotestsrc num-buffers=1 ! video/x-raw,width=320,height=240 ! jpegenc",
    );
    let audio = launch(
        folder.path(),
        "audio.wav",
        "audiotestsrc num-buffers=40 ! wavenc",
    );
    let words = folder.path().join("words.txt");
    std::fs::write(&words, "these are words\n".repeat(50)).unwrap();
    for (input, wanted, options) in [
        (&silent, "silent.mkv: has no audio", &["--audio"][..]),
        (&still, "still.jpg: has no audio", &["--audio"]),
        (&audio, "audio.wav: has no video", &[]),
        (&words, "words.txt: expected a video", &[]),
    ] {
        let mut arguments = vec!["make", text(input), "-o", text(&new)];
        arguments.extend(options);
        let begun = std::time::Instant::now();
        let reported = complaint(&arguments, 3);
        assert!(reported.contains(wanted), "{reported}");
        assert!(begun.elapsed().as_secs() < 20);
    }
    run(&["make", text(&still), "-o", text(&new)], 0);
}

#[test]
fn the_bit_rate_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let size = |rate: u32| {
        let file = folder.path().join(format!("{rate}.exp"));
        let rate = format!("--bitrate={rate}");
        let arguments = [
            "make",
            "test:smpte",
            "-o",
            text(&file),
            "--seconds=20",
            &rate,
        ];
        run(&arguments, 0);
        std::fs::metadata(&file).unwrap().len()
    };
    let (low, middle, high) = (size(100_000), size(200_000), size(400_000));
    assert!(
        low * 3 < middle * 2 && middle * 3 < high * 2,
        "{low} {middle} {high}"
    );
    // 20 s of 200,000 bits a second
    assert!((400_000..620_000).contains(&middle), "{middle}");
}

#[test]
fn what_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.exp");
    for (option, wanted) in [
        ("--seconds=0", "more than 0"),
        ("--seconds=-3", "more than 0"),
        ("--start=1994-12-31T23:00:00Z", "from 1995 to 2039"),
        ("--start=2040-01-01T00:00:00Z", "from 1995 to 2039"),
        ("--layout=plv1", "reference layout only"),
        ("--size=8192x8192", "up to 4096x4096"),
        ("--rate=1000", "up to 120"),
        ("--utc-offset=+15", "at most 14 hours"),
    ] {
        let words = complaint(&["make", "test:ball", "-o", text(&new), option], 2);
        assert!(words.contains(wanted), "{option}: {words}");
    }
    assert!(!new.exists());
}

#[test]
fn what_has_no_effect_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    // folders are made
    let new = folder.path().join("a/b/new.exp");
    let title = format!("{}üx", "0123456789".repeat(4).get(1..).unwrap());
    let words = complaint(
        &[
            "make",
            "test:ball",
            "-o",
            text(&new),
            "--seconds=5",
            "--break=4.9:60",
            "--mode-at=6:motion",
            "--title",
            &title,
            "--start=2010-01-01T08:00:00-05:00",
        ],
        0,
    );
    for wanted in [
        "--break 4.9: has no effect",
        "--mode-at 6: has no effect",
        "40 bytes",
    ] {
        assert!(words.contains(wanted), "{words}");
    }
    let report = json(&["info", text(&new)], 0);
    assert_eq!(report["utc_offset"]["minutes"], -300, "{report}");
    assert_eq!(report["streams"][0]["title"], title.get(..39).unwrap());
}

#[test]
fn a_start_that_is_asked_for_overrules_the_times_of_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let first = one_camera(folder.path(), 3);
    let again = folder.path().join("again.exp");
    let words = complaint(&["make", text(&first), "-o", text(&again)], 0);
    assert!(words.contains("--start"), "{words}");
    let begin = |path: &Path| json(&["info", text(path)], 0)["span"]["start"].clone();
    assert_eq!(begin(&again), begin(&first));
    let start = "--start=2012-05-05T10:00:00Z";
    run(
        &["make", text(&first), "-o", text(&again), "--force", start],
        0,
    );
    let begin = begin(&again).to_string();
    assert!(begin.contains("2012-05-05"), "{begin}");
}

/// Runs with GStreamer's plugins but those whose file name holds `without`.
fn without_plugin(folder: &Path, without: &str, arguments: &[&str]) -> std::process::Output {
    let plugins = folder.join("plugins");
    let scan = std::process::Command::new("pkg-config")
        .args(["--variable=pluginsdir", "gstreamer-1.0"])
        .output()
        .unwrap();
    let from = PathBuf::from(String::from_utf8(scan.stdout).unwrap().trim());
    std::fs::create_dir_all(&plugins).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let name = entry.file_name();
        let wanted = [
            "coreelements",
            "playback",
            "typefind",
            "videoconvert",
            "videoscale",
        ];
        let wanted = wanted
            .iter()
            .chain(&["videorate", "libav", "videoparsers", "isomp4"]);
        let name = name.to_str().unwrap_or_default();
        if wanted.into_iter().any(|part| name.contains(part)) && !name.contains(without) {
            let _ = std::os::unix::fs::symlink(entry.path(), plugins.join(name));
        }
    }
    exptool_tools::exptool()
        .args(arguments)
        .env("GST_PLUGIN_SYSTEM_PATH_1_0", &plugins)
        .env("GST_PLUGIN_PATH_1_0", "")
        .env("GST_REGISTRY", folder.join("registry"))
        .output()
        .unwrap()
}

#[test]
fn the_package_of_a_demuxer_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.exp");
    let video = launch(
        folder.path(),
        "a.mp4",
        "videotestsrc num-buffers=25 ! video/x-raw,width=320,height=240 ! avenc_mpeg4 ! mp4mux",
    );
    let arguments = ["make", text(&video), "-o", text(&new)];
    let output = without_plugin(folder.path(), "isomp4", &arguments);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{words}");
    assert!(words.contains("a.mp4: "), "{words}");
    assert!(
        words.contains("apt install gstreamer1.0-plugins-good"),
        "{words}"
    );
}

#[test]
fn audio_that_ends_long_before_the_frames_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("video.mkv");
    common::launch_well(&format!(
        "matroskamux name=mux ! filesink location={} \
         videotestsrc num-buffers=600 ! video/x-raw,width=160,height=128,framerate=4/1 ! jpegenc ! queue ! mux. \
         audiotestsrc num-buffers=100 timestamp-offset=5000000000 ! audio/x-raw,rate=44100 ! queue ! mux.",
        video.display()
    ));
    let file = folder.path().join("audio.exp");
    let begun = std::time::Instant::now();
    run(&["make", text(&video), "-o", text(&file), "--audio"], 0);
    assert!(begun.elapsed().as_secs() < 45);
    let report = json(&["info", text(&file)], 0);
    let streams = report["streams"].as_array().unwrap();
    assert!(streams[0]["frames"].as_u64().unwrap() > 1100, "{report}");
    assert!(streams[1]["frames"].as_u64().unwrap() > 90, "{report}");
}
