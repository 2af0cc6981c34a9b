// SPDX-License-Identifier: MPL-2.0
//! `edit-ini`.

use crate::failure::Failure;
use crate::input::read_limited;
use crate::{Common, Done, output};
use clap::Args;
use parconfig::code_page::CodePage;
use parconfig::ini::{Ini, MAX_TEXT};
use parconfig::sniff::{HEAD, Kind, sniff};
use parconfig::{Error, Path};
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig edit-ini network.ini                                   (list what is in it)
  parconfig edit-ini network.ini --set 'Ethernet/Address=10.0.0.9'
  parconfig edit-ini alarms.ini --add 'Inputs/Name=Gate' --delete 'Inputs/Old'
  parconfig edit-ini names.ini --set 'Cam 1/Title=Café' --code-page windows-1252

A place is SECTION/KEY, or /KEY before any section. Comments, order, line ends, blanks, code page, duplicate keys and a NUL or
0x1A at the end survive. The old file is kept as FILE~.")]
pub struct EditIni {
    /// A unit's own .ini file
    file: PathBuf,
    /// Set a value; of a key that stands more than once the last
    #[arg(long, value_name = "SECTION/KEY=VALUE")]
    set: Vec<String>,
    /// Add a line, also where the key stands already
    #[arg(long, value_name = "SECTION/KEY=VALUE")]
    add: Vec<String>,
    /// Take out a key
    #[arg(long, value_name = "SECTION/KEY")]
    delete: Vec<String>,
    /// Which of several equal keys, from 1
    #[arg(long, value_name = "N")]
    occurrence: Option<usize>,
    /// utf-8 or windows-1252; without it as the file's bytes are
    #[arg(long, value_name = "NAME")]
    code_page: Option<String>,
    /// Show the difference, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Keep no backup
    #[arg(long)]
    no_backup: bool,
}

impl EditIni {
    pub fn run(self, common: Common) -> Done {
        let name = self.file.display().to_string();
        let fail = |error: Error| Failure::input(&name, &error);
        let bytes = read_limited(&self.file, MAX_TEXT)?;
        is_text(&name, &bytes)?;
        let mut ini = Ini::parse(&bytes).map_err(fail)?;
        if let Some(text) = &self.code_page {
            let page = CodePage::from_name(text).ok_or_else(|| {
                Failure::Use(format!("{text}: utf-8 or windows-1252 is expected"))
            })?;
            ini.set_code_page(page);
        }
        if self.set.is_empty() && self.add.is_empty() && self.delete.is_empty() {
            return list(&ini, &name, common);
        }
        let occurrence = match self.occurrence {
            None => None,
            Some(n) => Some(
                n.checked_sub(1)
                    .ok_or_else(|| Failure::Use("--occurrence counts from 1".into()))?,
            ),
        };
        let mut edits = Vec::new();
        for text in &self.set {
            let (section, key, value) = place_value(text)?;
            edits.push(ini.set(section, key, value, occurrence).map_err(fail)?);
        }
        for text in &self.delete {
            let (section, key) = place(text)?;
            edits.extend(ini.remove(section, key, occurrence).map_err(fail)?);
        }
        for text in &self.add {
            let (section, key, value) = place_value(text)?;
            edits.push(ini.add(section, key, value).map_err(fail)?);
        }
        edits.retain(|edit| edit.old != edit.new);
        let after = ini.to_bytes();
        let written = after != bytes && !self.dry_run;
        if written {
            output::write(&self.file, &after, !self.no_backup)?;
        }
        if common.json {
            let edits = output::edits_json(&edits, common.show_secrets);
            output::print_json(&json!({ "file": name, "written": written, "edits": edits }))?;
        } else {
            output::print(&output::edits_text(&edits, common.show_secrets))?;
        }
        Ok(0)
    }
}

/// Refuses what is no text of single bytes.
fn is_text(name: &str, bytes: &[u8]) -> Result<(), Failure> {
    match sniff(bytes.get(..HEAD).unwrap_or(bytes)) {
        Kind::Ini | Kind::Config | Kind::Unknown
            if !bytes.starts_with(b"\xff\xfe") && !bytes.starts_with(b"\xfe\xff") => {}
        Kind::Unknown | Kind::Ini | Kind::Config => {
            return Err(Failure::Input(format!(
                "{name}: byte 0: UTF-16; UTF-8 or Windows-1252 is expected"
            )));
        }
        kind => {
            return Err(Failure::Input(format!(
                "{name}: this is {}; an .ini file is expected",
                kind.name()
            )));
        }
    }
    Ok(())
}

fn list(ini: &Ini, name: &str, common: Common) -> Done {
    let entries: Vec<_> = ini
        .entries()
        .map(|e| {
            let value = output::masked(
                &Path::new(&e.section, &e.key),
                &e.value,
                common.show_secrets,
            );
            (e, value)
        })
        .collect();
    if common.json {
        let all: Vec<_> = entries
            .iter()
            .map(|(e, value)| json!({ "section": e.section, "key": e.key, "value": value, "line": e.place.line }))
            .collect();
        output::print_json(
            &json!({ "file": name, "code_page": ini.code_page().name(), "entries": all }),
        )?;
    } else {
        let line = |(e, value): &(parconfig::ini::Entry, String)| {
            format!("{}/{}={value}\n", e.section, e.key)
        };
        output::print(&entries.iter().map(line).collect::<String>())?;
    }
    Ok(0)
}

fn place(text: &str) -> Result<(&str, &str), Failure> {
    text.rsplit_once('/').ok_or_else(|| {
        Failure::Use(format!(
            "{text}: SECTION/KEY is expected, /KEY before any section"
        ))
    })
}

fn place_value(text: &str) -> Result<(&str, &str, &str), Failure> {
    let (left, value) = text
        .split_once('=')
        .ok_or_else(|| Failure::Use(format!("{text}: SECTION/KEY=VALUE is expected")))?;
    let (section, key) = place(left)?;
    Ok((section, key, value))
}
