// SPDX-License-Identifier: MPL-2.0
//! A report as text for people.

use super::report::{CameraRun, Report, Run, Span, Stream};
use crate::common::{clock::duration, plain::plain};
use std::fmt::Write;

/// Runs and damaged regions that are shown one by one.
const SHOWN: usize = 200;
/// Breaks of one camera that are shown one by one.
const CAMERA_SHOWN: usize = 20;
/// Of what a quick look does not tell.
const NOT_LOOKED_FOR: &str = "not looked for (--quick)";

/// The report as text.
pub fn write(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", plain(&report.file));
    head(&mut out, report);
    times(&mut out, report);
    streams(&mut out, report);
    runs(&mut out, report);
    damage(&mut out, report);
    out.push('\n');
    out
}

fn line(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "  {name:<11}{}", plain(value));
    }
}

/// `1 gap`, `2 gaps`.
fn count(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

fn head(out: &mut String, report: &Report) {
    line(
        out,
        "format",
        &format!(
            "{}, family {}, {} % sure ({})",
            report.container, report.family, report.confidence, report.evidence
        ),
    );
    if let Some(layout) = &report.layout {
        let status = format!("{:?}", layout.status).to_lowercase();
        line(
            out,
            "layout",
            &format!("{} ({status}): {}", layout.name, layout.title),
        );
    }
    line(out, "size", &format!("{} bytes", report.size));
    line(
        out,
        "recorder",
        &[report.model.as_str(), report.server.as_str()]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
    );
    line(out, "standard", report.video_standard.unwrap_or_default());
}

fn times(out: &mut String, report: &Report) {
    line(out, "clock", report.clock);
    line(out, "times", report.times_are);
    line(
        out,
        "offset",
        &format!("UTC{} ({})", report.utc_offset.text, report.utc_offset.from),
    );
    let first = if report.exact { "from" } else { "first" };
    let last = if report.exact { "to" } else { "last" };
    if let Some(span) = &report.span {
        line(
            out,
            first,
            &format!("{}   {}", span.start_local, span.start),
        );
        match (&span.end_local, &span.end) {
            (Some(local), Some(utc)) => line(out, last, &format!("{local}   {utc}")),
            _ => line(
                out,
                last,
                "not found: no record stands in the file's last bytes (--quick)",
            ),
        }
    }
    match (report.exact, report.records) {
        (true, records) => line(out, "records", &records.unwrap_or(0).to_string()),
        (false, None) => line(out, "records", "not counted (--quick)"),
        (false, Some(records)) => line(
            out,
            "records",
            &format!("{records}, as the header says (--quick)"),
        ),
    }
}

fn streams(out: &mut String, report: &Report) {
    let cameras = report.streams.iter().filter(|s| s.media == "video").count();
    for stream in &report.streams {
        let what = if stream.media == "video" {
            "camera"
        } else {
            "sound"
        };
        let name = format!("{what} {}", stream.camera);
        line(out, &name, &parts(stream, report.exact).join(", "));
        // of a single camera the runs below say the same
        if cameras > 1 {
            own_runs(out, stream, report.is_whole_seconds());
        }
    }
    for listed in &report.without_pictures {
        let mut text = match listed.title.as_str() {
            "" => String::new(),
            title => format!("“{title}”, "),
        };
        text.push_str(match report.exact {
            true => "in the header, without pictures",
            false => "in the header, no picture among the first records",
        });
        line(out, &format!("camera {}", listed.camera), &text);
    }
}

fn parts(stream: &Stream, exact: bool) -> Vec<String> {
    let mut parts = Vec::new();
    if !stream.title.is_empty() {
        parts.push(format!("“{}”", stream.title));
    }
    parts.push(stream.codec.to_owned());
    if stream.width > 0 {
        parts.push(format!("{}x{}", stream.width, stream.height));
    }
    if let Some(rate) = stream.recorded_rate {
        let of = match exact {
            true => "as recorded",
            false => "in the first records",
        };
        parts.push(format!("{rate:.2}/s {of}"));
    }
    if let Some(rate) = stream.nominal_rate {
        parts.push(format!("{rate:.2}/s in the header"));
    }
    if let Some(rate) = stream.sample_rate {
        parts.push(format!("{rate} Hz"));
    }
    if let Some(frames) = stream.frames {
        parts.push(count(frames, "frame", "frames"));
    }
    if let (Some(keys), "video") = (stream.key_frames, stream.media) {
        parts.push(format!("{keys} key"));
    }
    if let Some(orphans) = stream.orphans.filter(|orphans| *orphans > 0) {
        parts.push(format!("{orphans} without their reference"));
    }
    let modes: Vec<String> = stream
        .modes
        .0
        .iter()
        .map(|(mode, count)| format!("{mode} {count}"))
        .collect();
    if !modes.is_empty() {
        parts.push(format!("mode: {}", modes.join(", ")));
    }
    parts
}

/// When this camera recorded, where it may differ from the others.
fn own_runs(out: &mut String, stream: &Stream, whole: bool) {
    let (Some(runs), Some(gaps), Some(steps)) = (stream.run_count, stream.gaps, stream.clock_steps)
    else {
        return;
    };
    let span = stream.span.as_ref().map(words).unwrap_or_default();
    let _ = writeln!(
        out,
        "    {span}{}, {}, {}",
        count(runs, "run", "runs"),
        count(gaps, "gap", "gaps"),
        count(steps, "step back of the clock", "steps back of the clock")
    );
    let breaks = stream.runs.iter().filter(|run| run.begins != "start");
    for run in breaks.clone().take(CAMERA_SHOWN) {
        let _ = writeln!(out, "      {}", break_line(run, whole));
    }
    let more = breaks.count().saturating_sub(CAMERA_SHOWN);
    if more > 0 {
        let _ = writeln!(out, "      … {more} more (--json lists them)");
    }
}

fn words(span: &Span) -> String {
    let end = span.end_local.as_deref().unwrap_or("?");
    format!("{} to {end}: ", span.start_local)
}

fn break_line(run: &CameraRun, whole: bool) -> String {
    let until = match &run.span {
        Some(span) => span.start_local.clone(),
        None => format!("slot time {}", duration(run.start_ns)),
    };
    let time = seconds(run.break_seconds, whole);
    match run.begins {
        "gap" => format!("{time} of nothing until {until}"),
        _ => format!("clock set back by {time} to {until}"),
    }
}

fn runs(out: &mut String, report: &Report) {
    let (Some(runs), Some(gaps), Some(steps)) = (report.run_count, report.gaps, report.clock_steps)
    else {
        line(out, "runs", NOT_LOOKED_FOR);
        return;
    };
    line(
        out,
        "runs",
        &format!(
            "{runs}, with {} and {}",
            count(gaps, "gap", "gaps"),
            count(steps, "step back of the clock", "steps back of the clock")
        ),
    );
    for run in report.runs.iter().take(SHOWN) {
        let _ = writeln!(out, "    {}", run_line(run, report.is_whole_seconds()));
    }
    if runs > SHOWN {
        let _ = writeln!(out, "    … {} more (--json lists them)", runs - SHOWN);
    }
}

fn run_line(run: &Run, whole: bool) -> String {
    let before = match run.begins {
        "gap" => format!("after {} of nothing", seconds(run.break_seconds, whole)),
        "clock-back" => format!("clock set back by {}", seconds(run.break_seconds, whole)),
        _ => String::new(),
    };
    let time = match &run.span {
        Some(span) => words(span),
        None => format!(
            "slot time {} to {}: ",
            duration(run.start_ns),
            duration(run.end_ns)
        ),
    };
    let modes: Vec<&str> = run.modes.0.iter().map(|(mode, _)| *mode).collect();
    let mut text = format!(
        "{:>3}  {time}{}, {}",
        run.number,
        count(run.frames, "frame", "frames"),
        modes.join(" and ")
    );
    if !before.is_empty() {
        text.push_str(&format!(" ({before})"));
    }
    text
}

/// A length of time; `whole`: only its seconds are known.
fn seconds(seconds: f64, whole: bool) -> String {
    match whole {
        true => format!("about {}", duration(seconds.round() as i64 * 1_000_000_000)),
        false => duration((seconds * 1e9).round() as i64),
    }
}

fn damage(out: &mut String, report: &Report) {
    if let Some(front) = &report.front {
        line(out, "front", &front.text());
    }
    match (report.damaged_regions, report.damaged_bytes) {
        (Some(0), _) => line(
            out,
            "damage",
            "none found between records (checksums are not tested: verify does that)",
        ),
        (Some(regions), bytes) => line(
            out,
            "damage",
            &format!(
                "{}, {} bytes (checksums are not tested: verify does that)",
                count(regions, "region", "regions"),
                bytes.unwrap_or(0)
            ),
        ),
        (None, _) => line(out, "damage", NOT_LOOKED_FOR),
    }
    for part in report.damage.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "    {} bytes at offset {}: expected {}",
            part.length, part.offset, part.expected
        );
    }
    let told = u64::try_from(report.damage.len().min(SHOWN)).unwrap_or(u64::MAX);
    let more = report.damaged_regions.unwrap_or(0).saturating_sub(told);
    if more > 0 {
        let _ = writeln!(out, "    … {more} more (--json lists the first 10,000)");
    }
    if let Some(cut) = &report.cut {
        line(
            out,
            "cut",
            &format!(
                "the file ends inside the record at offset {}, of which {} bytes are there",
                cut.offset, cut.bytes
            ),
        );
    } else if !report.exact {
        line(out, "cut", NOT_LOOKED_FOR);
    }
    for warning in &report.warnings {
        line(out, "warning", warning);
    }
}
