// SPDX-License-Identifier: MPL-2.0
//! Header, index and sequence numbers compared with the records.

use super::{
    avi::AviIndexes,
    index::{Index, IndexCheck},
    rows::timestamp_text,
};
use crate::{
    common::{Failure, Input},
    recording::Frame,
};
use formats::{
    exp::{
        header::{self, FLAG_INDEX, FileHeader},
        layout::Layout,
        record::{self, Kind, Parsed, Record},
    },
    fields::Header,
    reader::{IndexEntry, StreamKey},
};
use serde::Serialize;
use std::{collections::HashMap, fs::File, os::unix::fs::FileExt};

/// Bytes that are read to recognise a record, in addition to its header.
const LOOK: usize = 256;
/// Breaks in sequence numbers that are listed one by one.
const MOST_LISTED: usize = 100;
/// Streams whose sequence numbers are followed.
const MAX_STREAMS: usize = 1024;
/// Steps below which nothing is concluded of sequence numbers.
const FEW: u64 = 8;

/// Compares the records with what header and index claim of them.
pub struct Structure {
    header: Option<FileHeader>,
    records: Records,
    /// Where the record before ends.
    end: u64,
    others: u64,
    /// Seconds of the first and the last record, and the smallest and the largest.
    first_last: Option<(i64, i64)>,
    span: Option<(i64, i64)>,
    index: Option<Index>,
    avi: Option<AviIndexes>,
    sequence: SequenceWalk,
}

/// What was found.
pub struct Found {
    /// Records of unknown kinds.
    pub others: u64,
    /// Header fields that do not agree with the records.
    pub header_wrong: Vec<String>,
    /// The index.
    pub index: Option<IndexCheck>,
    /// Sequence numbers.
    pub sequence: Option<Sequence>,
}

impl Structure {
    /// Of a file.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(input: &Input) -> Result<Structure, Failure> {
        let mut scanner = input.scanner()?;
        // the header is the first step
        let _ = scanner.scan()?;
        let info = scanner.info();
        let head = input.head(header::SIZE)?;
        let header = FileHeader::parse(&head).ok();
        let header = header.filter(|_| header::is_header(&head) && info.family == "native");
        let is_avi = info.family.starts_with("plv1") && head.starts_with(b"RIFF");
        let index = match info.index {
            Some(place) if !is_avi => {
                let offset = header.as_ref().map_or(place.offset, |header| header.index);
                Some(Index::open(input, scanner.reader().fork(), offset)?)
            }
            _ => None,
        };
        let avi = match is_avi {
            true => AviIndexes::open(input)?,
            false => None,
        };
        Ok(Structure {
            header,
            records: Records::open(input, info.family)?,
            end: info.data_start,
            others: 0,
            first_last: None,
            span: None,
            index,
            avi,
            sequence: SequenceWalk::default(),
        })
    }

    /// The next frame.
    pub fn add(&mut self, frame: &Frame) {
        self.add_others(frame.offset);
        self.end = frame.offset.saturating_add(frame.packet.size as u64);
        let entry = IndexEntry {
            offset: frame.offset,
            timestamp: frame.packet.timestamp,
            slot: None,
            camera: frame.packet.stream.camera,
            key: frame.packet.key,
            video: frame.is_video(),
        };
        self.add_record(&entry, false);
        self.sequence.add(frame);
    }

    /// Records of unknown kinds before `to`, which readers skip by their size: header and index may count them all the same.
    fn add_others(&mut self, to: u64) {
        while let Some(record) = self.records.other(self.end, to) {
            let entry = IndexEntry {
                offset: self.end,
                timestamp: record.timestamp,
                slot: None,
                camera: record.camera,
                key: false,
                video: false,
            };
            self.end = self.end.saturating_add(record.size as u64);
            self.others += 1;
            self.sequence.skipped = self.sequence.skipped.saturating_add(1);
            self.add_record(&entry, true);
        }
    }

    fn add_record(&mut self, record: &IndexEntry, other: bool) {
        if let Some(timestamp) = record.timestamp {
            let seconds = timestamp.seconds;
            let first = self.first_last.map_or(seconds, |(first, _)| first);
            self.first_last = Some((first, seconds));
            let (least, most) = self.span.unwrap_or((seconds, seconds));
            self.span = Some((least.min(seconds), most.max(seconds)));
        }
        if let Some(index) = &mut self.index {
            index.compare(record, other);
        }
        if let Some(index) = &mut self.avi {
            index.compare(record);
        }
    }

    /// All records were there. `whole`: none of them is damaged or cut, so the first and the last are known.
    pub fn finish(mut self, whole: bool) -> Found {
        self.add_others(u64::MAX);
        Found {
            others: self.others,
            header_wrong: self.check_header(whole),
            index: match self.index {
                Some(index) => Some(index.finish(&self.records)),
                None => self.avi.map(AviIndexes::finish),
            },
            sequence: self.sequence.finish(),
        }
    }

    fn check_header(&self, whole: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        let Some(header) = &self.header else {
            return wrong;
        };
        if header.flags & FLAG_INDEX != 0 && header.index == 0 {
            wrong.push("the flags claim an index, but its offset is 0".to_owned());
        }
        let (Some(ends), Some(span)) = (self.first_last.filter(|_| whole), self.span) else {
            return wrong;
        };
        // the clock may have been set back: first and last in the file, or in time
        for (name, claimed, found, also) in [
            ("first", header.first, ends.0, span.0),
            ("last", header.last, ends.1, span.1),
        ] {
            let claimed = i64::from(claimed);
            if claimed != 0 && claimed != found && claimed != also {
                let text = |seconds| timestamp_text(Some(seconds), None).unwrap_or_default();
                wrong.push(format!(
                    "the time of the {name} record is given as {}, but that record has {}",
                    text(claimed),
                    text(found)
                ));
            }
        }
        wrong
    }
}

/// Reads single records by the file's layout.
pub struct Records {
    file: File,
    /// `None` where records do not follow each other.
    layout: Option<Layout>,
    size: u64,
}

impl Records {
    fn open(input: &Input, family: &str) -> Result<Records, Failure> {
        let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", input.name));
        Ok(Records {
            file: File::open(&input.path).map_err(fail)?,
            layout: input.layout().filter(|_| !family.starts_with("plv1")),
            size: input.size,
        })
    }

    fn parse(&self, offset: u64) -> Option<Parsed> {
        let layout = self.layout.as_ref()?;
        let most = layout.record.header.saturating_add(LOOK) as u64;
        let here = self.size.saturating_sub(offset).min(most);
        let mut bytes = vec![0; usize::try_from(here).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, offset).ok()?;
        Some(record::parse(layout, &bytes, None))
    }

    /// The record of an unknown kind at `offset`, where it ends before `to`.
    fn other(&self, offset: u64, to: u64) -> Option<Record> {
        let to = to.min(self.size);
        if offset >= to {
            return None;
        }
        match self.parse(offset)? {
            Parsed::Record(record) if record.kind == Kind::Other && record.size > 0 => {
                let end = offset.checked_add(record.size as u64)?;
                (end <= to).then_some(record)
            }
            _ => None,
        }
    }

    /// What is at `offset`, in words.
    pub fn describe(&self, offset: u64) -> &'static str {
        match self.parse(offset) {
            Some(Parsed::Record(_)) => "where another record begins",
            Some(Parsed::NoPicture { .. }) => "where a damaged record begins",
            _ => "where no record begins",
        }
    }
}

/// A place where sequence numbers do not increase by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jump {
    /// Offset of the record.
    pub offset: u64,
    /// Camera or channel of the record.
    pub camera: u16,
    /// Number before.
    pub from: u16,
    /// Its number.
    pub to: u16,
    /// Records that may be missing; 0 where the number repeats or decreases.
    pub missing: u16,
}

/// What sequence numbers show, where they mostly increase by one.
#[derive(Debug, Default, Serialize)]
pub struct Sequence {
    /// Numbers increase by one in each stream; otherwise over all records of the file.
    pub per_camera: bool,
    /// Places where they do not.
    pub jumps: u64,
    /// Records that may be missing there.
    pub missing: u64,
    /// The first hundred.
    pub listed: Vec<Jump>,
}

/// Follows sequence numbers in both ways of counting.
#[derive(Default)]
struct SequenceWalk {
    /// Records of unknown kinds since the last number, which may have had numbers of their own.
    skipped: u16,
    last: Option<u16>,
    whole: (u64, Sequence),
    streams: HashMap<StreamKey, u16>,
    each: (u64, Sequence),
}

impl SequenceWalk {
    fn add(&mut self, frame: &Frame) {
        let Some(to) = frame.packet.sequence else {
            return;
        };
        let stream = frame.packet.stream;
        let step = |count: &mut (u64, Sequence), from: u16, skipped: u16| {
            count.0 += 1;
            let ahead = to.wrapping_sub(from);
            if ahead == 1 || (ahead > 1 && ahead - 1 <= skipped) {
                return;
            }
            // half of the numbers are before
            let missing = if (2..0x8000).contains(&ahead) {
                ahead - 1
            } else {
                0
            };
            count.1.jumps += 1;
            count.1.missing += u64::from(missing);
            if count.1.listed.len() < MOST_LISTED {
                let (offset, camera) = (frame.offset, stream.camera);
                count.1.listed.push(Jump {
                    offset,
                    camera,
                    from,
                    to,
                    missing,
                });
            }
        };
        if let Some(from) = self.last.replace(to) {
            step(&mut self.whole, from, self.skipped);
        }
        self.skipped = 0;
        let known = self.streams.len() < MAX_STREAMS || self.streams.contains_key(&stream);
        if known && let Some(from) = self.streams.insert(stream, to) {
            step(&mut self.each, from, 0);
        }
    }

    /// Nothing where nine of ten steps are not by one: then the numbers do not count records.
    fn finish(self) -> Option<Sequence> {
        let counts = |(steps, found): &(u64, Sequence)| {
            *steps >= FEW && found.jumps.saturating_mul(10) <= *steps
        };
        let per_camera = !counts(&self.whole);
        let chosen = if per_camera { self.each } else { self.whole };
        counts(&chosen).then_some(Sequence {
            per_camera,
            ..chosen.1
        })
    }
}

impl std::fmt::Display for Jump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Jump {
            offset, from, to, ..
        } = self;
        match (from == to, self.missing) {
            (true, _) => write!(f, "sequence number {from} repeats at offset {offset}"),
            (_, 0) => write!(
                f,
                "sequence numbers decrease from {from} to {to} at offset {offset}"
            ),
            (_, missing) => {
                let records = if missing == 1 { "record" } else { "records" };
                write!(
                    f,
                    "sequence numbers jump from {from} to {to} at offset {offset}: {missing} {records} may be missing"
                )
            }
        }
    }
}
