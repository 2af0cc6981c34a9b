// SPDX-License-Identifier: MPL-2.0
//! The common checksums, over the parts of a record that they cover.

/// A way to sum bytes up.
pub struct Sum {
    /// What it is called.
    pub name: &'static str,
    /// Bytes that it takes.
    pub width: usize,
    of: fn(&[u8]) -> u64,
}

/// The widest first: they agree the least by chance.
pub const SUMS: [Sum; 8] = [
    sum("CRC-32", 4, |bytes| crc32fast::hash(bytes).into()),
    sum("Adler-32", 4, adler32),
    sum("sum", 4, total),
    sum("CRC-16 (CCITT)", 2, |bytes| {
        bytes.iter().fold(0xffff, |crc, byte| {
            (0..8).fold(crc ^ u64::from(*byte) << 8, |crc, _| {
                (crc << 1 ^ (crc >> 15 & 1).wrapping_mul(0x1021)) & 0xffff
            })
        })
    }),
    sum("CRC-16 (Modbus)", 2, |bytes| {
        bytes.iter().fold(0xffff, |crc, byte| {
            (0..8).fold(crc ^ u64::from(*byte), |crc, _| {
                crc >> 1 ^ (crc & 1).wrapping_mul(0xa001)
            })
        })
    }),
    sum("sum", 2, total),
    sum("sum", 1, total),
    sum("exclusive or", 1, |bytes| {
        bytes.iter().fold(0, |sum, byte| sum ^ byte).into()
    }),
];

const fn sum(name: &'static str, width: usize, of: fn(&[u8]) -> u64) -> Sum {
    Sum { name, width, of }
}

fn total(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |sum, byte| u64::from(*byte).wrapping_add(sum))
}

fn adler32(bytes: &[u8]) -> u64 {
    let (a, b) = bytes.iter().fold((1_u64, 0_u64), |(a, b), byte| {
        let a = a.wrapping_add(u64::from(*byte)) % 65_521;
        (a, b.wrapping_add(a) % 65_521)
    });
    b << 16 | a
}

/// What is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// The coded frame.
    Frame,
    /// The record, with 0 where the checksum is.
    Record,
    /// All of the record that is before it.
    Before,
    /// All of the record that is behind it.
    Behind,
}

/// All of them.
pub const COVERS: [Covers; 4] = [
    Covers::Frame,
    Covers::Record,
    Covers::Before,
    Covers::Behind,
];

impl Covers {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Covers::Frame => "the frame",
            Covers::Record => "the record, itself left 0,",
            Covers::Before => "the record up to it",
            Covers::Behind => "the record behind it",
        }
    }
}

/// A record to try checksums on.
pub struct Sample {
    /// Its bytes, with those behind the frame that are no padding.
    pub record: Vec<u8>,
    /// Bytes of the header.
    pub header: usize,
    /// Where its frame ends.
    pub end: usize,
    /// The frame's bytes as they were coded.
    pub plain: Vec<u8>,
}

impl Sample {
    /// The number at a place: of the header, or behind the frame where it is beyond that.
    pub fn stored(&self, at: usize, width: usize, big: bool) -> Option<u64> {
        let from = self.place(at);
        let bytes = self.record.get(from..from.saturating_add(width))?;
        let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(match big {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        })
    }

    fn place(&self, at: usize) -> usize {
        match at.checked_sub(self.header) {
            Some(behind) => self.end.saturating_add(behind),
            None => at,
        }
    }

    /// The checksum is at that place.
    pub fn holds(&self, at: usize, sum: &Sum, covers: Covers, big: bool) -> bool {
        let Some(stored) = self.stored(at, sum.width, big) else {
            return false;
        };
        let from = self.place(at);
        let to = from.saturating_add(sum.width);
        let body = self.record.get(..self.end).unwrap_or_default();
        let value = match covers {
            Covers::Frame => (sum.of)(&self.plain),
            Covers::Before => (sum.of)(self.record.get(..from).unwrap_or_default()),
            Covers::Behind => (sum.of)(body.get(to..).unwrap_or_default()),
            // one behind the frame has its own words
            Covers::Record if from >= self.end => return false,
            Covers::Record => {
                let mut record = body.to_vec();
                record
                    .get_mut(from..to)
                    .into_iter()
                    .flatten()
                    .for_each(|byte| *byte = 0);
                (sum.of)(&record)
            }
        };
        let bits = (sum.width as u32).saturating_mul(8);
        value & u64::MAX >> 64_u32.saturating_sub(bits) == stored
    }
}
