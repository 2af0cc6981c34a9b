// SPDX-License-Identifier: MPL-2.0
//! The header before a block of audio (NetVuAudioData, 28 bytes, big-endian; verified) and the table of modes.

use super::headers::AudioData;
use super::{adpcm, picture};
use crate::cursor::{Short, bytes_at};
use crate::fields::{Header as _, Order};
use crate::reader::{AudioFormat, Codec, Payload, Timestamp};

/// Bytes of the header.
pub const LEN: usize = AudioData::SIZE;

/// Longest block that is accepted, in bytes (assumed; 3468 is the longest seen).
pub const MAX_BLOCK: usize = 65_536;

/// How a block is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Samples a second.
    pub rate: u32,
    /// ADPCM, else signed 16-bit little-endian samples.
    pub adpcm: bool,
}

/// What an unknown mode is taken for (stated).
pub const DEFAULT_MODE: Mode = Mode {
    rate: 8000,
    adpcm: true,
};

impl Mode {
    /// The mode of that number, which is an RTP payload number. 5 is verified, the others stated.
    pub fn from_number(number: i32) -> Option<Mode> {
        let (rate, adpcm) = match number {
            5 => (8000, true),
            16 => (11_025, true),
            6 => (16_000, true),
            17 => (22_050, true),
            96 => (32_000, true),
            97 => (44_100, true),
            98 => (48_000, true),
            100 => (8000, false),
            101 => (11_025, false),
            102 => (16_000, false),
            103 => (22_050, false),
            104 => (32_000, false),
            11 => (44_100, false),
            105 => (48_000, false),
            _ => return None,
        };
        Some(Mode { rate, adpcm })
    }

    /// The format of the decoded audio.
    pub fn format(&self) -> AudioFormat {
        AudioFormat {
            rate: self.rate,
            channels: 1,
            block_align: 2,
        }
    }

    /// The samples of the block at `range` of `data`, and how many there are. `None` where it is not a valid block.
    pub fn samples(&self, data: &[u8], range: std::ops::Range<usize>) -> Option<(Payload, u64)> {
        let block = data.get(range.clone())?;
        if self.adpcm {
            let (samples, _) = adpcm::decode(block)?;
            let count = (samples.len() as u64) >> 1;
            return (count > 0).then_some((Payload::Made(samples), count));
        }
        let odd = block.len() & 1;
        let range = range.start..range.end.saturating_sub(odd);
        let count = (range.len() as u64) >> 1;
        (count > 0).then_some((Payload::Plain(range), count))
    }

    /// `block` begins as a block of this mode does, of which PCM has no sign.
    pub fn begins(&self, block: &[u8]) -> bool {
        !self.adpcm || adpcm::State::parse(block).is_ok_and(|state| state.is_some())
    }

    /// Milliseconds that so many samples last, rounded.
    pub fn millis(&self, samples: u64) -> i64 {
        let rate = u64::from(self.rate.max(1));
        let millis = samples
            .saturating_mul(1000)
            .saturating_add(rate >> 1)
            .checked_div(rate)
            .unwrap_or(0);
        i64::try_from(millis).unwrap_or(i64::MAX)
    }
}

/// The codec of every audio packet: what is output is decoded.
pub const CODEC: Codec = Codec::PcmS16le;

/// `timestamp` so many milliseconds later.
pub fn later(timestamp: Timestamp, millis: i64) -> Timestamp {
    let unix_ms = timestamp.unix_ms().saturating_add(millis);
    Timestamp {
        seconds: unix_ms.div_euclid(1000),
        millis: u16::try_from(unix_ms.rem_euclid(1000)).ok(),
    }
}

/// An audio header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioHeader {
    /// Coding; `None` where the number is in no table.
    pub mode: Option<Mode>,
    /// Channel as the header has it, which is not the separator's (verified: 2 where that has 1).
    pub channel: i32,
    /// Bytes between header and block.
    pub additional: usize,
    /// Bytes of the block.
    pub size: usize,
    /// UTC time of the END of the block (verified: distances equal the length of the later block).
    pub timestamp: Option<Timestamp>,
}

/// The byte order that the four bytes of a version word show: `00 AB CD EF` or the reverse.
pub fn order_of(word: [u8; 4]) -> Option<Order> {
    match word {
        [0, 0xab, 0xcd, 0xef] => Some(Order::Big),
        [0xef, 0xcd, 0xab, 0] => Some(Order::Little),
        _ => None,
    }
}

impl AudioHeader {
    /// The header at the start of `data`; `Ok(None)` where there is none.
    pub fn parse(data: &[u8]) -> Result<Option<AudioHeader>, Short> {
        let Some(order) = order_of(bytes_at::<4>(data, 0)?) else {
            return Ok(None);
        };
        let data = AudioData::parse_in(order, data)?;
        let additional = usize::try_from(data.extra).unwrap_or(usize::MAX);
        let size = usize::try_from(data.size).unwrap_or(0);
        if additional > MAX_BLOCK || !(1..=MAX_BLOCK).contains(&size) {
            return Ok(None);
        }
        Ok(Some(AudioHeader {
            mode: Mode::from_number(data.mode),
            channel: data.channel,
            additional,
            size,
            timestamp: picture::timestamp(data.seconds, data.millis),
        }))
    }

    /// Where the block begins, from the header's start.
    pub fn start(&self) -> usize {
        LEN.saturating_add(self.additional)
    }

    /// Bytes of header, additional data and block.
    pub fn total(&self) -> usize {
        LEN.saturating_add(self.additional)
            .saturating_add(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const VECTOR: [u8; 28] = [
        0, 0xab, 0xcd, 0xef, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x7c, 0x49, 0x3f, 0xd2,
        0xf9, 0, 0, 2, 0x59,
    ];

    #[test]
    fn the_vector_of_a_real_unit() {
        let header = AudioHeader::parse(&VECTOR).unwrap().unwrap();
        assert_eq!(header.mode, Some(DEFAULT_MODE));
        assert_eq!(
            (header.channel, header.additional, header.size),
            (2, 0, 124)
        );
        assert_eq!(header.total(), 152);
        let end = header.timestamp.unwrap();
        assert_eq!(end.unix_ms(), 1_228_919_545_601);
        let length = DEFAULT_MODE.millis(240);
        assert_eq!(later(end, -length).unix_ms(), 1_228_919_545_571);
    }

    #[test]
    fn the_same_in_the_other_order() {
        let mut data = VECTOR;
        data.as_chunks_mut::<4>()
            .0
            .iter_mut()
            .for_each(|word| word.reverse());
        let header = AudioHeader::parse(&data).unwrap().unwrap();
        assert_eq!(header.total(), 152);
    }

    #[test]
    fn sizes_beyond_belief_are_no_header() {
        let mut data = VECTOR;
        data[16] = 1;
        assert_eq!(AudioHeader::parse(&data), Ok(None));
        assert_eq!(AudioHeader::parse(&VECTOR[..20]), Err(Short { missing: 8 }));
    }

    #[test]
    fn plain_samples_are_left_where_they_are() {
        let mode = Mode::from_number(100).unwrap();
        assert_eq!(
            mode.samples(&[0; 12], 3..10),
            Some((Payload::Plain(3..9), 3))
        );
    }
}
