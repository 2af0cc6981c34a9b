// SPDX-License-Identifier: MPL-2.0
//! Picture sizes out of the pictures alone.

use testing::mpeg4_tools;

use formats::mpeg4::{IntraPicture, SizeHint, VolParams, picture_size, vop_offset};
use mpeg4_tools::{encode, have_ffmpeg, vops};

#[test]
fn every_keyframe_is_walked_to_its_end() {
    if !have_ffmpeg() {
        return;
    }
    let quality = [
        ["-q:v", "2"],
        ["-q:v", "8"],
        ["-q:v", "31"],
        ["-b:v", "200k"],
    ];
    let more: [&[&str]; 5] = [
        &["-threads", "1"],
        &["-threads", "4"],
        &["-ps", "300"],
        &["-mpeg_quant", "1"],
        &["-flags", "+ildct"],
    ];
    let sizes = [(352, 240), (176, 120), (704, 480), (250, 122)];
    let sources = ["testsrc2", "mandelbrot", "smptebars"];
    let mut walked = 0;
    for (n, (quality, more)) in quality
        .iter()
        .flat_map(|quality| more.map(|more| (quality, more)))
        .enumerate()
    {
        let (width, height) = sizes[n % sizes.len()];
        for codec in ["mpeg4", "libxvid"] {
            let source = format!("{}=size={width}x{height}:rate=25", sources[n % 3]);
            let mut options = vec!["-c:v", codec, "-bf", "0", "-g", "2"];
            options.extend(quality);
            options.extend(more);
            let Some(stream) = encode(&source, 4, &options) else {
                continue;
            };
            let vol = VolParams::parse(&stream).expect("a VOL");
            for vop in vops(&stream).iter().filter(|vop| vop[4] >> 6 == 0) {
                let picture = IntraPicture::parse(vop, &vol)
                    .unwrap_or_else(|e| panic!("{options:?} {width}x{height}: {e}"));
                assert_eq!(picture.macroblocks.len(), vol.macroblocks(), "{options:?}");
                walked += 1;
            }
        }
    }
    println!("{walked} keyframes walked");
    assert!(walked >= 40);
}

/// Sources of many kinds, one of them a picture of a single colour.
const SOURCES: [&str; 6] = [
    "testsrc2",
    "testsrc",
    "mandelbrot",
    "smptebars",
    "cellauto",
    "color=c=gray",
];

fn source(n: usize, width: u16, height: u16) -> String {
    let name = SOURCES[n % SOURCES.len()];
    let joint = if name.contains('=') { ':' } else { '=' };
    format!("{name}{joint}size={width}x{height}:rate=25")
}

/// Right, unknown and wrong answers for each keyframe on its own.
fn judge(sizes: &[(u16, u16)], listed: bool, sources: usize) -> [usize; 3] {
    let mut reported = [0; 3];
    for (n, (width, height)) in (0..sources).flat_map(|n| sizes.iter().map(move |size| (n, *size)))
    {
        let quality = ["3", "9", "27"][n % 3];
        let options = ["-c:v", "mpeg4", "-bf", "0", "-g", "3", "-q:v", quality];
        let stream = encode(&source(n, width, height), 12, &options).expect("ffmpeg's own encoder");
        let vol = VolParams::parse(&stream).expect("a VOL");
        for vop in vops(&stream).into_iter().filter(|vop| vop[4] >> 6 == 0) {
            match picture_size(&[vop], &vol, SizeHint::default()) {
                Some(size) if size == (width, height) && listed => reported[0] += 1,
                None => reported[1] += 1,
                Some(size) => {
                    println!(
                        "{}: {width}x{height} read as {size:?}",
                        source(n, width, height)
                    );
                    reported[2] += 1;
                }
            }
        }
    }
    reported
}

#[test]
fn sizes_of_recorders_are_right_or_unknown() {
    if !have_ffmpeg() {
        return;
    }
    let sizes = [
        (176, 120),
        (176, 144),
        (320, 240),
        (352, 240),
        (352, 256),
        (352, 288),
        (640, 256),
        (640, 480),
        (704, 240),
        (704, 288),
        (704, 480),
        (704, 576),
        (720, 480),
        (720, 576),
    ];
    let [right, unknown, wrong] = judge(&sizes, true, SOURCES.len());
    println!("{right} right, {unknown} unknown, {wrong} wrong");
    assert_eq!(wrong, 0);
    assert!(right + unknown >= 200);
    assert!(right >= 9 * unknown, "{right} right, {unknown} unknown");
}

#[test]
fn other_sizes_are_unknown() {
    if !have_ffmpeg() {
        return;
    }
    let lying = [
        (352, 480),
        (352, 576),
        (320, 480),
        (320, 512),
        (480, 352),
        (640, 360),
        (528, 320),
        (160, 120),
    ];
    let standing = [
        (240, 320),
        (288, 352),
        (480, 640),
        (400, 192),
        (480, 720),
        (240, 704),
    ];
    // a standing picture of a single colour can not be told from a lying one
    let [a, b] = [
        judge(&lying, false, SOURCES.len()),
        judge(&standing, false, SOURCES.len() - 1),
    ];
    let [right, unknown, wrong] = [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
    println!("{right} right, {unknown} unknown, {wrong} wrong");
    assert_eq!(wrong, 0);
}

#[test]
fn a_real_recorder_says_its_size() {
    let samples = std::env::var("EXP_SAMPLES").map_or_else(
        |_| {
            std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
                .join("../shared/samples")
        },
        Into::into,
    );
    let Ok(file) = std::fs::read(samples.join("netvu/dvip2-mpeg4.adbin")) else {
        eprintln!("SKIPPED: the samples are not at {}", samples.display());
        return;
    };
    // one keyframe in the file, behind its VOL; 9140 bytes from that VOL on
    let start = vop_offset(&file[400..]).expect("a picture") + 400;
    let vol = VolParams::parse(&file[400..start]).expect("its VOL");
    let key = &file[start..400 + 9140];
    assert_eq!(
        picture_size(&[key], &vol, SizeHint::default()),
        Some((352, 256))
    );
}
