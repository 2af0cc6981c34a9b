// SPDX-License-Identifier: MPL-2.0
//! Which files are inputs, and what their outputs are called.

use super::Format;
use crate::common::{Failure, output};
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

/// Suffixes that files in a folder are tried for. What a file is, its content tells.
const SUFFIXES: [&str; 8] = ["exp", "avi", "adbin", "mime", "par", "pel", "bin", "dat"];
/// Bytes of an AVI that tell whether it is a recorder's.
const AVI_HEAD: u64 = 256 << 10;
/// Folders within folders that are gone into.
const MAX_DEPTH: u32 = 16;

/// A file to convert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub path: PathBuf,
    /// Its place below the folder that was named, without its suffix.
    pub stem: PathBuf,
    /// Why it cannot be read: a folder that does not let us in.
    pub problem: Option<String>,
}

impl Item {
    fn new(path: PathBuf, stem: PathBuf) -> Item {
        Item {
            path,
            stem,
            problem: None,
        }
    }
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
            .map_err(|error| Failure::Use(format!("{text}: is no wildcard: {error}")))?;
        let mut found: Vec<PathBuf> = paths.filter_map(Result::ok).collect();
        found.sort();
        if found.is_empty() {
            return Err(Failure::Input(format!("{text}: no file fits")));
        }
        for path in found {
            add(&path, &mut items);
        }
    }
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(item.path.clone()));
    items.iter().for_each(|item| output::protect(&item.path));
    apart(&mut items);
    Ok(items)
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
            let mut item = Item::new(at.to_owned(), at.to_owned());
            item.problem = Some(error.to_string());
            return items.push(item);
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
            items.push(Item::new(path, stem));
        }
    }
}

/// Whether an AVI in a folder is a recorder's: others, such as those that were made of recordings here, are skipped.
fn is_plv1(path: &Path) -> bool {
    let mut head = Vec::new();
    let file = std::fs::File::open(path);
    // one that cannot be read is told as such later
    if file.is_err() || file.is_ok_and(|f| f.take(AVI_HEAD).read_to_end(&mut head).is_err()) {
        return true;
    }
    let window = Window {
        offset: 0,
        data: &head,
        last: true,
        unread: 0,
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
    format: Format,
    /// Outputs of this call, and the input of each.
    claimed: Mutex<HashMap<PathBuf, PathBuf>>,
}

impl Names {
    /// By `-o`: a folder where it is one, ends in a slash, or there are several inputs; else a file.
    pub fn new(out: Option<&Path>, format: Format, several: bool) -> Names {
        let slash = out.is_some_and(|out| out.as_os_str().as_encoded_bytes().ends_with(b"/"));
        Names {
            out: out.map(Path::to_owned),
            folder: several || slash || out.is_some_and(Path::is_dir),
            format,
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

    /// The output of an input's camera; `camera` is `None` for a mosaic, and where there is only one.
    pub fn output(&self, item: &Item, camera: Option<u16>) -> PathBuf {
        let base = match &self.out {
            Some(out) if self.folder => out.join(&item.stem),
            Some(out)
                if out
                    .extension()
                    .is_some_and(|end| end == self.format.suffix()) =>
            {
                out.with_extension("")
            }
            Some(out) => out.clone(),
            None => {
                let folder = item.path.parent().map(Path::to_owned).unwrap_or_default();
                folder.join(item.stem.file_name().unwrap_or_default())
            }
        };
        if let (Some(out), false, None) = (&self.out, self.folder, camera) {
            return out.clone();
        }
        let named = |middle: &str| {
            let mut name = base.clone().into_os_string();
            name.push(middle);
            name.push(".");
            name.push(self.format.suffix());
            PathBuf::from(name)
        };
        let name = named(&camera.map(|n| format!("-camera{n}")).unwrap_or_default());
        // an AVI beside its input must not have the input's name
        match name == item.path {
            true => named("-converted"),
            false => name,
        }
    }
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
        let names =
            |out: Option<&str>, several| Names::new(out.map(Path::new), Format::Mp4, several);
        let name = |names: Names, camera| names.output(&item, camera).to_str().unwrap().to_owned();
        assert_eq!(name(names(None, false), None), "/in/x.mp4");
        assert_eq!(name(names(Some("/o/y.mp4"), false), None), "/o/y.mp4");
        assert_eq!(
            name(names(Some("/o/y.mp4"), false), Some(2)),
            "/o/y-camera2.mp4"
        );
        assert_eq!(name(names(Some("/o/"), false), Some(2)), "/o/x-camera2.mp4");
        assert_eq!(name(names(Some("/o"), true), None), "/o/x.mp4");
        let names = names(Some("/o"), true);
        let output = Path::new("/o/x.mp4");
        assert_eq!(names.claim(output, Path::new("/in/x.exp")), Ok(()));
        assert_eq!(names.claim(output, Path::new("/in/x.exp")), Ok(()));
        assert!(names.claim(output, Path::new("/in/y.exp")).is_err());
    }
}
