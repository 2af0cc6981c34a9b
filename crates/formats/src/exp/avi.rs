// SPDX-License-Identifier: MPL-2.0
//! The AVI export of DX4500/DX4600 recorders (FourCC `PLV1`): plain RIFF, with pictures in framed records or unframed.

use super::{
    coded,
    layout::Layout,
    record::{self, Kind, Parsed},
    riff::{self, Chunk, Track, TrackKind},
    scan::{self, Found, Frame},
};
use crate::reader::{
    Camera, Damage, FileInfo, MAX_RECORD, Packet, Payload, Reader, Step, StreamKey, Window,
};

/// A chunk of this many bytes or fewer is padding: no picture, but a slot on the timeline (verified).
const PADDING: usize = 4;
/// Header chunks that are read are never larger (assumed; real ones have tens of bytes).
const MAX_HEADER_CHUNK: u32 = 65_536;

/// Records in AVI chunks, for the search after damage.
struct Chunked<'a>(&'a Layout);

impl Frame for Chunked<'_> {
    const BEFORE: usize = riff::CHUNK_HEAD;

    fn parse(&self, data: &[u8]) -> Parsed {
        let Ok(chunk) = Chunk::read(data) else {
            return Parsed::Need(riff::CHUNK_HEAD);
        };
        if !chunk.is_picture() || chunk.size as usize > MAX_RECORD {
            return Parsed::Bad("a picture chunk");
        }
        let payload = data.get(riff::CHUNK_HEAD..).unwrap_or_default();
        match picture_in(self.0, payload, chunk.size as usize) {
            Parsed::Need(bytes) => Parsed::Need(bytes.saturating_add(riff::CHUNK_HEAD)),
            Parsed::Record(mut record) => {
                record.size = chunk.padded();
                Parsed::Record(record)
            }
            other => other,
        }
    }

    fn places(&self) -> Vec<(usize, super::layout::Transform)> {
        let mut places = coded::start_code_places(self.0).to_vec();
        places.push((0, super::layout::Transform::None));
        places
    }
}

/// The picture in a chunk of `size` bytes: a framed record, or coded bytes as they are.
fn picture_in(layout: &Layout, data: &[u8], size: usize) -> Parsed {
    let data = data.get(..size.min(data.len())).unwrap_or_default();
    let framed = record::parse(layout, data, Some(size));
    if matches!(&framed, Parsed::Record(record) if record.kind != Kind::Other) {
        return framed;
    }
    if data.len() < size.min(8) {
        return Parsed::Need(size.min(8));
    }
    let Some(codec) = coded::coded_as(data) else {
        return framed;
    };
    // the VOP's type may stand behind sequence headers
    let head = size.min(256);
    if data.len() < head {
        return Parsed::Need(head);
    }
    let key = coded::is_key(codec, data.get(..head).unwrap_or_default());
    Parsed::Record(record::Record {
        kind: if key { Kind::Key } else { Kind::P },
        size,
        timestamp: None,
        camera: 1,
        mode: Default::default(),
        format: 0,
        sequence: None,
        payload: 0..size,
        stored_end: size,
        transform: super::layout::Transform::None,
        crc: None,
        codec,
        audio: None,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    No,
    Damaged,
    Quiet,
}

/// Reader of the PLV1 AVI.
#[derive(Clone)]
pub struct AviReader {
    layout: Layout,
    info: FileInfo,
    tracks: Vec<Track>,
    /// Slots passed on each track, by stream number.
    slots: Vec<u64>,
    lost: Lost,
    in_movi: bool,
}

impl AviReader {
    /// A reader. `layout` is the layout of the framed records.
    pub fn new(layout: Layout) -> AviReader {
        AviReader {
            layout,
            info: FileInfo {
                container: "Pelco PLV1 AVI",
                family: "plv1",
                ..FileInfo::default()
            },
            tracks: Vec::new(),
            slots: Vec::new(),
            lost: Lost::No,
            in_movi: false,
        }
    }

    fn chunk(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        if chunk.is_list() {
            let Some(kind) = window.data.get(8..12) else {
                return if window.last {
                    Step::Cut(window.data.len())
                } else {
                    Step::Need(12)
                };
            };
            self.in_movi |= kind == b"movi";
            let enter = [b"AVI ", b"AVIX", b"hdrl", b"strl", b"movi", b"rec "];
            if enter.iter().any(|name| kind == name.as_slice()) {
                return Step::Skip(12);
            }
            return self.skip(window, chunk);
        }
        match &chunk.id {
            b"strh" | b"strf" if !self.in_movi && chunk.size <= MAX_HEADER_CHUNK => {
                self.track_header(window, chunk)
            }
            _ if chunk.stream().is_some() => self.media(window, chunk),
            _ if chunk.is_text_id() => self.skip(window, chunk),
            _ => self.search(window, "an AVI chunk"),
        }
    }

    /// A chunk that holds nothing to output.
    fn skip(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        // an unknown chunk in the middle of pictures is believed only when another chunk follows it
        if self.in_movi && !chunk.is_known() {
            let end = chunk.padded();
            if end > MAX_RECORD {
                return self.search(window, "an AVI chunk");
            }
            let enough = end.saturating_add(riff::CHUNK_HEAD);
            if window.data.len() < enough && !window.last {
                return Step::Need(enough);
            }
            let after = Chunk::read(window.data.get(end..).unwrap_or_default());
            if !after.is_ok_and(|after| after.is_known()) && window.data.len() != end {
                return self.search(window, "an AVI chunk");
            }
        }
        Step::Skip(chunk.padded() as u64)
    }

    fn track_header(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        let end = chunk.padded();
        if window.data.len() < end {
            return if window.last {
                Step::Cut(window.data.len())
            } else {
                Step::Need(end)
            };
        }
        let body = window.data.get(riff::CHUNK_HEAD..end).unwrap_or_default();
        if chunk.id == *b"strh" && self.tracks.len() < 100 {
            self.tracks.push(Track::header(body));
            self.slots.push(0);
        } else if let Some(track) = self.tracks.last_mut() {
            track.format(body);
        }
        self.list_cameras();
        Step::Skip(end as u64)
    }

    fn list_cameras(&mut self) {
        let videos = || {
            self.tracks
                .iter()
                .filter(|track| track.kind == TrackKind::Video)
        };
        self.info.slot_rate = videos().find_map(|track| track.rate);
        self.info.cameras = videos()
            .enumerate()
            .map(|(n, track)| Camera {
                number: u16::try_from(n.saturating_add(1)).unwrap_or(u16::MAX),
                width: track.width,
                height: track.height,
                rate: None,
                title: String::new(),
            })
            .collect();
    }

    /// Number from 1 of a stream among those of its kind.
    fn ordinal(&self, stream: usize) -> u16 {
        let kind = self.tracks.get(stream).map(|track| track.kind);
        let before = self
            .tracks
            .iter()
            .take(stream)
            .filter(|track| Some(track.kind) == kind);
        u16::try_from(before.count().saturating_add(1)).unwrap_or(u16::MAX)
    }

    fn media(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        let stream = chunk.stream().unwrap_or(0);
        let size = chunk.size as usize;
        if size > MAX_RECORD {
            return self.search(window, "a chunk size of at most 16 MiB");
        }
        self.in_movi = true;
        let (end, whole) = (chunk.padded(), size.saturating_add(riff::CHUNK_HEAD));
        if window.data.len() < end && !window.last {
            return self
                .picture_head(window, chunk, stream)
                .unwrap_or(Step::Need(end));
        }
        if window.data.len() < whole {
            return self.beyond_end(window);
        }
        let taken = end.min(window.data.len());
        if chunk.is_sound() {
            return self.sound(stream, size, taken);
        }
        if !chunk.is_picture() {
            return Step::Skip(taken as u64);
        }
        if size <= PADDING {
            self.next_slot(stream);
            return Step::Skip(taken as u64);
        }
        let body = window.data.get(riff::CHUNK_HEAD..whole).unwrap_or_default();
        match picture_in(&self.layout, body, size) {
            Parsed::Record(record) if record.kind == Kind::Other => {
                self.next_slot(stream);
                Step::Skip(taken as u64)
            }
            Parsed::Record(record) => {
                let key = coded::shows_key(&record, body);
                self.picture(stream, record, key, taken)
            }
            Parsed::Need(_) | Parsed::NoPicture { .. } | Parsed::Bad(_) => {
                self.damaged_chunk(window, stream, taken)
            }
        }
    }

    /// A picture that ends in bytes nobody wants to see, where its first bytes tell it.
    fn picture_head(&mut self, window: &Window<'_>, chunk: Chunk, stream: usize) -> Option<Step> {
        let (size, end) = (chunk.size as usize, chunk.padded());
        if !window.holds(end) || !chunk.is_picture() || size <= PADDING {
            return None;
        }
        let head = window.data.get(riff::CHUNK_HEAD..)?;
        match picture_in(&self.layout, head, size) {
            Parsed::Record(record)
                if record.kind != Kind::Other && coded::key_shown_in(&record) <= head.len() =>
            {
                let key = coded::shows_key(&record, head);
                Some(self.picture(stream, record, key, end))
            }
            _ => None,
        }
    }

    /// A chunk without a picture that can be told: damage of its own, or of the chunk's size.
    fn damaged_chunk(&mut self, window: &Window<'_>, stream: usize, taken: usize) -> Step {
        if self.lost == Lost::No {
            let enough = taken.saturating_add(riff::CHUNK_HEAD);
            if window.data.len() < enough && !window.last {
                return Step::Need(enough);
            }
            let after = window.data.get(taken..).unwrap_or_default();
            if after.is_empty() || Chunk::read(after).is_ok_and(|after| after.is_known()) {
                self.next_slot(stream);
                return Step::Damaged(Damage {
                    length: taken.max(1),
                    expected: "a PLV1 picture in its chunk",
                });
            }
        }
        self.search(window, "a PLV1 picture in its chunk")
    }

    fn next_slot(&mut self, stream: usize) -> Option<u64> {
        let slot = self.slots.get_mut(stream)?;
        let now = *slot;
        *slot = slot.saturating_add(1);
        Some(now)
    }

    fn picture(&mut self, stream: usize, record: record::Record, key: bool, size: usize) -> Step {
        self.lost = Lost::No;
        let slot = self.next_slot(stream);
        let camera = self.ordinal(stream);
        let track = self.tracks.get(stream);
        let shift = |at: usize| at.saturating_add(riff::CHUNK_HEAD);
        let payload = match record.stored_payload() {
            Payload::Swap32 { range, len } => Payload::Swap32 {
                range: shift(range.start)..shift(range.end),
                len,
            },
            _ => Payload::Plain(shift(record.payload.start)..shift(record.payload.end)),
        };
        Step::Packet(Packet {
            stream: StreamKey {
                camera,
                codec: record.codec,
            },
            size,
            payload,
            key,
            crc: record.crc,
            timestamp: record.timestamp,
            slot,
            sequence: record.sequence,
            width: track.map_or(352, |track| track.width),
            height: track.map_or(240, |track| track.height),
            audio: None,
            mode: record.mode,
            details: None,
        })
    }

    fn sound(&mut self, stream: usize, size: usize, taken: usize) -> Step {
        let format = self.tracks.get(stream).and_then(|track| track.sound);
        let (Some((codec, audio)), true) = (format, size > 0) else {
            return Step::Skip(taken as u64);
        };
        Step::Packet(Packet {
            stream: StreamKey {
                camera: self.ordinal(stream),
                codec,
            },
            size: taken,
            payload: Payload::Plain(riff::CHUNK_HEAD..size.saturating_add(riff::CHUNK_HEAD)),
            key: true,
            crc: None,
            timestamp: None,
            slot: None,
            sequence: None,
            width: 0,
            height: 0,
            audio: Some(audio),
            mode: Default::default(),
            details: None,
        })
    }

    fn search(&mut self, window: &Window<'_>, expected: &'static str) -> Step {
        if self.lost == Lost::No {
            self.lost = Lost::Damaged;
        }
        let frame = Chunked(&self.layout);
        let length = match scan::find(&frame, window.data, 1, window.last) {
            Found::At(at) | Found::NoneBefore(at) => at,
        };
        if length <= 1 && !window.last && length == window.data.len() {
            return Step::Need(window.data.len().saturating_add(1));
        }
        self.lost_bytes(length.max(1), expected)
    }

    fn lost_bytes(&self, length: usize, expected: &'static str) -> Step {
        match self.lost {
            Lost::Quiet => Step::Skip(length as u64),
            _ => Step::Damaged(Damage { length, expected }),
        }
    }

    /// A chunk that reaches beyond the file's end: cut, unless another picture follows inside it.
    fn beyond_end(&mut self, window: &Window<'_>) -> Step {
        let frame = Chunked(&self.layout);
        if let Found::At(at) = scan::find(&frame, window.data, 1, true)
            && matches!(frame.parse(window.skip(at).data),
                Parsed::Record(record) if record.size <= window.skip(at).data.len())
        {
            if self.lost == Lost::No {
                self.lost = Lost::Damaged;
            }
            return self.lost_bytes(at, "a chunk that ends inside the file");
        }
        match self.lost {
            Lost::No => Step::Cut(window.data.len()),
            _ => self.lost_bytes(window.data.len().max(1), "a whole chunk"),
        }
    }
}

impl Reader for AviReader {
    fn next(&mut self, window: &Window<'_>) -> Step {
        let chunk = match Chunk::read(window.data) {
            Ok(chunk) => chunk,
            Err(_) if !window.last => return Step::Need(riff::CHUNK_HEAD),
            Err(_) if window.data.is_empty() => return Step::End,
            Err(_) => return Step::Cut(window.data.len()),
        };
        // a file whose beginning is lost, or stands behind something else
        if window.offset == 0 && self.tracks.is_empty() && chunk.id != *b"RIFF" {
            self.lost = Lost::Quiet;
        }
        if self.lost == Lost::No {
            return self.chunk(window, chunk);
        }
        // after damage or a jump only a picture that proves itself, or a sure sign of another part of the file, ends the search
        if matches!(&chunk.id, b"idx1" | b"RIFF") {
            self.lost = Lost::No;
            return self.chunk(window, chunk);
        }
        match Chunked(&self.layout).parse(window.data) {
            Parsed::Record(record) if record.kind != Kind::Other => self.media(window, chunk),
            Parsed::Need(bytes) if !window.last => {
                Step::Need(bytes.max(window.data.len().saturating_add(1)))
            }
            Parsed::Need(_) => self.beyond_end(window),
            _ => self.search(window, "a PLV1 picture chunk"),
        }
    }

    fn resync(&mut self) {
        self.lost = Lost::Quiet;
        self.in_movi = true;
    }

    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn fork(&self) -> Box<dyn Reader> {
        let mut fork = self.clone();
        fork.resync();
        Box::new(fork)
    }

    fn set_slot(&mut self, slot: u64) {
        for passed in &mut self.slots {
            *passed = slot;
        }
    }
}
