// SPDX-License-Identifier: MPL-2.0
//! Seek events, and playback from another place.

use super::{Demux, reverse::Reverse, state::State};
use formats::{
    reader::Media,
    recording::{SEEKING, SeekTarget, Seeker, Snap},
    timeline::SECOND,
};
use gst::prelude::*;
use std::sync::atomic::Ordering;

/// A seek as it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct PendingSeek {
    rate: f64,
    flags: gst::SeekFlags,
    start_type: gst::SeekType,
    start: Option<gst::ClockTime>,
    stop_type: gst::SeekType,
    stop: Option<gst::ClockTime>,
    seqnum: gst::Seqnum,
}

impl PendingSeek {
    fn from_event(event: &gst::event::Seek) -> Option<PendingSeek> {
        let (rate, flags, start_type, start, stop_type, stop) = event.get();
        let time = |value: gst::GenericFormattedValue| match value {
            gst::GenericFormattedValue::Time(time) => Some(time),
            _ => None,
        };
        let usable = rate != 0.0 && rate.is_finite();
        Some(PendingSeek {
            rate,
            flags,
            start_type,
            start: time(start)?,
            stop_type,
            stop: time(stop)?,
            seqnum: event.seqnum(),
        })
        .filter(|_| usable)
    }

    /// Changes a segment as the seek says. `None` where it cannot be.
    pub fn apply(&self, segment: &mut gst::FormattedSegment<gst::ClockTime>) -> Option<()> {
        segment
            .do_seek(
                self.rate,
                self.flags,
                self.start_type,
                self.start,
                self.stop_type,
                self.stop,
            )
            .map(|_| ())
    }

    fn snap(&self) -> Snap {
        let back = self.flags.contains(gst::SeekFlags::SNAP_BEFORE);
        let ahead = self.flags.contains(gst::SeekFlags::SNAP_AFTER);
        let snaps = self.flags.contains(gst::SeekFlags::KEY_UNIT) || back || ahead;
        if !snaps || self.flags.contains(gst::SeekFlags::ACCURATE) {
            return Snap::Accurate;
        }
        match (back, ahead) {
            (true, true) => Snap::Nearest,
            // before and after are meant in the direction of playback
            (false, true) if self.rate > 0.0 => Snap::After,
            (true, false) if self.rate < 0.0 => Snap::After,
            _ => Snap::Before,
        }
    }
}

impl Demux {
    /// An event that an application sends to the element itself, which may have no pads yet. `None` where it is not the demuxer's.
    pub fn send_event(&self, event: &gst::Event) -> Option<bool> {
        match event.view() {
            gst::EventView::Seek(seek) => Some(self.seek(seek)),
            gst::EventView::Eos(_) => Some(self.end_now()),
            _ => None,
        }
    }

    /// An application wants the end, with all that was read before.
    fn end_now(&self) -> bool {
        let pull = {
            let mut state = self.lock();
            state.stopped = true;
            state.pull
        };
        if pull {
            // whoever reads upstream gives up
            self.sink.push_event(gst::event::FlushStart::new());
            self.sink.push_event(gst::event::FlushStop::new(true));
        } else {
            self.feed.end();
        }
        true
    }

    /// An event from downstream.
    pub(super) fn src_event(
        &self,
        pad: &gst::Pad,
        parent: Option<&gst::Object>,
        event: gst::Event,
    ) -> bool {
        match event.view() {
            gst::EventView::Seek(seek) => self.seek(seek),
            gst::EventView::TocSelect(select) => self.select_run(select.uid()),
            gst::EventView::Reconfigure(_) => {
                // what was not linked may be now, and counts as linked before its next buffer shows that
                let _ = self
                    .lock()
                    .flow
                    .update_pad_flow(pad, Ok::<_, gst::FlowError>(gst::FlowSuccess::Ok));
                gst::Pad::event_default(pad, parent, event)
            }
            _ => gst::Pad::event_default(pad, parent, event),
        }
    }

    fn seek(&self, seek: &gst::event::Seek) -> bool {
        let Some(wanted) = PendingSeek::from_event(seek) else {
            gst::debug!(
                self.cat,
                "seek refused: not in time format, or no usable rate"
            );
            return false;
        };
        if wanted.flags.contains(gst::SeekFlags::INSTANT_RATE_CHANGE) {
            return self.change_rate(&wanted);
        }
        let (known, again) = {
            let mut state = self.lock();
            let again = state.last_seek.replace(wanted.seqnum) == Some(wanted.seqnum);
            let known = state.is_known();
            if !known {
                state.pending_seek = Some(wanted).filter(|_| !again).or(state.pending_seek);
            }
            (known, again)
        };
        match (again, known) {
            // the same seek reached us by another pad
            (true, _) => true,
            (false, true) => self.perform(&wanted),
            // played when the file is known; where nothing can be read elsewhere, that is said at once
            (false, false) => {
                let waits = self.sink.mode() != gst::PadMode::Push;
                waits || self.upstream_seeks()
            }
        }
    }

    /// Plays on at another speed without seeking.
    fn change_rate(&self, wanted: &PendingSeek) -> bool {
        let rate = self.lock().segment.rate();
        let moves =
            wanted.start_type != gst::SeekType::None || wanted.stop_type != gst::SeekType::None;
        if moves || rate * wanted.rate < 0.0 {
            return false;
        }
        let mut flags = gst::SegmentFlags::empty();
        for (asked, flag) in [
            (gst::SeekFlags::TRICKMODE, gst::SegmentFlags::TRICKMODE),
            (
                gst::SeekFlags::TRICKMODE_KEY_UNITS,
                gst::SegmentFlags::TRICKMODE_KEY_UNITS,
            ),
            (
                gst::SeekFlags::TRICKMODE_NO_AUDIO,
                gst::SegmentFlags::TRICKMODE_NO_AUDIO,
            ),
        ] {
            flags.set(flag, wanted.flags.contains(asked));
        }
        let event = gst::event::InstantRateChange::builder(wanted.rate / rate, flags)
            .seqnum(wanted.seqnum)
            .build();
        self.push_everywhere(event)
    }

    /// A seek that waited for the file to be known.
    pub(super) fn play_pending_seek(&self) -> bool {
        let wanted = {
            let mut state = self.lock();
            if !state.is_known() {
                return false;
            }
            state.pending_seek.take()
        };
        wanted.is_some_and(|wanted| self.perform(&wanted))
    }

    fn perform(&self, wanted: &PendingSeek) -> bool {
        if self.source().is_none() {
            gst::debug!(self.cat, "seek refused: upstream cannot seek");
            return false;
        }
        let flush = wanted.flags.contains(gst::SeekFlags::FLUSH);
        let pull = self.lock().pull;
        if flush {
            let start = gst::event::FlushStart::builder()
                .seqnum(wanted.seqnum)
                .build();
            if pull {
                self.sink.push_event(start.clone());
            }
            self.push_everywhere(start);
        }
        self.feed.interrupt(true);
        self.pause();
        // the streaming thread is out of everybody's way from here on
        let guard = self.hold();
        self.feed.interrupt(false);
        self.take_flush();
        if flush && pull {
            let stop = gst::event::FlushStop::builder(true)
                .seqnum(wanted.seqnum)
                .build();
            self.sink.push_event(stop);
        }
        let done = self.go_to(wanted);
        if flush {
            let stop = gst::event::FlushStop::builder(true)
                .seqnum(wanted.seqnum)
                .build();
            self.push_everywhere(stop);
        }
        if let (Ok(true), Some(element)) = (done, self.element())
            && wanted.flags.contains(gst::SeekFlags::SEGMENT)
        {
            let position = self.lock().segment.position();
            let message = gst::message::SegmentStart::builder(position)
                .src(&element)
                .seqnum(wanted.seqnum);
            let _ = element.post_message(message.build());
        }
        drop(guard);
        // even a seek that failed must not leave the stream standing
        let started = self.start().is_ok();
        matches!(done, Ok(true)) && started
    }

    /// Sets segment, parser and timeline to the place asked for.
    fn go_to(&self, wanted: &PendingSeek) -> Result<bool, gst::FlowError> {
        let settings = self.settings();
        let before = self.shared.bytes_read.load(Ordering::Relaxed);
        self.survey(&settings, SEEKING)?;
        let mut segment = {
            let state = self.lock();
            let mut segment = state.segment.clone();
            segment.set_duration(state.playing_time());
            segment
        };
        if wanted.apply(&mut segment).is_none() {
            return Ok(false);
        }
        let end = self.lock().playing_time();
        let clamp = |time: gst::ClockTime| end.map_or(time, |end| time.min(end));
        let target = clamp(segment.position().unwrap_or(gst::ClockTime::ZERO));
        let target = i64::try_from(target.nseconds()).unwrap_or(i64::MAX);
        let backwards = wanted.rate < 0.0;
        let snap = match wanted.snap() {
            Snap::Accurate if backwards => Snap::Before,
            snap => snap,
        };
        let Some(mut place) = self.locate(target, snap)? else {
            return Ok(false);
        };
        if wanted.snap() == Snap::Accurate {
            let state = self.lock();
            if target < state.profile().timing.lead {
                // audio before the first frame
                place.offset = state.first_record.unwrap_or(place.offset);
            }
        }
        if wanted.snap() != Snap::Accurate {
            let time = gst::ClockTime::from_nseconds(place.time.max(0).unsigned_abs());
            if backwards {
                let end = gst::ClockTime::from_nseconds(target.max(0).unsigned_abs());
                segment.set_stop(match snap {
                    Snap::After => time.max(end),
                    _ => end,
                });
            } else {
                segment.set_start(time);
                segment.set_time(time);
                segment.set_position(time);
            }
        } else if backwards && segment.stop().is_none() {
            segment.set_stop(end);
        }
        let bounds = match backwards {
            true => self.bounds(&segment, target)?,
            false => (0, None),
        };
        let after = self.shared.bytes_read.load(Ordering::Relaxed);
        gst::debug!(
            self.cat,
            "seek to {target} ({snap:?}): offset {}, segment from {:?}; {} bytes read",
            place.offset,
            segment.start(),
            after.saturating_sub(before)
        );
        self.restart(wanted, segment, &place, target, bounds);
        Ok(true)
    }

    /// Between which offsets the records of a segment are that is played backwards from `target`; `None`: to the end of the file.
    fn bounds(
        &self,
        segment: &gst::FormattedSegment<gst::ClockTime>,
        target: i64,
    ) -> Result<(u64, Option<u64>), gst::FlowError> {
        let start = segment.start().map_or(0, |start| start.nseconds());
        let start = i64::try_from(start).unwrap_or(i64::MAX);
        let floor = self.locate(start, Snap::Before)?;
        // before a camera's next keyframe are all of its frames up to the target
        let after = self.locate(target.saturating_add(1), Snap::After)?;
        let after = after.filter(|place| place.time > target);
        let last = |place: SeekTarget| {
            let keyframes = place.from.into_values();
            keyframes.fold(place.offset, u64::max)
        };
        Ok((floor.map_or(0, |place| place.offset), after.map(last)))
    }

    /// Finds the place for a stream time. `None` where nothing is known of the file.
    fn locate(&self, target: i64, snap: Snap) -> Result<Option<SeekTarget>, gst::FlowError> {
        let settings = self.settings();
        let Some(source) = self.source() else {
            return Ok(None);
        };
        let (reader, map, profile, cameras, first) = {
            let state = self.lock();
            let indexed = state.indexed.as_ref().map(|reader| reader.fork());
            let own = || state.parser.as_ref().map(|parser| parser.reader().fork());
            let Some(reader) = indexed.or_else(own) else {
                return Ok(None);
            };
            let cameras: Vec<u16> = state
                .streams
                .iter()
                .filter(|stream| stream.key.codec.media() == Media::Video)
                .filter(|stream| stream.frames > 0 || state.streams.len() == 1)
                .map(|stream| stream.key.camera)
                .collect();
            let profile = state.profile().clone();
            (
                reader,
                state.map.clone(),
                profile,
                cameras,
                state.first_record.unwrap_or(0),
            )
        };
        let seeker = Seeker::new(
            source,
            &*reader,
            &map,
            &profile,
            cameras,
            settings.camera,
            first,
        );
        match seeker {
            Some(mut seeker) => seeker.locate(target, snap),
            None => Ok(None),
        }
    }

    fn restart(
        &self,
        wanted: &PendingSeek,
        segment: gst::FormattedSegment<gst::ClockTime>,
        place: &SeekTarget,
        target: i64,
        (floor, ceiling): (u64, Option<u64>),
    ) {
        let mut state = self.lock();
        let state = &mut *state;
        if let Some(parser) = &mut state.parser {
            parser.jump(place.offset);
            if let Some(slot) = place.slot {
                parser.reader_mut().set_slot(slot);
            }
        }
        state.placement.jump(Some((place.clock, place.running)));
        state.placement.pass(&place.before);
        state.want = 0;
        state.read_on = 0;
        state.stopped = false;
        state.last_clock = None;
        state.gap_check = place.time;
        state.latest = place.time;
        state.forget_late();
        state.seqnum = wanted.seqnum;
        let start = segment.start().map_or(0, |start| start.nseconds());
        state.reverse = (wanted.rate < 0.0).then(|| {
            Reverse::new(
                ceiling,
                state.map.end_offset(),
                floor,
                target,
                i64::try_from(start).unwrap_or(i64::MAX),
            )
        });
        let position = segment.position().map_or(u64::MAX, |time| time.nseconds());
        self.shared.position.store(position, Ordering::Relaxed);
        state.segment = segment;
        state.flow.reset();
        self.shared.flow_trouble.store(false, Ordering::Relaxed);
        state.outs.retain(|out| !out.is_buffer());
        for stream in &mut state.streams {
            stream.restart(place.time);
            stream.from = match wanted.rate > 0.0 {
                true => place.from.get(&stream.key.camera).copied().unwrap_or(0),
                false => 0,
            };
        }
    }

    /// What upstream sends from now on is played as something new.
    pub(super) fn begin_anew(&self, flush_stop: gst::Event) {
        {
            let mut state = self.lock();
            let state = &mut *state;
            state.follows = true;
            state.stopped = false;
            state.placement.jump(None);
            state.segment = gst::FormattedSegment::new();
            state.seqnum = flush_stop.seqnum();
            state.flow.reset();
            state.last_clock = None;
            state.gap_check = 0;
            state.latest = 0;
            state.forget_late();
            state.reverse = None;
            self.shared.flow_trouble.store(false, Ordering::Relaxed);
            self.shared.position.store(u64::MAX, Ordering::Relaxed);
            state.outs.retain(|out| !out.is_buffer());
            for stream in &mut state.streams {
                stream.restart(0);
                stream.from = 0;
            }
        }
        self.push_everywhere(flush_stop);
    }

    /// A TOC entry was chosen: its beginning is played.
    fn select_run(&self, uid: &str) -> bool {
        let number = uid
            .strip_prefix("run-")
            .and_then(|number| number.parse::<usize>().ok());
        let run = number.and_then(|number| {
            let state = self.lock();
            state.map.runs.get(number.checked_sub(1)?).copied()
        });
        run.is_some_and(|run| {
            self.seek_to(
                run.running,
                gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE,
            )
        })
    }

    /// Seeks to a stream time by our own wish, as an application would.
    fn seek_to(&self, running: i64, flags: gst::SeekFlags) -> bool {
        let time = gst::ClockTime::from_nseconds(running.max(0).unsigned_abs());
        let rate = self.lock().segment.rate().abs().max(f64::MIN_POSITIVE);
        let event = gst::event::Seek::new(
            rate,
            flags,
            gst::SeekType::Set,
            time,
            gst::SeekType::Set,
            gst::ClockTime::NONE,
        );
        match event.view() {
            gst::EventView::Seek(seek) => self.seek(seek),
            _ => false,
        }
    }

    /// Seeks to a time of the recorder's clock, in nanoseconds since 1970 (UTC). `pass` picks among several places with that time,
    /// from 0: the hour that the end of daylight saving repeats has two. Where nothing was recorded at that time, playback
    /// continues with the next recording, which an element message `exp-clock-seek` says.
    pub fn seek_clock(&self, unix: i64, pass: u32, flags: gst::SeekFlags) -> bool {
        let settings = self.settings();
        if self.survey(&settings, SEEKING).is_err() {
            return false;
        }
        let found = {
            let state = self.lock();
            let shift = state.clock_shift(&settings);
            state
                .clock_place(unix.saturating_add(shift), pass)
                .map(|(running, clock, at)| (running, clock.saturating_sub(shift), at))
        };
        let Some((running, clock, at)) = found else {
            return false;
        };
        if let (Some(element), Some(at)) = (self.element(), at) {
            let structure = gst::Structure::builder("exp-clock-seek")
                .field("wanted", u64::try_from(unix).unwrap_or(0))
                .field("reached", u64::try_from(clock).unwrap_or(0))
                .field("recorded", false)
                .field("where", at)
                .build();
            let message = gst::message::Element::builder(structure).src(&element);
            let _ = element.post_message(message.build());
        }
        self.seek_to(running, flags)
    }

    /// The duration may be another now.
    pub(super) fn duration_changed(&self) {
        if let Some(element) = self.element() {
            let message = gst::message::DurationChanged::builder()
                .src(&element)
                .build();
            let _ = element.post_message(message);
        }
    }
}

impl State {
    /// Running time for a clock time, the clock that is reached, and where the wanted one is if nothing was recorded then: `before`
    /// all recordings, in a `gap`, or `after` all.
    pub fn clock_place(&self, clock: i64, pass: u32) -> Option<(i64, i64, Option<&'static str>)> {
        let pass = usize::try_from(pass).unwrap_or(usize::MAX);
        if let Some(run) = self.map.at_clock(clock).nth(pass) {
            let into = clock
                .saturating_sub(run.clock)
                .min(run.clock_end.saturating_sub(run.clock));
            return Some((run.running.saturating_add(into), clock, None));
        }
        // in a gap: where recording continues
        let mut later = self.map.runs.iter().filter(|run| run.clock >= clock);
        let earlier = self.map.runs.iter().any(|run| run.clock < clock);
        if let Some(run) = later.nth(pass) {
            let at = if earlier { "gap" } else { "before" };
            return Some((run.running, run.clock, Some(at)));
        }
        if pass > 0 {
            return None;
        }
        let last = self.map.runs.iter().max_by_key(|run| run.clock_end)?;
        let into = last.clock_end.saturating_sub(last.clock);
        Some((
            last.running.saturating_add(into),
            last.clock_end,
            Some("after"),
        ))
    }

    /// The recorder's clock at a running time, nanoseconds since 1970.
    pub fn clock_at(&self, running: i64) -> Option<i64> {
        let run = self.map.runs.get(self.map.at_running(running)?)?;
        let into = running.saturating_sub(run.running);
        let end = run
            .clock_end
            .saturating_add(self.map.interval.max(SECOND / 1000));
        Some(run.clock.saturating_add(into).min(end))
    }
}
