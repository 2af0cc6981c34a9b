// SPDX-License-Identifier: MPL-2.0
//! Users and passwords of units: never on the command line, never in a log.

use parconfig::{Error, Result};
use std::io::IsTerminal;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Where the password of a user of a host comes from.
pub struct Passwords {
    keyring: bool,
    /// What was typed, once for all units.
    typed: Mutex<Option<String>>,
}

impl Passwords {
    pub fn new(keyring: bool) -> Passwords {
        Passwords {
            keyring,
            typed: Mutex::new(None),
        }
    }

    /// The keyring, else PARCONFIG_PASSWORD, else the terminal.
    pub fn get(&self, user: &str, host: &str) -> Result<String> {
        if self.keyring {
            return from_keyring(user, host);
        }
        if let Ok(password) = std::env::var("PARCONFIG_PASSWORD") {
            return Ok(password);
        }
        let mut typed = self
            .typed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(password) = &*typed {
            return Ok(password.clone());
        }
        if !std::io::stdin().is_terminal() {
            return Err(Error::Usage(
                "no password: set PARCONFIG_PASSWORD, use --keyring, or run it in a terminal"
                    .into(),
            ));
        }
        let password = rpassword::prompt_password(format!("Password of {user}: "))
            .map_err(|error| Error::Usage(format!("password: {error}")))?;
        *typed = Some(password.clone());
        Ok(password)
    }
}

/// The desktop's keyring through its own program, `secret-tool` (Debian: libsecret-tools).
fn from_keyring(user: &str, host: &str) -> Result<String> {
    let output = Command::new("secret-tool")
        .args(["lookup", "service", "parconfig", "host", host, "user", user])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Error::Usage(format!("--keyring: secret-tool: {error}")))?;
    let password = String::from_utf8_lossy(&output.stdout)
        .trim_end_matches('\n')
        .to_owned();
    if !output.status.success() || password.is_empty() {
        return Err(Error::Usage(format!(
            "--keyring: no password of {user} at {host}; store it with: secret-tool store --label='{host}' service parconfig host {host} user {user}"
        )));
    }
    Ok(password)
}
