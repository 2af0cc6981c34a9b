// SPDX-License-Identifier: MPL-2.0
//! The recorder's clock is burnt into a decoded picture by `timeoverlay`, from the reference timestamp that the demuxer puts on it.

use testing::common;

use common::{
    collect::frame,
    launch_well,
    make::{Exp, START, mpeg4, pictures},
};
use gst::prelude::*;
use std::{path::Path, sync::mpsc};

const WIDTH: usize = 352;
const HEIGHT: usize = 240;
/// The picture that is looked at: not the first, and a second and a half into the recording.
const NUMBER: usize = 12;

const CLOCK: &str = "timeoverlay time-mode=reference-timestamp reference-timestamp-caps=timestamp/x-unix \
     show-times-as-dates=true datetime-epoch=1970-01-01T00:00:00Z font-desc=\"Monospace, 14\"";

fn recording(dir: &Path) -> String {
    let coded = pictures(&mpeg4("352x240", "8", 24, &[]));
    let mut exp = Exp::one(352, 240);
    for (n, coded) in coded.iter().enumerate() {
        exp.picture(START + 125 * n as i64, coded);
    }
    let path = dir.join("x.exp");
    std::fs::write(&path, exp.finish().bytes).unwrap();
    path.display().to_string()
}

/// The brightness of a picture after an overlay.
fn picture(file: &str, overlay: &str) -> Vec<u8> {
    common::init();
    let pipeline = gst::parse::launch(&format!(
        "filesrc location={file} ! expdemux ! avdec_mpeg4 ! {overlay} ! videoconvert ! video/x-raw,format=GRAY8 \
         ! fakesink name=s sync=false signal-handoffs=true"
    ));
    let pipeline = pipeline.unwrap().downcast::<gst::Pipeline>().unwrap();
    let (send, receive) = mpsc::channel();
    pipeline
        .by_name("s")
        .unwrap()
        .connect("handoff", false, move |values| {
            let buffer = values[1].get::<gst::Buffer>().unwrap();
            send.send(frame(&buffer).data).unwrap();
            None
        });
    assert_eq!(common::play(&pipeline).error, None);
    let picture = receive.try_iter().nth(NUMBER).expect("a picture");
    assert_eq!(picture.len(), WIDTH * HEIGHT);
    picture
}

fn differing(a: &[u8], b: &[u8]) -> Vec<(usize, usize)> {
    let pairs = a.iter().zip(b).enumerate();
    let different = pairs.filter(|(_, (a, b))| a.abs_diff(**b) > 8);
    different.map(|(at, _)| (at % WIDTH, at / WIDTH)).collect()
}

#[test]
fn the_picture_shows_the_recorder_s_clock() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(dir.path());
    let bare = picture(&file, "identity");
    let burnt = picture(&file, CLOCK);
    // only where the text is, and a good deal there
    let text = differing(&bare, &burnt);
    assert!(text.len() > 400, "{} pixels changed", text.len());
    let low = text.iter().map(|(_, y)| *y).max().unwrap();
    assert!(low < HEIGHT / 3, "text down to line {low}");
    // the same words set by hand give the same pixels; the second before and the one after do not
    let second = (START / 1000) as u32 + NUMBER as u32 / 8;
    let said = |second: u32| {
        let clock = format!(
            "{:02}:{:02}:{:02}",
            second / 3600 % 24,
            second / 60 % 60,
            second % 60
        );
        let words = format!("text=\"2009-11-10 {clock}\" valignment=top halignment=left");
        picture(
            &file,
            &format!("textoverlay {words} font-desc=\"Monospace, 14\""),
        )
    };
    let off = |second| differing(&burnt, &said(second)).len();
    let (before, right, after) = (off(second - 1), off(second), off(second + 1));
    println!("pixels that differ: {before}, {right}, {after}");
    assert!(
        right == 0 && before > 10 && after > 10,
        "{before}, {right}, {after}"
    );
}

/// `EXP_PICTURE` names a file to keep the picture in, to look at it.
#[test]
fn a_png_of_it_can_be_made() {
    let dir = tempfile::tempdir().unwrap();
    let file = recording(dir.path());
    let kept = std::env::var("EXP_PICTURE").ok();
    let png = kept.unwrap_or_else(|| dir.path().join("x.png").display().to_string());
    launch_well(&format!(
        "filesrc location={file} ! expdemux ! avdec_mpeg4 ! videoconvert ! {CLOCK} ! videoconvert ! pngenc snapshot=true \
         ! filesink location={png}"
    ));
    let bytes = std::fs::read(png).unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((word(16), word(20)), (WIDTH, HEIGHT));
}
