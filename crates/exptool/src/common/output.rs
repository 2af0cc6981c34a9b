// SPDX-License-Identifier: MPL-2.0
//! Prints, and writes files under a temporary name until they are complete.

use super::Failure;
use serde::Serialize;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ},
    iterator::Signals,
};
use std::{
    cell::Cell,
    io::{self, BufWriter, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, Once, PoisonError},
};
use tempfile::NamedTempFile;

/// Prints to the standard output; a reader that went away is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Output(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints JSON.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::Output(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// Device and number of each file that is read: evidence that no output may replace, whatever it is called and whatever is asked for.
static INPUTS: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

/// From here on no output replaces this file. One that is not there is none that could be lost.
pub fn protect(input: &Path) {
    if let Ok(meta) = input.metadata() {
        let mut inputs = INPUTS.lock().unwrap_or_else(PoisonError::into_inner);
        inputs.push((meta.dev(), meta.ino()));
    }
}

fn is_input(path: &Path) -> bool {
    let inputs = INPUTS.lock().unwrap_or_else(PoisonError::into_inner);
    path.metadata()
        .is_ok_and(|meta| inputs.contains(&(meta.dev(), meta.ino())))
}

/// Files that are being written. They are taken away where a signal ends the program: the half of a file is no use to anybody.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether whoever started the program has it ignore a signal, as `nohup` does with SIGHUP.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Waits for signals in a thread of its own; once is enough. A limit of file sizes that is reached is left to show as an error of the
/// write.
fn watch_signals() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let ends = [SIGINT, SIGTERM, SIGHUP];
        let ends = ends.into_iter().filter(|signal| !is_ignored(*signal));
        let Ok(mut signals) = Signals::new(ends.chain([SIGXFSZ])) else {
            return;
        };
        std::thread::spawn(move || {
            for signal in signals.forever().filter(|signal| *signal != SIGXFSZ) {
                let files = unfinished();
                for path in files.iter() {
                    let _ = std::fs::remove_file(path);
                }
                eprintln!("exptool: interrupted, so what was being written is left out");
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        });
    });
}

/// Bytes after which the disk is told to write what is there.
const WRITE_BACK: u64 = 32 << 20;

/// A file that is being written: it has its name once it is complete.
pub struct NewFile {
    path: PathBuf,
    force: bool,
    file: BufWriter<NamedTempFile>,
    /// Bytes that are on the disk.
    on_disk: Cell<u64>,
    _unfinished: Unfinished,
}

/// Takes a file from the list of those that are being written, when it is done or given up.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

impl NewFile {
    /// Begins a file. With `force` one that already exists is replaced at the end.
    ///
    /// # Errors
    /// A file of that name without `force`, or that is an input; a folder that cannot be written to.
    pub fn create(path: &Path, force: bool) -> Result<NewFile, Failure> {
        if is_input(path) {
            return Err(Failure::Output(format!(
                "{}: is an input, which is never written over: expected another output",
                path.display()
            )));
        }
        if !force && path.exists() {
            return Err(Failure::Output(format!(
                "{}: already exists (--force replaces it)",
                path.display()
            )));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        watch_signals();
        // a signal finds every file that is there
        let mut unfinished = unfinished();
        let file = tempfile::Builder::new()
            .prefix(".exptool-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(|error| Failure::Output(format!("{}: {}", path.display(), error.kind())))?;
        unfinished.push(file.path().to_owned());
        drop(unfinished);
        Ok(NewFile {
            path: path.to_owned(),
            force,
            _unfinished: Unfinished(file.path().to_owned()),
            file: BufWriter::with_capacity(1 << 16, file),
            on_disk: Cell::new(0),
        })
    }

    /// Where it is while it is being written.
    pub fn temporary(&self) -> &Path {
        self.file.get_ref().path()
    }

    /// Waits until the disk has what others have written so far, where that is much: the rest is then soon done at the end.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn write_back(&self) -> Result<(), Failure> {
        let file = self.file.get_ref().as_file();
        let size = file.metadata().map_or(0, |meta| meta.len());
        if size < self.on_disk.get().saturating_add(WRITE_BACK) {
            return Ok(());
        }
        self.on_disk.set(size);
        file.sync_data()
            .map_err(|error| Failure::Output(format!("{}: {error}", self.path.display())))
    }

    /// The file is complete and gets its name.
    ///
    /// # Errors
    /// A disk that is full, a file of that name that came in between.
    pub fn finish(self) -> Result<(), Failure> {
        let name = self.path.display().to_string();
        let fail = |error: io::Error| Failure::Output(format!("{name}: {error}"));
        let file = self
            .file
            .into_inner()
            .map_err(|error| fail(error.into_error()))?;
        file.as_file().sync_all().map_err(fail)?;
        let done = if self.force {
            file.persist(&self.path)
        } else {
            file.persist_noclobber(&self.path)
        };
        done.map(drop).map_err(|error| fail(error.error))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
