// SPDX-License-Identifier: MPL-2.0
//! The coded frames of a converted file, taken out with GStreamer.

use super::rows::{Row, RowWriter, Rows};
use crate::common::{
    Failure,
    coded::{codec_name, hash_coded},
    media,
};
use formats::reader::Codec;
use gst::{glib, prelude::*};
use std::{
    io::{Read, Seek, SeekFrom},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Muxers write comments near the beginning or the end of a file; the tables of an MP4 file may be this long.
const COMMENT_NEAR: u64 = 8 << 20;

struct Stream {
    codec: Option<Codec>,
    name: String,
    rows: RowWriter,
}

#[derive(Default)]
struct Streams {
    all: Vec<Stream>,
    failure: Option<Failure>,
}

type Shared = Arc<Mutex<Streams>>;

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Streams> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads all video streams of a file that GStreamer can take apart: the name of each one's codec, and its coded frames, of which
/// there are none where recorders do not have the codec.
///
/// # Errors
/// A file that cannot be read or has no video; a GStreamer plugin that is missing.
pub fn read_streams(path: &Path) -> Result<Vec<(String, Rows)>, Failure> {
    media::init()?;
    media::need(&["parsebin", "h264parse", "mpeg4videoparse"])?;
    let name = path.display();
    let streams = Shared::default();
    let pipeline = pipeline(path, &streams)?;
    let done = media::run(&pipeline, |_| Ok(()));
    drop(pipeline);
    let streams = std::mem::take(&mut *lock(&streams));
    if let Some(failure) = streams.failure {
        return Err(failure);
    }
    let empty = streams.all.iter().all(|stream| stream.rows.count() == 0);
    match done {
        // a missing plugin is named; otherwise the file is the reason
        Err(Failure::Media(text)) if empty && !text.contains("is missing") => {
            let text = text.split(" (").next().unwrap_or_default();
            return Err(Failure::Input(format!(
                "{name}: is not a recording, and GStreamer finds no video in it: {text}"
            )));
        }
        done => drop(done?),
    }
    if streams.all.is_empty() {
        return Err(Failure::Input(format!(
            "{name}: expected a video stream, found none"
        )));
    }
    let finish = |stream: Stream| Ok((stream.name, stream.rows.finish()?));
    streams.all.into_iter().map(finish).collect()
}

fn pipeline(path: &Path, streams: &Shared) -> Result<gst::Pipeline, Failure> {
    let pipeline = gst::Pipeline::new();
    let source = media::element("filesrc")?;
    source.set_property("location", path);
    let parse = media::element("parsebin")?;
    let fail = |error: glib::BoolError| Failure::Media(error.to_string());
    pipeline.add_many([&source, &parse]).map_err(fail)?;
    source.link(&parse).map_err(fail)?;
    let streams = streams.clone();
    let weak = pipeline.downgrade();
    parse.connect_pad_added(move |_, pad| {
        if let Some(pipeline) = weak.upgrade()
            && let Err(error) = attach(&pipeline, pad, &streams)
        {
            gst::element_error!(pipeline, gst::CoreError::Failed, ("{}", error.message));
        }
    });
    Ok(pipeline)
}

/// A video stream's codec, where recorders have it, and its name.
fn codec_of(caps: &gst::Caps) -> Option<(Option<Codec>, String)> {
    let structure = caps.structure(0)?;
    let codec = match structure.name().as_str() {
        "video/mpeg" if structure.get::<i32>("mpegversion") == Ok(4) => Codec::Mpeg4,
        "video/x-h264" => Codec::H264,
        "image/jpeg" => Codec::Jpeg,
        other => {
            let name = other.strip_prefix("video/")?.trim_start_matches("x-");
            return Some((None, name.to_uppercase()));
        }
    };
    Some((Some(codec), codec_name(codec).to_owned()))
}

fn attach(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    streams: &Shared,
) -> Result<(), glib::BoolError> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let Some((codec, name)) = codec_of(&caps) else {
        return drain(pipeline, pad, "byte-stream", |_, _| {});
    };
    let rows = RowWriter::new().map_err(|failure| glib::bool_error!("{failure}"))?;
    let mut open = lock(streams);
    let number = open.all.len();
    open.all.push(Stream { codec, name, rows });
    drop(open);
    let streams = streams.clone();
    drain(pipeline, pad, "byte-stream", move |_, buffer| {
        add_frame(&mut lock(&streams), number, buffer);
    })
}

/// Leads a pad into a sink, and shows each buffer that comes there. H.264 comes in access units, with start codes (`byte-stream`)
/// or lengths (`avc`).
///
/// # Errors
/// A missing element.
pub fn drain(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    h264_format: &str,
    show: impl Fn(&gst::Pad, &gst::Buffer) + Send + Sync + 'static,
) -> Result<(), glib::BoolError> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let mut chain = vec![gst::ElementFactory::make("queue").build()?];
    if caps
        .structure(0)
        .is_some_and(|caps| caps.name() == "video/x-h264")
    {
        let caps = gst::Caps::builder("video/x-h264")
            .field("stream-format", h264_format)
            .field("alignment", "au")
            .build();
        chain.push(gst::ElementFactory::make("h264parse").build()?);
        let filter = gst::ElementFactory::make("capsfilter");
        chain.push(filter.property("caps", caps).build()?);
    }
    let sink = gst::ElementFactory::make("fakesink")
        .property("sync", false)
        .property("async", false)
        .build()?;
    chain.push(sink.clone());
    pipeline.add_many(&chain)?;
    gst::Element::link_many(&chain)?;
    if let Some(end) = sink.static_pad("sink") {
        end.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            if let Some(gst::PadProbeData::Buffer(buffer)) = &info.data {
                show(pad, buffer);
            }
            gst::PadProbeReturn::Ok
        });
    }
    for element in chain.iter().rev() {
        element.sync_state_with_parent()?;
    }
    if let Some(first) = chain.first().and_then(|queue| queue.static_pad("sink")) {
        pad.link(&first)
            .map_err(|error| glib::bool_error!("a stream cannot be read: {error:?}"))?;
    }
    Ok(())
}

fn add_frame(streams: &mut Streams, number: usize, buffer: &gst::Buffer) {
    let Some(stream) = streams.all.get_mut(number) else {
        return;
    };
    if let Some(codec) = stream.codec
        && let Ok(map) = buffer.map_readable()
    {
        let row = Row::from_hash(stream.rows.count(), codec, hash_coded(codec, &map));
        if let Err(failure) = stream.rows.push(&row) {
            streams.failure.get_or_insert(failure);
        }
    }
}

/// What exptool wrote into a file that it made.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The camera.
    pub camera: Option<u16>,
    /// SHA-256 of the recording.
    pub sha256: Option<String>,
}

/// Reads the comment of a file that exptool made. A file without one has no origin.
pub fn read_origin(path: &Path) -> Origin {
    let find = || -> std::io::Result<Option<Origin>> {
        let mut file = std::fs::File::open(path)?;
        let size = file.metadata()?.len();
        for from in [0, size.saturating_sub(COMMENT_NEAR)] {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(from))?;
            (&mut file).take(COMMENT_NEAR).read_to_end(&mut bytes)?;
            if let Some(origin) = parse_origin(&bytes) {
                return Ok(Some(origin));
            }
        }
        Ok(None)
    };
    find().ok().flatten().unwrap_or_default()
}

/// Finds `exptool VERSION: made of NAME, SIZE bytes; …; camera N (TITLE); SHA-256 HEX`.
fn parse_origin(bytes: &[u8]) -> Option<Origin> {
    let made = memchr::memmem::find(bytes, b": made of ")?;
    let comment = bytes.get(made..).unwrap_or_default();
    let end = comment.iter().position(|byte| *byte < b' ');
    let comment = comment.get(..end.unwrap_or(comment.len()).min(4096))?;
    let comment = String::from_utf8_lossy(comment);
    // names and titles may be anything: the camera comes after the one, the hash after the other
    let (_, facts) = comment.rsplit_once(" bytes; ")?;
    let camera = facts.split("; ").find_map(|fact| {
        let number = fact.strip_prefix("camera ")?.split(' ').next()?;
        number.parse().ok()
    });
    let sha256 = facts.rsplit_once("; SHA-256 ").and_then(|(_, hash)| {
        let hash = hash.get(..64)?.to_ascii_lowercase();
        hash.bytes()
            .all(|digit| digit.is_ascii_hexdigit())
            .then_some(hash)
    });
    Some(Origin { camera, sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_names_camera_and_recording() {
        let hash = "0123456789abcdef".repeat(4);
        let comment = format!(
            "\0\x10exptool 0.1.0: made of camera 7 bytes; .exp, 99 bytes; gaps collapse; camera 2 (a; b); SHA-256 {hash}\0moov"
        );
        let expected = Origin {
            camera: Some(2),
            sha256: Some(hash),
        };
        assert_eq!(parse_origin(comment.as_bytes()), Some(expected));
        let old = b"exptool 0.1.0: made of a.exp, 99 bytes; gaps collapse; all cameras\0";
        assert_eq!(parse_origin(old), Some(Origin::default()));
        assert_eq!(parse_origin(b"made by another program"), None);
    }
}
