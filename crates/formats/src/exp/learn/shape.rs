// SPDX-License-Identifier: MPL-2.0
//! Where a record begins and ends: the fields that say how long the picture or the record is, and the sizes of the headers.

use super::{
    chain, ends,
    pictures::{Picture, Pictures},
};
use crate::exp::layout::{Number, Transform};

/// Headers are searched as far back as this.
pub const MAX_HEADER: usize = 1200;
/// Pairs of pictures that are looked at.
const SAMPLE: usize = 160;
/// Paddings that are considered.
pub const ALIGNMENTS: [usize; 5] = [1, 2, 4, 8, 16];
/// Types of length fields, the wider first: a narrow reading of a wide field holds for small values only.
pub const LENGTHS: [Number; 4] = [Number::U32le, Number::U32be, Number::U16le, Number::U16be];

/// A number that says how long something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Bytes from the field to the first byte of the picture.
    pub distance: usize,
    /// How it is stored.
    pub number: Number,
    /// Pairs of pictures that agree.
    pub agree: usize,
    /// Pairs looked at.
    pub of: usize,
}

/// The shape of records.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Bytes before a P picture; before any, where all are of one kind.
    pub header: usize,
    /// Bytes before a keyframe.
    pub key_header: usize,
    /// The key header's size differs from record to record.
    pub key_varies: bool,
    /// Records are padded to a multiple of this.
    pub align: usize,
    /// Reversed pictures are padded to a multiple of this, 1 or 4.
    pub group: usize,
    /// Bytes of a P picture.
    pub length: Option<Length>,
    /// Bytes of a keyframe.
    pub key_length: Option<Length>,
    /// Size of the record, by its place in it, and what has to be added.
    pub size: Option<(usize, Number, i64)>,
    /// How keyframes are stored.
    pub key_transform: Transform,
    /// How P pictures are stored.
    pub transform: Transform,
    /// Other length fields that explain the file as well but end the pictures elsewhere.
    pub rivals: Vec<String>,
    /// The end of the header was told from the bytes before it, not from a length.
    pub guessed: bool,
}

/// A field that keeps its distance to the next picture.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// The field.
    pub length: Length,
    /// What the value lacks to the next picture's start, where nothing stands between.
    pub rest: i64,
    /// Padding of records.
    pub align: usize,
    /// Padding of reversed pictures.
    pub group: usize,
}

/// Two pictures that follow each other.
pub type Pair = (Picture, Picture);

pub fn gap(pair: &Pair) -> i64 {
    pair.1.start.saturating_sub(pair.0.start) as i64
}

/// At most [`SAMPLE`] of the pairs, from all over the list.
fn sample(pairs: Vec<Pair>) -> Vec<Pair> {
    let step = pairs.len().div_ceil(SAMPLE).max(1);
    pairs.into_iter().step_by(step).collect()
}

/// The pairs of which the first is a keyframe or not, and the second.
pub fn pairs(list: &[Picture], first: bool, second: bool) -> Vec<Pair> {
    let found = list.iter().zip(list.iter().skip(1));
    sample(
        found
            .filter(|(a, b)| a.key == first && b.key == second)
            .map(|(a, b)| (*a, *b))
            .collect(),
    )
}

/// Reads `number` that many bytes before `start`.
pub fn before(bytes: &[u8], start: usize, distance: usize, number: Number) -> Option<i64> {
    let at = start.checked_sub(distance)?;
    i64::try_from(number.read(bytes, at).ok()?).ok()
}

/// Rounds up.
pub fn padded(size: i64, align: usize) -> i64 {
    let align = align.max(1) as i64;
    let over = size.checked_rem_euclid(align).unwrap_or(0);
    if over == 0 {
        size
    } else {
        size.saturating_add(align).saturating_sub(over)
    }
}

/// The lowest value, or window of values, that enough of `values` share, and how many. A tenth is enough: other records may
/// stand between most pictures.
pub fn lowest_cluster(values: &mut [i64], width: i64) -> Option<(i64, i64, usize)> {
    values.sort_unstable();
    let enough = (values.len() / 10).max(3).min(values.len()).max(1);
    let mut best: Option<(i64, i64, usize)> = None;
    for (n, low) in values.iter().enumerate() {
        let inside = values
            .iter()
            .skip(n)
            .take_while(|value| value.saturating_sub(*low) <= width);
        let count = inside.clone().count();
        let high = inside.last().copied().unwrap_or(*low);
        // growing windows that overlap are one cluster
        let overlaps = best.is_some_and(|(low_before, ..)| low.saturating_sub(low_before) <= width);
        match best {
            Some((_, _, most)) if overlaps && count > most => best = Some((*low, high, count)),
            Some(_) if !overlaps => break,
            None if count >= enough => best = Some((*low, high, count)),
            _ => {}
        }
    }
    best
}

/// The field at this place, if its value keeps its distance to the next picture.
fn test_field(bytes: &[u8], pairs: &[Pair], distance: usize, number: Number) -> Option<Hit> {
    let mut rests = Vec::with_capacity(pairs.len());
    let mut seen = Vec::with_capacity(pairs.len());
    for (n, pair) in pairs.iter().enumerate() {
        if let Some(value) = before(bytes, pair.0.start, distance, number) {
            let rest = gap(pair).saturating_sub(value);
            if value > 0 && (-2048..1 << 20).contains(&rest) {
                rests.push(rest);
                seen.push((rest, value, gap(pair)));
            }
        }
        // most fields are none: see soon
        if n == 23 && rests.len() < 4 {
            return None;
        }
    }
    let (low, high, agree) = lowest_cluster(&mut rests, 15)?;
    let fitting = || seen.iter().filter(|(rest, ..)| (low..=high).contains(rest));
    let different = |value: fn(&(i64, i64, i64)) -> i64| {
        let mut values: Vec<i64> = fitting().map(value).collect();
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    // a field that never changes keeps its distance too where all pictures are of about one size
    let (values, gaps) = (different(|seen| seen.1), different(|seen| seen.2));
    if agree.saturating_mul(10) < pairs.len() || values.saturating_mul(2) < gaps || values < 2 {
        return None;
    }
    let swapped = pairs.first().map(|pair| pair.0.transform) == Some(Transform::Swap32);
    let groups: &[usize] = if swapped { &[1, 4] } else { &[1] };
    let mut best: Option<(usize, i64, usize, usize)> = None;
    for align in ALIGNMENTS {
        for group in groups {
            // the best of this padding; a coarser one has to explain more than a finer one
            let before = best.map_or(0, |(most, ..)| most.saturating_add(most / 32));
            let over = align.saturating_add(*group).saturating_sub(2) as i64;
            for rest in low.saturating_sub(over)..=high {
                let size = |value: i64| padded(padded(value, *group).saturating_add(rest), align);
                let fits = fitting()
                    .filter(|(_, value, gap)| size(*value) == *gap)
                    .count();
                let most = best.map_or(0, |(most, ..)| most);
                if fits
                    > before.max(
                        if best.is_some_and(|(_, _, a, g)| (a, g) == (align, *group)) {
                            most
                        } else {
                            0
                        },
                    )
                {
                    best = Some((fits, rest, align, *group));
                }
            }
        }
    }
    let (fits, rest, align, group) = best?;
    if fits.saturating_mul(10) < agree.saturating_mul(7) {
        return None;
    }
    let agree = fits;
    let length = Length {
        distance,
        number,
        agree,
        of: pairs.len(),
    };
    Some(Hit {
        length,
        rest,
        align,
        group,
    })
}

/// All fields that keep their distance, the best first.
pub fn search(bytes: &[u8], pairs: &[Pair]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for distance in 2..=MAX_HEADER {
        for number in LENGTHS {
            if number.width() <= distance {
                hits.extend(test_field(bytes, pairs, distance, number));
            }
        }
    }
    hits.sort_by_key(|hit| {
        (
            std::cmp::Reverse(hit.length.agree),
            std::cmp::Reverse(hit.length.number.width()),
        )
    });
    let most = hits.first().map_or(0, |hit| hit.length.agree);
    // what agrees much less than the best is chance
    hits.retain(|hit| hit.length.agree.saturating_mul(5) >= most.saturating_mul(4));
    hits
}

impl Shape {
    /// Works the shape out. `None` where no field keeps its distance to the next picture.
    pub fn find(bytes: &[u8], pictures: &Pictures) -> Option<Shape> {
        let near = Shape::find_near(bytes, pictures);
        match &near {
            Some(shape) if !shape.is_weak() => near,
            _ => chain::find(bytes, &pictures.list).or(near),
        }
    }

    /// Few pictures are followed by the next one, by the length fields, or none says how long pictures are.
    fn is_weak(&self) -> bool {
        let weak = |length: Option<Length>| {
            length.is_some_and(|length| length.agree.saturating_mul(2) < length.of)
        };
        self.guessed || weak(self.length) || self.size.is_none() && weak(self.key_length)
    }

    /// The shape where most pictures are followed by the next one.
    fn find_near(bytes: &[u8], pictures: &Pictures) -> Option<Shape> {
        let list = &pictures.list;
        let keys = list.iter().filter(|picture| picture.key).count();
        let only_keys = keys.saturating_mul(2) > list.len() && pairs(list, false, false).len() < 4;
        let main = pairs(list, only_keys, only_keys);
        if main.len() < 3 {
            return None;
        }
        let hits = search(bytes, &main);
        let transform = main
            .first()
            .map_or(Transform::None, |pair| pair.0.transform);
        let complete = |shape: Shape| shape.completed(bytes, list, transform, only_keys);
        Shape::of_length(bytes, &main, &hits)
            .and_then(complete)
            .or_else(|| Shape::of_size(bytes, pictures, &main, &hits).and_then(complete))
    }

    /// The shape with all that its first field does not say. `None` where nothing says how long keyframes are.
    fn completed(
        mut self,
        bytes: &[u8],
        list: &[Picture],
        transform: Transform,
        only_keys: bool,
    ) -> Option<Shape> {
        self.transform = transform;
        if only_keys {
            self.key_header = self.header;
            self.key_length = self.length;
            self.key_transform = transform;
            if transform == Transform::Swap32 {
                self.group_by_bytes(bytes, list);
            }
        } else {
            self.find_key(bytes, list)?;
        }
        self.fit_first(list);
        if self.size.is_none() {
            self.find_size(bytes, list);
        }
        Some(self)
    }

    /// Where reversed pictures fill whole groups, up to three bytes of padding may have been taken for header. It shows when
    /// the first record has no room for them.
    fn fit_first(&mut self, list: &[Picture]) {
        let Some(first) = list.first() else {
            return;
        };
        let needed = if first.key {
            self.key_header
        } else {
            self.header
        };
        let missing = needed.saturating_sub(first.start);
        if self.align != 1 || self.group != 4 || !(1..=3).contains(&missing) {
            return;
        }
        let header = self.header.saturating_sub(missing);
        let fits = |align: &usize| padded(header as i64, *align) == self.header as i64;
        if let Some(align) = [2, 4].into_iter().find(fits) {
            self.align = align;
            self.header = header;
            self.key_header = self.key_header.saturating_sub(missing);
        }
    }

    pub fn new(header: usize, align: usize) -> Shape {
        Shape {
            header,
            key_header: header,
            key_varies: false,
            align,
            group: 4,
            length: None,
            key_length: None,
            size: None,
            key_transform: Transform::None,
            transform: Transform::None,
            rivals: Vec::new(),
            guessed: false,
        }
    }

    /// By a field that holds the picture's length: what it lacks to the next picture is that one's header, which has room
    /// for the field.
    fn of_length(bytes: &[u8], main: &[Pair], hits: &[Hit]) -> Option<Shape> {
        let fits =
            |hit: &&Hit| hit.rest >= hit.length.distance as i64 && hit.rest <= MAX_HEADER as i64;
        let candidates: Vec<&Hit> = hits.iter().filter(fits).collect();
        let score = |hit: &Hit| {
            ends::likeness(main.iter().filter_map(|pair| {
                let value = before(bytes, pair.0.start, hit.length.distance, hit.length.number)?;
                let end = pair.0.start.checked_add(usize::try_from(value).ok()?)?;
                (end <= pair.1.start).then(|| bytes.get(end.checked_sub(1)?).copied())?
            }))
        };
        let first = candidates.first()?;
        let scores: Vec<(u32, &Hit)> = candidates.iter().map(|hit| (score(hit), *hit)).collect();
        let best = scores.iter().map(|(score, _)| *score).max()?;
        // the first of those that end pictures about as well as any
        let (_, chosen): (u32, &Hit) = scores
            .iter()
            .find(|(score, _)| score.saturating_add(12) >= best)
            .copied()
            .unwrap_or((0, first));
        let mut shape = Shape::new(usize::try_from(chosen.rest).ok()?, chosen.align);
        shape.length = Some(chosen.length);
        shape.group = chosen.group;
        let close = scores
            .iter()
            .filter(|(score, hit)| score.saturating_add(12) >= best && hit.rest != chosen.rest);
        shape.rivals = close
            .map(|(_, hit)| {
                format!(
                    "{:?} {} bytes before the picture",
                    hit.length.number, hit.length.distance
                )
            })
            .collect();
        Some(shape)
    }

    /// By a field that holds the record's size: where the header begins has to be seen in the bytes.
    fn of_size(bytes: &[u8], pictures: &Pictures, main: &[Pair], hits: &[Hit]) -> Option<Shape> {
        let exact = hits
            .iter()
            .filter(|hit| hit.align == 1 && hit.rest < hit.length.distance as i64);
        let hit = exact.min_by_key(|hit| (hit.rest != 0, hit.rest.abs(), hit.length.distance))?;
        let least = hit.length.distance;
        let linked: Vec<Pair> = main
            .iter()
            .filter(|pair| {
                let value = before(bytes, pair.0.start, hit.length.distance, hit.length.number);
                value.is_some_and(|value| value.saturating_add(hit.rest) == gap(pair))
            })
            .copied()
            .collect();
        let header = ends::header_by_walk(bytes, pictures, least)
            .or_else(|| ends::header_by_columns(bytes, &linked, least))?;
        let mut shape = Shape::new(header, 1);
        shape.guessed = true;
        shape.size = Some((
            header.checked_sub(hit.length.distance)?,
            hit.length.number,
            hit.rest,
        ));
        Some(shape)
    }

    /// Bytes of the record of a picture that is not a keyframe, by its own fields.
    pub fn record_size(&self, bytes: &[u8], picture: &Picture) -> Option<i64> {
        let (header, length) = match picture.key {
            true => (self.key_header, self.key_length),
            false => (self.header, self.length),
        };
        let Some(length) = length else {
            let (at, number, plus) = self.size?;
            let start = picture.start.checked_sub(header)?.checked_add(at)?;
            let value = i64::try_from(number.read(bytes, start).ok()?).ok()?;
            return Some(value.saturating_add(plus));
        };
        let value = before(bytes, picture.start, length.distance, length.number)?;
        let transform = if picture.key {
            self.key_transform
        } else {
            self.transform
        };
        let stored = match transform {
            Transform::Swap32 => padded(value, self.group),
            Transform::None => value,
        };
        Some(padded(stored.saturating_add(header as i64), self.align))
    }

    /// A field that gives the size of the whole record, next to the picture's length.
    pub fn find_size(&mut self, bytes: &[u8], list: &[Picture]) {
        let step = list.len().div_ceil(SAMPLE).max(1);
        let sizes: Vec<(usize, i64)> = list
            .iter()
            .step_by(step)
            .filter_map(|picture| {
                let header = if picture.key {
                    self.key_header
                } else {
                    self.header
                };
                Some((
                    picture.start.checked_sub(header)?,
                    self.record_size(bytes, picture)?,
                ))
            })
            .collect();
        let own = self
            .length
            .and_then(|length| self.header.checked_sub(length.distance));
        let mut best: Option<(usize, (usize, Number, i64))> = None;
        for at in 0..self.header.min(self.key_header) {
            for number in LENGTHS {
                if own == Some(at)
                    || at.saturating_add(number.width()) > self.header.min(self.key_header)
                {
                    continue;
                }
                let mut rests: Vec<i64> = Vec::new();
                for (start, size) in &sizes {
                    let value = number
                        .read(bytes, start.saturating_add(at))
                        .ok()
                        .and_then(|value| i64::try_from(value).ok());
                    rests.push(value.map_or(i64::MAX, |value| size.saturating_sub(value)));
                }
                rests.sort_unstable();
                let Some(middle) = rests.get(rests.len() / 2).copied() else {
                    return;
                };
                let agree = rests.iter().filter(|rest| **rest == middle).count();
                let enough =
                    agree.saturating_mul(50) >= sizes.len().saturating_mul(49) && sizes.len() >= 4;
                let exact = usize::from(middle == 0);
                let rank = agree.saturating_mul(2).saturating_add(exact);
                if enough && middle.abs() <= 64 && best.is_none_or(|(most, _)| rank > most) {
                    best = Some((rank, (at, number, middle)));
                }
            }
        }
        self.size = best.map(|(_, size)| size);
    }
}
