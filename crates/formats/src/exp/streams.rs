// SPDX-License-Identifier: MPL-2.0
//! Which streams a file has, to tell a damaged camera number or codec from a new stream.

use super::{
    record::Record,
    scan::{Ahead, Frame},
};
use crate::reader::StreamKey;
use std::collections::HashSet;

/// Expected of a record that belongs to no stream.
pub const STREAM: &str = "a camera and codec that the header lists or other records have";
/// Bytes and records in which a stream that nothing announced has to come again to be believed.
const AGAIN_WINDOW: usize = 1 << 20;
const AGAIN_RECORDS: usize = 512;
/// Streams that came once, which are remembered.
const MAX_STRAYS: usize = 64;
/// Looks ahead that found nothing, before there are no more of them: what a file is read for stays bounded.
const MAX_LOOKS: u16 = 256;

/// The streams of a file.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    last: Option<StreamKey>,
    known: HashSet<StreamKey>,
    /// Streams that came once, and where.
    strays: Vec<(StreamKey, u64)>,
    looks: u16,
    /// Every stream is believed.
    trusting: bool,
}

/// What follows a record soon.
enum Soon {
    /// Another record of its stream.
    Again,
    /// Records of other streams.
    Others,
    /// No record.
    Nothing,
}

fn key(record: &Record) -> StreamKey {
    StreamKey {
        camera: record.camera,
        codec: record.codec,
    }
}

impl Streams {
    /// Every stream is believed from now on, without a look ahead.
    pub fn trust(&mut self) {
        self.trusting = true;
    }

    /// Whether the record is of the stream that the last one was of.
    pub fn is_last(&self, record: &Record) -> bool {
        self.last == Some(key(record))
    }

    /// Whether a record at `offset` belongs to a stream of the file. One that the header does not list (`listed`; `None` where no
    /// header lists any) and nothing has shown before has to come again soon, or for a second time, or it is one damaged
    /// record. `ahead` gives the records after it.
    ///
    /// # Errors
    /// Bytes that the window must have for `ahead`.
    pub fn belongs<'a, F: Frame + 'a>(
        &mut self,
        record: &Record,
        offset: u64,
        listed: Option<bool>,
        ahead: impl FnOnce(usize) -> Ahead<'a, F>,
    ) -> Result<bool, usize> {
        let stream = key(record);
        if !self.known.contains(&stream) {
            let media = stream.codec.media();
            let mut of_camera = self
                .known
                .iter()
                .filter(|known| known.camera == stream.camera);
            let rivalled = of_camera.any(|known| known.codec.media() == media);
            let believed = self.trusting
                || listed == Some(true) && !rivalled
                || match self.look(stream, ahead(AGAIN_WINDOW))? {
                    Soon::Again => true,
                    Soon::Others => false,
                    // a file of one record: nothing contradicts it
                    Soon::Nothing => listed.is_none() && self.known.is_empty(),
                };
            if !believed && self.is_stray(stream, offset) {
                return Ok(false);
            }
            self.known.insert(stream);
        }
        self.last = Some(stream);
        Ok(true)
    }

    fn look<F: Frame>(
        &mut self,
        stream: StreamKey,
        mut ahead: Ahead<'_, F>,
    ) -> Result<Soon, usize> {
        if self.looks >= MAX_LOOKS {
            return Ok(Soon::Others);
        }
        let mut soon = Soon::Nothing;
        for _ in 0..AGAIN_RECORDS {
            match ahead.next()? {
                Some((next, _)) if key(&next) == stream => return Ok(Soon::Again),
                Some(_) => soon = Soon::Others,
                None => break,
            }
        }
        self.looks = self.looks.saturating_add(1);
        Ok(soon)
    }

    /// Whether this is the first record that came from the stream.
    fn is_stray(&mut self, stream: StreamKey, offset: u64) -> bool {
        let mut same = self.strays.iter().filter(|(stray, _)| *stray == stream);
        match same.next() {
            Some((_, at)) => *at == offset,
            None => {
                if self.strays.len() >= MAX_STRAYS {
                    self.strays.remove(0);
                }
                self.strays.push((stream, offset));
                true
            }
        }
    }
}
