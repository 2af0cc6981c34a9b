// SPDX-License-Identifier: MPL-2.0
//! The documentation is true.

use crate::units::Servers;
use crate::{put, run, text};
use parconfig::config::fields::*;
use parconfig::config::text::value_of;
use parconfig::config::times::DAYS;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn help_has_examples_and_packagers_get_pages_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let help = text(&run(folder.path(), &["--help"]));
    assert!(help.contains("A FILE is what its content is"), "{help}");
    assert!(
        run(folder.path(), &["man", "--dir", "man"])
            .status
            .success()
    );
    for shell in ["bash", "zsh", "fish"] {
        let completions = text(&run(folder.path(), &["completions", shell]));
        assert!(completions.contains("restore"), "{shell}");
    }
    let document = std::fs::read_to_string(root().join("docs/parconfig.md")).unwrap();
    let listed = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("Options:")
        .next()
        .unwrap();
    for line in listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
    {
        let command = line.split_whitespace().next().unwrap();
        if command == "help" {
            continue;
        }
        let named = document.contains(&format!("`{command}`"));
        let for_packagers = document.contains(&format!("`parconfig {command}"));
        assert!(
            named || for_packagers,
            "{command} is not in docs/parconfig.md"
        );
        let help = text(&run(folder.path(), &[command, "--help"]));
        let (_, examples) = help.split_once("Examples:\n").unwrap();
        let examples = examples.lines().take_while(|line| !line.is_empty());
        let examples = examples.filter(|line| line.contains("parconfig "));
        assert!(examples.count() >= 2, "{command}");
        assert!(help.contains("Exit codes:\n"), "{command}");
        let page = folder.path().join(format!("man/parconfig-{command}.1"));
        let page = std::fs::read_to_string(page).unwrap();
        assert!(
            page.contains("Exit codes:") && page.contains(".SH NAME"),
            "{page}"
        );
    }
}

/// One section of a text, by its heading.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// Runs the lines of an example against five units, each with the exit code that is written behind it. What it says is printed
/// has to be.
fn run_all(example: &str) -> (Servers, tempfile::TempDir) {
    let servers = Servers::start(&["ok"; 5]);
    let folder = tempfile::tempdir().unwrap();
    let table = std::fs::read_to_string(root().join("examples/parconfig/units.csv")).unwrap();
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    for (unit, line) in lines.iter_mut().skip(1).enumerate() {
        let mut cells: Vec<&str> = line.split(',').collect();
        let url = servers.url(unit);
        cells[1] = &url;
        *line = cells.join(",");
    }
    put(&folder, "units.csv", lines.join("\n"));
    std::fs::copy(
        root().join("examples/parconfig/mapping.toml"),
        folder.path().join("mapping.toml"),
    )
    .unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_parconfig"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut printed = String::new();
    for block in example.split("\n```").skip(1).step_by(2) {
        let (language, body) = block.split_once('\n').unwrap();
        if language == "sh" {
            printed.clear();
            for line in body.lines().filter(|line| !line.is_empty()) {
                let code = line
                    .split_once("# exit code ")
                    .map_or(0, |(_, code)| code.trim().parse().unwrap());
                let output = std::process::Command::new("sh")
                    .args(["-c", line])
                    .current_dir(folder.path())
                    .env("PATH", &path)
                    .env("PARCONFIG_PASSWORD", "pass word")
                    .output()
                    .unwrap();
                assert_eq!(
                    output.status.code(),
                    Some(code),
                    "{line}\n{}",
                    text(&output)
                );
                printed.push_str(&text(&output));
            }
        } else if !body.contains('…') {
            assert!(
                printed.contains(body),
                "documented:\n{body}\nprinted:\n{printed}"
            );
        }
    }
    (servers, folder)
}

#[test]
fn the_worked_example_runs_as_written() {
    let document = std::fs::read_to_string(root().join("docs/parconfig.md")).unwrap();
    let (servers, _folder) = run_all(section(&document, "Worked example"));
    let has = |unit: usize, text: &str| {
        let files = servers.files(unit);
        files.values().any(|bytes| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        })
    };
    assert!(has(0, "Router=10.20.1.1\n") && has(4, "Caption=Porto door\r\n"));
    assert!(
        has(1, "Router=10.0.0.254\n") && !has(1, "York door"),
        "restored"
    );
}

#[test]
fn the_example_of_the_readme_runs_as_written() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (servers, _folder) = run_all(section(&readme, "Configuration of units"));
    let ip = &servers.files(2)["ip.ini"];
    assert!(String::from_utf8_lossy(ip).contains("Router=10.20.3.1\n"));
}

#[test]
fn the_example_text_is_without_fault() {
    let example = root().join("examples/parconfig/north.toml");
    let checked = run(&root(), &["check", example.to_str().unwrap(), "--strict"]);
    assert!(checked.status.success(), "{}", text(&checked));
}

/// What a key allows, out of the message for a value that nothing allows.
fn allowed(path: &str) -> String {
    let message = value_of(path, "\u{1}").unwrap_err().to_string();
    let (_, rest) = message
        .rsplit_once("llowed: ")
        .unwrap_or(("", "true, false"));
    rest.replace('|', "\\|")
}

fn keys_table() -> String {
    let mut out = String::from("| table | key | allowed | for |\n|---|---|---|---|\n");
    type Keys = &'static [(&'static str, &'static str)];
    let sections: [(&str, &str, Keys); 12] = [
        ("[unit]", "unit", Unit::KEYS),
        ("[camera.1..64]", "camera.1", Camera::KEYS),
        ("[profile.NAME]", "profile.a", Profile::KEYS),
        ("[schedule]", "schedule", Schedule::KEYS),
        (
            "[schedule.monday..sunday]",
            "schedule.monday",
            DayTimes::KEYS,
        ),
        ("[alarm.1..512]", "alarm.1", Alarm::KEYS),
        ("[zone.1..32]", "zone.1", Zone::KEYS),
        ("[relay.1..64]", "relay.1", Relay::KEYS),
        ("[network]", "network", Network::KEYS),
        ("[reporting]", "reporting", Reporting::KEYS),
        ("[archive]", "archive", Archive::KEYS),
        ("[account.NAME]", "account.a", Account::KEYS),
    ];
    for (name, path, keys) in sections {
        let mut name = format!("`{name}`");
        for (key, help) in keys {
            let key = key.trim_start_matches("r#").replace('_', "-");
            if path == "schedule" && DAYS.contains(&key.as_str()) {
                continue;
            }
            let (shown, full) = match (path, key.as_str()) {
                ("camera.1", "profiles") | ("schedule", "rate" | "event-rate") => {
                    (format!("{key}.MODE"), format!("{path}.{key}.day"))
                }
                ("camera.1", "motion") => (format!("{key}.1..16"), format!("{path}.{key}.1")),
                _ => (key.clone(), format!("{path}.{key}")),
            };
            out.push_str(&format!(
                "| {name} | `{shown}` | {} | {help} |\n",
                allowed(&full)
            ));
            name.clear();
        }
    }
    out
}

/// Set PARCONFIG_WRITE_DOCS=1 to write the table anew.
#[test]
fn the_table_of_keys_is_that_of_the_program() {
    let path = root().join("docs/parconfig.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (start, rest) = document.split_once("<!-- keys -->\n").unwrap();
    let (table, end) = rest.split_once("<!-- /keys -->").unwrap();
    if std::env::var_os("PARCONFIG_WRITE_DOCS").is_some() {
        let new = format!("{start}<!-- keys -->\n{}<!-- /keys -->{end}", keys_table());
        return std::fs::write(path, new).unwrap();
    }
    assert_eq!(table, keys_table());
}
