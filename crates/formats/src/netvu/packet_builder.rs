// SPDX-License-Identifier: MPL-2.0
//! From a frame, a block of audio or a mask to a packet: what all NetVu readers share. Remembers what each camera last had, so that
//! facts are output where they change and texts where something happens, and so that one damaged header does not decide over a
//! camera's number, codec or frame size.

use super::audio::{self, Mode};
use super::jfif::Jfif;
use super::jpeg::{self, Prefixes, Shape};
use super::picture::{self, Format, PictureHeader};
use super::text::{Facts, Info, RoutineText, clip, decode};
use super::{captions::Captions, pbm, sniff};
use crate::mpeg4::{SizeHint, VolParams, h264, keyframe_size};
use crate::reader::{
    Ask, Camera, Codec, Details, FileInfo, Packet, Payload, Step, StreamKey, Timestamp, Window,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a note (INFO, XML) that are kept.
const MAX_NOTE: usize = 16_384;

/// Notes that wait for the next packet.
const MAX_NOTES: usize = 16;

/// Largest camera number (assumed); keeps what is remembered bounded.
pub const MAX_CAMERA: u16 = 4096;

/// Bytes of an access unit in which its sequence header is looked for.
const SEQUENCE_HEADER: usize = 256;

/// Bytes at the end of a stripped JPEG frame that show how it ends.
pub const TAIL: usize = 64;

/// What a camera last had.
#[derive(Clone, Debug, Default)]
struct Known {
    title: Option<Vec<u8>>,
    site: Vec<u8>,
    locale: Vec<u8>,
    utc_offset: Option<i32>,
    captions: Captions,
    /// The text block of a frame that had nothing to report.
    routine: RoutineText,
    /// It has had frames.
    seen: bool,
    /// Codec of its keyframes, and the one before where a single frame has the new one so far.
    codec: Option<Codec>,
    left: Option<Codec>,
    /// From an INFO packet or a MIME type.
    size: (u16, u16),
    /// What its keyframes show, and the size that their header claimed.
    coded_size: (u16, u16),
    claimed_size: (u16, u16),
    info_title: Option<Vec<u8>>,
    /// Time of its last frame.
    timestamp: Option<Timestamp>,
}

/// A frame, ready to be output.
pub struct Frame<'a> {
    /// Camera, from 1.
    pub camera: u16,
    /// Codec of the payload.
    pub codec: Codec,
    /// Can be decoded alone.
    pub key: bool,
    /// The coded bytes.
    pub payload: Payload,
    /// Pixels and lines, 0 = unknown.
    pub size: (u16, u16),
    /// What the file has about it.
    pub facts: Facts<'a>,
}

/// See the module.
#[derive(Clone, Default)]
pub struct PacketBuilder {
    /// What is known of the file.
    pub info: FileInfo,
    cameras: BTreeMap<u16, Known>,
    prefixes: Prefixes,
    quantisers: Option<([u8; 64], Option<u8>)>,
    notes: Vec<(String, String)>,
    warnings: Vec<String>,
    /// Facts that say only what every frame has are left out.
    pub terse: bool,
    /// Time of the last frame of any camera.
    pub timestamp: Option<Timestamp>,
    /// The last camera number of a header that was not believed, and the offset of its frame.
    doubted: Option<(u64, u16)>,
}

/// The text, where it is another than the remembered one, which it replaces.
fn changed(known: &mut Vec<u8>, now: Option<&[u8]>) -> Option<String> {
    let now = clip(now?);
    (known.as_slice() != now).then(|| {
        known.clear();
        known.extend_from_slice(now);
        decode(now)
    })
}

impl Known {
    /// Macroblocks are counted where the claim is new.
    fn is_measured(&self, claimed: (u16, u16)) -> bool {
        self.coded_size != (0, 0) && claimed == self.claimed_size
    }

    /// The size of a keyframe: its sequence header's, that of its macroblocks where they contradict the size it claims, else that.
    fn measure(&self, payload: &[u8], codec: Codec, claimed: (u16, u16)) -> (u16, u16) {
        let head = payload.get(..SEQUENCE_HEADER).unwrap_or(payload);
        let own = match codec {
            Codec::H264 => h264::picture_size(head),
            _ if payload.starts_with(&[0, 0, 1, 0xb6]) => None,
            _ => VolParams::parse(head)
                .ok()
                .map(|vol| (vol.width, vol.height)),
        };
        if let Some(own) = own.filter(|own| own.0 > 0 && own.1 > 0) {
            return own;
        }
        if self.is_measured(claimed) || codec == Codec::H264 {
            return if claimed == self.claimed_size {
                self.coded_size
            } else {
                claimed
            };
        }
        let count = |size: (u16, u16)| VolParams::new(size.0, size.1).macroblocks();
        keyframe_size(payload, SizeHint::default())
            .filter(|counted| count(*counted) != count(claimed))
            .unwrap_or(claimed)
    }
}

impl PacketBuilder {
    /// A builder for a file of that format.
    pub fn new(container: &'static str, family: &'static str, terse: bool) -> PacketBuilder {
        PacketBuilder {
            terse,
            info: FileInfo {
                container,
                family,
                ..FileInfo::default()
            },
            ..PacketBuilder::default()
        }
    }

    /// The reader continues at another place: an alarm that is on there is shown again.
    pub fn resync(&mut self) {
        for known in self.cameras.values_mut() {
            known.captions.repeat();
            known.routine = RoutineText::default();
            known.timestamp = None;
        }
        self.timestamp = None;
    }

    /// Reports a warning once.
    pub fn warn(&mut self, offset: u64, text: &str) {
        if !self.warnings.iter().any(|known| known.ends_with(text)) && self.warnings.len() < 16 {
            self.warnings.push(format!("at offset {offset}: {text}"));
        }
    }

    /// The warnings since the last call. What was reported once may be reported again after that.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Keeps a text that belongs to no frame, as a field of the next packet.
    pub fn note(&mut self, name: &str, text: &[u8]) {
        if self.notes.len() < MAX_NOTES {
            let text = text.get(..MAX_NOTE).unwrap_or(text);
            self.notes.push((name.to_owned(), decode(text)));
        }
    }

    /// Takes in an INFO packet: flag byte and items. A size holds for the packet's own camera.
    pub fn info_packet(&mut self, camera: u16, body: &[u8]) {
        let text = body.get(1..).unwrap_or_default();
        let info = Info::read(text);
        if let Some(site) = info.site {
            self.info.server = decode(clip(site));
        }
        if let Some(size) = info.size {
            self.set_size(camera, size);
        }
        for (camera, title) in info.titles {
            if (1..=MAX_CAMERA).contains(&camera) {
                self.cameras.entry(camera).or_default().info_title = Some(clip(title).to_vec());
                self.list_camera(camera, decode(clip(title)));
            }
        }
        self.note("INFO", text);
    }

    /// A camera that the stream names, with frames or without.
    fn list_camera(&mut self, number: u16, title: String) {
        let cameras = &mut self.info.cameras;
        match cameras.iter_mut().find(|camera| camera.number == number) {
            Some(camera) => camera.title = title,
            None => cameras.push(Camera {
                number,
                title,
                ..Camera::default()
            }),
        }
    }

    /// The size of a camera's frames, for those that do not say it.
    pub fn set_size(&mut self, camera: u16, size: (u16, u16)) {
        self.cameras.entry(camera).or_default().size = size;
    }

    /// The camera of the frame at `offset` whose header and channel have these numbers, which are the same in every capture. Where
    /// they differ and only the channel's camera has had frames, the header is taken for damaged, until its number comes again. A
    /// frame that is read once more (its text came first) says nothing new.
    pub fn camera(&mut self, offset: u64, header: u16, channel: u16) -> u16 {
        let camera = self.camera_of(offset, header, channel);
        if camera != header {
            self.doubted = Some((offset, header));
        }
        camera
    }

    /// As [`PacketBuilder::camera`], without remembering what was doubted.
    pub fn camera_of(&self, offset: u64, header: u16, channel: u16) -> u16 {
        let again = |(at, number): (u64, u16)| at != offset && number == header;
        let has_frames = |camera| self.cameras.get(&camera).is_some_and(|known| known.seen);
        let believed = header == channel || has_frames(header) || !has_frames(channel);
        match believed || self.doubted.is_some_and(again) {
            true => header,
            false => channel,
        }
    }

    /// What has to be seen of a frame at `range`; `None` where it is seen. Not more than that need be, where not all of the window is
    /// wanted.
    pub fn asks(
        &self,
        window: &Window<'_>,
        camera: u16,
        format: Format,
        claimed: (u16, u16),
        range: &Range<usize>,
    ) -> Option<Ask> {
        let shown = seen(window.data, range);
        if shown.len() == range.len() {
            return None;
        }
        let head = self.head_of(camera, format, claimed, shown);
        if shown.len() < head.min(range.len()) {
            return Some(Ask::Need(range.start.saturating_add(head).min(range.end)));
        }
        let stripped = matches!(format, Format::Jpeg { .. })
            && !shown.starts_with(&[0xff, 0xd8, 0xff])
            && !sniff::begins_with_code(shown);
        if !stripped {
            return None;
        }
        let at = range.end.saturating_sub(TAIL).max(range.start);
        let tail = tail_of(window, range);
        if tail.len() < range.end.saturating_sub(at) {
            return Some(window.ask(at, range.end));
        }
        let filling = tail.iter().all(|byte| *byte == 0xff);
        filling.then_some(Ask::Need(range.end))
    }

    /// Bytes of a frame that show what it is; `shown` are its first ones.
    fn head_of(&self, camera: u16, format: Format, claimed: (u16, u16), shown: &[u8]) -> usize {
        if shown.starts_with(&[0xff, 0xd8]) {
            return match Jfif::read(shown) {
                Err(short) => shown.len().saturating_add(short.missing),
                Ok(_) => shown.len(),
            };
        }
        if format == Format::H264 && shown.starts_with(b"P") {
            return usize::MAX;
        }
        let head = sniff::shown_in(shown);
        let known = self.cameras.get(&camera);
        let before = known.and_then(|known| known.codec);
        if shown.len() < head
            || sniff::codec(shown, before.unwrap_or(format.codec())) != Some(Codec::Mpeg4)
            || !sniff::is_key(shown, Codec::Mpeg4)
        {
            return head;
        }
        let measured = known.is_some_and(|known| match claimed {
            (0, 0) => known.is_measured(known.size),
            claimed => known.is_measured(claimed),
        });
        if measured { head } else { usize::MAX }
    }

    /// The frame behind a picture header that is at `base` of the window, its text `text_len` bytes long and its payload up to `end` of
    /// the window, as far as [`PacketBuilder::asks`] wants it seen.
    pub fn headed<'a>(
        &mut self,
        window: &Window<'a>,
        header: &'a PictureHeader,
        base: usize,
        text_len: usize,
        end: usize,
    ) -> Result<Frame<'a>, &'static str> {
        let text = base.saturating_add(picture::LEN);
        let range = text.saturating_add(text_len)..end;
        let text = seen(window.data, &(text..range.start));
        let payload = Some(seen(window.data, &range))
            .filter(|payload| !payload.is_empty())
            .ok_or("a frame")?;
        let mut facts = Facts {
            camera: Some(header.camera),
            timestamp: header.timestamp,
            title: Some(picture::text(&header.data.title.0)),
            alarm: Some(picture::text(&header.data.alarm.0)),
            locale: Some(picture::text(&header.data.locale.0)),
            utc_offset: header.utc_offset,
            terse: self.terse,
            ..Facts::default()
        };
        if !self.terse {
            facts.fields.reserve(6);
        }
        let known = self.cameras.entry(header.camera).or_default();
        if !known.routine.matches(text) {
            facts.add_text(text);
            known.routine.remember(text, &facts);
        }
        add_numbers(header, &mut facts);
        let claimed = (header.width, header.height);
        let frame = |codec, payload, size, facts| Frame {
            camera: header.camera,
            codec,
            key: true,
            payload,
            size,
            facts,
        };
        // the coded bytes decide what they are, the header says which of two likely ones
        if payload.starts_with(&[0xff, 0xd8, 0xff]) {
            let own = Jfif::read(payload).ok().flatten();
            let own = own.map(|jpeg| (jpeg.width, jpeg.height));
            let size = own
                .filter(|size| size.0 > 0 && size.1 > 0)
                .unwrap_or(claimed);
            return Ok(frame(Codec::Jpeg, Payload::Plain(range), size, facts));
        }
        match header.format {
            Format::Jpeg { both } if !sniff::begins_with_code(payload) => {
                let shape = Shape {
                    factor: header.data.factor,
                    width: header.width,
                    height: header.height,
                    both,
                };
                let stored = match payload.len() < range.len() {
                    true => tail_of(window, &range),
                    false => payload,
                };
                let coded = self.prefixes.rebuild(shape, stored, range);
                Ok(frame(Codec::Jpeg, coded, claimed, facts))
            }
            Format::H264 if matches!(payload, [b'P', b'1' | b'4', b'\n', ..]) => {
                let mask = pbm::expand(payload).ok_or("an overlay bitmap")?;
                let size = (mask.width, mask.height);
                Ok(frame(Codec::Pbm, Payload::Made(mask.file), size, facts))
            }
            format => self.coded(
                window.offset,
                header.camera,
                payload,
                range,
                format.codec(),
                claimed,
                facts,
            ),
        }
    }

    /// A frame of MPEG-4 or H.264, whichever its bytes are.
    #[allow(clippy::too_many_arguments)]
    pub fn coded<'a>(
        &mut self,
        offset: u64,
        camera: u16,
        payload: &[u8],
        range: Range<usize>,
        declared: Codec,
        claimed: (u16, u16),
        facts: Facts<'a>,
    ) -> Result<Frame<'a>, &'static str> {
        let known = self.cameras.entry(camera).or_default();
        let before = known.codec;
        let codec =
            sniff::codec(payload, before.unwrap_or(declared)).ok_or("a start code of a frame")?;
        let key = sniff::is_key(payload, codec);
        // one damaged start code does not make another codec
        let begins = match codec {
            Codec::H264 => {
                h264::picture_size(payload.get(..SEQUENCE_HEADER).unwrap_or(payload)).is_some()
            }
            _ => key,
        };
        let changes = before.is_some_and(|before| before != codec);
        // a single frame of another codec was a damaged one
        let returns = known.left.take() == Some(codec);
        if changes && !begins && !returns {
            return Err("a keyframe where the codec changes");
        }
        if key || returns {
            known.left = before.filter(|_| changes && !returns);
            known.codec = Some(codec);
        }
        let claimed = if claimed == (0, 0) {
            known.size
        } else {
            claimed
        };
        if key {
            let coded = known.measure(payload, codec, claimed);
            let lies = claimed != (0, 0) && coded != claimed && claimed != known.claimed_size;
            known.coded_size = coded;
            known.claimed_size = claimed;
            if lies {
                let text = format!(
                    "camera {camera} claims frames of {}x{}, its keyframes are {}x{}",
                    claimed.0, claimed.1, coded.0, coded.1
                );
                self.warn(offset, &text);
            }
        }
        let known = self.cameras.entry(camera).or_default();
        Ok(Frame {
            camera,
            codec,
            key,
            payload: Payload::Plain(range),
            size: if known.coded_size == (0, 0) {
                claimed
            } else {
                known.coded_size
            },
            facts,
        })
    }

    /// A whole JPEG file at `range` of `data`, which may show only its beginning. `camera` is used where the file names none.
    pub fn whole_jpeg<'a>(
        &mut self,
        data: &'a [u8],
        range: Range<usize>,
        camera: u16,
    ) -> Result<Frame<'a>, &'static str> {
        let jpeg = Jfif::read(seen(data, &range))
            .ok()
            .flatten()
            .ok_or("a JPEG file with a scan")?;
        let terse = self.terse;
        let read = |text| Facts::read(text, terse);
        let mut facts = jpeg.comment.map(read).unwrap_or_default();
        if let (false, Some(table)) = (terse, jpeg.quantisers)
            && let Some(factor) = self.factor(table)
        {
            facts
                .fields
                .push(("Q-Factor".to_owned(), factor.to_string()));
        }
        let camera = facts
            .camera
            .filter(|camera| *camera <= MAX_CAMERA)
            .unwrap_or(camera);
        Ok(Frame {
            camera,
            codec: Codec::Jpeg,
            key: true,
            payload: Payload::Plain(range),
            size: (jpeg.width, jpeg.height),
            facts,
        })
    }

    /// The quality factor of a table, looked up again only where the table changes.
    fn factor(&mut self, table: &[u8; 64]) -> Option<u8> {
        match &self.quantisers {
            Some((known, factor)) if known == table => *factor,
            _ => {
                let factor = jpeg::factor_of(table);
                self.quantisers = Some((*table, factor));
                factor
            }
        }
    }

    /// The packet of a frame that takes `size` bytes, or first the text of what changed with it.
    pub fn emit(&mut self, frame: Frame<'_>, size: usize) -> Step {
        let known = self.cameras.entry(frame.camera).or_default();
        if let Some(text) = known.captions.update(&frame.facts) {
            return Step::Packet(Packet {
                stream: StreamKey {
                    camera: frame.camera,
                    codec: Codec::Text,
                },
                size: 0,
                payload: Payload::Made(text.into_bytes().into_boxed_slice()),
                ..packet(frame.camera, Codec::Text, frame.facts.timestamp)
            });
        }
        known.seen = true;
        let timestamp = frame.facts.timestamp;
        self.timestamp = timestamp.or(self.timestamp);
        let details = self.details(frame.camera, frame.facts);
        Step::Packet(Packet {
            size,
            payload: frame.payload,
            key: frame.key,
            width: frame.size.0,
            height: frame.size.1,
            details,
            ..packet(frame.camera, frame.codec, timestamp)
        })
    }

    fn details(&mut self, camera: u16, facts: Facts<'_>) -> Option<Box<Details>> {
        let known = self.cameras.entry(camera).or_default();
        known.timestamp = facts.timestamp.or(known.timestamp);
        let title = match (facts.title, &known.info_title) {
            (None, Some(title)) => Some(title.clone()),
            (title, _) => title.map(|title| clip(title).to_vec()),
        };
        let title = title.filter(|title| known.title.as_ref() != Some(title));
        if let Some(title) = &title {
            known.title = Some(title.clone());
        }
        let utc_offset = facts
            .utc_offset
            .filter(|offset| known.utc_offset != Some(*offset));
        known.utc_offset = utc_offset.or(known.utc_offset);
        self.info.utc_offset = self.info.utc_offset.or(utc_offset);
        if let (Some(site), true) = (facts.site, self.info.server.is_empty()) {
            self.info.server = decode(clip(site));
        }
        let mut details = Details {
            title: title.as_deref().map(decode),
            site: changed(&mut known.site, facts.site),
            utc_offset,
            locale: changed(&mut known.locale, facts.locale),
            alarm: facts
                .alarm
                .filter(|alarm| !alarm.is_empty())
                .map(|alarm| decode(clip(alarm))),
            fields: facts.fields,
        };
        details.fields.append(&mut self.notes);
        (details != Details::default()).then(|| Box::new(details))
    }

    /// A block of audio at `range` that ends at `end`. `None` where it is not a valid block.
    pub fn audio(
        &mut self,
        data: &[u8],
        range: Range<usize>,
        mode: Mode,
        channel: u16,
        end: Option<Timestamp>,
        size: usize,
    ) -> Option<Step> {
        let (payload, samples) = mode.samples(data, range)?;
        let millis = mode.millis(samples);
        let timestamp = end.map(|end| audio::later(end, millis.saturating_neg()));
        let details = (!self.notes.is_empty()).then(|| {
            Box::new(Details {
                fields: std::mem::take(&mut self.notes),
                ..Details::default()
            })
        });
        Some(Step::Packet(Packet {
            size,
            payload,
            audio: Some(mode.format()),
            details,
            ..packet(channel, audio::CODEC, timestamp)
        }))
    }

    /// An overlay that belongs to the last frame of the camera. `None` where it is neither mask nor bitmap.
    pub fn overlay(
        &mut self,
        data: &[u8],
        range: Range<usize>,
        camera: u16,
        size: usize,
    ) -> Option<Step> {
        let body = data.get(range.clone())?;
        let known = self.cameras.entry(camera).or_default();
        let timestamp = known.timestamp.or(self.timestamp);
        if body.starts_with(b"BM") {
            let (width, height) = sniff::bitmap_size(body)?;
            return Some(Step::Packet(Packet {
                size,
                payload: Payload::Plain(range),
                width,
                height,
                ..packet(camera, Codec::Bmp, timestamp)
            }));
        }
        let mask = pbm::expand(body)?;
        let details = (!mask.name.is_empty()).then(|| {
            Box::new(Details {
                title: Some(format!("Camera {camera}: {}", decode(clip(&mask.name)))),
                ..Details::default()
            })
        });
        Some(Step::Packet(Packet {
            size,
            payload: Payload::Made(mask.file),
            width: mask.width,
            height: mask.height,
            details,
            ..packet(camera, Codec::Pbm, timestamp)
        }))
    }
}

/// The header's numbers that few readers want, under the names that JPEG comments use. Masks are left out while nothing is set.
fn add_numbers(header: &PictureHeader, facts: &mut Facts<'_>) {
    let fields = &mut facts.fields;
    let masks = [
        ("Active-alarms", header.data.alarms),
        ("Active-detectors", header.data.detectors),
    ];
    for (name, mask) in masks {
        if mask != 0 {
            fields.push((name.to_owned(), format!("{mask:08x}")));
        }
    }
    if facts.terse {
        return;
    }
    fields.push(("Q-Factor".to_owned(), header.data.factor.to_string()));
    fields.push((
        "Target-size".to_owned(),
        header.data.target_size.to_string(),
    ));
}

/// The last bytes of a range, as far as they are shown.
fn tail_of<'a>(window: &Window<'a>, range: &Range<usize>) -> &'a [u8] {
    let at = range.end.saturating_sub(TAIL).max(range.start);
    seen(window.behind(at).data, &(0..range.end.saturating_sub(at)))
}

/// As much of a range as is shown.
pub fn seen<'a>(data: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    let data = data.get(..range.end).unwrap_or(data);
    data.get(range.start..).unwrap_or_default()
}

/// A packet with nothing in it.
pub fn packet(camera: u16, codec: Codec, timestamp: Option<Timestamp>) -> Packet {
    Packet {
        stream: StreamKey { camera, codec },
        size: 0,
        payload: Payload::Plain(0..0),
        key: true,
        crc: None,
        timestamp,
        slot: None,
        sequence: None,
        width: 0,
        height: 0,
        audio: None,
        mode: crate::reader::Mode::Unknown,
        details: None,
    }
}
