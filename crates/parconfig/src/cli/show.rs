// SPDX-License-Identifier: MPL-2.0
//! `show`, `check` and `schedule`.

use crate::failure::Failure;
use crate::input::{Input, InputArgs, parse_files};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::config::check::{Finding, Severity};
use parconfig::config::diff::shown;
use parconfig::config::text::{flat, spell};
use parconfig::config::{times::DAYS, week};
use parconfig::ini::{Ini, Item};
use parconfig::place::{MASK, is_secret};
use parconfig::recording::Effective;
use parconfig::unit::http::Report;
use parconfig::unit::set::UnitSet;
use parconfig::{Config, picture};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig show backup/north
  parconfig show backup/north --map mapping.toml      (by friendly names)
  parconfig show unit.toml --section schedule
  parconfig show recording.adbin                      (what its frames claim they were recorded with)
  PARCONFIG_PASSWORD=… parconfig show http://10.0.0.5 --user viewer")]
pub struct Show {
    /// File, folder, ZIP or URL
    file: String,
    /// Only this part of a configuration, such as camera or schedule
    #[arg(long)]
    section: Option<String>,
    #[command(flatten)]
    from: InputArgs,
}

impl Show {
    pub fn run(self, common: Common) -> Done {
        let source = self.from.open(&self.file)?;
        let mut text = format!("{}: {}\n", source.name, source.kind);
        let mut value = json!({ "file": source.name, "kind": source.kind });
        let mut put = |key: &str, part: Value| {
            drop(
                value
                    .as_object_mut()
                    .map(|object| object.insert(key.into(), part)),
            )
        };
        match &source.input {
            Input::Files(contents) if self.from.map.is_none() => {
                let files = parse_files(contents)?;
                if UnitSet::is_set(Path::new(&self.file)) {
                    let set = UnitSet::open(Path::new(&self.file))?;
                    text.push_str(&format!(
                        "fetched from {} at {}\n",
                        set.manifest.url, set.manifest.time
                    ));
                    put("manifest", json!(set.manifest));
                }
                files.iter().for_each(|(name, ini)| {
                    text.push_str(&ini_text(name, ini, common.show_secrets))
                });
                put(
                    "files",
                    files
                        .iter()
                        .map(|(name, ini)| (name.clone(), ini_json(ini, common.show_secrets)))
                        .collect(),
                );
            }
            input => {
                match input {
                    Input::Recording(found) => {
                        text.push_str(&recording_text(found));
                        put("recording", json!(found));
                    }
                    Input::Unit(report) => {
                        text.push_str(&report_text(report));
                        put("unit", json!(report));
                    }
                    _ => {}
                }
                let (config, notes) = self.from.config(&source)?;
                let masked = masked(&config, self.section.as_deref(), common.show_secrets);
                text.push_str(&format!(
                    "\n{}",
                    toml::to_string(&masked).unwrap_or_default()
                ));
                notes
                    .iter()
                    .for_each(|note| text.push_str(&format!("# {note}\n")));
                put("config", json!(masked));
                put("notes", json!(notes));
            }
        }
        if common.json {
            output::print_json(&value)?
        } else {
            output::print(&text)?
        }
        Ok(0)
    }
}

/// A configuration in canonical form with its secrets masked.
fn masked(config: &Config, only: Option<&str>, secrets: bool) -> toml::Table {
    let mut table = toml::Table::try_from(config).unwrap_or_default();
    fn mask(table: &mut toml::Table) {
        for (key, value) in table.iter_mut() {
            match value {
                toml::Value::Table(inner) => mask(inner),
                value if is_secret(key) => *value = MASK.into(),
                _ => {}
            }
        }
    }
    if !secrets {
        mask(&mut table);
    }
    table.retain(|key, _| only.is_none_or(|only| only == key));
    table
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn ini_text(name: &str, ini: &Ini, secrets: bool) -> String {
    let mut out = format!("\n== {name} ({})\n", ini.code_page().name());
    for item in ini.items() {
        match item {
            Item::Section(section, _) => out.push_str(&format!("[{}]\n", plain(&section))),
            Item::Entry(entry) => {
                let value = if is_secret(&entry.key) && !secrets {
                    MASK
                } else {
                    &entry.value
                };
                out.push_str(&format!("  {} = {}\n", plain(&entry.key), plain(value)));
            }
            Item::Comment(..) | Item::Other(..) => {}
        }
    }
    out
}

fn ini_json(ini: &Ini, secrets: bool) -> Value {
    let entry = |entry: parconfig::ini::Entry| {
        let value = if is_secret(&entry.key) && !secrets {
            MASK
        } else {
            &entry.value
        };
        json!({ "section": entry.section, "key": entry.key, "value": value, "line": entry.place.line })
    };
    json!({ "code_page": ini.code_page().name(), "entries": ini.entries().map(entry).collect::<Vec<_>>() })
}

/// Rows in columns.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("  {:<width$}", plain(cell)));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    rows.iter().map(line).collect()
}

fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or(ms.to_string(), |time| {
        time.strftime("%Y-%m-%d %H:%M:%S").to_string()
    })
}

fn recording_text(found: &Effective) -> String {
    let heading = [
        "camera",
        "title",
        "coding",
        "size",
        "frames",
        "keyframes",
        "per second",
        "quality",
        "from",
        "to",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (number, camera) in &found.cameras {
        let sizes: Vec<String> = camera
            .sizes
            .iter()
            .map(|(w, h)| format!("{w}x{h}"))
            .collect();
        let end = |span: Option<i64>| span.map(time).unwrap_or_default();
        rows.push(vec![
            number.to_string(),
            camera.title().unwrap_or_default().to_owned(),
            camera
                .codec
                .map(|codec| format!("{codec:?}").to_lowercase())
                .unwrap_or_default(),
            sizes.join(" "),
            camera.frames.to_string(),
            camera.keyframes.to_string(),
            camera
                .rate
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
            end(camera.spans.first().map(|span| span.0)),
            end(camera.spans.last().map(|span| span.1)),
        ]);
    }
    let mut out = format!("\nRecorded (times are UTC)\n{}", aligned(&rows));
    for (number, camera) in &found.cameras {
        if let Some(crop) = camera.crop {
            let ((w, h), (x, y)) = (crop.source, crop.offset);
            out.push_str(&format!(
                "  camera {number} is cut out of {w}x{h} at {x},{y}\n"
            ));
        }
        if camera.spans.len() > 1 {
            out.push_str(&format!(
                "  camera {number} was recorded in {} spans (--json lists them)\n",
                camera.spans.len()
            ));
        }
    }
    let facts = [
        (found.audio_blocks, "audio blocks"),
        (found.damaged, "bytes are not a valid record"),
    ];
    out.extend(
        facts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("  {n} {what}\n")),
    );
    out.extend(
        found
            .alarms
            .iter()
            .map(|alarm| format!("  alarm: {}\n", plain(alarm))),
    );
    out.extend(found.masks.iter().map(|mask| format!("  {mask}\n")));
    out.extend(
        found
            .warnings
            .iter()
            .map(|warning| format!("  warning: {warning}\n")),
    );
    out
}

fn report_text(report: &Report) -> String {
    let partition = |p: &parconfig::unit::http::Partition| {
        vec![p.path.clone(), time(p.start * 1000), time(p.end * 1000)]
    };
    let rows: Vec<Vec<String>> = report.partitions.iter().map(partition).collect();
    let heading = if rows.is_empty() {
        ""
    } else {
        "\nPartitions (times are UTC)\n"
    };
    format!(
        "server: {}\n{heading}{}",
        plain(&report.server),
        aligned(&rows)
    )
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig check unit.toml
  parconfig check backup/* --map mapping.toml
  parconfig check backup/north --strict

Prints FILE:LINE:COLUMN: what is wrong and what is allowed. Of a unit's own files it checks their form, and with a mapping their
values. Exit code 1 if there are errors, with --strict also for warnings.")]
pub struct Check {
    /// Configuration texts, fetched sets, .ini files, ZIP files
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
            checked += match &source.input {
                Input::Files(contents) => contents.len(),
                _ => 1,
            };
            match &source.input {
                Input::Config(text) => found.extend(
                    text.check()
                        .into_iter()
                        .map(|finding| (name.clone(), finding)),
                ),
                Input::Files(contents) => {
                    for (file, ini) in parse_files(contents)? {
                        let path = if Path::new(name).is_file() {
                            name.clone()
                        } else {
                            format!("{name}/{file}")
                        };
                        found.extend(
                            form(&ini)
                                .into_iter()
                                .map(|finding| (path.clone(), finding)),
                        );
                    }
                    if self.from.map.is_some() {
                        let (config, notes) = self.from.config(&source)?;
                        let values = parconfig::config::check::check(&config).into_iter();
                        found.extend(values.map(|finding| (name.clone(), finding)));
                        let doubtful = notes
                            .into_iter()
                            .filter(|note| !note.starts_with("not in the mapping"));
                        found.extend(doubtful.map(|note| {
                            (
                                name.clone(),
                                finding(Severity::Error, "value", "value", note),
                            )
                        }));
                    }
                }
                _ => {
                    return Err(Failure::Input(format!(
                        "{name}: this is a {}; import makes a configuration text of it",
                        source.kind
                    )));
                }
            }
        }
        let count = |severity| {
            found
                .iter()
                .filter(|(_, finding)| finding.severity == severity)
                .count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        if common.json {
            let json = |(file, f): &(String, Finding)| {
                json!({
                    "file": file, "line": f.place.line, "column": f.place.column, "offset": f.place.offset,
                    "severity": f.severity, "rule": f.rule, "path": f.path, "message": f.message,
                })
            };
            let findings: Vec<Value> = found.iter().take(PRINTED).map(json).collect();
            output::print_json(
                &json!({ "files": checked, "errors": errors, "warnings": warnings, "findings": findings }),
            )?;
        } else {
            let mut out: String = found
                .iter()
                .take(PRINTED)
                .map(|(file, finding)| format!("{file}:{finding}\n"))
                .collect();
            if found.len() > PRINTED {
                out.push_str(&format!("… and {} more\n", found.len() - PRINTED));
            }
            let [files, errors, warnings] =
                [(checked, "file"), (errors, "error"), (warnings, "warning")]
                    .map(|(n, word)| output::count(n, word));
            output::print(&format!("{out}{files}: {errors}, {warnings}\n"))?;
        }
        Ok(u8::from(errors > 0 || (self.strict && warnings > 0)))
    }
}

fn finding(severity: Severity, rule: &'static str, path: &str, message: String) -> Finding {
    Finding {
        severity,
        rule,
        place: Default::default(),
        path: path.into(),
        message,
    }
}

/// What the form of a unit's own file makes doubtful: lines that are nothing, keys and sections that occur twice.
fn form(ini: &Ini) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = BTreeMap::new();
    for item in ini.items() {
        let mut finding = match item {
            Item::Other(line, place) => {
                let line: String = line.chars().take(30).collect();
                let message = format!("{line:?} is neither [section], key = value nor a comment");
                Finding {
                    place,
                    ..finding(Severity::Warning, "stray-line", "line", message)
                }
            }
            Item::Entry(entry) => {
                let name = format!("{}/{}", entry.section, entry.key);
                match seen.insert(name.to_lowercase(), entry.place.line) {
                    Some(first) => Finding {
                        place: entry.place,
                        ..finding(
                            Severity::Warning,
                            "key-again",
                            &name,
                            format!("is in line {first} too"),
                        )
                    },
                    None => continue,
                }
            }
            Item::Section(..) | Item::Comment(..) => continue,
        };
        finding.message = plain(&finding.message);
        found.push(finding);
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
            return Err(Failure::Use("--scale: 0.1 to 8 is expected".into()));
        }
        let source = self.from.open(&self.file)?;
        let (config, _) = self.from.config(&source)?;
        let (svg, text, value) = match &source.input {
            Input::Recording(found) => (
                picture::recorded_svg(found),
                recording_text(found),
                json!(found),
            ),
            _ => {
                let days = DAYS.iter().map(|day| (*day).to_owned()).zip(
                    week::week(&config.schedule)
                        .into_iter()
                        .map(|day| json!(day)),
                );
                let values = flat(&config)
                    .into_iter()
                    .filter(|(path, _)| path.starts_with("schedule."));
                let lines = values.map(|(path, value)| {
                    format!("{path} = {}\n", shown(&path, &value, common.show_secrets))
                });
                (
                    picture::week_svg(&config),
                    format!(
                        "{}\n{}",
                        lines.collect::<String>(),
                        week::grid(&config.schedule)
                    ),
                    Value::Object(days.collect()),
                )
            }
        };
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

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig get unit.toml camera.3.title
  parconfig get backup/north 'ip.ini/Port 1/Address' 'inputs.ini/Input */Active'
  parconfig get backup/north camera.3.title --map mapping.toml
  parconfig get unit.toml                          (everything, as PATH=VALUE)

Exit code 1 if a value is not set.")]
pub struct Get {
    /// Configuration text, set, .ini file, recording or URL
    file: String,
    /// Paths such as camera.3.title, places such as FILE/SECTION/KEY
    paths: Vec<String>,
    #[command(flatten)]
    from: InputArgs,
}

impl Get {
    pub fn run(self, common: Common) -> Done {
        let source = self.from.open(&self.file)?;
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        let show = |key: &str, value: String| {
            if is_secret(key) && !common.show_secrets {
                MASK.to_owned()
            } else {
                value
            }
        };
        let is_place = |path: &&String| path.contains('/');
        if let Input::Files(contents) = &source.input {
            let files = parse_files(contents)?;
            let all = ["*/*/*".to_owned()];
            let single = Path::new(&self.file)
                .is_file()
                .then(|| files.keys().next().cloned())
                .flatten();
            let wanted = if self.paths.is_empty() && self.from.map.is_none() {
                &all[..]
            } else {
                &self.paths
            };
            for place in wanted.iter().filter(is_place) {
                let full = single
                    .as_ref()
                    .filter(|_| *place != all[0])
                    .map_or(place.clone(), |file| format!("{file}/{place}"));
                for place in parconfig::place::find(&files, &full)? {
                    let value = files
                        .get(&place.file)
                        .and_then(|ini| ini.get(&place.section, &place.key));
                    let value = value.map(|value| show(&place.key, value));
                    found.push((place.to_string(), value));
                }
            }
        }
        if self.paths.iter().any(|path| !path.contains('/')) || found.is_empty() {
            let values = flat(&self.from.config(&source)?.0);
            let known: BTreeMap<&str, String> = values
                .iter()
                .map(|(path, value)| (path.as_str(), spell(value)))
                .collect();
            let wanted: Vec<&str> = match self.paths.as_slice() {
                [] => values.iter().map(|(path, _)| path.as_str()).collect(),
                paths => paths
                    .iter()
                    .filter(|path| !is_place(path))
                    .map(String::as_str)
                    .collect(),
            };
            for path in wanted {
                let key = path.rsplit('.').next().unwrap_or_default();
                let value = known.get(path).map(|value| show(key, value.clone()));
                if value.is_none() {
                    parconfig::config::text::check_path(path)?;
                }
                found.push((path.to_owned(), value));
            }
        }
        let missing = found.iter().any(|(_, value)| value.is_none());
        if common.json {
            output::print_json(&Value::Object(
                found
                    .into_iter()
                    .map(|(path, value)| (path, value.into()))
                    .collect(),
            ))?;
        } else if let ([_], [(_, Some(value))]) = (self.paths.as_slice(), found.as_slice()) {
            output::print(&format!("{}\n", plain(value)))?;
        } else {
            let line = |(path, value): &(String, Option<String>)| match value {
                Some(value) => format!("{path}={}\n", plain(value)),
                None => format!("{path}: not set\n"),
            };
            output::print(&found.iter().map(line).collect::<String>())?;
        }
        Ok(u8::from(missing))
    }
}
