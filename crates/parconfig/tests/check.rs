// SPDX-License-Identifier: MPL-2.0
//! Every rule finds what it is for, at the right place, and nothing in a configuration that is good: values, network, cameras,
//! profiles and schedule.

use crate::parconfig_rules;

use parconfig::check::Severity;
use parconfig_rules::{changed, example, findings, only};

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
