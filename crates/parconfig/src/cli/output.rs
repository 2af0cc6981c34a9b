// SPDX-License-Identifier: MPL-2.0
//! Prints results and failures.

use parconfig::{Error, Result};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Prints to the standard output; a reader that went away is not a failure.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Output(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints JSON.
pub fn print_json(value: &Value) -> Result<()> {
    print(&format!("{value:#}\n"))
}

/// Writes a file; the old version is kept as FILE~.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    parconfig::files::write_with_backup(path, bytes).map_err(unwritten)
}

/// The failure to write an output.
pub fn unwritten(error: Error) -> Error {
    Error::Output(error.to_string())
}

/// `1 file`, `2 files`.
pub fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// The failure of reading or understanding `name`.
pub fn named(name: &str, error: Error) -> Error {
    match error {
        Error::Io { ref path, .. } if path == name => error,
        Error::Io { .. } | Error::Text { .. } | Error::Refused(_) => Error::refuse(name, error),
        error => error,
    }
}

/// The same failure with a note.
pub fn with_note(error: Error, note: &str) -> Error {
    let text = format!("{error}; {note}");
    match error {
        Error::Usage(_) => Error::Usage(text),
        Error::Output(_) => Error::Output(text),
        Error::Net(_) => Error::Net(text),
        _ => Error::Refused(text),
    }
}

/// The exit code of a failure.
pub fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Usage(_) => 2,
        Error::Io { .. } | Error::Text { .. } | Error::Refused(_) => 3,
        Error::Output(_) => 4,
        Error::Net(_) => 5,
    }
}

/// Prints a failure to the error output; answers its exit code.
pub fn report(error: &Error, as_json: bool) -> u8 {
    let code = exit_code(error);
    match as_json {
        true => eprintln!("{}", json!({ "error": error.to_string(), "code": code })),
        false => eprintln!("parconfig: {error}"),
    }
    code
}
