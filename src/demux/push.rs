// SPDX-License-Identifier: MPL-2.0
//! Bytes that come by push, gathered into blocks.

use super::{Inner, input::Block, output::Out, parse::Next};
use std::sync::atomic::Ordering;

/// Bytes that came and were not parsed yet.
#[derive(Default)]
pub struct PushInput {
    /// Gathered bytes, which follow each other.
    bytes: Vec<u8>,
    /// Bytes to leave out before the next that is wanted.
    skip: u64,
    /// A flush or a jump: what comes next starts anew at this offset.
    pub next_offset: Option<u64>,
}

impl PushInput {
    /// Forgets all bytes.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.skip = 0;
    }
}

impl Inner {
    pub(super) fn chain(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let settings = self.settings();
        self.ask_live();
        let mut outs = std::mem::take(&mut self.lock().outs);
        let block = self.gather(buffer)?;
        self.deliver(&mut outs)?;
        let Some(block) = block else {
            return Ok(gst::FlowSuccess::Ok);
        };
        let end = self.parse_block(&block, &settings, &mut outs)?;
        if end {
            return Err(gst::FlowError::Eos);
        }
        self.keep_rest(&block);
        Ok(gst::FlowSuccess::Ok)
    }

    /// Parses all that a block holds. True when nothing more is wanted.
    fn parse_block(
        &self,
        block: &Block,
        settings: &super::Settings,
        outs: &mut Vec<Out>,
    ) -> Result<bool, gst::FlowError> {
        loop {
            let next = self.parse(block, settings, outs);
            let flow = self.deliver(outs);
            match next? {
                Next::More => {
                    flow?;
                }
                Next::Head => {
                    flow?;
                    self.finish_head(settings, outs)?;
                    if self.lock().pending_seek.is_some() {
                        outs.retain(|out| !matches!(out, Out::Buffers(..)));
                        self.deliver(outs)?;
                        if self.pending_seek_push() {
                            return Ok(false);
                        }
                    }
                }
                Next::Need(bytes) => {
                    flow?;
                    if self.ask_again() {
                        return Ok(false);
                    }
                    self.lock().want = bytes;
                    return Ok(false);
                }
                Next::End => {
                    flow?;
                    return Ok(true);
                }
            }
        }
    }

    /// Adds a buffer. A block comes out when as many bytes are there as the parser wants.
    fn gather(&self, buffer: gst::Buffer) -> Result<Option<Block>, gst::FlowError> {
        let size = buffer.size() as u64;
        let mut state = self.lock();
        let state = &mut *state;
        self.shared.bytes_read.fetch_add(size, Ordering::Relaxed);
        if let Some(offset) = state.push.next_offset.take() {
            state.push.clear();
            state.offset = offset;
        }
        let skip = state.push.skip.min(size);
        state.push.skip = state.push.skip.saturating_sub(skip);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let offset = state.offset;
        let have = state.push.bytes.len();
        let fresh = buffer.size().saturating_sub(skip);
        // one buffer that holds enough is parsed where it is
        if have == 0 && skip == 0 && fresh >= state.want.max(1) {
            return Block::new(buffer, offset, false)
                .map(Some)
                .ok_or(gst::FlowError::Error);
        }
        {
            let map = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
            state
                .push
                .bytes
                .extend_from_slice(map.get(skip..).unwrap_or_default());
        }
        if state.push.bytes.len() < state.want.max(1) {
            return Ok(None);
        }
        let bytes = std::mem::take(&mut state.push.bytes);
        Ok(Block::new(
            gst::Buffer::from_mut_slice(bytes),
            offset,
            false,
        ))
    }

    /// Keeps what the parser did not take.
    fn keep_rest(&self, block: &Block) {
        let mut state = self.lock();
        let at = state.offset.saturating_sub(block.offset);
        let size = block.data().len() as u64;
        if at >= size {
            state.push.skip = at.saturating_sub(size);
            return;
        }
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let rest = block.data().get(at..).unwrap_or_default();
        let room = state
            .want
            .max(rest.len())
            .min(super::pull::BLOCK.max(state.want));
        let mut bytes = Vec::with_capacity(room.saturating_add(rest.len()));
        bytes.extend_from_slice(rest);
        state.push.bytes = bytes;
    }

    /// Upstream has no more bytes: what is left is parsed as the file's end.
    pub(super) fn push_eos(&self) {
        let settings = self.settings();
        let block = {
            let mut state = self.lock();
            if state.stopped {
                None
            } else {
                let bytes = std::mem::take(&mut state.push.bytes);
                Block::new(gst::Buffer::from_mut_slice(bytes), state.offset, true)
            }
        };
        let mut outs = Vec::new();
        let mut flow = Ok(false);
        if let Some(block) = block {
            flow = self.parse_block(&block, &settings, &mut outs);
        }
        if flow.is_ok() {
            self.end_of_file(&settings);
        }
    }
}
