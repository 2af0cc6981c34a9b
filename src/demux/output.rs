// SPDX-License-Identifier: MPL-2.0
//! What the state wants done outside, and doing it without any lock.

use super::{Demux, play::BATCH};
use gst::prelude::*;
use std::{ops::ControlFlow, sync::atomic::Ordering};

/// Something to do outside of the lock, in order.
pub enum Out {
    /// A new pad, with the sticky events that it has from its first moment.
    Pad(gst::Pad, Vec<gst::Event>),
    /// The second pad takes the place of the first, with its sticky events. The first one has still to end.
    Successor(gst::Pad, gst::Pad),
    /// The pad ends and goes. The event's number.
    End(gst::Pad, gst::Seqnum),
    /// All pads are there.
    NoMorePads,
    /// An event for one pad.
    Event(gst::Pad, gst::Event),
    /// Buffers for one pad. Those that follow each other are kept together, which spares counting references to the pad.
    Buffers(gst::Pad, Vec<gst::Buffer>),
    /// A message for the bus.
    Message(Box<gst::Message>),
    /// A warning for the bus: text, and detail.
    Warning(String, String),
}

impl Out {
    /// Buffers.
    pub fn is_buffer(&self) -> bool {
        matches!(self, Out::Buffers(..))
    }
}

/// Adds a buffer for a pad.
pub fn push_buffer(outs: &mut Vec<Out>, pad: &gst::Pad, buffer: gst::Buffer) {
    match outs.last_mut() {
        Some(Out::Buffers(last, buffers)) if last == pad => buffers.push(buffer),
        _ => {
            // frames that waited for the end of their second come together
            let mut buffers = Vec::with_capacity(2 * BATCH);
            buffers.push(buffer);
            outs.push(Out::Buffers(pad.clone(), buffers));
        }
    }
}

impl Demux {
    /// Does what was collected. The first flow that is not OK for all pads together ends it.
    pub(super) fn deliver(&self, outs: &mut Vec<Out>) -> Result<gst::FlowSuccess, gst::FlowError> {
        for out in outs.drain(..) {
            match out {
                Out::Buffers(pad, buffers) => {
                    for buffer in buffers {
                        if let Some(pts) = buffer.pts() {
                            self.shared
                                .position
                                .store(pts.nseconds(), Ordering::Relaxed);
                        }
                        let flow = pad.push(buffer);
                        if flow.is_ok() && !self.shared.flow_trouble.load(Ordering::Relaxed) {
                            continue;
                        }
                        self.shared.flow_trouble.store(true, Ordering::Relaxed);
                        self.lock().flow.update_pad_flow(&pad, flow)?;
                    }
                }
                Out::Event(pad, event) => {
                    pad.push_event(event);
                }
                other => self.act(other)?,
            }
        }
        Ok(gst::FlowSuccess::Ok)
    }

    /// Does what is the element's to do.
    fn act(&self, out: Out) -> Result<(), gst::FlowError> {
        let element = self.element().ok_or(gst::FlowError::Flushing)?;
        match out {
            Out::Pad(pad, events) => self.add_pad(&element, &pad, events),
            Out::Successor(old, pad) => {
                let mut events = Vec::new();
                old.sticky_events_foreach(|event| {
                    events.push(event.clone());
                    ControlFlow::Continue(gst::EventForeachAction::Keep)
                });
                self.add_pad(&element, &pad, events);
            }
            Out::End(pad, seqnum) => {
                pad.push_event(gst::event::Eos::builder().seqnum(seqnum).build());
                let _ = pad.set_active(false);
                self.lock().flow.remove_pad(&pad);
                let _ = element.remove_pad(&pad);
            }
            Out::NoMorePads => {
                gst::debug!(self.cat, obj = element, "no more pads");
                element.no_more_pads();
            }
            Out::Message(message) => {
                let _ = element.post_message(*message);
            }
            Out::Warning(text, detail) => {
                gst::element_warning!(element, gst::StreamError::Demux, ("{text}"), ["{detail}"]);
            }
            Out::Buffers(..) | Out::Event(..) => {}
        }
        Ok(())
    }

    fn add_pad(&self, element: &gst::Element, pad: &gst::Pad, events: Vec<gst::Event>) {
        if let Err(error) = pad.set_active(true) {
            gst::error!(self.cat, obj = pad, "cannot be activated: {error}");
        }
        // stored before the pad is seen, so that whoever links it in `pad-added` misses nothing
        for event in &events {
            let _ = pad.store_sticky_event(event);
        }
        gst::debug!(
            self.cat,
            obj = element,
            "pad {}: {:?}",
            pad.name(),
            pad.current_caps()
        );
        if let Err(error) = element.add_pad(pad) {
            gst::error!(
                self.cat,
                obj = element,
                "cannot add {}: {error}",
                pad.name()
            );
            return;
        }
        // only an active pad may count: the FLUSHING of another would hide what the others answer
        let mut state = self.lock();
        if state.streams.iter().any(|stream| stream.pad == *pad) {
            state.flow.add_pad(pad);
        }
    }

    /// Sends an event on every pad there is.
    pub(super) fn push_everywhere(&self, event: gst::Event) -> bool {
        let pads: Vec<gst::Pad> = {
            let state = self.lock();
            // those that others may wait for come first
            let mut streams: Vec<_> = state.streams.iter().collect();
            streams.sort_by_key(|stream| !stream.is_sparse());
            let pads = streams.iter().map(|stream| stream.pad.clone());
            pads.collect()
        };
        let mut all = !pads.is_empty();
        for pad in pads {
            all &= pad.push_event(event.clone());
        }
        all
    }
}
