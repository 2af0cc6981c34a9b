// SPDX-License-Identifier: MPL-2.0
//! Texts in the user's language, from the gettext catalogs in `po/`, which are part of the program.

use std::{collections::HashMap, sync::OnceLock};

/// Languages, and their catalogs.
pub const CATALOGS: [(&str, &str); 4] = [
    ("de", include_str!("../../po/de.po")),
    ("es", include_str!("../../po/es.po")),
    ("id", include_str!("../../po/id.po")),
    ("nl", include_str!("../../po/nl.po")),
];

/// A text in the user's language.
pub fn tr(text: &'static str) -> &'static str {
    static CHOSEN: OnceLock<HashMap<String, String>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        let asked = ["LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"];
        let values = asked.map(|name| std::env::var(name).unwrap_or_default());
        choose(&values).map(read).unwrap_or_default()
    });
    chosen.get(text).map_or(text, String::as_str)
}

/// The same, in which `{name}` stands for a value.
pub fn trf(text: &'static str, values: &[(&str, &str)]) -> String {
    let mut out = tr(text).to_owned();
    for (name, value) in values {
        out = out.replace(&format!("{{{name}}}"), value);
    }
    out
}

/// The catalog for `LANGUAGE`, `LC_ALL`, `LC_MESSAGES` and `LANG`.
pub fn choose(values: &[String; 4]) -> Option<&'static str> {
    let [language, all, messages, lang] = values;
    let locale = [all, messages, lang]
        .into_iter()
        .find(|value| !value.is_empty())?;
    // as gettext has it: without a locale, LANGUAGE says nothing
    if matches!(locale.as_str(), "C" | "POSIX") || locale.starts_with("C.") {
        return None;
    }
    let wanted = language.split(':').filter(|one| !one.is_empty());
    let mut wanted = wanted.chain([locale.as_str()]);
    let first = wanted.find_map(|one| {
        let code = one.split(['_', '.', '@']).next().unwrap_or(one);
        let known = CATALOGS.iter().find(|(known, _)| *known == code);
        known
            .map(|(_, text)| Some(*text))
            .or((code == "en").then_some(None))
    });
    first.flatten()
}

/// Reads a catalog. Fuzzy and empty translations are left out.
pub fn read(catalog: &str) -> HashMap<String, String> {
    let mut out = HashMap::new();
    for entry in catalog.split("\n\n") {
        let (mut id, mut text, mut field) = (String::new(), String::new(), 0);
        for line in entry.lines() {
            let rest = if let Some(rest) = line.strip_prefix("msgid ") {
                field = 1;
                rest
            } else if let Some(rest) = line.strip_prefix("msgstr ") {
                field = 2;
                rest
            } else {
                line
            };
            let Some(quoted) = rest
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
            else {
                continue;
            };
            match field {
                1 => unescape(quoted, &mut id),
                2 => unescape(quoted, &mut text),
                _ => {}
            }
        }
        let fuzzy = entry
            .lines()
            .any(|line| line.starts_with("#,") && line.contains("fuzzy"));
        if !id.is_empty() && !text.is_empty() && !fuzzy {
            out.insert(id, text);
        }
    }
    out
}

fn unescape(text: &str, out: &mut String) {
    let mut chars = text.chars();
    while let Some(one) = chars.next() {
        match one {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
}
