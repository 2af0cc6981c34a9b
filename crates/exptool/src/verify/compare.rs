// SPDX-License-Identifier: MPL-2.0
//! Holds the frames of a recording or of a converted file against those of a manifest.

use super::{
    align::{self, Match, Rules},
    difference::{Difference, Place},
    join::{item, parts, picture_key},
    manifest::Manifest,
    rows::{Row, Table},
    sort::Sorter,
};
use crate::common::Failure;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Differences of a kind that are told one by one.
const MAX_TOLD: usize = 1000;

/// How a stream compares.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// What was compared.
    pub what: String,
    /// The recording that the manifest is of.
    pub manifest_of: String,
    /// SHA-256 of that recording.
    pub manifest_sha256: String,
    /// Of a recording: whether the whole file is that recording, byte for byte.
    pub same_file: Option<bool>,
    /// The only camera it was compared with.
    pub camera: Option<u16>,
    /// Pictures (and blocks of sound, in a recording) that are the same and in the same order.
    pub same: u64,
    /// See [`Difference::Changed`].
    pub changed: u64,
    /// See [`Difference::Missing`].
    pub missing: u64,
    /// See [`Difference::Moved`].
    pub moved: u64,
    /// See [`Difference::Repeated`].
    pub repeated: u64,
    /// See [`Difference::Foreign`].
    pub foreign: u64,
    /// More than there were: repeated and foreign ones.
    pub extra: u64,
    /// Frames whose record says something else than it did; `None` where the file has no records.
    pub says_differ: Option<u64>,
    /// The same for each thing it says.
    pub says_differ_in: BTreeMap<&'static str, u64>,
    /// The manifest holds what records say as it stands in the file; those of version 1 do not.
    pub says_complete: bool,
    /// Pictures without their reference that the file leaves out, as players do; no difference.
    pub orphans_left_out: u64,
    /// Frames before the file's first and behind its last, where only a part is asked for; no difference.
    pub outside_part: u64,
    /// So much is out of order that more is told to have moved than had to.
    pub order_coarse: bool,
    /// Up to a thousand of each kind.
    pub differences: Vec<Difference>,
    /// Others.
    pub differences_left_out: u64,
    /// Only a part was asked for.
    #[serde(skip)]
    pub part: bool,
}

/// How a comparison is to be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Only this camera's frames.
    pub camera: Option<u16>,
    /// The file was converted: it has pictures of one camera, and no records; pictures without their reference may be left out.
    pub converted: bool,
    /// Only a part is there.
    pub part: bool,
}

/// A comparison in the making.
pub struct Comparison<'a> {
    manifest: &'a Manifest,
    how: How,
    what: String,
    new: Table,
}

impl<'a> Comparison<'a> {
    /// Begins to compare with a manifest's frames.
    ///
    /// # Errors
    /// No temporary file can be made.
    pub fn new(manifest: &'a Manifest, what: &str, how: How) -> Result<Comparison<'a>, Failure> {
        Ok(Comparison {
            manifest,
            how,
            what: what.to_owned(),
            new: Table::new()?,
        })
    }

    /// Takes the next frame of the file.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn add(&mut self, row: &Row) -> Result<(), Failure> {
        let wanted = self
            .how
            .camera
            .is_none_or(|camera| camera == row.says.camera);
        if wanted || self.how.converted {
            self.new.push(row)?;
        }
        Ok(())
    }

    /// Frames so far.
    pub fn count(&self) -> u64 {
        u64::from(self.new.len())
    }

    /// All frames were there.
    ///
    /// # Errors
    /// A manifest that cannot be read, a disk that fails.
    pub fn finish(mut self) -> Result<Outcome, Failure> {
        self.new.flush()?;
        let how = self.how;
        let camera = match how.camera {
            None if how.converted => self.likely_camera()?,
            camera => camera,
        };
        let mut old = Table::new()?;
        let mut entries = self.manifest.entries()?;
        while let Some(row) = entries.next()? {
            let wanted = camera.is_none_or(|camera| camera == row.says.camera);
            if wanted && (row.video || !how.converted) {
                old.push(&row)?;
            }
        }
        old.flush()?;
        let records = !how.converted;
        let complete = self.manifest.holds_records();
        let mut tally = Tally {
            old: &old,
            new: &self.new,
            how,
            complete,
            told: BTreeMap::new(),
            outcome: Outcome {
                what: self.what,
                manifest_of: self.manifest.begin.file.clone(),
                manifest_sha256: entries.end.map(|end| end.file_sha256).unwrap_or_default(),
                camera,
                says_differ: records.then_some(0),
                says_complete: complete,
                part: how.part,
                ..Outcome::default()
            },
        };
        let rules = Rules {
            timestamps: records && complete,
            orphans_may_miss: how.converted,
        };
        let coarse = align::align(&old, &self.new, rules, &mut |found| tally.take(found))?;
        let mut outcome = tally.outcome;
        outcome.order_coarse = coarse && outcome.moved > 0;
        outcome.differences = tally.told.into_values().flatten().collect();
        outcome.differences.sort_by_key(Difference::rank);
        Ok(outcome)
    }

    /// The camera that has most of the file's pictures.
    fn likely_camera(&self) -> Result<Option<u16>, Failure> {
        const OLD: u8 = 0;
        const NEW: u8 = 1;
        let mut sorter = Sorter::new();
        let cameras = self.manifest.cameras()?;
        let first = cameras.first().copied();
        if cameras.len() < 2 {
            return Ok(first);
        }
        let mut entries = self.manifest.entries()?;
        while let Some(row) = entries.next()? {
            if row.video {
                sorter.push(item(picture_key(&row), OLD, u32::from(row.says.camera)))?;
            }
        }
        for n in 0..self.new.len() {
            sorter.push(item(picture_key(&self.new.get(n)?), NEW, n))?;
        }
        let mut sorted = sorter.finish()?;
        let mut votes: BTreeMap<u16, u64> = BTreeMap::new();
        let mut having = ([0; 16], BTreeSet::new());
        while let Some(item) = sorted.next()? {
            let (key, side, n) = parts(&item);
            if key != having.0 {
                having = (key, BTreeSet::new());
            }
            if side == OLD {
                having.1.extend(u16::try_from(n));
            } else {
                for camera in &having.1 {
                    let votes = votes.entry(*camera).or_default();
                    *votes = votes.saturating_add(1);
                }
            }
        }
        // of equal ones the first
        let most = votes.into_iter().rev().max_by_key(|(_, votes)| *votes);
        Ok(most.map(|(camera, _)| camera).or(first))
    }
}

/// Counts and remembers what is found.
struct Tally<'a> {
    old: &'a Table,
    new: &'a Table,
    how: How,
    complete: bool,
    /// By kind.
    told: BTreeMap<&'static str, Vec<Difference>>,
    outcome: Outcome,
}

impl Tally<'_> {
    fn take(&mut self, found: Match) -> Result<(), Failure> {
        match found {
            Match::Pair { old, new, moved } => {
                let (old, new) = (self.old.get(old)?, self.new.get(new)?);
                self.pair(&old, &new, moved);
            }
            Match::Missing { old, edge } => {
                let old = self.old.get(old)?;
                if edge && self.how.part {
                    self.outcome.outside_part += 1;
                } else if old.orphan && self.how.converted {
                    self.outcome.orphans_left_out += 1;
                } else {
                    self.outcome.missing += 1;
                    let place = place(&old);
                    self.tell("missing", || Difference::Missing { place });
                }
            }
            Match::Repeated { new, of } => {
                let (new, of) = (self.new.get(new)?, self.old.get(of)?.n);
                self.outcome.repeated += 1;
                self.outcome.extra += 1;
                let (at, time) = (new.n, new.time());
                self.tell("repeated", || Difference::Repeated { at, time, of });
            }
            Match::Foreign { new } => {
                let new = self.new.get(new)?;
                self.outcome.foreign += 1;
                self.outcome.extra += 1;
                let (at, time) = (new.n, new.time());
                self.tell("foreign", || Difference::Foreign { at, time });
            }
        }
        Ok(())
    }

    fn pair(&mut self, old: &Row, new: &Row, moved: bool) {
        let says = match self.how.converted {
            true => Vec::new(),
            false => old.says.differences(&new.says, self.complete),
        };
        for field in &says {
            let count = self.outcome.says_differ_in.entry(field.field).or_default();
            *count += 1;
        }
        if !says.is_empty()
            && let Some(count) = &mut self.outcome.says_differ
        {
            *count += 1;
        }
        let at = new.n;
        if old.sha256 != new.sha256 {
            self.outcome.changed += 1;
            let place = place(old);
            self.tell("changed", || Difference::Changed { place, at, says });
        } else if moved {
            self.outcome.moved += 1;
            let place = place(old);
            self.tell("moved", || Difference::Moved { place, at, says });
        } else {
            self.outcome.same += 1;
            if !says.is_empty() {
                let place = place(old);
                self.tell("says", || Difference::Says { place, at, says });
            }
        }
    }

    fn tell(&mut self, kind: &'static str, difference: impl FnOnce() -> Difference) {
        let told = self.told.entry(kind).or_default();
        if told.len() < MAX_TOLD {
            told.push(difference());
        } else {
            self.outcome.differences_left_out += 1;
        }
    }
}

fn place(row: &Row) -> Place {
    Place {
        frame: row.n,
        time: row.time(),
        camera: row.says.camera,
        offset: row.offset,
    }
}

impl Outcome {
    /// No frame differs, in its picture or in what its record says.
    pub fn same_frames(&self) -> bool {
        let pictures = self.changed + self.missing + self.moved + self.extra;
        pictures == 0 && self.same > 0 && self.says_differ.unwrap_or(0) == 0
    }

    /// No difference. A whole recording also has to be the same file, byte for byte.
    pub fn good(&self) -> bool {
        let partial = self.part || self.camera.is_some();
        self.same_frames() && (partial || self.same_file != Some(false))
    }
}
