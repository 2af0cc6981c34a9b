// SPDX-License-Identifier: MPL-2.0
//! What the tests of the rules share.

use parconfig::ConfigText;
use parconfig::check::{Finding, Severity, check};

pub fn example(name: &str) -> String {
    let path = format!(
        "{}/examples/parconfig/{name}",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    );
    std::fs::read_to_string(path).unwrap()
}

pub fn findings(text: &str) -> Vec<Finding> {
    check(ConfigText::parse(text.as_bytes()).unwrap().config())
}

/// The good example with some text replaced.
pub fn changed(from: &str, to: &str) -> Vec<Finding> {
    let text = example("north.par");
    assert!(text.contains(from), "{from:?} is not in the example");
    findings(&text.replacen(from, to, 1))
}

#[track_caller]
pub fn only(found: &[Finding], severity: Severity, rule: &str, path: &str, message: &str) {
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{shown:#?}");
    let one = &found[0];
    assert_eq!(
        (one.severity, one.rule, one.path.as_str()),
        (severity, rule, path),
        "{shown:?}"
    );
    assert!(one.message.contains(message), "{shown:?}");
    assert!(one.place.line > 0 && one.place.column > 0, "{shown:?}");
}
