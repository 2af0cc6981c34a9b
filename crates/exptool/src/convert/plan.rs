// SPDX-License-Identifier: MPL-2.0
//! Which files are inputs, and what their outputs are called.

use super::Format;
use crate::common::{Common, Failure, Input, output, plain::plain};
use formats::{
    exp::probe::{self, Family, Probe},
    reader::Window,
};
use std::{
    collections::{HashMap, HashSet},
    io::Read,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Suffixes that files in a folder are tried for. What a file is, its content decides.
const SUFFIXES: [&str; 8] = ["exp", "avi", "adbin", "mime", "par", "pel", "bin", "dat"];
/// Bytes of an AVI that show whether it is a recorder's.
const AVI_HEAD: u64 = 256 << 10;
/// Folders within folders that are gone into.
const MAX_DEPTH: u32 = 16;

/// A file that arguments mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub path: PathBuf,
    /// Its place below the folder that was named, without its suffix.
    pub stem: PathBuf,
    /// Why it cannot be read: a folder that does not let us in.
    pub problem: Option<String>,
    /// It was found in a folder, and not named itself.
    pub in_folder: bool,
}

impl Item {
    fn new(path: PathBuf, stem: PathBuf) -> Item {
        Item {
            path,
            stem,
            problem: None,
            in_folder: false,
        }
    }

    /// Opens the file. `None` for one that was found in a folder and is not a recording, which is reported and is not a failure.
    ///
    /// # Errors
    /// A file or folder that cannot be read; one that was named and is not a recording.
    pub fn open(&self, common: &Common) -> Result<Option<Input>, Failure> {
        if let Some(problem) = &self.problem {
            let name = self.path.display();
            return Err(Failure::Input(format!("{name}: {problem}")));
        }
        match common.open(&self.path) {
            Ok(input) => Ok(Some(input)),
            Err(Failure::Foreign(text)) if self.in_folder => {
                skipped(&text);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Reports a file of a folder that is not a recording, in a line: nobody asked about it, so what was looked for is left out.
pub fn skipped(text: &str) {
    let line = text.split(": expected ").next().unwrap_or(text);
    eprintln!("exptool: skipped: {}", plain(line));
}

/// All files that the arguments mean: files, folders with all in them, and wildcards that no shell has expanded.
///
/// # Errors
/// A wildcard that is none, or that nothing fits.
pub fn inputs(arguments: &[PathBuf]) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    for argument in arguments {
        let text = argument.to_string_lossy();
        if argument.exists() || !text.contains(['*', '?', '[']) {
            add(argument, &mut items);
            continue;
        }
        // as a shell does it: hidden files are none of ours, such as one that is being written
        let options = glob::MatchOptions {
            require_literal_leading_dot: true,
            ..glob::MatchOptions::default()
        };
        let paths = glob::glob_with(&text, options)
            .map_err(|error| Failure::Use(format!("{text}: not a valid wildcard: {error}")))?;
        let mut found: Vec<PathBuf> = paths.filter_map(Result::ok).collect();
        found.sort();
        if found.is_empty() {
            return Err(Failure::Input(format!("{text}: no file matches")));
        }
        for path in found {
            add(&path, &mut items);
        }
    }
    let named: HashSet<PathBuf> = {
        let named = items.iter().filter(|item| !item.in_folder);
        named.map(|item| item.path.clone()).collect()
    };
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(item.path.clone()));
    for item in &mut items {
        item.in_folder &= !named.contains(&item.path);
    }
    items.iter().for_each(|item| output::protect(&item.path));
    apart(&mut items);
    Ok(items)
}

/// Folders that hold no recording.
pub fn nothing() -> Failure {
    Failure::Input("no recordings in these folders".to_owned())
}

fn add(path: &Path, items: &mut Vec<Item>) {
    if path.is_dir() {
        return folder(path, path, items, 0);
    }
    let stem = path.file_stem().map(PathBuf::from).unwrap_or_default();
    items.push(Item::new(path.to_owned(), stem));
}

fn folder(top: &Path, at: &Path, items: &mut Vec<Item>, depth: u32) {
    let entries = match std::fs::read_dir(at) {
        Ok(entries) => entries,
        Err(error) => {
            return items.push(Item {
                problem: Some(error.to_string()),
                ..Item::new(at.to_owned(), at.to_owned())
            });
        }
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && depth < MAX_DEPTH && !path.is_symlink() {
            folder(top, &path, items, depth + 1);
            continue;
        }
        let suffix = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let wanted = SUFFIXES.contains(&suffix.as_str()) && (suffix != "avi" || is_plv1(&path));
        if path.is_file() && !hidden && wanted {
            let stem = path.strip_prefix(top).unwrap_or(&path).with_extension("");
            items.push(Item {
                in_folder: true,
                ..Item::new(path, stem)
            });
        }
    }
}

/// Whether an AVI in a folder is a recorder's: others, such as those that were made of recordings here, are skipped.
fn is_plv1(path: &Path) -> bool {
    let mut head = Vec::new();
    let file = std::fs::File::open(path);
    // one that cannot be read is reported as such later
    if file.is_err() || file.is_ok_and(|f| f.take(AVI_HEAD).read_to_end(&mut head).is_err()) {
        return true;
    }
    let window = Window {
        offset: 0,
        data: &head,
        last: true,
        unread: None,
    };
    matches!(
        probe::probe(&window),
        Probe::Is {
            family: Family::Plv1,
            ..
        }
    )
}

/// Files that differ only in their suffix keep it, so that no output has two inputs.
fn apart(items: &mut [Item]) {
    let mut seen: HashSet<PathBuf> = HashSet::new();
    for item in items {
        if seen.insert(item.stem.clone()) {
            continue;
        }
        let folder = item.stem.parent().map(Path::to_owned).unwrap_or_default();
        let name = item.path.file_name().unwrap_or_default().to_owned();
        item.stem = folder.join(&name);
        let mut n = 2;
        while !seen.insert(item.stem.clone()) {
            item.stem = folder.join(format!("{}-{n}", name.to_string_lossy()));
            n += 1;
        }
    }
}

/// Where outputs go.
pub struct Names {
    out: Option<PathBuf>,
    folder: bool,
    /// Outputs of this call, and the input of each.
    claimed: Mutex<HashMap<PathBuf, PathBuf>>,
}

impl Names {
    /// By `-o`: a folder where it is one, ends in a slash, has no suffix, or there are several inputs; else a file. Without it, the
    /// current folder.
    pub fn new(out: Option<&Path>, several: bool) -> Names {
        Names {
            out: out.map(Path::to_owned),
            folder: several || out.is_none_or(is_folder),
            claimed: Mutex::default(),
        }
    }

    /// Takes an output for an input.
    ///
    /// # Errors
    /// An output that another input of the same call has already.
    pub fn claim(&self, output: &Path, input: &Path) -> Result<(), Failure> {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = claimed
            .entry(output.to_owned())
            .or_insert_with(|| input.to_owned());
        match owner == input {
            true => Ok(()),
            false => Err(Failure::Output(format!(
                "{}: is the output of {} as well: expected names that differ, or a folder for each",
                output.display(),
                owner.display()
            ))),
        }
    }

    /// The table of an input's frames; `joined`: one of several inputs of an output.
    pub fn table(&self, item: &Item, joined: bool) -> PathBuf {
        let out = self.out.clone().unwrap_or_default();
        let mut name = match self.folder {
            true => out.join(&item.stem),
            false => out.with_extension(""),
        }
        .into_os_string();
        if joined && !self.folder {
            name.push("-");
            name.push(item.stem.file_name().unwrap_or_default());
        }
        name.push(".csv");
        name.into()
    }

    /// The output of the only camera that is wanted: a file that was named has this name.
    pub fn only_camera(
        &self,
        item: &Item,
        camera: Option<u16>,
        part: Option<usize>,
        format: Format,
    ) -> PathBuf {
        self.output(item, camera.filter(|_| self.folder), part, format)
    }

    /// The output of an input's camera; `camera` is `None` for a mosaic, and where there is only one. `part` counts from 1 where a
    /// camera has several outputs.
    pub fn output(
        &self,
        item: &Item,
        camera: Option<u16>,
        part: Option<usize>,
        format: Format,
    ) -> PathBuf {
        let out = self.out.clone().unwrap_or_default();
        let base = match self.folder {
            true => out.join(&item.stem),
            // what falls back to another container has another suffix
            false if camera.is_none() && part.is_none() && has_suffix(&out, format) => return out,
            false => out.with_extension(""),
        };
        let mut middle = camera.map(|n| format!("-camera{n}")).unwrap_or_default();
        middle += &part.map(|n| format!("-part{n}")).unwrap_or_default();
        let named = |middle: &str| {
            let mut name = base.clone().into_os_string();
            name.push(middle);
            name.push(".");
            name.push(format.suffix());
            PathBuf::from(name)
        };
        let name = named(&middle);
        // an AVI in the folder of its input must not have the input's name
        let absolute = |path: &Path| std::path::absolute(path).ok();
        match absolute(&name) == absolute(&item.path) {
            true => named(&format!("{middle}-converted")),
            false => name,
        }
    }
}

/// Whether `-o` means a folder, whatever else is asked for.
pub fn is_folder(out: &Path) -> bool {
    let slash = out.as_os_str().as_encoded_bytes().ends_with(b"/");
    slash || out.is_dir() || out.extension().is_none()
}

fn has_suffix(path: &Path, format: Format) -> bool {
    Format::of(path) == Some(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_wildcards_are_gone_through() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path();
        std::fs::create_dir(top.join("deep")).unwrap();
        for name in [
            "a.exp",
            "a.dat",
            "a.avi",
            "notes.txt",
            ".hidden.exp",
            "deep/b.EXP",
        ] {
            std::fs::write(top.join(name), "x").unwrap();
        }
        let found = inputs(&[top.to_owned()]).unwrap();
        let stems: Vec<_> = found
            .iter()
            .map(|item| item.stem.to_str().unwrap())
            .collect();
        // an AVI that no recorder made is skipped
        assert_eq!(stems, ["a", "a.exp", "deep/b"]);
        let found = inputs(&[top.join("*.exp"), top.join("a.exp")]).unwrap();
        assert_eq!(found.len(), 1);
        assert!(inputs(&[top.join("*.xyz")]).is_err());
    }

    #[test]
    fn outputs_have_names_of_their_own() {
        let item = Item::new("/in/x.exp".into(), "x".into());
        let names = |out: Option<&str>, several| Names::new(out.map(Path::new), several);
        let name = |names: Names, camera, part| {
            let name = names.output(&item, camera, part, Format::Mp4);
            name.to_str().unwrap().to_owned()
        };
        assert_eq!(name(names(None, false), None, None), "x.mp4");
        assert_eq!(name(names(Some("/o/y.mp4"), false), None, None), "/o/y.mp4");
        assert_eq!(
            name(names(Some("/o/y.mp4"), false), Some(2), None),
            "/o/y-camera2.mp4"
        );
        assert_eq!(
            name(names(Some("/o/y.mp4"), false), None, Some(2)),
            "/o/y-part2.mp4"
        );
        assert_eq!(name(names(Some("/o/y.mkv"), false), None, None), "/o/y.mp4");
        assert_eq!(
            name(names(Some("/o/"), false), Some(2), Some(1)),
            "/o/x-camera2-part1.mp4"
        );
        assert_eq!(name(names(Some("/o"), true), None, None), "/o/x.mp4");
        let one = names(Some("/o/y.mp4"), false);
        let one = one.only_camera(&item, Some(2), None, Format::Mp4);
        assert_eq!(one, Path::new("/o/y.mp4"));
        let names = names(Some("/o"), true);
        let output = Path::new("/o/x.mp4");
        assert_eq!(names.claim(output, Path::new("/in/x.exp")), Ok(()));
        assert_eq!(names.claim(output, Path::new("/in/x.exp")), Ok(()));
        assert!(names.claim(output, Path::new("/in/y.exp")).is_err());
    }
}
