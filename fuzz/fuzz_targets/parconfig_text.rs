// SPDX-License-Identifier: MPL-2.0
//! Configuration texts: what can be read can be checked, drawn, written, edited and merged, and means the same afterwards.
#![no_main]

use parconfig::ConfigText;
use parconfig::config::diff::{diff, merge};
use parconfig::picture::week_svg;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = parconfig::rollout::mapping::Mapping::parse(input);
    let _ = parconfig::rollout::table::Table::parse(input);
    let _ = parconfig::config::import::import(input);
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
});
