// SPDX-License-Identifier: MPL-2.0
//! The documentation is true: its worked example runs as written, and its table of fields is the schema.

use crate::parconfig_unit;

use parconfig::schema::SECTIONS;
use parconfig_unit::Unit;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn document() -> String {
    std::fs::read_to_string(root().join("docs/parconfig.md")).unwrap()
}

/// One section of a text, by its heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// The blocks of an example: language and text.
fn blocks(example: &str) -> Vec<(String, String)> {
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

/// Two units that differ in two values.
fn two_units() -> (Unit, Unit) {
    let mut south = Unit::start();
    let titles = "\"Front door\",\"Loading dock\",\"Car park\",\"Spare\"";
    south.answer("c_title[]", titles);
    south.answer("live_cam[]", "1,1,1,0");
    (Unit::start(), south)
}

/// Runs an example in a folder of its own. What it says is printed has to be.
fn run_all(example: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let table = root().join("examples/parconfig/units.csv");
    std::fs::copy(table, folder.path().join("units.csv")).unwrap();
    let (north, south) = two_units();
    let mut printed = Vec::new();
    for (language, body) in blocks(example) {
        if language == "sh" {
            printed.clear();
            for line in body.lines().filter(|line| !line.is_empty()) {
                printed.push(run(folder.path(), line, (&north, &south)));
            }
        } else {
            let told = printed
                .iter()
                .any(|text| text.ends_with(&format!("{}\n", body.trim_end())));
            assert!(told, "documented:\n{body}\nprinted:\n{printed:#?}");
        }
    }
    folder
}

#[test]
fn the_worked_example_runs_as_written() {
    let document = document();
    let folder = run_all(section(&document, "Worked example"));
    let file = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(file("rollout/dublin.par").contains("title = Dublin door\n"));
    assert!(file("lyon.svg").contains("Schedule of Lyon"));
    let made = std::fs::read_dir(folder.path().join("rollout")).unwrap();
    assert_eq!(made.count(), 5);
}

#[test]
fn the_example_of_the_readme_runs_as_written() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let folder = run_all(section(&readme, "Configuration of units"));
    let made = std::fs::read_dir(folder.path().join("rollout")).unwrap();
    assert_eq!(made.count(), 5);
    let porto = std::fs::read_to_string(folder.path().join("rollout/porto.par")).unwrap();
    assert!(porto.contains("address = 10.20.5.20\n") && porto.contains("title = Porto door\n"));
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
