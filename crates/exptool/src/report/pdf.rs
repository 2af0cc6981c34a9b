// SPDX-License-Identifier: MPL-2.0
//! Prints a page into a PDF, by a program that is installed.

use crate::common::Failure;
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Browsers that print, in the order in which they are tried.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// The page as PDF.
///
/// # Errors
/// No program that prints, or one that fails.
pub fn print(html: &str) -> Result<Vec<u8>, Failure> {
    let fail = |error: std::io::Error| Failure::Output(format!("printing: {error}"));
    let folder = tempfile::tempdir().map_err(fail)?;
    let (page, pdf) = (
        folder.path().join("page.html"),
        folder.path().join("page.pdf"),
    );
    std::fs::write(&page, html).map_err(fail)?;
    for program in BROWSERS {
        let mut command = Command::new(program);
        command
            .args(["--headless", "--disable-gpu", "--no-pdf-header-footer"])
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .arg(format!("--print-to-pdf={}", pdf.display()))
            .arg(&page);
        if rustix::process::geteuid().is_root() {
            // Chromium refuses to run as root with it
            command.arg("--no-sandbox");
        }
        if let Some(done) = run(command, program, &pdf)? {
            return Ok(done);
        }
    }
    let mut command = Command::new("weasyprint");
    command.arg(&page).arg(&pdf);
    run(command, "weasyprint", &pdf)?.ok_or_else(|| {
        Failure::Output(
            "--pdf needs Chromium or WeasyPrint, and neither is installed (apt install chromium, or weasyprint); -o writes the \
             page, which any browser prints"
                .to_owned(),
        )
    })
}

/// What a program printed; `None` where it is not installed.
fn run(mut command: Command, program: &str, pdf: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let done = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    let done = match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        done => done.map_err(|error| Failure::Output(format!("{program}: {error}")))?,
    };
    match std::fs::read(pdf) {
        Ok(bytes) if bytes.starts_with(b"%PDF") => Ok(Some(bytes)),
        _ => {
            let text = String::from_utf8_lossy(&done.stderr);
            let last = text.lines().last().unwrap_or("no output").to_owned();
            Err(Failure::Output(format!(
                "{program} could not print the page: {last}"
            )))
        }
    }
}
