// SPDX-License-Identifier: MPL-2.0
//! `.ini` texts: printing is the identity, an edit changes what it should and can be read back.
#![no_main]

use parconfig::ini::Ini;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(ini) = Ini::parse(input) else { return };
    assert_eq!(ini.to_bytes(), input);
    let entries: Vec<_> = ini.entries().collect();
    for entry in entries.iter().take(8) {
        let mut edited = ini.clone();
        if edited
            .set(&entry.section, &entry.key, "new value")
            .is_ok()
        {
            let mut again = Ini::parse(&edited.to_bytes()).unwrap();
            // The bytes that showed the code page may have been those of the old value.
            again.set_code_page(ini.code_page()).unwrap();
            assert_eq!(again.get(&entry.section, &entry.key), Some("new value"));
        }
        let mut edited = ini.clone();
        if edited.add(&entry.section, "added", "x").is_ok() {
            edited.remove(&entry.section, "added");
            assert_eq!(edited.get(&entry.section, "added"), None);
        }
    }
});
