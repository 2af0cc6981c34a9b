// SPDX-License-Identifier: MPL-2.0
//! `expmux` on the Aggregator base class.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::prelude::*;

use super::VideoStandard;
use super::state::{Input, Output, Settings, State};
use crate::properties;

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("expmux", gst::DebugColorFlags::empty(), Some("EXP muxer"))
});

/// Nanoseconds from 1900, where NTP begins, to 1970.
const NTP_TO_UNIX: i64 = 2_208_988_800 * 1_000_000_000;

/// The implementation.
#[derive(Default)]
pub struct ExpMux {
    settings: Mutex<Arc<Settings>>,
    state: Mutex<State>,
}

impl ExpMux {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, Arc<Settings>> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The waiting buffer with the lowest running time. Of two with the same, the lower pad.
    fn next_input(&self) -> Option<Input> {
        let mut first: Option<(i64, Input)> = None;
        for pad in self.obj().sink_pads() {
            let Ok(pad) = pad.downcast::<gst_base::AggregatorPad>() else {
                continue;
            };
            let Some(buffer) = first_buffer(&pad) else {
                continue;
            };
            let running = running_time(&pad, &buffer);
            let order = running.unwrap_or_else(|| self.state().expected(&pad));
            let before = first.as_ref().is_none_or(|(lowest, input)| {
                order < *lowest || (order == *lowest && rank(&pad) < rank(&input.pad))
            });
            if before {
                let unix = unix_time(&buffer);
                first = Some((
                    order,
                    Input {
                        pad,
                        buffer,
                        running,
                        unix,
                    },
                ));
            }
        }
        first.map(|(_, input)| input)
    }

    fn write(&self, input: &Input) -> Result<gst::FlowSuccess, gst::FlowError> {
        let settings = self.settings().clone();
        gst::trace!(
            CAT,
            obj = input.pad,
            "{:?} at {:?}, unix {:?}",
            input.buffer,
            input.running,
            input.unix
        );
        let written = self.state().record(&settings, input);
        let Output {
            header,
            records,
            warnings,
        } = written.map_err(|text| self.refuse(&text))?;
        for text in warnings {
            gst::element_imp_warning!(self, gst::StreamError::Mux, ("{}", text));
        }
        if let Some(header) = header {
            self.push_header(header)?;
        }
        for record in records {
            self.obj()
                .finish_buffer(gst::Buffer::from_mut_slice(record))?;
        }
        Ok(gst::FlowSuccess::Ok)
    }

    fn push_header(&self, bytes: Vec<u8>) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        buffer.make_mut().set_flags(gst::BufferFlags::HEADER);
        self.obj().finish_buffer(buffer)
    }

    /// Index and completed header, where downstream can go back to the start of the file.
    fn finish(&self) -> Result<(), gst::FlowError> {
        let settings = self.settings().clone();
        let empty = self.state().begin_empty(&settings);
        if let Some(header) = empty.map_err(|text| self.refuse(&text))? {
            self.push_header(header)?;
        }
        let Some((index, header)) = self.state().finish() else {
            return Ok(());
        };
        if !self.downstream_seeks() {
            gst::info!(
                CAT,
                imp = self,
                "downstream cannot seek: no index, header left as it was"
            );
            return Ok(());
        }
        if !index.is_empty() {
            self.obj()
                .finish_buffer(gst::Buffer::from_mut_slice(index))?;
        }
        self.obj()
            .update_segment(&gst::FormattedSegment::<gst::format::Bytes>::new());
        self.push_header(header)?;
        Ok(())
    }

    fn downstream_seeks(&self) -> bool {
        let mut query = gst::query::Seeking::new(gst::Format::Bytes);
        self.obj().src_pad().peer_query(&mut query) && query.result().0
    }

    fn refuse(&self, text: &str) -> gst::FlowError {
        gst::element_imp_error!(self, gst::StreamError::Mux, ("{}", text));
        gst::FlowError::Error
    }

    fn start_output(&self) {
        let obj = self.obj();
        if obj.src_pad().current_caps().is_none() {
            obj.set_src_caps(&gst::Caps::new_empty_simple("video/x-pelco-exp"));
        }
    }
}

/// Cameras before audio, then by the pad's number.
fn rank(pad: &gst_base::AggregatorPad) -> (bool, u32) {
    let name = pad.name();
    let number = name
        .rsplit('_')
        .next()
        .and_then(|digits| digits.parse().ok());
    (!name.starts_with("video"), number.unwrap_or(0))
}

/// The buffer that waits on the pad. Fillers that GAP events became are dropped.
fn first_buffer(pad: &gst_base::AggregatorPad) -> Option<gst::Buffer> {
    loop {
        let buffer = pad.peek_buffer()?;
        if buffer.size() > 0 {
            return Some(buffer);
        }
        pad.drop_buffer();
    }
}

/// Running time in nanoseconds. A timestamp of 2^62 or more is none: `avenc_mpeg4` of GStreamer 1.22 outputs the "no time" of
/// its library, 2^63, as if it were one (seen with libavcodec 59).
fn running_time(pad: &gst_base::AggregatorPad, buffer: &gst::BufferRef) -> Option<i64> {
    let segment = pad.segment().downcast::<gst::ClockTime>().ok()?;
    let timestamp = buffer
        .dts_or_pts()
        .filter(|time| time.nseconds() < 1 << 62)?;
    match segment.to_running_time_full(timestamp)? {
        gst::Signed::Positive(time) => i64::try_from(time.nseconds()).ok(),
        gst::Signed::Negative(time) => i64::try_from(time.nseconds()).ok().map(|time| -time),
    }
}

/// Unix time in nanoseconds that a meta of the buffer carries.
fn unix_time(buffer: &gst::BufferRef) -> Option<i64> {
    buffer
        .iter_meta::<gst::ReferenceTimestampMeta>()
        .find_map(|meta| {
            let name = meta.reference().structure(0)?.name();
            let time = i64::try_from(meta.timestamp().nseconds()).ok()?;
            match name.as_str() {
                "timestamp/x-unix" => Some(time),
                "timestamp/x-ntp" => time.checked_sub(NTP_TO_UNIX),
                _ => None,
            }
        })
}

#[glib::object_subclass]
impl ObjectSubclass for ExpMux {
    const NAME: &'static str = "GstExpMux";
    type Type = super::ExpMux;
    type ParentType = gst_base::Aggregator;
}

impl ObjectImpl for ExpMux {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            vec![
                glib::ParamSpecString::builder("model")
                    .nick("Model")
                    .blurb("Recorder model in the file header, 16 bytes; empty: from the device-model tag")
                    .mutable_ready()
                    .build(),
                glib::ParamSpecString::builder("server")
                    .nick("Server")
                    .blurb("Name of the recorder in the file header, 32 bytes; empty: from the exp-recorder-name tag")
                    .mutable_ready()
                    .build(),
                properties::utc_offset(
                    840,
                    "Minutes that the recorder's local time is east of UTC, at most 840 either way; -2147483648: from the exp-recorder-utc-offset tag, else 0",
                ),
                glib::ParamSpecEnum::builder_with_default("video-standard", VideoStandard::Auto)
                    .nick("Video standard")
                    .blurb("Television standard in the file header")
                    .mutable_ready()
                    .build(),
                glib::ParamSpecUInt64::builder("start-time")
                    .nick("Start time")
                    .blurb(
                        "Recorder time of the first record, nanoseconds since 1970 UTC, where buffers carry no \
                         reference timestamp; -1: now",
                    )
                    .default_value(u64::MAX)
                    .mutable_ready()
                    .build(),
            ]
        });
        &PROPERTIES
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        let mut settings = self.settings();
        let settings = Arc::make_mut(&mut settings);
        let text = |value: &glib::Value| {
            value
                .get::<Option<String>>()
                .ok()
                .flatten()
                .unwrap_or_default()
        };
        match pspec.name() {
            "model" => settings.model = text(value),
            "server" => settings.server = text(value),
            "utc-offset" => settings.utc_offset = properties::offset_of(value, pspec),
            "video-standard" => settings.standard = value.get().unwrap_or_default(),
            "start-time" => settings.start_time = value.get().unwrap_or(u64::MAX),
            _ => {}
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        let settings = self.settings();
        match pspec.name() {
            "model" => settings.model.to_value(),
            "server" => settings.server.to_value(),
            "utc-offset" => properties::offset_value(settings.utc_offset),
            "video-standard" => settings.standard.to_value(),
            _ => settings.start_time.to_value(),
        }
    }
}

impl GstObjectImpl for ExpMux {}

fn sink_template(name: &str, caps: &gst::Caps) -> Option<gst::PadTemplate> {
    gst::PadTemplate::with_gtype(
        name,
        gst::PadDirection::Sink,
        gst::PadPresence::Request,
        caps,
        gst_base::AggregatorPad::static_type(),
    )
    .ok()
}

fn video_caps() -> gst::Caps {
    gst::Caps::builder_full()
        .structure(
            gst::Structure::builder("video/mpeg")
                .field("mpegversion", 4i32)
                .field("systemstream", false)
                .build(),
        )
        .structure(
            gst::Structure::builder("video/x-h264")
                .field("stream-format", "byte-stream")
                .field("alignment", "au")
                .build(),
        )
        .build()
}

fn audio_caps() -> gst::Caps {
    let rates = gst::List::new([8_000i32, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000]);
    let audio = |name: &str| {
        gst::Structure::builder(name)
            .field("rate", rates.clone())
            .field("channels", 1i32)
    };
    gst::Caps::builder_full()
        .structure(
            audio("audio/x-raw")
                .field("format", "S16LE")
                .field("layout", "interleaved")
                .build(),
        )
        .structure(audio("audio/x-mulaw").build())
        .structure(audio("audio/x-alaw").build())
        .structure(audio("audio/x-adpcm").field("layout", "dvi").build())
        .build()
}

impl ElementImpl for ExpMux {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "EXP muxer",
                "Codec/Muxer",
                "Writes Pelco DX-series .exp files in the reference layout",
                env!("CARGO_PKG_NAME"),
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let source = gst::PadTemplate::with_gtype(
                "src",
                gst::PadDirection::Src,
                gst::PadPresence::Always,
                &gst::Caps::new_empty_simple("video/x-pelco-exp"),
                gst_base::AggregatorPad::static_type(),
            );
            source
                .ok()
                .into_iter()
                .chain(sink_template("video_%u", &video_caps()))
                .chain(sink_template("audio_%u", &audio_caps()))
                .collect()
        });
        &TEMPLATES
    }

    fn release_pad(&self, pad: &gst::Pad) {
        self.state().forget(pad);
        self.parent_release_pad(pad);
    }
}

impl AggregatorImpl for ExpMux {
    fn create_new_pad(
        &self,
        template: &gst::PadTemplate,
        requested: Option<&str>,
        _caps: Option<&gst::Caps>,
    ) -> Option<gst_base::AggregatorPad> {
        let prefix = template.name_template().strip_suffix("%u")?;
        let asked = requested
            .and_then(|name| name.strip_prefix(prefix))
            .and_then(|n| n.parse().ok());
        let obj = self.obj();
        let free = |number: &u16| obj.static_pad(&format!("{prefix}{number}")).is_none();
        let number: u16 = match asked {
            Some(number) => Some(number).filter(free)?,
            None => (0..255).find(free)?,
        };
        let pad = gst::PadBuilder::<gst_base::AggregatorPad>::from_template(template)
            .name(format!("{prefix}{number}"))
            .build();
        Some(pad)
    }

    fn negotiate(&self) -> bool {
        true
    }

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        self.obj()
            .update_segment(&gst::FormattedSegment::<gst::format::Bytes>::new());
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *self.state() = State::default();
        Ok(())
    }

    fn flush(&self) -> Result<gst::FlowSuccess, gst::FlowError> {
        // A file sink empties its file on the flush that goes on to it.
        self.state().flush();
        self.obj()
            .update_segment(&gst::FormattedSegment::<gst::format::Bytes>::new());
        Ok(gst::FlowSuccess::Ok)
    }

    fn next_time(&self) -> Option<gst::ClockTime> {
        None
    }

    fn sink_event_pre_queue(
        &self,
        pad: &gst_base::AggregatorPad,
        mut event: gst::Event,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        if let gst::EventView::Segment(segment) = event.view()
            && segment.segment().format() != gst::Format::Time
        {
            gst::warning!(
                CAT,
                obj = pad,
                "segment is not in time: taken as one from 0"
            );
            let whole = gst::FormattedSegment::<gst::ClockTime>::new();
            event = gst::event::Segment::builder(&whole)
                .seqnum(event.seqnum())
                .build();
        }
        self.parent_sink_event_pre_queue(pad, event)
    }

    fn sink_event(&self, pad: &gst_base::AggregatorPad, event: gst::Event) -> bool {
        match event.view() {
            gst::EventView::Caps(caps) => {
                let taken = self.state().track(pad).set_caps(caps.caps());
                if let Err(text) = taken {
                    let _ = self.refuse(&text);
                    return false;
                }
                true
            }
            gst::EventView::Tag(tag) => {
                self.state().set_tags(pad, tag.tag());
                self.parent_sink_event(pad, event)
            }
            _ => self.parent_sink_event(pad, event),
        }
    }

    fn src_query(&self, query: &mut gst::QueryRef) -> bool {
        match query.view_mut() {
            gst::QueryViewMut::Seeking(seeking) => {
                let format = seeking.format();
                seeking.set(
                    false,
                    gst::GenericFormattedValue::none_for_format(format),
                    gst::GenericFormattedValue::none_for_format(format),
                );
                true
            }
            _ => self.parent_src_query(query),
        }
    }

    fn src_event(&self, event: gst::Event) -> bool {
        match event.view() {
            gst::EventView::Seek(_) => false,
            _ => self.parent_src_event(event),
        }
    }

    fn aggregate(&self, _timeout: bool) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.start_output();
        if let Some(input) = self.next_input() {
            input.pad.drop_buffer();
            return self.write(&input);
        }
        let ended = (self.obj().sink_pads().into_iter())
            .filter_map(|pad| pad.downcast::<gst_base::AggregatorPad>().ok())
            .all(|pad| pad.is_eos());
        if ended {
            self.finish()?;
            return Err(gst::FlowError::Eos);
        }
        Err(gst_base::AGGREGATOR_FLOW_NEED_DATA)
    }
}
