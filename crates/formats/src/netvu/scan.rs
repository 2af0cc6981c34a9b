// SPDX-License-Identifier: MPL-2.0
//! Reading records one after the other, and finding the next one where none begins: what the readers of all forms share.
//!
//! A form says what its records look like ([`Form`]); [`Scanner`] makes a [`Reader`] of it. Where a record does not prove itself, the
//! next one that does is searched for by the magic words of its kind ([`find`]).

use super::packet_builder::PacketBuilder;
use crate::reader::{Damage, FileInfo, Reader, Step, Window};
use memchr::memmem::Finder;

/// A form of recording.
pub trait Form: Clone + Send + 'static {
    /// What a valid file has where no record begins.
    const EXPECTED: &'static str;

    /// Bytes between records are padding or of unknown use, and no damage.
    const GAPS: bool = false;

    /// Makes packets, and remembers what is known of the file.
    fn builder(&mut self) -> &mut PacketBuilder;

    /// What is known of the file.
    fn info(&self) -> &FileInfo;

    /// The first record from `from` on that proves itself.
    fn find(&self, data: &[u8], from: usize, last: bool) -> Found;

    /// Reads the record at the start of the window, which is not empty.
    fn read(&mut self, window: &Window<'_>) -> Result<Step, Missing>;

    /// Reading continues at another place.
    fn moved(&mut self) {}

    /// The file ended at this offset.
    fn ended(&mut self, _offset: u64) {}

    /// See [`Reader::set_slot`].
    fn set_slot(&mut self, _slot: u64) {}
}

/// No record can be read at the start of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// None begins before this byte, which is 1 or more.
    Before(usize),
    /// The file ends inside the record; or its size is wrong, if another record is found behind its start.
    CutOff,
}

/// Reader of a form.
#[derive(Clone)]
pub struct Scanner<F> {
    form: F,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A record is expected at the window's start.
    Framed,
    /// The next record is searched for; the bytes before it are damage.
    Lost,
    /// The next record is searched for; the bytes before it are of no interest.
    Skipping,
}

impl<F: Form> Scanner<F> {
    /// A reader at the start of a file.
    pub fn new(form: F) -> Scanner<F> {
        Scanner {
            form,
            state: State::Framed,
        }
    }

    fn search(&mut self, window: &Window<'_>, from: usize) -> Step {
        let state = self.state;
        let length = match self.form.find(window.data, from, window.last) {
            Found::At(at) => {
                self.state = State::Framed;
                if at == 0 {
                    return self.next(window);
                }
                at
            }
            // a reader that need not see all of a record asks for what it needs to tell
            Found::Perhaps { at: 0, .. } if window.unread.is_some() => {
                self.state = State::Framed;
                return self.next(window);
            }
            Found::Perhaps { at: 0, need } => return Step::Need(need),
            Found::Perhaps { at, .. } | Found::NotBefore(at) => at,
        };
        if length == 0 {
            return Step::Need(more(window.data.len()));
        }
        match state {
            State::Skipping => Step::Skip(length as u64),
            State::Framed | State::Lost => Step::Damaged(Damage {
                length,
                expected: F::EXPECTED,
            }),
        }
    }

    fn lose(&mut self, window: &Window<'_>, from: usize) -> Step {
        self.state = match F::GAPS {
            true => State::Skipping,
            false => State::Lost,
        };
        self.search(window, from.max(1))
    }
}

impl<F: Form> Reader for Scanner<F> {
    fn next(&mut self, window: &Window<'_>) -> Step {
        if window.data.is_empty() {
            if !window.last {
                return Step::Need(1);
            }
            self.form.ended(window.offset);
            return Step::End;
        }
        if self.state != State::Framed {
            return self.search(window, 0);
        }
        match self.form.read(window) {
            // not all of it was seen, so that the damage need not be what it seems
            Ok(Step::Damaged(damage)) if damage.length > window.data.len() => {
                Step::Need(damage.length)
            }
            Ok(step) => step,
            Err(Missing::Before(from)) => self.lose(window, from),
            Err(Missing::CutOff) => match self.form.find(window.data, 1, true) {
                Found::At(_) => self.lose(window, 1),
                _ => Step::Cut(window.data.len()),
            },
        }
    }

    fn resync(&mut self) {
        self.state = State::Skipping;
        self.form.moved();
        self.form.builder().resync();
    }

    fn info(&self) -> &FileInfo {
        self.form.info()
    }

    fn fork(&self) -> Box<dyn Reader> {
        let mut fork = self.clone();
        fork.resync();
        Box::new(fork)
    }

    fn set_slot(&mut self, slot: u64) {
        self.form.set_slot(slot);
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.form.builder().take_warnings()
    }
}

/// Where the next record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Here, proved.
    At(usize),
    /// Possibly at `at`; to tell, the data must be `need` bytes long.
    Perhaps {
        /// Start of the record.
        at: usize,
        /// Bytes needed, counted from the start of the data.
        need: usize,
    },
    /// Not before this place.
    NotBefore(usize),
}

/// A record proves itself or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Fields that do not depend on each other agree.
    Yes,
    /// It is none.
    No,
    /// The data must be this long to tell.
    Need(usize),
}

/// Bytes to look at next where the next record is searched for and `have` show nothing: no fewer than the shortest record
/// has, so that the search does not continue byte by byte.
pub fn more(have: usize) -> usize {
    have.saturating_add(1).max(64)
}

/// A byte string that every record of some kind has.
pub struct Sign {
    finder: Finder<'static>,
    /// Bytes from the record's start to the sign.
    behind: usize,
}

impl Sign {
    /// A sign `behind` bytes after the start of its record.
    pub fn new(sign: &'static [u8], behind: usize) -> Sign {
        Sign {
            finder: Finder::new(sign),
            behind,
        }
    }
}

/// Bytes at the end of a window in which a sign may have begun.
const TAIL: usize = 16;

/// Bytes that a search goes ahead at least.
const CHUNK: usize = 512;

/// One sign on its way through the data.
struct Track<'a> {
    sign: &'a Sign,
    /// The record whose sign was found last.
    at: Option<usize>,
    /// No record with this sign begins between `at` (or the start) and here.
    searched: usize,
}

impl Track<'_> {
    /// Looks for the sign up to `before` at least, unless one is known already.
    fn advance(&mut self, data: &[u8], before: usize) {
        if self.at.is_some() || self.searched >= before {
            return;
        }
        // where signs are dense, most of the time goes into starting searches
        let before = before
            .max(self.searched.saturating_add(CHUNK))
            .min(data.len());
        let behind = self.sign.behind;
        let last = self.sign.finder.needle().len().saturating_sub(1);
        let start = self.searched.saturating_add(behind);
        let end = before
            .saturating_add(behind)
            .saturating_add(last)
            .min(data.len());
        let found = data
            .get(start..end)
            .and_then(|part| self.sign.finder.find(part));
        self.at = found.map(|found| self.searched.saturating_add(found));
        self.searched = before;
    }
}

/// The first record from `from` on that has one of the signs and proves itself. Every byte is looked at once for each sign.
pub fn find<const N: usize>(
    signs: &[Sign; N],
    data: &[u8],
    from: usize,
    last: bool,
    mut prove: impl FnMut(usize) -> Proof,
) -> Found {
    let limit = data.len();
    let mut tracks = signs.each_ref().map(|sign| Track {
        sign,
        at: None,
        searched: from,
    });
    loop {
        let known = tracks.iter().filter_map(|track| track.at).min();
        let mut before = known.unwrap_or(limit);
        for track in &mut tracks {
            track.advance(data, before);
            before = before.min(track.at.unwrap_or(before));
        }
        let first = tracks
            .iter_mut()
            .filter(|track| track.at.is_some())
            .min_by_key(|track| track.at);
        let Some((track, at)) = first.and_then(|track| track.at.map(|at| (track, at))) else {
            break;
        };
        match prove(at) {
            Proof::Yes => return Found::At(at),
            Proof::Need(need) => return Found::Perhaps { at, need },
            Proof::No => {
                track.at = None;
                track.searched = at.saturating_add(1);
            }
        }
    }
    Found::NotBefore(match last {
        true => limit,
        false => limit.saturating_sub(TAIL).max(from),
    })
}
