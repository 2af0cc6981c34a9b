// SPDX-License-Identifier: MPL-2.0
//! Digital Sprite messages: a header of seven u32, big-endian, and a body; picture messages hold a JPEG file whose first
//! application segment carries the facts. All stated; no capture exists.

use super::headers::{MessageFacts, MessageHead};
use super::jfif::Jfif;
use super::packet_builder::PacketBuilder;
use super::picture;
use super::scan::{self, Form, Found, Missing, Proof, Sign};
use super::text::Facts;
use crate::cursor::Short;
use crate::fields::Header as _;
use crate::reader::{Damage, FileInfo, MAX_RECORD, Step, Timestamp, Window};
use std::sync::LazyLock;

/// First bytes of every message.
pub const MAGIC: [u8; 4] = [0xfa, 0xce, 0xd0, 0xff];

/// Bytes of a message's header.
const LEN: usize = MessageHead::SIZE;

/// Message type of a frame.
const PICTURE: u32 = 6;

/// Largest message type that is named.
const MAX_TYPE: u32 = 0x56;

/// Seconds of 1990 and 2100, between which a time makes sense.
const YEARS: std::ops::Range<u32> = 631_152_000..4_102_444_800;

static SIGNS: LazyLock<[Sign; 1]> = LazyLock::new(|| [Sign::new(&MAGIC, 0)]);

/// A message's type and the bytes of all of it.
fn message(data: &[u8]) -> Result<Option<(u32, usize)>, Short> {
    let head = MessageHead::parse(data)?;
    let length = usize::try_from(head.length).unwrap_or(usize::MAX);
    let valid = head.magic.0 == MAGIC
        && (24..=MAX_RECORD).contains(&length)
        && (1..=MAX_TYPE).contains(&head.kind);
    Ok(valid.then_some((head.kind, length.saturating_add(4))))
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
        let segment = jpeg.ok().flatten().and_then(|jpeg| jpeg.sprite);
        let facts = segment.and_then(|segment| MessageFacts::parse_padded(segment).ok());
        let mut frame = self.0.whole_jpeg(data, LEN..total, 1)?;
        if let Some(facts) = &facts {
            // the number is stated to be a byte, not whether it counts from 0 or 1; so no two cameras become one
            frame.camera = u16::from(facts.camera).saturating_add(1);
            add_facts(facts, &mut frame.facts);
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

/// The byte order of the seconds is in doubt (stated), so the one that makes sense is taken.
fn time(facts: &MessageFacts) -> Timestamp {
    let seconds = [facts.seconds, facts.seconds.swap_bytes()]
        .into_iter()
        .find(|seconds| YEARS.contains(seconds))
        .unwrap_or(facts.seconds);
    Timestamp {
        seconds: i64::from(seconds),
        millis: Some(facts.millis).filter(|millis| *millis < 1000),
    }
}

fn add_facts<'a>(from: &'a MessageFacts, facts: &mut Facts<'a>) {
    if from.seconds != 0 {
        facts.timestamp = Some(time(from));
    }
    facts.title = Some(picture::text(&from.title.0));
    facts.alarm = Some(picture::text(&from.alarm.0));
    for (name, value) in [("Status", from.status.into()), ("Q-Factor", from.factor)] {
        facts.fields.retain(|(known, _)| known != name);
        facts.fields.push((name.to_owned(), value.to_string()));
    }
}
