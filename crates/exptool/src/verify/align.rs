// SPDX-License-Identifier: MPL-2.0
//! Holds all frames of a file against all of a manifest: which are which, wherever they stand, with bounded memory.
//!
//! Frames that picture and time (or the picture alone) tell apart from all others are paired first; the longest chain of pairs in
//! the same order on both sides is what has not moved. Between its links equal pictures are paired in their order, then others by
//! their place. What is left was moved, repeated, is missing or is none of the recording.

use super::{
    chain::Chain,
    gap::{self, Found, Sides},
    join::{self, Joined, item, parts, picture_key},
    rows::Table,
    sort::Sorter,
};
use crate::common::Failure;
use std::collections::VecDeque;

/// Equal frames without a place that are remembered.
const MOST: usize = 1 << 20;
/// Sides of the list of frames without a place.
const ALL: u8 = 0;
const INNER: u8 = 1;
const EDGE: u8 = 2;
const LEFT: u8 = 3;

/// What became of a frame. Numbers count the rows of either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Both are there, in the same place or, `moved`, in another.
    Pair {
        /// On the manifest's side.
        old: u32,
        /// On the file's side.
        new: u32,
        /// See above.
        moved: bool,
    },
    /// It is not there; `edge`: before the first or behind the last that is.
    Missing {
        /// On the manifest's side.
        old: u32,
        /// See above.
        edge: bool,
    },
    /// The picture of another frame once more.
    Repeated {
        /// On the file's side.
        new: u32,
        /// The first frame that has it, on the manifest's side.
        of: u32,
    },
    /// None of the manifest's pictures.
    Foreign {
        /// On the file's side.
        new: u32,
    },
}

/// How sides are compared with each other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// Both tell the recorder's time.
    pub timestamps: bool,
    /// Pictures without their reference are likely to be absent.
    pub orphans_may_miss: bool,
}

/// Tells what became of every frame of both sides, each once. Whether so much has moved that more is told to than had to.
///
/// # Errors
/// A disk that fails, and whatever `tell` fails with.
pub fn align(
    old: &Table,
    new: &Table,
    rules: Rules,
    tell: &mut dyn FnMut(Match) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    if same(old, new)? {
        for n in 0..old.len() {
            let moved = false;
            tell(Match::Pair {
                old: n,
                new: n,
                moved,
            })?;
        }
        return Ok(false);
    }
    let joined = join::join(old, new, rules.timestamps)?;
    let mut late = Late::new();
    let coarse = in_order(old, new, rules, joined, &mut late, tell)?;
    late.resolve(old, tell)?;
    Ok(coarse)
}

/// Both sides have the same pictures and times in the same order.
fn same(old: &Table, new: &Table) -> Result<bool, Failure> {
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

/// Goes along the chain. Whether it was more than can be looked at together.
fn in_order(
    old: &Table,
    new: &Table,
    rules: Rules,
    joined: Joined,
    late: &mut Late,
    tell: &mut dyn FnMut(Match) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let mut chain = Chain::new(joined.pairs);
    let sides = Sides {
        old,
        new,
        old_paired: &joined.old_paired,
        new_paired: &joined.new_paired,
        old_known: &joined.old_known,
        new_known: &joined.new_known,
        timestamps: rules.timestamps,
        orphans_may_miss: rules.orphans_may_miss,
    };
    let mut loose = |found| late.take(&sides, found, &mut *tell);
    let (mut old_at, mut new_at, mut first) = (0, 0, true);
    loop {
        let runs = chain.next()?;
        if runs.is_empty() {
            break;
        }
        for (run, in_order) in runs {
            if in_order {
                let ends = (first, false);
                gap::close(
                    &sides,
                    (old_at, run.old),
                    (new_at, run.new),
                    ends,
                    &mut loose,
                )?;
                (old_at, new_at) = (run.old + run.len, run.new + run.len);
                first = false;
            }
            for n in 0..run.len {
                let (old, new, moved) = (run.old + n, run.new + n, !in_order);
                loose(Found::Pair { old, new, moved })?;
            }
        }
    }
    let ends = (first, true);
    gap::close(
        &sides,
        (old_at, old.len()),
        (new_at, new.len()),
        ends,
        &mut loose,
    )?;
    Ok(chain.coarse)
}

/// Frames without a place whose picture the other side has somewhere.
struct Late {
    list: Sorter<21>,
    /// Some are of the file.
    left: bool,
}

impl Late {
    fn new() -> Late {
        Late {
            list: Sorter::new(),
            left: false,
        }
    }

    fn take(
        &mut self,
        sides: &Sides<'_>,
        found: Found,
        tell: &mut dyn FnMut(Match) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match found {
            Found::Pair { old, new, moved } => tell(Match::Pair { old, new, moved }),
            Found::Lost { old, edge } if sides.old_known.has(old) => {
                let side = if edge { EDGE } else { INNER };
                self.list
                    .push(item(picture_key(&sides.old.get(old)?), side, old))
            }
            Found::Lost { old, edge } => tell(Match::Missing { old, edge }),
            Found::Left { new } if sides.new_known.has(new) => {
                self.left = true;
                self.list
                    .push(item(picture_key(&sides.new.get(new)?), LEFT, new))
            }
            Found::Left { new } => tell(Match::Foreign { new }),
        }
    }

    /// Equal ones of both sides have moved; of the rest, those of the file repeat another.
    fn resolve(
        mut self,
        old: &Table,
        tell: &mut dyn FnMut(Match) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.left {
            for n in 0..old.len() {
                self.list.push(item(picture_key(&old.get(n)?), ALL, n))?;
            }
        }
        let mut sorted = self.list.finish()?;
        let mut key = [0; 16];
        let mut first = 0;
        let mut lost: VecDeque<(u32, bool)> = VecDeque::new();
        loop {
            let next = sorted.next()?.map(|item| parts(&item));
            if next.is_none_or(|next| next.0 != key) {
                for (old, edge) in lost.drain(..) {
                    tell(Match::Missing { old, edge })?;
                }
            }
            let Some((now, side, n)) = next else {
                return Ok(());
            };
            let begins = now != key;
            key = now;
            match side {
                ALL if begins => first = n,
                ALL => {}
                LEFT => match lost.pop_front() {
                    Some((old, _)) => {
                        let (new, moved) = (n, true);
                        tell(Match::Pair { old, new, moved })?;
                    }
                    None => tell(Match::Repeated { new: n, of: first })?,
                },
                _ if lost.len() < MOST => lost.push_back((n, side == EDGE)),
                _ => {
                    let (old, edge) = (n, side == EDGE);
                    tell(Match::Missing { old, edge })?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::rows::{Row, Says},
        *,
    };

    /// A picture and its seconds.
    type Picture = (u8, i64);

    fn table(frames: &[Picture]) -> Table {
        let mut table = Table::new().unwrap();
        for (n, (picture, seconds)) in frames.iter().enumerate() {
            let says = Says {
                seconds: Some(*seconds),
                ..Says::nothing(1)
            };
            table
                .push(&Row {
                    n: n as u64,
                    offset: 0,
                    sha256: [*picture; 32],
                    says,
                    video: true,
                    orphan: false,
                })
                .unwrap();
        }
        table.flush().unwrap();
        table
    }

    /// Numbers that look like chance, the same each time.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, most: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 33) as usize % most.max(1)
        }

        /// Pictures and seconds before and after somebody was at them.
        fn sides(&mut self, kinds: usize) -> (Vec<Picture>, Vec<Picture>) {
            let old: Vec<_> = (0..self.below(60))
                .map(|n| (self.below(kinds) as u8, n as i64))
                .collect();
            let mut new = old.clone();
            for _ in 0..self.below(6) {
                let (at, to) = (self.below(new.len()), self.below(new.len()));
                match self.below(4) {
                    0 => drop(new.drain(at.min(to)..at.max(to))),
                    1 => new.insert(at, (self.below(256) as u8, self.below(90) as i64)),
                    2 if !new.is_empty() => new[at].0 ^= 1,
                    3 if !new.is_empty() => {
                        let one = new.remove(at);
                        new.insert(to.min(new.len()), one);
                    }
                    _ => {}
                }
            }
            (old, new)
        }
    }

    #[test]
    fn every_frame_is_told_once_whatever_was_done() {
        let mut chance = Chance(7);
        for round in 0..3000 {
            // few different pictures: many are equal
            let kinds = [2, 5, 250][round % 3];
            let (old, new) = chance.sides(kinds);
            for timestamps in [false, true] {
                let rules = Rules {
                    timestamps,
                    orphans_may_miss: false,
                };
                let (mut olds, mut news, mut in_order) = (Vec::new(), Vec::new(), Vec::new());
                align(&table(&old), &table(&new), rules, &mut |found| {
                    match found {
                        Match::Pair { old, new, moved } => {
                            olds.push(old);
                            news.push(new);
                            in_order.extend((!moved).then_some((new, old)));
                        }
                        Match::Missing { old, .. } => olds.push(old),
                        Match::Repeated { new: n, of } => {
                            assert_eq!(new[n as usize].0, old[of as usize].0);
                            news.push(n);
                        }
                        Match::Foreign { new: n } => {
                            assert!(old.iter().all(|one| one.0 != new[n as usize].0));
                            news.push(n);
                        }
                    }
                    Ok(())
                })
                .unwrap();
                olds.sort_unstable();
                news.sort_unstable();
                in_order.sort_unstable();
                assert!(
                    olds.iter().copied().eq(0..old.len() as u32),
                    "{round}: {old:?} {new:?}"
                );
                assert!(
                    news.iter().copied().eq(0..new.len() as u32),
                    "{round}: {old:?} {new:?}"
                );
                assert!(
                    in_order.is_sorted_by_key(|pair| pair.1),
                    "{round}: {in_order:?}"
                );
            }
        }
    }
}
