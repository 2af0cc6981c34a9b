// SPDX-License-Identifier: MPL-2.0
//! What `exptool` does for the viewer: it is run as a program of its own, so that a saved file is the same whoever asked for it.

use super::{
    recording::{Place, Recording},
    words::tr,
};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Where `exptool` is: beside this program, else in the folders of `PATH`.
pub fn find() -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = beside.into_iter().chain(std::env::split_paths(&path));
    let mut programs = folders.map(|folder| folder.join("exptool"));
    programs.find(|program| program.is_file())
}

/// What is said where it is not installed.
pub fn missing() -> &'static str {
    tr(
        "This needs the program exptool, which is not installed: put it beside exp-viewer or into a folder of PATH",
    )
}

/// What a clip is exported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Copy,
    Court,
    Web,
    Edit,
    Archive,
}

impl Purpose {
    /// All, and what each is, for people.
    pub fn all() -> [(Purpose, &'static str); 5] {
        [
            (Purpose::Copy, tr("MP4 with the recorder's own frames")),
            (
                Purpose::Court,
                tr("For court: MP4 with clock and camera below the picture, statement and hash"),
            ),
            (Purpose::Web, tr("For browsers: MP4")),
            (
                Purpose::Edit,
                tr("For editing programs: ProRes in QuickTime"),
            ),
            (
                Purpose::Archive,
                tr("For the archive: Matroska with the recorder's own frames and a table of them"),
            ),
        ]
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Purpose::Copy => &["--to", "mp4"],
            Purpose::Court => &["--for", "court"],
            Purpose::Web => &["--for", "web"],
            Purpose::Edit => &["--for", "edit"],
            Purpose::Archive => &["--for", "archive"],
        }
    }
}

/// A time as `exptool` reads it, without loss: UTC with nanoseconds, or from the beginning where there is no clock.
pub fn time_argument(recording: &Recording, clock: i64) -> String {
    if !recording.has_clock() {
        return format!("+{:.9}", (clock - recording.first_clock()) as f64 / 1e9);
    }
    match jiff::Timestamp::from_nanosecond(i128::from(clock)) {
        Ok(time) => time.to_string(),
        Err(_) => recording.time_text(clock),
    }
}

/// `exptool snapshot` of one camera at a place.
pub fn snapshot(
    recording: &Recording,
    camera: u16,
    place: Place,
    output: &Path,
) -> Option<Vec<OsString>> {
    let part = recording.parts.get(place.part)?;
    let clock = recording.clock_at(place)?;
    let pass = recording.camera_pass(camera, place)?.to_string();
    let file = &part.input_of(camera)?.path;
    let camera = camera.to_string();
    let at = time_argument(recording, clock);
    let mut words: Vec<OsString> = vec!["snapshot".into(), file.into()];
    words.extend(
        [
            "--camera", &camera, "--at", &at, "--pass", &pass, "--force", "-o",
        ]
        .map(OsString::from),
    );
    words.push(output.into());
    Some(words)
}

/// A clip that is exported.
#[derive(Clone, Debug)]
pub struct Clip {
    pub purpose: Purpose,
    /// The only camera, or all.
    pub camera: Option<u16>,
    /// First and last moment, nanoseconds of the recorder's clock; all where there is none.
    pub range: Option<(i64, i64)>,
    /// Folder to write to.
    pub folder: PathBuf,
}

/// `exptool convert` of a clip.
pub fn convert(recording: &Recording, clip: &Clip) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["convert".into()];
    let inside = |part: &&super::recording::Part| {
        let (first, last) = part.contents.span.unwrap_or_default();
        clip.range
            .is_none_or(|(from, to)| from <= last && to >= first)
    };
    for part in recording.parts.iter().filter(inside) {
        let inputs = part.inputs.iter();
        let only = clip.camera.and_then(|camera| part.input_of(camera));
        let inputs = inputs.filter(|input| only.is_none_or(|only| only == *input));
        words.extend(inputs.map(|input| input.path.clone().into()));
    }
    words.extend(clip.purpose.arguments().iter().map(OsString::from));
    if let Some(camera) = clip.camera {
        words.extend(["--camera".into(), camera.to_string().into()]);
    }
    if let Some((from, to)) = clip.range {
        words.extend(["--from-time".into(), time_argument(recording, from).into()]);
        words.extend(["--to-time".into(), time_argument(recording, to).into()]);
    }
    words.extend(["-o".into(), clip.folder.clone().into()]);
    words
}
