// SPDX-License-Identifier: MPL-2.0
//! The command lines of the task pages run as they are written, on recordings made here, and each page has its picture.

use crate::{exptool_tools::ends_with, recording_tools::exptool};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const PAGES: [&str; 7] = [
    "disc",
    "court",
    "time",
    "does-not-open",
    "embed",
    "transcode",
    "thousand-files",
];

fn docs() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("docs")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(docs().join(format!("{name}.md"))).unwrap()
}

/// The lines of a page's shell blocks.
fn lines(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let lines = blocks.flat_map(|block| block.lines().map(str::to_owned));
    lines.filter(|line| !line.is_empty()).collect()
}

/// Two cameras over the times that the pages name; a disc with two exports that overlap.
fn recordings(folder: &Path) {
    let make = |name: &str, start: &str, seconds: &str| {
        let start = format!("2009-11-10T{start}-05:00");
        let usual = [
            "make",
            "test:ball",
            "test:smpte",
            "--title",
            "Gate",
            "--title",
            "Yard",
            "--rate",
            "2",
            // what is encoded of it takes a fraction of the time
            "--size",
            "176x112",
        ];
        let own = ["--start", &start, "--seconds", seconds, "-o", name];
        ends_with(0, exptool().current_dir(folder).args(usual).args(own));
    };
    make("lobby.exp", "09:14:58", "42");
    std::fs::create_dir(folder.join("disc")).unwrap();
    make("disc/a.exp", "09:07:00", "120");
    make("disc/b.exp", "09:14:58", "40");
}

#[test]
fn the_lines_of_the_task_pages_run_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    recordings(folder.path());
    let program = Path::new(env!("CARGO_BIN_EXE_exptool"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut paths = vec![program.parent().unwrap().to_owned()];
    paths.extend(std::env::split_paths(&path));
    let mut ran = 0;
    for name in PAGES {
        for line in lines(&page(name)) {
            // a player waits for its user, and the script has a test of its own
            if line.starts_with("exptool play") || line.starts_with("examples/") {
                continue;
            }
            let line = line
                .replace("/media/disc", "disc")
                .replace("/archive", "disc");
            let line = line.replace("/converted", "converted");
            let done = Command::new("bash")
                .args(["-o", "pipefail", "-c", &line])
                .current_dir(folder.path())
                .env("PATH", std::env::join_paths(&paths).unwrap())
                .output()
                .unwrap();
            let err = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{name}: {line}\n{err}");
            ran += 1;
        }
    }
    assert!(ran >= 24, "{ran} lines");
    for made in [
        "exhibit-4.mp4.txt",
        "exhibit-5.png",
        "lobby.pdf",
        "lobby-camera1.mov",
        "all.mp4",
        "converted/a-camera1.mkv",
    ] {
        assert!(
            folder.path().join(made).metadata().unwrap().len() > 500,
            "{made}"
        );
    }
    let subtitles = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-i",
            "newyork-camera1.mkv",
            "-map",
            "0:s",
            "-f",
            "srt",
            "-",
        ])
        .current_dir(folder.path())
        .output();
    let subtitles = String::from_utf8(subtitles.unwrap().stdout).unwrap();
    assert!(
        subtitles.contains("2009-11-10 09:14:58 -05:00"),
        "{subtitles}"
    );
}

#[test]
fn each_page_has_its_picture_and_its_links_lead_somewhere() {
    let index = std::fs::read_to_string(docs().join("README.md")).unwrap();
    for name in PAGES {
        assert!(index.contains(&format!("({name}.md)")), "{name}");
        assert!(page(name).contains(&format!("]({name}.png)")), "{name}");
    }
    for name in PAGES.into_iter().chain(["README", "exptool", "seeking"]) {
        let text = page(name);
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            let local = !link.is_empty() && !link.contains("://");
            assert!(!local || docs().join(link).exists(), "{name}.md: {link}");
        }
    }
}
