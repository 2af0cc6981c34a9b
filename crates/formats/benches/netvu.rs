// SPDX-License-Identifier: MPL-2.0
//! Speed of the NetVu readers: `cargo bench --bench netvu`. Prints what is promised beside what was measured.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]

use testing::netvu_make;

use formats::netvu::{Kind, bytes_to_next_packet, read_all};
use formats::reader::Step;
use netvu_make::{Made, scan, vop};
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

fn main() {
    search();
    frames();
    rebuild();
}
