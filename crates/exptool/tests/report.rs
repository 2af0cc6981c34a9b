// SPDX-License-Identifier: MPL-2.0
//! What `exptool report`, `timeline` and `contact-sheet` tell: pages, JSON, exit codes.

use crate::exptool_tools;
use testing::common;

use exptool_tools::{complaint, exptool, json, one_camera, other, run, text, two_cameras};

#[test]
fn a_report_of_two_recordings_starts_the_plugin_once() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (one_camera(folder.path(), 5), two_cameras(folder.path()));
    let page = folder.path().join("new/page.html");
    let output = exptool()
        .args([
            "--json",
            "report",
            text(&one),
            text(&two),
            "-o",
            text(&page),
        ])
        .env("G_DEBUG", "fatal-criticals")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(!errors.contains("CRITICAL"), "{errors}");
    let reported: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(reported["output"], text(&page));
    assert_eq!(reported["recordings"][1]["cameras"], 2);
    assert_eq!(reported["recordings"][0]["pictures"], 4);
    let sum = other("sha256sum", &[text(&two)]);
    assert!(sum.starts_with(reported["recordings"][1]["sha256"].as_str().unwrap()));

    let html = std::fs::read_to_string(&page).unwrap();
    // pictures are the page's own, so that their words follow its colours, and tell milliseconds and offset
    assert!(html.contains("<figcaption>2010-01-01 08:00:00.5"), "{html}");
    assert!(html.contains(" +00:00<br>camera 1, run 1</figcaption>"));
    // tables scroll where they do not fit
    assert_eq!(
        html.matches("<div class=\"wide\"><table>").count(),
        1 + 2 + 3
    );
    assert_eq!(html.matches("<div").count(), html.matches("</div>").count());
}

#[test]
fn a_report_without_pictures_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (silent, page) = (folder.path().join("s.exp"), folder.path().join("s.html"));
    common::launch_well(&format!(
        "audiotestsrc num-buffers=50 ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! expmux ! filesink location={}",
        silent.display()
    ));
    let words = complaint(&["report", text(&silent), "-o", text(&page)], 1);
    assert!(
        words.contains("s.exp: no video frames were found"),
        "{words}"
    );
    assert!(
        std::fs::read_to_string(&page)
            .unwrap()
            .contains("no video frames were found")
    );
    // a decoder that is missing
    let one = one_camera(folder.path(), 2);
    let output = exptool()
        .args(["report", text(&one), "-o", text(&page), "--force"])
        .env("GST_PLUGIN_SYSTEM_PATH_1_0", folder.path())
        .env("GST_PLUGIN_PATH_1_0", "")
        .env("GST_REGISTRY", folder.path().join("registry"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("apt install"), "{words}");
    // pictures that nobody wanted are not missed
    run(
        &[
            "report",
            text(&one),
            "-o",
            text(&page),
            "--force",
            "--no-pictures",
        ],
        0,
    );
}

#[test]
fn a_timeline_of_two_zones_says_which_time_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (one_camera(folder.path(), 5), two_cameras(folder.path()));
    let drawn = run(&["timeline", text(&two), text(&one)], 0);
    for wanted in [
        "2010-01-01 03:00:00.000 -05:00",
        "the axis too is in the time of two<",
        ">two (UTC-05:00)<",
        ">one (UTC+00:00)<",
    ] {
        assert!(drawn.contains(wanted), "{wanted}: {drawn}");
    }
    let copy = folder.path().join("copy.exp");
    std::fs::copy(&two, &copy).unwrap();
    let drawn = run(&["timeline", text(&two), text(&copy)], 0);
    assert!(drawn.contains(">two<") && !drawn.contains("the axis too"));
    let (png, svg) = (folder.path().join("a/t.png"), folder.path().join("b/t.svg"));
    let reported = json(
        &[
            "timeline",
            text(&two),
            text(&one),
            "-o",
            text(&png),
            "-o",
            text(&svg),
        ],
        0,
    );
    assert_eq!(reported["outputs"][1], text(&svg));
    assert_eq!(reported["recordings"][0]["utc_offset"], "-05:00");
    let runs = reported["recordings"][0]["cameras"][1]["runs"]
        .as_array()
        .unwrap();
    assert_eq!(runs.len(), 3);
    assert_eq!(runs[0]["start"], "2010-01-01 03:00:00.000 -05:00");
    assert!(png.exists() && svg.exists());
    complaint(&["timeline", text(&two), "-o", "x.jpg"], 2);
}

#[test]
fn sheets_show_what_is_on_them() {
    let folder = tempfile::tempdir().unwrap();
    let two = two_cameras(folder.path());
    let sheet = folder.path().join("new/sheet.png");
    let arguments = [
        "contact-sheet",
        text(&two),
        "-o",
        text(&sheet),
        "--per-run=20",
        "--width=320",
    ];
    let reported = json(&arguments, 0);
    let sheets = reported["sheets"].as_array().unwrap();
    assert!(sheets.len() > 2, "{reported}");
    assert!(
        sheets[1]["output"]
            .as_str()
            .unwrap()
            .ends_with("sheet-2.png")
    );
    let first = &sheets[0]["pictures"][0];
    assert_eq!(first["camera"], 1);
    assert!(
        first["coded_sha256"].is_string() && first["utc"].is_string(),
        "{first}"
    );
    let png = std::fs::read(&sheet).unwrap();
    let sum = reported["source_sha256"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&png).contains(&format!("Source SHA-256\0{sum}")));
    // a shorter sheet: the pages that stay are not of it
    let arguments = ["contact-sheet", text(&two), "-o", text(&sheet), "--force"];
    let words = complaint(&arguments, 0);
    assert!(
        words.contains("sheet-2.png: is there from before"),
        "{words}"
    );
}

#[test]
fn a_report_is_limited_to_a_camera_and_a_time_and_printed() {
    let folder = tempfile::tempdir().unwrap();
    let two = two_cameras(folder.path());
    let (page, pdf) = (folder.path().join("p.html"), folder.path().join("p.pdf"));
    let mut arguments = vec![
        "report",
        text(&two),
        "--no-pictures",
        "--camera=yard",
        "--from-time=2010-01-01 03:04:30",
        "--case=2009-117",
        "--examiner=J. Doe & Co",
        "--md5",
        "-o",
        text(&page),
    ];
    let reported = json(&arguments, 0);
    let html = std::fs::read_to_string(&page).unwrap();
    for wanted in [
        "<h1>2009-117</h1>",
        "J. Doe &amp; Co",
        "camera yard, from 2010-01-01 03:04:30",
        "nothing wrong was found",
        "Runs of camera 2 (Yard)",
        "<td class=\"n\">2</td><td>2010-01-01 03:05:04.000 -05:00",
        "gap of 5 min 0.13",
        "counter(page)",
    ] {
        assert!(html.contains(wanted), "{wanted}: {html}");
    }
    assert!(!html.contains("Runs of camera 1"), "{html}");
    // the first run is before that time, the one after the step back is too
    assert!(!html.contains("<td class=\"n\">1</td><td>2010"), "{html}");
    let sum = other("md5sum", &[text(&two)]);
    let md5 = reported["recordings"][0]["md5"].as_str().unwrap();
    assert!(sum.starts_with(md5) && html.contains(md5));

    arguments.truncate(8);
    arguments.extend(["--pdf", text(&pdf)]);
    let browsers = ["chromium", "weasyprint", "google-chrome", "chrome"];
    let installed = |name: &&str| {
        std::process::Command::new(name)
            .arg("--version")
            .output()
            .is_ok()
    };
    match browsers.iter().any(installed) {
        true => {
            run(&arguments, 0);
            assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
        }
        false => {
            let words = complaint(&arguments, 4);
            assert!(words.contains("apt install chromium"), "{words}");
        }
    }
}

#[test]
fn pictures_of_a_report_are_shared_among_the_cameras() {
    let folder = tempfile::tempdir().unwrap();
    let two = two_cameras(folder.path());
    let page = folder.path().join("p.html");
    // 180 moments, and room for 112
    let reported = json(
        &["report", text(&two), "--per-run=60", "-o", text(&page)],
        0,
    );
    assert_eq!(reported["recordings"][0]["pictures"], 112);
    let html = std::fs::read_to_string(&page).unwrap();
    for camera in ["camera 1 (Front door)", "camera 2 (Yard)"] {
        for run in 1..=3 {
            let caption = format!("<br>{camera}, run {run}</figcaption>");
            let count = html.matches(&caption).count();
            assert!((18..=19).contains(&count), "{caption}: {count}");
        }
    }
    assert!(html.contains("and 68 more"), "{html}");
}

#[test]
fn a_viewing_log_is_in_the_report_with_pictures_and_notes() {
    let folder = tempfile::tempdir().unwrap();
    let two = two_cameras(folder.path());
    let (page, log) = (folder.path().join("p.html"), folder.path().join("log.csv"));
    let second = 1_000_000_000_i64;
    let begun = 1_262_332_800 * second;
    let rows = [
        format!(
            "x,,{},0,2,Yard,{},\"red <car>, left\",0",
            begun + 3 * second,
            text(&two)
        ),
        // the file was moved, and the camera recorded nothing then
        format!(
            "x,,{begun},0,1,,/elsewhere/{},early,",
            two.file_name().unwrap().to_str().unwrap()
        ),
        format!(
            "then,,{},0,1,,/elsewhere/other.exp,foreign,0",
            begun + second
        ),
    ];
    let head = "recorder_time,utc,clock_ns,pass,camera,title,file,note,camera_pass";
    std::fs::write(&log, format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    let words = ["report", text(&two), "--log", text(&log), "-o", text(&page)];
    let reported = json(&words, 1);
    let marks = reported["bookmarks"].as_array().unwrap();
    assert_eq!(marks[0]["lack"], "this camera recorded nothing then");
    assert_eq!(marks[1]["lack"], "this file is not in the report");
    assert_eq!(marks[2]["lack"], serde_json::Value::Null);
    let still = folder.path().join("still.png");
    let at = "2010-01-01T08:00:03Z";
    let snapshot = [
        "snapshot",
        text(&two),
        "--camera",
        "2",
        "--at",
        at,
        "-o",
        text(&still),
    ];
    let sum = &json(&snapshot, 0)[0]["coded_sha256"];
    assert!(sum.is_string());
    assert_eq!(&marks[2]["coded_sha256"], sum, "the very frame");
    let html = std::fs::read_to_string(&page).unwrap();
    let section = html.split("id=\"log\"").nth(1).unwrap();
    let section = section.split("<h2").next().unwrap();
    assert_eq!(section.matches("data:image/png;base64,").count(), 1);
    assert!(section.contains("red &lt;car&gt;, left"), "{section}");
    // a table that is not a log
    std::fs::write(&log, "a,b\n1,2\n").unwrap();
    let words = complaint(
        &[
            "report",
            text(&two),
            "--log",
            text(&log),
            "-o",
            text(&page),
            "--force",
        ],
        3,
    );
    assert!(words.contains("expected a column clock_ns"), "{words}");
}
