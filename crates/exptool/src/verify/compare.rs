// SPDX-License-Identifier: MPL-2.0
//! Compares the frames of a recording or of a converted file with those of a manifest, and counts what differs.

use super::{
    manifest::Recording,
    matching::{Found, match_frames},
    rows::{FieldChange, Row, Rows, SEQUENCE},
};
use crate::common::Failure;
use serde::Serialize;
use std::{cell::Cell, collections::BTreeMap};

/// Differences of a kind that are listed one by one.
const MOST_LISTED: usize = 1000;

/// How a stream compares with a recording.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// What was compared: the frames of a recording, or a stream.
    pub what: String,
    /// The recording that the manifest describes.
    pub recording: String,
    /// SHA-256 of that recording.
    pub recording_sha256: String,
    /// Of a recording: the whole file is that recording, byte for byte.
    pub same_file: Option<bool>,
    /// The only camera it was compared with.
    pub camera: Option<u16>,
    /// How that camera was chosen: by `--camera`, by the file's `comment`, by its `frames`, or as the `only` one.
    pub camera_from: Option<&'static str>,
    /// Why coded frames cannot be compared; then nothing below counts.
    pub not_comparable: Option<String>,
    /// Frames (of a recording also audio frames) that are equal and in the same order.
    pub same: u64,
    /// Frames with other bytes in the place of the manifest's.
    pub changed: u64,
    /// Frames that are not in the file.
    pub missing: u64,
    /// Frames that are elsewhere among the others.
    pub moved: u64,
    /// Frames that the file has once more than the manifest.
    pub repeated: u64,
    /// Frames that the manifest does not have.
    pub foreign: u64,
    /// Frames whose record has another time, camera, mode, kind, codec or sequence number; `None` of a converted file.
    pub fields_differ: Option<u64>,
    /// The same for each of these fields.
    pub fields_differ_in: BTreeMap<&'static str, u64>,
    /// Frames without their reference that a converted file leaves out; no difference.
    pub orphans_left_out: u64,
    /// Frames before the file's first and after its last, with --part; no difference.
    pub outside_part: u64,
    /// So much is alike and out of order that more frames are listed as moved than had to move.
    pub order_coarse: bool,
    /// Up to 1,000 of each kind.
    pub differences: Vec<Difference>,
    /// Others.
    pub differences_left_out: u64,
    /// Only a part was asked for.
    #[serde(skip)]
    part: bool,
    /// How many of each kind are listed.
    #[serde(skip)]
    listed: BTreeMap<&'static str, usize>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `changed`, `missing`, `moved`, `repeated`, `foreign`, or `fields` where only the record differs.
    pub difference: &'static str,
    /// Number of the frame in the manifest; of a repeated one, of the first that is equal.
    pub frame: Option<u64>,
    /// Number of the frame in the file.
    pub at: Option<u64>,
    /// Its time: the manifest's, or the file's where the manifest lacks the frame.
    pub time: Option<String>,
    /// Its camera in the manifest.
    pub camera: Option<u16>,
    /// Offset in the recording of the manifest's frame.
    pub offset: Option<u64>,
    /// Fields of the record that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

impl Difference {
    fn new(difference: &'static str, old: Option<&Row>, new: Option<&Row>) -> Difference {
        let row = old.or(new);
        Difference {
            difference,
            frame: old.map(|row| row.n),
            at: new.map(|row| row.n),
            time: row.and_then(Row::time),
            camera: old.map(|row| row.camera),
            offset: old.map(|row| row.offset),
            fields: Vec::new(),
        }
    }

    /// What it is listed by: first what became of frames, last renumbered records; each in its order.
    fn rank(&self) -> (u8, Option<u64>) {
        let renumbered = || self.fields.iter().all(|field| field.field == SEQUENCE);
        match self.difference {
            "fields" if renumbered() => (2, self.frame),
            "fields" => (1, self.frame),
            "repeated" | "foreign" => (0, self.at),
            _ => (0, self.frame),
        }
    }
}

/// How a comparison is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Only this camera's frames.
    pub camera: Option<u16>,
    /// The file is not a recording: its frames have no records, and frames without their reference may be left out.
    pub converted: bool,
    /// Only a part is there.
    pub part: bool,
}

/// The keys of frames, in order.
///
/// # Errors
/// A disk that fails.
pub fn sorted_keys(rows: &Rows) -> Result<Vec<[u8; 16]>, Failure> {
    let mut keys = Vec::with_capacity(rows.len() as usize);
    for row in rows.iter() {
        keys.push(row?.key());
    }
    keys.sort_unstable();
    Ok(keys)
}

/// Compares a file's frames with those of a recording.
///
/// # Errors
/// A disk that fails or is full.
pub fn compare(
    what: &str,
    recording: &Recording,
    new: &Rows,
    how: How,
) -> Result<Outcome, Failure> {
    let of_camera = |row: &Row| how.camera.is_none_or(|camera| camera == row.camera);
    let left_out = Cell::new(0);
    let (mut old, mut new) = (recording.rows.clone(), new.clone());
    if how.converted {
        let there = sorted_keys(&new)?;
        old = old.filter(|row| {
            // conversion leaves out frames without their reference
            let wanted = row.is_video() && of_camera(row);
            let left = wanted && row.orphan && there.binary_search(&row.key()).is_err();
            left_out.update(|count| count + u64::from(left));
            wanted && !left
        })?;
    } else if how.camera.is_some() {
        old = old.filter(of_camera)?;
        new = new.filter(of_camera)?;
    }
    let mut outcome = Outcome {
        what: what.to_owned(),
        recording: recording.name.clone(),
        recording_sha256: recording.sha256.clone(),
        camera: how.camera,
        fields_differ: (!how.converted).then_some(0),
        orphans_left_out: left_out.get(),
        part: how.part,
        ..Outcome::default()
    };
    let matching = match_frames(&old, &new, !how.converted)?;
    for found in matching.iter() {
        outcome.count(&old, &new, how, found)?;
    }
    outcome.order_coarse = matching.coarse && outcome.moved > 0;
    outcome.differences.sort_by_key(Difference::rank);
    Ok(outcome)
}

impl Outcome {
    fn count(&mut self, old: &Rows, new: &Rows, how: How, found: Found) -> Result<(), Failure> {
        let difference = match found {
            Found::Pair {
                old: o,
                new: n,
                moved,
            } => {
                let (old, new) = (old.get(o)?, new.get(n)?);
                let fields = match how.converted {
                    true => Vec::new(),
                    false => old.changes(&new),
                };
                for change in &fields {
                    *self.fields_differ_in.entry(change.field).or_default() += 1;
                }
                if !fields.is_empty() {
                    self.fields_differ = self.fields_differ.map(|count| count + 1);
                }
                let (kind, count) = match (old.sha256 == new.sha256, moved) {
                    (false, _) => ("changed", &mut self.changed),
                    (true, true) => ("moved", &mut self.moved),
                    (true, false) => ("fields", &mut self.same),
                };
                *count += 1;
                if kind == "fields" && fields.is_empty() {
                    return Ok(());
                }
                Difference {
                    fields,
                    ..Difference::new(kind, Some(&old), Some(&new))
                }
            }
            Found::Missing { old: o, outside } => {
                let old = old.get(o)?;
                if outside && how.part {
                    self.outside_part += 1;
                    return Ok(());
                }
                self.missing += 1;
                Difference::new("missing", Some(&old), None)
            }
            Found::Repeated { new: n, of } => {
                self.repeated += 1;
                let new = new.get(n)?;
                Difference {
                    frame: Some(old.get(of)?.n),
                    ..Difference::new("repeated", None, Some(&new))
                }
            }
            Found::Foreign { new: n } => {
                self.foreign += 1;
                Difference::new("foreign", None, Some(&new.get(n)?))
            }
        };
        self.list(difference);
        Ok(())
    }

    fn list(&mut self, difference: Difference) {
        // of each kind, frames come in order
        let listed = self.listed.entry(difference.difference).or_default();
        if *listed < MOST_LISTED {
            *listed += 1;
            self.differences.push(difference);
        } else {
            self.differences_left_out += 1;
        }
    }

    /// No frame of the file is one of the manifest.
    pub fn has_nothing_equal(&self) -> bool {
        self.same + self.moved + self.repeated == 0
    }

    /// No frame differs, in its bytes or in its record.
    pub fn same_frames(&self) -> bool {
        let differ = self.changed + self.missing + self.moved + self.repeated + self.foreign;
        differ == 0 && self.same > 0 && self.fields_differ.unwrap_or(0) == 0
    }

    /// No difference. A whole recording also has to be the same file, byte for byte.
    pub fn good(&self) -> bool {
        let partial = self.part || self.camera.is_some();
        self.same_frames() && (partial || self.same_file != Some(false))
    }
}
