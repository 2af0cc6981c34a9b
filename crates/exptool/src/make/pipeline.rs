// SPDX-License-Identifier: MPL-2.0
//! The pipeline that makes a recording: one branch for each camera, and one for sound.

use super::{Codec, Make, Standard, clock::Clock, input, watch::Watch};
use crate::common::media::clock_of;
use crate::common::{Failure, media};
use formats::reader::Mode;
use gst::{buffer::BufferMetaForeachAction, glib, prelude::*};
use std::{
    collections::VecDeque,
    ops::ControlFlow,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Coded bytes that wait for the other cameras at most.
const WAITING: u32 = 2 << 20;

/// A pipeline that is ready to run.
pub struct Made {
    /// The pipeline.
    pub pipeline: gst::Pipeline,
    /// What decodes the inputs, with the number of the input.
    pub sources: Vec<(usize, gst::Element)>,
    /// Where raw pictures of each input arrive.
    heads: Vec<gst::Pad>,
}

impl Made {
    /// Milliseconds of video, as far as the inputs or the options tell.
    pub fn length(&self, make: &Make) -> Option<u64> {
        let limit = make.seconds.map(|seconds| (seconds * 1000.0) as u64);
        let lengths = self.heads.iter().map(|head| {
            let known = head.peer_query_duration::<gst::ClockTime>();
            let known = known.map(gst::ClockTime::mseconds);
            match (known, limit) {
                (Some(known), Some(limit)) => Some(known.min(limit)),
                (known, limit) => known.or(limit),
            }
        });
        lengths.collect::<Option<Vec<u64>>>()?.into_iter().max()
    }
}

pub fn fail(error: glib::BoolError) -> Failure {
    Failure::Media(error.to_string())
}

/// The whole pipeline, from the inputs to the file.
///
/// # Errors
/// A missing element; a test pattern that there is not.
pub fn build(make: &Make, output: &Path, utc_offset: i32, watch: &Watch) -> Result<Made, Failure> {
    let pipeline = gst::Pipeline::new();
    let start = start_of(make);
    let mux = media::element("expmux")?;
    mux.set_property("server", &make.server);
    mux.set_property("model", &make.model);
    mux.set_property("utc-offset", utc_offset);
    let standard = match make.standard {
        Standard::Ntsc => "ntsc",
        Standard::Pal => "pal",
    };
    mux.set_property_from_str("video-standard", standard);
    mux.set_property("start-time", u64::try_from(start).unwrap_or(0));
    let sink = media::element("filesink")?;
    sink.set_property("location", output);
    pipeline.add_many([&mux, &sink]).map_err(fail)?;
    mux.link(&sink).map_err(fail)?;
    let (mut sources, mut heads) = (Vec::new(), Vec::new());
    for n in 0..make.inputs.len() {
        let number = make.number(n);
        let pad = mux
            .request_pad_simple(&format!("video_{}", number - 1))
            .ok_or_else(|| Failure::Media(format!("no pad for camera {number}")))?;
        let first = camera(make, &pipeline, &pad, n, (start, watch))?;
        heads.extend(first.static_pad("sink"));
        let source = input::pictures(make, &pipeline, n, &first, watch)?;
        sources.extend(source.map(|source| (n, source)));
        if make.sound && n == 0 {
            let first = sound(&pipeline, &mux)?;
            sources.push((n, input::sound(make, &pipeline, n, &first, watch)?));
        }
    }
    Ok(Made {
        pipeline,
        sources,
        heads,
    })
}

/// Recorder's time of the first picture, ns since 1970.
fn start_of(make: &Make) -> i64 {
    let now = || {
        let now = jiff::Timestamp::now().as_millisecond();
        now.saturating_mul(1_000_000)
    };
    make.start.map_or_else(now, |start| start.time)
}

/// Adds elements one behind the other; the first and the last are handed back.
fn chain(
    pipeline: &gst::Pipeline,
    elements: &[gst::Element],
) -> Result<(gst::Element, gst::Element), Failure> {
    pipeline.add_many(elements).map_err(fail)?;
    gst::Element::link_many(elements).map_err(fail)?;
    match (elements.first(), elements.last()) {
        (Some(first), Some(last)) => Ok((first.clone(), last.clone())),
        _ => Err(Failure::Media("an empty chain".to_owned())),
    }
}

pub fn caps_filter(caps: gst::Caps) -> Result<gst::Element, Failure> {
    let filter = media::element("capsfilter")?;
    filter.set_property("caps", caps);
    Ok(filter)
}

fn queue() -> Result<gst::Element, Failure> {
    let queue = media::element("queue")?;
    // the muxer waits for the slowest
    queue.set_property("max-size-buffers", 500u32);
    queue.set_property("max-size-time", 0u64);
    queue.set_property("max-size-bytes", WAITING);
    Ok(queue)
}

/// The branch of a camera, from raw pictures to the muxer's pad. Hands back its first element.
fn camera(
    make: &Make,
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    n: usize,
    (start, watch): (i64, &Watch),
) -> Result<gst::Element, Failure> {
    let (width, height) = make.size.unwrap_or(match make.standard {
        Standard::Ntsc => (352, 240),
        Standard::Pal => (352, 288),
    });
    let caps = gst::Caps::builder("video/x-raw")
        .field("width", width)
        .field("height", height)
        .field("framerate", gst::Fraction::new(make.rate.0, make.rate.1))
        .field("format", "I420")
        .field(
            "pixel-aspect-ratio",
            gst::Fraction::new(4 * height, 3 * width),
        )
        .build();
    let (encoder, parser) = coder(make)?;
    let elements = [
        media::element("videoconvert")?,
        media::element("videoscale")?,
        media::element("videorate")?,
        caps_filter(caps)?,
        encoder.clone(),
        parser,
        queue()?,
    ];
    let (first, last) = chain(pipeline, &elements)?;
    let end = last
        .static_pad("src")
        .ok_or_else(|| Failure::Media("a queue without a pad".to_owned()))?;
    end.link(pad)
        .map_err(|error| Failure::Media(format!("camera {}: {error:?}", make.number(n))))?;
    if let Some(pad) = encoder.static_pad("sink") {
        input::cut(&pad, input::limit(make));
    }
    mend_times(&encoder);
    timestamp(make, &end, n, start, watch);
    Ok(first)
}

fn coder(make: &Make) -> Result<(gst::Element, gst::Element), Failure> {
    let gop = i32::try_from(make.gop).unwrap_or(i32::MAX);
    match make.codec {
        Codec::Mpeg4 => {
            let encoder = media::element("avenc_mpeg4")?;
            encoder.set_property_from_str("bitrate", &make.bitrate.to_string());
            // the element's tolerance, 4 Mbit, is more than most recordings have; the library takes the least it can instead of 1
            encoder.set_property("bitrate-tolerance", 1i32);
            encoder.set_property("gop-size", gop);
            encoder.set_property("max-bframes", 0i32);
            Ok((encoder, media::element("mpeg4videoparse")?))
        }
        Codec::H264 => {
            let encoder = media::element("x264enc")?;
            encoder.set_property_from_str("tune", "zerolatency");
            encoder.set_property_from_str("speed-preset", "veryfast");
            encoder.set_property("bitrate", (make.bitrate / 1000).max(1));
            encoder.set_property("key-int-max", make.gop);
            // what waits in the encoder is memory
            for (name, value) in [("threads", 1u32), ("ref", 1)] {
                encoder.set_property(name, value);
            }
            encoder.set_property("rc-lookahead", 0i32);
            encoder.set_property("sync-lookahead", 0i32);
            encoder.set_property("mb-tree", false);
            let parser = media::element("h264parse")?;
            parser.set_property("config-interval", -1i32);
            Ok((encoder, parser))
        }
    }
}

/// Gives each coded picture the time of the raw picture it came from: `avenc_mpeg4` of GStreamer 1.22 outputs the "no time" of
/// its library, 2^63, in a segment that begins at 1000 hours. There are no B pictures, so that pictures come out in their order.
fn mend_times(encoder: &gst::Element) {
    let (Some(sink), Some(source)) = (encoder.static_pad("sink"), encoder.static_pad("src")) else {
        return;
    };
    let times: Arc<Mutex<VecDeque<gst::ClockTime>>> = Arc::default();
    let waiting = times.clone();
    sink.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(running) = running_of(pad, info) {
            let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
            times.push_back(gst::ClockTime::from_nseconds(running.unsigned_abs()));
        }
        gst::PadProbeReturn::Ok
    });
    source.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let running = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let time = segment_of(pad)
            .zip(running)
            .and_then(|(segment, running)| segment.position_from_running_time(running));
        if let (Some(gst::PadProbeData::Buffer(buffer)), Some(time)) = (&mut info.data, time) {
            let buffer = buffer.make_mut();
            buffer.set_pts(time);
            buffer.set_dts(time);
        }
        gst::PadProbeReturn::Ok
    });
}

/// Running time of the buffer of a probe.
pub fn running_of(pad: &gst::Pad, info: &gst::PadProbeInfo) -> Option<i64> {
    let Some(gst::PadProbeData::Buffer(buffer)) = &info.data else {
        return None;
    };
    let running = segment_of(pad)?.to_running_time(buffer.dts_or_pts()?)?;
    i64::try_from(running.nseconds()).ok()
}

fn segment_of(pad: &gst::Pad) -> Option<gst::FormattedSegment<gst::ClockTime>> {
    let event = pad.sticky_event::<gst::event::Segment>(0)?;
    event.segment().clone().downcast().ok()
}

/// Puts the recorder's time on each picture, and tags of camera, title and mode where they begin to hold.
fn timestamp(make: &Make, pad: &gst::Pad, n: usize, start: i64, watch: &Watch) {
    let (watch, own_clock) = (watch.clone(), make.own_clock());
    let reference = gst::Caps::new_empty_simple("timestamp/x-unix");
    let clock = Mutex::new(Clock::new(start, &make.breaks));
    let mut modes = vec![(0, make.mode)];
    modes.extend(make.modes.iter().copied());
    modes.sort_by_key(|(at, _)| *at);
    let (number, title) = (make.number(n), make.titles.get(n).cloned());
    let told: Arc<Mutex<Option<Mode>>> = Arc::default();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(running) = running_of(pad, info) else {
            return gst::PadProbeReturn::Ok;
        };
        let mode = modes
            .iter()
            .rfind(|(at, _)| *at <= running)
            .map_or(Mode::Unknown, |(_, mode)| *mode);
        let before = told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(mode);
        if before != Some(mode) {
            pad.push_event(gst::event::Tag::new(tags(number, title.as_deref(), mode)));
        }
        if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data {
            let key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
            watch.picture(running, key);
            if !own_clock && clock_of(buffer).is_some() {
                watch.keep();
                return gst::PadProbeReturn::Ok;
            }
            let clock = clock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .at(running, key);
            let time = gst::ClockTime::from_nseconds(u64::try_from(clock).unwrap_or(0));
            let buffer = buffer.make_mut();
            drop_clocks(buffer);
            gst::ReferenceTimestampMeta::add(buffer, &reference, time, gst::ClockTime::NONE);
        }
        gst::PadProbeReturn::Ok
    });
}

/// Takes away the times that the input brought along.
fn drop_clocks(buffer: &mut gst::BufferRef) {
    buffer.foreach_meta_mut(|mut meta| {
        let clock = meta.downcast_ref::<gst::ReferenceTimestampMeta>().is_some();
        ControlFlow::Continue(match clock {
            true => BufferMetaForeachAction::Remove,
            false => BufferMetaForeachAction::Keep,
        })
    });
}

fn tags(number: u32, title: Option<&str>, mode: Mode) -> gst::TagList {
    let mut tags = gst::TagList::new();
    if let Some(list) = tags.get_mut() {
        list.set_scope(gst::TagScope::Stream);
        let replace = gst::TagMergeMode::Replace;
        // the plugin's own tags are registered with it
        let _ = list.add_generic("camera-number", number, replace);
        if let Some(title) = title.filter(|title| !title.is_empty()) {
            let _ = list.add_generic("title", title, replace);
        }
        let _ = list.add_generic("recording-mode", mode.name().unwrap_or("unknown"), replace);
    }
    tags
}

/// The branch of sound, from raw samples to the muxer. Hands back its first element.
fn sound(pipeline: &gst::Pipeline, mux: &gst::Element) -> Result<gst::Element, Failure> {
    let caps = gst::Caps::builder("audio/x-raw")
        .field("rate", 8000i32)
        .field("channels", 1i32)
        .build();
    let elements = [
        media::element("audioconvert")?,
        media::element("audioresample")?,
        caps_filter(caps)?,
        media::element("mulawenc")?,
        queue()?,
    ];
    let (first, last) = chain(pipeline, &elements)?;
    let pad = mux
        .request_pad_simple("audio_%u")
        .ok_or_else(|| Failure::Media("no pad for sound".to_owned()))?;
    let end = last
        .static_pad("src")
        .ok_or_else(|| Failure::Media("a queue without a pad".to_owned()))?;
    end.link(&pad)
        .map_err(|error| Failure::Media(format!("sound: {error:?}")))?;
    Ok(first)
}
