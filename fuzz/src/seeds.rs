// SPDX-License-Identifier: MPL-2.0
//! Small well-formed files for the fuzzer to begin with, in a folder for each target.

use testing::netvu_make;

use std::path::Path;

use formats::exp::writer::{Head, Picture, Writer};
use formats::reader::{AudioFormat, Camera, Codec, Mode, Timestamp, Standard};

/// A picture's first bytes and some more: key or P, with a 5-bit increment and quantiser.
fn vop(key: bool, n: u8) -> Vec<u8> {
    let mut bytes = vec![
        0,
        0,
        1,
        0xb6,
        if key { 0x10 } else { 0x50 },
        0xc0 | n,
        0x51,
        0x8c,
    ];
    bytes.extend((0..24).map(|k: u8| k.wrapping_mul(37) | 1));
    bytes
}

fn records(writer: &mut Writer) -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0..12u8 {
        let timestamp = Timestamp {
            seconds: 1_257_862_530 + i64::from(n / 4),
            millis: Some(250 * u16::from(n % 4)),
        };
        let picture = Picture {
            camera: u16::from(n % 2) + 1,
            timestamp,
            mode: Mode::Motion,
            width: 352,
            height: 240,
            key: n < 2 || n == 8,
        };
        out.extend(writer.picture(&picture, &vop(picture.key, n)).unwrap());
        let format = AudioFormat {
            rate: 8000,
            channels: 1,
            block_align: 0,
        };
        if n % 4 == 0 {
            out.extend(
                writer
                    .audio(1, timestamp, Codec::MuLaw, &format, &[n; 9])
                    .unwrap(),
            );
        }
    }
    out
}

/// Two cameras and audio.
pub fn native(header: bool, index: bool) -> Vec<u8> {
    let camera = |number| Camera {
        number,
        width: 352,
        height: 240,
        rate: Some((15, 2)),
        title: "Gate".into(),
    };
    let head = Head {
        model: "DX4104".into(),
        server: "LOBBY".into(),
        utc_offset: -300,
        standard: Standard::Ntsc,
        cameras: vec![camera(1), camera(2)],
        audio: true,
    };
    let (mut writer, first) = Writer::new(
        head,
        Timestamp {
            seconds: 1_257_862_530,
            millis: None,
        },
    )
    .unwrap();
    let body = records(&mut writer);
    let list = writer.finish();
    let mut out = if index { writer.header() } else { first };
    if !header {
        out.clear();
    }
    out.extend(body);
    if index {
        out.extend(list);
    }
    out
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap();
    let mut out = [name.as_slice(), &size.to_le_bytes(), body].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[kind.as_slice(), &parts.concat()].concat())
}

/// An AVI with the records of a native file, or with bare pictures, as its chunks.
fn plv1(framed: bool) -> Vec<u8> {
    let mut strh = [b"vids".as_slice(), b"PLV1", &[0; 12]].concat();
    strh.extend(
        [1001u32, 30_000, 0, 12, 0, 0, 0, 0, 0]
            .iter()
            .flat_map(|word| word.to_le_bytes()),
    );
    let words = [
        40u32,
        352,
        240,
        0x0018_0001,
        u32::from_le_bytes(*b"PLV1"),
        0,
        0,
        0,
        0,
        0,
    ];
    let strf = words
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect::<Vec<_>>();
    let avih = [33_366u32, 0, 0, 16, 12, 0, 1, 0, 352, 240, 0, 0, 0, 0];
    let avih = avih
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect::<Vec<_>>();
    let track = list(b"strl", &[chunk(b"strh", &strh), chunk(b"strf", &strf)]);
    let (mut movi, mut rest) = (Vec::new(), native(false, false));
    let mut n = 0u8;
    while rest.len() > 24 {
        let size = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let tail = rest.split_off(size);
        let key = rest[11] == 6;
        let body = if framed { rest } else { vop(key, n) };
        movi.push(chunk(if key { b"00db" } else { b"00dc" }, &body));
        movi.push(chunk(b"00dc", &[]));
        rest = tail;
        n += 1;
    }
    let body = [
        list(b"hdrl", &[chunk(b"avih", &avih), track]),
        list(b"movi", &movi),
    ]
    .concat();
    chunk(b"RIFF", &[b"AVI ".as_slice(), &body].concat())
}

/// Five seeks, a flush, changes of state and queries, of four bytes each (see [`testing::operations::run`]).
const OPERATIONS: [[u8; 4]; 8] = [
    [13, 8, 0, 0],
    [0, 0x03, 40, 0],
    [9, 0, 90, 0],
    [0x80, 0x03, 200, 0],
    [3, 0, 0, 0x40],
    [2, 0, 60, 0],
    [4, 0, 0, 0],
    [1, 0x05, 10, 0],
];

/// Writes the seeds of all targets.
pub fn write(folder: &Path) {
    let natives = [
        native(true, true),
        native(true, false),
        native(false, false),
    ];
    let avis = [plv1(true), plv1(false)];
    let readers = natives.iter().map(|file| (0, file));
    let readers = readers.chain(avis.iter().map(|file| (1, file)));
    let netvu = netvu_make::one_of_each();
    let all: Vec<_> = readers.chain((2..).zip(&netvu)).collect();
    for (n, (reader, file)) in all.into_iter().enumerate() {
        let save = |target: &str, turn: usize, front: &[u8]| {
            save(folder, target, 10 * turn + n, &[front, file].concat());
        };
        save("readers", 0, &[reader, 0]);
        save("readers", 1, &[reader, 3, 1, 9, 80]);
        save("probes", 0, &[]);
        save("infer", 0, &[]);
        save("partition", 0, &[]);
        let element = if reader < 2 { 0 } else { 0x80 };
        for mode in 0..3 {
            let operations = OPERATIONS.concat();
            let count = OPERATIONS.len() as u8;
            save("pipeline", mode, &[element | 0x30 | mode as u8, 0]);
            let front = [&[element | 0x10 | mode as u8, count][..], &operations].concat();
            save("pipeline", 3 + mode, &front);
        }
    }
    let texts = [
        include_bytes!("../../examples/parconfig/north.toml").as_slice(),
        b"\xef\xbb\xbftop=1\r\n[a]\r\n  b = \"c \"  \r\n;d\r\nb=\r\n\0",
        include_bytes!("../../examples/parconfig/units.csv"),
        include_bytes!("../../examples/parconfig/mapping.toml"),
        include_bytes!("../../crates/formats/layouts/plv1.toml"),
        b"[camera.3]\ntitle = 'Gate'\n",
    ];
    for (kind, text) in (0..).zip(texts) {
        save(folder, "texts", usize::from(kind), &[&[kind], text].concat());
    }
    for first in [0, 0x82] {
        let frames: Vec<u8> = (0..40u8).flat_map(|n| [n.wrapping_mul(7), n.wrapping_mul(31)]).collect();
        save(folder, "round_trip", first.into(), &[&[first], &frames[..]].concat());
    }
}

fn save(folder: &Path, target: &str, n: usize, bytes: &[u8]) {
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("seed-{n}")), bytes).unwrap();
}
