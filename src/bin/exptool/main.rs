// SPDX-License-Identifier: MPL-2.0
//! `exptool`: look into, convert, verify and report exports of surveillance recorders.

mod common;
mod info;

use clap::{Parser, Subcommand};
use common::{Common, failure::EXIT_CODES};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "exptool", version, about, after_help = EXIT_CODES)]
/// Look into, convert, verify and report exports of surveillance recorders (Pelco DX .exp and PLV1 AVI, NetVu).
///
/// A FILE is what its content is, whatever its name.
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what a recording is: cameras, codecs, runs, gaps, damage
    Info(info::Info),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let common = cli.common;
    let done = match cli.command {
        Command::Info(command) => command.run(&common),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.tell(common.json);
            ExitCode::from(failure.code())
        }
    }
}
