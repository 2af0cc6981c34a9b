// SPDX-License-Identifier: MPL-2.0
//! `exp-viewer`: play and search exports of surveillance recorders.

use std::process::ExitCode;

const HELP: &str = "\
Play and search exports of surveillance recorders (Pelco DX .exp and PLV1 AVI, NetVu).

Usage: exp-viewer [FILE|FOLDER|URL]...

Several files of one recorder are played as one recording. A URL is a NetVu unit's live stream.

  -h, --help     Print this help
  -V, --version  Print the version";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--version" || word == "-V") {
        println!("exp-viewer {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match viewer::window::run() {
        Ok(code) => code,
        Err(text) => {
            eprintln!("exp-viewer: {text}");
            ExitCode::FAILURE
        }
    }
}
