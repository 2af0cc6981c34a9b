// SPDX-License-Identifier: MPL-2.0
//! Partitions whose index is unknown: every frame is found again by its header, and nothing else is taken for one.
//!
//! The partitions are put together as no real one is public: a front of random bytes, records of all kinds in both byte
//! orders, with random gaps or padding to blocks between them.

use testing::netvu_make;

use formats::netvu::{Kind, probe};
use formats::reader::{Codec, Step};
use netvu_make::{Made, audio, little, read_all, scan, vop};
use proptest::prelude::*;

/// Random bytes that always come out the same.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> usize {
        (self.next() % limit) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 24) as u8).collect()
    }
}

/// A record and what must come back of it.
struct Record {
    bytes: Vec<u8>,
    codec: Codec,
    camera: u16,
    unix_ms: i64,
}

fn whole_jpeg(seed: u64) -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16];
    jpeg.extend(b"JFIF\0\x01\x02\x02\0\x32\0\x19\0\0");
    jpeg.extend([0xff, 0xc0, 0, 11, 8, 1, 0, 2, 0xc0, 1, 1, 0x11, 0]);
    jpeg.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    jpeg.extend(scan(700, seed));
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

fn record(number: u64, random: &mut Random) -> Record {
    let unix_ms = 1_700_000_000_000 + number * 40;
    let camera = 1 + (number % 4) as u16;
    if number % 7 == 6 {
        // a block of 124 bytes is 30 ms long and its time is that of its end
        return Record {
            bytes: audio(unix_ms, 124),
            codec: Codec::PcmS16le,
            camera: 2,
            unix_ms: unix_ms as i64 - 30,
        };
    }
    let size = 200 + random.below(5000);
    let (format, payload, codec) = match number % 7 {
        0 => (0, scan(size, number), Codec::Jpeg),
        1 => (1, scan(size, number), Codec::Jpeg),
        2 => (1, whole_jpeg(number), Codec::Jpeg),
        3 => (3, vop(true, size, number), Codec::Mpeg4),
        4 => (2, vop(false, size, number), Codec::Mpeg4),
        _ => {
            let mut unit = vec![0, 0, 0, 1, 0x65, 0x88];
            unit.extend(scan(size, number));
            (6, unit, Codec::H264)
        }
    };
    let made = Made {
        camera: i32::from(camera) + if codec == Codec::H264 { 8 } else { 0 },
        format,
        unix_ms,
        payload,
        ..Made::default()
    };
    Record {
        camera: made.camera as u16,
        bytes: made.record(),
        codec,
        unix_ms: unix_ms as i64,
    }
}

/// A partition, its records and their offsets.
fn partition(seed: u64, count: u64, blocks: bool) -> (Vec<u8>, Vec<(u64, Record)>) {
    let mut random = Random(seed | 1);
    let mut data = b"PAR\0".to_vec();
    data.extend(random.bytes(4096));
    let mut records = Vec::new();
    for number in 0..count {
        let record = record(number, &mut random);
        if blocks {
            data.resize(data.len().next_multiple_of(512), 0);
        } else if random.below(3) == 0 {
            let gap = random.below(3000);
            data.extend(random.bytes(gap));
        }
        let at = data.len() as u64;
        let audio = record.codec == Codec::PcmS16le;
        let mut bytes = if number % 2 == 1 {
            little(&record.bytes)
        } else {
            record.bytes.clone()
        };
        if audio && number % 3 == 0 {
            // the pointer that the recorder's memory has behind the header
            let block = bytes.split_off(28);
            bytes.extend([0x40, 0x5c, 0xf1, 0xb7]);
            bytes.extend(block);
        }
        data.extend(&bytes);
        records.push((at, record));
    }
    data.extend(random.bytes(2000));
    (data, records)
}

fn check(data: &[u8], records: &[(u64, Record)], grow: usize) {
    let mut found = Vec::new();
    let end = read_all(
        Kind::Partition,
        data,
        grow,
        |offset, window, step| match step {
            Step::Packet(packet) => {
                found.push((offset, packet.clone(), packet.payload.to_vec(window)))
            }
            Step::Skip(_) | Step::Need(_) | Step::End => {}
            other => panic!("at {offset}: {other:?}"),
        },
    );
    assert!(end.is_some());
    let offsets: Vec<u64> = found.iter().map(|(offset, ..)| *offset).collect();
    let wanted: Vec<u64> = records.iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, wanted, "every record, and nothing else");
    for ((_, packet, made), (_, record)) in found.iter().zip(records) {
        assert_eq!(packet.stream.codec, record.codec);
        assert_eq!(packet.stream.camera, record.camera);
        assert_eq!(packet.timestamp.unwrap().unix_ms(), record.unix_ms);
        match record.codec {
            Codec::PcmS16le => assert_eq!(made.len(), 480),
            Codec::Jpeg => {
                assert!(made.starts_with(&[0xff, 0xd8]) && made.ends_with(&[0xff, 0xd9]))
            }
            _ => assert!(record.bytes.ends_with(made)),
        }
    }
}

#[test]
fn all_frames_come_back_and_no_false_one() {
    for (seed, blocks) in [(1, false), (2, true), (3, false), (4, true)] {
        let (data, records) = partition(seed, 200, blocks);
        assert_eq!(probe(&data), Some((Kind::Partition, 100)));
        check(&data, &records, 0);
        check(&data, &records, 65_536);
        check(&data, &records, 777);
    }
}

#[test]
fn windows_that_grow_by_one_byte_give_the_same() {
    let (data, records) = partition(5, 12, false);
    check(&data, &records, 1);
}

#[test]
fn a_front_without_a_frame_is_likely_but_not_certain() {
    let mut data = b"PAR\0".to_vec();
    data.extend(Random(9).bytes(4096));
    assert_eq!(probe(&data), Some((Kind::Partition, 80)));
}

#[test]
fn a_parchive_look_alike_with_frames_is_a_partition() {
    let mut data = b"PAR\0\0\0\0\0\0\0\x01\0".to_vec();
    data.resize(4096, 0);
    assert_eq!(probe(&data), None);
    data.extend(Made::default().record());
    assert_eq!(probe(&data), Some((Kind::Partition, 100)));
}

#[test]
fn a_byte_before_a_header_does_not_make_another_one() {
    for (before, title) in [(0x10u8, "Yard"), (0x11, "")] {
        let made = Made {
            title,
            ..Made::default()
        };
        let mut data = b"PAR\0".to_vec();
        data.resize(600, before);
        data.extend(made.record());
        for grow in [0, 1] {
            let mut offsets = Vec::new();
            read_all(Kind::Partition, &data, grow, |offset, _, step| {
                if let Step::Packet(packet) = step {
                    offsets.push((offset, packet.stream.codec));
                }
            });
            assert_eq!(offsets, [(600, Codec::Mpeg4)], "{before:x}, by {grow}");
        }
    }
}

#[test]
fn whole_jpeg_files_behind_a_text_of_another_length() {
    // As a program writes it that keeps the text's own NUL and does not count it, and stores a JPEG file longer than the
    // header says.
    let made = Made {
        format: 1,
        text: b"Site-Id: X\r\n".to_vec(),
        payload: whole_jpeg(1),
        ..Made::default()
    };
    let mut record = made.record();
    record.insert(168 + 12, 0);
    record[20..24].copy_from_slice(&300u32.to_be_bytes());
    let mut data = b"PAR\0".to_vec();
    data.extend([0x11; 2048]);
    data.extend(&record);
    data.extend(Made::default().record());
    let mut found = Vec::new();
    read_all(Kind::Partition, &data, 0, |_, window, step| {
        if let Step::Packet(packet) = step {
            found.push(packet.payload.to_vec(window));
        }
    });
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], whole_jpeg(1));
}

#[test]
fn a_raw_stream_is_read_and_its_damage_reported() {
    let jpeg = |number| Made {
        format: 1,
        unix_ms: 1_700_000_000_000 + number * 40,
        payload: scan(300 + number as usize, number),
        ..Made::default()
    };
    let mut records: Vec<Vec<u8>> = (1..6).map(|number| jpeg(number).record()).collect();
    assert_eq!(probe(&records.concat()), Some((Kind::Raw, 90)));
    records[2][1] = 0;
    let data = records.concat();
    let (mut pictures, mut damaged) = (0, 0);
    read_all(Kind::Raw, &data, 100, |_, _, step| match step {
        Step::Packet(_) => pictures += 1,
        Step::Damaged(damage) => damaged += damage.length,
        _ => {}
    });
    assert_eq!((pictures, damaged), (4, records[2].len()));
}

#[test]
fn a_frame_that_the_file_ends_in_is_left_out() {
    let (data, records) = partition(6, 20, true);
    let last = records.last().unwrap().0 as usize;
    check(&data[..last + 200], &records[..19], 0);
    check(&data[..last + 100], &records[..19], 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_partition_comes_back(seed: u64, count in 1u64..60, blocks: bool, grow in 0usize..5000) {
        let (data, records) = partition(seed, count, blocks);
        check(&data, &records, if grow < 100 { 0 } else { grow });
    }
}
