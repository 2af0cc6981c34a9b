// SPDX-License-Identifier: MPL-2.0
//! Speed of the NetVu readers: `cargo bench --bench netvu`. Prints what is promised beside what was measured.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]

use testing::netvu_make;

use formats::netvu::{Kind, bytes_to_next_packet};
use formats::reader::Step;
use netvu_make::{Made, packet, part, read_all, scan, vop};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The shortest of five runs.
fn best(mut run: impl FnMut()) -> Duration {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

fn search() {
    // Bytes of coded pictures, with start codes now and then, and no packet in them.
    let mut data = scan(200 << 20, 11);
    for at in (0..data.len() - 4).step_by(20_000) {
        data[at..at + 4].copy_from_slice(&[0, 0, 1, 0xb6]);
        data[at + 9_000..at + 9_004].copy_from_slice(&[0xff, 0xd8, 0xff, 0xe0]);
    }
    let time = best(|| {
        assert_eq!(
            black_box(bytes_to_next_packet(black_box(&data))),
            data.len()
        )
    });
    let rate = data.len() as f64 / time.as_secs_f64() / 1e9;
    println!("search for lost framing: {rate:.2} GB/s (promised: 1)");
}

fn frames() {
    let packets: Vec<Vec<u8>> = (0..200)
        .map(|number| {
            Made {
                payload: vop(number % 50 == 0, 500, number),
                unix_ms: 1_700_000_000_000 + number * 40,
                text: format!(
                    "Site-Id: BENCH\r\nActmask:0x0000,0x0000,0x0000,0x0000\nFrameNum: {number:08}\r\n"
                )
                .into_bytes(),
                ..Made::default()
            }
            .packet()
        })
        .collect();
    let data = packets.concat().repeat(1000);
    let mut count = 0u32;
    let time = best(|| {
        count = 0;
        let end = read_all(Kind::Binary, &data, 0, |_, _, step| {
            count += u32::from(matches!(step, Step::Packet(_)));
        });
        assert_eq!(end, Some(data.len()));
    });
    let rate = f64::from(count) / time.as_secs_f64() / 1e6;
    println!("MPEG-4 pictures with facts: {rate:.2} million/s");
}

/// Microseconds for a picture of 20 kB, read and copied out.
fn copied(format: i32, payload: Vec<u8>) -> f64 {
    let made = Made {
        format,
        payload,
        ..Made::default()
    };
    let data = made.packet().repeat(5000);
    let mut out = Vec::with_capacity(1 << 16);
    let time = best(|| {
        read_all(Kind::Binary, &data, 0, |_, window, step| {
            if let Step::Packet(packet) = step {
                out.clear();
                packet.payload.append_to(window, &mut out);
                black_box(&out);
            }
        });
    });
    time.as_secs_f64() * 200.0
}

fn rebuild() {
    let plain = copied(3, vop(true, 20_000, 3));
    let rebuilt = copied(1, scan(20_000, 3));
    let more = (rebuilt / plain - 1.0) * 100.0;
    println!(
        "pictures of 20 kB, read and copied: {plain:.2} us as they stand, {rebuilt:.2} us as rebuilt JPEG: {more:+.0} % (promised: 10)"
    );
}

/// Bytes of hostile files, and a multiple of them that must take that much longer.
const HOSTILE: [usize; 2] = [1 << 20, 8 << 20];

/// Files full of what records begin with: the time for each byte must not grow with the file.
fn hostile() {
    let endless = |made: Made, size: u32| {
        let mut record = made.record();
        record[20..24].copy_from_slice(&size.to_be_bytes());
        record
    };
    let picture = Made {
        payload: vop(true, 40, 3),
        ..Made::default()
    };
    let jpeg = Made {
        format: 1,
        payload: scan(40, 3),
        ..Made::default()
    };
    let mut open_jpeg = jpeg.record();
    open_jpeg.extend([0, 0xff, 0xd8]);
    let huge = packet(
        6,
        0,
        &[
            &[0x49, 0x30, 4, 0x55, 0, 0, 0, 0, 1, 0xb6, 0x10][..],
            &[7; 40],
        ]
        .concat(),
    );
    let mut huge_minimal = huge.clone();
    huge_minimal[2..6].copy_from_slice(&0x00ff_ffffu32.to_be_bytes());
    let mut huge_part = part("image/admp4", b"x");
    huge_part.truncate(huge_part.len() - 1);
    let text = String::from_utf8(huge_part)
        .unwrap()
        .replace("000001", "16777216");
    let cases: [(&str, Vec<u8>); 12] = [
        ("zeros", vec![0]),
        ("start codes", vec![0, 0, 1, 0xb6]),
        ("magic words", vec![0xde, 0xca, 0xde, 0x11]),
        ("audio magic words", vec![0, 0xab, 0xcd, 0xef]),
        ("boundaries", b"\n--0plm(".to_vec()),
        ("parts that claim 16 MiB", text.into_bytes()),
        ("message magic words", vec![0xfa, 0xce, 0xd0, 0xff]),
        ("headers that claim 16 MiB", endless(picture, 16 << 20)),
        ("JPEG headers that claim 1 MiB", endless(jpeg, 1 << 20)),
        ("JPEG files without an end", open_jpeg),
        ("minimal packets that claim 16 MiB", huge_minimal),
        ("separators of opaque packets", vec![5, 0, 0, 0, 0, 1, 7]),
    ];
    for (name, piece) in cases {
        let mut slowest = [f64::MAX; HOSTILE.len()];
        let mut slowest_kind = Kind::Binary;
        for kind in [
            Kind::Binary,
            Kind::Mime,
            Kind::Raw,
            Kind::Sprite,
            Kind::Partition,
        ] {
            for (bytes, slowest) in HOSTILE.iter().zip(&mut slowest) {
                let data = piece.repeat(bytes / piece.len());
                let start = Instant::now();
                black_box(read_all(kind, &data, 64 << 10, |_, _, _| ()));
                let rate = data.len() as f64 / start.elapsed().as_secs_f64() / 1e6;
                if rate < *slowest {
                    *slowest = rate;
                    slowest_kind = kind;
                }
            }
        }
        println!(
            "{name}: at least {:.0} MB/s in 1 MiB, {:.0} in 8 MiB (slowest: {slowest_kind:?})",
            slowest[0], slowest[1]
        );
    }
}

/// Many cameras in a small file.
fn cameras() {
    let packets: Vec<Vec<u8>> = (0..8000u64)
        .map(|number| {
            Made {
                camera: 1 + (number % 4000) as i32,
                payload: vop(true, 60, number),
                ..Made::default()
            }
            .packet()
        })
        .collect();
    let data = packets.concat();
    let time = best(|| {
        black_box(read_all(Kind::Binary, &data, 0, |_, _, _| ()));
    });
    println!(
        "4,000 cameras in {} bytes: {:.1} ms",
        data.len(),
        time.as_secs_f64() * 1e3
    );
}

fn main() {
    search();
    frames();
    rebuild();
    cameras();
    hostile();
}
