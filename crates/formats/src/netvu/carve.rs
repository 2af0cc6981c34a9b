// SPDX-License-Identifier: MPL-2.0
//! Coded frames without any header around them, found by their own start codes: H.264 access units (Annex B, facts of ITU-T
//! H.264) or whole JPEG files (facts of ITU-T T.81). What is between them is skipped.
//!
//! When they were recorded is unknown. They get a slot each, 25 a second (assumed), in the order of the file. Where each
//! field is a frame of its own, that is half of the true speed.

use super::jfif::Jfif;
use super::packet_builder::{PacketBuilder, packet};
use super::scan::{Form, Found, Missing};
use crate::mpeg4::h264::{self, Unit, units};
use crate::reader::{Codec, FileInfo, MAX_RECORD, Packet, Payload, Step, Window};
use memchr::memmem;

/// Frames per second, as numerator and denominator (assumed).
const RATE: (u32, u32) = (25, 1);

/// What every JPEG file begins with.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// Units of H.264 that may be before the first slice.
const MAX_UNITS: usize = 64;

/// Lines and columns that a frame may have.
const SIDES: std::ops::RangeInclusive<u16> = 16..=8192;

/// A frame at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// It takes so many bytes.
    Whole {
        bytes: usize,
        key: bool,
        size: (u16, u16),
    },
    /// Its end is not in sight.
    Open,
    /// There is none.
    No,
}

/// The first frame of `front`, its codec and where it begins. An H.264 stream must begin with its parameter sets and a
/// slice; a JPEG file must be whole.
pub fn first(front: &[u8]) -> Option<(Codec, usize)> {
    let h264 = first_unit(front);
    let before = front.get(..h264.unwrap_or(front.len())).unwrap_or(front);
    let jpeg = memmem::find_iter(before, &JPEG).find(|at| {
        let file = jpeg(front.get(*at..).unwrap_or_default(), true);
        matches!(file, Frame::Whole { .. })
    });
    match (jpeg, h264) {
        (Some(at), _) => Some((Codec::Jpeg, at)),
        (None, at) => at.map(|at| (Codec::H264, at)),
    }
}

/// The first access unit that begins with parameter sets, which read as such, and a slice.
fn first_unit(front: &[u8]) -> Option<usize> {
    let mut delimiter = None;
    for unit in units(front, true) {
        let begins_at = match delimiter {
            Some(at) if unit.at.saturating_sub(at) <= 6 => at,
            _ => unit.at,
        };
        delimiter = (unit.header == 9).then_some(unit.at);
        if unit.kind() == h264::SPS && unit.header & 0xe0 != 0 && unit.is_valid() {
            let rest = front.get(unit.at..).unwrap_or_default();
            if is_stream(rest) {
                return Some(begins_at);
            }
        }
    }
    None
}

/// `data` begins with a sequence parameter set, a picture parameter set and a slice.
fn is_stream(data: &[u8]) -> bool {
    let mut frames = false;
    for unit in units(data, true).take(MAX_UNITS) {
        match unit.kind() {
            _ if !unit.is_valid() => return false,
            h264::PPS => frames = true,
            6 | h264::SPS | 9 | 12..=15 => {}
            _ => {
                let size = h264::picture_size(data);
                return frames
                    && unit.is_first_slice()
                    && size.is_some_and(|(x, y)| SIDES.contains(&x) && SIDES.contains(&y));
            }
        }
    }
    false
}

/// The access unit at the start of `data`.
fn access_unit(data: &[u8], last: bool) -> Frame {
    let mut first: Option<Unit> = None;
    let mut sets = false;
    let mut whole = None;
    for unit in units(data, last) {
        if first.is_some() && unit.begins() || !unit.is_valid() {
            whole = Some(unit.at);
            break;
        }
        sets |= unit.kind() == h264::SPS;
        first = first.or(Some(unit).filter(|unit| unit.is_slice()));
    }
    let bytes = match whole {
        Some(whole) => whole,
        None if last => data.len(),
        None if data.len() > MAX_RECORD => return Frame::No,
        None => return Frame::Open,
    };
    let Some(first) = first.filter(|_| bytes <= MAX_RECORD) else {
        return Frame::No;
    };
    let size = match sets {
        true => h264::picture_size(data.get(..bytes).unwrap_or_default()),
        false => None,
    };
    Frame::Whole {
        bytes,
        key: first.kind() == 5 || sets && first.is_intra(),
        size: size.unwrap_or_default(),
    }
}

/// The JPEG file at the start of `data`.
fn jpeg(data: &[u8], last: bool) -> Frame {
    let open = match last || data.len() > MAX_RECORD {
        true => Frame::No,
        false => Frame::Open,
    };
    let segments = match Jfif::read(data) {
        Ok(Some(segments)) if segments.width > 0 && segments.height > 0 => segments,
        Ok(_) => return Frame::No,
        Err(_) => return open,
    };
    let mut at = segments.scan;
    loop {
        let rest = data.get(at..).unwrap_or_default();
        let Some(mark) = memchr::memchr(0xff, rest) else {
            return open;
        };
        at = at.saturating_add(mark);
        let rest = data.get(at..).unwrap_or_default();
        let step = match rest {
            [_, 0 | 0xd0..=0xd7, ..] => 2,
            [_, 0xff, ..] => 1,
            [_, 0xd9, ..] => {
                let bytes = at.saturating_add(2);
                return match bytes <= MAX_RECORD {
                    true => Frame::Whole {
                        bytes,
                        key: true,
                        size: (segments.width, segments.height),
                    },
                    false => Frame::No,
                };
            }
            // tables, comments and the headers of further scans
            [_, 0xc4 | 0xda..=0xdd | 0xe0..=0xef | 0xfe, high, low, ..] => {
                usize::from(u16::from_be_bytes([*high, *low]).max(2)).saturating_add(2)
            }
            [_, 0xc4 | 0xda..=0xdd | 0xe0..=0xef | 0xfe, ..] | [_] => return open,
            _ => return Frame::No,
        };
        at = at.saturating_add(step);
    }
}

/// Frames of one codec.
#[derive(Clone)]
pub struct Carver {
    builder: PacketBuilder,
    codec: Codec,
    /// Number of the next frame.
    slot: u64,
}

impl Carver {
    /// Frames of that codec, H.264 or JPEG, from that offset of the file on.
    pub fn new(codec: Codec, from: u64) -> Carver {
        let name = "Dedicated Micros partition (PAR)";
        let mut builder = PacketBuilder::new(name, "netvu-carved", true);
        builder.info.slot_rate = Some(RATE);
        builder.info.data_start = from;
        builder.warn(
            from,
            "no record was found; frames are carved by their start codes from here on, and their times are lost (25 a second is assumed)",
        );
        Carver {
            builder,
            codec,
            slot: 0,
        }
    }

    fn packet(&mut self, data: &[u8], bytes: usize, key: bool, size: (u16, u16)) -> Packet {
        let slot = self.slot;
        self.slot = slot.saturating_add(1);
        // zeros behind a unit are padding
        let coded = data.get(..bytes).unwrap_or_default();
        let end = coded.iter().rposition(|byte| *byte != 0);
        Packet {
            size: bytes,
            payload: Payload::Plain(0..end.map_or(bytes, |end| end.saturating_add(1))),
            key,
            slot: Some(slot),
            width: size.0,
            height: size.1,
            ..packet(1, self.codec, None)
        }
    }
}

impl Form for Carver {
    const EXPECTED: &'static str = "a coded frame";
    const GAPS: bool = true;

    fn builder(&mut self) -> &mut PacketBuilder {
        &mut self.builder
    }

    fn info(&self) -> &FileInfo {
        &self.builder.info
    }

    /// Where a frame may begin.
    fn find(&self, data: &[u8], from: usize, last: bool) -> Found {
        let rest = data.get(from..).unwrap_or_default();
        // what may begin at the end of the window
        let (found, tail) = match self.codec {
            Codec::H264 => {
                let unit = units(rest, last).find(|unit| unit.begins());
                (unit.map(|unit| unit.at), 8usize)
            }
            _ => (memmem::find(rest, &JPEG), 2),
        };
        match found {
            Some(at) => Found::At(from.saturating_add(at)),
            None if last => Found::NotBefore(data.len()),
            None => Found::NotBefore(data.len().saturating_sub(tail).max(from)),
        }
    }

    fn read(&mut self, window: &Window<'_>) -> Result<Step, Missing> {
        let (data, last) = (window.data, window.last);
        let frame = match self.codec {
            Codec::H264 => access_unit(data, last),
            _ => jpeg(data, last),
        };
        match frame {
            Frame::Whole { bytes, key, size } => {
                Ok(Step::Packet(self.packet(data, bytes, key, size)))
            }
            Frame::Open => Ok(Step::Need(data.len().saturating_mul(2).clamp(
                data.len().saturating_add(64),
                MAX_RECORD.max(data.len()).saturating_add(64),
            ))),
            Frame::No => Err(Missing::Before(1)),
        }
    }

    fn moved(&mut self) {
        self.slot = 0;
    }

    fn set_slot(&mut self, slot: u64) {
        self.slot = slot;
    }
}
