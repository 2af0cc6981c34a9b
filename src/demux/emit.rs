// SPDX-License-Identifier: MPL-2.0
//! Turns placed items into buffers and events for their streams.

use super::{
    Inner, RecorderClock, Settings,
    output::{Out, push_buffer},
    push_seek::Arrived,
    state::{Item, State},
    streams::Stream,
};
use formats::{
    reader::Media,
    timeline::{Break, GapPolicy, Mark, Place, Resolution, SECOND},
};
use std::sync::LazyLock;

/// Reference of the recorder's time on buffers.
static UNIX: LazyLock<gst::Caps> = LazyLock::new(|| {
    let mut caps = gst::Caps::new_empty_simple("timestamp/x-unix");
    // it lives as long as the program, which the leaks tracer is not to report
    caps.make_mut().mark_may_be_leaked();
    caps
});

/// Running time between two looks at silent streams, and the silence that earns a GAP event.
const SILENCE: i64 = SECOND;

impl Inner {
    /// Hands out one item whose clock time is `time`.
    pub(super) fn emit(
        &self,
        state: &mut State,
        settings: &Settings,
        mut item: Item,
        mark: Mark,
        time: i64,
        outs: &mut Vec<Out>,
    ) {
        item.stream = state.tuning.stream(item.stream);
        if state.push_seek.is_some()
            && matches!(self.arrived(state, settings, &item, time), Arrived::No)
        {
            return;
        }
        if mark.video && state.resume_at.take().is_some() {
            // the map knows which running time this clock has here
            let run = state.map.run_holding(item.offset, time);
            if let Some(run) = run {
                state.runs.resume(run.clock, run.running);
            }
        }
        let place = if mark.video {
            state.runs.picture(mark.camera, time, item.offset)
        } else {
            Place {
                running: state.runs.sound(time),
                begins: None,
                interrupted: false,
            }
        };
        self.note_break(state, settings, &place, outs);
        if mark.video {
            if !state.pull {
                state
                    .map
                    .follow(state.runs.runs(), state.tuning.timing.interval);
            }
            self.learn(state, &item, time, &place, outs);
        }
        let unix = match state.tuning.timing.resolution {
            Resolution::Slots => None,
            // a picture without a date is placed by its neighbours, which does not make that its date
            _ if mark.timestamp.is_none() => None,
            _ => Some(time.saturating_sub(state.clock_shift(settings))),
        };
        let index = match state
            .streams
            .iter()
            .position(|stream| stream.key == item.stream)
        {
            Some(index) => index,
            None => self.late_stream(state, settings, &item, unix, outs),
        };
        // backwards, what stands before the stretch tells which of its pictures have a reference
        let backwards = state.reverse.is_some();
        let orphan = backwards && self.note_reference(state, settings, index, &item, &place);
        if self.is_past_stop(state, index, place.running) || !state.is_wanted(index, &item) {
            return;
        }
        self.prepare(state, settings, index, &item, outs);
        if orphan || (!backwards && self.note_reference(state, settings, index, &item, &place)) {
            return;
        }
        self.push_item(state, index, item, mark, place, unix, outs);
        self.fill_silence(state, place.running, outs);
    }

    /// What a picture that is played tells about the file as a whole.
    fn learn(&self, state: &mut State, item: &Item, time: i64, place: &Place, outs: &mut Vec<Out>) {
        let before = state.last_clock.replace(time);
        if let (Some(Break::Gap(_) | Break::Back(_) | Break::Forward(_)), Some(before), true) =
            (place.begins, before, state.pull)
            && state.map.correct(item.offset, before, time, place.running)
            && state.duration.is_some()
            && state.duration != state.playing_time()
            && let Some(element) = self.element()
        {
            let message = gst::message::DurationChanged::builder().src(&element);
            outs.push(Out::Message(Box::new(message.build())));
        }
        state.map.note(item.offset, time, place.running);
    }

    /// What a break of the recording means for all streams.
    fn note_break(
        &self,
        state: &mut State,
        settings: &Settings,
        place: &Place,
        outs: &mut Vec<Out>,
    ) {
        let gap = match place.begins {
            Some(Break::Gap(gap)) => {
                state.stats.gaps = state.stats.gaps.saturating_add(1);
                gap
            }
            Some(Break::Back(_) | Break::Forward(_)) => {
                state.stats.clock_steps = state.stats.clock_steps.saturating_add(1);
                return;
            }
            _ => return,
        };
        if settings.gap_policy != GapPolicy::Preserve {
            return;
        }
        for stream in &mut state.streams {
            let from = stream.end.max(0);
            if place.running > from {
                stream.send_segment(&state.segment, state.seqnum, outs);
                outs.push(Out::Event(
                    stream.pad.clone(),
                    gap_event(from, place.running.min(from.saturating_add(gap))),
                ));
                stream.end = place.running;
            }
        }
    }

    /// Whether all that this stream still has lies behind the segment's stop.
    fn is_past_stop(&self, state: &mut State, index: usize, running: i64) -> bool {
        let Some(stop) = state.segment.stop() else {
            return false;
        };
        let Ok(running) = u64::try_from(running) else {
            return false;
        };
        if running < stop.nseconds() || state.reverse.is_some() {
            return false;
        }
        if let Some(stream) = state.streams.get_mut(index) {
            stream.past_stop = true;
        }
        // sparse streams do not keep the others from ending
        state.stopped = state
            .streams
            .iter()
            .filter(|stream| stream.key.codec.media() == Media::Video)
            .all(|stream| {
                stream.past_stop || stream.end.saturating_add(2 * SECOND) < running as i64
            });
        true
    }

    /// Caps, segment and tags that the stream needs before this item.
    fn prepare(
        &self,
        state: &mut State,
        settings: &Settings,
        index: usize,
        item: &Item,
        outs: &mut Vec<Out>,
    ) {
        self.update_caps(state, index, item, outs);
        self.update_tags(state, settings, index, item, outs);
        if let Some(stream) = state.streams.get_mut(index) {
            stream.send_segment(&state.segment, state.seqnum, outs);
        }
    }

    /// Follows which pictures have a reference. True where this one has none and is to be dropped.
    fn note_reference(
        &self,
        state: &mut State,
        settings: &Settings,
        index: usize,
        item: &Item,
        place: &Place,
    ) -> bool {
        let Some(stream) = state.streams.get_mut(index) else {
            return true;
        };
        stream.wait_key |= place.interrupted;
        stream.discont |= place.interrupted || place.begins.is_some();
        stream.discont |= std::mem::replace(&mut stream.damages, item.damages) != item.damages;
        if item.key {
            stream.wait_key = false;
        }
        if let Some(reverse) = &mut state.reverse {
            reverse.note(index, item.offset, stream.wait_key);
        }
        let orphan = stream.wait_key && settings.drop_orphans && State::is_video(item);
        if orphan {
            state.stats.orphans = state.stats.orphans.saturating_add(1);
        }
        orphan
    }

    #[allow(clippy::too_many_arguments)]
    fn push_item(
        &self,
        state: &mut State,
        index: usize,
        item: Item,
        mark: Mark,
        place: Place,
        unix: Option<i64>,
        outs: &mut Vec<Out>,
    ) {
        let interval = state.tuning.timing.interval;
        let Some(stream) = state.streams.get_mut(index) else {
            return;
        };
        let running = stream.start_time(&item, &mark, place.running);
        let duration = stream.duration(&item, interval);
        // taken, not shared: a buffer with two owners would be copied to be written to
        let (key, corrupt) = (item.key, item.corrupt);
        let (size, own_header) = (item.buffer.size(), stream.has_own_header(&item));
        let mut buffer = stream.with_header(item.buffer, key);
        let header = own_header || buffer.size() > size;
        {
            let buffer = buffer.make_mut();
            let pts = gst::ClockTime::from_nseconds(running.unsigned_abs());
            buffer.set_pts(pts);
            buffer.set_dts(pts);
            buffer.set_duration(gst::ClockTime::from_nseconds(duration.unsigned_abs()));
            buffer.set_offset(stream.frames);
            buffer.set_offset_end(stream.frames.saturating_add(1));
            let mut flags = gst::BufferFlags::empty();
            flags.set(gst::BufferFlags::DELTA_UNIT, !key);
            flags.set(gst::BufferFlags::DISCONT, stream.discont);
            flags.set(gst::BufferFlags::CORRUPTED, corrupt);
            flags.set(gst::BufferFlags::HEADER, header);
            buffer.set_flags(flags);
            if let Some(unix) = unix.and_then(|unix| u64::try_from(unix).ok()) {
                gst::ReferenceTimestampMeta::add(
                    buffer,
                    &UNIX,
                    gst::ClockTime::from_nseconds(unix),
                    gst::ClockTime::NONE,
                );
            }
        }
        stream.discont = false;
        stream.frames = stream.frames.saturating_add(1);
        stream.end = running.saturating_add(duration);
        if corrupt {
            state.stats.corrupted = state.stats.corrupted.saturating_add(1);
        }
        let position = gst::ClockTime::from_nseconds(running.unsigned_abs());
        match state.reverse.as_mut() {
            Some(reverse) => reverse.collect(index, key, buffer),
            None => {
                state.segment.set_position(position);
                push_buffer(outs, &stream.pad, buffer);
            }
        }
    }

    /// Tells streams that have nothing to show that time goes on.
    fn fill_silence(&self, state: &mut State, running: i64, outs: &mut Vec<Out>) {
        if running < state.gap_check || state.reverse.is_some() || state.streams.len() < 2 {
            return;
        }
        state.gap_check = running.saturating_add(SILENCE / 2);
        for stream in &mut state.streams {
            if running.saturating_sub(stream.end) >= SILENCE {
                let to = running.saturating_sub(SILENCE / 2);
                stream.send_segment(&state.segment, state.seqnum, outs);
                outs.push(Out::Event(stream.pad.clone(), gap_event(stream.end, to)));
                stream.end = to;
            }
        }
    }
}

/// A GAP event between two running times.
fn gap_event(from: i64, to: i64) -> gst::Event {
    let from = from.max(0);
    let length = to.saturating_sub(from).max(0);
    gst::event::Gap::builder(gst::ClockTime::from_nseconds(from.unsigned_abs()))
        .duration(gst::ClockTime::from_nseconds(length.unsigned_abs()))
        .build()
}

impl State {
    /// Whether a seek left this record in, and the trick mode plays it.
    fn is_wanted(&mut self, index: usize, item: &Item) -> bool {
        if let Some(reverse) = &self.reverse
            && !reverse.counts(item.offset)
        {
            return false;
        }
        let flags = self.segment.flags();
        let video = State::is_video(item);
        let Some(stream) = self.streams.get_mut(index) else {
            return false;
        };
        if item.offset < stream.from {
            return false;
        }
        let thin = flags.contains(gst::SegmentFlags::TRICKMODE_KEY_UNITS) && video && !item.key;
        let mute = flags.contains(gst::SegmentFlags::TRICKMODE_NO_AUDIO) && item.audio.is_some();
        stream.discont |= thin || mute;
        !(thin || mute)
    }

    /// What has to be taken off a timestamp to get UTC, nanoseconds.
    pub fn clock_shift(&self, settings: &Settings) -> i64 {
        match settings.recorder_clock {
            RecorderClock::Utc => 0,
            RecorderClock::Local => self.utc_offset(settings).map_or(0, |minutes| {
                i64::from(minutes).saturating_mul(60).saturating_mul(SECOND)
            }),
        }
    }

    /// Minutes that local time is east of UTC: the property's, else the file's.
    pub fn utc_offset(&self, settings: &Settings) -> Option<i32> {
        let file = || self.reader.as_ref()?.info().utc_offset;
        settings
            .utc_offset
            .or_else(file)
            .or(settings.given.utc_offset)
    }
}

impl Stream {
    /// Running time of a buffer: pictures never share one, sound goes on from where it ended unless it drifted.
    fn start_time(&mut self, item: &Item, mark: &Mark, running: i64) -> i64 {
        match item.audio {
            None => match self.last {
                Some(last) if running <= last && !self.discont => {
                    // two pictures of one moment: the finest step that every muxer keeps apart
                    let next = last.saturating_add(SECOND / 1000);
                    self.last = Some(next);
                    next
                }
                _ => {
                    self.last = Some(running);
                    running
                }
            },
            Some(_) => {
                let expected = self.end;
                let drift = running.saturating_sub(expected).saturating_abs();
                let limit = if mark.timestamp.is_some() {
                    SECOND / 5
                } else {
                    SECOND
                };
                if self.last.is_some() && drift < limit && !self.discont {
                    self.last = Some(expected);
                    return expected;
                }
                self.discont = true;
                let start = match self.last {
                    Some(_) => running.max(expected.min(running.saturating_add(SECOND))),
                    None => running,
                };
                self.last = Some(start);
                start
            }
        }
    }
}
