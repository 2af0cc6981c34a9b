// SPDX-License-Identifier: MPL-2.0
//! Holes in the records' sequence numbers, where these mostly step by one: over the whole file, or in each stream.

use crate::recording::Frame;
use formats::reader::StreamKey;
use serde::Serialize;
use std::collections::HashMap;

/// Jumps that are told one by one.
const MOST_LISTED: usize = 100;
/// Streams that are told apart.
const MAX_STREAMS: usize = 1024;
/// Steps below which nothing is concluded.
const FEW: u64 = 8;

/// A place where sequence numbers do not go on by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jump {
    /// Offset of the record.
    pub offset: u64,
    /// Camera or channel of the record.
    pub camera: u16,
    /// Number before.
    pub from: u16,
    /// Its number.
    pub to: u16,
    /// Records that may be missing; 0 where the number repeats or goes back.
    pub missing: u16,
}

/// What sequence numbers tell.
#[derive(Debug, Default, Serialize)]
pub struct Sequence {
    /// Numbers step by one over all records of the file, or else in each stream.
    pub per_camera: bool,
    /// Places where they do not.
    pub jumps: u64,
    /// Records that may be missing there.
    pub missing: u64,
    /// The first hundred.
    pub listed: Vec<Jump>,
}

/// One way to count.
#[derive(Default)]
struct Count {
    steps: u64,
    found: Sequence,
}

/// Goes along with the records.
#[derive(Default)]
pub struct Walk {
    /// The number before, and records without a number since.
    last: Option<u16>,
    others: u16,
    whole: Count,
    streams: HashMap<StreamKey, u16>,
    each: Count,
}

impl Count {
    /// The next number; `others` records without one stand between.
    fn step(&mut self, frame: &Frame, from: u16, to: u16, others: u16) {
        self.steps += 1;
        let ahead = to.wrapping_sub(from);
        if ahead == 1 || (ahead > 1 && ahead - 1 <= others) {
            return;
        }
        // half of the numbers lie before
        let missing = match ahead {
            2..0x8000 => ahead - 1,
            _ => 0,
        };
        self.found.jumps += 1;
        self.found.missing += u64::from(missing);
        if self.found.listed.len() < MOST_LISTED {
            self.found.listed.push(Jump {
                offset: frame.offset,
                camera: frame.packet.stream.camera,
                from,
                to,
                missing,
            });
        }
    }

    /// Nine of ten steps are by one.
    fn holds(&self) -> bool {
        self.steps >= FEW && self.found.jumps.saturating_mul(10) <= self.steps
    }
}

impl Walk {
    /// A record of an unknown kind: it may have had a number of its own.
    pub fn other(&mut self) {
        self.others = self.others.saturating_add(1);
    }

    /// The next record.
    pub fn record(&mut self, frame: &Frame) {
        let Some(to) = frame.packet.sequence else {
            return;
        };
        if let Some(from) = self.last.replace(to) {
            self.whole.step(frame, from, to, self.others);
        }
        self.others = 0;
        let stream = frame.packet.stream;
        let known = self.streams.len() < MAX_STREAMS || self.streams.contains_key(&stream);
        if known && let Some(from) = self.streams.insert(stream, to) {
            self.each.step(frame, from, to, 0);
        }
    }

    /// All records were there; nothing where numbers do not count records.
    pub fn finish(self) -> Option<Sequence> {
        let per_camera = !self.whole.holds();
        let count = if per_camera { self.each } else { self.whole };
        count.holds().then_some(Sequence {
            per_camera,
            ..count.found
        })
    }
}

impl std::fmt::Display for Jump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Jump {
            offset, from, to, ..
        } = self;
        match (from == to, self.missing) {
            (true, _) => write!(
                f,
                "sequence number {from} is there twice, again at offset {offset}"
            ),
            (_, 0) => write!(
                f,
                "sequence numbers go back from {from} to {to} at offset {offset}"
            ),
            (_, 1) => write!(
                f,
                "sequence numbers jump from {from} to {to} at offset {offset}: 1 record may be missing"
            ),
            (_, missing) => write!(
                f,
                "sequence numbers jump from {from} to {to} at offset {offset}: {missing} records may be missing"
            ),
        }
    }
}
