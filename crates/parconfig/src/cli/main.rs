// SPDX-License-Identifier: MPL-2.0
//! `parconfig`: fetch, compare, edit and roll out the configuration of Dedicated Micros units.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the library reads files; the program counts and prints"
)]

mod credentials;
mod diff;
mod edit;
mod input;
mod output;
mod remote;
mod shell;
mod show;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  done, nothing found
  1  done, and something was found: an error, a difference, a conflict, a value that is not set
  2  wrong use of the command
  3  an input cannot be read, is refused, or is not allowed
  4  an output cannot be written
  5  a unit did not answer as expected";

const FILES: &str = "\
A FILE is what its content is, whatever its name: configuration text (TOML), a unit's own .ini file, a folder or ZIP of these, a \
recording, or the URL of a live unit (http://HOST[:PORT]).";

#[derive(Parser)]
#[command(name = "parconfig", version, after_help = FILES)]
/// Fetch, compare, edit and roll out the configuration of Dedicated Micros units.
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of all commands.
#[derive(Args, Clone, Copy, Default)]
#[command(next_help_heading = "Output")]
struct Common {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Show passwords instead of ********
    #[arg(long, global = true)]
    show_secrets: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Read the .ini files of units by FTP
    Fetch(remote::Fetch),
    /// Make one change in many fetched sets
    Rollout(edit::RolloutArgs),
    /// Write edited files back to their units
    Push(remote::PushArgs),
    /// Give units the files back that they had before a push
    Restore(remote::Restore),
    /// Compare units with their fetched sets
    Verify(remote::Verify),
    /// Print what was done to units, or commit their files to git
    History(diff::History),
    /// Print what a file, folder, ZIP or unit is, and what is configured
    #[command(visible_alias = "get")]
    Show(show::Show),
    /// Set values; everything else stays as it is
    #[command(visible_alias = "edit-ini")]
    Set(edit::Set),
    /// Compare sets, configurations and recordings
    Diff(diff::Diff),
    /// Check a configuration against every rule
    Check(show::Check),
    /// Draw the week, or what was really recorded
    Schedule(show::Schedule),
    /// Merge what two sides made of one configuration text
    Merge(edit::Merge),
    /// Make a configuration text of an older one, a set, a recording or a live unit
    #[command(visible_alias = "pull")]
    Import(edit::Import),
    /// Print shell completions
    Completions(shell::Completions),
    /// Print or write the man pages
    Man(shell::Man),
}

/// What a command returns: its exit code.
type Done = parconfig::Result<u8>;

/// The command line; the help of each command ends with the exit codes.
fn command_line() -> clap::Command {
    Cli::command().mut_subcommands(|command| {
        let help = command.get_after_help().cloned().unwrap_or_default();
        command.after_help(format!("{help}\n\n{EXIT_CODES}"))
    })
}

fn main() -> ExitCode {
    let arguments = command_line().get_matches();
    let cli = Cli::from_arg_matches(&arguments).unwrap_or_else(|error| error.exit());
    let common = cli.common;
    if let Err(error) = parconfig::files::remove_on_signals() {
        eprintln!("parconfig: signals: {error}");
    }
    let done = match cli.command {
        Command::Fetch(command) => command.run(common),
        Command::Rollout(command) => command.run(common),
        Command::Push(command) => command.run(common),
        Command::Restore(command) => command.run(common),
        Command::Verify(command) => command.run(common),
        Command::History(command) => command.run(common),
        Command::Show(command) => command.run(common),
        Command::Set(command) => command.run(common),
        Command::Diff(command) => command.run(common),
        Command::Check(command) => command.run(common),
        Command::Schedule(command) => command.run(common),
        Command::Merge(command) => command.run(common),
        Command::Import(command) => command.run(common),
        Command::Completions(command) => command.run(command_line()),
        Command::Man(command) => command.run(command_line()),
    };
    ExitCode::from(done.unwrap_or_else(|error| output::report(&error, common.json)))
}
