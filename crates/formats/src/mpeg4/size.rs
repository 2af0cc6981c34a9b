// SPDX-License-Identifier: MPL-2.0
//! The picture size where nothing states it: out of keyframes.
//!
//! An I picture holds exactly as many macroblocks as its size says, which tells the sizes of recorders apart: no two have the
//! same number. Other sizes may share it (352x480 has as many as 704x240), so the DC coefficients are put together as a
//! picture of each width that the number allows. The wrong width shows: values leave their range, rows do not fit each other.

use super::infer::Inference;
use super::macroblocks::{IntraPicture, Macroblock};
use super::start_code;
use super::vol::VolParams;
use crate::reader::Standard;

/// Sizes that recorders use (352x240 and 704x480 were seen or are said to be common, the others assumed).
pub const SIZES: [(u16, u16); 17] = [
    (176, 112),
    (176, 120),
    (176, 144),
    (320, 240),
    (352, 240),
    (352, 256),
    (352, 288),
    (640, 240),
    (640, 256),
    (640, 480),
    (704, 240),
    (704, 256),
    (704, 288),
    (704, 480),
    (704, 576),
    (720, 480),
    (720, 576),
];
/// Other sizes that exist and share their number of macroblocks with one of [`SIZES`]. Pictures higher than wide are not
/// among them, no recorder makes them: where such a picture shows nothing at all it is taken for one that lies.
const RIVALS: [(u16, u16); 5] = [(352, 480), (352, 576), (320, 480), (320, 512), (480, 352)];
/// No more keyframes than this are looked at.
const MAX_PICTURES: usize = 8;
/// DC coefficients are predicted from this where there is no neighbour.
const NEUTRAL: i32 = 1024;

/// What else is known of a picture's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeHint {
    /// The record's video format: 1 CIF, 2 2CIF, 3 4CIF (assumed), 0 and others unknown.
    pub format: u8,
    /// Television standard.
    pub standard: Standard,
}

impl SizeHint {
    fn names(self, size: (u16, u16)) -> bool {
        let format = match self.format {
            1 => size.0 == 352 && size.1 <= 288,
            2 => size.0 == 704 && size.1 <= 288,
            3 => size.0 == 704 && size.1 > 288,
            _ => false,
        };
        let standard = match self.standard {
            Standard::Unknown => true,
            Standard::Ntsc => size.1.is_multiple_of(240),
            Standard::Pal => size.1.is_multiple_of(288),
        };
        format && standard
    }
}

fn macroblocks((width, height): (u16, u16)) -> usize {
    VolParams::new(width, height).macroblocks()
}

/// The size of [`SIZES`] with this many macroblocks.
pub fn size_of_count(count: usize) -> Option<(u16, u16)> {
    SIZES.into_iter().find(|size| macroblocks(*size) == count)
}

/// The picture size of a camera whose keyframes these are (access units in normal byte order), `vol` telling the widths of
/// the header's fields. `None` when no picture can be walked through, they disagree, the number of macroblocks is not that
/// of a recorder's size, or another size explains the pictures as well and `hint` does not decide.
pub fn picture_size(keyframes: &[&[u8]], vol: &VolParams, hint: SizeHint) -> Option<(u16, u16)> {
    let mut pictures: Vec<IntraPicture> = Vec::new();
    let mut tried = 0usize;
    for data in keyframes.iter().take(MAX_PICTURES) {
        tried = tried.saturating_add(1);
        pictures.extend(IntraPicture::parse(data, vol).ok());
    }
    let count = pictures.first()?.macroblocks.len();
    let agree = pictures
        .iter()
        .all(|picture| picture.macroblocks.len() == count);
    if !agree || pictures.len().saturating_mul(2) < tried {
        return None;
    }
    let size = size_of_count(count)?;
    let across = usize::from(size.0).div_ceil(16);
    let own = Fit::of(&pictures, across);
    if own.outside > count.saturating_mul(pictures.len()) / 100 {
        return None;
    }
    let others = (4..=count / 4).filter(|other| *other != across && count.is_multiple_of(*other));
    if others
        .into_iter()
        .any(|other| Fit::of(&pictures, other).clearly_better(&own))
    {
        return None;
    }
    let rivalled = RIVALS
        .iter()
        .filter(|rival| macroblocks(**rival) == count)
        .any(|rival| !own.clearly_better(&Fit::of(&pictures, usize::from(rival.0) / 16)));
    (!rivalled || hint.names(size)).then_some(size)
}

/// How well the DC coefficients make a picture of some width.
#[derive(Clone, Copy, Debug, Default)]
struct Fit {
    /// Luma blocks whose mean brightness is none.
    outside: usize,
    /// Sum of the differences of luma blocks to the ones above, each no more than the range.
    roughness: u64,
    /// Luma blocks compared.
    blocks: usize,
}

impl Fit {
    fn of(pictures: &[IntraPicture], across: usize) -> Fit {
        let mut fit = Fit::default();
        for picture in pictures {
            fit.add(&picture.macroblocks, across);
        }
        fit
    }

    /// Explains the pictures well, and much better than `other`.
    fn clearly_better(&self, other: &Fit) -> bool {
        let few = self.outside <= self.blocks / 200;
        let fewer = other.outside
            > self
                .outside
                .saturating_mul(4)
                .saturating_add(other.blocks / 50);
        // per block, since a wider picture compares fewer
        let own = u128::from(self.roughness).saturating_mul(other.blocks as u128);
        let others = u128::from(other.roughness).saturating_mul(self.blocks as u128);
        let smoother = own.saturating_mul(5) < others.saturating_mul(4);
        few && (fewer || (smoother && other.outside >= self.outside))
    }

    fn add(&mut self, macroblocks: &[Macroblock], across: usize) {
        let columns = across.saturating_mul(2);
        let mut grid = Grid {
            columns,
            blocks: vec![None; macroblocks.len().saturating_mul(4)],
        };
        let mut packet = 0u32;
        for (n, macroblock) in macroblocks.iter().enumerate() {
            packet = packet.saturating_add(u32::from(macroblock.packet_start));
            let scale = dc_scale(macroblock.quant);
            let x = n.checked_rem(across).unwrap_or(0).saturating_mul(2);
            let y = n.checked_div(across).unwrap_or(0).saturating_mul(2);
            for ((right, down), difference) in BLOCKS.into_iter().zip(macroblock.dc) {
                let (x, y) = (x.saturating_add(right), y.saturating_add(down));
                let dc = grid.predict(x, y, packet, scale, difference);
                if !(0..=2047i32.saturating_add(scale)).contains(&dc) {
                    self.outside = self.outside.saturating_add(1);
                }
                grid.set(x, y, Block { dc, packet });
            }
        }
        self.compare(&grid);
    }

    fn compare(&mut self, grid: &Grid) {
        let below = grid.blocks.iter().skip(grid.columns);
        for (above, block) in grid.blocks.iter().zip(below) {
            if let (Some(above), Some(block)) = (above, block) {
                let step = above.dc.clamp(0, 2047).abs_diff(block.dc.clamp(0, 2047));
                self.roughness = self.roughness.saturating_add(u64::from(step));
                self.blocks = self.blocks.saturating_add(1);
            }
        }
    }
}

/// Places of the luma blocks in their macroblock.
const BLOCKS: [(usize, usize); 4] = [(0, 0), (1, 0), (0, 1), (1, 1)];

/// A luma block's mean, times 8, and its video packet, over whose border nothing is predicted.
#[derive(Clone, Copy, Debug)]
struct Block {
    dc: i32,
    packet: u32,
}

/// The luma blocks of a picture, row by row.
struct Grid {
    columns: usize,
    blocks: Vec<Option<Block>>,
}

impl Grid {
    fn index(&self, x: usize, y: usize) -> usize {
        y.saturating_mul(self.columns).saturating_add(x)
    }

    fn set(&mut self, x: usize, y: usize, block: Block) {
        let index = self.index(x, y);
        if let Some(slot) = self.blocks.get_mut(index) {
            *slot = Some(block);
        }
    }

    /// The block's DC coefficient: predicted from the left or from above, whichever way changes less.
    fn predict(&self, x: usize, y: usize, packet: u32, scale: i32, difference: i16) -> i32 {
        let dc = |x: Option<usize>, y: Option<usize>| {
            let block = self.blocks.get(self.index(x?, y?)).copied().flatten()?;
            (block.packet == packet).then_some(block.dc)
        };
        let (before, above) = (x.checked_sub(1), y.checked_sub(1));
        let [left, corner, top] = [dc(before, Some(y)), dc(before, above), dc(Some(x), above)]
            .map(|value| value.unwrap_or(NEUTRAL));
        let from = if left.abs_diff(corner) < corner.abs_diff(top) {
            top
        } else {
            left
        };
        let rounded = from.saturating_add(scale / 2);
        let predicted = rounded.checked_div_euclid(scale).unwrap_or(0);
        let level = predicted.saturating_add(i32::from(difference));
        level.saturating_mul(scale)
    }
}

/// Luma DC scaler of a quantiser (ISO/IEC 14496-2, table 7-1).
fn dc_scale(quant: u16) -> i32 {
    let quant = i32::from(quant);
    match quant {
        ..=4 => 8,
        5..=8 => quant.saturating_mul(2),
        9..=24 => quant.saturating_add(8),
        _ => quant.saturating_mul(2).saturating_sub(16),
    }
}

/// The size in pixels, width and height, that the coded bytes of a keyframe show: its own VOL's, or that of its macroblocks; `None`
/// where they do not settle it.
pub fn keyframe_size(picture: &[u8], hint: SizeHint) -> Option<(u16, u16)> {
    let vop = picture.get(start_code::vop_offset(picture)?..)?;
    let own = start_code::start_codes(picture)
        .find(|(_, code)| start_code::VOL.contains(code))
        .and_then(|(at, _)| VolParams::parse(picture.get(at..)?).ok());
    if let Some(vol) = own.filter(|vol| vol.width > 0 && vol.height > 0) {
        return Some((vol.width, vol.height));
    }
    let mut inference = Inference::new();
    inference.add_key(vop);
    let widths = inference.result();
    picture_size(&[vop], &widths.vol(0, 0, None), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_sizes_have_as_many_macroblocks() {
        for (i, size) in SIZES.iter().enumerate() {
            for other in &SIZES[i + 1..] {
                assert_ne!(
                    macroblocks(*size),
                    macroblocks(*other),
                    "{size:?} {other:?}"
                );
            }
            assert_eq!(size_of_count(macroblocks(*size)), Some(*size));
        }
        for rival in RIVALS {
            assert!(size_of_count(macroblocks(rival)).is_some_and(|size| size != rival));
        }
    }

    #[test]
    fn formats_name_sizes() {
        let hint = SizeHint {
            format: 2,
            standard: Standard::Ntsc,
        };
        assert!(hint.names((704, 240)) && !hint.names((704, 288)) && !hint.names((352, 240)));
        assert!(!SizeHint::default().names((704, 240)));
        assert!(
            SizeHint {
                format: 3,
                standard: Standard::Pal
            }
            .names((704, 576))
        );
    }
}
