// SPDX-License-Identifier: MPL-2.0
//! What belongs together in two short lists of frames: equal pictures in the same order, pictures of the same time.

use super::gap::Sides;
use crate::common::Failure;
use std::collections::HashSet;

type Hashes = [(u32, [u8; 32])];

/// The most equal pictures that stand in the same order on both sides.
pub fn common(old: &Hashes, new: &Hashes) -> Vec<(u32, u32)> {
    let there: HashSet<_> = new.iter().map(|row| row.1).collect();
    let old: Vec<_> = old.iter().filter(|row| there.contains(&row.1)).collect();
    let there: HashSet<_> = old.iter().map(|row| row.1).collect();
    let new: Vec<_> = new.iter().filter(|row| there.contains(&row.1)).collect();
    let width = new.len() + 1;
    // equal pictures from here on, of each side
    let mut most = vec![0u16; (old.len() + 1) * width];
    let at = |most: &[u16], o: usize, n: usize| most.get(o * width + n).copied().unwrap_or(0);
    for (o, one) in old.iter().enumerate().rev() {
        for (n, other) in new.iter().enumerate().rev() {
            let value = match one.1 == other.1 {
                true => at(&most, o + 1, n + 1) + 1,
                false => at(&most, o + 1, n).max(at(&most, o, n + 1)),
            };
            if let Some(place) = most.get_mut(o * width + n) {
                *place = value;
            }
        }
    }
    let (mut o, mut n, mut pairs) = (0, 0, Vec::new());
    while let (Some(one), Some(other)) = (old.get(o), new.get(n)) {
        if one.1 == other.1 {
            pairs.push((one.0, other.0));
            (o, n) = (o + 1, n + 1);
        } else if at(&most, o + 1, n) >= at(&most, o, n + 1) {
            o += 1;
        } else {
            n += 1;
        }
    }
    pairs
}

/// Places in both lists of frames of the same camera and time, in the order of both.
///
/// # Errors
/// A disk that fails.
pub fn by_time(
    sides: &Sides<'_>,
    old: &[u32],
    new: &[u32],
) -> Result<Vec<(usize, usize)>, Failure> {
    let mut times = Vec::new();
    for (n, row) in old.iter().enumerate() {
        let says = sides.old.get(*row)?.says;
        times.push(((says.seconds, says.millis, says.camera), n));
    }
    times.sort_unstable();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (n, row) in new.iter().enumerate() {
        let says = sides.new.get(*row)?.says;
        if says.seconds.is_none() {
            continue;
        }
        let from = pairs.last().map_or(0, |last| last.0 + 1);
        let wanted = ((says.seconds, says.millis, says.camera), from);
        let place = times.partition_point(|time| *time < wanted);
        if let Some((time, place)) = times.get(place)
            && *time == wanted.0
        {
            pairs.push((*place, n));
        }
    }
    Ok(pairs)
}

/// Those in whose place others may stand: without orphans, where these are likely to be absent and enough others are there.
///
/// # Errors
/// A disk that fails.
pub fn likely(sides: &Sides<'_>, old: &[u32], others: usize) -> Result<Vec<u32>, Failure> {
    if !sides.orphans_may_miss || others == 0 {
        return Ok(old.to_vec());
    }
    let mut whole = Vec::new();
    for n in old {
        if !sides.old.get(*n)?.orphan {
            whole.push(*n);
        }
    }
    Ok(match whole.len() >= others {
        true => whole,
        false => old.to_vec(),
    })
}
