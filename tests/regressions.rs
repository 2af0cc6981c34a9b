// SPDX-License-Identifier: MPL-2.0
//! Replays what the fuzzer found in the elements.

use testing::operations;

fn replay(target: &str, run: fn(&[u8])) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("fuzz/regressions").join(target);
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&std::fs::read(path).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0);
}

#[test]
fn findings_in_pipelines_stay_mended() {
    replay("pipeline", operations::run);
}

#[test]
fn findings_in_remuxed_files_stay_mended() {
    replay("round_trip", operations::round_trip);
}
