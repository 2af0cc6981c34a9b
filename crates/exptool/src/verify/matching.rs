// SPDX-License-Identifier: MPL-2.0
//! Which frame of a file is which frame of a manifest, wherever it is.
//!
//! Frames whose bytes are unique on both sides anchor the comparison: the longest series of them in the same order is what has not
//! moved. Between two anchors the crate `similar` finds what else is equal, and other frames are changed ones of the same time or
//! place. What is left moved, repeats another frame, is missing, or is foreign.
//!
//! Memory: 24 bytes for each pair of frames, and up to 100 MiB while [`MOST`] frames without an anchor are compared.

use super::rows::{Moment, Rows};
use crate::common::Failure;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

/// Frames of each side that are compared at a time where none is unique.
const MOST: usize = 1 << 18;
/// Time after which the order of frames that are not unique is settled less exactly.
const PATIENCE: Duration = Duration::from_secs(60);
/// Stands for no frame, and for the number of a frame that the manifest does not have.
const NONE: u32 = u32::MAX;
/// Marks a pair that is out of order.
const MOVED: u32 = 1 << 31;

/// What became of a frame. Numbers count the rows of either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The manifest's frame and the file's frame that is equal or in its place.
    Pair { old: u32, new: u32, moved: bool },
    /// A frame of the manifest only; `outside`: before the first or after the last that is there.
    Missing { old: u32, outside: bool },
    /// A frame of the file once more than the manifest has it; `of` is the manifest's first.
    Repeated { new: u32, of: u32 },
    /// A frame of the file only.
    Foreign { new: u32 },
}

/// Which frames belong together.
pub struct Matching {
    /// For each frame of the manifest, the file's; [`NONE`] or with [`MOVED`].
    new_of: Vec<u32>,
    /// For each frame of the file that is in no pair, the manifest's first equal one, or [`NONE`].
    left: Vec<(u32, u32)>,
    /// So much is alike and out of order that more is taken for moved than has to be.
    pub coarse: bool,
}

impl Matching {
    /// Every frame of both sides, each once.
    pub fn iter(&self) -> impl Iterator<Item = Found> {
        let in_order = |new: &u32| *new & MOVED == 0;
        let first = self.new_of.iter().position(in_order).unwrap_or(usize::MAX);
        let last = self.new_of.iter().rposition(in_order).unwrap_or(0);
        let olds = self.new_of.iter().enumerate().map(move |(n, new)| {
            let (old, outside) = (n as u32, n < first || n > last);
            match *new {
                NONE => Found::Missing { old, outside },
                new => Found::Pair {
                    old,
                    new: new & !MOVED,
                    moved: new & MOVED != 0,
                },
            }
        });
        olds.chain(self.left.iter().map(|(new, of)| match *of {
            NONE => Found::Foreign { new: *new },
            of => Found::Repeated { new: *new, of },
        }))
    }
}

/// Matches all frames of both sides. `times`: both have the recorder's time.
///
/// # Errors
/// A disk that fails.
pub fn match_frames(old: &Rows, new: &Rows, times: bool) -> Result<Matching, Failure> {
    if all_equal(old, new)? {
        return Ok(Matching {
            new_of: (0..new.len()).collect(),
            left: Vec::new(),
            coarse: false,
        });
    }
    let (old_ids, new_ids) = number(old, new)?;
    let partners = unique_pairs(&old_ids, &new_ids);
    let anchors = longest_increasing(&partners);
    let mut matcher = Matcher {
        old,
        new,
        times,
        new_of: vec![NONE; old_ids.len()],
        taken: vec![false; new_ids.len()],
        in_new: vec![false; old_ids.len()],
        old_ids,
        new_ids,
        last: None,
        deadline: Instant::now() + PATIENCE,
        coarse: false,
    };
    matcher.run(&partners, &anchors)?;
    matcher.pair_moved()?;
    Ok(matcher.finish())
}

fn all_equal(old: &Rows, new: &Rows) -> Result<bool, Failure> {
    if old.len() != new.len() {
        return Ok(false);
    }
    for n in 0..old.len() {
        if old.get(n)?.sha256 != new.get(n)?.sha256 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Numbers for the frames of both sides, the same for equal ones and below the manifest's count; [`NONE`] for those it lacks.
fn number(old: &Rows, new: &Rows) -> Result<(Vec<u32>, Vec<u32>), Failure> {
    let mut keys = Vec::with_capacity(old.len() as usize);
    for row in old.iter() {
        keys.push(row?.key());
    }
    keys.sort_unstable();
    keys.dedup();
    let number = |rows: &Rows| {
        let mut numbers = Vec::with_capacity(rows.len() as usize);
        for row in rows.iter() {
            let found = keys.binary_search(&row?.key());
            numbers.push(found.map_or(NONE, |place| place as u32));
        }
        Ok::<_, Failure>(numbers)
    };
    Ok((number(old)?, number(new)?))
}

/// For each frame of the file that is unique on both sides, the manifest's.
fn unique_pairs(old_ids: &[u32], new_ids: &[u32]) -> Vec<u32> {
    const MANY: u32 = NONE - 1;
    let once = |ids: &[u32]| {
        let mut places = vec![NONE; old_ids.len()];
        for (n, id) in ids.iter().enumerate() {
            if let Some(place) = places.get_mut(*id as usize) {
                *place = if *place == NONE { n as u32 } else { MANY };
            }
        }
        places
    };
    let (old_place, new_place) = (once(old_ids), once(new_ids));
    let partner = |id: &u32| match new_place.get(*id as usize) {
        Some(&place) if place != MANY && old_place[*id as usize] != MANY => old_place[*id as usize],
        _ => NONE,
    };
    new_ids.iter().map(partner).collect()
}

/// The most places in `values` whose values increase; [`NONE`] is skipped.
fn longest_increasing(values: &[u32]) -> Vec<u32> {
    // the place where the best series of each length ends
    let mut ends: Vec<u32> = Vec::new();
    let mut before = vec![NONE; values.len()];
    for (n, value) in values.iter().enumerate() {
        if *value == NONE {
            continue;
        }
        let length = ends.partition_point(|end| values[*end as usize] < *value);
        if length > 0 {
            before[n] = ends[length - 1];
        }
        match ends.get_mut(length) {
            Some(end) => *end = n as u32,
            None => ends.push(n as u32),
        }
    }
    let mut at = ends.last().copied().unwrap_or(NONE);
    for end in ends.iter_mut().rev() {
        *end = at;
        at = before[at as usize];
    }
    ends
}

struct Matcher<'a> {
    old: &'a Rows,
    new: &'a Rows,
    times: bool,
    old_ids: Vec<u32>,
    new_ids: Vec<u32>,
    new_of: Vec<u32>,
    /// Frames of the file that are in a pair.
    taken: Vec<bool>,
    /// By number: the file has the frame.
    in_new: Vec<bool>,
    /// The pair before.
    last: Option<(u32, u32)>,
    deadline: Instant,
    coarse: bool,
}

impl Matcher<'_> {
    /// Pairs what is in order.
    fn run(&mut self, partners: &[u32], anchors: &[u32]) -> Result<(), Failure> {
        for id in &self.new_ids {
            if let Some(there) = self.in_new.get_mut(*id as usize) {
                *there = true;
            }
        }
        for (new, old) in partners.iter().enumerate() {
            if *old != NONE {
                self.new_of[*old as usize] = new as u32 | MOVED;
                self.taken[new] = true;
            }
        }
        let (mut old_from, mut new_from) = (0, 0);
        for new in anchors.iter().copied() {
            let old = partners[new as usize];
            self.close_gap(old_from..old, new_from..new, Some((old, new)))?;
            self.pair(old, new);
            (old_from, new_from) = (old + 1, new + 1);
        }
        self.close_gap(old_from..self.old.len(), new_from..self.new.len(), None)
    }

    fn pair(&mut self, old: u32, new: u32) {
        self.new_of[old as usize] = new;
        self.taken[new as usize] = true;
        self.last = Some((old, new));
    }

    fn same_moment(&self, (old, new): (u32, u32)) -> Result<bool, Failure> {
        Ok(self.old.get(old)?.moment() == self.new.get(new)?.moment())
    }

    /// Pairs frames between two anchors; `next` is the one after them.
    fn close_gap(
        &mut self,
        olds: std::ops::Range<u32>,
        news: std::ops::Range<u32>,
        next: Option<(u32, u32)>,
    ) -> Result<(), Failure> {
        if olds.is_empty() || news.is_empty() {
            return Ok(());
        }
        let olds: Vec<u32> = olds.filter(|n| self.new_of[*n as usize] == NONE).collect();
        let news: Vec<u32> = news.filter(|n| !self.taken[*n as usize]).collect();
        // where all times have changed they do not show what belongs together
        let mut timed = self.times;
        for anchor in [self.last, next].into_iter().flatten() {
            timed = timed && self.same_moment(anchor)?;
        }
        let (mut olds, mut news) = (olds.as_slice(), news.as_slice());
        while !olds.is_empty() && !news.is_empty() {
            let (old, new) = (olds.len().min(MOST), news.len().min(MOST));
            let all = old == olds.len() && new == news.len();
            let (old_end, new_end) = self.align(
                &olds[..old],
                &news[..new],
                timed,
                timed,
                all && next.is_none(),
            )?;
            if all {
                break;
            }
            // what follows the last equal frames is compared again with what follows it
            let short = old_end.max(new_end) < MOST / 2;
            self.coarse |= short;
            let (old_end, new_end) = if short {
                (old, new)
            } else {
                (old_end, new_end)
            };
            (olds, news) = (&olds[old_end..], &news[new_end..]);
        }
        Ok(())
    }

    /// Pairs equal frames of two lists in order, and what is between them by time and place. Returns where the last equal ones end.
    /// `exact`: frames are equal only if camera and time are, too.
    fn align(
        &mut self,
        olds: &[u32],
        news: &[u32],
        timed: bool,
        exact: bool,
        at_end: bool,
    ) -> Result<(usize, usize), Failure> {
        let keys = |rows: &Rows, ids: &[u32], list: &[u32]| {
            let key = |n: &u32| {
                let moment = if exact { rows.get(*n)?.moment() } else { None };
                Ok((ids[*n as usize], moment))
            };
            list.iter().map(key).collect::<Result<Vec<_>, Failure>>()
        };
        let old_keys = keys(self.old, &self.old_ids, olds)?;
        let new_keys = keys(self.new, &self.new_ids, news)?;
        let ops = capture_diff_slices_deadline(
            Algorithm::Myers,
            &old_keys,
            &new_keys,
            Some(self.deadline),
        );
        self.coarse |= Instant::now() >= self.deadline;
        drop((old_keys, new_keys));
        let end = DiffOp::Equal {
            old_index: olds.len(),
            new_index: news.len(),
            len: 0,
        };
        let (mut old_from, mut new_from) = (0, 0);
        let mut ends = (0, 0);
        for op in ops.iter().chain([&end]) {
            let &DiffOp::Equal {
                old_index,
                new_index,
                len,
            } = op
            else {
                continue;
            };
            let (old_hole, new_hole) = (&olds[old_from..old_index], &news[new_from..new_index]);
            let last = at_end && len == 0;
            if exact {
                self.align(old_hole, new_hole, timed, false, last)?;
            } else {
                self.replace(old_hole, new_hole, timed, last)?;
            }
            for n in 0..len {
                self.pair(olds[old_index + n], news[new_index + n]);
            }
            (old_from, new_from) = (old_index + len, new_index + len);
            if len > 0 {
                ends = (old_from, new_from);
            }
        }
        Ok(ends)
    }

    /// Pairs frames that differ: those of the same time, then those in the same place.
    fn replace(
        &mut self,
        olds: &[u32],
        news: &[u32],
        timed: bool,
        at_end: bool,
    ) -> Result<(), Failure> {
        // what the other side has somewhere else is not changed
        let gone = |n: &&u32| !self.in_new[self.old_ids[**n as usize] as usize];
        let olds: Vec<u32> = olds.iter().filter(gone).copied().collect();
        let foreign = |n: &&u32| self.new_ids[**n as usize] == NONE;
        let news: Vec<u32> = news.iter().filter(foreign).copied().collect();
        if olds.is_empty() || news.is_empty() {
            return Ok(());
        }
        let same_time = match timed {
            true => self.pairs_by_time(&olds, &news)?,
            false => Vec::new(),
        };
        let (mut old_from, mut new_from) = (0, 0);
        for (old, new) in same_time {
            self.pair_by_place(&olds[old_from..old], &news[new_from..new], false);
            self.pair(olds[old], news[new]);
            (old_from, new_from) = (old + 1, new + 1);
        }
        self.pair_by_place(&olds[old_from..], &news[new_from..], at_end);
        Ok(())
    }

    /// Places in both lists of frames of the same camera and time, in the order of both.
    fn pairs_by_time(&self, olds: &[u32], news: &[u32]) -> Result<Vec<(usize, usize)>, Failure> {
        let mut moments = Vec::new();
        for (place, old) in olds.iter().enumerate() {
            moments.extend(self.old.get(*old)?.moment().map(|moment| (moment, place)));
        }
        moments.sort_unstable();
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (place, new) in news.iter().enumerate() {
            let Some(moment) = self.new.get(*new)?.moment() else {
                continue;
            };
            let wanted = (moment, pairs.last().map_or(0, |last| last.0 + 1));
            let found = moments.partition_point(|one| *one < wanted);
            if let Some(&(_, old)) = moments.get(found).filter(|one| one.0 == moment) {
                pairs.push((old, place));
            }
        }
        Ok(pairs)
    }

    /// Pairs frames one after the other. Where times are known and differ, only as many as the manifest has.
    fn pair_by_place(&mut self, olds: &[u32], news: &[u32], at_end: bool) {
        if self.times && olds.len() != news.len() {
            return;
        }
        // before the first pair, frames are next to what follows them
        let count = olds.len().min(news.len());
        let from_end = self.last.is_none() && !at_end;
        let skip = |all: usize| if from_end { all - count } else { 0 };
        let pairs = olds[skip(olds.len())..]
            .iter()
            .zip(&news[skip(news.len())..]);
        for (old, new) in pairs {
            self.pair(*old, *new);
        }
    }

    /// Pairs equal frames that are left, of the same time first: they have moved.
    fn pair_moved(&mut self) -> Result<(), Failure> {
        for exact in [true, false] {
            let moment = |rows: &Rows, n: usize| {
                let row = exact.then(|| rows.get(n as u32)).transpose()?;
                Ok::<_, Failure>(row.and_then(|row| row.moment()))
            };
            let mut left: HashMap<(u32, Option<Moment>), VecDeque<usize>> = HashMap::new();
            for (old, id) in self.old_ids.iter().enumerate() {
                if self.new_of[old] == NONE && self.in_new[*id as usize] {
                    left.entry((*id, moment(self.old, old)?))
                        .or_default()
                        .push_back(old);
                }
            }
            for (new, id) in self.new_ids.iter().enumerate() {
                if left.is_empty() || self.taken[new] || *id == NONE {
                    continue;
                }
                let olds = left.get_mut(&(*id, moment(self.new, new)?));
                if let Some(old) = olds.and_then(VecDeque::pop_front) {
                    self.new_of[old] = new as u32 | MOVED;
                    self.taken[new] = true;
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Matching {
        let mut left = Vec::new();
        if self.taken.contains(&false) {
            let mut first = vec![NONE; self.old_ids.len()];
            for (n, id) in self.old_ids.iter().enumerate().rev() {
                first[*id as usize] = n as u32;
            }
            for (n, id) in self.new_ids.iter().enumerate() {
                if !self.taken[n] {
                    let of = first.get(*id as usize).copied().unwrap_or(NONE);
                    left.push((n as u32, of));
                }
            }
        }
        Matching {
            new_of: self.new_of,
            left,
            coarse: self.coarse,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::rows::{Row, RowWriter},
        *,
    };
    use formats::reader::Codec;
    use proptest::prelude::*;

    /// A frame's bytes and seconds.
    type Frame = (u8, i64);

    fn rows(frames: &[Frame]) -> Rows {
        let mut rows = RowWriter::new().unwrap();
        for (n, (byte, seconds)) in frames.iter().enumerate() {
            let row = Row {
                seconds: Some(*seconds),
                ..Row::from_hash(n as u32, Codec::Mpeg4, [*byte; 32])
            };
            rows.push(&row).unwrap();
        }
        rows.finish().unwrap()
    }

    /// Length of the longest common subsequence, by the textbook's table.
    fn longest_common(old: &[Frame], new: &[Frame]) -> usize {
        let mut table = vec![vec![0; new.len() + 1]; old.len() + 1];
        for (o, one) in old.iter().enumerate() {
            for (n, other) in new.iter().enumerate() {
                table[o + 1][n + 1] = match one.0 == other.0 {
                    true => table[o][n] + 1,
                    false => table[o][n + 1].max(table[o + 1][n]),
                };
            }
        }
        table[old.len()][new.len()]
    }

    /// Frames before and after cuts, insertions, changes and moves. `kinds`: how many different ones there are.
    fn sides(kinds: usize) -> impl Strategy<Value = (Vec<Frame>, Vec<Frame>)> {
        let edits = prop::collection::vec((0..4, 0..60usize, 0..60usize), 0..6);
        (0..60usize, edits).prop_map(move |(count, edits)| {
            let old: Vec<Frame> = (0..count)
                .map(|n| ((n * 7 % kinds) as u8, n as i64))
                .collect();
            let mut new = old.clone();
            for (edit, at, to) in edits {
                let (at, to) = (at.min(new.len()), to.min(new.len()));
                match edit {
                    0 => drop(new.drain(at.min(to)..at.max(to))),
                    1 => new.insert(at, (200 + to as u8 % 50, to as i64)),
                    2 if at < new.len() => new[at].0 ^= 128,
                    3 if at < new.len() => {
                        let one = new.remove(at);
                        new.insert(to.min(new.len()), one);
                    }
                    _ => {}
                }
            }
            (old, new)
        })
    }

    fn check(old: &[Frame], new: &[Frame], times: bool, unique: bool) {
        let matching = match_frames(&rows(old), &rows(new), times).unwrap();
        let (mut olds, mut news, mut in_order, mut equal) = (vec![], vec![], vec![], 0);
        let (mut missing, mut repeated) = (vec![], vec![]);
        for found in matching.iter() {
            match found {
                Found::Pair {
                    old: o,
                    new: n,
                    moved,
                } => {
                    olds.push(o);
                    news.push(n);
                    let same = old[o as usize].0 == new[n as usize].0;
                    assert!(same || !moved);
                    if !moved {
                        in_order.push(n);
                        equal += usize::from(same);
                    }
                }
                Found::Missing { old: o, .. } => {
                    olds.push(o);
                    missing.push(old[o as usize].0);
                }
                Found::Repeated { new: n, of } => {
                    assert_eq!(new[n as usize].0, old[of as usize].0);
                    news.push(n);
                    repeated.push(new[n as usize].0);
                }
                Found::Foreign { new: n } => {
                    assert!(old.iter().all(|one| one.0 != new[n as usize].0));
                    news.push(n);
                }
            }
        }
        assert!(in_order.is_sorted(), "{in_order:?}");
        // what is there once more than before cannot be missing
        assert!(repeated.iter().all(|byte| !missing.contains(byte)));
        assert!(olds.into_iter().eq(0..old.len() as u32));
        news.sort_unstable();
        assert!(news.into_iter().eq(0..new.len() as u32));
        if unique {
            assert_eq!(equal, longest_common(old, new));
        }
    }

    #[test]
    fn frames_that_are_alike_stay_in_order_whatever_their_times() {
        let old: Vec<Frame> = (0..40).map(|n| (n as u8 / 8, n)).collect();
        let new: Vec<Frame> = old.iter().map(|one| (one.0, one.1 * 3 + 7)).collect();
        check(&old, &new[3..], true, true);
    }

    proptest! {
        #[test]
        fn every_frame_is_found_once((old, new) in prop_oneof![sides(2), sides(5)], times: bool) {
            check(&old, &new, times, false);
        }

        #[test]
        fn no_more_moves_than_has_to((old, new) in sides(61), times: bool) {
            check(&old, &new, times, true);
        }
    }
}
