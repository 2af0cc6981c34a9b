// SPDX-License-Identifier: MPL-2.0
//! Groups of options in the help; `exptool completions` and `exptool man`, for packagers.

use crate::common::{Done, Failure, output};
use clap::{Args, Command};
use std::path::{Path, PathBuf};

/// Headings of the help, and the options below each.
const GROUPS: [(&str, &str); 5] = [
    (
        "What",
        "camera join grid no_audio outputs per_run no_pictures record offset part against cameras titles audio model server \
         case examiner",
    ),
    (
        "When",
        "from_time to_time duration gaps until at nearest every pass known_time start seconds breaks modes",
    ),
    (
        "How",
        "purpose transcode max_width clock jobs quick columns width mode rate size standard codec bitrate gop command md5 log",
    ),
    (
        "Output",
        "output to frames_csv manifest framehash pdf force color dir",
    ),
    (
        "All commands",
        "json no_progress utc_offset recorder_clock layout",
    ),
];

/// The program with its options in groups.
pub fn group(program: Command) -> Command {
    let heading = |id: &str| {
        let group = GROUPS
            .iter()
            .find(|(_, ids)| ids.split(' ').any(|one| one == id));
        group.map(|(heading, _)| *heading)
    };
    let grouped = move |command: Command| {
        command.mut_args(|arg| match heading(arg.get_id().as_str()) {
            Some(heading) if !arg.is_positional() => arg.help_heading(heading),
            _ => arg,
        })
    };
    grouped(program).mut_subcommands(grouped)
}

/// Print shell completions.
#[derive(Args)]
#[command(after_help = "Examples:
  exptool completions bash > /usr/share/bash-completion/completions/exptool
  exptool completions zsh > ~/.zfunc/_exptool")]
pub struct Completions {
    /// Shell
    shell: clap_complete::Shell,
}

impl Completions {
    /// Runs the command.
    pub fn run(&self, mut program: Command) -> Done {
        let mut out = Vec::new();
        clap_complete::generate(self.shell, &mut program, "exptool", &mut out);
        output::print(&String::from_utf8_lossy(&out))?;
        Ok(0)
    }
}

/// Print the man page, or write one page for each command into a folder.
#[derive(Args)]
#[command(after_help = "Examples:
  exptool man | man -l -
  exptool man --dir /usr/share/man/man1")]
pub struct Man {
    /// Folder for exptool.1, exptool-info.1 and so on; without it the main page is printed
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    /// Runs the command.
    pub fn run(&self, mut program: Command) -> Done {
        program.build();
        let Some(folder) = &self.dir else {
            output::print(&String::from_utf8_lossy(&page(&program)?))?;
            return Ok(0);
        };
        std::fs::create_dir_all(folder).map_err(|error| fail(folder, &error))?;
        let commands = program.get_subcommands();
        let commands = commands.filter(|command| command.get_name() != "help");
        for command in std::iter::once(&program).chain(commands) {
            let name = command.get_display_name().unwrap_or("exptool");
            let path = folder.join(format!("{name}.1"));
            std::fs::write(&path, page(command)?).map_err(|error| fail(&path, &error))?;
        }
        Ok(0)
    }
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let page = clap_mangen::Man::new(command.clone());
    page.render(&mut out)
        .map_err(|error| Failure::Output(error.to_string()))?;
    Ok(out)
}

fn fail(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Output(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn options_are_grouped_and_each_command_has_examples_and_exit_codes() {
        let program = group(crate::Cli::command());
        for command in program.get_subcommands() {
            let name = command.get_name();
            for arg in command.get_opts() {
                let id = arg.get_id();
                assert!(arg.get_help_heading().is_some(), "{name}: {id}");
            }
            let after = command.get_after_help().unwrap_or_default().to_string();
            let examples = after
                .lines()
                .filter(|line| line.starts_with("  exptool "))
                .count();
            assert!(examples >= 2, "{name} has {examples} examples");
            let for_packagers = ["completions", "man"].contains(&name);
            assert!(
                for_packagers || after.contains("Exit codes:\n  0  "),
                "{name}"
            );
            assert!(!after.contains("of which each command's"), "{name}");
        }
    }
}
