// SPDX-License-Identifier: MPL-2.0
//! The effective configuration of captures of real units is what an independent reading says of them.

use formats::reader::Codec;
use parconfig::ConfigText;
use parconfig::compare::compare;
use parconfig::effective::{Effective, PAUSE};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

/// The captures with their independent reading; they are not part of the project.
fn samples() -> Vec<(PathBuf, Value)> {
    let base = std::env::var_os("EXP_SAMPLES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("../shared/samples"),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(base.join("netvu")) else {
        eprintln!(
            "SKIPPED: no captures in {}; set EXP_SAMPLES",
            base.display()
        );
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            (
                path.with_extension(""),
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(),
            )
        })
        .collect();
    found.sort_by(|a: &(PathBuf, Value), b| a.0.cmp(&b.0));
    assert!(found.len() >= 10, "captures are missing");
    found
}

/// What the independent reading says of a camera.
#[derive(Default)]
struct Expected {
    title: String,
    size: Option<(u64, u64)>,
    pictures: u64,
    keys: u64,
    times: Vec<i64>,
    mpeg4: bool,
}

fn expected(frames: &[Value]) -> BTreeMap<u64, Expected> {
    let mut cameras: BTreeMap<u64, Expected> = BTreeMap::new();
    for frame in frames {
        let kind = frame["kind"].as_str().unwrap();
        if !(kind.starts_with("image/jpeg") || kind == "video/mpeg") {
            continue;
        }
        let camera = cameras
            .entry(frame["camera"].as_u64().unwrap())
            .or_default();
        camera.pictures += 1;
        camera.keys += u64::from(frame["key"] == true);
        camera.mpeg4 = kind == "video/mpeg";
        camera.times.extend(frame["unix_ms"].as_i64());
        if let Some(title) = frame["title"].as_str() {
            camera.title = title.to_owned();
        }
        if let (Some(width), Some(height)) = (frame["width"].as_u64(), frame["height"].as_u64()) {
            camera.size.get_or_insert((width, height));
        }
    }
    cameras
}

/// `Site-Id: …` in the text that the independent reading gives verbatim.
fn site(frames: &[Value]) -> Option<String> {
    let text = frames
        .iter()
        .filter_map(|f| f["text"].as_str())
        .find(|t| t.contains("Site-Id"))?;
    let site = text
        .split("Site-Id:")
        .nth(1)?
        .lines()
        .next()?
        .trim_end_matches('\0')
        .trim();
    (!site.is_empty()).then(|| site.to_owned())
}

#[test]
fn effective_configuration_matches_the_independent_reading() {
    let mut sites = 0;
    for (path, json) in samples() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let found = Effective::read(File::open(&path).unwrap(), &name).unwrap();
        let frames = json["frames"].as_array().unwrap();
        let cameras = expected(frames);
        assert_eq!(
            found
                .cameras
                .keys()
                .map(|n| u64::from(*n))
                .collect::<Vec<_>>(),
            cameras.keys().copied().collect::<Vec<_>>(),
            "{name}"
        );
        for ((number, camera), wanted) in found.cameras.iter().zip(cameras.values()) {
            let what = format!("{name} camera {number}");
            assert_eq!(camera.title(), Some(wanted.title.as_str()), "{what}");
            let size = camera.size().map(|(w, h)| (u64::from(w), u64::from(h)));
            assert_eq!(size, wanted.size, "{what}");
            assert_eq!(
                (camera.pictures, camera.keys),
                (wanted.pictures, wanted.keys),
                "{what}"
            );
            let codec = if wanted.mpeg4 {
                Codec::Mpeg4
            } else {
                Codec::Jpeg
            };
            assert_eq!(camera.codec, Some(codec), "{what}");
            let first = wanted.times.iter().min().copied();
            let last = wanted.times.iter().max().copied();
            assert_eq!(camera.spans.first().map(|s| s.0), first, "{what}");
            assert_eq!(camera.spans.last().map(|s| s.1), last, "{what}");
            assert!(
                wanted.times.windows(2).all(|w| w[1] - w[0] <= PAUSE) == (camera.spans.len() == 1),
                "{what}"
            );
        }
        let offset = frames.iter().find_map(|f| f["utc_offset"].as_i64());
        assert_eq!(found.utc_offset.map(i64::from), offset, "{name}");
        if let Some(site) = site(frames) {
            assert_eq!(found.site.as_deref(), Some(site.as_str()), "{name}");
            sites += 1;
        }
        // The configuration that is made of it says the same.
        let config = found.config();
        for (number, camera) in &found.cameras {
            assert_eq!(config.titles().cameras[number], camera.title().unwrap());
            let (width, height) = camera.size().unwrap();
            let profile = format!("profile.camera-{number}");
            assert_eq!(
                config.value(&profile, "resolution"),
                Some(format!("{width}x{height}").as_str()),
                "{name}"
            );
        }
        assert!(
            compare(&config, &found).is_empty(),
            "{name}: a recording agrees with itself"
        );
    }
    if sites == 0 {
        eprintln!("SKIPPED: nothing was compared");
    }
}

#[test]
fn a_configuration_is_held_against_a_recording() {
    let Some((path, _)) = samples()
        .into_iter()
        .find(|(path, _)| path.ends_with("dvip2-mpeg4.adbin"))
    else {
        return;
    };
    let found = Effective::read(File::open(&path).unwrap(), "dvip2").unwrap();
    let text = "; par 1\n[unit]\nutc-offset = 60\n[camera.1]\ntitle = Camera 1\nprofile = a\n\
                [camera.2]\ntitle = Yard\n[profile.a]\ncompression = mpeg4\nresolution = 2CIF\nrate = 2\nbit-rate = 90\n";
    let config = ConfigText::parse(text.as_bytes()).unwrap();
    let told: Vec<String> = compare(config.config(), &found)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "unit is set to 60, recorded 0 (unit.utc-offset)",
            "camera 1 is set to 704x256, recorded 352x256 (camera.1.resolution)",
            "camera 2 is set to yes, recorded nothing (camera.2.enabled)",
        ]
    );
}

/// The numbers are those of the published description of this capture's first header.
#[test]
fn encoder_settings_are_read() {
    for (path, _) in samples() {
        let camera = |number| {
            let found = Effective::read(File::open(&path).unwrap(), "x").unwrap();
            found.cameras[&number].clone()
        };
        if path.ends_with("ds-jpeg.adbin") {
            let camera = camera(1);
            let crop = camera.crop.unwrap();
            assert_eq!((crop.source, crop.offset), ((768, 576), (8, 0)));
            assert_eq!(
                (camera.target, camera.quality),
                (Some(15_000), Some((255, 255)))
            );
        } else if path.ends_with("dvip2-jpeg.adbin") {
            assert_eq!(
                (camera(1).target, camera(1).quality),
                (Some(18_432), Some((41, 55)))
            );
        } else if path.ends_with("dvip2-mpeg4.adbin") {
            assert_eq!(camera(1).target, Some(92_160));
        } else if path.ends_with("remguard-alarm.adbin") {
            assert_eq!(camera(9).target, Some(20_000));
        }
    }
}

/// A partition: frames behind `PAR\0` and an index that nobody knows, with padding between.
#[test]
fn a_partition_is_read_without_its_index() {
    let Some((path, _)) = samples()
        .into_iter()
        .find(|(path, _)| path.ends_with("remguard-alarm.adbin"))
    else {
        return;
    };
    let stream = std::fs::read(&path).unwrap();
    let mut partition = b"PAR\0".to_vec();
    partition.extend((0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x7f));
    let mut at = 0;
    while let Some(head) = stream.get(at..at + 6) {
        let size = u32::from_be_bytes(head[2..6].try_into().unwrap()) as usize;
        let Some(packet) = stream.get(at + 6..at + 6 + size) else {
            break;
        };
        partition.extend_from_slice(packet);
        partition.resize(partition.len().next_multiple_of(512), 0);
        at += 6 + size;
    }
    let whole = Effective::read(stream.as_slice(), "stream").unwrap();
    let found = Effective::read(partition.as_slice(), "partition").unwrap();
    assert_eq!(found.site, whole.site);
    assert_eq!(found.cameras, whole.cameras);
}

/// A recording cut anywhere is read as far as it goes, in the same memory.
#[test]
fn half_a_file_is_half_a_configuration() {
    let Some((path, _)) = samples()
        .into_iter()
        .find(|(path, _)| path.ends_with("dvip2-jpeg.adbin"))
    else {
        return;
    };
    let stream = std::fs::read(&path).unwrap();
    let whole = Effective::read(stream.as_slice(), "x").unwrap();
    let mut last = 0;
    for part in 1..8 {
        let cut = &stream[..stream.len() * part / 8];
        let found = Effective::read(cut, "x").unwrap();
        let pictures = found.cameras.get(&1).map_or(0, |c| c.pictures);
        assert!(pictures > last && pictures <= whole.cameras[&1].pictures);
        last = pictures;
        assert_eq!(found.cameras[&1].title(), whole.cameras[&1].title());
    }
}
