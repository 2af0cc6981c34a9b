// SPDX-License-Identifier: MPL-2.0
//! How large a camera's frames are: the keyframes decide, by a vote of several; where they do not settle it, the header does, and
//! where that says nothing, the record's format byte.

use super::{
    header,
    record::Record,
    scan::{Ahead, Frame},
};
use crate::{
    mpeg4::{SizeHint, h264, keyframe_size},
    netvu::jfif::Jfif,
    reader::{Codec, FileInfo, Standard},
};
use std::collections::HashMap;

/// Keyframes that settle nothing before they are no longer looked into.
const TRIES: u8 = 4;
/// After so many keyframes one is looked into again.
const EVERY: u16 = 4096;
/// Bytes ahead in which other keyframes are looked for, to vote.
pub const VOTE_WINDOW: usize = 4 << 20;
/// Keyframes ahead that are asked.
const VOTERS: u8 = 3;
/// Votes that found no second keyframe before none is looked for any more: what a file is read for stays bounded.
const MAX_ALONE: u16 = 64;

/// Cameras whose first keyframes may be looked for as far as [`VOTE_WINDOW`]; beyond that, no more bytes are looked at ahead of records
/// than were read.
const MAX_FREE: usize = 16;

/// Changes of size that are reported.
const MAX_CHANGES: u8 = 4;

/// Width and height in pixels.
type Pixels = (u16, u16);

/// Frame sizes of one file, by camera.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    known: HashMap<u16, Size>,
    /// The camera of the last frame, and its size.
    last: Option<(u16, Pixels)>,
    alone: u16,
    changes: u8,
    /// Bytes that were looked at ahead of records, since the file's beginning.
    looked: u64,
    /// Offsets up to which a camera has no intact keyframe.
    barren: HashMap<u16, u64>,
}

/// What is known of one camera's frames.
#[derive(Clone, Copy, Debug)]
struct Size {
    size: Pixels,
    /// Format byte of the keyframe that was looked into last.
    format: u8,
    /// Bytes of the smallest and the largest keyframe that were looked into.
    bytes: (usize, usize),
    /// Keyframes since.
    since: u16,
    /// Keyframes that may still settle the size.
    tries: u8,
    /// Another size that the last keyframe showed alone.
    doubt: Option<Pixels>,
}

impl Size {
    /// Whether this keyframe has to be looked into: its format byte is new, or it is much smaller or larger than all that were. So
    /// the keyframes of a file that are looked into stay few, however long it is.
    fn is_due(&self, record: &Record) -> bool {
        let bytes = record.payload.len();
        let larger = |a: usize, b: usize| a.saturating_mul(5) > b.saturating_mul(8);
        self.tries > 0
            || self.since >= EVERY
            || self.format != record.format
            || larger(bytes, self.bytes.1)
            || larger(self.bytes.0, bytes)
    }
}

/// What the file says of the size of a camera's frames.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The camera's number, for messages.
    pub camera: u16,
    /// The header's, and what says so.
    pub header: Option<(Pixels, &'static str)>,
    /// Television standard.
    pub standard: Standard,
}

impl Claim {
    /// What the header of a native file says of the record's camera, unless the record's format byte says another.
    pub fn native(record: &Record, info: &FileInfo) -> Claim {
        let listed = info
            .cameras
            .iter()
            .find(|camera| camera.number == record.camera && camera.width > 0 && camera.height > 0)
            .map(|camera| (camera.width, camera.height));
        let other = header::format_size(record.format, info.standard);
        let header = listed.map(|listed| {
            let format = header::size_format(listed.0, listed.1);
            match other {
                Some(other) if format != 0 && format != record.format => {
                    (other, "the record's format byte")
                }
                _ => (listed, "the header"),
            }
        });
        Claim {
            camera: record.camera,
            header,
            standard: info.standard,
        }
    }
}

impl Sizes {
    /// Another file begins, that was put behind the first.
    pub fn begin(&mut self) {
        *self = Sizes {
            looked: self.looked,
            barren: std::mem::take(&mut self.barren),
            ..Sizes::default()
        };
    }

    /// Whether keyframes of a camera may be looked for ahead of the record at `offset`. What is looked at grows with the bytes and not
    /// faster, and what was found to hold none is not looked at again.
    fn may_look(&self, camera: u16, offset: u64) -> bool {
        let cameras = self.known.len().saturating_add(1).min(MAX_FREE);
        let free = cameras.saturating_mul(VOTE_WINDOW) as u64;
        let barren = self.barren.get(&camera).is_some_and(|end| offset < *end);
        self.alone < MAX_ALONE && self.looked < free.saturating_add(offset) && !barren
    }

    /// No keyframes ahead are looked into from now on.
    pub fn look_at_hand(&mut self) {
        self.alone = MAX_ALONE;
    }

    /// What is known so far is taken as settled.
    pub fn trust(&mut self) {
        for size in self.known.values_mut() {
            size.tries = 0;
        }
    }

    /// Whether the size of such a record's frame is known without its coded bytes.
    pub fn is_settled(&self, record: &Record, key: bool) -> bool {
        let known = self.known.get(&record.camera);
        known.is_some_and(|size| !key || !size.is_due(record))
    }

    /// Width and height of a frame, where they are known without its coded bytes.
    pub fn settled(&mut self, record: &Record, key: bool) -> Option<Pixels> {
        if let Some((_, size)) = self.last.filter(|(last, _)| *last == record.camera && !key) {
            return Some(size);
        }
        let size = self.known.get_mut(&record.camera)?;
        if key {
            if size.is_due(record) {
                return None;
            }
            size.since = size.since.saturating_add(1);
        }
        self.last = Some((record.camera, size.size));
        Some(size.size)
    }

    /// Width and height of a frame that is not settled: keyframes are looked into until two witnesses agree, which are two keyframes,
    /// or one and what is known or claimed. `ahead` shows what follows the record, `claim` is what the file says.
    ///
    /// # Errors
    /// Bytes that the window must have for `ahead`.
    pub fn find<F: Frame>(
        &mut self,
        record: &Record,
        key: bool,
        claim: &Claim,
        mut ahead: Ahead<'_, F>,
        warnings: &mut Vec<String>,
    ) -> Result<Pixels, usize> {
        let hint = SizeHint {
            format: record.format,
            standard: claim.standard,
        };
        let shows = |bytes: &[u8]| match record.codec {
            Codec::H264 => h264::picture_size(bytes),
            Codec::Jpeg => match Jfif::read(bytes) {
                Ok(Some(found)) => Some((found.width, found.height)),
                _ => None,
            },
            _ => keyframe_size(bytes, hint),
        };
        let window = ahead.window();
        let payload = || record.stored_payload().to_vec(window.data);
        let payload = key.then(payload).unwrap_or_default();
        let corrupt = key && record.checksum_ok(&payload) == Some(false);
        let own = match key && !corrupt {
            true => shows(&payload),
            false => None,
        };
        let known = self.known.get(&record.camera).copied();
        let claimed = claim.header.map(|(size, _)| size);
        let expected = known
            .map(|known| known.size)
            .or(claimed)
            .or(header::format_size(record.format, claim.standard));
        // where the keyframe itself shows nothing, a new format byte may
        let own = own.or(match known {
            Some(known) if known.format != record.format => claimed,
            _ => None,
        });
        let doubt = known.and_then(|known| known.doubt);
        let mut votes: Vec<Pixels> = doubt.into_iter().chain(own).collect();
        let agree = |votes: &[Pixels]| {
            let (last, others) = votes.split_last()?;
            (Some(*last) == expected || others.contains(last)).then_some(*last)
        };
        let mut agreed = agree(&votes);
        // an intact keyframe that shows nothing says nothing against what is known or claimed
        let silent = own.is_none() && key && !corrupt;
        let mut looks = match expected {
            Some(_) if silent || known.is_some() && own.is_none() => 0,
            _ => VOTERS,
        };
        while agreed.is_none() && looks > 0 && self.may_look(record.camera, window.offset) {
            looks = looks.saturating_sub(1);
            let Some(bytes) = ahead.next_keyframe(record.camera)? else {
                self.alone = self.alone.saturating_add(1);
                break;
            };
            votes.extend(shows(&bytes));
            agreed = agree(&votes);
        }
        self.looked = self.looked.saturating_add(ahead.looked() as u64);
        self.barren
            .extend(ahead.ended().map(|end| (record.camera, end)));
        let alone = match known {
            // of one keyframe alone, what is known is not believed to have changed
            Some(known) => Some(known.size),
            None => votes.first().copied().or(claimed),
        };
        let size = agreed.or(alone);
        if let (Some(known), Some(size)) = (known, size)
            && known.size != size
            && self.changes < MAX_CHANGES
        {
            self.changes = self.changes.saturating_add(1);
            warnings.push(format!(
                "camera {}: the frame size changes from {}x{} to {}x{}",
                claim.camera, known.size.0, known.size.1, size.0, size.1
            ));
        }
        if known.is_none() {
            match (size, claim.header) {
                (Some(size), Some((claimed, source))) if size != claimed => warnings.push(format!(
                    "camera {}: {source} says {}x{} where its keyframes show {}x{}, which is used",
                    claim.camera, claimed.0, claimed.1, size.0, size.1
                )),
                (None, _) => {
                    let (width, height) = assumed(record, claim);
                    warnings.push(format!(
                        "camera {}: the file gives no frame size; {width}x{height} is assumed, the size of record format {}",
                        claim.camera, record.format
                    ));
                }
                _ => {}
            }
        }
        let tries = match known {
            None => TRIES,
            Some(known) => known.tries,
        };
        // frames that show nothing in several keyframes are not looked into each time
        let settled =
            own.is_some() && agreed.is_some() || votes.is_empty() && looks == 0 && !silent;
        let size = size.unwrap_or_else(|| assumed(record, claim));
        let own_bytes = record.payload.len();
        let bytes = match known {
            Some(known) if known.size == size && known.tries == 0 => {
                let (least, most) = known.bytes;
                (least.min(own_bytes), most.max(own_bytes))
            }
            _ => (own_bytes, own_bytes),
        };
        self.last = Some((record.camera, size));
        self.known.insert(
            record.camera,
            Size {
                size,
                format: record.format,
                bytes,
                since: 0,
                tries: if settled {
                    0
                } else {
                    tries.saturating_sub(u8::from(key))
                },
                doubt: own.filter(|own| *own != size),
            },
        );
        Ok(size)
    }
}

/// The size that a record's format byte stands for.
fn assumed(record: &Record, claim: &Claim) -> Pixels {
    header::format_size(record.format, claim.standard).unwrap_or((352, 240))
}
