// SPDX-License-Identifier: MPL-2.0
//! `exptool explain` shows a file byte by byte.
#![cfg(all(feature = "plugin", feature = "tools"))]

mod common;
mod exptool_tools;
mod netvu_make;

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
    assert_eq!(known("0", "n, coded bytes")["at"], 80);
    assert_eq!(known("0", "n, coded bytes")["known"], "verified");
    assert_eq!(known("2", "n, coded bytes")["at"], 16);
    assert_eq!(known("2", "camera")["known"], "assumed");
    let crc = known("3", "CRC-32 of payload");
    assert!(crc["value"].as_str().unwrap().ends_with("right"), "{crc}");

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
    let told = find("time")["value"].as_str().unwrap();
    assert!(told.starts_with(&seconds.to_string()), "{told}");
}
