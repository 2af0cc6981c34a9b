// SPDX-License-Identifier: MPL-2.0
//! Opens what the user named: file, folder, ZIP or unit.

use crate::failure::Failure;
use clap::Args;
use parconfig::archive::{self, Member};
use parconfig::effective::Effective;
use parconfig::ini::{Ini, MAX_LINES, MAX_TEXT};
use parconfig::live::{self, Live, Options, Url};
use parconfig::sniff::{HEAD, Kind, MORE, sniff};
use parconfig::{Config, ConfigText, Error};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to ask a live unit.
#[derive(Args, Clone, Debug)]
pub struct NetArgs {
    /// User of a live unit
    #[arg(long)]
    user: Option<String>,
    /// File whose first line is the password; without it the environment variable PARCONFIG_PASSWORD is used
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Seconds to wait for a unit
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    timeout: u64,
    /// Milliseconds without a byte after which an answer without a length is over
    #[arg(long, default_value_t = 2000, value_name = "MILLISECONDS")]
    silence: u64,
}

impl NetArgs {
    fn options(&self) -> Result<Options, Failure> {
        let password = match &self.password_file {
            Some(path) => {
                let bytes = read_limited(path, 4096)?;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                text.lines().next().unwrap_or_default().to_owned()
            }
            None => std::env::var("PARCONFIG_PASSWORD").unwrap_or_default(),
        };
        Ok(Options {
            user: self.user.clone(),
            password,
            timeout: Duration::from_secs(self.timeout.clamp(1, 600)),
            silence: Duration::from_millis(self.silence.clamp(50, 60_000)),
            total: Duration::from_secs(self.timeout.clamp(1, 600).saturating_mul(3)),
        })
    }

    /// Asks the unit.
    pub fn pull(&self, url: &str) -> Result<Live, Failure> {
        let parsed = Url::parse(url).ok_or_else(|| {
            Failure::Use(format!("{url}: http://HOST[:PORT] is expected; a log-in goes into --user and --password-file"))
        })?;
        live::pull(parsed, self.options()?).map_err(|error| Failure::input(url, &error))
    }
}

/// What was opened.
pub enum Input {
    Config(ConfigText),
    Ini(Ini),
    Recording(Box<Effective>),
    Set(Vec<Member>),
    Live(Box<Live>),
}

/// An input with its name and kind for people.
pub struct Source {
    pub name: String,
    pub kind: &'static str,
    pub input: Input,
}

/// At most `limit` bytes of a file.
pub fn read_limited(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let fail = |error| Failure::input(&name, &Error::io(&name, error));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fail)?;
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if bytes.len() > limit {
        let error = Error::TooLarge {
            what: "the file".into(),
            limit: format!("{limit} bytes"),
        };
        return Err(Failure::input(&name, &error));
    }
    Ok(bytes)
}

/// Enough of a file to tell what it is.
fn read_head(path: &Path) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let fail = |error| Failure::input(&name, &Error::io(&name, error));
    let mut file = File::open(path).map_err(fail)?;
    let mut head = Vec::new();
    file.by_ref()
        .take(HEAD as u64)
        .read_to_end(&mut head)
        .map_err(fail)?;
    if head.starts_with(b"PAR\0") {
        file.take((MORE - HEAD) as u64)
            .read_to_end(&mut head)
            .map_err(fail)?;
    }
    Ok(head)
}

/// Whether the user named a unit.
pub fn is_url(name: &str) -> bool {
    name.contains("://")
}

/// Opens anything.
pub fn open(name: &str, net: &NetArgs) -> Result<Source, Failure> {
    let source = |kind, input| Source {
        name: name.to_owned(),
        kind,
        input,
    };
    if is_url(name) {
        return Ok(source("live unit", Input::Live(Box::new(net.pull(name)?))));
    }
    let path = Path::new(name);
    let fail = |error: Error| Failure::input(name, &error);
    let io = |error| fail(Error::io(name, error));
    if std::fs::metadata(path).map_err(io)?.is_dir() {
        let members = archive::read_folder(path).map_err(fail)?;
        return Ok(source("folder", Input::Set(members)));
    }
    let head = read_head(path)?;
    let file = File::open(path).map_err(io)?;
    let kind = sniff(&head);
    kind.refuse().map_err(fail)?;
    let input = match kind {
        Kind::Config => {
            Input::Config(ConfigText::parse(&read_limited(path, MAX_TEXT)?).map_err(fail)?)
        }
        Kind::Ini => Input::Ini(Ini::parse(&read_limited(path, MAX_TEXT)?).map_err(fail)?),
        Kind::Zip => Input::Set(archive::read_zip(file, name).map_err(fail)?),
        Kind::Recording(_) => {
            Input::Recording(Box::new(Effective::read(file, name).map_err(fail)?))
        }
        Kind::Json => {
            return Err(fail(Error::Foreign(
                "JSON text; use parconfig import".into(),
            )));
        }
        Kind::Foreign(_) | Kind::Unknown => return Err(Failure::Input(format!("{name}: unknown"))),
    };
    Ok(source(kind.name(), input))
}

/// Opens a configuration text, and nothing else.
pub fn open_text(name: &str) -> Result<ConfigText, Failure> {
    let path = Path::new(name);
    let kind = sniff(&read_head(path)?);
    let fail = |error: Error| Failure::input(name, &error);
    if !matches!(kind, Kind::Config | Kind::Ini) {
        kind.refuse().map_err(fail)?;
        return Err(Failure::Input(format!(
            "{name}: this is a {}; a configuration text is expected",
            kind.name()
        )));
    }
    let bytes = read_limited(path, MAX_TEXT)?;
    match kind {
        Kind::Config => ConfigText::parse(&bytes).map_err(fail),
        // Without its first line a configuration text looks like any other .ini file.
        _ => {
            let text = ConfigText::parse(&bytes).map_err(fail)?;
            if text
                .config()
                .sections
                .iter()
                .any(|s| parconfig::schema::section(&s.name).is_some())
            {
                Ok(text)
            } else {
                Err(Failure::Input(format!(
                    "{name}: line 1: \"; par 1\" is expected; for a unit's own .ini file use edit-ini or import --map"
                )))
            }
        }
    }
}

impl Source {
    /// The configuration that this source shows, for comparing and exporting.
    pub fn config(&self) -> Result<Config, Failure> {
        Ok(match &self.input {
            Input::Config(text) => text.config().clone(),
            Input::Ini(ini) => Config::from_ini(ini),
            Input::Recording(found) => found.config(),
            Input::Live(live) => live.config(),
            Input::Set(members) => return set_config(&self.name, members),
        })
    }
}

/// The one configuration text of a folder or ZIP; else the .ini files, each section with its file's name before it.
fn set_config(name: &str, members: &[Member]) -> Result<Config, Failure> {
    let texts: Vec<&Member> = members
        .iter()
        .filter(|member| member.kind == Kind::Config)
        .collect();
    if let [only] = texts.as_slice() {
        let bytes = only.bytes.as_deref().unwrap_or_default();
        let inner = format!("{name}/{}", only.name);
        let text = ConfigText::parse(bytes).map_err(|error| Failure::input(&inner, &error))?;
        return Ok(text.config().clone());
    }
    if texts.len() > 1 {
        return Err(Failure::Input(format!(
            "{name}: holds {} configuration texts; name one of them",
            texts.len()
        )));
    }
    let mut config = Config::default();
    let mut entries = 0;
    for member in members.iter().filter(|member| member.kind == Kind::Ini) {
        let bytes = member.bytes.as_deref().unwrap_or_default();
        let ini = Ini::parse(bytes).map_err(|error| Failure::input(&member.name, &error))?;
        for entry in ini.entries() {
            let section = format!("{}/{}", member.name, entry.section);
            entries += 1;
            if entries > MAX_LINES {
                return Err(Failure::Input(format!(
                    "{name}: more than {MAX_LINES} keys in all files"
                )));
            }
            config.add_named(&section, &entry.key, &entry.value);
        }
    }
    if config.sections.is_empty() {
        return Err(Failure::Input(format!(
            "{name}: holds no configuration text and no .ini file"
        )));
    }
    Ok(config)
}
