// SPDX-License-Identifier: MPL-2.0
//! Recordings for the tests of the program, and the programs that judge what it makes of them.

pub use crate::exptool_tools::other;
use formats::{
    exp::{
        probe::{Family, open},
        writer::{Head, Picture, Writer},
    },
    reader::{Camera, Mode, Step, Timestamp, Window},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use testing::{
    make::Coded,
    netvu_make,
    plv1::{Avi, Wave},
};

/// First second of all recordings: 2009-11-10 14:15:30 UTC, 09:15:30 on the recorder.
pub const START: i64 = 1_257_862_530;
/// Frames per second.
pub const RATE: i64 = 5;

/// A run of recording of one camera.
#[derive(Clone, Copy)]
pub struct Run {
    pub camera: u16,
    /// Seconds after [`START`].
    pub at: i64,
    pub seconds: i64,
    pub mode: Mode,
}

/// The program.
pub fn exptool() -> Command {
    let mut command = crate::exptool_tools::program();
    command.env("G_DEBUG", "fatal-criticals");
    command
}

/// Runs the program, which has to do it well; what it prints.
pub fn run(arguments: &[&str]) -> String {
    let output = exptool().args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Coded frames, whether each is a keyframe. Encoded once for all tests.
pub fn coded_frames(count: usize) -> &'static [(Vec<u8>, bool)] {
    static ENCODED: OnceLock<Vec<(Vec<u8>, bool)>> = OnceLock::new();
    let encoded = ENCODED.get_or_init(|| encode(1600, (352, 240)));
    &encoded[..count]
}

fn encode(count: usize, (width, height): (u16, u16)) -> Vec<(Vec<u8>, bool)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plain.exp");
    testing::common::launch_well(&format!(
        "videotestsrc num-buffers={count} pattern=ball ! video/x-raw,format=I420,width={width},height={height},framerate={RATE}/1 \
         ! avenc_mpeg4 gop-size=10 bitrate=400000 ! mpeg4videoparse ! expmux ! filesink location={}",
        path.display()
    ));
    let bytes = std::fs::read(&path).unwrap();
    let mut reader = open(Family::Native).unwrap();
    let mut window = Window {
        offset: 0,
        data: &bytes,
        last: true,
        unread: None,
    };
    let mut out = Vec::new();
    loop {
        match reader.next(&window) {
            Step::Packet(packet) => {
                out.push((packet.payload.to_vec(window.data), packet.key));
                window = window.skip(packet.size);
            }
            Step::Skip(bytes) => window = window.skip(bytes as usize),
            Step::End => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(out.len(), count);
    out
}

/// Writes a recording of these runs, each of which begins with a keyframe. Runs of different cameras may overlap.
pub fn write(path: &Path, runs: &[Run]) {
    let longest = runs.iter().map(|run| run.seconds * RATE).max().unwrap();
    let coded = coded_frames(usize::try_from(longest).unwrap());
    let mut numbers: Vec<u16> = runs.iter().map(|run| run.camera).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let head = Head {
        model: "DX4104".into(),
        server: "LOBBY-DVR".into(),
        utc_offset: -300,
        cameras: numbers
            .iter()
            .map(|number| Camera {
                number: *number,
                width: 352,
                height: 240,
                rate: None,
                title: format!("Gate {number} & yard"),
            })
            .collect(),
        ..Head::default()
    };
    // runs stand behind each other unless they overlap: their first time tells the order, a clock set back keeps its place
    let mut records = Vec::new();
    let mut turn = 0;
    for (n, run) in runs.iter().enumerate() {
        let before = n.checked_sub(1).map(|before| runs[before]);
        if before.is_some_and(|before| before.camera == run.camera || before.at > run.at) {
            turn += 1;
        }
        for frame in 0..run.seconds * RATE {
            let ms = run.at * 1000 + frame * 1000 / RATE;
            records.push((turn, ms, run, usize::try_from(frame).unwrap()));
        }
    }
    records.sort_by_key(|(turn, ms, run, _)| (*turn, *ms, run.camera));
    let (mut writer, mut bytes) = Writer::new(head, timestamp(0)).unwrap();
    for (_, ms, run, frame) in records {
        let (payload, key) = &coded[frame];
        let picture = Picture {
            camera: run.camera,
            timestamp: timestamp(ms),
            mode: run.mode,
            width: 352,
            height: 240,
            key: *key,
        };
        bytes.extend(writer.picture(&picture, payload).unwrap());
    }
    bytes.extend(writer.finish());
    let header = writer.header();
    bytes[..header.len()].copy_from_slice(&header);
    std::fs::write(path, bytes).unwrap();
}

/// Two cameras: the first with three runs and two gaps, the second with one run.
pub fn usual(path: &Path) {
    let run = |camera, at, seconds, mode| Run {
        camera,
        at,
        seconds,
        mode,
    };
    write(
        path,
        &[
            run(1, 0, 8, Mode::Motion),
            run(2, 0, 12, Mode::Continuous),
            run(1, 60, 6, Mode::Alarm),
            run(1, 3600, 4, Mode::Motion),
        ],
    );
}

/// One camera, three runs.
pub fn single(path: &Path) {
    let run = |at, seconds, mode| Run {
        camera: 1,
        at,
        seconds,
        mode,
    };
    write(
        path,
        &[
            run(0, 8, Mode::Motion),
            run(60, 6, Mode::Alarm),
            run(3600, 4, Mode::Motion),
        ],
    );
}

/// A recording that several tests read, made once.
fn shared(name: &str, write: fn(&Path)) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path();
    let path = folder.join(name);
    write(&path);
    path
}

/// See [`single`]; nobody writes to it.
pub fn shared_single() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| shared("single.exp", single))
}

/// See [`usual`]; nobody writes to it.
pub fn shared_usual() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| shared("usual.exp", usual))
}

/// One camera, 8 s of 352x240 and then 8 s of 176x144.
pub fn changing(path: &Path) {
    let (mut writer, mut bytes) = Writer::new(
        Head {
            utc_offset: -300,
            ..Head::default()
        },
        timestamp(0),
    )
    .unwrap();
    for (part, (width, height)) in [(352, 240), (176, 144)].into_iter().enumerate() {
        for (n, (payload, key)) in encode(40, (width, height)).iter().enumerate() {
            let picture = Picture {
                camera: 1,
                timestamp: timestamp(part as i64 * 8000 + n as i64 * 1000 / RATE),
                mode: Mode::Continuous,
                width,
                height,
                key: *key,
            };
            bytes.extend(writer.picture(&picture, payload).unwrap());
        }
    }
    bytes.extend(writer.finish());
    let header = writer.header();
    bytes[..header.len()].copy_from_slice(&header);
    std::fs::write(path, bytes).unwrap();
}

/// So many milliseconds after [`START`].
fn timestamp(ms: i64) -> Timestamp {
    Timestamp {
        seconds: START + ms.div_euclid(1000),
        millis: Some(u16::try_from(ms.rem_euclid(1000)).unwrap()),
    }
}

/// A PLV1 export, whose clock counts whole seconds, with mu-law audio from a second on.
pub fn plv1(path: &Path, seconds: i64, audio: Option<i64>) {
    let mut avi = Avi::new(352, 240);
    if audio.is_some() {
        avi = avi.wave(Wave {
            tag: 7,
            rate: 8000,
            bits: 8,
            align: 1,
        });
    }
    let frames = coded_frames(usize::try_from(seconds * RATE).unwrap());
    for (n, (payload, key)) in frames.iter().enumerate() {
        let second = n as i64 / RATE;
        let coded = Coded {
            key: *key,
            bytes: payload.clone(),
        };
        avi.picture(u32::try_from(START + second).unwrap(), &coded, 88);
        avi.padding(5);
        if audio.is_some_and(|from| second >= from) {
            let samples: Vec<u8> = (0..1600)
                .map(|n| if n / 10 % 2 == 0 { 0x90 } else { 0x10 })
                .collect();
            avi.audio(&samples);
        }
    }
    std::fs::write(path, avi.finish()).unwrap();
}

/// A NetVu stream of JPEG.
pub fn jpegs(path: &Path) {
    let dir = tempfile::tempdir().unwrap();
    testing::common::launch_well(&format!(
        "videotestsrc num-buffers=5 pattern=ball ! video/x-raw,width=352,height=256,framerate=5/1 ! jpegenc ! multifilesink location={}/%d.jpg",
        dir.path().display()
    ));
    let bytes: Vec<u8> = (0..5)
        .flat_map(|n| {
            let jpeg = std::fs::read(dir.path().join(format!("{n}.jpg"))).unwrap();
            netvu_make::part("image/jpeg", &jpeg)
        })
        .collect();
    std::fs::write(path, bytes).unwrap();
}

/// What ffprobe says of a file, frames counted.
pub fn ffprobe(path: &Path) -> serde_json::Value {
    let path = path.to_str().unwrap();
    let text = other(
        "ffprobe",
        &[
            "-v",
            "error",
            "-count_frames",
            "-show_streams",
            "-show_chapters",
            "-show_format",
            "-of",
            "json",
            path,
        ],
    );
    serde_json::from_str(&text).unwrap()
}

/// The stream of this kind.
pub fn stream<'a>(probed: &'a serde_json::Value, kind: &str) -> &'a serde_json::Value {
    let streams = probed["streams"].as_array().unwrap();
    let found = streams.iter().find(|stream| stream["codec_type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {probed}"))
}

/// Times of the packets of a stream (`v:0`, `s:0`), in seconds.
pub fn packet_times(path: &Path, which: &str) -> Vec<f64> {
    let path = path.to_str().unwrap();
    let arguments = [
        "-v",
        "error",
        "-select_streams",
        which,
        "-show_entries",
        "packet=pts_time",
        "-of",
        "csv=p=0",
        path,
    ];
    let text = other("ffprobe", &arguments);
    text.lines()
        .filter_map(|line| line.trim_end_matches(',').parse().ok())
        .collect()
}
