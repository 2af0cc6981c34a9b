// SPDX-License-Identifier: MPL-2.0
//! The pipeline that makes a recording: one branch for each camera, and one for audio.

use super::{Codec, Make, Standard, clock::Clock, input, watch::Watch};
use crate::common::{Failure, media};
use formats::reader::Mode;
use gst::{buffer::BufferMetaForeachAction, prelude::*};
use gstexp::tags::{CameraNumber, RecordingMode};
use std::{
    collections::VecDeque,
    fmt::Write,
    ops::ControlFlow,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Coded bytes that wait for the other cameras at most: the muxer waits for the slowest.
const QUEUE: &str = "queue max-size-buffers=500 max-size-time=0 max-size-bytes=2097152";

/// A pipeline that is ready to run.
pub struct Made {
    /// The pipeline.
    pub pipeline: gst::Pipeline,
    /// What decodes the inputs, with the number of the input.
    pub sources: Vec<(usize, gst::Element)>,
    /// Where raw frames of each input arrive.
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

/// The whole pipeline, from the inputs to the file.
///
/// # Errors
/// A missing element; a test pattern that there is not.
pub fn build(make: &Make, output: &Path, utc_offset: i32, watch: &Watch) -> Result<Made, Failure> {
    let mut text = "expmux name=mux ! filesink name=out".to_owned();
    for n in 0..make.inputs.len() {
        let pad = make.number(n) - 1;
        let _ = write!(text, " {} ! mux.video_{pad}", camera(make, n));
    }
    if make.audio {
        let _ = write!(
            text,
            " audioconvert name=audio ! audioresample ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! {QUEUE} ! mux.audio_0"
        );
    }
    let pipeline = media::launch(&text)?;
    let element = |name: &str| media::by_name(&pipeline, name);
    let (mux, start) = (element("mux")?, start_of(make));
    mux.set_property("server", &make.server);
    mux.set_property("model", &make.model);
    mux.set_property("utc-offset", utc_offset);
    let standard = match make.standard {
        Standard::Ntsc => "ntsc",
        Standard::Pal => "pal",
    };
    mux.set_property_from_str("video-standard", standard);
    mux.set_property("start-time", u64::try_from(start).unwrap_or(0));
    element("out")?.set_property("location", output);
    let (mut sources, mut heads) = (Vec::new(), Vec::new());
    for n in 0..make.inputs.len() {
        let first = element(&format!("first{n}"))?;
        let encoder = element(&format!("encoder{n}"))?;
        if let Some(pad) = encoder.static_pad("sink") {
            input::cut(&pad, input::limit(make));
        }
        mend_times(&encoder);
        if let Some(end) = element(&format!("last{n}"))?.static_pad("src") {
            timestamp(make, &end, n, start, watch);
        }
        heads.extend(first.static_pad("sink"));
        let source = input::frames(make, &pipeline, n, &first, watch)?;
        sources.extend(source.map(|source| (n, source)));
    }
    if make.audio {
        let first = element("audio")?;
        sources.push((0, input::audio(make, &pipeline, 0, &first, watch)?));
    }
    Ok(Made {
        pipeline,
        sources,
        heads,
    })
}

/// Recorder's time of the first frame, ns since 1970.
fn start_of(make: &Make) -> i64 {
    let now = || {
        let now = jiff::Timestamp::now().as_millisecond();
        now.saturating_mul(1_000_000)
    };
    make.start.map_or_else(now, |start| start.time)
}

/// The branch of a camera, from raw frames to the muxer.
fn camera(make: &Make, n: usize) -> String {
    let (width, height) = make.size.unwrap_or(match make.standard {
        Standard::Ntsc => (352, 240),
        Standard::Pal => (352, 288),
    });
    let (rate, per) = make.rate;
    format!(
        "videoconvert name=first{n} ! videoscale ! videorate \
         ! video/x-raw,format=I420,width={width},height={height},framerate={rate}/{per},pixel-aspect-ratio={}/{} \
         ! {} ! {QUEUE} name=last{n}",
        4 * height,
        3 * width,
        coder(make, n)
    )
}

fn coder(make: &Make, n: usize) -> String {
    let (gop, bits) = (make.gop, make.bitrate);
    match make.codec {
        // the element's tolerance, 4 Mbit, is more than most recordings have; the library takes the least it can instead of 1
        Codec::Mpeg4 => format!(
            "avenc_mpeg4 name=encoder{n} bitrate={bits} bitrate-tolerance=1 gop-size={gop} max-bframes=0 ! mpeg4videoparse"
        ),
        // what waits in the encoder is memory
        Codec::H264 => format!(
            "x264enc name=encoder{n} tune=zerolatency speed-preset=veryfast bitrate={} key-int-max={gop} threads=1 ref=1 \
             rc-lookahead=0 sync-lookahead=0 mb-tree=false ! h264parse config-interval=-1",
            (bits / 1000).max(1)
        ),
    }
}

/// Gives each coded frame the time of the raw frame it came from: `avenc_mpeg4` of GStreamer 1.22 outputs the "no time" of
/// its library, 2^63, in a segment that begins at 1000 hours. There are no B frames, so that frames come out in their order.
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

/// Puts the recorder's time on each frame, and tags of camera, title and mode where they begin to hold.
fn timestamp(make: &Make, pad: &gst::Pad, n: usize, start: i64, watch: &Watch) {
    let (watch, own_clock) = (watch.clone(), make.own_clock());
    let reference = gst::Caps::new_empty_simple("timestamp/x-unix");
    let clock = Mutex::new(Clock::new(start, &make.breaks));
    let mut modes = vec![(0, make.mode)];
    modes.extend(make.modes.iter().copied());
    modes.sort_by_key(|(at, _)| *at);
    let (number, title) = (make.number(n), make.titles.get(n).cloned());
    let tagged: Arc<Mutex<Option<Mode>>> = Arc::default();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(running) = running_of(pad, info) else {
            return gst::PadProbeReturn::Ok;
        };
        let mode = modes
            .iter()
            .rfind(|(at, _)| *at <= running)
            .map_or(Mode::Unknown, |(_, mode)| *mode);
        let before = tagged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(mode);
        if before != Some(mode) {
            pad.push_event(gst::event::Tag::new(tags(number, title.as_deref(), mode)));
        }
        if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data {
            let key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
            watch.frame(running, key);
            if !own_clock && gstexp::recorder_time(buffer).is_some() {
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
        list.add::<CameraNumber>(&number, replace);
        if let Some(title) = title.filter(|title| !title.is_empty()) {
            list.add::<gst::tags::Title>(&title, replace);
        }
        list.add::<RecordingMode>(&mode.name().unwrap_or("unknown"), replace);
    }
    tags
}
