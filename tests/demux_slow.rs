// SPDX-License-Identifier: MPL-2.0
//! A slow source: an end that is asked for comes after what was read so far, without waiting for more.

use crate::families::{FAMILIES, Stage, shots};
use testing::common::{init, make::START};

use gst::{glib, prelude::*, subclass::prelude::*};
use gst_base::{
    prelude::*,
    subclass::{base_src::CreateSuccess, prelude::*},
};
use std::{
    sync::{LazyLock, Mutex},
    time::Duration,
};

/// Bytes of a second.
const RATE: u64 = 100_000;
/// Bytes that a read may ask for once it is known how slow the source is.
const MOST: usize = 32 << 10;

#[derive(Default)]
pub struct SlowImp {
    bytes: Mutex<Vec<u8>>,
    /// Bytes of each read.
    reads: Mutex<Vec<usize>>,
}

#[glib::object_subclass]
impl ObjectSubclass for SlowImp {
    const NAME: &'static str = "TestSlowSrc";
    type Type = SlowSrc;
    type ParentType = gst_base::BaseSrc;
}

impl ObjectImpl for SlowImp {
    fn constructed(&self) {
        self.parent_constructed();
        self.obj().set_format(gst::Format::Bytes);
    }
}

impl GstObjectImpl for SlowImp {}

impl ElementImpl for SlowImp {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static DATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new("Slow source", "Source", "For tests", "tests")
        });
        Some(&DATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let (source, always) = (gst::PadDirection::Src, gst::PadPresence::Always);
            vec![gst::PadTemplate::new("src", source, always, &gst::Caps::new_any()).unwrap()]
        });
        &TEMPLATES
    }
}

impl BaseSrcImpl for SlowImp {
    fn is_seekable(&self) -> bool {
        true
    }

    fn size(&self) -> Option<u64> {
        Some(self.bytes.lock().unwrap().len() as u64)
    }

    fn create(
        &self,
        offset: u64,
        _buffer: Option<&mut gst::BufferRef>,
        length: u32,
    ) -> Result<CreateSuccess, gst::FlowError> {
        let part = {
            let bytes = self.bytes.lock().unwrap();
            let from = (offset as usize).min(bytes.len());
            let to = (from + length as usize).min(bytes.len());
            bytes[from..to].to_vec()
        };
        self.reads.lock().unwrap().push(part.len());
        std::thread::sleep(Duration::from_micros(part.len() as u64 * 1_000_000 / RATE));
        if part.is_empty() {
            return Err(gst::FlowError::Eos);
        }
        Ok(CreateSuccess::NewBuffer(gst::Buffer::from_slice(part)))
    }
}

glib::wrapper! {
    pub struct SlowSrc(ObjectSubclass<SlowImp>) @extends gst_base::BaseSrc, gst::Element, gst::Object;
}

#[test]
fn an_end_that_is_asked_for_waits_for_no_long_read() {
    init();
    for family in FAMILIES {
        let bytes = family.record(&shots(900, |n| START + 100 * n as i64));
        let size = bytes.len();
        let slow: SlowSrc = glib::Object::new();
        *slow.imp().bytes.lock().unwrap() = bytes;
        let stage = Stage::behind(family, [slow.clone().upcast()]);
        stage.play();
        let reads = || slow.imp().reads.lock().unwrap().clone();
        for _ in 0..4000 {
            if reads().len() >= 8 {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        stage.pipeline.send_event(gst::event::Eos::new());
        stage.end();
        let reads = reads();
        assert!(
            reads[2..].iter().all(|read| *read <= MOST),
            "{family:?}: {reads:?}"
        );
        assert!(
            reads.iter().sum::<usize>() < size / 2,
            "{family:?}: {reads:?}"
        );
    }
}
