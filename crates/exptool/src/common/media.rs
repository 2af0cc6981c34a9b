// SPDX-License-Identifier: MPL-2.0
//! GStreamer, with this plugin linked in.

use super::Failure;
use gst::prelude::*;
use std::sync::OnceLock;

/// Elements that are used, and the Debian package of each.
const PACKAGES: &[(&str, &[&str])] = &[
    (
        "libgstreamer1.0-0",
        &[
            "filesrc",
            "filesink",
            "fakesink",
            "capsfilter",
            "queue",
            "identity",
            "tee",
        ],
    ),
    (
        "gstreamer1.0-libav",
        &["avdec_mpeg4", "avdec_h264", "avenc_mpeg4", "avenc_aac"],
    ),
    (
        "gstreamer1.0-plugins-bad",
        &["mpeg4videoparse", "h264parse", "openh264enc", "adpcmdec"],
    ),
    ("gstreamer1.0-plugins-ugly", &["x264enc"]),
    (
        "gstreamer1.0-plugins-good",
        &[
            "mp4mux",
            "qtmux",
            "qtdemux",
            "matroskamux",
            "matroskademux",
            "avimux",
            "avidemux",
            "jpegdec",
            "jpegenc",
            "pngenc",
            "pngdec",
            "mulawenc",
            "videocrop",
            "videobox",
            "mulawdec",
            "alawdec",
            "wavparse",
        ],
    ),
    (
        "gstreamer1.0-plugins-base",
        &[
            "decodebin",
            "decodebin3",
            "parsebin",
            "uridecodebin",
            "videoconvert",
            "videoscale",
            "videorate",
            "audioconvert",
            "audioresample",
            "compositor",
            "textoverlay",
            "timeoverlay",
            "appsink",
            "appsrc",
            "videotestsrc",
        ],
    ),
];

/// Starts GStreamer and registers this plugin, once: a plugin cannot be registered again.
///
/// # Errors
/// A GStreamer that does not start.
pub fn init() -> Result<(), Failure> {
    static STARTED: OnceLock<Result<(), Failure>> = OnceLock::new();
    STARTED.get_or_init(start).clone()
}

fn start() -> Result<(), Failure> {
    gst::init().map_err(|error| Failure::Media(format!("GStreamer does not start: {error}")))?;
    gstexp::plugin_register_static()
        .map_err(|error| Failure::Media(format!("the built-in plugin does not start: {error}")))
}

/// The Debian package that has an element.
pub fn package(element: &str) -> Option<&'static str> {
    PACKAGES
        .iter()
        .find(|(_, elements)| elements.contains(&element))
        .map(|(package, _)| *package)
}

/// The message for an element that is not installed.
pub fn missing(element: &str) -> Failure {
    Failure::Media(match package(element) {
        Some(package) => format!(
            "the GStreamer element {element} is missing; Debian has it in {package} (apt install {package})"
        ),
        None => format!("the GStreamer element {element} is missing"),
    })
}

/// Makes sure that these elements are there.
///
/// # Errors
/// Names the first that is missing, and its Debian package.
pub fn need(elements: &[&str]) -> Result<(), Failure> {
    match elements
        .iter()
        .find(|name| gst::ElementFactory::find(name).is_none())
    {
        Some(name) => Err(missing(name)),
        None => Ok(()),
    }
}

/// Makes an element.
///
/// # Errors
/// Names the element and its Debian package where it is missing.
pub fn element(name: &str) -> Result<gst::Element, Failure> {
    gst::ElementFactory::make(name)
        .build()
        .map_err(|_| missing(name))
}

/// Runs a pipeline to its end and puts it to rest. `tick` is called about ten times a second.
///
/// Returns the warnings that were told.
///
/// # Errors
/// The first error of any element; a missing plugin is named with its package. What `tick` fails with.
pub fn run(
    pipeline: &gst::Pipeline,
    mut tick: impl FnMut(&gst::Pipeline) -> Result<(), Failure>,
) -> Result<Vec<String>, Failure> {
    let done = until_end(pipeline, &mut tick);
    let _ = pipeline.set_state(gst::State::Null);
    done
}

fn until_end(
    pipeline: &gst::Pipeline,
    tick: &mut dyn FnMut(&gst::Pipeline) -> Result<(), Failure>,
) -> Result<Vec<String>, Failure> {
    let bus = pipeline
        .bus()
        .ok_or_else(|| Failure::Media("a pipeline without a bus".to_owned()))?;
    let mut warnings = Vec::new();
    let mut lacks = None;
    let started = pipeline.set_state(gst::State::Playing);
    loop {
        let Some(message) = bus.timed_pop(gst::ClockTime::from_mseconds(100)) else {
            if started.is_err() {
                return Err(Failure::Media("the pipeline does not start".to_owned()));
            }
            tick(pipeline)?;
            continue;
        };
        match message.view() {
            gst::MessageView::Eos(_) => return Ok(warnings),
            gst::MessageView::Error(error) => {
                return Err(lacks.unwrap_or_else(|| told(error)));
            }
            gst::MessageView::Warning(warning) => {
                // the lines before name a source file
                let detail = warning.debug().unwrap_or_default();
                let detail = detail.lines().last().unwrap_or_default().trim();
                warnings.push(format!("{} ({detail})", warning.error()));
            }
            gst::MessageView::Element(_) => {
                if let Some(failure) = missing_plugin(&message) {
                    lacks.get_or_insert(failure);
                }
            }
            _ => {}
        }
    }
}

fn told(error: &gst::message::Error) -> Failure {
    let source = error.src().map(|source| source.name()).unwrap_or_default();
    let detail = error.debug().unwrap_or_default();
    // the first line of the detail names a source file of GStreamer
    let detail = detail.lines().last().unwrap_or_default().trim().to_owned();
    let disk = [gst::ResourceError::NoSpaceLeft, gst::ResourceError::Write];
    if disk.into_iter().any(|kind| error.error().matches(kind)) {
        return Failure::Output(error.error().to_string());
    }
    Failure::Media(format!("{source}: {} ({detail})", error.error()))
}

/// A message that a plugin is missing, as decodebin posts it.
pub fn missing_plugin(message: &gst::MessageRef) -> Option<Failure> {
    let structure = message.structure()?;
    if structure.name() != "missing-plugin" {
        return None;
    }
    let name: String = structure.get("name").unwrap_or_default();
    if let Ok(element) = structure.get::<String>("detail")
        && let Some(package) = package(&element)
    {
        return Some(Failure::Media(format!(
            "the GStreamer element {element} is missing; Debian has it in {package} (apt install {package})"
        )));
    }
    let caps = structure.get::<gst::Caps>("detail");
    let package = caps.map_or(LIBAV, |caps| stream_package(&caps));
    Some(Failure::Media(format!(
        "GStreamer has no {name} here; Debian has it in {package} (apt install {package})"
    )))
}

const LIBAV: &str = "gstreamer1.0-libav";

/// Streams that need no libav, and the Debian package that has their demuxer or decoder.
const STREAMS: &[(&str, &[&str])] = &[
    (
        "gstreamer1.0-plugins-good",
        &[
            "video/quicktime",
            "audio/x-m4a",
            "video/x-matroska",
            "video/x-matroska-3d",
            "audio/x-matroska",
            "video/webm",
            "audio/webm",
            "video/x-msvideo",
            "video/x-flv",
            "video/x-dv",
            "video/x-vp8",
            "video/x-vp9",
            "image/jpeg",
            "image/png",
            "multipart/x-mixed-replace",
            "application/x-id3",
            "audio/x-wav",
            "audio/x-flac",
            "audio/x-mulaw",
            "audio/x-alaw",
            "audio/x-au",
            "audio/x-speex",
            "audio/x-wavpack",
        ],
    ),
    (
        "gstreamer1.0-plugins-base",
        &[
            "application/ogg",
            "video/x-theora",
            "audio/x-vorbis",
            "audio/x-opus",
        ],
    ),
    (
        "gstreamer1.0-plugins-bad",
        &[
            "video/mpegts",
            "application/mxf",
            "application/x-hls",
            "application/dash+xml",
            "image/webp",
        ],
    ),
    (
        "gstreamer1.0-plugins-ugly",
        &["video/x-ms-asf", "application/vnd.rn-realmedia"],
    ),
];

/// The Debian package for a stream that nothing here can read.
fn stream_package(caps: &gst::Caps) -> &'static str {
    let Some(structure) = caps.structure(0) else {
        return LIBAV;
    };
    let name = structure.name();
    // programme streams have the name of the pictures in them
    if name == "video/mpeg" && structure.get("systemstream") == Ok(true) {
        return "gstreamer1.0-plugins-bad";
    }
    STREAMS
        .iter()
        .find(|(_, streams)| streams.contains(&name.as_str()))
        .map_or(LIBAV, |(package, _)| *package)
}
