// SPDX-License-Identifier: MPL-2.0
//! The file header of the reference layout. All of it is assumed.

use super::{fields::Sheet, record::seconds};
use crate::common::clock::Zone;
use formats::{
    cursor,
    exp::header::{CameraEntry, SIZE, is_header},
    fields::Header as _,
};

/// How a header field is read.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    U8,
    U16,
    I16,
    U32,
    U64,
    Time,
    Crc,
    Flags,
    Standard,
    Zero,
}

const ASSUMED: &str = "assumed";

/// Offset, bytes, name, kind.
const FIELDS: &[(usize, usize, &str, Kind)] = &[
    (0, 6, "magic", Kind::Text),
    (6, 2, "version", Kind::U16),
    (8, 4, "header size", Kind::U32),
    (12, 4, "flags", Kind::Flags),
    (16, 16, "model", Kind::Text),
    (32, 32, "server name", Kind::Text),
    (64, 2, "zero", Kind::Zero),
    (66, 2, "UTC offset, min", Kind::I16),
    (68, 4, "first record", Kind::Time),
    (72, 4, "last record", Kind::Time),
    (76, 4, "records", Kind::U32),
    (80, 8, "index offset", Kind::U64),
    (88, 1, "video standard", Kind::Standard),
    (89, 1, "cameras", Kind::U8),
    (92, 2, "width", Kind::U16),
    (94, 2, "height", Kind::U16),
    (96, 24, "zero", Kind::Zero),
    (120, 4, "zero", Kind::Zero),
    (124, 4, "CRC-32 of 0..120", Kind::Crc),
];

const CAMERA: &[(usize, usize, &str, Kind)] = &[
    (0, 1, "number", Kind::U8),
    (1, 1, "zero", Kind::Zero),
    (2, 2, "width", Kind::U16),
    (4, 2, "height", Kind::U16),
    (6, 2, "rate × 100", Kind::U16),
    (8, 40, "title", Kind::Text),
];

/// The sheet of the header that `data` begins with and that ends at `end`, as the reader says.
pub fn sheet(data: &[u8], end: usize) -> Option<Sheet> {
    if !is_header(data) {
        return None;
    }
    let size = end.min(data.len());
    let mut sheet = Sheet {
        title: "file header of the reference layout (assumed, as a whole)".to_owned(),
        ..Sheet::default()
    };
    for (at, length, name, kind) in FIELDS.iter().filter(|(at, ..)| *at < size) {
        sheet.add(
            *at..at + length,
            name,
            value(data, *at, *length, *kind),
            ASSUMED,
        );
    }
    for (n, start) in (SIZE..size).step_by(CameraEntry::SIZE).enumerate() {
        for (at, length, name, kind) in CAMERA {
            let at = start + at;
            let name = format!("camera {}: {name}", n + 1);
            sheet.add(
                at..at + length,
                &name,
                value(data, at, *length, *kind),
                ASSUMED,
            );
        }
    }
    sheet.fill_unknown(size);
    sheet.take_bytes(data);
    Some(sheet)
}

fn value(data: &[u8], at: usize, length: usize, kind: Kind) -> String {
    let number = |value: Result<u64, cursor::Short>| match value {
        Ok(value) => value.to_string(),
        Err(_) => "cut short".to_owned(),
    };
    let u32_of = || cursor::u32_le(data, at).unwrap_or(0);
    match kind {
        Kind::Text => format!("{:?}", cursor::text_at(data, at, length)),
        Kind::U8 => number(cursor::u8_at(data, at).map(u64::from)),
        Kind::U16 => number(cursor::u16_le(data, at).map(u64::from)),
        Kind::I16 => {
            cursor::i16_le(data, at).map_or_else(|_| "cut short".to_owned(), |v| v.to_string())
        }
        Kind::U32 => number(cursor::u32_le(data, at).map(u64::from)),
        Kind::U64 => number(cursor::u64_le(data, at)),
        Kind::Time => format!(
            "{} = {} if UTC",
            u32_of(),
            seconds(&Zone::utc(i64::from(u32_of()) * 1_000_000_000))
        ),
        Kind::Flags => {
            let names = [(1, "index present"), (2, "audio present")];
            let set: Vec<&str> = names
                .into_iter()
                .filter(|(bit, _)| u32_of() & bit != 0)
                .map(|(_, name)| name)
                .collect();
            format!("{} {}", u32_of(), set.join(", "))
        }
        Kind::Standard => match data.get(at) {
            Some(1) => "1 NTSC".to_owned(),
            Some(2) => "2 PAL".to_owned(),
            Some(other) => format!("{other} not told"),
            None => String::new(),
        },
        Kind::Zero => {
            let part = data.get(at..at + length).unwrap_or_default();
            match part.iter().all(|byte| *byte == 0) {
                true => String::new(),
                false => "NOT ZERO".to_owned(),
            }
        }
        Kind::Crc => {
            let actual = crc32fast::hash(data.get(..120).unwrap_or_default());
            match actual == u32_of() {
                true => format!("{:08x}, right", u32_of()),
                false => format!("{:08x}, WRONG: the bytes have {actual:08x}", u32_of()),
            }
        }
    }
}
