// SPDX-License-Identifier: MPL-2.0
//! Files whose frames were encoded again, and what a file's comment names.

use crate::{
    exptool_tools::{one_camera, run, text, two_cameras},
    verify::{
        files::{against, numbers},
        manifest,
    },
};
use std::path::{Path, PathBuf};
use testing::common;

/// A copy of a camera made by a chain of elements, with a comment as exptool writes it.
fn made(file: &Path, camera: u32, chain: &str, comment: &str) -> PathBuf {
    let out = file.with_extension("made.mp4");
    common::launch_well(&format!(
        "filesrc location={} ! expdemux camera={camera} ! {chain} ! \
         taginject tags=\"comment=\\\"{comment}\\\"\" ! mp4mux ! filesink location={}",
        file.display(),
        out.display()
    ));
    out
}

const ENCODE: &str = "avdec_mpeg4 ! x264enc bframes=0 ! h264parse";
const COMMENT: &str = "exptool 0.1.0: made of two.exp, 99 bytes; gaps collapse";

#[test]
fn frames_that_were_encoded_again_cannot_be_compared() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let manifest = manifest(&file);
    let comment = format!("{COMMENT}; camera 2");
    let out = made(&file, 2, ENCODE, &comment);
    let answer = against(&out, &manifest, &[], 1);
    assert_eq!(answer["result"], "coded frames cannot be compared");
    let outcome = &answer["against"][0];
    assert_eq!(
        (&outcome["camera"], &outcome["camera_from"]),
        (&2.into(), &"comment".into())
    );
    let reason = "they were encoded again (H.264 here, MPEG-4 Part 2 in the recording)";
    assert_eq!(outcome["not_comparable"], reason);
    let words = run(&["verify", text(&out), "--against", text(&manifest)], 1);
    assert!(
        words.contains(reason) && !words.contains("changed"),
        "{words}"
    );
    // the same codec, and yet other bytes
    let h264 = folder.path().join("h264.exp");
    let arguments = [
        "make",
        "test:ball",
        "--codec=h264",
        "--seconds=3",
        "-o",
        text(&h264),
    ];
    run(&arguments, 0);
    let h264_manifest = crate::verify::manifest(&h264);
    let chain = "h264parse ! avdec_h264 ! x264enc bframes=0 ! h264parse";
    let out = made(&h264, 1, chain, COMMENT);
    let answer = against(&out, &h264_manifest, &[], 1);
    let reason = answer["against"][0]["not_comparable"].as_str().unwrap();
    assert!(
        reason.contains("encoded again, or are of another recording"),
        "{reason}"
    );
    // H.265 is a codec that no recorder has
    let out = made(&file, 1, "avdec_mpeg4 ! x265enc ! h265parse", COMMENT);
    let answer = against(&out, &manifest, &[], 1);
    let reason = answer["against"][0]["not_comparable"].as_str().unwrap();
    assert!(reason.contains("H265 here"), "{reason}");
}

#[test]
fn the_comment_of_an_output_names_its_camera() {
    let folder = tempfile::tempdir().unwrap();
    let file = two_cameras(folder.path());
    let manifest = manifest(&file);
    // frames and comment agree
    let comment = format!("{COMMENT}; camera 2");
    let out = made(&file, 2, "mpeg4videoparse", &comment);
    let answer = against(&out, &manifest, &[], 0);
    let outcome = &answer["against"][0];
    assert_eq!(
        (&outcome["camera"], &outcome["camera_from"]),
        (&2.into(), &"comment".into())
    );
    // a comment that is wrong is found out
    let comment = format!("{COMMENT}; camera 1");
    let out = made(&file, 2, "mpeg4videoparse", &comment);
    let answer = against(&out, &manifest, &[], 1);
    assert_eq!(answer["against"][0]["camera"], 1);
    let reason = answer["against"][0]["not_comparable"].as_str().unwrap();
    assert!(reason.contains("frames are those of camera 2"), "{reason}");
    // without one, the frames tell
    let out = made(&file, 2, "mpeg4videoparse", COMMENT);
    let answer = against(&out, &manifest, &[], 0);
    assert_eq!(answer["against"][0]["camera_from"], "frames");
    let alone = one_camera(folder.path(), 8);
    let alone_manifest = crate::verify::manifest(&alone);
    let out = made(&alone, 1, "mpeg4videoparse", COMMENT);
    let answer = against(&out, &alone_manifest, &[], 0);
    assert_eq!(numbers(&answer), [60, 0, 0, 0, 0, 0]);
}

/// `convert` writes the comment that `verify` reads, whatever the container.
#[test]
fn outputs_of_convert_are_compared_with_the_camera_they_name() {
    let folder = tempfile::tempdir().unwrap();
    let two = two_cameras(folder.path());
    let one = one_camera(folder.path(), 4);
    let disc = folder.path().join("disc.manifest");
    run(
        &["verify", text(&one), text(&two), "--manifest", text(&disc)],
        0,
    );
    for suffix in ["mp4", "mkv", "avi"] {
        let out = folder.path().join(format!("out.{suffix}"));
        let camera = ["--camera", "2"];
        run(
            &[&["convert", text(&two)][..], &camera, &["-o", text(&out)]].concat(),
            0,
        );
        let answer = against(&out, &disc, &[], 0);
        let outcome = &answer["against"][0];
        assert_eq!(outcome["recording"], "two.exp", "{suffix}");
        let camera = (&outcome["camera"], &outcome["camera_from"]);
        assert_eq!(camera, (&2.into(), &"comment".into()), "{suffix}");
    }
}
