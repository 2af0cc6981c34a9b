// SPDX-License-Identifier: MPL-2.0
//! A panic inside a reader becomes an error message: the program that plays the file lives on.

use testing::common;
use testing::netvu_make;

use common::{
    collect::{Feed, Outcome, run_element},
    init,
};
use formats::{
    reader::{Packet, Window},
    recording::{self, Formats, Opened},
};
use gst::{glib, prelude::*, subclass::prelude::*};
use gstexp::demux::{Demux, DemuxElement, Format};
use std::cell::Cell;

/// Where the next element panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Open,
    PixelAspect,
    Decorate,
}

thread_local! {
    // an element is made on the thread of its test
    static AT: Cell<At> = const { Cell::new(At::Open) };
}

struct Panics(At);

impl Panics {
    fn here(&self, at: At) {
        assert_ne!(self.0, at, "a fault in the reader");
    }
}

impl Format for Panics {
    fn open(&self, head: &Window<'_>) -> Opened {
        self.here(At::Open);
        recording::open(head, Formats::NetVu)
    }

    fn is_terse(&self) -> bool {
        false
    }

    fn pixel_aspect(&self, _width: u16, _height: u16) -> (i32, i32) {
        self.here(At::PixelAspect);
        (1, 1)
    }

    fn decorate(&self, _packet: &Packet, _buffer: &mut gst::BufferRef) {
        self.here(At::Decorate);
    }
}

pub struct PanicDemuxImp(Demux);

#[glib::object_subclass]
impl ObjectSubclass for PanicDemuxImp {
    const NAME: &'static str = "PanicDemux";
    type Type = PanicDemux;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let at = AT.get();
        let template = class.pad_template("sink").unwrap();
        PanicDemuxImp(Demux::new::<Self>(
            &template,
            gst::DebugCategory::new("panicdemux", gst::DebugColorFlags::empty(), None),
            Box::new(Panics(at)),
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

fn panics(at: At, feed: Feed) -> Outcome {
    AT.set(at);
    let element = glib::Object::new::<PanicDemux>();
    run_element(element.upcast_ref(), &recording(), feed)
}

fn is_an_error(at: At) {
    init();
    for feed in [Feed::Pull, Feed::Push(64 << 10)] {
        // `run_element` sets the pipeline to NULL, which has to come back
        let outcome = panics(at, feed);
        let (error, detail, _) = outcome.error.unwrap_or_else(|| panic!("{at:?} {feed:?}"));
        let text = format!("{error} {detail}");
        assert!(text.contains("anic"), "{at:?} {feed:?}: {text}");
        assert!(text.contains("a fault in the reader"), "{text}");
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
