// SPDX-License-Identifier: MPL-2.0
//! Recordings inside something else: a disk image, other bytes before them.

use crate::families::{FAMILIES, FEEDS, Family, shots, whole};
use testing::{common::make::START, netvu_make::noise};

/// What a disk has before a file: a boot sector, tables, text, other files, and sectors that were never written.
fn front(length: usize) -> Vec<u8> {
    let mut bytes = noise(length / 4, 7);
    bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
    let text =
        b"LOBBY   EXP \x18\0\0\0\0!\0\0\0\0\0\0\0\0\0RIFF and PAR are words of a directory\r\n";
    bytes.extend(text.iter().cycle().take(length / 4));
    bytes.resize(length, 0);
    bytes
}

#[test]
fn a_recording_is_found_behind_other_bytes() {
    let all = shots(48, |n| START + 100 * n as i64);
    for family in FAMILIES {
        let before = match family {
            Family::Exp | Family::Plv1 => 12 << 20,
            Family::NetVu => 2 << 20,
        };
        let bytes = [front(before), family.record(&all)].concat();
        for feed in FEEDS {
            let about = format!("{family:?} {feed:?}");
            let outcome = family.play(&bytes, feed, |_| {}).well();
            whole(outcome.pad("video_1"), &all, &about);
        }
    }
}
