// SPDX-License-Identifier: MPL-2.0
//! `exptool report`: all that is known of recordings and their conversions, on one HTML page.

mod log;
mod page;
mod pdf;

use crate::common::{
    Common, Done, Failure, Input, cameras,
    coded::hex,
    failure, media, output,
    when::{Base, FORMS},
};
use crate::contact_sheet::{self, Layout, Order};
use crate::convert::plan;
use crate::draw;
use crate::info::Facts;
use crate::pictures::{Moment, Picture};
use crate::recording::{Camera, Options, Recording, digest, file_sha256, path_sha256};
use crate::timeline::{self, save};
use clap::Args;
use md5::Md5;
use serde_json::json;
use std::path::PathBuf;

/// Sheets of small pictures in a report at most, of each recording: a page of many megabytes prints badly.
const MAX_SHEETS: usize = 4;

/// Write what is known of recordings as one HTML page: a summary, cameras, runs, gaps, damage, checksums, timeline, pictures, hashes
/// of inputs and outputs, and what is assumed about the format. It needs no network, follows light and dark, and prints well.
#[derive(Args)]
#[command(after_help = format!("Examples:\n  exptool report lobby.exp -o lobby.html\n  exptool report /media/disc --case 2009-117 --examiner 'J. Doe' --pdf disc.pdf\n  exptool report lobby.exp --log viewing-log.csv -o lobby.html\n  exptool report lobby.exp --camera Yard --from-time 9:15 --to-time 9:30 -o yard.html\n\nTIME is {FORMS}.\n\n{}", failure::exit_codes("written, and nothing was found", "written; damage or a checksum that does not match was found, or pictures are missing", &[2, 3, 4, 5])))]
pub struct Report {
    /// Recordings, or folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    inputs: Vec<PathBuf>,
    /// Only this camera
    #[arg(long, value_name = "N|TITLE")]
    camera: Option<String>,
    /// Files that were made of the recordings; their hashes are listed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    outputs: Vec<PathBuf>,
    /// Viewing logs of these recordings, as exp-viewer saves them: bookmarks with their notes and pictures
    #[arg(long, value_name = "CSV", num_args = 1..)]
    log: Vec<PathBuf>,
    /// Case number or another text for the heading
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// Name of the examiner
    #[arg(long, value_name = "NAME")]
    examiner: Option<String>,
    /// Leave out the pictures
    #[arg(long)]
    no_pictures: bool,
    #[command(flatten)]
    layout: Layout,
    /// Only runs and pictures from this time on
    #[arg(long, value_name = "TIME")]
    from_time: Option<String>,
    /// Only runs and pictures up to this time
    #[arg(long, value_name = "TIME")]
    to_time: Option<String>,
    /// Add the files' MD5
    #[arg(long)]
    md5: bool,
    /// Page to write
    #[arg(short, long, value_name = "FILE", required_unless_present = "pdf")]
    output: Option<PathBuf>,
    /// Print the page into a PDF, by Chromium or WeasyPrint
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// Replace a page that already exists
    #[arg(long)]
    force: bool,
}

/// A small picture.
struct Shot {
    /// PNG; `None` where it could not be got.
    png: Option<Vec<u8>>,
    /// When it is, for people.
    time: String,
    /// Camera and run.
    run: String,
    /// SHA-256 of the coded frame.
    coded: Option<String>,
}

/// A recording, and what is shown of it.
struct Part {
    facts: Facts,
    /// Numbers of the cameras that are shown.
    numbers: Vec<u16>,
    /// Window of the recorder's clock, nanoseconds.
    window: (i64, i64),
    sha256: String,
    md5: Option<String>,
    /// When the file was changed last.
    modified: Option<String>,
    timeline: Option<String>,
    shots: Vec<Shot>,
    /// Pictures that were left out because a page has room for so many.
    left_out: usize,
    /// Why there are no pictures, or not all.
    note: Option<String>,
}

/// What is above the summary.
struct Heading {
    case: Option<String>,
    examiner: Option<String>,
    /// What was left out, in words.
    window: Option<String>,
}

/// A file that was made of a recording.
struct Output {
    path: PathBuf,
    size: u64,
    sha256: String,
}

impl Report {
    /// Runs the command. 1 where damage or a checksum that does not match was found, or pictures are missing.
    pub fn run(&self, common: &Common) -> Done {
        for path in [&self.output, &self.pdf].into_iter().flatten() {
            if !self.force && path.exists() {
                return Err(Failure::Output(format!(
                    "{}: already exists (--force replaces it)",
                    path.display()
                )));
            }
        }
        let mut parts = Vec::new();
        for item in plan::inputs(&self.inputs)? {
            if let Some(input) = item.open(common)? {
                parts.push(self.part(common, input)?);
            }
        }
        if parts.is_empty() {
            return Err(plan::nothing());
        }
        parts.sort_by_key(|part| part.facts.span().map(|(first, _)| first));
        let width = (!self.no_pictures).then_some(self.layout.width);
        let log = log::bookmarks(common, &self.log, &parts, width)?;
        let mut made = Vec::new();
        for path in &self.outputs {
            output::protect(path);
            let size = std::fs::metadata(path).map(|meta| meta.len());
            made.push(Output {
                path: path.clone(),
                size: size
                    .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?,
                sha256: path_sha256(path, &mut |_| ())?,
            });
        }
        let all = parts.iter().map(|part| &part.facts.recording);
        let all: Vec<&Recording> = all.filter(|one| timeline::is_drawn(one)).collect();
        let together = match all.as_slice() {
            [] | [_] => None,
            all => timeline::draw(all).ok(),
        };
        let limits = [
            self.camera
                .as_ref()
                .map(|camera| format!("camera {camera}")),
            self.from_time.as_ref().map(|from| format!("from {from}")),
            self.to_time.as_ref().map(|to| format!("to {to}")),
        ];
        let limits: Vec<String> = limits.into_iter().flatten().collect();
        let heading = Heading {
            case: self.case.clone(),
            examiner: self.examiner.clone(),
            window: (!limits.is_empty()).then(|| limits.join(", ")),
        };
        let html = page::html(&heading, &parts, &log, together.as_deref(), &made);
        if let Some(path) = &self.output {
            save(path, html.as_bytes(), self.force)?;
        }
        if let Some(path) = &self.pdf {
            save(path, &pdf::print(&html)?, self.force)?;
        }
        for part in &parts {
            if let Some(note) = &part.note {
                eprintln!("exptool: {}: {note}", part.facts.recording.input.name);
            }
        }
        for one in &log {
            if let Some(lack) = &one.lack {
                eprintln!("exptool: bookmark at {}: {lack}", one.shot.time);
            }
        }
        self.print(common, &parts, &log, &made)?;
        let bad = |part: &Part| part.is_damaged() || part.note.is_some();
        let lacks = log.iter().any(|one| one.lack.is_some());
        Ok(u8::from(lacks || parts.iter().any(bad)))
    }

    fn print(
        &self,
        common: &Common,
        parts: &[Part],
        log: &[log::Bookmark],
        made: &[Output],
    ) -> Result<(), Failure> {
        let written = [&self.output, &self.pdf].into_iter().flatten();
        if !common.json {
            let lines = written.map(|path| format!("{}\n", path.display()));
            return output::print(&lines.collect::<String>());
        }
        let recordings = parts.iter().map(|part| {
            let recording = &part.facts.recording;
            let findings = &recording.findings;
            let contents = &recording.contents;
            let runs = contents.cameras.iter().map(|camera| {
                json!({
                    "camera": camera.number,
                    "frames": camera.frames,
                    "gaps": camera.gaps(),
                    "runs": camera.runs.iter().map(|run| json!({
                        "begins": run.begins.name(),
                        "start_ns": run.start,
                        "end_ns": run.last,
                        "frames": run.all_frames(),
                    })).collect::<Vec<_>>(),
                })
            });
            json!({
                "file": recording.input.name,
                "size": recording.input.size,
                "sha256": part.sha256,
                "md5": part.md5,
                "cameras": contents.cameras.len(),
                "streams": runs.collect::<Vec<_>>(),
                "gaps": contents.gaps,
                "clock_steps": contents.clock_steps,
                "records": findings.records,
                "checksum_mismatches": findings.mismatches,
                "damaged_regions": findings.damaged,
                "damaged_bytes": findings.damaged_bytes,
                "cut": part.facts.cut().is_some(),
                "time_doubtful": findings.faults.doubtful().is_some(),
                "pictures": part.shots.iter().filter(|shot| shot.png.is_some()).count(),
                "note": part.note,
            })
        });
        let outputs = made
            .iter()
            .map(|one| json!({ "file": one.path, "size": one.size, "sha256": one.sha256 }));
        let bookmarks = log.iter().map(|one| {
            json!({
                "time": one.shot.time,
                "file": one.file,
                "note": one.note,
                "coded_sha256": one.shot.coded,
                "lack": one.lack,
            })
        });
        output::print_json(&json!({
            "bookmarks": bookmarks.collect::<Vec<_>>(),
            "output": self.output,
            "pdf": self.pdf,
            "recordings": recordings.collect::<Vec<_>>(),
            "outputs": outputs.collect::<Vec<_>>(),
        }))
    }

    fn part(&self, common: &Common, input: Input) -> Result<Part, Failure> {
        let path = input.path.clone();
        let options = Options {
            checksums: true,
            ..Options::default()
        };
        let recording = Recording::read(common, input, options, &mut |_| Ok(()))?;
        let sha256 = file_sha256(common, &recording.input)?;
        let md5 = self.md5.then(|| digest::<Md5>(&path, &mut |_| ()));
        let base = Base::of(&recording);
        let time = |text: &Option<String>| text.as_deref().map(|text| base.read(text)).transpose();
        let window = (
            time(&self.from_time)?.unwrap_or(i64::MIN),
            time(&self.to_time)?.unwrap_or(i64::MAX),
        );
        let changed = std::fs::metadata(&path)
            .and_then(|meta| meta.modified())
            .ok();
        let changed = changed.and_then(|time| jiff::Timestamp::try_from(time).ok());
        let numbers = match recording.contents.cameras.is_empty() {
            true => Vec::new(),
            false => {
                let chosen = cameras::choose(&recording, self.camera.as_deref())?;
                chosen.iter().map(|camera| camera.number).collect()
            }
        };
        let mut part = Part {
            numbers,
            window,
            sha256,
            md5: md5.transpose()?,
            modified: changed.map(|time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
            timeline: timeline::draw(&[&recording]).ok(),
            shots: Vec::new(),
            left_out: 0,
            // a report without pictures is still a report: what is missing is named in it
            note: None,
            facts: Facts::exact(recording),
        };
        part.note = match (part.numbers.is_empty(), self.no_pictures) {
            (true, _) => Some("no video frames were found".to_owned()),
            (false, true) => None,
            (false, false) => self.shots(common, &mut part),
        };
        Ok(part)
    }

    /// Gets the small pictures, and says why there are none, or not all.
    fn shots(&self, common: &Common, part: &mut Part) -> Option<String> {
        let recording = &part.facts.recording;
        let order = Order {
            camera: self.camera.as_deref(),
            window: part.window,
            layout: self.layout,
            most: MAX_SHEETS,
            sha256: "",
        };
        let shots = &mut part.shots;
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
                part.left_out = lack.left_out;
                lack.missing.join("; ")
            }
            Err(failure) => failure.to_string(),
        };
        (!missing.is_empty()).then(|| format!("pictures are missing: {missing}"))
    }
}

impl Part {
    fn is_damaged(&self) -> bool {
        let findings = &self.facts.recording.findings;
        findings.mismatches > 0 || findings.is_damaged()
    }

    /// The cameras that are shown.
    fn cameras(&self) -> impl Iterator<Item = &Camera> {
        let cameras = self.facts.recording.contents.cameras.iter();
        cameras.filter(|camera| self.numbers.contains(&camera.number))
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
