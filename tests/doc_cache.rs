// SPDX-License-Identifier: MPL-2.0
//! The documentation cache describes the elements as they are.

use std::path::Path;
use testing::common::shell::Place;

#[test]
fn the_documentation_cache_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = std::fs::read_to_string(root.join("docs/gst_plugins_cache.json")).unwrap();
    let script = root.join("scripts/doc-cache");
    let now = Place::new().run("/usr/bin/python3", &[script.to_str().unwrap()]);
    let (kept, now): (Vec<_>, Vec<_>) = (kept.lines().collect(), now.lines().collect());
    let different = kept.iter().zip(&now).find(|(kept, now)| kept != now);
    assert!(
        different.is_none() && kept.len() == now.len(),
        "docs/gst_plugins_cache.json is out of date (kept, now): {different:?}; run scripts/doc-cache > docs/gst_plugins_cache.json"
    );
}
