// SPDX-License-Identifier: MPL-2.0
//! What belongs together between two pairs: equal pictures in the same order, then pictures that stand in the place of others.

use super::{join::Bits, place, rows::Table};
use crate::common::Failure;

/// Frames of each side that are compared with each other at a time.
const WINDOW: usize = 1024;
/// Frames of a side that wait for their place.
const MOST: usize = 1 << 17;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A frame of the manifest, and the one of the file that is it or stands in its place.
    Pair {
        /// Number in the manifest.
        old: u32,
        /// Number in the file.
        new: u32,
        /// They do not stand in the same order as the others.
        moved: bool,
    },
    /// A frame of the manifest without one in its place; `edge`: before the first or behind the last that is there.
    Lost {
        /// Number in the manifest.
        old: u32,
        /// See above.
        edge: bool,
    },
    /// A frame of the file without one of the manifest.
    Left {
        /// Number in the file.
        new: u32,
    },
}

/// Is told what becomes of frames.
pub type Tell<'a> = dyn FnMut(Found) -> Result<(), Failure> + 'a;

/// Both sides, and what of them has its place elsewhere.
pub struct Sides<'a> {
    /// The manifest's frames.
    pub old: &'a Table,
    /// The file's frames.
    pub new: &'a Table,
    /// Of the manifest, in a pair.
    pub old_paired: &'a Bits,
    /// Of the file, in a pair.
    pub new_paired: &'a Bits,
    /// Of the manifest, a picture that the file has somewhere.
    pub old_known: &'a Bits,
    /// Of the file, a picture that the manifest has somewhere.
    pub new_known: &'a Bits,
    /// Both tell times: other pictures without a common time are others, unless there are as many on both sides.
    pub timestamps: bool,
    /// Pictures without their reference are likely to be absent.
    pub orphans_may_miss: bool,
}

/// A stretch of one side.
#[derive(Clone, Copy)]
struct Part<'a> {
    from: u32,
    to: u32,
    table: &'a Table,
    paired: &'a Bits,
}

impl Part<'_> {
    /// Passes over what has its place elsewhere; the first that has none.
    fn front(&mut self) -> Option<u32> {
        while self.from < self.to && self.paired.has(self.from) {
            self.from += 1;
        }
        (self.from < self.to).then_some(self.from)
    }

    fn back(&mut self) -> Option<u32> {
        while self.from < self.to && self.paired.has(self.to - 1) {
            self.to -= 1;
        }
        (self.from < self.to).then(|| self.to - 1)
    }

    /// Takes `most` frames from the front.
    fn take(&self, most: usize) -> Result<Vec<(u32, [u8; 32])>, Failure> {
        let mut part = *self;
        let mut taken = Vec::new();
        while let Some(n) = part.front()
            && taken.len() < most
        {
            taken.push((n, part.table.get(n)?.sha256));
            part.from += 1;
        }
        Ok(taken)
    }
}

/// A gap while it is looked at.
struct Gap<'a, 'b> {
    sides: &'a Sides<'a>,
    old: Part<'a>,
    new: Part<'a>,
    /// No pair before.
    leading: bool,
    /// No pair behind.
    trailing: bool,
    /// Both sides tell times, and those of the pairs around agree: otherwise times say nothing of what belongs together.
    timestamps: bool,
    /// Frames since the last pair.
    old_left: Vec<u32>,
    new_left: Vec<u32>,
    tell: &'b mut Tell<'b>,
}

/// Tells what becomes of the frames of a gap.
///
/// # Errors
/// A disk that fails, and whatever `tell` fails with.
pub fn close<'b>(
    sides: &Sides<'_>,
    old: (u32, u32),
    new: (u32, u32),
    (leading, trailing): (bool, bool),
    tell: &'b mut Tell<'b>,
) -> Result<(), Failure> {
    let part = |(from, to), table, paired| Part {
        from,
        to,
        table,
        paired,
    };
    let mut gap = Gap {
        sides,
        old: part(old, sides.old, sides.old_paired),
        new: part(new, sides.new, sides.new_paired),
        leading,
        trailing,
        timestamps: sides.timestamps
            && (leading || agree(sides, old.0.wrapping_sub(1), new.0.wrapping_sub(1))?)
            && (trailing || agree(sides, old.1, new.1)?),
        old_left: Vec::new(),
        new_left: Vec::new(),
        tell,
    };
    gap.front()?;
    let behind = gap.back()?;
    gap.trailing &= behind == 0;
    gap.middle()?;
    gap.end_segment(true)?;
    for _ in 0..behind {
        gap.old.to = old.1;
        gap.new.to = new.1;
        gap.pair_front()?;
    }
    Ok(())
}

/// Whether two frames are of the same time.
fn agree(sides: &Sides<'_>, old: u32, new: u32) -> Result<bool, Failure> {
    let (old, new) = (sides.old.get(old)?.says, sides.new.get(new)?.says);
    Ok((old.seconds, old.millis) == (new.seconds, new.millis))
}

impl Gap<'_, '_> {
    /// Pairs equal pictures at the front.
    fn front(&mut self) -> Result<(), Failure> {
        while let (Some(old), Some(new)) = (self.old.front(), self.new.front()) {
            if self.old.table.get(old)?.sha256 != self.new.table.get(new)?.sha256 {
                break;
            }
            self.pair_front()?;
        }
        Ok(())
    }

    /// The frames in front belong together.
    fn pair_front(&mut self) -> Result<(), Failure> {
        if let (Some(old), Some(new)) = (self.old.front(), self.new.front()) {
            self.old.from += 1;
            self.new.from += 1;
            self.pair(old, new)?;
        }
        Ok(())
    }

    /// Passes over equal pictures at the back, which are told later; how many.
    fn back(&mut self) -> Result<u32, Failure> {
        let mut count = 0;
        while let (Some(old), Some(new)) = (self.old.back(), self.new.back()) {
            if self.old.table.get(old)?.sha256 != self.new.table.get(new)?.sha256 {
                break;
            }
            self.old.to -= 1;
            self.new.to -= 1;
            count += 1;
        }
        Ok(count)
    }

    /// Pairs equal pictures of what is between, as far as they stand in the same order.
    fn middle(&mut self) -> Result<(), Failure> {
        while self.old.front().is_some() && self.new.front().is_some() {
            let old = self.old.take(WINDOW)?;
            let new = self.new.take(WINDOW)?;
            let all = old.len() < WINDOW && new.len() < WINDOW;
            let pairs = place::common(&old, &new);
            for (old, new) in &pairs {
                self.leave(*old, *new)?;
                self.end_segment(false)?;
                self.pair_front()?;
            }
            if all || pairs.is_empty() {
                let end =
                    |taken: &[(u32, [u8; 32])], to| taken.last().map_or(to, |last| last.0 + 1);
                self.leave(end(&old, self.old.from), end(&new, self.new.from))?;
            }
            if self.old_left.len().max(self.new_left.len()) >= MOST {
                self.end_segment(false)?;
            }
        }
        self.leave(self.old.to, self.new.to)
    }

    /// What stands before these frames found no equal one.
    fn leave(&mut self, old_to: u32, new_to: u32) -> Result<(), Failure> {
        while let Some(old) = self.old.front().filter(|old| *old < old_to) {
            self.old.from += 1;
            if self.sides.old_known.has(old) {
                let edge = self.leading || (self.trailing && self.new.front().is_none());
                (self.tell)(Found::Lost { old, edge })?;
                continue;
            }
            self.old_left.push(old);
            if self.old_left.len() >= 2 * MOST {
                self.end_segment(false)?;
            }
        }
        while let Some(new) = self.new.front().filter(|new| *new < new_to) {
            self.new.from += 1;
            if self.sides.new_known.has(new) {
                (self.tell)(Found::Left { new })?;
                continue;
            }
            self.new_left.push(new);
            if self.new_left.len() >= 2 * MOST {
                self.end_segment(false)?;
            }
        }
        Ok(())
    }

    /// A pair stands behind, or the gap ends: other pictures may stand in the place of those that are left.
    fn end_segment(&mut self, at_end: bool) -> Result<(), Failure> {
        let old = std::mem::take(&mut self.old_left);
        let new = std::mem::take(&mut self.new_left);
        let trailing = at_end && self.trailing;
        let mut times = Vec::new();
        if self.timestamps && !old.is_empty() && !new.is_empty() {
            times = place::by_time(self.sides, &old, &new)?;
        }
        let (mut o, mut n) = (0, 0);
        for (old_to, new_to) in times.into_iter().chain([(old.len(), new.len())]) {
            let last = old_to == old.len();
            let olds = old.get(o..old_to).unwrap_or_default();
            let news = new.get(n..new_to).unwrap_or_default();
            self.by_place(olds, news, trailing && last)?;
            if let (Some(old), Some(new)) = (old.get(old_to), new.get(new_to)) {
                self.pair(*old, *new)?;
            }
            (o, n) = (old_to + 1, new_to + 1);
        }
        Ok(())
    }

    fn pair(&mut self, old: u32, new: u32) -> Result<(), Failure> {
        self.leading = false;
        let moved = false;
        (self.tell)(Found::Pair { old, new, moved })
    }

    /// Pairs what stands in the same place, and tells of the rest.
    fn by_place(&mut self, old: &[u32], new: &[u32], trailing: bool) -> Result<(), Failure> {
        let places = place::likely(self.sides, old, new.len())?;
        let count = match self.timestamps && places.len() != new.len() {
            true => 0,
            false => places.len().min(new.len()),
        };
        // of a part, the pictures next to the others are there
        let at_back = self.leading && !trailing;
        let from = |all: usize| if at_back { all - count } else { 0 };
        let edges = (self.leading, trailing);
        let mut taken = places
            .iter()
            .skip(from(places.len()))
            .take(count)
            .peekable();
        let (first, last) = (
            taken.peek().copied(),
            places.get(from(places.len()) + count.max(1) - 1),
        );
        let mut others = new.iter().enumerate();
        let (begin, end) = (from(new.len()), from(new.len()) + count);
        for (_, new) in others.by_ref().take(begin) {
            (self.tell)(Found::Left { new: *new })?;
        }
        for n in old {
            if taken.next_if_eq(&n).is_some() {
                if let Some((_, new)) = others.next() {
                    self.pair(*n, *new)?;
                }
                continue;
            }
            let before = edges.0 && (count == 0 || first.is_none_or(|first| n < first));
            let behind = edges.1 && (count == 0 || last.is_none_or(|last| n > last));
            let (old, edge) = (*n, before || behind);
            (self.tell)(Found::Lost { old, edge })?;
        }
        for (place, new) in others {
            debug_assert!(place >= end);
            (self.tell)(Found::Left { new: *new })?;
        }
        Ok(())
    }
}
