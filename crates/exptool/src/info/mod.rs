// SPDX-License-Identifier: MPL-2.0
//! `exptool info`: what a recording is.

mod gather;
mod quick;
pub mod report;
mod text;
mod times;

use crate::common::{
    Common, Done, Failure, Input,
    csv::Table,
    frames::{self, Options},
    output::{self, NewFile},
    progress::Progress,
};
use clap::Args;
use formats::timeline::GapPolicy;
use gather::Gather;
use report::Report;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  exptool info lobby.exp
  exptool info --quick *.exp
  exptool info --utc-offset -5 --json lobby.exp | jq .runs
  exptool info lobby.exp --frames-csv frames.csv

Every record is read, so that runs, gaps and damage are exact; --quick looks at both ends only. Checksums are not tested: verify
does that.

Exit codes:
  0  told, and nothing is wrong with it
  1  told, and something was found: damage, an end that is cut off, bytes before the first record that are no header; or, with
     several files, not all could be read
  2  wrong use of the command
  3  a file cannot be read or is no recording
  4  the table of frames cannot be written, or already exists";

/// Say what a recording is: cameras, codecs, runs, gaps, damage.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Info {
    /// Recordings
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Look at the header, the first and the last records only
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
        if self.frames_csv.is_some() && self.files.len() > 1 {
            return Err(Failure::Use(
                "--frames-csv is for one FILE at a time".to_owned(),
            ));
        }
        let mut failed = None;
        let mut found = false;
        let mut reports = Vec::new();
        for path in &self.files {
            match self.one(common, path) {
                Ok(report) => {
                    found |= report.is_hurt();
                    match common.json {
                        true => reports.push(report),
                        false => output::print(&text::write(&report))?,
                    }
                }
                Err(failure) if self.files.len() == 1 => return Err(failure),
                Err(failure) => {
                    failure.tell(common.json);
                    failed = Some(failure);
                }
            }
        }
        match reports.as_slice() {
            [] => {}
            [report] if self.files.len() == 1 => output::print_json(report)?,
            all => output::print_json(&all)?,
        }
        // one bad input does not stop the rest
        Ok(u8::from(failed.is_some() || found))
    }

    fn one(&self, common: &Common, path: &std::path::Path) -> Result<Report, Failure> {
        let input = common.open(path)?;
        if self.quick {
            return quick::look(common, &input);
        }
        match &self.frames_csv {
            None => survey(common, &input),
            Some(csv) => {
                let file = NewFile::create(csv, self.force)?;
                let name = csv.display().to_string();
                let (report, file) = survey_with_table(common, &input, file, &name)?;
                file.finish()?;
                Ok(report)
            }
        }
    }
}

const OPTIONS: Options = Options {
    crc: false,
    sha256: false,
    sizes: true,
    policy: GapPolicy::Collapse,
};

/// Reads all of a recording.
///
/// # Errors
/// A file that cannot be read.
pub fn survey(common: &Common, input: &Input) -> Result<Report, Failure> {
    let mut progress = Progress::bytes(common, input.size, "reading");
    let mut gather = Gather::default();
    let summary = frames::read(input, OPTIONS, &mut progress, &mut |frame| {
        gather.add(&frame);
        Ok(())
    })?;
    Ok(finish(gather.report(common, input, &summary), input))
}

/// Reads all of a recording, and writes its frames, with checksums and hashes, as a table.
///
/// # Errors
/// A file that cannot be read or written.
pub fn survey_with_table<W: std::io::Write>(
    common: &Common,
    input: &Input,
    out: W,
    name: &str,
) -> Result<(Report, W), Failure> {
    let mut progress = Progress::bytes(common, input.size, "reading");
    let zone = common.zone(report::utc_offset(input)?);
    let mut table = Table::new(out, zone, name)?;
    let mut gather = Gather::default();
    let options = Options {
        crc: true,
        sha256: true,
        ..OPTIONS
    };
    let summary = frames::read(input, options, &mut progress, &mut |frame| {
        gather.add(&frame);
        table.add(&frame)
    })?;
    let report = finish(gather.report(common, input, &summary), input);
    Ok((report, table.finish()?))
}

/// A recorder may still be writing: the size is that of the file that was read.
fn finish(mut report: Report, input: &Input) -> Report {
    let now = std::fs::metadata(&input.path).map_or(0, |meta| meta.len());
    if now > 0 && now != input.size {
        report.warnings.push(format!(
            "the file had {} bytes when it was opened and {now} when it had been read: it is still being written",
            input.size
        ));
        report.size = now;
    }
    report
}
