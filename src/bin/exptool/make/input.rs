// SPDX-License-Identifier: MPL-2.0
//! The inputs: any video that GStreamer can decode, and test patterns.

use super::{
    Make,
    pipeline::{caps_filter, fail, running_of},
    watch::Watch,
};
use crate::common::{Failure, media};
use gst::{glib, prelude::*};
use std::sync::Arc;

/// Adds an input, decoded and led to its branches of pictures and sound. What decodes it is handed back.
///
/// # Errors
/// A missing element, a test pattern that there is not.
pub fn add(
    make: &Make,
    pipeline: &gst::Pipeline,
    n: usize,
    (first, audio): (&gst::Element, Option<gst::Element>),
    watch: &Watch,
) -> Result<Option<gst::Element>, Failure> {
    let input = make.inputs.get(n).map(String::as_str).unwrap_or_default();
    if let Some(pattern) = input.strip_prefix("test:") {
        return test_source(make, pipeline, pattern, first).map(|()| None);
    }
    let path =
        std::path::absolute(input).map_err(|error| Failure::Input(format!("{input}: {error}")))?;
    let uri = glib::filename_to_uri(&path, None)
        .map_err(|error| Failure::Input(format!("{input}: {error}")))?;
    let source = media::element("uridecodebin")?;
    source.set_property("uri", uri.as_str());
    pipeline.add(&source).map_err(fail)?;
    bound(&source);
    let branches = Branches {
        name: input.to_owned(),
        video: first.static_pad("sink"),
        audio: audio.and_then(|first| first.static_pad("sink")),
        limit: limit(make),
        watch: watch.clone(),
    };
    let branches = Arc::new(branches);
    let all = branches.clone();
    source.connect_pad_added(move |source, pad| branches.link(source, pad));
    source.connect_no_more_pads(move |source| all.check(source));
    Ok(Some(source))
}

/// Decoders that take one picture at a time hold the fewest.
fn bound(source: &gst::Element) {
    let Some(bin) = source.downcast_ref::<gst::Bin>() else {
        return;
    };
    bin.connect_deep_element_added(|_, _, element| {
        if element.has_property_with_type("max-threads", i32::static_type()) {
            element.set_property("max-threads", 1_i32);
        }
    });
}

/// Where the streams of an input go.
struct Branches {
    name: String,
    video: Option<gst::Pad>,
    audio: Option<gst::Pad>,
    limit: Option<i64>,
    watch: Watch,
}

impl Branches {
    fn link(&self, source: &gst::Element, pad: &gst::Pad) {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let kind = caps.structure(0).map(|structure| structure.name());
        let (branch, limit) = match kind.map(|name| name.as_str()) {
            Some("video/x-raw") => (&self.video, None),
            Some("audio/x-raw") => (&self.audio, self.limit),
            _ => return,
        };
        let Some(sink) = branch.as_ref().filter(|sink| !sink.is_linked()) else {
            return;
        };
        cut(sink, limit);
        let watch = self.watch.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            watch.moved();
            gst::PadProbeReturn::Ok
        });
        if let Err(error) = pad.link(sink) {
            let text = format!("{}: cannot be used: {error:?}", self.name);
            self.refuse(source, text);
        }
    }

    /// All streams are there: the muxer would wait for ever for one that is not.
    fn check(&self, source: &gst::Element) {
        let lacks = |branch: &Option<gst::Pad>| branch.as_ref().is_some_and(|pad| !pad.is_linked());
        if lacks(&self.video) {
            self.refuse(source, format!("{}: has no video", self.name));
        } else if lacks(&self.audio) {
            let text = format!("{}: has no sound, which --sound asks for", self.name);
            self.refuse(source, text);
        }
    }

    fn refuse(&self, source: &gst::Element, text: String) {
        self.watch.trouble(Failure::Input(text.clone()));
        gst::element_error!(source, gst::StreamError::Failed, ("{text}"));
    }
}

/// Running time at which videos end, ns.
pub fn limit(make: &Make) -> Option<i64> {
    make.seconds.map(|seconds| (seconds * 1e9) as i64)
}

/// Ends a branch at a running time: what is behind it is refused, as by a sink that is at its end.
pub fn cut(pad: &gst::Pad, limit: Option<i64>) {
    let Some(limit) = limit else {
        return;
    };
    pad.add_probe(
        gst::PadProbeType::BUFFER,
        move |pad, info| match running_of(pad, info) {
            Some(running) if running >= limit => {
                drop(info.data.take());
                info.flow_res = Err(gst::FlowError::Eos);
                gst::PadProbeReturn::Handled
            }
            _ => gst::PadProbeReturn::Ok,
        },
    );
}

/// Pictures of each camera, where their number is limited.
fn pictures(make: &Make) -> Option<i32> {
    let (num, den) = make.rate;
    let count = make.seconds? * f64::from(num) / f64::from(den);
    Some((count.ceil() as i32).max(1))
}

fn test_source(
    make: &Make,
    pipeline: &gst::Pipeline,
    pattern: &str,
    first: &gst::Element,
) -> Result<(), Failure> {
    let source = media::element("videotestsrc")?;
    let class = source
        .find_property("pattern")
        .and_then(|spec| glib::EnumClass::with_type(spec.value_type()));
    if class.is_none_or(|class| class.value_by_nick(pattern).is_none()) {
        return Err(Failure::Use(format!(
            "test:{pattern}: videotestsrc has no such pattern (gst-inspect-1.0 videotestsrc lists them)"
        )));
    }
    source.set_property_from_str("pattern", pattern);
    let (num, den) = make.rate;
    let ten_seconds = 10 * num / den.max(1);
    source.set_property("num-buffers", pictures(make).unwrap_or(ten_seconds.max(1)));
    let caps = gst::Caps::builder("video/x-raw")
        .field("framerate", gst::Fraction::new(num, den))
        .build();
    let filter = caps_filter(caps)?;
    pipeline.add_many([&source, &filter]).map_err(fail)?;
    gst::Element::link_many([&source, &filter, first]).map_err(fail)
}
