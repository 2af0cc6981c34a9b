// SPDX-License-Identifier: MPL-2.0
//! `completions` and `man`: for packagers.

use crate::failure::Failure;
use crate::{Done, output};
use clap::{Args, Command};
use std::path::PathBuf;

/// Print shell completions.
#[derive(Args)]
pub struct Completions {
    /// Shell
    shell: clap_complete::Shell,
}

impl Completions {
    pub fn run(&self, mut program: Command) -> Done {
        let mut out = Vec::new();
        clap_complete::generate(self.shell, &mut program, "parconfig", &mut out);
        output::print(&String::from_utf8_lossy(&out))?;
        Ok(0)
    }
}

/// Print the man page, or write one page for each subcommand into a folder.
#[derive(Args)]
pub struct Man {
    /// Folder for parconfig.1, parconfig-fetch.1 and so on; without it the main page is printed
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Man {
    pub fn run(&self, mut program: Command) -> Done {
        program.build();
        let page = |command: &Command| -> Result<Vec<u8>, Failure> {
            let mut out = Vec::new();
            clap_mangen::Man::new(command.clone()).render(&mut out)?;
            Ok(out)
        };
        let Some(folder) = &self.output else {
            output::print(&String::from_utf8_lossy(&page(&program)?))?;
            return Ok(0);
        };
        std::fs::create_dir_all(folder)?;
        let pages = program
            .get_subcommands()
            .filter(|command| !command.is_hide_set() && command.get_name() != "help");
        for command in std::iter::once(&program).chain(pages) {
            let name = match command.get_name() {
                "parconfig" => "parconfig.1".to_owned(),
                name => format!("parconfig-{name}.1"),
            };
            std::fs::write(folder.join(name), page(command)?)?;
        }
        Ok(0)
    }
}
