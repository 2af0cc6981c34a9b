// SPDX-License-Identifier: MPL-2.0
//! Live streams: captures and made streams served over HTTP on 127.0.0.1, read with `souphttpsrc ! netvudemux`.

use testing::common;
use testing::netvu_make;
use testing::netvu_make::run;
use testing::netvu_make::server;

use common::{init, samples};
use formats::netvu::Kind;
use gst::prelude::*;
use netvu_make::{Made, TRAILER, packet, part, vop};
use run::{differences, run, run_until, wanted};
use server::{Serve, Unit};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const BINARY: &str = "video/adhbinary";
const MIME: &str =
    "multipart/x-mixed-replace; boundary=0plm(NetVu-Connected:Server-Push:Boundary-String)1qaz";

/// The connection ends with the answer, as units end it.
fn source(unit: &Unit) -> String {
    format!("souphttpsrc keep-alive=false location=\"{}\"", unit.url())
}

/// Pictures that a unit sends, the clock 40 ms a picture.
fn stream(count: u64) -> Vec<Vec<u8>> {
    let mut packets = vec![packet(
        9,
        0,
        b"\0(JPEG)TARGSIZE 0:(MPEG)BITRATE 92160;IMAGESIZE 0,0:352,256;",
    )];
    packets.extend((0..count).map(|number| {
        Made {
            payload: vop(number == 0, 300, number),
            unix_ms: 1_700_000_000_000 + 40 * number,
            ..Made::default()
        }
        .packet()
    }));
    packets
}

#[test]
fn every_sample_over_http() {
    let Some(folder) = samples("netvu") else {
        return;
    };
    init();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let (kind, content) = match path.extension().and_then(|end| end.to_str()) {
            Some("adbin") => (Kind::Binary, BINARY),
            Some("mime") => (Kind::Mime, MIME),
            _ => continue,
        };
        let data = std::fs::read(&path).unwrap();
        let unit = Unit::start(Serve::new(content, data.clone()));
        let wrong = differences(&run(&source(&unit)), &wanted(kind, &data));
        assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
    }
}

#[test]
fn slow_drips() {
    init();
    let data = stream(20).concat();
    let unit = Unit::start(Serve {
        drip: 97,
        pause: Duration::from_millis(2),
        ..Serve::new(BINARY, data.clone())
    });
    let wrong = differences(&run(&source(&unit)), &wanted(Kind::Binary, &data));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_connection_that_breaks_in_the_middle_of_a_packet_is_no_error() {
    init();
    let data = stream(20).concat();
    let unit = Unit::start(Serve::new(BINARY, data[..data.len() - 100].to_vec()));
    let run = run(&source(&unit));
    assert_eq!(run.error, None);
    assert!(run.warnings.is_empty(), "{:?}", run.warnings);
    assert_eq!(run.pads["video_1"].buffers.len(), 19);
}

/// A unit that sends a picture once the one before came out, and never closes.
fn live(kind: &'static str, packets: Vec<Vec<u8>>, count: usize) {
    init();
    let size = packets.iter().map(Vec::len).max().unwrap();
    assert!(packets.iter().all(|packet| packet.len() == size));
    let allowed = Arc::new(AtomicUsize::new(1));
    let unit = Unit::start(Serve {
        drip: size,
        allowed: Some(allowed.clone()),
        stay_open: true,
        ..Serve::new(kind, packets.concat())
    });
    let front = format!("{} is-live=true blocksize=100", source(&unit));
    let run = run_until(&front, "", |run| {
        let came = run.pads.get("video_1").map_or(0, |pad| pad.buffers.len());
        allowed.store(came + 1, Ordering::Relaxed);
        came == count
    });
    assert_eq!(run.error, None);
    assert_eq!(
        run.pads["video_1"].buffers.len(),
        count,
        "each picture comes before the next is sent, and the last one although the connection stays open"
    );
}

#[test]
fn live_pictures_come_at_once_and_the_last_one_too() {
    let packets: Vec<Vec<u8>> = stream(8).split_off(1);
    live(BINARY, packets, 8);
}

#[test]
fn live_mime_pictures_come_with_their_text() {
    let parts = (0..8u64)
        .map(|number| {
            let text = TRAILER.replace("MSec: 921", &format!("MSec: {:03}", number * 100));
            let text = text.replace("Number: 3", "Number: 1");
            [
                part("image/admp4", &vop(number == 0, 300, number)),
                part("text/plain", text.as_bytes()),
            ]
            .concat()
        })
        .collect();
    live(MIME, parts, 8);
}

#[test]
fn latency_is_answered_and_pictures_are_in_time() {
    init();
    let unit = Unit::start(Serve {
        drip: 700,
        pause: Duration::from_millis(40),
        stay_open: true,
        ..Serve::new(BINARY, stream(50).concat())
    });
    let text = format!(
        "{} is-live=true ! netvudemux name=d d. ! fakesink name=s sync=true",
        source(&unit)
    );
    let pipeline = gst::parse::launch(&text)
        .unwrap()
        .downcast::<gst::Pipeline>()
        .unwrap();
    let sink = pipeline.by_name("s").unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let weak = pipeline.downgrade();
    let pad = sink.static_pad("sink").unwrap();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let (Some(gst::PadProbeData::Buffer(buffer)), Some(pipeline)) =
            (&info.data, weak.upgrade())
        else {
            return gst::PadProbeReturn::Ok;
        };
        let segment = pad.sticky_event::<gst::event::Segment>(0).unwrap();
        let segment = segment
            .segment()
            .downcast_ref::<gst::ClockTime>()
            .unwrap()
            .clone();
        let running = segment.to_running_time(buffer.pts()).unwrap();
        let _ = sender.send((running, pipeline.current_running_time().unwrap()));
        gst::PadProbeReturn::Ok
    });
    pipeline.set_state(gst::State::Playing).unwrap();
    let seen: Vec<_> = (0..10)
        .map(|_| {
            receiver
                .recv_timeout(Duration::from_secs(20))
                .expect("a picture")
        })
        .collect();
    let mut query = gst::query::Latency::new();
    assert!(pad.peer_query(&mut query));
    assert!(query.result().0, "live");
    pipeline.set_state(gst::State::Null).unwrap();
    for (number, (running, now)) in seen.iter().enumerate() {
        let apart = running.nseconds().abs_diff(now.nseconds());
        assert!(apart < 200_000_000, "picture {number}: {running} at {now}");
    }
}
