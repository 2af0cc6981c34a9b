// SPDX-License-Identifier: MPL-2.0
//! Demuxers under operations that are drawn from bytes: seeks, flushes, changes of state, ends, new segments, other flows. Used by
//! the fuzz targets `pipeline` and `round_trip`, and by the test that replays their findings.

use crate::{common::init, exp_bytes, seek_tools::Dice, seek_tools::vop};
use formats::{
    exp::writer::{Head, Picture, Writer},
    reader::{Camera, Mode, Standard, Timestamp},
};
use gst::prelude::*;
use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// What takes longer hangs.
const HANG: Duration = Duration::from_secs(20);
/// How long a source pauses.
const PAUSE: Duration = Duration::from_millis(5);

/// How bytes get to the demuxer.
#[derive(Clone, Copy, PartialEq)]
enum Feeding {
    Pulled,
    Pushed,
    /// Pushed by a source that can seek.
    Seekable,
}

/// What goes wrong around the demuxer, by chance.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// Upstream returns less than was asked for.
    short: bool,
    /// Upstream fails: an error where it is pulled, its end where it pushes.
    fails: bool,
    /// Upstream pauses, and at last does not return before it is made to.
    blocks: bool,
    /// Pads return FLUSHING, NOT_LINKED, ERROR.
    flows: bool,
}

impl Faults {
    /// By the upper half of a byte.
    fn of(byte: u8) -> Faults {
        let bit = |bit: u8| byte >> (4 + bit) & 1 != 0;
        Faults {
            short: bit(0),
            fails: bit(1),
            blocks: bit(2),
            flows: bit(3),
        }
    }
}

/// What the source does next.
#[derive(Default)]
struct Next {
    offset: usize,
    /// Stream-start and segment go first.
    stream_start: bool,
    segment: bool,
    /// The end, whatever is left.
    eos: bool,
    /// Nothing until somebody asks.
    stopped: bool,
    /// A read waits until it is made to return.
    dead: bool,
    /// A read that waits returns.
    flushing: bool,
    quit: bool,
}

struct Source {
    bytes: Vec<u8>,
    feeding: Feeding,
    faults: Faults,
    dice: Mutex<Dice>,
    next: Mutex<Next>,
    changed: Condvar,
}

impl Source {
    fn new(bytes: &[u8], feeding: Feeding, faults: Faults) -> Arc<Source> {
        let next = Next {
            stream_start: true,
            segment: true,
            stopped: feeding == Feeding::Pulled,
            ..Next::default()
        };
        Arc::new(Source {
            bytes: bytes.to_vec(),
            feeding,
            faults,
            dice: Mutex::new(Dice(bytes.len() as u64 | 1)),
            next: Mutex::new(next),
            changed: Condvar::new(),
        })
    }

    fn change(&self, change: impl FnOnce(&mut Next)) {
        change(&mut self.next.lock().unwrap());
        self.changed.notify_all();
    }

    /// Whether something that happens once in so many times does so now.
    fn happens(&self, fault: bool, times: u64) -> bool {
        fault && self.dice.lock().unwrap().below(times) == 0
    }

    /// The part of these bytes that upstream returns.
    fn cut<'a>(&self, part: &'a [u8]) -> &'a [u8] {
        let all = part.len();
        match all > 1 && self.happens(self.faults.short, 4) {
            true => &part[..1 + self.dice.lock().unwrap().below(all as u64 - 1) as usize],
            false => part,
        }
    }

    /// A pause, sometimes.
    fn pause(&self) {
        if self.happens(self.faults.blocks, 32) {
            let next = self.next.lock().unwrap();
            let waits = |next: &mut Next| !next.quit && !next.flushing;
            let _ = self.changed.wait_timeout_while(next, PAUSE, waits).unwrap();
        }
    }

    /// A read of the demuxer.
    fn read(&self, offset: u64, size: u32) -> Result<&[u8], gst::FlowError> {
        self.pause();
        let next = self.next.lock().unwrap();
        let until = self
            .changed
            .wait_while(next, |next| next.dead && !next.flushing);
        if until.unwrap().flushing {
            return Err(gst::FlowError::Flushing);
        }
        if self.happens(self.faults.fails, 16) {
            return Err(gst::FlowError::Error);
        }
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.bytes.get(from..).unwrap_or_default();
        match self.cut(&rest[..rest.len().min(size as usize)]) {
            [] => Err(gst::FlowError::Eos),
            part => Ok(part),
        }
    }

    /// Pushes from there on, as a source element does after a seek.
    fn restart(&self, pad: &gst::Pad, offset: usize, flush: Option<gst::Seqnum>) {
        if let Some(seqnum) = flush {
            pad.push_event(gst::event::FlushStart::builder().seqnum(seqnum).build());
        }
        let guard = pad.stream_lock();
        self.change(|next| {
            next.offset = offset.min(self.bytes.len());
            next.segment = true;
            next.eos = false;
            // until the flush is over
            next.stopped = flush.is_some();
        });
        // as GstBaseSrc does, under that lock
        if let Some(seqnum) = flush {
            let stop = gst::event::FlushStop::builder(true).seqnum(seqnum);
            pad.push_event(stop.build());
        }
        drop(guard);
        self.change(|next| next.stopped = self.feeding == Feeding::Pulled);
    }

    fn pad(self: &Arc<Source>) -> gst::Pad {
        let (asked, sought, read, activated) =
            (self.clone(), self.clone(), self.clone(), self.clone());
        let mut builder = gst::Pad::builder(gst::PadDirection::Src)
            .name("source")
            .query_function(move |_, _, query| asked.answer(query))
            .event_function(move |pad, _, event| match event.view() {
                gst::EventView::Seek(seek) if sought.feeding == Feeding::Seekable => {
                    let (_, flags, _, start, _, _) = seek.get();
                    let gst::GenericFormattedValue::Bytes(Some(start)) = start else {
                        return false;
                    };
                    let offset = usize::try_from(*start).unwrap();
                    let flush = flags.contains(gst::SeekFlags::FLUSH);
                    sought.restart(pad, offset, flush.then(|| seek.seqnum()));
                    true
                }
                // what GstBaseSrc does for an element that pulls
                gst::EventView::FlushStart(_) => {
                    sought.change(|next| next.flushing = true);
                    true
                }
                gst::EventView::FlushStop(_) => {
                    sought.change(|next| next.flushing = false);
                    true
                }
                _ => false,
            });
        if self.feeding == Feeding::Pulled {
            builder = builder
                .activatemode_function(move |_, _, _, active| {
                    activated.change(|next| next.flushing = !active);
                    Ok(())
                })
                .getrange_function(move |_, _, offset, into, size| {
                    let part = read.read(offset, size)?;
                    match into {
                        None => Ok(gst::PadGetRangeSuccess::NewBuffer(gst::Buffer::from_slice(
                            part.to_vec(),
                        ))),
                        Some(buffer) => {
                            buffer.set_size(part.len());
                            buffer
                                .copy_from_slice(0, part)
                                .map_err(|_| gst::FlowError::Error)?;
                            Ok(gst::PadGetRangeSuccess::FilledBuffer)
                        }
                    }
                });
        }
        builder.build()
    }

    fn answer(&self, query: &mut gst::QueryRef) -> bool {
        let end = gst::format::Bytes::from_usize(self.bytes.len());
        let seekable = self.feeding != Feeding::Pushed;
        match query.view_mut() {
            gst::QueryViewMut::Scheduling(asked) => {
                let (flags, mode) = match self.feeding {
                    Feeding::Pulled => (gst::SchedulingFlags::SEEKABLE, gst::PadMode::Pull),
                    _ => (gst::SchedulingFlags::empty(), gst::PadMode::Push),
                };
                asked.set(flags, 1, -1, 0);
                asked.add_scheduling_modes([mode]);
                true
            }
            gst::QueryViewMut::Seeking(asked) if asked.format() == gst::Format::Bytes => {
                asked.set(seekable, gst::format::Bytes::ZERO, end);
                true
            }
            gst::QueryViewMut::Duration(asked)
                if asked.format() == gst::Format::Bytes && seekable =>
            {
                asked.set(end);
                true
            }
            _ => false,
        }
    }

    /// The streaming thread of a source element. `size`: bytes of a buffer.
    fn run(self: Arc<Source>, pad: gst::Pad, size: usize) {
        loop {
            self.pause();
            let next = self.next.lock().unwrap();
            let next = self
                .changed
                .wait_while(next, |next| next.stopped && !next.quit);
            drop(next.unwrap());
            let guard = pad.stream_lock();
            let (stream_start, segment, from, part) = {
                let mut next = self.next.lock().unwrap();
                if next.quit {
                    return;
                }
                if next.stopped {
                    continue;
                }
                let from = next.offset;
                let rest = &self.bytes[from..];
                let mut part = self.cut(&rest[..rest.len().min(size)]);
                if next.eos || self.happens(self.faults.fails, 16) {
                    part = &[];
                }
                next.offset = from + part.len();
                next.stopped = part.is_empty();
                (
                    std::mem::take(&mut next.stream_start),
                    // at the end of a file GstBaseSrc sends none
                    !part.is_empty() && std::mem::take(&mut next.segment),
                    from,
                    part,
                )
            };
            if stream_start {
                pad.push_event(gst::event::StreamStart::new("operations"));
            }
            if segment {
                let mut segment = gst::FormattedSegment::<gst::format::Bytes>::new();
                segment.set_start(gst::format::Bytes::from_usize(from));
                pad.push_event(gst::event::Segment::new(&segment));
            }
            if part.is_empty() {
                pad.push_event(gst::event::Eos::new());
                continue;
            }
            let mut buffer = gst::Buffer::from_slice(part.to_vec());
            buffer.get_mut().unwrap().set_offset(from as u64);
            match pad.push(buffer) {
                Ok(_) => {}
                Err(gst::FlowError::Flushing) => {
                    let mut next = self.next.lock().unwrap();
                    // a seek in between goes on from its own place
                    if !next.segment {
                        next.stopped = true;
                    }
                }
                Err(_) => {
                    self.next.lock().unwrap().stopped = true;
                    pad.push_event(gst::event::Eos::new());
                }
            }
            drop(guard);
        }
    }
}

/// What came out of one pad.
#[derive(Default)]
struct Arrived {
    buffers: u64,
    ended: bool,
    removed: bool,
}

#[derive(Clone, Default)]
struct Sinks {
    pads: Arc<Mutex<Vec<(gst::Pad, gst::Pad)>>>,
    arrived: Arc<(Mutex<Vec<Arrived>>, Condvar)>,
    /// What the pads return: 0 OK, `ANY` something each time, else an error.
    flow: Arc<AtomicU8>,
    dice: Arc<AtomicU64>,
}

/// Pads return an error by chance.
const ANY: u8 = 6;

impl Sinks {
    fn attach(&self, demux: &gst::Element) {
        let sinks = self.clone();
        demux.connect_pad_added(move |_, pad| sinks.add(pad));
        let sinks = self.clone();
        demux.connect_pad_removed(move |_, pad| {
            let pads = sinks.pads.lock().unwrap();
            if let Some(at) = pads.iter().position(|(src, _)| src == pad) {
                sinks.note(at, |arrived| arrived.removed = true);
            }
        });
    }

    fn note(&self, at: usize, note: impl FnOnce(&mut Arrived)) {
        note(&mut self.arrived.0.lock().unwrap()[at]);
        self.arrived.1.notify_all();
    }

    fn add(&self, pad: &gst::Pad) {
        let at = {
            let mut arrived = self.arrived.0.lock().unwrap();
            arrived.push(Arrived::default());
            arrived.len() - 1
        };
        let (chained, reported) = (self.clone(), self.clone());
        let sink = gst::Pad::builder(gst::PadDirection::Sink)
            .chain_function(move |_, _, buffer| {
                buffer.map_readable().unwrap();
                chained.note(at, |arrived| arrived.buffers += 1);
                let flow = match chained.flow.load(Ordering::Relaxed) {
                    // an error for one buffer in eight
                    ANY => Dice(1 + chained.dice.fetch_add(0x9e37_79b9, Ordering::Relaxed))
                        .below(24) as u8,
                    flow => flow,
                };
                match flow {
                    1 => Err(gst::FlowError::Flushing),
                    2 => Err(gst::FlowError::NotLinked),
                    3 => Err(gst::FlowError::Error),
                    4 => Err(gst::FlowError::Eos),
                    5 => Err(gst::FlowError::NotNegotiated),
                    _ => Ok(gst::FlowSuccess::Ok),
                }
            })
            .event_function(move |_, _, event| {
                match event.type_() {
                    gst::EventType::Eos => reported.note(at, |arrived| arrived.ended = true),
                    gst::EventType::FlushStop => reported.note(at, |arrived| arrived.ended = false),
                    _ => {}
                }
                true
            })
            .build();
        sink.set_active(true).unwrap();
        pad.link(&sink).unwrap();
        self.pads.lock().unwrap().push((pad.clone(), sink));
    }

    /// Waits a little for more to arrive.
    fn wait(&self, more: u64) {
        let (arrived, changed) = &*self.arrived;
        let count = |all: &Vec<Arrived>| all.iter().map(|arrived| arrived.buffers).sum::<u64>();
        let arrived = arrived.lock().unwrap();
        let wanted = count(&arrived) + more;
        let short = Duration::from_millis(2);
        let _ = changed
            .wait_timeout_while(arrived, short, |all| count(all) < wanted)
            .unwrap();
    }

    /// Every pad that is there had its end.
    fn all_ended(&self) -> bool {
        let arrived = self.arrived.0.lock().unwrap();
        let mut here = arrived.iter().filter(|arrived| !arrived.removed).peekable();
        here.peek().is_some() && here.all(|arrived| arrived.ended)
    }

    fn release(&self) {
        for (src, sink) in self.pads.lock().unwrap().drain(..) {
            let _ = src.unlink(&sink);
            sink.set_active(false).unwrap();
        }
    }
}

struct Stage {
    demux: gst::Element,
    bus: gst::Bus,
    source: Arc<Source>,
    pad: gst::Pad,
    sinks: Sinks,
    thread: Option<JoinHandle<()>>,
    /// An operation after which no end has to come.
    endless: bool,
}

impl Stage {
    fn new(element: &str, bytes: &[u8], feeding: Feeding, faults: Faults, size: usize) -> Stage {
        let demux = gst::ElementFactory::make(element).build().unwrap();
        let bus = gst::Bus::new();
        demux.set_bus(Some(&bus));
        let sinks = Sinks::default();
        sinks.attach(&demux);
        sinks
            .flow
            .store(if faults.flows { ANY } else { 0 }, Ordering::Relaxed);
        let source = Source::new(bytes, feeding, faults);
        let pad = source.pad();
        pad.link(&demux.static_pad("sink").unwrap()).unwrap();
        let pulled = feeding == Feeding::Pulled;
        if !pulled {
            pad.set_active(true).unwrap();
        }
        let thread = (!pulled).then(|| {
            let (source, pad) = (source.clone(), pad.clone());
            std::thread::spawn(move || source.run(pad, size))
        });
        Stage {
            demux,
            bus,
            source,
            pad,
            sinks,
            thread,
            // a pad that is refused once may be the last one
            endless: faults.blocks || faults.flows,
        }
    }

    /// A source pad of the demuxer.
    fn out(&self, number: u8) -> Option<gst::Pad> {
        let pads = self.demux.src_pads();
        let at = usize::from(number).checked_rem(pads.len())?;
        pads.get(at).cloned()
    }

    fn set_state(&mut self, state: gst::State) {
        let before = self.demux.current_state();
        self.endless |= self.demux.set_state(state).is_err();
        if before < gst::State::Paused
            && state >= gst::State::Paused
            && self.source.feeding != Feeding::Pulled
        {
            self.source.change(|next| next.stream_start = true);
            self.source.restart(&self.pad, 0, None);
        }
    }

    fn operate(&mut self, operation: &[u8; 4]) {
        let [kind, a, b, c] = *operation;
        let number = u16::from_le_bytes([b, c]);
        let position = gst::ClockTime::from_mseconds(u64::from(number) * 8);
        let offset = self.source.bytes.len() * usize::from(number) / 65_536;
        match kind % 14 {
            0 | 1 => {
                let flags = gst::SeekFlags::from_bits_truncate(u32::from(a) & 0x77);
                let rate = if kind & 0x80 == 0 { 1.0 } else { -1.0 };
                let rate = rate * if kind & 0x40 == 0 { 1.0 } else { 2.5 };
                let stop = (a & 0x80 != 0).then_some(position + gst::ClockTime::SECOND);
                self.endless |= flags.contains(gst::SeekFlags::SEGMENT);
                let set = gst::SeekType::Set;
                let seek = gst::event::Seek::new(rate, flags, set, position, set, stop);
                if let Some(pad) = self.out(a >> 4) {
                    pad.send_event(seek);
                }
            }
            2 => {
                let clock = 1_257_862_530_000_000_000 + position.nseconds();
                let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
                let _: bool = self
                    .demux
                    .emit_by_name("seek-clock", &[&clock, &u32::from(a % 3), &flags]);
            }
            3 if self.source.feeding != Feeding::Pulled => {
                let flush = (a & 1 == 0).then(gst::Seqnum::next);
                self.source.restart(&self.pad, offset, flush);
            }
            4 => self.set_state(gst::State::Paused),
            5 => self.set_state(gst::State::Ready),
            6 => self.set_state(gst::State::Null),
            7 => self.set_state(gst::State::Playing),
            8 => self.source.change(|next| next.eos = true),
            9 => {
                if let Some(pad) = self.out(a) {
                    let _ = pad.query_duration::<gst::ClockTime>();
                    let _ = pad.query_position::<gst::ClockTime>();
                    let mut seeking = gst::query::Seeking::new(gst::Format::Time);
                    pad.query(&mut seeking);
                    let clock = gst::Structure::builder("exp-clock");
                    let clock = clock.field("stream-time", position.nseconds());
                    pad.query(&mut gst::query::Custom::new(clock.build()));
                }
                let _: gst::Structure = self.demux.property("stats");
            }
            10 => {
                self.endless |= a % 6 != 0;
                self.sinks.flow.store(a % 6, Ordering::Relaxed);
            }
            11 => {
                self.endless = true;
                let pads = self.sinks.pads.lock().unwrap();
                let at = usize::from(a).checked_rem(pads.len());
                if let Some((src, sink)) = at.and_then(|at| pads.get(at)) {
                    let _ = src.unlink(sink);
                }
            }
            12 => {
                let policy = if a & 1 == 0 { "collapse" } else { "preserve" };
                self.demux.set_property_from_str("gap-policy", policy);
                self.demux.set_property("drop-orphans", a & 2 == 0);
                self.demux.set_property("camera", u32::from(a >> 6));
            }
            _ => self.sinks.wait(u64::from(a)),
        }
    }

    fn has_failed(&self) -> bool {
        let kinds = [gst::MessageType::Error, gst::MessageType::SegmentDone];
        self.bus.pop_filtered(&kinds).is_some()
    }

    /// Plays to the end; that none comes is a fault, unless an operation has it so.
    fn end(mut self) {
        self.sinks.flow.store(0, Ordering::Relaxed);
        self.endless |= self.has_failed();
        let blocks = self.source.faults.blocks;
        self.source.change(|next| next.dead = blocks);
        self.set_state(gst::State::Playing);
        let begin = Instant::now();
        while !self.endless && !self.sinks.all_ended() && !self.has_failed() {
            assert!(begin.elapsed() < HANG, "no end");
            self.sinks.wait(1);
        }
        self.demux.set_state(gst::State::Null).unwrap();
        self.source.change(|next| next.quit = true);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        self.sinks.release();
        self.pad.set_active(false).unwrap();
        self.bus.set_flushing(true);
        let weak = self.demux.downgrade();
        drop(self);
        assert!(weak.upgrade().is_none(), "something keeps the element");
    }
}

/// One run of a demuxer: the first byte has the mode and the element, the second the number of operations and, in its upper half, what
/// goes wrong around it, then four bytes of each operation, then the file.
pub fn run(input: &[u8]) {
    let [mode, count, rest @ ..] = input else {
        return;
    };
    let (operations, file) = rest.split_at((usize::from(count % 16) * 4).min(rest.len()));
    init();
    let feeding = [Feeding::Pulled, Feeding::Pushed, Feeding::Seekable][usize::from(mode % 3)];
    let element = match mode & 0x80 {
        0 => "expdemux",
        _ => "netvudemux",
    };
    let size = 64 << (mode >> 4 & 7);
    let mut stage = Stage::new(element, file, feeding, Faults::of(*count), size);
    stage.set_state(gst::State::Playing);
    for operation in operations.as_chunks().0 {
        stage.operate(operation);
    }
    stage.end();
}

/// `expdemux ! expmux`; whether it ended without an error.
fn remux(from: &std::path::Path, to: &std::path::Path) -> bool {
    init();
    let line = format!(
        "filesrc location={} ! expdemux name=d drop-orphans=false expmux name=m ! filesink location={}",
        from.display(),
        to.display()
    );
    let pipeline = gst::parse::launch(&line).unwrap();
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    let weak = pipeline.downgrade();
    let mux = pipeline.by_name("m").unwrap();
    let demux = pipeline.by_name("d").unwrap();
    demux.connect_pad_added(move |_, pad| {
        let queue = gst::ElementFactory::make("queue")
            .property("max-size-buffers", 0u32)
            .property("max-size-bytes", 0u32)
            .property("max-size-time", 0u64)
            .build()
            .unwrap();
        weak.upgrade().unwrap().add(&queue).unwrap();
        queue.sync_state_with_parent().unwrap();
        pad.link(&queue.static_pad("sink").unwrap()).unwrap();
        let entry = mux.request_pad_simple("video_%u").unwrap();
        queue.static_pad("src").unwrap().link(&entry).unwrap();
    });
    crate::common::play(&pipeline).error.is_none()
}

/// A recording drawn from bytes: the first has cameras, header and index, then two for each frame: camera, keyframe and size, and
/// the time since the frame before. What `expdemux ! expmux` makes of it has the same frames.
pub fn round_trip(input: &[u8]) {
    let [first, rest @ ..] = input else { return };
    let cameras = u16::from(first % 3) + 1;
    let camera = |number| Camera {
        number,
        width: 352,
        height: 240,
        rate: None,
        title: format!("Camera {number}"),
    };
    let head = Head {
        model: "DX4104".into(),
        server: "TEST".into(),
        utc_offset: i16::from(*first),
        standard: Standard::Ntsc,
        cameras: (1..=cameras).map(camera).collect(),
        audio: false,
    };
    let mut ms = crate::make::START;
    let timestamp = |ms: i64| Timestamp {
        seconds: ms.div_euclid(1000),
        millis: Some(ms.rem_euclid(1000) as u16),
    };
    let (mut writer, begin) = Writer::new(head, timestamp(ms)).unwrap();
    let (mut body, mut dice) = (Vec::new(), Dice(7));
    let mut begun = [false; 4];
    for (n, [what, time]) in (0..64).zip(rest.as_chunks().0) {
        ms += match time {
            // a gap, and what frames are apart
            250.. => i64::from(*time) * 100,
            _ => 40 + i64::from(*time % 64),
        };
        let number = u16::from(what % 4) % cameras + 1;
        let begun = &mut begun[usize::from(number)];
        let key = !std::mem::replace(begun, true) || what & 0x10 != 0;
        let picture = Picture {
            camera: number,
            timestamp: timestamp(ms),
            mode: if what & 4 == 0 {
                Mode::Motion
            } else {
                Mode::Alarm
            },
            width: 352,
            height: 240,
            key,
        };
        let size = 16 + usize::from(what >> 5) * 100;
        body.extend(
            writer
                .picture(&picture, &vop(key, n, size, &mut dice))
                .unwrap(),
        );
    }
    if body.is_empty() {
        return;
    }
    let index = writer.finish();
    let file = match first & 0x80 {
        0 => [begin, body].concat(),
        _ => [writer.header(), body, index].concat(),
    };
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("x.exp"), folder.path().join("y.exp"));
    std::fs::write(&from, &file).unwrap();
    assert!(remux(&from, &to), "the remux failed");
    let (before, after) = (exp_bytes::read(file), exp_bytes::read_file(&to));
    for camera in 1..=cameras {
        let of = |file: &exp_bytes::File| -> Vec<(u64, u8, Vec<u8>)> {
            let records = file.records.iter();
            let records = records.filter(|record| u16::from(record.camera) == camera);
            records
                .map(|record| (record.ms, record.kind, record.payload.clone()))
                .collect()
        };
        assert_eq!(of(&before), of(&after), "camera {camera}");
    }
}
