// SPDX-License-Identifier: MPL-2.0
//! Partitions without a record: another form behind the front, or coded pictures found by their start codes. And records that
//! a partition holds twice.

use testing::common;
use testing::netvu_make;
use testing::netvu_make::run;

use formats::netvu::{Kind, open};
use formats::reader::{Codec, Packet, Reader, Step, Window};
use gst::prelude::*;
use netvu_make::{Made, audio, jpeg_file, minimal, noise, part, read_all, scan, sprite, vop};
use proptest::prelude::*;
use std::path::Path;
use std::process::Command;

/// What a reader tells of a whole partition.
struct Told {
    /// Offset, packet and payload.
    packets: Vec<(u64, Packet, Vec<u8>)>,
    damaged: usize,
}

fn reported(data: &[u8], grow: usize) -> Told {
    let mut out = Told {
        packets: Vec::new(),
        damaged: 0,
    };
    let end = read_all(Kind::Partition, data, grow, |at, window, step| match step {
        Step::Packet(packet) => {
            let payload = packet.payload.to_vec(window);
            out.packets.push((at, packet.clone(), payload));
        }
        Step::Damaged(_) | Step::Cut(_) => out.damaged += 1,
        Step::Need(bytes) => assert!(*bytes <= (21 << 20)),
        Step::Skip(_) | Step::Peek { .. } | Step::End => {}
    });
    assert_eq!(end, Some(data.len()), "windows growing by {grow}");
    out
}

fn payloads(data: &[u8], grow: usize) -> Vec<Vec<u8>> {
    let packets = reported(data, grow).packets;
    packets.into_iter().map(|(.., payload)| payload).collect()
}

/// Reads on from `at` in one window, until `enough` packets came.
fn read_on(
    reader: &mut dyn Reader,
    data: &[u8],
    mut at: usize,
    enough: usize,
) -> Vec<(u64, Packet)> {
    let mut packets = Vec::new();
    while packets.len() < enough {
        let window = Window {
            offset: at as u64,
            data: &data[at..],
            last: true,
            unread: None,
        };
        match reader.next(&window) {
            Step::Packet(packet) => {
                let size = packet.size;
                packets.push((at as u64, packet));
                at += size;
            }
            Step::Skip(bytes) => at += bytes as usize,
            Step::End => break,
            step => panic!("at {at}: {step:?}"),
        }
    }
    packets
}

/// A reader that has read all of `data`.
fn through(data: &[u8]) -> Box<dyn Reader> {
    let mut reader = open(Kind::Partition);
    read_on(reader.as_mut(), data, 0, usize::MAX);
    reader
}

fn par(front: usize) -> Vec<u8> {
    let mut data = b"PAR\0".to_vec();
    data.extend(noise(front - 4, 77));
    data
}

/// What a program of ffmpeg's writes.
fn ffmpeg(program: &str, arguments: &str) -> Vec<u8> {
    let output = Command::new(program).args(arguments.split(' ')).output();
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    output.stdout
}

/// An H.264 stream, made with these options.
fn h264(options: &str, seconds: u32) -> Vec<u8> {
    let source = format!("testsrc2=size=320x240:rate=25:duration={seconds}");
    let text =
        format!("-v error -f lavfi -i {source} -c:v libx264 -pix_fmt yuv420p {options} -f h264 -");
    ffmpeg("ffmpeg", &text)
}

/// Sizes of the access units as ffprobe tells them.
fn probed(stream: &Path) -> Vec<usize> {
    let text = format!(
        "-v error -f h264 -show_entries packet=size -of csv=p=0 {}",
        stream.display()
    );
    let reported = ffmpeg("ffprobe", &text);
    let lines = String::from_utf8(reported).unwrap();
    let number = |line: &str| line.trim_matches(',').parse().unwrap();
    lines.lines().map(number).collect()
}

/// Pictures that ffmpeg decodes, every complaint being an error.
fn decoded(stream: &Path) -> usize {
    let text = format!(
        "-v error -xerror -f h264 -i {} -f rawvideo -pix_fmt gray -",
        stream.display()
    );
    ffmpeg("ffmpeg", &text).len() / (320 * 240)
}

#[test]
fn a_copy_of_a_record_is_left_out_and_reported_once() {
    let made = |number: u64| Made {
        payload: vop(number == 0, 400, number),
        unix_ms: 1_700_000_000_000 + number * 40,
        alarm: if number == 1 { "DOOR" } else { "" },
        ..Made::default()
    };
    let block = audio(1_700_000_000_000, 124);
    let records = [
        made(0).record(),
        made(1).record(),
        made(1).record(),
        block.clone(),
        made(2).record(),
        block,
        made(0).record(),
    ];
    let mut data = par(4096);
    let first = data.len();
    data.extend(records.concat());
    for grow in [0, 1, 500] {
        let codecs: Vec<Codec> = reported(&data, grow)
            .packets
            .iter()
            .map(|(_, packet, _)| packet.stream.codec)
            .collect();
        // the alarm's text comes before its picture, which is no copy of itself
        let wanted = [
            Codec::Mpeg4,
            Codec::Text,
            Codec::Mpeg4,
            Codec::PcmS16le,
            Codec::Mpeg4,
        ];
        assert_eq!(codecs, wanted, "windows growing by {grow}");
    }
    let warnings = through(&data).take_warnings();
    let original = first + records[0].len();
    let copy = original + records[1].len();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with(&format!("at offset {copy}: "))
            && warnings[0].contains(&format!("at offset {original} ")),
        "{warnings:?}"
    );
    // after a jump nothing is near
    let mut reader = through(&data);
    reader.resync();
    assert_eq!(
        read_on(reader.as_mut(), &data, copy, 2)
            .first()
            .map(|(at, _)| *at),
        Some(copy as u64)
    );
}

#[test]
fn what_only_looks_like_a_copy_is_kept() {
    let picture = |camera, unix_ms, payload| {
        Made {
            camera,
            unix_ms,
            payload,
            ..Made::default()
        }
        .record()
    };
    let data = [
        par(1024),
        picture(1, 1_700_000_000_040, vop(true, 400, 1)),
        // other bytes, another camera, another time, another size
        picture(1, 1_700_000_000_040, vop(true, 400, 2)),
        picture(2, 1_700_000_000_040, vop(true, 400, 1)),
        picture(1, 1_700_000_000_080, vop(true, 400, 1)),
        picture(1, 1_700_000_000_040, vop(true, 401, 1)),
    ]
    .concat();
    assert_eq!(reported(&data, 0).packets.len(), 5);
    assert!(through(&data).take_warnings().is_empty());
    // a copy is left out near its original only
    let mut far = par(1024);
    for number in (0..256).chain([0, 250]) {
        far.extend(picture(
            1,
            1_700_000_000_000 + number * 40,
            vop(true, 60, number),
        ));
    }
    assert_eq!(reported(&far, 0).packets.len(), 256);
    for number in (300..556).chain([0, 555]) {
        far.extend(picture(
            1,
            1_700_000_000_000 + number * 40,
            vop(true, 60, number),
        ));
    }
    assert_eq!(reported(&far, 0).packets.len(), 256 + 256 + 1);
    // a raw stream is shown as it is
    let jpeg = Made {
        format: 1,
        payload: scan(300, 1),
        ..Made::default()
    };
    let mut pictures = 0;
    read_all(Kind::Raw, &jpeg.record().repeat(3), 0, |_, _, step| {
        pictures += usize::from(matches!(step, Step::Packet(_)));
    });
    assert_eq!(pictures, 3);
}

#[test]
fn another_form_behind_the_front_is_read_as_that() {
    let minimals: Vec<u8> = (0..8u64)
        .flat_map(|n| minimal(1_700_000_000_000 + n * 40, &vop(n == 0, 300, n)))
        .collect();
    let mime: Vec<u8> = (0..4)
        .flat_map(|n| part("image/admp4; xres=352; yres=256", &vop(n == 0, 300, n)))
        .collect();
    let messages = [sprite(1, 1_700_000_000_000), sprite(1, 1_700_000_000_040)].concat();
    for (front, stream, count, family) in [
        (512, &minimals, 8, "netvu-binary"),
        (4096, &minimals, 8, "netvu-binary"),
        (63 << 10, &minimals, 8, "netvu-binary"),
        (4096, &mime, 4, "netvu-mime"),
        (1024, &messages, 2, "netvu-sprite"),
    ] {
        let mut data = par(front);
        data.extend(stream);
        for grow in [0, 1, 3000] {
            if grow == 1 && front > 4096 {
                continue;
            }
            let reported = reported(&data, grow);
            let pictures: Vec<_> = (reported.packets.iter())
                .filter(|(_, packet, _)| packet.stream.codec != Codec::Text)
                .collect();
            assert_eq!(pictures.len(), count, "{family} at {front}, by {grow}");
            assert_eq!(reported.damaged, 0, "{family} at {front}");
            assert!(pictures.iter().all(|(_, packet, _)| packet.slot.is_none()));
        }
        let mut reader = through(&data);
        assert_eq!(reader.info().family, family);
        assert!(reader.take_warnings().is_empty());
        // a second reader finds the same from the start, and goes on in the middle
        let mut fork = reader.fork();
        let again = read_on(fork.as_mut(), &data, 0, 2);
        assert!(again[0].0 >= front as u64);
        fork.resync();
        assert!(!read_on(fork.as_mut(), &data, front + 20, 1).is_empty());
    }
    // no block begins there
    let mut data = par(4000);
    data.extend(&minimals);
    assert!(reported(&data, 0).packets.is_empty());
}

#[test]
fn every_access_unit_is_a_packet_and_decodes() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (options, seconds)) in [
        ("-g 12 -bf 0 -threads 1", 3),
        ("-g 12 -bf 2 -x264-params slices=4:aud=1 -threads 1", 2),
        ("-g 25 -bf 0 -profile:v baseline -threads 1", 2),
        ("-g 12 -bf 0 -x264-params nal-hrd=cbr:bitrate=400:vbv-maxrate=400:vbv-bufsize=400 -threads 1", 2),
    ]
    .into_iter()
    .enumerate()
    {
        let stream = h264(options, seconds);
        let whole = folder.path().join(format!("{number}.h264"));
        std::fs::write(&whole, &stream).unwrap();
        let sizes = probed(&whole);
        let frames = 25 * seconds as usize;
        assert_eq!((sizes.len(), decoded(&whole)), (frames, frames));
        let mut data = par(4096);
        data.extend(&stream);
        for grow in [0, 1000, 65_536] {
            let reported = reported(&data, grow);
            let carved: Vec<usize> = reported.packets.iter().map(|(.., data)| data.len()).collect();
            assert_eq!(carved, sizes, "{options}, by {grow}");
            for (n, (_, packet, _)) in reported.packets.iter().enumerate() {
                assert_eq!(packet.slot, Some(n as u64));
                assert_eq!((packet.stream.camera, packet.stream.codec), (1, Codec::H264));
                assert_eq!(packet.timestamp, None);
                if n == 0 {
                    assert_eq!((packet.key, packet.width, packet.height), (true, 320, 240));
                }
            }
            let keys = reported.packets.iter().filter(|(_, packet, _)| packet.key);
            assert!(keys.count() >= 2, "{options}");
        }
        let carved = folder.path().join("carved.h264");
        std::fs::write(&carved, payloads(&data, 0).concat()).unwrap();
        assert_eq!(decoded(&carved), frames, "{options}");
    }
}

#[test]
fn padding_between_access_units_is_left_out() {
    let stream = h264("-g 5 -bf 0 -threads 1", 1);
    let mut plain = par(4096);
    plain.extend(&stream);
    let units = payloads(&plain, 0);
    let mut padded = par(4096);
    for unit in &units {
        padded.resize(padded.len().next_multiple_of(512), 0);
        padded.extend(unit);
    }
    padded.resize(padded.len().next_multiple_of(4096), 0);
    assert_eq!(payloads(&padded, 0), units);
    // a start code that no H.264 stream has ends a unit, and the next one is found behind it
    let mut mixed = par(512);
    mixed.extend(&units[0]);
    mixed.extend(vop(true, 700, 1));
    mixed.extend(units[1..].concat());
    assert_eq!(payloads(&mixed, 0), units);
    assert_eq!(payloads(&mixed, 700), units);
}

#[test]
fn windows_that_grow_by_one_byte_give_the_same_units() {
    let stream = h264("-g 4 -bf 0 -s 64x64 -crf 45 -threads 1", 1);
    let mut data = par(700);
    data.extend(&stream);
    assert_eq!(payloads(&data, 0).len(), 25);
    assert_eq!(payloads(&data, 1), payloads(&data, 0));
}

#[test]
fn jpeg_files_with_other_bytes_between() {
    let files: Vec<Vec<u8>> = (0..6).map(|n| jpeg_file(300 + 40 * n, n as u64)).collect();
    let mut data = par(3000);
    for (n, file) in files.iter().enumerate() {
        // the beginning of a file that does not go on
        data.extend(&file[..if n % 2 == 0 { 0 } else { 90 }]);
        data.extend(noise(137 * n, n as u64));
        data.extend(file);
    }
    data.extend(&files[0][..200]);
    for grow in [0, 1, 100, 4096] {
        let reported = reported(&data, grow);
        assert_eq!(payloads(&data, grow), files, "by {grow}");
        for (n, (_, packet, _)) in reported.packets.iter().enumerate() {
            assert_eq!(packet.stream.codec, Codec::Jpeg);
            assert_eq!((packet.slot, packet.timestamp), (Some(n as u64), None));
            assert_eq!((packet.key, packet.width, packet.height), (true, 704, 256));
        }
    }
    let mut reader = through(&data);
    let info = reader.info();
    assert_eq!(
        (info.family, info.slot_rate),
        ("netvu-carved", Some((25, 1)))
    );
    assert_eq!(info.data_start, 3000);
    let warnings = reader.take_warnings();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("at offset 3000: no record was found"),
        "{warnings:?}"
    );
    assert!(reader.take_warnings().is_empty());
}

#[test]
fn slots_count_from_where_they_are_set() {
    let mut data = par(600);
    for n in 0..9 {
        data.extend(jpeg_file(200, n));
    }
    let mut reader = through(&data);
    let starts: Vec<u64> = reported(&data, 0)
        .packets
        .iter()
        .map(|(at, ..)| *at)
        .collect();
    let slots = |reader: &mut dyn Reader, at: u64| {
        let packets = read_on(reader, &data, at as usize, 2);
        packets
            .iter()
            .map(|(at, packet)| (*at, packet.slot.unwrap()))
            .collect::<Vec<_>>()
    };
    reader.resync();
    assert_eq!(
        slots(reader.as_mut(), starts[4]),
        [(starts[4], 0), (starts[5], 1)]
    );
    reader.resync();
    reader.set_slot(4);
    assert_eq!(
        slots(reader.as_mut(), starts[4] - 3),
        [(starts[4], 4), (starts[5], 5)]
    );
    let mut fork = reader.fork();
    assert_eq!(slots(fork.as_mut(), 0), [(starts[0], 0), (starts[1], 1)]);
    assert_eq!(
        slots(reader.as_mut(), starts[6]),
        [(starts[6], 6), (starts[7], 7)]
    );
}

#[test]
fn a_record_in_the_first_4_mib_comes_before_all_else() {
    let file = jpeg_file(300, 1);
    let record = Made::default().record();
    let mut data = par(4096);
    data.extend(file.repeat(3));
    data.resize((4 << 20) - 100, 0x11);
    data.extend(&record);
    for grow in [0, 1 << 20] {
        let packets = reported(&data, grow).packets;
        assert_eq!(packets.len(), 1, "by {grow}");
        assert_eq!(packets[0].0, (4 << 20) - 100);
        assert_eq!(packets[0].1.stream.codec, Codec::Mpeg4);
    }
    // one behind them is none of the pictures that were found by then
    let mut late = data[..data.len() - record.len()].to_vec();
    late.resize(4 << 20, 0x11);
    late.extend(&record);
    for grow in [0, 1 << 20] {
        let packets = reported(&late, grow).packets;
        assert_eq!(packets.len(), 3, "by {grow}");
        assert!(
            packets
                .iter()
                .all(|(_, packet, _)| packet.stream.codec == Codec::Jpeg)
        );
    }
    // without them it is found as ever
    let mut alone = par(5 << 20);
    alone.extend(&record);
    for grow in [0, 1 << 20] {
        let packets = reported(&alone, grow).packets;
        assert_eq!(
            packets.iter().map(|(at, ..)| *at).collect::<Vec<_>>(),
            [5 << 20]
        );
    }
}

#[test]
fn nothing_at_all_is_reported_as_ever() {
    let mut data = par(100_000);
    // parameter sets without a picture, a slice without them, a JPEG file without an end
    data.extend([
        0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x40,
    ]);
    data.extend([0, 0, 1, 0x65, 0x88, 1, 2, 3]);
    data.extend(&jpeg_file(300, 1)[..250]);
    assert!(reported(&data, 0).packets.is_empty());
    assert!(reported(&data, 5000).packets.is_empty());
    let mut reader = through(&data);
    assert_eq!(reader.info().family, "netvu-partition");
    let warnings = reader.take_warnings();
    assert_eq!(
        warnings,
        [format!(
            "at offset {}: no record was found up to here",
            data.len()
        )]
    );
}

fn source(path: &Path) -> String {
    format!("filesrc location=\"{}\"", path.display())
}

/// PTS in milliseconds.
fn times(pad: &run::Pad) -> Vec<u64> {
    let pts = pad.buffers.iter().map(|got| got.pts.unwrap() / 1_000_000);
    pts.collect()
}

/// Numbers of the pictures that come after a flushing seek, from their bytes, and their PTS in milliseconds.
fn sought(
    front: &str,
    units: &[Vec<u8>],
    rate: f64,
    flags: gst::SeekFlags,
    range: (u64, u64),
) -> Vec<(usize, u64)> {
    let text = format!("{front} ! netvudemux name=d d.video_1 ! fakesink name=s sync=false");
    let pipeline = gst::parse::launch(&text)
        .unwrap()
        .downcast::<gst::Pipeline>()
        .unwrap();
    let _ = pipeline.set_state(gst::State::Paused);
    pipeline.state(gst::ClockTime::from_seconds(20)).0.unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (kept, known) = (seen.clone(), units.to_vec());
    let pad = pipeline.by_name("s").unwrap().static_pad("sink").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &info.data {
            let map = buffer.map_readable().unwrap();
            let number = known
                .iter()
                .position(|unit| *unit == map[..])
                .expect("a picture of the file");
            kept.lock()
                .unwrap()
                .push((number, buffer.pts().unwrap().mseconds()));
        }
        gst::PadProbeReturn::Ok
    });
    let done = pipeline.seek(
        rate,
        gst::SeekFlags::FLUSH | flags,
        gst::SeekType::Set,
        gst::ClockTime::from_mseconds(range.0),
        gst::SeekType::Set,
        gst::ClockTime::from_mseconds(range.1),
    );
    let ending = common::play(&pipeline);
    assert_eq!(ending.error, None);
    assert!(done.is_ok());
    seen.lock().unwrap().clone()
}

#[test]
fn carved_pictures_play_at_25_a_second() {
    let stream = h264("-g 10 -bf 0 -threads 1", 2);
    common::init();
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<Vec<u8>> = (0..50).map(|n| jpeg_file(3000, 2 * n)).collect();
    let spaced: Vec<u8> = files
        .iter()
        .flat_map(|file| [file.clone(), noise(200, 3)].concat())
        .collect();
    for (name, coded, count, caps) in [
        ("h264", stream, 50, "video/x-h264"),
        ("jpeg", spaced, 50, "image/jpeg"),
    ] {
        let mut data = par(4096);
        data.extend(coded);
        let path = folder.path().join(name);
        std::fs::write(&path, &data).unwrap();
        let units = payloads(&data, 0);
        for front in [
            source(&path),
            format!("{} blocksize=3000 ! queue", source(&path)),
        ] {
            let run = run::run(&front);
            assert_eq!(run.error, None, "{name}");
            assert_eq!(run.pads.keys().collect::<Vec<_>>(), ["video_1"], "{name}");
            let pad = &run.pads["video_1"];
            let got: Vec<&Vec<u8>> = pad.buffers.iter().map(|got| &got.data).collect();
            assert_eq!(got, units.iter().collect::<Vec<_>>(), "{name}");
            assert_eq!(times(pad), (0..count).map(|n| n * 40).collect::<Vec<u64>>());
            assert!(pad.buffers.iter().all(|got| got.unix.is_none()));
            let shown = pad.caps[0].structure(0).unwrap();
            assert_eq!(shown.name(), caps);
            assert_eq!(shown.get("framerate"), Ok(gst::Fraction::new(25, 1)));
            let width = if name == "h264" { 320 } else { 704 };
            assert_eq!(shown.get("width"), Ok(width));
            assert_eq!(run.warnings.len(), 1, "{:?}", run.warnings);
            assert!(
                run.warnings[0].contains("at offset 4096: no record was found"),
                "{:?}",
                run.warnings
            );
            let stats = run.stats.unwrap();
            assert_eq!(stats.get::<&str>("family"), Ok("netvu-carved"));
        }
        let decoder = if name == "h264" {
            "h264parse ! avdec_h264"
        } else {
            "fakesink"
        };
        if name == "h264" {
            let text = format!(
                "{} ! netvudemux ! {decoder} ! fakesink sync=false",
                source(&path)
            );
            assert_eq!(common::launch_well(&text).warnings.len(), 1);
        }
        let step = if name == "h264" { 10 } else { 1 };
        let plain = sought(
            &source(&path),
            &units,
            1.0,
            gst::SeekFlags::ACCURATE,
            (1000, 1600),
        );
        let from = 25 / step * step;
        assert_eq!(plain.first(), Some(&(from, from as u64 * 40)), "{name}");
        assert!(
            plain
                .iter()
                .all(|(number, time)| *time == *number as u64 * 40),
            "{name}: {plain:?}"
        );
        assert_eq!(plain.last().map(|(number, _)| *number), Some(39), "{name}");
        let flags = gst::SeekFlags::KEY_UNIT | gst::SeekFlags::SNAP_AFTER;
        let after = sought(&source(&path), &units, 1.0, flags, (1010, 1900));
        let from = if step == 1 { 26 } else { 30 };
        assert_eq!(after.first(), Some(&(from, from as u64 * 40)), "{name}");
        for front in [source(&path), format!("{} ! queue", source(&path))] {
            // at its start a file is always sure of its slots
            let again = sought(&front, &units, 1.0, gst::SeekFlags::empty(), (0, 1900));
            assert_eq!(again.first(), Some(&(0, 0)), "{name}: {front}");
        }
        let whole = (0, 1800);
        let none = gst::SeekFlags::empty();
        let backwards = sought(&source(&path), &units, -1.0, none, whole);
        let right = |row: &[(usize, u64)]| {
            row.iter()
                .all(|(number, time)| *time == *number as u64 * 40)
        };
        assert!(right(&backwards), "{name}: {backwards:?}");
        let keys = backwards
            .iter()
            .map(|(number, _)| *number)
            .filter(|number| number % 10 == 0);
        assert_eq!(keys.collect::<Vec<_>>(), [40, 30, 20, 10, 0], "{name}");
        assert_eq!(backwards.len(), 46, "{name}");
        let pushed = sought(
            &format!("{} ! queue", source(&path)),
            &units,
            1.0,
            none,
            (1000, 1900),
        );
        assert!(right(&pushed), "{name}: {pushed:?}");
        assert_eq!(pushed.last(), Some(&(47, 1880)), "{name}");
    }
}

#[test]
fn a_long_file_without_a_clock_is_sought_forwards_and_backwards() {
    common::init();
    let folder = tempfile::tempdir().unwrap();
    let mut data = par(4096);
    for n in 0..1500 {
        data.extend(jpeg_file(3000, 2 * n));
    }
    let path = folder.path().join("x");
    std::fs::write(&path, &data).unwrap();
    let units = payloads(&data, 0);
    let pushed = format!("{} ! queue", source(&path));
    let wanted = |numbers: &mut dyn Iterator<Item = usize>| -> Vec<(usize, u64)> {
        numbers.map(|number| (number, number as u64 * 40)).collect()
    };
    let none = gst::SeekFlags::empty();
    let ahead = (50_000, 51_000);
    assert_eq!(
        sought(&source(&path), &units, 1.0, none, ahead),
        wanted(&mut (1250..1275))
    );
    assert_eq!(
        sought(&pushed, &units, 1.0, none, ahead),
        wanted(&mut (1250..1275))
    );
    let back = sought(&source(&path), &units, -1.0, none, (0, 58_000));
    assert_eq!(back, wanted(&mut (0..=1450).rev()));
}

#[test]
fn pictures_over_16_mib_are_not_believed() {
    let stream = h264("-g 5 -bf 0 -threads 1", 1);
    let mut plain = par(4096);
    plain.extend(&stream);
    let units = payloads(&plain, 0);
    let long = noise(17 << 20, 5);
    let mut data = par(4096);
    data.extend(&units[0]);
    data.extend(&units[1]);
    data.extend(&long);
    data.extend(units[2..].concat());
    let kept = [&units[..1], &units[2..]].concat();
    assert_eq!(payloads(&data, 0), kept);
    assert_eq!(payloads(&data, 3 << 20), kept);
    let files = [jpeg_file(300, 1), jpeg_file(17 << 20, 2), jpeg_file(300, 3)];
    let mut data = par(4096);
    data.extend(files.concat());
    let kept = vec![files[0].clone(), files[2].clone()];
    assert_eq!(payloads(&data, 0), kept);
    assert_eq!(payloads(&data, 3 << 20), kept);
}

/// Pieces of which a partition might be made, whole and broken.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let sets = [
        0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x40, 0, 0, 0, 1, 0x68, 0xce,
        0x3c, 0x80,
    ];
    let slice = |kind: u8, first: u8, n: u64| [vec![0, 0, 1, kind, first], scan(40, n)].concat();
    prop_oneof![
        (0usize..300, any::<u64>()).prop_map(|(size, seed)| noise(size, seed)),
        proptest::collection::vec(any::<u8>(), 0..80),
        (0usize..600).prop_map(|size| vec![0; size]),
        any::<u64>().prop_map(move |n| [sets.to_vec(), slice(0x65, 0x88, n)].concat()),
        (0u8..=255, 0u8..=255, any::<u64>())
            .prop_map(move |(kind, first, n)| slice(kind, first, n)),
        any::<u64>().prop_map(move |n| slice(0x41, 0x9a, n)),
        (0usize..200, any::<u64>()).prop_map(|(size, seed)| jpeg_file(size, seed)),
        (0usize..90, any::<u64>()).prop_map(|(cut, seed)| jpeg_file(90, seed)[..cut].to_vec()),
        any::<u64>().prop_map(|n| minimal(1_700_000_000_000 + n % 99_999, &vop(true, 60, n))),
        any::<u64>().prop_map(|n| {
            let unix_ms = 1_700_000_000_000 + n % 3;
            Made {
                unix_ms,
                payload: vop(true, 60, n % 2),
                ..Made::default()
            }
            .record()
        }),
        Just(b"\xde\xca\xde\x11".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_comes_out_the_same_in_any_window(
        pieces in proptest::collection::vec(piece(), 0..12),
        grow in 1usize..700,
    ) {
        let data = [par(512), pieces.concat()].concat();
        let shown = |grow| {
            let packets = reported(&data, grow).packets;
            let one = |(at, packet, bytes): &(u64, Packet, Vec<u8>)| (*at, packet.stream, packet.slot, packet.key, bytes.clone());
            packets.iter().map(one).collect::<Vec<_>>()
        };
        let whole = shown(0);
        prop_assert_eq!(&shown(grow), &whole);
        prop_assert_eq!(&shown(1), &whole);
    }
}
