// SPDX-License-Identifier: MPL-2.0
//! Single bytes and numbers that once ended a pipeline, lost much of a recording, or took time and memory out of proportion.

use crate::families::{FAMILIES, FEEDS, Family, Shot, rising, shots, whole};
use testing::{
    common::{
        self,
        collect::{Ev, Feed, Outcome, PadLog, run, run_with},
        make::{Coded, Exp, Made as Recorded, START, mpeg4, pictures, probe, tiny},
        shell::Shell,
    },
    netvu_make::Made,
};

use formats::reader::Mode;
use gst::prelude::*;
use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex},
};

const SECOND: u64 = 1_000_000_000;

fn clocked(count: usize) -> Vec<Shot> {
    shots(count, |n| START + 100 * n as i64)
}

fn tiny_exp(count: usize) -> Recorded {
    let mut exp = Exp::one(64, 48);
    for (ms, coded) in clocked(count) {
        exp.picture(ms, coded);
    }
    exp.finish()
}

/// How many coded frames are missing, and how many frames are there that were not recorded.
fn missing(pad: &PadLog, shots: &[Shot]) -> (usize, usize) {
    let mut left: Vec<&[u8]> = shots.iter().map(|(_, coded)| &coded.bytes[..]).collect();
    let mut others = 0;
    for frame in pad.frames() {
        match left.iter().position(|bytes| *bytes == frame.vop()) {
            Some(at) => drop(left.swap_remove(at)),
            None => others += 1,
        }
    }
    (left.len(), others)
}

#[test]
fn frames_of_a_few_bytes_cost_themselves_alone() {
    let short: Vec<Coded> = (1..=4)
        .map(|length| Coded {
            key: false,
            bytes: [0, 0, 1, 0xb6][..length].to_vec(),
        })
        .collect();
    let short: &'static [Coded] = Vec::leak(short);
    for coded in short {
        let all = clocked(48);
        let mut with = all.clone();
        with[5].1 = coded;
        let without: Vec<Shot> = [&all[..5], &all[6..]].concat();
        for family in FAMILIES {
            for feed in FEEDS {
                let about = format!("{family:?} {feed:?}, {} bytes", coded.bytes.len());
                let outcome = family.play(&family.record(&with), feed, |_| {}).well();
                let pad = outcome.pad("video_1");
                let frames = pad.frames();
                // what of it goes out is as short as it was
                let frames: Vec<_> = frames.iter().filter(|f| f.data.len() > 4).collect();
                assert_eq!(frames.len(), without.len(), "{about}");
                for (frame, (_, coded)) in frames.iter().zip(&without) {
                    assert!(frame.vop() == coded.bytes, "{about}");
                }
            }
        }
    }
}

/// What the caps say that a decoder needs before the first frame.
fn header(outcome: &Outcome) -> Vec<u8> {
    let caps = outcome.pad("video_1").caps();
    assert_eq!(caps.len(), 1);
    let structure = caps[0].structure(0).unwrap();
    let header = structure.get::<gst::Buffer>("codec_data").unwrap();
    header.map_readable().unwrap().to_vec()
}

#[test]
fn frames_whose_checksum_fails_have_no_vote_on_the_sequence_header() {
    // as few as the frames that voted when one byte made all of them grey
    let made = tiny_exp(19);
    for feed in FEEDS {
        let good = header(&run(&made.bytes, feed).well());
        for damaged in [0..1, 1..2, 8..9, 0..9] {
            for (at, bit) in [(4, 0x20), (5, 0x40), (5, 0x01), (6, 0x80), (6, 0x10)] {
                let mut bytes = made.bytes.clone();
                for n in damaged.clone() {
                    let (start, key) = (made.records[n].start, n % 8 == 0);
                    // keyframes are stored with every four bytes reversed
                    let at = if key {
                        start + 88 + (at ^ 3)
                    } else {
                        start + 24 + at
                    };
                    bytes[at] ^= bit;
                }
                let outcome = run(&bytes, feed).well();
                let about = format!("{feed:?}, frames {damaged:?}, byte {at}, bit {bit:#x}");
                assert_eq!(header(&outcome), good, "{about}");
                assert_eq!(outcome.stat("corrupted"), damaged.len() as u64, "{about}");
            }
        }
    }
}

/// A camera that nothing announced, in two records far from the beginning.
fn stray_camera() -> Vec<u8> {
    let made = tiny_exp(480);
    let mut bytes = made.bytes;
    // keyframes: a camera that never had one has nothing to show
    for n in [304, 312] {
        bytes[made.records[n].start + 8] = 65;
    }
    bytes
}

#[test]
fn a_late_pad_that_nobody_links_ends_like_any_other() {
    let shell = Shell::new();
    shell.write("x.exp", &stray_camera());
    for line in [
        "gst-launch-1.0 -q filesrc location=x.exp ! expdemux ! fakesink",
        "cat x.exp | gst-launch-1.0 -q fdsrc ! expdemux ! fakesink",
        "gst-launch-1.0 -q filesrc location=x.exp ! queue ! expdemux ! fakesink",
    ] {
        shell.run(line, &[]).well();
    }
    // both cameras go out where both are wanted
    for feed in FEEDS {
        let outcome = run(&stray_camera(), feed).well();
        assert_eq!(outcome.names(), ["video_1", "video_65"], "{feed:?}");
        assert_eq!(outcome.pad("video_1").frames().len(), 478, "{feed:?}");
    }
}

#[test]
fn a_damaged_camera_number_makes_no_pad_and_a_discontinuity() {
    let made = tiny_exp(48);
    let mut bytes = made.bytes.clone();
    bytes[made.records[9].start + 8] = 65;
    for feed in FEEDS {
        let outcome = run(&bytes, feed).well();
        assert_eq!(outcome.names(), ["video_1"], "{feed:?}");
        let frames = outcome.pad("video_1").frames();
        assert_eq!(frames.len(), 47, "{feed:?}");
        let breaks = (1..47).filter(|n| frames[*n].discont);
        assert_eq!(breaks.collect::<Vec<_>>(), [9], "{feed:?}");
    }
}

#[test]
fn one_stray_clock_moves_no_other_camera() {
    for wrong in [1 << 24, 40, -(1 << 20)] {
        let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (2, 64, 48, "Yard")]);
        for n in 0..200 {
            for camera in [1, 2] {
                let stray = if (n, camera) == (101, 1) { wrong } else { 0 };
                let ms = START + 100 * n as i64 + 1000 * stray;
                exp.camera(camera, ms, Mode::Motion, &tiny()[n % 48]);
            }
        }
        let bytes = exp.finish().bytes;
        for (feed, policy) in FEEDS.into_iter().zip(["preserve", "collapse"]) {
            let about = format!("{feed:?}, {wrong} s");
            let set = |demux: &gst::Element| demux.set_property_from_str("gap-policy", policy);
            let outcome = run_with(&bytes, feed, set).well();
            for name in ["video_1", "video_2"] {
                let times = rising(outcome.pad(name), &about);
                assert_eq!(times.len(), 200, "{about}, {name}");
                for (n, time) in times.iter().enumerate() {
                    let off = time.abs_diff(n as u64 * SECOND / 10);
                    assert!(off < SECOND, "{about}, {name}: frame {n} at {time}");
                }
            }
        }
    }
}

#[test]
fn a_magic_or_size_that_swallows_others_proves_itself_first() {
    let all = clocked(48);
    let made = tiny_exp(48);
    let mut files: Vec<(String, Family, Vec<u8>)> = Vec::new();
    let mut exp = |name: &str, at: usize, put: &[u8]| {
        let mut bytes = made.bytes.clone();
        bytes[at..at + put.len()].copy_from_slice(put);
        files.push((name.to_owned(), Family::Exp, bytes));
    };
    let record = |n: usize| made.records[n].start;
    exp("DXIX", record(10), b"DXIX");
    exp("DXIX and a count", record(10), b"DXIX\x20\0\0\0");
    exp("DXEXP", record(10), b"DXEXP\0");
    for count in [0, 2, 255] {
        exp("camera count", 84, &[count]);
        exp("camera count", 85, &[count]);
    }
    for n in [9, 16] {
        for at in 0..4 {
            exp("record size", record(n) + at, &[0x41]);
        }
    }
    let plv1 = Family::Plv1.record(&all);
    let chunks: Vec<usize> = memchr::memmem::find_iter(&plv1, b"00dc").collect();
    for chunk in [chunks[30], chunks[31]] {
        for at in 4..8 {
            for value in [0x11, 0x7f] {
                let mut bytes = plv1.clone();
                bytes[chunk + at] = value;
                files.push((format!("chunk size at {at}"), Family::Plv1, bytes));
            }
        }
    }
    let netvu = Family::NetVu.record(&all);
    let starts: Vec<usize> = memchr::memmem::find_iter(&netvu, &[0xde, 0xca, 0xde, 0x11]).collect();
    // the payload's length in the picture header
    for at in 20..24 {
        for value in [0x01, 0x11, 0x7f] {
            let mut bytes = netvu.clone();
            bytes[starts[9] + at] = value;
            files.push((format!("payload size at {at}"), Family::NetVu, bytes));
        }
    }
    for (name, family, bytes) in files {
        for feed in FEEDS {
            let about = format!("{family:?} {feed:?}, {name}");
            let outcome = family.play(&bytes, feed, |_| {}).well();
            let pad = outcome.pad("video_1");
            let (lost, others) = missing(pad, &all);
            assert!(lost <= 1, "{about}: {lost} frames");
            // what NetVu's lengths say is all that is known of a frame
            let cut = usize::from(family == Family::NetVu);
            assert!(others <= cut, "{about}: {others} other frames");
            rising(pad, &about);
            // what is lost is reported
            assert!(
                lost == others || !outcome.warnings.is_empty(),
                "{about}: nothing was reported"
            );
        }
    }
}

#[test]
fn one_byte_of_the_front_refuses_no_file() {
    let all = clocked(48);
    for family in FAMILIES {
        let whole_file = family.record(&all);
        // each byte of the first magic words, then some of all that is before the first frame
        let first = match family {
            Family::Exp => 176,
            Family::Plv1 => memchr::memmem::find(&whole_file, b"00db").unwrap(),
            // the first packet has a keyframe
            Family::NetVu => 40,
        };
        for at in (0..24).chain((24..first).step_by(9)) {
            let mut bytes = whole_file.clone();
            bytes[at] ^= 0x81;
            let feed = FEEDS[at % 2];
            let about = format!("{family:?} {feed:?}, byte {at}");
            let outcome = family.play(&bytes, feed, |_| {}).well();
            let (lost, _) = missing(outcome.pad("video_1"), &all);
            let touched = if family == Family::NetVu { 8 } else { 0 };
            assert!(lost <= touched, "{about}: {lost}");
        }
    }
}

#[test]
fn a_damaged_size_or_format_ends_no_muxer() {
    let frames = pictures(&mpeg4("352x240", "10", 48, &[]));
    let mut exp = Exp::one(352, 240);
    for (n, coded) in frames.iter().enumerate() {
        exp.picture(START + 100 * n as i64, coded);
    }
    let made = exp.finish();
    let places = [
        ("format of a P frame", made.records[9].start + 10),
        ("format of a keyframe", made.records[24].start + 10),
        ("width in the header", 92),
        ("width of the camera", 128 + 2),
        ("height of the camera", 128 + 4),
    ];
    let shell = Shell::new();
    for (name, at) in places {
        let mut bytes = made.bytes.clone();
        bytes[at] ^= 3;
        shell.write("x.exp", &bytes);
        for line in [
            "gst-launch-1.0 -q filesrc location=x.exp ! expdemux ! mp4mux ! filesink location=x.mp4",
            "cat x.exp | gst-launch-1.0 -q fdsrc ! expdemux ! mp4mux ! filesink location=x.mp4",
        ] {
            let said = shell.run(line, &[]).well();
            assert!(!said.err.contains("ERROR"), "{name}: {said:?}");
            let args = [
                "-count_packets",
                "-show_entries",
                "stream=width,height,nb_read_packets",
                "-of",
                "csv=p=0",
            ];
            let found = probe(&shell.path("x.mp4"), &args);
            assert_eq!(found.trim(), "352,240,48", "{name}");
        }
    }
}

#[test]
fn a_layout_or_configuration_without_an_end_is_an_error() {
    let made = tiny_exp(8);
    let large = tempfile::NamedTempFile::new().unwrap();
    large.as_file().set_len(8 << 40).unwrap();
    let large = large.path().to_str().unwrap();
    for (property, file, message) in [
        ("layout", "/dev/zero", "not a regular file"),
        ("layout", large, "larger than 1048576 bytes"),
    ] {
        for feed in FEEDS {
            let outcome = run_with(&made.bytes, feed, |demux| {
                demux.set_property(property, file)
            });
            let (_, debug, _) = outcome.error.expect("an error");
            assert!(debug.contains(message), "{property}={file}: {debug}");
        }
    }
    common::init();
    for (file, message) in [
        ("/dev/zero", "not a regular file"),
        (large, "larger than 1048576 bytes"),
    ] {
        let line = format!("filesrc location=/dev/null ! expdemux par-config={file} ! fakesink");
        let pipeline = gst::parse::launch(&line).unwrap();
        assert!(pipeline.set_state(gst::State::Paused).is_err(), "{file}");
        let error = pipeline
            .bus()
            .unwrap()
            .pop_filtered(&[gst::MessageType::Error]);
        let debug = format!("{error:?}");
        assert!(debug.contains(message), "{debug}");
        pipeline.set_state(gst::State::Null).unwrap();
    }
}

/// What pads of a demuxer send to sinks that take all of it.
#[derive(Clone, Default)]
struct Sent {
    /// Events by their kind.
    events: BTreeMap<String, usize>,
    buffers: Vec<(String, gst::Buffer)>,
    pads: usize,
    ended: usize,
    /// A link alone keeps no pad.
    sinks: Vec<gst::Pad>,
}

impl Sent {
    /// Links a sink to each pad that comes; buffers of pads of which `keep` says so are kept.
    fn by(demux: &gst::Element, keep: fn(&str) -> bool) -> Arc<(Mutex<Sent>, Condvar)> {
        let all: Arc<(Mutex<Sent>, Condvar)> = Arc::default();
        let sent = all.clone();
        demux.connect_pad_added(move |_, pad| {
            sent.0.lock().unwrap().pads += 1;
            let (taken, reported, name) = (sent.clone(), sent.clone(), pad.name().to_string());
            let sink = gst::Pad::builder(gst::PadDirection::Sink)
                .chain_function(move |_, _, buffer| {
                    if keep(&name) {
                        let mut sent = taken.0.lock().unwrap();
                        sent.buffers.push((name.clone(), buffer));
                    }
                    Ok(gst::FlowSuccess::Ok)
                })
                .event_function(move |_, _, event| {
                    let mut sent = reported.0.lock().unwrap();
                    let kind = event.type_();
                    *sent.events.entry(kind.name().to_string()).or_default() += 1;
                    sent.ended += usize::from(kind == gst::EventType::Eos);
                    reported.1.notify_all();
                    true
                })
                .build();
            sink.set_active(true).unwrap();
            pad.link(&sink).unwrap();
            sent.0.lock().unwrap().sinks.push(sink);
        });
        all
    }

    /// Waits until all pads have ended.
    fn whole(all: &(Mutex<Sent>, Condvar)) -> Sent {
        let sent = all.0.lock().unwrap();
        let minutes = std::time::Duration::from_secs(300);
        let open = |sent: &mut Sent| sent.pads == 0 || sent.ended < sent.pads;
        let (sent, waited) = all.1.wait_timeout_while(sent, minutes, open).unwrap();
        assert!(
            !waited.timed_out(),
            "{} of {} pads ended",
            sent.ended,
            sent.pads
        );
        sent.clone()
    }
}

/// Plays a NetVu file to its end.
fn counted(bytes: &[u8], push: bool) -> Sent {
    common::init();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let queue = if push { "! queue" } else { "" };
    let line = format!(
        "filesrc location={} {queue} ! netvudemux name=d",
        file.path().display()
    );
    let pipeline = gst::parse::launch(&line).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let sent = Sent::by(&pipeline.by_name("d").unwrap(), |_| true);
    pipeline.set_state(gst::State::Playing).unwrap();
    let sent = Sent::whole(&sent);
    pipeline.set_state(gst::State::Null).unwrap();
    sent
}

#[test]
fn thousands_of_cameras_are_not_announced_to_each_other() {
    let frames = |cameras: i32| {
        // twice each: a camera that comes once may be a damaged number
        let packets = (1..=cameras).chain(1..=cameras).map(|n| {
            Made {
                // the channel of a separator is a byte, the camera of the header is not
                camera: n,
                payload: testing::netvu_make::vop(true, 200, n as u64),
                unix_ms: (START + i64::from(n)) as u64,
                ..Made::default()
            }
        });
        let records = packets.flat_map(|made| made.record());
        b"PAR\0"
            .iter()
            .copied()
            .chain([0x5a; 300])
            .chain(records)
            .collect::<Vec<u8>>()
    };
    for push in [false, true] {
        for cameras in [500, 2000] {
            let bytes = frames(cameras);
            let Sent {
                events,
                buffers,
                pads,
                ..
            } = counted(&bytes, push);
            let buffers = buffers.len();
            println!(
                "{} bytes, {cameras} cameras, push {push}: {pads} pads, {buffers} buffers, {events:?}",
                bytes.len()
            );
            let cameras = cameras as usize;
            assert_eq!((pads, buffers), (cameras, 2 * cameras), "push {push}");
            let all: usize = events.values().sum();
            assert!(all <= 30 * pads, "push {push}: {events:?}");
        }
    }
}

/// Bytes that say when they are no longer used.
struct Lent(Vec<u8>, #[expect(dead_code, reason = "is counted")] Arc<()>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[test]
fn small_frames_do_not_keep_what_they_were_read_with() {
    common::init();
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (2, 352, 240, "Yard")]);
    for n in 0..48 {
        let large = Coded {
            key: true,
            bytes: testing::netvu_make::vop(true, 600 << 10, n as u64),
        };
        exp.camera(1, START + 100 * n as i64, Mode::Motion, &tiny()[n]);
        exp.camera(2, START + 100 * n as i64 + 50, Mode::Motion, &large);
    }
    let bytes = Arc::new(exp.finish().bytes);
    let lent = Arc::new(());
    let (file, lender) = (bytes.clone(), lent.clone());
    let source = gst::Pad::builder(gst::PadDirection::Src)
        .name("source")
        .query_function(move |_, _, query| match query.view_mut() {
            gst::QueryViewMut::Scheduling(asked) => {
                asked.set(gst::SchedulingFlags::SEEKABLE, 1, -1, 0);
                asked.add_scheduling_modes([gst::PadMode::Pull]);
                true
            }
            gst::QueryViewMut::Duration(asked) if asked.format() == gst::Format::Bytes => {
                asked.set(gst::format::Bytes::from_usize(bytes.len()));
                true
            }
            _ => false,
        })
        .activatemode_function(|_, _, _, _| Ok(()))
        .getrange_function(move |_, _, offset, _, size| {
            let rest = file.get(offset as usize..).unwrap_or_default();
            let part = rest[..rest.len().min(size as usize)].to_vec();
            match part.is_empty() {
                true => Err(gst::FlowError::Eos),
                false => Ok(gst::PadGetRangeSuccess::NewBuffer(gst::Buffer::from_slice(
                    Lent(part, lender.clone()),
                ))),
            }
        })
        .build();
    let demux = Family::Exp.element();
    source.link(&demux.static_pad("sink").unwrap()).unwrap();
    let sent = Sent::by(&demux, |name| name == "video_1");
    demux.set_state(gst::State::Playing).unwrap();
    let kept = Sent::whole(&sent).buffers;
    sent.0.lock().unwrap().buffers.clear();
    demux.set_state(gst::State::Null).unwrap();
    assert_eq!(kept.len(), 48);
    // the file's own, and none of the blocks
    let alive = Arc::strong_count(&lent) - 2;
    assert_eq!(alive, 0, "blocks that 48 small frames keep");
    drop(source);
}

#[test]
fn a_clock_that_jumps_with_each_frame_repeats_no_run() {
    let entries = |count: usize, push: bool| {
        // a jump of a day at each keyframe, back and forth
        let all = shots(count, |n| {
            START + 100 * n as i64 + (n as i64 / 8 % 2) * 86_400_000
        });
        let feed = if push { Feed::Push(4096) } else { Feed::Pull };
        let outcome = Family::Exp
            .play(&Family::Exp.record(&all), feed, |_| {})
            .well();
        let pad = outcome.pad("video_1");
        whole(pad, &all, "jumping");
        let listed = pad.events.iter().map(|event| match event {
            Ev::Toc(chapters) => chapters.len(),
            _ => 0,
        });
        listed.sum::<usize>()
    };
    for push in [false, true] {
        let (few, many) = (entries(240, push), entries(1920, push));
        println!("push {push}: {few} and {many} chapters");
        assert!(many <= 8 * few.max(30) * 2, "push {push}: {few} and {many}");
    }
}
