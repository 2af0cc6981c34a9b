// SPDX-License-Identifier: MPL-2.0
//! Bytes of the file, pulled from upstream or pushed by it.
//!
//! Where upstream pushes, its bytes wait in a [`Feed`] until the streaming task takes them. A feed from an upstream that seeks can
//! be read anywhere, as pulled files can: all that the demuxer does then works in both modes.

use super::{Demux, Shared, state::State};
use formats::{reader::Window, recording::Source};
use gst::{
    buffer::{MappedBuffer, Readable},
    prelude::*,
};
use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

/// Bytes read at a time.
const BLOCK: usize = 512 << 10;
/// A record of more bytes than this is large.
const LARGE: usize = 16 << 10;
/// Bytes read behind large records, so that the next one's size is known.
const LOOK_AHEAD: usize = 128;
/// Bytes read first.
const FIRST_BLOCK: usize = 64 << 10;
/// Frames of fewer bytes are copied: as a part of a block each of them would keep all of it in memory.
const COPIED: usize = 4 << 10;
/// Time that a read should take at most: somebody who wants the end waits as long.
const READ_TIME: Duration = Duration::from_millis(50);
/// Bytes read at least, however slow upstream is.
const LEAST: usize = 4 << 10;
/// Bytes asked for at once at most.
const MOST: usize = 64 << 20;
/// Bytes that are asked for before it is known how fast upstream is.
const FIRST_PACE: usize = 16 << 10;
/// Bytes that wait in a feed before upstream has to.
const WAITING: usize = 1 << 20;
/// Bytes that are read and dropped rather than asking upstream for another place.
const NEAR: u64 = 256 << 10;
/// Longest time that records of a pushed file are held back once upstream pauses.
const PATIENCE: Duration = Duration::from_millis(500);

/// A part of the file in memory. Frames are output as parts of it.
pub struct Block {
    map: Arc<MappedBuffer<Readable>>,
    /// Offset in the file of its first byte.
    pub offset: u64,
    /// The file ends with it.
    pub last: bool,
}

impl Block {
    /// Maps a buffer. `None` where it cannot be read.
    pub fn new(buffer: gst::Buffer, offset: u64, last: bool) -> Option<Block> {
        Some(Block {
            map: Arc::new(buffer.into_mapped_buffer_readable().ok()?),
            offset,
            last,
        })
    }

    /// All its bytes.
    pub fn data(&self) -> &[u8] {
        self.map.as_slice()
    }

    /// What a reader is shown that has come to byte `at` of the block.
    pub fn window(&self, at: usize) -> Window<'_> {
        Window {
            offset: self.offset,
            data: self.data(),
            last: self.last,
            unread: None,
        }
        .skip(at)
    }

    /// A part of the block as a buffer that shares its memory, or a copy of a small one. Wrapped bytes, because `copy_region` takes
    /// 440 instructions more for a frame, and an allocated buffer 550 more for a small one (GStreamer 1.22, by callgrind).
    pub fn part(&self, from: usize, to: usize) -> Option<gst::Buffer> {
        let bytes = self.data().get(from..to)?;
        if bytes.len() < COPIED {
            return Some(gst::Buffer::from_slice(Box::<[u8]>::from(bytes)));
        }
        Some(gst::Buffer::from_slice(Part {
            map: self.map.clone(),
            range: from..to,
        }))
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        self.data()
    }
}

/// A part of a block, which keeps the block in memory.
struct Part {
    map: Arc<MappedBuffer<Readable>>,
    range: Range<usize>,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        self.map.get(self.range.clone()).unwrap_or_default()
    }
}

/// The file as the recording's survey and seeks read it.
#[derive(Clone)]
pub struct PadSource {
    sink: gst::Pad,
    feed: Option<Arc<Feed>>,
    shared: Arc<Shared>,
    size: Option<u64>,
}

impl Source for PadSource {
    type Block = Block;
    type Error = gst::FlowError;

    fn read_at(
        &mut self,
        offset: u64,
        want: usize,
        _old: Option<Block>,
    ) -> Result<Block, gst::FlowError> {
        let block = match &self.feed {
            None => pull_block(&self.sink, &self.shared, offset, want)?,
            Some(feed) => {
                feed.seek_to(offset, &self.sink)?;
                let block = feed.read(offset, want, want, false)?;
                block.ok_or(gst::FlowError::Error)?
            }
        };
        self.shared
            .bytes_read
            .fetch_add(block.data().len() as u64, Ordering::Relaxed);
        Ok(block)
    }

    fn size(&self) -> Option<u64> {
        self.size
    }
}

/// Pulls `want` bytes, from a slow upstream in several parts: between two of them it can be made to end.
fn pull_block(
    sink: &gst::Pad,
    shared: &Shared,
    offset: u64,
    want: usize,
) -> Result<Block, gst::FlowError> {
    let mut whole = pull_part(sink, shared, offset, want.min(shared.pace()))?;
    let mut part = whole.size();
    while part > 0 && whole.size() < want {
        let left = want.saturating_sub(whole.size());
        let next = offset.saturating_add(whole.size() as u64);
        let more = pull_part(sink, shared, next, left.min(shared.pace()))?;
        part = more.size();
        whole.append(more);
    }
    let last = whole.size() < want;
    Block::new(whole, offset, last).ok_or(gst::FlowError::Error)
}

fn pull_part(
    sink: &gst::Pad,
    shared: &Shared,
    offset: u64,
    want: usize,
) -> Result<gst::Buffer, gst::FlowError> {
    let begun = Instant::now();
    let buffer = match sink.pull_range(offset, u32::try_from(want).unwrap_or(u32::MAX)) {
        Ok(buffer) => buffer,
        Err(gst::FlowError::Eos) => gst::Buffer::new(),
        Err(flow) => return Err(flow),
    };
    shared.note_pace(buffer.size(), begun.elapsed());
    Ok(buffer)
}

impl Shared {
    /// Bytes to ask for at a time.
    fn pace(&self) -> usize {
        match self.pace.load(Ordering::Relaxed) {
            0 => FIRST_PACE,
            pace => pace,
        }
    }

    /// Notes how long a read took.
    fn note_pace(&self, bytes: usize, took: Duration) {
        let micros = usize::try_from(took.as_micros())
            .unwrap_or(usize::MAX)
            .max(1);
        let wanted = usize::try_from(READ_TIME.as_micros()).unwrap_or(usize::MAX);
        let pace = bytes
            .saturating_mul(wanted)
            .checked_div(micros)
            .unwrap_or(BLOCK);
        // what is asked for at once is never a whole file
        self.pace.store(pace.clamp(LEAST, MOST), Ordering::Relaxed);
    }
}

impl Demux {
    /// The file, where it can be read anywhere.
    pub(super) fn source(&self) -> Option<PadSource> {
        let size = self
            .sink
            .peer_query_duration::<gst::format::Bytes>()
            .map(|bytes| *bytes);
        let pull = self.lock().pull;
        if !pull && (size.is_none() || !self.upstream_seeks()) {
            return None;
        }
        Some(PadSource {
            sink: self.sink.clone(),
            feed: (!pull).then(|| self.feed.clone()),
            shared: self.shared.clone(),
            size,
        })
    }

    /// The block at the parser's offset. `None` where upstream is slow and records that are held should not wait any longer.
    pub(super) fn read_next(&self) -> Result<Option<Block>, gst::FlowError> {
        let (offset, need, size, pull, waits) = {
            let mut state = self.lock();
            let size = state.block_size();
            let waits = state.holds_records();
            (
                state.offset(),
                state.want,
                state.want.max(size.min(self.shared.pace())),
                state.pull,
                waits,
            )
        };
        let block = match pull {
            true => {
                let block = pull_block(&self.sink, &self.shared, offset, size)?;
                Some(block)
            }
            false => {
                let offset = self.follow_upstream(offset)?;
                if self.feed.is_elsewhere(offset) && self.upstream_seeks() {
                    self.feed.seek_to(offset, &self.sink)?;
                }
                self.feed.read(offset, need.max(1), size, waits)?
            }
        };
        if let Some(block) = &block {
            self.shared
                .bytes_read
                .fetch_add(block.data().len() as u64, Ordering::Relaxed);
        }
        Ok(block)
    }

    /// After a flush from upstream, bytes from any place may follow: reading continues with them.
    fn follow_upstream(&self, offset: u64) -> Result<u64, gst::FlowError> {
        if !std::mem::take(&mut self.lock().follows) {
            return Ok(offset);
        }
        let offset = self.feed.wait_for_bytes()?;
        self.lock().jump_to(offset);
        Ok(offset)
    }

    /// Reads `want` bytes at `offset` for playing backwards.
    pub(super) fn read(&self, offset: u64, want: usize) -> Result<Block, gst::FlowError> {
        let mut source = self.source().ok_or(gst::FlowError::NotSupported)?;
        source.read_at(offset, want, None)
    }
}

impl State {
    /// Bytes to read at a time: little at first and after a seek, so that the first frame comes soon, then more and more. Large
    /// records are read whole, since the beginning of one that a block's end cuts is read again.
    fn block_size(&mut self) -> usize {
        let room = (self.read_on / 16).clamp(FIRST_BLOCK, BLOCK);
        if self.parser.is_none() {
            // what decides may be far behind what is there
            return self.want.next_power_of_two().max(room);
        }
        self.longest = self.longest.max(self.want.min(BLOCK));
        let size = match room.checked_div(self.longest) {
            Some(records) if self.longest > LARGE => records
                .max(1)
                .saturating_mul(self.longest)
                .saturating_add(LOOK_AHEAD)
                .min(BLOCK),
            _ => room,
        };
        self.read_on = self.read_on.saturating_add(size);
        size
    }
}

/// Bytes that upstream pushed and that were not read yet.
#[derive(Default)]
pub struct Feed {
    state: Mutex<FeedState>,
    changed: Condvar,
}

#[derive(Default)]
struct FeedState {
    adapter: gst_base::UniqueAdapter,
    /// Offset in the file of the adapter's first byte.
    offset: u64,
    /// Where the next bytes belong, from upstream's segment.
    next: Option<u64>,
    /// Upstream has no more bytes.
    ended: bool,
    /// The pad is being deactivated.
    flushing: bool,
    /// A seek interrupts the task.
    interrupted: bool,
    /// Upstream was made to stop pushing, and needs a seek to begin again.
    stopped: bool,
    /// Upstream flushes.
    upstream_flushes: bool,
    /// Upstream was asked for another place and has not answered with a segment yet.
    awaits: bool,
    /// Number of our own seek upstream, whose flushes are not anybody else's business.
    own: Option<gst::Seqnum>,
    /// Where that seek went to.
    asked: u64,
    /// What the task ended with.
    flow: Option<gst::FlowError>,
    /// Events that came between bytes, and the offset of the bytes after them.
    events: VecDeque<(u64, gst::Event)>,
    /// Bytes that the reader waits for.
    wanted: usize,
}

impl Feed {
    fn lock(&self) -> MutexGuard<'_, FeedState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything.
    pub fn reset(&self) {
        let flushing = self.lock().flushing;
        *self.lock() = FeedState {
            flushing,
            ..FeedState::default()
        };
    }

    /// Makes everybody who waits give up, or lets them wait again.
    pub fn set_flushing(&self, flushing: bool) {
        self.lock().flushing = flushing;
        self.changed.notify_all();
    }

    /// Makes the task give up waiting for bytes, or lets it wait again.
    pub fn interrupt(&self, interrupted: bool) {
        let mut state = self.lock();
        state.interrupted = interrupted;
        if !interrupted {
            state.flow = None;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// The offset of the next bytes that come.
    fn wait_for_bytes(&self) -> Result<u64, gst::FlowError> {
        let mut state = self.lock();
        loop {
            if state.flushing || state.interrupted {
                return Err(gst::FlowError::Flushing);
            }
            if !state.upstream_flushes && (state.adapter.available() > 0 || state.ended) {
                return Ok(state.offset);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The task ended with this; upstream is answered the same from now on.
    pub fn set_flow(&self, flow: Result<(), gst::FlowError>) {
        self.lock().flow = flow.err().filter(|flow| *flow != gst::FlowError::Flushing);
        self.changed.notify_all();
    }

    /// Bytes from another place follow.
    pub fn begin(&self, offset: u64) {
        let mut state = self.lock();
        state.next = Some(offset);
        state.ended = false;
        state.awaits = false;
    }

    /// Upstream has no more bytes.
    pub fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        // a seek to the very end is answered by nothing else
        state.awaits = false;
        drop(state);
        self.changed.notify_all();
    }

    /// True where the flush answers a seek of our own.
    pub fn flush_start(&self, seqnum: gst::Seqnum) -> bool {
        let mut state = self.lock();
        state.upstream_flushes = true;
        state.own = state.own.filter(|own| *own == seqnum);
        self.changed.notify_all();
        state.own.is_some()
    }

    /// True where the flush answers a seek of our own.
    pub fn flush_stop(&self, seqnum: gst::Seqnum) -> bool {
        let mut state = self.lock();
        state.upstream_flushes = false;
        state.adapter.clear();
        state.events.clear();
        state.ended = false;
        state.flow = None;
        state.stopped = false;
        // what was under way before the flush may have passed for the answer
        state.next = None;
        state.awaits = state.own == Some(seqnum);
        if state.awaits {
            // at the end of the file no segment says so
            state.offset = state.asked;
        }
        state.awaits
    }

    /// Keeps an event until the bytes before it are played.
    pub fn push_event(&self, event: gst::Event) {
        let mut state = self.lock();
        let end = match state.next {
            Some(next) => next,
            None => state
                .offset
                .saturating_add(state.adapter.available() as u64),
        };
        state.events.push_back((end, event));
    }

    /// Events whose turn it is once everything before `offset` is played.
    pub fn take_events(&self, offset: u64) -> Vec<gst::Event> {
        let mut state = self.lock();
        let due = state.events.iter().take_while(|(at, _)| *at <= offset);
        let due = due.count();
        state.events.drain(..due).map(|(_, event)| event).collect()
    }

    /// Takes bytes from upstream, which waits while enough are there.
    pub fn push(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut state = self.lock();
        loop {
            if state.flushing || state.upstream_flushes {
                return Err(gst::FlowError::Flushing);
            }
            if let Some(flow) = state.flow {
                state.stopped = true;
                return Err(flow);
            }
            if state.adapter.available() < WAITING.max(state.wanted) {
                break;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(next) = state.next.take() {
            let end = state
                .offset
                .saturating_add(state.adapter.available() as u64);
            if next != end {
                state.adapter.clear();
                state.offset = next;
            }
        }
        state.adapter.push(buffer);
        drop(state);
        self.changed.notify_all();
        Ok(gst::FlowSuccess::Ok)
    }

    /// Whether bytes from `offset` on will not come by themselves.
    fn is_elsewhere(&self, offset: u64) -> bool {
        let state = self.lock();
        let from = state.next.unwrap_or(state.offset);
        let end = match state.next {
            Some(next) => next,
            None => from.saturating_add(state.adapter.available() as u64),
        };
        offset < from || offset > end.saturating_add(NEAR)
    }

    /// Asks upstream for bytes from `offset` on, where they would not come by themselves.
    fn seek_to(&self, offset: u64, sink: &gst::Pad) -> Result<(), gst::FlowError> {
        if !self.is_elsewhere(offset) && !self.lock().stopped {
            return Ok(());
        }
        let event = gst::event::Seek::builder(
            1.0,
            gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE,
            gst::SeekType::Set,
            gst::format::Bytes::from_u64(offset),
            gst::SeekType::None,
            gst::format::Bytes::NONE,
        )
        .build();
        {
            let mut state = self.lock();
            state.own = Some(event.seqnum());
            state.asked = offset;
            state.stopped = false;
            state.flow = None;
            state.awaits = true;
        }
        if sink.push_event(event) {
            return Ok(());
        }
        self.lock().awaits = false;
        // nothing was flushed, but what comes is not what is wanted
        Err(gst::FlowError::NotSupported)
    }

    /// At least `need` bytes from `offset` on, at most `size`; fewer where upstream has no more. What is before `offset` is dropped.
    /// `patient`: `None` is answered where upstream pauses.
    fn read(
        &self,
        offset: u64,
        need: usize,
        size: usize,
        patient: bool,
    ) -> Result<Option<Block>, gst::FlowError> {
        let mut state = self.lock();
        let mut waited = Duration::ZERO;
        loop {
            let flushed_by_upstream = state.upstream_flushes && state.own.is_none();
            if state.flushing || state.interrupted || flushed_by_upstream {
                return Err(gst::FlowError::Flushing);
            }
            let settled = !state.upstream_flushes && !state.awaits;
            if state.next.is_none() && offset < state.offset && settled {
                return Err(gst::FlowError::NotSupported);
            }
            if settled && state.next.is_none() && state.offset < offset {
                let skip = offset.saturating_sub(state.offset);
                let have = state.adapter.available();
                let skip = usize::try_from(skip).unwrap_or(usize::MAX).min(have);
                state.adapter.flush(skip);
                state.offset = state.offset.saturating_add(skip as u64);
            }
            let have = state.adapter.available();
            let here = settled && state.offset == offset && state.next.is_none();
            if here && have >= need || state.ended && settled {
                let have = if here { have } else { 0 };
                let last = state.ended && have <= size;
                let take = have.min(size);
                let buffer = match take {
                    0 => gst::Buffer::new(),
                    take => state
                        .adapter
                        .buffer(take)
                        .map_err(|_| gst::FlowError::Error)?,
                };
                state.wanted = 0;
                drop(state);
                self.changed.notify_all();
                return Block::new(buffer, offset, last)
                    .map(Some)
                    .ok_or(gst::FlowError::Error);
            }
            state.wanted = need.saturating_add(1);
            self.changed.notify_all();
            let before = have;
            let step = Duration::from_millis(100);
            let (next, result) = self
                .changed
                .wait_timeout(state, step)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
            if result.timed_out() && state.adapter.available() == before {
                waited = waited.saturating_add(step);
            }
            if patient && waited >= PATIENCE {
                return Ok(None);
            }
        }
    }
}
