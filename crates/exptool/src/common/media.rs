// SPDX-License-Identifier: MPL-2.0
//! GStreamer, with this plugin linked in.

use super::{Failure, Input};
use formats::reader::Codec;
use gst::prelude::*;
use std::{fmt::Write, sync::OnceLock};

/// Elements that are used, and the Debian package of each.
const PACKAGES: &[(&str, &[&str])] = &[
    (
        "libgstreamer1.0-0",
        &[
            "filesrc",
            "filesink",
            "fakesink",
            "capsfilter",
            "concat",
            "queue",
            "identity",
            "tee",
        ],
    ),
    (
        "gstreamer1.0-libav",
        &[
            "avdec_mpeg4",
            "avdec_h264",
            "avenc_mpeg4",
            "avenc_aac",
            "avenc_prores_ks",
        ],
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

/// Builds a pipeline from a description in the syntax of `gst-launch-1.0`.
///
/// # Errors
/// Names an element that is missing, and its Debian package.
pub fn launch(description: &str) -> Result<gst::Pipeline, Failure> {
    let mut context = gst::ParseContext::new();
    let flags = gst::ParseFlags::FATAL_ERRORS;
    let built = gst::parse::launch_full(description, Some(&mut context), flags);
    match (built, context.missing_elements().first()) {
        (_, Some(element)) => Err(missing(element)),
        (Ok(element), None) => element
            .downcast()
            .map_err(|_| Failure::Media("the description is not of a pipeline".to_owned())),
        (Err(error), None) => Err(Failure::Media(format!(
            "the pipeline cannot be built: {error}"
        ))),
    }
}

/// An element of a pipeline.
///
/// # Errors
/// No element of that name.
pub fn by_name(pipeline: &gst::Pipeline, name: &str) -> Result<gst::Element, Failure> {
    let found = pipeline.by_name(name);
    found.ok_or_else(|| Failure::Media(format!("the pipeline has no element {name}")))
}

/// A recording that a demuxer reads.
pub struct Source<'a> {
    /// The file.
    pub input: &'a Input,
    /// The only camera to output, 0 = all.
    pub camera: u16,
    /// Gaps keep their length.
    pub preserve: bool,
    /// `--layout`.
    pub layout: Option<&'a str>,
}

impl Source<'_> {
    /// The description of source and demuxer; the demuxer has this name.
    pub fn describe(&self, name: &str) -> String {
        let gaps = if self.preserve {
            "preserve"
        } else {
            "collapse"
        };
        format!(
            "filesrc name={name}-file ! {} name={name} camera={} gap-policy={gaps}",
            self.input.demuxer(),
            self.camera
        )
    }

    /// Source and demuxer of these names, linked with each other, in a pipeline that already runs.
    ///
    /// # Errors
    /// A missing element.
    pub fn add(&self, pipeline: &gst::Pipeline, name: &str) -> Result<[gst::Element; 2], Failure> {
        let (file, demuxer) = (element("filesrc")?, element(self.input.demuxer())?);
        file.set_property("name", format!("{name}-file"));
        demuxer.set_property("name", name);
        demuxer.set_property("camera", u32::from(self.camera));
        let gaps = if self.preserve {
            "preserve"
        } else {
            "collapse"
        };
        demuxer.set_property_from_str("gap-policy", gaps);
        let fail = |_| Failure::Media(format!("{name}: cannot be added to the pipeline"));
        pipeline.add_many([&file, &demuxer]).map_err(fail)?;
        file.link(&demuxer).map_err(fail)?;
        self.set(pipeline, name)?;
        Ok([file, demuxer])
    }

    /// Sets what cannot go into a description; the demuxer.
    ///
    /// # Errors
    /// No such element.
    pub fn set(&self, pipeline: &gst::Pipeline, name: &str) -> Result<gst::Element, Failure> {
        by_name(pipeline, &format!("{name}-file"))?.set_property("location", &self.input.path);
        let demuxer = by_name(pipeline, name)?;
        if let Some(layout) = self.layout
            && demuxer.has_property("layout")
        {
            demuxer.set_property("layout", layout);
        }
        Ok(demuxer)
    }
}

/// Decoder of a codec, from the demuxer's stream on. Threads that decode several frames at once hold many of them.
pub fn decoder(codec: Codec) -> Vec<String> {
    let names: &[&str] = match codec {
        Codec::H264 => &["h264parse", "avdec_h264 max-threads=1"],
        Codec::Jpeg => &["jpegdec"],
        _ => &["avdec_mpeg4 max-threads=1"],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Running time of a buffer on a pad, nanoseconds; `None` outside the segment.
pub fn running_time(pad: &gst::Pad, buffer: &gst::BufferRef) -> Option<u64> {
    let event = pad.sticky_event::<gst::event::Segment>(0)?;
    let segment = event.segment().downcast_ref::<gst::ClockTime>()?;
    let running = segment.to_running_time(buffer.dts_or_pts()?)?;
    Some(running.nseconds())
}

/// Stream time at which the segment of a pad begins, nanoseconds.
pub fn segment_start(pad: &gst::Pad) -> u64 {
    let event = pad.sticky_event::<gst::event::Segment>(0);
    let start = event.and_then(|event| {
        let segment = event.segment().downcast_ref::<gst::ClockTime>()?;
        segment.start()
    });
    start.map_or(0, gst::ClockTime::nseconds)
}

/// A JPEG of 3 bytes a pixel, with texts in its comment.
///
/// # Errors
/// A missing element, bytes that do not fit the size.
pub fn jpeg(
    (width, height): (u32, u32),
    rgb: Vec<u8>,
    texts: &[(String, String)],
) -> Result<Vec<u8>, Failure> {
    let pipeline = launch(&format!(
        "appsrc name=in format=time caps=video/x-raw,format=RGB,width={width},height={height},framerate=1/1 \
         ! videoconvert ! jpegenc quality=92 ! appsink name=out sync=false"
    ))?;
    let fail = |_| Failure::Media("the JPEG encoder gave nothing".to_owned());
    pipeline.set_state(gst::State::Playing).map_err(fail)?;
    let line = width as usize * 3;
    // rows are padded to four bytes
    let mut rows = rgb;
    if !line.is_multiple_of(4) {
        let padded = rows.chunks_exact(line).flat_map(|row| {
            let padding = line.next_multiple_of(4) - line;
            row.iter().copied().chain(std::iter::repeat_n(0, padding))
        });
        rows = padded.collect();
    }
    let mut buffer = gst::Buffer::from_slice(rows);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(gst::ClockTime::ZERO);
    }
    let (source, sink) = (by_name(&pipeline, "in")?, by_name(&pipeline, "out")?);
    let _: gst::FlowReturn = source.emit_by_name("push-buffer", &[&buffer]);
    let _: gst::FlowReturn = source.emit_by_name("end-of-stream", &[]);
    let wait = gst::ClockTime::from_seconds(60).nseconds();
    let sample: Option<gst::Sample> = sink.emit_by_name("try-pull-sample", &[&wait]);
    let _ = pipeline.set_state(gst::State::Null);
    let map = sample
        .as_ref()
        .and_then(|sample| sample.buffer()?.map_readable().ok());
    let (start, rest) = map
        .as_deref()
        .and_then(|bytes| bytes.split_at_checked(2))
        .ok_or_else(|| Failure::Media("the JPEG encoder gave nothing".to_owned()))?;
    let texts: Vec<String> = texts
        .iter()
        .map(|(name, text)| format!("{name}: {text}"))
        .collect();
    let comment = texts.join("\n");
    let comment = comment
        .as_bytes()
        .get(..65_533)
        .unwrap_or(comment.as_bytes());
    let length = u16::try_from(comment.len() + 2).unwrap_or(u16::MAX);
    let segment = [&[0xff, 0xfe][..], &length.to_be_bytes(), comment].concat();
    Ok([start, &segment, rest].concat())
}

/// Runs a pipeline to its end and puts it to rest. `tick` is called about ten times a second.
///
/// Returns the warnings that were posted.
///
/// # Errors
/// The first error of any element; a missing plugin is named with its package. What `tick` fails with.
pub fn run(
    pipeline: &gst::Pipeline,
    mut tick: impl FnMut(&gst::Pipeline) -> Result<(), Failure>,
) -> Result<Vec<String>, Failure> {
    run_with(pipeline, &mut || tick(pipeline), &mut |_| Ok(()))
}

/// The same; `hear` gets every message first.
///
/// # Errors
/// As [`run`]; what `hear` fails with.
pub fn run_with(
    pipeline: &gst::Pipeline,
    tick: &mut dyn FnMut() -> Result<(), Failure>,
    hear: &mut dyn FnMut(&gst::MessageRef) -> Result<(), Failure>,
) -> Result<Vec<String>, Failure> {
    let done = until_end(pipeline, tick, hear);
    let _ = pipeline.set_state(gst::State::Null);
    done
}

/// How often `tick` is called.
const TICK: std::time::Duration = std::time::Duration::from_millis(100);

fn until_end(
    pipeline: &gst::Pipeline,
    tick: &mut dyn FnMut() -> Result<(), Failure>,
    hear: &mut dyn FnMut(&gst::MessageRef) -> Result<(), Failure>,
) -> Result<Vec<String>, Failure> {
    let bus = pipeline
        .bus()
        .ok_or_else(|| Failure::Media("a pipeline without a bus".to_owned()))?;
    let mut warnings = Vec::new();
    let mut lacks = None;
    let mut ticked = std::time::Instant::now();
    let started = pipeline.set_state(gst::State::Playing);
    loop {
        let message = bus.timed_pop(gst::ClockTime::from_mseconds(100));
        if message.is_none() && started.is_err() {
            return Err(Failure::Media("the pipeline does not start".to_owned()));
        }
        if ticked.elapsed() >= TICK {
            ticked = std::time::Instant::now();
            tick()?;
        }
        let Some(message) = message else {
            continue;
        };
        hear(&message)?;
        match message.view() {
            gst::MessageView::Eos(_) => return Ok(warnings),
            gst::MessageView::Error(error) => {
                return Err(lacks.unwrap_or_else(|| explain(error)));
            }
            gst::MessageView::Warning(warning) => {
                let detail = warning.debug();
                let text = format!("{}{}", warning.error(), last_line(detail.as_deref()));
                if !warnings.contains(&text) {
                    warnings.push(text);
                }
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

/// The last line of a message's detail, in brackets: the lines before name a source file.
fn last_line(detail: Option<&str>) -> String {
    let mut text = String::new();
    let line = detail.and_then(|detail| detail.lines().last());
    if let Some(line) = line.map(str::trim).filter(|line| !line.is_empty()) {
        let _ = write!(text, " ({line})");
    }
    text
}

/// What an error message means.
pub fn explain(error: &gst::message::Error) -> Failure {
    let disk = [
        gst::ResourceError::NoSpaceLeft,
        gst::ResourceError::Write,
        gst::ResourceError::OpenWrite,
    ];
    if disk.into_iter().any(|kind| error.error().matches(kind)) {
        return Failure::Output(error.error().to_string());
    }
    let source = error.src().map(|source| source.name()).unwrap_or_default();
    let detail = error.debug();
    Failure::Media(format!(
        "{source}: {}{}",
        error.error(),
        last_line(detail.as_deref())
    ))
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
    // program streams have the name of the video in them
    if name == "video/mpeg" && structure.get("systemstream") == Ok(true) {
        return "gstreamer1.0-plugins-bad";
    }
    STREAMS
        .iter()
        .find(|(_, streams)| streams.contains(&name.as_str()))
        .map_or(LIBAV, |(package, _)| *package)
}
