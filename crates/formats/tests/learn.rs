// SPDX-License-Identifier: MPL-2.0
//! Layouts that nobody described are worked out from the files alone: five hundred random ones, and a real recording of
//! another maker.

use testing::learn_tools;

use formats::exp::{
    layout::Layout,
    learn::{Confidence, learn},
    native::NativeReader,
};
use formats::reader::{Reader, Step, Timestamp, Window};
use learn_tools::{made::Made, pool::Pool, random::Random};
use std::collections::HashMap;

/// A picture as a player gets it.
struct Shown {
    bytes: Vec<u8>,
    timestamp: Option<Timestamp>,
    camera: u16,
    key: bool,
}

/// All pictures of a file, read by a layout.
fn read(file: &[u8], layout: &Layout) -> Vec<Shown> {
    let mut reader = NativeReader::new(layout.clone());
    let (mut shown, mut at) = (Vec::new(), 0usize);
    while at < file.len() {
        let window = Window {
            offset: at as u64,
            data: &file[at..],
            last: true,
            unread: 0,
        };
        at += match reader.next(&window) {
            Step::Packet(packet) => {
                if packet.audio.is_none() {
                    shown.push(Shown {
                        bytes: packet.payload.to_vec(window.data),
                        timestamp: packet.timestamp,
                        camera: packet.stream.camera,
                        key: packet.key,
                    });
                }
                packet.size
            }
            Step::Skip(size) => size as usize,
            Step::Damaged(damage) => damage.length,
            Step::Cut(_) | Step::Need(_) | Step::End => break,
        };
    }
    shown
}

/// How a layout did.
#[derive(Default, Debug)]
struct Verdict {
    inferred: bool,
    certain: bool,
    pictures: bool,
    times: bool,
    cameras: bool,
    /// Milliseconds that stand in the file were found.
    millis: bool,
    told: String,
}

/// The pictures are parted into cameras as they were made.
fn same_cameras(made: &Made, shown: &[Shown]) -> bool {
    let (mut forth, mut back) = (HashMap::new(), HashMap::new());
    made.truth.iter().zip(shown).all(|(truth, shown)| {
        *forth.entry(truth.camera).or_insert(shown.camera) == shown.camera
            && *back.entry(shown.camera).or_insert(truth.camera) == truth.camera
    })
}

fn judge(made: &Made) -> Verdict {
    let sample = &made.file[..made.file.len().min(4 << 20)];
    let inferred = match learn(sample) {
        Ok(inferred) => inferred,
        Err(nothing) => {
            return Verdict {
                told: nothing.to_string(),
                ..Verdict::default()
            };
        }
    };
    let text = inferred.to_toml().expect("a layout can be written");
    let layout = Layout::from_toml(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(layout, inferred.layout, "{text}");
    let shown = read(&made.file, &layout);
    let pictures = shown.len() == made.truth.len()
        && made
            .truth
            .iter()
            .zip(&shown)
            .all(|(truth, shown)| truth.bytes == shown.bytes && truth.key == shown.key);
    let right = |(truth, shown): (&learn_tools::made::Truth, &Shown)| {
        shown.timestamp.is_some_and(|timestamp| {
            timestamp.seconds == truth.seconds
                && (timestamp.millis.is_none() || timestamp.millis == truth.millis)
        })
    };
    Verdict {
        inferred: true,
        certain: inferred.confidence == Confidence::Certain,
        pictures,
        times: shown.len() == made.truth.len() && made.truth.iter().zip(&shown).all(right),
        cameras: same_cameras(made, &shown),
        millis: shown.iter().all(|shown| {
            shown
                .timestamp
                .is_some_and(|timestamp| timestamp.millis.is_some())
        }),
        told: format!(
            "{:?}, {} of {} read of {}, made {}\n{text}",
            inferred.confidence,
            inferred.read,
            inferred.pictures,
            shown.len(),
            made.truth.len()
        ),
    }
}

/// A layout's seed, the layout in words, whether it has milliseconds, and how learning did.
type Judged = (u64, String, bool, Verdict);

/// Judges the layouts of these seeds, on as many threads as there are processors.
fn verdicts(seeds: std::ops::Range<u64>, pools: &[Vec<Pool>]) -> Vec<Judged> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let part = |own: u64| -> Vec<Judged> {
        let own = seeds.clone().filter(|seed| seed % threads == own);
        own.map(|seed| {
            let made = Made::new(&mut Random::new(seed), pools);
            let has_millis = made.truth.iter().all(|truth| truth.millis.is_some());
            let verdict = judge(&made);
            (seed, made.told, has_millis, verdict)
        })
        .collect()
    };
    let mut all = std::thread::scope(|scope| {
        let part = &part;
        let work: Vec<_> = (0..threads)
            .map(|own| scope.spawn(move || part(own)))
            .collect();
        let parts = work.into_iter().flat_map(|thread| thread.join().unwrap());
        parts.collect::<Vec<_>>()
    });
    all.sort_by_key(|(seed, ..)| *seed);
    all
}

#[test]
fn random_layouts_are_worked_out() {
    let count: u64 = std::env::var("LEARN_COUNT")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(500);
    let only: Option<u64> = std::env::var("LEARN_ONLY")
        .ok()
        .and_then(|text| text.parse().ok());
    let pools = Pool::all();
    let [
        mut inferred,
        mut certain,
        mut pictures,
        mut times,
        mut cameras,
        mut wrong,
        mut with_millis,
        mut millis,
    ] = [0; 8];
    let seeds = only.map_or(0..count, |seed| seed..seed + 1);
    for (seed, told, has_millis, verdict) in verdicts(seeds, &pools) {
        inferred += u64::from(verdict.inferred);
        certain += u64::from(verdict.certain);
        pictures += u64::from(verdict.pictures);
        times += u64::from(verdict.times);
        cameras += u64::from(verdict.cameras);
        with_millis += u64::from(has_millis);
        millis += u64::from(verdict.millis);
        let all = verdict.pictures && verdict.times && verdict.cameras;
        wrong += u64::from(verdict.certain && !all);
        let tell = std::env::var("LEARN_TELL").unwrap_or_default();
        if tell == "all" || !all && (only.is_some() || !tell.is_empty()) {
            println!(
                "{seed}: {told}\npictures {} times {} cameras {} certain {}\n{}",
                verdict.pictures, verdict.times, verdict.cameras, verdict.certain, verdict.told
            );
        }
    }
    println!(
        "{count} random layouts: {inferred} inferred, {pictures} with every picture byte-exact and in order, {times} with the right time on every record, \
         {cameras} with the right cameras, milliseconds found in {millis} of {with_millis}, {certain} called certain, {wrong} of these wrong"
    );
    if only.is_some() {
        return;
    }
    assert_eq!(wrong, 0, "a wrong layout was presented as certain");
    assert!(pictures * 100 >= count * 97, "{pictures} of {count}");
    assert!(times * 100 >= count * 95, "{times} of {count}");
    assert!(certain * 2 >= count, "{certain} of {count}");
}

#[test]
fn what_is_no_recording_is_nothing() {
    let mut random = Random::new(1);
    let noise: Vec<u8> = (0..1 << 20).map(|_| random.below(256) as u8).collect();
    assert!(learn(&noise).is_err());
    assert!(learn(&[]).is_err());
    assert!(learn(b"\0\0\x01\xb6\x10\x60").is_err());
    let pools = Pool::all();
    // pictures one after the other with nothing between: an elementary stream has no records
    let stream: Vec<u8> = pools[0][0]
        .pictures
        .iter()
        .flat_map(|picture| picture.bytes.clone())
        .collect();
    if let Ok(inferred) = learn(&stream) {
        assert_eq!(
            inferred.confidence,
            Confidence::Doubtful,
            "{}",
            inferred.to_toml().unwrap()
        );
    }
}

#[test]
fn other_containers_are_refused_by_name() {
    let mut avi = b"RIFF\0\0\x10\0AVI LIST\0\0\0\0hdrlXVID".to_vec();
    for picture in &Pool::all()[0][0].pictures {
        avi.extend(b"00dc");
        avi.extend((picture.bytes.len() as u32).to_le_bytes());
        avi.extend(&picture.bytes);
        avi.resize(avi.len().next_multiple_of(2), 0);
    }
    let reason = learn(&avi).expect_err("no recording").to_string();
    assert!(reason.contains("AVI"), "{reason}");
}

#[test]
fn a_recording_of_another_maker_is_read() {
    let samples = std::env::var("EXP_SAMPLES").map_or_else(
        |_| {
            std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
                .join("../shared/samples")
        },
        Into::into,
    );
    let (Ok(file), Ok(told)) = (
        std::fs::read(samples.join("netvu/dvip2-mpeg4.adbin")),
        std::fs::read(samples.join("netvu/dvip2-mpeg4.adbin.json")),
    ) else {
        eprintln!("SKIPPED: the samples are not at {}", samples.display());
        return;
    };
    let told: serde_json::Value = serde_json::from_slice(&told).expect("JSON");
    let frames: Vec<_> = told["frames"]
        .as_array()
        .expect("frames")
        .iter()
        .filter(|frame| frame["kind"] == "video/mpeg")
        .collect();
    let inferred = learn(&file).expect("a layout");
    let shown = read(&file, &inferred.layout);
    assert_eq!((frames.len(), shown.len()), (19, 19));
    // milliseconds go on by about two for each picture, and count nothing
    assert_eq!(inferred.layout.record.sequence, None);
    assert_ne!(
        inferred.confidence,
        Confidence::Certain,
        "19 pictures are too few for that"
    );
    for (frame, shown) in frames.iter().zip(&shown) {
        use md5::Digest;
        let sum: String = md5::Md5::digest(&shown.bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(frame["md5"], sum.as_str());
        assert_eq!(frame["key"], shown.key);
        let unix = frame["unix_ms"].as_i64().expect("a time") / 1000;
        assert_eq!(
            shown.timestamp.map(|timestamp| timestamp.seconds),
            Some(unix)
        );
    }
}
