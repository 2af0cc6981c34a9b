// SPDX-License-Identifier: MPL-2.0
//! The desktop program: play, search and save exports of surveillance recorders.
//!
//! - [`model`]: what is shown, without a display: recording, time axis, notes, settings
//! - [`player`]: the pipeline of one recording
//! - [`widgets`]: timeline, tile, grid
//! - [`window`]: the main window and its dialogs

pub mod model;
pub mod player;
pub mod widgets;
pub mod window;

/// Application id: also the name of desktop file, metainfo and icon.
pub const APP_ID: &str = "io.github.gst_plugin_exp.Viewer";
