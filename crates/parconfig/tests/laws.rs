// SPDX-License-Identifier: MPL-2.0
//! Laws that hold for any text: parse and print, set and get, diff and patch, merge.

use parconfig::ConfigText;
use parconfig::diff::{Match, diff, patch};
use parconfig::ini::{Entry, Ini};
use parconfig::merge::{Merged, merge};
use parconfig::text::write;
use proptest::prelude::*;

/// Lines as units write them, and lines that nobody should write.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let ends = prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n"]);
    let body = prop_oneof![
        "[ \t]{0,2}[a-c]{1,2}[ \t]{0,2}=[ \t]{0,2}[a-zé ;#=\"]{0,6}",
        "\\[ ?[a-c]{0,2} ?\\][ ;x]{0,3}",
        "[;#][ -~]{0,8}",
        "[ \t]{0,3}",
        "[ -~]{0,8}",
        "[=\\[]{0,3}",
    ];
    (body, ends).prop_map(|(body, end)| [body.as_bytes(), end.as_bytes()].concat())
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        &b""[..],
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xe9=\xe8\r\n",
    ]);
    let tail = prop::sample::select(vec![&b""[..], b"\0", b"\x1a", b"\0\x1a\0", b"a=b", b"[x]"]);
    (start, prop::collection::vec(line(), 0..12), tail)
        .prop_map(|(start, lines, tail)| [start.to_vec(), lines.concat(), tail.to_vec()].concat())
}

fn lines_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parse_and_print_of_any_bytes_is_the_identity(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(Ini::parse(&bytes).unwrap().to_bytes(), bytes);
    }

    #[test]
    fn parse_and_print_of_a_text_is_the_identity(bytes in text()) {
        prop_assert_eq!(Ini::parse(&bytes).unwrap().to_bytes(), bytes);
    }

    #[test]
    fn what_was_set_is_read_and_nothing_else_changes(
        bytes in text(), section in "[a-d]{0,2}", key in "[a-d]{1,2}", value in "([!-~]([ -~]{0,6}[!-~])?)?",
    ) {
        let mut ini = Ini::parse(&bytes).unwrap();
        let before: Vec<_> = ini.entries().collect();
        let had = ini.get_all(&section, &key).len();
        ini.set(&section, &key, &value, None).unwrap();
        let again = Ini::parse(&ini.to_bytes()).unwrap();
        let read = again.get(&section, &key);
        prop_assert_eq!(read.as_deref(), Some(value.as_str()));
        let bom = |bytes: &[u8]| bytes.starts_with(b"\xef\xbb\xbf");
        prop_assert_eq!(bom(&ini.to_bytes()), bom(&bytes));
        let after: Vec<_> = again.entries().collect();
        prop_assert_eq!(after.len(), before.len() + usize::from(had == 0));
        // All other values stand in the same order.
        let others = |entries: &[Entry]| -> Vec<(String, String, String)> {
            entries.iter()
                .filter(|e| !(e.section.eq_ignore_ascii_case(&section) && e.key.eq_ignore_ascii_case(&key)))
                .map(|e| (e.section.clone(), e.key.clone(), e.value.clone()))
                .collect()
        };
        prop_assert_eq!(others(&after), others(&before));
        if had > 0 {
            let (old, new) = (lines_of(&bytes), lines_of(&ini.to_bytes()));
            prop_assert_eq!(old.len(), new.len());
            let changed = old.iter().zip(&new).filter(|(a, b)| a != b).count();
            prop_assert!(changed <= 1);
        }
    }

    #[test]
    fn setting_the_same_value_changes_no_byte(bytes in text()) {
        let ini = Ini::parse(&bytes).unwrap();
        for entry in ini.entries().collect::<Vec<_>>() {
            let mut edited = ini.clone();
            let Some(value) = edited.get(&entry.section, &entry.key) else { continue };
            if edited.set(&entry.section, &entry.key, &value, None).is_ok() {
                prop_assert_eq!(edited.to_bytes(), bytes.clone());
            }
        }
    }

    #[test]
    fn removing_what_was_added_restores_the_text(bytes in text(), value in "[!-~]{0,5}") {
        let bytes = [bytes, b"\n".to_vec()].concat();
        let mut ini = Ini::parse(&bytes).unwrap();
        let Some(section) = ini.entries().map(|e| e.section).last() else { return Ok(()) };
        ini.add(&section, "new", &value).unwrap();
        ini.remove(&section, "new", None).unwrap();
        prop_assert_eq!(ini.to_bytes(), bytes);
    }
}

/// A configuration of a few fields, known and unknown.
fn config() -> impl Strategy<Value = ConfigText> {
    let path = prop::sample::select(vec![
        ("unit", "name"),
        ("network", "name"),
        ("alarm.2", "title"),
        ("camera.1", "title"),
        ("camera.2", "title"),
        ("camera.2", "enabled"),
        ("profile.day", "rate"),
        ("Own", "Thing"),
    ]);
    let value = prop::sample::select(vec![
        "yes",
        "no",
        "25",
        "40 ms",
        "Front door",
        " edge ",
        "\"q\"",
        "",
    ]);
    let pairs = prop::collection::vec((path, value), 0..8);
    (pairs, any::<bool>(), any::<bool>()).prop_map(|(pairs, bare, bom)| {
        let mut text = String::from(if bom { "" } else { "; par 1\n" });
        for ((section, key), value) in pairs {
            text.push_str(&format!("[{section}]\n{key} = \"{value}\"\n"));
        }
        if bare {
            text = text.trim_end().to_owned();
        }
        if bom {
            text.insert(0, '\u{feff}');
        }
        ConfigText::parse(text.as_bytes()).unwrap()
    })
}

fn conflicts(merged: &Merged) -> Vec<String> {
    merged
        .conflicts
        .iter()
        .map(|c| c.path.to_string())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_differs_from_itself(a in config()) {
        prop_assert!(diff(a.config(), a.config(), Match::Number).is_empty());
        prop_assert!(diff(a.config(), a.config(), Match::Title).is_empty());
    }

    #[test]
    fn the_difference_makes_the_second_out_of_the_first(a in config(), b in config()) {
        let made = patch(a.config(), &diff(a.config(), b.config(), Match::Number));
        prop_assert_eq!(made.flat(), b.config().flat());
    }

    #[test]
    fn the_difference_turned_round_leads_back(a in config(), b in config()) {
        let there = diff(a.config(), b.config(), Match::Number);
        let back = diff(b.config(), a.config(), Match::Number);
        prop_assert_eq!(there.changes.len(), back.changes.len());
        for (x, y) in there.changes.iter().zip(&back.changes) {
            prop_assert_eq!((&x.path, &x.old, &x.new), (&y.path, &y.new, &y.old));
        }
    }

    #[test]
    fn the_written_text_means_the_same(a in config()) {
        let again = ConfigText::parse(write(a.config()).as_bytes()).unwrap();
        prop_assert_eq!(again.config().flat(), a.config().flat());
        prop_assert_eq!(write(again.config()), write(a.config()));
    }

    #[test]
    fn merge_takes_the_only_change(base in config(), changed in config()) {
        let ours = merge(&base, &changed, &base).unwrap();
        prop_assert_eq!(ours.text.to_bytes(), changed.to_bytes());
        let theirs = merge(&base, &base, &changed).unwrap();
        prop_assert_eq!(theirs.text.config().flat(), changed.config().flat());
        let both = merge(&base, &changed, &changed).unwrap();
        prop_assert_eq!(both.text.to_bytes(), changed.to_bytes());
        prop_assert!(ours.conflicts.is_empty() && theirs.conflicts.is_empty() && both.conflicts.is_empty());
    }

    #[test]
    fn merge_finds_the_same_conflicts_from_both_sides(base in config(), a in config(), b in config()) {
        let (one, two) = (merge(&base, &a, &b).unwrap(), merge(&base, &b, &a).unwrap());
        prop_assert_eq!(conflicts(&one), conflicts(&two));
        if one.conflicts.is_empty() {
            prop_assert_eq!(one.text.config().flat(), two.text.config().flat());
        } else {
            // Marks are comments: the text can still be read, and check finds them.
            let again = ConfigText::parse(&one.text.to_bytes()).unwrap();
            let findings = parconfig::check::check(again.config());
            prop_assert!(findings.iter().any(|f| f.rule == "conflict"));
        }
    }
}
