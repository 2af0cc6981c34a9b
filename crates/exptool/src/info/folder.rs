// SPDX-License-Identifier: MPL-2.0
//! Recordings of a folder, one line a file.

use super::{facts::Facts, text::count};
use crate::common::{Common, plain::plain};
use formats::recording::Accuracy;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Files by time; those that continue each other are a group.
pub fn groups(mut all: Vec<Facts>) -> Vec<Vec<Facts>> {
    let start = |facts: &Facts| {
        let clock = facts.recording.has_clock();
        facts.span().filter(|_| clock).map(|(first, _)| first)
    };
    // those without a clock come last
    all.sort_by_key(|facts| (start(facts).is_none(), start(facts)));
    let mut groups: Vec<Vec<Facts>> = Vec::new();
    for facts in all {
        let ends = groups.iter_mut().find(|group| {
            let last = group.last();
            last.is_some_and(|last| continues(last, &facts))
        });
        match ends {
            Some(group) => group.push(facts),
            None => groups.push(vec![facts]),
        }
    }
    groups
}

fn continues(one: &Facts, next: &Facts) -> bool {
    let whole = |facts: &Facts| facts.span().and_then(|(first, last)| Some((first, last?)));
    let (Some(one_span), Some(next_span)) = (whole(one), whole(next)) else {
        return false;
    };
    one.recording
        .is_continued_by(one_span, &next.recording, next_span)
}

/// For machines: what `info` gives of each file, with its group, counted from 1.
pub fn json(groups: &[Vec<Facts>], common: &Common) -> Vec<Value> {
    let mut all = Vec::new();
    for (n, group) in groups.iter().enumerate() {
        for facts in group {
            let mut value = facts.json(common);
            if let Value::Object(fields) = &mut value {
                fields.insert("group".to_owned(), json!(n + 1));
            }
            all.push(value);
        }
    }
    all
}

const HEADINGS: [&str; 8] = [
    "file",
    "recorder",
    "cameras",
    "from",
    "to",
    "gaps",
    "damage",
    "certainty",
];

/// For people.
pub fn table(groups: &[Vec<Facts>]) -> String {
    let folder = common_folder(groups.iter().flatten());
    let rows: Vec<Vec<[String; 8]>> = groups
        .iter()
        .map(|group| group.iter().map(|facts| row(facts, &folder)).collect())
        .collect();
    let mut widths = HEADINGS.map(|heading| heading.chars().count());
    for row in rows.iter().flatten() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: &[String; 8], mark: &str| {
        let cells = cells.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{mark} {}", cells.join("  ")).trim_end().to_owned() + "\n"
    };
    let mut out = line(&HEADINGS.map(str::to_owned), " ");
    for group in &rows {
        for (n, row) in group.iter().enumerate() {
            let mark = match (n, group.len() - n) {
                (_, _) if group.len() == 1 => " ",
                (0, _) => "┌",
                (_, 1) => "└",
                _ => "│",
            };
            out.push_str(&line(row, mark));
        }
    }
    let files: usize = rows.iter().map(Vec::len).sum();
    let recordings = count(rows.len() as u64, "recording", "recordings");
    let files = count(files as u64, "file", "files");
    out.push_str(&format!("{files}, {recordings}; ┌│└ continue each other\n"));
    out
}

/// The folder that all files are in, whose name is not repeated in each line.
fn common_folder<'a>(all: impl Iterator<Item = &'a Facts>) -> PathBuf {
    let folders = all.map(|facts| facts.recording.input.path.parent().unwrap_or(Path::new("")));
    let shared = |one: &Path, other: &Path| -> PathBuf {
        let parts = one.components().zip(other.components());
        parts.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    };
    let mut folders = folders.map(Path::to_owned);
    let first = folders.next().unwrap_or_default();
    folders.fold(first, |one, other| shared(&one, &other))
}

/// Numbers in order, those that follow each other as a range: `1 2 4-9`.
fn ranges(numbers: &[u16]) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let text = |(first, last): &(u16, u16)| match last - first {
        0 => first.to_string(),
        1 => format!("{first} {last}"),
        _ => format!("{first}-{last}"),
    };
    ranges.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn row(facts: &Facts, folder: &Path) -> [String; 8] {
    let recording = &facts.recording;
    let findings = &recording.findings;
    let cameras = recording.contents.cameras.iter();
    let mut numbers: Vec<u16> = cameras.map(|camera| camera.number).collect();
    numbers.sort_unstable();
    let (from, to) = match facts.span() {
        Some((first, last)) => (
            recording.zone_time(first),
            last.map_or_else(|| "?".to_owned(), |last| recording.short_time(last)),
        ),
        None => ("no frames".to_owned(), String::new()),
    };
    let damage = match (facts.is_exact(), findings.damaged, facts.cut()) {
        (false, ..) => "not read".to_owned(),
        (true, 0, None) if findings.front.is_none() => "none".to_owned(),
        (true, 0, None) => "before the first record".to_owned(),
        (true, 0, Some(_)) => "cut".to_owned(),
        (true, ranges, cut) => {
            let cut = if cut.is_some() { ", cut" } else { "" };
            format!("{}{cut}", count(ranges, "range", "ranges"))
        }
    };
    let gaps = match (facts.gaps(), facts.accuracy()) {
        (Some(gaps), Accuracy::Exact) => gaps.to_string(),
        (Some(gaps), _) => format!("≥ {gaps}"),
        (None, _) => "?".to_owned(),
    };
    let mut certainty = format!(
        "{} %, {}",
        recording.input.confidence,
        facts.accuracy().name()
    );
    if findings.faults.doubtful().is_some() {
        certainty.push_str(", time doubtful");
    }
    let path = &recording.input.path;
    let name = path.strip_prefix(folder).unwrap_or(path);
    let cells = [
        name.display().to_string(),
        recording.recorder().to_owned(),
        ranges(&numbers),
        from,
        to,
        gaps,
        damage,
        certainty,
    ];
    cells.map(|cell| plain(&cell).into_owned())
}
