// SPDX-License-Identifier: MPL-2.0
//! Recordings in layouts drawn at random, with their truth: what a reader that knows nothing of them should find.
//!
//! The kinds are those that issue 13 lists and what recorders are known to do; nothing here is taken from the solver.

pub mod frames;
pub mod judge;

use frames::{Coded, Coding, Family, Source};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

/// What the length field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// The coded frame.
    Payload,
    /// The whole record.
    Record,
    /// All that follows the field.
    After,
}

/// How the time is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Clock {
    Unix32,
    Unix64,
    UnixMillis,
    Filetime,
    Dos,
    Systemtime,
    Bcd6,
    Bcd7,
    Digits,
    Calendar,
}

/// What divides the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    None,
    /// Milliseconds of the second, 16 bits.
    Millis,
    /// Ticks of this rate since the second began, 32 bits.
    Second(u64),
    /// Ticks of this rate since midnight, 64 bits.
    Midnight(u64),
    /// Ticks of this rate since the recording began, 64 bits.
    Start(u64),
    /// The same, beside the time at which it began instead of the record's own.
    Since(u64),
}

/// What few recorders do: every tenth has one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusual {
    /// Nothing.
    None,
    /// Headers of so many records stand together behind so many bytes, and their frames behind them.
    Apart(usize, usize),
    /// As many bytes that mean nothing are behind each frame.
    Digest(usize),
    /// The length counts bits.
    Bits,
    /// The time is behind the frame.
    Behind,
}

/// A field of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Magic(u32),
    Length,
    Time,
    Part,
    Camera(usize),
    Kind,
    Sequence(usize),
    Mode,
    Checksum,
    Zeros(usize),
    Fixed(usize),
    Noise(usize),
}

/// How a file is laid out.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its number.
    pub seed: u64,
    /// What frames are coded as.
    pub coding: Coding,
    /// Keyframes, or all frames, are stored in reversed groups of four; a last shorter group as it stands.
    pub reversed: Option<(bool, bool)>,
    /// What the length counts.
    pub counts: Counts,
    /// Bytes of the length.
    pub width: usize,
    /// Numbers are big-endian.
    pub big: bool,
    /// Records are padded to this.
    pub align: usize,
    /// The length counts the padding.
    pub counts_padding: bool,
    /// The byte of the padding.
    pub fill: u8,
    /// Sectors that no record crosses, 0 = none.
    pub sector: usize,
    /// Bytes before keyframes.
    pub prefix: usize,
    /// Bytes of the header.
    pub header: usize,
    /// The clock.
    pub clock: Clock,
    /// What divides its second.
    pub part: Part,
    /// Cameras.
    pub cameras: usize,
    /// Audio and events for each hundred frames.
    pub others: u32,
    /// Milliseconds between a camera's frames.
    pub interval: i64,
    /// The clock is set back, and by how many seconds.
    pub set_back: i64,
    /// An index before, between or behind the records.
    pub index: Option<u8>,
    /// Bytes of the file before the first record.
    pub front: usize,
    /// Ranges of bytes that are overwritten or lost.
    pub damage: usize,
    /// Seconds from the first frame to the last.
    pub lasts: i64,
    /// What few recorders do.
    pub unusual: Unusual,
    fields: Vec<Field>,
}

/// A frame as it was recorded.
pub struct Truth {
    /// The coded bytes.
    pub bytes: Vec<u8>,
    /// It needs no other.
    pub key: bool,
    /// Camera, from 1.
    pub camera: usize,
    /// The time that its record gives, Unix milliseconds.
    pub time: i64,
    /// Damage reached it: it may be missing.
    pub damaged: bool,
}

/// A recording and its truth.
pub struct Recording {
    /// The file.
    pub file: Vec<u8>,
    /// Its frames in their order.
    pub truth: Vec<Truth>,
    /// How it is laid out.
    pub plan: Plan,
}

fn pick<T: Copy>(random: &mut StdRng, of: &[T]) -> T {
    of[random.random_range(0..of.len())]
}

/// Small numbers as likely as large ones.
fn spread(random: &mut StdRng, low: f64, high: f64) -> usize {
    (low * (high / low).powf(random.random::<f64>())) as usize
}

fn number(value: u64, width: usize, big: bool) -> Vec<u8> {
    match big {
        true => value.to_be_bytes()[8 - width..].to_vec(),
        false => value.to_le_bytes()[..width].to_vec(),
    }
}

impl Clock {
    const ALL: [Clock; 10] = [
        Clock::Unix32,
        Clock::Unix64,
        Clock::UnixMillis,
        Clock::Filetime,
        Clock::Dos,
        Clock::Systemtime,
        Clock::Bcd6,
        Clock::Bcd7,
        Clock::Digits,
        Clock::Calendar,
    ];

    fn is_fine(self) -> bool {
        matches!(
            self,
            Clock::UnixMillis | Clock::Filetime | Clock::Systemtime
        )
    }

    fn width(self) -> usize {
        match self {
            Clock::Unix32 | Clock::Dos => 4,
            Clock::Unix64 | Clock::UnixMillis | Clock::Filetime => 8,
            Clock::Systemtime => 16,
            Clock::Bcd6 => 6,
            Clock::Bcd7 | Clock::Calendar => 7,
            Clock::Digits => 14,
        }
    }

    /// The stored bytes, and the time that they say.
    fn store(self, ms: i64, big: bool) -> (Vec<u8>, i64) {
        let seconds = ms.div_euclid(1000);
        let whole = seconds * 1000;
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let rest = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        let parts = [year % 100, month, day, hour, minute, second];
        let bcd = |value: i64| (value / 10 * 16 + value % 10) as u8;
        match self {
            Clock::Unix32 => (number(seconds as u64, 4, big), whole),
            Clock::Unix64 => (number(seconds as u64, 8, big), whole),
            Clock::UnixMillis => (number(ms as u64, 8, big), ms),
            Clock::Filetime => (
                number((ms + 11_644_473_600_000) as u64 * 10_000, 8, big),
                ms,
            ),
            Clock::Dos => {
                let date = ((year - 1980) << 9 | month << 5 | day) as u64;
                let time = (hour << 11 | minute << 5 | (second / 2)) as u64;
                (number(date << 16 | time, 4, big), whole - second % 2 * 1000)
            }
            Clock::Systemtime => {
                let weekday = (seconds.div_euclid(86_400) + 4).rem_euclid(7);
                let parts = [
                    year,
                    month,
                    weekday,
                    day,
                    hour,
                    minute,
                    second,
                    ms.rem_euclid(1000),
                ];
                (
                    parts
                        .iter()
                        .flat_map(|part| number(*part as u64, 2, big))
                        .collect(),
                    ms,
                )
            }
            Clock::Bcd6 => (parts.map(bcd).to_vec(), whole),
            Clock::Bcd7 => ([&[bcd(year / 100)][..], &parts.map(bcd)].concat(), whole),
            Clock::Digits => (
                format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}").into_bytes(),
                whole,
            ),
            Clock::Calendar => {
                let rest = [month, day, hour, minute, second].map(|part| part as u8);
                ([&number(year as u64, 2, big)[..], &rest].concat(), whole)
            }
        }
    }
}

/// Year, month and day of a day since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

impl Part {
    fn width(self) -> usize {
        match self {
            Part::None => 0,
            Part::Millis => 2,
            Part::Second(_) => 4,
            Part::Midnight(_) | Part::Start(_) | Part::Since(_) => 8,
        }
    }

    fn store(self, ms: i64, start: i64, big: bool) -> Vec<u8> {
        let value = match self {
            Part::None => return Vec::new(),
            Part::Millis => ms.rem_euclid(1000) as u64,
            Part::Second(rate) => ms.rem_euclid(1000) as u64 * rate / 1000,
            Part::Midnight(rate) => ms.rem_euclid(86_400_000) as u64 * rate / 1000,
            Part::Start(rate) => (ms - start).max(0) as u64 * rate / 1000,
            // clocks have whole seconds, or every second one
            Part::Since(rate) => (ms - start / 2000 * 2000).max(0) as u64 * rate / 1000,
        };
        number(value, self.width(), big)
    }
}

impl Plan {
    /// A layout.
    fn new(seed: u64, coding: Coding, random: &mut StdRng) -> Plan {
        let clock = pick(random, &Clock::ALL);
        let part = match random.random_range(0..10) {
            _ if clock.is_fine() => Part::None,
            0..4 => Part::None,
            4..7 => Part::Millis,
            7 => Part::Second(pick(random, &[90_000, 10_000_000])),
            8 => Part::Midnight(pick(random, &[1000, 90_000, 10_000_000])),
            _ => Part::Start(pick(random, &[1000, 90_000, 10_000_000])),
        };
        let counts = pick(random, &[Counts::Payload, Counts::Record, Counts::After]);
        let align = pick(random, &[1, 1, 1, 2, 4, 4, 8, 8, 16, 512]);
        let sector = if align == 1 && random.random_bool(0.15) {
            pick(random, &[16_384, 65_536])
        } else {
            0
        };
        let cameras = if random.random_bool(0.5) {
            1
        } else {
            spread(random, 2.0, 33.0)
        };
        let reversed = (coding == Coding::Mpeg4 && random.random_bool(0.35))
            .then(|| (random.random_bool(0.2), random.random_bool(0.3)));
        let mut plan = Plan {
            seed,
            coding,
            reversed,
            counts,
            width: pick(random, &[4, 4, 4, 4, 3]),
            big: random.random_bool(0.4),
            align,
            counts_padding: align > 1 && counts != Counts::Payload && random.random_bool(0.25),
            fill: pick(random, &[0, 0, 0, 0xff]),
            sector,
            prefix: if random.random_bool(0.5) {
                0
            } else {
                random.random_range(4..97)
            },
            header: 0,
            clock,
            part,
            cameras,
            others: if random.random_bool(0.5) {
                0
            } else {
                spread(random, 3.0, 100.0) as u32
            },
            interval: pick(random, &[40, 40, 80, 133, 200, 500, 1000, 10_000]),
            set_back: if random.random_bool(0.1) {
                pick(random, &[3600, 60, 7200])
            } else {
                0
            },
            index: random.random_bool(0.3).then(|| random.random_range(0..3)),
            front: if random.random_bool(0.4) {
                0
            } else {
                spread(random, 16.0, 4096.0)
            },
            damage: if random.random_bool(0.1) { 2 } else { 0 },
            lasts: 0,
            unusual: Unusual::None,
            fields: Vec::new(),
        };
        if seed % 10 == 9 {
            plan.make_unusual(random);
        }
        plan.draw_fields(random);
        plan
    }

    fn make_unusual(&mut self, random: &mut StdRng) {
        match random.random_range(0..6) {
            0 => {
                self.part = Part::Since(pick(random, &[1000, 90_000, 10_000_000]));
                self.set_back = 0;
            }
            1 | 2 => {
                let count = pick(random, &[8, 12, 25, 50, 64]);
                self.unusual = Unusual::Apart(count, pick(random, &[0, 8, 16, 40]));
                (self.sector, self.prefix, self.others) = (0, 0, 0);
                (self.index, self.damage) = (None, 0);
            }
            3 => self.unusual = Unusual::Digest(pick(random, &[12, 16, 20, 32])),
            4 => self.unusual = Unusual::Bits,
            _ => self.unusual = Unusual::Behind,
        }
    }

    fn draw_fields(&mut self, random: &mut StdRng) {
        let mut fields = vec![Field::Length, Field::Time];
        if self.part != Part::None {
            fields.push(Field::Part);
        }
        if self.cameras > 1 || random.random_bool(0.5) {
            fields.push(Field::Camera(pick(random, &[1, 1, 2])));
        }
        if self.others > 0 || random.random_bool(0.7) {
            fields.push(Field::Kind);
        }
        for (field, chance) in [
            (Field::Sequence(pick(random, &[2, 4])), 0.5),
            (Field::Mode, 0.4),
            (Field::Checksum, 0.25),
            (Field::Magic(random.random()), 0.3),
        ] {
            if random.random_bool(chance) {
                fields.push(field);
            }
        }
        let wanted = spread(random, 8.0, 512.0);
        let mut size: usize = fields.iter().map(|field| self.width_of(*field)).sum();
        while size < wanted {
            let run = random.random_range(1..17).min(wanted - size);
            fields.push(match random.random_range(0..10) {
                0..4 => Field::Zeros(run),
                4..8 => Field::Fixed(run),
                _ => Field::Noise(run),
            });
            size += run;
        }
        if self.unusual == Unusual::Behind {
            fields.retain(|field| !matches!(field, Field::Time | Field::Part));
            size = fields.iter().map(|field| self.width_of(*field)).sum();
        }
        fields.shuffle(random);
        // a magic is the first of all
        fields.sort_by_key(|field| !matches!(field, Field::Magic(_)));
        self.header = size;
        self.fields = fields;
    }

    fn width_of(&self, field: Field) -> usize {
        match field {
            Field::Magic(_) | Field::Checksum => 4,
            Field::Length => self.width,
            Field::Time => self.clock.width(),
            Field::Part => self.part.width(),
            Field::Camera(width) | Field::Sequence(width) => width,
            Field::Kind | Field::Mode => 1,
            Field::Zeros(width) | Field::Fixed(width) | Field::Noise(width) => width,
        }
    }
}

/// What goes into one record.
struct Content<'a> {
    ms: i64,
    start: i64,
    camera: usize,
    kind: usize,
    sequence: u64,
    body: &'a [u8],
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes
        .chunks(4)
        .flat_map(|group| group.iter().rev().copied())
        .collect()
}

impl Plan {
    fn record(
        &self,
        random: &mut StdRng,
        fixed: &[u8],
        kinds: &[u8],
        content: &Content<'_>,
    ) -> Vec<u8> {
        let (key, other) = (content.kind == 1, content.kind == 2);
        let turn = !other && self.reversed.is_some_and(|(all, _)| key || all);
        let whole_groups = self.reversed.is_some_and(|(_, short)| !short);
        let mut stored = content.body.to_vec();
        if turn {
            if whole_groups {
                stored.resize(stored.len().next_multiple_of(4), 0);
            }
            stored = reversed(&stored);
        }
        let prefix = if key { self.prefix } else { 0 };
        // the time of the record, or that of the start
        let ms = match self.part {
            Part::Since(_) => content.start / 2000 * 2000,
            _ => content.ms,
        };
        let time = self.clock.store(ms, self.big).0;
        let part = self.part.store(content.ms, content.start, self.big);
        let behind: Vec<u8> = match self.unusual {
            Unusual::Digest(count) => (0..count).map(|_| random.random()).collect(),
            Unusual::Behind => [&time[..], &part].concat(),
            _ => Vec::new(),
        };
        let end = self.header + prefix + stored.len() + behind.len();
        let padded_from = match self.unusual {
            Unusual::Apart(..) => self.header,
            _ => 0,
        };
        let size = padded_from + (end - padded_from).next_multiple_of(self.align);
        let mut place = 0;
        for field in &self.fields {
            place += self.width_of(*field);
            if *field == Field::Length {
                break;
            }
        }
        let counted = if self.counts_padding {
            size
        } else {
            self.header + prefix + content.body.len() + behind.len()
        };
        let length = match self.counts {
            Counts::Payload => content.body.len(),
            Counts::Record => counted,
            Counts::After => counted - place,
        };
        let unit = if self.unusual == Unusual::Bits { 8 } else { 1 };
        let mut out = Vec::with_capacity(size);
        let mut used = 0;
        let mut checksum = None;
        for field in &self.fields {
            match field {
                Field::Magic(magic) => out.extend(number(u64::from(*magic), 4, true)),
                Field::Length => out.extend(number(length as u64 * unit, self.width, self.big)),
                Field::Time => out.extend(&time),
                Field::Part => out.extend(&part),
                Field::Camera(width) => out.extend(number(content.camera as u64, *width, self.big)),
                Field::Kind => out.push(kinds[content.kind]),
                Field::Sequence(width) => out.extend(number(content.sequence, *width, self.big)),
                Field::Mode => out.push(1 + (content.ms / 40_000 % 3) as u8),
                Field::Checksum => {
                    checksum = Some(out.len());
                    out.extend([0; 4]);
                }
                Field::Zeros(width) => out.extend(vec![0; *width]),
                Field::Fixed(width) => {
                    out.extend(&fixed[used..used + width]);
                    used += width;
                }
                Field::Noise(width) => out.extend((0..*width).map(|_| random.random::<u8>())),
            }
        }
        out.extend(&fixed[600..600 + prefix]);
        out.extend(stored);
        out.extend(behind);
        if let Some(at) = checksum {
            // of the record, the field itself left out
            let sum = crc32fast::hash(&out);
            out[at..at + 4].copy_from_slice(&number(u64::from(sum), 4, self.big));
        }
        out.resize(size, self.fill);
        out
    }
}

/// The recording of that number.
pub fn recording(seed: u64, families: &[Family]) -> Recording {
    let mut random = StdRng::seed_from_u64(seed);
    let family = &families[random.random_range(0..families.len())];
    let mut plan = Plan::new(seed, family[0].coding, &mut random);
    let fixed: Vec<u8> = (0..700).map(|_| random.random()).collect();
    let kinds: Vec<u8> = {
        let mut all: Vec<u8> = (0..100).collect();
        all.shuffle(&mut random);
        all[..3].to_vec()
    };
    let sources: Vec<&Source> = (0..plan.cameras)
        .map(|camera| &family[camera % family.len()])
        .collect();
    let wanted = spread(&mut random, 90.0, 900.0).max(plan.cameras * 12);
    let start = random.random_range(946_684_800_000..1_577_836_800_000_i64);
    // each camera has its own phase; all begin with a keyframe
    let mut next: Vec<(i64, usize)> = sources
        .iter()
        .map(|source| {
            let from = random.random_range(0..source.frames.len());
            let key = (from..from + source.frames.len())
                .map(|n| n % source.frames.len())
                .find(|n| source.frames[*n].key);
            (
                start + random.random_range(0..plan.interval.min(1000)),
                key.unwrap_or(0),
            )
        })
        .collect();
    let mut shift = 0;
    let mut file: Vec<u8> = (0..plan.front).map(|_| random.random()).collect();
    let index = |random: &mut StdRng, count: usize| -> Vec<u8> {
        let entries = (0..count).flat_map(|n| {
            [
                number(n as u64 * 9000, 8, plan.big),
                plan.clock.store(start + n as i64 * 400, plan.big).0,
            ]
            .concat()
        });
        [
            vec![random.random(), 0x49, 0x58, random.random()],
            entries.collect(),
        ]
        .concat()
    };
    if plan.index == Some(0) {
        file.extend(index(&mut random, 40));
    }
    let base = file.len();
    let mut truth: Vec<Truth> = Vec::new();
    let mut spans = Vec::new();
    let mut sequence = if random.random_bool(0.5) {
        0
    } else {
        random.random_range(0..60_000)
    };
    let (mut heads, mut bodies) = (Vec::new(), Vec::new());
    let mut put = |file: &mut Vec<u8>, record: Vec<u8>, last: bool| {
        if let Unusual::Apart(count, before) = plan.unusual {
            heads.extend(&record[..plan.header]);
            bodies.extend(&record[plan.header..]);
            if last || heads.len() == count * plan.header {
                file.extend(&fixed[500..500 + before]);
                file.append(&mut heads);
                file.append(&mut bodies);
            }
            return;
        }
        if plan.sector > 0 {
            let used = (file.len() - base) % plan.sector;
            if used + record.len() > plan.sector && used > 0 {
                file.resize(file.len() + plan.sector - used, plan.fill);
            }
        }
        file.extend(record);
    };
    let mut lasts = 0;
    while truth.len() < wanted {
        let camera = (0..next.len())
            .min_by_key(|camera| next[*camera].0)
            .unwrap_or(0);
        let (time, n) = next[camera];
        let Coded { bytes, key } = &sources[camera].frames[n];
        if truth.len() == wanted / 2 {
            shift -= plan.set_back * 1000;
        }
        if random.random_bool(0.004) {
            // nothing was recorded for a while
            shift += spread(&mut random, 5000.0, 7_200_000.0) as i64;
        }
        let ms = time + shift;
        let content = Content {
            ms,
            start,
            camera: camera + 1,
            kind: usize::from(*key),
            sequence,
            body: bytes,
        };
        let record = plan.record(&mut random, &fixed, &kinds, &content);
        sequence += 1;
        let from = file.len();
        put(&mut file, record, truth.len() + 1 == wanted);
        spans.push(from..file.len());
        let said = match (plan.part, plan.clock) {
            (Part::None, _) | (_, Clock::Dos) => plan.clock.store(ms, plan.big).1,
            _ => ms,
        };
        truth.push(Truth {
            bytes: bytes.clone(),
            key: *key,
            camera: camera + 1,
            time: said,
            damaged: false,
        });
        lasts = (time - start) / 1000;
        next[camera] = (
            time + plan.interval + random.random_range(0..3),
            (n + 1) % sources[camera].frames.len(),
        );
        if random.random_ratio(plan.others.min(100), 100) {
            let body: Vec<u8> = (0..random.random_range(100..420))
                .map(|_| random.random())
                .collect();
            let content = Content {
                ms,
                start,
                camera: camera + 1,
                kind: 2,
                sequence,
                body: &body,
            };
            let record = plan.record(&mut random, &fixed, &kinds, &content);
            sequence += 1;
            put(&mut file, record, false);
        }
        if plan.index == Some(1) && truth.len() % 100 == 99 {
            let entries = index(&mut random, 20);
            file.extend(entries);
            if plan.align > 1 {
                // records stay where padding puts them
                let used = (file.len() - base) % plan.align;
                file.resize(file.len() + (plan.align - used) % plan.align, plan.fill);
            }
        }
    }
    if plan.index == Some(2) {
        file.extend(index(&mut random, 60));
    }
    for _ in 0..plan.damage {
        let n = random.random_range(truth.len() / 4..truth.len());
        let at = random.random_range(spans[n].clone());
        let range = at..(at + random.random_range(1..300)).min(file.len());
        for (span, truth) in spans.iter().zip(&mut truth) {
            truth.damaged |= span.start < range.end && range.start < span.end;
        }
        range.for_each(|at| file[at] = random.random());
    }
    plan.lasts = lasts;
    Recording { file, truth, plan }
}
