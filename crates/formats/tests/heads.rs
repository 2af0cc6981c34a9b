// SPDX-License-Identifier: MPL-2.0
//! Readers that are shown the heads of frames alone ([`Window::unread`]) output the same frames as those that are shown all.

use formats::{
    reader::{Codec, Packet, Reader, Step, Unread, Window},
    recording::{Formats, Opened, open},
};
use testing::{
    make::{Exp, Made, START, h264, mpeg4, pictures},
    netvu_make::{self as netvu, TRAILER, audio, little, minimal, packet, part, scan, vop},
};

/// Bytes that are shown first.
const HEAD: usize = 1024;

fn reader(data: &[u8]) -> Box<dyn Reader> {
    let window = Window {
        offset: 0,
        data,
        last: true,
        unread: None,
    };
    match open(&window, Formats::All) {
        Opened::Recording { format, .. } => format.reader(false),
        _ => panic!("not recognised"),
    }
}

/// All that is said of a file: packets with their offsets, and the bytes that prove nothing. And how many bytes were shown.
fn read(data: &[u8], heads: bool) -> (Vec<String>, usize) {
    let mut reader = reader(data);
    let (mut at, mut want, mut shown, mut reported) = (0, HEAD, 0, Vec::new());
    let mut damaged = 0..0;
    let mut peek = None;
    loop {
        let end = match heads {
            true => data.len().min(at + want),
            false => data.len(),
        };
        let window = Window {
            offset: at as u64,
            data: &data[at..end],
            last: end == data.len(),
            unread: (end < data.len()).then_some(Unread {
                bytes: (data.len() - end) as u64,
                shown: peek,
            }),
        };
        match reader.next(&window) {
            Step::Need(bytes) => {
                assert!(bytes > window.data.len() && !window.last);
                want = bytes;
                continue;
            }
            Step::Peek { at: place, bytes } => {
                assert!(heads && place >= window.data.len());
                let bytes = &data[at + place..data.len().min(at + place + bytes)];
                shown += bytes.len();
                peek = Some((place, bytes));
                continue;
            }
            Step::Skip(bytes) => at = data.len().min(at + bytes as usize),
            Step::Packet(packet) => {
                shown += window.data.len().min(packet.size);
                reported.push(line(&packet, at));
                at += packet.size;
                assert!(at <= data.len());
            }
            Step::Damaged(damage) => {
                if damaged.end != at {
                    damaged.start = at;
                    reported.push(format!("damage from {at}"));
                }
                at += damage.length;
                damaged.end = at;
            }
            Step::Cut(bytes) => {
                reported.push(format!("{bytes} bytes of a record at {at}"));
                break;
            }
            Step::End => break,
        }
        (want, peek) = (HEAD, None);
    }
    reported.extend(reader.take_warnings());
    (reported, shown)
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
        details,
        ..
    } = packet;
    format!(
        "{at}: {stream:?} {size} {} {key} {crc:?} {timestamp:?} {slot:?} {sequence:?} {width}x{height} {mode:?} {details:?}",
        packet.payload.len()
    )
}

/// Large pictures of two codecs, and audio between them.
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
            exp.audio(1, ms, Codec::MuLaw, 8000, &[n as u8; 3200]);
        }
    }
    exp.finish()
}

#[test]
fn heads_show_the_same_frames() {
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
fn heads_show_the_same_frames_of_an_avi() {
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

/// Records of NetVu, one large frame each: MPEG-4, H.264, whole and stripped JPEG.
fn frames() -> Vec<netvu::Made> {
    let frame = |n: u64, format, payload| netvu::Made {
        camera: 1 + (format / 2) % 3,
        format,
        unix_ms: START as u64 + 100 * n,
        payload,
        ..netvu::Made::default()
    };
    let filled = |n: u64, end: &[u8]| [scan(20_000, n), end.to_vec()].concat();
    let nal = |n: u64, head: &[u8]| [head.to_vec(), netvu::noise(20_000, n + 7)].concat();
    (0..40)
        .map(|n| match n % 10 {
            0 => frame(n, 3, vop(true, 20_000, n)),
            5 => frame(n, 1, filled(n, &[0xff, 0xd9, 0xff, 0xff])),
            6 => frame(n, 0, filled(n, &[0xff; 100])),
            7 => frame(n, 0, netvu::jpeg_file(20_000, n)),
            8 => frame(n, 6, nal(n, &[0, 0, 0, 1, 0x65, 0x88])),
            9 => frame(n, 7, nal(n, &[0, 0, 0, 1, 0x41, 0x9a])),
            _ => frame(n, 2, vop(false, 20_000, n)),
        })
        .collect()
}

#[test]
fn heads_show_the_same_frames_of_netvu() {
    let frames = frames();
    let audio = audio(START as u64, 800);
    let binary = |n: usize, made: &netvu::Made| match n % 4 {
        3 => [made.packet(), packet(4, 1, &audio)].concat(),
        _ => made.packet(),
    };
    let partition = |n: usize, made: &netvu::Made| match n % 4 {
        3 => [little(&made.record()), little(&audio)].concat(),
        _ => made.record(),
    };
    let text = |n: usize| TRAILER.replace("MSec: 921", &format!("MSec: {:03}", n * 10));
    let mime = |n: usize, made: &netvu::Made| match made.format {
        2 | 3 => [
            part("image/admp4; xres=352; yres=256", &made.payload),
            part("text/plain", text(n).as_bytes()),
        ]
        .concat(),
        6 | 7 => [
            part("image/adh264; xres=352; yres=256", &made.payload),
            part("text/plain", text(n).as_bytes()),
        ]
        .concat(),
        _ => part("image/jpeg", &netvu::jpeg_file(20_000, n as u64)),
    };
    let all = |of: &dyn Fn(usize, &netvu::Made) -> Vec<u8>| -> Vec<u8> {
        let records = frames.iter().enumerate();
        records.flat_map(|(n, made)| of(n, made)).collect()
    };
    let minimal = |n: usize, made: &netvu::Made| match made.format {
        2 | 3 => minimal(made.unix_ms, &made.payload),
        _ => packet(1, 0, &netvu::jpeg_file(20_000, n as u64)),
    };
    for (name, front, data) in [
        ("binary", vec![], all(&binary)),
        ("minimal", vec![], all(&minimal)),
        ("MIME", vec![], all(&mime)),
        (
            "raw",
            vec![],
            all(&|n, _| {
                let payload = scan(20_000, n as u64);
                let format = (n % 2) as i32;
                netvu::Made {
                    format,
                    payload,
                    ..netvu::Made::default()
                }
                .record()
            }),
        ),
        (
            "partition",
            [b"PAR\0".to_vec(), vec![0x5a; 300]].concat(),
            all(&partition),
        ),
    ] {
        let data = [front, data].concat();
        let cut = data[..data.len() - 10_000].to_vec();
        let mut hurt = data.clone();
        hurt[data.len() / 2..][..30_000].fill(0x5a);
        for (kind, data) in [("whole", data), ("cut", cut), ("damaged", hurt)] {
            let (all, shown) = read(&data, false);
            let (heads, shown_of_heads) = read(&data, true);
            assert_eq!(heads, all, "{name}, {kind}");
            assert!(all.len() > 30, "{name}, {kind}: {} packets", all.len());
            assert!(
                shown_of_heads < shown / 2,
                "{name}, {kind}: {shown_of_heads} of {shown} bytes were shown"
            );
        }
    }
}
