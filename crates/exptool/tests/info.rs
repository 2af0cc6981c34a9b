// SPDX-License-Identifier: MPL-2.0
//! `exptool info` tells what a file holds, in words, JSON and CSV.

use crate::exptool_tools;
use testing::common;

use std::{io::Write, process::Stdio};

use exptool_tools::{complaint, json, other, run, text, two_cameras};

#[test]
fn runs_gaps_steps_and_modes_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let report = json(&["info", text(&file)], 0);
    assert_eq!(report["family"], "native");
    assert_eq!(report["exact"], true);
    assert_eq!(report["records"], 180);
    assert_eq!(report["header"]["records"], 180);
    assert_eq!(report["gaps"], 1);
    assert_eq!(report["clock_steps"], 1);
    assert_eq!(report["clock"], "milliseconds");
    assert_eq!(report["utc_offset"]["text"], "-05:00");
    assert_eq!(report["utc_offset"]["from"], "file");
    let streams = report["streams"].as_array().unwrap();
    assert_eq!(streams.len(), 2);
    assert_eq!(streams[0]["title"], "Front door");
    assert_eq!(streams[1]["title"], "Yard");
    assert_eq!(streams[0]["codec"], "MPEG-4 Part 2");
    assert_eq!(
        (&streams[0]["width"], &streams[0]["height"]),
        (&352.into(), &240.into())
    );
    assert_eq!(streams[0]["modes"]["motion"], 60);
    let rate = streams[0]["recorded_rate"].as_f64().unwrap();
    assert!((rate - 7.5).abs() < 0.01, "{rate}");
    let runs = report["runs"].as_array().unwrap();
    let begins: Vec<_> = runs
        .iter()
        .map(|run| run["begins"].as_str().unwrap())
        .collect();
    assert_eq!(begins, ["start", "gap", "clock-back"]);
    let starts: Vec<_> = runs
        .iter()
        .map(|run| run["span"]["start"].as_str().unwrap())
        .collect();
    assert_eq!(
        starts,
        [
            "2010-01-01T08:00:00.000Z",
            "2010-01-01T08:05:04.000Z",
            "2010-01-01T08:04:08.000Z"
        ]
    );
    assert_eq!(
        runs[1]["span"]["start_local"],
        "2010-01-01 03:05:04.000 -05:00"
    );
    assert!(runs.iter().all(|run| run["frames"] == 60));

    let words = run(&["info", text(&file), "--utc-offset", "+01:00"], 0);
    assert!(words.contains("2010-01-01 09:05:04.000 +01:00"), "{words}");
    assert!(words.contains("command line"), "{words}");
}

#[test]
fn quick_looks_at_both_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let report = json(&["info", "--quick", text(&file)], 0);
    assert_eq!(report["exact"], false);
    assert_eq!(report["records"], 180);
    assert_eq!(report["span"]["start"], "2010-01-01T08:00:00.000Z");
    assert_eq!(report["runs"].as_array().unwrap().len(), 0);
    assert_eq!(report["streams"].as_array().unwrap().len(), 2);
    // nothing is said that was not looked for
    for name in [
        "gaps",
        "clock_steps",
        "run_count",
        "damaged_regions",
        "damaged_bytes",
        "cut",
    ] {
        assert!(report[name].is_null(), "{name}: {}", report[name]);
    }
    for name in ["frames", "keyframes", "orphans", "gaps"] {
        assert!(report["streams"][0][name].is_null(), "{name}");
    }
    let words = run(&["info", "--quick", text(&file)], 0);
    assert!(words.contains("damage     not read"), "{words}");
    assert!(words.contains("/s in the first records"), "{words}");
    // by its index, though the clock stepped back before the last run
    let full = json(&["info", text(&file)], 0);
    assert_eq!(report["span"], full["span"]);
    assert_eq!(report["accuracy"], "exact");
}

#[test]
fn a_quick_look_does_not_walk_through_a_long_tail() {
    let folder = tempfile::tempdir().unwrap();
    let file = exptool_tools::one_camera(folder.path(), 4);
    let begun = std::time::Instant::now();
    let long = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    long.set_len(5 << 30).unwrap();
    let report = json(&["info", "--quick", text(&file)], 0);
    assert_eq!(report["span"]["start"], "2010-01-01T08:00:00.000Z");
    // the header says where records end, and no later one is found
    assert_eq!(report["span"]["end"], "2010-01-01T08:00:03.867Z");
    // a walk through 5 GiB takes many seconds
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
}

#[test]
fn the_table_of_frames_has_hashes_that_sha256sum_agrees_with() {
    let folder = tempfile::tempdir().unwrap();
    let file = exptool_tools::one_camera(folder.path(), 4);
    let csv = folder.path().join("frames.csv");
    run(&["info", text(&file), "--frames-csv", text(&csv)], 0);
    let table = std::fs::read_to_string(&csv).unwrap();
    let mut lines = table.lines();
    assert!(lines.next().unwrap().starts_with("number,offset,"));
    let frames: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(frames.len(), 30);
    assert_eq!(frames[0][12], "2010-01-01T08:00:00.000Z");
    assert!(frames.iter().all(|frame| frame[18] == "ok"));
    // a P frame stands in the file as it is: its bytes are cut out and given to another program
    let bytes = std::fs::read(&file).unwrap();
    let p = &frames[1];
    let (at, length): (usize, usize) = (p[1].parse().unwrap(), p[3].parse().unwrap());
    let picture = folder.path().join("picture");
    std::fs::write(&picture, &bytes[at + 24..at + 24 + length]).unwrap();
    let sum = other("sha256sum", &[text(&picture)]);
    assert_eq!(sum.split(' ').next(), Some(p[19]));

    // nothing is overwritten
    let words = complaint(&["info", text(&file), "--frames-csv", text(&csv)], 4);
    assert!(words.contains("--force"), "{words}");
}

#[test]
fn what_is_not_a_recording_is_refused_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("linker.exp");
    std::fs::write(&file, [b'M'; 5000]).unwrap();
    let words = complaint(&["info", text(&file)], 3);
    assert!(words.contains("expected a DXEXP header"), "{words}");
    let words = complaint(&["info", "/nonexistent.exp"], 3);
    assert!(words.contains("/nonexistent.exp"), "{words}");
    complaint(&["info"], 2);
    complaint(&["--utc-offset", "abc", "info", text(&file)], 2);
}

/// Bytes written to a file.
fn written(folder: &std::path::Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn bytes_before_the_first_record_are_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(exptool_tools::one_camera(folder.path(), 4)).unwrap();
    let front = |name: &str, bytes: &[u8]| {
        let file = written(folder.path(), name, bytes);
        let words = run(&["info", text(&file)], 1);
        assert!(words.contains("not a known header"), "{words}");
        let words = run(&["verify", text(&file)], 1);
        assert!(words.contains("not a known header"), "{words}");
        json(&["info", text(&file)], 1)["front"].clone()
    };
    // its magic and its checksum are wrong: the header is none
    let mut magic = whole.clone();
    magic[3] ^= 1;
    magic[40] ^= 1;
    assert_eq!(
        front("magic.exp", &magic),
        serde_json::json!({ "offset": 0, "length": 176 })
    );
    // no header at all, and the first record destroyed
    let size = u32::from_le_bytes(whole[176..180].try_into().unwrap());
    let mut first = whole[176..].to_vec();
    first[..100].fill(0x55);
    assert_eq!(front("first.exp", &first)["length"], size);
    // a header behind something else accounts for itself only
    let behind = [&[0; 1000][..], &whole].concat();
    assert_eq!(front("behind.exp", &behind)["length"], 1000);
    // a layout may name a header that it does not explain
    let inferred = folder.path().join("inferred.toml");
    let reference = include_str!("../../formats/layouts/reference.toml");
    let layout = reference.replace("\"reference\"", "\"other\"");
    std::fs::write(
        &inferred,
        layout.replace("[record]\n", "file_header = 176\n\n[record]\n"),
    )
    .unwrap();
    let opaque = written(folder.path(), "opaque.exp", &magic);
    let report = json(&["info", "--layout", text(&inferred), text(&opaque)], 0);
    assert_eq!(report["front"], serde_json::Value::Null);
}

#[test]
fn how_sure_a_file_is_read_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = exptool_tools::one_camera(folder.path(), 4);
    let report = json(&["info", text(&file)], 0);
    assert_eq!(report["confidence"], 100);
    let reported = report["evidence"].as_str().unwrap();
    assert!(reported.contains("checksum is ok"), "{reported}");
    assert!(reported.contains("8 frames validate"), "{reported}");
    // the magic alone is assumed, and proves nothing
    let magic = written(folder.path(), "magic.exp", b"DXEXP\0");
    assert_eq!(json(&["info", text(&magic)], 1)["confidence"], 0);
    // a layout that is asked for proves itself, or it is not there
    let report = json(&["info", "--layout", "reference", text(&file)], 0);
    assert_eq!(report["confidence"], 100);
    let junk = written(folder.path(), "junk", &[7; 50_000]);
    for layout in ["reference", "plv1"] {
        let words = complaint(&["info", "--layout", layout, text(&junk)], 3);
        let expected = format!("no record of the layout {layout} was found");
        assert!(words.contains(&expected), "{words}");
    }
    // one that was inferred is no surer than it was then
    let inferred = folder.path().join("inferred.toml");
    let toml = include_str!("../../formats/layouts/reference.toml")
        .replace("name = \"reference\"", "name = \"inferred\"")
        .replace("status = \"assumed\"", "status = \"inferred\"")
        .replace(
            "Pelco DX native export, reference layout 1",
            "inferred from 29 pictures, probable",
        );
    std::fs::write(&inferred, toml).unwrap();
    let report = json(&["info", "--layout", text(&inferred), text(&file)], 0);
    assert_eq!(report["confidence"], 60, "{}", report["evidence"]);
}

#[test]
fn what_can_be_read_only_once_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    other("mkfifo", &[text(&pipe)]);
    for command in ["info", "explain", "verify"] {
        let words = complaint(&[command, text(&pipe)], 3);
        assert!(words.contains("only once"), "{words}");
        let words = complaint(&[command, "/dev/zero"], 3);
        assert!(words.contains("device without an end"), "{words}");
    }
    let mut child = exptool_tools::exptool()
        .args(["info", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // it may have ended without reading
    let _ = child.stdin.take().unwrap().write_all(b"DXEXP");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

/// Offsets of the records of a made file whose header has `cameras` cameras.
fn records(bytes: &[u8], cameras: usize) -> Vec<usize> {
    let mut at = 128 + 48 * cameras;
    let mut all = Vec::new();
    while &bytes[at..at + 4] != b"DXIX" {
        all.push(at);
        at += u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    all
}

/// The header's checksum is made right again.
fn sum_header(bytes: &mut [u8]) {
    let sum = crc32fast::hash(&bytes[..120]);
    bytes[124..128].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn each_camera_has_its_own_runs_and_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let mut bytes = std::fs::read(&file).unwrap();
    // all on one clock that goes on; of camera 2 every frame of 4 s is of another kind, which is skipped
    let records = records(&bytes, 2);
    for (n, at) in records.into_iter().enumerate() {
        let second = bytes[at + 8] == 2;
        let ms = n as u32 / 2 * 1000 * 2 / 15;
        let seconds = 1_262_332_800_u32 + ms / 1000;
        bytes[at + 4..at + 8].copy_from_slice(&seconds.to_le_bytes());
        bytes[at + 12..at + 14].copy_from_slice(&((ms % 1000) as u16).to_le_bytes());
        if second && (4000..8000).contains(&ms) {
            bytes[at + 11] = 9;
        }
    }
    let file = written(folder.path(), "hole.exp", &bytes);
    let report = json(&["info", text(&file)], 0);
    assert_eq!(report["gaps"], 0, "another camera went on");
    let streams = report["streams"].as_array().unwrap();
    assert_eq!(
        (&streams[0]["gaps"], &streams[1]["gaps"]),
        (&0.into(), &1.into())
    );
    assert_eq!(streams[1]["run_count"], 2);
    assert_eq!(streams[1]["frames"], 60);
    let begin = streams[1]["runs"][1]["span"]["start"].as_str().unwrap();
    assert_eq!(begin, "2010-01-01T08:00:08.000Z");
    assert_eq!(streams[1]["span"]["start"], "2010-01-01T08:00:00.000Z");
    // a hole makes no camera slower
    let rate = streams[1]["recorded_rate"].as_f64().unwrap();
    assert!((rate - 7.5).abs() < 0.02, "{rate}");
    let words = run(&["info", text(&file)], 0);
    assert!(words.contains("2 runs, 1 gap, 0 clock steps"), "{words}");
    assert!(
        words.contains("gap of 4.134 s before 2010-01-01 03:00:08.000 -05:00"),
        "{words}"
    );
    // a camera of the header that has no frame is named
    for at in self::records(&bytes, 2) {
        if bytes[at + 8] == 2 {
            bytes[at + 11] = 9;
        }
    }
    let file = written(folder.path(), "silent.exp", &bytes);
    let report = json(&["info", text(&file)], 0);
    assert_eq!(
        report["without_frames"],
        serde_json::json!([{ "camera": 2, "title": "Yard" }])
    );
}

#[test]
fn times_are_no_finer_than_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(exptool_tools::one_camera(folder.path(), 4)).unwrap();
    for at in records(&bytes, 1) {
        bytes[at + 12..at + 14].copy_from_slice(&777_u16.to_le_bytes());
    }
    let file = written(folder.path(), "seconds.exp", &bytes);
    for arguments in [&["info"][..], &["info", "--quick"]] {
        let arguments = [arguments, &[text(&file)]].concat();
        let report = json(&arguments, 0);
        assert_eq!(report["time_is"], "estimated between whole seconds");
        assert_eq!(report["span"]["end"], "2010-01-01T08:00:03Z");
        assert_eq!(report["span"]["start_local"], "2010-01-01 08:00:00 +00:00");
        let words = run(&arguments, 0);
        assert!(!words.contains(".777"), "{words}");
        assert!(words.contains("taken for UTC (assumed"), "{words}");
    }
    // the table of frames has the recorder's seconds beside its estimates
    let csv = folder.path().join("frames.csv");
    run(&["info", text(&file), "--frames-csv", text(&csv)], 0);
    let table = std::fs::read_to_string(&csv).unwrap();
    let rest = |line: &str| line.ends_with(",estimated between whole seconds");
    assert!(table.lines().skip(1).all(rest), "{table}");
}

#[test]
fn texts_of_the_file_move_no_cursor_and_forge_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(exptool_tools::one_camera(folder.path(), 4)).unwrap();
    let server = "A\x1b[31m\n  result     \u{202e}";
    bytes[32..64].fill(0);
    bytes[32..32 + server.len()].copy_from_slice(server.as_bytes());
    sum_header(&mut bytes);
    let file = written(folder.path(), "odd\n\x1b[2J.exp", &bytes);
    for command in ["info", "verify", "explain"] {
        let words = run(&[command, text(&file)], 0);
        let odd = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!words.contains(odd), "{words:?}");
        assert!(words.contains("odd\\n\\u{1b}[2J.exp"), "{words}");
    }
    let words = run(&["info", text(&file)], 0);
    assert!(!words.contains("\n  result"), "{words}");
    let words = complaint(&["info", "no\n\x1bsuch"], 3);
    assert!(!words.contains('\x1b') && words.lines().skip(1).all(|line| line.starts_with(' ')));
}

#[test]
fn completions_and_man_page_are_printed() {
    let words = run(&["completions", "bash"], 0);
    assert!(words.contains("_exptool"), "{words}");
    let page = run(&["man"], 0);
    assert!(page.contains(".TH exptool"), "{page}");
    assert!(page.contains("Exit codes"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    run(&["man", "--dir", text(folder.path())], 0);
    for name in ["exptool.1", "exptool-verify.1", "exptool-convert.1"] {
        let page = std::fs::read_to_string(folder.path().join(name)).unwrap();
        let command = name.trim_end_matches(".1");
        assert!(page.contains(&format!(".TH {command}")), "{page}");
    }
    for shell in ["zsh", "fish"] {
        assert!(
            run(&["completions", shell], 0).contains("contact-sheet"),
            "{shell}"
        );
    }
}

#[test]
fn samples_are_reported_as_their_descriptions_say() {
    let Some(folder) = common::samples("dx") else {
        return;
    };
    for name in [
        "lobby.exp",
        "two-cameras.exp",
        "motion-gaps.exp",
        "4cif.exp",
    ] {
        let path = folder.join(name);
        let reported = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let reported: serde_json::Value = serde_json::from_str(&reported).unwrap();
        let report = json(&["info", text(&path)], 0);
        let frames = reported["frames"].as_array().unwrap();
        assert_eq!(report["records"], frames.len(), "{name}");
        assert_eq!(report["model"], reported["model"], "{name}");
        assert_eq!(report["damaged_regions"], 0, "{name}");
        let first = frames[0]["unix_ms"].as_i64().unwrap();
        assert_eq!(report["runs"][0]["start_ns"], first * 1_000_000, "{name}");
    }
    let damaged = json(&["info", text(&folder.join("damaged.exp"))], 1);
    assert_eq!(damaged["damaged_regions"], 4);
    let cut = json(&["info", text(&folder.join("cut-short.exp"))], 1);
    assert!(cut["cut"]["bytes"].as_u64().unwrap() > 0);
}

#[test]
fn a_second_header_in_the_file_is_reported_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let first = std::fs::read(exptool_tools::one_camera(folder.path(), 4)).unwrap();
    let mut second = first.clone();
    second[32..40].copy_from_slice(b"SERVER-B");
    second[66..68].copy_from_slice(&120_i16.to_le_bytes());
    // says another size than the first, which is not so of its frames
    second[128 + 4..128 + 6].copy_from_slice(&288_u16.to_le_bytes());
    sum_header(&mut second);
    let file = written(folder.path(), "both.exp", &[&first[..], &second].concat());
    let report = json(&["info", text(&file)], 0);
    assert_eq!(report["records"], 60);
    assert_eq!(report["streams"][0]["height"], 240);
    let warnings = report["warnings"].to_string();
    let expected = format!("a second header at offset {}: server", first.len());
    assert!(warnings.contains(&expected), "{warnings}");
    assert!(warnings.contains("SERVER-B"), "{warnings}");
    assert!(warnings.contains("120 minutes from UTC"), "{warnings}");
    let size = "the header says 352x288 where its keyframes show 352x240";
    assert!(warnings.contains(size), "{warnings}");
    // its counts and its index are those of its own part
    assert!(!warnings.contains("where 30 were read"), "{warnings}");
    assert!(!warnings.contains("where it is at"), "{warnings}");
}

#[test]
fn a_wrong_camera_count_loses_no_frame() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(exptool_tools::one_camera(folder.path(), 4)).unwrap();
    for cameras in [0, 2, 200] {
        let mut bytes = whole.clone();
        bytes[89] = cameras;
        let file = written(folder.path(), "count.exp", &bytes);
        let report = json(&["info", text(&file)], 0);
        assert_eq!(report["records"], 30, "{cameras}");
        assert_eq!(report["streams"][0]["orphans"], 0);
        assert_eq!(report["header"]["data_start"], 176);
        let warnings = report["warnings"].to_string();
        let expected = format!("{cameras} cameras where its size 176 has room for 1");
        assert!(warnings.contains(&expected), "{warnings}");
    }
    // where the size is the wrong one, the cameras tell
    let mut bytes = whole;
    bytes[8..12].copy_from_slice(&224_u32.to_le_bytes());
    let file = written(folder.path(), "size.exp", &bytes);
    assert_eq!(json(&["info", text(&file)], 0)["records"], 30);
}

#[test]
fn a_file_that_ends_inside_a_record_is_never_called_undamaged() {
    let folder = tempfile::tempdir().unwrap();
    let made = testing::make::tiny_exp(40);
    let end = made.records[30].end - 10;
    let file = written(folder.path(), "cut.exp", &made.bytes[..end]);
    let words = run(&["info", text(&file)], 1);
    assert!(
        words.contains("ends inside the record at offset"),
        "{words}"
    );
    assert!(!words.contains("none found"), "{words}");
    let page = folder.path().join("cut.html");
    let arguments = ["report", text(&file), "--no-pictures", "-o", text(&page)];
    run(&arguments, 1);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("ends inside a record"), "{html}");
    assert!(
        !html.contains("none found") && !html.contains("nothing wrong"),
        "{html}"
    );
}

#[test]
fn a_file_alone_means_info() {
    let folder = tempfile::tempdir().unwrap();
    let file = exptool_tools::one_camera(folder.path(), 2);
    let info = run(&["info", text(&file)], 0);
    assert_eq!(run(&[text(&file)], 0), info);
    assert_eq!(
        run(&["--utc-offset", "+00:00", "--no-progress", text(&file)], 0)
            .lines()
            .count(),
        info.lines().count()
    );
    assert!(run(&["--quick", text(&file)], 0).contains("--quick"));
    let words = complaint(&["./nowhere.exp"], 3);
    assert!(words.contains("nowhere.exp"), "{words}");
    // what is neither a file nor a command
    complaint(&["inof"], 2);
}

#[test]
fn a_clock_that_was_not_set_makes_times_doubtful_and_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let made = testing::make::tiny_timed(60, |n| match n {
        20..40 => 100 * n as i64,
        _ => testing::make::START + 100 * n as i64,
    });
    let file = written(folder.path(), "reset.exp", &made.bytes);
    let report = json(&["info", text(&file)], 0);
    assert_eq!(report["records"], 60);
    assert_eq!(report["doubtful"], 20);
    assert_eq!(
        (&report["gaps"], &report["clock_steps"]),
        (&0.into(), &2.into())
    );
    assert_eq!(report["runs"][1]["doubtful"], 20);
    let quick = run(&["info", "--quick", text(&file)], 0);
    assert!(quick.contains("0 gaps found"), "{quick}");
    let warnings = report["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let words = run(&["info", text(&file)], 0);
    assert!(words.contains("time doubtful"), "{words}");
    let video = folder.path().join("reset.mkv");
    let converted = json(&["convert", text(&file), "-o", text(&video)], 0);
    assert_eq!(converted[0]["frames"], 60, "{converted}");
    let page = folder.path().join("reset.html");
    let arguments = ["report", text(&file), "--no-pictures", "-o", text(&page)];
    run(&arguments, 0);
    let html = std::fs::read_to_string(&page).unwrap();
    let run = "1970-01-01 00:00:02.000 -05:00 <span class=\"bad\">doubtful</span>";
    assert!(html.contains("time doubtful</span>"), "{html}");
    assert!(
        html.replace("1969-12-31 19", "1970-01-01 00").contains(run),
        "{html}"
    );
}

#[test]
fn frames_without_a_time_are_doubtful_and_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<u8> = (0..60u64)
        .flat_map(|number| {
            let unix_ms = match number {
                20..40 => 0,
                _ => 1_700_000_000_000 + 100 * number,
            };
            testing::netvu_make::minimal(unix_ms, &testing::netvu_make::vop(true, 200, number))
        })
        .collect();
    let file = written(folder.path(), "undated.adbin", &records);
    let report = json(&["info", text(&file)], 0);
    assert_eq!(report["records"], 60);
    assert_eq!(report["doubtful"], 20);
    assert_eq!(report["runs"][0]["doubtful"], 20);
    let warnings = report["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let words = warnings[0].to_string();
    let first = records.len() / 60 * 20;
    assert!(words.contains(&format!("offset {first}")), "{words}");
}

#[test]
fn a_header_that_lies_about_the_size_misleads_no_command() {
    use testing::{make, plv1::Avi};
    let folder = tempfile::tempdir().unwrap();
    let frames = make::pictures(&make::mpeg4("704x240", "10", 30, &["-g", "10"]));
    let (mut avi, mut exp) = (Avi::new(704, 480), make::Exp::one(704, 480));
    for (n, coded) in frames.iter().enumerate() {
        let ms = make::START + 100 * n as i64;
        avi.picture(ms.div_euclid(1000) as u32, coded, 88);
        exp.picture(ms, coded);
    }
    for (name, bytes) in [("lies.avi", avi.finish()), ("lies.exp", exp.finish().bytes)] {
        let file = written(folder.path(), name, &bytes);
        let report = json(&["info", text(&file)], 0);
        let (camera, warnings) = (
            &report["streams"][0],
            report["warnings"].as_array().unwrap(),
        );
        assert_eq!(
            (&camera["width"], &camera["height"]),
            (&704.into(), &240.into()),
            "{name}"
        );
        assert_eq!(warnings.len(), 1, "{name}: {warnings:?}");
        let (video, still) = (folder.path().join("x.mkv"), folder.path().join("x.png"));
        let page = folder.path().join("x.html");
        for line in [
            &["convert", text(&file), "--force", "-o", text(&video)][..],
            &[
                "snapshot",
                text(&file),
                "--at",
                "+1",
                "--force",
                "-o",
                text(&still),
            ],
            &["report", text(&file), "--force", "-o", text(&page)],
        ] {
            run(line, 0);
        }
        // a field is half as high as its picture
        for (path, size) in [(&video, "704,240\n"), (&still, "704,528\n")] {
            let shown = [
                "-v",
                "error",
                "-show_entries",
                "stream=width,height",
                "-of",
                "csv=p=0",
                text(path),
            ];
            let shown = other("ffprobe", &shown);
            assert_eq!(shown, size, "{name}: {}", path.display());
        }
        let html = std::fs::read_to_string(&page).unwrap();
        assert!(html.contains("<td>704×240</td>"), "{name}: {html}");
    }
}
