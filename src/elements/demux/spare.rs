// SPDX-License-Identifier: MPL-2.0
//! Memory to read blocks into, used again and again: fresh memory costs a page fault for every 4 KiB.

use super::pull::BLOCK;
use gst::buffer::{MappedBuffer, Readable};
use std::sync::Arc;

/// Blocks kept. Some are still in use, because their last pictures are held back until the next second begins.
const KEPT: usize = 4;

/// Buffers of parsed blocks. Their pictures share their memory, so each is free only when the last of these is.
#[derive(Default)]
pub struct Spares {
    buffers: Vec<Arc<MappedBuffer<Readable>>>,
    /// Upstream hands out buffers of its own.
    refused: bool,
}

impl Spares {
    /// A buffer of `size` bytes to read into. `None` where upstream has to make it.
    pub fn take(&mut self, size: usize) -> Option<gst::Buffer> {
        if self.refused || size > BLOCK {
            return None;
        }
        let free = self
            .buffers
            .iter()
            .position(|block| Arc::strong_count(block) == 1);
        let free = free.and_then(|at| Arc::into_inner(self.buffers.swap_remove(at)));
        let mut buffer = match free {
            Some(block) => block.into_buffer(),
            None => gst::Buffer::with_size(BLOCK).ok()?,
        };
        buffer.get_mut()?.set_size(size);
        Some(buffer)
    }

    /// Keeps the buffer of a block that was parsed.
    pub fn give(&mut self, block: Arc<MappedBuffer<Readable>>) {
        // a large record's own buffer is not worth keeping, nor is one of upstream's, which may be of any kind
        if self.refused || block.buffer().maxsize() != BLOCK {
            return;
        }
        if self.buffers.len() >= KEPT {
            self.buffers.remove(0);
        }
        self.buffers.push(block);
    }

    /// Upstream does not fill buffers that it is given.
    pub fn refuse(&mut self) {
        self.refused = true;
        self.buffers.clear();
    }
}
