// SPDX-License-Identifier: MPL-2.0
//! Folders and ZIP files of settings. Bounded in files, bytes and depth; nothing is unpacked to disk; no ZIP inside a ZIP is opened.

use super::error::{Error, Result};
use super::ini::MAX_TEXT;
use super::sniff::{HEAD, Kind, sniff};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Most files of a ZIP, and of a folder that is held at once.
pub const MAX_FILES: usize = 1024;
/// Most files of a folder that is gone through one by one.
pub const MAX_VISITED: usize = 100_000;
/// Most bytes of texts that are held at once.
pub const MAX_TOTAL: usize = 2 << 20;
/// Most bytes of texts that are unpacked from a ZIP.
pub const MAX_UNPACKED: usize = 32 << 20;
/// Folders in folders.
pub const MAX_DEPTH: usize = 8;

/// One file of a folder or ZIP.
#[derive(Clone, Debug)]
pub struct Member {
    /// Name with folders, `/` between them.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its bytes, for texts only.
    pub bytes: Option<Vec<u8>>,
}

fn refuse<T>(entry: &str, message: impl Into<String>) -> Result<T> {
    Err(Error::Archive {
        entry: entry.into(),
        message: message.into(),
    })
}

/// Hands out members and keeps count.
struct Collector<'a> {
    tell: &'a mut dyn FnMut(Member) -> Result<()>,
    files: usize,
    max_files: usize,
    total: usize,
    max_total: usize,
}

impl Collector<'_> {
    /// Reads one file: its head to tell what it is, all of it if it is a text.
    fn add(&mut self, name: &str, mut reader: impl Read) -> Result<()> {
        if name.ends_with('~') {
            // A backup that this program or an editor left.
            return Ok(());
        }
        self.files = self.files.saturating_add(1);
        if self.files > self.max_files {
            return refuse(name, format!("more than {} files", self.max_files));
        }
        let fail = |source| Error::io(name, source);
        let mut bytes = Vec::new();
        let head = HEAD.min(MAX_TEXT) as u64;
        reader
            .by_ref()
            .take(head)
            .read_to_end(&mut bytes)
            .map_err(fail)?;
        let kind = sniff(&bytes);
        let is_text = matches!(kind, Kind::Config | Kind::Ini);
        if is_text {
            let rest = MAX_TEXT.saturating_sub(bytes.len()).saturating_add(1);
            reader
                .take(rest as u64)
                .read_to_end(&mut bytes)
                .map_err(fail)?;
            if bytes.len() > MAX_TEXT {
                return refuse(name, format!("a text of more than {MAX_TEXT} bytes"));
            }
            self.total = self.total.saturating_add(bytes.len());
            if self.total > self.max_total {
                return refuse(
                    name,
                    format!("texts of more than {} bytes together", self.max_total),
                );
            }
        }
        (self.tell)(Member {
            name: name.into(),
            kind,
            bytes: is_text.then_some(bytes),
        })
    }

    fn folder(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return refuse(
                prefix,
                format!("more than {MAX_DEPTH} folders in each other"),
            );
        }
        let fail = |source| Error::io(path.display(), source);
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path).map_err(fail)? {
            entries.push(entry.map_err(fail)?);
            if entries.len() > self.max_files {
                return refuse(prefix, format!("more than {} files", self.max_files));
            }
        }
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            // A link may lead out of the folder or back into it: it is not followed.
            let kind = entry.file_type().map_err(fail)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                self.folder(&entry.path(), &format!("{name}/"), depth.saturating_add(1))?;
            } else if kind.is_file() {
                let file = File::open(entry.path()).map_err(|error| Error::io(&name, error))?;
                self.add(&name, file)?;
            }
        }
        Ok(())
    }
}

/// Hands out the files of a folder one by one, sorted by name. Links are not followed.
///
/// # Errors
/// [`Error::Io`], what `tell` answers, or [`Error::Archive`] where there is more than the limits allow.
pub fn visit_folder(path: &Path, tell: &mut dyn FnMut(Member) -> Result<()>) -> Result<()> {
    let mut collector = Collector {
        tell,
        files: 0,
        max_files: MAX_VISITED,
        total: 0,
        max_total: usize::MAX,
    };
    collector.folder(path, "", 0)
}

/// Hands out the files of a ZIP one by one, in its order.
///
/// # Errors
/// [`Error::Io`] for a damaged ZIP; [`Error::Archive`] for one whose names lead out of it, or that holds more than the limits allow.
pub fn visit_zip(
    mut file: File,
    name: &str,
    tell: &mut dyn FnMut(Member) -> Result<()>,
) -> Result<()> {
    check_directory(&mut file, name)?;
    let broken = |error: zip::result::ZipError| Error::Archive {
        entry: name.into(),
        message: format!("a damaged ZIP file: {error}"),
    };
    let mut archive = zip::ZipArchive::new(file).map_err(broken)?;
    let mut collector = Collector {
        tell,
        files: 0,
        max_files: MAX_FILES,
        total: 0,
        max_total: MAX_UNPACKED,
    };
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        let inner = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.enclosed_name().is_none()
            || inner.contains(['\\', ':'])
            || inner.starts_with('/')
            || inner.chars().any(char::is_control)
        {
            return refuse(
                &format!("{name}: {inner:?}"),
                "the name leads out of the ZIP; a relative name is expected",
            );
        }
        if entry.is_dir() {
            continue;
        }
        if entry.is_symlink() {
            return refuse(
                &format!("{name}: {inner:?}"),
                "is a link; a file is expected",
            );
        }
        collector.add(&inner, entry)?;
    }
    Ok(())
}

/// Holds members, up to a number and a size.
fn hold(members: &mut Vec<Member>, member: Member) -> Result<()> {
    let held = members
        .iter()
        .filter_map(|m| m.bytes.as_ref())
        .map(Vec::len)
        .sum::<usize>();
    let more = member.bytes.as_ref().map_or(0, Vec::len);
    if members.len() >= MAX_FILES {
        return refuse(&member.name, format!("more than {MAX_FILES} files"));
    }
    if held.saturating_add(more) > MAX_TOTAL {
        return refuse(
            &member.name,
            format!("texts of more than {MAX_TOTAL} bytes together"),
        );
    }
    members.push(member);
    Ok(())
}

/// The files of a folder, all at once; see [`visit_folder`].
///
/// # Errors
/// As [`visit_folder`].
pub fn read_folder(path: &Path) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    visit_folder(path, &mut |member| hold(&mut members, member))?;
    Ok(members)
}

/// The files of a ZIP, all at once; see [`visit_zip`].
///
/// # Errors
/// As [`visit_zip`].
pub fn read_zip(file: File, name: &str) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    visit_zip(file, name, &mut |member| hold(&mut members, member))?;
    Ok(members)
}

/// Looks at the ZIP's closing record, so that a directory of millions of entries is refused before it is read.
fn check_directory(file: &mut File, name: &str) -> Result<()> {
    let fail = |source| Error::io(name, source);
    let length = file.seek(SeekFrom::End(0)).map_err(fail)?;
    // Closing record of 22 bytes and a comment of at most 65,535 (stated: APPNOTE 4.3.16).
    let start = length.saturating_sub(65_557);
    file.seek(SeekFrom::Start(start)).map_err(fail)?;
    let mut tail = Vec::new();
    file.take(65_557).read_to_end(&mut tail).map_err(fail)?;
    file.seek(SeekFrom::Start(0)).map_err(fail)?;
    let Some(at) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else {
        return refuse(
            name,
            format!(
                "byte {length}: the ZIP file is cut off; its closing record is expected at the end"
            ),
        );
    };
    let field =
        |from: usize| formats::cursor::u16_le(&tail, at.saturating_add(from)).unwrap_or(u16::MAX);
    let size = formats::cursor::u32_le(&tail, at.saturating_add(12)).unwrap_or(u32::MAX);
    let entries = usize::from(field(10));
    if entries > MAX_FILES || size > 1 << 20 {
        return refuse(
            name,
            format!("{entries} entries; at most {MAX_FILES} are read"),
        );
    }
    Ok(())
}
