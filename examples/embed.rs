// SPDX-License-Identifier: MPL-2.0
//! Opens a recording in an application of one's own: lists its cameras with their titles, the number of frames, and the
//! recorder's time of the first and the last one. The plugin is linked in; nothing has to be installed.
//!
//! cargo run --example embed FILE.exp
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

/// Number of frames, times of the first and the last one.
type Seen = BTreeMap<String, (u32, gst::ClockTime, gst::ClockTime)>;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: embed FILE.exp")?;
    gst::init()?;
    gstexp::plugin_register_static()?;

    let bin = gst::parse::bin_from_description("filesrc name=src ! expdemux name=demux", false)?;
    let (source, demux) = (bin.by_name("src").unwrap(), bin.by_name("demux").unwrap());
    source.set_property("location", &path);
    let pipeline = gst::Pipeline::new();
    pipeline.add(&bin)?;

    let seen = Arc::new(Mutex::new(Seen::new()));
    let (weak, all) = (bin.downgrade(), seen.clone());
    demux.connect_pad_added(move |_, pad| {
        // Each pad has a queue, so that no camera waits for another one. An application would put a decoder and a window after it.
        let branch = gst::parse::bin_from_description("queue ! fakesink", true);
        let (Some(bin), Ok(branch)) = (weak.upgrade(), branch) else {
            return;
        };
        let added = bin
            .add(&branch)
            .and_then(|()| branch.sync_state_with_parent());
        let target = added.ok().and_then(|()| branch.static_pad("sink"));
        if target.is_none_or(|target| pad.link(&target).is_err())
            || !pad.name().starts_with("video")
        {
            return;
        }
        let all = all.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            if let Some(time) = info.buffer().and_then(|buffer| recorder_time(buffer)) {
                let mut all = all.lock().unwrap();
                let camera = all.entry(pad.name().to_string()).or_insert((0, time, time));
                *camera = (camera.0 + 1, camera.1, time);
            }
            gst::PadProbeReturn::Ok
        });
    });

    pipeline.set_state(gst::State::Playing)?;
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    let message = bus.timed_pop_filtered(gst::ClockTime::NONE, &ends);
    if let Some(gst::MessageView::Error(error)) = message.as_ref().map(|message| message.view()) {
        return Err(error.error().into());
    }
    for (name, (frames, first, last)) in seen.lock().unwrap().iter() {
        let title = demux.static_pad(name).and_then(|pad| title(&pad));
        let title = title.unwrap_or_default();
        println!(
            "{name} \"{title}\": {frames} frames from {} to {}",
            text(*first)?,
            text(*last)?
        );
    }
    pipeline.set_state(gst::State::Null)?;
    Ok(())
}

/// When the recorder took the frame.
fn recorder_time(buffer: &gst::BufferRef) -> Option<gst::ClockTime> {
    let mut metas = buffer.iter_meta::<gst::ReferenceTimestampMeta>();
    let unix = gst::Caps::new_empty_simple("timestamp/x-unix");
    let meta = metas.find(|meta| meta.reference().can_intersect(&unix))?;
    Some(meta.timestamp())
}

/// The camera's title, of the tags that the pad keeps.
fn title(pad: &gst::Pad) -> Option<String> {
    let events = (0..).map_while(|n| pad.sticky_event::<gst::event::Tag>(n));
    let titles = events.filter_map(|event| event.tag().get::<gst::tags::Title>());
    titles.map(|title| title.get().to_owned()).last()
}

fn text(time: gst::ClockTime) -> Result<glib::GString, glib::BoolError> {
    glib::DateTime::from_unix_utc(time.seconds() as i64)?.format("%Y-%m-%d %H:%M:%S")
}
