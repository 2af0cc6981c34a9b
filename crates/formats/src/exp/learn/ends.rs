// SPDX-License-Identifier: MPL-2.0
//! Where a coded picture ends, told from the bytes alone.

use super::{
    check,
    pictures::{Picture, Pictures},
    shape::{MAX_HEADER, Pair, pairs},
};
use crate::{
    exp::layout::{Layout, Transform},
    mpeg4::{IntraPicture, size::size_of_count},
    reader::Step,
};

/// Keyframes that are walked through.
const WALKED: usize = 6;
/// Keyframes of which the end is compared with the one that was read.
const VERIFIED: usize = 12;
/// Pictures that look as if they ended rightly have a likeness of at least this: seven of eight last bytes are odd, fewer where
/// little moves.
const LIKE: u32 = 62;
/// Fewer last bytes than this say nothing.
const FEW: u64 = 12;

/// How much a column of bytes looks like last bytes of pictures, 0..=100. Those end with a 0 and then 1s, so seven of eight are
/// odd, none is 0xff, and they are not all the same.
pub fn likeness(column: impl Iterator<Item = u8>) -> u32 {
    let (mut odd, mut all, mut full) = (0u32, 0u32, 0u32);
    let mut seen = [false; 256];
    for byte in column {
        all = all.saturating_add(1);
        odd = odd.saturating_add(u32::from(byte & 1));
        full = full.saturating_add(u32::from(byte == 0xff));
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    let different = seen.iter().filter(|seen| **seen).count() as u32;
    if all == 0 || different < (all / 8).clamp(1, 12) {
        return 0;
    }
    let share = odd
        .saturating_mul(100)
        .checked_div(all)
        .unwrap_or(0)
        .min(88);
    let wrong = full.saturating_mul(100).checked_div(all).unwrap_or(0);
    share.saturating_sub(wrong)
}

/// Nothing of what stands behind the pictures is taken for theirs, nor a part of them for something else: the last bytes look
/// like last bytes, and where keyframes can be walked through, that ends where they do. By reading `bytes` by `layout`.
pub fn are_right(bytes: &[u8], layout: &Layout, pictures: &Pictures) -> bool {
    let vol = pictures.inferred.vol(16, 16, None);
    let (mut last, mut key_last) = (Vec::new(), Vec::new());
    let (mut walked, mut wrong) = (0usize, 0usize);
    check::steps(bytes, layout, |at, step| {
        let Step::Packet(packet) = step else {
            return;
        };
        if packet.audio.is_some() {
            return;
        }
        let coded = packet.payload.to_vec(bytes.get(at..).unwrap_or_default());
        let column = if packet.key { &mut key_last } else { &mut last };
        column.extend(coded.last().copied());
        if packet.key && walked < VERIFIED {
            let ends = IntraPicture::ends(&coded, &vol);
            let mut whole = ends
                .iter()
                .filter(|(_, count)| size_of_count(*count).is_some());
            if let Some((end, _)) = whole.next_back() {
                walked = walked.saturating_add(1);
                wrong = wrong.saturating_add(usize::from(*end != coded.len()));
            }
        }
    });
    look_like_ends(&last) && look_like_ends(&key_last) && wrong.saturating_mul(4) <= walked
}

/// Bytes that are more often odd than any other column would be by chance, and hardly ever 0.
fn look_like_ends(column: &[u8]) -> bool {
    let count = column.len() as u64;
    if count < FEW {
        return true;
    }
    let zeros = column.iter().filter(|byte| **byte == 0).count() as u64;
    let score = likeness(column.iter().copied());
    // of noise half are odd, with a spread of 50 % by the root of their number; two and a half of these are not reached
    let over = u64::from(score.saturating_sub(50));
    let by_chance = over.saturating_mul(over).saturating_mul(count) < 125 * 125;
    zeros.saturating_mul(50) <= count && score >= LIKE && !by_chance
}

/// The size of a P picture's header: what stands between the end of a keyframe, whose macroblocks are walked through, and
/// the P picture after it. `least` is what the header has at least.
pub fn header_by_walk(bytes: &[u8], pictures: &Pictures, least: usize) -> Option<usize> {
    let vol = pictures.inferred.vol(16, 16, None);
    let mut headers: Vec<usize> = Vec::new();
    let found = pairs(&pictures.list, true, false);
    let step = found.len().div_ceil(WALKED).max(1);
    let usable = found
        .iter()
        .filter(|pair| pair.0.transform == Transform::None);
    let mut walked = 0usize;
    for pair in usable.step_by(step).take(WALKED) {
        walked = walked.saturating_add(1);
        let data = bytes.get(pair.0.start..pair.1.start).unwrap_or_default();
        for (end, count) in IntraPicture::ends(data, &vol) {
            let header = data.len().saturating_sub(end);
            if size_of_count(count).is_some() && (least..=MAX_HEADER).contains(&header) {
                headers.push(header);
            }
        }
    }
    headers.sort_unstable();
    let count = |header: usize| headers.iter().filter(|other| **other == header).count();
    let best = headers
        .iter()
        .copied()
        .max_by_key(|header| (count(*header), std::cmp::Reverse(*header)))?;
    (count(best).saturating_mul(2) > walked && walked > 1).then_some(best)
}

/// The size of the header by columns: going back from the pictures, bytes of a header hardly change from record to record, bytes
/// of pictures do, and the last byte of a picture looks like one. `least` is what the header has at least.
pub fn header_by_columns(bytes: &[u8], main: &[Pair], least: usize) -> Option<usize> {
    let column = |distance: usize| {
        main.iter()
            .filter_map(move |(first, second): &(Picture, Picture)| {
                let at = second.start.checked_sub(distance)?;
                (at > first.start.saturating_add(16)).then(|| bytes.get(at).copied())?
            })
    };
    let steady = |distance: usize| {
        let mut counts = [0usize; 256];
        let mut all = 0usize;
        for byte in column(distance) {
            all = all.saturating_add(1);
            if let Some(count) = counts.get_mut(usize::from(byte)) {
                *count = count.saturating_add(1);
            }
        }
        // pictures in which nothing moves end with many 1s
        let most = counts.iter().take(255).copied().max().unwrap_or(0);
        all >= 4 && most.saturating_mul(3) > all
    };
    let shortest = main
        .iter()
        .map(|(a, b)| b.start.saturating_sub(a.start))
        .min()?;
    let reach = shortest.saturating_sub(24).min(MAX_HEADER);
    let steady_end = (1..=reach)
        .rev()
        .find(|distance| steady(*distance))
        .unwrap_or(0);
    let from = steady_end.max(least);
    // counters and noise may stand before the last steady byte
    let score = |header: usize| likeness(column(header.saturating_add(1)));
    (from..=from.saturating_add(12))
        .find(|header| score(*header) >= 76)
        .or(Some(from))
}
