// SPDX-License-Identifier: MPL-2.0
//! What a field's value may be, and its canonical spelling: two values mean the same if their canonical spellings are equal.

use super::schema::{DAYS, is_name};
use super::times;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Kinds of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text of at most so many characters, without control characters.
    Text(usize),
    /// Text that is never shown unless asked for.
    Secret,
    /// `yes` or `no`.
    Bool,
    /// A whole number from, to, and its unit for messages.
    Int(i32, i32, &'static str),
    /// One word of these.
    Choice(&'static [&'static str]),
    /// One word of these, or a whole number from, to.
    ChoiceOrInt(&'static [&'static str], i32, i32),
    /// Words of these, separated by commas.
    Choices(&'static [&'static str]),
    /// Numbers from 1 to this one: `1-3,6`.
    Numbers(u16),
    /// Name of a profile or account.
    Name,
    /// Picture size: QCIF, CIF, 2CIF, 4CIF or width x height.
    Resolution,
    /// Frames per second, or milliseconds between pictures.
    Rate,
    /// The same, or `off`.
    RateOrOff,
    /// Times of a day: `08:00-12:00, 13:00-17:30`, `all` or `never`.
    Times,
    /// A time of the week: `friday 18:00`.
    Moment,
    /// Days of a year: `2026-12-25`, or `12-25` for every year.
    Dates,
    /// `always`, `never`, `on-alarm`, `manual` or times of a day.
    When,
    /// IPv4 address.
    Address,
    /// IPv4 mask: `255.255.255.0` or `/24`.
    Mask,
    /// IPv4 networks and addresses.
    Networks,
    /// IPv4 address or name of a host.
    Host,
    /// Mail addresses.
    Mail,
    /// Telephone number.
    Phone,
    /// IANA time zone.
    TimeZone,
    /// Motion zone: mode, pixel count %, pixel change %.
    Motion,
}

/// Sizes a unit records, with the names that mean them. The four named ones are **stated**; 640x256 and 768x288 are **verified**
/// in captures of a DS2 and an older unit.
const RESOLUTIONS: [(&str, &str); 6] = [
    ("qcif", "176x128"),
    ("cif", "352x256"),
    ("2cif", "704x256"),
    ("4cif", "720x512"),
    ("", "640x256"),
    ("", "768x288"),
];

/// Modes of a motion zone (stated).
const MOTION: &[&str] = &["normal", "last-trigger", "static", "disabled"];

impl Type {
    /// The canonical spelling of a value.
    ///
    /// # Errors
    /// What is wrong and what is allowed, for people.
    pub fn canonical(self, text: &str) -> Result<String, String> {
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            return Err(format!(
                "control character U+{:04X}; allowed: {}",
                u32::from(c),
                self.allowed()
            ));
        }
        let lower = text.to_ascii_lowercase();
        let read = match self {
            Type::Text(max) => (text.chars().count() <= max).then(|| text.to_owned()),
            Type::Secret => (text.chars().count() <= 60).then(|| text.to_owned()),
            Type::Bool => bool_of(&lower).map(|yes| if yes { "yes" } else { "no" }.to_owned()),
            Type::Int(from, to, unit) => int_of(&lower, from, to, unit),
            Type::Choice(words) => word_of(text, words),
            Type::ChoiceOrInt(words, from, to) => {
                word_of(text, words).or_else(|| int_of(&lower, from, to, ""))
            }
            Type::Choices(words) => choices_of(text, words),
            Type::Numbers(max) => numbers(&lower, max).map(|set| spell_numbers(&set)),
            Type::Name => is_name(text).then_some(lower),
            Type::Resolution => resolution_of(&lower),
            Type::Rate => times::rate(&lower).map(times::spell_rate),
            Type::RateOrOff if lower == "off" => Some(lower),
            Type::RateOrOff => times::rate(&lower).map(times::spell_rate),
            Type::Times => times::spans(&lower).map(|spans| times::spell_spans(&spans)),
            Type::Moment => times::moment(&lower).map(times::spell_moment),
            Type::Dates => dates_of(&lower),
            Type::When if matches!(lower.as_str(), "always" | "on-alarm" | "manual") => Some(lower),
            Type::When => times::spans(&lower).map(|spans| times::spell_spans(&spans)),
            Type::Address => text.parse::<Ipv4Addr>().ok().map(|a| a.to_string()),
            Type::Mask => mask(text).map(|(mask, _)| mask.to_string()),
            Type::Networks => networks(text).map(|nets| {
                let nets: Vec<String> = nets.iter().map(spell_network).collect();
                nets.join(", ")
            }),
            Type::Host => is_host(&lower).then_some(lower),
            Type::Mail => mail_of(text),
            Type::Phone => phone_of(text),
            Type::TimeZone => zone_of(text),
            Type::Motion => motion_of(&lower),
        };
        read.ok_or_else(|| self.complaint(text))
    }

    fn complaint(self, text: &str) -> String {
        match self {
            Type::Secret => format!("is not allowed; allowed: {}", self.allowed()),
            Type::Text(max) => format!(
                "has {} characters; allowed: at most {max}",
                text.chars().count()
            ),
            _ if text.is_empty() => format!("is empty; allowed: {}", self.allowed()),
            _ => format!("{text:?} is not allowed; allowed: {}", self.allowed()),
        }
    }

    /// What is allowed, for people.
    pub fn allowed(self) -> String {
        match self {
            Type::Text(max) => format!("text of at most {max} characters"),
            Type::Secret => "text of at most 60 characters".into(),
            Type::Bool => "yes, no".into(),
            Type::Int(from, to, unit) => format!("{from} to {to} {unit}").trim_end().to_owned(),
            Type::Choice(words) => words.join(", "),
            Type::ChoiceOrInt(words, from, to) => {
                format!("{}, or {from} to {to}", words.join(", "))
            }
            Type::Choices(words) => format!("any of {}", words.join(", ")),
            Type::Numbers(max) => format!("numbers from 1 to {max} such as 1-3,6, all or none"),
            Type::Name => "a name of letters, digits, '-' and '_', at most 30 characters".into(),
            Type::Resolution => {
                let sizes: Vec<&str> = RESOLUTIONS.iter().map(|(_, size)| *size).collect();
                format!("QCIF, CIF, 2CIF, 4CIF, or {}", sizes.join(", "))
            }
            Type::Rate => "1 to 30 (pictures/s), or 33 to 60000 with ms".into(),
            Type::RateOrOff => "off, 1 to 30 (pictures/s), or 33 to 60000 with ms".into(),
            Type::Times => "times such as 08:00-12:00, 13:00-17:30, or all, never".into(),
            Type::Moment => "a weekday and a time such as friday 18:00".into(),
            Type::Dates => "days such as 2026-12-25, or 12-25 for every year".into(),
            Type::When => "always, never, on-alarm, manual, or times such as 22:00-06:00".into(),
            Type::Address => "an IPv4 address such as 192.168.1.20".into(),
            Type::Mask => "a mask such as 255.255.255.0 or /24".into(),
            Type::Networks => "addresses and networks such as 10.0.0.5, 192.168.1.0/24".into(),
            Type::Host => "an IPv4 address or a host name".into(),
            Type::Mail => "mail addresses separated by commas".into(),
            Type::Phone => "3 to 20 digits, with '+', '-' and blanks".into(),
            Type::TimeZone => "a time zone such as Europe/London".into(),
            Type::Motion => format!("{}, then count % and change %", MOTION.join(", ")),
        }
    }
}

fn bool_of(text: &str) -> Option<bool> {
    match text {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn int_of(text: &str, from: i32, to: i32, unit: &str) -> Option<String> {
    let digits = match text.strip_suffix(&unit.to_ascii_lowercase()) {
        Some(rest) if !unit.is_empty() => rest.trim_end(),
        _ => text,
    };
    let number = digits.parse::<i32>().ok()?;
    (from..=to).contains(&number).then(|| number.to_string())
}

fn word_of(text: &str, words: &[&str]) -> Option<String> {
    words
        .iter()
        .find(|word| word.eq_ignore_ascii_case(text))
        .map(|word| (*word).to_owned())
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn choices_of(text: &str, words: &[&str]) -> Option<String> {
    if text.eq_ignore_ascii_case("none") {
        return Some(String::new());
    }
    let chosen: Option<BTreeSet<usize>> = list(text)
        .map(|part| {
            words
                .iter()
                .position(|word| word.eq_ignore_ascii_case(part))
        })
        .collect();
    let chosen: Vec<&str> = chosen?
        .into_iter()
        .filter_map(|at| words.get(at).copied())
        .collect();
    Some(chosen.join(", "))
}

/// Numbers such as `1-3,6`, each from 1 to `max`; `all` and `none` too.
pub fn numbers(text: &str, max: u16) -> Option<BTreeSet<u16>> {
    match text.to_ascii_lowercase().as_str() {
        "all" => return Some((1..=max).collect()),
        "none" => return Some(BTreeSet::new()),
        _ => {}
    }
    let mut set = BTreeSet::new();
    for part in list(text) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let from: u16 = from.trim().parse().ok()?;
        let to: u16 = to.trim().parse().ok()?;
        if from == 0 || from > to || to > max {
            return None;
        }
        set.extend(from..=to);
    }
    Some(set)
}

/// The shortest spelling of numbers: `1-3,6`; `none` for no number.
pub fn spell_numbers(set: &BTreeSet<u16>) -> String {
    let mut parts: Vec<(u16, u16)> = Vec::new();
    for number in set {
        match parts.last_mut() {
            Some((_, to)) if to.checked_add(1) == Some(*number) => *to = *number,
            _ => parts.push((*number, *number)),
        }
    }
    if parts.is_empty() {
        return "none".into();
    }
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(from, to)| {
            if from == to {
                from.to_string()
            } else {
                format!("{from}-{to}")
            }
        })
        .collect();
    parts.join(",")
}

fn resolution_of(text: &str) -> Option<String> {
    let text = text.replace([' ', '×'], "").replace('*', "x");
    RESOLUTIONS
        .iter()
        .find(|(name, size)| (!name.is_empty() && *name == text) || *size == text)
        .map(|(_, size)| (*size).to_owned())
}

fn dates_of(text: &str) -> Option<String> {
    let mut days = BTreeSet::new();
    for part in list(text) {
        // A leap year, so that 29 February may be a holiday of every year.
        let whole = if part.len() == 5 {
            format!("2024-{part}")
        } else {
            part.to_owned()
        };
        if whole.len() != 10 || whole.parse::<jiff::civil::Date>().is_err() {
            return None;
        }
        days.insert(part.to_owned());
    }
    let days: Vec<String> = days.into_iter().collect();
    Some(days.join(", "))
}

/// A mask and its number of one bits.
pub fn mask(text: &str) -> Option<(Ipv4Addr, u8)> {
    let net = match text.strip_prefix('/') {
        Some(bits) => ipnet::Ipv4Net::new(Ipv4Addr::UNSPECIFIED, bits.parse().ok()?).ok()?,
        None => ipnet::Ipv4Net::with_netmask(Ipv4Addr::UNSPECIFIED, text.parse().ok()?).ok()?,
    };
    Some((net.netmask(), net.prefix_len()))
}

/// Networks and single addresses, separated by commas.
pub fn networks(text: &str) -> Option<Vec<ipnet::Ipv4Net>> {
    list(text)
        .map(|part| match part.parse::<Ipv4Addr>() {
            Ok(address) => Some(ipnet::Ipv4Net::from(address)),
            Err(_) => part.parse::<ipnet::Ipv4Net>().ok().map(|net| net.trunc()),
        })
        .collect()
}

fn spell_network(net: &ipnet::Ipv4Net) -> String {
    if net.prefix_len() == 32 {
        net.addr().to_string()
    } else {
        net.to_string()
    }
}

/// A host name (RFC 1123, underscore allowed) or an IPv4 address.
fn is_host(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if numeric && text.contains('.') {
        return text.parse::<Ipv4Addr>().is_ok();
    }
    text.len() <= 253 && text.split('.').all(label)
}

fn mail_of(text: &str) -> Option<String> {
    let mails: Option<Vec<&str>> = list(text)
        .map(|part| {
            let (user, host) = part.rsplit_once('@')?;
            let plain = |c: char| !c.is_whitespace() && !matches!(c, '@' | '<' | '>' | '"');
            (!user.is_empty() && user.chars().all(plain) && is_host(host)).then_some(part)
        })
        .collect();
    let mails = mails?;
    (!mails.is_empty()).then(|| mails.join(", "))
}

fn phone_of(text: &str) -> Option<String> {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let digits: String = rest.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let good = (3..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let plus = if text.starts_with('+') { "+" } else { "" };
    good.then(|| format!("{plus}{digits}"))
}

fn zone_of(text: &str) -> Option<String> {
    let zone = jiff::tz::TimeZone::get(text).ok()?;
    zone.iana_name().map(str::to_owned)
}

fn motion_of(text: &str) -> Option<String> {
    let mut parts = text.split(',').map(str::trim);
    let mode = parts.next().filter(|mode| MOTION.contains(mode))?;
    let percent = |part: &str| int_of(part, 0, 100, "%");
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => Some(mode.to_owned()),
        (Some(count), Some(change), None) => {
            Some(format!("{mode}, {}, {}", percent(count)?, percent(change)?))
        }
        _ => None,
    }
}

/// The weekday's place in [`DAYS`]; three letters are enough.
pub fn weekday(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    if text.len() < 3 {
        return None;
    }
    DAYS.iter().position(|day| day.starts_with(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(kind: Type, a: &str, b: &str) {
        assert_eq!(kind.canonical(a).as_deref(), Ok(b), "{kind:?} {a}");
        assert_eq!(
            kind.canonical(b).as_deref(),
            Ok(b),
            "canonical {b} is stable"
        );
    }

    #[test]
    fn spellings_of_one_meaning() {
        same(Type::Bool, "On", "yes");
        same(Type::Resolution, "4CIF", "720x512");
        same(Type::Resolution, "704 x 256", "704x256");
        same(Type::Rate, "40 ms", "25");
        same(Type::Rate, "125ms", "8");
        same(Type::Rate, "33 ms", "33 ms");
        same(Type::Numbers(16), "3, 1-2 ,6", "1-3,6");
        same(Type::Int(0, 999, "seconds"), "12 seconds", "12");
        same(Type::Mask, "/24", "255.255.255.0");
        same(
            Type::Networks,
            "10.1.2.3/8, 10.0.0.5",
            "10.0.0.0/8, 10.0.0.5",
        );
        same(Type::Motion, "static, 5 %, 10%", "static, 5, 10");
        same(Type::Phone, "+44 1928-706400", "+441928706400");
        same(Type::TimeZone, "europe/london", "Europe/London");
        same(Type::Dates, "12-26,12-25", "12-25, 12-26");
        same(
            Type::Choices(&["vmd", "weekend"]),
            "weekend, VMD",
            "vmd, weekend",
        );
    }

    #[test]
    fn ranges_hold_at_both_ends() {
        for (kind, bad) in [
            (Type::Int(5, 45, "KB"), "4"),
            (Type::Int(5, 45, "KB"), "46"),
            (Type::Int(5, 45, "KB"), "99999999999"),
            (Type::Text(3), "abcd"),
            (Type::Text(30), "a\u{7}b"),
            (Type::Numbers(16), "0"),
            (Type::Numbers(16), "3-1"),
            (Type::Numbers(16), "17"),
            (Type::Mask, "255.0.255.0"),
            (Type::Host, "300.1.1.1"),
            (Type::Host, "-a"),
            (Type::Dates, "2026-02-30"),
            (Type::TimeZone, "Mars/Base"),
            (Type::Resolution, "1x1"),
            (Type::Motion, "normal, 5"),
        ] {
            assert!(kind.canonical(bad).is_err(), "{kind:?} {bad}");
        }
    }

    #[test]
    fn a_secret_is_never_in_a_message() {
        let long = "p4ssw0rd".repeat(10);
        let message = Type::Secret.canonical(&long).unwrap_err();
        assert!(!message.contains("p4ss"), "{message}");
    }
}
