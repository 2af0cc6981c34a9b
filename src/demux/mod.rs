// SPDX-License-Identifier: MPL-2.0
//! What the demuxers share: everything between a [`Reader`] and the pads.
//!
//! A frame travels so: a source ([`push`], [`pull`]) makes a [`Block`](input::Block) of bytes; [`parse`] shows it to the reader and gets packets;
//! [`head`] holds the first ones back until timing and codec are known; the timeline gives each its running time; [`emit`] turns it
//! into buffers and events for the [`streams`]; [`output`] pushes these without holding any lock. Seeking re-enters at the source.
//!
//! Locks: one for the settings, one for the state. Neither is held across a call out of the element, and never both at once.

mod emit;
mod head;
mod input;
mod listing;
mod live;
mod locate;
mod output;
mod parse;
mod place;
mod pull;
mod push;
mod push_seek;
mod query;
mod reverse;
mod sampling;
mod seek;
mod sink;
mod sink_event;
mod state;
mod stats;
mod streams;
mod survey;
mod tag_lists;
mod time_map {
    pub use formats::recording::{Accuracy, Space, TimeMap};
}
mod toc;

use formats::{
    reader::{Packet, Reader, Window},
    timeline::GapPolicy,
    titles::Titles,
};
use gst::{glib, prelude::*};
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering};

/// Outcome of looking at a file's first bytes.
pub enum Opened {
    /// More bytes would decide.
    Need(usize),
    /// A reader for the file.
    Reader(Box<dyn Reader>),
    /// Not a file of this element: what was looked for.
    No(String),
}

/// What one demuxer has of its own.
pub trait Format: Send + Sync + 'static {
    /// Looks at the first bytes of a file.
    fn open(&self, head: &Window<'_>) -> Opened;

    /// Shape of a pixel, width to height, for a picture of this size.
    fn pixel_aspect(&self, width: u16, height: u16) -> (i32, i32);

    /// Records that are held back at the start to measure clock and codec; 0 for live sources.
    fn head_records(&self) -> usize {
        64
    }

    /// Adds what else is known of a frame to its buffer.
    fn decorate(&self, _packet: &Packet, _buffer: &mut gst::BufferRef) {}
}

/// Whether the recorder timestamps UTC or its local time. Public material does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, glib::Enum)]
#[enum_type(name = "GstExpRecorderClock")]
pub enum RecorderClock {
    /// The timestamps are UTC.
    #[default]
    #[enum_value(name = "Timestamps are UTC", nick = "utc")]
    Utc,
    /// The timestamps are local time: the file's UTC offset, or `utc-offset`, is taken off.
    #[enum_value(name = "Timestamps are local time", nick = "local")]
    Local,
}

/// Properties, as the streaming thread uses them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What becomes of time in which nothing was recorded.
    pub gap_policy: GapPolicy,
    /// Meaning of the timestamps.
    pub recorder_clock: RecorderClock,
    /// Minutes east of UTC, instead of the file's.
    pub utc_offset: Option<i32>,
    /// Pictures without a reference are dropped.
    pub drop_orphans: bool,
    /// The only camera to output; 0 = all.
    pub camera: u16,
    /// File of a unit's configuration, for what the recording does not tell.
    pub par_config: Option<String>,
    /// What that file told.
    pub given: Titles,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            gap_policy: GapPolicy::Collapse,
            recorder_clock: RecorderClock::Utc,
            utc_offset: None,
            drop_orphans: true,
            camera: 0,
            par_config: None,
            given: Titles::default(),
        }
    }
}

/// The demuxer inside an element.
pub struct Demux(Arc<Inner>);

/// Shared by the element, its pads and its streaming task.
pub(crate) struct Inner {
    me: std::sync::Weak<Inner>,
    cat: gst::DebugCategory,
    element: glib::WeakRef<gst::Element>,
    sink: gst::Pad,
    format: Box<dyn Format>,
    settings: Mutex<Settings>,
    state: Mutex<State>,
    /// Read without the lock.
    shared: state::Shared,
}

impl Demux {
    /// A demuxer whose sink pad is made from `template`.
    pub fn new(
        template: &gst::PadTemplate,
        cat: gst::DebugCategory,
        format: Box<dyn Format>,
    ) -> Demux {
        Demux(Arc::new_cyclic(|weak| Inner {
            me: weak.clone(),
            cat,
            element: glib::WeakRef::new(),
            sink: sink::pad(template, weak),
            format,
            settings: Mutex::default(),
            state: Mutex::new(State::new()),
            shared: state::Shared::default(),
        }))
    }

    /// Adds the sink pad to the element. Call once, from `constructed`.
    pub fn attach(&self, element: &gst::Element) {
        self.0.element.set(Some(element));
        if let Err(error) = element.add_pad(&self.0.sink) {
            gst::error!(self.0.cat, obj = element, "sink pad: {error}");
        }
    }

    /// A copy of the settings.
    pub fn settings(&self) -> Settings {
        self.0.settings()
    }

    /// Changes the settings.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self
            .0
            .settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut settings);
    }

    /// Reads the file that `par-config` names, if any. False where it cannot be read, which was posted as an error then.
    pub fn load_config(&self) -> bool {
        let Some(path) = self.settings().par_config else {
            return true;
        };
        let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        match read.and_then(|text| Titles::parse(&text).map_err(|error| error.to_string())) {
            Ok(given) => {
                self.change_settings(|settings| settings.given = given);
                true
            }
            Err(error) => {
                if let Some(element) = self.0.element() {
                    gst::element_error!(
                        element,
                        gst::ResourceError::Settings,
                        ("The configuration of the unit cannot be read."),
                        ["{path}: {error}"]
                    );
                }
                false
            }
        }
    }

    /// What was read so far, as the `stats` property shows it.
    pub fn stats(&self) -> gst::Structure {
        self.0.lock().stats.structure()
    }

    /// Forgets the file. Call when the element goes to READY.
    pub fn reset(&self) {
        self.0.reset();
    }

    /// Takes an event sent to the element. `None` where it is none of the demuxer's own.
    pub fn send_event(&self, event: &gst::Event) -> Option<bool> {
        self.0.element_event(event)
    }

    /// Seeks to a time of the recorder's clock, in nanoseconds since 1970 (UTC). `pass` picks among several places with that
    /// time, from 0: the hour that the end of daylight saving repeats has two.
    pub fn seek_clock(&self, unix: i64, pass: u32, flags: gst::SeekFlags) -> bool {
        self.0.seek_clock(unix, pass, flags)
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // a panic has already made the element post an error; what it left is still to be cleaned up
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> Settings {
        self.settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn element(&self) -> Option<gst::Element> {
        self.element.upgrade()
    }

    fn reset(&self) {
        let pads = {
            let mut state = self.lock();
            let old = std::mem::replace(&mut *state, State::new());
            self.shared.flow_trouble.store(false, Ordering::Relaxed);
            self.shared.bytes_read.store(0, Ordering::Relaxed);
            old.streams
        };
        if let Some(element) = self.element() {
            for stream in pads {
                let _ = stream.pad.set_active(false);
                let _ = element.remove_pad(&stream.pad);
            }
        }
    }
}
