// SPDX-License-Identifier: MPL-2.0
//! Bytes of the file as the parser sees them, whichever way they came.

use crate::container::reader::Window;
use gst::buffer::{MappedBuffer, Readable};

/// A stretch of the file in memory. Pictures are handed out as parts of it.
pub struct Block {
    map: MappedBuffer<Readable>,
    /// Offset in the file of its first byte.
    pub offset: u64,
    /// The file ends with it.
    pub last: bool,
}

impl Block {
    /// Maps a buffer. `None` where it cannot be read.
    pub fn new(buffer: gst::Buffer, offset: u64, last: bool) -> Option<Block> {
        Some(Block {
            map: buffer.into_mapped_buffer_readable().ok()?,
            offset,
            last,
        })
    }

    /// The buffer it is, no longer mapped.
    pub fn into_buffer(self) -> gst::Buffer {
        self.map.into_buffer()
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
        }
        .skip(at)
    }

    /// A part of the block as a buffer that shares its memory.
    pub fn part(&self, from: usize, to: usize) -> Option<gst::Buffer> {
        let block = self.map.buffer();
        if block.n_memory() != 1 {
            let region = block.copy_region(gst::BufferCopyFlags::MEMORY, from..to);
            return region.ok();
        }
        // the usual case, without what a copy of any buffer has to look at
        let length = to.checked_sub(from).filter(|_| to <= block.size())?;
        let memory = block.peek_memory(0).share(from..from.checked_add(length)?);
        let mut buffer = gst::Buffer::new();
        buffer.get_mut()?.append_memory(memory);
        Some(buffer)
    }
}
