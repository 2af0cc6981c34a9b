// SPDX-License-Identifier: MPL-2.0
//! Coded pictures without any header around them, found by their own start codes: H.264 access units (Annex B, facts of ITU-T
//! H.264) or whole JPEG files (facts of ITU-T T.81). What stands between them is skipped.
//!
//! Nothing tells when they were recorded. They get a slot each, 25 a second (assumed), in the order of the file. Where each
//! field is a picture of its own, that is half of the true speed.

use super::jfif::Jfif;
use crate::mpeg4::h264;
use crate::reader::{
    Codec, FileInfo, MAX_RECORD, Mode, Packet, Payload, Reader, Step, StreamKey, Window,
};
use memchr::memmem;

/// Frames per second, as numerator and denominator (assumed).
const RATE: (u32, u32) = (25, 1);

/// The start code before every unit of H.264.
const CODE: [u8; 3] = [0, 0, 1];

/// What every JPEG file begins with.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// Units of H.264 that may stand before the first slice.
const MAX_UNITS: usize = 64;

/// Lines and columns that a picture may have.
const SIDES: std::ops::RangeInclusive<u16> = 16..=8192;

/// A picture at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Picture {
    /// It takes so many bytes.
    Whole {
        bytes: usize,
        key: bool,
        size: (u16, u16),
        /// What follows is no unit of H.264.
        broken: bool,
    },
    /// Its end is not in sight.
    Open,
    /// There is none.
    No,
}

/// The first picture of `front`, its codec and where it begins. An H.264 stream must begin with its parameter sets and a
/// slice; a JPEG file must be whole.
pub fn first(front: &[u8]) -> Option<(Codec, usize)> {
    let h264 = first_unit(front);
    let before = front.get(..h264.unwrap_or(front.len())).unwrap_or(front);
    let jpeg = memmem::find_iter(before, &JPEG).find(|at| {
        let file = jpeg(front.get(*at..).unwrap_or_default(), true);
        matches!(file, Picture::Whole { .. })
    });
    match (jpeg, h264) {
        (Some(at), _) => Some((Codec::Jpeg, at)),
        (None, at) => at.map(|at| (Codec::H264, at)),
    }
}

/// A unit of H.264.
#[derive(Clone, Copy)]
struct Unit {
    /// Where its start code begins, the zero before it included.
    at: usize,
    /// The byte behind the start code.
    header: u8,
    /// The byte behind that.
    next: u8,
}

impl Unit {
    fn is_sound(self) -> bool {
        self.header & 0x80 == 0
    }

    fn kind(self) -> u8 {
        self.header & 0x1f
    }

    fn is_slice(self) -> bool {
        self.is_sound() && matches!(self.kind(), 1 | 2 | 5)
    }

    /// A slice whose `first_mb_in_slice` is 0: one bit that is set.
    fn is_first_slice(self) -> bool {
        self.is_slice() && self.next & 0x80 != 0
    }

    /// An access unit begins here, if one with a slice stands before: SEI, parameter sets, delimiter (7.4.1.2.3), or a slice.
    fn begins(self) -> bool {
        self.is_sound() && matches!(self.kind(), 6..=9) || self.is_first_slice()
    }

    /// The first slice of a picture of I slices (`slice_type` 2 or 7).
    fn is_intra(self) -> bool {
        self.next >> 4 == 0b1011 || self.next == 0b1000_1000
    }
}

/// The units of `data` whose first bytes are there; at the end of the file, the last may lack them.
fn units(data: &[u8], last: bool) -> impl Iterator<Item = Unit> + '_ {
    memmem::find_iter(data, &CODE).map_while(move |code| {
        let before = code.checked_sub(1);
        let zero = before.filter(|before| data.get(*before) == Some(&0));
        let header = data.get(code.saturating_add(3));
        let next = data.get(code.saturating_add(4)).copied();
        Some(Unit {
            at: zero.unwrap_or(code),
            header: *header?,
            next: if last { next.unwrap_or(0) } else { next? },
        })
    })
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
        if unit.kind() == 7 && unit.header & 0xe0 != 0 && unit.is_sound() {
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
    let mut pictures = false;
    for unit in units(data, true).take(MAX_UNITS) {
        match unit.kind() {
            _ if !unit.is_sound() => return false,
            8 => pictures = true,
            6 | 7 | 9 | 12..=15 => {}
            _ => {
                let size = h264::picture_size(data);
                return pictures
                    && unit.is_first_slice()
                    && size.is_some_and(|(x, y)| SIDES.contains(&x) && SIDES.contains(&y));
            }
        }
    }
    false
}

/// The access unit at the start of `data`.
fn access_unit(data: &[u8], last: bool) -> Picture {
    let mut first: Option<Unit> = None;
    let mut sets = false;
    let mut whole = None;
    for unit in units(data, last) {
        if first.is_some() && unit.begins() || !unit.is_sound() {
            whole = Some((unit.at, !unit.is_sound()));
            break;
        }
        sets |= unit.kind() == 7;
        first = first.or(Some(unit).filter(|unit| unit.is_slice()));
    }
    let (bytes, broken) = match whole {
        Some(whole) => whole,
        None if last => (data.len(), false),
        None if data.len() > MAX_RECORD => return Picture::No,
        None => return Picture::Open,
    };
    let Some(first) = first.filter(|_| bytes <= MAX_RECORD) else {
        return Picture::No;
    };
    let size = match sets {
        true => h264::picture_size(data.get(..bytes).unwrap_or_default()),
        false => None,
    };
    Picture::Whole {
        bytes,
        key: first.kind() == 5 || sets && first.is_intra(),
        size: size.unwrap_or_default(),
        broken,
    }
}

/// The JPEG file at the start of `data`.
fn jpeg(data: &[u8], last: bool) -> Picture {
    let open = match last || data.len() > MAX_RECORD {
        true => Picture::No,
        false => Picture::Open,
    };
    let segments = match Jfif::read(data) {
        Ok(Some(segments)) if segments.width > 0 && segments.height > 0 => segments,
        Ok(_) => return Picture::No,
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
                    true => Picture::Whole {
                        bytes,
                        key: true,
                        size: (segments.width, segments.height),
                        broken: false,
                    },
                    false => Picture::No,
                };
            }
            // tables, comments and the headers of further scans
            [_, 0xc4 | 0xda..=0xdd | 0xe0..=0xef | 0xfe, high, low, ..] => {
                usize::from(u16::from_be_bytes([*high, *low]).max(2)).saturating_add(2)
            }
            [_, 0xc4 | 0xda..=0xdd | 0xe0..=0xef | 0xfe, ..] | [_] => return open,
            _ => return Picture::No,
        };
        at = at.saturating_add(step);
    }
}

/// Reader of pictures of one codec.
#[derive(Clone)]
pub struct Carver {
    info: FileInfo,
    codec: Codec,
    /// Number of the next picture.
    slot: u64,
    /// No access unit is known to begin at the window's start.
    lost: bool,
    warnings: Vec<String>,
}

impl Carver {
    /// A reader of pictures of that codec, H.264 or JPEG, from that offset of the file on.
    pub fn new(codec: Codec, from: u64) -> Carver {
        let warning = format!(
            "at offset {from}: no record was found; pictures are carved by their start codes from here on, and their times are lost \
             (25 a second is assumed)"
        );
        Carver {
            info: FileInfo {
                container: "Dedicated Micros partition (PAR)",
                family: "netvu-carved",
                slot_rate: Some(RATE),
                data_start: from,
                ..FileInfo::default()
            },
            codec,
            slot: 0,
            lost: true,
            warnings: vec![warning],
        }
    }

    /// Where a picture may begin, from `from` on; `Err` where none does before that place.
    fn begin(&self, window: &Window<'_>, from: usize) -> Result<usize, usize> {
        let data = window.data;
        let rest = data.get(from..).unwrap_or_default();
        // what may begin at the end of the window
        let (found, tail) = match self.codec {
            Codec::H264 => {
                let unit = units(rest, window.last).find(|unit| unit.begins());
                (unit.map(|unit| unit.at), 8usize)
            }
            _ => (memmem::find(rest, &JPEG), 2),
        };
        match found {
            Some(at) => Ok(from.saturating_add(at)),
            None if window.last => Err(data.len()),
            None => Err(data.len().saturating_sub(tail).max(from)),
        }
    }

    /// Passes over bytes up to where a picture may begin, which is not before `from`.
    fn search(&mut self, window: &Window<'_>, from: usize) -> Option<Step> {
        let begin = self.begin(window, from);
        self.lost = begin.is_err();
        match begin {
            Ok(0) => None,
            Ok(at) => Some(Step::Skip(at as u64)),
            Err(0) => Some(Step::Need(super::find::more(window.data.len()))),
            Err(at) => Some(Step::Skip(at as u64)),
        }
    }

    fn packet(&mut self, data: &[u8], bytes: usize, key: bool, size: (u16, u16)) -> Packet {
        let slot = self.slot;
        self.slot = slot.saturating_add(1);
        // zeros behind a unit are padding
        let coded = data.get(..bytes).unwrap_or_default();
        let end = coded.iter().rposition(|byte| *byte != 0);
        Packet {
            stream: StreamKey {
                camera: 1,
                codec: self.codec,
            },
            size: bytes,
            payload: Payload::Plain(0..end.map_or(bytes, |end| end.saturating_add(1))),
            key,
            crc: None,
            timestamp: None,
            slot: Some(slot),
            sequence: None,
            width: size.0,
            height: size.1,
            audio: None,
            mode: Mode::Unknown,
            details: None,
        }
    }
}

impl Reader for Carver {
    fn next(&mut self, window: &Window<'_>) -> Step {
        let (data, last) = (window.data, window.last);
        if data.is_empty() {
            return if last { Step::End } else { Step::Need(1) };
        }
        if self.lost
            && let Some(step) = self.search(window, 0)
        {
            return step;
        }
        let picture = match self.codec {
            Codec::H264 => access_unit(data, last),
            _ => jpeg(data, last),
        };
        match picture {
            Picture::Whole {
                bytes,
                key,
                size,
                broken,
            } => {
                self.lost = broken || self.codec != Codec::H264;
                Step::Packet(self.packet(data, bytes, key, size))
            }
            Picture::Open => Step::Need(data.len().saturating_mul(2).clamp(
                data.len().saturating_add(64),
                MAX_RECORD.max(data.len()).saturating_add(64),
            )),
            // the whole of it is there, so that no start code is taken for another
            Picture::No => match self.search(window, 1) {
                Some(step) => step,
                None => Step::Skip(1),
            },
        }
    }

    fn resync(&mut self) {
        self.lost = true;
        self.slot = 0;
    }

    fn info(&self) -> &FileInfo {
        &self.info
    }

    fn fork(&self) -> Box<dyn Reader> {
        let mut fork = self.clone();
        fork.resync();
        Box::new(fork)
    }

    fn set_slot(&mut self, slot: u64) {
        self.slot = slot;
    }

    fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }
}
