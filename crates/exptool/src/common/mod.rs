// SPDX-License-Identifier: MPL-2.0
//! What the subcommands share.

pub mod cameras;
pub mod clock;
pub mod coded;
pub mod csv;
pub mod failure;
pub mod input;
pub mod media;
pub mod output;
pub mod plain;
pub mod progress;
pub mod when;

use clap::Args;
use clock::{ClockKind, UtcOffset, Zone, parse_offset};

pub use failure::{Done, Failure};
pub use input::Input;

/// Options of all commands.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Show local time with this offset from UTC instead of the file's: +01:00, -5, Z, or a time zone such as America/New_York
    #[arg(long, global = true, value_name = "OFFSET", allow_hyphen_values = true, value_parser = parse_offset)]
    pub utc_offset: Option<UtcOffset>,
    /// What the recorder's timestamps count, which is not publicly known
    #[arg(long, global = true, value_name = "CLOCK", value_enum, default_value_t)]
    pub recorder_clock: ClockKind,
    /// Read records by this layout: a built-in name (reference, plv1), a TOML file, or learn: inferred from the file. Without it the content decides
    #[arg(long, global = true, value_name = "NAME|FILE")]
    pub layout: Option<String>,
    /// Never draw a progress bar
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Print progress as lines on the error output, for programs: progress DONE TOTAL
    #[arg(long, global = true, hide = true, conflicts_with = "no_progress")]
    pub progress_lines: bool,
}

impl Common {
    /// Opens an input by its content, or by `--layout`.
    pub fn open(&self, path: &std::path::Path) -> Result<Input, Failure> {
        output::protect(path);
        Input::open(path, self.layout.as_deref())
    }

    /// Zone to show times in: `--utc-offset`, else the file's.
    pub fn zone(&self, from_file: Option<i32>) -> Zone {
        Zone::new(self.utc_offset, from_file).with_recorder_clock(self.recorder_clock.into())
    }
}
