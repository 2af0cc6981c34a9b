// SPDX-License-Identifier: MPL-2.0
//! What the window shows, in plain Rust: tested without a display.

pub mod axis;
pub mod beside;
pub mod inputs;
pub mod look;
pub mod notes;
pub mod playback;
pub mod recording;
pub mod shortcuts;
pub mod state;
pub mod tools;
pub mod when;
pub mod words;
