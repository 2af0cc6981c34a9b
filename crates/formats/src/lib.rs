// SPDX-License-Identifier: MPL-2.0
//! Bytes to records. Nothing here knows GStreamer, and nothing here panics on input.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod cursor;
pub mod exp;
pub mod fields;
pub mod mpeg4;
pub mod netvu;
pub mod reader;
pub mod recording;
pub mod text_file;
pub mod timeline;
pub mod titles;
pub mod zone;
