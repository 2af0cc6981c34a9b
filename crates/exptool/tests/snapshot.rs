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
        let told = json(
            &["snapshot", text(&file), &moment, &number, "-o", text(&png)],
            0,
        );
        let (sum, time) = (&told[0]["coded_sha256"], &told[0]["utc"]);
        let time = time.as_str().unwrap();
        let rows: Vec<&str> = table.lines().filter(|line| line.contains(time)).collect();
        let found = rows
            .iter()
            .position(|line| line.contains(sum.as_str().unwrap()));
        assert!(found.is_some(), "{time} {sum} {rows:?}");
        assert_eq!(told[0]["run"], if at == 24 { 2 } else { row + 1 });
    }
    let all = folder.path().join("all");
    let told = json(&["snapshot", text(&file), "--every=3", "-o", text(&all)], 0);
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), 14);
    assert_eq!(std::fs::read_dir(&all).unwrap().count(), 14, "{told:?}");
}

#[test]
fn what_can_be_had_is_written_and_the_rest_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_ends_early(folder.path());
    let png = folder.path().join("new/er/two.png");
    let output = exptool()
        .args([
            "snapshot",
            text(&file),
            "--at=+3",
            "--at=+50",
            "-o",
            text(&png),
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let (out, errors) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    let wanted = "two-camera2-2010-11-07_013146.000.png: 2010-11-07 01:31:46.000 +00:00 (the next after 2010-11-07 01:30:50.000 +00:00)";
    assert!(lines[2].ends_with(wanted), "{out}");
    assert!(errors.contains("camera 1 has no picture at"), "{errors}");
    assert_eq!(std::fs::read_dir(png.parent().unwrap()).unwrap().count(), 3);
    // before the beginning: the first; one camera at one time has the name itself
    let png = folder.path().join("first.png");
    let arguments = [
        "snapshot",
        text(&file),
        "--camera=1",
        "--at=2001-01-01",
        "-o",
        text(&png),
    ];
    assert!(
        run(&arguments, 0)
            .contains("first.png: 2010-11-07 01:30:00.000 +00:00 (the next after 2001")
    );
    assert!(png.exists());
    // nothing at all is a failure
    complaint(&["snapshot", text(&file), "--at=+5000"], 3);
    for command in ["snapshot", "contact-sheet"] {
        let mut arguments = vec![command, text(&file), "-o", "x.jpg"];
        if command == "snapshot" {
            arguments.push("--at=+1");
        }
        assert!(complaint(&arguments, 2).contains(".png"), "{command}");
    }
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
    let told = json(
        &["snapshot", text(&samples), "--at=+5", "-o", text(&png)],
        0,
    );
    // 4.938266666 s is the last before 5 s
    let line = table
        .lines()
        .find(|line| line.contains(",4.938266666,"))
        .unwrap();
    assert!(
        line.contains(told[0]["coded_sha256"].as_str().unwrap()),
        "{told}"
    );
}
