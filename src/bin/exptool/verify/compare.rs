// SPDX-License-Identifier: MPL-2.0
//! Holds pictures against those of a manifest, both in their order, with bounded memory.

use super::manifest::{Entries, Entry, Manifest};
use crate::common::Failure;
use serde::Serialize;
use std::{
    collections::{HashMap, VecDeque},
    fmt::Write,
};

/// Pictures on each side among which an agreement is looked for after a difference.
const WINDOW: usize = 512;
/// Differences that are told one by one.
const MAX_TOLD: usize = 1000;
/// Differences that are shown to people.
const SHOWN: usize = 20;

/// A picture of the file that is compared.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Number in its stream or file, from 0.
    pub n: u64,
    /// SHA-256 of the coded picture, in hexadecimal digits.
    pub sha256: String,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "kebab-case")]
pub enum Difference {
    /// Another picture stands in its place.
    Changed {
        /// Number in the manifest.
        frame: u64,
        /// Its time.
        time: Option<String>,
        /// Its offset in the recording.
        offset: u64,
        /// Number in the file.
        at: u64,
    },
    /// It is not there.
    Missing {
        /// Number in the manifest.
        frame: u64,
        /// Its time.
        time: Option<String>,
        /// Its offset in the recording.
        offset: u64,
    },
    /// A picture that the manifest does not have.
    Extra {
        /// Number in the file.
        at: u64,
    },
}

/// How a stream compares.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// What was compared.
    pub what: String,
    /// The recording that the manifest is of.
    pub manifest_of: String,
    /// SHA-256 of that recording.
    pub manifest_sha256: String,
    /// The only camera it was compared with.
    pub camera: Option<u16>,
    /// Pictures that are the same.
    pub same: u64,
    /// Others.
    pub changed: u64,
    /// See [`Difference::Missing`].
    pub missing: u64,
    /// See [`Difference::Extra`].
    pub extra: u64,
    /// Pictures without their reference that the file leaves out, as players do; no difference.
    pub orphans_left_out: u64,
    /// Pictures before the file's first and after its last, where only a part is asked for; no difference.
    pub outside_part: u64,
    /// The first 1,000.
    pub differences: Vec<Difference>,
}

/// A comparison in the making.
pub struct Comparison {
    entries: Entries,
    /// Looks for the first picture of a part, before any is compared.
    scout: Option<Entries>,
    camera: Option<u16>,
    only_video: bool,
    orphans_may_miss: bool,
    part: bool,
    old: VecDeque<Entry>,
    old_ended: bool,
    new: VecDeque<Picture>,
    outcome: Outcome,
    /// Missing pictures since the last that was there: of a part, the last ones lie outside. The first of them, and their number.
    pending: Vec<Entry>,
    pending_count: u64,
}

/// How a comparison is to be done.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Only this camera's frames.
    pub camera: Option<u16>,
    /// Only pictures.
    pub only_video: bool,
    /// Pictures without their reference may be left out.
    pub orphans_may_miss: bool,
    /// Only a part is there.
    pub part: bool,
}

impl Comparison {
    /// Begins to compare with a manifest's frames.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn new(manifest: &Manifest, what: &str, how: How) -> Result<Comparison, Failure> {
        Ok(Comparison {
            entries: manifest.entries()?,
            scout: if how.part {
                Some(manifest.entries()?)
            } else {
                None
            },
            camera: how.camera,
            only_video: how.only_video,
            orphans_may_miss: how.orphans_may_miss,
            part: how.part,
            old: VecDeque::new(),
            old_ended: false,
            new: VecDeque::new(),
            outcome: Outcome {
                what: what.to_owned(),
                manifest_of: manifest.begin.file.clone(),
                camera: how.camera,
                ..Outcome::default()
            },
            pending: Vec::new(),
            pending_count: 0,
        })
    }

    /// Takes the next picture of the file.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn add(&mut self, picture: Picture) -> Result<(), Failure> {
        if let Some(scout) = self.scout.take() {
            self.go_to(scout, &picture.sha256)?;
        }
        self.new.push_back(picture);
        self.settle(false)
    }

    /// All pictures were there.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn finish(mut self) -> Result<Outcome, Failure> {
        self.settle(true)?;
        while let Some(picture) = self.new.pop_front() {
            self.extra(&picture);
        }
        loop {
            while let Some(entry) = self.old.pop_front() {
                self.miss(entry);
            }
            self.fill(1)?;
            if self.old.is_empty() {
                break;
            }
        }
        if self.part {
            self.outcome.outside_part += self.pending_count;
            self.pending_count = 0;
            self.pending.clear();
        }
        self.end_pending();
        if let Some(end) = self.entries.end {
            self.outcome.manifest_sha256 = end.file_sha256;
        }
        Ok(self.outcome)
    }

    fn wanted(&self, entry: &Entry) -> bool {
        let other = self.camera.is_some_and(|camera| camera != entry.camera);
        !other && (entry.video || !self.only_video)
    }

    /// Passes over what lies before a part, whose first picture this is. Where the manifest has no such picture, over nothing.
    fn go_to(&mut self, mut scout: Entries, first: &str) -> Result<(), Failure> {
        let mut before = 0;
        loop {
            match scout.next()? {
                None => return Ok(()),
                Some(entry) if !self.wanted(&entry) => {}
                Some(entry) if entry.sha256 == first => break,
                Some(_) => before += 1,
            }
        }
        self.outcome.outside_part = before;
        for _ in 0..before {
            self.fill(1)?;
            self.old.pop_front();
        }
        Ok(())
    }

    /// Reads on in the manifest until `count` frames are there.
    fn fill(&mut self, count: usize) -> Result<(), Failure> {
        while self.old.len() < count && !self.old_ended {
            match self.entries.next()? {
                None => self.old_ended = true,
                Some(entry) => {
                    if self.wanted(&entry) {
                        self.old.push_back(entry);
                    }
                }
            }
        }
        Ok(())
    }

    /// Compares while it is sure what belongs together. `all`: no more pictures come.
    fn settle(&mut self, all: bool) -> Result<(), Failure> {
        loop {
            self.fill(1)?;
            let (Some(old), Some(new)) = (self.old.front(), self.new.front()) else {
                return Ok(());
            };
            if old.sha256 == new.sha256 {
                self.old.pop_front();
                self.new.pop_front();
                self.end_pending();
                self.outcome.same += 1;
                continue;
            }
            if !all && self.new.len() < WINDOW {
                return Ok(());
            }
            self.fill(WINDOW)?;
            self.differ();
        }
    }

    /// The pictures in front differ: goes on where both sides agree again, by the shortest way.
    fn differ(&mut self) {
        let (skip_old, skip_new) = self.meeting();
        let both = skip_old.min(skip_new);
        for n in 0..skip_old.max(skip_new) {
            let old = (n < skip_old).then(|| self.old.pop_front()).flatten();
            let new = (n < skip_new).then(|| self.new.pop_front()).flatten();
            match (old, new) {
                (Some(old), Some(new)) if n < both => {
                    self.end_pending();
                    self.outcome.changed += 1;
                    self.tell(Difference::Changed {
                        frame: old.n,
                        time: old.time,
                        offset: old.offset,
                        at: new.n,
                    });
                }
                (old, new) => {
                    if let Some(old) = old {
                        self.miss(old);
                    }
                    if let Some(new) = new {
                        self.extra(&new);
                    }
                }
            }
        }
    }

    /// How many to pass over on each side until both agree.
    fn meeting(&self) -> (usize, usize) {
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (n, entry) in self.old.iter().take(WINDOW).enumerate() {
            places.entry(&entry.sha256).or_insert(n);
        }
        let meetings = self
            .new
            .iter()
            .take(WINDOW)
            .enumerate()
            .filter_map(|(n, picture)| Some((*places.get(picture.sha256.as_str())?, n)));
        meetings
            .min_by_key(|(old, new)| (*old.max(new), old + new))
            // nothing agrees: all but the pair in front stays for later
            .unwrap_or((1, 1))
    }

    fn miss(&mut self, entry: Entry) {
        if entry.orphan && self.orphans_may_miss {
            self.outcome.orphans_left_out += 1;
            return;
        }
        self.pending_count += 1;
        if self.pending.len() < MAX_TOLD {
            self.pending.push(entry);
        }
    }

    /// A picture stands behind the missing ones: they are missing indeed.
    fn end_pending(&mut self) {
        self.outcome.missing += self.pending_count;
        self.pending_count = 0;
        for entry in std::mem::take(&mut self.pending) {
            self.tell(Difference::Missing {
                frame: entry.n,
                time: entry.time,
                offset: entry.offset,
            });
        }
    }

    fn extra(&mut self, picture: &Picture) {
        self.outcome.extra += 1;
        self.tell(Difference::Extra { at: picture.n });
    }

    fn tell(&mut self, difference: Difference) {
        if self.outcome.differences.len() < MAX_TOLD {
            self.outcome.differences.push(difference);
        }
    }
}

impl Outcome {
    /// No difference.
    pub fn good(&self) -> bool {
        self.changed == 0 && self.missing == 0 && self.extra == 0 && self.same > 0
    }

    /// For people.
    pub fn text(&self, out: &mut String) {
        let camera = match self.camera {
            Some(camera) => format!(", camera {camera}"),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "  compared   {} against {}{camera}: {} the same, {} changed, {} missing, {} more than there were",
            self.what, self.manifest_of, self.same, self.changed, self.missing, self.extra
        );
        if self.orphans_left_out > 0 {
            let _ = writeln!(
                out,
                "             {} pictures without their reference were left out, as players do",
                self.orphans_left_out
            );
        }
        if self.outside_part > 0 {
            let _ = writeln!(
                out,
                "             {} pictures lie outside the part that is there",
                self.outside_part
            );
        }
        for difference in self.differences.iter().take(SHOWN) {
            let _ = writeln!(out, "    {difference}");
        }
        if self.differences.len() > SHOWN {
            let _ = writeln!(out, "    … (--json lists {})", self.differences.len());
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |time: &Option<String>| match time {
            Some(time) => format!(" of {time}"),
            None => String::new(),
        };
        match self {
            Difference::Changed {
                frame,
                time,
                offset,
                at,
            } => write!(
                f,
                "frame {frame}{} (offset {offset}) differs; it is number {at} here",
                of(time)
            ),
            Difference::Missing {
                frame,
                time,
                offset,
            } => write!(f, "frame {frame}{} (offset {offset}) is missing", of(time)),
            Difference::Extra { at } => write!(f, "number {at} here is none of the recording"),
        }
    }
}
