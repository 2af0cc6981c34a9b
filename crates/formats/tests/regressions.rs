// SPDX-License-Identifier: MPL-2.0
//! Replays what the fuzzer found, and drives the readers over every cut and over flipped bytes of a small file.

use testing::driver;

use formats::exp::layout::Layout;
use formats::exp::probe::open_layout;
use formats::exp::writer::{Head, Picture, Writer};
use formats::reader::{Camera, Mode, Reader, Standard, Timestamp};

fn open(layout: &str) -> impl Fn() -> Box<dyn Reader> {
    let layout = Layout::built_in(layout).unwrap();
    move || open_layout(layout.clone())
}

#[test]
fn findings_in_readers_stay_mended() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("fuzz/regressions/readers");
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        driver::readers(&std::fs::read(path).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0);
}

fn small_file() -> Vec<u8> {
    let camera = Camera {
        number: 1,
        width: 352,
        height: 240,
        rate: None,
        title: "Gate".into(),
    };
    let head = Head {
        standard: Standard::Ntsc,
        cameras: vec![camera],
        ..Head::default()
    };
    let timestamp = Timestamp {
        seconds: 1_257_862_530,
        millis: Some(0),
    };
    let (mut writer, _) = Writer::new(head, timestamp).unwrap();
    let mut body = Vec::new();
    for n in 0..6u8 {
        let picture = Picture {
            camera: 1,
            timestamp: Timestamp {
                millis: Some(u16::from(n) * 125),
                ..timestamp
            },
            mode: Mode::Motion,
            width: 352,
            height: 240,
            key: n % 3 == 0,
        };
        let kind = if picture.key { 0x10 } else { 0x50 };
        body.extend(
            writer
                .picture(
                    &picture,
                    &[0, 0, 1, 0xb6, kind, 0xc0 | n, 0x51, 0x8c, n, 7, 7],
                )
                .unwrap(),
        );
    }
    let index = writer.finish();
    [writer.header(), body, index].concat()
}

#[test]
fn every_cut_and_every_flipped_byte_is_survived() {
    let file = small_file();
    let open = open("reference");
    assert_eq!(
        driver::drive(&mut *open(), &file, &[], driver::Shown::All),
        6
    );
    assert_eq!(
        driver::drive(&mut *open(), &file, &[0], driver::Shown::All),
        6,
        "shown byte by byte"
    );
    for cut in 0..file.len() {
        driver::drive(&mut *open(), &file[..cut], &[1], driver::Shown::All);
    }
    for at in 0..file.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = file.clone();
            damaged[at] ^= flip;
            driver::drive(&mut *open(), &damaged, &[2, 0], driver::Shown::All);
        }
    }
}
