// SPDX-License-Identifier: MPL-2.0
//! All shared samples of the DX family (`$EXP_SAMPLES/dx`, else `../shared/samples/dx`), pulled and pushed, against the lists beside
//! them of what a demuxer outputs: pictures by their MD5, key flags, recorder time, running time.

use testing::common;

use common::collect::{Feed, Frame, PadLog, run};
use md5::{Digest, Md5};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

const GAP_MS: i64 = 2000;

/// A picture that has to come out.
#[derive(Debug)]
struct Expected {
    md5: String,
    key: bool,
    ms: i64,
    /// The recorder's milliseconds are known, only its seconds, or neither.
    known: Known,
    run: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Millis,
    Seconds,
    Nothing,
}

fn number(value: &Value, name: &str) -> Option<i64> {
    value.get(name)?.as_i64()
}

/// Pictures by camera: those without a reference, destroyed ones and those cut off by the file's end left out.
fn expected(list: &Value) -> BTreeMap<i64, Vec<Expected>> {
    let size = number(list, "size").unwrap();
    let mut cameras: BTreeMap<i64, Vec<&Value>> = BTreeMap::new();
    for frame in list["frames"].as_array().unwrap() {
        let key = frame["key"].as_bool().unwrap();
        if let Some(offset) = number(frame, "offset") {
            let head = if key { 88 } else { 24 };
            if offset + head + number(frame, "bytes").unwrap() > size {
                continue;
            }
        }
        let camera = number(frame, "camera").unwrap_or(1);
        cameras.entry(camera).or_default().push(frame);
    }
    let wanted = |frames: Vec<&Value>| {
        let (mut waiting, mut last, mut run, mut wanted) = (true, None, 0, Vec::new());
        for frame in frames {
            let (ms, known) = match (number(frame, "unix_ms"), number(frame, "unix_s")) {
                (Some(ms), _) => (ms, Known::Millis),
                (_, Some(seconds)) => (seconds * 1000, Known::Seconds),
                _ => (0, Known::Nothing),
            };
            if last.is_some_and(|last| ms - last >= GAP_MS || ms < last) {
                (waiting, run) = (true, run + 1);
            }
            last = Some(ms);
            let key = frame["key"].as_bool().unwrap();
            if frame.get("damaged").is_some() || (waiting && !key) {
                continue;
            }
            waiting = false;
            wanted.push(Expected {
                md5: frame["md5"].as_str().unwrap().to_owned(),
                key,
                ms,
                known,
                run,
            });
        }
        wanted
    };
    cameras
        .into_iter()
        .map(|(camera, frames)| (camera, wanted(frames)))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_frame(about: &str, frame: &Frame, expected: &Expected) {
    assert_eq!(
        hex(&Md5::digest(frame.vop())),
        expected.md5,
        "{about}: other bytes"
    );
    assert_eq!(frame.key, expected.key, "{about}: key");
    assert!(
        frame.dts.is_some() && frame.duration.is_some(),
        "{about}: times"
    );
    let unix = frame.unix.map(|unix| unix as i64 / 1_000_000);
    match expected.known {
        Known::Millis => assert_eq!(unix, Some(expected.ms), "{about}"),
        Known::Seconds => assert_eq!(
            unix.map(|ms| ms / 1000),
            Some(expected.ms / 1000),
            "{about}"
        ),
        Known::Nothing => assert_eq!(unix, None, "{about}"),
    }
}

fn check_pad(about: &str, pad: &PadLog, expected: &[Expected]) {
    let caps = pad.caps()[0].to_string();
    assert!(
        caps.starts_with("video/mpeg, mpegversion=(int)4"),
        "{about}: {caps}"
    );
    let frames = pad.frames();
    assert_eq!(frames.len(), expected.len(), "{about}: pictures");
    for (n, (frame, wanted)) in frames.iter().zip(expected).enumerate() {
        let about = format!("{about}, picture {n}");
        check_frame(&about, frame, wanted);
        let Some(before) = n.checked_sub(1) else {
            continue;
        };
        let step = frame
            .pts()
            .checked_sub(frames[before].pts())
            .filter(|step| *step > 0);
        let step = step.unwrap_or_else(|| panic!("{about}: time goes back")) as i64;
        if expected[before].run != wanted.run {
            assert!(frame.discont, "{about}: no DISCONT");
        } else if wanted.known == Known::Millis {
            let off = step - (wanted.ms - expected[before].ms) * 1_000_000;
            assert!(off.abs() <= 1_000_000, "{about}: off by {off} ns");
        }
    }
}

fn check(path: &Path) -> usize {
    let list = std::fs::read(path.with_added_extension("json")).unwrap();
    let wanted = expected(&serde_json::from_slice(&list).unwrap());
    let bytes = std::fs::read(path).unwrap();
    for feed in [Feed::Pull, Feed::Push(4096)] {
        let about = format!("{}, {feed:?}", path.file_name().unwrap().display());
        let outcome = run(&bytes, feed).well();
        let videos = outcome
            .pads
            .iter()
            .filter(|pad| pad.name.starts_with("video"));
        let videos = videos.collect::<Vec<_>>();
        assert_eq!(videos.len(), wanted.len(), "{about}: {:?}", outcome.names());
        for (camera, wanted) in &wanted {
            let pad = outcome.pad(&format!("video_{camera}"));
            check_pad(&format!("{about}, camera {camera}"), pad, wanted);
        }
        let first = videos
            .iter()
            .filter_map(|pad| pad.frames().first()?.pts)
            .min();
        assert!(
            first.is_some_and(|first| first < 2_000_000_000),
            "{about}: begins at {first:?}"
        );
    }
    wanted.values().map(Vec::len).sum()
}

#[test]
fn samples_give_what_the_lists_beside_them_say() {
    let Some(folder) = common::samples("dx") else {
        return;
    };
    let mut samples = 0;
    let files = std::fs::read_dir(folder).unwrap();
    let mut files = files.map(|file| file.unwrap().path()).collect::<Vec<_>>();
    files.sort();
    for path in files
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e != "json"))
    {
        println!("{}: {} pictures", path.display(), check(path));
        samples += 1;
    }
    assert!(samples > 0, "the folder has no samples");
}
