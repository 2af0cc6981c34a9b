// SPDX-License-Identifier: MPL-2.0
//! Fixed-width fields out of a byte slice, without panics.

/// The slice ended before a field: how many more bytes the slice must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{missing} more bytes are needed")]
pub struct Short {
    /// Bytes missing at the end of the slice; at least 1.
    pub missing: usize,
}

/// `N` bytes at `at`, or how many bytes are missing for them.
pub fn bytes_at<const N: usize>(data: &[u8], at: usize) -> Result<[u8; N], Short> {
    data.get(at..)
        .and_then(|rest| rest.first_chunk::<N>())
        .copied()
        .ok_or_else(|| Short {
            missing: at.saturating_add(N).saturating_sub(data.len()).max(1),
        })
}

macro_rules! field {
    ($name:ident, $from:ident, $type:ty, $doc:literal) => {
        #[doc = $doc]
        pub fn $name(data: &[u8], at: usize) -> Result<$type, Short> {
            bytes_at(data, at).map(<$type>::$from)
        }
    };
}

field!(u8_at, from_le_bytes, u8, "The byte at `at`.");
field!(u16_le, from_le_bytes, u16, "Little-endian `u16` at `at`.");
field!(u16_be, from_be_bytes, u16, "Big-endian `u16` at `at`.");
field!(i16_le, from_le_bytes, i16, "Little-endian `i16` at `at`.");
field!(i16_be, from_be_bytes, i16, "Big-endian `i16` at `at`.");
field!(u32_le, from_le_bytes, u32, "Little-endian `u32` at `at`.");
field!(u32_be, from_be_bytes, u32, "Big-endian `u32` at `at`.");
field!(i32_le, from_le_bytes, i32, "Little-endian `i32` at `at`.");
field!(i32_be, from_be_bytes, i32, "Big-endian `i32` at `at`.");
field!(u64_le, from_le_bytes, u64, "Little-endian `u64` at `at`.");
field!(u64_be, from_be_bytes, u64, "Big-endian `u64` at `at`.");

/// Text in a fixed field of `len` bytes at `at`; see [`decode_text`](crate::fields::decode_text).
pub fn text_at(data: &[u8], at: usize, len: usize) -> String {
    let end = at.saturating_add(len).min(data.len());
    crate::fields::decode_text(data.get(at..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_where_they_are_read() {
        let data = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(u32_le(&data, 1), Ok(0x0504_0302));
        assert_eq!(u32_be(&data, 1), Ok(0x0203_0405));
        assert_eq!(u64_be(&data, 1), Ok(0x0203_0405_0607_0809));
        assert_eq!(i16_be(&[0xff, 0xfe], 0), Ok(-2));
    }

    #[test]
    fn a_short_slice_says_how_much_is_missing() {
        assert_eq!(u32_le(&[1, 2], 0), Err(Short { missing: 2 }));
        assert_eq!(u16_le(&[1, 2], 2), Err(Short { missing: 2 }));
        assert_eq!(
            u8_at(&[], usize::MAX),
            Err(Short {
                missing: usize::MAX
            })
        );
    }

    #[test]
    fn text_stops_at_nul() {
        assert_eq!(text_at(b"Front door \0xx", 0, 14), "Front door");
        assert_eq!(text_at(b"abc", 1, 100), "bc");
        assert_eq!(text_at(b"abc", 7, 2), "");
    }
}
