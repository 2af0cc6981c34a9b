// SPDX-License-Identifier: MPL-2.0
//! The command as a user runs it: diff, merge, export, import.

use crate::parconfig_run;

use parconfig_run::{error, folder, json, ok, out, read};
use serde_json::Value;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

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
