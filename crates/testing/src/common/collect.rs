// SPDX-License-Identifier: MPL-2.0
//! Runs `expdemux` over bytes and writes down all that its pads send.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use gst::prelude::*;

/// How the bytes get to the demuxer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// From a file, pulled.
    Pull,
    /// Pushed in pieces of so many bytes by a source that cannot seek.
    Push(usize),
}

/// A buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub data: Vec<u8>,
    pub pts: Option<u64>,
    pub dts: Option<u64>,
    pub duration: Option<u64>,
    pub key: bool,
    pub discont: bool,
    pub corrupted: bool,
    /// Holds what is needed to decode the pictures after it.
    pub header: bool,
    /// Recorder time in nanoseconds since 1970, from the reference timestamp.
    pub unix: Option<u64>,
}

impl Frame {
    pub fn pts(&self) -> u64 {
        self.pts.expect("a buffer with a time")
    }

    /// The coded picture without the headers before it.
    pub fn vop(&self) -> &[u8] {
        let at = memchr::memmem::find(&self.data, &[0, 0, 1, 0xb6]);
        &self.data[at.expect("a VOP start code")..]
    }
}

/// An entry of a table of contents.
#[derive(Clone, Debug, PartialEq)]
pub struct Chapter {
    pub title: String,
    pub start: i64,
    pub stop: i64,
}

/// What went over a pad, in order.
#[derive(Clone, Debug)]
pub enum Ev {
    StreamStart {
        id: String,
        group: Option<gst::GroupId>,
    },
    /// Number of streams.
    Collection(usize),
    Caps(gst::Caps),
    Segment(gst::Segment),
    Tags(gst::TagList),
    Toc(Vec<Chapter>),
    /// Start and length.
    Gap(u64, Option<u64>),
    Frame(Frame),
    /// A flush ended.
    Flush,
    Eos,
}

/// A pad and what went over it.
#[derive(Clone, Debug, Default)]
pub struct PadLog {
    pub name: String,
    pub events: Vec<Ev>,
    /// `no-more-pads` had been signalled before it came.
    pub late: bool,
}

impl PadLog {
    pub fn frames(&self) -> Vec<&Frame> {
        let found = self.events.iter().filter_map(|event| match event {
            Ev::Frame(frame) => Some(frame),
            _ => None,
        });
        found.collect()
    }

    pub fn caps(&self) -> Vec<&gst::Caps> {
        let found = self.events.iter().filter_map(|event| match event {
            Ev::Caps(caps) => Some(caps),
            _ => None,
        });
        found.collect()
    }

    pub fn tags(&self) -> Vec<&gst::TagList> {
        let found = self.events.iter().filter_map(|event| match event {
            Ev::Tags(tags) => Some(tags),
            _ => None,
        });
        found.collect()
    }

    /// Values of a text tag, in the order they were sent.
    pub fn texts(&self, tag: &str) -> Vec<String> {
        let lists = self.tags().into_iter();
        lists
            .filter_map(|list| list.generic(tag)?.get::<String>().ok())
            .collect()
    }

    pub fn toc(&self) -> Option<&[Chapter]> {
        self.events.iter().find_map(|event| match event {
            Ev::Toc(chapters) => Some(chapters.as_slice()),
            _ => None,
        })
    }

    pub fn gaps(&self) -> Vec<(u64, u64)> {
        let gap = |event: &Ev| match event {
            Ev::Gap(start, length) => Some((*start, length.unwrap_or(0))),
            _ => None,
        };
        self.events.iter().filter_map(gap).collect()
    }

    /// The events in words, without what depends on where the bytes come from: the stream's name and group, and the table of
    /// contents and the times in it, which only who can read ahead knows.
    pub fn story(&self) -> Vec<String> {
        let mut story = Vec::new();
        for event in &self.events {
            story.push(match event {
                Ev::StreamStart { id, .. } => {
                    format!("stream {}", id.rsplit('/').next().unwrap_or_default())
                }
                Ev::Toc(_) => continue,
                Ev::Caps(caps) => format!("caps {caps}"),
                Ev::Tags(tags) => format!("tags {tags}"),
                other => format!("{other:?}"),
            });
        }
        story
    }
}

/// What a run gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In the order of their names.
    pub pads: Vec<PadLog>,
    /// Error, its debug text, and whether it is STREAM/WRONG_TYPE.
    pub error: Option<(String, String, bool)>,
    /// Texts of warnings, debug texts included.
    pub warnings: Vec<String>,
    /// How often `no-more-pads` was signalled.
    pub no_more_pads: usize,
    /// The element's `stats` at the end.
    pub stats: Option<gst::Structure>,
    /// Sizes of the stream collections on the bus.
    pub collections: Vec<usize>,
}

impl Outcome {
    /// The pad of that name.
    pub fn pad(&self, name: &str) -> &PadLog {
        let found = self.pads.iter().find(|pad| pad.name == name);
        found.unwrap_or_else(|| panic!("no pad {name} in {:?}", self.names()))
    }

    pub fn names(&self) -> Vec<&str> {
        self.pads.iter().map(|pad| pad.name.as_str()).collect()
    }

    /// A number of the `stats`.
    pub fn stat(&self, name: &str) -> u64 {
        let stats = self.stats.as_ref().expect("stats");
        stats.get::<u64>(name).unwrap()
    }

    /// No error, and one end on every pad.
    pub fn well(self) -> Outcome {
        assert_eq!(self.error, None);
        assert_eq!(self.no_more_pads, 1, "no-more-pads");
        for pad in &self.pads {
            assert!(
                matches!(pad.events.last(), Some(Ev::Eos)),
                "{}: no EOS",
                pad.name
            );
        }
        self
    }
}

/// Runs `expdemux` with its properties as they are.
pub fn run(bytes: &[u8], feed: Feed) -> Outcome {
    run_with(bytes, feed, |_| {})
}

/// Runs `expdemux` to the end.
pub fn run_with(bytes: &[u8], feed: Feed, set: impl Fn(&gst::Element)) -> Outcome {
    super::init();
    let demux = gst::ElementFactory::make("expdemux").build().unwrap();
    set(&demux);
    run_element(&demux, bytes, feed)
}

/// Runs any demuxer to the end.
pub fn run_element(demux: &gst::Element, bytes: &[u8], feed: Feed) -> Outcome {
    super::init();
    let pipeline = gst::Pipeline::new();
    let mut file = None;
    let source = match feed {
        Feed::Pull => {
            let mut temp = tempfile::NamedTempFile::new().unwrap();
            temp.write_all(bytes).unwrap();
            let source = gst::ElementFactory::make("filesrc")
                .property("location", temp.path().to_str().unwrap())
                .build();
            file = Some(temp);
            source.unwrap()
        }
        Feed::Push(_) => gst::ElementFactory::make("appsrc")
            .property("max-bytes", 0u64)
            .build()
            .unwrap(),
    };
    pipeline.add_many([&source, demux]).unwrap();
    source.link(demux).unwrap();
    let watch = watch(&pipeline, demux);
    let _ = pipeline.set_state(gst::State::Playing);
    if let Feed::Push(size) = feed {
        for piece in bytes.chunks(size) {
            let buffer = gst::Buffer::from_slice(piece.to_vec());
            // an error has ended it where this fails
            let _: gst::FlowReturn = source.emit_by_name("push-buffer", &[&buffer]);
        }
        let _: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
    }
    let outcome = finish(&pipeline, demux, &watch);
    drop(file);
    outcome
}

/// What is written down while a pipeline runs.
#[derive(Clone, Default)]
pub struct Watch {
    pads: Arc<Mutex<Vec<Arc<Mutex<PadLog>>>>>,
    no_more_pads: Arc<Mutex<usize>>,
    sinks: Arc<Mutex<Vec<gst::Element>>>,
}

impl Watch {
    /// What was written down so far.
    pub fn logs(&self) -> Vec<PadLog> {
        let logs = self.pads.lock().unwrap();
        logs.iter().map(|log| log.lock().unwrap().clone()).collect()
    }

    /// Begins with clean paper.
    pub fn forget(&self) {
        self.pads.lock().unwrap().clear();
        *self.no_more_pads.lock().unwrap() = 0;
    }

    /// The sinks put in since the last call.
    pub fn sinks(&self) -> Vec<gst::Element> {
        std::mem::take(&mut *self.sinks.lock().unwrap())
    }
}

/// Puts a sink that writes down on every pad of `demux`.
pub fn watch(pipeline: &gst::Pipeline, demux: &gst::Element) -> Watch {
    let watch = Watch::default();
    let (pads, done) = (watch.pads.clone(), watch.no_more_pads.clone());
    let sinks = watch.sinks.clone();
    demux.connect_no_more_pads(move |_| *done.lock().unwrap() += 1);
    let (weak, done) = (pipeline.downgrade(), watch.no_more_pads.clone());
    demux.connect_pad_added(move |_, pad| {
        let log = Arc::new(Mutex::new(PadLog {
            name: pad.name().into(),
            late: *done.lock().unwrap() > 0,
            ..PadLog::default()
        }));
        pads.lock().unwrap().push(log.clone());
        let sink = gst::ElementFactory::make("fakesink")
            .property("sync", false)
            .property("async", false)
            .build()
            .unwrap();
        weak.upgrade().unwrap().add(&sink).unwrap();
        sinks.lock().unwrap().push(sink.clone());
        let entry = sink.static_pad("sink").unwrap();
        let kinds = gst::PadProbeType::EVENT_DOWNSTREAM
            | gst::PadProbeType::EVENT_FLUSH
            | gst::PadProbeType::BUFFER;
        entry.add_probe(kinds, move |_, info| {
            if let Some(event) = note(info) {
                log.lock().unwrap().events.push(event);
            }
            gst::PadProbeReturn::Ok
        });
        sink.sync_state_with_parent().unwrap();
        pad.link(&entry).unwrap();
    });
    watch
}

fn note(info: &gst::PadProbeInfo) -> Option<Ev> {
    if let Some(buffer) = info.buffer() {
        return Some(Ev::Frame(frame(buffer)));
    }
    Some(match info.event()?.view() {
        gst::EventView::StreamStart(start) => Ev::StreamStart {
            id: start.stream_id().into(),
            group: start.group_id(),
        },
        gst::EventView::StreamCollection(event) => Ev::Collection(event.stream_collection().len()),
        gst::EventView::Caps(caps) => Ev::Caps(caps.caps_owned()),
        gst::EventView::Segment(segment) => Ev::Segment(segment.segment().clone()),
        gst::EventView::Tag(tag) => Ev::Tags(tag.tag_owned()),
        gst::EventView::Toc(toc) => Ev::Toc(chapters(&toc.toc().0.to_owned())),
        gst::EventView::Gap(gap) => {
            let (start, length) = gap.get();
            Ev::Gap(start.nseconds(), length.map(|length| length.nseconds()))
        }
        gst::EventView::FlushStop(_) => Ev::Flush,
        gst::EventView::Eos(_) => Ev::Eos,
        _ => return None,
    })
}

/// A buffer, written down.
pub fn frame(buffer: &gst::BufferRef) -> Frame {
    let unix = gst::Caps::new_empty_simple("timestamp/x-unix");
    let timestamps = buffer.iter_meta::<gst::ReferenceTimestampMeta>();
    let mut timestamps = timestamps.filter(|meta| meta.reference().is_subset(&unix));
    let flags = buffer.flags();
    Frame {
        data: buffer.map_readable().unwrap().to_vec(),
        pts: buffer.pts().map(|time| time.nseconds()),
        dts: buffer.dts().map(|time| time.nseconds()),
        duration: buffer.duration().map(|time| time.nseconds()),
        key: !flags.contains(gst::BufferFlags::DELTA_UNIT),
        discont: flags.contains(gst::BufferFlags::DISCONT),
        corrupted: flags.contains(gst::BufferFlags::CORRUPTED),
        header: flags.contains(gst::BufferFlags::HEADER),
        unix: timestamps.next().map(|meta| meta.timestamp().nseconds()),
    }
}

fn chapters(toc: &gst::Toc) -> Vec<Chapter> {
    let entries = toc.entries().into_iter().map(|entry| {
        let (start, stop) = entry.start_stop_times().unwrap();
        let tags = entry.tags().unwrap();
        let title = tags.get::<gst::tags::Title>().unwrap();
        Chapter {
            title: title.get().to_owned(),
            start,
            stop,
        }
    });
    entries.collect()
}

/// Waits for the end, at most 60 s between two messages.
pub fn finish(pipeline: &gst::Pipeline, demux: &gst::Element, watch: &Watch) -> Outcome {
    let bus = pipeline.bus().unwrap();
    let mut outcome = Outcome::default();
    loop {
        let Some(message) = bus.timed_pop(gst::ClockTime::from_seconds(60)) else {
            panic!("no end within 60 s");
        };
        match message.view() {
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(error) => {
                outcome.error = Some((
                    error.error().message().to_owned(),
                    error.debug().map(String::from).unwrap_or_default(),
                    error.error().matches(gst::StreamError::WrongType),
                ));
                break;
            }
            gst::MessageView::Warning(warning) => {
                let debug = warning.debug().map(String::from).unwrap_or_default();
                outcome
                    .warnings
                    .push(format!("{}: {debug}", warning.error().message()));
            }
            gst::MessageView::StreamCollection(message) => {
                outcome.collections.push(message.stream_collection().len());
            }
            _ => {}
        }
    }
    outcome.stats = demux.has_property("stats").then(|| demux.property("stats"));
    pipeline.set_state(gst::State::Null).unwrap();
    outcome.pads = watch.logs();
    outcome.pads.sort_by(|a, b| a.name.cmp(&b.name));
    outcome.no_more_pads = *watch.no_more_pads.lock().unwrap();
    outcome
}

/// What has to stand before the first buffer, in this order where there is one.
pub fn begins_well(pad: &PadLog) {
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

/// All bytes that a decoder makes of the only pad.
pub fn decoded(bytes: &[u8], decoder: &str) -> Vec<u8> {
    super::init();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let raw = tempfile::NamedTempFile::new().unwrap();
    super::launch_well(&format!(
        "filesrc location={} ! expdemux ! {decoder} ! filesink location={}",
        file.path().display(),
        raw.path().display()
    ));
    std::fs::read(raw.path()).unwrap()
}
