// SPDX-License-Identifier: MPL-2.0
//! Rules on accounts and passwords. No message repeats a password.

use super::super::schema::CAMERAS;
use super::super::value::numbers;
use super::Check;
use std::collections::HashMap;

/// Words that published lists of factory passwords give for recorders, these units' own among them (assumed: the lists are not
/// the vendor's; its manuals say that a unit has no passwords until one is set).
const FACTORY: [&str; 30] = [
    "dm",
    "web",
    "ftp",
    "dmftp",
    "telnet",
    "webmaster",
    "netvu",
    "admin",
    "administrator",
    "password",
    "pass",
    "user",
    "guest",
    "viewer",
    "root",
    "default",
    "system",
    "service",
    "installer",
    "0000",
    "00000",
    "000000",
    "1111",
    "111111",
    "1234",
    "12345",
    "123456",
    "4321",
    "9999",
    "888888",
];

pub(super) fn check(check: &mut Check<'_>) {
    passwords(check);
    accounts(check);
}

fn passwords(check: &mut Check<'_>) {
    let config = check.config;
    let accounts = config.sections_of("account");
    let archive = config
        .section("archive")
        .map(|section| ("archive", section));
    for (_, section) in accounts.into_iter().chain(archive) {
        let user = section.value("user").unwrap_or_default();
        match section.value("password") {
            None if section.name == "archive" => {}
            None | Some("") => {
                check.warn("no-password", &section.name, "", "has no password");
            }
            Some(password) if FACTORY.contains(&password.to_ascii_lowercase().as_str()) => {
                let message = "is a publicly known factory password; choose another";
                check.error("factory-password", &section.name, "password", message);
            }
            Some(password) if password.eq_ignore_ascii_case(user) => {
                check.warn(
                    "user-as-password",
                    &section.name,
                    "password",
                    "is the user's name",
                );
            }
            Some(_) => {}
        }
    }
}

fn accounts(check: &mut Check<'_>) {
    let config = check.config;
    let cameras = config.numbers_of("camera");
    let mut seen: HashMap<(String, String), String> = HashMap::new();
    let accounts = config.sections_of("account");
    for (_, section) in &accounts {
        let name = section.name.as_str();
        let kind = config.canonical(name, "type");
        if kind.is_none() && section.value("type").is_none() {
            check.error("no-type", name, "", "needs a type");
        }
        if let (Some(kind), Some(user)) = (kind, section.value("user")) {
            match seen.get(&(kind.clone(), user.to_lowercase())) {
                Some(first) => {
                    let message = format!("user {user:?} of type {kind} is {first} already");
                    check.error("user-again", name, "user", message);
                }
                None => {
                    seen.insert((kind, user.to_lowercase()), name.to_owned());
                }
            }
        }
        let listed = section.value("cameras").unwrap_or_default();
        if listed.eq_ignore_ascii_case("all") {
            continue;
        }
        for camera in numbers(listed, CAMERAS).unwrap_or_default() {
            if !cameras.contains(&camera) {
                check.error(
                    "no-camera",
                    name,
                    "cameras",
                    format!("there is no [camera.{camera}]"),
                );
            }
        }
    }
    // Stated: where no account of a type is set, everybody is let in without being asked.
    let has = |kind: &str| accounts.iter().any(|(_, s)| s.value("type") == Some(kind));
    if let Some((_, first)) = accounts.first()
        && !has("web-admin")
    {
        let message = "there is no account of type web-admin, so anybody may change the settings";
        check.warn("open", &first.name, "", message);
    }
}
