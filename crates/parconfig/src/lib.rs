// SPDX-License-Identifier: MPL-2.0
//! Configuration of Dedicated Micros units: fetched, compared, edited and rolled out. Needs no GStreamer.
//!
//! Units keep their settings in `.ini` files (stated) whose names, sections and keys are not public. [`mod@unit`] fetches and pushes
//! them as sets, [`ini`] and [`place`] edit them without loss and without knowing any name, [`rollout`] does so for many units.
//! [`config`] is a configuration text of this project's own (assumed) for templates, checks and schedules; a mapping carries it
//! into a unit's files. [`recording`] reads the settings that a recording was made with.
//!
//! ```
//! use parconfig::ConfigText;
//! use parconfig::ini::Ini;
//!
//! let mut ini = Ini::parse(b"; kept\r\n[Input 0]\r\nCaption = Gate\r\n")?;
//! ini.set("Input 0", "Caption", "Yard")?;
//! assert_eq!(ini.to_bytes(), b"; kept\r\n[Input 0]\r\nCaption = Yard\r\n");
//!
//! let text = ConfigText::parse(b"[camera.3]\ntitel = 'Gate'\n")?;
//! assert!(text.check()[0].message.contains("did you mean \"title\"?"));
//! # Ok::<(), parconfig::Error>(())
//! ```
pub mod archive;
pub mod code_page;
pub mod config;
pub mod error;
pub mod files;
pub mod ini;
pub mod picture;
pub mod place;
pub mod recording;
pub mod rollout;
pub mod sniff;
pub mod textdiff;
pub mod unit;

pub use config::{Config, ConfigText};
pub use error::{Error, Position, Result};
