// SPDX-License-Identifier: MPL-2.0
//! The GStreamer elements: glue between `container` and pads. Nothing here knows byte offsets of a format.

pub mod demux;
pub mod expdemux;
pub mod expmux;
pub mod netvudemux;
mod properties;
pub mod tags;
pub mod typefind;
