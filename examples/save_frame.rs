// SPDX-License-Identifier: MPL-2.0
//! Saves one frame of a camera as a PNG file that is named after the recorder's time of that frame.
//!
//! `cargo run --example save_frame -- FILE.exp CAMERA SECONDS`: the first frame at or after that many seconds of stream time.
use std::error::Error;

use gst::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: save_frame FILE.exp CAMERA SECONDS";
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, camera, seconds] = args.as_slice() else {
        return Err(usage.into());
    };
    let (camera, seconds): (u32, f64) = (camera.parse()?, seconds.parse()?);
    gst::init()?;
    gstexp::plugin_register_static()?;

    // Encoders and converters copy the recorder's time from buffer to buffer, so the PNG's buffer has that of its frame.
    let pipeline = gst::parse::launch(
        "filesrc name=source ! expdemux name=demux ! decodebin ! videoconvert ! pngenc ! fakesink name=out enable-last-sample=true",
    )?;
    let pipeline = pipeline
        .downcast::<gst::Pipeline>()
        .map_err(|_| "not a pipeline")?;
    let find = |name: &str| {
        pipeline
            .by_name(name)
            .ok_or("the pipeline lacks an element")
    };
    find("source")?.set_property("location", path);
    find("demux")?.set_property("camera", camera);
    let out = find("out")?;

    pipeline.set_state(gst::State::Paused)?;
    wait(&pipeline)?;
    let time = gst::ClockTime::try_from_seconds_f64(seconds)?;
    pipeline.seek_simple(gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE, time)?;
    wait(&pipeline)?;

    let sample = out.property::<Option<gst::Sample>>("last-sample");
    let sample = sample.ok_or("there is no frame at or after that time")?;
    let buffer = sample.buffer().ok_or("a sample without a buffer")?;
    let unix = gst::Caps::new_empty_simple("timestamp/x-unix");
    let meta = buffer
        .iter_meta::<gst::ReferenceTimestampMeta>()
        .find(|meta| meta.reference().can_intersect(&unix));
    let time = meta
        .map(|meta| meta.timestamp())
        .ok_or("the frame has no recorder's time")?;
    let text = glib::DateTime::from_unix_utc(time.seconds() as i64)?.format("%Y-%m-%dT%H%M%S")?;
    let name = format!("camera{camera}_{text}.{:03}Z.png", time.mseconds() % 1000);
    std::fs::write(&name, buffer.map_readable()?.as_slice())?;
    println!("{name}");
    pipeline.set_state(gst::State::Null)?;
    Ok(())
}

/// Waits until the sink has a frame.
fn wait(pipeline: &gst::Pipeline) -> Result<(), Box<dyn Error>> {
    let ends = [
        gst::MessageType::AsyncDone,
        gst::MessageType::Eos,
        gst::MessageType::Error,
    ];
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &ends);
    match message.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => Err(error.error().to_string().into()),
        _ => Ok(()),
    }
}
