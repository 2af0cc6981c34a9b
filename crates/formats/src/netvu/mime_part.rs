// SPDX-License-Identifier: MPL-2.0
//! The header of one part of a MIME stream: a line end, the boundary line, an HTTP status line and header lines (verified,
//! byte for byte the same in four captures but for type and length). Also accepted, as stated: a boundary line whose first
//! bytes were overwritten, none at all before the status line, and lines that end with LF alone. Behind a boundary, lines that are
//! damaged are skipped.

use crate::reader::MAX_RECORD;
use memchr::memmem;
use std::sync::LazyLock;

/// What every boundary line has before the name of the server family.
pub const BOUNDARY: &[u8] = b"0plm(";

/// What every boundary line ends with.
const BOUNDARY_END: &[u8] = b":Server-Push:Boundary-String)1qaz";

/// Longest header that is accepted, in bytes (assumed; 176 is the longest seen).
const MAX_HEADER: usize = 4096;

/// What a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `image/jpeg`: a whole JPEG file.
    Jpeg,
    /// `image/admp4` (verified), `image/adh264` (stated).
    Video {
        /// Declared to be H.264.
        h264: bool,
    },
    /// `text/plain`: facts of the frame before.
    Text,
    /// `audio/adpcm`: a block without header.
    Audio,
    /// `image/bmp`, `image/pbm`.
    Overlay,
    /// `text/xml`.
    Xml,
    /// Anything else: skipped.
    Other,
}

/// The header of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Bytes from the start of the data to the body.
    pub header: usize,
    /// Bytes of the body; `None` where the header does not say.
    pub length: Option<usize>,
    /// What the body is.
    pub content: Content,
    /// `xres` and `yres` of the type, 0 where there are none.
    pub size: (u16, u16),
    /// `rate` of the type.
    pub rate: Option<u32>,
}

/// Why there is no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPart {
    /// The header goes on beyond the data, at least by this many bytes.
    Short(usize),
    /// The bytes are no header.
    Wrong,
}

/// The line at `at` without its end, and where the next one begins.
fn line(data: &[u8], at: usize) -> Result<(&[u8], usize), NoPart> {
    let rest = data.get(at..).unwrap_or_default();
    match memchr::memchr(b'\n', rest) {
        Some(end) => Ok((
            rest.get(..end).unwrap_or_default().trim_ascii_end(),
            at.saturating_add(end).saturating_add(1),
        )),
        None if data.len() > MAX_HEADER => Err(NoPart::Wrong),
        None => Err(NoPart::Short(1)),
    }
}

/// A line is a boundary: its end is right, or its beginning; the rest proves itself by the header behind it.
pub fn is_boundary(line: &[u8]) -> bool {
    line.ends_with(BOUNDARY_END) || memmem::find(line, BOUNDARY).is_some_and(|at| at <= 8)
}

/// Where the part begins whose boundary is the first one not before `from`.
pub fn boundary(data: &[u8], from: usize) -> Option<usize> {
    static FINDER: LazyLock<memmem::Finder<'static>> =
        LazyLock::new(|| memmem::Finder::new(BOUNDARY));
    FINDER
        .find_iter(data.get(from..)?)
        .map(|at| at.saturating_add(from))
        .map(|at| {
            let before = data.get(..at).unwrap_or_default();
            let dashes = before.strip_suffix(b"--").unwrap_or(before);
            dashes.strip_suffix(b"\n").unwrap_or(dashes).len()
        })
        .find(|at| *at >= from)
}

/// `data` begins as a part does, but for some damaged bytes.
pub fn resembles_part(data: &[u8]) -> bool {
    let usual = b"\n--0plm(NetVu-Connected:Server-Push:Boundary-String)1qaz\nHTTP/1.0 200 ";
    let same = data.iter().zip(usual).filter(|(have, usual)| have == usual);
    same.count() >= usual.len() / 2
}

fn number<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
}

fn name_is(name: &[u8], wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted.as_bytes())
}

impl Part {
    /// Reads the header at the start of `data`. Line ends before it belong to it.
    pub fn parse(data: &[u8]) -> Result<Part, NoPart> {
        let mut at = data
            .iter()
            .take(8)
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let (mut text, mut next) = line(data, at)?;
        let bounded = is_boundary(text);
        if bounded {
            at = next;
            (text, next) = line(data, at)?;
        }
        if !bounded && !text.starts_with(b"HTTP/") {
            return Err(NoPart::Wrong);
        }
        let mut part = Part {
            header: 0,
            length: None,
            content: Content::Other,
            size: (0, 0),
            rate: None,
        };
        let mut typed = false;
        while !text.is_empty() {
            // a header has no other part inside
            if next > MAX_HEADER || memmem::find(text, BOUNDARY).is_some() {
                return Err(NoPart::Wrong);
            }
            let colon = memchr::memchr(b':', text).unwrap_or(text.len());
            let name = text.get(..colon).unwrap_or_default().trim_ascii();
            let value = text.get(colon.saturating_add(1)..).unwrap_or_default();
            if name_is(name, "Content-length") {
                part.length = number(value).filter(|length| *length <= MAX_RECORD);
            } else if name_is(name, "Content-type") {
                part.set_type(value);
                typed = true;
            }
            (text, next) = line(data, next)?;
        }
        part.header = next;
        match part.length.is_some() || bounded && typed {
            true => Ok(part),
            false => Err(NoPart::Wrong),
        }
    }

    fn set_type(&mut self, value: &[u8]) {
        let mut items = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = items.next().unwrap_or_default().to_ascii_lowercase();
        self.content = match name.as_slice() {
            b"image/jpeg" => Content::Jpeg,
            b"image/admp4" => Content::Video { h264: false },
            b"image/adh264" => Content::Video { h264: true },
            b"text/plain" => Content::Text,
            b"audio/adpcm" => Content::Audio,
            b"image/bmp" | b"image/pbm" => Content::Overlay,
            b"text/xml" => Content::Xml,
            _ => Content::Other,
        };
        for item in items {
            let Some(at) = memchr::memchr(b'=', item) else {
                continue;
            };
            let name = item.get(..at).unwrap_or_default();
            let value = item.get(at.saturating_add(1)..).unwrap_or_default();
            let value = value.trim_ascii();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = value.strip_suffix(b"\"").unwrap_or(value);
            if name_is(name, "xres") {
                self.size.0 = number(value).unwrap_or(0);
            } else if name_is(name, "yres") {
                self.size.1 = number(value).unwrap_or(0);
            } else if name_is(name, "rate") {
                self.rate = number(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: &[u8] = b"\n--0plm(NetVu-Connected:Server-Push:Boundary-String)1qaz\nHTTP/1.0 200 Document follows\r\nServer: ADH-Web\r\n\
                          Content-type: image/admp4; xres=352; yres=256\r\nContent-length: 008699\r\n\r\n";

    #[test]
    fn a_real_header() {
        let part = Part::parse(PART).unwrap();
        assert_eq!((part.header, part.length), (PART.len(), Some(8699)));
        assert_eq!(part.content, Content::Video { h264: false });
        assert_eq!(part.size, (352, 256));
        for cut in 0..PART.len() {
            assert!(
                matches!(Part::parse(&PART[..cut]), Err(NoPart::Short(_))),
                "{cut}"
            );
        }
    }

    #[test]
    fn the_tolerated_forms() {
        let mut overwritten = PART.to_vec();
        overwritten[1..6].fill(0xcd);
        assert_eq!(Part::parse(&overwritten).unwrap().length, Some(8699));
        let mut prefixed = b"/r".to_vec();
        prefixed.extend(&PART[1..]);
        assert_eq!(Part::parse(&prefixed).unwrap().length, Some(8699));
        let bare =
            b"HTTP/1.0 200 OK\nCONTENT-TYPE: audio/adpcm; rate=\"16000\"\ncontent-length: 12\n\n";
        let part = Part::parse(bare).unwrap();
        assert_eq!((part.content, part.rate), (Content::Audio, Some(16_000)));
    }

    #[test]
    fn what_is_no_header() {
        assert_eq!(
            Part::parse(b"--frame\r\nContent-length: 5\r\n\r\n"),
            Err(NoPart::Wrong)
        );
        assert_eq!(
            Part::parse(b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\n"),
            Err(NoPart::Wrong)
        );
        let huge = b"HTTP/1.0 200 OK\r\nContent-length: 99999999\r\n\r\n";
        assert_eq!(Part::parse(huge), Err(NoPart::Wrong));
        assert_eq!(Part::parse(&[b'a'; 5000]), Err(NoPart::Wrong));
    }
}
