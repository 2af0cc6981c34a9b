// SPDX-License-Identifier: MPL-2.0
//! A progress bar on the error output: only on a terminal, and only for what takes longer than a second. Or lines for another
//! program.

use super::Common;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::{
    fmt::Write,
    io::IsTerminal,
    time::{Duration, Instant},
};

/// Work that takes less shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Least time between two lines of progress.
const LINES: Duration = Duration::from_millis(100);

/// The bar.
pub struct Progress {
    bar: Option<ProgressBar>,
    /// What all of the work is, where lines are wanted; when the last one was printed.
    lines: Option<(u64, Instant)>,
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
        let wanted =
            !common.no_progress && !common.progress_lines && std::io::stderr().is_terminal();
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
        let begun = Instant::now();
        Progress {
            bar,
            lines: common.progress_lines.then_some((total, begun)),
            begun,
            shown: false,
        }
    }

    /// The work has come to here.
    pub fn at(&mut self, position: u64) {
        if let Some((total, last)) = &mut self.lines
            && last.elapsed() >= LINES
        {
            *last = Instant::now();
            eprintln!("progress {position} {total}");
        }
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
