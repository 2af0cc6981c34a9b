// SPDX-License-Identifier: MPL-2.0
//! Opens what the user named: file, folder, ZIP or unit.

use crate::credentials::Passwords;
use crate::failure::Failure;
use clap::Args;
use formats::recording::FileSource;
use parconfig::archive::read_zip;
use parconfig::config::text::MAX_TEXT;
use parconfig::ini::Ini;
use parconfig::place::Files;
use parconfig::recording::Effective;
use parconfig::rollout::mapping::Mapping;
use parconfig::sniff::{HEAD, Kind, MORE, sniff};
use parconfig::unit::http::{self, HttpOptions, Report};
use parconfig::unit::set::{Contents, UnitSet, read_tree};
use parconfig::{Config, ConfigText, Error, files};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How to read what is named.
#[derive(Args, Clone, Debug)]
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
    /// Seconds to wait for each answer of a live unit
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
    pub kind: &'static str,
    pub input: Input,
}

/// A mapping file.
pub fn read_mapping(path: Option<&Path>) -> Result<Mapping, Failure> {
    let Some(path) = path else {
        return Ok(Mapping::default());
    };
    let bytes = files::read(path, MAX_TEXT)?;
    Mapping::parse(&bytes).map_err(|error| Failure::input(&path.display().to_string(), &error))
}

/// The texts of a unit as lines.
pub fn parse_files(contents: &Contents) -> Result<Files, Failure> {
    let parse = |(name, bytes): (&String, &Vec<u8>)| match Ini::parse(bytes) {
        Ok(ini) => Ok((name.clone(), ini)),
        Err(error) => Err(Failure::input(name, &error)),
    };
    contents.iter().map(parse).collect()
}

impl InputArgs {
    fn unit(&self, url: &str) -> Result<Report, Failure> {
        let host = url.split('/').nth(2).unwrap_or_default();
        let login = match &self.user {
            Some(user) => Some((user.clone(), Passwords::new(self.keyring).get(user, host)?)),
            None => None,
        };
        let (timeout, silence) = (
            Duration::from_secs(self.timeout),
            Duration::from_millis(self.silence),
        );
        Ok(http::pull(
            url,
            &HttpOptions {
                login,
                timeout,
                silence,
            },
        )?)
    }

    /// Opens anything.
    pub fn open(&self, name: &str) -> Result<Source, Failure> {
        let source = |kind, input| {
            Ok(Source {
                name: name.to_owned(),
                kind,
                input,
            })
        };
        let path = Path::new(name);
        let fail = |error: Error| Failure::input(name, &error);
        if name.contains("://") {
            return source("live unit", Input::Unit(Box::new(self.unit(name)?)));
        }
        if path.is_dir() {
            let kind = if UnitSet::is_set(path) {
                "fetched set"
            } else {
                "folder"
            };
            return source(kind, Input::Files(read_tree(path).map_err(fail)?));
        }
        let mut file = files::open(path).map_err(fail)?;
        let io = |source| fail(Error::io(name, source));
        let mut head = Vec::new();
        file.by_ref()
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(io)?;
        if head.starts_with(b"PAR\0") {
            file.by_ref()
                .take((MORE - HEAD) as u64)
                .read_to_end(&mut head)
                .map_err(io)?;
        }
        file.rewind().map_err(io)?;
        let kind = sniff(&head);
        kind.refuse().map_err(fail)?;
        let input = match kind {
            Kind::Zip => Input::Files(read_zip(file, name).map_err(fail)?),
            Kind::Recording(kind) => Input::Recording(Box::new(
                Effective::read(FileSource::new(file), kind).map_err(io)?,
            )),
            Kind::Config => Input::Config(Box::new(
                ConfigText::parse(&files::read(path, MAX_TEXT)?).map_err(fail)?,
            )),
            _ => {
                let inner = path
                    .file_name()
                    .map_or(String::new(), |name| name.to_string_lossy().into_owned());
                Input::Files([(inner, files::read(path, MAX_TEXT)?)].into())
            }
        };
        source(kind.name(), input)
    }

    /// Opens a configuration text, and nothing else.
    pub fn open_text(&self, name: &str) -> Result<ConfigText, Failure> {
        let source = self.open(name)?;
        match source.input {
            Input::Config(text) => Ok(*text),
            _ => Err(Failure::Input(format!(
                "{name}: this is a {}; expected a configuration text",
                source.kind
            ))),
        }
    }

    /// The configuration that a source shows, and what could not be read into it.
    pub fn config(&self, source: &Source) -> Result<(Config, Vec<String>), Failure> {
        Ok(match &source.input {
            Input::Config(text) => (text.config().clone(), Vec::new()),
            Input::Recording(found) => (found.config(), found.warnings.clone()),
            Input::Unit(report) => (report.config(), report.warnings.clone()),
            Input::Files(contents) if self.map.is_some() => {
                let mapped = read_mapping(self.map.as_deref())?.read(&parse_files(contents)?);
                let unmapped = mapped
                    .unmapped
                    .into_iter()
                    .map(|key| format!("not in the mapping: {key}"));
                (
                    mapped.config,
                    mapped.doubtful.into_iter().chain(unmapped).collect(),
                )
            }
            Input::Files(_) => {
                return Err(Failure::Use(format!(
                    "{}: --map TOML is expected: the names in units' files are not public",
                    source.name
                )));
            }
        })
    }
}
