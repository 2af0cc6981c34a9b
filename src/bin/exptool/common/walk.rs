// SPDX-License-Identifier: MPL-2.0
//! Walks over the records of a file with bounded memory: windows of 1 MiB, larger only where one record is.

use super::{Failure, Input};
use gstexp::container::reader::{FileInfo, MAX_RECORD, Packet, Reader, Step, Window};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 20;
/// No window grows beyond this: a record and what is around it, such as the front of a partition.
const MAX_WINDOW: usize = MAX_RECORD + 5 * BLOCK;

/// What stands at an offset.
#[derive(Debug)]
pub enum Event<'a> {
    /// A record, and the window that its payload's ranges count in.
    Packet(Packet, &'a [u8]),
    /// Nothing to hand out, of this many bytes.
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
    reader: Box<dyn Reader>,
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
        let file = File::open(&input.path)
            .map_err(|error| Failure::Input(format!("{}: {error}", input.name)))?;
        Ok(Walk {
            name: input.name.clone(),
            file,
            reader,
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
        walk.seek(offset)?;
        Ok(walk)
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
        let have = self.to.saturating_sub(self.from) as u64;
        if bytes > have {
            return self.seek(self.offset.saturating_add(bytes));
        }
        self.offset = self.offset.saturating_add(bytes);
        self.from = self.from.saturating_add(bytes as usize);
        Ok(())
    }

    fn seek(&mut self, offset: u64) -> Result<(), Failure> {
        self.from = 0;
        self.to = 0;
        self.at_end = false;
        let size = self.file.metadata().map_or(u64::MAX, |meta| meta.len());
        self.offset = offset.min(size);
        self.file
            .seek(SeekFrom::Start(self.offset))
            .map_err(|error| self.fail(&error.to_string()))?;
        Ok(())
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
        while self.to < bytes {
            let space = self.buffer.get_mut(self.to..).unwrap_or_default();
            match self.file.read(space) {
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

    fn fail(&self, what: &str) -> Failure {
        Failure::Input(format!("{}, offset {}: {what}", self.name, self.offset))
    }
}
