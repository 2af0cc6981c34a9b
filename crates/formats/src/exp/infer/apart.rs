// SPDX-License-Identifier: MPL-2.0
//! Blocks in which all headers stand before all frames, made into records that have their frame behind them.
//!
//! The numbers of a block's headers are the distances between its frames, one after the other.

use super::{Frames, Window, chain::NUMBERS, minus, padded, plus};
use crate::exp::layout::Number;
use std::cmp::Reverse;

/// Bytes before a block's first frame in which its headers begin.
const REACH: i64 = 256 << 10;
/// Frames whose headers have to agree.
const SURE: usize = 4;
/// Headers of one block.
const MAX_HEADERS: i64 = 1024;
/// Places in a file at which no block is found.
const MAX_MISSES: usize = 16;
/// Paddings of frames.
const ALIGNS: [i64; 9] = [1, 2, 4, 8, 16, 32, 64, 256, 512];

/// A file whose records are whole.
pub struct Whole {
    /// Header, frame, header, frame …
    pub bytes: Vec<u8>,
    /// Bytes of a header.
    pub header: usize,
    /// Bytes before the headers of each block.
    pub before: usize,
}

/// Where the length is in a header, and how it becomes a distance.
#[derive(Clone, Copy)]
struct Length {
    at: i64,
    header: i64,
    number: Number,
    /// Added to the value before padding: the range that the frames leave open.
    plus: (i64, i64),
    align: i64,
}

/// Headers and frames of one block.
struct Block {
    headers: i64,
    count: usize,
}

impl Length {
    fn value(&self, window: &Window<'_>, header: i64) -> Option<i64> {
        window.number(plus(header, self.at), self.number)
    }

    /// What may be added to the value where the next frame is so far.
    fn open(&self, value: i64, distance: i64) -> Option<(i64, i64)> {
        let most = minus(distance, value);
        let least = plus(minus(most, self.align), 1);
        let open = (self.plus.0.max(least), self.plus.1.min(most));
        (distance.rem_euclid(self.align) == 0 && open.0 <= open.1).then_some(open)
    }

    /// The block whose first frame is that of this number: with as many headers as the last one had, or any other number.
    fn block(
        &self,
        window: &Window<'_>,
        starts: &[i64],
        first: usize,
        usual: Option<i64>,
    ) -> Option<(Block, Length)> {
        let (from, ends) = starts.get(first..)?.split_first()?;
        let frames = plus(ends.len() as i64, 1).min(MAX_HEADERS);
        let open = |count: i64| {
            let headers = minus(*from, count.saturating_mul(self.header));
            let starts = [from].into_iter().chain(ends);
            let mut pairs = (0..minus(count, 1)).zip(starts.zip(ends));
            let narrowed = pairs.try_fold(*self, |own, (n, (at, next))| {
                let value = own.value(window, plus(headers, n.saturating_mul(self.header)))?;
                let plus = own.open(value, minus(*next, *at))?;
                Some(Length { plus, ..own })
            });
            narrowed
                .filter(|_| headers >= 0)
                .map(|narrowed| (count, narrowed))
        };
        // fewer may fit by chance
        let most = frames.min(from.checked_div(self.header).unwrap_or(0));
        let usual = usual.filter(|usual| *usual <= frames);
        let (count, narrowed) = usual.into_iter().chain((1..=most).rev()).find_map(open)?;
        let block = Block {
            headers: minus(*from, count.saturating_mul(self.header)),
            count: usize::try_from(count).ok()?,
        };
        Some((block, narrowed))
    }

    /// The records of all blocks, with the bytes before each block, and how many they are; without their bytes unless `whole`.
    fn weave(mut self, window: &Window<'_>, starts: &[i64], whole: bool) -> Option<(usize, Whole)> {
        let room = if whole { window.0.len() } else { 0 };
        let mut bytes = Vec::with_capacity(room);
        let (mut first, mut usual, mut misses, mut records) = (0, None, 0_usize, 0_usize);
        let (mut end, mut before) = (None, Vec::new());
        while first < starts.len() && misses < MAX_MISSES {
            let Some((block, narrowed)) = self.block(window, starts, first, usual) else {
                (first, misses, end) = (first.saturating_add(1), misses.saturating_add(1), None);
                continue;
            };
            usual = Some(block.count as i64);
            self = narrowed;
            before.extend(end.map(|end| minus(block.headers, end)));
            let mut at = *starts.get(first)?;
            let mut header = block.headers;
            for _ in 0..block.count {
                let value = self.value(window, header);
                let size = value.map(|value| padded(plus(value, self.plus.1), self.align));
                let size = size.filter(|size| *size > 4);
                let Some(size) = size.filter(|size| plus(at, *size) <= window.len()) else {
                    break;
                };
                if whole {
                    bytes.extend(window.slice(header, plus(header, self.header))?);
                    bytes.extend(window.slice(at, plus(at, size))?);
                }
                (header, at) = (plus(header, self.header), plus(at, size));
                records = records.saturating_add(1);
            }
            end = Some(at);
            first = first.saturating_add(block.count);
        }
        let (before, count) = super::chain::mode(before.iter().copied()).unwrap_or((0, 1));
        // one that overlaps the frames before it is none
        (before >= 0 && count > 0).then_some(())?;
        Some((
            records,
            Whole {
                bytes,
                header: usize::try_from(self.header).ok()?,
                before: usize::try_from(before).ok()?,
            },
        ))
    }
}

/// The file with each header before its frame, where its frames follow each other behind their headers.
pub fn weave(window: &Window<'_>, frames: &Frames) -> Option<Whole> {
    let variants = frames.with_zeros(window).into_iter().map(|variant| {
        let starts: Vec<i64> = variant.list.iter().map(|frame| frame.at).collect();
        let lengths = lengths(window, &starts).into_iter().filter_map(|length| {
            let (count, _) = length.weave(window, &starts, false)?;
            Some((count, length))
        });
        // of equals the first
        let best = lengths.rev().max_by_key(|(count, _)| *count);
        (starts, best)
    });
    let found: Vec<_> = variants.collect();
    let found = found
        .iter()
        .rev()
        .filter_map(|(starts, best)| Some((starts, (*best)?)));
    let (starts, (count, length)) = found.max_by_key(|(_, (count, _))| *count)?;
    // some of them by chance are none
    let most = count.saturating_mul(10) >= frames.list.len().saturating_mul(8);
    (most && count >= super::MIN_CERTAIN).then_some(())?;
    Some(length.weave(window, starts, true)?.1)
}

/// Numbers before the first frame that are the distances between the frames of the first block.
fn lengths(window: &Window<'_>, starts: &[i64]) -> Vec<Length> {
    let pairs = starts.iter().zip(starts.iter().skip(1));
    let distances: Vec<i64> = pairs.map(|(a, b)| minus(*b, *a)).collect();
    let (Some(from), Some(distance)) = (starts.first(), distances.first()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for place in minus(*from, REACH).max(0)..*from {
        for number in NUMBERS {
            let Some(value) = window.number(place, number) else {
                continue;
            };
            if minus(*distance, value).abs() > 700 || value < 16 {
                continue;
            }
            let most = minus(*from, place).checked_div(SURE as i64).unwrap_or(0);
            for header in 8..=most.min(512) {
                let at = minus(place, *from).rem_euclid(header);
                if plus(at, number.width() as i64) > header {
                    continue;
                }
                let rest = |n: i64, distance: &i64| {
                    let value = window.number(plus(place, n.saturating_mul(header)), number)?;
                    Some((*distance, minus(*distance, value)))
                };
                let near =
                    |pair: &Option<(i64, i64)>| pair.is_some_and(|(_, rest)| rest.abs() <= 1200);
                let pairs = |count: usize| {
                    (0..)
                        .zip(&distances)
                        .take(count)
                        .map(|(n, distance)| rest(n, distance))
                };
                if !pairs(SURE).all(|pair| near(&pair)) {
                    continue;
                }
                // the last frame of the block is followed by other headers
                let count = minus(minus(*from, place), 1).div_euclid(header);
                let all: Vec<(i64, i64)> = pairs(count.max(0) as usize).flatten().collect();
                for (plus, align) in added(&all) {
                    found.push(Length {
                        at,
                        header,
                        number,
                        plus,
                        align,
                    });
                }
            }
        }
    }
    // a wider number and a smaller padding explain more
    found.sort_by_key(|length| (length.align, Reverse(length.number.width()), length.header));
    found.truncate(8);
    found
}

/// What is added to each value, and the padding, that make all distances.
fn added(rests: &[(i64, i64)]) -> impl Iterator<Item = ((i64, i64), i64)> {
    let (low, high) = rests
        .iter()
        .fold((i64::MAX, i64::MIN), |(low, high), (_, rest)| {
            (low.min(*rest), high.max(*rest))
        });
    let fits = move |align: &&i64| {
        let even = rests
            .iter()
            .all(|(distance, _)| distance.rem_euclid(**align) == 0);
        even && rests.len() >= SURE && minus(high, low) < **align
    };
    let open = move |align: &i64| (plus(minus(high, *align), 1), low);
    ALIGNS
        .iter()
        .filter(fits)
        .take(2)
        .map(move |align| (open(align), *align))
}
