// SPDX-License-Identifier: MPL-2.0
//! The header of a picture (VOP).

use super::bits::{BitError, Bits};
use super::start_code::{VOP_BYTES, vop_offset};
use super::vol::VolParams;

/// How a picture is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VopType {
    /// From nothing: a keyframe.
    I,
    /// From the picture before.
    P,
    /// From both sides. Never seen in recordings.
    B,
    /// Sprite or global motion. Never seen in recordings.
    S,
}

impl VopType {
    /// The type that the two top bits of the byte after the start code name.
    pub fn from_byte(byte: u8) -> VopType {
        match byte >> 6 {
            0 => VopType::I,
            1 => VopType::P,
            2 => VopType::B,
            _ => VopType::S,
        }
    }
}

/// Type of the picture in an access unit, which may begin with sequence headers. `None` where there is no picture.
pub fn vop_type(data: &[u8]) -> Option<VopType> {
    let at = vop_offset(data)?.checked_add(4)?;
    data.get(at).map(|byte| VopType::from_byte(*byte))
}

/// Fields of a VOP header. Those that the picture's type has not are 0 or false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VopHeader {
    /// How it is predicted.
    pub kind: VopType,
    /// Whole seconds since the last keyframe's or GOV's time (`modulo_time_base`).
    pub seconds: u32,
    /// Part of a second, in units of 1 / `vop_time_increment_resolution`.
    pub increment: u16,
    /// False: nothing follows, the picture repeats the one before.
    pub coded: bool,
    /// Rounding of half-pixel positions.
    pub rounding: bool,
    /// Quantiser from which DC coefficients are coded like the others, as the code 0..=7 of the standard's table.
    pub intra_dc_vlc_thr: u8,
    /// Quantiser, 1 or more.
    pub quant: u16,
    /// Range of motion vectors forward, 1..=7; 0 in I pictures.
    pub fcode_forward: u8,
    /// Range of motion vectors backward, 1..=7; 0 but in B pictures.
    pub fcode_backward: u8,
    /// Bits of the header, the start code included: the first macroblock begins there.
    pub bits: usize,
}

impl VopHeader {
    /// Reads the header of the picture whose start code `data` begins with, with the field widths that `vol` states.
    ///
    /// # Errors
    /// When the data is no VOP, a marker bit is 0, a quantiser or fcode is 0, or a sprite is coded.
    pub fn parse(data: &[u8], vol: &VolParams) -> Result<VopHeader, BitError> {
        let mut bits = Bits::new(data);
        if bits.take(32)? != u32::from_be_bytes(VOP_BYTES) {
            return Err(BitError::Expected {
                bit: 0,
                expected: "a VOP start code, 00 00 01 B6",
            });
        }
        let kind = VopType::from_byte((bits.take(2)? as u8) << 6);
        let mut header = VopHeader {
            kind,
            seconds: 0,
            increment: 0,
            coded: false,
            rounding: false,
            intra_dc_vlc_thr: 0,
            quant: 0,
            fcode_forward: 0,
            fcode_backward: 0,
            bits: 0,
        };
        while bits.flag()? {
            header.seconds = header.seconds.saturating_add(1);
        }
        bits.marker()?;
        header.increment = bits.take(u32::from(vol.increment_bits.min(16)))? as u16;
        bits.marker()?;
        header.coded = bits.flag()?;
        if header.coded {
            header.parse_coded(&mut bits, vol)?;
        }
        header.bits = bits.position();
        Ok(header)
    }

    fn parse_coded(&mut self, bits: &mut Bits<'_>, vol: &VolParams) -> Result<(), BitError> {
        if self.kind == VopType::S {
            return Err(BitError::Unsupported {
                bit: bits.position(),
                what: "a sprite picture",
            });
        }
        if self.kind == VopType::P {
            self.rounding = bits.flag()?;
        }
        self.intra_dc_vlc_thr = bits.take(3)? as u8;
        if vol.interlaced {
            // top_field_first, alternate_vertical_scan_flag
            bits.take(2)?;
        }
        self.quant = bits.take(u32::from(vol.quant_bits.clamp(3, 9)))? as u16;
        if self.quant == 0 {
            return Err(BitError::Expected {
                bit: bits.position(),
                expected: "a quantiser before it that is not 0",
            });
        }
        if self.kind != VopType::I {
            self.fcode_forward = fcode(bits)?;
        }
        if self.kind == VopType::B {
            self.fcode_backward = fcode(bits)?;
        }
        Ok(())
    }
}

fn fcode(bits: &mut Bits<'_>) -> Result<u8, BitError> {
    let bit = bits.position();
    match bits.take(3)? {
        0 => Err(BitError::Expected {
            bit,
            expected: "an fcode of 1..7",
        }),
        code => Ok(code as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_unit_206_read_as_printed() {
        // starts of the first two pictures of a real unit: resolution 30, so 5 bits of increment (verified)
        let vol = VolParams::new(352, 256);
        let key = VopHeader::parse(&[0, 0, 1, 0xb6, 0x10, 0x60, 0x51, 0x82, 0x7f], &vol).unwrap();
        assert_eq!((key.kind, key.seconds, key.increment), (VopType::I, 0, 0));
        assert!(key.coded);
        assert_eq!((key.intra_dc_vlc_thr, key.quant, key.bits), (0, 2, 51));
        let p = VopHeader::parse(&[0, 0, 1, 0xb6, 0x50, 0xe0, 0x12, 0x14, 0xf9], &vol).unwrap();
        assert_eq!(
            (p.kind, p.increment, p.quant, p.fcode_forward),
            (VopType::P, 1, 1, 1)
        );
    }

    #[test]
    fn what_is_no_vop_says_where() {
        let vol = VolParams::new(352, 240);
        assert_eq!(
            VopHeader::parse(&[0, 0, 1, 0xb6, 0x00, 0, 0, 0, 0], &vol),
            Err(BitError::Expected {
                bit: 35,
                expected: "a marker bit of 1"
            })
        );
        assert!(VopHeader::parse(&[0, 0, 1, 0xb6, 0x10], &vol).is_err());
        assert!(VopHeader::parse(&[0, 0, 1, 0xb6, 0xff, 0xff, 0xff, 0xff], &vol).is_err());
    }
}
