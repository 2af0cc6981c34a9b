// SPDX-License-Identifier: MPL-2.0
//! `exptool snapshot`, `contact-sheet`, `timeline` and `report`, judged by xmllint, ffprobe, sha256sum and Chromium.

use crate::{exptool_tools::ends_with, recording_tools as tools};
use testing::common;

use std::path::{Path, PathBuf};
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

fn sha256(path: &Path) -> String {
    let sums = other("sha256sum", &[text(path)]);
    sums.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_snapshot_shows_its_time_and_source() {
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
    let sum = sha256(&input);
    assert_eq!(text_of("Source SHA-256"), sum);

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
    let probed = tools::ffprobe(&output);
    let video = stream(&probed, "video");
    assert_eq!(
        (&video["width"], &video["height"]),
        (&352.into(), &264.into())
    );

    let again = ["snapshot", text(&input), "--at", "+1", "-o", text(&output)];
    ends_with(4, exptool().args(again));
}

#[test]
fn pictures_every_so_many_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("x.exp"), dir.path().join("all"));
    single(&input);
    for _ in 0..2 {
        let reported = run(&[
            "snapshot",
            text(&input),
            "--every",
            "3",
            "-o",
            text(&output),
            "--json",
        ]);
        let reported: serde_json::Value = serde_json::from_str(&reported).unwrap();
        let times: Vec<&str> = reported
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
    let probed = tools::ffprobe(&output);
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
    other("ffmpeg", &arguments);
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
    let report = ["report", text(&input), "-o", text(&page), "--no-pictures"];
    ends_with(1, exptool().args(report));
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
        let sum = sha256(file);
        assert!(html.contains(&sum), "hash of the {what}");
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
    other(
        "chromium",
        &[&common[..], &[&save, "--window-size=1100,1800", &url]].concat(),
    );
    other("chromium", &[&common[..], &[&print, &url]].concat());
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
    let dom = other("chromium", &[&common[..], &["--dump-dom", &url]].concat());
    assert!(dom.contains("Runs of camera 1") && dom.contains("sha256"));
    // something was drawn: white paper and dark ink
    let probed = tools::ffprobe(&shot);
    assert_eq!(stream(&probed, "video")["width"], 1100);

    assert!(std::fs::metadata(&shot).unwrap().len() > 50_000);
}

/// Pictures for the documentation, each made by the program of recordings that are made here.
struct Docs {
    folder: tempfile::TempDir,
    docs: PathBuf,
}

impl Docs {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn picture(&self, name: &str) -> String {
        text(&self.docs.join(name)).to_owned()
    }

    /// Runs the program in the folder, under the name that a user calls it by.
    fn exptool(&self, arguments: &[&str]) -> String {
        use std::os::unix::process::CommandExt;
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_exptool"));
        command.arg0("exptool").current_dir(self.folder.path());
        let done = command.args(arguments).output().unwrap();
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.code() < Some(2), "{arguments:?}: {err}");
        String::from_utf8(done.stdout).unwrap()
    }

    fn make(&self, name: &str, start: &str, more: &[&str]) {
        let usual = ["make", "-o", name, "--start", start, "--force"];
        self.exptool(&[&usual, more].concat());
    }

    /// A page as Chromium shows it, so many pixels wide in the picture.
    fn page(&self, html: &Path, name: &str, size: &str, width: u32) {
        let shot = self.path("shot.png");
        let [save, size] = [
            format!("--screenshot={}", text(&shot)),
            format!("--window-size={size}"),
        ];
        let url = format!("file://{}", text(html));
        let usual = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ];
        other("chromium", &[&usual[..], &[&save, &size, &url]].concat());
        self.small(&shot, name, width);
    }

    fn small(&self, picture: &Path, name: &str, width: u32) {
        let filter = format!(
            "scale={width}:-1:flags=lanczos,split[a][b];[a]palettegen=max_colors=128[p];[b][p]paletteuse=dither=none"
        );
        let (from, to) = (text(picture), self.picture(name));
        let arguments = [
            "-v",
            "error",
            "-y",
            "-i",
            from,
            "-frames:v",
            "1",
            "-vf",
            &filter,
            &to,
        ];
        other("ffmpeg", &arguments);
    }
}

/// Coloured text of a terminal as HTML.
fn terminal(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let mut parts = text.split("\x1b[");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap();
        let colours = [
            "#000", "#b00020", "#00703c", "#8a6d00", "#0050b0", "#8a1c7c", "#00707c", "#555",
        ];
        let colour = |code: &str| {
            let number: usize = code.parse().ok()?;
            Some(colours[number.checked_sub(30)? % 10 % 8])
        };
        let style = code.split(';').filter_map(colour).next_back();
        out += &format!(
            "</span><span style='color:{}'>{rest}",
            style.unwrap_or("#222")
        );
    }
    format!(
        "<body style='margin:12px;background:#fff'><pre style='font:13px/1.35 DejaVu Sans Mono,monospace;color:#222'><span>{out}</span></pre>"
    )
}

/// `cargo test -p exptool pictures_of -- --ignored` makes the pictures of the documentation anew.
#[test]
#[ignore = "writes into docs"]
fn pictures_of_the_documentation() {
    use formats::reader::Mode;
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("docs");
    let docs = Docs {
        folder: tempfile::tempdir().unwrap(),
        docs,
    };
    let part = |camera, at, seconds, mode| tools::Run {
        camera,
        at,
        seconds,
        mode,
    };
    tools::write(
        &docs.path("lobby.exp"),
        &[
            part(1, 0, 40, Mode::Motion),
            part(2, 0, 300, Mode::Continuous),
            part(3, 20, 60, Mode::PreAlarm),
            part(3, 80, 45, Mode::Alarm),
            part(1, 190, 75, Mode::Motion),
            part(3, 240, 50, Mode::Motion),
        ],
    );
    let mut bytes = std::fs::read(docs.path("lobby.exp")).unwrap();
    let at = bytes.len() / 3;
    bytes[at..at + 2000].fill(0x5a);
    std::fs::write(docs.path("lobby.exp"), bytes).unwrap();
    let timeline = |inputs: &[&str], name: &str| {
        let path = docs.picture(name);
        docs.exptool(&[&["timeline"], inputs, &["-o", &path, "--force"]].concat());
    };
    timeline(&["lobby.exp"], "timeline.png");
    let report = [
        "report",
        "lobby.exp",
        "--case",
        "Case 2009-117",
        "--per-run",
        "2",
        "-o",
        "report.html",
    ];
    docs.exptool(&report);
    docs.page(&docs.path("report.html"), "report.png", "1000,1500", 700);
    // a disc: exports that continue each other, overlap, and leave a hole; and another recorder
    std::fs::create_dir(docs.path("disc")).unwrap();
    let gate = ["--title", "Gate", "--seconds"];
    for (name, start, seconds) in [
        ("disc/a.exp", "2009-11-10T09:00:00-05:00", "600"),
        ("disc/b.exp", "2009-11-10T09:09:00-05:00", "500"),
        ("disc/c.exp", "2009-11-10T09:30:00-05:00", "700"),
    ] {
        docs.make(
            name,
            start,
            &[&["test:ball", "--mode", "motion"], &gate[..], &[seconds]].concat(),
        );
    }
    let yard = ["test:ball", "--title", "Yard", "--seconds", "1800"];
    docs.make(
        "disc/yard.exp",
        "2009-11-10T09:05:00-05:00",
        &[&yard[..], &["--server", "YARD-DVR"]].concat(),
    );
    timeline(&["disc"], "disc.png");
    // the clock below the frame
    let smpte = [
        "test:smpte100",
        "--title",
        "Gate",
        "--mode",
        "motion",
        "--seconds",
        "20",
    ];
    docs.make("gate.exp", "2009-11-10T09:15:20-05:00", &smpte);
    let court = [
        "--from-time",
        "9:15:30",
        "--duration",
        "4",
        "--for",
        "court",
        "-o",
        "court.mp4",
    ];
    docs.exptool(&[&["convert", "gate.exp"], &court[..]].concat());
    docs.small(&docs.path("court.mp4"), "court.png", 352);
    // a clock that was set, back and forward
    let breaks = [
        "test:ball",
        "--seconds",
        "1200",
        "--break",
        "400:-300",
        "--break",
        "800:900",
    ];
    docs.make("set.exp", "2009-11-10T09:00:00-05:00", &breaks);
    timeline(&["set.exp"], "time.png");
    // a record, field by field
    let shown = docs.exptool(&["explain", "gate.exp", "--record", "1", "--color", "always"]);
    std::fs::write(docs.path("explain.html"), terminal(&shown)).unwrap();
    docs.page(
        &docs.path("explain.html"),
        "does-not-open.png",
        "1060,400",
        900,
    );
    // four cameras in one picture
    let four = [
        "test:smpte100",
        "test:ball",
        "test:circular",
        "test:pinwheel",
        "--seconds",
        "10",
    ];
    let titles = [
        "--title", "Gate", "--title", "Yard", "--title", "Lobby", "--title", "Stairs",
    ];
    docs.make(
        "four.exp",
        "2009-11-10T09:15:00-05:00",
        &[&four[..], &titles].concat(),
    );
    docs.exptool(&[
        "convert", "four.exp", "--grid", "--clock", "burn", "-o", "four.mp4",
    ]);
    docs.small(&docs.path("four.mp4"), "embed.png", 528);
    let (sheet, wide) = (
        docs.picture("transcode.png"),
        ["--per-run", "8", "--width", "160"],
    );
    docs.exptool(
        &[
            &[
                "contact-sheet",
                "four.exp",
                "--camera",
                "2",
                "--force",
                "-o",
                &sheet,
            ],
            &wide[..],
        ]
        .concat(),
    );
    // many days, of which few have anything
    std::fs::create_dir(docs.path("days")).unwrap();
    for (name, start) in [
        ("days/1.exp", "2009-11-02T08:00:00-05:00"),
        ("days/2.exp", "2009-11-02T17:00:00-05:00"),
        ("days/3.exp", "2009-11-10T09:00:00-05:00"),
        ("days/4.exp", "2009-11-23T09:00:00-05:00"),
    ] {
        let slow = [
            "test:ball",
            "test:ball",
            "--rate",
            "1",
            "--mode",
            "motion",
            "--seconds",
            "7000",
            "--gop",
            "60",
        ];
        docs.make(name, start, &slow);
    }
    timeline(&["days"], "thousand-files.png");
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
