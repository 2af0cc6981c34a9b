// SPDX-License-Identifier: MPL-2.0
//! Why a command failed, and the exit code that says so.

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

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Use(_) => 2,
            Failure::Input(_) => 3,
            Failure::Output(_) => 4,
            Failure::Net(_) => 5,
        }
    }

    /// Tells the user, on the error output.
    pub fn tell(&self, json: bool) {
        let (Failure::Use(text)
        | Failure::Input(text)
        | Failure::Output(text)
        | Failure::Net(text)) = self;
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
            error => Failure::Input(error.to_string()),
        }
    }
}
