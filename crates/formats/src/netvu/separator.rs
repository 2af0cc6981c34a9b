// SPDX-License-Identifier: MPL-2.0
//! The six bytes before every packet of an AD binary or minimal stream: type, channel, size (u32, big-endian, without these
//! six). Verified on captures of four families of units.

use super::headers::{MinimalVideo, PacketHead};
use super::{jfif, picture};
use crate::cursor::Short;
use crate::fields::Header as _;
use crate::reader::Timestamp;

/// Bytes of a separator.
pub const LEN: usize = PacketHead::SIZE;

/// The largest size of a packet that is accepted: just under 16 MiB (stated: the published reader's limit).
pub const MAX_SIZE: usize = 0x00ff_ffff;

/// Types from here on are no separator at all (assumed; 0 to 15 are named, 0x30 was seen in an engineered stream).
const TYPE_LIMIT: u8 = 64;

/// What a packet holds by its type byte. 0 to 4, 6 and 9 are verified, the others stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// 0: picture header and stripped JPEG.
    Jpeg,
    /// 1: a whole JPEG, or (verified) the same as 0.
    Jfif,
    /// 2 and 3: picture header and MPEG-4.
    Mpeg4,
    /// 4: audio header and block.
    Audio,
    /// 6: seconds, milliseconds, MPEG-4 (or H.264).
    MinimalVideo,
    /// 7: seconds, milliseconds, mode, block of audio.
    MinimalAudio,
    /// 9: flag and text about the stream.
    Info,
    /// 10 and 11: picture header and H.264.
    H264,
    /// 12: text that begins `<infoList>`.
    XmlInfo,
    /// 13: Windows bitmap.
    Bmp,
    /// 14: portable bitmap, run-length coded or not.
    Pbm,
    /// 15: flag and text.
    SvarsInfo,
    /// 5, 8 and everything from 16 on: skipped by its size.
    Other,
}

/// One separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separator {
    /// What follows.
    pub kind: Type,
    /// Channel, from 0: camera or audio channel less one.
    pub channel: u8,
    /// Bytes that follow.
    pub size: usize,
}

impl Separator {
    /// The separator at `at`; `Ok(None)` where the bytes cannot be one.
    pub fn parse(data: &[u8], at: usize) -> Result<Option<Separator>, Short> {
        let head = PacketHead::parse(data.get(at..).unwrap_or_default())?;
        let size = usize::try_from(head.size).unwrap_or(usize::MAX);
        if head.kind >= TYPE_LIMIT || size == 0 || size > MAX_SIZE {
            return Ok(None);
        }
        let kind = match head.kind {
            0 => Type::Jpeg,
            1 => Type::Jfif,
            2 | 3 => Type::Mpeg4,
            4 => Type::Audio,
            6 => Type::MinimalVideo,
            7 => Type::MinimalAudio,
            9 => Type::Info,
            10 | 11 => Type::H264,
            12 => Type::XmlInfo,
            13 => Type::Bmp,
            14 => Type::Pbm,
            15 => Type::SvarsInfo,
            _ => Type::Other,
        };
        Ok(Some(Separator {
            kind,
            channel: head.channel,
            size,
        }))
    }

    /// Bytes of the whole packet, separator included.
    pub fn total(&self) -> usize {
        self.size.saturating_add(LEN)
    }

    /// Camera or audio channel, from 1.
    pub fn number(&self) -> u16 {
        u16::from(self.channel).saturating_add(1)
    }

    /// What the packet holds by its first bytes, which decide where they can: units declare some types wrongly (verified).
    pub fn content(&self, body: &[u8]) -> Type {
        let headed = matches!(self.kind, Type::Jpeg | Type::Mpeg4 | Type::H264);
        match body {
            [0xde, 0xca, 0xde, 0x10 | 0x11, ..] if !headed => Type::Mpeg4,
            [0, 0xab, 0xcd, 0xef, ..] => Type::Audio,
            _ if body.starts_with(&jfif::START) => Type::Jfif,
            _ => self.kind,
        }
    }
}

impl MinimalVideo {
    /// UTC; `None` where the seconds are 0 (stated). Milliseconds beyond 999 are unknown.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let timestamp = picture::timestamp(self.seconds, u32::from(self.millis))?;
        let millis = timestamp.millis.filter(|_| self.millis < 1000);
        Some(Timestamp {
            millis,
            ..timestamp
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_a_real_unit() {
        let sep = Separator::parse(&[0, 0, 0, 0, 0x42, 0xb2], 0)
            .unwrap()
            .unwrap();
        assert_eq!(sep.kind, Type::Jpeg);
        assert_eq!((sep.number(), sep.size, sep.total()), (1, 17_074, 17_080));
    }

    #[test]
    fn what_is_no_separator() {
        let size_zero = [0, 0, 0, 0, 0, 0];
        let size_16_mib = [0, 0, 1, 0, 0, 0];
        let type_64 = [64, 0, 0, 0, 0, 1];
        for bytes in [size_zero, size_16_mib, type_64] {
            assert_eq!(Separator::parse(&bytes, 0), Ok(None));
        }
        assert_eq!(Separator::parse(&[0, 0, 0], 0), Err(Short { missing: 3 }));
    }
}
