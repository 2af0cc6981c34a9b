// SPDX-License-Identifier: MPL-2.0
/**
 * SECTION:element-expdemux
 *
 * `expdemux` splits `.exp` exports of Pelco DX-series recorders, and the PLV1 AVI that these recorders write, into
 * MPEG-4 video and audio. Each camera has a pad `video_N`, N being its number on the recorder; audio is on `audio_N`. Cameras
 * and audio tracks that the file declares have their pads from the beginning.
 *
 * Buffers carry the recorder's time as #GstReferenceTimestampMeta with the reference `timestamp/x-unix`, in nanoseconds
 * since 1970 (UTC), so that `timeoverlay time-mode=reference-timestamp` can show it.
 *
 * Tags: `title`, `exp-camera-number`, `exp-recording-mode`, `exp-clock-doubtful` for each camera, `exp-video-standard`,
 * `exp-recorder-name`, `exp-recorder-utc-offset` and `device-model` for the recording, where the file has them.
 *
 * The native layout is assumed: no public document or sample shows it. See the README, "What is known about the format".
 *
 * ## The recorder's clock
 *
 * The action signal #GstExpDemux::seek-clock seeks to a time of the recorder's clock: (`clock`: guint64, nanoseconds since 1970 UTC;
 * `pass`: guint, which of several places with that time, from 0; `flags`: #GstSeekFlags) -> gboolean. Where nothing was recorded at
 * that time, the seek goes to the next recording and the element posts an element message `exp-clock-seek` with the fields `wanted`
 * and `reached` (guint64, nanoseconds since 1970 UTC), `recorded` (gboolean, FALSE) and `where` (string: `before`, `gap` or `after`).
 *
 * A custom query with the structure `exp-clock` on a source pad converts without seeking. It has either `stream-time` (guint64,
 * nanoseconds), which is answered with `clock`, or `clock` and `pass`, which is answered with `stream-time`. The answer also has
 * `recorded` (gboolean).
 *
 * ## Fields of #GstExpDemux:stats
 *
 * - `family` (string): format of the file
 * - `records` (guint64): records read
 * - `skipped-bytes`, `damaged-regions` (guint64): bytes that belong to no record, and the ranges they are in
 * - `orphans` (guint64): frames dropped because their reference is missing
 * - `gaps`, `clock-steps` (guint64): interruptions, and steps of the recorder's clock
 * - `corrupted` (guint64): frames whose checksum does not match
 * - `bytes-read` (guint64): bytes read from upstream
 * - `clock` (string): resolution of the recorder's times, `milliseconds`, `whole seconds` or `file timeline` (the file has no clock)
 * - `runs` (string): how surely the runs are known, `exact`, `sampled` or `estimated`
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 filesrc location=x.exp ! expdemux ! avdec_mpeg4 ! autovideosink
 * ]| Plays one camera of an export.
 * |[
 * gst-launch-1.0 filesrc location=x.exp ! expdemux camera=1 ! mp4mux ! filesink location=x.mp4
 * ]| Remuxes one camera to MP4 without re-encoding.
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
