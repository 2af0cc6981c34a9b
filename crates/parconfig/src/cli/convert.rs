// SPDX-License-Identifier: MPL-2.0
//! `export`, `import` and `pull`.

use crate::failure::Failure;
use crate::input::{Input, NetArgs, is_url, open, open_text, read_limited};
use crate::show::live_json;
use crate::show_text::{config_text, live_text};
use crate::{Common, Done, output};
use clap::{Args, ValueEnum};
use parconfig::archive;
use parconfig::ini::{Ini, MAX_LINES, MAX_TEXT};
use parconfig::mapping::{Files, Mapping};
use parconfig::sniff::Kind;
use parconfig::{Config, ConfigText, Path as Field, diff, table, text, tree};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Configuration text
    Text,
    Json,
    Toml,
    /// Table of the cameras
    CsvCameras,
    /// Table of the alarm inputs
    CsvAlarms,
    /// Folder of .ini files by --map
    Ini,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig export unit.par --to json -o unit.json
  parconfig export unit.par --to csv-cameras -o cameras.csv
  parconfig export unit.par --to ini --map mapping.toml -o unit-files/
  parconfig export recording.adbin --to text

Passwords are masked unless --show-secrets; masked ones are not read back by import.")]
pub struct Export {
    /// File, folder, ZIP or URL
    file: String,
    /// What to make of it
    #[arg(long, value_enum)]
    to: Format,
    /// File to write, or folder of .ini files; without it the text is printed
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Which key of the .ini files is which field (TOML)
    #[arg(long, value_name = "TOML")]
    map: Option<PathBuf>,
    #[command(flatten)]
    net: NetArgs,
}

impl Export {
    pub fn run(self, common: Common) -> Done {
        let mut config = open(&self.file, &self.net)?.config()?;
        let secrets = common.show_secrets;
        if self.to == Format::Ini {
            return self.export_ini(&mut config, common);
        }
        let hidden = output::secrets_in(&config);
        let made = match self.to {
            Format::Json => {
                let value = tree::to_json(&config, secrets)?;
                serde_json::to_string_pretty(&value).map_err(|e| Failure::Output(e.to_string()))?
                    + "\n"
            }
            Format::Toml => tree::to_toml(&config, secrets)?,
            Format::CsvCameras => table::to_csv(&config, "camera", secrets)?,
            Format::CsvAlarms => table::to_csv(&config, "alarm", secrets)?,
            Format::Text | Format::Ini => {
                if !secrets {
                    mask_all(&mut config);
                }
                text::write(&config)
            }
        };
        output::write_or_print(self.output.as_deref(), made.as_bytes())?;
        if hidden > 0 && !secrets {
            eprintln!("parconfig: {hidden} passwords are masked; --show-secrets exports them");
        }
        Ok(0)
    }

    fn export_ini(&self, config: &mut Config, common: Common) -> Done {
        let mapping = read_mapping(self.map.as_deref())?;
        let folder = self
            .output
            .as_deref()
            .ok_or_else(|| Failure::Use("-o DIR is expected, the folder of .ini files".into()))?;
        let mut files = if folder.exists() {
            read_files(folder)?
        } else {
            Files::new()
        };
        if !common.show_secrets {
            // A mask in a unit's file would become its password.
            for path in config.flat().keys().filter(|path| diff::is_secret(path)) {
                config.remove(path);
            }
        }
        let before: Vec<(String, Vec<u8>)> = files
            .iter()
            .map(|(n, i)| (n.clone(), i.to_bytes()))
            .collect();
        let done = mapping.export(config, &mut files)?;
        std::fs::create_dir_all(folder)
            .map_err(|e| Failure::Output(format!("{}: {e}", folder.display())))?;
        for (name, ini) in &files {
            let bytes = ini.to_bytes();
            if !before.iter().any(|(n, old)| n == name && *old == bytes) {
                output::write(&folder.join(name), &bytes, true)?;
            }
        }
        let unmapped: Vec<String> = done.unmapped.iter().map(Field::to_string).collect();
        if common.json {
            output::print_json(&json!({ "edits": done.edits.len(), "unmapped": unmapped }))?;
        } else {
            let mut out = String::new();
            for (file, edit) in &done.edits {
                out.push_str(&format!(
                    "{file}: {}",
                    output::edits_text(std::slice::from_ref(edit), common.show_secrets)
                ));
            }
            for path in &unmapped {
                out.push_str(&format!("not in the mapping table: {path}\n"));
            }
            output::print(&out)?;
        }
        Ok(0)
    }
}

fn mask_all(config: &mut Config) {
    for (path, values) in config.flat() {
        if diff::is_secret(&path) && values.iter().any(|value| !value.is_empty()) {
            config.set_unchecked(&path, diff::MASK);
        }
    }
}

fn read_mapping(path: Option<&Path>) -> Result<Mapping, Failure> {
    let path = path.ok_or_else(|| {
        Failure::Use("--map TOML is expected: the names in units' .ini files are not public".into())
    })?;
    let text = read_utf8(path, MAX_TEXT)?;
    Mapping::parse(&text).map_err(|error| Failure::input(&path.display().to_string(), &error))
}

fn read_utf8(path: &Path, limit: usize) -> Result<String, Failure> {
    let bytes = read_limited(path, limit)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let place = parconfig::code_page::place_of(error.as_bytes(), at);
        Failure::Input(format!("{}: {place}: UTF-8 is expected", path.display()))
    })
}

/// The .ini files of a folder or ZIP, by their names.
fn read_files(path: &Path) -> Result<Files, Failure> {
    let name = path.display().to_string();
    let fail = |error| Failure::input(&name, &error);
    let members = if path.is_dir() {
        archive::read_folder(path).map_err(fail)?
    } else {
        let file =
            std::fs::File::open(path).map_err(|error| fail(parconfig::Error::io(&name, error)))?;
        archive::read_zip(file, &name).map_err(fail)?
    };
    let mut files = Files::new();
    let mut lines = 0_usize;
    for member in members
        .iter()
        .filter(|m| matches!(m.kind, Kind::Ini | Kind::Config))
    {
        let bytes = member.bytes.as_deref().unwrap_or_default();
        let ini = Ini::parse(bytes).map_err(fail)?;
        lines = lines.saturating_add(ini.len());
        if lines > MAX_LINES {
            return Err(Failure::Input(format!(
                "{name}: more than {MAX_LINES} lines in all files"
            )));
        }
        files.insert(member.name.clone(), ini);
    }
    Ok(files)
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig import unit.json -o unit.par
  parconfig import cameras.csv --into unit.par -o unit.par
  parconfig import unit-files/ --map mapping.toml -o unit.par
  parconfig import recording.adbin -o effective.par        (what the frames say they were recorded with)
  parconfig import http://10.0.0.5 --user viewer -o unit.par")]
pub struct Import {
    /// JSON, TOML or CSV file, folder or ZIP of .ini files, recording, URL
    file: String,
    /// File to write; without it the text is printed
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Configuration text that a CSV table changes
    #[arg(long, value_name = "FILE")]
    into: Option<String>,
    /// Which key of the .ini files is which field (TOML)
    #[arg(long, value_name = "TOML")]
    map: Option<PathBuf>,
    #[command(flatten)]
    net: NetArgs,
}

impl Import {
    pub fn run(self, common: Common) -> Done {
        let mut notes = Vec::new();
        let text = self.read(&mut notes)?;
        output::write_text(self.output.as_deref(), &text, common.show_secrets)?;
        if common.json && self.output.is_some() {
            let values = text.config().flat().len();
            output::print_json(&json!({ "values": values, "notes": notes }))?;
            return Ok(0);
        }
        for note in &notes {
            eprintln!("parconfig: {note}");
        }
        Ok(0)
    }

    /// JSON, TOML and CSV, which are told by the file's name.
    fn read_table(
        &self,
        path: &Path,
        notes: &mut Vec<String>,
    ) -> Result<Option<ConfigText>, Failure> {
        let fail = |error| Failure::input(&self.file, &error);
        let from_tree = |(config, masked): (Config, Vec<Field>), notes: &mut Vec<String>| {
            notes.extend(
                masked
                    .iter()
                    .map(|path| format!("{path}: masked, not taken over")),
            );
            ConfigText::from_config(&config).map(Some).map_err(fail)
        };
        let ending = path
            .extension()
            .map(|e| e.to_ascii_lowercase().to_string_lossy().into_owned());
        match ending.as_deref() {
            Some("csv") => {
                let mut text = match &self.into {
                    Some(name) => open_text(name)?,
                    None => ConfigText::from_config(&Config::default())?,
                };
                let edits =
                    table::from_csv(&read_utf8(path, MAX_TEXT)?, &mut text).map_err(fail)?;
                notes.push(format!("{} values set", edits.len()));
                return Ok(Some(text));
            }
            Some("toml") => {
                return from_tree(
                    tree::from_toml(&read_utf8(path, tree::MAX_TREE)?).map_err(fail)?,
                    notes,
                );
            }
            Some("json") => {
                let value = serde_json::from_str(&read_utf8(path, tree::MAX_TREE)?)
                    .map_err(|e| Failure::Input(format!("{}: {e}", self.file)))?;
                return from_tree(tree::from_json(&value).map_err(fail)?, notes);
            }
            _ => {}
        }
        Ok(None)
    }

    fn read(&self, notes: &mut Vec<String>) -> Result<ConfigText, Failure> {
        let path = Path::new(&self.file);
        let fail = |error| Failure::input(&self.file, &error);
        if !is_url(&self.file)
            && path.is_file()
            && let Some(text) = self.read_table(path, notes)?
        {
            return Ok(text);
        }
        if self.map.is_some() {
            let mapping = read_mapping(self.map.as_deref())?;
            let imported = mapping.import(&read_files(path)?);
            notes.extend(imported.doubtful);
            notes.extend(
                imported
                    .unmapped
                    .iter()
                    .map(|key| format!("not in the mapping table: {key}")),
            );
            return ConfigText::from_config(&imported.config).map_err(fail);
        }
        let source = open(&self.file, &self.net)?;
        match &source.input {
            Input::Recording(found) => notes.extend(found.warnings.clone()),
            Input::Live(live) => notes.extend(live.warnings.clone()),
            Input::Ini(_) => {
                return Err(Failure::Use("--map TOML is expected for .ini files".into()));
            }
            Input::Set(members) if !members.iter().any(|m| m.kind == Kind::Config) => {
                return Err(Failure::Use("--map TOML is expected for .ini files".into()));
            }
            _ => {}
        }
        ConfigText::from_config(&source.config()?).map_err(fail)
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  PARCONFIG_PASSWORD=… parconfig pull http://10.0.0.5 --user viewer -o north.par
  parconfig pull http://unit.example:8080 --json

Only questions are asked, nothing is changed. The unit's FTP log-in is never asked for.")]
pub struct Pull {
    /// http://HOST[:PORT]
    url: String,
    /// File to write the configuration to; without it a summary is printed
    #[arg(short, long)]
    output: Option<PathBuf>,
    #[command(flatten)]
    net: NetArgs,
}

impl Pull {
    pub fn run(self, common: Common) -> Done {
        let live = self.net.pull(&self.url)?;
        let config = live.config();
        if let Some(path) = &self.output {
            output::write(path, text::write(&config).as_bytes(), true)?;
        }
        if common.json {
            let mut value = live_json(&live);
            if let Some(object) = value.as_object_mut() {
                object.insert(
                    "config".into(),
                    tree::to_json(&config, common.show_secrets)?,
                );
            }
            output::print_json(&value)?;
        } else if self.output.is_none() {
            output::print(&format!(
                "{}{}",
                live_text(&live),
                config_text(&config, None, common.show_secrets)
            ))?;
        } else {
            for warning in &live.warnings {
                eprintln!("parconfig: {warning}");
            }
        }
        Ok(0)
    }
}
