// SPDX-License-Identifier: MPL-2.0
//! Configurations, recordings and live units as text made for reading.

use crate::output::masked;
use jiff::Timestamp;
use parconfig::effective::Effective;
use parconfig::live::Live;
use parconfig::model::Section;
use parconfig::schema::{self, Id, SECTIONS};
use parconfig::{Config, Path, week};

/// Kinds that are shown as a table, one line for each.
const TABLES: [(&str, &str); 6] = [
    ("camera", "Cameras"),
    ("profile", "Profiles"),
    ("alarm", "Alarm inputs"),
    ("zone", "Zones"),
    ("relay", "Relays"),
    ("account", "Accounts"),
];
/// Kinds that are shown as a list.
const LISTS: [(&str, &str); 4] = [
    ("unit", "Unit"),
    ("network", "Network"),
    ("reporting", "Reporting"),
    ("archive", "Archive"),
];
/// Widest cell.
const CELL: usize = 40;

/// A whole configuration, or one part of it.
pub fn config_text(config: &Config, only: Option<&str>, secrets: bool) -> String {
    let wanted = |kind: &str| only.is_none_or(|only| only == kind);
    let mut out = String::new();
    // In the order of the schema.
    for def in SECTIONS
        .iter()
        .filter(|def| def.id != Id::Day && wanted(def.name))
    {
        if let Some((kind, heading)) = TABLES.iter().find(|(kind, _)| *kind == def.name) {
            out.push_str(&table(config, kind, heading, secrets));
        }
        if let Some((kind, heading)) = LISTS.iter().find(|(kind, _)| *kind == def.name) {
            out.push_str(&list(config, kind, heading, secrets));
        }
        if def.name == "schedule" {
            out.push_str(&schedule_text(config, secrets));
        }
    }
    if only.is_none() {
        for section in config
            .sections
            .iter()
            .filter(|s| schema::section(&s.name).is_none())
        {
            out.push_str(&format!("\nUnknown, kept as it is: [{}]\n", section.raw));
            out.push_str(&entries(section, secrets));
        }
    }
    out
}

fn shown(section: &Section, key: &str, value: &str, secrets: bool) -> String {
    masked(&Path::new(&section.name, key), value, secrets)
}

fn entries(section: &Section, secrets: bool) -> String {
    let line = |e: &parconfig::model::Entry| {
        format!(
            "  {:<22} {}\n",
            e.raw_key,
            shown(section, &e.key, &e.value, secrets)
        )
    };
    section.entries.iter().map(line).collect()
}

fn list(config: &Config, kind: &str, heading: &str, secrets: bool) -> String {
    match config
        .section(kind)
        .filter(|section| !section.entries.is_empty())
    {
        None => String::new(),
        Some(section) => format!("\n{heading}\n{}", entries(section, secrets)),
    }
}

fn table(config: &Config, kind: &str, heading: &str, secrets: bool) -> String {
    let sections = config.sections_of(kind);
    if sections.is_empty() {
        return String::new();
    }
    let mut columns: Vec<String> = Vec::new();
    for (_, section) in &sections {
        for entry in &section.entries {
            if !columns.contains(&entry.key) {
                columns.push(entry.key.clone());
            }
        }
    }
    let fields = SECTIONS
        .iter()
        .find(|def| def.name == kind)
        .map_or(&[][..], |def| def.fields);
    columns.sort_by_key(|key| {
        let place = fields
            .iter()
            .position(|field| field.key == key.trim_end_matches(|c: char| c.is_ascii_digit()));
        let pattern = || {
            fields.iter().position(|field| {
                field.key.trim_end_matches('#')
                    == key.trim_end_matches(|c: char| c.is_ascii_digit())
            })
        };
        place.or_else(pattern).unwrap_or(usize::MAX)
    });
    let mut rows = vec![
        std::iter::once(String::new())
            .chain(columns.iter().cloned())
            .collect::<Vec<_>>(),
    ];
    for (id, section) in sections {
        let mut row = vec![id.to_owned()];
        for key in &columns {
            let value = section
                .value(key)
                .map(|v| shown(section, key, v, secrets))
                .unwrap_or_default();
            row.push(
                value
                    .chars()
                    .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                    .collect(),
            );
        }
        rows.push(row);
    }
    format!("\n{heading}\n{}", aligned(&rows))
}

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .min(CELL)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let cut: String = cell.chars().take(CELL).collect();
            line.push_str(&format!(" {cut:<width$} "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The schedule: its values and the week as a grid.
pub fn schedule_text(config: &Config, secrets: bool) -> String {
    if !config
        .sections
        .iter()
        .any(|s| schema::section(&s.name).is_some_and(|(def, _)| def.name == "schedule"))
    {
        return String::new();
    }
    let mut out = String::from("\nSchedule\n");
    if let Some(section) = config.section("schedule") {
        out.push_str(&entries(section, secrets));
        out.push('\n');
    }
    for line in week::grid(&week::week(config)).lines() {
        out.push_str(&format!("  {line}\n"));
    }
    let mut key = String::from("  ");
    for mode in week::modes(config) {
        let rates = week::rates(config, mode);
        let letter = mode.chars().next().unwrap_or('?').to_ascii_uppercase();
        let rate = |rate: Option<String>| rate.unwrap_or_else(|| "as the profile".into());
        key.push_str(&format!(
            "{letter} = {mode} (standard {}, event {})  ",
            rate(rates.standard),
            rate(rates.event)
        ));
    }
    out.push_str(key.trim_end());
    out.push('\n');
    out
}

fn time(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms);
    time.map_or_else(
        |_| ms.to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// What a recording says beyond its configuration.
pub fn recording_text(found: &Effective) -> String {
    let mut out = String::from("\nRecorded (times are UTC)\n");
    let mut rows = vec![
        [
            "camera", "title", "coding", "size", "pictures", "key", "rate/s", "quality", "from",
            "to",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for (number, camera) in &found.cameras {
        let sizes: Vec<String> = camera
            .sizes
            .iter()
            .map(|(w, h)| format!("{w}x{h}"))
            .collect();
        let span = |time_of: Option<i64>| time_of.map(time).unwrap_or_default();
        rows.push(vec![
            number.to_string(),
            camera
                .title()
                .unwrap_or_default()
                .chars()
                .filter(|c| !c.is_control())
                .collect(),
            camera
                .codec
                .map(|codec| format!("{codec:?}").to_lowercase())
                .unwrap_or_default(),
            sizes.join(" "),
            camera.pictures.to_string(),
            camera.keys.to_string(),
            camera
                .rate()
                .map(|rate| format!("{rate:.2}"))
                .unwrap_or_default(),
            camera
                .quality
                .map(|(a, b)| {
                    if a == b {
                        a.to_string()
                    } else {
                        format!("{a}-{b}")
                    }
                })
                .unwrap_or_default(),
            span(camera.spans.first().map(|s| s.0)),
            span(camera.spans.last().map(|s| s.1)),
        ]);
    }
    out.push_str(&aligned(&rows));
    out.push_str(&remarks(found));
    out
}

fn remarks(found: &Effective) -> String {
    let mut out = String::new();
    for (number, camera) in &found.cameras {
        if let Some(crop) = camera.crop {
            out.push_str(&format!(
                "  camera {number} is cut out of {}x{} at {},{}\n",
                crop.source.0, crop.source.1, crop.offset.0, crop.offset.1
            ));
        }
        if camera.spans.len() > 1 {
            out.push_str(&format!(
                "  camera {number} was recorded in {} spans (--json lists them)\n",
                camera.spans.len()
            ));
        }
    }
    if found.sounds > 0 {
        out.push_str(&format!("  {} blocks of sound\n", found.sounds));
    }
    for alarm in &found.alarms {
        let alarm: String = alarm.chars().filter(|c| !c.is_control()).collect();
        out.push_str(&format!("  alarm: {alarm}\n"));
    }
    for mask in &found.masks {
        out.push_str(&format!("  {mask}\n"));
    }
    if found.damaged > 0 {
        out.push_str(&format!("  {} bytes are no valid record\n", found.damaged));
    }
    for warning in &found.warnings {
        out.push_str(&format!("  warning: {warning}\n"));
    }
    out
}

/// What a live unit told beyond its configuration.
pub fn live_text(live: &Live) -> String {
    let mut out = format!(
        "server: {}\n",
        live.server
            .chars()
            .filter(|c| !c.is_control())
            .collect::<String>()
    );
    if !live.partitions.is_empty() {
        out.push_str("\nPartitions (times are UTC)\n");
        let rows: Vec<Vec<String>> = live
            .partitions
            .iter()
            .map(|p| {
                vec![
                    p.path.chars().filter(|c| !c.is_control()).collect(),
                    time(p.start.saturating_mul(1000)),
                    time(p.end.saturating_mul(1000)),
                ]
            })
            .collect();
        out.push_str(&aligned(&rows));
    }
    for warning in &live.warnings {
        out.push_str(&format!("warning: {warning}\n"));
    }
    out
}
