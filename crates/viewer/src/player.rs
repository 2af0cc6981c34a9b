// SPDX-License-Identifier: MPL-2.0
//! The pipeline: source, demuxer, and for each camera a decoder whose frames are handed over as they are to be shown. It knows no
//! widget; it needs a running main loop.

use crate::model::{
    recording::Input,
    words::{tr, trf},
};
use gst::prelude::*;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

/// Elements that are used, and the Debian package of each.
const PACKAGES: &[(&str, &[&str])] = &[
    (
        "libgstreamer1.0-0",
        &["filesrc", "queue", "capsfilter", "fakesink"],
    ),
    ("gstreamer1.0-libav", &["avdec_mpeg4", "avdec_h264"]),
    ("gstreamer1.0-plugins-bad", &["h264parse", "adpcmdec"]),
    (
        "gstreamer1.0-plugins-good",
        &[
            "jpegdec",
            "mulawdec",
            "alawdec",
            "souphttpsrc",
            "autoaudiosink",
        ],
    ),
    (
        "gstreamer1.0-plugins-base",
        &[
            "videoconvert",
            "appsink",
            "audioconvert",
            "audioresample",
            "volume",
        ],
    ),
];
/// Pads of overlay masks have numbers from here on.
const OVERLAYS: u16 = 1000;
/// Name of a camera's sink, before its number.
const CAMERA: &str = "camera-";
/// So long the last message of a seek is waited for before its state is asked for.
const PATIENCE: Duration = Duration::from_millis(500);
/// So long before it is due, a frame is handed over: it is on the screen when it has been painted, nanoseconds.
const PAINTING: i64 = 20_000_000;
/// Coded frames of a camera that wait for the others, nanoseconds.
const WAITING: u64 = 5_000_000_000;

/// Starts GStreamer and registers the plugin, which is linked in.
///
/// # Errors
/// A GStreamer that does not start.
pub fn init() -> Result<(), String> {
    static STARTED: std::sync::OnceLock<Result<(), String>> = std::sync::OnceLock::new();
    let start = || {
        gst::init().map_err(|error| error.to_string())?;
        gstexp::plugin_register_static().map_err(|error| error.to_string())
    };
    STARTED.get_or_init(start).clone()
}

/// Loads what decodes and shows frames, which takes a fifth of a second, while nobody waits for it.
pub fn load_elements() {
    std::thread::spawn(|| {
        for name in ["avdec_mpeg4", "videoconvert", "appsink"] {
            let _ = gst::ElementFactory::find(name).map(|factory| factory.load());
        }
    });
}

/// What is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Files beside each other, the first of which has the stream time.
    Files(Vec<Input>),
    /// A unit's live stream.
    Live {
        url: String,
        user: String,
        password: String,
    },
}

/// A decoded frame.
#[derive(Clone, Debug)]
pub struct Frame {
    pub camera: u16,
    pub width: u32,
    pub height: u32,
    /// Width of a pixel divided by its height.
    pub pixel_aspect: f64,
    /// Blue, green, red, opacity; rows without padding.
    pub pixels: glib::Bytes,
    /// The recorder's clock, nanoseconds since 1970.
    pub clock: Option<i64>,
    /// Stream time, nanoseconds.
    pub time: i64,
    /// Time since playback began at which it is due, nanoseconds.
    pub running: i64,
}

/// What happens in a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Frames are there, see [`Player::take_frames`].
    Frames,
    /// The first frames are there, or those of the last seek.
    Settled,
    /// The end, or the beginning backwards.
    Ended,
    /// It cannot go on.
    Failed(String),
    /// Something is not as it should be.
    Warning(String),
    /// A camera's title.
    Title(u16, String),
}

/// Where a seek may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// At the very frame.
    Exact,
    /// At a keyframe: fast.
    Keyframe,
}

/// A seek.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seek {
    /// Stream time, nanoseconds.
    pub time: i64,
    pub precision: Precision,
    pub rate: f64,
    /// Where to end, in the direction of playback.
    pub stop: Option<i64>,
}

#[derive(Default)]
struct Frames {
    latest: Mutex<BTreeMap<u16, Frame>>,
    posted: AtomicBool,
}

/// A pipeline.
pub struct Player {
    pipeline: gst::Pipeline,
    frames: Arc<Frames>,
    volume: RefCell<Option<gst::Element>>,
    muted: Cell<bool>,
    rate: Cell<f64>,
    busy: Cell<bool>,
    /// When the seek that is under way was asked for.
    asked: Cell<Instant>,
    next: Cell<Option<Seek>>,
    target: Cell<i64>,
    failed: Cell<bool>,
    live: bool,
    watch: RefCell<Option<gst::bus::BusWatchGuard>>,
}

impl Player {
    /// Opens a source, paused at its beginning. `preserve`: gaps keep their length. `camera`: the only one that is
    /// decoded. `handler` is called from the main loop.
    ///
    /// # Errors
    /// An element that is missing, with its Debian package.
    pub fn new(
        source: &Source,
        preserve: bool,
        camera: Option<u16>,
        handler: impl Fn(&Player, Event) + 'static,
    ) -> Result<Rc<Player>, String> {
        init()?;
        let pipeline = gst::Pipeline::new();
        let mut heads = Vec::new();
        match source {
            Source::Files(inputs) => {
                for input in inputs {
                    let file = element("filesrc")?;
                    file.set_property("location", &input.path);
                    heads.push((file, element(input.demuxer)?, input.offset));
                }
            }
            Source::Live {
                url,
                user,
                password,
            } => {
                let http = element("souphttpsrc")?;
                http.set_property("location", url);
                http.set_property("is-live", true);
                if !user.is_empty() {
                    http.set_property("user-id", user);
                    http.set_property("user-pw", password);
                }
                heads.push((http, element("netvudemux")?, 0));
            }
        }
        let live = matches!(source, Source::Live { .. });
        let gaps = if preserve { "preserve" } else { "collapse" };
        let fail = |error: glib::BoolError| error.to_string();
        for (from, demuxer, _) in &heads {
            demuxer.set_property_from_str("gap-policy", gaps);
            if let Some(camera) = camera {
                demuxer.set_property("camera", u32::from(camera));
            }
            pipeline.add_many([from, demuxer]).map_err(fail)?;
            from.link(demuxer).map_err(fail)?;
        }
        let player = Rc::new(Player {
            pipeline,
            frames: Arc::default(),
            volume: RefCell::default(),
            muted: Cell::new(false),
            rate: Cell::new(1.0),
            busy: Cell::new(true),
            asked: Cell::new(Instant::now()),
            next: Cell::new(None),
            target: Cell::new(0),
            failed: Cell::new(false),
            live,
            watch: RefCell::default(),
        });
        // one track is enough
        let audio = Arc::new(AtomicBool::new(camera.is_some()));
        for (_, demuxer, offset) in &heads {
            player.connect(demuxer, *offset, &audio);
        }
        player.listen(handler)?;
        let state = if live {
            gst::State::Playing
        } else {
            gst::State::Paused
        };
        // what goes wrong is posted as a message
        let _ = player.pipeline.set_state(state);
        Ok(player)
    }

    fn connect(&self, demuxer: &gst::Element, offset: i64, audio: &Arc<AtomicBool>) {
        let pipeline = self.pipeline.downgrade();
        let frames = self.frames.clone();
        let live = self.live;
        let audio = audio.clone();
        let asked = Arc::new(AtomicI64::new(0));
        demuxer.connect_pad_added(move |demuxer, pad| {
            let Some(pipeline) = pipeline.upgrade() else {
                return;
            };
            if offset != 0 {
                shift(pad, offset, &asked);
            }
            let name = pad.name();
            let done = match name
                .strip_prefix("video_")
                .and_then(|camera| camera.parse().ok())
            {
                Some(camera) if camera < OVERLAYS => {
                    add_camera(&pipeline, pad, camera, &frames, live)
                }
                Some(_) => Ok(()),
                None if name.starts_with("audio_") && !audio.swap(true, Ordering::Relaxed) => {
                    add_audio(&pipeline, pad)
                }
                None => Ok(()),
            };
            if let Err(text) = done {
                let message = gst::message::Warning::builder(gst::CoreError::MissingPlugin, &text);
                let _ = demuxer.post_message(message.src(demuxer).build());
            }
        });
    }

    fn listen(self: &Rc<Self>, handler: impl Fn(&Player, Event) + 'static) -> Result<(), String> {
        let bus = self.pipeline.bus().ok_or("a pipeline without a bus")?;
        let weak = Rc::downgrade(self);
        let watch = bus.add_watch_local(move |_, message| {
            let Some(player) = Weak::upgrade(&weak) else {
                return glib::ControlFlow::Break;
            };
            if let Some(event) = player.hear(message) {
                handler(&player, event);
            }
            glib::ControlFlow::Continue
        });
        *self.watch.borrow_mut() = Some(watch.map_err(|error| error.to_string())?);
        Ok(())
    }

    fn hear(&self, message: &gst::Message) -> Option<Event> {
        use gst::MessageView;
        match message.view() {
            MessageView::Application(_) => {
                self.frames.posted.store(false, Ordering::Release);
                Some(Event::Frames)
            }
            // of several files, one may be there before the seek has come to the next
            MessageView::AsyncDone(_) if self.waits() => None,
            MessageView::AsyncDone(_) => self.settle(),
            MessageView::Eos(_) => {
                self.busy.set(false);
                Some(Event::Ended)
            }
            MessageView::Error(error) => {
                if self.failed.replace(true) {
                    return None;
                }
                let _ = self.pipeline.set_state(gst::State::Null);
                // what the source says of a connection that times out
                let lost = self.live && error.error().matches(gst::StreamError::Failed);
                Some(Event::Failed(match lost {
                    true => tr("the unit does not answer, or the connection was lost").to_owned(),
                    false => describe(error.error().message(), error.debug()),
                }))
            }
            // without a sound card everything else plays all the same
            MessageView::Warning(_) if is_audio_sink(message) => None,
            MessageView::Warning(warning) => {
                let text = warning.error().message().to_owned();
                match warning.error().matches(gst::CoreError::MissingPlugin) {
                    true => Some(Event::Warning(text)),
                    false => Some(Event::Warning(describe(&text, warning.debug()))),
                }
            }
            MessageView::Tag(tag) => {
                let title = tag.tags().get::<gst::tags::Title>()?.get().to_owned();
                let name = message.src()?.name();
                let camera = name.strip_prefix(CAMERA)?.parse().ok()?;
                Some(Event::Title(camera, title))
            }
            MessageView::Latency(_) => {
                let _ = self.pipeline.recalculate_latency();
                None
            }
            _ => None,
        }
    }

    /// All cameras show the place that was asked for.
    fn settle(&self) -> Option<Event> {
        if self.volume.borrow().is_none() {
            *self.volume.borrow_mut() = self.pipeline.by_name("volume");
            self.apply_mute();
        }
        self.busy.set(false);
        match self.next.take() {
            Some(seek) => {
                self.seek(seek);
                None
            }
            None => Some(Event::Settled),
        }
    }

    /// Settles a seek that ended without a word: its last message may come while a camera is between paused and playing, and then
    /// seems to be that of an earlier state. To be called now and then.
    pub fn catch_up(&self) -> Option<Event> {
        if !self.busy.get() || self.asked.get().elapsed() < PATIENCE {
            return None;
        }
        let (state, ..) = self.pipeline.state(gst::ClockTime::ZERO);
        let done = state == Ok(gst::StateChangeSuccess::Success) && !self.waits();
        done.then(|| self.settle()).flatten()
    }

    /// A camera has no frame yet.
    fn waits(&self) -> bool {
        let sinks = self.pipeline.iterate_sinks().into_iter().flatten();
        let none = gst::ClockTime::ZERO;
        let mut states = sinks.map(|sink| sink.state(none).0);
        states.any(|state| state == Ok(gst::StateChangeSuccess::Async))
    }

    /// The latest frames that nobody has taken yet, by camera.
    pub fn take_frames(&self) -> Vec<Frame> {
        let mut latest = self
            .frames
            .latest
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *latest).into_values().collect()
    }

    /// Starts or stops playback.
    pub fn set_playing(&self, playing: bool) {
        if self.failed.get() {
            return;
        }
        let state = if playing {
            gst::State::Playing
        } else {
            gst::State::Paused
        };
        let _ = self.pipeline.set_state(state);
    }

    /// Goes to another place. While a seek is under way, only the last one that was asked for follows it.
    pub fn seek(&self, seek: Seek) {
        if self.failed.get() || self.live {
            return;
        }
        self.target.set(seek.time);
        if self.busy.get() {
            self.next.set(Some(seek));
            return;
        }
        self.rate.set(seek.rate);
        self.apply_mute();
        let flags = gst::SeekFlags::FLUSH
            | match seek.precision {
                Precision::Exact => gst::SeekFlags::ACCURATE,
                Precision::Keyframe => gst::SeekFlags::KEY_UNIT | gst::SeekFlags::SNAP_NEAREST,
            };
        let time = |time: i64| gst::ClockTime::from_nseconds(u64::try_from(time).unwrap_or(0));
        let (start, stop) = match seek.rate < 0.0 {
            // the frame at the place itself is shown first
            true => (seek.stop.unwrap_or(0), Some(seek.time.saturating_add(1))),
            false => (seek.time, seek.stop),
        };
        let set = gst::SeekType::Set;
        let (from, to) = (time(start), stop.map(time));
        self.asked.set(Instant::now());
        let done = self.pipeline.seek(seek.rate, flags, set, from, set, to);
        self.busy.set(done.is_ok());
    }

    /// A seek is under way, or the first frames are.
    pub fn is_busy(&self) -> bool {
        self.busy.get()
    }

    /// It cannot go on.
    pub fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// A live stream.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Stream time that is played, nanoseconds; that of the last seek while it is under way.
    pub fn position(&self) -> i64 {
        if self.busy.get() || self.next.get().is_some() {
            return self.target.get();
        }
        let position = self.pipeline.query_position::<gst::ClockTime>();
        let early = match self.pipeline.current_state() {
            gst::State::Playing => (PAINTING as f64 * self.rate.get()) as i64,
            _ => 0,
        };
        position.map_or(self.target.get(), |position| {
            nanoseconds(position).saturating_add(early).max(0)
        })
    }

    /// How much later than it is due a frame is now, nanoseconds.
    pub fn late(&self, frame: &Frame) -> i64 {
        let now = self.pipeline.current_running_time();
        let now = now.map_or(frame.running, nanoseconds);
        now.saturating_sub(frame.running)
    }

    /// What plays, for what cannot be asked for here.
    pub fn pipeline(&self) -> &gst::Pipeline {
        &self.pipeline
    }

    /// Turns audio off or on.
    pub fn set_muted(&self, muted: bool) {
        self.muted.set(muted);
        self.apply_mute();
    }

    /// There is audio.
    pub fn has_audio(&self) -> bool {
        self.volume.borrow().is_some()
    }

    /// Audio of another speed or direction is noise.
    fn apply_mute(&self) {
        if let Some(volume) = &*self.volume.borrow() {
            volume.set_property("mute", self.muted.get() || self.rate.get() != 1.0);
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// The Debian package that has an element.
pub fn package(element: &str) -> Option<&'static str> {
    let mut packages = PACKAGES.iter();
    let found = packages.find(|(_, elements)| elements.contains(&element));
    found.map(|(package, _)| *package)
}

fn element(name: &str) -> Result<gst::Element, String> {
    gst::ElementFactory::make(name)
        .build()
        .map_err(|_| missing(name))
}

/// What is said of an element that is not installed.
pub fn missing(name: &str) -> String {
    match package(name) {
        Some(package) => trf(
            "The GStreamer element {element} is missing. Debian has it in the package {package}: apt install {package}",
            &[("element", name), ("package", package)],
        ),
        None => trf(
            "The GStreamer element {element} is missing.",
            &[("element", name)],
        ),
    }
}

fn is_audio_sink(message: &gst::Message) -> bool {
    let source = message.src();
    source.is_some_and(|source| source.path_string().contains("autoaudiosink"))
}

fn describe(text: &str, debug: Option<glib::GString>) -> String {
    let line = debug.as_deref().and_then(|debug| debug.lines().last());
    match line.map(str::trim).filter(|line| !line.is_empty()) {
        Some(line) => format!("{text} ({line})"),
        None => text.to_owned(),
    }
}

/// Adds elements in a row behind a pad, and starts them.
fn add_chain(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    chain: &[gst::Element],
) -> Result<(), String> {
    let fail = |error: glib::BoolError| error.to_string();
    pipeline.add_many(chain).map_err(fail)?;
    gst::Element::link_many(chain).map_err(fail)?;
    for element in chain.iter().rev() {
        element.sync_state_with_parent().map_err(fail)?;
    }
    let sink = chain.first().and_then(|first| first.static_pad("sink"));
    let sink = sink.ok_or("an element without a pad")?;
    pad.link(&sink)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// Moves what goes through a pad of a file that begins later than the one whose stream time is played. `asked` is where the last seek
/// went, the same for all pads of a demuxer: each of them gets the seek.
fn shift(pad: &gst::Pad, offset: i64, asked: &Arc<AtomicI64>) {
    let asked = asked.clone();
    let both = gst::PadProbeType::EVENT_BOTH;
    let time = |time: i64| gst::ClockTime::from_nseconds(u64::try_from(time).unwrap_or(0));
    pad.add_probe(both, move |_, info| {
        let Some(event) = info.event() else {
            return gst::PadProbeReturn::Ok;
        };
        let moved = match event.view() {
            gst::EventView::Seek(seek) => {
                let (rate, flags, _, start, _, stop) = seek.get();
                let of = |value: gst::GenericFormattedValue| match value {
                    gst::GenericFormattedValue::Time(time) => time.map(nanoseconds),
                    _ => None,
                };
                let (start, stop) = (of(start).unwrap_or(0), of(stop));
                asked.store(
                    if rate < 0.0 { stop.unwrap_or(0) } else { start },
                    Ordering::Relaxed,
                );
                let set = gst::SeekType::Set;
                // nothing of the file: its beginning, where it ends at once
                let stop = stop.map(|stop| time(stop.saturating_sub(offset).max(1)));
                let start = time(start.saturating_sub(offset));
                let builder = gst::event::Seek::builder(rate, flags, set, start, set, stop);
                Some(builder.seqnum(event.seqnum()).build())
            }
            gst::EventView::Segment(segment) => {
                let segment = segment.segment().downcast_ref::<gst::ClockTime>();
                segment.cloned().map(|mut segment| {
                    let at = |value: Option<gst::ClockTime>| value.map_or(0, nanoseconds);
                    let asked = asked.load(Ordering::Relaxed);
                    // the file begins after the place that was asked for, or backwards ends before it
                    let late = match segment.rate() < 0.0 {
                        false => offset.saturating_sub(asked),
                        true => asked
                            .saturating_sub(offset)
                            .saturating_sub(at(segment.stop())),
                    };
                    let late = (late.max(0) as f64 / segment.rate().abs()) as i64;
                    let base = at(segment.base()).saturating_add(late);
                    segment.set_time(time(at(segment.time()).saturating_add(offset)));
                    segment.set_base(time(base));
                    gst::event::Segment::builder(&segment)
                        .seqnum(event.seqnum())
                        .build()
                })
            }
            _ => None,
        };
        if let Some(moved) = moved {
            info.data = Some(gst::PadProbeData::Event(moved));
        }
        gst::PadProbeReturn::Ok
    });
}

fn queue() -> Result<gst::Element, String> {
    let queue = element("queue")?;
    queue.set_property("max-size-time", WAITING);
    queue.set_property("max-size-buffers", 0_u32);
    queue.set_property("max-size-bytes", 32_u32 << 20);
    Ok(queue)
}

fn add_camera(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    camera: u16,
    frames: &Arc<Frames>,
    live: bool,
) -> Result<(), String> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let kind = caps.structure(0).map(|caps| caps.name().to_string());
    let decoders: &[&str] = match kind.as_deref() {
        Some("video/mpeg") => &["avdec_mpeg4"],
        Some("video/x-h264") => &["h264parse", "avdec_h264"],
        Some("image/jpeg") => &["jpegdec"],
        other => {
            let kind = other.unwrap_or_default();
            return Err(trf(
                "Frames of this kind cannot be shown: {kind}",
                &[("kind", kind)],
            ));
        }
    };
    let mut chain = vec![queue()?];
    for name in decoders {
        let decoder = element(name)?;
        // threads that decode several frames at once hold frames back
        if decoder.has_property("max-threads") {
            decoder.set_property("max-threads", 1_i32);
        }
        chain.push(decoder);
    }
    chain.push(element("videoconvert")?);
    let sink = element("appsink")?;
    sink.set_property("name", format!("{CAMERA}{camera}"));
    let shown = gst::Caps::builder("video/x-raw")
        .field("format", "BGRA")
        .build();
    sink.set_property("caps", shown);
    sink.set_property("emit-signals", true);
    sink.set_property("sync", !live);
    sink.set_property("ts-offset", -PAINTING);
    sink.set_property("max-buffers", 2_u32);
    sink.set_property("qos", true);
    for (signal, pull) in [
        ("new-sample", "pull-sample"),
        ("new-preroll", "pull-preroll"),
    ] {
        let frames = frames.clone();
        sink.connect(signal, false, move |values| {
            let sink = values.first()?.get::<gst::Element>().ok()?;
            let sample: Option<gst::Sample> = sink.emit_by_name(pull, &[]);
            if let Some(frame) = sample.and_then(|sample| read(camera, &sample)) {
                let latest = frames.latest.lock();
                latest
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(camera, frame);
                if !frames.posted.swap(true, Ordering::AcqRel) {
                    let message =
                        gst::message::Application::builder(gst::Structure::new_empty("frames"));
                    let _ = sink.post_message(message.src(&sink).build());
                }
            }
            Some(gst::FlowReturn::Ok.to_value())
        });
    }
    chain.push(sink);
    add_chain(pipeline, pad, &chain)
}

fn add_audio(pipeline: &gst::Pipeline, pad: &gst::Pad) -> Result<(), String> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let kind = caps.structure(0).map(|caps| caps.name().to_string());
    let decoder = match kind.as_deref() {
        Some("audio/x-mulaw") => Some("mulawdec"),
        Some("audio/x-alaw") => Some("alawdec"),
        Some("audio/x-adpcm") => Some("adpcmdec"),
        _ => None,
    };
    let mut chain = vec![queue()?];
    chain.extend(decoder.map(element).transpose()?);
    for name in ["audioconvert", "audioresample", "volume", "autoaudiosink"] {
        chain.push(element(name)?);
    }
    if let Some(volume) = chain.iter().rev().nth(1) {
        volume.set_property("name", "volume");
    }
    add_chain(pipeline, pad, &chain)
}

fn read(camera: u16, sample: &gst::Sample) -> Option<Frame> {
    let caps = sample.caps()?.structure(0)?;
    let side = |name: &str| {
        caps.get::<i32>(name)
            .ok()
            .and_then(|side| u32::try_from(side).ok())
    };
    let (width, height) = (side("width")?, side("height")?);
    let pixel = caps.get::<gst::Fraction>("pixel-aspect-ratio").ok();
    let pixel = pixel.map_or(1.0, |pixel| {
        f64::from(pixel.numer()) / f64::from(pixel.denom())
    });
    let buffer = sample.buffer_owned()?;
    let clock = gstexp::recorder_time(&buffer);
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    let pts = buffer.pts();
    let time = pts.and_then(|pts| segment.to_stream_time(pts));
    let running = pts.and_then(|pts| segment.to_running_time(pts));
    let map = buffer.into_mapped_buffer_readable().ok()?;
    let expected = (width as usize)
        .checked_mul(height as usize)?
        .checked_mul(4)?;
    if map.len() < expected {
        return None;
    }
    Some(Frame {
        camera,
        width,
        height,
        pixel_aspect: pixel,
        pixels: glib::Bytes::from_owned(map),
        clock,
        time: time.map_or(0, nanoseconds),
        running: running.map_or(0, nanoseconds),
    })
}

fn nanoseconds(time: gst::ClockTime) -> i64 {
    i64::try_from(time.nseconds()).unwrap_or(i64::MAX)
}

/// What is said where nothing was recorded.
pub fn nothing_recorded() -> &'static str {
    tr("Nothing recorded at this moment")
}
