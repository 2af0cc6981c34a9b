// SPDX-License-Identifier: MPL-2.0
//! The rules across the fields of a configuration. What a single value may be is in its type.

use super::fields::*;
use super::times;
use super::types::{Address, Id, Int, Name, Numbers, RateOrOff, mask, networks};
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
    fn push(&mut self, severity: Severity, rule: &'static str, path: String, message: String) {
        let place = Place::default();
        self.0.push(Finding {
            severity,
            rule,
            place,
            path,
            message,
        });
    }
}

/// Adds a finding: rule, path => message, both with the names in scope.
macro_rules! warn {
    ($found:ident, $rule:literal, $path:literal => $message:literal) => {
        $found.push(Severity::Warning, $rule, format!($path), format!($message))
    };
}

/// The same for what is not allowed.
macro_rules! error {
    ($found:ident, $rule:literal, $path:literal => $message:literal) => {
        $found.push(Severity::Error, $rule, format!($path), format!($message))
    };
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
    for (Id(number), camera) in &config.camera {
        let title = camera.title.as_ref().map_or("", |title| title.as_str());
        match titles.get(&title.to_lowercase()) {
            Some(first) => {
                warn!(found, "two-titles", "camera.{number}.title" => "{title:?} is the title of camera {first} too")
            }
            None if !title.is_empty() => drop(titles.insert(title.to_lowercase(), *number)),
            None => {}
        }
        let named = camera
            .profiles
            .iter()
            .map(|(mode, name)| (format!("profiles.{}", mode.as_str()), name));
        for (key, name) in camera
            .profile
            .iter()
            .map(|name| ("profile".into(), name))
            .chain(named)
        {
            if !config.profile.contains_key(name) {
                let name = name.as_str();
                error!(found, "no-profile", "camera.{number}.{key}" => "there is no [profile.{name}]");
            }
        }
        if camera.enabled == Some(false) {
            continue;
        }
        let lacks = |mode: &&Mode| camera.profile.is_none() && !camera.profiles.contains_key(mode);
        let without: Vec<&str> = modes
            .iter()
            .filter(lacks)
            .map(|mode| mode.as_str())
            .collect();
        if !without.is_empty() {
            let without = without.join(", ");
            warn!(found, "not-recorded", "camera.{number}" => "has no profile in mode {without}; allowed: profile, or profiles.MODE for each mode");
        }
        if let (Some(own), Some(all)) = (camera.standard, config.unit.standard)
            && own != all
        {
            let (own, all) = (own.as_str(), all.as_str());
            warn!(found, "standard", "camera.{number}.standard" => "is {own}, the unit is {all}");
        }
    }
}

fn profiles(config: &Config, found: &mut Found) {
    let names = |camera: &'_ Camera| -> Vec<Name> {
        camera
            .profile
            .iter()
            .chain(camera.profiles.values())
            .cloned()
            .collect()
    };
    let used: BTreeSet<Name> = config.camera.values().flat_map(names).collect();
    let model = config
        .unit
        .model
        .as_ref()
        .map_or("", |model| model.as_str())
        .to_ascii_uppercase();
    for (name, profile) in &config.profile {
        let (name, is_used) = (name.as_str(), used.contains(name));
        if !is_used {
            warn!(found, "unused-profile", "profile.{name}" => "is used by no camera");
        }
        // The range is stated; that only the BX2 has the wide one is too.
        let rate = profile.bit_rate.map_or(45, |rate| rate.get());
        if !(45..=2500).contains(&rate) && !model.contains("BX2") {
            error!(found, "bit-rate", "profile.{name}.bit-rate" => "{rate} is not allowed; allowed: 45 to 2500 kbit/s (on a BX2 8 to 8192)");
        }
        let is_jpeg = profile
            .compression
            .map(|coding| coding == Compression::Jpeg);
        for (key, is_set, of_jpeg) in [
            ("bit-rate", profile.bit_rate.is_some(), false),
            ("i-interval", profile.i_interval.is_some(), false),
            ("jpeg-size", profile.jpeg_size.is_some(), true),
        ] {
            if is_set && is_jpeg.is_some_and(|is_jpeg| is_jpeg != of_jpeg) {
                warn!(found, "no-effect", "profile.{name}.{key}" => "has no effect with this compression");
            }
        }
        let rate = profile.rate.as_ref().map(|rate| rate.as_str());
        check_rate(config, rate, &format!("profile.{name}.rate"), found);
    }
}

/// PAL has 25 frames per second.
fn check_rate(config: &Config, rate: Option<&str>, path: &str, found: &mut Found) {
    let rate = rate.unwrap_or_default();
    let fast = times::per_second(rate).is_some_and(|rate| rate > 25.0);
    if config.unit.standard == Some(Standard::Pal) && fast {
        error!(found, "rate", "{path}" => "{rate} is not allowed with PAL; allowed: at most 25 frames per second");
    }
}

fn schedule(config: &Config, found: &mut Found) {
    let schedule = &config.schedule;
    let known = week::modes(schedule);
    let names = known.map(Mode::as_str).join(", ");
    for mode in Mode::ALL.iter().filter(|mode| !known.contains(mode)) {
        for (day, _) in schedule
            .days()
            .iter()
            .filter(|(_, times)| times.of_mode(*mode).is_some())
        {
            let mode = mode.as_str();
            warn!(found, "no-effect", "schedule.{day}.{mode}" => "has no effect: the unit's modes are {names}");
        }
    }
    match (&schedule.weekend_start, &schedule.weekend_end) {
        (Some(_), None) => {
            error!(found, "weekend", "schedule.weekend-start" => "needs weekend-end")
        }
        (None, Some(_)) => {
            error!(found, "weekend", "schedule.weekend-end" => "needs weekend-start")
        }
        _ => {}
    }
    for mode in Mode::ALL {
        let rate = |rates: &'_ BTreeMap<Mode, RateOrOff>| {
            rates.get(mode).map(|rate| rate.as_str().to_owned())
        };
        let speed = |rate: &Option<String>| {
            rate.as_deref()
                .map(|rate| times::per_second(rate).unwrap_or(0.0))
        };
        let (standard, event) = (rate(&schedule.rate), rate(&schedule.event_rate));
        let mode = mode.as_str();
        if speed(&standard)
            .zip(speed(&event))
            .is_some_and(|(standard, event)| event < standard)
        {
            warn!(found, "event-rate", "schedule.event-rate.{mode}" => "is slower than the standard rate of this mode");
        }
        check_rate(
            config,
            standard.as_deref(),
            &format!("schedule.rate.{mode}"),
            found,
        );
        check_rate(
            config,
            event.as_deref(),
            &format!("schedule.event-rate.{mode}"),
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
            let (hour, minute) = ((from / 60) % 24, from % 60);
            error!(found, "overlap", "{path}" => "overlaps {other} at {hour:02}:{minute:02}");
            if to <= *end {
                continue;
            }
        }
        open = Some((to, path));
    }
}

fn alarms(config: &Config, found: &mut Found) {
    let mut wired: BTreeMap<(&str, i64), u16> = BTreeMap::new();
    for (Id(number), alarm) in &config.alarm {
        if let (Some(module), Some(contact)) = (&alarm.module, alarm.contact) {
            let (module, contact) = (module.as_str(), contact.get());
            match wired.get(&(module, contact)) {
                Some(first) => {
                    error!(found, "contact-again", "alarm.{number}.contact" => "contact {contact} of module {module} is alarm {first} already")
                }
                None => drop(wired.insert((module, contact), *number)),
            }
        }
        let zone = alarm.zone.map_or(i64::from(PRESET_ZONE), |zone| zone.get());
        if zone < i64::from(PRESET_ZONE) && !config.zone.keys().any(|id| i64::from(id.0) == zone) {
            error!(found, "no-zone", "alarm.{number}.zone" => "there is no [zone.{zone}]");
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
        error!(found, "missing", "{path}" => "there is no [{what}.{number}]");
    }
}

fn zones(config: &Config, found: &mut Found) {
    let alarms: BTreeSet<u16> = config.alarm.keys().map(|id| id.0).collect();
    let cameras: BTreeSet<u16> = config.camera.keys().map(|id| id.0).collect();
    for (Id(number), zone) in &config.zone {
        missing(
            zone.inputs.as_ref(),
            &alarms,
            &format!("zone.{number}.inputs"),
            "alarm",
            found,
        );
        missing(
            zone.cameras.as_ref(),
            &cameras,
            &format!("zone.{number}.cameras"),
            "camera",
            found,
        );
        let is_own = |alarm: &&Alarm| {
            alarm
                .zone
                .is_some_and(|zone| zone.get() == i64::from(*number))
        };
        let own = config.alarm.values().filter(is_own).count();
        let inputs = zone
            .inputs
            .as_ref()
            .map_or(0, |list| list.set.len())
            .saturating_add(own);
        if inputs == 0 && *number < PRESET_ZONE {
            warn!(found, "no-inputs", "zone.{number}" => "has no inputs; allowed: inputs = \"1-3,6\", or zone in an alarm");
        }
        if zone.combine == Some(Combine::And) && inputs == 1 {
            warn!(found, "combine", "zone.{number}.combine" => "\"and\" needs two inputs");
        }
        if zone
            .cameras
            .as_ref()
            .is_none_or(|cameras| cameras.set.is_empty())
        {
            warn!(found, "no-cameras", "zone.{number}" => "records no camera");
        }
    }
}

fn addresses(network: &Network, found: &mut Found) {
    let parse = |address: &Option<Address>| address.as_ref()?.as_str().parse::<Ipv4Addr>().ok();
    let port = |port: Option<Int<1, 65535>>| port.map(|port| port.get());
    if port(network.http_port).is_some() && port(network.http_port) == port(network.ftp_port) {
        error!(found, "port", "network.ftp-port" => "is the web port too");
    }
    let Some(own) = parse(&network.address) else {
        return;
    };
    let gateway = parse(&network.gateway).filter(|gateway| !gateway.is_unspecified());
    if own.is_unspecified() {
        if gateway.is_some() {
            warn!(found, "dhcp", "network.gateway" => "is not used: the address comes by DHCP");
        }
        return;
    }
    if own.is_loopback() || own.is_multicast() || own.is_broadcast() {
        return error!(found, "address", "network.address" => "{own} is not an address of a unit");
    }
    let mask = network.mask.as_ref().and_then(|text| mask(text.as_str()));
    let Some(net) = mask.and_then(|(_, bits)| ipnet::Ipv4Net::new(own, bits).ok()) else {
        return warn!(found, "no-mask", "network.address" => "needs a mask");
    };
    let whole = net.trunc();
    let is_edge =
        |address| net.prefix_len() < 31 && (address == net.network() || address == net.broadcast());
    if is_edge(own) {
        error!(found, "address", "network.address" => "{own} is the first or last address of its network {whole}");
    }
    if let Some(gateway) =
        gateway.filter(|other| *other == own || !net.contains(other) || is_edge(*other))
    {
        error!(found, "gateway", "network.gateway" => "{gateway} cannot be reached; allowed: another address in {whole}");
    }
    let allowed = network
        .allowed
        .as_ref()
        .and_then(|text| networks(text.as_str()))
        .unwrap_or_default();
    if !allowed.is_empty()
        && !allowed
            .iter()
            .any(|other| other.contains(&whole) || net.contains(other))
    {
        warn!(found, "allowed", "network.allowed" => "lets in nobody of the unit's own network {whole}");
    }
}

/// Values that need another one.
fn targets(config: &Config, found: &mut Found) {
    let (reporting, archive) = (&config.reporting, &config.archive);
    for (key, is_set, other, has_other) in [
        (
            "reporting.smtp-server",
            reporting.smtp_server.is_some(),
            "smtp-from",
            reporting.smtp_from.is_some(),
        ),
        (
            "reporting.smtp-server",
            reporting.smtp_server.is_some(),
            "smtp-to",
            reporting.smtp_to.is_some(),
        ),
        (
            "reporting.alarm-host-secondary",
            reporting.alarm_host_secondary.is_some(),
            "alarm-host-primary",
            reporting.alarm_host_primary.is_some(),
        ),
        (
            "archive.ftp-server",
            archive.ftp_server.is_some(),
            "when",
            archive.when.is_some(),
        ),
        (
            "archive.webcam-interval",
            archive.webcam_interval.is_some(),
            "ftp-server",
            archive.ftp_server.is_some(),
        ),
    ] {
        if is_set && !has_other {
            warn!(found, "incomplete", "{key}" => "needs {other}");
        }
    }
}

/// Words that published lists of factory passwords give for recorders, these units' own among them (assumed: the lists are not
/// the vendor's; its manuals say that a unit has no passwords until one is set).
const FACTORY: &str = " dm web ftp dmftp telnet webmaster netvu admin administrator password pass user guest viewer root default \
    system service installer 0000 00000 000000 1111 111111 1234 12345 123456 4321 9999 888888 ";

fn accounts(config: &Config, found: &mut Found) {
    let cameras: BTreeSet<u16> = config.camera.keys().map(|id| id.0).collect();
    let mut seen: BTreeMap<(AccountType, String), &str> = BTreeMap::new();
    for (name, account) in &config.account {
        let name = name.as_str();
        let user = account.user.as_ref().map_or("", |user| user.as_str());
        match account
            .password
            .as_ref()
            .map_or("", |password| password.reveal())
        {
            "" => warn!(found, "no-password", "account.{name}" => "has no password"),
            password => check_password(password, user, &format!("account.{name}"), found),
        }
        let Some(kind) = account.r#type else {
            error!(found, "no-type", "account.{name}" => "needs a type");
            continue;
        };
        if let Some(first) = seen
            .insert((kind, user.to_lowercase()), name)
            .filter(|_| !user.is_empty())
        {
            let kind = kind.as_str();
            error!(found, "user-again", "account.{name}.user" => "user {user:?} of type {kind} is account {first} already");
        }
        missing(
            account.cameras.as_ref(),
            &cameras,
            &format!("account.{name}.cameras"),
            "camera",
            found,
        );
    }
    let archive = &config.archive;
    if let Some(password) = &archive.password {
        let user = archive.user.as_ref().map_or("", |user| user.as_str());
        check_password(password.reveal(), user, "archive", found);
    }
    // Stated: where no account of a type is set, everybody is let in without being asked.
    let is_admin = |account: &Account| account.r#type == Some(AccountType::WebAdmin);
    if let Some(first) = config
        .account
        .keys()
        .next()
        .filter(|_| !config.account.values().any(is_admin))
    {
        let first = first.as_str();
        warn!(found, "open", "account.{first}" => "there is no account of type web-admin, so anybody may change the settings");
    }
}

fn check_password(password: &str, user: &str, path: &str, found: &mut Found) {
    if FACTORY.contains(&format!(" {} ", password.to_ascii_lowercase())) {
        error!(found, "factory-password", "{path}.password" => "is a publicly known factory password; choose another");
    } else if !password.is_empty() && password.eq_ignore_ascii_case(user) {
        warn!(found, "user-as-password", "{path}.password" => "is the user's name");
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
    let first_of = |month| {
        jiff::civil::Date::new(2026, month, 1)
            .ok()?
            .to_zoned(zone.clone())
            .ok()
    };
    let minutes = |time: jiff::Zoned| i64::from(time.offset().seconds() / 60);
    let offsets: BTreeSet<i64> = (1..=12_i8).filter_map(first_of).map(minutes).collect();
    if !offsets.contains(&offset) {
        let allowed = offsets
            .iter()
            .map(i64::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        warn!(found, "time-zone", "unit.utc-offset" => "{offset} minutes is not an offset of this time zone; allowed: {allowed}");
    }
}
