// SPDX-License-Identifier: MPL-2.0
//! The element `expdemux`: splits `.exp` exports of Pelco DX recorders, and the PLV1 AVI that these recorders write, into MPEG-4 or
//! H.264 video and audio.
//!
//! The native layout is assumed: no public document or sample shows it. The frame record is verified on real footage.
//!
//! # Pipelines
//!
//! ```sh
//! # play one camera of an export
//! gst-launch-1.0 filesrc location=x.exp ! expdemux ! avdec_mpeg4 ! autovideosink
//! # remux one camera to MP4, without encoding
//! gst-launch-1.0 filesrc location=x.exp ! expdemux camera=1 ! mp4mux ! filesink location=x.mp4
//! ```
//!
//! # Pads
//!
//! | pad | presence | caps |
//! |---|---|---|
//! | `sink` | always | `video/x-pelco-exp`, `video/x-pelco-plv1` |
//! | `video_%u` | sometimes | `video/mpeg, mpegversion=4` or `video/x-h264`; N is the camera's number on the recorder |
//! | `audio_%u` | sometimes | `audio/x-mulaw`, `audio/x-alaw`, `audio/x-adpcm` or `audio/x-raw`; N is the channel |
//!
//! Cameras and audio tracks that the file declares have their pads before `no-more-pads`. Give each pad a `queue`.
//!
//! Buffers carry the recorder's time as `GstReferenceTimestampMeta` with the reference `timestamp/x-unix`, nanoseconds since 1970 UTC, so that
//! `timeoverlay time-mode=reference-timestamp` can show it.
//!
//! # Properties
//!
//! | property | type, default | |
//! |---|---|---|
//! | `gap-policy` | `collapse` | how time in which nothing was recorded is played: at once, or at its real length (`preserve`) |
//! | `recorder-clock` | `utc` | whether the recorder's timestamps are UTC or `local` time; which one is not publicly known |
//! | `utc-offset` | int | minutes that local time is east of UTC, instead of the recording's own |
//! | `drop-orphans` | boolean, true | drop frames whose reference is missing, at the start and after a gap |
//! | `camera` | uint, 0 | number of the only camera to output, 0 = all |
//! | `layout` | string, `auto` | layout of the records: a known one or else one inferred from the file, the name of a built-in one, or a TOML file |
//! | `par-config` | string | configuration text of the unit: titles, unit name and UTC offset where the recording has none |
//! | `stats` | `GstStructure`, read-only | see below |
//!
//! # Signals, messages and queries
//!
//! The action signal `seek-clock` seeks to a time of the recorder's clock: (`clock`: guint64, nanoseconds since 1970 UTC; `pass`: guint, which of
//! several places with that time, from 0; `flags`: `GstSeekFlags`) → gboolean. Where nothing was recorded at that time, the seek goes to the
//! next recording, and the element posts an element message `exp-clock-seek` with the fields `wanted` and `reached` (guint64, nanoseconds
//! since 1970 UTC), `recorded` (gboolean, FALSE) and `where` (string: `before`, `gap` or `after`).
//!
//! A custom query with the structure `exp-clock` on a source pad converts without seeking. It has either `stream-time` (guint64,
//! nanoseconds), which is answered with `clock`, or `clock` and `pass`, which is answered with `stream-time`. The answer also has
//! `recorded` (gboolean).
//!
//! # Tags
//!
//! [`title`](gst::tags::Title), [`exp-camera-number`](crate::tags::CameraNumber), [`exp-recording-mode`](crate::tags::RecordingMode) and
//! `exp-clock-doubtful` for each camera; [`exp-video-standard`](crate::tags::VideoStandard), `exp-recorder-name`,
//! `exp-recorder-utc-offset` and `device-model` for the recording, where the file has them.
//!
//! # Fields of `stats`
//!
//! - `family` (string): format of the file
//! - `records` (guint64): records read
//! - `skipped-bytes`, `damaged-regions` (guint64): bytes that belong to no record, and the ranges they are in
//! - `orphans` (guint64): frames dropped because their reference is missing
//! - `gaps`, `clock-steps` (guint64): interruptions, and steps of the recorder's clock
//! - `corrupted` (guint64): frames whose checksum does not match
//! - `bytes-read` (guint64): bytes read from upstream
//! - `clock` (string): resolution of the recorder's times, `milliseconds`, `whole seconds` or `file timeline` (the file has no clock)
//! - `runs` (string): how surely the runs are known, `exact`, `sampled` or `estimated`
//!
//! Since 0.1.0.

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
