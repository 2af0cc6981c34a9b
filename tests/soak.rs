// SPDX-License-Identifier: MPL-2.0
//! The short form of `scripts/soak`: recordings, pipelines, seeks, many demuxers and neighbours that fail leave a process as it was.

use std::process::Command;
use testing::common::shell::built_example;

#[test]
fn a_process_is_left_as_it_was() {
    let output = Command::new(built_example("soak"))
        .arg("short")
        .env("GST_TRACERS", "leaks")
        // memory that is free again is resident in one place, not in one for each thread
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .expect("cargo builds the example for its tests");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    assert!(said.contains("objects alive"), "{said}");
}
