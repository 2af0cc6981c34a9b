// SPDX-License-Identifier: MPL-2.0
//! Demuxer, `info`, tables of frames, `report` and `timeline` show the same cameras, frames, times, runs and gaps of one file, digit
//! for digit.

use crate::exptool_tools::{exptool, json, run, text};
use formats::reader::{Codec, Mode};
use gst::prelude::*;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};
use testing::{
    common,
    make::{Exp, START, tiny, tiny_exp, tiny_timed},
    netvu_make::{self, part, vop},
    plv1::Avi,
};

/// A row of the table of frames, by column.
type Row = BTreeMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    let table = std::fs::read_to_string(path).unwrap();
    let mut lines = table.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| -> Row {
        let cells = line.split(',').map(str::to_owned);
        columns
            .iter()
            .map(|name| (*name).to_owned())
            .zip(cells)
            .collect()
    };
    lines.map(row).collect()
}

/// Time of a buffer and the recorder's time, nanoseconds, by camera.
type Buffers = BTreeMap<u16, Vec<(u64, Option<u64>)>>;

/// What the demuxer outputs.
fn play(path: &Path, element: &str) -> Buffers {
    common::init();
    let pipeline = gst::Pipeline::new();
    let source = gst::ElementFactory::make("filesrc")
        .property("location", text(path))
        .build()
        .unwrap();
    let demux = gst::ElementFactory::make(element).build().unwrap();
    pipeline.add_many([&source, &demux]).unwrap();
    source.link(&demux).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let weak = pipeline.downgrade();
    demux.connect_pad_added(move |_, pad| {
        let pipeline = weak.upgrade().unwrap();
        let sink = gst::ElementFactory::make("fakesink")
            .property("sync", false)
            .property("async", false)
            .build()
            .unwrap();
        pipeline.add(&sink).unwrap();
        sink.sync_state_with_parent().unwrap();
        let camera = pad.name().strip_prefix("video_").map(str::to_owned);
        let camera = camera.and_then(|number| number.parse::<u16>().ok());
        let sender = sender.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let unix = gst::Caps::new_empty_simple("timestamp/x-unix");
            if let (Some(buffer), Some(camera)) = (info.buffer(), camera.filter(|n| *n < 1000)) {
                let metas = buffer.iter_meta::<gst::ReferenceTimestampMeta>();
                let mut metas = metas.filter(|meta| meta.reference().is_subset(&unix));
                let clock = metas.next().map(|meta| meta.timestamp().nseconds());
                let time = buffer.pts().unwrap().nseconds();
                sender.send((camera, time, clock)).unwrap();
            }
            gst::PadProbeReturn::Ok
        });
        pad.link(&sink.static_pad("sink").unwrap()).unwrap();
    });
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &wanted);
    let end = end.expect("an end");
    pipeline.set_state(gst::State::Null).unwrap();
    if let gst::MessageView::Error(error) = end.view() {
        panic!("{}: {}", path.display(), error.error());
    }
    let mut buffers = Buffers::new();
    while let Ok((camera, time, clock)) = receiver.recv_timeout(Duration::ZERO) {
        buffers.entry(camera).or_default().push((time, clock));
    }
    buffers
}

/// Seconds with nine digits as nanoseconds.
fn nanoseconds(seconds: &str) -> u64 {
    seconds.replace('.', "").parse().unwrap()
}

/// Nanoseconds as the table shows them, with milliseconds or to the second.
fn utc(ns: u64, like: &str) -> String {
    let ms = match like.contains('.') {
        true => (ns + 500_000) / 1_000_000,
        false => ns / 1_000_000_000 * 1000,
    };
    let time = date_time(ms);
    match like.contains('.') {
        true => format!("{time}.{:03}Z", ms % 1000),
        false => format!("{time}Z"),
    }
}

fn date_time(ms: u64) -> String {
    let time = gst::glib::DateTime::from_unix_utc(i64::try_from(ms / 1000).unwrap()).unwrap();
    time.format("%Y-%m-%dT%H:%M:%S").unwrap().to_string()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Checks one file. `folder` is for outputs.
fn agree(path: &Path, folder: &Path) {
    let name = path.display();
    let output = |arguments: &[&str]| exptool().args(arguments).output().unwrap();
    let table = folder.join("info.csv");
    let info = output(&[
        "--json",
        "info",
        text(path),
        "--frames-csv",
        text(&table),
        "--force",
    ]);
    let words = String::from_utf8_lossy(&info.stderr).into_owned();
    let info: Value =
        serde_json::from_slice(&info.stdout).unwrap_or_else(|_| panic!("{name}: {words}"));
    let rows = rows(&table);
    let number = |row: &Row| row["camera"].parse::<u16>().unwrap();
    let is_audio = |row: &Row| {
        let codec = row["codec"].as_str();
        codec.contains("PCM") || codec.contains("law")
    };
    let video: Vec<&Row> = rows.iter().filter(|row| !is_audio(row)).collect();
    assert_eq!(info["records"], rows.len(), "{name}");
    assert!(!video.is_empty(), "{name}");

    // runs and gaps of the file
    let begins: Vec<&&Row> = video
        .iter()
        .filter(|row| !row["begins"].is_empty())
        .collect();
    let runs = array(&info["runs"]);
    assert_eq!(runs.len(), begins.len(), "{name}");
    let gaps = begins.iter().filter(|row| row["begins"].starts_with("gap"));
    assert_eq!(info["gaps"], gaps.count(), "{name}");
    for (run, row) in runs.iter().zip(&begins) {
        let frames = video.iter().filter(|one| one["run"] == row["run"]);
        assert_eq!(run["frames"], frames.count(), "{name}: {run}");
        assert_eq!(run["offset"].to_string(), row["offset"], "{name}: {run}");
        assert_eq!(
            run["running_ns"].as_u64(),
            Some(nanoseconds(&row["running_s"])),
            "{name}: {run}"
        );
        if !run["span"].is_null() {
            assert_eq!(run["span"]["start"], row["time_utc"].as_str(), "{name}");
        }
    }

    // cameras, their frames and runs, in info, report and timeline
    let page = folder.join("report.html");
    let report = output(&[
        "--json",
        "report",
        text(path),
        "--no-pictures",
        "--force",
        "-o",
        text(&page),
    ]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let report = &report["recordings"][0];
    let timeline = output(&["--json", "timeline", text(path)]);
    let timeline: Value = serde_json::from_slice(&timeline.stdout).unwrap_or_default();
    let timeline = &timeline["recordings"][0];
    let streams: Vec<&Value> = array(&info["streams"])
        .iter()
        .filter(|stream| stream["media"] == "video")
        .collect();
    for name_of in ["gaps", "clock_steps", "records"] {
        assert_eq!(report[name_of], info[name_of], "{name}: {name_of}");
    }
    assert_eq!(array(&report["streams"]).len(), streams.len(), "{name}");
    let html = std::fs::read_to_string(&page).unwrap();
    for (n, stream) in streams.iter().enumerate() {
        let own: Vec<&&Row> = video
            .iter()
            .filter(|row| stream["camera"] == number(row))
            .collect();
        assert_eq!(stream["frames"], own.len(), "{name}");
        let orphans = own.iter().filter(|row| row["orphan"] == "1").count();
        assert_eq!(stream["orphans"], orphans, "{name}");
        let (in_report, in_timeline) = (&report["streams"][n], &timeline["cameras"][n]);
        for other in [in_report, in_timeline] {
            assert_eq!(other["camera"], stream["camera"], "{name}");
            assert_eq!(other["gaps"], stream["gaps"], "{name}");
            let (theirs, ours) = (array(&other["runs"]), array(&stream["runs"]));
            assert_eq!(theirs.len(), ours.len(), "{name}");
            for (their, our) in theirs.iter().zip(ours) {
                for field in ["begins", "start_ns", "end_ns", "frames"] {
                    assert_eq!(their[field], our[field], "{name}: {field}");
                }
            }
        }
        for run in array(&stream["runs"]) {
            for time in [&run["span"]["start_local"], &run["span"]["end_local"]] {
                let time = time.as_str().unwrap_or_default();
                assert!(html.contains(&format!("<td>{time}")), "{name}: {time}");
            }
        }
    }
    // lengths of gaps in words
    let words = String::from_utf8(output(&["info", text(path)]).stdout).unwrap();
    let lengths = words.split("gap of ").skip(1);
    for gap in lengths.filter_map(|rest| rest.split(" before").next()) {
        if streams.len() == 1 {
            assert!(html.contains(&format!("gap of {gap}<")), "{name}: {gap}");
        }
    }

    // the table of frames that convert writes
    let out = folder.join("out");
    output(&[
        "convert",
        text(path),
        "--to",
        "mkv",
        "-o",
        &format!("{}/", out.display()),
        "--frames-csv",
        "--force",
    ]);
    let theirs = out.join(path.with_extension("csv").file_name().unwrap());
    assert_eq!(
        std::fs::read_to_string(&theirs).unwrap(),
        std::fs::read_to_string(&table).unwrap(),
        "{name}"
    );

    // and the demuxer's buffers
    let element = match info["family"].as_str().unwrap().starts_with("netvu") {
        true => "netvudemux",
        false => "expdemux",
    };
    let buffers = play(path, element);
    for stream in &streams {
        let camera = u16::try_from(stream["camera"].as_u64().unwrap()).unwrap();
        let mut own: Vec<&&Row> = video
            .iter()
            .filter(|row| number(row) == camera && row["orphan"] == "0")
            .collect();
        own.sort_by_key(|row| nanoseconds(&row["running_s"]));
        let mut played = buffers.get(&camera).cloned().unwrap_or_default();
        played.sort_by_key(|(time, _)| *time);
        assert_eq!(played.len(), own.len(), "{name}: camera {camera}");
        for ((time, clock), row) in played.iter().zip(own) {
            let running = nanoseconds(&row["running_s"]);
            assert_eq!(*time, running, "{name}: {row:?}");
            let like = &row["time_utc"];
            if let (Some(clock), false) = (clock, like.is_empty()) {
                assert_eq!(&utc(*clock, like), like, "{name}: {row:?}");
            }
        }
    }
}

/// Frames of two cameras in turns, as `ms` has it of the number and the camera.
fn cameras(frames: usize, ms: impl Fn(i64, u16) -> Option<i64>) -> Vec<u8> {
    let mut exp = Exp::of(&[(1, 64, 48, "Front door"), (2, 64, 48, "Yard")]);
    for (n, coded) in tiny().iter().cycle().take(frames).enumerate() {
        for camera in [1, 2] {
            if let Some(ms) = ms(n as i64, camera) {
                exp.camera(camera, ms, Mode::Continuous, coded);
            }
        }
    }
    exp.audio(1, START, Codec::MuLaw, 8000, &[0x55; 800]);
    exp.finish().bytes
}

fn netvu(
    frames: u64,
    camera: impl Fn(u64) -> i32,
    ms: impl Fn(u64) -> u64,
) -> Vec<netvu_make::Made> {
    let made = |n: u64| netvu_make::Made {
        camera: camera(n),
        format: if n % 5 < 2 { 3 } else { 2 },
        unix_ms: ms(n),
        payload: vop(n % 5 < 2, 120, n + 1),
        ..netvu_make::Made::default()
    };
    (0..frames).map(made).collect()
}

fn made() -> Vec<(&'static str, Vec<u8>)> {
    let step = |n: usize| START + 100 * n as i64;
    let later = |n: usize, at: usize, by: i64| if n >= at { step(n) + by } else { step(n) };
    let mut damaged = tiny_exp(60);
    let record = damaged.records[20].clone();
    damaged.bytes[record.start..record.start + 12].fill(0x55);
    let mut stray = tiny_timed(60, step);
    let at = stray.records[30].start + 4;
    stray.bytes[at..at + 4].copy_from_slice(&1_400_000_000_u32.to_le_bytes());
    let cut = tiny_exp(60);
    let end = cut.records[40].end - 10;
    let mut avi = Avi::new(64, 48);
    for (n, coded) in tiny().iter().cycle().take(80).enumerate() {
        let second = n as u32 / 10;
        let gap = if second > 4 { 120 } else { 0 };
        avi.picture(1_262_304_000 + second + gap, coded, 88);
    }
    let two = netvu(
        40,
        |n| 1 + (n % 2) as i32,
        |n| 1_700_000_000_250 + n / 2 * 100,
    );
    let gap = netvu(
        40,
        |_| 1,
        |n| 1_700_000_000_250 + n * 100 + if n > 20 { 60_000 } else { 0 },
    );
    let join = |all: &[netvu_make::Made], one: &dyn Fn(&netvu_make::Made) -> Vec<u8>| {
        all.iter().flat_map(one).collect::<Vec<u8>>()
    };
    let mime = |made: &netvu_make::Made| {
        let time = gst::glib::DateTime::from_unix_utc((made.unix_ms / 1000) as i64).unwrap();
        let format = "Number: 1\r\nName: Gate\r\nDate: %d/%m/%Y\r\nTime: %H:%M:%S\r\n";
        let trailer = format!(
            "Version: 00.02\r\n{}MSec: {:03}\r\nLocale: GMT\r\nUTCoffset: 0\r\n",
            time.format(format).unwrap(),
            made.unix_ms % 1000
        );
        let kind = "image/admp4; xres=352; yres=256";
        [
            part(kind, &made.payload),
            part("text/plain", trailer.as_bytes()),
        ]
        .concat()
    };
    let mut par = [b"PAR\0".to_vec(), netvu_make::noise(4096, 5)].concat();
    par.extend(join(&gap, &|made| made.record()));
    vec![
        ("one.exp", tiny_exp(60).bytes),
        ("two.exp", cameras(60, |n, _| Some(START + 100 * n))),
        (
            "one-stops.exp",
            cameras(120, |n, camera| {
                let silent = camera == 2 && (30..80).contains(&n);
                (!silent).then_some(START + 100 * n)
            }),
        ),
        ("gap.exp", tiny_timed(60, |n| later(n, 40, 60_000)).bytes),
        (
            "back.exp",
            tiny_timed(60, |n| later(n, 40, -3_600_000)).bytes,
        ),
        (
            "seconds.exp",
            tiny_timed(60, |n| step(n) / 1000 * 1000).bytes,
        ),
        (
            "seconds-gap.exp",
            tiny_timed(60, |n| later(n, 40, 60_000) / 1000 * 1000).bytes,
        ),
        ("damaged.exp", damaged.bytes),
        ("stray.exp", stray.bytes),
        ("dead.exp", tiny_timed(60, |n| 100 * n as i64).bytes),
        (
            "reset.exp",
            tiny_timed(60, |n| match n {
                20..40 => 100 * n as i64,
                _ => step(n),
            })
            .bytes,
        ),
        ("cut.exp", cut.bytes[..end].to_vec()),
        ("records.exp", tiny_exp(60).records_only()),
        ("plv1.avi", avi.finish()),
        ("binary.adbin", join(&gap, &netvu_make::Made::packet)),
        ("two.adbin", join(&two, &netvu_make::Made::packet)),
        ("stream.mime", join(&gap, &mime)),
        ("partition.par", par),
    ]
}

#[test]
fn demuxer_info_tables_report_and_timeline_agree_about_made_recordings() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in made() {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        agree(&path, folder.path());
    }
}

#[test]
fn demuxer_info_tables_report_and_timeline_agree_about_samples() {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["dx", "netvu", "field"] {
        let Some(folder) = common::samples(folder) else {
            continue;
        };
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|end| end != "json")));
    }
    files.sort();
    let folder = tempfile::tempdir().unwrap();
    for path in files {
        agree(&path, folder.path());
    }
}

#[test]
fn a_moment_is_found_where_it_was_recorded_and_its_neighbours_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    };
    // camera 2 stops from 3 s to 8 s; the second file continues the first
    write(
        "b.exp",
        cameras(120, |n, camera| {
            let silent = camera == 2 && (30..80).contains(&n);
            (!silent).then_some(START + 100 * n)
        }),
    );
    write("a.exp", cameras(60, |n, _| Some(START + 12_000 + 100 * n)));
    write("other.txt", b"nothing".to_vec());
    let place = text(folder.path());
    let find =
        |time: &str, more: &[&str], code: i32| json(&[&["find", time, place], more].concat(), code);
    // START is 09:15:30 on the recorder
    let both = find("9:15:31.25", &[], 0);
    let found = array(&both["recorded"]);
    assert_eq!(found.len(), 2, "{both}");
    for hit in found {
        assert!(hit["file"].as_str().unwrap().ends_with("b.exp"));
        assert_eq!(hit["found"][0]["clock_ns"], (START + 1200) * 1_000_000);
        assert_eq!(hit["accuracy"], "exact");
    }
    // the offset is that of the frame in the table
    let table = folder.path().join("b.csv");
    let file = folder.path().join("b.exp");
    run(&["info", text(&file), "--frames-csv", text(&table)], 0);
    let shown = rows(&table)
        .into_iter()
        .find(|row| row["camera"] == "2" && row["time_utc"].ends_with("14:15:31.200Z"));
    assert_eq!(
        found[1]["found"][0]["offset"].to_string(),
        shown.unwrap()["offset"]
    );
    let one = find("9:15:35", &[], 0);
    assert_eq!(array(&one["recorded"]).len(), 1, "{one}");
    let missed = &one["not_recorded"][0];
    assert_eq!(missed["camera"], 2);
    assert_eq!(missed["before"]["clock_ns"], (START + 2900) * 1_000_000);
    assert_eq!(missed["after"]["clock_ns"], (START + 8000) * 1_000_000);
    let none = find("9:15:35", &["--camera", "yard"], 1);
    assert_eq!(array(&none["recorded"]).len(), 0);
    let window = find("9:15:37", &["--until", "9:15:43", "--camera=2"], 0);
    let files: Vec<_> = array(&window["recorded"])
        .iter()
        .map(|hit| hit["file"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(files, ["b.exp", "a.exp"], "{window}");
    assert_eq!(
        window["recorded"][0]["found"][0]["clock_ns"],
        (START + 8000) * 1_000_000
    );
    let words = run(&["find", "9:15:31.25", place], 0);
    assert!(words.contains("camera 2 (Yard)"), "{words}");

    // the folder as a table: by time, those that continue each other together
    let words = run(&[place], 0);
    let lines: Vec<&str> = words.lines().collect();
    assert!(
        lines[1].starts_with("┌ ") && lines[1].contains("b.exp"),
        "{words}"
    );
    assert!(
        lines[2].starts_with("└ ") && lines[2].contains("a.exp"),
        "{words}"
    );
    assert!(words.contains("2 files, 1 recording"), "{words}");
    let all = json(&["info", "--quick", place], 0);
    assert_eq!(all[0]["accuracy"], "exact");
    assert_eq!((&all[0]["group"], &all[1]["group"]), (&1.into(), &1.into()));
    // one row for each camera of both files
    let drawn = run(&["timeline", place], 0);
    assert!(drawn.contains(">b … a (2 files)<"), "{drawn}");
    assert_eq!(drawn.matches(">camera 2 (Yard)<").count(), 1);
}
