// SPDX-License-Identifier: MPL-2.0
//! The difference of two texts as `git diff` prints it, with secrets masked.

use crate::ini::code_page::CodePage;
use crate::place::{MASK, is_secret};
use similar::{ChangeTag, TextDiff};

/// Unified difference with three lines around each change; empty where the texts are equal. The characters are those of each
/// text's own code page.
pub fn unified(name: &str, old: &[u8], new: &[u8], secrets: bool) -> String {
    if old == new {
        return String::new();
    }
    let decode = |bytes: &[u8]| CodePage::detect(bytes).decode(bytes);
    let (before, after) = (decode(old), decode(new));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let mut out = format!("--- {name}\n+++ {name}\n");
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        out.push_str(&format!("{}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value().trim_end_matches(['\r', '\n']);
            out.push(sign);
            out.extend(masked(line, secrets).chars().map(visible));
            out.push('\n');
        }
    }
    out
}

/// A line of an `.ini` file with its value masked if its key names a secret.
fn masked(line: &str, secrets: bool) -> String {
    match line.split_once('=') {
        Some((key, value)) if !secrets && !value.trim().is_empty() && is_secret(key.trim()) => {
            format!("{key}={MASK}")
        }
        _ => line.to_owned(),
    }
}

/// Control characters of a file do not reach the terminal.
fn visible(c: char) -> char {
    if c.is_control() && c != '\t' {
        '\u{fffd}'
    } else {
        c
    }
}
