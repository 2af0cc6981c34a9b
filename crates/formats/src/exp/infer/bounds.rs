// SPDX-License-Identifier: MPL-2.0
//! Where records begin and frames end, which the chain of lengths leaves open.
//!
//! One number is searched: the bytes from a record's start to its mark. With it, what the length counts follows (the frame, what follows
//! the field, or the whole record). Each candidate is weighed by the bytes it has to explain: those it takes for a header are
//! the same, or move evenly, from record to record; a frame's last byte has the stuffing its codec ends with; between a frame and the
//! next record there is nothing but the fill byte, less than one round of padding.

use super::{
    ByKind, Frames, Window,
    chain::{Chain, mode},
    frames::Frame,
    minus, plus,
};
use crate::{exp::layout::Transform, reader::Codec};

/// A header has no more bytes before its length field.
const MAX_BEFORE: i64 = 520;
/// Frames whose ends and headers are looked at.
const FRAMES: usize = 500;
/// Bits for a reading that needs no explanation: the length counts the frame, what follows it, or the record; records begin at the
/// file's first byte, or end with its last.
const NATURAL: f64 = 12.0;
/// The share of its bits that an even column, or padding that the length counts, is worth: frames hold such bytes too.
const COLUMN: f64 = 0.4;

/// What a length counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The coded frame.
    Frame,
    /// All that follows the field.
    After,
    /// The whole record.
    Record,
    /// None of these exactly.
    Other,
}

impl Meaning {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Meaning::Frame => "the frame",
            Meaning::After => "what follows it",
            Meaning::Record => "the whole record",
            Meaning::Other => "the frame and a fixed number of bytes",
        }
    }
}

/// Where records begin and frames end.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Bytes from a record's start to its mark.
    pub before: i64,
    /// Added to the length to get the bytes of the frame.
    pub end: ByKind<i64>,
    /// The length counts padding up to a multiple of this; 1 where it counts none.
    pub counted_padding: i64,
    /// The byte that padding consists of.
    pub fill: u8,
    /// A last shorter group of a reversed frame is reversed as it stands.
    pub short_group: bool,
    /// What the length of most frames counts.
    pub meaning: Meaning,
    /// It counts the same in P frames and keyframes, but for the bytes before these.
    pub alike: bool,
    /// Bits by which this explains more than the next best reading.
    pub margin: f64,
    /// The next best reading, in words.
    pub rival: String,
    /// Frames that end where nothing else than padding follows, of those that were looked at.
    pub clean: (usize, usize),
}

/// One way to read the bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Trial {
    before: i64,
    end: ByKind<i64>,
    counted: i64,
    short_group: bool,
}

fn is_most((some, all): (usize, usize)) -> bool {
    some.saturating_mul(100) >= all.saturating_mul(97)
}

struct Search<'a> {
    window: &'a Window<'a>,
    chain: &'a Chain,
    codec: Codec,
    fill: u8,
    /// Frames with their length and the mark that follows.
    frames: Vec<(Frame, i64, i64)>,
    /// Bits that the byte at each distance before the mark saves when it belongs to a header.
    columns: Vec<f64>,
    first: i64,
    last: i64,
}

impl Bounds {
    /// The bounds that explain most.
    pub fn find(window: &Window<'_>, frames: &Frames, chain: &Chain) -> Option<Bounds> {
        let steps = chain.steps(window, &frames.list);
        let known = |(frame, step): (&Frame, &super::chain::Step)| {
            let value = chain.value(window, frame)?;
            Some((*frame, value, step.next.filter(|_| step.linked)?))
        };
        let mut all: Vec<(Frame, i64, i64)> =
            frames.list.iter().zip(&steps).filter_map(known).collect();
        let marks: Vec<i64> = frames.list.iter().map(|frame| chain.mark(frame)).collect();
        let last = steps.last().and_then(|step| step.next).unwrap_or(i64::MAX);
        // keyframes may be few, and all of them count
        let step = all.len().div_ceil(FRAMES).max(1);
        let mut n = 0_usize;
        all.retain(|(frame, ..)| {
            n = n.saturating_add(1);
            frame.key || n.checked_rem(step) == Some(0)
        });
        all.truncate(FRAMES.saturating_mul(2));
        let step = marks.len().div_ceil(FRAMES).max(1);
        let some: Vec<i64> = marks.iter().copied().step_by(step).collect();
        let columns = (1..=MAX_BEFORE)
            .map(|back| column_gain(window, &some, back))
            .collect();
        let mut search = Search {
            window,
            chain,
            codec: frames.codec,
            fill: 0,
            frames: all,
            columns,
            first: marks.first().copied()?,
            last,
        };
        let mut best = search.best();
        // a fill byte other than 0 is rare, and seen where 0 does not serve
        for fill in [0xff, 0xaa, 0x55, 0xcc, b' '] {
            if fill != 0xff && best.as_ref().is_some_and(|(_, best)| is_most(best.clean)) {
                break;
            }
            search.fill = fill;
            let other = search.best();
            if other.as_ref().map(|(bits, _)| *bits) > best.as_ref().map(|(bits, _)| *bits) {
                best = other;
            }
        }
        best.map(|(_, bounds)| bounds)
    }
}

/// Bits saved by a byte before the mark that is alike, or moves evenly, over all records.
fn column_gain(window: &Window<'_>, marks: &[i64], back: i64) -> f64 {
    let bytes: Vec<u8> = marks
        .iter()
        .filter_map(|mark| window.byte(minus(*mark, back)))
        .collect();
    let raw = bytes.len() as f64 * 8.0;
    let moves: Vec<u8> = bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .map(|(a, b)| b.wrapping_sub(*a))
        .collect();
    let gain = raw - code_length(&bytes).min(code_length(&moves) + 8.0);
    // still pictures repeat as well, but never as evenly as headers
    if gain > raw * 0.75 {
        gain * COLUMN
    } else {
        -1.0
    }
}

/// Bits that bytes take when each is foretold from how often it was there before.
pub fn code_length(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    let mut seen = 0.0;
    let mut bits = 0.0;
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            bits -= ((f64::from(*count) + 0.05) / (seen + 12.8)).log2();
            *count = count.saturating_add(1);
        }
        seen += 1.0;
    }
    bits
}

impl Search<'_> {
    fn best(&self) -> Option<(f64, Bounds)> {
        let rounds = self.counted_rounds();
        let mut all: Vec<(f64, Trial)> = Vec::new();
        for before in 0..=MAX_BEFORE.min(self.first) {
            for end in self.ends(before) {
                for counted in &rounds {
                    for short_group in [false, true] {
                        if short_group && !self.reversed() {
                            continue;
                        }
                        let trial = Trial {
                            before,
                            end,
                            counted: *counted,
                            short_group,
                        };
                        all.extend(self.weigh(&trial).map(|bits| (bits, trial)));
                    }
                }
            }
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (bits, trial) = *all.first()?;
        // readings that give other frames
        let differs = |other: &Trial| other.end != trial.end || other.counted != trial.counted;
        let rival = all.iter().find(|(_, other)| differs(other));
        let clean = self
            .frames
            .iter()
            .filter(|frame| self.is_clean(&trial, frame))
            .count();
        let bounds = Bounds {
            before: trial.before,
            end: trial.end,
            counted_padding: trial.counted,
            fill: self.fill,
            short_group: trial.short_group && self.reversed(),
            meaning: self.meaning(&trial),
            alike: self.is_alike(&trial),
            margin: rival.map_or(1000.0, |(other, _)| bits - other),
            rival: rival.map_or(String::new(), |(_, other)| {
                let by = minus(other.end.p, trial.end.p);
                format!(
                    "frames may be {} bytes {}",
                    by.abs(),
                    if by < 0 { "shorter" } else { "longer" }
                )
            }),
            clean: (clean, self.frames.len()),
        };
        Some((bits, bounds))
    }

    fn reversed(&self) -> bool {
        self.frames
            .iter()
            .any(|(frame, ..)| frame.transform == Transform::Swap32)
    }

    /// Paddings that the length itself may count: all sizes are multiples of them.
    fn counted_rounds(&self) -> Vec<i64> {
        let mut rounds = vec![1];
        if self.chain.links.p.align > 1 || self.frames.len() < 8 {
            return rounds;
        }
        let sizes = || {
            self.frames
                .iter()
                .map(|(frame, _, next)| minus(*next, self.chain.mark(frame)))
        };
        let fits = |round: &i64| {
            let most = mode(sizes().map(|size| size.rem_euclid(*round)));
            most.is_some_and(|(_, count)| {
                count.saturating_mul(100) >= self.frames.len().saturating_mul(97)
            })
        };
        rounds.extend((1..=12).map(|shift| 1_i64.wrapping_shl(shift)).rfind(fits));
        rounds
    }

    /// What has to be added to the length, where records begin this far before their mark.
    fn ends(&self, before: i64) -> Vec<ByKind<i64>> {
        let sums = |key: bool| {
            let link = self.chain.links.get(key);
            let lead = *self.chain.lead.get(key);
            let (low, high) = link.plus;
            let shift = minus(0, plus(lead, before));
            // of a range that the sample leaves open, what has a meaning
            let meant = [
                minus(0, shift),
                plus(before, link.number.width() as i64),
                0,
                high,
                low,
            ];
            let meant = meant.into_iter().map(move |sum| minus(sum, link.base));
            let mut sums: Vec<i64> = meant.filter(|sum| (low..=high).contains(sum)).collect();
            sums.push(high);
            sums.sort_unstable();
            sums.dedup();
            let ends = sums
                .into_iter()
                .map(|sum| plus(plus(sum, link.base), shift));
            ends.collect::<Vec<_>>()
        };
        let (p, key) = (sums(false), sums(true));
        let any = |key: bool| self.frames.iter().any(|(frame, ..)| frame.key == key);
        match (any(false), any(true)) {
            (true, true) => {
                let pairs = p
                    .iter()
                    .flat_map(|p| key.iter().map(move |key| ByKind { p: *p, key: *key }));
                pairs.collect()
            }
            (false, _) => key.into_iter().map(ByKind::both).collect(),
            _ => p.into_iter().map(ByKind::both).collect(),
        }
    }

    fn meaning(&self, trial: &Trial) -> Meaning {
        let key = !self.frames.iter().any(|(frame, ..)| !frame.key);
        let link = self.chain.links.get(key);
        let lead = *self.chain.lead.get(key);
        match *trial.end.get(key) {
            0 => Meaning::Frame,
            end if end == minus(link.number.width() as i64, link.back) => Meaning::After,
            end if plus(end, plus(trial.before, lead)) == 0 => Meaning::Record,
            _ => Meaning::Other,
        }
    }

    /// Where the bytes of a frame end, and how many they are.
    fn stored_end(&self, trial: &Trial, frame: &(Frame, i64, i64)) -> (i64, i64) {
        let (frame, value, _) = frame;
        let length = plus(*value, *trial.end.get(frame.key));
        let stored = match frame.transform {
            Transform::Swap32 if !trial.short_group => super::padded(length, 4),
            _ => length,
        };
        (plus(frame.at, stored), length)
    }

    fn is_clean(&self, trial: &Trial, frame: &(Frame, i64, i64)) -> bool {
        let (end, length) = self.stored_end(trial, frame);
        let start = minus(frame.2, trial.before);
        let round = self.chain.links.get(frame.0.key).align.max(4);
        let sector = self.chain.sector.map_or(0, |(sector, _)| sector);
        length > 4
            && end <= start
            && (minus(start, end) < round.max(sector))
            && self.window.all(end, start, self.fill)
    }

    /// Bits by which a reading explains the bytes better than taking them all for coded ones.
    fn weigh(&self, trial: &Trial) -> Option<f64> {
        let before = usize::try_from(trial.before).ok()?;
        let mut bits: f64 = self.columns.iter().take(before).sum();
        let mut last_bytes = Vec::new();
        let mut stuffing = 0.0;
        let mut broken = 0_usize;
        for (n, known) in self.frames.iter().enumerate() {
            if n == 40 && broken > 12 {
                return None;
            }
            if !self.is_clean(trial, known) {
                bits -= 20.0;
                broken = broken.saturating_add(1);
                continue;
            }
            let (end, mut length) = self.stored_end(trial, known);
            let frame = &known.0;
            if let Some(own) = frame.end {
                // a JPEG says itself where it ends
                bits += if own == end { 8.0 } else { -8.0 };
                if trial.counted == 1 {
                    continue;
                }
            }
            bits += 8.0 * minus(minus(known.2, trial.before), end) as f64;
            let last = |length| self.window.last_byte(frame, length, trial.short_group);
            if trial.counted > 1 {
                let full = length;
                // a short group is filled after it was reversed
                if trial.short_group && frame.transform == Transform::Swap32 {
                    while self.window.byte(minus(plus(frame.at, length), 1)) == Some(self.fill)
                        && minus(full, length) < minus(trial.counted, 1)
                    {
                        length = minus(length, 1);
                    }
                } else {
                    let group = if frame.transform == Transform::Swap32 {
                        3
                    } else {
                        0
                    };
                    while last(length) == Some(self.fill)
                        && minus(full, length) < plus(minus(trial.counted, 1), group)
                    {
                        length = minus(length, 1);
                    }
                }
                bits += (8.0 * minus(full, length) as f64 - (trial.counted as f64).log2()) * COLUMN;
            }
            if let Some(byte) = last(length) {
                last_bytes.push(byte);
                stuffing += self.stuffing(byte);
            }
        }
        // a byte that is the same in all of them is not the last of frames
        let alike = last_bytes.len() as f64 * 8.0 - code_length(&last_bytes);
        bits += stuffing - alike.max(0.0) * COLUMN;
        Some(bits + self.natural(trial))
    }

    /// Bits for the last byte of a frame: those that end with the stuffing of the codec are the likelier, the more of it there is.
    fn stuffing(&self, byte: u8) -> f64 {
        let run = match self.codec {
            Codec::H264 => byte.trailing_zeros(),
            Codec::Jpeg => return if byte == 0xd9 { 8.0 } else { -8.0 },
            _ => byte.trailing_ones(),
        };
        let likelihood = if run > 7 {
            0.0
        } else {
            (f64::from(run) - 2.0).exp2()
        };
        (0.95 * likelihood + 0.01).log2()
    }

    /// Keyframes count the same as P frames, with their extra bytes or without.
    fn is_alike(&self, trial: &Trial) -> bool {
        let extra = minus(self.chain.lead.key, self.chain.lead.p);
        trial.end.p == trial.end.key || plus(trial.end.key, extra) == trial.end.p
    }

    fn natural(&self, trial: &Trial) -> f64 {
        let mut bits = match self.meaning(trial) {
            Meaning::Frame | Meaning::After | Meaning::Record => NATURAL * 3.0,
            Meaning::Other => 0.0,
        };
        if !self.is_alike(trial) {
            bits -= NATURAL * 3.0;
        }
        if self.first == trial.before {
            bits += NATURAL;
        }
        if minus(self.last, trial.before) == self.window.len() {
            bits += NATURAL;
        }
        if trial.counted > 1 {
            bits -= 4.0;
        }
        if trial.short_group {
            bits -= 2.0;
        }
        bits
    }
}
