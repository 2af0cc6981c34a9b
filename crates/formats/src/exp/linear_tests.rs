// SPDX-License-Identifier: MPL-2.0
//! The work of the readers grows with the bytes and not faster, whatever the bytes are: what is searched and looked at is counted.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use super::{
    avi::AviReader,
    layout::Layout,
    native::NativeReader,
    writer::{Head, Picture, Writer},
};
use crate::reader::{Camera, Mode, Reader, Step, Timestamp, Window};
use std::sync::atomic::Ordering::Relaxed;

/// Bytes of a file.
const SMALL: usize = 64 << 10;
/// A file that is larger costs so many times more.
const TIMES: usize = 8;

/// Steps that a reader takes over the file, in windows of 4 KiB or what it asks for; and the bytes it was shown, each as often as it
/// was shown anew.
fn steps(reader: &mut dyn Reader, data: &[u8]) -> usize {
    let (mut at, mut want, mut steps, mut shown) = (0, 4096, 0, 0);
    while at < data.len() {
        let end = data.len().min(at + want);
        shown += end.saturating_sub(shown.max(at));
        let window = Window {
            offset: at as u64,
            data: &data[at..end],
            last: end == data.len(),
            unread: None,
        };
        steps += 1;
        match reader.next(&window) {
            Step::Need(bytes) => {
                want = bytes;
                continue;
            }
            Step::Skip(bytes) => at = data.len().min(at + bytes as usize),
            Step::Packet(packet) => at += packet.size,
            Step::Damaged(damage) => at += damage.length,
            Step::Cut(_) | Step::End => break,
            Step::Peek { .. } => panic!("nothing is hidden"),
        }
        want = 4096;
    }
    assert!(shown <= data.len());
    steps
}

/// What is repeated to fill a file: a name, its bytes.
fn patterns() -> Vec<(&'static str, Vec<u8>)> {
    let record = |size: u32, kind: u8, length: u32, code: &[u8]| {
        let mut record = size.to_le_bytes().to_vec();
        record.extend(1_257_862_530_u32.to_le_bytes());
        record.extend([1, 1, 1, kind, 0, 0, 0, 0]);
        record.extend(length.to_le_bytes());
        record.extend([0; 4]);
        record.extend(code);
        record
    };
    let far = 16 << 20;
    // a header, and frames whose checksums are wrong, so that no keyframe shows how large they are
    let part = |code: u8| {
        let timestamp = |n: i64| Timestamp {
            seconds: 1_257_862_530 + n,
            millis: Some(0),
        };
        let head = Head {
            cameras: vec![Camera {
                number: 1,
                width: 352,
                height: 240,
                ..Camera::default()
            }],
            ..Head::default()
        };
        let (mut writer, _) = Writer::new(head, timestamp(0)).unwrap_or_else(|_| panic!("writer"));
        let mut body = Vec::new();
        for n in 0..25 {
            let picture = Picture {
                camera: 1,
                timestamp: timestamp(n),
                mode: Mode::Motion,
                width: 352,
                height: 240,
                key: n == 0,
            };
            let mut coded = vec![0, 0, 1, 0xb6, if n == 0 { 0x10 } else { 0x50 }];
            coded.resize(40, 7 + n as u8);
            let record = writer.picture(&picture, &coded);
            body.extend(record.unwrap_or_else(|_| panic!("record")));
        }
        let index = writer.finish();
        let mut bytes = [writer.header(), body, index].concat();
        let (codes, reversed) = ([0, 0, 1, 0xb6], [0xb6, 1, 0, 0]);
        for at in 0..bytes.len() - 4 {
            if bytes[at..].starts_with(&codes) {
                bytes[at + 3] = code;
            } else if bytes[at..].starts_with(&reversed) {
                bytes[at] = 0xb5;
            }
        }
        bytes
    };
    let chunk = |id: &[u8], size: u32, body: &[u8]| [id, &size.to_le_bytes(), body].concat();
    let frame = record(0, 4, 8, &[0, 0, 1, 0xb6, 0x50, 1, 2, 3]);
    vec![
        ("zeros", vec![0; 64]),
        ("exports whose keyframes show no size", part(0xb5)),
        ("the same, and P frames without a start code", part(0xff)),
        ("start codes", vec![0, 0, 1, 0xb6]),
        ("reversed start codes", vec![0xb6, 1, 0, 0]),
        ("index magic", b"DXIX".to_vec()),
        ("index magic with a count", b"DXIX\x01\0\0\0".to_vec()),
        ("header magic", b"DXEXP\0".to_vec()),
        (
            "records that end beyond the next",
            record(far, 4, far - 24, &[0, 0, 1, 0xb6]),
        ),
        (
            "records of a size that their length contradicts",
            record(far, 4, 9, &[0, 0, 1, 0xb6]),
        ),
        (
            "keyframes without a start code",
            record(4096, 6, 9, &[6; 80]),
        ),
        (
            "audio that nothing follows",
            record(far, 1, far - 24, &[0; 8]),
        ),
        ("unknown kinds", record(1 << 16, 9, 0, &[9; 8])),
        ("frames of a byte", record(28, 4, 1, &[0, 0, 1, 0xb6])),
        ("video chunks", chunk(b"00dc", 1 << 20, &[7; 4])),
        ("audio chunks", chunk(b"01wb", 1 << 20, &[7; 4])),
        ("lists", chunk(b"LIST", 1 << 20, b"movi")),
        ("unknown lists", chunk(b"LIST", 1 << 20, b"wxyz")),
        (
            "entries of an index",
            chunk(b"idx1", 1 << 24, b"00dc\0\0\0\0"),
        ),
        ("padding", chunk(b"00dc", 0, b"")),
        ("junk", chunk(b"JUNK", 1 << 20, b"")),
        (
            "frames in chunks too large",
            chunk(b"00dc", 1 << 20, &frame),
        ),
        ("frames in chunks too small", chunk(b"00dc", 20, &frame)),
        (
            "unframed frames in chunks too large",
            chunk(b"00dc", 1 << 16, &[0, 0, 1, 0xb6, 0x50, 1]),
        ),
    ]
}

#[test]
fn work_grows_with_the_bytes() {
    for (name, pattern) in patterns() {
        let file = |size: usize| {
            pattern
                .iter()
                .copied()
                .cycle()
                .take(size)
                .collect::<Vec<u8>>()
        };
        let native = |size| {
            let mut reader = NativeReader::new(Layout::reference().clone());
            let steps = steps(&mut reader, &file(size)) as u64;
            steps + reader.work()
        };
        let avi = |size| {
            let layout = Layout::built_in("plv1").unwrap_or_else(|| panic!("plv1"));
            let mut reader = AviReader::new(layout);
            let steps = steps(
                &mut reader,
                &[b"RIFF\0\0\0\0AVI LIST\0\0\0\0movi", &file(size)[..]].concat(),
            );
            steps as u64 + reader.work()
        };
        for (reader, small, large) in [
            ("native", native(SMALL), native(TIMES * SMALL)),
            ("avi", avi(SMALL), avi(TIMES * SMALL)),
        ] {
            println!("{reader}, {name}: {small} and {large}");
            // twice what linear growth would make, and no byte looked at more than 20 times
            let linear = small.max(SMALL as u64 / 16) * TIMES as u64 * 2;
            assert!(large <= linear, "{reader}, {name}: {small} and {large}");
            assert!(
                large <= (20 * TIMES * SMALL) as u64,
                "{reader}, {name}: {large}"
            );
        }
    }
}

impl NativeReader {
    fn work(&self) -> u64 {
        self.searched().work.load(Relaxed)
    }
}

impl AviReader {
    fn work(&self) -> u64 {
        self.searched()
            .iter()
            .map(|scan| scan.work.load(Relaxed))
            .sum()
    }
}
