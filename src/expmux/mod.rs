// SPDX-License-Identifier: MPL-2.0
//! The element `expmux`: writes the native `.exp` layout of Pelco DX recorders from one stream for each camera, and from audio.
//!
//! The layout is this project's reference layout. The frame record is verified on real footage, all else is assumed. Keyframes are stored
//! in reversed groups of four bytes after their prefix, without the sequence headers that precede them, as recorders store them.
//! B-frames, and tools that nobody can decode without those headers (interlace, quarter pixels, MPEG quantiser matrices, data
//! partitioning), are refused.
//!
//! # Pipelines
//!
//! ```sh
//! gst-launch-1.0 videotestsrc num-buffers=150 ! video/x-raw,width=352,height=240,framerate=15/2 ! avenc_mpeg4 \
//!     ! mpeg4videoparse ! expmux server=LOBBY-DVR model=DX4104 ! filesink location=test.exp
//! ```
//!
//! # Pads
//!
//! | pad | presence | caps |
//! |---|---|---|
//! | `src` | always | `video/x-pelco-exp` |
//! | `video_%u` | request | `video/mpeg, mpegversion=4` or `video/x-h264`; without a camera number among the tags, pad `video_N` writes camera N+1 |
//! | `audio_%u` | request | `audio/x-mulaw`, `audio/x-alaw`, `audio/x-adpcm` or `audio/x-raw` |
//!
//! The recorder's time of a record comes from the buffer's `timestamp/x-unix` (or `timestamp/x-ntp`) reference timestamp meta, else from
//! `start-time` and the running time. Times are written as UTC.
//!
//! Where downstream can seek, the header gets its counts and times and the file its index at EOS. Where it cannot, the file is readable up
//! to its last record all the same. A camera that first appears after the first record was written has no entry in the header; its
//! records are complete. Between `expdemux` and `expmux`, put a `queue` on each stream where the cameras do not record at the same time.
//!
//! # Properties
//!
//! | property | type | |
//! |---|---|---|
//! | `model`, `server` | string | recorder model and name in the header; empty: from the tags |
//! | `utc-offset` | int | minutes that the recorder's local time is east of UTC; unset: from the tags |
//! | `video-standard` | [`VideoStandard`] | television standard in the header |
//! | `start-time` | guint64 | recorder's time at running time 0, nanoseconds since 1970 |
//!
//! # Tags
//!
//! Read of each stream: `title` (camera title), `device-model`, and of the [own tags](crate::tags) `exp-camera-number`, `exp-recording-mode` (may
//! change at any frame), `exp-video-standard`, `exp-recorder-name` and `exp-recorder-utc-offset`.
//!
//! Since 0.1.0.

use glib::prelude::*;

mod imp;
mod state;
mod track;

/// Television standard that the file header names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[repr(u32)]
#[enum_type(name = "GstExpMuxVideoStandard")]
pub enum VideoStandard {
    /// From the tag of a stream, else from the height of the first camera's frames.
    #[default]
    #[enum_value(name = "From tags or the frame size", nick = "auto")]
    Auto,
    /// Unknown.
    #[enum_value(name = "Unknown", nick = "unknown")]
    Unknown,
    /// 60 fields per second.
    #[enum_value(name = "NTSC, 60 fields per second", nick = "ntsc")]
    Ntsc,
    /// 50 fields per second.
    #[enum_value(name = "PAL, 50 fields per second", nick = "pal")]
    Pal,
}

glib::wrapper! {
    /// The element.
    pub struct ExpMux(ObjectSubclass<imp::ExpMux>) @extends gst_base::Aggregator, gst::Element, gst::Object;
}

/// Registers `expmux`.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "expmux",
        gst::Rank::PRIMARY,
        ExpMux::static_type(),
    )
}
