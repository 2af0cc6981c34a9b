// SPDX-License-Identifier: MPL-2.0
//! Prints results.

use crate::failure::Failure;
use parconfig::ini::Edit;
use parconfig::place::{MASK, is_secret};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Prints to the standard output; a reader that went away is not a failure.
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
    print(&format!("{value:#}\n"))
}

/// Writes a file; the old version is kept as FILE~.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    parconfig::files::write_with_backup(path, bytes)
        .map_err(|error| Failure::Output(error.to_string()))
}

/// `1 file`, `2 files`.
pub fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// Edits of files as the lines of a difference.
pub fn edits_text(edits: &[(String, Edit)], secrets: bool) -> String {
    let mut out = String::new();
    for (file, edit) in edits {
        let shown = |value: &str| {
            if is_secret(&edit.key) && !secrets {
                MASK.to_owned()
            } else {
                value.to_owned()
            }
        };
        out.push_str(&format!(
            "{file}:{}: [{}] {}\n",
            edit.line, edit.section, edit.key
        ));
        out.extend(edit.old.iter().map(|old| format!("-{}\n", shown(old))));
        out.extend(edit.new.iter().map(|new| format!("+{}\n", shown(new))));
    }
    out
}

/// Edits of files as JSON.
pub fn edits_json(edits: &[(String, Edit)], secrets: bool) -> Value {
    let json = |(file, edit): &(String, Edit)| {
        let shown = |value: &Option<String>| {
            value.as_ref().map(|v| {
                if is_secret(&edit.key) && !secrets {
                    MASK
                } else {
                    v
                }
                .to_owned()
            })
        };
        json!({ "file": file, "section": edit.section, "key": edit.key, "line": edit.line, "old": shown(&edit.old), "new": shown(&edit.new) })
    };
    edits.iter().map(json).collect()
}
