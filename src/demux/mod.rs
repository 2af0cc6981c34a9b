// SPDX-License-Identifier: MPL-2.0
//! What the demuxers share: everything between [`formats::recording`] and the pads.
//!
//! A frame travels so: `source` reads a block of the file, by pulling or from what upstream pushed; `play` shows it to the
//! recording's parser and places the packet in time; `stream` makes it a buffer with caps, tags and flags; `output` pushes it
//! without holding any lock. `seek` asks the recording for a place and re-enters at the source; `reverse` plays groups of
//! frames from there to the beginning.
//!
//! Locks: one for the settings, one for the state, one for bytes that are pushed. None is held across a call out of the element,
//! and never two at once.

mod join;
mod output;
mod pads;
mod play;
mod query;
mod reverse;
mod seek;
mod source;
mod state;
mod stream;
mod task;
mod toc;

use formats::{
    reader::{Packet, Reader, Window},
    recording::{self, Opened},
    text_file,
    timeline::GapPolicy,
    titles::Titles,
};
use gst::{glib, prelude::*, subclass::prelude::*};
use source::Feed;
use state::State;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

/// An element that is a demuxer.
pub trait DemuxElement: ElementImpl
where
    <Self as ObjectSubclass>::Type: IsA<gst::Element>,
{
    /// Its demuxer.
    fn demux(&self) -> &Demux;
}

/// What one demuxer has of its own.
pub trait Format: Send + Sync + 'static {
    /// Looks at the first bytes of a file.
    fn open(&self, head: &Window<'_>) -> Opened;

    /// What reads a file of this format. It leaves out of packets what [`Format::decorate`] does not use.
    fn reader(&self, format: &recording::Format) -> Box<dyn Reader> {
        format.reader(true)
    }

    /// Shape of a pixel, width to height, for a frame of this size.
    fn pixel_aspect(&self, width: u16, height: u16) -> (i32, i32);

    /// Adds what else is known of a frame to its buffer.
    fn decorate(&self, _packet: &Packet, _buffer: &mut gst::BufferRef) {}

    /// Sets a property that the other demuxer does not have.
    fn set_property(&self, _name: &str, _value: &glib::Value) {}

    /// Value of such a property.
    fn property(&self, _name: &str) -> Option<glib::Value> {
        None
    }
}

/// Whether the recorder's timestamps are UTC or its local time. Public material does not say.
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
    /// Frames without a reference are dropped.
    pub drop_orphans: bool,
    /// The only camera to output; 0 = all.
    pub camera: u16,
    /// File of a unit's configuration, for what the recording lacks.
    pub par_config: Option<String>,
    /// What that file names.
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

/// Values that are read without a lock.
#[derive(Default)]
struct Shared {
    /// Every push so far answered OK, so the combined flow need not be worked out.
    flow_trouble: AtomicBool,
    /// Bytes read from upstream.
    bytes_read: AtomicU64,
    /// Timestamp of the buffer that was pushed last, nanoseconds; `u64::MAX` before the first.
    position: AtomicU64,
    /// Bytes that upstream delivers in a short time; 0 before the first.
    pace: AtomicUsize,
}

/// The demuxer inside an element.
pub struct Demux {
    cat: gst::DebugCategory,
    element: glib::WeakRef<gst::Element>,
    sink: gst::Pad,
    functions: pads::Functions,
    format: Box<dyn Format>,
    settings: Mutex<Arc<Settings>>,
    state: Mutex<State>,
    feed: Arc<Feed>,
    task: task::Streaming,
    shared: Arc<Shared>,
}

impl Drop for Demux {
    fn drop(&mut self) {
        // after a panic the pads are not deactivated, which would have ended the task
        self.task.end();
    }
}

impl Demux {
    /// A demuxer whose sink pad is made from the template `sink` of its class.
    ///
    /// # Panics
    /// Where the class has none.
    pub fn new<T: DemuxElement>(
        template: Option<gst::PadTemplate>,
        cat: gst::DebugCategory,
        format: impl Format,
    ) -> Demux
    where
        T::Type: IsA<gst::Element>,
    {
        let template = template.expect("the class has a sink template");
        let shared = Shared::default();
        shared.position.store(u64::MAX, Ordering::Relaxed);
        Demux {
            cat,
            element: glib::WeakRef::new(),
            sink: pads::sink_pad::<T>(&template),
            functions: pads::Functions::of::<T>(),
            format: Box::new(format),
            settings: Mutex::default(),
            state: Mutex::new(State::new()),
            feed: Arc::default(),
            task: task::Streaming::default(),
            shared: Arc::new(shared),
        }
    }

    /// Adds the sink pad to the element. Call once, from `constructed`.
    pub fn attach(&self, element: &gst::Element) {
        self.element.set(Some(element));
        if let Err(error) = element.add_pad(&self.sink) {
            gst::error!(self.cat, obj = element, "sink pad: {error}");
        }
    }

    /// What this demuxer has of its own.
    pub fn format(&self) -> &dyn Format {
        &*self.format
    }

    /// The settings.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes the settings.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut settings));
    }

    /// Reads the file that `par-config` names, if any. False where it cannot be read, which was posted as an error then.
    pub fn load_config(&self) -> bool {
        let settings = self.settings();
        let Some(path) = &settings.par_config else {
            return true;
        };
        let read = text_file::read(Path::new(path)).map_err(|error| error.to_string());
        match read.and_then(|text| Titles::parse(&text).map_err(|error| error.to_string())) {
            Ok(given) => {
                self.change_settings(|settings| settings.given = given);
                true
            }
            Err(error) => {
                if let Some(element) = self.element() {
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
        let bytes_read = self.shared.bytes_read.load(Ordering::Relaxed);
        self.lock().stats(bytes_read)
    }

    /// Forgets the file. Call when the element goes to READY.
    pub fn reset(&self) {
        let old = std::mem::replace(&mut *self.lock(), State::new());
        self.feed.reset();
        self.shared.flow_trouble.store(false, Ordering::Relaxed);
        self.shared.bytes_read.store(0, Ordering::Relaxed);
        self.shared.position.store(u64::MAX, Ordering::Relaxed);
        self.shared.pace.store(0, Ordering::Relaxed);
        if let Some(element) = self.element() {
            drop(old);
            // not those of the streams: some may not have been added yet, and others not removed
            for pad in element.src_pads() {
                let _ = pad.set_active(false);
                let _ = element.remove_pad(&pad);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // a panic has already made the element post an error; what it left is still to be cleaned up
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn element(&self) -> Option<gst::Element> {
        self.element.upgrade()
    }
}
