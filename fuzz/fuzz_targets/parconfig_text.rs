// SPDX-License-Identifier: MPL-2.0
//! Configuration texts: what can be read can be checked, written, compared, edited and merged, and means the same afterwards.
#![no_main]

use parconfig::check::check;
use parconfig::diff::{Match, diff};
use parconfig::merge::merge;
use parconfig::picture::week_svg;
use parconfig::text::write;
use parconfig::{ConfigText, Path};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = ConfigText::parse(input) else {
        return;
    };
    assert_eq!(text.to_bytes(), input);
    check(text.config());
    week_svg(text.config());
    text.config().titles();
    let Ok(again) = ConfigText::parse(write(text.config()).as_bytes()) else {
        // A name that only its place made legal, such as a key that begins with a bracket.
        return;
    };
    let _ = diff(text.config(), again.config(), Match::Title);
    let mut edited = text.clone();
    if edited.set(&Path::new("camera.3", "title"), "Gate").is_ok() {
        assert_eq!(edited.config().value("camera.3", "title"), Some("Gate"));
        if let Ok(merged) = merge(&text, &text, &edited) {
            assert_eq!(merged.text.config().flat(), edited.config().flat());
        }
    }
});
