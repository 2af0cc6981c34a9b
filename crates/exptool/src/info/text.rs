// SPDX-License-Identifier: MPL-2.0
//! What is known of a recording, as text.

use super::facts::{Facts, mode_name};
use crate::common::{clock::OffsetSource, coded::codec_name, plain::plain};
use crate::recording::{Camera, Recording};
use formats::{recording::contents::RecordingRun, timeline::Break};
use std::fmt::Write;

/// Runs and damaged ranges that are shown one by one.
const SHOWN: usize = 200;
/// Breaks of one camera that are shown one by one.
const CAMERA_SHOWN: usize = 20;
/// Of what --quick does not show.
const NOT_READ: &str = "not read (--quick)";

/// The text.
pub fn write(facts: &Facts) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", plain(&facts.recording.input.name));
    head(&mut out, facts);
    times(&mut out, facts);
    streams(&mut out, facts);
    runs(&mut out, facts);
    damage(&mut out, facts);
    out.push('\n');
    out
}

fn line(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "  {name:<11}{}", plain(value));
    }
}

/// `1 gap`, `2 gaps`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

fn head(out: &mut String, facts: &Facts) {
    let (info, input) = (&facts.recording.findings.info, &facts.recording.input);
    let format = format!(
        "{}, family {}, {} % sure ({})",
        info.container, info.family, input.confidence, input.evidence
    );
    line(out, "format", &format);
    if let Some((name, title, status)) = facts.layout() {
        let status = format!("{status:?}").to_lowercase();
        line(out, "layout", &format!("{name} ({status}): {title}"));
    }
    line(out, "size", &format!("{} bytes", input.size));
    let recorder = [info.model.as_str(), info.server.as_str()];
    let recorder: Vec<_> = recorder.into_iter().filter(|s| !s.is_empty()).collect();
    line(out, "recorder", &recorder.join(", "));
    line(out, "standard", info.standard.name().unwrap_or_default());
}

fn times(out: &mut String, facts: &Facts) {
    let recording = &facts.recording;
    let zone = recording.zone;
    line(out, "clock", recording.findings.profile.clock_name());
    line(out, "times", facts.times_are());
    let offset = match zone.from {
        OffsetSource::Unknown => "unknown".to_owned(),
        from => format!("UTC{} ({})", zone.offset_name(), from.name()),
    };
    line(out, "offset", &offset);
    if let Some((first, last)) = facts.span().filter(|_| recording.has_clock()) {
        let both = |ns: i64| format!("{}   {}", zone.local(ns), zone.format_utc(ns));
        line(out, "from", &both(first));
        match last {
            Some(last) => line(out, "to", &both(last)),
            None => line(out, "to", "not found (--quick)"),
        }
    }
    let records = match (facts.is_exact(), recording.findings.info.records) {
        (true, _) => recording.findings.records.to_string(),
        (false, None) => "not counted (--quick)".to_owned(),
        (false, Some(records)) => format!("{records} in the header (--quick)"),
    };
    line(out, "records", &records);
}

fn streams(out: &mut String, facts: &Facts) {
    let contents = &facts.recording.contents;
    for camera in &contents.cameras {
        let name = format!("camera {}", camera.number);
        line(out, &name, &describe(facts, camera).join(", "));
        // of a single camera the runs below show the same
        if contents.cameras.len() > 1 && facts.is_exact() {
            own_runs(out, &facts.recording, camera);
        }
    }
    for track in &contents.audio {
        let mut parts = vec![codec_name(track.key.codec).to_owned()];
        parts.extend(track.format.map(|format| format!("{} Hz", format.rate)));
        if facts.is_exact() {
            parts.push(count(track.records, "block", "blocks"));
        }
        let name = format!("audio {}", track.key.camera);
        line(out, &name, &parts.join(", "));
    }
    for (number, title) in facts.without_frames() {
        let what = match facts.is_exact() {
            true => "in the header, without frames",
            false => "in the header, no frame among the first records",
        };
        let text = match title {
            "" => what.to_owned(),
            title => format!("“{title}”, {what}"),
        };
        line(out, &format!("camera {number}"), &text);
    }
}

fn describe(facts: &Facts, camera: &Camera) -> Vec<String> {
    let exact = facts.is_exact();
    let mut parts = Vec::new();
    if !camera.title.is_empty() {
        parts.push(format!("“{}”", camera.title));
    }
    let codecs = camera.codecs.iter();
    let codecs: Vec<_> = codecs.map(|(codec, _)| codec_name(*codec)).collect();
    parts.push(codecs.join(" and "));
    if camera.width > 0 {
        parts.push(format!("{}x{}", camera.width, camera.height));
    }
    if let Some(rate) = camera.rate() {
        let of = match exact {
            true => "as recorded",
            false => "in the first records",
        };
        parts.push(format!("{rate:.2}/s {of}"));
    }
    if let Some(rate) = facts.nominal_rate(camera) {
        parts.push(format!("{rate:.2}/s in the header"));
    }
    if !exact {
        return parts;
    }
    parts.push(count(camera.frames, "frame", "frames"));
    parts.push(count(camera.keyframes, "keyframe", "keyframes"));
    if camera.orphans > 0 {
        parts.push(format!("{} without their reference", camera.orphans));
    }
    let modes = camera.modes.iter();
    let modes: Vec<_> = modes
        .map(|(mode, count)| format!("{} {count}", mode_name(*mode)))
        .collect();
    parts.push(format!("mode: {}", modes.join(", ")));
    parts
}

/// When this camera recorded, where it may differ from the others.
fn own_runs(out: &mut String, recording: &Recording, camera: &Camera) {
    let span = match camera.span() {
        Some((first, last)) => between(recording, first, last),
        None => String::new(),
    };
    let runs = (camera.runs.len() as u64).saturating_add(camera.more_runs);
    let totals = totals(runs, camera.gaps() as u64, camera.clock_steps() as u64);
    let _ = writeln!(out, "    {span}{totals}");
    let breaks = camera.runs.iter().filter(|run| run.begins != Break::Start);
    for run in breaks.clone().take(CAMERA_SHOWN) {
        let what = recording.describe_break(run.begins).unwrap_or_default();
        let _ = writeln!(out, "      {what} before {}", recording.time(run.start));
    }
    let more = breaks.count().saturating_sub(CAMERA_SHOWN);
    if more > 0 {
        let _ = writeln!(out, "      … {more} more (--json lists them)");
    }
}

fn between(recording: &Recording, first: i64, last: i64) -> String {
    format!("{} to {}: ", recording.time(first), recording.time(last))
}

fn totals(runs: u64, gaps: u64, steps: u64) -> String {
    format!(
        "{}, {}, {}",
        count(runs, "run", "runs"),
        count(gaps, "gap", "gaps"),
        count(steps, "clock step", "clock steps")
    )
}

fn runs(out: &mut String, facts: &Facts) {
    let contents = &facts.recording.contents;
    if !facts.is_exact() {
        let accuracy = facts.accuracy().name();
        let text = match facts.gaps() {
            Some(gaps) => format!("{} ({accuracy} --quick)", count(gaps, "gap", "gaps found"))
                .replace("(exact --quick)", "(by the index or all records)"),
            None => NOT_READ.to_owned(),
        };
        return line(out, "runs", &text);
    }
    let text = totals(contents.run_count, contents.gaps, contents.clock_steps);
    line(out, "runs", &text);
    for (n, run) in contents.runs.iter().take(SHOWN).enumerate() {
        let _ = writeln!(out, "    {:>3}  {}", n + 1, run_line(&facts.recording, run));
    }
    let more = contents.run_count.saturating_sub(SHOWN as u64);
    if more > 0 {
        let _ = writeln!(out, "    … {more} more (--json lists them)");
    }
}

fn run_line(recording: &Recording, run: &RecordingRun) -> String {
    let modes = run.modes.iter().map(|(mode, _)| mode_name(*mode));
    let modes: Vec<&str> = modes.collect();
    let mut text = format!(
        "{}{}, {}",
        between(recording, run.start, run.last),
        count(run.frames, "frame", "frames"),
        modes.join(" and ")
    );
    let mut notes: Vec<String> = recording.describe_break(run.begins).into_iter().collect();
    if let Some(before) = notes.first_mut() {
        before.push_str(" before it");
    }
    if run.doubtful > 0 {
        notes.push(match run.doubtful == run.frames {
            true => "time doubtful".to_owned(),
            false => format!("time of {} frames doubtful", run.doubtful),
        });
    }
    if !notes.is_empty() {
        text.push_str(&format!(" ({})", notes.join("; ")));
    }
    text
}

fn damage(out: &mut String, facts: &Facts) {
    let findings = &facts.recording.findings;
    if let Some((offset, length)) = findings.front {
        line(out, "front", &front(offset, length));
    }
    let cut = findings.cut.map(|(offset, bytes)| {
        format!("the file ends inside the record at offset {offset}, of which it has {bytes} bytes")
    });
    match (facts.is_exact(), findings.damaged, facts.cut().is_some()) {
        (false, ..) => line(out, "damage", NOT_READ),
        (true, 0, false) => line(
            out,
            "damage",
            "none found between records (checksums are not compared: verify does that)",
        ),
        (true, 0, true) => {}
        (true, ranges, _) => {
            let text = format!(
                "{}, {} bytes (checksums are not compared: verify does that)",
                count(ranges, "range", "ranges"),
                findings.damaged_bytes
            );
            line(out, "damage", &text);
            for range in findings.damage.iter().take(SHOWN) {
                let _ = writeln!(
                    out,
                    "    {} bytes at offset {}: expected {}",
                    range.length, range.offset, range.expected
                );
            }
            let more = ranges.saturating_sub(SHOWN as u64);
            if more > 0 {
                let _ = writeln!(out, "    … {more} more (--json lists the first 10,000)");
            }
        }
    }
    if let Some(cut) = cut.filter(|_| facts.is_exact()) {
        line(out, "cut", &cut);
    }
    for warning in facts.warnings() {
        line(out, "warning", &warning);
    }
}

/// Bytes before the first record.
pub fn front(offset: u64, length: u64) -> String {
    format!("{length} bytes at offset {offset}, before the first record, are not a known header")
}
