// SPDX-License-Identifier: MPL-2.0
//! `apply`: all or nothing. The files are written into a folder beside the wanted one, which is renamed when all are there.

use crate::failure::Failure;
use crate::input::{open_text, read_limited};
use crate::output::backup_name;
use crate::{Common, Done, output};
use clap::Args;
use parconfig::apply::{Report, Rollout};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Largest table, in bytes.
const MAX_TABLE: usize = 16 << 20;
/// Most lines that are told of each kind.
const TOLD: usize = 50;

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig apply template.par --to units.csv -o rollout/
  parconfig apply template.par --to units.csv -o rollout/ --dry-run

units.csv has a line for each unit. A column named by a path (network.address) sets that value, an empty cell leaves the
template's; any other column (site) fills {{site}} in the template's values; the column file names the file, else unit.name does.
All units are checked, also against each other; if one is wrong, nothing is written.")]
pub struct Apply {
    /// Configuration text
    template: String,
    /// Table of units (CSV)
    #[arg(long, value_name = "UNITS.CSV")]
    to: PathBuf,
    /// Folder to make
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Replace the folder if it is there; the old one is kept as DIR~
    #[arg(long)]
    replace: bool,
    /// Check only
    #[arg(long)]
    dry_run: bool,
}

impl Apply {
    pub fn run(self, common: Common) -> Done {
        let template = open_text(&self.template)?;
        let name = self.to.display().to_string();
        let bytes = read_limited(&self.to, MAX_TABLE)?;
        let table = std::str::from_utf8(&bytes).map_err(|error| {
            let place = parconfig::code_page::place_of(&bytes, error.valid_up_to());
            Failure::Input(format!("{name}: {place}: the table is not UTF-8"))
        })?;
        let mut rollout =
            Rollout::new(&template, table).map_err(|error| Failure::input(&name, &error))?;
        if rollout.is_empty() {
            return Err(Failure::Input(format!("{name}: the table has no units")));
        }
        let occupied = fs::read_dir(&self.output).is_ok_and(|mut entries| entries.next().is_some());
        if occupied && !self.replace {
            return Err(Failure::Output(format!(
                "{}: already exists; use --replace",
                self.output.display()
            )));
        }
        let report = rollout.check_all();
        let good = report.errors.is_empty() && !report.stopped;
        let write = good && !self.dry_run;
        if write {
            write_all(&rollout, &report.files, &self.output)?;
        }
        tell(&report, &self.output, write, common)?;
        Ok(u8::from(!good))
    }
}

fn tell(report: &Report, folder: &Path, written: bool, common: Common) -> Result<(), Failure> {
    if common.json {
        return output::print_json(&json!({
            "units": report.units,
            "written": if written { report.units } else { 0 },
            "folder": folder.display().to_string(),
            "errors": report.errors,
            "stopped": report.stopped,
            "warnings": report.warnings,
        }));
    }
    let mut out = String::new();
    for (what, list) in [("error", &report.errors), ("warning", &report.warnings)] {
        for line in list.iter().take(TOLD) {
            out.push_str(&format!("{what}: {line}\n"));
        }
        if list.len() > TOLD {
            out.push_str(&format!("… and {} more\n", list.len() - TOLD));
        }
    }
    if report.stopped {
        out.push_str("error: too many findings; not all units were checked\n");
    }
    let done = match (written, report.errors.is_empty() && !report.stopped) {
        (true, _) => format!("written to {}", folder.display()),
        (false, true) => "nothing written (--dry-run)".into(),
        (false, false) => "nothing written".into(),
    };
    out.push_str(&format!(
        "{} units, {} errors, {} warnings: {done}\n",
        report.units,
        report.errors.len(),
        report.warnings.len()
    ));
    output::print(&out)
}

fn write_all(rollout: &Rollout, files: &[String], folder: &Path) -> Result<(), Failure> {
    let fail = |path: &Path, error: std::io::Error| {
        Failure::Output(format!("{}: {error}", path.display()))
    };
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(|error| fail(parent, error))?;
    let staging = tempfile::Builder::new()
        .prefix(".parconfig-")
        .tempdir_in(parent)
        .map_err(|error| fail(parent, error))?;
    for (index, name) in files.iter().enumerate() {
        let path = staging.path().join(name);
        let text = rollout.text_of(index).unwrap_or_default();
        write_unit(&path, &text).map_err(|error| fail(&path, error))?;
    }
    if folder.exists() {
        // An empty folder goes, a full one is kept aside (the user asked to replace it).
        if fs::remove_dir(folder).is_err() {
            let trimmed: PathBuf = folder.components().collect();
            let aside = backup_name(&trimmed);
            if aside.exists() {
                let message = format!(
                    "{}: already exists, the old folder would be kept there",
                    aside.display()
                );
                return Err(Failure::Output(message));
            }
            fs::rename(folder, &aside).map_err(|error| fail(&aside, error))?;
        }
    }
    open_mode(staging.path()).map_err(|error| fail(folder, error))?;
    fs::rename(staging.path(), folder).map_err(|error| fail(folder, error))?;
    // It is not temporary any more.
    let _ = staging.keep();
    Ok(())
}

/// Texts with passwords can be read by their owner alone.
fn write_unit(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let secret = memchr::memmem::find(text, b"password").is_some();
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    use std::io::Write;
    options.open(path)?.write_all(text)
}

/// A temporary folder is its owner's alone; the result is an ordinary folder.
fn open_mode(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
