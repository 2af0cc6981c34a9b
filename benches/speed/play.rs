// SPDX-License-Identifier: MPL-2.0
//! Playing whole files, beside other people's demuxers.

use super::{
    data::{FRAMES, Recording, SMALL, native, netvu, plv1, recording},
    tools::{Table, folder, run, turns},
};
use std::path::{Path, PathBuf};

fn small_recording(frames: u64) -> PathBuf {
    recording(&Recording {
        name: "small",
        frames,
        rate: 3000,
        key_every: 15,
        key_bytes: SMALL.0,
        p_bytes: SMALL.1,
        sums: true,
        sparse: false,
    })
}

/// The same pictures in another container.
pub fn converted(exp: &Path, muxer: &str, suffix: &str) -> PathBuf {
    let out = exp.with_extension(suffix);
    if !out.exists() {
        let partial = exp.with_extension(format!("{suffix}.partial"));
        let (from, to) = (location(exp), location(&partial));
        run(
            "gst-launch-1.0",
            &[
                "-q", "filesrc", &from, "!", "expdemux", "!", muxer, "!", "filesink", &to,
            ],
        );
        std::fs::rename(&partial, &out).expect("bench data");
    }
    out
}

fn location(path: &Path) -> String {
    format!("location={}", path.display())
}

fn play<'a>(source: &'a str, demuxer: &'a str) -> Vec<&'a str> {
    vec![
        "gst-launch-1.0",
        "-q",
        "filesrc",
        source,
        "!",
        demuxer,
        "!",
        "fakesink",
        "sync=false",
    ]
}

/// The verified formats, beside other people's demuxers with the same frames.
pub fn families(table: &mut Table, frames: u64) {
    let exp = native(frames);
    let (plv1, netvu) = (plv1(frames, FRAMES, true), netvu(frames));
    let avi = converted(&exp, "avimux", "avi");
    let mkv = converted(&exp, "matroskamux", "mkv");
    let sources = [plv1, netvu, avi, mkv].map(|path| location(&path));
    let jobs = [
        play(&sources[0], "expdemux"),
        play(&sources[1], "netvudemux"),
        play(&sources[2], "avidemux"),
        play(&sources[3], "matroskademux"),
    ];
    let times = turns(&jobs);
    let rate = |n: usize| frames as f64 / times[n].as_secs_f64() / 1000.0;
    for (own, name, peer, other, least) in [
        (0, "PLV1", 2, "avidemux", 2.0),
        (0, "PLV1", 3, "matroskademux", 1.1),
        (1, "NetVu", 3, "matroskademux", 1.1),
    ] {
        let times = rate(own) / rate(peer);
        table.row(
            &format!("{frames} frames of 4CIF in {name}, against {other}"),
            format!(
                "{times:.2} × ({:.0} k frames/s, {other} {:.0} k)",
                rate(own),
                rate(peer)
            ),
            &format!("≥ {least} ×"),
            Some(times >= least),
        );
    }
}

pub fn small(table: &mut Table, frames: u64) {
    let exp = small_recording(frames);
    let avi = converted(&exp, "avimux", "avi");
    let mkv = converted(&exp, "matroskamux", "mkv");
    let plv1 = plv1(frames, SMALL, true);
    let sources = [&exp, &avi, &mkv, &plv1].map(|path| location(path));
    let avi = avi.display().to_string();
    let jobs = [
        play(&sources[0], "expdemux"),
        play(&sources[1], "avidemux"),
        play(&sources[2], "matroskademux"),
        vec![
            "ffmpeg", "-v", "error", "-i", &avi, "-c", "copy", "-f", "null", "-",
        ],
        play(&sources[3], "expdemux"),
    ];
    let times = turns(&jobs);
    let rate = |n: usize| frames as f64 / times[n].as_secs_f64();
    for (own, name, n, peer, least) in [
        (0, "EXP", 1, "avidemux", 1.5),
        (0, "EXP", 2, "matroskademux", 1.1),
        (0, "EXP", 3, "ffmpeg -c copy -f null", 1.5),
        (4, "PLV1", 1, "avidemux", 2.0),
    ] {
        let own = rate(own);
        let times = own / rate(n);
        table.row(
            &format!("{frames} small frames in {name}, against {peer}"),
            format!(
                "{times:.2} × ({:.0} k frames/s, {peer} {:.0} k)",
                own / 1e3,
                rate(n) / 1e3
            ),
            &format!("≥ {least} ×"),
            Some(times >= least),
        );
    }
}

fn big_recording(frames: u64, sums: bool) -> PathBuf {
    recording(&Recording {
        name: if sums { "big-sums" } else { "big" },
        frames,
        rate: 3000,
        key_every: 15,
        key_bytes: 100_000,
        p_bytes: 100_000,
        sums,
        sparse: false,
    })
}

/// Pictures without checksums, as PLV1 files have them (verified), and with: AVI has none to check.
pub fn big(table: &mut Table, frames: u64) {
    let (plain, sums) = (big_recording(frames, false), big_recording(frames, true));
    let avi = converted(&plain, "avimux", "avi");
    let sources = [location(&plain), location(&avi), location(&sums)];
    let times = turns(&[
        play(&sources[0], "expdemux"),
        play(&sources[1], "avidemux"),
        play(&sources[2], "expdemux"),
    ]);
    let rate = |n: usize| frames as f64 * 100_000.0 / times[n].as_secs_f64() / 1e9;
    let figure = |n: usize| {
        format!(
            "{:.2} × ({:.2} GB/s, avidemux {:.2})",
            rate(n) / rate(1),
            rate(n),
            rate(1)
        )
    };
    table.row(
        &format!("{frames} frames of 100 KB, against avidemux"),
        figure(0),
        "≥ 0.95 ×",
        Some(rate(0) / rate(1) >= 0.95),
    );
    table.row(
        &format!("{frames} frames of 100 KB, every CRC-32 checked, against avidemux"),
        figure(2),
        "–",
        None,
    );
}

/// The whole way to MP4 for three sizes of picture. Of the small ones it is mp4mux that takes most of the time; `latency` lets it
/// take several at a time.
pub fn to_mp4(table: &mut Table, frames: u64) {
    let typical = recording(&Recording {
        name: "4cif",
        frames: frames / 6,
        rate: 3000,
        key_every: 15,
        key_bytes: 40_000,
        p_bytes: 9_000,
        sums: true,
        sparse: false,
    });
    let small = small_recording(frames);
    let big = big_recording(frames / 67, true);
    one_to_mp4(table, &big, "100 KB each");
    one_to_mp4(table, &typical, "of 4CIF, 11 KB in the mean");
    one_to_mp4(table, &small, "small, 1.3 KB in the mean");
}

fn one_to_mp4(table: &mut Table, exp: &Path, what: &str) {
    let avi = converted(exp, "avimux", "avi").display().to_string();
    let (source, out) = (location(exp), folder().join("out.mp4"));
    let sink = location(&out);
    let out = out.display().to_string();
    let pipeline = |muxer: &'static [&'static str]| {
        let mut words = vec!["gst-launch-1.0", "-q", "filesrc", &source];
        words.extend(["!", "expdemux", "!"]);
        words.extend(muxer);
        words.extend(["!", "filesink", &sink]);
        words
    };
    let times = turns(&[
        pipeline(&["mp4mux", "latency=5000000000"]),
        vec![
            "ffmpeg", "-v", "error", "-y", "-i", &avi, "-c", "copy", &out,
        ],
        pipeline(&["mp4mux"]),
    ]);
    let ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
    table.row(
        &format!("to MP4, whole pipeline, against ffmpeg -c copy: frames {what}"),
        format!(
            "{ratio:.2} × ({:.2} s, ffmpeg {:.2} s; without `latency` {:.2} s)",
            times[0].as_secs_f64(),
            times[1].as_secs_f64(),
            times[2].as_secs_f64()
        ),
        "≤ 1.1 ×",
        Some(ratio <= 1.1),
    );
    let _ = std::fs::remove_file(out);
}
