// SPDX-License-Identifier: MPL-2.0
//! A progress bar on the error output: only on a terminal, and only for what takes longer than a second.

use super::Common;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::{
    fmt::Write,
    io::IsTerminal,
    time::{Duration, Instant},
};

/// Work that takes less shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The bar.
pub struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
    shown: bool,
}

impl Progress {
    /// A bar over `total` bytes.
    pub fn bytes(common: &Common, total: u64, what: &str) -> Progress {
        Progress::new(
            common,
            total,
            what,
            "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        )
    }

    /// A bar over `total` things.
    pub fn count(common: &Common, total: u64, what: &str) -> Progress {
        Progress::new(
            common,
            total,
            what,
            "{msg} [{bar:30}] {pos} of {len}, {rate}, {eta} left",
        )
    }

    fn new(common: &Common, total: u64, what: &str, template: &str) -> Progress {
        let wanted = !common.no_progress && std::io::stderr().is_terminal();
        let bar = wanted.then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
            if let Ok(style) = ProgressStyle::with_template(template) {
                let rate = |state: &ProgressState, out: &mut dyn Write| {
                    let _ = write!(out, "{:.0}/s", state.per_sec());
                };
                bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
            }
            bar.with_message(what.to_owned())
        });
        Progress {
            bar,
            begun: Instant::now(),
            shown: false,
        }
    }

    /// The work has come to here.
    pub fn at(&mut self, position: u64) {
        let Some(bar) = &self.bar else {
            return;
        };
        if !self.shown && self.begun.elapsed() >= PATIENCE {
            self.shown = true;
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(position);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
