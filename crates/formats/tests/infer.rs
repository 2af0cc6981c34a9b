// SPDX-License-Identifier: MPL-2.0
//! Layouts that nobody described are inferred from the files alone: random ones, a real recording of another maker, and
//! what must not be taken for a recording.
//!
//! `EXP_LAYOUTS=500` draws that many layouts instead of 60, `EXP_LAYOUTS_FROM=1000` from another seed on, `EXP_LAYOUTS_KIND='padding: 16'` only those
//! of a kind that begins so; `EXP_LAYOUTS_SHOW=1` prints each that is not read rightly, `EXP_LAYOUTS_SAVE=FOLDER` keeps the files.

use formats::exp::infer::{Confidence, Hints, Inferred, infer, infer_files};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use testing::{
    layouts::{
        Recording,
        frames::{Coding, Family, families},
        judge::{Table, Verdict, judge, kinds, read},
        recording,
    },
    mpeg4_tools::have_ffmpeg,
};

/// The families, encoded once for all tests.
pub fn all_families() -> &'static [Family] {
    static FAMILIES: OnceLock<Vec<Family>> = OnceLock::new();
    FAMILIES.get_or_init(families)
}

fn samples() -> PathBuf {
    std::env::var("EXP_SAMPLES").map_or_else(
        |_| Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("../shared/samples"),
        PathBuf::from,
    )
}

/// Judges recordings on as many threads as there are processors.
fn verdicts(count: u64) -> Vec<(u64, Recording, Verdict)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let first: u64 = std::env::var("EXP_LAYOUTS_FROM")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let wanted = std::env::var("EXP_LAYOUTS_KIND").unwrap_or_default();
    let families = all_families();
    let part = |own: u64| {
        let seeds = (first..first.saturating_add(count)).filter(move |seed| seed % threads == own);
        let recordings = seeds.map(|seed| (seed, recording(seed, families)));
        let of_kind = |(_, recording): &(u64, Recording)| {
            kinds(&recording.plan)
                .iter()
                .any(|kind| kind.starts_with(&wanted))
        };
        let all = recordings.filter(of_kind).map(|(seed, mut recording)| {
            let verdict = judge(&recording, &Hints::default());
            if let Some(folder) = std::env::var_os("EXP_LAYOUTS_SAVE") {
                let path = Path::new(&folder).join(format!("{seed}.exp"));
                std::fs::write(path, &recording.file).unwrap();
            }
            // many recordings do not fit into memory
            recording.file = Vec::new();
            recording.truth = Vec::new();
            (seed, recording, verdict)
        });
        all.collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let work: Vec<_> = (0..threads)
            .map(|own| {
                scope.spawn({
                    let part = &part;
                    move || part(own)
                })
            })
            .collect();
        work.into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

#[test]
fn random_layouts_are_inferred() {
    let count: u64 = std::env::var("EXP_LAYOUTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(60);
    let show = std::env::var("EXP_LAYOUTS_SHOW").is_ok();
    let mut table = Table::default();
    let mut sure: std::collections::BTreeMap<Option<Confidence>, [usize; 3]> = Default::default();
    let mut wrong = Vec::new();
    for (seed, recording, verdict) in verdicts(count) {
        table.add(&recording.plan, &verdict);
        let row = sure.entry(verdict.confidence).or_default();
        let counts = [true, verdict.right(), verdict.reported];
        row.iter_mut()
            .zip(counts)
            .for_each(|(sum, one)| *sum += usize::from(one));
        if verdict.confidence == Some(Confidence::Certain) && !verdict.right() {
            wrong.push(seed);
        }
        if show && !verdict.right() {
            println!(
                "{seed} is wrong: {:?}, frames {}, times {}, cameras {}",
                verdict.confidence, verdict.frames, verdict.times, verdict.cameras
            );
            println!("{seed}: {:?}\n{}", recording.plan, verdict.text);
        }
    }
    println!("{table}");
    for (confidence, [all, right, reported]) in &sure {
        println!(
            "{confidence:?}: {all} layouts, {right} of them right, {reported} name what would decide"
        );
    }
    // what few recorders do is printed, and never certain and wrong; no share of it is wanted
    let [all, frames, times, _] = table.row("usual");
    assert!(all > 0 && all as u64 <= count);
    assert!(
        frames * 100 >= all * FRAMES,
        "{frames} of {all} with every frame"
    );
    assert!(
        times * 100 >= all * TIMES,
        "{times} of {all} with the right times"
    );
    assert!(wrong.is_empty(), "certain and wrong: {wrong:?}");
    let [probable, right, _] = sure
        .get(&Some(Confidence::Probable))
        .copied()
        .unwrap_or_default();
    assert!(
        right * 100 >= probable * PROBABLE,
        "{right} of {probable} called probable are right"
    );
}

/// Percent of the layouts, at least: with every frame, with the right times; of those called probable, right.
const FRAMES: usize = 93;
const TIMES: usize = 88;
const PROBABLE: usize = 90;

/// The samples with their truth, frame by frame.
#[test]
fn undocumented_samples_are_inferred() {
    let folder = samples().join("unknown");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: the samples are not at {}", folder.display());
        return;
    };
    let mut count = 0;
    for path in files.map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "exp") {
            continue;
        }
        let file = std::fs::read(&path).unwrap();
        let truth = std::fs::read(path.with_extension("exp.json")).unwrap();
        let truth: serde_json::Value = serde_json::from_slice(&truth).unwrap();
        let inferred = infer(&file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        check_frames(
            &path,
            &file,
            &inferred,
            truth["frames"].as_array().unwrap(),
            "bytes",
        );
        count += 1;
    }
    assert_eq!(count, 10);
}

fn check_frames(
    path: &Path,
    file: &[u8],
    inferred: &Inferred,
    frames: &[serde_json::Value],
    _size: &str,
) {
    let name = path.display();
    let shown = read(file, &inferred.layout);
    assert_eq!(shown.len(), frames.len(), "{name}");
    for (n, (frame, shown)) in frames.iter().zip(&shown).enumerate() {
        use md5::Digest;
        let sum: String = md5::Md5::digest(&shown.bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(frame["md5"], sum.as_str(), "{name}: frame {n}");
        assert_eq!(frame["key"], shown.key, "{name}: frame {n}");
        let timestamp = shown.timestamp.unwrap();
        let unix = frame["unix_ms"].as_i64().unwrap();
        let exact = timestamp.seconds * 1000 + i64::from(timestamp.millis.unwrap_or(0));
        assert!(
            (exact - unix).abs() < 1000,
            "{name}: frame {n}: {exact} is not {unix}"
        );
    }
}

#[test]
fn a_recording_of_another_maker_is_read() {
    let path = samples().join("netvu/dvip2-mpeg4.adbin");
    let (Ok(file), Ok(truth)) = (
        std::fs::read(&path),
        std::fs::read(path.with_extension("adbin.json")),
    ) else {
        eprintln!("SKIPPED: the samples are not at {}", samples().display());
        return;
    };
    let truth: serde_json::Value = serde_json::from_slice(&truth).unwrap();
    let all = truth["frames"].as_array().unwrap();
    let frames: Vec<_> = all
        .iter()
        .filter(|frame| frame["kind"] == "video/mpeg")
        .cloned()
        .collect();
    let inferred = infer(&file).expect("a layout");
    check_frames(&path, &file, &inferred, &frames, "size");
    // 19 frames are too few for that
    assert_ne!(inferred.confidence, Confidence::Certain);
    // milliseconds go on by about two for each frame, and count nothing
    assert_eq!(inferred.layout.record.sequence, None);
}

#[test]
fn a_known_time_and_a_second_file_narrow_it() {
    let (mut before, mut after, mut tried) = (0, 0, 0);
    for seed in 1000..1030 {
        let recording = recording(seed, all_families());
        let alone = judge(&recording, &Hints::default());
        if alone.confidence != Some(Confidence::Doubtful) || !alone.frames {
            continue;
        }
        let hints = Hints {
            times: vec![
                recording.truth[recording.truth.len() / 2]
                    .time
                    .div_euclid(1000),
            ],
            cameras: Vec::new(),
        };
        let known = judge(&recording, &hints);
        tried += 1;
        before += usize::from(alone.times);
        after += usize::from(known.times);
    }
    println!("{tried} doubtful: times right on {before} alone, on {after} with a known time");
    assert!(after >= before);
    assert!(tried == 0 || after * 10 >= tried * 7, "{after} of {tried}");
}

#[test]
fn several_files_of_one_recorder_give_one_layout() {
    let recording = recording(3, all_families());
    let middle = recording.file.len() / 2;
    let (one, other) = recording.file.split_at(middle);
    let both = infer_files(&[one, other], &Hints::default()).expect("a layout");
    let alone = infer(one).expect("a layout");
    assert!(
        both.frames > alone.frames && both.read + 2 >= both.frames,
        "{both:?}"
    );
}

#[test]
fn what_is_not_a_recording_is_not_inferred() {
    use rand::{RngExt, SeedableRng, rngs::StdRng};
    let mut random = StdRng::seed_from_u64(1);
    let noise: Vec<u8> = (0..4 << 20).map(|_| random.random()).collect();
    let codes: Vec<u8> = [0, 0, 1, 0xb6].repeat(1 << 20);
    let reversed: Vec<u8> = [0xb6, 1, 0, 0].repeat(1 << 20);
    let nals: Vec<u8> = [0, 0, 0, 1, 0x65, 0x88].repeat(1 << 19);
    let jpegs: Vec<u8> = [0xff, 0xd8, 0xff, 0xda, 0, 2].repeat(1 << 19);
    for bytes in [
        &noise[..],
        &vec![0; 4 << 20],
        &vec![0xff; 4 << 20],
        &codes,
        &reversed,
        &nals,
        &jpegs,
        b"",
        b"\0\0\x01\xb6\x10\x60",
    ] {
        assert!(
            infer(bytes).is_err(),
            "{:02x?}",
            &bytes[..bytes.len().min(8)]
        );
    }
    // frames one after the other with nothing between: an elementary stream has no records
    let source = &all_families()[0][0];
    assert_eq!(source.coding, Coding::Mpeg4);
    let stream: Vec<u8> = source
        .frames
        .iter()
        .flat_map(|frame| frame.bytes.clone())
        .collect();
    assert!(infer(&stream).is_err());
}

/// Files of other containers that ffmpeg makes, with the codecs that they take.
const CONTAINERS: [(&str, &str); 24] = [
    ("avi", "mpeg4"),
    ("avi", "mjpeg"),
    ("mp4", "mpeg4"),
    ("mov", "mjpeg"),
    ("matroska", "mpeg4"),
    ("matroska", "libx264"),
    ("mpegts", "mpeg4"),
    ("mpegts", "libx264"),
    ("vob", "mpeg2video"),
    ("mpeg", "mpeg1video"),
    ("flv", "flv"),
    ("asf", "mpeg4"),
    ("asf", "mjpeg"),
    ("mxf", "mpeg2video"),
    ("ogg", "libtheora"),
    ("nut", "mpeg4"),
    ("nut", "libx264"),
    ("m4v", "mpeg4"),
    ("h264", "libx264"),
    ("mjpeg", "mjpeg"),
    ("mpjpeg", "mjpeg"),
    ("ivf", "libvpx"),
    ("rm", "rv10"),
    ("dv", "dvvideo"),
];

#[test]
fn other_containers_are_not_inferred() {
    if !have_ffmpeg() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut made = 0;
    for (format, codec) in CONTAINERS {
        let path = folder.path().join(format!("{format}-{codec}"));
        let size = if codec == "dvvideo" {
            "720x576"
        } else {
            "176x144"
        };
        let output = Command::new("ffmpeg")
            .args([
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                &format!("testsrc2=size={size}:rate=25"),
                "-t",
                "4",
            ])
            .args(["-pix_fmt", "yuv420p", "-c:v", codec, "-f", format])
            .arg(&path)
            .output()
            .expect("ffmpeg runs");
        if !output.status.success() {
            eprintln!(
                "SKIPPED: ffmpeg cannot write {codec} in {format}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            continue;
        }
        made += 1;
        let file = std::fs::read(&path).unwrap();
        let sample = &file[..file.len().min(4 << 20)];
        assert!(
            infer(sample).is_err(),
            "{format} with {codec} is taken for a recording"
        );
    }
    assert!(made >= 12, "only {made} containers could be made");
}
