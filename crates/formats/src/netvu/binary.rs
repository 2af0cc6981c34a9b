// SPDX-License-Identifier: MPL-2.0
//! AD binary and minimal streams: packets behind six-byte separators, with nothing between them (verified to the last byte of
//! every capture).
//!
//! A packet is accepted where its content and its size agree, whatever its type, channel and clock are. Of content that has no
//! size of its own, the packet behind must prove itself, or no other may be found inside.

use super::audio::{self, AudioHeader, Mode};
use super::headers::{MinimalAudio, MinimalVideo};
use super::packet_builder::{Frame, PacketBuilder, seen};
use super::picture::{self, Format, NoPicture, PictureHeader};
use super::scan::{self, Form, Found, Missing, Proof, Sign};
use super::separator::{self, Separator, Type};
use super::text::Facts;
use super::{jfif, sniff};
use crate::cursor::{bytes_at, u32_le};
use crate::fields::Header as _;
use crate::reader::{Ask, Codec, Damage, FileInfo, Step, Window};
use std::sync::LazyLock;

/// Seconds before which a clock proves nothing: the end of 1979 (stated).
const EARLIEST: u32 = 315_532_800;

/// Seconds between two frames whose clocks speak for each other.
const NEAR: u32 = 600;

/// Packets of unknown content behind one another of which the last must prove itself.
const DEPTH: u32 = 4;

/// Bytes of a packet without a size of its own that are waited for before another packet is looked for in them.
const WAIT: usize = 64 << 10;

/// Bytes that are waited for where a picture header alone claims them.
const LARGE: usize = 1 << 20;

/// What the first bytes of a packet say of it.
#[derive(Clone, Copy)]
enum Content {
    /// Content and size agree.
    Proved,
    /// It begins as its type does, and its content has no size.
    Begun,
    /// More bytes of it are needed, counted from the separator.
    Need(usize),
    /// It can be skipped, if a packet follows.
    Opaque,
    /// It holds no such thing. If a packet follows, only this packet is lost.
    Wrong(&'static str),
}

/// AD binary and minimal streams.
#[derive(Clone)]
pub struct Binary {
    builder: PacketBuilder,
    /// Nothing was read yet: some units put CR or LF of the HTTP header before the stream (stated).
    fresh: bool,
    /// Seconds of the last minimal packet.
    seconds: Option<u32>,
}

static SIGNS: LazyLock<[Sign; 4]> = LazyLock::new(|| {
    [
        Sign::new(&[0xde, 0xca, 0xde], 6),
        Sign::new(&[0x00, 0xab, 0xcd, 0xef], 6),
        Sign::new(&jfif::START, 6),
        // an MPEG-4 or H.264 start code behind seconds and milliseconds
        Sign::new(&[0x00, 0x00, 0x01], 12),
    ]
});

impl Binary {
    /// The form; `terse` leaves out facts that every frame has.
    pub fn new(terse: bool) -> Binary {
        Binary {
            builder: PacketBuilder::new("NetVu binary stream", "netvu-binary", terse),
            fresh: true,
            seconds: None,
        }
    }
}

impl Form for Binary {
    const EXPECTED: &'static str = "a packet of a NetVu binary stream";

    fn builder(&mut self) -> &mut PacketBuilder {
        &mut self.builder
    }

    fn info(&self) -> &FileInfo {
        &self.builder.info
    }

    fn find(&self, data: &[u8], from: usize, last: bool) -> Found {
        find(data, from, last, self.seconds)
    }

    fn moved(&mut self) {
        self.fresh = false;
        self.seconds = None;
    }

    fn read(&mut self, window: &Window<'_>) -> Result<Step, Missing> {
        let (data, last) = (window.data, window.last);
        if self.fresh {
            if let Some(step) = line_ends(window) {
                return Ok(step);
            }
            self.fresh = false;
        }
        let sep = match Separator::parse(data, 0) {
            Ok(Some(sep)) => sep,
            Ok(None) => return self.by_header(window).ok_or(Missing::Before(1)),
            Err(_) if last => return Err(Missing::CutOff),
            Err(short) => return Ok(Step::Need(data.len().saturating_add(short.missing))),
        };
        let total = sep.total();
        let content = content(data, &sep);
        match content {
            Content::Need(_) if last => return Err(Missing::CutOff),
            Content::Need(need) => return Ok(Step::Need(need)),
            Content::Proved if data.len() < total && last => return Err(Missing::CutOff),
            Content::Proved => {
                if data.len() < total
                    && let Some(ask) = self.asks(window, &sep, total)
                {
                    return Ok(ask.into());
                }
                return Ok(self.packet(window, &sep, total).unwrap_or_else(|expected| {
                    Step::Damaged(Damage {
                        length: total,
                        expected,
                    })
                }));
            }
            _ => {}
        }
        // of two sizes that packets follow, the smaller one skips nothing
        if matches!(content, Content::Begun)
            && is_headed(&sep, data)
            && let Some(step) = self.by_header(window)
        {
            return Ok(step);
        }
        if data.len() < total {
            // where not all of it need be seen, the packet behind proves its size
            let seen =
                matches!(content, Content::Begun) && self.asks(window, &sep, total).is_none();
            let framed = match seen {
                true => follows(window, total, 0),
                false => Proof::No,
            };
            match (framed, self.wait(window, total)) {
                (Proof::Yes, _) | (_, None) => {}
                (Proof::Need(need), _) => return Ok(window.ask(total, need).into()),
                (Proof::No, Some(answer)) => return answer,
            }
        }
        // a frame of a live stream must not be held back for the packet behind it
        let whole = matches!(content, Content::Begun) && is_whole(&sep, data);
        let framed = match data.get(..total) {
            Some(packet) if (whole || total > WAIT) && self.holds_another(packet) => Proof::No,
            Some(_) if whole => Proof::Yes,
            _ => follows(window, total, DEPTH),
        };
        match (framed, content) {
            (Proof::Need(need), _) => Ok(Step::Need(need)),
            (Proof::Yes, Content::Wrong(expected)) => Ok(Step::Damaged(Damage {
                length: total,
                expected,
            })),
            (Proof::Yes, _) => Ok(self.packet(window, &sep, total).unwrap_or_else(|expected| {
                Step::Damaged(Damage {
                    length: total,
                    expected,
                })
            })),
            (Proof::No, _) => self.by_header(window).ok_or(match total > data.len() {
                true => Missing::CutOff,
                false => Missing::Before(1),
            }),
        }
    }
}

impl Binary {
    /// What has to be seen of the packet at the start of the window, which does not show all of it; `None` where it is seen.
    fn asks(&self, window: &Window<'_>, sep: &Separator, total: usize) -> Option<Ask> {
        let body = window.data.get(separator::LEN..).unwrap_or_default();
        let whole = Some(Ask::Need(total));
        if !window.holds(total) {
            return whole;
        }
        let (camera, format, claimed, start) = match sep.content(body) {
            Type::Jpeg | Type::Mpeg4 | Type::H264 => match PictureHeader::of_any_version(body) {
                Ok(header) if header.total() == sep.size => {
                    let (number, builder) = (header.camera, &self.builder);
                    let camera = builder.camera_of(window.offset, number, sep.number());
                    let claimed = (header.width, header.height);
                    let start = picture::LEN.saturating_add(header.text_len);
                    (camera, header.format, claimed, start)
                }
                _ => return whole,
            },
            Type::MinimalVideo => (sep.number(), Format::Mpeg4, (0, 0), MinimalVideo::SIZE),
            Type::Jfif => (sep.number(), Format::Mpeg4, (0, 0), 0),
            _ => return whole,
        };
        let range = separator::LEN.saturating_add(start)..total;
        self.builder.asks(window, camera, format, claimed, &range)
    }

    /// Another packet is found inside the one at the start of `data`.
    fn holds_another(&self, data: &[u8]) -> bool {
        matches!(find(data, 1, true, self.seconds), Found::At(_))
    }

    /// What to do while not all of a packet is in the window whose content has no size: a wrong size must not swallow what
    /// follows. `None` where that is behind the window.
    fn wait(&self, window: &Window<'_>, total: usize) -> Option<Result<Step, Missing>> {
        let (data, last) = (window.data, window.last);
        if last {
            return None;
        }
        if data.len() >= WAIT
            && let Found::At(_) = find(data, 1, false, self.seconds)
        {
            return Some(Err(Missing::Before(1)));
        }
        let more = data.len().saturating_mul(2).max(WAIT);
        Some(Ok(Step::Need(total.min(more))))
    }

    /// The packet by the picture header behind a separator whose size differs, if a packet follows. `None` where there is no such
    /// header.
    fn by_header(&mut self, window: &Window<'_>) -> Option<Step> {
        let (data, last) = (window.data, window.last);
        let header = match PictureHeader::parse(data.get(separator::LEN..).unwrap_or_default()) {
            Ok(header) => header,
            Err(NoPicture::Short(short)) if !last => {
                return Some(Step::Need(data.len().saturating_add(short.missing)));
            }
            Err(_) => return None,
        };
        let sep = Separator {
            kind: Type::Mpeg4,
            channel: data.get(1).copied().unwrap_or(0),
            size: header.total(),
        };
        match follows(window, sep.total(), 0) {
            Proof::Yes => {
                let text = "a packet's separator is damaged; its picture header is right";
                self.builder.warn(window.offset, text);
                self.packet(window, &sep, sep.total()).ok()
            }
            Proof::Need(need) if need <= LARGE => Some(Step::Need(need)),
            Proof::Need(_) | Proof::No => None,
        }
    }

    /// The packet of `total` bytes at the start of the window.
    fn packet(
        &mut self,
        window: &Window<'_>,
        sep: &Separator,
        total: usize,
    ) -> Result<Step, &'static str> {
        let range = separator::LEN..total;
        let body = seen(window.data, &range);
        let builder = &mut self.builder;
        let mut header;
        let frame = match sep.content(body) {
            Type::Audio | Type::MinimalAudio => return self.audio(window.data, sep, total),
            Type::Info => {
                builder.info_packet(sep.number(), body);
                return Ok(Step::Skip(total as u64));
            }
            Type::XmlInfo => {
                builder.note("XML_INFO", body);
                return Ok(Step::Skip(total as u64));
            }
            Type::SvarsInfo => {
                builder.note("SVARS_INFO", body.get(1..).unwrap_or_default());
                return Ok(Step::Skip(total as u64));
            }
            Type::Bmp | Type::Pbm => {
                let step = builder.overlay(window.data, range, sep.number(), total);
                return step.ok_or("an overlay bitmap");
            }
            Type::Other => return Ok(Step::Skip(total as u64)),
            Type::MinimalVideo => self.minimal(window, sep, total)?,
            Type::Jfif => builder.whole_jpeg(window.data, range, sep.number())?,
            Type::Jpeg | Type::Mpeg4 | Type::H264 => {
                header = PictureHeader::of_any_version(body).map_err(|_| "a picture header")?;
                if header.data.version & !1 != picture::VERSION {
                    builder.warn(window.offset, "the version of a picture header is damaged");
                }
                if header.total() < sep.size {
                    builder.warn(window.offset, "a packet is longer than its frame");
                }
                header.camera = builder.camera(window.offset, header.camera, sep.number());
                let end = separator::LEN.saturating_add(header.total());
                builder.headed(window, &header, separator::LEN, header.text_len, end)?
            }
        };
        Ok(self.builder.emit(frame, total))
    }

    fn minimal<'a>(
        &mut self,
        window: &Window<'a>,
        sep: &Separator,
        total: usize,
    ) -> Result<Frame<'a>, &'static str> {
        let range = separator::LEN.saturating_add(MinimalVideo::SIZE)..total;
        let payload = seen(window.data, &range);
        let header = MinimalVideo::parse(window.data.get(separator::LEN..).unwrap_or_default())
            .map_err(|_| "seconds and milliseconds")?;
        let facts = Facts {
            timestamp: header.timestamp(),
            ..Facts::default()
        };
        self.seconds = Some(header.seconds);
        self.builder.coded(
            window.offset,
            sep.number(),
            payload,
            range,
            Codec::Mpeg4,
            (0, 0),
            facts,
        )
    }

    fn audio(&mut self, data: &[u8], sep: &Separator, total: usize) -> Result<Step, &'static str> {
        let body = data.get(separator::LEN..total).unwrap_or_default();
        let (mode, skip, timestamp) = match AudioHeader::parse(body) {
            Ok(Some(header)) => (header.mode, header.start(), header.timestamp),
            _ if sep.content(body) == Type::Audio => return Err("an audio header"),
            _ => {
                let MinimalAudio {
                    seconds,
                    millis,
                    mode,
                } = MinimalAudio::parse(body).map_err(|_| "seconds, milliseconds and mode")?;
                let timestamp = MinimalVideo { seconds, millis }.timestamp();
                (
                    Mode::from_number(mode.into()),
                    MinimalAudio::SIZE,
                    timestamp,
                )
            }
        };
        let range = separator::LEN.saturating_add(skip)..total;
        let mode = mode.unwrap_or(audio::DEFAULT_MODE);
        self.builder
            .audio(data, range, mode, sep.number(), timestamp, total)
            .ok_or("a block of audio")
    }
}

/// Line ends of the HTTP header before the first packet.
fn line_ends(window: &Window<'_>) -> Option<Step> {
    let line_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    let count = window.data.iter().take(2).take_while(line_end).count();
    (0..=count).rev().find_map(|skip| {
        let data = window.data.get(skip..).unwrap_or_default();
        let content = match Separator::parse(data, 0) {
            Ok(Some(sep)) => content(data, &sep),
            Ok(None) => return None,
            Err(short) => Content::Need(data.len().saturating_add(short.missing)),
        };
        match content {
            Content::Proved | Content::Begun if skip > 0 => Some(Step::Skip(skip as u64)),
            Content::Need(need) if !window.last => Some(Step::Need(need.saturating_add(skip))),
            _ => None,
        }
    })
}

/// A packet that needs no other behind it to be output: a frame or block of a live stream, which a JPEG file's end marker ends.
fn is_whole(sep: &Separator, data: &[u8]) -> bool {
    let Some(body) = data.get(separator::LEN..sep.total()) else {
        return false;
    };
    match sep.content(body) {
        Type::MinimalVideo | Type::MinimalAudio => true,
        Type::Jfif => jfif::ends(body),
        _ => false,
    }
}

/// The packet is one with a picture header.
fn is_headed(sep: &Separator, data: &[u8]) -> bool {
    let body = data.get(separator::LEN..).unwrap_or_default();
    matches!(sep.content(body), Type::Jpeg | Type::Mpeg4 | Type::H264)
}

/// Whether a packet that proves itself is at `at`, or the stream ends there. Of packets that may hold anything, the one behind must.
fn follows(window: &Window<'_>, at: usize, depth: u32) -> Proof {
    let Window {
        data: rest, last, ..
    } = window.behind(at);
    if last && rest.is_empty() && !window.holds(at) {
        return Proof::No;
    }
    let need = |bytes: usize| match last {
        true => Proof::Yes,
        false => Proof::Need(at.saturating_add(bytes)),
    };
    let sep = match Separator::parse(rest, 0) {
        Ok(Some(sep)) => sep,
        Ok(None) => return Proof::No,
        Err(_) => return need(separator::LEN),
    };
    match content(rest, &sep) {
        Content::Proved | Content::Begun => Proof::Yes,
        Content::Need(bytes) => need(bytes),
        // a damaged packet keeps its frame if the one behind it is right
        Content::Opaque | Content::Wrong(_) if depth > 0 => follows(
            window,
            at.saturating_add(sep.total()),
            depth.saturating_sub(1),
        ),
        Content::Opaque => Proof::Yes,
        Content::Wrong(_) => Proof::No,
    }
}

/// The first packet from `from` on that proves itself. `near` is the clock of a minimal packet before.
pub fn find(data: &[u8], from: usize, last: bool, near: Option<u32>) -> Found {
    let window = Window {
        offset: 0,
        data,
        last,
        unread: None,
    };
    scan::find(&SIGNS, data, from, last, |at| prove(&window, at, near))
}

/// Whether the packet whose separator is at `at` proves itself by its content.
fn prove(window: &Window<'_>, at: usize, near: Option<u32>) -> Proof {
    let rest = window.data.get(at..).unwrap_or_default();
    let last = window.last;
    let Ok(Some(sep)) = Separator::parse(rest, 0) else {
        return Proof::No;
    };
    match content(rest, &sep) {
        Content::Proved => Proof::Yes,
        Content::Need(_) if last => Proof::No,
        Content::Need(bytes) => Proof::Need(at.saturating_add(bytes)),
        Content::Begun => {
            let body = rest.get(separator::LEN..).unwrap_or_default();
            match sep.content(body) {
                // two clocks that agree prove as much as a packet behind
                Type::MinimalVideo if is_near(body, near) => Proof::Yes,
                Type::MinimalVideo | Type::Jfif => {
                    follows(window, at.saturating_add(sep.total()), 0)
                }
                _ => Proof::No,
            }
        }
        Content::Opaque | Content::Wrong(_) => Proof::No,
    }
}

fn is_near(body: &[u8], near: Option<u32>) -> bool {
    let header = MinimalVideo::parse(body).ok();
    header.zip(near).is_some_and(|(header, near)| {
        header.millis < 1000 && near > EARLIEST && header.seconds.abs_diff(near) < NEAR
    })
}

/// What the packet at the start of `data` holds, by its first bytes.
fn content(data: &[u8], sep: &Separator) -> Content {
    let body = data.get(separator::LEN..).unwrap_or_default();
    let body = body.get(..sep.size).unwrap_or(body);
    let kind = sep.content(body);
    // enough to judge by, or all that the packet has
    let least = match kind {
        Type::Other => 4,
        Type::Jpeg | Type::Mpeg4 | Type::H264 => picture::LEN,
        Type::Audio => audio::LEN,
        Type::Jfif | Type::Pbm => 4,
        Type::Bmp => 6,
        Type::MinimalVideo => 11,
        Type::MinimalAudio => 12,
        Type::Info | Type::SvarsInfo => 4,
        Type::XmlInfo => 10,
    }
    .min(sep.size);
    if body.len() < least {
        return Content::Need(separator::LEN.saturating_add(least));
    }
    let begun = |right: bool, expected: &'static str| match right {
        true => Content::Begun,
        false => Content::Wrong(expected),
    };
    match kind {
        Type::Other => Content::Opaque,
        Type::Jfif => begun(
            body.starts_with(&jfif::START[..2]),
            "a JPEG file or a picture header",
        ),
        Type::Jpeg | Type::Mpeg4 | Type::H264 => match PictureHeader::of_any_version(body) {
            Ok(header) if header.total() == sep.size => Content::Proved,
            Ok(header) if header.total() > sep.size => {
                Content::Wrong("a frame no longer than its packet")
            }
            _ => match PictureHeader::parse(body) {
                Ok(_) => Content::Begun,
                Err(NoPicture::Short(_)) => Content::Wrong("a picture header"),
                Err(NoPicture::Expected(field)) => Content::Wrong(field),
            },
        },
        Type::Audio => {
            let header = AudioHeader::parse(body).ok().flatten();
            match header.is_some_and(|header| header.total() == sep.size) {
                true => Content::Proved,
                false => Content::Wrong("an audio header that agrees with its packet"),
            }
        }
        Type::MinimalVideo => {
            let code = body.get(MinimalVideo::SIZE..).unwrap_or_default();
            begun(
                sniff::begins_with_code(code),
                "seconds, milliseconds and a start code",
            )
        }
        Type::MinimalAudio => {
            let block = body.get(MinimalAudio::SIZE..).unwrap_or_default();
            let header = MinimalAudio::parse(body).ok();
            let mode = header.and_then(|header| Mode::from_number(header.mode.into()));
            begun(
                mode.is_some_and(|mode| mode.begins(block)),
                "seconds, milliseconds, the mode of audio and a block",
            )
        }
        Type::Info | Type::SvarsInfo => {
            let text = body.get(1..).unwrap_or_default();
            let text = text.get(..64).unwrap_or(text);
            let printable = |byte: &u8| *byte >= 0x20 || byte.is_ascii_whitespace();
            let right = body.first().is_some_and(|flag| *flag <= 1) && text.iter().all(printable);
            begun(right, "a flag and text")
        }
        Type::XmlInfo => {
            let start = body.get(..10).unwrap_or_default();
            begun(start.eq_ignore_ascii_case(b"<infoList>"), "<infoList>")
        }
        // a bitmap has its own size
        Type::Bmp if u32_le(body, 2).is_ok_and(|size| size as usize == sep.size) => Content::Proved,
        Type::Bmp => begun(body.starts_with(b"BM"), "a Windows bitmap"),
        Type::Pbm => {
            let right = matches!(body, [b'P', b'1'..=b'6', end, ..] if end.is_ascii_whitespace());
            begun(right, "a portable bitmap")
        }
    }
}

/// How much the packet at the start of `data` speaks for a binary stream, for probing, and its size: 100 for one that proves
/// itself, less for a weak type, 0 for one that proves nothing. `None` where it is not a packet of such a stream.
pub fn score(data: &[u8]) -> Option<(u32, usize)> {
    let sep = Separator::parse(data, 0).ok()??;
    let body = data.get(separator::LEN..).unwrap_or_default();
    let points = match content(data, &sep) {
        Content::Wrong(_) => return None,
        Content::Need(_) | Content::Opaque => 0,
        Content::Proved => 100,
        Content::Begun => match sep.content(body) {
            Type::Jfif if body.starts_with(&jfif::START) => 80,
            Type::Jfif | Type::Pbm | Type::Bmp => 35,
            Type::Jpeg | Type::Mpeg4 | Type::H264 => 35,
            Type::MinimalVideo | Type::MinimalAudio => {
                let clock = bytes_at(body, 0).map(u32::from_be_bytes);
                match clock.is_ok_and(|seconds| seconds > EARLIEST) {
                    true => 35,
                    false => 20,
                }
            }
            Type::Info => info_points(body.get(1..).unwrap_or_default()),
            Type::XmlInfo => 100,
            _ => 5,
        },
    };
    Some((points, sep.total()))
}

fn info_points(text: &[u8]) -> u32 {
    let known = [&b"SITE "[..], b"(JPEG)TARGSIZE ", b"IMAGESIZE ", b"CAM "];
    match known.iter().any(|word| text.starts_with(word)) {
        true => 100,
        false => 5,
    }
}
