// SPDX-License-Identifier: MPL-2.0
//! `fetch`, `push`, `restore` and `verify`: units by FTP, one or many at a time.

use crate::credentials::Passwords;
use crate::edit::read_table;
use crate::output::{exit_code, with_note};
use crate::{Common, Done, output};
use clap::Args;
use indicatif::ProgressBar;
use parconfig::rollout::table::Row;
use parconfig::textdiff::unified;
use parconfig::unit::ftp::{FtpOptions, FtpUrl};
use parconfig::unit::push::{self, FileState, Push, Wanted};
use parconfig::unit::set::{UnitSet, fetch};
use parconfig::{Error, Result};
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most units of one push that is all or nothing.
const MAX_TOGETHER: usize = 200;

/// How to reach units by FTP.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "FTP")]
pub struct FtpArgs {
    /// User of the Admin FTP account; without it the user that the set was fetched with
    #[arg(long)]
    user: Option<String>,
    /// Take the password from the desktop's keyring (secret-tool) instead of PARCONFIG_PASSWORD or the terminal
    #[arg(long)]
    keyring: bool,
    /// Seconds to wait for a connection and for each answer; logging in, a file or a listing may take ten times as long
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Let the unit connect to this machine (active mode)
    #[arg(long)]
    active: bool,
    /// Units at a time
    #[arg(long, default_value_t = 8, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
}

impl FtpArgs {
    fn options(&self, passwords: &Passwords, user: &str, url: &FtpUrl) -> Result<FtpOptions> {
        let user = self
            .user
            .as_deref()
            .or(Some(user).filter(|user| !user.is_empty()));
        let user = user.ok_or_else(|| Error::Usage("--user is expected".into()))?;
        Ok(FtpOptions {
            user: user.to_owned(),
            password: passwords.get(user, &url.host)?,
            timeout: Duration::from_secs(self.timeout),
            active: self.active,
        })
    }
}

/// How one unit ended: a word, what else there is to say, and the differences.
struct Outcome {
    unit: String,
    word: &'static str,
    detail: String,
    text: String,
    /// Exit code of its failure.
    code: Option<u8>,
}

impl Outcome {
    fn new(unit: &Path, word: &'static str, detail: String) -> Outcome {
        Outcome {
            unit: unit.display().to_string(),
            word,
            detail,
            text: String::new(),
            code: None,
        }
    }

    fn of(unit: &Path, done: Result<Outcome>) -> Outcome {
        done.unwrap_or_else(|error| Outcome {
            code: Some(exit_code(&error)),
            ..Outcome::new(unit, "failed", error.to_string())
        })
    }
}

/// Does the same for each item, several at a time; the answers are in the order of the items. A bar shows how far it is.
pub fn for_each<T: Sync, R: Send>(items: &[T], jobs: u16, act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let bar = match items.len() > 1 && std::io::stderr().is_terminal() {
        true => ProgressBar::new(items.len() as u64),
        false => ProgressBar::hidden(),
    };
    let all = || {
        let each = items.par_iter().map(|item| {
            let done = act(item);
            bar.inc(1);
            done
        });
        each.collect()
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(usize::from(jobs))
        .build();
    let done = pool.map_or_else(
        |_| items.iter().map(&act).collect(),
        |pool| pool.install(all),
    );
    bar.finish_and_clear();
    done
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints what became of each unit and a summary; the exit code is that of the first failure.
fn report(outcomes: &[Outcome], common: Common) -> Done {
    let failed: Vec<&Outcome> = outcomes.iter().filter(|o| o.code.is_some()).collect();
    let code = failed.first().and_then(|o| o.code).unwrap_or(0);
    if common.json {
        let unit = |o: &Outcome| json!({ "unit": o.unit, "outcome": o.word, "detail": o.detail, "difference": o.text });
        let units: Vec<_> = outcomes.iter().map(unit).collect();
        output::print_json(&json!({ "units": units, "failed": failed.len() }))?;
        return Ok(code);
    }
    let good = outcomes.iter().filter(|o| o.code.is_none());
    let lines = good.map(|o| format!("{}{}: {}{}\n", o.text, o.unit, o.word, o.detail));
    output::print(&lines.collect::<String>())?;
    for Outcome { unit, detail, .. } in failed {
        // Messages of a set name it already.
        match detail.starts_with(unit) {
            true => eprintln!("parconfig: {detail}"),
            false => eprintln!("parconfig: {unit}: {detail}"),
        }
    }
    if outcomes.len() > 1 {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for outcome in outcomes {
            *counts.entry(outcome.word).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(word, n)| format!("{n} {word}"))
            .collect();
        output::print(&format!(
            "{} units: {}\n",
            outcomes.len(),
            counts.join(", ")
        ))?;
    }
    Ok(code)
}

fn files(n: usize) -> String {
    format!(" ({})", output::count(n, "file"))
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig fetch ftp://10.0.0.5/etc/ --user adm -o backup/north
  parconfig fetch --all units.csv --user adm -o backup

With --all the table has the columns unit and url, and user where units differ in it; the folders are backup/UNIT. The files are in \
the folder as the unit has them, to be shown, compared and edited there. .parconfig in it has a manifest with \
size, time and SHA-256 of each. Fetched again, the folder follows the unit: only files that changed are read, and a fetch that was interrupted continues. Edits that \
were not pushed are never overwritten.")]
pub struct Fetch {
    /// ftp://HOST[:PORT]/FOLDER/
    #[arg(required_unless_present = "all")]
    url: Option<String>,
    /// Folder of the set; with --all the folder of the sets
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Every unit of this table
    #[arg(long, value_name = "UNITS.CSV", conflicts_with = "url")]
    all: Option<PathBuf>,
    /// Which files
    #[arg(long, default_value = "*.ini", value_name = "PATTERN")]
    files: String,
    /// Read every file, also those whose size and time have not changed
    #[arg(long)]
    reread: bool,
    /// Give up edits that were not pushed; reads every file
    #[arg(long)]
    discard_edits: bool,
    #[command(flatten)]
    ftp: FtpArgs,
}

impl Fetch {
    pub fn run(self, common: Common) -> Done {
        let pattern = glob::Pattern::new(&self.files)
            .map_err(|error| Error::Usage(format!("--files {}: {error}", self.files)))?;
        let units = match &self.all {
            Some(table) => self.units(table)?,
            None => {
                let url = FtpUrl::parse(self.url.as_deref().unwrap_or_default())?;
                vec![(self.output.clone(), url, String::new())]
            }
        };
        let passwords = Passwords::new(self.ftp.keyring);
        let outcomes = for_each(&units, self.ftp.jobs, |(folder, url, user)| {
            let one = || {
                let options = self.ftp.options(&passwords, user, url)?;
                let done = fetch(
                    url,
                    &options,
                    &pattern,
                    folder,
                    self.reread,
                    self.discard_edits,
                )?;
                let word = if done.changed.is_empty() {
                    "unchanged"
                } else {
                    "fetched"
                };
                Ok(Outcome::new(folder, word, files(done.files)))
            };
            Outcome::of(folder, one())
        });
        report(&outcomes, common)
    }

    /// Folder, URL and user of each unit of a table.
    fn units(&self, path: &Path) -> Result<Vec<(PathBuf, FtpUrl, String)>> {
        let table = read_table(path)?;
        let names = table.units()?;
        let unit = |(unit, row): (&str, &Row)| {
            let place = format!("{}: line {}", path.display(), row.line);
            let url = FtpUrl::parse(table.cell(row, "url"));
            let url = url.map_err(|error| Error::refuse(place, error))?;
            let user = table.cell(row, "user").to_owned();
            Ok((self.output.join(unit), url, user))
        };
        names.into_iter().zip(&table.rows).map(unit).collect()
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig push backup/north --dry-run
  parconfig push backup/* --yes
  parconfig push backup/* --yes --all-or-nothing

Shows the differences first. Refuses where the unit's files changed since they were fetched. Only changed files are written: \
to a temporary name, read back, renamed over the old file, read back again. What the unit had is kept for restore. A push that was \
interrupted leaves each file old or new; push then finishes it, restore takes it back.")]
pub struct PushArgs {
    /// Another unit than the one the set was fetched from: its files have to be the same
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Change every unit or none (at most 200 at a time)
    #[arg(long)]
    all_or_nothing: bool,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig restore backup/north               (the files as they were before the last push)
  parconfig restore backup/north --kept 20261130T074500.123Z

Works as push does. Also takes back a push that was interrupted.")]
pub struct Restore {
    /// Which kept set: a name below .parconfig/previous
    #[arg(long, value_name = "NAME")]
    kept: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

/// Options of commands that write to units.
#[derive(Args)]
struct WriteArgs {
    /// Fetched sets
    #[arg(required = true, value_name = "DIR")]
    sets: Vec<PathBuf>,
    /// Show the differences, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Overwrite files instead of renaming: for a server that cannot rename; an interruption may leave a file half-written
    #[arg(long)]
    in_place: bool,
    #[command(flatten)]
    ftp: FtpArgs,
}

impl PushArgs {
    pub fn run(self, common: Common) -> Done {
        if self.to.is_some() && self.write.sets.len() > 1 {
            return Err(Error::Usage("--to names one unit: name one set".into()));
        }
        if self.all_or_nothing && self.write.sets.len() > MAX_TOGETHER {
            return Err(Error::Usage(format!(
                "--all-or-nothing: at most {MAX_TOGETHER} units at a time"
            )));
        }
        let to = self.to.as_deref().map(FtpUrl::parse).transpose()?;
        self.write
            .run(&Wanted::Edits, to.as_ref(), self.all_or_nothing, common)
    }
}

impl Restore {
    pub fn run(self, common: Common) -> Done {
        self.write
            .run(&Wanted::Previous(self.kept), None, false, common)
    }
}

impl WriteArgs {
    fn run(&self, wanted: &Wanted, to: Option<&FtpUrl>, together: bool, common: Common) -> Done {
        let passwords = Passwords::new(self.ftp.keyring);
        let open = |folder: &PathBuf| -> Result<Option<Push>> {
            let set = UnitSet::open(folder)?;
            let url = to.map_or_else(|| FtpUrl::parse(&set.manifest.url), |url| Ok(url.clone()))?;
            let options = self.ftp.options(&passwords, &set.manifest.user, &url)?;
            Push::open(folder, &url, &options, wanted, self.in_place)
        };
        let preview = |folder: &Path, push: Option<&Push>| preview(folder, push, common);
        if self.dry_run || !self.yes {
            if common.json && !self.dry_run {
                return Err(Error::Usage(
                    "--json: --yes or --dry-run is expected".into(),
                ));
            }
            let look = |folder: &PathBuf| {
                Outcome::of(
                    folder,
                    open(folder).map(|push| preview(folder, push.as_ref())),
                )
            };
            let outcomes = for_each(&self.sets, self.ftp.jobs, look);
            let code = report(&outcomes, common)?;
            let nothing = outcomes
                .iter()
                .all(|outcome| outcome.word != "would change");
            if self.dry_run || nothing || !confirmed()? {
                return Ok(code);
            }
        }
        let word = if *wanted == Wanted::Edits {
            "pushed"
        } else {
            "restored"
        };
        let outcomes = match together {
            true => self.together(&open, &preview),
            false => for_each(&self.sets, self.ftp.jobs, |folder| {
                let one = |push: Option<Push>| {
                    let shown = preview(folder, push.as_ref());
                    let Some(push) = push else { return Ok(shown) };
                    let detail = files(push.changes().len());
                    finish(push)?;
                    let text = if self.yes { shown.text } else { String::new() };
                    Ok(Outcome {
                        text,
                        ..Outcome::new(folder, word, detail)
                    })
                };
                Outcome::of(folder, open(folder).and_then(one))
            }),
        };
        report(&outcomes, common)
    }

    /// All units or none: staged everywhere before anything is renamed; what fails takes everything back.
    fn together(
        &self,
        open: &(impl Fn(&PathBuf) -> Result<Option<Push>> + Sync),
        preview: &(impl Fn(&Path, Option<&Push>) -> Outcome + Sync),
    ) -> Vec<Outcome> {
        type Step = fn(&mut Push) -> Result<()>;
        let units = for_each(&self.sets, self.ftp.jobs, |folder| {
            let opened = open(folder);
            let text = match &opened {
                Ok(push) => preview(folder, push.as_ref()).text,
                Err(_) => String::new(),
            };
            (folder.clone(), text, Mutex::new(opened))
        });
        // Does one step for every unit that could be opened; answers what failed.
        let step = |act: Step| -> Vec<Option<Error>> {
            for_each(&units, self.ftp.jobs, |(_, _, unit)| {
                match &mut *lock(unit) {
                    Ok(Some(push)) => act(push).err(),
                    _ => None,
                }
            })
        };
        let is_good = |failures: &[Option<Error>]| failures.iter().all(Option::is_none);
        let mut failures: Vec<Option<Error>> = units.iter().map(|_| None).collect();
        let are_opened = units.iter().all(|(_, _, unit)| lock(unit).is_ok());
        for act in [Push::stage as Step, Push::commit] {
            if are_opened && is_good(&failures) {
                failures = step(act);
            }
        }
        let is_done = are_opened && is_good(&failures);
        let undone = match is_done {
            true => units.iter().map(|_| None).collect(),
            false => step(Push::undo),
        };
        let mut outcomes = Vec::new();
        for (((folder, text, unit), failure), undone) in units.into_iter().zip(failures).zip(undone)
        {
            let unit = unit.into_inner().unwrap_or_else(PoisonError::into_inner);
            let later = "could not be taken back; parconfig restore does it later";
            let error = undone.map(|error| with_note(error, later)).or(failure);
            outcomes.push(match (error, unit) {
                (Some(error), _) | (None, Err(error)) => Outcome::of(&folder, Err(error)),
                (None, Ok(None)) => Outcome::new(&folder, "unchanged", String::new()),
                (None, Ok(Some(_))) if is_done => Outcome {
                    text,
                    ..Outcome::new(&folder, "pushed", String::new())
                },
                (None, Ok(Some(_))) => Outcome::new(&folder, "taken back", String::new()),
            });
        }
        outcomes
    }
}

/// What a push would do.
fn preview(folder: &Path, push: Option<&Push>, common: Common) -> Outcome {
    let Some(push) = push else {
        return Outcome::new(folder, "unchanged", String::new());
    };
    let changes = push.changes();
    let resumed = match push.is_resumed() {
        true => ", finishing what was interrupted",
        false => "",
    };
    let detail = format!("{}{resumed}", files(changes.len()));
    let difference = |(name, old, new): &(&str, &[u8], &[u8])| {
        let name = folder.join(name).display().to_string();
        unified(&name, old, new, common.show_secrets)
    };
    Outcome {
        text: changes.iter().map(difference).collect(),
        ..Outcome::new(folder, "would change", detail)
    }
}

/// Stages and commits one push.
fn finish(mut push: Push) -> Result<()> {
    if let Err(error) = push.stage() {
        let note = match push.undo() {
            Ok(()) => "nothing on the unit was changed",
            Err(_) => {
                "no file was changed; temporary files stay on the unit until push or restore runs again"
            }
        };
        return Err(with_note(error, note));
    }
    push.commit()
        .map_err(|error| with_note(error, &by_state(&push.states())))
}

/// Which files of a push are on the unit, and what can be done.
fn by_state(states: &[(String, FileState)]) -> String {
    let names = |state: FileState| {
        let of_state = states.iter().filter(|(_, other)| *other == state);
        let names: Vec<&str> = of_state.map(|(name, _)| name.as_str()).collect();
        match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        }
    };
    let (new, old) = (names(FileState::New), names(FileState::Old));
    let other = match names(FileState::Other) {
        none if none == "none" => String::new(),
        other => format!("; neither: {other}"),
    };
    let advice = "push again to finish, restore to take it back";
    format!("new on the unit: {new}; old: {old}{other}; {advice}")
}

fn confirmed() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        let message = "nothing was written: --yes is expected where nobody can be asked";
        return Err(Error::Usage(message.into()));
    }
    eprint!("Write this to the units? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.map_err(|error| Error::Usage(error.to_string()))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig verify backup/*
  parconfig verify backup/north --json

Reads the units' files and compares them with what was fetched or pushed last. Exit code 1 if a file differs, a push has not ended, or \
edits were not pushed.")]
pub struct Verify {
    /// Fetched sets
    #[arg(required = true, value_name = "DIR")]
    sets: Vec<PathBuf>,
    #[command(flatten)]
    ftp: FtpArgs,
}

impl Verify {
    pub fn run(self, common: Common) -> Done {
        let passwords = Passwords::new(self.ftp.keyring);
        let outcomes = for_each(&self.sets, self.ftp.jobs, |folder| {
            let one = || {
                let set = UnitSet::open(folder)?;
                let url = FtpUrl::parse(&set.manifest.url)?;
                let options = self.ftp.options(&passwords, &set.manifest.user, &url)?;
                let found = push::verify(folder, &url, &options)?;
                let edits = set.changes()?;
                let edited = edits.iter().map(|change| change.name.as_str());
                Ok(if !found.different.is_empty() {
                    Outcome::new(
                        folder,
                        "differs",
                        format!(": {}", found.different.join(", ")),
                    )
                } else if !found.pending.is_empty() {
                    Outcome::new(
                        folder,
                        "not ended",
                        format!(": {}", by_state(&found.pending)),
                    )
                } else if !edits.is_empty() {
                    let names = edited.collect::<Vec<_>>().join(", ");
                    Outcome::new(folder, "not pushed", format!(": {names}"))
                } else {
                    Outcome::new(folder, "ok", files(set.manifest.files.len()))
                })
            };
            Outcome::of(folder, one())
        });
        let code = report(&outcomes, common)?;
        let bad = outcomes.iter().any(|outcome| outcome.word != "ok");
        Ok(if code == 0 { u8::from(bad) } else { code })
    }
}
