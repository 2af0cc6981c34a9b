// SPDX-License-Identifier: MPL-2.0
//! A bit cursor that can look ahead, which variable length codes need.

/// Why bits could not be read as what they should be. Offsets are bits from the start of the slice that was parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BitError {
    /// The slice ends before the field does.
    #[error("the data ends at bit {bit}, more was expected")]
    Short {
        /// Where the field begins.
        bit: usize,
    },
    /// Something else stands there.
    #[error("at bit {bit}: expected {expected}")]
    Expected {
        /// Where it should stand.
        bit: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// Legal, but not read here.
    #[error("at bit {bit}: {what} is not supported")]
    Unsupported {
        /// Where it stands.
        bit: usize,
        /// The tool of the standard that is used.
        what: &'static str,
    },
}

/// Bits of a slice, most significant first.
#[derive(Clone, Debug)]
pub struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    /// A cursor at the first bit of `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Bits { data, at: 0 }
    }

    /// Bits passed so far.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Bits not yet passed.
    pub fn left(&self) -> usize {
        self.data.len().saturating_mul(8).saturating_sub(self.at)
    }

    /// The next 32 bits, zeros beyond the end, without passing them.
    #[inline]
    pub fn peek32(&self) -> u32 {
        let rest = self.data.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk::<8>() {
            Some(bytes) => u64::from_be_bytes(*bytes),
            None => {
                let mut bytes = [0; 8];
                for (to, from) in bytes.iter_mut().zip(rest) {
                    *to = *from;
                }
                u64::from_be_bytes(bytes)
            }
        };
        let shifted = word.wrapping_shl((self.at % 8) as u32);
        (shifted >> 32) as u32
    }

    /// The next `n` bits, 0..=32, zeros beyond the end, without passing them.
    #[inline]
    pub fn peek(&self, n: u32) -> u32 {
        self.peek32()
            .checked_shr(32u32.saturating_sub(n))
            .unwrap_or(0)
    }

    /// Passes `n` bits.
    #[inline]
    pub fn skip(&mut self, n: usize) -> Result<(), BitError> {
        if n > self.left() {
            return Err(BitError::Short { bit: self.at });
        }
        self.at = self.at.saturating_add(n);
        Ok(())
    }

    /// Reads `n` bits, 0..=32, as a number.
    #[inline]
    pub fn take(&mut self, n: u32) -> Result<u32, BitError> {
        let value = self.peek(n);
        self.skip(n as usize)?;
        Ok(value)
    }

    /// Reads one bit.
    #[inline]
    pub fn flag(&mut self) -> Result<bool, BitError> {
        Ok(self.take(1)? == 1)
    }

    /// Reads a bit that has to be 1.
    pub fn marker(&mut self) -> Result<(), BitError> {
        match self.take(1)? {
            1 => Ok(()),
            _ => Err(BitError::Expected {
                bit: self.at.saturating_sub(1),
                expected: "a marker bit of 1",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_most_significant_first() {
        let mut bits = Bits::new(&[0b1010_0001, 0xff, 0x00, 0x81, 0x7f, 0xaa, 0x55, 0x01, 0x02]);
        assert_eq!(bits.take(3), Ok(0b101));
        assert_eq!(bits.peek(32), 0x0ff8_040b);
        assert_eq!(bits.take(32), Ok(0x0ff8_040b));
        assert_eq!(bits.take(5), Ok(0b11111));
        assert_eq!(bits.left(), 32);
    }

    #[test]
    fn the_end_is_an_error_and_peeks_zeros() {
        let mut bits = Bits::new(&[0xff]);
        assert_eq!(bits.peek(9), 0b1_1111_1110);
        assert_eq!(bits.take(9), Err(BitError::Short { bit: 0 }));
        assert_eq!(bits.take(8), Ok(0xff));
        assert_eq!(bits.marker(), Err(BitError::Short { bit: 8 }));
        assert_eq!(bits.peek32(), 0);
    }
}
