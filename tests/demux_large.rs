// SPDX-License-Identifier: MPL-2.0
//! Seeks in recordings of 8 GiB, most of which are holes: how much is read for each.

use crate::families::{Family, Stage};
use testing::{
    common,
    make::START,
    netvu_make::{Made, vop},
};

use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{Camera, Mode, Timestamp},
};
use gst::prelude::*;
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::Path,
    time::Duration,
};

const GIB: u64 = 1 << 30;
/// Bytes of a coded frame, milliseconds between two, and frames of a group.
const FRAME: usize = 60_000;
const INTERVAL: u64 = 100;
const GROUP: u64 = 15;
/// Bytes of a coded frame that are written; the rest is a hole.
const KEPT: usize = 32;

/// Forms of recordings that have no index, and the native layout with its own.
#[derive(Clone, Copy, Debug)]
enum Form {
    Exp,
    Binary,
    Partition,
}

fn coded(key: bool) -> Vec<u8> {
    let mut coded = vop(key, KEPT, 7);
    coded.resize(FRAME, 0);
    coded
}

/// A recording of about so many bytes; its length in milliseconds.
fn write(form: Form, path: &Path, bytes: u64) -> u64 {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let frames = bytes / FRAME as u64;
    let ms = |n: u64| START as u64 + n * INTERVAL;
    let coded = [coded(false), coded(true)];
    let mut put = |head: &[u8], whole: usize| {
        out.write_all(head).unwrap();
        out.seek(SeekFrom::Current((whole - head.len()) as i64))
            .unwrap();
    };
    match form {
        Form::Exp => {
            let camera = Camera {
                number: 1,
                width: 352,
                height: 240,
                ..Camera::default()
            };
            let head = Head {
                cameras: vec![camera],
                ..Head::default()
            };
            let timestamp = |n: u64| Timestamp {
                seconds: (ms(n) / 1000) as i64,
                millis: Some((ms(n) % 1000) as u16),
            };
            let (mut writer, header) = Writer::new(head, timestamp(0)).unwrap();
            put(&header, header.len());
            for n in 0..frames {
                let key = n % GROUP == 0;
                let picture = Picture {
                    camera: 1,
                    timestamp: timestamp(n),
                    mode: Mode::Motion,
                    width: 352,
                    height: 240,
                    key,
                };
                let mut record = writer.picture(&picture, &coded[usize::from(key)]).unwrap();
                let (sum, start) = if key { (84, 88) } else { (20, 24) };
                // the bytes of the hole have another
                record[sum..sum + 4].fill(0);
                put(&record[..start + KEPT], record.len());
            }
            let index = writer.finish();
            put(&index, index.len());
            let header = writer.header();
            drop(out);
            let mut file = File::options().write(true).open(path).unwrap();
            file.write_all(&header).unwrap();
        }
        Form::Binary | Form::Partition => {
            let templates = [false, true].map(|key| {
                let made = Made {
                    format: if key { 3 } else { 2 },
                    payload: coded[usize::from(key)].clone(),
                    ..Made::default()
                };
                match form {
                    Form::Binary => (made.packet(), 6),
                    _ => (made.record(), 0),
                }
            });
            if matches!(form, Form::Partition) {
                put(&[b"PAR\0".to_vec(), vec![0x5a; 300]].concat(), 304);
            }
            for n in 0..frames {
                let (whole, at) = &templates[usize::from(n % GROUP == 0)];
                let mut head = whole[..whole.len() - FRAME + KEPT].to_vec();
                let seconds = (ms(n) / 1000) as u32;
                let counter = (ms(n) % 4_000_000) as u32;
                head[at + 44..at + 48].copy_from_slice(&seconds.to_be_bytes());
                head[at + 48..at + 52].copy_from_slice(&counter.to_be_bytes());
                put(&head, whole.len());
            }
            // a hole at the end is none of the file's bytes
            put(&[0], 1);
        }
    }
    frames * INTERVAL
}

#[test]
fn a_seek_in_8_gib_reads_little() {
    let mut all = Vec::new();
    for form in [Form::Exp, Form::Binary, Form::Partition] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        let length = write(form, &path, 8 * GIB);
        assert!(path.metadata().unwrap().len() >= 8 * GIB - (64 << 20));
        let family = match form {
            Form::Exp => Family::Exp,
            _ => Family::NetVu,
        };
        common::init();
        let source = gst::ElementFactory::make("filesrc")
            .property("location", path.to_str().unwrap())
            .build()
            .unwrap();
        let stage = Stage::behind(family, [source]);
        stage.pipeline.set_state(gst::State::Paused).unwrap();
        let read = || {
            let stats = stage.demux.property::<gst::Structure>("stats");
            stats.get::<u64>("bytes-read").unwrap()
        };
        // what is read once the frame is there does not count: the sink holds it in PAUSED
        let shown = |about: &str| {
            for _ in 0..4000 {
                let pads = stage.demux.src_pads();
                if pads.iter().any(|pad| pad.name() == "video_1")
                    && let Some(frame) = stage.frames("video_1").first()
                {
                    return frame.pts();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            panic!("{about}: no frame");
        };
        shown("opening");
        let opened = read();
        // a megabyte of it is frames
        assert!(opened <= 3 << 20, "{form:?}: {opened} bytes to open");
        let mut worst = 0;
        for part in [11, 3, 7, 1, 13] {
            let target = length * part / 16 * 1_000_000;
            let about = format!("{form:?}: {part} of 16");
            let before = read();
            let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT;
            assert!(stage.seek(1.0, flags, target, None), "{about}");
            let pts = shown(&about);
            let cost = read() - before;
            worst = worst.max(cost);
            let early = target.saturating_sub(pts);
            assert!(
                pts <= target && early <= GROUP * INTERVAL * 1_000_000,
                "{about}: {pts} for {target}"
            );
        }
        all.push((form, worst));
    }
    for (form, cost) in all {
        // readers of NetVu forms see coded frames whole
        let most = match form {
            Form::Exp => 2 << 20,
            _ => 5 << 20,
        };
        assert!(cost <= most, "{form:?}: {cost} bytes");
    }
}
