// SPDX-License-Identifier: MPL-2.0
//! Glue between GObject and the shared demuxer.

use super::facts;
use super::typefind;
use crate::demux::{Demux, DemuxElement, Format};
use crate::properties;
use formats::reader::{Packet, Window};
use formats::recording::{self, Formats, Opened};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "netvudemux",
        gst::DebugColorFlags::empty(),
        Some("NetVu demuxer"),
    )
});

/// What this demuxer has of its own.
struct NetVu {
    facts: Arc<Mutex<FrameFacts>>,
}

/// Which facts of a frame go with its buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstNetVuFrameFacts")]
pub enum FrameFacts {
    /// No meta at all.
    #[enum_value(name = "None", nick = "none")]
    None,
    /// A meta on frames with an alarm, activity or lines that not every frame has.
    #[default]
    #[enum_value(
        name = "Frames with an alarm, activity or unusual lines",
        nick = "notable"
    )]
    Notable,
    /// A meta on every frame.
    #[enum_value(name = "All facts, on every frame", nick = "all")]
    All,
}

impl NetVu {
    fn facts(&self) -> FrameFacts {
        *self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Format for NetVu {
    fn open(&self, head: &Window<'_>) -> Opened {
        recording::open(head, Formats::NetVu)
    }

    fn is_terse(&self) -> bool {
        self.facts() != FrameFacts::All
    }

    /// Units send one field of 288, 256 or 240 lines as a frame: its pixels are twice as high as wide. The density in their
    /// JPEG files is the same for all sizes and not believed.
    fn pixel_aspect(&self, width: u16, height: u16) -> (i32, i32) {
        if width > 360 && height < 480 {
            (1, 2)
        } else {
            (1, 1)
        }
    }

    fn decorate(&self, packet: &Packet, buffer: &mut gst::BufferRef) {
        if let Some(details) = &packet.details
            && self.facts() != FrameFacts::None
        {
            facts::add(details, buffer);
        }
    }
}

/// The element's implementation.
pub struct NetVuDemux {
    demux: Demux,
    facts: Arc<Mutex<FrameFacts>>,
}

#[glib::object_subclass]
impl ObjectSubclass for NetVuDemux {
    const NAME: &'static str = "GstNetVuDemux";
    type Type = super::NetVuDemux;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let facts = Arc::<Mutex<FrameFacts>>::default();
        let format = NetVu {
            facts: facts.clone(),
        };
        let template = class
            .pad_template("sink")
            .expect("the class has a sink template");
        NetVuDemux {
            demux: Demux::new::<NetVuDemux>(&template, *CAT, Box::new(format)),
            facts,
        }
    }
}

impl ObjectImpl for NetVuDemux {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let mut all = properties::common();
            all.push(
                glib::ParamSpecEnum::builder_with_default("frame-facts", FrameFacts::default())
                    .nick("Frame facts")
                    .blurb(
                        "Which frames carry what the unit records about them, as GstNetVuFactsMeta",
                    )
                    .mutable_ready()
                    .build(),
            );
            all
        });
        &PROPERTIES
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        if pspec.name() == "frame-facts" {
            let facts = value.get().unwrap_or_default();
            *self.facts.lock().unwrap_or_else(PoisonError::into_inner) = facts;
            return;
        }
        properties::set(&self.demux, pspec.name(), value);
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        if pspec.name() == "frame-facts" {
            let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            return facts.to_value();
        }
        properties::get(&self.demux, pspec)
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        static SIGNALS: LazyLock<Vec<glib::subclass::Signal>> = LazyLock::new(|| {
            vec![properties::seek_clock_signal::<NetVuDemux>(|imp| {
                &imp.demux
            })]
        });
        &SIGNALS
    }

    fn constructed(&self) {
        self.parent_constructed();
        self.demux.attach(self.obj().upcast_ref());
    }
}

impl GstObjectImpl for NetVuDemux {}

impl DemuxElement for NetVuDemux {
    fn demux(&self) -> &Demux {
        &self.demux
    }
}

impl ElementImpl for NetVuDemux {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "NetVu demuxer",
                "Codec/Demuxer",
                "Splits recordings and live streams of Dedicated Micros (NetVu) units into video, audio and text",
                env!("CARGO_PKG_NAME"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let video = [
                "video/mpeg",
                "video/x-h264",
                "image/jpeg",
                "image/bmp",
                "image/x-portable-bitmap",
            ];
            let mut all = properties::templates(
                &typefind::all_caps(),
                &properties::video_caps(&video),
                &properties::audio_caps(),
            );
            let text = gst::Caps::builder("text/x-raw")
                .field("format", "utf8")
                .build();
            all.extend(gst::PadTemplate::new(
                "text_%u",
                gst::PadDirection::Src,
                gst::PadPresence::Sometimes,
                &text,
            ));
            all
        });
        &TEMPLATES
    }

    fn send_event(&self, event: gst::Event) -> bool {
        properties::send_event(&self.demux, event, |event| self.parent_send_event(event))
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        properties::change_state(&self.demux, transition, || {
            self.parent_change_state(transition)
        })
    }
}
