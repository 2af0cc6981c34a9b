// SPDX-License-Identifier: MPL-2.0
//! What a `.par` partition holds, by its first [`MAX_PROBE`] bytes: records behind headers, as is usual; without any, a stream of
//! another form behind the partition's own front, or coded frames with nothing around them ([`super::carve`]).
//!
//! The front and the index of partitions are not public (4 KiB or more of unknown bytes), so nothing is taken from them.

use super::carve::{self, Carver};
use super::partition::{self, Partition};
use super::probe::{Kind, MAX_PROBE, probe_other};
use super::scan::{Found, Scanner};
use crate::reader::{FileInfo, MAX_RECORD, Reader, Step, Window};

/// Step between places at which another form may begin (assumed; blocks of disks).
const BLOCK: usize = 512;

/// Bytes in which another form may begin, and bytes of it that are looked at.
const FORMS: usize = 64 << 10;

/// Points that another form must have.
const SURE: u32 = 80;

/// What the partition holds.
enum Content {
    /// Not known yet. This many bytes of the front were searched for a record.
    Unknown(usize),
    /// Records behind headers; also what is still looked for where nothing was found.
    Records,
    /// A stream of another form, or coded frames, from that offset on.
    Other(Box<dyn Reader>, u64),
}

/// Reader of a partition.
pub struct ParReader {
    records: Scanner<Partition>,
    content: Content,
    terse: bool,
}

impl ParReader {
    /// A reader; `terse` leaves out facts that every frame has.
    pub fn new(terse: bool) -> ParReader {
        ParReader {
            records: Scanner::new(Partition::new(terse)),
            content: Content::Unknown(0),
            terse,
        }
    }

    /// Searches the front for a record. `None` when it is known what the partition holds.
    fn examine(&mut self, window: &Window<'_>, searched: usize) -> Option<Step> {
        // a jump before anything was read: records are all that can be found from the middle
        if window.data.is_empty() || window.offset != 0 {
            if window.offset != 0 || window.last {
                self.content = Content::Records;
                return None;
            }
            return Some(Step::Need(1));
        }
        let have = window.data.len();
        let found = partition::find_within(window.data, searched, MAX_PROBE, window.last);
        let searched = match found {
            Found::At(_) => {
                self.content = Content::Records;
                return None;
            }
            Found::Perhaps { at, need } => {
                self.content = Content::Unknown(at);
                // a record that does not say how long it is would ask for each byte of it
                let more = have.saturating_add(have / 8);
                return Some(Step::Need(
                    need.max(more.min(MAX_PROBE.saturating_add(MAX_RECORD))),
                ));
            }
            Found::NotBefore(at) => at,
        };
        if !window.last && have <= MAX_PROBE {
            self.content = Content::Unknown(searched);
            let more = have
                .saturating_mul(2)
                .clamp(BLOCK, MAX_PROBE.saturating_add(1));
            return Some(Step::Need(more));
        }
        self.content = self.without_records(window);
        None
    }

    fn without_records(&self, window: &Window<'_>) -> Content {
        let front = window.data.get(..MAX_PROBE).unwrap_or(window.data);
        if let Some((kind, at)) = other_form(front) {
            return Content::Other(super::open_terse(kind, self.terse), at as u64);
        }
        match carve::first(front) {
            Some((codec, at)) => {
                let carver = Carver::new(codec, at as u64);
                Content::Other(Box::new(Scanner::new(carver)), at as u64)
            }
            None => Content::Records,
        }
    }

    fn reader(&mut self) -> &mut dyn Reader {
        match &mut self.content {
            Content::Other(reader, _) => reader.as_mut(),
            Content::Unknown(_) | Content::Records => &mut self.records,
        }
    }
}

/// A stream of another form, and where it begins.
fn other_form(front: &[u8]) -> Option<(Kind, usize)> {
    (0..FORMS).step_by(BLOCK).find_map(|at| {
        let rest = front.get(at..)?;
        let (kind, score) = probe_other(rest.get(..FORMS).unwrap_or(rest))?;
        (score >= SURE).then_some((kind, at))
    })
}

impl Reader for ParReader {
    fn next(&mut self, window: &Window<'_>) -> Step {
        if let Content::Unknown(searched) = self.content
            && let Some(step) = self.examine(window, searched)
        {
            return step;
        }
        match &mut self.content {
            // what is before may look like records or frames, but was not believed when the front was examined
            Content::Other(_, from) if window.offset < *from && !window.data.is_empty() => {
                Step::Skip(from.saturating_sub(window.offset))
            }
            _ => self.reader().next(window),
        }
    }

    fn resync(&mut self) {
        self.records.resync();
        match &mut self.content {
            Content::Unknown(searched) => *searched = 0,
            Content::Records => {}
            Content::Other(reader, _) => reader.resync(),
        }
    }

    fn info(&self) -> &FileInfo {
        match &self.content {
            Content::Other(reader, _) => reader.info(),
            Content::Unknown(_) | Content::Records => self.records.info(),
        }
    }

    fn fork(&self) -> Box<dyn Reader> {
        let mut fork = ParReader {
            records: self.records.clone(),
            content: match &self.content {
                Content::Unknown(_) => Content::Unknown(0),
                Content::Records => Content::Records,
                Content::Other(reader, from) => Content::Other(reader.fork(), *from),
            },
            terse: self.terse,
        };
        fork.resync();
        Box::new(fork)
    }

    fn set_slot(&mut self, slot: u64) {
        self.reader().set_slot(slot);
    }

    fn take_warnings(&mut self) -> Vec<String> {
        let mut warnings = self.records.take_warnings();
        if let Content::Other(reader, _) = &mut self.content {
            warnings.extend(reader.take_warnings());
        }
        warnings
    }
}
