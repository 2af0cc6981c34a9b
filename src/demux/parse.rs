// SPDX-License-Identifier: MPL-2.0
//! Shows blocks to the reader and turns its packets into items.

use super::{
    Inner, Opened, Settings,
    head::{Head, Tuning},
    input::Block,
    live::PATIENCE,
    output::Out,
    state::{Item, Region, State},
};
use formats::{
    reader::{Codec, Media, Packet, Payload, Step, swap32},
    timeline::{Interpolator, Mark},
};
use std::sync::atomic::Ordering;

/// Packets that are parsed before what they made is pushed. The C library keeps 7 freed pieces of a size at hand: with no more
/// buffers than that under way, allocating one costs next to nothing.
pub const BATCH: usize = 6;

/// What the parser wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The block holds more.
    More,
    /// These bytes, from the state's `offset` on, are needed.
    Need(usize),
    /// Enough is held back to settle what kind of file it is.
    Head,
    /// The file ended, or the segment did.
    End,
}

impl Inner {
    /// Parses a batch of the block from the state's offset on, into `outs`.
    pub(super) fn parse(
        &self,
        block: &Block,
        settings: &Settings,
        outs: &mut Vec<Out>,
    ) -> Result<Next, gst::FlowError> {
        let mut state = self.lock();
        let state = &mut *state;
        if state.reader.is_none()
            && let Some(next) = self.open(state, block, outs)?
        {
            return Ok(next);
        }
        let mut packets = 0;
        while packets < BATCH {
            if state.stopped {
                return Ok(Next::End);
            }
            if state.head_full {
                return Ok(Next::Head);
            }
            let Some(at) = state
                .offset
                .checked_sub(block.offset)
                .and_then(|at| usize::try_from(at).ok())
                .filter(|at| *at <= block.data().len())
            else {
                return Ok(Next::Need(0));
            };
            let window = block.window(at);
            if window.data.is_empty() && !window.last {
                return Ok(Next::Need(1));
            }
            let Some(reader) = state.reader.as_mut() else {
                return Ok(Next::End);
            };
            match reader.next(&window) {
                Step::Need(bytes) => return Ok(Next::Need(bytes)),
                Step::Skip(bytes) => {
                    state.end_region(outs);
                    state.offset = state.offset.saturating_add(bytes);
                }
                Step::Packet(packet) => {
                    state.end_region(outs);
                    self.packet(state, settings, block, at, packet, outs);
                    packets = packets.saturating_add(1);
                }
                Step::Damaged(damage) => {
                    state.damaged(damage.length as u64, damage.expected, outs);
                }
                Step::Cut(bytes) => {
                    outs.push(Out::Log(format!(
                        "last record, at offset {}, is cut: {bytes} bytes of it are there",
                        state.offset
                    )));
                    return Ok(Next::End);
                }
                Step::End => return Ok(Next::End),
            }
        }
        Ok(Next::More)
    }

    /// Recognises the file.
    fn open(
        &self,
        state: &mut State,
        block: &Block,
        outs: &mut Vec<Out>,
    ) -> Result<Option<Next>, gst::FlowError> {
        match self.format.open(&block.window(0)) {
            Opened::Need(bytes) => Ok(Some(Next::Need(bytes))),
            Opened::Reader(reader) => {
                state.stats.family = reader.info().family.to_owned();
                state.reader = Some(reader);
                state.head = Some(Head::default());
                Ok(None)
            }
            Opened::No(expected) => {
                let size = block.data().len();
                let element = self.element().ok_or(gst::FlowError::Flushing)?;
                let message = gst::message::Error::builder(
                    gst::StreamError::WrongType,
                    "This is no recording that this demuxer knows.",
                )
                .src(&element)
                .debug(&format!("looked for {expected} in the first {size} bytes"))
                .build();
                // the end of the stream shows the same bytes again
                if !std::mem::replace(&mut state.pads_done, true) {
                    outs.push(Out::NoMorePads);
                    outs.push(Out::Message(Box::new(message)));
                }
                Err(gst::FlowError::Error)
            }
        }
    }

    fn packet(
        &self,
        state: &mut State,
        settings: &Settings,
        block: &Block,
        at: usize,
        packet: Packet,
        outs: &mut Vec<Out>,
    ) {
        let offset = state.offset;
        state.offset = offset.saturating_add(packet.size as u64);
        state.stats.records = state.stats.records.saturating_add(1);
        let video = packet.stream.codec.media() == Media::Video;
        if video && settings.camera != 0 && packet.stream.camera != settings.camera {
            return;
        }
        let Some((buffer, corrupt)) = self.buffer(block, at, &packet) else {
            return;
        };
        if packet.audio.is_some() && !state.sounds(&packet, &buffer) {
            return;
        }
        let mark = Mark::new(offset, &packet);
        let item = Item {
            stream: packet.stream,
            buffer,
            key: packet.key,
            corrupt,
            offset,
            width: packet.width,
            height: packet.height,
            audio: packet.audio,
            mode: packet.mode,
            details: packet.details,
            damages: state.damages,
        };
        match &mut state.head {
            Some(head) => {
                state.first_record.get_or_insert(offset);
                let records = if state.live {
                    1
                } else {
                    self.format.head_records()
                };
                // what comes slowly is not waited for: the first pictures are wanted now
                let late = !state.pull && head.age() > PATIENCE;
                state.head_full = head.add(item, mark, records) || late;
            }
            None => match state.interpolator.at_once(&mark) {
                Some(time) => self.emit(state, settings, item, mark, time, outs),
                None => {
                    state.interpolator.push(item, mark);
                    self.drain(state, settings, outs);
                }
            },
        }
    }

    /// The payload as a buffer: a part of the block, or a copy where bytes must be moved. And whether its checksum failed.
    fn buffer(&self, block: &Block, at: usize, packet: &Packet) -> Option<(gst::Buffer, bool)> {
        let data = block.data().get(at..)?;
        let wrong = |bytes: &[u8]| packet.crc.is_some_and(|crc| crc != crc32fast::hash(bytes));
        let (mut buffer, corrupt) = match &packet.payload {
            Payload::Plain(range) => {
                let corrupt = wrong(data.get(range.clone())?);
                let (from, to) = (at.checked_add(range.start)?, at.checked_add(range.end)?);
                (block.part(from, to)?, corrupt)
            }
            Payload::Swap32 { range, len } => {
                let mut buffer = gst::Buffer::with_size(*len).ok()?;
                let mut corrupt = false;
                {
                    let mut map = buffer.get_mut()?.map_writable().ok()?;
                    swap32(data.get(range.clone())?, &mut map);
                    corrupt |= wrong(&map);
                }
                (buffer, corrupt)
            }
            other => {
                let bytes = other.to_vec(data);
                let corrupt = wrong(&bytes);
                (gst::Buffer::from_mut_slice(bytes), corrupt)
            }
        };
        if packet.details.is_some() {
            self.format.decorate(packet, buffer.make_mut());
        }
        Some((buffer, corrupt))
    }

    /// Enough was held back: clock and codecs are settled, and what was held back goes on.
    pub(super) fn finish_head(
        &self,
        settings: &Settings,
        outs: &mut Vec<Out>,
    ) -> Result<(), gst::FlowError> {
        {
            let mut state = self.lock();
            let state = &mut *state;
            let (Some(head), Some(reader)) = (&state.head, &state.reader) else {
                return Ok(());
            };
            state.tuning = head.tuning(reader.info());
            // a partition's records may have turned out to be something else
            state.stats.family = reader.info().family.to_owned();
            state.stats.clock = state.tuning.clock_name();
        }
        // the head is settled, so that the file can be looked over before the first buffer goes out
        self.survey(settings, super::survey::OPENING)?;
        let mut state = self.lock();
        let state = &mut *state;
        state.head_full = false;
        state.read_on = 0;
        let Some(head) = state.head.take() else {
            return Ok(());
        };
        let timing = state.tuning.timing;
        state.interpolator = Interpolator::new(timing);
        if let Some(first) = head.items.iter().find_map(|(_, mark)| mark.timestamp) {
            state.interpolator.begin(first);
        }
        state.runs = state.run_map(settings, timing);
        self.tell_warnings(state, outs);
        self.first_streams(state, settings, &head.items, outs);
        for (item, mark) in head.items {
            state.interpolator.push(item, mark);
        }
        self.drain(state, settings, outs);
        Ok(())
    }

    fn tell_warnings(&self, state: &mut State, outs: &mut Vec<Out>) {
        let Some(reader) = state.reader.as_mut() else {
            return;
        };
        for warning in reader.take_warnings() {
            outs.push(Out::Warning(
                "Not everything about this recording is certain.".to_owned(),
                warning,
            ));
        }
    }

    /// Hands out all records whose time is known.
    pub(super) fn drain(&self, state: &mut State, settings: &Settings, outs: &mut Vec<Out>) {
        while let Some((item, mark, time)) = state.interpolator.pop() {
            self.emit(state, settings, item, mark, time, outs);
        }
    }

    /// The file ended: what is held back goes on.
    pub(super) fn finish(
        &self,
        settings: &Settings,
        outs: &mut Vec<Out>,
    ) -> Result<(), gst::FlowError> {
        self.finish_head(settings, outs)?;
        let mut state = self.lock();
        let state = &mut *state;
        state.interpolator.finish();
        self.drain(state, settings, outs);
        state.end_region(outs);
        self.tell_warnings(state, outs);
        state.stats.bytes_read = self.shared.bytes_read.load(Ordering::Relaxed);
        Ok(())
    }
}

impl State {
    /// Whether sound has a pad, or earns one now. The sound track of PLV1 files was silent on everything seen (verified): one
    /// whose bytes never change holds no sound, and a player would show a track that is none.
    fn sounds(&self, packet: &Packet, buffer: &gst::Buffer) -> bool {
        if packet.stream.codec == Codec::ImaAdpcm
            || self
                .streams
                .iter()
                .any(|stream| stream.key == packet.stream)
        {
            return true;
        }
        let waiting = self
            .head
            .as_ref()
            .is_some_and(|head| head.has(packet.stream));
        let Ok(map) = buffer.map_readable() else {
            return false;
        };
        let width = if packet.stream.codec == Codec::PcmS16le {
            2
        } else {
            1
        };
        waiting
            || map
                .chunks(width)
                .any(|sample| map.get(..width) != Some(sample))
    }

    /// These bytes are damaged; they may go on an earlier damaged region.
    fn damaged(&mut self, length: u64, expected: &'static str, outs: &mut Vec<Out>) {
        let at = self.offset;
        self.offset = at.saturating_add(length);
        self.stats.skipped = self.stats.skipped.saturating_add(length);
        match &mut self.region {
            Some(region) if region.offset.saturating_add(region.length) == at => {
                region.length = region.length.saturating_add(length);
            }
            _ => {
                self.end_region(outs);
                self.region = Some(Region {
                    offset: at,
                    length,
                    expected,
                });
            }
        }
        self.damages = self.damages.wrapping_add(1);
    }

    /// The reader is past a damaged region: one warning for all of it.
    fn end_region(&mut self, outs: &mut Vec<Out>) {
        let Some(region) = self.region.take() else {
            return;
        };
        self.stats.damaged = self.stats.damaged.saturating_add(1);
        outs.push(Out::Warning(
            "Part of the recording is damaged and was skipped.".to_owned(),
            format!(
                "{} bytes at offset {}: expected {}",
                region.length, region.offset, region.expected
            ),
        ));
    }

    /// The resolution hint for a missing VOL.
    pub fn vol_hint(&self) -> Option<u16> {
        Tuning::resolution_hint(self.reader.as_ref()?.info().standard)
    }
}
