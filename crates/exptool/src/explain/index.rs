// SPDX-License-Identifier: MPL-2.0
//! The index of the reference layout, of which all is assumed.

use super::{fields::Sheet, record::kind_word};
use crate::common::clock::Zone;
use formats::{
    cursor,
    exp::index::{Entry, Head},
    fields::Header as _,
};

const ASSUMED: &str = "assumed";

/// The sheet of a part of the index: its head, an entry, or its checksum. `at` is its offset, `index` where the index begins
/// and how many entries it says it has.
pub fn sheet(bytes: &[u8], at: u64, index: (u64, u64)) -> Sheet {
    let (begin, count) = index;
    let mut sheet = Sheet::default();
    let inside = at.saturating_sub(begin);
    if inside == 0 {
        sheet.title = "head of the index of the reference layout (assumed, as a whole)".to_owned();
        let magic = cursor::text_at(bytes, 0, 4);
        sheet.add(0..4, "magic", format!("{magic:?}"), ASSUMED);
        sheet.add(4..8, "entries", count.to_string(), ASSUMED);
        return sheet;
    }
    let number = inside.saturating_sub(Head::SIZE as u64) / Entry::SIZE as u64;
    if number >= count {
        sheet.title = "end of the index of the reference layout (assumed, as a whole)".to_owned();
        let sum = cursor::u32_le(bytes, 0).unwrap_or(0);
        sheet.add(0..4, "CRC-32 of entries", format!("{sum:08x}"), ASSUMED);
        return sheet;
    }
    sheet.title = format!(
        "entry {number} of {count} of the index of the reference layout (assumed, as a whole)"
    );
    let seconds = cursor::u32_le(bytes, 8).unwrap_or(0);
    let values = [
        (
            0..8,
            "record offset",
            cursor::u64_le(bytes, 0).unwrap_or(0).to_string(),
        ),
        (8..12, "recorder time", {
            let ns = i64::from(seconds).saturating_mul(1_000_000_000);
            format!(
                "{seconds} = {} if UTC",
                super::record::seconds(&Zone::utc(ns))
            )
        }),
        (
            12..14,
            "milliseconds",
            cursor::u16_le(bytes, 12).unwrap_or(0).to_string(),
        ),
        (
            14..15,
            "camera",
            cursor::u8_at(bytes, 14).unwrap_or(0).to_string(),
        ),
        (
            15..16,
            "kind",
            kind_word(u64::from(cursor::u8_at(bytes, 15).unwrap_or(0))),
        ),
    ];
    for (range, name, value) in values {
        sheet.add(range, name, value, ASSUMED);
    }
    sheet
}
