// SPDX-License-Identifier: MPL-2.0
//! Files of this machine: read with a limit, replaced as a whole, and never left half-written.

use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Largest file of a unit that is read, in bytes.
pub const MAX_FILE: usize = 4 << 20;
/// Most files of a unit.
pub const MAX_FILES: usize = 1024;
/// Most bytes of all files of a unit.
pub const MAX_TOTAL: u64 = 64 << 20;
/// Most folders in each other.
pub const MAX_DEPTH: usize = 8;

/// The bytes of files by name, `/` between folders.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// The files of a unit, counted as they are found in a folder, a ZIP or a listing.
#[derive(Debug, Default)]
pub struct Budget {
    files: usize,
    bytes: u64,
}

impl Budget {
    /// Counts a file.
    ///
    /// # Errors
    /// What is beyond a limit, with its number.
    pub fn add(&mut self, name: &str, size: u64) -> Result<()> {
        self.files = self.files.saturating_add(1);
        self.bytes = self.bytes.saturating_add(size);
        let limit = if self.files > MAX_FILES {
            format!("more than {MAX_FILES} files")
        } else if size > MAX_FILE as u64 {
            format!("larger than the limit of {MAX_FILE} bytes")
        } else if self.bytes > MAX_TOTAL {
            format!("more than {MAX_TOTAL} bytes in all files")
        } else {
            return check_depth(name);
        };
        Err(Error::refuse(format!("{name:?}"), limit))
    }
}

/// Refuses a name in too many folders.
///
/// # Errors
/// More than [`MAX_DEPTH`].
pub fn check_depth(name: &str) -> Result<()> {
    if name.matches('/').count() <= MAX_DEPTH {
        return Ok(());
    }
    let message = format!("more than {MAX_DEPTH} folders in each other");
    Err(Error::refuse(format!("{name:?}"), message))
}

/// Temporary files that exist now, for [`remove_on_signals`].
static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Beginning of the name of every temporary file, which is in the folder of the file that it becomes.
pub(crate) const PREFIX: &str = ".parconfig-";

fn registered(change: impl FnOnce(&mut BTreeSet<PathBuf>)) {
    change(
        &mut TEMPORARY
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    );
}

/// Removes temporary files when the program is ended by SIGINT, SIGTERM or SIGHUP, and ends it as those signals do.
///
/// # Errors
/// Where the system does not let the signals be caught.
pub fn remove_on_signals() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::spawn(move || {
        for signal in &mut signals {
            registered(|paths| {
                for path in paths.iter() {
                    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
                }
            });
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// A temporary file or folder, removed on a signal while this exists.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    pub(crate) fn new(path: &Path) -> Temporary {
        registered(|paths| {
            paths.insert(path.to_owned());
        });
        Temporary(path.to_owned())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        registered(|paths| {
            paths.remove(&self.0);
        });
    }
}

/// In debug builds the process is killed here when this is called for the PARCONFIG_KILL_AT-th time, and waits when it is called
/// for the PARCONFIG_PAUSE_AT-th, so that the tests can interrupt it at each step.
pub(crate) fn step() {
    #[cfg(debug_assertions)]
    {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static STEPS: AtomicUsize = AtomicUsize::new(1);
        let now = STEPS.fetch_add(1, Ordering::SeqCst);
        let at = |name| std::env::var(name).ok().and_then(|text| text.parse().ok()) == Some(now);
        if at("PARCONFIG_KILL_AT") {
            use rustix::process::{Signal, getpid, kill_process};
            let _ = kill_process(getpid(), Signal::KILL);
        }
        if at("PARCONFIG_PAUSE_AT") {
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
    }
}

/// Opens a regular file for reading; a pipe or device is refused instead of waited for.
///
/// # Errors
/// [`Error::Io`].
pub fn open(path: &Path) -> Result<File> {
    let fail = |source| Error::io(path.display(), source);
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    let file = options.read(true).open(path).map_err(fail)?;
    if !file.metadata().map_err(fail)?.is_file() {
        return Err(fail(std::io::Error::other("is not a regular file")));
    }
    Ok(file)
}

/// All of a file.
///
/// # Errors
/// More than `limit` bytes; [`Error::Io`].
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::io(path.display(), source))?;
    if bytes.len() > limit {
        return Err(Error::too_large(path.display(), format!("{limit} bytes")));
    }
    Ok(bytes)
}

/// Every file below a folder with its bytes, but hidden files, backups and links.
///
/// # Errors
/// [`Error::Io`], and what is beyond the limits.
pub fn read_tree(folder: &Path) -> Result<Contents> {
    let mut found = Contents::new();
    let mut budget = Budget::default();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = folders.pop() {
        let fail = |source| Error::io(path.display(), source);
        for entry in fs::read_dir(&path).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let kind = entry.file_type().map_err(fail)?;
            let own = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{prefix}{own}");
            if own.ends_with('~') || own.starts_with('.') {
                continue;
            }
            if kind.is_dir() {
                check_depth(&format!("{name}/"))?;
                folders.push((entry.path(), format!("{name}/")));
            } else if kind.is_file() {
                let bytes = read(&entry.path(), MAX_FILE)?;
                budget.add(&name, bytes.len() as u64)?;
                found.insert(name, bytes);
            }
        }
    }
    Ok(found)
}

/// The folder that a path is in.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes a file so that a reader, and whoever comes after a crash, sees the old or the new one. A file that exists keeps its
/// mode; a new one can be read by its owner alone, as settings hold passwords. A link is followed.
///
/// # Errors
/// [`Error::Io`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::metadata(&target).map(|old| old.permissions()).ok();
    replace(&target, bytes, mode)
        .and_then(|()| sync_folder(parent(&target)))
        .map_err(|source| Error::io(path.display(), source))
}

/// Writes files below a folder as [`write()`] does, and makes the folders they are in.
///
/// # Errors
/// [`Error::Io`].
pub fn write_all(folder: &Path, contents: &Contents) -> Result<()> {
    let mut folders = BTreeSet::new();
    for (name, bytes) in contents {
        let path = folder.join(name);
        create_folder(parent(&path))?;
        let mode = fs::metadata(&path).map(|old| old.permissions()).ok();
        replace(&path, bytes, mode).map_err(|source| Error::io(path.display(), source))?;
        folders.insert(parent(&path).to_owned());
    }
    let mut folders = folders.iter();
    folders
        .try_for_each(|path| sync_folder(path).map_err(|source| Error::io(path.display(), source)))
}

/// Makes sure that the names in a folder are on the disk.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

fn replace(target: &Path, bytes: &[u8], mode: Option<fs::Permissions>) -> std::io::Result<()> {
    let folder = parent(target);
    step();
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempfile_in(folder)?;
    let _guard = Temporary::new(file.path());
    file.write_all(bytes)?;
    if let Some(mode) = mode {
        file.as_file().set_permissions(mode)?;
    }
    file.as_file().sync_all()?;
    step();
    file.persist(target).map_err(|error| error.error)?;
    step();
    Ok(())
}

/// Writes a file as [`write()`] does and keeps the old version as `FILE~`. A link of that name is replaced, not followed.
///
/// # Errors
/// [`Error::Io`]; an old file of more than 16 MiB.
pub fn write_with_backup(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Ok(old) = fs::metadata(path) {
        let mut backup = path.as_os_str().to_owned();
        backup.push("~");
        let before = read(path, 16 << 20)?;
        if before == bytes {
            return Ok(());
        }
        replace(Path::new(&backup), &before, Some(old.permissions()))
            .map_err(|source| Error::io(backup.display(), source))?;
    }
    write(path, bytes)
}

/// How a file is opened that its owner alone can read; it is made where it is missing.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}

/// Adds a line to a file and makes sure that it is on the disk.
///
/// # Errors
/// [`Error::Io`].
pub fn append_line(path: &Path, line: &str) -> Result<()> {
    step();
    let append = || {
        let mut file = private().append(true).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    };
    append().map_err(|source| Error::io(path.display(), source))
}

/// Makes a folder and those above it.
///
/// # Errors
/// [`Error::Io`].
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|source| Error::io(path.display(), source))
}

/// Removes a folder if it exists. Interrupted anywhere, all of it is still there or none.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    let gone = parent(path).join(format!("{PREFIX}removed"));
    let _ = fs::remove_dir_all(&gone);
    match fs::rename(path, &gone) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        moved => moved.map_err(|source| Error::io(path.display(), source))?,
    }
    step();
    fs::remove_dir_all(&gone).map_err(|source| Error::io(path.display(), source))
}
