// SPDX-License-Identifier: MPL-2.0
//! `expmux` writes what the reference layout says. The files are read here by a second implementation, made from the
//! layout's table alone.

use testing::common;
use testing::exp_bytes as exp;

use common::{init, launch, launch_well, play};
use exp::{File, Record, read, read_file, text, u16_at, u32_at, u64_at};
use gst::prelude::*;

const START_MS: u64 = 1_257_862_530_000;
const START_NS: &str = "1257862530000000000";

/// Counts, times and index of a file that was finished.
fn check_finished(file: &File) {
    let (b, records) = (&file.bytes, &file.records);
    assert_eq!(u32_at(b, 12) & 1, 1, "index flag");
    assert_eq!(u32_at(b, 68), (records[0].ms / 1000) as u32);
    assert_eq!(u32_at(b, 72), (records[records.len() - 1].ms / 1000) as u32);
    assert_eq!(u32_at(b, 76) as usize, records.len());
    assert_eq!(u64_at(b, 80) as usize, file.end);
    let index = &b[file.end..];
    assert_eq!(index.len(), 12 + 16 * records.len());
    assert_eq!(&index[..4], b"DXIX");
    assert_eq!(u32_at(index, 4) as usize, records.len());
    for (entry, record) in index[8..].chunks_exact(16).zip(records) {
        assert_eq!(u64_at(entry, 0), record.at);
        let ms = u64::from(u32_at(entry, 8)) * 1000 + u64::from(u16_at(entry, 12));
        assert_eq!(
            (ms, entry[14], entry[15]),
            (record.ms, record.camera, record.kind)
        );
    }
    let entries = &index[8..index.len() - 4];
    assert_eq!(u32_at(index, index.len() - 4), crc32fast::hash(entries));
}

/// Coded pictures of an elementary stream, from their VOP start codes on.
fn pictures(stream: &[u8]) -> Vec<Vec<u8>> {
    let codes = memchr::memmem::find_iter(stream, &[0, 0, 1]).collect::<Vec<_>>();
    let ends = codes.iter().skip(1).copied().chain([stream.len()]);
    codes
        .iter()
        .zip(ends)
        .filter(|(at, _)| stream.get(*at + 3) == Some(&0xb6))
        .map(|(at, end)| stream[*at..end].to_vec())
        .collect()
}

const PATTERN: &str = "video/x-raw,format=I420,width=352,height=240,framerate=15/2 ! avenc_mpeg4 gop-size=8 \
    ! mpeg4videoparse";

#[test]
fn a_test_pattern_is_written_as_the_layout_says() {
    let dir = tempfile::tempdir().unwrap();
    let (exp, es) = (dir.path().join("x.exp"), dir.path().join("x.m4v"));
    let ending = launch_well(&format!(
        "videotestsrc num-buffers=30 pattern=ball ! {PATTERN} ! tee name=t ! queue ! expmux server=LOBBY-DVR model=DX4104 \
         utc-offset=-300 start-time={START_NS} ! filesink location={} t. ! queue ! filesink location={}",
        exp.display(),
        es.display()
    ));
    assert!(ending.warnings.is_empty(), "{:?}", ending.warnings);
    let file = read_file(&exp);
    check_finished(&file);
    let b = &file.bytes;
    assert_eq!(text(&b[16..32]), "DX4104");
    assert_eq!(text(&b[32..64]), "LOBBY-DVR");
    assert_eq!(u16_at(b, 66) as i16, -300);
    assert_eq!(b[88], 1, "NTSC, from the height");
    assert_eq!(b[89], 1);
    assert_eq!((u16_at(b, 92), u16_at(b, 94)), (352, 240));
    assert_eq!(
        (b[128], u16_at(b, 130), u16_at(b, 132), u16_at(b, 134)),
        (1, 352, 240, 750)
    );

    let expected = pictures(&std::fs::read(&es).unwrap());
    assert_eq!(expected.len(), 30);
    assert_eq!(file.records.len(), 30);
    for (n, (record, picture)) in file.records.iter().zip(&expected).enumerate() {
        assert!(record.payload == *picture, "picture {n} has other bytes");
        let key = picture[4] >> 6 == 0;
        assert_eq!(record.kind, if key { 6 } else { 4 }, "picture {n}");
        assert_eq!(key, n % 8 == 0);
        assert_eq!(record.ms, START_MS + (n as u64 * 2000 + 7) / 15);
        assert_eq!((record.camera, record.mode, record.format), (1, 0, 1));
    }
    assert_eq!(
        file.records[0].size,
        (88 + expected[0].len()).next_multiple_of(4)
    );
}

#[test]
fn several_cameras_and_audio_are_interleaved_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let exp = dir.path().join("x.exp");
    let large = PATTERN.replace("width=352,height=240", "width=704,height=576");
    launch_well(&format!(
        "expmux name=m start-time={START_NS} ! filesink location={} \
         videotestsrc num-buffers=15 ! {PATTERN} ! taginject tags=\"title=Gate,exp-camera-number=(uint)7,exp-recording-mode=motion\" ! queue ! m.video_1 \
         videotestsrc num-buffers=15 pattern=snow ! {large} ! taginject tags=\"title=Yard\" ! queue ! m.video_0 \
         audiotestsrc num-buffers=20 samplesperbuffer=800 ! audio/x-raw,format=S16LE,rate=8000,channels=1 ! mulawenc ! queue ! m.audio_0",
        exp.display()
    ));
    let file = read_file(&exp);
    check_finished(&file);
    let b = &file.bytes;
    assert_eq!(u32_at(b, 12), 3, "index and audio");
    assert_eq!(b[88], 2, "PAL, from the first camera's height");
    let entries = [&b[128..176], &b[176..224]].map(|e| (e[0], u16_at(e, 2), text(&e[8..48])));
    assert_eq!(entries, [(1, 704, "Yard"), (7, 352, "Gate")]);
    let of = |camera: u8, kinds: &[u8]| {
        let matches = |r: &&Record| r.camera == camera && kinds.contains(&r.kind);
        file.records.iter().filter(matches).collect::<Vec<_>>()
    };
    assert_eq!(of(7, &[4, 6]).len(), 15);
    assert!(of(7, &[4, 6]).iter().all(|r| r.mode == 2 && r.format == 1));
    assert!(of(1, &[4, 6]).iter().all(|r| r.mode == 0 && r.format == 3));
    let audio = of(1, &[1]);
    assert_eq!(audio.len(), 20);
    for (n, block) in audio.iter().enumerate() {
        assert_eq!((block.mode, block.format), (2, 0), "mu-law, 8 kHz");
        assert_eq!(
            (block.payload.len(), block.ms),
            (800, START_MS + n as u64 * 100)
        );
    }
    assert!(
        file.records.is_sorted_by_key(|r| r.ms),
        "records follow each other in time"
    );
}

#[test]
fn a_sink_that_cannot_seek_gets_a_readable_file() {
    init();
    let description = format!(
        "videotestsrc num-buffers=10 ! {PATTERN} ! expmux start-time={START_NS} ! appsink name=out sync=false"
    );
    let pipeline = gst::parse::launch(&description)
        .unwrap()
        .downcast::<gst::Pipeline>()
        .unwrap();
    let sink = pipeline.by_name("out").unwrap();
    sink.set_property("emit-signals", true);
    let bytes = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let collected = bytes.clone();
    sink.connect("new-sample", false, move |values| {
        let sink = values[0].get::<gst::Element>().unwrap();
        let sample = sink.emit_by_name::<gst::Sample>("pull-sample", &[]);
        let map = sample.buffer().unwrap().map_readable().unwrap();
        collected.lock().unwrap().extend_from_slice(&map);
        Some(gst::FlowReturn::Ok.to_value())
    });
    assert_eq!(play(&pipeline).error, None);
    let file = read(std::mem::take(&mut bytes.lock().unwrap()));
    assert_eq!(file.records.len(), 10);
    assert_eq!(
        file.end,
        file.bytes.len(),
        "no index that nothing points at"
    );
    assert_eq!(u32_at(&file.bytes, 12), 0);
    assert_eq!(u32_at(&file.bytes, 76), 0, "number of records not known");
    assert_eq!(u64_at(&file.bytes, 80), 0);
    assert_eq!(u32_at(&file.bytes, 68), (START_MS / 1000) as u32);
}

#[test]
fn an_end_without_data_leaves_an_empty_file() {
    let dir = tempfile::tempdir().unwrap();
    let exp = dir.path().join("x.exp");
    launch_well(&format!(
        "videotestsrc num-buffers=0 ! {PATTERN} ! expmux ! filesink location={}",
        exp.display()
    ));
    let file = read_file(&exp);
    assert!(file.records.is_empty());
    assert_eq!(u64_at(&file.bytes, 80), file.end as u64);
    assert_eq!(file.bytes.len(), file.end + 12);
}

/// Pushes buffers by hand: caps, tags and metas are up to the test.
struct Feed {
    pipeline: gst::Pipeline,
    source: gst::Element,
    path: tempfile::TempPath,
}

impl Feed {
    fn new(caps: &str) -> Feed {
        Feed::with(caps, "")
    }

    fn with(caps: &str, properties: &str) -> Feed {
        init();
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let pad = if caps.starts_with("video") {
            "video_0"
        } else {
            "audio_0"
        };
        let description = format!(
            "expmux name=m {properties} ! filesink location={} appsrc name=in format=time ! m.{pad}",
            path.display()
        );
        let pipeline = gst::parse::launch(&description).unwrap();
        let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
        let source = pipeline.by_name("in").unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let feed = Feed {
            pipeline,
            source,
            path,
        };
        feed.caps(caps);
        feed
    }

    fn caps(&self, caps: &str) {
        self.source
            .set_property("caps", caps.parse::<gst::Caps>().unwrap());
    }

    fn tag(&self, tags: &[(&str, &str)]) {
        let mut list = gst::TagList::new();
        for (name, value) in tags {
            let mode = gst::TagMergeMode::Replace;
            list.make_mut().add_generic(*name, *value, mode).unwrap();
        }
        // Behind the buffers pushed so far: appsrc sends no serialized event before them.
        while self.source.property::<u64>("current-level-buffers") > 0 {
            std::thread::yield_now();
        }
        self.source
            .static_pad("src")
            .unwrap()
            .push_event(gst::event::Tag::new(list));
    }

    fn push(&self, ms: u64, unix_ms: Option<u64>, data: &[u8]) {
        let mut buffer = gst::Buffer::from_slice(data.to_vec());
        let writable = buffer.make_mut();
        writable.set_pts(gst::ClockTime::from_mseconds(ms));
        if let Some(unix) = unix_ms {
            let reference = gst::Caps::new_empty_simple("timestamp/x-unix");
            let time = gst::ClockTime::from_mseconds(unix);
            gst::ReferenceTimestampMeta::add(writable, &reference, time, gst::ClockTime::NONE);
        }
        let _ = self
            .source
            .emit_by_name::<gst::FlowReturn>("push-buffer", &[&buffer]);
    }

    fn end(self) -> (common::Ending, File) {
        let _ = self
            .source
            .emit_by_name::<gst::FlowReturn>("end-of-stream", &[]);
        let ending = play(&self.pipeline);
        let file = read(std::fs::read(&self.path).unwrap());
        (ending, file)
    }
}

const MPEG4: &str = "video/mpeg,mpegversion=4,systemstream=false,width=352,height=240";
const KEY: [u8; 9] = [0, 0, 1, 0xb6, 0x10, 1, 2, 3, 4];
const P: [u8; 7] = [0, 0, 1, 0xb6, 0x50, 1, 2];

#[test]
fn reference_timestamps_are_kept_even_when_the_clock_steps_back() {
    let feed = Feed::new(MPEG4);
    for (n, unix) in [5_000_123, 5_000_256, 1_400_001, 1_400_134]
        .into_iter()
        .enumerate()
    {
        feed.push(
            n as u64 * 100,
            Some(unix),
            if n % 2 == 0 { &KEY } else { &P },
        );
    }
    feed.push(1000, None, &P);
    let (ending, file) = feed.end();
    assert_eq!(ending.error, None);
    let times = file.records.iter().map(|r| r.ms).collect::<Vec<_>>();
    assert_eq!(
        times,
        [5_000_123, 5_000_256, 1_400_001, 1_400_134, 1_400_834]
    );
}

#[test]
fn mode_follows_the_tags_and_headers_are_left_out() {
    let feed = Feed::new(MPEG4);
    feed.tag(&[
        ("exp-recording-mode", "continuous"),
        ("exp-recorder-name", "EAST"),
        ("exp-video-standard", "PAL"),
    ]);
    let with_headers = [
        &[0, 0, 1, 0xb0, 1, 0, 0, 1, 0xb3, 0, 0, 7][..],
        &KEY,
        &[0, 0, 1, 0xb1],
    ]
    .concat();
    feed.push(0, None, &with_headers);
    feed.push(100, None, &P);
    feed.tag(&[("exp-recording-mode", "alarm")]);
    feed.push(200, None, &P);
    let (ending, file) = feed.end();
    assert_eq!(ending.error, None);
    assert_eq!(
        file.records.iter().map(|r| r.mode).collect::<Vec<_>>(),
        [1, 1, 3]
    );
    assert_eq!(file.records[0].payload, KEY);
    assert_eq!(file.records[2].payload, P);
    assert_eq!(text(&file.bytes[32..64]), "EAST");
    assert_eq!(file.bytes[88], 2);
}

#[test]
fn an_offset_of_zero_overrules_the_tag() {
    for (properties, expected) in [("", -300_i16), ("utc-offset=0", 0), ("utc-offset=60", 60)] {
        let feed = Feed::with(MPEG4, properties);
        let mut list = gst::TagList::new();
        list.make_mut()
            .add_generic("exp-recorder-utc-offset", -300, gst::TagMergeMode::Replace)
            .unwrap();
        let source = feed.source.static_pad("src").unwrap();
        source.push_event(gst::event::Tag::new(list));
        feed.push(0, None, &KEY);
        let (ending, file) = feed.end();
        assert_eq!(ending.error, None);
        let offset = i16::from_le_bytes([file.bytes[66], file.bytes[67]]);
        assert_eq!(offset, expected, "{properties}");
    }
}

#[test]
fn a_change_of_size_shows_in_the_format_of_the_records() {
    let feed = Feed::new(MPEG4);
    feed.push(0, None, &KEY);
    feed.caps(&MPEG4.replace("width=352,height=240", "width=704,height=480"));
    feed.push(100, None, &KEY);
    let (ending, file) = feed.end();
    assert_eq!(ending.error, None);
    assert_eq!(
        file.records.iter().map(|r| r.format).collect::<Vec<_>>(),
        [1, 3]
    );
    assert_eq!(
        u16_at(&file.bytes, 92),
        352,
        "the header keeps the first size"
    );
}

#[test]
fn what_the_format_cannot_keep_is_refused() {
    let feed = Feed::new(MPEG4);
    feed.push(0, None, &KEY);
    feed.push(100, None, &[0, 0, 1, 0xb6, 0x90, 1]);
    let (ending, _) = feed.end();
    assert!(ending.error.unwrap().contains("B-frames"));

    let feed = Feed::new(MPEG4);
    feed.push(0, None, &KEY);
    feed.caps("video/x-h264,stream-format=byte-stream,alignment=au");
    feed.push(100, None, &[0, 0, 0, 1, 0x65, 1]);
    let (ending, _) = feed.end();
    assert!(ending.error.unwrap().contains("codec"));
}

#[test]
fn interlaced_pictures_are_refused_and_noise_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let ending = launch(&format!(
        "videotestsrc num-buffers=5 ! video/x-raw,width=352,height=240,framerate=15/2 ! avenc_mpeg4 flags=ildct \
         ! mpeg4videoparse ! expmux ! filesink location={}",
        dir.path().join("x.exp").display()
    ));
    assert!(ending.error.unwrap().contains("interlaced"));

    let feed = Feed::new(MPEG4);
    feed.push(0, None, &KEY);
    feed.push(100, None, &[0x55; 40]);
    feed.push(200, None, &[0x55; 40]);
    feed.push(300, None, &P);
    let (ending, file) = feed.end();
    assert_eq!(ending.error, None);
    assert_eq!(ending.warnings.len(), 1, "said once: {:?}", ending.warnings);
    assert_eq!(file.records.len(), 2);
}

#[test]
fn the_same_pipeline_writes_a_whole_file_each_time() {
    init();
    let dir = tempfile::tempdir().unwrap();
    let exp = dir.path().join("x.exp");
    let description = format!(
        "videotestsrc num-buffers=10 ! {PATTERN} ! expmux start-time={START_NS} ! filesink location={}",
        exp.display()
    );
    let pipeline = gst::parse::launch(&description).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let runs = [(); 3].map(|()| {
        assert_eq!(play(&pipeline).error, None);
        std::fs::read(&exp).unwrap()
    });
    let facts = runs.map(|bytes| {
        let file = read(bytes);
        check_finished(&file);
        let facts = file.records.iter().map(|r| (r.ms, r.kind, r.sequence));
        facts.collect::<Vec<_>>()
    });
    assert_eq!(facts[0].len(), 10);
    assert_eq!(facts[0], facts[1]);
    assert_eq!(facts[1], facts[2]);
}

#[test]
fn a_flush_begins_the_file_anew() {
    let feed = Feed::new(MPEG4);
    feed.push(0, Some(5_000_000), &KEY);
    feed.push(100, Some(5_000_100), &P);
    feed.tag(&[("title", "Gate")]);
    let pad = feed.source.static_pad("src").unwrap();
    // by the source itself, which otherwise ends its task where a push comes back as flushing
    assert!(feed.source.send_event(gst::event::FlushStart::new()));
    assert!(feed.source.send_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(pad.push_event(gst::event::Segment::new(&segment)));
    feed.push(0, Some(7_000_000), &KEY);
    feed.tag(&[("title", "Yard")]);
    let (ending, file) = feed.end();
    assert_eq!(ending.error, None);
    assert_eq!(
        file.records.iter().map(|r| r.ms).collect::<Vec<_>>(),
        [7_000_000]
    );
    check_finished(&file);
    assert_eq!(text(&file.bytes[136..176]), "Yard", "the last title");
}

#[test]
fn adpcm_is_written_block_by_block() {
    let feed = Feed::new("audio/x-adpcm,layout=dvi,rate=8000,channels=1,block_align=256");
    feed.push(0, Some(5_000_000), &[7; 600]);
    let (ending, file) = feed.end();
    assert_eq!(ending.error, None);
    let blocks = file
        .records
        .iter()
        .map(|r| (r.payload.len(), r.ms))
        .collect::<Vec<_>>();
    // 505 samples a block at 8 kHz
    assert_eq!(
        blocks,
        [(256, 5_000_000), (256, 5_000_063), (88, 5_000_126)]
    );
    assert_eq!(
        (
            file.records[0].mode,
            file.records[0].format,
            file.records[0].kind
        ),
        (4, 0, 1)
    );
}

#[test]
fn h264_records_have_key_kinds_by_their_nal_units() {
    let dir = tempfile::tempdir().unwrap();
    let exp = dir.path().join("x.exp");
    launch_well(&format!(
        "videotestsrc num-buffers=12 ! video/x-raw,width=352,height=288,framerate=25/1 ! x264enc key-int-max=5 bframes=0 \
         ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au ! expmux ! filesink location={}",
        exp.display()
    ));
    let file = read_file(&exp);
    let keys = file.records.iter().map(|r| r.kind == 6).collect::<Vec<_>>();
    assert_eq!(keys.len(), 12);
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(*key, n % 5 == 0, "picture {n}");
    }
}

#[test]
fn pads_are_named_and_numbered() {
    init();
    let mux = gst::ElementFactory::make("expmux").build().unwrap();
    let first = mux.request_pad_simple("video_%u").unwrap();
    let fifth = mux.request_pad_simple("video_4").unwrap();
    let audio = mux.request_pad_simple("audio_%u").unwrap();
    assert_eq!(
        [first.name(), fifth.name(), audio.name()].map(|n| n.to_string()),
        ["video_0", "video_4", "audio_0"]
    );
    mux.release_request_pad(&first);
    assert_eq!(
        mux.request_pad_simple("video_%u").unwrap().name(),
        "video_0"
    );
}

/// A script that makes samples by an implementation of its own, where it is at hand.
#[test]
fn the_other_writer_makes_the_same_file() {
    let Some(samples) = common::samples("dx") else {
        return;
    };
    let script = samples.join("../../tools/mkexp.py");
    if !script.is_file() {
        eprintln!("SKIPPED: {} is not there", script.display());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (es, exp) = (dir.path().join("x.m4v"), dir.path().join("x.exp"));
    launch_well(&format!(
        "videotestsrc num-buffers=40 ! video/x-raw,format=I420,width=352,height=240,framerate=8/1 \
         ! avenc_mpeg4 gop-size=8 ! filesink location={}",
        es.display()
    ));
    let made = std::process::Command::new("python3")
        .arg(script)
        .arg(&exp)
        .args([
            "--fps", "8", "--mode", "0:motion", "--titles", "Gate", "--es",
        ])
        .arg(&es)
        .status()
        .unwrap();
    assert!(made.success());

    let caps = format!("{MPEG4},framerate=8/1");
    let feed = Feed::with(&caps, "server=LOBBY-DVR model=DX4104 utc-offset=-300");
    feed.tag(&[("exp-recording-mode", "motion"), ("title", "Gate")]);
    for (n, picture) in pictures(&std::fs::read(&es).unwrap()).iter().enumerate() {
        feed.push(n as u64 * 125, Some(START_MS + n as u64 * 125), picture);
    }
    let (ending, ours) = feed.end();
    assert_eq!(ending.error, None);
    let mut theirs = std::fs::read(&exp).unwrap();
    for record in ours.records.iter().filter(|record| record.kind == 6) {
        // The prefix of unknown meaning: noise there, zeros here.
        theirs[record.at as usize + 16..record.at as usize + 80].fill(0);
    }
    let differ = ours.bytes.iter().zip(&theirs).position(|(a, b)| a != b);
    assert_eq!(
        (ours.bytes.len(), differ),
        (theirs.len(), None),
        "first difference at that offset"
    );
}
