// SPDX-License-Identifier: MPL-2.0
//! Recordings for the tests.

use formats::{
    exp::writer::Head,
    reader::{Camera, Codec, Mode, Standard},
};
use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use testing::{
    make::{Coded, Exp, START, output, pictures},
    netvu_make::{
        Made,
        server::{Serve, Unit},
    },
    plv1::Avi,
};

/// Milliseconds between two frames of a camera.
pub const INTERVAL: i64 = 100;
/// Titles of the four cameras.
pub const TITLES: [&str; 4] = ["Front door", "Gate", "Yard", "Loading bay"];
/// Milliseconds after [`START`] at which everything begins again after the gap.
pub const SECOND_RUN: i64 = 80_000;
/// Milliseconds after [`START`] to which the clock is set back, and at which that happens.
pub const SET_BACK: (i64, i64) = (90_000, 100_000);

/// 200 frames of 320x240, each tenth a keyframe, another scene for each camera.
fn scene(number: usize) -> &'static [Coded] {
    static SCENES: LazyLock<Vec<Vec<Coded>>> = LazyLock::new(|| {
        let sources = [
            "testsrc2=size=320x240:rate=10",
            "mandelbrot=size=320x240:rate=10",
            "testsrc=size=320x240:rate=10",
            "gradients=size=320x240:rate=10:c0=0x203040:c1=0x90a0b0:n=2:seed=7:duration=30",
        ];
        let encode = |source: &&str| {
            let stream = output(
                "ffmpeg",
                &[
                    "-v",
                    "error",
                    "-f",
                    "lavfi",
                    "-i",
                    source,
                    "-frames:v",
                    "200",
                    "-pix_fmt",
                    "yuv420p",
                    "-c:v",
                    "mpeg4",
                    "-g",
                    "10",
                    "-bf",
                    "0",
                    "-q:v",
                    "4",
                    "-f",
                    "m4v",
                    "-",
                ],
            );
            pictures(&stream)
        };
        sources.iter().map(encode).collect()
    });
    &SCENES[number]
}

/// Mu-law of a tone, a second.
fn tone() -> Vec<u8> {
    (0..8000_u32)
        .map(|n| if n / 10 % 2 == 0 { 0x9f } else { 0x1f })
        .collect()
}

fn head(cameras: RangeInclusive<u16>, server: &str) -> Head {
    Head {
        model: "DX4104".to_owned(),
        server: server.to_owned(),
        utc_offset: -300,
        standard: Standard::Ntsc,
        cameras: cameras
            .map(|number| Camera {
                number,
                width: 320,
                height: 240,
                rate: None,
                title: TITLES[usize::from(number - 1) % 4].to_owned(),
            })
            .collect(),
        audio: true,
    }
}

/// Four cameras and audio: 20 s of all; a gap; 10 s of an alarm of camera 1 while the others record 20 s; then the clock is set
/// back by 10 s and cameras 1 and 2 record 6 s more.
pub fn four_cameras(path: &Path) {
    let mut exp = Exp::with(head(1..=4, "LOBBY-DVR"));
    let record = |from: i64,
                  length: i64,
                  camera: usize,
                  mode: Mode,
                  out: &mut Vec<(i64, usize, Mode, usize)>| {
        for n in 0..length / INTERVAL {
            out.push((from + n * INTERVAL, camera, mode, n as usize));
        }
    };
    let mut first = Vec::new();
    for (camera, mode) in [
        Mode::Motion,
        Mode::Continuous,
        Mode::Continuous,
        Mode::Schedule,
    ]
    .into_iter()
    .enumerate()
    {
        record(0, 20_000, camera, mode, &mut first);
    }
    let mut second = Vec::new();
    record(SECOND_RUN, 10_000, 0, Mode::Alarm, &mut second);
    for camera in 1..4 {
        record(SECOND_RUN, 20_000, camera, Mode::Continuous, &mut second);
    }
    let mut third = Vec::new();
    for camera in 0..2 {
        record(SET_BACK.0, 6000, camera, Mode::Instant, &mut third);
    }
    for mut part in [first, second, third] {
        part.sort_by_key(|(ms, camera, ..)| (*ms, *camera));
        for (ms, camera, mode, n) in part {
            if camera == 0 && ms % 1000 == 0 {
                exp.audio(1, START + ms, Codec::MuLaw, 8000, &tone());
            }
            exp.camera(camera as u16 + 1, START + ms, mode, &scene(camera)[n]);
        }
    }
    std::fs::write(path, exp.finish().bytes).unwrap();
}

/// Some cameras, each `seconds` long from so many milliseconds after [`START`] on.
pub fn cameras(path: &Path, server: &str, cameras: RangeInclusive<u16>, from: i64, seconds: i64) {
    let mut exp = Exp::with(Head {
        audio: false,
        ..head(cameras.clone(), server)
    });
    for n in 0..seconds * 1000 / INTERVAL {
        for camera in cameras.clone() {
            let coded = &scene(usize::from(camera - 1) % 4)[n as usize % 200];
            exp.camera(camera, START + from + n * INTERVAL, Mode::Continuous, coded);
        }
    }
    std::fs::write(path, exp.finish().bytes).unwrap();
}

/// Unix milliseconds of the first frame of [`live`].
pub const LIVE_START: i64 = 1_700_000_000_250;

/// What a unit sends: 20 frames of camera 3, "Quay".
pub fn live() -> Unit {
    let packets = scene(2).iter().take(20).zip(0..).flat_map(|(coded, n)| {
        let made = Made {
            camera: 3,
            format: if coded.key { 3 } else { 2 },
            unix_ms: (LIVE_START + n * INTERVAL) as u64,
            payload: coded.bytes.clone(),
            title: "Quay",
            size: (320, 240),
            ..Made::default()
        };
        made.packet()
    });
    Unit::start(Serve {
        // viewer:secret
        authorization: Some("Basic dmlld2VyOnNlY3JldA=="),
        stay_open: true,
        ..Serve::new("video/adhbinary", packets.collect())
    })
}

/// 6 s of PLV1 AVI, whose clock has whole seconds.
fn plv1(path: &Path) {
    let mut avi = Avi::new(320, 240);
    for (coded, n) in scene(0).iter().zip(0..60) {
        avi.picture(1_700_000_000 + n / 10, coded, 88);
        avi.padding(2);
    }
    std::fs::write(path, avi.finish()).unwrap();
}

/// 6 s of two cameras in a partition of a unit's disk.
fn partition(path: &Path) {
    let mut bytes = [b"PAR\0".to_vec(), vec![0x33; 4096]].concat();
    for n in 0..60 {
        for (camera, title) in [(1, "Quay"), (2, "Gate")] {
            let coded = &scene(camera)[n];
            let made = Made {
                camera: camera as i32,
                format: if coded.key { 3 } else { 2 },
                unix_ms: LIVE_START as u64 + n as u64 * INTERVAL as u64,
                payload: coded.bytes.clone(),
                title,
                size: (320, 240),
                ..Made::default()
            };
            bytes.extend(made.record());
            bytes.extend([0; 77]);
        }
    }
    std::fs::write(path, bytes).unwrap();
}

/// [`four_cameras`] with a hole in the middle of its first run.
pub fn damaged(path: &Path) {
    four_cameras(path);
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 4;
    bytes[middle..middle + 3000].fill(0x55);
    std::fs::write(path, bytes).unwrap();
}

/// A folder with all of them.
pub struct Folder {
    _guard: tempfile::TempDir,
    pub path: PathBuf,
}

/// The recordings, made once for all tests.
pub fn folder() -> &'static Folder {
    static FOLDER: LazyLock<Folder> = LazyLock::new(|| {
        let guard = tempfile::tempdir().unwrap();
        let path = guard.path().to_owned();
        four_cameras(&path.join("lobby.exp"));
        damaged(&path.join("damaged.exp"));
        cameras(&path.join("yard-1.exp"), "YARD-DVR", 1..=1, 0, 10);
        cameras(&path.join("yard-2.exp"), "YARD-DVR", 1..=1, 10_000, 10);
        for folder in ["hall", "many", "other"] {
            std::fs::create_dir(path.join(folder)).unwrap();
        }
        cameras(&path.join("hall/hall-1.exp"), "HALL-DVR", 1..=1, 0, 10);
        cameras(&path.join("hall/hall-2.exp"), "HALL-DVR", 2..=2, 1000, 7);
        cameras(&path.join("many/sixteen.exp"), "MANY-DVR", 1..=16, 0, 3);
        plv1(&path.join("other/plv1.avi"));
        partition(&path.join("other/unit.par"));
        std::fs::write(
            path.join("foreign.txt"),
            "Nothing that was recorded.\n".repeat(4000),
        )
        .unwrap();
        if let Some(keep) = std::env::var_os("VIEWER_KEEP") {
            let all = path.join(".");
            output("cp", &["-r", all.to_str().unwrap(), keep.to_str().unwrap()]);
        }
        Folder {
            _guard: guard,
            path,
        }
    });
    &FOLDER
}

/// A recording of that folder.
pub fn file(name: &str) -> PathBuf {
    folder().path.join(name)
}
