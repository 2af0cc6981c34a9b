// SPDX-License-Identifier: MPL-2.0
//! The 168-byte picture header (NetVuImageData) before stripped JPEG, MPEG-4 and H.264 frames.
//!
//! Big-endian on the wire (verified on about 200 packets of five units); in `.par` files possibly in little-endian order
//! (stated), which its first word shows.

use super::headers::PictureData;
use crate::cursor::{Short, bytes_at};
use crate::fields::{Header as _, Value as _};
use crate::reader::{Codec, MAX_RECORD, Timestamp};

pub use crate::fields::Order;

/// Bytes of the header.
pub const LEN: usize = PictureData::SIZE;

/// Offset of the camera's number.
const CAMERA: usize = match PictureData::TABLE.fields {
    [_, _, camera, ..] => camera.at,
    _ => LEN,
};

/// The two versions of the header, but for their last bit.
pub const VERSION: u32 = 0xdeca_de10;

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

impl Format {
    /// The codec of frames that begin with a start code.
    pub fn codec(self) -> Codec {
        match self {
            Format::H264 => Codec::H264,
            Format::Jpeg { .. } | Format::Mpeg4 => Codec::Mpeg4,
        }
    }
}

/// A picture header whose fields make sense. Everything that is not checked or converted is in [`PictureHeader::data`].
#[derive(Clone, Copy, Debug)]
pub struct PictureHeader {
    /// The header as it is.
    pub data: PictureData,
    /// Camera, from 1.
    pub camera: u16,
    /// Coding.
    pub format: Format,
    /// Bytes of text between header and frame.
    pub text_len: usize,
    /// Bytes of the frame.
    pub size: usize,
    /// UTC; `None` where the seconds are 0.
    pub timestamp: Option<Timestamp>,
    /// Frame width in pixels.
    pub width: u16,
    /// Frame height in lines, often one field.
    pub height: u16,
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

/// A text field up to its first NUL, blanks at the end off.
pub(super) fn text(field: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    field.get(..end).unwrap_or_default().trim_ascii_end()
}

impl PictureHeader {
    /// Reads the header at the start of `data`, in the byte order that its version word has.
    ///
    /// # Errors
    /// What a valid header has in the first field that is wrong. The limits are assumed, wide of everything seen.
    pub fn parse(data: &[u8]) -> Result<Self, NoPicture> {
        let order = order_of(bytes_at::<4>(data, 0)?)
            .ok_or(NoPicture::Expected("a picture header version"))?;
        Self::parse_in(order, data)
    }

    /// As [`PictureHeader::parse`], also where the version word is damaged: for bytes that something else shows to be a header of the
    /// wire.
    ///
    /// # Errors
    /// As above.
    pub fn of_any_version(data: &[u8]) -> Result<Self, NoPicture> {
        Self::parse_in(
            order_of(bytes_at::<4>(data, 0)?).unwrap_or(Order::Big),
            data,
        )
    }

    fn parse_in(order: Order, data: &[u8]) -> Result<Self, NoPicture> {
        // first, since most of what is not a header ends here
        let camera = u16::try_from(i32::read(data, CAMERA, order)?)
            .ok()
            .filter(|camera| (1..=4096).contains(camera));
        if camera.is_none() && data.len() >= LEN {
            return Err(NoPicture::Expected("a camera number from 1 to 4096"));
        }
        let data = PictureData::parse_in(order, data)?;
        let camera = camera.unwrap_or(0);
        let format = match data.format {
            0 => Format::Jpeg { both: false },
            1 => Format::Jpeg { both: true },
            2..=5 => Format::Mpeg4,
            6..=15 => Format::H264,
            _ => return Err(NoPicture::Expected("a picture format from 0 to 15")),
        };
        let text_len = usize::try_from(data.text_size)
            .ok()
            .filter(|len| *len <= MAX_TEXT)
            .ok_or(NoPicture::Expected("a text block of at most 64 KiB"))?;
        let size = usize::try_from(data.size)
            .ok()
            .filter(|size| (1..=MAX_RECORD).contains(size))
            .ok_or(NoPicture::Expected("a frame of 1 byte to 16 MiB"))?;
        let (width, height) = picture_size(&data, order)?;
        Ok(PictureHeader {
            camera,
            format,
            text_len,
            size,
            timestamp: timestamp(data.seconds, data.counter),
            width,
            height,
            utc_offset: Some(data.utc_offset).filter(|minutes| minutes.unsigned_abs() <= 1440),
            data,
        })
    }

    /// Bytes of header, text and frame.
    pub fn total(&self) -> usize {
        LEN.saturating_add(self.text_len).saturating_add(self.size)
    }
}

/// The six numbers at 118 are in the header's order in version 0x11 (verified). In version 0x10 they are stated to be
/// little-endian by one source and big-endian by another, so the order that makes sense is taken. In a little-endian header
/// both orders are tried as well.
fn picture_size(data: &PictureData, order: Order) -> Result<(u16, u16), NoPicture> {
    let sides = 16..=8192;
    let plausible = |size: (u16, u16)| sides.contains(&size.0) && sides.contains(&size.1);
    let within = |size: (u16, u16), input: (u16, u16)| size.0 <= input.0 && size.1 <= input.1;
    let old = data.version & 0xff == 0x10;
    let as_read = (
        (data.width, data.height),
        (data.input_width, data.input_height),
    );
    let swap = |(x, y): (u16, u16)| (x.swap_bytes(), y.swap_bytes());
    let swapped = (swap(as_read.0), swap(as_read.1));
    let (first, second) = match (order, old) {
        (Order::Big, true) => (swapped, as_read),
        _ => (as_read, swapped),
    };
    let fits = |(size, input)| plausible(size) && within(size, input);
    if fits(first) || plausible(first.0) && !fits(second) {
        return Ok(first.0);
    }
    // A well-formed big-endian header of the new version is never read the other way round.
    if plausible(second.0) && (old || order == Order::Little) {
        return Ok(second.0);
    }
    Err(NoPicture::Expected(
        "a frame of 16 to 8192 pixels and lines",
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
        assert_eq!(header.data.factor, 255);
        assert_eq!((header.width, header.height), (768, 288));
        assert_eq!(text(&header.data.title.0), b"Camera 1");
        assert_eq!(text(&header.data.alarm.0), b"");
        assert_eq!(header.utc_offset, Some(0));
    }

    #[test]
    fn the_same_in_the_other_order() {
        let data = swapped();
        let header = PictureHeader::parse(&data).unwrap();
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
    fn wrong_fields_are_reported() {
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
    fn the_camera_is_the_third_field() {
        let camera = PictureData::TABLE
            .fields
            .iter()
            .find(|field| field.name == "camera");
        assert_eq!(camera.unwrap().at, CAMERA);
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
