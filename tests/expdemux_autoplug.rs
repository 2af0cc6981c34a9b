// SPDX-License-Identifier: MPL-2.0
//! Players find the demuxer by themselves, and the commands of the README run as they are written.

use testing::common;

use common::{
    make::{Exp, START, ffmpeg_pictures, mpeg4, output, pictures, tiny, tiny_exp},
    plv1::{Avi, Wave},
    shell::Shell,
};
use formats::reader::{Codec, Mode};
use gst::{TypeFindProbability as Sure, prelude::*};
use std::{io::Write, path::Path, sync::mpsc};

const EXP: &str = "video/x-pelco-exp";
const PLV1: &str = "video/x-pelco-plv1";

/// What our two typefinders say of a file.
fn ours(bytes: &[u8]) -> Vec<(String, Sure)> {
    common::init();
    let mut said = Vec::new();
    for factory in gst::TypeFindFactory::factories() {
        if !factory.name().starts_with("pelco-") {
            continue;
        }
        let mut find = gst::SliceTypeFind::new(bytes);
        factory.call_function(&mut find);
        if let (Some(caps), Some(sure)) = (find.caps, find.probability) {
            said.push((caps.structure(0).unwrap().name().to_string(), sure));
        }
    }
    said
}

/// What all typefinders together say.
fn all(bytes: &[u8]) -> Option<String> {
    common::init();
    let (_, caps) = gst::SliceTypeFind::type_find(bytes);
    Some(caps?.structure(0)?.name().to_string())
}

fn plv1_file(audio: bool) -> Vec<u8> {
    let mut avi = Avi::new(64, 48);
    if audio {
        avi = avi.wave(Wave {
            tag: 7,
            rate: 8000,
            bits: 8,
            align: 1,
        });
    }
    for (n, coded) in tiny().iter().enumerate() {
        avi.picture((START / 1000) as u32 + n as u32 * 2 / 15, coded, 88);
        avi.padding(3);
        if audio {
            let audio = (0..1068).map(|at| (at * (n + 3)) as u8);
            avi.audio(&audio.collect::<Vec<_>>());
        }
    }
    avi.finish()
}

fn ordinary_avi(codec: &[&str]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.avi");
    let mut args = vec![
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=64x48:rate=10",
    ];
    args.extend(["-frames:v", "20"]);
    args.extend(codec);
    args.push(path.to_str().unwrap());
    output("ffmpeg", &args);
    std::fs::read(path).unwrap()
}

#[test]
fn files_are_recognised_by_their_records() {
    let made = tiny_exp(40);
    let records = made.records_only();
    let is = |caps: &str, sure| vec![(caps.to_owned(), sure)];
    assert_eq!(ours(&made.bytes), is(EXP, Sure::Maximum));
    assert_eq!(ours(&made.bytes[..300]), is(EXP, Sure::Maximum));
    assert_eq!(ours(&records)[0].0, EXP);
    // more records make it surer
    let upto = |n: usize| &records[..made.records[n - 1].end - made.records[0].start];
    let sure = |n: usize| ours(upto(n)).first().map(|(_, sure)| *sure);
    println!("{:?}", (1..10).map(sure).collect::<Vec<_>>());
    assert!(sure(3) <= sure(4) && sure(4) <= sure(30));
    assert!(sure(30) >= Some(Sure::NearlyCertain));
    let behind = [&b"UNKNOWN HEADER".repeat(20)[..], &records].concat();
    assert_eq!(ours(&behind)[0].0, EXP);
    assert_eq!(ours(&plv1_file(false)), is(PLV1, Sure::Maximum));
    let mut plain = Avi::new(64, 48);
    for coded in tiny() {
        plain.plain(coded);
    }
    assert_eq!(ours(&plain.finish()), is(PLV1, Sure::Maximum));
}

#[test]
fn the_generic_avi_typefinder_does_not_get_plv1() {
    for audio in [false, true] {
        assert_eq!(all(&plv1_file(audio)).as_deref(), Some(PLV1));
    }
    assert_eq!(all(&tiny_exp(20).bytes).as_deref(), Some(EXP));
    assert_eq!(all(&tiny_exp(20).records_only()).as_deref(), Some(EXP));
}

#[test]
fn ordinary_files_are_never_claimed() {
    for codec in [
        &["-c:v", "mpeg4", "-bf", "0"][..],
        &["-c:v", "mpeg4", "-vtag", "XVID"],
        &["-c:v", "mpeg4", "-vtag", "DIVX"],
        &["-c:v", "mjpeg"],
        &["-c:v", "rawvideo"],
        &["-c:v", "libx264"],
    ] {
        let bytes = ordinary_avi(codec);
        assert_eq!(ours(&bytes), [], "{codec:?}");
        assert_eq!(all(&bytes).as_deref(), Some("video/x-msvideo"), "{codec:?}");
    }
    let mut xvid = Avi::new(64, 48).fourcc(b"XVID");
    for coded in tiny() {
        xvid.plain(coded);
    }
    assert_eq!(ours(&xvid.finish()), []);
    for (format, codec) in [
        ("matroska", "mpeg4"),
        ("mpegts", "mpeg4"),
        ("mov", "mpeg4"),
        ("m4v", "mpeg4"),
        ("h264", "libx264"),
        ("mpeg", "mpeg2video"),
        ("flv", "flv"),
        ("image2pipe", "png"),
        ("mjpeg", "mjpeg"),
        ("rawvideo", "rawvideo"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let mut args = vec![
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=64x48:rate=10",
        ];
        args.extend([
            "-frames:v",
            "20",
            "-c:v",
            codec,
            "-f",
            format,
            path.to_str().unwrap(),
        ]);
        output("ffmpeg", &args);
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(ours(&bytes), [], "{format}");
    }
    for path in ["/bin/true", "/etc/passwd", "/bin/bash"] {
        assert_eq!(ours(&std::fs::read(path).unwrap()), [], "{path}");
    }
    assert_eq!(ours(b""), []);
    assert_eq!(ours(&[0; 70_000]), []);
    // the export object of a Windows linker has the same suffix
    let mut linker = vec![0x4c, 1, 1, 0, 0, 0x7a, 0xf9, 0x4a];
    linker.extend(b".edata\0\0".repeat(100));
    assert_eq!(ours(&linker), []);
}

/// Plays a pipeline to its end; how many pictures the sink got.
fn count(pipeline: &gst::Pipeline, sink: &gst::Element, about: &str) -> usize {
    let (send, receive) = mpsc::channel();
    sink.connect("handoff", false, move |_| {
        send.send(()).unwrap();
        None
    });
    let ending = common::play(pipeline);
    assert_eq!(ending.error, None, "{about}");
    // records without a header do not say how large the pictures are
    let expected = usize::from(about.starts_with("records:"));
    assert_eq!(
        ending.warnings.len(),
        expected,
        "{about}: {:?}",
        ending.warnings
    );
    receive.try_iter().count()
}

fn sink() -> gst::Element {
    gst::ElementFactory::make("fakesink")
        .property("sync", false)
        .property("signal-handoffs", true)
        .build()
        .unwrap()
}

/// Files of all families, under suffixes that say nothing.
fn families() -> Vec<(&'static str, tempfile::NamedTempFile)> {
    let made = tiny_exp(48);
    let files = [
        ("native", made.bytes.clone()),
        ("records", made.records_only()),
        ("plv1", plv1_file(false)),
        ("plv1 with audio", plv1_file(true)),
    ];
    let stored = files.map(|(name, bytes)| {
        let mut file = tempfile::Builder::new().suffix(".dat").tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        (name, file)
    });
    stored.into()
}

#[test]
fn decodebin_plugs_it() {
    common::init();
    for (name, file) in families() {
        let path = file.path().display();
        for bin in [
            "decodebin",
            "queue ! decodebin",
            "decodebin3",
            "parsebin ! avdec_mpeg4",
        ] {
            let about = format!("{name}: {bin}");
            let description = format!(
                "filesrc location={path} ! {bin} ! video/x-raw ! fakesink name=s sync=false signal-handoffs=true"
            );
            let pipeline = gst::parse::launch(&description).unwrap();
            let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
            let sink = pipeline.by_name("s").unwrap();
            assert_eq!(count(&pipeline, &sink, &about), 48, "{about}");
        }
    }
}

#[test]
fn playbin3_shows_every_picture() {
    common::init();
    for (name, file) in families() {
        for playbin in ["playbin3", "playbin"] {
            let about = format!("{name}: {playbin}");
            let (video, audio) = (sink(), sink());
            let pipeline = gst::ElementFactory::make(playbin)
                .property("uri", format!("file://{}", file.path().display()))
                .property("video-sink", &video)
                .property("audio-sink", &audio)
                .build()
                .unwrap();
            let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
            assert_eq!(count(&pipeline, &video, &about), 48, "{about}");
        }
    }
}

#[test]
fn playbin3_knows_the_cameras_and_the_audio() {
    let mut exp = Exp::of(&[(1, 64, 48, "Gate"), (2, 64, 48, "Yard")]);
    for (n, coded) in tiny().iter().enumerate() {
        let ms = START + 100 * n as i64;
        exp.camera(1, ms, Mode::Motion, coded);
        exp.camera(2, ms, Mode::Motion, coded);
        let audio = (0..800).map(|at| (at * (n + 3)) as u8).collect::<Vec<_>>();
        exp.audio(1, ms, Codec::MuLaw, 8000, &audio);
    }
    let shell = Shell::new();
    let path = shell.write("x.exp", &exp.finish().bytes);
    common::init();
    let playbin = gst::ElementFactory::make("playbin3")
        .property("uri", format!("file://{}", path.display()))
        .build()
        .unwrap();
    let sink = |name| {
        gst::ElementFactory::make("fakesink")
            .name(name)
            .build()
            .unwrap()
    };
    playbin.set_property("video-sink", sink("v"));
    playbin.set_property("audio-sink", sink("a"));
    playbin.set_state(gst::State::Paused).unwrap();
    let bus = playbin.bus().unwrap();
    let mut types = Vec::new();
    loop {
        let message = bus
            .timed_pop(gst::ClockTime::from_seconds(60))
            .expect("a message");
        match message.view() {
            gst::MessageView::StreamCollection(message) => {
                let streams = message.stream_collection();
                types = streams.iter().map(|stream| stream.stream_type()).collect();
            }
            gst::MessageView::Error(error) => panic!("{error:?}"),
            gst::MessageView::AsyncDone(_) => break,
            _ => {}
        }
    }
    playbin.set_state(gst::State::Null).unwrap();
    let of = |kind| types.iter().filter(|found| **found == kind).count();
    assert_eq!(
        (of(gst::StreamType::VIDEO), of(gst::StreamType::AUDIO)),
        (2, 1)
    );
}

#[test]
fn the_discoverer_says_what_is_in_it() {
    let shell = Shell::new();
    shell.write("x.exp", &tiny_exp(48).bytes);
    shell.write("x.avi", &plv1_file(true));
    let said = shell.run("gst-discoverer-1.0 -v $PWD/x.exp", &[]).well();
    for part in [
        "video/x-pelco-exp",
        "video/mpeg, mpegversion=(int)4",
        "Duration: 0:00:04.800000000",
        "Seekable: yes",
        "Width: 64",
        "Height: 48",
        "Frame rate: 10/1",
        "title: Front door",
        "Pelco DX export (EXP)",
        "datetime: 2009-11-10T14:15:30Z",
        "device model: DX4104",
    ] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
    let said = shell.run("gst-discoverer-1.0 $PWD/x.avi", &[]).well();
    for part in ["MPEG-4 Video", "Mu-Law"] {
        assert!(said.out.contains(part), "no {part} in {}", said.out);
    }
}

#[test]
fn gst_play_plays_it() {
    let shell = Shell::new();
    shell.write("x.exp", &tiny_exp(20).bytes);
    shell.write("x.avi", &plv1_file(true));
    let options = "--videosink=fakesink --audiosink=fakesink --no-interactive";
    for name in ["x.exp", "x.avi"] {
        let said = shell
            .run(&format!("gst-play-1.0 {name} {options}"), &[])
            .well();
        assert!(
            said.out.contains("Reached end of play list"),
            "{}",
            said.out
        );
        assert!(
            !said.out.contains("ERROR") && !said.err.contains("ERROR"),
            "{said:?}"
        );
        assert!(!said.err.contains("WARNING"), "{said:?}");
    }
}

fn picture_file(shell: &Shell) -> Vec<u8> {
    let stream = mpeg4("352x240", "15/2", 16, &[]);
    let plain = shell.write("x.m4v", &stream);
    let mut exp = Exp::one(352, 240);
    for (n, coded) in pictures(&stream).iter().enumerate() {
        exp.picture(START + 133 * n as i64, coded);
    }
    shell.write("x.exp", &exp.finish().bytes);
    ffmpeg_pictures(Path::new(&plain), &["-f", "m4v"])
}

#[test]
fn the_commands_run_as_they_are_written() {
    let shell = Shell::new();
    let expected = picture_file(&shell);
    // there is no display: autovideosink is to take a sink that shows nothing
    let said = shell.run(
        "gst-launch-1.0 filesrc location=x.exp ! expdemux ! avdec_mpeg4 ! autovideosink",
        &[("GST_PLUGIN_FEATURE_RANK", "fakevideosink:1000")],
    );
    assert!(said.well && said.out.contains("Got EOS"), "{said:?}");
    for (number, source) in [
        "gst-launch-1.0 -q filesrc location=x.exp !",
        "cat x.exp | gst-launch-1.0 -q fdsrc !",
        "(head -c 5000 x.exp; sleep 0.5; tail -c +5001 x.exp) | gst-launch-1.0 -q fdsrc blocksize=777 !",
    ]
    .iter()
    .enumerate()
    {
        let line = format!("{source} expdemux ! avdec_mpeg4 ! filesink location={number}.yuv");
        let said = shell.run(&line, &[]).well();
        assert_eq!(said.err, "", "{line}");
        assert!(shell.read(&format!("{number}.yuv")) == expected, "{line}: other pixels");
    }
}
