// SPDX-License-Identifier: MPL-2.0
//! Source pads, and the queries they answer.

use super::{Demux, state::State};
use gst::prelude::{MulDiv as _, *};
use std::sync::atomic::Ordering;

impl Demux {
    pub(super) fn src_query(
        &self,
        pad: &gst::Pad,
        parent: Option<&gst::Object>,
        query: &mut gst::QueryRef,
    ) -> bool {
        let answered = match query.view_mut() {
            gst::QueryViewMut::Duration(asked) => self.answer_duration(pad, asked),
            gst::QueryViewMut::Position(asked) => self.answer_position(pad, asked),
            gst::QueryViewMut::Seeking(asked) => Some(self.answer_seeking(asked)),
            gst::QueryViewMut::Segment(asked) => Some(self.answer_segment(asked)),
            gst::QueryViewMut::Custom(asked) => self.answer_clock(asked),
            gst::QueryViewMut::Convert(asked) => Some(self.answer_convert(pad, asked)),
            gst::QueryViewMut::Formats(asked) => {
                asked.set([gst::Format::Time, gst::Format::Default, gst::Format::Bytes]);
                Some(true)
            }
            _ => None,
        };
        match answered {
            Some(answered) => answered,
            None => gst::Pad::query_default(pad, parent, query),
        }
    }

    fn answer_duration(&self, pad: &gst::Pad, asked: &mut gst::query::Duration) -> Option<bool> {
        let mut state = self.lock();
        let time = state.playing_time();
        match asked.format() {
            gst::Format::Time => {
                let Some(time) = time else {
                    return Some(false);
                };
                asked.set(time);
                state.duration = Some(time);
                Some(true)
            }
            gst::Format::Default => {
                let frames = state.frames_at(pad, time?)?;
                asked.set(gst::format::Default::from_u64(frames));
                Some(true)
            }
            _ => None,
        }
    }

    fn answer_position(&self, pad: &gst::Pad, asked: &mut gst::query::Position) -> Option<bool> {
        let state = self.lock();
        match asked.format() {
            gst::Format::Time => {
                let position = match self.shared.position.load(Ordering::Relaxed) {
                    u64::MAX => state.segment.position().unwrap_or(gst::ClockTime::ZERO),
                    position => gst::ClockTime::from_nseconds(position),
                };
                // a seek past the end has nothing to show but its place
                let inside = state.segment.to_stream_time(position);
                asked.set(inside.unwrap_or(position));
                Some(true)
            }
            gst::Format::Default => {
                let stream = state.streams.iter().find(|stream| &stream.pad == pad)?;
                asked.set(gst::format::Default::from_u64(stream.frames));
                Some(true)
            }
            _ => None,
        }
    }

    fn answer_seeking(&self, asked: &mut gst::query::Seeking) -> bool {
        if asked.format() != gst::Format::Time {
            asked.set(
                false,
                gst::GenericFormattedValue::none_for_format(asked.format()),
                gst::GenericFormattedValue::none_for_format(asked.format()),
            );
            return true;
        }
        let (pull, duration) = {
            let state = self.lock();
            (state.pull, state.playing_time())
        };
        let seekable = pull || self.upstream_seeks();
        asked.set(seekable, gst::ClockTime::ZERO, duration);
        true
    }

    fn answer_segment(&self, asked: &mut gst::query::Segment) -> bool {
        let state = self.lock();
        let segment = &state.segment;
        let start = segment.to_stream_time(segment.start().unwrap_or(gst::ClockTime::ZERO));
        let stop = match segment.stop() {
            Some(stop) => segment.to_stream_time(stop),
            None => state.playing_time(),
        };
        asked.set(segment.rate(), start, stop);
        true
    }

    /// The recorder's clock for a stream time and back: a custom query with the structure `exp-clock`. It has either
    /// `stream-time` (uint64, nanoseconds) or `clock` (uint64, nanoseconds since 1970 UTC) and, with the latter, `pass` (uint, 0
    /// where it is left out). The answer adds the other one, and `recorded` (boolean): false where nothing was recorded at that
    /// clock and the answer is the next moment that was.
    fn answer_clock(&self, asked: &mut gst::query::Custom) -> Option<bool> {
        let structure = asked.structure_mut();
        if structure.name() != "exp-clock" {
            return None;
        }
        let settings = self.settings();
        let state = self.lock();
        let shift = state.clock_shift(&settings);
        if let Ok(time) = structure.get::<u64>("stream-time") {
            let clock = state.clock_at(i64::try_from(time).unwrap_or(i64::MAX));
            let clock = clock.and_then(|clock| u64::try_from(clock.saturating_sub(shift)).ok());
            let Some(clock) = clock else {
                return Some(false);
            };
            structure.set("clock", clock);
            structure.set("recorded", true);
            return Some(true);
        }
        let clock = structure.get::<u64>("clock").ok();
        let clock = clock.and_then(|clock| i64::try_from(clock).ok());
        let pass = structure.get::<u32>("pass").unwrap_or(0);
        let place = clock.and_then(|clock| state.clock_place(clock.saturating_add(shift), pass));
        let Some((running, _, at)) = place else {
            return Some(false);
        };
        structure.set("stream-time", u64::try_from(running).unwrap_or(0));
        structure.set("recorded", at.is_none());
        Some(true)
    }

    /// Frames to time and back, by the usual distance of frames; bytes by the file's mean.
    fn answer_convert(&self, pad: &gst::Pad, asked: &mut gst::query::Convert) -> bool {
        let (from, to) = asked.get();
        let state = self.lock();
        let time = match from {
            gst::GenericFormattedValue::Time(Some(time)) => Some(time),
            gst::GenericFormattedValue::Default(Some(frames)) => state.time_of_frames(pad, *frames),
            gst::GenericFormattedValue::Bytes(Some(bytes)) => state.time_of_bytes(*bytes),
            _ => None,
        };
        let Some(time) = time else {
            return false;
        };
        match to {
            gst::Format::Time => {
                asked.set(from, time);
                true
            }
            gst::Format::Default => match state.frames_at(pad, time) {
                Some(frames) => {
                    asked.set(from, gst::format::Default::from_u64(frames));
                    true
                }
                None => false,
            },
            gst::Format::Bytes => match state.bytes_at(time) {
                Some(bytes) => {
                    asked.set(from, gst::format::Bytes::from_u64(bytes));
                    true
                }
                None => false,
            },
            _ => false,
        }
    }
}

impl State {
    /// Nanoseconds of so many frames, as a fraction.
    fn interval_of(&self, pad: &gst::Pad) -> Option<(u64, u64)> {
        let stream = self.streams.iter().find(|stream| &stream.pad == pad)?;
        let (num, den) = self.frame_rate(stream.key.camera)?;
        let time = u64::from(den).checked_mul(1_000_000_000)?;
        (time > 0 && num > 0).then_some((time, u64::from(num)))
    }

    fn frames_at(&self, pad: &gst::Pad, time: gst::ClockTime) -> Option<u64> {
        let (interval, frames) = self.interval_of(pad)?;
        time.nseconds().mul_div_round(frames, interval)
    }

    fn time_of_frames(&self, pad: &gst::Pad, frames: u64) -> Option<gst::ClockTime> {
        let (interval, per) = self.interval_of(pad)?;
        let time = frames.mul_div_round(interval, per)?;
        Some(gst::ClockTime::from_nseconds(time))
    }

    fn time_of_bytes(&self, bytes: u64) -> Option<gst::ClockTime> {
        let (size, duration) = (self.map.size()?, self.playing_time()?);
        let time = u128::from(duration.nseconds())
            .checked_mul(u128::from(bytes))?
            .checked_div(u128::from(size))?;
        u64::try_from(time).ok().map(gst::ClockTime::from_nseconds)
    }

    fn bytes_at(&self, time: gst::ClockTime) -> Option<u64> {
        let (size, duration) = (self.map.size()?, self.playing_time()?);
        let bytes = u128::from(size)
            .checked_mul(u128::from(time.nseconds()))?
            .checked_div(u128::from(duration.nseconds()))?;
        u64::try_from(bytes).ok()
    }
}
