// SPDX-License-Identifier: MPL-2.0
//! `exptool explain` shows a file byte by byte.

use crate::exptool_tools;
use testing::common;
use testing::netvu_make;

use exptool_tools::{complaint, json, run, text, two_cameras};

#[test]
fn explain_names_fields_and_how_well_they_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let header = json(&["explain", text(&file)], 0);
    assert_eq!(header["offset"], 0);
    assert_eq!(header["size"], 128 + 2 * 48);
    let fields = header["fields"].as_array().unwrap();
    assert!(fields.iter().all(|field| field["known"] != "verified"));

    let known = |record: &str, name: &str| {
        let sheet = json(&["explain", text(&file), "--record", record], 0);
        let fields = sheet["fields"].as_array().unwrap().clone();
        // every byte belongs to one field
        let mut end = 0;
        for field in &fields {
            assert_eq!(field["at"].as_u64().unwrap(), end);
            end += field["length"].as_u64().unwrap();
        }
        assert_eq!(sheet["size"].as_u64().unwrap(), end);
        fields
            .iter()
            .find(|field| field["name"] == name)
            .unwrap_or_else(|| panic!("{name} in {sheet}"))
            .clone()
    };
    assert_eq!(known("0", "recorder time")["known"], "verified");
    assert_eq!(known("0", "payload size")["at"], 80);
    assert_eq!(known("0", "payload size")["known"], "verified");
    assert_eq!(known("2", "payload size")["at"], 16);
    assert_eq!(known("2", "camera")["known"], "assumed");
    let crc = known("3", "CRC-32 of payload");
    assert!(crc["value"].as_str().unwrap().ends_with("ok"), "{crc}");

    // by offset: a byte in the middle of the second record
    let first = json(&["explain", text(&file), "--record", "0"], 0);
    let second = first["offset"].as_u64().unwrap() + first["size"].as_u64().unwrap();
    let place = format!("0x{:x}", second + 5);
    let sheet = json(&["explain", text(&file), "--at", &place], 0);
    assert_eq!(sheet["offset"], second);
    let words = run(&["explain", text(&file), "--record", "1"], 0);
    assert!(words.contains("verified  recorder time"), "{words}");
    complaint(&["explain", text(&file), "--record", "5000"], 2);
}

#[test]
fn explain_takes_the_headers_of_netvu_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.adbin");
    let [binary, ..] = netvu_make::one_of_each();
    std::fs::write(&file, &binary).unwrap();
    let sheet = json(&["explain", text(&file), "--record", "0"], 0);
    let fields = sheet["fields"].as_array().unwrap();
    let mut end = 0;
    for field in fields {
        assert_eq!(field["at"].as_u64().unwrap(), end, "{field}");
        end += field["length"].as_u64().unwrap();
    }
    let find = |name: &str| {
        let found = fields.iter().find(|field| field["name"] == name);
        found.unwrap_or_else(|| panic!("{name} in {sheet}"))
    };
    // separator of 6 bytes, then the header
    assert_eq!(find("camera")["at"], 6 + 8);
    assert_eq!(find("camera")["known"], "verified");
    assert_eq!(find("active alarms")["known"], "stated");
    let at = |name: &str| find(name)["at"].as_u64().unwrap() as usize;
    let seconds = u32::from_be_bytes(binary[at("time")..][..4].try_into().unwrap());
    let reported = find("time")["value"].as_str().unwrap();
    assert!(reported.starts_with(&seconds.to_string()), "{reported}");
}

/// The field of that name.
fn field<'a>(sheet: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    let fields = sheet["fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {sheet}"))
}

fn at(file: &std::path::Path, offset: usize) -> serde_json::Value {
    json(&["explain", text(file), "--at", &offset.to_string()], 0)
}

#[test]
fn seconds_are_verified_and_their_zone_is_assumed() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let sheet = json(&["explain", text(&file), "--record", "0"], 0);
    let time = field(&sheet, "recorder time");
    assert_eq!(time["known"], "verified");
    assert_eq!(
        time["value"],
        "1262332800 s = 2010-01-01T08:00:00Z if UTC (assumed)"
    );
    assert_eq!(field(&sheet, "coded frame")["known"], "verified");
    let notes = sheet["notes"].to_string();
    assert!(
        notes.contains("2010-01-01 03:00:00 -05:00, if the recorder"),
        "{notes}"
    );
    assert!(
        !field(&sheet, "milliseconds")["value"]
            .to_string()
            .contains("ignored")
    );
}

#[test]
fn every_byte_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(exptool_tools::one_camera(folder.path(), 4)).unwrap();
    let size = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
    let second = 176 + size(176);
    let third = second + size(second);
    let mut bytes = whole.clone();
    bytes[second..second + 60].fill(0x55);
    let file = folder.path().join("hurt.exp");
    std::fs::write(&file, &bytes).unwrap();
    let sheet = at(&file, second + 10);
    assert_eq!(sheet["offset"], second);
    assert!(
        sheet["title"]
            .as_str()
            .unwrap()
            .starts_with("damaged bytes"),
        "{sheet}"
    );
    assert!(
        sheet["fields"]
            .as_array()
            .unwrap()
            .iter()
            .all(|f| f["known"] == "unknown")
    );
    assert!(
        sheet["fields"][0]["hex"]
            .as_str()
            .unwrap()
            .starts_with("55 55")
    );
    assert_eq!(at(&file, third)["offset"], third);
    assert_eq!(at(&file, 100)["offset"], 0);
    // the index, entry by entry
    let index = memchr::memmem::rfind(&whole, b"DXIX").unwrap();
    assert_eq!(field(&at(&file, index + 5), "entries")["value"], "30");
    let entry = at(&file, index + 8 + 16 + 3);
    assert_eq!(field(&entry, "record offset")["value"], second.to_string());
    assert_eq!(field(&entry, "record offset")["known"], "assumed");
    assert_eq!(at(&file, whole.len() - 1)["size"], 4);
    // a record that the file ends in
    let cut = folder.path().join("cut.exp");
    std::fs::write(&cut, &whole[..third + 50]).unwrap();
    let sheet = at(&cut, third + 20);
    assert_eq!(
        (&sheet["offset"], &sheet["size"]),
        (&third.into(), &50.into())
    );
    assert!(
        sheet["title"].as_str().unwrap().contains("ends in"),
        "{sheet}"
    );
    complaint(&["explain", text(&cut), "--at", "99999999"], 2);
    // bytes that nobody accounts for
    let front = folder.path().join("front.exp");
    std::fs::write(&front, [&[7; 1000][..], &whole].concat()).unwrap();
    let sheet = at(&front, 500);
    assert!(
        sheet["title"]
            .as_str()
            .unwrap()
            .contains("not a known header"),
        "{sheet}"
    );
    assert_eq!(at(&front, 1010)["offset"], 1000);
    assert_eq!(field(&at(&front, 1010), "server name")["at"], 32);
}

#[test]
fn what_was_never_seen_is_not_called_verified() {
    let Some(folder) = common::samples("dx") else {
        return;
    };
    // the headers of an AVI, its size among them
    let framed = folder.join("plv1.avi");
    let sheet = at(&framed, 0);
    assert_eq!(field(&sheet, "picture width")["value"], "352 px");
    assert_eq!(field(&sheet, "picture width")["known"], "verified");
    let record = json(&["explain", text(&framed), "--record", "0"], 0);
    assert_eq!(field(&record, "coded frame")["known"], "verified");
    let plain = json(
        &[
            "explain",
            text(&folder.join("plv1-plain.avi")),
            "--record",
            "0",
        ],
        0,
    );
    assert_eq!(field(&plain, "coded frame")["known"], "assumed");
    let report = json(&["info", text(&folder.join("plv1-plain.avi"))], 0);
    assert_eq!(report["layout"]["status"], "assumed");
    // audio
    let tracks = folder.join("plv1-audio.avi");
    let audio = (0..20)
        .map(|n| json(&["explain", text(&tracks), "--record", &n.to_string()], 0))
        .find(|sheet| sheet["title"].as_str().unwrap().starts_with("audio"))
        .unwrap();
    assert_eq!(field(&audio, "coded audio")["known"], "assumed");
}

#[test]
fn audio_and_h264_in_a_record_are_assumed() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(exptool_tools::one_camera(folder.path(), 4)).unwrap();
    // two P records become blocks of audio, or frames of H.264: one alone would be damage
    let size = |at: usize| u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
    let second = 176 + size(176);
    let third = second + size(second);
    let mut bytes = whole.clone();
    for at in [second, third] {
        bytes[at + 9..at + 12].copy_from_slice(&[1, 0, 1]);
        bytes[at + 24..at + 28].fill(0);
    }
    let file = folder.path().join("audio.exp");
    std::fs::write(&file, &bytes).unwrap();
    let sheet = json(&["explain", text(&file), "--record", "1"], 0);
    assert!(
        sheet["title"].as_str().unwrap().starts_with("audio"),
        "{sheet}"
    );
    for field in sheet["fields"].as_array().unwrap() {
        assert_ne!(field["known"], "verified", "{field}");
    }
    for at in [second, third] {
        bytes[at + 11] = 4;
        bytes[at + 24..at + 29].copy_from_slice(&[0, 0, 0, 1, 0x41]);
    }
    std::fs::write(&file, &bytes).unwrap();
    let sheet = json(&["explain", text(&file), "--record", "1"], 0);
    assert!(
        sheet["title"].as_str().unwrap().contains("H.264"),
        "{sheet}"
    );
    assert_eq!(field(&sheet, "coded frame")["known"], "assumed");
    assert_eq!(field(&sheet, "recorder time")["known"], "verified");
}

#[test]
fn milliseconds_that_are_always_the_same_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(exptool_tools::one_camera(folder.path(), 4)).unwrap();
    let mut at = 176;
    while &bytes[at..at + 4] != b"DXIX" {
        bytes[at + 12..at + 14].copy_from_slice(&777_u16.to_le_bytes());
        at += u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    let file = folder.path().join("seconds.exp");
    std::fs::write(&file, &bytes).unwrap();
    let sheet = json(&["explain", text(&file), "--record", "3"], 0);
    let value = field(&sheet, "milliseconds")["value"].as_str().unwrap();
    assert!(value.starts_with("777 (ignored"), "{value}");
}

#[test]
fn colours_are_for_terminals_or_who_asks_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let coloured = |more: &[&str]| {
        let args = [&["explain", text(&file), "--record", "0"], more].concat();
        run(&args, 0).contains("\x1b[")
    };
    assert!(!coloured(&[]));
    assert!(!coloured(&["--color", "never"]));
    assert!(coloured(&["--color", "always"]));
}

#[test]
fn an_inferred_layout_is_shown_as_inferred() {
    let folder = tempfile::tempdir().unwrap();
    let file = exptool_tools::one_camera(folder.path(), 4);
    let args = ["explain", text(&file), "--layout", "learn", "--record", "3"];
    let sheet = json(&args, 0);
    assert_eq!(field(&sheet, "recorder time")["known"], "inferred");
    assert_eq!(field(&sheet, "recorder time")["at"], 4);
    assert_eq!(field(&sheet, "coded frame")["known"], "inferred");
    let fields = sheet["fields"].as_array().unwrap();
    let known = |known: &str| fields.iter().any(|field| field["known"] == known);
    assert!(!known("verified") && !known("assumed"), "{sheet}");
}

#[test]
fn help_lists_exit_codes_and_examples() {
    for command in ["info", "explain"] {
        let words = run(&[command, "--help"], 0);
        assert!(words.contains("Exit codes:"), "{words}");
        assert!(words.contains("Examples:"), "{words}");
    }
}

#[test]
fn a_netvu_packet_of_facts_is_named() {
    let Some(folder) = common::samples("netvu") else {
        return;
    };
    let sheet = at(&folder.join("dvip2-mpeg4.adbin"), 20);
    assert_eq!(sheet["offset"], 0);
    assert_eq!(field(&sheet, "packet type")["value"], "9 info");
    let facts = field(&sheet, "facts")["value"].as_str().unwrap();
    assert!(facts.contains("(MPEG)BITRATE 92160"), "{facts}");
}

#[test]
fn an_avi_whose_beginning_is_lost_is_read_and_reported() {
    let Some(folder) = common::samples("dx") else {
        return;
    };
    let whole = std::fs::read(folder.join("plv1.avi")).unwrap();
    let mut lost = whole.clone();
    lost[..4].copy_from_slice(b"XXXX");
    let folder = tempfile::tempdir().unwrap();
    for (bytes, front) in [(lost, 224), ([&[7; 100_000][..], &whole].concat(), 100_000)] {
        let file = folder.path().join("lost.avi");
        std::fs::write(&file, bytes).unwrap();
        let report = json(&["info", text(&file)], 1);
        assert_eq!(report["records"], 180);
        let length = report["front"]["length"].as_u64().unwrap();
        assert!((front..=front + 224).contains(&length), "{length}");
        assert_eq!(report["confidence"], 100);
    }
}
