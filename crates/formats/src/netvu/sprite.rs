// SPDX-License-Identifier: MPL-2.0
//! Digital Sprite messages: a header of seven u32, big-endian, and a body; picture messages hold a JPEG file whose first
//! application segment carries the facts. All stated; no capture exists.

use super::find::{self, Found, Proof, Sign};
use super::jfif::Jfif;
use super::packet_builder::PacketBuilder;
use super::text::Facts;
use crate::cursor::{bytes_at, u16_be, u32_be, u32_le};
use crate::reader::{Damage, FileInfo, MAX_RECORD, Reader, Step, Timestamp, Window};
use std::sync::LazyLock;

/// First bytes of every message.
pub const MAGIC: [u8; 4] = [0xfa, 0xce, 0xd0, 0xff];

/// Bytes of a message's header.
const LEN: usize = 28;

/// Message type of a picture.
const PICTURE: u32 = 6;

/// Largest message type that is named.
const MAX_TYPE: u32 = 0x56;

/// Seconds of 1990 and 2100, between which a time is believed.
const YEARS: std::ops::Range<u32> = 631_152_000..4_102_444_800;

const EXPECTED: &str = "a Digital Sprite message";

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

/// Reader of Digital Sprite messages.
#[derive(Clone)]
pub struct SpriteReader {
    packet_builder: PacketBuilder,
    quiet: bool,
    lost: bool,
}

impl SpriteReader {
    /// A reader; `terse` leaves out facts that every picture has.
    pub fn new(terse: bool) -> SpriteReader {
        SpriteReader {
            packet_builder: PacketBuilder::new("Digital Sprite stream", "netvu-sprite", terse),
            quiet: false,
            lost: false,
        }
    }
}

impl Reader for SpriteReader {
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
        match message(window.data) {
            Ok(Some((kind, total))) => self.message(window, kind, total),
            Ok(None) => self.search(window, 1),
            Err(_) if window.last => Step::Cut(window.data.len()),
            Err(short) => Step::Need(window.data.len().saturating_add(short.missing)),
        }
    }

    fn resync(&mut self) {
        self.quiet = true;
        self.lost = true;
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
}

impl SpriteReader {
    fn search(&mut self, window: &Window<'_>, from: usize) -> Step {
        let found = find::hunt(&SIGNS, window.data, from, window.last, |at| {
            match message(window.data.get(at..).unwrap_or_default()) {
                Ok(Some(_)) => Proof::Yes,
                Ok(None) => Proof::No,
                Err(_) if window.last => Proof::No,
                Err(short) => Proof::Need(window.data.len().saturating_add(short.missing)),
            }
        });
        self.lost = true;
        let (length, quiet) = match found {
            Found::At(at) => {
                self.lost = false;
                (at, std::mem::take(&mut self.quiet))
            }
            Found::Perhaps { at: 0, need } => return Step::Need(need),
            Found::Perhaps { at, .. } | Found::NotBefore(at) => (at, self.quiet),
        };
        match length {
            0 if !self.lost => self.next(window),
            0 => Step::Need(find::more(window.data.len())),
            length if quiet => Step::Skip(length as u64),
            length => Step::Damaged(Damage {
                length,
                expected: EXPECTED,
            }),
        }
    }

    fn message(&mut self, window: &Window<'_>, kind: u32, total: usize) -> Step {
        if kind != PICTURE {
            return Step::Skip(total as u64);
        }
        if window.data.len() < total {
            return if window.last {
                Step::Cut(window.data.len())
            } else {
                Step::Need(total)
            };
        }
        let body = window.data.get(LEN..total).unwrap_or_default();
        let jpeg = Jfif::read(body).ok().flatten();
        let picture = self.packet_builder.whole_jpeg(window.data, LEN..total, 1);
        match (picture, jpeg) {
            (Ok(mut picture), Some(jpeg)) => {
                if let Some(segment) = jpeg.sprite {
                    tell(segment, &mut picture.facts);
                    picture.camera = camera(segment).unwrap_or(picture.camera);
                }
                self.packet_builder.hand_out(picture, total)
            }
            _ => Step::Damaged(Damage {
                length: total,
                expected: "a JPEG file in a picture message",
            }),
        }
    }
}

/// Camera: the number is stated to be a byte, not whether it counts from 0 or 1. One more than it is taken, so that no two
/// cameras become one.
fn camera(segment: &[u8]) -> Option<u16> {
    Some(u16::from(*segment.get(28)?).saturating_add(1))
}

/// Flags, milliseconds, seconds. The byte order of the seconds is in doubt, so the one that makes sense is taken.
fn time(segment: &[u8]) -> Option<Timestamp> {
    let millis = u16_be(segment, 22).ok()?;
    let seconds = [u32_be(segment, 24).ok()?, u32_le(segment, 24).ok()?]
        .into_iter()
        .find(|seconds| YEARS.contains(seconds))?;
    Some(Timestamp {
        seconds: i64::from(seconds),
        millis: Some(millis).filter(|millis| *millis < 1000),
    })
}

fn tell<'a>(segment: &'a [u8], facts: &mut Facts<'a>) {
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
