// SPDX-License-Identifier: MPL-2.0
//! Where other records stand behind nearly every picture, no picture's length leads to the next one: it leads to a record with
//! the same header, and so on until the next picture's record begins.

use super::{
    ends,
    pictures::Picture,
    shape::{ALIGNMENTS, LENGTHS, Length, MAX_HEADER, Pair, Shape, before, padded, pairs},
};
use crate::exp::layout::{Number, Transform};

/// Pictures that are looked at for a length field, and pairs that chains are tried on.
const STARTS: usize = 60;
const TRIED: usize = 40;
/// Records in a row that are followed.
const STEPS: usize = 400;
/// Length fields of which the chain is tried.
const FIELDS: usize = 12;

/// From a record to the next: its header, its length field and its padding.
#[derive(Clone, Copy)]
struct Hop {
    header: usize,
    align: usize,
    distance: usize,
    number: Number,
}

impl Hop {
    /// The record after the one at `at`.
    fn next(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let payload = at.checked_add(self.header)?;
        let value = before(bytes, payload, self.distance, self.number)
            .filter(|value| (1..1 << 20).contains(value))?;
        let size = padded(value.saturating_add(self.header as i64), self.align);
        at.checked_add(usize::try_from(size).ok()?)
    }

    /// Records from `at` on that begin before `end`, and whether one begins there.
    fn walk(&self, bytes: &[u8], at: usize, end: usize) -> (Vec<usize>, bool) {
        let mut seen = Vec::new();
        let mut at = at;
        while at < end && seen.len() < STEPS {
            seen.push(at);
            match self.next(bytes, at) {
                Some(next) => at = next,
                None => return (seen, false),
            }
        }
        (seen, at == end)
    }

    /// How many of these P pictures it leads from to the next.
    fn hits(&self, bytes: &[u8], pairs: &[Pair]) -> usize {
        let leads = |pair: &Pair| {
            let at = pair.0.start.checked_sub(self.header)?;
            let end = pair.1.start.checked_sub(self.header)?;
            Some(self.walk(bytes, at, end).1)
        };
        let count = |pairs: &[Pair]| {
            pairs
                .iter()
                .filter(|pair| leads(pair) == Some(true))
                .count()
        };
        // most lead nowhere: see soon
        let (first, rest) = pairs.split_at(pairs.len().min(6));
        let hits = count(first);
        if hits < 2 && !rest.is_empty() {
            return hits;
        }
        hits.saturating_add(count(rest))
    }
}

/// Fields that end P pictures before the next one, where bytes look like the last of a picture; the best first.
fn length_fields(bytes: &[u8], list: &[Picture]) -> Vec<(usize, Number)> {
    let following = list.iter().zip(list.iter().skip(1));
    let plain: Vec<_> = following
        .filter(|(a, _)| !a.key && a.transform == Transform::None)
        .collect();
    let step = plain.len().div_ceil(STARTS).max(1);
    let tried: Vec<_> = plain.iter().step_by(step).collect();
    let mut fields: Vec<(u32, usize, Number)> = Vec::new();
    for distance in 2..=MAX_HEADER {
        for number in LENGTHS {
            let end = |(a, b): &(&Picture, &Picture)| {
                let value = before(bytes, a.start, distance, number).filter(|value| *value > 8)?;
                let end = a.start.checked_add(usize::try_from(value).ok()?)?;
                (end.checked_add(distance)? <= b.start).then_some(end)
            };
            if number.width() > distance {
                continue;
            }
            let ends: Vec<usize> = tried.iter().filter_map(|pair| end(pair)).collect();
            if ends.len().saturating_mul(20) < tried.len().saturating_mul(19) {
                continue;
            }
            let last = ends.iter().filter_map(|end| bytes.get(end.checked_sub(1)?));
            let score = ends::likeness(last.copied());
            if score >= 70 {
                fields.push((score, distance, number));
            }
        }
    }
    fields.sort_by_key(|(score, distance, number)| {
        (
            std::cmp::Reverse(*score),
            *distance,
            std::cmp::Reverse(number.width()),
        )
    });
    let places = fields
        .into_iter()
        .map(|(_, distance, number)| (distance, number));
    places.take(FIELDS).collect()
}

/// The hop that leads from most P pictures to the next, and its length field.
fn best_hop(bytes: &[u8], list: &[Picture]) -> Option<(Hop, Length)> {
    let mut pairs = pairs(list, false, false);
    pairs.truncate(TRIED);
    let mut best: Option<(Hop, usize)> = None;
    for (distance, number) in length_fields(bytes, list) {
        for header in distance..=MAX_HEADER {
            for align in ALIGNMENTS {
                let hop = Hop {
                    header,
                    align,
                    distance,
                    number,
                };
                let hits = hop.hits(bytes, &pairs);
                // a coarser padding has to explain more than a finer one
                if best.is_none_or(|(_, most)| hits > most.saturating_add(most / 32)) {
                    best = Some((hop, hits));
                }
            }
        }
    }
    let (hop, agree) = best?;
    let of = pairs.len();
    let length = Length {
        distance: hop.distance,
        number: hop.number,
        agree,
        of,
    };
    (agree >= 3 && agree.saturating_mul(10) >= of.saturating_mul(4)).then_some((hop, length))
}

/// The keyframe's header: from a record that the chain of a P picture leads to.
fn key_header(bytes: &[u8], list: &[Picture], hop: Hop) -> usize {
    let mut headers: Vec<usize> = Vec::new();
    for (p, key) in pairs(list, false, true) {
        let Some(at) = p.start.checked_sub(hop.header) else {
            continue;
        };
        let (seen, _) = hop.walk(bytes, at, key.start);
        let sizes = seen
            .iter()
            .skip(1)
            .filter_map(|at| key.start.checked_sub(*at));
        headers.extend(sizes.filter(|size| *size <= MAX_HEADER));
    }
    let count = |header: usize| headers.iter().filter(|other| **other == header).count();
    let most = headers
        .iter()
        .copied()
        .max_by_key(|header| (count(*header), std::cmp::Reverse(*header)));
    most.unwrap_or(hop.header)
}

/// The keyframe's length: in the record where P pictures have it, before the picture where they have it, or right before it.
fn key_length(bytes: &[u8], list: &[Picture], shape: &Shape, hop: Hop) -> Option<(Length, usize)> {
    let (in_record, _) = shape.usual_places();
    let near = LENGTHS
        .into_iter()
        .flat_map(|number| [hop.distance, 4, 8, 12, 16].map(|distance| (distance, number)));
    let places = in_record.into_iter().chain(near);
    let following = pairs(list, true, false);
    let mut best: Option<(Length, usize)> = None;
    for (distance, number) in places.filter(|(distance, number)| *distance >= number.width()) {
        for group in shape.groups() {
            let fits = |pair: &&Pair| {
                let value = before(bytes, pair.0.start, distance, number)
                    .filter(|value| (1..1 << 20).contains(value))?;
                let stored = padded(value, *group).saturating_add(shape.key_header as i64);
                let size = usize::try_from(padded(stored, hop.align)).ok()?;
                let at = pair
                    .0
                    .start
                    .checked_sub(shape.key_header)?
                    .checked_add(size)?;
                let end = pair.1.start.checked_sub(hop.header)?;
                hop.walk(bytes, at, end).1.then_some(())
            };
            let agree = following.iter().filter(|pair| fits(pair).is_some()).count();
            if agree > 0 && best.is_none_or(|(length, _)| agree > length.agree) {
                let length = Length {
                    distance,
                    number,
                    agree,
                    of: following.len(),
                };
                best = Some((length, *group));
            }
        }
    }
    best
}

/// The shape by such chains, keyframes included.
pub fn find(bytes: &[u8], list: &[Picture]) -> Option<Shape> {
    let (hop, length) = best_hop(bytes, list)?;
    let mut shape = Shape::new(hop.header, hop.align);
    shape.length = Some(length);
    if !list.iter().any(|picture| picture.key) {
        shape.key_length = shape.length;
        return Some(shape);
    }
    shape.find_key_transform(list);
    shape.key_header = key_header(bytes, list, hop);
    let (length, group) = key_length(bytes, list, &shape, hop)?;
    shape.key_length = Some(length);
    if shape.key_transform == Transform::Swap32 {
        shape.group = group;
        shape.group_by_bytes(bytes, list);
    }
    shape.find_size(bytes, list);
    Some(shape)
}
