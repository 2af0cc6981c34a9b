// SPDX-License-Identifier: MPL-2.0
//! Cameras and alarm texts that pause or begin long after the first frame.

use crate::families::Family;
use testing::{
    common::{
        collect::{Feed, run_element},
        make::{Exp, START, tiny},
        shell::Shell,
    },
    netvu_make::Made,
};

use formats::reader::Mode;
use std::fmt::Write;

/// A camera that pauses for 20 s, and one that begins after 10 s, in one MP4 file, with the queues that the README has for it.
#[test]
fn a_pause_does_not_hold_up_a_muxer() {
    let shell = Shell::new();
    for interval in [100, 500] {
        let mut exp = Exp::of(&[
            (1, 64, 48, "Gate"),
            (2, 64, 48, "Yard"),
            (3, 64, 48, "Door"),
        ]);
        let mut counts = [0; 3];
        for (n, ms) in (0..60_000).step_by(interval).enumerate() {
            for (camera, silent) in [(1, 0..0), (2, 20_000..40_000), (3, 0..10_000)] {
                if !silent.contains(&ms) {
                    // only keyframes, so that none is an orphan after the pause
                    let coded = &tiny()[8 * (n % 6)];
                    exp.camera(camera, START + ms, Mode::Motion, coded);
                    counts[usize::from(camera) - 1] += 1;
                }
            }
        }
        shell.write("x.exp", &exp.finish().bytes);
        let mut line = String::from(
            "gst-launch-1.0 filesrc location=x.exp ! expdemux name=d mp4mux name=m ! filesink location=all.mp4",
        );
        for camera in 1..=3 {
            let queue = "queue max-size-time=0 max-size-buffers=0 max-size-bytes=0";
            let _ = write!(line, " d.video_{camera} ! {queue} ! m.video_{}", camera - 1);
        }
        shell.run(&line, &[]).well();
        let probe = "ffprobe -v error -count_packets -show_entries stream=nb_read_packets -of csv=p=0 all.mp4";
        let said = shell.run(probe, &[]).well().out;
        let found: Vec<usize> = said.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(found, counts, "every {interval} ms");
    }
}

/// Decoders wait for their clock behind queues as they are: neither a pause nor a late beginning keeps a player from its end.
#[test]
fn a_pause_does_not_hold_up_a_player_behind_ordinary_queues() {
    let shell = Shell::new();
    let mut net = Vec::new();
    for (n, ms) in (0..12_000).step_by(100).enumerate() {
        for (camera, silent) in [(1, 0..0), (2, 3000..9000), (3, 0..5000)] {
            if silent.contains(&ms) {
                continue;
            }
            let made = Made {
                camera,
                format: 3,
                unix_ms: (START + ms) as u64,
                payload: tiny()[8 * (n % 6)].bytes.clone(),
                size: (64, 48),
                alarm: if ms > 8000 { "DOOR" } else { "" },
                ..Made::default()
            };
            net.extend(made.packet());
        }
    }
    shell.write("x.adbin", &net);
    let mut line = String::from("gst-launch-1.0 filesrc location=x.adbin ! netvudemux name=d");
    for camera in 1..=3 {
        let _ = write!(
            line,
            " d.video_{camera} ! queue ! avdec_mpeg4 ! fakesink sync=true"
        );
    }
    line.push_str(" d.text_1 ! queue ! decodebin ! fakesink sync=true");
    shell.run(&line, &[]).well();
}

/// A camera that nothing announced is shown from its first frame on, once a second one has come.
#[test]
fn nothing_of_an_unannounced_camera_is_lost() {
    for feed in [Feed::Pull, Feed::Push(4096)] {
        let mut bytes = Vec::new();
        for n in 0..200 {
            let coded = &tiny()[n % 8];
            let made = |camera| Made {
                camera,
                format: if coded.key { 3 } else { 2 },
                unix_ms: (START + 100 * n as i64) as u64,
                payload: coded.bytes.clone(),
                size: (64, 48),
                ..Made::default()
            };
            bytes.extend(made(1).packet());
            // two frames of camera 2, 3 s apart, and one of camera 3
            if n == 120 || n == 144 {
                bytes.extend(made(2).packet());
            }
            if n == 160 {
                bytes.extend(made(3).packet());
            }
        }
        let outcome = run_element(&Family::NetVu.element(), &bytes, feed).well();
        assert_eq!(outcome.pad("video_1").frames().len(), 200, "{feed:?}");
        assert_eq!(outcome.pad("video_2").frames().len(), 2, "{feed:?}");
        assert_eq!(outcome.names(), ["video_1", "video_2"], "{feed:?}");
        let told = outcome
            .warnings
            .iter()
            .any(|text| text.contains("one frame"));
        assert!(told, "{feed:?}: {:?}", outcome.warnings);
    }
}
