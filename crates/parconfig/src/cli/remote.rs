// SPDX-License-Identifier: MPL-2.0
//! `fetch`, `push`, `restore` and `verify`: units by FTP, one or many at a time.

use crate::credentials::Passwords;
use crate::failure::Failure;
use crate::{Common, Done, output};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use parconfig::rollout::table::{MAX_TABLE, Table};
use parconfig::textdiff::unified;
use parconfig::unit::ftp::{FtpOptions, FtpUrl};
use parconfig::unit::push::{self, FileState, Push, Wanted};
use parconfig::unit::set::{UnitSet, fetch};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Most units of one push that is all or nothing.
const MAX_TOGETHER: usize = 200;

/// How to reach units by FTP.
#[derive(Args, Clone, Debug)]
pub struct FtpArgs {
    /// User of the Admin FTP account; without it the user that the set was fetched with
    #[arg(long)]
    user: Option<String>,
    /// Take the password from the desktop's keyring (secret-tool) instead of PARCONFIG_PASSWORD or the terminal
    #[arg(long)]
    keyring: bool,
    /// Seconds to wait for a connection and for each answer; a file may take ten times as long
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
    fn options(
        &self,
        passwords: &Passwords,
        user: &str,
        url: &FtpUrl,
    ) -> Result<FtpOptions, Failure> {
        let user = self
            .user
            .as_deref()
            .or(Some(user).filter(|user| !user.is_empty()));
        let user = user.ok_or_else(|| Failure::Use("--user is expected".into()))?;
        Ok(FtpOptions {
            user: user.to_owned(),
            password: passwords.get(user, &url.host)?,
            timeout: Duration::from_secs(self.timeout),
            active: self.active,
        })
    }
}

/// How one unit ended.
struct Outcome {
    unit: String,
    word: &'static str,
    detail: String,
    /// The differences, for people.
    text: String,
    failure: Option<Failure>,
}

impl Outcome {
    fn new(unit: &Path, word: &'static str, detail: String) -> Outcome {
        Outcome {
            unit: unit.display().to_string(),
            word,
            detail,
            text: String::new(),
            failure: None,
        }
    }

    fn of(unit: &Path, done: Result<Outcome, Failure>) -> Outcome {
        done.unwrap_or_else(|failure| Outcome {
            detail: failure.text().to_owned(),
            failure: Some(failure),
            ..Outcome::new(unit, "failed", String::new())
        })
    }

    fn is_new(&self, word: &str) -> bool {
        self.word == word
    }
}

/// Does the same for each item, several at a time; the answers are in the order of the items. A bar shows how far it is.
fn for_each<T: Sync, R: Send>(items: &[T], jobs: u16, act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let bar = if items.len() > 1 && std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} units, {elapsed}");
        ProgressBar::new(items.len() as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    } else {
        ProgressBar::hidden()
    };
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..usize::from(jobs).min(items.len()) {
            scope.spawn(|| {
                while let Some((at, item)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    items.get(at).map(|item| (at, item))
                } {
                    let result = act(item);
                    results
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push((at, result));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut results = results
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Prints what became of each unit and a summary; the exit code is that of the first failure.
fn report(outcomes: &[Outcome], common: Common) -> Done {
    let failed = outcomes
        .iter()
        .filter_map(|outcome| outcome.failure.as_ref())
        .collect::<Vec<_>>();
    let code = failed.first().map_or(0, |failure| failure.code());
    if common.json {
        let units: Vec<_> = outcomes
            .iter()
            .map(|o| json!({ "unit": o.unit, "outcome": o.word, "detail": o.detail, "difference": o.text }))
            .collect();
        output::print_json(&json!({ "units": units, "failed": failed.len() }))?;
        return Ok(code);
    }
    let mut out = String::new();
    for outcome in outcomes {
        out.push_str(&outcome.text);
        if outcome.failure.is_none() {
            out.push_str(&format!(
                "{}: {}{}\n",
                outcome.unit, outcome.word, outcome.detail
            ));
        }
    }
    output::print(&out)?;
    for outcome in outcomes.iter().filter(|outcome| outcome.failure.is_some()) {
        // Messages of a set name it already.
        let name = match outcome.detail.starts_with(&outcome.unit) {
            true => String::new(),
            false => format!("{}: ", outcome.unit),
        };
        eprintln!("parconfig: {name}{}", outcome.detail);
    }
    if outcomes.len() > 1 {
        let mut words: Vec<&str> = outcomes.iter().map(|outcome| outcome.word).collect();
        words.sort_unstable();
        words.dedup();
        let count = |word: &&str| {
            format!(
                "{} {word}",
                outcomes.iter().filter(|o| o.is_new(word)).count()
            )
        };
        let counts: Vec<String> = words.iter().map(count).collect();
        output::print(&format!(
            "{} units: {}\n",
            outcomes.len(),
            counts.join(", ")
        ))?;
    }
    Ok(code)
}

fn plural(n: usize) -> String {
    format!(" ({n} file{})", if n == 1 { "" } else { "s" })
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig fetch ftp://10.0.0.5/etc/ --user adm -o backup/north
  parconfig fetch --all units.csv --user adm -o backup        (columns unit, url and perhaps user; backup/UNIT for each)

The files are in the folder as the unit has them, to be shown, compared and edited there. .parconfig in it has a manifest with
size, time and SHA-256 of each. Fetched again, the folder follows the unit; edits that were not pushed are never overwritten.")]
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
    /// Give up edits that were not pushed
    #[arg(long)]
    discard_edits: bool,
    #[command(flatten)]
    ftp: FtpArgs,
}

impl Fetch {
    pub fn run(self, common: Common) -> Done {
        let pattern = glob::Pattern::new(&self.files)
            .map_err(|error| Failure::Use(format!("--files {}: {error}", self.files)))?;
        let mut units = Vec::new();
        if let Some(table) = &self.all {
            let name = table.display().to_string();
            let bytes = parconfig::files::read(table, MAX_TABLE)?;
            let table = Table::parse(&bytes).map_err(|error| Failure::input(&name, &error))?;
            let names = table
                .units()
                .map_err(|error| Failure::input(&name, &error))?;
            for (unit, row) in names.into_iter().zip(&table.rows) {
                let url = FtpUrl::parse(table.cell(row, "url")).map_err(|error| {
                    Failure::Input(format!(
                        "{name}: line {}: {}",
                        row.line,
                        Failure::from(error).text()
                    ))
                })?;
                units.push((
                    self.output.join(unit),
                    url,
                    table.cell(row, "user").to_owned(),
                ));
            }
        } else {
            let url = FtpUrl::parse(self.url.as_deref().unwrap_or_default())?;
            units.push((self.output.clone(), url, String::new()));
        }
        let passwords = Passwords::new(self.ftp.keyring);
        let outcomes = for_each(&units, self.ftp.jobs, |(folder, url, user)| {
            let one = || {
                let options = self.ftp.options(&passwords, user, url)?;
                let done = fetch(url, &options, &pattern, folder, self.discard_edits)?;
                let (word, detail) = match done.changed.as_slice() {
                    [] => ("unchanged", plural(done.files)),
                    _ => (
                        "fetched",
                        format!("{}, {} bytes", plural(done.files), done.bytes),
                    ),
                };
                Ok(Outcome::new(folder, word, detail))
            };
            Outcome::of(folder, one())
        });
        report(&outcomes, common)
    }
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig push backup/north --dry-run
  parconfig push backup/* --yes
  parconfig push backup/* --yes --all-or-nothing

Shows the differences first. Refuses where the unit's files changed since they were fetched. Only changed files are written:
to a temporary name, read back, renamed over the old file, read back again. What the unit had is kept for restore. A push that was
interrupted leaves each file old or new; push then finishes it, restore takes it back.")]
pub struct PushArgs {
    /// Fetched sets
    #[arg(required = true, value_name = "DIR")]
    sets: Vec<PathBuf>,
    /// Another unit than the one the set was fetched from: its files have to be the same
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Show the differences, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Change every unit or none (at most 200 at a time)
    #[arg(long)]
    all_or_nothing: bool,
    /// Overwrite files instead of renaming: for a server that cannot rename; an interruption may leave a file half-written
    #[arg(long)]
    in_place: bool,
    #[command(flatten)]
    ftp: FtpArgs,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig restore backup/north               (the files as they were before the last push)
  parconfig restore backup/north --kept 20261130T074500.123Z

Works as push does. Also takes back a push that was interrupted.")]
pub struct Restore {
    /// Fetched sets
    #[arg(required = true, value_name = "DIR")]
    sets: Vec<PathBuf>,
    /// Which kept set: a name below .parconfig/previous
    #[arg(long, value_name = "NAME")]
    kept: Option<String>,
    /// Show the differences, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Overwrite files instead of renaming
    #[arg(long)]
    in_place: bool,
    #[command(flatten)]
    ftp: FtpArgs,
}

impl Restore {
    pub fn run(self, common: Common) -> Done {
        let push = PushArgs {
            sets: self.sets,
            to: None,
            dry_run: self.dry_run,
            yes: self.yes,
            all_or_nothing: false,
            in_place: self.in_place,
            ftp: self.ftp,
        };
        push.run_for(&Wanted::Previous(self.kept), common)
    }
}

impl PushArgs {
    pub fn run(self, common: Common) -> Done {
        self.run_for(&Wanted::Edits, common)
    }

    fn run_for(&self, wanted: &Wanted, common: Common) -> Done {
        if self.to.is_some() && self.sets.len() > 1 {
            return Err(Failure::Use("--to names one unit: name one set".into()));
        }
        if self.all_or_nothing && self.sets.len() > MAX_TOGETHER {
            return Err(Failure::Use(format!(
                "--all-or-nothing: at most {MAX_TOGETHER} units at a time"
            )));
        }
        let passwords = Passwords::new(self.ftp.keyring);
        let open = |folder: &PathBuf| -> Result<Option<Push>, Failure> {
            let set = UnitSet::open(folder)?;
            let to = self.to.as_deref().map(FtpUrl::parse).transpose()?;
            let url = match &to {
                Some(url) => url.clone(),
                None => FtpUrl::parse(&set.manifest.url)?,
            };
            let options = self.ftp.options(&passwords, &set.manifest.user, &url)?;
            Ok(Push::open(folder, to, &options, wanted, self.in_place)?)
        };
        if self.dry_run || !self.yes {
            let look = |folder: &PathBuf| {
                Outcome::of(
                    folder,
                    open(folder).map(|push| preview(folder, push.as_ref(), common)),
                )
            };
            let outcomes = for_each(&self.sets, self.ftp.jobs, look);
            if self.dry_run
                || outcomes
                    .iter()
                    .all(|outcome| !outcome.is_new("would change"))
            {
                return report(&outcomes, common);
            }
            report(
                &outcomes,
                Common {
                    json: false,
                    ..common
                },
            )?;
            if !confirmed()? {
                return Ok(1);
            }
        }
        let outcomes = if self.all_or_nothing {
            self.together(&open, common)?
        } else {
            for_each(&self.sets, self.ftp.jobs, |folder| {
                Outcome::of(
                    folder,
                    open(folder).and_then(|push| one(folder, push, self.yes, common)),
                )
            })
        };
        report(&outcomes, common)
    }

    /// All units or none: staged everywhere before anything is renamed; what fails takes everything back.
    fn together(
        &self,
        open: &(impl Fn(&PathBuf) -> Result<Option<Push>, Failure> + Sync),
        common: Common,
    ) -> Result<Vec<Outcome>, Failure> {
        let opened = for_each(&self.sets, self.ftp.jobs, |folder| {
            let opened =
                open(folder).map(|push| (preview(folder, push.as_ref(), common), Mutex::new(push)));
            opened.map_err(|failure| (folder.clone(), failure))
        });
        let mut units = Vec::new();
        let mut failures = Vec::new();
        for one in opened {
            match one {
                Ok((preview, push)) => units.push((preview, push)),
                Err((folder, failure)) => failures.push(Outcome::of(&folder, Err(failure))),
            }
        }
        let run = |act: fn(&mut Push) -> parconfig::Result<()>| {
            for_each(&units, self.ftp.jobs, |(_, push)| {
                let mut push = push
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                push.as_mut().map_or(Ok(()), act).map_err(Failure::from)
            })
        };
        let mut done: Vec<Result<(), Failure>> = units.iter().map(|_| Ok(())).collect();
        for act in [Push::stage, Push::commit] {
            if failures.is_empty() && done.iter().all(Result::is_ok) {
                done = run(act);
            }
        }
        let good = failures.is_empty() && done.iter().all(Result::is_ok);
        let undone = if good { Vec::new() } else { run(Push::undo) };
        let mut undone = undone.into_iter();
        let outcomes = units.iter().zip(done).map(|((preview, push), done)| {
            let changes = push
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .is_some();
            let undo = undone.next().unwrap_or(Ok(()));
            let folder = PathBuf::from(&preview.unit);
            let mut outcome = match (done, undo) {
                (_, Err(failure)) => Outcome::of(
                    &folder,
                    Err(Failure::Net(format!(
                        "could not be taken back ({}); parconfig restore does it later",
                        failure.text()
                    ))),
                ),
                (Err(failure), _) => Outcome::of(&folder, Err(failure)),
                _ if !changes => Outcome::new(&folder, "unchanged", String::new()),
                _ if good => Outcome::new(&folder, "pushed", String::new()),
                _ => Outcome::new(&folder, "taken back", String::new()),
            };
            if good {
                outcome.text.clone_from(&preview.text);
            }
            outcome
        });
        Ok(outcomes.chain(failures).collect())
    }
}

/// What a push would do.
fn preview(folder: &Path, push: Option<&Push>, common: Common) -> Outcome {
    let Some(push) = push else {
        return Outcome::new(folder, "unchanged", String::new());
    };
    let changes = push.changes();
    let detail = match push.is_resumed() {
        true => format!(
            "{}, finishing a push that was interrupted",
            plural(changes.len())
        ),
        false => plural(changes.len()),
    };
    let text = changes.iter().map(|(name, old, new)| {
        unified(
            &folder.join(name).display().to_string(),
            old,
            new,
            common.show_secrets,
        )
    });
    Outcome {
        text: text.collect(),
        ..Outcome::new(folder, "would change", detail)
    }
}

/// Pushes one set.
fn one(folder: &Path, push: Option<Push>, show: bool, common: Common) -> Result<Outcome, Failure> {
    let shown = preview(folder, push.as_ref(), common);
    let Some(mut push) = push else {
        return Ok(shown);
    };
    let files = push.changes().len();
    if let Err(error) = push.stage() {
        return Err(match push.undo() {
            Ok(()) => Failure::from(error).with("nothing on the unit was changed"),
            Err(_) => Failure::from(error)
                .with("no file was changed; temporary files are left on the unit until push or restore runs again"),
        });
    }
    push.commit().map_err(|error| {
        let name = |state: FileState| {
            let names: Vec<String> = push
                .states()
                .into_iter()
                .filter(|s| s.1 == state)
                .map(|s| s.0)
                .collect();
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        };
        let note = format!(
            "new on the unit: {}; old: {}; push again to finish, restore to take it back",
            name(FileState::New),
            name(FileState::Old)
        );
        Failure::from(error).with(&note)
    })?;
    Ok(Outcome {
        text: if show { shown.text } else { String::new() },
        ..Outcome::new(folder, "pushed", plural(files))
    })
}

fn confirmed() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Use(
            "nothing was written: --yes is expected where nobody can be asked".into(),
        ));
    }
    eprint!("Write this to the units? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failure::Use(error.to_string()))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  parconfig verify backup/*

Reads the units' files and compares them with the manifests. Exit code 1 if a file differs or a push has not ended.")]
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
                let different = push::verify(folder, None, &options)?;
                let note = if set.has_pending_push() {
                    ", a push has not ended"
                } else {
                    ""
                };
                Ok(match different.as_slice() {
                    [] if note.is_empty() => {
                        Outcome::new(folder, "ok", plural(set.manifest.files.len()))
                    }
                    [] => Outcome::new(folder, "not ended", note.into()),
                    names => {
                        Outcome::new(folder, "differs", format!(": {}{note}", names.join(", ")))
                    }
                })
            };
            Outcome::of(folder, one())
        });
        let code = report(&outcomes, common)?;
        let bad = outcomes.iter().any(|outcome| !outcome.is_new("ok"));
        Ok(if code == 0 { u8::from(bad) } else { code })
    }
}
