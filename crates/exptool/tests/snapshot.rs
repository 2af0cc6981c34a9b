// SPDX-License-Identifier: MPL-2.0
//! `exptool snapshot` and `contact-sheet` where a moment is not simply there: hours that were recorded twice, gaps, ends, names.

use crate::exptool_tools;
use testing::common;

use exptool_tools::{complaint, exptool, json, run, text};
use std::path::{Path, PathBuf};

/// 40 s of one camera; the clock is set back at 20 s by `back` seconds.
fn set_back(folder: &Path, back: i64) -> PathBuf {
    let path = folder.join(format!("back{back}.exp"));
    let back = format!("--break=20:-{back}");
    let arguments = [
        "make",
        "test:ball",
        "-o",
        text(&path),
        "--seconds=40",
        "--start=2010-11-07T01:30:00Z",
        &back,
        "--gop=8",
        "--title=Gate",
    ];
    run(&arguments, 0);
    path
}

/// Two cameras; the first ends at 5 s, the second has a gap of 100 s at 6 s and ends at 112 s.
fn one_ends_early(folder: &Path) -> PathBuf {
    let short = folder.join("short.mkv");
    let path = folder.join("early.exp");
    common::launch_well(&format!(
        "videotestsrc num-buffers=75 ! video/x-raw,width=352,height=240,framerate=15/1 ! jpegenc ! matroskamux ! filesink location={}",
        short.display()
    ));
    let arguments = [
        "make",
        text(&short),
        "test:ball",
        "-o",
        text(&path),
        "--seconds=12",
        "--break=6:100",
        "--start=2010-11-07T01:30:00Z",
        "--gop=5",
    ];
    run(&arguments, 0);
    path
}

fn pixels(png: &Path) -> (usize, Vec<u8>) {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(png).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let each = info.line_size / info.width as usize;
    let line = info.width as usize;
    // the first channel is enough
    (
        line,
        bytes.chunks_exact(each).map(|pixel| pixel[0]).collect(),
    )
}

#[test]
fn a_sheet_shows_both_passes_of_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    for back in [5, 10] {
        let file = set_back(folder.path(), back);
        let sheet = folder.path().join(format!("sheet{back}.png"));
        let arguments = [
            "contact-sheet",
            text(&file),
            "-o",
            text(&sheet),
            "--width=120",
        ];
        run(&arguments, 0);
        let (width, pixels) = pixels(&sheet);
        for n in 0..8 {
            let (x, y) = (16 + n % 4 * 128, 64 + n / 4 * (90 + 48 + 8));
            let cell = (0..90).flat_map(|row| &pixels[(y + row) * width + x..][..120]);
            let (low, high) = cell.fold((255, 0), |(low, high), p| (low.min(*p), high.max(*p)));
            // a white ball on black, not the grey of a missing picture
            assert!(
                low < 40 && high > 200,
                "set back by {back}, cell {n}: {low} to {high}"
            );
        }
    }
}

#[test]
fn each_pass_has_its_own_picture() {
    let folder = tempfile::tempdir().unwrap();
    let file = set_back(folder.path(), 10);
    let table = folder.path().join("all.csv");
    let copy = folder.path().join("all.mkv");
    run(
        &["convert", text(&file), "-o", text(&copy), "--frames-csv"],
        0,
    );
    let table = std::fs::read_to_string(table).unwrap();
    // 14 s is in both runs, 24 s in the second alone, where no earlier run holds it any more
    for (at, pass, row) in [(14, 0, 0), (14, 1, 1), (24, 0, 0)] {
        let png = folder.path().join(format!("at{at}-{pass}.png"));
        let (moment, number) = (format!("--at=+{at}"), format!("--pass={pass}"));
        let reported = json(
            &["snapshot", text(&file), &moment, &number, "-o", text(&png)],
            0,
        );
        let (sum, time) = (&reported[0]["coded_sha256"], &reported[0]["utc"]);
        let time = time.as_str().unwrap();
        let rows: Vec<&str> = table.lines().filter(|line| line.contains(time)).collect();
        let found = rows
            .iter()
            .position(|line| line.contains(sum.as_str().unwrap()));
        assert!(found.is_some(), "{time} {sum} {rows:?}");
        assert_eq!(reported[0]["run"], if at == 24 { 2 } else { row + 1 });
    }
    let all = folder.path().join("all");
    let reported = json(&["snapshot", text(&file), "--every=3", "-o", text(&all)], 0);
    let reported = reported.as_array().unwrap();
    assert_eq!(reported.len(), 14);
    assert_eq!(std::fs::read_dir(&all).unwrap().count(), 14, "{reported:?}");
}

#[test]
fn a_moment_that_was_not_recorded_is_said_with_what_is_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_ends_early(folder.path());
    let png = folder.path().join("new/er/two.png");
    let at = |more: &[&str]| {
        let arguments = [
            "snapshot",
            text(&file),
            "--at=+3",
            "--at=+50",
            "-o",
            text(&png),
        ];
        let output = exptool().args(arguments).args(more).output().unwrap();
        let [out, errors] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), out, errors)
    };
    let (code, out, errors) = at(&[]);
    assert_eq!((code, out.lines().count()), (Some(1), 2), "{out}");
    for wanted in [
        "camera 1 recorded nothing at 2010-11-07 01:30:50.000 +00:00: the frame before is of 2010-11-07 01:30:04.933 +00:00 (",
        "camera 2 recorded nothing at 2010-11-07 01:30:50.000 +00:00: the frame before is of 2010-11-07 01:30:05.867 +00:00, the frame after is of 2010-11-07 01:31:46.000 +00:00 (",
    ] {
        assert!(errors.contains(wanted), "{errors}");
    }
    assert_eq!(std::fs::read_dir(png.parent().unwrap()).unwrap().count(), 2);
    let (code, out, errors) = at(&["--nearest", "--force"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let lines: Vec<&str> = out.lines().collect();
    let wanted = "two-camera2-2010-11-07_013005.867.png: 2010-11-07 01:30:05.867 +00:00 (44.133 s before 2010-11-07 01:30:50.000 +00:00)";
    assert!(lines.len() == 4 && lines[3].ends_with(wanted), "{out}");
    let reported = json(
        &["snapshot", text(&file), "--camera=1", "--at=2001-01-01"],
        1,
    );
    assert_eq!(
        (&reported[0]["status"], &reported[0]["before"]),
        (&"not recorded".into(), &serde_json::Value::Null)
    );
    // one camera at one time has the name itself
    let png = folder.path().join("first.png");
    let arguments = [
        "snapshot",
        text(&file),
        "--camera=1",
        "--at=2001-01-01",
        "--nearest",
        "-o",
        text(&png),
    ];
    assert!(run(&arguments, 0).contains("first.png: 2010-11-07 01:30:00.000 +00:00 ("));
    assert!(png.exists());
    // a name that says otherwise
    assert!(
        complaint(&["snapshot", text(&file), "--at=+1", "-o", "x.gif"], 2).contains(".png, .jpg")
    );
    assert!(complaint(&["contact-sheet", text(&file), "-o", "x.jpg"], 2).contains(".png"));
}

#[test]
fn stills_of_a_disc_are_png_or_jpeg_with_the_clock_below() {
    let folder = tempfile::tempdir().unwrap();
    let disc = folder.path().join("disc");
    std::fs::create_dir(&disc).unwrap();
    for (name, start) in [("morning.exp", "09:15:00"), ("noon.exp", "12:00:00")] {
        let (path, start) = (disc.join(name), format!("--start=2010-01-01T{start}-05:00"));
        let arguments = [
            "make",
            "test:ball",
            "-o",
            text(&path),
            "--seconds=6",
            "--title=Gate",
            "--gop=5",
            &start,
        ];
        run(&arguments, 0);
    }
    // the one that has the moment is found, and the other is no failure
    let stills = folder.path().join("stills");
    let reported = json(
        &[
            "snapshot",
            text(&disc),
            "--at=12:00:03",
            "--clock",
            "-o",
            text(&stills),
        ],
        0,
    );
    let reported = reported.as_array().unwrap();
    assert_eq!(reported.len(), 1);
    let png = PathBuf::from(reported[0]["output"].as_str().unwrap());
    assert!(
        text(&png).ends_with("noon_camera1_2010-01-01_120002.933.png"),
        "{reported:?}"
    );
    assert_eq!(std::fs::read_dir(&stills).unwrap().count(), 1);
    let (width, bytes) = pixels(&png);
    let (frame, bar) = bytes.split_at(264 * width);
    assert_eq!(width, 352);
    assert!(bar.iter().filter(|pixel| **pixel > 200).count() > 100 && bar[0] == 0);
    assert!(frame.iter().any(|pixel| *pixel > 200));
    // nowhere: both files are of one recorder, so the frames around are those of both
    let errors = complaint(&["snapshot", text(&disc), "--at=10:00"], 1);
    assert_eq!(errors.matches("recorded nothing at").count(), 1, "{errors}");
    for beside in [
        "before is of 2010-01-01 09:15:05.867 -05:00 in",
        "after is of 2010-01-01 12:00:00.000 -05:00 in",
    ] {
        assert!(errors.contains(beside), "{errors}");
    }
    let nearest = [
        "snapshot",
        text(&disc),
        "--at=10:00",
        "--nearest",
        "-o",
        text(&stills),
    ];
    let written = json(&nearest, 0);
    let output = written[0]["output"].as_str().unwrap();
    assert_eq!(written.as_array().unwrap().len(), 1, "{written}");
    assert!(
        output.contains("morning_camera1_2010-01-01_091505.867"),
        "{written}"
    );
    // JPEG, decoded by others, with the same facts in its comment
    let (noon, jpeg) = (disc.join("noon.exp"), folder.path().join("still.jpg"));
    let arguments = [
        "snapshot",
        text(&noon),
        "--camera=gate",
        "--at=12:00:03pm",
        "-o",
        text(&jpeg),
    ];
    run(&arguments, 0);
    let wanted = "ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0";
    let shown = exptool_tools::other("bash", &["-c", &format!("{wanted} '{}'", text(&jpeg))]);
    assert_eq!(shown.trim(), "mjpeg,352,264");
    let bytes = std::fs::read(&jpeg).unwrap();
    let comment = b"Recorder time: 2010-01-01 12:00:02.933 -05:00";
    assert!(bytes.windows(comment.len()).any(|part| part == comment));
    assert!(bytes.starts_with(&[0xff, 0xd8, 0xff, 0xfe]));
}

#[test]
fn the_last_frame_before_a_gap_is_shown_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (file, png) = (folder.path().join("x.exp"), folder.path().join("x.png"));
    let start = "--start=2010-01-01T09:00:00-05:00";
    let made = [
        "make",
        "test:ball",
        "-o",
        text(&file),
        "--seconds=6",
        "--gop=5",
        "--break=3:60",
        start,
    ];
    run(&made, 0);
    // frames of 3.067 s and 3.2 s are the last before the gap
    for at in ["+3.2", "+3.3", "09:00:03.25"] {
        let shown = run(
            &[
                "snapshot",
                text(&file),
                "--at",
                at,
                "-o",
                text(&png),
                "--force",
            ],
            0,
        );
        assert!(shown.contains("2010-01-01 09:00:03.200"), "{at}: {shown}");
    }
    let shown = run(
        &[
            "snapshot",
            text(&file),
            "--at=+3.15",
            "-o",
            text(&png),
            "--force",
        ],
        0,
    );
    assert!(shown.contains("2010-01-01 09:00:03.067"), "{shown}");
    // the nearest to a moment in the gap is that last frame
    let nearest = [
        "snapshot",
        text(&file),
        "--at=+10",
        "--nearest",
        "-o",
        text(&png),
        "--force",
    ];
    assert!(run(&nearest, 0).contains("2010-01-01 09:00:03.200"));
}

#[test]
fn a_file_without_a_clock_gives_the_hash_of_the_coded_picture() {
    let samples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("../shared/samples/dx/plv1-plain.avi");
    if !samples.is_file() {
        eprintln!("SKIPPED: no samples at {}", samples.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (copy, png) = (folder.path().join("p.mkv"), folder.path().join("p.png"));
    run(
        &["convert", text(&samples), "-o", text(&copy), "--frames-csv"],
        0,
    );
    let table = std::fs::read_to_string(folder.path().join("p.csv")).unwrap();
    let reported = json(
        &["snapshot", text(&samples), "--at=+5", "-o", text(&png)],
        0,
    );
    // 4.938266666 s is the last before 5 s
    let line = table
        .lines()
        .find(|line| line.contains(",4.938266666,"))
        .unwrap();
    assert!(
        line.contains(reported[0]["coded_sha256"].as_str().unwrap()),
        "{reported}"
    );
}
