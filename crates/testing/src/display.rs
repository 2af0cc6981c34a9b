// SPDX-License-Identifier: MPL-2.0
//! A display for programs with a window: Xvfb.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A display of its own, which ends with this.
pub struct Display {
    server: Child,
    /// For the variable `DISPLAY`.
    pub name: String,
}

impl Display {
    /// Starts a server with a screen of this size, such as `1280x860`.
    pub fn start(size: &str) -> Display {
        let mut command = Command::new("Xvfb");
        // it chooses a free number, and says so when it is ready
        command.args(["-displayfd", "1", "-screen", "0", &format!("{size}x24")]);
        command.args(["-nolisten", "tcp", "-noreset"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().expect("Xvfb");
        let mut line = String::new();
        let mut out = BufReader::new(server.stdout.take().expect("stdout"));
        out.read_line(&mut line).expect("Xvfb");
        Display {
            server,
            name: format!(":{}", line.trim()),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
