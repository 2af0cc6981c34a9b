// SPDX-License-Identifier: MPL-2.0
//! The pipeline of one output: a demuxer that seeks to what is wanted, what is done to its streams, a muxer.

use super::{
    ClockIn, Format,
    captions::{Cues, Target, Words},
    look::{Chapter, Look, Part, Range},
    origin,
};
use crate::common::{
    Failure, Input,
    media::{self, Source},
    output::NewFile,
};
use crate::recording::Camera;
use formats::reader::Codec;
use gst::prelude::*;
use gstexp::tags::RecordingMode;
use std::{
    fmt::Write,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Coded bytes that wait before a muxer at most, and frames: more than a cue of subtitles holds. Small frames take more memory than
/// their bytes.
const QUEUE: &str = "queue max-size-bytes=12582912 max-size-buffers=2000 max-size-time=0";
/// Coded frames of one of several cameras that wait for the others at most. A camera that records nothing is known to after a second
/// and a half, so the others need not wait longer.
const CAMERA_QUEUE: &str =
    "queue max-size-bytes=6291456 max-size-buffers=2000 max-size-time=3000000000";
/// Frames that wait for the encoder, which takes as long as all that is done to them before: each has a thread.
const RAW_QUEUE: &str = "queue max-size-buffers=3 max-size-bytes=0 max-size-time=0";
/// Recording that a muxer may hold back, nanoseconds. Muxers built on GstAggregator take one buffer at a time unless they may wait for
/// more, which costs twice the time.
const MUXER_QUEUE: u64 = 5_000_000_000;
/// Names of the demuxer whose frames are written, and of the one whose audio is.
const FRAMES: &str = "frames";
/// See [`FRAMES`].
const AUDIO: &str = "audio";
/// Message of a demuxer that one of several files is done.
const STEP_DONE: &str = "exptool-step-done";
/// Cameras in one picture at most.
pub const MAX_CAMERAS: usize = 16;

/// How frames are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// H.264 of constant quality (x264's quantizer).
    H264(u32),
    /// ProRes 422: each frame by itself.
    ProRes,
}

/// What is done to the streams.
#[derive(Clone, Debug)]
pub struct Treatment {
    /// Container.
    pub format: Format,
    /// Frames are encoded again.
    pub encode: Option<Encoding>,
    /// Where the recorder's clock goes.
    pub clock: ClockIn,
    /// Gaps keep their length.
    pub preserve: bool,
    /// Frames per second, each shown equally long.
    pub rate: Option<i32>,
    /// Pixels are made square.
    pub square: bool,
    /// Widest that a frame may be.
    pub max_width: Option<u32>,
    /// Audio goes along.
    pub audio: bool,
}

/// What is to be made.
pub struct Job<'a> {
    /// The recording.
    pub look: &'a Look,
    /// Cameras; several share one picture.
    pub cameras: &'a [&'a Camera],
    /// What of them is wanted.
    pub part: &'a Part,
    /// What is done to them.
    pub treatment: &'a Treatment,
    /// `--layout`.
    pub layout: Option<&'a str>,
    /// Comment that says what the output was made of.
    pub comment: &'a str,
    /// Where `part` is, if several files are joined.
    pub steps: &'a [Step<'a>],
}

/// What one file gives to a joined output.
pub struct Step<'a> {
    /// The file.
    pub input: &'a Input,
    /// Its cameras that go into the output.
    pub cameras: Vec<u16>,
    /// Its running times; `None` for all.
    pub range: Option<Range>,
    /// Running time at which its last frame ends, nanoseconds.
    pub stop: u64,
    /// Time that passes in the output before it, nanoseconds.
    pub gap: u64,
}

/// A demuxer that reads one file after the other.
struct Feed {
    /// Name of the demuxer.
    name: &'static str,
    links: Vec<Link>,
    /// Number of the step that it is at.
    step: usize,
    /// Where the frames so far end, running time in nanoseconds.
    end: Arc<AtomicU64>,
    /// Frame rate of the first file, which caps keep: muxers refuse another.
    rate: Arc<Mutex<Option<gst::Fraction>>>,
}

/// More cameras than one picture has room for.
pub fn too_many(input: &Path, cameras: usize) -> Failure {
    Failure::Use(format!(
        "{}: {cameras} cameras do not fit one picture, {MAX_CAMERAS} do: choose one with --camera",
        input.display()
    ))
}

impl Job<'_> {
    /// Whether there is audio that belongs to the cameras.
    pub fn has_audio(&self) -> bool {
        let mut cameras = self.cameras.iter();
        cameras.any(|camera| self.look.audio_of(camera).is_some())
    }
}

/// What went through the pipeline.
pub struct Stream {
    words: Words,
    mode: String,
    /// Subtitles.
    pub cues: Option<Cues>,
    /// The container has no times: frames follow each other at this distance, nanoseconds.
    steady: Option<u64>,
    /// Frames.
    pub frames: u64,
    /// Where the output ends, nanoseconds.
    pub end: u64,
    /// Clock of the first and the last frame.
    pub span: Option<(i64, i64)>,
    /// Stream time at which the output begins, nanoseconds.
    pub begin: Option<u64>,
    /// Called with that time.
    on_begin: Option<Box<dyn FnOnce(u64) + Send>>,
}

/// Shared with the probes.
pub type Shared = Arc<Mutex<Stream>>;

/// The stream; a poisoned lock is as good, the pipeline has failed then anyway.
pub fn lock(shared: &Shared) -> MutexGuard<'_, Stream> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A pipeline that is ready to run.
pub struct Graph<'a> {
    /// The pipeline.
    pub pipeline: gst::Pipeline,
    /// One for each camera.
    pub streams: Vec<Shared>,
    /// Audio of which the demuxer had none.
    silent: Arc<AtomicBool>,
    demuxers: Vec<gst::Element>,
    ranges: Vec<Range>,
    exact: bool,
    steps: &'a [Step<'a>],
    feeds: Vec<Feed>,
    camera: u16,
    preserve: bool,
    layout: Option<&'a str>,
    size_changes: bool,
}

impl Graph<'_> {
    /// Runs the pipeline to its end, and gives the warnings of its elements. `tick` is called about ten times a second.
    ///
    /// # Errors
    /// See [`media::run`].
    pub fn run(
        &mut self,
        tick: &mut dyn FnMut() -> Result<(), Failure>,
    ) -> Result<Vec<String>, Failure> {
        let mut feeds = std::mem::take(&mut self.feeds);
        let mut ranges = self.ranges.iter();
        let mut left = self.ranges.len();
        let mut next = |flush: bool| {
            let range = ranges.next()?;
            left -= 1;
            Some(self.seek(&self.demuxers, *range, flush, left > 0))
        };
        // the first seek waits in the demuxer until it knows the file
        next(true).unwrap_or(Ok(()))?;
        media::run_with(&self.pipeline, tick, &mut |message| match message.view() {
            gst::MessageView::SegmentDone(_) => next(false).unwrap_or(Ok(())),
            gst::MessageView::Element(element) => {
                let done = element.structure().and_then(|structure| {
                    (structure.name() == STEP_DONE).then(|| structure.get::<u64>("step").ok())
                });
                let name = message.src().map(|source| source.name());
                let feed = feeds.iter_mut().find(|feed| {
                    name.as_deref() == Some(feed.name) && done == Some(Some(feed.step as u64))
                });
                feed.map_or(Ok(()), |feed| self.advance(feed))
            }
            _ => Ok(()),
        })
    }

    /// Audio of which the demuxer had none.
    pub fn has_silent_audio(&self) -> bool {
        self.silent.load(Ordering::Acquire)
    }

    /// Replaces a demuxer by one that reads the next file.
    fn advance(&self, feed: &mut Feed) -> Result<(), Failure> {
        feed.step += 1;
        let Some(step) = self.steps.get(feed.step) else {
            return Ok(());
        };
        for name in [feed.name.to_owned(), format!("{}-file", feed.name)] {
            let old = media::by_name(&self.pipeline, &name)?;
            let _ = old.set_state(gst::State::Null);
            let _ = self.pipeline.remove(&old);
        }
        let source = Source {
            input: step.input,
            camera: self.camera,
            preserve: self.preserve,
            layout: self.layout,
        };
        let [file, demuxer] = source.add(&self.pipeline, feed.name)?;
        let last = feed.step + 1 == self.steps.len();
        splice(&demuxer, feed, step, (last, self.exact));
        if self.size_changes && feed.name == FRAMES {
            demuxer.connect_pad_added(|_, pad| wait_for_caps(pad));
        }
        let compositor = self.pipeline.by_name("compositor");
        connect(&demuxer, feed.links.clone(), compositor.as_ref());
        self.fill(feed, step);
        if let Some(range) = step.range {
            self.seek(std::slice::from_ref(&demuxer), range, true, false)?;
        }
        let fail = |_| Failure::Media("the next file does not start".to_owned());
        demuxer.sync_state_with_parent().map_err(fail)?;
        file.sync_state_with_parent().map_err(fail)
    }

    /// Has cameras of a mosaic that the next file lacks wait for no one: nothing is shown of them, for now or from here on.
    fn fill(&self, feed: &Feed, step: &Step<'_>) {
        let later = self.steps.get(feed.step..).unwrap_or_default();
        for (name, head, cell) in &feed.links {
            let has = |step: &Step<'_>| {
                let mut names = step.cameras.iter().map(|number| format!("video_{number}"));
                names.any(|one| one == *name)
            };
            let shown = cell.as_ref().and_then(|(cell, _)| cell.static_pad("src"));
            if has(step) || !shown.is_some_and(|pad| pad.is_linked()) {
                continue;
            }
            if !later.iter().any(has) {
                head.send_event(gst::event::Eos::new());
                continue;
            }
            let begin = feed.end.load(Ordering::Acquire).saturating_add(step.gap);
            let from = step.range.map_or(0, |(from, _)| from);
            let length = gst::ClockTime::from_nseconds(step.stop.saturating_sub(from));
            let segment = gst::FormattedSegment::<gst::ClockTime>::new();
            head.send_event(gst::event::Segment::new(&segment));
            let gap = gst::event::Gap::builder(gst::ClockTime::from_nseconds(begin));
            head.send_event(gap.duration(length).build());
        }
    }

    fn seek(
        &self,
        demuxers: &[gst::Element],
        (start, stop): Range,
        flush: bool,
        more: bool,
    ) -> Result<(), Failure> {
        let mut flags = match self.exact {
            true => gst::SeekFlags::ACCURATE,
            false => gst::SeekFlags::KEY_UNIT | gst::SeekFlags::SNAP_BEFORE,
        };
        flags.set(gst::SeekFlags::FLUSH, flush);
        flags.set(gst::SeekFlags::SEGMENT, more);
        let stop = (stop < u64::MAX).then(|| gst::ClockTime::from_nseconds(stop));
        for demuxer in demuxers {
            let event = gst::event::Seek::new(
                1.0,
                flags,
                gst::SeekType::Set,
                gst::ClockTime::from_nseconds(start),
                gst::SeekType::Set,
                stop,
            );
            if !demuxer.send_event(event) {
                return Err(Failure::Media("the demuxer refused to seek".to_owned()));
            }
        }
        Ok(())
    }
}

/// Builds the pipeline that writes `out`. `srt`: file of the subtitles where they are no track.
///
/// # Errors
/// A missing element.
pub fn build<'a>(job: &Job<'a>, out: &Path, srt: Option<NewFile>) -> Result<Graph<'a>, Failure> {
    let treatment = job.treatment;
    let camera = match job.cameras {
        [one] => Some(*one),
        _ => None,
    };
    let first = job.steps.first();
    let source = Source {
        input: first.map_or(&job.look.recording.input, |step| step.input),
        camera: camera.map_or(0, |camera| camera.number),
        preserve: treatment.preserve,
        layout: job.layout,
    };
    let audio = audio(job);
    let muxer = treatment.format.muxer();
    let mut text = source.describe(FRAMES);
    let target = match muxer {
        Some(muxer) => {
            let _ = write!(text, " {muxer} name=mux ! filesink name=out async=false");
            "mux.video_0"
        }
        None => {
            text += " filesink name=out async=false";
            "out."
        }
    };
    let subtitles = treatment.clock == ClockIn::Subtitle;
    let track = subtitles && muxer.is_some() && srt.is_none();
    let chains = video(job, !audio.is_empty() || track);
    for (n, chain) in chains.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
        let target = match camera {
            Some(_) => target.to_owned(),
            None => format!("identity name=cell{n}"),
        };
        let _ = write!(text, " {} ! {target}", named(chain, &format!("video{n}")));
    }
    if camera.is_none() {
        let chain = [
            vec![format!("compositor name=compositor background=black")],
            encoder(treatment, mosaic_rate(job)),
        ]
        .concat();
        let _ = write!(text, " {} ! {target}", chain.join(" ! "));
    }
    if !audio.is_empty() {
        // with a demuxer of its own: audio may begin late, and the muxer waits for it, while the frames wait for the muxer
        let _ = write!(
            text,
            " {} fakesink name=rest sync=false async=false",
            source.describe(AUDIO)
        );
    }
    for (n, (_, chain)) in audio.iter().enumerate() {
        let _ = write!(
            text,
            " {} ! mux.audio_{n}",
            named(chain, &format!("audio{n}"))
        );
    }
    if track {
        text += " appsrc name=text format=time caps=text/x-raw,format=utf8 ! mux.subtitle_0";
    }
    let pipeline = media::launch(&text)?;
    let mut demuxers = vec![source.set(&pipeline, FRAMES)?];
    if !audio.is_empty() {
        demuxers.push(source.set(&pipeline, AUDIO)?);
    }
    let element = |name: &str| media::by_name(&pipeline, name);
    element("out")?.set_property("location", out);
    let mux = pipeline.by_name("mux");
    if let Some(mux) = &mux {
        set_muxer(job, mux, audio.len());
    }
    let mut cues = match (srt, subtitles) {
        (Some(file), _) => Some(Cues::new(Target::File(file))),
        (None, true) if track => Some(Cues::new(Target::Track(element("text")?))),
        _ => None,
    };
    let mut streams = Vec::new();
    let mut links = Vec::new();
    for (n, camera) in job.cameras.iter().enumerate() {
        let stream = Stream {
            words: words(job.look, camera),
            mode: String::new(),
            cues: cues.take(),
            steady: None,
            frames: 0,
            end: 0,
            span: None,
            begin: None,
            on_begin: None,
        };
        let stream = Arc::new(Mutex::new(stream));
        let first = pipeline.by_name(&format!("video{n}"));
        let head = match (&first, &mux) {
            (Some(first), _) => first.static_pad("sink"),
            (None, Some(mux)) => mux.request_pad_simple("video_%u"),
            (None, None) => element("out")?.static_pad("sink"),
        };
        let head = head.ok_or_else(|| unfit(job, camera))?;
        let rate = (treatment.format == Format::Avi && treatment.encode.is_none())
            .then(|| frame_rate(camera));
        if let Some(rate) = rate {
            let second = gst::ClockTime::SECOND.nseconds();
            let denominator = u64::from(rate.denom().unsigned_abs());
            lock(&stream).steady =
                Some(second * denominator / u64::from(rate.numer().unsigned_abs().max(1)));
        }
        if let (1, Some(rate), Some(pad)) = (
            job.cameras.len(),
            treatment.rate,
            pipeline
                .by_name("rate")
                .and_then(|rate| rate.static_pad("sink")),
        ) {
            show_to_the_end(&pad, rate);
        }
        // frames are followed where they are what they will be in the output
        let raw = pipeline.by_name(&format!("raw{n}"));
        match raw.and_then(|raw| raw.static_pad("sink")) {
            Some(pad) => follow(&pad, &stream, pipeline.by_name(&format!("clock{n}")), None),
            None => follow(&head, &stream, None, rate),
        }
        let cell = pipeline.by_name(&format!("cell{n}"));
        let cell = cell.map(|cell| (cell, place(job, n)));
        links.push((format!("video_{}", camera.number), head, cell));
        streams.push(stream);
    }
    if let Some(stream) = streams.first()
        && treatment.format == Format::Mkv
        && let Some(setter) = mux.and_then(|mux| mux.dynamic_cast::<gst::TocSetter>().ok())
    {
        let part = job.part.clone();
        lock(stream).on_begin = Some(Box::new(move |begin| {
            let chapters = part.chapters_from(begin);
            setter.set_toc((chapters.len() > 1).then(|| toc(&chapters)).as_ref());
        }));
    }
    let heads = audio.iter().enumerate().filter_map(|(n, (channel, _))| {
        let head = pipeline.by_name(&format!("audio{n}"))?.static_pad("sink")?;
        drop_toc(&head);
        Some((format!("audio_{channel}"), head, None))
    });
    let tracks: Vec<Link> = heads.collect();
    let silent: Arc<AtomicBool> = Arc::default();
    if !job.part.ranges.is_empty() {
        links
            .iter()
            .chain(&tracks)
            .for_each(|(_, head, _)| drop_early_gaps(head));
    }
    let (frames, rest) = match demuxers.as_slice() {
        [frames, rest @ ..] => (frames, rest.first()),
        [] => return Err(Failure::Media("a pipeline without a demuxer".to_owned())),
    };
    if job.part.size_changes {
        frames.connect_pad_added(|_, pad| wait_for_caps(pad));
    }
    let mut feeds = Vec::new();
    let mut feed = |name, demuxer: &gst::Element, links: &[Link]| {
        let Some(step) = first else {
            return;
        };
        let feed = Feed {
            name,
            links: links.to_vec(),
            step: 0,
            end: Arc::default(),
            rate: Arc::default(),
        };
        let last = job.steps.len() == 1;
        splice(demuxer, &feed, step, (last, treatment.encode.is_some()));
        feeds.push(feed);
    };
    feed(FRAMES, frames, &links);
    connect(frames, links, pipeline.by_name("compositor").as_ref());
    if let (Some(demuxer), Some(rest)) = (rest, pipeline.by_name("rest")) {
        let raw = (0..tracks.len()).map(|n| {
            let raw = pipeline.by_name(&format!("raw-audio{n}"))?;
            raw.static_pad("sink")
        });
        end_with(&rest, &tracks, raw.collect(), silent.clone());
        let video = rest
            .static_pad("sink")
            .map(|pad| (String::from("video_"), pad, None));
        let links: Vec<Link> = tracks.into_iter().chain(video).collect();
        feed(AUDIO, demuxer, &links);
        connect(demuxer, links, None);
    }
    Ok(Graph {
        pipeline,
        streams,
        silent,
        demuxers,
        ranges: match first {
            Some(step) => step.range.into_iter().collect(),
            None => job.part.ranges.clone(),
        },
        exact: treatment.encode.is_some(),
        steps: job.steps,
        feeds,
        camera: source.camera,
        preserve: source.preserve,
        layout: source.layout,
        size_changes: job.part.size_changes,
    })
}

/// Name of a demuxer's pad, or how it begins; where it goes to; and the cell of a mosaic that it then joins, with its place.
type Link = (String, gst::Pad, Option<(gst::Element, (i32, i32))>);

/// Links the demuxer's pads as they come. A camera joins a mosaic only then: the compositor waits for every pad that it has.
fn connect(demuxer: &gst::Element, links: Vec<Link>, compositor: Option<&gst::Element>) {
    let compositor = compositor.map(|compositor| compositor.downgrade());
    demuxer.connect_pad_added(move |demuxer, pad| {
        let fits = |(name, head, _): &&Link| {
            let whole = *name == pad.name();
            (whole || name.ends_with('_') && pad.name().starts_with(name.as_str()))
                && !head.is_linked()
        };
        let Some((name, head, cell)) = links.iter().find(fits) else {
            return;
        };
        let joined = cell.as_ref().is_none_or(|(cell, (x, y))| {
            // an earlier one of several files had the camera
            if cell.static_pad("src").is_some_and(|end| end.is_linked()) {
                return true;
            }
            let compositor = compositor.as_ref().and_then(|weak| weak.upgrade());
            let sink = compositor.and_then(|element| element.request_pad_simple("sink_%u"));
            sink.zip(cell.static_pad("src")).is_some_and(|(sink, end)| {
                sink.set_property("xpos", x);
                sink.set_property("ypos", y);
                end.link(&sink).is_ok()
            })
        });
        if !joined || pad.link(head).is_err() {
            let what = format!("{name} does not fit the output");
            demuxer.post_error_message(gst::error_msg!(gst::CoreError::Pad, ["{what}"]));
        }
    });
}

/// Has what a demuxer outputs follow what the file before gave, and only the last file end the streams.
fn splice(demuxer: &gst::Element, feed: &Feed, step: &Step<'_>, (last, encode): (bool, bool)) {
    let number = feed.step as u64;
    let before = feed.end.load(Ordering::Acquire);
    // a mosaic has a rate of its own
    let keeps_rate = feed.links.iter().all(|(.., cell)| cell.is_none());
    let offset = if number > 0 { before + step.gap } else { 0 };
    let (end, rate) = (feed.end.clone(), feed.rate.clone());
    let sought = step.range.is_some();
    // a constant rate repeats the last frame until its segment ends
    let stop = (encode && !last).then(|| gst::ClockTime::from_nseconds(step.stop));
    demuxer.connect_pad_added(move |demuxer, pad| {
        pad.set_offset(i64::try_from(offset).unwrap_or(i64::MAX));
        let video = pad.name().starts_with("video_");
        let (end, rate, demuxer) = (end.clone(), rate.clone(), demuxer.downgrade());
        let mut waits = sought;
        let kinds = gst::PadProbeType::BUFFER
            | gst::PadProbeType::BUFFER_LIST
            | gst::PadProbeType::EVENT_DOWNSTREAM
            | gst::PadProbeType::EVENT_FLUSH;
        let note = move |pad: &gst::Pad, buffer: &gst::BufferRef| {
            if let Some(running) = media::running_time(pad, buffer).filter(|_| video) {
                let length = buffer.duration().map_or(0, gst::ClockTime::nseconds);
                end.fetch_max(offset + running + length, Ordering::AcqRel);
            }
        };
        let waits = AtomicBool::new(std::mem::take(&mut waits));
        pad.add_probe(kinds, move |pad, info| {
            let event = match &mut info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => {
                    note(pad, buffer);
                    return gst::PadProbeReturn::Ok;
                }
                Some(gst::PadProbeData::BufferList(list)) => {
                    list.iter().for_each(|buffer| note(pad, buffer));
                    return gst::PadProbeReturn::Ok;
                }
                Some(gst::PadProbeData::Event(event)) => event,
                _ => return gst::PadProbeReturn::Ok,
            };
            match event.view() {
                gst::EventView::Eos(_) if !last => {
                    if let Some(demuxer) = demuxer.upgrade().filter(|_| video) {
                        let done = gst::Structure::builder(STEP_DONE).field("step", number);
                        let message = gst::message::Element::builder(done.build())
                            .src(&demuxer)
                            .build();
                        let _ = demuxer.post_message(message);
                    }
                    return gst::PadProbeReturn::Handled;
                }
                // what waits behind the demuxer is of the files before
                gst::EventView::FlushStart(_) if number > 0 => {
                    return gst::PadProbeReturn::Handled;
                }
                gst::EventView::FlushStop(_) if number > 0 => {
                    waits.store(false, Ordering::Release);
                    return gst::PadProbeReturn::Handled;
                }
                gst::EventView::Gap(_) if number > 0 && waits.load(Ordering::Acquire) => {
                    return gst::PadProbeReturn::Handled;
                }
                gst::EventView::Segment(own) if video && stop.is_some() => {
                    let mut segment = own.segment().clone();
                    if let Some(segment) = segment.downcast_mut::<gst::ClockTime>() {
                        segment.set_stop(stop);
                    }
                    let changed = gst::event::Segment::builder(&segment).seqnum(event.seqnum());
                    *event = changed.build();
                }
                gst::EventView::Caps(caps) if video && keeps_rate => {
                    let mut rate = rate.lock().unwrap_or_else(PoisonError::into_inner);
                    let mut caps = caps.caps_owned();
                    let own = caps.structure(0).and_then(|one| one.get("framerate").ok());
                    match (*rate, own) {
                        (Some(first), Some(own)) if first != own => {
                            caps.make_mut().set("framerate", first);
                            let changed = gst::event::Caps::builder(&caps).seqnum(event.seqnum());
                            *event = changed.build();
                        }
                        (None, own) => *rate = own,
                        _ => {}
                    }
                }
                _ => {}
            }
            gst::PadProbeReturn::Ok
        });
    });
}

/// Has each frame shown as long as the recorder has it, the last one before an end or a break, too. `videorate` itself repeats that one
/// only where its segment has an end, and 25 times at most.
fn show_to_the_end(pad: &gst::Pad, rate: i32) {
    let tick = 1_000_000_000 / u64::from(rate.unsigned_abs().max(1));
    let last: Mutex<Option<gst::Buffer>> = Mutex::default();
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |pad, info| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => *last = Some(buffer.clone()),
            Some(gst::PadProbeData::Event(event))
                if matches!(event.type_(), gst::EventType::Eos | gst::EventType::Segment) =>
            {
                let buffer = last.take();
                // the repeated frames come by here
                drop(last);
                if let Some(buffer) = buffer {
                    repeat(pad, &buffer, tick);
                }
            }
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
}

/// Repeats a frame, a `tick` apart, until it has been shown for its duration.
fn repeat(pad: &gst::Pad, buffer: &gst::Buffer, tick: u64) {
    let (Some(start), Some(length)) = (buffer.pts(), buffer.duration()) else {
        return;
    };
    let segment = pad.sticky_event::<gst::event::Segment>(0);
    let stop = segment.and_then(|event| {
        let segment = event.segment().downcast_ref::<gst::ClockTime>()?;
        segment.stop()
    });
    let end = start.saturating_add(length);
    let end = stop.map_or(end, |stop| stop.min(end)).nseconds();
    let times = (1..).map(|n| start.nseconds().saturating_add(tick.saturating_mul(n)));
    for time in times.take_while(|time| time.saturating_add(tick / 2) < end) {
        let mut buffer = buffer.copy();
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds(time));
            buffer.set_duration(gst::ClockTime::from_nseconds(tick));
        }
        // a failure shows as an error of the element
        let _ = pad.chain(buffer);
    }
}

/// Audio of which the demuxer has none, because it is silence or was not recorded in this part, ends when the frames do: the muxer waits
/// for it. A track without any data would make an MP4 file that nothing reads, so there is a moment of silence.
fn end_with(
    rest: &gst::Element,
    tracks: &[Link],
    raw: Vec<Option<gst::Pad>>,
    silent: Arc<AtomicBool>,
) {
    let heads: Vec<gst::Pad> = tracks.iter().map(|(_, head, _)| head.clone()).collect();
    for (head, raw) in heads.iter().zip(&raw) {
        silence_if_empty(raw.as_ref().unwrap_or(head), raw.is_some(), silent.clone());
    }
    let Some(pad) = rest.static_pad("sink") else {
        return;
    };
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        let event = info.event().map(|event| event.type_());
        if event == Some(gst::EventType::Eos) {
            let empty = heads.iter().zip(&raw).filter(|(head, _)| !head.is_linked());
            for (head, raw) in empty {
                let to = raw.as_ref().unwrap_or(head);
                // an earlier one of several files had audio
                if head.sticky_event::<gst::event::Segment>(0).is_some() {
                    head.send_event(gst::event::Eos::new());
                    continue;
                }
                silent.store(true, Ordering::Release);
                to.send_event(gst::event::StreamStart::new("no-audio"));
                if raw.is_some() {
                    send_silence(to);
                }
                to.send_event(gst::event::Eos::new());
            }
        }
        gst::PadProbeReturn::Ok
    });
}

/// The same where there is a pad that never had any: `fill` puts silence in before the end.
fn silence_if_empty(pad: &gst::Pad, fill: bool, silent: Arc<AtomicBool>) {
    let seen = AtomicBool::new(false);
    let kinds = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    pad.add_probe(kinds, move |pad, info| {
        match info.event().map(|event| event.type_()) {
            None => seen.store(true, Ordering::Release),
            Some(gst::EventType::Eos) if !seen.load(Ordering::Acquire) => {
                silent.store(true, Ordering::Release);
                if fill {
                    send_silence(pad);
                }
            }
            Some(_) => {}
        }
        gst::PadProbeReturn::Ok
    });
}

/// A tenth of a second of silence.
fn send_silence(pad: &gst::Pad) {
    let caps = gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", 8000)
        .field("channels", 1)
        .build();
    pad.send_event(gst::event::Caps::new(&caps));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    pad.send_event(gst::event::Segment::new(&segment));
    let mut buffer = gst::Buffer::from_slice([0_u8; 1600]);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(gst::ClockTime::ZERO);
        buffer.set_duration(gst::ClockTime::from_mseconds(100));
    }
    // a failure shows as an error of the element
    let _ = pad.chain(buffer);
}

/// A chain whose first element has a name.
fn named(chain: &[String], name: &str) -> String {
    let mut chain = chain.to_vec();
    if let Some(first) = chain.first_mut() {
        // a decoder or queue; what follows its name are its settings
        *first = match first.split_once(' ') {
            Some((element, settings)) => format!("{element} name={name} {settings}"),
            None => format!("{first} name={name}"),
        };
    }
    chain.join(" ! ")
}

fn unfit(job: &Job<'_>, camera: &Camera) -> Failure {
    Failure::Use(format!(
        "{} cannot hold the frames of {} as they are: use --to mkv, or --transcode h264",
        job.treatment.format.name(),
        camera.name()
    ))
}

/// What is done to the frames of each camera. `together`: something else goes into the output, too.
fn video(job: &Job<'_>, together: bool) -> Vec<Vec<String>> {
    let treatment = job.treatment;
    let chain = |(n, camera): (usize, &&Camera)| {
        let mosaic = job.cameras.len() > 1;
        let mut chain: Vec<String> = Vec::new();
        let encode = treatment.encode.is_some() || mosaic;
        if encode {
            chain.push(if mosaic { CAMERA_QUEUE } else { QUEUE }.to_owned());
            chain.extend(media::decoder(camera.codec));
            chain.push(format!("videoconvert name=raw{n}"));
            chain.extend(scaler(job, camera));
            chain.extend(clock(job, camera, n));
            if !mosaic {
                let rate = treatment.rate.map(|rate| (rate, 1));
                chain.extend(encoder(treatment, rate));
            }
        } else if camera.codec == Codec::H264 && treatment.format != Format::Avi {
            chain.push("h264parse".to_owned());
        }
        // a thread between demuxer and muxer would only cost time where there is nothing else
        if together && !mosaic {
            chain.push(QUEUE.to_owned());
        }
        chain
    };
    job.cameras.iter().enumerate().map(chain).collect()
}

/// Width and height that lose no pixel where frames are shown with square ones.
fn square_size((width, height): (u16, u16)) -> (i32, i32) {
    let (width, height) = match (i32::from(width), i32::from(height)) {
        (0, _) | (_, 0) => (352, 240),
        size => size,
    };
    let wide = (width.max(height * 4 / 3) + 1) / 2 * 2;
    // wider than 4:3 is stored with square pixels
    match width * 3 > height * 4 && height >= 480 && width >= 960 {
        true => (width, height),
        false => (wide, (wide * 3 / 4 + 1) / 2 * 2),
    }
}

/// Cells of a mosaic: how many in a row, and their size.
fn cells(job: &Job<'_>) -> (i32, (i32, i32)) {
    let count = i32::try_from(job.cameras.len()).unwrap_or(1).max(1);
    let columns = (1..=count).find(|n| n * n >= count).unwrap_or(count);
    let sizes = job
        .cameras
        .iter()
        .map(|camera| square_size((camera.width, camera.height)));
    let widest = sizes.max().unwrap_or((352, 264));
    let most = job
        .treatment
        .max_width
        .and_then(|width| i32::try_from(width).ok());
    let width = most.map_or(widest.0, |most| widest.0.min(most / columns / 2 * 2));
    (columns, (width, (width * widest.1 / widest.0 + 1) / 2 * 2))
}

/// Place of the `n`-th cell.
fn place(job: &Job<'_>, n: usize) -> (i32, i32) {
    let (columns, (width, height)) = cells(job);
    let n = i32::try_from(n).unwrap_or(0);
    (n % columns * width, n / columns * height)
}

fn scaler(job: &Job<'_>, camera: &Camera) -> Vec<String> {
    let treatment = job.treatment;
    let mosaic = job.cameras.len() > 1;
    if !mosaic && !treatment.square && treatment.max_width.is_none() {
        return Vec::new();
    }
    let size = match (mosaic, job.part.size) {
        (true, _) => cells(job).1,
        (false, (0, _)) => square_size((camera.width, camera.height)),
        (false, size) => square_size(size),
    };
    let most = treatment
        .max_width
        .and_then(|width| i32::try_from(width).ok())
        .filter(|_| !mosaic);
    let (width, height) = match most.filter(|most| *most < size.0) {
        Some(most) => (most / 2 * 2, (most * size.1 / size.0 + 1) / 2 * 2),
        None => size,
    };
    vec![
        "videoscale".to_owned(),
        format!("video/x-raw,format=I420,width={width},height={height},pixel-aspect-ratio=1/1"),
    ]
}

/// The recorder's clock in the picture, or below it.
fn clock(job: &Job<'_>, camera: &Camera, n: usize) -> Vec<String> {
    let overlay = format!("textoverlay name=clock{n} halignment=left line-alignment=left");
    match job.treatment.clock {
        ClockIn::None | ClockIn::Subtitle => Vec::new(),
        ClockIn::Burn => vec![format!(
            "{overlay} valignment=top shaded-background=true shading-value=180 font-desc=\"Sans 12\" xpad=6 ypad=4"
        )],
        ClockIn::Below => {
            let size = match job.part.size {
                (0, _) => (camera.width, camera.height),
                size => size,
            };
            let width = square_size(size).0;
            let font = (width / 26).clamp(10, 28);
            // a letter is about 0.62 of the font's height wide; modes have up to ten
            let letters = i32::try_from(camera.name().chars().count()).unwrap_or(0) + 12;
            let lines = 1 + (letters * font * 62 / 100).div_euclid(width - 12) + 1;
            let bar = (lines * font * 27 / 20 + 8) / 2 * 2;
            vec![
                format!("videobox bottom=-{bar} fill=black"),
                format!(
                    "{overlay} valignment=bottom font-desc=\"Sans {font}px\" auto-resize=false draw-shadow=false draw-outline=false xpad=6 ypad=4"
                ),
            ]
        }
    }
}

/// A mosaic has one rate: the highest of its cameras.
fn mosaic_rate(job: &Job<'_>) -> Option<(i32, i32)> {
    let shortest = job.cameras.iter().map(|camera| camera.interval).min();
    let interval = shortest.unwrap_or(100_000_000).max(1);
    let rate = (1_000_000_000 + interval / 2) / interval;
    Some((
        job.treatment
            .rate
            .unwrap_or(i32::try_from(rate.clamp(1, 30)).unwrap_or(10)),
        1,
    ))
}

/// From raw frames to coded ones. What waits in the encoder is most of the program's memory.
fn encoder(treatment: &Treatment, rate: Option<(i32, i32)>) -> Vec<String> {
    let mut chain = Vec::new();
    let mut caps = "video/x-raw".to_owned();
    if let Some((numerator, denominator)) = rate {
        chain.push("videorate name=rate".to_owned());
        let _ = write!(caps, ",framerate={numerator}/{denominator}");
    }
    match treatment.encode {
        Some(Encoding::ProRes) => {
            chain.push(caps);
            chain.push("videoconvert".to_owned());
            chain.push("avenc_prores_ks profile=2".to_owned());
        }
        encode => {
            let quantizer = match encode {
                Some(Encoding::H264(quantizer)) => quantizer,
                _ => 20,
            };
            let found = |name| gst::ElementFactory::find(name).is_some();
            chain.push(caps + ",format=I420");
            chain.push(RAW_QUEUE.to_owned());
            // nothing but the quantizer limits the quality: no buffer to fit in, no bit rate
            if !found("x264enc") && found("openh264enc") {
                chain.push(format!(
                    "openh264enc qp-min={quantizer} qp-max={quantizer} gop-size=50"
                ));
            } else {
                chain.push(format!(
                    "x264enc pass=qual quantizer={quantizer} vbv-buf-capacity=0 speed-preset=faster bframes=0 key-int-max=50 rc-lookahead=0 mb-tree=false ref=1 threads=1 sync-lookahead=0"
                ));
            }
            chain.push("video/x-h264,profile=main".to_owned());
            chain.push("h264parse".to_owned());
        }
    }
    chain
}

/// Channels of audio that go into the output, and what is done to each.
fn audio(job: &Job<'_>) -> Vec<(u16, Vec<String>)> {
    let format = job.treatment.format;
    if !job.treatment.audio || format == Format::M4v {
        return Vec::new();
    }
    let found = job
        .cameras
        .iter()
        .filter_map(|camera| job.look.audio_of(camera));
    let chain = |n: usize, codec: Codec| {
        let mut chain =
            vec!["queue max-size-bytes=3145728 max-size-buffers=2000 max-size-time=0".to_owned()];
        let decoder = match codec {
            Codec::MuLaw => Some("mulawdec"),
            Codec::ALaw => Some("alawdec"),
            Codec::ImaAdpcm => Some("adpcmdec"),
            _ => None,
        };
        let coded: &[&str] = match format {
            Format::Mp4 => &["audioresample", "avenc_aac"],
            Format::Mov => &["audio/x-raw,format=S16LE"],
            // without times: what was not recorded is filled
            Format::Avi => &["audiorate", "audio/x-raw,format=S16LE"],
            _ => &[],
        };
        if !coded.is_empty() || codec == Codec::ImaAdpcm {
            chain.extend(decoder.map(str::to_owned));
        }
        if !coded.is_empty() {
            chain.push(format!("audioconvert name=raw-audio{n}"));
            chain.extend(coded.iter().map(|element| (*element).to_owned()));
        }
        chain
    };
    found
        .enumerate()
        .map(|(n, (channel, codec))| (channel, chain(n, codec)))
        .collect()
}

/// What becomes of audio, for the user.
pub fn audio_note(job: &Job<'_>) -> Option<&'static str> {
    let codecs: Vec<Codec> = job
        .cameras
        .iter()
        .filter_map(|camera| Some(job.look.audio_of(camera)?.1))
        .collect();
    if !job.treatment.audio || codecs.is_empty() {
        return None;
    }
    match job.treatment.format {
        Format::Mp4 => Some("audio is encoded to AAC: MP4 cannot hold the recorder's"),
        Format::Mov | Format::Avi => Some("audio is written as PCM"),
        _ if codecs.contains(&Codec::ImaAdpcm) => Some("audio is written as PCM"),
        _ => None,
    }
}

/// Words for a camera's frames.
fn words(look: &Look, camera: &Camera) -> Words {
    Words {
        zone: look.recording.zone,
        has_clock: look.recording.has_clock(),
        camera: camera.name(),
    }
}

/// Settings of the muxer that depend on what goes into it.
fn set_muxer(job: &Job<'_>, mux: &gst::Element, audio: usize) {
    origin::write(mux, job.comment);
    if mux.has_property("latency") {
        mux.set_property("latency", MUXER_QUEUE);
    }
    let created = job.look.created(job.part);
    if mux.has_property("creation-time")
        && let Some(time) = created.and_then(|s| gst::glib::DateTime::from_unix_utc(s).ok())
    {
        mux.set_property("creation-time", time);
    }
    let seconds = job.part.length / 1_000_000_000;
    if mux.has_property("reserved-max-duration") {
        // room for the table of frames before the media data: 24 bytes for a frame, and its place among those of other tracks
        let recorded = job.part.recorded / 1_000_000_000 + 60;
        let frames = match mosaic_or_rate(job) {
            Some(rate) => (seconds + 60).saturating_mul(rate),
            None => job.part.frames,
        };
        let tracks = 1 + audio as u64 + u64::from(job.treatment.clock == ClockIn::Subtitle);
        // audio of 8 kHz has 8 coded frames a second, subtitles one
        let others = (tracks - 1) * recorded * 8;
        let bytes = 8_000
            + 300 * job.part.chapters.len() as u64
            + frames.saturating_add(others).saturating_mul(40);
        // the muxer multiplies bytes a second, seconds and tracks
        let seconds = bytes / tracks / 1000 + 1;
        let reserved = gst::ClockTime::from_seconds(seconds);
        mux.set_property("reserved-max-duration", reserved.nseconds());
        mux.set_property("reserved-bytes-per-sec", 1000_u32);
    }
    if let Some(units) = coarse_timescale(seconds) {
        if mux.has_property("movie-timescale") {
            mux.set_property("movie-timescale", units);
        }
        let set = move |pad: &gst::Pad| {
            if pad.has_property("trak-timescale") {
                pad.set_property("trak-timescale", units);
            }
        };
        mux.sink_pads().iter().for_each(&set);
        mux.connect_pad_added(move |_, pad| set(pad));
    }
}

fn mosaic_or_rate(job: &Job<'_>) -> Option<u64> {
    let mosaic = (job.cameras.len() > 1).then(|| mosaic_rate(job)).flatten();
    let rate = job.treatment.rate.or(mosaic.map(|(rate, _)| rate))?;
    u64::try_from(rate).ok()
}

/// Units a second for an output so long that its times do not fit the muxer's 32 bits in its own units, of which it may take 30,000
/// a second; `None` where they fit.
fn coarse_timescale(seconds: u64) -> Option<u32> {
    let fits = |units: &u32| seconds < u64::from(u32::MAX / 2 / units);
    match fits(&30_000) {
        true => None,
        false => [1000, 100, 10].into_iter().find(fits).or(Some(1)),
    }
}

/// Chapters as a muxer wants them.
fn toc(chapters: &[Chapter]) -> gst::Toc {
    let mut toc = gst::Toc::new(gst::TocScope::Global);
    let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
    for (n, chapter) in chapters.iter().enumerate() {
        let mut entry = gst::TocEntry::new(gst::TocEntryType::Chapter, &format!("run-{}", n + 1));
        let mut tags = gst::TagList::new();
        tags.make_mut()
            .add::<gst::tags::Title>(&chapter.title.as_str(), gst::TagMergeMode::Replace);
        let changed = entry.make_mut();
        changed.set_tags(tags);
        changed.set_start_stop_times(signed(chapter.start), signed(chapter.end));
        toc.make_mut().append_entry(entry);
    }
    toc
}

/// The demuxer's table of contents is of the whole recording, the output has one of its own.
fn drop_toc(pad: &gst::Pad) {
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
        match info.event().map(|event| event.type_()) {
            // of `Drop` the bindings (0.25) make a release of nothing, which GStreamer complains about
            Some(gst::EventType::Toc) => gst::PadProbeReturn::Handled,
            _ => gst::PadProbeReturn::Ok,
        }
    });
}

/// What a demuxer says of time without data before it has sought is of no use: a muxer would begin with it.
/// There is nothing to flush by then either, and a flush would stop the muxer while another demuxer has already begun.
fn drop_early_gaps(pad: &gst::Pad) {
    let flushed = AtomicBool::new(false);
    let kinds = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::EVENT_FLUSH;
    pad.add_probe(kinds, move |_, info| {
        match info.event().map(|event| event.type_()) {
            Some(gst::EventType::FlushStart) => return gst::PadProbeReturn::Handled,
            Some(gst::EventType::FlushStop) => {
                flushed.store(true, Ordering::Release);
                return gst::PadProbeReturn::Handled;
            }
            Some(gst::EventType::Gap) if !flushed.load(Ordering::Acquire) => {
                return gst::PadProbeReturn::Handled;
            }
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
}

/// Holds caps and segment back until the first frame: those before may belong to frames of another size, which the demuxer began with
/// before it sought, and a muxer keeps to the first that it gets.
fn wait_for_caps(pad: &gst::Pad) {
    let held: Mutex<Option<[Option<gst::Event>; 2]>> = Mutex::new(Some([None, None]));
    let kinds = gst::PadProbeType::EVENT_DOWNSTREAM
        | gst::PadProbeType::BUFFER
        | gst::PadProbeType::BUFFER_LIST;
    pad.add_probe(kinds, move |pad, info| {
        let mut lock = held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some([caps, segment]) = lock.as_mut() else {
            return gst::PadProbeReturn::Ok;
        };
        let event = info.event().cloned();
        match event.as_ref().map(|event| event.type_()) {
            Some(gst::EventType::Caps) => *caps = event,
            Some(gst::EventType::Segment) => *segment = event,
            Some(_) => return gst::PadProbeReturn::Ok,
            None => {
                let events = lock.take();
                drop(lock);
                for event in events.into_iter().flatten().flatten() {
                    // one that the pad has already seen goes nowhere
                    pad.push_event(event.copy());
                }
                return gst::PadProbeReturn::Ok;
            }
        }
        gst::PadProbeReturn::Handled
    });
}

/// Follows the frames of a camera: counts them, writes what they show into `overlay` and the subtitles. `rate` goes into the caps.
fn follow(
    pad: &gst::Pad,
    stream: &Shared,
    overlay: Option<gst::Element>,
    rate: Option<gst::Fraction>,
) {
    drop_toc(pad);
    let stream = stream.clone();
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |pad, info| {
        let mut stream = lock(&stream);
        match &mut info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => {
                if let Some(running) = media::running_time(pad, buffer) {
                    stream.begin(media::segment_start(pad));
                    stream.frame(running, buffer, overlay.as_ref());
                }
            }
            Some(gst::PadProbeData::Event(event)) => {
                if let Some(changed) = stream.event(event, rate) {
                    *event = changed;
                }
            }
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
}

impl Stream {
    /// The first frame comes.
    fn begin(&mut self, start: u64) {
        if self.begin.is_none() {
            self.begin = Some(start);
            if let Some(call) = self.on_begin.take() {
                call(start);
            }
        }
    }

    fn frame(&mut self, running: u64, buffer: &gst::BufferRef, overlay: Option<&gst::Element>) {
        let clock = gstexp::recorder_time(buffer);
        let clock = clock.unwrap_or_else(|| {
            let pts = buffer.pts().map_or(0, gst::ClockTime::nseconds);
            i64::try_from(pts).unwrap_or(i64::MAX)
        });
        let duration = buffer.duration().map_or(0, gst::ClockTime::nseconds);
        let (start, duration) = match self.steady {
            None => (running, duration),
            Some(interval) => (self.frames.saturating_mul(interval), interval),
        };
        self.end = start.saturating_add(duration);
        self.frames += 1;
        self.span = Some((self.span.map_or(clock, |(first, _)| first), clock));
        if let Some(overlay) = overlay {
            let text = self.words.write(clock, &self.mode, "\n");
            // the overlay takes markup
            overlay.set_property("text", gst::glib::markup_escape_text(&text));
        }
        if let Some(cues) = &mut self.cues {
            let zone = self.words.zone.in_seconds();
            let words = Words {
                zone,
                ..self.words.clone()
            };
            let text = words.write(clock, &self.mode, ", ");
            cues.frame(text, start, self.end, buffer.size());
        }
    }

    /// What becomes of an event, where it changes.
    fn event(&mut self, event: &gst::Event, rate: Option<gst::Fraction>) -> Option<gst::Event> {
        match event.view() {
            gst::EventView::Eos(_) => {
                if let Some(cues) = &mut self.cues {
                    cues.end();
                }
            }
            gst::EventView::Tag(tag) => {
                if let Some(mode) = tag.tag().get::<RecordingMode>() {
                    mode.get().clone_into(&mut self.mode);
                }
            }
            gst::EventView::Caps(caps) => {
                // AVI counts frames of one rate
                let mut caps = caps.caps_owned();
                caps.make_mut().set("framerate", rate?);
                return Some(
                    gst::event::Caps::builder(&caps)
                        .seqnum(event.seqnum())
                        .build(),
                );
            }
            _ => {}
        }
        None
    }
}

/// Usual rate of a camera's frames.
fn frame_rate(camera: &Camera) -> gst::Fraction {
    let measured = camera.frame_rate.and_then(|(numerator, denominator)| {
        Some(gst::Fraction::new(
            i32::try_from(numerator).ok()?,
            i32::try_from(denominator)
                .ok()
                .filter(|denominator| *denominator > 0)?,
        ))
    });
    measured.filter(|rate| rate.numer() > 0).unwrap_or_else(|| {
        let mhz = 1_000_000_000_000 / camera.interval.max(1_000_000);
        gst::Fraction::new(i32::try_from(mhz.clamp(1, 120_000)).unwrap_or(25_000), 1000)
    })
}
