// SPDX-License-Identifier: MPL-2.0
//! Reads the file by a inferred layout, as a player would, and counts what comes out.

use super::pictures::Picture;
use crate::{
    exp::{layout::Layout, native::NativeReader},
    reader::{Payload, Reader, Step, Window},
};
use std::collections::HashSet;

/// What reading gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Pictures that were found by their start codes and read.
    pub matched: usize,
    /// Pictures that were read where no start code was found.
    pub extra: usize,
    /// Pictures that were found and not read, but for the last, which may be cut off.
    pub missing: usize,
    /// Pictures that were found.
    pub of: usize,
    /// Stretches between the first and the last picture that were no record.
    pub damaged: usize,
    /// Of these, those that are as long as one round of padding.
    pub rounds: usize,
}

impl Reading {
    /// Better than `other`.
    pub fn samples(&self, other: &Reading) -> bool {
        let rank = |reading: &Reading| {
            (
                reading.matched.saturating_sub(reading.extra),
                std::cmp::Reverse(reading.damaged),
            )
        };
        rank(self) > rank(other)
    }
}

/// Hands every step of reading `bytes` by `layout` out, with the offset where it begins.
pub fn steps(bytes: &[u8], layout: &Layout, mut take: impl FnMut(usize, &Step)) {
    let mut reader = NativeReader::new(layout.clone());
    let mut at = 0usize;
    loop {
        let window = Window {
            offset: at as u64,
            data: bytes.get(at..).unwrap_or_default(),
            last: true,
            unread: 0,
        };
        let step = reader.next(&window);
        take(at, &step);
        let size = match &step {
            Step::Packet(packet) => packet.size,
            Step::Skip(bytes) => usize::try_from(*bytes).unwrap_or(usize::MAX),
            Step::Damaged(damage) => damage.length,
            // a picture cut off by the end of what was looked at was found, and can not be read
            Step::Cut(_) | Step::Need(_) | Step::End => break,
        };
        at = at.saturating_add(size.max(1));
    }
}

/// Reads `bytes` by `layout`.
pub fn read(bytes: &[u8], layout: &Layout, pictures: &[Picture]) -> Reading {
    let mut starts: HashSet<usize> = pictures.iter().map(|picture| picture.start).collect();
    let end = pictures.last().map_or(0, |picture| picture.start);
    let mut reading = Reading {
        of: pictures.len(),
        ..Reading::default()
    };
    steps(bytes, layout, |at, step| match step {
        Step::Packet(packet) => {
            if let Some(start) = start_of(&packet.payload) {
                let known = starts.remove(&at.saturating_add(start));
                let count = if known {
                    &mut reading.matched
                } else {
                    &mut reading.extra
                };
                *count = count.saturating_add(1);
            }
        }
        Step::Damaged(damage) if at < end => {
            reading.damaged = reading.damaged.saturating_add(1);
            if damage.length == layout.record.align {
                reading.rounds = reading.rounds.saturating_add(1);
            }
        }
        _ => {}
    });
    starts.remove(&end);
    reading.missing = starts.len();
    reading
}

fn start_of(payload: &Payload) -> Option<usize> {
    match payload {
        Payload::Plain(range) => Some(range.start),
        Payload::Swap32 { range, .. } => Some(range.start),
        _ => None,
    }
}
