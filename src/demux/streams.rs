// SPDX-License-Identifier: MPL-2.0
//! Pads: which there are, and their caps.

use super::{
    Inner, Settings,
    output::Out,
    place::Place,
    state::{Item, State},
};
use formats::{
    mpeg4::{h264, start_code, vol::VolParams},
    reader::{AudioFormat, Codec, Media, Mode, StreamKey, TEXT_MILLIS},
    timeline::{MILLI, Mark, SECOND},
};
use gst::prelude::*;

/// A pad and what was told on it.
pub struct Stream {
    /// What it carries.
    pub key: StreamKey,
    /// The pad.
    pub pad: gst::Pad,
    /// As the collection lists it.
    pub stream: gst::Stream,
    /// Caps on the pad.
    pub caps: Option<gst::Caps>,
    width: u16,
    height: u16,
    audio: Option<AudioFormat>,
    /// The sequence header (VOL) that goes into `codec_data` and before keyframes.
    header: Vec<u8>,
    /// The header is written by us; otherwise it stands in the stream itself.
    header_made: bool,
    /// The header goes before the next keyframe.
    pub send_header: bool,
    pub(super) mode: Option<Mode>,
    pub(super) place: Place,
    pub(super) tagged: bool,
    /// Pictures are dropped until the next keyframe.
    pub wait_key: bool,
    /// The next buffer does not follow the last one.
    pub discont: bool,
    /// [`Item::damages`] of the last item.
    pub damages: u32,
    /// The segment has to be sent before the next buffer.
    pub need_segment: bool,
    /// Running time of the last buffer.
    pub last: Option<i64>,
    /// Running time at which the last buffer ends.
    pub end: i64,
    /// Buffers output since the start.
    pub frames: u64,
    /// Pictures of records before this offset are not output.
    pub from: u64,
    /// It has reached the segment's stop.
    pub past_stop: bool,
}

impl Stream {
    /// Sends the segment where it is due.
    pub fn send_segment(
        &mut self,
        segment: &gst::FormattedSegment<gst::ClockTime>,
        seqnum: gst::Seqnum,
        outs: &mut Vec<Out>,
    ) {
        if std::mem::replace(&mut self.need_segment, false) {
            let event = gst::event::Segment::builder(segment).seqnum(seqnum).build();
            outs.push(Out::Event(self.pad.clone(), event));
        }
    }

    /// Playback goes on somewhere else.
    pub fn restart(&mut self) {
        self.wait_key = true;
        self.discont = true;
        self.send_header = true;
        self.need_segment = true;
        self.last = None;
        self.end = 0;
        self.past_stop = false;
    }

    /// The buffer of an item, with the sequence header before it where a decoder needs it.
    pub fn with_header(&mut self, buffer: gst::Buffer, key: bool) -> gst::Buffer {
        if !self.send_header || !key || !self.header_made {
            return buffer;
        }
        self.send_header = false;
        let mut bytes = Vec::with_capacity(self.header.len().saturating_add(buffer.size()));
        bytes.extend_from_slice(&self.header);
        match buffer.map_readable() {
            Ok(map) => bytes.extend_from_slice(&map),
            Err(_) => return buffer.clone(),
        }
        let mut whole = gst::Buffer::from_mut_slice(bytes);
        let _ = buffer.copy_into(whole.make_mut(), gst::BufferCopyFlags::META, ..);
        whole
    }

    /// Whether the item begins with sequence headers as the recorder wrote them.
    pub fn has_own_header(&self, item: &Item) -> bool {
        item.key && item.stream.codec == Codec::Mpeg4 && has_header(item)
    }

    /// Duration of a buffer, nanoseconds.
    pub fn duration(&self, item: &Item, interval: i64) -> i64 {
        match (item.audio, item.stream.codec.media()) {
            (Some(audio), _) => sound_duration(item.stream.codec, &audio, item.buffer.size()),
            (_, Media::Text) => TEXT_MILLIS.saturating_mul(MILLI),
            _ => interval,
        }
    }
}

/// Duration of sound, nanoseconds.
fn sound_duration(codec: Codec, audio: &AudioFormat, bytes: usize) -> i64 {
    let channels = u64::from(audio.channels.max(1));
    let bytes = bytes as u64;
    let samples = match codec {
        Codec::PcmS16le => bytes.checked_div(channels.saturating_mul(2)),
        // each block has a header of 4 bytes for each channel, which holds one sample
        Codec::ImaAdpcm => {
            let align = u64::from(audio.block_align).max(1);
            let blocks = bytes.div_ceil(align);
            let heads = blocks.saturating_mul(channels).saturating_mul(4);
            bytes
                .saturating_sub(heads)
                .saturating_mul(2)
                .checked_div(channels)
                .map(|samples| samples.saturating_add(blocks))
        }
        _ => bytes.checked_div(channels),
    };
    let time = samples
        .unwrap_or(0)
        .saturating_mul(SECOND.unsigned_abs())
        .checked_div(u64::from(audio.rate.max(1)));
    i64::try_from(time.unwrap_or(0)).unwrap_or(i64::MAX)
}

impl Inner {
    /// Makes the streams that the head holds, in the order of their cameras, and says that these are all.
    pub(super) fn first_streams(
        &self,
        state: &mut State,
        settings: &Settings,
        items: &[(Item, Mark)],
        outs: &mut Vec<Out>,
    ) {
        let mut keys: Vec<StreamKey> = items
            .iter()
            .map(|(item, _)| state.tuning.stream(item.stream))
            .collect();
        keys.sort_unstable_by_key(|key| (key.codec.media(), key.camera, key.codec));
        keys.dedup();
        let first = items
            .iter()
            .find_map(|(_, mark)| mark.timestamp)
            .map(|timestamp| timestamp.unix_ms().saturating_mul(1_000_000))
            .map(|time| time.saturating_sub(state.clock_shift(settings)));
        for key in keys {
            if let Some((item, _)) = items
                .iter()
                .find(|(item, _)| state.tuning.stream(item.stream) == key)
            {
                self.add_stream(state, settings, key, item, first, outs);
            }
        }
        self.announce(state, outs);
        if !state.streams.is_empty() {
            state.pads_done = true;
            outs.push(Out::NoMorePads);
        }
    }

    /// A stream that first appears in the middle of the file. Returns its place.
    pub(super) fn late_stream(
        &self,
        state: &mut State,
        settings: &Settings,
        item: &Item,
        unix: Option<i64>,
        outs: &mut Vec<Out>,
    ) -> usize {
        self.add_stream(state, settings, item.stream, item, unix, outs);
        self.announce(state, outs);
        state.streams.len().saturating_sub(1)
    }

    fn add_stream(
        &self,
        state: &mut State,
        settings: &Settings,
        key: StreamKey,
        item: &Item,
        first: Option<i64>,
        outs: &mut Vec<Out>,
    ) {
        let Some(element) = self.element() else {
            return;
        };
        let media = key.codec.media();
        let (kind, name) = match media {
            Media::Video => ("video", format!("{:03}", key.camera)),
            Media::Audio => ("audio", format!("a{:03}", key.camera)),
            Media::Text => ("text", format!("t{:03}", key.camera)),
            Media::Overlay => ("video", format!("o{:03}", key.camera)),
        };
        let mut number = u32::from(key.camera);
        let used = |number: u32| {
            let name = format!("{kind}_{number}");
            state
                .streams
                .iter()
                .any(|stream| stream.pad.name() == name.as_str())
        };
        // a second codec or the overlay of a camera: its number stays recognisable
        while media == Media::Overlay && number < 1000 || used(number) {
            number = number.saturating_add(1000);
        }
        let Some(template) = element.pad_template(&format!("{kind}_%u")) else {
            return;
        };
        let pad = self.source_pad(&template, &format!("{kind}_{number}"));
        let suffix = match number == u32::from(key.camera) {
            true => name,
            false => format!("{name}-{number}"),
        };
        let id = pad.create_stream_id(&element, Some(&suffix));
        let mut stream = Stream {
            key,
            stream: gst::Stream::new(Some(&id), None, stream_type(media), stream_flags(media)),
            pad,
            caps: None,
            width: 0,
            height: 0,
            audio: None,
            header: Vec::new(),
            header_made: false,
            send_header: true,
            mode: None,
            place: Place::default(),
            tagged: false,
            wait_key: true,
            discont: true,
            damages: item.damages,
            need_segment: false,
            last: None,
            end: 0,
            frames: 0,
            from: 0,
            past_stop: false,
        };
        self.configure(state, &mut stream, item);
        let group = *state.group.get_or_insert_with(|| self.upstream_group());
        let mut events = vec![
            gst::event::StreamStart::builder(&id)
                .group_id(group)
                .stream(stream.stream.clone())
                .flags(stream_flags(media))
                .seqnum(state.seqnum)
                .build(),
        ];
        if let Some(caps) = &stream.caps {
            events.push(gst::event::Caps::new(caps));
        }
        events.push(
            gst::event::Segment::builder(&state.segment)
                .seqnum(state.seqnum)
                .build(),
        );
        let unseen = state.streams.is_empty();
        events.push(gst::event::Tag::new(
            self.global_tags(state, settings, first),
        ));
        if let Some(tags) = self.stream_tags(state, settings, &mut stream, item) {
            events.push(gst::event::Tag::new(tags));
        }
        if let Some(toc) = self.toc_event(state, settings) {
            events.push(toc);
        }
        if unseen {
            state.flow = gst_base::UniqueFlowCombiner::new();
        }
        state.flow.add_pad(&stream.pad);
        outs.push(Out::Pad(stream.pad.clone(), events));
        state.streams.push(stream);
    }

    /// Upstream's group, or a new one.
    fn upstream_group(&self) -> gst::GroupId {
        self.sink
            .sticky_event::<gst::event::StreamStart>(0)
            .and_then(|event| event.group_id())
            .unwrap_or_else(gst::GroupId::next)
    }

    /// Tells which streams there are, as decodebin3 and playbin3 want to know.
    fn announce(&self, state: &State, outs: &mut Vec<Out>) {
        let Some(element) = self.element() else {
            return;
        };
        let streams = state.streams.iter().map(|stream| stream.stream.clone());
        let collection = gst::StreamCollection::builder(None)
            .streams(streams)
            .build();
        let message = gst::message::StreamCollection::builder(&collection).src(&element);
        outs.push(Out::Message(Box::new(message.build())));
        for stream in &state.streams {
            outs.push(Out::Event(
                stream.pad.clone(),
                gst::event::StreamCollection::builder(&collection)
                    .seqnum(state.seqnum)
                    .build(),
            ));
        }
    }

    /// Sends new caps where picture size or header changed.
    pub(super) fn update_caps(
        &self,
        state: &mut State,
        index: usize,
        item: &Item,
        outs: &mut Vec<Out>,
    ) {
        let Some(stream) = state.streams.get(index) else {
            return;
        };
        let same_size =
            item.width == 0 || (item.width, item.height) == (stream.width, stream.height);
        let own_header = stream.has_own_header(item);
        if same_size && item.audio == stream.audio && !own_header {
            return;
        }
        let mut stream = state.streams.swap_remove(index);
        let before = stream.caps.clone();
        self.configure(state, &mut stream, item);
        if stream.caps != before
            && let Some(caps) = &stream.caps
        {
            outs.push(Out::Event(stream.pad.clone(), gst::event::Caps::new(caps)));
            stream.send_header = true;
        }
        // back to where it was
        state.streams.push(stream);
        let last = state.streams.len().saturating_sub(1);
        state.streams.swap(index, last);
    }

    /// Sets size, header and caps of a stream from one of its items.
    fn configure(&self, state: &State, stream: &mut Stream, item: &Item) {
        if item.width > 0 && item.height > 0 {
            (stream.width, stream.height) = (item.width, item.height);
        }
        stream.audio = item.audio;
        let caps = match stream.key.codec.media() {
            Media::Video | Media::Overlay => self.video_caps(state, stream, item),
            Media::Audio => audio_caps(stream.key.codec, item.audio),
            Media::Text => gst::Caps::builder("text/x-raw")
                .field("format", "utf8")
                .build(),
        };
        stream.stream.set_caps(Some(&caps));
        stream.caps = Some(caps);
    }

    fn video_caps(&self, state: &State, stream: &mut Stream, item: &Item) -> gst::Caps {
        let mut header = None;
        match stream.key.codec {
            Codec::Mpeg4 => header = Some(self.mpeg4_header(state, stream, item)),
            Codec::H264 => {
                if let Ok(map) = item.buffer.map_readable()
                    && let Some(size) = h264::picture_size(&map)
                {
                    (stream.width, stream.height) = size;
                }
            }
            _ => {}
        }
        let name = match stream.key.codec {
            Codec::Mpeg4 => "video/mpeg",
            Codec::H264 => "video/x-h264",
            Codec::Jpeg => "image/jpeg",
            Codec::Bmp => "image/bmp",
            _ => "image/x-portable-bitmap",
        };
        let (rate, den) = state.frame_rate(stream.key.camera).unwrap_or((0, 1));
        let mut caps = gst::Caps::builder(name);
        if stream.key.codec == Codec::Mpeg4 {
            caps = caps.field("mpegversion", 4i32).field("systemstream", false);
        }
        if stream.key.codec == Codec::H264 {
            caps = caps
                .field("stream-format", "byte-stream")
                .field("alignment", "au");
        }
        if stream.key.codec == Codec::Jpeg {
            caps = caps.field("parsed", true);
        }
        if stream.width > 0 && stream.height > 0 {
            let (num, by) = self.format.pixel_aspect(stream.width, stream.height);
            caps = caps
                .field("width", i32::from(stream.width))
                .field("height", i32::from(stream.height))
                .field("pixel-aspect-ratio", gst::Fraction::new(num, by));
        }
        if stream.key.codec.media() == Media::Video {
            let fraction = gst::Fraction::new(rate.cast_signed(), den.cast_signed().max(1));
            caps = caps.field("framerate", fraction);
        }
        if let Some(header) = header {
            caps = caps.field("codec_data", gst::Buffer::from_slice(header));
        }
        caps.build()
    }

    /// The sequence header of an MPEG-4 stream: its own, or one written from what its pictures show.
    fn mpeg4_header(&self, state: &State, stream: &mut Stream, item: &Item) -> Vec<u8> {
        if has_header(item)
            && let Ok(map) = item.buffer.map_readable()
            && let Some(end) = start_code::vop_offset(&map)
            && let Ok(vol) = VolParams::parse(map.get(..end).unwrap_or_default())
        {
            (stream.width, stream.height) = (vol.width, vol.height);
            stream.header = map.get(..end).unwrap_or_default().to_vec();
            stream.header_made = true;
            stream.send_header = false;
            return stream.header.clone();
        }
        let (num, den) = self.format.pixel_aspect(stream.width, stream.height);
        let aspect = match (u8::try_from(num), u8::try_from(den)) {
            (Ok(num), Ok(den)) => (num, den),
            _ => (1, 1),
        };
        let vol = match &state.tuning.widths {
            Some(widths) => widths.vol(stream.width, stream.height, state.vol_hint()),
            None => VolParams::new(stream.width, stream.height),
        };
        stream.header = VolParams { aspect, ..vol }.write();
        stream.header_made = true;
        stream.header.clone()
    }
}

/// Whether an MPEG-4 item begins with sequence headers of its own.
fn has_header(item: &Item) -> bool {
    let mut head = [0; 4];
    if item.buffer.copy_to_slice(0, &mut head).is_err() {
        return false;
    }
    let [_, _, _, code] = head;
    matches!(code, 0xb0 | 0xb5 | 0x00..=0x2f)
}

fn stream_type(media: Media) -> gst::StreamType {
    match media {
        Media::Video | Media::Overlay => gst::StreamType::VIDEO,
        Media::Audio => gst::StreamType::AUDIO,
        Media::Text => gst::StreamType::TEXT,
    }
}

fn stream_flags(media: Media) -> gst::StreamFlags {
    match media {
        Media::Video | Media::Audio => gst::StreamFlags::SELECT,
        Media::Text => gst::StreamFlags::SPARSE,
        Media::Overlay => gst::StreamFlags::SPARSE | gst::StreamFlags::UNSELECT,
    }
}

fn audio_caps(codec: Codec, audio: Option<AudioFormat>) -> gst::Caps {
    let audio = audio.unwrap_or(AudioFormat {
        rate: 8000,
        channels: 1,
        block_align: 0,
    });
    let caps = match codec {
        Codec::MuLaw => gst::Caps::builder("audio/x-mulaw"),
        Codec::ALaw => gst::Caps::builder("audio/x-alaw"),
        Codec::ImaAdpcm => gst::Caps::builder("audio/x-adpcm")
            .field("layout", "dvi")
            .field("block_align", i32::from(audio.block_align)),
        raw => gst::Caps::builder("audio/x-raw")
            .field("format", if raw == Codec::PcmU8 { "U8" } else { "S16LE" })
            .field("layout", "interleaved"),
    };
    caps.field("rate", audio.rate.min(192_000).cast_signed())
        .field("channels", i32::from(audio.channels))
        .build()
}
