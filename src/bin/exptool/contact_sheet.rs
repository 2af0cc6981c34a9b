// SPDX-License-Identifier: MPL-2.0
//! `exptool contact-sheet`: small pictures of each run on a sheet.

use crate::common::{
    Common, Done, Failure, failure::EXIT_CODES, media, output, progress::Progress,
};
use crate::draw::{Canvas, Svg};
use crate::pictures::Pictures;
use crate::recording::{Camera, Recording};
use crate::timeline::save;
use clap::Args;
use std::path::{Path, PathBuf};

const MARGIN: u32 = 16;
const HEAD: u32 = 64;
const BETWEEN: u32 = 8;
const LABEL: u32 = 34;
/// Pictures on one sheet at most, which bounds memory.
const ON_SHEET: usize = 60;

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
    let mut open: Option<(u16, Pictures)> = None;
    let all = moments.len().div_ceil(ON_SHEET);
    for (n, page) in moments.chunks(ON_SHEET).take(most).enumerate() {
        progress.at((n * ON_SHEET) as u64);
        let png = sheet(common, recording, page, layout, (n + 1, all), &mut open)?;
        give(png)?;
    }
    Ok(())
}

fn sheet(
    common: &Common,
    recording: &Recording,
    moments: &[Moment<'_>],
    layout: Layout,
    (page, pages): (usize, usize),
    open: &mut Option<(u16, Pictures)>,
) -> Result<Vec<u8>, Failure> {
    let height = layout.width * 3 / 4;
    let cell = (layout.width + BETWEEN, height + LABEL + BETWEEN);
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
    let mut found = Vec::new();
    for moment in moments {
        if open
            .as_ref()
            .is_none_or(|(number, _)| *number != moment.camera.number)
        {
            let layout_name = common.layout.as_deref();
            let pictures =
                Pictures::open(recording, moment.camera, Some(layout.width), layout_name)?;
            *open = Some((moment.camera.number, pictures));
        }
        found.push(match open {
            Some((_, pictures)) => pictures.at(moment.clock, moment.pass)?,
            None => None,
        });
    }
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
    for (n, (moment, picture)) in moments.iter().zip(&found).enumerate() {
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
