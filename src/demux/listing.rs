// SPDX-License-Identifier: MPL-2.0
//! Reads records (or the entries of an index) anywhere in the file, beside playback: what stands where, and when it was recorded.

use super::{Inner, input::Block, time_map::Space};
use formats::{
    reader::{IndexPlace, Media, Mode, Reader, Step, Timestamp},
    timeline::{FrameTiming, Interpolator, Mark},
};
use std::ops::ControlFlow;

/// Bytes read at a time while looking for one record.
const SAMPLE: usize = 32 << 10;
/// Bytes read at a time while going over many.
const STRIDE: usize = 512 << 10;

/// A picture as the survey sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the survey's space.
    pub position: u64,
    /// Offset of its record.
    pub offset: u64,
    /// Its camera.
    pub camera: u16,
    /// Needs no other picture.
    pub key: bool,
    /// The recorder's time.
    pub timestamp: Option<Timestamp>,
    /// Its slot.
    pub slot: Option<u64>,
    /// Number of its record, wrapping at 65,536.
    pub sequence: Option<u16>,
    /// Why it was recorded, where the place tells.
    pub mode: Mode,
}

enum Source {
    Records(Box<dyn Reader>),
    Index(Box<dyn Reader>, IndexPlace),
}

/// Goes over a part of the file.
pub struct RecordScanner<'a> {
    inner: &'a Inner,
    source: Source,
    camera: u16,
    block: Option<Block>,
    /// Bytes that were read for it.
    pub read: u64,
}

impl<'a> RecordScanner<'a> {
    /// A listing in this space. `reader` is a fork of the file's reader; `camera` the only one of interest, 0 = all.
    pub fn new(
        inner: &'a Inner,
        reader: Box<dyn Reader>,
        space: Space,
        camera: u16,
    ) -> Option<RecordScanner<'a>> {
        let source = match (space, reader.info().index) {
            (Space::Records, _) => Source::Records(reader),
            (Space::Index, Some(place)) => Source::Index(reader, place),
            (Space::Index, None) => return None,
        };
        Some(RecordScanner {
            inner,
            source,
            camera,
            block: None,
            read: 0,
        })
    }

    /// The bytes from `at` on: at least `want` unless the file ends.
    fn block(&mut self, at: u64, want: usize, stride: usize) -> Result<&Block, gst::FlowError> {
        let holds = self.block.as_ref().is_some_and(|block| {
            let end = block.offset.saturating_add(block.data().len() as u64);
            block.offset <= at
                && (at.saturating_add(want.max(1) as u64) <= end || (block.last && at <= end))
        });
        if !holds {
            let block = self.inner.read(at, want.max(stride))?;
            self.read = self.read.saturating_add(block.data().len() as u64);
            self.block = Some(block);
        }
        self.block.as_ref().ok_or(gst::FlowError::Error)
    }

    /// The first picture at `from` or later whose place is before `to`.
    pub fn sample(&mut self, from: u64, to: u64) -> Result<Option<Entry>, gst::FlowError> {
        let mut found = None;
        self.each(from, to, SAMPLE, true, |entry| {
            found = Some(entry);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Shows every picture from `from` on whose place is before `to`. `jump`: no record need begin at `from`.
    pub fn walk(
        &mut self,
        from: u64,
        to: u64,
        jump: bool,
        show: impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), gst::FlowError> {
        self.each(from, to, STRIDE, jump, show)
    }

    fn each(
        &mut self,
        from: u64,
        to: u64,
        stride: usize,
        jump: bool,
        show: impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), gst::FlowError> {
        match &self.source {
            Source::Records(_) => self.each_record(from, to, stride, jump, show),
            Source::Index(_, place) => {
                let place = *place;
                // entries are small: a sample of them needs less than one of records
                self.each_entry(place, from, to, stride / 8, show)
            }
        }
    }

    fn each_entry(
        &mut self,
        place: IndexPlace,
        from: u64,
        to: u64,
        stride: usize,
        mut show: impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), gst::FlowError> {
        let size = place.entry_size.max(1);
        let first = from.saturating_sub(place.offset).div_ceil(size as u64);
        let mut at = place
            .offset
            .saturating_add(first.saturating_mul(size as u64));
        let end = place
            .offset
            .saturating_add(place.count.saturating_mul(size as u64))
            .min(to);
        while at < end {
            let camera = self.camera;
            self.block(at, size, stride)?;
            let (Some(block), Source::Index(reader, _)) = (&self.block, &self.source) else {
                return Ok(());
            };
            let skip = usize::try_from(at.saturating_sub(block.offset)).unwrap_or(usize::MAX);
            let data = block.data().get(skip..).unwrap_or_default();
            if data.len() < size {
                return Ok(());
            }
            for raw in data.chunks_exact(size) {
                if at >= end {
                    return Ok(());
                }
                let number = at.saturating_sub(place.offset).checked_div(size as u64);
                let entry = reader.index_entry(&place, number.unwrap_or(0), raw);
                let Some(entry) = entry else {
                    return Ok(());
                };
                let position = at;
                at = at.saturating_add(size as u64);
                if !entry.video || (camera != 0 && entry.camera != camera) {
                    continue;
                }
                let shown = show(Entry {
                    position,
                    offset: entry.offset,
                    camera: entry.camera,
                    key: entry.key,
                    timestamp: entry.timestamp,
                    slot: None,
                    sequence: None,
                    mode: Mode::Unknown,
                });
                if shown.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn each_record(
        &mut self,
        from: u64,
        to: u64,
        stride: usize,
        jump: bool,
        mut show: impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), gst::FlowError> {
        if let (Source::Records(reader), true) = (&mut self.source, jump) {
            reader.resync();
        }
        let (mut at, mut want) = (from, 1);
        while at < to {
            let camera = self.camera;
            self.block(at, want, stride)?;
            let (Some(block), Source::Records(reader)) = (&self.block, &mut self.source) else {
                return Ok(());
            };
            let skip = usize::try_from(at.saturating_sub(block.offset)).unwrap_or(usize::MAX);
            let window = block.window(skip);
            if window.data.is_empty() && window.last {
                return Ok(());
            }
            want = 1;
            match reader.next(&window) {
                Step::Need(bytes) => want = bytes,
                Step::Skip(bytes) => at = at.saturating_add(bytes),
                Step::Damaged(damage) => at = at.saturating_add(damage.length as u64),
                Step::Cut(_) | Step::End => return Ok(()),
                Step::Packet(packet) => {
                    let position = at;
                    at = at.saturating_add(packet.size as u64);
                    let video = packet.stream.codec.media() == Media::Video;
                    if !video || (camera != 0 && packet.stream.camera != camera) || position >= to {
                        continue;
                    }
                    let shown = show(Entry {
                        position,
                        offset: position,
                        camera: packet.stream.camera,
                        key: packet.key,
                        timestamp: packet.timestamp,
                        slot: packet.slot,
                        sequence: packet.sequence,
                        mode: packet.mode,
                    });
                    if shown.is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Every picture from `from` on with the time it is played by, until `enough` says so. The pictures of the first second are
    /// left out where the clock only counts seconds and reading began inside it.
    pub fn timed(
        &mut self,
        from: u64,
        to: u64,
        timing: &FrameTiming,
        whole: bool,
        mut enough: impl FnMut(&Entry, i64) -> bool,
    ) -> Result<Vec<(Entry, i64)>, gst::FlowError> {
        let mut interpolator: Interpolator<Entry> = Interpolator::new(*timing);
        let mut out = Vec::new();
        let coarse = timing.resolution == formats::timeline::Resolution::Seconds;
        let mut first: Vec<(u16, i64)> = Vec::new();
        self.walk(from, to, !whole, |entry| {
            let mark = entry.mark();
            interpolator.push(entry, mark);
            while let Some((entry, mark, time)) = interpolator.pop() {
                if coarse && !whole && is_first_second(&mut first, &mark) {
                    continue;
                }
                let done = enough(&entry, time);
                out.push((entry, time));
                if done {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        interpolator.finish();
        while let Some((entry, mark, time)) = interpolator.pop() {
            if !(coarse && !whole && is_first_second(&mut first, &mark)) {
                out.push((entry, time));
            }
        }
        Ok(out)
    }
}

impl Entry {
    /// As the timeline wants it.
    pub fn mark(&self) -> Mark {
        Mark {
            camera: self.camera,
            codec: formats::reader::Codec::Mpeg4,
            video: true,
            key: self.key,
            offset: self.offset,
            timestamp: self.timestamp,
            slot: self.slot,
        }
    }
}

/// Whether a record belongs to the first second that was seen of its camera.
fn is_first_second(first: &mut Vec<(u16, i64)>, mark: &Mark) -> bool {
    let Some(timestamp) = mark.timestamp else {
        return false;
    };
    match first.iter().find(|(camera, _)| *camera == mark.camera) {
        Some((_, second)) => *second == timestamp.seconds,
        None => {
            first.push((mark.camera, timestamp.seconds));
            true
        }
    }
}
