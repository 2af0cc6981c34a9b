// SPDX-License-Identifier: MPL-2.0
//! A fetched set: the files of one unit in a folder, to be edited there, with what the unit had in `.parconfig` beside them.
//!
//! ```text
//! north/inputs.ini …            the files; edit them
//! north/.parconfig/manifest.json   where they came from; size, time and SHA-256 of each as the unit has it
//! north/.parconfig/base/           the files as the unit has them
//! north/.parconfig/previous/TIME/  what the unit had before each push
//! north/.parconfig/push/           a push that has begun and not ended
//! north/.parconfig/partial/        what a fetch has read that has begun and not ended
//! north/.parconfig/journal.jsonl   what was done and when
//! ```
//!
//! Whatever replaces the set as a whole is first written beside it and renamed to `.parconfig/incoming`; from then on it is
//! installed, by this call or by the next one that opens the set.

use super::ftp::{FtpOptions, FtpUrl, Remote, Session};
use crate::error::{Error, Result};
use crate::files::{self, Contents, MAX_FILE, read_tree};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Folder of the state inside a set.
pub const STATE: &str = ".parconfig";
/// Most bytes of the list of files that a fetch has read: two short lines for each.
const MAX_LIST: usize = 4 << 20;

/// What is known of a file on the unit.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct FileRecord {
    /// Bytes.
    pub size: u64,
    /// Time of the last change as the server reported it, RFC 3339.
    pub modified: Option<String>,
    /// SHA-256 of the bytes in hexadecimal.
    pub sha256: String,
}

/// Where a set came from and what the unit has.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Manifest {
    /// Version of this form: 1.
    pub parconfig: u32,
    /// URL of the folder on the unit.
    pub url: String,
    /// User it was fetched with.
    pub user: String,
    /// When it was fetched or pushed, RFC 3339.
    pub time: String,
    /// The files.
    pub files: BTreeMap<String, FileRecord>,
}

impl FileRecord {
    fn new(bytes: &[u8], modified: Option<String>) -> FileRecord {
        FileRecord {
            size: bytes.len() as u64,
            modified,
            sha256: sha256(bytes),
        }
    }

    /// The unit's listing shows the file that this was. Times that are not exact show nothing.
    fn is_still(&self, remote: &Remote) -> bool {
        let is_known = remote.is_exact && self.modified.is_some();
        is_known && (self.size, &self.modified) == (remote.size, &remote.modified)
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The time now, RFC 3339 with milliseconds.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| Error::Refused(error.to_string()))?;
    Ok(format!("{text}\n").into_bytes())
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = files::read(path, MAX_FILE)?;
    serde_json::from_slice(&bytes).map_err(|error| Error::refuse(path.display(), error))
}

pub(super) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    files::write(path, &json(value)?)
}

/// A name of a manifest or of a file in a set that stays inside the set.
fn inside(name: &str) -> Result<&Path> {
    let path = Path::new(name);
    let is_plain = |part| matches!(part, std::path::Component::Normal(_));
    if path.components().all(is_plain) && !name.is_empty() && !name.starts_with(STATE) {
        return Ok(path);
    }
    Err(Error::refuse(name, "the name leads out of the set"))
}

/// Writes files and a JSON text into a folder that appears as a whole under its name.
pub(super) fn write_tree<T: Serialize>(
    target: &Path,
    contents: &Contents,
    name: &str,
    value: &T,
) -> Result<()> {
    let beside = files::parent(target);
    files::create_folder(beside)?;
    let fail = |source| Error::io(target.display(), source);
    let mut staging = tempfile::Builder::new();
    let staging = staging.prefix(files::PREFIX).tempdir_in(beside);
    let staging = staging.map_err(fail)?;
    let _guard = files::Temporary::new(staging.path());
    let inner = staging.path().join("files");
    files::create_folder(&inner)?;
    contents
        .keys()
        .try_for_each(|file| inside(file).map(drop))?;
    files::write_all(&inner, contents)?;
    write_json(&staging.path().join(name), value)?;
    // What an installation that was interrupted at its end left there.
    files::remove_folder(target)?;
    files::step();
    fs::rename(staging.path(), target).map_err(fail)?;
    files::step();
    // It has another name now.
    let _ = staging.keep();
    files::sync_folder(beside).map_err(fail)
}

/// Keeps other processes from changing a set until the answer is dropped, and removes what one that was killed left behind.
///
/// # Errors
/// [`Error::Io`]; at once where another process holds it.
pub(super) fn lock(folder: &Path) -> Result<File> {
    let state = folder.join(STATE);
    files::create_folder(&state)?;
    let path = state.join("lock");
    let file = File::create(&path).map_err(|source| Error::io(path.display(), source))?;
    if file.try_lock().is_err() {
        let message = "another process is working on this set";
        return Err(Error::refuse(folder.display(), message));
    }
    for folder in [folder, &state] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(files::PREFIX) {
                let path = entry.path();
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            }
        }
    }
    Ok(file)
}

/// A set in a folder.
#[derive(Clone, Debug)]
pub struct UnitSet {
    /// The folder.
    pub folder: PathBuf,
    /// What the unit has.
    pub manifest: Manifest,
}

/// One thing that was done to a unit.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct JournalEntry {
    /// When, RFC 3339.
    pub time: String,
    /// URL of the folder on the unit.
    pub url: String,
    /// What, such as `fetched` or `pushed`.
    pub event: String,
    /// The files it was done to; of a fetch those that changed.
    pub files: Vec<String>,
    /// SHA-256 of the one file that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A file whose bytes here are not the unit's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Name of the file.
    pub name: String,
    /// Bytes on the unit.
    pub old: Vec<u8>,
    /// Bytes here.
    pub new: Vec<u8>,
}

impl UnitSet {
    /// Whether a folder is a fetched set.
    pub fn is_set(folder: &Path) -> bool {
        let state = folder.join(STATE);
        state.join("manifest.json").exists() || state.join("incoming/manifest.json").exists()
    }

    /// Opens a set and finishes an installation that was interrupted.
    ///
    /// # Errors
    /// [`Error::Io`]; a folder that is not a set.
    pub fn open(folder: &Path) -> Result<UnitSet> {
        if !UnitSet::is_set(folder) {
            let message = "is not a fetched set; parconfig fetch makes one";
            return Err(Error::refuse(folder.display(), message));
        }
        if folder.join(STATE).join("incoming/manifest.json").exists() {
            install(folder)?;
        }
        Ok(UnitSet {
            folder: folder.to_owned(),
            manifest: read_json(&folder.join(STATE).join("manifest.json"))?,
        })
    }

    /// A path of the state.
    pub(super) fn state(&self, name: &str) -> PathBuf {
        self.folder.join(STATE).join(name)
    }

    /// The bytes of a file as the unit has it.
    fn base_of(&self, name: &str) -> Result<Vec<u8>> {
        let bytes = files::read(&self.state("base").join(inside(name)?), MAX_FILE)?;
        let record = self.manifest.files.get(name);
        if record.is_some_and(|record| sha256(&bytes) == record.sha256) {
            return Ok(bytes);
        }
        self.refuse(format!(
            "the kept copy of {name} was changed; fetch the set again with --discard-edits"
        ))
    }

    /// The bytes of all files as the unit has them.
    ///
    /// # Errors
    /// [`Error::Io`]; files that are not those of the manifest.
    pub fn base(&self) -> Result<Contents> {
        let names = self.manifest.files.keys();
        let read = |name: &String| Ok((name.clone(), self.base_of(name)?));
        names.map(read).collect()
    }

    /// The files that were edited here.
    ///
    /// # Errors
    /// [`Error::Io`]; a file that was removed or added here: only the unit makes and removes files.
    pub fn changes(&self) -> Result<Vec<Changed>> {
        let mut here = read_tree(&self.folder)?;
        let mut changed = Vec::new();
        for (name, old) in self.base()? {
            match here.remove(&name) {
                Some(new) if new == old => {}
                Some(new) => changed.push(Changed { name, old, new }),
                None => {
                    return self.refuse(format!(
                        "{name} was removed here; files of a unit are edited, not removed"
                    ));
                }
            }
        }
        match here.keys().next() {
            Some(new) => self.refuse(format!(
                "{new} is not on the unit; files of a unit are edited, not added"
            )),
            None => Ok(changed),
        }
    }

    /// A refusal that names the set.
    pub(super) fn refuse<T>(&self, message: impl std::fmt::Display) -> Result<T> {
        Err(Error::refuse(self.folder.display(), message))
    }

    /// Whether a push has begun and not ended.
    pub fn has_pending_push(&self) -> bool {
        self.state("push/push.json").exists()
    }

    /// Adds a line to the journal of the set.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn journal<'a>(
        &self,
        event: &str,
        files: impl IntoIterator<Item = &'a String>,
        hash: Option<&str>,
    ) -> Result<()> {
        let entry = JournalEntry {
            time: now(),
            url: self.manifest.url.clone(),
            event: event.to_owned(),
            files: files.into_iter().cloned().collect(),
            sha256: hash.map(str::to_owned),
        };
        files::append_line(
            &self.state("journal.jsonl"),
            &serde_json::json!(entry).to_string(),
        )
    }

    /// What was done to the unit, oldest first.
    ///
    /// # Errors
    /// [`Error::Io`]; a journal of more than 64 MiB.
    pub fn entries(&self) -> Result<Vec<JournalEntry>> {
        let bytes = files::read(&self.state("journal.jsonl"), 64 << 20)?;
        // The last line may be cut off by a crash.
        let lines = bytes.split(|byte| *byte == b'\n');
        Ok(lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect())
    }

    /// The names of the kept older sets, oldest first.
    pub fn previous(&self) -> Vec<String> {
        let entries = fs::read_dir(self.state("previous")).into_iter().flatten();
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.flatten().map(name).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    /// The files of a kept older set.
    pub(super) fn read_previous(&self, name: &str) -> Result<Contents> {
        read_tree(&self.state("previous").join(inside(name)?).join("files"))
    }

    /// Keeps what the unit has now; answers the name it is kept under.
    pub(super) fn keep(&self) -> Result<String> {
        let now = jiff::Timestamp::now();
        let name = now.strftime("%Y%m%dT%H%M%S%.3fZ").to_string();
        let kept = self.state("previous").join(&name);
        write_tree(&kept, &self.base()?, "manifest.json", &self.manifest)?;
        Ok(name)
    }

    /// Makes what the unit has now the base of the set. A file that was edited here and is none of both is left alone.
    pub(super) fn replace(&mut self, contents: &Contents) -> Result<()> {
        let mut manifest = self.manifest.clone();
        manifest.time = now();
        for (name, bytes) in contents {
            if let Some(record) = manifest.files.get_mut(name)
                && record.sha256 != sha256(bytes)
            {
                *record = FileRecord::new(bytes, None);
            }
        }
        let incoming = self.state("incoming");
        write_tree(&incoming, contents, "manifest.json", &manifest)?;
        install(&self.folder)?;
        self.manifest = manifest;
        Ok(())
    }
}

/// Brings `.parconfig/incoming` into the set: its files are copied to where they are edited, then moved to the base, at last the
/// manifest is. An installation that was interrupted is continued.
fn install(folder: &Path) -> Result<()> {
    let state = folder.join(STATE);
    let (incoming, base) = (state.join("incoming"), state.join("base"));
    let manifest: Manifest = read_json(&incoming.join("manifest.json"))?;
    let old = read_json::<Manifest>(&state.join("manifest.json"));
    let mut here = read_tree(&incoming.join("files"))?;
    let names: Vec<String> = here.keys().cloned().collect();
    here.retain(|name, new| {
        let kept = files::read(&base.join(name), MAX_FILE).ok();
        let now = files::read(&folder.join(name), MAX_FILE).ok();
        (now.is_none() || now == kept) && now.as_ref() != Some(new)
    });
    files::write_all(folder, &here)?;
    let rename = |from: &Path, to: &Path| {
        let moved = fs::create_dir_all(files::parent(to)).and_then(|()| fs::rename(from, to));
        files::step();
        moved
            .and_then(|()| files::sync_folder(files::parent(to)))
            .map_err(|source| Error::io(to.display(), source))
    };
    for name in names {
        rename(&incoming.join("files").join(&name), &base.join(&name))?;
    }
    for name in old.map(|old| old.files).unwrap_or_default().keys() {
        // It vanished from the unit, and was not edited here: see `fetch`.
        if !manifest.files.contains_key(name) {
            for folder in [folder, &base] {
                let _ = fs::remove_file(folder.join(inside(name)?));
            }
        }
    }
    rename(
        &incoming.join("manifest.json"),
        &state.join("manifest.json"),
    )?;
    files::remove_folder(&incoming)
}

/// What a fetch has read so far, kept until it is installed: the next fetch uses it where this one is interrupted. Nothing waits for
/// the disk, as the hashes show what is whole.
struct Partial {
    folder: PathBuf,
    url: String,
    /// The files as they were listed, with the hash of what was read of each.
    records: BTreeMap<String, FileRecord>,
}

impl Partial {
    fn open(folder: &Path, url: &FtpUrl) -> Partial {
        let url = url.to_string();
        let folder = folder.join(STATE).join("partial");
        let list = files::read(&folder.join("list.jsonl"), MAX_LIST).unwrap_or_default();
        // The last line may be cut off.
        let lines = list.split(|byte| *byte == b'\n');
        let lines = lines.filter_map(|line| serde_json::from_slice(line).ok());
        let lines = lines.filter(|(of, ..): &(String, String, FileRecord)| *of == url);
        Partial {
            records: lines.map(|(_, name, record)| (name, record)).collect(),
            folder,
            url,
        }
    }

    /// Reads a file, or the rest of it, or nothing where all of it was read before.
    fn read(&mut self, session: &mut Session, remote: &Remote) -> Result<Vec<u8>> {
        let path = self.folder.join("files").join(inside(&remote.name)?);
        let known = self.records.get(&remote.name);
        let known = known.filter(|record| record.is_still(remote));
        let kept = known.and_then(|record| {
            let bytes = files::read(&path, MAX_FILE).ok()?;
            (sha256(&bytes) == record.sha256).then_some(bytes)
        });
        let mut bytes = kept.unwrap_or_default();
        let done = session.download(&remote.name, Some(remote.size), &mut bytes);
        self.keep(remote, &path, &bytes)
            .map_err(|source| Error::io(path.display(), source))?;
        files::step();
        done.map(|()| bytes)
    }

    fn keep(&self, remote: &Remote, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(files::parent(path))?;
        let mut file = files::private().write(true).truncate(true).open(path)?;
        file.write_all(bytes)?;
        let record = FileRecord {
            size: remote.size,
            ..FileRecord::new(bytes, remote.modified.clone())
        };
        let line = serde_json::json!([self.url, remote.name, record]);
        let list = self.folder.join("list.jsonl");
        let mut list = files::private().append(true).open(list)?;
        list.write_all(format!("{line}\n").as_bytes())
    }
}

/// What a fetch brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Files.
    pub files: usize,
    /// Names of the files that are new, gone or different since the last fetch.
    pub changed: BTreeSet<String>,
}

/// Reads the files of a unit whose names fit `pattern` into a folder. Files whose size and time are those of the last fetch are not
/// read again, unless all are wanted (`reread`) or edits are given up (`discard`).
///
/// # Errors
/// [`Error::Net`]; a folder that is something else, was edited (unless `discard`) or has a push that has not ended. The set is
/// then as it was before, and what was read is kept for the next fetch.
pub fn fetch(
    url: &FtpUrl,
    options: &FtpOptions,
    pattern: &glob::Pattern,
    folder: &Path,
    reread: bool,
    discard: bool,
) -> Result<Fetched> {
    let old = match UnitSet::is_set(folder) {
        true => Some(UnitSet::open(folder)?),
        false => None,
    };
    let is_own = |entry: fs::DirEntry| entry.file_name() == STATE;
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    if old.is_none() && !entries.all(is_own) {
        let message = "already exists and is not a fetched set";
        return Err(Error::refuse(folder.display(), message));
    }
    if let Some(set) = &old {
        refuse_unfinished(set, discard)?;
    }
    let mut session = Session::connect(url, options)?;
    let listed = session.list(pattern)?;
    if listed.is_empty() {
        let message = format!("{url}: no file fits {}", pattern.as_str());
        return Err(Error::Net(message));
    }
    let _lock = lock(folder)?;
    let mut partial = Partial::open(folder, url);
    let mut contents = Contents::new();
    let mut records = BTreeMap::new();
    let mut known = old.as_ref();
    known = known.filter(|set| set.manifest.url == url.to_string());
    if reread || discard {
        known = None;
        partial.records.clear();
    }
    for remote in listed {
        let record = known.and_then(|set| set.manifest.files.get(&remote.name));
        let same = record.filter(|record| record.is_still(&remote));
        let kept = same.and_then(|_| known?.base_of(&remote.name).ok());
        let bytes = kept.map_or_else(|| partial.read(&mut session, &remote), Ok)?;
        let record = FileRecord::new(&bytes, remote.modified);
        records.insert(remote.name.clone(), record);
        contents.insert(remote.name, bytes);
    }
    let manifest = Manifest {
        parconfig: 1,
        url: url.to_string(),
        user: options.user.clone(),
        time: now(),
        files: records,
    };
    let none = BTreeMap::new();
    let before = old.as_ref().map_or(&none, |set| &set.manifest.files);
    let hash = |files: &BTreeMap<String, FileRecord>, name: &String| {
        files.get(name).map(|record| record.sha256.clone())
    };
    let names = before.keys().chain(manifest.files.keys());
    let differs = |name: &&String| hash(before, name) != hash(&manifest.files, name);
    let done = Fetched {
        files: contents.len(),
        changed: names.filter(differs).cloned().collect(),
    };
    if let (Some(set), true) = (&old, discard) {
        for name in set.manifest.files.keys() {
            match set.base_of(name) {
                Ok(bytes) => files::write(&folder.join(name), &bytes)?,
                Err(_) => drop(fs::remove_file(folder.join(inside(name)?))),
            }
        }
    }
    let incoming = folder.join(STATE).join("incoming");
    write_tree(&incoming, &contents, "manifest.json", &manifest)?;
    install(folder)?;
    files::remove_folder(&partial.folder)?;
    let set = UnitSet {
        folder: folder.to_owned(),
        manifest,
    };
    set.journal("fetched", &done.changed, None)?;
    Ok(done)
}

fn refuse_unfinished(set: &UnitSet, discard: bool) -> Result<()> {
    if set.has_pending_push() {
        return set.refuse(
            "a push has not ended; parconfig push finishes it, parconfig restore takes it back",
        );
    }
    if discard {
        return Ok(());
    }
    match set.changes()?.first() {
        None => Ok(()),
        Some(Changed { name, .. }) => set.refuse(format!(
            "has edits that were not pushed ({name}); --discard-edits gives them up"
        )),
    }
}
