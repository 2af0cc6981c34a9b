// SPDX-License-Identifier: MPL-2.0
//! What is explained of a file agrees with a second reading of its bytes, which was written from the layout's table alone.

use formats::{
    exp::{explain, layout::Layout, native::NativeReader},
    fields::{Explained, Status},
    reader::{Codec, Packet, Reader, Step, Window},
};
use testing::exp_bytes::{self, u16_at, u32_at, u64_at};
use testing::make::{Exp, START, tiny};

/// Two cameras and audio.
fn recording() -> Vec<u8> {
    let mut exp = Exp::of(&[(1, 64, 48, "Front door"), (7, 64, 48, "Tür")]);
    for (n, frame) in tiny().iter().enumerate() {
        let ms = START + 100 * n as i64;
        exp.camera(
            if n % 3 == 0 { 7 } else { 1 },
            ms,
            Default::default(),
            frame,
        );
        exp.audio(1, ms, Codec::MuLaw, 8000, &[n as u8; 801]);
    }
    exp.finish().bytes
}

fn value<'a>(rows: &'a [Explained], name: &str) -> &'a str {
    let found = rows.iter().find(|row| row.name == name);
    &found.unwrap_or_else(|| panic!("{name} in {rows:#?}")).value
}

/// The number that a value begins with.
fn number(rows: &[Explained], name: &str) -> u64 {
    let value = value(rows, name);
    let digits = value.split(' ').next().unwrap();
    digits.parse().unwrap_or_else(|_| panic!("{name}: {value}"))
}

/// Rows do not overlap and end within `size`; how many bytes are in none of them.
fn unexplained(rows: &[Explained], size: usize) -> usize {
    let mut rows: Vec<_> = rows.iter().filter(|row| row.length > 0).collect();
    rows.sort_by_key(|row| row.at);
    let mut end = 0;
    for row in &rows {
        assert!(row.at >= end, "{row:?} overlaps, in {rows:#?}");
        end = row.at + row.length;
    }
    assert!(end <= size);
    size - rows.iter().map(|row| row.length).sum::<usize>()
}

fn packet_at(data: &[u8]) -> Packet {
    let mut reader = NativeReader::new(Layout::reference().clone());
    let window = Window {
        offset: 0,
        data,
        last: true,
        unread: None,
    };
    match reader.next(&window) {
        Step::Packet(packet) => packet,
        step => panic!("{step:?}"),
    }
}

#[test]
fn records_are_explained_as_they_are() {
    let bytes = recording();
    let file = exp_bytes::read(bytes.clone());
    let layout = Layout::reference();
    let mut reader = NativeReader::new(layout.clone());
    let mut at = 0;
    let mut seen = 0;
    while at < file.end {
        let window = Window {
            offset: at as u64,
            data: &bytes[at..],
            last: true,
            unread: None,
        };
        let packet = match reader.next(&window) {
            Step::Skip(skipped) => {
                at += skipped as usize;
                continue;
            }
            Step::Packet(packet) => packet,
            step => panic!("{step:?}"),
        };
        let record = &file.records[seen];
        assert_eq!((record.at, record.size), (at as u64, packet.size));
        let data = &bytes[at..at + packet.size];
        let rows = explain::record(layout, &packet, data, 0);
        let audio = record.kind == 1;
        assert_eq!(number(&rows, "record size"), record.size as u64);
        assert_eq!(number(&rows, "recorder time"), record.ms / 1000);
        assert_eq!(number(&rows, "milliseconds"), record.ms % 1000);
        assert_eq!(number(&rows, "sequence number"), u64::from(record.sequence));
        assert_eq!(number(&rows, "kind"), u64::from(record.kind));
        assert_eq!(number(&rows, "payload size"), record.payload.len() as u64);
        let crc = format!("{:08x}, ok", crc32fast::hash(&record.payload));
        assert_eq!(value(&rows, "CRC-32 of payload"), crc);
        let known = |name: &str| rows.iter().find(|row| row.name == name).unwrap().status;
        if audio {
            assert_eq!(number(&rows, "channel"), u64::from(record.camera));
            assert_eq!(number(&rows, "audio codec"), u64::from(record.mode));
            assert_eq!(number(&rows, "sample rate"), u64::from(record.format));
            assert_eq!(value(&rows, "sample rate"), "0 8000 Hz");
            assert_eq!(known("recorder time"), Status::Assumed);
        } else {
            assert_eq!(number(&rows, "camera"), u64::from(record.camera));
            assert_eq!(number(&rows, "recording mode"), u64::from(record.mode));
            assert_eq!(number(&rows, "video format"), u64::from(record.format));
            assert_eq!(known("recorder time"), Status::Verified);
            assert_eq!(known("camera"), Status::Assumed);
        }
        // the prefix of keyframes is unknown
        let unknown = if record.kind == 6 { 64 } else { 0 };
        assert_eq!(unexplained(&rows, data.len()), unknown, "{rows:#?}");
        at += packet.size;
        seen += 1;
    }
    assert_eq!(seen, file.records.len());
    assert!(seen > 90);
}

#[test]
fn a_changed_payload_does_not_match_its_checksum() {
    let bytes = recording();
    let record = &exp_bytes::read(bytes.clone()).records[2];
    let at = record.at as usize;
    let mut data = bytes[at..at + record.size].to_vec();
    data[30] ^= 1;
    let rows = explain::record(Layout::reference(), &packet_at(&data), &data, 0);
    let reported = value(&rows, "CRC-32 of payload");
    assert!(
        reported.contains("mismatch: the payload has "),
        "{reported}"
    );
}

#[test]
fn the_file_header_and_the_index_are_explained_as_they_are() {
    let bytes = recording();
    let file = exp_bytes::read(bytes.clone());
    let size = u32_at(&bytes, 8) as usize;
    let rows = explain::file_header(&bytes, size);
    assert_eq!(unexplained(&rows, size), 0);
    assert!(rows.iter().all(|row| row.status == Status::Assumed));
    for (name, reported) in [
        ("version", u64::from(u16_at(&bytes, 6))),
        ("header size", size as u64),
        ("first record", u64::from(u32_at(&bytes, 68))),
        ("last record", u64::from(u32_at(&bytes, 72))),
        ("records", u64::from(u32_at(&bytes, 76))),
        ("index offset", u64_at(&bytes, 80)),
        ("video standard", u64::from(bytes[88])),
        ("cameras", u64::from(bytes[89])),
        ("width", u64::from(u16_at(&bytes, 92))),
        ("camera 2: number", u64::from(bytes[128 + 48])),
        ("camera 2: height", u64::from(u16_at(&bytes, 128 + 48 + 4))),
    ] {
        assert_eq!(number(&rows, name), reported, "{name}");
    }
    assert_eq!(value(&rows, "camera 2: title"), "\"Tür\"");
    let crc = value(&rows, "CRC-32 of 0..120");
    assert_eq!(crc, format!("{:08x}, ok", u32_at(&bytes, 124)));

    let begin = file.end as u64;
    let count = file.records.len() as u64;
    // every byte of the index is in one part, and every part is the one of its bytes
    let mut at = begin;
    while let Some((range, name, table)) = explain::index_part(begin, count, at) {
        assert_eq!(range.start, at, "{name}");
        let last = range.end - 1;
        let again = explain::index_part(begin, count, last).unwrap();
        assert_eq!(again.0, range);
        let part = &bytes[range.start as usize..range.end as usize];
        let rows = table.explain(part, 0);
        assert_eq!(unexplained(&rows, part.len()), 0);
        if let Some(number_of) = name.strip_prefix("entry ") {
            let n: usize = number_of.split(' ').next().unwrap().parse().unwrap();
            let record = &file.records[n];
            assert_eq!(number(&rows, "record offset"), record.at);
            assert_eq!(number(&rows, "recorder time"), record.ms / 1000);
            assert_eq!(number(&rows, "milliseconds"), record.ms % 1000);
            assert_eq!(number(&rows, "camera"), u64::from(record.camera));
            assert_eq!(number(&rows, "kind"), u64::from(record.kind));
        }
        at = range.end;
    }
    assert_eq!(at, bytes.len() as u64);
    assert!(explain::index_part(begin, count, begin - 1).is_none());
}

#[test]
fn avi_headers_are_explained_up_to_the_frames() {
    let mut avi = testing::plv1::Avi::new(352, 240);
    avi.picture(START as u32, &tiny()[0], 88);
    let bytes = avi.finish();
    let (size, rows) = explain::avi_headers(&bytes).unwrap();
    assert_eq!(unexplained(&rows, size), 0, "{rows:#?}");
    assert_eq!(&bytes[size - 4..size], b"movi");
    assert_eq!(number(&rows, "picture width"), 352);
    assert_eq!(number(&rows, "rate divisor"), 1001);
    assert_eq!(value(&rows, "codec"), "\"PLV1\"");
    assert!(explain::avi_headers(&bytes[1..]).is_none());
    // a header that is cut off is explained as far as it goes
    for end in 0..size {
        if let Some((at, rows)) = explain::avi_headers(&bytes[..end]) {
            assert!(at <= end);
            unexplained(&rows, end);
        }
    }
}
