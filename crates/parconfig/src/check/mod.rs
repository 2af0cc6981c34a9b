// SPDX-License-Identifier: MPL-2.0
//! Every rule a configuration is held to, field by field and across fields.

mod alarms;
mod network;
mod recording;
mod users;

use super::error::Place;
use super::model::{Config, Note, Section};
use super::path::Path;
use super::schema;
use std::collections::HashSet;
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Allowed, but most likely not meant.
    Warning,
    /// Not allowed.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Short name of the rule, such as `two-titles`.
    pub rule: &'static str,
    /// Where; line 0 for a value that stands in no text.
    pub place: Place,
    /// The field or section.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.line > 0 {
            write!(f, "{}:{}: ", self.place.line, self.place.column)?;
        }
        write!(
            f,
            "{}: {}: {} [{}]",
            self.severity, self.path, self.message, self.rule
        )
    }
}

/// Collects findings with their places.
struct Check<'a> {
    config: &'a Config,
    found: Vec<Finding>,
    /// Findings beyond [`MAX_FINDINGS`], and the worst of them.
    more: Option<(usize, Severity)>,
}

/// Most findings of one configuration that are kept; the rest is counted.
pub const MAX_FINDINGS: usize = 1000;

impl<'a> Check<'a> {
    fn new(config: &'a Config) -> Check<'a> {
        Check {
            config,
            found: Vec::new(),
            more: None,
        }
    }

    fn keep(&mut self, finding: Finding) {
        if self.found.len() < MAX_FINDINGS {
            self.found.push(finding);
            return;
        }
        let (count, worst) = self.more.unwrap_or((0, finding.severity));
        self.more = Some((count.saturating_add(1), worst.max(finding.severity)));
    }

    /// The findings in the order of the text, and one that counts those that were too many.
    fn finish(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|finding| finding.place);
        if let Some((count, severity)) = self.more {
            self.found.push(Finding {
                severity,
                rule: "more",
                place: Place::default(),
                path: "text".into(),
                message: format!("{count} more findings"),
            });
        }
        self.found
    }

    /// Tells about a field; `key` may be empty for the section as a whole.
    fn tell(
        &mut self,
        severity: Severity,
        rule: &'static str,
        section: &str,
        key: &str,
        message: impl Into<String>,
    ) {
        let found = self.config.section(section);
        let place = found.map(|s| s.entry(key).map_or(s.place, |entry| entry.place));
        let path = match (section, key) {
            (section, "") => section.to_owned(),
            (section, key) => Path::new(section, key).to_string(),
        };
        self.keep(Finding {
            severity,
            rule,
            place: place.unwrap_or_default(),
            path,
            message: message.into(),
        });
    }

    fn error(&mut self, rule: &'static str, section: &str, key: &str, message: impl Into<String>) {
        self.tell(Severity::Error, rule, section, key, message);
    }

    fn warn(&mut self, rule: &'static str, section: &str, key: &str, message: impl Into<String>) {
        self.tell(Severity::Warning, rule, section, key, message);
    }

    fn at(
        &mut self,
        severity: Severity,
        rule: &'static str,
        place: Place,
        path: &str,
        message: String,
    ) {
        self.keep(Finding {
            severity,
            rule,
            place,
            path: path.into(),
            message,
        });
    }
}

/// Checks a configuration. The findings come in the order of the text; no message holds a password.
pub fn check(config: &Config) -> Vec<Finding> {
    let mut check = Check::new(config);
    single(&mut check);
    across(&mut check);
    check.finish()
}

/// Only the rules on single lines and values.
pub(super) fn check_single(config: &Config) -> Vec<Finding> {
    let mut check = Check::new(config);
    single(&mut check);
    check.finish()
}

/// Only the rules across fields: for a configuration whose single values are known to be good.
pub(super) fn check_across(config: &Config) -> Vec<Finding> {
    let mut check = Check::new(config);
    across(&mut check);
    check.finish()
}

fn single(check: &mut Check<'_>) {
    notes(check);
    for section in &check.config.sections {
        fields(check, section);
    }
}

fn across(check: &mut Check<'_>) {
    recording::check(check);
    alarms::check(check);
    network::check(check);
    users::check(check);
}

/// Whether there is an error among the findings.
pub fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.severity == Severity::Error)
}

fn notes(check: &mut Check<'_>) {
    for note in &check.config.notes {
        match note {
            Note::Stray(line, place) => {
                let short: String = line.chars().take(30).collect();
                let message = format!("{short:?} is neither [section], key = value nor a comment");
                check.at(Severity::Error, "stray-line", *place, "text", message);
            }
            Note::Conflict(place) => {
                let message = "a conflict of a merge is not resolved".to_owned();
                check.at(Severity::Error, "conflict", *place, "text", message);
            }
            Note::Again(name, place) => {
                let message =
                    "the section stands again; its keys are added to the first".to_owned();
                check.at(Severity::Warning, "section-again", *place, name, message);
            }
            Note::NoVersion => {
                let first = Place {
                    offset: 0,
                    line: 1,
                    column: 1,
                };
                let message = format!("the first line should be {:?}", super::text::FIRST_LINE);
                check.at(Severity::Warning, "no-version", first, "text", message);
            }
        }
    }
}

fn fields(check: &mut Check<'_>, section: &Section) {
    let known = schema::section(&section.name).is_some();
    if !known {
        let name = if section.name.is_empty() {
            "(no section)"
        } else {
            &section.name
        };
        let message = format!(
            "unknown section, kept as it is; {}",
            schema::why_unknown(&section.name, None)
        );
        check.at(
            Severity::Warning,
            "unknown-section",
            section.place,
            name,
            message,
        );
        return;
    }
    let mut seen = HashSet::new();
    for entry in &section.entries {
        let path = Path::new(&section.name, &entry.key);
        let name = path.to_string();
        if !seen.insert(entry.key.as_str()) {
            let message = "stands more than once; the last one holds".to_owned();
            check.at(Severity::Error, "key-again", entry.place, &name, message);
        }
        let Some(field) = schema::lookup(&section.name, &entry.key) else {
            let message = format!(
                "unknown key, kept as it is; {}",
                schema::why_unknown(&section.name, Some(&entry.key))
            );
            check.at(
                Severity::Warning,
                "unknown-key",
                entry.place,
                &name,
                message,
            );
            continue;
        };
        if let Err(message) = field.kind.canonical(&entry.value) {
            check.at(Severity::Error, "value", entry.place, &name, message);
        }
    }
}
