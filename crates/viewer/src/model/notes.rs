// SPDX-License-Identifier: MPL-2.0
//! Bookmarks with notes, and the viewing log that they make: a CSV file. It is kept in the user's data folder, never beside the
//! recording.

use super::recording::{Place, Recording};
use std::{
    io,
    path::{Path, PathBuf},
};

/// A moment that somebody marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// Nanoseconds of the recorder's clock.
    pub clock: i64,
    /// Which recording of a repeated hour.
    pub pass: u32,
    /// The camera that was looked at, 0 = all.
    pub camera: u16,
    pub note: String,
}

/// All bookmarks of a recording, by time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    pub bookmarks: Vec<Bookmark>,
}

const COLUMNS: [&str; 9] = [
    "recorder_time",
    "utc",
    "clock_ns",
    "pass",
    "camera",
    "title",
    "file",
    "note",
    "camera_pass",
];

impl Notes {
    /// Adds one; its number.
    pub fn add(&mut self, bookmark: Bookmark) -> usize {
        let key = |one: &Bookmark| (one.clock, one.pass);
        let at = self
            .bookmarks
            .partition_point(|one| key(one) <= key(&bookmark));
        self.bookmarks.insert(at, bookmark);
        at
    }

    /// Where they are, and the camera of each.
    pub fn places(&self, recording: &Recording) -> Vec<(Place, u16)> {
        let all = self.bookmarks.iter();
        all.filter_map(|one| {
            let (place, _) = recording.place_of(one.clock, one.pass)?;
            Some((place, one.camera))
        })
        .collect()
    }

    /// Their times.
    pub fn clocks(&self) -> Vec<i64> {
        self.bookmarks.iter().map(|one| one.clock).collect()
    }

    /// The viewing log.
    ///
    /// # Errors
    /// Whatever the writer fails with.
    pub fn write(&self, recording: &Recording, out: impl io::Write) -> csv::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        table.write_record(COLUMNS)?;
        for one in &self.bookmarks {
            let place = recording.place_of(one.clock, one.pass);
            let place = place.map(|(place, _)| place);
            let part = place.and_then(|Place { part, .. }| recording.parts.get(part));
            let input = part.and_then(|part| part.input_of(one.camera));
            let file = input.map(|input| input.path.display().to_string());
            // which of this camera's runs with that time, for exptool
            let pass = place.and_then(|place| recording.camera_pass(one.camera, place));
            let utc = match recording.has_clock() {
                true => recording.zone().format_utc(one.clock),
                false => String::new(),
            };
            table.write_record([
                recording.time_text(one.clock),
                utc,
                one.clock.to_string(),
                one.pass.to_string(),
                one.camera.to_string(),
                recording.title_of(one.camera).to_owned(),
                file.unwrap_or_default(),
                one.note.clone(),
                pass.map(|pass| pass.to_string()).unwrap_or_default(),
            ])?;
        }
        table.flush()?;
        Ok(())
    }

    /// Reads a viewing log.
    ///
    /// # Errors
    /// A file that cannot be read, or is not a viewing log.
    pub fn read(input: impl io::Read) -> csv::Result<Notes> {
        let mut notes = Notes::default();
        for row in csv::Reader::from_reader(input).records() {
            let row = row?;
            let number = |column: usize| row.get(column).and_then(|text| text.parse::<i64>().ok());
            let Some(clock) = number(2) else {
                continue;
            };
            notes.add(Bookmark {
                clock,
                pass: number(3)
                    .and_then(|pass| u32::try_from(pass).ok())
                    .unwrap_or(0),
                camera: number(4)
                    .and_then(|one| u16::try_from(one).ok())
                    .unwrap_or(0),
                note: row.get(7).unwrap_or_default().to_owned(),
            });
        }
        Ok(notes)
    }

    /// The log of a recording in a folder of logs, or none.
    pub fn load(folder: &Path, recording: &Recording) -> Notes {
        let file = Notes::file(folder, recording).and_then(|path| std::fs::File::open(path).ok());
        file.and_then(|file| Notes::read(file).ok())
            .unwrap_or_default()
    }

    /// Keeps it there.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn save(&self, folder: &Path, recording: &Recording) -> io::Result<()> {
        let Some(path) = Notes::file(folder, recording) else {
            return Ok(());
        };
        if self.bookmarks.is_empty() && !path.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(folder)?;
        let mut bytes = Vec::new();
        self.write(recording, &mut bytes)
            .map_err(io::Error::other)?;
        super::state::replace(&path, &bytes)
    }

    /// Where the log of a recording is kept: its name has path and size of the first file in it.
    pub fn file(folder: &Path, recording: &Recording) -> Option<PathBuf> {
        let input = recording.inputs().next()?;
        let path = input.path.canonicalize().unwrap_or(input.path.clone());
        let name = format!("{}:{}", path.display(), input.size);
        // FNV-1a: the same with every version of the program
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Some(folder.join(format!("{stem}-{hash:016x}.csv")))
    }
}
