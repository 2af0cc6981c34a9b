// SPDX-License-Identifier: MPL-2.0
//! The rules across the fields of a configuration. What a single value may be is in its type.

use super::fields::*;
use super::times;
use super::types::{Numbers, mask, networks};
use super::week;
use crate::error::Place;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::Ipv4Addr;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Allowed, but most likely not meant.
    Warning,
    /// Not allowed.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// One thing that is wrong. No message holds a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Short name of the rule, such as `two-titles`.
    pub rule: &'static str,
    /// Where; line 0 for a value that is in no text.
    pub place: Place,
    /// The field or section.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.line > 0 {
            write!(f, "{}:{}: ", self.place.line, self.place.column)?;
        }
        write!(
            f,
            "{}: {}: {} [{}]",
            self.severity, self.path, self.message, self.rule
        )
    }
}

/// Whether there is an error among the findings.
pub fn has_errors(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

#[derive(Default)]
struct Found(Vec<Finding>);

impl Found {
    fn push(
        &mut self,
        severity: Severity,
        rule: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) {
        let place = Place::default();
        self.0.push(Finding {
            severity,
            rule,
            place,
            path: path.into(),
            message: message.into(),
        });
    }

    fn error(&mut self, rule: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.push(Severity::Error, rule, path, message);
    }

    fn warn(&mut self, rule: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.push(Severity::Warning, rule, path, message);
    }
}

/// Checks a configuration.
pub fn check(config: &Config) -> Vec<Finding> {
    let mut found = Found::default();
    cameras(config, &mut found);
    profiles(config, &mut found);
    schedule(config, &mut found);
    alarms(config, &mut found);
    zones(config, &mut found);
    addresses(&config.network, &mut found);
    targets(config, &mut found);
    accounts(config, &mut found);
    time_zone(&config.unit, &mut found);
    found.0
}

fn cameras(config: &Config, found: &mut Found) {
    let modes = week::modes(&config.schedule);
    let mut titles: HashMap<String, u16> = HashMap::new();
    for (id, camera) in &config.camera {
        let path = format!("camera.{}", id.0);
        if let Some(title) = camera
            .title
            .as_ref()
            .map(|title| title.as_str())
            .filter(|title| !title.is_empty())
        {
            match titles.get(&title.to_lowercase()) {
                Some(first) => found.warn(
                    "two-titles",
                    format!("{path}.title"),
                    format!("{title:?} is the title of camera {first} too"),
                ),
                None => drop(titles.insert(title.to_lowercase(), id.0)),
            }
        }
        let named = camera
            .profiles
            .iter()
            .map(|(mode, name)| (format!("{path}.profiles.{}", mode.as_str()), name));
        for (path, name) in camera
            .profile
            .iter()
            .map(|name| (format!("{path}.profile"), name))
            .chain(named)
        {
            if !config.profile.contains_key(name) {
                found.error(
                    "no-profile",
                    path,
                    format!("there is no [profile.{}]", name.as_str()),
                );
            }
        }
        if camera.enabled == Some(false) {
            continue;
        }
        let without: Vec<&str> = modes
            .iter()
            .filter(|mode| camera.profile.is_none() && !camera.profiles.contains_key(mode))
            .map(|mode| mode.as_str())
            .collect();
        if without.len() == modes.len() {
            found.warn(
                "not-recorded",
                path.as_str(),
                "has no profile; allowed: profile, or profiles.MODE for each mode",
            );
        } else if !without.is_empty() {
            found.warn(
                "not-recorded",
                path.as_str(),
                format!("has no profile in mode {}", without.join(", ")),
            );
        }
        if let (Some(own), Some(all)) = (camera.standard, config.unit.standard)
            && own != all
        {
            found.warn(
                "standard",
                format!("{path}.standard"),
                format!("is {}, the unit is {}", own.as_str(), all.as_str()),
            );
        }
    }
}

fn profiles(config: &Config, found: &mut Found) {
    let used: BTreeSet<_> = config
        .camera
        .values()
        .flat_map(|camera| camera.profile.iter().chain(camera.profiles.values()))
        .collect();
    let model = config
        .unit
        .model
        .as_ref()
        .map_or("", |model| model.as_str())
        .to_ascii_uppercase();
    for (name, profile) in &config.profile {
        let path = format!("profile.{}", name.as_str());
        if !used.contains(name) {
            found.warn("unused-profile", path.as_str(), "is used by no camera");
        }
        // The range is stated; that only the BX2 has the wide one is too.
        if let Some(rate) = profile
            .bit_rate
            .map(|rate| rate.get())
            .filter(|rate| !(45..=2500).contains(rate) && !model.contains("BX2"))
        {
            found.error(
                "bit-rate",
                format!("{path}.bit-rate"),
                format!("{rate} is not allowed; allowed: 45 to 2500 kbit/s (on a BX2 8 to 8192)"),
            );
        }
        let useless: [(&str, bool); 3] = match profile.compression {
            Some(Compression::Jpeg) => [
                ("bit-rate", profile.bit_rate.is_some()),
                ("i-interval", profile.i_interval.is_some()),
                ("", false),
            ],
            Some(_) => [
                ("jpeg-size", profile.jpeg_size.is_some()),
                ("", false),
                ("", false),
            ],
            None => Default::default(),
        };
        for (key, _) in useless.iter().filter(|(_, is_set)| *is_set) {
            found.warn(
                "no-effect",
                format!("{path}.{key}"),
                "has no effect with this compression",
            );
        }
        rate_limit(
            config,
            profile.rate.as_ref().map(|rate| rate.as_str()),
            format!("{path}.rate"),
            found,
        );
    }
}

/// PAL has 25 frames per second.
fn rate_limit(config: &Config, rate: Option<&str>, path: String, found: &mut Found) {
    let fast = rate
        .and_then(times::per_second)
        .is_some_and(|rate| rate > 25.0);
    if config.unit.standard == Some(Standard::Pal) && fast {
        found.error(
            "rate",
            path,
            format!(
                "{} is not allowed with PAL; allowed: at most 25 frames per second",
                rate.unwrap_or_default()
            ),
        );
    }
}

fn schedule(config: &Config, found: &mut Found) {
    let schedule = &config.schedule;
    let known = week::modes(schedule);
    let names = || known.map(Mode::as_str).join(", ");
    for mode in Mode::ALL.iter().filter(|mode| !known.contains(mode)) {
        for (day, times) in schedule.days() {
            if times.of_mode(*mode).is_some() {
                found.warn(
                    "no-effect",
                    format!("schedule.{day}.{}", mode.as_str()),
                    format!("has no effect: the unit's modes are {}", names()),
                );
            }
        }
    }
    match (&schedule.weekend_start, &schedule.weekend_end) {
        (Some(_), None) => found.error("weekend", "schedule.weekend-start", "needs weekend-end"),
        (None, Some(_)) => found.error("weekend", "schedule.weekend-end", "needs weekend-start"),
        _ => {}
    }
    let speed = |rate: &super::types::RateOrOff| times::per_second(rate.as_str()).unwrap_or(0.0);
    for mode in Mode::ALL {
        let (standard, event) = (schedule.rate.get(mode), schedule.event_rate.get(mode));
        if let (Some(standard), Some(event)) = (standard, event)
            && speed(event) < speed(standard)
        {
            found.warn(
                "event-rate",
                format!("schedule.event-rate.{}", mode.as_str()),
                "is slower than the standard rate of this mode",
            );
        }
        rate_limit(
            config,
            standard.map(|rate| rate.as_str()),
            format!("schedule.rate.{}", mode.as_str()),
            found,
        );
        rate_limit(
            config,
            event.map(|rate| rate.as_str()),
            format!("schedule.event-rate.{}", mode.as_str()),
            found,
        );
    }
    for group in [
        &[Mode::Day, Mode::Night][..],
        &[Mode::Set, Mode::Unset],
        &[Mode::Override],
    ] {
        overlaps(schedule, group, found);
    }
}

/// Times that overlap, also with the day before where those continue after midnight.
fn overlaps(schedule: &Schedule, group: &[Mode], found: &mut Found) {
    const WEEK: u32 = 7 * times::DAY as u32;
    let mut spans: Vec<(u32, u32, String)> = Vec::new();
    for mode in group {
        for (from, to, day) in week::spans(schedule, *mode) {
            let path = format!("schedule.{day}.{}", mode.as_str());
            if to > WEEK {
                spans.push((0, to.saturating_sub(WEEK), path.clone()));
            }
            spans.push((from, to, path));
        }
    }
    spans.sort();
    let mut open: Option<(u32, String)> = None;
    for (from, to, path) in spans {
        if let Some((end, other)) = open.as_ref().filter(|(end, _)| from < *end) {
            let message = format!(
                "overlaps {other} at {:02}:{:02}",
                (from / 60) % 24,
                from % 60
            );
            found.error("overlap", path.as_str(), message);
            if to <= *end {
                continue;
            }
        }
        open = Some((to, path));
    }
}

fn alarms(config: &Config, found: &mut Found) {
    let mut wired: BTreeMap<(&str, i64), u16> = BTreeMap::new();
    for (id, alarm) in &config.alarm {
        let path = format!("alarm.{}", id.0);
        if let (Some(module), Some(contact)) = (&alarm.module, alarm.contact) {
            let place = (module.as_str(), contact.get());
            match wired.get(&place) {
                Some(first) => found.error(
                    "contact-again",
                    format!("{path}.contact"),
                    format!(
                        "contact {} of module {} is alarm {first} already",
                        place.1, place.0
                    ),
                ),
                None => drop(wired.insert(place, id.0)),
            }
        }
        if let Some(zone) = alarm.zone.map(|zone| zone.get()) {
            let exists = config.zone.keys().any(|id| i64::from(id.0) == zone);
            if zone < i64::from(PRESET_ZONE) && !exists {
                found.error(
                    "no-zone",
                    format!("{path}.zone"),
                    format!("there is no [zone.{zone}]"),
                );
            }
        }
    }
}

/// Numbers that a list names and that do not exist.
fn missing<const MAX: u16>(
    list: Option<&Numbers<MAX>>,
    exist: &BTreeSet<u16>,
    path: &str,
    what: &str,
    found: &mut Found,
) {
    let listed = list.filter(|list| !list.all).map(|list| &list.set);
    for number in listed
        .into_iter()
        .flatten()
        .filter(|number| !exist.contains(number))
    {
        let rule = if what == "camera" {
            "no-camera"
        } else {
            "no-input"
        };
        found.error(rule, path, format!("there is no [{what}.{number}]"));
    }
}

fn zones(config: &Config, found: &mut Found) {
    let alarms: BTreeSet<u16> = config.alarm.keys().map(|id| id.0).collect();
    let cameras: BTreeSet<u16> = config.camera.keys().map(|id| id.0).collect();
    for (id, zone) in &config.zone {
        let path = format!("zone.{}", id.0);
        missing(
            zone.inputs.as_ref(),
            &alarms,
            &format!("{path}.inputs"),
            "alarm",
            found,
        );
        missing(
            zone.cameras.as_ref(),
            &cameras,
            &format!("{path}.cameras"),
            "camera",
            found,
        );
        let own = config
            .alarm
            .iter()
            .filter(|(_, alarm)| alarm.zone.is_some_and(|zone| zone.get() == i64::from(id.0)));
        let mut inputs: BTreeSet<u16> = own.map(|(id, _)| id.0).collect();
        inputs.extend(zone.inputs.iter().flat_map(|list| &list.set));
        if inputs.is_empty() && id.0 < PRESET_ZONE {
            found.warn(
                "no-inputs",
                path.as_str(),
                "has no inputs; allowed: inputs = \"1-3,6\", or zone in an alarm",
            );
        }
        if zone.combine == Some(Combine::And) && inputs.len() == 1 {
            found.warn(
                "combine",
                format!("{path}.combine"),
                "\"and\" needs two inputs",
            );
        }
        if zone
            .cameras
            .as_ref()
            .is_none_or(|cameras| cameras.set.is_empty())
        {
            found.warn("no-cameras", path.as_str(), "records no camera");
        }
    }
}

fn addresses(network: &Network, found: &mut Found) {
    let parse = |address: &Option<super::types::Address>| {
        address
            .as_ref()
            .and_then(|a| a.as_str().parse::<Ipv4Addr>().ok())
    };
    if let (Some(http), Some(ftp)) = (network.http_port, network.ftp_port)
        && http.get() == ftp.get()
    {
        found.error("port", "network.ftp-port", "is the web port too");
    }
    let Some(own) = parse(&network.address) else {
        return;
    };
    let gateway = parse(&network.gateway).filter(|gateway| !gateway.is_unspecified());
    if own.is_unspecified() {
        if gateway.is_some() {
            found.warn(
                "dhcp",
                "network.gateway",
                "is not used: the address comes by DHCP",
            );
        }
        return;
    }
    if own.is_loopback() || own.is_multicast() || own.is_broadcast() {
        return found.error(
            "address",
            "network.address",
            format!("{own} is not an address of a unit"),
        );
    }
    let Some(bits) = network
        .mask
        .as_ref()
        .and_then(|text| mask(text.as_str()))
        .map(|(_, bits)| bits)
    else {
        return found.warn("no-mask", "network.address", "needs a mask");
    };
    let Ok(net) = ipnet::Ipv4Net::new(own, bits) else {
        return;
    };
    let is_edge =
        |address: Ipv4Addr| bits < 31 && (address == net.network() || address == net.broadcast());
    if is_edge(own) {
        found.error(
            "address",
            "network.address",
            format!(
                "{own} is the first or last address of its network {}",
                net.trunc()
            ),
        );
    }
    match gateway {
        Some(gateway) if gateway == own => {
            found.error("gateway", "network.gateway", "is the unit's own address")
        }
        Some(gateway) if !net.contains(&gateway) || is_edge(gateway) => {
            found.error(
                "gateway",
                "network.gateway",
                format!(
                    "{gateway} cannot be reached; allowed: an address in {}",
                    net.trunc()
                ),
            );
        }
        _ => {}
    }
    if let Some(allowed) = network
        .allowed
        .as_ref()
        .and_then(|text| networks(text.as_str()))
        && !allowed.is_empty()
        && !allowed
            .iter()
            .any(|other| other.contains(&net.trunc()) || net.contains(other))
    {
        found.warn(
            "allowed",
            "network.allowed",
            format!("lets in nobody of the unit's own network {}", net.trunc()),
        );
    }
}

fn targets(config: &Config, found: &mut Found) {
    let (reporting, archive) = (&config.reporting, &config.archive);
    if reporting.smtp_server.is_some() {
        for (key, is_set) in [
            ("smtp-from", reporting.smtp_from.is_some()),
            ("smtp-to", reporting.smtp_to.is_some()),
        ] {
            if !is_set {
                found.warn("mail", "reporting.smtp-server", format!("needs {key}"));
            }
        }
    }
    if reporting.alarm_host_secondary.is_some() && reporting.alarm_host_primary.is_none() {
        found.warn(
            "alarm-host",
            "reporting.alarm-host-secondary",
            "needs alarm-host-primary",
        );
    }
    if archive.ftp_server.is_some() && archive.when.is_none() {
        found.warn(
            "archive",
            "archive.ftp-server",
            "needs when, or nothing is copied",
        );
    }
    if archive.webcam_interval.is_some() && archive.ftp_server.is_none() {
        found.warn("archive", "archive.webcam-interval", "needs ftp-server");
    }
}

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

fn accounts(config: &Config, found: &mut Found) {
    let cameras: BTreeSet<u16> = config.camera.keys().map(|id| id.0).collect();
    let mut seen: BTreeMap<(AccountType, String), &str> = BTreeMap::new();
    for (name, account) in &config.account {
        let path = format!("account.{}", name.as_str());
        let user = account.user.as_ref().map_or("", |user| user.as_str());
        match account.password.as_ref().map(|password| password.reveal()) {
            None | Some("") => found.warn("no-password", path.as_str(), "has no password"),
            Some(password) => password_of(password, user, &path, found),
        }
        match account.r#type {
            None => found.error("no-type", path.as_str(), "needs a type"),
            Some(kind) if !user.is_empty() => {
                if let Some(first) = seen.insert((kind, user.to_lowercase()), name.as_str()) {
                    found.error(
                        "user-again",
                        format!("{path}.user"),
                        format!(
                            "user {user:?} of type {} is account {first} already",
                            kind.as_str()
                        ),
                    );
                }
            }
            Some(_) => {}
        }
        missing(
            account.cameras.as_ref(),
            &cameras,
            &format!("{path}.cameras"),
            "camera",
            found,
        );
    }
    let archive = &config.archive;
    if let Some(password) = &archive.password {
        password_of(
            password.reveal(),
            archive.user.as_ref().map_or("", |user| user.as_str()),
            "archive",
            found,
        );
    }
    // Stated: where no account of a type is set, everybody is let in without being asked.
    if let Some(first) = config.account.keys().next()
        && !config
            .account
            .values()
            .any(|account| account.r#type == Some(AccountType::WebAdmin))
    {
        let message = "there is no account of type web-admin, so anybody may change the settings";
        found.warn("open", format!("account.{}", first.as_str()), message);
    }
}

fn password_of(password: &str, user: &str, path: &str, found: &mut Found) {
    let path = format!("{path}.password");
    if FACTORY.contains(&password.to_ascii_lowercase().as_str()) {
        found.error(
            "factory-password",
            path,
            "is a publicly known factory password; choose another",
        );
    } else if !password.is_empty() && password.eq_ignore_ascii_case(user) {
        found.warn("user-as-password", path, "is the user's name");
    }
}

/// A fixed offset that the time zone never has.
fn time_zone(unit: &Unit, found: &mut Found) {
    let zone = unit
        .time_zone
        .as_ref()
        .and_then(|zone| jiff::tz::TimeZone::get(zone.as_str()).ok());
    let (Some(offset), Some(zone)) = (unit.utc_offset.map(|offset| offset.get()), zone) else {
        return;
    };
    let offsets: BTreeSet<i64> = (1..=12_i8)
        .filter_map(|month| {
            jiff::civil::Date::new(2026, month, 1)
                .ok()?
                .to_zoned(zone.clone())
                .ok()
        })
        .filter_map(|time| i64::from(time.offset().seconds()).checked_div(60))
        .collect();
    if !offsets.contains(&offset) {
        let allowed: Vec<String> = offsets.iter().map(i64::to_string).collect();
        found.warn(
            "time-zone",
            "unit.utc-offset",
            format!(
                "{offset} minutes is not an offset of this time zone; allowed: {}",
                allowed.join(", ")
            ),
        );
    }
}
