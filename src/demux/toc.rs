// SPDX-License-Identifier: MPL-2.0
//! The table of contents: one entry for each recorded run.

use super::{Demux, Settings, state::State};
use formats::{
    reader::Mode,
    recording::Accuracy,
    timeline::{Run, SECOND},
};

/// Runs that are listed at most.
const MAX_ENTRIES: usize = 1000;

impl Demux {
    /// The event for a pad, where the runs are known from all records, an index or samples.
    pub(super) fn toc_event(&self, state: &State, settings: &Settings) -> Option<gst::Event> {
        if state.map.accuracy < Accuracy::Sampled || state.map.runs.is_empty() {
            return None;
        }
        let mut toc = gst::Toc::new(gst::TocScope::Global);
        let offset = state.utc_offset(settings).unwrap_or(0);
        let shift = state.clock_shift(settings);
        for (n, run) in state.map.runs.iter().take(MAX_ENTRIES).enumerate() {
            let next = state.map.runs.get(n.saturating_add(1));
            let end = next.map_or_else(|| state.map.duration(), |next| Some(next.running))?;
            let mode = state.map.modes.get(n).copied().unwrap_or_default();
            let entry = entry(n, run, end, offset, shift, mode)?;
            toc.make_mut().append_entry(entry);
        }
        Some(gst::event::Toc::builder(&toc, false).build())
    }
}

fn entry(
    n: usize,
    run: &Run,
    end: i64,
    offset: i32,
    shift: i64,
    mode: Mode,
) -> Option<gst::TocEntry> {
    let mut entry = gst::TocEntry::new(
        gst::TocEntryType::Chapter,
        &format!("run-{}", n.saturating_add(1)),
    );
    let local = local_time(run.clock.saturating_sub(shift), offset)?;
    let title = match mode.name() {
        Some(mode) => format!("{local}, {mode}"),
        None => local,
    };
    let mut tags = gst::TagList::new();
    tags.make_mut()
        .add::<gst::tags::Title>(&title.as_str(), gst::TagMergeMode::Replace);
    let changed = entry.make_mut();
    changed.set_tags(tags);
    changed.set_start_stop_times(run.running, end);
    Some(entry)
}

/// Local time with its offset, as in `2009-11-10 09:15:30-05:00`.
pub fn local_time(unix: i64, offset: i32) -> Option<String> {
    let seconds = unix.div_euclid(SECOND);
    let zone = {
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
        gst::glib::TimeZone::new(Some(&format!(
            "{sign}{:02}:{:02}",
            minutes / 60,
            minutes % 60
        )))
    };
    let time = gst::glib::DateTime::from_unix_utc(seconds)
        .ok()?
        .to_timezone(&zone)
        .ok()?;
    Some(time.format("%Y-%m-%d %H:%M:%S%:z").ok()?.to_string())
}
