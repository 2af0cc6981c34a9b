// SPDX-License-Identifier: MPL-2.0
//! One template for many units: all or none, and fast.

use parconfig::ConfigText;
use parconfig::check::check;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn folder(table: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("examples/parconfig/north.par");
    let text = fs::read_to_string(example).unwrap();
    let text = text
        .replace("title = Front door\n", "title = {{place}} door\n")
        .replace("allowed = 192.168.10.0/24", "allowed = 10.0.0.0/8");
    fs::write(folder.path().join("template.par"), text).unwrap();
    fs::write(folder.path().join("units.csv"), table).unwrap();
    folder
}

fn apply(folder: &TempDir, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parconfig"))
        .args(["apply", "template.par", "--to", "units.csv", "-o", "out"])
        .args(more)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Nothing may be left of a roll-out that did not happen.
fn nothing_written(folder: &TempDir) {
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["template.par", "units.csv"]);
}

const HEAD: &str =
    "file,unit.name,network.address,network.gateway,unit.time-zone,archive.directory,place\n";

#[test]
fn cells_replace_and_empty_cells_leave() {
    let f = folder(&format!(
        "{HEAD}a.par,Unit A,10.1.0.2,10.1.0.1,Europe/Paris,,Lyon\nb.par,\"Unit, B\",10.1.1.2,10.1.1.1,,b-dir,\"Café\"\n"
    ));
    let output = apply(&f, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(
        told(&output).contains("2 units, 0 errors, 0 warnings: written to out"),
        "{}",
        told(&output)
    );
    let template = fs::read_to_string(f.path().join("template.par")).unwrap();
    let a = fs::read_to_string(f.path().join("out/a.par")).unwrap();
    let wanted = template
        .replace("name = North gate", "name = Unit A")
        .replace("address = 192.168.10.20", "address = 10.1.0.2")
        .replace("gateway = 192.168.10.1", "gateway = 10.1.0.1")
        .replace("Europe/London", "Europe/Paris")
        .replace("{{place}} door", "Lyon door");
    assert_eq!(
        a, wanted,
        "all that the table does not name stays byte for byte"
    );
    let b = fs::read_to_string(f.path().join("out/b.par")).unwrap();
    assert!(
        b.contains("name = Unit, B\n") && b.contains("title = Café door\n"),
        "{b}"
    );
    assert!(
        b.contains("time-zone = Europe/London\n") && b.contains("directory = b-dir\n"),
        "{b}"
    );
    for text in [&a, &b] {
        assert_eq!(
            check(ConfigText::parse(text.as_bytes()).unwrap().config()),
            []
        );
    }
}

#[test]
fn a_path_that_the_template_lacks_is_added_where_there_is_a_value() {
    let f = folder(
        "file,unit.name,network.address,network.gateway,camera.7.title,camera.7.profile,camera.1.standard\n\
                    a.par,A,10.1.0.2,10.1.0.1,Roof,standard,PAL\nb.par,B,10.1.0.3,10.1.0.1,,,\n",
    );
    let text = fs::read_to_string(f.path().join("template.par")).unwrap();
    fs::write(
        f.path().join("template.par"),
        text.replace("{{place}}", "Main"),
    )
    .unwrap();
    let output = apply(&f, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let a = fs::read_to_string(f.path().join("out/a.par")).unwrap();
    let b = fs::read_to_string(f.path().join("out/b.par")).unwrap();
    assert!(
        a.contains("title = Roof\nprofile = standard\n")
            && a.contains("standard = PAL\n\n[camera.2]"),
        "{a}"
    );
    assert!(
        !b.contains("profile = \n") && !b.contains("title = \n") && !b.contains("standard = \n"),
        "{b}"
    );
}

#[test]
fn one_bad_unit_and_nothing_is_written() {
    for (rows, message) in [
        (
            "a.par,A,10.1.0.2,10.1.0.1,,,L\nb.par,B,10.2.0.2,10.1.0.1,,,L\n",
            "line 3 (b.par): network.gateway: 10.1.0.1 cannot be reached",
        ),
        (
            "a.par,A,10.1.0.999,10.1.0.1,,,L\n",
            "line 2 (a.par): network.address: \"10.1.0.999\" is not allowed",
        ),
        (
            "a.par,A,10.1.0.2,10.1.0.1,Europe/Leeds,,L\n",
            "unit.time-zone",
        ),
        (
            "a.par,A,10.1.0.2,10.1.0.1,,,A place with a very long name\n",
            "camera.1.title: has 34 characters",
        ),
        (
            "a.par,A,10.1.0.2,10.1.0.1,,,L\nb.par,B,10.1.0.2,10.1.0.1,,,L\n",
            "line 3: network.address \"10.1.0.2\" is that of line 2 too",
        ),
        (
            "a.par,A,10.1.0.2,10.1.0.1,,,L\nA.par,B,10.1.0.3,10.1.0.1,,,L\n",
            "line 3: file \"A.par\" is that of line 2 too",
        ),
        ("../a.par,A,10.1.0.2,10.1.0.1,,,L\n", "file \"../a.par\""),
        (
            "/etc/a.par,A,10.1.0.2,10.1.0.1,,,L\n",
            "file \"/etc/a.par\"",
        ),
        (".hidden,A,10.1.0.2,10.1.0.1,,,L\n", "not '.' first"),
    ] {
        let f = folder(&format!("{HEAD}{rows}"));
        let output = apply(&f, &[]);
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(
            told(&output).contains(message),
            "{message}: {}",
            told(&output)
        );
        assert!(told(&output).contains("nothing written"));
        nothing_written(&f);
    }
}

#[test]
fn a_table_that_does_not_fit_is_refused() {
    for (table, message) in [
        ("file,unit.colour\na.par,red\n", "unit.colour"),
        ("file,file\na.par,b.par\n", "stands twice"),
        ("file,unit.name\na.par\n", "line: 2"),
        ("file,place\n", "no units"),
        ("file,unit.name\na.par,A\n", "no column \"place\""),
        ("file,place\na.par,\"L\nM\"\n", "control character"),
    ] {
        let f = folder(table);
        let output = apply(&f, &[]);
        assert_eq!(output.status.code(), Some(3), "{table} {}", told(&output));
        assert!(
            told(&output).contains(message),
            "{message}: {}",
            told(&output)
        );
        nothing_written(&f);
    }
    let f = folder("");
    fs::write(f.path().join("units.csv"), b"file,place\na.par,caf\xe9\n").unwrap();
    assert!(told(&apply(&f, &[])).contains("line 2, column 10 (byte 20): the table is not UTF-8"));
}

#[test]
fn a_folder_that_is_there_is_only_replaced_when_asked_for() {
    let f = folder(&format!("{HEAD}a.par,A,10.1.0.2,10.1.0.1,,,L\n"));
    fs::create_dir(f.path().join("out")).unwrap();
    assert_eq!(apply(&f, &["--dry-run"]).status.code(), Some(0));
    assert_eq!(fs::read_dir(f.path().join("out")).unwrap().count(), 0);
    assert_eq!(
        apply(&f, &[]).status.code(),
        Some(0),
        "an empty folder may be used"
    );
    let again = apply(&f, &[]);
    assert_eq!(again.status.code(), Some(4), "{}", told(&again));
    fs::write(f.path().join("out/mine.txt"), "mine").unwrap();
    assert_eq!(apply(&f, &["--replace"]).status.code(), Some(0));
    assert!(f.path().join("out~/mine.txt").exists() && f.path().join("out/a.par").exists());
    assert!(!f.path().join("out/mine.txt").exists());
    assert_eq!(
        apply(&f, &["--replace"]).status.code(),
        Some(4),
        "the older folder is not lost either"
    );
}

#[test]
fn names_are_made_where_the_table_has_none() {
    let f = folder(
        "unit.name,network.address,network.gateway,place\nUnit  Nörd #1,10.1.0.2,10.1.0.1,L\n",
    );
    assert_eq!(apply(&f, &[]).status.code(), Some(0));
    assert!(f.path().join("out/unit-nörd-1.par").exists());
}

#[cfg(unix)]
#[test]
fn texts_with_passwords_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let f = folder(&format!("{HEAD}a.par,A,10.1.0.2,10.1.0.1,,,L\n"));
    assert_eq!(apply(&f, &[]).status.code(), Some(0));
    let mode = |name: &str| {
        fs::metadata(f.path().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("out"), mode("out/a.par")), (0o755, 0o600));
}

#[test]
fn ten_thousand_units_in_ten_seconds() {
    // Unoptimized code has a tenth of it to do.
    let count = if cfg!(debug_assertions) {
        1_000
    } else {
        10_000
    };
    let mut table = HEAD.to_owned();
    for n in 0..count {
        let (a, b) = (n / 200, n % 200 + 2);
        table.push_str(&format!(
            "u{n}.par,Unit {n},10.{}.{}.{b},10.{}.{}.1,Europe/Lisbon,d{n},P{n}\n",
            a / 250,
            a % 250,
            a / 250,
            a % 250
        ));
    }
    let f = folder(&table);
    let start = Instant::now();
    let output = apply(&f, &["--json"]);
    let took = start.elapsed();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    println!("{count} units took {took:?}");
    // The promise is for the released program on a machine that has nothing else to do.
    if !cfg!(debug_assertions) {
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
    assert_eq!(fs::read_dir(f.path().join("out")).unwrap().count(), count);
    let last = format!("out/u{}.par", count - 1);
    let text = fs::read_to_string(f.path().join(&last)).unwrap();
    assert!(text.contains(&format!("title = P{} door\n", count - 1)));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["written"], count);
}
