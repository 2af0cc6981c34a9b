// SPDX-License-Identifier: MPL-2.0
//! Where the fields of the two headers stand, for showing them one by one. What the readers believe of them is said where
//! they are read ([`super::picture`], [`super::audio`]).

use super::picture::Order;
use crate::cursor::{Short, bytes_at, text_at};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A signed number.
    Number,
    /// A number without sign.
    Unsigned,
    /// Bits.
    Bits,
    /// Seconds since 1970, UTC.
    Seconds,
    /// Text, filled up with NUL.
    Text,
}

/// A field of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Offset from the header's start.
    pub at: usize,
    /// Bytes.
    pub length: usize,
    /// What it is called.
    pub name: &'static str,
    /// What it holds.
    pub content: Content,
    /// `"verified"` where real captures show what it means, `"stated"` where only published programs say it.
    pub known: &'static str,
}

const fn place(
    at: usize,
    length: usize,
    name: &'static str,
    content: Content,
    known: &'static str,
) -> Place {
    Place {
        at,
        length,
        name,
        content,
        known,
    }
}

/// The picture header (NetVuImageData).
pub const PICTURE: [Place; 25] = {
    use Content::{Bits, Number, Seconds, Text, Unsigned};
    [
        place(0, 4, "version", Bits, "verified"),
        place(4, 4, "mode", Number, "stated"),
        place(8, 4, "camera", Number, "verified"),
        place(12, 4, "format", Number, "verified"),
        place(16, 4, "bytes of text", Unsigned, "verified"),
        place(20, 4, "bytes of the picture", Number, "verified"),
        place(24, 4, "most bytes", Number, "stated"),
        place(28, 4, "wanted bytes, or bits a second", Number, "verified"),
        place(32, 4, "quality factor", Number, "verified"),
        place(36, 4, "active detectors", Bits, "verified"),
        place(40, 4, "status", Number, "stated"),
        place(44, 4, "time", Seconds, "verified"),
        place(48, 4, "millisecond counter", Unsigned, "verified"),
        place(52, 4, "resolution", Text, "verified"),
        place(56, 31, "title", Text, "verified"),
        place(87, 31, "alarm text", Text, "verified"),
        place(118, 2, "input width", Unsigned, "verified"),
        place(120, 2, "input height", Unsigned, "verified"),
        place(122, 2, "picture width", Unsigned, "verified"),
        place(124, 2, "picture height", Unsigned, "verified"),
        place(126, 2, "cut off at the left", Unsigned, "stated"),
        place(128, 2, "cut off at the top", Unsigned, "stated"),
        place(130, 30, "time zone", Text, "verified"),
        place(160, 4, "minutes east of UTC", Number, "verified"),
        place(164, 4, "active alarms", Bits, "stated"),
    ]
};

/// The sound header (NetVuAudioData).
pub const AUDIO: [Place; 7] = {
    use Content::{Bits, Number, Seconds, Unsigned};
    [
        place(0, 4, "version", Bits, "verified"),
        place(4, 4, "mode", Number, "verified"),
        place(8, 4, "channel", Number, "verified"),
        place(12, 4, "bytes before the block", Number, "stated"),
        place(16, 4, "bytes of the block", Number, "verified"),
        place(20, 4, "time of the block's end", Seconds, "verified"),
        place(24, 4, "milliseconds", Unsigned, "verified"),
    ]
};

impl Place {
    /// The number that stands here; of a text, 0.
    ///
    /// # Errors
    /// A header that is too short.
    pub fn number(&self, header: &[u8], order: Order) -> Result<u32, Short> {
        let value = match (self.length, order) {
            (2, Order::Big) => u16::from_be_bytes(bytes_at(header, self.at)?).into(),
            (2, Order::Little) => u16::from_le_bytes(bytes_at(header, self.at)?).into(),
            (4, Order::Big) => u32::from_be_bytes(bytes_at(header, self.at)?),
            (4, Order::Little) => u32::from_le_bytes(bytes_at(header, self.at)?),
            _ => 0,
        };
        Ok(value)
    }

    /// What stands here, in words.
    ///
    /// # Errors
    /// A header that is too short.
    pub fn value(&self, header: &[u8], order: Order) -> Result<String, Short> {
        let number = self.number(header, order)?;
        Ok(match self.content {
            Content::Number => number.cast_signed().to_string(),
            Content::Unsigned => number.to_string(),
            Content::Bits => format!("{number:#010x}"),
            Content::Seconds => format!("{number} s since 1970"),
            Content::Text => format!("{:?}", text_at(header, self.at, self.length)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_fill_the_headers_without_gaps() {
        let end = |places: &[Place]| {
            places.iter().fold(0, |at, place| {
                assert_eq!(place.at, at, "{}", place.name);
                at + place.length
            })
        };
        assert_eq!(end(&PICTURE), super::super::picture::LEN);
        assert_eq!(end(&AUDIO), super::super::audio::LEN);
    }

    #[test]
    fn fields_of_a_real_header() {
        let header = super::super::picture::tests::vector();
        let value = |name: &str| {
            let place = PICTURE.iter().find(|place| place.name == name).unwrap();
            place.value(&header, Order::Big).unwrap()
        };
        assert_eq!(value("version"), "0xdecade11");
        assert_eq!(value("bytes of the picture"), "16894");
        assert_eq!(value("most bytes"), "49160");
        assert!(PICTURE[0].value(&header[..3], Order::Big).is_err());
    }
}
