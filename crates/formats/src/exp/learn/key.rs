// SPDX-License-Identifier: MPL-2.0
//! The records of keyframes: they may have a longer header, another length field, and be stored in reversed groups.

use super::{
    pictures::Picture,
    shape::{
        Hit, LENGTHS, Length, MAX_HEADER, Pair, Shape, before, gap, lowest_cluster, padded, pairs,
        search,
    },
};
use crate::exp::layout::{Number, Transform};

/// How many bytes before the picture a number stands, and how it is stored.
pub type Place = (usize, Number);

impl Shape {
    /// Completes the shape, which knows P pictures, with keyframes. `None` where nothing says how long they are.
    pub fn find_key(&mut self, bytes: &[u8], list: &[Picture]) -> Option<()> {
        if !list.iter().any(|picture| picture.key) {
            self.key_length = self.length;
            self.key_transform = self.transform;
            return Some(());
        }
        self.find_key_transform(list);
        let known = self
            .key_header_size(bytes, list)
            .or_else(|| self.key_header_by_size(bytes, list));
        self.key_header = known.unwrap_or(self.header).max(1);
        self.find_key_length(bytes, list, known.is_some());
        (self.key_length.is_some() || self.size.is_some()).then_some(())
    }

    /// How most keyframes are stored.
    pub fn find_key_transform(&mut self, list: &[Picture]) {
        let keys = list.iter().filter(|picture| picture.key);
        let count = keys.clone().count();
        let swapped = keys
            .filter(|key| key.transform == Transform::Swap32)
            .count();
        if swapped.saturating_mul(2) > count {
            self.key_transform = Transform::Swap32;
        }
    }

    /// What stands between the end of a P picture's record and a keyframe.
    fn key_header_size(&mut self, bytes: &[u8], list: &[Picture]) -> Option<usize> {
        let mut sizes: Vec<i64> = pairs(list, false, true)
            .iter()
            .filter_map(|pair| {
                let start = pair.0.start.checked_sub(self.header)? as i64;
                let end = start.saturating_add(self.record_size(bytes, &pair.0)?);
                Some((pair.1.start as i64).saturating_sub(end))
            })
            .filter(|size| (1..=MAX_HEADER as i64).contains(size))
            .collect();
        if sizes.len() < 3 {
            return self.key_header_by_keys(bytes, &pairs(list, true, true), &sizes);
        }
        let (low, _, count) = lowest_cluster(&mut sizes, 0)?;
        let near = |size: &&i64| (1..=64).contains(&size.saturating_sub(low));
        // a second usual size, not what junk makes of it
        let mut others: Vec<i64> = sizes.iter().filter(near).copied().collect();
        let second = lowest_cluster(&mut others, 0).map_or(0, |(_, _, count)| count);
        self.key_varies = second.saturating_mul(8) > count && second > 2;
        usize::try_from(low).ok()
    }

    /// The same from keyframes behind keyframes, as it is done for P pictures.
    fn key_header_by_keys(&self, bytes: &[u8], found: &[Pair], sizes: &[i64]) -> Option<usize> {
        if found.len() < 4 {
            return None;
        }
        let room = |hit: &&Hit| {
            let least = hit.length.distance as i64;
            (least..=MAX_HEADER as i64).contains(&hit.rest) && hit.align == self.align
        };
        let hits = search(bytes, found);
        let best = hits.iter().find(room)?;
        // padding leaves some sizes open; one that stands behind a P picture is better
        let close = sizes.iter().find(|size| size.abs_diff(best.rest) < 4);
        usize::try_from(close.copied().unwrap_or(best.rest)).ok()
    }

    /// The same where no keyframe stands behind a P picture: by the record's size, which leads to the P picture after it.
    fn key_header_by_size(&mut self, bytes: &[u8], list: &[Picture]) -> Option<usize> {
        if self.size.is_none() {
            let others: Vec<Picture> = list
                .iter()
                .filter(|picture| !picture.key)
                .copied()
                .collect();
            self.find_size(bytes, &others);
        }
        let (at, number, plus) = self.size?;
        let found = pairs(list, true, false);
        let holds = |header: usize| {
            let fits = |pair: &&Pair| {
                let start = pair.0.start.checked_sub(header)?;
                let size = i64::try_from(number.read(bytes, start.checked_add(at)?).ok()?).ok()?;
                let next = pair.1.start.checked_sub(self.header)?.checked_sub(start)?;
                (size.saturating_add(plus) == next as i64).then_some(())
            };
            let count = found.iter().filter(|pair| fits(pair).is_some()).count();
            count.saturating_mul(2) > found.len()
        };
        (1..=MAX_HEADER).find(|header| holds(*header))
    }

    /// The field that gives a keyframe's length, and whether reversed groups are whole.
    fn find_key_length(&mut self, bytes: &[u8], list: &[Picture], header_known: bool) {
        let mixed = pairs(list, true, false);
        let test = KeyTest {
            bytes,
            next_header: if mixed.is_empty() {
                self.key_header
            } else {
                self.header
            },
            pairs: if mixed.is_empty() {
                pairs(list, true, true)
            } else {
                mixed
            },
            header: header_known.then_some(self.key_header),
            align: self.align,
        };
        let (in_record, own) = self.usual_places();
        let mut best: Option<(Length, usize)> = None;
        for group in self.groups() {
            let likely = in_record.filter(|_| header_known).into_iter().chain(own);
            let found = test.best(likely, *group);
            if let Some(found) = found
                && best.is_none_or(|(best, _)| found.agree > best.agree)
            {
                best = Some((found, *group));
            }
        }
        // with the record's size known a length is not needed, and chance finds one
        let sure = |(length, _): &(Length, usize)| {
            self.size.is_none() || length.agree.saturating_mul(2) >= length.of
        };
        let best = best
            .filter(sure)
            .or_else(|| self.key_length_in_size(bytes, list));
        if let Some((length, group)) = best {
            self.key_length = Some(length);
            if self.key_transform == Transform::Swap32 {
                self.group = group;
                self.group_by_bytes(bytes, list);
            }
        }
    }

    /// Where P pictures have their length, counted from the record's start and back from the picture.
    pub fn usual_places(&self) -> (Option<Place>, Option<Place>) {
        let own = self.length.map(|length| (length.distance, length.number));
        let in_record = own.and_then(|(distance, number)| {
            let at = self.header.checked_sub(distance)?;
            Some((self.key_header.checked_sub(at)?, number))
        });
        (in_record, own)
    }

    /// Sizes of the groups that a keyframe may be made of.
    pub fn groups(&self) -> &'static [usize] {
        match self.key_transform {
            Transform::Swap32 => &[4, 1],
            Transform::None => &[1],
        }
    }

    /// The keyframe's length where other records stand behind all keyframes: a usual place whose value, with header and
    /// padding, is the record's own size.
    fn key_length_in_size(&self, bytes: &[u8], list: &[Picture]) -> Option<(Length, usize)> {
        let (at, size_number, plus) = self.size?;
        let keys = || list.iter().filter(|picture| picture.key);
        let of = keys().count();
        let tested = |distance: usize, number: Number, group: usize| {
            let fits = |key: &&Picture| {
                let value =
                    before(bytes, key.start, distance, number).filter(|value| *value > 0)?;
                let start = key.start.checked_sub(self.key_header)?;
                let size = size_number.read(bytes, start.checked_add(at)?).ok()?;
                let told = i64::try_from(size).ok()?.saturating_add(plus);
                let stored = padded(value, group).saturating_add(self.key_header as i64);
                (padded(stored, self.align) == told).then_some(())
            };
            let agree = keys().filter(|key| fits(key).is_some()).count();
            let length = Length {
                distance,
                number,
                agree,
                of,
            };
            (of > 0 && agree.saturating_mul(100) >= of.saturating_mul(95)).then_some(length)
        };
        let (in_record, own) = self.usual_places();
        // the smaller group explains less by chance
        self.groups().iter().rev().find_map(|group| {
            let mut places = in_record.into_iter().chain(own);
            places.find_map(|(distance, number)| Some((tested(distance, number, *group)?, *group)))
        })
    }

    /// Whether a last shorter group is filled up, told from the bytes, for padding hides it from the sizes: a filled group is
    /// reversed as a whole and begins with zeros, and no picture ends with one.
    pub fn group_by_bytes(&mut self, bytes: &[u8], list: &[Picture]) {
        let Some(length) = self.key_length else {
            return;
        };
        let filled = |key: &Picture| {
            let value = before(bytes, key.start, length.distance, length.number)?;
            let value = usize::try_from(value).ok()?;
            let over = value % 4;
            let last = key.start.checked_add(value.checked_sub(over)?)?;
            let group = bytes.get(last..last.checked_add(4)?)?;
            let fill = group.get(..4usize.checked_sub(over)?)?;
            (over > 0).then(|| fill.iter().all(|byte| *byte == 0))
        };
        let keys = list.iter().filter(|picture| picture.key);
        let (whole, short): (Vec<bool>, Vec<bool>) =
            keys.filter_map(filled).partition(|whole| *whole);
        if whole.len() != short.len() {
            self.group = if whole.len() > short.len() { 4 } else { 1 };
        }
    }
}

/// Tries fields before keyframes.
struct KeyTest<'a> {
    bytes: &'a [u8],
    pairs: Vec<Pair>,
    next_header: usize,
    header: Option<usize>,
    align: usize,
}

impl KeyTest<'_> {
    /// The picture of this length ends where the next record begins.
    fn fits(&self, pair: &Pair, value: i64, group: usize) -> bool {
        let room = gap(pair).saturating_sub(self.next_header as i64);
        match self.header.map(|header| header as i64) {
            Some(header) => {
                let size = padded(value, group).saturating_add(header);
                padded(size, self.align) == room.saturating_add(header)
            }
            None => {
                let most = self.align.saturating_add(group).saturating_sub(1) as i64;
                (0..most).contains(&room.saturating_sub(value))
            }
        }
    }

    fn test(&self, distance: usize, number: Number, group: usize, likely: bool) -> Option<Length> {
        let mut values: Vec<i64> = Vec::new();
        let mut agree = 0usize;
        for pair in &self.pairs {
            let Some(value) = before(self.bytes, pair.0.start, distance, number) else {
                continue;
            };
            values.push(value);
            agree = agree.saturating_add(usize::from(value > 0 && self.fits(pair, value, group)));
        }
        values.sort_unstable();
        values.dedup();
        let enough = agree.saturating_mul(10) >= self.pairs.len() && agree > 0;
        // where all keyframes are of one size any number may be that
        let changes = values.len() > 1 || self.pairs.len() < 4 || likely;
        (enough && changes).then_some(Length {
            distance,
            number,
            agree,
            of: self.pairs.len(),
        })
    }

    fn best(&self, likely: impl Iterator<Item = (usize, Number)>, group: usize) -> Option<Length> {
        let likely = likely
            .filter_map(|(distance, number)| self.test(distance, number, group, true))
            .max_by_key(|length| length.agree);
        if self.pairs.len() < 3 {
            // too few to find any place; the one that PLV1 has
            let usual = || {
                [8, 4]
                    .into_iter()
                    .flat_map(|distance| LENGTHS.map(|number| (distance, number)))
            };
            return likely.or_else(|| {
                usual().find_map(|(distance, number)| self.test(distance, number, group, false))
            });
        }
        let mut best = likely;
        for distance in 2..=MAX_HEADER {
            for number in LENGTHS
                .into_iter()
                .filter(|number| number.width() <= distance)
            {
                let Some(length) = self.test(distance, number, group, false) else {
                    continue;
                };
                let better = |best: Length| {
                    let end =
                        |length: Length| length.distance.saturating_sub(length.number.width());
                    let wider = length.number.width() > best.number.width();
                    (wider && end(length) == end(best) && length.agree >= best.agree)
                        || length.agree > best.agree.saturating_add(best.agree / 8)
                };
                if best.is_none_or(better) {
                    best = Some(length);
                }
            }
        }
        best
    }
}
