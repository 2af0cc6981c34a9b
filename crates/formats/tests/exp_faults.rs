// SPDX-License-Identifier: MPL-2.0
//! Recordings as they come from units with faults: a clock whose battery is dead, headers that lie, a damaged front, footage inside a
//! disk image, a damaged camera number.

use formats::{
    exp::probe::{self, Family, Probe},
    reader::{Packet, Step, Window},
};
use testing::{
    make::{Coded, Exp, Made, START, mpeg4, pictures, tiny},
    plv1::Avi,
};

struct Read {
    family: Family,
    frames: Vec<Packet>,
    damaged: usize,
    warnings: Vec<String>,
}

/// Reads a file as it is opened: by its content.
fn read(data: &[u8]) -> Read {
    let mut window = Window {
        offset: 0,
        data,
        last: true,
        unread: None,
    };
    let Probe::Is { family, .. } = probe::probe(&window) else {
        panic!("not recognised: {:x?}", &data[..data.len().min(16)]);
    };
    let mut reader = probe::open(family).unwrap();
    let (mut frames, mut damaged) = (Vec::new(), 0);
    while !window.data.is_empty() {
        let taken = match reader.next(&window) {
            Step::Packet(packet) => {
                let size = packet.size;
                frames.push(packet);
                size
            }
            Step::Skip(bytes) => usize::try_from(bytes).unwrap(),
            Step::Damaged(damage) => {
                damaged += damage.length;
                damage.length
            }
            Step::Cut(_) | Step::End => break,
            step => panic!("{step:?} of a last window"),
        };
        window = window.skip(taken);
    }
    Read {
        family,
        frames,
        damaged,
        warnings: reader.take_warnings(),
    }
}

impl Read {
    fn sizes(&self) -> Vec<(u16, u16)> {
        let mut sizes: Vec<_> = self.frames.iter().map(|p| (p.width, p.height)).collect();
        sizes.dedup();
        sizes
    }
}

fn exp(header: (u16, u16), frames: &[Coded]) -> Made {
    let mut exp = Exp::one(header.0, header.1);
    for (n, coded) in frames.iter().enumerate() {
        exp.picture(START + 100 * n as i64, coded);
    }
    exp.finish()
}

fn avi(header: (u16, u16), frames: &[Coded]) -> Vec<u8> {
    let mut avi = Avi::new(header.0, header.1);
    for (n, coded) in frames.iter().enumerate() {
        avi.picture((START / 1000) as u32 + n as u32 / 10, coded, 88);
    }
    avi.finish()
}

fn frames(size: &str, count: u32) -> Vec<Coded> {
    pictures(&mpeg4(size, "10", count, &[]))
}

#[test]
fn a_dead_clock_refuses_no_frame() {
    let made = exp((64, 48), tiny());
    for seconds in [0_u32, 3_000, u32::MAX] {
        // all of the recording, or its middle
        for part in [0..48, 16..32] {
            let mut bytes = made.bytes.clone();
            for record in &made.records[part.clone()] {
                let at = record.start + 4;
                bytes[at..at + 4].copy_from_slice(&seconds.to_le_bytes());
            }
            let read = read(&bytes);
            assert_eq!(
                (read.frames.len(), read.damaged),
                (48, 0),
                "{seconds}, {part:?}"
            );
            let dead = read.frames[20].timestamp.unwrap().seconds;
            assert_eq!(dead, i64::from(seconds));
        }
        let mut avi = Avi::new(64, 48);
        for coded in tiny() {
            avi.picture(seconds, coded, 96);
        }
        let read = read(&avi.finish());
        assert_eq!((read.frames.len(), read.damaged), (48, 0));
        assert_eq!(
            read.frames[0].timestamp.unwrap().seconds,
            i64::from(seconds)
        );
    }
    // milliseconds that cannot be refuse nothing
    let mut bytes = made.bytes.clone();
    let at = made.records[7].start + 12;
    bytes[at..at + 2].copy_from_slice(&1500_u16.to_le_bytes());
    let read = read(&bytes);
    assert_eq!((read.frames.len(), read.damaged), (48, 0));
    assert_eq!(read.frames[7].timestamp.unwrap().millis, None);
}

#[test]
fn keyframes_decide_the_size() {
    let frames = frames("704x240", 30);
    for claimed in [(704, 480), (352, 240), (0, 0), (704, 240)] {
        for bytes in [exp(claimed, &frames).bytes, avi(claimed, &frames)] {
            let read = read(&bytes);
            assert_eq!(read.frames.len(), 30);
            assert_eq!(read.sizes(), [(704, 240)], "{claimed:?}");
            let lies = claimed != (704, 240) && claimed != (0, 0);
            assert_eq!(
                read.warnings.len(),
                usize::from(lies),
                "{:?}",
                read.warnings
            );
        }
    }
}

#[test]
fn a_size_that_changes_is_followed() {
    let (small, large) = (frames("352x240", 24), frames("704x480", 24));
    let both = [small.clone(), large].concat();
    for bytes in [exp((352, 240), &both).bytes, avi((352, 240), &both)] {
        let read = read(&bytes);
        assert_eq!(read.sizes(), [(352, 240), (704, 480)]);
        assert_eq!(read.frames[24].width, 704);
        assert!(read.warnings[0].contains("changes from 352x240 to 704x480"));
    }
    // one keyframe that shows another is no change
    let mut one = [small.clone(), small.clone(), small].concat();
    one[24] = frames("704x480", 1).remove(0);
    for bytes in [exp((352, 240), &one).bytes, avi((352, 240), &one)] {
        assert_eq!(read(&bytes).sizes(), [(352, 240)]);
    }
}

#[test]
fn a_damaged_front_refuses_no_file() {
    let (native, avi) = (exp((64, 48), tiny()).bytes, avi((64, 48), tiny()));
    for (whole, front, family) in [(native, 176, Family::Native), (avi, 224, Family::Plv1)] {
        for at in 0..front {
            for bit in [1, 0x80] {
                let mut bytes = whole.clone();
                bytes[at] ^= bit;
                let read = read(&bytes);
                let count = read.frames.len();
                assert_eq!(
                    count, 48,
                    "{family:?}: byte {at}, bit {bit}: {} damaged",
                    read.damaged
                );
                assert_eq!(read.family, family, "byte {at}");
            }
        }
    }
}

#[test]
fn a_recording_inside_a_disk_image_is_found() {
    let image: Vec<u8> = (0..12_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let native = exp((64, 48), tiny()).bytes;
    let read = read(&[&image[..], &native].concat());
    assert_eq!(read.frames.len(), 48);
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    // what is not there is not waited for
    let window = Window {
        offset: 0,
        data: &image,
        last: false,
        unread: None,
    };
    assert_eq!(probe::probe(&window), Probe::Need(probe::MAX_PROBE));
    let whole = [&image[..], &image[..4 << 20]].concat();
    let window = Window {
        data: &whole,
        ..window
    };
    assert_eq!(probe::probe(&window), Probe::No);
}

#[test]
fn a_damaged_camera_number_costs_its_record() {
    let made = exp((64, 48), tiny());
    // with a header that lists the camera, and without
    for (bytes, start) in [
        (made.bytes.clone(), 0),
        (made.records_only(), made.records[0].start),
    ] {
        let mut damaged = bytes.clone();
        let record = &made.records[9];
        damaged[record.start - start + 8] = 65;
        let read = read(&damaged);
        assert_eq!((read.frames.len(), read.damaged), (47, record.len()));
        // a camera that nothing lists is one all the same when it comes again
        let mut added = bytes;
        for n in [9, 30] {
            added[made.records[n].start - start + 8] = 65;
        }
        let cameras = |read: Read| read.frames.iter().filter(|p| p.stream.camera == 65).count();
        assert_eq!(cameras(self::read(&added)), 2);
    }
}

#[test]
fn frames_of_a_few_bytes_are_damage() {
    for length in 1..8 {
        let short = Coded {
            key: false,
            bytes: [0, 0, 1, 0xb6, 0x50, 1, 2, 3][..length].to_vec(),
        };
        let mut all = tiny().to_vec();
        all[5] = short;
        let whole = 47 + usize::from(length > 4);
        assert_eq!(
            read(&exp((64, 48), &all).bytes).frames.len(),
            whole,
            "{length}"
        );
        assert_eq!(read(&avi((64, 48), &all)).frames.len(), whole, "{length}");
    }
}
