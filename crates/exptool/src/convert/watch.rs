// SPDX-License-Identifier: MPL-2.0
//! Probes that follow pictures and sound through a pipeline.

use super::{
    clip::{Tracker, Verdict},
    graph::{Shared, lock},
};
use gst::prelude::*;

/// The recorder's time of a buffer, nanoseconds.
pub fn clock_of(buffer: &gst::BufferRef) -> Option<i64> {
    buffer
        .iter_meta::<gst::ReferenceTimestampMeta>()
        .find(|meta| {
            let name = meta
                .reference()
                .structure(0)
                .map(|reference| reference.name());
            name.is_some_and(|name| name == "timestamp/x-unix")
        })
        .and_then(|meta| i64::try_from(meta.timestamp().nseconds()).ok())
}

fn times(buffer: &gst::BufferRef) -> (u64, u64) {
    let pts = buffer.pts().map_or(0, gst::ClockTime::nseconds);
    let duration = buffer.duration().map_or(0, gst::ClockTime::nseconds);
    (pts, duration)
}

fn move_back(buffer: &mut gst::Buffer, shift: u64) {
    if shift == 0 {
        return;
    }
    let buffer = buffer.make_mut();
    let shift = gst::ClockTime::from_nseconds(shift);
    buffer.set_pts(buffer.pts().map(|time| time.saturating_sub(shift)));
    buffer.set_dts(buffer.dts().map(|time| time.saturating_sub(shift)));
}

// What is left out is answered with `Handled`: of `Drop` the bindings (0.25) make a release of nothing, which GStreamer complains
// about.

/// Pictures as the demuxer gives them: decides which go on, and tells the tracker.
pub fn watch_pictures(pad: &gst::Pad, tracker: &Shared, encode: bool, rate: Option<gst::Fraction>) {
    let tracker = tracker.clone();
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |_, info| {
        let mut tracker = lock(&tracker);
        let verdict = match &mut info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => {
                let key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
                let verdict = tracker.picture(times(buffer), clock_of(buffer), key, buffer.size());
                if let (Verdict::Keep(shift), false) = (verdict, encode) {
                    move_back(buffer, shift);
                }
                verdict
            }
            Some(gst::PadProbeData::Event(event)) => {
                return watch_event(&mut tracker, event, rate);
            }
            _ => Verdict::Keep(0),
        };
        match verdict {
            Verdict::Keep(_) | Verdict::Decode => gst::PadProbeReturn::Ok,
            Verdict::Drop => gst::PadProbeReturn::Handled,
            // the demuxer stops reading
            Verdict::End => {
                info.flow_res = Err(gst::FlowError::Eos);
                gst::PadProbeReturn::Handled
            }
        }
    });
}

fn watch_event(
    tracker: &mut Tracker,
    event: &mut gst::Event,
    rate: Option<gst::Fraction>,
) -> gst::PadProbeReturn {
    match event.view() {
        gst::EventView::Eos(_) => tracker.finish(),
        // chapters are made of what goes into the output, not of all that the file holds
        gst::EventView::Toc(_) => return gst::PadProbeReturn::Handled,
        gst::EventView::Tag(tag) => {
            let tags = tag.tag();
            if tags.scope() == gst::TagScope::Stream {
                let mode = tags
                    .generic("recording-mode")
                    .and_then(|mode| mode.get::<String>().ok());
                tracker.set_mode(mode.as_deref().unwrap_or_default());
            }
        }
        gst::EventView::Gap(gap) => {
            let (start, length) = gap.get();
            let length = length.map_or(0, gst::ClockTime::nseconds);
            let Some(kept) = tracker.silence(start.nseconds(), length) else {
                return gst::PadProbeReturn::Handled;
            };
            if kept < length {
                *event = gst::event::Gap::builder(start)
                    .duration(gst::ClockTime::from_nseconds(kept))
                    .seqnum(event.seqnum())
                    .build();
            }
        }
        gst::EventView::Caps(caps) => {
            // AVI counts pictures of one rate
            if let Some(rate) = rate {
                let mut caps = caps.caps_owned();
                caps.make_mut().set("framerate", rate);
                *event = gst::event::Caps::builder(&caps)
                    .seqnum(event.seqnum())
                    .build();
            }
        }
        _ => {}
    }
    gst::PadProbeReturn::Ok
}

/// Sound goes along with the pictures that are shown.
pub fn watch_sound(pad: &gst::Pad, tracker: &Shared) {
    let tracker = tracker.clone();
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |_, info| match &mut info.data {
        Some(gst::PadProbeData::Buffer(buffer)) => match lock(&tracker).shift(times(buffer).0) {
            Some(shift) => {
                move_back(buffer, shift);
                gst::PadProbeReturn::Ok
            }
            None => gst::PadProbeReturn::Handled,
        },
        Some(gst::PadProbeData::Event(event)) if event.type_() == gst::EventType::Toc => {
            gst::PadProbeReturn::Handled
        }
        _ => gst::PadProbeReturn::Ok,
    });
}

/// Decoded pictures: those that were only needed to decode others go no further; the text is set that belongs to each.
pub fn watch_decoded(
    pad: &gst::Pad,
    tracker: &Shared,
    overlay: Option<gst::Element>,
    digits: usize,
) {
    let tracker = tracker.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data else {
            return gst::PadProbeReturn::Ok;
        };
        let (pts, _) = times(buffer);
        let mut tracker = lock(&tracker);
        let Some(shift) = tracker.shift(pts) else {
            return gst::PadProbeReturn::Handled;
        };
        if let Some(overlay) = &overlay {
            let text = tracker.text(pts, clock_of(buffer), digits);
            // the overlay takes markup
            overlay.set_property("text", gst::glib::markup_escape_text(&text));
        }
        move_back(buffer, shift);
        gst::PadProbeReturn::Ok
    });
}
