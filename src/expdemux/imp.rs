// SPDX-License-Identifier: MPL-2.0
use crate::{
    demux::{Demux, DemuxElement, Format},
    properties,
};
use formats::{
    exp::layout::Layout,
    reader::Window,
    recording::{self, Formats, Opened},
    text_file,
};
use gst::{glib, prelude::*, subclass::prelude::*};
use std::{
    path::Path,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "expdemux",
        gst::DebugColorFlags::empty(),
        Some("Pelco DX export demuxer"),
    )
});

/// What `expdemux` opens.
struct ExpFormat {
    /// The property `layout`: `auto`, a built-in name, or a file.
    layout: Mutex<String>,
}

impl ExpFormat {
    fn layout(&self) -> MutexGuard<'_, String> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Format for ExpFormat {
    fn open(&self, head: &Window<'_>) -> Opened {
        let wanted = self.layout().clone();
        if wanted != "auto" && !wanted.is_empty() {
            return match load_layout(&wanted) {
                Ok(layout) => Opened::Recording {
                    evidence: format!("by layout {}, as asked for", layout.name),
                    format: recording::Format::Layout(Box::new(layout)),
                    confidence: 100,
                },
                Err(error) => Opened::Unknown {
                    expected: format!("records of layout {wanted}: {error}"),
                },
            };
        }
        recording::open(head, Formats::Exp)
    }

    fn pixel_aspect(&self, width: u16, height: u16) -> (i32, i32) {
        // shown 4:3 whatever the grid: verified on 352x240, said of the others
        let (num, den) = (4 * i32::from(height), 3 * i32::from(width));
        let fraction = gst::Fraction::new(num, den.max(1));
        (fraction.numer(), fraction.denom())
    }

    fn set_property(&self, name: &str, value: &glib::Value) {
        if name == "layout" {
            let wanted: Option<String> = value.get().unwrap_or_default();
            *self.layout() = wanted.unwrap_or_else(|| "auto".to_owned());
        }
    }

    fn property(&self, name: &str) -> Option<glib::Value> {
        (name == "layout").then(|| self.layout().to_value())
    }
}

/// A built-in layout, or one from a file.
fn load_layout(name: &str) -> Result<Layout, String> {
    if let Some(layout) = Layout::built_in(name) {
        return Ok(layout);
    }
    let text = text_file::read(Path::new(name)).map_err(|error| error.to_string())?;
    Layout::from_toml(&text).map_err(|error| error.to_string())
}

/// The element.
pub struct ExpDemux(Demux);

#[glib::object_subclass]
impl ObjectSubclass for ExpDemux {
    const NAME: &'static str = "GstExpDemux";
    type Type = super::ExpDemux;
    type ParentType = gst::Element;

    fn with_class(class: &Self::Class) -> Self {
        let format = ExpFormat {
            layout: Mutex::new("auto".to_owned()),
        };
        ExpDemux(Demux::new::<ExpDemux>(
            class.pad_template("sink"),
            *CAT,
            format,
        ))
    }
}

impl DemuxElement for ExpDemux {
    fn demux(&self) -> &Demux {
        &self.0
    }
}

impl ObjectImpl for ExpDemux {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            properties::with(
                glib::ParamSpecString::builder("layout")
                    .nick("Layout")
                    .blurb("Layout of the records: auto (one of the known ones, else inferred from the file), the name of a built-in layout, or a layout file (TOML)")
                    .default_value(Some("auto"))
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
            LazyLock::new(|| vec![properties::seek_clock_signal::<ExpDemux>()]);
        &SIGNALS
    }

    fn constructed(&self) {
        self.parent_constructed();
        self.0.attach(self.obj().upcast_ref());
    }
}

impl GstObjectImpl for ExpDemux {}

impl ElementImpl for ExpDemux {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Pelco DX export demuxer",
                "Codec/Demuxer",
                "Splits .exp exports and PLV1 AVI files of Pelco DX-series recorders into video and audio",
                env!("CARGO_PKG_NAME"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let sink = gst::Caps::builder_full()
                .structure(gst::Structure::new_empty("video/x-pelco-exp"))
                .structure(gst::Structure::new_empty("video/x-pelco-plv1"))
                .build();
            properties::templates(
                &sink,
                &properties::video_caps(&["video/mpeg", "video/x-h264"]),
                &properties::audio_caps(),
            )
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
