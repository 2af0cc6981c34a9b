// SPDX-License-Identifier: MPL-2.0
//! Files made of the records of others, and what is said of them.

use crate::exptool_tools::{json, text};
use std::path::{Path, PathBuf};

/// The records of a file of the reference layout.
pub fn records(file: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(file).unwrap();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut records) = (word(8), Vec::new());
    while at + 4 <= bytes.len() && &bytes[at..at + 4] != b"DXIX" {
        records.push(bytes[at..at + word(at)].to_vec());
        at += word(at);
    }
    records
}

/// A file of records alone, without header and index.
pub fn bare(folder: &Path, name: &str, records: &[Vec<u8>]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, records.concat()).unwrap();
    path
}

/// A file with the header of `like` made to fit, and an index of the records that `listed` says.
pub fn whole(
    like: &Path,
    name: &str,
    records: &[Vec<u8>],
    listed: &dyn Fn(usize) -> bool,
) -> PathBuf {
    let original = std::fs::read(like).unwrap();
    let size = u32::from_le_bytes(original[8..12].try_into().unwrap()) as usize;
    let mut bytes = original[..size].to_vec();
    let mut entries = Vec::new();
    for (n, record) in records.iter().enumerate() {
        if listed(n) {
            entries.extend((bytes.len() as u64).to_le_bytes());
            entries.extend(&record[4..8]);
            entries.extend(&record[12..14]);
            entries.extend([record[8], record[11]]);
        }
        bytes.extend(record);
    }
    let index_at = bytes.len() as u64;
    bytes[76..80].copy_from_slice(&(records.len() as u32).to_le_bytes());
    bytes[80..88].copy_from_slice(&index_at.to_le_bytes());
    seal(&mut bytes);
    bytes.extend(b"DXIX");
    bytes.extend((entries.len() as u32 / 16).to_le_bytes());
    let sum = crc32fast::hash(&entries);
    bytes.extend(entries);
    bytes.extend(sum.to_le_bytes());
    let path = like.with_file_name(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Makes the header's checksum right.
pub fn seal(bytes: &mut [u8]) {
    let sum = crc32fast::hash(&bytes[..120]);
    bytes[124..128].copy_from_slice(&sum.to_le_bytes());
}

/// How a file compares with a manifest: the answer and its first comparison.
pub fn against(file: &Path, manifest: &Path, more: &[&str], code: i32) -> serde_json::Value {
    let mut arguments = vec!["verify", text(file), "--against", text(manifest)];
    arguments.extend(more);
    json(&arguments, code)
}

/// The numbers of a comparison: same, changed, missing, moved, repeated, foreign.
pub fn numbers(answer: &serde_json::Value) -> [u64; 6] {
    let kinds = ["same", "changed", "missing", "moved", "repeated", "foreign"];
    kinds.map(|kind| answer["against"][0][kind].as_u64().unwrap())
}

/// The frames that differ in some way.
pub fn frames_that(answer: &serde_json::Value, kind: &str, number: &str) -> Vec<u64> {
    let all = answer["against"][0]["differences"].as_array().unwrap();
    let those = all.iter().filter(|one| one["difference"] == kind);
    those.map(|one| one[number].as_u64().unwrap()).collect()
}

/// Turns a bit of the coded bytes.
pub fn spoil(record: &mut [u8]) {
    let at = record.len() - 12;
    record[at] ^= 0x10;
}
