// SPDX-License-Identifier: MPL-2.0
//! Finds the next record where the chain of records is broken, by bytes that every record (or chunk, or header) has at a known
//! distance from its start.
//!
//! The search remembers from one window to the next which bytes it has seen: each byte is searched once for each sign, whatever
//! the bytes are.

use super::{
    coded,
    record::{Kind, Parsed, Record},
};
use crate::reader::{Damage, Step, Window};
use memchr::memmem::Finder;
use std::sync::Arc;

/// How records follow each other: bare, or each in an AVI chunk.
pub trait Frame {
    /// Reads the record, with what is around it, at the start of `data`. What is around it counts in its size and ranges.
    fn parse(&self, data: &[u8]) -> Parsed;
}

/// What a reader does with bytes that hold no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Records follow each other.
    No,
    /// The next record is searched for; the bytes before it are damage.
    Damaged,
    /// The next record is searched for; the bytes before it are of no interest: a jump, or the front of the file.
    Quiet,
}

impl Lost {
    /// The chain of records is broken here.
    pub fn begin(&mut self) {
        if *self == Lost::No {
            *self = Lost::Damaged;
        }
    }

    /// The step over so many bytes without a record.
    pub fn step(self, length: usize, expected: &'static str) -> Step {
        match self {
            Lost::Quiet => Step::Skip(length as u64),
            _ => Step::Damaged(Damage { length, expected }),
        }
    }
}

/// Bytes that a record has at a distance from its start.
pub struct Sign {
    finder: Finder<'static>,
    distance: usize,
}

impl Sign {
    /// These bytes, so far from the record's start.
    pub fn new(bytes: &[u8], distance: usize) -> Sign {
        Sign {
            finder: Finder::new(bytes).into_owned(),
            distance,
        }
    }

    /// Bytes from the record's start to the sign's end.
    fn reach(&self) -> usize {
        self.distance.saturating_add(self.finder.needle().len())
    }
}

/// Where the search came to. Bytes from the window's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A record, or the beginning of what may be one, is here.
    At(usize),
    /// None begins before this place; what follows is too short to decide.
    NoneBefore(usize),
}

/// The first place at or after which a sign may be.
#[derive(Clone, Copy, Debug, Default)]
struct Next {
    /// Offset in the file of the record that the sign would belong to.
    at: u64,
    /// The sign is there; otherwise nothing beyond is known.
    hit: bool,
}

/// The state of a search.
#[derive(Clone)]
pub struct Scan {
    signs: Arc<[Sign]>,
    next: Vec<Next>,
    /// From this offset on, what `next` says holds.
    begin: u64,
    /// Bytes that were searched and places that were looked at by this search and its clones, for tests.
    #[cfg(test)]
    pub work: Arc<std::sync::atomic::AtomicU64>,
}

impl Scan {
    /// A search for these signs.
    pub fn new(signs: Vec<Sign>) -> Scan {
        Scan {
            next: vec![Next::default(); signs.len()],
            signs: signs.into(),
            begin: 0,
            #[cfg(test)]
            work: Arc::default(),
        }
    }

    /// Finds the first place at `from` or later, in bytes from the window's start, that has a sign and that `check`, given the
    /// window from there, does not refuse.
    pub fn find(
        &mut self,
        window: &Window<'_>,
        from: usize,
        mut check: impl FnMut(&Window<'_>) -> bool,
    ) -> Found {
        let start = window.offset.saturating_add(from as u64);
        let back = start < self.begin;
        self.begin = start;
        for next in &mut self.next {
            if back || next.at < start {
                *next = Next {
                    at: start,
                    hit: false,
                };
            }
        }
        loop {
            for (sign, next) in self.signs.iter().zip(&mut self.next) {
                if !next.hit {
                    #[cfg(test)]
                    let before = next.at;
                    advance(sign, next, window);
                    #[cfg(test)]
                    note(&self.work, next.at.saturating_sub(before));
                }
            }
            let Some(first) = self.next.iter_mut().min_by_key(|next| next.at) else {
                return Found::NoneBefore(window.data.len());
            };
            let at = usize::try_from(first.at.saturating_sub(window.offset)).unwrap_or(usize::MAX);
            // what an earlier, longer window showed may be beyond this one
            if !first.hit || at >= window.data.len() {
                return Found::NoneBefore(at.min(window.data.len()));
            }
            #[cfg(test)]
            note(&self.work, 1);
            if check(&window.skip(at)) {
                return Found::At(at);
            }
            *first = Next {
                at: first.at.saturating_add(1),
                hit: false,
            };
        }
    }

    /// Finds the first record with a frame at `from` or later that proves itself, or may do so with more bytes.
    pub fn find_frame(&mut self, frame: &impl Frame, window: &Window<'_>, from: usize) -> Found {
        self.find(window, from, |rest| {
            may_be_frame(&frame.parse(rest.data), rest.last)
        })
    }

    /// Finds a record with a frame that ends inside the window, which is the file's last, or what `check` accepts.
    pub fn find_whole(
        &self,
        frame: &impl Frame,
        window: &Window<'_>,
        mut check: impl FnMut(&Window<'_>) -> bool,
    ) -> Option<usize> {
        // of its own, as what does not end in the window is no less a record
        let found = self.clone().find(window, 1, |rest| {
            let parsed = frame.parse(rest.data);
            matches!(parsed, Parsed::Record(record)
                if record.is_frame() && record.size <= rest.data.len())
                || check(rest)
        });
        match found {
            Found::At(at) => Some(at),
            Found::NoneBefore(_) => None,
        }
    }

    /// The step over bytes of which the first begins no record: up to what `check` does not refuse.
    pub fn step(
        &mut self,
        lost: Lost,
        window: &Window<'_>,
        expected: &'static str,
        check: impl FnMut(&Window<'_>) -> bool,
    ) -> Step {
        let shown = window.data.len();
        match self.find(window, 1.min(shown), check) {
            // as much as every sign needs, not byte by byte
            Found::NoneBefore(at) if at <= 1 && !window.last => {
                let reach = self.signs.iter().map(Sign::reach).max().unwrap_or(0);
                Step::Need(reach.max(shown).saturating_add(1))
            }
            Found::At(at) | Found::NoneBefore(at) => lost.step(at.max(1), expected),
        }
    }
}

/// Whether what was parsed is a record with a frame, or may be one when more of it is shown.
pub fn may_be_frame(parsed: &Parsed, last: bool) -> bool {
    match parsed {
        Parsed::Record(record) => record.is_frame(),
        Parsed::Need(_) => !last,
        Parsed::NoPicture { .. } | Parsed::Bad(_) => false,
    }
}

/// Records that come after the one at a window's start, without reading on.
pub struct Ahead<'a, F: Frame> {
    frame: &'a F,
    window: Window<'a>,
    scan: Scan,
    from: usize,
    at: usize,
    limit: usize,
    /// No record is left.
    ended: bool,
}

/// Bytes that are searched at a time: what is beyond the next record is not searched in vain.
const PIECE: usize = 16 << 10;

impl<'a, F: Frame> Ahead<'a, F> {
    /// The records that begin `from` bytes or more into the window, and no further than `limit`.
    pub fn new(frame: &'a F, window: &Window<'a>, scan: &Scan, from: usize, limit: usize) -> Self {
        Ahead {
            frame,
            window: *window,
            scan: scan.clone(),
            from,
            at: from,
            limit,
            ended: false,
        }
    }

    /// What is shown, from the record that is looked ahead of.
    pub fn window(&self) -> Window<'a> {
        self.window
    }

    /// Bytes that were looked at.
    pub fn looked(&self) -> usize {
        self.at.saturating_sub(self.from)
    }

    /// Offset in the file up to which there was nothing more, once [`Ahead::next`] has said so.
    pub fn ended(&self) -> Option<u64> {
        let end = self.window.offset.saturating_add(self.at as u64);
        self.ended.then_some(end)
    }

    /// The next frame behind `self.at`, in bytes from there.
    fn search(&mut self) -> Found {
        let rest = self.window.skip(self.at);
        let shown = rest.data.len();
        let mut from = 1;
        loop {
            let end = shown.min(PIECE.saturating_add(from));
            let piece = Window {
                data: rest.data.get(..end).unwrap_or_default(),
                last: rest.last && end == shown,
                ..rest
            };
            let found = self.scan.find(&piece, from.min(end), |place| {
                let at = place.offset.saturating_sub(rest.offset);
                let whole = rest.skip(usize::try_from(at).unwrap_or(usize::MAX));
                may_be_frame(&self.frame.parse(whole.data), whole.last)
            });
            match found {
                Found::NoneBefore(at) if end < shown => from = at.max(from.saturating_add(1)),
                found => return found,
            }
        }
    }

    /// The next record, and the bytes from its start; `None` where there are none, or the limit is reached.
    ///
    /// # Errors
    /// Bytes that the window must have to decide.
    pub fn next(&mut self) -> Result<Option<(Record, &'a [u8])>, usize> {
        loop {
            if self.at >= self.limit || self.window.last && self.at >= self.window.data.len() {
                self.ended = true;
                return Ok(None);
            }
            let rest = self.window.skip(self.at);
            #[cfg(test)]
            note(&self.scan.work, 1);
            match self.frame.parse(rest.data) {
                Parsed::Record(record) if record.kind != Kind::Other => {
                    if record.size > rest.data.len() && !rest.last {
                        return Err(self.more(self.at.saturating_add(record.size)));
                    }
                    self.at = self.at.saturating_add(record.size);
                    return Ok(Some((record, rest.data)));
                }
                Parsed::Record(record) if record.size > 0 => {
                    self.at = self.at.saturating_add(record.size);
                }
                Parsed::Need(bytes) if !rest.last => {
                    return Err(self.more(self.at.saturating_add(bytes)));
                }
                _ => match self.search() {
                    Found::At(at) => self.at = self.at.saturating_add(at),
                    Found::NoneBefore(_) if rest.last => self.at = self.window.data.len(),
                    Found::NoneBefore(at) if self.at.saturating_add(at) >= self.limit => {
                        self.at = self.limit;
                    }
                    Found::NoneBefore(_) => return Err(self.more(0)),
                },
            }
        }
    }

    /// The coded bytes of the next keyframe of a camera whose checksum, where it has one, is right.
    ///
    /// # Errors
    /// As of [`Ahead::next`].
    pub fn next_keyframe(&mut self, camera: u16) -> Result<Option<Vec<u8>>, usize> {
        while let Some((record, data)) = self.next()? {
            if record.camera == camera && record.is_frame() && coded::shows_key(&record, data) {
                let bytes = record.stored_payload().to_vec(data);
                if record.checksum_ok(&bytes) != Some(false) {
                    return Ok(Some(bytes));
                }
            }
        }
        Ok(None)
    }

    /// More bytes than are shown: twice as many, so that little is looked at twice.
    fn more(&self, at_least: usize) -> usize {
        let shown = self.window.data.len();
        let twice = shown
            .saturating_mul(2)
            .clamp(64 << 10, self.limit.max(64 << 10));
        at_least.max(twice).max(shown.saturating_add(1))
    }
}

/// Moves a sign on to its next hit in the window, or to the first place that the window cannot decide.
fn advance(sign: &Sign, next: &mut Next, window: &Window<'_>) {
    let end = window.offset.saturating_add(window.data.len() as u64);
    let at = usize::try_from(next.at.saturating_sub(window.offset)).unwrap_or(usize::MAX);
    let rest = window
        .data
        .get(at.saturating_add(sign.distance)..)
        .unwrap_or_default();
    if let Some(found) = sign.finder.find(rest) {
        *next = Next {
            at: next.at.saturating_add(found as u64),
            hit: true,
        };
        return;
    }
    let undecided = sign.reach().saturating_sub(1) as u64;
    let bound = match window.last {
        true => end,
        false => end.saturating_sub(undecided),
    };
    next.at = next.at.max(bound);
}

#[cfg(test)]
fn note(work: &std::sync::atomic::AtomicU64, more: u64) {
    work.fetch_add(more, std::sync::atomic::Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(data: &[u8], offset: u64, last: bool) -> Window<'_> {
        Window {
            offset,
            data,
            last,
            unread: None,
        }
    }

    fn scan() -> Scan {
        Scan::new(vec![Sign::new(b"ab", 0), Sign::new(b"xyz", 4)])
    }

    #[test]
    fn the_first_of_all_signs_is_found() {
        let data = b"....1234xyz...ab..";
        let mut scan = scan();
        assert_eq!(scan.find(&window(data, 0, true), 0, |_| true), Found::At(4));
        assert_eq!(
            scan.find(&window(data, 0, true), 5, |_| true),
            Found::At(14)
        );
        assert_eq!(
            scan.find(&window(data, 0, true), 15, |_| true),
            Found::NoneBefore(18)
        );
        // back again, as after a jump
        assert_eq!(scan.find(&window(data, 0, true), 1, |_| true), Found::At(4));
    }

    #[test]
    fn what_a_window_cannot_decide_is_left() {
        let data = b"....1234xyz...ab..";
        for end in 0..data.len() {
            let mut scan = scan();
            let found = scan.find(&window(&data[..end], 0, false), 0, |_| true);
            match found {
                Found::At(at) => assert_eq!((at, end >= 11), (4, true)),
                Found::NoneBefore(at) => {
                    assert!(at <= 4, "{at} of {end}");
                    let rest = window(&data[at..], at as u64, true);
                    assert_eq!(scan.find(&rest, 0, |_| true), Found::At(4 - at));
                }
            }
        }
    }

    #[test]
    fn no_byte_is_searched_twice() {
        // one sign everywhere and refused, the other nowhere
        let data = b"ab".repeat(50_000);
        let mut scan = scan();
        let mut at = 0;
        while at < data.len() {
            let end = data.len().min(at + 4096);
            let shown = window(&data[at..end], at as u64, end == data.len());
            match scan.find(&shown, 1.min(shown.data.len()), |rest| {
                rest.offset % 64 == 0
            }) {
                Found::At(found) | Found::NoneBefore(found) => at += found.max(1),
            }
        }
        let work = scan.work.load(std::sync::atomic::Ordering::Relaxed);
        assert!(work < 4 * data.len() as u64, "{work} steps");
    }
}
