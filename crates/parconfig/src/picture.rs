// SPDX-License-Identifier: MPL-2.0
//! The week of a configuration, or what was really recorded, as an SVG picture.

use super::effective::Effective;
use super::model::Config;
use super::schema::DAYS;
use super::times::{self, DAY};
use super::week::{self, Block, Rates};

/// Width of the picture in pixels.
pub const WIDTH: f64 = 1000.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 70.0;
const ROW: f64 = 52.0;
/// Most days that are drawn, each in a row of its own; of a longer recording the last ones.
const MAX_DAYS: i64 = 62;
const MS_OF_DAY: i64 = 86_400_000;

/// Colours by mode, told apart by people who see few colours too.
const COLOURS: [(&str, &str); 6] = [
    ("day", "#e69f00"),
    ("night", "#0072b2"),
    ("weekend", "#009e73"),
    ("unset", "#999999"),
    ("set", "#d55e00"),
    ("override", "#cc79a7"),
];
/// Colours by camera.
const LANES: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#8a6d00",
];

#[derive(Default)]
struct Svg {
    body: String,
    boxes: usize,
}

/// Most boxes that are drawn.
const MAX_BOXES: usize = 20_000;
/// Most pixels of a PNG.
const MAX_PIXELS: u64 = 8 << 20;

impl Svg {
    fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str, title: &str) {
        self.boxes = self.boxes.saturating_add(1);
        if self.boxes > MAX_BOXES {
            return;
        }
        self.body.push_str(&format!(
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\"><title>{}</title></rect>\n",
            escape(title)
        ));
    }

    fn text(&mut self, (x, y): (f64, f64), size: u32, anchor: &str, text: &str) {
        self.body.push_str(&format!(
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\">{}</text>\n",
            escape(text)
        ));
    }

    fn line(&mut self, (x, y): (f64, f64), (x2, y2): (f64, f64)) {
        self.body.push_str(&format!(
            "<line x1=\"{x:.2}\" y1=\"{y:.2}\" x2=\"{x2:.2}\" y2=\"{y2:.2}\" stroke=\"#cccccc\" stroke-width=\"1\"/>\n"
        ));
    }

    fn finish(self, height: f64) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"DejaVu Sans, Liberation Sans, Arial, sans-serif\" fill=\"#222222\">\n\
             <rect x=\"0\" y=\"0\" width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.body
        )
    }
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn colour(mode: &str) -> &'static str {
    COLOURS
        .iter()
        .find(|(name, _)| *name == mode)
        .map_or("#000000", |(_, colour)| colour)
}

/// Place of a part of the width, 0 to 1.
fn across(part: f64) -> f64 {
    LEFT + part * (WIDTH - LEFT - RIGHT)
}

fn hours(svg: &mut Svg, bottom: f64) {
    for hour in (0..=24_u32).step_by(2) {
        let x = across(f64::from(hour) / 24.0);
        svg.line((x, TOP - 6.0), (x, bottom));
        svg.text((x, TOP - 12.0), 12, "middle", &format!("{hour:02}:00"));
    }
}

/// The week of a configuration: for each day a band of standard recording and a thinner one of recording during an event.
pub fn week_svg(config: &Config) -> String {
    let week = week::week(config);
    let mut svg = Svg::default();
    let titles = config.titles();
    let heading = format!(
        "Schedule of {}",
        titles.unit.as_deref().unwrap_or("the unit")
    );
    svg.text((LEFT, 30.0), 18, "start", &heading);
    let bottom = TOP + ROW * 7.0;
    hours(&mut svg, bottom);
    for ((day, blocks), row) in DAYS.iter().zip(&week.days).zip(0_u32..) {
        let top = TOP + ROW * f64::from(row);
        svg.text((LEFT - 10.0, top + 20.0), 14, "end", day);
        svg.text((LEFT - 10.0, top + 40.0), 10, "end", "event");
        for block in blocks {
            bands(&mut svg, block, &week::rates(config, block.mode), top);
        }
    }
    let mut x = LEFT;
    let modes = week::modes(config);
    for mode in modes {
        svg.rect((x, bottom + 18.0), (16.0, 16.0), colour(mode), mode);
        let rates = week::rates(config, mode);
        let text = format!(
            "{mode}: {}, event {}",
            rate_text(rates.standard.as_deref()),
            rate_text(rates.event.as_deref())
        );
        svg.text((x + 22.0, bottom + 31.0), 12, "start", &text);
        x += 280.0;
    }
    let expiry = match config.number("schedule", "expiry") {
        Some(0) => "recordings are kept until they are overwritten".to_owned(),
        Some(days) => format!("recordings are kept {days} days"),
        None => String::new(),
    };
    let event = config.canonical("schedule", "event-mode");
    let event = event.map_or_else(String::new, |mode| format!("event mode: {mode}; "));
    svg.text(
        (LEFT, bottom + 56.0),
        12,
        "start",
        &format!("{event}{expiry}"),
    );
    svg.finish(bottom + 72.0)
}

fn rate_text(rate: Option<&str>) -> String {
    match rate {
        None => "rate of the profile".into(),
        Some("off") => "off".into(),
        Some(rate) if rate.ends_with("ms") => format!("a picture each {rate}"),
        Some(rate) => format!("{rate}/s"),
    }
}

fn bands(svg: &mut Svg, block: &Block, rates: &Rates, top: f64) {
    let (from, to) = (f64::from(block.from), f64::from(block.to));
    let x = across(from / f64::from(DAY));
    let width = across(to / f64::from(DAY)) - x;
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    for (what, rate, y, height) in [
        ("standard", &rates.standard, top + 4.0, 24.0),
        ("event", &rates.event, top + 31.0, 14.0),
    ] {
        let off = rate.as_deref() == Some("off");
        let fill = if off { "#f0f0f0" } else { colour(block.mode) };
        let words = rate_text(rate.as_deref());
        let title = format!(
            "{}-{} {}, {what} recording: {words}",
            clock(block.from),
            clock(block.to),
            block.mode
        );
        svg.rect((x, y), ((width - 1.0).max(0.5), height), fill, &title);
        let short = match rate.as_deref() {
            None => block.mode.to_owned(),
            Some("off") => "off".into(),
            Some(rate) if times::per_second(rate).is_some() && !rate.ends_with("ms") => {
                format!("{rate}/s")
            }
            Some(rate) => rate.to_owned(),
        };
        if width > 9.0 * (short.chars().count() as f64 + 1.0) {
            let size = if what == "event" { 10 } else { 13 };
            svg.body
                .push_str(if off { "<g>" } else { "<g fill=\"#ffffff\">" });
            svg.text((x + width / 2.0, y + height * 0.74), size, "middle", &short);
            svg.body.push_str("</g>\n");
        }
    }
}

/// What was really recorded: a row for each camera while all of it is shorter than six hours, else a row for each day, with a
/// band for each camera. Times are local by the recording's own offset.
pub fn recorded_svg(found: &Effective) -> String {
    let mut svg = Svg::default();
    let site = found.site.as_deref().unwrap_or("the unit");
    svg.text((LEFT, 30.0), 18, "start", &format!("Recorded by {site}"));
    let offset = i64::from(found.utc_offset.unwrap_or(0)).saturating_mul(60_000);
    let Some((first, last)) = found.span() else {
        svg.text((LEFT, TOP), 14, "start", "no picture with a time");
        return svg.finish(TOP + 30.0);
    };
    let (first, last) = (first.saturating_add(offset), last.saturating_add(offset));
    let bottom = if last.saturating_sub(first) < MS_OF_DAY / 4 {
        by_camera(&mut svg, found, offset, (first, last))
    } else {
        by_day(&mut svg, found, offset, (first, last))
    };
    let zone = match found.utc_offset {
        Some(minutes) => format!("local time, UTC {minutes:+} minutes"),
        None => "UTC".into(),
    };
    let cut = if svg.boxes > MAX_BOXES {
        "; more spans than can be drawn"
    } else {
        ""
    };
    svg.text((LEFT, bottom + 30.0), 12, "start", &format!("{zone}{cut}"));
    svg.finish(bottom + 46.0)
}

fn timestamp(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => ms.to_string(),
    }
}

fn name_of(number: u16, title: Option<&str>) -> String {
    title.map_or_else(
        || format!("camera {number}"),
        |title| format!("{number} {title}"),
    )
}

fn lane(number: usize) -> &'static str {
    LANES
        .get(number.checked_rem(LANES.len()).unwrap_or(0))
        .copied()
        .unwrap_or("#000000")
}

fn by_camera(svg: &mut Svg, found: &Effective, offset: i64, (first, last): (i64, i64)) -> f64 {
    let length = last.saturating_sub(first).max(1000) as f64;
    let row = 36.0;
    let bottom = TOP + row * found.cameras.len() as f64;
    for tick in 0..=5_i32 {
        let part = f64::from(tick) / 5.0;
        let x = across(part);
        svg.line((x, TOP - 6.0), (x, bottom));
        let time = timestamp(first.saturating_add((length * part) as i64));
        let text = if tick == 0 {
            time.as_str()
        } else {
            time.get(11..).unwrap_or_default()
        };
        let anchor = match tick {
            0 => "start",
            5 => "end",
            _ => "middle",
        };
        svg.text((x, TOP - 12.0), 11, anchor, text);
    }
    for ((number, camera), at) in found.cameras.iter().zip(0_usize..) {
        let top = TOP + row * at as f64;
        let name: String = name_of(*number, camera.title()).chars().take(17).collect();
        svg.text((LEFT - 10.0, top + 22.0), 12, "end", &name);
        for (from, to) in &camera.spans {
            let part = |ms: i64| (ms.saturating_add(offset).saturating_sub(first)) as f64 / length;
            let (x, end) = (across(part(*from)), across(part(*to)));
            let title = format!(
                "{} - {}",
                timestamp(from.saturating_add(offset)),
                timestamp(to.saturating_add(offset))
            );
            svg.rect(
                (x, top + 6.0),
                ((end - x).max(1.5), row - 12.0),
                lane(at),
                &title,
            );
        }
    }
    bottom
}

fn by_day(svg: &mut Svg, found: &Effective, offset: i64, (first, last): (i64, i64)) -> f64 {
    let day_of = |ms: i64| ms.div_euclid(MS_OF_DAY);
    let begin = day_of(last)
        .saturating_sub(MAX_DAYS)
        .saturating_add(1)
        .max(day_of(first));
    let days = day_of(last).saturating_sub(begin).saturating_add(1);
    let row = 40.0;
    let bottom = TOP + row * days as f64;
    hours(svg, bottom);
    for day in 0..days {
        let date = timestamp(begin.saturating_add(day).saturating_mul(MS_OF_DAY));
        svg.text(
            (LEFT - 10.0, TOP + row * day as f64 + 24.0),
            12,
            "end",
            date.get(..10).unwrap_or_default(),
        );
    }
    let height = (row - 8.0) / found.cameras.len().max(1) as f64;
    for ((number, camera), at) in found.cameras.iter().zip(0_usize..) {
        for (from, to) in &camera.spans {
            let (from, to) = (from.saturating_add(offset), to.saturating_add(offset));
            for day in day_of(from).max(begin)..=day_of(to) {
                let start = day.saturating_mul(MS_OF_DAY);
                let part = |ms: i64| {
                    ms.saturating_sub(start).clamp(0, MS_OF_DAY) as f64 / MS_OF_DAY as f64
                };
                let (x, end) = (across(part(from)), across(part(to)));
                let top = TOP + row * day.saturating_sub(begin) as f64 + 4.0 + height * at as f64;
                let title = format!(
                    "{}: {} - {}",
                    name_of(*number, camera.title()),
                    timestamp(from),
                    timestamp(to)
                );
                svg.rect(
                    (x, top),
                    ((end - x).max(1.5), (height - 0.5).max(0.5)),
                    lane(at),
                    &title,
                );
            }
        }
    }
    legend(svg, found, bottom)
}

/// The colours of the cameras, five in a line; answers where it ends.
fn legend(svg: &mut Svg, found: &Effective, bottom: f64) -> f64 {
    let mut end = bottom;
    for ((number, camera), at) in found.cameras.iter().zip(0_usize..).take(40) {
        let column = at.checked_rem(5).unwrap_or(0);
        let x = LEFT + 170.0 * column as f64;
        let y = bottom + 14.0 + 22.0 * (at / 5) as f64;
        svg.rect((x, y), (14.0, 14.0), lane(at), "colour of the camera");
        let name: String = name_of(*number, camera.title()).chars().take(18).collect();
        svg.text((x + 20.0, y + 12.0), 12, "start", &name);
        end = y + 14.0;
    }
    end
}

/// The picture as PNG, `scale` pixels of it for each of the SVG. Words need a font of the system; without one they are missing.
///
/// # Errors
/// What the renderer says.
pub fn png(svg: &str, scale: f32) -> super::error::Result<Vec<u8>> {
    use resvg::{tiny_skia, usvg};
    let fail = |error: String| super::error::Error::Table(format!("picture: {error}"));
    let mut options = usvg::Options::default();
    options.fontdb_mut().load_system_fonts();
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| fail(error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(scale);
    let size = size.ok_or_else(|| fail("a picture of no size".into()))?;
    if u64::from(size.width()).saturating_mul(u64::from(size.height())) > MAX_PIXELS {
        return Err(fail(format!(
            "more than {MAX_PIXELS} pixels; a smaller scale is needed"
        )));
    }
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
        .ok_or_else(|| fail("too large a picture".into()))?;
    resvg::render(
        &tree,
        tiny_skia::Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    pixels.encode_png().map_err(|error| fail(error.to_string()))
}

/// Whether the system has a font that words can be drawn with.
pub fn has_fonts() -> bool {
    let mut fonts = resvg::usvg::fontdb::Database::new();
    fonts.load_system_fonts();
    !fonts.is_empty()
}
