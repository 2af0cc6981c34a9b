// SPDX-License-Identifier: MPL-2.0
//! The element `netvudemux`: splits recordings and live streams of Dedicated Micros (NetVu) units into video, audio and texts: AD binary
//! and minimal streams, MIME multipart, raw picture headers with JPEG data, Digital Sprite messages and `.par` partitions.
//!
//! The index of `.par` files is not public: every frame is found by its header.
//!
//! # Pipelines
//!
//! ```sh
//! # play a partition
//! gst-launch-1.0 filesrc location=x.par ! netvudemux ! decodebin ! autovideosink
//! # show a live camera
//! gst-launch-1.0 souphttpsrc location="http://unit/display_pic.cgi?cam=1&fields=0&txmode=binary" is-live=true \
//!     ! netvudemux ! decodebin ! autovideosink
//! ```
//!
//! # Pads
//!
//! | pad | presence | caps |
//! |---|---|---|
//! | `sink` | always | the forms above |
//! | `video_%u` | sometimes | `video/mpeg`, `image/jpeg` or `video/x-h264`; N is the camera's number on the unit, 1000 + N overlay masks of camera N |
//! | `audio_%u` | sometimes | `audio/x-raw`; N is the channel |
//! | `text_%u` | sometimes | `text/x-raw`: alarm texts and changes of title, repeated every second while they hold |
//!
//! Buffers carry the unit's time as `GstReferenceTimestampMeta` with the reference `timestamp/x-unix`, nanoseconds since 1970 UTC, and what the
//! unit records about a frame as the custom meta `GstNetVuFactsMeta`: see [`facts`].
//!
//! # Properties
//!
//! `frame-facts` says which frames have that meta: those with an alarm, activity or unusual lines (`notable`), `all`, or `none`. The other properties, the signal
//! `seek-clock`, the message `exp-clock-seek`, the query `exp-clock` and the fields of `stats` are those of [`expdemux`](crate::expdemux).
//!
//! # Tags
//!
//! Those of [`expdemux`](crate::expdemux), and of the unit `exp-site-id` and `exp-time-zone`: see [`tags`](crate::tags).
//!
//! Since 0.1.0.

use gst::{glib, prelude::*};

pub mod facts;
mod imp;
pub mod typefind;

pub use imp::FrameFacts;

glib::wrapper! {
    /// The element `netvudemux`.
    pub struct NetVuDemux(ObjectSubclass<imp::NetVuDemux>) @extends gst::Element, gst::Object;
}

/// Makes the element known to GStreamer. Its rank is above multipartdemux, whose caps it takes only with a unit's boundary.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    facts::register();
    typefind::register(plugin)?;
    gst::Element::register(
        Some(plugin),
        "netvudemux",
        gst::Rank::PRIMARY + 1,
        NetVuDemux::static_type(),
    )
}
