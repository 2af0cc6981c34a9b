// SPDX-License-Identifier: MPL-2.0
//! How fast `exptool` is, and how much memory it takes, on a large file made here: `info`, `verify`, `convert` beside `ffmpeg`, `find` and
//! `info` of a folder, `convert --join` and `--for court`.
//!
//! `cargo bench --bench exptool`, `-- court` for that alone; EXP_BENCH_GIB sets the size (1; 0 is 64 MiB, to see that it runs), EXP_BENCH_FILES the number of files
//! in the folder (1000), EXP_BENCH_DIR the folder (the temporary one).
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

/// Mean bytes of the frames: a keyframe and fourteen P frames, as recorders have them at 4CIF.
const KEY: usize = 40_000;
const P: usize = 9_000;
/// When the recordings begin, seconds since 1970: 2010-01-01T08:00:00Z.
const START: i64 = 1_262_332_800;
/// Rounds of the comparison with ffmpeg.
const ROUNDS: usize = 9;

fn main() {
    let gib: u64 = std::env::var("EXP_BENCH_GIB").map_or(1, |text| text.parse().unwrap());
    let folder = std::env::var_os("EXP_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let program = env!("CARGO_BIN_EXE_exptool");
    // seconds of recordings that can be decoded
    let length = if gib == 0 { 30 } else { 900 };
    if std::env::args().any(|word| word == "court") {
        court(program, &folder, length / 15);
        return;
    }
    let path = folder.join("exptool-bench.exp");
    let frames = make(&path, if gib == 0 { 64 << 20 } else { gib << 30 });
    let size = std::fs::metadata(&path).unwrap().len();
    println!("{size} bytes, {frames} frames");
    let file = path.to_str().unwrap();
    let manifest = folder.join("exptool-bench.manifest");
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
    search(program, &folder, &path);
    join(program, &folder, length);
    court(program, &folder, length / 15);
    std::fs::remove_file(&path).unwrap();
}

/// `convert` to MP4 beside `ffmpeg -c copy` from an AVI of the same frames.
fn convert(program: &str, folder: &Path, file: &str) {
    let [avi, own, peer] = ["avi", "own.mp4", "peer.mp4"].map(|suffix| {
        let path = folder.join(format!("exptool-bench.{suffix}"));
        path.display().to_string()
    });
    let to_avi = ["convert", file, "--force", "-o", &avi];
    measure("convert to AVI", program, &to_avi);
    let copy = ["-v", "quiet", "-y", "-i", &avi, "-c", "copy", &peer];
    let to_mp4 = ["convert", file, "--force", "-o", &own];
    beside(
        "convert to MP4",
        (program, &to_mp4),
        ("ffmpeg", &copy),
        ROUNDS,
        [&own, &peer],
    );
    for path in [avi, own, peer] {
        std::fs::remove_file(path).unwrap();
    }
}

/// `find` and `info` over a folder of many such files, each of which has to be searched. They are links to one file: the disk is not
/// measured, as it is not the second time.
fn search(program: &str, folder: &Path, file: &Path) {
    let count: usize = std::env::var("EXP_BENCH_FILES").map_or(1000, |text| text.parse().unwrap());
    let disc = folder.join("exptool-bench-disc");
    std::fs::create_dir_all(&disc).unwrap();
    for number in 0..count {
        let link = disc.join(format!("{number:04}.exp"));
        let _ = std::fs::remove_file(&link);
        std::fs::hard_link(file, link).unwrap();
    }
    let name = disc.to_str().unwrap();
    println!("a folder of {count} files:");
    measure("find", program, &["find", "+600", name]);
    measure("info --quick", program, &["info", "--quick", name]);
    std::fs::remove_dir_all(&disc).unwrap();
}

/// A recording of frames that can be decoded.
fn made(program: &str, folder: &Path, name: &str, more: &[&str]) -> String {
    let path = folder.join(name).display().to_string();
    let usual = [
        "make",
        "test:ball",
        "-o",
        &path,
        "--force",
        "--size",
        "704x480",
        "--rate",
        "15",
    ];
    once(program, &[&usual, more].concat());
    path
}

/// `convert --join` of two files beside the copy of one that is as long.
fn join(program: &str, folder: &Path, length: i64) {
    let start = "2010-01-01T08:00:00Z";
    let second = jiff::Timestamp::from_second(START + length)
        .unwrap()
        .to_string();
    let [half, whole] = [length, 2 * length].map(|length| length.to_string());
    let all = [
        ("1", start, &half),
        ("2", &second, &half),
        ("3", start, &whole),
    ];
    let [first, second, whole] = all.map(|(name, start, length)| {
        let name = format!("exptool-bench-{name}.exp");
        made(
            program,
            folder,
            &name,
            &["--start", start, "--seconds", length],
        )
    });
    let out = folder.join("exptool-bench.mp4").display().to_string();
    let alone = ["convert", &whole, "--force", "-o", &out];
    measure("convert one file", program, &alone);
    let joined = ["convert", &first, &second, "--join", "--force", "-o", &out];
    measure("convert --join", program, &joined);
    for path in [first, second, whole, out] {
        std::fs::remove_file(path).unwrap();
    }
}

/// `--for court` beside ffmpeg with the same settings of x264, constant rate and a bar with text below, in turns.
fn court(program: &str, folder: &Path, length: i64) {
    let [input, copy, own, peer] =
        ["source.exp", "copy.mkv", "own.mp4", "peer.mp4"].map(|suffix| {
            let path = folder.join(format!("exptool-bench.{suffix}"));
            path.display().to_string()
        });
    // things that move, and the noise of a camera
    let source = format!("testsrc2=size=704x480:rate=15:duration={length},noise=alls=3:allf=t");
    let encode = "-v quiet -y -f lavfi -i"
        .split(' ')
        .chain([source.as_str()]);
    let encode = encode
        .chain("-c:v mpeg4 -q:v 5 -g 15".split(' '))
        .chain([copy.as_str()]);
    once("ffmpeg", &encode.collect::<Vec<_>>());
    let start = "2010-01-01T08:00:00Z";
    let make = ["make", &copy, "-o", &input, "--force", "--start", start];
    let like = ["--size", "704x480", "--rate", "15"];
    once(program, &[&make[..], &like].concat());
    once(program, &["convert", &input, "--force", "-o", &copy]);
    let ours = ["convert", &input, "--for", "court", "--force", "-o", &own];
    once(program, &ours);
    // 704x480 becomes 704x528, and the bar with two lines of text is below
    let filter = format!(
        "scale=704:528,setsar=1,pad=704:{}:0:0,drawtext=text='2010-01-01 %{{pts\\:hms}} +00\\:00\ncamera 1, continuous':x=6:y=536:fontsize=27:fontcolor=white,fps=30,format=yuv420p",
        height(&own)
    );
    let x264 = "bframes=0:keyint=50:rc-lookahead=0:mbtree=0:ref=1:threads=1:sync-lookahead=0";
    let theirs = [
        "-v",
        "quiet",
        "-y",
        "-i",
        &copy,
        "-vf",
        &filter,
        "-c:v",
        "libx264",
        "-preset",
        "faster",
        "-profile:v",
        "main",
        "-crf",
        "18",
        "-x264-params",
        x264,
        "-movflags",
        "+faststart",
        &peer,
    ];
    once("ffmpeg", &theirs);
    let settings = x264_settings(&own);
    println!("x264: {settings}");
    assert_eq!(
        settings,
        x264_settings(&peer),
        "both have to encode with the same settings"
    );
    beside(
        "--for court",
        (program, &ours),
        ("ffmpeg", &theirs),
        3,
        [&own, &peer],
    );
    for path in [&input, &copy, &own, &peer] {
        std::fs::remove_file(path).unwrap();
    }
    for suffix in ["sha256", "txt"] {
        std::fs::remove_file(format!("{own}.{suffix}")).unwrap();
    }
}

/// Lines of pixels of a file's video.
fn height(path: &str) -> u32 {
    let probe = "-v error -select_streams v -show_entries stream=height -of csv=p=0";
    let arguments = probe.split(' ').chain([path]);
    let output = Command::new("ffprobe").args(arguments).output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

/// The settings that x264 writes into the first frame.
fn x264_settings(path: &str) -> String {
    let bytes = std::fs::read(path).unwrap();
    let mark: &[u8] = b"x264.html - options: ";
    let at = bytes.windows(mark.len()).position(|part| part == mark);
    let settings = bytes[at.unwrap() + mark.len()..].split(|byte| *byte == 0);
    String::from_utf8_lossy(settings.take(1).next().unwrap()).into_owned()
}

/// Two programs in turns; how many times as long the first takes, by the medians. The output of each is removed before it runs: to
/// replace a file takes longer than to write a new one.
fn beside(
    name: &str,
    ours: (&str, &[&str]),
    theirs: (&str, &[&str]),
    rounds: usize,
    outputs: [&str; 2],
) {
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let programs = [ours, theirs].into_iter().zip(outputs);
        for (times, ((program, arguments), output)) in times.iter_mut().zip(programs) {
            let _ = std::fs::remove_file(output);
            times.push(once(program, arguments).0);
        }
    }
    let [ours, other] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    println!(
        "{name} {ours:.3} s, {} {other:.3} s (medians of {rounds}): {:.2} times as long",
        theirs.0,
        ours / other
    );
}

/// Writes a file of at least `size` bytes with a gap every hour; the number of its frames.
fn make(path: &Path, size: u64) -> u64 {
    let start = START * 1000;
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
