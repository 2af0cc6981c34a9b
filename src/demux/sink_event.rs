// SPDX-License-Identifier: MPL-2.0
//! Events from upstream, in push mode.

use super::Inner;
use std::sync::{Arc, atomic::Ordering};

impl Inner {
    pub(super) fn sink_event(
        self: &Arc<Self>,
        pad: &gst::Pad,
        parent: Option<&gst::Object>,
        event: gst::Event,
    ) -> bool {
        match event.view() {
            // streams, caps and segments downstream are our own
            gst::EventView::StreamStart(_)
            | gst::EventView::Caps(_)
            | gst::EventView::StreamCollection(_) => true,
            gst::EventView::Segment(segment) => {
                self.new_bytes(segment.segment());
                true
            }
            gst::EventView::FlushStop(_) => {
                self.flushed();
                self.push_everywhere(event);
                true
            }
            gst::EventView::Eos(_) => {
                self.push_eos();
                true
            }
            _ => gst::Pad::event_default(pad, parent, event),
        }
    }

    /// Bytes from another place follow.
    fn new_bytes(&self, segment: &gst::Segment) {
        let Some(bytes) = segment.downcast_ref::<gst::format::Bytes>() else {
            return;
        };
        let start = bytes.start().map_or(0, |start| *start);
        let mut state = self.lock();
        let state = &mut *state;
        if start == state.offset && state.push_seek.is_none() {
            return;
        }
        state.push.next_offset = Some(start);
        if let (Some(reader), None) = (state.reader.as_mut(), &state.head) {
            reader.resync();
            if start <= state.first_record.unwrap_or(0) {
                reader.set_slot(0);
            }
        }
    }

    /// What was gathered before a flush is void.
    fn flushed(&self) {
        let mut state = self.lock();
        let state = &mut *state;
        state.push.clear();
        state.region = None;
        state.stopped = false;
        state.want = 0;
        state.interpolator.clear();
        state.flow.reset();
        self.shared.flow_trouble.store(false, Ordering::Relaxed);
        for stream in &mut state.streams {
            stream.discont = true;
        }
    }
}
