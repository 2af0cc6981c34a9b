// SPDX-License-Identifier: MPL-2.0
//! Pictures to put into files: encoded ones where ffmpeg is there, and made-up ones with true headers.

use super::random::Random;
use crate::mpeg4_tools::{encode, have_ffmpeg, vops};
use bitstream_io::{BigEndian, BitWrite, BitWriter};

/// A picture.
pub struct Picture {
    /// From its start code on.
    pub bytes: Vec<u8>,
    /// An I picture.
    pub key: bool,
}

/// The pictures of one camera.
pub struct Pool {
    /// In their order.
    pub pictures: Vec<Picture>,
    /// Cameras of a recorder are of one family: coded with the same time resolution and rate.
    pub family: usize,
}

/// Bits of the increment, resolution and step of made-up pictures.
const FAMILIES: [(u32, u32, u32); 5] = [
    (5, 30, 4),
    (4, 15, 2),
    (15, 30000, 4004),
    (5, 25, 5),
    (5, 25, 2),
];
/// The family of which all pictures are keyframes.
const INTRA: usize = 4;
/// Cameras of a family.
const CAMERAS: usize = 8;

impl Pool {
    /// All pools, in families: made-up ones always, encoded ones where ffmpeg is installed.
    pub fn all() -> Vec<Vec<Pool>> {
        let made_up = |family: usize| {
            (0..CAMERAS)
                .map(|camera| Pool::made_up(family, camera as u64))
                .collect()
        };
        let mut families: Vec<Vec<Pool>> = (0..FAMILIES.len()).map(made_up).collect();
        if have_ffmpeg() {
            // a camera's picture is never still
            let sources = [
                "testsrc2",
                "testsrc",
                "mandelbrot",
                "smptebars",
                "cellauto=rule=110",
                "life=mold=10",
                "cellauto=rule=30",
                "yuvtestsrc",
            ];
            for (n, rate) in ["25", "30000/1001", "5", "30"].iter().enumerate() {
                let family = sources.iter().filter_map(|source| {
                    let joint = if source.contains('=') { ':' } else { '=' };
                    let source = format!(
                        "{source}{joint}size=176x144:rate={rate},noise=alls=14:allf=t:all_seed=1"
                    );
                    let options = [
                        "-c:v",
                        "mpeg4",
                        "-bf",
                        "0",
                        "-g",
                        ["12", "15", "30"][n % 3],
                        "-q:v",
                        ["10", "16"][n % 2],
                    ];
                    encode(&source, 180, &options)
                        .map(|stream| Pool::of(&stream, FAMILIES.len() + n))
                });
                families.push(family.collect());
            }
        }
        families
    }

    fn of(stream: &[u8], family: usize) -> Pool {
        let pictures = vops(stream);
        let pictures = pictures.iter().map(|vop| Picture {
            bytes: vop.to_vec(),
            key: vop[4] >> 6 == 0,
        });
        Pool {
            pictures: pictures.collect(),
            family,
        }
    }

    /// Headers as an encoder writes them, and noise.
    fn made_up(family: usize, camera: u64) -> Pool {
        let mut random = Random::new(1000 + family as u64 * 100 + camera);
        let (bits, resolution, step) = FAMILIES[family];
        let gop = match family {
            INTRA => 1,
            _ => random.spread(6, 40),
        };
        let usual = random.spread(150, 900);
        let (mut time, mut second) = (0u32, 0);
        let pictures = (0..240)
            .map(|n| {
                let key = n % gop == 0;
                let size = if key {
                    usual * 4 + random.below(usual)
                } else {
                    usual / 2 + random.below(usual)
                };
                let passed = time / resolution - second;
                second = time / resolution;
                let bytes = made_up_vop(
                    &mut random,
                    key,
                    (bits, time % resolution, passed),
                    size,
                    n % 2 == 1,
                );
                time += step;
                Picture { bytes, key }
            })
            .collect();
        Pool { pictures, family }
    }
}

fn made_up_vop(
    random: &mut Random,
    key: bool,
    (bits, increment, seconds): (u32, u32, u32),
    size: usize,
    rounding: bool,
) -> Vec<u8> {
    let mut to = BitWriter::endian(Vec::new(), BigEndian);
    to.write_var::<u32>(2, u32::from(!key)).unwrap();
    for _ in 0..seconds {
        to.write_bit(true).unwrap();
    }
    to.write_var::<u32>(2, 0b01).unwrap();
    to.write_var::<u32>(bits, increment).unwrap();
    to.write_var::<u32>(2, 0b11).unwrap();
    if !key {
        to.write_bit(rounding).unwrap();
    }
    to.write_var::<u32>(3, 0).unwrap();
    to.write_var::<u32>(5, 4 + random.below(9) as u32).unwrap();
    if !key {
        to.write_var::<u32>(3, 3).unwrap();
    }
    for _ in 0..size {
        // never two zero bytes in a row, as in a true stream they are rare
        to.write_var::<u32>(8, 1 + random.below(255) as u32)
            .unwrap();
    }
    let fill = random.below(8) as u32;
    to.write_var::<u32>(fill, random.below(1 << fill) as u32)
        .unwrap();
    to.write_bit(false).unwrap();
    while !to.byte_aligned() {
        to.write_bit(true).unwrap();
    }
    let body = to.into_writer();
    let mut bytes = vec![0, 0, 1, 0xb6];
    let mut zeros = 0;
    for byte in body {
        // no start code by accident
        let byte = if zeros >= 2 && byte <= 1 { 0x55 } else { byte };
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        bytes.push(byte);
    }
    bytes
}
