// SPDX-License-Identifier: MPL-2.0
//! The inputs: any video that GStreamer can decode, and test patterns.

use super::{Make, pipeline::running_of, watch::Watch};
use crate::common::{Failure, media};
use gst::{glib, prelude::*};
use std::sync::Arc;

/// Adds the frames of an input, decoded and led to their branch. Returns what decodes them.
///
/// # Errors
/// A missing element, a test pattern that there is not.
pub fn frames(
    make: &Make,
    pipeline: &gst::Pipeline,
    n: usize,
    first: &gst::Element,
    watch: &Watch,
) -> Result<Option<gst::Element>, Failure> {
    let input = make.inputs.get(n).map(String::as_str).unwrap_or_default();
    if let Some(pattern) = input.strip_prefix("test:") {
        return test_source(make, pipeline, pattern, first).map(|()| None);
    }
    decoder(make, pipeline, input, (first, &FRAMES), watch).map(Some)
}

/// Adds the audio of an input. It has a demuxer of its own: where one demuxer feeds both, frames that wait for audio keep it from
/// getting there, and audio may begin late, or end early, by any length of time.
///
/// # Errors
/// A missing element.
pub fn audio(
    make: &Make,
    pipeline: &gst::Pipeline,
    n: usize,
    first: &gst::Element,
    watch: &Watch,
) -> Result<gst::Element, Failure> {
    let input = make.inputs.get(n).map(String::as_str).unwrap_or_default();
    decoder(make, pipeline, input, (first, &AUDIO), watch)
}

/// What is taken of an input.
struct Kind {
    /// Decoded.
    raw: &'static str,
    /// A field that coded streams of the other kind have and containers do not: those are not decoded.
    other: &'static str,
    /// Words for an input that has none.
    none: &'static str,
}

const FRAMES: Kind = Kind {
    raw: "video/x-raw",
    other: "rate",
    none: "has no video",
};
const AUDIO: Kind = Kind {
    raw: "audio/x-raw",
    other: "width",
    none: "has no audio, which --audio asks for",
};

fn decoder(
    make: &Make,
    pipeline: &gst::Pipeline,
    input: &str,
    (first, kind): (&gst::Element, &'static Kind),
    watch: &Watch,
) -> Result<gst::Element, Failure> {
    let path =
        std::path::absolute(input).map_err(|error| Failure::Input(format!("{input}: {error}")))?;
    let uri = glib::filename_to_uri(&path, None)
        .map_err(|error| Failure::Input(format!("{input}: {error}")))?;
    let source = media::element("uridecodebin")?;
    source.set_property("uri", uri.as_str());
    // coded bytes that wait before the decoder; its own default is 8 MiB
    source.set_property("buffer-size", 1_i32 << 20);
    pipeline.add(&source).map_err(fail)?;
    bound(&source);
    source.connect("autoplug-continue", false, |values| {
        let caps = values.get(2)?.get::<gst::Caps>().ok()?;
        let coded = caps
            .structure(0)
            .is_some_and(|caps| caps.has_field(kind.other));
        Some((!coded).to_value())
    });
    let branch = Branch {
        name: input.to_owned(),
        sink: first.static_pad("sink"),
        kind,
        limit: limit(make),
        watch: watch.clone(),
    };
    let branch = Arc::new(branch);
    let all = branch.clone();
    source.connect_pad_added(move |source, pad| branch.link(source, pad));
    source.connect_no_more_pads(move |source| all.check(source));
    Ok(source)
}

/// Decoders that take one frame at a time hold the fewest.
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

/// Where the stream of an input goes.
struct Branch {
    name: String,
    sink: Option<gst::Pad>,
    kind: &'static Kind,
    limit: Option<i64>,
    watch: Watch,
}

impl Branch {
    fn link(&self, source: &gst::Element, pad: &gst::Pad) {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let wanted = caps
            .structure(0)
            .is_some_and(|caps| caps.name() == self.kind.raw);
        let Some(sink) = self
            .sink
            .as_ref()
            .filter(|sink| wanted && !sink.is_linked())
        else {
            return;
        };
        cut(sink, self.limit);
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
        if self.sink.as_ref().is_some_and(|pad| !pad.is_linked()) {
            self.refuse(source, format!("{}: {}", self.name, self.kind.none));
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

/// Frames of each camera, where their number is limited.
fn count(make: &Make) -> Option<i32> {
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
    source.set_property("num-buffers", count(make).unwrap_or(ten_seconds.max(1)));
    let caps = gst::Caps::builder("video/x-raw")
        .field("framerate", gst::Fraction::new(num, den))
        .build();
    pipeline.add(&source).map_err(fail)?;
    source.link_filtered(first, &caps).map_err(fail)
}

fn fail(error: glib::BoolError) -> Failure {
    Failure::Media(error.to_string())
}
