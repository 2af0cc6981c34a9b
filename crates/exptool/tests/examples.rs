// SPDX-License-Identifier: MPL-2.0
//! The lines of the README and the scripts of `examples/batch` do what they say.

use std::path::{Path, PathBuf};
use testing::{common::shell::Place, make, netvu_make};

/// A partition of a NetVu unit with eight MPEG-4 frames of camera 1.
fn partition() -> Vec<u8> {
    let coded = make::pictures(&make::mpeg4("352x256", "10", 8, &[]));
    let records = (0..).zip(&coded).map(|(n, frame)| {
        netvu_make::Made {
            format: if frame.key { 3 } else { 2 },
            unix_ms: 1_700_000_000_000 + 100 * n,
            payload: frame.bytes.clone(),
            ..netvu_make::Made::default()
        }
        .record()
    });
    let front = [b"PAR\0".to_vec(), vec![0x5a; 300]].concat();
    std::iter::once(front).chain(records).flatten().collect()
}

/// The command lines of the README, without comments, each as one line.
fn readme_lines() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = text.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap().replace("\\\n", " "));
    let lines = blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>());
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Lines that need a network, a unit, or minutes of building.
const NOT_RUN: [&str; 12] = [
    "exp-viewer ",
    "./run",
    "scripts/package",
    "sudo ",
    "export ",
    "meson ",
    "cargo ",
    "parconfig ",
    "gst-launch-1.0 souphttpsrc",
    "cc ",
    "examples/embed.py",
    "examples/transcode.sh",
];

/// A line that finds `exptool`.
fn with_exptool(line: &str) -> String {
    format!(
        "PATH={}:$PATH; {line}",
        exptool().parent().unwrap().display()
    )
}

fn exptool() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_exptool"))
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn exptool_play_finds_an_installed_plugin() {
    let place = Place::new();
    let line = with_exptool("exptool play --command x.exp");
    let said = place.run("bash", &["-c", &line]);
    // gst-play-1.0, where exp-viewer is not installed
    assert!(said.trim_end().ends_with(" x.exp"), "{said}");
}

#[test]
fn a_batch_does_only_what_is_left() {
    let place = Place::new();
    let bytes = std::fs::read(place.path("x.exp")).unwrap();
    let folder = place.path("archive/unit 1");
    std::fs::create_dir_all(&folder).unwrap();
    for n in 0..4 {
        // sizes that differ, and a name that has to be quoted
        let part = &bytes[..bytes.len() - n * 20_000];
        std::fs::write(folder.join(format!("{n} it's.exp")), part).unwrap();
    }
    std::fs::write(folder.join("not.exp"), "no recording").unwrap();
    std::fs::write(folder.join("readme.txt"), "not in any list").unwrap();
    let batch = |line: &str| {
        let scripts = root().join("examples/batch");
        place.run(
            "bash",
            &[
                "-c",
                &with_exptool(&format!("{}/{line}", scripts.display())),
            ],
        )
    };
    let planned = batch("plan archive lists 2");
    assert!(planned.starts_with("5 recordings, "), "{planned}");
    let lists = [0, 1].map(|n| std::fs::read(place.path(&format!("lists/{n}"))).unwrap());
    let counts = lists.map(|list| list.iter().filter(|byte| **byte == 0).count());
    // 4 files of a size and a tiny one
    assert_eq!(counts.iter().sum::<usize>(), 5);
    assert!(counts.iter().all(|count| *count >= 2), "{counts:?}");
    // the list that has the file that is not a recording fails, and does the others all the same
    let both = batch("work archive lists out 0 --to mkv --camera 1 || true; echo; ");
    assert!(both.contains("already done"), "{both}");
    batch("work archive lists out 1 --to mkv --camera 1 || true");
    assert!(place.path("out/unit 1/not.exp/failed").exists());
    let inode = |name: &str| {
        use std::os::unix::fs::MetadataExt;
        place.path(name).metadata().unwrap().ino()
    };
    let name = "out/unit 1/0 it's.exp/0 it's-camera1.mkv";
    let first = inode(name);
    // killed between the conversion and the manifest, and with something half-written
    std::fs::remove_file(place.path("out/unit 1/0 it's.exp/manifest")).unwrap();
    std::fs::write(place.path("out/unit 1/0 it's.exp/.exptool-half"), "x").unwrap();
    std::fs::remove_file(folder.join("not.exp")).unwrap();
    batch("plan archive lists 1");
    let again = batch("work archive lists out 0 --to mkv --camera 1");
    assert_eq!(again, "list 0: 1 done, 3 already done, 0 failed\n");
    assert_eq!(inode(name), first, "the conversion was made again");
    assert!(!place.path("out/unit 1/0 it's.exp/.exptool-half").exists());
    let merged = batch("merge lists out all.manifest");
    assert_eq!(merged, "4 recordings, 0 not done\n");
    let line = format!(
        "exptool verify '{}' --against all.manifest",
        name.replace('\'', "'\\''")
    );
    let said = place.run("bash", &["-c", &with_exptool(&line)]);
    assert!(!said.is_empty());
}

#[test]
fn the_readmes_lines_on_four_cameras_and_audio() {
    let place = Place::new();
    std::fs::copy(place.path("x.exp"), place.path("lobby.exp")).unwrap();
    std::fs::write(place.path("x.par"), partition()).unwrap();
    let mut ran = 0;
    for line in readme_lines() {
        if NOT_RUN.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let mut line = line.replace("autovideosink", "fakesink");
        line = line.replace(
            "gst-play-1.0",
            "gst-play-1.0 --no-interactive --videosink=fakesink --audiosink=fakesink",
        );
        line = line.replacen("exptool ", &format!("{} ", exptool().display()), 1);
        eprintln!("{line}");
        let said = place.run("bash", &["-c", &line]);
        assert!(!said.contains("ERROR"), "{line}: {said}");
        ran += 1;
    }
    assert!(ran >= 24, "{ran} lines");
    let streams = |name: &str| {
        let args = [
            "-v",
            "error",
            "-count_packets",
            "-show_entries",
            "stream=codec_name,nb_read_packets",
            "-of",
            "csv=p=0",
            name,
        ];
        place.run("ffprobe", &args)
    };
    assert_eq!(streams("x.mp4"), "mpeg4,45\n");
    assert_eq!(
        streams("all.mp4"),
        "mpeg4,45\nmpeg4,21\nmpeg4,45\nmpeg4,30\n"
    );
    assert!(place.path("made.exp").metadata().unwrap().len() > 10_000);
}
