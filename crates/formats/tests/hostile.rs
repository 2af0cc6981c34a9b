// SPDX-License-Identifier: MPL-2.0
//! Numbers that lie, in every place of every format, and structures that go on without end: what is read ends, and takes neither memory
//! nor frames of others.

use crate::exp_index;
use formats::{
    exp::probe::{self, Probe},
    exp::{
        layout::Layout,
        writer::{Head, Picture, Writer},
    },
    netvu,
    reader::{AudioFormat, Camera, Codec, Mode, Reader, Standard, Step, Timestamp, Window},
};
use std::collections::BTreeSet;
use testing::{
    driver,
    make::START,
    netvu_make::{self, Made, vop},
    plv1::Avi,
};

/// Sizes and counts.
const NUMBERS: [u32; 6] = [0, 1, 1_000_000_000, 0x7fff_ffff, 0x8000_0000, u32::MAX];
/// Bytes that a reader may ask for: the largest record that any format allows, and what is looked at behind it.
const MOST: usize = 17 << 20;
/// Records of each file.
const RECORDS: usize = 12;

/// A file, its reader, and how many frames it has.
struct File {
    name: &'static str,
    bytes: Vec<u8>,
    open: Box<dyn Fn() -> Box<dyn Reader>>,
    frames: usize,
}

impl File {
    fn new(
        name: &'static str,
        bytes: Vec<u8>,
        open: impl Fn() -> Box<dyn Reader> + 'static,
    ) -> File {
        let mut file = File {
            name,
            bytes,
            open: Box::new(open),
            frames: 0,
        };
        file.frames = file.read(&file.bytes, "as it is");
        assert!(file.frames > 0, "{name}");
        file
    }

    /// Reads bytes in windows of what the reader asks for; answers the number of frames.
    fn read(&self, data: &[u8], about: &str) -> usize {
        let mut reader = (self.open)();
        let (mut at, mut size, mut frames) = (0, 256, 0);
        for _ in 0..4 * data.len() + 1000 {
            let rest = &data[at..];
            let window = Window {
                offset: at as u64,
                data: &rest[..size.min(rest.len())],
                last: size >= rest.len(),
                unread: None,
            };
            let taken = match reader.next(&window) {
                Step::Need(bytes) => {
                    assert!(
                        bytes <= MOST,
                        "{}, {about}: asks for {bytes} bytes",
                        self.name
                    );
                    size = bytes;
                    continue;
                }
                Step::Packet(packet) => {
                    frames += 1;
                    packet.size
                }
                Step::Skip(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX).min(rest.len()),
                Step::Damaged(damage) => damage.length,
                Step::Cut(_) | Step::End => return frames,
                Step::Peek { .. } => panic!("nothing is hidden"),
            };
            if rest.is_empty() {
                return frames;
            }
            (at, size) = (at + taken, 256);
        }
        panic!("{}, {about}: no end", self.name);
    }
}

/// Two cameras and audio, with header and index.
fn exp() -> Vec<u8> {
    let camera = |number| Camera {
        number,
        width: 352,
        height: 240,
        ..Camera::default()
    };
    let head = Head {
        standard: Standard::Ntsc,
        cameras: vec![camera(1), camera(2)],
        audio: true,
        ..Head::default()
    };
    let timestamp = |n: usize| Timestamp {
        seconds: START / 1000 + n as i64 / 4,
        millis: Some(250 * (n % 4) as u16),
    };
    let (mut writer, _) = Writer::new(head, timestamp(0)).unwrap();
    let mut body = Vec::new();
    for n in 0..RECORDS {
        let picture = Picture {
            camera: n as u16 % 2 + 1,
            timestamp: timestamp(n),
            mode: Mode::Motion,
            width: 352,
            height: 240,
            key: n < 2,
        };
        body.extend(
            writer
                .picture(&picture, &vop(picture.key, 60, n as u64))
                .unwrap(),
        );
    }
    let format = AudioFormat {
        rate: 8000,
        channels: 1,
        block_align: 0,
    };
    body.extend(
        writer
            .audio(1, timestamp(0), Codec::MuLaw, &format, &[0x55; 40])
            .unwrap(),
    );
    let index = writer.finish();
    [writer.header(), body, index].concat()
}

fn plv1() -> Vec<u8> {
    let mut avi = Avi::new(352, 240);
    for n in 0..RECORDS {
        let coded = testing::make::Coded {
            key: n == 0,
            bytes: vop(n == 0, 60, n as u64),
        };
        avi.picture((START / 1000) as u32 + n as u32 / 4, &coded, 88);
        avi.padding(1);
    }
    exp_index::with_idx1(avi.finish())
}

fn files() -> Vec<File> {
    let layout = |name: &'static str| move || probe::open_layout(Layout::built_in(name).unwrap());
    let mut files = vec![
        File::new("EXP", exp(), layout("reference")),
        File::new("PLV1", plv1(), layout("plv1")),
    ];
    let names = ["binary", "MIME", "raw", "Sprite", "partition"];
    for ((name, kind), bytes) in names
        .into_iter()
        .zip(driver::KINDS)
        .zip(netvu_make::one_of_each())
    {
        files.push(File::new(name, bytes, move || netvu::open(kind)));
    }
    files
}

#[test]
fn sizes_and_counts_that_lie_anywhere() {
    for file in files() {
        let (mut fewest, mut worst) = (file.frames, Vec::new());
        for at in 0..file.bytes.len() - 4 {
            for number in NUMBERS {
                let mut orders = vec![number.to_le_bytes(), number.to_be_bytes()];
                // zero and the largest number are the same in both
                orders.dedup();
                for bytes in orders {
                    let mut data = file.bytes.clone();
                    data[at..at + 4].copy_from_slice(&bytes);
                    let about = format!("{bytes:x?} at {at}");
                    let frames = file.read(&data, &about);
                    fewest = fewest.min(frames);
                    if frames + 3 < file.frames {
                        worst.push(format!("{about}: {frames}"));
                    }
                }
            }
        }
        println!(
            "{}: {} bytes, {} frames, {fewest} with the worst number",
            file.name,
            file.bytes.len(),
            file.frames
        );
        // four bytes can lie in two records; three frames of the smallest files have to be there for the others to be told from noise
        assert_eq!(worst, [""; 0], "{}", file.name);
    }
}

#[test]
fn as_many_cameras_as_numbers() {
    let mut data = [&b"PAR\0"[..], &[0x5a; 300]].concat();
    for camera in 1..=65_535 {
        let made = Made {
            camera,
            payload: vop(true, 20, camera as u64),
            unix_ms: START as u64 + camera as u64,
            ..Made::default()
        };
        data.extend(made.record());
    }
    let mut cameras = BTreeSet::new();
    netvu_make::read_all(netvu::Kind::Partition, &data, 4096, |_, _, step| {
        if let Step::Packet(packet) = step {
            cameras.insert(packet.stream.camera);
        }
    });
    println!("{} bytes, {} cameras", data.len(), cameras.len());
    assert!((1000..=4096).contains(&cameras.len()), "{}", cameras.len());
}

#[test]
fn lists_in_lists_end() {
    // each says that it holds all the rest
    let mut avi = plv1();
    let movi = memchr::memmem::find(&avi, b"movi").unwrap() - 8;
    let mut nest = Vec::new();
    for _ in 0..100_000 {
        nest.extend(b"LIST\xff\xff\xff\x7fhdrl");
    }
    avi.splice(movi..movi, nest);
    let file = File {
        name: "PLV1",
        bytes: Vec::new(),
        open: Box::new(|| probe::open_layout(Layout::built_in("plv1").unwrap())),
        frames: 0,
    };
    let frames = file.read(&avi, "100,000 lists in each other");
    println!("{} bytes, {frames} frames", avi.len());
    assert!(frames >= RECORDS - 1, "{frames}");
    // and as the file is opened
    let window = Window {
        offset: 0,
        data: &avi,
        last: true,
        unread: None,
    };
    assert!(!matches!(probe::probe(&window), Probe::Need(_)));
}

#[test]
fn layouts_in_layouts_are_refused() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let text = format!(
            "name = {}1{}\n",
            open.repeat(100_000),
            close.repeat(100_000)
        );
        let error = Layout::from_toml(&text).unwrap_err();
        assert!(error.to_string().len() < 2000, "{error}");
    }
}
