// SPDX-License-Identifier: MPL-2.0
//! Units by FTP: a real server (pyftpdlib) on 127.0.0.1 for each unit, some with faults.

use crate::{run, text};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

/// Files by name.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// Windows-1252, CR LF, a duplicate key, a key before any section, a NUL and 0x1A at the end.
const INPUTS: &[u8] = b"Version=3\r\n[Input 0]\r\nCaption=Caf\xe9\r\nCaption=Twice\r\n; kept\r\n\r\n[Input 1]\r\nCaption=Yard\r\nActive=1\r\n\0\x1a";
const IP: &[u8] = b"[Port 1]\nAddress=10.0.0.1\nRouter=10.0.0.254\nPassword=heron\n";

/// Servers that end with the test.
pub struct Servers {
    child: Child,
    ports: Vec<u16>,
    folder: tempfile::TempDir,
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Servers {
    pub fn start(faults: &[&str]) -> Servers {
        let folder = tempfile::tempdir().unwrap();
        let mut arguments = Vec::new();
        for (unit, fault) in faults.iter().enumerate() {
            let root = folder.path().join(format!("unit{unit}"));
            let etc = root.join("etc");
            fs::create_dir_all(etc.join("sub")).unwrap();
            fs::write(etc.join("INPUTS.INI"), INPUTS).unwrap();
            let ip = String::from_utf8_lossy(IP)
                .replace("10.0.0.1\n", &format!("10.0.0.{}\n", unit + 1));
            fs::write(etc.join("ip.ini"), ip).unwrap();
            fs::write(etc.join("sub/long.ini"), "[a]\nb=1\n".repeat(3000)).unwrap();
            fs::write(etc.join("readme.txt"), "not fetched").unwrap();
            arguments.push(format!("{}:{fault}", root.display()));
        }
        let mut child = Command::new("/usr/bin/python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ftp_server.py"))
            .args(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 and python3-pyftpdlib: see scripts/setup");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ports: Vec<u16> = lines
            .take(faults.len())
            .map(|line| line.unwrap().parse().unwrap())
            .collect();
        assert_eq!(
            ports.len(),
            faults.len(),
            "python3-pyftpdlib: see scripts/setup"
        );
        Servers {
            child,
            ports,
            folder,
        }
    }

    pub fn url(&self, unit: usize) -> String {
        format!("ftp://127.0.0.1:{}/etc/", self.ports[unit])
    }

    fn etc(&self, unit: usize) -> PathBuf {
        self.folder.path().join(format!("unit{unit}/etc"))
    }

    pub fn files(&self, unit: usize) -> Tree {
        tree(&self.etc(unit))
    }

    /// A table of all units.
    fn table(&self) -> String {
        let rows = self.ports.iter().enumerate();
        let rows: String = rows
            .map(|(unit, _)| format!("u{unit};{}\r\n", self.url(unit)))
            .collect();
        format!("unit;url\r\n{rows}")
    }

    fn fetch(&self, folder: &Path) {
        fs::write(folder.join("units.csv"), self.table()).unwrap();
        let done = run(
            folder,
            &[
                "fetch",
                "--all",
                "units.csv",
                "--user",
                "adm",
                "-o",
                "backup",
            ],
        );
        assert!(done.status.success(), "{done:?}");
    }
}

/// All files below a folder but the state of a set.
fn tree(folder: &Path) -> Tree {
    let mut found = Tree::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            if name != ".parconfig" {
                found.extend(
                    tree(&entry.path())
                        .into_iter()
                        .map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
                );
            }
        } else {
            found.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    found
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parconfig"));
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("PARCONFIG_PASSWORD", "pass word");
    command
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.unwrap().success());
}

fn edit(set: &Path) {
    for (name, from, to) in [
        ("ip.ini", "10.0.0.254", "10.0.0.253"),
        ("INPUTS.INI", "Yard", "Dock"),
    ] {
        let bytes = fs::read(set.join(name)).unwrap();
        let at = bytes
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        let new = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        fs::write(set.join(name), new).unwrap();
    }
}

#[test]
fn six_units_are_fetched_pushed_and_verified_and_a_fault_stops_only_its_own_unit() {
    let servers = Servers::start(&["ok", "slow", "drop", "full", "read-only", "ok", "no-mlsd"]);
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    servers.fetch(at);
    for unit in 0..7 {
        let mut wanted = servers.files(unit);
        wanted.remove("readme.txt");
        assert_eq!(tree(&at.join(format!("backup/u{unit}"))), wanted);
    }
    // Three times the connection was cut off in mid-file, and reading went on where it had ended.
    let root = servers.folder.path().join("unit2");
    assert_eq!(
        fs::read_to_string(root.join("dropped"))
            .unwrap()
            .lines()
            .count(),
        3
    );
    assert_eq!(
        fs::read_to_string(root.join("resumed")).unwrap(),
        "2000\n4000\n6000\n"
    );
    let manifest = fs::read_to_string(at.join("backup/u0/.parconfig/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["files"]["sub/long.ini"]["size"], 24_000);
    assert!(
        manifest["files"]["ip.ini"]["modified"]
            .as_str()
            .unwrap()
            .starts_with("20")
    );

    // The last one is changed by somebody else.
    fs::write(servers.etc(5).join("ip.ini"), [IP, b"[New]\n"].concat()).unwrap();
    (0..7).for_each(|unit| edit(&at.join(format!("backup/u{unit}"))));
    let before: Vec<Tree> = (0..7).map(|unit| servers.files(unit)).collect();
    let sets: Vec<String> = (0..7).map(|unit| format!("backup/u{unit}")).collect();
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    let dry = run(at, &[&["push", "--dry-run"][..], &sets].concat());
    assert!(
        text(&dry).contains("-Router=10.0.0.254\n+Router=10.0.0.253\n"),
        "{}",
        text(&dry)
    );
    let unasked = run(at, &[&["push"][..], &sets].concat());
    assert!(!text(&unasked).contains("pushed\n") && !unasked.status.success());
    let nothing = run(
        at,
        &[&["push", "--yes", "--all-or-nothing"][..], &sets].concat(),
    );
    assert_eq!(nothing.status.code(), Some(3), "{}", text(&nothing));
    for (unit, before) in before.iter().enumerate() {
        assert_eq!(servers.files(unit), *before, "unit {unit}");
    }

    let pushed = run(at, &[&["push", "--yes"][..], &sets].concat());
    assert_eq!(pushed.status.code(), Some(5), "{}", text(&pushed));
    assert!(
        text(&pushed).contains("7 units: 3 failed, 4 pushed\n"),
        "{}",
        text(&pushed)
    );
    for (unit, before) in before.iter().enumerate() {
        let now = servers.files(unit);
        if [3, 4, 5].contains(&unit) {
            assert_eq!(now, *before, "unit {unit}");
        } else {
            let mut wanted = tree(&at.join(sets[unit]));
            wanted.insert("readme.txt".into(), b"not fetched".to_vec());
            assert_eq!(now, wanted, "unit {unit}");
        }
    }
    assert!(
        text(&pushed).contains("u5: ftp")
            && text(&pushed).contains("changed on the unit since it was fetched: ip.ini")
    );
    for word in ["pass word", "heron"] {
        assert!(!text(&pushed).contains(word) && !text(&dry).contains(word));
    }
    let verified = run(at, &["verify", "backup/u0", "backup/u3", "backup/u5"]);
    assert_eq!(verified.status.code(), Some(1));
    for line in [
        "u0: ok",
        "u3: not pushed: INPUTS.INI, ip.ini\n",
        "u5: differs: ip.ini\n",
    ] {
        assert!(text(&verified).contains(line), "{}", text(&verified));
    }

    // A fetch never overwrites edits; it follows the unit where they are given up.
    assert_eq!(
        run(
            at,
            &[
                "fetch",
                "--all",
                "units.csv",
                "--user",
                "adm",
                "-o",
                "backup"
            ]
        )
        .status
        .code(),
        Some(3)
    );
    assert!(
        run(
            at,
            &[
                "fetch",
                &servers.url(5),
                "--user",
                "adm",
                "-o",
                "backup/u5",
                "--discard-edits"
            ]
        )
        .status
        .success()
    );
    assert_eq!(
        fs::read(at.join("backup/u5/ip.ini")).unwrap(),
        [IP, b"[New]\n"].concat()
    );
    for unit in [0, 1, 2, 6] {
        let restored = run(at, &["restore", "--yes", sets[unit]]);
        assert!(restored.status.success(), "{}", text(&restored));
        assert_eq!(servers.files(unit), before[unit], "unit {unit}");
    }
}

/// A log of a unit's server, line by line.
fn log(servers: &Servers, name: &str) -> Vec<String> {
    let path = servers.folder.path().join("unit0").join(name);
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_fetch_continues_where_an_earlier_one_ended() {
    let servers = Servers::start(&["drop9"]);
    let folder = tempfile::tempdir().unwrap();
    let fetch = |more: &[&str]| {
        let url = servers.url(0);
        let arguments = ["fetch", &url, "--user", "adm", "-o", "u0"];
        run(folder.path(), &[&arguments[..], more].concat())
    };
    // Each run makes the connection four times; each time 2000 bytes of the long file come before it drops.
    for at in [2000, 4000] {
        let failed = fetch(&[]);
        assert_eq!(failed.status.code(), Some(5), "{}", text(&failed));
        assert!(!folder.path().join("u0/ip.ini").exists(), "{at}");
    }
    let done = fetch(&[]);
    assert!(done.status.success(), "{}", text(&done));
    let mut wanted = servers.files(0);
    wanted.remove("readme.txt");
    assert_eq!(tree(&folder.path().join("u0")), wanted);
    let offsets: Vec<String> = (1..=9).map(|n| (n * 2000).to_string()).collect();
    assert_eq!(log(&servers, "resumed"), offsets);
    let read = |servers: &Servers, name: &str| {
        let log = log(servers, "read");
        log.iter().filter(|line| *line == name).count()
    };
    assert_eq!(read(&servers, "ip.ini"), 1, "read once and kept");
    assert!(!folder.path().join("u0/.parconfig/partial").exists());

    // Nothing changed, nothing is read; of a unit that changed only what changed.
    let before = log(&servers, "read").len();
    let again = fetch(&[]);
    assert!(text(&again).contains("unchanged"), "{}", text(&again));
    assert_eq!(log(&servers, "read").len(), before);
    fs::write(servers.etc(0).join("ip.ini"), [IP, b"[New]\n"].concat()).unwrap();
    assert!(fetch(&[]).status.success());
    assert_eq!(log(&servers, "read").len(), before + 1);
    assert_eq!(read(&servers, "ip.ini"), 2);
    let set = folder.path().join("u0/ip.ini");
    assert_eq!(fs::read(set).unwrap(), [IP, b"[New]\n"].concat());
    // A change that shows neither in size nor in time is found where all are read, or where the time is that of a clock that was
    // never set.
    let change = |from: &str, to: &str, year: u64| {
        let path = servers.etc(0).join("ip.ini");
        let text = fs::read_to_string(&path).unwrap().replace(from, to);
        fs::write(&path, text).unwrap();
        let time = UNIX_EPOCH + Duration::from_secs((year - 1970) * 31_557_600);
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    let has = |word: &str| {
        fs::read_to_string(folder.path().join("u0/ip.ini"))
            .unwrap()
            .contains(word)
    };
    change("heron", "finch", 2020);
    assert!(fetch(&[]).status.success() && has("finch"));
    change("finch", "otter", 2020);
    assert!(fetch(&[]).status.success() && has("finch"));
    assert!(fetch(&["--reread"]).status.success() && has("otter"));
    change("otter", "swift", 1980);
    assert!(fetch(&[]).status.success() && has("swift"));
    change("swift", "raven", 1980);
    assert!(fetch(&[]).status.success() && has("raven"));
}

/// kill -9 at each step of a fetch: the set is the old or the new one, and the next fetch brings the new one.
#[test]
fn a_fetch_killed_at_any_step_is_done_by_the_next() {
    let servers = Servers::start(&["ok"]);
    let folder = tempfile::tempdir().unwrap();
    fs::remove_dir_all(servers.etc(0).join("sub")).unwrap();
    servers.fetch(folder.path());
    let set = folder.path().join("backup/u0");
    let old = tree(&set);
    let pristine = folder.path().join("pristine");
    copy(&set, &pristine);
    for name in ["ip.ini", "INPUTS.INI"] {
        let path = servers.etc(0).join(name);
        let longer = [fs::read(&path).unwrap(), b"[New]\n".to_vec()].concat();
        fs::write(path, longer).unwrap();
    }
    let mut new = servers.files(0);
    new.remove("readme.txt");
    let url = servers.url(0);
    let arguments = ["fetch", &url, "--user", "adm", "-o", "backup/u0"];
    let mut killed = 0;
    for step in 1.. {
        copy(&pristine, &set);
        let mut fetch = command(folder.path(), &arguments);
        let fetch = fetch.env("PARCONFIG_KILL_AT", step.to_string());
        let fetch = fetch.output().unwrap();
        for (name, bytes) in tree(&set) {
            let is_temporary = name.starts_with(".parconfig-");
            let is_known = is_temporary || bytes == old[&name] || bytes == new[&name];
            assert!(is_known, "step {step}: {name}");
        }
        if fetch.status.success() {
            break;
        }
        killed += 1;
        let diff = run(folder.path(), &["diff", "backup/u0"]);
        assert_eq!(text(&diff), "", "step {step}: nothing counts as an edit");
        let next = run(folder.path(), &arguments);
        assert!(next.status.success(), "step {step}: {}", text(&next));
        assert_eq!(tree(&set), new, "step {step}");
        let state = fs::read_dir(set.join(".parconfig")).unwrap();
        let names = state.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        let wanted = ["base", "journal.jsonl", "lock", "manifest.json"];
        assert_eq!(names, wanted, "step {step}");
    }
    assert!(killed > 20, "{killed} steps");
}

#[test]
fn all_units_change_or_none() {
    let servers = Servers::start(&["ok", "full", "ok"]);
    let folder = tempfile::tempdir().unwrap();
    servers.fetch(folder.path());
    let before: Vec<Tree> = (0..3).map(|unit| servers.files(unit)).collect();
    let sets = ["backup/u0", "backup/u1", "backup/u2"];
    sets.iter().for_each(|set| edit(&folder.path().join(set)));
    let push = |sets: &[&str]| {
        run(
            folder.path(),
            &[&["push", "--yes", "--all-or-nothing"][..], sets].concat(),
        )
    };
    let failed = push(&sets);
    assert_eq!(failed.status.code(), Some(5), "{}", text(&failed));
    assert!(
        text(&failed).contains("3 units: 1 failed, 2 taken back"),
        "{}",
        text(&failed)
    );
    for (unit, before) in before.iter().enumerate() {
        assert_eq!(servers.files(unit), *before, "unit {unit}");
    }
    let done = push(&["backup/u0", "backup/u2"]);
    assert!(done.status.success(), "{}", text(&done));
    assert!(
        [0, 2]
            .iter()
            .all(|unit| servers.files(*unit) != before[*unit])
    );
}

#[test]
fn other_servers_and_modes() {
    let servers = Servers::start(&["no-rename", "ok"]);
    let folder = tempfile::tempdir().unwrap();
    servers.fetch(folder.path());
    let before = servers.files(0);
    edit(&folder.path().join("backup/u0"));
    let refused = run(folder.path(), &["push", "--yes", "backup/u0"]);
    assert!(text(&refused).contains("--in-place"), "{}", text(&refused));
    assert!(
        run(folder.path(), &["restore", "--yes", "backup/u0"])
            .status
            .success()
    );
    assert_eq!(servers.files(0), before, "temporary files are gone too");
    edit(&folder.path().join("backup/u0"));
    let done = run(folder.path(), &["push", "--yes", "--in-place", "backup/u0"]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(
        servers.files(0)["ip.ini"],
        fs::read(folder.path().join("backup/u0/ip.ini")).unwrap()
    );

    let active = run(
        folder.path(),
        &[
            "fetch",
            "--active",
            &servers.url(1),
            "--user",
            "adm",
            "-o",
            "active",
        ],
    );
    assert!(active.status.success(), "{}", text(&active));
    assert_eq!(
        tree(&folder.path().join("active")),
        tree(&folder.path().join("backup/u1"))
    );
    let wrong = command(folder.path(), &["verify", "active"])
        .env("PARCONFIG_PASSWORD", "other")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(5));
    assert!(
        text(&wrong).contains("login refused") && !text(&wrong).contains("other"),
        "{}",
        text(&wrong)
    );
    // A name that would lead elsewhere on another system is refused, and nothing is written.
    fs::write(servers.etc(1).join("a\\evil.ini"), "x").unwrap();
    let evil = run(
        folder.path(),
        &["fetch", &servers.url(1), "--user", "adm", "-o", "evil"],
    );
    assert_eq!(evil.status.code(), Some(3), "{}", text(&evil));
    assert!(!folder.path().join("evil").exists());
    let login = run(
        folder.path(),
        &["fetch", "ftp://adm:pw@127.0.0.1/", "-o", "x"],
    );
    assert!(
        login.status.code() == Some(2) && !text(&login).contains("pw@"),
        "{}",
        text(&login)
    );
}

/// A server that sends a byte now and then, so that each read succeeds.
#[test]
fn a_server_that_drips_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ftp://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            while client.write_all(b"220-\r\n").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "fetch",
        &url,
        "--user",
        "adm",
        "-o",
        "set",
        "--timeout",
        "1",
    ];
    let given_up = run(folder.path(), &arguments);
    assert_eq!(given_up.status.code(), Some(5));
    let message = "cannot connect: timed out";
    assert!(text(&given_up).contains(message), "{}", text(&given_up));
    assert!(!folder.path().join("set").exists());
}

#[test]
fn a_push_killed_at_any_step_is_finished() {
    walk_through_a_push("ok", "push");
}

#[test]
fn a_push_killed_at_any_step_is_taken_back() {
    walk_through_a_push("ok", "restore");
}

/// Here a file may be half-written in between.
#[test]
fn a_push_in_place_killed_at_any_step_is_repaired() {
    walk_through_a_push("no-rename", "push");
    walk_through_a_push("no-rename", "restore");
}

/// kill -9 at each step of a push, first to the last: the unit's files are old or new, and the next command brings the unit to one
/// of the two as a whole.
fn walk_through_a_push(fault: &str, next: &str) {
    let in_place = fault == "no-rename";
    let servers = Servers::start(&[fault]);
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("backup/u0");
    fs::remove_dir_all(servers.etc(0).join("sub")).unwrap();
    servers.fetch(folder.path());
    let old = servers.files(0);
    let pristine = folder.path().join("pristine");
    copy(&set, &pristine);
    edit(&set);
    let mut new = tree(&set);
    new.insert("readme.txt".into(), old["readme.txt"].clone());
    let (mut killed, mut ended) = (0, [0, 0]);
    for step in 1.. {
        copy(&pristine, &set);
        edit(&set);
        for (name, bytes) in &old {
            fs::write(servers.etc(0).join(name), bytes).unwrap();
        }
        let mut arguments = vec!["push", "--yes", "backup/u0"];
        arguments.extend(in_place.then_some("--in-place"));
        let mut push = command(folder.path(), &arguments);
        let push = push.env("PARCONFIG_KILL_AT", step.to_string());
        let push = push.output().unwrap();
        for (name, bytes) in servers.files(0) {
            let is_excused = in_place || name.ends_with(".tmp");
            let is_whole = is_excused || bytes == old[&name] || bytes == new[&name];
            assert!(is_whole, "step {step}: {name}");
        }
        if push.status.success() {
            break;
        }
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&push.status),
            Some(9),
            "{}",
            text(&push)
        );
        killed += 1;
        // What is new and what is old is known at any time.
        let state = text(&run(folder.path(), &["verify", "backup/u0"]));
        let on_unit = servers.files(0);
        if state.contains("not ended") {
            for name in ["ip.ini", "INPUTS.INI"] {
                let (news, rest) = state.split_once("; old: ").unwrap();
                let is_new = on_unit[name] == new[name];
                let side = if is_new { news } else { rest };
                assert!(side.contains(name), "step {step}: {state}");
                ended[usize::from(is_new)] += 1;
            }
        } else {
            let is_before = state.contains("not pushed") && on_unit["ip.ini"] == old["ip.ini"];
            let is_after = state.contains(": ok") && on_unit["ip.ini"] == new["ip.ini"];
            assert!(is_before || is_after, "step {step}: {state}");
        }
        let mut arguments = vec![next, "--yes", "backup/u0"];
        arguments.extend(in_place.then_some("--in-place"));
        let done = run(folder.path(), &arguments);
        // Killed before the push had begun, there is nothing to take back: restore says so and leaves the edits.
        let has = |message: &str| text(&done).contains(message);
        let is_refused = next == "restore"
            && (has("there was no push to take back") || has("has edits that were not pushed"));
        let is_done = done.status.success() || is_refused;
        assert!(is_done, "step {step}: {}", text(&done));
        let wanted = if next == "push" { &new } else { &old };
        assert_eq!(servers.files(0), *wanted, "step {step}: {}", text(&done));
    }
    assert!(killed > 30, "{killed} steps");
    assert!(ended[0] > 5 && ended[1] > 5, "{ended:?} old and new files");
    let mut arguments = vec!["restore", "--yes", "backup/u0"];
    arguments.extend(in_place.then_some("--in-place"));
    let restored = run(folder.path(), &arguments);
    assert!(restored.status.success(), "{}", text(&restored));
    assert_eq!(servers.files(0), old);
    assert_eq!(tree(&set), tree(&pristine));
}
