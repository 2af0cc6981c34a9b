// SPDX-License-Identifier: MPL-2.0
//! The pipeline that writes one camera's output.

use super::{
    ClockIn, Format,
    captions::{Cues, Target, Words},
    chapters::{self, Chapter},
    clip::{Clip, Tracker},
    origin,
    watch::{watch_decoded, watch_pictures, watch_sound},
};
use crate::common::{Failure, media, output::NewFile};
use crate::recording::{Camera, Recording};
use formats::reader::Codec;
use gst::prelude::*;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Coded bytes that wait before a muxer at most.
const QUEUE_BYTES: u32 = 12 << 20;
/// Pictures that wait at most: more than a cue of subtitles holds.
const QUEUE_PICTURES: u32 = 2000;
/// Sound that begins later than this record finds the muxer's header written.
const LATE: u64 = 60;

/// What is to be made of a camera.
pub struct Job<'a> {
    /// The file.
    pub recording: &'a Recording,
    /// Its camera.
    pub camera: &'a Camera,
    /// Container.
    pub format: Format,
    /// To H.264.
    pub encode: bool,
    /// Where the recorder's clock goes.
    pub clock: ClockIn,
    /// Gaps keep their length.
    pub preserve: bool,
    /// Window.
    pub clip: Option<Clip>,
    /// Sound goes along.
    pub sound: bool,
    /// `--layout`.
    pub layout: Option<&'a str>,
    /// Comment that says what the output was made of.
    pub origin: &'a str,
}

/// Shared with the probes.
pub type Shared = Arc<Mutex<Tracker>>;

/// A pipeline that is ready to run.
pub struct Graph {
    /// The pipeline.
    pub pipeline: gst::Pipeline,
    /// Follows the pictures.
    pub tracker: Shared,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Recording that a muxer may hold back.
const MUXER_QUEUE: gst::ClockTime = gst::ClockTime::from_seconds(5);

/// The tracker; a poisoned lock is as good, the pipeline has failed then anyway.
pub fn lock(shared: &Shared) -> MutexGuard<'_, Tracker> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Words for a camera's pictures.
pub fn words(recording: &Recording, camera: &Camera) -> Words {
    Words {
        zone: recording.zone,
        has_clock: recording.has_clock(),
        camera: camera.name(),
    }
}

impl Job<'_> {
    /// Whether sound may go along.
    fn has_sound(&self) -> bool {
        self.sound && self.camera.sound.is_some()
    }
}

/// Builds the pipeline of a job. `srt`: file of the subtitles where they are no track.
///
/// # Errors
/// A missing element.
pub fn build(
    job: &Job<'_>,
    out: &Path,
    srt: Option<NewFile>,
    chapters: &[Chapter],
) -> Result<Graph, Failure> {
    let pipeline = gst::Pipeline::new();
    let collapse = !job.preserve;
    let words = words(job.recording, job.camera);
    let mut tracker = Tracker::new(job.clip.clone(), job.encode, collapse, words);
    let mut notes = Vec::new();
    let demux = source(
        &pipeline,
        job.recording,
        job.camera.number,
        job.preserve,
        job.layout,
    )?;
    let sink = sink(&pipeline, out)?;
    let mux = job.format.muxer().map(media::element).transpose()?;
    if let Some(mux) = &mux {
        pipeline.add(mux).map_err(built)?;
        mux.link(&sink).map_err(built)?;
        if let Some(setter) = mux.dynamic_cast_ref::<gst::TocSetter>() {
            setter.set_toc(Some(&chapters::toc(chapters)));
        }
        origin::write(mux, job.origin);
        if mux.has_property("latency") {
            // muxers built on GstAggregator take one buffer at a time unless they may wait for more, which costs twice the time
            mux.set_property("latency", MUXER_QUEUE.nseconds());
        }
    }
    match (srt, &mux) {
        (Some(file), _) => tracker.cues = Some(Cues::new(Target::File(file))),
        (None, Some(mux)) if job.clock == ClockIn::Subtitle => {
            tracker.cues = Some(Cues::new(Target::Track(text_source(&pipeline, mux)?)));
        }
        _ => {}
    }
    let tracker = Arc::new(Mutex::new(tracker));
    let head = video(job, &pipeline, &tracker, mux.as_ref().unwrap_or(&sink))?;
    if let (Some(mux), Some(units)) = (&mux, coarse_timescale(job)) {
        set_timescale(mux, units);
    }
    let mut links = vec![(format!("video_{}", job.camera.number), head, None)];
    if let Some(mux) = &mux
        && let Some((head, last)) = sound(job, &pipeline, &mut notes)?
    {
        let end = Some((last, mux.clone()));
        links.push((format!("audio_{}", job.camera.number), head, end));
    }
    let rate = (job.format == Format::Avi).then(|| frame_rate(job.camera));
    if let Some(rate) = rate {
        let interval = gst::ClockTime::SECOND.mul_div_floor(
            rate.denom().unsigned_abs().into(),
            rate.numer().unsigned_abs().into(),
        );
        lock(&tracker).steady = interval.map(gst::ClockTime::nseconds);
    }
    connect(&demux, links, &tracker, job.encode, rate);
    Ok(Graph {
        pipeline,
        tracker,
        notes,
    })
}

/// Units a second for an output so long that its times do not fit the muxer's 32 bits in its own units, of which it may take 30,000
/// a second; `None` where they fit.
fn coarse_timescale(job: &Job<'_>) -> Option<u32> {
    let runs = || job.camera.runs.iter();
    let lengths = runs().map(|run| run.last.saturating_sub(run.start));
    let gaps = runs()
        .zip(runs().skip(1))
        .filter(|_| job.preserve)
        .map(|(run, next)| next.start.saturating_sub(run.last).max(0));
    let length = lengths.chain(gaps).fold(0_i64, i64::saturating_add);
    let seconds = length.max(0).unsigned_abs() / 1_000_000_000;
    let fits = |units: &u32| seconds < u64::from(u32::MAX / 2 / units);
    match fits(&30_000) {
        true => None,
        false => [1000, 100, 10].into_iter().find(fits).or(Some(1)),
    }
}

/// Makes an MP4 muxer count in these units. Others have no such setting.
fn set_timescale(mux: &gst::Element, units: u32) {
    if mux.has_property("movie-timescale") {
        mux.set_property("movie-timescale", units);
    }
    for pad in mux.sink_pads() {
        if pad.has_property("trak-timescale") {
            pad.set_property("trak-timescale", units);
        }
    }
}

/// Name of a demuxer's pad, where it goes to, and for sound what is still to be linked to the muxer.
type Link = (String, gst::Pad, Option<(gst::Element, gst::Element)>);

/// Links the demuxer's pads as they come. The muxer gets its pad for sound only then: the demuxers give none for sound that is
/// silence, and a muxer waits for what it has a pad for.
fn connect(
    demux: &gst::Element,
    links: Vec<Link>,
    tracker: &Shared,
    encode: bool,
    rate: Option<gst::Fraction>,
) {
    let all_there = Arc::new(AtomicBool::new(false));
    let (late, tracker) = (all_there.clone(), tracker.clone());
    demux.connect_pad_added(move |demux, pad| {
        let Some((name, head, end)) = links.iter().find(|(name, ..)| *name == pad.name()) else {
            return;
        };
        if late.load(Ordering::Acquire) && end.is_some() {
            lock(&tracker).late_sound = true;
            return;
        }
        match end {
            None => watch_pictures(pad, &tracker, encode, rate),
            Some(_) => watch_sound(pad, &tracker),
        }
        let ended = end.as_ref().map_or(Ok(()), |(last, mux)| {
            last.link_pads(Some("src"), mux, Some("audio_%u"))
        });
        if ended.is_err() || pad.link(head).is_err() {
            let what = format!("{name} does not fit the output");
            demux.post_error_message(gst::error_msg!(gst::CoreError::Pad, ["{what}"]));
        }
    });
    demux.connect_no_more_pads(move |_| all_there.store(true, Ordering::Release));
}

/// Failure of putting a pipeline together.
pub fn built(error: glib::BoolError) -> Failure {
    Failure::Media(format!("the pipeline cannot be built: {error}"))
}

/// `filesrc ! demuxer`.
///
/// # Errors
/// A missing element.
pub fn source(
    pipeline: &gst::Pipeline,
    recording: &Recording,
    camera: u16,
    preserve: bool,
    layout: Option<&str>,
) -> Result<gst::Element, Failure> {
    let source = media::element("filesrc")?;
    source.set_property("location", &recording.input.path);
    let demux = media::element(recording.input.demuxer())?;
    demux.set_property("camera", u32::from(camera));
    demux.set_property_from_str("gap-policy", if preserve { "preserve" } else { "collapse" });
    if let Some(layout) = layout
        && demux.has_property("layout")
    {
        demux.set_property("layout", layout);
    }
    pipeline.add_many([&source, &demux]).map_err(built)?;
    source.link(&demux).map_err(built)?;
    Ok(demux)
}

/// The file at the end.
///
/// # Errors
/// A missing element.
pub fn sink(pipeline: &gst::Pipeline, out: &Path) -> Result<gst::Element, Failure> {
    let sink = media::element("filesink")?;
    sink.set_property("location", out);
    sink.set_property("async", false);
    pipeline.add(&sink).map_err(built)?;
    Ok(sink)
}

/// Adds elements and links them behind each other; the sink pad of the first and the last element.
///
/// # Errors
/// Elements that do not fit.
pub fn chain(
    pipeline: &gst::Pipeline,
    elements: &[gst::Element],
) -> Result<(gst::Pad, gst::Element), Failure> {
    pipeline.add_many(elements).map_err(built)?;
    gst::Element::link_many(elements).map_err(built)?;
    let head = elements
        .first()
        .and_then(|first| match first.name().starts_with("textoverlay") {
            true => first.static_pad("video_sink"),
            false => first.static_pad("sink"),
        });
    match (head, elements.last()) {
        (Some(head), Some(last)) => Ok((head, last.clone())),
        _ => Err(Failure::Media("a chain without elements".to_owned())),
    }
}

/// A queue that is bounded by bytes and pictures, and by time where one is given.
///
/// # Errors
/// A missing element.
pub fn queue(bytes: u32, time: Option<gst::ClockTime>) -> Result<gst::Element, Failure> {
    let queue = media::element("queue")?;
    queue.set_property("max-size-bytes", bytes);
    // small pictures take more memory than their bytes
    queue.set_property("max-size-buffers", QUEUE_PICTURES);
    queue.set_property("max-size-time", time.map_or(0, gst::ClockTime::nseconds));
    Ok(queue)
}

fn text_source(pipeline: &gst::Pipeline, mux: &gst::Element) -> Result<gst::Element, Failure> {
    let source = media::element("appsrc")?;
    source.set_property_from_str("format", "time");
    let caps = gst::Caps::builder("text/x-raw")
        .field("format", "utf8")
        .build();
    source.set_property("caps", caps);
    pipeline.add(&source).map_err(built)?;
    source
        .link_pads(Some("src"), mux, Some("subtitle_%u"))
        .map_err(built)?;
    Ok(source)
}

/// Decoder of a codec, from the demuxer's stream on.
///
/// # Errors
/// A missing element.
pub fn decoder(codec: Codec) -> Result<Vec<gst::Element>, Failure> {
    let names: &[&str] = match codec {
        Codec::H264 => &["h264parse", "avdec_h264"],
        Codec::Jpeg => &["jpegdec"],
        _ => &["avdec_mpeg4"],
    };
    let elements: Vec<_> = names
        .iter()
        .copied()
        .map(media::element)
        .collect::<Result<_, _>>()?;
    for element in &elements {
        // threads that decode several pictures at once hold many of them
        if element.has_property("max-threads") {
            element.set_property("max-threads", 1_i32);
        }
    }
    Ok(elements)
}

/// H.264 encoder and what a muxer wants after it.
///
/// # Errors
/// A missing element.
pub fn encoder() -> Result<Vec<gst::Element>, Failure> {
    let encoder = match gst::ElementFactory::find("x264enc") {
        None if gst::ElementFactory::find("openh264enc").is_some() => {
            media::element("openh264enc")?
        }
        _ => {
            let encoder = media::element("x264enc")?;
            encoder.set_property_from_str("pass", "qual");
            encoder.set_property("quantizer", 20_u32);
            encoder.set_property_from_str("speed-preset", "faster");
            encoder.set_property("bframes", 0_u32);
            encoder.set_property("key-int-max", 50_u32);
            // what waits in the encoder is most of the program's memory
            encoder.set_property("rc-lookahead", 0_i32);
            encoder.set_property("mb-tree", false);
            encoder.set_property("ref", 1_u32);
            encoder.set_property("threads", 1_u32);
            encoder.set_property("sync-lookahead", 0_i32);
            encoder
        }
    };
    Ok(vec![encoder, media::element("h264parse")?])
}

/// The way of the pictures into `target`, a muxer or the file; the pad at its beginning.
fn video(
    job: &Job<'_>,
    pipeline: &gst::Pipeline,
    tracker: &Shared,
    target: &gst::Element,
) -> Result<gst::Pad, Failure> {
    let mut elements = Vec::new();
    if job.encode {
        elements.extend(decoder(job.camera.codec)?);
        let decoded = elements.last().cloned();
        elements.push(media::element("videoconvert")?);
        let overlay = (job.clock == ClockIn::Burn).then(overlay).transpose()?;
        elements.extend(overlay.clone());
        elements.extend(encoder()?);
        if let Some(pad) = decoded.as_ref().and_then(|last| last.static_pad("src")) {
            let digits = if job.camera.timing.interval < 1_000_000_000 {
                23
            } else {
                19
            };
            watch_decoded(&pad, tracker, overlay, digits);
        }
    } else if job.camera.codec == Codec::H264 && job.format != Format::Avi {
        elements.push(media::element("h264parse")?);
    }
    let muxer = job.format.muxer().is_some();
    let alone = !(job.encode || job.has_sound() || (muxer && job.clock == ClockIn::Subtitle));
    if !alone {
        elements.push(queue(QUEUE_BYTES, None)?);
    }
    let unfit = || {
        Failure::Use(format!(
            "{} cannot hold the pictures of {} as they are: use --to mkv, or --transcode h264",
            job.format.name(),
            job.camera.name()
        ))
    };
    let name = if muxer { "video_%u" } else { "sink" };
    if elements.is_empty() {
        // a thread between demuxer and muxer would only cost time
        let pad = match muxer {
            true => target.request_pad_simple(name),
            false => target.static_pad(name),
        };
        return pad.ok_or_else(unfit);
    }
    let (head, last) = chain(pipeline, &elements)?;
    last.link_pads(Some("src"), target, Some(name))
        .map_err(|_| unfit())?;
    Ok(head)
}

/// Text in a corner of the picture.
///
/// # Errors
/// A missing element.
pub fn overlay() -> Result<gst::Element, Failure> {
    let overlay = media::element("textoverlay")?;
    overlay.set_property_from_str("valignment", "top");
    overlay.set_property_from_str("halignment", "left");
    overlay.set_property_from_str("line-alignment", "left");
    overlay.set_property("shaded-background", true);
    overlay.set_property("font-desc", "Sans 12");
    overlay.set_property("xpad", 6_i32);
    overlay.set_property("ypad", 4_i32);
    Ok(overlay)
}

/// The way of the sound to the muxer: the pad at its beginning, and its last element.
fn sound(
    job: &Job<'_>,
    pipeline: &gst::Pipeline,
    notes: &mut Vec<String>,
) -> Result<Option<(gst::Pad, gst::Element)>, Failure> {
    let Some(sound) = job.camera.sound.filter(|_| job.sound) else {
        return Ok(None);
    };
    if sound.first > LATE {
        notes.push(format!(
            "sound begins only at record {} and is left out",
            sound.first
        ));
        return Ok(None);
    }
    let decoder = match sound.codec {
        Codec::MuLaw => Some("mulawdec"),
        Codec::ALaw => Some("alawdec"),
        Codec::ImaAdpcm => Some("adpcmdec"),
        _ => None,
    };
    let mut names: Vec<&str> = Vec::new();
    if job.format == Format::Mp4 {
        names.extend(decoder);
        names.extend(["audioconvert", "audioresample", "avenc_aac"]);
        notes.push(
            "sound (unless it is silence) is encoded to AAC: MP4 has no place for the recorder's"
                .to_owned(),
        );
    } else if sound.codec == Codec::ImaAdpcm {
        names.extend(decoder);
        notes.push("sound is written as PCM".to_owned());
    }
    let mut elements: Vec<_> = names
        .into_iter()
        .map(media::element)
        .collect::<Result<_, _>>()?;
    elements.push(queue(QUEUE_BYTES / 4, None)?);
    chain(pipeline, &elements).map(Some)
}

/// Usual rate of a camera's pictures.
pub fn frame_rate(camera: &Camera) -> gst::Fraction {
    let measured = camera.timing.frame_rate().and_then(|(num, den)| {
        Some(gst::Fraction::new(
            i32::try_from(num).ok()?,
            i32::try_from(den).ok().filter(|den| *den > 0)?,
        ))
    });
    measured.filter(|rate| rate.numer() > 0).unwrap_or_else(|| {
        let mhz = 1_000_000_000_000 / camera.timing.interval.max(1_000_000);
        gst::Fraction::new(i32::try_from(mhz.clamp(1, 120_000)).unwrap_or(25_000), 1000)
    })
}
