// SPDX-License-Identifier: MPL-2.0
//! The programs under `examples/` do what they say.

use std::path::{Path, PathBuf};
use testing::{
    common::shell::{Place, built_example},
    make, netvu_make,
};

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
