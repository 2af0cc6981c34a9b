// SPDX-License-Identifier: MPL-2.0
/**
 * SECTION:element-netvudemux
 *
 * `netvudemux` splits recordings and live streams of Dedicated Micros (NetVu) units: AD binary and minimal streams, MIME
 * multipart, raw picture headers with JPEG data, Digital Sprite messages and `.par` partitions. Each camera has a pad `video_N`
 * (MPEG-4, JPEG or H.264), N being its number on the unit; overlay masks of a camera are `video_1000+N`. Audio is PCM on `audio_N`,
 * alarm texts and changes of title are on `text_N`.
 *
 * Buffers carry the unit's time as #GstReferenceTimestampMeta with the reference `timestamp/x-unix`, in nanoseconds since
 * 1970 (UTC), and what the unit records about a frame as the custom meta `GstNetVuFactsMeta`.
 *
 * The index of `.par` files is not public: every frame is found by its header.
 *
 * The action signal #GstNetVuDemux::seek-clock, the element message `exp-clock-seek`, the query `exp-clock` and the fields of
 * #GstNetVuDemux:stats are those of `expdemux`.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=x.par ! netvudemux ! decodebin ! autovideosink
 * ]| Plays a partition.
 * |[
 * gst-launch-1.0 souphttpsrc location="http://unit/display_pic.cgi?cam=1&fields=0&txmode=binary" is-live=true ! netvudemux ! decodebin ! autovideosink
 * ]| Shows a live camera.
 *
 * Since: 0.1.0
 */
use gst::{glib, prelude::*};

pub mod facts;
mod imp;
pub mod typefind;

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
