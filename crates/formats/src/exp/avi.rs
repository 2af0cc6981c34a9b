// SPDX-License-Identifier: MPL-2.0
//! The AVI export of DX4500/DX4600 recorders (FourCC `PLV1`): plain RIFF, with frames in framed records or unframed.

use super::{
    avi_index::{self, AviIndex},
    coded,
    index::{self, Entries},
    layout::{Layout, Transform},
    native::searched_in,
    record::{self, Kind, Parsed, Record},
    riff::{self, CHUNK_HEAD, Chunk, Track, TrackKind},
    scan::{Ahead, Found, Frame, Lost, Scan, Sign, may_be_frame},
    sizes::{Claim, Sizes, VOTE_WINDOW},
    streams::{STREAM, Streams},
};
use crate::reader::{
    Camera, Damage, FileInfo, IndexEntry, IndexPlace, MAX_RECORD, Packet, Payload, Reader,
    Standard, Step, StreamKey, Window,
};
use std::sync::Arc;

/// A chunk of this many bytes or fewer is padding: no frame, but a slot on the timeline (verified).
const PADDING: usize = 4;
/// Header chunks that are read are never larger (assumed; real ones have tens of bytes).
const MAX_HEADER_CHUNK: u32 = 65_536;
/// Bytes of a keyframe's record in which its start code is searched for where any place may begin a record.
const SCAN_SEARCH: usize = 128;
/// Expected where chunks do not follow each other.
const CHUNK: &str = "an AVI chunk";
/// Expected of a video chunk.
const FRAME: &str = "a PLV1 frame in its chunk";

/// Records in AVI chunks. Their camera is the chunk's stream.
struct Chunked<'a>(&'a Layout);

impl Frame for Chunked<'_> {
    fn parse(&self, data: &[u8]) -> Parsed {
        let Ok(chunk) = Chunk::read(data) else {
            return Parsed::Need(CHUNK_HEAD);
        };
        let Some(stream) = chunk.stream().filter(|_| chunk.is_picture()) else {
            return Parsed::Bad("a video chunk");
        };
        let size = chunk.size as usize;
        if size > MAX_RECORD || size <= PADDING {
            return Parsed::Bad("a video chunk's size");
        }
        let body = data.get(CHUNK_HEAD..).unwrap_or_default();
        match frame_in(self.0, body, size) {
            Parsed::Need(bytes) => Parsed::Need(bytes.saturating_add(CHUNK_HEAD)),
            Parsed::NoPicture { .. } => Parsed::NoPicture {
                size: chunk.padded(),
            },
            Parsed::Record(mut record) => {
                record.size = chunk.padded();
                record.camera = u16::try_from(stream).unwrap_or(u16::MAX);
                record.payload = moved(record.payload.start)..moved(record.payload.end);
                record.stored_end = moved(record.stored_end);
                Parsed::Record(record)
            }
            other => other,
        }
    }
}

/// An offset in a chunk's body, from the chunk's start.
fn moved(at: usize) -> usize {
    at.saturating_add(CHUNK_HEAD)
}

/// The frame in a chunk of `size` bytes: a framed record, or coded bytes as they are.
fn frame_in(layout: &Layout, data: &[u8], size: usize) -> Parsed {
    let data = data.get(..size.min(data.len())).unwrap_or_default();
    let framed = record::parse(layout, data, Some(size));
    if matches!(&framed, Parsed::Record(record) if record.kind != Kind::Other) {
        return framed;
    }
    if data.len() < size.min(8) {
        return Parsed::Need(size.min(8));
    }
    let Some(codec) = coded::coded_as(data).filter(|_| size >= record::MIN_FRAME) else {
        return framed;
    };
    // the VOP's type may be behind sequence headers
    let head = size.min(256);
    if data.len() < head {
        return Parsed::Need(head);
    }
    let key = coded::is_key(codec, data.get(..head).unwrap_or_default());
    Parsed::Record(Record {
        kind: if key { Kind::Key } else { Kind::P },
        size,
        timestamp: None,
        camera: 1,
        mode: Default::default(),
        format: 0,
        sequence: None,
        payload: 0..size,
        stored_end: size,
        transform: Transform::None,
        keeps_group: false,
        crc: None,
        codec,
        audio: None,
    })
}

/// Whether the coded bytes are the whole chunk, so that only the chunk's size says where they end.
fn is_plain(record: &Record) -> bool {
    record.payload.start == CHUNK_HEAD
}

/// FourCCs that a search stops at besides those of frames.
fn signs() -> Vec<Sign> {
    let at_start = [b"RIFF", b"LIST", b"idx1", b"strh", b"strf"].map(|id| Sign::new(id, 0));
    at_start.into_iter().chain(frame_signs()).collect()
}

/// The ends of the FourCCs of frames.
fn frame_signs() -> [Sign; 2] {
    [b"db", b"dc"].map(|kind| Sign::new(kind, 2))
}

/// What follows a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// Another chunk, or the file's end.
    Chunk,
    /// Something else.
    Other,
    /// The file ends inside the chunk.
    Cut,
}

/// The sizes of chunks of one kind whose coded bytes are all of them.
#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    largest: usize,
    last: [usize; 2],
}

impl Usual {
    /// Whether a chunk behind it proves such a size. One that is damaged may end where a later chunk does, and swallow those between:
    /// any other size has to show that no frame begins inside it.
    fn is(&self, size: usize) -> bool {
        let least = self.last.iter().min().copied().unwrap_or(0);
        size <= self.largest && size <= least.saturating_mul(2)
    }

    fn add(&mut self, size: usize) {
        self.largest = self.largest.max(size);
        self.last = [size, self.last[0]];
    }
}

/// Layouts of the framed records.
struct Layouts {
    own: Layout,
    /// The same where any byte may begin a record.
    scan: Layout,
}

/// Reader of the PLV1 AVI.
#[derive(Clone)]
pub struct AviReader {
    layouts: Arc<Layouts>,
    info: FileInfo,
    warnings: Vec<String>,
    tracks: Vec<Track>,
    /// Slots passed on each track, by stream number.
    slots: Vec<u64>,
    lost: Lost,
    scan: Scan,
    /// The search for frames inside a chunk whose size may lie, which knows no other signs.
    inside: Scan,
    in_movi: bool,
    sizes: Sizes,
    streams: Streams,
    keyframes: Usual,
    others: Usual,
    /// Bytes of an `idx1` that are still to be passed.
    idx1: u64,
    index: AviIndex,
}

impl AviReader {
    /// A reader. `layout` is the layout of the framed records.
    pub fn new(layout: Layout) -> AviReader {
        AviReader {
            layouts: Arc::new(Layouts {
                scan: searched_in(&layout, SCAN_SEARCH),
                own: layout,
            }),
            info: FileInfo {
                container: "Pelco PLV1 AVI",
                family: "plv1",
                ..FileInfo::default()
            },
            warnings: Vec::new(),
            tracks: Vec::new(),
            slots: Vec::new(),
            lost: Lost::No,
            inside: Scan::new(frame_signs().into()),
            scan: Scan::new(signs()),
            in_movi: false,
            sizes: Sizes::default(),
            streams: Streams::default(),
            keyframes: Usual::default(),
            others: Usual::default(),
            idx1: 0,
            index: AviIndex::default(),
        }
    }

    /// Takes records one by one from now on, as far as each proves itself: the beginning of a file shows no more.
    pub fn look_at_hand(&mut self) {
        self.sizes.look_at_hand();
        self.streams.trust();
    }

    #[cfg(test)]
    pub(super) fn searched(&self) -> [&Scan; 2] {
        [&self.scan, &self.inside]
    }

    /// Letters of the FourCC `PLV1` that a video track of the header names, at most; `None` where it has no video track.
    pub fn names_plv1(&self) -> Option<usize> {
        let videos = self
            .tracks
            .iter()
            .filter(|track| track.kind == TrackKind::Video);
        videos.map(Track::letters_of_plv1).max()
    }

    fn chunk(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        if chunk.stream().is_some() {
            return self.media(window, chunk);
        }
        match self.enters(window, chunk) {
            Err(bytes) => return Step::Need(bytes),
            Ok(true) => return Step::Skip(12),
            Ok(false) => {}
        }
        match &chunk.id {
            b"strh" | b"strf" | b"indx" if !self.in_movi && chunk.size <= MAX_HEADER_CHUNK => {
                self.track_header(window, chunk)
            }
            b"idx1" => self.start_idx1(window, chunk),
            _ if chunk.is_text_id() => self.skip(window, chunk),
            _ => self.search(window, CHUNK),
        }
    }

    /// Whether a list begins here whose chunks are read one by one. One word of it may be damaged: its FourCC, its type or the
    /// FourCC of its first chunk. A list of unknown type is not passed over whole either: it may be that of the frames.
    fn enters(&mut self, window: &Window<'_>, chunk: Chunk) -> Result<bool, usize> {
        if !chunk.is_list() && self.in_movi {
            return Ok(false);
        }
        let data = window.data;
        if data.len() < 20 && !window.last {
            return Err(20);
        }
        let kind = data.get(8..12);
        let known = kind.is_some_and(riff::is_entered);
        let first = Chunk::read(data.get(12..).unwrap_or_default());
        let signs = [
            chunk.is_list(),
            known,
            first.is_ok_and(|first| first.is_known()),
        ];
        let enters = &chunk.id == b"LIST" || signs.iter().filter(|sign| **sign).count() >= 2;
        if enters {
            let names = |name: &[u8; 4]| kind == Some(name.as_slice());
            if names(b"movi") {
                self.index.movi(window.offset, chunk.padded() as u64);
            }
            self.in_movi |= names(b"movi");
        }
        Ok(enters)
    }

    /// What follows a chunk of `end` bytes. A single damaged chunk is followed by another one.
    fn after(&self, window: &Window<'_>, end: usize) -> Result<After, usize> {
        let mut at = end;
        for _ in 0..2 {
            let rest = window.skip(at);
            let Ok(next) = Chunk::read(rest.data) else {
                // where the window ends, the file does, or its last chunk lacks the byte that pads it
                return match window.last {
                    true if at == end && window.data.len().saturating_add(1) < end => {
                        Ok(After::Cut)
                    }
                    true if at == end || rest.data.is_empty() => Ok(After::Chunk),
                    true => Ok(After::Other),
                    false => Err(at.saturating_add(CHUNK_HEAD)),
                };
            };
            if next.is_known() {
                return Ok(After::Chunk);
            }
            if next.size as usize > MAX_RECORD {
                return Ok(After::Other);
            }
            at = at.saturating_add(next.padded());
        }
        Ok(After::Other)
    }

    /// A chunk that holds nothing to output.
    fn skip(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        if chunk.padded() > MAX_RECORD {
            return self.search(window, CHUNK);
        }
        match self.after(window, chunk.padded()) {
            Err(bytes) => Step::Need(bytes),
            Ok(After::Chunk) => Step::Skip(chunk.padded() as u64),
            Ok(After::Other) => self.search(window, CHUNK),
            Ok(After::Cut) => self.beyond_end(window),
        }
    }

    fn start_idx1(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        let entries = window.data.get(CHUNK_HEAD..).unwrap_or_default();
        let claimed = chunk.size as usize;
        let shown = claimed.min(index::PROOF.saturating_mul(avi_index::IDX1_ENTRY));
        if entries.len() < shown && !window.last {
            return Step::Need(moved(shown));
        }
        if !avi_index::begins_idx1(entries.get(..shown.min(entries.len())).unwrap_or_default()) {
            return self.search(window, CHUNK);
        }
        self.lost = Lost::No;
        self.idx1 = chunk.padded().saturating_sub(CHUNK_HEAD) as u64;
        Step::Skip(CHUNK_HEAD as u64)
    }

    /// Passes over the entries of an `idx1`, as long as they are some.
    fn pass_idx1(&mut self, window: &Window<'_>) -> Step {
        let entries = index::pass_entries(
            window.data,
            self.idx1,
            window.last,
            avi_index::is_idx1_entry,
        );
        match entries {
            _ if self.idx1 < avi_index::IDX1_ENTRY as u64 => {
                let rest = std::mem::take(&mut self.idx1);
                Step::Skip(rest)
            }
            Entries::Need(bytes) => Step::Need(bytes),
            Entries::Some(bytes) => {
                self.idx1 = self.idx1.saturating_sub(bytes as u64);
                Step::Skip(bytes as u64)
            }
            Entries::Cut(bytes) => {
                self.idx1 = 0;
                match bytes {
                    0 => Step::End,
                    bytes => Step::Cut(bytes),
                }
            }
            Entries::Wrong => {
                self.idx1 = 0;
                self.warnings.push(format!(
                    "index at offset {}: its entries end before its size does",
                    window.offset
                ));
                self.next(window)
            }
        }
    }

    fn track_header(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        let end = chunk.padded();
        match self.after(window, end) {
            Err(bytes) => return Step::Need(bytes),
            Ok(After::Chunk) => {}
            Ok(After::Other) => return self.search(window, CHUNK),
            Ok(After::Cut) => return self.beyond_end(window),
        }
        self.lost = Lost::No;
        let whole = moved(chunk.size as usize).min(window.data.len());
        let body = window.data.get(CHUNK_HEAD..whole).unwrap_or_default();
        match &chunk.id {
            b"strh" if self.tracks.len() < 100 => {
                self.tracks.push(Track::header(body));
                self.slots.push(0);
                self.index.add_stream();
            }
            b"strf" => {
                if let Some(track) = self.tracks.last_mut() {
                    track.format(body);
                }
            }
            b"indx" => self.index.super_index(body),
            _ => {}
        }
        self.list_cameras();
        Step::Skip(end.min(window.data.len()) as u64)
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
        let audio = self
            .tracks
            .iter()
            .filter(|track| track.kind == TrackKind::Audio);
        self.info.audio = (1_u16..)
            .zip(audio)
            .filter_map(|(camera, track)| {
                let (codec, format) = track.audio?;
                Some((StreamKey { camera, codec }, format))
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
            .filter(|track| kind.is_none_or(|kind| track.kind == kind));
        u16::try_from(before.count().saturating_add(1)).unwrap_or(u16::MAX)
    }

    /// A chunk of a stream.
    fn media(&mut self, window: &Window<'_>, chunk: Chunk) -> Step {
        let stream = chunk.stream().unwrap_or(0);
        let size = chunk.size as usize;
        if size > MAX_RECORD {
            return self.search(window, "a chunk size of at most 16 MiB");
        }
        self.in_movi = true;
        if chunk.is_picture() && size > PADDING {
            match Chunked(&self.layouts.own).parse(window.data) {
                Parsed::Need(bytes) if !window.last => {
                    return Step::Need(bytes.max(window.data.len().saturating_add(1)));
                }
                Parsed::Record(record) if record.kind != Kind::Other => {
                    return self.video(window, stream, record);
                }
                Parsed::Record(_) => {}
                _ => return self.damaged_chunk(window, stream, chunk),
            }
        }
        if size <= PADDING && chunk.is_picture() {
            let passed = self.pass_padding(window.data, chunk, stream);
            if passed > 0 {
                return Step::Skip(passed as u64);
            }
        }
        match self.after(window, chunk.padded()) {
            Err(bytes) => return Step::Need(bytes),
            Ok(After::Cut) => return self.beyond_end(window),
            Ok(After::Other)
                if self
                    .frame_inside(window, CHUNK_HEAD, chunk.padded())
                    .is_some() =>
            {
                return self.search(window, "a chunk size that ends before another chunk");
            }
            Ok(_) => {}
        }
        let taken = chunk.padded().min(window.data.len());
        if chunk.is_audio() {
            return self.audio(stream, size, taken);
        }
        if chunk.is_picture() {
            self.next_slot(stream);
        }
        Step::Skip(taken as u64)
    }

    /// Passes padding of one video stream in a row, each chunk a slot, as far as another chunk follows. The number of bytes.
    fn pass_padding(&mut self, data: &[u8], first: Chunk, stream: usize) -> usize {
        let (mut passed, mut slots) = (0_usize, 0_u64);
        let mut chunk = first;
        while chunk.id == first.id && chunk.size as usize <= PADDING {
            let end = passed.saturating_add(chunk.padded());
            match data.get(end..).map(Chunk::read) {
                Some(Ok(next)) if next.is_known() => chunk = next,
                // what follows proves nothing of this one
                _ => break,
            }
            passed = end;
            slots = slots.saturating_add(1);
        }
        if let Some(slot) = self.slots.get_mut(stream) {
            *slot = slot.saturating_add(slots);
        }
        passed
    }

    /// The first frame that proves itself in these bytes of the window.
    fn frame_inside(&mut self, window: &Window<'_>, from: usize, to: usize) -> Option<usize> {
        let inside = Window {
            data: window.data.get(..to.min(window.data.len()))?,
            last: true,
            ..*window
        };
        let chunked = Chunked(&self.layouts.scan);
        match self.inside.find_frame(&chunked, &inside, from) {
            Found::At(at) => Some(at),
            Found::NoneBefore(_) => None,
        }
    }

    fn usual(&mut self, key: bool) -> &mut Usual {
        match key {
            true => &mut self.keyframes,
            false => &mut self.others,
        }
    }

    /// A chunk with a frame that proved itself as far as it is shown.
    fn video(&mut self, window: &Window<'_>, stream: usize, mut record: Record) -> Step {
        let (end, shown) = (record.size, window.data.len());
        let key = coded::shows_key(&record, window.data);
        let plain = is_plain(&record);
        let usual = self.usual(key).is(end);
        // where the record's own length does not confirm the chunk's size, what follows has to
        let unsure = match plain {
            true => !usual || window.unread.is_none() || shown >= moved(end),
            false => end.saturating_sub(record.stored_end) > CHUNK_HEAD,
        };
        if unsure {
            match self.after(window, end) {
                Err(bytes) => return Step::Need(bytes),
                Ok(After::Cut) if plain => return self.beyond_end(window),
                Ok(after) => {
                    let from = if plain { CHUNK_HEAD } else { record.stored_end };
                    let inside = match after {
                        // a size that is damaged may end where another chunk does
                        After::Chunk if plain && usual => None,
                        _ => self.frame_inside(window, from, end),
                    };
                    match inside {
                        Some(at) if plain => {
                            self.lost.begin();
                            return self
                                .lost
                                .step(at, "a chunk size that ends before another chunk");
                        }
                        // the record's own length leads to the next chunk
                        _ if !plain && (inside.is_some() || after != After::Chunk) => {
                            record.size = record.stored_end.saturating_add(record.stored_end & 1);
                        }
                        _ => {}
                    }
                }
            }
        }
        if record.size > shown {
            if window.last {
                // only the padding may be missing
                if record.stored_end > shown {
                    return self.beyond_end(window);
                }
                record.size = shown;
            } else if !window.holds(record.size)
                || coded::key_shown_in(&record) > shown
                || !self.sizes.is_settled(&record, key)
            {
                return Step::Need(record.size);
            }
        }
        if plain {
            self.usual(key).add(record.size);
        }
        self.accept(window, stream, record, key)
    }

    /// A chunk without a frame: damage of its own, or of the chunk's size.
    fn damaged_chunk(&mut self, window: &Window<'_>, stream: usize, chunk: Chunk) -> Step {
        if self.lost == Lost::No {
            match self.after(window, chunk.padded()) {
                Err(bytes) => return Step::Need(bytes),
                Ok(After::Cut) => return self.beyond_end(window),
                Ok(After::Chunk)
                    if self
                        .frame_inside(window, CHUNK_HEAD, chunk.padded())
                        .is_none() =>
                {
                    self.next_slot(stream);
                    return Step::Damaged(Damage {
                        length: chunk.padded().min(window.data.len()),
                        expected: FRAME,
                    });
                }
                Ok(_) => {}
            }
        }
        self.search(window, FRAME)
    }

    fn next_slot(&mut self, stream: usize) -> Option<u64> {
        let slot = self.slots.get_mut(stream)?;
        let now = *slot;
        *slot = slot.saturating_add(1);
        Some(now)
    }

    fn accept(&mut self, window: &Window<'_>, stream: usize, record: Record, key: bool) -> Step {
        let chunked = Chunked(&self.layouts.scan);
        let size = record.size;
        let ahead = |limit| Ahead::new(&chunked, window, &self.scan, size, limit);
        if !self.streams.is_last(&record) {
            let listed = match self.tracks.as_slice() {
                [] => None,
                _ => Some(self.is_video(stream)),
            };
            match self.streams.belongs(&record, window.offset, listed, ahead) {
                Err(bytes) => return Step::Need(bytes),
                Ok(true) => {}
                Ok(false) => {
                    return Step::Damaged(Damage {
                        length: record.size.min(window.data.len()),
                        expected: STREAM,
                    });
                }
            }
        }
        let camera = self.ordinal(stream);
        let (width, height) = match self.sizes.settled(&record, key) {
            Some(size) => size,
            None => {
                let track = self.tracks.get(stream);
                let size = track.map(|track| (track.width, track.height));
                let claim = Claim {
                    camera,
                    header: size
                        .filter(|(width, height)| *width > 0 && *height > 0)
                        .map(|size| (size, "the header")),
                    standard: Standard::Unknown,
                };
                let ahead = ahead(VOTE_WINDOW);
                let warnings = &mut self.warnings;
                match self.sizes.find(&record, key, &claim, ahead, warnings) {
                    Ok(size) => size,
                    Err(bytes) => return Step::Need(bytes),
                }
            }
        };
        self.lost = Lost::No;
        Step::Packet(Packet {
            stream: StreamKey {
                camera,
                codec: record.codec,
            },
            size: record.size,
            payload: record.stored_payload(),
            key,
            crc: record.crc,
            timestamp: record.timestamp,
            slot: self.next_slot(stream),
            sequence: record.sequence,
            width,
            height,
            audio: None,
            mode: record.mode,
            details: None,
        })
    }

    fn is_video(&self, stream: usize) -> bool {
        let kind = self.tracks.get(stream).map(|track| track.kind);
        kind == Some(TrackKind::Video)
    }

    fn audio(&mut self, stream: usize, size: usize, taken: usize) -> Step {
        let format = self.tracks.get(stream).and_then(|track| track.audio);
        let (Some((codec, audio)), true) = (format, size > 0) else {
            return Step::Skip(taken as u64);
        };
        Step::Packet(Packet {
            stream: StreamKey {
                camera: self.ordinal(stream),
                codec,
            },
            size: taken,
            payload: Payload::Plain(CHUNK_HEAD..moved(size).min(taken)),
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
        self.lost.begin();
        let layouts = Arc::clone(&self.layouts);
        let chunked = Chunked(&layouts.scan);
        let in_movi = self.in_movi;
        self.scan.step(self.lost, window, expected, |rest| {
            may_be_frame(&chunked.parse(rest.data), rest.last)
                || is_landmark(rest, in_movi) != Some(false)
        })
    }

    /// The file ends inside a chunk, or in bytes that are lost already.
    fn too_short(&self, window: &Window<'_>) -> Step {
        match self.lost {
            Lost::No => Step::Cut(window.data.len()),
            _ => self.lost.step(window.data.len().max(1), "a whole chunk"),
        }
    }

    /// A chunk that reaches beyond the file's end: cut, unless another frame follows inside it.
    fn beyond_end(&mut self, window: &Window<'_>) -> Step {
        let chunked = Chunked(&self.layouts.scan);
        let landmark = |rest: &Window<'_>| is_landmark(rest, self.in_movi) == Some(true);
        match self.scan.find_whole(&chunked, window, landmark) {
            Some(at) => {
                self.lost.begin();
                self.lost.step(at, "a chunk that ends inside the file")
            }
            None => self.too_short(window),
        }
    }
}

/// Whether a part of the file that needs no frame to prove itself begins here; `None` where more bytes decide.
fn is_landmark(window: &Window<'_>, in_movi: bool) -> Option<bool> {
    let data = window.data;
    let Ok(chunk) = Chunk::read(data) else {
        return (window.last).then_some(false);
    };
    match &chunk.id {
        b"RIFF" | b"LIST" => match data.get(8..12) {
            Some(kind) => Some(riff::is_entered(kind)),
            None => window.last.then_some(false),
        },
        b"idx1" => {
            let entries = data.get(CHUNK_HEAD..).unwrap_or_default();
            let shown = index::PROOF
                .saturating_mul(avi_index::IDX1_ENTRY)
                .min(chunk.size as usize);
            match entries.get(..shown) {
                Some(entries) => Some(avi_index::begins_idx1(entries)),
                None => window.last.then_some(false),
            }
        }
        b"strh" | b"strf" if !in_movi && chunk.size <= MAX_HEADER_CHUNK => {
            let next = data.get(chunk.padded()..).map(Chunk::read);
            match next {
                Some(Ok(next)) => Some(next.is_known()),
                _ => window.last.then_some(false),
            }
        }
        _ => Some(false),
    }
}

impl Reader for AviReader {
    fn next(&mut self, window: &Window<'_>) -> Step {
        if self.idx1 > 0 {
            return self.pass_idx1(window);
        }
        let chunk = match Chunk::read(window.data) {
            Ok(chunk) => chunk,
            Err(_) if !window.last => return Step::Need(CHUNK_HEAD),
            Err(_) if window.data.is_empty() => return Step::End,
            Err(_) => return self.too_short(window),
        };
        if window.offset == 0 && self.tracks.is_empty() {
            match self.enters(window, chunk) {
                Err(bytes) => return Step::Need(bytes),
                Ok(true) => return Step::Skip(12),
                // a file whose beginning is lost, or that is inside something else
                Ok(false) => self.lost = Lost::Quiet,
            }
        }
        if self.lost == Lost::No {
            return self.chunk(window, chunk);
        }
        // after damage or a jump only a frame that proves itself, or a sure sign of another part of the file, ends the search
        match is_landmark(window, self.in_movi) {
            Some(true) => {
                self.lost = Lost::No;
                return self.chunk(window, chunk);
            }
            Some(false) => {}
            None => return Step::Need(window.data.len().saturating_add(256)),
        }
        match Chunked(&self.layouts.scan).parse(window.data) {
            Parsed::Record(record) if record.kind != Kind::Other => self.media(window, chunk),
            Parsed::Need(bytes) if !window.last => {
                Step::Need(bytes.max(window.data.len().saturating_add(1)))
            }
            Parsed::Need(_) => self.beyond_end(window),
            _ => self.search(window, "a PLV1 video chunk"),
        }
    }

    fn resync(&mut self) {
        self.lost = Lost::Quiet;
        self.in_movi = true;
        self.idx1 = 0;
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

    fn trust_sizes(&mut self) {
        self.sizes.trust();
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn index_request(&self) -> Option<(u64, usize)> {
        self.index.request()
    }

    fn show_index(&mut self, window: &Window<'_>) {
        self.index.show(window);
    }

    fn index(&self) -> Vec<IndexPlace> {
        self.index.places()
    }

    fn index_entry(&self, place: &IndexPlace, number: u64, entry: &[u8]) -> Option<IndexEntry> {
        let (stream, mut entry) = self.index.entry(place, number, entry)?;
        let track = self.tracks.get(stream)?;
        entry.camera = self.ordinal(stream);
        entry.video &= track.kind == TrackKind::Video;
        Some(entry)
    }
}
