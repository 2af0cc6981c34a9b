// SPDX-License-Identifier: MPL-2.0
//! A look at both ends of a recording.

use super::report::{Gather, Report, Span};
use crate::common::{
    Common, Failure, Input,
    frames::{self, Options},
    walk::{Event, Walk},
};

/// Records that are read at the beginning.
const FIRST: u64 = 64;
/// Bytes before the end in which the last record is looked for.
const TAIL: u64 = 256 << 10;

/// Looks at the header, the first and the last records.
///
/// # Errors
/// A file that cannot be read.
pub fn look(common: &Common, input: &Input) -> Result<Report, Failure> {
    let mut gather = Gather::default();
    let summary = frames::read_first(input, Options::default(), FIRST, &mut |frame| {
        gather.add(&frame);
        Ok(())
    })?;
    let mut report = gather.report(common, input, &summary);
    report.exact = false;
    let zone = common.zone(summary.info.utc_offset);
    let first = report.runs.first().map(|run| run.start_ns);
    if let (true, Some(first)) = (summary.has_clock(), first) {
        let last = match last_time(input, &summary.info.data_end)? {
            Some(last) => last,
            None => report
                .runs
                .iter()
                .map(|run| run.end_ns)
                .max()
                .unwrap_or(first),
        };
        report.span = Some(Span::new(zone, first.min(last), last.max(first)));
    }
    // what follows from the first records alone says nothing of the whole
    report.runs.clear();
    report.run_count = 0;
    report.gaps = 0;
    report.clock_steps = 0;
    report.records = summary.info.records.unwrap_or(0);
    for stream in &mut report.streams {
        stream.frames = 0;
        stream.key_frames = 0;
        stream.orphans = 0;
        stream.bytes = 0;
        stream.modes.clear();
    }
    Ok(report)
}

/// Clock of the last picture, ns since 1970.
fn last_time(input: &Input, data_end: &Option<u64>) -> Result<Option<i64>, Failure> {
    let end = data_end.unwrap_or(input.size).min(input.size);
    let mut reader = input.walk()?;
    // the header tells the reader what it needs to know
    let _ = reader.next()?;
    let mut walk = Walk::at(input, reader.fork(), end.saturating_sub(TAIL))?;
    let mut last = None;
    while let Some((offset, event)) = walk.next()? {
        if let Event::Packet(packet, _) = event
            && let Some(stamp) = packet.stamp
        {
            last = last.max(Some(stamp.unix_ms().saturating_mul(1_000_000)));
        }
        if offset >= end {
            break;
        }
    }
    Ok(last)
}
