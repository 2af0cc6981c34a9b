// SPDX-License-Identifier: MPL-2.0
//! Coded frames to put into recordings: made-up MPEG-4 VOPs with true headers always, and what ffmpeg encodes where it is installed.

use crate::mpeg4_tools::{encode, have_ffmpeg, vops};
use bitstream_io::{BigEndian, BitWrite, BitWriter};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::process::Command;

/// What frames are coded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Coding {
    /// MPEG-4 Part 2.
    Mpeg4,
    /// H.264, Annex B.
    H264,
    /// JPEG.
    Jpeg,
}

/// A coded frame.
#[derive(Clone)]
pub struct Coded {
    /// All its bytes.
    pub bytes: Vec<u8>,
    /// It needs no other.
    pub key: bool,
}

/// The frames of one camera, in their order; they begin again after the last.
#[derive(Clone)]
pub struct Source {
    /// The frames.
    pub frames: Vec<Coded>,
    /// What they are.
    pub coding: Coding,
}

/// Cameras whose frames are coded alike, as one recorder's are.
pub type Family = Vec<Source>;

/// Every family that can be made here.
pub fn families() -> Vec<Family> {
    let noise = noise();
    let mut all: Vec<Family> = [
        (5, 30, 4, 12),
        (4, 15, 2, 30),
        (15, 30000, 4004, 8),
        (5, 25, 5, 1),
    ]
    .iter()
    .enumerate()
    .map(|(n, shape)| {
        (0..32)
            .map(|camera| made_up(*shape, (n * 100 + camera) as u64, &noise))
            .collect()
    })
    .collect();
    if have_ffmpeg() {
        all.extend(encoded());
    }
    all
}

fn encoded() -> Vec<Family> {
    let sources = [
        "testsrc2=size=176x144:rate=25",
        "mandelbrot=size=176x144:rate=25",
        "smptebars=size=176x144:rate=25",
        "cellauto=rule=110:seed=7:size=176x144:rate=25",
    ];
    let noisy =
        |source: &str, n: usize| format!("{source},noise=alls=12:allf=t:all_seed={}", n + 1);
    let mpeg4 = |quality: &str, gop: &str, extra: &[&str]| -> Family {
        let streams = sources.iter().enumerate().filter_map(|(n, source)| {
            let options = [
                &["-c:v", "mpeg4", "-bf", "0", "-g", gop, "-q:v", quality],
                extra,
            ]
            .concat();
            encode(&noisy(source, n), 120, &options)
        });
        let frames = |stream: Vec<u8>| -> Vec<Coded> {
            let bare = extra.is_empty();
            let all = if bare {
                vops(&stream)
            } else {
                with_headers(&stream)
            };
            let key = |unit: &[u8]| {
                let at = memchr::memmem::find(unit, &[0, 0, 1, 0xb6]).expect("a VOP");
                unit[at + 4] >> 6 == 0
            };
            all.iter()
                .map(|unit| Coded {
                    bytes: unit.to_vec(),
                    key: key(unit),
                })
                .collect()
        };
        streams
            .map(|stream| Source {
                frames: frames(stream),
                coding: Coding::Mpeg4,
            })
            .collect()
    };
    let mut all = vec![
        mpeg4("12", "12", &[]),
        mpeg4("6", "25", &[]),
        mpeg4("12", "12", &["-flags", "-global_header"]),
    ];
    let other =
        |codec: &[&str], format: &str, coding: Coding, split: fn(&[u8]) -> Vec<Coded>| -> Family {
            let streams = sources
                .iter()
                .enumerate()
                .filter_map(|(n, source)| ffmpeg(&noisy(source, n), codec, format));
            streams
                .map(|stream| Source {
                    frames: split(&stream),
                    coding,
                })
                .collect()
        };
    all.push(other(
        &["-c:v", "mjpeg", "-q:v", "12"],
        "mjpeg",
        Coding::Jpeg,
        split_jpeg,
    ));
    all.push(other(
        &[
            "-c:v",
            "libx264",
            "-profile:v",
            "baseline",
            "-g",
            "15",
            "-crf",
            "30",
            "-x264-params",
            "threads=1:sliced-threads=0:aud=0:sei=0",
        ],
        "h264",
        Coding::H264,
        split_h264,
    ));
    all.retain(|family| !family.is_empty());
    all
}

fn ffmpeg(source: &str, codec: &[&str], format: &str) -> Option<Vec<u8>> {
    let output = Command::new("ffmpeg")
        .args([
            "-hide_banner",
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
            "-pix_fmt",
            "yuvj420p",
            "-frames:v",
            "90",
        ])
        .args(["-flags", "+bitexact"])
        .args(codec)
        .args(["-f", format, "pipe:1"])
        .output()
        .expect("ffmpeg runs");
    if output.status.success() {
        return Some(output.stdout);
    }
    eprintln!(
        "SKIPPED: ffmpeg {codec:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    None
}

/// Access units of an MPEG-4 stream with the headers before them.
fn with_headers(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut front = None;
    for at in memchr::memmem::find_iter(stream, &[0, 0, 1]) {
        match stream.get(at + 3) {
            Some(0xb6) => starts.push(front.take().unwrap_or(at)),
            Some(_) => front = front.or(Some(at)),
            None => {}
        }
    }
    let ends = starts.iter().copied().skip(1).chain([stream.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(from, to)| &stream[*from..to])
        .collect()
}

fn split_jpeg(stream: &[u8]) -> Vec<Coded> {
    let starts: Vec<usize> = memchr::memmem::find_iter(stream, &[0xff, 0xd8, 0xff]).collect();
    let ends = starts.iter().copied().skip(1).chain([stream.len()]);
    let frame = |(from, to): (&usize, usize)| Coded {
        bytes: stream[*from..to].to_vec(),
        key: true,
    };
    starts.iter().zip(ends).map(frame).collect()
}

fn split_h264(stream: &[u8]) -> Vec<Coded> {
    let mut starts: Vec<(usize, bool)> = Vec::new();
    let mut front = None;
    for at in memchr::memmem::find_iter(stream, &[0, 0, 1]) {
        let begin = if at > 0 && stream[at - 1] == 0 {
            at - 1
        } else {
            at
        };
        match stream.get(at + 3).map(|byte| byte & 0x1f) {
            Some(unit @ (1 | 5)) => starts.push((front.take().unwrap_or(begin), unit == 5)),
            _ => front = front.or(Some(begin)),
        }
    }
    let ends = starts
        .iter()
        .map(|(at, _)| *at)
        .skip(1)
        .chain([stream.len()]);
    let frame = |((from, key), to): (&(usize, bool), usize)| Coded {
        bytes: stream[*from..to].to_vec(),
        key: *key,
    };
    starts.iter().zip(ends).map(frame).collect()
}

/// Bytes of 1 to 255, from which every frame takes a part of its own: drawing each byte anew would take most of the tests' time.
fn noise() -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(1);
    (0..1 << 18).map(|_| random.random_range(1..=255)).collect()
}

/// Frames with headers as an encoder writes them, and noise for macroblocks.
fn made_up((bits, resolution, step, gop): (u32, u32, u32, u32), seed: u64, noise: &[u8]) -> Source {
    let mut random = StdRng::seed_from_u64(seed);
    let usual = random.random_range(150..900_usize);
    let mut second = 0;
    let frames = (0..240_u32).map(|n| {
        let time = n * step;
        let key = n % gop == 0;
        let size = if key { usual * 4 } else { usual / 2 } + random.random_range(0..usual);
        let passed = time / resolution - second;
        second = time / resolution;
        let mut to = BitWriter::endian(Vec::new(), BigEndian);
        to.write_var::<u32>(2, u32::from(!key)).unwrap();
        (0..passed).for_each(|_| to.write_bit(true).unwrap());
        to.write_var::<u32>(2, 0b01).unwrap();
        to.write_var::<u32>(bits, time % resolution).unwrap();
        to.write_var::<u32>(2, 0b11).unwrap();
        if !key {
            to.write_bit(n % 2 == 1).unwrap();
        }
        to.write_var::<u32>(3, 0).unwrap();
        to.write_var::<u32>(5, random.random_range(4..13)).unwrap();
        if !key {
            to.write_var::<u32>(3, 3).unwrap();
        }
        let from = random.random_range(0..noise.len() - size);
        to.write_bytes(&noise[from..from + size]).unwrap();
        let rest = random.random_range(0..8_u32);
        // no code ends with that many zeros: of 2400 frames that ffmpeg encoded, none ended with a byte 0
        let last = random.random_range(u32::from(rest > 0)..1 << rest);
        to.write_var::<u32>(rest, last).unwrap();
        to.write_bit(false).unwrap();
        while !to.byte_aligned() {
            to.write_bit(true).unwrap();
        }
        let mut bytes = to.into_writer();
        // no start code by accident
        let zeros: Vec<usize> = memchr::memmem::find_iter(&bytes, &[0, 0]).collect();
        for at in zeros {
            if let Some(byte @ 0..=1) = bytes.get_mut(at + 2) {
                *byte = 0x55;
            }
        }
        bytes.splice(0..0, [0, 0, 1, 0xb6]);
        Coded { bytes, key }
    });
    Source {
        frames: frames.collect(),
        coding: Coding::Mpeg4,
    }
}
