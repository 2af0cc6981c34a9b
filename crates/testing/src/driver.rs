// SPDX-License-Identifier: MPL-2.0
//! Drives a reader over bytes as the elements do, in windows of changing size, and asserts what every reader promises:
//! steps that go on, stay inside their window, and hold only bytes that were shown. Used by the fuzz targets and by the
//! test that replays their findings.

use formats::exp::{layout::Layout, probe::open_layout};
use formats::netvu::{self, Kind};
use formats::reader::{Reader, Step, Unread, Window};
use std::sync::LazyLock;

/// No file of the fuzzer needs more steps than this for each of its bytes.
const STEPS_PER_BYTE: usize = 4;

/// What is shown of the file.
#[derive(Clone, Copy, PartialEq)]
pub enum Shown {
    /// All of it.
    All,
    /// What the reader asks for: the rest of a picture may stay unread.
    Heads,
}

/// Reads all of `data`. `sizes` says how large windows are, in turn; an empty slice shows the whole rest each time.
pub fn drive(reader: &mut dyn Reader, data: &[u8], sizes: &[u8], shown: Shown) -> usize {
    let (mut at, mut packets, mut turn) = (0usize, 0usize, 0usize);
    let (mut need, mut peek, mut peeks) = (1usize, None, 0);
    let limit = data
        .len()
        .saturating_mul(STEPS_PER_BYTE)
        .saturating_add(1000);
    for _ in 0..limit {
        let rest = &data[at.min(data.len())..];
        let size = match sizes.is_empty() {
            true => rest.len(),
            false => (usize::from(sizes[turn % sizes.len()]) * 16 + 1)
                .max(need)
                .min(rest.len()),
        };
        turn += 1;
        let last = size == rest.len();
        let hidden = rest.len() - size;
        let unread = (shown == Shown::Heads && !last).then(|| Unread {
            bytes: hidden as u64,
            shown: peek.map(|(at, bytes): (usize, usize)| {
                (at, &rest[at..at.saturating_add(bytes).min(rest.len())])
            }),
        });
        let window = Window {
            offset: at as u64,
            data: &rest[..size],
            last,
            unread,
        };
        match reader.next(&window) {
            Step::Need(bytes) => {
                assert!(!last, "at {at}: needs {bytes} bytes of a last window");
                assert!(bytes > size, "at {at}: needs {bytes} bytes and has {size}");
                need = bytes;
                continue;
            }
            Step::Peek { at: place, bytes } => {
                assert!(unread.is_some(), "at {at}: peeks where nothing is hidden");
                assert!(
                    place <= rest.len() && bytes > 0,
                    "at {at}: peeks beyond the end"
                );
                peeks += 1;
                assert!(peeks < 16, "at {at}: peeks without end");
                need = size;
                peek = Some((place, bytes));
                continue;
            }
            Step::Skip(bytes) => {
                assert!(bytes > 0, "at {at}: skips nothing");
                let next = (at as u64).saturating_add(bytes).min(data.len() as u64) as usize;
                if next == at {
                    assert!(rest.is_empty());
                    return packets;
                }
                at = next;
            }
            Step::Packet(packet) => {
                packets += 1;
                assert!(
                    packet.size <= size + unread.map_or(0, |_| hidden),
                    "at {at}: packet beyond its window"
                );
                if packet.size <= size {
                    let bytes = packet.payload.to_vec(window.data);
                    assert_eq!(
                        bytes.len(),
                        packet.payload.len(),
                        "at {at}: payload beyond its window"
                    );
                }
                at += packet.size;
            }
            Step::Damaged(damage) => {
                assert!(
                    (1..=size).contains(&damage.length),
                    "at {at}: damage of {}",
                    damage.length
                );
                at += damage.length;
            }
            Step::Cut(bytes) => {
                assert!(last && bytes > 0, "at {at}: cut before the end");
                return packets;
            }
            Step::End => {
                assert!(last, "at {at}: end before the end");
                return packets;
            }
        }
        (need, peek, peeks) = (1, None, 0);
    }
    panic!(
        "no end after {limit} steps of {} bytes, at {at}",
        data.len()
    );
}

/// The input of a fuzz target: first byte the number of window sizes, then the sizes, then the file.
pub fn split(input: &[u8]) -> (&[u8], &[u8]) {
    let Some((count, rest)) = input.split_first() else {
        return (&[], &[]);
    };
    rest.split_at(usize::from(count % 8).min(rest.len()))
}

/// One run of a target: from the start in the windows that the input asks for, once more by the heads of pictures, and
/// once more after a resync from the middle.
pub fn run(open: impl Fn() -> Box<dyn Reader>, input: &[u8]) {
    let (sizes, data) = split(input);
    let mut reader = open();
    drive(&mut *reader, data, sizes, Shown::All);
    drive(&mut *open(), data, sizes, Shown::Heads);
    let _ = reader.take_warnings();
    reader.resync();
    drive(&mut *reader, &data[data.len() / 2..], sizes, Shown::All);
}

static LAYOUTS: LazyLock<[Layout; 2]> =
    LazyLock::new(|| ["reference", "plv1"].map(|name| Layout::built_in(name).unwrap()));

/// The forms of NetVu, in the order in which the fuzz target numbers them.
pub const KINDS: [Kind; 5] = [
    Kind::Binary,
    Kind::Mime,
    Kind::Raw,
    Kind::Sprite,
    Kind::Partition,
];

/// The target `readers`: the first byte picks the reader (native, PLV1, then [`KINDS`]).
pub fn readers(input: &[u8]) {
    let Some((reader, input)) = input.split_first() else {
        return;
    };
    match usize::from(*reader) % (LAYOUTS.len() + KINDS.len()) {
        layout @ 0..2 => run(|| open_layout(LAYOUTS[layout].clone()), input),
        kind => run(|| netvu::open(KINDS[kind - LAYOUTS.len()]), input),
    }
}
