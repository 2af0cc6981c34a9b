// SPDX-License-Identifier: MPL-2.0
//! The streaming task of pull mode: block after block is read and parsed.

use super::{Inner, Settings, input::Block, output::Out, parse::Next};
use gst::prelude::*;
use std::sync::{Arc, atomic::Ordering};

/// Bytes read at a time.
pub const BLOCK: usize = 512 << 10;
/// A record of more bytes than this is large.
const LARGE: usize = 16 << 10;
/// Bytes read behind large records, so that the next one's size is known.
const LOOK_AHEAD: usize = 128;
/// Bytes read first.
const FIRST_BLOCK: usize = 64 << 10;

/// Why the task stops.
enum Stop {
    /// All was played.
    End,
    /// Something downstream or upstream said no.
    Flow(gst::FlowError),
}

impl Inner {
    pub(super) fn start_task(self: &Arc<Self>) -> Result<(), gst::glib::BoolError> {
        let weak = Arc::downgrade(self);
        self.sink.start_task(move || {
            // the task must not keep the element alive
            if let Some(inner) = weak.upgrade() {
                inner.step();
            }
        })
    }

    /// One turn of the task.
    fn step(self: &Arc<Self>) {
        let settings = self.settings();
        let stop = match self.play_block(&settings) {
            Ok(false) => return,
            Ok(true) => Stop::End,
            Err(flow) => Stop::Flow(flow),
        };
        let _ = self.sink.pause_task();
        match stop {
            Stop::End | Stop::Flow(gst::FlowError::Eos) => self.end_of_file(&settings),
            Stop::Flow(gst::FlowError::Flushing) => {}
            Stop::Flow(flow) => self.flow_failed(flow),
        }
    }

    /// Reads and plays a block. True at the end.
    fn play_block(self: &Arc<Self>, settings: &Settings) -> Result<bool, gst::FlowError> {
        let mut outs = std::mem::take(&mut self.lock().outs);
        self.deliver(&mut outs)?;
        if self.lock().reverse.is_some() {
            return self.play_backwards(settings);
        }
        let block = self.read_next()?;
        self.play_whole(&block, settings, &mut outs)
    }

    /// Plays what a block holds. True at the end.
    fn play_whole(
        self: &Arc<Self>,
        block: &Block,
        settings: &Settings,
        outs: &mut Vec<Out>,
    ) -> Result<bool, gst::FlowError> {
        loop {
            let next = self.parse(block, settings, outs);
            let flow = self.deliver(outs);
            let next = next?;
            flow?;
            match next {
                Next::More => {}
                Next::Head => {
                    self.finish_head(settings, outs)?;
                    if self.lock().pending_seek.is_some() {
                        // pads and their events go out; what they would have played gives way to the seek
                        outs.retain(|out| !matches!(out, Out::Buffers(..)));
                        self.deliver(outs)?;
                        self.play_pending_seek();
                        return Ok(false);
                    }
                }
                Next::Need(bytes) => {
                    self.lock().want = bytes;
                    return Ok(false);
                }
                Next::End => return Ok(self.lock().stopped || !self.has_grown(block)),
            }
        }
    }

    /// The block at the state's offset.
    fn read_next(&self) -> Result<Block, gst::FlowError> {
        let (offset, want) = {
            let mut state = self.lock();
            let size = state.block_size();
            (state.offset, state.want.max(size))
        };
        self.read(offset, want)
    }

    /// Reads `want` bytes at `offset`, fewer at the file's end.
    pub(super) fn read(&self, offset: u64, want: usize) -> Result<Block, gst::FlowError> {
        let size = u32::try_from(want).unwrap_or(u32::MAX);
        let buffer = match self.sink.pull_range(offset, size) {
            Ok(buffer) => buffer,
            Err(gst::FlowError::Eos) => gst::Buffer::new(),
            Err(flow) => return Err(flow),
        };
        let last = buffer.size() < want;
        self.shared
            .bytes_read
            .fetch_add(buffer.size() as u64, Ordering::Relaxed);
        Block::new(buffer, offset, last).ok_or(gst::FlowError::Error)
    }

    /// The recorder may still be writing: whether the file goes on now behind what was its end.
    fn has_grown(&self, block: &Block) -> bool {
        let end = block.offset.saturating_add(block.data().len() as u64);
        let grown = self
            .sink
            .pull_range(end, 1)
            .is_ok_and(|buffer| buffer.size() > 0);
        if grown {
            self.duration_changed();
        }
        grown
    }

    /// The last record was played, or the segment's stop reached.
    pub(super) fn end_of_file(&self, settings: &Settings) {
        let mut outs = Vec::new();
        let finished = self.finish(settings, &mut outs);
        let delivered = self.deliver(&mut outs);
        if let Err(flow) = finished.and(delivered)
            && flow != gst::FlowError::Eos
        {
            if flow != gst::FlowError::Flushing {
                self.flow_failed(flow);
            }
            return;
        }
        self.send_end();
    }

    /// Tells downstream that it is over: EOS, or the end of a segment.
    pub(super) fn send_end(&self) {
        let Some(element) = self.element() else {
            return;
        };
        let (empty, done, segment, seqnum, offset) = {
            let mut state = self.lock();
            let done = std::mem::replace(&mut state.pads_done, true);
            (
                state.streams.is_empty(),
                done,
                state.segment.clone(),
                state.seqnum,
                state.offset,
            )
        };
        if !done {
            element.no_more_pads();
        }
        if empty {
            gst::element_error!(
                element,
                gst::StreamError::Demux,
                ("The recording holds no picture."),
                ["it ends at offset {offset} before the first whole record"]
            );
            return;
        }
        if segment.flags().contains(gst::SegmentFlags::SEGMENT) {
            let position = if segment.rate() < 0.0 {
                segment.start()
            } else {
                segment.stop().or(self.lock().end_position())
            };
            // the next loop counts on from the true end
            if let Some(position) = position {
                self.lock().segment.set_position(position);
            }
            let message = gst::message::SegmentDone::builder(position)
                .src(&element)
                .seqnum(seqnum);
            let _ = element.post_message(message.build());
            self.push_everywhere(
                gst::event::SegmentDone::builder(position)
                    .seqnum(seqnum)
                    .build(),
            );
        } else {
            self.push_everywhere(gst::event::Eos::builder().seqnum(seqnum).build());
        }
    }

    /// A flow that is neither OK nor flushing: an error on the bus, and EOS.
    fn flow_failed(&self, flow: gst::FlowError) {
        let (seqnum, done) = {
            let mut state = self.lock();
            (state.seqnum, std::mem::replace(&mut state.pads_done, true))
        };
        // an error that the reader found was posted already
        if let (Some(element), true) = (self.element(), self.lock().reader.is_some()) {
            if !done {
                element.no_more_pads();
            }
            gst::element_error!(
                element,
                gst::StreamError::Failed,
                ("Internal data stream error."),
                ["streaming stopped, reason {flow:?}"]
            );
        }
        self.push_everywhere(gst::event::Eos::builder().seqnum(seqnum).build());
    }
}

impl super::state::State {
    /// Bytes to read at a time: little at first and after a seek, so that the first picture comes soon, then more and more. Large
    /// records are read whole, since the beginning of one that a block's end cuts is read again.
    fn block_size(&mut self) -> usize {
        self.longest = self.longest.max(self.want.min(BLOCK));
        let room = (self.read_on / 16).clamp(FIRST_BLOCK, BLOCK);
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

    /// Time at which the recording ends, as far as it was played.
    pub fn end_position(&self) -> Option<gst::ClockTime> {
        let end = self.streams.iter().map(|stream| stream.end).max()?;
        Some(gst::ClockTime::from_nseconds(end.max(0).unsigned_abs()))
    }
}
