// SPDX-License-Identifier: MPL-2.0
//! The command as a user runs it: get, set, check, show, schedule, edit-ini.

use crate::parconfig_run;

use parconfig::ConfigText;
use parconfig_run::{error, example, folder, json, ok, read};
use std::fs;
use std::process::Command;

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
    // Nor is anything written for a value that already exists.
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
