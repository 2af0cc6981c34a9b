// SPDX-License-Identifier: MPL-2.0
//! What the tests of all packages share.

#[cfg(feature = "gst")]
pub mod common;
pub mod display;
pub mod driver;
pub mod exp_bytes;
pub mod layouts;
pub mod make;
pub mod mpeg4_tools;
pub mod netvu_make;
#[cfg(feature = "gst")]
pub mod operations;
pub mod plv1;
#[cfg(feature = "gst")]
pub mod seek_tools;
