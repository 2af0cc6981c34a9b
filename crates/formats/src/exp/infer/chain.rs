// SPDX-License-Identifier: MPL-2.0
//! The length field, and the chain of records that it makes from each frame to the next.
//!
//! A record is known by its *mark*: the place of its length field, or of the place where other records have it. Whatever the length
//! counts, the next mark is at `mark + padded(value + plus) + base`, so where a record begins need not be known here. Every place and
//! width of a length field before frames is tried, with every padding; what leads from most frames to the next ones, through other
//! records and to the next sector where it has to, is kept.

use super::{ByKind, Frames, Window, bounds::Trial, frames::Frame, minus, padded, plus};
use crate::exp::layout::Number;
use std::{cmp::Reverse, collections::HashMap, ops::RangeInclusive};

/// A length field is no further before its frame: header and extra bytes before keyframes.
const MAX_BACK: i64 = 1200;
/// Pairs of neighbouring frames on which candidates are tried, and frames on which whole chains are compared.
const PAIRS: usize = 96;
const FRAMES: usize = 1200;
/// Candidates that are compared as whole chains.
const CHAINS: usize = 40;
/// Chains of which the ends of frames are looked at.
const BEST: usize = 8;
/// Records between two frames.
const HOPS: usize = 256;
/// What may have to be added to a length for the next record.
const SUMS: RangeInclusive<i64> = -16..=700;
/// How lengths are stored.
pub const NUMBERS: [Number; 6] = [
    Number::U32le,
    Number::U32be,
    Number::U24le,
    Number::U24be,
    Number::U16le,
    Number::U16be,
];

/// Bytes that a unit of a length may stand for.
const UNITS: [i64; 8] = [1, 4, 2, 8, 16, 512, 256, BITS];
/// The unit of a length that counts bits.
pub const BITS: i64 = 0;

fn in_bytes(value: i64, unit: i64) -> i64 {
    match unit {
        BITS => value / 8,
        unit => value.saturating_mul(unit),
    }
}

/// A length field, and what it says about the next record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Bytes from the field to the frame.
    pub back: i64,
    /// How it is stored.
    pub number: Number,
    /// Bytes that each of its units stands for.
    pub unit: i64,
    /// Records are padded to a multiple of this.
    pub align: i64,
    /// Bytes of a record that padding does not count.
    pub base: i64,
    /// Added to the value before padding: the range that the sample leaves open.
    pub plus: (i64, i64),
}

impl Link {
    fn new(back: i64, number: Number, fit: &Fit) -> Link {
        Link {
            back,
            number,
            unit: 1,
            align: fit.align,
            base: fit.base,
            plus: fit.plus,
        }
    }

    /// Its value at a record's mark, in bytes.
    fn read(&self, window: &Window<'_>, mark: i64) -> Option<i64> {
        let value = window.number(mark, self.number)?;
        Some(in_bytes(value, self.unit))
    }

    /// Bytes to the next mark.
    fn step(&self, value: i64) -> i64 {
        plus(padded(plus(value, self.plus.1), self.align), self.base)
    }
}

/// How records follow each other.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Bytes from a record's mark to its frame: of P frames, of keyframes.
    pub lead: ByKind<i64>,
    /// The length fields of P frames and of keyframes.
    pub links: ByKind<Link>,
    /// Size of sectors, and a mark at the start of one.
    pub sector: Option<(i64, i64)>,
    /// Frames that the chain leads from to the next, and all but the last.
    pub linked: (usize, usize),
    /// Bits that it explains.
    pub bits: f64,
}

/// What a chain gives for one frame.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// The mark that its length leads to.
    pub next: Option<i64>,
    /// The next frame is found from it.
    pub linked: bool,
    /// Marks of other records between the two.
    pub others: Vec<i64>,
}

/// How a set of pairs of distance and value agrees.
struct Fit {
    align: i64,
    base: i64,
    plus: (i64, i64),
    count: usize,
    bits: f64,
}

impl Chain {
    /// One length field for all frames.
    fn new(link: Link) -> Chain {
        Chain {
            lead: ByKind::both(link.back),
            links: ByKind::both(link),
            sector: None,
            linked: (0, 0),
            bits: 0.0,
        }
    }

    /// Frames from which few records lead to the next one.
    fn leading(&self, window: &Window<'_>, pairs: &[(Frame, i64)]) -> usize {
        let leads = |(frame, distance): &&(Frame, i64)| {
            let at = plus(frame.at, *distance);
            let step = self.step(window, frame, Some(&Frame { at, ..*frame }));
            step.linked && step.others.len() < 12
        };
        pairs.iter().filter(leads).count()
    }

    /// The best chains of these frames, each by another length field.
    pub fn find(window: &Window<'_>, frames: &Frames) -> Vec<Chain> {
        let list: Vec<Frame> = frames.list.iter().take(FRAMES).copied().collect();
        let list = list.as_slice();
        let mut all: Vec<Chain> = Vec::new();
        let good =
            |chain: &Chain| chain.linked.0.saturating_mul(10) >= chain.linked.1.saturating_mul(8);
        for (unit, class) in UNITS
            .iter()
            .flat_map(|unit| [(*unit, false), (*unit, true)])
        {
            // units other than bytes are rare
            if unit != 1 && all.iter().any(good) {
                break;
            }
            for link in candidates(window, list, class, unit) {
                let mut chain = Chain::new(link);
                chain.weigh(window, list);
                chain.add_class(window, list, !class);
                if chain.linked.0.saturating_mul(20) < chain.linked.1.saturating_mul(19) {
                    chain.add_sectors(window, list);
                }
                all.push(chain);
            }
        }
        all.retain(|chain| {
            chain.linked.0 >= 3
                && chain.linked.0.saturating_mul(5) >= chain.linked.1.saturating_mul(2)
        });
        all.sort_by(|a, b| b.bits.total_cmp(&a.bits));
        let most = all.first().map_or(0.0, |chain| chain.bits);
        let mut best: Vec<Chain> = Vec::new();
        for chain in all {
            let same = |other: &Chain| {
                let (a, b) = (other.links.p, chain.links.p);
                (a.back, a.number, a.align) == (b.back, b.number, b.align)
                    && other.lead == chain.lead
            };
            if chain.bits > most * 0.6 && !best.iter().any(same) && best.len() < BEST {
                best.push(chain);
            }
        }
        best
    }

    /// Takes over what the ends of frames say about the lengths.
    pub fn refine(&mut self, trial: &Trial) {
        for key in [false, true] {
            let whole = plus(
                plus(*trial.end.get(key), *self.lead.get(key)),
                plus(trial.before, trial.trailer),
            );
            let link = self.links.get_mut(key);
            let (align, base) = *trial.align.get(key);
            let sum = minus(whole, base);
            // groups of four are not part of it
            if (align, base) == (link.align, link.base) {
                link.plus = (sum, sum);
            }
        }
    }

    /// The mark of a frame's record.
    pub fn mark(&self, frame: &Frame) -> i64 {
        minus(frame.at, *self.lead.get(frame.key))
    }

    /// The value of a frame's length field.
    pub fn value(&self, window: &Window<'_>, frame: &Frame) -> Option<i64> {
        let link = self.links.get(frame.key);
        link.read(window, minus(frame.at, link.back))
    }

    /// Follows the records from each frame to the next.
    pub fn steps(&self, window: &Window<'_>, list: &[Frame]) -> Vec<Step> {
        let following = list.iter().skip(1).map(Some).chain([None]);
        let pairs = list.iter().zip(following);
        pairs
            .map(|(frame, next)| self.step(window, frame, next))
            .collect()
    }

    /// Frames that lead to another one, or that another one leads to.
    pub fn connected(&self, window: &Window<'_>, list: &[Frame]) -> Vec<Frame> {
        let mut kept: Vec<Frame> = Vec::with_capacity(list.len());
        let mut from = list;
        // a frame that is none breaks the chain around it: what comes after it is tried then
        while let Some((frame, rest)) = from.split_first() {
            let next = rest
                .iter()
                .take(4)
                .position(|next| self.step(window, frame, Some(next)).linked);
            let reached = kept
                .last()
                .is_some_and(|before| self.step(window, before, Some(frame)).linked);
            if next.is_some() || reached {
                kept.push(*frame);
            }
            from = rest.get(next.unwrap_or(0)..).unwrap_or_default();
        }
        kept
    }

    fn step(&self, window: &Window<'_>, frame: &Frame, next: Option<&Frame>) -> Step {
        let mut step = Step::default();
        let link = self.links.get(frame.key);
        let Some(value) = self.value(window, frame).filter(|value| *value > 0) else {
            return step;
        };
        let mut at = plus(self.mark(frame), link.step(value));
        if at <= frame.at {
            return step;
        }
        step.next = Some(at);
        let target = next.map_or(window.len(), |next| self.mark(next));
        for _ in 0..HOPS {
            if at == target {
                step.linked = true;
                return step;
            }
            if let Some((sector, mark)) = self.sector {
                let rest = minus(mark, at).rem_euclid(sector);
                if plus(at, rest) == target && rest < sector {
                    step.linked = true;
                    return step;
                }
            }
            if at > target {
                break;
            }
            let other = &self.links.p;
            let size = other.read(window, at).map(|value| other.step(value));
            match size.filter(|size| *size >= 4) {
                Some(size) => {
                    step.others.push(at);
                    at = plus(at, size);
                }
                None => break,
            }
        }
        step.others.clear();
        step
    }

    /// Counts what the chain leads to, and what that explains.
    fn weigh(&mut self, window: &Window<'_>, list: &[Frame]) {
        let steps = self.steps(window, list);
        let pairs = list.iter().zip(list.iter().skip(1));
        let (mut linked, mut bits) = (0_usize, 0.0);
        for ((frame, next), step) in pairs.zip(&steps) {
            if step.linked {
                linked = linked.saturating_add(1);
                // that many places the next record could have been at; small hops hit any of them
                let hops = (step.others.len() as f64) + 1.0;
                let mean = (minus(next.at, frame.at) as f64) / hops;
                bits += (mean / hops.sqrt()).log2().max(0.0);
            } else {
                bits -= 1.0;
            }
        }
        // a wider number, and a rounder padding, explain more with less
        let width = self.links.p.number.width() as f64;
        let odd = if width == 3.0 { 2.0 } else { 0.0 };
        self.bits = bits + width - odd - if self.links.p.base != 0 { 6.0 } else { 0.0 };
        self.linked = (linked, list.len().saturating_sub(1));
    }

    /// Where frames of the other class have their mark and length.
    fn add_class(&mut self, window: &Window<'_>, list: &[Frame], class: bool) {
        let own = |frame: &Frame| frame.key == class;
        let base = *self.links.get(!class);
        if !list.iter().any(own) {
            return;
        }
        let mut best = self.clone();
        for chain in self.leads(window, list, class) {
            let mut chain = chain;
            // neighbours of that class tell what their length counts
            let pairs = chain.pairs(window, list, class);
            let lead = *chain.lead.get(class);
            let counted: Vec<(i64, i64)> = pairs
                .iter()
                .filter_map(|(frame, distance)| {
                    Some((*distance, base.read(window, minus(frame.at, lead))?))
                })
                .collect();
            let surprises = surprises(counted.iter().map(|(distance, _)| *distance));
            let extra = minus(lead, base.back);
            let links = [extra, 0].map(|extra| Link {
                back: lead,
                plus: (plus(base.plus.0, extra), plus(base.plus.1, extra)),
                ..base
            });
            let mut tried: Vec<Link> = links.to_vec();
            for align in [base.align, base.align.max(4)] {
                tried.extend(
                    fit(&counted, &[align], &surprises)
                        .filter(|fit| fit.count >= 2)
                        .map(|fit| Link {
                            unit: base.unit,
                            ..Link::new(lead, base.number, &fit)
                        }),
                );
            }
            for link in tried {
                *chain.links.get_mut(class) = link;
                chain.weigh(window, list);
                if chain.bits > best.bits {
                    best = chain.clone();
                }
            }
        }
        // what these frames leave open of the length, the others may have settled
        let mut alike = best.clone();
        if alike.lead.p == alike.lead.key {
            alike.links = ByKind::both(*best.links.get(class));
            alike.weigh(window, list);
            if alike.bits > best.bits {
                best = alike;
            }
        }
        *self = best.clone();
        // a length field of their own, where the usual one does not serve
        let keys = list.iter().filter(|frame| own(frame)).count();
        let pairs = self.pairs(window, list, class);
        let served = self.served(window, list, class);
        if keys >= 4 && served.saturating_mul(2) < pairs.len() {
            for link in fields(window, &pairs, 1).into_iter().take(6) {
                // beside the usual mark, or at it, which is elsewhere in them
                for lead in [*self.lead.get(class), link.back] {
                    let mut chain = self.clone();
                    *chain.lead.get_mut(class) = lead;
                    *chain.links.get_mut(class) = link;
                    chain.weigh(window, list);
                    if chain.bits > best.bits {
                        best = chain;
                    }
                }
            }
            *self = best;
        }
    }

    /// Frames of the class that lead to the next one.
    fn served(&self, window: &Window<'_>, list: &[Frame], class: bool) -> usize {
        let steps = self.steps(window, list);
        let own = list
            .iter()
            .zip(&steps)
            .filter(|(frame, step)| frame.key == class && step.linked);
        own.count()
    }

    /// The chain with each distance between mark and frame that the class may have.
    fn leads(&self, window: &Window<'_>, list: &[Frame], class: bool) -> Vec<Chain> {
        let base = !class;
        let mut counts = HashMap::<i64, usize>::new();
        let pairs = list.iter().zip(list.iter().skip(1));
        for (frame, next) in pairs.clone() {
            let (own, other) = (frame.key, next.key);
            if own == base && other == class {
                // the marks that the frame before leads to
                let mut at = self
                    .value(window, frame)
                    .map(|value| plus(self.mark(frame), self.links.get(base).step(value)));
                for _ in 0..HOPS {
                    let Some(mark) = at.filter(|mark| *mark < next.at) else {
                        break;
                    };
                    let lead = minus(next.at, mark);
                    if lead <= MAX_BACK {
                        let count = counts.entry(lead).or_default();
                        *count = count.saturating_add(4);
                    }
                    let link = self.links.get(base);
                    let size = link.read(window, mark).map(|value| link.step(value));
                    at = size.filter(|size| *size >= 4).map(|size| plus(mark, size));
                }
            } else if own == class && other == base {
                // a length that counts the extra bytes or does not
                for lead in 1..=MAX_BACK {
                    let link = self.links.get(base);
                    let Some(value) = link.read(window, minus(frame.at, lead)) else {
                        continue;
                    };
                    let distance = minus(self.mark(next), minus(frame.at, lead));
                    let extra = minus(lead, *self.lead.get(base));
                    if link.step(value) == distance || link.step(plus(value, extra)) == distance {
                        let count = counts.entry(lead).or_default();
                        *count = count.saturating_add(3);
                    }
                }
            }
        }
        // without any sign: as the other class has it
        counts.entry(*self.lead.get(base)).or_insert(1);
        // extra bytes are before keyframes, and the length field is not inside them
        let width = self.links.get(base).number.width() as i64;
        let usual = *self.lead.get(base);
        counts.retain(|lead, _| {
            if class {
                *lead >= usual
            } else {
                *lead <= usual && *lead >= width
            }
        });
        let mut leads: Vec<(usize, i64)> = counts
            .into_iter()
            .map(|(lead, count)| (count, lead))
            .collect();
        leads.sort_by_key(|(count, lead)| (Reverse(*count), *lead));
        leads.truncate(4);
        let with = |(_, lead): &(usize, i64)| {
            let mut chain = self.clone();
            *chain.lead.get_mut(class) = *lead;
            chain.links.get_mut(class).back = *lead;
            chain
        };
        leads.iter().map(with).collect()
    }

    /// Frames of the class, with the distance from their mark to that of the next frame.
    fn pairs(&self, _window: &Window<'_>, list: &[Frame], class: bool) -> Vec<(Frame, i64)> {
        let pairs = list.iter().zip(list.iter().skip(1));
        let own = pairs.filter(|(frame, _)| frame.key == class);
        own.map(|(frame, next)| (*frame, minus(self.mark(next), self.mark(frame))))
            .take(PAIRS)
            .collect()
    }

    /// Sectors that records do not cross.
    fn add_sectors(&mut self, window: &Window<'_>, list: &[Frame]) {
        let steps = self.steps(window, list);
        let gaps: Vec<i64> = list
            .iter()
            .skip(1)
            .zip(&steps)
            .filter(|(next, step)| !step.linked && step.next.is_some_and(|at| at < self.mark(next)))
            .map(|(next, _)| self.mark(next))
            .collect();
        let mut best = self.clone();
        for shift in (8..=20).rev() {
            let sector = 1_i64.wrapping_shl(shift);
            let Some((mark, count)) = mode(gaps.iter().map(|at| at.rem_euclid(sector))) else {
                continue;
            };
            if count < 3 || count.saturating_mul(10) < gaps.len().saturating_mul(6) {
                continue;
            }
            let mut chain = self.clone();
            chain.sector = Some((sector, mark));
            chain.weigh(window, list);
            chain.bits -= 8.0;
            if chain.bits > best.bits {
                best = chain;
            }
        }
        *self = best;
    }
}

/// The most frequent of some numbers, and how often it is there.
pub fn mode(numbers: impl Iterator<Item = i64>) -> Option<(i64, usize)> {
    let mut counts = HashMap::<i64, usize>::new();
    for number in numbers {
        let count = counts.entry(number).or_default();
        *count = count.saturating_add(1);
    }
    counts
        .into_iter()
        .max_by_key(|(number, count)| (*count, Reverse(*number)))
}

/// Length fields that may lead from frames of a class to the next ones, the best first.
fn candidates(window: &Window<'_>, list: &[Frame], class: bool, unit: i64) -> Vec<Link> {
    let neighbours = list.iter().zip(list.iter().skip(1));
    let own: Vec<(Frame, i64)> = neighbours
        .filter(|(frame, next)| frame.key == class && frame.key == next.key)
        .map(|(frame, next)| (*frame, minus(next.at, frame.at)))
        .collect();
    if own.len() < 3 {
        return Vec::new();
    }
    let step = own.len().div_ceil(PAIRS).max(1);
    let pairs: Vec<(Frame, i64)> = own.into_iter().step_by(step).collect();
    let rest = mode(
        pairs
            .iter()
            .map(|(_, distance)| distance.rem_euclid(unit.max(1))),
    );
    if rest.is_none_or(|(_, count)| count.saturating_mul(20) < pairs.len().saturating_mul(19)) {
        return Vec::new();
    }
    let mut links = fields(window, &pairs, unit);
    links.truncate(CHAINS);
    // records that are all padded to the same size hide what is added to the length
    let few: Vec<(Frame, i64)> = pairs.iter().step_by(4).copied().collect();
    for link in links.iter_mut().filter(|link| link.align >= 16) {
        if let Some((count, settled)) = settle(window, &few, *link, SUMS) {
            let plain = Chain::new(*link).leading(window, &few);
            *link = if count > plain { settled } else { *link };
        }
    }
    if unit != 1 {
        return links;
    }
    links.extend(before_fill(window, &pairs));
    links.extend(through_others(window, &pairs));
    links
}

/// Length fields whose value and the distance to the next frame agree, the best first.
fn fields(window: &Window<'_>, pairs: &[(Frame, i64)], unit: i64) -> Vec<Link> {
    let distances: Vec<i64> = pairs.iter().map(|(_, distance)| *distance).collect();
    let aligns = paddings(&distances);
    let surprises = surprises(distances.into_iter());
    let mut found: Vec<(f64, Link)> = Vec::new();
    for back in 2..=MAX_BACK {
        for number in NUMBERS {
            let Some(counted) = counted(window, pairs, back, number, unit) else {
                continue;
            };
            if let Some(fit) =
                fit(&counted, &aligns, &surprises).filter(|fit| fit.bits > 0.0 && fit.count >= 3)
            {
                // narrower readings of one field agree as well
                let bits = fit.bits + number.width() as f64 * 0.5;
                found.push((
                    bits,
                    Link {
                        unit,
                        ..Link::new(back, number, &fit)
                    },
                ));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, link)| link).collect()
}

/// Distances and values of a field that may be a length.
fn counted(
    window: &Window<'_>,
    pairs: &[(Frame, i64)],
    back: i64,
    number: Number,
    unit: i64,
) -> Option<Vec<(i64, i64)>> {
    if (number.width() as i64) > back {
        return None;
    }
    let mut bad = 0_usize;
    let mut counted = Vec::with_capacity(pairs.len());
    for (frame, distance) in pairs {
        let value = window.number(minus(frame.at, back), number);
        match value.map(|value| in_bytes(value, unit)) {
            Some(value) if value > 0 && value < plus(*distance, MAX_BACK) => {
                counted.push((*distance, value))
            }
            _ => bad = bad.saturating_add(1),
        }
        // headers may hold what looks like a frame
        if bad.saturating_mul(3) > pairs.len() {
            return None;
        }
    }
    Some(counted)
}

/// Paddings that distances allow: most of them leave the same rest. One that is not 0 says little where the distances hardly vary.
fn paddings(distances: &[i64]) -> Vec<i64> {
    let all = distances.len().max(1) as f64;
    let allowed = |align: &i64| {
        let Some((rest, count)) =
            mode(distances.iter().map(|distance| distance.rem_euclid(*align)))
        else {
            return false;
        };
        let own = distances
            .iter()
            .filter(|distance| distance.rem_euclid(*align) == rest);
        let rounds = mode(own.map(|distance| distance.div_euclid(*align)));
        let others = count.saturating_sub(rounds.map_or(0, |(_, count)| count)) as f64;
        count as f64 / all > (1.6 / *align as f64).clamp(0.3, 0.7)
            && (rest == 0 || others * 20.0 > all)
    };
    let rounds = (1..=16).map(|shift| 1_i64.wrapping_shl(shift));
    [1].into_iter().chain(rounds.filter(allowed)).collect()
}

/// Bits that each distance takes by itself.
fn surprises(distances: impl Iterator<Item = i64>) -> HashMap<i64, f64> {
    let mut counts = HashMap::<i64, f64>::new();
    let mut all = 0.0;
    for distance in distances {
        *counts.entry(distance).or_default() += 1.0;
        all += 1.0;
    }
    counts
        .values_mut()
        .for_each(|count| *count = (all / *count).log2());
    counts
}

/// How values and distances agree: what is added, and the padding.
fn fit(counted: &[(i64, i64)], aligns: &[i64], surprises: &HashMap<i64, f64>) -> Option<Fit> {
    let mut best: Option<Fit> = None;
    for align in aligns {
        let rests = counted
            .iter()
            .map(|(distance, _)| distance.rem_euclid(*align));
        let (base, _) = mode(rests)?;
        let fits = || {
            let own = counted
                .iter()
                .filter(|(distance, _)| distance.rem_euclid(*align) == base);
            own.map(|(distance, value)| (*distance, minus(minus(*distance, base), *value)))
        };
        let mut sums: Vec<i64> = fits().map(|(_, sum)| sum).collect();
        let (count, low, high) = crowd(&mut sums, *align);
        let explained: f64 = fits()
            .filter(|(_, sum)| (low..=high).contains(sum))
            .filter_map(|(distance, _)| surprises.get(&distance))
            .sum();
        // other records may be between
        let misses = counted.len().saturating_sub(count) as f64;
        let bits = explained - misses * 0.25 - (*align as f64).log2();
        if best.as_ref().is_none_or(|best| bits > best.bits) {
            best = Some(Fit {
                align: *align,
                base,
                plus: (minus(plus(high, 1), *align), low),
                count,
                bits,
            });
        }
    }
    best
}

/// The largest number of `sums` in any range of `width`, and their least and largest.
fn crowd(sums: &mut [i64], width: i64) -> (usize, i64, i64) {
    sums.sort_unstable();
    let mut best = (0, 0, 0);
    let mut first = 0_usize;
    for (last, high) in sums.iter().enumerate() {
        while sums
            .get(first)
            .is_some_and(|low| minus(*high, *low) >= width)
        {
            first = first.saturating_add(1);
        }
        let count = last.saturating_sub(first).saturating_add(1);
        if count > best.0 {
            best = (count, sums.get(first).copied().unwrap_or(0), *high);
        }
    }
    best
}

/// Length fields whose value is where the fill begins, or what a frame itself says: records that are padded to much say little by their distances.
fn before_fill(window: &Window<'_>, pairs: &[(Frame, i64)]) -> Vec<Link> {
    let distances: Vec<i64> = pairs.iter().map(|(_, distance)| *distance).collect();
    // all distances, through whatever records, are multiples of the padding
    let share = |align: &i64| {
        distances
            .iter()
            .filter(|distance| distance.rem_euclid(*align) == 0)
            .count()
    };
    let most = share(&16);
    let rounds = (4..=16).map(|shift| 1_i64.wrapping_shl(shift));
    let near = |align: &i64| share(align).saturating_mul(100) >= most.saturating_mul(98);
    let Some(align) = rounds
        .rev()
        .find(near)
        .filter(|_| most.saturating_mul(10) >= distances.len().saturating_mul(8))
    else {
        return Vec::new();
    };
    let some: Vec<(Frame, i64)> = pairs.iter().take(48).copied().collect();
    let ends = |pair: &(Frame, i64)| match pair.0.size {
        Some(size) => vec![size],
        None => fill_runs(window, *pair),
    };
    let runs: Vec<Vec<i64>> = some.iter().map(ends).collect();
    let filled = runs.iter().filter(|runs| !runs.is_empty()).count();
    let mut found: Vec<(usize, Link)> = Vec::new();
    for back in 2..=600 {
        for number in NUMBERS {
            let read = |frame: &Frame| window.number(minus(frame.at, back), number);
            let values: Vec<i64> = some
                .iter()
                .map(|(frame, _)| read(frame).unwrap_or(0))
                .collect();
            if mode(values.iter().copied()).is_none_or(|(_, count)| count > values.len() / 2) {
                continue;
            }
            let sums = values
                .iter()
                .zip(&runs)
                .flat_map(|(value, runs)| runs.iter().map(|run| minus(*run, *value)))
                .filter(|sum| sum.abs() <= MAX_BACK);
            let (sum, count) = mode(sums).unwrap_or((0, 0));
            if count >= 3 && count.saturating_mul(3) >= filled {
                let plus = (sum, sum);
                found.push((
                    count,
                    Link {
                        back,
                        number,
                        unit: 1,
                        align,
                        base: 0,
                        plus,
                    },
                ));
            }
        }
    }
    found.sort_by_key(|(count, link)| (Reverse(*count), Reverse(link.number.width())));
    found.truncate(6);
    // where the record of such a frame begins is open: what leads to most other ones
    let whole = |(_, link): (usize, Link)| {
        let from = plus(link.plus.0, link.back);
        settle(
            window,
            &some,
            link,
            from..=plus(from, plus(align, 16)).min(MAX_BACK),
        )
    };
    let settled = found.into_iter().filter_map(whole);
    settled.map(|(_, link)| link).collect()
}

/// The link with what has to be added to its value to lead through other records to most of the next frames, and to how many.
fn settle(
    window: &Window<'_>,
    pairs: &[(Frame, i64)],
    link: Link,
    sums: RangeInclusive<i64>,
) -> Option<(usize, Link)> {
    let mut best = (0, 0, 0);
    let few = pairs.get(..5).unwrap_or(pairs);
    for sum in sums {
        let plus = (sum, sum);
        let chain = Chain::new(Link { plus, ..link });
        if chain.leading(window, few) < 2 {
            continue;
        }
        let count = chain.leading(window, pairs);
        if count > best.0 {
            best = (count, sum, sum);
        } else if count == best.0 && minus(sum, 1) == best.2 {
            best.2 = sum;
        }
    }
    let plus = (best.1, best.2);
    (best.0 > 0).then_some((best.0, Link { plus, ..link }))
}

/// Bytes of a record that may be padding.
const MAX_FILL: i64 = 1 << 16;

/// Where the last runs of a fill byte before the next frame begin, from the frame's start.
fn fill_runs(window: &Window<'_>, (frame, distance): (Frame, i64)) -> Vec<i64> {
    let end = plus(frame.at, distance);
    let from = plus(frame.at, 5).max(minus(end, MAX_FILL));
    let mut runs = Vec::new();
    let mut length = 0_i64;
    let bytes = window.slice(from, end).unwrap_or_default();
    let before = [None].into_iter().chain(bytes.iter().map(Some));
    for (at, (byte, last)) in (from..).zip(bytes.iter().zip(before)) {
        length = match last == Some(byte) && matches!(byte, 0 | 0xff) {
            true => plus(length, 1),
            false => 1,
        };
        if length == 8 {
            runs.push(minus(minus(at, 7), frame.at));
        }
    }
    runs.split_off(runs.len().saturating_sub(12))
}

/// Length fields where other records are behind nearly every frame, so that no distance is that of one record.
fn through_others(window: &Window<'_>, pairs: &[(Frame, i64)]) -> Vec<Link> {
    let step = pairs.len().div_ceil(24).max(1);
    let few: Vec<(Frame, i64)> = pairs.iter().step_by(step).copied().collect();
    let deviation = |numbers: &mut dyn Iterator<Item = i64>| {
        let mut all: Vec<i64> = numbers.collect();
        all.sort_unstable();
        let nth = |part: usize| {
            all.get(all.len().saturating_mul(part) / 10)
                .copied()
                .unwrap_or(0)
        };
        minus(nth(8), nth(2)) as f64
    };
    let usual = deviation(&mut pairs.iter().map(|(_, distance)| *distance));
    let mut fields: Vec<(f64, i64, Number)> = Vec::new();
    for back in 2..=600 {
        for number in NUMBERS {
            let Some(counted) = counted(window, pairs, back, number, 1) else {
                continue;
            };
            let rest = deviation(
                &mut counted
                    .iter()
                    .map(|(distance, value)| minus(*distance, *value)),
            );
            if rest < usual {
                fields.push((rest, back, number));
            }
        }
    }
    fields.sort_by(|a, b| a.0.total_cmp(&b.0));
    fields.truncate(10);
    let mut found: Vec<(usize, Link)> = Vec::new();
    for (_, back, number) in fields {
        for align in [1, 4, 8, 2, 16, 512] {
            let plus = (0, 0);
            let link = Link {
                back,
                number,
                unit: 1,
                align,
                base: 0,
                plus,
            };
            let settled = settle(window, &few, link, SUMS);
            found.extend(settled.filter(|(count, _)| count.saturating_mul(2) > few.len()));
        }
    }
    found.sort_by_key(|(count, link)| (Reverse(*count), link.align));
    found.into_iter().take(6).map(|(_, link)| link).collect()
}
