// SPDX-License-Identifier: MPL-2.0
//! AD binary and minimal streams: packets behind six-byte separators, with nothing between them (verified to the last byte of
//! every capture).

use super::audio::{self, AudioHeader, Mode};
use super::find::{self, Found, Proof, minimal_time, separator_at};
use super::jfif;
use super::packet_builder::{PacketBuilder, Picture};
use super::picture::{self, NoPicture, PictureHeader};
use super::separator::{self, Separator, Type};
use super::text::Facts;
use crate::cursor::{u16_be, u32_be};
use crate::reader::{Codec, Damage, FileInfo, Reader, Step, Window};

/// What is done while no packet is known to stand at the window's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// Packets follow each other.
    No,
    /// The start of the stream: some units put CR or LF of the HTTP header before it (stated).
    Start,
    /// The next packet is searched for; the bytes before it are damage.
    Damaged,
    /// The next packet is searched for; the bytes before it are of no interest.
    Quiet,
}

/// What the first bytes of a packet say of it.
enum Opinion {
    /// Content and size agree.
    Proved,
    /// More bytes of it are needed, counted from the separator.
    Need(usize),
    /// It can be skipped, if a separator follows.
    Opaque,
    /// It holds no such thing. If a separator follows, only this packet is lost.
    Wrong(&'static str),
}

/// Reader of AD binary and minimal streams.
#[derive(Clone)]
pub struct BinaryReader {
    packet_builder: PacketBuilder,
    lost: Lost,
}

impl BinaryReader {
    /// A reader; `terse` leaves out facts that every picture has.
    pub fn new(terse: bool) -> BinaryReader {
        BinaryReader {
            packet_builder: PacketBuilder::new("NetVu binary stream", "netvu-binary", terse),
            lost: Lost::Start,
        }
    }
}

impl Reader for BinaryReader {
    fn next(&mut self, window: &Window<'_>) -> Step {
        if window.data.is_empty() {
            return if window.last {
                Step::End
            } else {
                Step::Need(1)
            };
        }
        match self.lost {
            Lost::No => self.packet(window),
            Lost::Start => self.start(window),
            Lost::Damaged | Lost::Quiet => self.search(window, 0),
        }
    }

    fn resync(&mut self) {
        self.lost = Lost::Quiet;
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

impl BinaryReader {
    fn start(&mut self, window: &Window<'_>) -> Step {
        let data = window.data;
        let blank = data
            .iter()
            .take(2)
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        for skip in (0..=blank).rev() {
            match opinion(data.get(skip..).unwrap_or_default()) {
                Opinion::Proved if skip > 0 => return Step::Skip(skip as u64),
                Opinion::Need(need) if !window.last => {
                    return Step::Need(need.saturating_add(skip));
                }
                _ => {}
            }
        }
        self.lost = Lost::No;
        self.packet(window)
    }

    fn search(&mut self, window: &Window<'_>, from: usize) -> Step {
        let length = match find::next(window.data, from, window.last) {
            Found::At(at) => {
                let quiet = self.lost == Lost::Quiet;
                self.lost = Lost::No;
                if at == 0 {
                    return self.packet(window);
                }
                return passed(at, quiet);
            }
            Found::Perhaps { at: 0, need } => return Step::Need(need),
            Found::Perhaps { at, .. } | Found::NotBefore(at) => at,
        };
        if length == 0 {
            return Step::Need(find::more(window.data.len()));
        }
        passed(length, self.lost == Lost::Quiet)
    }

    /// The framing is lost at the start of the window.
    fn lose(&mut self, window: &Window<'_>) -> Step {
        self.lost = Lost::Damaged;
        self.search(window, 1)
    }

    fn packet(&mut self, window: &Window<'_>) -> Step {
        let sep = match Separator::parse(window.data, 0) {
            Ok(Some(sep)) => sep,
            Ok(None) => return self.lose(window),
            Err(_) if window.last => return Step::Cut(window.data.len()),
            Err(short) => return Step::Need(window.data.len().saturating_add(short.missing)),
        };
        let total = sep.total();
        match opinion(window.data) {
            Opinion::Need(_) if window.last => self.cut(window),
            Opinion::Need(need) => Step::Need(need),
            Opinion::Proved if window.data.len() < total => {
                if window.last {
                    self.cut(window)
                } else {
                    Step::Need(total)
                }
            }
            Opinion::Proved => self.proved(window, &sep),
            Opinion::Opaque => self.if_framed(window, total, Step::Skip(total as u64)),
            Opinion::Wrong(expected) => {
                let damage = Damage {
                    length: total,
                    expected,
                };
                self.if_framed(window, total, Step::Damaged(damage))
            }
        }
    }

    /// `then`, if a separator stands at `total`; else the framing is lost.
    fn if_framed(&mut self, window: &Window<'_>, total: usize, then: Step) -> Step {
        match separator_at(window.data, total, window.last) {
            Proof::Yes => then,
            Proof::No if window.last && total > window.data.len() => self.cut(window),
            Proof::No => self.lose(window),
            Proof::Need(need) => Step::Need(need),
        }
    }

    /// The file ends inside the packet, or its size is wrong and others follow.
    fn cut(&mut self, window: &Window<'_>) -> Step {
        match find::next(window.data, 1, true) {
            Found::At(_) => self.lose(window),
            _ => Step::Cut(window.data.len()),
        }
    }

    /// The whole packet is in the window and its first bytes are right.
    fn proved(&mut self, window: &Window<'_>, sep: &Separator) -> Step {
        let total = sep.total();
        let body = window.data.get(separator::LEN..total).unwrap_or_default();
        if doubtful(sep, body) {
            // Perhaps the size is wrong. The packet is output if a separator follows it.
            match separator_at(window.data, total, window.last) {
                Proof::Yes => {}
                Proof::No => return self.lose(window),
                Proof::Need(need) => return Step::Need(need),
            }
        }
        let step = self.content(window, sep, body);
        step.unwrap_or_else(|expected| {
            Step::Damaged(Damage {
                length: total,
                expected,
            })
        })
    }

    fn content(
        &mut self,
        window: &Window<'_>,
        sep: &Separator,
        body: &[u8],
    ) -> Result<Step, &'static str> {
        let total = sep.total();
        let range = separator::LEN..total;
        let picture = match sep.kind {
            Type::Audio | Type::MinimalAudio => return self.sound(window.data, sep),
            Type::Info => {
                self.packet_builder.info_packet(sep.number(), body);
                return Ok(Step::Skip(total as u64));
            }
            Type::XmlInfo => {
                self.packet_builder.note("XML_INFO", body);
                return Ok(Step::Skip(total as u64));
            }
            Type::SvarsInfo => {
                self.packet_builder
                    .note("SVARS_INFO", body.get(1..).unwrap_or_default());
                return Ok(Step::Skip(total as u64));
            }
            Type::Bmp | Type::Pbm => {
                let step = self
                    .packet_builder
                    .overlay(window.data, range, sep.number(), total);
                return step.ok_or("an overlay bitmap");
            }
            Type::Other => return Ok(Step::Skip(total as u64)),
            Type::MinimalVideo => self.minimal(window.data, sep)?,
            Type::Jfif if body.starts_with(&jfif::START[..2]) => {
                self.packet_builder
                    .whole_jpeg(window.data, range, sep.number())?
            }
            Type::Jpeg | Type::Jfif | Type::Mpeg4 | Type::H264 => {
                let header = PictureHeader::parse(body).map_err(|_| "a picture header")?;
                if header.total() < sep.size {
                    self.packet_builder
                        .warn(window.offset, "a packet is longer than its picture");
                }
                let end = header.total();
                self.packet_builder
                    .headed(body, &header, header.text_len, end, separator::LEN)?
            }
        };
        Ok(self.packet_builder.hand_out(picture, total))
    }

    fn minimal<'a>(
        &mut self,
        data: &'a [u8],
        sep: &Separator,
    ) -> Result<Picture<'a>, &'static str> {
        let range = separator::LEN.saturating_add(6)..sep.total();
        let payload = data.get(range.clone()).unwrap_or_default();
        let facts = Facts {
            timestamp: minimal_timestamp(data),
            ..Facts::default()
        };
        self.packet_builder
            .coded(sep.number(), payload, range, Codec::Mpeg4, (0, 0), facts)
    }

    fn sound(&mut self, data: &[u8], sep: &Separator) -> Result<Step, &'static str> {
        let total = sep.total();
        let body = data.get(separator::LEN..total).unwrap_or_default();
        let (mode, skip, timestamp) = if sep.kind == Type::Audio {
            let header = AudioHeader::parse(body)
                .ok()
                .flatten()
                .ok_or("a sound header")?;
            let skip = audio::LEN.saturating_add(header.additional);
            (header.mode, skip, header.timestamp)
        } else {
            let number = u16_be(body, 6).unwrap_or(0);
            (
                Mode::from_number(i32::from(number)),
                8,
                minimal_timestamp(data),
            )
        };
        let range = separator::LEN.saturating_add(skip)..total;
        let mode = mode.unwrap_or(audio::DEFAULT_MODE);
        self.packet_builder
            .sound(data, range, mode, sep.number(), timestamp, total)
            .ok_or("a block of sound")
    }
}

/// The content begins right but does not reach to the packet's end.
fn doubtful(sep: &Separator, body: &[u8]) -> bool {
    match sep.kind {
        Type::Jfif if body.starts_with(&jfif::START[..2]) => !jfif::ends(body),
        Type::Jpeg | Type::Jfif | Type::Mpeg4 | Type::H264 => {
            picture::total(body).is_some_and(|total| total < sep.size)
        }
        _ => false,
    }
}

/// Damage, or bytes of no interest.
fn passed(length: usize, quiet: bool) -> Step {
    if quiet {
        return Step::Skip(length as u64);
    }
    Step::Damaged(Damage {
        length,
        expected: "a packet of a NetVu binary stream",
    })
}

/// Seconds and milliseconds behind the separator of a minimal packet.
fn minimal_timestamp(data: &[u8]) -> Option<crate::reader::Timestamp> {
    let seconds = u32_be(data, separator::LEN).ok()?;
    let millis = u16_be(data, separator::LEN.saturating_add(4)).ok()?;
    picture::timestamp(seconds, u32::from(millis))
}

/// Judges the packet at the start of `data` by its first bytes.
fn opinion(data: &[u8]) -> Opinion {
    let sep = match Separator::parse(data, 0) {
        Ok(Some(sep)) => sep,
        Ok(None) => return Opinion::Wrong("a separator"),
        Err(short) => return Opinion::Need(data.len().saturating_add(short.missing)),
    };
    let body = data.get(separator::LEN..).unwrap_or_default();
    let body = body.get(..sep.size).unwrap_or(body);
    // Enough to judge by, or all that the packet has.
    let least = match sep.kind {
        Type::Other => 0,
        Type::Jpeg | Type::Mpeg4 | Type::H264 => picture::LEN,
        Type::Jfif if body.starts_with(&[0xde]) => picture::LEN,
        Type::Audio => audio::LEN,
        Type::Jfif | Type::Pbm | Type::Bmp => 3,
        Type::MinimalVideo => 11,
        Type::MinimalAudio => 8,
        Type::Info | Type::SvarsInfo => 2,
        Type::XmlInfo => 10,
    };
    if body.len() < least.min(sep.size) {
        return Opinion::Need(separator::LEN.saturating_add(least.min(sep.size)));
    }
    judge(&sep, body)
}

fn judge(sep: &Separator, body: &[u8]) -> Opinion {
    let (right, expected) = match sep.kind {
        Type::Other => return Opinion::Opaque,
        Type::Jfif if body.starts_with(&jfif::START[..2]) => (true, ""),
        Type::Jpeg | Type::Jfif | Type::Mpeg4 | Type::H264 => {
            if picture::total(body) == Some(sep.size) {
                // the other fields are looked at when all of it is there
                return Opinion::Proved;
            }
            return match PictureHeader::parse(body) {
                Ok(header) if header.total() <= sep.size => Opinion::Proved,
                Ok(_) => Opinion::Wrong("a picture no longer than its packet"),
                Err(NoPicture::Short(_)) => Opinion::Wrong("a picture header"),
                Err(NoPicture::Expected(field)) => Opinion::Wrong(field),
            };
        }
        Type::Audio => {
            let header = AudioHeader::parse(body).ok().flatten();
            let right = header.is_some_and(|header| header.total() == sep.size);
            (right, "a sound header that agrees with its packet")
        }
        Type::MinimalVideo => {
            let code = body.get(6..).unwrap_or_default();
            let right = minimal_time(body, 0)
                && (code.starts_with(&[0, 0, 1]) || code.starts_with(&[0, 0, 0, 1]));
            (right, "seconds, milliseconds and a start code")
        }
        Type::MinimalAudio => {
            let right = minimal_time(body, 0)
                && u16_be(body, 6).is_ok_and(|mode| Mode::from_number(i32::from(mode)).is_some());
            (right, "seconds, milliseconds and the mode of sound")
        }
        Type::Info | Type::SvarsInfo => {
            let text = body.get(1..).unwrap_or_default();
            let text = text.get(..64).unwrap_or(text);
            let right = body.first().is_some_and(|flag| *flag <= 1)
                && text
                    .iter()
                    .all(|byte| *byte >= 0x20 || byte.is_ascii_whitespace());
            (right, "a flag and text")
        }
        Type::XmlInfo => {
            let start = body.get(..10).unwrap_or_default();
            (start.eq_ignore_ascii_case(b"<infoList>"), "<infoList>")
        }
        Type::Bmp => (body.starts_with(b"BM"), "a Windows bitmap"),
        Type::Pbm => {
            let right = matches!(body, [b'P', b'1'..=b'6', end, ..] if end.is_ascii_whitespace());
            (right, "a portable bitmap")
        }
    };
    if right {
        Opinion::Proved
    } else {
        Opinion::Wrong(expected)
    }
}

/// How much the packet at the start of `data` speaks for a binary stream, for probing, and its size: 100 for one that proves
/// itself, less for a weak type, 0 for one that says nothing. `None` where it is no packet of such a stream.
pub fn score(data: &[u8]) -> Option<(u32, usize)> {
    let sep = Separator::parse(data, 0).ok()??;
    let body = data.get(separator::LEN..).unwrap_or_default();
    let points = match opinion(data) {
        Opinion::Wrong(_) => return None,
        Opinion::Need(_) | Opinion::Opaque => 0,
        Opinion::Proved => match sep.kind {
            Type::MinimalVideo | Type::MinimalAudio => 35,
            Type::Jfif if body.starts_with(&jfif::START) => 80,
            Type::Jfif if body.starts_with(&jfif::START[..2]) => 35,
            Type::Pbm | Type::Bmp => 35,
            Type::Info => info_points(body.get(1..).unwrap_or_default()),
            Type::SvarsInfo => 5,
            _ => 100,
        },
    };
    Some((points, sep.total()))
}

fn info_points(text: &[u8]) -> u32 {
    let known = [&b"SITE "[..], b"(JPEG)TARGSIZE ", b"IMAGESIZE ", b"CAM "];
    if known.iter().any(|word| text.starts_with(word)) {
        100
    } else {
        5
    }
}
