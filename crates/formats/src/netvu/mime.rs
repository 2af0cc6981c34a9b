// SPDX-License-Identifier: MPL-2.0
//! MIME multipart streams (`multipart/x-mixed-replace` with the units' own boundary).
//!
//! What is said of an MPEG-4 picture stands in the text part that follows it, so such a picture is output when the header
//! of the next part is there, and with it the text part, if it is one. In every capture the text follows at once; a unit that
//! sent none would be seen one picture late. JPEG files carry their own comment and wait for nothing.

use super::audio::{self, DEFAULT_MODE, Mode};
use super::find;
use super::jfif::{self, Jfif};
use super::mime_part::{BOUNDARY, Content, NoPart, Part};
use super::packet_builder::PacketBuilder;
use super::text::Facts;
use crate::reader::{Codec, Damage, FileInfo, Reader, Step, Timestamp, Window};
use memchr::memmem;

/// Longest text part that is waited for, in bytes (assumed; 275 is the longest seen).
const MAX_TRAILER: usize = 65_536;

/// Longest JPEG file without any header that is read, in bytes (stated).
const MAX_BARE: usize = 262_144;

/// A block of sound may begin this many milliseconds from the last picture before its clock is set again.
const DRIFT: u64 = 1000;

const PART: &str = "a part of a NetVu MIME stream";

/// Bytes to look further for, or not.
type Ahead<T> = Result<T, usize>;

/// Reader of MIME streams.
#[derive(Clone)]
pub struct MimeReader {
    packet_builder: PacketBuilder,
    /// Bytes are skipped to the next boundary without being damage.
    quiet: bool,
    /// The next boundary is searched for.
    lost: bool,
    /// Camera of the last picture.
    camera: u16,
    /// End of the last block of sound.
    sound: Option<Timestamp>,
}

impl MimeReader {
    /// A reader; `terse` leaves out facts that every picture has.
    pub fn new(terse: bool) -> MimeReader {
        MimeReader {
            packet_builder: PacketBuilder::new("NetVu MIME stream", "netvu-mime", terse),
            quiet: false,
            lost: false,
            camera: 1,
            sound: None,
        }
    }
}

impl Reader for MimeReader {
    fn next(&mut self, window: &Window<'_>) -> Step {
        if window.data.is_empty() {
            return if window.last {
                Step::End
            } else {
                Step::Need(1)
            };
        }
        if self.lost {
            return self.search(window, 0);
        }
        if let Some(filling) = filling(window.data) {
            return Step::Skip(filling as u64);
        }
        match Part::parse(window.data) {
            Ok(part) => self.part(window, &part),
            Err(_) if window.data.starts_with(&jfif::START[..2]) => self.bare(window),
            Err(NoPart::Short(missing)) if !window.last => {
                Step::Need(window.data.len().saturating_add(missing))
            }
            Err(NoPart::Short(_)) if window.data.iter().all(u8::is_ascii_whitespace) => {
                Step::Skip(window.data.len() as u64)
            }
            Err(NoPart::Short(_)) => self.cut(window),
            Err(NoPart::Wrong) => self.search(window, 1),
        }
    }

    fn resync(&mut self) {
        self.quiet = true;
        self.lost = true;
        self.sound = None;
        self.packet_builder.resync();
    }

    fn info(&self) -> &FileInfo {
        &self.packet_builder.info
    }

    fn fork(&self) -> Box<dyn Reader> {
        let mut fork = self.clone();
        fork.resync();
        Box::new(fork)
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.packet_builder.take_warnings()
    }
}

/// Length of the FF bytes that some units fill the end of a stream with (verified on one), but for the first of a JPEG file.
fn filling(data: &[u8]) -> Option<usize> {
    let count = data.iter().take_while(|byte| **byte == 0xff).count();
    let jpeg = count == 1 && data.get(1).is_none_or(|byte| *byte == 0xd8);
    (count > 0 && !jpeg).then_some(count)
}

/// Where the part begins whose boundary is the first one not before `from`.
fn boundary(data: &[u8], from: usize) -> Option<usize> {
    memmem::find_iter(data.get(from..)?, BOUNDARY)
        .map(|at| at.saturating_add(from))
        .map(|at| {
            let before = data.get(..at).unwrap_or_default();
            let dashes = before.strip_suffix(b"--").unwrap_or(before);
            dashes.strip_suffix(b"\n").unwrap_or(dashes).len()
        })
        .find(|at| *at >= from)
}

impl MimeReader {
    fn search(&mut self, window: &Window<'_>, from: usize) -> Step {
        let tail = BOUNDARY.len().saturating_add(3);
        let length = match boundary(window.data, from) {
            Some(at) => {
                let quiet = std::mem::take(&mut self.quiet);
                self.lost = false;
                if at == 0 {
                    return self.next(window);
                }
                return passed(at, quiet);
            }
            None if window.last => window.data.len(),
            None => window.data.len().saturating_sub(tail).max(from),
        };
        self.lost = true;
        if length == 0 {
            return Step::Need(find::more(window.data.len()));
        }
        passed(length, self.quiet)
    }

    /// The stream ends inside a part, or its length is wrong and others follow.
    fn cut(&mut self, window: &Window<'_>) -> Step {
        match boundary(window.data, BOUNDARY.len().saturating_add(4)) {
            Some(_) => self.search(window, BOUNDARY.len().saturating_add(4)),
            None => Step::Cut(window.data.len()),
        }
    }

    fn part(&mut self, window: &Window<'_>, part: &Part) -> Step {
        self.quiet = false;
        let total = part.total();
        if matches!(part.content, Content::Text | Content::Other) || part.length == 0 {
            return Step::Skip(total as u64);
        }
        let Some(body) = window.data.get(part.header..total) else {
            return if window.last {
                self.cut(window)
            } else {
                Step::Need(total)
            };
        };
        if let Some(at) = boundary(body, 0) {
            // The length is wrong: another part begins inside.
            return passed(part.header.saturating_add(at), false);
        }
        let step = match part.content {
            Content::Video { h264 } => self.video(window, part, h264),
            Content::Jpeg => self.jpeg(window.data, part.header..total, total),
            Content::Audio => self.audio(window, part),
            Content::Overlay => self
                .packet_builder
                .overlay(window.data, part.header..total, self.camera, total)
                .ok_or("an overlay bitmap"),
            Content::Xml => {
                self.packet_builder.note("XML_INFO", body);
                Ok(Step::Skip(total as u64))
            }
            Content::Text | Content::Other => Ok(Step::Skip(total as u64)),
        };
        step.unwrap_or_else(|expected| {
            Step::Damaged(Damage {
                length: total,
                expected,
            })
        })
    }

    fn jpeg(
        &mut self,
        data: &[u8],
        range: std::ops::Range<usize>,
        size: usize,
    ) -> Result<Step, &'static str> {
        let picture = self.packet_builder.whole_jpeg(data, range, 1)?;
        self.camera = picture.camera;
        Ok(self.packet_builder.hand_out(picture, size))
    }

    fn video(
        &mut self,
        window: &Window<'_>,
        part: &Part,
        h264: bool,
    ) -> Result<Step, &'static str> {
        let total = part.total();
        let facts = match trailer(window, total, self.packet_builder.terse) {
            Ok(facts) => facts.unwrap_or_default(),
            Err(need) => return Ok(Step::Need(need)),
        };
        let camera = facts
            .camera
            .filter(|camera| *camera <= super::packet_builder::MAX_CAMERA)
            .unwrap_or(1);
        if part.size.0 > 0 && part.size.1 > 0 {
            self.packet_builder.set_size(camera, part.size);
        }
        let range = part.header..total;
        let payload = window.data.get(range.clone()).unwrap_or_default();
        let declared = if h264 { Codec::H264 } else { Codec::Mpeg4 };
        let picture = self
            .packet_builder
            .coded(camera, payload, range, declared, (0, 0), facts)?;
        self.camera = camera;
        Ok(self.packet_builder.hand_out(picture, total))
    }

    /// A block of sound has no time. It follows the block before; the first one follows the picture before, or ends where the
    /// picture behind it begins (assumed, from the same unit's binary stream, whose blocks end a few milliseconds after it).
    fn audio(&mut self, window: &Window<'_>, part: &Part) -> Result<Step, &'static str> {
        let total = part.total();
        let mode = Mode {
            rate: part
                .rate
                .filter(|rate| (4000..=192_000).contains(rate))
                .unwrap_or(DEFAULT_MODE.rate),
            adpcm: true,
        };
        let samples = part.length.saturating_sub(super::adpcm::HEADER) as u64;
        let millis = mode.millis(samples.saturating_mul(2));
        let near = |sound: &Timestamp, picture: &Timestamp| {
            sound.unix_ms().abs_diff(picture.unix_ms()) <= DRIFT
        };
        let end = match (self.sound, self.packet_builder.timestamp) {
            (Some(sound), Some(picture)) if near(&sound, &picture) => {
                Some(audio::later(sound, millis))
            }
            (Some(sound), None) => Some(audio::later(sound, millis)),
            (_, Some(picture)) => Some(audio::later(picture, millis)),
            (None, None) => match picture_behind(window, total) {
                Ok(timestamp) => timestamp,
                Err(need) => return Ok(Step::Need(need)),
            },
        };
        let range = part.header..total;
        let step = self
            .packet_builder
            .sound(window.data, range, mode, 1, end, total)
            .ok_or("a block of sound")?;
        self.sound = end;
        Ok(step)
    }

    /// A JPEG file with no header before it, which some units answer when one picture is asked for (verified on one).
    fn bare(&mut self, window: &Window<'_>) -> Step {
        let data = window.data.get(..MAX_BARE).unwrap_or(window.data);
        let end = memmem::find(data, &[0xff, 0xd9]).map(|at| at.saturating_add(2));
        match (Jfif::read(data), end) {
            (Ok(Some(_)), Some(end)) => self
                .jpeg(window.data, 0..end, end)
                .unwrap_or_else(|_| self.search(window, 1)),
            (Ok(None), _) => self.search(window, 1),
            _ if data.len() < window.data.len() => self.search(window, 1),
            _ if window.last => self.cut(window),
            _ => Step::Need(window.data.len().saturating_add(1)),
        }
    }
}

/// The part at `at`, or how many bytes the window must hold to see its header. `Ok(None)` where there is none.
fn part_at(window: &Window<'_>, at: usize) -> Ahead<Option<Part>> {
    match Part::parse(window.data.get(at..).unwrap_or_default()) {
        Ok(part) => Ok(Some(part)),
        Err(NoPart::Short(missing)) if !window.last => {
            let have = window.data.len().max(at);
            Err(have.saturating_add(missing))
        }
        Err(_) => Ok(None),
    }
}

/// What the text part at `at` says.
fn trailer<'a>(window: &Window<'a>, at: usize, terse: bool) -> Ahead<Option<Facts<'a>>> {
    let Some(part) = part_at(window, at)? else {
        return Ok(None);
    };
    if part.content != Content::Text || part.length > MAX_TRAILER {
        return Ok(None);
    }
    let start = at.saturating_add(part.header);
    let end = at.saturating_add(part.total());
    match window.data.get(start..end) {
        Some(text) => {
            let nul = memchr::memchr(0, text).unwrap_or(text.len());
            Ok(Some(Facts::read(
                text.get(..nul).unwrap_or_default(),
                terse,
            )))
        }
        None if window.last => Ok(None),
        None => Err(end),
    }
}

/// The time of the JPEG file in the part at `at`.
fn picture_behind(window: &Window<'_>, at: usize) -> Ahead<Option<Timestamp>> {
    let Some(part) = part_at(window, at)? else {
        return Ok(None);
    };
    if part.content != Content::Jpeg {
        return Ok(None);
    }
    let start = at.saturating_add(part.header);
    let end = at.saturating_add(part.total()).min(window.data.len());
    match Jfif::read(window.data.get(start..end).unwrap_or_default()) {
        Ok(Some(jpeg)) => Ok(jpeg
            .comment
            .and_then(|text| Facts::read(text, true).timestamp)),
        Err(_) if !window.last && end < at.saturating_add(part.total()) => {
            Err(window.data.len().saturating_add(1))
        }
        _ => Ok(None),
    }
}

/// Damage, or bytes of no interest.
fn passed(length: usize, quiet: bool) -> Step {
    if quiet {
        return Step::Skip(length as u64);
    }
    Step::Damaged(Damage {
        length,
        expected: PART,
    })
}
