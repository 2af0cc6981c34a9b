// SPDX-License-Identifier: MPL-2.0
//! Playing whole files, beside other people's demuxers.

use super::{
    data::{Recording, recording},
    tools::{Table, folder, run, turns},
};
use std::path::{Path, PathBuf};

fn small_recording(frames: u64) -> PathBuf {
    recording(&Recording {
        name: "small",
        frames,
        rate: 3000,
        key_every: 15,
        key_bytes: 6_000,
        p_bytes: 1_000,
        sparse: false,
    })
}

/// The same pictures in another container.
fn converted(exp: &Path, muxer: &str, suffix: &str) -> PathBuf {
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

pub fn small(table: &mut Table, frames: u64) {
    let exp = small_recording(frames);
    let avi = converted(&exp, "avimux", "avi");
    let mkv = converted(&exp, "matroskamux", "mkv");
    let sources = [location(&exp), location(&avi), location(&mkv)];
    let avi = avi.display().to_string();
    let jobs = [
        play(&sources[0], "expdemux"),
        play(&sources[1], "avidemux"),
        play(&sources[2], "matroskademux"),
        vec![
            "ffmpeg", "-v", "error", "-i", &avi, "-c", "copy", "-f", "null", "-",
        ],
    ];
    let times = turns(&jobs);
    let rate = |n: usize| frames as f64 / times[n].as_secs_f64();
    let own = rate(0);
    for (n, peer, least) in [
        (1, "avidemux", 1.5),
        (2, "matroskademux", 1.1),
        (3, "ffmpeg -c copy -f null", 1.5),
    ] {
        let times = own / rate(n);
        table.row(
            &format!("{frames} small frames, against {peer}"),
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

pub fn big(table: &mut Table, frames: u64) {
    let exp = recording(&Recording {
        name: "big",
        frames,
        rate: 3000,
        key_every: 15,
        key_bytes: 100_000,
        p_bytes: 100_000,
        sparse: false,
    });
    let avi = converted(&exp, "avimux", "avi");
    let sources = [location(&exp), location(&avi)];
    let times = turns(&[play(&sources[0], "expdemux"), play(&sources[1], "avidemux")]);
    let rate = |n: usize| frames as f64 * 100_000.0 / times[n].as_secs_f64() / 1e9;
    let ratio = rate(0) / rate(1);
    table.row(
        &format!("{frames} frames of 100 KB, against avidemux"),
        format!(
            "{ratio:.2} × ({:.2} GB/s, avidemux {:.2})",
            rate(0),
            rate(1)
        ),
        "≥ 0.95 ×",
        Some(ratio >= 0.95),
    );
}

pub fn to_mp4(table: &mut Table, frames: u64) {
    let exp = small_recording(frames);
    let avi = converted(&exp, "avimux", "avi").display().to_string();
    let (source, out) = (location(&exp), folder().join("out.mp4"));
    let sink = location(&out);
    let out = out.display().to_string();
    let times = turns(&[
        vec![
            "gst-launch-1.0",
            "-q",
            "filesrc",
            &source,
            "!",
            "expdemux",
            "!",
            "mp4mux",
            "!",
            "filesink",
            &sink,
        ],
        vec![
            "ffmpeg", "-v", "error", "-y", "-i", &avi, "-c", "copy", &out,
        ],
    ]);
    let ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
    table.row(
        &format!("{frames} frames to MP4, whole pipeline, against ffmpeg -c copy"),
        format!(
            "{ratio:.2} × ({:.2} s, ffmpeg {:.2} s)",
            times[0].as_secs_f64(),
            times[1].as_secs_f64()
        ),
        "≤ 1.1 ×",
        Some(ratio <= 1.1),
    );
}
