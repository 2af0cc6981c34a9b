// SPDX-License-Identifier: MPL-2.0
//! `set`, `rollout`, `merge` and `import`: what changes files of this machine.

use crate::input::{Input, InputArgs, Source, parse_files, read_mapping};
use crate::output::{named, unwritten};
use crate::remote::for_each;
use crate::{Common, Done, output};
use clap::{Args, ValueEnum};
use parconfig::code_page::CodePage;
use parconfig::config::check::Severity;
use parconfig::config::diff::{Conflict, merge, shown};
use parconfig::config::import::{import, is_old_form};
use parconfig::config::text::{MAX_TEXT, flat, leaves, value_of};
use parconfig::files::{self, Contents, read_tree};
use parconfig::place::{Files, is_secret};
use parconfig::rollout::table::{MAX_TABLE, Row, Table};
use parconfig::rollout::{Change, UNIT_COLUMNS};
use parconfig::textdiff::unified;
use parconfig::unit::set::UnitSet;
use parconfig::{ConfigText, Error, Result};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// `PLACE=VALUE`
fn pairs(texts: &[String]) -> Result<Vec<(String, String)>> {
    let split = |text: &String| match text.split_once('=') {
        Some((place, value)) => Ok((place.to_owned(), value.to_owned())),
        None => Err(Error::Usage(format!("{text}: PLACE=VALUE is expected"))),
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

In a unit's files comments, order, line ends, blanks, code page, duplicate keys and a NUL or 0x1A at the end survive; in a \
configuration text comments and order do. Of a single file the old version is kept as FILE~; a fetched set keeps what the unit has. \
Exit code 1 if check finds an error that was not there before.")]
pub struct Set {
    /// Fetched set, .ini file or configuration text
    file: String,
    /// FILE/SECTION/KEY=VALUE in a set, SECTION/KEY=VALUE in a file, PATH=VALUE in a configuration text or by a mapping
    #[arg(value_name = "PLACE=VALUE")]
    values: Vec<String>,
    /// The same as PLACE=VALUE alone
    #[arg(long, value_name = "PLACE=VALUE")]
    set: Vec<String>,
    /// Add a key that is not there
    #[arg(long, value_name = "PLACE=VALUE")]
    add: Vec<String>,
    /// Remove a key or value
    #[arg(long, value_name = "PLACE")]
    delete: Vec<String>,
    /// Code page of an .ini file where its bytes do not show it: utf-8 or windows-1252
    #[arg(long, value_name = "NAME", value_parser = code_page)]
    code_page: Option<CodePage>,
    /// Show the difference, write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    from: InputArgs,
}

fn code_page(name: &str) -> Result<CodePage, String> {
    let mut all = [CodePage::Utf8, CodePage::Windows1252].into_iter();
    let found = all.find(|page| page.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| "expected utf-8 or windows-1252".into())
}

/// The files that an edit changed, and the differences.
fn changed(
    name: &dyn Fn(&str) -> String,
    old: &Contents,
    new: &Files,
    secrets: bool,
) -> (Contents, String) {
    let (mut changed, mut text) = (Contents::new(), String::new());
    for (file, ini) in new {
        let (old, new) = (old.get(file).map_or(&[][..], |bytes| bytes), ini.to_bytes());
        if old != new {
            text.push_str(&unified(&name(file), old, &new, secrets));
            changed.insert(file.clone(), new);
        }
    }
    (changed, text)
}

impl Set {
    pub fn run(mut self, common: Common) -> Done {
        self.values.append(&mut self.set);
        if self.values.is_empty() && self.add.is_empty() && self.delete.is_empty() {
            let message = "nothing to set: PLACE=VALUE, --add or --delete is expected";
            return Err(Error::Usage(message.into()));
        }
        let source = self.from.open(&self.file)?;
        match &source.input {
            Input::Config(text) => self.in_text((**text).clone(), common),
            Input::Files(contents) => self.in_files(&source, contents, common),
            _ => {
                let message = "is neither a configuration text nor a unit's own files";
                Err(Error::refuse(&self.file, message))
            }
        }
    }

    fn in_text(&self, mut text: ConfigText, common: Common) -> Done {
        let before = text.text().to_owned();
        let problems = |text: &ConfigText| -> BTreeSet<(Severity, String, String)> {
            let found = text.check().into_iter();
            found.map(|f| (f.severity, f.path, f.message)).collect()
        };
        let known = problems(&text);
        let mut values = Vec::new();
        for (path, text) in pairs(&[&self.values[..], &self.add].concat())? {
            values.push((path.clone(), value_of(&path, &text)?));
        }
        text.set(&values)?;
        self.delete.iter().try_for_each(|path| text.remove(path))?;
        let new: Vec<_> = problems(&text).difference(&known).cloned().collect();
        let line = |(severity, path, message): &_| format!("{severity}: {path}: {message}");
        let lines: Vec<String> = new.iter().map(line).collect();
        let (old, edited) = (before.as_bytes(), text.text().as_bytes());
        let difference = unified(&self.file, old, edited, common.show_secrets);
        if !self.dry_run {
            output::write(Path::new(&self.file), edited)?;
        }
        if common.json {
            output::print_json(
                &json!({ "file": self.file, "written": !self.dry_run, "difference": difference, "problems": lines }),
            )?;
        } else {
            output::print(&difference)?;
            lines.iter().for_each(|line| eprintln!("parconfig: {line}"));
        }
        let has_error = new
            .iter()
            .any(|(severity, ..)| *severity == Severity::Error);
        Ok(u8::from(has_error))
    }

    fn in_files(&self, source: &Source, contents: &Contents, common: Common) -> Done {
        let path = Path::new(&self.file);
        let is_file = path.is_file();
        if is_file && contents.len() != 1 {
            return Err(Error::refuse(&self.file, "a ZIP is not edited; unpack it"));
        }
        let mut files = parse_files(contents)?;
        if let Some(page) = self.code_page {
            let mut files = files.values_mut();
            files.try_for_each(|ini| ini.set_code_page(page))?;
        }
        let full = |texts: &[String]| -> Result<Vec<(String, String)>> {
            let pairs = pairs(texts)?.into_iter();
            Ok(pairs
                .map(|(place, value)| (source.place(&place), value))
                .collect())
        };
        let change = Change {
            set: full(&self.values)?,
            add: full(&self.add)?,
            remove: self
                .delete
                .iter()
                .map(|place| source.place(place))
                .collect(),
            mapping: read_mapping(self.from.map.as_deref())?,
            ..Change::default()
        };
        change.apply(&mut files, None)?;
        let name = |file: &str| match is_file {
            true => self.file.clone(),
            false => path.join(file).display().to_string(),
        };
        let (new, difference) = changed(&name, contents, &files, common.show_secrets);
        for (file, bytes) in new.iter().filter(|_| !self.dry_run) {
            match is_file {
                true => output::write(path, bytes)?,
                false => files::write(&path.join(file), bytes).map_err(unwritten)?,
            }
        }
        match common.json {
            true => output::print_json(
                &json!({ "file": self.file, "written": !self.dry_run, "difference": difference }),
            )?,
            false => output::print(&difference)?,
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

Edits fetched sets; push brings them to the units. units.csv has a line for each unit: column unit names its set below -C, a \
column named by a place (ip.ini/Port 1/Address) or by a name of the mapping (network.address) sets that value unless the cell is \
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
    difference: String,
    /// What is not allowed; nothing is written then.
    errors: Vec<String>,
    warnings: usize,
}

/// Sets that are read or written at a time: they wait for the disk, which does more at once.
const AT_A_TIME: u16 = 16;

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
            let values = leaves(&files::read(path, MAX_TEXT)?);
            change.template = values.map_err(|error| named(&path.display().to_string(), error))?;
        }
        let table = self.to.as_deref().map(read_table).transpose()?;
        let columns = table.iter().flat_map(|table| &table.columns);
        let mut places = columns.filter(|name| name.contains(['/', '.']));
        if change.is_empty() && places.all(|name| UNIT_COLUMNS.contains(&name.as_str())) {
            let message = "nothing to change: --set, --add, --delete, --template or a column that is a place is expected";
            return Err(Error::Usage(message.into()));
        }
        let units: Vec<(PathBuf, Option<(&Table, &Row)>)> = match &table {
            Some(table) => {
                let names = table.units()?.into_iter().zip(&table.rows);
                names
                    .map(|(name, row)| (self.folder.join(name), Some((table, row))))
                    .collect()
            }
            None => self.sets.iter().map(|set| (set.clone(), None)).collect(),
        };
        let rolled = for_each(&units, AT_A_TIME, |(folder, unit)| {
            let done = roll(&change, folder, *unit, common.show_secrets);
            done.unwrap_or_else(|error| Rolled {
                folder: folder.clone(),
                files: Contents::new(),
                difference: String::new(),
                errors: vec![named(&folder.display().to_string(), error).to_string()],
                warnings: 0,
            })
        });
        let errors: Vec<&String> = rolled.iter().flat_map(|one| &one.errors).collect();
        let is_written = errors.is_empty() && !self.dry_run;
        let edited: Vec<&Rolled> = rolled.iter().filter(|one| !one.files.is_empty()).collect();
        if is_written {
            let write = |one: &&Rolled| {
                let mut files = one.files.iter();
                files.try_for_each(|(file, bytes)| files::write(&one.folder.join(file), bytes))
            };
            let done: Result<Vec<()>> = for_each(&edited, AT_A_TIME, write).into_iter().collect();
            done.map_err(unwritten)?;
        }
        let warnings = rolled.iter().map(|one| one.warnings).sum();
        if common.json {
            let unit = |one: &&Rolled| json!({ "unit": one.folder, "difference": one.difference });
            let units: Vec<_> = edited.iter().map(unit).collect();
            output::print_json(
                &json!({ "units": units, "errors": errors, "warnings": warnings, "written": is_written }),
            )?;
        } else {
            output::print(
                &edited
                    .iter()
                    .map(|one| one.difference.as_str())
                    .collect::<String>(),
            )?;
            errors
                .iter()
                .for_each(|error| eprintln!("parconfig: {error}"));
            let done = match is_written {
                true => "edited; push brings them to the units",
                false => "would be edited, nothing written",
            };
            let counts = [
                (rolled.len(), "unit"),
                (errors.len(), "error"),
                (warnings, "warning"),
            ];
            let [units, errors, warnings] = counts.map(|(n, word)| output::count(n, word));
            output::print(&format!(
                "{units}, {errors}, {warnings}: {} {done}\n",
                edited.len()
            ))?;
        }
        Ok(if errors.is_empty() { 0 } else { 3 })
    }
}

/// Makes a change in one set, in memory.
fn roll(
    change: &Change,
    folder: &Path,
    unit: Option<(&Table, &Row)>,
    secrets: bool,
) -> Result<Rolled> {
    UnitSet::open(folder)?.changes()?;
    let contents = read_tree(folder)?;
    let mut parsed = parse_files(&contents)?;
    let findings = change.apply(&mut parsed, unit)?;
    let name = |file: &str| folder.join(file).display().to_string();
    let (files, difference) = changed(&name, &contents, &parsed, secrets);
    let (errors, warnings): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Error);
    let error = |finding| format!("{}: {finding}", folder.display());
    Ok(Rolled {
        folder: folder.to_owned(),
        files,
        difference,
        errors: errors.into_iter().map(error).collect(),
        warnings: warnings.len(),
    })
}

/// A table of units whose names can be used.
pub fn read_table(path: &Path) -> Result<Table> {
    let name = path.display().to_string();
    let fail = |error| named(&name, error);
    let table = Table::parse(&files::read(path, MAX_TABLE)?).map_err(fail)?;
    table.units().map_err(fail)?;
    match table.rows.is_empty() {
        true => Err(Error::refuse(name, "the table has no units")),
        false => Ok(table),
    }
}

/// Writes a text to a file. Without one it is printed, but not while it has passwords that were not asked for: masked they
/// would be lost to whoever keeps the output.
fn write_text(path: Option<&Path>, text: &ConfigText, secrets: bool) -> Result<()> {
    let values = flat(text.config());
    match path {
        Some(path) => output::write(path, text.text().as_bytes()),
        None if !secrets && values.iter().any(|(path, _)| is_secret(path)) => {
            let message =
                "the text has passwords: name a file with -o, or print them with --show-secrets";
            Err(Error::Usage(message.into()))
        }
        None => output::print(text.text()),
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig merge base.toml ours.toml theirs.toml -o merged.toml
  parconfig merge base.toml ours.toml theirs.toml --prefer theirs -o merged.toml

What only one side changed is taken. What both changed differently is a conflict: they are listed, and nothing is written unless \
--prefer says whose value to take. Exit code 1 if there are conflicts.")]
pub struct Merge {
    /// What both sides began with
    base: String,
    /// Our side, whose text is kept
    ours: String,
    /// Their side
    theirs: String,
    /// Whose value a conflict takes
    #[arg(long, value_name = "SIDE")]
    prefer: Option<Side>,
    /// File to write; without it the text is printed
    #[arg(short, long)]
    output: Option<PathBuf>,
    #[command(flatten)]
    from: InputArgs,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Side {
    Ours,
    Theirs,
}

impl Merge {
    pub fn run(self, common: Common) -> Done {
        let names = [&self.base, &self.ours, &self.theirs];
        let [base, ours, theirs] = names.map(|name| self.from.open_text(name));
        let prefer_theirs = self.prefer == Some(Side::Theirs);
        let merged = merge(&base?, &ours?, &theirs?, prefer_theirs)?;
        let is_decided = merged.conflicts.is_empty() || self.prefer.is_some();
        if is_decided && (!common.json || self.output.is_some()) {
            write_text(self.output.as_deref(), &merged.text, common.show_secrets)?;
        }
        let conflict = |c: &Conflict| {
            let values = [&c.base, &c.ours, &c.theirs];
            let [base, ours, theirs] =
                values.map(|value| shown(&c.path, value.as_ref(), common.show_secrets));
            json!({ "path": c.path, "base": base, "ours": ours, "theirs": theirs })
        };
        let conflicts: Vec<_> = merged.conflicts.iter().map(conflict).collect();
        if common.json {
            output::print_json(
                &json!({ "taken": merged.taken, "conflicts": conflicts, "written": is_decided }),
            )?;
        } else {
            merged
                .taken
                .iter()
                .for_each(|path| eprintln!("taken: {path}"));
            for conflict in &conflicts {
                let keys = ["path", "base", "ours", "theirs"];
                let [path, base, ours, theirs] =
                    keys.map(|key| conflict[key].as_str().unwrap_or_default());
                eprintln!("conflict: {path}: base {base}, ours {ours}, theirs {theirs}");
            }
            if !is_decided {
                eprintln!(
                    "parconfig: nothing was written: --prefer ours or --prefer theirs decides"
                );
            }
        }
        Ok(u8::from(!conflicts.is_empty()))
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
        let bytes = path.is_file().then(|| files::read(path, MAX_TEXT).ok());
        let (text, notes) = match bytes.flatten().filter(|bytes| is_old_form(bytes)) {
            Some(bytes) => {
                let imported = import(&bytes).map_err(|error| named(&self.file, error))?;
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
