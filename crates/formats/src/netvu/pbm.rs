// SPDX-License-Identifier: MPL-2.0
//! Overlay masks: portable bitmaps whose raster may be run-length coded. All stated; no capture has one.

/// Most pixels in a direction that are accepted.
const MAX_SIDE: usize = 8192;

/// A mask put back into an ordinary bitmap file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// A binary portable bitmap (`P4`).
    pub file: Box<[u8]>,
    /// Pixels.
    pub width: u16,
    /// Lines.
    pub height: u16,
    /// Name of the mask, from its comment.
    pub name: Vec<u8>,
}

/// The next word of the header: comments and white space before it are skipped, the comments collected.
fn word<'a>(rest: &mut &'a [u8], comments: &mut Vec<&'a [u8]>) -> Option<&'a [u8]> {
    loop {
        let (first, after) = rest.split_first()?;
        if *first == b'#' {
            let end = memchr::memchr(b'\n', after)?;
            comments.push(after.get(..end)?);
            *rest = after.get(end..)?;
        } else if first.is_ascii_whitespace() {
            *rest = after;
        } else {
            let end = rest
                .iter()
                .position(|byte| byte.is_ascii_whitespace() || *byte == b'#')?;
            let (word, after) = rest.split_at_checked(end)?;
            *rest = after;
            return Some(word);
        }
    }
}

fn side(word: &[u8]) -> Option<usize> {
    let side = std::str::from_utf8(word).ok()?.parse().ok()?;
    (1..=MAX_SIDE).contains(&side).then_some(side)
}

/// Reads a mask and expands it. `None` where it is none: only bitmaps (`P1`, `P4`) are masks.
pub fn expand(data: &[u8]) -> Option<Mask> {
    let kind = data.first_chunk::<3>()?;
    if kind[0] != b'P' || !matches!(kind[1], b'1' | b'4') || !kind[2].is_ascii_whitespace() {
        return None;
    }
    let mut rest = data.get(2..)?;
    let mut comments = Vec::new();
    let width = side(word(&mut rest, &mut comments)?)?;
    let height = side(word(&mut rest, &mut comments)?)?;
    let raster = rest.get(1..)?;
    let run_length = comments.iter().find_map(|text| text.strip_prefix(b"RLE "));
    let name = run_length.or(comments.first().copied()).unwrap_or_default();
    let size = width.div_ceil(8).saturating_mul(height);
    let raster = match (kind[1], run_length) {
        (b'1', _) => ascii(raster, width, height)?,
        (_, Some(_)) => runs(raster, size),
        (_, None) => raster.get(..size)?.to_vec(),
    };
    let mut file = format!("P4\n{width} {height}\n").into_bytes();
    file.extend(raster);
    Some(Mask {
        file: file.into_boxed_slice(),
        width: u16::try_from(width).ok()?,
        height: u16::try_from(height).ok()?,
        name: name.trim_ascii().to_vec(),
    })
}

/// Pairs of count and value, a count of 0 standing for 1. What the runs do not reach stays white.
fn runs(raster: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(size);
    for [count, value] in raster.as_chunks::<2>().0 {
        let count = usize::from((*count).max(1)).min(size.saturating_sub(out.len()));
        out.extend(std::iter::repeat_n(*value, count));
    }
    out.resize(size, 0);
    out
}

fn ascii(raster: &[u8], width: usize, height: usize) -> Option<Vec<u8>> {
    let mut bits = raster.iter().filter(|byte| matches!(byte, b'0' | b'1'));
    let mut out = Vec::with_capacity(width.div_ceil(8).saturating_mul(height));
    for _ in 0..height {
        for first in (0..width).step_by(8) {
            let mut byte = 0u8;
            for bit in 0..8u32 {
                let inside = first.saturating_add(bit as usize) < width;
                if inside && bits.next()? == &b'1' {
                    byte |= 0x80u8.checked_shr(bit)?;
                }
            }
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_lengths_become_a_plain_bitmap() {
        let mut data = b"P4\n#RLE zone 1\n16 3\n".to_vec();
        data.extend([2, 0xff, 0, 0xaa, 9, 0x55]);
        let mask = expand(&data).unwrap();
        assert_eq!((mask.width, mask.height), (16, 3));
        assert_eq!(mask.name, b"zone 1");
        assert_eq!(*mask.file, *b"P4\n16 3\n\xff\xff\xaa\x55\x55\x55");
    }

    #[test]
    fn a_plain_bitmap_stays() {
        let mask = expand(b"P4\n# a name\n10 2\n\x01\x02\x03\x04").unwrap();
        assert_eq!(mask.name, b"a name");
        assert_eq!(*mask.file, *b"P4\n10 2\n\x01\x02\x03\x04");
        assert_eq!(
            *expand(b"P1 9 1\n1 0 1 000000").unwrap().file,
            *b"P4\n9 1\n\xa0\x00"
        );
    }

    #[test]
    fn what_is_no_mask() {
        for bad in [
            &b"P4\n0 3\n"[..],
            b"P4\n16",
            b"P5\n16 3\n255\nxxxx",
            b"P4\n16 3\n\x01",
            b"P4\n99999 99999\n",
            b"",
        ] {
            assert_eq!(expand(bad), None);
        }
    }
}
