// SPDX-License-Identifier: MPL-2.0
//! One sink pad: what its caps and tags say.

use gst::prelude::*;

use crate::tags;
use formats::mpeg4::VolParams;
use formats::reader::{AudioFormat, Codec, Mode};

/// What the caps say.
#[derive(Clone, Debug)]
pub(super) enum Format {
    Video {
        codec: Codec,
        width: u16,
        height: u16,
        rate: Option<(u32, u32)>,
    },
    Audio {
        codec: Codec,
        format: AudioFormat,
    },
}

/// A sink pad's stream.
#[derive(Debug)]
pub(super) struct Track {
    pub pad: gst_base::AggregatorPad,
    pub format: Option<Format>,
    pub title: String,
    pub mode: Mode,
    /// Camera number of the tag.
    pub tagged: Option<u16>,
    /// The number its records carry, once one was written or the header names it.
    pub number: Option<u16>,
    /// Running time, in nanoseconds, at which the next buffer is expected.
    pub next: i64,
    /// A frame without a start code was complained of.
    pub complained: bool,
}

impl Track {
    pub fn new(pad: &gst_base::AggregatorPad) -> Track {
        Track {
            pad: pad.clone(),
            format: None,
            title: String::new(),
            mode: Mode::Unknown,
            tagged: None,
            number: None,
            next: 0,
            complained: false,
        }
    }

    /// N of `video_N` or `audio_N`.
    pub fn index(&self) -> u16 {
        let name = self.pad.name();
        let digits = name.rsplit('_').next().unwrap_or_default();
        digits.parse().unwrap_or(0)
    }

    pub fn is_video(&self) -> bool {
        self.pad.name().starts_with("video")
    }

    /// Takes over new caps, or says why their stream cannot be written.
    pub fn set_caps(&mut self, caps: &gst::CapsRef) -> Result<(), String> {
        let structure = caps.structure(0).ok_or("empty caps")?;
        let format = read_format(structure)?;
        let before = self.format.as_ref().map(Format::codec);
        if before.is_some_and(|codec| codec != format.codec()) {
            return Err(format!(
                "the stream of {} changes its codec, but a camera's codec is decided once for a file",
                self.pad.name()
            ));
        }
        if let Ok(header) = structure.get::<gst::Buffer>("codec_data")
            && let Ok(map) = header.map_readable()
            && format.codec() == Codec::Mpeg4
        {
            check_headers(&map)?;
        }
        self.format = Some(format);
        Ok(())
    }

    /// Takes over the tags that concern the camera.
    pub fn set_tags(&mut self, tags: &gst::TagListRef) {
        if let Some(title) = tags.get::<gst::tags::Title>() {
            self.title = title.get().to_owned();
        }
        if let Some(number) = tags.get::<tags::CameraNumber>() {
            self.tagged = u16::try_from(number.get()).ok();
        }
        if let Some(mode) = tags.get::<tags::RecordingMode>() {
            self.mode = Mode::from_name(mode.get()).unwrap_or_default();
        }
    }
}

impl Format {
    pub fn codec(&self) -> Codec {
        match self {
            Format::Video { codec, .. } | Format::Audio { codec, .. } => *codec,
        }
    }
}

/// Refuses sequence headers that name a tool without which nobody decodes the frames: the file does not keep them.
pub(super) fn check_headers(headers: &[u8]) -> Result<(), String> {
    let Ok(vol) = VolParams::parse(headers) else {
        return Ok(());
    };
    let tool = [
        (vol.interlaced, "interlaced coding"),
        (vol.quarter_sample, "motion in quarters of a pixel"),
        (vol.mpeg_quant, "MPEG quantiser matrices"),
        (vol.data_partitioned, "data partitioning"),
    ]
    .into_iter()
    .find_map(|(used, name)| used.then_some(name));
    match tool {
        Some(tool) => Err(format!(
            "the stream uses {tool}; the file keeps no sequence headers, so nobody could decode it"
        )),
        None => Ok(()),
    }
}

fn read_format(structure: &gst::StructureRef) -> Result<Format, String> {
    let name = structure.name();
    let codec = match name.as_str() {
        "video/mpeg" => Codec::Mpeg4,
        "video/x-h264" => Codec::H264,
        "audio/x-raw" => Codec::PcmS16le,
        "audio/x-mulaw" => Codec::MuLaw,
        "audio/x-alaw" => Codec::ALaw,
        "audio/x-adpcm" => Codec::ImaAdpcm,
        other => return Err(format!("{other} has no place in an .exp file")),
    };
    let number = |field| structure.get::<i32>(field).unwrap_or(0);
    if name.starts_with("video") {
        let rate = structure.get::<gst::Fraction>("framerate").ok();
        return Ok(Format::Video {
            codec,
            width: u16::try_from(number("width")).unwrap_or(0),
            height: u16::try_from(number("height")).unwrap_or(0),
            rate: rate.and_then(|rate| {
                let num = u32::try_from(rate.numer()).ok().filter(|n| *n > 0)?;
                Some((num, u32::try_from(rate.denom()).ok()?))
            }),
        });
    }
    Ok(Format::Audio {
        codec,
        format: AudioFormat {
            rate: u32::try_from(number("rate")).unwrap_or(0),
            channels: u16::try_from(number("channels")).unwrap_or(0),
            block_align: u16::try_from(number("block_align")).unwrap_or(0),
        },
    })
}
