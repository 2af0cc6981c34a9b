// SPDX-License-Identifier: MPL-2.0
//! Sorts more than memory should hold: sorted pieces go to a temporary file and are merged.

use super::rows::no_room;
use crate::common::Failure;
use std::{cmp::Reverse, collections::BinaryHeap, fs::File, io::Write, os::unix::fs::FileExt};

/// Bytes of a piece.
const PIECE: usize = 4 << 20;
/// Bytes that are read at a time of a piece.
const READ: usize = 16 << 10;

/// Takes items of `N` bytes; they are sorted as text is.
pub struct Sorter<const N: usize> {
    piece: Vec<[u8; N]>,
    most: usize,
    file: Option<File>,
    written: u64,
    /// Offsets in the file where pieces end.
    ends: Vec<u64>,
}

impl<const N: usize> Sorter<N> {
    /// Nothing yet.
    pub fn new() -> Sorter<N> {
        Sorter::with_piece(PIECE / N.max(1))
    }

    fn with_piece(most: usize) -> Sorter<N> {
        Sorter {
            piece: Vec::new(),
            most,
            file: None,
            written: 0,
            ends: Vec::new(),
        }
    }

    /// Takes an item.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn push(&mut self, item: [u8; N]) -> Result<(), Failure> {
        if self.piece.len() >= self.most {
            self.spill()?;
        }
        self.piece.push(item);
        Ok(())
    }

    fn spill(&mut self) -> Result<(), Failure> {
        self.piece.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile().map_err(no_room)?),
        };
        let bytes = self.piece.as_flattened();
        file.write_all(bytes).map_err(no_room)?;
        self.written += bytes.len() as u64;
        self.ends.push(self.written);
        self.piece.clear();
        Ok(())
    }

    /// All items are there: gives them in order.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn finish(mut self) -> Result<Sorted<N>, Failure> {
        if self.file.is_some() {
            self.spill()?;
        } else {
            self.piece.sort_unstable();
        }
        let mut begin = 0;
        let mut sorted = Sorted {
            piece: self.piece.into_iter(),
            file: self.file,
            pieces: Vec::new(),
            heap: BinaryHeap::new(),
        };
        for (n, end) in self.ends.into_iter().enumerate() {
            sorted.pieces.push(Piece {
                next: begin,
                end,
                bytes: Vec::new(),
                at: 0,
            });
            begin = end;
            sorted.refill(n)?;
        }
        Ok(sorted)
    }
}

/// Where the merge stands in a piece.
struct Piece {
    next: u64,
    end: u64,
    bytes: Vec<u8>,
    at: usize,
}

/// Items in order.
pub struct Sorted<const N: usize> {
    piece: std::vec::IntoIter<[u8; N]>,
    file: Option<File>,
    pieces: Vec<Piece>,
    heap: BinaryHeap<Reverse<([u8; N], usize)>>,
}

impl<const N: usize> Sorted<N> {
    /// The next item.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn next(&mut self) -> Result<Option<[u8; N]>, Failure> {
        if self.file.is_none() {
            return Ok(self.piece.next());
        }
        let Some(Reverse((item, n))) = self.heap.pop() else {
            return Ok(None);
        };
        self.refill(n)?;
        Ok(Some(item))
    }

    /// Puts the next item of a piece among the candidates.
    fn refill(&mut self, n: usize) -> Result<(), Failure> {
        let (Some(piece), Some(file)) = (self.pieces.get_mut(n), &self.file) else {
            return Ok(());
        };
        if piece.at >= piece.bytes.len() {
            let most = (READ / N.max(1) * N) as u64;
            let here = piece.end.saturating_sub(piece.next).min(most);
            piece.bytes.resize(here as usize, 0);
            file.read_exact_at(&mut piece.bytes, piece.next)
                .map_err(no_room)?;
            piece.next += here;
            piece.at = 0;
        }
        let rest = piece.bytes.get(piece.at..).unwrap_or_default();
        if let Some(item) = rest.first_chunk::<N>() {
            piece.at += N;
            self.heap.push(Reverse((*item, n)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_merged_in_order() {
        for count in [0u32, 1, 99, 100, 101, 30_000] {
            let mut sorter = Sorter::<4>::with_piece(100);
            for n in 0..count {
                sorter
                    .push((n.wrapping_mul(7919) % 5003).to_be_bytes())
                    .unwrap();
            }
            let mut sorted = sorter.finish().unwrap();
            let (mut last, mut found) = ([0; 4], 0);
            while let Some(item) = sorted.next().unwrap() {
                assert!(item >= last);
                last = item;
                found += 1;
            }
            assert_eq!(found, count);
        }
    }
}
