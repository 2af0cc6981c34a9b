// SPDX-License-Identifier: MPL-2.0
//! The coded pictures of a converted file, taken out with GStreamer and compared with a manifest.

use super::{
    compare::{Comparison, How, Outcome},
    elementary,
    manifest::Manifest,
    rows::{Row, Says},
};
use crate::common::{Failure, frames::hash_coded, media};
use formats::reader::Codec;
use gst::{glib, prelude::*};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

/// Pictures that wait between GStreamer's threads and the comparison.
const QUEUE: usize = 256;

/// What GStreamer's threads tell.
enum Told {
    /// A picture of a stream.
    Picture(usize, [u8; 32]),
    /// GStreamer is at the end.
    End(Result<(), Failure>),
}

/// Compares each video stream of a file that GStreamer can take apart, or of a bare MPEG-4 stream.
///
/// # Errors
/// A file that cannot be read, or that has no video in a codec of these recordings.
pub fn run(
    path: &Path,
    old: &Manifest,
    camera: Option<u16>,
    part: bool,
) -> Result<Vec<Outcome>, Failure> {
    let how = How {
        camera,
        converted: true,
        part,
    };
    if elementary::begins(path) == Some(true) {
        let mut stream = Comparison::new(old, "video stream 0", how)?;
        elementary::pictures(path, &mut |sha256| stream.add(&row(stream.count(), sha256)))?;
        if stream.count() > 0 {
            return Ok(vec![stream.finish()?]);
        }
    }
    media::init()?;
    media::need(&["parsebin", "h264parse", "mpeg4videoparse"])?;
    let (sender, receiver) = mpsc::sync_channel(QUEUE);
    let pipeline = pipeline(path, &sender)?;
    let mut streams: Vec<Comparison<'_>> = Vec::new();
    let compared = std::thread::scope(|scope| {
        scope.spawn(|| {
            let done = media::run(&pipeline, |_| Ok(())).map(drop);
            let _ = sender.send(Told::End(done));
        });
        let mut ended = false;
        let compared = take(&receiver, &mut streams, &mut ended, |number| {
            Comparison::new(old, &format!("video stream {number}"), how)
        });
        if !ended {
            // a comparison that failed must not leave GStreamer waiting for room in the queue
            let _ = pipeline.post_message(gst::message::Eos::new());
            while !matches!(receiver.recv(), Ok(Told::End(_)) | Err(_)) {}
        }
        compared
    });
    let name = path.display();
    match compared {
        // GStreamer says what it misses; of anything else without a picture, the file is the reason
        Err(Failure::Media(text)) if streams.is_empty() && !text.contains("is missing") => {
            // what stands in brackets is of GStreamer's own sources
            let text = text.split(" (").next().unwrap_or_default();
            return Err(Failure::Input(format!(
                "{name}: is no recording that this program knows, and GStreamer finds no video in it: {text}"
            )));
        }
        compared => compared?,
    }
    if streams.is_empty() {
        return Err(Failure::Input(format!(
            "{name}: expected a stream of MPEG-4, H.264 or JPEG pictures, found none"
        )));
    }
    streams.into_iter().map(Comparison::finish).collect()
}

fn take<'a>(
    receiver: &mpsc::Receiver<Told>,
    streams: &mut Vec<Comparison<'a>>,
    ended: &mut bool,
    begin: impl Fn(usize) -> Result<Comparison<'a>, Failure>,
) -> Result<(), Failure> {
    loop {
        match receiver.recv() {
            Ok(Told::Picture(number, sha256)) => {
                while streams.len() <= number {
                    streams.push(begin(streams.len())?);
                }
                if let Some(stream) = streams.get_mut(number) {
                    stream.add(&row(stream.count(), sha256))?;
                }
            }
            Ok(Told::End(done)) => {
                *ended = true;
                return done;
            }
            Err(_) => return Ok(()),
        }
    }
}

/// A picture of a converted file, of which no record says anything.
fn row(n: u64, sha256: [u8; 32]) -> Row {
    Row {
        n,
        offset: 0,
        sha256,
        says: Says::nothing(0),
        video: true,
        orphan: false,
    }
}

fn pipeline(path: &Path, sender: &mpsc::SyncSender<Told>) -> Result<gst::Pipeline, Failure> {
    let pipeline = gst::Pipeline::new();
    let source = media::element("filesrc")?;
    source.set_property("location", path);
    let parse = media::element("parsebin")?;
    let fail = |error: glib::BoolError| Failure::Media(error.to_string());
    pipeline.add_many([&source, &parse]).map_err(fail)?;
    source.link(&parse).map_err(fail)?;
    let count = Arc::new(Mutex::new(0usize));
    let sender = sender.clone();
    let weak = pipeline.downgrade();
    parse.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else {
            return;
        };
        if let Err(error) = attach(&pipeline, pad, &count, &sender) {
            gst::element_error!(pipeline, gst::CoreError::Failed, ("{}", error.message));
        }
    });
    Ok(pipeline)
}

/// The codec of caps, where it is one of these recordings'.
fn codec_of(caps: &gst::Caps) -> Option<Codec> {
    let structure = caps.structure(0)?;
    match structure.name().as_str() {
        "video/mpeg" if structure.get::<i32>("mpegversion") == Ok(4) => Some(Codec::Mpeg4),
        "video/x-h264" => Some(Codec::H264),
        "image/jpeg" => Some(Codec::Jpeg),
        _ => None,
    }
}

/// Leads a pad into a sink; the pictures of a video pad are hashed on the way.
fn attach(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    count: &Mutex<usize>,
    sender: &mpsc::SyncSender<Told>,
) -> Result<(), glib::BoolError> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let codec = codec_of(&caps);
    let queue = gst::ElementFactory::make("queue").build()?;
    let sink = gst::ElementFactory::make("fakesink")
        .property("sync", false)
        .property("async", false)
        .build()?;
    let mut chain = vec![queue];
    if codec == Some(Codec::H264) {
        // access units with start codes, whatever the container has
        let filter = gst::Caps::builder("video/x-h264")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .build();
        chain.push(gst::ElementFactory::make("h264parse").build()?);
        let caps = gst::ElementFactory::make("capsfilter").property("caps", filter);
        chain.push(caps.build()?);
    }
    chain.push(sink.clone());
    pipeline.add_many(&chain)?;
    gst::Element::link_many(&chain)?;
    if let (Some(codec), Some(end)) = (codec, sink.static_pad("sink")) {
        let number = {
            let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
            *count += 1;
            *count - 1
        };
        let sender = sender.clone();
        end.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            if let Some(gst::PadProbeData::Buffer(buffer)) = &info.data
                && let Ok(map) = buffer.map_readable()
            {
                let _ = sender.send(Told::Picture(number, hash_coded(codec, &map)));
            }
            gst::PadProbeReturn::Ok
        });
    }
    for element in chain.iter().rev() {
        element.sync_state_with_parent()?;
    }
    let first = chain.first().and_then(|queue| queue.static_pad("sink"));
    if let Some(first) = first {
        pad.link(&first)
            .map_err(|error| glib::bool_error!("a stream cannot be read: {error:?}"))?;
    }
    Ok(())
}
