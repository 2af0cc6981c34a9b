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
use crate::{
    exp::{
        layout::{ShortGroup, Transform},
        record::trailing,
    },
    reader::Codec,
};
use std::sync::LazyLock;

/// A header has no more bytes before its length field.
const MAX_BEFORE: i64 = 520;
/// A record has no more bytes behind its frame, such as a checksum.
const MAX_TRAILER: i64 = 32;
/// Frames whose ends and headers are looked at.
const FRAMES: usize = 500;
/// Bytes of a column that are weighed: more than headers are looked at.
const MOST_BYTES: usize = 8192;
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

/// One way to read where records begin and frames end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// Bytes from a record's start to its mark.
    pub before: i64,
    /// Added to the length to get the bytes of the frame.
    pub end: ByKind<i64>,
    /// Padding of the records, and the bytes that it does not count.
    pub align: ByKind<(i64, i64)>,
    /// The length counts padding up to a multiple of this; 1 where it counts none.
    pub counted: i64,
    /// The last group of a reversed frame, where it is shorter.
    pub short_group: ShortGroup,
    /// Bytes behind the frame, before the padding, that are neither frame nor padding.
    pub trailer: i64,
}

impl Trial {
    /// The same frames, with so many of their last bytes behind them.
    fn with_trailer(self, trailer: i64) -> Trial {
        let end = ByKind {
            p: minus(self.end.p, trailer),
            key: minus(self.end.key, trailer),
        };
        Trial {
            end,
            trailer,
            ..self
        }
    }
}

/// Where records begin and frames end.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The reading that explains most.
    pub trial: Trial,
    /// The byte that padding consists of; `None` where it is whatever the recorder's memory held.
    pub fill: Option<u8>,
    /// What the length of most frames counts.
    pub meaning: Meaning,
    /// It counts the same in P frames and keyframes, but for the bytes before these.
    pub alike: bool,
    /// Bits that it explains, with the chain's.
    pub bits: f64,
    /// Bits by which this explains more than the next best reading.
    pub margin: f64,
    /// The next best reading, in words.
    pub rival: String,
    /// Frames that end where nothing else than padding follows, of those that were looked at.
    pub clean: (usize, usize),
    /// Frames end with the stuffing of their codec more often than other bytes do.
    pub stuffed: bool,
    /// Frames that say their size themselves have it, and are more than a few.
    pub proven: bool,
}

fn is_most((some, all): (usize, usize)) -> bool {
    some.saturating_mul(100) >= all.saturating_mul(97)
}

struct Search<'a> {
    window: &'a Window<'a>,
    chain: &'a Chain,
    codec: Codec,
    fill: Option<u8>,
    /// Frames with their length and the mark that follows.
    frames: Vec<(Frame, i64, i64)>,
    /// Bits that so many bytes before the mark save when they belong to a header.
    columns: Vec<f64>,
    /// Bits that the chain explains, and the header from the mark on.
    outside: f64,
    /// Frames that the chain leads from, for each one that is looked at.
    share: f64,
    /// Those of them that say their size themselves.
    sized: Vec<(Frame, i64, i64)>,
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
        let first = chain.mark(frames.list.first()?);
        let last = steps.last().and_then(|step| step.next).unwrap_or(i64::MAX);
        // keyframes may be few, and all of them count
        let known = all.len() as f64;
        let step = all.len().div_ceil(FRAMES).max(1);
        let mut n = 0_usize;
        all.retain(|(frame, ..)| {
            n = n.saturating_add(1);
            frame.key || n.checked_rem(step) == Some(0)
        });
        all.truncate(FRAMES.saturating_mul(2));
        let marks: Vec<i64> = all.iter().map(|(frame, ..)| chain.mark(frame)).collect();
        let gains = (1..=plus(MAX_BEFORE, 1))
            .map(|back| column_gain(window, &marks, minus(0, back), frames.codec));
        let columns = gains.scan(0.0, |sum, gain| {
            let before = *sum;
            *sum += gain;
            Some(before)
        });
        // the zero of a long start code is explained either way
        let long = frames
            .list
            .iter()
            .all(|frame| window.all(frame.at, plus(frame.at, 3), 0));
        let behind = 0..plus(chain.lead.p.min(chain.lead.key), i64::from(long));
        let behind: f64 = behind
            .map(|at| column_gain(window, &marks, at, frames.codec))
            .sum();
        // chains are compared by all that they explain, not by the frames that were looked at
        let share = known / all.len().max(1) as f64;
        let sized = all.iter().filter(|(frame, ..)| frame.size.is_some());
        let sized = sized.copied().collect();
        let mut search = Search {
            window,
            chain,
            codec: frames.codec,
            fill: Some(0),
            frames: all,
            columns: columns.collect(),
            outside: behind * share + chain.bits * known / chain.linked.0.max(1) as f64,
            share,
            sized,
            first,
            last,
        };
        let mut best = search.best();
        // without padding no byte fills it
        let unpadded = |align: &ByKind<(i64, i64)>| align.p.0.max(align.key.0) <= 1;
        let unpadded = search.aligns().iter().all(unpadded) && search.counted_rounds().len() == 1;
        // a fill byte other than 0 is rare, and seen where 0 does not serve
        for fill in [0xff, 0xaa, 0x55, 0xcc, b' ']
            .map(Some)
            .into_iter()
            .chain([None])
        {
            let explained = best.as_ref().is_some_and(|best| is_most(best.clean));
            // few frames show none of these
            let likely = fill == Some(0xff) && !unpadded;
            if !likely && (explained || search.frames.len() < 8) {
                break;
            }
            search.fill = fill;
            let other = search.best();
            if other.as_ref().map(|other| other.bits) > best.as_ref().map(|best| best.bits) {
                best = other;
            }
        }
        best.map(|mut best| {
            // what is behind an unpadded frame looked like the beginning of the next header
            let trailer = search.trailer(&best.trial);
            best.trial.before = minus(best.trial.before, trailer);
            best.trial.trailer = plus(best.trial.trailer, trailer);
            best
        })
    }
}

/// Bits saved by a byte of the header that is alike, or moves evenly, over all records.
fn column_gain(window: &Window<'_>, marks: &[i64], from_mark: i64, codec: Codec) -> f64 {
    let bytes: Vec<u8> = marks
        .iter()
        .filter_map(|mark| window.byte(plus(*mark, from_mark)))
        .collect();
    let raw = bytes.len() as f64 * 8.0;
    // what does not move is coded in bits of 1
    let still = bytes.iter().filter(|byte| **byte == 0xff).count();
    if codec == Codec::Mpeg4 && from_mark < 0 && still.saturating_mul(2) > bytes.len() {
        return 0.0;
    }
    // as sure as padding is
    if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
        return raw * COLUMN;
    }
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

fn logs(start: f64) -> impl Iterator<Item = f64> {
    (0..=MOST_BYTES).map(move |n| (n as f64 + start).log2())
}

/// Sums of the logarithms of `n + 12.8`, for all `n` below each place.
static SEEN: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let sums = logs(12.8).scan(0.0, |sum, log| {
        let before = *sum;
        *sum += log;
        Some(before)
    });
    sums.collect()
});
static SEEN_OF_VALUE: LazyLock<Vec<f64>> = LazyLock::new(|| logs(0.05).collect());

/// Bits that bytes take when each is predicted from how often it was there before: 0.05 more than that of 12.8 more than all before it.
pub fn code_length(bytes: &[u8]) -> f64 {
    let mut counts = [0_u16; 256];
    let mut of_values = 0.0;
    for byte in bytes.iter().take(MOST_BYTES) {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            of_values += SEEN_OF_VALUE.get(usize::from(*count)).unwrap_or(&0.0);
            *count = count.saturating_add(1);
        }
    }
    let seen = SEEN.get(bytes.len().min(MOST_BYTES)).unwrap_or(&0.0);
    seen - of_values
}

impl Search<'_> {
    fn best(&self) -> Option<Bounds> {
        let mut all: Vec<(f64, Trial)> = Vec::new();
        let (rounds, aligns) = (self.counted_rounds(), self.aligns());
        let groups: &[ShortGroup] = if self.reversed() {
            &[ShortGroup::Filled, ShortGroup::Reversed, ShortGroup::Kept]
        } else {
            &[ShortGroup::Filled]
        };
        for before in 0..=MAX_BEFORE.min(plus(self.first, MAX_TRAILER)) {
            for end in self.ends(before) {
                for (align, counted, short_group) in aligns.iter().flat_map(|align| {
                    let rounds = rounds.iter();
                    rounds.flat_map(move |round| {
                        groups.iter().map(move |short| (*align, *round, *short))
                    })
                }) {
                    let trial = Trial {
                        before,
                        end,
                        align,
                        counted,
                        short_group,
                        trailer: 0,
                    };
                    all.extend(self.weigh(&trial).map(|bits| (bits, trial)));
                }
            }
        }
        let padded = all.iter().rev().max_by(|a, b| a.0.total_cmp(&b.0));
        let padded = padded.map(|(_, trial)| *trial);
        let padded = padded.filter(|trial| trial.counted == 1 && trial.align.p.0 > 1);
        for trailer in padded.iter().flat_map(|_| 1..=MAX_TRAILER) {
            let trial = padded.map(|trial| trial.with_trailer(trailer));
            all.extend(trial.and_then(|trial| Some((self.weigh(&trial)?, trial))));
        }
        // the ends of still pictures are as alike as headers: what frames say themselves outweighs them, and speaks for the others
        let right = |trial: &Trial| self.sized(trial).0;
        let most = all.iter().map(|(_, trial)| right(trial)).max().unwrap_or(0);
        if most >= 2 && most.saturating_mul(2) >= self.sized.len() {
            let known = self.frames.len() as f64 / self.sized.len() as f64;
            all.retain(|(_, trial)| right(trial).saturating_mul(5) >= most.saturating_mul(4));
            for (bits, trial) in &mut all {
                let right = right(trial) as f64;
                *bits += 8.0 * known.clamp(1.0, 8.0) * (2.0 * right - self.sized.len() as f64);
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
        Some(Bounds {
            trial,
            fill: self.fill,
            meaning: self.meaning(&trial),
            alike: self.is_alike(&trial),
            bits: bits * self.share + self.outside,
            margin: rival.map_or(1000.0, |(other, _)| bits - other),
            rival: rival.map_or(String::new(), |(_, other)| {
                let by = minus(other.end.p, trial.end.p);
                let word = if by < 0 { "shorter" } else { "longer" };
                format!("frames may be {} bytes {word}", by.abs())
            }),
            clean: (clean, self.frames.len()),
            stuffed: self.is_stuffed(&trial),
            proven: {
                let sized = self.sized(&trial);
                sized.0 >= 4 && is_most(sized)
            },
        })
    }

    /// The coded bytes of a frame.
    fn length(&self, trial: &Trial, known: &(Frame, i64, i64)) -> i64 {
        let (_, length) = self.stored_end(trial, known);
        minus(length, self.trimmed(trial, &known.0, length))
    }

    /// Frames that have the size that they say themselves, of those that say it.
    fn sized(&self, trial: &Trial) -> (usize, usize) {
        let right = |known: &&(Frame, i64, i64)| Some(self.length(trial, known)) == known.0.size;
        (self.sized.iter().filter(right).count(), self.sized.len())
    }

    fn is_stuffed(&self, trial: &Trial) -> bool {
        let last = |known: &(Frame, i64, i64)| {
            self.window
                .last_byte(&known.0, self.length(trial, known), trial.short_group)
        };
        let bytes = self.frames.iter().filter_map(last);
        bytes.map(|byte| self.stuffing(byte)).sum::<f64>() >= 0.0
    }

    /// Paddings of the records: as the chain has them, and, where groups of four explain them, none.
    fn aligns(&self) -> Vec<ByKind<(i64, i64)>> {
        let links = &self.chain.links;
        let own = |key: bool| (links.get(key).align, links.get(key).base);
        let chain = ByKind {
            p: own(false),
            key: own(true),
        };
        let grouped = |key: bool| match own(key) {
            (2 | 4, _) => (1, 0),
            other => other,
        };
        let without = ByKind {
            p: grouped(false),
            key: grouped(true),
        };
        match self.reversed() && without != chain {
            true => vec![without, chain],
            false => vec![chain],
        }
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
            let slack = if self.reversed() { 8 } else { 0 };
            let open = minus(low, slack)..=plus(high, slack);
            let mut sums: Vec<i64> = meant.filter(|sum| open.contains(sum)).collect();
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
                // whatever the pairs of neighbours say, keyframes may count as P frames do
                let extra = minus(self.chain.lead.key, self.chain.lead.p);
                let alike = |p: i64| [p, minus(p, extra)];
                let all = |p: i64| {
                    key.iter()
                        .copied()
                        .filter(move |key| !alike(p).contains(key))
                        .chain(alike(p))
                };
                p.iter()
                    .flat_map(|p| all(*p).map(|key| ByKind { p: *p, key }))
                    .collect()
            }
            (false, _) => key.into_iter().map(ByKind::both).collect(),
            _ => p.into_iter().map(ByKind::both).collect(),
        }
    }

    fn meaning(&self, trial: &Trial) -> Meaning {
        let key = !self.frames.iter().any(|(frame, ..)| !frame.key);
        let link = self.chain.links.get(key);
        let lead = *self.chain.lead.get(key);
        match plus(*trial.end.get(key), trial.trailer) {
            end if end == trial.trailer => Meaning::Frame,
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
            Transform::Swap32 if trial.short_group == ShortGroup::Filled && trial.counted == 1 => {
                super::padded(length, 4)
            }
            _ => length,
        };
        (plus(frame.at, stored), length)
    }

    fn is_clean(&self, trial: &Trial, frame: &(Frame, i64, i64)) -> bool {
        let (end, length) = self.stored_end(trial, frame);
        let next = minus(frame.2, trial.before);
        let start = minus(self.chain.mark(&frame.0), trial.before);
        let (align, base) = *trial.align.get(frame.0.key);
        let end = plus(end, trial.trailer);
        let size = minus(minus(end, start), base);
        let whole = plus(start, plus(super::padded(size, align), base));
        let leads = if trial.counted > 1 { end } else { whole } == next;
        let filled = self
            .fill
            .is_none_or(|fill| self.window.all(end, next, fill));
        length > 4 && end <= next && leads && filled
    }

    /// Bytes at a frame's end that are padding which the length counts.
    fn trimmed(&self, trial: &Trial, frame: &Frame, length: i64) -> i64 {
        let Some(fill) = self.fill.filter(|_| trial.counted > 1) else {
            return 0;
        };
        let whole = frame.transform == Transform::Swap32 && trial.short_group == ShortGroup::Filled;
        let stored = self.window.slice(frame.at, plus(frame.at, length));
        trailing(
            stored.unwrap_or_default(),
            whole,
            trial.counted as usize,
            fill,
        ) as i64
    }

    /// Bits by which a reading explains the bytes better than taking them all for coded ones.
    fn weigh(&self, trial: &Trial) -> Option<f64> {
        let before = usize::try_from(trial.before).ok()?;
        let mut bits = 0.0;
        // what may be anything explains nothing, and is padding only where sizes are rounded
        let padding_bits = self.fill.map_or(0.0, |_| 8.0 * COLUMN);
        let rounded = trial.counted == 1 && trial.align.p.0.max(trial.align.key.0) > 1;
        if self.fill.is_none() && !rounded {
            return None;
        }
        let mut last_bytes = Vec::new();
        let mut stuffing = 0.0;
        let (mut least, mut most) = (i64::MAX, 0);
        let mut broken = 0_usize;
        // first bytes of records that are not the fill byte: all of them, and those behind a frame without padding
        let (mut other, mut full) = (0.0, 0.0);
        for (n, known) in self.frames.iter().enumerate() {
            if n == 40 && broken > 12 {
                return None;
            }
            if !self.is_clean(trial, known) {
                bits -= 20.0;
                broken = broken.saturating_add(1);
                continue;
            }
            let (end, length) = self.stored_end(trial, known);
            let frame = &known.0;
            let padding = minus(minus(known.2, trial.before), plus(end, trial.trailer));
            least = least.min(padding);
            most = most.max(padding);
            bits += padding_bits * padding as f64;
            // and what fills the last of whole groups, which are stored reversed
            let filled = minus(minus(end, frame.at), length);
            let group = minus(end, 4);
            if filled > 0 && self.window.all(group, plus(group, filled), 0) {
                bits += 8.0 * COLUMN * filled as f64;
            }
            let trimmed = self.trimmed(trial, frame, length);
            if trial.counted > 1 {
                bits += (8.0 * trimmed as f64 - (trial.counted as f64).log2()) * COLUMN;
                if self
                    .fill
                    .is_some_and(|fill| !self.window.all(end, plus(end, 1), fill))
                {
                    other += 1.0;
                    full += if trimmed == 0 { 1.0 } else { 0.0 };
                }
            }
            if let Some(byte) =
                self.window
                    .last_byte(frame, minus(length, trimmed), trial.short_group)
            {
                last_bytes.push(byte);
                stuffing += self.stuffing(byte);
            }
        }
        // what is behind all frames alike is no padding
        if least == most && most > 0 && self.frames.len() > 8 {
            return None;
        }
        // a header that begins with the fill byte unless the frame leaves no room for it is padding
        if other == full {
            bits -= other * (trial.counted as f64).log2();
        }
        // what is padding in other readings is explained in those frames alone, too
        let clean = self.frames.len().saturating_sub(broken) as f64;
        let columns = self.columns.get(before).copied().unwrap_or(0.0);
        bits += columns * clean / self.frames.len().max(1) as f64;
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

    fn trailer(&self, trial: &Trial) -> i64 {
        minus(trial.before, self.first).max(0)
    }

    fn natural(&self, trial: &Trial) -> f64 {
        let mut bits = match self.meaning(trial) {
            Meaning::Frame | Meaning::After | Meaning::Record => NATURAL * 3.0,
            // odd numbers need a reason in every frame
            Meaning::Other => self.frames.len() as f64 * -0.5,
        };
        if !self.is_alike(trial) {
            bits -= NATURAL * 3.0;
        }
        // where records would begin before the file does, their first bytes are the last of those before
        let trailer = self.trailer(trial);
        if self.first == minus(trial.before, trailer) {
            bits += NATURAL - if trailer > 0 { 6.0 } else { 0.0 };
        }
        if plus(minus(self.last, trial.before), trailer) == self.window.len() {
            bits += NATURAL;
        }
        if trial.counted > 1 {
            bits -= 4.0;
        }
        if trial.trailer > 0 {
            bits -= 6.0;
        }
        if trial.short_group != ShortGroup::Filled {
            bits -= 2.0;
        }
        bits
    }
}
