// SPDX-License-Identifier: MPL-2.0
//! Digital Sprite messages: a header of seven u32, big-endian, and a body; picture messages hold a JPEG file whose first
//! application segment carries the facts. All stated; no capture exists.

use super::jfif::Jfif;
use super::packet_builder::PacketBuilder;
use super::scan::{self, Form, Found, Missing, Proof, Sign};
use super::text::Facts;
use crate::cursor::{bytes_at, u16_be, u32_be, u32_le};
use crate::reader::{Damage, FileInfo, MAX_RECORD, Step, Timestamp, Window};
use std::sync::LazyLock;

/// First bytes of every message.
pub const MAGIC: [u8; 4] = [0xfa, 0xce, 0xd0, 0xff];

/// Bytes of a message's header.
const LEN: usize = 28;

/// Message type of a frame.
const PICTURE: u32 = 6;

/// Largest message type that is named.
const MAX_TYPE: u32 = 0x56;

/// Seconds of 1990 and 2100, between which a time makes sense.
const YEARS: std::ops::Range<u32> = 631_152_000..4_102_444_800;

static SIGNS: LazyLock<[Sign; 1]> = LazyLock::new(|| [Sign::new(&MAGIC, 0)]);

/// A message's header: its type and the bytes of the whole message.
fn message(data: &[u8]) -> Result<Option<(u32, usize)>, crate::cursor::Short> {
    let _whole = bytes_at::<LEN>(data, 0)?;
    let length = usize::try_from(u32_be(data, 4)?).unwrap_or(usize::MAX);
    let kind = u32_be(data, 24)?;
    let valid = data.starts_with(&MAGIC)
        && (24..=MAX_RECORD).contains(&length)
        && (1..=MAX_TYPE).contains(&kind);
    Ok(valid.then_some((kind, length.saturating_add(4))))
}

/// Whether `data` begins with a message; `None` where it is too short to tell.
pub fn is_message(data: &[u8]) -> Option<bool> {
    message(data).ok().map(|message| message.is_some())
}

/// Digital Sprite messages.
#[derive(Clone)]
pub struct Sprite(PacketBuilder);

impl Sprite {
    /// The form; `terse` leaves out facts that every frame has.
    pub fn new(terse: bool) -> Sprite {
        Sprite(PacketBuilder::new(
            "Digital Sprite stream",
            "netvu-sprite",
            terse,
        ))
    }

    fn frame(&mut self, data: &[u8], total: usize) -> Result<Step, &'static str> {
        let jpeg = Jfif::read(data.get(LEN..total).unwrap_or_default());
        let mut frame = self.0.whole_jpeg(data, LEN..total, 1)?;
        if let Some(segment) = jpeg.ok().flatten().and_then(|jpeg| jpeg.sprite) {
            add_segment(segment, &mut frame.facts);
            frame.camera = camera(segment).unwrap_or(frame.camera);
        }
        Ok(self.0.emit(frame, total))
    }
}

impl Form for Sprite {
    const EXPECTED: &'static str = "a Digital Sprite message";

    fn builder(&mut self) -> &mut PacketBuilder {
        &mut self.0
    }

    fn info(&self) -> &FileInfo {
        &self.0.info
    }

    fn find(&self, data: &[u8], from: usize, last: bool) -> Found {
        find(data, from, last)
    }

    fn read(&mut self, window: &Window<'_>) -> Result<Step, Missing> {
        let (data, last) = (window.data, window.last);
        let (kind, total) = match message(data) {
            Ok(message) => message.ok_or(Missing::Before(1))?,
            Err(_) if last => return Err(Missing::CutOff),
            Err(short) => return Ok(Step::Need(data.len().saturating_add(short.missing))),
        };
        if data.len() < total {
            return match last {
                true => Err(Missing::CutOff),
                false => Ok(Step::Need(total)),
            };
        }
        // a size that other messages begin inside of is wrong
        if let Found::At(at) = find(data.get(..total).unwrap_or_default(), 1, true) {
            return Err(Missing::Before(at));
        }
        if kind != PICTURE {
            return Ok(Step::Skip(total as u64));
        }
        let expected = "a JPEG file in a picture message";
        let damage = Damage {
            length: total,
            expected,
        };
        Ok(self.frame(data, total).unwrap_or(Step::Damaged(damage)))
    }
}

/// The first message from `from` on.
pub fn find(data: &[u8], from: usize, last: bool) -> Found {
    scan::find(&SIGNS, data, from, last, |at| {
        match message(data.get(at..).unwrap_or_default()) {
            Ok(Some(_)) => Proof::Yes,
            Ok(None) => Proof::No,
            Err(_) if last => Proof::No,
            Err(short) => Proof::Need(data.len().saturating_add(short.missing)),
        }
    })
}

/// Camera: the number is stated to be a byte, not whether it counts from 0 or 1. One more than it is taken, so that no two
/// cameras become one.
fn camera(segment: &[u8]) -> Option<u16> {
    Some(u16::from(*segment.get(28)?).saturating_add(1))
}

/// Flags, milliseconds, seconds. The byte order of the seconds is in doubt, so the one that makes sense is taken.
fn time(segment: &[u8]) -> Option<Timestamp> {
    let millis = u16_be(segment, 22).ok()?;
    let big = u32_be(segment, 24).ok()?;
    let seconds = [big, u32_le(segment, 24).ok()?]
        .into_iter()
        .find(|seconds| YEARS.contains(seconds))
        .unwrap_or(big);
    Some(Timestamp {
        seconds: i64::from(seconds),
        millis: Some(millis).filter(|millis| *millis < 1000),
    })
}

fn add_segment<'a>(segment: &'a [u8], facts: &mut Facts<'a>) {
    let text = |at: usize| {
        let field = segment.get(at..at.saturating_add(24))?;
        let end = memchr::memchr(0, field).unwrap_or(field.len());
        Some(field.get(..end)?.trim_ascii_end())
    };
    facts.timestamp = time(segment).or(facts.timestamp);
    // identifier 8, length 4, sequence 8, time 8, camera 1, status 1, activity 16, six u16, title 24, alarm 24
    facts.title = text(58);
    facts.alarm = text(82);
    for (name, at) in [("Status", 29usize), ("Q-Factor", 46)] {
        let value = match name {
            "Status" => segment.get(at).map(|byte| u16::from(*byte)),
            _ => u16_be(segment, at).ok(),
        };
        facts.fields.retain(|(known, _)| known != name);
        facts
            .fields
            .extend(value.map(|value| (name.to_owned(), value.to_string())));
    }
}
