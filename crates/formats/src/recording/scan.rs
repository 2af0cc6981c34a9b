// SPDX-License-Identifier: MPL-2.0
//! Reads the records of a file from any place on, with bounded memory.

use super::{
    parser::{DamagedRange, Event, Parser},
    source::Source,
};
use crate::reader::{FileInfo, MAX_RECORD, Packet, Reader, Unread, Window};

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
/// Times that a reader may ask for something behind what is shown of a record.
const MAX_PEEKS: u32 = 4;
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

/// Bytes of the file that were read, from an offset on.
struct Piece<B> {
    at: u64,
    block: B,
    /// The file ends with them.
    last: bool,
}

impl<B: AsRef<[u8]>> Piece<B> {
    /// Its bytes from `offset` on.
    fn from(&self, offset: u64) -> &[u8] {
        let skip = offset.checked_sub(self.at).map(usize::try_from);
        let Some(Ok(skip)) = skip else {
            return &[];
        };
        self.block.as_ref().get(skip..).unwrap_or_default()
    }

    /// Whether `bytes` bytes from `offset` on are in it, or all until the file's end.
    fn holds(&self, offset: u64, bytes: usize) -> bool {
        let end = self.at.saturating_add(self.block.as_ref().len() as u64);
        let wanted = offset.saturating_add(bytes as u64);
        self.at <= offset && (wanted <= end || self.last && offset <= end)
    }
}

/// What is shown from `offset` on. `size`: bytes of the file, where not all need be seen.
fn window<'a, B: AsRef<[u8]>>(
    piece: &'a Option<Piece<B>>,
    peeked: &'a Option<Piece<B>>,
    offset: u64,
    size: Option<u64>,
) -> Window<'a> {
    let data = piece.as_ref().map(|piece| piece.from(offset));
    let data = data.unwrap_or_default();
    let last = piece.as_ref().is_some_and(|piece| piece.last);
    let shown = peeked.as_ref().and_then(|peeked| {
        let place = usize::try_from(peeked.at.checked_sub(offset)?).ok()?;
        Some((place, peeked.block.as_ref()))
    });
    let end = offset.saturating_add(data.len() as u64);
    Window {
        offset,
        data,
        last,
        unread: size.filter(|_| !last).map(|size| Unread {
            bytes: size.saturating_sub(end),
            shown,
        }),
    }
}

/// Reads records in order.
pub struct Scanner<S: Source> {
    source: S,
    parser: Parser,
    piece: Option<Piece<S::Block>>,
    /// What the reader asked for behind bytes that nobody wants to see.
    peeked: Option<Piece<S::Block>>,
    /// How often it did for the record at an offset.
    peeks: (u64, u32),
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
            piece: None,
            peeked: None,
            peeks: (0, 0),
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
            let offset = self.parser.offset();
            let size = self.size.filter(|_| self.heads);
            match self
                .parser
                .next(&window(&self.piece, &self.peeked, offset, size))
            {
                Event::Need(_) | Event::Peek { .. } if offset > self.limit => {
                    self.done = true;
                    return Ok(None);
                }
                Event::Need(bytes) => self.fill(bytes)?,
                Event::Peek { at, bytes } => self.peek(offset, at, bytes)?,
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
                let data = self.piece.as_ref().map(|piece| piece.from(offset));
                let data = data.unwrap_or_default();
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
                self.long &= length < LONG as u64;
                Some(Scanned::Skipped { offset, length })
            }
            Event::Cut { offset, length } => {
                self.done = true;
                Some(Scanned::Cut { offset, length })
            }
            Event::Need(_) | Event::Peek { .. } | Event::End => {
                self.done = true;
                None
            }
        })
    }

    /// Makes the piece hold `bytes` bytes from the parser's offset on, or all until the file's end.
    fn fill(&mut self, bytes: usize) -> Result<(), S::Error> {
        // a record longer than any can be: the reader is wrong, and what it asks for is not read
        let (from, bytes) = (self.parser.offset(), bytes.min(MAX_WINDOW));
        let holds = |piece: &Option<Piece<S::Block>>| {
            let piece = piece.as_ref();
            piece.is_some_and(|piece| piece.holds(from, bytes))
        };
        if holds(&self.piece) {
            return Ok(());
        }
        if holds(&self.peeked) {
            self.piece = self.peeked.take();
            return Ok(());
        }
        let want = match self.heads && self.long {
            true => {
                self.prefetch(from);
                bytes.max(HEAD)
            }
            false => bytes.max(self.stride),
        };
        let old = self.piece.take();
        self.piece = Some(self.read(from, want, old)?);
        Ok(())
    }

    /// Shows `bytes` bytes at `at` of what begins at `offset`, where no more than the heads of records is wanted.
    fn peek(&mut self, offset: u64, at: usize, bytes: usize) -> Result<(), S::Error> {
        let from = offset.saturating_add(at as u64);
        self.peeks = match self.peeks {
            (known, count) if known == offset => (offset, count.saturating_add(1)),
            _ => (offset, 1),
        };
        // what is shown does not do
        if bytes > MAX_WINDOW || self.peeks.1 > MAX_PEEKS {
            return self.fill(at.saturating_add(bytes));
        }
        let old = self.peeked.take();
        self.peeked = Some(self.read(from, bytes.max(HEAD), old)?);
        Ok(())
    }

    fn read(
        &mut self,
        at: u64,
        want: usize,
        old: Option<Piece<S::Block>>,
    ) -> Result<Piece<S::Block>, S::Error> {
        let block = self
            .source
            .read_at(at, want, old.map(|piece| piece.block))?;
        let got = block.as_ref().len();
        self.read = self.read.saturating_add(got as u64);
        Ok(Piece {
            at,
            block,
            last: got < want,
        })
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
