// SPDX-License-Identifier: MPL-2.0
//! Which pads there are, and what they say before and between the buffers.

mod common;

use common::{
    collect::{Ev, Feed, Outcome, PadLog, run, run_with},
    make::{Coded, Exp, START, ffmpeg_pictures, h264, mpeg4, output, pictures, tiny, tiny_exp},
    plv1::{Avi, Wave},
};
use gst::prelude::*;
use gstexp::container::reader::{Codec, Mode};
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

const FEEDS: [Feed; 2] = [Feed::Pull, Feed::Push(4096)];

fn at(n: usize) -> i64 {
    START + 100 * n as i64
}

/// Camera 1 all the time, camera 2 from picture 96 on.
fn late_camera() -> Vec<u8> {
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (2, 64, 48, "Yard")]);
    for (n, coded) in tiny().iter().cycle().take(160).enumerate() {
        exp.camera(1, at(n), Mode::Motion, coded);
        if n >= 96 {
            exp.camera(2, at(n) + 5, Mode::Alarm, coded);
        }
    }
    exp.finish().bytes
}

/// What has to stand before the first buffer, in this order where there is one.
fn begins_well(pad: &PadLog) {
    let first = |wanted: fn(&Ev) -> bool| pad.events.iter().position(wanted);
    let buffer = first(|event| matches!(event, Ev::Frame(_))).expect("a buffer");
    let start = first(|event| matches!(event, Ev::StreamStart { .. }));
    let caps = first(|event| matches!(event, Ev::Caps(_)));
    let segment = first(|event| matches!(event, Ev::Segment(_)));
    let tags = first(|event| matches!(event, Ev::Tags(_)));
    let collection = first(|event| matches!(event, Ev::Collection(_)));
    assert_eq!(start, Some(0), "{}", pad.name);
    assert!(start < caps && caps < segment, "{}", pad.name);
    for (what, place) in [
        ("segment", segment),
        ("tags", tags),
        ("collection", collection),
    ] {
        let place = place.unwrap_or_else(|| panic!("{}: no {what}", pad.name));
        assert!(
            place < buffer,
            "{}: {what} after the first buffer",
            pad.name
        );
    }
}

#[test]
fn a_camera_that_appears_late_gets_its_pad() {
    for feed in FEEDS {
        let outcome = run(&late_camera(), feed).well();
        assert_eq!(outcome.names(), ["video_1", "video_2"]);
        let (one, two) = (outcome.pad("video_1"), outcome.pad("video_2"));
        begins_well(one);
        begins_well(two);
        assert!(!one.late && two.late);
        assert_eq!(one.frames().len(), 160);
        let frames = two.frames();
        assert_eq!(frames.len(), 64);
        assert_eq!(frames[0].pts(), 9_605_000_000);
        assert_eq!(frames[0].unix, Some((at(96) + 5) as u64 * 1_000_000));
        assert_eq!(outcome.collections.last(), Some(&2));
        // the first pad hears of it as well
        let sizes = one.events.iter().filter_map(|event| match event {
            Ev::Collection(size) => Some(*size),
            _ => None,
        });
        assert_eq!(sizes.collect::<Vec<_>>(), [1, 2]);
    }
}

#[test]
fn streams_begin_with_all_that_a_player_needs() {
    let upstream = Arc::new(Mutex::new(None));
    let seen = upstream.clone();
    let made = tiny_exp(20);
    let outcome = run_with(&made.bytes, Feed::Push(500), move |demux| {
        let seen = seen.clone();
        let pad = demux.static_pad("sink").unwrap();
        pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(gst::EventView::StreamStart(start)) = info.event().map(|e| e.view()) {
                *seen.lock().unwrap() = start.group_id();
            }
            gst::PadProbeReturn::Ok
        });
    });
    let outcome = outcome.well();
    let pad = outcome.pad("video_1");
    begins_well(pad);
    let Ev::StreamStart { id, group } = &pad.events[0] else {
        panic!("{:?}", pad.events[0]);
    };
    assert!(id.ends_with("/001"), "the camera's number is in {id}");
    let expected = *upstream.lock().unwrap();
    assert!(expected.is_some());
    assert_eq!(*group, expected, "upstream's group");
    let Some(Ev::Segment(segment)) = pad.events.iter().find(|e| matches!(e, Ev::Segment(_))) else {
        panic!("no segment");
    };
    let segment = segment.downcast_ref::<gst::ClockTime>().unwrap();
    assert_eq!(segment.start(), Some(gst::ClockTime::ZERO));
    assert_eq!(segment.time(), Some(gst::ClockTime::ZERO));
}

#[test]
fn caps_and_header_say_what_a_decoder_needs() {
    let coded = pictures(&mpeg4("704x480", "30000/1001", 20, &[]));
    let mut exp = Exp::one(704, 480);
    for (n, coded) in coded.iter().enumerate() {
        exp.picture(START + n as i64 * 1000 / 8, coded);
    }
    for feed in FEEDS {
        let outcome = run(&exp_clone(&coded), feed).well();
        let pad = outcome.pad("video_1");
        let caps = pad.caps();
        assert_eq!(caps.len(), 1);
        let said = caps[0].structure(0).unwrap();
        assert_eq!(said.name(), "video/mpeg");
        assert_eq!(said.get::<i32>("mpegversion"), Ok(4));
        assert_eq!(said.get::<bool>("systemstream"), Ok(false));
        assert_eq!(said.get::<i32>("width"), Ok(704));
        assert_eq!(said.get::<i32>("height"), Ok(480));
        // 4:3 on the screen: 704 * 10/11 = 640
        let aspect = said.get::<gst::Fraction>("pixel-aspect-ratio");
        assert_eq!(aspect, Ok(gst::Fraction::new(10, 11)));
        let rate = said.get::<gst::Fraction>("framerate");
        assert_eq!(rate, Ok(gst::Fraction::new(8, 1)));
        let header = said.get::<gst::Buffer>("codec_data").unwrap();
        let header = header.map_readable().unwrap().to_vec();
        let frames = pad.frames();
        // once before the first key picture, never inside
        assert_eq!(
            frames[0].data,
            [header.as_slice(), &coded[0].bytes].concat()
        );
        for (frame, coded) in frames.iter().zip(&coded).skip(1) {
            assert!(
                frame.data == coded.bytes,
                "bytes of a picture are as recorded"
            );
        }
        for (frame, coded) in frames.iter().zip(&coded) {
            assert_eq!(frame.key, coded.key);
        }
    }
}

fn exp_clone(coded: &[Coded]) -> Vec<u8> {
    let mut exp = Exp::one(704, 480);
    for (n, coded) in coded.iter().enumerate() {
        exp.picture(START + n as i64 * 1000 / 8, coded);
    }
    exp.finish().bytes
}

#[test]
fn no_more_pads_comes_also_where_the_file_ends_too_early() {
    let made = tiny_exp(4);
    for feed in FEEDS {
        for end in [
            7,
            12,
            100,
            128,
            150,
            made.records[0].start,
            made.records[0].start + 30,
        ] {
            let outcome = run(&made.bytes[..end], feed);
            assert_eq!(outcome.no_more_pads, 1, "cut at {end}, {feed:?}");
            assert!(outcome.pads.is_empty(), "cut at {end}");
            let (text, debug, _) = outcome.error.expect("an error");
            assert!(!text.is_empty() && !debug.is_empty(), "{text} {debug}");
        }
        let outcome = run(&made.bytes[..made.records[0].end], feed).well();
        assert_eq!(outcome.pad("video_1").frames().len(), 1);
    }
}

#[test]
fn a_change_of_size_is_told_and_decodes() {
    let (small, large) = (
        mpeg4("352x240", "10", 16, &[]),
        mpeg4("704x480", "10", 16, &[]),
    );
    let mut exp = Exp::one(352, 240);
    let parts = [pictures(&small), pictures(&large), pictures(&small)];
    let mut n = 0;
    for (part, size) in parts.iter().zip([(352, 240), (704, 480), (352, 240)]) {
        exp.size = size;
        for coded in part {
            exp.picture(at(n), coded);
            n += 1;
        }
    }
    let made = exp.finish();
    for feed in FEEDS {
        let outcome = run(&made.bytes, feed).well();
        let pad = outcome.pad("video_1");
        let sizes = pad.caps().into_iter().map(|caps| {
            let caps = caps.structure(0).unwrap();
            (caps.get("width").unwrap(), caps.get("height").unwrap())
        });
        assert_eq!(
            sizes.collect::<Vec<(i32, i32)>>(),
            [(352, 240), (704, 480), (352, 240)]
        );
        // each with a header of its own before its first key picture
        let frames = pad.frames();
        let heads = frames
            .iter()
            .enumerate()
            .filter(|(_, f)| f.data.len() > f.vop().len());
        assert_eq!(heads.map(|(n, _)| n).collect::<Vec<_>>(), [0, 16, 32]);
    }
    let mut expected = Vec::new();
    for stream in [&small, &large, &small] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(stream).unwrap();
        expected.extend(ffmpeg_pictures(file.path(), &["-f", "m4v"]));
    }
    assert!(
        decoded(&made.bytes, "avdec_mpeg4") == expected,
        "other pixels"
    );
}

/// All bytes that a decoder makes of the only pad.
fn decoded(bytes: &[u8], decoder: &str) -> Vec<u8> {
    common::init();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let raw = tempfile::NamedTempFile::new().unwrap();
    common::launch_well(&format!(
        "filesrc location={} ! expdemux ! {decoder} ! filesink location={}",
        file.path().display(),
        raw.path().display()
    ));
    std::fs::read(raw.path()).unwrap()
}

/// Sound of 2 s that changes: a tone whose pitch rises. As ffmpeg codes it.
fn chirp(codec: &str, rate: u32, format: &[&str]) -> Vec<u8> {
    let source = format!("aevalsrc=0.5*sin(2*PI*t*(300+200*t)):s={rate}:d=2");
    let mut args = vec!["-v", "error", "-f", "lavfi", "-i", &source, "-c:a", codec];
    args.extend(format);
    args.push("-");
    output("ffmpeg", &args)
}

/// What ffmpeg makes of coded sound, signed 16 bit.
fn ffmpeg_sound(coded: &[u8], format: &[&str]) -> Vec<i16> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(coded).unwrap();
    let mut args = vec!["-v", "error"];
    args.extend(format);
    args.extend(["-i", file.path().to_str().unwrap(), "-f", "s16le", "-"]);
    samples(&output("ffmpeg", &args))
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    let pairs = bytes.as_chunks::<2>().0.iter();
    pairs.map(|pair| i16::from_le_bytes(*pair)).collect()
}

fn same_sound(got: &[i16], expected: &[i16], about: &str) {
    assert_eq!(got.len(), expected.len(), "{about}: samples");
    assert!(
        expected.iter().any(|sample| sample.abs() > 10_000),
        "{about}: it is loud"
    );
    for (n, (got, expected)) in got.iter().zip(expected).enumerate() {
        let off = i32::from(*got) - i32::from(*expected);
        assert!(
            off.abs() <= 2,
            "{about}: sample {n} is {got}, not {expected}"
        );
    }
}

/// Sound goes on without a hole, from 0, for 2 s.
fn even_sound(pad: &PadLog, about: &str) {
    let mut end = 0_u64;
    for (n, frame) in pad.frames().into_iter().enumerate() {
        let off = frame.pts().abs_diff(end);
        assert!(
            off < 1_000_000,
            "{about}: buffer {n} at {:?}, {end} expected",
            frame.pts
        );
        assert!(frame.dts.is_some(), "{about}: buffer {n} has no DTS");
        end = frame.pts() + frame.duration.expect("a duration");
    }
    assert!(
        end.abs_diff(2_000_000_000) < 60_000_000,
        "{about}: ends at {end}"
    );
}

struct Sound {
    codec: Codec,
    tag: u16,
    bits: u16,
    name: &'static str,
    raw: &'static str,
    rate: u32,
    caps: String,
}

/// The codecs of the format, and U8 PCM, which only AVI has.
fn sounds() -> Vec<Sound> {
    let sound = |codec, tag, bits, name, raw, rate, caps: &str| Sound {
        codec,
        tag,
        bits,
        name,
        raw,
        rate,
        caps: caps.to_owned(),
    };
    vec![
        sound(
            Codec::PcmS16le,
            1,
            16,
            "pcm_s16le",
            "s16le",
            16_000,
            "audio/x-raw, format=(string)S16LE",
        ),
        sound(
            Codec::MuLaw,
            7,
            8,
            "pcm_mulaw",
            "mulaw",
            8000,
            "audio/x-mulaw",
        ),
        sound(
            Codec::ALaw,
            6,
            8,
            "pcm_alaw",
            "alaw",
            11_025,
            "audio/x-alaw",
        ),
        sound(
            Codec::PcmU8,
            1,
            8,
            "pcm_u8",
            "u8",
            8000,
            "audio/x-raw, format=(string)U8",
        ),
        sound(
            Codec::ImaAdpcm,
            0x11,
            4,
            "adpcm_ima_wav",
            "wav",
            8000,
            "audio/x-adpcm, layout=(string)dvi",
        ),
    ]
}

const BLOCK: usize = 256;

impl Sound {
    /// Coded sound, without any header.
    fn coded(&self) -> Vec<u8> {
        if self.codec != Codec::ImaAdpcm {
            return chirp(self.name, self.rate, &["-f", self.raw]);
        }
        let wav = chirp(self.name, self.rate, &["-block_size", "256", "-f", "wav"]);
        let data = memchr::memmem::find(&wav, b"data").unwrap() + 8;
        let mut blocks = wav[data..].to_vec();
        blocks.truncate(blocks.len() / BLOCK * BLOCK);
        blocks
    }

    fn expected(&self, coded: &[u8]) -> Vec<i16> {
        let rate = self.rate.to_string();
        if self.codec != Codec::ImaAdpcm {
            return ffmpeg_sound(coded, &["-f", self.raw, "-ar", &rate, "-ac", "1"]);
        }
        let mut wav = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
        wav.extend(20_u32.to_le_bytes());
        wav.extend([0x11, 0, 1, 0]);
        wav.extend(self.rate.to_le_bytes());
        wav.extend((self.rate / 2).to_le_bytes());
        wav.extend([0, 1, 4, 0, 2, 0]);
        wav.extend(505_u16.to_le_bytes());
        wav.extend(b"data");
        wav.extend((coded.len() as u32).to_le_bytes());
        wav.extend(coded);
        ffmpeg_sound(&wav, &["-f", "wav"])
    }

    fn piece_ms(&self) -> i64 {
        match self.codec {
            Codec::ImaAdpcm => 505 * 1000 / i64::from(self.rate),
            _ => 100,
        }
    }

    /// Bytes that make about a tenth of a second, or one block.
    fn piece(&self) -> usize {
        match self.codec {
            Codec::ImaAdpcm => BLOCK,
            _ => (self.rate / 10) as usize * usize::from(self.bits) / 8,
        }
    }

    /// Pad, payload and decoded sound of a file.
    fn check(&self, file: &[u8], coded: &[u8]) {
        for feed in FEEDS {
            let about = format!("{}, {feed:?}", self.name);
            let outcome = run(file, feed).well();
            assert_eq!(outcome.names(), ["audio_1", "video_1"], "{about}");
            let pad = outcome.pad("audio_1");
            begins_well(pad);
            let caps = pad.caps()[0].to_string();
            assert!(caps.starts_with(&self.caps), "{about}: {caps}");
            for more in [
                format!("rate=(int){}", self.rate),
                "channels=(int)1".to_owned(),
            ] {
                assert!(caps.contains(&more), "{about}: {caps}");
            }
            let handed = pad
                .frames()
                .iter()
                .flat_map(|f| f.data.clone())
                .collect::<Vec<_>>();
            assert!(handed == coded, "{about}: other bytes");
            even_sound(pad, &about);
        }
        let decoder = match self.codec {
            Codec::ImaAdpcm => "adpcmdec",
            Codec::MuLaw => "mulawdec",
            Codec::ALaw => "alawdec",
            _ => "identity",
        };
        let to_16 = "audioconvert dithering=none ! audio/x-raw,format=S16LE";
        let got = decoded(file, &format!("{decoder} ! {to_16}"));
        same_sound(&samples(&got), &self.expected(coded), self.name);
    }
}

#[test]
fn sound_in_records_is_what_went_in() {
    for sound in sounds() {
        if sound.codec == Codec::PcmU8 {
            continue;
        }
        let coded = sound.coded();
        let mut exp = Exp::one(64, 48);
        let mut pieces = coded.chunks(sound.piece()).enumerate().peekable();
        for (n, picture) in tiny()[..22].iter().enumerate() {
            exp.picture(at(n), picture);
            while let Some((k, piece)) = pieces.peek() {
                let ms = START + *k as i64 * sound.piece_ms();
                if ms >= at(n + 1) {
                    break;
                }
                exp.sound(1, ms, sound.codec, sound.rate, piece);
                pieces.next();
            }
        }
        sound.check(&exp.finish().bytes, &coded);
    }
}

#[test]
fn sound_in_an_avi_is_what_went_in() {
    for sound in sounds() {
        let coded = sound.coded();
        let mut avi = Avi::new(64, 48).wave(Wave {
            tag: sound.tag,
            rate: sound.rate,
            bits: sound.bits,
            align: match sound.codec {
                Codec::ImaAdpcm => BLOCK as u16,
                _ => sound.bits / 8,
            },
        });
        let mut pieces = coded.chunks(sound.piece());
        for (n, picture) in tiny()[..20].iter().enumerate() {
            avi.picture((START / 1000) as u32 + n as u32 / 10, picture, 88);
            avi.padding(2);
            let count = if n == 19 { usize::MAX } else { 1 };
            for piece in pieces.by_ref().take(count) {
                avi.sound(piece);
            }
        }
        sound.check(&avi.finish(), &coded);
    }
}

#[test]
fn a_sound_track_of_silence_gets_no_pad() {
    let mut avi = Avi::new(64, 48).wave(Wave {
        tag: 7,
        rate: 8000,
        bits: 8,
        align: 1,
    });
    for picture in &tiny()[..20] {
        avi.picture((START / 1000) as u32, picture, 96);
        avi.sound(&[0x80; 800]);
    }
    let outcome = run(&avi.finish(), Feed::Pull).well();
    assert_eq!(outcome.names(), ["video_1"]);
}

#[test]
fn cameras_of_the_h264_age_make_h264_pads() {
    let units = h264("64x48", 32);
    // what the record's kind says is not believed: all say P, or all say key
    for kind in [None, Some(false), Some(true)] {
        let mut exp = Exp::of(&[(1, 64, 48, "Old"), (2, 64, 48, "New")]);
        for (n, (old, new)) in tiny().iter().zip(&units).enumerate() {
            exp.camera(1, at(n), Mode::Motion, old);
            let mut new = new.clone();
            new.key = kind.unwrap_or(new.key);
            exp.camera(2, at(n) + 1, Mode::Motion, &new);
        }
        let bytes = exp.finish().bytes;
        for feed in FEEDS {
            let outcome = run(&bytes, feed).well();
            assert_eq!(outcome.names(), ["video_1", "video_2"]);
            let caps = outcome.pad("video_1").caps()[0].to_string();
            assert!(caps.starts_with("video/mpeg, mpegversion=(int)4"), "{caps}");
            let pad = outcome.pad("video_2");
            begins_well(pad);
            let caps = pad.caps()[0].to_string();
            assert!(caps.starts_with("video/x-h264, "), "{caps}");
            for part in [
                "stream-format=(string)byte-stream",
                "alignment=(string)au",
                "width=(int)64",
                "height=(int)48",
                "pixel-aspect-ratio=(fraction)1/1",
            ] {
                assert!(caps.contains(part), "{caps}");
            }
            let frames = pad.frames();
            assert_eq!(frames.len(), 32, "kind {kind:?}");
            for (n, (frame, unit)) in frames.iter().zip(&units).enumerate() {
                assert!(frame.data == unit.bytes, "unit {n}");
                assert_eq!(frame.key, n % 8 == 0, "kind {kind:?}, unit {n}");
            }
        }
    }
}

#[test]
fn a_change_of_mode_sends_the_tag_again() {
    let mut exp = Exp::one(64, 48);
    let modes = [
        Mode::Motion,
        Mode::Alarm,
        Mode::Alarm,
        Mode::PreAlarm,
        Mode::Motion,
    ];
    for (n, coded) in tiny()[..40].iter().enumerate() {
        exp.camera(1, at(n), modes[n / 8], coded);
    }
    let bytes = exp.finish().bytes;
    for feed in FEEDS {
        let outcome = run(&bytes, feed).well();
        let pad = outcome.pad("video_1");
        assert_eq!(
            pad.texts("recording-mode"),
            ["motion", "alarm", "pre-alarm", "motion"]
        );
        // each before the first picture that it holds for
        let (mut frames, mut places) = (0, Vec::new());
        for event in &pad.events {
            match event {
                Ev::Frame(_) => frames += 1,
                Ev::Tags(tags) if tags.generic("recording-mode").is_some() => places.push(frames),
                _ => {}
            }
        }
        assert_eq!(places, [0, 8, 24, 32]);
    }
}

#[test]
fn tags_say_what_the_file_says() {
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (7, 64, 48, "Café, Ostseite")]);
    for (n, coded) in tiny()[..20].iter().enumerate() {
        exp.camera(1, at(n), Mode::Schedule, coded);
        exp.camera(7, at(n), Mode::Instant, coded);
    }
    let bytes = exp.finish().bytes;
    for feed in FEEDS {
        let outcome = run(&bytes, feed).well();
        assert_eq!(outcome.names(), ["video_1", "video_7"]);
        for (name, number, title, mode) in [
            ("video_1", 1_u32, "Gate", "schedule"),
            ("video_7", 7, "Café, Ostseite", "instant"),
        ] {
            let pad = outcome.pad(name);
            for (tag, expected) in [
                ("title", title),
                ("recording-mode", mode),
                ("video-codec", "MPEG-4 Part 2"),
                ("container-format", "Pelco DX export (EXP)"),
                ("device-model", "DX4104"),
                ("recorder-name", "LOBBY-DVR"),
                ("video-standard", "NTSC"),
            ] {
                assert_eq!(pad.texts(tag), [expected], "{name}, {tag}");
            }
            let lists = pad.tags();
            let find = |tag: &str| {
                lists
                    .iter()
                    .find_map(|list| list.generic(tag).map(|value| value.to_value()))
            };
            assert_eq!(find("camera-number").unwrap().get::<u32>().unwrap(), number);
            assert_eq!(
                find("recorder-utc-offset").unwrap().get::<i32>().unwrap(),
                -300
            );
            let date = lists
                .iter()
                .find_map(|list| list.get::<gst::tags::DateTime>());
            assert_eq!(date.unwrap().get().to_string(), "2009-11-10T14:15:30Z");
        }
    }
}

/// P pictures first, as where an export begins in the middle of a group.
fn without_its_first_key() -> Vec<u8> {
    let mut exp = Exp::one(64, 48);
    for (n, coded) in tiny()[3..35].iter().enumerate() {
        exp.picture(at(n), coded);
    }
    exp.finish().bytes
}

fn orphans(drop: bool, feed: Feed) -> Outcome {
    run_with(&without_its_first_key(), feed, |demux| {
        demux.set_property("drop-orphans", drop);
    })
    .well()
}

#[test]
fn pictures_without_a_reference_are_dropped_unless_wanted() {
    for feed in FEEDS {
        let dropped = orphans(true, feed);
        let frames = dropped.pad("video_1").frames();
        assert_eq!((frames.len(), dropped.stat("orphans")), (27, 5));
        assert!(frames[0].key && frames[0].discont);
        assert_eq!(frames[0].vop(), tiny()[8].bytes);
        let kept = orphans(false, feed);
        let frames = kept.pad("video_1").frames();
        assert_eq!((frames.len(), kept.stat("orphans")), (32, 0));
        assert!(!frames[0].key);
        assert_eq!(frames[0].pts, Some(0));
    }
}

#[test]
fn one_camera_can_be_chosen() {
    let mut exp = Exp::of(&[(1, 64, 48, "a"), (2, 64, 48, "b"), (3, 64, 48, "c")]);
    for (n, coded) in tiny()[..16].iter().enumerate() {
        for camera in 1..=3 {
            exp.camera(camera, at(n) + i64::from(camera), Mode::Motion, coded);
        }
    }
    let bytes = exp.finish().bytes;
    for feed in FEEDS {
        let outcome = run_with(&bytes, feed, |demux| demux.set_property("camera", 2_u32));
        let outcome = outcome.well();
        assert_eq!(outcome.names(), ["video_2"]);
        assert_eq!(outcome.pad("video_2").frames().len(), 16);
        assert_eq!(run(&bytes, feed).well().pads.len(), 3);
    }
}
