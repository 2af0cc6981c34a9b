// SPDX-License-Identifier: MPL-2.0
//! Bad input: a clear message with the position, bounded memory, nothing written.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

/// Runs the program in 64 MiB, and what it maps before it does anything.
fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = if cfg!(target_os = "linux") {
        let mut shell = Command::new("sh");
        // 16 MiB are the program and its libraries.
        shell.args([
            "-c",
            "ulimit -v 81920; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_parconfig"),
        ]);
        shell
    } else {
        Command::new(env!("CARGO_BIN_EXE_parconfig"))
    };
    command
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

#[track_caller]
fn refused(folder: &TempDir, arguments: &[&str], message: &str) {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{arguments:?} {error}");
    assert!(
        error.contains(message),
        "{arguments:?}: {message:?} is expected in {error}"
    );
}

fn put(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.path().join(name), bytes).unwrap();
}

fn north() -> String {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("examples/parconfig/north.par");
    fs::read_to_string(path).unwrap()
}

#[test]
fn wrong_bytes_are_told_with_their_place() {
    let f = tempfile::tempdir().unwrap();
    for (bytes, message) in [
        (
            &b"; par 1\n[unit]\nname = caf\xe9\n"[..],
            "line 3, column 11 (byte 25): byte 0xE9 is not UTF-8",
        ),
        (
            b"; par 1\n[unit]\nna\0me = x\n",
            "line 3, column 3 (byte 17): control character 0x00",
        ),
        (
            b"; par 1\n[unit]\nname = a\x1b[31m\n",
            "line 3, column 9 (byte 23): control character 0x1B",
        ),
        (
            b"; par 2\n[unit]\n",
            "line 1, column 1 (byte 0): the text is of version 2; 1 is expected",
        ),
    ] {
        put(&f, "u.par", bytes);
        for command in [
            &["show", "u.par"][..],
            &["check", "u.par"],
            &["set", "u.par", "unit.name=x"],
            &["export", "u.par", "--to", "json", "-o", "o.json"],
        ] {
            refused(&f, command, message);
        }
        assert_eq!(fs::read(f.path().join("u.par")).unwrap(), bytes);
        assert_eq!(
            fs::read_dir(f.path()).unwrap().count(),
            1,
            "nothing is written"
        );
    }
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain("; par 1\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    put(&f, "u.par", utf16);
    refused(&f, &["show", "u.par"], "byte 0");
    refused(&f, &["edit-ini", "u.par", "--set", "a/b=c"], "UTF-16");
}

#[test]
fn files_of_others_are_named() {
    let f = tempfile::tempdir().unwrap();
    let mut parchive = b"PAR\0\0\0\0\0\0\0\x01\0".to_vec();
    parchive.resize(5 << 20, 0x55);
    put(&f, "parchive.par", parchive);
    put(&f, "parchive2.par", b"PAR2\0PKTxxxxxxxx");
    put(&f, "parquet.par", b"PAR1\x15\x04\x15\x10");
    put(
        &f,
        "solid.par",
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0],
    );
    put(
        &f,
        "letter.par",
        "Dear reader,\nthis is no configuration.\n",
    );
    put(&f, "empty.par", "");
    for (name, message) in [
        ("parchive.par", "a Parchive 1 recovery file"),
        ("parchive2.par", "a Parchive 2 recovery file"),
        ("parquet.par", "an Apache Parquet table"),
        ("solid.par", "Solid Edge"),
        ("letter.par", "byte 0: neither a configuration text"),
        ("empty.par", "byte 0: neither a configuration text"),
        ("missing.par", "missing.par"),
    ] {
        for command in ["show", "check", "diff", "import", "schedule", "export"] {
            let more: &[&str] = match command {
                "diff" => &["empty.par"],
                "export" => &["--to", "json"],
                _ => &[],
            };
            refused(&f, &[&[command, name][..], more].concat(), message);
        }
    }
}

#[test]
fn a_hundred_megabytes_of_text() {
    let f = tempfile::tempdir().unwrap();
    for (name, start, line) in [
        ("lines.par", "; par 1\n[unit]\n", "name = value of a line\n"),
        ("short.par", "; par 1\n", "\n"),
        (
            "one-line.par",
            "; par 1\n[unit]\nname = ",
            "xxxxxxxxxxxxxxxxxxxxxxxx",
        ),
        ("sections.par", "; par 1\n", "[camera.1]\n"),
    ] {
        let mut file = std::io::BufWriter::new(File::create(f.path().join(name)).unwrap());
        file.write_all(start.as_bytes()).unwrap();
        let block = line.repeat(1_000_000 / line.len());
        for _ in 0..100 {
            file.write_all(block.as_bytes()).unwrap();
        }
        file.into_inner().unwrap();
        for command in [
            &["show", name][..],
            &["check", name],
            &["set", name, "unit.name=x"],
            &["edit-ini", name],
        ] {
            refused(&f, command, "limit of 1048576 bytes");
        }
        fs::remove_file(f.path().join(name)).unwrap();
    }
    for (name, command, limit) in [
        ("t.json", &["import", "t.json"][..], "524288"),
        ("t.toml", &["import", "t.toml"], "524288"),
        ("t.csv", &["import", "t.csv"], "1048576"),
    ] {
        put(&f, name, "[1,".repeat(2_000_000));
        refused(&f, command, limit);
    }
}

/// The most that is let in, in the forms that take most memory.
#[test]
fn the_largest_texts_stay_within_memory() {
    let f = tempfile::tempdir().unwrap();
    let mut texts = Vec::new();
    texts.push(format!("; par 1\n[unit]\n{}", "a=b\n".repeat(19_990)));
    texts.push(format!(
        "; par 1\n[own]\n{}",
        (0..19_990)
            .map(|n| format!("key-{n}={}\n", "v".repeat(40)))
            .collect::<String>()
    ));
    texts.push(format!(
        "; par 1\n{}",
        (0..4095)
            .map(|n| format!("[own.{n}]\nk={}\n", "v".repeat(200)))
            .collect::<String>()
    ));
    texts.push(format!("; par 1\n{}", "junk\n".repeat(19_990)));
    for text in &texts {
        assert!(text.len() <= 1 << 20);
        put(&f, "a.par", text);
        put(&f, "b.par", text.replace('v', "w").replace("=b", "=c"));
        for (command, codes) in [
            (&["check", "a.par"][..], [0, 1]),
            (&["show", "a.par"], [0, 0]),
            (&["diff", "a.par", "b.par"], [0, 1]),
            (&["merge", "a.par", "b.par", "a.par", "-o", "m.par"], [0, 0]),
            (&["export", "a.par", "--to", "json", "-o", "m.json"], [0, 0]),
            (&["set", "a.par", "unit.name=x"], [0, 0]),
        ] {
            let output = run(&f, command);
            let code = output.status.code();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(
                codes.iter().any(|c| Some(*c) == code),
                "{command:?} {code:?} {} {:.200}",
                &text[..40],
                error
            );
        }
    }
    // What is a tree takes most for its size.
    for (name, text) in [
        (
            "a.json",
            format!("{{\"own\":{{\"x\":[{}0]}}}}", "0,".repeat(250_000)),
        ),
        ("a.toml", format!("[own]\nx=[{}0]\n", "0,".repeat(250_000))),
        (
            "b.json",
            format!(
                "{{{}\"z\":{{}}}}",
                (0..40_000)
                    .map(|n| format!("\"{n}\":{{\"a\":1}},"))
                    .collect::<String>()
            ),
        ),
        ("deep.json", "[".repeat(500_000)),
        ("deep2.json", "{\"a\":".repeat(100_000)),
        ("deep.toml", format!("a = {}", "[".repeat(500_000))),
        (
            "deep2.toml",
            format!("{} = 1", vec!["a"; 200_000].join(".")),
        ),
    ] {
        put(&f, name, text);
        let output = run(&f, &["import", name, "-o", "out.par"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{name} {error:.300}");
        assert!(
            error.starts_with("parconfig: ") && error.len() < 2000,
            "{name} {error:.300}"
        );
        assert!(!f.path().join("out.par").exists());
    }
}

#[test]
fn half_a_file_is_read_or_refused_but_never_more() {
    let f = tempfile::tempdir().unwrap();
    let text = north();
    for cut in (0..text.len()).step_by(97) {
        put(&f, "half.par", &text[..cut]);
        let output = run(&f, &["check", "half.par"]);
        let code = output.status.code();
        assert!(
            matches!(code, Some(0 | 1 | 3)),
            "{cut} {code:?} {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
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
fn zip_bombs() {
    let f = tempfile::tempdir().unwrap();
    // One entry of 300 MB that is a text, packed into 300 kB.
    let mut zip = zip::ZipWriter::new(File::create(f.path().join("one.zip")).unwrap());
    zip.start_file("u.par", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(b"; par 1\n[unit]\n").unwrap();
    for _ in 0..300 {
        zip.write_all(&[b'x'; 1_000_000]).unwrap();
    }
    zip.finish().unwrap();
    // Many entries, each as large as is allowed.
    let text = format!("; par 1\n[unit]\nname = {}\n", "x".repeat(1_000_000));
    let names: Vec<String> = (0..100).map(|n| format!("u{n}.par")).collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|n| (n.as_str(), text.as_bytes()))
        .collect();
    zip_of(&f, "many.zip", &entries);
    // More entries than anybody needs.
    let names: Vec<String> = (0..3000).map(|n| format!("u{n}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b"x"[..])).collect();
    zip_of(&f, "entries.zip", &entries);
    for (name, message) in [
        ("one.zip", "u.par: a text of more than 1048576 bytes"),
        ("many.zip", "together"),
        ("entries.zip", "3000 entries; at most 1024"),
    ] {
        for command in ["show", "check", "import"] {
            refused(&f, &[command, name], message);
        }
    }
}

#[test]
fn zips_that_climb_out_or_are_broken() {
    let f = tempfile::tempdir().unwrap();
    let north = north();
    for (at, name) in [
        "../evil.par",
        "a/../../evil.par",
        "/etc/evil.par",
        "a\\..\\..\\evil.par",
        "bad\u{1b}name.par",
    ]
    .iter()
    .enumerate()
    {
        let zip = format!("climb{at}.zip");
        zip_of(
            &f,
            &zip,
            &[("good.par", north.as_bytes()), (name, north.as_bytes())],
        );
        refused(&f, &["show", &zip], "leads out of the ZIP");
        refused(&f, &["check", &zip], "leads out of the ZIP");
    }
    let mut link = zip::ZipWriter::new(File::create(f.path().join("link.zip")).unwrap());
    link.add_symlink("u.par", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    link.finish().unwrap();
    refused(&f, &["show", "link.zip"], "is a link");
    zip_of(&f, "good.zip", &[("u.par", north.as_bytes())]);
    let whole = fs::read(f.path().join("good.zip")).unwrap();
    put(&f, "half.zip", &whole[..whole.len() / 2]);
    refused(&f, &["show", "half.zip"], "cut off");
    let mut wrong = whole.clone();
    wrong[60] ^= 0xff;
    put(&f, "wrong.zip", &wrong);
    refused(&f, &["show", "wrong.zip"], "u.par");
    // A ZIP in a ZIP is named and left alone.
    zip_of(
        &f,
        "nest.zip",
        &[("u.par", north.as_bytes()), ("inner.zip", &whole)],
    );
    let output = run(&f, &["show", "nest.zip"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("a ZIP inside is not opened"));
}

#[test]
fn folders_that_lead_in_circles() {
    let f = tempfile::tempdir().unwrap();
    fs::create_dir(f.path().join("a")).unwrap();
    put(&f, "a/u.par", north());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("..", f.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", f.path().join("a/passwd.ini")).unwrap();
    }
    let output = run(&f, &["show", "a"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(
        told.contains("u.par") && !told.contains("passwd") && !told.contains("up/"),
        "{told}"
    );
    let deep: String = "d/".repeat(12);
    fs::create_dir_all(f.path().join("a").join(&deep)).unwrap();
    refused(&f, &["show", "a"], "folders in each other");
}

#[test]
fn a_damaged_partition_has_no_pictures() {
    let f = tempfile::tempdir().unwrap();
    // Random bytes behind the magic, with header words that promise everything.
    let mut bytes = b"PAR\0".to_vec();
    let mut state = 1_u32;
    while bytes.len() < 6 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push((state >> 24) as u8);
        if state.is_multiple_of(1000) {
            bytes.extend_from_slice(&[0xde, 0xca, 0xde, 0x11]);
        }
    }
    put(&f, "p.par", bytes);
    let output = run(&f, &["show", "p.par"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{told} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        told.contains("video partition") && told.contains("no picture was found"),
        "{told}"
    );
    refused(&f, &["check", "p.par"], "a configuration text is expected");
    refused(
        &f,
        &["set", "p.par", "unit.name=x"],
        "a configuration text is expected",
    );
}

#[cfg(unix)]
#[test]
fn an_output_that_cannot_be_written_is_told() {
    let f = tempfile::tempdir().unwrap();
    put(&f, "u.par", north());
    let output = run(
        &f,
        &[
            "export",
            "u.par",
            "--to",
            "json",
            "-o",
            "no/such/folder/u.json",
        ],
    );
    assert_eq!(output.status.code(), Some(4));
    let output = run(&f, &["export", "u.par", "--to", "json", "-o", "."]);
    assert_eq!(
        output.status.code(),
        Some(4),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
