// SPDX-License-Identifier: MPL-2.0
//! Why a command failed, and its exit code.

use parconfig::Error;

/// A failure with its exit code.
pub enum Failure {
    /// 2
    Use(String),
    /// 3
    Input(String),
    /// 4
    Output(String),
    /// 5
    Net(String),
}

impl Failure {
    /// The failure of reading or understanding `name`.
    pub fn input(name: &str, error: &Error) -> Failure {
        match error {
            Error::Net(_) => Failure::Net(error.to_string()),
            Error::Io { path, .. } if path == name => Failure::Input(error.to_string()),
            _ => Failure::Input(format!("{name}: {error}")),
        }
    }

    /// The message.
    pub fn text(&self) -> &str {
        let (Failure::Use(text)
        | Failure::Input(text)
        | Failure::Output(text)
        | Failure::Net(text)) = self;
        text
    }

    /// The same failure with a note.
    pub fn with(self, note: &str) -> Failure {
        let text = format!("{}; {note}", self.text());
        match self {
            Failure::Use(_) => Failure::Use(text),
            Failure::Input(_) => Failure::Input(text),
            Failure::Output(_) => Failure::Output(text),
            Failure::Net(_) => Failure::Net(text),
        }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Use(_) => 2,
            Failure::Input(_) => 3,
            Failure::Output(_) => 4,
            Failure::Net(_) => 5,
        }
    }

    /// Prints it to the error output.
    pub fn report(&self, json: bool) {
        let text = self.text();
        if json {
            eprintln!(
                "{}",
                serde_json::json!({ "error": text, "code": self.code() })
            );
        } else {
            eprintln!("parconfig: {text}");
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Net(text) => Failure::Net(text),
            Error::Usage(text) => Failure::Use(text),
            error => Failure::Input(error.to_string()),
        }
    }
}
