// SPDX-License-Identifier: MPL-2.0
//! Pictures that are drawn: SVG, and PNG with texts in it.

use crate::common::Failure;
use resvg::{tiny_skia, usvg};
use std::fmt::Write;

/// Fonts, the first that is there.
const FONTS: &str = "DejaVu Sans, Liberation Sans, Arial, sans-serif";

/// An SVG that is being drawn. Things have a class as well, so that a page can recolour them.
#[derive(Default)]
pub struct Svg {
    body: String,
}

impl Svg {
    /// A rectangle with a text that shows when it is pointed at.
    pub fn rect(&mut self, at: (f64, f64), size: (f64, f64), fill: &str, title: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"{fill}\"><title>{}</title></rect>",
            at.0,
            at.1,
            size.0,
            size.1,
            escape(title)
        );
    }

    /// A line of the class `grid`, `gap` or `step`.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let (colour, more) = match class {
            "gap" => ("#999999", ""),
            "step" => ("#c00020", " stroke-dasharray=\"3 2\""),
            _ => ("#dddddd", ""),
        };
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{:.2}\" y1=\"{:.2}\" x2=\"{:.2}\" y2=\"{:.2}\" stroke=\"{colour}\" stroke-width=\"1\"{more}/>",
            from.0, from.1, to.0, to.1
        );
    }

    /// A triangle that points down to this place.
    pub fn mark(&mut self, (x, y): (f64, f64), fill: &str, title: &str) {
        let _ = writeln!(
            self.body,
            "<path d=\"M{x:.2} {y:.2} l-5 -9 h10 z\" fill=\"{fill}\"><title>{}</title></path>",
            escape(title)
        );
    }

    /// A text; `anchor` is start, middle or end.
    pub fn text(&mut self, at: (f64, f64), size: u32, anchor: &str, text: &str) {
        let _ = writeln!(
            self.body,
            "<text class=\"ink\" x=\"{:.2}\" y=\"{:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\">{}</text>",
            at.0,
            at.1,
            escape(text)
        );
    }

    /// A text on a bar, in the middle of which `at` is.
    pub fn label(&mut self, (x, y): (f64, f64), size: u32, text: &str) {
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" font-weight=\"bold\" text-anchor=\"middle\" fill=\"#ffffff\" \
             stroke=\"#000000\" stroke-width=\"2\" paint-order=\"stroke\">{}</text>",
            escape(text)
        );
    }

    /// The whole document.
    pub fn finish(self, width: f64, height: f64, title: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"{FONTS}\" fill=\"#222222\" role=\"img\">\n<title>{}</title>\n\
             <rect class=\"paper\" x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escape(title),
            self.body
        )
    }
}

/// For text and attributes of XML and HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// An opaque picture, 4 bytes a pixel.
pub struct Canvas(tiny_skia::Pixmap);

impl Canvas {
    /// Draws an SVG. Texts need a font of the system.
    ///
    /// # Errors
    /// A size that does not fit memory.
    pub fn draw(svg: &str) -> Result<Canvas, Failure> {
        let fail = |text: String| Failure::Output(format!("the picture cannot be drawn: {text}"));
        let mut options = usvg::Options::default();
        options.fontdb_mut().load_system_fonts();
        if options.fontdb.is_empty() {
            eprintln!(
                "exptool: no fonts are installed, so the picture has no texts (apt install fonts-dejavu-core)"
            );
        }
        let tree = usvg::Tree::from_str(svg, &options).map_err(|error| fail(error.to_string()))?;
        let size = tree.size().to_int_size();
        let mut pixmap = tiny_skia::Pixmap::new(size.width(), size.height())
            .ok_or_else(|| fail("it is too large".to_owned()))?;
        resvg::render(
            &tree,
            tiny_skia::Transform::identity(),
            &mut pixmap.as_mut(),
        );
        Ok(Canvas(pixmap))
    }

    /// Puts a picture of 3 bytes a pixel in, cut at the edges.
    pub fn put(&mut self, (x, y): (u32, u32), width: u32, rgb: &[u8]) {
        let all = self.0.width() as usize;
        let (x, y, width) = (x as usize, y as usize, width as usize);
        if width == 0 || x + width > all {
            return;
        }
        let data = self.0.data_mut();
        for (row, line) in rgb.chunks_exact(width * 3).enumerate() {
            let start = ((y + row) * all + x) * 4;
            let Some(target) = data.get_mut(start..start + width * 4) else {
                return;
            };
            for (to, from) in target
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .zip(line.as_chunks::<3>().0)
            {
                *to = [from[0], from[1], from[2], 255];
            }
        }
    }

    /// As PNG.
    ///
    /// # Errors
    /// Never seen.
    pub fn png(&self, texts: &[(String, String)]) -> Result<Vec<u8>, Failure> {
        let (width, height) = (self.0.width(), self.0.height());
        png(png::ColorType::Rgba, (width, height), self.0.data(), texts)
    }
}

/// Puts lines of white text on black below a picture of 3 bytes a pixel; its new size and pixels.
///
/// # Errors
/// A size that does not fit memory.
pub fn add_lines_below(
    (width, height): (u32, u32),
    rgb: &[u8],
    lines: &[String],
) -> Result<((u32, u32), Vec<u8>), Failure> {
    let font = (width / 26).clamp(10, 28);
    let bar = (u32::try_from(lines.len()).unwrap_or(0) * font * 27 / 20 + 8) / 2 * 2;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{0}\" font-family=\"{FONTS}\" \
         font-size=\"{font}\" fill=\"#ffffff\"><rect width=\"{width}\" height=\"{0}\" fill=\"#000000\"/>",
        height + bar
    );
    for (n, line) in lines.iter().enumerate() {
        let y = height + 2 + font * (20 + n as u32 * 27) / 20;
        let _ = write!(svg, "<text x=\"6\" y=\"{y}\">{}</text>", escape(line));
    }
    let mut canvas = Canvas::draw(&(svg + "</svg>"))?;
    canvas.put((0, 0), width, rgb);
    let pixels = canvas.0.data().as_chunks::<4>().0;
    let rgb = pixels.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]);
    Ok(((width, height + bar), rgb.collect()))
}

/// A PNG of 3 bytes a pixel.
///
/// # Errors
/// Bytes that do not fit the size.
pub fn png_rgb(
    size: (u32, u32),
    rgb: &[u8],
    texts: &[(String, String)],
) -> Result<Vec<u8>, Failure> {
    png(png::ColorType::Rgb, size, rgb, texts)
}

/// Texts are in `tEXt` chunks, in `iTXt` where they are not plain ASCII.
fn png(
    colour: png::ColorType,
    (width, height): (u32, u32),
    data: &[u8],
    texts: &[(String, String)],
) -> Result<Vec<u8>, Failure> {
    let fail = |error: png::EncodingError| Failure::Output(format!("PNG: {error}"));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    for (name, text) in texts {
        let (name, text) = (name.clone(), text.clone());
        match text.is_ascii() {
            true => encoder.add_text_chunk(name, text),
            false => encoder.add_itxt_chunk(name, text),
        }
        .map_err(fail)?;
    }
    let mut writer = encoder.write_header().map_err(fail)?;
    writer.write_image_data(data).map_err(fail)?;
    writer.finish().map_err(fail)?;
    Ok(out)
}
