// SPDX-License-Identifier: MPL-2.0
//! A file in a random layout, and what has to come out of it.

use super::{pool::Pool, random::Random};

/// A picture that a reader has to output.
pub struct Truth {
    /// Coded bytes.
    pub bytes: Vec<u8>,
    /// An I picture.
    pub key: bool,
    /// Seconds since 1970, as far as the file says.
    pub seconds: i64,
    /// Milliseconds, where the file says them.
    pub millis: Option<u16>,
    /// Which camera.
    pub camera: usize,
}

/// A file.
pub struct Made {
    /// Its bytes.
    pub file: Vec<u8>,
    /// Its pictures, in order.
    pub truth: Vec<Truth>,
    /// The layout in words.
    pub told: String,
}

/// How a time is stored: those of the description.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Time {
    Unix32,
    Unix64,
    Filetime,
    Systemtime,
    Dos,
    /// Date first, in either byte order.
    Dosdate,
    Bcd6,
    Bcd7,
}

/// What a header is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Time,
    Length,
    Size,
    Kind,
    Camera,
    Millis,
    Sequence,
    Mode,
    Crc,
    Zeros(usize),
    Fixed(usize),
    Noise(usize),
}

/// A record before it is written.
struct Event {
    ms: i64,
    /// `None` for sound.
    camera: usize,
    picture: Option<usize>,
}

/// The layout.
#[derive(Debug)]
struct Plan {
    big: bool,
    /// Milliseconds are stored in the other byte order than everything else.
    millis_turned: bool,
    time: Time,
    parts: Vec<Part>,
    header: usize,
    align: usize,
    swap_key: bool,
    swap_p: bool,
    /// A last shorter group is reversed as it stands, and padding follows.
    short_group: bool,
    /// The clock is set back by that many seconds, half-way.
    set_back: i64,
    prefix: usize,
    /// The keyframe's length stands right before it too, big-endian, and the common place holds something else.
    own_key_length: bool,
    by_camera: bool,
    cameras: usize,
    kinds: [u8; 3],
    sound: usize,
    junk: bool,
    first_camera: u8,
    magic: Option<[u8; 4]>,
    fixed: Vec<u8>,
    first_sequence: u16,
    index: bool,
}

impl Time {
    fn width(self) -> usize {
        match self {
            Time::Unix32 | Time::Dos | Time::Dosdate => 4,
            Time::Unix64 | Time::Filetime => 8,
            Time::Systemtime => 16,
            Time::Bcd6 => 6,
            Time::Bcd7 => 7,
        }
    }

    /// The stored bytes, and what they say.
    fn store(self, ms: i64, big: bool) -> (Vec<u8>, i64, Option<u16>) {
        let (seconds, millis) = (ms.div_euclid(1000), ms.rem_euclid(1000) as u16);
        let (year, month, day) = date(seconds.div_euclid(86_400));
        let of_day = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        match self {
            Time::Unix32 => (ordered(seconds as u64, 4, big), seconds, None),
            Time::Unix64 => (ordered(seconds as u64, 8, big), seconds, None),
            Time::Filetime => {
                let ticks = (seconds + 11_644_473_600) * 10_000_000 + i64::from(millis) * 10_000;
                (ordered(ticks as u64, 8, big), seconds, Some(millis))
            }
            Time::Systemtime => {
                let weekday = (seconds.div_euclid(86_400) + 4).rem_euclid(7);
                let parts = [
                    year,
                    month,
                    weekday,
                    day,
                    hour,
                    minute,
                    second,
                    i64::from(millis),
                ];
                let bytes = parts
                    .iter()
                    .flat_map(|part| ordered(*part as u64, 2, big))
                    .collect();
                (bytes, seconds, Some(millis))
            }
            Time::Dos | Time::Dosdate => {
                let date = (((year - 1980) << 9) | (month << 5) | day) as u64;
                let time = ((hour << 11) | (minute << 5) | (second / 2)) as u64;
                let both = match self {
                    Time::Dosdate if !big => (time << 16) | date,
                    _ => (date << 16) | time,
                };
                (ordered(both, 4, big), seconds & !1, None)
            }
            Time::Bcd6 | Time::Bcd7 => {
                let pack = |n: i64| (((n / 10) << 4) | (n % 10)) as u8;
                let mut bytes = vec![
                    pack(year / 100),
                    pack(year % 100),
                    pack(month),
                    pack(day),
                    pack(hour),
                    pack(minute),
                    pack(second),
                ];
                if self == Time::Bcd6 {
                    bytes.remove(0);
                }
                (bytes, seconds, None)
            }
        }
    }

    fn has_millis(self) -> bool {
        matches!(self, Time::Filetime | Time::Systemtime)
    }
}

/// Year, month and day of a day since 1970, by counting.
fn date(mut days: i64) -> (i64, i64, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days >= 365 + i64::from(leap(year)) {
        days -= 365 + i64::from(leap(year));
        year += 1;
    }
    let lengths = [
        31,
        28 + i64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

fn ordered(value: u64, width: usize, big: bool) -> Vec<u8> {
    match big {
        true => value.to_be_bytes()[8 - width..].to_vec(),
        false => value.to_le_bytes()[..width].to_vec(),
    }
}

/// Groups of four reversed, a last shorter group as it stands.
fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes
        .chunks(4)
        .flat_map(|group| group.iter().rev().copied())
        .collect()
}

impl Part {
    fn width(self, time: Time) -> usize {
        match self {
            Part::Time => time.width(),
            Part::Length | Part::Size | Part::Crc => 4,
            Part::Kind | Part::Camera | Part::Mode => 1,
            Part::Millis | Part::Sequence => 2,
            Part::Zeros(n) | Part::Fixed(n) | Part::Noise(n) => n,
        }
    }
}

impl Plan {
    fn new(random: &mut Random) -> Plan {
        let times = [
            Time::Unix32,
            Time::Unix64,
            Time::Filetime,
            Time::Systemtime,
            Time::Dos,
            Time::Dosdate,
            Time::Bcd6,
            Time::Bcd7,
        ];
        let time = random.pick(&times);
        let wanted = random.spread(8, 512);
        let cameras = if random.percent(40) {
            1
        } else {
            1 + random.below(8)
        };
        let sound = if random.percent(50) {
            0
        } else {
            // as many sounds as pictures in some
            random.pick(&[5, 10, 15, 30, 30, 45, 60, 60, 95])
        };
        let says = random.below(10);
        // sizes of four bytes each; what is left goes to the fields that may be there
        let mut parts = vec![Part::Time];
        match says {
            0..=3 => parts.push(Part::Length),
            4..=5 => parts.push(Part::Size),
            _ => parts.extend([Part::Length, Part::Size]),
        }
        if sound > 0 || random.percent(85) {
            parts.push(Part::Kind);
        }
        if cameras > 1 {
            parts.push(Part::Camera);
        }
        let mut header: usize = parts.iter().map(|part| part.width(time)).sum();
        let magic = random
            .percent(30)
            .then(|| [0; 4].map(|_| 1 + random.below(255) as u8));
        if magic.is_some() {
            header += 4;
        }
        for (part, chance) in [
            (Part::Millis, 50),
            (Part::Sequence, 60),
            (Part::Mode, 50),
            (Part::Crc, 30),
            (Part::Camera, 50),
        ] {
            let there = parts.contains(&part) || part == Part::Millis && time.has_millis();
            if !there && header + part.width(time) <= wanted && random.percent(chance) {
                header += part.width(time);
                parts.push(part);
            }
        }
        while header < wanted {
            let run = (1 + random.below(16)).min(wanted - header);
            parts.push(match random.below(100) {
                0..50 => Part::Zeros(run),
                50..85 => Part::Fixed(run),
                _ => Part::Noise(run),
            });
            header += run;
        }
        random.shuffle(&mut parts);
        let by_length = parts.contains(&Part::Length);
        let align = if by_length {
            random.pick(&[1, 1, 2, 4, 4, 8, 16])
        } else {
            1
        };
        let swap_key = random.percent(40);
        let kinds = {
            let mut kinds: Vec<u8> = (0..=20).collect();
            random.shuffle(&mut kinds);
            [kinds[0], kinds[1], kinds[2]]
        };
        Plan {
            big: random.percent(50),
            millis_turned: random.percent(8),
            time,
            parts,
            header,
            align,
            swap_key,
            swap_p: swap_key && random.percent(15),
            short_group: by_length && random.percent(40),
            set_back: if random.percent(10) {
                random.pick(&[30, 3600, 7200])
            } else {
                0
            },
            prefix: if random.percent(50) {
                0
            } else {
                4 + random.below(80)
            },
            own_key_length: by_length && swap_key && random.percent(50),
            by_camera: random.percent(30),
            cameras,
            kinds,
            sound,
            junk: random.percent(20),
            first_camera: random.pick(&[0, 1, 1, 1, 17]),
            magic,
            fixed: (0..512).map(|_| random.below(256) as u8).collect(),
            first_sequence: if random.percent(50) {
                0
            } else {
                random.below(65_536) as u16
            },
            index: random.percent(50),
        }
    }

    /// Pictures and sound in the order of their times.
    fn events(&self, random: &mut Random, pools: &[&Pool]) -> Vec<Event> {
        let wanted = random.spread(200, 2000);
        // 1996 to 2018: these recorders were sold from about 2000 to 2015
        let start = 830_000_000_000 + (random.next() % 700_000_000_000) as i64;
        let rate = random.pick(&[1, 2, 5, 7, 10, 15, 25]);
        let mut next: Vec<(i64, usize)> = pools
            .iter()
            .map(|pool| {
                let first = random.below(pool.pictures.len());
                // a recording begins with a keyframe
                let first = (first..first + pool.pictures.len())
                    .map(|n| n % pool.pictures.len())
                    .find(|n| pool.pictures[*n].key);
                (start + random.below(1000) as i64, first.unwrap_or(0))
            })
            .collect();
        let mut events = Vec::new();
        let mut skipped = 0;
        while events.len() < wanted {
            let camera = (0..next.len())
                .min_by_key(|camera| next[*camera].0)
                .unwrap_or(0);
            let (ms, picture) = next[camera];
            if events.len() == wanted / 2 {
                skipped -= 1000 * self.set_back;
            }
            events.push(Event {
                ms: ms + skipped,
                camera,
                picture: Some(picture),
            });
            next[camera] = (
                ms + 1000 / rate + random.below(8) as i64,
                (picture + 1) % pools[camera].pictures.len(),
            );
            if random.percent(self.sound) {
                events.push(Event {
                    ms: ms + skipped,
                    camera,
                    picture: None,
                });
            }
            // nothing was recorded for a while
            if random.below(150) == 0 {
                skipped += 1000 * random.spread(5, 7200) as i64;
            }
        }
        events
    }

    fn header_of(
        &self,
        random: &mut Random,
        event: &Event,
        kind: u8,
        sequence: u16,
        body: &[u8],
        size: usize,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.header);
        out.extend(self.magic.iter().flatten());
        let mut fixed = 0;
        for part in &self.parts {
            match part {
                Part::Time => out.extend(self.time.store(event.ms, self.big).0),
                Part::Length if self.own_key_length && kind == self.kinds[1] => {
                    out.extend([0x5a, 0, 0, 0])
                }
                Part::Length => out.extend(ordered(body.len() as u64, 4, self.big)),
                Part::Size => out.extend(ordered(size as u64, 4, self.big)),
                Part::Kind => out.push(kind),
                Part::Camera => out.push(self.first_camera + event.camera as u8),
                Part::Millis => {
                    let millis = event.ms.rem_euclid(1000) as u64;
                    out.extend(ordered(millis, 2, self.big != self.millis_turned));
                }
                Part::Sequence => out.extend(ordered(u64::from(sequence), 2, self.big)),
                // changes with every gap, about
                Part::Mode => out.push(1 + ((event.ms / 600_000) % 3) as u8),
                Part::Crc => out.extend(ordered(u64::from(crc32fast::hash(body)), 4, self.big)),
                Part::Zeros(n) => out.extend(vec![0; *n]),
                Part::Fixed(n) => {
                    out.extend(&self.fixed[fixed % 256..fixed % 256 + n]);
                    fixed += n;
                }
                Part::Noise(n) => out.extend((0..*n).map(|_| random.below(256) as u8)),
            }
        }
        assert_eq!(out.len(), self.header);
        out
    }

    /// The whole record of a picture or of sound.
    fn record(
        &self,
        random: &mut Random,
        event: &Event,
        sequence: u16,
        body: &[u8],
        key: bool,
    ) -> Vec<u8> {
        let sound = event.picture.is_none();
        let kind = self.kinds[if sound { 2 } else { usize::from(key) }];
        let swap = !sound && if key { self.swap_key } else { self.swap_p };
        let mut stored = body.to_vec();
        if swap {
            // whole groups where the length tells how much of them is meant
            if self.parts.contains(&Part::Length) && !self.short_group {
                stored.resize(stored.len().next_multiple_of(4), 0);
            }
            stored = reversed(&stored);
        }
        let mut prefix: Vec<u8> = if key && !sound {
            (0..self.prefix).map(|n| self.fixed[n + 300]).collect()
        } else {
            Vec::new()
        };
        if key && !sound && self.own_key_length {
            prefix.extend((body.len() as u32).to_be_bytes());
            prefix.extend([0; 4]);
        }
        let size = (self.header + prefix.len() + stored.len()).next_multiple_of(self.align);
        let mut out = self.header_of(random, event, kind, sequence, body, size);
        out.extend(prefix);
        out.extend(stored);
        out.resize(size, 0);
        out
    }
}

impl Made {
    /// The file of this series of random numbers.
    pub fn new(random: &mut Random, families: &[Vec<Pool>]) -> Made {
        let plan = Plan::new(random);
        let family = &families[random.below(families.len())];
        let mut order: Vec<&Pool> = family.iter().collect();
        random.shuffle(&mut order);
        let chosen = &order[..plan.cameras.min(order.len())];
        let events = plan.events(random, chosen);
        let head = if random.percent(30) {
            0
        } else {
            random.spread(16, 1024)
        };
        let mut file: Vec<u8> = (0..head).map(|_| random.below(256) as u8).collect();
        let mut truth: Vec<Truth> = Vec::new();
        let mut counts = vec![plan.first_sequence; if plan.by_camera { chosen.len() } else { 1 }];
        let mut index = Vec::new();
        for event in &events {
            let count = &mut counts[if plan.by_camera { event.camera } else { 0 }];
            let sequence = *count;
            *count = count.wrapping_add(1);
            index.extend(ordered(file.len() as u64, 8, plan.big));
            index.extend(plan.time.store(event.ms, plan.big).0);
            let body = match event.picture {
                Some(n) => chosen[event.camera].pictures[n].bytes.clone(),
                None => (0..160 + random.below(320))
                    .map(|_| random.below(256) as u8)
                    .collect(),
            };
            let key = event
                .picture
                .is_some_and(|n| chosen[event.camera].pictures[n].key);
            file.extend(plan.record(random, event, sequence, &body, key));
            if event.picture.is_some() {
                let (_, seconds, millis) = plan.time.store(event.ms, plan.big);
                let beside = plan
                    .parts
                    .contains(&Part::Millis)
                    .then(|| event.ms.rem_euclid(1000) as u16);
                truth.push(Truth {
                    bytes: body,
                    key,
                    seconds,
                    millis: millis.or(beside),
                    camera: event.camera,
                });
            }
            if plan.junk && random.below(60) == 0 {
                file.extend(
                    (0..1 + random.below(300))
                        .map(|_| random.below(256) as u8)
                        .collect::<Vec<_>>(),
                );
            }
        }
        if plan.index {
            file.extend(index);
        }
        let told = format!("{} records, file header {head}, {plan:?}", events.len());
        Made {
            file,
            truth,
            told: told
                .split(", fixed: [")
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }
}
