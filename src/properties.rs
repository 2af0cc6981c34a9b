// SPDX-License-Identifier: MPL-2.0
//! Properties, signals, pad templates and changes of state that both demuxers have.

use super::{
    demux::{Demux, DemuxElement, RecorderClock},
    expmux::VideoStandard,
    netvudemux::FrameFacts,
};
use formats::timeline::GapPolicy;
use gst::{glib, prelude::*, subclass::prelude::*};

/// How time in which nothing was recorded is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstExpGapPolicy")]
enum GapPolicyValue {
    #[default]
    #[enum_value(name = "Playback continues at once", nick = "collapse")]
    Collapse,
    #[enum_value(name = "The real distance is kept", nick = "preserve")]
    Preserve,
}

/// The property `utc-offset`: minutes east of UTC, at most `limit` either way. Its lowest value is no offset.
pub fn utc_offset(limit: i32, blurb: &str) -> glib::ParamSpec {
    glib::ParamSpecInt::builder("utc-offset")
        .nick("UTC offset")
        .blurb(blurb)
        .minimum(i32::MIN)
        .maximum(limit)
        .default_value(i32::MIN)
        .mutable_ready()
        .build()
}

/// The offset that a value of the property `utc-offset` stands for.
pub fn offset_of(value: &glib::Value, pspec: &glib::ParamSpec) -> Option<i32> {
    let limit = pspec.downcast_ref::<glib::ParamSpecInt>()?.maximum();
    let offset: i32 = value.get().ok()?;
    (-limit..=limit).contains(&offset).then_some(offset)
}

/// The value of the property `utc-offset` for an offset.
pub fn offset_value(offset: Option<i32>) -> glib::Value {
    offset.unwrap_or(i32::MIN).to_value()
}

/// Lets documentation tools find the types of properties.
pub fn register() {
    for kind in [
        GapPolicyValue::static_type(),
        RecorderClock::static_type(),
        FrameFacts::static_type(),
        VideoStandard::static_type(),
    ] {
        kind.mark_as_plugin_api(gst::PluginAPIFlags::empty());
    }
}

/// Properties of both demuxers, and one that a demuxer alone has.
pub fn with(own: glib::ParamSpec) -> Vec<glib::ParamSpec> {
    vec![
        glib::ParamSpecEnum::builder_with_default("gap-policy", GapPolicyValue::default())
            .nick("Gap policy")
            .blurb("How time in which nothing was recorded is played")
            .mutable_ready()
            .build(),
        glib::ParamSpecEnum::builder_with_default("recorder-clock", RecorderClock::default())
            .nick("Recorder clock")
            .blurb("Whether the recorder's timestamps are UTC or local time; which one is not publicly known")
            .mutable_ready()
            .build(),
        utc_offset(
            24 * 60,
            "Minutes that the recorder's local time is east of UTC, instead of the recording's own (-2147483648 = the recording's own)",
        ),
        glib::ParamSpecBoolean::builder("drop-orphans")
            .nick("Drop orphans")
            .blurb("Drop frames whose reference is missing, at the start and after a gap")
            .default_value(true)
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt::builder("camera")
            .nick("Camera")
            .blurb("Number of the only camera to output (0 = all)")
            .maximum(u32::from(u16::MAX))
            .default_value(0)
            .mutable_ready()
            .build(),
        glib::ParamSpecString::builder("par-config")
            .nick("Configuration")
            .blurb("Configuration text of the unit (TOML, see parconfig): camera titles, unit name and UTC offset where the recording has none")
            .mutable_ready()
            .build(),
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("Counts of records, skipped bytes, damaged ranges, orphans, gaps, clock steps and corrupted frames since the file was opened")
            .read_only()
            .build(),
        own,
    ]
}

/// Sets a property of [`with`].
pub fn set(demux: &Demux, value: &glib::Value, pspec: &glib::ParamSpec) {
    demux.format().set_property(pspec.name(), value);
    demux.change_settings(|settings| match pspec.name() {
        "gap-policy" => {
            settings.gap_policy = match value.get().unwrap_or_default() {
                GapPolicyValue::Collapse => GapPolicy::Collapse,
                GapPolicyValue::Preserve => GapPolicy::Preserve,
            }
        }
        "recorder-clock" => settings.recorder_clock = value.get().unwrap_or_default(),
        "par-config" => {
            let path: Option<String> = value.get().unwrap_or_default();
            settings.par_config = path.filter(|path| !path.is_empty());
            settings.given = Default::default();
        }
        "utc-offset" => settings.utc_offset = offset_of(value, pspec),
        "drop-orphans" => settings.drop_orphans = value.get().unwrap_or(true),
        "camera" => {
            let number: u32 = value.get().unwrap_or_default();
            settings.camera = u16::try_from(number).unwrap_or(0);
        }
        _ => {}
    });
}

/// Value of a property of [`with`].
pub fn get(demux: &Demux, pspec: &glib::ParamSpec) -> glib::Value {
    let settings = demux.settings();
    match pspec.name() {
        "gap-policy" => match settings.gap_policy {
            GapPolicy::Collapse => GapPolicyValue::Collapse.to_value(),
            GapPolicy::Preserve => GapPolicyValue::Preserve.to_value(),
        },
        "recorder-clock" => settings.recorder_clock.to_value(),
        "utc-offset" => offset_value(settings.utc_offset),
        "drop-orphans" => settings.drop_orphans.to_value(),
        "par-config" => settings.par_config.to_value(),
        "camera" => u32::from(settings.camera).to_value(),
        "stats" => demux.stats().to_value(),
        own => {
            let value = demux.format().property(own);
            value.unwrap_or_else(|| pspec.default_value().clone())
        }
    }
}

/// The action signal `seek-clock` (unix time in ns UTC, pass, seek flags) -> whether it was done.
///
/// `pass` picks among several places with that time, from 0: the hour that the end of daylight saving repeats has two.
pub fn seek_clock_signal<T: DemuxElement>() -> glib::subclass::Signal
where
    T::Type: IsA<gst::Element>,
{
    glib::subclass::Signal::builder("seek-clock")
        .param_types([
            u64::static_type(),
            u32::static_type(),
            gst::SeekFlags::static_type(),
        ])
        .return_type::<bool>()
        .action()
        .class_handler(move |args| {
            let object = args[0].get::<glib::Object>().ok()?;
            let object = object.downcast_ref::<T::Type>()?;
            let unix: u64 = args[1].get().ok()?;
            let pass: u32 = args[2].get().ok()?;
            let flags: gst::SeekFlags = args[3].get().ok()?;
            let unix = i64::try_from(unix).unwrap_or(i64::MAX);
            let imp = T::from_obj(object);
            let seek = |imp: &T| imp.demux().seek_clock(unix, pass, flags);
            Some(imp.catch_panic(|| false, seek).to_value())
        })
        .build()
}

/// Caps of video pads of these media types.
pub fn video_caps(names: &[&str]) -> gst::Caps {
    let mut caps = gst::Caps::builder_full();
    for name in names {
        let structure = match *name {
            "video/mpeg" => gst::Structure::builder("video/mpeg")
                .field("mpegversion", 4i32)
                .field("systemstream", false)
                .build(),
            "video/x-h264" => gst::Structure::builder("video/x-h264")
                .field("stream-format", "byte-stream")
                .field("alignment", "au")
                .build(),
            name => gst::Structure::new_empty(name),
        };
        caps = caps.structure(structure);
    }
    caps.build()
}

/// Caps of audio pads.
pub fn audio_caps() -> gst::Caps {
    gst::Caps::builder_full()
        .structure(
            gst::Structure::builder("audio/x-raw")
                .field("format", gst::List::new(["U8", "S16LE"]))
                .field("layout", "interleaved")
                .build(),
        )
        .structure(gst::Structure::new_empty("audio/x-mulaw"))
        .structure(gst::Structure::new_empty("audio/x-alaw"))
        .structure(
            gst::Structure::builder("audio/x-adpcm")
                .field("layout", "dvi")
                .build(),
        )
        .build()
}

/// Templates of a demuxer: the sink, `video_%u` and `audio_%u`.
pub fn templates(sink: &gst::Caps, video: &gst::Caps, audio: &gst::Caps) -> Vec<gst::PadTemplate> {
    let source = |name: &str, caps: &gst::Caps| {
        gst::PadTemplate::new(
            name,
            gst::PadDirection::Src,
            gst::PadPresence::Sometimes,
            caps,
        )
    };
    let sink = gst::PadTemplate::new(
        "sink",
        gst::PadDirection::Sink,
        gst::PadPresence::Always,
        sink,
    );
    [sink, source("video_%u", video), source("audio_%u", audio)]
        .into_iter()
        .flatten()
        .collect()
}

/// Changes the state of a demuxer: `parent` does what every element does. The unit's configuration is read before, and the file
/// forgotten after it.
///
/// # Errors
/// A configuration that cannot be read, which was posted; what `parent` fails with.
pub fn change_state(
    demux: &Demux,
    transition: gst::StateChange,
    parent: impl FnOnce() -> Result<gst::StateChangeSuccess, gst::StateChangeError>,
) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
    if transition == gst::StateChange::ReadyToPaused && !demux.load_config() {
        return Err(gst::StateChangeError);
    }
    let done = parent()?;
    if transition == gst::StateChange::PausedToReady {
        demux.reset();
    }
    Ok(done)
}

/// Takes an event sent to the element; `parent` gets those that are none of the demuxer's own.
pub fn send_event(
    demux: &Demux,
    event: gst::Event,
    parent: impl FnOnce(gst::Event) -> bool,
) -> bool {
    match demux.send_event(&event) {
        Some(done) => done,
        None => parent(event),
    }
}
