// SPDX-License-Identifier: MPL-2.0
//! Files that can be read at an offset, whoever reads them.

/// Something that can be read at an offset: a file, an element's sink pad in pull mode, bytes in memory.
pub trait Source {
    /// Bytes as they come.
    type Block: AsRef<[u8]>;
    /// Why they do not.
    type Error;

    /// Bytes from `offset` on: `want` of them, or fewer where the file ends. `old` is a block that is no longer needed, whose
    /// memory may be used again.
    ///
    /// # Errors
    /// Whatever the source fails with; the end of the file is not an error.
    fn read_at(
        &mut self,
        offset: u64,
        want: usize,
        old: Option<Self::Block>,
    ) -> Result<Self::Block, Self::Error>;

    /// Bytes of the file, where known.
    fn size(&self) -> Option<u64>;

    /// These bytes will be read soon.
    fn prefetch(&mut self, _offset: u64, _bytes: u64) {}
}

impl<S: Source> Source for &mut S {
    type Block = S::Block;
    type Error = S::Error;

    fn read_at(
        &mut self,
        offset: u64,
        want: usize,
        old: Option<S::Block>,
    ) -> Result<S::Block, S::Error> {
        (**self).read_at(offset, want, old)
    }

    fn size(&self) -> Option<u64> {
        (**self).size()
    }

    fn prefetch(&mut self, offset: u64, bytes: u64) {
        (**self).prefetch(offset, bytes);
    }
}

/// A file on disk, or a disk. Clones read the same file.
#[derive(Clone, Debug)]
pub struct FileSource {
    file: std::sync::Arc<std::fs::File>,
}

impl FileSource {
    /// Reads this file.
    pub fn new(file: std::fs::File) -> FileSource {
        FileSource {
            file: std::sync::Arc::new(file),
        }
    }

    /// The file.
    pub fn file(&self) -> &std::fs::File {
        &self.file
    }
}

impl Source for FileSource {
    type Block = Vec<u8>;
    type Error = std::io::Error;

    fn read_at(
        &mut self,
        offset: u64,
        want: usize,
        old: Option<Vec<u8>>,
    ) -> std::io::Result<Vec<u8>> {
        use std::os::unix::fs::FileExt;
        let mut block = old.unwrap_or_default();
        // bytes that are already there are overwritten: only what is new has to be cleared
        block.resize(want, 0);
        let mut have = 0_usize;
        while let Some(space) = block.get_mut(have..).filter(|space| !space.is_empty()) {
            match self.file.read_at(space, offset.saturating_add(have as u64)) {
                Ok(0) => break,
                Ok(read) => have = have.saturating_add(read),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        block.truncate(have);
        Ok(block)
    }

    fn size(&self) -> Option<u64> {
        use std::io::{Seek, SeekFrom};
        let meta = self.file.metadata().ok()?;
        if meta.is_file() {
            return Some(meta.len());
        }
        // a disk has no length of its own, only an end
        (&*self.file).seek(SeekFrom::End(0)).ok()
    }
}

/// Bytes in memory.
impl<'a> Source for &'a [u8] {
    type Block = &'a [u8];
    type Error = std::convert::Infallible;

    fn read_at(
        &mut self,
        offset: u64,
        want: usize,
        _old: Option<&'a [u8]>,
    ) -> Result<&'a [u8], Self::Error> {
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.len());
        let to = from.saturating_add(want).min(self.len());
        Ok(self.get(from..to).unwrap_or_default())
    }

    fn size(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}
