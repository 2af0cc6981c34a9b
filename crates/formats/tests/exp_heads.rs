// SPDX-License-Identifier: MPL-2.0
//! Readers that are shown the heads of pictures alone ([`Window::unread`]) tell the same pictures as those that are shown all.

use formats::{
    exp::probe::{self, Probe},
    reader::{Codec, Packet, Reader, Step, Window},
};
use testing::make::{Exp, Made, START, h264, mpeg4, pictures};

/// Bytes that are shown first.
const HEAD: usize = 1024;

fn open(data: &[u8]) -> Box<dyn Reader> {
    let window = Window {
        offset: 0,
        data,
        last: true,
        unread: 0,
    };
    match probe::probe(&window) {
        Probe::Is { family, .. } => probe::open(family).unwrap(),
        other => panic!("not recognised: {other:?}"),
    }
}

/// All that is said of a file: packets with their offsets, and the bytes that prove nothing. And how many bytes were shown.
fn read(data: &[u8], heads: bool) -> (Vec<String>, usize) {
    let mut reader = open(data);
    let (mut at, mut want, mut shown, mut told) = (0, HEAD, 0, Vec::new());
    let mut damaged = 0..0;
    loop {
        let end = match heads {
            true => data.len().min(at + want),
            false => data.len(),
        };
        let window = Window {
            offset: at as u64,
            data: &data[at..end],
            last: end == data.len(),
            unread: (data.len() - end) as u64,
        };
        match reader.next(&window) {
            Step::Need(bytes) => {
                assert!(bytes > window.data.len() && !window.last);
                want = bytes;
                continue;
            }
            Step::Skip(bytes) => at = data.len().min(at + bytes as usize),
            Step::Packet(packet) => {
                shown += window.data.len().min(packet.size);
                told.push(line(&packet, at));
                at += packet.size;
                assert!(at <= data.len());
            }
            Step::Damaged(damage) => {
                if damaged.end != at {
                    damaged.start = at;
                    told.push(format!("damage from {at}"));
                }
                at += damage.length;
                damaged.end = at;
            }
            Step::Cut(bytes) => {
                told.push(format!("{bytes} bytes of a record at {at}"));
                break;
            }
            Step::End => break,
        }
        want = HEAD;
    }
    told.extend(reader.take_warnings());
    (told, shown)
}

fn line(packet: &Packet, at: usize) -> String {
    let Packet {
        stream,
        size,
        key,
        crc,
        timestamp,
        slot,
        sequence,
        width,
        height,
        mode,
        ..
    } = packet;
    format!(
        "{at}: {stream:?} {size} {} {key} {crc:?} {timestamp:?} {slot:?} {sequence:?} {width}x{height} {mode:?}",
        packet.payload.len()
    )
}

/// Large pictures of two codecs, and sound between them.
fn recording() -> Made {
    let mut exp = Exp::of(&[(1, 352, 240, "Front door"), (2, 352, 240, "Gate")]);
    let noise = ["-vf", "noise=alls=60:allf=t", "-q:v", "2"];
    let one = pictures(&mpeg4("352x240", "10", 30, &noise));
    let two = h264("352x240", 30);
    for (n, (one, two)) in one.iter().zip(&two).enumerate() {
        let ms = START + 100 * n as i64;
        exp.camera(1, ms, Default::default(), one);
        exp.camera(2, ms, Default::default(), two);
        if n % 4 == 0 {
            exp.sound(1, ms, Codec::MuLaw, 8000, &[n as u8; 3200]);
        }
    }
    exp.finish()
}

#[test]
fn heads_tell_the_same_pictures() {
    let made = recording();
    let mut cut = made.bytes.clone();
    cut.truncate(made.records[40].end - 100);
    let mut hurt = made.bytes.clone();
    hurt[made.records[20].start..made.records[24].start + 500].fill(0x5a);
    let files = [made.bytes.clone(), made.records_only(), cut, hurt];
    for (n, data) in files.iter().enumerate() {
        let (all, shown) = read(data, false);
        let (heads, shown_of_heads) = read(data, true);
        assert_eq!(heads, all, "file {n}");
        assert!(all.len() > 40, "file {n}: {} packets", all.len());
        assert!(
            shown_of_heads < shown / 2,
            "file {n}: {shown_of_heads} of {shown} bytes were shown"
        );
    }
}

#[test]
fn heads_tell_the_same_pictures_of_an_avi() {
    let noise = ["-vf", "noise=alls=60:allf=t", "-q:v", "2"];
    let coded = pictures(&mpeg4("352x240", "10", 30, &noise));
    let mut framed = testing::plv1::Avi::new(352, 240);
    let mut plain = testing::plv1::Avi::new(352, 240);
    for (n, coded) in coded.iter().enumerate() {
        framed.picture(
            (START / 1000) as u32 + n as u32 / 10,
            coded,
            [88, 96][n / 15],
        );
        plain.plain(coded);
        framed.padding(3);
    }
    for data in [framed.finish(), plain.finish()] {
        let (all, shown) = read(&data, false);
        let (heads, shown_of_heads) = read(&data, true);
        assert_eq!(heads, all);
        assert!(all.len() >= 30, "{} packets", all.len());
        assert!(
            shown_of_heads < shown / 2,
            "{shown_of_heads} of {shown} bytes were shown"
        );
    }
}
