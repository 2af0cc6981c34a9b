// SPDX-License-Identifier: MPL-2.0
//! `exptool timeline`: when which camera recorded, as a picture.

use crate::common::{Common, Done, Failure, clock::duration, failure, output, plain::plain};
use crate::convert::plan;
use crate::draw::{Canvas, Svg};
use crate::recording::{Camera, CameraRun, Options, Recording};
use clap::Args;
use formats::{
    reader::Mode,
    timeline::{Break, SECOND},
};
use serde_json::{Value, json};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Pixels of the time axis, and around it.
const AXIS: f64 = 780.0;
const RIGHT: f64 = 36.0;
const MARGIN: f64 = 24.0;
/// Height of a lane, and of the space around the lanes of a row.
const LANE: f64 = 17.0;
const BAR: f64 = 13.0;
const AROUND: f64 = 20.0;
/// Pixels of a fold, and most of them.
const FOLD: f64 = 40.0;
/// Pixels of the shortest part between folds.
const SHORTEST: f64 = 40.0;
const MAX_FOLDS: usize = 10;
/// Longer without any recording is folded: there is a day without any.
const FOLDED: i64 = 36 * 3600 * SECOND;
/// Lanes of a row at most.
const MAX_LANES: usize = 6;
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
    (Mode::Unknown, "mode unknown", "#8a8a8a"),
];
const DAMAGE: &str = "#c00020";

/// Draw when which camera recorded: a row for each camera, runs coloured by mode, gaps, damage, and local time below.
///
/// Files of one recorder that continue each other share rows. Where a clock was set, runs are numbered in the order of recording.
/// Days without any recording are folded.
#[derive(Args)]
#[command(after_help = format!("Examples:\n  exptool timeline lobby.exp -o lobby.svg -o lobby.png\n  exptool timeline /media/disc -o disc.png\n\n{}", failure::exit_codes("drawn", "a file is left out", &[2, 3, 4])))]
pub struct Timeline {
    /// Recordings, or folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    inputs: Vec<PathBuf>,
    /// Picture to write, .svg or .png; may be given twice. Without it, SVG is printed
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Replace pictures that already exist
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
        let mut failed = false;
        let items = plan::inputs(&self.inputs)?;
        let alone = items.len() == 1;
        for item in items {
            let recording = item.open(common).and_then(|input| {
                let read =
                    |input| Recording::read(common, input, Options::default(), &mut |_| Ok(()));
                input.map(read).transpose()
            });
            match recording {
                Ok(None) => {}
                Ok(Some(one)) if alone || is_drawn(&one) => recordings.push(one),
                Ok(Some(one)) => {
                    let name = plain(&one.input.name);
                    eprintln!("exptool: {name}: is left out: it has no frames, or no clock");
                    failed = true;
                }
                Err(failure) if alone => return Err(failure),
                Err(failure) => {
                    failure.report(common.json);
                    failed = true;
                }
            }
        }
        let all: Vec<&Recording> = recordings.iter().collect();
        let svg = draw(&all)?;
        for path in &self.output {
            let bytes = match is(path, "png") {
                true => Canvas::draw(&svg)?.png(&texts(&all))?,
                false => svg.clone().into_bytes(),
            };
            save(path, &bytes, self.force)?;
        }
        match (common.json, self.output.is_empty()) {
            (true, alone) => output::print_json(&json!({
                "outputs": self.output,
                "recordings": all.iter().map(|one| facts(one)).collect::<Vec<_>>(),
                "svg": alone.then_some(svg),
            }))?,
            (false, true) => output::print(&svg)?,
            (false, false) => {
                let names = self.output.iter();
                let names = names.map(|path| format!("{}\n", path.display()));
                output::print(&names.collect::<String>())?;
            }
        }
        Ok(u8::from(failed))
    }
}

/// Whether a recording fits a time axis with others.
pub fn is_drawn(recording: &Recording) -> bool {
    recording.has_clock() && !recording.contents.cameras.is_empty()
}

fn is(path: &Path, suffix: &str) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

fn texts(recordings: &[&Recording]) -> Vec<(String, String)> {
    let software = format!("exptool {}", env!("CARGO_PKG_VERSION"));
    let sources = recordings
        .iter()
        .map(|recording| ("Source".to_owned(), file_name(recording)));
    std::iter::once(("Software".to_owned(), software))
        .chain(sources)
        .collect()
}

fn file_name(recording: &Recording) -> String {
    let name = recording.input.path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// What is drawn of a recording, for machines.
fn facts(recording: &Recording) -> Value {
    let run = |n: usize, run: &CameraRun, camera: &Camera| {
        let modes = run.modes.iter().map(|span| {
            json!({
                "mode": span.mode.name(),
                "start": recording.time(span.start),
                "end": recording.time(span.end),
            })
        });
        json!({
            "number": n + 1,
            "begins": run.begins.name(),
            "start": recording.time(run.start),
            "end": recording.time(camera.end_of(run)),
            "start_ns": run.start,
            "end_ns": run.last,
            "frames": run.all_frames(),
            "pass": run.pass,
            "modes": modes.collect::<Vec<_>>(),
        })
    };
    let cameras = recording.contents.cameras.iter().map(|camera| {
        let runs = camera.runs.iter().enumerate();
        json!({
            "camera": camera.number,
            "title": camera.title,
            "gaps": camera.gaps(),
            "runs": runs.map(|(n, one)| run(n, one, camera)).collect::<Vec<_>>(),
        })
    });
    json!({
        "file": recording.input.name,
        "utc_offset": recording.has_clock().then(|| recording.zone.offset_name()),
        "cameras": cameras.collect::<Vec<_>>(),
        "gaps": recording.contents.gaps,
        "damaged_places": recording.contents.damage.len(),
    })
}

/// Writes a file that is complete in memory, and the folders above it.
///
/// # Errors
/// A file of that name without `force`, a folder that cannot be written to.
pub fn save(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        // reported when the file cannot be written
        let _ = std::fs::create_dir_all(folder);
    }
    let mut file = output::NewFile::create(path, force)?;
    file.write_all(bytes)
        .map_err(|error| Failure::Output(format!("{}: {error}", path.display())))?;
    file.finish()
}

/// A row: one camera, of one file or of several that continue each other.
struct Row<'a> {
    parts: Vec<(&'a Recording, &'a Camera)>,
    /// The lane of each run, part by part.
    lanes: Vec<usize>,
    height: f64,
}

impl Row<'_> {
    fn is_continued_by(&self, recording: &Recording, camera: &Camera) -> bool {
        let Some((before, last)) = self.parts.last() else {
            return false;
        };
        let whole = |camera: &Camera| {
            let ends = camera.runs.iter().map(|run| camera.end_of(run));
            camera.span().map(|(start, _)| start).zip(ends.max())
        };
        let spans = whole(last).zip(whole(camera));
        // an overlap is drawn below
        let follows =
            |((first, end), (start, last)): ((i64, i64), (i64, i64))| first < start && end < last;
        before.recorder() == recording.recorder()
            && before.zone.offset_name() == recording.zone.offset_name()
            && (last.number, last.title.as_str()) == (camera.number, camera.title.as_str())
            && !std::ptr::eq(*before, recording)
            && spans.is_some_and(follows)
    }

    fn runs(&self) -> impl Iterator<Item = (&Recording, &Camera, &CameraRun)> {
        self.parts.iter().flat_map(|(recording, camera)| {
            let runs = camera.runs.iter().take(MAX_RUNS);
            runs.map(move |run| (*recording, *camera, run))
        })
    }

    /// Runs that overlap, where a clock was set back, are drawn one below the other.
    fn settle(&mut self) {
        let mut ends: Vec<i64> = Vec::new();
        let mut lanes = Vec::new();
        for (_, camera, run) in self.runs() {
            let end = camera.end_of(run);
            let free = ends.iter().position(|end| *end <= run.start);
            let lane = free.unwrap_or(ends.len()).min(MAX_LANES - 1);
            match ends.get_mut(lane) {
                Some(last) => *last = end.max(*last),
                None => ends.push(end),
            }
            lanes.push(lane);
        }
        self.lanes = lanes;
        self.height = LANE * ends.len().max(1) as f64 + AROUND;
    }

    fn has_clock_steps(&self) -> bool {
        let steps = |run: &CameraRun| matches!(run.begins, Break::Back(_) | Break::Forward(_));
        self.runs().any(|(_, _, run)| steps(run))
    }

    /// The camera's name, and the files below it where there are several.
    fn labels(&self, several: bool, zones_differ: bool) -> (String, Option<String>) {
        let Some((first, camera)) = self.parts.first() else {
            return (String::new(), None);
        };
        let mut files = first.stem();
        if let Some((last, _)) = self.parts.last().filter(|_| self.parts.len() > 1) {
            files = format!("{files} … {} ({} files)", last.stem(), self.parts.len());
        }
        if zones_differ {
            files = format!("{files} ({})", first.zone.describe());
        }
        (camera.name(), several.then_some(files))
    }
}

fn rows<'a>(recordings: &[&'a Recording]) -> Vec<Row<'a>> {
    let mut sorted = recordings.to_vec();
    sorted.sort_by_key(|recording| recording.contents.span);
    // those of one recorder stay together
    let mut rows: Vec<Row<'a>> = Vec::new();
    for recording in sorted {
        for camera in &recording.contents.cameras {
            let row = rows
                .iter_mut()
                .find(|row| row.is_continued_by(recording, camera));
            match row {
                Some(row) => row.parts.push((recording, camera)),
                None => rows.push(Row {
                    parts: vec![(recording, camera)],
                    lanes: Vec::new(),
                    height: 0.0,
                }),
            }
        }
    }
    rows.iter_mut().for_each(Row::settle);
    rows
}

/// A part of the axis without a fold: nanoseconds, and pixels.
struct Unfolded {
    from: i64,
    to: i64,
    x: f64,
    width: f64,
}

/// Where times are.
struct Axis {
    parts: Vec<Unfolded>,
}

impl Axis {
    /// `spans`: when something was recorded.
    fn new(mut spans: Vec<(i64, i64)>, fold: bool, left: f64) -> Option<Axis> {
        spans.sort_unstable();
        let mut parts: Vec<(i64, i64)> = Vec::new();
        for (start, end) in spans {
            match parts.last_mut() {
                Some((_, last)) if start.saturating_sub(*last) < FOLDED || !fold => {
                    *last = end.max(*last);
                }
                _ => parts.push((start, end)),
            }
        }
        // too many folds leave no room for what was recorded: the shortest are shown as they are
        while parts.len() > MAX_FOLDS + 1 {
            let holes = parts.windows(2).map(|pair| match pair {
                [one, next] => next.0.saturating_sub(one.1),
                _ => i64::MAX,
            });
            let (n, _) = holes.enumerate().min_by_key(|(_, hole)| *hole)?;
            let next = parts.remove(n + 1);
            parts.get_mut(n)?.1 = next.1;
        }
        let shown: i64 = parts.iter().map(|(from, to)| to - from).sum();
        let folds = parts.len().saturating_sub(1) as f64;
        // a few seconds beside days have room for their time
        let least = if parts.len() > 1 { SHORTEST } else { 0.0 };
        let rest = AXIS - FOLD * folds - least * parts.len() as f64;
        let mut x = left;
        let placed = parts.into_iter().map(|(from, to)| {
            let width = least + (to - from) as f64 * rest / shown.max(1) as f64;
            let part = Unfolded { from, to, x, width };
            x += width + FOLD;
            part
        });
        let parts: Vec<Unfolded> = placed.collect();
        (!parts.is_empty()).then_some(Axis { parts })
    }

    fn x(&self, time: i64) -> f64 {
        let after = self.parts.partition_point(|part| part.from <= time);
        self.parts.get(after.saturating_sub(1)).map_or(0.0, |part| {
            let inside = (time.clamp(part.from, part.to) - part.from) as f64;
            part.x + inside * part.width / (part.to - part.from).max(1) as f64
        })
    }

    fn ends(&self) -> (i64, i64) {
        let first = self.parts.first().map_or(0, |part| part.from);
        (first, self.parts.last().map_or(0, |part| part.to))
    }
}

/// About the width of a text, pixels.
fn width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.64
}

/// Draws recordings as SVG.
///
/// # Errors
/// No frames at all; a file without a clock beside others.
pub fn draw(recordings: &[&Recording]) -> Result<String, Failure> {
    let with_clock = recordings.iter().filter(|r| r.has_clock()).count();
    if with_clock != recordings.len() && recordings.len() > 1 {
        return Err(Failure::Input(
            "a recording without a clock fits no common time axis".to_owned(),
        ));
    }
    let none = || Failure::Input("there are no video frames to draw a timeline of".to_owned());
    let first = recordings.first().ok_or_else(none)?;
    let several = recordings.len() > 1;
    let differ = zones_differ(recordings);
    let rows = rows(recordings);
    let labels: Vec<_> = rows.iter().map(|row| row.labels(several, differ)).collect();
    let wide = |(name, files): &(String, Option<String>)| {
        let files = files.as_deref().map_or(0.0, |files| width(files, 9.0));
        width(name, 12.0).max(files)
    };
    let left = labels.iter().map(wide).fold(80.0, f64::max) + MARGIN + 12.0;
    let spans = rows.iter().flat_map(|row| {
        let runs = row.runs();
        runs.map(|(_, camera, run)| (run.start.min(run.last), camera.end_of(run)))
    });
    let axis = Axis::new(spans.collect(), first.has_clock(), left).ok_or_else(none)?;
    let all = left + AXIS + RIGHT;
    let mut svg = Svg::default();
    let mut y = 30.0;
    let heading = heading(recordings);
    for line in wrap(&heading, ((all - 2.0 * MARGIN) / (18.0 * 0.62)) as usize) {
        svg.text((MARGIN, y), 18, "start", &line);
        y += 22.0;
    }
    let (from, to) = axis.ends();
    let axis_zone = match differ {
        true => format!("; the axis too is in the time of {}", first.stem()),
        false => String::new(),
    };
    let span = format!("{}  to  {}{axis_zone}", first.time(from), first.time(to));
    svg.text((MARGIN, y), 12, "start", &span);
    let top = y + 30.0;
    let damaged = recordings.iter().any(|one| !one.contents.damage.is_empty());
    let heights: f64 = rows.iter().map(|row| row.height).sum();
    let bottom = top + heights + if damaged { LANE + AROUND } else { 0.0 };
    ticks(&mut svg, &axis, first, top, bottom);
    folds(&mut svg, &axis, top, bottom);
    let mut at = top;
    for (row, (name, files)) in rows.iter().zip(&labels) {
        let middle = at + row.height / 2.0;
        let down = if files.is_some() { -1.0 } else { 4.0 };
        svg.text((left - 12.0, middle + down), 12, "end", name);
        if let Some(files) = files {
            svg.text((left - 12.0, middle + 11.0), 9, "end", files);
        }
        draw_row(&mut svg, &axis, row, at);
        at += row.height;
    }
    if damaged {
        svg.text((left - 12.0, at + 21.0), 12, "end", "damage");
        for recording in recordings {
            damage(&mut svg, &axis, recording, at + 22.0);
        }
    }
    legend(&mut svg, recordings, damaged, (left, all), bottom + 52.0);
    Ok(svg.finish(all, bottom + 72.0, &format!("Timeline of {heading}")))
}

fn heading(recordings: &[&Recording]) -> String {
    let names: Vec<String> = recordings.iter().map(|one| file_name(one)).collect();
    match names.as_slice() {
        [first, .., last] if names.len() > 6 => {
            format!("{} files: {first} … {last}", names.len())
        }
        names => names.join(", "),
    }
}

/// Lines of so many characters, broken where they can be.
fn wrap(text: &str, most: usize) -> Vec<String> {
    let most = most.max(8);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_inclusive(' ') {
        for part in word.chars().collect::<Vec<_>>().chunks(most) {
            let line = lines.last().map_or(0, |line| line.chars().count());
            if line > 0 && line + part.len() > most + 1 {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.extend(part);
            }
        }
    }
    lines
}

/// Whether the recordings' local times have different offsets from UTC.
fn zones_differ(recordings: &[&Recording]) -> bool {
    let mut zones = recordings.iter().map(|one| one.zone.offset_name());
    let first = zones.next();
    zones.any(|name| Some(&name) != first.as_ref())
}

/// Distances of ticks in seconds, from a second to a year.
const STEPS: [i64; 21] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
    604_800, 2_592_000, 31_536_000,
];

fn ticks(svg: &mut Svg, axis: &Axis, recording: &Recording, top: f64, bottom: f64) {
    let shown: i64 = axis.parts.iter().map(|part| part.to - part.from).sum();
    let step = STEPS
        .into_iter()
        .find(|step| shown / SECOND / step <= 9)
        .unwrap_or(31_536_000 * 10);
    let mut day = String::new();
    let (mut label_end, mut day_end) = (0.0, 0.0);
    for Unfolded { from, to, x, .. } in &axis.parts {
        let begin = *x;
        let shift = match recording.has_clock() {
            true => (recording.zone.local_ns(*from) - from) / SECOND,
            false => 0,
        };
        // ticks are at round local times; a part that is too short for one has one where it begins
        let round = (from / SECOND + shift).div_euclid(step) * step - shift;
        let rounds = (0..).map(|n| (round + n * step).saturating_mul(SECOND));
        let mut times: Vec<i64> = rounds
            .take_while(|time| time <= to)
            .filter(|time| time >= from)
            .collect();
        if times.is_empty() {
            times.push(*from);
        }
        for time in times {
            let x = axis.x(time).max(begin);
            svg.line((x, top - 8.0), (x, bottom + 4.0), "grid");
            let text = recording.short_time(time);
            let (date, clock) = match (recording.has_clock(), text.split_once(' ')) {
                (true, Some((date, clock))) => (date.to_owned(), clock.to_owned()),
                _ => (String::new(), text.clone()),
            };
            let clock = match clock.strip_suffix(":00").filter(|_| step >= 60) {
                Some(short) => short.to_owned(),
                None => clock,
            };
            let label = if step >= 86_400 { &date } else { &clock };
            let half = width(label, 11.0) / 2.0;
            if x - half > label_end {
                svg.text((x, bottom + 18.0), 11, "middle", label);
                label_end = x + half + 6.0;
            }
            let half = width(&date, 10.0) / 2.0;
            if step < 86_400 && day != date && x - half > day_end {
                svg.text((x, bottom + 33.0), 10, "middle", &date);
                day_end = x + half + 6.0;
                day = date;
            }
        }
    }
}

/// Days without recording.
fn folds(svg: &mut Svg, axis: &Axis, top: f64, bottom: f64) {
    for pair in axis.parts.windows(2) {
        let [before, next] = pair else {
            continue;
        };
        let days = next.from.saturating_sub(before.to) / (86_400 * SECOND);
        let middle = next.x - FOLD / 2.0;
        for side in [-3.0, 3.0] {
            svg.line(
                (middle + side, top - 8.0),
                (middle + side, bottom + 4.0),
                "gap",
            );
        }
        let text = if days == 1 {
            "1 day".to_owned()
        } else {
            format!("{days} d")
        };
        svg.text((middle, top - 12.0), 9, "middle", &text);
    }
}

fn draw_row(svg: &mut Svg, axis: &Axis, row: &Row<'_>, top: f64) {
    let lane_y = |lane: usize| top + AROUND / 2.0 + LANE * lane as f64;
    let numbered = row.has_clock_steps();
    let mut before: Option<(f64, f64, *const Recording)> = None;
    let mut steps = Vec::new();
    for (n, ((recording, camera, run), lane)) in row.runs().zip(&row.lanes).enumerate() {
        let y = lane_y(*lane);
        let (x, end) = (
            axis.x(run.start),
            axis.x(camera.end_of(run)).max(axis.x(run.start) + 1.2),
        );
        if let Some((from, from_y, file)) = before {
            let middle = BAR / 2.0;
            let ends = ((from, from_y + middle), (x, y + middle));
            match run.begins {
                Break::Back(_) | Break::Forward(_) => steps.push(ends),
                Break::Start | Break::Gap(_) => svg.line(ends.0, ends.1, "gap"),
            }
            if !std::ptr::eq(file, recording) {
                svg.line((x, y - 3.0), (x, y + BAR + 3.0), "gap");
            }
        }
        for span in &run.modes {
            let (x, end) = (axis.x(span.start), axis.x(span.end));
            let (_, name, colour) = colour(span.mode);
            let step = match recording.describe_break(run.begins) {
                Some(text) => format!("{text} before it; "),
                None => String::new(),
            };
            let title = format!(
                "run {}: {step}{name}: {} to {}, {} frames in this run, {}",
                n + 1,
                recording.time(span.start),
                recording.time(span.end),
                run.all_frames(),
                file_name(recording)
            );
            // a little of the paper shows between runs that follow each other
            let width = (end - x - 0.8).max(1.2);
            svg.rect((x, y), (width, BAR), colour, &title);
        }
        if numbered && end - x > 12.0 {
            svg.label(((x + end) / 2.0, y + BAR - 3.0), 9, &(n + 1).to_string());
        }
        before = Some((end, y, recording));
    }
    for (from, to) in steps {
        svg.line(from, to, "step");
    }
}

fn colour(mode: Mode) -> (Mode, &'static str, &'static str) {
    let known = COLOURS.into_iter().find(|(known, ..)| *known == mode);
    known.unwrap_or((mode, "mode unknown", "#8a8a8a"))
}

fn damage(svg: &mut Svg, axis: &Axis, recording: &Recording, y: f64) {
    for place in recording.contents.damage.iter().take(MAX_MARKS) {
        let first = recording.contents.span.map_or(axis.ends().0, |span| span.0);
        let x = axis.x(place.clock.unwrap_or(first));
        let title = format!(
            "{}: {} bytes at offset {}",
            file_name(recording),
            place.length,
            place.offset
        );
        svg.mark((x, y), DAMAGE, &title);
    }
}

fn legend(
    svg: &mut Svg,
    recordings: &[&Recording],
    damaged: bool,
    (left, right): (f64, f64),
    y: f64,
) {
    let cameras = || recordings.iter().flat_map(|one| &one.contents.cameras);
    let has = |mode: Mode| {
        let mut spans = cameras().flat_map(|c| &c.runs).flat_map(|run| &run.modes);
        spans.any(|span| span.mode == mode)
    };
    let mut x = left;
    for (mode, name, colour) in COLOURS {
        if has(mode) {
            svg.rect((x, y - 10.0), (14.0, 12.0), colour, name);
            svg.text((x + 20.0, y), 11, "start", name);
            x += 36.0 + width(name, 11.0);
        }
    }
    if damaged {
        svg.mark((x + 7.0, y), DAMAGE, "damage");
        svg.text((x + 20.0, y), 11, "start", "damage");
        x += 76.0;
    }
    if cameras().any(|camera| camera.clock_steps() > 0) {
        svg.line((x, y - 4.0), (x + 16.0, y - 4.0), "step");
        svg.text((x + 22.0, y), 11, "start", "clock set");
    }
    let total: i64 = cameras().map(Camera::recorded).sum();
    let tenth = SECOND / 10;
    let text = format!("{} recorded", duration((total + tenth / 2) / tenth * tenth));
    svg.text((right - RIGHT, y), 11, "end", &text);
}
