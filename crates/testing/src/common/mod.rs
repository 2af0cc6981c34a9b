// SPDX-License-Identifier: MPL-2.0
//! What several test files share.

pub mod collect;
pub mod shell;

pub use crate::{make, plv1};

use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use gst::prelude::*;

/// GStreamer with this crate's elements. A critical of GLib or GStreamer ends the test program, as `G_DEBUG=fatal-criticals` would
/// do it: GLib has read the environment before any line of a test runs, so it is not set there.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let fatal = gst::glib::LogLevels::LEVEL_CRITICAL | gst::glib::LogLevels::LEVEL_ERROR;
        gst::glib::log_set_always_fatal(fatal);
        gst::init().unwrap();
        gstexp::plugin_register_static().unwrap();
    });
}

/// A folder of the shared samples (`dx`, `netvu`), or nothing, said out loud.
pub fn samples(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("EXP_SAMPLES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("../shared/samples"),
        PathBuf::from,
    );
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    // not by eprintln!, which is kept back while the test passes
    let text = format!(
        "\nSKIPPED: no samples at {} (set EXP_SAMPLES)\n",
        path.display()
    );
    let _ = std::io::stderr().write_all(text.as_bytes());
    None
}

/// How a pipeline ended.
#[derive(Debug, Default)]
pub struct Ending {
    /// Text of the error, where there was one.
    pub error: Option<String>,
    /// Texts of the warnings.
    pub warnings: Vec<String>,
}

/// Runs a pipeline to its end. At most 60 s.
pub fn play(pipeline: &gst::Pipeline) -> Ending {
    let bus = pipeline.bus().unwrap();
    let mut ending = Ending::default();
    let _ = pipeline.set_state(gst::State::Playing);
    loop {
        let Some(message) = bus.timed_pop(gst::ClockTime::from_seconds(60)) else {
            ending.error = Some("no end within 60 s".into());
            break;
        };
        match message.view() {
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(error) => {
                ending.error = Some(format!("{} ({:?})", error.error(), error.debug()));
                break;
            }
            gst::MessageView::Warning(warning) => {
                ending.warnings.push(warning.error().to_string());
            }
            _ => {}
        }
    }
    pipeline.set_state(gst::State::Null).unwrap();
    ending
}

/// The same from a description in the syntax of gst-launch.
pub fn launch(description: &str) -> Ending {
    init();
    let pipeline = gst::parse::launch(description)
        .unwrap_or_else(|error| panic!("{description}: {error}"))
        .downcast::<gst::Pipeline>()
        .unwrap();
    play(&pipeline)
}

/// The same, which has to end without an error.
pub fn launch_well(description: &str) -> Ending {
    let ending = launch(description);
    assert_eq!(ending.error, None, "{description}");
    ending
}
