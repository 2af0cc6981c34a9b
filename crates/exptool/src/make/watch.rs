// SPDX-License-Identifier: MPL-2.0
//! Runs the pipeline: how far it is, what is wrong with which input, and whether it still moves.

use super::{Make, pipeline::Made};
use crate::common::{Common, Failure, media, progress::Progress};
use gst::prelude::*;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Nothing moves for so long: it never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the pipeline's threads report.
#[derive(Clone, Default)]
pub struct Watch(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Frames and blocks of audio that moved.
    moved: AtomicU64,
    /// Running time of the last frame of any camera, ns.
    last: AtomicI64,
    /// The same of the last keyframe.
    key: AtomicI64,
    /// An input that cannot be used.
    trouble: Mutex<Option<Failure>>,
    /// An input brought its own times along, and they were kept.
    kept: AtomicBool,
}

impl Watch {
    /// Something moved.
    pub fn moved(&self) {
        self.0.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// A coded frame is about to be written.
    pub fn frame(&self, running: i64, key: bool) {
        self.moved();
        self.0.last.fetch_max(running, Ordering::Relaxed);
        if key {
            self.0.key.fetch_max(running, Ordering::Relaxed);
        }
    }

    /// Running times of the last frame and of the last keyframe, ns.
    pub fn ends(&self) -> (i64, i64) {
        let read = |time: &AtomicI64| time.load(Ordering::Relaxed);
        (read(&self.0.last), read(&self.0.key))
    }

    /// An input cannot be used. The first reason stays.
    pub fn trouble(&self, failure: Failure) {
        let trouble = self.0.trouble.lock();
        let mut trouble = trouble.unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert(failure);
    }

    fn take_trouble(&self) -> Option<Failure> {
        let trouble = self.0.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).take()
    }

    /// An input's own times are kept.
    pub fn keep(&self) {
        self.0.kept.store(true, Ordering::Relaxed);
    }
}

/// Runs the pipeline to its end and puts it to rest.
///
/// # Errors
/// An input that cannot be used, by its name; a missing plugin with its package; a pipeline that stands still.
pub fn run(
    make: &Make,
    common: &Common,
    made: &Made,
    watch: &Watch,
    mut tick: impl FnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut progress = None;
    let mut lacks = HashMap::new();
    let (mut moved, mut since) = (0, Instant::now());
    media::run_with(
        &made.pipeline,
        &mut || {
            if progress.is_none() {
                progress = made
                    .length(make)
                    .map(|total| Progress::count(common, total, "milliseconds made"));
            }
            if let Some(progress) = &mut progress {
                let last = watch.0.last.load(Ordering::Relaxed) / 1_000_000;
                progress.at(last.unsigned_abs());
            }
            let now = watch.0.moved.load(Ordering::Relaxed);
            if now != moved {
                (moved, since) = (now, Instant::now());
            } else if since.elapsed() > PATIENCE {
                return Err(watch.take_trouble().unwrap_or_else(|| {
                    let patience = PATIENCE.as_secs();
                    Failure::Media(format!("no frame came for {patience} seconds: given up"))
                }));
            }
            tick()
        },
        &mut |message| heard(make, made, watch, message, &mut lacks),
    )?;
    watch.take_trouble().map_or(Ok(()), Err)?;
    if watch.0.kept.load(Ordering::Relaxed) {
        eprintln!(
            "exptool: an INPUT brings the recorder's times along, which are kept (--start gives others)"
        );
    }
    Ok(())
}

/// A message of an element: an error, or a plugin that is missing, which an error may follow. `lacks` holds these for each input.
fn heard(
    make: &Make,
    made: &Made,
    watch: &Watch,
    message: &gst::MessageRef,
    lacks: &mut HashMap<Option<usize>, Failure>,
) -> Result<(), Failure> {
    let input = message.src().and_then(|source| input_of(made, source));
    let name = input.and_then(|n| make.inputs.get(n));
    if let gst::MessageView::Error(error) = message.view() {
        let reason = lacks.remove(&input).or_else(|| watch.take_trouble());
        return Err(reason.unwrap_or_else(|| match name {
            Some(name) => unusable(name, error),
            None => failed(make, error),
        }));
    }
    if let Some(failure) = media::missing_plugin(message) {
        let text = match name {
            Some(name) => format!("{name}: {failure}"),
            None => failure.to_string(),
        };
        lacks.entry(input).or_insert(Failure::Media(text));
    }
    Ok(())
}

/// Number of the input whose decoder holds this element.
fn input_of(made: &Made, element: &gst::Object) -> Option<usize> {
    let holds = |source: &gst::Element| {
        source.upcast_ref::<gst::Object>() == element || element.has_as_ancestor(source)
    };
    let source = made.sources.iter().find(|(_, source)| holds(source));
    source.map(|(n, _)| *n)
}

/// What an error of another element says.
fn failed(make: &Make, error: &gst::message::Error) -> Failure {
    match media::explain(error) {
        Failure::Output(text) => Failure::Output(format!("{}: {text}", make.output.display())),
        other => other,
    }
}

/// What an error of a decoder says about the input.
fn unusable(name: &str, error: &gst::message::Error) -> Failure {
    let error = error.error();
    let unknown = [
        gst::StreamError::TypeNotFound,
        gst::StreamError::WrongType,
        gst::StreamError::CodecNotFound,
    ];
    Failure::Input(match unknown.into_iter().any(|kind| error.matches(kind)) {
        true => format!("{name}: expected a video that GStreamer can read: {error}"),
        false => format!("{name}: cannot be decoded: {error}"),
    })
}
