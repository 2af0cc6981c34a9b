// SPDX-License-Identifier: MPL-2.0
//! The video object layer header (VOL): what a decoder has to know before the first picture. The recorders leave it out,
//! so it is written here from what the pictures show.

use bitstream_io::{BigEndian, BitWrite, BitWriter};

use super::bits::{BitError, Bits};
use super::start_code::{VOL, start_codes};

/// Shape of a pixel where it is none of the standard's short codes.
const EXTENDED_PAR: u32 = 15;
/// Pixel shapes by their short code 1..=5.
const PARS: [(u8, u8); 5] = [(1, 1), (12, 11), (10, 11), (16, 11), (40, 33)];

/// The parameters of a VOL that matter for decoding recordings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VolParams {
    /// Pixels, 1..=8191.
    pub width: u16,
    /// Pixels, 1..=8191.
    pub height: u16,
    /// Units of the VOPs' time in a second (`vop_time_increment_resolution`), not 0.
    pub increment_resolution: u16,
    /// Bits of `vop_time_increment`, 1..=16. What is read and written follows from the resolution.
    pub increment_bits: u8,
    /// Bits of `vop_quant`, 3..=9; 5 is the standard's 8-bit video.
    pub quant_bits: u8,
    /// Width and height of a pixel; (1, 1) is square.
    pub aspect: (u8, u8),
    /// All pictures are keyframes.
    pub random_accessible: bool,
    /// Fields are coded; adds bits to pictures and macroblocks.
    pub interlaced: bool,
    /// MPEG quantisation (with matrices) instead of the H.263 kind. Not written.
    pub mpeg_quant: bool,
    /// Motion in quarters of a pixel. Not written.
    pub quarter_sample: bool,
    /// Pictures have no resync markers.
    pub resync_marker_disable: bool,
    /// Data partitioning. Not written.
    pub data_partitioned: bool,
}

/// Bits that a `vop_time_increment` takes with this resolution: enough for `resolution - 1`, at least 1.
pub fn increment_bits(resolution: u16) -> u8 {
    let highest = resolution.saturating_sub(1);
    16u32.saturating_sub(highest.leading_zeros()).max(1) as u8
}

impl VolParams {
    /// Standard progressive video of this size: resolution 30, 5-bit quantiser, square pixels.
    pub fn new(width: u16, height: u16) -> Self {
        VolParams {
            width,
            height,
            increment_resolution: 30,
            increment_bits: increment_bits(30),
            quant_bits: 5,
            aspect: (1, 1),
            random_accessible: false,
            interlaced: false,
            mpeg_quant: false,
            quarter_sample: false,
            resync_marker_disable: false,
            data_partitioned: false,
        }
    }

    /// The same with another `vop_time_increment_resolution`; the bits of the increment follow. 0 is read as 1.
    #[must_use]
    pub fn with_resolution(mut self, resolution: u16) -> Self {
        self.increment_resolution = resolution.max(1);
        self.increment_bits = increment_bits(self.increment_resolution);
        self
    }

    /// Macroblocks of a picture, those that stand over its edge included.
    pub fn macroblocks(&self) -> usize {
        let across = usize::from(self.width).div_ceil(16);
        across.saturating_mul(usize::from(self.height).div_ceil(16))
    }

    /// The header to stand before the first picture: VOS, visual object, VO and VOL start codes and their fields. Simple
    /// profile, rectangular, no data partitioning, resync markers allowed; any width of quantiser.
    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![
            0,
            0,
            1,
            0xb0,
            self.level(), // profile and level
            0,
            0,
            1,
            0xb5,
            0x89,
            0x13, // version 1, priority 1, video, no signal type
            0,
            0,
            1,
            0x00,
            0,
            0,
            1,
            0x20,
        ];
        let mut bits = BitWriter::endian(Vec::with_capacity(20), BigEndian);
        // a vector takes every write, and every value below fits its width
        if self.write_fields(&mut bits).is_ok() {
            out.extend(bits.into_writer());
        }
        out
    }

    /// Level of the simple profile that has room for the picture (0x01 level 1 … 0x06 level 6). Decoders do not check it.
    fn level(&self) -> u8 {
        match self.macroblocks() {
            0..=99 => 1,
            100..=396 => 3,
            397..=1200 => 4,
            1201..=1620 => 5,
            _ => 6,
        }
    }

    fn write_fields<W: BitWrite>(&self, bits: &mut W) -> std::io::Result<()> {
        let mut put = |count: u32, value: u32| bits.write_unsigned_var(count, value);
        put(1, self.random_accessible.into())?;
        put(8, 1)?; // simple object type
        put(1, 1)?; // identifier: version 1, priority 1
        put(4, 1)?;
        put(3, 1)?;
        match PARS.iter().position(|par| *par == self.aspect) {
            Some(index) => put(4, index.saturating_add(1) as u32)?,
            None => {
                put(4, EXTENDED_PAR)?;
                put(8, self.aspect.0.max(1).into())?;
                put(8, self.aspect.1.max(1).into())?;
            }
        }
        put(1, 1)?; // control parameters: 4:2:0, no B pictures, no buffer model
        put(2, 1)?;
        put(1, 1)?;
        put(1, 0)?;
        put(2, 0)?; // rectangular
        put(1, 1)?;
        put(16, self.increment_resolution.max(1).into())?;
        put(1, 1)?;
        put(1, 0)?; // no fixed rate
        put(1, 1)?;
        put(13, (self.width & 0x1fff).into())?;
        put(1, 1)?;
        put(13, (self.height & 0x1fff).into())?;
        put(1, 1)?;
        put(1, self.interlaced.into())?;
        put(1, 1)?; // no overlapped motion compensation
        put(1, 0)?; // no sprite
        let eight_bit = self.quant_bits == 5;
        put(1, (!eight_bit).into())?;
        if !eight_bit {
            put(4, self.quant_bits.clamp(3, 9).into())?;
            put(4, 8)?; // bits per pixel
        }
        put(1, 0)?; // H.263 quantisation
        put(1, 1)?; // no complexity estimation
        put(1, self.resync_marker_disable.into())?;
        put(1, 0)?; // no data partitioning
        put(1, 0)?; // not scalable
        put(1, 0)?; // stuffing: a 0 and then 1s to the end of the byte
        while !bits.byte_aligned() {
            bits.write_bit(true)?;
        }
        Ok(())
    }

    /// Reads the first VOL of `data`, which may stand anywhere in it.
    ///
    /// # Errors
    /// When there is none, or it has a shape, marker or size that a recorder's cannot have.
    pub fn parse(data: &[u8]) -> Result<VolParams, BitError> {
        let at = start_codes(data)
            .find(|(_, code)| VOL.contains(code))
            .map(|(at, _)| at.saturating_add(4))
            .ok_or(BitError::Expected {
                bit: 0,
                expected: "a VOL start code, 00 00 01 20..2F",
            })?;
        let mut bits = Bits::new(data);
        bits.skip(at.saturating_mul(8))?;
        let mut vol = VolParams::new(0, 0);
        let version = parse_identity(&mut bits, &mut vol)?;
        parse_timing_and_size(&mut bits, &mut vol)?;
        parse_tools(&mut bits, &mut vol, version)?;
        Ok(vol)
    }
}

/// Up to the control parameters. Answers the version of the syntax, 1 or 2.
fn parse_identity(bits: &mut Bits<'_>, vol: &mut VolParams) -> Result<u32, BitError> {
    vol.random_accessible = bits.flag()?;
    bits.take(8)?;
    let mut version = 1;
    if bits.flag()? {
        version = bits.take(4)?;
        bits.take(3)?;
    }
    vol.aspect = match bits.take(4)? {
        EXTENDED_PAR => (bits.take(8)? as u8, bits.take(8)? as u8),
        code => (code as usize)
            .checked_sub(1)
            .and_then(|index| PARS.get(index))
            .copied()
            .unwrap_or((1, 1)),
    };
    if bits.flag()? {
        bits.take(3)?; // chroma format, low delay
        if bits.flag()? {
            // buffer model: 79 bits, markers among them
            bits.skip(79)?;
        }
    }
    Ok(version)
}

fn parse_timing_and_size(bits: &mut Bits<'_>, vol: &mut VolParams) -> Result<(), BitError> {
    if bits.take(2)? != 0 {
        return Err(BitError::Unsupported {
            bit: bits.position(),
            what: "a shape that is not rectangular",
        });
    }
    bits.marker()?;
    let resolution = bits.take(16)? as u16;
    if resolution == 0 {
        return Err(BitError::Expected {
            bit: bits.position(),
            expected: "a time resolution before it that is not 0",
        });
    }
    vol.increment_resolution = resolution;
    vol.increment_bits = increment_bits(resolution);
    bits.marker()?;
    if bits.flag()? {
        bits.take(vol.increment_bits.into())?;
    }
    bits.marker()?;
    vol.width = bits.take(13)? as u16;
    bits.marker()?;
    vol.height = bits.take(13)? as u16;
    bits.marker()?;
    if vol.width == 0 || vol.height == 0 {
        return Err(BitError::Expected {
            bit: bits.position(),
            expected: "a frame size before it that is not 0",
        });
    }
    Ok(())
}

fn parse_tools(bits: &mut Bits<'_>, vol: &mut VolParams, version: u32) -> Result<(), BitError> {
    vol.interlaced = bits.flag()?;
    bits.flag()?; // overlapped motion compensation is of no interest in I pictures
    let sprite = bits.take(if version == 1 { 1 } else { 2 })?;
    if sprite != 0 {
        return Err(BitError::Unsupported {
            bit: bits.position(),
            what: "a sprite",
        });
    }
    if bits.flag()? {
        vol.quant_bits = bits.take(4)? as u8;
        bits.take(4)?;
    }
    vol.mpeg_quant = bits.flag()?;
    if vol.mpeg_quant {
        skip_matrix(bits)?;
        skip_matrix(bits)?;
    }
    if version != 1 {
        vol.quarter_sample = bits.flag()?;
    }
    if !bits.flag()? {
        return Err(BitError::Unsupported {
            bit: bits.position(),
            what: "complexity estimation",
        });
    }
    vol.resync_marker_disable = bits.flag()?;
    vol.data_partitioned = bits.flag()?;
    if !(3..=9).contains(&vol.quant_bits) {
        return Err(BitError::Expected {
            bit: bits.position(),
            expected: "a quantiser precision before it of 3..9",
        });
    }
    Ok(())
}

/// A quantiser matrix: a bit that says it is there, then up to 64 values of 8 bits, ended early by a 0.
fn skip_matrix(bits: &mut Bits<'_>) -> Result<(), BitError> {
    if bits.flag()? {
        for _ in 0..64 {
            if bits.take(8)? == 0 {
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_header_reads_back() {
        for resolution in [1, 2, 3, 5, 15, 16, 17, 25, 30, 32, 33, 1000, 30000, 65535] {
            for quant_bits in 3..=9 {
                for aspect in [(1, 1), (12, 11), (40, 33), (20, 11), (255, 1)] {
                    let vol = VolParams {
                        quant_bits,
                        aspect,
                        random_accessible: resolution % 2 == 1,
                        ..VolParams::new(704, 480).with_resolution(resolution)
                    };
                    let bytes = vol.write();
                    assert_eq!(VolParams::parse(&bytes), Ok(vol), "{bytes:02x?}");
                }
            }
        }
    }

    #[test]
    fn bits_of_the_increment() {
        for (resolution, bits) in [
            (1, 1),
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 3),
            (16, 4),
            (17, 5),
            (25, 5),
            (30, 5),
            (32, 5),
            (33, 6),
            (65535, 16),
        ] {
            assert_eq!(increment_bits(resolution), bits, "{resolution}");
        }
    }

    #[test]
    fn headers_of_real_units() {
        // both as the description of that format prints them (verified)
        let unit_206 = [
            0, 0, 1, 0x20, 0x02, 0x04, 0x40, 0x07, 0xa8, 0x58, 0x21, 0x00, 0xa3, 0x1f,
        ];
        let vol = VolParams::parse(&unit_206).unwrap();
        assert_eq!(
            (vol.width, vol.height, vol.increment_resolution),
            (352, 256, 30)
        );
        assert_eq!(
            (vol.quant_bits, vol.aspect, vol.interlaced),
            (5, (1, 1), false)
        );
        let unit_207 = [
            0, 0, 1, 0xb0, 3, 0, 0, 1, 0xb5, 0x0b, 0, 0, 1, 1, 0, 0, 1, 0x20, 0x00, 0x84, 0x40,
            0xfa, 0x28, 0xa0, 0x21, 0x00, 0xa3, 0x1f,
        ];
        let vol = VolParams::parse(&unit_207).unwrap();
        assert_eq!(
            (vol.width, vol.height, vol.increment_resolution),
            (640, 256, 1000)
        );
    }

    #[test]
    fn cut_and_false_headers_are_errors() {
        let good = VolParams::new(352, 240).write();
        for cut in 0..good.len() - 1 {
            assert!(VolParams::parse(&good[..cut]).is_err(), "{cut}");
        }
        assert!(
            VolParams::parse(&[0, 0, 1, 0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err()
        );
    }
}
