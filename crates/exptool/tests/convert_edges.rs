// SPDX-License-Identifier: MPL-2.0
//! `exptool convert` where things go wrong or far: nothing is left out, mixed up or left behind without a word.

use crate::{exptool_tools::program, recording_tools as tools};
use testing::common;

use formats::reader::Mode;
use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};
use tools::{Run, ffprobe, packet_times, single, usual, write};

fn convert(arguments: &[&str]) -> Output {
    program().arg("convert").args(arguments).output().unwrap()
}

/// What was printed on both outputs.
fn reported(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn frames_without_their_reference_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("x.mkv"));
    single(&input);
    let bytes = std::fs::read(&input).unwrap();
    // the first record is a keyframe: without it those after it build on nothing until the next
    let first = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let size = u32::from_le_bytes(bytes[first..first + 4].try_into().unwrap()) as usize;
    std::fs::write(&input, [&bytes[..first], &bytes[first + size..]].concat()).unwrap();
    let done = convert(&[text(&input), "-o", text(&output), "--json"]);
    let reported: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let (frames, orphans) = (
        reported[0]["frames"].as_u64().unwrap(),
        reported[0]["frames_without_reference"].as_u64().unwrap(),
    );
    assert!(orphans > 0, "{reported}");
    assert_eq!(frames + orphans, 89, "{reported}");
    assert!(
        reported[0]["notes"].to_string().contains("left out"),
        "{reported}"
    );
}

#[test]
fn a_gap_of_weeks_keeps_its_length_in_mp4() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("x.mp4"));
    let run = |at| Run {
        camera: 1,
        at,
        seconds: 4,
        mode: Mode::Motion,
    };
    let days = 70 * 86_400;
    write(&input, &[run(0), run(days)]);
    let done = convert(&[text(&input), "-o", text(&output), "--gaps", "preserve"]);
    assert!(done.status.success(), "{}", reported(&done));
    let times = packet_times(&output, "v:0");
    assert_eq!(times.len(), 40);
    assert!((times[20] - days as f64).abs() < 0.02, "{}", times[20]);
    let probed = ffprobe(&output);
    let length: f64 = probed["format"]["duration"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((length - days as f64 - 4.0).abs() < 0.2, "{length}");
}

#[test]
fn two_inputs_never_share_an_output() {
    let dir = tempfile::tempdir().unwrap();
    let (inputs, out) = (dir.path().join("in"), dir.path().join("out"));
    std::fs::create_dir(&inputs).unwrap();
    usual(&inputs.join("two.exp"));
    single(&inputs.join("two-camera1.exp"));
    for jobs in ["1", "2"] {
        let done = convert(&[text(&inputs), "-o", text(&out), "--jobs", jobs, "--force"]);
        assert_eq!(done.status.code(), Some(1), "{}", reported(&done));
        assert!(
            reported(&done).contains("is the output of"),
            "{}",
            reported(&done)
        );
    }
}

#[test]
fn only_its_own_output_is_taken_for_finished() {
    let dir = tempfile::tempdir().unwrap();
    let (input, other) = (dir.path().join("x.exp"), dir.path().join("other.exp"));
    single(&input);
    usual(&other);
    for suffix in ["mp4", "mkv", "avi"] {
        let output = dir.path().join(format!("out.{suffix}"));
        let arguments = [text(&input), "-o", text(&output)];
        for status in ["written", "already exists"] {
            let done = convert(&[&arguments[..], &["--json"]].concat());
            assert!(
                reported(&done).contains(status),
                "{suffix}: {}",
                reported(&done)
            );
        }
        let before = std::fs::read(&output).unwrap();
        let done = convert(&[&arguments[..], &["--gaps", "preserve"]].concat());
        assert_eq!(done.status.code(), Some(4), "{suffix}: {}", reported(&done));
        let done = convert(&[text(&other), "--camera", "1", "-o", text(&output)]);
        // of several cameras each has a name of its own
        assert!(
            std::fs::read(&output).unwrap() == before,
            "{}",
            reported(&done)
        );
    }
    let empty = dir.path().join("empty.mp4");
    std::fs::write(&empty, "").unwrap();
    let done = convert(&[text(&input), "-o", text(&empty)]);
    assert_eq!(done.status.code(), Some(4), "{}", reported(&done));
}

#[test]
fn chapters_of_a_window_stand_where_its_frames_do() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.exp");
    single(&input);
    for more in [
        &["--from-time", "+2.5"][..],
        &["--from-time", "+2.5", "--transcode", "h264"],
    ] {
        let output = dir.path().join(format!("{}.mkv", more.len()));
        let done = convert(&[&[text(&input), "-o", text(&output)], more].concat());
        assert!(done.status.success(), "{}", reported(&done));
        let probed = ffprobe(&output);
        let times = packet_times(&output, "v:0");
        let length = times.last().unwrap() + 0.2;
        let chapters = probed["chapters"].as_array().unwrap();
        assert_eq!(chapters.len(), 3);
        for chapter in chapters {
            let number = |name: &str| chapter[name].as_str().unwrap().parse::<f64>().unwrap();
            let start = number("start_time");
            let nearest = times.iter().map(|time| (time - start).abs());
            assert!(
                nearest.fold(f64::MAX, f64::min) < 0.003,
                "{start}: {times:?}"
            );
            assert!(number("end_time") <= length + 0.003, "{chapter}: {length}");
        }
        // the runs are of 8, 6 and 4 s
        let last = chapters[2]["start_time"].as_str().unwrap();
        let last: f64 = last.parse().unwrap();
        assert!((last - (length - 4.0)).abs() < 0.01, "{last} of {length}");
    }
}

#[test]
fn what_a_format_does_not_hold_is_said_before() {
    let Some(samples) = common::samples("netvu") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let input = samples.join("ds-jfif.adbin");
    for suffix in ["mp4", "m4v"] {
        let output = dir.path().join(format!("x.{suffix}"));
        let done = convert(&[text(&input), "-o", text(&output)]);
        assert_eq!(done.status.code(), Some(2), "{suffix}: {}", reported(&done));
        assert!(reported(&done).contains("--to mkv"), "{}", reported(&done));
        assert!(!output.exists());
    }
}

#[test]
fn folders_give_only_recordings_and_say_what_they_keep_shut() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = dir.path().join("in");
    std::fs::create_dir(&inputs).unwrap();
    single(&inputs.join("x.exp"));
    for _ in 0..2 {
        // the second time its own output lies there
        let done = program()
            .current_dir(&inputs)
            .args(["convert", ".", "--to", "avi"])
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(0), "{}", reported(&done));
    }
    assert_eq!(std::fs::read_dir(&inputs).unwrap().count(), 2);
}

#[test]
fn a_window_with_gaps_ends_where_it_should_in_a_mosaic() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("x.mp4"));
    single(&input);
    let done = convert(&[
        text(&input),
        "-o",
        text(&output),
        "--grid",
        "--gaps",
        "preserve",
        "--to-time",
        "+20",
    ]);
    assert!(done.status.success(), "{}", reported(&done));
    let times = packet_times(&output, "v:0");
    let last = times.iter().copied().fold(0.0, f64::max);
    assert!(last < 20.1, "{last}");
}

/// Files of a folder that are no input.
fn others(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "x.exp")
        .collect()
}

#[test]
fn an_interrupted_or_full_disk_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("x.mp4"));
    single(&input);
    let program = env!("CARGO_BIN_EXE_exptool");
    let limited = format!(
        "ulimit -f 2; exec '{program}' convert '{}' -o '{}'",
        text(&input),
        text(&output)
    );
    let done = Command::new("bash")
        .args(["-c", &limited])
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(4), "{}", reported(&done));
    assert_eq!(
        others(dir.path()),
        Vec::<String>::new(),
        "{}",
        reported(&done)
    );
    // something that takes long: frames are encoded anew, over and over
    let run = |at| Run {
        camera: 1,
        at,
        seconds: 60,
        mode: Mode::Motion,
    };
    let runs: Vec<Run> = (0..40).map(|n| run(n * 100)).collect();
    write(&input, &runs);
    let mut child = Command::new("env")
        // also where whoever runs the tests ignores it
        .args(["--default-signal=INT", program])
        .args([
            "convert",
            text(&input),
            "-o",
            text(&output),
            "--transcode",
            "h264",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while others(dir.path()).is_empty() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let number = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &number]).status();
    assert!(killed.unwrap().success());
    assert!(!child.wait().unwrap().success());
    assert_eq!(others(dir.path()), Vec::<String>::new());
}
