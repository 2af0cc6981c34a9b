// SPDX-License-Identifier: MPL-2.0
//! How large a camera's pictures are: the header says it, or the pictures themselves do, or it is assumed.

use super::{header, record::Record};
use crate::{
    mpeg4::{SizeHint, keyframe_size},
    netvu::jfif::Jfif,
    reader::{Codec, FileInfo},
};
use std::collections::HashMap;

/// Keyframes of a camera that are looked into before a size is assumed.
const TRIES: u8 = 4;

/// Picture sizes of one file, by camera and record format.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    known: HashMap<(u16, u8), Size>,
    /// The entry that was used last.
    last: Option<((u16, u8), (u16, u16))>,
}

/// What is known of one camera's pictures of one format.
#[derive(Clone, Copy, Debug)]
struct Size {
    size: (u16, u16),
    /// Keyframes that may still tell another.
    tries: u8,
}

impl Sizes {
    /// Whether the size of such a record's pictures is known without their coded bytes.
    pub fn is_settled(&self, record: &Record) -> bool {
        let place = (record.camera, record.format);
        self.known.get(&place).is_some_and(|size| size.tries == 0)
    }

    /// Width and height of a picture, of which `payload` gives the coded bytes. An assumption is told once for each camera and format.
    pub fn of(
        &mut self,
        record: &Record,
        key: bool,
        info: &FileInfo,
        payload: impl FnOnce() -> Vec<u8>,
        warnings: &mut Vec<String>,
    ) -> (u16, u16) {
        let place = (record.camera, record.format);
        if let Some((_, size)) = self.last.filter(|(last, _)| *last == place) {
            return size;
        }
        let told = told(record, info);
        let entry = self.known.entry(place).or_insert_with(|| match told {
            Some(size) => Size { size, tries: 0 },
            None => Size {
                size: header::format_size(record.format, info.standard).unwrap_or((352, 240)),
                tries: TRIES,
            },
        });
        if entry.tries > 0 && record.codec == Codec::Jpeg {
            if let Ok(Some(found)) = Jfif::read(&payload()) {
                *entry = Size {
                    size: (found.width, found.height),
                    tries: 0,
                };
            }
        } else if entry.tries > 0 && key && record.codec == Codec::Mpeg4 {
            entry.tries = entry.tries.saturating_sub(1);
            let hint = SizeHint {
                format: record.format,
                standard: info.standard,
            };
            if let Some(size) = keyframe_size(&payload(), hint) {
                entry.size = size;
                entry.tries = 0;
            } else if entry.tries.saturating_add(1) == TRIES {
                // told at once: the file may have no further keyframe
                warnings.push(format!(
                    "camera {}: the file gives no picture size; {}x{} is assumed, the size of record format {}",
                    record.camera, entry.size.0, entry.size.1, record.format
                ));
            }
        }
        let size = entry.size;
        if entry.tries == 0 {
            self.last = Some((place, size));
        }
        size
    }
}

/// The header's size of the camera, unless the record's format byte says another.
fn told(record: &Record, info: &FileInfo) -> Option<(u16, u16)> {
    let listed = info
        .cameras
        .iter()
        .find(|camera| camera.number == record.camera && camera.width > 0 && camera.height > 0)
        .map(|camera| (camera.width, camera.height))?;
    let format = header::size_format(listed.0, listed.1);
    let other = header::format_size(record.format, info.standard);
    Some(match other {
        Some(other) if format != 0 && format != record.format => other,
        _ => listed,
    })
}
