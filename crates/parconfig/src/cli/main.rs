// SPDX-License-Identifier: MPL-2.0
//! `parconfig`: read, edit, compare and roll out the configuration of Dedicated Micros units.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the library reads files; the program counts and prints"
)]

mod apply;
mod check;
mod compare;
mod convert;
mod credentials;
mod edit;
mod failure;
mod ini;
mod input;
mod output;
mod remote;
mod schedule;
mod show;
mod show_text;

use clap::{Args, Parser, Subcommand};
use failure::Failure;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  done, nothing to complain about
  1  done, and something was found: errors (check), differences (diff), conflicts (merge), a value that is not set (get)
  2  wrong use of the command
  3  an input cannot be read, is refused, or is not allowed; nothing was written
  4  an output cannot be written
  5  a unit did not answer as expected

A FILE is what its content is, whatever its name: configuration text, partition or stream, .ini file, ZIP or folder of these,
or the URL of a live unit (http://HOST[:PORT]).";

#[derive(Parser)]
#[command(name = "parconfig", version, after_help = EXIT_CODES)]
/// Read, edit, compare and roll out the configuration of Dedicated Micros units.
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of all commands.
#[derive(Args, Clone, Copy, Default)]
struct Common {
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    /// Show passwords instead of ********
    #[arg(long, global = true)]
    show_secrets: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Say what a file, folder, ZIP or unit is, and what is configured
    Show(show::Show),
    /// Print values by path
    Get(edit::Get),
    /// Set values by path; everything else stays byte for byte
    Set(edit::Set),
    /// Hold a configuration against every rule
    Check(check::Check),
    /// Compare by meaning; also a configuration against what was recorded
    Diff(compare::Diff),
    /// Merge what two sides made of one configuration
    Merge(compare::Merge),
    /// Turn a configuration into text, JSON, TOML, CSV or .ini files
    Export(convert::Export),
    /// Make a configuration text out of JSON, TOML, CSV, .ini files, a recording or a unit
    Import(convert::Import),
    /// Make one configuration for each unit of a table
    Apply(apply::Apply),
    /// Edit a unit's own .ini file without loss
    EditIni(ini::EditIni),
    /// Read a live unit, never changing anything
    Pull(convert::Pull),
    /// Read the .ini files of units by FTP
    Fetch(remote::Fetch),
    /// Write edited files back to their units
    Push(remote::PushArgs),
    /// Give units the files back that they had before a push
    Restore(remote::Restore),
    /// Compare units with their fetched sets
    Verify(remote::Verify),
    /// Draw the week, or what was really recorded
    Schedule(schedule::Schedule),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let common = cli.common;
    if let Err(error) = parconfig::files::remove_on_signals() {
        eprintln!("parconfig: signals: {error}");
    }
    let done = match cli.command {
        Command::Show(command) => command.run(common),
        Command::Get(command) => command.run(common),
        Command::Set(command) => command.run(common),
        Command::Check(command) => command.run(common),
        Command::Diff(command) => command.run(common),
        Command::Merge(command) => command.run(common),
        Command::Export(command) => command.run(common),
        Command::Import(command) => command.run(common),
        Command::Apply(command) => command.run(common),
        Command::EditIni(command) => command.run(common),
        Command::Pull(command) => command.run(common),
        Command::Fetch(command) => command.run(common),
        Command::Push(command) => command.run(common),
        Command::Restore(command) => command.run(common),
        Command::Verify(command) => command.run(common),
        Command::Schedule(command) => command.run(common),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.tell(common.json);
            ExitCode::from(failure.code())
        }
    }
}

/// What a command answers: its exit code, 0 or 1.
type Done = Result<u8, Failure>;
