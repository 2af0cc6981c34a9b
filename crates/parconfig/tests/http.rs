// SPDX-License-Identifier: MPL-2.0
//! `pull` against a unit that answers as the specification says, and as it should not.

use crate::unit_http::{Manner, Unit};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn parconfig(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parconfig"))
        .args(arguments)
        .env("PARCONFIG_PASSWORD", "secret:word")
        .output()
        .unwrap()
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_unit_becomes_a_configuration() {
    let unit = Unit::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unit.toml");
    let output = parconfig(&["pull", &unit.url(), "-o", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    let text = std::fs::read_to_string(&file).unwrap();
    let title = |number: u32, title: &str, telemetry: &str| {
        format!(
            "[camera.{number}]\nenabled = true\ntitle = \"{title}\"\ntelemetry = \"{telemetry}\"\n\n"
        )
    };
    let cameras = [
        title(1, "Front door", "none"),
        title(2, "Loading bay", "none"),
        title(3, "Car park", "rs485"),
        title(4, "Spare", "none"),
    ];
    assert_eq!(
        text,
        format!(
            "[unit]\nutc-offset = 0\n\n{}[alarm.1]\ntitle = \"Front, contact\"\n\n[alarm.3]\ntitle = \"Yard\"\n",
            cameras.concat()
        )
    );
}

#[test]
fn only_questions_are_asked_and_never_for_the_ftp_login() {
    let unit = Unit::start();
    assert_eq!(parconfig(&["pull", &unit.url()]).status.code(), Some(0));
    let asked = unit.asked();
    assert_eq!(asked.len(), 15, "{asked:#?}");
    for question in &asked {
        assert!(
            question.starts_with("GET /variable.cgi?variable=")
                || question == "GET /camlist.cgi?format=json"
                || question.starts_with("GET /vparts.cgi?format=csv"),
            "{question}"
        );
        assert!(
            !question.contains("console_master") && !question.contains("ftp"),
            "{question}"
        );
    }
    assert!(
        asked
            .iter()
            .any(|q| q == "GET /variable.cgi?variable=c_title[]&type=include"),
        "{asked:#?}"
    );
}

#[test]
fn json_has_the_partitions() {
    let mut unit = Unit::start();
    unit.answer(
        "camlist.cgi",
        r#"{"cameras":[{"cam":1,"title":"Gate"},{"cam":6,"title":"Roof"}]}"#,
    );
    let output = parconfig(&["show", &unit.url(), "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["unit"]["server"], "ADH-Web");
    assert_eq!(json["unit"]["partitions"][0]["path"], "\\VIDEO\\A00001.PAR");
    assert_eq!(json["unit"]["partitions"][0]["start"], 1_750_000_000);
    assert_eq!(json["unit"]["partitions"].as_array().unwrap().len(), 1);
    assert_eq!(json["config"]["camera"]["6"]["title"], "Roof");
    assert_eq!(json["config"]["camera"]["1"]["title"], "Gate");
    assert_eq!(json["unit"]["variables"][12][1][1], "");
}

#[test]
fn a_connection_that_stays_open_ends_by_silence() {
    let mut unit = Unit::start();
    unit.behave(Manner::StaysOpen);
    let start = Instant::now();
    let output = parconfig(&["get", &unit.url(), "camera.2.title", "--silence", "100"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "Loading bay\n",
        "{}",
        error_of(&output)
    );
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn login() {
    let mut unit = Unit::start();
    // "viewer:secret:word" in base 64.
    unit.lock_with("Basic dmlld2VyOnNlY3JldDp3b3Jk");
    let refused = parconfig(&["pull", &unit.url(), "--user", "other"]);
    assert_eq!(refused.status.code(), Some(5));
    assert!(
        error_of(&refused).contains("login refused"),
        "{}",
        error_of(&refused)
    );
    assert!(!error_of(&refused).contains("secret"));
    assert_eq!(unit.asked().len(), 1, "a refused login is not tried again");
    let output = parconfig(&["pull", &unit.url(), "--user", "viewer"]);
    assert_eq!(output.status.code(), Some(0), "{}", error_of(&output));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("secret"));
}

#[test]
fn a_unit_that_does_not_answer_is_given_up() {
    for (manner, message) in [
        (Manner::Silent, "timeout"),
        (Manner::CutOff, "not complete"),
        (Manner::Nonsense, "http"),
        (Manner::Endless, "larger than the limit"),
        (Manner::Drips, "not complete"),
    ] {
        let mut unit = Unit::start();
        unit.behave(manner);
        let start = Instant::now();
        let output = parconfig(&["pull", &unit.url(), "--timeout", "1", "--silence", "900"]);
        assert_eq!(output.status.code(), Some(5), "{manner:?}");
        assert!(
            error_of(&output).contains(message),
            "{manner:?}: {}",
            error_of(&output)
        );
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{manner:?} {:?}",
            start.elapsed()
        );
    }
    let output = parconfig(&["pull", "http://127.0.0.1:1", "--timeout", "1"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(
        error_of(&output).contains("refused"),
        "{}",
        error_of(&output)
    );
}

#[test]
fn a_question_that_is_not_known_is_a_warning() {
    let mut unit = Unit::start();
    unit.answer("layouts[]", "");
    unit.call_itself("Other");
    let output = parconfig(&["show", &unit.url()]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        text.contains("status 404") && text.contains("\"ADH-Web\" is expected"),
        "{text}"
    );
    assert!(text.contains("Car park"), "{text}");
}

#[test]
fn titles_of_a_unit_are_made_harmless() {
    let mut unit = Unit::start();
    unit.answer(
        "c_title[]",
        "\"\u{1b}[31mred\",\"123456789012345678901234567890123\"",
    );
    let output = parconfig(&["pull", &unit.url()]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        !text.contains('\u{1b}') && text.contains("[31mred"),
        "{text}"
    );
    assert!(
        text.contains("\"123456789012345678901234567890\""),
        "{text}"
    );
}

#[test]
fn a_login_in_the_url_is_refused() {
    let output = parconfig(&["pull", "http://viewer:word@127.0.0.1"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_redirect_is_reported_and_no_login_follows_it() {
    let other = Unit::start();
    let mut unit = Unit::start();
    let port = other.url().rsplit(':').next().unwrap().parse().unwrap();
    unit.behave(Manner::Redirects(port));
    let output = parconfig(&["show", &unit.url(), "--user", "viewer"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(
        error_of(&output).contains("redirect"),
        "{}",
        error_of(&output)
    );
    assert_eq!(other.asked(), Vec::<String>::new());
}
