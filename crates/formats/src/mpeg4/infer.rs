// SPDX-License-Identifier: MPL-2.0
//! Finds out how wide the time increment and the quantiser are in pictures whose VOL was left out.
//!
//! Every width of the increment (1..=16) and of the quantiser (3..=9) is tried on every picture. A pair of widths agrees with a
//! picture when both marker bits are 1, `vop_coded` is 1, and the quantiser and the fcodes are not 0. The pair that agrees
//! with most pictures holds. On a tie, in this order:
//!
//! 1. a pair under which the macroblocks of whole keyframes, where they were given, lead exactly to the picture's end,
//! 2. a pair under which `vop_fcode_forward` hardly changes over the P pictures (recorders never change it: verified on PLV1;
//!    encoders change it by little),
//! 3. the standard's 5-bit quantiser, then the narrowest: one too wide takes in the fcode and macroblock bits, which may well
//!    be the same on all pictures, one too narrow shows the quantiser's low bits as fcode, which change,
//! 4. a pair under which `intra_dc_vlc_thr` is 0 on most pictures: a width one too small shows the end of the true header
//!    there, which begins with a 1,
//! 5. the wider increment: a narrower one holds only because low bits of the true increment happen to be 1.

use std::cmp::Reverse;

use super::macroblocks::IntraPicture;
use super::size::size_of_count;
use super::start_code::VOP_BYTES;
use super::vol::{VolParams, increment_bits};
use super::vop::VopType;

const MIN_QUANT_BITS: u8 = 3;
const QUANT_WIDTHS: usize = 7;
const INCREMENT_WIDTHS: usize = 16;
/// A shorter VOP is one that is not coded: it has a header of at most 8 bytes and says nothing of the quantiser.
const MIN_CODED: usize = 12;
/// Fewer pictures than this make nothing certain.
const MIN_CERTAIN: u32 = 8;
/// No more keyframes than this are walked through.
const MAX_WALKED: u32 = 8;
/// Resolutions that encoders use, the likelier first.
const USUAL_RESOLUTIONS: [u16; 24] = [
    30, 25, 15, 10, 5, 50, 60, 100, 120, 1000, 30000, 24, 20, 12, 2, 3, 6, 8, 7, 24000, 25000,
    60000, 200, 600,
];

/// What the pictures say under one pair of widths.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    agree: u32,
    threshold_zero: u32,
    fcodes: [u32; 8],
    max_increment: u16,
    /// Keyframes whose macroblocks lead exactly to their end and are as many as a recorder's size has.
    complete: u32,
}

impl Tally {
    fn predicted(&self) -> u32 {
        self.fcodes.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// The fcodes are such as an encoder chooses: those of a sixteenth of the P pictures or more are no further apart than 2 and none is above 5, which is for motion of more than 256 pixels. A
    /// width that is too small puts low bits of the quantiser in the place of the fcode's high bits.
    fn calm_fcodes(&self) -> bool {
        let least = (self.predicted() / 16).max(1);
        let common = |n: &u32| *n >= least;
        let first = self.fcodes.iter().position(common).unwrap_or(0);
        let last = self.fcodes.iter().rposition(common).unwrap_or(0);
        last.saturating_sub(first) <= 2 && last <= 5
    }

    fn threshold_mostly_zero(&self) -> bool {
        self.threshold_zero > self.agree / 2
    }
}

/// The fields of one picture under one pair of widths.
struct Fields {
    increment: u16,
    threshold: u32,
    fcode: Option<usize>,
}

/// The first bits of a VOP after its start code.
struct Head(u128);

impl Head {
    fn bits(&self, at: u32, count: u32) -> u32 {
        let shift = 128u32.saturating_sub(at).saturating_sub(count);
        let mask = 1u128.checked_shl(count).unwrap_or(0).wrapping_sub(1);
        (self.0.checked_shr(shift).unwrap_or(0) & mask) as u32
    }

    fn read(&self, increment_bits: u32, quant_bits: u32) -> Option<Fields> {
        let kind = self.bits(0, 2);
        let ones = (self.0.wrapping_shl(2)).leading_ones();
        if kind == 3 || ones > 60 {
            return None;
        }
        let marker = ones.saturating_add(3);
        let increment_at = marker.saturating_add(1);
        let second = increment_at.saturating_add(increment_bits);
        // marker, and after the increment marker and vop_coded
        if self.bits(marker, 1) != 1 || self.bits(second, 2) != 3 {
            return None;
        }
        // P pictures have a rounding bit before the threshold
        let threshold_at = second.saturating_add(if kind == 1 { 3 } else { 2 });
        let quant_at = threshold_at.saturating_add(3);
        if self.bits(quant_at, quant_bits) == 0 {
            return None;
        }
        let fcode_at = quant_at.saturating_add(quant_bits);
        let fcode = match kind {
            0 => None,
            _ => Some(self.bits(fcode_at, 3) as usize).filter(|code| *code != 0),
        };
        if kind != 0 && fcode.is_none() {
            return None;
        }
        Some(Fields {
            increment: self.bits(increment_at, increment_bits) as u16,
            threshold: self.bits(threshold_at, 3),
            fcode: fcode.filter(|_| kind == 1),
        })
    }
}

/// Gathers what pictures of one camera say of the field widths in their headers. Cheap: 112 pairs of widths, no memory but
/// its own few kilobytes.
#[derive(Clone, Debug)]
pub struct Inference {
    tallies: [[Tally; QUANT_WIDTHS]; INCREMENT_WIDTHS],
    pictures: u32,
    walked: u32,
}

impl Default for Inference {
    fn default() -> Self {
        Self::new()
    }
}

impl Inference {
    /// Nothing known yet.
    pub fn new() -> Self {
        Inference {
            tallies: [[Tally::default(); QUANT_WIDTHS]; INCREMENT_WIDTHS],
            pictures: 0,
            walked: 0,
        }
    }

    /// Adds a picture: the bytes of a VOP from its start code on, of which no more than 20 are looked at. Anything else, and a
    /// VOP of less than 12 bytes, which holds no picture, is skipped.
    pub fn add(&mut self, vop: &[u8]) {
        if vop.len() < MIN_CODED || !vop.starts_with(&VOP_BYTES) {
            return;
        }
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(vop.iter().skip(4)) {
            *to = *from;
        }
        if bytes.first().map(|byte| VopType::from_byte(*byte)) == Some(VopType::S) {
            return;
        }
        self.pictures = self.pictures.saturating_add(1);
        let head = Head(u128::from_be_bytes(bytes));
        for (row, increment_bits) in self.tallies.iter_mut().zip(1u32..) {
            for (tally, quant_bits) in row.iter_mut().zip(u32::from(MIN_QUANT_BITS)..) {
                let Some(fields) = head.read(increment_bits, quant_bits) else {
                    continue;
                };
                tally.agree = tally.agree.saturating_add(1);
                tally.max_increment = tally.max_increment.max(fields.increment);
                if fields.threshold == 0 {
                    tally.threshold_zero = tally.threshold_zero.saturating_add(1);
                }
                if let Some(count) = fields.fcode.and_then(|code| tally.fcodes.get_mut(code)) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// Adds a keyframe with all its bytes. Its macroblocks are walked through under each pair of widths its header allows,
    /// which settles most ties. Costs some milliseconds; pictures after the eighth, and all but I pictures, are added as by
    /// [`Inference::add`].
    pub fn add_key(&mut self, vop: &[u8]) {
        self.add(vop);
        let key = vop.get(4).map(|byte| VopType::from_byte(*byte)) == Some(VopType::I);
        if !key || self.walked >= MAX_WALKED || vop.len() < MIN_CODED {
            return;
        }
        self.walked = self.walked.saturating_add(1);
        for (row, increment_bits) in self.tallies.iter_mut().zip(1u8..) {
            for (tally, quant_bits) in row.iter_mut().zip(MIN_QUANT_BITS..) {
                let vol = VolParams {
                    increment_bits,
                    quant_bits,
                    ..VolParams::new(0, 0)
                };
                let count = IntraPicture::parse(vop, &vol).map(|picture| picture.macroblocks.len());
                if count.ok().and_then(size_of_count).is_some() {
                    tally.complete = tally.complete.saturating_add(1);
                }
            }
        }
    }

    /// What holds so far. Without any picture: the standard's widths, not certain.
    pub fn result(&self) -> Inferred {
        let most = self
            .pairs()
            .map(|(.., tally)| tally.agree)
            .max()
            .unwrap_or(0);
        if most == 0 {
            return Inferred {
                increment_bits: 5,
                quant_bits: 5,
                max_increment: 0,
                pictures: self.pictures,
                agree: 0,
                certain: false,
            };
        }
        // damaged pictures cost even the true pair a few
        let enough = most.saturating_sub(most / 64);
        let tied = || self.pairs().filter(|(.., tally)| tally.agree >= enough);
        let best = tied().max_by_key(|(increment_bits, quant_bits, tally)| {
            (
                tally.complete,
                tally.calm_fcodes(),
                *quant_bits == 5,
                Reverse(*quant_bits),
                tally.threshold_mostly_zero(),
                *increment_bits,
                tally.agree,
            )
        });
        let (increment_bits, quant_bits, tally) = best.unwrap_or((5, 5, &self.tallies[0][0]));
        let rivalled = tied().any(|(other_increment, other_quant, other)| {
            let same = (other_increment, other_quant) == (increment_bits, quant_bits);
            !same && !outdoes(tally, other)
        });
        let most_agree = tally.agree >= self.pictures.saturating_sub(self.pictures / 8);
        Inferred {
            increment_bits,
            quant_bits,
            max_increment: tally.max_increment,
            pictures: self.pictures,
            agree: tally.agree,
            certain: !rivalled
                && most_agree
                && (self.pictures >= MIN_CERTAIN || tally.complete >= 2),
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (u8, u8, &Tally)> {
        self.tallies
            .iter()
            .zip(1u8..)
            .flat_map(|(row, increment_bits)| {
                row.iter()
                    .zip(MIN_QUANT_BITS..)
                    .map(move |(tally, quant_bits)| (increment_bits, quant_bits, tally))
            })
    }
}

/// `best` does not win over `other`, which agrees with as many pictures, by mere preference.
fn outdoes(best: &Tally, other: &Tally) -> bool {
    if best.complete != other.complete {
        return best.complete > other.complete.saturating_mul(2);
    }
    let calmer = best.calm_fcodes() && !other.calm_fcodes() && other.predicted() >= 16;
    let plainer = best.threshold_zero == best.agree && other.threshold_zero == 0;
    calmer || plainer
}

/// The widths that hold, see [`Inference`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inferred {
    /// Bits of `vop_time_increment`, 1..=16.
    pub increment_bits: u8,
    /// Bits of `vop_quant`, 3..=9.
    pub quant_bits: u8,
    /// The largest increment seen; the resolution is larger.
    pub max_increment: u16,
    /// Pictures looked at.
    pub pictures: u32,
    /// Pictures that agree.
    pub agree: u32,
    /// Enough pictures agree and no other pair of widths explains them as well.
    pub certain: bool,
}

impl Inferred {
    /// A `vop_time_increment_resolution` that takes exactly these bits and is above the largest increment: `hint` where it
    /// fits, else a usual one (30 for 5 bits), else the largest that fits.
    pub fn resolution(&self, hint: Option<u16>) -> u16 {
        let bits = self.increment_bits.clamp(1, 16);
        let highest = u32::from(u16::MAX).min(1u32.wrapping_shl(bits.into())) as u16;
        hint.into_iter()
            .chain(USUAL_RESOLUTIONS)
            .find(|resolution| {
                increment_bits(*resolution) == bits
                    && *resolution > self.max_increment
                    && *resolution > 0
            })
            .unwrap_or(highest)
    }

    /// The VOL for pictures of this size; `hint` as for [`Inferred::resolution`].
    pub fn vol(&self, width: u16, height: u16, hint: Option<u16>) -> VolParams {
        VolParams {
            quant_bits: self.quant_bits,
            ..VolParams::new(width, height).with_resolution(self.resolution(hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitstream_io::{BigEndian, BitWrite, BitWriter};

    /// A VOP header and noise after it.
    fn vop(
        key: bool,
        widths: (u32, u32),
        increment: u32,
        rounding: bool,
        quant: u32,
        fcode: u32,
        noise: u32,
    ) -> Vec<u8> {
        let mut out = VOP_BYTES.to_vec();
        let mut bits = BitWriter::endian(Vec::new(), BigEndian);
        bits.write_var::<u32>(2, u32::from(!key)).unwrap();
        bits.write_var::<u32>(2, 0b01).unwrap();
        bits.write_var::<u32>(widths.0, increment).unwrap();
        bits.write_var::<u32>(2, 0b11).unwrap();
        if !key {
            bits.write_bit(rounding).unwrap();
        }
        bits.write_var::<u32>(3, 0).unwrap();
        bits.write_var::<u32>(widths.1, quant).unwrap();
        if !key {
            bits.write_var::<u32>(3, fcode).unwrap();
        }
        bits.write_var::<u32>(32, noise).unwrap();
        bits.write_var::<u32>(32, noise.wrapping_mul(7)).unwrap();
        bits.write_var::<u32>(7, 0).unwrap();
        out.extend(bits.into_writer());
        out.resize(40, 0x55);
        out
    }

    #[test]
    fn every_pair_of_widths_is_found() {
        for increment_bits in 1..=16u32 {
            for quant_bits in 3..=9u32 {
                let mut inference = Inference::new();
                let mut random = 12345u32;
                for picture in 0..60u32 {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let increment = (picture * 7) % (1 << increment_bits);
                    let quant = 1 + (random >> 8) % ((1 << quant_bits) - 1);
                    inference.add(&vop(
                        picture % 12 == 0,
                        (increment_bits, quant_bits),
                        increment,
                        picture % 2 == 1,
                        quant,
                        3,
                        random,
                    ));
                }
                let found = inference.result();
                assert_eq!(
                    (u32::from(found.increment_bits), u32::from(found.quant_bits)),
                    (increment_bits, quant_bits),
                    "{found:?}"
                );
                assert_eq!(found.agree, 60);
            }
        }
    }

    #[test]
    fn a_tie_goes_to_the_standard_quantiser() {
        // increments all odd: 4 bits of increment and 6 of quantiser explain it as well
        let mut inference = Inference::new();
        for picture in 0..40u32 {
            inference.add(&vop(
                picture % 10 == 0,
                (5, 5),
                (picture * 6 + 1) % 30,
                false,
                5 + picture % 3,
                3,
                picture.wrapping_mul(0x9e37_79b9),
            ));
        }
        let found = inference.result();
        assert_eq!((found.increment_bits, found.quant_bits), (5, 5));
        assert!(found.max_increment >= 25);
    }

    #[test]
    fn a_few_damaged_pictures_do_no_harm() {
        let mut inference = Inference::new();
        for picture in 0..200u32 {
            let mut bytes = vop(
                picture % 10 == 0,
                (5, 6),
                picture % 30,
                false,
                9 + picture % 7,
                3,
                picture.wrapping_mul(0x9e37_79b9),
            );
            if picture % 70 == 3 {
                bytes[5] ^= 0xff;
            }
            inference.add(&bytes);
        }
        let found = inference.result();
        assert_eq!(
            (found.increment_bits, found.quant_bits, found.certain),
            (5, 6, true)
        );
    }

    #[test]
    fn nothing_seen_is_the_standard_and_not_certain() {
        let mut inference = Inference::new();
        inference.add(b"\0\0\x01\xb6");
        inference.add(b"RIFF1234567890123");
        let found = inference.result();
        assert_eq!(
            (
                found.increment_bits,
                found.quant_bits,
                found.certain,
                found.pictures
            ),
            (5, 5, false, 0)
        );
        assert_eq!(found.resolution(None), 30);
    }

    #[test]
    fn resolutions_take_exactly_the_bits() {
        let mut found = Inference::new().result();
        assert_eq!(found.resolution(Some(25)), 25);
        assert_eq!(found.resolution(Some(1000)), 30);
        found.max_increment = 29;
        assert_eq!(found.resolution(Some(25)), 30);
        found.max_increment = 31;
        assert_eq!(found.resolution(None), 32);
        for bits in 1..=16 {
            found.increment_bits = bits;
            found.max_increment = ((1u32 << bits) - 2) as u16;
            let resolution = found.resolution(None);
            assert_eq!(increment_bits(resolution), bits);
            assert!(resolution > found.max_increment);
        }
    }
}
