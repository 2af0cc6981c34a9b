// SPDX-License-Identifier: MPL-2.0
//! Seeking where bytes are pushed: upstream is asked for bytes from another place, by interpolation on the clock, until a key
//! picture shortly before the wanted time comes. Where there is no clock, slots are counted from the file's start.

use super::{
    Inner, Settings,
    seek::PendingSeek,
    state::{Item, State},
};
use formats::timeline::{Interpolator, Resolution, Run, RunMap, SECOND};
use gst::prelude::*;

/// Times that upstream is asked at most.
const TRIES: u32 = 10;
/// A keyframe this long before the wanted time is near enough.
const NEAR: i64 = 20 * SECOND;

/// A seek under way.
#[derive(Clone, Debug)]
pub struct PushSeek {
    segment: gst::FormattedSegment<gst::ClockTime>,
    snaps: bool,
    seqnum: gst::Seqnum,
    flags: gst::SeekFlags,
    run: Run,
    clock: i64,
    /// Offsets, and the clock there, between which the place lies.
    low: (u64, i64),
    high: (u64, i64),
    asked: u64,
    tries: u32,
    /// Without a clock: pictures up to shortly before the place are skipped.
    counts: bool,
    /// Where upstream is to be asked next.
    again: Option<u64>,
}

/// What a picture means for a seek under way.
pub enum Arrived {
    /// Playback goes on here.
    Here,
    /// Not yet.
    No,
}

impl Inner {
    pub(super) fn seek_push(&self, wanted: &PendingSeek) -> bool {
        if !wanted.is_plain() || !self.upstream_seeks() {
            return false;
        }
        let size = self
            .sink
            .peer_query_duration::<gst::format::Bytes>()
            .map(|bytes| *bytes);
        let asked = {
            let mut state = self.lock();
            let Some(seek) = size.and_then(|size| state.plan(wanted, size)) else {
                return false;
            };
            let asked = seek.asked;
            state.push_seek = Some(seek);
            asked
        };
        self.ask(asked, wanted.flags(), wanted.seqnum())
    }

    /// A seek that waited for the file to be known. True when upstream was asked.
    pub(super) fn pending_seek_push(&self) -> bool {
        let wanted = self.lock().pending_seek.take();
        wanted.is_some_and(|wanted| self.seek_push(&wanted))
    }

    fn ask(&self, offset: u64, flags: gst::SeekFlags, seqnum: gst::Seqnum) -> bool {
        let event = gst::event::Seek::builder(
            1.0,
            (flags & gst::SeekFlags::FLUSH) | gst::SeekFlags::ACCURATE,
            gst::SeekType::Set,
            gst::format::Bytes::from_u64(offset),
            gst::SeekType::None,
            gst::format::Bytes::NONE,
        )
        .seqnum(seqnum)
        .build();
        let done = self.sink.push_event(event);
        if !done {
            self.lock().push_seek = None;
        }
        done
    }

    /// Asks upstream once more where the last place was not the right one. True when it was asked.
    pub(super) fn ask_again(&self) -> bool {
        let again = {
            let mut state = self.lock();
            state
                .push_seek
                .as_mut()
                .and_then(|seek| Some((seek.again.take()?, seek.flags, seek.seqnum)))
        };
        match again {
            Some((offset, flags, seqnum)) => self.ask(offset, flags, seqnum),
            None => false,
        }
    }

    /// A picture came while a seek is under way.
    pub(super) fn arrived(
        &self,
        state: &mut State,
        settings: &Settings,
        item: &Item,
        clock: i64,
    ) -> Arrived {
        let Some(mut seek) = state.push_seek.take() else {
            return Arrived::Here;
        };
        if seek.again.is_some() || !item.key || !State::is_video(item) {
            state.push_seek = Some(seek);
            return Arrived::No;
        }
        let first = state.first_record.unwrap_or(0);
        let early = seek.clock.saturating_sub(clock) > NEAR;
        let passes = seek.counts && early;
        if passes || !seek.counts && seek.judge(item.offset, clock, first) {
            state.push_seek = Some(seek);
            return Arrived::No;
        }
        let running = seek
            .run
            .running
            .saturating_add(clock.saturating_sub(seek.run.clock))
            .max(0);
        if seek.snaps {
            let time = gst::ClockTime::from_nseconds(running.unsigned_abs());
            seek.segment.set_start(time);
            seek.segment.set_time(time);
            seek.segment.set_position(time);
        }
        state.seqnum = seek.seqnum;
        state.segment = seek.segment;
        state.runs = RunMap::new(settings.gap_policy, &state.tuning.timing);
        state.runs.resume(clock, running);
        state.gap_check = running;
        for stream in &mut state.streams {
            stream.restart();
            stream.end = running;
            stream.from = 0;
        }
        Arrived::Here
    }
}

impl PushSeek {
    /// Looks at a keyframe. True when upstream is to be asked again.
    fn judge(&mut self, offset: u64, clock: i64, first: u64) -> bool {
        let early = self.clock.saturating_sub(clock);
        let fits = (0..=NEAR).contains(&early) || (early < 0 && self.asked <= first);
        if fits || self.tries >= TRIES {
            return false;
        }
        if early < 0 {
            self.high = (self.asked.max(first), clock);
        } else {
            self.low = (offset, clock);
        }
        let width = self.high.0.saturating_sub(self.low.0);
        let span = self.high.1.saturating_sub(self.low.1).max(1);
        let part = self
            .clock
            .saturating_sub(NEAR / 4)
            .saturating_sub(self.low.1)
            .max(0);
        let step = i128::from(width).saturating_mul(i128::from(part)) / i128::from(span);
        let step = u64::try_from(step)
            .unwrap_or(0)
            .min(width.saturating_mul(7) / 8);
        let next = self.low.0.saturating_add(step);
        if next == self.asked && early >= 0 {
            return false;
        }
        self.asked = if next >= self.asked && early < 0 {
            self.low.0
        } else {
            next
        };
        self.tries = self.tries.saturating_add(1);
        self.again = Some(self.asked);
        true
    }
}

impl State {
    /// Plans a seek in a file of `size` bytes, from what was played and what the header says.
    fn plan(&mut self, wanted: &PendingSeek, size: u64) -> Option<PushSeek> {
        if self.reader.is_none() || self.head.is_some() {
            return None;
        }
        self.map.set_size(Some(size));
        let mut segment = self.segment.clone();
        wanted.apply(&mut segment)?;
        let target = i64::try_from(segment.position()?.nseconds()).ok()?;
        let number = self.map.at_running(target)?;
        let run = *self.map.runs.get(number)?;
        let last = self.reader.as_ref()?.info().span.map(|(_, last)| last);
        let end = last.map_or(run.clock_end, |last| {
            last.saturating_mul(SECOND).max(run.clock_end)
        });
        let counts = self.tuning.timing.resolution == Resolution::Slots;
        let clock = run.clock.saturating_add(target.saturating_sub(run.running));
        let clock = if counts { clock } else { clock.min(end) };
        let low = (run.offset, run.clock);
        let high = (size, end.max(run.clock.saturating_add(1)));
        let mut seek = PushSeek {
            segment,
            snaps: wanted.snaps(),
            seqnum: wanted.seqnum(),
            flags: wanted.flags(),
            run,
            clock,
            low,
            high,
            asked: run.offset,
            tries: 0,
            counts,
            again: None,
        };
        let near = clock.saturating_sub(run.clock) > NEAR / 4;
        if near && !counts {
            seek.judge(run.offset, run.clock, run.offset);
            seek.again = None;
        }
        self.interpolator = Interpolator::new(self.tuning.timing);
        Some(seek)
    }
}
