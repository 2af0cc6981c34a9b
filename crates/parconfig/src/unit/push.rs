// SPDX-License-Identifier: MPL-2.0
//! Brings the edits of a set to its unit, so that every file of the unit is the old or the new one at any time.
//!
//! 1. The unit's files are read and compared with the manifest; anything else than what was fetched is refused.
//! 2. What the unit has is kept in `previous`, and what is about to be done is written to `.parconfig/push`.
//! 3. Each changed file is written to a temporary name on the unit and read back.
//! 4. Each is renamed over the old one and read back.
//! 5. The base of the set becomes what the unit has now, and `.parconfig/push` goes.
//!
//! Interrupted anywhere, [`Push::open`] finds `.parconfig/push`, asks the unit which files are old and which are new, and
//! continues from there, forward or back.

use super::ftp::{FtpOptions, FtpUrl, Session};
use super::set::{UnitSet, lock, read_json, sha256, write_json, write_tree};
use crate::error::{Error, Result};
use crate::files::{self, Contents, read_tree};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;

/// A file of a push.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Planned {
    name: String,
    /// SHA-256 before and after.
    old: String,
    new: String,
}

/// A push that has begun, as it is written to the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    /// Where the old files are kept, below `previous`.
    previous: String,
    /// The old files are wanted back.
    back: bool,
    /// Files are overwritten in place: one of them may be half-written.
    in_place: bool,
    files: Vec<Planned>,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The edits made in the set.
    Edits,
    /// What the unit had before a push: the last one, or the one kept under this name.
    Previous(Option<String>),
}

/// State of a file on the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// As before the push.
    Old,
    /// As after it.
    New,
    /// Neither.
    Other,
}

/// A push to one unit.
pub struct Push {
    set: UnitSet,
    _lock: File,
    session: Session,
    url: FtpUrl,
    record: Record,
    /// The record is on the disk.
    begun: bool,
    /// Temporary files of this push may be left on the unit.
    has_leftovers: bool,
    /// Old and new bytes of the files that change.
    old: Contents,
    new: Contents,
    /// What the unit has now, of all files.
    unit: Contents,
    event: &'static str,
}

/// Name on the unit of a file until it is whole: in the same folder, 8.3, and recognisable.
fn temporary_name(name: &str, hash: &str) -> String {
    let folder = name.rfind('/').and_then(|at| name.get(..=at)).unwrap_or("");
    format!("{folder}pc{}.tmp", hash.get(..6).unwrap_or("000000"))
}

impl Push {
    /// Reads the set and the unit. `None` where there is nothing to do.
    ///
    /// # Errors
    /// A set that cannot be pushed, or a unit whose files are not what was fetched; [`Error::Net`].
    pub fn open(
        folder: &Path,
        url: &FtpUrl,
        options: &FtpOptions,
        wanted: &Wanted,
        in_place: bool,
    ) -> Result<Option<Push>> {
        let set = UnitSet::open(folder)?;
        let lock = lock(folder)?;
        let base = set.base()?;
        let begun = set.has_pending_push();
        let (mut record, old, new) = match begun {
            true => {
                let record: Record = read_json(&set.state("push/push.json"))?;
                let new = read_tree(&set.state("push/files"))?;
                let mut old = set.read_previous(&record.previous)?;
                old.retain(|name, _| new.contains_key(name));
                (record, old, new)
            }
            false => {
                let (old, new) = plan(&set, &base, wanted)?;
                if new.is_empty() {
                    return Ok(None);
                }
                let file = |(name, bytes): (&String, &Vec<u8>)| Planned {
                    name: name.clone(),
                    old: sha256(old.get(name).map_or(&[], Vec::as_slice)),
                    new: sha256(bytes),
                };
                let record = Record {
                    previous: String::new(),
                    back: false,
                    in_place,
                    files: new.iter().map(file).collect(),
                };
                (record, old, new)
            }
        };
        if begun && matches!(wanted, Wanted::Previous(None)) {
            record.back = true;
        }
        let event = match wanted {
            Wanted::Edits if record.back => "taken back",
            Wanted::Edits => "pushed",
            Wanted::Previous(_) => "restored",
        };
        let mut push = Push {
            session: Session::connect(url, options)?,
            set,
            _lock: lock,
            url: url.clone(),
            record,
            begun,
            has_leftovers: begun,
            old,
            new,
            unit: Contents::new(),
            event,
        };
        push.compare(&base)?;
        Ok(Some(push))
    }

    /// Reads the unit's files and refuses those that are not as expected.
    fn compare(&mut self, base: &Contents) -> Result<()> {
        let mut wrong = Vec::new();
        for name in base.keys() {
            let bytes = self.session.read(name)?;
            let planned = self.record.files.iter().find(|file| file.name == *name);
            let state = planned.map(|file| state_of(file, &bytes));
            let expected = match state {
                Some(FileState::Old) => true,
                Some(FileState::New) => self.begun,
                Some(FileState::Other) => self.begun && self.record.in_place,
                None => Some(&bytes) == base.get(name),
            };
            if !expected {
                wrong.push(name.clone());
            }
            self.unit.insert(name.clone(), bytes);
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let message = format!(
            "changed on the unit since it was fetched: {}; nothing was written. Fetch into another folder and compare",
            wrong.join(", ")
        );
        Err(Error::refuse(&self.url, message))
    }

    /// The URL of the unit.
    pub fn url(&self) -> &FtpUrl {
        &self.url
    }

    /// An earlier push had begun, and this one finishes it or takes it back.
    pub fn is_resumed(&self) -> bool {
        self.begun
    }

    /// The bytes that the unit will have at the end.
    fn target(&self) -> &Contents {
        if self.record.back {
            &self.old
        } else {
            &self.new
        }
    }

    /// The files that change: name, what the unit has now, what it will have.
    pub fn changes(&self) -> Vec<(&str, &[u8], &[u8])> {
        let all = self.target().iter().filter_map(|(name, new)| {
            let now = self.unit.get(name)?;
            (now != new).then_some((name.as_str(), now.as_slice(), new.as_slice()))
        });
        all.collect()
    }

    /// The state of each file on the unit, as far as is known.
    pub fn states(&self) -> Vec<(String, FileState)> {
        let state = |file: &Planned| {
            Some((
                file.name.clone(),
                state_of(file, self.unit.get(&file.name)?),
            ))
        };
        self.record.files.iter().filter_map(state).collect()
    }

    /// Keeps what the unit has, writes down what is about to be done, and brings the new files to the unit under temporary
    /// names. No file of the unit changes.
    ///
    /// # Errors
    /// [`Error::Net`], [`Error::Io`]. [`Push::undo`] removes what was brought.
    pub fn stage(&mut self) -> Result<()> {
        if !self.begun {
            self.record.previous = self.set.keep()?;
            let folder = self.set.state("push");
            write_tree(&folder, &self.new, "push.json", &self.record)?;
            self.begun = true;
            self.set.journal("push started", self.new.keys(), None)?;
        } else {
            write_json(&self.set.state("push/push.json"), &self.record)?;
        }
        if self.record.in_place {
            return Ok(());
        }
        for (name, new) in self.remaining() {
            self.bring(&name, &new)?;
        }
        Ok(())
    }

    fn remaining(&self) -> Vec<(String, Vec<u8>)> {
        let changes = self.changes().into_iter();
        changes
            .map(|(name, _, new)| (name.to_owned(), new.to_vec()))
            .collect()
    }

    /// Writes a file under its temporary name and reads it back.
    fn bring(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let temporary = temporary_name(name, &sha256(bytes));
        self.session.upload(&temporary, bytes)?;
        self.read_back(&temporary, bytes)
    }

    fn read_back(&mut self, name: &str, expected: &[u8]) -> Result<()> {
        let got = self.session.read(name)?;
        if got == expected {
            return Ok(());
        }
        let (got, expected) = (got.len(), expected.len());
        let message = format!("reads back as {got} bytes, {expected} were written");
        Err(Error::Net(format!("{}{name}: {message}", self.url)))
    }

    /// Renames the new files over the old ones, reads each back, and makes them the base of the set.
    ///
    /// # Errors
    /// [`Error::Net`], [`Error::Io`]; [`Push::states`] then names old and new files.
    pub fn commit(&mut self) -> Result<()> {
        self.session.ensure()?;
        for (name, bytes) in self.remaining() {
            let hash = sha256(&bytes);
            let temporary = temporary_name(&name, &hash);
            if self.record.in_place {
                self.session.upload(&name, &bytes)?;
            } else if let Err(error) = self.session.rename(&temporary, &name) {
                // The answer may have been lost after the server had renamed it.
                self.session.ensure()?;
                if self.session.read(&name)? != bytes {
                    let advice = "if the server never renames over a file, use --in-place";
                    return Err(Error::Net(format!("{error}; {advice}")));
                }
            }
            self.read_back(&name, &bytes)?;
            self.set.journal("file written", [&name], Some(&hash))?;
            self.unit.insert(name, bytes);
        }
        self.finish(self.event)
    }

    /// Takes everything back: old files return to their names, temporary ones are deleted.
    ///
    /// # Errors
    /// [`Error::Net`], [`Error::Io`]; `parconfig restore` can be tried again later.
    pub fn undo(&mut self) -> Result<()> {
        if !self.begun {
            return Ok(());
        }
        self.record.back = true;
        self.has_leftovers = true;
        write_json(&self.set.state("push/push.json"), &self.record)?;
        if !self.record.in_place {
            for (name, old) in self.remaining() {
                self.bring(&name, &old)?;
            }
        }
        self.event = "taken back";
        self.commit()
    }

    fn finish(&mut self, event: &str) -> Result<()> {
        if self.has_leftovers {
            self.session.ensure()?;
            for file in &self.record.files {
                for hash in [&file.old, &file.new] {
                    let _ = self.session.delete(&temporary_name(&file.name, hash));
                }
            }
        }
        let restores = self.record.back || event == "restored";
        if restores && event != "taken back" {
            // The edits that are taken back are kept with the push they came with.
            for (name, bytes) in self.target() {
                files::write(&self.set.folder.join(name), bytes)?;
            }
        }
        self.set.replace(&self.unit)?;
        self.set.journal(event, self.new.keys(), None)?;
        files::step();
        files::remove_folder(&self.set.state("push"))?;
        files::step();
        Ok(())
    }
}

fn state_of(file: &Planned, bytes: &[u8]) -> FileState {
    match sha256(bytes) {
        hash if hash == file.new => FileState::New,
        hash if hash == file.old => FileState::Old,
        _ => FileState::Other,
    }
}

/// Old and new bytes of the files that are to change.
fn plan(set: &UnitSet, base: &Contents, wanted: &Wanted) -> Result<(Contents, Contents)> {
    let mut old = Contents::new();
    let mut new = Contents::new();
    match wanted {
        Wanted::Edits => {
            for change in set.changes()? {
                old.insert(change.name.clone(), change.old);
                new.insert(change.name, change.new);
            }
        }
        Wanted::Previous(name) => {
            let kept = set.previous();
            if kept.is_empty() {
                return set.refuse("there was no push to take back");
            }
            if let Some(name) = name.as_ref().filter(|name| !kept.contains(name)) {
                return set.refuse(format!(
                    "nothing is kept as {name}; kept: {}",
                    kept.join(", ")
                ));
            }
            if let Some(change) = set.changes()?.first() {
                return set.refuse(format!(
                    "{} has edits that were not pushed; push or undo them first",
                    change.name
                ));
            }
            // Without a name the last set that is another one: a push that was interrupted early kept what is there now.
            let names = kept
                .iter()
                .rev()
                .filter(|kept| name.as_ref().is_none_or(|name| name == *kept));
            for name in names {
                for (name, bytes) in set.read_previous(name)? {
                    if let Some(now) = base.get(&name).filter(|now| **now != bytes) {
                        old.insert(name.clone(), now.clone());
                        new.insert(name, bytes);
                    }
                }
                if !new.is_empty() {
                    break;
                }
            }
        }
    }
    Ok((old, new))
}

/// What a unit has, compared with its set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files that are not as the manifest has them.
    pub different: Vec<String>,
    /// The files of a push that has not ended, and which of them are on the unit.
    pub pending: Vec<(String, FileState)>,
}

/// Compares a unit with its set.
///
/// # Errors
/// [`Error::Net`], [`Error::Io`]; a folder that is not a set.
pub fn verify(folder: &Path, url: &FtpUrl, options: &FtpOptions) -> Result<Verified> {
    let set = UnitSet::open(folder)?;
    let planned = match set.has_pending_push() {
        true => read_json::<Record>(&set.state("push/push.json"))?.files,
        false => Vec::new(),
    };
    let mut session = Session::connect(url, options)?;
    let mut verified = Verified::default();
    for (name, record) in &set.manifest.files {
        let bytes = session.read(name)?;
        if let Some(file) = planned.iter().find(|file| file.name == *name) {
            let state = state_of(file, &bytes);
            verified.pending.push((name.clone(), state));
        } else if sha256(&bytes) != record.sha256 {
            verified.different.push(name.clone());
        }
    }
    Ok(verified)
}
