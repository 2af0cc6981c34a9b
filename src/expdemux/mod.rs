// SPDX-License-Identifier: MPL-2.0
/**
 * SECTION:element-expdemux
 *
 * `expdemux` splits `.exp` exports of Pelco DX-series recorders, and the PLV1 AVI that these recorders write, into
 * MPEG-4 video and sound. Each camera has a pad `video_N`, N being its number on the recorder.
 *
 * Buffers carry the recorder's time as #GstReferenceTimestampMeta with the reference `timestamp/x-unix`, in nanoseconds
 * since 1970 (UTC), so that `timeoverlay time-mode=reference-timestamp` can show it.
 *
 * The native layout is assumed: no public document or sample shows it. See the README, "What is known about the format".
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=x.exp ! expdemux ! avdec_mpeg4 ! autovideosink
 * ]| Plays an export.
 * |[
 * gst-launch-1.0 filesrc location=x.exp ! expdemux ! mp4mux ! filesink location=x.mp4
 * ]| Changes the container without touching the pictures.
 *
 * Since: 0.1.0
 */
use gst::{glib, prelude::*};

mod imp;

glib::wrapper! {
    /// The element `expdemux`.
    pub struct ExpDemux(ObjectSubclass<imp::ExpDemux>) @extends gst::Element, gst::Object;
}

/// Makes `expdemux` known.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "expdemux",
        gst::Rank::PRIMARY,
        ExpDemux::static_type(),
    )
}
