// SPDX-License-Identifier: MPL-2.0
//! What the packages say about themselves agrees, wherever it is said.

use std::{path::Path, process::Command};

fn text(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// What stands in `text` between two words.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect(before);
    rest.split_once(after).expect(after).0
}

#[test]
fn version_date_and_oldest_rust_are_the_same_everywhere() {
    let asked = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let found: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
    let packages = found["packages"].as_array().unwrap();
    assert_eq!(packages.len(), 6);
    let [version, rust] = [env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_RUST_VERSION")];
    for package in packages {
        let name = &package["name"];
        assert_eq!(package["version"], version, "{name}");
        assert_eq!(package["rust_version"], rust, "{name}");
        assert_eq!(package["license"], env!("CARGO_PKG_LICENSE"), "{name}");
        assert!(package["description"].is_string(), "{name}");
        // none holds this code publicly
        for link in ["repository", "homepage", "documentation"] {
            assert!(package[link].is_null(), "{name} names a {link}");
        }
    }
    let changes = text("CHANGELOG.md");
    let date = between(&changes, &format!("## {version}, "), "\n");
    let here = |package: &&serde_json::Value| package["name"] == env!("CARGO_PKG_NAME");
    let plugin = packages.iter().find(here).unwrap();
    assert_eq!(plugin["metadata"]["gstreamer"]["release_date"], date);
    let meson = text("meson.build");
    assert_eq!(between(&meson, "version: '", "'"), version);
    assert_eq!(between(&meson, "'cargo', version: '>= ", "'"), rust);
    assert_eq!(between(&text("README.md"), "and Rust ", " "), rust);
    let contributing = text("CONTRIBUTING.md");
    assert_eq!(between(&contributing, "`cargo +", " check"), rust);
}
