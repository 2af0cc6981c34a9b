// SPDX-License-Identifier: MPL-2.0
//! Which codec a payload is in. Units declare H.264 as MPEG-4 (stated), so the bytes decide, never the type alone.

use crate::mpeg4::h264;
use crate::reader::Codec;
use memchr::memmem;

/// Bytes in which an VOP start code is looked for behind other headers.
const HEADERS: usize = 1024;

/// Bytes of a frame that show codec and kind; `data` is the beginning of it.
pub fn shown_in(data: &[u8]) -> usize {
    match data {
        [0, 0, 1, 0xb6, ..] => 5,
        _ => HEADERS,
    }
}

/// The byte after the start code at the very start of `data`, and whether the code has four bytes.
fn first_code(data: &[u8]) -> Option<(u8, bool)> {
    match data.first_chunk::<5>()? {
        [0, 0, 1, code, _] => Some((*code, false)),
        [0, 0, 0, 1, code] => Some((*code, true)),
        _ => None,
    }
}

/// `data` begins with a start code of MPEG-4 or H.264.
pub fn begins_with_code(data: &[u8]) -> bool {
    data.starts_with(&[0, 0, 1]) || data.starts_with(&[0, 0, 0, 1])
}

/// The codec of a frame, `None` where it begins with no start code. `declared` is what the type, or an earlier frame of the
/// stream, names.
///
/// Codes from 80 on are MPEG-4 (an H.264 unit has that bit clear). Below, four-byte codes and the numbers that no MPEG-4
/// object has are H.264. What is left could be either: MPEG-4 then has a VOP soon after.
pub fn codec(data: &[u8], declared: Codec) -> Option<Codec> {
    let (code, long) = first_code(data)?;
    if code >= 0x80 {
        return Some(Codec::Mpeg4);
    }
    if long || code >= 0x30 {
        // no unit of a recorder has another type
        return matches!(code & 0x1f, 1..=12).then_some(Codec::H264);
    }
    if vop(data).is_some() {
        return Some(Codec::Mpeg4);
    }
    match code {
        0x06 | 0x09 | 0x21 | 0x25 | 0x27 | 0x28 => Some(Codec::H264),
        _ => Some(declared),
    }
}

/// The byte after the VOP start code.
fn vop(data: &[u8]) -> Option<u8> {
    if let [0, 0, 1, 0xb6, byte, ..] = data {
        return Some(*byte);
    }
    let head = data.get(..HEADERS).unwrap_or(data);
    let at = memmem::find(head, &[0, 0, 1, 0xb6])?;
    data.get(at.saturating_add(4)).copied()
}

/// The frame can be decoded alone: an I VOP (verified against the header's own flag), or an IDR slice.
pub fn is_key(data: &[u8], codec: Codec) -> bool {
    match codec {
        Codec::Mpeg4 => vop(data).is_some_and(|byte| byte >> 6 == 0),
        Codec::H264 => h264::is_key(data),
        _ => true,
    }
}

/// Width and height of a Windows bitmap with an info header of 40 bytes (verified on one unit); negative heights are top-down.
pub(super) fn bitmap_size(data: &[u8]) -> Option<(u16, u16)> {
    use crate::cursor::i32_le;
    let side = |at| u16::try_from(i32_le(data, at).ok()?.unsigned_abs()).ok();
    let size = (side(18)?, side(22)?);
    (size.0 > 0 && size.1 > 0).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_by_their_first_code() {
        let mpeg4 = |data: &[u8]| codec(data, Codec::Mpeg4);
        assert_eq!(mpeg4(&[0, 0, 1, 0xb6, 0x10]), Some(Codec::Mpeg4));
        assert_eq!(mpeg4(&[0, 0, 1, 0xb0, 3]), Some(Codec::Mpeg4));
        assert_eq!(
            mpeg4(&[0, 0, 1, 1, 0, 0, 1, 0x20, 2, 0, 0, 1, 0xb6, 0x10]),
            Some(Codec::Mpeg4)
        );
        assert_eq!(mpeg4(&[0, 0, 1, 9, 0x10, 0, 0, 1, 0x67]), Some(Codec::H264));
        assert_eq!(mpeg4(&[0, 0, 0, 1, 0x67]), Some(Codec::H264));
        assert_eq!(mpeg4(&[0, 0, 1, 0x41, 0x9a]), Some(Codec::H264));
        assert_eq!(mpeg4(&[0, 0, 0, 1, 0xb6, 0x50]), Some(Codec::Mpeg4));
        assert_eq!(codec(&[0, 0, 1, 1, 7], Codec::H264), Some(Codec::H264));
        assert_eq!(mpeg4(&[0, 0, 2, 1, 7]), None);
        assert_eq!(mpeg4(&[0, 0, 1]), None);
    }

    #[test]
    fn keyframes() {
        assert!(is_key(&[0, 0, 1, 0xb6, 0x10], Codec::Mpeg4));
        assert!(!is_key(&[0, 0, 1, 0xb6, 0x50], Codec::Mpeg4));
        let idr = [0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 1];
        assert!(is_key(&idr, Codec::H264));
        assert!(!is_key(&[0, 0, 1, 0x41, 1, 0, 0, 1, 0x65], Codec::H264));
    }
}
