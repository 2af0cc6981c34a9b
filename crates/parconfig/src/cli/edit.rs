// SPDX-License-Identifier: MPL-2.0
//! `set`, `rollout`, `merge` and `import`: what changes files of this machine.

use crate::failure::Failure;
use crate::input::{Input, InputArgs, parse_files, read_mapping};
use crate::{Common, Done, output};
use clap::Args;
use parconfig::config::check::{Severity, has_errors};
use parconfig::config::import::{import, is_old_form};
use parconfig::config::text::{MAX_TEXT, flat, value_of};
use parconfig::config::{diff, diff::merge};
use parconfig::ini::{Edit, Ini, code_page::CodePage};
use parconfig::place::is_secret;
use parconfig::rollout::table::{MAX_TABLE, Table};
use parconfig::rollout::{Change, UNIT_COLUMNS};
use parconfig::textdiff::unified;
use parconfig::unit::set::{Contents, UnitSet, read_tree};
use parconfig::{ConfigText, files};
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// `PLACE=VALUE`
fn pairs(texts: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let split = |text: &String| {
        let pair = text
            .split_once('=')
            .map(|(place, value)| (place.to_owned(), value.to_owned()));
        pair.ok_or_else(|| Failure::Use(format!("{text}: PLACE=VALUE is expected")))
    };
    texts.iter().map(split).collect()
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig set backup/north 'ip.ini/Port 1/Address=10.0.0.9' 'inputs.ini/Input */Active=1'
  parconfig set ip.ini 'Port 1/Address=10.0.0.9' --add 'Port 1/Comment=moved' --delete 'Port 1/Old'
  parconfig set backup/north camera.3.title='Loading bay' --map mapping.toml
  parconfig set unit.toml camera.3.title='Loading bay' schedule.monday.day=07:00-19:00

In a unit's files comments, order, line ends, blanks, code page, duplicate keys and a NUL or 0x1A at the end survive; in a
configuration text comments and order do. Of a single file the old version is kept as FILE~; a fetched set keeps what the unit has.
Exit code 1 if check finds an error that was not there before.")]
pub struct Set {
    /// Fetched set, .ini file or configuration text
    file: String,
    /// FILE/SECTION/KEY=VALUE in a set, SECTION/KEY=VALUE in a file, PATH=VALUE in a configuration text or by a mapping
    #[arg(value_name = "PLACE=VALUE")]
    values: Vec<String>,
    /// Add a key that is not there
    #[arg(long, value_name = "PLACE=VALUE")]
    add: Vec<String>,
    /// Remove a key or value
    #[arg(long, value_name = "PLACE")]
    delete: Vec<String>,
    /// Code page of an .ini file where its bytes do not show it: utf-8 or windows-1252
    #[arg(long, value_name = "NAME", value_parser = ["utf-8", "windows-1252"])]
    code_page: Option<String>,
    /// Show the difference, write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    from: InputArgs,
}

impl Set {
    pub fn run(self, common: Common) -> Done {
        if self.values.is_empty() && self.add.is_empty() && self.delete.is_empty() {
            return Err(Failure::Use(
                "nothing to set: PLACE=VALUE, --add or --delete is expected".into(),
            ));
        }
        match self.from.open(&self.file)?.input {
            Input::Config(text) => self.in_text(*text, common),
            Input::Files(contents) => self.in_files(contents, common),
            _ => Err(Failure::Input(format!(
                "{}: is neither a configuration text nor a unit's own files",
                self.file
            ))),
        }
    }

    fn in_text(&self, mut text: ConfigText, common: Common) -> Done {
        let before = text.text().to_owned();
        let problem = |text: &ConfigText| -> BTreeSet<(Severity, String, String)> {
            text.check()
                .into_iter()
                .map(|f| (f.severity, f.path, f.message))
                .collect()
        };
        let known = problem(&text);
        let values = pairs(&[&self.values[..], &self.add].concat())?;
        let typed =
            |(path, text): (String, String)| value_of(&path, &text).map(|value| (path, value));
        let values = values
            .into_iter()
            .map(typed)
            .collect::<Result<Vec<_>, _>>()?;
        text.set(&values)?;
        self.delete.iter().try_for_each(|path| text.remove(path))?;
        let new: Vec<_> = problem(&text).difference(&known).cloned().collect();
        let shown = unified(
            &self.file,
            before.as_bytes(),
            text.text().as_bytes(),
            common.show_secrets,
        );
        if !self.dry_run {
            output::write(Path::new(&self.file), text.text().as_bytes())?;
        }
        if common.json {
            let problems: Vec<String> = new
                .iter()
                .map(|(severity, path, message)| format!("{severity}: {path}: {message}"))
                .collect();
            output::print_json(
                &json!({ "file": self.file, "written": !self.dry_run, "difference": shown, "problems": problems }),
            )?;
        } else {
            output::print(&shown)?;
            new.iter().for_each(|(severity, path, message)| {
                eprintln!("parconfig: {severity}: {path}: {message}")
            });
        }
        Ok(u8::from(
            new.iter()
                .any(|(severity, ..)| *severity == Severity::Error),
        ))
    }

    fn in_files(&self, contents: Contents, common: Common) -> Done {
        let mut files = parse_files(&contents)?;
        let path = Path::new(&self.file);
        let single = path
            .is_file()
            .then(|| files.keys().next().cloned().unwrap_or_default());
        if path.is_file() && contents.len() != 1 {
            return Err(Failure::Input(format!(
                "{}: a ZIP is not edited; unpack it",
                self.file
            )));
        }
        if let Some(page) = self.code_page.as_deref().and_then(CodePage::from_name) {
            files.values_mut().for_each(|ini| ini.set_code_page(page));
        }
        let full = |place: &String| match &single {
            Some(file) if place.contains('/') => format!("{file}/{place}"),
            _ => place.clone(),
        };
        let change = Change {
            set: pairs(&self.values.iter().map(full).collect::<Vec<_>>())?,
            add: pairs(&self.add.iter().map(full).collect::<Vec<_>>())?,
            remove: self.delete.iter().map(full).collect(),
            mapping: read_mapping(self.from.map.as_deref())?,
            ..Change::default()
        };
        let edits = change.apply(&mut files, None)?.edits;
        let changed = files
            .iter()
            .map(|(name, ini)| (name, ini.to_bytes()))
            .filter(|(name, bytes)| contents.get(*name) != Some(bytes));
        for (name, bytes) in changed.filter(|_| !self.dry_run) {
            match &single {
                Some(_) => output::write(path, &bytes)?,
                None => files::write(&path.join(name), &bytes)
                    .map_err(|error| Failure::Output(error.to_string()))?,
            }
        }
        if common.json {
            output::print_json(
                &json!({ "written": !self.dry_run, "edits": output::edits_json(&edits, common.show_secrets) }),
            )?;
        } else {
            output::print(&output::edits_text(&edits, common.show_secrets))?;
        }
        Ok(0)
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig rollout backup/* --set 'ip.ini/Port 1/Router=10.0.0.254' --dry-run
  parconfig rollout --to units.csv -C backup --set 'ip.ini/Port 1/Name={{site}}-dvr'
  parconfig rollout --to units.csv -C backup --template all.toml --map mapping.toml

Edits fetched sets; push brings them to the units. units.csv has a line for each unit: column unit names its set below -C, a
column named by a place (ip.ini/Port 1/Address) or by a name of the mapping (network.address) sets that value unless the cell is
empty, any other column fills {{column}} in values. All units are checked before any file is written.")]
pub struct RolloutArgs {
    /// Fetched sets, where there is no table
    #[arg(
        value_name = "DIR",
        required_unless_present = "to",
        conflicts_with = "to"
    )]
    sets: Vec<PathBuf>,
    /// Table of units (CSV)
    #[arg(long, value_name = "UNITS.CSV")]
    to: Option<PathBuf>,
    /// Folder of the sets that the table names
    #[arg(short = 'C', long, default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// Set a value, everywhere that * and ? in the place fit
    #[arg(long, value_name = "PLACE=VALUE")]
    set: Vec<String>,
    /// Add a key that is not there
    #[arg(long, value_name = "PLACE=VALUE")]
    add: Vec<String>,
    /// Remove a key
    #[arg(long, value_name = "PLACE")]
    delete: Vec<String>,
    /// Configuration text whose values are carried over by the mapping
    #[arg(long, value_name = "TOML", requires = "map")]
    template: Option<PathBuf>,
    /// Friendly names for places in a unit's files (TOML)
    #[arg(long, value_name = "TOML")]
    map: Option<PathBuf>,
    /// Show the differences, write nothing
    #[arg(long)]
    dry_run: bool,
}

/// What a rollout makes of one set.
struct Rolled {
    folder: PathBuf,
    files: Contents,
    edits: Vec<(String, Edit)>,
}

impl RolloutArgs {
    pub fn run(self, common: Common) -> Done {
        let mut change = Change {
            set: pairs(&self.set)?,
            add: pairs(&self.add)?,
            remove: self.delete.clone(),
            mapping: read_mapping(self.map.as_deref())?,
            ..Change::default()
        };
        if let Some(path) = &self.template {
            let bytes = files::read(path, MAX_TEXT)?;
            change
                .read_template(&bytes)
                .map_err(|error| Failure::input(&path.display().to_string(), &error))?;
        }
        let table = self.to.as_deref().map(read_table).transpose()?;
        let edits_by_table = |table: &Table| {
            table
                .columns
                .iter()
                .any(|name| name.contains(['/', '.']) && !UNIT_COLUMNS.contains(&name.as_str()))
        };
        if change.is_empty() && !table.as_ref().is_some_and(edits_by_table) {
            return Err(Failure::Use(
                "nothing to change: --set, --add, --delete, --template or a column that is a place is expected".into(),
            ));
        }
        let (mut rolled, mut errors, mut warnings) = (Vec::new(), Vec::new(), 0);
        let mut roll = |folder: PathBuf, unit| {
            let name = folder.display().to_string();
            let one = || -> Result<_, Failure> {
                let set = UnitSet::open(&folder)?;
                set.changes()?;
                let files = read_tree(&folder)?;
                let mut parsed = parse_files(&files)?;
                let applied = change.apply(&mut parsed, unit)?;
                let new = |(file, ini): (String, Ini)| (file, ini.to_bytes());
                let changed = parsed
                    .into_iter()
                    .map(new)
                    .filter(|(file, bytes)| files.get(file) != Some(bytes));
                Ok((
                    Rolled {
                        files: changed.collect(),
                        edits: applied.edits,
                        folder: folder.clone(),
                    },
                    applied.findings,
                ))
            };
            match one() {
                Ok((done, findings)) => {
                    warnings += findings
                        .iter()
                        .filter(|finding| finding.severity == Severity::Warning)
                        .count();
                    if has_errors(&findings) {
                        let texts = findings
                            .iter()
                            .filter(|finding| finding.severity == Severity::Error);
                        errors.extend(texts.map(|finding| format!("{name}: {finding}")));
                    }
                    rolled.push(done);
                }
                Err(failure) => errors.push(format!("{name}: {}", failure.text())),
            }
        };
        match &table {
            Some(table) => {
                let units = table
                    .units()
                    .map_err(|error| Failure::input("table", &error))?;
                units
                    .iter()
                    .zip(&table.rows)
                    .for_each(|(unit, row)| roll(self.folder.join(unit), Some((table, row))));
            }
            None => self
                .sets
                .iter()
                .for_each(|folder| roll(folder.clone(), None)),
        }
        let write = errors.is_empty() && !self.dry_run;
        let write_one = |one: &Rolled| {
            let mut files = one.files.iter();
            files.try_for_each(|(file, bytes)| files::write(&one.folder.join(file), bytes))
        };
        if write {
            let done = rolled.par_iter().try_for_each(write_one);
            done.map_err(|error| Failure::Output(error.to_string()))?;
        }
        let edited = rolled.iter().filter(|one| !one.files.is_empty()).count();
        if common.json {
            let units: Vec<_> = rolled
                .iter()
                .map(|one| json!({ "unit": one.folder, "edits": output::edits_json(&one.edits, common.show_secrets) }))
                .collect();
            output::print_json(
                &json!({ "units": units, "errors": errors, "warnings": warnings, "written": write }),
            )?;
        } else {
            let show = |one: &Rolled| {
                let in_set = |(file, edit): &(String, Edit)| {
                    (one.folder.join(file).display().to_string(), edit.clone())
                };
                output::edits_text(
                    &one.edits.iter().map(in_set).collect::<Vec<_>>(),
                    common.show_secrets,
                )
            };
            output::print(&rolled.iter().map(show).collect::<String>())?;
            errors
                .iter()
                .for_each(|error| eprintln!("parconfig: {error}"));
            let units = output::count(
                table
                    .as_ref()
                    .map_or(self.sets.len(), |table| table.rows.len()),
                "unit",
            );
            let done = if write {
                format!("{edited} edited; push brings them to the units")
            } else {
                format!("{edited} would be edited, nothing written")
            };
            output::print(&format!(
                "{units}, {}, {}: {done}\n",
                output::count(errors.len(), "error"),
                output::count(warnings, "warning")
            ))?;
        }
        Ok(if errors.is_empty() { 0 } else { 3 })
    }
}

/// A table of units whose names can be used.
pub fn read_table(path: &Path) -> Result<Table, Failure> {
    let fail = |error| Failure::input(&path.display().to_string(), &error);
    let table = Table::parse(&files::read(path, MAX_TABLE)?).map_err(fail)?;
    table.units().map_err(fail)?;
    match table.rows.is_empty() {
        true => Err(Failure::Input(format!(
            "{}: the table has no units",
            path.display()
        ))),
        false => Ok(table),
    }
}

/// Writes a text to a file. Without one it is printed, but not while it has passwords that were not asked for: masked they
/// would be lost to whoever keeps the output.
fn write_text(path: Option<&Path>, text: &ConfigText, secrets: bool) -> Result<(), Failure> {
    match path {
        Some(path) => output::write(path, text.text().as_bytes()),
        None if !secrets && flat(text.config()).iter().any(|(path, _)| is_secret(path)) => {
            Err(Failure::Use(
                "the text has passwords: name a file with -o, or print them with --show-secrets"
                    .into(),
            ))
        }
        None => output::print(text.text()),
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig merge base.toml ours.toml theirs.toml -o merged.toml

What only one side changed is taken. What both changed differently stays as ours, with comments that mark it; check complains
until they are gone. Exit code 1 if there are conflicts.")]
pub struct Merge {
    /// What both sides began with
    base: String,
    /// Our side, whose text is kept
    ours: String,
    /// Their side
    theirs: String,
    /// File to write; without it the text is printed
    #[arg(short, long)]
    output: Option<PathBuf>,
    #[command(flatten)]
    from: InputArgs,
}

impl Merge {
    pub fn run(self, common: Common) -> Done {
        let [base, ours, theirs] =
            [&self.base, &self.ours, &self.theirs].map(|name| self.from.open_text(name));
        let merged = merge(&base?, &ours?, &theirs?)?;
        if !common.json || self.output.is_some() {
            write_text(self.output.as_deref(), &merged.text, common.show_secrets)?;
        }
        let show = |path: &str, value: &Option<toml::Value>| match value {
            Some(value) => diff::shown(path, value, common.show_secrets),
            None => "not set".into(),
        };
        let conflicts = merged.conflicts.iter().map(|c| {
            let [base, ours, theirs] =
                [&c.base, &c.ours, &c.theirs].map(|value| show(&c.path, value));
            json!({ "path": c.path, "base": base, "ours": ours, "theirs": theirs })
        });
        if common.json {
            output::print_json(
                &json!({ "taken": merged.taken, "conflicts": conflicts.collect::<Vec<_>>() }),
            )?;
        } else {
            merged
                .taken
                .iter()
                .for_each(|path| eprintln!("taken: {path}"));
            conflicts.for_each(|c| {
                eprintln!(
                    "conflict: {}: base {}, ours {}, theirs {}",
                    c["path"], c["base"], c["ours"], c["theirs"]
                )
            });
        }
        Ok(u8::from(!merged.conflicts.is_empty()))
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig import old.par -o unit.toml                         (a text of the older form, first line ; par 1)
  parconfig import backup/north --map mapping.toml -o unit.toml
  parconfig import recording.adbin -o effective.toml            (what its frames claim they were recorded with)
  PARCONFIG_PASSWORD=… parconfig pull http://10.0.0.5 --user viewer -o unit.toml

pull is another name of import. A live unit is only asked, nothing is changed, and its FTP login is never asked for.")]
pub struct Import {
    /// Text of the older form, set, ZIP, recording or URL
    file: String,
    /// File to write; without it the text is printed
    #[arg(short, long)]
    output: Option<PathBuf>,
    #[command(flatten)]
    from: InputArgs,
}

impl Import {
    pub fn run(self, common: Common) -> Done {
        let path = Path::new(&self.file);
        let bytes = if path.is_file() {
            files::read(path, MAX_TEXT).ok()
        } else {
            None
        };
        let (text, notes) = match bytes.filter(|bytes| is_old_form(bytes)) {
            Some(bytes) => {
                let imported =
                    import(&bytes).map_err(|error| Failure::input(&self.file, &error))?;
                (imported.text, imported.notes)
            }
            None => {
                let source = self.from.open(&self.file)?;
                let (config, notes) = self.from.config(&source)?;
                (ConfigText::from_config(&config)?, notes)
            }
        };
        if common.json {
            if let Some(path) = &self.output {
                output::write(path, text.text().as_bytes())?;
            }
            output::print_json(&json!({ "values": flat(text.config()).len(), "notes": notes }))?;
        } else {
            write_text(self.output.as_deref(), &text, common.show_secrets)?;
            notes.iter().for_each(|note| eprintln!("parconfig: {note}"));
        }
        Ok(0)
    }
}
