// SPDX-License-Identifier: MPL-2.0
//! Whether the first keyframes are as large as the file says: their macroblocks are counted.

use formats::{
    mpeg4::{SizeHint, keyframe_size},
    reader::{Codec, FileInfo, Packet},
};
use std::collections::BTreeMap;

/// Keyframes of a camera that are counted.
const TRIES: u8 = 4;

type Size = (u16, u16);

/// What is known of a camera.
#[derive(Debug)]
struct Seen {
    tries: u8,
    /// Offset of the first keyframe, and the size that header and record format make for it.
    offset: u64,
    told: Size,
    /// The size that it has.
    counted: Option<Size>,
}

/// Counts keyframes, camera by camera.
#[derive(Debug, Default)]
pub struct SizeCheck {
    cameras: BTreeMap<u16, Seen>,
}

impl SizeCheck {
    /// Takes a picture.
    pub fn add(&mut self, offset: u64, packet: &Packet, coded: &[u8]) {
        if !packet.key || packet.stream.codec != Codec::Mpeg4 || packet.width == 0 {
            return;
        }
        let told = (packet.width, packet.height);
        let seen = self.cameras.entry(packet.stream.camera).or_insert(Seen {
            tries: TRIES,
            offset,
            told,
            counted: None,
        });
        if seen.counted.is_none() && seen.tries > 0 {
            seen.tries -= 1;
            seen.offset = offset;
            seen.told = told;
            seen.counted = keyframe_size(coded, SizeHint::default());
        }
    }

    /// Where header, record format and pictures do not agree.
    pub fn finish(&self, info: &FileInfo) -> Vec<String> {
        let seen = self.cameras.iter();
        seen.filter_map(|(camera, seen)| seen.contradiction(*camera, info))
            .collect()
    }
}

impl Seen {
    fn contradiction(&self, camera: u16, info: &FileInfo) -> Option<String> {
        let listed = info
            .cameras
            .iter()
            .find(|listed| listed.number == camera && listed.width > 0)
            .map(|listed| (listed.width, listed.height));
        let words = |size: Size| format!("{}x{}", size.0, size.1);
        let offset = self.offset;
        let mut claims = Vec::new();
        let right = self.counted.unwrap_or(self.told);
        if let Some(listed) = listed.filter(|listed| *listed != right) {
            claims.push(format!("the header says {}", words(listed)));
        }
        if self.told != right && Some(self.told) != listed {
            claims.push(format!("the record makes it {}", words(self.told)));
        }
        if claims.is_empty() {
            return None;
        }
        let by = match self.counted {
            Some(_) => "by its macroblocks",
            None => "by its record's format",
        };
        Some(format!(
            "camera {camera}: the keyframe at offset {offset} is {} {by}, where {}",
            words(right),
            claims.join(" and ")
        ))
    }
}
