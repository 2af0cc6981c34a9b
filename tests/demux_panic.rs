// SPDX-License-Identifier: MPL-2.0
//! A panic inside a reader becomes an error message: the program that plays the file lives on.

use testing::common;
use testing::netvu_make;

use common::{
    collect::{Feed, Outcome, run_element, watch},
    init,
};
use formats::{
    reader::{FileInfo, IndexEntry, IndexPlace, Packet, Reader, Step, Window},
    recording::{self, Formats, Opened},
};
use gst::{glib, prelude::*, subclass::prelude::*};
use gstexp::demux::{Demux, DemuxElement, Format, RecorderClock};
use std::{
    cell::RefCell,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where the next element panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Open,
    Next,
    PixelAspect,
    Decorate,
    /// In its reader, wherever that is used, once the switch is on.
    Reader,
}

thread_local! {
    // an element is made on the thread of its test
    static FAULT: RefCell<Panics> = const { RefCell::new(Panics { at: At::Open, switch: None }) };
}

#[derive(Clone)]
struct Panics {
    at: At,
    switch: Option<Arc<AtomicBool>>,
}

impl Panics {
    fn here(&self, at: At) {
        assert_ne!(self.at, at, "a fault in the reader");
    }
}

impl Format for Panics {
    fn open(&self, head: &Window<'_>) -> Opened {
        self.here(At::Open);
        recording::open(head, Formats::NetVu)
    }

    fn reader(&self, format: &recording::Format) -> Box<dyn Reader> {
        Box::new(Faulty(format.reader(false), self.clone()))
    }

    fn pixel_aspect(&self, _width: u16, _height: u16) -> (i32, i32) {
        self.here(At::PixelAspect);
        (1, 1)
    }

    fn decorate(&self, _packet: &Packet, _buffer: &mut gst::BufferRef) {
        self.here(At::Decorate);
    }
}

/// A reader that panics.
struct Faulty(Box<dyn Reader>, Panics);

impl Faulty {
    fn used(&self) {
        let switch = self.1.switch.as_ref();
        if switch.is_some_and(|switch| switch.load(Ordering::SeqCst)) {
            self.1.here(At::Reader);
        }
    }
}

impl Reader for Faulty {
    fn next(&mut self, window: &Window<'_>) -> Step {
        self.1.here(At::Next);
        self.used();
        self.0.next(window)
    }

    fn resync(&mut self) {
        self.0.resync();
    }

    fn info(&self) -> &FileInfo {
        self.used();
        self.0.info()
    }

    fn fork(&self) -> Box<dyn Reader> {
        self.used();
        Box::new(Faulty(self.0.fork(), self.1.clone()))
    }

    fn set_slot(&mut self, slot: u64) {
        self.0.set_slot(slot);
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.0.take_warnings()
    }

    fn index_request(&self) -> Option<(u64, usize)> {
        self.0.index_request()
    }

    fn show_index(&mut self, window: &Window<'_>) {
        self.0.show_index(window);
    }

    fn index(&self) -> Vec<IndexPlace> {
        self.0.index()
    }

    fn index_entry(&self, place: &IndexPlace, number: u64, entry: &[u8]) -> Option<IndexEntry> {
        self.0.index_entry(place, number, entry)
    }
}

pub struct PanicDemuxImp(Demux);

#[glib::object_subclass]
impl ObjectSubclass for PanicDemuxImp {
    const NAME: &'static str = "PanicDemux";
    type Type = PanicDemux;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        PanicDemuxImp(Demux::new::<Self>(
            class.pad_template("sink"),
            gst::DebugCategory::new("panicdemux", gst::DebugColorFlags::empty(), None),
            FAULT.with_borrow(Panics::clone),
        ))
    }
}

impl ObjectImpl for PanicDemuxImp {
    fn constructed(&self) {
        self.parent_constructed();
        self.0.attach(self.obj().upcast_ref());
    }
}

impl GstObjectImpl for PanicDemuxImp {}

impl DemuxElement for PanicDemuxImp {
    fn demux(&self) -> &Demux {
        &self.0
    }
}

impl ElementImpl for PanicDemuxImp {
    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: std::sync::OnceLock<Vec<gst::PadTemplate>> = std::sync::OnceLock::new();
        TEMPLATES.get_or_init(|| {
            let any = gst::Caps::new_any();
            let sometimes = gst::PadPresence::Sometimes;
            let (sink, source) = (gst::PadDirection::Sink, gst::PadDirection::Src);
            vec![
                gst::PadTemplate::new("sink", sink, gst::PadPresence::Always, &any).unwrap(),
                gst::PadTemplate::new("video_%u", source, sometimes, &any).unwrap(),
            ]
        })
    }
}

glib::wrapper! {
    pub struct PanicDemux(ObjectSubclass<PanicDemuxImp>) @extends gst::Element, gst::Object;
}

/// Enough that a source which pushes has to wait: it must not wait for ever.
fn recording() -> Vec<u8> {
    let records = (0..300_u64).map(|number| {
        netvu_make::Made {
            payload: netvu_make::vop(number % 10 == 0, 20_000, number),
            unix_ms: 1_700_000_000_000 + 40 * number,
            ..netvu_make::Made::default()
        }
        .packet()
    });
    records.collect::<Vec<_>>().concat()
}

fn element(at: At, switch: Option<Arc<AtomicBool>>) -> PanicDemux {
    FAULT.set(Panics { at, switch });
    glib::Object::new()
}

fn panics(at: At, feed: Feed) -> Outcome {
    run_element(element(at, None).upcast_ref(), &recording(), feed)
}

fn is_an_error(at: At) {
    init();
    for feed in [Feed::Pull, Feed::Push(64 << 10)] {
        // `run_element` sets the pipeline to NULL, which has to come back
        let outcome = panics(at, feed);
        let (error, detail, _) = outcome.error.unwrap_or_else(|| panic!("{at:?} {feed:?}"));
        let text = format!("{error} {detail}");
        // another pad function may report the panic first, without its text
        assert!(text.contains("anic"), "{at:?} {feed:?}: {text}");
    }
}

#[test]
fn in_opening_a_file() {
    is_an_error(At::Open);
}

#[test]
fn in_making_a_pad() {
    is_an_error(At::PixelAspect);
}

#[test]
fn in_a_frame() {
    is_an_error(At::Decorate);
}

#[test]
fn in_a_record() {
    is_an_error(At::Next);
}

/// A recording that plays, pulled and pushed, until `act` makes its reader panic: the application is told so, and can stop it.
fn while_playing(act: impl Fn(&gst::Element) -> bool) {
    init();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&recording()).unwrap();
    for push in [false, true] {
        let switch = Arc::new(AtomicBool::new(false));
        let demux = element(At::Reader, Some(switch.clone()));
        demux
            .imp()
            .demux()
            .change_settings(|settings| settings.recorder_clock = RecorderClock::Local);
        let demux: gst::Element = demux.upcast();
        let source = gst::ElementFactory::make("filesrc")
            .property("location", file.path().to_str().unwrap())
            .build()
            .unwrap();
        let mut chain = vec![source];
        if push {
            chain.push(gst::ElementFactory::make("queue").build().unwrap());
        }
        chain.push(demux.clone());
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain).unwrap();
        gst::Element::link_many(&chain).unwrap();
        let _watch = watch(&pipeline, &demux);
        pipeline.set_state(gst::State::Playing).unwrap();
        let bus = pipeline.bus().unwrap();
        let wait = |kind| {
            let kinds = [kind, gst::MessageType::Error];
            let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &kinds);
            let message = message.unwrap_or_else(|| panic!("no {kind:?}, push {push}"));
            assert_eq!(message.type_(), kind, "push {push}: {message:?}");
            message
        };
        // nothing streams any more, so what panics is the call
        wait(gst::MessageType::Eos);
        assert!(act(&demux), "push {push}: before the fault");
        bus.set_flushing(true);
        bus.set_flushing(false);
        switch.store(true, Ordering::SeqCst);
        assert!(!act(&demux), "push {push}");
        // a source that could not push on may report that before
        let reported = |message: &gst::Message| match message.view() {
            gst::MessageView::Error(error) => {
                format!("{error:?}").contains("a fault in the reader")
            }
            _ => false,
        };
        while !reported(&wait(gst::MessageType::Error)) {}
        pipeline.set_state(gst::State::Null).unwrap();
    }
}

#[test]
fn in_a_query() {
    while_playing(|demux| {
        let structure = gst::Structure::builder("exp-clock")
            .field("stream-time", 0_u64)
            .build();
        let mut query = gst::query::Custom::new(structure);
        demux
            .static_pad("video_1")
            .unwrap()
            .query(query.query_mut())
    });
}

fn seek() -> gst::Event {
    gst::event::Seek::new(
        1.0,
        gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE,
        gst::SeekType::Set,
        gst::ClockTime::from_seconds(1),
        gst::SeekType::None,
        gst::ClockTime::NONE,
    )
}

#[test]
fn in_a_seek_event() {
    while_playing(|demux| demux.static_pad("video_1").unwrap().send_event(seek()));
}

#[test]
fn in_a_seek_of_the_element() {
    while_playing(|demux| demux.send_event(seek()));
}
