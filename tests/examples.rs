// SPDX-License-Identifier: MPL-2.0
//! The programs under `examples/` do what they say.

use formats::reader::{Codec, Mode};
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::{
    make::{self, Exp},
    netvu_make,
};

/// A folder with the plugin as a file of its own, and a recording of four cameras and audio.
pub struct Place {
    dir: tempfile::TempDir,
}

/// 2009-11-10 14:15:30 UTC, in milliseconds.
const START: i64 = 1_257_862_530_000;

/// Cameras of the recording: title, colour, first and last frame of 45, at 7.5 frames per second. Yard and Hall begin and end elsewhere.
const CAMERAS: [(&str, &str, usize, usize); 4] = [
    ("Gate", "red", 0, 45),
    ("Yard", "lime", 24, 45),
    ("Door", "blue", 0, 45),
    ("Hall", "white", 0, 30),
];

/// Four cameras, each of one colour, and G.711 audio for 6 s.
fn recording() -> Vec<u8> {
    let listed: Vec<_> = (1..)
        .zip(CAMERAS)
        .map(|(n, camera)| (n, 352, 240, camera.0))
        .collect();
    let coded = CAMERAS.map(|(_, colour, _, _)| {
        let fill = format!("drawbox=c={colour}:t=fill");
        make::pictures(&make::mpeg4("352x240", "15/2", 45, &["-vf", &fill]))
    });
    let mut exp = Exp::of(&listed);
    for n in 0..45 {
        let ms = START + n as i64 * 400 / 3;
        for ((camera, (_, _, from, to)), frames) in (1..).zip(CAMERAS).zip(&coded) {
            if (from..to).contains(&n) {
                exp.camera(camera, ms, Mode::Motion, &frames[n]);
            }
        }
        if n % 3 == 0 {
            exp.sound(1, ms, Codec::MuLaw, 8000, &[0xff; 3200]);
        }
    }
    exp.finish().bytes
}

impl Place {
    pub fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("plugin")).unwrap();
        std::fs::copy(plugin(), dir.path().join("plugin/libgstexp.so")).unwrap();
        std::fs::write(dir.path().join("x.exp"), recording()).unwrap();
        Place { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a program with the plugin in sight; answers what it printed.
    pub fn run(&self, program: impl AsRef<Path>, args: &[&str]) -> String {
        let program = program.as_ref();
        // what hangs is an error, too
        let output = Command::new("timeout")
            .arg("300")
            .arg(program)
            .args(args)
            .current_dir(self.dir.path())
            .env("GST_PLUGIN_PATH", self.path("plugin"))
            .env("GST_REGISTRY", self.path("plugin/registry.txt"))
            // GStreamer 1.22's libav decoders complain of a GAP event before a camera's first frame
            .env_remove("G_DEBUG")
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
video_1 \"Gate\": 45 frames from 2009-11-10 14:15:30 to 2009-11-10 14:15:35
video_2 \"Yard\": 21 frames from 2009-11-10 14:15:33 to 2009-11-10 14:15:35
video_3 \"Door\": 45 frames from 2009-11-10 14:15:30 to 2009-11-10 14:15:35
video_4 \"Hall\": 30 frames from 2009-11-10 14:15:30 to 2009-11-10 14:15:33
";

/// The Rust example of that name, built. `cargo test` has done that already, unless it was asked for this file alone.
fn built_example(name: &str) -> PathBuf {
    let made = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", name])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(made.unwrap().success());
    built().join("examples").join(name)
}

#[test]
fn embedding_in_rust() {
    let place = Place::new();
    assert_eq!(place.run(built_example("embed"), &["x.exp"]), EMBED);
}

#[test]
fn saving_a_frame() {
    let place = Place::new();
    let program = built_example("save_frame");
    let said = place.run(&program, &["x.exp", "4", "2.5"]);
    // 2.4 s is the frame that is on at 2.5 s
    let name = "camera4_2009-11-10T141532.400Z.png";
    assert_eq!(said, format!("{name}\n"));
    let probe = [
        "-v",
        "error",
        "-show_entries",
        "stream=codec_name,width,height",
        "-of",
        "csv=p=0",
        name,
    ];
    assert_eq!(place.run("ffprobe", &probe).trim(), "png,352,240");
}

#[test]
fn decoding_all_cameras_in_sync() {
    let place = Place::new();
    let script = example("decode_all.py");
    let sink = "video/x-raw,format=RGB ! filesink location=x.rgb";
    place.run(
        "/usr/bin/python3",
        &[script.to_str().unwrap(), "x.exp", sink, "fakesink"],
    );
    let raw = std::fs::read(place.path("x.rgb")).unwrap();
    let (width, height) = (640, 480);
    assert_eq!(raw.len() % (width * height * 3), 0);
    let frames: Vec<_> = raw.chunks(width * height * 3).collect();
    assert!((44..=46).contains(&frames.len()), "{} frames", frames.len());
    // colours in the middle of the cells
    let cells = |frame: &[u8]| {
        let mut seen: Vec<_> = [(160, 120), (480, 120), (160, 360), (480, 360)]
            .map(|(x, y)| {
                frame[(y * width + x) * 3..][..3]
                    .iter()
                    .map(|c| u8::from(*c > 127))
                    .collect::<Vec<_>>()
            })
            .into();
        seen.sort();
        seen
    };
    let (black, blue, lime, red, white) = ([0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 1]);
    // Yard begins at frame 24, Hall ends at frame 30
    assert_eq!(cells(frames[20]), [black, blue, red, white]);
    assert_eq!(cells(frames[27]), [blue, lime, red, white]);
}

#[test]
fn seeking_by_the_recorders_clock() {
    let place = Place::new();
    let script = example("seek_clock.py");
    let run = |time: &str| {
        let all = place.run(
            "/usr/bin/python3",
            &[script.to_str().unwrap(), "x.exp", time],
        );
        let lines = all.lines().filter(|line| !line.starts_with("audio"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        run("2009-11-10 14:15:34"),
        [
            "stream time 4.000 s, recorded",
            "video_1: 2009-11-10 14:15:34.000",
            "video_2: 2009-11-10 14:15:34.000",
            "video_3: 2009-11-10 14:15:34.000",
            "video_4: nothing there",
        ]
    );
    let before = run("2009-11-10 14:00:00");
    assert_eq!(
        before[..3],
        [
            "stream time 0.000 s, not recorded",
            "not recorded (before); the seek goes to 2009-11-10 14:15:30.000",
            "video_1: 2009-11-10 14:15:30.000",
        ]
    );
}

#[test]
fn facts_of_netvu_frames() {
    let place = Place::new();
    let coded = make::pictures(&make::mpeg4("352x256", "10", 8, &[]));
    let records = (0..).zip(&coded).map(|(n, frame)| {
        netvu_make::Made {
            format: if frame.key { 3 } else { 2 },
            unix_ms: 1_700_000_000_000 + 100 * n,
            payload: frame.bytes.clone(),
            text: format!("Site-Id: BENCH\r\nFrameNum: {n:08}\r\n\0").into_bytes(),
            alarm: if n == 5 { "DOOR" } else { "" },
            ..netvu_make::Made::default()
        }
        .packet()
    });
    let bytes: Vec<u8> = records.flatten().collect();
    std::fs::write(place.path("x.adbin"), bytes).unwrap();
    let script = example("netvu_facts.py");
    let said = place.run("/usr/bin/python3", &[script.to_str().unwrap(), "x.adbin"]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 8, "{said}");
    for (n, line) in lines.iter().enumerate() {
        assert!(line.starts_with("video_1 2023-11-14 22:13:20"), "{line}");
        assert!(line.contains(&format!("frame-number={n}")), "{line}");
        assert_eq!(line.contains("alarm='DOOR'"), n == 5, "{line}");
    }
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
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(readme).unwrap();
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

/// The built `exptool`, and a line that finds it.
fn with_exptool(line: &str) -> String {
    format!("PATH={}:$PATH; {line}", built().display())
}

fn build_exptool() {
    let made = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "-p", "exptool", "--bin", "exptool"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(made.unwrap().success());
}

#[test]
fn exptool_play_finds_an_installed_plugin() {
    build_exptool();
    let place = Place::new();
    let line = with_exptool("exptool play --command x.exp");
    let said = place.run("bash", &["-c", &line]);
    // gst-play-1.0, where exp-viewer is not installed
    assert!(said.trim_end().ends_with(" x.exp"), "{said}");
}

#[test]
fn a_batch_does_only_what_is_left() {
    build_exptool();
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
        let scripts = example("batch");
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
    build_exptool();
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
        line = line.replacen("exptool ", &format!("{}/exptool ", built().display()), 1);
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
