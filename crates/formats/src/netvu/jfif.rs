// SPDX-License-Identifier: MPL-2.0
//! What a complete JPEG file has before its coded bytes: size, sampling, quantisers and the comment in which these
//! units write title and time (verified on three families).

use crate::cursor::{Short, bytes_at, u16_be};

/// The first bytes of a JPEG file as these units begin one: SOI, APP0.
pub const START: [u8; 4] = [0xff, 0xd8, 0xff, 0xe0];

/// Segments that are looked at before the scan (assumed; 9 are usual).
const MAX_SEGMENTS: usize = 64;

/// What the segments before the scan say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jfif<'a> {
    /// The comment.
    pub comment: Option<&'a [u8]>,
    /// The application segment that begins with `DigiSpr`, after its length.
    pub sprite: Option<&'a [u8]>,
    /// Pixels; 0 without a frame header.
    pub width: u16,
    /// Lines; 0 without a frame header.
    pub height: u16,
    /// The first quantiser table.
    pub quantisers: Option<&'a [u8; 64]>,
    /// A scan begins where the segments end, so the file is a frame.
    pub has_scan: bool,
    /// Where the segments end and coded bytes begin, from the file's start; 0 without a scan.
    pub scan: usize,
}

impl<'a> Jfif<'a> {
    /// Reads the segments of the JPEG file at the start of `data` up to its scan. `Ok(None)` where there is no JPEG file;
    /// an error where `data` ends before the scan.
    pub fn read(data: &'a [u8]) -> Result<Option<Jfif<'a>>, Short> {
        if bytes_at::<2>(data, 0)? != [0xff, 0xd8] {
            return Ok(None);
        }
        let mut found = Jfif::default();
        let mut at = 2usize;
        for _ in 0..MAX_SEGMENTS {
            let [fill, marker] = bytes_at::<2>(data, at)?;
            if fill != 0xff {
                return Ok(None);
            }
            if marker == 0xff {
                at = at.saturating_add(1);
                continue;
            }
            at = at.saturating_add(2);
            let length = usize::from(u16_be(data, at)?);
            let end = at.saturating_add(length);
            let body = at.saturating_add(2)..end;
            let Some(body) = data.get(body) else {
                if length < 2 {
                    return Ok(None);
                }
                return Err(Short {
                    missing: end.saturating_sub(data.len()),
                });
            };
            found.segment(marker, body);
            at = end;
            if found.has_scan {
                found.scan = end;
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn segment(&mut self, marker: u8, body: &'a [u8]) {
        match marker {
            0xda => self.has_scan = true,
            0xe0..=0xef if body.starts_with(b"DigiSpr") => self.sprite = Some(body),
            0xfe => self.comment = self.comment.or(Some(body)),
            // Frame headers: all SOF but the DHT, JPG and DAC markers between them.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                self.height = u16_be(body, 1).unwrap_or(0);
                self.width = u16_be(body, 3).unwrap_or(0);
            }
            0xdb if body.first() == Some(&0) => {
                self.quantisers = body.get(1..).and_then(<[u8]>::first_chunk);
            }
            _ => {}
        }
    }
}

/// A file ends with an EOI somewhere in its last bytes (verified: some units fill with FF before or after it).
pub fn ends(data: &[u8]) -> bool {
    let tail = data.get(data.len().saturating_sub(128)..).unwrap_or(data);
    memchr::memmem::rfind(tail, &[0xff, 0xd9]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_up_to_the_scan() {
        let mut data = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xfe, 0, 5];
        data.extend(b"abc");
        data.extend([
            0xff, 0xff, 0xc0, 0, 9, 8, 1, 0, 3, 0, 3, 1, 0xff, 0xda, 0, 3, 0, 9, 9,
        ]);
        let jfif = Jfif::read(&data).unwrap().unwrap();
        assert_eq!(jfif.comment, Some(&b"abc"[..]));
        assert_eq!((jfif.width, jfif.height), (768, 256));
        assert_eq!(jfif.scan, data.len() - 2);
        for cut in 2..data.len() - 2 {
            assert!(Jfif::read(&data[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_no_jpeg() {
        assert_eq!(Jfif::read(&[0xff, 0xd9, 0, 0]), Ok(None));
        assert_eq!(Jfif::read(&[0xff, 0xd8, 1, 0, 0, 0]), Ok(None));
        assert_eq!(Jfif::read(&[0xff, 0xd8, 0xff, 0xe0, 0, 1, 0]), Ok(None));
    }
}
