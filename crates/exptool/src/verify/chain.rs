// SPDX-License-Identifier: MPL-2.0
//! Which pairs stand in the same order on both sides: the longest such chain. What is not in it has moved.

use super::sort::Sorted;
use crate::common::Failure;

/// Runs that are looked at together.
const WINDOW: usize = 200_000;

/// Frames that follow each other on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its first on the file's side.
    pub new: u32,
    /// Its first on the manifest's side.
    pub old: u32,
    /// Frames.
    pub len: u32,
}

/// Takes runs out of pairs, and tells of each whether it is in order.
pub struct Chain {
    pairs: Sorted<8>,
    peeked: Option<(u32, u32)>,
    window: Vec<Run>,
    most: usize,
    /// On the manifest's side, all before belongs to runs that were told.
    from: u32,
    ended: bool,
    /// There were more runs than are looked at together: what is told to have moved may be more than had to.
    pub coarse: bool,
}

impl Chain {
    /// Of pairs in the order of the file.
    pub fn new(pairs: Sorted<8>) -> Chain {
        Chain {
            pairs,
            peeked: None,
            window: Vec::new(),
            most: WINDOW,
            from: 0,
            ended: false,
            coarse: false,
        }
    }

    /// The next runs, each with whether it is in order; nothing after the last.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn next(&mut self) -> Result<Vec<(Run, bool)>, Failure> {
        self.fill()?;
        let chosen = longest(&self.window, self.from);
        // what comes later may change how the window's end is best taken
        let told = match self.ended {
            true => self.window.len(),
            false => self.window.len() / 2,
        };
        let runs: Vec<_> = self.window.drain(..told).zip(chosen).collect();
        if let Some((run, _)) = runs.iter().rev().find(|(_, in_order)| *in_order) {
            self.from = run.old.saturating_add(run.len);
        }
        Ok(runs)
    }

    fn fill(&mut self) -> Result<(), Failure> {
        while !self.ended && self.window.len() < self.most {
            match self.run()? {
                Some(run) => self.window.push(run),
                None => self.ended = true,
            }
        }
        self.coarse |= !self.ended;
        Ok(())
    }

    fn run(&mut self) -> Result<Option<Run>, Failure> {
        let first = match self.peeked.take() {
            Some(pair) => Some(pair),
            None => self.pair()?,
        };
        let Some((new, old)) = first else {
            return Ok(None);
        };
        let mut len = 1u32;
        while let Some(pair) = self.pair()? {
            if Some(pair) != new.checked_add(len).zip(old.checked_add(len)) {
                self.peeked = Some(pair);
                break;
            }
            len = len.saturating_add(1);
        }
        Ok(Some(Run { new, old, len }))
    }

    fn pair(&mut self) -> Result<Option<(u32, u32)>, Failure> {
        let Some(pair) = self.pairs.next()? else {
            return Ok(None);
        };
        let number = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes));
        Ok(Some((
            number(pair.first_chunk()),
            number(pair.last_chunk()),
        )))
    }
}

/// Of runs in the order of the file, those that are in the manifest's order too, from `from` on: as many frames as can be.
fn longest(runs: &[Run], from: u32) -> Vec<bool> {
    let mut by_old: Vec<u32> = (0..runs.len() as u32).collect();
    by_old.sort_unstable_by_key(|n| runs.get(*n as usize).map(|run| run.old));
    let mut rank = vec![0u32; runs.len()];
    for (place, n) in by_old.iter().enumerate() {
        if let Some(rank) = rank.get_mut(*n as usize) {
            *rank = place as u32 + 1;
        }
    }
    drop(by_old);
    // (frames, run) of the best chain that ends with a run of at most this rank
    let mut best: Vec<(u32, u32)> = vec![(0, u32::MAX); runs.len() + 1];
    let mut before = vec![u32::MAX; runs.len()];
    let mut last = (0, u32::MAX);
    for ((n, run), rank) in runs.iter().enumerate().zip(&rank) {
        if run.old < from {
            continue;
        }
        let mut found = (0, u32::MAX);
        let mut at = *rank as usize;
        while at > 0 {
            found = better(found, best.get(at).copied().unwrap_or(found));
            at &= at - 1;
        }
        if let Some(before) = before.get_mut(n) {
            *before = found.1;
        }
        let with = (found.0.saturating_add(run.len), n as u32);
        last = better(last, with);
        let mut at = *rank as usize;
        while let Some(place) = best.get_mut(at) {
            *place = better(*place, with);
            at += at & at.wrapping_neg();
        }
    }
    let mut chosen = vec![false; runs.len()];
    let mut at = last.1;
    while let Some(place) = chosen.get_mut(at as usize) {
        *place = true;
        at = before.get(at as usize).copied().unwrap_or(u32::MAX);
    }
    chosen
}

fn better(one: (u32, u32), other: (u32, u32)) -> (u32, u32) {
    if other.0 > one.0 { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::{super::sort::Sorter, *};

    fn chain(old: &[u32], most: usize) -> Vec<(Run, bool)> {
        let mut sorter = Sorter::new();
        for (new, old) in old.iter().enumerate() {
            let mut pair = [0; 8];
            pair[..4].copy_from_slice(&(new as u32).to_be_bytes());
            pair[4..].copy_from_slice(&old.to_be_bytes());
            sorter.push(pair).unwrap();
        }
        let mut chain = Chain::new(sorter.finish().unwrap());
        chain.most = most;
        let mut all = Vec::new();
        loop {
            let runs = chain.next().unwrap();
            if runs.is_empty() {
                return all;
            }
            all.extend(runs);
        }
    }

    #[test]
    fn the_most_frames_stay_in_order() {
        // 3 was taken out and put to the end, 10..12 stands first
        let runs = chain(&[10, 11, 0, 1, 2, 4, 5, 6, 7, 8, 9, 3], 100);
        let moved: Vec<_> = runs.iter().filter(|run| !run.1).map(|run| run.0).collect();
        assert_eq!(
            moved,
            [
                Run {
                    new: 0,
                    old: 10,
                    len: 2
                },
                Run {
                    new: 11,
                    old: 3,
                    len: 1
                }
            ]
        );
    }

    #[test]
    fn a_small_window_comes_to_the_same_where_little_has_moved() {
        let mut old: Vec<u32> = (0..1000).map(|n| n * 2).collect();
        let one = old.remove(900);
        old.insert(20, one);
        for most in [8, 50, 5000] {
            let runs = chain(&old, most);
            assert_eq!(runs.len(), 1000, "{most}");
            assert_eq!(runs.iter().filter(|run| !run.1).count(), 1, "{most}");
        }
    }
}
