// SPDX-License-Identifier: MPL-2.0
//! Rules on alarm inputs and zones.

use super::super::schema::{CAMERAS, PRESET_ZONES, ZONES};
use super::super::value::numbers;
use super::Check;
use std::collections::{BTreeSet, HashMap};

pub(super) fn check(check: &mut Check<'_>) {
    contacts(check);
    zones(check);
}

/// Two inputs on one contact, and inputs of a zone that is not there.
fn contacts(check: &mut Check<'_>) {
    let config = check.config;
    let mut wired: HashMap<(String, i32), String> = HashMap::new();
    let zones = config.numbers_of("zone");
    for (_, section) in config.sections_of("alarm") {
        let name = section.name.as_str();
        let module = config.canonical(name, "module");
        if let (Some(module), Some(contact)) = (module, config.number(name, "contact")) {
            let place = (module.clone(), contact);
            match wired.get(&place) {
                Some(first) => {
                    let message =
                        format!("contact {contact} of module {module} is {first} already");
                    check.error("contact-again", name, "contact", message);
                }
                None => {
                    wired.insert(place, name.to_owned());
                }
            }
        }
        if let Some(zone) = config.number(name, "zone") {
            let zone = u16::try_from(zone).unwrap_or(0);
            if !is_preset(zone) && !zones.contains(&zone) {
                check.error(
                    "no-zone",
                    name,
                    "zone",
                    format!("there is no [zone.{zone}]"),
                );
            }
        }
    }
}

/// Zones 27 to 32 have their meaning from the unit (stated), and need no inputs.
fn is_preset(zone: u16) -> bool {
    let first = ZONES.saturating_sub(PRESET_ZONES.len() as u16);
    zone > first && zone <= ZONES
}

fn set_of(check: &Check<'_>, section: &str, key: &str, max: u16) -> BTreeSet<u16> {
    check
        .config
        .value(section, key)
        .and_then(|value| numbers(value, max))
        .unwrap_or_default()
}

fn zones(check: &mut Check<'_>) {
    let config = check.config;
    let alarms: BTreeSet<u16> = config.numbers_of("alarm").into_iter().collect();
    let cameras: BTreeSet<u16> = config.numbers_of("camera").into_iter().collect();
    for zone in config.numbers_of("zone") {
        let name = format!("zone.{zone}");
        let listed = set_of(check, &name, "inputs", 512);
        for input in listed.difference(&alarms) {
            check.error(
                "no-input",
                &name,
                "inputs",
                format!("there is no [alarm.{input}]"),
            );
        }
        let own = alarms
            .iter()
            .filter(|n| config.number(&format!("alarm.{n}"), "zone") == Some(i32::from(zone)))
            .copied();
        let inputs: BTreeSet<u16> = listed.iter().copied().chain(own).collect();
        if inputs.is_empty() && !is_preset(zone) {
            check.warn(
                "no-inputs",
                &name,
                "",
                "has no inputs; allowed: inputs = 1-3,6, or zone in an alarm",
            );
        }
        let combine = config.canonical(&name, "combine");
        if combine.as_deref() == Some("and") && inputs.len() == 1 {
            check.warn("combine", &name, "combine", "\"and\" needs two inputs");
        }
        let recorded = set_of(check, &name, "cameras", CAMERAS);
        let all = config
            .value(&name, "cameras")
            .is_some_and(|value| value.eq_ignore_ascii_case("all"));
        if recorded.is_empty() {
            check.warn("no-cameras", &name, "", "records no camera");
        }
        if !all {
            for camera in recorded.difference(&cameras) {
                check.error(
                    "no-camera",
                    &name,
                    "cameras",
                    format!("there is no [camera.{camera}]"),
                );
            }
        }
    }
}
