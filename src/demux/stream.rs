// SPDX-License-Identifier: MPL-2.0
//! A stream: its pad, caps, sequence header and tags, and how its packets become buffers.

use super::{
    Demux, Format, Settings,
    output::Out,
    state::{Item, State},
};
use crate::tags::{
    CameraNumber, ClockDoubtful, RecorderName, RecorderUtcOffset, RecordingMode, SiteId, TimeZone,
    VideoStandard,
};
use formats::{
    mpeg4::{h264, start_code, vol::VolParams},
    reader::{AudioFormat, Codec, Details, Media, Mode, StreamKey, TEXT_MILLIS},
    recording::Profile,
    timeline::{MILLI, Resolution, SECOND},
};
use gst::prelude::*;
use std::{collections::VecDeque, sync::LazyLock};

/// Streams of which each late one is announced as soon as it comes.
const ANNOUNCED_AT_ONCE: usize = 64;

/// Between the numbers of a stream's pads in two groups: the pads of both are there for a moment.
const GROUP: u32 = 100_000;

/// Reference of the recorder's time on buffers.
static UNIX: LazyLock<gst::Caps> = LazyLock::new(|| {
    let mut caps = gst::Caps::new_empty_simple("timestamp/x-unix");
    // it lives as long as the program, which the leaks tracer is not to report
    caps.make_mut().mark_may_be_leaked();
    caps
});

/// Audio whose records have a time of their own may be this far from the recorder's clock, nanoseconds.
const DRIFT: i64 = 150 * MILLI;
/// Audio without one jumps where it is this far off.
const JUMP: i64 = SECOND;

/// What a stream is, before any of its records is seen.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Camera or channel, and codec.
    pub key: StreamKey,
    /// Frame size, 0 = unknown.
    pub width: u16,
    /// See `width`.
    pub height: u16,
    /// Audio parameters.
    pub audio: Option<AudioFormat>,
}

impl Shape {
    /// That of an item.
    pub fn of_item(item: &Item) -> Shape {
        Shape {
            key: item.packet.stream,
            width: item.packet.width,
            height: item.packet.height,
            audio: item.packet.audio,
        }
    }
}

/// What a stream's frames say of camera, site and zone.
#[derive(Default)]
struct Place {
    title: Option<String>,
    site: Option<String>,
    zone: Option<String>,
    utc_offset: Option<i32>,
}

/// A pad and what was sent on it.
pub struct Stream {
    /// What it carries.
    pub key: StreamKey,
    /// The pad.
    pub pad: gst::Pad,
    /// Number of the pad in the first group.
    pub number: u32,
    /// Nothing was pushed on the pad so far.
    new_pad: bool,
    /// As the collection lists it.
    pub stream: gst::Stream,
    /// Caps on the pad.
    pub caps: Option<gst::Caps>,
    width: u16,
    height: u16,
    audio: Option<AudioFormat>,
    /// The sequence header (VOL) that goes into `codec_data` and before keyframes.
    header: Vec<u8>,
    /// The header goes before the next keyframe.
    pub send_header: bool,
    mode: Option<Mode>,
    place: Place,
    tagged: bool,
    doubtful: bool,
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
    /// Running time up to which downstream knows what there is, by buffers or GAP events.
    pub covered: i64,
    /// How far audio is from the recorder's clock.
    drift: Drift,
    /// Offset of the last frame of any camera before the last block of audio.
    frame_before: Option<u64>,
    /// Audio without a clock that is in the file before the first frame plays with that frame: its blocks come so much early.
    early: Option<i64>,
    /// How much later than the other streams its records usually come in the file, nanoseconds.
    pub lag: i64,
    /// Buffers output since the start.
    pub frames: u64,
    /// Frames of records before this offset are not output.
    pub from: u64,
    /// It has reached the segment's stop.
    pub past_stop: bool,
}

/// How far audio is from a clock that only shows between which two frames a block was recorded, or in which second.
///
/// A block may be later than its record's time by up to the distance of frames, never earlier. So the largest of the last
/// distances is the least that audio lags, and the smallest one, and how much they vary on their own, the most.
#[derive(Default)]
struct Drift {
    /// Distances since the last correction, the newest last.
    near: VecDeque<i64>,
    /// Those of more blocks, as if nothing had been corrected.
    far: VecDeque<i64>,
    blocks: u32,
    /// How much distances vary without drift.
    spread: i64,
}

impl Drift {
    /// Audio this far from the clock is corrected.
    const MOST: i64 = 100 * MILLI;
    const NEAR: usize = 8;
    const FAR: usize = 16;

    /// Takes the distance of a block from where it would continue. By how much audio is to be moved, if it is.
    fn measure(&mut self, off: i64, interval: i64) -> Option<i64> {
        keep(&mut self.near, off, Drift::NEAR);
        keep(&mut self.far, off, Drift::FAR);
        self.blocks = self.blocks.saturating_add(1);
        let varies = self.varies();
        self.spread = match self.blocks {
            ..8 => interval.max(varies),
            8 => varies,
            _ => varies.max(self.spread.saturating_sub(self.spread / 32)),
        };
        let least = self.near.iter().copied().max()?;
        let most = self.near.iter().copied().min()?.saturating_add(self.spread);
        let off = match () {
            () if least >= Drift::MOST => least,
            () if most <= -Drift::MOST => most,
            () => return None,
        };
        self.near.drain(..self.near.len().saturating_sub(1));
        for known in self.near.iter_mut().chain(&mut self.far) {
            *known = known.saturating_sub(off);
        }
        Some(off)
    }

    /// Drift goes one way, so what goes both ways is none.
    fn varies(&self) -> i64 {
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        let (mut rise, mut fall) = (0, 0);
        for off in &self.far {
            rise = rise.max(off.saturating_sub(low));
            fall = fall.max(high.saturating_sub(*off));
            (low, high) = (low.min(*off), high.max(*off));
        }
        rise.min(fall)
    }
}

fn keep(list: &mut VecDeque<i64>, value: i64, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(value);
}

/// How a buffer is timed.
pub struct Timing {
    /// Running time, nanoseconds.
    pub running: i64,
    /// Usual distance of frames, nanoseconds.
    pub interval: i64,
    /// The recorder's time, nanoseconds since 1970, UTC.
    pub unix: Option<i64>,
    /// The record has a time of its own, as fine as milliseconds.
    pub exact: bool,
    /// The record has a time of its own.
    pub timed: bool,
    /// Offset of the last frame of any camera, which a record without a time of its own has its time from.
    pub last_frame: Option<u64>,
}

impl Stream {
    /// A stream whose pad was made.
    pub fn new(key: StreamKey, pad: gst::Pad, number: u32, id: &str, damages: u32) -> Stream {
        let media = key.codec.media();
        Stream {
            key,
            pad,
            number,
            new_pad: true,
            stream: gst::Stream::new(Some(id), None, stream_type(media), stream_flags(media)),
            caps: None,
            width: 0,
            height: 0,
            audio: None,
            header: Vec::new(),
            send_header: true,
            mode: None,
            place: Place::default(),
            tagged: false,
            doubtful: false,
            discont: true,
            damages,
            need_segment: false,
            last: None,
            end: 0,
            covered: 0,
            drift: Drift::default(),
            frame_before: None,
            early: None,
            lag: 0,
            frames: 0,
            from: 0,
            past_stop: false,
        }
    }

    /// Frame size, 0 = unknown.
    pub fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// It has something to show now and then only.
    pub fn is_sparse(&self) -> bool {
        matches!(self.key.codec.media(), Media::Text | Media::Overlay)
    }

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

    /// Continues on another pad. The one before.
    pub fn continue_on(&mut self, pad: gst::Pad) -> gst::Pad {
        self.new_pad = true;
        self.send_header = true;
        std::mem::replace(&mut self.pad, pad)
    }

    /// Playback continues somewhere else.
    pub fn restart(&mut self, running: i64) {
        self.discont = true;
        self.send_header = true;
        self.need_segment = true;
        self.last = None;
        self.end = running;
        self.covered = running;
        self.drift = Drift::default();
        self.frame_before = None;
        self.past_stop = false;
    }

    /// Sends a GAP event from where the last buffer or GAP ended to a running time.
    pub fn send_gap(&mut self, to: i64, outs: &mut Vec<Out>) {
        let from = self.covered.max(0);
        let length = to.saturating_sub(from).max(0);
        let event = gst::event::Gap::builder(gst::ClockTime::from_nseconds(from.unsigned_abs()))
            .duration(gst::ClockTime::from_nseconds(length.unsigned_abs()))
            .build();
        outs.push(Out::Event(self.pad.clone(), event));
        self.covered = to;
    }

    /// Whether caps have to change for this item.
    pub fn is_reshaped(&self, item: &Item) -> bool {
        let packet = &item.packet;
        let same_size =
            packet.width == 0 || (packet.width, packet.height) == (self.width, self.height);
        !same_size || packet.audio != self.audio || has_own_header(item)
    }

    /// Sets size, header and caps from a shape and, where there is one, an item.
    pub fn configure(
        &mut self,
        state: &State,
        format: &dyn Format,
        shape: &Shape,
        item: Option<&Item>,
    ) {
        if shape.width > 0 && shape.height > 0 {
            (self.width, self.height) = (shape.width, shape.height);
        }
        self.audio = shape.audio;
        let caps = match self.key.codec.media() {
            Media::Video | Media::Overlay => self.video_caps(state, format, item),
            Media::Audio => audio_caps(self.key.codec, shape.audio),
            Media::Text => gst::Caps::builder("text/x-raw")
                .field("format", "utf8")
                .build(),
        };
        self.stream.set_caps(Some(&caps));
        self.caps = Some(caps);
    }

    fn video_caps(&mut self, state: &State, format: &dyn Format, item: Option<&Item>) -> gst::Caps {
        let mut header = None;
        match self.key.codec {
            Codec::Mpeg4 => header = Some(self.mpeg4_header(state, format, item)),
            Codec::H264 => {
                let map = item.and_then(|item| item.buffer.map_readable().ok());
                if let Some(size) = map.and_then(|map| h264::picture_size(&map)) {
                    (self.width, self.height) = size;
                }
            }
            _ => {}
        }
        let name = match self.key.codec {
            Codec::Mpeg4 => "video/mpeg",
            Codec::H264 => "video/x-h264",
            Codec::Jpeg => "image/jpeg",
            Codec::Bmp => "image/bmp",
            _ => "image/x-portable-bitmap",
        };
        let (rate, den) = state.frame_rate(self.key.camera).unwrap_or((0, 1));
        let mut caps = gst::Caps::builder(name);
        if self.key.codec == Codec::Mpeg4 {
            caps = caps.field("mpegversion", 4i32).field("systemstream", false);
        }
        if self.key.codec == Codec::H264 {
            caps = caps
                .field("stream-format", "byte-stream")
                .field("alignment", "au");
        }
        if self.key.codec == Codec::Jpeg {
            caps = caps.field("parsed", true);
        }
        if self.width > 0 && self.height > 0 {
            let (num, by) = format.pixel_aspect(self.width, self.height);
            caps = caps
                .field("width", i32::from(self.width))
                .field("height", i32::from(self.height))
                .field("pixel-aspect-ratio", gst::Fraction::new(num, by));
        }
        if self.key.codec.media() == Media::Video {
            let fraction = gst::Fraction::new(rate.cast_signed(), den.cast_signed().max(1));
            caps = caps.field("framerate", fraction);
        }
        if let Some(header) = header {
            caps = caps.field("codec_data", gst::Buffer::from_slice(header));
        }
        caps.build()
    }

    /// The sequence header of an MPEG-4 stream: its own, or one written from what its frames show.
    fn mpeg4_header(&mut self, state: &State, format: &dyn Format, item: Option<&Item>) -> Vec<u8> {
        if let Some(item) = item
            && has_own_header(item)
            && let Ok(map) = item.buffer.map_readable()
            && let Some(end) = start_code::vop_offset(&map)
            && let Ok(vol) = VolParams::parse(map.get(..end).unwrap_or_default())
        {
            (self.width, self.height) = (vol.width, vol.height);
            self.header = map.get(..end).unwrap_or_default().to_vec();
            self.send_header = false;
            return self.header.clone();
        }
        let (num, den) = format.pixel_aspect(self.width, self.height);
        let aspect = match (u8::try_from(num), u8::try_from(den)) {
            (Ok(num), Ok(den)) => (num, den),
            _ => (1, 1),
        };
        let hint = state
            .info()
            .and_then(|info| Profile::resolution_hint(info.standard));
        let vol = match &state.profile().widths {
            Some(widths) => widths.vol(self.width, self.height, hint),
            None => VolParams::new(self.width, self.height),
        };
        self.header = VolParams { aspect, ..vol }.write();
        self.header.clone()
    }

    /// The buffer of an item, ready to be pushed.
    pub fn buffer(&mut self, item: Item, timing: &Timing) -> gst::Buffer {
        let running = self.start_time(&item, timing);
        let packet = &item.packet;
        let duration = match (packet.audio, self.key.codec.media()) {
            (Some(audio), _) => audio.duration(self.key.codec, item.buffer.size()),
            (_, Media::Text) => TEXT_MILLIS.saturating_mul(MILLI),
            _ => timing.interval,
        };
        let key = packet.key;
        let is_audio = packet.audio.is_some();
        let own_header = key && has_own_header(&item);
        let size = item.buffer.size();
        // taken, not shared: a buffer with two owners would be copied to be written to
        let mut buffer = self.with_header(item.buffer, key);
        let header = own_header || buffer.size() > size;
        {
            let buffer = buffer.make_mut();
            let pts = gst::ClockTime::from_nseconds(running.max(0).unsigned_abs());
            buffer.set_pts(pts);
            buffer.set_dts(pts);
            buffer.set_duration(gst::ClockTime::from_nseconds(duration.unsigned_abs()));
            buffer.set_offset(self.frames);
            buffer.set_offset_end(self.frames.saturating_add(1));
            let mut flags = gst::BufferFlags::empty();
            flags.set(gst::BufferFlags::DELTA_UNIT, !key);
            let new_pad = std::mem::take(&mut self.new_pad);
            flags.set(gst::BufferFlags::DISCONT, self.discont || new_pad);
            flags.set(gst::BufferFlags::CORRUPTED, item.corrupt);
            flags.set(gst::BufferFlags::HEADER, header);
            buffer.set_flags(flags);
            if let Some(unix) = timing.unix.and_then(|unix| u64::try_from(unix).ok()) {
                gst::ReferenceTimestampMeta::add(
                    buffer,
                    &UNIX,
                    gst::ClockTime::from_nseconds(unix),
                    gst::ClockTime::NONE,
                );
            }
        }
        self.discont = false;
        self.frames = self.frames.saturating_add(1);
        self.end = running.saturating_add(duration);
        self.covered = self.covered.max(self.end);
        if is_audio {
            // a block is in the file once all of it was recorded
            self.lag = self.lag.max(duration);
        }
        buffer
    }

    /// The buffer with the sequence header before it, where a decoder needs it.
    fn with_header(&mut self, buffer: gst::Buffer, key: bool) -> gst::Buffer {
        if !self.send_header || !key || self.header.is_empty() {
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

    /// Running time of a buffer: frames never share one; audio continues where it ended unless it drifted from the recorder's clock.
    fn start_time(&mut self, item: &Item, timing: &Timing) -> i64 {
        let running = timing.running;
        let start = match (item.packet.audio, self.last) {
            (Some(_), None) if !timing.timed => running.saturating_add(self.early.unwrap_or(0)),
            (_, None) => running,
            // two frames of one moment: the finest step that every muxer keeps apart
            (None, Some(last)) if running <= last => last.saturating_add(SECOND / 1000),
            (None, Some(_)) => running,
            (Some(_), Some(last)) => self.audio_start(timing, last),
        };
        self.last = Some(start);
        self.frame_before = timing.last_frame;
        start
    }

    fn audio_start(&mut self, timing: &Timing, last: i64) -> i64 {
        let (mut running, expected) = (timing.running, self.end);
        if !timing.timed {
            // one frame shows where one block is; those that follow it before the next frame continue
            if self.frame_before == timing.last_frame && !self.discont {
                return expected;
            }
            let first = self.frame_before.is_none() && self.early.is_none();
            if first && self.frames > 0 && timing.last_frame.is_some() {
                self.early = Some(expected.saturating_sub(running).max(0));
            }
            running = running.saturating_add(self.early.unwrap_or(0));
        }
        let off = running.saturating_sub(expected);
        let move_by = if self.discont || off.abs() >= JUMP {
            self.drift = Drift::default();
            Some(off)
        } else if timing.exact {
            (off.abs() >= DRIFT).then_some(off)
        } else {
            self.drift.measure(off, timing.interval)
        };
        match move_by {
            None => expected,
            Some(off) => {
                self.discont = true;
                expected.saturating_add(off).max(last.saturating_add(MILLI))
            }
        }
    }

    /// Whether this item changes the stream's tags.
    pub fn is_retagged(&self, item: &Item, doubtful: bool) -> bool {
        let retitled = item
            .packet
            .details
            .as_ref()
            .is_some_and(|details| self.place.is_new(details));
        let changed = self.mode != Some(item.packet.mode) || self.doubtful != doubtful;
        !self.tagged || retitled || item.is_video() && changed
    }

    /// The tags from this item on.
    pub fn update_tags(
        &mut self,
        state: &State,
        settings: &Settings,
        item: &Item,
        doubtful: bool,
    ) -> gst::TagList {
        self.mode = Some(item.packet.mode);
        if item.is_video() {
            self.doubtful = doubtful;
        }
        if let Some(details) = &item.packet.details {
            self.place.take(details);
        }
        self.tags(state, settings)
    }

    /// Tags of the stream as they are now.
    pub fn tags(&mut self, state: &State, settings: &Settings) -> gst::TagList {
        self.tagged = true;
        let mut list = gst::TagList::new();
        {
            let tags = list.make_mut();
            let mode = gst::TagMergeMode::Replace;
            tags.set_scope(gst::TagScope::Stream);
            tags.add::<CameraNumber>(&u32::from(self.key.camera), mode);
            self.place.add_tags(tags, mode);
            let title = self.place.title.clone().filter(|title| !title.is_empty());
            if let Some(title) = title.or_else(|| given_title(state, settings, self.key.camera)) {
                tags.add::<gst::tags::Title>(&title.as_str(), mode);
            }
            if let Some(name) = self.mode.and_then(Mode::name) {
                tags.add::<RecordingMode>(&name, mode);
            }
            if self.doubtful {
                tags.add::<ClockDoubtful>(&true, mode);
            }
            if let Some(name) = codec_name(self.key.codec) {
                match self.key.codec.media() {
                    Media::Audio => tags.add::<gst::tags::AudioCodec>(&name, mode),
                    _ => tags.add::<gst::tags::VideoCodec>(&name, mode),
                }
            }
        }
        self.stream.set_tags(Some(&list));
        list
    }
}

impl Place {
    /// Whether these details say something new.
    fn is_new(&self, details: &Details) -> bool {
        let new = |now: &Option<String>, known| now.is_some() && now != known;
        new(&details.title, &self.title)
            || new(&details.site, &self.site)
            || new(&details.locale, &self.zone)
            || details.utc_offset.is_some() && details.utc_offset != self.utc_offset
    }

    /// Keeps what these details say.
    fn take(&mut self, details: &Details) {
        let take = |known: &mut Option<String>, now: &Option<String>| {
            if now.is_some() {
                known.clone_from(now);
            }
        };
        take(&mut self.title, &details.title);
        take(&mut self.site, &details.site);
        take(&mut self.zone, &details.locale);
        self.utc_offset = details.utc_offset.or(self.utc_offset);
    }

    /// All but the title.
    fn add_tags(&self, tags: &mut gst::TagListRef, mode: gst::TagMergeMode) {
        if let Some(site) = self.site.as_deref().filter(|site| !site.is_empty()) {
            tags.add::<SiteId>(&site, mode);
        }
        if let Some(zone) = self.zone.as_deref().filter(|zone| !zone.is_empty()) {
            tags.add::<TimeZone>(&zone, mode);
        }
        if let Some(offset) = &self.utc_offset {
            tags.add::<RecorderUtcOffset>(offset, mode);
        }
    }
}

/// Title of a camera: the file's, else the one given from outside.
fn given_title(state: &State, settings: &Settings, camera: u16) -> Option<String> {
    let listed = state
        .info()?
        .cameras
        .iter()
        .find(|listed| listed.number == camera)
        .map(|camera| camera.title.clone())
        .filter(|title| !title.is_empty());
    listed.or_else(|| settings.given.cameras.get(&camera).cloned())
}

/// Whether an item begins with MPEG-4 sequence headers as the recorder wrote them.
fn has_own_header(item: &Item) -> bool {
    if !item.packet.key || item.packet.stream.codec != Codec::Mpeg4 {
        return false;
    }
    let mut head = [0; 4];
    if item.buffer.copy_to_slice(0, &mut head).is_err() {
        return false;
    }
    let [_, _, _, code] = head;
    matches!(code, 0xb0 | 0xb5 | 0x00..=0x2f)
}

/// `PCM` and the like.
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

/// What names of its pads and ids of its streams begin with.
fn names(media: Media) -> (&'static str, &'static str) {
    match media {
        Media::Video => ("video", ""),
        Media::Audio => ("audio", "a"),
        Media::Text => ("text", "t"),
        Media::Overlay => ("video", "o"),
    }
}

impl Demux {
    /// A pad for a stream in the group of pads that is being made.
    pub(super) fn new_pad(&self, state: &State, key: StreamKey, number: u32) -> Option<gst::Pad> {
        let (kind, _) = names(key.codec.media());
        let template = self.element()?.pad_template(&format!("{kind}_%u"))?;
        let number = number.saturating_add(state.groups.saturating_mul(GROUP));
        Some((self.functions.source_pad)(
            &template,
            &format!("{kind}_{number}"),
        ))
    }

    /// Makes a stream, its pad and the events that the pad has from the first moment.
    pub(super) fn add_stream(
        &self,
        state: &mut State,
        settings: &Settings,
        shape: &Shape,
        item: Option<&Item>,
        first: Option<i64>,
        outs: &mut Vec<Out>,
    ) {
        let key = shape.key;
        let media = key.codec.media();
        let (kind, letter) = names(media);
        let mut number = u32::from(key.camera);
        let used = |number: u32| {
            let mut others = state.streams.iter();
            others.any(|other| other.number == number && names(other.key.codec.media()).0 == kind)
        };
        // a second codec or the overlay of a camera: its number stays recognisable
        while media == Media::Overlay && number < 1000 || used(number) {
            number = number.saturating_add(1000);
        }
        let Some(pad) = self.new_pad(state, key, number) else {
            return;
        };
        let mut id = format!("{}/{letter}{:03}", state.stream_id, key.camera);
        if number != u32::from(key.camera) {
            id.push_str(&format!("-{number}"));
        }
        let mut stream = Stream::new(key, pad, number, &id, state.damages);
        stream.configure(state, &*self.format, shape, item);
        let group = *state.group.get_or_insert_with(gst::GroupId::next);
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
        let global = global_tags(state, settings, first);
        events.push(gst::event::Tag::new(global));
        let tags = match item {
            Some(item) => stream.update_tags(state, settings, item, false),
            None => stream.tags(state, settings),
        };
        events.push(gst::event::Tag::new(tags));
        events.extend(self.toc_event(state, settings));
        outs.push(Out::Pad(stream.pad.clone(), events));
        state.streams.push(stream);
    }

    /// Announces which streams there are, as decodebin3 and playbin3 want to know. Every pad gets an event for every new one; beyond
    /// [`ANNOUNCED_AT_ONCE`] streams, of several new ones at a time, so that the events grow with the streams and not faster.
    pub(super) fn announce(&self, state: &mut State, outs: &mut Vec<Out>) {
        let count = state.streams.len();
        let due = state.announced.saturating_add(state.announced / 8);
        if count > ANNOUNCED_AT_ONCE && count < due {
            return;
        }
        state.announced = count;
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
}

/// Tags of the whole file; `first` is the time of its first record in nanoseconds since 1970.
fn global_tags(state: &State, settings: &Settings, first: Option<i64>) -> gst::TagList {
    let mut list = gst::TagList::new();
    let tags = list.make_mut();
    let mode = gst::TagMergeMode::Replace;
    tags.set_scope(gst::TagScope::Global);
    let Some(info) = state.info() else {
        return list;
    };
    if !info.container.is_empty() {
        tags.add::<gst::tags::ContainerFormat>(&info.container, mode);
    }
    let dated = state.profile().timing.resolution != Resolution::Slots;
    let first = first.filter(|time| dated && !formats::timeline::is_implausible(*time));
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
