// SPDX-License-Identifier: MPL-2.0
//! The effective configuration of recordings: made ones, and captures of real units where they are at hand.

use crate::{put, run, text};
use formats::netvu::{self, Kind};
use formats::recording::{FileSource, Format};
use parconfig::ConfigText;
use parconfig::recording::Effective;
use std::fs::File;
use std::path::PathBuf;
use testing::netvu_make;

/// What a stream of any form and the configuration made of it say is the same, also in a cut file.
#[test]
fn a_recording_agrees_with_the_configuration_made_of_it() {
    let mut read = 0;
    for bytes in netvu_make::one_of_each() {
        let Some((kind, _)) = netvu::probe(&bytes) else {
            continue;
        };
        let Ok(found) = Effective::read(bytes.as_slice(), &Format::NetVu(kind));
        if found.cameras.is_empty() {
            continue;
        }
        assert_eq!(found.compare(&found.config()), [], "{kind:?}");
        let Ok(half) = Effective::read(&bytes[..bytes.len() / 2], &Format::NetVu(kind));
        let frames = |found: &Effective| {
            found
                .cameras
                .values()
                .map(|camera| camera.frames)
                .sum::<u64>()
        };
        assert!(frames(&half) <= frames(&found));
        read += 1;
    }
    assert!(read >= 4, "{read} forms");
}

fn capture(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("EXP_SAMPLES").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../shared/samples"
            ))
        },
        PathBuf::from,
    );
    let path = folder.join("netvu").join(name);
    path.exists().then_some(path)
}

/// The numbers are those of an independent reading of the captures, and of the published description of their headers.
#[test]
fn captures_of_real_units_where_they_are_at_hand() {
    let Some(jpeg) = capture("ds-jpeg.adbin") else {
        eprintln!("SKIPPED: no captures; set EXP_SAMPLES");
        return;
    };
    let read = |path: &PathBuf| {
        Effective::read(
            FileSource::new(File::open(path).unwrap()),
            &Format::NetVu(Kind::Binary),
        )
        .unwrap()
    };
    let found = read(&jpeg);
    let camera = &found.cameras[&1];
    let crop = camera.crop.unwrap();
    assert_eq!((crop.source, crop.offset), ((768, 576), (8, 0)));
    assert_eq!(
        (camera.target, camera.quality, camera.frames),
        (Some(15_000), Some((255, 255)), 29)
    );
    let found = read(&capture("ds2-jfif.adbin").unwrap());
    let camera = &found.cameras[&1];
    assert_eq!(
        (found.site.as_deref(), found.utc_offset),
        (Some("SWD_DS2"), Some(630))
    );
    assert_eq!(
        (camera.title(), camera.sizes.as_slice(), camera.keyframes),
        (Some("Sensible"), &[(640, 256)][..], 54)
    );
    let found = read(&capture("dvip2-mpeg4.adbin").unwrap());
    assert_eq!(found.cameras[&1].target, Some(92_160));
    let set = "[unit]\nutc-offset = 60\n[camera.1]\ntitle = 'Camera 1'\nprofile = 'a'\n[camera.2]\ntitle = 'Yard'\n\
               [profile.a]\ncompression = 'mpeg4'\nresolution = '2CIF'\nrate = 2\nbit-rate = 90\n";
    let config = ConfigText::parse(set.as_bytes()).unwrap();
    let mismatches: Vec<String> = found
        .compare(config.config())
        .iter()
        .map(|m| format!("{} {} {}", m.path, m.set, m.recorded))
        .collect();
    assert_eq!(
        mismatches,
        [
            "unit.utc-offset 60 0",
            "camera.1.resolution 704x256 352x256",
            "camera.2.enabled yes nothing"
        ]
    );
}

#[test]
fn a_set_is_compared_with_what_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let stream = netvu_make::one_of_each()
        .into_iter()
        .find(|bytes| netvu::probe(bytes).is_some_and(|(kind, _)| kind == Kind::Binary));
    put(&folder, "r.adbin", stream.unwrap());
    let json = run(folder.path(), &["show", "r.adbin", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let (number, camera) = json["recording"]["cameras"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    assert!(camera["frames"].as_u64().unwrap() > 0);
    put(
        &folder,
        "u.ini",
        format!("[Input {number}]\nCaption=Another title\n"),
    );
    put(
        &folder,
        "m.toml",
        "[[map]]\npath='camera.*.title'\nfile='u.ini'\nsection='Input *'\nkey='Caption'\n",
    );
    let diff = run(
        folder.path(),
        &["diff", "u.ini", "r.adbin", "--map", "m.toml"],
    );
    assert_eq!(diff.status.code(), Some(1));
    assert!(
        text(&diff).contains(&format!(
            "camera.{number}.title: set to Another title, recorded"
        )),
        "{}",
        text(&diff)
    );
    let checked = run(folder.path(), &["check", "r.adbin"]);
    let summary = text(&checked).lines().last().unwrap().to_owned();
    assert!(
        checked.status.success() && summary.starts_with("1 file: 0 errors"),
        "{}",
        text(&checked)
    );
    let drawn = run(folder.path(), &["schedule", "r.adbin", "--svg", "r.svg"]);
    assert!(drawn.status.success(), "{}", text(&drawn));
    let svg = std::fs::read_to_string(folder.path().join("r.svg")).unwrap();
    assert!(
        svg.contains("<title>") && svg.contains("Recorded by"),
        "{svg}"
    );
}
