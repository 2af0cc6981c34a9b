// SPDX-License-Identifier: MPL-2.0
//! The 168-byte picture header (NetVuImageData) before stripped JPEG, MPEG-4 and H.264 frames.
//!
//! Big-endian on the wire (verified on about 200 packets of five units); in `.par` files possibly in little-endian order
//! (stated), which its first word shows.

use crate::cursor::{Short, bytes_at, i32_be, i32_le, u16_be, u16_le, u32_be, u32_le};
use crate::reader::{MAX_RECORD, Timestamp};

pub use crate::fields::Order;

/// Bytes of the header.
pub const LEN: usize = 168;

/// Longest text block that is accepted, in bytes (assumed; 160 is the longest seen).
pub const MAX_TEXT: usize = 65_536;

/// Why bytes are no picture header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    /// The slice ends inside the header.
    #[error(transparent)]
    Short(#[from] Short),
    /// A field holds what no valid header has there; what a valid one has.
    #[error("expected {0}")]
    Expected(&'static str),
}

/// How a picture is coded, by `vid_format`: 0 to 3 verified, 4 to 8 stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 0: JPEG with 4:2:2 sampling, 1: 4:2:0.
    Jpeg {
        /// 4:2:0.
        both: bool,
    },
    /// 2 to 5: MPEG-4.
    Mpeg4,
    /// 6 and above: H.264, to be confirmed by the bytes.
    H264,
}

/// A picture header. Text fields end before their first NUL.
#[derive(Clone, Copy, Debug)]
pub struct PictureHeader<'a> {
    /// Byte order of its numbers.
    pub order: Order,
    /// Camera, from 1.
    pub camera: u16,
    /// Coding.
    pub format: Format,
    /// Bytes of text between header and picture.
    pub text_len: usize,
    /// Bytes of the picture.
    pub size: usize,
    /// Wanted bytes of a JPEG picture, bits a second of MPEG-4.
    pub target_size: i32,
    /// JPEG quality factor, 1 (fine) to 255 (coarse); a quantiser-like number in MPEG-4.
    pub factor: i32,
    /// Active detectors (`alm_bitmask_hi`).
    pub detectors: u32,
    /// Active alarms (`alm_bitmask`).
    pub alarms: u32,
    /// UTC; `None` where the seconds are 0.
    pub timestamp: Option<Timestamp>,
    /// Camera title.
    pub title: &'a [u8],
    /// Text of the alarm that is on.
    pub alarm: &'a [u8],
    /// Picture width in pixels.
    pub width: u16,
    /// Picture height in lines, often one field.
    pub height: u16,
    /// Name of the time zone, possibly cut by the unit.
    pub locale: &'a [u8],
    /// Minutes east of UTC; `None` where the value is beyond a day.
    pub utc_offset: Option<i32>,
}

/// The byte order that the four bytes of a version word show: `DE CA DE 10|11` or the reverse.
pub fn order_of(word: [u8; 4]) -> Option<Order> {
    match word {
        [0xde, 0xca, 0xde, 0x10 | 0x11] => Some(Order::Big),
        [0x10 | 0x11, 0xde, 0xca, 0xde] => Some(Order::Little),
        _ => None,
    }
}

/// Numbers of a header in either byte order.
pub(super) struct Fields<'a> {
    pub data: &'a [u8],
    pub order: Order,
}

impl Fields<'_> {
    pub fn i32(&self, at: usize) -> Result<i32, Short> {
        match self.order {
            Order::Big => i32_be(self.data, at),
            Order::Little => i32_le(self.data, at),
        }
    }

    pub fn u32(&self, at: usize) -> Result<u32, Short> {
        match self.order {
            Order::Big => u32_be(self.data, at),
            Order::Little => u32_le(self.data, at),
        }
    }

    fn size(&self, order: Order) -> Result<PictureSize, Short> {
        let read = match order {
            Order::Big => u16_be,
            Order::Little => u16_le,
        };
        Ok(PictureSize {
            source: (read(self.data, 118)?, read(self.data, 120)?),
            target: (read(self.data, 122)?, read(self.data, 124)?),
        })
    }
}

#[derive(Clone, Copy)]
struct PictureSize {
    source: (u16, u16),
    target: (u16, u16),
}

impl PictureSize {
    fn fits(&self) -> bool {
        (16..=8192).contains(&self.target.0) && (16..=8192).contains(&self.target.1)
    }

    fn within_source(&self) -> bool {
        self.target.0 <= self.source.0 && self.target.1 <= self.source.1
    }
}

/// A fixed text field up to its first NUL, blanks at the end off.
fn field(data: &[u8], at: usize, len: usize) -> &[u8] {
    let field = data.get(at..at.saturating_add(len)).unwrap_or_default();
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    field.get(..end).unwrap_or_default().trim_ascii_end()
}

impl<'a> PictureHeader<'a> {
    /// Reads the header at the start of `data`, in the byte order that its version word has.
    ///
    /// # Errors
    /// What a valid header has in the first field that is wrong. The limits are assumed, wide of everything seen.
    pub fn parse(data: &'a [u8]) -> Result<Self, NoPicture> {
        let word = bytes_at::<4>(data, 0)?;
        let order = order_of(word).ok_or(NoPicture::Expected("a picture header version"))?;
        Self::parse_as(data, word, order)
    }

    /// As [`PictureHeader::parse`], also where the version word is damaged: for bytes that something else says a header of the wire
    /// is in.
    ///
    /// # Errors
    /// As above.
    pub fn of_any_version(data: &'a [u8]) -> Result<Self, NoPicture> {
        let word = bytes_at::<4>(data, 0)?;
        Self::parse_as(data, word, order_of(word).unwrap_or(Order::Big))
    }

    fn parse_as(data: &'a [u8], word: [u8; 4], order: Order) -> Result<Self, NoPicture> {
        let _whole = bytes_at::<LEN>(data, 0)?;
        let old = word.contains(&0x10);
        let fields = Fields { data, order };
        let camera = u16::try_from(fields.i32(8)?)
            .ok()
            .filter(|camera| (1..=4096).contains(camera))
            .ok_or(NoPicture::Expected("a camera number from 1 to 4096"))?;
        let format = match fields.i32(12)? {
            0 => Format::Jpeg { both: false },
            1 => Format::Jpeg { both: true },
            2..=5 => Format::Mpeg4,
            6..=15 => Format::H264,
            _ => return Err(NoPicture::Expected("a picture format from 0 to 15")),
        };
        let text_len = usize::try_from(fields.u32(16)?)
            .ok()
            .filter(|len| *len <= MAX_TEXT)
            .ok_or(NoPicture::Expected("a text block of at most 64 KiB"))?;
        let size = usize::try_from(fields.i32(20)?)
            .ok()
            .filter(|size| (1..=MAX_RECORD).contains(size))
            .ok_or(NoPicture::Expected("a picture of 1 byte to 16 MiB"))?;
        let (width, height) = picture_size(&fields, old)?;
        Ok(PictureHeader {
            order,
            camera,
            format,
            text_len,
            size,
            target_size: fields.i32(28)?,
            factor: fields.i32(32)?,
            detectors: fields.u32(36)?,
            alarms: fields.u32(164)?,
            timestamp: timestamp(fields.u32(44)?, fields.u32(48)?),
            title: field(data, 56, 31),
            alarm: field(data, 87, 31),
            width,
            height,
            locale: field(data, 130, 30),
            utc_offset: Some(fields.i32(160)?).filter(|minutes| minutes.unsigned_abs() <= 1440),
        })
    }

    /// Bytes of header, text and picture.
    pub fn total(&self) -> usize {
        LEN.saturating_add(self.text_len).saturating_add(self.size)
    }
}

/// The six numbers at 118 are in the header's order in version 0x11 (verified). In version 0x10 they are stated to be
/// little-endian by one source and big-endian by another, so the order that makes sense is taken. In a little-endian header
/// both orders are tried as well.
fn picture_size(fields: &Fields<'_>, old: bool) -> Result<(u16, u16), NoPicture> {
    let (first, second) = match (fields.order, old) {
        (Order::Big, false) => (Order::Big, Order::Little),
        _ => (Order::Little, Order::Big),
    };
    let a = fields.size(first)?;
    if a.fits() && a.within_source() {
        return Ok(a.target);
    }
    let b = fields.size(second)?;
    if a.fits() && !(b.fits() && b.within_source()) {
        return Ok(a.target);
    }
    // A well-formed big-endian header of the new version is never read the other way round.
    if b.fits() && (old || fields.order == Order::Little) {
        return Ok(b.target);
    }
    Err(NoPicture::Expected(
        "a picture of 16 to 8192 pixels and lines",
    ))
}

/// UTC seconds, and the milliseconds as the last three digits of a counter that runs since the unit started (verified: no
/// exception in seven captures). `None` where the seconds are 0.
pub fn timestamp(seconds: u32, counter: u32) -> Option<Timestamp> {
    (seconds != 0).then(|| Timestamp {
        seconds: i64::from(seconds),
        millis: u16::try_from(counter.checked_rem(1000).unwrap_or(0)).ok(),
    })
}

#[cfg(test)]
pub(in crate::netvu) mod tests {
    use super::*;

    /// The header of a real unit's first picture, put together from its hexadecimal listing.
    pub fn vector() -> Vec<u8> {
        let mut data = vec![
            0xde, 0xca, 0xde, 0x11, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x0c, 0, 0, 0x41,
            0xfe, 0, 0, 0xc0, 0x08, 0, 0, 0x3a, 0x98, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x49,
            0x18, 0x2e, 0x60, 0xa2, 0xaf, 0x5a, 0x0b,
        ];
        data.extend(b"MED\0Camera 1");
        data.resize(118, 0);
        data.extend([3, 0, 2, 0x40, 3, 0, 1, 0x20, 0, 8, 0, 0]);
        data.resize(LEN, 0);
        data
    }

    fn swapped() -> Vec<u8> {
        let mut data = vector();
        for at in (0..56).step_by(4).chain([160, 164]) {
            if at != 52 {
                data[at..at + 4].reverse();
            }
        }
        for at in (118..130).step_by(2) {
            data[at..at + 2].reverse();
        }
        data
    }

    #[test]
    fn the_vector_of_a_real_unit() {
        let data = vector();
        let header = PictureHeader::parse(&data).unwrap();
        assert_eq!(header.camera, 1);
        assert_eq!(header.format, Format::Jpeg { both: false });
        assert_eq!((header.text_len, header.size), (12, 16_894));
        assert_eq!(header.total(), 17_074);
        assert_eq!(header.timestamp.unwrap().unix_ms(), 1_226_321_504_843);
        assert_eq!(header.factor, 255);
        assert_eq!((header.width, header.height), (768, 288));
        assert_eq!(header.title, b"Camera 1");
        assert_eq!((header.alarm, header.locale), (&b""[..], &b""[..]));
        assert_eq!(header.utc_offset, Some(0));
    }

    #[test]
    fn the_same_in_the_other_order() {
        let data = swapped();
        let header = PictureHeader::parse(&data).unwrap();
        assert_eq!(header.order, Order::Little);
        assert_eq!((header.camera, header.total()), (1, 17_074));
        assert_eq!(header.timestamp.unwrap().unix_ms(), 1_226_321_504_843);
        assert_eq!((header.width, header.height), (768, 288));
    }

    #[test]
    fn an_old_version_takes_the_size_that_makes_sense() {
        let mut data = vector();
        data[3] = 0x10;
        assert_eq!(PictureHeader::parse(&data).unwrap().width, 768);
        for at in (118..130).step_by(2) {
            data[at..at + 2].reverse();
        }
        assert_eq!(PictureHeader::parse(&data).unwrap().width, 768);
    }

    #[test]
    fn wrong_fields_are_told() {
        let wrong = |at: usize, value: [u8; 4]| {
            let mut data = vector();
            data[at..at + 4].copy_from_slice(&value);
            PictureHeader::parse(&data).unwrap_err()
        };
        assert!(matches!(wrong(0, *b"abcd"), NoPicture::Expected(_)));
        assert!(matches!(wrong(8, [0, 0, 0x20, 0]), NoPicture::Expected(_)));
        assert!(matches!(wrong(12, [0, 0, 0, 16]), NoPicture::Expected(_)));
        assert!(matches!(wrong(16, [0, 2, 0, 0]), NoPicture::Expected(_)));
        assert!(matches!(wrong(20, [2, 0, 0, 0]), NoPicture::Expected(_)));
        assert!(matches!(wrong(122, [0, 1, 0, 1]), NoPicture::Expected(_)));
        assert_eq!(
            PictureHeader::parse(&vector()[..100]).unwrap_err(),
            NoPicture::Short(Short { missing: 68 })
        );
    }

    #[test]
    fn an_offset_beyond_a_day_is_none() {
        let mut data = vector();
        data[160..164].copy_from_slice(&(-300i32).to_be_bytes());
        assert_eq!(PictureHeader::parse(&data).unwrap().utc_offset, Some(-300));
        data[160..164].copy_from_slice(&1441i32.to_be_bytes());
        assert_eq!(PictureHeader::parse(&data).unwrap().utc_offset, None);
    }
}
