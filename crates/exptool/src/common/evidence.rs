// SPDX-License-Identifier: MPL-2.0
//! How sure it is that a file is read by the right layout: records that prove themselves are counted.

use super::{
    Failure,
    walk::{Event, Walk},
};
use formats::{
    exp::{header::FileHeader, layout::Layout, layout::Status},
    fields::Header,
    reader::Media,
};

/// Pictures that are counted.
const ENOUGH: u32 = 8;
/// Bytes without one after which the next is not waited for any longer.
pub const LOOK: u64 = 4 << 20;

/// What the first records say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Pictures that proved themselves, 8 at most.
    pub pictures: u32,
    /// Damaged bytes before and between them.
    pub lost: u64,
    /// Bytes that were looked at.
    pub seen: u64,
}

impl Evidence {
    /// Counts the first pictures of a walk. The first of them is waited for `most` bytes.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(walk: &mut Walk, most: u64) -> Result<Evidence, Failure> {
        let mut found = Evidence::default();
        let mut until = most;
        while found.pictures < ENOUGH && found.seen < until {
            let Some((offset, event)) = walk.next()? else {
                break;
            };
            let length = match event {
                Event::Packet(packet, _) => {
                    found.pictures += u32::from(packet.stream.codec.media() == Media::Video);
                    until = offset
                        .saturating_add(packet.size as u64)
                        .saturating_add(LOOK);
                    packet.size as u64
                }
                Event::Damaged { length, .. } => {
                    found.lost = found.lost.saturating_add(length);
                    length
                }
                Event::Skip(length) | Event::Cut(length) => length,
            };
            found.seen = offset.saturating_add(length);
        }
        Ok(found)
    }

    /// 0 to 100: a quarter for each picture, less what was damaged.
    fn accuracy(&self) -> u32 {
        let whole = self.seen.saturating_sub(self.lost);
        let part = whole
            .saturating_mul(100)
            .checked_div(self.seen)
            .unwrap_or(0);
        let part = u32::try_from(part).unwrap_or(100);
        self.pictures.saturating_mul(25).min(part)
    }

    fn text(&self) -> String {
        let mut text = match self.pictures {
            0 => "no picture proves itself".to_owned(),
            1 => "1 picture proves itself".to_owned(),
            count => format!("the first {count} pictures prove themselves"),
        };
        if self.lost > 0 {
            text.push_str(&format!(", with {} damaged bytes among them", self.lost));
        }
        text
    }

    /// Of a file with a header of the reference layout: its magic is assumed, so its checksum and the records tell.
    pub fn with_header(&self, head: &[u8]) -> (u32, String) {
        let records = self.accuracy();
        let (sure, told) = match FileHeader::parse(head) {
            Err(_) => (0, "the header is cut off"),
            Ok(header) if header.crc == header.checksum() => (
                40 + records.saturating_mul(6) / 10,
                "the header's checksum is ok",
            ),
            Ok(_) => (
                records.saturating_mul(9) / 10,
                "the header's checksum does not match",
            ),
        };
        (sure, format!("{told}, {}", self.text()))
    }

    /// Of a file without one.
    pub fn alone(&self) -> (u32, String) {
        (self.accuracy(), self.text())
    }

    /// Of a file that is read by a layout somebody asked for. A inferred layout is no surer than it was when it was inferred.
    pub fn by_layout(&self, layout: &Layout) -> (u32, String) {
        let (most, how) = match (layout.status, layout.title.rsplit(", ").next()) {
            (Status::Inferred, Some("certain")) => (95, ", which was inferred and is certain"),
            (Status::Inferred, Some("doubtful")) => (20, ", which was inferred and is doubtful"),
            (Status::Inferred, _) => (60, ", which was inferred and is no more than probable"),
            _ => (100, ""),
        };
        let sure = self.accuracy().min(most);
        let name = &layout.name;
        let text = format!("by layout {name}, as asked for{how}, {}", self.text());
        (sure, text)
    }
}
