// SPDX-License-Identifier: MPL-2.0
//! Every rule finds what it is for: alarms, zones, accounts and the text itself.

use crate::parconfig_rules;

use parconfig::check::Severity;
use parconfig::schema;
use parconfig_rules::{changed, only};

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
