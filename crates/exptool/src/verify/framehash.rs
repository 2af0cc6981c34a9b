// SPDX-License-Identifier: MPL-2.0
//! Hashes of a camera's coded frames in the format of ffmpeg's `framehash` muxer, as ffmpeg writes them of a Matroska copy.
//!
//! Source of the format: what ffmpeg 5.1 writes with `-c copy -bitexact -f framehash` (version 2 of the format).

use super::converted::drain;
use crate::common::{Failure, Input, coded::hex, media, output::NewFile};
use gst::{glib, prelude::*};
use sha2::{Digest, Sha256};
use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

/// Writes the hashes of a camera's frames, as the demuxer outputs them.
///
/// # Errors
/// A camera without video, a missing plugin, a disk that is full.
pub fn write(
    input: &Input,
    layout: Option<&str>,
    camera: u16,
    out: NewFile,
    name: &str,
) -> Result<NewFile, Failure> {
    media::init()?;
    let pipeline = gst::Pipeline::new();
    let source = media::element("filesrc")?;
    source.set_property("location", &input.path);
    let demux = media::element(input.demuxer())?;
    demux.set_property("camera", u32::from(camera));
    if let Some(layout) = layout.filter(|_| demux.has_property("layout")) {
        demux.set_property("layout", layout);
    }
    let failed = |error: glib::BoolError| Failure::Media(error.to_string());
    pipeline.add_many([&source, &demux]).map_err(failed)?;
    source.link(&demux).map_err(failed)?;
    let shared = Arc::new(Mutex::new(Writer {
        out,
        frames: 0,
        start: None,
        error: None,
    }));
    let writer = shared.clone();
    let weak = pipeline.downgrade();
    demux.connect_pad_added(move |_, pad| {
        if let Some(pipeline) = weak.upgrade()
            && let Err(error) = attach(&pipeline, pad, &writer)
        {
            gst::element_error!(pipeline, gst::CoreError::Failed, ("{}", error.message));
        }
    });
    media::run(&pipeline, |_| Ok(()))?;
    drop(pipeline);
    drop(demux);
    let writer = Arc::into_inner(shared)
        .map(|writer| writer.into_inner().unwrap_or_else(PoisonError::into_inner))
        .ok_or_else(|| Failure::Media("a stream is still open".to_owned()))?;
    match writer.error {
        Some(error) => Err(Failure::Output(format!("{name}: {error}"))),
        None if writer.frames == 0 => Err(Failure::Input(format!(
            "{}: camera {camera} has no frame that can be decoded",
            input.name
        ))),
        None => Ok(writer.out),
    }
}

struct Writer {
    out: NewFile,
    frames: u64,
    /// Time of the first frame, ms: ffmpeg counts from there.
    start: Option<u64>,
    error: Option<std::io::Error>,
}

fn attach(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    writer: &Arc<Mutex<Writer>>,
) -> Result<(), glib::BoolError> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let name = caps.structure(0).map_or("", |caps| caps.name().as_str());
    if !name.starts_with("video/") && !name.starts_with("image/") {
        return drain(pipeline, pad, "avc", |_, _| {});
    }
    let writer = writer.clone();
    drain(pipeline, pad, "avc", move |pad, buffer| {
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.error.is_none()
            && let Err(error) = writer.frame(pad, buffer)
        {
            writer.error = Some(error);
        }
    })
}

impl Writer {
    fn frame(&mut self, pad: &gst::Pad, buffer: &gst::Buffer) -> std::io::Result<()> {
        let caps = pad.current_caps();
        let structure = caps.as_ref().and_then(|caps| caps.structure(0));
        if let Some(structure) = structure.filter(|_| self.frames == 0) {
            self.head(structure)?;
        }
        self.frames += 1;
        let segment = pad.sticky_event::<gst::event::Segment>(0);
        let segment = segment.as_ref().and_then(|event| {
            let segment = event.segment();
            segment.downcast_ref::<gst::ClockTime>().cloned()
        });
        let time = segment.and_then(|segment| segment.to_running_time(buffer.pts()));
        // Matroska has milliseconds, rounded, and one duration for all frames
        let millis = time.map_or(0, |time| (time.nseconds() + 500_000) / 1_000_000);
        let millis = millis.saturating_sub(*self.start.get_or_insert(millis));
        let rate = structure.and_then(|caps| caps.get::<gst::Fraction>("framerate").ok());
        let duration = match rate.filter(|rate| rate.numer() > 0) {
            Some(rate) => i64::from(rate.denom()) * 1000 / i64::from(rate.numer()),
            None => 0,
        };
        let map = buffer.map_readable().map_err(std::io::Error::other)?;
        writeln!(
            self.out,
            "0, {millis:>10}, {millis:>10}, {duration:>8}, {:>8}, {}",
            map.len(),
            hex(&Sha256::digest(&map))
        )
    }

    fn head(&mut self, caps: &gst::StructureRef) -> std::io::Result<()> {
        let codec = match caps.name().as_str() {
            "video/x-h264" => "h264",
            "image/jpeg" => "mjpeg",
            _ => "mpeg4",
        };
        let number = |name| caps.get::<i32>(name).unwrap_or(0);
        let ratio = caps.get::<gst::Fraction>("pixel-aspect-ratio");
        let ratio = ratio.unwrap_or(gst::Fraction::new(0, 1));
        let out = &mut self.out;
        writeln!(out, "#format: frame checksums")?;
        writeln!(out, "#version: 2")?;
        writeln!(out, "#hash: SHA256")?;
        if let Ok(extra) = caps.get::<gst::Buffer>("codec_data") {
            let map = extra.map_readable().map_err(std::io::Error::other)?;
            let hash = hex(&Sha256::digest(&map));
            writeln!(out, "#extradata 0, {:>31}, {hash}", map.len())?;
        }
        writeln!(out, "#tb 0: 1/1000")?;
        writeln!(out, "#media_type 0: video")?;
        writeln!(out, "#codec_id 0: {codec}")?;
        writeln!(
            out,
            "#dimensions 0: {}x{}",
            number("width"),
            number("height")
        )?;
        writeln!(out, "#sar 0: {}/{}", ratio.numer(), ratio.denom())?;
        writeln!(out, "#stream#, dts,        pts, duration,     size, hash")
    }
}
