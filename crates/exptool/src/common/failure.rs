// SPDX-License-Identifier: MPL-2.0
//! Why a command failed, and the exit code that says so.

use super::plain::plain_lines;

/// What a command answers: its exit code, 0 or 1.
pub type Done = Result<u8, Failure>;

/// Exit codes of all commands, for the help.
pub const EXIT_CODES: &str = "\
Exit codes, of which each command's help names those that it uses:
  0  done, and nothing was found
  1  done, and something was found (damage, differences, a time that was not recorded), or not all could be done
  2  wrong use of the command
  3  an input cannot be read or is not a recording
  4  an output cannot be written, or already exists
  5  GStreamer failed, or a plugin of it is missing (the message names its Debian package)";

/// The exit codes of a command, for its help: what 0 and 1 mean, and which others it uses.
pub fn exit_codes(done: &str, found: &str, others: &[u8]) -> String {
    let mut text = format!("Exit codes:\n  0  {done}\n");
    if !found.is_empty() {
        text.push_str(&format!("  1  {found}\n"));
    }
    let known = EXIT_CODES.lines().filter(|line| {
        let code = line.trim_start().bytes().next();
        others.iter().any(|other| code == Some(b'0' + other))
    });
    text.extend(known.map(|line| format!("{line}\n")));
    text.trim_end().to_owned()
}

/// A failure with its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// 2
    Use(String),
    /// 3
    Input(String),
    /// 3: a file that can be read, but is not a recording.
    Foreign(String),
    /// 4
    Output(String),
    /// 5
    Media(String),
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Use(_) => 2,
            Failure::Input(_) | Failure::Foreign(_) => 3,
            Failure::Output(_) => 4,
            Failure::Media(_) => 5,
        }
    }

    /// What happened.
    pub fn text(&self) -> &str {
        match self {
            Failure::Use(text)
            | Failure::Input(text)
            | Failure::Foreign(text)
            | Failure::Output(text)
            | Failure::Media(text) => text,
        }
    }

    /// The same kind of failure in other words.
    pub fn with_text(&self, text: String) -> Failure {
        match self {
            Failure::Use(_) => Failure::Use(text),
            Failure::Input(_) => Failure::Input(text),
            Failure::Foreign(_) => Failure::Foreign(text),
            Failure::Output(_) => Failure::Output(text),
            Failure::Media(_) => Failure::Media(text),
        }
    }

    /// Reports it on the error output.
    pub fn report(&self, json: bool) {
        if json {
            let error = serde_json::json!({ "error": self.text(), "code": self.code() });
            eprintln!("{error}");
        } else {
            eprintln!("exptool: {}", plain_lines(self.text()));
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}
