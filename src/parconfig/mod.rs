// SPDX-License-Identifier: MPL-2.0
//! Configuration of Dedicated Micros units: read, edit, compare and roll out. Needs no GStreamer.
//!
//! Two things are called `.par`: a file of settings (stated), and a video partition whose frames carry the settings they were
//! recorded with (stated everywhere else). This module reads both. Settings are a text of this project's own form (assumed, see
//! [`schema`]); the settings files of the units themselves are `.ini` files with names that are not public, which are edited
//! without loss ([`ini`]) and carried over through a mapping table of the user's.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "tools")]
pub mod apply;
#[cfg(feature = "tools")]
pub mod archive;
pub mod check;
pub mod code_page;
pub mod compare;
pub mod diff;
pub mod effective;
pub mod error;
pub mod ini;
pub mod ini_edit;
#[cfg(feature = "tools")]
pub mod live;
#[cfg(feature = "tools")]
pub mod mapping;
pub mod merge;
pub mod model;
pub mod path;
pub mod picture;
pub mod schema;
pub mod sniff;
#[cfg(feature = "tools")]
pub mod table;
pub mod text;
pub mod times;
#[cfg(feature = "tools")]
pub mod tree;
pub mod value;
pub mod week;

pub use error::{Error, Place, Result};
pub use model::{Config, Titles};
pub use path::Path;
pub use text::ConfigText;
