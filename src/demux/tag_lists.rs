// SPDX-License-Identifier: MPL-2.0
//! What is told in tags, and when it is told again.

use super::{
    Inner, Settings,
    output::Out,
    state::{Item, State},
    streams::Stream,
};
use crate::tags::{CameraNumber, RecorderName, RecorderUtcOffset, RecordingMode, VideoStandard};
use formats::{
    reader::{Codec, Media},
    timeline::SECOND,
};

impl Inner {
    /// Sends tags again where mode or title changed.
    pub(super) fn update_tags(
        &self,
        state: &mut State,
        settings: &Settings,
        index: usize,
        item: &Item,
        outs: &mut Vec<Out>,
    ) {
        let Some(stream) = state.streams.get(index) else {
            return;
        };
        let retitled = item
            .details
            .as_ref()
            .is_some_and(|details| stream.place.changed(details));
        let video = State::is_video(item);
        if stream.tagged && (!video || stream.mode == Some(item.mode)) && !retitled {
            return;
        }
        let mut stream = state.streams.swap_remove(index);
        if let Some(tags) = self.stream_tags(state, settings, &mut stream, item) {
            outs.push(Out::Event(stream.pad.clone(), gst::event::Tag::new(tags)));
        }
        state.streams.push(stream);
        let last = state.streams.len().saturating_sub(1);
        state.streams.swap(index, last);
    }

    /// Tags of one stream, as they are from this item on.
    pub(super) fn stream_tags(
        &self,
        state: &State,
        settings: &Settings,
        stream: &mut Stream,
        item: &Item,
    ) -> Option<gst::TagList> {
        stream.tagged = true;
        stream.mode = Some(item.mode);
        if let Some(details) = &item.details {
            stream.place.take(details);
        }
        let mut tags = gst::TagList::new();
        {
            let tags = tags.make_mut();
            let mode = gst::TagMergeMode::Replace;
            tags.set_scope(gst::TagScope::Stream);
            tags.add::<CameraNumber>(&u32::from(stream.key.camera), mode);
            stream.place.add_tags(tags, mode);
            let title = stream.place.title.clone().filter(|title| !title.is_empty());
            if let Some(title) = title.or_else(|| state.title(settings, stream.key.camera)) {
                tags.add::<gst::tags::Title>(&title.as_str(), mode);
            }
            if let Some(name) = item.mode.name() {
                tags.add::<RecordingMode>(&name, mode);
            }
            if let Some(name) = codec_name(stream.key.codec) {
                match stream.key.codec.media() {
                    Media::Audio => tags.add::<gst::tags::AudioCodec>(&name, mode),
                    _ => tags.add::<gst::tags::VideoCodec>(&name, mode),
                }
            }
        }
        stream.stream.set_tags(Some(&tags));
        Some(tags)
    }

    /// Tags of the whole file; `first` is the time of its first record in nanoseconds since 1970.
    pub(super) fn global_tags(
        &self,
        state: &State,
        settings: &Settings,
        first: Option<i64>,
    ) -> gst::TagList {
        let mut list = gst::TagList::new();
        let tags = list.make_mut();
        let mode = gst::TagMergeMode::Replace;
        tags.set_scope(gst::TagScope::Global);
        let Some(info) = state.reader.as_ref().map(|reader| reader.info()) else {
            return list;
        };
        if !info.container.is_empty() {
            tags.add::<gst::tags::ContainerFormat>(&info.container, mode);
        }
        if let Some(time) =
            first.and_then(|time| gst::DateTime::from_unix_epoch_utc(time / SECOND).ok())
        {
            tags.add::<gst::tags::DateTime>(&time, mode);
        }
        if !info.model.is_empty() {
            tags.add::<gst::tags::DeviceModel>(&info.model.as_str(), mode);
        }
        let server = Some(info.server.clone()).filter(|name| !name.is_empty());
        if let Some(name) = server.or_else(|| settings.given.unit.clone()) {
            tags.add::<RecorderName>(&name.as_str(), mode);
        }
        if let Some(name) = info.standard.name() {
            tags.add::<VideoStandard>(&name, mode);
        }
        if let Some(minutes) = info.utc_offset.or(settings.given.utc_offset) {
            tags.add::<RecorderUtcOffset>(&minutes, mode);
        }
        list
    }
}

impl State {
    /// Title of a camera: the file's, else the one given from outside.
    fn title(&self, settings: &Settings, camera: u16) -> Option<String> {
        let info = self.reader.as_ref()?.info();
        let listed = info
            .cameras
            .iter()
            .find(|listed| listed.number == camera)
            .map(|camera| camera.title.clone())
            .filter(|title| !title.is_empty());
        listed.or_else(|| settings.given.cameras.get(&camera).cloned())
    }
}

fn codec_name(codec: Codec) -> Option<&'static str> {
    Some(match codec {
        Codec::Mpeg4 => "MPEG-4 Part 2",
        Codec::H264 => "H.264",
        Codec::Jpeg => "JPEG",
        Codec::PcmU8 | Codec::PcmS16le => "PCM",
        Codec::MuLaw => "G.711 mu-law",
        Codec::ALaw => "G.711 A-law",
        Codec::ImaAdpcm => "IMA ADPCM",
        Codec::Text | Codec::Pbm | Codec::Bmp => return None,
    })
}
