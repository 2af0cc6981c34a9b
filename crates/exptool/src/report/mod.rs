// SPDX-License-Identifier: MPL-2.0
//! `exptool report`: all that is known of recordings and their conversions, on one HTML page.

mod page;

use crate::common::{Common, Done, Failure, coded::hex, failure::EXIT_CODES, media, output};
use crate::contact_sheet::{self, Layout, Order};
use crate::draw;
use crate::pictures::{Moment, Picture};
use crate::recording::{Options, Recording, file_sha256, path_sha256};
use crate::timeline::{self, save};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Sheets of small pictures in a report at most, of each recording: a page of many megabytes prints badly.
const MAX_SHEETS: usize = 4;

/// Write what is known of recordings as one HTML page: cameras, runs, gaps, damage, checksums, timeline, pictures, hashes of
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
    /// Replace a page that already exists
    #[arg(long)]
    force: bool,
}

/// A small picture.
pub struct Shot {
    /// PNG; `None` where it could not be got.
    pub png: Option<Vec<u8>>,
    /// When it is, for people.
    pub time: String,
    /// Camera and run.
    pub run: String,
    /// SHA-256 of the coded picture.
    pub coded: Option<String>,
}

/// A recording, and what is shown of it.
pub struct Part {
    /// The recording.
    pub recording: Recording,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Small pictures.
    pub shots: Vec<Shot>,
    /// Pictures that were left out because a page has room for so many.
    pub left_out: usize,
    /// Why there are none, or not all.
    pub note: Option<String>,
}

impl Report {
    /// Runs the command. 1 where damage or a wrong checksum was found, or pictures are missing.
    pub fn run(&self, common: &Common) -> Done {
        if !self.force && self.output.exists() {
            return Err(Failure::Output(format!(
                "{}: already exists (--force replaces it)",
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
        let html = page::html(&parts, &timelines, &made, self.case.as_deref());
        save(&self.output, html.as_bytes(), self.force)?;
        for part in &parts {
            if let Some(note) = &part.note {
                eprintln!("exptool: {}: {note}", part.recording.input.name);
            }
        }
        self.tell(common, &parts, &made)?;
        let bad = |part: &Part| part.is_damaged() || part.note.is_some();
        Ok(u8::from(parts.iter().any(bad)))
    }

    fn tell(
        &self,
        common: &Common,
        parts: &[Part],
        made: &[(PathBuf, u64, String)],
    ) -> Result<(), Failure> {
        if !common.json {
            return output::print(&format!("{}\n", self.output.display()));
        }
        let recordings = parts.iter().map(|part| {
            let summary = &part.recording.findings;
            json!({
                "file": part.recording.input.name,
                "size": part.recording.input.size,
                "sha256": part.sha256,
                "cameras": part.recording.contents.cameras.len(),
                "records": summary.records,
                "wrong_crc": summary.mismatches,
                "damaged_regions": summary.damaged,
                "damaged_bytes": summary.damaged_bytes,
                "cut": summary.cut.is_some(),
                "pictures": part.shots.iter().filter(|shot| shot.png.is_some()).count(),
                "note": part.note,
            })
        });
        let outputs = made
            .iter()
            .map(|(path, size, sum)| json!({ "file": path, "size": size, "sha256": sum }));
        output::print_json(&json!({
            "output": self.output,
            "recordings": recordings.collect::<Vec<_>>(),
            "outputs": outputs.collect::<Vec<_>>(),
        }))
    }

    fn part(&self, common: &Common, path: &std::path::Path) -> Result<Part, Failure> {
        let input = common.open(path)?;
        let options = Options {
            checksums: true,
            ..Options::default()
        };
        let recording = Recording::read(common, input, options, &mut |_| Ok(()))?;
        let sha256 = file_sha256(common, &recording.input)?;
        let mut shots = Vec::new();
        // a report without pictures is still a report: what is missing is told in it
        let mut left_out = 0;
        let note = match (recording.contents.cameras.is_empty(), self.no_pictures) {
            (true, _) => Some("it holds no pictures".to_owned()),
            (false, true) => None,
            (false, false) => self.shots(common, &recording, &mut shots, &mut left_out),
        };
        Ok(Part {
            recording,
            sha256,
            shots,
            left_out,
            note,
        })
    }

    /// Gets the small pictures, and tells why there are none, or not all.
    fn shots(
        &self,
        common: &Common,
        recording: &Recording,
        shots: &mut Vec<Shot>,
        left_out: &mut usize,
    ) -> Option<String> {
        let order = Order {
            camera: None,
            layout: self.layout,
            most: MAX_SHEETS,
            sha256: "",
        };
        let made = media::init().and_then(|()| {
            contact_sheet::sheets(common, recording, order, &mut |page| {
                for (moment, found) in page.moments.iter().zip(page.found) {
                    shots.push(Shot::new(recording, moment, found)?);
                }
                Ok(())
            })
        });
        let missing = match made {
            Ok(lack) => {
                *left_out = lack.left_out;
                lack.missing.join("; ")
            }
            Err(failure) => failure.to_string(),
        };
        (!missing.is_empty()).then(|| format!("pictures are missing: {missing}"))
    }
}

impl Part {
    fn is_damaged(&self) -> bool {
        self.recording.findings.mismatches > 0 || !self.recording.contents.damage.is_empty()
    }
}

impl Shot {
    fn new(
        recording: &Recording,
        moment: &Moment<'_>,
        found: Option<Picture>,
    ) -> Result<Shot, Failure> {
        let clock = found.as_ref().map_or(moment.clock, |found| found.clock);
        let coded = found.as_ref().and_then(|found| found.sha256);
        let png = found.map(|found| {
            let size = (found.width, found.height);
            draw::png_rgb(size, &found.rgb, &[])
        });
        Ok(Shot {
            png: png.transpose()?,
            time: recording.time(clock),
            run: format!("{}, run {}", moment.camera.name(), moment.run + 1),
            coded: coded.map(|sum| hex(&sum)),
        })
    }
}
