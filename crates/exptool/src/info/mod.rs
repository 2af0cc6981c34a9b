// SPDX-License-Identifier: MPL-2.0
//! `exptool info`: what a recording is.

mod facts;
mod folder;
mod text;

use crate::common::{
    Common, Done, Failure, Input,
    csv::Table,
    failure,
    output::{self, NewFile},
};
use crate::convert::plan;
use crate::recording::{Options, Recording};
use crate::survey::Surveyed;
use clap::Args;
use formats::recording::OPENING;
use std::path::PathBuf;

pub use facts::Facts;
pub use text::front as front_text;

const EXAMPLES: &str = "\
Examples:
  exptool lobby.exp
  exptool /media/disc
  exptool info --quick *.exp
  exptool info --utc-offset -5 --json lobby.exp | jq .runs
  exptool info lobby.exp --frames-csv frames.csv

Every record is read, so that runs, gaps and damage are exact; --quick reads an index or samples. Checksums are not compared: verify does \
that. A folder gives a table: one line a file, by time, and files that continue each other next to each other.";

/// Say what a recording is: cameras, codecs, runs, gaps, damage.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", failure::exit_codes("nothing is wrong", "something was found: damage, a file that ends inside a record, unknown bytes before the first record; or not all files could be read", &[2, 3, 4])))]
pub struct Info {
    /// Recordings, or folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// Read the header, the first records and the index, or samples
    #[arg(short, long)]
    quick: bool,
    /// Also write a table of all frames
    #[arg(long, value_name = "CSV", conflicts_with = "quick")]
    frames_csv: Option<PathBuf>,
    /// Replace a table that already exists
    #[arg(long, requires = "frames_csv")]
    force: bool,
}

impl Info {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        if self.files.iter().any(|path| path.is_dir()) {
            return self.folders(common);
        }
        if self.frames_csv.is_some() && self.files.len() > 1 {
            return Err(Failure::Use(
                "--frames-csv is for one FILE at a time".to_owned(),
            ));
        }
        let (mut failed, mut found) = (false, false);
        let mut all = Vec::new();
        for path in &self.files {
            match common.open(path).and_then(|input| self.one(common, input)) {
                Ok(facts) => {
                    found |= facts.is_damaged();
                    match common.json {
                        true => all.push(facts.json(common)),
                        false => output::print(&text::write(&facts))?,
                    }
                }
                Err(failure) if self.files.len() == 1 => return Err(failure),
                // one bad input does not stop the rest
                Err(failure) => {
                    failure.report(common.json);
                    failed = true;
                }
            }
        }
        match all.as_slice() {
            [] => {}
            [one] if self.files.len() == 1 => output::print_json(one)?,
            all => output::print_json(&all)?,
        }
        Ok(u8::from(failed || found))
    }

    fn folders(&self, common: &Common) -> Done {
        if self.frames_csv.is_some() {
            return Err(Failure::Use("--frames-csv is for one FILE".to_owned()));
        }
        let (mut failed, mut all) = (false, Vec::new());
        for item in plan::inputs(&self.files)? {
            let facts = item
                .open(common)
                .and_then(|input| input.map(|input| self.one(common, input)).transpose());
            match facts {
                Ok(facts) => all.extend(facts),
                Err(failure) => {
                    failure.report(common.json);
                    failed = true;
                }
            }
        }
        let groups = folder::groups(all);
        let mut files = groups.iter().flatten();
        let found = files.any(Facts::is_damaged);
        match common.json {
            true => output::print_json(&folder::json(&groups, common))?,
            false => output::print(&folder::table(&groups))?,
        }
        Ok(u8::from(failed || found))
    }

    fn one(&self, common: &Common, input: Input) -> Result<Facts, Failure> {
        if self.quick {
            let surveyed = Surveyed::read(common, input)?;
            let map = surveyed.map(0, OPENING)?;
            return Ok(Facts::sampled(surveyed.recording, map));
        }
        let Some(csv) = &self.frames_csv else {
            let recording = Recording::read(common, input, Options::default(), &mut |_| Ok(()))?;
            return Ok(Facts::exact(recording));
        };
        let file = NewFile::create(csv, self.force)?;
        let name = csv.display().to_string();
        let mut table = Table::new(file, common.zone(input.utc_offset()?), &name)?;
        let options = Options {
            checksums: true,
            hashes: true,
            ..Options::default()
        };
        let recording = Recording::read(common, input, options, &mut |frame| table.add(frame))?;
        table.finish()?.finish()?;
        Ok(Facts::exact(recording))
    }
}
