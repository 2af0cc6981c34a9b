// SPDX-License-Identifier: MPL-2.0
//! Opening and seeks in recordings of up to 8 GiB, which are made where they are read: how much is read, and how long that takes
//! from a slow source.

use crate::families::{Family, Stage};
use testing::{
    common,
    make::{Coded, START, mpeg4, pictures},
    netvu_make::{Made, TRAILER, minimal, packet, part, scan},
};

use formats::{
    exp::{
        avi_fields::{Idx1Entry, StandardIndex, StandardIndexEntry, SuperIndex, SuperIndexEntry},
        header::FileHeader,
        index,
        layout::Layout,
        writer::{Head, Picture, Writer},
    },
    fields::{Header as _, Text},
    reader::{Camera, Mode, Timestamp},
};
use gst::{glib, prelude::*, subclass::prelude::*};
use gst_base::{
    prelude::*,
    subclass::{base_src::CreateSuccess, prelude::*},
};
use std::{
    sync::{LazyLock, Mutex},
    time::Duration,
};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// Milliseconds between two frames, and frames of a group.
const INTERVAL: u64 = 100;
const GROUP: u64 = 15;
const ZEROS: [u8; 64] = [0; 64];
/// Bytes of a part of an AVI file.
const AVI_PART: u64 = GIB;
/// A slow source, such as a memory card or a share of the network: bytes that it delivers in a second, and seconds that it takes to
/// get to another place.
const RATE: u64 = 10_000_000;
const LATENCY: f64 = 0.001;

/// Forms of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The native layout, with or without its index.
    Exp,
    ExpNoIndex,
    /// The same with its index, and keyframes that do not show their size.
    ExpUnsized,
    /// PLV1 with `idx1`, with OpenDML's indexes, and without any.
    AviIdx1,
    AviOpenDml,
    AviNoIndex,
    Binary,
    Minimal,
    Mime,
    Partition,
    /// JPEG frames without their tables.
    Jpeg,
}

const FORMS: [Form; 11] = [
    Form::Exp,
    Form::ExpNoIndex,
    Form::ExpUnsized,
    Form::AviIdx1,
    Form::AviOpenDml,
    Form::AviNoIndex,
    Form::Binary,
    Form::Minimal,
    Form::Mime,
    Form::Partition,
    Form::Jpeg,
];

impl Form {
    fn family(self) -> Family {
        match self {
            Form::Exp | Form::ExpNoIndex | Form::ExpUnsized => Family::Exp,
            Form::AviIdx1 | Form::AviOpenDml | Form::AviNoIndex => Family::Plv1,
            _ => Family::NetVu,
        }
    }
}

/// A recording: the bytes at some offsets, in order, between which all is zero.
#[derive(Default)]
struct Recording {
    known: Vec<(u64, Vec<u8>)>,
    size: u64,
    frames: u64,
}

impl Recording {
    /// Appends `size` bytes that begin with `bytes`.
    fn put(&mut self, mut bytes: Vec<u8>, size: usize) {
        // compared many at a time, which unoptimised code does fast
        while bytes.ends_with(&ZEROS) {
            bytes.truncate(bytes.len() - ZEROS.len());
        }
        let used = bytes.iter().rposition(|byte| *byte != 0);
        bytes.truncate(used.map_or(0, |last| last + 1));
        bytes.shrink_to_fit();
        self.known.push((self.size, bytes));
        self.size += size as u64;
    }

    fn all(&mut self, bytes: Vec<u8>) {
        let size = bytes.len();
        self.put(bytes, size);
    }

    fn read(&self, from: u64, length: usize) -> Vec<u8> {
        let to = self.size.min(from + length as u64);
        let mut out = vec![0; to.saturating_sub(from) as usize];
        let first = self.known.partition_point(|(at, _)| *at <= from);
        for (at, bytes) in &self.known[first.saturating_sub(1)..] {
            if *at >= to {
                break;
            }
            let skip = from.saturating_sub(*at) as usize;
            let place = at.saturating_sub(from) as usize;
            for (to, byte) in out[place..].iter_mut().zip(bytes.iter().skip(skip)) {
                *to = *byte;
            }
        }
        out
    }

    /// Milliseconds from the first frame to the end of the last.
    fn length(&self) -> u64 {
        self.frames * INTERVAL
    }

    /// A recording of about `bytes` bytes in frames of `frame` coded bytes.
    fn new(form: Form, bytes: u64, frame: usize) -> Recording {
        let mut out = Recording {
            frames: bytes / frame as u64,
            ..Recording::default()
        };
        match form {
            Form::Exp | Form::ExpNoIndex | Form::ExpUnsized => out.native(form, frame),
            Form::AviIdx1 | Form::AviOpenDml | Form::AviNoIndex => out.avi(form, frame),
            _ => out.netvu(form, frame),
        }
        out
    }

    fn native(&mut self, form: Form, frame: usize) {
        let indexed = form != Form::ExpNoIndex;
        let kept = if form == Form::ExpUnsized { 16 } else { KEPT };
        let camera = Camera {
            number: 1,
            width: 352,
            height: 240,
            ..Camera::default()
        };
        let head = Head {
            cameras: vec![camera],
            ..Head::default()
        };
        let (mut writer, header) = Writer::new(head, timestamp(0)).unwrap();
        let records = [true, false].map(|key| {
            let picture = Picture {
                camera: 1,
                timestamp: timestamp(0),
                mode: Mode::Motion,
                width: 352,
                height: 240,
                key,
            };
            let mut record = writer.picture(&picture, &coded(key, frame)).unwrap();
            let (size, (sum, start)) = (record.len(), if key { (84, 88) } else { (20, 24) });
            // that of the filling is another
            record[sum..sum + 4].fill(0);
            record.truncate(start + kept);
            (record, size)
        });
        let layout = &Layout::reference().record;
        let seconds_at = layout.time.as_ref().unwrap().at;
        self.all(header.clone());
        let mut entries = Vec::new();
        for n in 0..self.frames {
            let key = n.is_multiple_of(GROUP);
            let (record, size) = &records[usize::from(!key)];
            let Timestamp { seconds, millis } = timestamp(n);
            let (seconds, millis) = (seconds as u32, millis.unwrap());
            let mut record = record.clone();
            record[seconds_at..seconds_at + 4].copy_from_slice(&seconds.to_le_bytes());
            layout.millis.unwrap().write(&mut record, 0, millis.into());
            layout.sequence.unwrap().write(&mut record, 0, n & 0xffff);
            index::Entry {
                offset: self.size,
                seconds,
                millis,
                camera: 1,
                kind: if key { 6 } else { 4 },
            }
            .write(&mut entries);
            self.put(record, *size);
        }
        let mut header = FileHeader::parse(&header).unwrap();
        header.records = self.frames as u32;
        header.last = timestamp(self.frames - 1).seconds as u32;
        if indexed {
            (header.index, header.flags) = (self.size, header.flags | 1);
            let head = index::Head {
                magic: Text(*index::MAGIC),
                count: self.frames as u32,
            };
            let tail = index::Tail {
                crc: crc32fast::hash(&entries),
            };
            self.all([head.to_bytes(), entries, tail.to_bytes()].concat());
        }
        header.crc = header.checksum();
        self.known[0].1[..FileHeader::SIZE].copy_from_slice(&header.to_bytes());
    }

    /// PLV1: every frame takes three slots, in parts of which each has its indexes, if any.
    fn avi(&mut self, form: Form, frame: usize) {
        let most = match form {
            // its offsets have 32 bits
            Form::AviIdx1 => {
                self.frames = self.frames.min(4_200_000_000 / frame as u64);
                self.frames
            }
            _ => AVI_PART / frame as u64,
        };
        let parts = self.frames.div_ceil(most);
        let room = SuperIndex::SIZE + parts as usize * SuperIndexEntry::SIZE;
        let header = avi_header(self.frames * 3, room);
        let room = header.len() - 12 - room..header.len() - 12;
        self.all(header);
        let mut super_entries = Vec::new();
        for part in 0..parts {
            let (first, last) = (part * most, self.frames.min((part + 1) * most));
            let riff = self.known.len();
            if part > 0 {
                self.all(b"RIFF\0\0\0\0AVIXLIST\0\0\0\0movi".to_vec());
            }
            let movi = self.size - 4;
            let (mut idx1, mut standard) = (Vec::new(), Vec::new());
            let mut note = |at: u64, size: usize, key: bool| {
                let id = Text(if key { *b"00db" } else { *b"00dc" });
                let flags = if key { 16 } else { 0 };
                let (offset, size) = ((at - movi) as u32, size as u32);
                match form {
                    Form::AviIdx1 => Idx1Entry {
                        id,
                        flags,
                        offset,
                        size,
                    }
                    .write(&mut idx1),
                    _ => StandardIndexEntry {
                        offset: offset + 8,
                        size: size | if key { 0 } else { 1 << 31 },
                    }
                    .write(&mut standard),
                }
            };
            for n in first..last {
                let key = n.is_multiple_of(GROUP);
                let (head, size) = plv1_frame(n, frame);
                note(self.size, size, key);
                let id = if key { b"00db" } else { b"00dc" };
                self.put([chunk(id, size), head].concat(), 8 + size);
                for _ in 0..2 {
                    note(self.size, 0, false);
                    self.all(chunk(b"00dc", 0));
                }
            }
            if form == Form::AviOpenDml {
                let head = StandardIndex {
                    words: 2,
                    kind: 1,
                    count: (standard.len() / StandardIndexEntry::SIZE) as u32,
                    id: Text(*b"00dc"),
                    base: movi,
                    ..StandardIndex::default()
                };
                let slots = head.count;
                let body = [head.to_bytes(), standard].concat();
                SuperIndexEntry {
                    offset: self.size,
                    size: body.len() as u32 + 8,
                    slots,
                }
                .write(&mut super_entries);
                self.all([chunk(b"ix00", body.len()), body].concat());
            }
            let end = self.size;
            if form == Form::AviIdx1 {
                self.all([chunk(b"idx1", idx1.len()), idx1].concat());
            }
            let (size, head) = (
                self.size,
                &mut self.known[riff.saturating_sub(usize::from(part == 0))],
            );
            let list = head.1.len();
            head.1[list - 8..list - 4].copy_from_slice(&((end - movi) as u32).to_le_bytes());
            head.1[4..8].copy_from_slice(&((size - head.0 - 8) as u32).to_le_bytes());
        }
        if form == Form::AviOpenDml {
            let head = SuperIndex {
                words: 4,
                count: parts as u32,
                id: Text(*b"00dc"),
                ..SuperIndex::default()
            };
            let index = [head.to_bytes(), super_entries].concat();
            self.known[0].1[room].copy_from_slice(&index);
        }
    }

    fn netvu(&mut self, form: Form, frame: usize) {
        let template = |key: bool| {
            let made = Made {
                format: if key { 3 } else { 2 },
                payload: coded(key, frame),
                size: (352, 240),
                ..Made::default()
            };
            let jpeg = Made {
                format: 1,
                payload: scan(frame, 7),
                ..Made::default()
            };
            match form {
                Form::Binary => made.packet(),
                Form::Minimal => minimal(0, &made.payload),
                Form::Mime => part("image/admp4; xres=352; yres=240", &made.payload),
                Form::Jpeg => jpeg.packet(),
                _ => made.record(),
            }
        };
        let templates = [true, false].map(template);
        match form {
            Form::Partition => self.put(b"PAR\0".to_vec(), 4096),
            Form::Minimal => self.all(packet(9, 0, b"\0IMAGESIZE 0,0:352,240;")),
            _ => {}
        }
        for n in 0..self.frames {
            let whole = &templates[usize::from(!n.is_multiple_of(GROUP))];
            let mut head = whole[..whole.len() - frame + KEPT].to_vec();
            let ms = START as u64 + n * INTERVAL;
            let seconds = ((ms / 1000) as u32).to_be_bytes();
            match form {
                Form::Minimal => {
                    head[1] = 0;
                    head[6..10].copy_from_slice(&seconds);
                    head[10..12].copy_from_slice(&((ms % 1000) as u16).to_be_bytes());
                }
                Form::Mime => {}
                _ => {
                    let at = if form == Form::Partition { 0 } else { 6 };
                    head[at + 44..at + 48].copy_from_slice(&seconds);
                    let counter = ((ms % 4_000_000) as u32).to_be_bytes();
                    head[at + 48..at + 52].copy_from_slice(&counter);
                }
            }
            self.put(head, whole.len());
            if form == Form::Mime {
                self.all(part("text/plain", text(ms).as_bytes()));
            }
        }
    }
}

/// Bytes of a coded frame that need not be zero.
const KEPT: usize = 4096;

/// A frame of 352x240 that zeros follow.
fn coded(key: bool, size: usize) -> Vec<u8> {
    static FRAMES: LazyLock<Vec<Coded>> =
        LazyLock::new(|| pictures(&mpeg4("352x240", "10", 2, &["-q:v", "31"])));
    let frame = FRAMES.iter().find(|coded| coded.key == key).unwrap();
    let mut bytes = frame.bytes.clone();
    assert!(bytes.len() <= KEPT && KEPT <= size);
    bytes.resize(size, 0);
    bytes
}

fn timestamp(n: u64) -> Timestamp {
    let ms = START + (n * INTERVAL) as i64;
    Timestamp {
        seconds: ms / 1000,
        millis: Some((ms % 1000) as u16),
    }
}

/// The text part behind a frame of a MIME stream.
fn text(ms: u64) -> String {
    let time = glib::DateTime::from_unix_utc((ms / 1000) as i64).unwrap();
    let date = time.format("Date: %d/%m/%Y\r\nTime: %H:%M:%S\r\n").unwrap();
    TRAILER
        .replace("Date: 05/12/2008\r\nTime: 11:43:37\r\n", &date)
        .replace("Number: 3", "Number: 1")
        .replace("MSec: 921", &format!("MSec: {:03}", ms % 1000))
}

/// What a chunk begins with.
fn chunk(id: &[u8; 4], size: usize) -> Vec<u8> {
    [&id[..], &(size as u32).to_le_bytes()].concat()
}

/// All before the first chunk of a PLV1 file. The last header has `room` bytes for an index.
fn avi_header(slots: u64, room: usize) -> Vec<u8> {
    let words =
        |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    let whole = |id: &[u8; 4], body: Vec<u8>| [chunk(id, body.len()), body].concat();
    let list = |kind: &[u8; 4], body: Vec<u8>| whole(b"LIST", [kind.to_vec(), body].concat());
    let avih = words(&[
        33_333,
        0,
        0,
        16,
        slots as u32,
        0,
        1,
        65_536,
        352,
        240,
        0,
        0,
        0,
        0,
    ]);
    let strh = [
        b"vidsPLV1".to_vec(),
        words(&[0, 0, 0, 1, 30, 0, slots as u32, 0, 0, 0, 0, 0]),
    ];
    let strf = [
        words(&[40, 352, 240, 24 << 16 | 1]),
        b"PLV1".to_vec(),
        vec![0; 20],
    ];
    let index = whole(b"indx", vec![0; room]);
    let track = [
        whole(b"strh", strh.concat()),
        whole(b"strf", strf.concat()),
        index,
    ]
    .concat();
    let hdrl = list(
        b"hdrl",
        [whole(b"avih", avih), list(b"strl", track)].concat(),
    );
    [
        b"RIFF\0\0\0\0AVI ".to_vec(),
        hdrl,
        b"LIST\0\0\0\0movi".to_vec(),
    ]
    .concat()
}

/// The beginning of a framed PLV1 record, and its size.
fn plv1_frame(n: u64, frame: usize) -> (Vec<u8>, usize) {
    let key = n.is_multiple_of(GROUP);
    let mut record = vec![0; if key { 88 } else { 24 }];
    let seconds = timestamp(n).seconds as u32;
    record[4..8].copy_from_slice(&seconds.to_le_bytes());
    record[11] = if key { 6 } else { 4 };
    let mut coded = coded(key, KEPT);
    if key {
        record[80..84].copy_from_slice(&(frame as u32).to_be_bytes());
        coded.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    } else {
        record[16..20].copy_from_slice(&(frame as u32).to_le_bytes());
    }
    let size = record.len() + frame;
    record.extend(coded);
    (record, size)
}

/// What was read of a source.
#[derive(Clone, Copy, Debug, Default)]
struct Reads {
    bytes: u64,
    /// Reads that did not continue the one before.
    places: u64,
    end: u64,
}

impl Reads {
    fn since(self, before: Reads) -> Reads {
        Reads {
            bytes: self.bytes - before.bytes,
            places: self.places - before.places,
            end: self.end,
        }
    }

    /// Seconds that the slow source takes for them.
    fn time(self) -> f64 {
        self.bytes as f64 / RATE as f64 + self.places as f64 * LATENCY
    }
}

#[derive(Default)]
pub struct LargeImp {
    recording: Mutex<Recording>,
    reads: Mutex<Reads>,
}

#[glib::object_subclass]
impl ObjectSubclass for LargeImp {
    const NAME: &'static str = "TestLargeSrc";
    type Type = LargeSrc;
    type ParentType = gst_base::BaseSrc;
}

impl ObjectImpl for LargeImp {
    fn constructed(&self) {
        self.parent_constructed();
        self.obj().set_format(gst::Format::Bytes);
    }
}

impl GstObjectImpl for LargeImp {}

impl ElementImpl for LargeImp {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static DATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new("Large source", "Source", "For tests", "tests")
        });
        Some(&DATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let (source, always) = (gst::PadDirection::Src, gst::PadPresence::Always);
            vec![gst::PadTemplate::new("src", source, always, &gst::Caps::new_any()).unwrap()]
        });
        &TEMPLATES
    }
}

impl BaseSrcImpl for LargeImp {
    fn is_seekable(&self) -> bool {
        true
    }

    fn size(&self) -> Option<u64> {
        Some(self.recording.lock().unwrap().size)
    }

    fn create(
        &self,
        offset: u64,
        _buffer: Option<&mut gst::BufferRef>,
        length: u32,
    ) -> Result<CreateSuccess, gst::FlowError> {
        let part = self.recording.lock().unwrap().read(offset, length as usize);
        let mut reads = self.reads.lock().unwrap();
        reads.bytes += part.len() as u64;
        reads.places += u64::from(offset != reads.end);
        reads.end = offset + part.len() as u64;
        if part.is_empty() {
            return Err(gst::FlowError::Eos);
        }
        Ok(CreateSuccess::NewBuffer(gst::Buffer::from_slice(part)))
    }
}

glib::wrapper! {
    pub struct LargeSrc(ObjectSubclass<LargeImp>) @extends gst_base::BaseSrc, gst::Element, gst::Object;
}

/// A pipeline that has shown the first frame.
struct Player {
    stage: Stage,
    source: LargeSrc,
    about: String,
    /// Seconds of the recording that are played.
    length: u64,
    resolution: u64,
    opened: Reads,
}

impl Player {
    fn open(form: Form, size: u64, frame: usize) -> Player {
        common::init();
        let recording = Recording::new(form, size, frame);
        let length = recording.length();
        let source: LargeSrc = glib::Object::new();
        *source.imp().recording.lock().unwrap() = recording;
        let stage = Stage::behind(form.family(), [source.clone().upcast()]);
        stage.pipeline.set_state(gst::State::Paused).unwrap();
        let mut player = Player {
            stage,
            source,
            about: format!("{form:?} of {} MiB, {frame} a frame", size / MIB),
            length,
            resolution: if form.family() == Family::Plv1 {
                1000
            } else {
                0
            },
            opened: Reads::default(),
        };
        player.shown();
        player.opened = player.reads();
        player
    }

    fn reads(&self) -> Reads {
        *self.source.imp().reads.lock().unwrap()
    }

    /// Time of the frame that is shown. What is read once it is there does not count: the sink holds it in PAUSED.
    fn shown(&self) -> u64 {
        for _ in 0..4000 {
            if let Some(frame) = self.stage.frames("video_1").first() {
                return frame.pts();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{}: no frame", self.about);
    }

    /// What is read from a seek to so many sixteenths of the recording until the first frame there.
    fn seek(&self, part: u64) -> Reads {
        let target = self.length * part / 16 * 1_000_000;
        let before = self.reads();
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT;
        assert!(self.stage.seek(1.0, flags, target, None), "{}", self.about);
        let pts = self.shown();
        let group = (GROUP * INTERVAL + self.resolution) * 1_000_000;
        assert!(
            pts <= target && target - pts <= group,
            "{}: {pts} for {target}",
            self.about
        );
        self.reads().since(before)
    }
}

#[test]
fn opening_and_seeks_read_little() {
    let mut wrong = Vec::new();
    for form in FORMS {
        for (size, frame) in [(8 * GIB, 100_000), (GIB, 60_000), (64 * MIB, 6_000)] {
            let player = Player::open(form, size, frame);
            let seeks = [11, 3, 7, 1, 13, 15].map(|part| player.seek(part));
            let (first, later) = seeks.split_first().unwrap();
            let most = later.iter().map(|reads| reads.bytes).max().unwrap();
            for (what, fails) in [
                ("opening", player.opened.bytes > 2 * MIB),
                ("the first seek", first.time() > 0.5),
                // the first one looks for gaps where sequence numbers show them and nothing else does
                (
                    "the first seek's bytes",
                    form != Form::ExpNoIndex && first.bytes > 2 * MIB,
                ),
                ("another seek", most > 2 * MIB),
            ] {
                if fails {
                    let (about, opened) = (&player.about, player.opened);
                    wrong.push(format!("{about}: {what}: {opened:?}, {seeks:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
