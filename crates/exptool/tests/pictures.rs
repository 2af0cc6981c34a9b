// SPDX-License-Identifier: MPL-2.0
//! `exptool snapshot`, `contact-sheet`, `timeline` and `report`, judged by xmllint, ffprobe, sha256sum and Chromium.

use crate::recording_tools as tools;
use testing::common;

use std::path::Path;
use tools::{exptool, other, run, single, stream, usual};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Text chunks of a PNG.
fn texts(path: &Path) -> Vec<(String, String)> {
    let bytes = std::fs::read(path).unwrap();
    let mut rest = &bytes[8..];
    let mut out = Vec::new();
    while rest.len() >= 12 {
        let size = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        if &rest[4..8] == b"tEXt" {
            let body = String::from_utf8(rest[8..8 + size].to_vec()).unwrap();
            let (name, text) = body.split_once('\0').unwrap();
            out.push((name.to_owned(), text.to_owned()));
        }
        rest = &rest[12 + size..];
    }
    out
}

fn sha256(path: &Path) -> Option<String> {
    let sums = other("sha256sum", &[text(path)])?;
    Some(sums.split(' ').next().unwrap().to_owned())
}

#[test]
fn a_snapshot_tells_its_time_and_source() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("s.png"));
    single(&input);
    run(&[
        "snapshot",
        text(&input),
        "--at",
        "2009-11-10 09:16:31.3",
        "-o",
        text(&output),
    ]);
    let found = texts(&output);
    let text_of = |name: &str| {
        let found = found.iter().find(|(key, _)| key == name);
        found
            .unwrap_or_else(|| panic!("no {name} in {found:?}"))
            .1
            .clone()
    };
    // the picture that was on when it was 31.3 s
    assert_eq!(text_of("Recorder time"), "2009-11-10 09:16:31.200 -05:00");
    assert_eq!(text_of("Recorder time UTC"), "2009-11-10T14:16:31.200Z");
    assert_eq!(text_of("Recording mode"), "alarm");
    assert_eq!(text_of("Title"), "camera 1 (Gate 1 & yard)");
    if let Some(sum) = sha256(&input) {
        assert_eq!(text_of("Source SHA-256"), sum);
    }
    // the hash is that of the picture in the table of frames
    run(&[
        "convert",
        text(&input),
        "-o",
        text(&dir.path().join("x.mkv")),
        "--frames-csv",
    ]);
    let table = std::fs::read_to_string(dir.path().join("x.csv")).unwrap();
    let line = table
        .lines()
        .find(|line| line.contains("14:16:31.200Z"))
        .unwrap();
    assert!(line.contains(&text_of("Coded picture SHA-256")), "{line}");
    // square pixels, none lost
    if let Some(probed) = tools::ffprobe(&output) {
        let video = stream(&probed, "video");
        assert_eq!(
            (&video["width"], &video["height"]),
            (&352.into(), &264.into())
        );
    }
    exptool()
        .args(["snapshot", text(&input), "--at", "+1", "-o", text(&output)])
        .assert()
        .code(4);
}

#[test]
fn pictures_every_so_many_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("all"));
    single(&input);
    for _ in 0..2 {
        let told = run(&[
            "snapshot",
            text(&input),
            "--every",
            "3",
            "-o",
            text(&output),
            "--json",
        ]);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let times: Vec<&str> = told
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["utc"].as_str().unwrap())
            .collect();
        let wanted = ["15:30", "15:33", "15:36", "16:30", "16:33"];
        for (time, wanted) in times.iter().zip(wanted) {
            assert_eq!(*time, format!("2009-11-10T14:{wanted}.000Z"));
        }
        assert_eq!(times.len(), 3 + 2 + 2);
    }
    assert_eq!(std::fs::read_dir(&output).unwrap().count(), 7);
}

#[test]
fn contact_sheets_hold_each_run() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("sheet.png"));
    usual(&input);
    run(&[
        "contact-sheet",
        text(&input),
        "-o",
        text(&output),
        "--per-run",
        "3",
        "--columns",
        "3",
        "--width",
        "120",
    ]);
    let Some(probed) = tools::ffprobe(&output) else {
        return;
    };
    // four runs, a row for each
    let video = stream(&probed, "video");
    assert_eq!(video["width"], 2 * 16 + 3 * 128 - 8);
    assert_eq!(video["height"], 64 + 16 + 4 * (90 + 48 + 8));
    let raw = dir.path().join("sheet.gray");
    let arguments = [
        "-v",
        "error",
        "-y",
        "-i",
        text(&output),
        "-pix_fmt",
        "gray",
        "-f",
        "rawvideo",
        text(&raw),
    ];
    other("ffmpeg", &arguments).unwrap();
    let pixels = std::fs::read(&raw).unwrap();
    let width = 2 * 16 + 3 * 128 - 8;
    // the pattern is a white ball on black: every cell has both, and none of the grey that stands for no picture
    for n in 0..12 {
        let (x, y) = (16 + n % 3 * 128, 64 + n / 3 * 146);
        let cell = (0..90).flat_map(|row| &pixels[(y + row) * width + x..][..120]);
        let (low, high) = cell.fold((255, 0), |(low, high), p| (low.min(*p), high.max(*p)));
        assert!(low < 40 && high > 200, "cell {n}: {low} to {high}");
    }
}

#[test]
fn the_timeline_is_valid_and_true() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("x.exp");
    usual(&input);
    let (svg, png) = (dir.path().join("t.svg"), dir.path().join("t.png"));
    run(&["timeline", text(&input), "-o", text(&svg), "-o", text(&png)]);
    other("xmllint", &["--noout", text(&svg)]);
    let drawn = std::fs::read_to_string(&svg).unwrap();
    for wanted in [
        "camera 1 (Gate 1 &amp; yard)",
        "camera 2 (Gate 2 &amp; yard)",
        "<title>run 1: motion: 2009-11-10 09:15:30.000 -05:00 to 2009-11-10 09:15:38.000 -05:00, 40 frames in this run, x.exp</title>",
        "<title>run 2: gap of 52.200 s before it; alarm: 2009-11-10 09:16:30.000 -05:00 to 2009-11-10 09:16:36.000 -05:00, 30 frames in this run, x.exp</title>",
        ">09:30<",
        "30 s recorded",
    ] {
        assert!(drawn.contains(wanted), "{wanted} is not in {drawn}");
    }
    // two gaps, both of the first camera
    assert_eq!(drawn.matches("class=\"gap\"").count(), 2);
    assert!(!drawn.contains(">damage<"));
    assert_eq!(std::fs::read(&png).unwrap()[..8], *b"\x89PNG\r\n\x1a\n");
    let printed = run(&["timeline", text(&input)]);
    assert_eq!(printed, drawn);
}

/// A recording with a hole of noise, and with a wrong checksum before it.
fn damaged(path: &Path) {
    single(path);
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    for (n, byte) in bytes[middle..middle + 3000].iter_mut().enumerate() {
        *byte = u8::try_from(n * 7 % 251).unwrap() | 0x11;
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn damage_shows_in_timeline_and_report() {
    let dir = tempfile::tempdir().unwrap();
    let (input, page) = (dir.path().join("x.exp"), dir.path().join("x.html"));
    damaged(&input);
    assert!(run(&["timeline", text(&input)]).contains(">damage<"));
    exptool()
        .args(["report", text(&input), "-o", text(&page), "--no-pictures"])
        .assert()
        .code(1);
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.contains("<h3>Damage</h3>"), "{html}");
}

#[test]
fn a_report_holds_all_and_needs_no_network() {
    let dir = tempfile::tempdir().unwrap();
    let (input, page) = (dir.path().join("x & y.exp"), dir.path().join("x.html"));
    let made = dir.path().join("made.mkv");
    usual(&input);
    run(&[
        "convert",
        text(&input),
        "--camera",
        "2",
        "--to",
        "mkv",
        "-o",
        text(&dir.path().join("made.mkv")),
    ]);
    let made = if made.exists() {
        made
    } else {
        dir.path().join("made-camera2.mkv")
    };
    run(&[
        "report",
        text(&input),
        "--outputs",
        text(&made),
        "--case",
        "Case <117>",
        "-o",
        text(&page),
    ]);
    let html = std::fs::read_to_string(&page).unwrap();
    for (file, what) in [(&input, "input"), (&made, "output")] {
        if let Some(sum) = sha256(file) {
            assert!(html.contains(&sum), "hash of the {what}");
        }
    }
    for wanted in [
        "<h1>Case &lt;117&gt;</h1>",
        "x &amp; y.exp",
        "Command line</th><td><code>",
        "all 150 ok",
        "Assumed (by this program",
        "gap of 52.200 s",
        "prefers-color-scheme: dark",
        "@media print",
        "data:image/png;base64,",
        "<svg xmlns",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(html.contains(wanted), "{wanted}");
    }
    let without_namespace = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!without_namespace.contains("http:") && !without_namespace.contains("https:"));
    assert!(!html.contains("<script") && !html.contains("<link"));
    render(&page, dir.path());
}

/// Renders the page as a browser does, light, and printed.
fn render(page: &Path, dir: &Path) {
    let shot = dir.join("shot.png");
    let pdf = dir.join("page.pdf");
    let url = format!("file://{}", text(page));
    let profile = format!("--user-data-dir={}", dir.join("profile").display());
    let common = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        profile.as_str(),
    ];
    let save = format!("--screenshot={}", text(&shot));
    let print = format!("--print-to-pdf={}", text(&pdf));
    if other(
        "chromium",
        &[&common[..], &[&save, "--window-size=1100,1800", &url]].concat(),
    )
    .is_none()
    {
        return;
    }
    other("chromium", &[&common[..], &[&print, &url]].concat());
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
    let dom = other("chromium", &[&common[..], &["--dump-dom", &url]].concat()).unwrap();
    assert!(dom.contains("Runs of camera 1") && dom.contains("sha256"));
    // something was drawn: white paper and dark ink
    if let Some(probed) = tools::ffprobe(&shot) {
        assert_eq!(stream(&probed, "video")["width"], 1100);
    }
    assert!(std::fs::metadata(&shot).unwrap().len() > 50_000);
}

/// `cargo test --test exptool_pictures -- --ignored` makes the pictures of docs/exptool.md anew.
#[test]
#[ignore = "writes into docs"]
fn pictures_of_the_documentation() {
    use formats::reader::Mode;
    use std::os::unix::process::CommandExt;
    let dir = tempfile::tempdir().unwrap();
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("docs");
    std::fs::create_dir_all(&docs).unwrap();
    let (input, page) = (dir.path().join("lobby.exp"), dir.path().join("report.html"));
    let part = |camera, at, seconds, mode| tools::Run {
        camera,
        at,
        seconds,
        mode,
    };
    tools::write(
        &input,
        &[
            part(1, 0, 40, Mode::Motion),
            part(2, 0, 300, Mode::Continuous),
            part(3, 20, 60, Mode::PreAlarm),
            part(3, 80, 45, Mode::Alarm),
            part(1, 190, 75, Mode::Motion),
            part(3, 240, 50, Mode::Motion),
        ],
    );
    let mut bytes = std::fs::read(&input).unwrap();
    let at = bytes.len() / 3;
    bytes[at..at + 2000].fill(0x5a);
    std::fs::write(&input, bytes).unwrap();
    run(&[
        "timeline",
        text(&input),
        "-o",
        text(&docs.join("timeline.png")),
        "--force",
    ]);
    // the page shows the command line: names as a user would give them
    let made = std::process::Command::new(env!("CARGO_BIN_EXE_exptool"))
        .arg0("exptool")
        .current_dir(dir.path())
        .args([
            "report",
            "lobby.exp",
            "--case",
            "Case 2009-117",
            "--per-run",
            "2",
            "-o",
            "report.html",
        ])
        .output()
        .unwrap();
    assert_eq!(made.status.code(), Some(1));
    let shot = format!("--screenshot={}", text(&dir.path().join("shot.png")));
    let url = format!("file://{}", text(&page));
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        shot.as_str(),
        "--window-size=1000,1500",
        url.as_str(),
    ];
    other("chromium", &arguments).unwrap();
    let (shot, out) = (dir.path().join("shot.png"), docs.join("report.png"));
    let filter = "scale=700:-1:flags=lanczos,split[a][b];[a]palettegen=max_colors=128[p];[b][p]paletteuse=dither=none";
    other(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-y",
            "-i",
            text(&shot),
            "-vf",
            filter,
            text(&out),
        ],
    )
    .unwrap();
}

#[test]
fn a_recording_without_a_clock_is_timed_from_its_beginning() {
    let Some(samples) = common::samples("dx") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (plain, output) = (samples.join("plv1-plain.avi"), dir.path().join("p.png"));
    run(&["snapshot", text(&plain), "--at", "+3", "-o", text(&output)]);
    assert!(output.exists());
    let drawn = run(&["timeline", text(&plain)]);
    assert!(drawn.contains("+"), "{drawn}");
    let drawn = run(&["timeline", text(&samples.join("motion-gaps.exp"))]);
    assert_eq!(drawn.matches("class=\"gap\"").count(), 3);
}
