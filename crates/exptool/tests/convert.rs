// SPDX-License-Identifier: MPL-2.0
//! `exptool convert`, judged by ffprobe and ffmpeg.

use crate::recording_tools as tools;
use testing::common;

use formats::reader::Mode;
use std::path::Path;
use tools::{Run, exptool, ffprobe, other, packet_times, run, single, stream, usual};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn frames(probed: &serde_json::Value) -> u32 {
    stream(probed, "video")["nb_read_frames"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn a_camera_goes_into_mp4_and_matroska_with_chapters_and_subtitles() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.exp");
    single(&input);
    for suffix in ["mp4", "mkv"] {
        let output = dir.path().join(format!("out.{suffix}"));
        run(&[
            "convert",
            text(&input),
            "-o",
            text(&output),
            "--clock",
            "subtitle",
        ]);
        let probed = ffprobe(&output);
        assert_eq!(
            stream(&probed, "video")["codec_name"],
            "mpeg4",
            "not encoded again"
        );
        assert_eq!(frames(&probed), 90);
        // gaps are left out: 8 s, 6 s and 4 s follow each other
        let times = packet_times(&output, "v:0");
        for (n, time) in times.iter().enumerate() {
            assert!(
                (time - n as f64 * 0.2).abs() < 0.002,
                "{suffix}, frame {n}: {time}"
            );
        }
        let chapters = probed["chapters"].as_array().unwrap();
        let found: Vec<(f64, &str)> = chapters
            .iter()
            .map(|chapter| {
                let start = chapter["start_time"].as_str().unwrap().parse().unwrap();
                (start, chapter["tags"]["title"].as_str().unwrap())
            })
            .collect();
        assert_eq!(
            found,
            [
                (0.0, "2009-11-10 09:15:30 -05:00, motion"),
                (8.0, "2009-11-10 09:16:30 -05:00, alarm"),
                (14.0, "2009-11-10 10:15:30 -05:00, motion"),
            ],
            "{suffix}"
        );
        assert_eq!(subtitles(&output).len(), 18, "{suffix}");
        assert_eq!(
            subtitles(&output)[9],
            "2009-11-10 09:16:31 -05:00, camera 1 (Gate 1 & yard), alarm"
        );
    }
}

/// Texts of the subtitles, as ffmpeg reads them.
fn subtitles(path: &Path) -> Vec<String> {
    let arguments = [
        "-v",
        "error",
        "-i",
        text(path),
        "-map",
        "0:s:0",
        "-f",
        "srt",
        "-",
    ];
    let srt = other("ffmpeg", &arguments);
    srt.replace('\r', "")
        .split("\n\n")
        .filter_map(|cue| Some(cue.trim().lines().nth(2)?.to_owned()))
        // of MP4 the style is reported as well
        .map(
            |text| match (text.find('>'), text.strip_suffix("</font>")) {
                (Some(from), Some(text)) => text[from + 1..].to_owned(),
                _ => text,
            },
        )
        .collect()
}

#[test]
fn each_camera_gets_a_file_and_a_second_call_leaves_them() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.exp");
    usual(&input);
    let out = dir.path().join("out/");
    run(&["convert", text(&input), "-o", text(&out), "--to", "mkv"]);
    let (one, two) = (out.join("x-camera1.mkv"), out.join("x-camera2.mkv"));
    for (path, expected) in [(&one, 90), (&two, 60)] {
        let probed = ffprobe(path);
        assert_eq!(frames(&probed), expected, "{}", path.display());
    }
    let before = std::fs::metadata(&one).unwrap().modified().unwrap();
    let arguments = [
        "convert",
        text(&input),
        "-o",
        text(&out),
        "--to",
        "mkv",
        "--json",
    ];
    let reported: serde_json::Value = serde_json::from_str(&run(&arguments)).unwrap();
    assert!(
        reported
            .as_array()
            .unwrap()
            .iter()
            .all(|o| o["status"] == "already exists"),
        "{reported}"
    );
    assert_eq!(std::fs::metadata(&one).unwrap().modified().unwrap(), before);
    run(&[
        "convert",
        text(&input),
        "-o",
        text(&out),
        "--to",
        "mkv",
        "--force",
    ]);
    assert_ne!(std::fs::metadata(&one).unwrap().modified().unwrap(), before);
    // nothing temporary is left
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 2);
}

#[test]
fn the_frames_are_the_recorders_own() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.exp");
    single(&input);
    let mut sums = Vec::new();
    for suffix in ["mp4", "mkv", "avi", "m4v"] {
        let output = dir.path().join(format!("x.{suffix}"));
        run(&["convert", text(&input), "-o", text(&output)]);
        let arguments = [
            "-v",
            "error",
            "-i",
            text(&output),
            "-map",
            "0:v",
            "-fps_mode",
            "passthrough",
            "-f",
            "md5",
            "-",
        ];
        let sum = other("ffmpeg", &arguments);
        assert_eq!(frames(&ffprobe(&output)), 90, "{suffix}");
        sums.push(sum);
    }
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
}

#[test]
fn gaps_keep_their_length_where_that_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("x.mkv"));
    single(&input);
    run(&[
        "convert",
        text(&input),
        "-o",
        text(&output),
        "--gaps",
        "preserve",
    ]);
    let probed = ffprobe(&output);
    let times = packet_times(&output, "v:0");
    assert_eq!((times[39], times[40], times[70]), (7.8, 60.0, 3600.0));
    assert_eq!(probed["chapters"][2]["start_time"], "3600.000000");
}

#[test]
fn a_window_of_the_wall_clock_begins_with_a_keyframe() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.exp");
    single(&input);
    // keyframes are 2 s apart: 09:15:34 is one; the second run lies in the window as a whole
    let window = [
        "--from-time",
        "2009-11-10 09:15:35",
        "--to-time",
        "2009-11-10T14:16:40Z",
    ];
    let copy = dir.path().join("copy.mkv");
    let copying = [&["convert", text(&input), "-o", text(&copy)], &window[..]].concat();
    let reported = run(&[&copying[..], &["--json"]].concat());
    let reported: serde_json::Value = serde_json::from_str(&reported).unwrap();
    assert_eq!(reported[0]["first_utc"], "2009-11-10T14:15:34.000Z");
    assert_eq!(reported[0]["last_utc"], "2009-11-10T14:16:35.800Z");
    let burnt = dir.path().join("burnt.mp4");
    run(&[
        &[
            "convert",
            text(&input),
            "-o",
            text(&burnt),
            "--clock",
            "burn",
        ],
        &window[..],
    ]
    .concat());
    let probed = ffprobe(&copy);
    assert_eq!(frames(&probed), 20 + 30);
    let times = packet_times(&copy, "v:0");
    assert_eq!((times[0], times[20]), (0.0, 4.0));
    assert_eq!(probed["chapters"][1]["start_time"], "4.000000");
    // encoded anew, it begins with the window itself
    let probed = ffprobe(&burnt);
    assert_eq!(stream(&probed, "video")["codec_name"], "h264");
    assert_eq!(frames(&probed), 15 + 30);
    let nothing = [
        "convert",
        text(&input),
        "-o",
        "none.mkv",
        "--from-time",
        "2020-01-01 00:00",
    ];
    let done = exptool().args(nothing).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(done.stdout.is_empty());
    let reported = String::from_utf8_lossy(&done.stderr);
    assert!(
        reported.contains(
            "recorded from 2009-11-10 09:15:30.000 -05:00 to 2009-11-10 10:15:33.800 -05:00"
        ),
        "{reported}"
    );
}

#[test]
fn both_passes_of_a_repeated_hour_are_in_the_window() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("x.mkv"));
    let part = |at| Run {
        camera: 1,
        at,
        seconds: 10,
        mode: Mode::Continuous,
    };
    tools::write(&input, &[part(0), part(-2)]);
    let window = ["--from-time", "+4", "--to-time", "+6"];
    run(&[&["convert", text(&input), "-o", text(&output)], &window[..]].concat());
    let probed = ffprobe(&output);
    assert_eq!(frames(&probed), 10 + 10);
}

#[test]
fn all_cameras_in_one_picture() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("x.mp4"));
    usual(&input);
    run(&[
        "convert",
        text(&input),
        "-o",
        text(&output),
        "--grid",
        "--clock",
        "burn",
    ]);
    let probed = ffprobe(&output);
    let video = stream(&probed, "video");
    assert_eq!(
        (&video["width"], &video["height"]),
        (&704.into(), &264.into())
    );
    let length: f64 = video["duration"].as_str().unwrap().parse().unwrap();
    // 12 s with one gap that no camera fills, then 6 s and 4 s
    assert!((21.5..=23.0).contains(&length), "{length}");
    // the second camera has ended: its half of the last frame is black, the first one's is not
    let last = dir.path().join("last.gray");
    let arguments = [
        "-v",
        "error",
        "-y",
        "-ss",
        "19",
        "-i",
        text(&output),
        "-frames:v",
        "1",
        "-pix_fmt",
        "gray",
        "-f",
        "rawvideo",
        text(&last),
    ];
    other("ffmpeg", &arguments);
    let pixels = std::fs::read(&last).unwrap();
    let brightest = |from: usize| {
        let rows = pixels.chunks(704).skip(60);
        rows.flat_map(|row| &row[from..from + 352])
            .copied()
            .max()
            .unwrap()
    };
    assert!(
        brightest(0) > 200 && brightest(352) < 40,
        "{} {}",
        brightest(0),
        brightest(352)
    );
}

#[test]
fn one_bad_input_does_not_stop_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("in");
    std::fs::create_dir_all(folder.join("deep")).unwrap();
    std::fs::write(folder.join("bad.exp"), [7; 5000]).unwrap();
    single(&folder.join("deep/good.exp"));
    let out = dir.path().join("out");
    let wildcard = folder.join("*.exp");
    for _ in 0..2 {
        let arguments = [
            "convert",
            text(&folder),
            text(&wildcard),
            "-o",
            text(&out),
            "--jobs",
            "2",
            "--frames-csv",
        ];
        let output = exptool().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("bad.exp"));
        assert!(out.join("deep/good.mp4").exists() && !out.join("bad.mp4").exists());
    }
    let table = std::fs::read_to_string(out.join("deep/good.csv")).unwrap();
    assert_eq!(table.lines().count(), 91);
    assert!(
        table
            .lines()
            .nth(41)
            .unwrap()
            .contains("2009-11-10T14:16:30.000Z"),
        "{table}"
    );
}

#[test]
fn an_avi_has_its_subtitles_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("x.avi"));
    single(&input);
    run(&[
        "convert",
        text(&input),
        "-o",
        text(&output),
        "--clock",
        "subtitle",
    ]);
    let srt = std::fs::read_to_string(output.with_extension("srt")).unwrap();
    assert_eq!(srt.matches(" --> ").count(), 18);
    assert!(
        srt.contains("00:00:08,000 --> 00:00:09,000\r\n2009-11-10 09:16:30 -05:00"),
        "{srt}"
    );
}

#[test]
fn samples_are_converted_frame_for_frame() {
    let Some(samples) = common::samples("dx") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    run(&[
        "convert",
        text(&samples),
        "-o",
        text(&out),
        "--to",
        "mkv",
        "--jobs",
        "2",
    ]);
    let probed = ffprobe(&out.join("lobby.mkv"));
    assert_eq!(frames(&probed), 180);
    assert_eq!(frames(&ffprobe(&out.join("plv1.mkv"))), 180);
    assert_eq!(frames(&ffprobe(&out.join("two-cameras-camera2.mkv"))), 180);
}
