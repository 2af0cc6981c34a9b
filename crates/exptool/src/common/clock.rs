// SPDX-License-Identifier: MPL-2.0
//! The recorder's time in words, see [`formats::zone`], and what the command line calls its kinds.

pub use formats::zone::{OffsetSource, RecorderClock, UtcOffset, Zone, duration, parse_offset};

use clap::ValueEnum;

/// `--recorder-clock`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ClockKind {
    /// UTC
    #[default]
    Utc,
    /// The recorder's local time
    Local,
}

impl From<ClockKind> for RecorderClock {
    fn from(kind: ClockKind) -> RecorderClock {
        match kind {
            ClockKind::Utc => RecorderClock::Utc,
            ClockKind::Local => RecorderClock::Local,
        }
    }
}
