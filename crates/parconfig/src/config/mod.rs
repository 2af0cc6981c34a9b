// SPDX-License-Identifier: MPL-2.0
//! The configuration text: TOML of this project's own form (**assumed**), which templates, checks, schedules and comparisons with
//! recordings are made of. No unit reads it; a mapping carries it into a unit's own files.

pub mod check;
pub mod diff;
pub mod fields;
pub mod import;
pub mod text;
pub mod times;
pub mod types;
pub mod week;

pub use fields::Config;
pub use text::ConfigText;
