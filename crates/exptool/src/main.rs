// SPDX-License-Identifier: MPL-2.0
//! `exptool`: look into, convert, verify and report exports of surveillance recorders.

mod common;
mod contact_sheet;
mod convert;
mod draw;
mod explain;
mod find;
mod help;
mod info;
mod learn;
mod make;
mod pictures;
mod play;
mod recording;
mod report;
mod snapshot;
mod survey;
mod timeline;
mod verify;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use common::{Common, failure::EXIT_CODES};
use std::{ffi::OsString, path::Path, process::ExitCode};

const EXAMPLES: &str = "\
Examples:
  exptool /media/disc                                             a line for each recording
  exptool find 9:15 /media/disc                                   which files and cameras recorded that moment
  exptool convert lobby.exp --from-time 9:15 --duration 2m --for court -o exhibit-4.mp4
  exptool COMMAND --help";

#[derive(Parser)]
#[command(name = "exptool", version, about, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
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
    /// Show what a recording is: cameras, codecs, runs, gaps, damage
    Info(info::Info),
    /// Find the files and cameras that recorded a moment
    Find(find::Find),
    /// Show a header or record byte by byte, each field named and marked with how well it is known
    Explain(explain::Explain),
    /// Infer the layout of a file that nobody described, and show how sure each finding is
    Learn(learn::Learn),
    /// Check a recording, hash it, and compare it with what it was
    Verify(verify::Verify),
    /// Make a recording out of any video
    Make(make::Make),
    /// Convert into MP4, Matroska, QuickTime, AVI or a bare stream, without encoding again
    Convert(Box<convert::Convert>),
    /// Play a recording
    Play(play::Play),
    /// Save frames as PNG or JPEG
    Snapshot(snapshot::Snapshot),
    /// Put small pictures of each run on a sheet
    ContactSheet(contact_sheet::ContactSheet),
    /// Draw when which camera recorded
    Timeline(timeline::Timeline),
    /// Write a report as one HTML page
    Report(report::Report),
    /// Print shell completions
    Completions(help::Completions),
    /// Print the man page, or write one for each command
    #[command(hide = true)]
    Man(help::Man),
}

/// The arguments, in which a file or folder instead of a command means `info`.
fn arguments() -> Vec<OsString> {
    let mut all: Vec<OsString> = std::env::args_os().collect();
    let command = Cli::command();
    let takes_value = |option: &str| {
        let long = option.strip_prefix("--").unwrap_or_default();
        let mut known = command.get_arguments();
        known.any(|known| known.get_long() == Some(long) && known.get_action().takes_values())
    };
    let mut value_follows = false;
    let first = all.iter().skip(1).find(|argument| {
        let is_value = std::mem::take(&mut value_follows);
        let text = argument.to_string_lossy();
        value_follows = takes_value(&text);
        !is_value && !text.starts_with('-')
    });
    let is_file = first.is_some_and(|first| {
        let text = first.to_string_lossy();
        let is_command = command.find_subcommand(first).is_some() || text == "help";
        !is_command && (Path::new(first).exists() || text.contains(['/', '.', '*']))
    });
    if is_file {
        all.insert(1, "info".into());
    }
    all
}

fn main() -> ExitCode {
    let program = help::group(Cli::command());
    let matches = program.clone().get_matches_from(arguments());
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let common = cli.common;
    let done = match cli.command {
        Command::Info(command) => command.run(&common),
        Command::Find(command) => command.run(&common),
        Command::Explain(command) => command.run(&common),
        Command::Learn(command) => command.run(&common),
        Command::Verify(command) => command.run(&common),
        Command::Make(command) => command.run(&common),
        Command::Completions(command) => command.run(program),
        Command::Man(command) => command.run(program),
        Command::Convert(command) => command.run(&common),
        Command::Play(command) => command.run(&common),
        Command::Snapshot(command) => command.run(&common),
        Command::ContactSheet(command) => command.run(&common),
        Command::Timeline(command) => command.run(&common),
        Command::Report(command) => command.run(&common),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.report(common.json);
            ExitCode::from(failure.code())
        }
    }
}
