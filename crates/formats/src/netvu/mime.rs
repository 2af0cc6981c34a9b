// SPDX-License-Identifier: MPL-2.0
//! MIME multipart streams (`multipart/x-mixed-replace` with the units' own boundary).
//!
//! A body ends where its header says, or before the boundary of the next part: where the two contradict each other, the boundary is
//! right.
//!
//! The facts of an MPEG-4 frame are in the text part that follows it, so such a frame is output when the header of the next part
//! is there, and with it the text part, if it is one. In every capture the text follows at once; a unit that sent none would be
//! seen one frame late. JPEG files carry their own comment and wait for nothing.

use super::audio::{self, DEFAULT_MODE, Mode};
use super::jfif::{self, Jfif};
use super::mime_part::{BOUNDARY, Content, NoPart, Part, boundary, resembles_part};
use super::packet_builder::{MAX_CAMERA, PacketBuilder, seen};
use super::picture::Format;
use super::scan::{Form, Found, Missing};
use super::text::Facts;
use crate::reader::{Ask, Damage, FileInfo, MAX_RECORD, Step, Timestamp, Window};
use memchr::memmem;
use std::ops::Range;

/// Longest text part that is waited for, in bytes (assumed; 275 is the longest seen).
const MAX_TRAILER: usize = 65_536;

/// Longest JPEG file without any header that is read, in bytes (stated).
const MAX_BARE: usize = 262_144;

/// A block of audio may begin this many milliseconds from the last frame before its clock is set again.
const DRIFT: u64 = 1000;

/// Bytes that are waited for at least before a boundary is looked for in them.
const WAIT: usize = 64 << 10;

/// Bytes behind a frame that need not be seen which are asked for at once: the header of a text part, and the text.
const BEHIND: usize = 512;

/// What is known, or what must be seen to know it.
type Ahead<T> = Result<T, Ask>;

/// MIME streams.
#[derive(Clone)]
pub struct Mime {
    builder: PacketBuilder,
    /// Camera of the last frame.
    camera: u16,
    /// End of the last block of audio.
    audio: Option<Timestamp>,
}

impl Mime {
    /// The form; `terse` leaves out facts that every frame has.
    pub fn new(terse: bool) -> Mime {
        Mime {
            builder: PacketBuilder::new("NetVu MIME stream", "netvu-mime", terse),
            camera: 1,
            audio: None,
        }
    }
}

impl Form for Mime {
    const EXPECTED: &'static str = "a part of a NetVu MIME stream";

    fn builder(&mut self) -> &mut PacketBuilder {
        &mut self.builder
    }

    fn info(&self) -> &FileInfo {
        &self.builder.info
    }

    fn find(&self, data: &[u8], from: usize, last: bool) -> Found {
        find(data, from, last)
    }

    fn moved(&mut self) {
        self.audio = None;
    }

    fn read(&mut self, window: &Window<'_>) -> Result<Step, Missing> {
        let data = window.data;
        if let Some(filling) = filling(data) {
            return Ok(Step::Skip(filling as u64));
        }
        match located(window, 0) {
            Ok(Some(part)) => match self.part(window, &part) {
                Ok(step) => Ok(step),
                Err(ask) => Ok(ask.into()),
            },
            Err(ask) => Ok(ask.into()),
            Ok(None) if data.starts_with(&jfif::START[..2]) => self.bare(window),
            Ok(None) if !matches!(Part::parse(data), Err(NoPart::Wrong)) => {
                match data.iter().all(u8::is_ascii_whitespace) {
                    true => Ok(Step::Skip(data.len() as u64)),
                    false => Err(Missing::CutOff),
                }
            }
            Ok(None) => Err(Missing::Before(1)),
        }
    }
}

/// Length of the FF bytes that some units fill the end of a stream with (verified on one), but for the first of a JPEG file.
fn filling(data: &[u8]) -> Option<usize> {
    let count = data.iter().take_while(|byte| **byte == 0xff).count();
    let jpeg = count == 1 && data.get(1).is_none_or(|byte| *byte == 0xd8);
    (count > 0 && !jpeg).then_some(count)
}

/// The first part from `from` on.
pub fn find(data: &[u8], from: usize, last: bool) -> Found {
    let mut searched = from;
    while let Some(at) = boundary(data, searched) {
        match Part::parse(data.get(at..).unwrap_or_default()) {
            Ok(_) => return Found::At(at),
            Err(NoPart::Short(missing)) if !last => {
                let need = data.len().saturating_add(missing);
                return Found::Perhaps { at, need };
            }
            Err(_) => searched = at.saturating_add(1),
        }
    }
    let tail = BOUNDARY.len().saturating_add(3);
    Found::NotBefore(match last {
        true => data.len(),
        false => data.len().saturating_sub(tail).max(from),
    })
}

/// A part and where its body is.
struct Located {
    part: Part,
    body: Range<usize>,
}

/// The part at `at`. `Ok(None)` where there is none, or the file ends inside.
fn located(window: &Window<'_>, at: usize) -> Ahead<Option<Located>> {
    let here = window.behind(at);
    let (data, last) = (here.data, here.last);
    let ask = |bytes: usize| Err(window.ask(at, at.saturating_add(bytes)));
    let part = match Part::parse(data) {
        Ok(part) => part,
        Err(NoPart::Short(missing)) if !last => return ask(data.len().saturating_add(missing)),
        Err(_) => return Ok(None),
    };
    let start = part.header;
    let claimed = start.saturating_add(part.length.unwrap_or(MAX_RECORD));
    let shown = seen(data, &(start..claimed));
    let end = match boundary(shown, 0) {
        Some(end) => start.saturating_add(end),
        None if part.length.is_some()
            && (data.len() >= claimed || at == 0 && hides(window, &part, claimed)?) =>
        {
            claimed
        }
        None if last => return Ok(None),
        None => {
            let more = data.len().saturating_mul(2).max(WAIT);
            return match data.len() >= claimed {
                true => Ok(None),
                false => ask(claimed.min(more)),
            };
        }
    };
    let body = at.saturating_add(start)..at.saturating_add(end);
    Ok(Some(Located { part, body }))
}

/// Whether the body of a frame that ends at `end` need not be seen: the part behind proves its length.
fn hides(window: &Window<'_>, part: &Part, end: usize) -> Ahead<bool> {
    let frame = matches!(part.content, Content::Jpeg | Content::Video { .. });
    if window.unread.is_none() || !frame || !window.holds(end) {
        return Ok(false);
    }
    let behind = window.behind(end);
    match Part::parse(behind.data) {
        Ok(_) => Ok(true),
        Err(NoPart::Short(missing)) if !behind.last => {
            let need = behind.data.len().saturating_add(missing).max(BEHIND);
            Err(window.ask(end, end.saturating_add(need)))
        }
        Err(_) => Ok(false),
    }
}

impl Mime {
    fn part(&mut self, window: &Window<'_>, found: &Located) -> Ahead<Step> {
        let Located { part, body } = found;
        let (range, total) = (body.clone(), body.end);
        if range.is_empty() {
            return Ok(Step::Skip(total as u64));
        }
        let step = match part.content {
            Content::Text | Content::Other => Ok(Step::Skip(total as u64)),
            Content::Video { h264 } => return self.video(window, found, h264),
            Content::Jpeg => {
                // not one that lacks its tables
                let format = Format::Mpeg4;
                if let Some(ask) = self.builder.asks(window, 1, format, (0, 0), &range) {
                    return Err(ask);
                }
                self.jpeg(window.data, range, total)
            }
            Content::Audio => return self.audio(window, part, range),
            Content::Overlay => self
                .builder
                .overlay(window.data, range, self.camera, total)
                .ok_or("an overlay bitmap"),
            Content::Xml => {
                let text = window.data.get(range).unwrap_or_default();
                self.builder.note("XML_INFO", text);
                Ok(Step::Skip(total as u64))
            }
        };
        Ok(step.unwrap_or_else(|expected| damaged(total, expected)))
    }

    fn jpeg(
        &mut self,
        data: &[u8],
        range: Range<usize>,
        size: usize,
    ) -> Result<Step, &'static str> {
        let frame = self.builder.whole_jpeg(data, range, 1)?;
        self.camera = frame.camera;
        Ok(self.builder.emit(frame, size))
    }

    fn video(&mut self, window: &Window<'_>, found: &Located, h264: bool) -> Ahead<Step> {
        let start = found.body.start;
        let mut total = found.body.end;
        if Some(total) == found.part.length.map(|length| start.saturating_add(length))
            && let Some(end) = end_by_boundary(window, total)?
        {
            total = end;
        }
        let facts = trailer(window, total, self.builder.terse)?.unwrap_or_default();
        let camera = facts
            .camera
            .filter(|camera| *camera <= MAX_CAMERA)
            .unwrap_or(self.camera);
        let size = found.part.size;
        if size.0 > 0 && size.1 > 0 {
            self.builder.set_size(camera, size);
        }
        let range = start..total;
        let format = if h264 { Format::H264 } else { Format::Mpeg4 };
        if let Some(ask) = self.builder.asks(window, camera, format, (0, 0), &range) {
            return Err(ask);
        }
        let payload = seen(window.data, &range);
        let frame = self.builder.coded(
            window.offset,
            camera,
            payload,
            range,
            format.codec(),
            (0, 0),
            facts,
        );
        Ok(match frame {
            Ok(frame) => {
                self.camera = camera;
                self.builder.emit(frame, total)
            }
            Err(expected) => damaged(total, expected),
        })
    }

    /// A block of audio has no time. It follows the block before; the first one follows the frame before, or ends where the
    /// frame behind it begins (assumed, from the same unit's binary stream, whose blocks end a few milliseconds after it).
    fn audio(&mut self, window: &Window<'_>, part: &Part, range: Range<usize>) -> Ahead<Step> {
        let total = range.end;
        let mode = Mode {
            rate: part
                .rate
                .filter(|rate| (4000..=192_000).contains(rate))
                .unwrap_or(DEFAULT_MODE.rate),
            adpcm: true,
        };
        let samples = range.len().saturating_sub(super::adpcm::HEADER) as u64;
        let millis = mode.millis(samples.saturating_mul(2));
        let near = |audio: &Timestamp, frame: &Timestamp| {
            audio.unix_ms().abs_diff(frame.unix_ms()) <= DRIFT
        };
        let end = match (self.audio, self.builder.timestamp) {
            (Some(audio), Some(frame)) if near(&audio, &frame) => Some(audio::later(audio, millis)),
            (Some(audio), None) => Some(audio::later(audio, millis)),
            (_, Some(frame)) => Some(audio::later(frame, millis)),
            (None, None) => frame_behind(window, total)?,
        };
        let Some(step) = self.builder.audio(window.data, range, mode, 1, end, total) else {
            return Ok(damaged(total, "a block of audio"));
        };
        self.audio = end;
        Ok(step)
    }

    /// A JPEG file with no header before it, which some units answer when one picture is asked for (verified on one).
    fn bare(&mut self, window: &Window<'_>) -> Result<Step, Missing> {
        let data = window.data.get(..MAX_BARE).unwrap_or(window.data);
        let end = memmem::find(data, &[0xff, 0xd9]).map(|at| at.saturating_add(2));
        match (Jfif::read(data), end) {
            (Ok(Some(_)), Some(end)) => self
                .jpeg(window.data, 0..end, end)
                .map_err(|_| Missing::Before(1)),
            (Ok(None), _) => Err(Missing::Before(1)),
            _ if data.len() < window.data.len() => Err(Missing::Before(1)),
            _ if window.last => Err(Missing::CutOff),
            _ => Ok(Step::Need(window.data.len().saturating_add(1))),
        }
    }
}

fn damaged(length: usize, expected: &'static str) -> Step {
    Step::Damaged(Damage { length, expected })
}

/// Where a body ends whose header says `claimed`, if nothing like a part is there and the next boundary is behind it.
fn end_by_boundary(window: &Window<'_>, claimed: usize) -> Ahead<Option<usize>> {
    let (data, rest) = (window.data, window.behind(claimed).data);
    let part = Part::parse(rest);
    if rest.is_empty() || !matches!(part, Err(NoPart::Wrong)) || filling(rest).is_some() {
        return Ok(None);
    }
    if resembles_part(rest) {
        return Ok(None);
    }
    match boundary(data, claimed) {
        Some(at) => Ok(Some(at)),
        None if window.last || rest.len() >= MAX_TRAILER => Ok(None),
        None => Err(Ask::Need(data.len().saturating_mul(2))),
    }
}

/// The facts in the text part at `at`.
fn trailer<'a>(window: &Window<'a>, at: usize, terse: bool) -> Ahead<Option<Facts<'a>>> {
    match Part::parse(window.behind(at).data) {
        Ok(part) if part.content != Content::Text => return Ok(None),
        Ok(part) if part.length.is_some_and(|length| length > MAX_TRAILER) => return Ok(None),
        _ => {}
    }
    let Some(found) = located(window, at)? else {
        return Ok(None);
    };
    let text = window.behind(found.body.start).data;
    let text = text.get(..found.body.len()).unwrap_or_default();
    let nul = memchr::memchr(0, text).unwrap_or(text.len());
    Ok(Some(Facts::read(
        text.get(..nul).unwrap_or_default(),
        terse,
    )))
}

/// The time of the JPEG file in the part at `at`.
fn frame_behind(window: &Window<'_>, at: usize) -> Ahead<Option<Timestamp>> {
    let data = window.data;
    let part = match Part::parse(data.get(at..).unwrap_or_default()) {
        Ok(part) => part,
        Err(NoPart::Short(missing)) if !window.last => {
            return Err(Ask::Need(data.len().max(at).saturating_add(missing)));
        }
        Err(_) => return Ok(None),
    };
    if part.content != Content::Jpeg {
        return Ok(None);
    }
    let start = at.saturating_add(part.header);
    let end = start.saturating_add(part.length.unwrap_or(MAX_BARE));
    let shown = data.get(start..end.min(data.len())).unwrap_or_default();
    match Jfif::read(shown) {
        Ok(Some(jpeg)) => Ok(jpeg
            .comment
            .and_then(|text| Facts::read(text, true).timestamp)),
        Err(_) if !window.last && end > data.len() => Err(Ask::Need(data.len().saturating_add(1))),
        _ => Ok(None),
    }
}
