// SPDX-License-Identifier: MPL-2.0
//! Configuration of Dedicated Micros units: read, edit, compare and roll out. Needs no GStreamer.
//!
//! Two things are called `.par`: a file of settings (stated), and a video partition whose frames carry the settings they were
//! recorded with (stated everywhere else). This module reads both. Settings are a text of this project's own form (assumed, see
//! [`schema`]); the settings files of the units themselves are `.ini` files with names that are not public, which are edited
//! without loss ([`ini`]) and carried over through a mapping table of the user's.
//!
//! ```
//! use parconfig::check::check;
//! use parconfig::{ConfigText, Path};
//!
//! let mut text = ConfigText::parse(b"; par 1\n[camera.3]\ntitle = Car park ; north\nprofile = day\n[profile.day]\nrate = 6\n")?;
//! text.set(&Path::parse("camera.3.title")?, "Car park")?;
//! assert_eq!(text.config().titles().cameras[&3], "Car park");
//! assert!(check(text.config()).is_empty());
//! assert!(text.set(&Path::parse("profile.day.rate")?, "99").is_err());
//! # Ok::<(), parconfig::Error>(())
//! ```
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

pub mod apply;
pub mod archive;
pub mod check;
pub mod code_page;
pub mod compare;
pub mod diff;
pub mod effective;
pub mod error;
pub mod files;
pub mod ini;
pub mod ini_edit;
pub mod live;
pub mod mapping;
pub mod merge;
pub mod model;
pub mod path;
pub mod picture;
pub mod place;
pub mod rollout;
pub mod schema;
pub mod sniff;
pub mod table;
pub mod text;
pub mod textdiff;
pub mod times;
pub mod tree;
pub mod unit;
pub mod value;
pub mod week;

pub use error::{Error, Place, Result};
pub use model::{Config, Titles};
pub use path::Path;
pub use text::ConfigText;

/// Camera titles, name of the unit and UTC offset out of a file: a configuration text, or a recording that carries them.
///
/// # Errors
/// [`Error::Io`], [`Error::TooLarge`], [`Error::Text`], or [`Error::Foreign`] for a file that is neither.
pub fn titles(path: &std::path::Path) -> Result<Titles> {
    use std::io::Read;
    let name = path.display().to_string();
    let open = || std::fs::File::open(path).map_err(|source| Error::io(&name, source));
    let mut head = Vec::new();
    let read = |file: std::fs::File, limit: usize, into: &mut Vec<u8>| {
        let got = file.take(limit as u64).read_to_end(into);
        got.map_err(|source| Error::io(&name, source))
    };
    read(open()?, sniff::HEAD, &mut head)?;
    match sniff::sniff(&head) {
        sniff::Kind::Config | sniff::Kind::Ini => {
            let mut bytes = Vec::new();
            read(open()?, ini::MAX_TEXT.saturating_add(1), &mut bytes)?;
            Ok(ConfigText::parse(&bytes)?.config().titles())
        }
        // Also what the magic of a partition begins: reading tells more than the head.
        _ => Ok(effective::Effective::read(open()?, &name)?
            .config()
            .titles()),
    }
}
