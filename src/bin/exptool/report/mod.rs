// SPDX-License-Identifier: MPL-2.0
//! `exptool report`: all that is known of recordings and their conversions, on one HTML page.

mod page;

use crate::common::{Common, Done, Failure, failure::EXIT_CODES, frames::Options, media, output};
use crate::contact_sheet::{self, Layout, Order};
use crate::recording::{Recording, file_sha256, path_sha256};
use crate::timeline::{self, save};
use clap::Args;
use std::path::PathBuf;

/// Sheets of small pictures in a report at most, of each recording: a page of many megabytes prints badly.
const MAX_SHEETS: usize = 4;

/// Write what is known of recordings as one HTML page: cameras, runs, gaps, damage, check sums, timeline, pictures, hashes of
/// inputs and outputs, and what is assumed about the format. It needs no network, follows light and dark, and prints well.
#[derive(Args)]
#[command(after_help = format!("Examples:\n  exptool report lobby.exp -o lobby.html\n  exptool report lobby.exp --outputs lobby.mp4 --case 2009-117 -o lobby.html\n\n{EXIT_CODES}"))]
pub struct Report {
    /// Recordings
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// Page to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Files that were made of the recordings; their hashes are listed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    outputs: Vec<PathBuf>,
    /// Case number or another text for the heading
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// Leave out the pictures
    #[arg(long)]
    no_pictures: bool,
    #[command(flatten)]
    layout: Layout,
    /// Replace a page that is there already
    #[arg(long)]
    force: bool,
}

/// A recording, and what is shown of it.
pub struct Part {
    /// The recording.
    pub recording: Recording,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Sheets of small pictures, PNG.
    pub sheets: Vec<Vec<u8>>,
    /// Why there are none, or not all.
    pub note: Option<String>,
}

impl Report {
    /// Runs the command. 1 where damage or a wrong check sum was found.
    pub fn run(&self, common: &Common) -> Done {
        if !self.force && self.output.exists() {
            return Err(Failure::Output(format!(
                "{}: is there already (--force replaces it)",
                self.output.display()
            )));
        }
        let mut parts = Vec::new();
        for path in &self.inputs {
            parts.push(self.part(common, path)?);
        }
        let mut made = Vec::new();
        for path in &self.outputs {
            output::protect(path);
            let size = std::fs::metadata(path).map(|meta| meta.len());
            let size =
                size.map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
            made.push((path.clone(), size, path_sha256(path, &mut |_| ())?));
        }
        let mut timelines = Vec::new();
        for part in &parts {
            let one = std::slice::from_ref(&part.recording);
            timelines.push(timeline::draw(one).unwrap_or_default());
        }
        let found = parts.iter().any(|part| {
            let summary = &part.recording.summary;
            summary.wrong_crc > 0 || !part.recording.damage.is_empty()
        });
        let html = page::html(&parts, &timelines, &made, self.case.as_deref());
        save(&self.output, html.as_bytes(), self.force)?;
        output::print(&format!("{}\n", self.output.display()))?;
        Ok(u8::from(found))
    }

    fn part(&self, common: &Common, path: &std::path::Path) -> Result<Part, Failure> {
        let input = common.open(path)?;
        let options = Options {
            crc: true,
            ..Options::default()
        };
        let recording = Recording::read(common, input, options, &mut |_| Ok(()))?;
        let sha256 = file_sha256(common, &recording.input)?;
        let mut sheets = Vec::new();
        let mut note = None;
        if !self.no_pictures {
            // a report without pictures is still a report: a missing decoder is told in it
            let made = media::init().and_then(|()| {
                let order = Order {
                    camera: None,
                    layout: self.layout,
                    most: MAX_SHEETS,
                    sha256: &sha256,
                };
                contact_sheet::sheets(common, &recording, order, &mut |sheet| {
                    sheets.push(sheet.png);
                    Ok(())
                })
            });
            note = match made {
                Ok(missing) if missing.is_empty() => None,
                Ok(missing) => Some(missing.join("; ")),
                Err(failure) => Some(failure.text().to_owned()),
            };
        }
        Ok(Part {
            recording,
            sha256,
            sheets,
            note,
        })
    }
}
