// SPDX-License-Identifier: MPL-2.0
//! A unit's own files: places, lossless edits, tables, rollouts.

use crate::{put, run, text};
use parconfig::ini::Ini;
use parconfig::place::{Files, add, find, remove, set};
use parconfig::rollout::table::{Table, unusable};
use parconfig::textdiff::unified;
use parconfig::unit::ftp::FtpUrl;
use std::fs;

#[test]
fn spreadsheets_write_tables_in_many_ways() {
    let wanted = Table::parse(b"unit,code\nnorth,0012\ncaf\xc3\xa9,7\n").unwrap();
    let utf16: Vec<u8> = "\u{feff}unit\tcode\r\nnorth\t0012\r\ncafé\t7\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for text in [
        &b"unit;code;;\r\nnorth;=\"0012\";;\r\ncaf\xe9;7;;\r\n;;;\r\n"[..],
        b"\xef\xbb\xbf unit , code \n north,0012\n\ncaf\xc3\xa9,7,,\n",
        b"\"unit\"\t\"code\"\n\"north\"\t\"0012\"\ncaf\xc3\xa9\t7\n",
        &utf16,
    ] {
        let table = Table::parse(text).unwrap();
        assert_eq!(table.columns, wanted.columns);
        let cells = |table: &Table| {
            table
                .rows
                .iter()
                .map(|row| row.cells.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(cells(&table), cells(&wanted));
    }
    let named = Table::parse(b"sep=;\nunit;a,b\nnorth;1,5\n").unwrap();
    assert_eq!(
        (named.rows[0].line, named.rows[0].cells[1].as_str()),
        (3, "1,5")
    );
}

#[test]
fn what_is_wrong_has_its_line() {
    for (text, message) in [
        ("", "empty"),
        ("unit,unit\n", "line 1: column unit occurs twice"),
        ("unit,,b\n", "line 1: column 2 has no name"),
        ("unit\nnorth,x\n", "line 2: 2 cells, but 1 columns"),
        ("unit,a\nnorth,\"x\ny\"\n", "line 2"),
    ] {
        let found = Table::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn names_that_a_system_cannot_use_are_refused() {
    for bad in [
        "", "CON", "con.txt", "LPT1", "com¹", "a.", "a ", "..", "-a", "a/b", "a:b", "a\u{7}",
    ] {
        assert!(unusable(bad).is_some(), "{bad:?}");
    }
    for good in ["North 1", "consul", "com10", "Zürich", "a.b"] {
        assert_eq!(unusable(good), None, "{good}");
    }
    let table = Table::parse(b"unit\nNorth\nnorth\n").unwrap();
    assert!(
        table
            .units()
            .unwrap_err()
            .to_string()
            .contains("line 3: unit north occurs twice")
    );
}

fn files() -> Files {
    let inputs = b"[Input 0]\nCaption=Gate\nActive=1\n[Input 1]\nCaption=Yard\nActive=0\n";
    let ip = b"Version=3\n[Port 1]\nAddress=10.0.0.1\n";
    [("inputs.ini", &inputs[..]), ("net/ip.ini", &ip[..])]
        .map(|(name, text)| (name.to_owned(), Ini::parse(text).unwrap()))
        .into()
}

#[test]
fn places_name_one_key_or_several() {
    let mut files = files();
    assert_eq!(find(&files, "net/ip.ini/Port 1/ADDRESS").unwrap().len(), 1);
    assert_eq!(find(&files, "net/ip.ini//version").unwrap().len(), 1);
    assert_eq!(find(&files, "inputs.ini/Input */Active").unwrap().len(), 2);
    assert_eq!(find(&files, "*.ini/*/*").unwrap().len(), 6);
    set(&mut files, "inputs.ini/Input */Active", "1").unwrap();
    let inputs = &files["inputs.ini"];
    assert_eq!(inputs.get("Input 0", "Active"), Some("1"));
    assert_eq!(inputs.get("Input 1", "Active"), Some("1"));
}

#[test]
fn a_typo_names_the_nearest_key_and_adding_is_explicit() {
    let mut files = files();
    let message = set(&mut files, "net/ip.ini/Port 1/Adress", "x")
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("the nearest key is net/ip.ini/Port 1/Address"),
        "{message}"
    );
    let message = find(&files, "input.ini/Input 0/Active")
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("no such file") && message.contains("inputs.ini"),
        "{message}"
    );
    add(&mut files, "net/ip.ini/Port 1/Mask", "255.0.0.0").unwrap();
    assert!(add(&mut files, "net/ip.ini/Port 1/Mask", "255.0.0.0").is_err());
    assert!(add(&mut files, "new.ini/a/b", "x").is_err());
    remove(&mut files, "net/ip.ini/Port 1/Mask").unwrap();
    assert!(find(&files, "Address").is_err());
}

#[test]
fn changes_are_shown_and_secrets_are_not() {
    let old = b"[a]\r\nName=caf\xe9\r\nPassword=one\r\nx=1\r\n";
    let new = b"[a]\r\nName=caf\xe9s\r\nPassword=two\r\nx=1\r\n";
    let text = unified("a.ini", old, new, false);
    assert!(
        text.contains("-Name=café\n+Name=cafés\n") || text.contains("-Name=café\n"),
        "{text}"
    );
    assert!(text.contains("+Password=********\n"), "{text}");
    assert!(!text.contains("two") && !text.contains('\r'), "{text}");
    assert!(unified("a.ini", old, new, true).contains("+Password=two\n"));
    assert_eq!(unified("a.ini", old, old, false), "");
}

#[test]
fn urls() {
    let url = FtpUrl::parse("ftp://10.0.0.5:2121/etc").unwrap();
    assert_eq!(url.to_string(), "ftp://10.0.0.5:2121/etc/");
    assert_eq!(
        FtpUrl::parse("ftp://unit").unwrap().to_string(),
        "ftp://unit:21/"
    );
    for bad in [
        "unit",
        "http://unit/",
        "ftp://",
        "ftp://a:99999/",
        "ftp://a b/",
    ] {
        assert!(FtpUrl::parse(bad).is_err(), "{bad}");
    }
    let message = FtpUrl::parse("ftp://adm:secret@unit/")
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("--user") && !message.contains("secret"),
        "{message}"
    );
}

const INPUTS: &[u8] = b"; kept\r\nVersion=3\r\n[Input 0]\r\nCaption = Caf\xe9\r\nActive=1\r\nActive=0\r\n\r\n[Input 1]\r\nCaption=Yard\r\nActive=1\r\nPassword=heron\r\n\0\x1a";

#[test]
fn a_file_is_edited_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "inputs.ini", INPUTS);
    let set = |arguments: &[&str]| {
        run(
            folder.path(),
            &[&["edit-ini", "inputs.ini"], arguments].concat(),
        )
    };
    let done = set(&[
        "Input 0/Caption=Café 2",
        "--add",
        "Input 1/New=x",
        "--delete",
        "/Version",
    ]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(
        fs::read(folder.path().join("inputs.ini")).unwrap(),
        b"; kept\r\n[Input 0]\r\nCaption = Caf\xe9 2\r\nActive=1\r\nActive=0\r\n\r\n[Input 1]\r\nCaption=Yard\r\nActive=1\r\nPassword=heron\r\nNew=x\r\n\0\x1a"
    );
    assert_eq!(fs::read(folder.path().join("inputs.ini~")).unwrap(), INPUTS);
    for (arguments, message) in [
        (
            &["--set", "Input 0/Captoin=x"][..],
            "the nearest key is inputs.ini/Input 0/Caption",
        ),
        (
            &["Input 0/Caption=\u{4e16}"],
            "the file is Windows-1252, which has no",
        ),
        (&["Input 0/Caption= x"], "blanks"),
        (&["--add", "Input 0/Caption=x"], "already exists"),
        (&["Input 0/Caption={{x}"], "without"),
    ] {
        let refused = set(arguments);
        assert_eq!(refused.status.code(), Some(3));
        assert!(text(&refused).contains(message), "{}", text(&refused));
    }
    // A name of the mapping with a '/' in the value; and a value in the code page that is named.
    put(&folder, "m.toml", MAPPING);
    let done = set(&["camera.2.title=N/A", "--map", "m.toml"]);
    assert!(text(&done).contains("+Caption=N/A\n"), "{}", text(&done));
    put(&folder, "plain.ini", "[a]\nb=c\n");
    let coded = ["set", "plain.ini", "a/b=é", "--code-page", "windows-1252"];
    assert!(run(folder.path(), &coded).status.success());
    let plain = fs::read(folder.path().join("plain.ini")).unwrap();
    assert_eq!(plain, b"[a]\nb=\xe9\n");
    let coded = ["set", "plain.ini", "a/b=x", "--code-page", "utf-8"];
    let refused = run(folder.path(), &coded);
    assert!(
        text(&refused).contains("is not UTF-8"),
        "{}",
        text(&refused)
    );
    let shown = run(folder.path(), &["show", "inputs.ini"]);
    assert!(
        text(&shown).contains("Café 2") && !text(&shown).contains("heron"),
        "{}",
        text(&shown)
    );
    let got = run(folder.path(), &["get", "inputs.ini", "Input ?/Active"]);
    assert_eq!(
        text(&got),
        "inputs.ini/Input 0/Active=0\ninputs.ini/Input 1/Active=1\n"
    );
    let checked = run(folder.path(), &["check", "inputs.ini"]);
    assert!(
        text(&checked)
            .contains("inputs.ini:5:8: warning: Input 0/Active: is in line 4 too [key-again]"),
        "{}",
        text(&checked)
    );
}

/// Sets that no unit was asked for: the state as fetch leaves it.
fn sets(folder: &tempfile::TempDir, names: &[&str]) {
    for name in names {
        let set = folder.path().join(name);
        let hash = parconfig::unit::set::sha256(INPUTS);
        let manifest = format!(
            r#"{{"parconfig":1,"url":"ftp://127.0.0.1:1/","user":"adm","time":"2026-11-30T00:00:00Z","files":{{"inputs.ini":{{"size":{},"modified":null,"sha256":"{hash}"}}}}}}"#,
            INPUTS.len()
        );
        fs::create_dir_all(set.join(".parconfig/base")).unwrap();
        fs::write(set.join(".parconfig/manifest.json"), manifest).unwrap();
        fs::write(set.join(".parconfig/base/inputs.ini"), INPUTS).unwrap();
        fs::write(set.join("inputs.ini"), INPUTS).unwrap();
    }
}

const MAPPING: &str = "[[map]]\npath='camera.*.title'\nfile='inputs.ini'\nsection='Input *'\nkey='Caption'\nfirst=0\n\
    [[map]]\npath='camera.*.enabled'\nfile='inputs.ini'\nsection='Input *'\nkey='Active'\nfirst=0\nvalues={yes='1',no='0'}\n";

#[test]
fn a_rollout_edits_every_set_or_none() {
    let folder = tempfile::tempdir().unwrap();
    sets(&folder, &["b/north", "b/south"]);
    put(
        &folder,
        "units.csv",
        "sep=;\r\nunit;site;inputs.ini/Input 1/Caption;camera.1.enabled;;\r\nnorth;N;Dock;no;;\r\nsouth;S;;;;\r\n",
    );
    put(&folder, "mapping.toml", MAPPING);
    put(&folder, "all.toml", "[camera.1]\ntitle = '{{site}} gate'\n");
    put(&folder, "bad.toml", "[camrea.1]\ntitle = 'x'\n");
    let roll = |arguments: &[&str]| {
        run(
            folder.path(),
            &[
                &[
                    "rollout",
                    "--to",
                    "units.csv",
                    "-C",
                    "b",
                    "--map",
                    "mapping.toml",
                ],
                arguments,
            ]
            .concat(),
        )
    };
    let read = |unit: &str| fs::read(folder.path().join(unit).join("inputs.ini")).unwrap();
    for (arguments, message) in [
        (
            &["--set", "inputs.ini/Input 0/Caption={{sit}}"][..],
            "did you mean \"site\"?",
        ),
        (
            &["--set", "inputs.ini/Input 0/Captoin=x"],
            "the nearest key is",
        ),
        (
            &["--set", "camera.1.titel=x"],
            "is neither FILE/SECTION/KEY nor a name of the mapping",
        ),
        (&["--template", "bad.toml"], "did you mean \"camera\"?"),
    ] {
        let refused = roll(arguments);
        assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
        assert!(text(&refused).contains(message), "{}", text(&refused));
    }
    let dry = roll(&[
        "--template",
        "all.toml",
        "--set",
        "inputs.ini/*/Password=new-one",
        "--dry-run",
    ]);
    assert!(
        text(&dry).contains("2 units, 0 errors")
            && text(&dry).contains("+Caption = N gate\n")
            && !text(&dry).contains("new-one"),
        "{}",
        text(&dry)
    );
    assert_eq!(read("b/north"), INPUTS);
    let done = roll(&[
        "--template",
        "all.toml",
        "--set",
        "inputs.ini/*/Password=new-one",
    ]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(
        read("b/north"),
        b"; kept\r\nVersion=3\r\n[Input 0]\r\nCaption = N gate\r\nActive=1\r\nActive=0\r\n\r\n[Input 1]\r\nCaption=Dock\r\nActive=1\r\nPassword=new-one\r\n\0\x1a"
    );
    assert!(
        read("b/south").windows(6).any(|w| w == b"S gate")
            && read("b/south").windows(4).any(|w| w == b"Yard")
    );
    let edits = run(folder.path(), &["diff", "b/north"]);
    assert!(
        text(&edits).contains("-Caption = Café\n+Caption = N gate\n"),
        "{}",
        text(&edits)
    );
    let meaning = run(
        folder.path(),
        &["diff", "b/north", "b/south", "--map", "mapping.toml"],
    );
    assert_eq!(
        text(&meaning),
        "~ camera.1.title: N gate -> S gate\n~ camera.2.title: Dock -> Yard\n"
    );
    let checked = run(
        folder.path(),
        &["check", "b/north", "--map", "mapping.toml"],
    );
    assert!(
        text(&checked).contains("camera.2: has no profile"),
        "{}",
        text(&checked)
    );
}

#[test]
fn a_mapping_that_cannot_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    sets(&folder, &["n"]);
    for (mapping, message) in [
        (
            MAPPING.replace("camera.*.title", "camera.*.titel"),
            "did you mean \"title\"?",
        ),
        (
            MAPPING.replace("'Input *'\nkey='Caption'", "'Input'\nkey='Caption'"),
            "'*' is in path",
        ),
        (MAPPING.replace("first=0", "frist=0"), "line 6"),
    ] {
        put(&folder, "m.toml", mapping);
        let refused = run(folder.path(), &["show", "n", "--map", "m.toml"]);
        assert!(
            refused.status.code() == Some(3) && text(&refused).contains(message),
            "{}",
            text(&refused)
        );
    }
}

#[test]
fn sets_are_committed_to_git_once_a_day() {
    let folder = tempfile::tempdir().unwrap();
    sets(&folder, &["b/north", "b/south"]);
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    let refused = run(folder.path(), &["history", "b/north", "--commit"]);
    assert!(
        refused.status.code() == Some(3) && text(&refused).contains("git"),
        "{}",
        text(&refused)
    );
    git(&["init", "-q"]);
    git(&["config", "user.email", "a@example.org"]);
    git(&["config", "user.name", "A"]);
    let commit = || {
        run(
            folder.path(),
            &["history", "b/south", "b/north", "--commit"],
        )
    };
    let first = commit();
    assert!(first.status.success(), "{}", text(&first));
    assert_eq!(
        git(&["ls-files"]),
        "b/north/inputs.ini\nb/south/inputs.ini\n"
    );
    assert!(text(&commit()).contains("b/north: nothing new"));
    // The unit changed on the same day: its commit is the newest and is replaced.
    for file in ["b/north/inputs.ini", "b/north/.parconfig/base/inputs.ini"] {
        put(&folder, file, [INPUTS, b"x=1"].concat());
    }
    let manifest =
        fs::read_to_string(folder.path().join("b/north/.parconfig/manifest.json")).unwrap();
    let (old, new) = (
        parconfig::unit::set::sha256(INPUTS),
        parconfig::unit::set::sha256(&[INPUTS, b"x=1"].concat()),
    );
    put(
        &folder,
        "b/north/.parconfig/manifest.json",
        manifest.replace(&old, &new),
    );
    assert!(text(&commit()).contains("b/north: committed"));
    let subjects = git(&["log", "--format=%s"]);
    assert_eq!(subjects.lines().count(), 2, "{subjects}");
    assert!(subjects.starts_with("north: 20"), "{subjects}");
    put(&folder, "b/north/inputs.ini", "edited");
    assert!(text(&commit()).contains("edits that were not pushed"));
}
