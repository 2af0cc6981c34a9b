// SPDX-License-Identifier: MPL-2.0
//! The documentation is true: its worked example runs as written, and its table of fields is the schema.
#![cfg(feature = "tools")]

mod parconfig_unit;

use gstexp::parconfig::schema::SECTIONS;
use parconfig_unit::Unit;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> String {
    std::fs::read_to_string(root().join("docs/parconfig.md")).unwrap()
}

/// The blocks of the worked example: language and text.
fn blocks() -> Vec<(String, String)> {
    let text = document();
    let example = text
        .split("## Worked example")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut blocks = Vec::new();
    for part in example.split("\n```").skip(1).step_by(2) {
        let (language, body) = part.split_once('\n').unwrap();
        blocks.push((language.to_owned(), body.to_owned()));
    }
    blocks
}

/// Runs one line in a shell, with the program that was just built. Answers what it printed.
fn run(folder: &Path, line: &str, units: (&Unit, &Unit)) -> String {
    let (command, expected) = match line.split_once("# exit code ") {
        Some((command, code)) => (command, code.trim().parse().unwrap()),
        None => (line, 0),
    };
    let program = Path::new(env!("CARGO_BIN_EXE_parconfig")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .env("NORTH", units.0.url())
        .env("SOUTH", units.1.url())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        output.status.code(),
        Some(expected),
        "{line}\n{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

#[test]
fn the_worked_example_runs_as_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        root().join("examples/parconfig/units.csv"),
        folder.path().join("units.csv"),
    )
    .unwrap();
    let north = Unit::start();
    let mut south = Unit::start();
    south.answer(
        "c_title[]",
        "\"Front door\",\"Loading dock\",\"Car park\",\"Spare\"",
    );
    south.answer("live_cam[]", "1,1,1,0");
    let mut printed = String::new();
    let mut commands = 0;
    for (language, body) in blocks() {
        if language == "sh" {
            for line in body.lines().filter(|line| !line.is_empty()) {
                printed = run(folder.path(), line, (&north, &south));
                if line.starts_with("parconfig get") {
                    assert_eq!(printed, "10.20.4.20\n");
                }
                commands += 1;
            }
        } else if !body.starts_with("10.") {
            assert!(
                printed.ends_with(&format!("{}\n", body.trim_end())),
                "documented:\n{body}\nprinted:\n{printed}"
            );
        }
    }
    assert!(commands >= 14, "{commands}");
    let made = std::fs::read_to_string(folder.path().join("rollout/dublin.par")).unwrap();
    assert!(made.contains("title = Dublin door\n"), "{made}");
    assert_eq!(
        std::fs::read_dir(folder.path().join("rollout"))
            .unwrap()
            .count(),
        5
    );
    assert!(
        std::fs::read_to_string(folder.path().join("lyon.svg"))
            .unwrap()
            .contains("Schedule of Lyon")
    );
}

fn fields_table() -> String {
    let mut out = String::from("| section | key | allowed | for |\n|---|---|---|---|\n");
    for def in SECTIONS {
        for (at, field) in def.fields.iter().enumerate() {
            let section = if at == 0 {
                format!("`{}` {}", def.pattern(), def.help)
            } else {
                String::new()
            };
            let allowed = field.kind.allowed().replace('|', "\\|");
            out.push_str(&format!(
                "| {section} | `{}` | {allowed} | {} |\n",
                field.key, field.help
            ));
        }
    }
    out
}

/// Set PARCONFIG_WRITE_DOCS=1 to write the table anew.
#[test]
fn the_table_of_fields_is_the_schema() {
    let text = document();
    let (start, rest) = text.split_once("<!-- fields -->\n").unwrap();
    let (table, end) = rest.split_once("<!-- /fields -->").unwrap();
    if std::env::var_os("PARCONFIG_WRITE_DOCS").is_some() {
        let new = format!(
            "{start}<!-- fields -->\n{}<!-- /fields -->{end}",
            fields_table()
        );
        std::fs::write(root().join("docs/parconfig.md"), new).unwrap();
        return;
    }
    assert_eq!(table, fields_table());
}
