// SPDX-License-Identifier: MPL-2.0
//! The sink pad: which way bytes come, and who gets them.

use super::Inner;
use gst::prelude::*;
use std::sync::Weak;

/// Makes the sink pad.
pub fn pad(template: &gst::PadTemplate, inner: &Weak<Inner>) -> gst::Pad {
    let (activate, mode) = (inner.clone(), inner.clone());
    let (chain, event, query) = (inner.clone(), inner.clone(), inner.clone());
    gst::PadBuilder::<gst::Pad>::from_template(template)
        .activate_function(move |pad, _| match activate.upgrade() {
            Some(inner) => inner.sink_activate(pad),
            None => Err(gst::loggable_error!(gst::CAT_RUST, "element is gone")),
        })
        .activatemode_function(move |pad, _, kind, active| match mode.upgrade() {
            Some(inner) => inner.sink_activate_mode(pad, kind, active),
            None => Ok(()),
        })
        .chain_function(move |_, _, buffer| match chain.upgrade() {
            Some(inner) => inner.chain(buffer),
            None => Err(gst::FlowError::Flushing),
        })
        .event_function(move |pad, parent, sent| match event.upgrade() {
            Some(inner) => inner.sink_event(pad, parent, sent),
            None => false,
        })
        .query_function(move |pad, parent, asked| match query.upgrade() {
            Some(inner) => inner.sink_query(pad, parent, asked),
            None => false,
        })
        .build()
}

impl Inner {
    fn sink_activate(&self, pad: &gst::Pad) -> Result<(), gst::LoggableError> {
        let mut query = gst::query::Scheduling::new();
        let pull = pad.peer_query(&mut query)
            && query
                .has_scheduling_mode_with_flags(gst::PadMode::Pull, gst::SchedulingFlags::SEEKABLE);
        let mode = if pull {
            gst::PadMode::Pull
        } else {
            gst::PadMode::Push
        };
        pad.activate_mode(mode, true)
            .map_err(|error| gst::loggable_error!(self.cat, "{mode:?} mode: {error}"))
    }

    fn sink_activate_mode(
        self: &std::sync::Arc<Self>,
        pad: &gst::Pad,
        mode: gst::PadMode,
        active: bool,
    ) -> Result<(), gst::LoggableError> {
        match (mode, active) {
            (gst::PadMode::Pull, true) => {
                self.lock().pull = true;
                self.start_task()
                    .map_err(|error| gst::loggable_error!(self.cat, "{error}"))
            }
            (gst::PadMode::Pull, false) => pad
                .stop_task()
                .map_err(|error| gst::loggable_error!(self.cat, "{error}")),
            _ => {
                self.lock().pull = false;
                Ok(())
            }
        }
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
        let duration = state.duration?.mseconds().max(1);
        let bytes = state.map.size()?;
        u32::try_from(bytes.checked_mul(8000)?.checked_div(duration)?).ok()
    }
}
