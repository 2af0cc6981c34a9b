// SPDX-License-Identifier: MPL-2.0
//! Walks over the records of a file with bounded memory: windows of 1 MiB, larger only where one record is; of long records that
//! nobody wants to see, the beginning alone.

use super::{Failure, Input};
use formats::reader::{FileInfo, MAX_RECORD, Packet, Reader, Step, Window};
use rustix::fs::{Advice, fadvise};
use std::{fs::File, num::NonZeroU64, os::unix::fs::FileExt};

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 20;
/// Bytes that are read at a time of pictures that nobody wants to see.
const HEAD: usize = 1 << 10;
/// Shorter records are read in blocks all the same: a call for each would take longer.
const LONG: usize = 4 << 10;
/// Bytes that the system is asked to fetch at a time, before they are needed, and how far before.
const FETCH: u64 = 128 << 10;
const AHEAD: u64 = 2 << 20;
/// No window grows beyond this: a record and what is around it, such as the front of a partition.
const MAX_WINDOW: usize = MAX_RECORD + 5 * BLOCK;

/// What stands at an offset.
#[derive(Debug)]
pub enum Event<'a> {
    /// A record, and the window that its payload's ranges count in.
    Packet(Packet, &'a [u8]),
    /// Nothing to output, of this many bytes.
    Skip(u64),
    /// Bytes that prove nothing.
    Damaged {
        /// How many.
        length: u64,
        /// What a valid file has there.
        expected: &'static str,
    },
    /// The file ends inside this record, of which this many bytes are there.
    Cut(u64),
}

/// A walk over a file.
pub struct Walk {
    name: String,
    file: File,
    size: u64,
    reader: Box<dyn Reader>,
    /// Only the heads of pictures are wanted.
    heads: bool,
    /// The last record was a long one.
    long: bool,
    /// Offset up to which the system was asked to fetch.
    fetched: u64,
    buffer: Vec<u8>,
    /// Window in the buffer.
    from: usize,
    to: usize,
    /// Offset in the file of the window.
    offset: u64,
    at_end: bool,
    done: bool,
    /// Steps in a row that took no bytes.
    idle: u32,
}

impl Walk {
    /// A walk over `input` with this reader, from the file's beginning.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn new(input: &Input, reader: Box<dyn Reader>) -> Result<Walk, Failure> {
        let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", input.name));
        let file = File::open(&input.path).map_err(fail)?;
        let size = file.metadata().map_err(fail)?.len();
        Ok(Walk {
            name: input.name.clone(),
            file,
            size,
            reader,
            heads: false,
            long: false,
            fetched: 0,
            buffer: vec![0; BLOCK],
            from: 0,
            to: 0,
            offset: 0,
            at_end: false,
            done: false,
            idle: 0,
        })
    }

    /// A walk that begins anywhere, with a reader that was made for it by [`Walk::fork`].
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn at(input: &Input, reader: Box<dyn Reader>, offset: u64) -> Result<Walk, Failure> {
        let mut walk = Walk::new(input, reader)?;
        walk.go_to(offset);
        Ok(walk)
    }

    /// From here on the coded bytes of pictures are not wanted: where they are long, they are not read.
    pub fn heads_only(&mut self) {
        self.heads = true;
    }

    /// A second reader of the same file, to look elsewhere.
    pub fn fork(&self) -> Box<dyn Reader> {
        self.reader.fork()
    }

    /// What is known of the file so far.
    pub fn info(&self) -> &FileInfo {
        self.reader.info()
    }

    /// Things that do not agree, each told once.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.reader.take_warnings()
    }

    /// The next event and its offset in the file; `None` at the end.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn next(&mut self) -> Result<Option<(u64, Event<'_>)>, Failure> {
        if self.done {
            return Ok(None);
        }
        if self.to == self.from && !self.at_end {
            self.fill(1)?;
        }
        loop {
            let window = Window {
                offset: self.offset,
                data: self.buffer.get(self.from..self.to).unwrap_or_default(),
                last: self.at_end,
                unread: self.unread(),
            };
            let step = self.reader.next(&window);
            let at = self.offset;
            match step {
                Step::Need(bytes) => self.need(bytes)?,
                Step::Skip(bytes) => {
                    self.skip(bytes)?;
                    return Ok(Some((at, Event::Skip(bytes))));
                }
                Step::Damaged(damage) => {
                    let length = damage.length as u64;
                    let expected = damage.expected;
                    self.skip(length)?;
                    return Ok(Some((at, Event::Damaged { length, expected })));
                }
                Step::Packet(packet) => {
                    self.count_idle(packet.size as u64)?;
                    self.long = packet.size >= LONG;
                    let from = self.from;
                    self.from = from.saturating_add(packet.size).min(self.to);
                    self.offset = at.saturating_add(packet.size as u64);
                    let data = self.buffer.get(from..self.to).unwrap_or_default();
                    return Ok(Some((at, Event::Packet(packet, data))));
                }
                Step::Cut(bytes) => {
                    self.done = true;
                    return Ok(Some((at, Event::Cut(bytes as u64))));
                }
                Step::End => {
                    self.done = true;
                    return Ok(None);
                }
            }
        }
    }

    fn unread(&self) -> u64 {
        if !self.heads || self.at_end {
            return 0;
        }
        let shown = self.to.saturating_sub(self.from) as u64;
        self.size.saturating_sub(self.offset.saturating_add(shown))
    }

    fn need(&mut self, bytes: usize) -> Result<(), Failure> {
        let have = self.to.saturating_sub(self.from);
        if self.at_end || bytes <= have {
            // a reader that breaks its promise must not make an endless loop
            self.done = true;
            return Err(self.fail("the reader asks for bytes that are not there"));
        }
        self.fill(bytes)
    }

    fn count_idle(&mut self, bytes: u64) -> Result<(), Failure> {
        self.idle = if bytes == 0 {
            self.idle.saturating_add(1)
        } else {
            0
        };
        if self.idle > 8 {
            self.done = true;
            return Err(self.fail("the reader does not go on"));
        }
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> Result<(), Failure> {
        self.count_idle(bytes)?;
        // what is searched through is read in blocks
        self.long = false;
        let have = self.to.saturating_sub(self.from) as u64;
        if bytes > have {
            self.go_to(self.offset.saturating_add(bytes));
            return Ok(());
        }
        self.offset = self.offset.saturating_add(bytes);
        self.from = self.from.saturating_add(bytes as usize);
        Ok(())
    }

    fn go_to(&mut self, offset: u64) {
        self.from = 0;
        self.to = 0;
        self.at_end = false;
        // a disk says 0
        let file = self.file.metadata().ok().filter(|meta| meta.is_file());
        let size = file.map_or(u64::MAX, |meta| meta.len());
        self.offset = offset.min(size);
    }

    /// Makes the window hold `bytes` bytes, or all until the file's end.
    fn fill(&mut self, bytes: usize) -> Result<(), Failure> {
        if bytes > MAX_WINDOW {
            return Err(self.fail("a record is longer than any can be"));
        }
        self.buffer.copy_within(self.from..self.to, 0);
        self.to = self.to.saturating_sub(self.from);
        self.from = 0;
        if bytes > self.buffer.len() {
            self.buffer.resize(bytes.next_multiple_of(BLOCK), 0);
        }
        let most = match self.heads && self.long {
            true => {
                self.fetch();
                bytes.max(HEAD).min(self.buffer.len())
            }
            false => self.buffer.len(),
        };
        while self.to < bytes {
            let at = self.offset.saturating_add(self.to as u64);
            let space = self.buffer.get_mut(self.to..most).unwrap_or_default();
            match self.file.read_at(space, at) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(());
                }
                Ok(read) => self.to = self.to.saturating_add(read),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fail(&error.to_string())),
            }
        }
        Ok(())
    }

    /// Asks for what comes next: the system does not take reads here and there for a walk, and a disc would wait at each.
    fn fetch(&mut self) {
        self.fetched = self.fetched.max(self.offset);
        while self.fetched < self.offset.saturating_add(AHEAD) {
            // no matter where it is not taken
            let _ = fadvise(
                &self.file,
                self.fetched,
                NonZeroU64::new(FETCH),
                Advice::WillNeed,
            );
            self.fetched = self.fetched.saturating_add(FETCH);
        }
    }

    fn fail(&self, what: &str) -> Failure {
        Failure::Input(format!("{}, offset {}: {what}", self.name, self.offset))
    }
}
