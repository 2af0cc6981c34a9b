// SPDX-License-Identifier: MPL-2.0
//! Many pipelines, seeks and hours of recording in one process, which is left as it was: memory, threads, objects.
//! `scripts/soak` runs it; `soak short` is what the tests run, `soak brief` what fits under valgrind.
//!
//! Memory is what is resident. It is flat where it grows by less than `Plan::flat` from the first tenth (a quarter of a recording) to the end, and
//! by 256 KiB for each of many demuxers at a time, half a block: how their threads share the heap differs.

use gst::prelude::*;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use testing::{
    common,
    make::{Coded, Exp, START},
    netvu_make::Made,
    operations,
    plv1::Avi,
    seek_tools::{Dice, vop},
};

/// Milliseconds between two frames, and frames of a group.
const INTERVAL: u64 = 200;
const GROUP: u64 = 25;
/// What takes longer hangs.
const HANG: Duration = Duration::from_secs(120);

/// How much is done.
struct Plan {
    /// Of recording, for each form.
    minutes: u64,
    pipelines: u64,
    seeks: u64,
    demuxers: usize,
    neighbours: u64,
    /// Bytes that memory may grow by; under valgrind it is not that of the program. A short run is over before all that is kept has
    /// been made; what it finds is a leak with each buffer, seek or pipeline.
    flat: u64,
}

const FULL: Plan = Plan {
    minutes: 24 * 60,
    pipelines: 1000,
    seeks: 10_000,
    demuxers: 64,
    neighbours: 2000,
    flat: 4 << 20,
};
const SHORT: Plan = Plan {
    minutes: 30,
    pipelines: 40,
    seeks: 200,
    demuxers: 64,
    neighbours: 180,
    flat: 16 << 20,
};
const BRIEF: Plan = Plan {
    minutes: 1,
    pipelines: 12,
    seeks: 36,
    demuxers: 6,
    neighbours: 72,
    flat: u64::MAX / 2,
};

#[derive(Clone, Copy, Debug)]
enum Form {
    Exp,
    Plv1,
    NetVu,
}

/// Forms, and whether they are pushed (by a source that can seek).
const FORMS: [(Form, bool); 6] = [
    (Form::Exp, false),
    (Form::Exp, true),
    (Form::Plv1, false),
    (Form::Plv1, true),
    (Form::NetVu, false),
    (Form::NetVu, true),
];

impl Form {
    fn element(self) -> &'static str {
        match self {
            Form::Exp | Form::Plv1 => "expdemux",
            Form::NetVu => "netvudemux",
        }
    }

    /// Frames of one camera, one gap of a minute each hour.
    fn write(self, frames: u64, path: &Path) {
        let mut dice = Dice(frames | 1);
        let mut coded = |n: u64| Coded {
            key: n.is_multiple_of(GROUP),
            bytes: vop(
                n.is_multiple_of(GROUP),
                n as u32,
                100 + usize::from(n.is_multiple_of(GROUP)) * 700,
                &mut dice,
            ),
        };
        let ms = |n: u64| START as u64 + n * INTERVAL + n * INTERVAL / 3_600_000 * 60_000;
        let mut out = BufWriter::new(File::create(path).unwrap());
        match self {
            Form::Exp => {
                let mut exp = Exp::one(352, 240);
                (0..frames).for_each(|n| exp.picture(ms(n) as i64, &coded(n)));
                out.write_all(&exp.finish().bytes).unwrap();
            }
            Form::Plv1 => {
                let mut avi = Avi::new(352, 240);
                for n in 0..frames {
                    avi.picture((ms(n) / 1000) as u32, &coded(n), 88);
                    avi.padding(5);
                }
                out.write_all(&avi.finish()).unwrap();
            }
            Form::NetVu => {
                for n in 0..frames {
                    let Coded { key, bytes } = coded(n);
                    let made = Made {
                        format: if key { 3 } else { 2 },
                        unix_ms: ms(n),
                        payload: bytes,
                        ..Made::default()
                    };
                    out.write_all(&made.packet()).unwrap();
                }
            }
        }
        out.flush().unwrap();
    }
}

/// The recordings that the parts share.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn of(&self, form: Form, frames: u64) -> PathBuf {
        let path = self.folder.path().join(format!("{form:?}-{frames}"));
        if !path.exists() {
            // in another process, whose memory goes with it
            let written = Command::new(std::env::current_exe().unwrap())
                .env_remove("GST_TRACERS")
                .args(["write", &format!("{form:?}"), &frames.to_string()])
                .arg(&path)
                .status();
            assert!(written.unwrap().success());
        }
        path
    }
}

/// What came out of all pads of a pipeline.
#[derive(Default)]
struct Arrived {
    buffers: AtomicU64,
    /// Buffers and ends.
    count: Mutex<u64>,
    more: Condvar,
}

impl Arrived {
    fn note(&self) {
        *self.count.lock().unwrap() += 1;
        self.more.notify_all();
    }

    fn wait_for_more_than(&self, before: u64) {
        let count = self.count.lock().unwrap();
        let waited = self
            .more
            .wait_timeout_while(count, HANG, |count| *count <= before);
        assert!(!waited.unwrap().1.timed_out(), "nothing comes");
    }
}

/// `filesrc ! demuxer ! fakesink` for each pad; `filesrc ! queue` pushes.
struct Stage {
    pipeline: gst::Pipeline,
    demux: gst::Element,
    arrived: Arc<Arrived>,
}

impl Stage {
    fn new(form: Form, push: bool, path: &Path) -> Stage {
        let make = |name: &str| gst::ElementFactory::make(name).build().unwrap();
        let (source, demux) = (make("filesrc"), make(form.element()));
        source.set_property("location", path.to_str().unwrap());
        let queue = push.then(|| make("queue"));
        let chain: Vec<_> = [Some(source), queue, Some(demux.clone())]
            .into_iter()
            .flatten()
            .collect();
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain).unwrap();
        gst::Element::link_many(&chain).unwrap();
        let arrived = Arc::new(Arrived::default());
        let (weak, notes) = (pipeline.downgrade(), arrived.clone());
        demux.connect_pad_added(move |_, pad| {
            let sink = gst::ElementFactory::make("fakesink").build().unwrap();
            sink.set_property("sync", false);
            sink.set_property("async", false);
            let notes = notes.clone();
            let entry = sink.static_pad("sink").unwrap();
            let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
            entry.add_probe(kinds, move |_, info| {
                match info.event().map(|event| event.type_()) {
                    None => {
                        notes.buffers.fetch_add(1, Ordering::Relaxed);
                        notes.note();
                    }
                    Some(gst::EventType::Eos) => notes.note(),
                    Some(_) => {}
                }
                gst::PadProbeReturn::Ok
            });
            weak.upgrade().unwrap().add(&sink).unwrap();
            sink.sync_state_with_parent().unwrap();
            pad.link(&entry).unwrap();
        });
        Stage {
            pipeline,
            demux,
            arrived,
        }
    }

    fn set(&self, state: gst::State) {
        self.pipeline.set_state(state).unwrap();
    }

    fn buffers(&self) -> u64 {
        self.arrived.buffers.load(Ordering::Relaxed)
    }

    fn count(&self) -> u64 {
        *self.arrived.count.lock().unwrap()
    }

    /// Looks on until the end.
    fn end(&self, mut look: impl FnMut()) {
        let begin = Instant::now();
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        let bus = self.pipeline.bus().unwrap();
        loop {
            look();
            if let Some(message) = bus.timed_pop_filtered(gst::ClockTime::from_mseconds(50), &kinds)
            {
                assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
                return;
            }
            assert!(begin.elapsed() < 20 * HANG, "no end");
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Resident bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// Threads of this process, without those that GLib keeps for the next user of its pool.
fn threads() -> usize {
    gst::glib::ThreadPool::stop_unused_threads();
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Waits for threads to go that have been told to.
fn threads_left(before: usize) {
    let begin = Instant::now();
    while threads() > before {
        assert!(
            begin.elapsed() < HANG,
            "{} threads, {before} before",
            threads()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Memory at the beginning and at the end of a part.
#[derive(Default)]
struct Memory {
    first: Option<u64>,
    most: u64,
}

impl Memory {
    /// One look; `warm` once what is kept has been made.
    fn look(&mut self, warm: bool) {
        let now = resident();
        self.most = self.most.max(now);
        if warm && self.first.is_none() {
            self.first = Some(now);
        }
    }

    /// `more`: what it may grow by beyond `Plan::flat`.
    fn end(self, plan: &Plan, more: u64) -> String {
        let now = resident();
        let first = self.first.expect("it was looked at");
        assert!(
            now < first + plan.flat + more,
            "{} MiB, then {}",
            mib(first),
            mib(now)
        );
        format!(
            "resident {} MiB at first, {} at most, {} at the end",
            mib(first),
            mib(self.most),
            mib(now)
        )
    }
}

fn recordings(plan: &Plan, files: &Files) {
    let frames = plan.minutes * 60_000 / INTERVAL;
    for (form, push) in [
        (Form::Exp, false),
        (Form::Exp, true),
        (Form::Plv1, false),
        (Form::NetVu, false),
    ] {
        let path = files.of(form, frames);
        let before = threads();
        let begin = Instant::now();
        let mut memory = Memory::default();
        let stage = Stage::new(form, push, &path);
        stage.set(gst::State::Playing);
        stage.end(|| memory.look(stage.buffers() > frames / 4));
        memory.look(true);
        let seconds = begin.elapsed().as_secs_f64();
        assert_eq!(stage.buffers(), frames, "{form:?}");
        println!(
            "{} minutes of {form:?}, {}: {frames} frames in {seconds:.1} s; {}",
            plan.minutes,
            if push { "pushed" } else { "pulled" },
            memory.end(plan, 0)
        );
        drop(stage);
        threads_left(before);
    }
}

fn pipelines(plan: &Plan, files: &Files) {
    let frames = 200;
    let before = threads();
    let (mut memory, mut dice) = (Memory::default(), Dice(3));
    let begin = Instant::now();
    for n in 0..plan.pipelines {
        let (form, push) = FORMS[n as usize % FORMS.len()];
        let stage = Stage::new(form, push, &files.of(form, frames));
        match n / 6 % 4 {
            0 => {
                stage.set(gst::State::Playing);
                stage.end(|| {});
                assert_eq!(stage.buffers(), frames);
            }
            1 => {
                stage.set(gst::State::Playing);
                stage.arrived.wait_for_more_than(dice.below(20));
            }
            2 => stage.set(gst::State::Paused),
            // not even one frame is waited for
            _ => {
                stage.set(gst::State::Playing);
                stage.set(gst::State::Ready);
                stage.set(gst::State::Playing);
            }
        }
        drop(stage);
        memory.look(n > plan.pipelines / 10);
    }
    println!(
        "{} pipelines in {:.1} s; {}",
        plan.pipelines,
        begin.elapsed().as_secs_f64(),
        memory.end(plan, 0)
    );
    threads_left(before);
}

fn seeks(plan: &Plan, files: &Files) {
    let frames = plan.minutes.min(10) * 60_000 / INTERVAL;
    let length = frames * INTERVAL * 1_000_000;
    let mut dice = Dice(5);
    let snaps = [
        gst::SeekFlags::ACCURATE,
        gst::SeekFlags::KEY_UNIT,
        gst::SeekFlags::KEY_UNIT | gst::SeekFlags::SNAP_AFTER,
        gst::SeekFlags::KEY_UNIT | gst::SeekFlags::SNAP_NEAREST,
        gst::SeekFlags::TRICKMODE | gst::SeekFlags::TRICKMODE_KEY_UNITS,
        gst::SeekFlags::empty(),
    ];
    let each = plan.seeks / FORMS.len() as u64 + 1;
    let before = threads();
    for (form, push) in FORMS {
        let stage = Stage::new(form, push, &files.of(form, frames));
        stage.set(gst::State::Playing);
        stage.arrived.wait_for_more_than(0);
        let bus = stage.pipeline.bus().unwrap();
        let mut memory = Memory::default();
        let begin = Instant::now();
        for n in 0..each {
            // what is posted is kept until it is read
            while bus.pop().is_some() {}
            let time = |nanos: u64| gst::ClockTime::from_nseconds(nanos);
            let (rate, from) = (
                [1.0, 1.0, 2.0, -1.0, -4.0][dice.below(5) as usize],
                dice.below(length),
            );
            let (start, stop) = match rate > 0.0 {
                true => (from, length + 60_000_000_000),
                false => (0, from + 1),
            };
            let flags = gst::SeekFlags::FLUSH | snaps[dice.below(6) as usize];
            let set = gst::SeekType::Set;
            let seek = gst::event::Seek::new(rate, flags, set, time(start), set, time(stop));
            let count = stage.count();
            assert!(stage.demux.send_event(seek), "{form:?}: seek to {from}");
            // every third is followed by the next at once
            if n % 3 > 0 {
                stage.arrived.wait_for_more_than(count);
            }
            memory.look(n > each / 10);
        }
        println!(
            "{each} seeks in {form:?}, {}: {:.1} s; {}",
            if push { "pushed" } else { "pulled" },
            begin.elapsed().as_secs_f64(),
            memory.end(plan, 0)
        );
    }
    threads_left(before);
}

fn demuxers(plan: &Plan, files: &Files) {
    let frames = plan.minutes.min(10) * 60_000 / INTERVAL;
    let before = threads();
    let begin = Instant::now();
    let mut memory = Memory::default();
    let (alone, mut most) = (resident(), 0);
    for round in 0..6 {
        let stages: Vec<Stage> = (0..plan.demuxers)
            .map(|n| {
                let (form, push) = FORMS[n % FORMS.len()];
                Stage::new(form, push, &files.of(form, frames))
            })
            .collect();
        stages
            .iter()
            .for_each(|stage| stage.set(gst::State::Playing));
        for (stage, (form, push)) in stages.iter().zip(FORMS.iter().cycle()) {
            stage.end(|| memory.look(false));
            most = most.max(threads());
            assert_eq!(stage.buffers(), frames, "{form:?}, pushed: {push}");
        }
        drop(stages);
        memory.look(round > 1);
    }
    let each = memory.most.saturating_sub(alone) / plan.demuxers as u64;
    println!(
        "{} demuxers at a time, six times, in {:.1} s; {most} threads at most; {}; {} MiB each",
        plan.demuxers,
        begin.elapsed().as_secs_f64(),
        memory.end(plan, (plan.demuxers as u64) << 18),
        mib(each)
    );
    threads_left(before);
}

/// Upstream that fails, returns short or blocks; downstream that returns FLUSHING, NOT_LINKED and ERROR; seeks and changes of state.
fn neighbours(plan: &Plan, files: &Files) {
    let before = threads();
    let (mut memory, mut dice) = (Memory::default(), Dice(11));
    let begin = Instant::now();
    for n in 0..plan.neighbours {
        let (form, _) = FORMS[n as usize % FORMS.len()];
        let count = dice.below(9) as u8;
        let element = matches!(form, Form::NetVu) as u8 * 0x80;
        // pulled, pushed, pushed by a source that can seek; every mixture of faults
        let mode = (n / 6 % 3) as u8;
        let mode = (0..3)
            .map(|low| element | 0x30 | low)
            .find(|byte| byte % 3 == mode)
            .unwrap();
        let faults = (n / 18 % 16) as u8;
        let mut input = vec![mode, faults << 4 | count];
        input.extend((0..4 * count).map(|_| dice.below(256) as u8));
        input.extend(std::fs::read(files.of(form, 60)).unwrap());
        operations::run(&input);
        memory.look(n > plan.neighbours / 10);
    }
    println!(
        "{} runs with neighbours that fail in {:.1} s; {}",
        plan.neighbours,
        begin.elapsed().as_secs_f64(),
        memory.end(plan, 0)
    );
    threads_left(before);
}

/// How many objects of each type are alive.
fn alive() -> BTreeMap<&'static str, usize> {
    let tracers = gst::active_tracers();
    let tracer = tracers
        .iter()
        .find(|tracer| tracer.type_().name() == "GstLeaksTracer");
    let tracer = tracer.expect("GST_TRACERS=leaks is set: scripts/soak does it");
    let found = tracer
        .emit_by_name::<Option<gst::Structure>>("get-live-objects", &[])
        .unwrap();
    let mut types = BTreeMap::new();
    for entry in found.get::<gst::List>("live-objects-list").unwrap().iter() {
        let entry = entry.get::<gst::Structure>().unwrap();
        *types
            .entry(entry.value("object").unwrap().type_().name())
            .or_default() += 1;
        // GStreamer 1.22 puts objects into it without a reference
        std::mem::forget(entry);
    }
    std::mem::forget(found);
    types
}

type Part = fn(&Plan, &Files);

const PARTS: [(&str, Part); 5] = [
    ("recordings", recordings),
    ("pipelines", pipelines),
    ("seeks", seeks),
    ("demuxers", demuxers),
    ("neighbours", neighbours),
];

/// `write FORM FRAMES PATH`
fn write(args: &[String]) {
    let [form, frames, path] = args else {
        panic!("write FORM FRAMES PATH");
    };
    let (form, _) = FORMS
        .into_iter()
        .find(|(known, _)| format!("{known:?}") == *form)
        .unwrap();
    form.write(frames.parse().unwrap(), path.as_ref());
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|first| first == "write") {
        return write(&args[1..]);
    }
    let plan = match args.first().map(String::as_str) {
        None | Some("full") => FULL,
        Some("short") => SHORT,
        Some("brief") => BRIEF,
        Some(_) => {
            eprintln!("usage: soak [brief|short|full [PART]]");
            std::process::exit(2);
        }
    };
    common::init();
    let files = Files {
        folder: tempfile::tempdir().unwrap(),
    };
    // types, caps and threads that are made once
    let alone = threads();
    for (form, push) in FORMS {
        let stage = Stage::new(form, push, &files.of(form, 200));
        stage.set(gst::State::Playing);
        stage.end(|| {});
    }
    // a thread lets go of its task after the pipeline has ended
    threads_left(alone);
    let (before, kept) = (threads(), alive());
    let only = args.get(1);
    for (name, part) in PARTS {
        if only.is_none_or(|only| only == name) {
            part(&plan, &files);
        }
    }
    let (after, alive) = (threads(), alive());
    let count = |types: &BTreeMap<_, usize>| types.values().sum::<usize>();
    println!(
        "threads: {before} before, {after} after; objects alive: {} before, {} after",
        count(&kept),
        count(&alive)
    );
    assert_eq!(kept, alive, "left alive");
}
