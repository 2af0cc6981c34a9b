// SPDX-License-Identifier: MPL-2.0
//! Finds the pictures of a file nobody described: their start codes can be seen, as they are or in reversed groups of four.

use crate::{
    exp::layout::Transform,
    mpeg4::{
        Inference, Inferred, VolParams, VopHeader, VopType,
        start_code::{GOV, USER_DATA, VISUAL_OBJECT, VO, VOL, VOP, VOS, start_codes, vop_offset},
    },
    reader::swap32,
};
use memchr::memmem;
use std::collections::HashSet;

use super::{
    rows::{Row, Rows},
    shape::Shape,
};

/// Pictures after these are not looked at.
const MAX_PICTURES: usize = 20_000;
/// Bytes of a picture that are looked at to see that it is one, sequence headers included.
const HEAD: usize = 320;

/// A picture that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Offset of its first byte, that of the sequence headers where it has some.
    pub start: usize,
    /// An I picture.
    pub key: bool,
    /// How it is stored.
    pub transform: Transform,
    /// Its time by its own header: whole seconds since the last, and units.
    pub time: (u32, u16),
}

/// What was found.
#[derive(Debug)]
pub struct Pictures {
    /// In the order of the file.
    pub list: Vec<Picture>,
    /// Widths of the fields of their headers.
    pub inferred: Inferred,
}

impl Pictures {
    /// Looks through `bytes`.
    pub fn find(bytes: &[u8]) -> Pictures {
        let mut starts: Vec<(usize, Transform)> = plain(bytes)
            .map(|at| (at, Transform::None))
            .chain(reversed(bytes).map(|at| (at, Transform::Swap32)))
            .collect();
        starts.sort_by_key(|(at, _)| *at);
        starts.truncate(MAX_PICTURES);
        let mut inference = Inference::new();
        let heads: Vec<_> = starts
            .iter()
            .filter_map(|(at, transform)| Some((*at, *transform, head(bytes, *at, *transform)?)))
            .collect();
        for (.., head) in &heads {
            inference.add(head);
        }
        let inferred = inference.result();
        let vol = inferred.vol(16, 16, None);
        // cameras may be coded differently: then the header that most have says nothing of the others
        let mixed = inferred.agree.saturating_mul(50) < inferred.pictures.saturating_mul(49);
        let list = heads
            .iter()
            .filter_map(|(start, transform, head)| {
                picture(*start, *transform, head, &vol)
                    .or_else(|| loose(*start, *transform, head).filter(|_| mixed))
            })
            .collect();
        let mut pictures = Pictures { list, inferred };
        pictures.of_one_kind();
        pictures
    }

    /// Where nearly all keyframes are stored one way, those stored the other way are none, and so with P pictures.
    fn of_one_kind(&mut self) {
        for key in [false, true] {
            let all = self
                .list
                .iter()
                .filter(|picture| picture.key == key)
                .count();
            for transform in [Transform::None, Transform::Swap32] {
                let other =
                    |picture: &&Picture| picture.key == key && picture.transform != transform;
                let others = self.list.iter().filter(other).count();
                if others.saturating_mul(6) < all {
                    self.list.retain(|picture| !other(&picture));
                }
            }
        }
    }

    /// Leaves out what only looks like a picture: no record ends where its own begins, and its own ends where none begins.
    /// Where that would be many, all stay.
    pub fn linked(self, bytes: &[u8], shape: &Shape) -> Pictures {
        let rows = Rows::new(bytes, &self.list, shape);
        let starts: HashSet<usize> = rows.list.iter().map(|row| row.start).collect();
        let ends: HashSet<usize> = rows.list.iter().map(|row| row.end).collect();
        let linked = |row: &Row| ends.contains(&row.start) || starts.contains(&row.end);
        let alone: HashSet<usize> = rows
            .list
            .iter()
            .filter(|row| !linked(row))
            .map(|row| row.picture.start)
            .collect();
        if alone.len().saturating_mul(5) > rows.list.len() {
            return self;
        }
        // a record between others that hold no picture is not linked, but then its end and what follows are in order
        let ordered = |picture: &Picture| {
            let inside = rows.list.iter().any(|row| {
                (row.start..row.end).contains(&picture.start)
                    && row.picture.start != picture.start
                    && !alone.contains(&row.picture.start)
            });
            !inside
        };
        let list = self
            .list
            .iter()
            .filter(|picture| !alone.contains(&picture.start) || ordered(picture))
            .copied()
            .collect();
        Pictures {
            list,
            inferred: self.inferred,
        }
    }
}

/// The bytes of a picture from its VOP start code on, as a decoder gets them; `None` where no picture begins.
fn head(bytes: &[u8], at: usize, transform: Transform) -> Option<Vec<u8>> {
    let stored = bytes.get(at..at.saturating_add(HEAD).min(bytes.len()))?;
    let mut plain = stored.to_vec();
    if transform == Transform::Swap32 {
        // the last group may reach beyond the picture and is of no use
        plain.truncate(stored.len() & !3);
        swap32(stored.get(..plain.len())?, &mut plain);
    }
    let vop = vop_offset(&plain)?;
    plain.drain(..vop);
    plain.truncate(40);
    Some(plain)
}

fn picture(start: usize, transform: Transform, head: &[u8], vol: &VolParams) -> Option<Picture> {
    let header = VopHeader::parse(head, vol).ok()?;
    (header.kind != VopType::S && header.seconds < 4).then_some(Picture {
        start,
        key: header.kind == VopType::I,
        transform,
        time: (header.seconds, header.increment),
    })
}

/// A picture of which only the type and the first marker are looked at.
fn loose(start: usize, transform: Transform, head: &[u8]) -> Option<Picture> {
    let first = *head.get(4)?;
    let ones = first.wrapping_shl(2).leading_ones();
    let marker = first.wrapping_shl(3u32.saturating_add(ones)) & 0x80;
    let kind = VopType::from_byte(first);
    (kind != VopType::S && ones < 4 && marker != 0).then_some(Picture {
        start,
        key: kind == VopType::I,
        transform,
        time: (ones, 0),
    })
}

/// `next` may stand behind the header `code` that `data` begins with, `distance` bytes on. Length fields often read as a start
/// code, so a header has to be one in full.
fn follows(data: &[u8], code: u8, next: u8, distance: usize) -> bool {
    match code {
        VOS => distance == 5 && matches!(next, VISUAL_OBJECT | USER_DATA),
        VISUAL_OBJECT => (5..=9).contains(&distance) && (next == USER_DATA || VO.contains(&next)),
        code if VO.contains(&code) => distance == 4 && VOL.contains(&next),
        code if VOL.contains(&code) => {
            (12..=160).contains(&distance)
                && matches!(next, USER_DATA | GOV | VOP)
                && VolParams::parse(data.get(..distance).unwrap_or_default()).is_ok()
        }
        // a marker between minutes and seconds, and stuffing after 20 bits
        GOV => match data.get(4..7) {
            Some([_, second, third]) => {
                distance == 7
                    && matches!(next, USER_DATA | VOP)
                    && second & 0x10 != 0
                    && third & 0x0f == 7
            }
            _ => false,
        },
        _ => false,
    }
}

/// What is known of the headers that were passed.
#[derive(Clone, Copy)]
struct Chain {
    first: usize,
    last: usize,
    code: u8,
}

impl Chain {
    /// The chain with the start code at `at`, `None` where it does not belong to it. User data belongs to any.
    fn with(self, bytes: &[u8], at: usize, code: u8) -> Option<Chain> {
        let distance = at.saturating_sub(self.last);
        let user_data = self.code == USER_DATA
            && (4..=64).contains(&distance)
            && (matches!(code, VISUAL_OBJECT | GOV | VOP) || VO.contains(&code));
        let data = bytes.get(self.last..).unwrap_or_default();
        (user_data || follows(data, self.code, code, distance)).then_some(Chain {
            last: at,
            code,
            ..self
        })
    }
}

/// Begins a chain of headers before a picture.
fn begins(code: u8) -> bool {
    matches!(code, VOS | VISUAL_OBJECT | GOV) || VO.contains(&code) || VOL.contains(&code)
}

/// Places where a picture begins as it is.
fn plain(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut chain: Option<Chain> = None;
    start_codes(bytes).filter_map(move |(at, code)| {
        let linked = chain.take().and_then(|chain| chain.with(bytes, at, code));
        if code == VOP {
            return Some(linked.map_or(at, |chain| chain.first));
        }
        let own = begins(code).then_some(Chain {
            first: at,
            last: at,
            code,
        });
        chain = linked.or(own);
        None
    })
}

/// Places where a picture begins in reversed groups: a group is then the start code's last byte, 01, 00, 00.
fn reversed(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut after = 0;
    memmem::find_iter(bytes, &[1, 0, 0]).filter_map(move |found| {
        let at = found.checked_sub(1)?;
        let code = *bytes.get(at)?;
        if at < after || !(code == VOP || begins(code)) {
            return None;
        }
        let stored = bytes.get(at..at.saturating_add(HEAD).min(bytes.len()))?;
        let whole = stored.len() & !3;
        let mut plain = vec![0; whole];
        swap32(stored.get(..whole)?, &mut plain);
        let vop = vop_offset(&plain)?;
        let mut chain: Option<Chain> = None;
        for (place, code) in start_codes(plain.get(..vop.saturating_add(4))?) {
            chain = Some(match chain {
                None => Chain {
                    first: place,
                    last: place,
                    code,
                },
                Some(chain) => chain.with(&plain, place, code)?,
            });
        }
        after = at.saturating_add(vop).saturating_add(8);
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [
        0, 0, 1, 0xb6, 0x10, 0x60, 0x51, 0x82, 0x7f, 0xf6, 0xdc, 0x7b, 0xf7, 0xd8, 0xdb, 0x6f,
    ];

    #[test]
    fn plain_and_reversed_pictures_are_found_with_their_headers() {
        let mut file = vec![7; 21];
        file.extend([0, 0, 1, 0xb3, 0x00, 0x10, 0x07]);
        file.extend(KEY);
        file.extend([9; 13]);
        let mut swapped = [0; 16];
        swap32(&KEY, &mut swapped);
        file.extend(swapped);
        file.extend([9; 8]);
        let found = Pictures::find(&file).list;
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].start, found[0].transform, found[0].key),
            (21, Transform::None, true)
        );
        assert_eq!(
            (found[1].start, found[1].transform, found[1].key),
            (57, Transform::Swap32, true)
        );
    }

    #[test]
    fn a_start_code_with_nothing_of_a_picture_behind_it_is_none() {
        let mut file = vec![0; 10];
        file.extend([0, 0, 1, 0xb6]);
        file.extend([0; 30]);
        file.extend([0xb6, 1, 0, 0]);
        file.extend([0; 30]);
        assert!(Pictures::find(&file).list.is_empty());
    }
}
