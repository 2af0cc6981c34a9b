// SPDX-License-Identifier: MPL-2.0
//! The tags that GStreamer does not have.

use gst::tags::tag_exists;
use gstexp::tags::{CameraNumber, RecorderName, RecordingMode, register};

#[test]
fn tags_are_registered_once_and_hold_their_types() {
    gst::init().unwrap();
    register();
    register();
    let mut list = gst::TagList::new();
    let tags = list.make_mut();
    tags.add::<CameraNumber>(&3, gst::TagMergeMode::Replace);
    tags.add::<RecordingMode>(&"motion", gst::TagMergeMode::Replace);
    tags.add::<RecorderName>(&"LOBBY-DVR", gst::TagMergeMode::Replace);
    assert_eq!(list.get::<CameraNumber>().map(|v| v.get()), Some(3));
    assert_eq!(
        list.get::<RecordingMode>().map(|v| v.get().to_owned()),
        Some("motion".to_owned())
    );
    assert!(tag_exists("exp-video-standard"));
}
