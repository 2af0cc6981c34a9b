// SPDX-License-Identifier: MPL-2.0
//! Opening and seeking. Each measurement is a process of its own, which counts what it read.

use super::{
    data::{FRAMES, native, netvu, plv1, sparse},
    tools::{Table, command, part},
};
use gst::prelude::*;
use std::{
    path::Path,
    sync::mpsc::{Receiver, sync_channel},
    time::{Duration, Instant},
};

const MIB: u64 = 1 << 20;

/// Figures of a child.
#[derive(Default)]
struct Figures {
    open: Duration,
    open_read: u64,
    seeks: Vec<Duration>,
    /// The first seek, which surveys the file.
    first: Duration,
    seek_read: u64,
    play: Duration,
    peak: u64,
}

/// Bytes that this process has read so far.
fn bytes_read() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn peak_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

struct Player {
    pipeline: gst::Pipeline,
    first: Receiver<u64>,
}

impl Player {
    fn new(path: &str) -> Player {
        let demuxer = match path.rsplit('.').next() {
            Some("adbin") => "netvudemux",
            Some("mkv") => "matroskademux",
            _ => "expdemux",
        };
        let text = format!("filesrc name=src ! {demuxer} name=d ! fakesink name=sink sync=false");
        let pipeline = gst::parse::launch(&text)
            .expect("pipeline")
            .downcast::<gst::Pipeline>()
            .expect("pipeline");
        pipeline
            .by_name("src")
            .expect("source")
            .set_property("location", path);
        let (send, first) = sync_channel(1);
        let sink = pipeline.by_name("sink").expect("sink");
        sink.static_pad("sink").expect("pad").add_probe(
            gst::PadProbeType::BUFFER,
            move |_, info| {
                if let Some(buffer) = info.buffer() {
                    let _ = send.try_send(buffer.pts().map_or(0, |pts| pts.nseconds()));
                }
                gst::PadProbeReturn::Ok
            },
        );
        Player { pipeline, first }
    }

    fn wait(&self) {
        self.first
            .recv_timeout(Duration::from_secs(20))
            .expect("a buffer");
    }
}

/// The measuring process: file, number of seeks, whether to play it whole.
pub fn child(words: &[String]) {
    let (path, seeks, whole) = (
        &words[0],
        words[1].parse::<u32>().expect("seeks"),
        words[2] == "play",
    );
    gst::init().expect("GStreamer");
    gstexp::plugin_register_static().expect("plugin");
    // the elements are loaded before the clock starts
    for name in ["filesrc", "fakesink"] {
        drop(gst::ElementFactory::make(name).build());
    }
    let player = Player::new(path);
    let (before, begin) = (bytes_read(), Instant::now());
    player
        .pipeline
        .set_state(gst::State::Paused)
        .expect("paused");
    player.wait();
    println!(
        "open {} {}",
        begin.elapsed().as_nanos(),
        bytes_read() - before
    );
    if seeks > 0 {
        seek_around(&player, seeks);
    }
    if whole {
        let begin = Instant::now();
        player
            .pipeline
            .set_state(gst::State::Playing)
            .expect("playing");
        let bus = player.pipeline.bus().expect("bus");
        bus.timed_pop_filtered(
            gst::ClockTime::NONE,
            &[gst::MessageType::Eos, gst::MessageType::Error],
        );
        println!("play {}", begin.elapsed().as_nanos());
    }
    let _ = player.pipeline.set_state(gst::State::Null);
    println!("peak {}", peak_kib());
}

fn seek_around(player: &Player, seeks: u32) {
    let (result, _, _) = player.pipeline.state(gst::ClockTime::from_seconds(10));
    result.expect("preroll");
    let duration = player
        .pipeline
        .query_duration::<gst::ClockTime>()
        .expect("duration")
        .nseconds();
    let mut value = 12_345_u64;
    for _ in 0..seeks {
        value = value
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let time = gst::ClockTime::from_nseconds((value >> 20) % duration);
        let (before, begin) = (bytes_read(), Instant::now());
        while player.first.try_recv().is_ok() {}
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
        player.pipeline.seek_simple(flags, time).expect("seek");
        let (result, _, _) = player.pipeline.state(gst::ClockTime::from_seconds(10));
        result.expect("preroll");
        println!(
            "seek {} {}",
            begin.elapsed().as_nanos(),
            bytes_read() - before
        );
    }
}

fn measure(path: &Path, seeks: u32, play: bool) -> Figures {
    let own = std::env::current_exe()
        .expect("own path")
        .display()
        .to_string();
    let (path, seeks) = (path.display().to_string(), seeks.to_string());
    let args = [
        "--access",
        &path,
        &seeks,
        if play { "play" } else { "stop" },
    ];
    let output = command(&own, &args).output().expect("child");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut figures = Figures::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |n: usize| {
            words
                .get(n)
                .and_then(|word| word.parse::<u64>().ok())
                .unwrap_or(0)
        };
        match words[0] {
            "open" => {
                (figures.open, figures.open_read) = (Duration::from_nanos(number(1)), number(2))
            }
            "seek" => {
                figures.seeks.push(Duration::from_nanos(number(1)));
                figures.seek_read = figures.seek_read.max(number(2));
            }
            "play" => figures.play = Duration::from_nanos(number(1)),
            "peak" => figures.peak = number(1),
            _ => {}
        }
    }
    figures.first = figures.seeks.first().copied().unwrap_or_default();
    figures.seeks.sort_unstable();
    figures
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

pub fn open(table: &mut Table) {
    let (little, large) = (sparse(8 * MIB), sparse(8192 * MIB));
    let mut times = [Vec::new(), Vec::new()];
    let mut read = 0;
    for _ in 0..9 {
        for (path, times) in [&little, &large].into_iter().zip(&mut times) {
            let figures = measure(path, 0, false);
            times.push(figures.open);
            read = read.max(figures.open_read);
        }
    }
    for times in &mut times {
        times.sort_unstable();
    }
    let (little, large) = (part(&times[0], 0.5), part(&times[1], 0.5));
    let ratio = large.as_secs_f64() / little.as_secs_f64();
    let holds = ratio <= 1.5 && large <= Duration::from_millis(30) && read <= 2 * MIB;
    table.row(
        "open to first buffer, 8 GiB against 8 MiB",
        format!(
            "{ratio:.2} × ({:.1} ms, {:.1} ms), {:.2} MiB read",
            ms(large),
            ms(little),
            read as f64 / MIB as f64
        ),
        "≤ 1.5 ×, ≤ 30 ms, ≤ 2 MiB",
        Some(holds),
    );
}

/// Measured where the places that are sought are in memory, as the input of all other rows is.
fn warm_seeks(path: &Path, seeks: u32) -> Figures {
    measure(path, seeks, false);
    measure(path, seeks, false)
}

pub fn seek(table: &mut Table, seeks: u32) {
    let figures = warm_seeks(&sparse(8192 * MIB), seeks);
    let (median, late) = (part(&figures.seeks, 0.5), part(&figures.seeks, 0.99));
    let holds = median <= Duration::from_millis(5)
        && late <= Duration::from_millis(20)
        && figures.seek_read <= 2 * MIB;
    table.row(
        &format!("{seeks} random accurate seeks, 8 GiB"),
        format!(
            "median {:.2} ms, p99 {:.2} ms, at most {:.2} MiB read",
            ms(median),
            ms(late),
            figures.seek_read as f64 / MIB as f64
        ),
        "≤ 5 ms, ≤ 20 ms, ≤ 2 MiB",
        Some(holds),
    );
    table.row(
        "peak memory of the process, 8 GiB",
        format!("{:.1} MiB", figures.peak as f64 / 1024.0),
        "≤ 40 MiB",
        Some(figures.peak <= 40 * 1024),
    );
}

/// Seeks in the verified formats, beside matroskademux with the same frames.
pub fn families(table: &mut Table, seeks: u32, frames: u64) {
    let mkv = super::play::converted(&native(frames), "matroskamux", "mkv");
    let peer = part(&warm_seeks(&mkv, seeks).seeks, 0.5);
    for (name, path) in [
        ("PLV1 with idx1", plv1(frames, FRAMES, true)),
        ("PLV1 without", plv1(frames, FRAMES, false)),
        ("NetVu binary", netvu(frames)),
        ("EXP", native(frames)),
    ] {
        let size = path.metadata().expect("bench data").len() / MIB;
        let figures = warm_seeks(&path, seeks);
        let median = part(&figures.seeks, 0.5);
        let ratio = median.as_secs_f64() / peer.as_secs_f64();
        table.row(
            &format!("{seeks} random accurate seeks, {name}, {size} MiB, against matroskademux"),
            format!(
                "{ratio:.2} × (median {:.2} ms, {:.2} ms), first {:.1} ms, at most {:.2} MiB read",
                ms(median),
                ms(peer),
                ms(figures.first),
                figures.seek_read as f64 / MIB as f64
            ),
            "≤ 3 ×, ≤ 2 MiB",
            Some(ratio <= 3.0 && figures.seek_read <= 2 * MIB),
        );
    }
}

pub fn growth(table: &mut Table, quick: bool) {
    let most = if quick { 8192 } else { 81_920 };
    let (small, large) = (
        warm_seeks(&sparse(80 * MIB), 100),
        warm_seeks(&sparse(most * MIB), 100),
    );
    let ratio = part(&large.seeks, 0.5).as_secs_f64() / part(&small.seeks, 0.5).as_secs_f64();
    table.row(
        &format!("seek time from 80 MiB to {} GiB", most / 1024),
        format!("{ratio:.2} × (peak {:.1} MiB)", large.peak as f64 / 1024.0),
        "< 2 ×",
        Some(ratio < 2.0),
    );
    // played from memory
    let play = |path: &Path| {
        measure(path, 0, true);
        measure(path, 0, true).play
    };
    let (half, whole) = (play(&sparse(400 * MIB)), play(&sparse(1600 * MIB)));
    let ratio = whole.as_secs_f64() / half.as_secs_f64();
    table.row(
        "time to play four times the bytes",
        format!("{ratio:.2} ×"),
        "linear: about 4 ×",
        Some((2.5..6.0).contains(&ratio)),
    );
}
