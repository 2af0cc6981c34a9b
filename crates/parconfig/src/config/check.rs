// SPDX-License-Identifier: MPL-2.0
//! The rules across the fields of a configuration. What a single value may be is in its type.

use super::fields::*;
use super::times;
use super::types::{Id, Int, Numbers, mask, networks};
use super::week;
use crate::error::Position;
use std::collections::{BTreeMap, BTreeSet};
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
    pub position: Position,
    /// The field or section.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.position.line > 0 {
            write!(f, "{}:{}: ", self.position.line, self.position.column)?;
        }
        write!(
            f,
            "{}: {}: {} [{}]",
            self.severity, self.path, self.message, self.rule
        )
    }
}

impl Finding {
    /// A finding that is in no text.
    pub fn new(severity: Severity, rule: &'static str, path: String, message: String) -> Finding {
        Finding {
            severity,
            rule,
            position: Position::default(),
            path,
            message,
        }
    }
}

type Found = Vec<Finding>;

/// Adds a finding: rule, path => message, both with the names in scope.
macro_rules! warn {
    ($found:ident, $rule:literal, $path:literal => $message:literal) => {
        $found.push(Finding::new(
            Severity::Warning,
            $rule,
            format!($path),
            format!($message),
        ))
    };
}

/// The same for what is not allowed.
macro_rules! error {
    ($found:ident, $rule:literal, $path:literal => $message:literal) => {
        $found.push(Finding::new(
            Severity::Error,
            $rule,
            format!($path),
            format!($message),
        ))
    };
}

/// Checks a configuration.
pub fn check(config: &Config) -> Vec<Finding> {
    let mut found = Found::new();
    cameras(config, &mut found);
    profiles(config, &mut found);
    schedule(config, &mut found);
    alarms(config, &mut found);
    zones(config, &mut found);
    addresses(&config.network, &mut found);
    targets(config, &mut found);
    accounts(config, &mut found);
    time_zone(&config.unit, &mut found);
    found
}

fn cameras(config: &Config, found: &mut Found) {
    let modes = week::modes(&config.schedule);
    let mut titles = BTreeMap::new();
    for (Id(number), camera) in &config.camera {
        let title = camera.title.as_deref().unwrap_or_default();
        let same = titles.insert(title.to_lowercase(), number);
        if let Some(other) = same.filter(|_| !title.is_empty()) {
            warn!(found, "two-titles", "camera.{number}.title" => "{title:?} is the title of camera {other} too");
        }
        let by_mode = camera.profiles.iter();
        let by_mode = by_mode.map(|(mode, name)| (format!("profiles.{mode}"), name));
        let always = camera.profile.iter().map(|name| ("profile".into(), name));
        for (key, name) in always.chain(by_mode) {
            if !config.profile.contains_key(name) {
                error!(found, "no-profile", "camera.{number}.{key}" => "there is no [profile.{name}]");
            }
        }
        if camera.enabled == Some(false) {
            continue;
        }
        let lacks = |mode: &&Mode| !camera.profiles.contains_key(mode);
        let without = modes.iter().filter(lacks).map(|mode| mode.as_str());
        let without = without.collect::<Vec<_>>().join(", ");
        if camera.profile.is_none() && !without.is_empty() {
            warn!(found, "not-recorded", "camera.{number}" => "has no profile in mode {without}; allowed: profile, or profiles.MODE for each mode");
        }
        if let (Some(own), Some(all)) = (camera.standard, config.unit.standard)
            && own != all
        {
            warn!(found, "standard", "camera.{number}.standard" => "is {own}, the unit is {all}");
        }
    }
}

fn profiles(config: &Config, found: &mut Found) {
    let cameras = config.camera.values();
    let used = cameras.flat_map(|camera| camera.profile.iter().chain(camera.profiles.values()));
    let used: BTreeSet<_> = used.collect();
    let model = config.unit.model.as_deref().unwrap_or_default();
    let is_bx2 = model.to_ascii_uppercase().contains("BX2");
    for (name, profile) in &config.profile {
        if !used.contains(name) {
            warn!(found, "unused-profile", "profile.{name}" => "is used by no camera");
        }
        // The range is stated; that only the BX2 has the wide one is too.
        let rate = profile.bit_rate.map_or(45, Int::get);
        if !(45..=2500).contains(&rate) && !is_bx2 {
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
        check_rate(
            config,
            profile.rate.as_deref(),
            &format!("profile.{name}.rate"),
            found,
        );
    }
}

/// PAL has 25 frames per second.
fn check_rate(config: &Config, rate: Option<&str>, path: &str, found: &mut Found) {
    let rate = rate.unwrap_or_default();
    let is_fast = times::per_second(rate).is_some_and(|rate| rate > 25.0);
    if config.unit.standard == Some(Standard::Pal) && is_fast {
        error!(found, "rate", "{path}" => "{rate} is not allowed with PAL; allowed: at most 25 frames per second");
    }
}

fn schedule(config: &Config, found: &mut Found) {
    let schedule = &config.schedule;
    let known = week::modes(schedule);
    let names = known.map(Mode::as_str).join(", ");
    for mode in Mode::ALL.iter().filter(|mode| !known.contains(mode)) {
        for (day, times) in schedule.days() {
            if times.of_mode(*mode).is_some() {
                warn!(found, "no-effect", "schedule.{day}.{mode}" => "has no effect: the unit's modes are {names}");
            }
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
        let rates = [&schedule.rate, &schedule.event_rate];
        let [standard, event] = rates.map(|rates| rates.get(mode).map(|rate| &**rate));
        let speed = |rate| times::per_second(rate).unwrap_or(0.0);
        let speeds = standard.map(speed).zip(event.map(speed));
        if speeds.is_some_and(|(standard, event)| event < standard) {
            warn!(found, "event-rate", "schedule.event-rate.{mode}" => "is slower than the standard rate of this mode");
        }
        check_rate(config, standard, &format!("schedule.rate.{mode}"), found);
        check_rate(config, event, &format!("schedule.event-rate.{mode}"), found);
    }
    overlaps(schedule, &[Mode::Day, Mode::Night], found);
    overlaps(schedule, &[Mode::Set, Mode::Unset], found);
    overlaps(schedule, &[Mode::Override], found);
}

/// Times that overlap, also with the day before where those continue after midnight.
fn overlaps(schedule: &Schedule, group: &[Mode], found: &mut Found) {
    const WEEK: u32 = 7 * times::DAY as u32;
    let mut spans: Vec<(u32, u32, String)> = Vec::new();
    for mode in group {
        for (from, to, day) in week::spans(schedule, *mode) {
            let path = format!("schedule.{day}.{mode}");
            if to > WEEK {
                spans.push((0, to.saturating_sub(WEEK), path.clone()));
            }
            spans.push((from, to, path));
        }
    }
    spans.sort();
    let mut open = (0, String::new());
    for (from, to, path) in spans {
        if from < open.0 {
            let (hour, minute, other) = ((from / 60) % 24, from % 60, &open.1);
            error!(found, "overlap", "{path}" => "overlaps {other} at {hour:02}:{minute:02}");
        }
        if to > open.0 {
            open = (to, path);
        }
    }
}

fn alarms(config: &Config, found: &mut Found) {
    let mut wired = BTreeMap::new();
    for (Id(number), alarm) in &config.alarm {
        if let (Some(module), Some(contact)) = (&alarm.module, alarm.contact)
            && let Some(other) = wired.insert((module, contact), number)
        {
            let contact = contact.get();
            error!(found, "contact-again", "alarm.{number}.contact" => "contact {contact} of module {module} is alarm {other} already");
        }
        let zone = alarm.zone.map_or(i64::from(PRESET_ZONE), Int::get);
        if zone < i64::from(PRESET_ZONE) && !config.zone.keys().any(|id| i64::from(id.0) == zone) {
            error!(found, "no-zone", "alarm.{number}.zone" => "there is no [zone.{zone}]");
        }
    }
}

/// Numbers that a list names and that do not exist.
fn missing<const MAX: u16, T>(
    list: Option<&Numbers<MAX>>,
    (table, exist): (&str, &BTreeMap<Id<MAX>, T>),
    path: &str,
    found: &mut Found,
) {
    let listed = list.filter(|list| !list.all).map(|list| &list.set);
    for number in listed.into_iter().flatten() {
        if !exist.contains_key(&Id(*number)) {
            error!(found, "missing", "{path}" => "there is no [{table}.{number}]");
        }
    }
}

fn zones(config: &Config, found: &mut Found) {
    for (Id(number), zone) in &config.zone {
        let (inputs, cameras) = (zone.inputs.as_ref(), zone.cameras.as_ref());
        let path = |key: &str| format!("zone.{number}.{key}");
        missing(inputs, ("alarm", &config.alarm), &path("inputs"), found);
        missing(cameras, ("camera", &config.camera), &path("cameras"), found);
        let is_own = |alarm: &&Alarm| alarm.zone.map(Int::get) == Some(i64::from(*number));
        let own = config.alarm.values().filter(is_own).count();
        let inputs = inputs.map_or(0, |list| list.set.len()).saturating_add(own);
        if inputs == 0 && *number < PRESET_ZONE {
            warn!(found, "no-inputs", "zone.{number}" => "has no inputs; allowed: inputs = \"1-3,6\", or zone in an alarm");
        }
        if zone.combine == Some(Combine::And) && inputs == 1 {
            warn!(found, "combine", "zone.{number}.combine" => "\"and\" needs two inputs");
        }
        if cameras.is_none_or(|cameras| cameras.set.is_empty()) {
            warn!(found, "no-cameras", "zone.{number}" => "records no camera");
        }
    }
}

fn addresses(network: &Network, found: &mut Found) {
    let parse = |address: Option<&str>| address?.parse::<Ipv4Addr>().ok();
    let (http, ftp) = (network.http_port, network.ftp_port);
    if http.is_some() && http == ftp {
        error!(found, "port", "network.ftp-port" => "is the web port too");
    }
    let Some(own) = parse(network.address.as_deref()) else {
        return;
    };
    let gateway = parse(network.gateway.as_deref()).filter(|gateway| !gateway.is_unspecified());
    if own.is_unspecified() {
        if gateway.is_some() {
            warn!(found, "dhcp", "network.gateway" => "is not used: the address comes by DHCP");
        }
        return;
    }
    if own.is_loopback() || own.is_multicast() || own.is_broadcast() {
        return error!(found, "address", "network.address" => "{own} is not an address of a unit");
    }
    let mask = network.mask.as_deref().and_then(mask);
    let Some(net) = mask.and_then(|(_, bits)| ipnet::Ipv4Net::new(own, bits).ok()) else {
        return warn!(found, "no-mask", "network.address" => "needs a mask");
    };
    let whole = net.trunc();
    let edges = [net.network(), net.broadcast()];
    let is_edge = |address| net.prefix_len() < 31 && edges.contains(&address);
    if is_edge(own) {
        error!(found, "address", "network.address" => "{own} is the first or last address of its network {whole}");
    }
    let is_out = |other: &Ipv4Addr| *other == own || !net.contains(other) || is_edge(*other);
    if let Some(gateway) = gateway.filter(is_out) {
        error!(found, "gateway", "network.gateway" => "{gateway} cannot be reached; allowed: another address in {whole}");
    }
    let allowed = network
        .allowed
        .as_deref()
        .and_then(networks)
        .unwrap_or_default();
    let mut allowed = allowed
        .iter()
        .map(|other| other.contains(&whole) || net.contains(other));
    if allowed.len() > 0 && !allowed.any(|lets_in| lets_in) {
        warn!(found, "allowed", "network.allowed" => "lets in nobody of the unit's own network {whole}");
    }
}

/// Values that need another one.
fn targets(config: &Config, found: &mut Found) {
    let (reporting, archive) = (&config.reporting, &config.archive);
    let has_smtp = reporting.smtp_server.is_some();
    let has_secondary = reporting.alarm_host_secondary.is_some();
    let has_ftp = archive.ftp_server.is_some();
    let mut needs = |is_set: bool, key: &str, has_other: bool, other: &str| {
        if is_set && !has_other {
            warn!(found, "incomplete", "{key}" => "needs {other}");
        }
    };
    let smtp = "reporting.smtp-server";
    needs(has_smtp, smtp, reporting.smtp_from.is_some(), "smtp-from");
    needs(has_smtp, smtp, reporting.smtp_to.is_some(), "smtp-to");
    let secondary = "reporting.alarm-host-secondary";
    let has_primary = reporting.alarm_host_primary.is_some();
    needs(has_secondary, secondary, has_primary, "alarm-host-primary");
    needs(
        has_ftp,
        "archive.ftp-server",
        archive.when.is_some(),
        "when",
    );
    let has_webcam = archive.webcam_interval.is_some();
    needs(has_webcam, "archive.webcam-interval", has_ftp, "ftp-server");
}

/// Words that published lists of factory passwords give for recorders, these units' own among them (assumed: the lists are not
/// the vendor's; its manuals say that a unit has no passwords until one is set).
const FACTORY: &str = " dm web ftp dmftp telnet webmaster netvu admin administrator password pass user guest viewer root default \
    system service installer 0000 00000 000000 1111 111111 1234 12345 123456 4321 9999 888888 ";

fn accounts(config: &Config, found: &mut Found) {
    let mut seen = BTreeMap::new();
    for (name, account) in &config.account {
        let user = account.user.as_deref().unwrap_or_default();
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
        let same = seen.insert((kind, user.to_lowercase()), name);
        if let Some(other) = same.filter(|_| !user.is_empty()) {
            error!(found, "user-again", "account.{name}.user" => "user {user:?} of type {kind} is account {other} already");
        }
        let path = format!("account.{name}.cameras");
        let cameras = account.cameras.as_ref();
        missing(cameras, ("camera", &config.camera), &path, found);
    }
    let archive = &config.archive;
    if let Some(password) = &archive.password {
        let user = archive.user.as_deref().unwrap_or_default();
        check_password(password.reveal(), user, "archive", found);
    }
    // Stated: where no account of a type is set, everybody is let in without being asked.
    let is_admin = |account: &Account| account.r#type == Some(AccountType::WebAdmin);
    if let Some(first) = config.account.keys().next()
        && !config.account.values().any(is_admin)
    {
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
    let zone = unit.time_zone.as_deref();
    let zone = zone.and_then(|zone| jiff::tz::TimeZone::get(zone).ok());
    let (Some(offset), Some(zone)) = (unit.utc_offset.map(Int::get), zone) else {
        return;
    };
    let offset_in = |month| {
        let day = jiff::civil::Date::new(2026, month, 1).ok()?;
        let time = day.to_zoned(zone.clone()).ok()?;
        Some(i64::from(time.offset().seconds() / 60))
    };
    let offsets: BTreeSet<i64> = (1..=12_i8).filter_map(offset_in).collect();
    if !offsets.contains(&offset) {
        let allowed = offsets.iter().map(i64::to_string).collect::<Vec<_>>();
        let allowed = allowed.join(", ");
        warn!(found, "time-zone", "unit.utc-offset" => "{offset} minutes is not an offset of this time zone; allowed: {allowed}");
    }
}
