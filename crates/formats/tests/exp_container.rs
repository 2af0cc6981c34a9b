// SPDX-License-Identifier: MPL-2.0
//! The EXP readers over the sample files, where they exist: every picture byte-exact, in order, with its time.

use formats::{
    exp::probe::{self, Probe},
    reader::{Packet, Reader, Step, Window},
};
use md5::{Digest, Md5};
use std::path::PathBuf;

struct Frame {
    offset: u64,
    camera: u16,
    key: bool,
    unix_ms: Option<i64>,
    md5: String,
}

#[derive(Default)]
struct Outcome {
    frames: Vec<Frame>,
    damaged: u64,
    warnings: Vec<String>,
}

fn samples() -> Option<Vec<PathBuf>> {
    let folder = std::env::var_os("EXP_SAMPLES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("../shared/samples"),
        PathBuf::from,
    );
    let entries = std::fs::read_dir(folder.join("dx")).ok()?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .map(|path| path.with_extension(""))
        .collect();
    files.sort();
    Some(files)
}

fn open(data: &[u8]) -> Box<dyn Reader> {
    let window = Window {
        offset: 0,
        data,
        last: true,
        unread: None,
    };
    match probe::probe(&window) {
        Probe::Is { family, .. } => probe::open(family).unwrap(),
        other => panic!("not recognised: {other:?}"),
    }
}

/// Reads everything, the window never larger than what was asked for or `extra`.
fn read(data: &[u8], extra: usize) -> Outcome {
    let mut reader = open(data);
    let mut out = Outcome::default();
    let (mut at, mut want) = (0_usize, extra);
    while at < data.len() {
        let end = at.saturating_add(want).min(data.len());
        let window = Window {
            offset: at as u64,
            data: &data[at..end],
            last: end == data.len(),
            unread: None,
        };
        match reader.next(&window) {
            Step::Need(bytes) => {
                assert!(
                    bytes > window.data.len() && !window.last,
                    "asks for {bytes} at {at}"
                );
                want = bytes;
                continue;
            }
            Step::Skip(bytes) => {
                assert!(bytes > 0);
                at = at.saturating_add(bytes as usize).min(data.len());
            }
            Step::Packet(packet) => {
                out.push(&packet, window.data, at);
                at += packet.size;
            }
            Step::Damaged(damage) => {
                assert!(damage.length > 0 && damage.length <= window.data.len());
                out.damaged += damage.length as u64;
                at += damage.length;
            }
            Step::Cut(_) | Step::End => break,
            Step::Peek { .. } => panic!("nothing is hidden"),
        }
        want = extra;
    }
    out.warnings = reader.take_warnings();
    out
}

impl Outcome {
    fn push(&mut self, packet: &Packet, data: &[u8], at: usize) {
        if packet.audio.is_some() {
            return;
        }
        let payload = packet.payload.to_vec(data);
        if let Some(crc) = packet.crc {
            assert_eq!(crc, crc32fast::hash(&payload), "checksum at {at}");
        }
        self.frames.push(Frame {
            offset: at as u64,
            camera: packet.stream.camera,
            key: packet.key,
            unix_ms: packet.timestamp.map(|timestamp| timestamp.unix_ms()),
            md5: Md5::digest(&payload)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        });
    }
}

#[test]
fn samples_give_every_picture() {
    let Some(files) = samples() else {
        println!("SKIPPED: no sample folder (../shared/samples or $EXP_SAMPLES)");
        return;
    };
    assert!(!files.is_empty());
    for path in files {
        let data = std::fs::read(&path).unwrap();
        let text = std::fs::read_to_string(format!("{}.json", path.display())).unwrap();
        let doc: serde_json::Value = serde_json::from_str(&text).unwrap();
        let whole = |frame: &&serde_json::Value| {
            let head = if frame["key"] == true { 88 } else { 24 };
            let end =
                frame["offset"].as_u64().unwrap_or(0) + head + frame["bytes"].as_u64().unwrap();
            frame["damaged"] != true && (frame["offset"].is_null() || end <= data.len() as u64)
        };
        let expected: Vec<_> = doc["frames"]
            .as_array()
            .unwrap()
            .iter()
            .filter(whole)
            .collect();
        for extra in [1, 1000, 1 << 20] {
            let out = read(&data, extra);
            let name = format!("{} by {extra}", path.display());
            println!(
                "{name}: {} frames, {} bytes damaged, {:?}",
                out.frames.len(),
                out.damaged,
                out.warnings
            );
            assert_eq!(out.frames.len(), expected.len(), "{name}");
            for (n, (have, want)) in out.frames.iter().zip(&expected).enumerate() {
                assert_eq!(have.md5, want["md5"], "{name} frame {n} at {}", have.offset);
                assert_eq!(have.key, want["key"] == true, "{name} frame {n}");
                assert_eq!(u64::from(have.camera), want["camera"].as_u64().unwrap_or(1));
                let ms = want["unix_ms"]
                    .as_i64()
                    .or(want["unix_s"].as_i64().map(|s| s * 1000));
                assert_eq!(have.unix_ms, ms, "{name} frame {n}");
            }
        }
    }
}
