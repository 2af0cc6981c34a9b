// SPDX-License-Identifier: MPL-2.0
//! How fast the viewer is: `cargo bench -p exp-viewer`. It drives the program inside Xvfb with keys and the mouse, reads what
//! `G_MESSAGES_DEBUG=exp-viewer` prints of what is on the screen, and prints a table. Recordings are made below `target/bench-data`.
//!
//! `-- start play seek scrub memory` runs only these parts; `-- --minutes 60 memory` seeks for as long. `EXP_VIEWER` names
//! another program than the one that was built.

#[path = "viewer/data.rs"]
mod data;
#[path = "viewer/program.rs"]
mod program;

use program::{Program, Shown};
use std::{collections::BTreeMap, time::Duration};

/// A machine that is busy with other things shows it: what is measured several times is given as median and worst.
const ROUNDS: usize = 7;
const MILLI: i64 = 1000;
/// So long is played.
const LENGTH: Duration = Duration::from_secs(30);

/// What was measured.
#[derive(Default)]
struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    fn row(&mut self, what: &str, figure: String, aim: &str, holds: bool) {
        let verdict = if holds { "yes" } else { "no" };
        println!("{what}: {figure}  (aim {aim}) {verdict}");
        let row = [what, &figure, aim, verdict];
        self.rows.push(row.map(str::to_owned));
    }

    /// Times in microseconds, the median of which must not exceed a limit.
    fn times(&mut self, what: &str, mut times: Vec<i64>, limit: i64) {
        times.sort_unstable();
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        let figure = format!(
            "{} ms, worst of {} {} ms",
            median / MILLI,
            times.len(),
            worst / MILLI
        );
        let aim = format!("{} ms", limit / MILLI);
        self.row(what, figure, &aim, median <= limit);
    }

    fn print(&self) {
        let machine = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = machine
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map_or("unknown", |name| name.trim_start_matches(['\t', ':', ' ']));
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        let date = testing::make::output("date", &["-u", "+%Y-%m-%d"]);
        let date = String::from_utf8_lossy(&date);
        println!("\n{name}, {cores} cores, load {load}, {}\n", date.trim());
        println!("| what | measured | aim | met |\n|---|---|---|---|");
        for [what, figure, must, verdict] in &self.rows {
            println!("| {what} | {figure} | {must} | {verdict} |");
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let minutes = words.iter().position(|word| word == "--minutes");
    let minutes = minutes.and_then(|at| words.get(at + 1)?.parse::<f64>().ok());
    let named: Vec<&String> = words
        .iter()
        .filter(|word| !word.starts_with("--") && word.parse::<f64>().is_err())
        .collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| *name == part);
    let mut table = Table::default();
    if wanted("start") {
        start(&mut table);
    }
    if wanted("play") {
        play(&mut table, &data::SIXTEEN);
        play(&mut table, &data::FOUR);
    }
    if wanted("seek") {
        seek(&mut table);
    }
    if wanted("scrub") {
        scrub(&mut table, &data::SIXTEEN);
        // a minute has too few keyframes
        let longer = data::Recording {
            seconds: 240,
            ..data::FOUR
        };
        scrub(&mut table, &longer);
    }
    if wanted("memory") {
        memory(&mut table, minutes.unwrap_or(5.0));
    }
    table.print();
}

/// From the start of the program to its window, and to the first picture of 8 GiB.
fn start(table: &mut Table) {
    let big = data::big();
    let (mut windows, mut pictures) = (Vec::new(), Vec::new());
    // the first start fills caches of GStreamer and fonts
    for round in 0..=ROUNDS {
        let mut program = Program::start(&[]);
        let window = program.line("painted") - program.begun;
        program.end();
        let mut program = Program::start(&[&big]);
        let asked = program.line("open");
        let picture = program.frames(1)[0].painted - asked;
        program.end();
        if round > 0 {
            windows.push(window);
            pictures.push(picture);
        }
    }
    table.times("window up", windows, 500 * MILLI);
    table.times("first picture after opening 8 GiB", pictures, 300 * MILLI);
}

/// Frames that are not on the screen when the next one is due.
fn play(table: &mut Table, recording: &data::Recording) {
    let path = recording.path();
    let mut program = Program::start(&[&path]);
    program.settle(recording.cameras);
    program.key("space");
    let begun = program.computed();
    let frames = program.watch(LENGTH);
    let computed = program.computed() - begun;
    program.end();
    let interval = 1_000_000 * i64::from(recording.rate.1) / i64::from(recording.rate.0);
    let mut cameras: BTreeMap<u16, Vec<&Shown>> = BTreeMap::new();
    for frame in &frames {
        cameras.entry(frame.camera).or_default().push(frame);
    }
    assert_eq!(cameras.len(), usize::from(recording.cameras));
    let (mut all, mut late) = (0, 0);
    for shown in cameras.values_mut() {
        // the frame that was there before playback is not part of it, nor is what the last frames would have become
        shown.remove(0);
        let first = shown.first().expect("frames").time;
        let last = shown.last().expect("frames").time;
        let expected = ((last - first) / 1000 + interval / 2) / interval + 1;
        let on_time = shown
            .iter()
            .filter(|frame| frame.painted - frame.due < interval)
            .count() as i64;
        all += expected;
        late += expected - on_time.min(expected);
    }
    let what = format!(
        "late frames, {} cameras of {}x{} at {:.1}",
        recording.cameras,
        recording.size.0,
        recording.size.1,
        f64::from(recording.rate.0) / f64::from(recording.rate.1),
    );
    let part = late as f64 * 100.0 / all as f64;
    let cores = computed as f64 / LENGTH.as_millis() as f64;
    let figure = format!("{part:.2} % ({late} of {all}), {cores:.2} of a core");
    table.row(&what, figure, "under 1 %", part < 1.0);
}

/// From the key to the pictures of all cameras.
fn seek(table: &mut Table) {
    let recording = &data::SIXTEEN;
    let path = recording.path();
    let mut program = Program::start(&[&path]);
    program.settle(recording.cameras);
    let mut times = Vec::new();
    let computed = program.computed();
    for n in 0..ROUNDS * 6 {
        let begun = program.now();
        // 5 s and a minute ahead, now and then back: another place in its group of frames each time
        program.key(["Right", "shift+Right", "Right", "Left"][n % 4]);
        program.line("go");
        let shown = program.frames(recording.cameras);
        times.push(shown.iter().map(|frame| frame.painted).max().unwrap_or(0) - begun);
        std::thread::sleep(Duration::from_millis(150));
    }
    let each = (program.computed() - computed) / times.len() as u64;
    program.end();
    let what = format!("seek, 16 cameras, from the key ({each} ms of a core)");
    table.times(&what, times, 150 * MILLI);
}

/// Keyframes of each camera that are shown while the timeline is dragged.
fn scrub(table: &mut Table, recording: &data::Recording) {
    let path = recording.path();
    let mut program = Program::start(&[&path]);
    program.settle(recording.cameras);
    program.press(program.timeline(0.1));
    let (begun, computed) = (program.now(), program.computed());
    let length = Duration::from_secs(6);
    program.drag(0.1, 0.9, length);
    let frames = program.watch(length);
    let seconds = (program.now() - begun) as f64 / 1e6;
    let cores = (program.computed() - computed) as f64 / 1e3 / seconds;
    program.end();
    let mut kept: BTreeMap<u16, Vec<i64>> = BTreeMap::new();
    for frame in frames {
        kept.entry(frame.camera).or_default().push(frame.time);
    }
    let counts = kept.into_values().map(|mut times| {
        times.dedup();
        times.len()
    });
    let least = counts.min().unwrap_or(0) as f64 / seconds;
    let figure = format!("{least:.1} a second of each camera, {cores:.2} of a core");
    let what = format!("keyframes while scrubbing, {} cameras", recording.cameras);
    table.row(&what, figure, "15", least >= 15.0);
}

/// Memory while somebody seeks.
fn memory(table: &mut Table, minutes: f64) {
    let recording = &data::SIXTEEN;
    let path = recording.path();
    let mut program = Program::start(&[&path]);
    program.settle(recording.cameras);
    let end = program.now() + (minutes * 6e7) as i64;
    let mut value = 1_u32;
    let mut sizes = Vec::new();
    let mut seeks = 0;
    while program.now() < end {
        value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let at = program.timeline(f64::from(value >> 8) / f64::from(1 << 24));
        program.click(at);
        program.watch(Duration::from_millis(200));
        seeks += 1;
        sizes.push(program.memory());
    }
    let most = program.most_memory();
    program.end();
    let quarter = sizes.len() / 4;
    let mean = |sizes: &[u64]| sizes.iter().sum::<u64>() as f64 / sizes.len().max(1) as f64;
    // the first quarter fills caches
    let before = mean(&sizes[quarter..quarter * 2]);
    let after = mean(&sizes[quarter * 3..]);
    table.row(
        "memory at most, 16 cameras",
        format!("{} MiB", most >> 10),
        "under 350 MiB",
        most < 350 << 10,
    );
    let figure = format!(
        "{:+.1} MiB from the second to the last quarter of {minutes} minutes, {seeks} seeks",
        (after - before) / 1024.0
    );
    table.row("growth", figure, "flat", after < before * 1.02);
}
