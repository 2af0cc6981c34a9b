// SPDX-License-Identifier: MPL-2.0
//! `exptool convert` as somebody with a disc uses it; what comes out is judged by ffprobe, ffmpeg, sha256sum and Chromium.

use crate::{
    exptool_tools::{ends_with, program},
    recording_tools as tools,
};

use formats::reader::Mode;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};
use tools::{
    Run, changing, ffprobe, other, packet_times, plv1, shared_single, shared_usual, stream, write,
};

/// Runs `exptool convert` in a folder.
fn convert_in(folder: &Path, arguments: &[&str]) -> Output {
    program()
        .env("G_DEBUG", "fatal-warnings")
        .current_dir(folder)
        .arg("convert")
        .args(arguments)
        .output()
        .unwrap()
}

/// The same, which has to end with this code; what it prints on both outputs.
fn convert(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let done = convert_in(folder, arguments);
    let [out, err] =
        [&done.stdout, &done.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert_eq!(
        done.status.code(),
        Some(code),
        "{arguments:?}\n{out}\n{err}"
    );
    (out, err)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn tag(probed: &Value, name: &str) -> String {
    let tags = &probed["format"]["tags"];
    let found = tags.as_object().unwrap().iter();
    let found = found.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found
        .map(|(_, text)| text.as_str().unwrap().to_owned())
        .next()
        .unwrap_or_default()
}

fn frames(probed: &Value) -> u32 {
    stream(probed, "video")["nb_read_frames"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Texts of the subtitles.
fn subtitles(path: &Path) -> String {
    other(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-i",
            text(path),
            "-map",
            "0:s:0",
            "-f",
            "srt",
            "-",
        ],
    )
}

/// Names of the boxes of an MP4 file.
fn boxes(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let (mut at, mut out) = (0, Vec::new());
    while let Some(head) = bytes.get(at..at + 8) {
        out.push(String::from_utf8_lossy(&head[4..]).into_owned());
        at += u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
    }
    out
}

#[test]
fn a_clip_of_one_camera_says_where_it_comes_from() {
    let dir = tempfile::tempdir().unwrap();
    let input = shared_usual();
    for camera in ["2", "gate 2"] {
        convert(
            dir.path(),
            &[text(input), "--camera", camera, "-o", "clip.mp4", "--force"],
            0,
        );
        // of two cameras one was asked for, so the file has the name that was asked for
        assert_eq!(names(dir.path()), ["clip.mp4"]);
        let clip = dir.path().join("clip.mp4");
        assert_eq!(boxes(&clip), ["ftyp", "moov", "free", "mdat"]);
        let probed = ffprobe(&clip);
        assert_eq!(frames(&probed), 60);
        assert_eq!(tag(&probed, "creation_time"), "2009-11-10T14:15:30.000000Z");
        let comment = tag(&probed, "comment");
        assert!(comment.contains("camera 2 (Gate 2 & yard)"), "{comment}");
        let sum = other("sha256sum", &[text(input)]);
        assert!(
            comment.contains(&format!("SHA-256 {}", &sum[..64])),
            "{comment}"
        );
    }
    // Matroska and AVI have it too
    for suffix in ["mkv", "avi"] {
        let name = format!("clip.{suffix}");
        convert(dir.path(), &[text(input), "--camera", "2", "-o", &name], 0);
        let bytes = std::fs::read(dir.path().join(&name)).unwrap();
        let sum = other("sha256sum", &[text(input)]);
        assert!(memchr(&bytes, &sum.as_bytes()[..64]), "{suffix}");
    }
    let (_, err) = convert(dir.path(), &[text(input), "--camera", "3"], 3);
    assert!(
        err.contains("expected one of camera 1 (Gate 1 & yard), camera 2"),
        "{err}"
    );
    let (_, err) = convert(dir.path(), &[text(input), "--camera", "yard"], 2);
    assert!(err.contains("several cameras"), "{err}");
}

fn memchr(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn outputs_go_to_the_current_folder_and_names_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    let input = shared_single();
    convert(dir.path(), &[text(input)], 0);
    assert_eq!(names(dir.path()), ["single.mp4"]);
    let (out, err) = convert(dir.path(), &[text(input), "-o", "x.mpg"], 2);
    assert!(
        out.is_empty() && err.contains(".mp4, .mkv, .mov, .avi or .m4v"),
        "{err}"
    );
    let (_, err) = convert(dir.path(), &[text(input), "-o", "x.mp4", "--to", "mkv"], 2);
    assert!(err.contains("is named as MP4"), "{err}");
    convert(dir.path(), &[text(input), "-o", "folder", "--to", "mkv"], 0);
    assert_eq!(names(&dir.path().join("folder")), ["single.mkv"]);
}

#[test]
fn what_of_a_window_was_not_recorded_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let input = shared_single();
    let window = [
        "--from-time",
        "9:15:35am",
        "--to-time",
        "10/11/2009 09:16:40",
    ];
    let (out, err) = convert(
        dir.path(),
        &[&[text(input), "-o", "x.mkv"], &window[..]].concat(),
        0,
    );
    for wanted in [
        "not recorded from 2009-11-10 09:15:38.000 -05:00 to 2009-11-10 09:16:30.000 -05:00 (52 s)",
        "not recorded from 2009-11-10 09:16:36.000 -05:00 to 2009-11-10 09:16:40.000 -05:00 (4 s)",
        "begins before 2009-11-10 09:15:35.000 -05:00, with its keyframe of 2009-11-10 09:15:34.000 -05:00",
    ] {
        assert!(out.contains(wanted), "{wanted}: {out}");
    }
    assert!(
        err.contains("10/11/2009 is read as day/month/year (2009-11-10)"),
        "{err}"
    );
    // the other order, a time zone by its name, and a length instead of an end
    let window = ["--from-time", "2009-11-10 15:15:35", "--duration", "1m"];
    let (out, _) = convert(
        dir.path(),
        &[
            &[
                text(input),
                "--utc-offset",
                "Europe/Berlin",
                "--json",
                "-o",
                "y.mkv",
            ],
            &window[..],
        ]
        .concat(),
        0,
    );
    let reported: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(reported[0]["first_utc"], "2009-11-10T14:15:34.000Z");
    assert_eq!(reported[0]["last_utc"], "2009-11-10T14:16:34.800Z");
}

#[test]
fn a_folder_with_nothing_in_the_window_is_one_message() {
    let dir = tempfile::tempdir().unwrap();
    let disc = dir.path().join("disc");
    std::fs::create_dir(&disc).unwrap();
    for name in ["a.exp", "b.exp", "c.exp", "d.exp", "e.exp"] {
        std::os::unix::fs::symlink(shared_single(), disc.join(name)).unwrap();
    }
    let (out, err) = convert(dir.path(), &["disc", "--from-time", "2020-01-01"], 1);
    assert!(out.is_empty(), "{out}");
    assert_eq!(
        err.matches("nothing was recorded in that time").count(),
        1,
        "{err}"
    );
    assert!(err.lines().count() <= 5, "{err}");
    assert!(
        err.contains(
            "disc/a.exp, camera 1 (Gate 1 & yard): recorded from 2009-11-10 09:15:30.000 -05:00"
        ),
        "{err}"
    );
    // where one has something the others are only counted
    let run = |at| Run {
        camera: 1,
        at,
        seconds: 2,
        mode: Mode::Motion,
    };
    write(&disc.join("f.exp"), &[run(86_400)]);
    let (out, err) = convert(
        dir.path(),
        &["disc", "--from-time", "2009-11-11", "-o", "out"],
        0,
    );
    assert!(
        out.ends_with("1 written, 5 not recorded\n") && err.is_empty(),
        "{out}{err}"
    );
    assert_eq!(names(&dir.path().join("out")), ["f.mp4"]);
}

#[test]
fn each_message_goes_to_one_stream_once() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.exp"), [7; 5000]).unwrap();
    std::os::unix::fs::symlink(shared_single(), dir.path().join("good.exp")).unwrap();
    let (out, err) = convert(dir.path(), &["bad.exp", "good.exp", "-o", "out"], 1);
    assert!(!out.contains("bad.exp"), "{out}");
    assert_eq!(err.matches("bad.exp").count(), 1, "{err}");
    assert!(out.ends_with("1 written, 1 failed\n"), "{out}");
    let (out, err) = convert(dir.path(), &["bad.exp", "-o", "out"], 3);
    assert!(out.is_empty(), "{out}");
    assert_eq!(err.matches("bad.exp").count(), 1, "{err}");
}

#[test]
fn no_digit_is_shown_that_the_recorder_did_not_write() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("plv1.avi");
    plv1(&input, 6, None);
    convert(
        dir.path(),
        &["plv1.avi", "-o", "x.mkv", "--clock", "subtitle"],
        0,
    );
    let shown = subtitles(&dir.path().join("x.mkv"));
    if shown.is_empty() {
        return;
    }
    assert!(
        shown.contains("2009-11-10 14:15:31 (UTC offset unknown), camera 1"),
        "{shown}"
    );
    let texts: Vec<&str> = shown
        .lines()
        .filter(|line| line.contains("camera"))
        .collect();
    assert!(
        texts.len() >= 6 && texts.iter().all(|text| !text.contains('.')),
        "{texts:?}"
    );
    // an offset, and timestamps that count local time
    let options = ["--utc-offset", "-5", "--recorder-clock", "local"];
    convert(
        dir.path(),
        &[
            &["plv1.avi", "-o", "y.mp4", "--clock", "subtitle"],
            &options[..],
        ]
        .concat(),
        0,
    );
    let probed = ffprobe(&dir.path().join("y.mp4"));
    assert_eq!(tag(&probed, "creation_time"), "2009-11-10T19:15:30.000000Z");
    let shown = subtitles(&dir.path().join("y.mp4"));
    assert!(shown.contains("2009-11-10 14:15:31 -05:00"), "{shown}");
}

#[test]
fn audio_is_never_left_out_without_a_word() {
    let dir = tempfile::tempdir().unwrap();
    plv1(&dir.path().join("late.avi"), 30, Some(20));
    for (name, codec) in [
        ("x.mp4", "aac"),
        ("x.mkv", "pcm_mulaw"),
        ("x.mov", "pcm_s16le"),
        ("x.avi", "pcm_s16le"),
    ] {
        convert(dir.path(), &["late.avi", "-o", name], 0);
        let output = dir.path().join(name);
        let probed = ffprobe(&output);
        assert_eq!(frames(&probed), 150, "{name}");
        assert_eq!(stream(&probed, "audio")["codec_name"], codec, "{name}");
        // AVI has no times: what was not recorded is silence there
        let first = packet_times(&output, "a:0")[0];
        let wanted = if name == "x.avi" { 0.0 } else { 20.0 };
        assert!((first - wanted).abs() < 0.3, "{name}: {first}");
    }
    // no audio in this part: still a file that can be read, and it is said
    let (out, _) = convert(
        dir.path(),
        &["late.avi", "-o", "early.mp4", "--duration", "10"],
        0,
    );
    assert!(out.contains("no audio, in this part"), "{out}");
    let probed = ffprobe(&dir.path().join("early.mp4"));
    assert_eq!(frames(&probed), 50);
    // a stream that holds none
    let (out, _) = convert(dir.path(), &["late.avi", "-o", "x.m4v"], 1);
    assert!(out.contains("audio is left out"), "{out}");
    convert(dir.path(), &["late.avi", "-o", "y.m4v", "--no-audio"], 0);
}

#[test]
fn a_change_of_size_makes_a_file_for_each() {
    let dir = tempfile::tempdir().unwrap();
    changing(&dir.path().join("x.exp"));
    for (options, codec) in [(&[][..], "mpeg4"), (&["--transcode", "h264"][..], "h264")] {
        let arguments = [&["x.exp", "-o", "out/", "--force"], options].concat();
        let (out, _) = convert(dir.path(), &arguments, 0);
        assert!(out.contains("352x240 from 2009-11-10 09:15:30.000 -05:00, 176x144 from 2009-11-10 09:15:38.000 -05:00"), "{out}");
        assert_eq!(
            names(&dir.path().join("out")),
            ["x-part1.mp4", "x-part2.mp4"]
        );
        for (part, width) in [(1, 352), (2, 176)] {
            let probed = ffprobe(&dir.path().join(format!("out/x-part{part}.mp4")));
            let video = stream(&probed, "video");
            assert_eq!(
                (&video["width"], &video["codec_name"]),
                (&width.into(), &codec.into())
            );
            assert_eq!(frames(&probed), 40);
            assert_eq!(
                &tag(&probed, "creation_time")[..19],
                ["2009-11-10T14:15:30", "2009-11-10T14:15:38"][part - 1]
            );
        }
    }
}

#[test]
fn jpeg_goes_into_matroska_where_nobody_asked_for_mp4() {
    let dir = tempfile::tempdir().unwrap();
    tools::jpegs(&dir.path().join("x.mime"));
    let (out, _) = convert(dir.path(), &["x.mime"], 0);
    assert!(
        out.contains("written as Matroska: MP4 cannot hold JPEG"),
        "{out}"
    );
    assert_eq!(names(dir.path()), ["x.mime", "x.mkv"]);
    let (_, err) = convert(dir.path(), &["x.mime", "-o", "x.mp4"], 2);
    assert!(err.contains("--to mkv"), "{err}");
}

#[test]
fn a_hangup_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let run = |at| Run {
        camera: 1,
        at,
        seconds: 60,
        mode: Mode::Motion,
    };
    let runs: Vec<Run> = (0..40).map(|n| run(n * 100)).collect();
    write(&dir.path().join("x.exp"), &runs);
    let mut child = std::process::Command::new("env")
        .current_dir(dir.path())
        // also where whoever runs the tests ignores it
        .args(["--default-signal=HUP", env!("CARGO_BIN_EXE_exptool")])
        .args(["convert", "x.exp", "-o", "x.mp4", "--transcode", "h264"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while names(dir.path()).len() < 2 && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    other("kill", &["-HUP", &child.id().to_string()]);
    assert!(!child.wait().unwrap().success());
    assert_eq!(names(dir.path()), ["x.exp"]);
}

/// What a browser knows of a video that it plays for a moment: width, height, seconds, whether it moved on. The page says so to this
/// program: what `chromium --dump-dom` waits for is a clock that runs ahead of the one that plays.
fn play(folder: &Path, name: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let page = folder.join("play.html");
    let html = format!(
        "<video muted src=\"{name}\"></video><script>\
         const v = document.querySelector('video');\
         const say = (...words) => fetch('http://127.0.0.1:{port}/' + words.join('/'), {{mode: 'no-cors'}});\
         v.onerror = () => say('error', v.error.message);\
         v.ontimeupdate = () => {{ if (v.currentTime > 0.2) say('played', v.videoWidth, v.videoHeight, v.duration.toFixed(1)); }};\
         v.play();</script>"
    );
    std::fs::write(&page, html).unwrap();
    let browser = std::process::Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args([
            "--no-first-run",
            "--autoplay-policy=no-user-gesture-required",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!("file://{}", text(&page)))
        .stderr(Stdio::null())
        .spawn();
    let mut browser = browser.expect("chromium, see scripts/setup");
    let (said, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let line = listener.accept().map(|(stream, _)| {
            let mut line = String::new();
            let _ = BufReader::new(stream).read_line(&mut line);
            line
        });
        said.send(line)
    });
    let line = heard.recv_timeout(Duration::from_secs(120));
    browser.kill().unwrap();
    browser.wait().unwrap();
    let line = line.unwrap_or_else(|_| panic!("{name} does not play"));
    let line = line.unwrap();
    line.split(' ')
        .nth(1)
        .unwrap()
        .trim_start_matches('/')
        .replace('/', " ")
}

#[test]
fn a_copy_for_court_plays_everywhere_and_is_accounted_for() {
    let dir = tempfile::tempdir().unwrap();
    let input = shared_single();
    let options = [
        "--from-time",
        "9:15:31",
        "--duration",
        "4",
        "--for",
        "court",
        "-o",
        "court.mp4",
    ];
    convert(dir.path(), &[&[text(input)], &options[..]].concat(), 0);
    assert_eq!(
        names(dir.path()),
        ["court.mp4", "court.mp4.sha256", "court.mp4.txt"]
    );
    let output = dir.path().join("court.mp4");
    let probed = ffprobe(&output);
    let video = stream(&probed, "video");
    let facts = [
        "codec_name",
        "profile",
        "pix_fmt",
        "sample_aspect_ratio",
        "avg_frame_rate",
        "width",
    ];
    let facts = facts.map(|name| video[name].to_string());
    assert_eq!(
        facts.join(" "),
        "\"h264\" \"Main\" \"yuv420p\" \"1:1\" \"30/1\" 352"
    );
    assert!(video["level"].as_i64().unwrap() <= 31, "{video}");
    assert_eq!(boxes(&output)[..2], ["ftyp", "moov"]);
    let times = packet_times(&output, "v:0");
    assert!(
        times
            .windows(2)
            .all(|pair| (pair[1] - pair[0] - 1.0 / 30.0).abs() < 0.001)
    );
    assert!((times.len() as i64 - 120).abs() <= 1, "{}", times.len());
    // white letters on black below the frame, nothing else there
    let pixels = gray(&output, dir.path(), "1");
    let height = video["height"].as_i64().unwrap() as usize;
    let (frame, bar) = pixels.split_at(264 * 352);
    assert_eq!(pixels.len(), height * 352);
    assert!(height > 264 && bar.iter().any(|pixel| *pixel > 200));
    assert!(bar.iter().filter(|pixel| **pixel < 40).count() * 10 > bar.len() * 7);
    // the ball is 10 % of the picture at most: nothing was written over it
    assert!(frame.iter().filter(|pixel| **pixel > 200).count() * 10 < frame.len());
    let statement = std::fs::read_to_string(dir.path().join("court.mp4.txt")).unwrap();
    for file in [input, &output] {
        let sum = other("sha256sum", &[text(file)]);
        assert!(statement.contains(&sum[..64]), "{statement}");
    }
    assert!(
        statement.contains("2009-11-10 09:15:31.000 -05:00"),
        "{statement}"
    );
    other(
        "bash",
        &[
            "-c",
            &format!("cd '{}' && sha256sum -c court.mp4.sha256", text(dir.path())),
        ],
    );
    let shown = play(dir.path(), "court.mp4");
    assert_eq!(shown, format!("played 352 {height} 4.0"));
}

/// Distance of two videos' pictures, decibels, by ffmpeg.
fn psnr(one: &Path, two: &Path) -> f64 {
    let filter = "[0][1]psnr";
    let shown = std::process::Command::new("ffmpeg")
        .args(["-hide_banner", "-i", text(one), "-i", text(two)])
        .args(["-lavfi", filter, "-f", "null", "-"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&shown.stderr).into_owned();
    let at = shown.find("average:").expect(&shown) + "average:".len();
    let figure = shown[at..].split(' ').next().unwrap();
    figure.parse().unwrap_or(f64::INFINITY)
}

#[test]
fn a_copy_for_court_has_one_quality_whatever_moves_and_whatever_encodes_it() {
    let dir = tempfile::tempdir().unwrap();
    let [input, x264, openh264] =
        ["x.exp", "x264.mp4", "openh264.mp4"].map(|name| dir.path().join(name));
    let noise = [
        "make",
        "test:smpte",
        "-o",
        text(&input),
        "--size",
        "704x480",
        "--seconds",
        "3",
    ];
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_exptool"))
        .args(noise)
        .status();
    assert!(made.unwrap().success());
    let court = |output: &Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_exptool"));
        command.args([
            "convert",
            text(&input),
            "--for",
            "court",
            "-o",
            text(output),
        ]);
        command
    };
    assert!(court(&x264).status().unwrap().success());
    // the settings that x264 writes into its first frame
    let bytes = std::fs::read(&x264).unwrap();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    assert!(has(b"rc=crf") && has(b"crf=18.0") && !has(b"vbv_"));
    // a system without x264
    let plugins = dir.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    gst::init().unwrap();
    let core = gst::ElementFactory::find("queue").unwrap();
    let file = gst::prelude::PluginFeatureExt::plugin(&core)
        .unwrap()
        .filename()
        .unwrap();
    for entry in std::fs::read_dir(file.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "libgstx264.so" {
            std::os::unix::fs::symlink(entry.path(), plugins.join(entry.file_name())).unwrap();
        }
    }
    let done = court(&openh264)
        .env("GST_PLUGIN_SYSTEM_PATH_1_0", &plugins)
        .env("GST_REGISTRY", dir.path().join("registry"))
        .status();
    assert!(done.unwrap().success());
    let probed = ffprobe(&openh264);
    assert_eq!(stream(&probed, "video")["profile"], "Main");
    let bytes = std::fs::read(&openh264).unwrap();
    assert!(!bytes.windows(9).any(|part| part == b"x264.html"));
    let distance = psnr(&openh264, &x264);
    assert!(distance > 38.0, "{distance}");
}

#[test]
fn a_copy_for_court_is_as_long_as_what_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let make = [
        "make",
        "test:ball",
        "-o",
        "x.exp",
        "--seconds",
        "20",
        "--break",
        "10:60",
        // times are the same with small frames, and encoding takes a fraction
        "--size",
        "176x112",
    ];
    let ffprobe_in = |name: &str, what: &str| {
        let path = dir.path().join(name);
        let arguments = [
            "-v",
            "error",
            "-count_frames",
            "-show_entries",
            what,
            "-of",
            "csv=p=0",
            text(&path),
        ];
        other("ffprobe", &arguments)
    };
    // the last frame of a slow camera is shown as long as the others
    for rate in ["1", "15/4", "30"] {
        let mut command = program();
        let more = [
            "--rate",
            rate,
            "--gop",
            "5",
            "--start",
            "2010-01-01T08:00:00-05:00",
            "--force",
        ];
        ends_with(0, command.current_dir(dir.path()).args(make).args(more));
        convert(
            dir.path(),
            &["x.exp", "--for", "court", "--force", "-o", "x.mp4"],
            0,
        );
        let probed = ffprobe_in("x.mp4", "stream=nb_read_frames,duration");
        assert_eq!(probed.trim(), "20.000000,600", "{rate}");
        let window = ["--from-time", "+3.2", "--duration", "5.5", "-o", "w.mp4"];
        convert(
            dir.path(),
            &[&["x.exp", "--for", "court", "--force"], &window[..]].concat(),
            0,
        );
        let probed = ffprobe_in("w.mp4", "stream=nb_read_frames,duration");
        assert_eq!(probed.trim(), "5.500000,165", "{rate}");
        let chapters = ffprobe_in("x.mp4", "chapter=start_time");
        let chapters: Vec<&str> = chapters
            .lines()
            .map(|line| line.split('.').next().unwrap())
            .collect();
        assert_eq!(chapters, ["0", "10"], "{rate}");
    }
    plv1(&dir.path().join("audio.avi"), 4, Some(1));
    convert(
        dir.path(),
        &["audio.avi", "--for", "court", "-o", "audio.mp4"],
        0,
    );
    let streams = ffprobe_in("audio.mp4", "stream=codec_name,profile");
    assert_eq!(streams, "h264,Main\naac,LC\n");
    let statement = std::fs::read_to_string(dir.path().join("audio.mp4.txt")).unwrap();
    assert!(statement.lines().count() < 50, "one page");
}

/// A frame of a video, one byte a pixel.
fn gray(video: &Path, folder: &Path, seconds: &str) -> Vec<u8> {
    let raw = folder.join("frame.gray");
    let arguments = [
        "-v",
        "error",
        "-y",
        "-ss",
        seconds,
        "-i",
        text(video),
        "-frames:v",
        "1",
        "-pix_fmt",
        "gray",
        "-f",
        "rawvideo",
        text(&raw),
    ];
    other("ffmpeg", &arguments);
    let bytes = std::fs::read(&raw).unwrap();
    std::fs::remove_file(raw).unwrap();
    bytes
}

#[test]
fn the_other_purposes_are_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    plv1(&dir.path().join("x.avi"), 6, Some(0));
    let made = |purpose: &str, name: &str| -> (PathBuf, Value) {
        convert(dir.path(), &["x.avi", "--for", purpose, "-o", name], 0);
        let output = dir.path().join(name);
        (output.clone(), ffprobe(&output))
    };
    let (_, web) = made("web", "web.mp4");
    let codecs = |probed: &Value| {
        [stream(probed, "video"), stream(probed, "audio")]
            .map(|s| s["codec_name"].as_str().unwrap().to_owned())
    };
    assert_eq!(codecs(&web), ["h264", "aac"]);
    assert_eq!(stream(&web, "video")["avg_frame_rate"], "30/1");
    let shown = play(dir.path(), "web.mp4");
    assert!(shown.starts_with("played 352 264 "), "{shown}");

    let (output, edit) = made("edit", "edit.mov");
    assert_eq!(codecs(&edit), ["prores", "pcm_s16le"]);
    assert_eq!(stream(&edit, "video")["avg_frame_rate"], "30/1");
    let arguments = [
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "packet=flags",
        "-of",
        "csv=p=0",
        text(&output),
    ];
    let flags = other("ffprobe", &arguments);
    assert!(
        flags.lines().all(|line| line.starts_with('K')),
        "every frame by itself"
    );
    let (output, archive) = made("archive", "archive.mkv");
    assert_eq!(codecs(&archive), ["mpeg4", "pcm_mulaw"]);
    assert!(subtitles(&output).contains("2009-11-10 14:15:31"));
    let table = std::fs::read_to_string(dir.path().join("archive.csv")).unwrap();
    assert!(table.lines().count() > 30, "{table}");
    convert(dir.path(), &["x.avi", "--for", "court", "-o", "x.mkv"], 2);
}

#[test]
fn play_starts_the_viewer_or_gstreamers_player() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let input = shared_single();
    let program = |name: &str| {
        let path = dir.path().join(name);
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] || [ \"$1\" = --exists ] || echo {name} \"$@\"\n"
        );
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let play = |arguments: &[&str], code: i32| {
        let done = crate::exptool_tools::program()
            .env("PATH", dir.path())
            .arg("play")
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(code), "{done:?}");
        let [out, err] = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap());
        format!("{out}{err}")
    };
    assert!(play(&[text(input)], 5).contains("no player is installed"));
    program("gst-play-1.0");
    assert!(play(&[text(input)], 5).contains("GST_PLUGIN_PATH"));
    program("gst-inspect-1.0");
    let shown = play(&[text(input)], 0);
    let started = format!("gst-play-1.0 {}\n", text(input));
    assert!(
        shown.contains("space pause") && shown.ends_with(&started),
        "{shown}"
    );
    assert_eq!(play(&["--command", text(input)], 0), started);
    program("exp-viewer");
    assert_eq!(
        play(&[text(input)], 0),
        format!("exp-viewer {}\n", text(input))
    );
    play(&["/nonexistent.exp"], 3);
}

#[test]
fn a_window_of_a_short_recording_is_cut_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let run = |at| Run {
        camera: 1,
        at,
        seconds: 6,
        mode: Mode::Motion,
    };
    // fewer records than a demuxer measures before it begins
    write(&dir.path().join("x.exp"), &[run(0)]);
    let window = ["--from-time", "+2", "--duration", "2"];
    convert(
        dir.path(),
        &[&["x.exp", "-o", "x.mkv"], &window[..]].concat(),
        0,
    );
    let times = packet_times(&dir.path().join("x.mkv"), "v:0");
    assert!(
        times.is_empty() || times.len() == 10 && times[0] == 0.0,
        "{times:?}"
    );
}
