// SPDX-License-Identifier: MPL-2.0
//! `exptool convert --join`; ffmpeg's hashes of the decoded frames say which frames are in the output, ffprobe when.

use crate::{exptool_tools::ends_with, recording_tools as tools};

use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{AudioFormat, Camera, Codec, Mode, Timestamp},
};
use std::{ops::Range, path::Path};
use tools::{RATE, START, coded_frames, exptool, ffprobe, other, packet_times, run, stream};

/// What one export holds of a recorder's frames, which are numbered from 0, five a second.
struct Export<'a> {
    name: &'a str,
    server: &'a str,
    /// Cameras; the frames of each are shown by the number of the frame.
    cameras: &'a [u16],
    frames: Range<usize>,
    audio: bool,
}

impl Default for Export<'_> {
    fn default() -> Self {
        Export {
            name: "",
            server: "LOBBY-DVR",
            cameras: &[1],
            frames: 0..0,
            audio: false,
        }
    }
}

fn timestamp(frame: usize) -> Timestamp {
    let ms = frame as i64 * 1000 / RATE;
    Timestamp {
        seconds: START + ms.div_euclid(1000),
        millis: Some(u16::try_from(ms.rem_euclid(1000)).unwrap()),
    }
}

fn export(folder: &Path, export: Export<'_>) {
    let cameras = export.cameras.iter().map(|number| Camera {
        number: *number,
        width: 352,
        height: 240,
        rate: None,
        title: String::new(),
    });
    let head = Head {
        model: "DX4104".into(),
        server: export.server.into(),
        utc_offset: -300,
        cameras: cameras.collect(),
        audio: export.audio,
        ..Head::default()
    };
    let (mut writer, mut bytes) = Writer::new(head, timestamp(export.frames.start)).unwrap();
    for number in export.frames {
        for camera in export.cameras {
            // the frames of the second camera are others
            let (payload, key) = &coded_frames(1600)[number + 800 * usize::from(*camera - 1)];
            let picture = Picture {
                camera: *camera,
                timestamp: timestamp(number),
                mode: Mode::Continuous,
                width: 352,
                height: 240,
                key: *key,
            };
            bytes.extend(writer.picture(&picture, payload).unwrap());
            if export.audio {
                let format = AudioFormat {
                    rate: 8000,
                    channels: 1,
                    block_align: 0,
                };
                let samples = vec![if number % 2 == 0 { 0x90 } else { 0x10 }; 1600];
                let record =
                    writer.audio(*camera, timestamp(number), Codec::MuLaw, &format, &samples);
                bytes.extend(record.unwrap());
            }
        }
    }
    bytes.extend(writer.finish());
    let header = writer.header();
    bytes[..header.len()].copy_from_slice(&header);
    std::fs::write(folder.join(export.name), bytes).unwrap();
}

/// An export that differs from the others in its frames alone.
fn plain(folder: &Path, name: &str, frames: std::ops::Range<usize>) {
    let export_of = Export {
        name,
        frames,
        ..Export::default()
    };
    export(folder, export_of);
}

/// ffmpeg's hash of each decoded frame of a file.
fn hashes(path: &Path, format: &[&str]) -> Vec<String> {
    let mut arguments = vec!["-v", "error"];
    arguments.extend(format);
    arguments.extend(["-i", path.to_str().unwrap(), "-map", "0:v"]);
    arguments.extend(["-fps_mode", "passthrough", "-f", "framehash", "-"]);
    let text = other("ffmpeg", &arguments);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit(',').next().unwrap().trim().to_owned())
        .collect()
}

/// The same of frames that are in one file for each range, which begins with a keyframe.
fn expected(folder: &Path, ranges: &[(usize, usize)]) -> Vec<String> {
    let mut all = Vec::new();
    for (from, to) in ranges {
        let (name, output) = ("expected.exp", folder.join("expected.mkv"));
        let frames = *from..*to;
        export(
            folder,
            Export {
                name,
                frames,
                ..Export::default()
            },
        );
        let path = folder.join(name);
        run(&[
            "convert",
            path.to_str().unwrap(),
            "--force",
            "-o",
            output.to_str().unwrap(),
        ]);
        all.extend(hashes(&output, &[]));
    }
    all
}

/// Runs `exptool convert` with these inputs and options; the outcomes.
fn join(folder: &Path, arguments: &[&str]) -> Vec<serde_json::Value> {
    let mut all = vec!["convert", "--join", "--json"];
    let paths: Vec<String> = arguments
        .iter()
        .map(|argument| match argument.contains('.') {
            true => folder.join(argument).to_str().unwrap().to_owned(),
            false => (*argument).to_owned(),
        })
        .collect();
    all.extend(paths.iter().map(String::as_str));
    let outcomes: serde_json::Value = serde_json::from_str(&run(&all)).unwrap();
    outcomes.as_array().unwrap().clone()
}

fn notes(outcome: &serde_json::Value) -> String {
    outcome["notes"].to_string()
}

/// Asserts that the video of a file begins each frame so many fifths of a second after its beginning.
fn assert_times(path: &Path, fifths: impl Iterator<Item = usize>) {
    let times = packet_times(path, "v:0");
    let wanted: Vec<f64> = fifths.map(|fifth| fifth as f64 / RATE as f64).collect();
    assert_eq!(times.len(), wanted.len());
    for (time, wanted) in times.iter().zip(&wanted) {
        assert!((time - wanted).abs() < 0.002, "{time} instead of {wanted}");
    }
}

#[test]
fn an_overlap_is_written_once_whatever_the_files_are_called() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    // the earlier file has the later name; neither the end of the one nor the beginning of the other is a keyframe
    plain(folder, "z.exp", 0..47);
    plain(folder, "a.exp", 25..92);
    for output in ["out.mp4", "out.mkv", "out.mov"] {
        let outcomes = join(folder, &["a.exp", "z.exp", "-o", output]);
        assert_eq!(outcomes.len(), 1);
        assert_eq!(outcomes[0]["frames"], 92, "{outcomes:?}");
        let order = outcomes[0]["notes"][0].as_str().unwrap();
        assert!(order.find("z.exp") < order.find("a.exp"), "{order}");
        assert!(
            notes(&outcomes[0]).contains("22 frames are in"),
            "{outcomes:?}"
        );
        let output = folder.join(output);
        let found = hashes(&output, &[]);
        assert_eq!(found, expected(folder, &[(0, 92)]), "{}", output.display());
        assert_times(&output, 0..92);
        // recording that goes on is one chapter
        let probed = ffprobe(&output);
        assert!(
            probed["chapters"].as_array().unwrap().len() <= 1,
            "{probed}"
        );
        assert_eq!(stream(&probed, "video")["codec_name"], "mpeg4");
    }
    // a second call knows the output, and each source's hash is in it
    let again = join(folder, &["z.exp", "a.exp", "-o", "out.mp4"]);
    assert_eq!(again[0]["status"], "already exists");
    let comment = &ffprobe(&folder.join("out.mp4"))["format"]["tags"]["comment"];
    for name in ["a.exp", "z.exp"] {
        let path = folder.join(name);
        let sum = other("sha256sum", &[path.to_str().unwrap()]);
        let sum = sum.split(' ').next().unwrap();
        assert!(comment.as_str().unwrap().contains(sum), "{comment}");
    }
}

#[test]
fn a_hole_is_reported_and_kept_only_where_that_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    plain(folder, "1.exp", 0..40);
    plain(folder, "2.exp", 100..150);
    plain(folder, "3.exp", 150..160);
    let frames = || (0..40).chain(100..160);
    let files = ["3.exp", "1.exp", "2.exp", "-o"];
    let outcomes = join(folder, &[&files[..], &["out.mp4"]].concat());
    let text = notes(&outcomes[0]);
    assert_eq!(
        text.matches("nothing was recorded for 12").count(),
        1,
        "{text}"
    );
    assert_eq!(text.matches("nothing was recorded").count(), 1, "{text}");
    let output = folder.join("out.mp4");
    let found = hashes(&output, &[]);
    assert_eq!(found, expected(folder, &[(0, 40), (100, 160)]));
    assert_times(&output, 0..100);
    let probed = ffprobe(&output);
    let chapters = probed["chapters"].as_array().unwrap();
    let starts: Vec<&str> = chapters
        .iter()
        .map(|c| c["start_time"].as_str().unwrap())
        .collect();
    assert_eq!(starts, ["0.000000", "8.000000"]);
    join(
        folder,
        &[&files[..], &["kept.mkv", "--gaps", "preserve"]].concat(),
    );
    assert_times(&folder.join("kept.mkv"), frames());
    // a window that only touches two of the files
    let window = ["part.mkv", "--from-time", "9:15:36", "--to-time", "9:15:52"];
    join(folder, &[&files[..], &window].concat());
    let found = hashes(&folder.join("part.mkv"), &[]);
    assert_eq!(found, expected(folder, &[(30, 40), (100, 110)]));
}

#[test]
fn each_camera_has_an_output() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    export(
        folder,
        Export {
            name: "1.exp",
            cameras: &[1, 2],
            frames: 0..30,
            ..Export::default()
        },
    );
    export(
        folder,
        Export {
            name: "2.exp",
            cameras: &[1, 2],
            frames: 20..60,
            ..Export::default()
        },
    );
    export(
        folder,
        Export {
            name: "3.exp",
            cameras: &[2],
            frames: 60..70,
            ..Export::default()
        },
    );
    let outcomes = join(folder, &["1.exp", "2.exp", "3.exp", "-o", "out.mkv"]);
    assert_eq!(outcomes.len(), 2);
    assert!(
        notes(&outcomes[0]).contains("3.exp: has no camera 1"),
        "{outcomes:?}"
    );
    assert_eq!(
        hashes(&folder.join("out-camera1.mkv"), &[]),
        expected(folder, &[(0, 60)])
    );
    assert_eq!(
        hashes(&folder.join("out-camera2.mkv"), &[]),
        expected(folder, &[(800, 870)])
    );
    join(
        folder,
        &["1.exp", "2.exp", "3.exp", "--camera", "2", "-o", "only.mkv"],
    );
    assert_eq!(
        hashes(&folder.join("only.mkv"), &[]),
        expected(folder, &[(800, 870)])
    );
}

#[test]
fn a_size_of_its_own_has_an_output_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    tools::changing(&folder.join("1.exp"));
    std::fs::copy(folder.join("1.exp"), folder.join("2.exp")).unwrap();
    let outcomes = join(folder, &["1.exp", "2.exp", "-o", "out.mkv"]);
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    let text = notes(&outcomes[0]);
    assert!(text.contains("2.exp: all frames are in"), "{text}");
    assert!(
        text.contains("352x240 from") && text.contains("176x144 from"),
        "{text}"
    );
    for (name, width) in [("out-part1.mkv", 352), ("out-part2.mkv", 176)] {
        let probed = ffprobe(&folder.join(name));
        let video = stream(&probed, "video");
        assert_eq!(video["width"], width);
        assert_eq!(video["nb_read_frames"], "40");
    }
}

#[test]
fn audio_and_encoded_frames_go_on_in_the_next_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    export(
        folder,
        Export {
            name: "1.exp",
            audio: true,
            frames: 0..37,
            ..Export::default()
        },
    );
    plain(folder, "2.exp", 30..60);
    export(
        folder,
        Export {
            name: "3.exp",
            audio: true,
            frames: 60..100,
            ..Export::default()
        },
    );
    let files = ["1.exp", "2.exp", "3.exp", "-o"];
    for (output, more) in [
        ("out.mp4", &[][..]),
        ("court.mp4", &["--for", "court"]),
        ("a.mkv", &["--clock", "subtitle"]),
    ] {
        join(folder, &[&files[..], &[output], more].concat());
        let output = folder.join(output);
        let probed = ffprobe(&output);
        let length: f64 = probed["format"]["duration"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((19.8..20.4).contains(&length), "{length}");
        let times = packet_times(&output, "a:0");
        let audio = |from: f64, to: f64| {
            times
                .iter()
                .filter(|time| (from..to).contains(*time))
                .count()
        };
        assert!(audio(0.0, 6.0) > 20 && audio(12.2, 20.0) > 20, "{times:?}");
        assert_eq!(audio(7.8, 11.8), 0, "{times:?}");
    }
    let statement = std::fs::read_to_string(folder.join("court.mp4.txt")).unwrap();
    assert!(
        statement.contains("1.exp") && statement.contains("3.exp"),
        "{statement}"
    );
    // 30 frames a second throughout
    let times = packet_times(&folder.join("court.mp4"), "v:0");
    let apart = times
        .windows(2)
        .position(|pair| (pair[1] - pair[0] - 1.0 / 30.0).abs() > 0.001);
    assert_eq!(apart.map(|n| &times[n..n + 2]), None);
    let whole = Export {
        name: "all.exp",
        audio: true,
        frames: 0..100,
        ..Export::default()
    };
    export(folder, whole);
    let whole = folder.join("all.mp4");
    let all = folder.join("all.exp");
    run(&[
        "convert",
        all.to_str().unwrap(),
        "--for",
        "court",
        "-o",
        whole.to_str().unwrap(),
    ]);
    assert_eq!(Some(times.len()), Some(packet_times(&whole, "v:0").len()));
}

#[test]
fn exports_of_plv1_are_joined() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    tools::plv1(&folder.join("1.avi"), 8, Some(0));
    tools::plv1(&folder.join("2.avi"), 20, Some(0));
    let outcomes = join(folder, &["2.avi", "1.avi", "-o", "out.mkv"]);
    let text = notes(&outcomes[0]);
    assert!(text.contains("do not name their recorder"), "{text}");
    let found = hashes(&folder.join("out.mkv"), &[]);
    assert_eq!(found, expected(folder, &[(0, 100)]), "{text}");
}

#[test]
fn cameras_of_several_files_share_one_picture() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let both: &[u16] = &[1, 2];
    for (name, cameras, frames) in [
        ("whole.exp", both, 0..60),
        ("1.exp", both, 0..32),
        ("2.exp", both, 20..60),
        ("3.exp", &[2], 60..75),
        ("4.exp", both, 75..90),
    ] {
        export(
            folder,
            Export {
                name,
                cameras,
                frames,
                ..Export::default()
            },
        );
    }
    let whole = folder.join("whole.exp");
    let mosaic = folder.join("whole.mp4");
    run(&[
        "convert",
        whole.to_str().unwrap(),
        "--grid",
        "-o",
        mosaic.to_str().unwrap(),
    ]);
    let files = ["2.exp", "4.exp", "3.exp", "1.exp"];
    let options = ["--grid", "--jobs", "2", "-o", "out.mp4"];
    let outcomes = join(folder, &[&files[..], &options].concat());
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    let overlap = notes(&outcomes[0]);
    assert!(overlap.contains("24 frames are in"), "{overlap}");
    let (out, whole) = (hashes(&folder.join("out.mp4"), &[]), hashes(&mosaic, &[]));
    assert_eq!((whole.len(), out.len()), (60, 90));
    assert_eq!(out[..60], whole);
    // camera 1 is not in the third file
    let cell = |frame: usize, x: &str| {
        let output = folder.join("out.mp4");
        let filter =
            format!("select=eq(n\\,{frame}),crop=iw/2:ih:{x}:0,signalstats,metadata=print:file=-");
        let arguments = [
            "-v",
            "error",
            "-i",
            output.to_str().unwrap(),
            "-vf",
            &filter,
        ];
        let text = other("ffmpeg", &[&arguments[..], &["-f", "null", "-"]].concat());
        let most = text
            .lines()
            .find_map(|line| line.strip_prefix("lavfi.signalstats.YMAX="));
        most.unwrap().parse::<f64>().unwrap()
    };
    for (frame, x, shown) in [
        (30, "0", true),
        (66, "0", false),
        (66, "iw/2", true),
        (80, "0", true),
        (80, "iw/2", true),
    ] {
        let most = cell(frame, x);
        assert_eq!(most > 60.0, shown, "frame {frame}, from {x}: {most}");
    }
}

#[test]
fn a_joined_archive_has_the_table_of_each_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    for (name, frames) in [("1.exp", 0..30), ("2.exp", 20..60)] {
        export(
            folder,
            Export {
                name,
                frames,
                ..Export::default()
            },
        );
    }
    let files = ["1.exp", "2.exp"];
    let options = ["--for", "archive", "-o", "out.mkv"];
    let outcomes = join(folder, &[&files[..], &options].concat());
    assert_eq!(outcomes[0]["frames"], 60);
    assert_eq!(
        hashes(&folder.join("out.mkv"), &[]),
        expected(folder, &[(0, 60)])
    );
    for (name, frames) in [("out-1.csv", 30), ("out-2.csv", 40)] {
        let table = std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(table.lines().count(), frames + 1, "{name}");
    }
    // into a folder, each table has the name of its recording
    std::fs::create_dir(folder.join("all")).unwrap();
    let mut command = exptool();
    command.current_dir(folder);
    let options = ["convert", "--join", "--frames-csv", "-o", "all"];
    ends_with(0, command.args(options).args(files));
    for name in ["1.csv", "2.csv", "1-joined.mp4"] {
        assert!(folder.join("all").join(name).is_file(), "{name}");
    }
}

/// Four exports of one recorder in a folder: two that overlap, one after a hole, and one of the second camera that continues it.
fn disc(folder: &Path) {
    let both: &[u16] = &[1, 2];
    for (name, cameras, frames) in [
        ("z.exp", both, 0..32),
        ("b.exp", both, 20..60),
        ("a.exp", both, 150..200),
        ("c.exp", &[2], 200..220),
    ] {
        export(
            folder,
            Export {
                name,
                cameras,
                frames,
                ..Export::default()
            },
        );
    }
    // foreign files of a folder are no failure
    std::fs::write(folder.join("firmware.bin"), vec![7; 70_000]).unwrap();
}

/// Runs the program in a folder; what it prints on both outputs.
fn run_in(folder: &Path, arguments: &[&str], code: i32) -> String {
    let mut command = exptool();
    let output = command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}{err}"
    );
    out + &err
}

#[test]
fn the_other_commands_take_the_same_files_as_one_recording() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    disc(folder);
    let table = run_in(folder, &["."], 0);
    let marks: Vec<&str> = table
        .lines()
        .skip(1)
        .take(4)
        .map(|line| &line[..5])
        .collect();
    assert_eq!(marks, ["┌ z", "└ b", "┌ a", "└ c"], "{table}");
    assert!(
        table.contains("skipped: ./firmware.bin: is not a recording\n"),
        "{table}"
    );
    // an overlap, a hole, the other camera
    let found = run_in(folder, &["find", "9:15:36", "."], 0);
    assert_eq!(found.matches("camera 1  frame of").count(), 2, "{found}");
    let lost = run_in(folder, &["find", "9:15:36", "--camera", "gate", "."], 3);
    assert!(
        lost.contains("no camera gate: expected one of 1, 2"),
        "{lost}"
    );
    let missed = run_in(folder, &["find", "9:15:50", "."], 1);
    assert!(
        missed.contains("before 2009-11-10 09:15:41.800 -05:00 in ./b.exp, after 2009-11-10 09:16:00.000 -05:00 in ./a.exp"),
        "{missed}"
    );
    // the frame that two files have is saved once, and what no file has is said once
    let stills = run_in(
        folder,
        &["snapshot", ".", "--at", "9:15:35", "-o", "stills"],
        0,
    );
    assert_eq!(
        stills.lines().filter(|line| line.contains(".png")).count(),
        2,
        "{stills}"
    );
    let missed = run_in(
        folder,
        &["snapshot", ".", "--at", "9:15:50", "-o", "stills"],
        1,
    );
    for camera in [1, 2] {
        let line = format!(
            "camera {camera} of LOBBY-DVR recorded nothing at 2009-11-10 09:15:50.000 -05:00: the frame before is of \
             2009-11-10 09:15:41.800 -05:00 in ./b.exp, the frame after is of 2009-11-10 09:16:00.000 -05:00 in ./a.exp"
        );
        assert_eq!(missed.matches(&line).count(), 1, "{missed}");
    }
    assert_eq!(missed.matches("recorded nothing").count(), 2, "{missed}");
    let nearest = [
        "snapshot",
        ".",
        "--at",
        "9:15:50",
        "--nearest",
        "--camera",
        "2",
        "-o",
        "n.png",
    ];
    let nearest = run_in(folder, &nearest, 0);
    assert!(
        nearest.contains("n-b.png: 2009-11-10 09:15:41.800"),
        "{nearest}"
    );
    // one row for each camera, whatever the number of files
    let svg = run_in(folder, &["timeline", "."], 0);
    assert_eq!(svg.matches(">camera ").count(), 2, "{svg}");
    assert!(svg.contains("z … c (4 files)"), "{svg}");
    run_in(folder, &["report", ".", "--no-pictures", "-o", "r.html"], 0);
    let page = std::fs::read_to_string(folder.join("r.html")).unwrap();
    for line in [
        "z.exp and b.exp overlap by 2.400 s",
        "nothing was recorded for 18 s between b.exp and a.exp",
        "c.exp continues a.exp",
    ] {
        assert!(page.contains(line), "{page}");
    }
    let checked = run_in(folder, &["verify", ".", "--manifest", "m.manifest"], 0);
    assert!(checked.contains("4 files: 4 without problems"), "{checked}");
    std::fs::rename(folder.join("b.exp"), folder.join("copy.exp")).unwrap();
    run_in(folder, &["verify", ".", "--against", "m.manifest"], 0);
    // a file that is named has to be a recording
    run_in(folder, &["info", "firmware.bin"], 3);
    run_in(folder, &["convert", ".", "-o", "out"], 0);
    assert!(folder.join("out/z-camera1.mp4").is_file());
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    plain(folder, "1.exp", 0..20);
    export(
        folder,
        Export {
            name: "2.exp",
            server: "GATE-DVR",
            frames: 20..40,
            ..Export::default()
        },
    );
    tools::jpegs(&folder.join("3.mime"));
    for (files, message) in [
        (
            &["1.exp", "2.exp"][..],
            "2.exp: was recorded by GATE-DVR (native), but 1.exp by LOBBY-DVR (native): expected files of one recorder",
        ),
        (&["1.exp"], "--join needs at least two recordings"),
        (
            &["1.exp", "3.mime"],
            "3.mime: has no clock, so its place among the other files is unknown",
        ),
    ] {
        let mut command = exptool();
        command
            .current_dir(folder)
            .args(["convert", "--join", "-o", "out.mp4"]);
        let output = command.args(files).output().unwrap();
        assert!(!output.status.success());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(message), "{error}");
        assert!(!folder.join("out.mp4").exists());
    }
}

#[test]
fn frames_that_differ_in_an_overlap_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    plain(folder, "1.exp", 0..40);
    plain(folder, "2.exp", 20..60);
    // a byte of a frame that both have
    let path = folder.join("2.exp");
    let mut bytes = std::fs::read(&path).unwrap();
    let payload = &coded_frames(1600)[33].0;
    let at = memchr::memmem::find(&bytes, payload).unwrap() + payload.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let outcomes = join(folder, &["1.exp", "2.exp", "-o", "out.mkv"]);
    assert!(
        notes(&outcomes[0]).contains("are not the same"),
        "{outcomes:?}"
    );
    assert_eq!(outcomes[0]["frames"], 80);
}
