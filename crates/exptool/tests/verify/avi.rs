// SPDX-License-Identifier: MPL-2.0
//! The indexes of an AVI file are compared with its chunks, and shown entry by entry.

use crate::{
    exptool_tools::{json, run, text},
    recording_tools as tools,
};
use std::path::Path;

/// Offset, FourCC, and size of each chunk of frames or audio.
fn chunks(bytes: &[u8]) -> (usize, Vec<(usize, [u8; 4], u32)>) {
    let movi = memchr::memmem::find(bytes, b"movi").unwrap();
    let size = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let end = movi + size(movi - 4) as usize;
    let (mut at, mut all) = (movi + 4, Vec::new());
    while at < end {
        all.push((at, bytes[at..at + 4].try_into().unwrap(), size(at + 4)));
        at += 8 + size(at + 4).next_multiple_of(2) as usize;
    }
    (movi, all)
}

/// A PLV1 export with an `idx1`; where its entries begin.
fn indexed(path: &Path) -> (Vec<u8>, usize) {
    tools::plv1(path, 4, Some(1));
    let mut bytes = std::fs::read(path).unwrap();
    let (movi, chunks) = chunks(&bytes);
    bytes.extend(b"idx1");
    bytes.extend((chunks.len() as u32 * 16).to_le_bytes());
    let first = bytes.len();
    for (at, id, size) in &chunks {
        bytes.extend(id);
        bytes.extend(u32::to_le_bytes(if id == b"00db" { 0x10 } else { 0 }));
        bytes.extend(((at - movi) as u32).to_le_bytes());
        bytes.extend(size.to_le_bytes());
    }
    let size = bytes.len() as u32 - 8;
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
    std::fs::write(path, &bytes).unwrap();
    (bytes, first)
}

fn index(path: &Path, code: i32) -> serde_json::Value {
    json(&["verify", text(path)], code)["checked"]["index"].clone()
}

#[test]
fn entries_of_idx1_are_compared_with_the_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.avi");
    let (bytes, first) = indexed(&path);
    let count = (bytes.len() - first) / 16;
    let found = index(&path, 0);
    assert_eq!(
        [&found["entries"], &found["agree"]],
        [count, count],
        "{found}"
    );
    // an offset, a size, a flag; and a frame that is not listed, because its entry is another's once more
    let mut bad = bytes.clone();
    let entry = |number: usize| first + number * 16;
    let video = (0..count).filter(|n| &bytes[entry(*n)..entry(*n) + 4] == b"00dc");
    let video: Vec<usize> = video.filter(|n| bytes[entry(*n) + 12] > 4).collect();
    bad[entry(video[0]) + 8] ^= 2;
    bad[entry(video[1]) + 12] ^= 1;
    bad[entry(video[2]) + 4] ^= 0x10;
    bad.copy_within(entry(video[4])..entry(video[5]), entry(video[3]));
    std::fs::write(&path, &bad).unwrap();
    let found = index(&path, 1);
    assert_eq!(
        [&found["wrong"], &found["without_entry"]],
        [3, 2],
        "{found}"
    );
    let listed = found["listed"].to_string();
    for what in [
        format!(
            "entry {} of idx1 at offset {} names a chunk 00dc",
            video[0],
            first - 8
        ),
        format!(
            "entry {} of idx1 at offset {} is wrong about the frame",
            video[2],
            first - 8
        ),
        "has no entry".to_owned(),
    ] {
        assert!(listed.contains(&what), "{what}: {listed}");
    }
    let words = run(&["verify", text(&path)], 1);
    assert!(words.contains("problems found"), "{words}");
    // offsets from the file's start, as some programs write them
    let (movi, _) = chunks(&bytes);
    let mut absolute = bytes.clone();
    for number in 0..count {
        let at = entry(number) + 8;
        let offset = u32::from_le_bytes(absolute[at..at + 4].try_into().unwrap()) + movi as u32;
        absolute[at..at + 4].copy_from_slice(&offset.to_le_bytes());
    }
    std::fs::write(&path, &absolute).unwrap();
    assert_eq!(index(&path, 0)["agree"], count);
}

/// Adds an OpenDML index, for which ffmpeg leaves room in a chunk that is filled in already but for its count and entries.
fn add_opendml(bytes: &mut Vec<u8>) {
    let (_, chunks) = chunks(bytes);
    let at = bytes.len() as u64;
    bytes.extend(b"ix00");
    bytes.extend((24 + 8 * chunks.len() as u32).to_le_bytes());
    bytes.extend([2, 0, 0, 1]);
    bytes.extend((chunks.len() as u32).to_le_bytes());
    bytes.extend(b"00dc");
    bytes.extend([0; 12]);
    // the first frame is the only keyframe of each second
    for (n, (at, _, size)) in chunks.iter().enumerate() {
        let key = tools::coded_frames(20)[n].1;
        bytes.extend((*at as u32 + 8).to_le_bytes());
        bytes.extend((size | if key { 0 } else { 1 << 31 }).to_le_bytes());
    }
    let length = bytes.len() as u32 - at as u32;
    let room = memchr::memmem::find(bytes, b"JUNK").unwrap();
    bytes[room..room + 4].copy_from_slice(b"indx");
    bytes[room + 12..room + 16].copy_from_slice(&1_u32.to_le_bytes());
    let entry = [
        &at.to_le_bytes()[..],
        &length.to_le_bytes(),
        &20_u32.to_le_bytes(),
    ]
    .concat();
    bytes[room + 32..room + 48].copy_from_slice(&entry);
    let size = bytes.len() as u32 - 8;
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
}

#[test]
fn indexes_that_ffmpeg_wrote_agree_and_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let (exp, avi) = (folder.path().join("x.avi"), folder.path().join("y.avi"));
    tools::plv1(&exp, 4, None);
    let stream = folder.path().join("x.m4v");
    run(&["convert", text(&exp), "-o", text(&stream)], 0);
    let copy = [
        "-v",
        "error",
        "-r",
        "5",
        "-i",
        text(&stream),
        "-c",
        "copy",
        "-vtag",
        "PLV1",
        text(&avi),
    ];
    tools::other("ffmpeg", &copy);
    assert_eq!(index(&avi, 0)["agree"], 20);
    let mut bytes = std::fs::read(&avi).unwrap();
    add_opendml(&mut bytes);
    std::fs::write(&avi, &bytes).unwrap();
    let found = index(&avi, 0);
    // once in idx1, once in OpenDML's index
    assert_eq!(
        [&found["entries"], &found["agree"], &found["without_entry"]],
        [40, 40, 0],
        "{found}"
    );
    let find = |bytes: &[u8], name: &[u8; 4]| memchr::memmem::rfind(bytes, name).unwrap();
    let (idx1, standard) = (find(&bytes, b"idx1"), find(&bytes, b"ix00"));
    let explain = |at: usize| {
        let sheet = json(&["explain", text(&avi), "--at", &at.to_string()], 0);
        let fields = sheet["fields"].as_array().unwrap().iter();
        let fields = fields.map(|field| {
            let [name, value, known] =
                ["name", "value", "known"].map(|one| field[one].as_str().unwrap_or_default());
            format!("{name}={value} {known}")
        });
        (
            sheet["title"].as_str().unwrap().to_owned(),
            fields.collect::<Vec<_>>().join("; "),
        )
    };
    let (title, fields) = explain(idx1 + 8 + 16 * 2 + 5);
    assert_eq!(title, "entry 2 of 20 of idx1");
    for field in ["chunk=\"00dc\" stated", "chunk offset=", "chunk size="] {
        assert!(fields.contains(field), "{fields}");
    }
    assert_eq!(explain(idx1).0, "head of idx1");
    let (title, fields) = explain(standard + 10);
    assert_eq!(title, "head of the index ix00");
    assert!(fields.contains("entries=20 stated"), "{fields}");
    let (title, fields) = explain(standard + 32 + 8);
    assert_eq!(title, "entry 1 of 20 of ix00");
    assert!(fields.contains("not a keyframe"), "{fields}");
    let (_, fields) = explain(find(&bytes, b"indx") + 40);
    assert!(fields.contains("part 1: index offset="), "{fields}");
    // a standard index that is not where it is said to be
    bytes[standard] ^= 1;
    std::fs::write(&avi, &bytes).unwrap();
    let found = index(&avi, 1);
    assert_eq!(
        [&found["misplaced"], &found["entries"]],
        [&true.into(), &20.into()] as [&serde_json::Value; 2],
        "{found}"
    );
}
