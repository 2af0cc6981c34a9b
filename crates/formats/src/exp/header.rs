// SPDX-License-Identifier: MPL-2.0
//! The file header of the reference layout (assumed, exp-format section 3). All integers are little-endian.

use crate::{
    cursor::{self, Short},
    reader::{Camera, FileInfo, IndexPlace, Standard},
};

/// First bytes of a file.
pub const MAGIC: &[u8; 6] = b"DXEXP\0";
/// Bytes of the header without its cameras.
pub const SIZE: usize = 128;
/// Bytes of a camera entry.
pub const CAMERA_SIZE: usize = 48;
/// Bytes of an index entry.
pub const INDEX_ENTRY: usize = 16;
/// Bytes before the first entry of the index: `DXIX` and the count.
pub const INDEX_HEAD: usize = 8;

/// A header, and what does not agree in it.
#[derive(Debug)]
pub struct Header {
    /// Bytes of the header, cameras included: the first record stands there.
    pub size: usize,
    /// What it says.
    pub info: FileInfo,
    /// What it says and cannot be.
    pub warnings: Vec<String>,
}

/// Whether `data` begins as a header does.
pub fn is_header(data: &[u8]) -> bool {
    data.starts_with(MAGIC)
}

/// Bytes of the header that begins here, from its camera count.
///
/// # Errors
/// [`Short`] when `data` ends before the count.
pub fn size(data: &[u8]) -> Result<usize, Short> {
    let cameras = usize::from(cursor::u8_at(data, 89)?);
    Ok(cameras.saturating_mul(CAMERA_SIZE).saturating_add(SIZE))
}

/// The checksum that a header says it has, and the one that its bytes have; `None` where `data` ends before it.
pub fn check_sum(data: &[u8]) -> Option<(u32, u32)> {
    let told = cursor::u32_le(data, 124).ok()?;
    Some((told, crc32fast::hash(data.get(..120)?)))
}

/// Bytes of the header that begins here, from its size field, where that is a size that a header can have and not the one that its
/// camera count makes: one of the two is wrong then.
pub fn other_size(data: &[u8]) -> Option<usize> {
    let told = usize::try_from(cursor::u32_le(data, 8).ok()?).ok()?;
    let cameras = told.checked_sub(SIZE)?;
    let can_be = cameras.is_multiple_of(CAMERA_SIZE) && cameras / CAMERA_SIZE <= 255;
    (can_be && size(data) != Ok(told)).then_some(told)
}

/// Reads the header at the start of `data`, which stands at `offset` in the file.
///
/// # Errors
/// [`Short`] when `data` does not hold all of it.
pub fn parse(data: &[u8], offset: u64) -> Result<Header, Short> {
    parse_sized(data, offset, size(data)?)
}

/// The same of a header of `size` bytes, whatever its camera count.
///
/// # Errors
/// [`Short`] when `data` does not hold all of it.
pub fn parse_sized(data: &[u8], offset: u64, size: usize) -> Result<Header, Short> {
    cursor::u8_at(data, size.saturating_sub(1))?;
    let mut warnings = Vec::new();
    let version = cursor::u16_le(data, 6)?;
    if version != 1 {
        warnings.push(format!(
            "header at offset {offset}: version {version}, expected 1"
        ));
    }
    let told = cursor::u32_le(data, 8)?;
    let count = cursor::u8_at(data, 89)?;
    if usize::try_from(told) != Ok(size) {
        warnings.push(format!(
            "header at offset {offset}: header size {told} where its cameras make {size}"
        ));
    } else if self::size(data)? != size {
        warnings.push(format!(
            "header at offset {offset}: {count} cameras where its size {told} has room for {}, and a record stands behind these",
            size.saturating_sub(SIZE) / CAMERA_SIZE
        ));
    }
    if let Some((crc, actual)) = check_sum(data).filter(|(crc, actual)| crc != actual) {
        warnings.push(format!(
            "header at offset {offset}: checksum {crc:08x} where its bytes have {actual:08x}"
        ));
    }
    let info = read_info(data, offset, size)?;
    Ok(Header {
        size,
        info,
        warnings,
    })
}

fn read_info(data: &[u8], offset: u64, size: usize) -> Result<FileInfo, Short> {
    let utc_offset = i32::from(cursor::i16_le(data, 66)?);
    let (first, last) = (cursor::u32_le(data, 68)?, cursor::u32_le(data, 72)?);
    let records = u64::from(cursor::u32_le(data, 76)?);
    let index_at = cursor::u64_le(data, 80)?;
    let mut cameras = Vec::new();
    for at in (SIZE..size).step_by(CAMERA_SIZE) {
        cameras.push(camera(data, at)?);
    }
    if let Some(camera) = cameras.first_mut()
        && (camera.width == 0 || camera.height == 0)
    {
        camera.width = cursor::u16_le(data, 92)?;
        camera.height = cursor::u16_le(data, 94)?;
    }
    let index_at = Some(index_at).filter(|at| *at > 0);
    Ok(FileInfo {
        container: "Pelco DX export (EXP)",
        family: "native",
        model: cursor::text_at(data, 16, 16),
        server: cursor::text_at(data, 32, 32),
        utc_offset: Some(utc_offset).filter(|offset| offset.abs() <= 24 * 60),
        standard: match cursor::u8_at(data, 88)? {
            1 => Standard::Ntsc,
            2 => Standard::Pal,
            _ => Standard::Unknown,
        },
        cameras,
        slot_rate: None,
        span: (first > 0 && last >= first).then_some((i64::from(first), i64::from(last))),
        records: Some(records).filter(|records| *records > 0),
        data_start: offset.saturating_add(size as u64),
        data_end: index_at,
        index: index_at.map(|at| IndexPlace {
            offset: at.saturating_add(INDEX_HEAD as u64),
            count: records,
            entry_size: INDEX_ENTRY,
        }),
    })
}

fn camera(data: &[u8], at: usize) -> Result<Camera, Short> {
    let place = |n: usize| at.saturating_add(n);
    let rate = u32::from(cursor::u16_le(data, place(6))?);
    Ok(Camera {
        number: u16::from(cursor::u8_at(data, at)?),
        width: cursor::u16_le(data, place(2))?,
        height: cursor::u16_le(data, place(4))?,
        rate: (rate > 0).then_some((rate, 100)),
        title: cursor::text_at(data, place(8), 40),
    })
}

/// Picture size of a record's format byte for a television standard: 1 CIF, 2 2CIF, 3 4CIF (assumed). Where the standard is
/// not known, the NTSC size.
pub fn format_size(format: u8, standard: Standard) -> Option<(u16, u16)> {
    let lines = match standard {
        Standard::Pal => (288, 576),
        Standard::Ntsc | Standard::Unknown => (240, 480),
    };
    match format {
        1 => Some((352, lines.0)),
        2 => Some((704, lines.0)),
        3 => Some((704, lines.1)),
        _ => None,
    }
}

/// The format byte that a picture size belongs to, 0 where it is none of them.
pub fn size_format(width: u16, height: u16) -> u8 {
    match (width, height) {
        (640.., 200..400) => 2,
        (300..640, 240..=288) => 1,
        (640.., 480..=576) => 3,
        _ => 0,
    }
}
