// SPDX-License-Identifier: MPL-2.0
//! Reverse playback: groups of pictures from the end to the beginning, each group forwards.
//!
//! The file is read backwards in stretches. Pictures at the beginning of a stretch whose keyframe stands in the stretch before
//! wait for it. Decoders turn each group round.

use super::{
    Inner, Settings,
    input::Block,
    listing::RecordScanner,
    output::{Out, push_buffer},
    parse::Next,
    time_map::Space,
};
use formats::timeline::{Interpolator, Resolution, RunMap};
use std::{collections::HashMap, ops::ControlFlow};

/// Bytes read at a time.
const STRETCH: u64 = 1 << 20;
/// Bytes read before a stretch so that its first records are placed in time as when playing forwards.
const WARM: u64 = 512 << 10;
/// Bytes between pictures whose slots are noted.
const SLOT_STEP: u64 = 256 << 10;
/// Bytes that wait for their keyframe at most.
const MAX_WAITING: usize = 24 << 20;

/// A picture on its way out.
struct Frame {
    key: bool,
    buffer: gst::Buffer,
}

/// Where reverse playback is.
pub struct Reverse {
    /// Records before this offset were not played yet.
    end: u64,
    /// Stream time at which it begins, and at which it ends.
    from: i64,
    until: i64,
    /// Pictures of the stretch being read, by stream.
    read: HashMap<usize, Vec<Frame>>,
    /// Pictures that wait for their keyframe, by stream, and their bytes.
    waiting: HashMap<usize, Vec<Frame>>,
    bytes: usize,
    /// Streams whose last picture of the stretch has no reference: nothing that follows it has one.
    broken: HashMap<usize, bool>,
    /// Offsets of records that count.
    range: (u64, u64),
    begun: bool,
    /// Offsets of some pictures and their slots, in a file without a clock.
    slots: Vec<(u64, u64)>,
}

impl Reverse {
    /// From stream time `from` back to `until`, in a file whose records end at `end`.
    pub fn new(end: u64, from: i64, until: i64) -> Reverse {
        Reverse {
            end,
            from,
            until,
            read: HashMap::new(),
            waiting: HashMap::new(),
            bytes: 0,
            broken: HashMap::new(),
            range: (0, 0),
            begun: false,
            slots: Vec::new(),
        }
    }

    /// Takes a picture of the stretch.
    pub fn collect(&mut self, stream: usize, key: bool, buffer: gst::Buffer) {
        self.read
            .entry(stream)
            .or_default()
            .push(Frame { key, buffer });
    }

    /// Notes whether pictures that follow this one have a reference.
    pub fn note(&mut self, stream: usize, offset: u64, broken: bool) {
        if self.counts(offset) {
            self.broken.insert(stream, broken);
        }
    }

    /// Whether a record belongs to the stretch being read.
    pub fn counts(&self, offset: u64) -> bool {
        (self.range.0..self.range.1).contains(&offset)
    }
}

impl Inner {
    /// Plays the stretch before the last one. True at the beginning of the segment.
    pub(super) fn play_backwards(&self, settings: &Settings) -> Result<bool, gst::FlowError> {
        self.note_slots()?;
        let Some((from, to)) = self.next_stretch() else {
            return Ok(true);
        };
        self.read_stretch(settings, from, to)?;
        let mut outs = Vec::new();
        let done = self.turn_round(&mut outs);
        self.deliver(&mut outs)?;
        Ok(done)
    }

    /// Without a clock, only counting from the file's start tells the slots that a stretch has.
    fn note_slots(&self) -> Result<(), gst::FlowError> {
        let listing = {
            let state = self.lock();
            let counted = state.tuning.timing.resolution == Resolution::Slots
                && state.reverse.as_ref().is_some_and(|it| !it.begun);
            let reader = state.reader.as_ref().filter(|_| counted);
            reader.and_then(|reader| {
                let mut fork = reader.fork();
                fork.set_slot(0);
                RecordScanner::new(self, fork, Space::Records, 0)
            })
        };
        let Some(mut listing) = listing else {
            return Ok(());
        };
        let mut slots: Vec<(u64, u64)> = Vec::new();
        // the lock is not held while reading
        listing.walk(0, u64::MAX, false, |entry| {
            let last = slots.last().map(|(offset, _)| *offset);
            let far = last.is_none_or(|last| entry.offset.saturating_sub(last) >= SLOT_STEP);
            slots.extend(entry.slot.filter(|_| far).map(|slot| (entry.offset, slot)));
            ControlFlow::Continue(())
        })?;
        if let Some(reverse) = self.lock().reverse.as_mut() {
            reverse.slots = slots;
        }
        Ok(())
    }

    /// Sets reader and timeline to the next stretch; its offsets.
    fn next_stretch(&self) -> Option<(u64, u64)> {
        let settings = self.settings();
        let mut state = self.lock();
        let state = &mut *state;
        let start = state.first_record.unwrap_or(0);
        let reverse = state.reverse.as_mut()?;
        if !reverse.begun {
            reverse.begun = true;
            // what lies behind the segment's end is left out where the map says so
            let number = state.map.at_running(reverse.from)?;
            if state.map.space == super::time_map::Space::Records {
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
        let mut warm = from.saturating_sub(WARM).max(start);
        let mark = reverse.slots.iter().rfind(|(offset, _)| *offset <= warm);
        let slot = mark.map(|(offset, slot)| {
            warm = *offset;
            *slot
        });
        state.offset = warm;
        state.want = 0;
        state.stopped = false;
        if let Some(reader) = state.reader.as_mut() {
            reader.resync();
            if let Some(slot) = slot {
                reader.set_slot(slot);
            }
        }
        state.interpolator = Interpolator::new(state.tuning.timing);
        state.runs = RunMap::new(settings.gap_policy, &state.tuning.timing);
        state.resume_at = Some(warm);
        for stream in &mut state.streams {
            stream.last = None;
            stream.wait_key = false;
        }
        Some((warm, to))
    }

    /// Parses all records of the stretch, and a little more, so that its last ones are placed in time.
    fn read_stretch(&self, settings: &Settings, from: u64, to: u64) -> Result<(), gst::FlowError> {
        let mut outs = Vec::new();
        let end = to.saturating_add(WARM);
        let mut want = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX);
        loop {
            let offset = self.lock().offset;
            if offset >= end {
                break;
            }
            let block: Block = self.read(offset, want)?;
            loop {
                match self.parse(&block, settings, &mut outs)? {
                    Next::More | Next::Head => {
                        if self.lock().offset >= end {
                            break;
                        }
                    }
                    Next::Need(bytes) => {
                        want = bytes.max(WARM as usize);
                        break;
                    }
                    Next::End => {
                        self.lock().offset = end;
                        break;
                    }
                }
            }
            self.deliver(&mut outs)?;
        }
        let mut state = self.lock();
        let state = &mut *state;
        state.interpolator.finish();
        self.drain(state, settings, &mut outs);
        state.region = None;
        outs.retain(|out| !matches!(out, Out::Warning(..)));
        Ok(())
    }

    /// Puts the groups that are complete out, last one first. True when the segment's beginning is reached.
    fn turn_round(&self, outs: &mut Vec<Out>) -> bool {
        let mut state = self.lock();
        let state = &mut *state;
        let first = state.first_record.unwrap_or(0);
        let (segment, seqnum) = (state.segment.clone(), state.seqnum);
        let Some(reverse) = state.reverse.as_mut() else {
            return true;
        };
        // what is read before the stretch itself does not count
        let mut done = reverse.range.0 <= first;
        let mut streams: Vec<usize> = reverse
            .read
            .keys()
            .chain(reverse.waiting.keys())
            .copied()
            .collect();
        streams.sort_unstable();
        streams.dedup();
        for index in streams {
            let mut frames = reverse.read.remove(&index).unwrap_or_default();
            let waiting = reverse.waiting.remove(&index).unwrap_or_default();
            if !reverse.broken.remove(&index).unwrap_or(false) {
                frames.extend(waiting);
            }
            let Some(stream) = state.streams.get_mut(index) else {
                continue;
            };
            while let Some(at) = frames.iter().rposition(|frame| frame.key) {
                let group = frames.split_off(at);
                let time =
                    |frame: &Frame| frame.buffer.pts().map_or(0, |pts| pts.nseconds() as i64);
                if group
                    .first()
                    .is_some_and(|frame| time(frame) > reverse.from)
                {
                    continue;
                }
                done |= group
                    .first()
                    .is_some_and(|frame| time(frame) <= reverse.until);
                stream.send_segment(&segment, seqnum, outs);
                for (n, frame) in group.into_iter().enumerate() {
                    if time(&frame) > reverse.from {
                        continue;
                    }
                    let mut buffer = frame.buffer;
                    {
                        let buffer = buffer.make_mut();
                        if n == 0 {
                            buffer.set_flags(gst::BufferFlags::DISCONT);
                        } else {
                            buffer.unset_flags(gst::BufferFlags::DISCONT);
                        }
                    }
                    if n == 0
                        && let Some(pts) = buffer.pts()
                    {
                        state.segment.set_position(pts);
                    }
                    push_buffer(outs, &stream.pad, buffer);
                }
            }
            reverse.bytes = frames.iter().map(|frame| frame.buffer.size()).sum();
            if reverse.bytes > MAX_WAITING {
                frames.clear();
            }
            reverse.waiting.insert(index, frames);
        }
        done
    }
}
