// SPDX-License-Identifier: MPL-2.0
//! `completions` and `man`: for packagers.

use crate::{Done, output};
use clap::{Args, Command};
use parconfig::Error;
use std::path::PathBuf;

/// Print shell completions.
#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig completions bash > ~/.local/share/bash-completion/completions/parconfig
  parconfig completions fish > ~/.config/fish/completions/parconfig.fish")]
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

/// Print the man page, or write one page for each command into a folder.
#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig man | man -l -
  parconfig man --dir /usr/local/share/man/man1")]
pub struct Man {
    /// Folder for parconfig.1, parconfig-fetch.1 and so on; without it the main page is printed
    #[arg(short, long, alias = "output", short_alias = 'o', value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub fn run(&self, mut program: Command) -> Done {
        program.build();
        let page = |command: &Command| {
            let mut out = Vec::new();
            clap_mangen::Man::new(command.clone()).render(&mut out)?;
            std::io::Result::Ok(out)
        };
        let Some(folder) = &self.dir else {
            let page = page(&program).map_err(|error| Error::Output(error.to_string()))?;
            output::print(&String::from_utf8_lossy(&page))?;
            return Ok(0);
        };
        let write = |name: String, command: &Command| {
            let path = folder.join(name);
            let done = std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(&path, page(command)?));
            done.map_err(|error| output::unwritten(Error::io(path.display(), error)))
        };
        write("parconfig.1".into(), &program)?;
        let commands = program.get_subcommands();
        for command in commands.filter(|command| command.get_name() != "help") {
            write(format!("parconfig-{}.1", command.get_name()), command)?;
        }
        Ok(0)
    }
}
