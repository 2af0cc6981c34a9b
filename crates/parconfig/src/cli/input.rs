// SPDX-License-Identifier: MPL-2.0
//! Opens what the user named: file, folder, ZIP or unit.

use crate::credentials::Passwords;
use crate::output::named;
use clap::Args;
use formats::recording::FileSource;
use parconfig::archive::{MAX_ZIP, read_zip};
use parconfig::config::text::MAX_TEXT;
use parconfig::files::{self, Contents, read_tree};
use parconfig::ini::Ini;
use parconfig::place::Files;
use parconfig::recording::Effective;
use parconfig::rollout::mapping::Mapping;
use parconfig::sniff::{Kind, sniff};
use parconfig::unit::http::{self, HttpOptions, Report};
use parconfig::unit::set::UnitSet;
use parconfig::{Config, ConfigText, Error, Result};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to read what is named.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Friendly names for places in a unit's files (TOML)
    #[arg(long, value_name = "TOML")]
    pub map: Option<PathBuf>,
    /// User of a live unit (http://HOST[:PORT])
    #[arg(long)]
    user: Option<String>,
    /// Take its password from the desktop's keyring (secret-tool) instead of PARCONFIG_PASSWORD or the terminal
    #[arg(long)]
    keyring: bool,
    /// Seconds to wait for each answer of a live unit; all together may take five times as long
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Milliseconds without a byte after which an answer without a length is over
    #[arg(long, default_value_t = 2000, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    silence: u64,
}

/// What was opened.
pub enum Input {
    Config(Box<ConfigText>),
    /// Files of a unit: of a set, a folder, a ZIP, or one file.
    Files(Contents),
    Recording(Box<Effective>),
    Unit(Box<Report>),
}

/// An input with its name and kind for people.
pub struct Source {
    pub name: String,
    pub kind: String,
    pub input: Input,
}

/// A mapping file.
pub fn read_mapping(path: Option<&Path>) -> Result<Mapping> {
    let Some(path) = path else {
        return Ok(Mapping::default());
    };
    let mapping = Mapping::parse(&files::read(path, MAX_TEXT)?);
    mapping.map_err(|error| named(&path.display().to_string(), error))
}

/// The texts of a unit as lines.
pub fn parse_files(contents: &Contents) -> Result<Files> {
    let parse = |(name, bytes): (&String, &Vec<u8>)| match Ini::parse(bytes) {
        Ok(ini) => Ok((name.clone(), ini)),
        Err(error) => Err(named(name, error)),
    };
    contents.iter().map(parse).collect()
}

impl Source {
    /// A place in full: of a single file `SECTION/KEY` is enough.
    pub fn place(&self, place: &str) -> String {
        match &self.input {
            Input::Files(files) if place.contains('/') && Path::new(&self.name).is_file() => {
                let file = files.keys().next().map_or("", String::as_str);
                format!("{file}/{place}")
            }
            _ => place.to_owned(),
        }
    }
}

impl InputArgs {
    fn ask_unit(&self, url: &str) -> Result<Report> {
        let host = url.split('/').nth(2).unwrap_or_default();
        let password = |user: &String| Passwords::new(self.keyring).get(user, host);
        let login = self
            .user
            .as_ref()
            .map(|user| Ok((user.clone(), password(user)?)));
        let options = HttpOptions {
            login: login.transpose()?,
            timeout: Duration::from_secs(self.timeout),
            silence: Duration::from_millis(self.silence),
        };
        http::pull(url, &options)
    }

    /// Opens anything.
    pub fn open(&self, name: &str) -> Result<Source> {
        let path = Path::new(name);
        let (kind, input) = if name.contains("://") {
            let report = self.ask_unit(name)?;
            ("live unit".to_owned(), Input::Unit(Box::new(report)))
        } else if path.is_dir() {
            let is_set = UnitSet::is_set(path);
            let kind = if is_set { "fetched set" } else { "folder" };
            let files = read_tree(path).map_err(|error| named(name, error))?;
            (kind.to_owned(), Input::Files(files))
        } else {
            self.open_file(name, path)
                .map_err(|error| named(name, error))?
        };
        let name = name.to_owned();
        Ok(Source { name, kind, input })
    }

    fn open_file(&self, name: &str, path: &Path) -> Result<(String, Input)> {
        let mut source = FileSource::new(files::open(path)?);
        let io = |error| Error::io(name, error);
        let kind = sniff(&mut source).map_err(io)?;
        let input = match &kind {
            Kind::Zip => Input::Files(read_zip(&files::read(path, MAX_ZIP)?)?),
            Kind::Recording(format) => {
                let found = Effective::read(source, format).map_err(io)?;
                Input::Recording(Box::new(found))
            }
            Kind::Config => {
                let text = ConfigText::parse(&files::read(path, MAX_TEXT)?)?;
                Input::Config(Box::new(text))
            }
            Kind::Ini => {
                let inner = path.file_name().unwrap_or_default();
                let bytes = files::read(path, MAX_TEXT)?;
                Input::Files([(inner.to_string_lossy().into_owned(), bytes)].into())
            }
            Kind::OldConfig | Kind::Other(_) => {
                let expected =
                    "expected a configuration text, an .ini file, a ZIP of these, or a recording";
                return Err(Error::Refused(format!("{expected}; {}", kind.name())));
            }
        };
        Ok((kind.name().to_owned(), input))
    }

    /// Opens a configuration text, and nothing else.
    pub fn open_text(&self, name: &str) -> Result<ConfigText> {
        let Source { kind, input, .. } = self.open(name)?;
        match input {
            Input::Config(text) => Ok(*text),
            _ => Err(Error::refuse(
                name,
                format!("this is a {kind}; expected a configuration text"),
            )),
        }
    }

    /// The configuration that a source shows, and what could not be read into it.
    pub fn config(&self, source: &Source) -> Result<(Config, Vec<String>)> {
        Ok(match &source.input {
            Input::Config(text) => (text.config().clone(), Vec::new()),
            Input::Recording(found) => (found.config(), found.warnings.clone()),
            Input::Unit(report) => (report.config(), report.warnings.clone()),
            Input::Files(contents) if self.map.is_some() => {
                let mapping = read_mapping(self.map.as_deref())?;
                let mapped = mapping.read(&parse_files(contents)?);
                let unmapped = mapped.unmapped.into_iter();
                let unmapped = unmapped.map(|key| format!("not in the mapping: {key}"));
                let notes = mapped.doubtful.into_iter().chain(unmapped);
                (mapped.config, notes.collect())
            }
            Input::Files(_) => {
                let name = &source.name;
                return Err(Error::Usage(format!(
                    "{name}: --map TOML is expected: the names in units' files are not public"
                )));
            }
        })
    }
}
