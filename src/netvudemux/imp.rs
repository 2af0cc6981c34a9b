// SPDX-License-Identifier: MPL-2.0
use super::{facts, typefind};
use crate::{
    demux::{Demux, DemuxElement, Format},
    properties,
};
use formats::{
    reader::{Packet, Reader, Window},
    recording::{self, Formats, Opened},
};
use gst::{glib, prelude::*, subclass::prelude::*};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "netvudemux",
        gst::DebugColorFlags::empty(),
        Some("NetVu demuxer"),
    )
});

/// What `netvudemux` opens.
#[derive(Default)]
struct NetVu {
    /// The property `frame-facts`.
    facts: Mutex<FrameFacts>,
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
    fn facts(&self) -> MutexGuard<'_, FrameFacts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Format for NetVu {
    fn open(&self, head: &Window<'_>) -> Opened {
        recording::open(head, Formats::NetVu)
    }

    fn reader(&self, format: &recording::Format) -> Box<dyn Reader> {
        format.reader(*self.facts() != FrameFacts::All)
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
            && *self.facts() != FrameFacts::None
        {
            facts::add(details, buffer);
        }
    }

    fn set_property(&self, name: &str, value: &glib::Value) {
        if name == "frame-facts" {
            *self.facts() = value.get().unwrap_or_default();
        }
    }

    fn property(&self, name: &str) -> Option<glib::Value> {
        (name == "frame-facts").then(|| self.facts().to_value())
    }
}

/// The element.
pub struct NetVuDemux(Demux);

#[glib::object_subclass]
impl ObjectSubclass for NetVuDemux {
    const NAME: &'static str = "GstNetVuDemux";
    type Type = super::NetVuDemux;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        NetVuDemux(Demux::new::<NetVuDemux>(
            class.pad_template("sink"),
            *CAT,
            NetVu::default(),
        ))
    }
}

impl DemuxElement for NetVuDemux {
    fn demux(&self) -> &Demux {
        &self.0
    }
}

impl ObjectImpl for NetVuDemux {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            properties::with(
                glib::ParamSpecEnum::builder_with_default("frame-facts", FrameFacts::default())
                    .nick("Frame facts")
                    .blurb(
                        "Which frames carry what the unit records about them, as GstNetVuFactsMeta",
                    )
                    .mutable_ready()
                    .build(),
            )
        });
        &PROPERTIES
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        properties::set(&self.0, value, pspec);
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        properties::get(&self.0, pspec)
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        static SIGNALS: LazyLock<Vec<glib::subclass::Signal>> =
            LazyLock::new(|| vec![properties::seek_clock_signal::<NetVuDemux>()]);
        &SIGNALS
    }

    fn constructed(&self) {
        self.parent_constructed();
        self.0.attach(self.obj().upcast_ref());
    }
}

impl GstObjectImpl for NetVuDemux {}

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
        properties::send_event(&self.0, event, |event| self.parent_send_event(event))
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        properties::change_state(&self.0, transition, || self.parent_change_state(transition))
    }
}
