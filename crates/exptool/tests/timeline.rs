// SPDX-License-Identifier: MPL-2.0
//! What `exptool timeline` draws of clocks that were set, of files that continue each other, and of days without recording.

use crate::exptool_tools::{run, text};
use std::path::{Path, PathBuf};

/// A camera that records from `start` on for `seconds`.
fn made(folder: &Path, name: &str, start: &str, seconds: &str, more: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let options = [
        "make",
        "test:ball",
        "-o",
        text(&path),
        "--start",
        start,
        "--seconds",
        seconds,
        "--rate",
        "2",
        "--gop",
        "4",
        "--server",
        "GATE-DVR",
    ];
    run(&[&options[..], more].concat(), 0);
    path
}

/// The texts of a picture that are exactly this.
fn count(svg: &str, text: &str) -> usize {
    svg.matches(&format!(">{text}</text>")).count()
}

#[test]
fn a_clock_that_was_set_is_drawn_and_runs_are_numbered_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let breaks = ["--break", "100:-60", "--break", "200:200"];
    let set = made(
        folder.path(),
        "set.exp",
        "2009-11-10T09:00:00-05:00",
        "300",
        &breaks,
    );
    let svg = run(&["timeline", text(&set)], 0);
    for number in ["1", "2"] {
        assert_eq!(count(&svg, number), 1, "{number}: {svg}");
    }
    // the second run begins before the first has ended: it is below it
    let level = |number: &str| {
        let at = svg.find(&format!(">{number}</text>")).unwrap();
        let tag = &svg[svg[..at].rfind('<').unwrap()..at];
        let y = tag.split(" y=\"").nth(1).unwrap();
        y.split('"').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(level("1") < level("2"), "{svg}");
    assert_eq!(count(&svg, "clock set"), 1, "{svg}");
    // where no clock was set there is nothing to number
    let start = "2009-11-10T09:00:00-05:00";
    let plain = made(folder.path(), "plain.exp", start, "300", &[]);
    let svg = run(&["timeline", text(&plain)], 0);
    assert_eq!(
        (count(&svg, "1"), count(&svg, "clock set")),
        (0, 0),
        "{svg}"
    );
}

#[test]
fn files_that_continue_each_other_share_a_row_and_empty_days_are_folded() {
    let folder = tempfile::tempdir().unwrap();
    let title = "Loading bay, northern gate, third level";
    let titled = ["--title", title];
    // named against the order of their times
    made(
        folder.path(),
        "b.exp",
        "2009-11-10T09:00:00-05:00",
        "60",
        &titled,
    );
    made(
        folder.path(),
        "a.exp",
        "2009-11-10T09:01:00-05:00",
        "60",
        &titled,
    );
    made(
        folder.path(),
        "c.exp",
        "2009-11-20T09:00:00-05:00",
        "60",
        &titled,
    );
    let other = ["--title", "Yard"];
    made(
        folder.path(),
        "y.exp",
        "2009-11-10T09:00:00-05:00",
        "60",
        &other,
    );
    let svg = run(&["timeline", text(folder.path())], 0);
    assert_eq!(count(&svg, &format!("camera 1 ({title})")), 1, "{svg}");
    assert_eq!(count(&svg, "b … c (3 files)"), 1, "{svg}");
    assert_eq!(count(&svg, "camera 1 (Yard)"), 1, "{svg}");
    assert_eq!(count(&svg, "9 d"), 1, "{svg}");
    // nothing begins left of the picture
    let left = svg.split("<text ").skip(1).map(|tag| {
        let (attributes, rest) = tag.split_once('>').unwrap();
        let x = attributes.split("x=\"").nth(1).unwrap();
        let x: f64 = x.split('"').next().unwrap().parse().unwrap();
        let shown = rest.split('<').next().unwrap().chars().count() as f64;
        let size = if attributes.contains("font-size=\"9\"") {
            9.0
        } else {
            12.0
        };
        match attributes.contains("end") {
            true => x - shown * size * 0.55,
            false => x,
        }
    });
    assert!(left.fold(f64::MAX, f64::min) >= 0.0, "{svg}");
}
