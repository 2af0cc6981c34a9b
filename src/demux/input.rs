// SPDX-License-Identifier: MPL-2.0
//! Bytes of the file as the parser sees them, whichever way they came.

use formats::reader::Window;
use gst::buffer::{MappedBuffer, Readable};
use std::{ops::Range, sync::Arc};

/// A stretch of the file in memory. Pictures are output as parts of it.
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
            unread: 0,
        }
        .skip(at)
    }

    /// A part of the block as a buffer that shares its memory.
    pub fn part(&self, from: usize, to: usize) -> Option<gst::Buffer> {
        self.data().get(from..to)?;
        Some(gst::Buffer::from_slice(Part {
            map: self.map.clone(),
            range: from..to,
        }))
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
