// SPDX-License-Identifier: MPL-2.0
//! All cameras of a recording in one picture, encoded anew.

use super::{
    ClockIn, Format,
    clip::{Finder, Tracker},
    graph::{self, Graph, built},
    origin, watch,
};
use crate::common::{Failure, media};
use crate::recording::{Camera, Recording};
use gst::prelude::*;
use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

/// Coded pictures of a camera that wait to be decoded at most. A camera that records nothing is told after a second and a half at
/// most, so the others need not wait longer for it.
const QUEUE_TIME: gst::ClockTime = gst::ClockTime::from_seconds(3);
/// The same in bytes: a picture every three seconds fills it only where pictures are larger than any.
const QUEUE_BYTES: u32 = 6 << 20;
/// Cameras in one picture at most.
pub const MAX_CAMERAS: usize = 16;
/// No side of the picture is longer.
const MAX_SIDE: i32 = 1920;

/// What is to be made of a recording.
pub struct Job<'a> {
    /// The file.
    pub recording: &'a Recording,
    /// Cameras from the upper left corner on.
    pub cameras: &'a [&'a Camera],
    /// Container.
    pub format: Format,
    /// Where the recorder's clock goes.
    pub clock: ClockIn,
    /// Gaps keep their length.
    pub preserve: bool,
    /// Window.
    pub window: Option<&'a Finder>,
    /// `--layout`.
    pub layout: Option<&'a str>,
    /// Comment that says what the output was made of.
    pub origin: &'a str,
}

/// Where a camera stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    x: i32,
    y: i32,
    width: i32,
    height: i32,
}

/// Cells of equal size, 4:3, in rows.
fn cells(cameras: &[&Camera]) -> Vec<Cell> {
    let count = i32::try_from(cameras.len().max(1)).unwrap_or(1);
    let columns = (1..=count).find(|n| n * n >= count).unwrap_or(count);
    let tallest = cameras.iter().map(|camera| i32::from(camera.height)).max();
    // a field of 240 lines stands for 480
    let wanted = tallest.filter(|height| *height > 0).unwrap_or(240).max(240);
    let width = (wanted * 4 / 3).min(MAX_SIDE / columns) / 4 * 4;
    let height = width * 3 / 4 / 2 * 2;
    (0..count)
        .map(|n| Cell {
            x: n % columns * width,
            y: n / columns * height,
            width,
            height,
        })
        .collect()
}

/// Builds the pipeline.
///
/// # Errors
/// A missing element; too many cameras.
pub fn build(job: &Job<'_>, out: &Path) -> Result<(Graph, Vec<graph::Shared>), Failure> {
    if job.cameras.len() > MAX_CAMERAS {
        return Err(Failure::Use(format!(
            "{} cameras do not fit one picture, {MAX_CAMERAS} do: choose with --camera",
            job.cameras.len()
        )));
    }
    let pipeline = gst::Pipeline::new();
    let demux = graph::source(&pipeline, job.recording, 0, job.preserve, job.layout)?;
    let compositor = media::element("compositor")?;
    compositor.set_property_from_str("background", "black");
    let mut elements = vec![compositor.clone(), rate(job.cameras)?];
    elements.extend(graph::encoder()?);
    pipeline.add_many(&elements).map_err(built)?;
    gst::Element::link_many(&elements).map_err(built)?;
    let sink = graph::sink(&pipeline, out)?;
    let muxer = job
        .format
        .muxer()
        .ok_or_else(|| Failure::Use(format!("a mosaic cannot go into {}", job.format.name())))?;
    let mux = media::element(muxer)?;
    origin::write(&mux, job.origin);
    pipeline.add(&mux).map_err(built)?;
    if let Some(last) = elements.last() {
        last.link_pads(Some("src"), &mux, Some("video_%u"))
            .map_err(built)?;
    }
    mux.link(&sink).map_err(built)?;
    let common = Arc::new(OnceLock::new());
    let mut branches = Vec::new();
    for (camera, cell) in job.cameras.iter().zip(cells(job.cameras)) {
        let clip = match job.window {
            None => None,
            Some(finder) => match finder.clip(camera.number, camera.timing.interval / 2) {
                None => continue,
                clip => clip,
            },
        };
        let words = graph::words(job.recording, camera);
        let mut tracker = Tracker::new(clip, true, !job.preserve, words);
        tracker.common = Some(common.clone());
        let tracker = Arc::new(Mutex::new(tracker));
        branches.push(branch(job, &pipeline, camera, cell, tracker)?);
    }
    let trackers: Vec<graph::Shared> = branches.iter().map(|b| b.tracker.clone()).collect();
    connect(&demux, &compositor, branches);
    let Some(tracker) = trackers.first().cloned() else {
        return Err(Failure::Input(
            "nothing was recorded in that time".to_owned(),
        ));
    };
    let graph = Graph {
        pipeline,
        tracker,
        notes: Vec::new(),
    };
    Ok((graph, trackers))
}

/// A camera's way to its cell.
struct Branch {
    pad: String,
    head: gst::Pad,
    last: gst::Element,
    cell: Cell,
    tracker: graph::Shared,
}

fn branch(
    job: &Job<'_>,
    pipeline: &gst::Pipeline,
    camera: &Camera,
    cell: Cell,
    tracker: graph::Shared,
) -> Result<Branch, Failure> {
    let mut elements = vec![graph::queue(QUEUE_BYTES, Some(QUEUE_TIME))?];
    elements.extend(graph::decoder(camera.codec)?);
    let decoded = elements.last().and_then(|last| last.static_pad("src"));
    for name in ["videoconvert", "videoscale"] {
        elements.push(media::element(name)?);
    }
    let filter = media::element("capsfilter")?;
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", cell.width)
        .field("height", cell.height)
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .build();
    filter.set_property("caps", caps);
    elements.push(filter);
    let overlay = (job.clock == ClockIn::Burn)
        .then(graph::overlay)
        .transpose()?;
    elements.extend(overlay.clone());
    if let Some(pad) = decoded {
        watch::watch_decoded(&pad, &tracker, overlay, 19);
    }
    let (head, last) = graph::chain(pipeline, &elements)?;
    Ok(Branch {
        pad: format!("video_{}", camera.number),
        head,
        last,
        cell,
        tracker,
    })
}

/// A camera joins when its first picture comes: the compositor waits for every pad that it has.
fn connect(demux: &gst::Element, compositor: &gst::Element, branches: Vec<Branch>) {
    let compositor = compositor.downgrade();
    demux.connect_pad_added(move |demux, pad| {
        let branch = branches.iter().find(|branch| branch.pad == pad.name());
        let (Some(branch), Some(compositor)) = (branch, compositor.upgrade()) else {
            return;
        };
        watch::watch_pictures(pad, &branch.tracker, true, None);
        let joined = (|| {
            let cell = compositor.request_pad_simple("sink_%u")?;
            cell.set_property("xpos", branch.cell.x);
            cell.set_property("ypos", branch.cell.y);
            branch.last.static_pad("src")?.link(&cell).ok()?;
            pad.link(&branch.head).ok()
        })();
        if joined.is_none() {
            let what = format!("{} cannot join the mosaic", branch.pad);
            demux.post_error_message(gst::error_msg!(gst::CoreError::Pad, ["{what}"]));
        }
    });
}

/// A mosaic has one rate: the highest of its cameras.
fn rate(cameras: &[&Camera]) -> Result<gst::Element, Failure> {
    let shortest = cameras.iter().map(|camera| camera.timing.interval).min();
    let interval = shortest.unwrap_or(100_000_000).max(1);
    let rate = (1_000_000_000 + interval / 2) / interval;
    let rate = i32::try_from(rate.clamp(1, 30)).unwrap_or(10);
    let filter = media::element("capsfilter")?;
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("framerate", gst::Fraction::new(rate, 1))
        .build();
    filter.set_property("caps", caps);
    Ok(filter)
}
