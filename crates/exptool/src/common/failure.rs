// SPDX-License-Identifier: MPL-2.0
//! Why a command failed, and the exit code that says so.

use super::plain::plain_lines;

/// What a command answers: its exit code, 0 or 1.
pub type Done = Result<u8, Failure>;

/// Exit codes, for the help texts.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done, nothing to complain about
  1  done, and something was found (info, verify, report, learn): damage, wrong checksums, differences, nothing that could be inferred;
     or not all could be done: some of several inputs, some pictures
  2  wrong use of the command
  3  an input cannot be read or is not a recording
  4  an output cannot be written, or already exists
  5  GStreamer failed, or a plugin of it is missing (the message names its Debian package)";

/// A failure with its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// 2
    Use(String),
    /// 3
    Input(String),
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
            Failure::Input(_) => 3,
            Failure::Output(_) => 4,
            Failure::Media(_) => 5,
        }
    }

    /// What happened.
    pub fn text(&self) -> &str {
        match self {
            Failure::Use(text)
            | Failure::Input(text)
            | Failure::Output(text)
            | Failure::Media(text) => text,
        }
    }

    /// The same kind of failure in other words.
    pub fn with_text(&self, text: String) -> Failure {
        match self {
            Failure::Use(_) => Failure::Use(text),
            Failure::Input(_) => Failure::Input(text),
            Failure::Output(_) => Failure::Output(text),
            Failure::Media(_) => Failure::Media(text),
        }
    }

    /// Tells the user, on the error output.
    pub fn tell(&self, json: bool) {
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
