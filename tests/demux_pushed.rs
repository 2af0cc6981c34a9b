// SPDX-License-Identifier: MPL-2.0
//! Files that are pushed by a source that can seek in bytes: all that pulled files have.

use crate::families::{FAMILIES, Family, Stage, shots};
use testing::{
    common::{
        collect::Frame,
        init,
        make::{Coded, START},
    },
    seek_tools::{Dice, vop},
};

use gst::prelude::*;
use std::{
    io::Cursor,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
};

const SECOND: u64 = 1_000_000_000;
const FLUSH: gst::SeekFlags = gst::SeekFlags::FLUSH;
const KEY_UNIT: gst::SeekFlags = gst::SeekFlags::KEY_UNIT;
const ACCURATE: gst::SeekFlags = gst::SeekFlags::ACCURATE;

/// 120 s of frames, too much for what is read ahead.
fn recording(family: Family) -> Vec<u8> {
    // a gap after 60 s
    family.record(&shots(1200, |n| {
        START + 100 * n as i64 + if n < 600 { 0 } else { 300_000 }
    }))
}

/// Answers requests for ranges of one file, as a web server does. Stops when dropped.
struct Server {
    server: Arc<tiny_http::Server>,
    ranges: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(bytes: Vec<u8>) -> Server {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let ranges = Arc::new(AtomicU64::new(0));
        let (listening, counted) = (server.clone(), ranges.clone());
        let thread = std::thread::spawn(move || {
            for request in listening.incoming_requests() {
                let (bytes, counted) = (bytes.clone(), counted.clone());
                // a player leaves an answer unread when it seeks
                std::thread::spawn(move || answer(request, &bytes, &counted));
            }
        });
        Server {
            server,
            ranges,
            thread: Some(thread),
        }
    }

    fn source(&self) -> gst::Element {
        gst::ElementFactory::make("souphttpsrc")
            .property(
                "location",
                format!("http://{}/file", self.server.server_addr()),
            )
            .build()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(request: tiny_http::Request, bytes: &[u8], counted: &AtomicU64) {
    let range = request
        .headers()
        .iter()
        .find(|header| header.field.equiv("Range"));
    let range = range.and_then(|header| {
        let (from, to) = header
            .value
            .as_str()
            .strip_prefix("bytes=")?
            .split_once('-')?;
        let to = to
            .parse::<usize>()
            .map_or(bytes.len(), |to| (to + 1).min(bytes.len()));
        Some((from.parse::<usize>().ok()?.min(to), to))
    });
    let (from, to) = range.unwrap_or((0, bytes.len()));
    if from > 0 {
        counted.fetch_add(1, Ordering::Relaxed);
    }
    let mut headers = vec![("Accept-Ranges".to_owned(), "bytes".to_owned())];
    if range.is_some() {
        let span = format!("bytes {from}-{}/{}", to.max(1) - 1, bytes.len());
        headers.push(("Content-Range".to_owned(), span));
    }
    let headers = headers.iter().map(|(name, value)| {
        tiny_http::Header::from_bytes(name.as_bytes(), value.as_bytes()).unwrap()
    });
    let status = if range.is_some() { 206 } else { 200 };
    let part = bytes[from..to].to_vec();
    let length = part.len();
    let response = tiny_http::Response::new(
        status.into(),
        headers.collect(),
        Cursor::new(part),
        Some(length),
        None,
    )
    .with_chunked_threshold(usize::MAX);
    // the player may be gone
    let _ = request.respond(response);
}

/// What a seek is compared by: timestamp, recorder's clock, keyframe, coded bytes.
type Facts = (u64, Option<u64>, bool, Vec<u8>);

fn facts(frames: &[Frame]) -> Vec<Facts> {
    let facts = frames
        .iter()
        .map(|frame| (frame.pts(), frame.unix, frame.key, frame.vop().to_vec()));
    facts.collect()
}

/// The frames of each seek, in one pipeline, and the duration.
fn sought(stage: &Stage, about: &str) -> Vec<Vec<Facts>> {
    stage.play();
    stage.end();
    let duration = stage.demux.src_pads()[0]
        .query_duration::<gst::ClockTime>()
        .unwrap();
    assert_eq!(duration.seconds(), 120, "{about}");
    let mut found = Vec::new();
    for (rate, flags, start, stop) in [
        (1.0, KEY_UNIT, 33 * SECOND + SECOND / 2, Some(36 * SECOND)),
        (1.0, ACCURATE, 33 * SECOND + SECOND / 2, Some(36 * SECOND)),
        (1.0, ACCURATE, 95 * SECOND, Some(97 * SECOND)),
        (1.0, KEY_UNIT, SECOND, Some(2 * SECOND)),
        (-1.0, ACCURATE, 57 * SECOND, Some(63 * SECOND)),
    ] {
        assert!(
            stage.seek(rate, FLUSH | flags, start, stop),
            "{about}: {rate} {flags:?} {start}"
        );
        stage.end();
        let frames = stage.frames("video_1");
        assert!(
            frames.len() > 8,
            "{about}: {} frames from {start}",
            frames.len()
        );
        assert!(frames[0].key, "{about}");
        found.push(facts(&frames));
    }
    found
}

#[test]
fn seeks_land_where_those_of_pulled_files_land() {
    for family in FAMILIES {
        let bytes = recording(family);
        let pulled = sought(
            &Stage::new(family, &bytes, false),
            &format!("{family:?} pulled"),
        );
        let about = format!("{family:?} pushed by a queue");
        let pushed = sought(&Stage::new(family, &bytes, true), &about);
        assert!(pushed == pulled, "{about}");
        let about = format!("{family:?} over HTTP");
        let server = Server::start(bytes);
        let pushed = sought(&Stage::behind(family, [server.source()]), &about);
        assert!(pushed == pulled, "{about}");
        assert!(
            server.ranges.load(Ordering::Relaxed) > 0,
            "{about}: no range was asked for"
        );
        // the keyframe at or before, and backwards from the end of the segment
        let first = |n: usize| pulled[n][0].0;
        assert!(
            (32 * SECOND..=33 * SECOND + SECOND / 2).contains(&first(0)),
            "{}",
            first(0)
        );
        assert!(first(1) <= 33 * SECOND + SECOND / 2);
        assert!(pulled[4][0].0 > pulled[4].last().unwrap().0, "{family:?}");
    }
}

#[test]
fn a_source_that_cannot_seek_answers_false() {
    init();
    for family in FAMILIES {
        let bytes = recording(family);
        let source = gst::ElementFactory::make("appsrc")
            .property("max-bytes", 0u64)
            .build()
            .unwrap();
        let stage = Stage::behind(family, [source.clone()]);
        stage.play();
        for piece in bytes.chunks(64 << 10) {
            let buffer = gst::Buffer::from_slice(piece.to_vec());
            let _: gst::FlowReturn = source.emit_by_name("push-buffer", &[&buffer]);
        }
        let _: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
        stage.end();
        for flags in [KEY_UNIT, ACCURATE] {
            assert!(
                !stage.seek(1.0, FLUSH | flags, 5 * SECOND, None),
                "{family:?}"
            );
        }
        assert_eq!(stage.frames("video_1").len(), 1200, "{family:?}");
    }
}

#[test]
fn a_look_at_the_end_of_the_file_is_not_its_end() {
    // so small that the first block shows the clock, so many that the end is far from it
    static CODED: LazyLock<[Coded; 2]> = LazyLock::new(|| {
        [false, true].map(|key| Coded {
            key,
            bytes: vop(key, 7, 80, &mut Dice(9)),
        })
    });
    for family in FAMILIES {
        let shot = |n: usize| {
            (
                START + 100 * n as i64,
                &CODED[usize::from(n.is_multiple_of(20))],
            )
        };
        let bytes = family.record(&(0..16_000).map(shot).collect::<Vec<_>>());
        assert!(bytes.len() > 5 << 18, "{}", bytes.len());
        // where the bytes are when the index is looked for is up to the threads
        for time in 0..6 {
            let stage = Stage::new(family, &bytes, true);
            stage.play();
            stage.end();
            assert_eq!(stage.frames("video_1").len(), 16_000, "{family:?}, {time}");
        }
    }
}
