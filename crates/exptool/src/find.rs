// SPDX-License-Identifier: MPL-2.0
//! `exptool find`: which files and cameras recorded a moment.

use crate::common::{
    Common, Done, Failure, output,
    plain::plain,
    when::{Base, FORMS},
};
use crate::convert::plan;
use crate::recording::Recording;
use crate::survey::{Moment, Surveyed};
use clap::Args;
use formats::recording::{Accuracy, SEEKING};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::PathBuf};

/// Find the files and cameras that recorded a moment, and where in the file it is.
///
/// Files are not read whole: their index is, or samples of them. Where a moment was not recorded, the frames before and after it
/// are named.
#[derive(Args)]
#[command(after_help = format!("Examples:
  exptool find 9:15 /media/disc
  exptool find '2009-11-10 09:15:30' --camera Yard *.exp
  exptool find 9:15 --until 9:20 --json /media/disc

TIME is {FORMS}. A time of day is looked for on the day on which each file begins, or the next.

Exit codes:
  0  recorded
  1  not recorded, or not all files could be read
  2  wrong use of the command
  3  no file can be read, or none has that camera"))]
pub struct Find {
    /// The moment
    #[arg(value_name = "TIME", allow_hyphen_values = true)]
    time: String,
    /// Recordings, or folders of them
    #[arg(required = true, value_name = "FILE|FOLDER")]
    inputs: Vec<PathBuf>,
    /// Only this camera
    #[arg(long, value_name = "N|TITLE")]
    camera: Option<String>,
    /// End of the time to look for: whatever was recorded from TIME up to it
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// A camera of a file.
struct Hit {
    file: String,
    recorder: String,
    camera: u16,
    title: String,
    accuracy: Accuracy,
    /// What was asked for, and what is there, in words.
    asked: String,
    found: Vec<Moment>,
    before: Option<Moment>,
    after: Option<Moment>,
    /// Shows times of the file.
    recording: usize,
}

impl Find {
    /// Runs the command.
    pub fn run(&self, common: &Common) -> Done {
        let items = plan::inputs(&self.inputs)?;
        let (mut hits, mut files) = (Vec::new(), Vec::new());
        let mut failed = false;
        let alone = items.len() == 1;
        for item in items {
            let surveyed = item
                .open(common)
                .and_then(|input| input.map(|input| Surveyed::read(common, input)).transpose());
            match surveyed {
                Ok(Some(surveyed)) => {
                    self.search(&surveyed, files.len(), &mut hits)?;
                    files.push(surveyed.recording);
                }
                Ok(None) => {}
                Err(failure) if alone => return Err(failure),
                Err(failure) => {
                    failure.report(common.json);
                    failed = true;
                }
            }
        }
        if let (true, Some(wanted), false) = (hits.is_empty(), &self.camera, files.is_empty()) {
            let all = files.iter().flat_map(cameras);
            let names: BTreeSet<String> = all
                .map(|(number, title)| match title.as_str() {
                    "" => number.to_string(),
                    title => format!("{number} ({})", plain(title)),
                })
                .collect();
            let names: Vec<String> = names.into_iter().collect();
            return Err(Failure::Input(format!(
                "no camera {wanted}: expected one of {}",
                names.join(", ")
            )));
        }
        hits.sort_by_key(|hit| hit.found.first().map(|moment| moment.clock));
        let (found, missed): (Vec<Hit>, Vec<Hit>) =
            hits.into_iter().partition(|hit| !hit.found.is_empty());
        // of a camera that is in several files, the nearest frames of all count
        let missed = nearest(missed, &found);
        match common.json {
            true => output::print_json(&self.json(&files, &found, &missed))?,
            false => output::print(&text(&files, &found, &missed))?,
        }
        Ok(u8::from(found.is_empty() || failed))
    }

    fn search(
        &self,
        surveyed: &Surveyed,
        number: usize,
        hits: &mut Vec<Hit>,
    ) -> Result<(), Failure> {
        let recording = &surveyed.recording;
        if !recording.has_clock() {
            eprintln!(
                "exptool: {}: has no clock, so no time can be found in it",
                plain(&recording.input.name)
            );
            return Ok(());
        }
        let whole = surveyed.map(0, SEEKING)?;
        let first = whole.runs.iter().map(|run| run.clock).min();
        let last = whole.runs.iter().map(|run| run.clock_end).max();
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(());
        };
        let base = Base {
            zone: recording.zone,
            first,
            last,
        };
        let from = base.read(&self.time)?;
        let until = self.until.as_ref().map(|text| base.read(text));
        let until = until.transpose()?;
        if until.is_some_and(|until| until <= from) {
            return Err(Failure::Use(format!(
                "--until {:?} is not after {:?}",
                self.until.as_deref().unwrap_or_default(),
                self.time
            )));
        }
        let asked = match until {
            None => recording.zone_time(from),
            Some(until) => format!(
                "{} to {}",
                recording.zone_time(from),
                recording.zone_time(until)
            ),
        };
        let cameras = cameras(recording);
        let only = cameras.len() < 2;
        for (camera, title) in cameras {
            if !self.is_wanted(camera, &title) {
                continue;
            }
            // where a camera has the moment, its own runs need not be known
            let mut search = surveyed.search(&whole, camera, (from, until))?;
            let mut accuracy = whole.accuracy;
            if !only && (until.is_some() || search.found.is_empty()) {
                let own = surveyed.map(camera, SEEKING)?;
                search = surveyed.search(&own, camera, (from, until))?;
                accuracy = own.accuracy;
            }
            hits.push(Hit {
                file: recording.input.name.clone(),
                recorder: match recording.recorder() {
                    "" => recording.input.name.clone(),
                    recorder => recorder.to_owned(),
                },
                camera,
                title,
                accuracy,
                asked: asked.clone(),
                found: search.found,
                before: search.before,
                after: search.after,
                recording: number,
            });
        }
        Ok(())
    }

    fn is_wanted(&self, camera: u16, title: &str) -> bool {
        let Some(wanted) = self.camera.as_deref().map(|one| one.trim().to_lowercase()) else {
            return true;
        };
        match wanted.parse::<u16>() {
            Ok(number) => number == camera,
            Err(_) => title.to_lowercase().contains(&wanted),
        }
    }

    fn json(&self, files: &[Recording], found: &[Hit], missed: &[Hit]) -> Value {
        let moment = |hit: &Hit, moment: &Moment| -> Value {
            let zone = files.get(hit.recording).map(|one| one.zone);
            json!({
                "time": zone.map(|zone| zone.local(moment.clock)),
                "utc": zone.map(|zone| zone.format_utc(moment.clock)),
                "end": moment.end.and_then(|end| zone.map(|zone| zone.local(end))),
                "clock_ns": moment.clock,
                "offset": moment.offset,
                "keyframe_offset": moment.keyframe,
            })
        };
        let near = |hit: &Hit, near: &Option<Moment>| near.as_ref().map(|near| moment(hit, near));
        let hit = |hit: &Hit| {
            json!({
                "file": hit.file,
                "recorder": hit.recorder,
                "camera": hit.camera,
                "title": hit.title,
                "asked": hit.asked,
                "accuracy": hit.accuracy.name(),
                "found": hit.found.iter().map(|one| moment(hit, one)).collect::<Vec<_>>(),
                "before": near(hit, &hit.before),
                "after": near(hit, &hit.after),
            })
        };
        json!({
            "files": files.len(),
            "recorded": found.iter().map(hit).collect::<Vec<_>>(),
            "not_recorded": missed.iter().map(hit).collect::<Vec<_>>(),
        })
    }
}

/// Number and title of each camera: of the header, and of the first records.
fn cameras(recording: &Recording) -> Vec<(u16, String)> {
    let seen = recording.contents.cameras.iter();
    let seen = seen.map(|camera| (camera.number, camera.title.clone()));
    let listed = recording.findings.info.cameras.iter();
    let mut all: Vec<_> = seen
        .chain(listed.map(|camera| (camera.number, camera.title.clone())))
        .collect();
    all.sort_by_key(|(number, _)| *number);
    all.dedup_by_key(|(number, _)| *number);
    all
}

/// Cameras that recorded the moment in no file, each once, with the nearest frames of all its files.
fn nearest(missed: Vec<Hit>, found: &[Hit]) -> Vec<Hit> {
    let same = |one: &Hit, other: &Hit| {
        (&one.recorder, one.camera, &one.asked) == (&other.recorder, other.camera, &other.asked)
    };
    let mut all: Vec<Hit> = Vec::new();
    for hit in missed {
        if found.iter().any(|found| same(found, &hit)) {
            continue;
        }
        let Some(known) = all.iter_mut().find(|known| same(known, &hit)) else {
            all.push(hit);
            continue;
        };
        let clock = |one: &Option<Moment>| one.as_ref().map(|one| one.clock);
        if hit.before.is_some() && clock(&known.before) < clock(&hit.before) {
            known.before = hit.before;
            known.file = hit.file.clone();
        }
        let later = match (clock(&known.after), clock(&hit.after)) {
            (Some(known), Some(after)) => after < known,
            (None, after) => after.is_some(),
            _ => false,
        };
        if later {
            known.after = hit.after;
        }
    }
    all
}

fn text(files: &[Recording], found: &[Hit], missed: &[Hit]) -> String {
    let mut out = String::new();
    let time = |hit: &Hit, clock: i64| match files.get(hit.recording) {
        Some(recording) => recording.time(clock),
        None => String::new(),
    };
    let name = |hit: &Hit| match hit.title.as_str() {
        "" => format!("camera {}", hit.camera),
        title => format!("camera {} ({})", hit.camera, plain(title)),
    };
    let mut asked = "";
    for hit in found {
        if hit.asked != asked {
            out.push_str(&format!("{}\n", hit.asked));
            asked = &hit.asked;
        }
        for moment in &hit.found {
            let when = match moment.end {
                None => format!("frame of {}", time(hit, moment.clock)),
                Some(end) => format!("{} to {}", time(hit, moment.clock), time(hit, end)),
            };
            let offset = match moment.offset {
                Some(offset) => format!(", offset {offset}"),
                None => String::new(),
            };
            let key = match moment.keyframe {
                Some(key) => format!(", keyframe at {key}"),
                None => String::new(),
            };
            out.push_str(&format!(
                "  {}  {}  {when}{offset}{key}{}\n",
                plain(&hit.file),
                name(hit),
                match hit.accuracy {
                    Accuracy::Exact => "",
                    Accuracy::Sampled => " (by samples)",
                    Accuracy::Ends | Accuracy::Unknown => " (estimated)",
                }
            ));
        }
    }
    for hit in missed {
        let side = |what: &str, moment: &Option<Moment>| match moment {
            Some(moment) => format!(
                "{what} {} in {}",
                time(hit, moment.clock),
                plain(&moment.file)
            ),
            None => format!("nothing {what}"),
        };
        out.push_str(&format!(
            "  {} of {}: not recorded at {}: {}, {}\n",
            name(hit),
            plain(&hit.recorder),
            hit.asked,
            side("before", &hit.before),
            side("after", &hit.after)
        ));
    }
    if found.is_empty() && missed.is_empty() {
        out.push_str("no camera to search for that moment\n");
    }
    out
}
