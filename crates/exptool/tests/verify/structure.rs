// SPDX-License-Identifier: MPL-2.0
//! Header, index and sequence numbers are compared with the records.

use crate::{
    exptool_tools::{json, one_camera, run, text},
    verify::files::{bare, records, seal, whole},
};
use testing::netvu_make::{Made, vop};

#[test]
fn an_index_is_no_more_than_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let original = std::fs::read(&file).unwrap();
    let (absurd, reported) = (folder.path().join("absurd.exp"), 80..88);
    let mut bytes = original.clone();
    bytes[reported.clone()].fill(0xff);
    seal(&mut bytes);
    std::fs::write(&absurd, &bytes).unwrap();
    let checked = &json(&["verify", text(&absurd)], 1)["checked"];
    assert_eq!(checked["records"], 60);
    assert_eq!(checked["checksums_ok"], 60);
    assert_eq!(checked["index"]["misplaced"], true);
    let words = checked["index"]["listed"][0].as_str().unwrap();
    assert!(words.contains("offset 18446744073709551615"), "{words}");
    // a flag for what is not there, and times that are none of the records'
    let mut bytes = original.clone();
    bytes[reported.clone()].fill(0);
    bytes[68] ^= 1;
    seal(&mut bytes);
    std::fs::write(&absurd, &bytes).unwrap();
    let wrong = json(&["verify", text(&absurd)], 1)["checked"]["header_wrong"].clone();
    let wrong: Vec<&str> = wrong
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one.as_str())
        .collect();
    assert!(wrong[0].contains("its offset is 0"), "{wrong:?}");
    assert!(
        wrong[1].contains("time of the first record is given as 2010-01-01T08:00:01Z"),
        "{wrong:?}"
    );
    assert_eq!(wrong.len(), 2);
    // an entry that repeats another, one that points nowhere
    let index = u64::from_le_bytes(original[reported].try_into().unwrap()) as usize + 8;
    let mut bytes = original.clone();
    bytes.copy_within(index..index + 16, index + 160);
    bytes[index + 320..index + 328].copy_from_slice(&12_345u64.to_le_bytes());
    let sum = crc32fast::hash(&bytes[index..index + 960]);
    bytes[index + 960..index + 964].copy_from_slice(&sum.to_le_bytes());
    std::fs::write(&absurd, &bytes).unwrap();
    let index = json(&["verify", text(&absurd)], 1)["checked"]["index"].clone();
    let count = |name: &str| index[name].as_u64().unwrap();
    assert_eq!(
        ["entries", "agree", "wrong", "without_entry"].map(count),
        [60, 58, 2, 2]
    );
    let reported = index["listed"].to_string();
    assert!(
        reported.contains("entry 10 points to offset 176, as entry 0 does"),
        "{reported}"
    );
    assert!(
        reported.contains("entry 20 points to offset 12345, where no record begins"),
        "{reported}"
    );
}

#[test]
fn holes_in_sequence_numbers_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = records(&one_camera(folder.path(), 8));
    let number = |record: &mut Vec<u8>, number: u16| {
        record[14..16].copy_from_slice(&number.to_le_bytes());
    };
    let sequence = |records: &[Vec<u8>], code| {
        let file = bare(folder.path(), "bare.exp", records);
        json(&["verify", text(&file)], code)["checked"]["sequence"].clone()
    };
    for (n, record) in all.iter_mut().enumerate() {
        // the numbers wrap on the way
        let hole = if n < 18 { 0 } else { 10 };
        number(record, 65_510u16.wrapping_add(n as u16 + hole));
    }
    let found = sequence(&all, 1);
    assert_eq!(
        (&found["jumps"], &found["missing"]),
        (&1.into(), &10.into())
    );
    let words = run(&["verify", text(&folder.path().join("bare.exp"))], 1);
    assert!(
        words.contains("sequence numbers jump from 65527 to 2 at offset "),
        "{words}"
    );
    assert!(words.contains(": 10 records may be missing"), "{words}");
    // twice the same
    for (n, record) in all.iter_mut().enumerate() {
        number(record, n as u16 - u16::from(n > 30));
    }
    let found = sequence(&all, 1);
    assert_eq!((&found["jumps"], &found["missing"]), (&1.into(), &0.into()));
    // numbers that count nothing
    for record in &mut all {
        number(record, 7);
    }
    assert!(sequence(&all, 0).is_null());
    for (n, record) in all.iter_mut().enumerate() {
        number(record, n as u16 * 1000);
    }
    assert!(sequence(&all, 0).is_null());
    // each camera counts for itself
    for (n, record) in all.iter_mut().enumerate() {
        record[8] = 1 + (n % 2) as u8;
        number(
            record,
            5000 * (n % 2) as u16 + n as u16 / 2 + u16::from(n == 59),
        );
    }
    let found = sequence(&all, 1);
    assert_eq!(
        (&found["per_camera"], &found["missing"]),
        (&true.into(), &1.into())
    );
}

#[test]
fn records_of_unknown_kinds_are_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let mut all = Vec::new();
    for (n, record) in records(&file).into_iter().enumerate() {
        if n % 5 == 4 {
            // sixteen bytes that nobody knows
            let mut other = record[..24].to_vec();
            other[..4].copy_from_slice(&40u32.to_le_bytes());
            other[11] = 9;
            other.extend([0x55; 16]);
            all.push(other);
        }
        all.push(record);
    }
    let is_other = |n: usize| all[n][11] == 9;
    for listed in [true, false] {
        let with = whole(&file, "with.exp", &all, &|n| listed || !is_other(n));
        let checked = json(&["verify", text(&with)], 0)["checked"].clone();
        let count = |name: &str| checked[name].as_u64().unwrap();
        assert_eq!(
            ["records", "other_records", "header_records"].map(count),
            [60, 12, 72]
        );
        let index = &checked["index"];
        let entries = if listed { 72 } else { 60 };
        assert_eq!(
            (&index["entries"], &index["agree"]),
            (&entries.into(), &entries.into())
        );
    }
}

#[test]
fn what_could_not_be_tested_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = records(&one_camera(folder.path(), 4));
    for record in &mut all {
        let at = if record[11] == 6 { 84 } else { 20 };
        record[at..at + 4].fill(0);
    }
    let file = bare(folder.path(), "bare.exp", &all);
    let answer = json(&["verify", text(&file)], 0);
    let result = answer["result"].as_str().unwrap();
    assert_eq!(
        result,
        "no problems found; this file has no checksums to test frames by"
    );
}

/// A capture of a stream may end anywhere, which is no damage, but it is not complete either.
#[test]
fn a_file_that_ends_inside_a_record_is_never_without_problems() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Vec::new();
    for n in 0..20 {
        let picture = Made {
            unix_ms: 1_700_000_000_000 + n * 100,
            payload: vop(n % 5 == 0, 900, n),
            format: if n % 5 == 0 { 3 } else { 2 },
            ..Made::default()
        };
        capture.extend(picture.packet());
    }
    let one = std::fs::read(one_camera(folder.path(), 4)).unwrap();
    let path = folder.path().join("cut");
    for (bytes, code) in [(&capture, 0), (&one, 1)] {
        std::fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
        let words = run(&["verify", text(&path)], code);
        assert!(
            words.contains("the file ends inside the record at offset"),
            "{words}"
        );
        assert!(!words.contains("no problems"), "{words}");
        let several = run(&["verify", text(&path), text(&path)], code);
        assert!(!several.contains("no problems"), "{several}");
    }
    std::fs::write(&path, &capture).unwrap();
    let words = run(&["verify", text(&path)], 0);
    assert!(words.contains("no problems found"), "{words}");
}
