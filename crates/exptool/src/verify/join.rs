// SPDX-License-Identifier: MPL-2.0
//! Which frame of one side is which of the other: pairs of frames that a key tells apart from all others.

use super::{
    rows::{Row, Table},
    sort::{Sorted, Sorter},
};
use crate::common::Failure;
use sha2::{Digest, Sha256};

/// The file has this picture.
const THERE: u8 = 0;
/// A frame of the manifest's side in a sorted list.
const OLD: u8 = 1;
/// A frame of the file's side.
const NEW: u8 = 2;

/// One bit for each row.
pub struct Bits(Vec<u64>);

impl Bits {
    fn new(count: u32) -> Bits {
        Bits(vec![0; (count as usize).div_ceil(64)])
    }

    fn set(&mut self, n: u32) {
        if let Some(word) = self.0.get_mut(n as usize / 64) {
            *word |= 1 << (n % 64);
        }
    }

    /// Whether the row has it.
    pub fn has(&self, n: u32) -> bool {
        let word = self.0.get(n as usize / 64).copied().unwrap_or(0);
        word >> (n % 64) & 1 == 1
    }
}

/// The frames of either side that belong together wherever they stand.
pub struct Joined {
    /// Pairs: number in the file, number in the manifest, both big-endian, in the order of the file.
    pub pairs: Sorted<8>,
    /// Frames of the manifest that are in a pair.
    pub old_paired: Bits,
    /// Frames of the file that are in a pair.
    pub new_paired: Bits,
    /// Frames of the manifest whose picture the file has, there or elsewhere.
    pub old_known: Bits,
    /// Frames of the file whose picture the manifest has.
    pub new_known: Bits,
}

/// What frames are held together by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Picture, camera and time.
    All,
    /// The picture.
    Picture,
}

/// Finds the pairs. `timestamps`: both sides tell the recorder's time.
///
/// # Errors
/// A disk that fails.
pub fn join(old: &Table, new: &Table, timestamps: bool) -> Result<Joined, Failure> {
    let mut found = Finder {
        old,
        new,
        pairs: Sorter::new(),
        old_paired: Bits::new(old.len()),
        new_paired: Bits::new(new.len()),
        old_known: Bits::new(old.len()),
        new_known: Bits::new(new.len()),
    };
    if timestamps {
        found.pass(By::All)?;
    }
    found.pass(By::Picture)?;
    Ok(Joined {
        pairs: found.pairs.finish()?,
        old_paired: found.old_paired,
        new_paired: found.new_paired,
        old_known: found.old_known,
        new_known: found.new_known,
    })
}

struct Finder<'a> {
    old: &'a Table,
    new: &'a Table,
    pairs: Sorter<8>,
    old_paired: Bits,
    new_paired: Bits,
    old_known: Bits,
    new_known: Bits,
}

/// The frames of a key so far.
#[derive(Default)]
struct Group {
    key: [u8; 16],
    /// Of either side: how many that no pair has, and the last of them.
    old: (u32, u32),
    new: (u32, u32),
}

impl Finder<'_> {
    fn pass(&mut self, by: By) -> Result<(), Failure> {
        let mut sorter = Sorter::<21>::new();
        for (side, table) in [(OLD, self.old), (NEW, self.new)] {
            for n in 0..table.len() {
                if let Some(key) = key(&table.get(n)?, by) {
                    sorter.push(item(key, side, n))?;
                    if side == NEW && by == By::Picture {
                        sorter.push(item(key, THERE, 0))?;
                    }
                }
            }
        }
        let mut sorted = sorter.finish()?;
        let mut group = Group::default();
        let (mut has_old, mut has_new) = (false, false);
        while let Some(item) = sorted.next()? {
            let (key, side, n) = parts(&item);
            if key != group.key {
                self.end(&group)?;
                group = Group {
                    key,
                    ..Group::default()
                };
                (has_old, has_new) = (false, false);
            }
            has_old |= side == OLD;
            has_new |= side == THERE;
            match side {
                OLD if has_new => self.old_known.set(n),
                NEW if has_old && by == By::Picture => self.new_known.set(n),
                _ => {}
            }
            let (place, paired) = match side {
                THERE => continue,
                OLD => (&mut group.old, self.old_paired.has(n)),
                _ => (&mut group.new, self.new_paired.has(n)),
            };
            if !paired {
                *place = (place.0.saturating_add(1), n);
            }
        }
        self.end(&group)
    }

    /// A key that one frame of each side has, and no other, makes a pair.
    fn end(&mut self, group: &Group) -> Result<(), Failure> {
        if (group.old.0, group.new.0) != (1, 1) {
            return Ok(());
        }
        let (old, new) = (group.old.1, group.new.1);
        self.old_paired.set(old);
        self.new_paired.set(new);
        let mut pair = [0; 8];
        let (first, second) = pair.split_at_mut(4);
        first.copy_from_slice(&new.to_be_bytes());
        second.copy_from_slice(&old.to_be_bytes());
        self.pairs.push(pair)
    }
}

/// What a frame is sorted by; nothing where it does not tell it.
fn key(row: &Row, by: By) -> Option<[u8; 16]> {
    let says = &row.says;
    if by != By::Picture && says.seconds.is_none() {
        return None;
    }
    let mut sum = Sha256::new();
    sum.update(row.sha256);
    if by != By::Picture {
        sum.update(says.camera.to_be_bytes());
        sum.update(says.seconds.unwrap_or(0).to_be_bytes());
        sum.update(says.millis.unwrap_or(u16::MAX).to_be_bytes());
    }
    sum.finalize().first_chunk().copied()
}

/// The key of a picture alone.
pub fn picture_key(row: &Row) -> [u8; 16] {
    key(row, By::Picture).unwrap_or_default()
}

/// An item to sort: key, side, number.
pub fn item(key: [u8; 16], side: u8, n: u32) -> [u8; 21] {
    let mut item = [0; 21];
    let (head, rest) = item.split_at_mut(16);
    head.copy_from_slice(&key);
    if let Some((first, number)) = rest.split_first_mut() {
        *first = side;
        number.copy_from_slice(&n.to_be_bytes());
    }
    item
}

/// Key, side and number of an item.
pub fn parts(item: &[u8; 21]) -> ([u8; 16], u8, u32) {
    let key = item.first_chunk().copied().unwrap_or_default();
    let n = item.last_chunk().copied().unwrap_or_default();
    let side = item.get(16).copied().unwrap_or_default();
    (key, side, u32::from_be_bytes(n))
}
