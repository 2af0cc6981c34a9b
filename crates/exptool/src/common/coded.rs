// SPDX-License-Identifier: MPL-2.0
//! Coded frames, hashed so that the hash outlives a change of container.

use formats::{mpeg4::start_code, reader::Codec};
use sha2::{Digest, Sha256};

/// The part of the coded bytes that is the frame itself: for MPEG-4 from the VOP's start code on, for JPEG and audio all of it.
/// What stands before (sequence headers) is added and left out by containers at will.
pub fn coded_frame(codec: Codec, bytes: &[u8]) -> &[u8] {
    match codec {
        Codec::Mpeg4 => start_code::vop_offset(bytes)
            .and_then(|at| bytes.get(at..))
            .unwrap_or(bytes),
        _ => bytes,
    }
}

/// SHA-256 of the coded frame. For H.264 of its slices (NAL unit types 1 to 5), each behind a start code of four bytes:
/// parameter sets and delimiters are added and left out by containers at will.
pub fn hash_coded(codec: Codec, bytes: &[u8]) -> [u8; 32] {
    if codec != Codec::H264 {
        return Sha256::digest(coded_frame(codec, bytes)).into();
    }
    let mut sum = Sha256::new();
    for unit in nal_units(bytes) {
        let kind = unit.first().map_or(0, |head| head & 0x1f);
        if (1..=5).contains(&kind) {
            sum.update([0, 0, 0, 1]);
            sum.update(unit);
        }
    }
    sum.finalize().into()
}

/// NAL units of an Annex B byte stream, without the zeros between them.
fn nal_units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts: Vec<usize> = memchr::memmem::find_iter(bytes, &[0, 0, 1]).collect();
    let ends: Vec<usize> = starts
        .iter()
        .copied()
        .skip(1)
        .chain([bytes.len()])
        .collect();
    starts.into_iter().zip(ends).map(move |(start, end)| {
        let unit = bytes.get(start + 3..end).unwrap_or_default();
        let zeros = unit.iter().rev().take_while(|byte| **byte == 0).count();
        unit.get(..unit.len() - zeros).unwrap_or_default()
    })
}

/// A hash as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Name of a codec in output for people and machines.
pub fn codec_name(codec: Codec) -> &'static str {
    codec.name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_headers_and_parameter_sets_do_not_change_the_hash() {
        let vop = [0, 0, 1, 0xb6, 0x10, 0x61, 1, 2, 3];
        let with_vol = [&[0, 0, 1, 0xb0, 1, 0, 0, 1, 0x20, 9, 9][..], &vop].concat();
        assert_eq!(
            hash_coded(Codec::Mpeg4, &vop),
            hash_coded(Codec::Mpeg4, &with_vol)
        );
        let idr = [0, 0, 0, 1, 0x65, 0x88, 1, 2];
        let with_sps = [
            &[0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 66, 0, 0, 0, 1][..],
            &idr[4..],
        ]
        .concat();
        assert_eq!(
            hash_coded(Codec::H264, &idr),
            hash_coded(Codec::H264, &with_sps)
        );
        let mut other = idr;
        other[6] = 9;
        assert_ne!(
            hash_coded(Codec::H264, &idr),
            hash_coded(Codec::H264, &other)
        );
    }
}
