// SPDX-License-Identifier: MPL-2.0
//! Fetched sets in a git repository of the user's, through the program `git`.

use super::set::UnitSet;
use crate::error::{Error, Result};
use std::path::Path;
use std::process::{Command, Output};

fn git(folder: &Path, arguments: &[&str]) -> Result<Output> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output();
    output.map_err(|error| Error::refuse("git", error))
}

/// The standard output of a git command that has to succeed.
fn output(folder: &Path, arguments: &[&str]) -> Result<String> {
    let done = git(folder, arguments)?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned());
    }
    let why = String::from_utf8_lossy(&done.stderr);
    let command = arguments.first().unwrap_or(&"");
    let message = format!("git {command}: {}", why.trim());
    Err(Error::refuse(folder.display(), message))
}

/// Commits the files of a set as the unit has them to the repository that the folder is in; answers the commit, or nothing where
/// there is nothing new. A second commit of a unit on one day replaces the first one if that is the newest and was not pushed.
/// Only the files of the set are committed, and not its state.
///
/// # Errors
/// Where the folder is not in a repository, has edits that were not pushed, or git fails.
pub fn commit(folder: &Path) -> Result<Option<String>> {
    let set = UnitSet::open(folder)?;
    if let Some(change) = set.changes()?.first() {
        return set.refuse(format!("{} has edits that were not pushed", change.name));
    }
    let name = std::path::absolute(folder)
        .ok()
        .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let paths = ["--", ".", ":(exclude,top,glob)**/.parconfig/**"];
    let args =
        |words: &[&'static str]| -> Vec<&str> { words.iter().copied().chain(paths).collect() };
    output(folder, &args(&["add", "-A"]))?;
    let staged = output(folder, &args(&["diff", "--cached", "--name-only"]))?;
    if staged.is_empty() {
        return Ok(None);
    }
    let day = jiff::Zoned::now().date();
    let subject = format!("{}: {day}", name.as_deref().unwrap_or("unit"));
    let message = format!("{subject}\n\n{}\n", set.manifest.url);
    // Without a commit there is no HEAD, which is fine.
    let head = output(folder, &["log", "-1", "--format=%s"]).unwrap_or_default();
    let published = output(folder, &["branch", "-r", "--contains", "HEAD"]).unwrap_or_default();
    let amend = head == subject && published.is_empty();
    let mut arguments = vec!["commit", "-q", "-m", message.as_str()];
    arguments.extend(amend.then_some("--amend"));
    arguments.extend(paths);
    output(folder, &arguments)?;
    output(folder, &["rev-parse", "--short", "HEAD"]).map(Some)
}
