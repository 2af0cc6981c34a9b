// SPDX-License-Identifier: MPL-2.0
//! Files of this machine: read with a limit, replaced as a whole, and never left half-written.

use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Temporary files that exist now, for [`remove_on_signals`].
static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Beginning of the name of every temporary file, which is in the folder of the file that it becomes.
const PREFIX: &str = ".parconfig-";

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
    let mut options = OpenOptions::new();
    options.read(true);
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    let file = options.open(path).map_err(fail)?;
    if !file.metadata().map_err(fail)?.is_file() {
        return Err(fail(std::io::Error::other("is not a regular file")));
    }
    Ok(file)
}

/// All of a file.
///
/// # Errors
/// [`Error::TooLarge`] for more than `limit` bytes, [`Error::Io`].
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .take((limit as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::io(path.display(), source))?;
    if bytes.len() > limit {
        return Err(Error::TooLarge {
            what: path.display().to_string(),
            limit: format!("{limit} bytes"),
        });
    }
    Ok(bytes)
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
    replace(&target, bytes).map_err(|source| Error::io(path.display(), source))
}

fn replace(target: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = parent(target);
    step();
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempfile_in(folder)?;
    let _guard = Temporary::new(file.path());
    file.write_all(bytes)?;
    if let Ok(old) = fs::metadata(target) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    step();
    file.persist(target).map_err(|error| error.error)?;
    step();
    File::open(folder)?.sync_all()
}

/// Where the old version of a file is kept: `FILE~`.
pub fn backup_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("~");
    name.into()
}

/// Writes a file as [`write`] does and keeps the old version as `FILE~`. A link of that name is replaced, not followed.
///
/// # Errors
/// [`Error::Io`], [`Error::TooLarge`] for an old file of more than 16 MiB.
pub fn write_with_backup(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.exists() {
        let old = read(path, 16 << 20)?;
        if old == bytes {
            return Ok(());
        }
        let backup = backup_path(path);
        let fail = |source| Error::io(backup.display(), source);
        replace(&backup, &old).map_err(fail)?;
        if let Ok(meta) = fs::metadata(path) {
            let mode = fs::Permissions::from_mode(meta.permissions().mode());
            fs::set_permissions(&backup, mode).map_err(fail)?;
        }
    }
    write(path, bytes)
}

/// Adds a line to a file and makes sure that it is on the disk.
///
/// # Errors
/// [`Error::Io`].
pub fn append_line(path: &Path, line: &str) -> Result<()> {
    step();
    let append = || {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
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
