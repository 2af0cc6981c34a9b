// SPDX-License-Identifier: MPL-2.0
//! The streaming task: reads a block and plays it, again and again.

use super::{Demux, play::Next, source::Block};
use gst::{glib, prelude::*};
use std::sync::{Mutex, MutexGuard, PoisonError, atomic::Ordering};

/// The task, and the lock that it holds while it runs a turn.
#[derive(Default)]
pub struct Streaming {
    slot: Mutex<Slot>,
    lock: gst::TaskLock,
}

#[derive(Default)]
struct Slot {
    task: Option<gst::Task>,
    /// The FLUSH_STOP of upstream's own flush, for the next turn to act on.
    flush: Option<gst::Event>,
}

impl Streaming {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the task end after its turn.
    pub fn end(&self) {
        if let Some(task) = self.slot().task.take() {
            let _ = task.stop();
        }
    }
}

/// Why the task stops.
enum Stop {
    /// All was played.
    End,
    /// Something downstream or upstream refused.
    Flow(gst::FlowError),
}

impl Demux {
    /// Starts the task, or lets it continue. One task serves until the pad is deactivated: another closure over a task that
    /// exists would never be freed.
    pub(super) fn start(&self) -> Result<(), glib::BoolError> {
        let mut slot = self.task.slot();
        let task = slot.task.get_or_insert_with(|| {
            // the task must not keep the element alive
            let element = self.element.clone();
            let step = self.functions.step;
            gst::Task::builder(move |_| {
                if let Some(element) = element.upgrade() {
                    step(&element);
                }
            })
            .lock(&self.task.lock)
            .build()
        });
        task.start()
    }

    /// Lets the task end its turn and waits for that. The task is taken first: a pause after the stop would revive it.
    pub(super) fn stop(&self) {
        let Slot { task, .. } = std::mem::take(&mut *self.task.slot());
        if let Some(task) = task {
            let _ = task.stop();
            let _ = task.join();
        }
    }

    /// No further turn begins.
    pub(super) fn pause(&self) {
        if let Some(task) = &self.task.slot().task {
            let _ = task.pause();
        }
    }

    /// The same after a turn that was the last, unless upstream flushed meanwhile.
    pub(super) fn rest(&self) {
        let slot = self.task.slot();
        if let (Some(task), None) = (&slot.task, &slot.flush) {
            let _ = task.pause();
        }
    }

    /// Upstream flushed by its own wish. The next turn acts on it: this one may wait in a seek upstream for the very lock under which
    /// `event` comes.
    pub(super) fn flushed_by_upstream(&self, event: gst::Event) -> bool {
        self.feed.interrupt(true);
        self.task.slot().flush = Some(event);
        self.start().is_ok()
    }

    /// Acts on a flush of upstream. Call between two turns.
    pub(super) fn take_flush(&self) {
        let flush = self.task.slot().flush.take();
        if let Some(event) = flush {
            self.feed.interrupt(false);
            self.begin_anew(event);
        }
    }

    /// Waits until the task is between two turns, and keeps it there.
    pub(super) fn hold(&self) -> gst::TaskLockGuard<'_> {
        self.task.lock.lock()
    }

    /// One turn. False where the task has to pause.
    pub(super) fn step(&self) -> bool {
        self.take_flush();
        let stop = match self.play_block() {
            Ok(false) => return true,
            Ok(true) => Stop::End,
            Err(flow) => Stop::Flow(flow),
        };
        let flow = match stop {
            Stop::End | Stop::Flow(gst::FlowError::Eos) => match self.end_of_file() {
                Ok(()) => Err(gst::FlowError::Eos),
                Err(flow) => Err(flow),
            },
            Stop::Flow(flow) => {
                if flow != gst::FlowError::Flushing {
                    self.flow_failed(flow);
                }
                Err(flow)
            }
        };
        self.feed.set_flow(flow);
        false
    }

    /// Passes on what upstream sent between bytes that were played.
    fn forward_events(&self, offset: u64) {
        for event in self.feed.take_events(offset) {
            self.push_everywhere(event);
        }
    }

    /// Reads and plays a block. True at the end.
    fn play_block(&self) -> Result<bool, gst::FlowError> {
        let (shown, offset) = {
            let state = self.lock();
            (!state.streams.is_empty(), state.offset())
        };
        if shown {
            self.forward_events(offset);
        }
        let settings = self.settings();
        let mut outs = std::mem::take(&mut self.lock().outs);
        self.deliver(&mut outs)?;
        if self.lock().reverse.is_some() {
            return self.play_backwards(&settings);
        }
        if self.lock().stopped {
            return Ok(true);
        }
        let block = match self.read_next() {
            // an application wants the end
            Err(gst::FlowError::Flushing) if self.lock().stopped => return Ok(true),
            read => read?,
        };
        self.prepare_first_block();
        let Some(block) = block else {
            // upstream is slow: what is there is shown
            self.finish_head(&settings, &mut outs)?;
            self.join(&mut self.lock(), &settings, &mut outs);
            self.deliver(&mut outs)?;
            return Ok(false);
        };
        loop {
            let next = self.parse(&block, &settings, &mut outs);
            let flow = self.deliver(&mut outs);
            let next = next?;
            flow?;
            match next {
                Next::More => {}
                Next::Head => {
                    self.finish_head(&settings, &mut outs)?;
                    if self.lock().pending_seek.is_some() {
                        // pads and their events go out; what they would have played gives way to the seek
                        outs.retain(|out| !out.is_buffer());
                        self.deliver(&mut outs)?;
                        self.play_pending_seek();
                        return Ok(false);
                    }
                }
                Next::Need(bytes) => {
                    self.lock().want = bytes;
                    return Ok(false);
                }
                Next::End if self.lock().pending_seek.is_some() => {
                    // a file that ends before its head was full
                    self.finish_head(&settings, &mut outs)?;
                    outs.retain(|out| !out.is_buffer());
                    self.deliver(&mut outs)?;
                    self.play_pending_seek();
                    return Ok(false);
                }
                Next::End => return Ok(self.lock().stopped || !self.has_grown(&block)),
            }
        }
    }

    /// The recorder may still be writing: whether the file goes on now after what was its end.
    fn has_grown(&self, block: &Block) -> bool {
        if !self.lock().pull {
            return false;
        }
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
    fn end_of_file(&self) -> Result<(), gst::FlowError> {
        let settings = self.settings();
        let mut outs = Vec::new();
        let finished = self.finish(&settings, &mut outs);
        let delivered = self.deliver(&mut outs).map(|_| ());
        if let Err(flow) = finished.and(delivered)
            && flow != gst::FlowError::Eos
        {
            if flow != gst::FlowError::Flushing {
                self.flow_failed(flow);
            }
            return Err(flow);
        }
        self.forward_events(u64::MAX);
        self.send_end();
        Ok(())
    }

    /// Sends EOS downstream, or the end of a segment.
    fn send_end(&self) {
        let Some(element) = self.element() else {
            return;
        };
        let (done, segment, seqnum, offset, end, events) = {
            let mut state = self.lock();
            let state = &mut *state;
            let done = std::mem::replace(&mut state.pads_done, true);
            // a segment in which nothing is to be shown is sent all the same
            let mut outs = Vec::new();
            let to = state.streams.iter().map(|stream| stream.covered).max();
            let forward = state.segment.rate() > 0.0 && !state.stopped;
            for stream in &mut state.streams {
                stream.send_segment(&state.segment, state.seqnum, &mut outs);
                // what is not shown waits in `multiqueue` for the time of what is: texts would hold it up until their end, which
                // comes after its own
                if let Some(to) =
                    to.filter(|to| forward && stream.is_sparse() && stream.covered < *to)
                {
                    stream.send_gap(to, &mut outs);
                }
            }
            let empty = state.streams.is_empty();
            let end = if empty {
                None
            } else {
                Some(state.end_position())
            };
            (
                done,
                state.segment.clone(),
                state.seqnum,
                state.offset(),
                end,
                outs,
            )
        };
        if !done {
            element.no_more_pads();
        }
        if segment.rate() > 0.0
            && segment.stop().is_none()
            && let Some(end) = end.flatten()
            && self.lock().extend_map(end)
        {
            self.duration_changed();
        }
        let Some(end) = end else {
            gst::element_error!(
                element,
                gst::StreamError::Demux,
                ("The recording contains no frames."),
                ["it ends at offset {offset} before the first whole record"]
            );
            return;
        };
        let mut events = events;
        let _ = self.deliver(&mut events);
        gst::debug!(self.cat, obj = element, "end at offset {offset}");
        if segment.flags().contains(gst::SegmentFlags::SEGMENT) {
            let position = match segment.rate() < 0.0 {
                true => segment.start(),
                false => segment.stop().or(end),
            };
            // the next loop counts on from the true end
            if let Some(position) = position {
                self.lock().segment.set_position(position);
                self.shared
                    .position
                    .store(position.nseconds(), Ordering::Relaxed);
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
        let (seqnum, done, known) = {
            let mut state = self.lock();
            let done = std::mem::replace(&mut state.pads_done, true);
            (state.seqnum, done, !state.refused)
        };
        // an error that the reader found was posted already
        if let (Some(element), true) = (self.element(), known) {
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
