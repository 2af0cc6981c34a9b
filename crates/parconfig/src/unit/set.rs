// SPDX-License-Identifier: MPL-2.0
//! A fetched set: the files of one unit in a folder, to be edited there, with what the unit had in `.parconfig` beside them.
//!
//! ```text
//! north/inputs.ini …            the files; edit them
//! north/.parconfig/manifest.json   where they came from; size, time and SHA-256 of each as the unit has it
//! north/.parconfig/base/           the files as the unit has them
//! north/.parconfig/previous/TIME/  what the unit had before each push
//! north/.parconfig/push/           a push that has begun and not ended
//! north/.parconfig/journal.jsonl   what was done and when
//! ```
//!
//! Whatever replaces the set as a whole is first written beside it and renamed to `.parconfig/incoming`; from then on it is
//! installed, by this call or by the next one that opens the set.

use super::ftp::{FtpOptions, FtpUrl, MAX_FILE, Remote, Session};
use crate::error::{Error, Result};
use crate::files;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The bytes of files by name, `/` between folders.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// Folder of the state inside a set.
pub const STATE: &str = ".parconfig";
/// Most bytes of a set.
pub const MAX_TOTAL: usize = 64 << 20;

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

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The time now, RFC 3339 with milliseconds.
pub fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|e| Error::Table(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = files::read(path, MAX_FILE)?;
    serde_json::from_slice(&bytes).map_err(|e| Error::Table(format!("{}: {e}", path.display())))
}

pub(super) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    files::write(path, &json(value)?)
}

/// A name of a manifest or of a file in a set that stays inside the set.
fn inside(name: &str) -> Result<&Path> {
    let path = Path::new(name);
    let plain = path
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    if plain && !name.is_empty() && !name.starts_with(STATE) {
        return Ok(path);
    }
    Err(Error::Archive {
        entry: name.into(),
        message: "the name leads out of the set".into(),
    })
}

/// Writes files and a JSON text into a folder that appears as a whole under its name.
fn write_tree<T: Serialize>(
    target: &Path,
    contents: &Contents,
    name: &str,
    value: &T,
) -> Result<()> {
    let beside = files::parent(target);
    files::create_folder(beside)?;
    let fail = |source| Error::io(target.display(), source);
    let staging = tempfile::Builder::new()
        .prefix(".parconfig-")
        .tempdir_in(beside)
        .map_err(fail)?;
    let _guard = files::Temporary::new(staging.path());
    for (file, bytes) in contents {
        let path = staging.path().join("files").join(inside(file)?);
        files::create_folder(files::parent(&path))?;
        files::write(&path, bytes)?;
    }
    files::write(&staging.path().join(name), &json(value)?)?;
    files::step();
    fs::rename(staging.path(), target).map_err(fail)?;
    files::step();
    // It has another name now.
    let _ = staging.keep();
    File::open(beside)
        .and_then(|folder| folder.sync_all())
        .map_err(fail)
}

/// Every file below a folder but the state, backups and links, with its bytes.
///
/// # Errors
/// [`Error::Io`], and [`Error::Archive`] beyond the limits.
pub fn read_tree(folder: &Path) -> Result<Contents> {
    let mut found = Contents::new();
    let mut total = 0_usize;
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = folders.pop() {
        let fail = |source| Error::io(path.display(), source);
        for entry in fs::read_dir(&path).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let kind = entry.file_type().map_err(fail)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let refuse = |message: String| Error::Archive {
                entry: entry.path().display().to_string(),
                message,
            };
            if name.ends_with('~') || entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                if prefix.matches('/').count() >= super::ftp::MAX_DEPTH {
                    return Err(refuse(format!(
                        "more than {} folders in each other",
                        super::ftp::MAX_DEPTH
                    )));
                }
                folders.push((entry.path(), format!("{name}/")));
            } else if kind.is_file() {
                if found.len() >= super::ftp::MAX_FILES {
                    return Err(refuse(format!("more than {} files", super::ftp::MAX_FILES)));
                }
                let bytes = files::read(&entry.path(), MAX_FILE)?;
                total = total.saturating_add(bytes.len());
                if total > MAX_TOTAL {
                    return Err(refuse(format!("more than {MAX_TOTAL} bytes together")));
                }
                found.insert(name, bytes);
            }
        }
    }
    Ok(found)
}

/// A set in a folder.
#[derive(Clone, Debug)]
pub struct UnitSet {
    /// The folder.
    pub folder: PathBuf,
    /// What the unit has.
    pub manifest: Manifest,
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
        state.join("manifest.json").exists() || state.join("incoming").exists()
    }

    /// Opens a set and finishes an installation that was interrupted.
    ///
    /// # Errors
    /// [`Error::Foreign`] where the folder is not a set; [`Error::Io`], [`Error::Table`].
    pub fn open(folder: &Path) -> Result<UnitSet> {
        if !UnitSet::is_set(folder) {
            return Err(Error::Foreign(format!(
                "{}: is not a fetched set (it has no {STATE}/manifest.json); parconfig fetch makes one",
                folder.display()
            )));
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

    /// Keeps other processes from changing the set until the answer is dropped.
    ///
    /// # Errors
    /// [`Error::Io`]; at once where another process holds it.
    pub fn lock(&self) -> Result<File> {
        let path = self.state("lock");
        let file = File::create(&path).map_err(|source| Error::io(path.display(), source))?;
        if file.try_lock().is_err() {
            return self.refuse("another process is working on this set");
        }
        // What a process that was killed left behind.
        for folder in [&self.folder, &self.state("")] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with(".parconfig-")
                {
                    let path = entry.path();
                    let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
                }
            }
        }
        Ok(file)
    }

    /// The bytes of all files as the unit has them.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Foreign`] where they do not fit the manifest.
    pub fn base(&self) -> Result<Contents> {
        let mut found = Contents::new();
        for (name, record) in &self.manifest.files {
            let bytes = files::read(&self.state("base").join(inside(name)?), MAX_FILE)?;
            if sha256(&bytes) != record.sha256 {
                return self.refuse(format!(
                    "the kept copy of {name} was changed: fetch the set again"
                ));
            }
            found.insert(name.clone(), bytes);
        }
        Ok(found)
    }

    /// The files that were edited here.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Foreign`] for a file that was removed or added here: only the unit makes and removes files.
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
        Err(Error::Foreign(format!(
            "{}: {message}",
            self.folder.display()
        )))
    }

    /// Whether a push has begun and not ended.
    pub fn has_pending_push(&self) -> bool {
        self.state("push/push.json").exists()
    }

    /// Adds a line to the journal of the set.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn journal(&self, event: &str, details: serde_json::Value) -> Result<()> {
        let line = serde_json::json!({ "time": now(), "url": self.manifest.url, "event": event, "details": details });
        files::append_line(&self.state("journal.jsonl"), &line.to_string())
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
    pub(super) fn read_previous(&self, name: &str) -> Result<(Manifest, Contents)> {
        let folder = self.state("previous").join(inside(name)?);
        Ok((
            read_json(&folder.join("manifest.json"))?,
            read_tree(&folder.join("files"))?,
        ))
    }

    /// Keeps what the unit has now; answers the name it is kept under.
    pub(super) fn keep(&self) -> Result<String> {
        let name = jiff::Timestamp::now()
            .strftime("%Y%m%dT%H%M%S%.3fZ")
            .to_string();
        write_tree(
            &self.state("previous").join(&name),
            &self.base()?,
            "manifest.json",
            &self.manifest,
        )?;
        Ok(name)
    }

    pub(super) fn write_state<T: Serialize>(
        &self,
        name: &str,
        contents: &Contents,
        file: &str,
        value: &T,
    ) -> Result<()> {
        write_tree(&self.state(name), contents, file, value)
    }

    /// Makes what the unit has now the base of the set. A file that was edited here and is none of both is left alone.
    pub(super) fn replace(&mut self, contents: &Contents) -> Result<()> {
        let mut manifest = self.manifest.clone();
        manifest.time = now();
        for (name, bytes) in contents {
            if let Some(record) = manifest.files.get_mut(name)
                && record.sha256 != sha256(bytes)
            {
                *record = FileRecord {
                    size: bytes.len() as u64,
                    modified: None,
                    sha256: sha256(bytes),
                };
            }
        }
        write_tree(
            &self.state("incoming"),
            contents,
            "manifest.json",
            &manifest,
        )?;
        install(&self.folder)?;
        self.manifest = manifest;
        Ok(())
    }
}

/// Brings `.parconfig/incoming` into the set. Each step can be repeated, so an interrupted installation is begun again.
fn install(folder: &Path) -> Result<()> {
    let state = folder.join(STATE);
    let incoming = state.join("incoming");
    let manifest: Manifest = read_json(&incoming.join("manifest.json"))?;
    let old = match read_json::<Manifest>(&state.join("manifest.json")) {
        Ok(manifest) => manifest.files,
        Err(_) => BTreeMap::new(),
    };
    for (name, bytes) in read_tree(&incoming.join("files"))? {
        let (here, base) = (
            folder.join(inside(&name)?),
            state.join("base").join(inside(&name)?),
        );
        let kept = files::read(&base, MAX_FILE).ok();
        let now = files::read(&here, MAX_FILE).ok();
        files::create_folder(files::parent(&here))?;
        files::create_folder(files::parent(&base))?;
        if now == kept && now.as_ref() != Some(&bytes) {
            files::write(&here, &bytes)?;
        }
        if kept.as_ref() != Some(&bytes) {
            files::write(&base, &bytes)?;
        }
    }
    for name in old
        .keys()
        .filter(|name| !manifest.files.contains_key(*name))
    {
        // It vanished from the unit, and was not edited here: see `fetch`.
        for path in [
            folder.join(inside(name)?),
            state.join("base").join(inside(name)?),
        ] {
            let _ = fs::remove_file(path);
        }
    }
    write_json(&state.join("manifest.json"), &manifest)?;
    files::step();
    fs::remove_dir_all(&incoming).map_err(|source| Error::io(incoming.display(), source))
}

/// What a fetch brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Files.
    pub files: usize,
    /// Bytes of them all.
    pub bytes: u64,
    /// Names of the files that are new, gone or different since the last fetch.
    pub changed: Vec<String>,
}

/// Reads the files of a unit whose names fit `pattern` into a folder.
///
/// # Errors
/// [`Error::Net`]; [`Error::Foreign`] where the folder is something else, was edited (unless `discard`) or has a push that has
/// not ended. The folder is then as it was before.
pub fn fetch(
    url: &FtpUrl,
    options: &FtpOptions,
    pattern: &glob::Pattern,
    folder: &Path,
    discard: bool,
) -> Result<Fetched> {
    let old = if UnitSet::is_set(folder) {
        Some(UnitSet::open(folder)?)
    } else {
        None
    };
    let _lock = old.as_ref().map(UnitSet::lock).transpose()?;
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if old.is_none() && occupied {
        return Err(Error::Foreign(format!(
            "{}: already exists and is not a fetched set",
            folder.display()
        )));
    }
    if let Some(set) = &old {
        refuse_unfinished(set, discard)?;
    }
    let mut session = Session::connect(url, options)?;
    let listed: Vec<Remote> = session.list(pattern)?;
    if listed.is_empty() {
        return Err(Error::Net(format!(
            "{url}: no file fits {}",
            pattern.as_str()
        )));
    }
    let mut contents = Contents::new();
    let mut records = BTreeMap::new();
    let mut total = 0_usize;
    for remote in listed {
        let bytes = session.download(&remote.name)?;
        total = total.saturating_add(bytes.len());
        if total > MAX_TOTAL {
            return Err(Error::TooLarge {
                what: url.to_string(),
                limit: format!("{MAX_TOTAL} bytes"),
            });
        }
        let size = bytes.len() as u64;
        records.insert(
            remote.name.clone(),
            FileRecord {
                size,
                modified: remote.modified,
                sha256: sha256(&bytes),
            },
        );
        contents.insert(remote.name, bytes);
    }
    let before = old
        .as_ref()
        .map(|set| set.manifest.files.clone())
        .unwrap_or_default();
    let hash = |files: &BTreeMap<String, FileRecord>, name: &String| {
        files.get(name).map(|file| file.sha256.clone())
    };
    let mut names: Vec<&String> = before.keys().chain(records.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names
        .into_iter()
        .filter(|name| hash(&before, name) != hash(&records, name))
        .cloned()
        .collect();
    let manifest = Manifest {
        parconfig: 1,
        url: url.to_string(),
        user: options.user.clone(),
        time: now(),
        files: records,
    };
    let done = Fetched {
        files: contents.len(),
        bytes: total as u64,
        changed,
    };
    if let (Some(set), true) = (&old, discard) {
        for (name, bytes) in set.base()? {
            files::write(&folder.join(inside(&name)?), &bytes)?;
        }
    }
    write_tree(
        &folder.join(STATE).join("incoming"),
        &contents,
        "manifest.json",
        &manifest,
    )?;
    install(folder)?;
    UnitSet {
        folder: folder.to_owned(),
        manifest,
    }
    .journal(
        "fetched",
        serde_json::json!({ "files": done.files, "changed": done.changed }),
    )?;
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
