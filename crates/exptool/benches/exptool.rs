// SPDX-License-Identifier: MPL-2.0
//! How fast `exptool info`, `verify` and `convert` are, and how much memory they take, on a large file made here.
//!
//! `cargo bench --bench exptool`; EXP_BENCH_GIB sets the size (1), EXP_BENCH_DIR the folder (the temporary one).
#![allow(clippy::unwrap_used)]

use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{Camera, Mode, Timestamp},
};
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Mean bytes of the pictures: a keyframe and fourteen P pictures, as recorders have them at 4CIF.
const KEY: usize = 40_000;
const P: usize = 9_000;
/// Rounds of the comparison with ffmpeg.
const ROUNDS: usize = 9;

fn main() {
    let gib: u64 = std::env::var("EXP_BENCH_GIB").map_or(1, |text| text.parse().unwrap());
    let folder = std::env::var_os("EXP_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join("exptool-bench.exp");
    let pictures = make(&path, gib << 30);
    let size = std::fs::metadata(&path).unwrap().len();
    println!("{size} bytes, {pictures} pictures");
    let file = path.to_str().unwrap();
    let manifest = folder.join("exptool-bench.manifest");
    let program = env!("CARGO_BIN_EXE_exptool");
    // the file is warm from here on
    let sum = measure("sha256sum", "sha256sum", &[file]);
    measure("info --quick", program, &["info", "--quick", file]);
    measure("info", program, &["info", file]);
    let verify = measure("verify", program, &["verify", file]);
    let name = manifest.to_str().unwrap();
    let full = measure(
        "verify --manifest",
        program,
        &["verify", file, "--force", "--manifest", name],
    );
    measure(
        "verify --against",
        program,
        &["verify", file, "--against", name],
    );
    let share = |time: Duration| sum.as_secs_f64() / time.as_secs_f64();
    println!(
        "verify is {:.2} times as fast as sha256sum, {:.2} times with a manifest",
        share(verify),
        share(full)
    );
    std::fs::remove_file(&manifest).unwrap();
    // AVI holds 2 GiB
    if gib <= 1 {
        convert(program, &folder, file);
    }
    std::fs::remove_file(&path).unwrap();
}

/// `convert` to MP4 beside `ffmpeg -c copy` from an AVI of the same pictures, in turns. Outputs are taken away before each run: to
/// replace a file takes longer than to write a new one.
fn convert(program: &str, folder: &Path, file: &str) {
    let [avi, own, peer] = ["avi", "own.mp4", "peer.mp4"].map(|suffix| {
        let path = folder.join(format!("exptool-bench.{suffix}"));
        path.display().to_string()
    });
    let to_avi = ["convert", file, "--force", "-o", &avi];
    measure("convert to AVI", program, &to_avi);
    let copy = ["-v", "quiet", "-y", "-i", &avi, "-c", "copy", &peer];
    let to_mp4 = ["convert", file, "-o", &own];
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for path in [&own, &peer] {
            let _ = std::fs::remove_file(path);
        }
        theirs.push(once("ffmpeg", &copy).0);
        ours.push(once(program, &to_mp4).0);
    }
    let [theirs, ours] = [theirs, ours].map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    println!(
        "convert to MP4 {ours:.3} s, ffmpeg -c copy {theirs:.3} s (medians of {ROUNDS}): {:.2} times as long",
        ours / theirs
    );
    for path in [avi, own, peer] {
        std::fs::remove_file(path).unwrap();
    }
}

/// Writes a file of at least `size` bytes with a gap every hour; the number of its pictures.
fn make(path: &Path, size: u64) -> u64 {
    let start = 1_262_332_800_000_i64;
    let head = Head {
        model: "DX4104".to_owned(),
        cameras: vec![Camera {
            number: 1,
            width: 704,
            height: 480,
            ..Camera::default()
        }],
        ..Head::default()
    };
    let timestamp = |ms: i64| Timestamp {
        seconds: ms.div_euclid(1000),
        millis: Some(ms.rem_euclid(1000) as u16),
    };
    let (mut writer, header) = Writer::new(head, timestamp(start)).unwrap();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    out.write_all(&header).unwrap();
    let mut noise = 1_u64;
    let mut count = 0_u64;
    let mut payload = Vec::new();
    while writer.offset() < size {
        let key = count.is_multiple_of(15);
        let bytes = if key {
            KEY
        } else {
            P + (count % 7) as usize * 11
        };
        payload.clear();
        payload.extend([0, 0, 1, 0xb6, if key { 0x10 } else { 0x50 }, 0x61]);
        while payload.len() < bytes {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            payload.extend((noise | 0x0101_0101_0101_0101).to_le_bytes());
        }
        let ms = start + count as i64 * 133 + (count / 27_000) as i64 * 60_000;
        let picture = Picture {
            camera: 1,
            timestamp: timestamp(ms),
            mode: Mode::Continuous,
            width: 704,
            height: 480,
            key,
        };
        out.write_all(&writer.picture(&picture, &payload).unwrap())
            .unwrap();
        count += 1;
    }
    out.write_all(&writer.finish()).unwrap();
    out.seek(SeekFrom::Start(0)).unwrap();
    out.write_all(&writer.header()).unwrap();
    out.flush().unwrap();
    count
}

/// Runs a program three times; the best time, and the most memory it took.
fn measure(name: &str, program: &str, arguments: &[&str]) -> Duration {
    let runs: Vec<(Duration, u64)> = (0..3).map(|_| once(program, arguments)).collect();
    let best = runs.iter().map(|(time, _)| *time).min().unwrap();
    let peak = runs.iter().map(|(_, peak)| *peak).max().unwrap();
    println!(
        "{name:<18} {:>8.3} s  {:>6.1} MiB",
        best.as_secs_f64(),
        peak as f64 / 1024.0
    );
    best
}

/// Runs a program that has to succeed: its time, and the most memory it took, KiB.
fn once(program: &str, arguments: &[&str]) -> (Duration, u64) {
    let mut peak = 0;
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let done = loop {
        if let Some(done) = child.try_wait().unwrap() {
            break done;
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(done.success(), "{program} {arguments:?}: {done}");
    (begun.elapsed(), peak)
}
