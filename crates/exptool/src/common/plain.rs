// SPDX-License-Identifier: MPL-2.0
//! Texts of unknown origin (a server's name, a title, a file's name) made harmless for a terminal: they shall neither move the
//! cursor, nor begin a line that looks like one of ours, nor turn the order of letters.

use std::borrow::Cow;

fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with every control character, end of line and invisible mark written as `\u{1b}`, `\n` and the like.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match is_odd(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The same of a text of several lines: they stay lines, and all but the first are indented.
pub fn plain_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(plain).collect();
    lines.join("\n  ")
}

/// The name of a file.
pub fn path(path: &std::path::Path) -> String {
    plain(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_forges_a_line() {
        assert_eq!(plain("Café “Tor” \\o/"), "Café “Tor” \\o/");
        assert_eq!(
            plain("a\x1b[31m\n  result  all right\u{202e}\u{9b}"),
            "a\\u{1b}[31m\\n  result  all right\\u{202e}\\u{9b}"
        );
        assert_eq!(plain_lines("a\nb\r"), "a\n  b\\r");
    }
}
