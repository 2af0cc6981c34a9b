// SPDX-License-Identifier: MPL-2.0
//! How much of a recording is lost where some of its bytes are damaged: every byte set to other values, every cut, records
//! removed, doubled and swapped, random damage. Prints figures.
//!
//! A frame is lost where no packet has its bytes, camera and time. By default a sample of the cases is tried; `EXP_DAMAGE=all` tries
//! all of them.

use crate::exp_damage::most_memory;
use formats::netvu;
use formats::reader::{Media, Reader, Step, Window};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};
use testing::netvu_make::{Made, minimal, part, scan, vop};

const RECORDS: usize = 200;

/// What tells a frame from all others.
type Frame = (Vec<u8>, u16, Option<i64>);

struct File {
    name: &'static str,
    front: Vec<u8>,
    /// Each with one frame.
    records: Vec<Vec<u8>>,
    frames: Vec<Frame>,
}

fn unix_ms(number: usize) -> u64 {
    1_700_000_000_000 + 120 * number as u64
}

fn payload(number: usize) -> Vec<u8> {
    vop(number.is_multiple_of(10), 80 + number % 37, number as u64)
}

fn made(number: usize) -> Made {
    Made {
        payload: payload(number),
        unix_ms: unix_ms(number),
        size: (64, 48),
        text: format!("Site-Id: BENCH\r\nFrameNum: {number:08}\r\n").into_bytes(),
        ..Made::default()
    }
}

fn trailer(number: usize) -> String {
    let ms = 120 * number;
    format!(
        "Version: 00.02\r\nNumber: 3\r\nName: Gate\r\nDate: 05/12/2008\r\nTime: 11:43:{:02}\r\nMSec: {}\r\nUTCoffset: 0\r\n",
        ms / 1000,
        ms % 1000
    )
}

impl File {
    fn new(name: &'static str, front: &[u8], record: impl Fn(usize) -> Vec<u8>) -> File {
        let records: Vec<Vec<u8>> = (0..RECORDS).map(record).collect();
        let mut file = File {
            name,
            front: front.to_vec(),
            records,
            frames: Vec::new(),
        };
        file.frames = file.read(&file.whole());
        assert_eq!(file.frames.len(), RECORDS, "{name}");
        file
    }

    fn whole(&self) -> Vec<u8> {
        [&self.front[..], &self.records.concat()].concat()
    }

    fn start(&self, number: usize) -> usize {
        self.front.len() + self.records[..number].iter().map(Vec::len).sum::<usize>()
    }

    /// Records that these bytes belong to.
    fn touched(&self, bytes: &Range<usize>) -> usize {
        let mut at = self.front.len();
        let mut count = 0;
        for record in &self.records {
            let end = at + record.len();
            count += usize::from(bytes.start < end && at < bytes.end.max(bytes.start + 1));
            at = end;
        }
        count
    }

    /// The frames in `data`, as a program finds them that knows nothing of the file.
    fn read(&self, data: &[u8]) -> Vec<Frame> {
        let Some((kind, _)) = netvu::probe(data) else {
            return Vec::new();
        };
        let mut reader = netvu::open_terse(kind, true);
        frames(&mut *reader, data)
    }

    fn lost(&self, data: &[u8]) -> Outcome {
        let began = Instant::now();
        let mut wanted: HashMap<&Frame, usize> = HashMap::new();
        for frame in &self.frames {
            *wanted.entry(frame).or_default() += 1;
        }
        let found = self.read(data);
        let took = began.elapsed();
        let mut others = 0;
        for frame in &found {
            match wanted.get_mut(frame) {
                Some(count) => *count = count.saturating_sub(1),
                None => others += 1,
            }
        }
        Outcome {
            lost: wanted.values().sum(),
            others,
            took,
        }
    }
}

fn frames(reader: &mut dyn Reader, data: &[u8]) -> Vec<Frame> {
    let mut out = Vec::new();
    let mut at = 0;
    for _ in 0..4 * data.len() + 16 {
        let rest = &data[at.min(data.len())..];
        let step = reader.next(&Window {
            offset: at as u64,
            data: rest,
            last: true,
            unread: None,
        });
        at += match step {
            Step::Packet(packet) => {
                if packet.stream.codec.media() == Media::Video {
                    let time = packet.timestamp.map(|time| time.unix_ms());
                    out.push((packet.payload.to_vec(rest), packet.stream.camera, time));
                }
                packet.size
            }
            Step::Skip(bytes) => bytes as usize,
            Step::Damaged(damage) => damage.length,
            Step::Cut(_) | Step::End => return out,
            step => panic!("{step:?} of a last window"),
        };
    }
    panic!("no end");
}

#[derive(Clone, Copy)]
struct Outcome {
    lost: usize,
    /// Frames that the file does not have.
    others: usize,
    took: Duration,
}

/// The cases of one kind of damage.
#[derive(Default)]
struct Figures {
    cases: usize,
    /// Lost frames beyond the touched records, by how many.
    beyond: Vec<(isize, String)>,
    others: usize,
    longest: Duration,
}

impl Figures {
    fn add(&mut self, outcome: Outcome, touched: usize, what: impl FnOnce() -> String) {
        self.cases += 1;
        self.longest = self.longest.max(outcome.took);
        self.others += outcome.others.saturating_sub(touched);
        let beyond = outcome.lost as isize - touched as isize;
        self.beyond
            .push((beyond, if beyond > 1 { what() } else { String::new() }));
    }

    /// Prints the figures, and what the 99.9th percentile loses beyond the touched records.
    fn print(mut self, name: &str, kind: &str) -> isize {
        self.beyond.sort();
        let at = (self.cases * 999).div_ceil(1000).max(1) - 1;
        let percentile = self.beyond[at].0;
        let more = self.beyond.iter().filter(|(beyond, _)| *beyond > 1).count();
        println!(
            "{name}, {kind}: {} cases; lost more than the touched records + 1 in {more} ({:.3} %); beyond the touched records: {percentile} at the 99.9th \
             percentile, {} at most; {} other frames; longest {:?}; memory of the process {} at most",
            self.cases,
            100.0 * more as f64 / self.cases as f64,
            self.beyond[self.cases - 1].0,
            self.others,
            self.longest,
            most_memory()
        );
        for (beyond, what) in self
            .beyond
            .iter()
            .rev()
            .filter(|(beyond, _)| *beyond > 1)
            .take(6)
        {
            println!("    {beyond} more: {what}");
        }
        percentile
    }
}

/// One damage of a random kind, and the bytes of `data` it touches.
fn damage(data: &mut Vec<u8>, random: &mut StdRng) -> (Range<usize>, String) {
    let at = random.random_range(0..data.len());
    let most = 1usize << random.random_range(0..11);
    let length = random.random_range(1..=most);
    let range = at..(at + length).min(data.len());
    let noise = |count: usize, random: &mut StdRng| -> Vec<u8> {
        (0..count).map(|_| random.random()).collect()
    };
    let what = match random.random_range(0..5) {
        0 => {
            data[range.clone()].fill(0);
            "zeros over"
        }
        1 => {
            let noise = noise(range.len(), random);
            data[range.clone()].copy_from_slice(&noise);
            "noise over"
        }
        2 => {
            data.drain(range.clone());
            "removed"
        }
        3 => {
            let noise = noise(length, random);
            data.splice(at..at, noise);
            return (at..at + 1, format!("{length} bytes put in at {at}"));
        }
        _ => {
            let last = data.len() - range.len();
            let from = random.random_range(0..last);
            data.copy_within(from..from + range.len(), range.start);
            "other bytes over"
        }
    };
    let text = format!("{what} {range:?}");
    (range, text)
}

fn figures(file: &File) {
    let all = std::env::var_os("EXP_DAMAGE").is_some_and(|value| value == "all");
    let whole = file.whole();
    let every = if all { 1 } else { whole.len() / 8 };
    let mut random = StdRng::seed_from_u64(17);
    let mut worst = Vec::new();

    let mut bytes = Figures::default();
    for at in (0..whole.len())
        .step_by(if all { 1 } else { whole.len() / 12 })
        .chain(0..if all { 0 } else { 24 })
    {
        for value in [whole[at] ^ 1, whole[at] ^ 0x80, random.random()] {
            let mut data = whole.clone();
            data[at] = value;
            let touched = file.touched(&(at..at + 1));
            bytes.add(file.lost(&data), touched, || {
                format!("byte {at} {:#x} -> {value:#x}", whole[at])
            });
        }
    }
    worst.push(bytes.print(file.name, "one byte"));

    let mut cuts = Figures::default();
    for end in (0..=whole.len()).step_by(every) {
        let touched = file.touched(&(end..whole.len()));
        cuts.add(file.lost(&whole[..end]), touched, || {
            format!("cut at {end}")
        });
    }
    worst.push(cuts.print(file.name, "cut"));

    let mut records = Figures::default();
    for number in (0..RECORDS - 1).step_by(if all { 1 } else { 89 }) {
        let (start, end, next) = (
            file.start(number),
            file.start(number + 1),
            file.start(number + 1) + file.records[number + 1].len(),
        );
        let removed = [&whole[..start], &whole[end..]].concat();
        records.add(file.lost(&removed), 1, || {
            format!("record {number} removed")
        });
        let doubled = [&whole[..end], &whole[start..]].concat();
        records.add(file.lost(&doubled), 1, || {
            format!("record {number} doubled")
        });
        let swapped = [
            &whole[..start],
            &whole[end..next],
            &whole[start..end],
            &whole[next..],
        ]
        .concat();
        records.add(file.lost(&swapped), 2, || {
            format!("record {number} swapped with the next")
        });
    }
    worst.push(records.print(file.name, "records removed, doubled, swapped"));

    let mut chance = Figures::default();
    for _ in 0..if all { 10_000 } else { 24 } {
        let mut data = whole.clone();
        let (range, what) = damage(&mut data, &mut random);
        let touched = file.touched(&range);
        chance.add(file.lost(&data), touched, || what);
    }
    worst.push(chance.print(file.name, "random"));
    assert!(
        worst.iter().all(|beyond| *beyond <= 1),
        "{}: {worst:?}",
        file.name
    );
}

#[test]
fn damage_of_a_binary_stream() {
    figures(&File::new("binary", b"", |number| made(number).packet()));
}

#[test]
fn damage_of_a_binary_stream_of_jpeg_pictures() {
    let jpeg = |number: usize| Made {
        format: 1,
        payload: scan(80 + number % 37, number as u64),
        camera: 1 + (number % 2) as i32,
        ..made(number)
    };
    figures(&File::new("binary, JPEG, two cameras", b"", |number| {
        jpeg(number).packet()
    }));
}

#[test]
fn damage_of_a_minimal_stream() {
    figures(&File::new("minimal", b"", |number| {
        minimal(unix_ms(number), &payload(number))
    }));
}

#[test]
fn damage_of_a_mime_stream() {
    figures(&File::new("MIME", b"", |number| {
        [
            part("image/admp4", &payload(number)),
            part("text/plain", trailer(number).as_bytes()),
        ]
        .concat()
    }));
}

#[test]
fn damage_of_a_partition() {
    let front = [b"PAR\0".to_vec(), testing::netvu_make::noise(4096, 5)].concat();
    figures(&File::new("partition", &front, |number| {
        made(number).record()
    }));
}
