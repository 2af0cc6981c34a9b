// SPDX-License-Identifier: MPL-2.0
//! The index at the end of a file in the reference layout (assumed): `DXIX`, count, entries, checksum. A hint, never believed.

use super::{codes::KIND_NAMES, layout::Layout};
use crate::{
    cursor,
    fields::{Header, Text, header},
    reader::{IndexEntry, IndexPlace, Timestamp},
};

/// First bytes of an index.
pub const MAGIC: &[u8; 4] = b"DXIX";

header! {
    /// What the index begins with.
    pub struct Head: 8 bytes, Little {
        0 magic: Text<4>, "magic",   Assumed;
        4 count: u32,     "entries", Assumed;
    }
}

header! {
    /// One entry: a record.
    pub struct Entry: 16 bytes, Little {
        0  offset: u64,  "record offset", Assumed;
        8  seconds: u32, "recorder time", Assumed, UnixTime("if UTC (assumed)");
        12 millis: u16,  "milliseconds",  Assumed, Unit("ms");
        14 camera: u8,   "camera",        Assumed;
        15 kind: u8,     "kind",          Assumed, Names(KIND_NAMES);
    }
}

header! {
    /// What the index ends with.
    pub struct Tail: 4 bytes, Little {
        0 crc: u32, "CRC-32 of entries", Assumed, Hex;
    }
}

/// Where the entries are of an index of `count` entries whose magic is at `offset`.
pub fn place(offset: u64, count: u64) -> IndexPlace {
    IndexPlace {
        offset: offset.saturating_add(Head::SIZE as u64),
        count,
        entry_size: Entry::SIZE,
    }
}

/// Reads an entry; `None` where `data` is too short.
pub fn entry(data: &[u8]) -> Option<IndexEntry> {
    let entry = Entry::parse(data).ok()?;
    let kind = Layout::reference().record.kind.as_ref()?;
    let number = u64::from(entry.kind);
    let key = kind.key.contains(&number);
    Some(IndexEntry {
        offset: entry.offset,
        timestamp: Some(Timestamp {
            seconds: i64::from(entry.seconds),
            millis: Some(entry.millis).filter(|millis| *millis < 1000),
        }),
        slot: None,
        camera: u16::from(entry.camera),
        key,
        video: key || kind.p.contains(&number),
    })
}

/// Entries that are looked at before an index is believed, or given up.
pub(super) const PROOF: usize = 4;

/// Whether `data`, which begins with [`MAGIC`] at `offset`, is an index and not a record whose first bytes read so: of its first
/// entries at least half name a place before it. `Err`: so many bytes are needed to decide.
pub fn proves_itself(data: &[u8], offset: u64, last: bool) -> Result<bool, usize> {
    let Ok(Head { count, .. }) = Head::parse(data) else {
        return match last {
            true => Ok(true),
            false => Err(Head::SIZE),
        };
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(PROOF);
    let end = count.saturating_mul(Entry::SIZE).saturating_add(Head::SIZE);
    if data.len() < end && !last {
        return Err(end);
    }
    let (entries, _) = data
        .get(Head::SIZE..)
        .unwrap_or_default()
        .as_chunks::<{ Entry::SIZE }>();
    let entries = entries.iter().take(count);
    let (shown, good) = entries.fold((0_usize, 0_usize), |(shown, good), entry| {
        let good = good.saturating_add(usize::from(names_a_record(entry, offset)));
        (shown.saturating_add(1), good)
    });
    Ok(match count {
        0 => data
            .get(Head::SIZE..)
            .is_none_or(|sum| sum.iter().take(4).all(|byte| *byte == 0)),
        _ => good.saturating_mul(2) >= shown,
    })
}

/// Whether an entry of an index at `index` can be one: it names a place before the index.
fn names_a_record(entry: &[u8; Entry::SIZE], index: u64) -> bool {
    self::entry(entry).is_some_and(|entry| {
        let fits = entry.timestamp.is_some_and(|time| time.millis.is_some());
        fits && entry.offset < index
    })
}

/// Walks over an index that stands where records end, and compares it with what was read.
#[derive(Clone, Debug)]
pub struct Walk {
    offset: u64,
    count: u32,
    left: u64,
    sum: crc32fast::Hasher,
    begun: bool,
}

/// Outcome of a step over the index.
pub enum Passed {
    /// More bytes are needed.
    Need(usize),
    /// This many bytes are the index.
    Some(usize),
    /// The index ends after these bytes; what it says that is not so.
    Done(usize, Option<String>),
}

impl Walk {
    /// An index whose magic stands at `offset`; `None` where the count is not there yet.
    pub fn new(data: &[u8], offset: u64) -> Option<Walk> {
        let count = Head::parse(data).ok()?.count;
        Some(Walk {
            offset,
            count,
            left: u64::from(count).saturating_mul(Entry::SIZE as u64),
            sum: crc32fast::Hasher::new(),
            begun: false,
        })
    }

    /// Entries that the index says it has.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Passes over what `data` holds of the index. `last`: the file ends with `data`.
    pub fn pass(&mut self, data: &[u8], last: bool) -> Passed {
        if !self.begun {
            self.begun = true;
            return Passed::Some(Head::SIZE);
        }
        if self.left > 0 {
            return self.pass_entries(data, last);
        }
        match cursor::u32_le(data, 0) {
            Ok(claimed) => {
                let actual = self.sum.clone().finalize();
                let wrong = (claimed != actual).then(|| {
                    format!(
                        "index at offset {}: checksum {claimed:08x} where its entries have {actual:08x}",
                        self.offset
                    )
                });
                Passed::Done(4, wrong)
            }
            Err(_) if last => Passed::Done(
                data.len(),
                Some(format!("index at offset {}: cut short", self.offset)),
            ),
            Err(_) => Passed::Need(4),
        }
    }

    fn pass_entries(&mut self, data: &[u8], last: bool) -> Passed {
        let wrong = |what: &str| Some(format!("index at offset {}: {what}", self.offset));
        let is_entry = |entry: &[u8; Entry::SIZE]| names_a_record(entry, self.offset);
        match pass_entries(data, self.left, last, is_entry) {
            Entries::Need(bytes) => Passed::Need(bytes),
            Entries::Some(bytes) => {
                self.sum.update(data.get(..bytes).unwrap_or_default());
                self.left = self.left.saturating_sub(bytes as u64);
                Passed::Some(bytes)
            }
            Entries::Cut(bytes) => Passed::Done(bytes, wrong("cut short")),
            Entries::Wrong => {
                let claimed = u64::from(self.count).saturating_mul(Entry::SIZE as u64);
                let passed = claimed.saturating_sub(self.left);
                let found = passed.checked_div(Entry::SIZE as u64).unwrap_or(0);
                let what = format!("{} entries claimed, {found} found", self.count);
                Passed::Done(0, wrong(&what))
            }
        }
    }
}

/// What is at the start of the rest of an index.
pub(super) enum Entries {
    /// So many bytes are needed.
    Need(usize),
    /// So many bytes of whole entries.
    Some(usize),
    /// The file ends inside an entry, after so many bytes.
    Cut(usize),
    /// Nothing that could be entries: the index is shorter than it claims.
    Wrong,
}

/// Passes over entries of `N` bytes, of which `left` bytes are claimed, as long as they are some: a wrong count must not swallow what
/// follows the index. A single damaged entry is passed.
pub(super) fn pass_entries<const N: usize>(
    data: &[u8],
    left: u64,
    last: bool,
    is_entry: impl Fn(&[u8; N]) -> bool,
) -> Entries {
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let claimed = data.get(..left.min(data.len())).unwrap_or_default();
    let (entries, rest) = claimed.as_chunks::<N>();
    let mut passed: usize = 0;
    for (n, entry) in entries.iter().enumerate() {
        if !is_entry(entry) {
            let ahead = entries.get(n..).unwrap_or_default();
            let all = ahead.len().saturating_add(n).saturating_mul(N) >= left;
            if ahead.len() < PROOF && !all && !last {
                break;
            }
            if ahead.len() >= PROOF && !ahead.iter().take(PROOF).any(&is_entry) {
                return match passed {
                    0 => Entries::Wrong,
                    _ => Entries::Some(passed),
                };
            }
        }
        passed = passed.saturating_add(N);
    }
    match passed {
        0 if last => Entries::Cut(rest.len()),
        0 => Entries::Need(N.saturating_mul(PROOF).min(left)),
        _ => Entries::Some(passed),
    }
}
