// SPDX-License-Identifier: MPL-2.0
//! The NetVu readers over every sample, read whole and byte by byte: frames, times, titles, bytes and key flags as the list
//! beside each sample has them.

use formats::netvu::{self, Kind, probe};
use formats::reader::{Codec, Packet, Payload, Step};
use md5::{Digest, Md5};
use serde_json::Value;
use std::path::PathBuf;
use testing::netvu_make::read_all;

fn samples() -> Option<PathBuf> {
    let dir = std::env::var_os("EXP_SAMPLES")
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("../shared/samples")
        })
        .join("netvu");
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("SKIPPED: no samples in {}", dir.display());
    None
}

fn read(name: &str) -> Option<Vec<u8>> {
    samples().map(|dir| std::fs::read(dir.join(name)).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn md5(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(bytes))
}

/// A packet, its payload as output, and its bytes as stored from the payload on.
struct Frame {
    packet: Packet,
    made: Vec<u8>,
    stored: Vec<u8>,
}

/// Everything a reader outputs; panics on anything else than packets and bytes to skip, up to a cut end.
fn frames(kind: Kind, data: &[u8], grow: usize) -> Vec<Frame> {
    let mut out = Vec::new();
    let end = read_all(kind, data, grow, |offset, window, step| match step {
        Step::Packet(packet) => {
            let stored = match &packet.payload {
                Payload::Plain(range) | Payload::Wrapped { range, .. } => {
                    window[range.start..packet.size.max(range.end)].to_vec()
                }
                _ => window[..packet.size].to_vec(),
            };
            out.push(Frame {
                packet: packet.clone(),
                made: packet.payload.to_vec(window),
                stored,
            });
        }
        Step::Damaged(damage) => panic!("damage at {offset}: {damage:?}"),
        _ => {}
    });
    assert!(end.is_some(), "no progress");
    out
}

/// Compares frames with the list of a sample; returns what differs.
fn compare(frames: &[Frame], list: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let wanted: Vec<&Value> = list["frames"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|frame| frame["kind"] != "info")
        .collect();
    let texts: Vec<&str> = list["frames"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|frame| frame["kind"] == "info")
        .map(|frame| frame["text"].as_str().unwrap())
        .collect();
    let reported: Vec<&str> = frames
        .iter()
        .filter_map(|frame| frame.packet.details.as_deref())
        .flat_map(|details| &details.fields)
        .filter(|(name, _)| name == "INFO")
        .map(|(_, text)| text.as_str())
        .collect();
    if texts != reported {
        wrong.push(format!("info texts {reported:?}, expected {texts:?}"));
    }
    if frames.len() != wanted.len() {
        wrong.push(format!(
            "{} frames, expected {}",
            frames.len(),
            wanted.len()
        ));
    }
    let (mut title, mut offset) = (String::new(), None);
    for (number, (frame, want)) in frames.iter().zip(wanted).enumerate() {
        if let Some(details) = &frame.packet.details {
            title = details.title.clone().unwrap_or(title);
            offset = details.utc_offset.or(offset);
        }
        let mut differ = |what: &str, have: String, want: String| {
            if have != want {
                wrong.push(format!("frame {number}: {what} {have}, expected {want}"));
            }
        };
        let kind = want["kind"].as_str().unwrap();
        let codec = match kind {
            "image/jpeg" | "image/jpeg stripped" => Codec::Jpeg,
            "video/mpeg" => Codec::Mpeg4,
            "audio" => Codec::PcmS16le,
            "image/bmp" => Codec::Bmp,
            other => panic!("unknown kind {other}"),
        };
        differ(
            "codec",
            format!("{:?}", frame.packet.stream.codec),
            format!("{codec:?}"),
        );
        differ(
            "camera",
            frame.packet.stream.camera.to_string(),
            want["camera"].to_string(),
        );
        let bytes = want["bytes"].as_u64().unwrap() as usize;
        if codec == Codec::PcmS16le {
            differ(
                "audio bytes",
                frame.made.len().to_string(),
                ((bytes - 4) * 4).to_string(),
            );
            let block = &frame.stored[frame.stored.len() - bytes..];
            differ("md5", md5(block), want["md5"].as_str().unwrap().into());
            if let Some(end) = want["unix_ms"].as_i64() {
                let start = frame.packet.timestamp.unwrap().unix_ms();
                let length = (bytes as i64 - 4) * 2 * 1000 / 8000;
                differ("start", start.to_string(), (end - length).to_string());
            }
            continue;
        }
        let stored = match kind {
            "image/jpeg stripped" => &frame.stored,
            _ => &frame.made,
        };
        differ("bytes", stored.len().to_string(), bytes.to_string());
        differ("md5", md5(stored), want["md5"].as_str().unwrap().into());
        if let Some(ms) = want["unix_ms"].as_i64() {
            let have = frame.packet.timestamp.map(|timestamp| timestamp.unix_ms());
            differ("time", format!("{have:?}"), format!("{:?}", Some(ms)));
        }
        if let Some(key) = want["key"].as_bool() {
            differ("key", frame.packet.key.to_string(), key.to_string());
        }
        if let Some(want) = want["title"].as_str() {
            differ("title", title.clone(), want.into());
        }
        if let Some(want) = want["utc_offset"].as_i64() {
            differ(
                "offset",
                format!("{offset:?}"),
                format!("{:?}", Some(want as i32)),
            );
        }
        if let Some(width) = want["width"].as_u64() {
            let size = (
                u64::from(frame.packet.width),
                u64::from(frame.packet.height),
            );
            differ(
                "size",
                format!("{size:?}"),
                format!("{:?}", (width, want["height"].as_u64().unwrap())),
            );
        }
    }
    wrong
}

fn kind_of(name: &str) -> Kind {
    if name.ends_with(".mime") {
        Kind::Mime
    } else {
        Kind::Binary
    }
}

fn each_sample(mut check: impl FnMut(&str, &[u8], &Value)) {
    let Some(dir) = samples() else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            let list: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let name = list["file"].as_str().unwrap().to_owned();
            check(&name, &std::fs::read(dir.join(&name)).unwrap(), &list);
            count += 1;
        }
    }
    assert!(count >= 10, "{count} samples");
}

#[test]
fn every_sample_gives_the_frames_of_its_list() {
    each_sample(|name, data, list| {
        let frames = frames(kind_of(name), data, 0);
        let wrong = compare(&frames, list);
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    });
}

#[test]
fn windows_that_grow_give_the_same() {
    each_sample(|name, data, list| {
        // One byte at a time over the first 60 kB, which has several packets of each sample; larger steps over all of it.
        for grow in [7, 4096] {
            let frames = frames(kind_of(name), data, grow);
            let wrong = compare(&frames, list);
            assert!(wrong.is_empty(), "{name} by {grow}: {wrong:#?}");
        }
        let part = &data[..data.len().min(60_000)];
        let whole = frames(kind_of(name), part, 0);
        let split = frames(kind_of(name), part, 1);
        assert_eq!(whole.len(), split.len(), "{name}");
        for (whole, split) in whole.iter().zip(&split) {
            assert_eq!(whole.made, split.made, "{name}");
            assert_eq!(whole.packet.timestamp, split.packet.timestamp, "{name}");
            assert_eq!(whole.packet.details, split.packet.details, "{name}");
        }
    });
}

#[test]
fn every_sample_is_recognised_by_its_first_bytes() {
    each_sample(|name, data, _| {
        for head in [4096, data.len()] {
            assert_eq!(
                probe(&data[..head]),
                Some((kind_of(name), probe(&data[..head]).unwrap().1)),
                "{name}"
            );
            assert!(
                probe(&data[..head]).unwrap().1 >= 80,
                "{name}: {:?}",
                probe(&data[..head])
            );
        }
    });
}

#[test]
fn rebuilt_pictures_equal_the_vectors() {
    for (name, number, size, sum) in [
        (
            "dvip2-jpeg.adbin",
            0,
            20_137,
            "44378ac7cd910f2bd14e8b103f46dc8cb44300abd374a6e896bd3e1f2a9f3f71",
        ),
        (
            "remguard-alarm.adbin",
            0,
            20_517,
            "9c4d5300913e870031fefd39acfd0b55248b6bcf0636f0e6c8b03bc690ff3db5",
        ),
    ] {
        let Some(data) = read(name) else { return };
        let frame = &frames(Kind::Binary, &data, 0)[number];
        // The vectors were built by putting an end marker behind whatever stands there; this one is put behind the data
        // without its filling.
        let Payload::Wrapped { prefix, .. } = &frame.packet.payload else {
            panic!("{name}: not rebuilt");
        };
        let mut made = prefix.to_vec();
        made.extend(&frame.stored);
        made.extend([0xff, 0xd9]);
        assert_eq!((made.len(), sha256(&made).as_str()), (size, sum), "{name}");
        assert!(
            frame.made.ends_with(&[0xff, 0xd9]) && !frame.made.ends_with(&[0xff, 0xd9, 0xff, 0xd9])
        );
    }
}

#[test]
fn decoded_audio_equals_the_vectors() {
    let Some(data) = read("express-adpcm.adbin") else {
        return;
    };
    let audio: Vec<Vec<u8>> = frames(Kind::Binary, &data, 0)
        .into_iter()
        .filter(|frame| frame.packet.stream.codec == Codec::PcmS16le)
        .map(|frame| frame.made)
        .collect();
    assert_eq!(audio[0].len(), 480);
    assert_eq!(
        sha256(&audio[0]),
        "89f43396d51b2812ce81a780b03b1bf73920ef870b947122bd77eccb9a625459"
    );
    assert_eq!(audio[1].len(), 2880);
    assert_eq!(
        sha256(&audio[1]),
        "7a556e7e634d1781eac44789d5ee027769f913410d2740d7cf9834791d3c83d0"
    );
}

#[test]
fn audio_of_a_mime_stream_follows_the_pictures() {
    let Some(data) = read("express-adpcm.mime") else {
        return;
    };
    let frames = frames(Kind::Mime, &data, 0);
    let mut end = None;
    for frame in &frames {
        if let Some(audio) = frame.packet.audio {
            let start = frame.packet.timestamp.unwrap().unix_ms();
            if let Some(end) = end {
                assert_eq!(start, end, "audio continues without a gap");
            }
            end = Some(start + frame.made.len() as i64 / 2 * 1000 / i64::from(audio.rate));
        }
    }
    let picture = frames
        .iter()
        .find(|frame| frame.packet.audio.is_none())
        .unwrap();
    let first = &frames[0];
    let millis = first.made.len() as i64 / 16;
    assert_eq!(
        first.packet.timestamp.unwrap().unix_ms() + millis,
        picture.packet.timestamp.unwrap().unix_ms()
    );
}

#[test]
fn facts_of_a_fire_detector_are_kept() {
    let Some(data) = read("firevu-bmp.mime") else {
        return;
    };
    let frames = frames(Kind::Mime, &data, 0);
    let details = frames[0].packet.details.as_ref().unwrap();
    assert_eq!(details.site.as_deref(), Some("FMC_3"));
    assert_eq!(details.locale.as_deref(), Some("BST"));
    let field = |name: &str| {
        let field = details.fields.iter().find(|(have, _)| have == name);
        field.map(|(_, value)| value.as_str())
    };
    assert_eq!(
        field("Vsdcount"),
        Some("0,0,0,0,0,429,0,2245,0,0,0,0,0,0,0,0")
    );
    assert_eq!(field("Q-Factor"), Some("55"));
    let mask = &frames[1].packet;
    assert_eq!(
        (mask.stream.codec, mask.width, mask.height),
        (Codec::Bmp, 320, 256)
    );
    assert_eq!(mask.timestamp, frames[0].packet.timestamp);
}

#[test]
fn quality_factors_of_real_tables() {
    for (name, factor) in [
        ("express-adpcm.mime", "20"),
        ("ds2-jfif.adbin", "61"),
        ("firevu-bmp.mime", "55"),
    ] {
        let Some(data) = read(name) else { return };
        for frame in frames(kind_of(name), &data, 0) {
            if frame.packet.stream.codec == Codec::Jpeg {
                let fields = &frame.packet.details.as_ref().unwrap().fields;
                let found = fields.iter().find(|(field, _)| field == "Q-Factor");
                assert_eq!(found.unwrap().1, factor, "{name}");
            }
        }
    }
}

#[test]
fn a_resynced_reader_finds_the_next_packet() {
    each_sample(|name, data, _| {
        let mut starts = Vec::new();
        read_all(kind_of(name), data, 0, |offset, _, step| {
            if let Step::Packet(packet) = step
                && packet.size > 0
            {
                starts.push(offset);
            }
        });
        for from in (0..data.len().min(200_000)).step_by(9_973) {
            let mut reader = netvu::open(kind_of(name));
            reader.resync();
            let (mut at, mut found) = (from, None);
            while found.is_none() {
                let window = formats::reader::Window {
                    offset: at as u64,
                    data: &data[at..],
                    last: true,
                    unread: None,
                };
                match reader.next(&window) {
                    Step::Skip(bytes) => at += bytes as usize,
                    Step::Packet(packet) if packet.size > 0 => found = Some(at as u64),
                    Step::Packet(_) => {}
                    Step::Cut(_) | Step::End => break,
                    other => panic!("{name}: {other:?}"),
                }
            }
            let expected = starts.iter().copied().find(|start| *start >= from as u64);
            assert_eq!(found, expected, "{name} from {from}");
        }
    });
}

#[test]
fn a_damaged_front_costs_nothing() {
    let Some(data) = read("../field/damage/front.adbin") else {
        return;
    };
    assert_eq!(probe(&data), Some((Kind::Binary, 100)));
    assert_eq!(frames(Kind::Binary, &data, 0).len(), 200);
    // the same file with each byte of its first packet damaged
    for at in 0..280 {
        let mut data = data.clone();
        data[at] ^= 0x55;
        let (kind, _) = probe(&data).unwrap();
        let mut count = 0;
        read_all(kind, &data, 0, |_, _, step| {
            count += usize::from(matches!(step, Step::Packet(packet) if packet.size > 0));
        });
        assert!(count >= 199, "byte {at}: {count} frames as {kind:?}");
    }
}
