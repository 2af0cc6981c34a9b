// SPDX-License-Identifier: MPL-2.0
//! The coded pictures of a converted file, taken out with GStreamer and held against a manifest.

use super::{
    compare::{Comparison, How, Outcome, Picture},
    manifest::Manifest,
};
use crate::common::{
    Failure,
    frames::{hash_coded, hex},
    media,
};
use gst::{glib, prelude::*};
use gstexp::container::reader::Codec;
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

/// Compares each video stream of a file that GStreamer can take apart.
///
/// # Errors
/// A file that GStreamer cannot read, or that has no video in a codec of these recordings.
pub fn run(
    path: &Path,
    old: &Manifest,
    camera: Option<u16>,
    part: bool,
) -> Result<Vec<Outcome>, Failure> {
    media::init()?;
    media::need(&["parsebin", "h264parse", "mpeg4videoparse"])?;
    let (sender, receiver) = mpsc::sync_channel(QUEUE);
    let pipeline = pipeline(path, &sender)?;
    let mut streams: Vec<Option<Stream>> = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let done = media::run(&pipeline, |_| Ok(())).map(drop);
            let _ = sender.send(Told::End(done));
        });
        let mut ended = false;
        let compared = take(&receiver, &mut streams, &mut ended, |number, first| {
            Stream::new(number, first, old, camera, part)
        });
        if !ended {
            // a comparison that failed must not leave GStreamer waiting for room in the queue
            let _ = pipeline.post_message(gst::message::Eos::new());
            while !matches!(receiver.recv(), Ok(Told::End(_)) | Err(_)) {}
        }
        compared
    })?;
    let streams: Vec<Stream> = streams.into_iter().flatten().collect();
    if streams.is_empty() {
        return Err(Failure::Input(format!(
            "{}: expected a stream of MPEG-4, H.264 or JPEG pictures, found none",
            path.display()
        )));
    }
    streams
        .into_iter()
        .map(|stream| stream.comparison.finish())
        .collect()
}

/// A stream of the file.
struct Stream {
    comparison: Comparison,
    count: u64,
}

fn take(
    receiver: &mpsc::Receiver<Told>,
    streams: &mut Vec<Option<Stream>>,
    ended: &mut bool,
    begin: impl Fn(usize, &str) -> Result<Stream, Failure>,
) -> Result<(), Failure> {
    loop {
        match receiver.recv() {
            Ok(Told::Picture(number, hash)) => {
                let hash = hex(&hash);
                if streams.len() <= number {
                    streams.resize_with(number + 1, || None);
                }
                let Some(place) = streams.get_mut(number) else {
                    continue;
                };
                if place.is_none() {
                    *place = Some(begin(number, &hash)?);
                }
                if let Some(stream) = place {
                    let n = stream.count;
                    stream.count += 1;
                    stream.comparison.add(Picture { n, sha256: hash })?;
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

impl Stream {
    /// The camera is the asked one, or the one whose picture the first of the stream is.
    fn new(
        number: usize,
        first: &str,
        old: &Manifest,
        camera: Option<u16>,
        part: bool,
    ) -> Result<Stream, Failure> {
        let camera = match camera {
            Some(camera) => Some(camera),
            None => camera_of(first, old)?,
        };
        let how = How {
            camera,
            only_video: true,
            orphans_may_miss: true,
            part,
        };
        let what = format!("video stream {number}");
        Ok(Stream {
            comparison: Comparison::new(old, &what, how)?,
            count: 0,
        })
    }
}

/// The camera that has this picture; the first camera where none has it.
fn camera_of(hash: &str, old: &Manifest) -> Result<Option<u16>, Failure> {
    let mut entries = old.entries()?;
    let mut first = None;
    while let Some(entry) = entries.next()? {
        if entry.video && entry.sha256 == hash {
            return Ok(Some(entry.camera));
        }
        if entry.video {
            first.get_or_insert(entry.camera);
        }
    }
    Ok(first)
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
