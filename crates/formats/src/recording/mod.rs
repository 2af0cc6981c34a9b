// SPDX-License-Identifier: MPL-2.0
//! The one engine above [`Reader`](crate::reader::Reader): a recording is understood here and nowhere else.
//!
//! - [`open()`]: what a file is, and what reads it
//! - [`Source`]: a file that can be read at an offset, whoever reads it
//! - [`Parser`]: the one loop over `Reader::next`; [`Scanner`] runs it over a [`Source`]
//! - [`Head`], [`Profile`]: the first records, and what they show about clock, frame interval and codecs
//! - [`Placement`]: gives every record its time, run, running time and reference
//! - [`Survey`], [`TimeMap`]: the runs of a whole file, by its index, all its records or samples
//! - [`Seeker`], [`SeekTarget`]: where a stream time is in the file
//! - [`frames`]: every frame of a file in order, for the programs
//! - [`contents`]: cameras, runs, gaps and damage of a whole recording
//!
//! A run, a gap and the usual frame interval are defined in [`timeline`](crate::timeline), once.

pub mod contents;
mod discover;
pub mod frames;
mod index;
mod lister;
mod map;
mod open;
mod parser;
mod placement;
mod profile;
mod scan;
mod seek;
mod source;
mod survey;

pub use discover::{FoundStream, find_streams};
pub use index::{IndexScanner, find_index};
pub use lister::{Listed, Lister};
pub use map::{Accuracy, Space, TimeMap};
pub use open::{Format, Formats, Opened, open, open_file};
pub use parser::{DamagedRange, Event, Parser};
pub use placement::{ClockFaults, Placed, Placement};
pub use profile::{HEAD_RECORDS, Head, Profile};
pub use scan::{Scanned, Scanner};
pub use seek::{SeekTarget, Seeker, Snap};
pub use source::{FileSource, Source};
pub use survey::{OPENING, SEEKING, Survey};
