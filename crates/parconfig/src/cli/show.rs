// SPDX-License-Identifier: MPL-2.0
//! `show`, `check` and `schedule`.

use crate::input::{Input, InputArgs, Source, parse_files};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::config::check::{Finding, Severity, check};
use parconfig::config::diff::shown;
use parconfig::config::text::{check_path, flat};
use parconfig::config::{times::DAYS, week};
use parconfig::ini::{Ini, Item};
use parconfig::place::{find, fits, masked};
use parconfig::recording::Effective;
use parconfig::textdiff::visible;
use parconfig::unit::http::{Partition, Report};
use parconfig::unit::set::UnitSet;
use parconfig::{Config, Error, Result, picture};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig show backup/north
  parconfig show backup/north 'ip.ini/Port 1/Address' 'inputs.ini/Input */Active'
  parconfig show backup/north camera.3.title --map mapping.toml   (by friendly names)
  parconfig show unit.toml 'schedule.*'
  parconfig show recording.adbin                           (what it was recorded with)
  PARCONFIG_PASSWORD=… parconfig show http://10.0.0.5 --user viewer

Of one value only the value is printed. Exit code 1 if a value is not set.")]
pub struct Show {
    /// File, folder, ZIP or URL
    file: String,
    /// Only these values: FILE/SECTION/KEY in a unit's files, paths such as camera.3.title elsewhere; * and ? name several
    places: Vec<String>,
    #[command(flatten)]
    from: InputArgs,
}

impl Show {
    pub fn run(self, common: Common) -> Done {
        let source = self.from.open(&self.file)?;
        if !self.places.is_empty() {
            return self.values(&source, common);
        }
        let mut text = format!("{}: {}\n", source.name, source.kind);
        let mut value = json!({ "file": source.name, "kind": source.kind });
        match &source.input {
            Input::Files(contents) if self.from.map.is_none() => {
                if UnitSet::is_set(Path::new(&self.file)) {
                    let manifest = UnitSet::open(Path::new(&self.file))?.manifest;
                    let (url, time) = (&manifest.url, &manifest.time);
                    text.push_str(&format!("fetched from {url} at {time}\n"));
                    value["manifest"] = json!(manifest);
                }
                for (name, ini) in parse_files(contents)? {
                    text.push_str(&ini_text(&name, &ini, common.show_secrets));
                    value["files"][name] = ini_json(&ini, common.show_secrets);
                }
            }
            input => {
                match input {
                    Input::Recording(found) => {
                        text.push_str(&recording_text(found));
                        value["recording"] = json!(found);
                    }
                    Input::Unit(report) => {
                        text.push_str(&report_text(report));
                        value["unit"] = json!(report);
                    }
                    _ => {}
                }
                let (config, notes) = self.from.config(&source)?;
                let config = masked_table(&config, common.show_secrets);
                text.push_str(&format!(
                    "\n{}",
                    toml::to_string(&config).unwrap_or_default()
                ));
                text.extend(notes.iter().map(|note| format!("# {note}\n")));
                value["config"] = json!(config);
                value["notes"] = json!(notes);
            }
        }
        match common.json {
            true => output::print_json(&value)?,
            false => output::print(&text)?,
        }
        Ok(0)
    }

    /// Prints the values that were asked for.
    fn values(&self, source: &Source, common: Common) -> Done {
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        let (places, paths): (Vec<&String>, _) = self.places.iter().partition(|p| p.contains('/'));
        for place in places {
            let Input::Files(contents) = &source.input else {
                let message = format!("{place}: {} is not a unit's own files", source.name);
                return Err(Error::Usage(message));
            };
            let files = parse_files(contents)?;
            for place in find(&files, &source.place(place))? {
                let ini = files.get(&place.file);
                let value = ini.and_then(|ini| ini.get(&place.section, &place.key));
                let value = value.map(|value| masked(&place.key, value, common.show_secrets));
                found.push((place.to_string(), value.map(str::to_owned)));
            }
        }
        let values = match paths.is_empty() {
            true => Vec::new(),
            false => flat(&self.from.config(source)?.0),
        };
        for path in paths {
            let named = values.iter().filter(|(name, _)| fits(path, name));
            let before = found.len();
            found.extend(named.map(|(path, value)| {
                let value = shown(path, Some(value), common.show_secrets);
                (path.clone(), Some(value))
            }));
            if found.len() == before {
                if !path.contains(['*', '?']) {
                    check_path(path)?;
                }
                found.push((path.clone(), None));
            }
        }
        let is_missing = found.iter().any(|(_, value)| value.is_none());
        if common.json {
            output::print_json(&found.into_iter().collect())?;
        } else if let ([_], [(_, Some(value))]) = (self.places.as_slice(), found.as_slice()) {
            output::print(&format!("{}\n", visible(value)))?;
        } else {
            let line = |(path, value): &(String, Option<String>)| match value {
                Some(value) => format!("{path}={}\n", visible(value)),
                None => format!("{path}: not set\n"),
            };
            output::print(&found.iter().map(line).collect::<String>())?;
        }
        Ok(u8::from(is_missing))
    }
}

/// A configuration in canonical form with its secrets masked.
fn masked_table(config: &Config, secrets: bool) -> toml::Table {
    fn mask(table: &mut toml::Table) {
        for (key, value) in table.iter_mut() {
            match value {
                toml::Value::Table(inner) => mask(inner),
                toml::Value::String(text) => *text = masked(key, text, false).to_owned(),
                _ => {}
            }
        }
    }
    let mut table = toml::Table::try_from(config).unwrap_or_default();
    if !secrets {
        mask(&mut table);
    }
    table
}

fn ini_text(name: &str, ini: &Ini, secrets: bool) -> String {
    let mut out = format!("\n== {name} ({})\n", ini.code_page().name());
    for item in ini.items() {
        match item {
            Item::Section(section) => out.push_str(&format!("[{}]\n", visible(&section))),
            Item::Entry(entry) => {
                let value = masked(&entry.key, &entry.value, secrets);
                let (key, value) = (visible(&entry.key), visible(value));
                out.push_str(&format!("  {key} = {value}\n"));
            }
            Item::Other(..) => {}
        }
    }
    out
}

fn ini_json(ini: &Ini, secrets: bool) -> Value {
    let entry = |entry: parconfig::ini::Entry| {
        let value = masked(&entry.key, &entry.value, secrets);
        json!({ "section": entry.section, "key": entry.key, "value": value, "line": entry.position.line })
    };
    let entries: Vec<Value> = ini.entries().map(entry).collect();
    json!({ "code_page": ini.code_page().name(), "entries": entries })
}

/// Rows in columns.
fn aligned(rows: &[Vec<String>]) -> String {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(row.len().max(widths.len()), 0);
        for (cell, width) in row.iter().zip(&mut widths) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("  {:<width$}", visible(cell)));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    rows.iter().map(line).collect()
}

fn time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms);
    time.map_or(ms.to_string(), |time| {
        time.strftime("%Y-%m-%d %H:%M:%S").to_string()
    })
}

fn recording_text(found: &Effective) -> String {
    let heading = "camera,title,coding,size,frames,keyframes,per second,quality,from,to";
    let mut rows = vec![heading.split(',').map(str::to_owned).collect()];
    let mut out = String::new();
    for (number, camera) in &found.cameras {
        let sizes = camera.sizes.iter().map(|(w, h)| format!("{w}x{h}"));
        let quality = camera.quality.map(|(a, b)| match a == b {
            true => a.to_string(),
            false => format!("{a}-{b}"),
        });
        rows.push(vec![
            number.to_string(),
            camera.title().unwrap_or_default().to_owned(),
            camera.codec_name().unwrap_or_default(),
            sizes.collect::<Vec<_>>().join(" "),
            camera.frames.to_string(),
            camera.keyframes.to_string(),
            camera
                .rate
                .map_or(String::new(), |rate| format!("{rate:.2}")),
            quality.unwrap_or_default(),
            camera
                .spans
                .first()
                .map_or(String::new(), |span| time(span.0)),
            camera
                .spans
                .last()
                .map_or(String::new(), |span| time(span.1)),
        ]);
        if let Some(crop) = camera.crop {
            let ((w, h), (x, y)) = (crop.source, crop.offset);
            out.push_str(&format!(
                "  camera {number} is cut out of {w}x{h} at {x},{y}\n"
            ));
        }
        if camera.spans.len() > 1 {
            let spans = camera.spans.len();
            out.push_str(&format!(
                "  camera {number} was recorded in {spans} spans (--json lists them)\n"
            ));
        }
    }
    for (n, what) in [
        (found.audio_blocks, "audio blocks"),
        (found.damaged, "bytes are not a valid record"),
    ] {
        if n > 0 {
            out.push_str(&format!("  {n} {what}\n"));
        }
    }
    out.extend(
        found
            .alarms
            .iter()
            .map(|alarm| format!("  alarm: {}\n", visible(alarm))),
    );
    out.extend(found.masks.iter().map(|mask| format!("  {mask}\n")));
    format!("\nRecorded (times are UTC)\n{}{out}", aligned(&rows))
}

fn report_text(report: &Report) -> String {
    let partition = |p: &Partition| vec![p.path.clone(), time(p.start * 1000), time(p.end * 1000)];
    let rows: Vec<Vec<String>> = report.partitions.iter().map(partition).collect();
    let heading = match rows.is_empty() {
        true => "",
        false => "\nPartitions (times are UTC)\n",
    };
    format!(
        "server: {}\n{heading}{}",
        visible(&report.server),
        aligned(&rows)
    )
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig check unit.toml
  parconfig check backup/* --map mapping.toml
  parconfig check backup/north --strict

Prints FILE:LINE:COLUMN: what is wrong and what is allowed. Of a unit's own files it checks their form, and with a mapping their \
values; of a recording or live unit what it was made with or reports. Exit code 1 if there are errors, with --strict also for warnings.")]
pub struct Check {
    /// Configuration texts, fetched sets, .ini files, ZIP files, recordings or URLs
    #[arg(required = true)]
    files: Vec<String>,
    /// Warnings count as errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    from: InputArgs,
}

/// Most findings that are printed.
const PRINTED: usize = 5000;

impl Check {
    pub fn run(self, common: Common) -> Done {
        let mut found: Vec<(String, Finding)> = Vec::new();
        let mut checked = 0;
        for name in &self.files {
            let source = self.from.open(name)?;
            let findings = self.findings(&source, &mut checked)?;
            found.extend(findings);
        }
        let count = |severity| found.iter().filter(|(_, f)| f.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let printed = found.iter().take(PRINTED);
        if common.json {
            let json = |(file, f): &(String, Finding)| {
                json!({
                    "file": file, "line": f.position.line, "column": f.position.column, "offset": f.position.offset,
                    "severity": f.severity, "rule": f.rule, "path": f.path, "message": f.message,
                })
            };
            let findings: Vec<Value> = printed.map(json).collect();
            output::print_json(
                &json!({ "files": checked, "errors": errors, "warnings": warnings, "findings": findings }),
            )?;
        } else {
            let mut out: String = printed.map(|(file, f)| format!("{file}:{f}\n")).collect();
            if found.len() > PRINTED {
                out.push_str(&format!("… and {} more\n", found.len() - PRINTED));
            }
            let counts = [(checked, "file"), (errors, "error"), (warnings, "warning")];
            let [files, errors, warnings] = counts.map(|(n, word)| output::count(n, word));
            output::print(&format!("{out}{files}: {errors}, {warnings}\n"))?;
        }
        Ok(u8::from(errors > 0 || (self.strict && warnings > 0)))
    }

    /// The findings of one input by file; counts the files.
    fn findings(&self, source: &Source, checked: &mut usize) -> Result<Vec<(String, Finding)>> {
        let name = &source.name;
        let of_source = |finding| (name.clone(), finding);
        let of_note = |severity, note| {
            let finding = Finding::new(severity, "value", "value".into(), note);
            (name.clone(), finding)
        };
        match &source.input {
            Input::Config(text) => {
                *checked += 1;
                Ok(text.check().into_iter().map(of_source).collect())
            }
            Input::Files(contents) => {
                *checked += contents.len();
                let mut found = Vec::new();
                for (file, ini) in parse_files(contents)? {
                    let path = match Path::new(name).is_file() {
                        true => name.clone(),
                        false => format!("{name}/{file}"),
                    };
                    found.extend(form(&ini).into_iter().map(|f| (path.clone(), f)));
                }
                if self.from.map.is_some() {
                    let (config, notes) = self.from.config(source)?;
                    found.extend(check(&config).into_iter().map(of_source));
                    let doubtful = |note: &String| !note.starts_with("not in the mapping");
                    let doubts = notes.into_iter().filter(doubtful);
                    found.extend(doubts.map(|note| of_note(Severity::Error, note)));
                }
                Ok(found)
            }
            _ => {
                *checked += 1;
                let (config, notes) = self.from.config(source)?;
                let findings = check(&config).into_iter().map(of_source);
                let notes = notes
                    .into_iter()
                    .map(|note| of_note(Severity::Warning, note));
                Ok(findings.chain(notes).collect())
            }
        }
    }
}

/// What the form of a unit's own file makes doubtful: lines that are nothing, and keys that occur twice.
fn form(ini: &Ini) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = BTreeMap::new();
    for item in ini.items() {
        let (rule, path, message, position) = match item {
            Item::Section(..) => continue,
            Item::Other(line, position) => {
                let line: String = line.chars().take(30).collect();
                let message = format!("{line:?} is neither [section], key = value nor a comment");
                ("stray-line", "line".to_owned(), message, position)
            }
            Item::Entry(entry) => {
                let name = format!("{}/{}", entry.section, entry.key);
                let Some(first) = seen.insert(name.to_lowercase(), entry.position.line) else {
                    continue;
                };
                let message = format!("is in line {first} too");
                ("key-again", name, message, entry.position)
            }
        };
        let finding = Finding::new(Severity::Warning, rule, visible(&path), visible(&message));
        found.push(Finding {
            position,
            ..finding
        });
    }
    found
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig schedule unit.toml
  parconfig schedule backup/north --map mapping.toml --svg week.svg
  parconfig schedule recording.adbin --png recorded.png   (what was really recorded)")]
pub struct Schedule {
    /// Configuration text, set, recording or URL
    file: String,
    /// Write the image as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the image as PNG; words in it need a font of the system
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Size of the PNG: 1 is 1000 pixels wide
    #[arg(long, default_value_t = 1.0)]
    scale: f32,
    #[command(flatten)]
    from: InputArgs,
}

impl Schedule {
    pub fn run(self, common: Common) -> Done {
        if !(0.1..=8.0).contains(&self.scale) {
            return Err(Error::Usage("--scale: 0.1 to 8 is expected".into()));
        }
        let source = self.from.open(&self.file)?;
        let (config, notes) = self.from.config(&source)?;
        let (svg, mut text, value) = match &source.input {
            Input::Recording(found) => (
                picture::recorded_svg(found),
                recording_text(found),
                json!(found),
            ),
            _ => {
                let weeks = week::week(&config.schedule).into_iter();
                let days = DAYS.into_iter().zip(weeks.map(|day| json!(day)));
                let mut values = flat(&config);
                values.retain(|(path, _)| path.starts_with("schedule."));
                let line = |(path, value): (String, toml::Value)| {
                    format!("{path} = {}\n", shown(&path, Some(&value), true))
                };
                let lines: String = values.into_iter().map(line).collect();
                (
                    picture::week_svg(&config),
                    format!("{lines}\n{}", week::grid(&config.schedule)),
                    days.collect(),
                )
            }
        };
        text.extend(notes.iter().map(|note| format!("# {note}\n")));
        if let Some(path) = &self.svg {
            output::write(path, svg.as_bytes())?;
        }
        if let Some(path) = &self.png {
            output::write(path, &picture::png(&svg, self.scale)?)?;
        }
        if common.json {
            output::print_json(&value)?;
        } else if self.svg.is_none() && self.png.is_none() {
            output::print(&text)?;
        }
        Ok(0)
    }
}
