// SPDX-License-Identifier: MPL-2.0
//! Prints, and writes files so that a reader sees the old or the new one and never half of it.

use crate::failure::Failure;
use parconfig::diff::{MASK, is_secret};
use parconfig::ini_edit::Edit;
use parconfig::path::Path as Field;
use parconfig::{Config, ConfigText};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Prints to the standard output; a reader that went away is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Output(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints JSON.
pub fn print_json(value: &Value) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::Output(error.to_string()))?;
    print(&format!("{text}\n"))
}

/// Name of the backup: the file's name with a `~`.
pub fn backup_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("~");
    PathBuf::from(name)
}

/// Writes a new file beside the old one and renames it. With `backup` the old one is kept under [`backup_name`].
pub fn write(path: &Path, bytes: &[u8], backup: bool) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::Output(format!("{}: {error}", path.display()));
    // A link stays a link: the file it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".parconfig-")
        .tempfile_in(folder)
        .map_err(fail)?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(fail)?;
    match fs::metadata(&target) {
        Ok(old) => {
            fs::set_permissions(file.path(), old.permissions()).map_err(fail)?;
            if backup {
                fs::copy(&target, backup_name(&target)).map_err(fail)?;
            }
        }
        Err(_) => set_mode(file.path(), bytes).map_err(fail)?,
    }
    file.persist(&target).map_err(|error| fail(error.error))?;
    Ok(())
}

/// New files can be read by everybody, those that hold a password by their owner alone.
fn set_mode(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let secret = memchr::memmem::find(bytes, b"password").is_some();
        fs::set_permissions(
            path,
            fs::Permissions::from_mode(if secret { 0o600 } else { 0o644 }),
        )?;
    }
    #[cfg(not(unix))]
    let _ = (path, bytes);
    Ok(())
}

/// Writes to a file, or prints where there is none.
pub fn write_or_print(path: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    match path {
        Some(path) => write(path, bytes, true),
        None => {
            let mut out = std::io::stdout().lock();
            match out.write_all(bytes).and_then(|()| out.flush()) {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    Err(Failure::Output(format!("standard output: {error}")))
                }
                _ => Ok(()),
            }
        }
    }
}

/// Secrets of a configuration that have a value.
pub fn secrets_in(config: &Config) -> usize {
    let values = config
        .sections
        .iter()
        .flat_map(|s| s.entries.iter().map(move |e| (s, e)));
    values
        .filter(|(s, e)| !e.value.is_empty() && is_secret(&Field::new(&s.name, &e.key)))
        .count()
}

/// Writes a text to a file. Without one it is printed, but not while it holds passwords that were not asked for: masked they
/// would be lost to whoever keeps the output.
pub fn write_text(path: Option<&Path>, text: &ConfigText, secrets: bool) -> Result<(), Failure> {
    if path.is_none() && !secrets && secrets_in(text.config()) > 0 {
        return Err(Failure::Use(
            "the text holds passwords: name a file with -o, or print them with --show-secrets"
                .into(),
        ));
    }
    write_or_print(path, &text.to_bytes())
}

/// A value, masked if its field is secret.
pub fn masked(path: &Field, value: &str, secrets: bool) -> String {
    if is_secret(path) && !secrets {
        MASK.into()
    } else {
        value.into()
    }
}

/// Edits as the lines of a difference.
pub fn edits_text(edits: &[Edit], secrets: bool) -> String {
    let mut out = String::new();
    for edit in edits {
        let path = Field::new(&edit.section, &edit.key);
        let show = |value: &Option<String>| value.as_deref().map(|v| masked(&path, v, secrets));
        out.push_str(&format!(
            "line {}: [{}] {}\n",
            edit.line, edit.section, edit.key
        ));
        if let Some(old) = show(&edit.old) {
            out.push_str(&format!("- {old}\n"));
        }
        if let Some(new) = show(&edit.new) {
            out.push_str(&format!("+ {new}\n"));
        }
    }
    out
}

/// Edits as JSON.
pub fn edits_json(edits: &[Edit], secrets: bool) -> Value {
    let all = edits.iter().map(|edit| {
        let path = Field::new(&edit.section, &edit.key);
        let show = |value: &Option<String>| value.as_deref().map(|v| masked(&path, v, secrets));
        json!({
            "section": edit.section,
            "key": edit.key,
            "line": edit.line,
            "old": show(&edit.old),
            "new": show(&edit.new),
        })
    });
    Value::Array(all.collect())
}
