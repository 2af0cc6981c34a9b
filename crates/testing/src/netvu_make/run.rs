// SPDX-License-Identifier: MPL-2.0
//! Runs `netvudemux` in a pipeline and keeps all that comes out of it; and what must come out, from the readers alone.

use super::read_all;
use formats::netvu::Kind;
use formats::reader::{Media, Step};
use gst::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A buffer that came out of a pad.
pub struct Got {
    pub data: Vec<u8>,
    pub pts: Option<u64>,
    pub duration: Option<u64>,
    /// Reference timestamp, nanoseconds.
    pub unix: Option<u64>,
    pub key: bool,
    pub discont: bool,
    pub facts: Option<gst::Structure>,
}

/// What one pad gave.
#[derive(Default)]
pub struct Pad {
    pub buffers: Vec<Got>,
    pub caps: Vec<gst::Caps>,
    pub tags: Vec<gst::TagList>,
    pub gaps: usize,
}

impl Pad {
    /// The last value of a tag.
    pub fn tag(&self, name: &str) -> Option<gst::glib::SendValue> {
        self.tags.iter().rev().find_map(|list| list.generic(name))
    }
}

/// What a run gave.
#[derive(Default)]
pub struct Run {
    pub pads: BTreeMap<String, Pad>,
    pub error: Option<String>,
    pub warnings: Vec<String>,
    pub no_more_pads: bool,
    pub stats: Option<gst::Structure>,
}

fn kept(buffer: &gst::BufferRef) -> Got {
    let unix = buffer
        .iter_meta::<gst::ReferenceTimestampMeta>()
        .find(|meta| {
            meta.reference()
                .structure(0)
                .is_some_and(|s| s.name() == "timestamp/x-unix")
        })
        .map(|meta| meta.timestamp().nseconds());
    let facts = gst::meta::CustomMeta::from_buffer(buffer, "GstNetVuFactsMeta")
        .ok()
        .map(|meta| meta.structure().to_owned());
    Got {
        data: buffer.map_readable().unwrap().to_vec(),
        pts: buffer.pts().map(gst::ClockTime::nseconds),
        duration: buffer.duration().map(gst::ClockTime::nseconds),
        unix,
        key: !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
        discont: buffer.flags().contains(gst::BufferFlags::DISCONT),
        facts,
    }
}

/// Keeps everything that passes a pad of the demuxer.
pub fn watch(pad: &gst::Pad, run: &Arc<Mutex<Run>>) {
    let (name, run) = (pad.name().to_string(), run.clone());
    run.lock().unwrap().pads.entry(name.clone()).or_default();
    let types = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(types, move |_, info| {
        let mut run = run.lock().unwrap();
        let kept_pad = run.pads.get_mut(&name).unwrap();
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => kept_pad.buffers.push(kept(buffer)),
            Some(gst::PadProbeData::Event(event)) => match event.view() {
                gst::EventView::Caps(caps) => kept_pad.caps.push(caps.caps_owned()),
                gst::EventView::Tag(tag) => kept_pad.tags.push(tag.tag_owned()),
                gst::EventView::Gap(_) => kept_pad.gaps += 1,
                _ => {}
            },
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
}

/// Runs `front ! netvudemux PROPERTIES` to its end, or until `enough` is content with what came.
pub fn run_until(front: &str, properties: &str, enough: impl Fn(&Run) -> bool) -> Run {
    let text = format!("{front} ! netvudemux name=demux {properties}");
    let pipeline = gst::parse::launch(&text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .downcast::<gst::Pipeline>()
        .unwrap();
    let demux = pipeline.by_name("demux").unwrap();
    let run = Arc::new(Mutex::new(Run::default()));
    let (seen, weak) = (run.clone(), pipeline.downgrade());
    demux.connect_pad_added(move |_, pad| {
        watch(pad, &seen);
        let Some(pipeline) = weak.upgrade() else {
            return;
        };
        let sink = gst::ElementFactory::make("fakesink")
            .property("sync", false)
            .property("async", false)
            .build()
            .unwrap();
        pipeline.add(&sink).unwrap();
        sink.sync_state_with_parent().unwrap();
        pad.link(&sink.static_pad("sink").unwrap()).unwrap();
    });
    let seen = run.clone();
    demux.connect_no_more_pads(move |_| seen.lock().unwrap().no_more_pads = true);
    let bus = pipeline.bus().unwrap();
    let _ = pipeline.set_state(gst::State::Playing);
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        let message = bus.timed_pop(gst::ClockTime::from_mseconds(20));
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => break,
            Some(gst::MessageView::Error(error)) => {
                let text = format!("{} ({:?})", error.error(), error.debug());
                run.lock().unwrap().error = Some(text);
                break;
            }
            Some(gst::MessageView::Warning(warning)) => {
                let text = format!("{} ({:?})", warning.error(), warning.debug());
                run.lock().unwrap().warnings.push(text);
            }
            _ => {}
        }
        if enough(&run.lock().unwrap()) {
            break;
        }
        assert!(Instant::now() < limit, "{text}: no end within 60 s");
    }
    let stats = demux.property::<gst::Structure>("stats");
    pipeline.set_state(gst::State::Null).unwrap();
    let mut run = std::mem::take(&mut *run.lock().unwrap());
    run.stats = Some(stats);
    run
}

/// Runs `front ! netvudemux` to its end.
pub fn run(front: &str) -> Run {
    run_until(front, "", |_| false)
}

/// A frame that must come out, in its stream.
pub struct Want {
    pub data: Vec<u8>,
    pub unix_ms: Option<i64>,
    pub key: bool,
}

/// Streams and frames of a file, from the reader alone. The name is that of the pad.
pub fn wanted(kind: Kind, data: &[u8]) -> BTreeMap<String, Vec<Want>> {
    let mut out: BTreeMap<String, Vec<Want>> = BTreeMap::new();
    read_all(kind, data, 0, |_, window, step| {
        let Step::Packet(packet) = step else { return };
        let camera = packet.stream.camera;
        let name = match packet.stream.codec.media() {
            Media::Video => format!("video_{camera}"),
            Media::Audio => format!("audio_{camera}"),
            Media::Text => format!("text_{camera}"),
            Media::Overlay => format!("video_{}", camera + 1000),
        };
        out.entry(name).or_default().push(Want {
            data: packet.payload.to_vec(window),
            unix_ms: packet.timestamp.map(|timestamp| timestamp.unix_ms()),
            key: packet.key,
        });
    })
    .expect("the reader goes on");
    out
}

/// What differs between a run and what must come out of it.
pub fn differences(run: &Run, wanted: &BTreeMap<String, Vec<Want>>) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(error) = &run.error {
        wrong.push(format!("error: {error}"));
    }
    let names: Vec<_> = run.pads.keys().collect();
    if names != wanted.keys().collect::<Vec<_>>() {
        wrong.push(format!("pads {names:?}, expected {:?}", wanted.keys()));
    }
    for (name, want) in wanted {
        let Some(pad) = run.pads.get(name) else {
            continue;
        };
        if pad.buffers.len() != want.len() {
            wrong.push(format!(
                "{name}: {} buffers, expected {}",
                pad.buffers.len(),
                want.len()
            ));
        }
        let mut last = None;
        for (number, (got, want)) in pad.buffers.iter().zip(want).enumerate() {
            let mut differ = |what: &str| wrong.push(format!("{name} {number}: {what}"));
            // a header that the stream lacks stands before its first keyframe
            let same = match number {
                0 => got.data.ends_with(&want.data),
                _ => got.data == want.data,
            };
            if !same {
                differ("other bytes");
            }
            if got.key != want.key {
                differ("key flag");
            }
            let unix_ms = got.unix.map(|unix| (unix / 1_000_000) as i64);
            if want.unix_ms.is_some() && name.starts_with("video") && unix_ms != want.unix_ms {
                differ(&format!("time {unix_ms:?}, expected {:?}", want.unix_ms));
            }
            if got.pts.is_none() || last.is_some() && got.pts < last {
                differ(&format!("pts {:?} after {last:?}", got.pts));
            }
            last = got.pts;
        }
    }
    wrong
}
