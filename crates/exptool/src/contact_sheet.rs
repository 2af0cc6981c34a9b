// SPDX-License-Identifier: MPL-2.0
//! `exptool contact-sheet`: small pictures of each run on a sheet.

use crate::common::{
    Common, Done, Failure, cameras, coded::hex, failure, media, output, progress::Progress,
};
use crate::draw::{Canvas, Svg};
use crate::pictures::{Moment, Picture, Pictures};
use crate::recording::{Recording, file_sha256};
use crate::timeline::save;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const MARGIN: u32 = 16;
const HEAD: u32 = 64;
const BETWEEN: u32 = 8;
/// Height of a line below a picture, and pictures below which a time does not fit a line.
const LINE: u32 = 14;
const NARROW: u32 = 212;
/// Pixels of the pictures on one sheet, which bounds memory: about a printed page of pictures of the usual width.
const ON_SHEET: u32 = 1_500_000;

/// What is put on a sheet.
#[derive(Args, Clone, Copy)]
pub struct Layout {
    /// Pictures of each run, spread evenly over it
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub per_run: u32,
    /// Pictures side by side
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=12))]
    pub columns: u32,
    /// Width of a picture in pixels
    #[arg(long, default_value_t = 224, value_parser = clap::value_parser!(u32).range(64..=640))]
    pub width: u32,
}

impl Layout {
    /// Height of a picture in pixels.
    fn height(self) -> u32 {
        self.width * 3 / 4
    }

    /// Width and height of a picture with its label and the space to the next.
    fn cell(self) -> (u32, u32) {
        let lines = if self.width < NARROW { 3 } else { 2 };
        let label = LINE * lines + 6;
        (self.width + BETWEEN, self.height() + label + BETWEEN)
    }

    /// Pictures on one sheet: whole rows, one at least.
    fn on_sheet(self) -> usize {
        let (width, height) = self.cell();
        let rows = (ON_SHEET / (width * self.columns * height)).max(1);
        (rows * self.columns) as usize
    }
}

/// Put small pictures of each run on a sheet, with their times.
///
/// What does not fit NAME.png continues on NAME-2.png, NAME-3.png and so on; all that were written are listed.
#[derive(Args)]
#[command(after_help = format!("Examples:\n  exptool contact-sheet lobby.exp -o sheet.png\n  exptool contact-sheet lobby.exp -o sheet.png --per-run 8 --columns 8 --width 160\n\n{}", failure::exit_codes("the sheets are written", "a sheet lacks pictures", &[2, 3, 4, 5])))]
pub struct ContactSheet {
    /// Recording
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Only this camera
    #[arg(long, value_name = "N|TITLE")]
    camera: Option<String>,
    #[command(flatten)]
    layout: Layout,
    /// PNG to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace sheets that are there already
    #[arg(long)]
    force: bool,
}

impl ContactSheet {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        let png = self.output.extension();
        if !png.is_some_and(|end| end.eq_ignore_ascii_case("png")) {
            return Err(Failure::Use(format!(
                "{}: a sheet is written as PNG: expected a name with .png",
                self.output.display()
            )));
        }
        media::init()?;
        let recording = Recording::open(common, &self.input)?;
        let sha256 = file_sha256(common, &recording.input)?;
        let mut number = 0;
        let mut written = Vec::new();
        let order = Order {
            camera: self.camera.as_deref(),
            window: (i64::MIN, i64::MAX),
            layout: self.layout,
            most: usize::MAX,
            sha256: &sha256,
        };
        let Lack { missing, .. } = sheets(common, &recording, order, &mut |page| {
            number += 1;
            let path = numbered(&self.output, number);
            let facts = page.moments.iter().zip(&page.found);
            let facts = facts.map(|(moment, found)| fact(&recording, moment, found.as_ref()));
            let facts: Vec<Value> = facts.collect();
            save(&path, &draw(&recording, page, order)?, self.force)?;
            written.push((path, facts));
            Ok(())
        })?;
        for text in &missing {
            eprintln!("exptool: {}: {text}", recording.input.name);
        }
        let next = numbered(&self.output, number + 1);
        if next.exists() {
            eprintln!(
                "exptool: {}: is there from before: this sheet has {number} pages",
                next.display()
            );
        }
        if common.json {
            let sheet = |(path, facts)| json!({ "output": path, "pictures": facts });
            let sheets: Vec<Value> = written.into_iter().map(sheet).collect();
            output::print_json(
                &json!({ "sheets": sheets, "missing": missing, "source_sha256": sha256 }),
            )?;
        } else {
            let names = written
                .iter()
                .map(|(path, _)| format!("{}\n", path.display()));
            output::print(&names.collect::<String>())?;
        }
        Ok(u8::from(!missing.is_empty()))
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.png"))
}

/// What sheets are made of.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// Only this camera.
    pub camera: Option<&'a str>,
    /// Only what was recorded then: from and to, nanoseconds of the recorder's clock.
    pub window: (i64, i64),
    /// How they look.
    pub layout: Layout,
    /// Sheets at most.
    pub most: usize,
    /// SHA-256 of the file, for the picture's texts.
    pub sha256: &'a str,
}

/// The pictures of a sheet.
pub struct Page<'a> {
    /// What was looked for.
    pub moments: &'a [Moment<'a>],
    /// What was found, for each of them.
    pub found: Vec<Option<Picture>>,
    /// Number of the sheet and of all.
    number: (usize, usize),
}

/// What is not on the sheets.
#[derive(Default)]
pub struct Lack {
    /// Pictures that could not be got, in words.
    pub missing: Vec<String>,
    /// Pictures for which there was no more sheet.
    pub left_out: usize,
}

/// Looks for the pictures of a recording's sheets and outputs sheet for sheet.
///
/// # Errors
/// A file that does not play; what `give` fails with.
pub fn sheets(
    common: &Common,
    recording: &Recording,
    order: Order<'_>,
    give: &mut dyn FnMut(Page<'_>) -> Result<(), Failure>,
) -> Result<Lack, Failure> {
    let layout = order.layout;
    let on_sheet = layout.on_sheet();
    let moments = moments(recording, order)?;
    let found = moments.len();
    let moments = spread(moments, on_sheet.saturating_mul(order.most));
    let mut missing = Vec::new();
    let mut progress = Progress::count(common, moments.len() as u64, "pictures");
    let all = moments.len().div_ceil(on_sheet);
    for (n, page) in moments.chunks(on_sheet).enumerate() {
        let mut shown = |done: usize| progress.at((n * on_sheet + done) as u64);
        let found = look(common, recording, page, layout.width, &mut shown)?;
        let none = page.iter().zip(&found).filter(|(_, found)| found.is_none());
        missing.extend(none.map(|(moment, _)| {
            format!(
                "{}, run {}: no picture could be got at {}",
                moment.camera.name(),
                moment.run + 1,
                recording.time(moment.clock)
            )
        }));
        give(Page {
            moments: page,
            found,
            number: (n + 1, all),
        })?;
    }
    Ok(Lack {
        missing,
        left_out: found.saturating_sub(moments.len()),
    })
}

/// What stands on a sheet: moments of each run, spread evenly over it.
fn moments<'a>(recording: &'a Recording, order: Order<'_>) -> Result<Vec<Moment<'a>>, Failure> {
    let mut moments = Vec::new();
    for camera in cameras::choose(recording, order.camera)? {
        for (run, span) in camera.runs.iter().enumerate() {
            let Some(first) = span.decodable else {
                continue;
            };
            let count = i64::from(order.layout.per_run)
                .min(i64::try_from(span.frames).unwrap_or(1))
                .max(1);
            let (first, last) = (first.max(order.window.0), span.last.min(order.window.1));
            if first > last {
                continue;
            }
            let part = last.saturating_sub(first) / count;
            moments.extend((0..count).map(|n| Moment {
                camera,
                clock: first + part * n + part / 2,
                run,
            }));
        }
    }
    Ok(moments)
}

/// As many moments as there is room for, shared among the cameras and spread evenly over the time of each.
fn spread(moments: Vec<Moment<'_>>, most: usize) -> Vec<Moment<'_>> {
    if moments.len() <= most {
        return moments;
    }
    let mut of_camera: Vec<Vec<Moment<'_>>> = Vec::new();
    for moment in moments {
        match of_camera.last_mut() {
            Some(own)
                if own
                    .iter()
                    .all(|one| one.camera.number == moment.camera.number) =>
            {
                own.push(moment);
            }
            _ => of_camera.push(vec![moment]),
        }
    }
    let mut shares = vec![0; of_camera.len()];
    let mut room = most;
    while room > 0 {
        for (share, own) in shares.iter_mut().zip(&of_camera) {
            if room > 0 && *share < own.len() {
                *share += 1;
                room -= 1;
            }
        }
    }
    let chosen = of_camera.iter().zip(shares).flat_map(|(own, share)| {
        let at = move |n: usize| (2 * n + 1) * own.len() / (2 * share);
        (0..share).filter_map(move |n| own.get(at(n)).copied())
    });
    chosen.collect()
}

/// A picture of a sheet for machines.
fn fact(recording: &Recording, moment: &Moment<'_>, found: Option<&Picture>) -> Value {
    let clock = found.map(|picture| picture.clock);
    json!({
        "camera": moment.camera.number,
        "run": moment.run + 1,
        "asked": recording.time(moment.clock),
        "time": clock.map(|clock| recording.time(clock)),
        "utc": clock.filter(|_| recording.has_clock()).map(|clock| recording.zone.format_utc(clock)),
        "coded_sha256": found.and_then(|picture| picture.sha256).map(|sum| hex(&sum)),
    })
}

/// The pictures of these moments. The decoder is put away before anything is drawn: both together would take more memory.
///
/// # Errors
/// A file that does not play.
pub fn look(
    common: &Common,
    recording: &Recording,
    moments: &[Moment<'_>],
    width: u32,
    shown: &mut dyn FnMut(usize),
) -> Result<Vec<Option<Picture>>, Failure> {
    let mut open: Option<(u16, Pictures)> = None;
    let mut found = Vec::new();
    for moment in moments {
        shown(found.len());
        let number = moment.camera.number;
        let pictures = match open.take() {
            Some((opened, pictures)) if opened == number => pictures,
            before => {
                drop(before);
                Pictures::open(
                    recording,
                    moment.camera,
                    Some(width),
                    common.layout.as_deref(),
                )?
            }
        };
        found.push(pictures.at(moment)?);
        open = Some((number, pictures));
    }
    Ok(found)
}

/// Draws a sheet. The pictures are given away: they and the sheet need not be held at once for longer than it takes.
fn draw(recording: &Recording, page: Page<'_>, order: Order<'_>) -> Result<Vec<u8>, Failure> {
    let Page {
        moments,
        found,
        number,
    } = page;
    let layout = order.layout;
    let (height, cell) = (layout.height(), layout.cell());
    let rows = u32::try_from(moments.len())
        .unwrap_or(0)
        .div_ceil(layout.columns);
    let width = MARGIN * 2 + cell.0 * layout.columns - BETWEEN;
    let total = HEAD + MARGIN + cell.1 * rows;
    let place = |n: usize| {
        let n = u32::try_from(n).unwrap_or(0);
        (
            MARGIN + n % layout.columns * cell.0,
            HEAD + n / layout.columns * cell.1,
        )
    };
    let mut svg = Svg::default();
    let name = recording.input.path.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    svg.text((f64::from(MARGIN), 28.0), 18, "start", &name);
    let under = heading(recording, number);
    svg.text((f64::from(MARGIN), 48.0), 12, "start", &under);
    for (n, (moment, picture)) in moments.iter().zip(&found).enumerate() {
        let (x, y) = place(n);
        label(
            &mut svg,
            recording,
            (x, y),
            layout,
            moment,
            picture.as_ref(),
        );
    }
    let drawn = svg.finish(f64::from(width), f64::from(total), "Contact sheet");
    let mut canvas = Canvas::draw(&drawn)?;
    for (n, picture) in found.into_iter().enumerate() {
        if let Some(picture) = picture {
            let line = picture.width as usize * 3;
            let rows = picture.height.min(height) as usize;
            let rgb = picture.rgb.get(..line * rows).unwrap_or_default();
            canvas.put(place(n), picture.width, rgb);
        }
    }
    canvas.png(&[
        (
            "Software".to_owned(),
            format!("exptool {}", env!("CARGO_PKG_VERSION")),
        ),
        ("Source".to_owned(), name.into_owned()),
        ("Source SHA-256".to_owned(), order.sha256.to_owned()),
    ])
}

/// The line below the file's name: recorder, time zone, page.
fn heading(recording: &Recording, (page, pages): (usize, usize)) -> String {
    let mut parts = vec![recording.findings.info.server.clone()];
    if recording.has_clock() {
        parts.push(recording.zone.describe());
    }
    if pages > 1 {
        parts.push(format!("sheet {page} of {pages}"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// What stands below a picture, and the box that shows where there is none.
fn label(
    svg: &mut Svg,
    recording: &Recording,
    (x, y): (u32, u32),
    layout: Layout,
    moment: &Moment<'_>,
    picture: Option<&Picture>,
) {
    let (width, height) = (f64::from(layout.width), f64::from(layout.height()));
    let (x, y) = (f64::from(x), f64::from(y));
    svg.rect((x, y), (width, height), "#bbbbbb", "");
    if picture.is_none() {
        let middle = (x + width / 2.0, y + height / 2.0);
        svg.text(middle, 12, "middle", "no picture");
    }
    let clock = picture.map_or(moment.clock, |picture| picture.clock);
    let time = recording.time(clock);
    let run = format!("{}, run {}", moment.camera.name(), moment.run + 1);
    let lines: Vec<&str> = match time.split_once(' ') {
        Some((day, time)) if recording.has_clock() && layout.width < NARROW => {
            vec![day, time, &run]
        }
        _ => vec![&time, &run],
    };
    // a letter is about 6 pixels wide
    let fits = (layout.width / 6) as usize;
    for (n, line) in lines.into_iter().enumerate() {
        let line = match line.chars().count() > fits {
            true => line
                .chars()
                .take(fits.saturating_sub(1))
                .chain(['…'])
                .collect(),
            false => line.to_owned(),
        };
        let below = f64::from(LINE) * (n as f64 + 1.0);
        svg.text((x, y + height + below), 11, "start", &line);
    }
}
