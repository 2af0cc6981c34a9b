// SPDX-License-Identifier: MPL-2.0
//! Viewing logs, as the viewer saves them: moments that somebody bookmarked, with notes.

use super::{Part, Shot};
use crate::common::{Common, Failure, media};
use crate::contact_sheet;
use crate::pictures::Moment;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A row of a viewing log.
#[derive(Deserialize)]
struct Row {
    /// Nanoseconds of the recorder's clock.
    clock_ns: i64,
    /// The same in words, for a file that is not among the recordings.
    #[serde(default)]
    recorder_time: String,
    /// Which of the camera's runs that hold this time; `None` where it recorded nothing then.
    #[serde(default)]
    camera_pass: Option<u32>,
    #[serde(default)]
    camera: u16,
    #[serde(default)]
    file: PathBuf,
    #[serde(default)]
    note: String,
}

/// A bookmark, and what is shown of it.
pub struct Bookmark {
    pub shot: Shot,
    pub file: String,
    pub note: String,
    /// Why there is no picture.
    pub lack: Option<String>,
}

fn read(path: &Path) -> Result<Vec<Row>, Failure> {
    let wrong = |error: csv::Error| Failure::Input(format!("{}: {error}", path.display()));
    let mut table = csv::Reader::from_path(path).map_err(wrong)?;
    if !table
        .headers()
        .map_err(wrong)?
        .iter()
        .any(|name| name == "clock_ns")
    {
        return Err(Failure::Input(format!(
            "{}: is not a viewing log: expected a column clock_ns",
            path.display()
        )));
    }
    table.deserialize().collect::<Result<_, _>>().map_err(wrong)
}

/// The recording of a row: that of its path, else that of its name, as files are moved.
fn part_of<'a>(row: &Row, parts: &'a [Part]) -> Option<&'a Part> {
    let path = |part: &Part| part.facts.recording.input.path.clone();
    let same = |part: &&Part| match (path(part).canonicalize(), row.file.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    let named = |part: &&Part| path(part).file_name() == row.file.file_name();
    let mut all = parts.iter();
    all.find(same).or_else(|| parts.iter().find(named))
}

/// The bookmarks of some logs by time, with a picture of each that is of these recordings. `width`: of the pictures, `None` for none.
///
/// # Errors
/// A file that is not a viewing log.
pub fn bookmarks(
    common: &Common,
    logs: &[PathBuf],
    parts: &[Part],
    width: Option<u32>,
) -> Result<Vec<Bookmark>, Failure> {
    let mut rows = Vec::new();
    for path in logs {
        rows.extend(read(path)?);
    }
    rows.sort_by_key(|row| row.clock_ns);
    rows.into_iter()
        .map(|row| bookmark(common, row, parts, width))
        .collect()
}

fn bookmark(
    common: &Common,
    row: Row,
    parts: &[Part],
    width: Option<u32>,
) -> Result<Bookmark, Failure> {
    let part = part_of(&row, parts);
    let recording = part.map(|part| &part.facts.recording);
    let camera = recording.and_then(|recording| {
        let mut cameras = recording.contents.cameras.iter();
        cameras.find(|camera| camera.number == row.camera || row.camera == 0)
    });
    let mut shot = Shot {
        png: None,
        time: recording.map_or(row.recorder_time, |one| one.time(row.clock_ns)),
        run: camera.map_or_else(|| format!("camera {}", row.camera), |camera| camera.name()),
        coded: None,
    };
    let lack = match (recording, camera, row.camera_pass) {
        (None, ..) => Some("this file is not in the report".to_owned()),
        (_, None, _) | (.., None) => Some("this camera recorded nothing then".to_owned()),
        (Some(recording), Some(camera), Some(pass)) => {
            let moment = Moment::find(camera, row.clock_ns, pass);
            match (moment, width) {
                (Err(_), _) => Some("this camera recorded nothing then".to_owned()),
                (Ok(_), None) => None,
                (Ok(moment), Some(width)) => {
                    let found = media::init().and_then(|()| {
                        contact_sheet::look(common, recording, &[moment], width, &mut |_| ())
                    });
                    match found.map(|found| found.into_iter().flatten().next()) {
                        Ok(None) => Some("no picture could be got".to_owned()),
                        Ok(found) => {
                            shot = Shot::new(recording, &moment, found)?;
                            None
                        }
                        Err(failure) => Some(failure.to_string()),
                    }
                }
            }
        }
    };
    let name = row.file.file_name().unwrap_or_default();
    Ok(Bookmark {
        shot,
        file: name.to_string_lossy().into_owned(),
        note: row.note,
        lack,
    })
}
