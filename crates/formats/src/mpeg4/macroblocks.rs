// SPDX-License-Identifier: MPL-2.0
//! Walks through the macroblocks of an intra picture without decoding pixels: how many there are, and their DC coefficients.

use super::bits::{BitError, Bits};
use super::intra_vlc::{self, MacroblockType};
use super::start_code::vop_offset;
use super::vol::{VolParams, increment_bits};
use super::vop::{VopHeader, VopType};

/// A picture with more macroblocks than this is refused (1920x1088 has 8160).
const MAX_MACROBLOCKS: usize = 8192;
/// Luma quantisers from which DC coefficients are coded like the others, by `intra_dc_vlc_thr`: 0 never, 7 always.
const DC_THRESHOLDS: [u16; 8] = [u16::MAX, 13, 15, 17, 19, 21, 23, 0];

/// What is kept of a macroblock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Macroblock {
    /// Quantiser, 1 or more.
    pub quant: u16,
    /// First of a video packet: nothing before it serves to predict it.
    pub packet_start: bool,
    /// Differences of the DC coefficients from what is predicted, in units of the DC scaler: four luma blocks, Cb, Cr.
    pub dc: [i16; 6],
}

/// An intra picture walked through to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntraPicture {
    /// The macroblocks in their order, row by row.
    pub macroblocks: Vec<Macroblock>,
    /// Bits of a macroblock number in the headers of its video packets; `None` where it is one packet.
    pub number_bits: Option<u32>,
}

impl IntraPicture {
    /// Walks through the I picture of an access unit, which may begin with sequence headers. `vol` states the widths of the
    /// header's fields; its picture size is not looked at. Zero bytes and another start code may follow the picture.
    ///
    /// # Errors
    /// When the picture is not an I picture, uses data partitioning, or its bits do not lead exactly to its end.
    pub fn parse(data: &[u8], vol: &VolParams) -> Result<IntraPicture, BitError> {
        let mut walk = Walk::start(data, vol)?;
        walk.run()?;
        Ok(walk.picture)
    }

    /// Places where the picture may end, when that is not known and other bytes follow in `data`: bytes from the start of
    /// `data`, and macroblocks up to there. Stuffing stands at each; few are ends.
    pub fn ends(data: &[u8], vol: &VolParams) -> Vec<(usize, usize)> {
        let mut ends = Vec::new();
        let Ok(mut walk) = Walk::start(data, vol) else {
            return ends;
        };
        let before = vop_offset(data).unwrap_or(0);
        while walk.step().is_ok() {
            if let Some(length) = walk.stuffing() {
                let bits = walk.bits.position().saturating_add(length as usize);
                let count = walk.picture.macroblocks.len();
                ends.push((before.saturating_add(bits / 8), count));
            }
        }
        ends
    }
}

fn threshold(code: u8) -> u16 {
    DC_THRESHOLDS.get(usize::from(code)).copied().unwrap_or(0)
}

struct Walk<'a> {
    bits: Bits<'a>,
    vol: &'a VolParams,
    quant: u16,
    dc_threshold: u16,
    packet_start: bool,
    picture: IntraPicture,
}

impl<'a> Walk<'a> {
    /// At the first macroblock.
    fn start(data: &'a [u8], vol: &'a VolParams) -> Result<Walk<'a>, BitError> {
        let expected_picture = BitError::Expected {
            bit: 0,
            expected: "a coded I frame",
        };
        let at = vop_offset(data).ok_or(expected_picture)?;
        let vop = data.get(at..).unwrap_or_default();
        let header = VopHeader::parse(vop, vol)?;
        if header.kind != VopType::I || !header.coded {
            return Err(expected_picture);
        }
        if vol.data_partitioned {
            return Err(BitError::Unsupported {
                bit: header.bits,
                what: "data partitioning",
            });
        }
        let mut bits = Bits::new(vop);
        bits.skip(header.bits)?;
        Ok(Walk {
            bits,
            vol,
            quant: header.quant,
            dc_threshold: threshold(header.intra_dc_vlc_thr),
            packet_start: true,
            picture: IntraPicture {
                macroblocks: Vec::new(),
                number_bits: None,
            },
        })
    }

    fn run(&mut self) -> Result<(), BitError> {
        while !self.at_end() {
            self.step()?;
        }
        self.check_number_bits()
    }

    /// Passes a macroblock, with the video packet's header where one begins.
    fn step(&mut self) -> Result<(), BitError> {
        if self.at_resync_marker() {
            self.packet_header()?;
        }
        match intra_vlc::macroblock_type(&mut self.bits)? {
            MacroblockType::Stuffing => {}
            MacroblockType::Intra { dquant, chroma } => self.macroblock(dquant, chroma)?,
        }
        if self.picture.macroblocks.len() > MAX_MACROBLOCKS {
            return Err(BitError::Unsupported {
                bit: self.bits.position(),
                what: "a frame of more than 8192 macroblocks",
            });
        }
        Ok(())
    }

    /// Bits of the stuffing that would begin here: a 0, and 1s up to the next byte.
    fn stuffing(&self) -> Option<u32> {
        let length = 8u32.saturating_sub((self.bits.position() % 8) as u32);
        let ones = 1u32.wrapping_shl(length.saturating_sub(1)).wrapping_sub(1);
        (self.bits.peek(length) == ones).then_some(length)
    }

    /// Stuffing, and then nothing, zero bytes, or a start code.
    fn at_end(&self) -> bool {
        let Some(length) = self.stuffing() else {
            return false;
        };
        let mut rest = self.bits.clone();
        if rest.skip(length as usize).is_err() {
            return false;
        }
        while rest.left() > 0 {
            if rest.peek(24) == 1 {
                return true;
            }
            if rest.take(8) != Ok(0) {
                return false;
            }
        }
        true
    }

    /// Stuffing and the 17 bits that begin a video packet of an I picture.
    fn at_resync_marker(&self) -> bool {
        let Some(length) = self.stuffing() else {
            return false;
        };
        let mut rest = self.bits.clone();
        rest.skip(length as usize).is_ok() && rest.left() >= 17 && rest.peek(17) == 1
    }

    /// Passes stuffing, resync marker and the header of a video packet. How many bits the macroblock number has depends on
    /// the size, which is not known; but the number itself is, and only one width reads as it.
    fn packet_header(&mut self) -> Result<(), BitError> {
        let length = self.stuffing().unwrap_or(0);
        self.bits.skip((length as usize).saturating_add(17))?;
        let count = self.picture.macroblocks.len() as u32;
        let width = (1..=14).find(|width| count > 0 && self.bits.peek(*width) == count);
        let wrong = BitError::Expected {
            bit: self.bits.position(),
            expected: "the number of the next macroblock",
        };
        let width = width.ok_or(wrong)?;
        if self.picture.number_bits.is_some_and(|bits| bits != width) {
            return Err(wrong);
        }
        self.picture.number_bits = Some(width);
        self.bits.skip(width as usize)?;
        let quant = self.bits.take(u32::from(self.vol.quant_bits))? as u16;
        if quant == 0 {
            return Err(BitError::Expected {
                bit: self.bits.position(),
                expected: "a quantiser before it that is not 0",
            });
        }
        self.quant = quant;
        self.packet_start = true;
        if self.bits.flag()? {
            self.header_extension()?;
        }
        Ok(())
    }

    /// A repetition of the picture's header.
    fn header_extension(&mut self) -> Result<(), BitError> {
        while self.bits.flag()? {}
        self.bits.marker()?;
        self.bits.take(u32::from(self.vol.increment_bits))?;
        self.bits.marker()?;
        if self.bits.take(2)? != 0 {
            return Err(BitError::Expected {
                bit: self.bits.position(),
                expected: "the type of an I frame before it",
            });
        }
        self.dc_threshold = threshold(self.bits.take(3)? as u8);
        Ok(())
    }

    fn macroblock(&mut self, dquant: bool, chroma: u8) -> Result<(), BitError> {
        self.bits.flag()?; // prediction of AC coefficients: no bits depend on it
        let pattern = intra_vlc::luma_pattern(&mut self.bits)?.wrapping_shl(2) | (chroma & 3);
        let mut quant_before = self.quant;
        if dquant {
            let highest = 1i32
                .wrapping_shl(u32::from(self.vol.quant_bits))
                .wrapping_sub(1);
            let change = match self.bits.take(2)? {
                0 => -1,
                1 => -2,
                2 => 1,
                _ => 2,
            };
            self.quant = i32::from(self.quant)
                .saturating_add(change)
                .clamp(1, highest) as u16;
        }
        if self.packet_start {
            quant_before = self.quant;
        }
        if self.vol.interlaced {
            self.bits.flag()?; // field or frame transform
        }
        let separate_dc = quant_before < self.dc_threshold;
        let mut dc = [0; 6];
        for (block, dc) in (0u32..).zip(dc.iter_mut()) {
            let coded = pattern.wrapping_shr(5u32.saturating_sub(block)) & 1 == 1;
            *dc = self.block(block < 4, separate_dc, coded)?;
        }
        self.picture.macroblocks.push(Macroblock {
            quant: self.quant,
            packet_start: self.packet_start,
            dc,
        });
        self.packet_start = false;
        Ok(())
    }

    /// Passes a block and answers its DC difference.
    fn block(&mut self, luma: bool, separate_dc: bool, coded: bool) -> Result<i16, BitError> {
        let (mut dc, mut filled) = (0, 0usize);
        if separate_dc {
            dc = intra_vlc::dc_difference(&mut self.bits, luma)?;
            filled = 1;
        }
        if !coded {
            return Ok(dc);
        }
        loop {
            let found = intra_vlc::coefficient(&mut self.bits)?;
            if filled == 0 && found.run == 0 {
                dc = found.level;
            }
            filled = filled
                .saturating_add(usize::from(found.run))
                .saturating_add(1);
            if filled > 64 {
                return Err(BitError::Expected {
                    bit: self.bits.position(),
                    expected: "the end of the block of 64 before it",
                });
            }
            if found.last {
                return Ok(dc);
            }
        }
    }

    /// The width of the macroblock numbers has to be what this many macroblocks need.
    fn check_number_bits(&self) -> Result<(), BitError> {
        let count = self.picture.macroblocks.len();
        let needed = u16::try_from(count).map(increment_bits).unwrap_or(16);
        match self.picture.number_bits {
            Some(bits) if bits != u32::from(needed) => Err(BitError::Expected {
                bit: self.bits.position(),
                expected: "as many macroblocks as their numbers have room for",
            }),
            _ if count == 0 => Err(BitError::Expected {
                bit: self.bits.position(),
                expected: "a macroblock",
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(mut bytes in proptest::collection::vec(any::<u8>(), 5..400), wide in 3u8..=9, interlaced: bool) {
            bytes.splice(..4, [0, 0, 1, 0xb6]);
            bytes[4] = 0x10;
            let vol = VolParams { quant_bits: wide, interlaced, ..VolParams::new(16, 16) };
            if let Ok(picture) = IntraPicture::parse(&bytes, &vol) {
                prop_assert!(picture.macroblocks.len() * 16 <= bytes.len() * 8);
            }
        }
    }
}
