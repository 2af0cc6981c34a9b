// SPDX-License-Identifier: MPL-2.0
//! The programs under `examples/` do what they say.

use testing::common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::launch_well;

/// A folder with the plugin as a file of its own, and a recording of two cameras.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("plugin")).unwrap();
        std::fs::copy(plugin(), dir.path().join("plugin/libgstexp.so")).unwrap();
        let pattern = "video/x-raw,format=I420,width=352,height=240,framerate=15/2 ! avenc_mpeg4 gop-size=8 ! mpeg4videoparse";
        launch_well(&format!(
            "expmux name=m start-time=1257862530000000000 ! filesink location={} \
             videotestsrc num-buffers=45 ! {pattern} ! taginject tags=\"title=Gate\" ! queue ! m.video_0 \
             videotestsrc num-buffers=30 pattern=ball ! {pattern} ! taginject tags=\"title=Yard\" ! queue ! m.video_1",
            dir.path().join("x.exp").display()
        ));
        Place { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a program with the plugin in sight; answers what it printed.
    fn run(&self, program: impl AsRef<Path>, args: &[&str]) -> String {
        let program = program.as_ref();
        let output = Command::new(program)
            .args(args)
            .current_dir(self.dir.path())
            .env("GST_PLUGIN_PATH", self.path("plugin"))
            .env("GST_REGISTRY", self.path("registry.bin"))
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{}: {said}{complaint}",
            program.display()
        );
        said
    }
}

/// Where cargo puts what it builds for this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
}

fn plugin() -> PathBuf {
    let places = ["deps/libgstexp.so", "libgstexp.so"].map(|name| built().join(name));
    let newest = places
        .iter()
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
    newest
        .max()
        .expect("cargo builds the plugin file for its tests")
        .1
        .clone()
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

const EMBED: &str = "\
video_1 \"Gate\": 45 pictures from 2009-11-10 14:15:30 to 2009-11-10 14:15:35
video_2 \"Yard\": 30 pictures from 2009-11-10 14:15:30 to 2009-11-10 14:15:33
";

#[test]
fn embedding_in_rust() {
    // `cargo test` has built it already, unless it was told to run this file alone.
    let made = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", "embed"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(made.unwrap().success());
    let place = Place::new();
    assert_eq!(place.run(built().join("examples/embed"), &["x.exp"]), EMBED);
}

#[test]
fn embedding_in_python() {
    let place = Place::new();
    let script = example("embed.py");
    assert_eq!(
        place.run("/usr/bin/python3", &[script.to_str().unwrap(), "x.exp"]),
        EMBED
    );
}

#[test]
fn embedding_in_c() {
    let place = Place::new();
    let (source, program) = (example("embed.c"), place.path("embed"));
    let flags = place.run("pkg-config", &["--cflags", "--libs", "gstreamer-1.0"]);
    let mut args = vec![
        "-Wall",
        "-Werror",
        source.to_str().unwrap(),
        "-o",
        program.to_str().unwrap(),
    ];
    args.extend(flags.split_whitespace());
    place.run("cc", &args);
    assert_eq!(place.run(&program, &["x.exp"]), EMBED);
}

#[test]
fn playing() {
    let place = Place::new();
    let said = place.run(
        example("play.sh"),
        &["x.exp", "--videosink=fakesink", "--no-interactive"],
    );
    assert!(said.contains("x.exp"), "{said}");
    assert!(!said.contains("ERROR"), "{said}");
}

#[test]
fn transcoding_to_a_transport_stream() {
    let place = Place::new();
    place.run(example("transcode.sh"), &["x.exp", "x.ts", "800"]);
    let report = place.run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-count_frames",
            "-show_entries",
            "stream=codec_name,width,height,r_frame_rate,nb_read_frames",
            "-of",
            "default=nw=1",
            "x.ts",
        ],
    );
    for line in [
        "codec_name=h264",
        "width=704",
        "height=576",
        "r_frame_rate=25/1",
    ] {
        assert!(report.contains(line), "{report}");
    }
    let frames = report
        .lines()
        .find_map(|line| line.strip_prefix("nb_read_frames="));
    let frames = frames
        .and_then(|frames| frames.parse::<u32>().ok())
        .unwrap();
    assert!(
        (145..=151).contains(&frames),
        "6 s at 25 a second: {frames}"
    );
    let size = std::fs::metadata(place.path("x.ts")).unwrap().len();
    assert_eq!(size % 188, 0);
    // 960 kbit/s for 6 s
    assert!((600_000..850_000).contains(&size), "{size} bytes");
}
