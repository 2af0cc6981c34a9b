// SPDX-License-Identifier: MPL-2.0
//! The fields of the headers, the layout that all of it makes, and how sure that is.

use super::{
    Bounds, Chain, Confidence, Finding, Frames, Hints, Inferred, MIN_CERTAIN, Nothing, Window,
    bounds::{Meaning, code_length},
    chain::BITS,
    checksum::{self, Covers, Sample},
    clock::{self, Reading, Row},
    minus, nothing, plus,
};
use crate::{
    exp::{
        layout::{
            Constant, Counts, Field, KindField, Layout, Number, PayloadLayout, RecordLayout,
            ShortGroup, Status, Ticks, Transform, Video,
        },
        native::NativeReader,
    },
    reader::{Codec, Payload, Window as View, put_groups},
    recording::{Event, Parser},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

/// Frames whose headers are looked at.
const ROWS: usize = 3000;
/// Records that a checksum has to hold in.
const SAMPLES: usize = 6;
/// Bits by which the best reading has to lead for each degree of confidence.
const CERTAIN_BY: f64 = 14.0;
const PROBABLE_BY: f64 = 4.0;
/// Bits by which a time has to lead where another one moves as a clock does too.
const CLEAR_BY: f64 = 40.0;
const PROBABLE_TIME: f64 = 8.0;
/// Bits that a time needs of its own: less moves as other numbers do, too.
const WEAK_TIME: f64 = 25.0;
/// Bits a frame that the order of one camera's frames takes: more than the first is not certain, more than the second doubtful.
const ORDERLY: f64 = 2.0;
const DISORDERLY: f64 = 3.3;

/// A frame's record.
struct Record<'a> {
    row: Row<'a>,
    key: bool,
    start: i64,
    /// What its frame says of its place: its time, in the coded bits.
    vop: u32,
}

/// What is being worked out.
pub struct Work<'a> {
    hints: &'a Hints,
    chain: Chain,
    bounds: Bounds,
    codec: Codec,
    files: Vec<(Window<'a>, Frames)>,
    header: usize,
    records: Vec<Record<'a>>,
    /// Starts of records without a frame, of the first file.
    others: Vec<&'a [u8]>,
    /// Columns that are spoken for.
    taken: Vec<(usize, usize)>,
    findings: Vec<Finding>,
    open: Vec<String>,
    linked: (usize, usize),
    /// Frames seen before any was left out.
    seen: usize,
}

/// What reading the file by the layout gave.
#[derive(Clone, Copy, Debug, Default)]
struct Reading2 {
    matched: usize,
    extra: usize,
    of: usize,
    damaged: usize,
}

impl<'a> Work<'a> {
    /// Gathers the headers of all files.
    pub fn new(
        files: Vec<(Window<'a>, Frames)>,
        chain: Chain,
        bounds: Bounds,
        hints: &'a Hints,
        seen: usize,
    ) -> Work<'a> {
        let codec = files
            .first()
            .map_or(Codec::Mpeg4, |(_, frames)| frames.codec);
        let frames = || files.iter().flat_map(|(_, frames)| &frames.list);
        let any = |key: bool| frames().any(|frame| frame.key == key);
        let lead = if any(false) {
            chain.lead.p
        } else {
            chain.lead.key
        };
        let shorter = if any(true) {
            lead.min(chain.lead.key)
        } else {
            lead
        };
        let header = usize::try_from(plus(bounds.trial.before, shorter)).unwrap_or(0);
        let mut work = Work {
            hints,
            chain,
            bounds,
            codec,
            files: Vec::new(),
            header,
            records: Vec::new(),
            others: Vec::new(),
            taken: Vec::new(),
            findings: Vec::new(),
            open: Vec::new(),
            linked: (0, 0),
            seen,
        };
        for (window, frames) in &files {
            work.gather(*window, frames);
        }
        work.files = files;
        work
    }

    fn gather(&mut self, window: Window<'a>, frames: &Frames) {
        let steps = self.chain.steps(&window, &frames.list);
        let header = self.header as i64;
        let bits = u32::from(frames.widths(&window).increment_bits);
        let each = frames.list.len().div_ceil(ROWS).max(1);
        // a run of records, so that steps from one to the next mean something: all, or the first and the last of many
        let wanted =
            |n: usize| each == 1 || n < ROWS / 2 || n >= frames.list.len().saturating_sub(ROWS / 2);
        let mut first = true;
        for (n, (frame, step)) in frames.list.iter().zip(&steps).enumerate() {
            let start = minus(self.chain.mark(frame), self.bounds.trial.before);
            self.linked.0 = self.linked.0.saturating_add(usize::from(step.linked));
            if !wanted(n) {
                continue;
            }
            if let Some(bytes) = window.slice(start, plus(start, header)) {
                self.records.push(Record {
                    row: Row { head: bytes, first },
                    key: frame.key,
                    start,
                    vop: vop_time(&window.vop(frame, 256), bits),
                });
                first = false;
            }
            if self.others.len() < ROWS {
                let marks = step
                    .others
                    .iter()
                    .map(|mark| minus(*mark, self.bounds.trial.before));
                self.others
                    .extend(marks.filter_map(|at| window.slice(at, plus(at, header))));
            }
        }
        // the last one may lead to the file's end
        self.linked.1 = self.linked.1.saturating_add(frames.list.len());
    }

    fn rows(&self) -> Vec<Row<'a>> {
        self.records.iter().map(|record| record.row).collect()
    }

    fn take(&mut self, at: usize, width: usize) {
        self.taken.push((at, at.saturating_add(width)));
    }

    fn free(&self, at: usize, width: usize) -> bool {
        let end = at.saturating_add(width);
        end <= self.header && !self.taken.iter().any(|(from, to)| at < *to && *from < end)
    }

    fn add(
        &mut self,
        field: &str,
        text: impl Into<String>,
        (agree, of): (usize, usize),
        rivals: Vec<String>,
    ) {
        self.findings.push(Finding {
            field: field.to_owned(),
            text: text.into(),
            agree,
            of,
            rivals,
        });
    }

    /// Works the fields out, and reads the file by them.
    pub fn finish(mut self) -> Result<Inferred, Nothing> {
        let mut layout = self.shape();
        let count = self.records.len();
        if count < super::MIN_FRAMES {
            return nothing(format!(
                "{count} records hang together, at least {} are needed",
                super::MIN_FRAMES
            ));
        }
        let link = self.chain.links.p;
        if let Ok(at) = usize::try_from(self.bounds.trial.before) {
            self.take(at, link.number.width());
        }
        self.add_checksum(&mut layout);
        let clock = self.clock(&mut layout);
        self.kind(&mut layout);
        self.sequence(&mut layout);
        self.camera(&mut layout, clock.as_ref());
        self.mode();
        self.constant(&mut layout);
        self.verdict(layout, clock)
    }

    /// Sizes, lengths and where frames begin.
    fn shape(&mut self) -> Layout {
        let chain = &self.chain;
        let bounds = &self.bounds;
        let trial = bounds.trial;
        let before = trial.before;
        let frames = || self.files.iter().flat_map(|(_, frames)| &frames.list);
        let has = |key: bool| frames().any(|frame| frame.key == key);
        let main = !has(false);
        let link = *chain.links.get(main);
        let (align, base) = *trial.align.get(main);
        let transform = |key: bool| {
            let swapped = frames()
                .filter(|frame| frame.key == key && frame.transform == Transform::Swap32)
                .count();
            let all = frames().filter(|frame| frame.key == key).count();
            if swapped.saturating_mul(2) > all {
                Transform::Swap32
            } else {
                Transform::None
            }
        };
        let at = |key: bool| {
            let link = chain.links.get(key);
            let inside = minus(plus(before, *chain.lead.get(key)), link.back);
            (inside, minus(0, link.back))
        };
        let field = |key: bool, sum: i64| {
            let (inside, back) = at(key);
            Field {
                // behind the common header the place may vary with the frame's
                at: if inside < self.header as i64 {
                    inside
                } else {
                    back
                } as i32,
                number: chain.links.get(key).number,
                mask: None,
                unit: if chain.links.get(key).unit > 1 {
                    chain.links.get(key).unit as u32
                } else {
                    0
                },
                bits: chain.links.get(key).unit == BITS,
                plus: sum,
            }
        };
        // one size field for all records, whatever they are
        let sum = |key: bool| {
            let lead = *chain.lead.get(key);
            plus(*trial.end.get(key), plus(before, plus(lead, trial.trailer)))
        };
        let same_field = !(has(true) && has(false))
            || at(false).0 == at(true).0 && chain.links.p.number == chain.links.key.number;
        let same_padding = !(has(true) && has(false)) || trial.align.p == trial.align.key;
        let uniform =
            same_field && same_padding && (!(has(true) && has(false)) || sum(false) == sum(true));
        let after = sum(main) == plus(before, link.number.width() as i64);
        let size = uniform.then(|| field(main, if after { 0 } else { sum(main) }));
        let part = |key: bool| {
            let key = if has(key) { key } else { !key };
            let end = *trial.end.get(key);
            let exact = size.is_none()
                || trial.counted > 1
                || end == 0
                || transform(key) == Transform::Swap32;
            PayloadLayout {
                payload: usize::try_from(plus(before, *chain.lead.get(key))).unwrap_or(0),
                search: 0,
                transform: transform(key),
                short_group: match transform(key) {
                    Transform::Swap32 => trial.short_group,
                    Transform::None => ShortGroup::Filled,
                },
                length: exact.then(|| field(key, end)),
                crc: None,
                codec: None,
                rate: None,
            }
        };
        let first = self
            .records
            .first()
            .map(|record| record.start.max(0) as u64);
        let sector = chain.sector.map_or((0, 0), |(sector, mark)| {
            (sector, minus(mark, before).rem_euclid(sector))
        });
        let layout = Layout {
            name: "inferred".to_owned(),
            title: String::new(),
            status: Status::Inferred,
            verified: Vec::new(),
            file_header: first.filter(|first| *first > 0),
            record: RecordLayout {
                header: self.header.max(1),
                align: match trial.counted.max(align) {
                    1 => 0,
                    align => align as usize,
                },
                align_from: base.max(0) as usize,
                fill: bounds.fill.unwrap_or(0),
                trailer: trial.trailer as usize,
                sector: sector.0 as usize,
                sector_from: sector.1 as u64,
                constant: Vec::new(),
                apart: None,
                size,
                size_counts: if after { Counts::After } else { Counts::Record },
                size_unpadded: size.is_some()
                    && trial.counted == 1
                    && (align > 1
                        || transform(false) == Transform::Swap32
                        || transform(true) == Transform::Swap32),
                trim: trial.counted > 1,
                video: if self.codec == Codec::Jpeg {
                    Video::Jpeg
                } else {
                    Video::Mpeg
                },
                time: None,
                millis: None,
                ticks: None,
                sequence: None,
                camera: None,
                mode: None,
                cameras: Vec::new(),
                format: None,
                kind: None,
                p: part(false),
                key: part(true),
                audio: None,
            },
        };
        let text = format!(
            "{:?} at {} counts {}{}",
            link.number,
            field(main, 0).at,
            bounds.meaning.text(),
            match (trial.counted, align) {
                (1, 1) => String::new(),
                (1, align) => format!(", records are padded to {align} bytes"),
                (counted, _) => format!(", with padding to {counted} bytes"),
            }
        )
        .to_lowercase();
        let rivals = Some(bounds.rival.clone()).filter(|_| bounds.margin < CERTAIN_BY);
        let linked = self.linked;
        let key = if size.is_some() {
            "record.size"
        } else {
            "record.p"
        };
        let both = has(true) && has(false);
        let sector_text = chain
            .sector
            .map(|(sector, _)| format!("no record crosses a sector of {sector} bytes"));
        let extra = minus(chain.lead.key, chain.lead.p);
        let clean = bounds.clean;
        self.add(
            key,
            text,
            linked,
            rivals.into_iter().filter(|text| !text.is_empty()).collect(),
        );
        if let Some(text) = sector_text {
            self.add("record.sector", text, linked, Vec::new());
        }
        if both && extra != 0 {
            self.add(
                "record.key",
                format!("{extra} bytes before keyframes, after the common header"),
                (0, 0),
                Vec::new(),
            );
        }
        self.add(
            "record.header",
            format!("records begin {before} bytes before their length"),
            clean,
            Vec::new(),
        );
        layout
    }

    /// The time, and ticks beside it.
    fn clock(&mut self, layout: &mut Layout) -> Option<Reading> {
        let rows = self.rows();
        let of = rows.len();
        let mut readings = clock::readings(
            &rows,
            self.header,
            &self.taken,
            self.find_sequence()
                .map(|(_, field)| (field.at as usize, field.end())),
            self.chain.links.p.number.is_big_endian(),
            self.hints,
        );
        // where no time moves, one that stands is better than none, and doubtful
        let least = if readings.iter().any(|reading| reading.bits > 0.0) {
            0.0
        } else {
            -29.0
        };
        readings.retain(|reading| reading.bits > least);
        if readings.is_empty() {
            if let Some((ticks, even)) = clock::ticks_alone(&rows, self.header, &self.taken) {
                layout.record.ticks = Some(ticks);
                self.take(ticks.at as usize, ticks.number.width());
                self.add(
                    "record.ticks",
                    format!(
                        "{:?} at {} rises evenly: 1/{} s each, without a date",
                        ticks.number, ticks.at, ticks.rate
                    )
                    .to_lowercase(),
                    (even, of),
                    Vec::new(),
                );
                let dated = "ticks count from 1970, and their rate is a guess";
                self.open.push(match self.hints.times.is_empty() {
                    true => format!("no field reads as a date; {dated}. A known time (--known-time) would decide"),
                    false => format!("no field reads as a time that reaches the known one; {dated}"),
                });
            } else {
                self.open
                    .push("no field reads as a time that moves as a clock does".to_owned());
            }
            return None;
        }
        let best = readings.remove(0);
        let rivals: Vec<&Reading> = readings
            .iter()
            .filter(|other| other.differs(&best))
            .collect();
        let margin = rivals
            .first()
            .map_or(1000.0, |other| best.bits - other.bits);
        let near: Vec<String> = rivals
            .iter()
            .filter(|other| best.bits - other.bits < CERTAIN_BY)
            .map(|other| other.text())
            .collect();
        let width = best.field.time.width();
        if !best.begins() && best.valid.saturating_add(1) == of {
            self.open.push("doubtful: the first record has no time where the others have theirs, which may be behind the frames: a known time (--known-time) would decide".to_owned());
        }
        self.take(best.field.at, width);
        self.add("record.time", best.text(), (best.valid, of), near.clone());
        layout.record.time = Some(best.field);
        if let Some(ticks) = best.ticks.or(best.vague) {
            self.take(ticks.at as usize, ticks.number.width());
        }
        if let Some(ticks) = best.ticks {
            self.set_ticks(layout, ticks);
        }
        let equal = rivals
            .iter()
            .find(|other| other.valid >= best.valid && other.moves > 0 && other.bits > 0.0);
        if let Some(other) = equal.filter(|_| (CERTAIN_BY..CLEAR_BY).contains(&margin)) {
            let level = if other.bits > best.bits * 0.9 {
                "doubtful: "
            } else {
                ""
            };
            let text = format!(
                "{level}the time is {}, but {} reads as one as well: a known time (--known-time) or a second file of the recorder would decide",
                best.text(),
                other.text()
            );
            self.open.push(text);
        }
        if margin < CERTAIN_BY {
            let other = near.first().cloned().unwrap_or_default();
            let text = format!(
                "the time may be {} or {other}: a known time (--known-time) or a second file of the recorder would decide",
                best.text()
            );
            let level = if margin < PROBABLE_TIME {
                "doubtful: "
            } else {
                ""
            };
            self.open.push(format!("{level}{text}"));
        } else if best.bits < WEAK_TIME {
            self.open.push(format!("doubtful: the time, {}, does not move as a clock does: a known time (--known-time) would decide", best.text()));
        } else if let (Some(false), true) = (best.is_base(&rows), self.hints.times.is_empty()) {
            let level = if best.is_rare() { "" } else { "doubtful: " };
            self.open.push(format!("{level}the time, {}, stands on a number that does not move: a known time (--known-time) or a second file of the recorder would decide", best.text()));
        } else if best.is_upper_part(&rows) && self.hints.times.is_empty() {
            self.open.push(format!("doubtful: the time, {}, may be the upper part of a longer number: a known time (--known-time) would decide", best.text()));
        } else if best.counts_from_odd_year() && self.hints.times.is_empty() {
            self.open.push(format!("the time, {}, counts from a year that few recorders count from, as a counter of something else may: a known time (--known-time) would decide", best.text()));
        } else if best.moves < 4 && self.hints.times.is_empty() {
            let level = if best.moves == 0 || !best.is_rare() {
                "doubtful: "
            } else {
                ""
            };
            self.open.push(format!("{level}the time hardly moves in these frames: a longer file or a known time (--known-time) would decide"));
        } else if let Some(count) = best
            .moves_in_few(&rows)
            .filter(|_| self.hints.times.is_empty() && best.is_base(&rows).is_none())
        {
            self.open.push(format!("the time, {}, moves in {count} of its bytes only, as another number behind fixed bytes may: a longer file or a known time (--known-time) would decide", best.text()));
        } else if (best.steps_by_seconds() || best.counts) && !best.is_rare() {
            // a date that few bytes read as stands still in a file of less than a second
            let standing = rivals
                .iter()
                .any(|other| other.is_rare() && other.moves == 0);
            let level = if standing { "doubtful: " } else { "" };
            self.open.push(format!("{level}the time, {}, moves as a counter of something else may: a known time (--known-time) would decide", best.text()));
        }
        Some(best)
    }

    fn set_ticks(&mut self, layout: &mut Layout, ticks: Ticks) {
        let of = self.records.len();
        let text = format!(
            "{:?} at {} counts 1/{} s",
            ticks.number, ticks.at, ticks.rate
        )
        .to_lowercase();
        if ticks.rate == 1000 && ticks.phase == 0 && !ticks.adds && self.below(ticks, 1000) {
            layout.record.millis = Some(Field::new(ticks.at, ticks.number));
            self.add("record.millis", text, (of, of), Vec::new());
        } else {
            layout.record.ticks = Some(ticks);
            self.add("record.ticks", text, (of, of), Vec::new());
        }
    }

    fn below(&self, ticks: Ticks, limit: u64) -> bool {
        let value =
            |record: &Record<'_>| ticks.number.read(record.row.head, ticks.at as usize).ok();
        self.records
            .iter()
            .all(|record| value(record).is_some_and(|value| value < limit))
    }

    /// The byte that parts keyframes from P frames, and both from other records.
    fn kind(&mut self, layout: &mut Layout) {
        let count = |key: bool| {
            self.records
                .iter()
                .filter(|record| record.key == key)
                .count()
        };
        if count(true) < 3 || count(false) < 3 {
            return;
        }
        let mut best: Option<(usize, usize, KindField)> = None;
        for at in 0..self.header {
            if !self.free(at, 1) {
                continue;
            }
            let values = |key: bool| -> BTreeSet<u64> {
                let own = self.records.iter().filter(|record| record.key == key);
                own.filter_map(|record| record.row.head.get(at))
                    .map(|byte| u64::from(*byte))
                    .collect()
            };
            let (p, key) = (values(false), values(true));
            if p.len() > 2 || key.len() > 2 || !p.is_disjoint(&key) {
                continue;
            }
            let others: Vec<u64> = self
                .others
                .iter()
                .filter_map(|head| head.get(at))
                .map(|byte| u64::from(*byte))
                .collect();
            let confused = others
                .iter()
                .filter(|value| p.contains(value) || key.contains(value))
                .count();
            let kinds: BTreeSet<u64> = others.into_iter().collect();
            let rank = (
                confused,
                p.len()
                    .saturating_add(key.len())
                    .saturating_add(kinds.len()),
            );
            if confused == 0 && best.as_ref().is_none_or(|(a, b, _)| rank < (*a, *b)) {
                let field = KindField {
                    at: at as i32,
                    number: Number::U8,
                    p: p.into_iter().collect(),
                    key: key.into_iter().collect(),
                    audio: if layout.record.size.is_none() {
                        kinds.into_iter().take(8).collect()
                    } else {
                        Vec::new()
                    },
                };
                best = Some((rank.0, rank.1, field));
            }
        }
        let Some((.., field)) = best else {
            return;
        };
        // with one value of each there is nothing else in the byte
        if field.p.len().saturating_add(field.key.len()) == 2 {
            self.take(field.at as usize, 1);
        }
        if !field.audio.is_empty() {
            layout.record.audio = Some(PayloadLayout {
                transform: Transform::None,
                short_group: ShortGroup::Filled,
                ..layout.record.p
            });
        }
        let of = self.records.len();
        self.add(
            "record.kind",
            format!(
                "{:?} for P frames, {:?} for keyframes, {} other records",
                field.p,
                field.key,
                self.others.len()
            ),
            (of, of),
            Vec::new(),
        );
        layout.record.kind = Some(field);
    }

    /// The column that parts frames into cameras: each camera's frames follow each other evenly.
    fn camera(&mut self, layout: &mut Layout, clock: Option<&Reading>) {
        // whole seconds that many records share do not part them
        let fine = clock.filter(|clock| clock.is_fine());
        let times = fine.map_or(Vec::new(), |clock| clock.exact(&self.rows()));
        let whole = self.disorder(&times, |_| 0);
        let mut found: Vec<(f64, Field, Vec<u64>)> = Vec::new();
        // the columns that could be cameras, with what each saves of the order of frames alone
        let mut saved: Vec<(Field, f64, usize, bool)> = Vec::new();
        // within a second the parts of it only rise
        let whole_seconds = clock.map_or(Vec::new(), |clock| clock.exact(&self.rows()));
        let divides = |values: &[u64]| {
            let pairs = values.iter().zip(values.iter().skip(1));
            let seconds = whole_seconds
                .iter()
                .map(|time| time.map(|time| time.div_euclid(1000)));
            let seconds: Vec<Option<i64>> = seconds.collect();
            let inside = pairs.zip(seconds.iter().zip(seconds.iter().skip(1)));
            let inside = inside.filter(|(_, (a, b))| a == b && a.is_some());
            let (all, falls) = inside.fold((0_usize, 0_usize), |(all, falls), ((a, b), _)| {
                (
                    all.saturating_add(1),
                    falls.saturating_add(usize::from(b < a)),
                )
            });
            all.saturating_mul(10) > values.len() && falls.saturating_mul(20) < all
        };
        let known: BTreeSet<u64> = self.hints.cameras.iter().copied().map(u64::from).collect();
        let masks = [
            None,
            Some(0x7f),
            Some(0x3f),
            Some(0x1f),
            Some(0x0f),
            Some(0xf0),
        ];
        for (at, mask) in (0..self.header).flat_map(|at| masks.map(|mask| (at, mask))) {
            let field = Field {
                mask,
                ..Field::new(at as i32, Number::U8)
            };
            let bytes: Vec<u8> = self.column(at);
            // a mask that hides nothing says nothing
            let hidden = |mask: u64| bytes.iter().any(|byte| u64::from(*byte) & !mask != 0);
            if !self.free(at, 1) || !mask.is_none_or(hidden) {
                continue;
            }
            let read = |record: &Record<'_>| field.read(record.row.head, 0).unwrap_or(0);
            let values: Vec<u64> = self.records.iter().map(read).collect();
            // of each value, how often it is there and in how many keyframes
            let mut counts = BTreeMap::<u64, (usize, usize)>::new();
            for (value, record) in values.iter().zip(&self.records) {
                let (all, keys) = counts.entry(*value).or_default();
                *all = all.saturating_add(1);
                *keys = keys.saturating_add(usize::from(record.key));
            }
            let cameras = counts.len();
            let pairs = values.iter().zip(values.iter().skip(1));
            let mixes = pairs.filter(|(a, b)| a != b).count();
            let keyless: usize = counts
                .values()
                .filter(|(_, keys)| *keys == 0)
                .map(|(all, _)| *all)
                .sum();
            let named = known.iter().eq(counts.keys());
            let unlikely = !(2..=64).contains(&cameras)
                || mixes < cameras.saturating_mul(2)
                // what distinguishes keyframes from all others is the kind
                || cameras <= 4 && self.parts_keys(&values)
                // each camera begins anew with a keyframe
                || keyless.saturating_mul(4) > values.len();
            if unlikely && !named {
                continue;
            }
            let low = counts.keys().next().copied().unwrap_or(0);
            let high = counts.keys().last().copied().unwrap_or(0);
            let bit = |value: &u64| value.is_power_of_two();
            let small = high <= 64 || counts.keys().all(bit);
            if !small && !named && self.carries(at) {
                continue;
            }
            let bits = whole - self.disorder(&times, |n| values.get(n).copied().unwrap_or(0));
            // cameras are numbered in a row, take turns, and record about as often
            let least = counts.values().map(|(all, _)| *all).min().unwrap_or(0);
            let even = least.saturating_mul(cameras).saturating_mul(3) > values.len();
            let row = high.saturating_sub(low).saturating_add(1) == cameras as u64;
            let turns = even && mixes.saturating_mul(2) > values.len();
            // the coded times of cameras that record in step may be those of one camera, and a JPEG has none
            let once = counts.values().filter(|(all, _)| *all == 1).count();
            let often = once.saturating_mul(4) <= cameras;
            let mixed = turns || often && mixes.saturating_mul(3) > values.len();
            let keyed = keyless.saturating_mul(20) <= values.len();
            let regular = mixed && small && keyed && (cameras > 2 || low > 0);
            let regular = regular && mask.is_none() && !divides(&values);
            let gain = bits - if mask.is_some() { 40.0 } else { 0.0 }
                // what is said of each camera for the first time is not held against it
                + match (row, turns && mask.is_none()) {
                    (true, true) => 30.0 + 10.0 * cameras as f64,
                    (true, false) => 10.0,
                    _ => 0.0,
                }
                + if regular { values.len() as f64 } else { 0.0 }
                // what is known outweighs all that the order of frames may say
                + match named {
                    _ if known.is_empty() => 0.0,
                    true => 1e6,
                    false => -50.0,
                };
            saved.push((field, bits, cameras, regular));
            found.push((gain, field, counts.into_keys().collect()));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some((gain, field, values)) = found.first().cloned().filter(|(gain, ..)| *gain > 20.0)
        else {
            // each camera's first frame costs, so a column with many needs more frames to pay off
            let near = saved.iter().filter(|(_, bits, cameras, regular)| {
                *regular || *bits > -CERTAIN_BY - 12.0 * *cameras as f64
            });
            if let Some((other, ..)) = near.max_by(|a, b| a.1.total_cmp(&b.1)) {
                self.open.push(format!("the frames may be of several cameras, distinguished at {}: the camera numbers of the file (--cameras) would decide", other.at));
            }
            // that there is no camera column is surer the more regular the frames are
            self.one_order(whole, 2.0);
            return;
        };
        let own = saved.iter().find(|(other, ..)| *other == field);
        let (alone, regular) = own.map_or((0.0, false), |(_, bits, _, regular)| (*bits, *regular));
        let known = gain > 1e5;
        if alone < 2.0 * CERTAIN_BY && !known {
            let level = if alone < 0.0 && !regular {
                "doubtful: "
            } else {
                ""
            };
            self.open.push(format!("{level}the camera may be at {}, but the order of the frames does not show it: the camera numbers of the file (--cameras) would decide", field.at));
        }
        if !known {
            self.one_order(whole - alone, 1.0);
        }
        let parts =
            |field: &Field, record: &Record<'_>| field.read(record.row.head, 0).unwrap_or(0);
        // a column that parts them the same way is no rival
        let differs = |other: &Field| {
            let mut names = BTreeMap::new();
            let mut back = BTreeMap::new();
            self.records.iter().any(|record| {
                let (own, others) = (parts(&field, record), parts(other, record));
                *names.entry(own).or_insert(others) != others
                    || *back.entry(others).or_insert(own) != own
            })
        };
        let rival = found.iter().skip(1).find(|(_, other, _)| differs(other));
        let margin = rival.map_or(1000.0, |(other, ..)| gain - other);
        let rivals: Vec<String> = rival
            .filter(|_| margin < CERTAIN_BY)
            .map(|(_, other, _)| format!("at {}", other.at))
            .into_iter()
            .collect();
        if let Some(other) = rivals.first() {
            self.open.push(format!("the camera may be at {} or {other}: the camera numbers of the file (--cameras) would decide", field.at));
        }
        let of = self.records.len();
        // a number that one frame has, far from all others, is a damaged header
        let frames = |value: &u64| {
            let own = self.records.iter().map(|record| parts(&field, record));
            own.filter(|own| own == value).count()
        };
        let (single, usual): (Vec<u64>, Vec<u64>) =
            values.into_iter().partition(|value| frames(value) == 1);
        let small = usual.last().is_some_and(|most| *most <= 32);
        let (damaged, single): (Vec<u64>, Vec<u64>) =
            single.into_iter().partition(|value| small && *value > 64);
        if let Some(value) = single.first().or(damaged.first()).filter(|_| !known) {
            self.open.push(format!("camera {value} has one frame, whose header may be damaged: the camera numbers of the file (--cameras) would decide"));
        }
        let mut values = [usual, single].concat();
        values.sort_unstable();
        self.take(field.at as usize, 1);
        self.add(
            "record.camera",
            format!("{} cameras: {values:?}", values.len()),
            (of, of),
            rivals,
        );
        layout.record.camera = Some(field);
        layout.record.cameras = values
            .iter()
            .filter_map(|value| u16::try_from(*value).ok())
            .collect();
    }

    /// The bytes of a column.
    fn column(&self, at: usize) -> Vec<u8> {
        let bytes = self.records.iter().map(|record| record.row.head.get(at));
        bytes.flatten().copied().collect()
    }

    /// A byte beside it goes on by one whenever it falls, and else stands still: it is the low one of a number that rises.
    fn carries(&self, at: usize) -> bool {
        let own = self.column(at);
        let beside = [at.checked_sub(1), at.checked_add(1)];
        beside.into_iter().flatten().any(|at| {
            let other = self.column(at);
            let steps = other
                .iter()
                .zip(other.iter().skip(1))
                .map(|(a, b)| b.wrapping_sub(*a));
            let falls = own
                .iter()
                .zip(own.iter().skip(1))
                .map(|(a, b)| u8::from(b < a));
            let agree = steps.zip(falls).filter(|(step, fall)| step == fall).count();
            other.len() == own.len() && agree.saturating_mul(10) > own.len().saturating_mul(9)
        })
    }

    /// Hardly any other frame has a value that keyframes have.
    fn parts_keys(&self, values: &[u64]) -> bool {
        let own = |key: bool| {
            let all = self.records.iter().zip(values);
            all.filter(move |(record, _)| record.key == key)
                .map(|(_, value)| *value)
        };
        let most = own(true).count() / 30;
        let often = |value: &u64| own(true).filter(|other| other == value).count() > most;
        let keys: BTreeSet<u64> = own(true).filter(often).collect();
        let p = own(false).count();
        let astray = own(false).filter(|value| keys.contains(value)).count();
        p > 0 && astray.saturating_mul(30) < p
    }

    /// Frames of one camera follow each other evenly; frames that do not may be of several.
    fn one_order(&mut self, bits: f64, strict: f64) {
        let count = self.records.len().max(1) as f64;
        if bits * strict > count * ORDERLY {
            let level = if bits > count * DISORDERLY {
                "doubtful: "
            } else {
                ""
            };
            self.open.push(format!("{level}the frames do not follow each other evenly, and may be of more cameras: the camera numbers of the file (--cameras) would decide"));
        }
    }

    /// Bits that the steps between frames take when they are parted into cameras: of coded times, of groups of pictures, of the clock.
    fn disorder(&self, times: &[Option<i64>], part: impl Fn(usize) -> u64) -> f64 {
        let mut last: BTreeMap<u64, (u32, usize, Option<i64>)> = BTreeMap::new();
        let (mut coded, mut groups, mut clocks) = (Vec::new(), Vec::new(), Vec::new());
        let mut orphans = 0.0;
        for (n, record) in self.records.iter().enumerate() {
            let time = times.get(n).copied().flatten();
            let camera = part(n);
            let since = match last.get(&camera) {
                Some((vop, since, before)) if !record.row.first => {
                    coded.push(
                        record
                            .vop
                            .wrapping_sub(*vop)
                            .wrapping_mul(0x9e37_79b1)
                            .to_be_bytes()[0],
                    );
                    if let (Some(time), Some(before)) = (time, before) {
                        clocks.push(
                            (minus(time, *before).clamp(-10, 2450) / 10).rem_euclid(256) as u8
                        );
                    }
                    if record.key {
                        groups.push(*since as u8);
                    }
                    *since
                }
                _ => {
                    // the first of each camera is predicted by nothing
                    orphans += if record.key { 5.0 } else { 10.0 };
                    0
                }
            };
            let since = if record.key {
                0
            } else {
                since.saturating_add(1)
            };
            last.insert(camera, (record.vop, since, time));
        }
        let coded = if self.codec == Codec::Mpeg4 {
            code_length(&coded)
        } else {
            0.0
        };
        coded + code_length(&groups) + code_length(&clocks) + orphans
    }

    /// A number that counts records, and in how many.
    fn find_sequence(&self) -> Option<(usize, Field)> {
        let mut best = None;
        let big_endian = self.chain.links.p.number.is_big_endian();
        let pairs = self.records.len().saturating_sub(1);
        for at in 0..self.header {
            for number in [
                Number::U32le,
                Number::U32be,
                Number::U16le,
                Number::U16be,
                Number::U8,
            ] {
                if !self.free(at, number.width()) {
                    continue;
                }
                let read = |record: &Record<'_>| number.read(record.row.head, at).unwrap_or(0);
                let modulus = 1_u64
                    .checked_shl((number.width() as u32).saturating_mul(8))
                    .unwrap_or(0);
                let two = self.records.iter().zip(self.records.iter().skip(1));
                let steps: Vec<u64> = two
                    .map(|(a, b)| read(b).wrapping_sub(read(a)) & modulus.wrapping_sub(1))
                    .collect();
                let ones = steps.iter().filter(|step| **step == 1).count();
                // other records count too, and each camera may count its own
                let small = steps.iter().filter(|step| (1..=8).contains(*step)).count();
                // of readings that share their lowest byte, the one that counts from the least
                let first = self.records.first().map_or(0, read);
                // cameras that take turns count as well, but not far
                let distinct: BTreeSet<u64> = self.records.iter().map(read).collect();
                let far = distinct.len().saturating_mul(10)
                    >= self.records.len().min(modulus as usize).saturating_mul(9);
                let agree = if far && ones.saturating_mul(2) > pairs {
                    small
                } else {
                    0
                };
                // then the one in the recorder's byte order, at a multiple of its width
                let usual = number == Number::U8 || number.is_big_endian() == big_endian;
                let even = at.is_multiple_of(number.width());
                let rank = (agree, Reverse(first), usual, even, number.width());
                if agree.saturating_mul(20) >= pairs.saturating_mul(19)
                    && best.is_none_or(|(other, _)| rank > other)
                {
                    best = Some((rank, Field::new(at as i32, number)));
                }
            }
        }
        best.map(|((agree, ..), field)| (agree, field))
    }

    fn sequence(&mut self, layout: &mut Layout) {
        let pairs = self.records.len().saturating_sub(1);
        if let Some((agree, field)) = self.find_sequence() {
            self.take(field.at as usize, field.number.width());
            self.add(
                "record.sequence",
                format!("{:?} at {}", field.number, field.at).to_lowercase(),
                (agree, pairs),
                Vec::new(),
            );
            layout.record.sequence = Some(field);
        }
    }

    /// A byte that seldom changes may be the recording mode: said, but not read as one, since its values mean nothing known.
    fn mode(&mut self) {
        let mut found = Vec::new();
        for at in 0..self.header {
            let values: Vec<u8> = self
                .records
                .iter()
                .filter_map(|record| record.row.head.get(at))
                .copied()
                .collect();
            let distinct: BTreeSet<u8> = values.iter().copied().collect();
            let changes = values
                .iter()
                .zip(values.iter().skip(1))
                .filter(|(a, b)| a != b)
                .count();
            let small = distinct.iter().all(|value| *value < 16);
            if self.free(at, 1)
                && small
                && (2..=6).contains(&distinct.len())
                && changes.saturating_mul(12) < values.len()
            {
                found.push(format!(
                    "the byte at {at} seldom changes and may be the recording mode: {distinct:?}"
                ));
            }
        }
        for text in found.into_iter().take(2) {
            self.add("record.mode", text, (0, 0), Vec::new());
        }
    }

    /// A checksum, in the header or behind the frame: of the frame, of the record, or of a part of it.
    fn add_checksum(&mut self, layout: &mut Layout) {
        let samples = self.samples();
        let Some(first) = samples.first().filter(|_| samples.len() == SAMPLES) else {
            return;
        };
        let behind = self.bounds.trial.trailer.max(0) as usize;
        for at in 0..self.header.saturating_add(behind) {
            for sum in &checksum::SUMS {
                let values: BTreeSet<u64> = samples
                    .iter()
                    .filter_map(|sample| sample.stored(at, sum.width, false))
                    .collect();
                let spoken_for = at < self.header && !self.free(at, sum.width);
                if spoken_for || values.len() < SAMPLES / 2 {
                    continue;
                }
                for covers in checksum::COVERS {
                    let (place, holds) = (at.checked_sub(self.header), |big: bool| {
                        move |sample: &Sample| sample.holds(at, sum, covers, big)
                    });
                    let Some(big) = [false, true].into_iter().find(|big| holds(*big)(first)) else {
                        continue;
                    };
                    if !samples.iter().all(holds(big)) {
                        continue;
                    }
                    let text = format!(
                        "the {} of {} is {}",
                        sum.name,
                        covers.text(),
                        match place {
                            None => format!("at {at}"),
                            Some(place) => format!("{place} bytes behind the frame"),
                        }
                    );
                    let number = if big { Number::U32be } else { Number::U32le };
                    let frame = sum.name == "CRC-32" && covers == Covers::Frame;
                    if place.is_none() {
                        self.take(at, sum.width);
                    }
                    let field = if place.is_none() && frame {
                        layout.record.p.crc = Some(Field::new(at as i32, number));
                        layout.record.key.crc = layout.record.p.crc;
                        "record.p.crc"
                    } else {
                        "checksum"
                    };
                    self.add(field, text, (SAMPLES, SAMPLES), Vec::new());
                    return;
                }
            }
        }
    }

    /// The smallest of the first records with a frame, whole.
    fn samples(&self) -> Vec<Sample> {
        let Some((window, frames)) = self.files.first() else {
            return Vec::new();
        };
        let trial = self.bounds.trial;
        let some = frames.list.iter().skip(1).take(200).filter_map(|frame| {
            let start = minus(self.chain.mark(frame), trial.before);
            let length = plus(self.chain.value(window, frame)?, *trial.end.get(frame.key));
            let stored = match frame.transform {
                Transform::Swap32 if trial.short_group == ShortGroup::Filled => {
                    super::padded(length, 4)
                }
                _ => length,
            };
            let end = plus(frame.at, stored);
            let bytes = window.slice(frame.at, end)?;
            let mut plain = bytes.to_vec();
            if frame.transform == Transform::Swap32 {
                put_groups(bytes, trial.short_group == ShortGroup::Kept, &mut plain);
            }
            plain.truncate(usize::try_from(length).ok()?);
            Some(Sample {
                record: window.slice(start, plus(end, trial.trailer))?.to_vec(),
                header: self.header,
                end: usize::try_from(minus(end, start)).ok()?,
                plain,
            })
        });
        let mut all: Vec<Sample> = some.filter(|sample| sample.end < 1 << 16).collect();
        all.sort_by_key(|sample| sample.end);
        all.truncate(SAMPLES);
        all
    }

    /// Four bytes or more at the record's start that never change.
    fn constant(&mut self, layout: &mut Layout) {
        let all = || {
            self.records
                .iter()
                .map(|record| record.row.head)
                .chain(self.others.iter().copied())
        };
        let Some(first) = all().next() else {
            return;
        };
        let same = |at: usize| all().all(|head| head.get(at) == first.get(at));
        let count = (0..first.len().min(16))
            .take_while(|at| first.get(*at) != Some(&0) && self.free(*at, 1) && same(*at))
            .count();
        if count < 4 || self.records.len() < MIN_CERTAIN {
            return;
        }
        let bytes = first.get(..count).unwrap_or_default().to_vec();
        let of = all().count();
        let text = format!("every record begins with {bytes:02x?}");
        layout.record.constant = vec![Constant { at: 0, bytes }];
        self.add("record.constant", text, (of, of), Vec::new());
    }

    /// Reads the file by the layout, leaves out what does not help, and says how sure it is.
    fn verdict(mut self, mut layout: Layout, clock: Option<Reading>) -> Result<Inferred, Nothing> {
        let mut reading = self.read(&layout);
        if reading.matched.saturating_mul(100) < reading.of.saturating_mul(99) {
            for (name, without) in simpler(&layout) {
                let other = self.read(&without);
                if other.matched > reading.matched {
                    self.add(
                        "name",
                        format!("{name} was left out: more frames are read without"),
                        (other.matched, other.of),
                        Vec::new(),
                    );
                    (reading, layout) = (other, without);
                }
            }
        }
        let count = reading.of;
        if let Err(error) = Layout::from_toml(&toml::to_string(&layout).unwrap_or_default()) {
            return nothing(error.to_string());
        }
        if reading.matched.saturating_mul(2) < count {
            return nothing(format!(
                "the best layout reads {} of {count} frames",
                reading.matched
            ));
        }
        self.add(
            "name",
            format!(
                "read by this layout; {} ranges between were not records",
                reading.damaged
            ),
            (reading.matched, count),
            Vec::new(),
        );
        if self.bounds.margin < CERTAIN_BY {
            let rival = self.bounds.rival.clone();
            self.open.push(format!("{rival}: more frames would decide"));
        }
        let share = |(some, all): (usize, usize), percent: usize| {
            some.saturating_mul(100) >= all.saturating_mul(percent)
        };
        if count < MIN_CERTAIN {
            self.open.push(format!(
                "{count} frames are few: a longer file would decide"
            ));
        }
        // the sample may end within its last frame
        if reading.matched.saturating_add(self.files.len()) < self.seen.max(count)
            || reading.extra > 0
        {
            self.open.push(format!(
                "{} of {} frames are read by it, and {} that were not seen",
                reading.matched,
                self.seen.max(count),
                reading.extra
            ));
        }
        if reading.damaged > 0 {
            self.open.push(format!(
                "{} ranges between records are not explained, and may hold frames",
                reading.damaged
            ));
        }
        if !share(self.bounds.clean, 97) {
            self.open.push(
                "some frames are followed by bytes that are neither padding nor a record"
                    .to_owned(),
            );
        }
        let proven = self.bounds.proven;
        if self.bounds.trial.counted > 1 && !proven {
            self.open.push("doubtful: the length counts padding: a frame whose own last byte looks like it is read short".to_owned());
        }
        if !self.bounds.stuffed && !proven {
            self.open.push(
                "frames do not end as their codec ends them: bytes behind them may be none of theirs"
                    .to_owned(),
            );
        }
        if !self.bounds.alike {
            self.open.push(
                "doubtful: the length seems to count something else in keyframes: more frames would decide"
                    .to_owned(),
            );
        }
        if self.bounds.meaning == Meaning::Other && !proven {
            self.open.push(
                "doubtful: the length counts neither the frame, nor what follows it, nor the whole record"
                    .to_owned(),
            );
        }
        if !share(self.linked, 75) {
            self.open
                .push("the lengths of many frames do not lead to the next record".to_owned());
        }
        let doubtful = clock.is_none()
            || self.bounds.margin < PROBABLE_BY
            || !share((reading.matched, self.seen.max(count)), 96)
            || self.open.iter().any(|text| text.starts_with("doubtful"));
        let confidence = match (doubtful, self.open.is_empty()) {
            (true, _) => Confidence::Doubtful,
            (false, true) => Confidence::Certain,
            (false, false) => Confidence::Probable,
        };
        layout.title = format!("inferred from {count} frames, {}", confidence.name());
        let open = self.open.iter().map(|text| self.hints.leave_out(text));
        let open = open.collect();
        Ok(Inferred {
            layout,
            findings: self.findings,
            confidence,
            open,
            frames: count,
            read: reading.matched,
            margin: self.bounds.margin,
        })
    }

    fn read(&self, layout: &Layout) -> Reading2 {
        let mut all = Reading2::default();
        for (window, frames) in &self.files {
            let mut reader = NativeReader::new(layout.clone());
            let seen: BTreeSet<i64> = frames.list.iter().map(|frame| frame.at).collect();
            let whole = View {
                offset: 0,
                data: window.0,
                last: true,
                unread: None,
            };
            // the last frame may be cut off, and what no record leads to is not a frame
            Parser::new(&mut reader).read_window(&whole, |event| {
                match event {
                    Event::Packet { offset, packet } => {
                        if let Payload::Plain(range) | Payload::Swap32 { range, .. } =
                            &packet.payload
                        {
                            let at = offset.saturating_add(range.start as u64);
                            match seen.contains(&at.cast_signed()) {
                                true => all.matched = all.matched.saturating_add(1),
                                false => {
                                    all.extra = all
                                        .extra
                                        .saturating_add(usize::from(packet.audio.is_none()))
                                }
                            }
                        }
                    }
                    Event::Damaged(_) => all.damaged = all.damaged.saturating_add(1),
                    _ => {}
                }
                ControlFlow::Continue(())
            });
        }
        let wanted = self
            .files
            .iter()
            .map(|(_, frames)| frames.list.len())
            .sum::<usize>();
        all.of = wanted;
        all
    }
}

/// Frames that a layout reads in a sample.
pub fn frames_read(layout: &Layout, bytes: &[u8]) -> usize {
    let mut count = 0_usize;
    let whole = View {
        offset: 0,
        data: bytes,
        last: true,
        unread: None,
    };
    Parser::new(&mut NativeReader::new(layout.clone())).read_window(&whole, |event| {
        let frame = matches!(event, Event::Packet { packet, .. } if packet.audio.is_none());
        count = count.saturating_add(usize::from(frame));
        ControlFlow::Continue(())
    });
    count
}

/// The layout without one of the fields that make records refused.
fn simpler(layout: &Layout) -> Vec<(&'static str, Layout)> {
    let mut all = Vec::new();
    let mut without = |name, change: &dyn Fn(&mut RecordLayout)| {
        let mut other = layout.clone();
        change(&mut other.record);
        if other != *layout {
            all.push((name, other));
        }
    };
    without("record.constant", &|record| record.constant.clear());
    without("record.camera", &|record| {
        record.camera = None;
        record.cameras.clear();
    });
    without("record.kind", &|record| {
        record.kind = None;
        record.audio = None;
    });
    without("record.size", &|record| {
        if record.p.length.is_some() {
            record.size = None;
        }
    });
    all
}

/// Seconds and part of a second in a VOP's header, as one number.
fn vop_time(head: &[u8], bits: u32) -> u32 {
    let Some(first) = head.get(4..12).and_then(|rest| rest.first_chunk::<8>()) else {
        return 0;
    };
    let word = u64::from_be_bytes(*first).wrapping_shl(2);
    let seconds = word.leading_ones();
    let increment =
        word.wrapping_shl(seconds.saturating_add(2)) >> 64_u32.saturating_sub(bits.clamp(1, 16));
    (increment as u32).wrapping_add(seconds.wrapping_shl(20))
}
