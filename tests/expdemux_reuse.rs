// SPDX-License-Identifier: MPL-2.0
//! The element is used again and again, leaves nothing behind, and no critical goes unseen.

use testing::common;

use common::{
    collect::{Feed, Frame, run, watch},
    make::{Made, START, tiny_exp, tiny_timed},
    shell::Shell,
};
use gst::prelude::*;
use std::{io::Write, process::Command};

fn gap(n: usize) -> i64 {
    START + 100 * n as i64 + if n < 20 { 0 } else { 60_000 }
}

/// Pictures that the pads got in one life of the pipeline.
fn frames_of(watch: &common::collect::Watch) -> Vec<(String, Vec<Frame>)> {
    let logs = watch.logs();
    let frames = |log: &common::collect::PadLog| {
        (
            log.name.clone(),
            log.frames().into_iter().cloned().collect(),
        )
    };
    logs.iter().map(frames).collect()
}

fn three_lives(made: &Made, between: &str) {
    common::init();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&made.bytes).unwrap();
    let description = format!(
        "filesrc location={} {between} ! expdemux name=d",
        file.path().display()
    );
    let pipeline = gst::parse::launch(&description).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let demux = pipeline.by_name("d").unwrap();
    let watch = watch(&pipeline, &demux);
    let bus = pipeline.bus().unwrap();
    let expected = run(&made.bytes, Feed::Pull).well();
    let expected = expected.pad("video_1").frames().into_iter().cloned();
    let expected = expected.collect::<Vec<_>>();
    for life in 0..3 {
        watch.forget();
        pipeline.set_state(gst::State::Ready).unwrap();
        assert!(demux.src_pads().is_empty(), "life {life}: a pad is left");
        pipeline.set_state(gst::State::Paused).unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &kinds);
        let end = end.expect("an end");
        assert_eq!(end.type_(), gst::MessageType::Eos, "life {life}: {end:?}");
        assert_eq!(
            frames_of(&watch),
            [("video_1".to_owned(), expected.clone())],
            "life {life}"
        );
        let stats = demux.property::<gst::Structure>("stats");
        assert_eq!(
            stats.get::<u64>("records").unwrap(),
            made.records.len() as u64
        );
        // the sinks of this life go with its pads
        pipeline.set_state(gst::State::Ready).unwrap();
        for sink in watch.sinks() {
            sink.set_state(gst::State::Null).unwrap();
            pipeline.remove(&sink).unwrap();
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
}

#[test]
fn three_lives_are_the_same() {
    for made in [tiny_exp(48), tiny_timed(48, gap)] {
        for between in ["", "! queue", "! queue2"] {
            three_lives(&made, between);
        }
    }
}

#[test]
fn stopped_in_the_middle_it_begins_anew() {
    common::init();
    let made = tiny_exp(48);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&made.bytes).unwrap();
    for between in ["", "! queue"] {
        let description = format!(
            "filesrc location={} {between} ! expdemux name=d fakesink name=s sync=true",
            file.path().display()
        );
        let pipeline = gst::parse::launch(&description).unwrap();
        let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
        let (demux, sink) = (
            pipeline.by_name("d").unwrap(),
            pipeline.by_name("s").unwrap(),
        );
        demux.connect_pad_added(move |_, pad| {
            pad.link(&sink.static_pad("sink").unwrap()).unwrap();
        });
        for life in 0..3 {
            pipeline.set_state(gst::State::Paused).unwrap();
            let (done, state, _) = pipeline.state(gst::ClockTime::from_seconds(30));
            assert!(done.is_ok(), "life {life}");
            assert_eq!(state, gst::State::Paused);
            let sink = pipeline.by_name("s").unwrap();
            let sample = sink.property::<gst::Sample>("last-sample");
            assert_eq!(sample.buffer().unwrap().pts(), Some(gst::ClockTime::ZERO));
            pipeline.set_state(gst::State::Ready).unwrap();
        }
        pipeline.set_state(gst::State::Null).unwrap();
    }
}

#[test]
fn nothing_is_left_alive() {
    let shell = Shell::new();
    let made = tiny_timed(48, gap);
    shell.write("x.exp", &made.bytes);
    let mut damaged = made.bytes.clone();
    damaged[made.records[10].clone()].fill(0xaa);
    shell.write("damaged.exp", &damaged);
    shell.write("cut.exp", &made.bytes[..made.records[30].start + 40]);
    let tracer = [
        ("GST_TRACERS", "leaks(check-refs=true)"),
        ("GST_DEBUG", "GST_TRACER:7"),
        ("GST_DEBUG_NO_COLOR", "1"),
    ];
    for name in ["x.exp", "damaged.exp", "cut.exp"] {
        for source in [
            format!("gst-launch-1.0 filesrc location={name} ! expdemux"),
            format!("cat {name} | gst-launch-1.0 fdsrc ! expdemux"),
        ] {
            for rest in ["fakesink", "avdec_mpeg4 ! fakesink", "mp4mux ! fakesink"] {
                let line = format!("{source} ! {rest}");
                let said = shell.run(&line, &tracer).well();
                assert!(
                    said.err.contains("GST_TRACER"),
                    "the tracer is silent: {said:?}"
                );
                let found = ["object-alive,", "object-refings,"];
                let alive = said.err.lines().filter(|line| {
                    let format = line.contains("new format string");
                    !format && found.iter().any(|found| line.contains(found))
                });
                assert_eq!(alive.collect::<Vec<_>>(), Vec::<&str>::new(), "{line}");
            }
        }
    }
}

#[test]
#[ignore = "run by the next test, in a process of its own"]
fn raises_a_critical() {
    common::init();
    gst::glib::g_critical!("test", "a critical on purpose");
}

#[test]
fn a_critical_ends_a_test_program() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "expdemux_reuse::raises_a_critical"])
        .output()
        .unwrap();
    assert!(!output.status.success(), "{output:?}");
}
