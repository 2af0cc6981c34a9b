// SPDX-License-Identifier: MPL-2.0
//! A look at both ends of a recording.

use super::{
    gather::{Gather, times},
    report::{Modes, Report},
};
use crate::common::{
    Common, Failure, Input,
    frames::{self, Options},
    walk::{Event, Walk},
};
use formats::{
    exp::index,
    fields::Header,
    reader::{FileInfo, Media},
};
use std::{fs::File, os::unix::fs::FileExt};

/// Records that are read at the beginning.
const FIRST: u64 = 64;
/// Bytes before the end in which the last record is looked for.
const TAIL: u64 = 512 << 10;

/// Looks at the header, the first and the last records.
///
/// # Errors
/// A file that cannot be read.
pub fn look(common: &Common, input: &Input) -> Result<Report, Failure> {
    let mut gather = Gather::default();
    let mut first = None;
    let options = Options {
        sizes: true,
        ..Options::default()
    };
    let summary = frames::read_first(input, options, FIRST, &mut |frame| {
        if frame.is_video() {
            first.get_or_insert(frame.clock);
        }
        gather.add(&frame);
        Ok(())
    })?;
    let times = times(common, &summary);
    let last = match summary.has_clock() {
        true => last_time(input, &summary.info)?,
        false => None,
    };
    let from_first = gather.report(common, input, &summary);
    let mut report = Report::of(common, input, &summary.info, times);
    report.span = first.and_then(|first| times.span(first, last));
    report.front = summary.front;
    report.layout = from_first.layout;
    report.warnings = from_first.warnings;
    report.streams = from_first.streams;
    // what follows from the first records alone says nothing of the whole
    for stream in &mut report.streams {
        stream.frames = None;
        stream.key_frames = None;
        stream.orphans = None;
        stream.bytes = None;
        stream.modes = Modes::default();
        stream.span = None;
        stream.runs.clear();
        stream.run_count = None;
        stream.gaps = None;
        stream.clock_steps = None;
    }
    Ok(report)
}

/// Clock of the last record, ns since 1970: of those in the file's last bytes, or before an index that reaches to its end.
fn last_time(input: &Input, info: &FileInfo) -> Result<Option<i64>, Failure> {
    let last = last_before(input, input.size)?;
    match (last, info.data_end) {
        (None, Some(end)) if index_reaches_end(input, end)? => last_before(input, end),
        _ => Ok(last),
    }
}

/// Whether the index that stands at `at` is the last thing in the file.
fn index_reaches_end(input: &Input, at: u64) -> Result<bool, Failure> {
    let fail = |error: std::io::Error| Failure::Input(format!("{}: {error}", input.name));
    let mut head = [0; index::Head::SIZE];
    let file = File::open(&input.path).map_err(fail)?;
    if file.read_at(&mut head, at).map_err(fail)? < head.len() || !head.starts_with(index::MAGIC) {
        return Ok(false);
    }
    let count = index::Walk::new(&head, at).map_or(0, |walk| u64::from(walk.count()));
    let entries = count.saturating_mul(index::Entry::SIZE as u64);
    // a checksum of four bytes ends it
    let end = at.saturating_add(head.len() as u64 + 4);
    Ok(end.saturating_add(entries) == input.size)
}

/// Clock of the last record in the bytes before `end`.
fn last_before(input: &Input, end: u64) -> Result<Option<i64>, Failure> {
    let mut reader = input.walk()?;
    // the header tells the reader what it needs to know
    let _ = reader.next()?;
    let mut walk = Walk::at(input, reader.fork(), end.saturating_sub(TAIL))?;
    let mut last = None;
    while let Some((offset, event)) = walk.next()? {
        if offset >= end {
            break;
        }
        if let Event::Packet(packet, _) = event
            && packet.stream.codec.media() == Media::Video
            && let Some(timestamp) = packet.timestamp
        {
            last = Some(timestamp.unix_ms().saturating_mul(1_000_000));
        }
    }
    Ok(last)
}
