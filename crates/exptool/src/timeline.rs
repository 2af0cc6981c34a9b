// SPDX-License-Identifier: MPL-2.0
//! `exptool timeline`: when which camera recorded, as a picture.

use crate::common::{Common, Done, Failure, clock::duration, failure::EXIT_CODES, output};
use crate::draw::{Canvas, Svg};
use crate::recording::{Camera, CameraRun, Recording};
use clap::Args;
use formats::{reader::Mode, timeline::SECOND};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 36.0;
const TOP: f64 = 84.0;
const ROW: f64 = 34.0;
/// Runs that are drawn of a camera at most: there are no more pixels than these.
const MAX_RUNS: usize = 5000;
/// Marks of damage that are drawn of a file at most.
const MAX_MARKS: usize = 500;

/// Colours by mode, told apart by people who see few colours too.
const COLOURS: [(Mode, &str, &str); 7] = [
    (Mode::Continuous, "continuous", "#0072b2"),
    (Mode::Motion, "motion", "#e69f00"),
    (Mode::Alarm, "alarm", "#d55e00"),
    (Mode::Instant, "instant", "#cc79a7"),
    (Mode::PreAlarm, "pre-alarm", "#f0c419"),
    (Mode::Schedule, "schedule", "#009e73"),
    (Mode::Unknown, "mode not told", "#8a8a8a"),
];
const DAMAGE: &str = "#c00020";

/// Draw when which camera recorded: a row for each camera, runs coloured by mode, gaps, damage, and local time below.
#[derive(Args)]
#[command(after_help = format!("Examples:\n  exptool timeline lobby.exp -o lobby.svg -o lobby.png\n  exptool timeline monday/*.exp -o monday.png\n\n{EXIT_CODES}"))]
pub struct Timeline {
    /// Recordings
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// Picture to write, .svg or .png; may be given twice. Without it, SVG is printed
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Replace pictures that are there already
    #[arg(long)]
    force: bool,
}

impl Timeline {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        for path in &self.output {
            if !is(path, "png") && !is(path, "svg") {
                let text = format!("{}: a timeline is .svg or .png", path.display());
                return Err(Failure::Use(text));
            }
        }
        let mut recordings = Vec::new();
        for path in &self.inputs {
            recordings.push(Recording::open(common, path)?);
        }
        let svg = draw(&recordings)?;
        for path in &self.output {
            let bytes = match is(path, "png") {
                true => Canvas::draw(&svg)?.png(&texts(&recordings))?,
                false => svg.clone().into_bytes(),
            };
            save(path, &bytes, self.force)?;
        }
        match (common.json, self.output.is_empty()) {
            (true, alone) => output::print_json(&json!({
                "outputs": self.output,
                "recordings": recordings.iter().map(facts).collect::<Vec<_>>(),
                "svg": alone.then_some(svg),
            }))?,
            (false, true) => output::print(&svg)?,
            (false, false) => {
                let names = self.output.iter();
                let names = names.map(|path| format!("{}\n", path.display()));
                output::print(&names.collect::<String>())?;
            }
        }
        Ok(0)
    }
}

fn is(path: &Path, suffix: &str) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

fn texts(recordings: &[Recording]) -> Vec<(String, String)> {
    let software = format!("exptool {}", env!("CARGO_PKG_VERSION"));
    let sources = recordings.iter().map(|recording| {
        let name = recording.input.path.file_name().unwrap_or_default();
        ("Source".to_owned(), name.to_string_lossy().into_owned())
    });
    std::iter::once(("Software".to_owned(), software))
        .chain(sources)
        .collect()
}

/// What is drawn of a recording, for machines.
fn facts(recording: &Recording) -> Value {
    let run = |run: &CameraRun, camera: &Camera| {
        let modes = run.modes.iter().map(|span| {
            json!({
                "mode": span.mode.name(),
                "start": recording.time(span.start),
                "end": recording.time(span.end),
            })
        });
        json!({
            "start": recording.time(run.start),
            "end": recording.time(camera.end_of(run)),
            "frames": run.frames + run.orphans,
            "pass": run.pass,
            "modes": modes.collect::<Vec<_>>(),
        })
    };
    let cameras = recording.contents.cameras.iter().map(|camera| {
        json!({
            "camera": camera.number,
            "title": camera.title,
            "runs": camera.runs.iter().map(|one| run(one, camera)).collect::<Vec<_>>(),
        })
    });
    json!({
        "file": recording.input.name,
        "utc_offset": recording.has_clock().then(|| recording.zone.offset_name()),
        "cameras": cameras.collect::<Vec<_>>(),
        "damaged_places": recording.contents.damage.len(),
    })
}

/// Writes a file that is complete in memory, and the folders above it.
///
/// # Errors
/// A file of that name without `force`, a folder that cannot be written to.
pub fn save(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        // told when the file cannot be written
        let _ = std::fs::create_dir_all(folder);
    }
    let mut file = output::NewFile::create(path, force)?;
    file.write_all(bytes)
        .map_err(|error| Failure::Output(format!("{}: {error}", path.display())))?;
    file.finish()
}

/// Where times stand.
struct Axis {
    from: i64,
    to: i64,
}

impl Axis {
    fn x(&self, time: i64) -> f64 {
        let part = (time - self.from) as f64 / (self.to - self.from).max(1) as f64;
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }
}

/// Draws recordings as SVG.
///
/// # Errors
/// No pictures at all; a file without a clock beside others.
pub fn draw(recordings: &[Recording]) -> Result<String, Failure> {
    let with_clock = recordings.iter().filter(|r| r.has_clock()).count();
    if with_clock != recordings.len() && recordings.len() > 1 {
        return Err(Failure::Input(
            "a recording without a clock fits no common time axis".to_owned(),
        ));
    }
    let first = recordings.first().ok_or_else(none)?;
    let axis = axis(recordings).ok_or_else(none)?;
    let mut svg = Svg::default();
    let names: Vec<_> = recordings
        .iter()
        .take(3)
        .filter_map(|recording| recording.input.path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    let more = if recordings.len() > 3 { ", …" } else { "" };
    let heading = format!("{}{more}", names.join(", "));
    svg.text((24.0, 30.0), 18, "start", &heading);
    let (from, to) = (first.time(axis.from), first.time(axis.to));
    let differ = zones_differ(recordings);
    let axis_zone = match differ {
        true => format!("; the axis too is in the time of {}", first.stem()),
        false => String::new(),
    };
    let span = format!("{from}  to  {to}{axis_zone}");
    svg.text((24.0, 52.0), 12, "start", &span);
    let rows: usize = recordings.iter().map(rows_of).sum();
    let bottom = TOP + ROW * rows as f64;
    ticks(&mut svg, &axis, first, bottom);
    let mut top = TOP;
    for recording in recordings {
        let file = (recordings.len() > 1).then(|| file_label(recording, differ));
        for camera in &recording.contents.cameras {
            row(&mut svg, &axis, recording, camera, top, file.as_deref());
            top += ROW;
        }
        if !recording.contents.damage.is_empty() {
            damage(&mut svg, &axis, recording, top);
            top += ROW;
        }
    }
    legend(&mut svg, recordings, bottom + 52.0);
    Ok(svg.finish(WIDTH, bottom + 72.0, &format!("Timeline of {heading}")))
}

/// Whether the recordings' local times have different offsets from UTC.
fn zones_differ(recordings: &[Recording]) -> bool {
    let mut zones = recordings
        .iter()
        .map(|recording| recording.zone.offset_name());
    let first = zones.next();
    zones.any(|name| Some(&name) != first.as_ref())
}

/// The recording that a row is of, with its offset from UTC where they differ.
fn file_label(recording: &Recording, zones_differ: bool) -> String {
    match zones_differ {
        true => format!("{} (UTC{})", recording.stem(), recording.zone.offset_name()),
        false => recording.stem(),
    }
}

fn none() -> Failure {
    Failure::Input("there are no pictures to draw a timeline of".to_owned())
}

fn rows_of(recording: &Recording) -> usize {
    recording.contents.cameras.len() + usize::from(!recording.contents.damage.is_empty())
}

fn axis(recordings: &[Recording]) -> Option<Axis> {
    let cameras = || {
        recordings
            .iter()
            .flat_map(|recording| &recording.contents.cameras)
    };
    let from = cameras()
        .flat_map(|c| c.runs.iter().map(|run| run.start))
        .min()?;
    let to = cameras()
        .flat_map(|c| c.runs.iter().map(|run| c.end_of(run)))
        .max()?;
    Some(Axis { from, to })
}

/// Distances of ticks in seconds, from a second to a year.
const STEPS: [i64; 21] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    604_800, 2_592_000, 31_536_000,
];

fn ticks(svg: &mut Svg, axis: &Axis, recording: &Recording, bottom: f64) {
    let span = (axis.to - axis.from) / SECOND;
    let step = STEPS
        .into_iter()
        .find(|step| span / step <= 9)
        .unwrap_or(31_536_000 * 10);
    let shift = match recording.has_clock() {
        true => (recording.zone.local_ns(axis.from) - axis.from) / SECOND,
        false => 0,
    };
    // ticks stand at round local times
    let mut at = (axis.from / SECOND + shift).div_euclid(step) * step - shift;
    let mut day = String::new();
    while at * SECOND <= axis.to {
        let time = at * SECOND;
        if time >= axis.from {
            let x = axis.x(time);
            svg.line((x, TOP - 8.0), (x, bottom + 4.0), "grid");
            let text = recording.short_time(time);
            let (date, clock) = match (recording.has_clock(), text.split_once(' ')) {
                (true, Some((date, clock))) => (date.to_owned(), clock.to_owned()),
                _ => (String::new(), text.clone()),
            };
            let clock = match clock.strip_suffix(":00").filter(|_| step >= 60) {
                Some(short) => short.to_owned(),
                None => clock,
            };
            let label = if step >= 86_400 { date.clone() } else { clock };
            svg.text((x, bottom + 18.0), 11, "middle", &label);
            if step < 86_400 && day != date {
                svg.text((x, bottom + 33.0), 10, "middle", &date);
                day = date;
            }
        }
        at += step;
    }
}

fn row(
    svg: &mut Svg,
    axis: &Axis,
    recording: &Recording,
    camera: &Camera,
    top: f64,
    file: Option<&str>,
) {
    let middle = top + ROW / 2.0;
    let name: String = camera.name().chars().take(28).collect();
    let y = if file.is_some() {
        middle - 1.0
    } else {
        middle + 4.0
    };
    svg.text((LEFT - 12.0, y), 12, "end", &name);
    if let Some(file) = file {
        svg.text((LEFT - 12.0, middle + 11.0), 9, "end", file);
    }
    // an hour that was recorded twice is drawn twice, one above the other
    let passes = camera
        .runs
        .iter()
        .map(|run| run.pass)
        .max()
        .unwrap_or(0)
        .min(3)
        + 1;
    let height = (ROW - 12.0) / f64::from(passes);
    let mut before: Option<&CameraRun> = None;
    for run in camera.runs.iter().take(MAX_RUNS) {
        if let Some(before) = before.filter(|before| before.last < run.start) {
            let (from, to) = (axis.x(camera.end_of(before)), axis.x(run.start));
            svg.line((from, middle), (to, middle), "gap");
        }
        let y = top + 6.0 + height * f64::from(run.pass.min(3));
        for span in &run.modes {
            let (x, end) = (axis.x(span.start), axis.x(span.end));
            let (_, name, colour) = colour(span.mode);
            let title = format!(
                "{name}: {} to {}, {} frames in this run",
                recording.time(span.start),
                recording.time(span.end),
                run.frames + run.orphans
            );
            svg.rect((x, y), ((end - x).max(1.2), height), colour, &title);
        }
        before = Some(run);
    }
}

fn colour(mode: Mode) -> (Mode, &'static str, &'static str) {
    let known = COLOURS.into_iter().find(|(known, ..)| *known == mode);
    known.unwrap_or((mode, "mode not told", "#8a8a8a"))
}

fn damage(svg: &mut Svg, axis: &Axis, recording: &Recording, top: f64) {
    let middle = top + ROW / 2.0;
    svg.text((LEFT - 12.0, middle + 4.0), 12, "end", "damage");
    for hurt in recording.contents.damage.iter().take(MAX_MARKS) {
        let x = axis.x(hurt.clock.unwrap_or(axis.from));
        let title = format!("{} bytes at offset {}", hurt.length, hurt.offset);
        svg.mark((x, middle + 5.0), DAMAGE, &title);
    }
}

fn legend(svg: &mut Svg, recordings: &[Recording], y: f64) {
    let runs = || {
        recordings
            .iter()
            .flat_map(|r| &r.contents.cameras)
            .flat_map(|c| &c.runs)
    };
    let mut x = LEFT;
    for (mode, name, colour) in COLOURS {
        if runs().any(|run| run.modes.iter().any(|span| span.mode == mode)) {
            svg.rect((x, y - 10.0), (14.0, 12.0), colour, name);
            svg.text((x + 20.0, y), 11, "start", name);
            x += 34.0 + 7.0 * name.len() as f64;
        }
    }
    if recordings
        .iter()
        .any(|recording| !recording.contents.damage.is_empty())
    {
        svg.mark((x + 7.0, y), DAMAGE, "damage");
        svg.text((x + 20.0, y), 11, "start", "damage");
    }
    let total: i64 = recordings
        .iter()
        .flat_map(|recording| &recording.contents.cameras)
        .flat_map(|camera| camera.runs.iter().map(|run| camera.end_of(run) - run.start))
        .sum();
    let tenth = SECOND / 10;
    let text = format!("{} recorded", duration((total + tenth / 2) / tenth * tenth));
    svg.text((WIDTH - RIGHT, y), 11, "end", &text);
}
