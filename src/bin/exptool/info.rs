// SPDX-License-Identifier: MPL-2.0
//! `exptool info`: what a recording is.

use crate::common::{
    Common, Done,
    frames::{self, Options},
    output,
    progress::Progress,
};
use clap::Args;
use std::path::PathBuf;

/// Say what a recording is.
#[derive(Args)]
pub struct Info {
    /// Recordings
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Info {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        for path in &self.files {
            let input = common.open(path)?;
            let mut progress = Progress::bytes(common, input.size, "reading");
            let summary = frames::read(&input, Options::default(), &mut progress, &mut |_| Ok(()))?;
            output::print(&format!("{}: {} frames\n", input.name, summary.records))?;
        }
        Ok(0)
    }
}
