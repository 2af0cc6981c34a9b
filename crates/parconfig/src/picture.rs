// SPDX-License-Identifier: MPL-2.0
//! The week of a configuration, or what was really recorded, as an SVG image.

use crate::config::fields::{Config, Mode};
use crate::config::times::{self, DAY, DAYS};
use crate::config::week::{self, Block};
use crate::recording::Effective;

/// Width of the image in pixels.
pub const WIDTH: f64 = 1000.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 70.0;
const ROW: f64 = 52.0;
/// Most days that are drawn; of a longer recording the last ones.
const MAX_DAYS: i64 = 62;
/// Most boxes that are drawn.
const MAX_BOXES: usize = 20_000;
const MS_OF_DAY: i64 = 86_400_000;

/// Colours that people who see few colours can distinguish, and on which white text has a contrast of at least 4.5:1.
const COLOURS: [&str; 8] = [
    "#8a5a00", "#00609c", "#00704f", "#5f5f5f", "#a84600", "#96487a", "#3f51b5", "#6b5a00",
];

#[derive(Default)]
struct Svg {
    body: String,
    boxes: usize,
}

fn escape(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

impl Svg {
    fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str, title: &str) {
        self.boxes = self.boxes.saturating_add(1);
        if self.boxes <= MAX_BOXES {
            let title = escape(title);
            self.body.push_str(&format!(
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\"><title>{title}</title></rect>\n"
            ));
        }
    }

    /// Text that is squeezed where it is wider than `room` pixels.
    fn text(&mut self, (x, y): (f64, f64), size: f64, anchor: &str, room: f64, text: &str) {
        // DejaVu Sans is wide: no text is wider than this in any of the fonts.
        let wide = text.chars().count() as f64 * size * 0.65 > room;
        let squeeze = if wide {
            format!(" textLength=\"{room:.0}\" lengthAdjust=\"spacingAndGlyphs\"")
        } else {
            String::new()
        };
        let text = escape(text);
        self.body.push_str(&format!(
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\"{squeeze}>{text}</text>\n"
        ));
    }

    fn hours(&mut self, bottom: f64) {
        for hour in (0..=24_u32).step_by(2) {
            let (x, top) = (across(f64::from(hour) / 24.0), TOP - 6.0);
            self.body.push_str(&format!(
                "<path d=\"M{x:.2} {top}V{bottom}\" stroke=\"#cccccc\"/>\n"
            ));
            let hour = format!("{hour:02}:00");
            self.text((x, TOP - 12.0), 12.0, "middle", 60.0, &hour);
        }
    }

    /// A line of text over the whole width.
    fn line(&mut self, y: f64, size: f64, text: &str) {
        self.text((LEFT, y), size, "start", WIDTH - LEFT - RIGHT, text);
    }

    /// What a row is, before it.
    fn label(&mut self, y: f64, size: f64, text: &str) {
        self.text((LEFT - 10.0, y), size, "end", LEFT - 20.0, text);
    }

    /// Coloured boxes with their names, as many in a line as there is room for; answers where they end.
    fn legend(&mut self, entries: &[(String, &str)], columns: usize, top: f64) -> f64 {
        let width = (WIDTH - LEFT - RIGHT) / columns as f64;
        let mut y = top;
        for (line, names) in entries.chunks(columns).enumerate() {
            y = top + 24.0 * line as f64;
            for ((name, fill), at) in names.iter().zip(0_u32..) {
                let x = LEFT + width * f64::from(at);
                self.rect((x, y), (16.0, 16.0), fill, name);
                self.text((x + 22.0, y + 13.0), 12.0, "start", width - 30.0, name);
            }
        }
        y + 16.0
    }

    fn finish(self, height: f64) -> String {
        let body = self.body;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" font-family=\"DejaVu Sans, Liberation Sans, Arial, sans-serif\" fill=\"#222222\">\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// Place of a part of the width, 0 to 1.
fn across(part: f64) -> f64 {
    LEFT + part * (WIDTH - LEFT - RIGHT)
}

fn colour(number: usize) -> &'static str {
    number
        .checked_rem(COLOURS.len())
        .and_then(|at| COLOURS.get(at))
        .copied()
        .unwrap_or("#000000")
}

fn rate_text(rate: Option<&str>) -> String {
    match rate {
        None => "rate of the profile".into(),
        Some("off") => "off".into(),
        Some(rate) if rate.ends_with("ms") => format!("a frame each {rate}"),
        Some(rate) => format!("{rate}/s"),
    }
}

/// The week of a configuration: for each day a band of standard recording and a thinner one of recording during an event.
pub fn week_svg(config: &Config) -> String {
    let schedule = &config.schedule;
    let mut svg = Svg::default();
    let unit = config.unit.name.as_deref().unwrap_or("the unit");
    svg.line(30.0, 18.0, &format!("Schedule of {unit}"));
    let bottom = TOP + ROW * 7.0;
    svg.hours(bottom);
    let rates = |mode: &Mode| {
        let rates = [&schedule.rate, &schedule.event_rate];
        rates.map(|rates| rates.get(mode).map(|rate| &**rate))
    };
    for ((day, blocks), row) in DAYS.iter().zip(week::week(schedule)).zip(0_u32..) {
        let top = TOP + ROW * f64::from(row);
        svg.label(top + 20.0, 14.0, day);
        svg.label(top + 42.0, 10.0, "event");
        for Block { from, to, mode } in blocks {
            let part = |minute: u16| across(f64::from(minute) / f64::from(DAY));
            let (x, width) = (part(from), part(to) - part(from));
            let (from, to) = (times::clock(from), times::clock(to));
            let bands = [(4.0, 24.0, 13.0), (31.0, 14.0, 10.0)];
            for (rate, (y, height, size)) in rates(&mode).into_iter().zip(bands) {
                let (fill, ink) = match rate {
                    Some("off") => ("#f0f0f0", "#222222"),
                    _ => (colour(mode as usize), "#ffffff"),
                };
                let title = format!("{from}-{to} {mode}: {}", rate_text(rate));
                svg.rect((x, top + y), ((width - 1.0).max(0.5), height), fill, &title);
                let short = match rate {
                    None => mode.to_string(),
                    rate => rate_text(rate).replace("a frame each ", ""),
                };
                if width > size * 0.65 * (short.chars().count() as f64 + 1.0) {
                    svg.body.push_str(&format!("<g fill=\"{ink}\">"));
                    let middle = (x + width / 2.0, top + y + height * 0.74);
                    svg.text(middle, size, "middle", width, &short);
                    svg.body.push_str("</g>\n");
                }
            }
        }
    }
    let modes = week::modes(schedule).map(|mode| {
        let [standard, event] = rates(&mode).map(rate_text);
        let name = format!("{mode}: {standard}, event {event}");
        (name, colour(mode as usize))
    });
    let end = svg.legend(&modes, 2, bottom + 18.0);
    let event = schedule.event_mode;
    let event = event.map_or(String::new(), |mode| format!("event mode: {mode}; "));
    let expiry = match schedule.expiry.map(|days| days.get()) {
        Some(0) => "recordings are kept until they are overwritten".to_owned(),
        Some(days) => format!("recordings are kept {days} days"),
        None => String::new(),
    };
    svg.line(end + 24.0, 12.0, &format!("{event}{expiry}"));
    svg.finish(end + 40.0)
}

fn timestamp(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or(ms.to_string(), |time| {
        time.strftime("%Y-%m-%d %H:%M:%S").to_string()
    })
}

/// What was really recorded: a row for each day with a band for each camera. Times are local by the recording's own offset.
pub fn recorded_svg(found: &Effective) -> String {
    let mut svg = Svg::default();
    let site = found.site.as_deref().unwrap_or("the unit");
    svg.line(30.0, 18.0, &format!("Recorded by {site}"));
    let offset = i64::from(found.utc_offset.unwrap_or(0)).saturating_mul(60_000);
    let Some((first, last)) = found.span() else {
        svg.line(TOP, 14.0, "no frame with a time");
        return svg.finish(TOP + 30.0);
    };
    let day_of = |ms: i64| ms.saturating_add(offset).div_euclid(MS_OF_DAY);
    let earliest = day_of(last).saturating_sub(MAX_DAYS).saturating_add(1);
    let begin = earliest.max(day_of(first));
    let row = (found.cameras.len() as f64 * 4.0).clamp(40.0, 400.0);
    let days = day_of(last).saturating_sub(begin).saturating_add(1);
    let bottom = TOP + row * days as f64;
    svg.hours(bottom);
    for day in 0..days {
        let date = timestamp(begin.saturating_add(day).saturating_mul(MS_OF_DAY));
        let date = date.get(..10).unwrap_or_default();
        svg.label(TOP + row * day as f64 + 24.0, 12.0, date);
    }
    let height = (row - 8.0) / found.cameras.len().max(1) as f64;
    let mut names = Vec::new();
    for ((number, camera), at) in found.cameras.iter().zip(0_usize..) {
        let name = match camera.title() {
            Some(title) => format!("{number} {title}"),
            None => format!("camera {number}"),
        };
        for (from, to) in &camera.spans {
            for day in day_of(*from).max(begin)..=day_of(*to) {
                let start = day.saturating_mul(MS_OF_DAY);
                let [x, end] = [from, to].map(|ms| {
                    let since = ms.saturating_add(offset).saturating_sub(start);
                    across(since.clamp(0, MS_OF_DAY) as f64 / MS_OF_DAY as f64)
                });
                let top = TOP + row * day.saturating_sub(begin) as f64 + 4.0 + height * at as f64;
                let [from, to] = [from, to].map(|ms| timestamp(ms.saturating_add(offset)));
                let size = ((end - x).max(1.5), (height - 0.5).max(0.5));
                let title = format!("{name}: {from} - {to}");
                svg.rect((x, top), size, colour(at), &title);
            }
        }
        names.push((name, colour(at)));
    }
    let end = svg.legend(&names, 4, bottom + 14.0);
    let zone = match found.utc_offset {
        Some(minutes) => format!("local time, UTC {minutes:+} minutes"),
        None => "UTC".into(),
    };
    let cut = match svg.boxes > MAX_BOXES {
        true => "; more spans than can be drawn",
        false => "",
    };
    svg.line(end + 24.0, 12.0, &format!("{zone}{cut}"));
    svg.finish(end + 40.0)
}

/// The image as PNG, `scale` pixels of it for each of the SVG. Words need a font of the system; without one they are missing.
///
/// # Errors
/// What the renderer reports.
pub fn png(svg: &str, scale: f32) -> crate::Result<Vec<u8>> {
    use resvg::{tiny_skia, usvg};
    let fail = |error: String| crate::Error::refuse("image", error);
    let mut options = usvg::Options::default();
    options.fontdb_mut().load_system_fonts();
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| fail(error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(scale);
    let pixels = size
        .filter(|size| u64::from(size.width()).saturating_mul(u64::from(size.height())) <= 8 << 20);
    let mut pixels = pixels
        .and_then(|size| tiny_skia::Pixmap::new(size.width(), size.height()))
        .ok_or_else(|| fail("more than 8 million pixels; use a smaller --scale".into()))?;
    resvg::render(
        &tree,
        tiny_skia::Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    pixels.encode_png().map_err(|error| fail(error.to_string()))
}
