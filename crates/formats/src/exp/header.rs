// SPDX-License-Identifier: MPL-2.0
//! The file header of the reference layout (assumed, exp-format section 3). All integers are little-endian.

use super::{codes::STANDARDS, index};
use crate::{
    cursor::Short,
    fields::{Bytes, Header as _, Text, Zero, header},
    reader::{Camera, FileInfo, Standard},
};

/// First bytes of a file.
pub const MAGIC: &[u8; 6] = b"DXEXP\0";
/// Bytes of the header without its cameras.
pub const SIZE: usize = FileHeader::SIZE;
/// Bytes that the checksum covers.
const CHECKED: usize = 120;
/// [`FileHeader::flags`]: the file has an index.
pub const FLAG_INDEX: u32 = 1;
/// [`FileHeader::flags`]: the file has audio.
pub const FLAG_AUDIO: u32 = 2;

header! {
    /// The file header without its camera entries.
    pub struct FileHeader: 128 bytes, Little {
        0   magic: Text<6>,      "magic",            Assumed;
        6   version: u16,        "version",          Assumed;
        8   size: u32,           "header size",      Assumed, Unit("bytes");
        12  flags: u32,          "flags",            Assumed, Flags(&[(FLAG_INDEX as u64, "index present"), (FLAG_AUDIO as u64, "audio present")]);
        16  model: Text<16>,     "model",            Assumed;
        32  server: Text<32>,    "server name",      Assumed;
        64  zero_64: Zero<2>,    "zero",             Assumed;
        66  utc_offset: i16,     "UTC offset",       Assumed, Unit("min");
        68  first: u32,          "first record",     Assumed, UnixTime("if UTC (assumed)");
        72  last: u32,           "last record",      Assumed, UnixTime("if UTC (assumed)");
        76  records: u32,        "records",          Assumed;
        80  index: u64,          "index offset",     Assumed;
        88  standard: u8,        "video standard",   Assumed, Names(&[(1, "NTSC"), (2, "PAL")]);
        89  cameras: u8,         "cameras",          Assumed;
        90  unused_90: Bytes<2>, "unused",           Assumed;
        92  width: u16,          "width",            Assumed, Unit("px");
        94  height: u16,         "height",           Assumed, Unit("px");
        96  zero_96: Zero<24>,   "zero",             Assumed;
        120 zero_120: Zero<4>,   "zero",             Assumed;
        124 crc: u32,            "CRC-32 of 0..120", Assumed, Crc32(CHECKED);
    }
}

header! {
    /// One camera of the file header.
    pub struct CameraEntry: 48 bytes, Little {
        0 number: u8,       "number", Assumed;
        1 zero: Zero<1>,    "zero",   Assumed;
        2 width: u16,       "width",  Assumed, Unit("px");
        4 height: u16,      "height", Assumed, Unit("px");
        6 rate: u16,        "rate",   Assumed, Unit("frames per 100 s");
        8 title: Text<40>,  "title",  Assumed;
    }
}

impl FileHeader {
    /// The checksum that the header should have.
    pub fn checksum(&self) -> u32 {
        crc32fast::hash(self.to_bytes().get(..CHECKED).unwrap_or_default())
    }

    /// Bytes of the header with its cameras.
    pub fn size_of_cameras(&self) -> usize {
        usize::from(self.cameras)
            .saturating_mul(CameraEntry::SIZE)
            .saturating_add(SIZE)
    }

    /// Bytes of the header from its size field, where that is a size that a header can have and not the one that its camera count
    /// makes: one of the two is wrong then.
    pub fn other_size(&self) -> Option<usize> {
        let size = usize::try_from(self.size).ok()?;
        let cameras = size.checked_sub(SIZE)?;
        let can_be =
            cameras.is_multiple_of(CameraEntry::SIZE) && cameras / CameraEntry::SIZE <= 255;
        (can_be && self.size_of_cameras() != size).then_some(size)
    }
}

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

/// Reads the header of `size` bytes, whatever its camera count, at the start of `data`, which is at `offset` in the file.
///
/// # Errors
/// [`Short`] when `data` does not hold all of it.
pub fn parse(data: &[u8], offset: u64, size: usize) -> Result<Header, Short> {
    let header = FileHeader::parse(data)?;
    let mut cameras = Vec::new();
    for at in (SIZE..size).step_by(CameraEntry::SIZE) {
        let missing = || Short {
            missing: size.saturating_sub(data.len()).max(1),
        };
        let entry = CameraEntry::parse(data.get(at..).ok_or_else(missing)?);
        cameras.push(entry.map_err(|_| missing())?.camera());
    }
    if let Some(camera) = cameras.first_mut()
        && (camera.width == 0 || camera.height == 0)
    {
        (camera.width, camera.height) = (header.width, header.height);
    }
    Ok(Header {
        size,
        info: header.info(offset, size, cameras),
        warnings: header.check(offset, size),
    })
}

impl FileHeader {
    /// What the header says and cannot be; its first record is `size` bytes after `offset`.
    fn check(&self, offset: u64, size: usize) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut warn = |what: String| warnings.push(format!("header at offset {offset}: {what}"));
        if self.version != 1 {
            warn(format!("version {}, expected 1", self.version));
        }
        let claimed = self.size;
        if usize::try_from(claimed) != Ok(size) {
            warn(format!(
                "header size {claimed} where its cameras make {size}"
            ));
        } else if self.size_of_cameras() != size {
            warn(format!(
                "{} cameras where its size {claimed} has room for {}, and a record follows these",
                self.cameras,
                size.saturating_sub(SIZE) / CameraEntry::SIZE
            ));
        }
        if self.crc != self.checksum() {
            warn(format!(
                "checksum {:08x} where its bytes have {:08x}",
                self.crc,
                self.checksum()
            ));
        }
        warnings
    }

    fn info(&self, offset: u64, size: usize, cameras: Vec<Camera>) -> FileInfo {
        let (first, last) = (self.first, self.last);
        let index_at = Some(self.index).filter(|at| *at > 0);
        FileInfo {
            audio: Vec::new(),
            container: "Pelco DX export (EXP)",
            family: "native",
            model: self.model.decode(),
            server: self.server.decode(),
            utc_offset: Some(i32::from(self.utc_offset)).filter(|offset| offset.abs() <= 24 * 60),
            standard: STANDARDS
                .get(usize::from(self.standard))
                .copied()
                .unwrap_or_default(),
            cameras,
            slot_rate: None,
            span: (first > 0 && last >= first).then_some((i64::from(first), i64::from(last))),
            records: Some(u64::from(self.records)).filter(|records| *records > 0),
            data_start: offset.saturating_add(size as u64),
            data_end: index_at,
            index: index_at.map(|at| index::place(at, u64::from(self.records))),
        }
    }
}

impl CameraEntry {
    /// The camera, as readers list it.
    fn camera(&self) -> Camera {
        let rate = u32::from(self.rate);
        Camera {
            number: u16::from(self.number),
            width: self.width,
            height: self.height,
            rate: (rate > 0).then_some((rate, 100)),
            title: self.title.decode(),
        }
    }

    /// The entry of a camera; its rate is rounded to a hundredth of a frame per second, 0 where it is unknown or does not fit.
    pub fn new(camera: &Camera) -> CameraEntry {
        let rate = camera.rate.map_or(0, |(num, den)| {
            let half = u64::from(den) / 2;
            u64::from(num)
                .saturating_mul(100)
                .saturating_add(half)
                .checked_div(u64::from(den))
                .unwrap_or(0)
        });
        CameraEntry {
            number: u8::try_from(camera.number).unwrap_or(u8::MAX),
            width: camera.width,
            height: camera.height,
            rate: u16::try_from(rate).unwrap_or(0),
            title: Text::new(&camera.title),
            ..CameraEntry::default()
        }
    }
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
