// SPDX-License-Identifier: MPL-2.0
//! Reads the records of a file from any place on, with bounded memory.

use super::{
    parser::{DamagedRange, Event, Parser},
    source::Source,
};
use crate::reader::{FileInfo, MAX_RECORD, Packet, Reader, Window};

/// Bytes read at a time.
const BLOCK: usize = 512 << 10;
/// Bytes read at a time of frames that nobody wants to see.
const HEAD: usize = 1 << 10;
/// Shorter records are read in blocks all the same: a call for each would take longer.
const LONG: usize = 4 << 10;
/// The same where only a few records are read, and each call goes through other elements.
const LONG_OF_FEW: usize = 16 << 10;
/// Bytes of a few records.
const FEW: u64 = 512 << 10;
/// Bytes that the source is asked to fetch ahead.
const AHEAD: u64 = 2 << 20;
/// Bytes fetched ahead at a time.
const FETCH: u64 = 128 << 10;
/// No window grows beyond this: a record and what is around it, such as the front of a partition.
const MAX_WINDOW: usize = MAX_RECORD + (8 << 20);

/// What comes next in the file.
#[derive(Debug)]
pub enum Scanned<'a> {
    /// A record, and the bytes that its payload's ranges count in.
    Packet {
        /// Offset of the record in the file.
        offset: u64,
        /// The record.
        packet: Packet,
        /// Bytes from the record's beginning on.
        data: &'a [u8],
    },
    /// Damage.
    Damaged(DamagedRange),
    /// Bytes that are no frame.
    Skipped {
        /// Offset of the first byte.
        offset: u64,
        /// Number of bytes.
        length: u64,
    },
    /// The file ends inside a record.
    Cut {
        /// Offset of the record.
        offset: u64,
        /// Bytes of it that are there.
        length: u64,
    },
}

/// What is shown from `offset` on of a block that begins at `at`. `size`: bytes of the file, where the rest need not be seen.
fn window(data: &[u8], at: u64, offset: u64, last: bool, size: Option<u64>) -> Window<'_> {
    let skip = usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
    let data = data.get(skip..).unwrap_or_default();
    let end = offset.saturating_add(data.len() as u64);
    Window {
        offset,
        data,
        last,
        unread: size
            .filter(|_| !last)
            .map_or(0, |size| size.saturating_sub(end)),
    }
}

/// Reads records in order.
pub struct Scanner<S: Source> {
    source: S,
    parser: Parser,
    block: Option<S::Block>,
    /// Offset of the block.
    at: u64,
    /// The file ends with the block.
    last: bool,
    size: Option<u64>,
    stride: usize,
    heads: bool,
    /// The last record was a long one.
    long: bool,
    /// Up to this many bytes read, records are few.
    few: u64,
    fetched: u64,
    done: bool,
    read: u64,
    limit: u64,
}

impl<S: Source> Scanner<S> {
    /// From the file's first byte on.
    pub fn new(source: S, reader: Box<dyn Reader>) -> Scanner<S> {
        let size = source.size();
        Scanner {
            source,
            parser: Parser::new(reader),
            block: None,
            at: 0,
            last: false,
            size,
            stride: BLOCK,
            heads: false,
            long: false,
            few: 0,
            fetched: 0,
            done: false,
            read: 0,
            limit: u64::MAX,
        }
    }

    /// Gives up, as at the file's end, where no record is found up to this offset: damage may reach to the end of a large file.
    pub fn set_limit(&mut self, offset: u64) {
        self.limit = offset;
    }

    /// Reads this many bytes at a time, more only where a record needs them.
    pub fn set_stride(&mut self, bytes: usize) {
        self.stride = bytes;
    }

    /// From here on coded bytes are not wanted: where records are long, only their heads are read.
    pub fn heads_only(&mut self) {
        self.heads = true;
    }

    /// Only a few records are wanted from here on.
    pub fn expect_few(&mut self) {
        self.few = self.read.saturating_add(FEW);
    }

    /// Continues at `offset`, where any byte of the file may be.
    pub fn jump(&mut self, offset: u64) {
        self.parser.jump(offset);
        self.done = false;
        self.long = false;
    }

    /// Continues at `offset`, where a record begins.
    pub fn place(&mut self, offset: u64) {
        self.parser.place(offset);
        self.done = false;
        self.long = false;
    }

    /// Offset of the next byte to parse.
    pub fn offset(&self) -> u64 {
        self.parser.offset()
    }

    /// What is known of the file so far.
    pub fn info(&self) -> &FileInfo {
        self.parser.info()
    }

    /// The reader.
    pub fn reader(&self) -> &dyn Reader {
        self.parser.reader()
    }

    /// The reader, to change it.
    pub fn reader_mut(&mut self) -> &mut dyn Reader {
        self.parser.reader_mut()
    }

    /// What is read from.
    pub fn source_mut(&mut self) -> &mut S {
        &mut self.source
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read
    }

    /// What comes next, borrowed from the scanner; `None` at the end of the file.
    ///
    /// # Errors
    /// Whatever the source fails with.
    pub fn scan(&mut self) -> Result<Option<Scanned<'_>>, S::Error> {
        if self.done {
            return Ok(None);
        }
        if !self.parser.has_next() {
            self.fill(1)?;
        }
        let event = loop {
            let window = window(
                self.block.as_ref().map(AsRef::as_ref).unwrap_or_default(),
                self.at,
                self.parser.offset(),
                self.last,
                self.size.filter(|_| self.heads),
            );
            match self.parser.next(&window) {
                Event::Need(_) if self.parser.offset() > self.limit => {
                    self.done = true;
                    return Ok(None);
                }
                // a record longer than any can be: the reader is wrong, and what it asks for is not read
                Event::Need(bytes) => self.fill(bytes.min(MAX_WINDOW))?,
                event => break event,
            }
        };
        Ok(match event {
            Event::Packet { offset, packet } => {
                let long = if self.read < self.few {
                    LONG_OF_FEW
                } else {
                    LONG
                };
                self.long = packet.size >= long;
                let skip = usize::try_from(offset.saturating_sub(self.at)).unwrap_or(usize::MAX);
                let data = self.block.as_ref().map(AsRef::as_ref).unwrap_or_default();
                let data = data.get(skip..).unwrap_or_default();
                Some(Scanned::Packet {
                    offset,
                    packet,
                    data,
                })
            }
            Event::Damaged(damage) => {
                self.long = false;
                Some(Scanned::Damaged(damage))
            }
            Event::Skipped { offset, length } => {
                self.long = false;
                Some(Scanned::Skipped { offset, length })
            }
            Event::Cut { offset, length } => {
                self.done = true;
                Some(Scanned::Cut { offset, length })
            }
            Event::Need(_) | Event::End => {
                self.done = true;
                None
            }
        })
    }

    /// Makes the block hold `bytes` bytes from the parser's offset on, or all until the file's end.
    fn fill(&mut self, bytes: usize) -> Result<(), S::Error> {
        let from = self.parser.offset();
        let have = self.block.as_ref().map_or(0, |block| block.as_ref().len()) as u64;
        let end = self.at.saturating_add(have);
        let holds = self.at <= from && from.saturating_add(bytes as u64) <= end;
        if self.block.is_some() && (holds || (self.last && self.at <= from && from <= end)) {
            return Ok(());
        }
        let want = match self.heads && self.long {
            true => {
                self.prefetch(from);
                bytes.max(HEAD)
            }
            false => bytes.max(self.stride),
        };
        let old = self.block.take();
        let block = self.source.read_at(from, want, old)?;
        let got = block.as_ref().len();
        self.read = self.read.saturating_add(got as u64);
        self.last = got < want;
        self.at = from;
        self.block = Some(block);
        Ok(())
    }

    /// Asks for what comes next: a system does not take reads here and there for a walk, and a disc would wait at each.
    fn prefetch(&mut self, from: u64) {
        self.fetched = self.fetched.max(from);
        while self.fetched < from.saturating_add(AHEAD) {
            self.source.prefetch(self.fetched, FETCH);
            self.fetched = self.fetched.saturating_add(FETCH);
        }
    }
}

impl Parser {
    /// Reads records of `source` with a second reader of the same file, without disturbing this one.
    pub fn fork<S: Source>(&self, source: S) -> Scanner<S> {
        Scanner::new(source, self.reader().fork())
    }
}
