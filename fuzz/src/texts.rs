// SPDX-License-Identifier: MPL-2.0
//! Texts that people write: configuration texts, tables, mappings, `.ini` files, layouts, titles. The first byte picks the kind.

use formats::{
    exp::{layout::Layout, probe::open_layout},
    titles::Titles,
};
use parconfig::{
    ConfigText,
    config::{
        diff::{diff, merge},
        import::import,
    },
    ini::Ini,
    picture::week_svg,
    rollout::{mapping::Mapping, table::Table},
};
use std::sync::LazyLock;
use testing::driver;

/// A small file for the layouts.
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| crate::seeds::native(true, true));

/// One run of the target.
pub fn run(input: &[u8]) {
    let Some((kind, input)) = input.split_first() else {
        return;
    };
    match kind % 6 {
        0 => config(input),
        1 => ini(input),
        2 => drop(Table::parse(input)),
        3 => drop((Mapping::parse(input), import(input))),
        4 => layout(input),
        _ => drop(Titles::parse(&String::from_utf8_lossy(input))),
    }
}

/// What can be read can be checked, drawn, written, edited and merged, and means the same afterwards.
fn config(input: &[u8]) {
    let Ok(text) = ConfigText::parse(input) else {
        return;
    };
    text.check();
    week_svg(text.config());
    let again = ConfigText::from_config(text.config()).unwrap();
    assert_eq!(diff(text.config(), again.config()), []);
    let mut edited = text.clone();
    let title = ("camera.3.title".to_owned(), "Gate".into());
    if edited.set(&[title]).is_ok() {
        let merged = merge(&text, &text, &edited, false).unwrap();
        assert_eq!(diff(merged.text.config(), edited.config()), []);
    }
}

/// Printing is the identity, an edit changes what it should and can be read back.
fn ini(input: &[u8]) {
    let Ok(ini) = Ini::parse(input) else { return };
    assert_eq!(ini.to_bytes(), input);
    let entries: Vec<_> = ini.entries().collect();
    for entry in entries.iter().take(8) {
        let mut edited = ini.clone();
        if edited.set(&entry.section, &entry.key, "new value").is_ok() {
            let mut again = Ini::parse(&edited.to_bytes()).unwrap();
            // The bytes that showed the code page may have been those of the old value.
            again.set_code_page(ini.code_page()).unwrap();
            let value = again.get(&entry.section, &entry.key);
            assert_eq!(value.as_deref(), Some("new value"));
        }
        let mut edited = ini.clone();
        if edited.add(&entry.section, "added", "x").is_ok() {
            edited.remove(&entry.section, "added");
            assert_eq!(edited.get(&entry.section, "added"), None);
        }
    }
}

/// A layout that is accepted reads any file as every reader does.
fn layout(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(layout) = Layout::from_toml(text) {
        driver::run(|| open_layout(layout.clone()), &FILE);
    }
}
