// SPDX-License-Identifier: MPL-2.0
//! Recorders made up by hand, of kinds that the generator of random layouts does not draw: lengths in words, checksums behind
//! frames, masks of cameras, records that begin with text.

use super::infer::all_families;
use formats::exp::infer::{Confidence, Hints, Inferred, infer, infer_files};
use testing::{
    layouts::{frames::Family, judge::read},
    mpeg4_tools::{encode, vops},
};

/// What a record is written from.
struct Content<'a> {
    frame: &'a [u8],
    key: bool,
    /// From 0.
    camera: u8,
    count: u32,
    /// Unix microseconds.
    time: u64,
}

impl Content<'_> {
    fn seconds(&self) -> u32 {
        (self.time / 1_000_000) as u32
    }
}

/// Year, month, day, hour, minute, second and millisecond.
fn parts_of(micros: u64) -> [u32; 7] {
    let at = jiff::Timestamp::from_microsecond(micros as i64).expect("a time");
    let at = jiff::tz::Offset::UTC.to_datetime(at);
    let small = [at.month(), at.day(), at.hour(), at.minute(), at.second()];
    let [month, day, hour, minute, second] = small.map(|part| part as u32);
    let millis = at.subsec_nanosecond() as u32 / 1_000_000;
    [at.year() as u32, month, day, hour, minute, second, millis]
}

struct Maker {
    name: &'static str,
    cameras: u8,
    /// The time is stored to this many milliseconds.
    unit: i64,
    /// Bytes before the first record.
    front: &'static [u8],
    record: fn(&Content<'_>) -> Vec<u8>,
}

/// Checksums that are to be named, by the first words of the recorder's name.
const CHECKSUMS: [(&str, &str); 5] = [
    ("groups of four", "the CRC-32 of the frame is at 18"),
    ("sync pattern", "the sum of the record up to it is at 23"),
    (
        "length of the record with",
        "the CRC-32 of the record up to it is 0 bytes behind the frame",
    ),
    ("text before", "the exclusive or of the frame is at 12"),
    (
        "Adler-32",
        "the Adler-32 of the frame is 0 bytes behind the frame",
    ),
];

fn sum8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

const MAKERS: [Maker; 30] = [
    Maker {
        name: "sync pattern, kind as a letter, seconds and microseconds, sum of the header",
        cameras: 4,
        unit: 1,
        front: b"",
        record: |c| {
            let mut out = vec![0xa5, 0x5a, 0xa5, 0x5a, 0, 24];
            out.extend([if c.key { b'I' } else { b'P' }, c.camera]);
            out.extend((c.frame.len() as u32).to_be_bytes());
            out.extend(c.seconds().to_be_bytes());
            out.extend(((c.time % 1_000_000) as u32).to_be_bytes());
            out.extend([0, 0, 0]);
            out.push(sum8(&out));
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "length of the record with a CRC-32 behind the frame, microseconds",
        cameras: 1,
        unit: 1,
        front: b"",
        record: |c| {
            let mut out = b"VREC".to_vec();
            out.extend((c.frame.len() as u32 + 24).to_le_bytes());
            out.extend(c.time.to_le_bytes());
            out.extend(c.count.to_le_bytes());
            out.extend(c.frame);
            let sum = crc32(&out);
            out.extend(sum.to_le_bytes());
            out
        },
    },
    Maker {
        name: "length in words",
        cameras: 2,
        unit: 1000,
        front: &[0x11; 64],
        record: |c| {
            let words = c.frame.len().div_ceil(4);
            let mut out = vec![0x4d, 0x52, c.camera + 1, u8::from(c.key)];
            out.extend((words as u16).to_be_bytes());
            out.extend((c.count as u16).to_be_bytes());
            out.extend(c.seconds().to_be_bytes());
            out.extend([0xc0, 0, 0, 1]);
            out.extend(c.frame);
            out.resize(16 + words * 4, 0);
            out
        },
    },
    Maker {
        name: "length in units of 16 bytes that counts the header",
        cameras: 1,
        unit: 1000,
        front: b"",
        record: |c| {
            let size = (c.frame.len() + 20).next_multiple_of(16);
            let mut out = vec![0xfe, if c.key { 0x10 } else { 0x11 }];
            out.extend(((size / 16) as u16).to_le_bytes());
            out.extend(c.seconds().to_le_bytes());
            out.extend(c.count.to_le_bytes());
            out.extend([0x55; 8]);
            out.extend(c.frame);
            out.resize(size, 0xff);
            out
        },
    },
    Maker {
        name: "mask of cameras, a double as time",
        cameras: 4,
        unit: 1,
        front: b"",
        record: |c| {
            let mut out = (1_u32 << c.camera).to_le_bytes().to_vec();
            out.extend((c.time as f64 / 1e6).to_le_bytes());
            out.extend((c.frame.len() as u32).to_le_bytes());
            out.extend(u32::from(c.key).to_le_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "text before each record, big and little numbers mixed, xor of the frame",
        cameras: 1,
        unit: 1000,
        front: b"DVR EXPORT 1.04\r\n",
        record: |c| {
            let mut out = b"FRAME ".to_vec();
            out.extend((c.count as u16).to_le_bytes());
            out.extend((c.frame.len() as u32).to_be_bytes());
            out.push(xor(c.frame));
            out.extend(c.seconds().to_le_bytes());
            out.push(b'\n');
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "two lengths that say the same, bytes of noise",
        cameras: 3,
        unit: 1,
        front: b"",
        record: |c| {
            let noise = u64::from(c.count).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut out = noise.to_le_bytes().to_vec();
            out.extend((c.frame.len() as u32 + 36).to_be_bytes());
            out.extend((c.frame.len() as u32).to_be_bytes());
            out.extend([c.camera, 0, u8::from(c.key), 0]);
            out.extend((c.time / 1000).to_be_bytes());
            out.extend(noise.rotate_left(31).to_be_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "header of 12 bytes with a length of 24 bits and a flag above it",
        cameras: 1,
        unit: 1000,
        front: &[0; 512],
        record: |c| {
            let flag = if c.key { 0x8000_0000 } else { 0x4000_0000_u32 };
            let mut out = (flag | c.frame.len() as u32).to_le_bytes().to_vec();
            out.extend(c.seconds().to_le_bytes());
            out.extend([0, 0, 7, 0]);
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "Adler-32 behind the frame, length of the frame, time in text",
        cameras: 2,
        unit: 1000,
        front: b"",
        record: |c| {
            let second = c.time / 1_000_000 % 86_400;
            let text = format!(
                "20100312{:02}{:02}{:02}",
                second / 3600,
                second / 60 % 60,
                second % 60
            );
            let mut out = vec![0x7e, c.camera, u8::from(c.key), 0x7e];
            out.extend((c.frame.len() as u32).to_le_bytes());
            out.extend(text.bytes());
            out.extend([0, 0]);
            out.extend(c.frame);
            let (a, b) = c.frame.iter().fold((1_u32, 0_u32), |(a, b), byte| {
                let a = (a + u32::from(*byte)) % 65_521;
                (a, (b + a) % 65_521)
            });
            out.extend((b << 16 | a).to_be_bytes());
            out
        },
    },
    Maker {
        name: "records in pages of 2048 bytes, length of the record",
        cameras: 1,
        unit: 1000,
        front: b"",
        record: |c| {
            let mut out = c.seconds().to_be_bytes().to_vec();
            out.extend((c.frame.len() as u32 + 32).to_be_bytes());
            out.extend(c.count.to_be_bytes());
            out.extend([0xab; 19]);
            out.push(u8::from(c.key));
            out.extend(c.frame);
            out.resize(out.len().next_multiple_of(2048), 0);
            out
        },
    },
    Maker {
        name: "magic before and behind, length of the record twice, bits of a date, keyframes with more fields",
        cameras: 2,
        unit: 1,
        front: b"",
        record: |c| {
            let more: &[u8] = if c.key {
                &[0x80, 0, 2, 25, 0x81, 0, 44, 36, 0x88, 0, 0, 0]
            } else {
                &[0x88, 0, 0, 0]
            };
            let size = c.frame.len() + 24 + more.len() + 8;
            let (second, date) = (c.seconds() % 86_400, 10_u32 << 26 | 3 << 22 | 12 << 17);
            let time = date + second / 3600 * 4096 + second / 60 % 60 * 64 + second % 60;
            let mut out = b"REC1".to_vec();
            out.extend([if c.key { 0xfd } else { 0xfc }, 0, c.camera, 0]);
            out.extend(c.count.to_le_bytes());
            out.extend((size as u32).to_le_bytes());
            out.extend(time.to_le_bytes());
            out.extend(((c.time / 1000 % 60_000) as u16).to_le_bytes());
            out.push(more.len() as u8);
            out.push(sum8(&out));
            out.extend(more);
            out.extend(c.frame);
            out.extend(b"rec1");
            out.extend((size as u32).to_le_bytes());
            out
        },
    },
    Maker {
        name: "a header of the group and one of the block",
        cameras: 1,
        unit: 1000,
        front: &[0x48; 40],
        record: |c| {
            let mut out = 1_u32.to_le_bytes().to_vec();
            out.extend((c.count + 4096).to_le_bytes());
            out.extend(c.seconds().to_le_bytes());
            out.extend(
                [0_u32, 1, 0x0120_0160, 0, 0x0019_0000, 0, 0, 0x1001]
                    .map(u32::to_le_bytes)
                    .concat(),
            );
            out.extend(if c.key { 0x1003_u16 } else { 0x1004 }.to_le_bytes());
            out.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            out.extend(((c.time / 40_000) as u32).to_le_bytes());
            out.extend((c.frame.len() as u32).to_le_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "a block of the index behind each 25 frames",
        cameras: 1,
        unit: 1,
        front: b"",
        record: |c| {
            let mut out = vec![0x55, 0xaa, if c.key { 1 } else { 0 }, 0];
            out.extend((c.frame.len() as u32).to_be_bytes());
            out.extend(c.seconds().to_be_bytes());
            out.extend(((c.time / 1000 % 1000) as u16).to_be_bytes());
            out.extend([0, 0]);
            out.extend(c.frame);
            if c.count % 25 == 24 {
                out.extend(b"\x55\xabIX\0\0\0\x19");
                for n in 0..25 {
                    out.extend((c.count * 3000 + n * 2711).to_be_bytes());
                    out.extend((c.seconds() - 4 + n * 160 / 1000).to_be_bytes());
                }
            }
            out
        },
    },
    Maker {
        name: "length in bits",
        cameras: 1,
        unit: 1000,
        front: b"",
        record: |c| {
            let mut out = vec![0x4c, 0x42];
            out.extend((c.frame.len() as u32 * 8).to_be_bytes());
            out.extend([0, u8::from(c.key)]);
            out.extend(c.seconds().to_be_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "16 bytes of a digest behind the frame",
        cameras: 1,
        unit: 1000,
        front: b"",
        record: |c| {
            let mut out = b"SIGN".to_vec();
            out.extend((c.frame.len() as u32 + 32).to_le_bytes());
            out.extend(c.seconds().to_le_bytes());
            out.extend([c.camera, u8::from(c.key), 0, 0]);
            out.extend(c.frame);
            let noise = u64::from(crc32(c.frame)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            out.extend(noise.to_le_bytes());
            out.extend(noise.rotate_left(23).wrapping_mul(3).to_le_bytes());
            out
        },
    },
    Maker {
        name: "a start time that stands still, and 100 ns since then",
        cameras: 2,
        unit: 1,
        front: b"",
        record: |c| {
            let mut out = vec![0x21, 0x43, c.camera, u8::from(c.key)];
            out.extend(1_268_385_137_u32.to_le_bytes());
            out.extend(((c.time - 1_268_385_137_000_000) * 10).to_le_bytes());
            out.extend((c.frame.len() as u32).to_le_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "a start time that stands still, and 90 kHz since then",
        cameras: 1,
        unit: 1,
        front: b"",
        record: |c| {
            let mut out = (c.frame.len() as u32 + 20).to_be_bytes().to_vec();
            out.extend(1_268_385_137_u32.to_be_bytes());
            out.extend((((c.time - 1_268_385_137_000_000) * 9 / 100) as u32).to_be_bytes());
            out.extend([0x47, 0x11, u8::from(c.key), 1]);
            out.extend(c.count.to_be_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "camera in the upper half of a byte, keyframes in the lower one",
        cameras: 3,
        unit: 1000,
        front: b"",
        record: |c| {
            let mut out = vec![0x3c, (c.camera + 1) << 4 | u8::from(c.key)];
            out.extend((c.frame.len() as u32).to_le_bytes());
            out.extend(c.seconds().to_le_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "ticks of 1/64 s that are no cameras, bits of a date",
        cameras: 1,
        unit: 1000,
        front: b"",
        record: |c| {
            let mut out = b"HKVS".to_vec();
            out.extend((c.frame.len() as u32).to_le_bytes());
            out.extend(((c.time / 15_625) as u32).to_le_bytes());
            let second = c.seconds() % 86_400;
            let time = 10_u32 << 26 | 3 << 22 | 12 << 17;
            let time = time + second / 3600 * 4096 + second / 60 % 60 * 64 + second % 60;
            out.extend(time.to_le_bytes());
            out.extend([u8::from(c.key), 0, 0, 0]);
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "20 bytes of a digest behind the frame, padded to 16",
        cameras: 1,
        unit: 1000,
        front: b"",
        record: |c| {
            let mut out = c.seconds().to_be_bytes().to_vec();
            out.extend((c.frame.len() as u32).to_be_bytes());
            out.extend([0x44, 0x56, u8::from(c.key), 0]);
            out.extend(c.frame);
            let noise = u64::from(crc32(c.frame)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            for turn in [0, 19, 41] {
                out.extend(noise.rotate_left(turn).wrapping_mul(7).to_le_bytes());
            }
            out.truncate(out.len() - 4);
            out.resize(out.len().next_multiple_of(16), 0);
            out
        },
    },
    Maker {
        name: "groups of four reversed, what is left of the last one not",
        cameras: 2,
        unit: 1,
        front: &[0x5e; 128],
        record: |c| {
            let mut out = b"SWAP".to_vec();
            out.extend((c.frame.len() as u32).to_be_bytes());
            out.extend((c.time / 1000).to_be_bytes());
            out.extend([c.camera, u8::from(c.key)]);
            out.extend(crc32(c.frame).to_le_bytes());
            let (groups, rest) = c.frame.as_chunks::<4>();
            out.extend(groups.iter().flat_map(|group| group.iter().rev()));
            [&out, rest].concat()
        },
    },
    Maker {
        name: "registers of a clock chip",
        cameras: 1,
        unit: 1000,
        front: b"",
        record: |c| {
            let bcd = |value: u32| (value / 10 * 16 + value % 10) as u8;
            let second = c.seconds() % 86_400;
            let mut out = vec![0x99, u8::from(c.key)];
            out.extend([second % 60, second / 60 % 60, second / 3600].map(bcd));
            out.extend([0x06, 0x12, 0x03, 0x10]);
            out.extend((c.frame.len() as u32).to_le_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "a date and time for people",
        cameras: 1,
        unit: 1000,
        front: b"",
        record: |c| {
            let second = c.seconds() % 86_400;
            let clock = [second / 3600, second / 60 % 60, second % 60].map(|n| format!("{n:02}"));
            let mut out = format!("2010/03/12 {}\0", clock.join(":")).into_bytes();
            out.extend((c.frame.len() as u32).to_le_bytes());
            out.extend([u8::from(c.key), 0, 0, 0]);
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "hour first, year last",
        cameras: 2,
        unit: 1000,
        front: b"",
        record: |c| {
            let second = c.seconds() % 86_400;
            let clock = [second / 3600, second / 60 % 60, second % 60].map(|n| n as u8);
            let mut out = vec![0xc4, c.camera + 1];
            out.extend(clock);
            out.extend([12, 3, 10]);
            out.extend((c.frame.len() as u32).to_be_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "days of OLE, records of whole sectors with old bytes behind the frame",
        cameras: 2,
        unit: 1,
        front: b"",
        record: |c| {
            let mut out = b"DLLM".to_vec();
            out.extend((c.frame.len() as u32).to_be_bytes());
            out.extend((c.time as f64 / 86_400e6 + 25_569.0).to_le_bytes());
            out.extend([c.camera, u8::from(c.key), 0, 0]);
            out.resize(512, 0);
            let old = c.frame[c.frame.len() / 2..].iter().cycle();
            let padding = c.frame.len().next_multiple_of(512) - c.frame.len();
            out.extend(c.frame);
            out.extend(old.take(padding));
            out
        },
    },
    Maker {
        name: "records of one size, BCD with hundredths",
        cameras: 4,
        unit: 10,
        front: b"",
        record: |c| {
            let at = parts_of(c.time);
            let bcd = |part: u32| (part / 10 * 16 + part % 10) as u8;
            let mut out = b"SLOT".to_vec();
            out.extend((c.frame.len() as u32).to_le_bytes());
            out.extend([bcd(at[0] % 100), bcd(at[1]), bcd(at[2]), bcd(at[3])]);
            out.extend([bcd(at[4]), bcd(at[5]), bcd(at[6] / 10)]);
            out.extend([c.camera, u8::from(c.key)]);
            out.extend(c.frame);
            out.resize(16384, 0);
            out
        },
    },
    Maker {
        name: "struct tm in words of 32 bits, then milliseconds",
        cameras: 1,
        unit: 1,
        front: b"",
        record: |c| {
            let at = parts_of(c.time);
            let mut out = (c.frame.len() as u32).to_le_bytes().to_vec();
            for part in [
                at[5],
                at[4],
                at[3],
                at[2],
                at[1] - 1,
                at[0] - 1900,
                5,
                70,
                0,
            ] {
                out.extend(part.to_le_bytes());
            }
            out.extend(at[6].to_le_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "seconds since 2000 and milliseconds, camera and kind in one byte",
        cameras: 4,
        unit: 1,
        front: b"",
        record: |c| {
            let mut out = vec![c.camera | if c.key { 0x80 } else { 0 }];
            out.extend(&(c.frame.len() as u32).to_be_bytes()[1..]);
            out.extend((c.seconds() - 946_684_800).to_be_bytes());
            out.extend(((c.time / 1000 % 1000) as u16).to_be_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "17 digits of date and time, the last three milliseconds",
        cameras: 1,
        unit: 1,
        front: b"",
        record: |c| {
            let [year, month, day, hour, minute, second, millis] = parts_of(c.time);
            let text =
                format!("#{year}{month:02}{day:02}{hour:02}{minute:02}{second:02}{millis:03}");
            let mut out = text.into_bytes();
            out.extend((c.frame.len() as u16).to_be_bytes());
            [&out, c.frame].concat()
        },
    },
    Maker {
        name: "seconds and microseconds of a unit that runs evenly, beside its uptime",
        cameras: 1,
        unit: 40,
        front: b"",
        record: |c| {
            let mut out = b"XRLO".to_vec();
            let even = c.time / 40_000 * 40_000;
            out.extend((c.frame.len() as u32).to_le_bytes());
            out.extend(((even / 1_000_000) as u32).to_le_bytes());
            out.extend((0x0212_3456 + (c.time / 1000) as u32 % 10_000_000).to_le_bytes());
            out.extend(((even % 1_000_000) as u32).to_le_bytes());
            [&out, c.frame].concat()
        },
    },
];

/// Frames and all else are read, but a time that is none of the header's is not.
const BEHIND: Maker = Maker {
    name: "time behind the frame",
    cameras: 1,
    unit: 1,
    front: b"",
    record: |c| {
        let mut out = vec![0xf0, 0x0f, u8::from(c.key), 0];
        out.extend((c.count as u16).to_le_bytes());
        out.extend((c.frame.len() as u32).to_le_bytes());
        out.extend(c.frame);
        out.extend(c.seconds().to_le_bytes());
        out.extend(((c.time / 1000 % 1000) as u16).to_le_bytes());
        out.extend([0xee, 0xee]);
        out
    },
};

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Frames with their times in microseconds.
type Truth = Vec<(Vec<u8>, u64)>;

fn recording(maker: &Maker, family: &Family) -> (Vec<u8>, Truth) {
    let mut file = maker.front.to_vec();
    let mut truth = Vec::new();
    // 2010-03-12, a second of the day that is nothing special
    let start = 1_268_352_000_000_000 + 33_137_250_000_u64;
    for count in 0..500_u32 {
        let camera = count % u32::from(maker.cameras);
        let source = &family[camera as usize % family.len()].frames;
        let frame = &source[(count / u32::from(maker.cameras)) as usize % source.len()];
        let time = start
            + u64::from(count / u32::from(maker.cameras)) * 160_000
            + u64::from(camera) * 39_000
            + u64::from(count % 7) * 211;
        file.extend((maker.record)(&Content {
            frame: &frame.bytes,
            key: frame.key,
            camera: camera as u8,
            count,
            time,
        }));
        truth.push((frame.bytes.clone(), time));
    }
    (file, truth)
}

/// Every frame and every time, and nothing is called certain that is not.
#[test]
fn recorders_made_up_by_hand_are_inferred() {
    let families = all_families();
    let mut wrong = Vec::new();
    for maker in &MAKERS {
        let (file, truth) = recording(maker, &families[0]);
        let result = match infer(&file) {
            Ok(inferred) => {
                let shown = read(&file, &inferred.layout);
                let frames = shown.len() == truth.len()
                    && shown.iter().zip(&truth).all(|(a, (b, _))| a.bytes == *b);
                let times = shown.iter().zip(&truth).all(|(shown, (_, time))| {
                    let time = *time as i64 / 1000;
                    shown.timestamp.is_some_and(|at| {
                        let said = at.seconds * 1000 + i64::from(at.millis.unwrap_or(0));
                        (said - time / maker.unit * maker.unit).abs() <= 1
                    })
                });
                assert!(
                    frames && times || inferred.confidence < Confidence::Certain,
                    "{}: certain and wrong",
                    maker.name
                );
                for (_, text) in CHECKSUMS
                    .iter()
                    .filter(|(name, _)| maker.name.starts_with(name))
                {
                    let named = inferred.findings.iter().any(|found| found.text == *text);
                    assert!(named, "{}: {:#?}", maker.name, inferred.findings);
                }
                match (frames, times) {
                    (true, true) => continue,
                    _ => format!(
                        "{} frames of {}, frames {frames}, times {times}\n{}",
                        shown.len(),
                        truth.len(),
                        inferred.to_toml().unwrap()
                    ),
                }
            }
            Err(error) => error.to_string(),
        };
        println!("{}: {result}", maker.name);
        wrong.push(maker.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Pictures that do not move end in bits that are alike in all frames, as headers are; keyframes say by their macroblocks where they end.
#[test]
fn still_pictures_are_read_to_their_ends() {
    let options = ["-c:v", "mpeg4", "-bf", "0", "-g", "12", "-q:v", "6"];
    let Some(stream) = encode(
        "testsrc=size=176x96:rate=25,pad=176:144:0:0:gray",
        240,
        &options,
    ) else {
        eprintln!("SKIPPED: ffmpeg is not installed");
        return;
    };
    let frames = vops(&stream);
    let still = |frame: &&&[u8]| frame.get(frame.len().saturating_sub(2)) == Some(&0xff);
    assert!(frames.iter().filter(still).count() * 2 > frames.len());
    let mut file = Vec::new();
    for (n, frame) in frames.iter().enumerate() {
        file.extend((frame.len() as u32 + 4).to_le_bytes());
        file.extend((1_268_385_137 + n as u32 / 5).to_le_bytes());
        file.extend(*frame);
    }
    let inferred = infer(&file).expect("a layout");
    let shown = read(&file, &inferred.layout);
    assert_eq!(shown.len(), frames.len());
    assert!(
        shown.iter().zip(&frames).all(|(a, b)| a.bytes == *b),
        "{inferred:#?}"
    );
    assert!(
        inferred.confidence > Confidence::Doubtful,
        "{:?}",
        inferred.open
    );
}

/// A camera of which a file has one frame is not taken for a damaged one.
#[test]
fn one_frame_of_a_camera_is_read() {
    let family = &all_families()[0];
    let camera = |n: usize| if n == 77 { 9 } else { 1 + n % 3 };
    let mut file = Vec::new();
    for n in 0..240 {
        let frames = &family[camera(n)].frames;
        let frame = if n == 77 {
            &frames[0]
        } else {
            &frames[n / 3 % frames.len()]
        };
        file.extend((1_268_385_137 + n as u32 / 15).to_le_bytes());
        file.extend([camera(n) as u8, 0x77]);
        file.extend((frame.bytes.len() as u32).to_le_bytes());
        file.extend(&frame.bytes);
    }
    let inferred = infer(&file).expect("a layout");
    let shown = read(&file, &inferred.layout);
    assert_eq!(shown.len(), 240);
    let cameras = shown.iter().map(|frame| usize::from(frame.camera));
    assert!(cameras.eq((0..240).map(camera)), "{inferred:#?}");
}

/// Half a minute of DOS time reads as Unix seconds as well: only who knows a time can tell.
#[test]
fn a_known_time_decides_between_two_readings() {
    let source = &all_families()[0][0].frames;
    let mut file = Vec::new();
    // 2010-03-12 09:12:05 and on
    let stored = |second: u32| (30 << 9 | 3 << 5 | 12) << 16 | 9 << 11 | 12 << 5 | (second / 2);
    for n in 0..200_u32 {
        let frame = &source[n as usize % source.len()].bytes;
        file.extend((frame.len() as u32).to_le_bytes());
        file.extend(stored(5 + n * 160 / 1000).to_le_bytes());
        file.extend([0x91, 0x22, 0x33, 0xd4]);
        file.extend(frame);
    }
    let with = |times: &[i64]| {
        let hints = Hints {
            times: times.to_vec(),
            cameras: Vec::new(),
        };
        infer_files(&[&file], &hints).expect("a layout")
    };
    let form = |inferred: &Inferred| {
        let time = inferred.layout.record.time.expect("a time");
        assert_eq!(time.at, 4);
        format!("{:?}", time.time)
    };
    let alone = with(&[]);
    assert!(alone.confidence < Confidence::Certain, "{alone:?}");
    let named = |text: &String| text.contains("dos at 4") && text.contains("unix32le at 4");
    assert!(alone.open.iter().any(named), "{:?}", alone.open);
    let day = 1_268_352_000;
    assert_eq!(form(&with(&[day + 9 * 3600 + 12 * 60 + 21])), "Dos");
    assert_eq!(form(&with(&[i64::from(stored(21))])), "Unix32le");
}

/// Blocks of the headers of 20 records and their frames, behind a front; and the frames with their times.
fn apart() -> (Vec<u8>, Vec<(Vec<u8>, i64)>) {
    let source = &all_families()[0][0].frames;
    let (mut file, mut truth) = (vec![0x5a; 77], Vec::new());
    for block in 0..15_u32 {
        file.extend([b'B', b'L', b'K', 0]);
        file.extend(20_u32.to_le_bytes());
        let (mut heads, mut bodies) = (Vec::new(), Vec::new());
        for n in block * 20..block * 20 + 20 {
            let frame = &source[n as usize % source.len()];
            heads.extend([0xa7, u8::from(frame.key)]);
            heads.extend((n as u16).to_le_bytes());
            heads.extend((1_268_385_137 + n * 160 / 1000).to_le_bytes());
            heads.extend((frame.bytes.len() as u32).to_le_bytes());
            bodies.extend(&frame.bytes);
            bodies.resize(bodies.len().next_multiple_of(4), 0);
            truth.push((
                frame.bytes.clone(),
                1_268_385_137 + i64::from(n) * 160 / 1000,
            ));
        }
        file.extend(heads);
        file.extend(bodies);
    }
    (file, truth)
}

/// Frames, times and what a reader does after a jump into the frames.
#[test]
fn headers_apart_from_their_frames_are_inferred() {
    let (file, truth) = apart();
    let inferred = infer(&file).expect("a layout");
    assert_eq!(inferred.layout.record.apart, Some(8), "{inferred:#?}");
    assert_eq!((inferred.read, inferred.frames), (300, 300));
    let shown = |file: &[u8]| -> Vec<(Vec<u8>, i64)> {
        let all = read(file, &inferred.layout).into_iter();
        all.map(|frame| (frame.bytes, frame.timestamp.expect("a time").seconds))
            .collect()
    };
    assert!(shown(&file) == truth);
    // a file that begins within a block's frames has those of the next blocks
    let cut = shown(&file[file.len() / 2..]);
    assert_eq!(cut.len() % 20, 0);
    assert!(cut.len() >= 100 && truth.ends_with(&cut), "{}", cut.len());
}

/// What looks like the headers of blocks without end is read in proportion to its bytes: a reader that looked at all of them from each
/// place would take hours. Blocks behind it are found again.
#[test]
fn headers_without_frames_are_passed() {
    let (file, truth) = apart();
    let layout = infer(&file).expect("a layout").layout;
    let blocks = &file[77..];
    let mut header = blocks[8..20].to_vec();
    header[8..].copy_from_slice(&100_u32.to_le_bytes());
    let hostile = [
        file.as_slice(),
        &header.repeat(90_000),
        &[0; 40_000],
        blocks,
    ]
    .concat();
    let (done, all) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(read(&hostile, &layout)));
    let all = all.recv_timeout(std::time::Duration::from_secs(100));
    let all = all.expect("an end");
    assert!(all.len() >= 2 * truth.len() - 20, "{}", all.len());
    assert!(
        all.iter()
            .all(|frame| truth.iter().any(|(bytes, _)| *bytes == frame.bytes))
    );
}

/// Records of bytes that their number makes, the length and the frame.
fn with_bytes(count: u32, bytes: impl Fn(u32, bool) -> Vec<u8>) -> Vec<u8> {
    let source = &all_families()[0][0].frames;
    let mut file = Vec::new();
    for n in 0..count {
        let frame = &source[n as usize % source.len()];
        file.extend(bytes(n, frame.key));
        file.extend((frame.bytes.len() as u32).to_le_bytes());
        file.extend(&frame.bytes);
    }
    file
}

/// The date of the firmware and the time at which the recording began read as times: only in another recording the true one differs.
#[test]
fn a_second_file_decides_between_two_readings() {
    let file = |start: u32| {
        with_bytes(200, |n, _| {
            let mut out = vec![0x20, 0x05, 0x01, 0x10, 0x12, 0x30, 0x00];
            out.extend(start.to_le_bytes());
            out.extend((n * 160 + n % 7).to_le_bytes());
            out
        })
    };
    let (one, other) = (file(1_268_385_137), file(1_268_471_537));
    let at = |inferred: &Inferred| inferred.layout.record.time.map(|time| time.at);
    let alone = infer(&one).expect("a layout");
    assert_eq!(at(&alone), Some(0));
    assert!(alone.confidence < Confidence::Certain);
    let named = |text: &String| {
        ["bcd7 at 0", "a second file"]
            .iter()
            .all(|part| text.contains(part))
    };
    assert!(alone.open.iter().any(named), "{:?}", alone.open);
    let both = infer_files(&[&one, &other], &Hints::default()).expect("a layout");
    assert_eq!(at(&both), Some(7), "{:?}", both.open);
    let shown = read(&other, &both.layout);
    let last = shown
        .last()
        .and_then(|frame| frame.timestamp)
        .expect("a time");
    assert_eq!(last.seconds, 1_268_471_537 + (199 * 160 + 3) / 1000);
}

/// Two columns part the frames, and the order of the frames says nothing: the camera numbers decide.
#[test]
fn known_cameras_decide_between_two_readings() {
    let columns = |n: u32| (1 + n % 4, 5 + n / 4 % 3);
    let file = with_bytes(240, |n, _| {
        let (one, other) = columns(n);
        let mut out = (1_268_385_137 + n).to_le_bytes().to_vec();
        out.extend([one as u8, other as u8, 0x77, 0x3c]);
        out
    });
    let with = |cameras: &[u16]| {
        let hints = Hints {
            times: Vec::new(),
            cameras: cameras.to_vec(),
        };
        let inferred = infer_files(&[&file], &hints).expect("a layout");
        let at = inferred.layout.record.camera.map(|field| field.at);
        (at, inferred)
    };
    let (_, alone) = with(&[]);
    assert!(alone.confidence < Confidence::Certain);
    assert!(
        alone.open.iter().any(|text| text.contains("--cameras")),
        "{:?}",
        alone.open
    );
    for (at, cameras) in [(4, &[1, 2, 3, 4][..]), (5, &[5, 6, 7])] {
        let (found, inferred) = with(cameras);
        let asked = inferred.open.iter().any(|text| text.contains("--cameras"));
        assert!(!asked, "{:?}", inferred.open);
        assert_eq!(found, Some(at), "{:?}", inferred.open);
        let shown = read(&file, &inferred.layout);
        let right = |(n, frame): (usize, &testing::layouts::judge::Shown)| {
            let (one, other) = columns(n as u32);
            u32::from(frame.camera) == if at == 4 { one } else { other }
        };
        assert!(
            shown.len() == 240 && shown.iter().enumerate().all(right),
            "{cameras:?}"
        );
    }
}

#[test]
fn a_time_behind_the_frame_is_not_taken_for_the_next_ones() {
    let families = all_families();
    for front in [&[][..], &[7; 40]] {
        let maker = Maker { front, ..BEHIND };
        let (file, truth) = recording(&maker, &families[0]);
        let inferred = infer(&file).expect("a layout");
        assert_eq!(inferred.confidence, Confidence::Doubtful, "{inferred:#?}");
        let shown = read(&file, &inferred.layout);
        assert_eq!(shown.len(), truth.len());
        assert!(shown.iter().zip(&truth).all(|(a, (b, _))| a.bytes == *b));
    }
}
