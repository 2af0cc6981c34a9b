// SPDX-License-Identifier: MPL-2.0
//! `exptool completions` and `exptool man`: for packagers.

use crate::common::{Done, Failure, output};
use clap::{Args, Command};
use std::path::{Path, PathBuf};

/// Print shell completions.
#[derive(Args)]
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

/// Print the man page, or write one page for each subcommand into a folder.
#[derive(Args)]
pub struct Man {
    /// Folder for exptool.1, exptool-info.1 and so on; without it the main page is printed
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Man {
    /// Runs the command.
    pub fn run(&self, mut program: Command) -> Done {
        program.build();
        match &self.output {
            None => output::print(&String::from_utf8_lossy(&page(&program)?))?,
            Some(folder) => write(&program, folder)?,
        }
        Ok(0)
    }
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut out)
        .map_err(|error| Failure::Output(error.to_string()))?;
    Ok(out)
}

fn write(program: &Command, folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::Output(format!("{}: {error}", folder.display())))?;
    let subcommands = program
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help");
    for command in std::iter::once(program).chain(subcommands) {
        let name = match command.get_name() {
            "exptool" => "exptool.1".to_owned(),
            name => format!("exptool-{name}.1"),
        };
        let path = folder.join(name);
        std::fs::write(&path, page(command)?)
            .map_err(|error| Failure::Output(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}
