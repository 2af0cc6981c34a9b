// SPDX-License-Identifier: MPL-2.0
//! The variable length codes of intra macroblocks, numbers of ISO/IEC 14496-2 annex B: tables B-6 (`mcbpc`), B-8 (`cbpy`), B-13 and
//! B-14 (`dct_dc_size`), B-16 (intra coefficients), B-19 and B-21 (escapes).

use std::sync::LazyLock;

use super::bits::{BitError, Bits};

/// Longest coefficient code without its sign, in bits.
const LONGEST: u32 = 12;
/// Escape in front of what the table has no code for, and its length.
const ESCAPE: (u16, u32) = (0b000_0011, 7);

/// Codes of coefficients that are not the last of their block: a row for each run of zeros before it, in the row a code for each
/// level from 1 up, as value and length.
const NOT_LAST: [&[(u16, u8)]; 15] = [
    &[
        (0x2, 2),
        (0x6, 3),
        (0xf, 4),
        (0xd, 5),
        (0xc, 5),
        (0x15, 6),
        (0x13, 6),
        (0x12, 6),
        (0x17, 7),
        (0x1f, 8),
        (0x1e, 8),
        (0x1d, 8),
        (0x25, 9),
        (0x24, 9),
        (0x23, 9),
        (0x21, 9),
        (0x21, 10),
        (0x20, 10),
        (0xf, 10),
        (0xe, 10),
        (0x7, 11),
        (0x6, 11),
        (0x20, 11),
        (0x21, 11),
        (0x50, 12),
        (0x51, 12),
        (0x52, 12),
    ],
    &[
        (0xe, 4),
        (0x14, 6),
        (0x16, 7),
        (0x1c, 8),
        (0x20, 9),
        (0x1f, 9),
        (0xd, 10),
        (0x22, 11),
        (0x53, 12),
        (0x55, 12),
    ],
    &[(0xb, 5), (0x15, 7), (0x1e, 9), (0xc, 10), (0x56, 12)],
    &[(0x11, 6), (0x1b, 8), (0x1d, 9), (0xb, 10)],
    &[(0x10, 6), (0x22, 9), (0xa, 10)],
    &[(0xd, 6), (0x1c, 9), (0x8, 10)],
    &[(0x12, 7), (0x1b, 9), (0x54, 12)],
    &[(0x14, 7), (0x1a, 9), (0x57, 12)],
    &[(0x19, 8), (0x9, 10)],
    &[(0x18, 8), (0x23, 11)],
    &[(0x17, 8)],
    &[(0x19, 9)],
    &[(0x18, 9)],
    &[(0x7, 10)],
    &[(0x58, 12)],
];

/// The same for the last coefficient of a block.
const LAST: [&[(u16, u8)]; 21] = [
    &[
        (0x7, 4),
        (0xc, 6),
        (0x16, 8),
        (0x17, 9),
        (0x6, 10),
        (0x5, 11),
        (0x4, 11),
        (0x59, 12),
    ],
    &[(0xf, 6), (0x16, 9), (0x5, 10)],
    &[(0xe, 6), (0x4, 10)],
    &[(0x11, 7), (0x24, 11)],
    &[(0x10, 7), (0x25, 11)],
    &[(0x13, 7), (0x5a, 12)],
    &[(0x15, 8), (0x5b, 12)],
    &[(0x14, 8)],
    &[(0x13, 8)],
    &[(0x1a, 8)],
    &[(0x15, 9)],
    &[(0x14, 9)],
    &[(0x13, 9)],
    &[(0x12, 9)],
    &[(0x11, 9)],
    &[(0x26, 11)],
    &[(0x27, 11)],
    &[(0x5c, 12)],
    &[(0x5d, 12)],
    &[(0x5e, 12)],
    &[(0x5f, 12)],
];

/// A coded coefficient: zeros before it, value, and whether it ends its block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coefficient {
    /// It is the last one of its block that is not 0.
    pub last: bool,
    /// Zeros before it, 0..=63.
    pub run: u8,
    /// Its value, not 0.
    pub level: i16,
}

/// A coefficient of the table, and the length of its code without the sign; 0 where no code begins so.
#[derive(Clone, Copy, Default)]
struct Entry {
    last: bool,
    run: u8,
    level: i16,
    length: u8,
}

/// What the next 12 bits begin with.
static COEFFICIENTS: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut table = vec![Entry::default(); 1 << LONGEST];
    for (last, rows) in [(false, &NOT_LAST[..]), (true, &LAST[..])] {
        for (run, row) in (0u8..).zip(rows) {
            for (level, (code, length)) in (1i16..).zip(row.iter()) {
                let spare = LONGEST.saturating_sub(u32::from(*length));
                let first = usize::from(*code).checked_shl(spare).unwrap_or(0);
                let count = 1usize.checked_shl(spare).unwrap_or(0);
                for entry in table.iter_mut().skip(first).take(count) {
                    *entry = Entry {
                        last,
                        run,
                        level,
                        length: *length,
                    };
                }
            }
        }
    }
    table
});

fn rows(last: bool) -> &'static [&'static [(u16, u8)]] {
    if last { &LAST } else { &NOT_LAST }
}

/// Largest level that has a code with this run.
fn largest_level(last: bool, run: u8) -> i16 {
    rows(last).get(usize::from(run)).map_or(0, |row| row.len()) as i16
}

/// Longest run that has a code with this level.
fn longest_run(last: bool, level: i16) -> u8 {
    rows(last)
        .iter()
        .rposition(|row| row.len() >= usize::from(level.unsigned_abs()))
        .unwrap_or(0) as u8
}

fn expected(bits: &Bits<'_>, expected: &'static str) -> BitError {
    BitError::Expected {
        bit: bits.position(),
        expected,
    }
}

/// A coefficient by its plain code, the sign with it.
fn plain(bits: &mut Bits<'_>) -> Result<Coefficient, BitError> {
    let entry = COEFFICIENTS
        .get(bits.peek(LONGEST) as usize)
        .filter(|entry| entry.length > 0)
        .ok_or_else(|| expected(bits, "the code of a coefficient"))?;
    bits.skip(usize::from(entry.length))?;
    let level = if bits.flag()? {
        entry.level.saturating_neg()
    } else {
        entry.level
    };
    Ok(Coefficient {
        last: entry.last,
        run: entry.run,
        level,
    })
}

/// The next coefficient of an intra block.
///
/// # Errors
/// When no code begins like the bits, or an escape holds a level of 0 or a marker of 0.
pub fn coefficient(bits: &mut Bits<'_>) -> Result<Coefficient, BitError> {
    if bits.peek(ESCAPE.1) != u32::from(ESCAPE.0) {
        return plain(bits);
    }
    bits.skip(ESCAPE.1 as usize)?;
    if !bits.flag()? {
        // a level above the largest of the table
        let mut found = plain(bits)?;
        let more = largest_level(found.last, found.run);
        let more = if found.level < 0 {
            more.saturating_neg()
        } else {
            more
        };
        found.level = found.level.saturating_add(more);
        return Ok(found);
    }
    if !bits.flag()? {
        // a run above the longest of the table
        let mut found = plain(bits)?;
        let more = longest_run(found.last, found.level).saturating_add(1);
        found.run = found.run.saturating_add(more);
        return Ok(found);
    }
    let last = bits.flag()?;
    let run = bits.take(6)? as u8;
    bits.marker()?;
    // 12 bits, two's complement
    let level = ((bits.take(12)? << 4) as u16 as i16) >> 4;
    bits.marker()?;
    if level == 0 || level == -2048 {
        return Err(expected(
            bits,
            "a level before it that is neither 0 nor -2048",
        ));
    }
    Ok(Coefficient { last, run, level })
}

/// What an intra macroblock begins with (`mcbpc`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacroblockType {
    /// Nothing: nine bits that fill up.
    Stuffing,
    /// A macroblock.
    Intra {
        /// The quantiser changes.
        dquant: bool,
        /// Which chroma blocks have coefficients: bit 1 Cb, bit 0 Cr.
        chroma: u8,
    },
}

/// Reads `mcbpc` as I pictures have it.
pub fn macroblock_type(bits: &mut Bits<'_>) -> Result<MacroblockType, BitError> {
    let next = bits.peek(9);
    let (length, dquant, chroma) = match next.leading_zeros().saturating_sub(23) {
        0 => (1, false, 0),
        1 | 2 => (3, false, (next >> 6) as u8),
        3 => (4, true, 0),
        4 | 5 => (6, true, (next >> 3) as u8),
        8 => {
            bits.skip(9)?;
            return Ok(MacroblockType::Stuffing);
        }
        _ => return Err(expected(bits, "the type of an intra macroblock")),
    };
    bits.skip(length)?;
    Ok(MacroblockType::Intra { dquant, chroma })
}

/// Reads `cbpy` of an intra macroblock: which of the four luma blocks have coefficients, bit 3 the first.
pub fn luma_pattern(bits: &mut Bits<'_>) -> Result<u8, BitError> {
    let next = bits.peek(6);
    let (length, pattern) = match next {
        0b11_0000.. => (2, 15),
        0b10_1100.. => (4, 7),
        0b10_1000.. => (4, 11),
        0b10_0100.. => (4, 3),
        0b10_0000.. => (4, 13),
        0b01_1100.. => (4, 5),
        0b01_1000.. => (4, 14),
        0b01_0100.. => (4, 10),
        0b01_0000.. => (4, 12),
        0b00_1100.. => (4, 0),
        0b00_1010.. => (5, 1),
        0b00_1000.. => (5, 2),
        0b00_0110.. => (5, 4),
        0b00_0100.. => (5, 8),
        0b00_0011 => (6, 9),
        0b00_0010 => (6, 6),
        _ => return Err(expected(bits, "the pattern of luma blocks")),
    };
    bits.skip(length)?;
    Ok(pattern)
}

/// Reads the difference of a DC coefficient (`dct_dc_size` and `dct_dc_differential`).
pub fn dc_difference(bits: &mut Bits<'_>, luma: bool) -> Result<i16, BitError> {
    let zeros = bits.peek(12).leading_zeros().saturating_sub(20);
    let (length, size) = match (luma, zeros) {
        (true, 0) => match bits.peek(2) {
            3 => (2, 1),
            _ => (2, 2),
        },
        (true, 1) => match bits.peek(3) {
            3 => (3, 0),
            _ => (3, 3),
        },
        (true, 2..=10) => (zeros.saturating_add(1), zeros.saturating_add(2)),
        (false, 0) => match bits.peek(2) {
            3 => (2, 0),
            _ => (2, 1),
        },
        (false, 1..=11) => (zeros.saturating_add(1), zeros.saturating_add(1)),
        _ => return Err(expected(bits, "the size of a DC coefficient")),
    };
    bits.skip(length as usize)?;
    if size == 0 {
        return Ok(0);
    }
    let value = bits.take(size)? as i16;
    if size > 8 {
        bits.marker()?;
    }
    let positive = value >> size.saturating_sub(1) == 1;
    let lowest = 1i16.wrapping_shl(size).wrapping_sub(1);
    Ok(if positive {
        value
    } else {
        value.wrapping_sub(lowest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_begins_another_and_few_bits_are_unused() {
        let codes: Vec<(u16, u32)> = NOT_LAST
            .iter()
            .chain(&LAST)
            .flat_map(|row| row.iter().map(|(code, length)| (*code, u32::from(*length))))
            .chain([ESCAPE])
            .collect();
        assert_eq!(codes.len(), 103);
        for (i, (code, length)) in codes.iter().enumerate() {
            for (other, other_length) in &codes[i + 1..] {
                let shared = *length.min(other_length);
                assert_ne!(
                    code >> (length - shared),
                    other >> (other_length - shared),
                    "{code:x} {other:x}"
                );
            }
        }
        let used: u32 = codes
            .iter()
            .map(|(_, length)| 1 << (LONGEST - length))
            .sum();
        // only what begins with nine zeros is free
        assert_eq!(4096 - used, 8);
    }

    #[test]
    fn escapes_reach_beyond_the_table() {
        // 0000011 0, code of run 0 level 1 (10), sign 1: level -(1 + 27)
        let found = coefficient(&mut Bits::new(&[0b0000_0110, 0b1010_0000, 0])).unwrap();
        assert_eq!(
            found,
            Coefficient {
                last: false,
                run: 0,
                level: -28
            }
        );
        // 0000011 10, code of the last, run 0 level 1 (0111), sign 0: run 0 + 20 + 1
        let found = coefficient(&mut Bits::new(&[0b0000_0111, 0b0011_1000, 0])).unwrap();
        assert_eq!(
            found,
            Coefficient {
                last: true,
                run: 21,
                level: 1
            }
        );
        // 0000011 11 1 000101 1 111111111110 1
        let found = coefficient(&mut Bits::new(&[
            0b0000_0111,
            0b1100_0101,
            0b1111_1111,
            0b1111_0100,
        ]))
        .unwrap();
        assert_eq!(
            found,
            Coefficient {
                last: true,
                run: 5,
                level: -2
            }
        );
    }

    #[test]
    fn dc_differences() {
        let read =
            |byte: u8, luma| dc_difference(&mut Bits::new(&[byte, 0x80, 0xff]), luma).unwrap();
        assert_eq!(read(0b0110_0000, true), 0);
        assert_eq!(read(0b1100_0000, true), -1);
        assert_eq!(read(0b1110_0000, true), 1);
        assert_eq!(read(0b1011_0000, true), 3);
        assert_eq!(read(0b1000_0000, true), -3);
        assert_eq!(read(0b0101_0000, true), 4);
        assert_eq!(read(0b1100_0000, false), 0);
        assert_eq!(read(0b0100_0000, false), -3);
        assert_eq!(read(0b0010_0000, false), -7);
    }
}
