// SPDX-License-Identifier: MPL-2.0
//! `exptool contact-sheet`: small pictures of each run on a sheet.

use crate::common::{
    Common, Done, Failure, failure::EXIT_CODES, media, output, progress::Progress,
};
use crate::draw::{Canvas, Svg};
use crate::pictures::{Picture, Pictures};
use crate::recording::{Camera, Recording};
use crate::timeline::save;
use clap::Args;
use std::path::{Path, PathBuf};

const MARGIN: u32 = 16;
const HEAD: u32 = 64;
const BETWEEN: u32 = 8;
const LABEL: u32 = 34;
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
        (self.width + BETWEEN, self.height() + LABEL + BETWEEN)
    }

    /// Pictures on one sheet: whole rows, one at least.
    fn on_sheet(self) -> usize {
        let (width, height) = self.cell();
        let rows = (ON_SHEET / (width * self.columns * height)).max(1);
        (rows * self.columns) as usize
    }
}

/// Put small pictures of each run on a sheet, with their times. More sheets get the numbers -2, -3 and so on.
#[derive(Args)]
#[command(after_help = format!("Examples:\n  exptool contact-sheet lobby.exp -o sheet.png\n  exptool contact-sheet lobby.exp -o sheet.png --per-run 8 --columns 8 --width 160\n\n{EXIT_CODES}"))]
pub struct ContactSheet {
    /// Recording
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// PNG to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Only this camera
    #[arg(long, value_name = "N")]
    camera: Option<u16>,
    #[command(flatten)]
    layout: Layout,
    /// Replace sheets that are there already
    #[arg(long)]
    force: bool,
}

impl ContactSheet {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        media::init()?;
        let recording = Recording::open(common, &self.input)?;
        let mut number = 0;
        let mut names = String::new();
        sheets(
            common,
            &recording,
            self.camera,
            self.layout,
            usize::MAX,
            &mut |png| {
                number += 1;
                let path = numbered(&self.output, number);
                names.push_str(&format!("{}\n", path.display()));
                save(&path, &png, self.force)
            },
        )?;
        output::print(&names)?;
        Ok(0)
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.png"))
}

/// A picture that is to be looked for.
#[derive(Clone, Copy)]
struct Moment<'a> {
    camera: &'a Camera,
    clock: i64,
    pass: u32,
    run: usize,
}

/// Makes sheets of a recording, at most `most`, and hands each out as PNG.
///
/// # Errors
/// A file that does not play; what `give` fails with.
pub fn sheets(
    common: &Common,
    recording: &Recording,
    camera: Option<u16>,
    layout: Layout,
    most: usize,
    give: &mut dyn FnMut(Vec<u8>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut moments = Vec::new();
    for camera in recording.wanted(camera)? {
        for (run, stretch) in camera.runs.iter().enumerate() {
            let Some(first) = stretch.decodable else {
                continue;
            };
            let count = i64::from(layout.per_run)
                .min(i64::try_from(stretch.frames).unwrap_or(1))
                .max(1);
            let length = stretch.last - first;
            moments.extend((0..count).map(|n| Moment {
                camera,
                clock: first + length / count * n + length / count / 2,
                pass: stretch.pass,
                run,
            }));
        }
    }
    let mut progress = Progress::count(common, moments.len() as u64, "pictures");
    let on_sheet = layout.on_sheet();
    let all = moments.len().div_ceil(on_sheet);
    for (n, page) in moments.chunks(on_sheet).take(most).enumerate() {
        let mut told = |done: usize| progress.at((n * on_sheet + done) as u64);
        let found = look(common, recording, page, layout.width, &mut told)?;
        give(sheet(recording, page, &found, layout, (n + 1, all))?)?;
    }
    Ok(())
}

/// The pictures of these moments. The decoder is put away before anything is drawn: both together would take more memory.
fn look(
    common: &Common,
    recording: &Recording,
    moments: &[Moment<'_>],
    width: u32,
    told: &mut dyn FnMut(usize),
) -> Result<Vec<Option<Picture>>, Failure> {
    let mut open: Option<(u16, Pictures)> = None;
    let mut found = Vec::new();
    for moment in moments {
        told(found.len());
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
        found.push(pictures.at(moment.clock, moment.pass)?);
        open = Some((number, pictures));
    }
    Ok(found)
}

fn sheet(
    recording: &Recording,
    moments: &[Moment<'_>],
    found: &[Option<Picture>],
    layout: Layout,
    (page, pages): (usize, usize),
) -> Result<Vec<u8>, Failure> {
    let height = layout.height();
    let cell = layout.cell();
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
    let name = recording
        .input
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    svg.text((f64::from(MARGIN), 28.0), 18, "start", &name);
    let server = &recording.summary.info.server;
    let of = if pages > 1 {
        format!("sheet {page} of {pages}")
    } else {
        String::new()
    };
    let under = [server.as_str(), of.as_str()]
        .into_iter()
        .filter(|text| !text.is_empty());
    let under = under.collect::<Vec<_>>().join(", ");
    svg.text((f64::from(MARGIN), 48.0), 12, "start", &under);
    for (n, (moment, picture)) in moments.iter().zip(found).enumerate() {
        let (x, y) = place(n);
        let (x, y) = (f64::from(x), f64::from(y));
        svg.rect(
            (x, y),
            (f64::from(layout.width), f64::from(height)),
            "#888888",
            "",
        );
        let clock = picture
            .as_ref()
            .map_or(moment.clock, |picture| picture.clock);
        let label = y + f64::from(height);
        svg.text((x, label + 14.0), 11, "start", &recording.short_time(clock));
        let run = format!("{}, run {}", moment.camera.name(), moment.run + 1);
        svg.text((x, label + 27.0), 10, "start", &run);
    }
    let drawn = svg.finish(f64::from(width), f64::from(total), "Contact sheet");
    let mut canvas = Canvas::draw(&drawn)?;
    for (n, picture) in found.iter().enumerate() {
        if let Some(picture) = picture {
            let line = picture.width as usize * 3;
            let rows = picture.height.min(height) as usize;
            let rgb = picture.rgb.get(..line * rows).unwrap_or_default();
            canvas.put(place(n), picture.width, rgb);
        }
    }
    let texts = [
        (
            "Software".to_owned(),
            format!("exptool {}", env!("CARGO_PKG_VERSION")),
        ),
        ("Source".to_owned(), name.into_owned()),
    ];
    canvas.png(&texts)
}
