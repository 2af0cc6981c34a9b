// SPDX-License-Identifier: MPL-2.0
//! What comes out of `expdemux` decodes to the pixels of the stream that went in, however the bytes arrived.

use testing::common;

use common::{
    collect::{Feed, frame, run},
    make::{Coded, Exp, Made, START, ffmpeg_pictures, h264, mpeg4, pictures, tiny_exp},
    plv1::{Avi, Wave},
};
use formats::reader::{Codec, Mode};
use gst::prelude::*;
use std::{
    io::Write,
    sync::mpsc,
    time::{Duration, Instant},
};

/// Decodes what `expdemux` outputs; answers the planes of all pictures one after the other.
fn decoded(bytes: &[u8], decoder: &str) -> Vec<u8> {
    common::init();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let pipeline = gst::parse::launch(&format!(
        "filesrc location={} ! expdemux ! {decoder} ! video/x-raw,format=I420 ! fakesink name=s sync=false signal-handoffs=true",
        file.path().display()
    ));
    let pipeline = pipeline.unwrap().downcast::<gst::Pipeline>().unwrap();
    let (send, receive) = mpsc::channel();
    let sink = pipeline.by_name("s").unwrap();
    sink.connect("handoff", false, move |values| {
        let buffer = values[1].get::<gst::Buffer>().unwrap();
        send.send(frame(&buffer).data).unwrap();
        None
    });
    let ending = common::play(&pipeline);
    assert_eq!(ending.error, None);
    assert!(ending.warnings.is_empty(), "{:?}", ending.warnings);
    receive.try_iter().flatten().collect()
}

/// The stream decoded by ffmpeg, without any detour, has the same pixels.
fn same_pixels(size: (u16, u16), stream: &[u8], coded: &[Coded], file: &[u8]) {
    let mut plain = tempfile::NamedTempFile::new().unwrap();
    plain.write_all(stream).unwrap();
    let expected = ffmpeg_pictures(plain.path(), &["-f", "m4v"]);
    let picture = usize::from(size.0) * usize::from(size.1) * 3 / 2;
    assert_eq!(expected.len(), picture * coded.len(), "pictures of ffmpeg");
    let got = decoded(file, "avdec_mpeg4");
    assert_eq!(got.len(), expected.len(), "pictures");
    for (n, (got, expected)) in got
        .chunks(picture)
        .zip(expected.chunks(picture))
        .enumerate()
    {
        assert!(got == expected, "{size:?}: picture {n} has other pixels");
    }
}

fn recorded(size: (u16, u16), coded: &[Coded]) -> Made {
    let mut exp = Exp::one(size.0, size.1);
    for (n, coded) in coded.iter().enumerate() {
        exp.picture(START + 133 * n as i64, coded);
    }
    exp.finish()
}

#[test]
fn every_pixel_is_there_in_several_sizes_and_units_of_time() {
    // the units of the encoder's time make the increment in the VOPs 1 to 16 bits wide; the recorder's files do not say how wide
    for (size, rate, more) in [
        ((352, 240), "5", &[][..]),
        ((704, 480), "30000/1001", &[]),
        ((176, 144), "2", &["-mbd", "rd", "-flags", "+mv4"]),
        ((704, 240), "30", &["-q:v", "2"]),
        ((640, 480), "60000/1001", &["-q:v", "25"]),
        (
            (320, 240),
            "15/2",
            &["-qmin", "2", "-qmax", "31", "-b:v", "90k"],
        ),
        ((352, 288), "1000", &[]),
        ((720, 576), "25", &["-g", "1"]),
    ] {
        let text = format!("{}x{}", size.0, size.1);
        let stream = mpeg4(&text, rate, 20, more);
        let coded = pictures(&stream);
        println!("{text} at {rate}");
        same_pixels(size, &stream, &coded, &recorded(size, &coded).bytes);
    }
}

#[test]
fn every_pixel_of_a_plv1_file_is_there() {
    let stream = mpeg4("352x240", "15/2", 24, &[]);
    let coded = pictures(&stream);
    for prefix in [88, 96, 0] {
        let mut avi = Avi::new(352, 240);
        for (n, coded) in coded.iter().enumerate() {
            match prefix {
                0 => avi.plain(coded),
                _ => avi.picture((START / 1000) as u32 + n as u32 * 2 / 15, coded, prefix),
            }
            avi.padding(3);
        }
        same_pixels((352, 240), &stream, &coded, &avi.finish());
    }
}

#[test]
fn the_parser_in_between_changes_nothing() {
    let stream = mpeg4("352x240", "15/2", 16, &[]);
    let coded = pictures(&stream);
    let file = recorded((352, 240), &coded);
    let (with, without) = (
        decoded(&file.bytes, "mpeg4videoparse ! avdec_mpeg4"),
        decoded(&file.bytes, "avdec_mpeg4"),
    );
    assert_eq!(without.len(), 352 * 240 * 3 / 2 * 16);
    assert!(with == without);
}

#[test]
fn every_pixel_of_h264_is_there() {
    let units = h264("352x288", 24);
    assert_eq!(units.len(), 24);
    let file = recorded((352, 288), &units);
    let mut plain = tempfile::NamedTempFile::new().unwrap();
    for unit in &units {
        plain.write_all(&unit.bytes).unwrap();
    }
    let expected = ffmpeg_pictures(plain.path(), &["-f", "h264"]);
    let got = decoded(&file.bytes, "h264parse ! avdec_h264");
    assert_eq!(got.len(), 24 * 352 * 288 * 3 / 2);
    assert!(got == expected, "other pixels");
}

/// All that the pads sent, in words.
fn stories(bytes: &[u8], feed: Feed) -> Vec<(String, Vec<String>)> {
    let outcome = run(bytes, feed).well();
    let pads = outcome.pads.iter();
    pads.map(|pad| (pad.name.clone(), pad.story())).collect()
}

/// Pushed as [`stories`]. What comes slowly is not held back until enough of it is there to settle what it is, so on a machine that
/// is busy elsewhere bytes in small pieces are tried again.
fn pushed_stories(
    bytes: &[u8],
    size: usize,
    pulled: &[(String, Vec<String>)],
) -> Vec<(String, Vec<String>)> {
    for _ in 0..10 {
        let before = Instant::now();
        let pushed = stories(bytes, Feed::Push(size));
        if pushed == pulled || before.elapsed() < Duration::from_millis(450) {
            return pushed;
        }
        println!("pieces of {size} took {:?}", before.elapsed());
    }
    stories(bytes, Feed::Push(size))
}

fn same_in_every_way(what: &str, bytes: &[u8], pads: usize) {
    let pulled = stories(bytes, Feed::Pull);
    assert_eq!(pulled.len(), pads, "{what}");
    for size in [1, 7, 4096, bytes.len()] {
        let pushed = pushed_stories(bytes, size, &pulled);
        assert_eq!(pushed.len(), pads, "{what}, pieces of {size}");
        for (pulled, pushed) in pulled.iter().zip(&pushed) {
            let about = format!("{what}, {}, pieces of {size}", pulled.0);
            assert_eq!(pulled.0, pushed.0, "{about}");
            for (n, (pulled, pushed)) in pulled.1.iter().zip(&pushed.1).enumerate() {
                let short = |text: &String| text.chars().take(2000).collect::<String>();
                assert!(
                    pulled == pushed,
                    "{about}, event {n}:\npulled {}\npushed {}",
                    short(pulled),
                    short(pushed)
                );
            }
            assert_eq!(pulled.1.len(), pushed.1.len(), "{about}");
        }
    }
}

/// A file with all that can make a difference: two cameras, audio, a gap, a change of mode, damage, junk.
fn varied() -> Vec<u8> {
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (3, 64, 48, "Yard")]);
    for (n, coded) in common::make::tiny().iter().enumerate() {
        let ms = START + 100 * n as i64 + if n < 20 { 0 } else { 60_000 };
        let mode = if n < 30 { Mode::Motion } else { Mode::Alarm };
        exp.camera(1, ms, mode, coded);
        let audio = (0..800).map(|at| (at * (n + 3)) as u8).collect::<Vec<_>>();
        exp.audio(1, ms, Codec::MuLaw, 8000, &audio);
        if n >= 10 {
            exp.camera(3, ms + 7, mode, coded);
        }
    }
    let made = exp.finish();
    let mut bytes = made.bytes.clone();
    // a picture is lost, and one has a wrong checksum
    bytes[made.records[40].clone()].fill(0xaa);
    bytes[made.records[60].end - 12] ^= 1;
    bytes
}

#[test]
fn pulled_and_pushed_are_the_same() {
    same_in_every_way("one camera", &tiny_exp(48).bytes, 1);
    same_in_every_way("varied", &varied(), 3);
    let made = tiny_exp(30);
    same_in_every_way("no header", &made.records_only(), 1);
    same_in_every_way("cut", &made.bytes[..made.records[25].end - 5], 1);
    let mut seconds = Exp::one(64, 48);
    for (n, coded) in common::make::tiny().iter().enumerate() {
        seconds.picture(START + n as i64 / 10 * 1000, coded);
    }
    same_in_every_way("whole seconds", &seconds.finish().bytes, 1);
}

#[test]
fn pulled_and_pushed_are_the_same_for_plv1() {
    let mut avi = Avi::new(64, 48).wave(Wave {
        tag: 7,
        rate: 8000,
        bits: 8,
        align: 1,
    });
    for (n, coded) in common::make::tiny().iter().enumerate() {
        avi.picture(
            (START / 1000) as u32 + n as u32 * 2 / 15,
            coded,
            88 + n / 8 % 2 * 8,
        );
        avi.padding(3);
        let audio = (0..1068).map(|at| (at * (n + 3)) as u8).collect::<Vec<_>>();
        avi.audio(&audio);
    }
    same_in_every_way("framed", &avi.finish(), 2);
    let mut avi = Avi::new(64, 48);
    for coded in common::make::tiny() {
        avi.plain(coded);
        avi.padding(3);
    }
    same_in_every_way("plain", &avi.finish(), 1);
}
