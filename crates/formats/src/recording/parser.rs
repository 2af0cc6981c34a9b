// SPDX-License-Identifier: MPL-2.0
//! The loop over [`Reader::next`]: steps become events, and damage that continues becomes one range.

use crate::reader::{FileInfo, Packet, Reader, Step, Window};
use std::ops::{ControlFlow, DerefMut};

/// Steps in a row that may take no bytes: texts that come before the frame they belong to.
const MAX_IDLE: u32 = 64;

/// Bytes that are not a valid record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedRange {
    /// Offset of the first byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
    /// What a valid file has there.
    pub expected: &'static str,
}

impl DamagedRange {
    /// Offset of the first byte after it.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// What comes next in the file.
#[derive(Debug)]
pub enum Event {
    /// A record. Its payload's ranges count from `offset`.
    Packet {
        /// Offset of the record in the file.
        offset: u64,
        /// The record.
        packet: Packet,
    },
    /// Damage, all of it. Comes before what follows the damage.
    Damaged(DamagedRange),
    /// Bytes that are no frame: a header, padding, an index, a record of a kind to skip.
    Skipped {
        /// Offset of the first byte.
        offset: u64,
        /// Number of bytes.
        length: u64,
    },
    /// The window has to hold this many bytes from [`Parser::offset`] on.
    Need(usize),
    /// The window has to show so many bytes from byte `at` on, see [`Step::Peek`].
    Peek {
        /// Where they are, from the window's start.
        at: usize,
        /// How many.
        bytes: usize,
    },
    /// The file ends inside a record.
    Cut {
        /// Offset of the record.
        offset: u64,
        /// Bytes of it that are there.
        length: u64,
    },
    /// The file ends.
    End,
}

/// Reads one file after another window, in order.
pub struct Parser<R = Box<dyn Reader>> {
    reader: R,
    offset: u64,
    damage: Option<DamagedRange>,
    /// What ended the damage.
    next: Option<Event>,
    idle: u32,
}

impl<R: DerefMut<Target: Reader>> Parser<R> {
    /// Begins at the file's first byte.
    pub fn new(reader: R) -> Parser<R> {
        Parser {
            reader,
            offset: 0,
            damage: None,
            next: None,
            idle: 0,
        }
    }

    /// Offset of the next byte to parse.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The reader.
    pub fn reader(&self) -> &R::Target {
        &self.reader
    }

    /// The reader, to change it.
    pub fn reader_mut(&mut self) -> &mut R::Target {
        &mut self.reader
    }

    /// What is known of the file so far.
    pub fn info(&self) -> &FileInfo {
        self.reader.info()
    }

    /// Continues at `offset`, where any byte of the file may be.
    pub fn jump(&mut self, offset: u64) {
        self.reader.resync();
        self.place(offset);
    }

    /// Continues at `offset`, where a record begins.
    pub fn place(&mut self, offset: u64) {
        self.offset = offset;
        self.damage = None;
        self.next = None;
        self.idle = 0;
    }

    /// The damage that was met last and may continue.
    pub fn take_damage(&mut self) -> Option<DamagedRange> {
        self.damage.take()
    }

    /// An event is known already: the next call needs no window.
    pub fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// The next event. `window` holds the bytes from [`Parser::offset`] on.
    pub fn next(&mut self, window: &Window<'_>) -> Event {
        if let Some(next) = self.next.take() {
            return next;
        }
        let event = self.step(window);
        if matches!(event, Event::Need(_) | Event::Peek { .. }) {
            return event;
        }
        match self.damage.take() {
            Some(damage) => {
                self.next = Some(event);
                Event::Damaged(damage)
            }
            None => event,
        }
    }

    /// Shows `each` what is in a window that begins at [`Parser::offset`], until it breaks. What ended the window else:
    /// [`Event::Need`], [`Event::Peek`], [`Event::Cut`] or [`Event::End`].
    pub fn read_window(
        &mut self,
        window: &Window<'_>,
        mut each: impl FnMut(Event) -> ControlFlow<()>,
    ) -> Option<Event> {
        loop {
            let passed = self.offset.saturating_sub(window.offset);
            let rest = window.skip(usize::try_from(passed).unwrap_or(usize::MAX));
            match self.next(&Window {
                offset: self.offset,
                ..rest
            }) {
                end @ (Event::Need(_) | Event::Peek { .. } | Event::Cut { .. } | Event::End) => {
                    return Some(end);
                }
                event => {
                    if each(event).is_break() {
                        return None;
                    }
                }
            }
        }
    }

    fn step(&mut self, window: &Window<'_>) -> Event {
        let mut window = *window;
        loop {
            if window.data.is_empty() && !window.last {
                return Event::Need(1);
            }
            let offset = self.offset;
            match self.reader.next(&window) {
                Step::Packet(packet) => {
                    self.advance(packet.size as u64);
                    return Event::Packet { offset, packet };
                }
                Step::Skip(length) => {
                    self.advance(length);
                    return Event::Skipped { offset, length };
                }
                Step::Need(bytes) if window.last || bytes <= window.data.len() => {
                    // a reader that breaks its promise must not make an endless loop
                    self.lose(1, "a reader that asks for bytes that exist");
                    window = window.skip(1);
                }
                Step::Need(bytes) => return Event::Need(bytes),
                Step::Peek { at, bytes } if window.unread.is_some() => {
                    return Event::Peek { at, bytes };
                }
                Step::Peek { .. } => {
                    self.lose(1, "a reader that asks for bytes that nobody hides");
                    window = window.skip(1);
                }
                Step::Damaged(damage) => {
                    self.lose(damage.length.max(1) as u64, damage.expected);
                    window = window.skip(damage.length.max(1));
                }
                Step::Cut(bytes) => {
                    let length = bytes as u64;
                    return Event::Cut { offset, length };
                }
                Step::End => return Event::End,
            }
        }
    }

    fn advance(&mut self, bytes: u64) {
        self.idle = match bytes {
            0 => self.idle.saturating_add(1),
            _ => 0,
        };
        let least = u64::from(self.idle > MAX_IDLE);
        self.offset = self.offset.saturating_add(bytes.max(least));
    }

    fn lose(&mut self, bytes: u64, expected: &'static str) {
        let offset = self.offset;
        self.offset = offset.saturating_add(bytes);
        match &mut self.damage {
            Some(damage) if damage.end() == offset => {
                damage.length = damage.length.saturating_add(bytes);
            }
            damage => {
                *damage = Some(DamagedRange {
                    offset,
                    length: bytes,
                    expected,
                });
            }
        }
    }
}
