// SPDX-License-Identifier: MPL-2.0
//! The command as a user runs it.
#![cfg(feature = "tools")]

use gstexp::parconfig::ConfigText;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/parconfig")
        .join(name)
}

/// A folder with copies of the examples.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["north.par", "south.par", "units.csv", "mapping.toml"] {
        fs::copy(example(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parconfig"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Runs, wants an exit code, and answers what was printed.
#[track_caller]
fn ok(folder: &TempDir, code: i32, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{}{error}",
        out(&output)
    );
    out(&output)
}

#[track_caller]
fn error(folder: &TempDir, code: i32, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{}{error}",
        out(&output)
    );
    error
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

#[test]
fn get_prints_values() {
    let f = folder();
    assert_eq!(
        ok(&f, 0, &["get", "north.par", "camera.3.title"]),
        "Car park\n"
    );
    assert_eq!(
        ok(
            &f,
            0,
            &["get", "north.par", "schedule.monday.day", "network.address"]
        ),
        "schedule.monday.day=07:00-19:00\nnetwork.address=192.168.10.20\n"
    );
    ok(&f, 1, &["get", "north.par", "camera.1.standard"]);
    assert!(error(&f, 3, &["get", "north.par", "camera.1.titel"]).contains("title"));
    assert_eq!(
        ok(&f, 0, &["get", "north.par", "account.office.password"]),
        "********\n"
    );
    assert_eq!(
        ok(
            &f,
            0,
            &[
                "get",
                "north.par",
                "account.office.password",
                "--show-secrets"
            ]
        ),
        "Otter-77-violin\n"
    );
    let all = json(&ok(&f, 0, &["get", "north.par", "--json"]));
    assert_eq!(all["zone.2.cameras"], "2,3");
}

#[test]
fn set_changes_what_it_was_told_and_no_other_byte() {
    let f = folder();
    // Everything that a careless editor would lose.
    let text = "; par 1\r\n# own remark\r\n\r\n[Unit]\r\n  Name =  Old   \r\nown key=kept\r\n\r\n[camera.3]\r\n;title = no\r\ntitle=Car park\r\n[strange]\r\nx = y\r\n\x1a";
    fs::write(f.path().join("u.par"), text).unwrap();
    let told = ok(
        &f,
        0,
        &[
            "set",
            "u.par",
            "camera.3.title=Roof",
            "unit.name=New",
            "camera.3.enabled=yes",
        ],
    );
    assert!(
        told.contains("- Car park\n+ Roof\n") && told.contains("line 10: [camera.3] title"),
        "{told}"
    );
    let wanted = text
        .replace("title=Car park\r\n", "title=Roof\r\nenabled=yes\r\n")
        .replace("  Name =  Old   ", "  Name =  New   ");
    assert_eq!(read(&f, "u.par"), wanted);
    assert_eq!(read(&f, "u.par~"), text, "the old file is kept");
    // Unknown keys may be edited, but not made.
    ok(&f, 0, &["set", "u.par", "strange.x=z"]);
    assert!(error(&f, 3, &["set", "u.par", "strange.y=z"]).contains("unknown"));
    ok(&f, 0, &["set", "u.par", "--unset", "camera.3.enabled"]);
    assert_eq!(
        read(&f, "u.par"),
        wanted
            .replace("enabled=yes\r\n", "")
            .replace("x = y", "x = z")
    );
}

#[test]
fn set_writes_nothing_when_one_value_is_wrong() {
    let f = folder();
    let before = read(&f, "north.par");
    let message = error(
        &f,
        3,
        &[
            "set",
            "north.par",
            "camera.1.title=Good",
            "camera.3.telemetry=pigeon",
        ],
    );
    assert!(
        message.contains("camera.3.telemetry") && message.contains("coax-bbv"),
        "{message}"
    );
    assert!(error(&f, 3, &["set", "north.par", "camera.1.title=a\u{7}b"]).contains("U+0007"));
    assert!(error(&f, 2, &["set", "north.par", "camera.1.title"]).contains("PATH=VALUE"));
    ok(
        &f,
        0,
        &["set", "north.par", "camera.1.title=Other", "--dry-run"],
    );
    // Nor is anything written for a value that is there already.
    ok(&f, 0, &["set", "north.par", "camera.1.title=Front door"]);
    assert_eq!(read(&f, "north.par"), before);
    assert!(!f.path().join("north.par~").exists());
    assert_eq!(
        fs::read_dir(f.path()).unwrap().count(),
        4,
        "no temporary file is left"
    );
}

#[test]
fn set_tells_what_the_new_value_breaks() {
    let f = folder();
    let message = error(&f, 0, &["set", "north.par", "network.address=192.168.99.1"]);
    assert!(
        message.contains("network.gateway: 192.168.10.1 cannot be reached"),
        "{message}"
    );
    let told = ok(
        &f,
        0,
        &["set", "north.par", "account.guard.password=Robin-4-elm"],
    );
    assert!(
        told.contains("********") && !told.contains("Robin") && !told.contains("Finch"),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn set_keeps_links_and_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let f = folder();
    let real = f.path().join("north.par");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("north.par", f.path().join("link.par")).unwrap();
    ok(&f, 0, &["set", "link.par", "camera.1.title=New"]);
    assert!(
        fs::symlink_metadata(f.path().join("link.par"))
            .unwrap()
            .is_symlink()
    );
    assert!(read(&f, "north.par").contains("title = New"));
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn check_tells_file_line_and_column() {
    let f = folder();
    assert_eq!(
        ok(&f, 0, &["check", "north.par", "south.par"]),
        "2 files: 0 errors, 0 warnings\n"
    );
    ok(
        &f,
        0,
        &[
            "set",
            "north.par",
            "camera.3.title=Front door",
            "network.ftp-port=80",
        ],
    );
    let told = ok(&f, 1, &["check", "north.par"]);
    assert!(
        told.contains("north.par:29:9: warning: camera.3.title"),
        "{told}"
    );
    assert!(
        told.contains(
            "north.par:125:12: error: network.ftp-port: web and FTP are both on port 80 [ports]"
        ),
        "{told}"
    );
    let report = json(&ok(&f, 1, &["check", ".", "--json"]));
    assert_eq!(
        (&report["files"], &report["errors"], &report["warnings"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(report["findings"][1]["line"], 125);
    ok(&f, 0, &["set", "north.par", "network.ftp-port=21"]);
    ok(&f, 0, &["check", "north.par"]);
    ok(&f, 1, &["check", "north.par", "--strict"]);
}

#[test]
fn diff_is_by_meaning() {
    let f = folder();
    ok(&f, 0, &["diff", "north.par", "north.par"]);
    let told = ok(&f, 1, &["diff", "north.par", "south.par"]);
    assert!(
        told.contains("~ camera.2.title: Loading bay -> Loading dock\n"),
        "{told}"
    );
    assert!(
        told.contains("~ archive.password: ******** -> ******** (another)\n"),
        "{told}"
    );
    assert!(!told.contains("Kestrel"));
    let told = ok(&f, 1, &["diff", "north.par", "south.par", "--show-secrets"]);
    assert!(
        told.contains("~ archive.password: Kestrel-41-lamp -> Marten-52-plum\n"),
        "{told}"
    );
    // Another order, another spelling, comments: no difference.
    let text = read(&f, "north.par");
    let (first, rest) = text.split_once("[camera.1]").unwrap();
    let turned = format!(
        "; par 1\n# turned round\n[camera.1]{rest}{}",
        first.replace("; par 1\n", "")
    )
    .replace("resolution = 2CIF", "resolution = 704x256")
    .replace("mask = 255.255.255.0", "mask = /24")
    .replace("enabled = yes", "enabled=on");
    fs::write(f.path().join("turned.par"), turned).unwrap();
    assert_eq!(ok(&f, 0, &["diff", "north.par", "turned.par"]), "");
}

#[test]
fn diff_matches_cameras_by_title() {
    let f = folder();
    let text = read(&f, "north.par")
        .replace("[camera.1]", "[camera.x]")
        .replace("[camera.3]", "[camera.1]")
        .replace("[camera.x]", "[camera.3]")
        .replace("cameras = 1\n", "cameras = 3\n")
        .replace("cameras = 2,3\n", "cameras = 1,2\n");
    fs::write(f.path().join("moved.par"), text).unwrap();
    assert!(
        ok(&f, 1, &["diff", "north.par", "moved.par"])
            .lines()
            .count()
            > 4
    );
    assert_eq!(
        ok(&f, 1, &["diff", "north.par", "moved.par", "--by", "title"]),
        "camera 3 is camera 1 there\ncamera 1 is camera 3 there\n"
    );
    let told = json(&ok(
        &f,
        1,
        &["diff", "north.par", "moved.par", "--by", "title", "--json"],
    ));
    assert_eq!(told["changes"], Value::Array(vec![]));
}

#[test]
fn merge_takes_both_sides_and_marks_conflicts() {
    let f = folder();
    fs::copy(f.path().join("north.par"), f.path().join("ours.par")).unwrap();
    fs::copy(f.path().join("north.par"), f.path().join("theirs.par")).unwrap();
    ok(
        &f,
        0,
        &[
            "set",
            "ours.par",
            "camera.1.title=Main door",
            "schedule.expiry=14",
        ],
    );
    ok(
        &f,
        0,
        &[
            "set",
            "theirs.par",
            "camera.3.title=Garage",
            "network.http-port=8080",
        ],
    );
    let base = [
        "merge",
        "north.par",
        "ours.par",
        "theirs.par",
        "-o",
        "merged.par",
    ];
    ok(&f, 0, &base);
    assert_eq!(
        ok(&f, 0, &["check", "merged.par"]),
        "1 file: 0 errors, 0 warnings\n"
    );
    assert_eq!(
        ok(
            &f,
            0,
            &[
                "get",
                "merged.par",
                "camera.1.title",
                "camera.3.title",
                "schedule.expiry",
                "network.http-port"
            ]
        ),
        "camera.1.title=Main door\ncamera.3.title=Garage\nschedule.expiry=14\nnetwork.http-port=8080\n"
    );
    ok(&f, 0, &["set", "theirs.par", "camera.1.title=Gate"]);
    let told = error(&f, 1, &base);
    assert!(
        told.contains("conflict: camera.1.title: base Front door, ours Main door, theirs Gate"),
        "{told}"
    );
    let merged = read(&f, "merged.par");
    assert!(merged.contains("; <<<<<<< camera.1.title: ours is Main door\n; ======= base was Front door\n; >>>>>>> theirs is Gate\ntitle = Main door\n"), "{merged}");
    assert!(ok(&f, 1, &["check", "merged.par"]).contains("conflict of a merge"));
    // Without a file the text would be printed, passwords and all.
    assert!(
        error(&f, 2, &["merge", "north.par", "ours.par", "north.par"]).contains("--show-secrets")
    );
    assert!(
        ok(
            &f,
            0,
            &[
                "merge",
                "north.par",
                "ours.par",
                "north.par",
                "--show-secrets"
            ]
        )
        .contains("Otter-77-violin")
    );
}

/// A configuration without secrets, with everything unknown that there can be.
fn plain(f: &TempDir) {
    let text = read(f, "north.par");
    let kept: String = text
        .lines()
        .filter(|l| !l.starts_with("password"))
        .map(|l| format!("{l}\n"))
        .collect();
    let odd = "\n[Own Section]\nOwn Key = a, \"b\"\nOwn Key = again\n[own.part]\nx = \"  blanks  \"\n[camera.2]\ncolour = red\n";
    fs::write(f.path().join("plain.par"), kept + odd).unwrap();
}

#[test]
fn json_and_toml_hold_everything() {
    let f = folder();
    plain(&f);
    for format in ["json", "toml"] {
        let name = format!("unit.{format}");
        ok(&f, 0, &["export", "plain.par", "--to", format, "-o", &name]);
        ok(&f, 0, &["import", &name, "-o", "back.par"]);
        assert_eq!(
            ok(&f, 0, &["diff", "plain.par", "back.par"]),
            "",
            "{format}"
        );
        let back = read(&f, "back.par");
        assert!(
            back.contains("[Own Section]\nOwn Key = a, \"b\"\nOwn Key = again\n"),
            "{back}"
        );
        assert!(
            back.contains("x = \"  blanks  \"\n") && back.contains("colour = red\n"),
            "{back}"
        );
    }
    let tree = json(&read(&f, "unit.json"));
    assert_eq!(tree["camera"]["1"]["enabled"], true);
    assert_eq!(tree["schedule"]["expiry"], 30);
    assert_eq!(tree["schedule"]["monday"]["day"], "07:00-19:00");
    // Python reads the TOML the same way, if it is there.
    let script = "import tomllib,json;print(json.dumps(tomllib.load(open('unit.toml','rb'))))";
    if let Ok(python) = Command::new("python3")
        .args(["-c", script])
        .current_dir(f.path())
        .output()
        && python.status.success()
    {
        assert_eq!(json(&out(&python)), tree);
    } else {
        eprintln!("SKIPPED: no python3 with tomllib to compare with");
    }
}

#[test]
fn secrets_do_not_leave_unless_asked_for() {
    let f = folder();
    for format in ["text", "json", "toml"] {
        assert!(!ok(&f, 0, &["export", "north.par", "--to", format]).contains("Otter"));
        assert!(
            ok(
                &f,
                0,
                &["export", "north.par", "--to", format, "--show-secrets"]
            )
            .contains("Otter")
        );
    }
    for command in [
        &["show", "north.par"][..],
        &["show", "north.par", "--json"],
        &["get", "north.par"],
        &["get", "north.par", "--json"],
        &["edit-ini", "north.par"],
    ] {
        let told = ok(&f, 0, command);
        assert!(
            told.contains("********") && !told.contains("Otter") && !told.contains("Kestrel"),
            "{command:?}"
        );
    }
    // A mask is no password.
    ok(
        &f,
        0,
        &["export", "north.par", "--to", "json", "-o", "masked.json"],
    );
    let told = error(&f, 0, &["import", "masked.json", "-o", "back.par"]);
    assert!(told.contains("account.office.password: masked"), "{told}");
    assert!(!read(&f, "back.par").contains("****"));
}

#[test]
fn cameras_go_through_a_spreadsheet() {
    let f = folder();
    ok(&f, 0, &["set", "north.par", "camera.4.title==SUM(A1)"]);
    let table = ok(&f, 0, &["export", "north.par", "--to", "csv-cameras"]);
    assert!(
        table.starts_with("camera,enabled,title,standard,"),
        "{table}"
    );
    assert!(table.contains("\n4,no,'=SUM(A1),"), "{table}");
    let edited =
        table.replace("Car park", "\"Car park, back\"") + "5,yes,New gate,,,,standard,,,,,,,\n";
    fs::write(f.path().join("cameras.csv"), edited).unwrap();
    ok(
        &f,
        0,
        &[
            "import",
            "cameras.csv",
            "--into",
            "north.par",
            "-o",
            "new.par",
        ],
    );
    assert_eq!(
        ok(&f, 1, &["diff", "north.par", "new.par"]),
        "~ camera.3.title: Car park -> Car park, back\n+ camera.5.enabled = yes\n+ camera.5.title = New gate\n+ camera.5.profile = standard\n"
    );
    assert!(
        read(&f, "new.par").starts_with("; par 1\n; North gate: four cameras"),
        "comments stay"
    );
    fs::write(
        f.path().join("bad.csv"),
        "camera,title,telemetry\n1,Ok,none\n2,Ok,pigeon\n",
    )
    .unwrap();
    let told = error(
        &f,
        3,
        &["import", "bad.csv", "--into", "north.par", "-o", "bad.par"],
    );
    assert!(
        told.contains("bad.csv: line 3: camera.2.telemetry") && !f.path().join("bad.par").exists(),
        "{told}"
    );
    assert!(
        ok(&f, 0, &["export", "north.par", "--to", "csv-alarms"])
            .contains("\n2,,Loading bay beam,1,4,")
            || ok(&f, 0, &["export", "north.par", "--to", "csv-alarms"])
                .contains("2,yes,Loading bay beam,1,4,")
    );
}

#[test]
fn a_folder_of_ini_files_through_a_mapping_table() {
    let f = folder();
    let unit = f.path().join("unit");
    fs::create_dir(&unit).unwrap();
    let inputs = b"; inputs of the unit\r\n[Input 0]\r\nCaption = T\xfcr\r\nActive=1\r\nSecret = x\r\n[Input 2]\r\nCaption=Hof\r\nActive=0\r\n";
    fs::write(unit.join("inputs.ini"), inputs).unwrap();
    fs::write(unit.join("ip.ini"), "[Port 1]\nAddress=10.0.0.9\n").unwrap();
    let told = error(
        &f,
        0,
        &["import", "unit", "--map", "mapping.toml", "-o", "u.par"],
    );
    assert!(
        told.contains("not in the mapping table: inputs.ini [Input 0] Secret"),
        "{told}"
    );
    assert_eq!(
        read(&f, "u.par"),
        "; par 1\n\n[camera.1]\nenabled = yes\ntitle = Tür\n\n[camera.3]\nenabled = no\ntitle = Hof\n\n[network]\naddress = 10.0.0.9\n"
    );
    ok(
        &f,
        0,
        &[
            "set",
            "u.par",
            "camera.1.title=Türe",
            "camera.3.enabled=yes",
            "camera.2.title=Neu",
            "unit.name=X",
        ],
    );
    let told = ok(
        &f,
        0,
        &[
            "export",
            "u.par",
            "--to",
            "ini",
            "--map",
            "mapping.toml",
            "-o",
            "unit",
        ],
    );
    assert!(
        told.contains("not in the mapping table: unit.name"),
        "{told}"
    );
    let wanted = b"; inputs of the unit\r\n[Input 0]\r\nCaption = T\xfcre\r\nActive=1\r\nSecret = x\r\n[Input 2]\r\nCaption=Hof\r\nActive=1\r\n\r\n[Input 1]\r\nCaption=Neu\r\n";
    assert_eq!(
        fs::read(unit.join("inputs.ini")).unwrap(),
        wanted,
        "{}",
        String::from_utf8_lossy(&fs::read(unit.join("inputs.ini")).unwrap())
    );
    assert!(
        !unit.join("ip.ini~").exists(),
        "a file that does not change is not written"
    );
    assert!(error(&f, 2, &["import", "unit", "-o", "v.par"]).contains("--map"));
}

#[test]
fn edit_ini_is_lossless() {
    let f = folder();
    let text = b"top = 1\r\n\r\n; caf\xe9\r\n[Ethernet]\r\n  Address   =  10.0.0.1  \r\nDup=a\r\nDup=b\r\n# end\r\n\0".to_vec();
    fs::write(f.path().join("net.ini"), &text).unwrap();
    let listed = ok(&f, 0, &["edit-ini", "net.ini"]);
    assert_eq!(
        listed,
        "/top=1\nEthernet/Address=10.0.0.1\nEthernet/Dup=a\nEthernet/Dup=b\n"
    );
    let told = ok(
        &f,
        0,
        &[
            "edit-ini",
            "net.ini",
            "--set",
            "Ethernet/Address=10.0.0.2",
            "--set",
            "/top=caf\u{e9}",
        ],
    );
    assert!(told.contains("- 10.0.0.1\n+ 10.0.0.2\n"), "{told}");
    let mut wanted = Vec::new();
    for part in [
        &b"top = caf\xe9\r\n\r\n; caf\xe9\r\n[Ethernet]\r\n  Address   =  10.0.0.2  \r\n"[..],
        b"Dup=a\r\nDup=b\r\n# end\r\n\0",
    ] {
        wanted.extend_from_slice(part);
    }
    assert_eq!(fs::read(f.path().join("net.ini")).unwrap(), wanted);
    assert_eq!(fs::read(f.path().join("net.ini~")).unwrap(), text);
    ok(
        &f,
        0,
        &[
            "edit-ini",
            "net.ini",
            "--set",
            "Ethernet/Dup=A",
            "--occurrence",
            "1",
        ],
    );
    ok(
        &f,
        0,
        &[
            "edit-ini",
            "net.ini",
            "--delete",
            "Ethernet/Dup",
            "--occurrence",
            "2",
        ],
    );
    ok(&f, 0, &["edit-ini", "net.ini", "--add", "Ethernet/Dup=c"]);
    assert_eq!(
        ok(&f, 0, &["edit-ini", "net.ini"]),
        "/top=caf\u{e9}\nEthernet/Address=10.0.0.2\nEthernet/Dup=A\nEthernet/Dup=c\n"
    );
    assert!(
        error(
            &f,
            3,
            &["edit-ini", "net.ini", "--set", "Ethernet/Address=\u{4e2d}"]
        )
        .contains("Windows-1252")
    );
    assert!(
        error(
            &f,
            3,
            &["edit-ini", "net.ini", "--delete", "Ethernet/Nothing"]
        )
        .contains("no such key")
    );
    assert!(
        error(&f, 2, &["edit-ini", "net.ini", "--set", "Address"]).contains("SECTION/KEY=VALUE")
    );
}

#[test]
fn show_reads_folders_and_zips() {
    let f = folder();
    let told = ok(&f, 0, &["show", "."]);
    assert!(
        told.contains("== north.par: configuration text") && told.contains("== units.csv: unknown"),
        "{told}"
    );
    let zipped = Command::new("zip")
        .args(["-q", "u.zip", "north.par", "south.par"])
        .current_dir(f.path())
        .status();
    if !zipped.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: no zip program to make a ZIP with");
        return;
    }
    let shown = json(&ok(&f, 0, &["show", "u.zip", "--json"]));
    assert_eq!(shown["kind"], "ZIP archive");
    assert_eq!(shown["files"][1]["config"]["unit"]["name"], "South gate");
    assert_eq!(
        ok(&f, 0, &["check", "u.zip"]),
        "2 files: 0 errors, 0 warnings\n"
    );
    let told = ok(&f, 0, &["show", "north.par", "--section", "schedule"]);
    assert!(
        told.contains("friday      NNNNNNNNNNNNNNDDDDDDDDDDDDDDDDDDDDDNNNNNWWWWWWWW"),
        "{told}"
    );
    assert!(!told.contains("Cameras"));
    error(&f, 2, &["show", "north.par", "--section", "kitchen"]);
}

#[test]
fn schedule_draws_the_week() {
    let f = folder();
    ok(
        &f,
        0,
        &[
            "schedule",
            "north.par",
            "--svg",
            "w.svg",
            "--png",
            "w.png",
            "--scale",
            "0.5",
        ],
    );
    let svg = read(&f, "w.svg");
    assert!(
        svg.contains("<title>07:00-19:00 day, standard recording: 6/s</title>"),
        "{svg}"
    );
    assert!(svg.contains("<title>20:00-24:00 weekend, event recording: 12/s</title>"));
    let png = fs::read(f.path().join("w.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(png[16..20], 500_u32.to_be_bytes());
    if let Ok(status) = Command::new("xmllint")
        .args(["--noout", "w.svg"])
        .current_dir(f.path())
        .status()
    {
        assert!(status.success());
    } else {
        eprintln!("SKIPPED: no xmllint to judge the SVG");
    }
    let week = json(&ok(&f, 0, &["schedule", "north.par", "--json"]));
    assert_eq!(week["friday"][1]["mode"], "day");
    assert_eq!(week["friday"][1]["to"], 1050);
}

#[test]
fn help_has_examples_and_exit_codes() {
    let f = folder();
    assert!(ok(&f, 0, &["--help"]).contains("Exit codes:"));
    for command in [
        "show", "get", "set", "check", "diff", "merge", "export", "import", "apply", "edit-ini",
        "pull", "schedule",
    ] {
        let help = ok(&f, 0, &[command, "--help"]);
        assert!(
            help.contains("Examples:") && help.contains(&format!("parconfig {command} ")),
            "{command}"
        );
    }
    error(&f, 2, &["nonsense"]);
    let told = json(&error(&f, 3, &["show", "missing.par", "--json"]));
    assert_eq!(told["code"], 3);
}

#[test]
fn a_configuration_reads_itself_back() {
    let text = fs::read(example("north.par")).unwrap();
    let config = ConfigText::parse(&text).unwrap();
    assert_eq!(config.to_bytes(), text);
    let titles = config.config().titles();
    assert_eq!(titles.unit.as_deref(), Some("North gate"));
    assert_eq!(titles.cameras[&2], "Loading bay");
    // Summer and winter in London.
    assert_eq!(titles.utc_offset_at(1_750_000_000), Some(60));
    assert_eq!(titles.utc_offset_at(1_735_000_000), Some(0));
}
