// SPDX-License-Identifier: MPL-2.0
//! Laws that hold for any bytes: parse and print of `.ini` files, set and get; tables as spreadsheets write them; no panic.

use parconfig::ConfigText;
use parconfig::archive::read_zip;
use parconfig::config::import::import;
use parconfig::ini::{Entry, Ini};
use parconfig::rollout::mapping::Mapping;
use parconfig::rollout::table::Table;
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
        let is_it = |e: &&Entry| e.section.eq_ignore_ascii_case(&section) && e.key.eq_ignore_ascii_case(&key);
        let had = before.iter().filter(is_it).count();
        ini.set(&section, &key, &value).unwrap();
        let again = Ini::parse(&ini.to_bytes()).unwrap();
        let read = again.get(&section, &key);
        prop_assert_eq!(read, Some(value.as_str()));
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
            let Some(value) = ini.get(&entry.section, &entry.key) else { continue };
            if edited.set(&entry.section, &entry.key, value).is_ok() {
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
        ini.remove(&section, "new");
        prop_assert_eq!(ini.to_bytes(), bytes);
    }

    #[test]
    fn a_table_reads_what_a_spreadsheet_writes(
        rows in prop::collection::vec(("[a-z]{1,3}", "[a-zé0-9,;.\" ]{0,6}", "[a-zé0-9,;.\" ]{0,6}"), 0..5),
        delimiter in prop::sample::select(vec![b',', b';', b'\t']),
        is_utf16 in any::<bool>(),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["unit", "a", "b"]).unwrap();
        for (unit, a, b) in &rows {
            writer.write_record([unit, a, b]).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let bytes = match is_utf16 {
            true => "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
            false => text.into_bytes(),
        };
        let table = Table::parse(&bytes).unwrap();
        let read: Vec<&[String]> = table.rows.iter().map(|row| &row.cells[..]).collect();
        let wanted: Vec<[String; 3]> = rows.iter().map(|(unit, a, b)| [unit.as_str(), a.trim(), b.trim()].map(str::to_owned)).collect();
        prop_assert_eq!(read, wanted);
    }

    #[test]
    fn nothing_panics_on_any_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        start in prop::sample::select(vec![&b""[..], b"PK\x03\x04", b"[[map]]\npath='", b"; par 1\n", b"sep=;\n", b"[unit]\nname='"]),
    ) {
        let bytes = [start, &bytes].concat();
        let _ = (read_zip(&bytes).is_ok(), Table::parse(&bytes).is_ok(), Mapping::parse(&bytes).is_ok(), import(&bytes).is_ok());
        if let Ok(text) = ConfigText::parse(&bytes) {
            text.check();
            let again = ConfigText::from_config(text.config()).unwrap();
            prop_assert_eq!(again.config(), text.config());
        }
    }
}
