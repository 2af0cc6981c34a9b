// SPDX-License-Identifier: MPL-2.0
//! Kind, camera and sequence number.

use super::rows::{Row, Rows};
use crate::exp::layout::Number;
use std::collections::{BTreeMap, BTreeSet};

/// A kind byte.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Column.
    pub at: usize,
    /// Values of P pictures.
    pub p: Vec<u64>,
    /// Values of keyframes.
    pub key: Vec<u64>,
    /// Records that agree.
    pub agree: usize,
    /// Other columns that tell the pictures apart as well.
    pub rivals: Vec<usize>,
}

/// Values that more than one record in a hundred has, and the records with them.
fn common(values: impl Iterator<Item = u64>) -> (BTreeSet<u64>, usize) {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    let mut all = 0usize;
    for value in values {
        all = all.saturating_add(1);
        let count = counts.entry(value).or_default();
        *count = count.saturating_add(1);
    }
    counts.retain(|_, count| count.saturating_mul(100) > all);
    let agree = counts
        .values()
        .fold(0usize, |sum, count| sum.saturating_add(*count));
    (counts.into_keys().collect(), agree)
}

/// The byte that tells keyframes from P pictures. `others` are the offsets of records that hold neither.
pub fn kind(rows: &Rows<'_>, others: &[usize]) -> Option<Kind> {
    let mut best: Option<((usize, usize), Kind)> = None;
    for at in rows.places(1) {
        let of = |key: bool| {
            common(
                rows.numbers(at, Number::U8)
                    .filter(move |(row, _)| row.picture.key == key)
                    .map(|(_, value)| value),
            )
        };
        let ((p, p_agree), (key, key_agree)) = (of(false), of(true));
        if p.is_empty() || key.is_empty() || p.len() > 2 || key.len() > 2 || !p.is_disjoint(&key) {
            continue;
        }
        let confused = others
            .iter()
            .filter_map(|start| rows.bytes.get(start.checked_add(at)?))
            .filter(|value| p.contains(&u64::from(**value)) || key.contains(&u64::from(**value)))
            .count();
        let rank = (confused, p.len().saturating_add(key.len()));
        let found = Kind {
            at,
            p: p.into_iter().collect(),
            key: key.into_iter().collect(),
            agree: p_agree.saturating_add(key_agree),
            rivals: Vec::new(),
        };
        best = Some(match best {
            None => (rank, found),
            Some((best_rank, _)) if rank < best_rank => (rank, found),
            Some((best_rank, mut kept)) => {
                if rank == best_rank {
                    kept.rivals.push(at);
                }
                (best_rank, kept)
            }
        });
    }
    best.map(|(_, kind)| kind)
}

/// A camera byte.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Column.
    pub at: usize,
    /// Bits of the byte that are the camera.
    pub mask: u64,
    /// Its values.
    pub values: Vec<u64>,
    /// Pictures that come at their camera's own pace, of [`Camera::of`].
    pub agree: usize,
    /// Pictures that were compared.
    pub of: usize,
    /// Columns that part the pictures otherwise and as well.
    pub rivals: Vec<usize>,
}

/// How regular the pictures' own times are when they are parted by `part`: pictures that come one usual step after the one
/// before of the same part, and pictures compared. A keyframe has to come first, and in P pictures the time must go on.
fn regularity(rows: &Rows<'_>, part: impl Fn(&Row) -> u64) -> (usize, usize) {
    let mut last: BTreeMap<u64, (u32, u16)> = BTreeMap::new();
    let mut steps: BTreeMap<u64, BTreeMap<i32, usize>> = BTreeMap::new();
    let (mut all, mut orphans) = (0usize, 0usize);
    // where all are keyframes, those go on too
    let only_keys = rows
        .list
        .iter()
        .filter(|row| row.picture.key)
        .count()
        .saturating_mul(2)
        > rows.list.len();
    for row in &rows.list {
        let part = part(row);
        let before = last.insert(part, row.picture.time);
        match before {
            None => orphans = orphans.saturating_add(usize::from(!row.picture.key)),
            Some((_, increment)) if row.picture.time.0 == 0 && (only_keys || !row.picture.key) => {
                all = all.saturating_add(1);
                let step = i32::from(row.picture.time.1).saturating_sub(i32::from(increment));
                let count = steps.entry(part).or_default().entry(step).or_default();
                *count = count.saturating_add(1);
            }
            Some(_) => {}
        }
    }
    let usual = steps.values().filter_map(|steps| steps.values().max());
    let agree = usual.fold(0usize, |sum, count| sum.saturating_add(*count));
    (agree.saturating_sub(orphans), all)
}

/// Share in thousandths.
fn share((agree, of): (usize, usize)) -> usize {
    agree.saturating_mul(1000).checked_div(of).unwrap_or(1000)
}

/// The byte that parts the pictures into cameras, each decodable by itself: `None` where the pictures are one stream.
pub fn camera(rows: &Rows<'_>, kind: Option<usize>) -> Option<Camera> {
    let whole = regularity(rows, |_| 0);
    let missing = whole.1.saturating_sub(whole.0);
    if missing < 3 || share(whole) >= 995 {
        return None;
    }
    let mut found: Vec<(usize, Camera, Vec<u64>)> = Vec::new();
    // the byte that is the kind may be the camera too
    for at in rows.places(1).chain(kind) {
        let mask = 0xff & !key_bits(rows, at);
        let column: Vec<u64> = rows
            .numbers(at, Number::U8)
            .map(|(_, value)| value & mask)
            .collect();
        let (usual, agree) = common(column.iter().copied());
        // a camera may have few pictures
        let every: BTreeSet<u64> = column.iter().copied().collect();
        let (values, agree) = if every.len() <= 32 {
            (every, column.len())
        } else {
            (usual, agree)
        };
        if !(2..=32).contains(&values.len())
            || agree.saturating_mul(100) < rows.list.len().saturating_mul(98)
        {
            continue;
        }
        let parted = regularity(rows, |row| {
            let place = row.start.saturating_add(at);
            let value = rows.bytes.get(place);
            value.map_or(256, |value| u64::from(*value) & mask)
        });
        let camera = Camera {
            at,
            mask,
            values: values.into_iter().collect(),
            agree: parted.0,
            of: parted.1,
            rivals: Vec::new(),
        };
        found.push((share(parted), camera, column));
    }
    let most = found.iter().map(|(share, ..)| *share).max()?;
    let gain = most.saturating_sub(share(whole));
    if gain < 20 && most < 998 {
        return None;
    }
    if gain.saturating_mul(2) < 1000usize.saturating_sub(share(whole)) {
        return None;
    }
    // the fewest parts that do, numbered from 1 or 0
    found.retain(|(share, ..)| share.saturating_add(4) >= most);
    let rank = |camera: &Camera| {
        let first = camera.values.first().copied().unwrap_or(0);
        (camera.values.len(), first > 1, first != 1)
    };
    let (_, best, column) = found.iter().min_by_key(|(_, camera, _)| rank(camera))?;
    let mut best = best.clone();
    best.rivals = found
        .iter()
        .filter(|(_, camera, other)| {
            camera.values.len() == best.values.len()
                && camera.at != best.at
                && !same_parts(column, other)
        })
        .map(|(_, camera, _)| camera.at)
        .collect();
    Some(best)
}

/// Bits of a byte that tell keyframes from others, in every record.
fn key_bits(rows: &Rows<'_>, at: usize) -> u64 {
    let (mut as_key, mut as_other) = (0xff_u64, 0xff_u64);
    for (row, value) in rows.numbers(at, Number::U8) {
        let value = if row.picture.key { value } else { !value };
        as_key &= value;
        as_other &= !value;
    }
    let keys = rows.list.iter().filter(|row| row.picture.key).count();
    if keys < 2 || keys == rows.list.len() {
        return 0;
    }
    (as_key | as_other) & 0xff
}

/// The pictures are clearly more than one stream.
pub fn mixed(rows: &Rows<'_>) -> bool {
    let whole = regularity(rows, |_| 0);
    whole.1 >= 20 && share(whole) < 850
}

/// Of a part of the pictures there are only keyframes, or only others: the byte is more than a camera.
pub fn tells_keys(rows: &Rows<'_>, at: usize, mask: u64) -> bool {
    let mut parts: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for (row, value) in rows.numbers(at, Number::U8) {
        let (keys, all) = parts.entry(value & mask).or_default();
        *keys = keys.saturating_add(usize::from(row.picture.key));
        *all = all.saturating_add(1);
    }
    let plain = parts.values().any(|(keys, all)| *keys == 0 && *all >= 8);
    let keys = parts.values().any(|(keys, all)| keys == all && *all >= 2);
    plain && keys
}

/// Both columns part the records the same way.
fn same_parts(a: &[u64], b: &[u64]) -> bool {
    let mut forth = BTreeMap::new();
    let mut back = BTreeMap::new();
    a.iter()
        .zip(b)
        .all(|(a, b)| forth.entry(a).or_insert(b) == &b && back.entry(b).or_insert(a) == &a)
}

/// A number that counts records, all or those of a camera: column, type, records that agree. `others` are the offsets of
/// records that hold no picture; they may count too.
pub fn sequence(
    rows: &Rows<'_>,
    camera: Option<usize>,
    others: &[usize],
) -> Option<(usize, Number, usize)> {
    let before = |start: usize| others.partition_point(|other| *other < start);
    // records up to the next picture, where all of them are known
    let steps: Vec<Option<u64>> = rows
        .list
        .iter()
        .zip(rows.list.iter().skip(1))
        .map(|(a, b)| {
            let between = before(b.start).saturating_sub(before(a.start));
            (between > 0 || a.end == b.start).then_some(between.saturating_add(1) as u64)
        })
        .collect();
    let mut best: Option<(usize, Number, usize)> = None;
    for number in [Number::U16le, Number::U16be] {
        for at in rows.places(2) {
            let values: Vec<u64> = rows.numbers(at, number).map(|(_, value)| value).collect();
            let step = |a: u64, b: u64| b.wrapping_sub(a) & 0xffff;
            let whole = Share::of(
                values
                    .iter()
                    .zip(values.iter().skip(1))
                    .zip(&steps)
                    .filter_map(|((a, b), wanted)| Some((step(*a, *b), (*wanted)?)))
                    .map(|(step, wanted)| step == 1 || step == wanted),
            );
            let parted = camera.map_or(Share::default(), |camera| {
                let mut last: BTreeMap<u64, u64> = BTreeMap::new();
                let cameras = rows.numbers(camera, Number::U8);
                Share::of(cameras.zip(&values).filter_map(|((_, camera), value)| {
                    Some(step(last.insert(camera, *value)?, *value) == 1)
                }))
            });
            for share in [whole, parted] {
                let better = best.is_none_or(|(.., most)| share.agree > most);
                if share.is_nearly_all() && better {
                    best = Some((at, number, share.agree.saturating_add(1)));
                }
            }
        }
    }
    best
}

/// How many of how many agree.
#[derive(Clone, Copy, Default)]
struct Share {
    agree: usize,
    of: usize,
}

impl Share {
    fn of(agrees: impl Iterator<Item = bool>) -> Share {
        agrees.fold(Share::default(), |share, agrees| Share {
            agree: share.agree.saturating_add(usize::from(agrees)),
            of: share.of.saturating_add(1),
        })
    }

    fn is_nearly_all(self) -> bool {
        self.of >= 8 && self.agree.saturating_mul(20) >= self.of.saturating_mul(19)
    }
}
