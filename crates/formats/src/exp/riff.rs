// SPDX-License-Identifier: MPL-2.0
//! RIFF chunks and the track headers of an AVI file, as far as the PLV1 export uses them. Integers are little-endian.

use super::avi_fields::{ChunkHead, StreamHeader, VideoFormat, WaveFormat};
use crate::{
    cursor::Short,
    fields::Header,
    reader::{AudioFormat, Codec},
};

/// Bytes of a chunk's header: FourCC and size.
pub const CHUNK_HEAD: usize = ChunkHead::SIZE;

/// Whether the chunks of a `RIFF` or `LIST` chunk of this type are read one by one.
pub fn is_entered(kind: &[u8]) -> bool {
    let entered = [b"AVI ", b"AVIX", b"hdrl", b"strl", b"movi", b"rec "];
    entered.iter().any(|name| kind == name.as_slice())
}

/// The head of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// FourCC.
    pub id: [u8; 4],
    /// Bytes that follow the head, without the padding to an even number.
    pub size: u32,
}

impl Chunk {
    /// The head at the start of `data`.
    ///
    /// # Errors
    /// [`Short`] when there are fewer than 8 bytes.
    pub fn read(data: &[u8]) -> Result<Chunk, Short> {
        let head = ChunkHead::parse(data)?;
        Ok(Chunk {
            id: head.id.0,
            size: head.size,
        })
    }

    /// Bytes of the whole chunk, head and padding included.
    pub fn padded(&self) -> usize {
        let size = self.size as usize;
        size.saturating_add(size & 1).saturating_add(CHUNK_HEAD)
    }

    /// The stream number of a chunk such as `01wb`.
    pub fn stream(&self) -> Option<usize> {
        let [tens, ones, kind, of] = self.id;
        let known = matches!(&[kind, of], b"db" | b"dc" | b"wb" | b"pc" | b"tx");
        if !known || !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        let digit = |byte: u8| usize::from(byte.saturating_sub(b'0'));
        Some(digit(tens).saturating_mul(10).saturating_add(digit(ones)))
    }

    /// A picture of a stream.
    pub fn is_picture(&self) -> bool {
        self.stream().is_some() && matches!(self.id, [_, _, b'd', b'b' | b'c'])
    }

    /// Audio of a stream.
    pub fn is_audio(&self) -> bool {
        self.stream().is_some() && matches!(self.id, [_, _, b'w', b'b'])
    }

    /// A chunk with other chunks inside.
    pub fn is_list(&self) -> bool {
        matches!(&self.id, b"RIFF" | b"LIST")
    }

    /// A FourCC that AVI files use.
    pub fn is_known(&self) -> bool {
        self.is_list()
            || self.stream().is_some()
            || matches!(
                &self.id,
                b"idx1"
                    | b"JUNK"
                    | b"avih"
                    | b"strh"
                    | b"strf"
                    | b"strd"
                    | b"strn"
                    | b"indx"
                    | b"odml"
                    | b"dmlh"
                    | b"ISFT"
            )
            || matches!(self.id, [b'i', b'x', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit())
    }

    /// Made of printable ASCII, as every FourCC is.
    pub fn is_text_id(&self) -> bool {
        self.id.iter().all(|byte| (0x20..0x7f).contains(byte))
    }
}

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// Audio.
    Audio,
    /// Anything else.
    Other,
}

/// A track, from its `strh` and `strf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    /// What it carries.
    pub kind: TrackKind,
    /// The handler FourCC of `strh`.
    pub handler: [u8; 4],
    /// Slots a second, numerator and denominator.
    pub rate: Option<(u32, u32)>,
    /// Picture size in pixels.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Codec and parameters of audio.
    pub audio: Option<(Codec, AudioFormat)>,
}

impl Track {
    /// Reads the body of a `strh` chunk. What is missing of it is taken as 0.
    pub fn header(body: &[u8]) -> Track {
        let header = StreamHeader::parse_padded(body).unwrap_or_default();
        let kind = match &header.kind.0 {
            b"vids" => TrackKind::Video,
            b"auds" => TrackKind::Audio,
            _ => TrackKind::Other,
        };
        let (scale, rate) = (header.scale, header.rate);
        // GStreamer fractions are signed 32-bit
        let fits = |value: u32| value > 0 && value < i32::MAX.unsigned_abs();
        Track {
            kind,
            handler: header.handler.0,
            rate: (fits(scale) && fits(rate)).then_some((rate, scale)),
            width: 0,
            height: 0,
            audio: None,
        }
    }

    /// Reads the body of the `strf` chunk that follows.
    pub fn format(&mut self, body: &[u8]) {
        match self.kind {
            TrackKind::Video => {
                let format = VideoFormat::parse_padded(body).unwrap_or_default();
                let side = |value: i32| u16::try_from(value.unsigned_abs()).unwrap_or(0);
                (self.width, self.height) = (side(format.width), side(format.height));
                if letters(&format.compression.0) > letters(&self.handler) {
                    self.handler = format.compression.0;
                }
            }
            TrackKind::Audio => self.audio = audio_format(body),
            TrackKind::Other => {}
        }
    }

    /// Letters that its FourCC has in common with `PLV1`.
    pub fn letters_of_plv1(&self) -> usize {
        letters(&self.handler)
    }
}

fn letters(fourcc: &[u8; 4]) -> usize {
    let pairs = fourcc.iter().zip(b"PLV1");
    pairs
        .filter(|(own, plv1)| own.eq_ignore_ascii_case(plv1))
        .count()
}

fn audio_format(body: &[u8]) -> Option<(Codec, AudioFormat)> {
    let format = WaveFormat::parse_padded(body).ok()?;
    let codec = match (format.tag, format.bits) {
        (1, 8) => Codec::PcmU8,
        (1, 16) => Codec::PcmS16le,
        (6, _) => Codec::ALaw,
        (7, _) => Codec::MuLaw,
        (0x11, _) => Codec::ImaAdpcm,
        _ => return None,
    };
    let audio = AudioFormat {
        rate: format.rate,
        channels: format.channels,
        block_align: format.block_align,
    };
    let fits = (1..=192_000).contains(&audio.rate) && (1..=8).contains(&audio.channels);
    fits.then_some((codec, audio))
}
