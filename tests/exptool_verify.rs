// SPDX-License-Identifier: MPL-2.0
//! `exptool verify` finds every changed byte, and proves that converted files hold the same pictures.
#![cfg(all(feature = "plugin", feature = "tools"))]

mod common;
mod exptool_tools;

use exptool_tools::{complaint, exptool, json, one_camera, other, run, text, two_cameras};
use std::path::{Path, PathBuf};

/// The manifest of a file.
fn manifest(file: &Path) -> PathBuf {
    let path = file.with_extension("manifest");
    run(&["verify", text(file), "--manifest", text(&path)], 0);
    path
}

#[test]
fn an_untouched_file_is_all_right_and_its_hash_is_that_of_sha256sum() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let manifest = manifest(&file);
    let answer = json(&["verify", text(&file), "--against", text(&manifest)], 0);
    assert_eq!(answer["good"], true);
    let checked = &answer["checked"];
    assert_eq!(checked["records"], 180);
    assert_eq!(checked["crc_right"], 180);
    assert_eq!(checked["index"]["agree"], 180);
    assert_eq!(answer["against"][0]["same"], 180);
    if let Some(sum) = other("sha256sum", &[text(&file)]) {
        assert_eq!(checked["sha256"].as_str(), sum.split(' ').next());
    }
    // what is there is not replaced
    complaint(&["verify", text(&file), "--manifest", text(&manifest)], 4);
}

#[test]
fn a_changed_picture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let manifest = manifest(&file);
    let sheet = json(&["explain", text(&file), "--record", "17"], 0);
    let (at, size) = (
        sheet["offset"].as_u64().unwrap(),
        sheet["size"].as_u64().unwrap(),
    );
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[(at + size - 8) as usize] ^= 0x10;
    std::fs::write(&file, bytes).unwrap();
    let answer = json(&["verify", text(&file), "--against", text(&manifest)], 1);
    assert_eq!(answer["good"], false);
    assert_eq!(answer["checked"]["crc_wrong"], 1);
    assert_eq!(answer["checked"]["crc_wrong_at"][0], at);
    let against = &answer["against"][0];
    assert_eq!(
        (&against["same"], &against["changed"], &against["missing"]),
        (&59.into(), &1.into(), &0.into())
    );
    assert_eq!(against["differences"][0]["frame"], 17);
    assert_eq!(against["differences"][0]["difference"], "changed");
}

#[test]
fn lost_records_are_named_and_the_rest_still_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let manifest = manifest(&file);
    let place = |n: &str| {
        let sheet = json(&["explain", text(&file), "--record", n], 0);
        sheet["offset"].as_u64().unwrap() as usize
    };
    let (from, to) = (place("20"), place("23"));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.drain(from..to);
    std::fs::write(&file, bytes).unwrap();
    let answer = json(&["verify", text(&file), "--against", text(&manifest)], 1);
    let against = &answer["against"][0];
    assert_eq!(
        (&against["same"], &against["changed"], &against["missing"]),
        (&57.into(), &0.into(), &3.into())
    );
    let frames: Vec<_> = against["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|difference| difference["frame"].as_u64().unwrap())
        .collect();
    assert_eq!(frames, [20, 21, 22]);
    // the index and the header's count do not fit any more
    assert_eq!(answer["checked"]["index"]["misplaced"], true);
}

/// Copies the coded pictures of a camera into another container, by a pipeline of its own.
fn converted(file: &Path, camera: u32, parser: &str, muxer: &str, suffix: &str) -> PathBuf {
    let out = file.with_extension(format!("{camera}.{suffix}"));
    common::launch_well(&format!(
        "filesrc location={} ! expdemux camera={camera} ! {parser} ! {muxer} ! filesink location={}",
        file.display(),
        out.display()
    ));
    out
}

#[test]
fn converted_files_are_proved_to_hold_the_same_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let manifest = manifest(&file);
    for (muxer, suffix) in [
        ("mp4mux", "mp4"),
        ("matroskamux", "mkv"),
        ("avimux", "avi"),
        ("identity", "m4v"),
    ] {
        let out = converted(&file, 2, "mpeg4videoparse", muxer, suffix);
        let answer = json(&["verify", text(&out), "--against", text(&manifest)], 0);
        let against = &answer["against"][0];
        assert_eq!(against["camera"], 2, "{suffix}");
        assert_eq!(against["same"], 90, "{suffix}");
        if suffix != "m4v"
            && let Some(frames) = frames(&out)
        {
            assert_eq!(frames, 90, "{suffix}");
        }
    }
}

/// Number of pictures as ffprobe counts them.
fn frames(file: &Path) -> Option<u64> {
    let count = other(
        "ffprobe",
        &[
            "-v",
            "error",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
            "-of",
            "csv=p=0",
            text(file),
        ],
    )?;
    Some(count.trim().parse().unwrap())
}

#[test]
fn h264_is_compared_whatever_its_framing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("h264.exp");
    let arguments = [
        "make",
        "test:ball",
        "--codec=h264",
        "--seconds=6",
        "-o",
        text(&file),
    ];
    run(&arguments, 0);
    let manifest = manifest(&file);
    let out = converted(&file, 1, "h264parse", "mp4mux", "mp4");
    let answer = json(&["verify", text(&out), "--against", text(&manifest)], 0);
    assert_eq!(answer["against"][0]["same"], 45);
}

#[test]
fn a_converted_file_with_another_picture_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let manifest = manifest(&file);
    let out = converted(&file, 1, "mpeg4videoparse", "mp4mux", "mp4");
    // the bytes of the tenth P picture, found in the converted file
    let sheet = json(&["explain", text(&file), "--record", "10"], 0);
    let at = sheet["offset"].as_u64().unwrap() as usize + 24;
    let original = std::fs::read(&file).unwrap();
    let mut bytes = std::fs::read(&out).unwrap();
    let needle = &original[at..at + 40];
    let place = bytes.windows(40).position(|part| part == needle).unwrap();
    bytes[place + 30] ^= 1;
    std::fs::write(&out, bytes).unwrap();
    let answer = json(&["verify", text(&out), "--against", text(&manifest)], 1);
    let against = &answer["against"][0];
    assert_eq!(
        (&against["same"], &against["changed"]),
        (&59.into(), &1.into())
    );
    assert_eq!(against["differences"][0]["frame"], 10);
}

#[test]
fn a_part_is_no_difference_where_one_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 12);
    let manifest = manifest(&file);
    let place = |n: &str| {
        let sheet = json(&["explain", text(&file), "--record", n], 0);
        sheet["offset"].as_u64().unwrap() as usize
    };
    let (from, to) = (place("30"), place("60"));
    let part = folder.path().join("part.exp");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&part, &bytes[from..to]).unwrap();
    let whole = json(&["verify", text(&part), "--against", text(&manifest)], 1);
    assert_eq!(whole["against"][0]["missing"], 60);
    let answer = json(
        &[
            "verify",
            text(&part),
            "--against",
            text(&manifest),
            "--part",
        ],
        0,
    );
    assert_eq!(answer["against"][0]["same"], 30);
    assert_eq!(answer["against"][0]["outside_part"], 60);
}

#[test]
fn what_is_no_manifest_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 2);
    let words = complaint(&["verify", text(&file), "--against", text(&file)], 3);
    assert!(
        words.contains("first line of an exptool manifest"),
        "{words}"
    );
    let manifest = manifest(&file);
    let lines = std::fs::read_to_string(&manifest).unwrap();
    let cut: Vec<&str> = lines.lines().take(5).collect();
    std::fs::write(&manifest, cut.join("\n") + "\n").unwrap();
    let words = complaint(&["verify", text(&file), "--against", text(&manifest)], 3);
    assert!(words.contains("cut short"), "{words}");
}

#[test]
fn damage_is_found_in_the_samples() {
    let Some(folder) = common::samples("dx") else {
        return;
    };
    for (name, code) in [
        ("lobby.exp", 0),
        ("two-cameras.exp", 0),
        ("real-footage.exp", 0),
        ("plv1.avi", 0),
        ("no-header.exp", 0),
        ("damaged.exp", 1),
        ("cut-short.exp", 1),
    ] {
        json(&["verify", text(&folder.join(name))], code);
    }
}

#[test]
fn no_bar_is_drawn_into_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 2);
    let output = exptool().args(["verify", text(&file)]).output().unwrap();
    assert!(output.stderr.is_empty(), "{:?}", output.stderr);
}

/// The records of a file of the reference layout.
fn records(file: &Path) -> Vec<Vec<u8>> {
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
fn bare(folder: &Path, name: &str, records: &[Vec<u8>]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, records.concat()).unwrap();
    path
}

/// A file with the header of `like` made to fit, and an index of the records that `listed` says.
fn whole(like: &Path, name: &str, records: &[Vec<u8>], listed: &dyn Fn(usize) -> bool) -> PathBuf {
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

/// Makes the header's check sum right.
fn seal(bytes: &mut [u8]) {
    let sum = crc32fast::hash(&bytes[..120]);
    bytes[124..128].copy_from_slice(&sum.to_le_bytes());
}

/// How a file compares with a manifest: the answer and its first comparison.
fn against(file: &Path, manifest: &Path, more: &[&str], code: i32) -> serde_json::Value {
    let mut arguments = vec!["verify", text(file), "--against", text(manifest)];
    arguments.extend(more);
    json(&arguments, code)
}

/// The numbers of a comparison: same, changed, missing, moved, repeated, foreign.
fn numbers(answer: &serde_json::Value) -> [u64; 6] {
    let kinds = ["same", "changed", "missing", "moved", "repeated", "foreign"];
    kinds.map(|kind| answer["against"][0][kind].as_u64().unwrap())
}

/// The frames that differ in some way.
fn frames_that(answer: &serde_json::Value, kind: &str, number: &str) -> Vec<u64> {
    let all = answer["against"][0]["differences"].as_array().unwrap();
    let those = all.iter().filter(|one| one["difference"] == kind);
    those.map(|one| one[number].as_u64().unwrap()).collect()
}

/// Turns a bit of the coded bytes.
fn spoil(record: &mut [u8]) {
    let at = record.len() - 12;
    record[at] ^= 0x10;
}

#[test]
fn what_a_record_says_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 8));
    let file = bare(folder.path(), "bare.exp", &all);
    let manifest = manifest(&file);
    assert_eq!(
        against(&file, &manifest, &[], 0)["against"][0]["same_file"],
        true
    );
    for (place, field) in [
        (4, "time"),
        (12, "time"),
        (8, "camera"),
        (9, "mode"),
        (14, "sequence number"),
    ] {
        let mut changed = all.clone();
        changed[7][place] ^= 2;
        let changed = bare(folder.path(), "changed.exp", &changed);
        let answer = against(&changed, &manifest, &[], 1);
        assert_eq!(numbers(&answer), [60, 0, 0, 0, 0, 0], "{field}");
        let outcome = &answer["against"][0];
        assert_eq!(outcome["says_differ_in"][field], 1, "{field}");
        assert_eq!(frames_that(&answer, "says", "frame"), [7], "{field}");
        assert_eq!(outcome["differences"][0]["says"][0]["field"], field);
    }
    // all times, with nothing else to show it
    let mut later = all.clone();
    for record in &mut later {
        let time = u32::from_le_bytes(record[4..8].try_into().unwrap()) + 30 * 86_400;
        record[4..8].copy_from_slice(&time.to_le_bytes());
    }
    let later = bare(folder.path(), "later.exp", &later);
    let answer = against(&later, &manifest, &[], 1);
    assert_eq!(answer["against"][0]["says_differ_in"]["time"], 60);
    let words = run(&["verify", text(&later), "--against", text(&manifest)], 1);
    assert!(words.contains("picture the same, but its time differs: was 2010-01-01T08:00:00"));
    // bytes that nobody knows the meaning of
    let mut prefix = all.clone();
    prefix[0][30] ^= 1;
    let prefix = bare(folder.path(), "prefix.exp", &prefix);
    let answer = against(&prefix, &manifest, &[], 1);
    assert_eq!(numbers(&answer), [60, 0, 0, 0, 0, 0]);
    assert_eq!(answer["against"][0]["same_file"], false);
    let result = answer["result"].as_str().unwrap();
    assert!(
        result.contains("other bytes of the file differ"),
        "{result}"
    );
}

#[test]
fn a_manifest_of_the_old_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 4));
    let file = bare(folder.path(), "bare.exp", &all);
    let manifest = manifest(&file);
    let mut lines = String::new();
    for line in std::fs::read_to_string(&manifest).unwrap().lines() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        if fields.contains_key("exptool_manifest") {
            fields["exptool_manifest"] = 1.into();
        }
        for new in ["seconds", "millis", "sequence", "mode"] {
            fields.remove(new);
        }
        lines += &format!("{line}\n");
    }
    std::fs::write(&manifest, &lines).unwrap();
    let answer = against(&file, &manifest, &[], 0);
    assert_eq!(answer["against"][0]["says_complete"], false);
    let mut changed = all.clone();
    changed[3][4] ^= 2;
    let changed = bare(folder.path(), "changed.exp", &changed);
    let answer = against(&changed, &manifest, &[], 1);
    let result = answer["result"].as_str().unwrap();
    assert!(
        result.contains("does not hold what the records say"),
        "{result}"
    );
    std::fs::write(&manifest, lines.replacen(":1,", ":9,", 1)).unwrap();
    let words = complaint(&["verify", text(&file), "--against", text(&manifest)], 3);
    assert!(
        words.contains("version 1 or 2 of the manifest, found 9"),
        "{words}"
    );
}

#[test]
fn any_number_of_pictures_may_be_taken_out_or_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 110));
    let file = bare(folder.path(), "bare.exp", &all);
    let manifest = manifest(&file);
    let few = [&all[..100], &all[750..]].concat();
    let few = bare(folder.path(), "few.exp", &few);
    let answer = against(&few, &manifest, &[], 1);
    assert_eq!(numbers(&answer), [all.len() as u64 - 650, 0, 650, 0, 0, 0]);
    assert_eq!(
        frames_that(&answer, "missing", "frame"),
        (100..750).collect::<Vec<_>>()
    );
    // the other way round: the file has more than the manifest
    let few_manifest = few.with_extension("manifest");
    run(
        &["verify", text(&few), "--manifest", text(&few_manifest)],
        1,
    );
    let answer = against(&file, &few_manifest, &[], 1);
    assert_eq!(numbers(&answer), [all.len() as u64 - 650, 0, 0, 0, 0, 650]);
}

#[test]
fn the_list_of_differences_says_how_many_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 150));
    let file = bare(folder.path(), "bare.exp", &all);
    let manifest = manifest(&file);
    let few = bare(folder.path(), "few.exp", &all[1100..]);
    let answer = against(&few, &manifest, &[], 1);
    assert_eq!(answer["against"][0]["missing"], 1100);
    assert_eq!(frames_that(&answer, "missing", "frame").len(), 1000);
    assert_eq!(answer["against"][0]["differences_left_out"], 100);
}

#[test]
fn each_difference_is_called_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 8));
    let file = bare(folder.path(), "bare.exp", &all);
    let manifest = manifest(&file);
    let compare = |records: &[Vec<u8>]| {
        let file = bare(folder.path(), "changed.exp", records);
        against(&file, &manifest, &[], 1)
    };
    // halves swapped
    let answer = compare(&[&all[30..], &all[..30]].concat());
    assert_eq!(numbers(&answer), [30, 0, 0, 30, 0, 0]);
    // two swapped, with what their records say
    let mut swapped = all.clone();
    swapped.swap(10, 20);
    let answer = compare(&swapped);
    assert_eq!(numbers(&answer), [58, 0, 0, 2, 0, 0]);
    assert_eq!(frames_that(&answer, "moved", "frame"), [10, 20]);
    assert_eq!(frames_that(&answer, "moved", "at"), [20, 10]);
    // one repeated, and one of another recording
    let mut more = all.clone();
    more.insert(40, all[12].clone());
    let mut foreign = all[50].clone();
    spoil(&mut foreign);
    foreign[4] ^= 0x40;
    more.insert(30, foreign);
    let answer = compare(&more);
    assert_eq!(numbers(&answer), [60, 0, 0, 0, 1, 1]);
    assert_eq!(frames_that(&answer, "repeated", "of"), [12]);
    assert_eq!(frames_that(&answer, "repeated", "at"), [41]);
    assert_eq!(frames_that(&answer, "foreign", "at"), [30]);
    // changed and missing ones beside each other, either way round
    for (gone, spoilt) in [(20, 21), (21, 20)] {
        let mut few = all.clone();
        spoil(&mut few[spoilt]);
        few.remove(gone);
        let answer = compare(&few);
        assert_eq!(numbers(&answer), [58, 1, 1, 0, 0, 0]);
        assert_eq!(frames_that(&answer, "missing", "frame"), [gone as u64]);
        assert_eq!(frames_that(&answer, "changed", "frame"), [spoilt as u64]);
    }
    // every tenth missing, every tenth changed
    let mut few = Vec::new();
    for (n, record) in all.iter().enumerate() {
        let mut record = record.clone();
        match n % 10 {
            3 => continue,
            4 => spoil(&mut record),
            _ => {}
        }
        few.push(record);
    }
    let answer = compare(&few);
    assert_eq!(
        frames_that(&answer, "missing", "frame"),
        [3, 13, 23, 33, 43, 53]
    );
    assert_eq!(
        frames_that(&answer, "changed", "frame"),
        [4, 14, 24, 34, 44, 54]
    );
}

#[test]
fn equal_pictures_are_told_apart_by_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 8));
    let mut same = all.clone();
    // the same picture all over, each at its own time
    for (record, original) in same.iter_mut().zip(&all) {
        *record = all[1].clone();
        record[4..8].copy_from_slice(&original[4..8]);
        record[12..16].copy_from_slice(&original[12..16]);
    }
    same[0] = all[0].clone();
    let file = bare(folder.path(), "bare.exp", &same);
    let manifest = manifest(&file);
    same.remove(31);
    same.remove(11);
    let few = bare(folder.path(), "few.exp", &same);
    let answer = against(&few, &manifest, &[], 1);
    assert_eq!(numbers(&answer), [58, 0, 2, 0, 0, 0]);
    assert_eq!(frames_that(&answer, "missing", "frame"), [11, 31]);
}

#[test]
fn a_part_with_a_hole_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 12));
    let file = bare(folder.path(), "bare.exp", &all);
    let manifest = manifest(&file);
    let mut part = [&all[15..40], &all[43..70]].concat();
    spoil(&mut part[0]);
    let part = bare(folder.path(), "part.exp", &part);
    let answer = against(&part, &manifest, &["--part"], 1);
    assert_eq!(numbers(&answer), [51, 1, 3, 0, 0, 0]);
    assert_eq!(frames_that(&answer, "missing", "frame"), [40, 41, 42]);
    assert_eq!(frames_that(&answer, "changed", "frame"), [15]);
    assert_eq!(answer["against"][0]["outside_part"], 35);
}

#[test]
fn an_index_is_no_more_than_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 8);
    let original = std::fs::read(&file).unwrap();
    let (absurd, told) = (folder.path().join("absurd.exp"), 80..88);
    let mut bytes = original.clone();
    bytes[told.clone()].fill(0xff);
    seal(&mut bytes);
    std::fs::write(&absurd, &bytes).unwrap();
    let checked = &json(&["verify", text(&absurd)], 1)["checked"];
    assert_eq!(checked["records"], 60);
    assert_eq!(checked["crc_right"], 60);
    assert_eq!(checked["index"]["misplaced"], true);
    let words = checked["index"]["told"][0].as_str().unwrap();
    assert!(words.contains("offset 18446744073709551615"), "{words}");
    // a flag for what is not there, and times that are none of the records'
    let mut bytes = original.clone();
    bytes[told.clone()].fill(0);
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
        wrong[1].contains("time of the first record at offset 68"),
        "{wrong:?}"
    );
    assert_eq!(wrong.len(), 2);
    // an entry that repeats another, one that points nowhere
    let index = u64::from_le_bytes(original[told].try_into().unwrap()) as usize + 8;
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
    let told = index["told"].to_string();
    assert!(
        told.contains("entry 10 points to offset 176, where another record begins"),
        "{told}"
    );
    assert!(
        told.contains("entry 20 points to offset 12345, where no record begins"),
        "{told}"
    );
}

#[test]
fn holes_in_sequence_numbers_are_told() {
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
        "nothing wrong was found; this file has no check sums to test"
    );
}

#[test]
fn a_proof_says_what_it_does_not_cover() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let both = manifest(&file);
    let out = converted(&file, 2, "mpeg4videoparse", "mp4mux", "mp4");
    let answer = against(&out, &both, &[], 0);
    assert_eq!(answer["cameras_not_in_file"], serde_json::json!([1]));
    assert!(answer["not_proved"].to_string().contains("sound"));
    assert!(answer["not_proved"].to_string().contains("VOL"));
    complaint(
        &["verify", text(&out), "--against", text(&both), "--camera=7"],
        2,
    );
    // the first key picture is gone: what follows has no reference, and no player shows it
    let all = records(&one_camera(folder.path(), 8));
    let second = all
        .iter()
        .skip(1)
        .position(|record| record[11] == 6)
        .unwrap();
    let few = bare(folder.path(), "few.exp", &all[1..]);
    let few_manifest = manifest(&few);
    let out = converted(&few, 1, "mpeg4videoparse", "mp4mux", "mp4");
    let answer = against(&out, &few_manifest, &[], 0);
    assert_eq!(answer["against"][0]["orphans_left_out"], second as u64);
    let result = answer["result"].as_str().unwrap();
    assert!(
        result.contains(&format!("but for {second} pictures without reference")),
        "{result}"
    );
}

#[test]
fn the_camera_of_a_converted_file_is_that_of_most_of_its_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let manifest = manifest(&file);
    let out = converted(&file, 2, "mpeg4videoparse", "identity", "m4v");
    let mut bytes = std::fs::read(&out).unwrap();
    let first = bytes
        .windows(4)
        .position(|code| code == [0, 0, 1, 0xb6])
        .unwrap();
    bytes[first + 40] ^= 4;
    std::fs::write(&out, bytes).unwrap();
    let answer = against(&out, &manifest, &[], 1);
    assert_eq!(answer["against"][0]["camera"], 2);
    assert_eq!(numbers(&answer), [89, 1, 0, 0, 0, 0]);
}

#[test]
fn what_cannot_be_compared_is_refused_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = one_camera(folder.path(), 2);
    let manifest = manifest(&file);
    let odd = folder.path().join("odd");
    for (content, expected) in [("", "is empty"), ("not a recording\n", "is no recording")] {
        std::fs::write(&odd, content).unwrap();
        let words = complaint(&["verify", text(&odd), "--against", text(&manifest)], 3);
        assert!(words.contains(expected), "{words}");
        assert_eq!(words.lines().count(), 1, "{words}");
    }
    for more in [&["--camera=7"][..], &["--camera=7", "--part"]] {
        let mut arguments = vec!["verify", text(&file), "--against", text(&manifest)];
        arguments.extend(more);
        let words = complaint(&arguments, 2);
        assert!(words.contains("--camera 7"), "{words}");
        assert_eq!(words.lines().count(), 1, "{words}");
    }
    let lines = std::fs::read_to_string(&manifest).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let twice = [&lines[..5], &lines[4..]].concat();
    let gone = [&lines[..5], &lines[6..]].concat();
    let more = [&lines[..], &lines[4..5]].concat();
    let bad = lines[4].replacen("\"sha256\":\"", "\"sha256\":\"x", 1);
    let spoilt = [&lines[..4], &[bad.as_str()], &lines[5..]].concat();
    for (lines, line) in [(twice, 6), (gone, 6), (more, lines.len() + 1), (spoilt, 5)] {
        std::fs::write(&manifest, lines.join("\n") + "\n").unwrap();
        let words = complaint(&["verify", text(&file), "--against", text(&manifest)], 3);
        assert!(words.contains(&format!("line {line}: expected")), "{words}");
    }
}

#[test]
fn a_bare_stream_of_many_pictures_needs_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 2));
    let manifest = manifest(&bare(folder.path(), "bare.exp", &all));
    let mut stream = vec![0, 0, 1, 0xb0, 1];
    for n in 0..20_000u32 {
        stream.extend([0, 0, 1, 0xb6, 0x50]);
        stream.extend((n | 0x4000_0000).to_be_bytes());
    }
    let file = folder.path().join("many.m4v");
    std::fs::write(&file, stream).unwrap();
    let answer = against(&file, &manifest, &[], 1);
    assert_eq!(answer["against"][0]["extra"], 20_000 - 15);
    let used = folder.path().join("used");
    let program = assert_cmd::cargo::cargo_bin("exptool");
    let status = std::process::Command::new("/usr/bin/time")
        .args([
            "-f",
            "%M",
            "-o",
            text(&used),
            text(&program),
            "verify",
            text(&file),
        ])
        .args(["--against", text(&manifest)])
        .stdout(std::process::Stdio::null())
        .status();
    if status.is_err() {
        eprintln!("SKIPPED: time is not installed");
        return;
    }
    let used = std::fs::read_to_string(used).unwrap();
    let kilobytes: u64 = used.lines().last().unwrap().parse().unwrap();
    assert!(kilobytes < 48 << 10, "{kilobytes} KiB");
}

#[test]
fn the_help_tells_the_exit_codes() {
    let words = run(&["verify", "--help"], 0);
    assert!(
        words.contains("Examples:") && words.contains("Exit codes:"),
        "{words}"
    );
}
