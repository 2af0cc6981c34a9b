// SPDX-License-Identifier: MPL-2.0
//! A report as text for people.

use super::report::{Report, Run, Stream};
use crate::common::clock::duration;
use std::fmt::Write;

/// Runs and damaged regions that are shown one by one.
const SHOWN: usize = 200;

/// The report as text.
pub fn write(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", report.file);
    head(&mut out, report);
    streams(&mut out, report);
    if report.exact {
        runs(&mut out, report);
    }
    damage(&mut out, report);
    out.push('\n');
    out
}

fn line(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "  {name:<11}{value}");
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
    line(out, "clock", report.clock);
    line(
        out,
        "offset",
        &format!("UTC{} ({})", report.utc_offset.text, report.utc_offset.from),
    );
    if let Some(span) = &report.span {
        line(
            out,
            "from",
            &format!("{}   {}", span.start_local, span.start),
        );
        line(out, "to", &format!("{}   {}", span.end_local, span.end));
    }
    match (report.exact, report.records) {
        (true, records) => line(out, "records", &records.to_string()),
        (false, 0) => line(out, "records", "not counted (--quick)"),
        (false, records) => line(
            out,
            "records",
            &format!("{records}, as the header says (--quick)"),
        ),
    }
}

fn streams(out: &mut String, report: &Report) {
    for stream in &report.streams {
        let what = if stream.media == "video" {
            "camera"
        } else {
            "sound"
        };
        let name = format!("{what} {}", stream.camera);
        line(out, &name, &parts(stream, report.exact).join(", "));
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
        parts.push(format!("{rate:.2}/s as recorded"));
    }
    if let Some(rate) = stream.nominal_rate {
        parts.push(format!("{rate:.2}/s in the header"));
    }
    if let Some(rate) = stream.sample_rate {
        parts.push(format!("{rate} Hz"));
    }
    if !exact {
        return parts;
    }
    parts.push(format!("{} frames", stream.frames));
    if stream.media == "video" {
        parts.push(format!("{} key", stream.key_frames));
        if stream.orphans > 0 {
            parts.push(format!("{} without their reference", stream.orphans));
        }
    }
    let modes: Vec<String> = stream
        .modes
        .iter()
        .map(|(mode, count)| format!("{mode} {count}"))
        .collect();
    if !modes.is_empty() {
        parts.push(format!("mode: {}", modes.join(" ")));
    }
    parts
}

fn runs(out: &mut String, report: &Report) {
    line(
        out,
        "runs",
        &format!(
            "{}, with {} gaps and {} steps back of the clock",
            report.run_count, report.gaps, report.clock_steps
        ),
    );
    for run in report.runs.iter().take(SHOWN) {
        let _ = writeln!(out, "    {}", run_line(run));
    }
    if report.run_count > SHOWN {
        let _ = writeln!(
            out,
            "    … {} more (--json lists them)",
            report.run_count - SHOWN
        );
    }
}

fn run_line(run: &Run) -> String {
    let before = match run.begins {
        "gap" => format!("after {} of nothing", seconds(run.break_seconds)),
        "clock-back" => format!("clock set back by {}", seconds(run.break_seconds)),
        _ => String::new(),
    };
    let time = match &run.span {
        Some(span) => format!("{} to {}", span.start_local, span.end_local),
        None => format!(
            "slot time {} to {}",
            duration(run.start_ns),
            duration(run.end_ns)
        ),
    };
    let modes: Vec<&str> = run.modes.keys().copied().collect();
    let mut text = format!(
        "{:>3}  {time}  {} frames, {}",
        run.number,
        run.frames,
        modes.join(" and ")
    );
    if !before.is_empty() {
        text.push_str(&format!(" ({before})"));
    }
    text
}

fn seconds(seconds: f64) -> String {
    duration((seconds * 1e9).round() as i64)
}

fn damage(out: &mut String, report: &Report) {
    if let Some(front) = &report.front {
        line(out, "front", &front.text());
    }
    if report.damaged_regions > 0 {
        line(
            out,
            "damage",
            &format!(
                "{} regions, {} bytes",
                report.damaged_regions, report.damaged_bytes
            ),
        );
        for part in report.damage.iter().take(SHOWN) {
            let _ = writeln!(
                out,
                "    {} bytes at offset {}: expected {}",
                part.length, part.offset, part.expected
            );
        }
    } else if report.exact {
        line(out, "damage", "none found");
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
    }
    for warning in &report.warnings {
        line(out, "warning", warning);
    }
}
