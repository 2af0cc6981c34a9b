// SPDX-License-Identifier: MPL-2.0
//! What differs from a manifest is called what it is.

use crate::{
    exptool_tools::{complaint, one_camera, run, text, two_cameras},
    verify::converted,
    verify::files::{against, bare, frames_that, numbers, records, spoil},
    verify::manifest,
};

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
        // a camera that comes once is no camera but damage
        let records = if field == "camera" { 7..9 } else { 7..8 };
        let mut changed = all.clone();
        for n in records.clone() {
            changed[n][place] ^= 2;
        }
        let changed = bare(folder.path(), "changed.exp", &changed);
        let answer = against(&changed, &manifest, &[], 1);
        assert_eq!(numbers(&answer), [60, 0, 0, 0, 0, 0], "{field}");
        let outcome = &answer["against"][0];
        let frames: Vec<u64> = records.map(|n| n as u64).collect();
        assert_eq!(outcome["fields_differ_in"][field], frames.len(), "{field}");
        assert_eq!(frames_that(&answer, "fields", "frame"), frames, "{field}");
        assert_eq!(outcome["differences"][0]["fields"][0]["field"], field);
    }
    // all times, with nothing else to show it
    let mut later = all.clone();
    for record in &mut later {
        let time = u32::from_le_bytes(record[4..8].try_into().unwrap()) + 30 * 86_400;
        record[4..8].copy_from_slice(&time.to_le_bytes());
    }
    let later = bare(folder.path(), "later.exp", &later);
    let answer = against(&later, &manifest, &[], 1);
    assert_eq!(answer["against"][0]["fields_differ_in"]["time"], 60);
    let words = run(&["verify", text(&later), "--against", text(&manifest)], 1);
    assert!(words.contains("is the same, but its record differs: time was 2010-01-01T08:00:00"));
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
fn a_manifest_of_version_2_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 4));
    let file = bare(folder.path(), "bare.exp", &all);
    let manifest = manifest(&file);
    let mut lines = String::new();
    for line in std::fs::read_to_string(&manifest).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let mut old = line.clone();
        let fields = old.as_object_mut().unwrap();
        match fields.remove("type").unwrap().as_str() {
            Some("manifest") => continue,
            Some("file") => {
                old = serde_json::json!({
                    "exptool_manifest": 2, "version": "0.1.0", "file": line["name"], "size": line["size"]
                });
            }
            Some("end") => {
                old =
                    serde_json::json!({ "frames": line["frames"], "file_sha256": line["sha256"] });
            }
            _ => {
                for absent in ["time", "seconds", "millis", "sequence", "mode"] {
                    fields.entry(absent).or_insert(serde_json::Value::Null);
                }
                fields.insert("video".to_owned(), true.into());
            }
        }
        lines += &format!("{old}\n");
    }
    std::fs::write(&manifest, &lines).unwrap();
    against(&file, &manifest, &[], 0);
    let mut changed = all.clone();
    changed[3][4] ^= 2;
    let changed = bare(folder.path(), "changed.exp", &changed);
    let answer = against(&changed, &manifest, &[], 1);
    assert_eq!(answer["against"][0]["fields_differ_in"]["time"], 1);
    for version in ["1", "9"] {
        let lines = lines.replacen(":2,", &format!(":{version},"), 1);
        std::fs::write(&manifest, lines).unwrap();
        let words = complaint(&["verify", text(&file), "--against", text(&manifest)], 3);
        let expected = format!("version 2 or 3 of the manifest, found {version}");
        assert!(words.contains(&expected), "{words}");
    }
}

#[test]
fn any_number_of_frames_may_be_taken_out_or_put_in() {
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
    assert_eq!(frames_that(&answer, "repeated", "frame"), [12]);
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
fn equal_frames_are_told_apart_by_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let all = records(&one_camera(folder.path(), 8));
    let mut same = all.clone();
    // the same frame all over, each at its own time
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
fn a_proof_says_what_it_does_not_cover() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let both = manifest(&file);
    let out = converted(&file, 2, "mpeg4videoparse", "mp4mux", "mp4");
    let answer = against(&out, &both, &[], 0);
    assert_eq!(answer["cameras_not_in_file"], serde_json::json!([1]));
    assert!(answer["not_proved"].to_string().contains("audio"));
    assert!(answer["not_proved"].to_string().contains("VOL"));
    complaint(
        &["verify", text(&out), "--against", text(&both), "--camera=7"],
        2,
    );
    // the first keyframe is gone: what follows has no reference, and no player shows it
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
        result.contains(&format!("{second} without their reference are left out")),
        "{result}"
    );
}

#[test]
fn the_camera_of_a_converted_file_is_that_of_most_of_its_frames() {
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
    for (content, expected) in [
        ("", "is empty"),
        ("not a recording\n", "is not a recording"),
    ] {
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
    let short = lines[..lines.len() - 1].to_vec();
    let bad = lines[4].replacen("\"sha256\":\"", "\"sha256\":\"x", 1);
    let spoilt = [&lines[..4], &[bad.as_str()], &lines[5..]].concat();
    let end = lines.len();
    for (lines, line) in [
        (twice, 6),
        (gone, 6),
        (more, end + 1),
        (short, end),
        (spoilt, 5),
    ] {
        std::fs::write(&manifest, lines.join("\n") + "\n").unwrap();
        let words = complaint(&["verify", text(&file), "--against", text(&manifest)], 3);
        assert!(words.contains(&format!("line {line}: expected")), "{words}");
    }
}

#[test]
fn the_help_shows_the_exit_codes() {
    let words = run(&["verify", "--help"], 0);
    assert!(
        words.contains("Examples:") && words.contains("Exit codes:"),
        "{words}"
    );
}
