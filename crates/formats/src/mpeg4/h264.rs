// SPDX-License-Identifier: MPL-2.0
//! As much of H.264 (Annex B) as the readers need: is it that, is it a keyframe, how large is it. Facts are of ITU-T H.264.

use super::bits::{BitError, Bits};
use super::start_code::{looks_like_mpeg4, start_codes};
use memchr::memmem;

const SLICE: u8 = 1;
const IDR_SLICE: u8 = 5;
const SEI: u8 = 6;
/// `nal_unit_type` of a sequence parameter set.
pub const SPS: u8 = 7;
/// `nal_unit_type` of a picture parameter set.
pub const PPS: u8 = 8;
const DELIMITER: u8 = 9;

/// A parameter set is looked at no further than this.
const MAX_SPS: usize = 1024;

/// `data` begins with a start code of three bytes, any zeros before it, and the header of a NAL unit that an access unit of a
/// recorder begins with: 67, 68, 65, 61, 41, 27, 28, 25, 21, 09, 06 and their kin.
pub fn looks_like_h264(data: &[u8]) -> bool {
    let zeros = data.iter().take(8).take_while(|byte| **byte == 0).count();
    if zeros < 2 || data.get(zeros) != Some(&1) {
        return false;
    }
    let Some(header) = zeros.checked_add(1).and_then(|at| data.get(at)) else {
        return false;
    };
    let start = zeros.saturating_sub(2);
    let importance = (header >> 5) & 3;
    let plausible = header & 0x80 == 0
        && match header & 0x1f {
            SLICE => true,
            IDR_SLICE | SPS | PPS => importance != 0,
            SEI | DELIMITER => importance == 0,
            _ => false,
        };
    plausible && !looks_like_mpeg4(data.get(start..).unwrap_or_default())
}

/// The beginning of a NAL unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Where its start code begins, the zero before it included.
    pub at: usize,
    /// The byte behind the start code.
    pub header: u8,
    /// The byte behind that.
    pub next: u8,
}

impl Unit {
    /// The bit that must be 0 is.
    pub fn is_valid(self) -> bool {
        self.header & 0x80 == 0
    }

    /// `nal_unit_type`.
    pub fn kind(self) -> u8 {
        self.header & 0x1f
    }

    /// A coded slice, or its first partition.
    pub fn is_slice(self) -> bool {
        self.is_valid() && matches!(self.kind(), SLICE | 2 | IDR_SLICE)
    }

    /// A slice whose `first_mb_in_slice` is 0: one bit that is set.
    pub fn is_first_slice(self) -> bool {
        self.is_slice() && self.next & 0x80 != 0
    }

    /// An access unit begins here, if one with a slice is before: SEI, parameter sets, delimiter (7.4.1.2.3), or a slice.
    pub fn begins(self) -> bool {
        self.is_valid() && matches!(self.kind(), SEI..=DELIMITER) || self.is_first_slice()
    }

    /// The first slice of a frame of I slices (`slice_type` 2 or 7).
    pub fn is_intra(self) -> bool {
        self.next >> 4 == 0b1011 || self.next == 0b1000_1000
    }
}

/// The units of `data` (Annex B) whose first bytes are there; at the end of the file, the last may lack them.
pub fn units(data: &[u8], last: bool) -> impl Iterator<Item = Unit> + '_ {
    memmem::find_iter(data, &[0, 0, 1]).map_while(move |code| {
        let before = code.checked_sub(1);
        let zero = before.filter(|before| data.get(*before) == Some(&0));
        let header = data.get(code.saturating_add(3));
        let next = data.get(code.saturating_add(4)).copied();
        Some(Unit {
            at: zero.unwrap_or(code),
            header: *header?,
            next: if last { next.unwrap_or(0) } else { next? },
        })
    })
}

/// The first coded slice of the access unit is of an IDR picture.
pub fn is_key(data: &[u8]) -> bool {
    first_slice_is_key(data) == Some(true)
}

/// Whether the first coded slice in `data`, which may be only the start of an access unit, is of an IDR picture; `None` where there
/// is no slice.
pub fn first_slice_is_key(data: &[u8]) -> Option<bool> {
    start_codes(data)
        .map(|(_, header)| header & 0x1f)
        .find(|unit| matches!(*unit, SLICE..=IDR_SLICE))
        .map(|unit| unit == IDR_SLICE)
}

/// Picture size in pixels, cropping done, from the first sequence parameter set of `data`. `None` where there is none or it
/// does not read as one.
pub fn picture_size(data: &[u8]) -> Option<(u16, u16)> {
    let (at, _) = start_codes(data).find(|(_, header)| header & 0x1f == SPS)?;
    let body = data.get(at.checked_add(4)?..)?;
    let end = start_codes(body).next().map_or(body.len(), |(at, _)| at);
    let unit = unescape(body.get(..end.min(MAX_SPS))?);
    parse_sps(&mut Bits::new(&unit)).ok().flatten()
}

/// Takes out the bytes 03 that keep start codes from appearing.
fn unescape(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut zeros = 0u8;
    for byte in body {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 {
            zeros.saturating_add(1)
        } else {
            0
        };
        out.push(*byte);
    }
    out
}

/// An unsigned Exp-Golomb number.
fn golomb(bits: &mut Bits<'_>) -> Result<u32, BitError> {
    let zeros = bits.peek32().leading_zeros();
    if zeros > 31 {
        return Err(BitError::Expected {
            bit: bits.position(),
            expected: "an Exp-Golomb number",
        });
    }
    bits.skip(zeros as usize)?;
    let value = bits.take(zeros.saturating_add(1))?;
    Ok(value.saturating_sub(1))
}

fn parse_sps(bits: &mut Bits<'_>) -> Result<Option<(u16, u16)>, BitError> {
    let profile = bits.take(8)?;
    bits.take(16)?; // constraints, level
    golomb(bits)?; // id
    let mut chroma = 1;
    if matches!(
        profile,
        44 | 83 | 86 | 100 | 110 | 118 | 122 | 128 | 134 | 135 | 138 | 139 | 244
    ) {
        chroma = parse_high_profile(bits)?;
    }
    golomb(bits)?; // bits of the frame number
    match golomb(bits)? {
        0 => {
            golomb(bits)?;
        }
        1 => {
            bits.take(1)?;
            golomb(bits)?;
            golomb(bits)?;
            for _ in 0..golomb(bits)?.min(255) {
                golomb(bits)?;
            }
        }
        _ => {}
    }
    golomb(bits)?; // reference frames
    bits.take(1)?;
    let across = golomb(bits)?.saturating_add(1);
    let down = golomb(bits)?.saturating_add(1);
    let frames_only = bits.flag()?;
    if !frames_only {
        bits.take(1)?;
    }
    bits.take(1)?;
    let field_factor: u32 = if frames_only { 1 } else { 2 };
    let mut width = across.saturating_mul(16);
    let mut height = down.saturating_mul(16).saturating_mul(field_factor);
    if bits.flag()? {
        let (x, y) = match chroma {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let y = field_factor.saturating_mul(y);
        for _ in 0..2 {
            width = width.saturating_sub(golomb(bits)?.saturating_mul(x));
        }
        for _ in 0..2 {
            height = height.saturating_sub(golomb(bits)?.saturating_mul(y));
        }
    }
    let size = (u16::try_from(width).ok(), u16::try_from(height).ok());
    Ok(match size {
        (Some(width), Some(height)) if width > 0 && height > 0 => Some((width, height)),
        _ => None,
    })
}

/// The fields that only the high profiles have. Answers the chroma format.
fn parse_high_profile(bits: &mut Bits<'_>) -> Result<u32, BitError> {
    let chroma = golomb(bits)?;
    if chroma == 3 {
        bits.take(1)?;
    }
    golomb(bits)?; // bit depths
    golomb(bits)?;
    bits.take(1)?;
    if bits.flag()? {
        let lists = if chroma == 3 { 12 } else { 8 };
        for list in 0..lists {
            if bits.flag()? {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Ok(chroma)
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: usize) -> Result<(), BitError> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            let code = i64::from(golomb(bits)?);
            let half = code.saturating_add(1) / 2;
            let delta = if code % 2 == 1 {
                half
            } else {
                half.saturating_neg()
            };
            next = last.saturating_add(delta).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_units_are_told_from_mpeg4() {
        for header in [
            0x67, 0x68, 0x65, 0x61, 0x41, 0x27, 0x28, 0x25, 0x21, 0x09, 0x06,
        ] {
            assert!(
                looks_like_h264(&[0, 0, 1, header, 0x42, 0, 0, 0, 1, 0x65]),
                "{header:02x}"
            );
            assert!(
                looks_like_h264(&[0, 0, 0, 1, header, 0x42, 0]),
                "{header:02x}"
            );
        }
        assert!(!looks_like_h264(&[0, 0, 1, 0xb6, 0x10]));
        assert!(!looks_like_h264(&[0, 0, 1, 0x00, 0, 0, 1, 0x20]));
        assert!(!looks_like_h264(&[0, 0, 1, 0x60, 1]));
        assert!(!looks_like_h264(&[0, 1, 0x67]));
        assert!(!looks_like_h264(&[0, 0, 1]));
        assert!(!looks_like_h264(&[0; 20]));
    }

    #[test]
    fn keyframes() {
        assert!(is_key(&[
            0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3
        ]));
        assert!(!is_key(&[
            0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, 3, 0, 0, 1, 0x65
        ]));
        assert!(!is_key(&[0, 0, 1, 0x67, 1]));
    }

    #[test]
    fn size_of_a_baseline_parameter_set() {
        // profile 66, level 30; 40 x 30 macroblocks, frames only, no cropping: laid out by hand
        let sps = [
            0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x40,
        ];
        assert_eq!(picture_size(&sps), Some((640, 480)));
        assert_eq!(picture_size(&sps[..9]), None);
        assert_eq!(picture_size(&[0, 0, 1, 0x65, 1, 2]), None);
    }
}
