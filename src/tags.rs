// SPDX-License-Identifier: MPL-2.0
//! Tags that GStreamer does not know by itself: camera number, recording mode, video standard, recorder name, and
//! site, time zone and UTC offset of its frames. Both demuxers write them, `expmux` reads them back.

use std::sync::Once;

use gst::tags::{CustomTag, Tag, tag_exists};

macro_rules! tag {
    ($(#[$doc:meta])* $name:ident, $type:ty, $tag:literal, $nick:literal, $description:literal) => {
        $(#[$doc])*
        pub enum $name {}

        impl<'a> Tag<'a> for $name {
            type TagType = $type;
            const TAG_NAME: &'static glib::GStr = glib::gstr!($tag);

            fn ensure() {
                static ONCE: Once = Once::new();
                ONCE.call_once(|| {
                    // A plugin file loaded beside the linked-in copy has registered it already.
                    if !tag_exists(Self::TAG_NAME) {
                        gst::tags::register::<$name>();
                    }
                });
            }
        }

        impl<'a> CustomTag<'a> for $name {
            const FLAG: gst::TagFlag = gst::TagFlag::Meta;
            const NICK: &'static glib::GStr = glib::gstr!($nick);
            const DESCRIPTION: &'static glib::GStr = glib::gstr!($description);
        }
    };
}

tag!(
    /// `exp-camera-number`, uint: number of the camera on its recorder, from 1. Scope: stream.
    CameraNumber,
    u32,
    "exp-camera-number",
    "camera number",
    "number of the camera on its recorder, from 1"
);
tag!(
    /// `exp-recording-mode`, string: a name of `formats::reader::Mode`. Scope: stream. Sent again when it changes.
    RecordingMode,
    &'a str,
    "exp-recording-mode",
    "recording mode",
    "why the recorder recorded: continuous, motion, alarm, instant, pre-alarm or schedule"
);
tag!(
    /// `exp-video-standard`, string: `NTSC` or `PAL`. Scope: global.
    VideoStandard,
    &'a str,
    "exp-video-standard",
    "video standard",
    "television standard of the cameras: NTSC or PAL"
);
tag!(
    /// `exp-recorder-name`, string: name of the recorder or server as its owner set it. Scope: global.
    RecorderName,
    &'a str,
    "exp-recorder-name",
    "recorder name",
    "name of the recorder or server, as its owner set it"
);
tag!(
    /// `exp-recorder-utc-offset`, int: minutes that the recorder's local time is east of UTC. Scope: global.
    RecorderUtcOffset,
    i32,
    "exp-recorder-utc-offset",
    "recorder's offset from UTC",
    "minutes that the recorder's local time is east of UTC"
);

tag!(
    /// `exp-site-id`, string: name of the site or unit that a camera belongs to, as its frames have it. Scope: stream.
    SiteId,
    &'a str,
    "exp-site-id",
    "site",
    "name of the site or unit, as its frames have it"
);
tag!(
    /// `exp-time-zone`, string: name of the recorder's time zone, as the recorder writes (and perhaps cuts) it. Scope: stream.
    TimeZone,
    &'a str,
    "exp-time-zone",
    "time zone",
    "name of the recorder's time zone, as it writes it"
);

tag!(
    /// `exp-clock-doubtful`, boolean: the recorder's clock shows a time at which nothing can have been recorded, or was not believed.
    /// Scope: stream. Sent again when it changes.
    ClockDoubtful,
    bool,
    "exp-clock-doubtful",
    "clock is doubtful",
    "the recorder's clock was not set, or shows a time that cannot be"
);

/// Makes the tags known to GStreamer. Any number of calls.
pub fn register() {
    CameraNumber::ensure();
    RecordingMode::ensure();
    VideoStandard::ensure();
    RecorderName::ensure();
    RecorderUtcOffset::ensure();
    SiteId::ensure();
    TimeZone::ensure();
    ClockDoubtful::ensure();
}
