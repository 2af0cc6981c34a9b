// SPDX-License-Identifier: MPL-2.0
//! The pads and their functions. A panic in any of them becomes an error message.

use super::{Demux, DemuxElement};
use gst::{prelude::*, subclass::prelude::*};

/// What the demuxer needs of the element that it is in.
pub struct Functions {
    /// Makes a source pad of this name.
    pub source_pad: fn(&gst::PadTemplate, &str) -> gst::Pad,
    /// Runs one turn of the streaming task, and pauses it where it has to stop.
    pub step: fn(&gst::Element),
}

impl Functions {
    /// Those of an element of type `T`.
    pub fn of<T: DemuxElement>() -> Functions
    where
        T::Type: IsA<gst::Element>,
    {
        Functions {
            source_pad: source_pad::<T>,
            step: step::<T>,
        }
    }
}

/// Runs `function` on the demuxer of `parent`; where it panics, an error is posted and `fallback` answered.
fn guarded<T: DemuxElement, R>(
    parent: Option<&gst::Object>,
    fallback: impl FnOnce() -> R,
    function: impl FnOnce(&Demux) -> R,
) -> R
where
    T::Type: IsA<gst::Element>,
{
    let fallback = || {
        // nobody takes what upstream pushes any more
        let element = parent.and_then(|parent| parent.downcast_ref::<T::Type>());
        if let Some(element) = element {
            let feed = &T::from_obj(element).demux().feed;
            feed.set_flow(Err(gst::FlowError::Error));
        }
        fallback()
    };
    T::catch_panic_pad_function(parent, fallback, |imp| function(imp.demux()))
}

fn step<T: DemuxElement>(element: &gst::Element)
where
    T::Type: IsA<gst::Element>,
{
    let goes_on = guarded::<T, bool>(Some(element.upcast_ref()), || false, Demux::step);
    if let (false, Some(element)) = (goes_on, element.downcast_ref::<T::Type>()) {
        T::from_obj(element).demux().rest();
    }
}

/// Makes the sink pad.
pub fn sink_pad<T: DemuxElement>(template: &gst::PadTemplate) -> gst::Pad
where
    T::Type: IsA<gst::Element>,
{
    gst::PadBuilder::<gst::Pad>::from_template(template)
        .activate_function(|pad, parent| {
            guarded::<T, _>(
                parent,
                || Err(gst::loggable_error!(gst::CAT_RUST, "panic")),
                |demux| demux.activate(pad),
            )
        })
        .activatemode_function(|_, parent, mode, active| {
            guarded::<T, _>(
                parent,
                || Err(gst::loggable_error!(gst::CAT_RUST, "panic")),
                |demux| demux.activate_mode(mode, active),
            )
        })
        .chain_function(|_, parent, buffer| {
            guarded::<T, _>(
                parent,
                || Err(gst::FlowError::Error),
                |demux| demux.chain(buffer),
            )
        })
        .event_function(|pad, parent, event| {
            guarded::<T, _>(
                parent,
                || false,
                |demux| demux.sink_event(pad, parent, event),
            )
        })
        .query_function(|pad, parent, query| {
            guarded::<T, _>(
                parent,
                || false,
                |demux| demux.sink_query(pad, parent, query),
            )
        })
        .build()
}

fn source_pad<T: DemuxElement>(template: &gst::PadTemplate, name: &str) -> gst::Pad
where
    T::Type: IsA<gst::Element>,
{
    gst::PadBuilder::<gst::Pad>::from_template(template)
        .name(name)
        .event_function(|pad, parent, event| {
            guarded::<T, _>(
                parent,
                || false,
                |demux| demux.src_event(pad, parent, event),
            )
        })
        .query_function(|pad, parent, query| {
            guarded::<T, _>(
                parent,
                || false,
                |demux| demux.src_query(pad, parent, query),
            )
        })
        .build()
}

impl Demux {
    fn activate(&self, pad: &gst::Pad) -> Result<(), gst::LoggableError> {
        let mut query = gst::query::Scheduling::new();
        let pull = pad.peer_query(&mut query)
            && query
                .has_scheduling_mode_with_flags(gst::PadMode::Pull, gst::SchedulingFlags::SEEKABLE);
        let mode = match pull {
            true => gst::PadMode::Pull,
            false => gst::PadMode::Push,
        };
        pad.activate_mode(mode, true)
            .map_err(|error| gst::loggable_error!(self.cat, "{mode:?} mode: {error}"))
    }

    fn activate_mode(&self, mode: gst::PadMode, active: bool) -> Result<(), gst::LoggableError> {
        let pull = mode == gst::PadMode::Pull;
        if active {
            self.lock().pull = pull;
            self.feed.set_flushing(false);
            return self
                .start()
                .map_err(|error| gst::loggable_error!(self.cat, "{error}"));
        }
        self.feed.set_flushing(true);
        self.stop();
        Ok(())
    }

    fn sink_query(
        &self,
        pad: &gst::Pad,
        parent: Option<&gst::Object>,
        query: &mut gst::QueryRef,
    ) -> bool {
        if let gst::QueryViewMut::Bitrate(bitrate) = query.view_mut() {
            // queue2 in front of the demuxer asks this, to know how many bytes make a second
            if let Some(rate) = self.bitrate() {
                bitrate.set_bitrate(rate);
                return true;
            }
        }
        gst::Pad::query_default(pad, parent, query)
    }

    /// Mean bits a second, from the map of the file.
    fn bitrate(&self) -> Option<u32> {
        let state = self.lock();
        let duration = state.playing_time()?.mseconds().max(1);
        let bytes = state.map.size()?;
        u32::try_from(bytes.checked_mul(8000)?.checked_div(duration)?).ok()
    }

    /// Whether bytes that are pushed can be asked for from another place.
    pub(super) fn upstream_seeks(&self) -> bool {
        let mut query = gst::query::Seeking::new(gst::Format::Bytes);
        if !self.sink.peer_query(&mut query) {
            return false;
        }
        let (seekable, _, stop) = query.result();
        seekable && stop.value() > 0
    }

    fn sink_event(&self, pad: &gst::Pad, parent: Option<&gst::Object>, event: gst::Event) -> bool {
        match event.view() {
            // streams, caps and segments downstream are our own
            gst::EventView::StreamStart(_)
            | gst::EventView::Caps(_)
            | gst::EventView::StreamCollection(_) => true,
            gst::EventView::Segment(segment) => {
                if let Some(bytes) = segment.segment().downcast_ref::<gst::format::Bytes>() {
                    self.feed.begin(bytes.start().map_or(0, |start| *start));
                }
                true
            }
            gst::EventView::FlushStart(_) => {
                if self.feed.flush_start(event.seqnum()) {
                    return true;
                }
                self.push_everywhere(event);
                true
            }
            gst::EventView::FlushStop(_) => {
                if self.feed.flush_stop(event.seqnum()) {
                    return true;
                }
                self.flushed_by_upstream(event)
            }
            gst::EventView::Eos(_) => {
                self.feed.end();
                true
            }
            _ if event.is_serialized() => {
                self.feed.push_event(event);
                true
            }
            _ => gst::Pad::event_default(pad, parent, event),
        }
    }

    /// Bytes from upstream.
    fn chain(&self, buffer: gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.feed.push(buffer)
    }
}
