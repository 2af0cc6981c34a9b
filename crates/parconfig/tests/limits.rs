// SPDX-License-Identifier: MPL-2.0
//! Input beyond the limits, of other programs, or meant to do harm; and what is written while somebody interrupts.

use crate::{put, run, text};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::{
    fs::{MetadataExt, PermissionsExt, symlink},
    process::ExitStatusExt,
};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

fn refused(folder: &TempDir, arguments: &[&str], message: &str) {
    let output = run(folder.path(), arguments);
    assert_eq!(
        output.status.code(),
        Some(3),
        "{arguments:?}: {}",
        text(&output)
    );
    assert!(
        text(&output).contains(message),
        "{arguments:?}: {}",
        text(&output)
    );
}

#[test]
fn texts_that_are_wrong_are_refused_with_their_place() {
    let f = tempfile::tempdir().unwrap();
    for (bytes, message) in [
        (&b"[unit]\nname = 'a\n"[..], "line 2, column"),
        (
            b"[unit]\nname = 'caf\xe9'\n",
            "line 2, column 12 (byte 18): byte 0xE9 is not UTF-8",
        ),
        (b"[unit]\nname = 'a'\nname = 'b'\n", "duplicate key"),
        (b"[unit]\nname = \"a\x07\"\n", "control character 0x07"),
    ] {
        put(&f, "u.toml", bytes);
        refused(&f, &["check", "u.toml"], message);
    }
    put(
        &f,
        "deep.toml",
        format!("[unit]\nname = {}1{}\n", "[".repeat(5000), "]".repeat(5000)),
    );
    refused(&f, &["check", "deep.toml"], "line 2");
    put(
        &f,
        "many.toml",
        format!(
            "[unit]\n{}",
            (0..20_001).map(|n| format!("x{n}=1\n")).collect::<String>()
        ),
    );
    refused(&f, &["check", "many.toml"], "20000 values");
    put(
        &f,
        "long.toml",
        format!("[unit]\nname = '{}'\n", "x".repeat(1 << 20)),
    );
    refused(&f, &["check", "long.toml"], "1048576 bytes");
    put(&f, "long.ini", "a=b\n".repeat(20_001));
    refused(&f, &["show", "long.ini"], "20000 lines");
    put(&f, "units.csv", format!("unit{}\nn\n", ",a".repeat(300)));
    refused(
        &f,
        &["rollout", "--to", "units.csv", "--delete", "a/b/c"],
        "256 columns",
    );
    let rows: String = (0..=100_000).map(|n| format!("u{n}\n")).collect();
    put(&f, "units.csv", format!("unit\n{rows}"));
    refused(
        &f,
        &["rollout", "--to", "units.csv", "--delete", "a/b/c"],
        "100000 units",
    );
    put(&f, "units.csv", vec![b'a'; (16 << 20) + 1]);
    refused(
        &f,
        &["rollout", "--to", "units.csv", "--delete", "a/b/c"],
        "16777216 bytes",
    );
    put(&f, "units.csv", "unit\nCON\n");
    refused(
        &f,
        &["rollout", "--to", "units.csv", "--delete", "a/b/c"],
        "line 2: \"CON\" cannot be used",
    );
    let rules = "[[map]]\npath='unit.name'\nfile='a'\nkey='b'\n".repeat(4097);
    put(&f, "m.toml", rules);
    refused(
        &f,
        &["show", "u.toml", "--map", "m.toml"],
        "control character",
    );
    put(&f, "a.ini", "[a]\nb=1\n");
    refused(&f, &["show", "a.ini", "--map", "m.toml"], "4096 rules");
}

#[test]
fn files_of_others_are_named() {
    let f = tempfile::tempdir().unwrap();
    for (bytes, name) in [
        (&b"PAR\0\0\0\0\0\0\0\x01\0rest"[..], "Parchive 1"),
        (b"PAR2\0PKT", "Parchive 2"),
        (b"PAR1\x15\x04", "Parquet"),
        (
            &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0],
            "Solid Edge",
        ),
        (b"dear reader\n", "expected a configuration text"),
        (b"", "expected a configuration text"),
    ] {
        put(&f, "x.par", bytes);
        refused(&f, &["show", "x.par"], name);
        refused(&f, &["import", "x.par"], name);
    }
    // Random bytes behind the magic of a partition, with header words that promise everything.
    let mut bytes = b"PAR\0".to_vec();
    let mut state = 1_u32;
    while bytes.len() < 5 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push((state >> 24) as u8);
        if state.is_multiple_of(1000) {
            bytes.extend_from_slice(&[0xde, 0xca, 0xde, 0x11]);
        }
    }
    put(&f, "x.par", bytes);
    let shown = run(f.path(), &["show", "x.par"]);
    assert!(
        shown.status.success() && text(&shown).contains("no frame was found"),
        "{}",
        text(&shown)
    );
    refused(
        &f,
        &["set", "x.par", "unit.name=x"],
        "neither a configuration text nor a unit's own files",
    );
}

fn zip_of(folder: &TempDir, name: &str, entries: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(File::create(folder.path().join(name)).unwrap());
    for (entry, bytes) in entries {
        zip.start_file(*entry, SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn archives_are_bounded_and_stay_inside() {
    let f = tempfile::tempdir().unwrap();
    let ini: &[u8] = b"[a]\nb=1\n";
    zip_of(&f, "good.zip", &[("a.ini", ini), ("sub/b.ini", ini)]);
    let shown = run(f.path(), &["show", "good.zip"]);
    assert!(text(&shown).contains("== sub/b.ini"), "{}", text(&shown));
    let large = vec![b'x'; 5 << 20];
    zip_of(&f, "bomb.zip", &[("a.ini", &large)]);
    refused(&f, &["show", "bomb.zip"], "4194304 bytes");
    let names: Vec<String> = (0..3000).map(|n| format!("u{n}")).collect();
    zip_of(
        &f,
        "entries.zip",
        &names
            .iter()
            .map(|name| (name.as_str(), ini))
            .collect::<Vec<_>>(),
    );
    refused(&f, &["show", "entries.zip"], "3000 entries; at most 1024");
    for name in [
        "../evil.ini",
        "a/../../evil.ini",
        "/etc/evil.ini",
        "a\\..\\evil.ini",
        "bad\u{1b}.ini",
    ] {
        zip_of(&f, "climb.zip", &[("good.ini", ini), (name, ini)]);
        refused(&f, &["show", "climb.zip"], "leads out of the ZIP");
    }
    zip_of(
        &f,
        "deep.zip",
        &[(&format!("{}a.ini", "d/".repeat(12)), ini)],
    );
    refused(&f, &["show", "deep.zip"], "folders in each other");
    let mut link = zip::ZipWriter::new(File::create(f.path().join("link.zip")).unwrap());
    link.add_symlink("a.ini", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    link.finish().unwrap();
    refused(&f, &["show", "link.zip"], "is a link");
    put(
        &f,
        "large.zip",
        [&b"PK\x03\x04"[..], &vec![0; 8 << 20]].concat(),
    );
    refused(&f, &["show", "large.zip"], "8388608 bytes");
    let whole = fs::read(f.path().join("good.zip")).unwrap();
    put(&f, "half.zip", &whole[..whole.len() / 2]);
    refused(&f, &["show", "half.zip"], "the ZIP file is damaged");
    put(
        &f,
        "wrong.zip",
        [&whole[..38], b"????", &whole[42..]].concat(),
    );
    refused(&f, &["show", "wrong.zip"], "a.ini");
}

#[test]
fn folders_are_bounded_and_links_are_not_followed() {
    let f = tempfile::tempdir().unwrap();
    fs::create_dir(f.path().join("a")).unwrap();
    put(&f, "a/u.ini", "[a]\nb=1\n");
    symlink("..", f.path().join("a/up")).unwrap();
    symlink("/etc/passwd", f.path().join("a/passwd.ini")).unwrap();
    let shown = run(f.path(), &["show", "a"]);
    assert!(
        text(&shown).contains("u.ini") && !text(&shown).contains("passwd"),
        "{}",
        text(&shown)
    );
    fs::create_dir(f.path().join("many")).unwrap();
    for n in 0..1025 {
        put(&f, &format!("many/{n}.ini"), "");
    }
    refused(&f, &["show", "many"], "more than 1024 files");
    fs::create_dir_all(f.path().join("a").join("d/".repeat(12))).unwrap();
    refused(&f, &["show", "a"], "folders in each other");
}

#[test]
fn pipes_are_refused_and_links_are_kept() {
    let f = tempfile::tempdir().unwrap();
    let pipe = f.path().join("pipe.ini");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    refused(&f, &["show", "pipe.ini"], "is not a regular file");
    refused(
        &f,
        &["rollout", "--to", "pipe.ini", "--delete", "a/b/c"],
        "is not a regular file",
    );
    // The backup is a file of its own, whatever had its name; the link to the file stays one, and so does the mode.
    put(&f, "real.ini", "[a]\nb=1\n");
    put(&f, "innocent", "keep me");
    fs::set_permissions(f.path().join("real.ini"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.ini", f.path().join("link.ini")).unwrap();
    symlink("innocent", f.path().join("link.ini~")).unwrap();
    let done = run(f.path(), &["set", "link.ini", "a/b=2"]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(
        fs::read_to_string(f.path().join("real.ini")).unwrap(),
        "[a]\nb=2\n"
    );
    assert_eq!(
        fs::metadata(f.path().join("real.ini")).unwrap().mode() & 0o777,
        0o640
    );
    assert!(
        fs::symlink_metadata(f.path().join("link.ini"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(
        fs::read_to_string(f.path().join("innocent")).unwrap(),
        "keep me"
    );
    assert_eq!(
        fs::read_to_string(f.path().join("link.ini~")).unwrap(),
        "[a]\nb=1\n"
    );
    let unwritable = run(
        f.path(),
        &[
            "import",
            "real.ini",
            "-o",
            "no/such/u.toml",
            "--map",
            "real.ini",
        ],
    );
    assert_ne!(unwritable.status.code(), Some(0));
}

/// A signal at any step removes temporary files; the file is the old or the new one.
#[test]
fn a_signal_leaves_nothing_behind() {
    let f = tempfile::tempdir().unwrap();
    let names = |f: &TempDir| -> Vec<String> {
        let all = fs::read_dir(f.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        all.filter(|name| name.starts_with(".parconfig-")).collect()
    };
    for signal in ["TERM", "INT", "HUP"] {
        put(&f, "a.ini", "[a]\nb=1\n");
        // what started the tests may ignore the signal
        let mut child = Command::new("env")
            .arg(format!("--default-signal={signal}"))
            .args([env!("CARGO_BIN_EXE_parconfig"), "set", "a.ini", "a/b=2"])
            .current_dir(f.path())
            .env("PARCONFIG_PAUSE_AT", "2")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The program waits at the step at which the temporary file is whole and not yet renamed.
        while names(&f).is_empty() {
            assert!(
                child.try_wait().unwrap().is_none(),
                "it ended without a temporary file"
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([&format!("-{signal}"), &id])
                .status()
                .unwrap()
                .success()
        );
        assert!(!child.wait().unwrap().success());
        assert_eq!(names(&f), Vec::<String>::new(), "{signal}");
        assert_eq!(
            fs::read_to_string(f.path().join("a.ini")).unwrap(),
            "[a]\nb=1\n"
        );
    }
}

/// kill -9 at each step of an edit: the file and its backup are the old ones or the new ones, whole.
#[test]
fn a_kill_leaves_the_old_or_the_new() {
    let [older, old, new] = ["[a]\nb=0\n", "[a]\nb=1\n", "[a]\nb=2\n"];
    let mut found = Vec::new();
    for step in 1.. {
        let f = tempfile::tempdir().unwrap();
        put(&f, "a.ini", old);
        put(&f, "a.ini~", older);
        let done = Command::new(env!("CARGO_BIN_EXE_parconfig"))
            .args(["set", "a.ini", "a/b=2"])
            .current_dir(f.path())
            .env("PARCONFIG_KILL_AT", step.to_string())
            .output()
            .unwrap();
        let text = |name| fs::read_to_string(f.path().join(name)).unwrap();
        found.push((text("a.ini"), text("a.ini~")));
        if done.status.success() {
            break;
        }
        assert_eq!(done.status.signal(), Some(9), "step {step}");
    }
    found.dedup();
    let pair = |file: &str, backup: &str| (file.to_owned(), backup.to_owned());
    assert_eq!(found, [pair(old, older), pair(old, old), pair(new, old)]);
}
