// SPDX-License-Identifier: MPL-2.0
//! Reverse playback: groups of frames from the end to the beginning, each group forwards.
//!
//! The file is read backwards in ranges. Frames at the beginning of a range whose keyframe is in the range before wait for it. Decoders turn each group round.

use super::{
    Demux, Settings,
    output::{Out, push_buffer},
    play::Next,
};
use formats::{
    recording::{Lister, Parser, Space},
    timeline::Resolution,
};
use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
};

/// Bytes read at a time.
const STRETCH: u64 = 1 << 20;
/// Bytes read before a range so that its first records are placed in time as when playing forwards.
const WARM: u64 = 512 << 10;
/// Bytes between frames whose slots are noted.
const SLOT_STEP: u64 = 256 << 10;
/// Bytes that wait for their keyframe at most.
const MAX_WAITING: usize = 24 << 20;

/// A frame on its way out.
struct Frame {
    key: bool,
    buffer: gst::Buffer,
}

/// Where reverse playback is.
pub struct Reverse {
    /// Records before this offset were not played yet.
    end: u64,
    /// Records before this offset are not wanted.
    floor: u64,
    /// Stream time at which it begins, and at which it ends.
    from: i64,
    until: i64,
    /// Frames of the range being read, by stream.
    read: HashMap<usize, Vec<Frame>>,
    /// Frames that wait for their keyframe, by stream.
    waiting: HashMap<usize, Vec<Frame>>,
    /// Streams whose last frame of the range has no reference: nothing that follows it has one.
    broken: HashMap<usize, bool>,
    /// Offsets of records that count.
    range: (u64, u64),
    begun: bool,
    /// Offsets of some frames and their slots, in a file without a clock.
    slots: Vec<(u64, u64)>,
}

impl Reverse {
    /// From stream time `from` back to `until`, in a file whose records end at `end`; none before `floor` is
    /// wanted, and none of a camera after `ceiling`.
    pub fn new(ceiling: Option<u64>, end: u64, floor: u64, from: i64, until: i64) -> Reverse {
        Reverse {
            // audio and other cameras may be a little later in the file
            end: ceiling.map_or(end, |ceiling| ceiling.saturating_add(WARM).min(end)),
            floor,
            from,
            until,
            read: HashMap::new(),
            waiting: HashMap::new(),
            broken: HashMap::new(),
            range: (0, 0),
            begun: false,
            slots: Vec::new(),
        }
    }

    /// Takes a frame of the range.
    pub fn collect(&mut self, stream: usize, key: bool, buffer: gst::Buffer) {
        self.read
            .entry(stream)
            .or_default()
            .push(Frame { key, buffer });
    }

    /// Notes whether frames that follow this one have a reference.
    pub fn note(&mut self, stream: usize, offset: u64, broken: bool) {
        if self.counts(offset) {
            self.broken.insert(stream, broken);
        }
    }

    /// Whether a record belongs to the range being read.
    pub fn counts(&self, offset: u64) -> bool {
        (self.range.0..self.range.1).contains(&offset)
    }
}

impl Demux {
    /// Plays the range before the last one. True at the beginning of the segment.
    pub(super) fn play_backwards(&self, settings: &Settings) -> Result<bool, gst::FlowError> {
        self.note_slots()?;
        let Some((from, to)) = self.next_range() else {
            return Ok(true);
        };
        self.read_range(settings, from, to)?;
        let mut outs = Vec::new();
        let done = self.turn_round(&mut outs);
        self.deliver(&mut outs)?;
        Ok(done)
    }

    /// Without a clock, only counting from the file's start shows the slots that a range has.
    fn note_slots(&self) -> Result<(), gst::FlowError> {
        let reader = {
            let state = self.lock();
            let counted = state.profile().timing.resolution == Resolution::Slots
                && state.reverse.as_ref().is_some_and(|it| !it.begun);
            let parser = state.parser.as_ref().filter(|_| counted);
            parser.map(|parser| parser.reader().fork())
        };
        let (Some(mut reader), Some(source)) = (reader, self.source()) else {
            return Ok(());
        };
        reader.set_slot(0);
        let Some(mut lister) = Lister::new(source, &*reader, Space::Records, 0) else {
            return Ok(());
        };
        let mut slots: Vec<(u64, u64)> = Vec::new();
        // the lock is not held while reading
        lister.walk(0, u64::MAX, false, &mut |listed| {
            let offset = listed.mark.offset;
            let last = slots.last().map(|(offset, _)| *offset);
            let far = last.is_none_or(|last| offset.saturating_sub(last) >= SLOT_STEP);
            slots.extend(listed.mark.slot.filter(|_| far).map(|slot| (offset, slot)));
            ControlFlow::Continue(())
        })?;
        if let Some(reverse) = self.lock().reverse.as_mut() {
            reverse.slots = slots;
        }
        Ok(())
    }

    /// Sets parser and timeline to the range before the last one; its offsets.
    fn next_range(&self) -> Option<(u64, u64)> {
        let mut state = self.lock();
        let state = &mut *state;
        let first = state.first_record.unwrap_or(0);
        let reverse = state.reverse.as_mut()?;
        let start = first.max(reverse.floor);
        if !reverse.begun {
            reverse.begun = true;
            // what is after the segment's end is left out where the map shows it
            if let Some(number) = state.map.at_running(reverse.from)
                && state.map.space == Space::Records
            {
                reverse.end = reverse.end.min(state.map.end_of(number));
            }
        }
        let to = reverse.end;
        if to <= start {
            return None;
        }
        let from = to.saturating_sub(STRETCH).max(start);
        reverse.range = (from, to);
        reverse.end = from;
        let mut warm = from.saturating_sub(WARM).max(first);
        let mark = reverse.slots.iter().rfind(|(offset, _)| *offset <= warm);
        let slot = mark.map(|(offset, slot)| {
            warm = *offset;
            *slot
        });
        state.stopped = false;
        state.jump_to(warm);
        if let (Some(parser), Some(slot)) = (&mut state.parser, slot) {
            parser.reader_mut().set_slot(slot);
        }
        state.placement.jump(None);
        let map = state.map.clone();
        let counted = state.profile().timing.resolution == Resolution::Slots;
        state.placement.resume_by(Box::new(move |offset, clock| {
            match map.run_holding(offset, clock) {
                Some(run) => Some((run.clock, run.running)),
                // the file's own timeline is running time
                None => counted.then_some((clock, clock)),
            }
        }));
        // frames before the range show which of its first ones have a reference
        state.placement.trust_references();
        for stream in &mut state.streams {
            stream.last = None;
        }
        Some((warm, to))
    }

    /// Parses all records of the range, and a little more, so that its last ones are placed in time.
    fn read_range(&self, settings: &Settings, from: u64, to: u64) -> Result<(), gst::FlowError> {
        let mut outs = Vec::new();
        let end = to.saturating_add(WARM);
        let mut want = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX);
        'blocks: loop {
            let offset = self.lock().offset();
            if offset >= end {
                break;
            }
            let block = self.read(offset, want)?;
            loop {
                match self.parse(&block, settings, &mut outs)? {
                    Next::More | Next::Head => {
                        if self.lock().offset() >= end {
                            break 'blocks;
                        }
                    }
                    Next::Need(bytes) => {
                        want = bytes.max(WARM as usize);
                        break;
                    }
                    Next::End => break 'blocks,
                }
            }
            self.deliver(&mut outs)?;
        }
        let mut state = self.lock();
        let state = &mut *state;
        state.placement.finish();
        self.drain(state, settings, &mut outs);
        let _ = state.parser.as_mut().and_then(Parser::take_damage);
        state.outs.extend(outs);
        Ok(())
    }

    /// Puts out the groups that are complete, the last one first, those of all streams by their times. True when the segment's
    /// beginning is reached.
    fn turn_round(&self, outs: &mut Vec<Out>) -> bool {
        let mut state = self.lock();
        let state = &mut *state;
        outs.append(&mut state.outs);
        let first = state.first_record.unwrap_or(0);
        let (segment, seqnum) = (state.segment.clone(), state.seqnum);
        let Some(reverse) = state.reverse.as_mut() else {
            return true;
        };
        // what is read before the range itself does not count
        let mut done = reverse.range.0 <= first.max(reverse.floor);
        let mut streams: Vec<usize> = reverse
            .read
            .keys()
            .chain(reverse.waiting.keys())
            .copied()
            .collect();
        streams.sort_unstable();
        streams.dedup();
        let mut groups: Vec<(u64, usize, Vec<Frame>)> = Vec::new();
        let mut bytes = 0_usize;
        for index in streams {
            let mut frames = reverse.read.remove(&index).unwrap_or_default();
            let waiting = reverse.waiting.remove(&index).unwrap_or_default();
            if !reverse.broken.remove(&index).unwrap_or(false) {
                frames.extend(waiting);
            }
            while let Some(at) = frames.iter().rposition(|frame| frame.key) {
                let group = frames.split_off(at);
                let time = group.first().map_or(0, Frame::time);
                groups.push((time, index, group));
            }
            bytes = bytes.saturating_add(frames.iter().map(|frame| frame.buffer.size()).sum());
            if bytes > MAX_WAITING {
                frames.clear();
            }
            reverse.waiting.insert(index, frames);
        }
        let from = u64::try_from(reverse.from).unwrap_or(0);
        let until = u64::try_from(reverse.until).unwrap_or(0);
        // queues behind the pads hold a second: no stream may run ahead of the others by more
        groups.sort_by_key(|(time, index, _)| (std::cmp::Reverse(*time), *index));
        // a sink that gets nothing holds up all others
        if let Some(earliest) = groups.last().map(|(time, ..)| *time) {
            let silent = state.streams.iter_mut().enumerate();
            let silent = silent.filter(|(n, _)| groups.iter().all(|(_, index, _)| index != n));
            for (_, stream) in silent {
                stream.send_segment(&segment, seqnum, outs);
                let gap = gst::event::Gap::builder(gst::ClockTime::from_nseconds(earliest));
                outs.push(Out::Event(stream.pad.clone(), gap.seqnum(seqnum).build()));
            }
        }
        let mut complete = HashSet::new();
        for (time, index, group) in groups {
            let Some(stream) = state.streams.get_mut(index) else {
                continue;
            };
            let video = stream.key.codec.media() == formats::reader::Media::Video;
            // one group reaches below the segment's beginning
            if time > from || complete.contains(&index) {
                continue;
            }
            done |= video && time <= until;
            if time <= until {
                complete.insert(index);
            }
            stream.send_segment(&segment, seqnum, outs);
            for (n, frame) in group.into_iter().enumerate() {
                if frame.time() > from {
                    continue;
                }
                let mut buffer = frame.buffer;
                {
                    let buffer = buffer.make_mut();
                    match n {
                        0 => buffer.set_flags(gst::BufferFlags::DISCONT),
                        _ => buffer.unset_flags(gst::BufferFlags::DISCONT),
                    }
                }
                push_buffer(outs, &stream.pad, buffer);
            }
        }
        done
    }
}

impl Frame {
    /// Running time, nanoseconds.
    fn time(&self) -> u64 {
        self.buffer.pts().map_or(0, |pts| pts.nseconds())
    }
}
