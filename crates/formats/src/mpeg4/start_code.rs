// SPDX-License-Identifier: MPL-2.0
//! Start codes of MPEG-4 Part 2: 00 00 01 and a byte that says what follows.

use std::ops::RangeInclusive;

use memchr::memmem;

use super::vol::VolParams;

/// Video object: nothing follows it but the next start code.
pub const VO: RangeInclusive<u8> = 0x00..=0x1f;
/// Video object layer, the header with the picture size.
pub const VOL: RangeInclusive<u8> = 0x20..=0x2f;
/// Visual object sequence: profile and level.
pub const VOS: u8 = 0xb0;
/// End of the sequence.
pub const VOS_END: u8 = 0xb1;
/// User data.
pub const USER_DATA: u8 = 0xb2;
/// Group of VOPs.
pub const GOV: u8 = 0xb3;
/// Visual object.
pub const VISUAL_OBJECT: u8 = 0xb5;
/// A picture.
pub const VOP: u8 = 0xb6;
/// The bytes of a VOP's start code.
pub const VOP_BYTES: [u8; 4] = [0, 0, 1, VOP];

/// All start codes of `data` in order: offset of the first 0 and the byte after the 1. A code cut off by the end is left out.
pub fn start_codes(data: &[u8]) -> impl Iterator<Item = (usize, u8)> + '_ {
    memmem::find_iter(data, &[0, 0, 1]).filter_map(|at| {
        let code = *data.get(at.checked_add(3)?)?;
        Some((at, code))
    })
}

/// May stand before a picture in the same access unit.
fn is_header(code: u8) -> bool {
    VO.contains(&code)
        || VOL.contains(&code)
        || matches!(code, VOS | USER_DATA | GOV | VISUAL_OBJECT)
}

/// Offset of the picture's start code in an access unit: sequence headers, user data, a GOV and zero bytes may stand before
/// it, anything else may not.
pub fn vop_offset(data: &[u8]) -> Option<usize> {
    let mut first = true;
    for (at, code) in start_codes(data) {
        if first && data.get(..at)?.iter().any(|byte| *byte != 0) {
            return None;
        }
        first = false;
        match code {
            VOP => return Some(at),
            code if is_header(code) => {}
            _ => return None,
        }
    }
    None
}

/// `data` begins with a start code that an MPEG-4 picture or its headers begin with.
///
/// VO and VOL codes are NAL headers of H.264 too (09, 25, 27 …), so there the bytes after them have to fit as well: a VO has
/// no body, a VOL is parsed.
pub fn looks_like_mpeg4(data: &[u8]) -> bool {
    let Some([0, 0, 1, code]) = data.first_chunk::<4>().copied() else {
        return false;
    };
    match code {
        VOS | USER_DATA | GOV | VISUAL_OBJECT | VOP => true,
        code if VO.contains(&code) => match data.get(4..8) {
            Some([0, 0, 1, next]) => *next == USER_DATA || VOL.contains(next),
            _ => false,
        },
        code if VOL.contains(&code) => {
            let next = start_codes(data).nth(1).map(|(_, code)| code);
            VolParams::parse(data).is_ok() && matches!(next, None | Some(USER_DATA | GOV | VOP))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First I picture of unit 206, as the description of that format prints it (verified).
    const UNIT_206: [u8; 26] = [
        0, 0, 1, 1, 0, 0, 1, 0x20, 0x02, 0x04, 0x40, 0x07, 0xa8, 0x58, 0x21, 0x00, 0xa3, 0x1f, 0,
        0, 1, 0xb6, 0x10, 0x60, 0x51, 0x82,
    ];

    #[test]
    fn headers_before_a_picture_are_passed() {
        assert_eq!(vop_offset(&UNIT_206), Some(18));
        assert_eq!(vop_offset(&UNIT_206[18..]), Some(0));
        assert_eq!(vop_offset(&[0, 0, 0, 1, 0xb6, 0x10]), Some(1));
        assert_eq!(vop_offset(&[7, 0, 0, 1, 0xb6, 0x10]), None);
        assert_eq!(vop_offset(&[0, 0, 1, 0x65, 0, 0, 1, 0xb6]), None);
        assert_eq!(vop_offset(&[0, 0, 1]), None);
    }

    #[test]
    fn headers_are_told_from_nal_units() {
        assert!(looks_like_mpeg4(&UNIT_206));
        assert!(looks_like_mpeg4(&UNIT_206[4..]));
        assert!(looks_like_mpeg4(&UNIT_206[18..]));
        assert!(!looks_like_mpeg4(&[0, 0, 0, 1, 0xb6]));
        // access unit delimiter, then a parameter set
        assert!(!looks_like_mpeg4(&[
            0, 0, 1, 9, 0xf0, 0, 0, 1, 0x27, 0x42, 0, 0x1e
        ]));
        assert!(!looks_like_mpeg4(&[
            0, 0, 1, 0x27, 0x42, 0xc0, 0x1e, 0xda, 2, 0xc0, 0xf6, 0x40, 0, 0, 1, 0x28, 0xce
        ]));
    }

    #[test]
    fn eight_bytes_are_enough_for_an_object_and_its_layer() {
        assert!(looks_like_mpeg4(&UNIT_206[..8]));
        assert!(!looks_like_mpeg4(&UNIT_206[..7]));
    }

    #[test]
    fn start_codes_are_all_found() {
        let found: Vec<_> = start_codes(&UNIT_206).collect();
        assert_eq!(found, [(0, 1), (4, 0x20), (18, 0xb6)]);
    }
}
