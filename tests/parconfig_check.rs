// SPDX-License-Identifier: MPL-2.0
//! Every rule finds what it is for, at the right place, and nothing in a configuration that is good.

use gstexp::parconfig::check::{Finding, Severity, check};
use gstexp::parconfig::{ConfigText, schema};

fn example(name: &str) -> String {
    let path = format!("{}/examples/parconfig/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn findings(text: &str) -> Vec<Finding> {
    check(ConfigText::parse(text.as_bytes()).unwrap().config())
}

/// The good example with some text replaced.
fn changed(from: &str, to: &str) -> Vec<Finding> {
    let text = example("north.par");
    assert!(text.contains(from), "{from:?} is not in the example");
    findings(&text.replacen(from, to, 1))
}

#[track_caller]
fn only(found: &[Finding], severity: Severity, rule: &str, path: &str, message: &str) {
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{shown:#?}");
    let one = &found[0];
    assert_eq!(
        (one.severity, one.rule, one.path.as_str()),
        (severity, rule, path),
        "{shown:?}"
    );
    assert!(one.message.contains(message), "{shown:?}");
    assert!(one.place.line > 0 && one.place.column > 0, "{shown:?}");
}

#[test]
fn the_examples_are_good() {
    for name in ["north.par", "south.par"] {
        assert_eq!(findings(&example(name)), []);
    }
}

#[test]
fn places_are_exact() {
    let found = findings(
        "; par 1\n[camera.1]\r\nprofile=x\n  rate =  1\n[profile.x]\n\ttitl\u{e9} = y\nbit-rate  =   9999\n",
    );
    let at = |rule: &str| {
        let finding = found.iter().find(|f| f.rule == rule).unwrap();
        (
            finding.place.line,
            finding.place.column,
            finding.place.offset,
        )
    };
    assert_eq!(at("unknown-key"), (4, 11, 40));
    assert_eq!(at("value"), (7, 15, 80));
    let text = "; par 1\n[camera.1]\r\nprofile=x\n  rate =  1\n[profile.x]\n\ttitl\u{e9} = y\nbit-rate  =   9999\n";
    assert!(text[80..].starts_with("9999"));
}

#[test]
fn rules_on_values() {
    use Severity::Error;
    for (from, to, path, message) in [
        (
            "title = Front door\n",
            "title = A title of more than thirty chars\n",
            "camera.1.title",
            "has 33 characters; allowed: at most 30",
        ),
        (
            "telemetry = rs485",
            "telemetry = carrier-pigeon",
            "camera.3.telemetry",
            "none, coax-bbv",
        ),
        (
            "jpeg-size = 18",
            "jpeg-size = 46",
            "profile.night.jpeg-size",
            "5 to 45 KB",
        ),
        (
            "i-interval = 4",
            "i-interval = 0",
            "profile.standard.i-interval",
            "1 to 60",
        ),
        (
            "resolution = CIF",
            "resolution = 640x480",
            "profile.night.resolution",
            "QCIF, CIF, 2CIF, 4CIF",
        ),
        (
            "pulse-extension = 5",
            "pulse-extension = 1000",
            "alarm.2.pulse-extension",
            "0 to 999",
        ),
        ("preset = 3", "preset = 257", "alarm.2.preset", "0 to 256"),
        (
            "mask = 255.255.255.0",
            "mask = 255.0.255.0",
            "network.mask",
            "/24",
        ),
        ("expiry = 30", "expiry = -1", "schedule.expiry", "0 to 3650"),
        (
            "fail-notice = yes",
            "fail-notice = perhaps",
            "camera.1.fail-notice",
            "yes, no",
        ),
        (
            "time-zone = Europe/London",
            "time-zone = Europe/Leeds",
            "unit.time-zone",
            "such as Europe/London",
        ),
        (
            "day = 07:00-17:30",
            "day = 7-17",
            "schedule.friday.day",
            "08:00-12:00",
        ),
        (
            "motion-1 = normal, 5, 10",
            "motion-1 = normal, 5, 101",
            "camera.3.motion-1",
            "last-trigger",
        ),
        (
            "holidays = 12-25",
            "holidays = 12-32",
            "schedule.holidays",
            "2026-12-25",
        ),
        (
            "triggers = global-alarm",
            "triggers = full-moon",
            "relay.1.triggers",
            "vmd",
        ),
    ] {
        only(&changed(from, to), Error, "value", path, message);
    }
}

#[test]
fn rules_on_the_network() {
    use Severity::{Error, Warning};
    only(
        &changed("gateway = 192.168.10.1", "gateway = 192.168.9.1"),
        Error,
        "gateway",
        "network.gateway",
        "192.168.10.0/24",
    );
    only(
        &changed("gateway = 192.168.10.1", "gateway = 192.168.10.20"),
        Error,
        "gateway",
        "network.gateway",
        "own address",
    );
    only(
        &changed("address = 192.168.10.20", "address = 192.168.10.255"),
        Error,
        "address",
        "network.address",
        "first or last",
    );
    only(
        &changed("address = 192.168.10.20", "address = 127.0.0.1"),
        Error,
        "address",
        "network.address",
        "no address of a unit",
    );
    only(
        &changed("address = 192.168.10.20", "address = 0.0.0.0"),
        Warning,
        "dhcp",
        "network.gateway",
        "DHCP",
    );
    only(
        &changed("mask = 255.255.255.0\n", ""),
        Warning,
        "no-mask",
        "network.address",
        "mask",
    );
    only(
        &changed("allowed = 192.168.10.0/24, 10", "allowed = 10"),
        Warning,
        "allowed",
        "network.allowed",
        "nobody",
    );
    only(
        &changed("ftp-port = 21", "ftp-port = 80"),
        Error,
        "ports",
        "network.ftp-port",
        "both on port 80",
    );
    only(
        &changed("smtp-to = guard@example.org\n", ""),
        Warning,
        "mail",
        "reporting.smtp-server",
        "smtp-to",
    );
    only(
        &changed("when = 22:00-06:00\n", ""),
        Warning,
        "archive",
        "archive.ftp-server",
        "when",
    );
}

#[test]
fn rules_on_cameras_and_profiles() {
    use Severity::{Error, Warning};
    only(
        &changed("title = Car park", "title = FRONT DOOR"),
        Warning,
        "two-titles",
        "camera.3.title",
        "camera.1",
    );
    only(
        &changed("profile = standard\nmotion", "motion"),
        Warning,
        "not-recorded",
        "camera.3",
        "no profile",
    );
    only(
        &changed("profile-night = night\n", ""),
        Warning,
        "not-recorded",
        "camera.2",
        "mode night",
    );
    only(
        &changed("profile-day = standard", "profile-day = stendard"),
        Error,
        "no-profile",
        "camera.2.profile-day",
        "[profile.stendard]",
    );
    only(
        &changed("bit-rate = 512", "bit-rate = 2501"),
        Error,
        "bit-rate",
        "profile.standard.bit-rate",
        "45 to 2500",
    );
    assert_eq!(
        findings(
            &example("north.par")
                .replace("bit-rate = 512", "bit-rate = 8192")
                .replace("model = DS2", "model = BX2")
        ),
        []
    );
    only(
        &changed("jpeg-size = 18", "bit-rate = 100"),
        Warning,
        "no-effect",
        "profile.night.bit-rate",
        "jpeg",
    );
    only(
        &changed("rate = 160 ms", "rate = 26"),
        Error,
        "rate",
        "profile.standard.rate",
        "PAL",
    );
    only(
        &changed("[camera.4]", "[profile.spare]\nrate = 1\n[camera.4]"),
        Warning,
        "unused-profile",
        "profile.spare",
        "no camera",
    );
    only(
        &changed("telemetry = rs485", "standard = NTSC"),
        Warning,
        "standard",
        "camera.3.standard",
        "PAL",
    );
    only(
        &changed("standard = PAL", "standard = PAL\nutc-offset = 120"),
        Warning,
        "time-zone",
        "unit.utc-offset",
        "0, 60",
    );
}

#[test]
fn rules_on_the_schedule() {
    use Severity::{Error, Warning};
    only(
        &changed("day = 07:00-17:30", "day = 07:00-12:00, 11:30-17:30"),
        Error,
        "overlap",
        "schedule.friday.day",
        "at 11:30",
    );
    only(
        &changed(
            "day = 07:00-17:30",
            "day = 07:00-17:30\nnight = 17:00-18:00",
        ),
        Error,
        "overlap",
        "schedule.friday.night",
        "schedule.friday.day at 17:00",
    );
    // Over midnight, and from Sunday into Monday.
    only(
        &changed(
            "[schedule.tuesday]\nday = 07:00-19:00",
            "[schedule.tuesday]\nday = 19:00-08:00",
        ),
        Error,
        "overlap",
        "schedule.wednesday.day",
        "schedule.tuesday.day at 07:00",
    );
    only(
        &changed(
            "[alarm.1]",
            "[schedule.sunday]\nday = 20:00-08:00\n[alarm.1]",
        ),
        Error,
        "overlap",
        "schedule.monday.day",
        "schedule.sunday.day at 07:00",
    );
    only(
        &changed("weekend-end = monday 06:00\n", ""),
        Error,
        "weekend",
        "schedule.weekend-start",
        "weekend-end",
    );
    only(
        &changed("event-rate-day = 25", "event-rate-day = 5"),
        Warning,
        "event-rate",
        "schedule.event-rate-day",
        "slower",
    );
    only(
        &changed("event-rate-day = 25", "event-rate-day = off"),
        Warning,
        "event-rate",
        "schedule.event-rate-day",
        "slower",
    );
    only(
        &changed("day = 07:00-17:30", "set = 07:00-17:30"),
        Warning,
        "no-effect",
        "schedule.friday.set",
        "day, night, weekend",
    );
    assert_eq!(
        changed("day = 07:00-17:30", "day = 07:00-12:00, 12:00-17:30"),
        []
    );
}

#[test]
fn rules_on_alarms_and_zones() {
    use Severity::{Error, Warning};
    only(
        &changed("module = 1\ncontact = 4", "module = direct\ncontact = 1"),
        Error,
        "contact-again",
        "alarm.2.contact",
        "alarm.1",
    );
    only(
        &changed("preset = 3\nzone = 2", "preset = 3"),
        Warning,
        "no-inputs",
        "zone.2",
        "no inputs",
    );
    only(
        &changed("inputs = 1\n", "inputs = 1,7\n"),
        Error,
        "no-input",
        "zone.1.inputs",
        "[alarm.7]",
    );
    only(
        &changed("cameras = 2,3", "cameras = 2,5"),
        Error,
        "no-camera",
        "zone.2.cameras",
        "[camera.5]",
    );
    only(
        &changed("cameras = 2,3\n", ""),
        Warning,
        "no-cameras",
        "zone.2",
        "no camera",
    );
    only(
        &changed("combine = or", "combine = and"),
        Warning,
        "combine",
        "zone.2.combine",
        "two inputs",
    );
    only(
        &changed(
            "preset = 3\nzone = 2",
            "preset = 3\nzone = 2\n[alarm.3]\nzone = 9",
        ),
        Error,
        "no-zone",
        "alarm.3.zone",
        "[zone.9]",
    );
    // Zones 27 to 32 are preset and need no inputs and no section.
    assert_eq!(
        changed(
            "[relay.1]",
            "[zone.30]\ncameras = all\n[alarm.3]\nzone = 32\n[relay.1]"
        ),
        []
    );
    only(
        &changed("[relay.1]", "[zone.26]\ncameras = all\n[relay.1]"),
        Warning,
        "no-inputs",
        "zone.26",
        "no inputs",
    );
}

#[test]
fn rules_on_accounts() {
    use Severity::{Error, Warning};
    for word in ["web", "Admin", "123456", "dm"] {
        let found = changed("password = Otter-77-violin", &format!("password = {word}"));
        only(
            &found,
            Error,
            "factory-password",
            "account.office.password",
            "factory",
        );
        assert!(!found[0].message.contains(word));
    }
    only(
        &changed("password = Kestrel-41-lamp", "password = ftp"),
        Error,
        "factory-password",
        "archive.password",
        "factory",
    );
    only(
        &changed("password = Otter-77-violin\n", ""),
        Warning,
        "no-password",
        "account.office",
        "no password",
    );
    only(
        &changed(
            "user = guard\npassword = Finch-19-canal",
            "user = Caretaker\npassword = caretaker",
        ),
        Warning,
        "user-as-password",
        "account.guard.password",
        "user",
    );
    only(
        &changed("cameras = 1-3", "cameras = 1-5"),
        Error,
        "no-camera",
        "account.guard.cameras",
        "[camera.5]",
    );
    only(
        &changed("type = web-admin", "type = telnet"),
        Warning,
        "open",
        "account.guard",
        "web-admin",
    );
    only(
        &changed(
            "type = viewer\nuser = guard",
            "type = web-admin\nuser = Office",
        ),
        Error,
        "user-again",
        "account.office.user",
        "account.guard",
    );
    only(
        &changed("type = viewer\n", ""),
        Error,
        "no-type",
        "account.guard",
        "type",
    );
}

#[test]
fn rules_on_the_text() {
    use Severity::{Error, Warning};
    only(
        &changed("site = NORTH", "site = NORTH\nSite = again"),
        Error,
        "key-again",
        "unit.site",
        "more than once",
    );
    only(
        &changed("site = NORTH", "colour = red"),
        Warning,
        "unknown-key",
        "unit.colour",
        "name, site, model",
    );
    only(
        &changed("[relay.1]", "[robot.1]"),
        Warning,
        "unknown-section",
        "robot.1",
        "[camera.1..64]",
    );
    only(
        &changed("[relay.1]", "[relay.65]"),
        Warning,
        "unknown-section",
        "relay.65",
        "[relay.1..64]",
    );
    only(
        &changed("site = NORTH", "site NORTH"),
        Error,
        "stray-line",
        "text",
        "key = value",
    );
    only(
        &changed("; par 1", "; other"),
        Warning,
        "no-version",
        "text",
        "; par 1",
    );
    only(
        &changed("expiry = 30", "expiry = 30\n[unit]"),
        Warning,
        "section-again",
        "unit",
        "again",
    );
    assert!(
        changed("site = NORTH", "; <<<<<<< unit.site: ours is NORTH")
            .iter()
            .any(|f| f.rule == "conflict")
    );
}

#[test]
fn every_kind_of_section_has_help() {
    for def in schema::SECTIONS {
        assert!(
            !def.help.is_empty() && def.fields.iter().all(|f| !f.help.is_empty()),
            "{}",
            def.name
        );
    }
}
