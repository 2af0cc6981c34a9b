// SPDX-License-Identifier: MPL-2.0
//! Frames that can be seen without any layout: MPEG-4 VOPs, plain or in reversed groups of four bytes, H.264 access units, JPEG.

use super::{Window, minus, plus};
use crate::{
    exp::{
        coded::JPEG,
        layout::{ShortGroup, Transform},
    },
    mpeg4::{Inference, IntraPicture, VolParams, h264, size::size_of_count, start_code},
    reader::{Codec, swap32},
};
use memchr::{memchr, memmem};
use std::collections::BTreeMap;

/// No more frames are kept: a file made of start codes needs no more memory than another.
const MAX_FRAMES: usize = 300_000;
/// Bytes in which a frame's own headers lead to its VOP or slice.
const HEADERS: usize = 192;
/// Sizes that a keyframe may have: by its macroblocks, and the widths that its header is read with.
type Ends = BTreeMap<(usize, usize), usize>;

/// Bytes of a keyframe in which its end is looked for, and keyframes in which it is.
const MAX_KEY: i64 = 64 << 10;
const KEYS: usize = 40;

/// A frame found by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Offset of its first coded byte.
    pub at: i64,
    /// It needs no other.
    pub key: bool,
    /// How it is stored.
    pub transform: Transform,
    /// Its coded bytes, where they say themselves how many they are: a JPEG by its markers, an MPEG-4 keyframe by its macroblocks.
    pub size: Option<i64>,
}

/// The frames of a sample, all of one codec.
#[derive(Clone, Debug)]
pub struct Frames {
    /// In the order of the file.
    pub list: Vec<Frame>,
    /// What they are.
    pub codec: Codec,
}

impl Frames {
    /// Frames of the codec of which there are most.
    pub fn find(bytes: &[u8]) -> Frames {
        let mut mpeg4 = plain_vops(bytes);
        mpeg4.extend(reversed_vops(bytes));
        mpeg4.sort_by_key(|frame| frame.at);
        mpeg4.dedup_by(|later, earlier| minus(later.at, earlier.at) < 5);
        let all = [
            (mpeg4, Codec::Mpeg4),
            (access_units(bytes), Codec::H264),
            (jpegs(bytes), Codec::Jpeg),
        ];
        let most = all.into_iter().max_by_key(|(list, codec)| {
            // a JPEG has an end too, so fewer of them prove more
            let weight = if *codec == Codec::Jpeg { 3 } else { 1 };
            (list.len().saturating_mul(weight), *codec == Codec::Mpeg4)
        });
        let (list, codec) = most.unwrap_or((Vec::new(), Codec::Mpeg4));
        let mut frames = Frames { list, codec };
        if codec == Codec::Mpeg4 {
            frames.measure(&Window(bytes));
        }
        frames
    }

    /// Bits of the part of a second in the headers of MPEG-4 frames, and the other widths that they have.
    pub fn widths(&self, window: &Window<'_>) -> VolParams {
        let mut inference = Inference::new();
        let step = self.list.len().div_ceil(400).max(1);
        let heads = self.list.iter().step_by(step);
        heads.for_each(|frame| inference.add(&window.vop(frame, 256)));
        inference.result().vol(0, 0, None)
    }

    /// Sizes of MPEG-4 keyframes: those of a camera have as many macroblocks, and stuffing behind the last.
    fn measure(&mut self, window: &Window<'_>) {
        // cameras of one recorder may have clocks of other widths
        let resolutions = (0..16).map(|bits| 1_u16.wrapping_shl(bits));
        let mut every: Vec<VolParams> = resolutions
            .map(|resolution| VolParams::new(0, 0).with_resolution(resolution.saturating_add(1)))
            .collect();
        every.push(self.widths(window));
        let step = self.list.iter().filter(|frame| frame.key).count();
        let step = step.div_ceil(KEYS).max(1);
        let following = self.list.iter().skip(1).map(|frame| frame.at);
        let pairs = self.list.iter().zip(following.chain([window.len()]));
        let keys = pairs.enumerate().filter(|(_, (frame, _))| frame.key);
        let ends = keys.step_by(step).map(|(n, (frame, next))| {
            let coded = window.coded(frame, minus(next, frame.at).min(MAX_KEY));
            let mut codes = start_code::start_codes(&coded);
            let own = codes.find(|(_, code)| start_code::VOL.contains(code));
            let own = own.and_then(|(at, _)| VolParams::parse(coded.get(at..)?).ok());
            let all = own.map_or(every.clone(), |vol| vec![vol]);
            let fits = |vol: &VolParams, count: usize| match vol.macroblocks() {
                0 => size_of_count(count).is_some(),
                own => count == own,
            };
            let ends = all.iter().zip(0..).flat_map(|(vol, way)| {
                let ends = IntraPicture::ends(&coded, vol).into_iter();
                let ends = ends.filter(|(_, count)| fits(vol, *count));
                ends.map(move |(size, count)| ((count, way), size))
            });
            (n, ends.collect())
        });
        let mut open: Vec<(usize, Ends)> = ends.collect();
        // stuffing by chance is in few of them
        for share in [5, 3, 3, 3] {
            let mut counts = Ends::new();
            for key in open.iter().flat_map(|(_, ends)| ends.keys()) {
                let frames = counts.entry(*key).or_default();
                *frames = frames.saturating_add(1);
            }
            let most = counts
                .into_iter()
                .max_by_key(|(key, frames)| (*frames, *key));
            let Some((key, _)) = most.filter(|(_, frames)| {
                *frames >= open.len().min(3) && frames.saturating_mul(share) >= open.len()
            }) else {
                return;
            };
            open.retain(|(n, ends)| match (self.list.get_mut(*n), ends.get(&key)) {
                (Some(frame), Some(size)) => {
                    frame.size = i64::try_from(*size).ok();
                    false
                }
                _ => true,
            });
        }
    }

    /// The same with start codes of four bytes: of all frames, of keyframes only. The zero may as well be the header's.
    pub fn with_zeros(&self, window: &Window<'_>) -> Vec<Frames> {
        let mut all = Vec::new();
        let zero = |frame: &Frame| window.byte(minus(frame.at, 1)) == Some(0);
        // all but what looks like a frame by accident
        let zeros = |key: bool| {
            let own = || self.list.iter().filter(|frame| frame.key == key);
            let some = own().filter(|frame| zero(frame)).count();
            some.saturating_mul(10) >= own().count().saturating_mul(7)
        };
        if self.codec == Codec::H264 && zeros(true) {
            for both in [true, false] {
                let mut list = self.list.clone();
                let own = |frame: &&mut Frame| (frame.key || both) && zero(frame);
                for frame in list.iter_mut().filter(own) {
                    frame.at = minus(frame.at, 1);
                }
                if !both || zeros(false) {
                    all.push(Frames {
                        list,
                        codec: self.codec,
                    });
                }
            }
        }
        all.push(self.clone());
        all
    }
}

/// The bits after a VOP's start code begin as those of an I, P or B picture: type, seconds, marker.
fn vop_begins(rest: &[u8]) -> Option<bool> {
    let head = u16::from_be_bytes([*rest.first()?, *rest.get(1)?]);
    let (kind, seconds) = (head >> 14, (head << 2).leading_ones());
    let marker = head.wrapping_shl(seconds.saturating_add(3)) >> 15;
    (kind < 3 && seconds < 10 && marker == 1).then_some(kind == 0)
}

/// Offset of the VOP that headers at the start of `head` lead to, and whether it is a keyframe.
fn vop_behind_headers(head: &[u8]) -> Option<(usize, bool)> {
    let mut before = 0_usize;
    let mut least = None;
    for (at, code) in start_code::start_codes(head) {
        let next = head.get(at.saturating_add(4)..).unwrap_or_default();
        // one byte is in the first of these headers, three are in a group's; zeros may follow
        let far = at.saturating_sub(before);
        let sized = |least: usize| (least..least.saturating_add(4)).contains(&far);
        if far > 64 || !least.is_none_or(sized) {
            return None;
        }
        before = at;
        least = match code {
            start_code::VOS => Some(5),
            start_code::GOV => Some(7),
            _ => None,
        };
        match code {
            start_code::VOP => return vop_begins(next).map(|key| (at, key)),
            start_code::VOS
            | start_code::GOV
            | start_code::VISUAL_OBJECT
            | start_code::USER_DATA => {}
            code if start_code::VOL.contains(&code) => {
                VolParams::parse(head.get(at..)?).ok()?;
            }
            // nothing follows a video object but its layer
            code if start_code::VO.contains(&code)
                && next.starts_with(&[0, 0, 1])
                && next
                    .get(3)
                    .is_some_and(|code| start_code::VOL.contains(code)) => {}
            _ => return None,
        }
    }
    None
}

fn is_front(code: u8) -> bool {
    matches!(code, start_code::VOS | start_code::GOV)
        || start_code::VO.contains(&code)
        || start_code::VOL.contains(&code)
}

fn plain_vops(bytes: &[u8]) -> Vec<Frame> {
    let mut list: Vec<Frame> = Vec::new();
    // the VOP that headers were seen to lead to
    let mut announced = None;
    for (at, code) in start_code::start_codes(bytes) {
        if list.len() >= MAX_FRAMES {
            break;
        }
        let found = if code == start_code::VOP {
            let rest = bytes.get(at.saturating_add(4)..).unwrap_or_default();
            vop_begins(rest).filter(|_| announced != Some(at))
        } else if is_front(code) && announced.is_none_or(|vop| vop < at) {
            let head = bytes.get(at..at.saturating_add(HEADERS).min(bytes.len()));
            let vop = vop_behind_headers(head.unwrap_or_default());
            vop.map(|(offset, key)| {
                announced = Some(at.saturating_add(offset));
                key
            })
        } else {
            None
        };
        list.extend(found.map(|key| Frame {
            at: at as i64,
            key,
            transform: Transform::None,
            size: None,
        }));
    }
    list
}

fn reversed_vops(bytes: &[u8]) -> Vec<Frame> {
    let mut list: Vec<Frame> = Vec::new();
    let mut announced = 0;
    for found in memmem::find_iter(bytes, &[1, 0, 0]) {
        let Some(at) = found.checked_sub(1) else {
            continue;
        };
        let Some(code) = bytes.get(at).copied() else {
            continue;
        };
        if list.len() >= MAX_FRAMES {
            break;
        }
        if at < announced || (code != start_code::VOP && !is_front(code)) {
            continue;
        }
        let stored = bytes.get(at..at.saturating_add(HEADERS).min(bytes.len()));
        let stored = stored.unwrap_or_default();
        let short = stored.get(..8.min(stored.len())).unwrap_or_default();
        let key = if code == start_code::VOP {
            let mut head = [0; 8];
            swap32(short, head.get_mut(..short.len()).unwrap_or_default());
            vop_begins(head.get(4..).unwrap_or_default())
        } else if start_code::VO.contains(&code) && short.get(5..8) != Some(&[1, 0, 0]) {
            None
        } else {
            let mut head = [0; HEADERS];
            let head = head.get_mut(..stored.len()).unwrap_or_default();
            swap32(stored, head);
            vop_behind_headers(head).map(|(offset, key)| {
                announced = at.saturating_add(offset);
                key
            })
        };
        list.extend(key.map(|key| Frame {
            at: at as i64,
            key,
            transform: Transform::Swap32,
            size: None,
        }));
    }
    list
}

/// The header of a slice that begins a picture: first macroblock 0, a type below 10.
fn slice_begins(rest: &[u8]) -> bool {
    let head = rest.first().copied().unwrap_or(0);
    let kind = head << 1;
    head & 0x80 != 0 && (kind.leading_zeros() < 3 || (0x10..0x16).contains(&kind))
}

/// Bytes within which the next start code follows a unit that stands before a picture's slices; `None` where it is none.
fn front_reach(at: usize, bytes: &[u8]) -> Option<usize> {
    let rest = bytes.get(at.saturating_add(4)..)?;
    match bytes.get(at.saturating_add(3))? & 0x1f {
        6 => {
            // one message: type, size, and as many bytes
            let kind = rest
                .iter()
                .take_while(|byte| **byte == 0xff)
                .count()
                .saturating_add(1);
            let size = rest.get(kind..)?;
            let full = size.iter().take_while(|byte| **byte == 0xff).count();
            let last = usize::from(*size.get(full)?);
            Some(
                full.saturating_mul(255)
                    .saturating_add(last)
                    .saturating_add(kind)
                    .saturating_add(64),
            )
        }
        // a parameter set that is none would take a record's header for a picture's
        7 => {
            let head = bytes.get(at..at.saturating_add(HEADERS).min(bytes.len()))?;
            h264::picture_size(head).map(|_| 256)
        }
        8 => Some(128),
        9 => (rest.first()? & 0x1f == 0x10).then_some(8),
        _ => None,
    }
}

fn access_units(bytes: &[u8]) -> Vec<Frame> {
    let mut list: Vec<Frame> = Vec::new();
    // where the headers of the next picture begin, and how far its next unit may be
    let mut front: Option<(usize, usize)> = None;
    for (at, header) in start_code::start_codes(bytes) {
        let unit = header & 0x1f;
        if header & 0x80 != 0 || !h264::looks_like_h264(bytes.get(at..).unwrap_or_default()) {
            continue;
        }
        let first = front
            .filter(|(_, reach)| at <= *reach)
            .map(|(first, _)| first);
        let rest = bytes.get(at.saturating_add(4)..).unwrap_or_default();
        if let Some(reach) = front_reach(at, bytes) {
            if first.is_some() || unit == 7 || unit == 9 {
                front = Some((first.unwrap_or(at), at.saturating_add(reach)));
            }
        } else if matches!(unit, 1 | 5) && slice_begins(rest) {
            if list.len() >= MAX_FRAMES {
                break;
            }
            list.push(Frame {
                at: first.unwrap_or(at) as i64,
                key: unit == 5,
                transform: Transform::None,
                size: None,
            });
            front = None;
        }
    }
    list
}

fn jpegs(bytes: &[u8]) -> Vec<Frame> {
    let mut list: Vec<Frame> = Vec::new();
    let mut from = 0_usize;
    while let Some(found) = memmem::find(bytes.get(from..).unwrap_or_default(), &JPEG) {
        let at = from.saturating_add(found);
        from = match jpeg_size(bytes.get(at..).unwrap_or_default()) {
            Some(size) => {
                list.push(Frame {
                    at: at as i64,
                    key: true,
                    transform: Transform::None,
                    size: Some(size as i64),
                });
                at.saturating_add(size)
            }
            None => at.saturating_add(2),
        };
        if list.len() >= MAX_FRAMES {
            break;
        }
    }
    list
}

/// Bytes of the JPEG file at the start of `data`, by its markers.
fn jpeg_size(data: &[u8]) -> Option<usize> {
    let mut at = 2_usize;
    for _ in 0..64 {
        let head: [u8; 4] = *data.get(at..)?.first_chunk()?;
        let [0xff, marker, high, low] = head else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        at = at.checked_add(2)?.checked_add(length)?;
        if !(0xc0..=0xfe).contains(&marker) || (0xd0..=0xd9).contains(&marker) || length < 2 {
            return None;
        }
        if marker == 0xda {
            break;
        }
    }
    // in the scan a marker is a restart, or the end
    loop {
        at = at.checked_add(memchr(0xff, data.get(at..)?)?)?;
        let marker = *data.get(at.checked_add(1)?)?;
        at = at.checked_add(2)?;
        match marker {
            0 | 0xd0..=0xd7 => {}
            0xff => at = at.checked_sub(1)?,
            0xd9 => return Some(at),
            _ => return None,
        }
    }
}

/// A window on the bytes of one sample, read by signed offsets.
impl Window<'_> {
    /// The first coded bytes of a frame, as they were before they were stored: this many at most.
    pub fn coded(&self, frame: &Frame, most: i64) -> Vec<u8> {
        let end = plus(frame.at, most).min(self.len());
        let stored = self.slice(frame.at, end).unwrap_or_default();
        let mut plain = stored.to_vec();
        if frame.transform == Transform::Swap32 {
            swap32(stored, &mut plain);
        }
        plain
    }

    /// The same from the frame's VOP on.
    pub fn vop(&self, frame: &Frame, most: i64) -> Vec<u8> {
        let mut plain = self.coded(frame, most);
        let at = start_code::vop_offset(&plain).unwrap_or(0);
        plain.split_off(at.min(plain.len()))
    }

    /// The last byte of a frame of `length` bytes at `at`, as it was before it was stored.
    pub fn last_byte(&self, frame: &Frame, length: i64, short_group: ShortGroup) -> Option<u8> {
        let last = minus(length, 1);
        let stored = match frame.transform {
            Transform::None => last,
            Transform::Swap32 => {
                let inside = last.rem_euclid(4);
                let group = minus(last, inside);
                match (short_group, minus(length, group)) {
                    (ShortGroup::Kept, size) if size < 4 => last,
                    (ShortGroup::Reversed, _) => group,
                    _ => minus(plus(group, 3), inside),
                }
            }
        };
        self.byte(plus(frame.at, stored))
    }
}
