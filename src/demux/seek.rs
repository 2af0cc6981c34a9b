// SPDX-License-Identifier: MPL-2.0
//! Seek events, and playback from another place.

use super::{
    Inner, Settings,
    locate::{SeekTarget, Snap},
    output::Out,
    reverse::Reverse,
    survey,
};
use formats::timeline::{Interpolator, SECOND};
use gst::prelude::*;
use std::sync::{Arc, atomic::Ordering};

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

    /// Forward at any speed, flushing.
    pub fn is_plain(&self) -> bool {
        self.rate > 0.0 && self.flags.contains(gst::SeekFlags::FLUSH)
    }

    /// Goes to a keyframe rather than to the time itself.
    pub fn snaps(&self) -> bool {
        self.snap() != Snap::Accurate
    }

    /// The event's number.
    pub fn seqnum(&self) -> gst::Seqnum {
        self.seqnum
    }

    /// The event's flags.
    pub fn flags(&self) -> gst::SeekFlags {
        self.flags
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

impl Inner {
    /// An event that an application sends to the element itself, which may have no pads yet.
    pub(super) fn element_event(self: &Arc<Self>, event: &gst::Event) -> Option<bool> {
        match event.view() {
            gst::EventView::Seek(seek) => Some(self.seek(seek)),
            _ => None,
        }
    }

    /// An event from downstream.
    pub(super) fn src_event(
        self: &Arc<Self>,
        pad: &gst::Pad,
        parent: Option<&gst::Object>,
        event: gst::Event,
    ) -> bool {
        match event.view() {
            gst::EventView::Seek(seek) => self.seek(seek),
            gst::EventView::TocSelect(select) => self.select_run(select.uid()),
            _ => gst::Pad::event_default(pad, parent, event),
        }
    }

    fn seek(self: &Arc<Self>, seek: &gst::event::Seek) -> bool {
        let Some(wanted) = PendingSeek::from_event(seek) else {
            gst::debug!(self.cat, "refused: not in time format, or no usable rate");
            return false;
        };
        if wanted.flags.contains(gst::SeekFlags::INSTANT_RATE_CHANGE) {
            return self.change_rate(&wanted);
        }
        let (pull, known, again) = {
            let mut state = self.lock();
            let again = state.last_seek.replace(wanted.seqnum) == Some(wanted.seqnum);
            let known = state.reader.is_some() && state.head.is_none();
            if state.reader.is_none() || state.pull && !known {
                state.pending_seek = Some(wanted).filter(|_| !again).or(state.pending_seek);
            }
            (state.pull, known, again)
        };
        match (again, pull, known) {
            // the same seek reached us by another pad
            (true, ..) => true,
            (false, true, true) => self.seek_pull(&wanted),
            (false, true, false) => true,
            (false, false, false) if self.lock().pending_seek.is_some() => true,
            (false, false, _) => self.seek_push(&wanted),
        }
    }

    /// Plays on at another speed without seeking.
    fn change_rate(&self, wanted: &PendingSeek) -> bool {
        let (rate, pull) = {
            let state = self.lock();
            (state.segment.rate(), state.pull)
        };
        let moves =
            wanted.start_type != gst::SeekType::None || wanted.stop_type != gst::SeekType::None;
        if moves || rate * wanted.rate < 0.0 || !pull && wanted.rate < 0.0 {
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
    pub(super) fn play_pending_seek(self: &Arc<Self>) -> bool {
        let wanted = {
            let mut state = self.lock();
            if state.head.is_some() {
                return false;
            }
            state.pending_seek.take()
        };
        wanted.is_some_and(|wanted| self.seek_pull(&wanted))
    }

    fn seek_pull(self: &Arc<Self>, wanted: &PendingSeek) -> bool {
        let flush = wanted.flags.contains(gst::SeekFlags::FLUSH);
        if flush {
            let start = gst::event::FlushStart::builder()
                .seqnum(wanted.seqnum)
                .build();
            self.sink.push_event(start.clone());
            self.push_everywhere(start);
        } else {
            let _ = self.sink.pause_task();
        }
        // the streaming thread is out of everybody's way from here on
        let guard = self.sink.stream_lock();
        if flush {
            let stop = gst::event::FlushStop::builder(true)
                .seqnum(wanted.seqnum)
                .build();
            self.sink.push_event(stop);
        }
        let settings = self.settings();
        let done = self.go_to(wanted, &settings);
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
        let started = self.start_task().is_ok();
        matches!(done, Ok(true)) && started
    }

    /// Sets segment, reader and timeline to the place asked for.
    fn go_to(&self, wanted: &PendingSeek, settings: &Settings) -> Result<bool, gst::FlowError> {
        self.survey(settings, survey::SEEKING)?;
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
        let Some(target_place) = self.locate(settings, target, snap)? else {
            return Ok(false);
        };
        if wanted.snap() != Snap::Accurate {
            let time = gst::ClockTime::from_nseconds(target_place.time.max(0).unsigned_abs());
            if backwards {
                let end = gst::ClockTime::from_nseconds(target.max(0).unsigned_abs());
                segment.set_stop(if snap == Snap::After {
                    time.max(end)
                } else {
                    end
                });
            } else {
                segment.set_start(time);
                segment.set_time(time);
                segment.set_position(time);
            }
        } else if backwards && segment.stop().is_none() {
            segment.set_stop(end);
        }
        self.restart(wanted, segment, &target_place, settings, target);
        Ok(true)
    }

    fn restart(
        &self,
        wanted: &PendingSeek,
        segment: gst::FormattedSegment<gst::ClockTime>,
        target_place: &SeekTarget,
        settings: &Settings,
        target: i64,
    ) {
        let mut state = self.lock();
        let state = &mut *state;
        if let Some(reader) = state.reader.as_mut() {
            reader.resync();
            if let Some(slot) = target_place.slot {
                reader.set_slot(slot);
            }
        }
        state.interpolator = Interpolator::new(state.tuning.timing);
        state.runs = formats::timeline::RunMap::new(settings.gap_policy, &state.tuning.timing);
        state.runs.resume(target_place.clock, target_place.running);
        state.offset = target_place.offset;
        state.want = 0;
        state.read_on = 0;
        state.region = None;
        state.stopped = false;
        state.last_clock = None;
        state.gap_check = target_place.time;
        state.seqnum = wanted.seqnum;
        let start = segment.start().map_or(0, |start| start.nseconds());
        state.reverse = (wanted.rate < 0.0).then(|| {
            Reverse::new(
                state.map.end_offset(),
                target,
                i64::try_from(start).unwrap_or(i64::MAX),
            )
        });
        state.segment = segment;
        state.flow.reset();
        self.shared.flow_trouble.store(false, Ordering::Relaxed);
        state.outs.retain(|out| !matches!(out, Out::Buffers(..)));
        for stream in &mut state.streams {
            stream.restart();
            stream.end = target_place.time;
            stream.from = match wanted.rate > 0.0 {
                true => target_place
                    .from
                    .get(&stream.key.camera)
                    .copied()
                    .unwrap_or(0),
                false => 0,
            };
        }
    }

    /// A TOC entry was chosen: its beginning is played.
    fn select_run(self: &Arc<Self>, uid: &str) -> bool {
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
    fn seek_to(self: &Arc<Self>, running: i64, flags: gst::SeekFlags) -> bool {
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

    /// See [`super::Demux::seek_clock`].
    pub(super) fn seek_clock(
        self: &Arc<Self>,
        unix: i64,
        pass: u32,
        flags: gst::SeekFlags,
    ) -> bool {
        let settings = self.settings();
        let target = {
            let guard = match self.survey(&settings, survey::SEEKING) {
                Ok(()) => self.lock(),
                Err(_) => return false,
            };
            let clock = unix.saturating_add(guard.clock_shift(&settings));
            let pass = usize::try_from(pass).unwrap_or(usize::MAX);
            let inside = guard.map.at_clock(clock).nth(pass).map(|run| {
                run.running.saturating_add(
                    clock
                        .saturating_sub(run.clock)
                        .min(run.clock_end.saturating_sub(run.clock)),
                )
            });
            // in a gap: where recording goes on
            inside.or_else(|| {
                let next = guard.map.runs.iter().filter(|run| run.clock >= clock);
                next.map(|run| run.running).nth(pass)
            })
        };
        target.is_some_and(|running| self.seek_to(running, flags))
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

impl super::state::State {
    /// Duration of the recording in stream time.
    pub fn playing_time(&self) -> Option<gst::ClockTime> {
        let known = self.map.duration().or_else(|| self.slots_time())?;
        Some(gst::ClockTime::from_nseconds(known.max(0).unsigned_abs()))
    }

    /// Duration of a file without a clock: its header knows the span, or what was played.
    fn slots_time(&self) -> Option<i64> {
        let (from, to) = self.reader.as_ref()?.info().span?;
        Some(to.saturating_sub(from).saturating_mul(SECOND))
    }
}
