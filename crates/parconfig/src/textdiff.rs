// SPDX-License-Identifier: MPL-2.0
//! The difference of two texts as `git diff` prints it, with secrets masked.

use crate::code_page::CodePage;
use crate::place::masked;
use similar::{ChangeTag, TextDiff};

/// Unified difference with three lines around each change and the section that it is in; empty where the texts are equal. The
/// characters are those of each text's own code page.
pub fn unified(name: &str, old: &[u8], new: &[u8], secrets: bool) -> String {
    if old == new {
        return String::new();
    }
    let decode = |bytes: &[u8]| CodePage::detect(bytes).decode(bytes);
    let (before, after) = (decode(old), decode(new));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let mut out = format!("--- {name}\n+++ {name}\n");
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        let start = hunk.ops().first().map_or(0, |op| op.old_range().start);
        let above = before.lines().take(start);
        let section = above.filter(|line| line.starts_with('[')).last();
        let header = format!("{} {}", hunk.header(), section.unwrap_or_default());
        out.push_str(&visible(header.trim_end()));
        out.push('\n');
        for change in hunk.iter_changes() {
            out.push(match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            });
            let line = change.value().trim_end_matches(['\r', '\n']);
            let line = match line.split_once('=') {
                Some((key, value)) => {
                    let shown = masked(key.trim(), value.trim(), secrets);
                    format!(
                        "{key}={}",
                        if shown == value.trim() { value } else { shown }
                    )
                }
                None => line.to_owned(),
            };
            out.push_str(&visible(&line));
            out.push('\n');
        }
    }
    out
}

/// Control characters of a file do not reach the terminal.
pub fn visible(text: &str) -> String {
    let visible = |c: char| match c {
        '\t' => c,
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(visible).collect()
}
