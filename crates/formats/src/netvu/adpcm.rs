// SPDX-License-Identifier: MPL-2.0
//! IMA ADPCM as these units write it (verified: the state at the end of a block is the header of the next, in two captures).
//!
//! A block is predictor (i16, big-endian), step index (0 to 88), a zero byte, then codes of four bits, the high half of a byte
//! first. The predictor is the state before the first code and no sample itself. No caps of GStreamer name this form, and the
//! length changes from block to block, so it is decoded here.

use crate::cursor::{Short, bytes_at};

const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/// Bytes before the codes.
pub const HEADER: usize = 4;

/// Predictor and step index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Last sample.
    pub predictor: i16,
    /// 0 to 88.
    pub index: u8,
}

impl State {
    /// The state that a block begins with; `Ok(None)` where its bytes are no valid header.
    pub fn parse(block: &[u8]) -> Result<Option<State>, Short> {
        let [high, low, index, zero] = bytes_at::<HEADER>(block, 0)?;
        Ok((index <= 88 && zero == 0).then_some(State {
            predictor: i16::from_be_bytes([high, low]),
            index,
        }))
    }

    /// The next sample.
    fn step(&mut self, code: u8) -> i16 {
        let step = STEPS.get(usize::from(self.index)).copied().unwrap_or(7);
        let mut difference = step >> 3;
        for (bit, shift) in [(4, 0), (2, 1), (1, 2)] {
            if code & bit != 0 {
                difference = difference.saturating_add(step >> shift);
            }
        }
        if code & 8 != 0 {
            difference = difference.saturating_neg();
        }
        let sample = i32::from(self.predictor)
            .saturating_add(difference)
            .clamp(i32::from(i16::MIN), i32::from(i16::MAX));
        self.predictor = i16::try_from(sample).unwrap_or(0);
        self.index = match code & 7 {
            0..=3 => self.index.saturating_sub(1),
            4 => self.index.saturating_add(2),
            5 => self.index.saturating_add(4),
            6 => self.index.saturating_add(6),
            _ => self.index.saturating_add(8),
        }
        .min(88);
        self.predictor
    }
}

/// Decodes a whole block to signed 16-bit little-endian samples, two for each byte of codes; also answers the state at its end.
/// `None` where the block has no valid header.
pub fn decode(block: &[u8]) -> Option<(Box<[u8]>, State)> {
    let mut state = State::parse(block).ok().flatten()?;
    let codes = block.get(HEADER..).unwrap_or_default();
    let mut out = Vec::with_capacity(codes.len().saturating_mul(4));
    for byte in codes {
        out.extend(state.step(byte >> 4).to_le_bytes());
        out.extend(state.step(byte & 15).to_le_bytes());
    }
    Some((out.into_boxed_slice(), state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_samples_of_a_real_block() {
        let (samples, _) = decode(&[0xff, 0xf7, 0x29, 0, 0x6d, 0x0a, 0x81, 0x92]).unwrap();
        let samples: Vec<i16> = samples
            .as_chunks()
            .0
            .iter()
            .map(|pair| i16::from_le_bytes(*pair))
            .collect();
        assert_eq!(samples, [593, -311, -191, -738, -837, -566, -812, -439][..]);
    }

    #[test]
    fn loud_codes_stay_in_range() {
        let mut block = vec![0x7f, 0xff, 88, 0];
        block.extend([0x77; 100]);
        block.extend([0xff; 100]);
        let (samples, state) = decode(&block).unwrap();
        assert_eq!(samples.len(), 800);
        assert_eq!(&samples[..2], i16::MAX.to_le_bytes());
        assert_eq!((state.predictor, state.index), (i16::MIN, 88));
    }

    #[test]
    fn what_is_no_block() {
        assert_eq!(decode(&[0, 0, 89, 0, 1]), None);
        assert_eq!(decode(&[0, 0, 1, 1, 1]), None);
        assert_eq!(decode(&[0, 0, 1]), None);
    }
}
