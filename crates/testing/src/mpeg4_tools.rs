// SPDX-License-Identifier: MPL-2.0
//! Encoding and decoding with ffmpeg, for the tests of the MPEG-4 module.

use std::io::Write;
use std::process::{Command, Stdio};

use formats::mpeg4::start_code::{VOP, VOP_BYTES, start_codes};

/// ffmpeg is installed; says so loudly when not.
pub fn have_ffmpeg() -> bool {
    let found = Command::new("ffmpeg").arg("-version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: ffmpeg is not installed");
    }
    found
}

/// An MPEG-4 elementary stream of a lavfi source. `None`, reported, when this ffmpeg has not the encoder.
pub fn encode(source: &str, frames: u32, options: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("ffmpeg")
        .args([
            "-hide_banner",
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
        ])
        .args([
            "-pix_fmt",
            "yuv420p",
            "-flags",
            "+bitexact",
            "-frames:v",
            &frames.to_string(),
        ])
        .args(options)
        .args(["-f", "m4v", "pipe:1"])
        .output()
        .expect("ffmpeg runs");
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        eprintln!("SKIPPED: ffmpeg {options:?}: {message}");
        return None;
    }
    Some(output.stdout)
}

/// The pixels of an elementary stream and what the decoder complained of.
pub fn decode(stream: &[u8]) -> (Vec<u8>, String) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(stream).expect("room");
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "warning", "-f", "m4v", "-i"])
        .arg(file.path())
        .args([
            "-fps_mode",
            "passthrough",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "pipe:1",
        ])
        .stdin(Stdio::null())
        .output()
        .expect("ffmpeg runs");
    let complaints = String::from_utf8_lossy(&output.stderr)
        .lines()
        // about writing raw pictures to a pipe, and that the quantiser is not of the usual width: nothing wrong
        .filter(|line| {
            !line.contains("Timestamps are unset")
                && !line.contains("quant precision")
                && !line.contains("Last message repeated")
                && !line.contains("non monotonically")
        })
        .collect();
    (output.stdout, complaints)
}

/// The pictures of an elementary stream, each from its start code on, without all headers.
pub fn vops(stream: &[u8]) -> Vec<&[u8]> {
    let codes: Vec<_> = start_codes(stream).collect();
    let ends = codes
        .iter()
        .skip(1)
        .map(|(at, _)| *at)
        .chain([stream.len()]);
    codes
        .iter()
        .zip(ends)
        .filter(|((_, code), _)| *code == VOP)
        .map(|((at, _), end)| &stream[*at..end])
        .inspect(|vop| assert!(vop.starts_with(&VOP_BYTES)))
        .collect()
}
