// SPDX-License-Identifier: MPL-2.0
//! Every frame of a file in order, with its time, run and reference, and what was found beside the frames. Memory is bounded.

use super::{
    parser::DamagedRange,
    placement::{ClockFaults, Placed, Placement},
    profile::{HEAD_RECORDS, Profile},
    scan::{Scanned, Scanner},
    source::Source,
};
use crate::{
    reader::{FileInfo, Media, Packet, Payload, Timestamp},
    timeline::{Break, GapPolicy, Mark, Resolution},
};

/// Damaged ranges and warnings that are remembered; the rest is counted.
const MAX_REMEMBERED: usize = 10_000;
/// Bytes without a record after which the first ones are not waited for any longer, where only the first are wanted.
const PATIENCE: u64 = 4 << 20;

/// What is wanted of a file.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What becomes of gaps in the running time.
    pub policy: GapPolicy,
    /// Compare each record's bytes with its checksum.
    pub checksums: bool,
    /// Only the first records.
    pub first: Option<u64>,
    /// Coded bytes are wanted of all records; otherwise the heads of long ones are enough.
    pub payloads: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            policy: GapPolicy::Collapse,
            checksums: false,
            first: None,
            payloads: false,
        }
    }
}

/// Whether a record's checksum agrees with its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// The record has none, or it was not asked for.
    #[default]
    Absent,
    /// It agrees.
    Ok,
    /// It does not.
    Mismatch,
}

impl Checksum {
    /// `ok`, `mismatch` or nothing.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Checksum::Absent => None,
            Checksum::Ok => Some("ok"),
            Checksum::Mismatch => Some("mismatch"),
        }
    }
}

/// A coded frame of a camera, or a block of audio.
#[derive(Debug)]
pub struct Frame<T> {
    /// Number among the frames and audio blocks of the file, from 0.
    pub number: u64,
    /// Offset of its record in the file.
    pub offset: u64,
    /// The record. Its payload's ranges count from the record's beginning, whose bytes are no longer there.
    pub packet: Packet,
    /// The recorder's time as it is in the file, or a neighbour's where it was not believed.
    pub timestamp: Option<Timestamp>,
    /// Its time, finer than the timestamp where only seconds count: nanoseconds since 1970; without a clock, since the first slot.
    pub clock: i64,
    /// What `clock` is worth: whole seconds have fractions that are worked out, slots are no time of day.
    pub resolution: Resolution,
    /// Running time, nanoseconds.
    pub running: i64,
    /// Number of its run, from 0.
    pub run: usize,
    /// Why a run begins with it.
    pub begins: Option<Break>,
    /// Its camera was interrupted before it.
    pub interrupted: bool,
    /// Its reference is missing: before the first keyframe, or after a gap before the next.
    pub orphan: bool,
    /// The clock it has in the file was not believed, or shows a time that cannot be.
    pub doubtful: bool,
    /// Its checksum.
    pub checksum: Checksum,
    /// What the caller worked out from its coded bytes.
    pub extra: T,
}

impl<T> Frame<T> {
    /// A frame of a camera, not audio.
    pub fn is_video(&self) -> bool {
        self.packet.stream.codec.media() == Media::Video
    }
}

/// What was found beside the frames.
#[derive(Debug, Default)]
pub struct Findings {
    /// What the header says.
    pub info: FileInfo,
    /// What the first records show.
    pub profile: Profile,
    /// Frames and audio blocks.
    pub records: u64,
    /// Bytes before the first record that are not a header: offset and number.
    pub front: Option<(u64, u64)>,
    /// Damaged ranges, the first 10,000.
    pub damage: Vec<DamagedRange>,
    /// Number of damaged ranges.
    pub damaged: u64,
    /// Bytes in them.
    pub damaged_bytes: u64,
    /// Offset of the last record where the file ends inside it, and the bytes of it that are there.
    pub cut: Option<(u64, u64)>,
    /// What does not agree.
    pub warnings: Vec<String>,
    /// Records whose checksum was compared with their bytes.
    pub checked: u64,
    /// Those that did not agree.
    pub mismatches: u64,
    /// How clocks behaved.
    pub faults: ClockFaults,
    /// A header was passed: what is skipped after it has a reason.
    has_header: bool,
}

impl Findings {
    /// Times are times of day.
    pub fn has_clock(&self) -> bool {
        self.profile.timing.resolution != Resolution::Slots
    }

    /// Fractions of a second are worked out: the recorder's clock counts whole seconds.
    pub fn is_estimated(&self) -> bool {
        self.profile.timing.resolution == Resolution::Seconds
    }

    /// Anything was met that a whole recording does not have.
    pub fn is_damaged(&self) -> bool {
        let cut = self.cut.is_some() && !has_no_end(self.info.family);
        self.front.is_some() || self.damaged > 0 || cut
    }

    /// Remembers something that does not agree.
    pub fn warn(&mut self, warning: String) {
        if self.warnings.len() < MAX_REMEMBERED {
            self.warnings.push(warning);
        }
    }

    fn skip(&mut self, offset: u64, length: u64, info: &FileInfo, known: u64) {
        let end = offset.saturating_add(length);
        self.has_header |= info.family == "native" && info.data_start == end;
        let from = offset.max(known);
        if self.has_header || self.records > 0 || from >= end {
            return;
        }
        let (_, length) = self.front.get_or_insert((from, 0));
        *length = length.saturating_add(end.saturating_sub(from));
    }

    fn damage(&mut self, range: DamagedRange) {
        self.damaged = self.damaged.saturating_add(1);
        self.damaged_bytes = self.damaged_bytes.saturating_add(range.length);
        if self.damage.len() < MAX_REMEMBERED {
            self.damage.push(range);
        }
    }

    fn note_faults(&mut self, faults: ClockFaults) {
        self.faults = faults;
        if let Some((offset, count)) = faults.stray {
            self.warn(format!(
                "the clocks of {count} records, the first at offset {offset}, agree with no other and were replaced by their neighbours'"
            ));
        }
        if let Some((offset, count)) = faults.implausible {
            self.warn(format!(
                "{count} frames, the first at offset {offset}, show a time at which no recorder recorded; its clock had probably lost its battery, and their times are doubtful"
            ));
        }
        if let Some((offset, count)) = faults.undated {
            self.warn(format!(
                "{count} frames, the first at offset {offset}, have no time of their own; the times of the frames around them were used, and theirs are doubtful"
            ));
        }
    }
}

/// Captures of streams end wherever they were broken off, partitions of a ring where the ring continues: that is not a fault.
pub fn has_no_end(family: &str) -> bool {
    family.starts_with("netvu")
}

/// What the coded bytes of a record are shown to, with its offset.
pub type Attach<'a, T> = dyn FnMut(u64, &Packet, &[u8]) -> T + 'a;

/// Goes over the frames of a file. `attach` sees each record's coded bytes where `options.payloads` asks for them and in the
/// first records; `show` gets each frame; `known` is the number of bytes at the file's beginning that may be anything.
///
/// # Errors
/// Whatever the source or `show` fails with.
pub fn read<S: Source, T, E: From<S::Error>>(
    scanner: &mut Scanner<S>,
    options: &Options,
    known: u64,
    attach: &mut Attach<'_, T>,
    show: &mut dyn FnMut(Frame<T>) -> Result<(), E>,
) -> Result<Findings, E> {
    let mut pass = Pass {
        placement: Placement::new(options.policy),
        run: 0,
    };
    let mut findings = Findings::default();
    let mut scratch = Vec::new();
    let mut last = 0_u64;
    let payloads = options.payloads || options.checksums;
    let mut heads = false;
    let most = options.first.unwrap_or(u64::MAX);
    while findings.records < most {
        if options.first.is_some() {
            scanner.set_limit(last.saturating_add(PATIENCE));
        }
        if !heads && !payloads && pass.placement.head().is_none() {
            heads = true;
            scanner.heads_only();
        }
        let Some(scanned) = scanner.scan()? else {
            break;
        };
        match scanned {
            Scanned::Packet {
                offset,
                packet,
                data,
            } => {
                last = offset.saturating_add(packet.size as u64);
                // texts and overlays are placed in time with the others, as when played, and not shown
                let is_shown = matches!(packet.stream.codec.media(), Media::Video | Media::Audio);
                let in_head = pass.placement.head().is_some();
                scratch.clear();
                let coded: &[u8] = match &packet.payload {
                    Payload::Plain(range) => data.get(range.clone()).unwrap_or_default(),
                    other if in_head || payloads => {
                        other.append_to(data, &mut scratch);
                        &scratch
                    }
                    _ => &[],
                };
                let mut checksum = Checksum::Absent;
                if let Some(crc) = packet.crc.filter(|_| options.checksums || in_head) {
                    checksum = match crc == crc32fast::hash(coded) {
                        true => Checksum::Ok,
                        false => Checksum::Mismatch,
                    };
                }
                let trusted = checksum != Checksum::Mismatch;
                if is_shown && options.checksums && checksum != Checksum::Absent {
                    findings.checked = findings.checked.saturating_add(1);
                    findings.mismatches = findings.mismatches.saturating_add(u64::from(!trusted));
                }
                let extra = is_shown.then(|| attach(offset, &packet, coded));
                let mark = Mark::new(offset, &packet);
                let item = Item {
                    number: findings.records,
                    packet,
                    checksum: match options.checksums {
                        true => checksum,
                        false => Checksum::Absent,
                    },
                    extra,
                };
                findings.records = findings.records.saturating_add(u64::from(is_shown));
                let placed = pass.placement.push(item, mark, coded, trusted);
                if let Some(frame) = placed.and_then(|placed| pass.frame(placed)) {
                    show(frame)?;
                }
            }
            Scanned::Damaged(range) => findings.damage(range),
            Scanned::Skipped { offset, length } => {
                findings.skip(offset, length, scanner.info(), known);
            }
            Scanned::Cut { offset, length } => findings.cut = Some((offset, length)),
        }
        let head = pass.placement.head();
        if head.is_some_and(|head| head.is_full(HEAD_RECORDS)) {
            pass.placement.settle(scanner.info());
        }
        pass.show_all(show)?;
    }
    pass.placement.settle(scanner.info());
    pass.placement.finish();
    pass.show_all(show)?;
    findings.info = scanner.info().clone();
    findings.profile = pass.placement.profile().clone();
    for warning in scanner.reader_mut().take_warnings() {
        findings.warn(warning);
    }
    findings.note_faults(pass.placement.faults());
    Ok(findings)
}

struct Item<T> {
    number: u64,
    packet: Packet,
    checksum: Checksum,
    /// `None` where it is not shown.
    extra: Option<T>,
}

struct Pass<T> {
    placement: Placement<Item<T>>,
    run: usize,
}

impl<T> Pass<T> {
    fn show_all<E>(&mut self, show: &mut dyn FnMut(Frame<T>) -> Result<(), E>) -> Result<(), E> {
        while let Some(placed) = self.placement.pop() {
            if let Some(frame) = self.frame(placed) {
                show(frame)?;
            }
        }
        Ok(())
    }

    fn frame(&mut self, placed: Placed<Item<T>>) -> Option<Frame<T>> {
        let begins = placed.place.begins;
        if begins.is_some_and(|begins| begins != Break::Start) {
            self.run = self.run.saturating_add(1);
        }
        let Item {
            number,
            mut packet,
            checksum,
            extra,
        } = placed.item;
        let extra = extra?;
        packet.stream = self.placement.profile().stream(packet.stream);
        Some(Frame {
            number,
            offset: placed.mark.offset,
            packet,
            timestamp: placed.mark.timestamp,
            clock: placed.clock,
            resolution: self.placement.profile().timing.resolution,
            running: placed.place.running,
            run: self.run,
            begins,
            interrupted: placed.place.interrupted,
            orphan: placed.orphan,
            doubtful: placed.doubtful,
            checksum,
            extra,
        })
    }
}
